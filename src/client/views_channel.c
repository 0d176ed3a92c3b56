/* Channels, threads, voice, and what takes place in them. */
#include "views_rows.h"

#define V cordage_channel
static const struct view_row channel_thread[] = {
    ROW(BOOL, archived, "archived"),
    ROW(BOOL, locked, "locked"),
    ROW(BOOL, invitable, "invitable"),
    ROW(COUNT, auto_archive_minutes, "auto_archive_duration"),
    ROW(TIME, archive_at, "archive_timestamp"),
    ROW(TIME, created_at, "create_timestamp"),
};
static const struct view_row channel_rows[] = {
    ROW(ID, id, "id"),
    ROW(INT, type, "type"),
    ROW(ID, guild_id, "guild_id"),
    ROW(INT, position, "position"),
    ROW(JSON, permission_overwrites, "permission_overwrites"),
    ROW(TEXT, name, "name"),
    ROW(TEXT, topic, "topic"),
    ROW(BOOL, nsfw, "nsfw"),
    ROW(ID, last_message_id, "last_message_id"),
    ROW(COUNT, bitrate, "bitrate"),
    ROW(COUNT, user_limit, "user_limit"),
    ROW(COUNT, rate_limit_per_user, "rate_limit_per_user"),
    ROW(JSON, recipients, "recipients"),
    ROW(ID, owner_id, "owner_id"),
    ROW(ID, parent_id, "parent_id"),
    ROW(TIME, last_pin_at, "last_pin_timestamp"),
    ROW(TEXT, rtc_region, "rtc_region"),
    ROW(INT, video_quality_mode, "video_quality_mode"),
    ROW(COUNT, message_count, "message_count"),
    ROW(COUNT, member_count, "member_count"),
    ROW(COUNT, total_message_sent, "total_message_sent"),
    NEST("thread_metadata", channel_thread),
    ROW(JSON, member, "member"),
    ROW(BITS, flags, "flags"),
    ROW(JSON, available_tags, "available_tags"),
    ROW(JSON, applied_tags, "applied_tags"),
    ROW(BOOL, newly_created, "newly_created"),
};
SHAPE_OLD(channel, channel);
#undef V

#define V cordage_channel_info
static const struct view_row channel_info_rows[] = {
    ROW(ID, guild_id, "guild_id"),
    ROW(JSON, channels, "channels"),
};
SHAPE(channel_info);
#undef V

#define V cordage_channel_pins
static const struct view_row channel_pins_rows[] = {
    ROW(ID, guild_id, "guild_id"),
    ROW(ID, channel_id, "channel_id"),
    ROW(TIME, last_pin_at, "last_pin_timestamp"),
};
SHAPE(channel_pins);
#undef V

#define V cordage_voice_channel_status
static const struct view_row voice_channel_status_rows[] = {
    ROW(ID, channel_id, "id"),
    ROW(ID, guild_id, "guild_id"),
    ROW(TEXT, status, "status"),
};
SHAPE(voice_channel_status);
#undef V

#define V cordage_voice_channel_start_time
static const struct view_row voice_channel_start_time_rows[] = {
    ROW(ID, channel_id, "id"),
    ROW(ID, guild_id, "guild_id"),
    ROW(SECONDS, started_at, "voice_start_time"),
};
SHAPE(voice_channel_start_time);
#undef V

#define V cordage_thread_list
static const struct view_row thread_list_rows[] = {
    ROW(ID, guild_id, "guild_id"),
    ROW(JSON, channel_ids, "channel_ids"),
    ROW(JSON, threads, "threads"),
    ROW(JSON, members, "members"),
};
SHAPE(thread_list);
#undef V

#define V cordage_thread_member
static const struct view_row thread_member_rows[] = {
    ROW(ID, thread_id, "id"),    ROW(ID, guild_id, "guild_id"),
    ROW(ID, user_id, "user_id"), ROW(TIME, joined_at, "join_timestamp"),
    ROW(BITS, flags, "flags"),
};
SHAPE(thread_member);
#undef V

