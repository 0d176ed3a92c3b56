/* Channels of every type, threads, stages and scheduled events of the seed.
 *
 * Behind the channels that every guild has a rich one has those of `more`. */
#include <stdio.h>

#include "field.h"
#include "isotime.h"
#include "seed.h"

static const char *const text_names[] = { "general", "workshop", "off-topic",
                                          "büro",    "雑談",     "show-and-tell" };

static const struct more {
    enum channel_type type;
    const char *name, *topic;
} more[] = {
    { CHANNEL_ANNOUNCEMENT, "harbour-news", "What is new, \"officially\"" },
    { CHANNEL_STAGE, "amphitheatre", NULL },
    { CHANNEL_FORUM, "help-desk", "Ask here. One question, one post." },
    { CHANNEL_MEDIA, "gallery", NULL },
    { CHANNEL_CATEGORY, "Staff ⚓", NULL },
    { CHANNEL_TEXT, "wardens-only", "not for 👀 everyone" },
    { CHANNEL_VOICE, "engine-room", NULL },
};
enum { N_MORE = sizeof more / sizeof *more };
/* Which of `more`. */
enum { NEWS, STAGE, FORUM, MEDIA, STAFF, WARDENS, ENGINE };

static uint64_t channel_id(const struct world_guild *g, uint32_t index)
{
    return seed_part(g, PART_CHANNEL + index);
}

static uint64_t more_id(const struct world_guild *g, uint32_t which)
{
    return channel_id(g, g->n_text + 2 + which);
}

uint32_t seed_n_channels(const struct world_guild *g)
{
    return g->n_text + 2 + (g->is_rich ? N_MORE : 0);
}

enum channel_type seed_channel_type(const struct world_guild *g, uint32_t index)
{
    if (index == 0)
        return CHANNEL_CATEGORY;
    if (index <= g->n_text)
        return CHANNEL_TEXT;
    if (index == world_voice_channel(g))
        return CHANNEL_VOICE;
    return more[index - g->n_text - 2].type;
}

/* ---- Channels ------------------------------------------------------------------- */

static void put_text(const struct world *w, const struct world_guild *g, uint32_t index,
                     struct json_writer *j)
{
    uint64_t id = channel_id(g, index);

    field_z(j, "name", text_names[index - 1]);
    field_z(j, "topic", world_chance(w, id, 't') % 2 ? "Über alles: \"be kind\"" : NULL);
    field_u64(j, "position", index - 1);
    field_id(j, "parent_id", channel_id(g, 0));
    field_id(j, "last_message_id", g->last_messages[index - 1]);
    field_u64(j, "rate_limit_per_user", world_chance(w, id, 'R') % 5 == 0 ? 10 : 0);
    if (g->is_rich && index == 1) {
        json_key(j, "last_pin_timestamp");
        json_put_time(j, (g->id >> 22) + WORLD_EPOCH_MS + 86400000);
        field_u64(j, "default_auto_archive_duration", 4320);
    }
    if (g->is_rich && index == 3)
        field_bool(j, "nsfw", true);
}

static void put_voice(const struct world_guild *g, bool is_stage, bool is_engine,
                      struct json_writer *j)
{
    field_null(j, "last_message_id");
    field_u64(j, "bitrate", is_engine ? 96000 : 64000);
    field_u64(j, "user_limit", is_stage ? 1000 : is_engine ? 5 : 0);
    field_z(j, "rtc_region", is_engine ? "rotterdam" : NULL);
    if (is_engine)
        field_u64(j, "video_quality_mode", 2);
    field_u64(j, "rate_limit_per_user", 0);
    field_id(j, "parent_id", is_engine ? more_id(g, STAFF) : channel_id(g, 0));
}

static void put_tags(const struct world_guild *g, struct json_writer *j)
{
    static const char *const names[] = { "question", "solved ✔", "lathe" };

    field_open(j, "available_tags", '[');
    for (uint32_t i = 0; i < sizeof names / sizeof *names; i++) {
        json_open(j, '{');
        field_id(j, "id", seed_part(g, PART_TAG + i));
        field_z(j, "name", names[i]);
        field_bool(j, "moderated", i == 1);
        field_id(j, "emoji_id", i == 2 ? seed_part(g, PART_EMOJI) : 0);
        field_z(j, "emoji_name", i == 0 ? "❓" : NULL);
        json_shut(j, '}');
    }
    json_shut(j, ']');
}

