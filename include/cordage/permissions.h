/* cordage/permissions.h - who may do what where, by what the cache knows.
 *
 * A permission is a bit; the permissions of a member are those of all their roles,
 * changed by the overwrites of a channel. Source: Discord, "Permissions". It is counted
 * from cached guilds, channels, threads, roles and members: what of those is not kept
 * (docs/caching.md) can't be counted with.
 *
 * A cached member is as new as the last event that told of it. Without the GUILD_MEMBERS
 * intent that is what they last wrote or did (of a message's author: that message), so
 * that a role which was taken from somebody else may still count. Where that matters ask
 * with cordage_get_member. For who used a command, Discord's own answer is in
 * cordage_interaction's `permissions`. */
#ifndef CORDAGE_PERMISSIONS_H
#define CORDAGE_PERMISSIONS_H

#include "cordage/error.h"
#include "cordage/json.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cordage_client cordage_client;

/* X(NAME, bit). Discord has not given bit 47 a meaning. */
#define CORDAGE_PERMISSIONS(X)                 \
    X(CREATE_INSTANT_INVITE, 0)                \
    X(KICK_MEMBERS, 1)                         \
    X(BAN_MEMBERS, 2)                          \
    X(ADMINISTRATOR, 3)                        \
    X(MANAGE_CHANNELS, 4)                      \
    X(MANAGE_GUILD, 5)                         \
    X(ADD_REACTIONS, 6)                        \
    X(VIEW_AUDIT_LOG, 7)                       \
    X(PRIORITY_SPEAKER, 8)                     \
    X(STREAM, 9)                               \
    X(VIEW_CHANNEL, 10)                        \
    X(SEND_MESSAGES, 11)                       \
    X(SEND_TTS_MESSAGES, 12)                   \
    X(MANAGE_MESSAGES, 13)                     \
    X(EMBED_LINKS, 14)                         \
    X(ATTACH_FILES, 15)                        \
    X(READ_MESSAGE_HISTORY, 16)                \
    X(MENTION_EVERYONE, 17)                    \
    X(USE_EXTERNAL_EMOJIS, 18)                 \
    X(VIEW_GUILD_INSIGHTS, 19)                 \
    X(CONNECT, 20)                             \
    X(SPEAK, 21)                               \
    X(MUTE_MEMBERS, 22)                        \
    X(DEAFEN_MEMBERS, 23)                      \
    X(MOVE_MEMBERS, 24)                        \
    X(USE_VAD, 25)                             \
    X(CHANGE_NICKNAME, 26)                     \
    X(MANAGE_NICKNAMES, 27)                    \
    X(MANAGE_ROLES, 28)                        \
    X(MANAGE_WEBHOOKS, 29)                     \
    X(MANAGE_GUILD_EXPRESSIONS, 30)            \
    X(USE_APPLICATION_COMMANDS, 31)            \
    X(REQUEST_TO_SPEAK, 32)                    \
    X(MANAGE_EVENTS, 33)                       \
    X(MANAGE_THREADS, 34)                      \
    X(CREATE_PUBLIC_THREADS, 35)               \
    X(CREATE_PRIVATE_THREADS, 36)              \
    X(USE_EXTERNAL_STICKERS, 37)               \
    X(SEND_MESSAGES_IN_THREADS, 38)            \
    X(USE_EMBEDDED_ACTIVITIES, 39)             \
    X(MODERATE_MEMBERS, 40)                    \
    X(VIEW_CREATOR_MONETIZATION_ANALYTICS, 41) \
    X(USE_SOUNDBOARD, 42)                      \
    X(CREATE_GUILD_EXPRESSIONS, 43)            \
    X(CREATE_EVENTS, 44)                       \
    X(USE_EXTERNAL_SOUNDS, 45)                 \
    X(SEND_VOICE_MESSAGES, 46)                 \
    X(SET_VOICE_CHANNEL_STATUS, 48)            \
    X(SEND_POLLS, 49)                          \
    X(USE_EXTERNAL_APPS, 50)                   \
    X(PIN_MESSAGES, 51)                        \
    X(BYPASS_SLOWMODE, 52)

