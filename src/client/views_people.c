/* People, their roles, and what a guild has for them: emojis, stickers, sounds. */
#include "views_rows.h"

#define V cordage_user
static const struct view_row user_rows[] = {
    ROW(ID, id, "id"),
    ROW(TEXT, username, "username"),
    ROW(TEXT, discriminator, "discriminator"),
    ROW(TEXT, global_name, "global_name"),
    ROW(TEXT, avatar, "avatar"),
    ROW(BOOL, is_bot, "bot"),
    ROW(BOOL, is_system, "system"),
    ROW(TEXT, banner, "banner"),
    ROW(INT, accent_color, "accent_color"),
    ROW(BITS, flags, "flags"),
    ROW(BITS, public_flags, "public_flags"),
    ROW(BOOL, mfa_enabled, "mfa_enabled"),
    ROW(BOOL, verified, "verified"),
    ROW(TEXT, locale, "locale"),
};
SHAPE_OLD(user, user);
#undef V

#define V cordage_member
static const struct view_row member_user[] = {
    ROW(ID, user_id, "id"),
    ROW(TEXT, username, "username"),
    ROW(TEXT, global_name, "global_name"),
    ROW(TEXT, user_avatar, "avatar"),
    ROW(BOOL, is_bot, "bot"),
};
static const struct view_row member_rows[] = {
    ROW(ID, guild_id, "guild_id"),
    ROW(JSON, user, "user"),
    NEST("user", member_user),
    ROW(TEXT, nick, "nick"),
    ROW(TEXT, avatar, "avatar"),
    ROW(TEXT, banner, "banner"),
    ROW(JSON, roles, "roles"),
    ROW(TIME, joined_at, "joined_at"),
    ROW(TIME, premium_since, "premium_since"),
    ROW(BOOL, deaf, "deaf"),
    ROW(BOOL, mute, "mute"),
    ROW(BITS, flags, "flags"),
    ROW(BOOL, pending, "pending"),
    ROW(BITS, permissions, "permissions"),
    ROW(TIME, timeout_until, "communication_disabled_until"),
};
SHAPE_OLD(member, member);
#undef V

#define V cordage_member_gone
static const struct view_row member_gone_user[] = {
    ROW(ID, user_id, "id"),
    ROW(TEXT, username, "username"),
    ROW(BOOL, is_bot, "bot"),
};
static const struct view_row member_gone_rows[] = {
    ROW(ID, guild_id, "guild_id"),
    ROW(JSON, user, "user"),
    NEST("user", member_gone_user),
};
SHAPE_OLD(member_gone, member);
#undef V

#define V cordage_members_chunk
static const struct view_row members_chunk_rows[] = {
    ROW(ID, guild_id, "guild_id"),
    ROW(JSON, members, "members"),
    ROW(COUNT32, chunk_index, "chunk_index"),
    ROW(COUNT32, chunk_count, "chunk_count"),
    ROW(JSON, not_found, "not_found"),
    ROW(JSON, presences, "presences"),
    ROW(TEXT, nonce, "nonce"),
};
SHAPE(members_chunk);
#undef V

#define V cordage_presence
static const struct view_row presence_user[] = {
    ROW(ID, user_id, "id"),
};
static const struct view_row presence_client[] = {
    ROW(TEXT, desktop, "desktop"),
    ROW(TEXT, mobile, "mobile"),
    ROW(TEXT, web, "web"),
    ROW(TEXT, vr, "vr"),
};
static const struct view_row presence_rows[] = {
    NEST("user", presence_user),
    ROW(ID, guild_id, "guild_id"),
    ROW(TEXT, status, "status"),
    ROW(JSON, activities, "activities"),
    NEST("client_status", presence_client),
};
SHAPE_OLD(presence, presence);
#undef V

#define V cordage_typing
static const struct view_row typing_rows[] = {
    ROW(ID, channel_id, "channel_id"), ROW(ID, guild_id, "guild_id"),
    ROW(ID, user_id, "user_id"),       ROW(SECONDS, started_at, "timestamp"),
    ROW(JSON, member, "member"),
};
SHAPE(typing);
#undef V