static void put_forum(const struct world_guild *g, bool is_media, struct json_writer *j)
{
    field_id(j, "parent_id", channel_id(g, 0));
    field_id(j, "last_message_id", is_media ? 0 : seed_part(g, PART_THREAD + 1));
    field_u64(j, "rate_limit_per_user", 0);
    field_u64(j, "default_thread_rate_limit_per_user", 5);
    field_u64(j, "default_auto_archive_duration", 10080);
    put_tags(g, j);
    field_open(j, "default_reaction_emoji", '{');
    field_null(j, "emoji_id");
    field_z(j, "emoji_name", "👍🏽");
    json_shut(j, '}');
    json_key(j, "default_sort_order");
    if (is_media)
        json_put_null(j);
    else
        json_put_u64(j, 1);
    if (!is_media)
        field_u64(j, "default_forum_layout", 1);
}

static void put_overwrite(uint64_t id, uint64_t type, const char *allow, const char *deny,
                          struct json_writer *j)
{
    json_open(j, '{');
    field_id(j, "id", id);
    field_u64(j, "type", type);
    field_z(j, "allow", allow);
    field_z(j, "deny", deny);
    json_shut(j, '}');
}

static void put_overwrites(const struct world *w, const struct world_guild *g,
                           uint32_t index, struct json_writer *j)
{
    uint32_t which = index - g->n_text - 2; /* huge for those that every guild has */

    field_open(j, "permission_overwrites", '[');
    if (which == NEWS)
        put_overwrite(g->id, 0, "0", "2048", j);
    if (which == STAFF || which == WARDENS || which == ENGINE) {
        put_overwrite(g->id, 0, "0", "1024", j);
        put_overwrite(seed_id(w, g, LIST_ROLES, 2), 0, "1024", "0", j);
    }
    if (which == WARDENS)
        put_overwrite(seed_member_id(w, g, 1), 1, "8192", "8589934592", j);
    if (g->is_rich && index == 2)
        put_overwrite(w->bot_id, 1, "8192", "0", j);
    json_shut(j, ']');
}

static void put_more(const struct world_guild *g, uint32_t which, struct json_writer *j)
{
    field_z(j, "name", more[which].name);
    field_u64(j, "position", which);
    switch (more[which].type) {
    case CHANNEL_STAGE:
    case CHANNEL_VOICE:
        put_voice(g, which == STAGE, which == ENGINE, j);
        break;
    case CHANNEL_FORUM:
    case CHANNEL_MEDIA:
        field_z(j, "topic", more[which].topic);
        put_forum(g, which == MEDIA, j);
        break;
    case CHANNEL_CATEGORY:
        break;
    default:
        field_z(j, "topic", more[which].topic);
        field_id(j, "parent_id", which == WARDENS ? more_id(g, STAFF) : channel_id(g, 0));
        field_null(j, "last_message_id");
        field_u64(j, "rate_limit_per_user", 0);
    }
}

void seed_put_channel(const struct world *w, const struct world_guild *g, uint32_t index,
                      struct json_writer *j)
{
    uint32_t which = index - g->n_text - 2;

    field_id(j, "id", channel_id(g, index));
    field_u64(j, "type", (uint64_t)seed_channel_type(g, index));
    if (index == 0) {
        field_z(j, "name", "dockside");
        field_u64(j, "position", 0);
    } else if (index <= g->n_text) {
        put_text(w, g, index, j);
    } else if (index == world_voice_channel(g)) {
        field_z(j, "name", "quay");
        field_u64(j, "position", 0);
        put_voice(g, false, false, j);
    } else {
        put_more(g, which, j);
    }
    put_overwrites(w, g, index, j);
    field_u64(j, "flags", g->is_rich && which == FORUM ? 16 : 0);
}

/* ---- Threads -------------------------------------------------------------------- */

static const struct thread {
    enum channel_type type;
    const char *name;
    unsigned minutes;
} threads[] = {
    { CHANNEL_PUBLIC_THREAD, "lathe shims", 1440 }, /* the bot is in it */
    { CHANNEL_PUBLIC_THREAD, "How do I splice \"three\" strands?", 4320 }, /* a post */
    { CHANNEL_PRIVATE_THREAD, "surprise 🎂", 60 },
    { CHANNEL_ANNOUNCEMENT_THREAD, "about the news", 10080 },
};

enum channel_type seed_thread_type(uint32_t index)
{
    return threads[index].type;
}

uint32_t seed_n_threads(const struct world_guild *g)
{
    return g->is_rich ? sizeof threads / sizeof *threads : 0;
}

static uint64_t thread_parent(const struct world_guild *g, uint32_t index)
{
    if (index == 1)
        return more_id(g, FORUM);
    return index == 3 ? more_id(g, NEWS) : channel_id(g, 1 + index / 2);
}

static void put_thread_metadata(const struct world_guild *g, uint32_t index,
                                struct json_writer *j)
{
    uint64_t made = (seed_part(g, PART_THREAD + index) >> 22) + WORLD_EPOCH_MS;

