/* cordage/events.h - every dispatch that Discord documents, in one table.
 *
 * From it follow the types' numbers and names, the functions that register handlers,
 * where an event is routed, and what it does to the cache. Source: Discord, "Gateway
 * Events".
 *
 * A dispatch that stands in none of these rows has the type CORDAGE_EVENT_UNKNOWN and
 * reaches cordage_on_any. */
#ifndef CORDAGE_EVENTS_H
#define CORDAGE_EVENTS_H

/* X(NAME, name, view, intents, route, effect)
 *
 * `view`    what a handler is given: a cordage_<view>.
 * `intents` any one of these bits makes Discord send it; 0: it always comes. A few come
 *           about the bot itself without their intent (GUILD_MEMBER_UPDATE,
 *           THREAD_MEMBERS_UPDATE).
 * `route`   where its guild's id is: ID `d.id`, GUILD `d.guild_id` (where that is absent
 * the event belongs to its channel, as direct messages do), META `d.meta.guild_id`, SHARD
 * nowhere: the event belongs to its shard. `effect`  what it does to the cache; what the
 * names mean is in docs/caching.md. */
#define CORDAGE_EVENTS(X)                                                                \
    X(READY, ready, ready, 0, SHARD, READY)                                              \
    X(RESUMED, resumed, resumed, 0, SHARD, NONE)                                         \
    X(RATE_LIMITED, rate_limited, rate_limited, 0, META, NONE)                           \
    X(APPLICATION_COMMAND_PERMISSIONS_UPDATE, application_command_permissions_update,    \
      command_permissions, 0, GUILD, NONE)                                               \
    X(AUTO_MODERATION_RULE_CREATE, auto_moderation_rule_create, automod_rule, 1 << 20,   \
      GUILD, NONE)                                                                       \
    X(AUTO_MODERATION_RULE_UPDATE, auto_moderation_rule_update, automod_rule, 1 << 20,   \
      GUILD, NONE)                                                                       \
    X(AUTO_MODERATION_RULE_DELETE, auto_moderation_rule_delete, automod_rule, 1 << 20,   \
      GUILD, NONE)                                                                       \
    X(AUTO_MODERATION_ACTION_EXECUTION, auto_moderation_action_execution,                \
      automod_action, 1 << 21, GUILD, NONE)                                              \
    X(CHANNEL_CREATE, channel_create, channel, 1 << 0, GUILD, CHANNEL_PUT)               \
    X(CHANNEL_UPDATE, channel_update, channel, 1 << 0, GUILD, CHANNEL_PUT)               \
    X(CHANNEL_DELETE, channel_delete, channel, 1 << 0, GUILD, CHANNEL_REMOVE)            \
    X(CHANNEL_INFO, channel_info, channel_info, 0, GUILD, NONE)                          \
    X(CHANNEL_PINS_UPDATE, channel_pins_update, channel_pins, 1 << 0 | 1 << 12, GUILD,   \
      CHANNEL_PINS)                                                                      \
    X(VOICE_CHANNEL_STATUS_UPDATE, voice_channel_status_update, voice_channel_status,    \
      1 << 0, GUILD, NONE)                                                               \
    X(VOICE_CHANNEL_START_TIME_UPDATE, voice_channel_start_time_update,                  \
      voice_channel_start_time, 1 << 0, GUILD, NONE)                                     \
    X(THREAD_CREATE, thread_create, channel, 1 << 0, GUILD, THREAD_PUT)                  \
    X(THREAD_UPDATE, thread_update, channel, 1 << 0, GUILD, THREAD_PUT)                  \
    X(THREAD_DELETE, thread_delete, channel, 1 << 0, GUILD, THREAD_REMOVE)               \
    X(THREAD_LIST_SYNC, thread_list_sync, thread_list, 1 << 0, GUILD, THREAD_LIST)       \
    X(THREAD_MEMBER_UPDATE, thread_member_update, thread_member, 1 << 0, GUILD,          \
      THREAD_MEMBER)                                                                     \
    X(THREAD_MEMBERS_UPDATE, thread_members_update, thread_members, 1 << 0 | 1 << 1,     \
      GUILD, THREAD_MEMBERS)                                                             \
    X(ENTITLEMENT_CREATE, entitlement_create, entitlement, 0, SHARD, NONE)               \
    X(ENTITLEMENT_UPDATE, entitlement_update, entitlement, 0, SHARD, NONE)               \
    X(ENTITLEMENT_DELETE, entitlement_delete, entitlement, 0, SHARD, NONE)               \
    X(SUBSCRIPTION_CREATE, subscription_create, subscription, 0, SHARD, NONE)            \
    X(SUBSCRIPTION_UPDATE, subscription_update, subscription, 0, SHARD, NONE)            \
    X(SUBSCRIPTION_DELETE, subscription_delete, subscription, 0, SHARD, NONE)            \
    X(GUILD_CREATE, guild_create, guild, 1 << 0, ID, GUILD_REPLACE)                      \
    X(GUILD_UPDATE, guild_update, guild, 1 << 0, ID, GUILD_MERGE)                        \
    X(GUILD_DELETE, guild_delete, guild_gone, 1 << 0, ID, GUILD_REMOVE)                  \
    X(GUILD_AUDIT_LOG_ENTRY_CREATE, guild_audit_log_entry_create, audit_entry, 1 << 2,   \
      GUILD, NONE)                                                                       \
    X(GUILD_BAN_ADD, guild_ban_add, ban, 1 << 2, GUILD, NONE)                            \
    X(GUILD_BAN_REMOVE, guild_ban_remove, ban, 1 << 2, GUILD, NONE)                      \
    X(GUILD_EMOJIS_UPDATE, guild_emojis_update, emojis, 1 << 3, GUILD, EMOJIS_REPLACE)   \
    X(GUILD_STICKERS_UPDATE, guild_stickers_update, stickers, 1 << 3, GUILD,             \
      STICKERS_REPLACE)                                                                  \
    X(GUILD_SOUNDBOARD_SOUND_CREATE, guild_soundboard_sound_create, sound, 1 << 3,       \
      GUILD, SOUND_PUT)                                                                  \
    X(GUILD_SOUNDBOARD_SOUND_UPDATE, guild_soundboard_sound_update, sound, 1 << 3,       \
      GUILD, SOUND_PUT)                                                                  \
    X(GUILD_SOUNDBOARD_SOUND_DELETE, guild_soundboard_sound_delete, sound, 1 << 3,       \
      GUILD, SOUND_REMOVE)                                                               \
    X(GUILD_SOUNDBOARD_SOUNDS_UPDATE, guild_soundboard_sounds_update, sounds, 1 << 3,    \
      GUILD, SOUNDS_PUT)                                                                 \
    X(SOUNDBOARD_SOUNDS, soundboard_sounds, sounds, 0, GUILD, SOUNDS_REPLACE)            \
    X(GUILD_INTEGRATIONS_UPDATE, guild_integrations_update, integrations, 1 << 4, GUILD, \
      NONE)                                                                              \
    X(INTEGRATION_CREATE, integration_create, integration, 1 << 4, GUILD, NONE)          \
    X(INTEGRATION_UPDATE, integration_update, integration, 1 << 4, GUILD, NONE)          \
    X(INTEGRATION_DELETE, integration_delete, integration, 1 << 4, GUILD, NONE)          \
    X(GUILD_MEMBER_ADD, guild_member_add, member, 1 << 1, GUILD, MEMBER_ADD)             \
    X(GUILD_MEMBER_UPDATE, guild_member_update, member, 1 << 1, GUILD, MEMBER_MERGE)     \
    X(GUILD_MEMBER_REMOVE, guild_member_remove, member_gone, 1 << 1, GUILD,              \
      MEMBER_REMOVE)                                                                     \
    X(GUILD_MEMBERS_CHUNK, guild_members_chunk, members_chunk, 0, GUILD, MEMBERS_PUT)    \
    X(GUILD_ROLE_CREATE, guild_role_create, role, 1 << 0, GUILD, ROLE_PUT)               \
    X(GUILD_ROLE_UPDATE, guild_role_update, role, 1 << 0, GUILD, ROLE_PUT)               \
    X(GUILD_ROLE_DELETE, guild_role_delete, role_gone, 1 << 0, GUILD, ROLE_REMOVE)       \
    X(GUILD_SCHEDULED_EVENT_CREATE, guild_scheduled_event_create, scheduled_event,       \
      1 << 16, GUILD, SCHEDULED_PUT)                                                     \
    X(GUILD_SCHEDULED_EVENT_UPDATE, guild_scheduled_event_update, scheduled_event,       \
      1 << 16, GUILD, SCHEDULED_PUT)                                                     \
    X(GUILD_SCHEDULED_EVENT_DELETE, guild_scheduled_event_delete, scheduled_event,       \
      1 << 16, GUILD, SCHEDULED_REMOVE)                                                  \
    X(GUILD_SCHEDULED_EVENT_USER_ADD, guild_scheduled_event_user_add,                    \
      scheduled_event_user, 1 << 16, GUILD, SCHEDULED_USER)                              \
    X(GUILD_SCHEDULED_EVENT_USER_REMOVE, guild_scheduled_event_user_remove,              \
      scheduled_event_user, 1 << 16, GUILD, SCHEDULED_USER)                              \
    X(INTERACTION_CREATE, interaction_create, interaction, 0, GUILD, PEOPLE)             \
    X(INVITE_CREATE, invite_create, invite, 1 << 6, GUILD, NONE)                         \
    X(INVITE_DELETE, invite_delete, invite, 1 << 6, GUILD, NONE)                         \
    X(MESSAGE_CREATE, message_create, message, 1 << 9 | 1 << 12, GUILD, MESSAGE)         \
    X(MESSAGE_UPDATE, message_update, message, 1 << 9 | 1 << 12, GUILD, PEOPLE)          \
    X(MESSAGE_DELETE, message_delete, message_gone, 1 << 9 | 1 << 12, GUILD,             \
      MESSAGE_GONE)                                                                      \
    X(MESSAGE_DELETE_BULK, message_delete_bulk, messages_gone, 1 << 9, GUILD,            \
      MESSAGE_GONE)                                                                      \
    X(MESSAGE_REACTION_ADD, message_reaction_add, reaction, 1 << 10 | 1 << 13, GUILD,    \
      PEOPLE)                                                                            \
    X(MESSAGE_REACTION_REMOVE, message_reaction_remove, reaction, 1 << 10 | 1 << 13,     \
      GUILD, NONE)                                                                       \
    X(MESSAGE_REACTION_REMOVE_ALL, message_reaction_remove_all, reaction,                \
      1 << 10 | 1 << 13, GUILD, NONE)                                                    \
    X(MESSAGE_REACTION_REMOVE_EMOJI, message_reaction_remove_emoji, reaction,            \
      1 << 10 | 1 << 13, GUILD, NONE)                                                    \
    X(MESSAGE_POLL_VOTE_ADD, message_poll_vote_add, poll_vote, 1 << 24 | 1 << 25, GUILD, \
      NONE)                                                                              \
    X(MESSAGE_POLL_VOTE_REMOVE, message_poll_vote_remove, poll_vote, 1 << 24 | 1 << 25,  \
      GUILD, NONE)                                                                       \
    X(PRESENCE_UPDATE, presence_update, presence, 1 << 8, GUILD, PRESENCE)               \
    X(STAGE_INSTANCE_CREATE, stage_instance_create, stage_instance, 1 << 0, GUILD,       \
      STAGE_PUT)                                                                         \
    X(STAGE_INSTANCE_UPDATE, stage_instance_update, stage_instance, 1 << 0, GUILD,       \
      STAGE_PUT)                                                                         \
    X(STAGE_INSTANCE_DELETE, stage_instance_delete, stage_instance, 1 << 0, GUILD,       \
      STAGE_REMOVE)                                                                      \
    X(TYPING_START, typing_start, typing, 1 << 11 | 1 << 14, GUILD, PEOPLE)              \
    X(USER_UPDATE, user_update, user, 0, SHARD, SELF)                                    \
    X(VOICE_CHANNEL_EFFECT_SEND, voice_channel_effect_send, voice_effect, 1 << 7, GUILD, \
      NONE)                                                                              \
    X(VOICE_STATE_UPDATE, voice_state_update, voice_state, 1 << 7, GUILD, VOICE_STATE)   \
    X(VOICE_SERVER_UPDATE, voice_server_update, voice_server, 0, GUILD, NONE)            \
    X(WEBHOOKS_UPDATE, webhooks_update, webhooks, 1 << 5, GUILD, NONE)

/* CORDAGE_EVENT_READY and so on. */
typedef enum cordage_event_type {
    CORDAGE_EVENT_UNKNOWN, /* not in the table */
#define CORDAGE_EVENT_ENUM(NAME, name, view, intents, route, effect) CORDAGE_EVENT_##NAME,
    CORDAGE_EVENTS(CORDAGE_EVENT_ENUM)
#undef CORDAGE_EVENT_ENUM
        CORDAGE_N_EVENTS
} cordage_event_type;

#endif
