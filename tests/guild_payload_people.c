/* Users, members, presences and voice states. */
#include "guild_payload_private.h"

#include <stdio.h>

static const char *const first_names[] = {
    "lark",   "mira",  "tobias", "wren",   "ines",  "juno",   "kestrel",
    "odell",  "pax",   "quill",  "rowan",  "sable", "tamsin", "ulla",
    "vesper", "willa", "yarrow", "zephyr", "anton", "bryn",
};
static const char *const last_names[] = {
    "holt", "gale",    "marsh",  "reed", "stone", "vale", "wick",
    "ford", "locke",   "thorne", "92",   "2004",  "_x",   "xd",
    ".dev", "theroot", "11",     "wolf", "cat",   "moon",
};

/* ---- Users ----------------------------------------------------------------------------
 */

static void put_decoration(struct maker *m, unsigned percent)
{
    if (!begin(m, "avatar_decoration_data"))
        return;
    if (between(m, 1, 100) > percent) {
        json_put_null(&m->w);
        return;
    }
    json_open(&m->w, '{');
    put_hash(m, "asset", 100);
    put_snowflake(m, "sku_id", between(m, 1, UINT32_MAX) << 28);
    if (once_in(m, 2))
        put_null(m, "expires_at");
    json_shut(&m->w, '}');
}

static void put_collectibles(struct maker *m, unsigned percent)
{
    if (!begin(m, "collectibles"))
        return;
    if (between(m, 1, 100) > percent) {
        json_put_null(&m->w);
        return;
    }
    json_open(&m->w, '{');
    if (begin(m, "nameplate")) {
        json_open(&m->w, '{');
        put_snowflake(m, "sku_id", between(m, 1, UINT32_MAX) << 28);
        put_text(m, "asset", "nameplates/nameplates/twilight/");
        put_text(m, "label", "COLLECTIBLES_NAMEPLATES_TWILIGHT_A11Y");
        put_text(m, "palette", once_in(m, 3) ? "rainbow" : "cobalt");
        json_shut(&m->w, '}');
    }
    json_shut(&m->w, '}');
}

static void put_primary_guild(struct maker *m)
{
    if (!begin(m, "primary_guild"))
        return;
    if (!once_in(m, 6)) {
        json_put_null(&m->w);
        return;
    }
    json_open(&m->w, '{');
    put_snowflake(m, "identity_guild_id", between(m, 1, UINT32_MAX) << 28);
    put_flag(m, "identity_enabled", true);
    put_text(m, "tag", "TIDE");
    put_hash(m, "badge", 100);
    json_shut(&m->w, '}');
}

/* Fields that few users have, or only the bot's own. */
static void put_rare(struct maker *m)
{
    if (!m->p->odd)
        return;
    put_flag(m, "system", once_in(m, 2));
    put_hash(m, "banner", 50);
    put_number(m, "accent_color", 0x123456);
    put_number(m, "flags", 64);
    put_flag(m, "mfa_enabled", true);
    put_text(m, "locale", once_in(m, 2) ? "en-US" : "tlh");
    put_flag(m, "verified", true);
    put_text(m, "email", once_in(m, 2) ? NULL : "\"quoted\" \\ \xc3\xa9@example.org");
    put_number(m, "premium_type", 2);
}

void make_user(struct maker *m, uint64_t id)
{
    struct rng outer = m->rng;
    char name[64], shown[80], discriminator[8] = "0";
    bool bot;

    /* The same user looks the same in all guilds. */
    m->rng.state = id ^ (m->p->odd ? outer.state : 0);
    bot = once_in(m, 12);
    snprintf(name, sizeof name, "%s%s", PICK(m, first_names), PICK(m, last_names));
    snprintf(shown, sizeof shown, "%s%c%s%s", "", PICK(m, first_names)[0] - 32,
             PICK(m, first_names) + 1, once_in(m, 5) ? " \xf0\x9f\x8c\x8a" : "");
    if (bot)
        snprintf(discriminator, sizeof discriminator, "%04u",
                 (unsigned)between(m, 1, 9999));
    json_open(&m->w, '{');
    put_own_id(m, "id", id);
    put_text(m, "username", name);
    put_text(m, "discriminator", discriminator);
    put_text(m, "global_name", bot || once_in(m, 6) ? NULL : shown);
    put_hash(m, "avatar", 88);
    put_number(m, "public_flags",
               once_in(m, 2)   ? 0
               : once_in(m, 4) ? 4194304
                               : 1 << between(m, 6, 9));
    put_decoration(m, 10);
    put_collectibles(m, 4);
    put_primary_guild(m);
    put_null(m, "display_name_styles");
    put_flag(m, "bot", bot);
    put_rare(m);
    json_shut(&m->w, '}');
    m->rng = outer;
}

