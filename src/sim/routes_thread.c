/* routes_thread.c - threads, and who is in them.
 *
 * Of members only the first bot's own membership is kept, as in the world; the others are
 * counted and told. */
#include <stdio.h>

#include "call_message.h"
#include "change_call.h"
#include "json_copy.h"
#include "message_rules.h"
#include "rights.h"
#include "threads_call.h"

enum { FLAG_HAS_THREAD = 1 << 5 };

static enum world_list list_of(const struct call *c)
{
    return c->is_archived ? LIST_ARCHIVED : LIST_THREADS;
}

static void answer_thread(struct call *c, enum world_list list, uint64_t id)
{
    uint32_t index;

    json_open(&c->out, '{');
    field_id(&c->out, "guild_id", c->guild->id);
    if (world_find(call_world(c), c->guild, list, id, &index))
        world_put(call_world(c), c->guild, list, index, &c->out);
    json_shut(&c->out, '}');
}

/* ---- Making --------------------------------------------------------------- */

static bool read_name(struct call *c, cordage_json body, struct str *name)
{
    static const struct rule rules[] = { { "name", CORDAGE_JSON_STRING, false, 100 },
                                         { "type", CORDAGE_JSON_NUMBER, false, 0 },
                                         { NULL } };

    if (!change_check(c, body, rules))
        return false;
    if (json_str(json_get(body, "name"), name))
        return true;
    call_form_error(c, "name", "BASE_TYPE_REQUIRED", "This field is required");
    return false;
}

static bool make(struct call *c, uint64_t id, struct edit_thread *t)
{
    struct edit e;

    t->parent = c->channel_id;
    t->owner = call_bot_id(c);
    t->with_bot = call_app(c)->index == 0;
    change_begin(c, &e);
    edit_create_thread(&e, id, t);
    change_audit(c, &e, AUDIT_THREAD_CREATE, id, NULL);
    return change_done(c, &e);
}

/* A post in a forum begins with a message, whose id is the thread's at Discord; here it
 * has its own. */
static bool say_first(struct call *c, cordage_json message, uint64_t thread)
{
    struct sim_message m = { .guild = c->guild,
                             .channel_id = thread,
                             .app = call_app(c) };

    return call_say(c, message, &m) != NULL;
}

static void post_thread(struct call *c)
{
    struct edit_thread t = { 0 };
    cordage_json body, message;
    bool is_forum;
    uint64_t id;

    if (!call_no_thread(c) || !call_json(c, &body) || !read_name(c, body, &t.name))
        return;
    t.parent_type = world_channel_type(c->guild, c->channel_index);
    is_forum = t.parent_type == CHANNEL_FORUM || t.parent_type == CHANNEL_MEDIA;
    if (!is_forum && t.parent_type != CHANNEL_TEXT &&
        t.parent_type != CHANNEL_ANNOUNCEMENT) {
        call_error(c, 400, 50024, "Cannot execute action on this channel type");
        return;
    }
    message = json_get(body, "message");
    if (is_forum && !message_check(c, message))
        return;
    t.type = is_forum                                ? CHANNEL_PUBLIC_THREAD
             : t.parent_type == CHANNEL_ANNOUNCEMENT ? CHANNEL_ANNOUNCEMENT_THREAD
             : cordage_json_int(json_get(body, "type"), CHANNEL_PRIVATE_THREAD) ==
                     CHANNEL_PUBLIC_THREAD
                 ? CHANNEL_PUBLIC_THREAD
                 : CHANNEL_PRIVATE_THREAD;
    id = world_snowflake(call_world(c), sim_wall(c->routes->sim, c->now));
    if (!make(c, id, &t) || (is_forum && !say_first(c, message, id)))
        return;
    call_restart(c, 201);
    answer_thread(c, LIST_THREADS, id);
}

/* The thread has the message's id, and the message says that it has one. */
static bool mark_message(struct call *c, struct recent_message *m)
{
    struct buf update = { 0 };
    struct json_writer w;
    cordage_json old;
    uint32_t index;
    bool ok = json_parse(c->routes->stored, (struct str){ m->body, m->n }, &old) == 0;

    json_begin(&w, &update);
    json_open(&w, '{');
    field_u64(&w, "flags",
              (uint64_t)cordage_json_int(json_get(old, "flags"), 0) | FLAG_HAS_THREAD);
    if (world_find(call_world(c), c->guild, LIST_THREADS, m->id, &index)) {
        json_key(&w, "thread");
        world_write(call_world(c), c->guild, LIST_THREADS, index, &w);
    }
    json_shut(&w, '}');
    ok = json_end(&w) == 0 && ok;
    if (ok)
        ok = call_rewrite_message(c, m, &update);
    else
        call_out_of_memory(c);
    buf_release(&update);
    return ok;
}

