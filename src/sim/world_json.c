/* How the world looks to clients. Bodies have the keys that Discord's have on the wire,
 * also those that its documentation leaves out and that client libraries read. */
#include <stdio.h>
#include <string.h>

#include "changes.h"
#include "field.h"
#include "isotime.h"
#include "seed.h"

enum { MANY_MEMBERS = 75000 /* GUILD_CREATE omits most members of a larger guild */ };

static const struct world_person *person(const struct world *w, uint64_t user_id)
{
    return w->people.n ? map_get(&w->people, user_id) : NULL;
}

/* ---- Users and members ---------------------------------------------------------- */

static void put_user(const struct world *w, uint64_t user_id, struct json_writer *j)
{
    const struct world_person *p = person(w, user_id);

    if (p && p->user)
        field_members(j, str_of(p->user));
    else
        seed_put_user(w, user_id, j);
}

void world_write_user(const struct world *w, uint64_t user_id, struct json_writer *j)
{
    json_open(j, '{');
    put_user(w, user_id, j);
    json_shut(j, '}');
}

void world_put_self(const struct world *w, uint32_t bot, struct json_writer *j)
{
    put_user(w, w->bots[bot], j);
    field_u64(j, "flags", 0);
    field_bool(j, "mfa_enabled", true);
    field_bool(j, "verified", true);
    field_null(j, "email");
    field_z(j, "locale", "en-US");
    field_u64(j, "premium_type", 0);
    field_null(j, "banner");
    field_null(j, "accent_color");
    field_z(j, "bio", "");
}

void world_write_self(const struct world *w, uint32_t bot, struct json_writer *j)
{
    json_open(j, '{');
    world_put_self(w, bot, j);
    json_shut(j, '}');
}

void world_write_mention(const struct world *w, const struct world_guild *g,
                         const struct world_member *m, bool with_member,
                         struct json_writer *j)
{
    json_open(j, '{');
    put_user(w, m->user_id, j);
    if (with_member) {
        json_key(j, "member");
        world_write_member(w, g, m, false, j);
    }
    json_shut(j, '}');
}

void world_put_member(const struct world *w, const struct world_guild *g,
                      const struct world_member *m, bool with_user, struct json_writer *j)
{
    if (with_user) {
        json_key(j, "user");
        world_write_user(w, m->user_id, j);
    }
    world_put(w, g, LIST_MEMBERS, m->index, j);
}

void world_write_member(const struct world *w, const struct world_guild *g,
                        const struct world_member *m, bool with_user,
                        struct json_writer *j)
{
    json_open(j, '{');
    world_put_member(w, g, m, with_user, j);
    json_shut(j, '}');
}

void world_put_presence(const struct world *w, uint64_t user_id, bool with_user,
                        struct json_writer *j)
{
    const struct world_person *p = person(w, user_id);

    if (with_user) {
        field_open(j, "user", '{');
        field_id(j, "id", user_id);
        json_shut(j, '}');
    }
    if (p && p->presence)
        field_members(j, str_of(p->presence));
    else
        seed_put_presence(w, user_id, j);
}

void world_write_presence(const struct world *w, uint64_t user_id, struct json_writer *j)
{
    json_open(j, '{');
    world_put_presence(w, user_id, true, j);
    json_shut(j, '}');
}

/* ---- Voice ---------------------------------------------------------------------- */

void world_write_bot_voice(const struct world *w, const struct world_guild *g,
                           uint32_t bot, bool with_guild, struct json_writer *j)
{
    const struct world_stay *stay = world_stay(w, g, bot);
    uint64_t user_id = w->bots[bot];
    struct world_member m;
    char session[33];

    json_open(j, '{');
    if (with_guild) {
        field_id(j, "guild_id", g->id);
        if (world_find_member(w, g, user_id, &m)) {
            json_key(j, "member");
            world_write_member(w, g, &m, true, j);
        }
    }
    snprintf(session, sizeof session, "%016llx%016llx",
             (unsigned long long)stay->voice_session, (unsigned long long)user_id);
    field_id(j, "channel_id", stay->voice_channel);
    field_id(j, "user_id", user_id);
    field_z(j, "session_id", session);
    field_bool(j, "deaf", false);
    field_bool(j, "mute", false);
    field_bool(j, "self_deaf", stay->voice_deaf);
    field_bool(j, "self_mute", stay->voice_mute);
    field_bool(j, "self_video", false);
    field_bool(j, "suppress", false);
    field_null(j, "request_to_speak_timestamp");
    json_shut(j, '}');
}

