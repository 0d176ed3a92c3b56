/* How the world looks to clients. Bodies have the keys that Discord's have on the wire,
 * also those that its documentation leaves out and that client libraries read. */
#include "world.h"

#include <stdio.h>

#include "field.h"
#include "isotime.h"

enum {
    TYPE_TEXT = 0,
    TYPE_VOICE = 2,
    TYPE_CATEGORY = 4,
    LOUNGER = 2,         /* the member who sits in some guilds' voice channel */
    MANY_MEMBERS = 75000 /* GUILD_CREATE omits most members of a larger guild */
};
#define EVERYONE_PERMISSIONS "2248473465835073"
#define BOT_PERMISSIONS      "8" /* administrator */

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
static const char *const guild_names[] = {
    "Tidewater Makers", "Café Zürich",     "東京ゲーマーズ", "Night Owls",
    "Ελλάδα Chat",      "🦑 Squid Dock", "Rust & Rigging", "Команда Север",
    "The Quiet Room",   "Señor Código",    "Lathe <3 Wood",  "한국 개발자"
};
static const char *const channel_names[] = { "general", "workshop", "off-topic",
                                             "büro",    "雑談",     "show-and-tell" };
static const char *const role_names[] = { "@everyone", "Harbour Bot", "Wardens", "Crew",
                                          "Gäste ⚓" };

#define PICK(w, table, id, what) \
    ((table)[world_chance(w, id, what) % (sizeof(table) / sizeof *(table))])

/* Within two years of the guild's beginning. */
static void write_joined_at(const struct world *w, const struct world_guild *g,
                            uint64_t user_id, struct json_writer *j)
{
    uint64_t later = world_chance(w, user_id ^ g->id, 'j') % (2ULL * 365 * 86400 * 1000);

    json_key(j, "joined_at");
    json_put_time(j, (g->id >> 22) + WORLD_EPOCH_MS + later);
}

/* ---- Users and members ---------------------------------------------------------- */

struct str world_username(const struct world *w, uint64_t user_id, char out[64])
{
    int n;

    if (user_id == w->bot_id)
        n = snprintf(out, 64, "harbour-bot");
    else
        n = snprintf(out, 64, "%s.%s%u", PICK(w, first_names, user_id, 'f'),
                     PICK(w, last_names, user_id, 'l'),
                     (unsigned)(world_chance(w, user_id, 'n') % 10000));
    return (struct str){ out, (size_t)n };
}

static void write_avatar(const struct world *w, uint64_t id, struct json_writer *j)
{
    char hash[33];

    if (world_chance(w, id, 'a') % 2) {
        field_null(j, "avatar");
        return;
    }
    snprintf(hash, sizeof hash, "%016llx%016llx",
             (unsigned long long)world_chance(w, id, 'b'),
             (unsigned long long)world_chance(w, id, 'c'));
    field_z(j, "avatar", hash);
}

/* What everybody may see of anybody. */
static void write_public(const struct world *w, uint64_t user_id, struct json_writer *j)
{
    bool is_bot = user_id == w->bot_id;
    char name[64];

    field_id(j, "id", user_id);
    field_str(j, "username", world_username(w, user_id, name));
    field_z(j, "discriminator", is_bot ? "4821" : "0");
    field_z(j, "global_name", is_bot ? NULL : PICK(w, shown_names, user_id, 'g'));
    write_avatar(w, user_id, j);
    if (is_bot)
        field_bool(j, "bot", true);
    field_u64(j, "public_flags", 0);
    field_null(j, "avatar_decoration_data");
    field_null(j, "collectibles");
    field_null(j, "primary_guild");
}

void world_write_user(const struct world *w, uint64_t user_id, struct json_writer *j)
{
    json_open(j, '{');
    write_public(w, user_id, j);
    json_shut(j, '}');
}

void world_write_self(const struct world *w, struct json_writer *j)
{
    json_open(j, '{');
    write_public(w, w->bot_id, j);
    field_u64(j, "flags", 0);
    field_bool(j, "mfa_enabled", true);
    field_bool(j, "verified", true);
    field_null(j, "email");
    field_z(j, "locale", "en-US");
    field_u64(j, "premium_type", 0);
    field_null(j, "banner");
    field_null(j, "accent_color");
    field_z(j, "bio", "");
    json_shut(j, '}');
}

