/* routes_webhook.c - webhooks, and what is said by their tokens. */
#include <inttypes.h>
#include <stdio.h>

#include "call_message.h"
#include "change_call.h"
#include "hooks.h"
#include "json_copy.h"
#include "message_rules.h"
#include "rights.h"

enum { HOOKS_PER_CHANNEL = 15, NAME_MAX = 80 };

#define BIT(type) (1u << (type))
#define HOOKABLE                                                          \
    (BIT(CHANNEL_TEXT) | BIT(CHANNEL_VOICE) | BIT(CHANNEL_ANNOUNCEMENT) | \
     BIT(CHANNEL_STAGE) | BIT(CHANNEL_FORUM) | BIT(CHANNEL_MEDIA))

/* ---- Which webhook -------------------------------------------------------- */

/* Its guild becomes the call's. False, with the error answered: there is none. */
static bool find_hook(struct call *c, uint32_t *index)
{
    c->guild = c->routes->hooks.n ? map_get(&c->routes->hooks, c->hook_id) : NULL;
    if (c->guild && !c->guild->is_gone &&
        world_find(call_world(c), c->guild, LIST_WEBHOOKS, c->hook_id, index))
        return true;
    call_error(c, 404, 10015, "Unknown Webhook");
    return false;
}

/* As text, parsed beside what else is read. */
struct hook {
    struct buf text;
    struct json_doc *doc;
    cordage_json v;
    uint64_t channel_id, application_id;
};

static void hook_release(struct hook *h)
{
    json_doc_free(h->doc);
    buf_release(&h->text);
}

static bool read_hook(struct call *c, struct hook *h)
{
    struct json_writer w;
    uint32_t index;

    *h = (struct hook){ 0 };
    if (!find_hook(c, &index))
        return false;
    json_begin(&w, &h->text);
    world_write(call_world(c), c->guild, LIST_WEBHOOKS, index, &w);
    if (json_end(&w) || json_doc_new(buf_str(&h->text), &h->doc, &h->v)) {
        call_out_of_memory(c);
        hook_release(h);
        return false;
    }
    json_id(json_get(h->v, "channel_id"), &h->channel_id);
    json_id(json_get(h->v, "application_id"), &h->application_id);
    return true;
}

/* By its token: a wrong one is 401. */
static bool read_hook_by_token(struct call *c, struct hook *h)
{
    struct str token;

    if (!read_hook(c, h))
        return false;
    if (json_str(json_get(h->v, "token"), &token) && str_is(token, c->text)) {
        c->app = sim_app_of_id(c->routes->sim, h->application_id);
        return true;
    }
    hook_release(h);
    call_error(c, 401, 50027, "Invalid Webhook Token");
    return false;
}

/* Whose token it is does not see who made it. */
static void put_hook(struct call *c, cordage_json v, bool with_user)
{
    struct json_iter it;

    json_open(&c->out, '{');
    for (bool more = json_first(v, &it); more; more = json_next(&it)) {
        if (str_is(it.key, "user") && !with_user)
            continue;
        json_key_str(&c->out, it.key);
        json_copy(&c->out, it.value);
    }
    json_shut(&c->out, '}');
}

static void answer_hook(struct call *c, bool with_user)
{
    struct hook h;

    if (!read_hook(c, &h))
        return;
    put_hook(c, h.v, with_user);
    hook_release(&h);
}

/* ---- Names ---------------------------------------------------------------- */

static bool contains_nocase(struct str text, const char *word)
{
    size_t n = strlen(word);

    for (size_t i = 0; i + n <= text.n; i++)
        if (str_eq_nocase((struct str){ text.p + i, n }, str_of(word)))
            return true;
    return false;
}

