/* Members, the people they are, their presences and voices. */
#include <stdio.h>

#include "edit.h"
#include "isotime.h"
#include "json_copy.h"

enum { MEMBERS_MIN = 6, MEMBERS_MORE = 10000, NAMED = 5 };
#define IN_VOICE (1u << CHANNEL_VOICE | 1u << CHANNEL_STAGE)

/* ---- Joining and leaving -------------------------------------------------------- */

static void tell_presence(struct edit *e, uint64_t user_id, bool with_name)
{
    char name[64];

    edit_begin(e);
    field_id(&e->j, "guild_id", e->g->id);
    if (with_name) {
        field_open(&e->j, "user", '{');
        field_id(&e->j, "id", user_id);
        field_str(&e->j, "username", world_username(e->world, user_id, name));
        json_shut(&e->j, '}');
    }
    world_put_presence(e->world, user_id, !with_name, &e->j);
    edit_told(e, "PRESENCE_UPDATE", INTENT_GUILD_PRESENCES);
}

void edit_tell_presence(struct edit *e, uint64_t user_id)
{
    tell_presence(e, user_id, false);
}

/* Somebody who isn't a member yet; false: we met only members. */
static bool find_stranger(struct edit *e, uint64_t *user_id)
{
    struct world_member m;

    for (int i = 0; i < 16; i++) {
        uint64_t number = life_below(e, e->world->n_people);

        *user_id = world_person_id(e->world, (uint32_t)number);
        if (!world_find_member(e->world, e->g, *user_id, &m))
            return true;
    }
    return false;
}

bool life_add_member(struct edit *e)
{
    uint64_t user_id;

    /* Discord says it again, now and then, of those who are in already. */
    if (life_once_in(e, 8) && life_pick_member(e, 1, &user_id)) {
        edit_tell_member(e, "GUILD_MEMBER_ADD", user_id);
        return true;
    }
    if (e->g->n_members >= WORLD_MEMBERS_MAX + MEMBERS_MORE ||
        !find_stranger(e, &user_id))
        return false;
    e->err = changes_add_member(e->world, e->g, user_id);
    edit_begin(e);
    field_null(&e->j, "nick");
    field_null(&e->j, "avatar");
    field_null(&e->j, "banner");
    field_empty(&e->j, "roles", '[');
    json_key(&e->j, "joined_at");
    json_put_time(&e->j, edit_wall(e));
    field_null(&e->j, "premium_since");
    field_bool(&e->j, "deaf", false);
    field_bool(&e->j, "mute", false);
    field_u64(&e->j, "flags", life_once_in(e, 4) ? 1 : 0);
    field_bool(&e->j, "pending", life_once_in(e, 3));
    field_null(&e->j, "communication_disabled_until");
    edit_merge(e, LIST_MEMBERS, user_id);
    edit_tell_member(e, "GUILD_MEMBER_ADD", user_id);
    if (world_is_online(e->world, user_id))
        edit_tell_presence(e, user_id);
    return true;
}

void edit_remove_member(struct edit *e, uint64_t user_id)
{
    edit_leave_voice(e, user_id);
    edit_remove(e, LIST_MEMBERS, user_id);
    edit_telling(e);
    json_key(&e->j, "user");
    world_write_user(e->world, user_id, &e->j);
    edit_told(e, "GUILD_MEMBER_REMOVE", INTENT_GUILD_MEMBERS);
}

bool life_remove_member(struct edit *e)
{
    uint64_t user_id;

    if (e->g->n_members < MEMBERS_MIN || !life_pick_member(e, 2, &user_id))
        return false;
    edit_remove_member(e, user_id);
    return true;
}

/* ---- Changing ------------------------------------------------------------------- */

static void put_roles(struct edit *e, uint64_t user_id)
{
    uint32_t n = world_count(e->world, e->g, LIST_ROLES);

    field_open(&e->j, "roles", '[');
    if (world_is_bot(e->world, user_id))
        json_put_id(&e->j, world_role_id(e->g, 1));
    for (uint32_t i = 2; i < n; i++)
        if (life_once_in(e, 3))
            json_put_id(&e->j, world_role_id(e->g, i));
    json_shut(&e->j, ']');
}