    field_open(j, "thread_metadata", '{');
    field_bool(j, "archived", false);
    field_u64(j, "auto_archive_duration", threads[index].minutes);
    json_key(j, "archive_timestamp");
    json_put_time(j, made);
    field_bool(j, "locked", index == 3);
    if (threads[index].type == CHANNEL_PRIVATE_THREAD)
        field_bool(j, "invitable", false);
    if (index != 3) {
        json_key(j, "create_timestamp");
        json_put_time(j, made);
    }
    json_shut(j, '}');
}

void seed_put_thread(const struct world *w, const struct world_guild *g, uint32_t index,
                     struct json_writer *j)
{
    field_id(j, "id", seed_part(g, PART_THREAD + index));
    field_u64(j, "type", threads[index].type);
    field_z(j, "name", threads[index].name);
    field_id(j, "parent_id", thread_parent(g, index));
    field_id(j, "owner_id", seed_member_id(w, g, 1));
    field_null(j, "last_message_id");
    field_u64(j, "message_count", 3 * index);
    field_u64(j, "total_message_sent", 4 * index);
    field_u64(j, "member_count", 2);
    field_u64(j, "rate_limit_per_user", 0);
    field_u64(j, "flags", index == 1 ? 2 : 0);
    put_thread_metadata(g, index, j);
    if (index == 1) {
        field_open(j, "applied_tags", '[');
        json_put_id(j, seed_part(g, PART_TAG));
        json_shut(j, ']');
    }
    if (index == 0) {
        field_open(j, "member", '{');
        json_key(j, "join_timestamp");
        json_put_time(j, (g->id >> 22) + WORLD_EPOCH_MS + 60000);
        field_u64(j, "flags", 1);
        json_shut(j, '}');
    }
}

/* ---- Stages and events ---------------------------------------------------------- */

void seed_put_stage(const struct world_guild *g, struct json_writer *j)
{
    field_id(j, "id", seed_part(g, PART_STAGE));
    field_id(j, "guild_id", g->id);
    field_id(j, "channel_id", more_id(g, STAGE));
    field_z(j, "topic", "Knots, an \"introduction\"");
    field_u64(j, "privacy_level", 2);
    field_bool(j, "discoverable_disabled", false);
    field_id(j, "guild_scheduled_event_id", seed_part(g, PART_EVENT));
}

static void put_weekly(struct json_writer *j, uint64_t start)
{
    field_open(j, "recurrence_rule", '{');
    json_key(j, "start");
    json_put_time(j, start);
    field_null(j, "end");
    field_u64(j, "frequency", 2);
    field_u64(j, "interval", 1);
    field_open(j, "by_weekday", '[');
    json_put_u64(j, 3);
    json_shut(j, ']');
    field_null(j, "by_n_weekday");
    field_null(j, "by_month");
    field_null(j, "by_month_day");
    field_null(j, "by_year_day");
    field_null(j, "count");
    json_shut(j, '}');
}

/* Event 0 is the stage's, and on; event 1 is somewhere else, each week. */
void seed_put_event(const struct world *w, const struct world_guild *g, uint32_t index,
                    struct json_writer *j)
{
    uint64_t start = 1890000000000ULL + world_chance(w, g->id, 'e') % 100000 * 60000;

    field_id(j, "id", seed_part(g, PART_EVENT + index));
    field_id(j, "guild_id", g->id);
    field_id(j, "channel_id", index == 0 ? more_id(g, STAGE) : 0);
    field_id(j, "creator_id", seed_member_id(w, g, 1));
    field_z(j, "name", index == 0 ? "Knots for beginners" : "Regatta ⛵");
    field_z(j, "description", index == 0 ? NULL : "Bring a hat.\nAnd a \"boat\".");
    json_key(j, "scheduled_start_time");
    json_put_time(j, start);
    json_key(j, "scheduled_end_time");
    if (index == 0)
        json_put_null(j);
    else
        json_put_time(j, start + 7200000);
    field_u64(j, "privacy_level", 2);
    field_u64(j, "status", index == 0 ? 2 : 1);
    field_u64(j, "entity_type", index == 0 ? 1 : 3);
    field_id(j, "entity_id", index == 0 ? seed_part(g, PART_STAGE) : 0);
    if (index == 0) {
        field_null(j, "entity_metadata");
        field_null(j, "recurrence_rule");
    } else {
        field_open(j, "entity_metadata", '{');
        field_z(j, "location", "Pier 4");
        json_shut(j, '}');
        put_weekly(j, start);
    }
    field_u64(j, "user_count", 2 + index);
    field_null(j, "image");
}