/* ---- Members --------------------------------------------------------------------------
 */

void make_member(struct maker *m, unsigned n)
{
    char text[64];

    json_open(&m->w, '{');
    json_key(&m->w, "user");
    make_user(m, guild_payload_id(m->p, CORDAGE_KIND_USERS, n));
    put_text(m, "nick", once_in(m, 5) ? sentence(m, 2, text, sizeof text) : NULL);
    put_hash(m, "avatar", 3);
    put_hash(m, "banner", 1);
    put_roles(m, "roles", 4);
    put_time(m, "joined_at");
    if (once_in(m, 10))
        put_time(m, "premium_since");
    else
        put_null(m, "premium_since");
    put_flag(m, "deaf", false);
    put_flag(m, "mute", once_in(m, 40));
    put_number(m, "flags", once_in(m, 3) ? 11 : 0);
    put_flag(m, "pending", once_in(m, 30));
    if (once_in(m, 40))
        put_time(m, "communication_disabled_until");
    else
        put_null(m, "communication_disabled_until");
    if (m->p->odd) {
        put_decoration(m, 50);
        put_collectibles(m, 50);
    }
    json_shut(&m->w, '}');
}

/* ---- Presences ------------------------------------------------------------------------
 */

static void put_emoji(struct maker *m)
{
    if (!begin(m, "emoji"))
        return;
    json_open(&m->w, '{');
    put_text(m, "name", once_in(m, 2) ? "\xf0\x9f\x8c\x8a" : "tide_ok");
    if (once_in(m, 2)) {
        put_snowflake(m, "id", between(m, 1, UINT32_MAX) << 28);
        put_flag(m, "animated", once_in(m, 2));
    }
    json_shut(&m->w, '}');
}

static void put_assets(struct maker *m)
{
    char text[64];

    if (!begin(m, "assets"))
        return;
    json_open(&m->w, '{');
    if (once_in(m, 3)) {
        put_text(m, "large_image", "mp:external/2bCd-eF1/https/i.example.org/cover.png");
    } else {
        snprintf(text, sizeof text, "%llu",
                 (unsigned long long)between(m, 1, UINT32_MAX) << 28);
        put_text(m, "large_image", text);
    }
    put_text(m, "large_text", sentence(m, 3, text, sizeof text));
    if (once_in(m, 3)) {
        put_text(m, "small_image", "1113617910988800003");
        put_text(m, "small_text", "Level 12");
    }
    if (m->p->odd) {
        put_text(m, "large_url", "https://example.org/large");
        put_text(m, "small_url", "https://example.org/small");
        put_text(m, "invite_cover_image", "007");
    }
    json_shut(&m->w, '}');
}

static void put_party(struct maker *m)
{
    if (!begin(m, "party"))
        return;
    json_open(&m->w, '{');
    put_text(m, "id", "crew-81");
    if (begin(m, "size")) {
        json_open(&m->w, '[');
        json_put_u64(&m->w, between(m, 1, 4));
        json_put_u64(&m->w, 4);
        json_shut(&m->w, ']');
    }
    json_shut(&m->w, '}');
}

static void put_rare_of_game(struct maker *m)
{
    if (!m->p->odd)
        return;
    put_text(m, "url", "https://twitch.tv/tidewater");
    put_number(m, "status_display_type", 1);
    put_text(m, "details_url", "https://example.org/details");
    put_text(m, "state_url", "https://example.org/state");
    put_flag(m, "instance", once_in(m, 2));
    if (begin(m, "secrets")) {
        json_open(&m->w, '{');
        put_text(m, "join", "025ed05c71f639de8bfaa0d679d7c94b2fdce12f");
        put_text(m, "spectate", "e7eb30d2ee025ed05c71ea495f770b76454ee4e0");
        put_text(m, "match", "4b2fdce12f639de8bfa7e3591b71a0d679d7c93f");
        json_shut(&m->w, '}');
    }
    if (begin(m, "buttons")) {
        json_open(&m->w, '[');
        json_put_z(&m->w, "Ask to join");
        json_shut(&m->w, ']');
    }
}