bool world_is_in_voice(const struct world *w, const struct world_guild *g,
                       uint64_t user_id)
{
    uint32_t index, bot = world_find_bot(w, user_id);

    return world_find(w, g, LIST_VOICE, user_id, &index) ||
           (bot != WORLD_BOTS_MAX && world_stay(w, g, bot)->voice_channel);
}

static void write_voice_states(const struct world *w, const struct world_guild *g,
                               struct json_writer *j)
{
    field_open(j, "voice_states", '[');
    for (uint32_t bot = 0; bot < w->n_bots; bot++)
        if (world_stay(w, g, bot)->voice_channel)
            world_write_bot_voice(w, g, bot, false, j);
    for (uint32_t i = 0; i < world_count(w, g, LIST_VOICE); i++)
        world_write(w, g, LIST_VOICE, i, j);
    json_shut(j, ']');
}

/* ---- Channels ------------------------------------------------------------------- */

/* Whether one of the object's own members has this name. A quote inside of a string has a
 * backslash before it, so that nothing else looks like `"key":`; no object inside of a
 * channel has such a key. */
static bool has_key(struct str text, const char *quoted)
{
    return str_find(text, str_of(quoted)) != SIZE_MAX;
}

/* GUILD_CREATE leaves out what has its default; REST and CHANNEL_UPDATE don't. */
void world_write_channel(const struct world *w, const struct world_guild *g,
                         uint32_t index, bool with_guild, struct json_writer *j)
{
    size_t from = j->out->n;
    struct str text;

    json_open(j, '{');
    world_put(w, g, LIST_CHANNELS, index, j);
    text = (struct str){ j->out->p + from, j->out->n - from };
    if (with_guild && !j->err) {
        bool is_category = world_channel_type(g, index) == CHANNEL_CATEGORY;

        if (is_category && !has_key(text, "\"parent_id\":"))
            field_null(j, "parent_id");
        if (!is_category && !has_key(text, "\"nsfw\":"))
            field_bool(j, "nsfw", false);
        field_id(j, "guild_id", g->id);
    }
    json_shut(j, '}');
}

/* ---- Guilds --------------------------------------------------------------------- */

static void put_own(const struct world *w, const struct world_guild *g,
                    struct json_writer *j)
{
    if (g->changes)
        field_members(j, str_of(g->changes->guild));
    else
        seed_put_guild(w, g, j);
}

static void put_list(const struct world *w, const struct world_guild *g, const char *key,
                     enum world_list list, struct json_writer *j)
{
    json_key(j, key);
    world_write_list(w, g, list, j);
}

void world_put_plain(const struct world *w, const struct world_guild *g,
                     struct json_writer *j)
{
    put_own(w, g, j);
    put_list(w, g, "roles", LIST_ROLES, j);
    put_list(w, g, "emojis", LIST_EMOJIS, j);
    put_list(w, g, "stickers", LIST_STICKERS, j);
}

/* A member who was changed is told of as well, which nobody forbids. */
static bool stands_out(const struct world *w, const struct world_guild *g,
                       const struct world_member *m)
{
    return (g->changes && g->changes->lists[LIST_MEMBERS].entries[m->index].text) ||
           seed_member_stands_out(w, g, m->user_id);
}

/* Which members GUILD_CREATE names: all of a small guild if presences were asked for;
 * those online, with a role or nickname, or in voice of a large one; else the bot and who
 * is in voice. */
static bool is_named(const struct world *w, const struct world_guild *g,
                     const struct world_create *c, const struct world_member *m)
{
    if (c->all || m->user_id == w->bots[c->bot])
        return true;
    if (c->presences && g->n_members <= MANY_MEMBERS)
        return g->n_members <= c->large_threshold || world_is_online(w, m->user_id) ||
               stands_out(w, g, m) || world_is_in_voice(w, g, m->user_id);
    return world_is_in_voice(w, g, m->user_id);
}

