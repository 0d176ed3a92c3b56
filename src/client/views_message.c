/* Messages, interactions, and what is bought. */
#include "views_rows.h"

#define V cordage_message
static const struct view_row message_author[] = {
    ROW(ID, author_id, "id"),
    ROW(TEXT, author_name, "username"),
    ROW(TEXT, author_global_name, "global_name"),
    ROW(BOOL, author_is_bot, "bot"),
};
static const struct view_row message_reference[] = {
    ROW(INT, reference_type, "type"),
    ROW(ID, reference_message_id, "message_id"),
    ROW(ID, reference_channel_id, "channel_id"),
    ROW(ID, reference_guild_id, "guild_id"),
};
static const struct view_row message_thread[] = {
    ROW(ID, thread_id, "id"),
};
static const struct view_row message_rows[] = {
    ROW(ID, id, "id"),
    ROW(ID, channel_id, "channel_id"),
    ROW(ID, guild_id, "guild_id"),
    ROW(INT, channel_type, "channel_type"),
    ROW(INT, type, "type"),
    ROW(TEXT, content, "content"),
    ROW(TIME, timestamp, "timestamp"),
    ROW(TIME, edited_at, "edited_timestamp"),
    ROW(BOOL, tts, "tts"),
    ROW(BOOL, mention_everyone, "mention_everyone"),
    ROW(BOOL, pinned, "pinned"),
    ROW(BITS, flags, "flags"),
    ROW(TEXT, nonce, "nonce"),
    ROW(JSON, author, "author"),
    NEST("author", message_author),
    ROW(JSON, member, "member"),
    ROW(JSON, mentions, "mentions"),
    ROW(JSON, mention_roles, "mention_roles"),
    ROW(JSON, attachments, "attachments"),
    ROW(JSON, embeds, "embeds"),
    ROW(JSON, components, "components"),
    ROW(JSON, reactions, "reactions"),
    ROW(ID, webhook_id, "webhook_id"),
    ROW(ID, application_id, "application_id"),
    NEST("message_reference", message_reference),
    ROW(JSON, referenced_message, "referenced_message"),
    ROW(JSON, interaction_metadata, "interaction_metadata"),
    NEST("thread", message_thread),
    ROW(JSON, sticker_items, "sticker_items"),
    ROW(JSON, poll, "poll"),
};
SHAPE(message);
#undef V

#define V cordage_message_gone
static const struct view_row message_gone_rows[] = {
    ROW(ID, id, "id"),
    ROW(ID, channel_id, "channel_id"),
    ROW(ID, guild_id, "guild_id"),
};
SHAPE(message_gone);
#undef V

#define V cordage_messages_gone
static const struct view_row messages_gone_rows[] = {
    ROW(JSON, ids, "ids"),
    ROW(ID, channel_id, "channel_id"),
    ROW(ID, guild_id, "guild_id"),
};
SHAPE(messages_gone);
#undef V

#define V cordage_reaction
static const struct view_row reaction_emoji[] = {
    ROW(ID, emoji_id, "id"),
    ROW(TEXT, emoji_name, "name"),
    ROW(BOOL, emoji_animated, "animated"),
};
static const struct view_row reaction_rows[] = {
    ROW(ID, user_id, "user_id"),
    ROW(ID, channel_id, "channel_id"),
    ROW(ID, message_id, "message_id"),
    ROW(ID, guild_id, "guild_id"),
    ROW(JSON, member, "member"),
    NEST("emoji", reaction_emoji),
    ROW(ID, message_author_id, "message_author_id"),
    ROW(BOOL, burst, "burst"),
    ROW(INT, type, "type"),
};
SHAPE(reaction);
#undef V

#define V cordage_poll_vote
static const struct view_row poll_vote_rows[] = {
    ROW(ID, user_id, "user_id"),       ROW(ID, channel_id, "channel_id"),
    ROW(ID, message_id, "message_id"), ROW(ID, guild_id, "guild_id"),
    ROW(INT, answer_id, "answer_id"),
};
SHAPE(poll_vote);
#undef V

#define V cordage_interaction
static const struct view_row interaction_user[] = {
    ROW(ID, user_id, "id"),
    ROW(TEXT, username, "username"),
};
/* In a guild the user is inside the member, elsewhere there is no member. */
static const struct view_row interaction_member[] = {
    NEST("user", interaction_user),
    ROW(BITS, permissions, "permissions"),
};
static const struct view_row interaction_message[] = {
    ROW(ID, message_id, "id"),
};
static const struct view_row interaction_input[] = {
    ROW(ID, command_id, "id"),
    ROW(TEXT, command_name, "name"),
    ROW(INT, command_type, "type"),
    ROW(ID, target_id, "target_id"),
    ROW(JSON, options, "options"),
    ROW(TEXT, custom_id, "custom_id"),
    ROW(INT, component_type, "component_type"),
    ROW(JSON, values, "values"),
    ROW(JSON, components, "components"),
    ROW(JSON, resolved, "resolved"),
};
static const struct view_row interaction_rows[] = {
    ROW(ID, id, "id"),
    ROW(ID, application_id, "application_id"),
    ROW(INT, type, "type"),
    ROW(TEXT, token, "token"),
    ROW(JSON, input, "data"),
    NEST("data", interaction_input),
    ROW(ID, guild_id, "guild_id"),
    ROW(ID, channel_id, "channel_id"),
    ROW(JSON, channel, "channel"),
    ROW(JSON, member, "member"),
    NEST("member", interaction_member),
    ROW(JSON, user, "user"),
    NEST("user", interaction_user),
    ROW(JSON, message, "message"),
    NEST("message", interaction_message),
    ROW(BITS, app_permissions, "app_permissions"),
    ROW(TEXT, locale, "locale"),
    ROW(TEXT, guild_locale, "guild_locale"),
    ROW(INT, context, "context"),
};
SHAPE(interaction);
#undef V

#define V cordage_entitlement
static const struct view_row entitlement_rows[] = {
    ROW(ID, id, "id"),
    ROW(ID, sku_id, "sku_id"),
    ROW(ID, application_id, "application_id"),
    ROW(ID, user_id, "user_id"),
    ROW(ID, guild_id, "guild_id"),
    ROW(INT, type, "type"),
    ROW(BOOL, deleted, "deleted"),
    ROW(BOOL, consumed, "consumed"),
    ROW(TIME, starts_at, "starts_at"),
    ROW(TIME, ends_at, "ends_at"),
};
SHAPE(entitlement);
#undef V

#define V cordage_subscription
static const struct view_row subscription_rows[] = {
    ROW(ID, id, "id"),
    ROW(ID, user_id, "user_id"),
    ROW(JSON, sku_ids, "sku_ids"),
    ROW(JSON, entitlement_ids, "entitlement_ids"),
    ROW(JSON, renewal_sku_ids, "renewal_sku_ids"),
    ROW(TIME, period_start_at, "current_period_start"),
    ROW(TIME, period_end_at, "current_period_end"),
    ROW(INT, status, "status"),
    ROW(TIME, canceled_at, "canceled_at"),
    ROW(TEXT, country, "country"),
};
SHAPE(subscription);
#undef V