static void post_message_thread(struct call *c)
{
    struct recent_message *m = call_find_message(c, c->id);
    struct edit_thread t = { 0 };
    cordage_json body;
    uint32_t index;

    if (!m || !call_no_thread(c) || !call_json(c, &body) || !read_name(c, body, &t.name))
        return;
    if (world_find_thread(call_world(c), c->id, &index) ||
        world_find_archived(call_world(c), c->id, &index)) {
        call_error(c, 400, 160004, "A thread has already been created for this message");
        return;
    }
    t.parent_type = world_channel_type(c->guild, c->channel_index);
    if (t.parent_type != CHANNEL_TEXT && t.parent_type != CHANNEL_ANNOUNCEMENT) {
        call_error(c, 400, 50024, "Cannot execute action on this channel type");
        return;
    }
    t.type = t.parent_type == CHANNEL_TEXT ? CHANNEL_PUBLIC_THREAD
                                           : CHANNEL_ANNOUNCEMENT_THREAD;
    if (!make(c, c->id, &t) || !mark_message(c, m))
        return;
    call_restart(c, 201);
    answer_thread(c, LIST_THREADS, c->id);
}

/* ---- Changing ------------------------------------------------------------- */

static const struct rule thread_rules[] = {
    { "name", CORDAGE_JSON_STRING, false, 100 },
    { "rate_limit_per_user", CORDAGE_JSON_NUMBER, true, 0 },
    { "flags", CORDAGE_JSON_NUMBER, false, 0 },
    { "applied_tags", CORDAGE_JSON_ARRAY, false, 0 },
    { NULL },
};

static void change_fields(struct call *c, struct edit *e, cordage_json body)
{
    bool any = false;

    for (size_t i = 0; thread_rules[i].key; i++)
        any |= !json_is_absent(json_get(body, thread_rules[i].key));
    if (!any)
        return;
    edit_begin(e);
    change_put(e, body, thread_rules);
    edit_merge(e, LIST_THREADS, c->channel_id);
    edit_tell_thread(e, "THREAD_UPDATE", c->channel_id);
}

static bool is_locked(struct call *c, struct edit *e)
{
    cordage_json thread;

    return edit_read(e, list_of(c), c->channel_id, &thread) &&
           cordage_json_true(json_get(json_get(thread, "thread_metadata"), "locked"),
                             false);
}

void patch_thread(struct call *c)
{
    cordage_json body;
    bool archived, locked, was_locked;
    struct edit e;

    if (!call_json(c, &body) || !change_check(c, body, thread_rules))
        return;
    archived = cordage_json_true(json_get(body, "archived"), c->is_archived);
    if (c->is_archived && archived) {
        call_error(c, 400, 50083, "Thread is archived");
        return;
    }
    change_begin(c, &e);
    was_locked = is_locked(c, &e);
    locked = cordage_json_true(json_get(body, "locked"), was_locked);
    if (c->is_archived)
        edit_unarchive_thread(&e, c->channel_id, locked);
    change_fields(c, &e, body);
    if (archived)
        edit_archive_thread(&e, c->channel_id, locked);
    else if (!c->is_archived && locked != was_locked)
        edit_lock_thread(&e, c->channel_id, locked);
    change_audit(c, &e, AUDIT_THREAD_UPDATE, c->channel_id, NULL);
    if (change_done(c, &e))
        answer_thread(c, archived ? LIST_ARCHIVED : LIST_THREADS, c->channel_id);
}

void delete_thread(struct call *c)
{
    struct edit e;

    if (!call_may(c, RIGHT_MANAGE_THREADS, c->channel_id))
        return;
    answer_thread(c, list_of(c), c->channel_id);
    change_begin(c, &e);
    edit_delete_thread(&e, list_of(c), c->channel_id);
    change_audit(c, &e, AUDIT_THREAD_DELETE, c->channel_id, NULL);
    change_done(c, &e);
}

/* ---- Who is in it --------------------------------------------------------- */

static bool has_bot(struct call *c)
{
    cordage_json thread;

    return changes_read(call_world(c), c->guild, LIST_THREADS, c->channel_id, &thread) ==
               0 &&
           !json_is_absent(json_get(thread, "member"));
}

