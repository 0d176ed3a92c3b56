/* The guild itself, its roles, emoji, stickers and sounds, and the table of all lists. */
#include "seed.h"

#include <stdio.h>

#include "field.h"

#define EVERYONE_PERMISSIONS "2248473465835073"
#define BOT_PERMISSIONS      "8" /* administrator */

enum { N_ROLES = 5, N_RICH_ROLES = 8, HOLOGRAPHIC = 6 };

static const char *const guild_names[] = {
    "Tidewater Makers", "Café Zürich",     "東京ゲーマーズ", "Night Owls",
    "Ελλάδα Chat",      "🦑 Squid Dock", "Rust & Rigging", "Команда Север",
    "The Quiet Room",   "Señor Código",    "Lathe <3 Wood",  "한국 개발자"
};

static const struct role {
    const char *name, *permissions, *unicode_emoji;
} roles[] = {
    { "@everyone", EVERYONE_PERMISSIONS, NULL },
    { "Harbour Bot", BOT_PERMISSIONS, NULL },
    { "Wardens", "2252916794666178", "⚓" },
    { "Crew", EVERYONE_PERMISSIONS, NULL },
    { "Gäste ⚓", "0", NULL },
    { "Boosters", "66560", NULL },
    { "Holo \"X\"", EVERYONE_PERMISSIONS, NULL },
    { "Gradient", "9007199254740991", NULL },
};

/* ---- Roles ---------------------------------------------------------------------- */

static void put_colors(uint64_t color, uint32_t index, struct json_writer *j)
{
    field_open(j, "colors", '{');
    field_u64(j, "primary_color", color);
    if (index < HOLOGRAPHIC) {
        field_null(j, "secondary_color");
        field_null(j, "tertiary_color");
    } else if (index == HOLOGRAPHIC) {
        field_u64(j, "secondary_color", 16759788);
        field_u64(j, "tertiary_color", 16761760);
    } else {
        field_u64(j, "secondary_color", 255);
        field_null(j, "tertiary_color");
    }
    json_shut(j, '}');
}

static void put_role(const struct world *w, const struct world_guild *g, uint32_t index,
                     struct json_writer *j)
{
    uint64_t id = world_role_id(g, index);
    uint64_t color = index > 1 ? world_chance(w, id, 'c') & 0xffffff : 0;

    if (index == HOLOGRAPHIC)
        color = 11127295;
    field_id(j, "id", id);
    field_z(j, "name", roles[index].name);
    field_u64(j, "color", color);
    put_colors(color, index, j);
    field_bool(j, "hoist", index == 2);
    if (g->is_rich && index == 3)
        seed_put_hash(w, "icon", id, 'h', j);
    else
        field_null(j, "icon");
    field_z(j, "unicode_emoji", g->is_rich ? roles[index].unicode_emoji : NULL);
    field_u64(j, "position", index);
    field_z(j, "permissions", roles[index].permissions);
    field_bool(j, "managed", index == 1 || index == 5);
    field_bool(j, "mentionable", index > 1);
    field_u64(j, "flags", index == 3 ? 1 : 0);
    if (index == 1 || index == 5) {
        field_open(j, "tags", '{');
        if (index == 1)
            field_id(j, "bot_id", w->bot_id);
        else
            field_null(j, "premium_subscriber"); /* null is how it says yes */
        json_shut(j, '}');
    }
}

/* ---- Expressions ---------------------------------------------------------------- */

static void put_emoji(const struct world *w, const struct world_guild *g, uint32_t index,
                      struct json_writer *j)
{
    static const char *const names[] = { "tide_ok", "wave", "anchors", "gull_spin" };

    field_id(j, "id", seed_part(g, PART_EMOJI + index));
    field_z(j, "name", names[index]);
    field_open(j, "roles", '[');
    if (index == 2)
        json_put_id(j, seed_id(w, g, LIST_ROLES, 3));
    json_shut(j, ']');
    field_bool(j, "require_colons", true);
    field_bool(j, "managed", false);
    field_bool(j, "animated", index == 3);
    field_bool(j, "available", index != 1);
}