static void put_time_or_null(struct edit *e, const char *key, uint64_t unix_ms)
{
    json_key(&e->j, key);
    if (life_once_in(e, 3))
        json_put_null(&e->j);
    else
        json_put_time(&e->j, unix_ms);
}

/* Discord leaves deaf and mute out where they are as before. */
static void tell_briefly(struct edit *e, uint64_t user_id)
{
    cordage_json member;
    struct json_iter it;

    if (!edit_read(e, LIST_MEMBERS, user_id, &member))
        return;
    edit_telling(e);
    json_key(&e->j, "user");
    world_write_user(e->world, user_id, &e->j);
    for (bool more = json_first(member, &it); more; more = json_next(&it)) {
        if (str_is(it.key, "deaf") || str_is(it.key, "mute"))
            continue;
        json_key_str(&e->j, it.key);
        json_copy(&e->j, it.value);
    }
    edit_told_about(e, "GUILD_MEMBER_UPDATE", INTENT_GUILD_MEMBERS, user_id, 0);
}

bool life_change_member(struct edit *e)
{
    uint64_t user_id, what = life_below(e, 6);

    if (!life_pick_member(e, life_once_in(e, 6) ? 0 : 1, &user_id))
        return false;
    if (world_is_bot(e->world, user_id))
        what %= 2;
    edit_begin(e);
    switch (what) {
    case 0:
        field_z(&e->j, "nick",
                life_once_in(e, 3) ? NULL : "Cap'n \"Nick\" 🏴‍☠️");
        break;
    case 1:
        put_roles(e, user_id);
        break;
    case 2:
        put_time_or_null(e, "communication_disabled_until", edit_wall(e) + 600000);
        break;
    case 3:
        put_time_or_null(e, "premium_since", edit_wall(e));
        field_z(&e->j, "avatar", "0e4b2a96d7c84f13a5b6c7d8e9f00112");
        break;
    case 4:
        field_bool(&e->j, "mute", life_once_in(e, 2));
        field_bool(&e->j, "deaf", life_once_in(e, 2));
        break;
    default:
        field_bool(&e->j, "pending", false);
        field_u64(&e->j, "flags", life_below(e, 8));
    }
    edit_merge(e, LIST_MEMBERS, user_id);
    if (what != 4 && life_once_in(e, 2))
        tell_briefly(e, user_id);
    else
        edit_tell_member(e, "GUILD_MEMBER_UPDATE", user_id);
    return true;
}

/* ---- People --------------------------------------------------------------------- */

/* Does `tell` for each guild that the person is in. */
static void tell_everywhere(struct edit *e, uint64_t user_id,
                            void (*tell)(struct edit *e, uint64_t user_id))
{
    struct world_guild *here = e->g;
    struct world_member m;

    for (uint32_t i = 0; i < e->world->n_guilds; i++) {
        e->g = &e->world->guilds[i];
        if (!e->g->is_gone && world_find_member(e->world, e->g, user_id, &m))
            tell(e, user_id);
    }
    e->g = here;
}

static void tell_changed_user(struct edit *e, uint64_t user_id)
{
    edit_tell_member(e, "GUILD_MEMBER_UPDATE", user_id);
}

static void change_user(struct edit *e, uint64_t user_id)
{
    char text[64];

    edit_begin(e);
    switch (life_below(e, 3)) {
    case 0:
        snprintf(text, sizeof text, "renamed.%u", (unsigned)life_below(e, 100000));
        field_z(&e->j, "username", text);
        break;
    case 1:
        snprintf(text, sizeof text, "%016llx%016llx",
                 (unsigned long long)rng_next(&e->sim->life.rng),
                 (unsigned long long)rng_next(&e->sim->life.rng));
        field_z(&e->j, "avatar", life_once_in(e, 4) ? NULL : text);
        break;
    default:
        if (world_is_bot(e->world, user_id))
            field_u64(&e->j, "public_flags", 65536 + life_below(e, 2));
        else
            field_z(&e->j, "global_name", life_once_in(e, 4) ? NULL : "Új \"Név\" 🐙");
    }
    edit_merge_user(e, user_id);
}