static bool check_name(struct call *c, cordage_json v, const char *field)
{
    static const char *const forbidden[] = { "clyde", "discord" };
    struct str name;

    if (!json_str(v, &name)) {
        call_form_error(c, field, "BASE_TYPE_REQUIRED", "This field is required");
        return false;
    }
    name = str_trim(name);
    if (name.n == 0 || str_characters(name) > NAME_MAX) {
        call_form_error(c, field, "BASE_TYPE_BAD_LENGTH",
                        "Must be between 1 and %d in length.", NAME_MAX);
        return false;
    }
    for (size_t i = 0; i < 2; i++) {
        if (!contains_nocase(name, forbidden[i]))
            continue;
        call_form_error(c, field, "USERNAME_INVALID_CONTAINS",
                        "Username cannot contain \"%s\"", forbidden[i]);
        return false;
    }
    return true;
}

/* ---- Making, changing, deleting ------------------------------------------- */

static void tell_update(struct edit *e, uint64_t channel_id)
{
    edit_telling(e);
    field_id(&e->j, "channel_id", channel_id);
    edit_told(e, "WEBHOOKS_UPDATE", INTENT_GUILD_WEBHOOKS);
}

/* A picture becomes a hash that follows from the id. */
static void put_avatar(struct edit *e, cordage_json avatar, uint64_t id)
{
    char hash[36];

    if (cordage_json_type_of(avatar) != CORDAGE_JSON_STRING) {
        field_null(&e->j, "avatar");
        return;
    }
    snprintf(hash, sizeof hash, "%016" PRIx64 "%016" PRIx64,
             world_chance(e->world, id, 'a'), world_chance(e->world, id, 'b'));
    field_z(&e->j, "avatar", hash);
}

static void put_new(struct call *c, struct edit *e, uint64_t id, cordage_json body)
{
    char token[72];

    snprintf(token, sizeof token, "%016" PRIx64 "%016" PRIx64 "%016" PRIx64 "%016" PRIx64,
             world_chance(e->world, id, 't'), world_chance(e->world, id, 'u'),
             world_chance(e->world, id, 'v'), world_chance(e->world, id, 'w'));
    edit_begin(e);
    field_id(&e->j, "id", id);
    field_u64(&e->j, "type", 1);
    field_id(&e->j, "guild_id", e->g->id);
    field_id(&e->j, "channel_id", c->channel_id);
    json_key(&e->j, "name");
    json_copy(&e->j, json_get(body, "name"));
    put_avatar(e, json_get(body, "avatar"), id);
    field_z(&e->j, "token", token);
    field_id(&e->j, "application_id", call_bot_id(c));
    json_key(&e->j, "user");
    world_write_user(e->world, call_bot_id(c), &e->j);
    edit_put(e, LIST_WEBHOOKS, id);
}

static size_t count_in(const struct call *c, uint64_t channel_id)
{
    const struct change_list *list;
    size_t n = 0;

    if (!c->guild->changes)
        return 0;
    list = &c->guild->changes->lists[LIST_WEBHOOKS];
    for (uint32_t i = 0; i < list->n; i++)
        n += list->entries[i].parent == channel_id;
    return n;
}

static void post_hook(struct call *c)
{
    cordage_json body;
    struct edit e;

    if (!call_no_thread(c))
        return;
    if (!(HOOKABLE & BIT(world_channel_type(c->guild, c->channel_index)))) {
        call_error(c, 400, 50024, "Cannot execute action on this channel type");
        return;
    }
    if (!call_json(c, &body) || !check_name(c, json_get(body, "name"), "name"))
        return;
    if (count_in(c, c->channel_id) >= HOOKS_PER_CHANNEL) {
        call_error(c, 400, 30007, "Maximum number of webhooks reached (15)");
        return;
    }
    change_begin(c, &e);
    c->hook_id = edit_new_id(&e);
    if (!e.err)
        e.err = map_put(&c->routes->hooks, c->hook_id, c->guild);
    put_new(c, &e, c->hook_id, body);
    tell_update(&e, c->channel_id);
    change_audit(c, &e, AUDIT_WEBHOOK_CREATE, c->hook_id, NULL);
    if (change_done(c, &e))
        answer_hook(c, true);
}

/* Another channel of the guild that it may move to; 0, with the error answered. */
static uint64_t new_place(struct call *c, cordage_json v, uint64_t old)
{
    uint64_t id = 0;
    uint32_t index;

    if (json_is_absent(v))
        return old;
    if (json_id(v, &id) && world_find(call_world(c), c->guild, LIST_CHANNELS, id, &index))
        return id;
    call_error(c, 404, 10003, "Unknown Channel");
    return 0;
}

