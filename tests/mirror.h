/* mirror.h - a plain follower of events: what a client that applied them all would know.
 *
 * It keeps each object's JSON and does what Discord's documentation says of each event,
 * as simply as can be; then it is held against the simulator's truth. Only for tests. */
#ifndef MIRROR_H
#define MIRROR_H

#include "json_copy.h"
#include "sim_rig.h"

struct mirror_object {
    const char *list; /* as GUILD_CREATE's key; "guild" for the guild itself */
    uint64_t guild, id;
    struct buf json;
};

struct mirror {
    struct mirror_object *objects;
    size_t n, size;
    struct json_parser *parsers[2];
    bool grows; /* members that GUILD_CREATE doesn't list may be missing */
};

static const char *const mirror_lists[] = { "channels",
                                            "threads",
                                            "roles",
                                            "emojis",
                                            "stickers",
                                            "soundboard_sounds",
                                            "members",
                                            "presences",
                                            "voice_states",
                                            "stage_instances",
                                            "guild_scheduled_events" };
enum { MIRROR_LISTS = sizeof mirror_lists / sizeof *mirror_lists };

static inline void mirror_init(struct mirror *m)
{
    *m = (struct mirror){ .parsers = { json_parser_new(), json_parser_new() } };
}

static inline void mirror_release(struct mirror *m)
{
    for (size_t i = 0; i < m->n; i++)
        buf_release(&m->objects[i].json);
    free(m->objects);
    json_parser_free(m->parsers[0]);
    json_parser_free(m->parsers[1]);
}

static inline struct mirror_object *mirror_find(struct mirror *m, const char *list,
                                                uint64_t guild, uint64_t id)
{
    for (size_t i = 0; i < m->n; i++) {
        struct mirror_object *o = &m->objects[i];

        if (o->guild == guild && o->id == id && strcmp(o->list, list) == 0)
            return o;
    }
    return NULL;
}

static inline void mirror_remove_object(struct mirror *m, struct mirror_object *o)
{
    buf_release(&o->json);
    *o = m->objects[--m->n];
}

static inline bool mirror_remove(struct mirror *m, const char *list, uint64_t guild,
                                 uint64_t id)
{
    struct mirror_object *o = mirror_find(m, list, guild, id);

    if (o)
        mirror_remove_object(m, o);
    return o != NULL;
}

/* Everything of a guild, or of one of its lists. */
static inline void mirror_forget(struct mirror *m, const char *list, uint64_t guild)
{
    for (size_t i = m->n; i-- > 0;)
        if (m->objects[i].guild == guild &&
            (!list || strcmp(m->objects[i].list, list) == 0))
            mirror_remove_object(m, &m->objects[i]);
}

static inline struct mirror_object *mirror_make(struct mirror *m, const char *list,
                                                uint64_t guild, uint64_t id)
{
    struct mirror_object *o = mirror_find(m, list, guild, id);

    if (o)
        return o;
    if (m->n == m->size) {
        m->size = m->size ? m->size * 2 : 256;
        m->objects = realloc(m->objects, m->size * sizeof *m->objects);
        assert_non_null(m->objects);
    }
    m->objects[m->n] = (struct mirror_object){ .list = list, .guild = guild, .id = id };
    return &m->objects[m->n++];
}

static inline bool mirror_skips(const char *const *skip, struct str key)
{
    for (; skip && *skip; skip++)
        if (str_is(key, *skip))
            return true;
    return false;
}

