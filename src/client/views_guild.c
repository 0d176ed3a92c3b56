/* Guilds, and what happens to one as a whole. */
#include "views_rows.h"

#define V cordage_ready
static const struct view_row ready_user[] = {
    ROW(ID, user_id, "id"),
    ROW(TEXT, username, "username"),
};
static const struct view_row ready_application[] = {
    ROW(ID, application_id, "id"),
};
static const struct view_row ready_rows[] = {
    NEST("user", ready_user),
    ROW(JSON, guilds, "guilds"),
    ROW(LENGTH, n_guilds, "guilds"),
    ROW(TEXT, session_id, "session_id"),
    NEST("application", ready_application),
};
SHAPE(ready);
#undef V

/* All of it is the library's own knowledge. */
const struct view_shape view_shape_resumed = {
    .name = "resumed",
    .size = sizeof(cordage_resumed),
    .data_at = offsetof(cordage_resumed, data),
    .event_at = offsetof(cordage_resumed, event),
};

#define V cordage_rate_limited
static const struct view_row rate_limited_meta[] = {
    ROW(ID, guild_id, "guild_id"),
    ROW(TEXT, nonce, "nonce"),
};
static const struct view_row rate_limited_rows[] = {
    ROW(INT, opcode, "opcode"),
    ROW(SPAN, retry_after_ms, "retry_after"),
    NEST("meta", rate_limited_meta),
};
SHAPE(rate_limited);
#undef V

#define V cordage_guild
static const struct view_row guild_rows[] = {
    ROW(ID, id, "id"),
    ROW(TEXT, name, "name"),
    ROW(TEXT, icon, "icon"),
    ROW(TEXT, splash, "splash"),
    ROW(TEXT, banner, "banner"),
    ROW(TEXT, description, "description"),
    ROW(ID, owner_id, "owner_id"),
    ROW(ID, afk_channel_id, "afk_channel_id"),
    ROW(INT, afk_timeout, "afk_timeout"),
    ROW(INT, verification_level, "verification_level"),
    ROW(INT, default_message_notifications, "default_message_notifications"),
    ROW(INT, explicit_content_filter, "explicit_content_filter"),
    ROW(INT, mfa_level, "mfa_level"),
    ROW(INT, nsfw_level, "nsfw_level"),
    ROW(INT, premium_tier, "premium_tier"),
    ROW(COUNT, premium_subscription_count, "premium_subscription_count"),
    ROW(JSON, features, "features"),
    ROW(ID, application_id, "application_id"),
    ROW(ID, system_channel_id, "system_channel_id"),
    ROW(BITS, system_channel_flags, "system_channel_flags"),
    ROW(ID, rules_channel_id, "rules_channel_id"),
    ROW(ID, public_updates_channel_id, "public_updates_channel_id"),
    ROW(ID, safety_alerts_channel_id, "safety_alerts_channel_id"),
    ROW(COUNT, max_members, "max_members"),
    ROW(TEXT, vanity_url_code, "vanity_url_code"),
    ROW(TEXT, preferred_locale, "preferred_locale"),
    ROW(TIME, joined_at, "joined_at"),
    ROW(BOOL, large, "large"),
    ROW(BOOL, unavailable, "unavailable"),
    ROW(COUNT, member_count, "member_count"),
    ROW(JSON, roles, "roles"),
    ROW(JSON, emojis, "emojis"),
    ROW(JSON, stickers, "stickers"),
    ROW(JSON, channels, "channels"),
    ROW(JSON, threads, "threads"),
    ROW(JSON, members, "members"),
    ROW(JSON, voice_states, "voice_states"),
    ROW(JSON, presences, "presences"),
    ROW(JSON, stage_instances, "stage_instances"),
    ROW(JSON, scheduled_events, "guild_scheduled_events"),
    ROW(JSON, soundboard_sounds, "soundboard_sounds"),
};
SHAPE_OLD(guild, guild);
#undef V

#define V cordage_guild_gone
static const struct view_row guild_gone_rows[] = {
    ROW(ID, id, "id"),
    ROW(BOOL, unavailable, "unavailable"),
};
SHAPE_OLD(guild_gone, guild);
#undef V

#define V cordage_audit_entry
static const struct view_row audit_entry_rows[] = {
    ROW(ID, id, "id"),
    ROW(ID, guild_id, "guild_id"),
    ROW(ID, user_id, "user_id"),
    ROW(ID, target_id, "target_id"),
    ROW(INT, action_type, "action_type"),
    ROW(TEXT, reason, "reason"),
    ROW(JSON, changes, "changes"),
    ROW(JSON, options, "options"),
};
SHAPE(audit_entry);
#undef V