static void put_sticker(const struct world_guild *g, uint32_t index,
                        struct json_writer *j)
{
    field_id(j, "id", seed_part(g, PART_STICKER + index));
    field_z(j, "name", index ? "anchor aweigh" : "ahoy");
    field_z(j, "description", index ? NULL : "a gull that waves");
    field_z(j, "tags", index ? "anchor" : "wave");
    field_u64(j, "type", 2);
    field_u64(j, "format_type", index ? 4 : 1);
    field_id(j, "guild_id", g->id);
    field_bool(j, "available", true);
}

static void put_sound(const struct world_guild *g, uint32_t index, struct json_writer *j)
{
    field_id(j, "sound_id", seed_part(g, PART_SOUND + index));
    field_z(j, "name", index ? "bell" : "foghorn");
    json_key(j, "volume");
    json_put_double(j, index ? 1 : 0.8);
    field_id(j, "emoji_id", index ? seed_part(g, PART_EMOJI) : 0);
    field_z(j, "emoji_name", index ? NULL : "📯");
    field_id(j, "guild_id", g->id);
    field_bool(j, "available", true);
}

/* ---- All lists ------------------------------------------------------------------ */

uint32_t seed_count(const struct world *w, const struct world_guild *g,
                    enum world_list list)
{
    switch (list) {
    case LIST_CHANNELS:
        return seed_n_channels(g);
    case LIST_THREADS:
        return seed_n_threads(g);
    case LIST_ROLES:
        return g->is_rich ? N_RICH_ROLES : N_ROLES;
    case LIST_EMOJIS:
        return g->is_rich ? 4 : 1;
    case LIST_STICKERS:
    case LIST_SOUNDS:
    case LIST_EVENTS:
        return g->is_rich ? 2 : 0;
    case LIST_STAGES:
        return g->is_rich;
    case LIST_MEMBERS:
        return g->n_members;
    case LIST_VOICE:
        return seed_n_voice(w, g);
    case LIST_ARCHIVED:
    case LIST_VOICE_INFO:
    case LIST_WEBHOOKS:
    case LIST_INVITES:
    case LIST_BANS:
    case LIST_AUDIT:
    case WORLD_LISTS:
        break;
    }
    return 0;
}

uint64_t seed_id(const struct world *w, const struct world_guild *g, enum world_list list,
                 uint32_t index)
{
    static const uint8_t parts[WORLD_LISTS] = {
        [LIST_CHANNELS] = PART_CHANNEL, [LIST_THREADS] = PART_THREAD,
        [LIST_ROLES] = PART_ROLE,       [LIST_EMOJIS] = PART_EMOJI,
        [LIST_STICKERS] = PART_STICKER, [LIST_SOUNDS] = PART_SOUND,
        [LIST_STAGES] = PART_STAGE,     [LIST_EVENTS] = PART_EVENT,
    };

    if (list == LIST_MEMBERS)
        return seed_member_id(w, g, index);
    if (list == LIST_VOICE)
        return seed_member_id(w, g, index + 2);
    if (list == LIST_ROLES && index == 0)
        return g->id;
    return seed_part(g, parts[list] + index);
}

void seed_put(const struct world *w, const struct world_guild *g, enum world_list list,
              uint32_t index, struct json_writer *j)
{
    switch (list) {
    case LIST_CHANNELS:
        seed_put_channel(w, g, index, j);
        break;
    case LIST_THREADS:
        seed_put_thread(w, g, index, j);
        break;
    case LIST_ROLES:
        put_role(w, g, index, j);
        break;
    case LIST_EMOJIS:
        put_emoji(w, g, index, j);
        break;
    case LIST_STICKERS:
        put_sticker(g, index, j);
        break;
    case LIST_SOUNDS:
        put_sound(g, index, j);
        break;
    case LIST_MEMBERS:
        seed_put_member(w, g, seed_member_id(w, g, index), j);
        break;
    case LIST_VOICE:
        seed_put_voice(w, g, index, j);
        break;
    case LIST_STAGES:
        seed_put_stage(g, j);
        break;
    case LIST_EVENTS:
        seed_put_event(w, g, index, j);
        break;
    case LIST_ARCHIVED:
    case LIST_VOICE_INFO:
    case LIST_WEBHOOKS:
    case LIST_INVITES:
    case LIST_BANS:
    case LIST_AUDIT:
    case WORLD_LISTS:
        break;
    }
}

