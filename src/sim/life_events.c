/* Stages, and events that people plan. */
#include "edit.h"
#include "isotime.h"

enum { EVENTS_MAX = 10, ON_STAGE = 1, IN_VOICE = 2, ELSEWHERE = 3 };
enum { SCHEDULED = 1, ACTIVE = 2, COMPLETED = 3, CANCELED = 4 };

/* ---- Stages --------------------------------------------------------------------- */

static const struct change_entry *stage_in(const struct edit *e, uint64_t channel)
{
    const struct change_list *l = &e->g->changes->lists[LIST_STAGES];

    for (uint32_t i = 0; i < l->n; i++)
        if (l->entries[i].parent == channel)
            return &l->entries[i];
    return NULL;
}

static void begin_stage(struct edit *e, uint64_t channel)
{
    uint64_t id = edit_new_id(e);

    edit_begin(e);
    field_id(&e->j, "id", id);
    field_id(&e->j, "guild_id", e->g->id);
    field_id(&e->j, "channel_id", channel);
    field_z(&e->j, "topic", "A new \"stage\" 🎭");
    field_u64(&e->j, "privacy_level", 2);
    field_bool(&e->j, "discoverable_disabled", false);
    field_null(&e->j, "guild_scheduled_event_id");
    edit_put(e, LIST_STAGES, id);
    edit_tell_object(e, "STAGE_INSTANCE_CREATE", INTENT_GUILDS, LIST_STAGES, id);
}

bool life_stage(struct edit *e)
{
    const struct change_entry *stage;
    uint64_t channel, id;
    char topic[64];

    if (!life_pick_type(e, LIST_CHANNELS, 0, 1u << CHANNEL_STAGE, &channel))
        return false;
    stage = stage_in(e, channel);
    if (!stage) {
        begin_stage(e, channel);
        return true;
    }
    id = stage->id;
    if (life_once_in(e, 2)) {
        edit_tell_object(e, "STAGE_INSTANCE_DELETE", INTENT_GUILDS, LIST_STAGES, id);
        edit_remove(e, LIST_STAGES, id);
        return true;
    }
    life_name(e, topic, sizeof topic);
    edit_begin(e);
    field_z(&e->j, "topic", topic);
    edit_merge(e, LIST_STAGES, id);
    edit_tell_object(e, "STAGE_INSTANCE_UPDATE", INTENT_GUILDS, LIST_STAGES, id);
    return true;
}

/* ---- Scheduled events ----------------------------------------------------------- */

static void put_times(struct edit *e)
{
    uint64_t start = edit_wall(e) + 3600000 + life_below(e, 86400000);

    json_key(&e->j, "scheduled_start_time");
    json_put_time(&e->j, start);
    json_key(&e->j, "scheduled_end_time");
    json_put_time(&e->j, start + 3600000);
}

/* Where it takes place. */
static void put_place(struct edit *e, uint64_t channel, uint64_t where)
{
    field_id(&e->j, "channel_id", channel);
    field_u64(&e->j, "entity_type", where);
    field_null(&e->j, "entity_id");
    if (where != ELSEWHERE) {
        field_null(&e->j, "entity_metadata");
        return;
    }
    field_open(&e->j, "entity_metadata", '{');
    field_z(&e->j, "location", "the old \"pier\"");
    json_shut(&e->j, '}');
}

bool life_create_event(struct edit *e)
{
    uint64_t id = edit_new_id(e), creator, channel = 0;
    uint64_t where = 1 + life_below(e, 3);
    char name[64];

    if (world_count(e->world, e->g, LIST_EVENTS) >= EVENTS_MAX ||
        !life_pick_member(e, 1, &creator))
        return false;
    if (where != ELSEWHERE &&
        !life_pick_type(e, LIST_CHANNELS, 0,
                        1u << (where == ON_STAGE ? CHANNEL_STAGE : CHANNEL_VOICE),
                        &channel))
        where = ELSEWHERE;
    life_name(e, name, sizeof name);
    edit_begin(e);
    field_id(&e->j, "id", id);
    field_id(&e->j, "guild_id", e->g->id);
    field_id(&e->j, "creator_id", creator);
    field_z(&e->j, "name", name);
    field_z(&e->j, "description", life_once_in(e, 2) ? "come \"all\"" : NULL);
    put_times(e);
    field_u64(&e->j, "privacy_level", 2);
    field_u64(&e->j, "status", SCHEDULED);
    put_place(e, channel, where);
    field_u64(&e->j, "user_count", 0);
    field_null(&e->j, "image");
    field_null(&e->j, "recurrence_rule");
    edit_put(e, LIST_EVENTS, id);
    edit_tell_object(e, "GUILD_SCHEDULED_EVENT_CREATE", INTENT_SCHEDULED_EVENTS,
                     LIST_EVENTS, id);
    return true;
}

static void tell_event(struct edit *e, const char *name, uint64_t id)
{
    edit_tell_object(e, name, INTENT_SCHEDULED_EVENTS, LIST_EVENTS, id);
}

bool life_change_event(struct edit *e)
{
    char name[64];
    uint64_t id;

    if (!life_pick(e, LIST_EVENTS, 0, &id))
        return false;
    life_name(e, name, sizeof name);
    edit_begin(e);
    switch (life_below(e, 3)) {
    case 0:
        field_z(&e->j, "name", name);
        break;
    case 1:
        put_times(e);
        break;
    default:
        field_u64(&e->j, "status", ACTIVE);
    }
    edit_merge(e, LIST_EVENTS, id);
    tell_event(e, "GUILD_SCHEDULED_EVENT_UPDATE", id);
    return true;
}

/* It is over, called off, or deleted: GUILD_CREATE lists it no more. */
bool life_end_event(struct edit *e)
{
    cordage_json event;
    uint64_t id;
    bool is_active;

    if (!life_pick(e, LIST_EVENTS, 0, &id) || !edit_read(e, LIST_EVENTS, id, &event))
        return false;
    is_active = cordage_json_int(json_get(event, "status"), 0) == ACTIVE;
    if (life_once_in(e, 2)) {
        tell_event(e, "GUILD_SCHEDULED_EVENT_DELETE", id);
    } else {
        edit_begin(e);
        field_u64(&e->j, "status", is_active ? COMPLETED : CANCELED);
        edit_merge(e, LIST_EVENTS, id);
        tell_event(e, "GUILD_SCHEDULED_EVENT_UPDATE", id);
    }
    edit_remove(e, LIST_EVENTS, id);
    return true;
}

bool life_event_user(struct edit *e)
{
    uint64_t id, user_id;
    cordage_json event;
    int64_t n;
    bool comes;

    if (!life_pick(e, LIST_EVENTS, 0, &id) || !life_pick_member(e, 1, &user_id) ||
        !edit_read(e, LIST_EVENTS, id, &event))
        return false;
    n = cordage_json_int(json_get(event, "user_count"), 0);
    comes = n == 0 || life_once_in(e, 2);
    edit_begin(e);
    field_u64(&e->j, "user_count", (uint64_t)(n + (comes ? 1 : -1)));
    edit_merge(e, LIST_EVENTS, id);
    edit_telling(e);
    field_id(&e->j, "guild_scheduled_event_id", id);
    field_id(&e->j, "user_id", user_id);
    edit_told(e,
              comes ? "GUILD_SCHEDULED_EVENT_USER_ADD"
                    : "GUILD_SCHEDULED_EVENT_USER_REMOVE",
              INTENT_SCHEDULED_EVENTS);
    return true;
}