static void change_hook(struct call *c, const struct hook *h, bool by_token)
{
    cordage_json body, name, avatar;
    uint64_t place;
    struct edit e;

    if (!call_json(c, &body))
        return;
    name = json_get(body, "name");
    avatar = json_get(body, "avatar");
    if (!json_is_absent(name) && !check_name(c, name, "name"))
        return;
    place = by_token ? h->channel_id
                     : new_place(c, json_get(body, "channel_id"), h->channel_id);
    if (!place)
        return;
    change_begin(c, &e);
    edit_begin(&e);
    field_id(&e.j, "channel_id", place);
    if (!json_is_absent(name)) {
        json_key(&e.j, "name");
        json_copy(&e.j, name);
    }
    if (!json_is_absent(avatar))
        put_avatar(&e, avatar, c->hook_id);
    edit_merge(&e, LIST_WEBHOOKS, c->hook_id);
    tell_update(&e, h->channel_id);
    if (place != h->channel_id)
        tell_update(&e, place);
    if (!by_token)
        change_audit(c, &e, AUDIT_WEBHOOK_UPDATE, c->hook_id, NULL);
    if (change_done(c, &e))
        answer_hook(c, !by_token);
}

static void remove_hook(struct call *c, const struct hook *h, bool by_token)
{
    struct edit e;

    change_begin(c, &e);
    edit_remove(&e, LIST_WEBHOOKS, c->hook_id);
    map_remove(&c->routes->hooks, c->hook_id);
    tell_update(&e, h->channel_id);
    if (!by_token)
        change_audit(c, &e, AUDIT_WEBHOOK_DELETE, c->hook_id, NULL);
    if (change_done(c, &e))
        call_no_content(c);
}

/* ---- The routes of those who manage them ---------------------------------- */

/* False, with the error answered. The hook is then to be released. */
static bool read_managed(struct call *c, struct hook *h)
{
    if (!read_hook(c, h))
        return false;
    if (sim_app_is_in(c->routes->sim, call_app(c), c->guild) &&
        call_may(c, RIGHT_MANAGE_WEBHOOKS, h->channel_id))
        return true;
    if (c->answer->status == 200)
        call_error(c, 404, 10015, "Unknown Webhook");
    hook_release(h);
    return false;
}

static void get_hook(struct call *c)
{
    struct hook h;

    if (!read_managed(c, &h))
        return;
    put_hook(c, h.v, true);
    hook_release(&h);
}

static void patch_hook(struct call *c)
{
    struct hook h;

    if (!read_managed(c, &h))
        return;
    change_hook(c, &h, false);
    hook_release(&h);
}

static void delete_hook(struct call *c)
{
    struct hook h;

    if (!read_managed(c, &h))
        return;
    remove_hook(c, &h, false);
    hook_release(&h);
}

static void put_list(struct call *c, uint64_t channel_id)
{
    json_open(&c->out, '[');
    for (uint32_t i = 0; i < world_count(call_world(c), c->guild, LIST_WEBHOOKS); i++)
        if (!channel_id ||
            c->guild->changes->lists[LIST_WEBHOOKS].entries[i].parent == channel_id)
            world_write(call_world(c), c->guild, LIST_WEBHOOKS, i, &c->out);
    json_shut(&c->out, ']');
}

static void get_channel_hooks(struct call *c)
{
    put_list(c, c->channel_id);
}

static void get_guild_hooks(struct call *c)
{
    put_list(c, 0);
}

/* ---- By the token --------------------------------------------------------- */

static bool is_interactions(const struct call *c)
{
    return sim_app_of_id(c->routes->sim, c->hook_id) != NULL;
}

static void get_by_token(struct call *c)
{
    struct hook h;

    if (!read_hook_by_token(c, &h))
        return;
    put_hook(c, h.v, false);
    hook_release(&h);
}

static void patch_by_token(struct call *c)
{
    struct hook h;

    if (!read_hook_by_token(c, &h))
        return;
    change_hook(c, &h, true);
    hook_release(&h);
}

