/* Threads: made, renamed, archived and brought back, joined and left. */
#include "edit.h"
#include "isotime.h"
#include "json_copy.h"

enum { THREADS_MAX = 30, MEMBERS_SHOWN_MAX = 50 };

#define BIT(type) (1u << (type))
#define PARENTS                                                           \
    (BIT(CHANNEL_TEXT) | BIT(CHANNEL_ANNOUNCEMENT) | BIT(CHANNEL_FORUM) | \
     BIT(CHANNEL_MEDIA))

static enum channel_type thread_type(struct edit *e, enum channel_type parent)
{
    if (parent == CHANNEL_ANNOUNCEMENT)
        return CHANNEL_ANNOUNCEMENT_THREAD;
    if (parent == CHANNEL_TEXT && life_once_in(e, 4))
        return CHANNEL_PRIVATE_THREAD;
    return CHANNEL_PUBLIC_THREAD;
}

/* The bot's own membership: `whose` with the thread's and the bot's id. That of the first
 * bot alone is kept; the others are in no threads. */
static void put_own_member(struct edit *e, uint64_t thread, bool whose, uint64_t flags)
{
    if (whose) {
        field_id(&e->j, "id", thread);
        field_id(&e->j, "user_id", e->world->bot_id);
    }
    json_key(&e->j, "join_timestamp");
    json_put_time(&e->j, edit_wall(e));
    field_u64(&e->j, "flags", flags);
}

static void keep_own_member(struct edit *e, uint64_t thread, uint64_t flags)
{
    edit_begin(e);
    field_open(&e->j, "member", '{');
    put_own_member(e, thread, false, flags);
    json_shut(&e->j, '}');
    edit_merge(e, LIST_THREADS, thread);
}

/* The thread as events tell of it: whether the bot is in it they tell otherwise. */
static void put_thread(struct edit *e, cordage_json thread)
{
    struct json_iter it;

    for (bool more = json_first(thread, &it); more; more = json_next(&it)) {
        if (str_is(it.key, "member"))
            continue;
        json_key_str(&e->j, it.key);
        json_copy(&e->j, it.value);
    }
}

void edit_tell_thread(struct edit *e, const char *name, uint64_t id)
{
    cordage_json thread;

    if (!edit_read(e, LIST_THREADS, id, &thread))
        return;
    edit_telling(e);
    put_thread(e, thread);
    edit_told(e, name, INTENT_GUILDS);
}

/* ---- Making --------------------------------------------------------------------- */

static void put_new_metadata(struct edit *e, enum channel_type type)
{
    field_open(&e->j, "thread_metadata", '{');
    field_bool(&e->j, "archived", false);
    field_u64(&e->j, "auto_archive_duration", 1440);
    json_key(&e->j, "archive_timestamp");
    json_put_time(&e->j, edit_wall(e));
    field_bool(&e->j, "locked", false);
    if (type == CHANNEL_PRIVATE_THREAD)
        field_bool(&e->j, "invitable", true);
    json_key(&e->j, "create_timestamp");
    json_put_time(&e->j, edit_wall(e));
    json_shut(&e->j, '}');
}

/* A forum's last message is its last post. */
static void note_post(struct edit *e, uint64_t forum, uint64_t thread)
{
    edit_begin(e);
    field_id(&e->j, "last_message_id", thread);
    edit_merge(e, LIST_CHANNELS, forum);
}

static void tell_new_thread(struct edit *e, uint64_t id, bool with_bot)
{
    uint32_t index;

    if (!edit_find(e, LIST_THREADS, id, &index))
        return;
    for (uint32_t bot = 0; bot < e->world->n_bots; bot++) {
        edit_telling(e);
        field_bool(&e->j, "newly_created", true);
        world_put(e->world, e->g, LIST_THREADS, index, &e->j);
        if (with_bot && bot == 0) {
            field_open(&e->j, "member", '{');
            put_own_member(e, id, true, 0);
            json_shut(&e->j, '}');
        }
        edit_told_bot(e, "THREAD_CREATE", INTENT_GUILDS, bot);
    }
    if (with_bot)
        keep_own_member(e, id, 0);
}

