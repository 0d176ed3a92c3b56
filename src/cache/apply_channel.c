/* Channels, threads, and what messages do to them. */
#include "apply_private.h"

static const cordage_kind channels = CORDAGE_KIND_CHANNELS,
                          threads = CORDAGE_KIND_THREADS;

/* A channel or a thread, by its id. */
static bool find(struct apply *a, cordage_id id, cordage_kind *kind, struct str *record)
{
    *kind = channels;
    if (keep_get(a->c, a->g, channels, id, record))
        return true;
    *kind = threads;
    return keep_get(a->c, a->g, threads, id, record);
}

static uint64_t number_of(cordage_kind kind, struct str record, unsigned field)
{
    uint64_t n = 0;

    record_number(object_schemas[kind], record, field, &n);
    return n;
}

/* Removes all of a kind that name `value` in a field. */
static void remove_where(struct apply *a, cordage_kind kind, unsigned field,
                         uint64_t value)
{
    struct str record;
    uint64_t id = 0;

    while (shelf_next(&a->g->shelves[kind], id, &id, &record))
        if (number_of(kind, record, field) == value)
            keep_remove(a->c, a->g, kind, id);
}

/* ---- Channels --------------------------------------------------------------------- */

/* What is live in a channel and no update of it brings. */
static const unsigned live_fields[] = { CHANNEL_LAST_MESSAGE_ID, CHANNEL_LAST_PIN,
                                        CHANNEL_MEMBER };
enum { N_LIVE_FIELDS = sizeof live_fields / sizeof live_fields[0] };

int apply_channel_put(struct apply *a)
{
    cordage_id id = apply_id(a, "id");
    int err = apply_old(a, channels, id);

    if (err || !a->g)
        return err;
    return keep_update(a->s, a->g, channels, id, a->d, live_fields, N_LIVE_FIELDS);
}

int apply_channel_remove(struct apply *a)
{
    cordage_id id = apply_id(a, "id");
    int err = apply_remove(a, channels, id);

    if (err || !a->g || !id)
        return err;
    remove_where(a, threads, CHANNEL_PARENT_ID, id);
    remove_where(a, CORDAGE_KIND_VOICE_STATES, VOICE_CHANNEL_ID, id);
    remove_where(a, CORDAGE_KIND_STAGE_INSTANCES, STAGE_CHANNEL_ID, id);
    return 0;
}

int apply_channel_pins(struct apply *a)
{
    cordage_id id = apply_id(a, "channel_id");
    cordage_kind kind;
    struct str record;

    if (!a->g || !find(a, id, &kind, &record))
        return 0;
    return keep_set_json(a->s, a->g, kind, id, CHANNEL_LAST_PIN,
                         json_get(a->d, "last_pin_timestamp"));
}

/* ---- Threads ---------------------------------------------------------------------- */

int thread_put(struct apply *a, cordage_json thread)
{
    cordage_id id = object_id(threads, thread);

    if (!a->g)
        return 0;
    if (thread_is_archived(thread)) {
        keep_remove(a->c, a->g, threads, id);
        return 0;
    }
    return keep_update(a->s, a->g, threads, id, thread, live_fields, N_LIVE_FIELDS);
}

static bool is_forum(struct apply *a, cordage_id channel)
{
    enum { FORUM = 15, MEDIA = 16 };
    struct str record;
    uint64_t type;

    if (!keep_get(a->c, a->g, channels, channel, &record))
        return false;
    type = number_of(channels, record, CHANNEL_TYPE);
    return type == FORUM || type == MEDIA;
}

/* A forum's last message is its last thread. */
static int note_last(struct apply *a, cordage_kind kind, cordage_id channel,
                     uint64_t last)
{
    struct str record;

    if (!keep_get(a->c, a->g, kind, channel, &record) ||
        last <= number_of(kind, record, CHANNEL_LAST_MESSAGE_ID))
        return 0;
    return keep_set(a->s, a->g, kind, channel, CHANNEL_LAST_MESSAGE_ID, &last);
}

int apply_thread_put(struct apply *a)
{
    cordage_id id = apply_id(a, "id"), parent = apply_id(a, "parent_id");
    int err = apply_old(a, threads, id);

    if (!err)
        err = thread_put(a, a->d);
    if (err || !a->g || a->type != CORDAGE_EVENT_THREAD_CREATE || !is_forum(a, parent))
        return err;
    return note_last(a, channels, parent, id);
}

int apply_thread_remove(struct apply *a)
{
    return apply_remove(a, threads, apply_id(a, "id"));
}

/* What the bot now sees replaces what it saw: in these channels, or everywhere. */
static void drop_seen(struct apply *a)
{
    cordage_json parents = json_get(a->d, "channel_ids");
    struct json_iter it;

    if (cordage_json_type_of(parents) != CORDAGE_JSON_ARRAY) {
        keep_clear(a->c, a->g, threads);
        guild_changed(a->g);
        return;
    }
    for (bool more = json_first(parents, &it); more; more = json_next(&it))
        remove_where(a, threads, CHANNEL_PARENT_ID, cordage_json_id(it.value));
}

