/* routes_message.c - what is said in channels: read, said, changed, deleted. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "call_message.h"
#include "change_call.h"
#include "json_copy.h"
#include "message_rules.h"
#include "rights.h"

enum {
    MESSAGES_PER_PAGE = 100,
    MESSAGES_DEFAULT = 50,
    BULK_MIN = 2,
    BULK_MAX = 100,
    BULK_OLDEST_MS = 14 * 24 * 3600 * 1000,
    FLAG_CROSSPOSTED = 1 << 0,
};

/* Nothing can be said in a category, and in a forum only below it. */
static bool is_sayable(struct call *c)
{
    enum channel_type type = c->is_thread || !c->guild
                                 ? CHANNEL_PUBLIC_THREAD
                                 : world_channel_type(c->guild, c->channel_index);

    if (type != CHANNEL_CATEGORY && type != CHANNEL_FORUM && type != CHANNEL_MEDIA)
        return true;
    call_error(c, 400, 50008, "Cannot send messages in a non-text channel");
    return false;
}

/* ---- Reading -------------------------------------------------------------- */

/* Messages of a channel, newest first; at most RECENT_MAX. */
struct page {
    const struct recent_message **list;
    size_t n;
};

static int newest_first(const void *a, const void *b)
{
    const struct recent_message *const *x = a, *const *y = b;

    return ((*x)->id < (*y)->id) - ((*x)->id > (*y)->id);
}

/* What people said is recalled first, so that it is among them. */
static bool list_channel(struct call *c, struct page *p)
{
    struct recent *recent = &c->routes->recent;
    const struct recent_message *m = NULL;
    size_t at = 0;
    uint64_t id;

    while (sim_recall_next(c->routes->sim, c->channel_id, &at, &id))
        call_recall(c, id);
    p->list = calloc(recent->n + 1, sizeof *p->list);
    if (!p->list) {
        call_out_of_memory(c);
        return false;
    }
    while ((m = recent_older(recent, c->channel_id, m)))
        if (!m->is_ephemeral)
            p->list[p->n++] = m;
    qsort(p->list, p->n, sizeof *p->list, newest_first);
    return true;
}

/* Where a page of `limit` begins: `around` in its middle, directly behind `after`, below
 * `before`, or with the newest. */
static size_t page_start(const struct page *p, uint64_t around, uint64_t before,
                         uint64_t after, uint64_t limit)
{
    size_t i = 0;

    if (around) {
        while (i < p->n && p->list[i]->id > around)
            i++;
        return i > limit / 2 ? i - limit / 2 : 0;
    }
    if (after) {
        while (i < p->n && p->list[i]->id > after)
            i++;
        return i > limit ? i - limit : 0;
    }
    while (before && i < p->n && p->list[i]->id >= before)
        i++;
    return i;
}

static void put_page(struct call *c, const struct page *p, size_t from, uint64_t after,
                     uint64_t limit)
{
    json_open(&c->out, '[');
    for (size_t i = from; i < p->n && i - from < limit; i++)
        if (p->list[i]->id > after)
            call_put_message(c, p->list[i]);
    json_shut(&c->out, ']');
}

static void get_messages(struct call *c)
{
    uint64_t limit = MESSAGES_DEFAULT, around = 0, before = 0, after = 0, own;
    struct page p = { 0 };

    if (!call_query_number(c, "limit", 1, MESSAGES_PER_PAGE, &limit) ||
        !call_query_number(c, "around", 0, UINT64_MAX, &around) ||
        !call_query_number(c, "before", 0, UINT64_MAX, &before) ||
        !call_query_number(c, "after", 0, UINT64_MAX, &after))
        return;
    if ((around != 0) + (before != 0) + (after != 0) > 1) {
        call_form_error(c, "around", "BASE_TYPE_CHOICES",
                        "Only one of around, before and after may be given.");
        return;
    }
    /* Without READ_MESSAGE_HISTORY there are none. */
    if (c->guild &&
        (rights_count(call_world(c), c->guild, call_bot_id(c), c->channel_id, &own) ||
         !(own & RIGHT_READ_HISTORY))) {
        put_page(c, &p, 0, 0, 0);
        return;
    }
    if (list_channel(c, &p))
        put_page(c, &p, page_start(&p, around, before, after, limit), after, limit);
    free(p.list);
}

static void get_message(struct call *c)
{
    const struct recent_message *m = call_find_message(c, c->id);

    if (m)
        call_put_message(c, m);
}

/* ---- Creating ------------------------------------------------------------- */

