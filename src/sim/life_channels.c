/* Channels: made, changed, deleted, pinned in. */
#include <stdio.h>

#include "edit.h"
#include "isotime.h"

enum { CHANNELS_MAX = 40, FORUM_TAGS_MAX = 3 };

#define BIT(type) (1u << (type))
#define ALL_TYPES (~0u)
#define PINNABLE  (BIT(CHANNEL_TEXT) | BIT(CHANNEL_ANNOUNCEMENT))
#define IN_VOICE  (BIT(CHANNEL_VOICE) | BIT(CHANNEL_STAGE))

/* Channels from here on may be deleted. */
static uint32_t first_mortal(const struct edit *e)
{
    return world_voice_channel(e->g) + 1;
}

/* ---- Making --------------------------------------------------------------------- */

static void put_overwrites(struct edit *e)
{
    uint64_t id;

    field_open(&e->j, "permission_overwrites", '[');
    for (int type = 0; type < 2; type++) {
        bool any = type ? life_pick_member(e, 1, &id) : life_pick(e, LIST_ROLES, 0, &id);

        if (!any || life_once_in(e, 2))
            continue;
        json_open(&e->j, '{');
        field_id(&e->j, "id", id);
        field_u64(&e->j, "type", (uint64_t)type);
        field_z(&e->j, "allow", life_once_in(e, 2) ? "2048" : "0");
        field_z(&e->j, "deny", life_once_in(e, 2) ? "1024" : "8589934592");
        json_shut(&e->j, '}');
    }
    json_shut(&e->j, ']');
}

static void put_tags(struct edit *e)
{
    field_open(&e->j, "available_tags", '[');
    for (uint64_t i = 0, n = life_below(e, FORUM_TAGS_MAX); i < n; i++) {
        json_open(&e->j, '{');
        field_id(&e->j, "id", edit_new_id(e));
        field_z(&e->j, "name", i ? "new \"tag\"" : "急ぎ");
        field_bool(&e->j, "moderated", life_once_in(e, 2));
        field_null(&e->j, "emoji_id");
        field_z(&e->j, "emoji_name", i ? "⛵" : NULL);
        json_shut(&e->j, '}');
    }
    json_shut(&e->j, ']');
}

static void put_forum(struct edit *e, bool is_media)
{
    field_null(&e->j, "topic");
    field_null(&e->j, "last_message_id");
    put_tags(e);
    field_null(&e->j, "default_reaction_emoji");
    field_null(&e->j, "default_sort_order");
    if (!is_media)
        field_u64(&e->j, "default_forum_layout", life_below(e, 3));
}

/* What its type has beside what all channels have. */
static void put_special(struct edit *e, enum channel_type type)
{
    switch (type) {
    case CHANNEL_CATEGORY:
        return;
    case CHANNEL_VOICE:
    case CHANNEL_STAGE:
        field_null(&e->j, "last_message_id");
        field_u64(&e->j, "bitrate", 64000);
        field_u64(&e->j, "user_limit", life_below(e, 20));
        field_null(&e->j, "rtc_region");
        break;
    case CHANNEL_FORUM:
    case CHANNEL_MEDIA:
        put_forum(e, type == CHANNEL_MEDIA);
        break;
    default:
        field_z(&e->j, "topic", life_once_in(e, 2) ? "newly \"made\" 🆕" : NULL);
        field_null(&e->j, "last_message_id");
    }
    field_u64(&e->j, "rate_limit_per_user", life_below(e, 3) * 5);
    field_bool(&e->j, "nsfw", life_once_in(e, 5));
}

static enum channel_type any_type(struct edit *e)
{
    static const enum channel_type types[] = { CHANNEL_TEXT,         CHANNEL_TEXT,
                                               CHANNEL_VOICE,        CHANNEL_CATEGORY,
                                               CHANNEL_ANNOUNCEMENT, CHANNEL_STAGE,
                                               CHANNEL_FORUM,        CHANNEL_MEDIA };

    return types[life_below(e, sizeof types / sizeof *types)];
}

bool life_create_channel(struct edit *e)
{
    uint32_t n = world_n_channels(e->g);
    uint64_t id = edit_new_id(e), category = 0;
    enum channel_type type = any_type(e);
    char name[64];

    if (n >= CHANNELS_MAX)
        return false;
    if (type != CHANNEL_CATEGORY && life_once_in(e, 2))
        life_pick_type(e, LIST_CHANNELS, 0, BIT(CHANNEL_CATEGORY), &category);
    life_name(e, name, sizeof name);
    edit_begin(e);
    field_id(&e->j, "id", id);
    field_u64(&e->j, "type", type);
    field_z(&e->j, "name", name);
    field_u64(&e->j, "position", n);
    field_id(&e->j, "parent_id", category);
    put_overwrites(e);
    put_special(e, type);
    field_u64(&e->j, "flags", 0);
    edit_put(e, LIST_CHANNELS, id);
    edit_tell_channel(e, "CHANNEL_CREATE", id);
    return true;
}

/* ---- Changing ------------------------------------------------------------------- */

