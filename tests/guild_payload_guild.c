/* The guild itself, its channels, threads and roles. */
#include "guild_payload_private.h"

#include <stdio.h>

static uint64_t nth_id(struct maker *m, cordage_kind kind, unsigned n)
{
    return guild_payload_id(m->p, kind, n);
}

/* One of the guild's channels; 0 without any. */
static uint64_t some_channel(struct maker *m)
{
    if (m->p->channels == 0)
        return 0;
    return nth_id(m, CORDAGE_KIND_CHANNELS, (unsigned)between(m, 0, m->p->channels - 1));
}

static uint64_t some_user(struct maker *m)
{
    unsigned n = m->p->members ? m->p->members : 1;

    return nth_id(m, CORDAGE_KIND_USERS, (unsigned)between(m, 0, n - 1));
}

static uint64_t some_message(struct maker *m)
{
    return between(m, 63072000000, 357696000000) << 22 | between(m, 0, 4095);
}

/* ---- The guild ------------------------------------------------------------------------
 */

static void put_features(struct maker *m)
{
    static const char *const features[] = {
        "COMMUNITY",       "NEWS",           "ANIMATED_ICON",
        "INVITE_SPLASH",   "SOUNDBOARD",     "AUTO_MODERATION",
        "GUILD_TAGS",      "GUESTS_ENABLED", "PIN_PERMISSION_MIGRATION_COMPLETE",
        "SOMETHING_NEW",   "ROLE_ICONS",     "TIERLESS_BOOSTING",
        "PREVIEW_ENABLED",
    };
    size_t i;

    if (!begin(m, "features"))
        return;
    json_open(&m->w, '[');
    for (i = 0; i < sizeof features / sizeof *features; i++)
        if (!once_in(m, 3))
            json_put_z(&m->w, features[i]);
    json_shut(&m->w, ']');
}

static void put_incidents(struct maker *m)
{
    if (!begin(m, "incidents_data"))
        return;
    if (!once_in(m, m->p->odd ? 2 : 20)) {
        json_put_null(&m->w);
        return;
    }
    json_open(&m->w, '{');
    put_time(m, "invites_disabled_until");
    put_null(m, "dms_disabled_until");
    put_time(m, "dm_spam_detected_at");
    put_null(m, "raid_detected_at");
    json_shut(&m->w, '}');
}

static void put_levels(struct maker *m)
{
    put_number(m, "verification_level", (int64_t)between(m, 0, 4));
    put_number(m, "default_message_notifications", 1);
    put_number(m, "explicit_content_filter", (int64_t)between(m, 0, 2));
    put_number(m, "mfa_level", (int64_t)between(m, 0, 1));
    put_number(m, "nsfw_level", 0);
    put_number(m, "premium_tier", (int64_t)between(m, 0, 3));
    put_number(m, "premium_subscription_count", (int64_t)between(m, 0, 30));
    put_flag(m, "premium_progress_bar_enabled", once_in(m, 2));
    put_number(m, "afk_timeout", 300);
    put_number(m, "system_channel_flags", (int64_t)between(m, 0, 13));
    put_number(m, "max_members", 25000000);
    put_number(m, "max_video_channel_users", 25);
    put_number(m, "max_stage_video_channel_users", 50);
    if (m->p->odd) {
        put_number(m, "max_presences", 40000);
        put_flag(m, "widget_enabled", true);
        put_snowflake(m, "widget_channel_id", some_channel(m));
    }
}

static void put_guild_noise(struct maker *m)
{
    static const char *const nothing[] = {
        "inventory_settings",
        "home_header",
        "premium_features",
        "moderator_reporting",
        "hub_type",
        "profile",
        "latest_onboarding_question_id",
        "premium_progress_bar_enabled_user_updated_at",
    };
    size_t i;

    for (i = 0; i < sizeof nothing / sizeof *nothing; i++)
        put_null(m, nothing[i]);
    json_key(&m->w, "lazy");
    json_put_bool(&m->w, true);
    json_key(&m->w, "nsfw");
    json_put_bool(&m->w, false);
    json_key(&m->w, "application_command_counts");
    json_open(&m->w, '{');
    json_shut(&m->w, '}');
    json_key(&m->w, "embedded_activities");
    json_open(&m->w, '[');
    json_shut(&m->w, ']');
    put_noise(m);
}

void make_guild(struct maker *m)
{
    char text[200];

    put_own_id(m, "id", nth_id(m, CORDAGE_KIND_GUILDS, 0));
    put_text(m, "name", sentence(m, 3, text, sizeof text));
    put_hash(m, "icon", 90);
    put_hash(m, "splash", 30);
    put_hash(m, "discovery_splash", 10);
    put_hash(m, "banner", 30);
    put_text(m, "description", sentence(m, 12, text, sizeof text));
    put_snowflake(m, "owner_id", some_user(m));
    put_text(m, "region", "deprecated");
    put_snowflake(m, "afk_channel_id", once_in(m, 3) ? some_channel(m) : 0);
    put_snowflake(m, "application_id", 0);
    put_snowflake(m, "system_channel_id", some_channel(m));
    put_snowflake(m, "rules_channel_id", some_channel(m));
    put_snowflake(m, "public_updates_channel_id", some_channel(m));
    put_snowflake(m, "safety_alerts_channel_id", 0);
    put_text(m, "vanity_url_code", once_in(m, 3) ? "tidewater" : NULL);
    put_text(m, "preferred_locale", once_in(m, 3) ? "de" : "en-US");
    put_levels(m);
    put_features(m);
    put_incidents(m);
    put_time(m, "joined_at");
    put_flag(m, "large", m->p->members > 50);
    json_key(&m->w, "unavailable");
    json_put_bool(&m->w, false);
    json_key(&m->w, "member_count");
    json_put_u64(&m->w, m->p->members);
    put_guild_noise(m);
}