int apply_thread_list(struct apply *a)
{
    struct json_iter it;
    int err = 0;

    if (!a->g)
        return 0;
    drop_seen(a);
    for (bool more = json_first(json_get(a->d, "threads"), &it); more && !err;
         more = json_next(&it))
        err = thread_put(a, it.value);
    for (bool more = json_first(json_get(a->d, "members"), &it); more && !err;
         more = json_next(&it))
        err =
            keep_set_json(a->s, a->g, threads, cordage_json_id(json_get(it.value, "id")),
                          CHANNEL_MEMBER, it.value);
    return err;
}

int apply_thread_member(struct apply *a)
{
    if (!a->g)
        return 0;
    return keep_set_json(a->s, a->g, threads, apply_id(a, "id"), CHANNEL_MEMBER, a->d);
}

/* Who came: perhaps the bot itself, and the guild's members behind them. */
static int thread_members_added(struct apply *a, cordage_id thread)
{
    struct json_iter it;
    int err = 0;

    for (bool more = json_first(json_get(a->d, "added_members"), &it); more && !err;
         more = json_next(&it)) {
        cordage_id user_id = cordage_json_id(json_get(it.value, "user_id"));

        err = people_member(a, user_id, json_get(it.value, "member"));
        if (!err)
            err = presence_put(a, json_get(it.value, "presence"));
        if (!err && a->g && user_id && user_id == a->self)
            err = keep_set_json(a->s, a->g, threads, thread, CHANNEL_MEMBER, it.value);
    }
    return err;
}

int apply_thread_members(struct apply *a)
{
    cordage_id id = apply_id(a, "id");
    int64_t count = cordage_json_int(json_get(a->d, "member_count"), -1);
    uint64_t n = (uint64_t)count;
    struct json_iter it;
    int err = thread_members_added(a, id);

    if (err || !a->g)
        return err;
    for (bool more = json_first(json_get(a->d, "removed_member_ids"), &it); more && !err;
         more = json_next(&it))
        if (a->self && cordage_json_id(it.value) == a->self)
            err = keep_set_json(a->s, a->g, threads, id, CHANNEL_MEMBER,
                                (cordage_json){ NULL, 0 });
    if (err || count < 0)
        return err;
    return keep_set(a->s, a->g, threads, id, CHANNEL_MEMBER_COUNT, &n);
}

/* ---- Messages --------------------------------------------------------------------- */

/* A thread's first message, which has the thread's id, counts for none. One that is not
 * newer than the last was counted before: it is brought again. */
static int count_message(struct apply *a, cordage_id thread, cordage_id message)
{
    struct str record;
    int err;

    if (!keep_get(a->c, a->g, threads, thread, &record) || message == thread ||
        message <= number_of(threads, record, CHANNEL_LAST_MESSAGE_ID))
        return 0;
    err = apply_count(a, threads, thread, CHANNEL_MESSAGE_COUNT, 1);
    return err ? err : apply_count(a, threads, thread, CHANNEL_TOTAL_MESSAGES, 1);
}

/* A snowflake's upper bits count milliseconds since 2015. */
static const uint64_t DISCORD_EPOCH_MS = 1420070400000;

int apply_message(struct apply *a)
{
    struct message m = people_read(a->d);
    cordage_id id = cordage_json_id(m.id), channel = cordage_json_id(m.channel_id);
    int err = people_message(a, &m);

    if (id)
        slice_heard(a->s, (id >> 22) + DISCORD_EPOCH_MS);
    if (err || !a->g)
        return err;
    if (cordage_json_type_of(m.thread) == CORDAGE_JSON_OBJECT)
        err = thread_put(a, m.thread);
    if (!err)
        err = count_message(a, channel, id);
    if (!err)
        err = note_last(a, channels, channel, id);
    return err ? err : note_last(a, threads, channel, id);
}

/* In forums a deleted message is one less of its thread, the first one excepted. */
int apply_message_gone(struct apply *a)
{
    cordage_id thread = apply_id(a, "channel_id");
    cordage_json ids = json_get(a->d, "ids");
    struct json_iter it;
    struct str record;
    int64_t n = 0;

    if (!a->g || !keep_get(a->c, a->g, threads, thread, &record) ||
        !is_forum(a, number_of(threads, record, CHANNEL_PARENT_ID)))
        return 0;
    if (cordage_json_type_of(ids) != CORDAGE_JSON_ARRAY)
        n = apply_id(a, "id") != thread;
    for (bool more = json_first(ids, &it); more; more = json_next(&it))
        n += cordage_json_id(it.value) != thread;
    return apply_count(a, threads, thread, CHANNEL_MESSAGE_COUNT, -n);
}