static void delete_by_token(struct call *c)
{
    struct hook h;

    if (!read_hook_by_token(c, &h))
        return;
    remove_hook(c, &h, true);
    hook_release(&h);
}

/* The author of what it says: its id, with the name and picture of this message. */
static int put_author(struct call *c, const struct hook *h, cordage_json body,
                      struct buf *out)
{
    cordage_json name = json_get(body, "username"), avatar = json_get(h->v, "avatar");
    struct json_writer w;

    json_begin(&w, out);
    json_open(&w, '{');
    field_id(&w, "id", c->hook_id);
    json_key(&w, "username");
    json_copy(&w,
              json_is_absent(name) || json_is_null(name) ? json_get(h->v, "name") : name);
    json_key(&w, "avatar");
    json_copy(&w, avatar);
    field_z(&w, "discriminator", "0000");
    field_null(&w, "global_name");
    field_u64(&w, "public_flags", 0);
    field_bool(&w, "bot", true);
    json_shut(&w, '}');
    return json_end(&w);
}

static bool is_forum(struct call *c, uint64_t channel_id)
{
    enum channel_type type = sim_channel_type(c->routes->sim, c->guild, channel_id);

    return type == CHANNEL_FORUM || type == CHANNEL_MEDIA;
}

/* Whether it is a thread that is open, below the webhook's channel. */
static bool is_below(struct call *c, const struct hook *h, uint64_t thread)
{
    cordage_json v;
    uint64_t parent;

    return changes_read(call_world(c), c->guild, LIST_THREADS, thread, &v) == 0 &&
           json_id(json_get(v, "parent_id"), &parent) && parent == h->channel_id;
}

/* Where it is said: in the webhook's channel, or a thread below that, perhaps a new one.
 * 0, with the error answered. */
static uint64_t find_place(struct call *c, const struct hook *h, cordage_json body)
{
    struct edit_thread t = { .parent = h->channel_id, .owner = c->hook_id };
    bool forum = is_forum(c, h->channel_id), named;
    uint64_t thread = 0;
    struct edit e;

    if (!call_query_number(c, "thread_id", 1, UINT64_MAX, &thread))
        return 0;
    named = json_str(json_get(body, "thread_name"), &t.name) && t.name.n;
    if (thread && named) {
        call_error(c, 400, 220002,
                   "Webhooks posted to forum channels cannot have both a thread_name and "
                   "thread_id");
        return 0;
    }
    if (!forum && named) {
        call_error(c, 400, 220003, "Webhooks can only create threads in forum channels");
        return 0;
    }
    if (forum && !thread && !named) {
        call_error(c, 400, 220001,
                   "Webhooks posted to forum channels must have a thread_name or "
                   "thread_id");
        return 0;
    }
    if (thread && !is_below(c, h, thread)) {
        call_error(c, 404, 10003, "Unknown Channel");
        return 0;
    }
    if (!named)
        return thread ? thread : h->channel_id;
    t.parent_type = sim_channel_type(c->routes->sim, c->guild, h->channel_id);
    t.type = CHANNEL_PUBLIC_THREAD;
    change_begin(c, &e);
    thread = edit_new_id(&e);
    edit_create_thread(&e, thread, &t);
    return change_done(c, &e) ? thread : 0;
}

static void say(struct call *c, const struct hook *h, cordage_json body, uint64_t place)
{
    struct world_member nobody = { .user_id = c->hook_id, .index = 1 };
    struct sim_message m = {
        .guild = c->guild, .channel_id = place, .author = &nobody, .app = call_app(c)
    };
    struct recent_message *said = NULL;
    struct buf author = { 0 };
    char extra[96];

    c->channel_id = place;
    snprintf(extra, sizeof extra,
             "\"webhook_id\":\"%" PRIu64 "\",\"application_id\":\"%" PRIu64 "\"",
             c->hook_id, h->application_id);
    m.extra = str_of(extra);
    if (put_author(c, h, body, &author) == 0) {
        m.webhook = buf_str(&author);
        said = call_say(c, body, &m);
    } else {
        call_out_of_memory(c);
    }
    buf_release(&author);
    if (!said)
        return;
    said->webhook_id = c->hook_id;
    if (call_query_true(c, "wait"))
        call_put_message(c, said);
    else
        call_no_content(c);
}

