#include "objects_private.h"

const struct schema *const object_schemas[CORDAGE_N_KINDS] = {
    [CORDAGE_KIND_GUILDS] = &guild_schema,
    [CORDAGE_KIND_CHANNELS] = &channel_schema,
    [CORDAGE_KIND_THREADS] = &channel_schema,
    [CORDAGE_KIND_ROLES] = &role_schema,
    [CORDAGE_KIND_EMOJIS] = &emoji_schema,
    [CORDAGE_KIND_STICKERS] = &sticker_schema,
    [CORDAGE_KIND_MEMBERS] = &member_schema,
    [CORDAGE_KIND_USERS] = &user_schema,
    [CORDAGE_KIND_PRESENCES] = &presence_schema,
    [CORDAGE_KIND_VOICE_STATES] = &voice_state_schema,
    [CORDAGE_KIND_STAGE_INSTANCES] = &stage_schema,
    [CORDAGE_KIND_SCHEDULED_EVENTS] = &scheduled_event_schema,
    [CORDAGE_KIND_SOUNDS] = &sound_schema,
};

const char *object_list_key(cordage_kind kind)
{
    static const char *const keys[CORDAGE_N_KINDS] = {
        [CORDAGE_KIND_CHANNELS] = "channels",
        [CORDAGE_KIND_THREADS] = "threads",
        [CORDAGE_KIND_ROLES] = "roles",
        [CORDAGE_KIND_EMOJIS] = "emojis",
        [CORDAGE_KIND_STICKERS] = "stickers",
        [CORDAGE_KIND_MEMBERS] = "members",
        [CORDAGE_KIND_PRESENCES] = "presences",
        [CORDAGE_KIND_VOICE_STATES] = "voice_states",
        [CORDAGE_KIND_STAGE_INSTANCES] = "stage_instances",
        [CORDAGE_KIND_SCHEDULED_EVENTS] = "guild_scheduled_events",
        [CORDAGE_KIND_SOUNDS] = "soundboard_sounds",
    };

    return kind < CORDAGE_N_KINDS ? keys[kind] : NULL;
}

cordage_id object_id(cordage_kind kind, cordage_json object)
{
    cordage_id id = 0;

    switch (kind) {
    case CORDAGE_KIND_MEMBERS:
    case CORDAGE_KIND_PRESENCES:
        json_id(json_get(json_get(object, "user"), "id"), &id);
        break;
    case CORDAGE_KIND_VOICE_STATES:
        json_id(json_get(object, "user_id"), &id);
        break;
    case CORDAGE_KIND_SOUNDS:
        json_id(json_get(object, "sound_id"), &id);
        break;
    default:
        json_id(json_get(object, "id"), &id);
    }
    return id;
}
