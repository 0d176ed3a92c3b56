/* Users, members, presences and voice states of the seed. */
#include <stdio.h>

#include "field.h"
#include "isotime.h"
#include "seed.h"

static const char *const first_names[] = { "amber", "birch",  "cedar", "dorn",
                                           "elm",   "fennel", "gale",  "heron",
                                           "iris",  "juno",   "kelp",  "linden",
                                           "mira",  "nori",   "otter", "piper" };
static const char *const last_names[] = { "holt", "odell", "quay",   "marsh",
                                          "vale", "reed",  "strand", "wick",
                                          "ford", "lark",  "moss",   "thorn" };
static const char *const shown_names[] = {
    NULL,    "Mira",  "Jürgen Müller", "さくら", NULL,   "Zoë",          "Łukasz",
    "🌊 Kai", "Ольга", "O'Brien",       NULL,     "李雷", "Ana \"Tide\"", "Þórdís"
};
static const char *const games[] = { "Keelwright", "Café Simulator", "星の航海",
                                     "Lathe \"Pro\" 7" };

struct str seed_username(const struct world *w, uint64_t user_id, char out[64])
{
    uint32_t bot = world_find_bot(w, user_id);
    int n;

    if (bot == 0)
        n = snprintf(out, 64, "harbour-bot");
    else if (bot != WORLD_BOTS_MAX)
        n = snprintf(out, 64, "harbour-bot-%u", bot + 1);
    else
        n = snprintf(out, 64, "%s.%s%u", PICK(w, first_names, user_id, 'f'),
                     PICK(w, last_names, user_id, 'l'),
                     (unsigned)(world_chance(w, user_id, 'n') % 10000));
    return (struct str){ out, (size_t)n };
}

void seed_put_hash(const struct world *w, const char *key, uint64_t id, uint32_t what,
                   struct json_writer *j)
{
    uint64_t chance = world_chance(w, id, what);
    char hash[40];

    snprintf(hash, sizeof hash, "%s%016llx%016llx", chance % 5 == 0 ? "a_" : "",
             (unsigned long long)world_chance(w, id, what + 1000),
             (unsigned long long)chance);
    field_z(j, key, hash);
}

/* A hash for one in `n`, else null. */
static void put_rare_hash(const struct world *w, const char *key, uint64_t id,
                          uint32_t what, unsigned n, struct json_writer *j)
{
    if (world_chance(w, id, what) / 8 % n)
        field_null(j, key);
    else
        seed_put_hash(w, key, id, what, j);
}

/* ---- Users ---------------------------------------------------------------------- */

static void put_decoration(const struct world *w, uint64_t user_id, struct json_writer *j)
{
    if (world_chance(w, user_id, 'd') % 8) {
        field_null(j, "avatar_decoration_data");
        return;
    }
    field_open(j, "avatar_decoration_data", '{');
    seed_put_hash(w, "asset", user_id, 'D', j);
    field_id(j, "sku_id", 1144058844004233369ULL);
    field_null(j, "expires_at");
    json_shut(j, '}');
}

static void put_collectibles(const struct world *w, uint64_t user_id,
                             struct json_writer *j)
{
    if (world_chance(w, user_id, 'C') % 10) {
        field_null(j, "collectibles");
        return;
    }
    field_open(j, "collectibles", '{');
    field_open(j, "nameplate", '{');
    field_id(j, "sku_id", 1349849614198505602ULL);
    field_z(j, "asset", "nameplates/nameplates/twilight/");
    field_z(j, "label", "COLLECTIBLES_NAMEPLATES_TWILIGHT_A11Y");
    field_z(j, "palette", "cobalt");
    json_shut(j, '}');
    json_shut(j, '}');
}

static void put_primary_guild(const struct world *w, uint64_t user_id,
                              struct json_writer *j)
{
    if (world_chance(w, user_id, 'P') % 6 || !w->n_guilds) {
        field_null(j, "primary_guild");
        return;
    }
    field_open(j, "primary_guild", '{');
    field_id(j, "identity_guild_id",
             w->guilds[world_chance(w, user_id, 'G') % w->n_guilds].id);
    field_bool(j, "identity_enabled", true);
    field_z(j, "tag", "TIDE");
    field_z(j, "badge", "7d1734ae5a615e82bc7a4033b98fade8");
    json_shut(j, '}');
}