#define V cordage_ban
static const struct view_row ban_user[] = {
    ROW(ID, user_id, "id"),
    ROW(TEXT, username, "username"),
};
static const struct view_row ban_rows[] = {
    ROW(ID, guild_id, "guild_id"),
    ROW(JSON, user, "user"),
    NEST("user", ban_user),
};
SHAPE(ban);
#undef V

#define V cordage_integration
static const struct view_row integration_account[] = {
    ROW(TEXT, account_id, "id"),
    ROW(TEXT, account_name, "name"),
};
static const struct view_row integration_application[] = {
    ROW(ID, application_id, "id"),
};
static const struct view_row integration_rows[] = {
    ROW(ID, id, "id"),
    ROW(ID, guild_id, "guild_id"),
    ROW(ID, application_id, "application_id"), /* INTEGRATION_DELETE */
    ROW(TEXT, name, "name"),
    ROW(TEXT, type, "type"),
    ROW(BOOL, enabled, "enabled"),
    NEST("account", integration_account),
    NEST("application", integration_application),
};
SHAPE(integration);
#undef V

#define V cordage_integrations
static const struct view_row integrations_rows[] = {
    ROW(ID, guild_id, "guild_id"),
};
SHAPE(integrations);
#undef V

#define V cordage_webhooks
static const struct view_row webhooks_rows[] = {
    ROW(ID, guild_id, "guild_id"),
    ROW(ID, channel_id, "channel_id"),
};
SHAPE(webhooks);
#undef V

#define V cordage_invite
static const struct view_row invite_inviter[] = {
    ROW(ID, inviter_id, "id"),
};
static const struct view_row invite_target_user[] = {
    ROW(ID, target_user_id, "id"),
};
static const struct view_row invite_target_application[] = {
    ROW(ID, target_application_id, "id"),
};
static const struct view_row invite_rows[] = {
    ROW(TEXT, code, "code"),
    ROW(ID, guild_id, "guild_id"),
    ROW(ID, channel_id, "channel_id"),
    NEST("inviter", invite_inviter),
    ROW(INT, target_type, "target_type"),
    NEST("target_user", invite_target_user),
    NEST("target_application", invite_target_application),
    ROW(COUNT, max_age, "max_age"),
    ROW(COUNT, max_uses, "max_uses"),
    ROW(COUNT, uses, "uses"),
    ROW(BOOL, temporary, "temporary"),
    ROW(TIME, created_at, "created_at"),
    ROW(TIME, expires_at, "expires_at"),
    ROW(JSON, role_ids, "role_ids"),
};
SHAPE(invite);
#undef V

#define V cordage_command_permissions
static const struct view_row command_permissions_rows[] = {
    ROW(ID, id, "id"),
    ROW(ID, application_id, "application_id"),
    ROW(ID, guild_id, "guild_id"),
    ROW(JSON, permissions, "permissions"),
};
SHAPE(command_permissions);
#undef V

#define V cordage_automod_rule
static const struct view_row automod_rule_rows[] = {
    ROW(ID, id, "id"),
    ROW(ID, guild_id, "guild_id"),
    ROW(TEXT, name, "name"),
    ROW(ID, creator_id, "creator_id"),
    ROW(INT, event_type, "event_type"),
    ROW(INT, trigger_type, "trigger_type"),
    ROW(JSON, trigger_metadata, "trigger_metadata"),
    ROW(JSON, actions, "actions"),
    ROW(BOOL, enabled, "enabled"),
    ROW(JSON, exempt_roles, "exempt_roles"),
    ROW(JSON, exempt_channels, "exempt_channels"),
};
SHAPE(automod_rule);
#undef V

#define V cordage_automod_action
static const struct view_row automod_action_action[] = {
    ROW(INT, action_type, "type"),
};
static const struct view_row automod_action_rows[] = {
    ROW(ID, guild_id, "guild_id"),
    ROW(JSON, action, "action"),
    NEST("action", automod_action_action),
    ROW(ID, rule_id, "rule_id"),
    ROW(INT, rule_trigger_type, "rule_trigger_type"),
    ROW(ID, user_id, "user_id"),
    ROW(ID, channel_id, "channel_id"),
    ROW(ID, message_id, "message_id"),
    ROW(ID, alert_message_id, "alert_system_message_id"),
    ROW(TEXT, content, "content"),
    ROW(TEXT, matched_keyword, "matched_keyword"),
    ROW(TEXT, matched_content, "matched_content"),
};
SHAPE(automod_action);
#undef V