/* ---- Channels -------------------------------------------------------------------------
 */

/* A guild of ours has a category for each seven channels. */
static int type_of(unsigned n)
{
    static const int types[] = {
        4, 0, 0, 0, 2, 0, 0, 4, 0, 2, 0, 5, 0, 13, 4, 0, 15, 0, 2
    };

    return types[n % (sizeof types / sizeof *types)];
}

static void put_overwrites(struct maker *m, unsigned n)
{
    static const uint64_t sets[] = { 0,     1024,         3072,         1049600,
                                     66560, 377957124096, 274877908992, 412317305921,
                                     2048 };
    unsigned i;

    if (!begin(m, "permission_overwrites"))
        return;
    json_open(&m->w, '[');
    for (i = 0; i < n; i++) {
        bool of_member = once_in(m, 6);

        json_open(&m->w, '{');
        put_own_id(m, "id",
                   i == 0 ? nth_id(m, CORDAGE_KIND_GUILDS, 0)
                   : of_member
                       ? some_user(m)
                       : nth_id(m, CORDAGE_KIND_ROLES, (unsigned)between(m, 0, 24)));
        put_number(m, "type", i > 0 && of_member);
        put_bits(m, "allow", i == 0 ? 0 : PICK(m, sets));
        put_bits(m, "deny", i == 0 ? PICK(m, sets) : 0);
        json_shut(&m->w, '}');
    }
    json_shut(&m->w, ']');
}

static void put_forum(struct maker *m, int type)
{
    char text[64];
    unsigned i;

    if (type == 15)
        put_number(m, "default_forum_layout", 1);
    put_number(m, "default_sort_order", 0);
    put_text(m, "default_tag_setting", "match_some");
    put_number(m, "default_thread_rate_limit_per_user", 10);
    if (begin(m, "default_reaction_emoji")) {
        json_open(&m->w, '{');
        put_snowflake(m, "emoji_id", 0);
        put_text(m, "emoji_name", "\xf0\x9f\xaa\xb6");
        json_shut(&m->w, '}');
    }
    if (!begin(m, "available_tags"))
        return;
    json_open(&m->w, '[');
    for (i = 0; i < 4; i++) {
        json_open(&m->w, '{');
        put_own_id(m, "id", some_message(m));
        put_text(m, "name", sentence(m, 1, text, sizeof text));
        put_flag(m, "moderated", once_in(m, 3));
        put_snowflake(m, "emoji_id", once_in(m, 3) ? some_message(m) : 0);
        put_text(m, "emoji_name", once_in(m, 2) ? "\xe2\x9a\x93" : NULL);
        json_shut(&m->w, '}');
    }
    json_shut(&m->w, ']');
}

/* What is spoken in. */
static void put_voice(struct maker *m)
{
    put_number(m, "bitrate", once_in(m, 3) ? 96000 : 64000);
    put_number(m, "user_limit", once_in(m, 3) ? 10 : 0);
    put_text(m, "rtc_region", once_in(m, 5) ? "rotterdam" : NULL);
    put_null(m, "status");
    if (once_in(m, 4))
        put_number(m, "video_quality_mode", 2);
}

void make_channel(struct maker *m, unsigned n)
{
    int type = type_of(n);
    char name[300], text[256];

    json_open(&m->w, '{');
    put_own_id(m, "id", nth_id(m, CORDAGE_KIND_CHANNELS, n));
    put_number(m, "type", type);
    short_name(m, "-", text, sizeof text);
    snprintf(name, sizeof name, "%s%s",
             once_in(m, 3) ? "\xf0\x9f\x92\xac\xe2\x94\x83" : "", text);
    put_text(m, "name", name);
    put_number(m, "position", n);
    put_number(m, "flags", 0);
    put_overwrites(m, once_in(m, 2) ? 0 : (unsigned)between(m, 1, 3));
    if (type != 4) {
        put_snowflake(m, "parent_id", nth_id(m, CORDAGE_KIND_CHANNELS, n / 7 * 7));
        put_number(m, "rate_limit_per_user", once_in(m, 4) ? 10 : 0);
        put_snowflake(m, "last_message_id", once_in(m, 8) ? 0 : some_message(m));
    }
    if (type == 2 || type == 13)
        put_voice(m);
    else if (type != 4)
        put_text(m, "topic",
                 once_in(m, 2)
                     ? sentence(m, (unsigned)between(m, 3, 12), text, sizeof text)
                     : NULL);
    if (type == 0 && once_in(m, 4))
        put_plain_time(m, "last_pin_timestamp");
    if (once_in(m, 10))
        put_flag(m, "nsfw", true);
    if (type == 0 && once_in(m, 5))
        put_number(m, "default_auto_archive_duration", 1440);
    if (type == 15 || type == 16)
        put_forum(m, type);
    put_noise(m);
    json_shut(&m->w, '}');
}