/* Members of `v` replace those that are known; but for those on `skip`. */
static inline void mirror_merge(struct mirror *m, const char *list, uint64_t guild,
                                uint64_t id, cordage_json v, const char *const *skip)
{
    struct mirror_object *o = mirror_make(m, list, guild, id);
    struct buf made = { 0 };
    cordage_json old = { 0 };
    struct json_writer w;
    struct json_iter it;
    char key[64];

    if (o->json.n)
        CHECK_INT(json_parse(m->parsers[0], buf_str(&o->json), &old), 0);
    json_begin(&w, &made);
    json_open(&w, '{');
    for (bool more = json_first(v, &it); more; more = json_next(&it)) {
        if (mirror_skips(skip, it.key))
            continue;
        json_key_str(&w, it.key);
        json_copy(&w, it.value);
    }
    for (bool more = json_first(old, &it); more; more = json_next(&it)) {
        snprintf(key, sizeof key, "%.*s", STR_FMT(it.key));
        if (!json_is_absent(json_get(v, key)) && !mirror_skips(skip, it.key))
            continue;
        json_key_str(&w, it.key);
        json_copy(&w, it.value);
    }
    json_shut(&w, '}');
    CHECK_INT(json_end(&w), 0);
    buf_release(&o->json);
    o->json = made;
}

static inline void mirror_put(struct mirror *m, const char *list, uint64_t guild,
                              uint64_t id, cordage_json v)
{
    static const char *const skip[] = { "guild_id", "newly_created", NULL };

    mirror_remove(m, list, guild, id);
    mirror_merge(m, list, guild, id, v, skip);
}

static inline uint64_t mirror_id(cordage_json v, const char *key)
{
    uint64_t id = 0;

    json_id(json_get(v, key), &id);
    return id;
}

/* The id of an object of this list. */
static inline uint64_t mirror_key(const char *list, cordage_json v)
{
    if (strcmp(list, "members") == 0 || strcmp(list, "presences") == 0)
        return mirror_id(json_get(v, "user"), "id");
    if (strcmp(list, "voice_states") == 0)
        return mirror_id(v, "user_id");
    if (strcmp(list, "soundboard_sounds") == 0)
        return mirror_id(v, "sound_id");
    return mirror_id(v, "id");
}

static inline void mirror_put_list(struct mirror *m, const char *list, uint64_t guild,
                                   cordage_json v)
{
    struct json_iter it;

    for (bool more = json_first(v, &it); more; more = json_next(&it)) {
        CHECK(mirror_key(list, it.value) != 0);
        mirror_put(m, list, guild, mirror_key(list, it.value), it.value);
    }
}

static const char *const mirror_no_lists[] = { "channels",
                                               "threads",
                                               "roles",
                                               "emojis",
                                               "stickers",
                                               "members",
                                               "soundboard_sounds",
                                               "presences",
                                               "voice_states",
                                               "stage_instances",
                                               "guild_scheduled_events",
                                               "unavailable",
                                               NULL };

static inline void mirror_guild_create(struct mirror *m, cordage_json d)
{
    uint64_t guild = mirror_id(d, "id");

    mirror_forget(m, NULL, guild);
    mirror_merge(m, "guild", guild, guild, d, mirror_no_lists);
    for (int i = 0; i < MIRROR_LISTS; i++)
        mirror_put_list(m, mirror_lists[i], guild, json_get(d, mirror_lists[i]));
}

static inline void mirror_guild_update(struct mirror *m, cordage_json d)
{
    static const char *const lists[] = { "roles", "emojis", "stickers" };
    uint64_t guild = mirror_id(d, "id");

    for (size_t i = 0; i < sizeof mirror_no_lists / sizeof *mirror_no_lists - 2; i++) {
        bool is_plain = false;

        for (size_t k = 0; k < 3; k++)
            is_plain |= strcmp(lists[k], mirror_no_lists[i]) == 0;
        CHECK(json_is_absent(json_get(d, mirror_no_lists[i])) == !is_plain);
    }
    CHECK(json_is_absent(json_get(d, "member_count")));
    mirror_merge(m, "guild", guild, guild, d, mirror_no_lists);
    for (int i = 0; i < 3; i++) {
        mirror_forget(m, lists[i], guild);
        mirror_put_list(m, lists[i], guild, json_get(d, lists[i]));
    }
}