void world_write_mention(const struct world *w, const struct world_guild *g,
                         const struct world_member *m, bool with_member,
                         struct json_writer *j)
{
    json_open(j, '{');
    write_public(w, m->user_id, j);
    if (with_member) {
        json_key(j, "member");
        world_write_member(w, g, m, false, j);
    }
    json_shut(j, '}');
}

static void write_member_roles(const struct world *w, const struct world_guild *g,
                               const struct world_member *m, struct json_writer *j)
{
    field_open(j, "roles", '[');
    if (m->index == 0)
        json_put_id(j, world_role_id(g, 1));
    for (uint32_t role = 2; m->index && role < WORLD_ROLES; role++)
        if (world_chance(w, m->user_id ^ g->id, 'r') % (role + 1) == 0)
            json_put_id(j, world_role_id(g, role));
    json_shut(j, ']');
}

void world_write_member(const struct world *w, const struct world_guild *g,
                        const struct world_member *m, bool with_user,
                        struct json_writer *j)
{
    uint64_t chance = world_chance(w, m->user_id ^ g->id, 'm');

    json_open(j, '{');
    if (with_user) {
        json_key(j, "user");
        world_write_user(w, m->user_id, j);
    }
    field_z(j, "nick",
            chance % 7 == 0 ? PICK(w, shown_names, m->user_id ^ g->id, 'k') : NULL);
    field_null(j, "avatar");
    field_null(j, "banner");
    write_member_roles(w, g, m, j);
    write_joined_at(w, g, m->user_id, j);
    field_null(j, "premium_since");
    field_bool(j, "deaf", false);
    field_bool(j, "mute", false);
    field_u64(j, "flags", 0);
    field_bool(j, "pending", false);
    field_null(j, "communication_disabled_until");
    field_null(j, "avatar_decoration_data");
    json_shut(j, '}');
}

void world_write_presence(const struct world *w, const struct world_member *m,
                          struct json_writer *j)
{
    bool is_online = world_is_online(w, m);
    bool is_idle = m->index && world_chance(w, m->user_id, 'i') % 4 == 0;
    const char *status = is_idle ? "idle" : "online";

    json_open(j, '{');
    field_open(j, "user", '{');
    field_id(j, "id", m->user_id);
    json_shut(j, '}');
    field_z(j, "status", is_online ? status : "offline");
    field_empty(j, "activities", '[');
    field_open(j, "client_status", '{');
    if (is_online)
        field_z(j, m->index ? "desktop" : "web", status);
    json_shut(j, '}');
    json_shut(j, '}');
}

/* ---- Voice ---------------------------------------------------------------------- */

static bool has_lounger(const struct world *w, const struct world_guild *g)
{
    return g->n_members > LOUNGER && world_chance(w, g->id, 'v') % 3 == 0;
}

static void write_voice(uint64_t channel_id, uint64_t user_id, uint64_t session,
                        bool mute, bool deaf, struct json_writer *j)
{
    char text[33];

    snprintf(text, sizeof text, "%016llx%016llx", (unsigned long long)session,
             (unsigned long long)user_id);
    field_id(j, "channel_id", channel_id);
    field_id(j, "user_id", user_id);
    field_z(j, "session_id", text);
    field_bool(j, "deaf", false);
    field_bool(j, "mute", false);
    field_bool(j, "self_deaf", deaf);
    field_bool(j, "self_mute", mute);
    field_bool(j, "self_video", false);
    field_bool(j, "suppress", false);
    field_null(j, "request_to_speak_timestamp");
}

void world_write_bot_voice(const struct world *w, const struct world_guild *g,
                           bool with_guild, struct json_writer *j)
{
    struct world_member bot = world_member(w, g, 0);

    json_open(j, '{');
    if (with_guild) {
        field_id(j, "guild_id", g->id);
        json_key(j, "member");
        world_write_member(w, g, &bot, true, j);
    }
    write_voice(g->voice_channel, w->bot_id, g->voice_session, g->voice_mute,
                g->voice_deaf, j);
    json_shut(j, '}');
}

static void write_voice_states(const struct world *w, const struct world_guild *g,
                               struct json_writer *j)
{
    field_open(j, "voice_states", '[');
    if (g->voice_channel)
        world_write_bot_voice(w, g, false, j);
    if (has_lounger(w, g)) {
        uint64_t user_id = world_member(w, g, LOUNGER).user_id;

        json_open(j, '{');
        write_voice(world_channel_id(g, g->n_text + 1), user_id,
                    world_chance(w, g->id, 'V'), true, false, j);
        json_shut(j, '}');
    }
    json_shut(j, ']');
}