static void execute(struct call *c)
{
    struct hook h;
    cordage_json body, name;
    uint64_t place;

    if (is_interactions(c)) {
        hook_interaction(c, HOOK_EXECUTE, 0);
        return;
    }
    if (!read_hook_by_token(c, &h))
        return;
    if (call_json(c, &body) && message_check(c, body)) {
        name = json_get(body, "username");
        if (json_is_absent(name) || json_is_null(name) ||
            check_name(c, name, "username")) {
            place = find_place(c, &h, body);
            if (place)
                say(c, &h, body, place);
        }
    }
    hook_release(&h);
}

/* One of its own messages. */
static void on_message(struct call *c, enum hook_action action)
{
    struct recent_message *m;
    cordage_json body;
    struct hook h;

    if (is_interactions(c)) {
        hook_interaction(c, action, c->id);
        return;
    }
    if (!read_hook_by_token(c, &h))
        return;
    hook_release(&h);
    m = recent_find(&c->routes->recent, c->id);
    if (!m || m->webhook_id != c->hook_id) {
        call_error(c, 404, 10008, "Unknown Message");
    } else if (action == HOOK_GET_MESSAGE) {
        call_put_message(c, m);
    } else if (action == HOOK_DELETE_MESSAGE) {
        call_delete_message(c, m);
        call_no_content(c);
    } else if (call_json(c, &body) && message_check_change(c, body, 0) &&
               call_edit_message(c, m, body)) {
        call_put_message(c, m);
    }
}

static void get_message(struct call *c)
{
    on_message(c, HOOK_GET_MESSAGE);
}

static void patch_message(struct call *c)
{
    on_message(c, HOOK_PATCH_MESSAGE);
}

static void delete_message(struct call *c)
{
    on_message(c, HOOK_DELETE_MESSAGE);
}

#define HOOK     "webhooks/{hook}"
#define BY_TOKEN HOOK "/{text}"

const struct route routes_webhook[] = {
    { "POST", "channels/{channel}/webhooks", post_hook, BUCKET_READ,
      .needs = RIGHT_VIEW_CHANNEL | RIGHT_MANAGE_WEBHOOKS },
    { "GET", "channels/{channel}/webhooks", get_channel_hooks, BUCKET_READ,
      .needs = RIGHT_VIEW_CHANNEL | RIGHT_MANAGE_WEBHOOKS },
    { "GET", "guilds/{guild}/webhooks", get_guild_hooks, BUCKET_READ,
      .needs = RIGHT_MANAGE_WEBHOOKS },
    { "GET", HOOK, get_hook, BUCKET_READ },
    { "PATCH", HOOK, patch_hook, BUCKET_READ },
    { "DELETE", HOOK, delete_hook, BUCKET_READ },
    { "GET", BY_TOKEN, get_by_token, BUCKET_READ, .open = true },
    { "PATCH", BY_TOKEN, patch_by_token, BUCKET_READ, .open = true },
    { "DELETE", BY_TOKEN, delete_by_token, BUCKET_READ, .open = true },
    { "POST", BY_TOKEN, execute, BUCKET_WEBHOOK, .open = true },
    { "GET", BY_TOKEN "/messages/@original", get_message, BUCKET_WEBHOOK, .open = true },
    { "PATCH", BY_TOKEN "/messages/@original", patch_message, BUCKET_WEBHOOK,
      .open = true },
    { "DELETE", BY_TOKEN "/messages/@original", delete_message, BUCKET_WEBHOOK,
      .open = true },
    { "GET", BY_TOKEN "/messages/{id}", get_message, BUCKET_WEBHOOK, .open = true },
    { "PATCH", BY_TOKEN "/messages/{id}", patch_message, BUCKET_WEBHOOK, .open = true },
    { "DELETE", BY_TOKEN "/messages/{id}", delete_message, BUCKET_WEBHOOK, .open = true },
    { NULL },
};