/* A number of an object's goes up or down. */
static inline void mirror_count(struct mirror *m, const char *list, uint64_t guild,
                                uint64_t id, const char *key, int64_t by)
{
    struct mirror_object *o = mirror_find(m, list, guild, id);
    cordage_json old, update;
    struct buf text = { 0 };

    if (!o)
        return;
    CHECK_INT(json_parse(m->parsers[0], buf_str(&o->json), &old), 0);
    CHECK_INT(buf_printf(&text, "{\"%s\":%lld}", key,
                         (long long)(cordage_json_int(json_get(old, key), 0) + by)),
              0);
    CHECK_INT(json_parse(m->parsers[1], buf_str(&text), &update), 0);
    mirror_merge(m, list, guild, id, update, NULL);
    buf_release(&text);
}

/* Takes an id out of every `roles` of a list. */
static inline void mirror_strip(struct mirror *m, const char *list, uint64_t guild,
                                uint64_t role)
{
    for (size_t i = 0; i < m->n; i++) {
        struct mirror_object *o = &m->objects[i];
        struct buf text = { 0 };
        struct json_writer w;
        struct json_iter it;
        cordage_json v;
        uint64_t id = 0;

        if (o->guild != guild || strcmp(o->list, list) != 0)
            continue;
        CHECK_INT(json_parse(m->parsers[0], buf_str(&o->json), &v), 0);
        json_begin(&w, &text);
        json_open(&w, '{');
        json_key(&w, "roles");
        json_open(&w, '[');
        for (bool more = json_first(json_get(v, "roles"), &it); more;
             more = json_next(&it))
            if (json_id(it.value, &id) && id != role)
                json_put_id(&w, id);
        json_shut(&w, ']');
        json_shut(&w, '}');
        CHECK_INT(json_end(&w), 0);
        CHECK_INT(json_parse(m->parsers[1], buf_str(&text), &v), 0);
        mirror_merge(m, list, guild, o->id, v, NULL);
        buf_release(&text);
    }
}

/* What hangs on a channel goes with it. */
static inline void mirror_remove_below(struct mirror *m, const char *list, uint64_t guild,
                                       const char *key, uint64_t channel)
{
    for (size_t i = m->n; i-- > 0;) {
        struct mirror_object *o = &m->objects[i];
        cordage_json v;

        if (o->guild != guild || strcmp(o->list, list) != 0)
            continue;
        CHECK_INT(json_parse(m->parsers[0], buf_str(&o->json), &v), 0);
        if (mirror_id(v, key) == channel)
            mirror_remove_object(m, o);
    }
}

static inline void mirror_member(struct mirror *m, uint64_t guild, cordage_json d,
                                 bool is_new)
{
    static const char *const skip[] = { "guild_id", NULL };
    uint64_t id = mirror_id(json_get(d, "user"), "id");
    bool known = mirror_find(m, "members", guild, id) != NULL;

    mirror_merge(m, "members", guild, id, d, skip);
    if (is_new && !known)
        mirror_count(m, "guild", guild, guild, "member_count", 1);
}

static inline void mirror_voice(struct mirror *m, uint64_t guild, cordage_json d)
{
    static const char *const skip[] = { "guild_id", "member", NULL };
    uint64_t id = mirror_id(d, "user_id");

    CHECK(!json_is_absent(json_get(json_get(d, "member"), "user")));
    mirror_member(m, guild, json_get(d, "member"), false);
    mirror_remove(m, "voice_states", guild, id);
    if (mirror_id(d, "channel_id"))
        mirror_merge(m, "voice_states", guild, id, d, skip);
}

static inline void mirror_presence(struct mirror *m, uint64_t guild, cordage_json d)
{
    struct str status = STR("");
    uint64_t id = mirror_id(json_get(d, "user"), "id");

    CHECK(json_str(json_get(d, "status"), &status) && id);
    mirror_remove(m, "presences", guild, id);
    if (!str_is(status, "offline"))
        mirror_put(m, "presences", guild, id, d);
}