void edit_create_thread(struct edit *e, uint64_t id, const struct edit_thread *t)
{
    bool is_post = t->parent_type == CHANNEL_FORUM || t->parent_type == CHANNEL_MEDIA;

    edit_begin(e);
    field_id(&e->j, "id", id);
    field_u64(&e->j, "type", t->type);
    field_str(&e->j, "name", t->name);
    field_id(&e->j, "parent_id", t->parent);
    field_id(&e->j, "owner_id", t->owner);
    field_null(&e->j, "last_message_id");
    field_u64(&e->j, "message_count", 0);
    field_u64(&e->j, "total_message_sent", 0);
    field_u64(&e->j, "member_count", 1);
    field_u64(&e->j, "rate_limit_per_user", 0);
    field_u64(&e->j, "flags", 0);
    put_new_metadata(e, t->type);
    if (is_post)
        field_empty(&e->j, "applied_tags", '[');
    edit_put(e, LIST_THREADS, id);
    if (is_post)
        note_post(e, t->parent, id);
    tell_new_thread(e, id, t->with_bot);
}

bool life_create_thread(struct edit *e)
{
    struct edit_thread t = { .with_bot = life_once_in(e, 3) };
    char name[64];

    if (world_count(e->world, e->g, LIST_THREADS) >= THREADS_MAX ||
        !life_pick_type(e, LIST_CHANNELS, 0, PARENTS, &t.parent) ||
        !life_pick_member(e, 1, &t.owner))
        return false;
    life_name(e, name, sizeof name);
    t.name = str_of(name);
    t.parent_type = changes_find(e->g, LIST_CHANNELS, t.parent)->type;
    t.type = thread_type(e, t.parent_type);
    edit_create_thread(e, edit_new_id(e), &t);
    return true;
}

/* ---- Changing ------------------------------------------------------------------- */

/* The thread's metadata, with a new state. */
static void put_metadata(struct edit *e, cordage_json old, bool archived, bool locked)
{
    struct json_iter it;

    field_open(&e->j, "thread_metadata", '{');
    field_bool(&e->j, "archived", archived);
    field_bool(&e->j, "locked", locked);
    json_key(&e->j, "archive_timestamp");
    json_put_time(&e->j, edit_wall(e));
    for (bool more = json_first(json_get(old, "thread_metadata"), &it); more;
         more = json_next(&it)) {
        if (str_is(it.key, "archived") || str_is(it.key, "locked") ||
            str_is(it.key, "archive_timestamp"))
            continue;
        json_key_str(&e->j, it.key);
        json_copy(&e->j, it.value);
    }
    json_shut(&e->j, '}');
}

static void set_state(struct edit *e, uint64_t id, bool archived, bool locked)
{
    cordage_json thread;

    if (!edit_read(e, LIST_THREADS, id, &thread))
        return;
    edit_begin(e);
    put_metadata(e, thread, archived, locked);
    edit_merge(e, LIST_THREADS, id);
    edit_tell_thread(e, "THREAD_UPDATE", id);
}

bool life_change_thread(struct edit *e)
{
    char name[64];
    uint64_t id;

    if (!life_pick(e, LIST_THREADS, 0, &id))
        return false;
    if (life_once_in(e, 3)) {
        set_state(e, id, false, life_once_in(e, 2));
        return true;
    }
    life_name(e, name, sizeof name);
    edit_begin(e);
    if (life_once_in(e, 2))
        field_z(&e->j, "name", name);
    else
        field_u64(&e->j, "rate_limit_per_user", life_below(e, 100));
    edit_merge(e, LIST_THREADS, id);
    edit_tell_thread(e, "THREAD_UPDATE", id);
    return true;
}

/* From one list to the other, as it stands. */
static void move_thread(struct edit *e, uint64_t id, enum world_list from,
                        enum world_list to)
{
    uint32_t index;

    if (!edit_find(e, from, id, &index))
        return;
    edit_begin(e);
    world_put(e->world, e->g, from, index, &e->j);
    edit_remove(e, from, id);
    edit_put(e, to, id);
}

void edit_archive_thread(struct edit *e, uint64_t id, bool locked)
{
    set_state(e, id, true, locked);
    move_thread(e, id, LIST_THREADS, LIST_ARCHIVED);
}