/* ---- The guild ------------------------------------------------------------------ */

static void put_levels(bool is_rich, struct json_writer *j)
{
    field_u64(j, "afk_timeout", is_rich ? 900 : 300);
    field_u64(j, "verification_level", is_rich ? 2 : 1);
    field_u64(j, "default_message_notifications", 1);
    field_u64(j, "explicit_content_filter", is_rich ? 2 : 0);
    field_u64(j, "mfa_level", is_rich ? 1 : 0);
    field_u64(j, "nsfw_level", 0);
    field_u64(j, "premium_tier", is_rich ? 2 : 0);
    field_u64(j, "premium_subscription_count", is_rich ? 9 : 0);
    field_u64(j, "system_channel_flags", is_rich ? 5 : 0);
    field_u64(j, "max_members", 25000000);
    field_u64(j, "max_video_channel_users", 25);
    field_u64(j, "max_stage_video_channel_users", is_rich ? 150 : 50);
    field_bool(j, "premium_progress_bar_enabled", is_rich);
    field_bool(j, "nsfw", false);
}

/* A rich guild has community channels and texts; a plain one nulls. */
static void put_community(const struct world *w, const struct world_guild *g,
                          struct json_writer *j)
{
    bool rich = g->is_rich;
    uint64_t first = rich ? seed_part(g, PART_CHANNEL + 1) : 0;

    field_z(j, "description", rich ? "We make things.\nWith \"tides\"." : NULL);
    if (rich)
        seed_put_hash(w, "banner", g->id, 'b', j);
    else
        field_null(j, "banner");
    field_id(j, "afk_channel_id",
             rich ? seed_part(g, PART_CHANNEL + world_voice_channel(g)) : 0);
    field_id(j, "rules_channel_id", first);
    field_id(j, "public_updates_channel_id", first);
    field_id(j, "safety_alerts_channel_id", first);
    field_z(j, "vanity_url_code", rich ? "tidewater" : NULL);
    field_open(j, "features", '[');
    if (rich) {
        json_put_z(j, "COMMUNITY");
        json_put_z(j, "NEWS");
        json_put_z(j, "ROLE_ICONS");
        json_put_z(j, "ENHANCED_ROLE_COLORS");
    }
    json_shut(j, ']');
}

static void put_nothings(struct json_writer *j)
{
    static const char *const keys[] = {
        "splash",   "discovery_splash", "application_id",
        "hub_type", "home_header",      "latest_onboarding_question_id"
    };

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        field_null(j, keys[i]);
}

void seed_put_guild(const struct world *w, const struct world_guild *g,
                    struct json_writer *j)
{
    field_id(j, "id", g->id);
    field_z(j, "name", PICK(w, guild_names, g->id, 'n'));
    if (g->is_rich)
        seed_put_hash(w, "icon", g->id, 'i', j);
    else
        field_null(j, "icon");
    field_id(j, "owner_id", seed_member_id(w, g, g->n_members > w->n_bots ? 1 : 0));
    field_z(j, "region", "deprecated");
    field_id(j, "system_channel_id", seed_part(g, PART_CHANNEL + 1));
    field_z(j, "preferred_locale", g->is_rich ? "de" : "en-US");
    put_levels(g->is_rich, j);
    put_community(w, g, j);
    if (g->is_rich) {
        field_open(j, "incidents_data", '{');
        field_z(j, "invites_disabled_until", "2021-06-01T12:00:00.000000+00:00");
        field_null(j, "dms_disabled_until");
        json_shut(j, '}');
    } else {
        field_null(j, "incidents_data");
    }
    put_nothings(j);
}