/* The earlier message with the same nonce, if the request says that it must be one. */
static const struct recent_message *find_earlier(struct call *c, cordage_json body)
{
    cordage_json nonce = json_get(body, "nonce");
    const struct recent_message *earlier = NULL;
    struct buf text = { 0 };
    struct json_writer w;

    if (json_is_absent(nonce) || json_is_null(nonce) ||
        !cordage_json_true(json_get(body, "enforce_nonce"), false))
        return NULL;
    json_begin(&w, &text);
    json_copy(&w, nonce);
    if (json_end(&w) == 0)
        earlier = recent_by_nonce(&c->routes->recent, c->channel_id, call_bot_id(c),
                                  buf_str(&text), c->now);
    buf_release(&text);
    return earlier;
}

/* Nobody writes to a bot, or is written to by one that he has no guild with. */
static bool is_reachable(struct call *c)
{
    const struct world *world = call_world(c);
    struct world_member m;

    if (!c->peer_id)
        return true;
    for (uint32_t i = 0; i < world->n_guilds && !world_is_bot(world, c->peer_id); i++)
        if (sim_app_is_in(c->routes->sim, call_app(c), &world->guilds[i]) &&
            world_find_member(world, &world->guilds[i], c->peer_id, &m))
            return true;
    call_error(c, 403, 50007, "Cannot send messages to this user");
    return false;
}

/* Says it, answers with it, and keeps it for those who read it back or say it again. */
static void post_message(struct call *c)
{
    struct sim_message m = { .guild = c->guild,
                             .channel_id = c->channel_id,
                             .app = call_app(c) };
    const struct recent_message *said;
    cordage_json body;

    if (!is_sayable(c) || !is_reachable(c) || !call_json(c, &body) ||
        !message_check(c, body))
        return;
    said = find_earlier(c, body);
    if (!said)
        said = call_say(c, body, &m);
    if (said)
        call_put_message(c, said);
}

/* ---- Changing ------------------------------------------------------------- */

static bool is_own(const struct call *c, const struct recent_message *m)
{
    return m->author_id == call_bot_id(c) && !m->webhook_id;
}

/* Of others only the embeds may be suppressed, by who manages messages. */
static bool may_change(struct call *c, const struct recent_message *m, cordage_json body)
{
    struct json_iter it;
    bool flags_alone =
        json_first(body, &it) && str_is(it.key, "flags") && !json_next(&it);

    if (m->author_id == call_bot_id(c))
        return true;
    if (flags_alone && c->guild)
        return call_may(c, RIGHT_MANAGE_MESSAGES, c->channel_id);
    call_error(c, 403, 50005, "Cannot edit a message authored by another user");
    return false;
}

static void patch_message(struct call *c)
{
    struct recent_message *m = call_find_message(c, c->id);
    cordage_json body;

    if (!m || !call_json(c, &body) || !may_change(c, m, body) ||
        !message_check_change(c, body, 0) || !call_edit_message(c, m, body))
        return;
    call_put_message(c, m);
}

static void note_deletion(struct call *c, enum audit action, uint64_t target, size_t n)
{
    char options[96];
    struct edit e;

    if (!c->guild)
        return;
    snprintf(options, sizeof options,
             "{\"channel_id\":\"%" PRIu64 "\",\"count\":\"%zu\"}", c->channel_id, n);
    change_begin(c, &e);
    change_audit(c, &e, action, target, options);
    edit_release(&e);
}

static void delete_message(struct call *c)
{
    struct recent_message *m = call_find_message(c, c->id);
    uint64_t author;

    if (!m)
        return;
    author = m->author_id;
    if (!is_own(c, m)) {
        if (!c->guild) {
            call_error(c, 403, 50003, "Cannot execute action on a DM channel");
            return;
        }
        if (!call_may(c, RIGHT_MANAGE_MESSAGES, c->channel_id))
            return;
        call_delete_message(c, m);
        note_deletion(c, AUDIT_MESSAGE_DELETE, author, 1);
    } else {
        call_delete_message(c, m);
    }
    call_no_content(c);
}

/* ---- Many at once --------------------------------------------------------- */

static bool read_ids(struct call *c, cordage_json list, uint64_t *ids, size_t *n)
{
    uint64_t now = sim_wall(c->routes->sim, c->now);
    struct json_iter it;
    char path[32];

    if (json_count(list) < BULK_MIN || json_count(list) > BULK_MAX) {
        call_error(c, 400, 50016,
                   "Provided too few or too many messages to delete. Must provide at "
                   "least 2 and fewer than 100 messages to delete.");
        return false;
    }
    *n = 0;
    for (bool more = json_first(list, &it); more; more = json_next(&it), ++*n) {
        snprintf(path, sizeof path, "messages.%zu", *n);
        if (!json_id(it.value, &ids[*n])) {
            call_form_error(c, path, "NUMBER_TYPE_COERCE", "Value is not snowflake.");
            return false;
        }
        for (size_t i = 0; i < *n; i++)
            if (ids[i] == ids[*n]) {
                call_form_error(c, "messages", "SET_TYPE_ALREADY_CONTAINS_VALUE",
                                "The set already contains this value");
                return false;
            }
        if ((ids[*n] >> 22) + WORLD_EPOCH_MS + BULK_OLDEST_MS < now) {
            call_error(c, 400, 50034,
                       "You can only bulk delete messages that are under 14 days old.");
            return false;
        }
    }
    return true;
}