/* ---- Channels and roles --------------------------------------------------------- */

static void write_text_channel(const struct world *w, const struct world_guild *g,
                               uint32_t index, struct json_writer *j)
{
    uint64_t id = world_channel_id(g, index);

    field_u64(j, "type", TYPE_TEXT);
    field_z(j, "name", channel_names[index - 1]);
    field_z(j, "topic", world_chance(w, id, 't') % 2 ? "Über alles: \"be kind\"" : NULL);
    field_u64(j, "position", index - 1);
    field_id(j, "parent_id", world_channel_id(g, 0));
    field_null(j, "last_message_id");
    field_u64(j, "rate_limit_per_user", 0);
}

static void write_voice_channel(const struct world_guild *g, struct json_writer *j)
{
    field_u64(j, "type", TYPE_VOICE);
    field_z(j, "name", "quay");
    field_u64(j, "position", 0);
    field_id(j, "parent_id", world_channel_id(g, 0));
    field_null(j, "last_message_id");
    field_u64(j, "bitrate", 64000);
    field_u64(j, "user_limit", 0);
    field_null(j, "rtc_region");
    field_u64(j, "rate_limit_per_user", 0);
}

void world_write_channel(const struct world *w, const struct world_guild *g,
                         uint32_t index, bool with_guild, struct json_writer *j)
{
    json_open(j, '{');
    field_id(j, "id", world_channel_id(g, index));
    if (index == 0) {
        field_u64(j, "type", TYPE_CATEGORY);
        field_z(j, "name", "dockside");
        field_u64(j, "position", 0);
    } else if (index <= g->n_text) {
        write_text_channel(w, g, index, j);
    } else {
        write_voice_channel(g, j);
    }
    field_empty(j, "permission_overwrites", '[');
    field_u64(j, "flags", 0);
    /* GUILD_CREATE leaves out what has its default; REST doesn't. */
    if (with_guild) {
        field_id(j, "guild_id", g->id);
        if (index == 0)
            field_null(j, "parent_id");
        else
            field_bool(j, "nsfw", false);
    }
    json_shut(j, '}');
}

void world_write_role(const struct world *w, const struct world_guild *g, uint32_t index,
                      struct json_writer *j)
{
    uint64_t color =
        index > 1 ? world_chance(w, world_role_id(g, index), 'c') & 0xffffff : 0;

    json_open(j, '{');
    field_id(j, "id", world_role_id(g, index));
    field_z(j, "name", role_names[index]);
    field_u64(j, "color", color);
    field_open(j, "colors", '{');
    field_u64(j, "primary_color", color);
    field_null(j, "secondary_color");
    field_null(j, "tertiary_color");
    json_shut(j, '}');
    field_bool(j, "hoist", index == 2);
    field_null(j, "icon");
    field_null(j, "unicode_emoji");
    field_u64(j, "position", index);
    field_z(j, "permissions", index == 1 ? BOT_PERMISSIONS : EVERYONE_PERMISSIONS);
    field_bool(j, "managed", index == 1);
    field_bool(j, "mentionable", index > 1);
    field_u64(j, "flags", 0);
    if (index == 1) {
        field_open(j, "tags", '{');
        field_id(j, "bot_id", w->bot_id);
        json_shut(j, '}');
    }
    json_shut(j, '}');
}

/* ---- Guilds --------------------------------------------------------------------- */

static void write_levels(struct json_writer *j)
{
    field_u64(j, "afk_timeout", 300);
    field_u64(j, "verification_level", 1);
    field_u64(j, "default_message_notifications", 1);
    field_u64(j, "explicit_content_filter", 0);
    field_u64(j, "mfa_level", 0);
    field_u64(j, "nsfw_level", 0);
    field_u64(j, "premium_tier", 0);
    field_u64(j, "premium_subscription_count", 0);
    field_u64(j, "system_channel_flags", 0);
    field_u64(j, "max_members", 25000000);
    field_u64(j, "max_video_channel_users", 25);
    field_u64(j, "max_stage_video_channel_users", 50);
    field_bool(j, "premium_progress_bar_enabled", false);
    field_bool(j, "nsfw", false);
}