/* Those who are named in any case are few: looking each of them up beats asking all. */
static void write_few_people(const struct world *w, const struct world_guild *g,
                             uint32_t me, struct json_writer *j)
{
    struct world_member m;

    field_open(j, "members", '[');
    for (uint32_t bot = 0; bot < w->n_bots; bot++)
        if ((bot == me || world_stay(w, g, bot)->voice_channel) &&
            world_find_member(w, g, w->bots[bot], &m))
            world_write_member(w, g, &m, true, j);
    for (uint32_t i = 0; i < world_count(w, g, LIST_VOICE); i++)
        if (world_find_member(w, g, world_id_at(w, g, LIST_VOICE, i), &m))
            world_write_member(w, g, &m, true, j);
    json_shut(j, ']');
    field_empty(j, "presences", '[');
}

static void write_people(const struct world *w, const struct world_guild *g,
                         const struct world_create *c, struct json_writer *j)
{
    if (!c->presences && !c->all) {
        write_few_people(w, g, c->bot, j);
        return;
    }
    field_open(j, "members", '[');
    for (uint32_t i = 0; i < g->n_members; i++) {
        struct world_member m = world_member(w, g, i);

        if (is_named(w, g, c, &m))
            world_write_member(w, g, &m, true, j);
    }
    json_shut(j, ']');
    field_open(j, "presences", '[');
    for (uint32_t i = 0; i < g->n_members; i++) {
        struct world_member m = world_member(w, g, i);

        if (world_is_online(w, m.user_id) && is_named(w, g, c, &m))
            world_write_presence(w, m.user_id, j);
    }
    json_shut(j, ']');
}

/* Takes the flat object `member` out of a thread that was written from `at`. It is never
 * the first of its members. */
static void cut_member(struct json_writer *j, size_t at)
{
    struct str text = { j->out->p + at, j->out->n - at };
    size_t from = str_find(text, STR(",\"member\":{")), n;

    if (j->err || from == SIZE_MAX)
        return;
    text.p += from;
    text.n -= from;
    n = str_find(text, STR("}")) + 1;
    memmove(j->out->p + at + from, text.p + n, text.n - n);
    j->out->n -= n;
}

/* It is the first bot's membership that is known: the others are in no threads. */
static void write_threads(const struct world *w, const struct world_guild *g,
                          uint32_t bot, struct json_writer *j)
{
    uint32_t n = world_count(w, g, LIST_THREADS);

    field_open(j, "threads", '[');
    for (uint32_t i = 0; i < n; i++) {
        size_t at = j->out->n;

        world_write(w, g, LIST_THREADS, i, j);
        if (bot)
            cut_member(j, at);
    }
    json_shut(j, ']');
}

static void write_created(const struct world *w, const struct world_guild *g,
                          const struct world_create *c, struct json_writer *j)
{
    uint64_t added_at = world_stay(w, g, c->bot)->added_at;

    json_key(j, "joined_at");
    json_put_time(j, added_at ? added_at : seed_joined_ms(w, g, w->bots[c->bot]));
    field_bool(j, "large", g->n_members > c->large_threshold);
    if (!c->joined)
        field_bool(j, "unavailable", c->all && g->unavailable);
    field_bool(j, "lazy", true);
    field_u64(j, "member_count", g->n_members);
    write_voice_states(w, g, j);
    write_people(w, g, c, j);
    put_list(w, g, "channels", LIST_CHANNELS, j);
    write_threads(w, g, c->bot, j);
    put_list(w, g, "stage_instances", LIST_STAGES, j);
    put_list(w, g, "guild_scheduled_events", LIST_EVENTS, j);
    put_list(w, g, "soundboard_sounds", LIST_SOUNDS, j);
    field_empty(j, "embedded_activities", '[');
    field_empty(j, "application_command_counts", '{');
}

void world_put_guild(const struct world *w, const struct world_guild *g,
                     const struct world_create *create, struct json_writer *j)
{
    world_put_plain(w, g, j);
    if (create) {
        write_created(w, g, create, j);
    } else {
        field_bool(j, "widget_enabled", false);
        field_null(j, "widget_channel_id");
        field_null(j, "max_presences");
    }
}

void world_write_guild(const struct world *w, const struct world_guild *g,
                       const struct world_create *create, struct json_writer *j)
{
    json_open(j, '{');
    world_put_guild(w, g, create, j);
    json_shut(j, '}');
}