void seed_put_user(const struct world *w, uint64_t user_id, struct json_writer *j)
{
    static const uint32_t flags[] = { 0, 0, 0, 0, 64, 128, 256, 512, 4194304, 131072 };
    bool is_bot = world_is_bot(w, user_id);
    char name[64];

    field_id(j, "id", user_id);
    field_str(j, "username", seed_username(w, user_id, name));
    field_z(j, "discriminator", is_bot ? "4821" : "0");
    field_z(j, "global_name", is_bot ? NULL : PICK(w, shown_names, user_id, 'g'));
    put_rare_hash(w, "avatar", user_id, 'a', 2, j);
    if (is_bot)
        field_bool(j, "bot", true);
    field_u64(j, "public_flags", is_bot ? 65536 : PICK(w, flags, user_id, 'F'));
    put_decoration(w, user_id, j);
    put_collectibles(w, user_id, j);
    put_primary_guild(w, user_id, j);
}

/* ---- Members -------------------------------------------------------------------- */

uint64_t seed_joined_ms(const struct world *w, const struct world_guild *g,
                        uint64_t user_id)
{
    uint64_t later = world_chance(w, user_id ^ g->id, 'j') % (2ULL * 365 * 86400 * 1000);

    return (g->id >> 22) + WORLD_EPOCH_MS + later;
}

/* The bot has its own role; others may have those behind it. */
static bool has_role(const struct world *w, const struct world_guild *g, uint64_t user_id,
                     uint32_t role)
{
    if (world_is_bot(w, user_id))
        return role == 1;
    return role > 1 && world_chance(w, user_id ^ g->id, 'r' + role) % (role + 2) == 0;
}

static bool has_nick(const struct world *w, const struct world_guild *g, uint64_t user_id)
{
    return world_chance(w, user_id ^ g->id, 'm') % 7 == 0;
}

bool seed_member_stands_out(const struct world *w, const struct world_guild *g,
                            uint64_t user_id)
{
    if (has_nick(w, g, user_id))
        return true;
    for (uint32_t role = 1; role < seed_count(w, g, LIST_ROLES); role++)
        if (has_role(w, g, user_id, role))
            return true;
    return false;
}

static void put_rare_time(struct json_writer *j, const char *key, bool is_rare,
                          uint64_t unix_ms)
{
    json_key(j, key);
    if (is_rare)
        json_put_time(j, unix_ms);
    else
        json_put_null(j);
}

void seed_put_member(const struct world *w, const struct world_guild *g, uint64_t user_id,
                     struct json_writer *j)
{
    uint64_t id = user_id ^ g->id, joined = seed_joined_ms(w, g, user_id);
    uint64_t chance = world_chance(w, id, 'M');
    bool is_bot = world_is_bot(w, user_id);

    field_z(j, "nick", has_nick(w, g, user_id) ? PICK(w, shown_names, id, 'k') : NULL);
    put_rare_hash(w, "avatar", id, 'a', 10, j);
    put_rare_hash(w, "banner", id, 'b', 20, j);
    field_open(j, "roles", '[');
    for (uint32_t role = 1; role < seed_count(w, g, LIST_ROLES); role++)
        if (has_role(w, g, user_id, role))
            json_put_id(j, seed_id(w, g, LIST_ROLES, role));
    json_shut(j, ']');
    json_key(j, "joined_at");
    json_put_time(j, joined);
    put_rare_time(j, "premium_since", chance % 9 == 0, joined + chance % 8640000000);
    field_bool(j, "deaf", !is_bot && chance % 31 == 0);
    field_bool(j, "mute", !is_bot && chance % 29 == 0);
    field_u64(j, "flags", chance % 4 == 0 ? 2 : chance % 3 == 0);
    field_bool(j, "pending", !is_bot && chance % 23 == 0);
    /* Most of those who were timed out are free again. */
    put_rare_time(j, "communication_disabled_until", !is_bot && chance % 13 == 0,
                  chance % 3 ? joined + 60000 : 2556144000000ULL);
    put_decoration(w, id, j);
}

/* ---- Presences ------------------------------------------------------------------ */

bool seed_is_online(const struct world *w, uint64_t user_id)
{
    return world_is_bot(w, user_id) || world_chance(w, user_id, 'o') % 3 != 0;
}