#define V cordage_thread_members
static const struct view_row thread_members_rows[] = {
    ROW(ID, thread_id, "id"),
    ROW(ID, guild_id, "guild_id"),
    ROW(COUNT, member_count, "member_count"),
    ROW(JSON, added, "added_members"),
    ROW(JSON, removed_ids, "removed_member_ids"),
};
SHAPE(thread_members);
#undef V

#define V cordage_stage_instance
static const struct view_row stage_instance_rows[] = {
    ROW(ID, id, "id"),
    ROW(ID, guild_id, "guild_id"),
    ROW(ID, channel_id, "channel_id"),
    ROW(TEXT, topic, "topic"),
    ROW(INT, privacy_level, "privacy_level"),
    ROW(ID, scheduled_event_id, "guild_scheduled_event_id"),
};
SHAPE_OLD(stage_instance, stage_instance);
#undef V

#define V cordage_scheduled_event
static const struct view_row scheduled_event_metadata[] = {
    ROW(TEXT, location, "location"),
};
static const struct view_row scheduled_event_rows[] = {
    ROW(ID, id, "id"),
    ROW(ID, guild_id, "guild_id"),
    ROW(ID, channel_id, "channel_id"),
    ROW(ID, creator_id, "creator_id"),
    ROW(TEXT, name, "name"),
    ROW(TEXT, description, "description"),
    ROW(TIME, starts_at, "scheduled_start_time"),
    ROW(TIME, ends_at, "scheduled_end_time"),
    ROW(INT, privacy_level, "privacy_level"),
    ROW(INT, status, "status"),
    ROW(INT, entity_type, "entity_type"),
    ROW(ID, entity_id, "entity_id"),
    NEST("entity_metadata", scheduled_event_metadata),
    ROW(COUNT, user_count, "user_count"),
    ROW(TEXT, image, "image"),
    ROW(JSON, recurrence_rule, "recurrence_rule"),
};
SHAPE_OLD(scheduled_event, scheduled_event);
#undef V

#define V cordage_scheduled_event_user
static const struct view_row scheduled_event_user_rows[] = {
    ROW(ID, scheduled_event_id, "guild_scheduled_event_id"),
    ROW(ID, user_id, "user_id"),
    ROW(ID, guild_id, "guild_id"),
};
SHAPE(scheduled_event_user);
#undef V

#define V cordage_voice_state
static const struct view_row voice_state_rows[] = {
    ROW(ID, guild_id, "guild_id"),
    ROW(ID, channel_id, "channel_id"),
    ROW(ID, user_id, "user_id"),
    ROW(TEXT, session_id, "session_id"),
    ROW(BOOL, deaf, "deaf"),
    ROW(BOOL, mute, "mute"),
    ROW(BOOL, self_deaf, "self_deaf"),
    ROW(BOOL, self_mute, "self_mute"),
    ROW(BOOL, self_stream, "self_stream"),
    ROW(BOOL, self_video, "self_video"),
    ROW(BOOL, suppress, "suppress"),
    ROW(TIME, request_to_speak_at, "request_to_speak_timestamp"),
    ROW(JSON, member, "member"),
};
SHAPE_OLD(voice_state, voice_state);
#undef V

#define V cordage_voice_server
static const struct view_row voice_server_rows[] = {
    ROW(ID, guild_id, "guild_id"),
    ROW(TEXT, token, "token"),
    ROW(TEXT, endpoint, "endpoint"),
};
SHAPE(voice_server);
#undef V

#define V cordage_voice_effect
static const struct view_row voice_effect_emoji[] = {
    ROW(ID, emoji_id, "id"),
    ROW(TEXT, emoji_name, "name"),
};
static const struct view_row voice_effect_rows[] = {
    ROW(ID, channel_id, "channel_id"),
    ROW(ID, guild_id, "guild_id"),
    ROW(ID, user_id, "user_id"),
    NEST("emoji", voice_effect_emoji),
    ROW(INT, animation_type, "animation_type"),
    ROW(INT, animation_id, "animation_id"),
    ROW(ID, sound_id, "sound_id"),
    ROW(DOUBLE, sound_volume, "sound_volume"),
};
SHAPE(voice_effect);
#undef V