static void move_member(struct call *c, uint64_t user_id, bool joins)
{
    struct world_member m;
    struct edit e;

    if (!c->is_thread) {
        call_error(c, 400, 50024, "Cannot execute action on this channel type");
        return;
    }
    if (!world_find_member(call_world(c), c->guild, user_id, &m)) {
        call_error(c, 404, 10007, "Unknown Member");
        return;
    }
    if (m.index == 0 && has_bot(c) == joins) {
        call_no_content(c);
        return;
    }
    change_begin(c, &e);
    edit_thread_member(&e, c->channel_id, user_id, joins);
    if (change_done(c, &e))
        call_no_content(c);
}

static void join(struct call *c)
{
    move_member(c, call_bot_id(c), true);
}

static void leave(struct call *c)
{
    move_member(c, call_bot_id(c), false);
}

static void add_member(struct call *c)
{
    move_member(c, c->id, true);
}

static void remove_member(struct call *c)
{
    move_member(c, c->id, false);
}

/* The bot's own, which is the only one that is known. */
static void put_own(struct call *c, uint64_t thread)
{
    cordage_json v, own;
    struct json_iter it;

    if (changes_read(call_world(c), c->guild, LIST_THREADS, thread, &v))
        return;
    own = json_get(v, "member");
    if (json_is_absent(own) || call_app(c)->index)
        return;
    json_open(&c->out, '{');
    field_id(&c->out, "id", thread);
    field_id(&c->out, "user_id", call_bot_id(c));
    for (bool more = json_first(own, &it); more; more = json_next(&it)) {
        json_key_str(&c->out, it.key);
        json_copy(&c->out, it.value);
    }
    json_shut(&c->out, '}');
}

static void get_members(struct call *c)
{
    json_open(&c->out, '[');
    put_own(c, c->channel_id);
    json_shut(&c->out, ']');
}

static void get_own(struct call *c)
{
    if (c->is_thread && has_bot(c) && call_app(c)->index == 0)
        put_own(c, c->channel_id);
    else
        call_error(c, 404, 10007, "Unknown Member");
}

/* ---- Lists ---------------------------------------------------------------- */

/* Of a list, those below `parent` (0: all), and the bot's membership in them. */
static void put_lists(struct call *c, enum world_list list, uint64_t parent)
{
    uint32_t n = world_count(call_world(c), c->guild, list);
    const struct change_entry *entries =
        c->guild->changes ? c->guild->changes->lists[list].entries : NULL;

    json_open(&c->out, '{');
    field_open(&c->out, "threads", '[');
    for (uint32_t i = 0; i < n; i++)
        if (!parent || (entries && entries[i].parent == parent))
            answer_thread(c, list, world_id_at(call_world(c), c->guild, list, i));
    json_shut(&c->out, ']');
    field_open(&c->out, "members", '[');
    for (uint32_t i = 0; i < n && list == LIST_THREADS; i++)
        if (!parent || (entries && entries[i].parent == parent))
            put_own(c, world_id_at(call_world(c), c->guild, list, i));
    json_shut(&c->out, ']');
    if (list == LIST_ARCHIVED)
        field_bool(&c->out, "has_more", false);
    json_shut(&c->out, '}');
}

static void get_active(struct call *c)
{
    put_lists(c, LIST_THREADS, 0);
}

static void get_archived(struct call *c)
{
    put_lists(c, LIST_ARCHIVED, c->channel_id);
}

#define MEMBERS "channels/{channel}/thread-members"
#define SEEN    RIGHT_VIEW_CHANNEL

const struct route routes_thread[] = {
    { "POST", "channels/{channel}/threads", post_thread, BUCKET_READ,
      .needs = SEEN | RIGHT_SEND_MESSAGES },
    { "POST", "channels/{channel}/messages/{id}/threads", post_message_thread,
      BUCKET_READ, .needs = SEEN | RIGHT_CREATE_THREADS },
    { "GET", "channels/{channel}/threads/archived/public", get_archived, BUCKET_READ,
      .needs = SEEN },
    { "GET", "channels/{channel}/threads/archived/private", get_archived, BUCKET_READ,
      .needs = SEEN | RIGHT_MANAGE_THREADS },
    { "GET", "guilds/{guild}/threads/active", get_active, BUCKET_READ },
    { "GET", MEMBERS, get_members, BUCKET_READ, .needs = SEEN },
    { "GET", MEMBERS "/@me", get_own, BUCKET_READ, .needs = SEEN },
    { "PUT", MEMBERS "/@me", join, BUCKET_READ, .needs = SEEN },
    { "DELETE", MEMBERS "/@me", leave, BUCKET_READ, .needs = SEEN },
    { "PUT", MEMBERS "/{id}", add_member, BUCKET_READ, .needs = SEEN },
    { "DELETE", MEMBERS "/{id}", remove_member, BUCKET_READ,
      .needs = SEEN | RIGHT_MANAGE_THREADS },
    { NULL },
};