bool life_change_person(struct edit *e)
{
    uint64_t user_id;

    if (!life_pick_member(e, 1, &user_id))
        return false;
    change_user(e, user_id);
    tell_everywhere(e, user_id, tell_changed_user);
    return true;
}

bool life_change_bot(struct edit *e)
{
    uint32_t bot = life_pick_bot(e);
    uint64_t id = e->world->bots[bot];

    change_user(e, id);
    edit_begin(e);
    world_put_self(e->world, bot, &e->j);
    edit_told_to_first(e, "USER_UPDATE", 0, bot);
    tell_everywhere(e, id, tell_changed_user);
    return true;
}

/* ---- Presences ------------------------------------------------------------------ */

static void put_activities(struct edit *e)
{
    uint64_t n = life_below(e, 3), type;

    field_open(&e->j, "activities", '[');
    for (uint64_t i = 0; i < n; i++) {
        type = life_below(e, 6);
        json_open(&e->j, '{');
        field_z(&e->j, "name", type == 4 ? "Custom Status" : "Rope \"Tycoon\"");
        field_u64(&e->j, "type", type);
        field_u64(&e->j, "created_at", edit_wall(e) - life_below(e, 100000));
        if (type == 1)
            field_z(&e->j, "url", "https://www.twitch.tv/tidewater");
        if (type == 4)
            field_z(&e->j, "state", "うみ");
        if (life_once_in(e, 3))
            field_z(&e->j, "details", "knot 7 of 12");
        json_shut(&e->j, '}');
    }
    json_shut(&e->j, ']');
}

static void tell_plain_presence(struct edit *e, uint64_t user_id)
{
    tell_presence(e, user_id, false);
}

static void tell_named_presence(struct edit *e, uint64_t user_id)
{
    tell_presence(e, user_id, true);
}

static bool is_listened_to(const struct sim *s)
{
    for (struct link *l = s->sessions.next; l != &s->sessions; l = l->next)
        if (CONTAINER_OF(l, struct sim_session, link)->wants.intents &
            INTENT_GUILD_PRESENCES)
            return true;
    return false;
}

void edit_show(struct edit *e, uint64_t user_id)
{
    edit_put_presence(e, user_id);
    if (is_listened_to(e->sim))
        tell_everywhere(e, user_id, tell_plain_presence);
}

bool life_change_presence(struct edit *e)
{
    static const char *const statuses[] = { "online", "idle", "dnd", "offline" };
    const char *status = statuses[life_below(e, 4)];
    bool is_offline = status == statuses[3];
    uint64_t user_id;

    if (!life_pick_member(e, 1, &user_id))
        return false;
    edit_begin(e);
    field_z(&e->j, "status", status);
    if (is_offline)
        field_empty(&e->j, "activities", '[');
    else
        put_activities(e);
    field_open(&e->j, "client_status", '{');
    if (!is_offline)
        field_z(&e->j, life_once_in(e, 2) ? "desktop" : "mobile", status);
    if (!is_offline && life_once_in(e, 4))
        field_z(&e->j, "web", "idle");
    json_shut(&e->j, '}');
    edit_put_presence(e, user_id);
    tell_everywhere(e, user_id,
                    life_once_in(e, NAMED) ? tell_named_presence : tell_plain_presence);
    return true;
}

/* ---- Voice ---------------------------------------------------------------------- */

/* How many are in there, the bots too. */
static uint32_t count_in(const struct edit *e, uint64_t channel)
{
    const struct change_list *l = &e->g->changes->lists[LIST_VOICE];
    uint32_t n = 0;

    for (uint32_t bot = 0; bot < e->world->n_bots; bot++)
        n += world_stay(e->world, e->g, bot)->voice_channel == channel;
    for (uint32_t i = 0; i < l->n; i++)
        n += l->entries[i].parent == channel;
    return n;
}