static void make_game(struct maker *m)
{
    static const char *const games[] = { "Keelwright", "Spotify", "Visual Studio Code",
                                         "Storm Harbour", "VALORANT" };
    char text[100];

    json_open(&m->w, '{');
    put_text(m, "name", PICK(m, games));
    put_number(m, "type", (int64_t)between(m, 0, 3));
    put_number(m, "created_at", (int64_t)between(m, 1780000000000, 1785000000000));
    put_text(m, "details", sentence(m, 3, text, sizeof text));
    put_text(m, "state", sentence(m, 2, text, sizeof text));
    put_snowflake(m, "application_id", between(m, 1, UINT32_MAX) << 28);
    if (begin(m, "timestamps")) {
        json_open(&m->w, '{');
        put_number(m, "start", (int64_t)between(m, 1780000000000, 1785000000000));
        if (once_in(m, 3))
            put_number(m, "end", (int64_t)between(m, 1780000000000, 1785000000000));
        json_shut(&m->w, '}');
    }
    put_assets(m);
    if (once_in(m, 3))
        put_party(m);
    put_number(m, "flags", once_in(m, 2) ? 48 : 0);
    put_rare_of_game(m);
    /* Undocumented, and common. */
    json_key(&m->w, "id");
    json_put_z(&m->w, "spotify:1");
    json_key(&m->w, "session_id");
    json_put_z(&m->w, "0e4b2a96d7c84f13a5b6c7d8e9f00112");
    json_shut(&m->w, '}');
}

static void put_activities(struct maker *m)
{
    char text[100];

    if (!begin(m, "activities"))
        return;
    json_open(&m->w, '[');
    if (once_in(m, 2)) {
        json_open(&m->w, '{');
        put_text(m, "name", "Custom Status");
        put_number(m, "type", 4);
        put_text(m, "state", sentence(m, 4, text, sizeof text));
        put_number(m, "created_at", (int64_t)between(m, 1780000000000, 1785000000000));
        put_emoji(m);
        json_key(&m->w, "id");
        json_put_z(&m->w, "custom");
        json_shut(&m->w, '}');
    }
    if (once_in(m, 2))
        make_game(m);
    json_shut(&m->w, ']');
}

void make_presence(struct maker *m, unsigned n)
{
    static const char *const statuses[] = { "online", "idle", "dnd" };
    static const char *const clients[] = { "desktop", "mobile", "web", "vr" };
    const char *status = PICK(m, statuses);
    unsigned i;

    json_open(&m->w, '{');
    json_key(&m->w, "user");
    json_open(&m->w, '{');
    put_own_id(m, "id", guild_payload_id(m->p, CORDAGE_KIND_USERS, n));
    json_shut(&m->w, '}');
    put_text(m, "status", status);
    put_activities(m);
    if (begin(m, "client_status")) {
        json_open(&m->w, '{');
        for (i = 0; i < 4; i++)
            if (i == 0 || once_in(m, 4))
                put_text(m, clients[i], status);
        json_shut(&m->w, '}');
    }
    json_shut(&m->w, '}');
}

void make_voice_state(struct maker *m, unsigned n)
{
    char text[40];

    json_open(&m->w, '{');
    put_own_id(m, "user_id", guild_payload_id(m->p, CORDAGE_KIND_USERS, n));
    json_key(&m->w, "channel_id");
    json_put_id(&m->w, guild_payload_id(m->p, CORDAGE_KIND_CHANNELS, 4));
    snprintf(text, sizeof text, "%016llx%016llx", (unsigned long long)rng_next(&m->rng),
             (unsigned long long)rng_next(&m->rng));
    put_text(m, "session_id", text);
    put_flag(m, "deaf", false);
    put_flag(m, "mute", false);
    put_flag(m, "self_deaf", once_in(m, 4));
    put_flag(m, "self_mute", once_in(m, 2));
    put_flag(m, "self_video", once_in(m, 8));
    put_flag(m, "suppress", once_in(m, 8));
    if (once_in(m, 4))
        put_flag(m, "self_stream", true);
    if (once_in(m, 8))
        put_time(m, "request_to_speak_timestamp");
    else
        put_null(m, "request_to_speak_timestamp");
    json_key(&m->w, "discoverable");
    json_put_bool(&m->w, true);
    json_shut(&m->w, '}');
}