#define CORDAGE_PERMISSION_CREATE_INSTANT_INVITE               (UINT64_C(1) << 0)
#define CORDAGE_PERMISSION_KICK_MEMBERS                        (UINT64_C(1) << 1)
#define CORDAGE_PERMISSION_BAN_MEMBERS                         (UINT64_C(1) << 2)
#define CORDAGE_PERMISSION_ADMINISTRATOR                       (UINT64_C(1) << 3)
#define CORDAGE_PERMISSION_MANAGE_CHANNELS                     (UINT64_C(1) << 4)
#define CORDAGE_PERMISSION_MANAGE_GUILD                        (UINT64_C(1) << 5)
#define CORDAGE_PERMISSION_ADD_REACTIONS                       (UINT64_C(1) << 6)
#define CORDAGE_PERMISSION_VIEW_AUDIT_LOG                      (UINT64_C(1) << 7)
#define CORDAGE_PERMISSION_PRIORITY_SPEAKER                    (UINT64_C(1) << 8)
#define CORDAGE_PERMISSION_STREAM                              (UINT64_C(1) << 9)
#define CORDAGE_PERMISSION_VIEW_CHANNEL                        (UINT64_C(1) << 10)
#define CORDAGE_PERMISSION_SEND_MESSAGES                       (UINT64_C(1) << 11)
#define CORDAGE_PERMISSION_SEND_TTS_MESSAGES                   (UINT64_C(1) << 12)
#define CORDAGE_PERMISSION_MANAGE_MESSAGES                     (UINT64_C(1) << 13)
#define CORDAGE_PERMISSION_EMBED_LINKS                         (UINT64_C(1) << 14)
#define CORDAGE_PERMISSION_ATTACH_FILES                        (UINT64_C(1) << 15)
#define CORDAGE_PERMISSION_READ_MESSAGE_HISTORY                (UINT64_C(1) << 16)
#define CORDAGE_PERMISSION_MENTION_EVERYONE                    (UINT64_C(1) << 17)
#define CORDAGE_PERMISSION_USE_EXTERNAL_EMOJIS                 (UINT64_C(1) << 18)
#define CORDAGE_PERMISSION_VIEW_GUILD_INSIGHTS                 (UINT64_C(1) << 19)
#define CORDAGE_PERMISSION_CONNECT                             (UINT64_C(1) << 20)
#define CORDAGE_PERMISSION_SPEAK                               (UINT64_C(1) << 21)
#define CORDAGE_PERMISSION_MUTE_MEMBERS                        (UINT64_C(1) << 22)
#define CORDAGE_PERMISSION_DEAFEN_MEMBERS                      (UINT64_C(1) << 23)
#define CORDAGE_PERMISSION_MOVE_MEMBERS                        (UINT64_C(1) << 24)
#define CORDAGE_PERMISSION_USE_VAD                             (UINT64_C(1) << 25)
#define CORDAGE_PERMISSION_CHANGE_NICKNAME                     (UINT64_C(1) << 26)
#define CORDAGE_PERMISSION_MANAGE_NICKNAMES                    (UINT64_C(1) << 27)
#define CORDAGE_PERMISSION_MANAGE_ROLES                        (UINT64_C(1) << 28)
#define CORDAGE_PERMISSION_MANAGE_WEBHOOKS                     (UINT64_C(1) << 29)
#define CORDAGE_PERMISSION_MANAGE_GUILD_EXPRESSIONS            (UINT64_C(1) << 30)
#define CORDAGE_PERMISSION_USE_APPLICATION_COMMANDS            (UINT64_C(1) << 31)
#define CORDAGE_PERMISSION_REQUEST_TO_SPEAK                    (UINT64_C(1) << 32)
#define CORDAGE_PERMISSION_MANAGE_EVENTS                       (UINT64_C(1) << 33)
#define CORDAGE_PERMISSION_MANAGE_THREADS                      (UINT64_C(1) << 34)
#define CORDAGE_PERMISSION_CREATE_PUBLIC_THREADS               (UINT64_C(1) << 35)
#define CORDAGE_PERMISSION_CREATE_PRIVATE_THREADS              (UINT64_C(1) << 36)
#define CORDAGE_PERMISSION_USE_EXTERNAL_STICKERS               (UINT64_C(1) << 37)
#define CORDAGE_PERMISSION_SEND_MESSAGES_IN_THREADS            (UINT64_C(1) << 38)
#define CORDAGE_PERMISSION_USE_EMBEDDED_ACTIVITIES             (UINT64_C(1) << 39)
#define CORDAGE_PERMISSION_MODERATE_MEMBERS                    (UINT64_C(1) << 40)
#define CORDAGE_PERMISSION_VIEW_CREATOR_MONETIZATION_ANALYTICS (UINT64_C(1) << 41)
#define CORDAGE_PERMISSION_USE_SOUNDBOARD                      (UINT64_C(1) << 42)
#define CORDAGE_PERMISSION_CREATE_GUILD_EXPRESSIONS            (UINT64_C(1) << 43)
#define CORDAGE_PERMISSION_CREATE_EVENTS                       (UINT64_C(1) << 44)
#define CORDAGE_PERMISSION_USE_EXTERNAL_SOUNDS                 (UINT64_C(1) << 45)
#define CORDAGE_PERMISSION_SEND_VOICE_MESSAGES                 (UINT64_C(1) << 46)
#define CORDAGE_PERMISSION_SET_VOICE_CHANNEL_STATUS            (UINT64_C(1) << 48)
#define CORDAGE_PERMISSION_SEND_POLLS                          (UINT64_C(1) << 49)
#define CORDAGE_PERMISSION_USE_EXTERNAL_APPS                   (UINT64_C(1) << 50)
#define CORDAGE_PERMISSION_PIN_MESSAGES                        (UINT64_C(1) << 51)
#define CORDAGE_PERMISSION_BYPASS_SLOWMODE                     (UINT64_C(1) << 52)
/* All of the above. */
#define CORDAGE_PERMISSIONS_ALL UINT64_C(0x1f7fffffffffff)