bool life_archive_thread(struct edit *e)
{
    uint64_t id;

    if (!life_pick(e, LIST_THREADS, 0, &id))
        return false;
    edit_archive_thread(e, id, life_once_in(e, 3));
    return true;
}

void edit_lock_thread(struct edit *e, uint64_t id, bool locked)
{
    set_state(e, id, false, locked);
}

static void tell_own_member(struct edit *e, uint64_t thread, cordage_json member)
{
    struct json_iter it;

    edit_telling(e);
    field_id(&e->j, "id", thread);
    field_id(&e->j, "user_id", e->world->bot_id);
    for (bool more = json_first(member, &it); more; more = json_next(&it)) {
        json_key_str(&e->j, it.key);
        json_copy(&e->j, it.value);
    }
    edit_told_bot(e, "THREAD_MEMBER_UPDATE", INTENT_GUILDS, 0);
}

/* Who is in it hears of his membership again. */
void edit_unarchive_thread(struct edit *e, uint64_t id, bool locked)
{
    cordage_json thread;

    move_thread(e, id, LIST_ARCHIVED, LIST_THREADS);
    set_state(e, id, false, locked);
    if (edit_read(e, LIST_THREADS, id, &thread) &&
        !json_is_absent(json_get(thread, "member")))
        tell_own_member(e, id, json_get(thread, "member"));
}

bool life_unarchive_thread(struct edit *e)
{
    uint64_t id;

    if (!life_pick(e, LIST_ARCHIVED, 0, &id))
        return false;
    edit_unarchive_thread(e, id, false);
    return true;
}

void edit_delete_thread(struct edit *e, enum world_list list, uint64_t id)
{
    const struct change_entry *thread = e->err ? NULL : changes_find(e->g, list, id);

    if (!thread)
        return;
    edit_telling(e);
    field_id(&e->j, "id", id);
    field_id(&e->j, "parent_id", thread->parent);
    field_u64(&e->j, "type", thread->type);
    edit_told(e, "THREAD_DELETE", INTENT_GUILDS);
    edit_remove(e, list, id);
}

bool life_delete_thread(struct edit *e)
{
    uint64_t id;

    if (!life_pick(e, LIST_THREADS, 0, &id))
        return false;
    edit_delete_thread(e, LIST_THREADS, id);
    return true;
}

/* ---- A channel's threads, all at once ------------------------------------------- */

/* The threads below `channel`, or the bot's membership in them. */
static void put_threads(struct edit *e, uint64_t channel, bool members)
{
    const struct change_list *l = &e->g->changes->lists[LIST_THREADS];

    field_open(&e->j, members ? "members" : "threads", '[');
    for (uint32_t i = 0; i < l->n; i++) {
        struct json_iter it;
        cordage_json thread, own;

        if (l->entries[i].parent != channel ||
            !edit_read(e, LIST_THREADS, l->entries[i].id, &thread))
            continue;
        own = json_get(thread, "member");
        if (members && json_is_absent(own))
            continue;
        json_open(&e->j, '{');
        if (members) {
            field_id(&e->j, "id", l->entries[i].id);
            field_id(&e->j, "user_id", e->world->bot_id);
            for (bool more = json_first(own, &it); more; more = json_next(&it)) {
                json_key_str(&e->j, it.key);
                json_copy(&e->j, it.value);
            }
        } else {
            field_id(&e->j, "guild_id",
                     e->g->id); /* here, too: discord.js relies on it */
            put_thread(e, thread);
        }
        json_shut(&e->j, '}');
    }
    json_shut(&e->j, ']');
}

/* As when the bot gained access to a channel: it may know them all already. */
bool life_sync_threads(struct edit *e)
{
    uint64_t channel;

    if (!life_pick_type(e, LIST_CHANNELS, 0, PARENTS, &channel))
        return false;
    edit_telling(e);
    field_open(&e->j, "channel_ids", '[');
    json_put_id(&e->j, channel);
    json_shut(&e->j, ']');
    put_threads(e, channel, false);
    put_threads(e, channel, true);
    edit_told_bot(e, "THREAD_LIST_SYNC", INTENT_GUILDS, 0);
    return true;
}