static void put_metadata(struct maker *m)
{
    if (!begin(m, "thread_metadata"))
        return;
    json_open(&m->w, '{');
    json_key(&m->w, "archived");
    json_put_bool(&m->w, false);
    put_flag(m, "locked", once_in(m, 5));
    put_number(m, "auto_archive_duration", once_in(m, 2) ? 4320 : 1440);
    put_time(m, "archive_timestamp");
    put_time(m, "create_timestamp");
    if (once_in(m, 3))
        put_flag(m, "invitable", true);
    json_shut(&m->w, '}');
}

void make_thread(struct maker *m, unsigned n)
{
    char text[200];

    json_open(&m->w, '{');
    put_own_id(m, "id", nth_id(m, CORDAGE_KIND_THREADS, n));
    put_own_id(m, "guild_id", nth_id(m, CORDAGE_KIND_GUILDS, 0));
    put_number(m, "type", once_in(m, 4) ? 12 : 11);
    json_key(&m->w, "parent_id");
    json_put_id(&m->w, nth_id(m, CORDAGE_KIND_CHANNELS, 1));
    put_text(m, "name", sentence(m, 4, text, sizeof text));
    put_snowflake(m, "owner_id", some_user(m));
    put_snowflake(m, "last_message_id", some_message(m));
    put_number(m, "message_count", (int64_t)between(m, 0, 300));
    put_number(m, "member_count", (int64_t)between(m, 0, 50));
    put_number(m, "total_message_sent", (int64_t)between(m, 0, 300));
    put_number(m, "rate_limit_per_user", 0);
    put_number(m, "flags", once_in(m, 5) ? 2 : 0);
    put_metadata(m);
    if (once_in(m, 2) && begin(m, "member")) {
        json_open(&m->w, '{');
        put_time(m, "join_timestamp");
        put_number(m, "flags", 1);
        json_shut(&m->w, '}');
    }
    if (once_in(m, 2) && begin(m, "applied_tags")) {
        json_open(&m->w, '[');
        json_put_id(&m->w, some_message(m));
        json_put_id(&m->w, some_message(m));
        json_shut(&m->w, ']');
    }
    json_shut(&m->w, '}');
}

/* ---- Roles ----------------------------------------------------------------------------
 */

static void put_colors(struct maker *m, int64_t color)
{
    bool gradient = once_in(m, 20);

    put_number(m, "color", color);
    if (!begin(m, "colors"))
        return;
    json_open(&m->w, '{');
    put_number(m, "primary_color", color);
    if (gradient)
        put_number(m, "secondary_color", 11816191);
    else
        put_null(m, "secondary_color");
    put_null(m, "tertiary_color");
    json_shut(&m->w, '}');
}

static void put_tags(struct maker *m, bool managed)
{
    if (!begin(m, "tags"))
        return;
    json_open(&m->w, '{');
    if (managed && once_in(m, 5)) {
        put_null(m, "premium_subscriber");
    } else if (managed) {
        put_snowflake(m, "bot_id", some_user(m));
        if (once_in(m, 2))
            put_snowflake(m, "integration_id", some_message(m));
    }
    if (m->p->odd && once_in(m, 3)) {
        put_null(m, "guild_connections");
        put_null(m, "available_for_purchase");
        put_snowflake(m, "subscription_listing_id", some_message(m));
    }
    json_shut(&m->w, '}');
}

void make_role(struct maker *m, unsigned n)
{
    static const uint64_t sets[] = {
        2248473465835073, 6755692304264272, 8, 28587301793535, 1071698660929,
        2147601472,       274878295104,     0, 104324673
    };
    bool managed = n > 0 && once_in(m, 4);
    char text[100];

    json_open(&m->w, '{');
    put_own_id(m, "id", nth_id(m, CORDAGE_KIND_ROLES, n));
    put_text(m, "name",
             n == 0 ? "@everyone"
                    : sentence(m, (unsigned)between(m, 1, 3), text, sizeof text));
    put_colors(m, n > 0 && !managed && !once_in(m, 3) ? (int64_t)between(m, 1, 0xffffff)
                                                      : 0);
    put_flag(m, "hoist", n > 0 && once_in(m, 3));
    put_hash(m, "icon", 5);
    put_text(m, "unicode_emoji", once_in(m, 20) ? "\xe2\x9a\x93" : NULL);
    put_number(m, "position", n);
    put_bits(m, "permissions", PICK(m, sets));
    put_flag(m, "managed", managed);
    put_flag(m, "mentionable", once_in(m, 4));
    put_tags(m, managed);
    put_number(m, "flags", 0);
    put_noise(m);
    json_shut(&m->w, '}');
}
