/* cordage/views.h - what handlers are given: an event's main fields, typed.
 *
 * In all of these structs:
 *
 * - 0, false and the empty string stand for absent, null and a value of another type.
 *   Where the difference matters, cordage_has(view->data, "nick") tells it. Strings are
 *   never NULL.
 * - Times (`timestamp`, `*_at`, `*_since`, `*_until`) are Unix milliseconds.
 * - Lists and nested objects are cordage_json values, for cordage_json_each,
 *   cordage_json_count and cordage_json_get. cordage_read_<view> makes a typed view of a
 *   nested object, or of a REST answer: see cordage.h.
 * - `data` is the object's own JSON with everything that Discord sent, `event` the event
 *   it came with: NULL in a copy out of the cache, in an `old`, and in what
 *   cordage_read_<view> made.
 * - `old` is the object as the cache had it before: NULL if it had none (see
 *   docs/caching.md).
 *
 * All of it is borrowed until the handler returns; a copy out of the cache lives until
 * cordage_unref. Source: Discord, "Gateway Events" and "Resources". */
#ifndef CORDAGE_VIEWS_H
#define CORDAGE_VIEWS_H

#include "cordage/events.h"
#include "cordage/json.h"

#ifdef __cplusplus
extern "C" {
#endif

/* X(view): there is a cordage_<view>, a cordage_<view>_fn and a cordage_read_<view>. */
#define CORDAGE_VIEWS(X)        \
    X(ready)                    \
    X(resumed)                  \
    X(rate_limited)             \
    X(command_permissions)      \
    X(automod_rule)             \
    X(automod_action)           \
    X(channel)                  \
    X(channel_info)             \
    X(channel_pins)             \
    X(voice_channel_status)     \
    X(voice_channel_start_time) \
    X(thread_list)              \
    X(thread_member)            \
    X(thread_members)           \
    X(entitlement)              \
    X(subscription)             \
    X(guild)                    \
    X(guild_gone)               \
    X(audit_entry)              \
    X(ban)                      \
    X(emojis)                   \
    X(stickers)                 \
    X(sound)                    \
    X(sounds)                   \
    X(integrations)             \
    X(integration)              \
    X(member)                   \
    X(member_gone)              \
    X(members_chunk)            \
    X(role)                     \
    X(role_gone)                \
    X(scheduled_event)          \
    X(scheduled_event_user)     \
    X(interaction)              \
    X(invite)                   \
    X(message)                  \
    X(message_gone)             \
    X(messages_gone)            \
    X(reaction)                 \
    X(poll_vote)                \
    X(presence)                 \
    X(stage_instance)           \
    X(typing)                   \
    X(user)                     \
    X(voice_effect)             \
    X(voice_state)              \
    X(voice_server)             \
    X(webhooks)                 \
    X(emoji)                    \
    X(sticker)

#define CORDAGE_VIEW_TYPE(view) typedef struct cordage_##view cordage_##view;
CORDAGE_VIEWS(CORDAGE_VIEW_TYPE)
#undef CORDAGE_VIEW_TYPE

/* ---- The event --------------------------------------------------------------------- */

/* Any dispatch, whatever its name. */
typedef struct cordage_event {
    cordage_event_type type; /* CORDAGE_EVENT_UNKNOWN: Discord does not document it */
    cordage_str name;        /* "MESSAGE_CREATE" */
    cordage_json data;       /* the payload's `d` */
    /* What the cache held of the object that this updates or removes; else absent. */
    cordage_json old;
    /* 0: not from Discord. A GUILD_DELETE that the library makes up for a guild which is
     * missing after a new IDENTIFY. */
    uint64_t sequence;
    uint32_t shard_id, shard_count;
    cordage_id guild_id; /* 0: none */
    const void *origin;  /* the library's own */
} cordage_event;

/* ---- The session --------------------------------------------------------------- */

struct cordage_ready {
    uint32_t shard_id, shard_count;
    size_t n_guilds;
    cordage_id user_id, application_id;
    cordage_str username, session_id;
    cordage_json guilds; /* {id, unavailable}, each to come as GUILD_CREATE */
    cordage_json data;
    const cordage_event *event;
};

struct cordage_resumed {
    uint32_t shard_id, shard_count;
    uint64_t replayed; /* events that came again or late between RESUME and RESUMED */
    cordage_json data;
    const cordage_event *event;
};

struct cordage_rate_limited {
    int opcode; /* of the refused command: 8, request guild members */
    uint64_t retry_after_ms;
    cordage_id guild_id;
    cordage_str nonce; /* of that command */
    cordage_json data;
    const cordage_event *event;
};

/* ---- Guilds -------------------------------------------------------------------- */

typedef enum cordage_guild_why {
    CORDAGE_GUILD_LOADED,   /* listed in READY, here it is */
    CORDAGE_GUILD_RETURNED, /* back from an outage */
    CORDAGE_GUILD_JOINED    /* the bot was added */
} cordage_guild_why;

/* GUILD_UPDATE has no joined_at, large and member_count, and of the lists only features,
 * roles, emojis and stickers. A copy out of the cache has the former, and only the list
 * of features. */
struct cordage_guild {
    cordage_id id, owner_id;
    cordage_str name;
    uint64_t member_count;
    bool unavailable; /* only id is set then; in a copy out of the cache: an outage */
    cordage_guild_why why; /* GUILD_CREATE only */
    bool large;            /* `members` is not all of them */
    int64_t joined_at;     /* the bot */
    cordage_str icon, splash, banner, description, vanity_url_code, preferred_locale;
    cordage_id application_id, afk_channel_id, system_channel_id, rules_channel_id,
        public_updates_channel_id, safety_alerts_channel_id;
    uint64_t system_channel_flags;
    int afk_timeout; /* seconds */
    int verification_level, default_message_notifications, explicit_content_filter,
        mfa_level, nsfw_level, premium_tier;
    uint64_t premium_subscription_count, max_members;
    cordage_json features, roles, emojis, stickers, channels, threads, members, presences,
        voice_states, stage_instances, scheduled_events, soundboard_sounds;
    cordage_json data;
    const cordage_event *event;
    const cordage_guild *old;
};

struct cordage_guild_gone {
    cordage_id id;
    bool unavailable; /* an outage; the bot is still a member */
    cordage_json data;
    const cordage_event *event;
    const cordage_guild *old;
};

struct cordage_audit_entry {
    cordage_id id, guild_id;
    cordage_id user_id;   /* who did it */
    cordage_id target_id; /* to what */
    int action_type;
    cordage_str reason;
    cordage_json changes, options;
    cordage_json data;
    const cordage_event *event;
};

struct cordage_ban {
    cordage_id guild_id, user_id;
    cordage_str username;
    cordage_json user;
    cordage_json data;
    const cordage_event *event;
};

/* Name and account only where Discord sends them: not in INTEGRATION_DELETE. */
struct cordage_integration {
    cordage_id id; /* 0 for Twitch's and YouTube's, which have other ids */
    cordage_id guild_id, application_id;
    cordage_str name, type, account_id, account_name;
    bool enabled;
    cordage_json data;
    const cordage_event *event;
};

/* "Something changed": ask over REST. */
struct cordage_integrations {
    cordage_id guild_id;
    cordage_json data;
    const cordage_event *event;
};

struct cordage_webhooks {
    cordage_id guild_id, channel_id;
    cordage_json data;
    const cordage_event *event;
};

/* INVITE_DELETE has the code and where it led. */
struct cordage_invite {
    cordage_str code;
    cordage_id guild_id, channel_id, inviter_id, target_user_id, target_application_id;
    int target_type;   /* 1 stream, 2 activity */
    uint64_t max_age;  /* seconds; 0: for ever */
    uint64_t max_uses; /* 0: as many as come */
    uint64_t uses;
    bool temporary;
    int64_t created_at, expires_at;
    cordage_json role_ids;
    cordage_json data;
    const cordage_event *event;
};

/* ---- Channels and threads ------------------------------------------------------ */

/* A thread is a channel of type 10, 11 or 12. THREAD_DELETE has id, guild_id, parent_id
 * and type. */
struct cordage_channel {
    cordage_id id, guild_id;
    cordage_id parent_id; /* its category; a thread's channel */
    cordage_id owner_id;  /* a thread's creator */
    cordage_id last_message_id;
    int type;
    int position;
    cordage_str name, topic, rtc_region;
    uint64_t flags;
    bool nsfw;
    uint64_t bitrate, user_limit;
    uint64_t rate_limit_per_user; /* seconds */
    int video_quality_mode;
    int64_t last_pin_at;
    cordage_json permission_overwrites, recipients, available_tags;
    /* Threads. */
    uint64_t message_count, total_message_sent;
    uint64_t member_count; /* at most 50 */
    bool archived, locked, invitable;
    bool newly_created; /* THREAD_CREATE: not one that the bot was only added to */
    uint64_t auto_archive_minutes;
    int64_t archive_at; /* when `archived` last changed */
    int64_t created_at;
    cordage_json applied_tags;
    cordage_json member; /* the bot's own membership */
    cordage_json data;
    const cordage_event *event;
    const cordage_channel *old;
};

struct cordage_channel_info {
    cordage_id guild_id;
    cordage_json channels; /* {id, status, voice_start_time} */
    cordage_json data;
    const cordage_event *event;
};

struct cordage_channel_pins {
    cordage_id guild_id, channel_id;
    int64_t last_pin_at;
    cordage_json data;
    const cordage_event *event;
};

struct cordage_voice_channel_status {
    cordage_id guild_id, channel_id;
    cordage_str status;
    cordage_json data;
    const cordage_event *event;
};

struct cordage_voice_channel_start_time {
    cordage_id guild_id, channel_id;
    int64_t started_at; /* 0: nobody is there any more */
    cordage_json data;
    const cordage_event *event;
};

struct cordage_thread_list {
    cordage_id guild_id;
    cordage_json channel_ids; /* absent: the whole guild */
    cordage_json threads;     /* all that are active there */
    cordage_json members;     /* the bot's own memberships */
    cordage_json data;
    const cordage_event *event;
};

struct cordage_thread_member {
    cordage_id thread_id, guild_id, user_id;
    int64_t joined_at;
    uint64_t flags;
    cordage_json data;
    const cordage_event *event;
};

struct cordage_thread_members {
    cordage_id thread_id, guild_id;
    uint64_t member_count; /* at most 50 */
    cordage_json added;    /* thread members */
    cordage_json removed_ids;
    cordage_json data;
    const cordage_event *event;
};

struct cordage_stage_instance {
    cordage_id id, guild_id, channel_id, scheduled_event_id;
    cordage_str topic;
    int privacy_level;
    cordage_json data;
    const cordage_event *event;
    const cordage_stage_instance *old;
};

struct cordage_scheduled_event {
    cordage_id id, guild_id, channel_id, creator_id, entity_id;
    cordage_str name, description, image, location;
    int64_t starts_at, ends_at;
    int privacy_level, entity_type;
    int status; /* 1 scheduled, 2 active, 3 completed, 4 cancelled */
    uint64_t user_count;
    cordage_json recurrence_rule;
    cordage_json data;
    const cordage_event *event;
    const cordage_scheduled_event *old;
};

struct cordage_scheduled_event_user {
    cordage_id scheduled_event_id, guild_id, user_id;
    cordage_json data;
    const cordage_event *event;
};

/* ---- Roles, emojis, stickers, sounds ------------------------------------------- */

/* `data` is the role itself. */
struct cordage_role {
    cordage_id id, guild_id;
    cordage_str name, icon, unicode_emoji;
    uint64_t permissions, flags;
    int color, position;
    bool hoist, managed, mentionable;
    cordage_id bot_id, integration_id; /* whose role it is */
    cordage_json tags;
    cordage_json data;
    const cordage_event *event;
    const cordage_role *old;
};

struct cordage_role_gone {
    cordage_id id, guild_id;
    cordage_json data;
    const cordage_event *event;
    const cordage_role *old;
};

/* Only out of the cache, and for cordage_read_emoji. */
struct cordage_emoji {
    cordage_id id; /* 0: a standard one, which is its name */
    cordage_id guild_id, user_id;
    cordage_str name;
    bool require_colons, managed, animated, available;
    cordage_json roles; /* empty: everybody's */
    cordage_json data;
    const cordage_event *event;
    const cordage_emoji *old;
};

/* Only out of the cache, and for cordage_read_sticker. */
struct cordage_sticker {
    cordage_id id, guild_id, pack_id, user_id;
    cordage_str name, description, tags;
    int type, format_type, sort_value;
    bool available;
    cordage_json data;
    const cordage_event *event;
    const cordage_sticker *old;
};

struct cordage_sound {
    cordage_id id, guild_id, emoji_id, user_id;
    cordage_str name, emoji_name;
    double volume; /* 0 to 1 */
    bool available;
    cordage_json data;
    const cordage_event *event;
    const cordage_sound *old;
};

/* All of the guild's, after a change. */
struct cordage_emojis {
    cordage_id guild_id;
    cordage_json emojis;
    cordage_json data;
    const cordage_event *event;
};

struct cordage_stickers {
    cordage_id guild_id;
    cordage_json stickers;
    cordage_json data;
    const cordage_event *event;
};

/* GUILD_SOUNDBOARD_SOUNDS_UPDATE: those that changed; SOUNDBOARD_SOUNDS: all. */
struct cordage_sounds {
    cordage_id guild_id;
    cordage_json sounds;
    cordage_json data;
    const cordage_event *event;
};

/* ---- People -------------------------------------------------------------------- */

struct cordage_user {
    cordage_id id;
    cordage_str username, discriminator, global_name, avatar, banner, locale;
    int accent_color;
    uint64_t flags, public_flags;
    bool is_bot, is_system;
    bool mfa_enabled, verified; /* the bot's own user */
    cordage_json data;
    const cordage_event *event;
    const cordage_user *old;
};

/* Shown name: nick, else global_name, else username. A copy out of the cache has only the
 * id of a user who is not cached. */
struct cordage_member {
    cordage_id guild_id, user_id;
    cordage_str username, global_name, user_avatar;
    cordage_str nick, avatar, banner; /* in this guild */
    bool is_bot;
    bool deaf, mute; /* by the guild, not by themselves */
    bool pending;    /* has not passed the guild's screening */
    uint64_t flags;
    uint64_t permissions; /* interactions only: in that channel */
    int64_t joined_at, premium_since;
    int64_t timeout_until; /* communication_disabled_until; past: none */
    cordage_json roles;    /* ids, without @everyone's */
    cordage_json user;
    cordage_json data;
    const cordage_event *event;
    const cordage_member *old;
};

struct cordage_member_gone {
    cordage_id guild_id, user_id;
    cordage_str username;
    bool is_bot;
    cordage_json user;
    cordage_json data;
    const cordage_event *event;
    const cordage_member *old;
};

struct cordage_members_chunk {
    cordage_id guild_id;
    uint32_t chunk_index, chunk_count;
    cordage_str nonce;
    cordage_json members, presences, not_found;
    cordage_json data;
    const cordage_event *event;
};

/* Discord checks nothing that users' clients put into their activities. */
struct cordage_presence {
    cordage_id user_id, guild_id;
    cordage_str status;                   /* "online", "idle", "dnd", "offline" */
    cordage_str desktop, mobile, web, vr; /* the same by client; empty: not there */
    cordage_json activities;
    cordage_json data;
    const cordage_event *event;
    const cordage_presence *old;
};

struct cordage_typing {
    cordage_id channel_id, guild_id, user_id;
    int64_t started_at;
    cordage_json member; /* in guilds */
    cordage_json data;
    const cordage_event *event;
};

/* ---- Voice --------------------------------------------------------------------- */

struct cordage_voice_state {
    cordage_id guild_id, user_id;
    cordage_id channel_id; /* 0: has left */
    cordage_str session_id;
    bool deaf, mute; /* by the guild */
    bool self_deaf, self_mute, self_stream, self_video;
    bool suppress; /* in a stage's audience */
    int64_t request_to_speak_at;
    cordage_json member;
    cordage_json data;
    const cordage_event *event;
    const cordage_voice_state *old;
};

/* For the voice connection that cordage_update_voice_state asked for. */
struct cordage_voice_server {
    cordage_id guild_id;
    cordage_str token;
    cordage_str endpoint; /* empty: the server is lost, another will be named */
    cordage_json data;
    const cordage_event *event;
};

struct cordage_voice_effect {
    cordage_id guild_id, channel_id, user_id, emoji_id, sound_id;
    cordage_str emoji_name;
    int animation_type; /* 0 premium, 1 basic */
    int animation_id;
    double sound_volume;
    cordage_json data;
    const cordage_event *event;
};

/* ---- Messages ------------------------------------------------------------------ */

/* What people wrote (content, embeds, attachments, components, poll) is empty without the
 * MESSAGE_CONTENT intent, but for what mentions the bot, its direct messages, its own. */
struct cordage_message {
    cordage_id id, channel_id, guild_id; /* guild_id 0: a direct message */
    cordage_id author_id;                /* a webhook's: the webhook */
    cordage_id webhook_id;               /* 0: a user's */
    cordage_id application_id;           /* an interaction's answer */
    cordage_str author_name, author_global_name;
    cordage_str content;
    bool author_is_bot;
    bool from_self; /* the bot's own; events only */
    bool tts, pinned, mention_everyone;
    int type;         /* 0 default, 19 reply and so on */
    int channel_type; /* events only */
    uint64_t flags;
    int64_t timestamp;
    int64_t edited_at; /* 0: never */
    cordage_str nonce; /* empty where it is a number: see data */
    /* What a reply, forward, pin or crosspost refers to. */
    int reference_type; /* 0 the usual, 1 a forward */
    cordage_id reference_message_id, reference_channel_id, reference_guild_id;
    cordage_id thread_id; /* that was started from it */
    cordage_json author;
    cordage_json member; /* the author in the guild, without `user` */
    cordage_json mentions, mention_roles, attachments, embeds, components, reactions,
        sticker_items, poll, referenced_message, interaction_metadata;
    cordage_json data;
    const cordage_event *event;
};

struct cordage_message_gone {
    cordage_id id, channel_id, guild_id;
    cordage_json data;
    const cordage_event *event;
};

struct cordage_messages_gone {
    cordage_id channel_id, guild_id;
    cordage_json ids;
    cordage_json data;
    const cordage_event *event;
};

/* All four reaction events. REMOVE_ALL has no user and no emoji, REMOVE_EMOJI no user. */
struct cordage_reaction {
    cordage_id user_id, channel_id, message_id, guild_id, message_author_id;
    cordage_id emoji_id; /* 0: a standard emoji, which is its name */
    cordage_str emoji_name;
    bool emoji_animated;
    bool burst;
    int type; /* 0 normal, 1 burst */
    cordage_json member;
    cordage_json data;
    const cordage_event *event;
};

struct cordage_poll_vote {
    cordage_id user_id, channel_id, message_id, guild_id;
    int answer_id;
    cordage_json data;
    const cordage_event *event;
};

/* ---- Interactions -------------------------------------------------------------- */

struct cordage_interaction {
    cordage_id id, application_id, guild_id, channel_id;
    cordage_id user_id; /* who did it, in a guild or not */
    cordage_str username;
    int type;          /* 1 ping, 2 command, 3 component, 4 autocomplete, 5 modal */
    cordage_str token; /* a secret, good for 15 minutes */
    /* Commands. */
    cordage_id command_id, target_id;
    cordage_str command_name;
    int command_type; /* 1 slash, 2 user, 3 message */
    cordage_json options;
    /* Components and modals. */
    cordage_str custom_id;
    int component_type;
    cordage_json values;     /* that were selected */
    cordage_json components; /* of a modal, filled in */
    cordage_id message_id;   /* that the component is on */
    cordage_json resolved;   /* the objects behind ids in options and values */
    cordage_json input;      /* all of the interaction's own `data` */
    cordage_json member, user, message, channel;
    uint64_t permissions;     /* the user's in that channel; guilds only */
    uint64_t app_permissions; /* the bot's */
    cordage_str locale, guild_locale;
    int context; /* 0 guild, 1 the bot's direct messages, 2 other private channels */
    cordage_json data;
    const cordage_event *event;
};

/* `id` is a command's, or the application's for all of them. */
struct cordage_command_permissions {
    cordage_id id, application_id, guild_id;
    cordage_json permissions; /* {id, type, permission} */
    cordage_json data;
    const cordage_event *event;
};

/* ---- Automatic moderation ------------------------------------------------------ */

struct cordage_automod_rule {
    cordage_id id, guild_id, creator_id;
    cordage_str name;
    int event_type, trigger_type;
    bool enabled;
    cordage_json trigger_metadata, actions, exempt_roles, exempt_channels;
    cordage_json data;
    const cordage_event *event;
};

/* Content and matched_content need the MESSAGE_CONTENT intent. */
struct cordage_automod_action {
    cordage_id guild_id, rule_id, user_id, channel_id;
    cordage_id message_id; /* 0: it was blocked */
    cordage_id alert_message_id;
    int action_type, rule_trigger_type;
    cordage_str content, matched_keyword, matched_content;
    cordage_json action;
    cordage_json data;
    const cordage_event *event;
};

/* ---- Monetisation -------------------------------------------------------------- */

struct cordage_entitlement {
    cordage_id id, sku_id, application_id, user_id, guild_id;
    int type;
    bool deleted, consumed;
    int64_t starts_at, ends_at; /* 0: without a bound */
    cordage_json data;
    const cordage_event *event;
};

struct cordage_subscription {
    cordage_id id, user_id;
    int status; /* 0 active, 1 inactive, 2 ending */
    int64_t period_start_at, period_end_at, canceled_at;
    cordage_str country;
    cordage_json sku_ids, entitlement_ids, renewal_sku_ids;
    cordage_json data;
    const cordage_event *event;
};

#ifdef __cplusplus
}
#endif
#endif