/* ---- Members -------------------------------------------------------------------- */

static void put_added(struct edit *e, uint64_t thread, uint64_t user_id)
{
    struct world_member m;

    if (!world_find_member(e->world, e->g, user_id, &m))
        return;
    field_open(&e->j, "added_members", '[');
    json_open(&e->j, '{');
    field_id(&e->j, "id", thread);
    field_id(&e->j, "user_id", user_id);
    json_key(&e->j, "join_timestamp");
    json_put_time(&e->j, edit_wall(e));
    field_u64(&e->j, "flags", 0);
    json_key(&e->j, "member");
    world_write_member(e->world, e->g, &m, true, &e->j);
    json_key(&e->j, "presence");
    if (world_is_online(e->world, user_id))
        world_write_presence(e->world, user_id, &e->j);
    else
        json_put_null(&e->j);
    json_shut(&e->j, '}');
    json_shut(&e->j, ']');
}

/* Somebody comes or goes. A bot hears of itself without the intent, too. */
static void change_members(struct edit *e, uint64_t thread, uint64_t user_id, bool joins)
{
    cordage_json v;
    int64_t n;

    if (!edit_read(e, LIST_THREADS, thread, &v))
        return;
    n = cordage_json_int(json_get(v, "member_count"), 0) + (joins ? 1 : -1);
    n = n < 0 ? 0 : n > MEMBERS_SHOWN_MAX ? MEMBERS_SHOWN_MAX : n;
    edit_begin(e);
    field_u64(&e->j, "member_count", (uint64_t)n);
    edit_merge(e, LIST_THREADS, thread);
    edit_telling(e);
    field_id(&e->j, "id", thread);
    field_u64(&e->j, "member_count", (uint64_t)n);
    if (joins) {
        put_added(e, thread, user_id);
    } else {
        field_open(&e->j, "removed_member_ids", '[');
        json_put_id(&e->j, user_id);
        json_shut(&e->j, ']');
    }
    edit_told_about(e, "THREAD_MEMBERS_UPDATE", INTENT_GUILD_MEMBERS, user_id,
                    INTENT_GUILDS | INTENT_GUILD_MEMBERS);
}

bool life_thread_members(struct edit *e)
{
    uint64_t thread, user_id;

    if (!life_pick(e, LIST_THREADS, 0, &thread) || !life_pick_member(e, 1, &user_id))
        return false;
    change_members(e, thread, user_id, life_once_in(e, 2));
    return true;
}

static void forget_own_member(struct edit *e, uint64_t thread)
{
    uint32_t index;
    cordage_json v;

    if (!edit_read(e, LIST_THREADS, thread, &v))
        return;
    edit_begin(e);
    put_thread(e, v);
    if (edit_find(e, LIST_THREADS, thread, &index))
        edit_put(e, LIST_THREADS, thread);
}

void edit_thread_member(struct edit *e, uint64_t thread, uint64_t user_id, bool joins)
{
    bool is_first = user_id == e->world->bot_id;

    if (is_first && !joins)
        forget_own_member(e, thread);
    change_members(e, thread, user_id, joins);
    if (is_first && joins)
        keep_own_member(e, thread, 0);
}

/* The bot comes in, goes out, or is told that its settings changed. */
bool life_join_thread(struct edit *e)
{
    cordage_json v;
    uint64_t thread;

    if (!life_pick(e, LIST_THREADS, 0, &thread) ||
        world_stay(e->world, e->g, 0)->is_gone || !edit_read(e, LIST_THREADS, thread, &v))
        return false;
    if (json_is_absent(json_get(v, "member"))) {
        change_members(e, thread, e->world->bot_id, true);
        keep_own_member(e, thread, 0);
    } else if (life_once_in(e, 2)) {
        forget_own_member(e, thread);
        change_members(e, thread, e->world->bot_id, false);
    } else {
        keep_own_member(e, thread, 1 + life_below(e, 8));
        if (edit_read(e, LIST_THREADS, thread, &v))
            tell_own_member(e, thread, json_get(v, "member"));
    }
    return true;
}
