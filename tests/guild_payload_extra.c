/* Emojis, stickers, sounds, stage instances and scheduled events. */
#include "guild_payload_private.h"

#include <stdio.h>

static uint64_t own(struct maker *m, cordage_kind kind, unsigned n)
{
    return guild_payload_id(m->p, kind, n);
}

/* Who made it: not on the gateway but for some. */
static void put_creator(struct maker *m, const char *key)
{
    if (!once_in(m, 3) || !begin(m, key))
        return;
    make_user(m, own(m, CORDAGE_KIND_USERS, 0));
}

void make_emoji(struct maker *m, unsigned n)
{
    char text[64];

    json_open(&m->w, '{');
    put_own_id(m, "id", own(m, CORDAGE_KIND_EMOJIS, n));
    put_text(m, "name", short_name(m, "_", text, sizeof text));
    put_roles(m, "roles", once_in(m, 8) ? 2 : 0);
    put_flag(m, "require_colons", true);
    put_flag(m, "managed", once_in(m, 20));
    put_flag(m, "animated", once_in(m, 3));
    put_flag(m, "available", !once_in(m, 20));
    if (m->p->odd)
        put_creator(m, "user");
    put_noise(m);
    json_shut(&m->w, '}');
}

void make_sticker(struct maker *m, unsigned n)
{
    char text[100];

    json_open(&m->w, '{');
    put_own_id(m, "id", own(m, CORDAGE_KIND_STICKERS, n));
    put_own_id(m, "guild_id", own(m, CORDAGE_KIND_GUILDS, 0));
    put_text(m, "name", short_name(m, " ", text, sizeof text));
    put_text(m, "description", once_in(m, 3) ? NULL : sentence(m, 6, text, sizeof text));
    put_text(m, "tags", "anchor");
    put_number(m, "type", 2);
    put_number(m, "format_type", (int64_t)between(m, 1, 4));
    put_flag(m, "available", true);
    put_creator(m, "user");
    if (m->p->odd) {
        put_snowflake(m, "pack_id", own(m, CORDAGE_KIND_GUILDS, 0));
        put_number(m, "sort_value", 12);
    }
    put_hash(m, "asset", 100);
    put_noise(m);
    json_shut(&m->w, '}');
}

void make_sound(struct maker *m, unsigned n)
{
    char text[64];

    json_open(&m->w, '{');
    put_own_id(m, "sound_id", own(m, CORDAGE_KIND_SOUNDS, n));
    put_own_id(m, "guild_id", own(m, CORDAGE_KIND_GUILDS, 0));
    put_text(m, "name", short_name(m, " ", text, sizeof text));
    if (begin(m, "volume"))
        json_put_double(&m->w, once_in(m, 2) ? 1 : 0.9843569397926331);
    put_snowflake(m, "emoji_id", once_in(m, 3) ? own(m, CORDAGE_KIND_EMOJIS, 0) : 0);
    put_text(m, "emoji_name", once_in(m, 3) ? NULL : "\xf0\x9f\x90\xb8");
    put_flag(m, "available", true);
    put_creator(m, "user");
    json_shut(&m->w, '}');
}

void make_stage(struct maker *m, unsigned n)
{
    char text[100];

    json_open(&m->w, '{');
    put_own_id(m, "id", own(m, CORDAGE_KIND_STAGE_INSTANCES, n));
    put_own_id(m, "guild_id", own(m, CORDAGE_KIND_GUILDS, 0));
    json_key(&m->w, "channel_id");
    json_put_id(&m->w, own(m, CORDAGE_KIND_CHANNELS, 13));
    put_text(m, "topic", sentence(m, 5, text, sizeof text));
    put_number(m, "privacy_level", 2);
    put_flag(m, "discoverable_disabled", once_in(m, 2));
    put_snowflake(m, "guild_scheduled_event_id",
                  once_in(m, 2) ? own(m, CORDAGE_KIND_SCHEDULED_EVENTS, 0) : 0);
    json_shut(&m->w, '}');
}

static void put_numbers(struct maker *m, const char *key, uint64_t n)
{
    if (!begin(m, key))
        return;
    json_open(&m->w, '[');
    json_put_u64(&m->w, n);
    json_shut(&m->w, ']');
}

static void put_recurrence(struct maker *m)
{
    if (!begin(m, "recurrence_rule"))
        return;
    if (once_in(m, 2)) {
        json_put_null(&m->w);
        return;
    }
    json_open(&m->w, '{');
    put_plain_time(m, "start");
    put_null(m, "end");
    put_number(m, "frequency", (int64_t)between(m, 0, 3));
    put_number(m, "interval", (int64_t)between(m, 1, 2));
    put_numbers(m, "by_weekday", 4);
    if (begin(m, "by_n_weekday")) {
        json_open(&m->w, '[');
        json_open(&m->w, '{');
        put_number(m, "n", 2);
        put_number(m, "day", 6);
        json_shut(&m->w, '}');
        json_shut(&m->w, ']');
    }
    put_numbers(m, "by_month", 7);
    put_numbers(m, "by_month_day", 24);
    put_numbers(m, "by_year_day", 364);
    put_number(m, "count", 10);
    json_shut(&m->w, '}');
}

static void put_place(struct maker *m, bool outside)
{
    char text[100];

    if (!begin(m, "entity_metadata"))
        return;
    if (!outside) {
        json_put_null(&m->w);
        return;
    }
    json_open(&m->w, '{');
    put_text(m, "location", sentence(m, 4, text, sizeof text));
    json_shut(&m->w, '}');
}

void make_event(struct maker *m, unsigned n)
{
    bool outside = once_in(m, 3);
    char text[200];

    json_open(&m->w, '{');
    put_own_id(m, "id", own(m, CORDAGE_KIND_SCHEDULED_EVENTS, n));
    put_own_id(m, "guild_id", own(m, CORDAGE_KIND_GUILDS, 0));
    put_snowflake(m, "channel_id", outside ? 0 : own(m, CORDAGE_KIND_CHANNELS, 4));
    put_snowflake(m, "creator_id", own(m, CORDAGE_KIND_USERS, 0));
    put_creator(m, "creator");
    put_text(m, "name", sentence(m, 4, text, sizeof text));
    put_text(m, "description", once_in(m, 3) ? NULL : sentence(m, 20, text, sizeof text));
    put_plain_time(m, "scheduled_start_time");
    if (outside)
        put_plain_time(m, "scheduled_end_time");
    else
        put_null(m, "scheduled_end_time");
    put_number(m, "privacy_level", 2);
    put_number(m, "status", (int64_t)between(m, 1, 2));
    put_number(m, "entity_type", outside ? 3 : 2);
    put_snowflake(m, "entity_id", 0);
    put_place(m, outside);
    if (once_in(m, 2)) {
        json_key(&m->w, "user_count");
        json_put_u64(&m->w, between(m, 0, 40));
    }
    put_hash(m, "image", 50);
    put_recurrence(m);
    json_shut(&m->w, '}');
}