/* What a member of a guild may do: in a channel or thread, or, with channel_id 0, in the
 * guild as a whole, before any channel's overwrites. In a thread the overwrites are those
 * of its parent, and SEND_MESSAGES is set where SEND_MESSAGES_IN_THREADS is. What makes
 * no sense without another permission is left out: without VIEW_CHANNEL there is nothing,
 * without SEND_MESSAGES no mention of everyone, embed, file or text to speech, without
 * CONNECT nothing of a voice channel's own. The owner and administrators have
 * CORDAGE_PERMISSIONS_ALL.
 *
 * CORDAGE_ENOTFOUND: something of it is not cached, and `error` (NULL: nobody asks) says
 * what, and what helps; *out is 0 then. Only the bot's own place in a private thread is
 * known: for others who don't manage threads the answer there is CORDAGE_ENOTFOUND too.
 * CORDAGE_EINVAL: an id is 0. [any thread] */
CORDAGE_EXPORT int cordage_permissions(cordage_client *c, cordage_id guild_id,
                                       cordage_id user_id, cordage_id channel_id,
                                       uint64_t *out, cordage_error *error);
/* Whether the order of roles lets a member act on another, or on a role: kick or rename
 * the one, change or give the other. `target_id` is a user or a role. The owner may act
 * on everyone else; others on those whose highest role is below their own. It says
 * nothing of the permission (KICK_MEMBERS…) that is needed as well. Errors as of
 * cordage_permissions; *out is false then. [any thread] */
CORDAGE_EXPORT int cordage_can_act_on(cordage_client *c, cordage_id guild_id,
                                      cordage_id actor_id, cordage_id target_id,
                                      bool *out, cordage_error *error);
/* "SEND_MESSAGES" of CORDAGE_PERMISSION_SEND_MESSAGES; "UNKNOWN" for what is not one
 * known bit; never NULL. [any thread] */
CORDAGE_EXPORT const char *cordage_permission_name(uint64_t permission);

#ifdef __cplusplus
}
#endif
#endif