static void put_custom_status(const struct world *w, uint64_t user_id,
                              struct json_writer *j)
{
    json_open(j, '{');
    field_z(j, "name", "Custom Status");
    field_u64(j, "type", 4);
    field_z(j, "state", "counting gulls 🐦");
    field_u64(j, "created_at",
              1700000000000ULL + world_chance(w, user_id, 'A') % 10000000000ULL);
    field_open(j, "emoji", '{');
    field_z(j, "name", "🌊");
    json_shut(j, '}');
    json_shut(j, '}');
}

static void put_game(const struct world *w, uint64_t user_id, struct json_writer *j)
{
    uint64_t when = 1700000000000ULL + world_chance(w, user_id, 'B') % 10000000000ULL;

    json_open(j, '{');
    field_z(j, "name", PICK(w, games, user_id, 'p'));
    field_u64(j, "type", 0);
    field_u64(j, "created_at", when);
    field_id(j, "application_id", 1103910215352320007ULL);
    field_z(j, "details", "Rigging a sloop");
    field_z(j, "state", "In a crew");
    field_open(j, "timestamps", '{');
    field_u64(j, "start", when - 60000);
    json_shut(j, '}');
    field_open(j, "party", '{');
    field_z(j, "id", "crew-81");
    field_open(j, "size", '[');
    json_put_u64(j, 2);
    json_put_u64(j, 4);
    json_shut(j, ']');
    json_shut(j, '}');
    field_open(j, "assets", '{');
    field_z(j, "large_image", "1113617910988800003");
    field_z(j, "large_text", "North harbour");
    json_shut(j, '}');
    field_u64(j, "flags", 0);
    field_open(j, "buttons", '[');
    json_put_z(j, "Ask to join");
    json_shut(j, ']');
    json_shut(j, '}');
}

void seed_put_presence(const struct world *w, uint64_t user_id, struct json_writer *j)
{
    static const char *const statuses[] = { "online", "online", "idle", "dnd" };
    bool is_online = seed_is_online(w, user_id), is_bot = world_is_bot(w, user_id);
    uint64_t chance = world_chance(w, user_id, 'i');
    const char *status = is_bot ? "online" : statuses[chance % 4];

    field_z(j, "status", is_online ? status : "offline");
    field_open(j, "activities", '[');
    if (is_online && !is_bot && chance / 4 % 4 == 0)
        put_custom_status(w, user_id, j);
    if (is_online && !is_bot && chance / 16 % 5 == 0)
        put_game(w, user_id, j);
    json_shut(j, ']');
    field_open(j, "client_status", '{');
    if (is_online)
        field_z(j, is_bot ? "web" : "desktop", status);
    if (is_online && !is_bot && chance / 80 % 3 == 0)
        field_z(j, "mobile", "online");
    json_shut(j, '}');
}

/* ---- Voice ---------------------------------------------------------------------- */

enum { FIRST_IN_VOICE = 2, MOST_IN_VOICE = 5 };

uint32_t seed_n_voice(const struct world *w, const struct world_guild *g)
{
    uint32_t n_people = g->n_members - (w->n_bots - 1);
    uint32_t others = n_people > FIRST_IN_VOICE ? n_people - FIRST_IN_VOICE : 0;
    uint32_t n = g->is_rich ? others / 6 : world_chance(w, g->id, 'v') % 3 == 0;

    n = n < MOST_IN_VOICE ? n : MOST_IN_VOICE;
    return n < others ? n : others;
}

void seed_put_voice(const struct world *w, const struct world_guild *g, uint32_t index,
                    struct json_writer *j)
{
    uint64_t user_id = seed_member_id(w, g, FIRST_IN_VOICE + index);
    bool on_stage = g->is_rich && index == 1;
    uint32_t channel = world_voice_channel(g) + (on_stage ? 2 : 0);
    char session[33];

    snprintf(session, sizeof session, "%016llx%016llx",
             (unsigned long long)world_chance(w, g->id, 'V'),
             (unsigned long long)user_id);
    field_id(j, "channel_id", seed_part(g, PART_CHANNEL + channel));
    field_id(j, "user_id", user_id);
    field_z(j, "session_id", session);
    field_bool(j, "deaf", false);
    field_bool(j, "mute", index == 3);
    field_bool(j, "self_deaf", index == 4);
    field_bool(j, "self_mute", index == 0 || index == 4);
    field_bool(j, "self_video", index == 2);
    if (index == 2)
        field_bool(j, "self_stream", true);
    field_bool(j, "suppress", on_stage);
    put_rare_time(j, "request_to_speak_timestamp", on_stage, 1700000000000ULL);
}