#define V cordage_role
static const struct view_row role_tags[] = {
    ROW(ID, bot_id, "bot_id"),
    ROW(ID, integration_id, "integration_id"),
};
static const struct view_row role_rows[] = {
    ROW(ID, id, "id"),
    ROW(ID, guild_id, "guild_id"), /* out of the cache; in events it is beside the role */
    ROW(TEXT, name, "name"),
    ROW(INT, color, "color"),
    ROW(BOOL, hoist, "hoist"),
    ROW(TEXT, icon, "icon"),
    ROW(TEXT, unicode_emoji, "unicode_emoji"),
    ROW(INT, position, "position"),
    ROW(BITS, permissions, "permissions"),
    ROW(BOOL, managed, "managed"),
    ROW(BOOL, mentionable, "mentionable"),
    ROW(JSON, tags, "tags"),
    NEST("tags", role_tags),
    ROW(BITS, flags, "flags"),
};
SHAPE_OLD(role, role);
#undef V

#define V cordage_role_gone
static const struct view_row role_gone_rows[] = {
    ROW(ID, guild_id, "guild_id"),
    ROW(ID, id, "role_id"),
};
SHAPE_OLD(role_gone, role);
#undef V

#define V cordage_emoji
static const struct view_row emoji_user[] = {
    ROW(ID, user_id, "id"),
};
static const struct view_row emoji_rows[] = {
    ROW(ID, id, "id"),
    ROW(ID, guild_id, "guild_id"),
    ROW(TEXT, name, "name"),
    ROW(JSON, roles, "roles"),
    NEST("user", emoji_user),
    ROW(BOOL, require_colons, "require_colons"),
    ROW(BOOL, managed, "managed"),
    ROW(BOOL, animated, "animated"),
    ROW(BOOL, available, "available"),
};
SHAPE_OLD(emoji, emoji);
#undef V

#define V cordage_emojis
static const struct view_row emojis_rows[] = {
    ROW(ID, guild_id, "guild_id"),
    ROW(JSON, emojis, "emojis"),
};
SHAPE(emojis);
#undef V

#define V cordage_sticker
static const struct view_row sticker_user[] = {
    ROW(ID, user_id, "id"),
};
static const struct view_row sticker_rows[] = {
    ROW(ID, id, "id"),
    ROW(ID, pack_id, "pack_id"),
    ROW(TEXT, name, "name"),
    ROW(TEXT, description, "description"),
    ROW(TEXT, tags, "tags"),
    ROW(INT, type, "type"),
    ROW(INT, format_type, "format_type"),
    ROW(BOOL, available, "available"),
    ROW(ID, guild_id, "guild_id"),
    NEST("user", sticker_user),
    ROW(INT, sort_value, "sort_value"),
};
SHAPE_OLD(sticker, sticker);
#undef V

#define V cordage_stickers
static const struct view_row stickers_rows[] = {
    ROW(ID, guild_id, "guild_id"),
    ROW(JSON, stickers, "stickers"),
};
SHAPE(stickers);
#undef V

#define V cordage_sound
static const struct view_row sound_user[] = {
    ROW(ID, user_id, "id"),
};
static const struct view_row sound_rows[] = {
    ROW(TEXT, name, "name"),
    ROW(ID, id, "sound_id"),
    ROW(DOUBLE, volume, "volume"),
    ROW(ID, emoji_id, "emoji_id"),
    ROW(TEXT, emoji_name, "emoji_name"),
    ROW(ID, guild_id, "guild_id"),
    ROW(BOOL, available, "available"),
    NEST("user", sound_user),
};
SHAPE_OLD(sound, sound);
#undef V

#define V cordage_sounds
static const struct view_row sounds_rows[] = {
    ROW(ID, guild_id, "guild_id"),
    ROW(JSON, sounds, "soundboard_sounds"),
};
SHAPE(sounds);
#undef V