bool life_change_channel(struct edit *e)
{
    uint64_t id, category = 0;
    uint32_t index;
    char name[64];
    bool is_category;

    if (!life_pick(e, LIST_CHANNELS, 0, &id) || !edit_find(e, LIST_CHANNELS, id, &index))
        return false;
    is_category = world_channel_type(e->g, index) == CHANNEL_CATEGORY;
    if (life_once_in(e, 2))
        life_pick_type(e, LIST_CHANNELS, 0, BIT(CHANNEL_CATEGORY), &category);
    life_name(e, name, sizeof name);
    edit_begin(e);
    switch (life_below(e, 4)) {
    case 0:
        field_z(&e->j, "name", name);
        break;
    case 1:
        put_overwrites(e);
        break;
    case 2:
        field_u64(&e->j, "position", life_below(e, 20));
        if (!is_category)
            field_id(&e->j, "parent_id", category);
        break;
    default:
        if (is_category)
            field_z(&e->j, "name", name);
        else
            field_u64(&e->j, "rate_limit_per_user", life_below(e, 21600));
    }
    edit_merge(e, LIST_CHANNELS, id);
    edit_tell_channel(e, "CHANNEL_UPDATE", id);
    return true;
}

/* ---- Deleting ------------------------------------------------------------------- */

/* Each one whose parent is `id`: the last first, because it may go. */
static bool below(const struct edit *e, enum world_list list, uint64_t id, uint32_t *i)
{
    while ((*i)-- > 0)
        if (e->g->changes->lists[list].entries[*i].parent == id)
            return true;
    return false;
}

static void out_of_category(struct edit *e, uint64_t id)
{
    uint32_t i = world_n_channels(e->g);

    while (!e->err && below(e, LIST_CHANNELS, id, &i)) {
        uint64_t child = world_channel_id(e->g, i);

        edit_begin(e);
        field_null(&e->j, "parent_id");
        edit_merge(e, LIST_CHANNELS, child);
        edit_tell_channel(e, "CHANNEL_UPDATE", child);
    }
}

static void delete_below(struct edit *e, enum world_list list, const char *event,
                         uint32_t intent, uint64_t id)
{
    uint32_t i = world_count(e->world, e->g, list);

    while (!e->err && below(e, list, id, &i)) {
        uint64_t child = world_id_at(e->world, e->g, list, i);

        edit_tell_object(e, event, intent, list, child);
        edit_remove(e, list, child);
    }
}

void edit_delete_channel(struct edit *e, uint64_t id)
{
    uint32_t i = world_count(e->world, e->g, LIST_VOICE);

    if (e->err)
        return;
    out_of_category(e, id);
    while (!e->err && below(e, LIST_VOICE, id, &i))
        edit_leave_voice(e, world_id_at(e->world, e->g, LIST_VOICE, i));
    delete_below(e, LIST_EVENTS, "GUILD_SCHEDULED_EVENT_DELETE", INTENT_SCHEDULED_EVENTS,
                 id);
    delete_below(e, LIST_STAGES, "STAGE_INSTANCE_DELETE", INTENT_GUILDS, id);
    edit_tell_channel(e, "CHANNEL_DELETE", id);
    if (e->err)
        return;
    changes_remove_below(e->world, e->g, LIST_THREADS, id);
    changes_remove_below(e->world, e->g, LIST_ARCHIVED, id);
    changes_remove_below(e->world, e->g, LIST_WEBHOOKS, id);
    changes_remove_below(e->world, e->g, LIST_INVITES, id);
    edit_remove(e, LIST_VOICE_INFO, id);
    edit_remove(e, LIST_CHANNELS, id);
}

bool life_delete_channel(struct edit *e)
{
    uint64_t id;

    if (!life_pick_type(e, LIST_CHANNELS, first_mortal(e), ALL_TYPES, &id))
        return false;
    for (uint32_t bot = 0; bot < e->world->n_bots; bot++)
        if (world_stay(e->world, e->g, bot)->voice_channel == id)
            return false;
    edit_delete_channel(e, id);
    return true;
}

/* ---- Pins, voice ---------------------------------------------------------------- */

static void put_pin_time(struct edit *e, bool any)
{
    json_key(&e->j, "last_pin_timestamp");
    if (any)
        json_put_time(&e->j, edit_wall(e));
    else
        json_put_null(&e->j);
}

bool life_pin(struct edit *e)
{
    bool any = !life_once_in(e, 4);
    uint64_t id;

    if (!life_pick_type(e, LIST_CHANNELS, 0, PINNABLE, &id))
        return false;
    edit_begin(e);
    put_pin_time(e, any);
    edit_merge(e, LIST_CHANNELS, id);
    edit_telling(e);
    field_id(&e->j, "channel_id", id);
    put_pin_time(e, any);
    edit_told(e, "CHANNEL_PINS_UPDATE", INTENT_GUILDS);
    return true;
}

bool life_voice_status(struct edit *e)
{
    const char *status = life_once_in(e, 3) ? NULL : "splicing \"rope\" 🪢";
    uint32_t index;
    uint64_t id;

    if (!life_pick_type(e, LIST_CHANNELS, 0, IN_VOICE, &id))
        return false;
    edit_begin(e);
    field_z(&e->j, "status", status);
    if (edit_find(e, LIST_VOICE_INFO, id, &index))
        edit_merge(e, LIST_VOICE_INFO, id);
    else
        edit_put(e, LIST_VOICE_INFO, id);
    edit_telling(e);
    field_id(&e->j, "id", id);
    field_z(&e->j, "status", status);
    edit_told(e, "VOICE_CHANNEL_STATUS_UPDATE", INTENT_GUILDS);
    return true;
}