/* Those that there are; unknown ids are passed over, as at Discord. */
static void bulk_delete(struct call *c)
{
    uint64_t ids[BULK_MAX];
    struct recent_message *m;
    cordage_json body;
    size_t n, deleted = 0;
    struct edit e;

    if (!call_json(c, &body) || !read_ids(c, json_get(body, "messages"), ids, &n))
        return;
    change_begin(c, &e);
    edit_telling(&e);
    field_id(&e.j, "channel_id", c->channel_id);
    field_open(&e.j, "ids", '[');
    for (size_t i = 0; i < n; i++) {
        m = call_recall(c, ids[i]);
        if (!m || m->channel_id != c->channel_id || m->is_ephemeral)
            continue;
        json_put_id(&e.j, m->id);
        recent_remove(&c->routes->recent, m);
        deleted++;
    }
    json_shut(&e.j, ']');
    if (deleted)
        edit_told(&e, "MESSAGE_DELETE_BULK", INTENT_GUILD_MESSAGES);
    else
        json_shut(&e.j, '}');
    if (deleted)
        note_deletion(c, AUDIT_BULK_DELETE, c->channel_id, deleted);
    if (change_done(c, &e))
        call_no_content(c);
}

/* ---- Announcements -------------------------------------------------------- */

static void crosspost(struct call *c)
{
    struct recent_message *m = call_find_message(c, c->id);
    struct buf update = { 0 };
    struct json_writer w;
    cordage_json old;
    uint64_t flags;
    bool ok;

    if (!m)
        return;
    if (c->is_thread ||
        world_channel_type(c->guild, c->channel_index) != CHANNEL_ANNOUNCEMENT) {
        call_error(c, 400, 50024, "Cannot execute action on this channel type");
        return;
    }
    if (!is_own(c, m) && !call_may(c, RIGHT_MANAGE_MESSAGES, c->channel_id))
        return;
    if (json_parse(c->routes->stored, (struct str){ m->body, m->n }, &old)) {
        call_out_of_memory(c);
        return;
    }
    flags = (uint64_t)cordage_json_int(json_get(old, "flags"), 0);
    if (flags & FLAG_CROSSPOSTED) {
        call_error(c, 400, 40033, "This message has already been crossposted");
        return;
    }
    json_begin(&w, &update);
    json_open(&w, '{');
    field_u64(&w, "flags", flags | FLAG_CROSSPOSTED);
    json_shut(&w, '}');
    ok = json_end(&w) == 0 && call_rewrite_message(c, m, &update);
    buf_release(&update);
    if (ok)
        call_put_message(c, m);
    else
        call_out_of_memory(c);
}

#define MESSAGES "channels/{channel}/messages"

const struct route routes_message[] = {
    { "GET", MESSAGES, get_messages, BUCKET_READ, .direct = true, .archived = true,
      .needs = RIGHT_VIEW_CHANNEL },
    { "POST", MESSAGES, post_message, BUCKET_MESSAGE, .direct = true,
      .needs = RIGHT_VIEW_CHANNEL | RIGHT_SEND_MESSAGES },
    { "POST", MESSAGES "/bulk-delete", bulk_delete, BUCKET_READ,
      .needs = RIGHT_VIEW_CHANNEL | RIGHT_MANAGE_MESSAGES },
    { "GET", MESSAGES "/{id}", get_message, BUCKET_READ, .direct = true, .archived = true,
      .needs = RIGHT_VIEW_CHANNEL | RIGHT_READ_HISTORY },
    { "PATCH", MESSAGES "/{id}", patch_message, BUCKET_MESSAGE, .direct = true,
      .needs = RIGHT_VIEW_CHANNEL },
    { "DELETE", MESSAGES "/{id}", delete_message, BUCKET_DELETE, .direct = true,
      .needs = RIGHT_VIEW_CHANNEL },
    { "POST", MESSAGES "/{id}/crosspost", crosspost, BUCKET_READ,
      .needs = RIGHT_VIEW_CHANNEL | RIGHT_SEND_MESSAGES },
    { NULL },
};