static inline void mirror_channel_delete(struct mirror *m, uint64_t guild, uint64_t id)
{
    CHECK(mirror_remove(m, "channels", guild, id));
    mirror_remove_below(m, "threads", guild, "parent_id", id);
    mirror_remove_below(m, "voice_states", guild, "channel_id", id);
    mirror_remove_below(m, "stage_instances", guild, "channel_id", id);
}

/* ---- Threads -------------------------------------------------------------------- */

static inline void mirror_thread(struct mirror *m, uint64_t guild, cordage_json d)
{
    static const char *const skip[] = { "guild_id", "newly_created", "member", NULL };
    static const char *const from_member[] = { "id", "user_id", "guild_id", NULL };
    uint64_t id = mirror_id(d, "id");
    cordage_json own = json_get(d, "member");

    if (cordage_json_true(json_get(json_get(d, "thread_metadata"), "archived"), false)) {
        mirror_remove(m, "threads", guild, id);
        mirror_remove(m, "own", guild, id);
        return;
    }
    mirror_merge(m, "threads", guild, id, d, skip);
    if (!json_is_absent(own)) {
        mirror_remove(m, "own", guild, id);
        mirror_merge(m, "own", guild, id, own, from_member);
    }
}

/* A forum's last message is its last post. */
static inline void mirror_post(struct mirror *m, uint64_t guild, cordage_json d)
{
    uint64_t parent = mirror_id(d, "parent_id");
    struct mirror_object *o = mirror_find(m, "channels", guild, parent);
    struct buf text = { 0 };
    cordage_json v;
    int64_t type;

    assert_non_null(o);
    CHECK_INT(json_parse(m->parsers[0], buf_str(&o->json), &v), 0);
    type = cordage_json_int(json_get(v, "type"), -1);
    if (type != 15 && type != 16)
        return;
    CHECK_INT(buf_printf(&text, "{\"last_message_id\":\"%llu\"}",
                         (unsigned long long)mirror_id(d, "id")),
              0);
    CHECK_INT(json_parse(m->parsers[1], buf_str(&text), &v), 0);
    mirror_merge(m, "channels", guild, parent, v, NULL);
    buf_release(&text);
}

static inline void mirror_own_member(struct mirror *m, uint64_t guild, uint64_t thread,
                                     cordage_json member)
{
    static const char *const skip[] = { "id",     "user_id",  "guild_id",
                                        "member", "presence", NULL };

    mirror_remove(m, "own", guild, thread);
    mirror_merge(m, "own", guild, thread, member, skip);
}

static inline void mirror_thread_members(struct mirror *m, uint64_t guild, uint64_t self,
                                         cordage_json d)
{
    uint64_t thread = mirror_id(d, "id"), id = 0;
    struct buf text = { 0 };
    struct json_iter it;
    cordage_json v;

    if (!mirror_find(m, "threads", guild, thread))
        return;
    CHECK_INT(buf_printf(&text, "{\"member_count\":%lld}",
                         (long long)cordage_json_int(json_get(d, "member_count"), -1)),
              0);
    CHECK_INT(json_parse(m->parsers[1], buf_str(&text), &v), 0);
    mirror_merge(m, "threads", guild, thread, v, NULL);
    buf_release(&text);
    for (bool more = json_first(json_get(d, "added_members"), &it); more;
         more = json_next(&it)) {
        mirror_member(m, guild, json_get(it.value, "member"), false);
        if (mirror_id(it.value, "user_id") == self)
            mirror_own_member(m, guild, thread, it.value);
    }
    for (bool more = json_first(json_get(d, "removed_member_ids"), &it); more;
         more = json_next(&it))
        if (json_id(it.value, &id) && id == self)
            mirror_remove(m, "own", guild, thread);
}

static inline void mirror_sync(struct mirror *m, uint64_t guild, cordage_json d)
{
    struct json_iter it;
    uint64_t id;

    CHECK(json_count(json_get(d, "channel_ids")));
    for (bool more = json_first(json_get(d, "channel_ids"), &it); more;
         more = json_next(&it))
        if (json_id(it.value, &id))
            mirror_remove_below(m, "threads", guild, "parent_id", id);
    for (bool more = json_first(json_get(d, "threads"), &it); more; more = json_next(&it))
        mirror_thread(m, guild, it.value);
    for (bool more = json_first(json_get(d, "members"), &it); more; more = json_next(&it))
        mirror_own_member(m, guild, mirror_id(it.value, "id"), it.value);
}