static void write_nothings(struct json_writer *j)
{
    static const char *const keys[] = { "splash",
                                        "discovery_splash",
                                        "banner",
                                        "description",
                                        "afk_channel_id",
                                        "application_id",
                                        "rules_channel_id",
                                        "public_updates_channel_id",
                                        "safety_alerts_channel_id",
                                        "vanity_url_code",
                                        "incidents_data",
                                        "hub_type",
                                        "home_header",
                                        "latest_onboarding_question_id" };

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        field_null(j, keys[i]);
}

static void write_emojis(const struct world_guild *g, struct json_writer *j)
{
    field_open(j, "emojis", '[');
    json_open(j, '{');
    field_id(j, "id", world_role_id(g, WORLD_ROLES)); /* the part behind the last role */
    field_z(j, "name", "tide_ok");
    field_empty(j, "roles", '[');
    field_bool(j, "require_colons", true);
    field_bool(j, "managed", false);
    field_bool(j, "animated", false);
    field_bool(j, "available", true);
    json_shut(j, '}');
    json_shut(j, ']');
}

static void write_plain(const struct world *w, const struct world_guild *g,
                        struct json_writer *j)
{
    field_id(j, "id", g->id);
    field_z(j, "name", PICK(w, guild_names, g->id, 'n'));
    field_null(j, "icon");
    field_id(j, "owner_id", world_member(w, g, g->n_members > 1 ? 1 : 0).user_id);
    field_z(j, "region", "deprecated");
    field_id(j, "system_channel_id", world_channel_id(g, 1));
    field_z(j, "preferred_locale", "en-US");
    write_levels(j);
    write_nothings(j);
    field_empty(j, "features", '[');
    field_empty(j, "stickers", '[');
    write_emojis(g, j);
    field_open(j, "roles", '[');
    for (uint32_t i = 0; i < WORLD_ROLES; i++)
        world_write_role(w, g, i, j);
    json_shut(j, ']');
}

/* Which members GUILD_CREATE names: all of a small guild if presences were asked for,
 * those online (or with a role or nickname, which we don't go after) of a large one; else
 * the bot and who is in voice. */
static bool is_named(const struct world *w, const struct world_guild *g,
                     const struct world_create *c, const struct world_member *m)
{
    if (m->index == 0 || (m->index == LOUNGER && has_lounger(w, g)))
        return true;
    if (!c->presences || g->n_members > MANY_MEMBERS)
        return false;
    return g->n_members <= c->large_threshold || world_is_online(w, m);
}

static void write_people(const struct world *w, const struct world_guild *g,
                         const struct world_create *c, struct json_writer *j)
{
    uint32_t n = c->presences || g->n_members <= LOUNGER ? g->n_members : LOUNGER + 1;

    field_open(j, "members", '[');
    for (uint32_t i = 0; i < n; i++) {
        struct world_member m = world_member(w, g, i);

        if (is_named(w, g, c, &m))
            world_write_member(w, g, &m, true, j);
    }
    json_shut(j, ']');
    field_open(j, "presences", '[');
    for (uint32_t i = 0; c->presences && i < n; i++) {
        struct world_member m = world_member(w, g, i);

        if (is_named(w, g, c, &m) && world_is_online(w, &m))
            world_write_presence(w, &m, j);
    }
    json_shut(j, ']');
}

static void write_created(const struct world *w, const struct world_guild *g,
                          const struct world_create *c, struct json_writer *j)
{
    write_joined_at(w, g, w->bot_id, j);
    field_bool(j, "large", g->n_members > c->large_threshold);
    field_bool(j, "unavailable", false);
    field_bool(j, "lazy", true);
    field_u64(j, "member_count", g->n_members);
    write_voice_states(w, g, j);
    write_people(w, g, c, j);
    field_open(j, "channels", '[');
    for (uint32_t i = 0; i < world_n_channels(g); i++)
        world_write_channel(w, g, i, false, j);
    json_shut(j, ']');
    field_empty(j, "threads", '[');
    field_empty(j, "stage_instances", '[');
    field_empty(j, "guild_scheduled_events", '[');
    field_empty(j, "soundboard_sounds", '[');
    field_empty(j, "embedded_activities", '[');
    field_empty(j, "application_command_counts", '{');
}

void world_write_guild(const struct world *w, const struct world_guild *g,
                       const struct world_create *create, struct json_writer *j)
{
    json_open(j, '{');
    write_plain(w, g, j);
    if (create) {
        write_created(w, g, create, j);
    } else {
        field_bool(j, "widget_enabled", false);
        field_null(j, "widget_channel_id");
        field_null(j, "max_presences");
    }
    json_shut(j, '}');
}