/* The first one in starts the clock, the last one out stops it. */
static void tell_start_time(struct edit *e, uint64_t channel, bool runs)
{
    uint64_t seconds = edit_wall(e) / 1000;
    uint32_t index;

    for (int telling = 0; telling < 2; telling++) {
        if (telling) {
            edit_telling(e);
            field_id(&e->j, "id", channel);
        } else {
            edit_begin(e);
        }
        json_key(&e->j, "voice_start_time");
        if (runs)
            json_put_u64(&e->j, seconds);
        else
            json_put_null(&e->j);
        if (telling)
            edit_told(e, "VOICE_CHANNEL_START_TIME_UPDATE", INTENT_GUILDS);
        else if (edit_find(e, LIST_VOICE_INFO, channel, &index))
            edit_merge(e, LIST_VOICE_INFO, channel);
        else
            edit_put(e, LIST_VOICE_INFO, channel);
    }
}

void edit_leave_voice(struct edit *e, uint64_t user_id)
{
    struct change_entry *entry = e->err ? NULL : changes_find(e->g, LIST_VOICE, user_id);
    uint64_t channel = entry ? entry->parent : 0;

    if (!entry)
        return;
    edit_begin(e);
    field_null(&e->j, "channel_id");
    edit_merge(e, LIST_VOICE, user_id);
    edit_tell_voice(e, user_id);
    edit_remove(e, LIST_VOICE, user_id);
    if (!e->err && count_in(e, channel) == 0)
        tell_start_time(e, channel, false);
}

static void join_voice(struct edit *e, uint64_t user_id, uint64_t channel, bool on_stage)
{
    char session[33];

    snprintf(session, sizeof session, "%016llx%016llx",
             (unsigned long long)rng_next(&e->sim->life.rng),
             (unsigned long long)user_id);
    edit_begin(e);
    field_id(&e->j, "channel_id", channel);
    field_id(&e->j, "user_id", user_id);
    field_z(&e->j, "session_id", session);
    field_bool(&e->j, "deaf", false);
    field_bool(&e->j, "mute", false);
    field_bool(&e->j, "self_deaf", life_once_in(e, 3));
    field_bool(&e->j, "self_mute", life_once_in(e, 2));
    field_bool(&e->j, "self_video", false);
    field_bool(&e->j, "suppress", on_stage);
    field_null(&e->j, "request_to_speak_timestamp");
    edit_put(e, LIST_VOICE, user_id);
    edit_tell_voice(e, user_id);
    if (!e->err && count_in(e, channel) == 1)
        tell_start_time(e, channel, true);
}

static void change_voice(struct edit *e, uint64_t user_id)
{
    edit_begin(e);
    switch (life_below(e, 3)) {
    case 0:
        field_bool(&e->j, "self_mute", life_once_in(e, 2));
        break;
    case 1:
        field_bool(&e->j, "self_stream", life_once_in(e, 2));
        field_bool(&e->j, "self_video", life_once_in(e, 2));
        break;
    default:
        put_time_or_null(e, "request_to_speak_timestamp", edit_wall(e));
        field_bool(&e->j, "suppress", life_once_in(e, 2));
    }
    edit_merge(e, LIST_VOICE, user_id);
    edit_tell_voice(e, user_id);
}

static void move_voice(struct edit *e, uint64_t user_id, uint64_t from, uint64_t to)
{
    edit_begin(e);
    field_id(&e->j, "channel_id", to);
    edit_merge(e, LIST_VOICE, user_id);
    edit_tell_voice(e, user_id);
    if (e->err || from == to)
        return;
    if (count_in(e, from) == 0)
        tell_start_time(e, from, false);
    if (count_in(e, to) == 1)
        tell_start_time(e, to, true);
}

bool life_voice(struct edit *e)
{
    uint64_t user_id, channel;
    struct change_entry *in, *where;

    if (!life_pick_type(e, LIST_CHANNELS, 0, IN_VOICE, &channel))
        return false;
    where = changes_find(e->g, LIST_CHANNELS, channel);
    if (life_once_in(e, 2) && life_pick(e, LIST_VOICE, 0, &user_id)) {
        in = changes_find(e->g, LIST_VOICE, user_id);
        if (life_once_in(e, 3))
            edit_leave_voice(e, user_id);
        else if (life_once_in(e, 2))
            move_voice(e, user_id, in->parent, channel);
        else
            change_voice(e, user_id);
        return true;
    }
    if (!life_pick_member(e, 1, &user_id) || changes_find(e->g, LIST_VOICE, user_id))
        return false;
    join_voice(e, user_id, channel, where->type == CHANNEL_STAGE);
    return true;
}