/* ---- Messages ------------------------------------------------------------------- */

static inline void mirror_message(struct mirror *m, uint64_t guild, cordage_json d)
{
    uint64_t channel = mirror_id(d, "channel_id");
    const char *list =
        mirror_find(m, "channels", guild, channel) ? "channels" : "threads";
    struct buf text = { 0 };
    cordage_json v;

    CHECK(mirror_find(m, list, guild, channel) != NULL);
    CHECK_INT(buf_printf(&text, "{\"last_message_id\":\"%llu\"}",
                         (unsigned long long)mirror_id(d, "id")),
              0);
    CHECK_INT(json_parse(m->parsers[1], buf_str(&text), &v), 0);
    mirror_merge(m, list, guild, channel, v, NULL);
    buf_release(&text);
    if (strcmp(list, "threads") == 0) {
        mirror_count(m, list, guild, channel, "message_count", 1);
        mirror_count(m, list, guild, channel, "total_message_sent", 1);
    }
}

/* ---- All events ----------------------------------------------------------------- */

static inline bool mirror_is(const char *name, const char *begin, const char *end)
{
    return str_starts(str_of(name), str_of(begin)) && str_ends(str_of(name), str_of(end));
}

/* CREATE, UPDATE and DELETE of one of a guild's objects. */
static inline bool mirror_simple(struct mirror *m, const char *name, uint64_t guild,
                                 cordage_json d)
{
    static const struct {
        const char *event, *list;
    } simple[] = { { "CHANNEL_", "channels" },
                   { "STAGE_INSTANCE_", "stage_instances" },
                   { "GUILD_SCHEDULED_EVENT_", "guild_scheduled_events" },
                   { "GUILD_SOUNDBOARD_SOUND_", "soundboard_sounds" } };

    for (size_t i = 0; i < sizeof simple / sizeof *simple; i++) {
        const char *list = simple[i].list, *event = simple[i].event;
        size_t n = strlen(event);
        uint64_t id = mirror_key(list, d), status;

        if (strncmp(name, event, n) != 0)
            continue;
        status = (uint64_t)cordage_json_int(json_get(d, "status"), 0);
        if (strcmp(name + n, "DELETE") == 0 && i == 0)
            mirror_channel_delete(m, guild, id);
        else if (strcmp(name + n, "DELETE") == 0 || (i == 2 && status > 2))
            CHECK(mirror_remove(m, list, guild, id));
        else if (strcmp(name + n, "CREATE") == 0)
            CHECK(mirror_find(m, list, guild, id) == NULL);
        else if (strcmp(name + n, "UPDATE") == 0)
            CHECK(mirror_find(m, list, guild, id) != NULL);
        else
            continue;
        if (strcmp(name + n, "DELETE") != 0 && !(i == 2 && status > 2))
            mirror_put(m, list, guild, id, d);
        return true;
    }
    return false;
}

static inline void mirror_list_event(struct mirror *m, const char *list, uint64_t guild,
                                     cordage_json v)
{
    mirror_forget(m, list, guild);
    mirror_put_list(m, list, guild, v);
}

static inline void mirror_apply(struct mirror *m, const char *name, uint64_t self,
                                cordage_json d)
{
    uint64_t guild = mirror_id(d, "guild_id"), id = mirror_id(d, "id");
    cordage_json role = json_get(d, "role"), user = json_get(d, "user");
    struct json_iter it;

    if (mirror_simple(m, name, guild, d))
        return;
    if (strcmp(name, "GUILD_CREATE") == 0) {
        mirror_guild_create(m, d);
        for (bool more = json_first(json_get(d, "threads"), &it); more;
             more = json_next(&it)) {
            mirror_remove(m, "threads", id, mirror_id(it.value, "id"));
            mirror_thread(m, id, it.value);
        }
    } else if (strcmp(name, "GUILD_DELETE") == 0) {
        if (json_is_absent(json_get(d, "unavailable")))
            mirror_forget(m, NULL, id);
    } else if (strcmp(name, "GUILD_UPDATE") == 0) {
        mirror_guild_update(m, d);
    } else if (strcmp(name, "GUILD_ROLE_CREATE") == 0 ||
               strcmp(name, "GUILD_ROLE_UPDATE") == 0) {
        mirror_put(m, "roles", guild, mirror_id(role, "id"), role);
    } else if (strcmp(name, "GUILD_ROLE_DELETE") == 0) {
        CHECK(mirror_remove(m, "roles", guild, mirror_id(d, "role_id")));
        mirror_strip(m, "members", guild, mirror_id(d, "role_id"));
        mirror_strip(m, "emojis", guild, mirror_id(d, "role_id"));
    } else if (strcmp(name, "GUILD_EMOJIS_UPDATE") == 0) {
        mirror_list_event(m, "emojis", guild, json_get(d, "emojis"));
    } else if (strcmp(name, "GUILD_STICKERS_UPDATE") == 0) {
        mirror_list_event(m, "stickers", guild, json_get(d, "stickers"));
    } else if (strcmp(name, "GUILD_SOUNDBOARD_SOUNDS_UPDATE") == 0) {
        mirror_put_list(m, "soundboard_sounds", guild, json_get(d, "soundboard_sounds"));
    } else if (strcmp(name, "GUILD_MEMBER_ADD") == 0) {
        mirror_member(m, guild, d, true);
    } else if (strcmp(name, "GUILD_MEMBER_UPDATE") == 0) {
        mirror_member(m, guild, d, false);
    } else if (strcmp(name, "GUILD_MEMBER_REMOVE") == 0) {
        mirror_remove(m, "members", guild, mirror_id(user, "id"));
        mirror_remove(m, "presences", guild, mirror_id(user, "id"));
        mirror_count(m, "guild", guild, guild, "member_count", -1);
    } else if (strcmp(name, "PRESENCE_UPDATE") == 0) {
        mirror_presence(m, guild, d);
    } else if (strcmp(name, "VOICE_STATE_UPDATE") == 0) {
        mirror_voice(m, guild, d);
    } else if (strcmp(name, "CHANNEL_PINS_UPDATE") == 0) {
        static const char *const skip[] = { "guild_id", "channel_id", NULL };

        mirror_merge(m, "channels", guild, mirror_id(d, "channel_id"), d, skip);
    } else if (strcmp(name, "THREAD_CREATE") == 0 || strcmp(name, "THREAD_UPDATE") == 0) {
        mirror_thread(m, guild, d);
        if (strcmp(name, "THREAD_CREATE") == 0)
            mirror_post(m, guild, d);
    } else if (strcmp(name, "THREAD_DELETE") == 0) {
        mirror_remove(m, "threads", guild, id);
        mirror_remove(m, "own", guild, id);
    } else if (strcmp(name, "THREAD_LIST_SYNC") == 0) {
        mirror_sync(m, guild, d);
    } else if (strcmp(name, "THREAD_MEMBER_UPDATE") == 0) {
        mirror_own_member(m, guild, id, d);
    } else if (strcmp(name, "THREAD_MEMBERS_UPDATE") == 0) {
        mirror_thread_members(m, guild, self, d);
    } else if (mirror_is(name, "GUILD_SCHEDULED_EVENT_USER_", "")) {
        mirror_count(m, "guild_scheduled_events", guild,
                     mirror_id(d, "guild_scheduled_event_id"), "user_count",
                     strcmp(name, "GUILD_SCHEDULED_EVENT_USER_ADD") == 0 ? 1 : -1);
    } else if (strcmp(name, "MESSAGE_CREATE") == 0) {
        mirror_message(m, guild, d);
    }
}

#endif
