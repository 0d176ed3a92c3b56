/* cordage/cache.h - what the bot knows of its guilds without asking Discord.
 *
 * Events fill it. Each kind of object has a policy that says how long it is kept; see
 * docs/caching.md.
 *
 * Reading: an object is copied out, as JSON and as the typed view that events use, and is
 * the caller's until cordage_unref. `event` and `old` are NULL in it. A reader never
 * holds anything of the cache's, and a copy does not change when the cache does. NULL: it
 * is not cached (which does not mean that it does not exist), or there is no memory.
 * Everything here is [any thread], also inside a handler. The cache may be ahead of a
 * handler: it is written as events come in, not as they are handled. */
#ifndef CORDAGE_CACHE_H
#define CORDAGE_CACHE_H

#include "cordage/json.h"
#include "cordage/views.h"

#ifdef __cplusplus
extern "C" {
#endif

/* X(NAME, name, what the policy is unless the options say otherwise) */
#define CORDAGE_KINDS(X)                                 \
    X(GUILDS, guilds, CORDAGE_FOREVER)                   \
    X(CHANNELS, channels, CORDAGE_FOREVER)               \
    X(THREADS, threads, CORDAGE_FOREVER)                 \
    X(ROLES, roles, CORDAGE_FOREVER)                     \
    X(EMOJIS, emojis, CORDAGE_NEVER)                     \
    X(STICKERS, stickers, CORDAGE_NEVER)                 \
    X(MEMBERS, members, CORDAGE_LRU(10000))              \
    X(USERS, users, CORDAGE_LRU(10000))                  \
    X(PRESENCES, presences, CORDAGE_NEVER)               \
    X(VOICE_STATES, voice_states, CORDAGE_FOREVER)       \
    X(STAGE_INSTANCES, stage_instances, CORDAGE_NEVER)   \
    X(SCHEDULED_EVENTS, scheduled_events, CORDAGE_NEVER) \
    X(SOUNDS, soundboard_sounds, CORDAGE_NEVER)

typedef enum cordage_kind {
#define CORDAGE_KIND_ENUM(NAME, name, policy) CORDAGE_KIND_##NAME,
    CORDAGE_KINDS(CORDAGE_KIND_ENUM)
#undef CORDAGE_KIND_ENUM
        CORDAGE_N_KINDS
} cordage_kind;

typedef enum cordage_keep {
    CORDAGE_KEEP_DEFAULT, /* as CORDAGE_KINDS says */
    CORDAGE_KEEP_NEVER,
    CORDAGE_KEEP_FOREVER, /* until an event removes it */
    CORDAGE_KEEP_LRU,     /* the `n` of the whole process that were touched last */
    CORDAGE_KEEP_TTL      /* for `n` seconds after it was last written */
} cordage_keep;

typedef struct cordage_policy {
    cordage_keep keep;
    uint32_t n;
} cordage_policy;

/* Without guilds nothing that belongs to a guild is kept, whatever its policy. */
#ifdef __cplusplus
#define CORDAGE_POLICY(keep, n) (cordage_policy{ keep, n })
#else
#define CORDAGE_POLICY(keep, n) ((cordage_policy){ keep, n })
#endif
#define CORDAGE_NEVER   CORDAGE_POLICY(CORDAGE_KEEP_NEVER, 0)
#define CORDAGE_FOREVER CORDAGE_POLICY(CORDAGE_KEEP_FOREVER, 0)
#define CORDAGE_LRU(n)  CORDAGE_POLICY(CORDAGE_KEEP_LRU, n)
#define CORDAGE_TTL(n)  CORDAGE_POLICY(CORDAGE_KEEP_TTL, n)

/* ---- Reading ---------------------------------------------------------------- */

typedef struct cordage_client cordage_client;

/* X(name, KIND, view) */
#define CORDAGE_CACHED(X)                                 \
    X(channel, CHANNELS, channel)                         \
    X(thread, THREADS, channel)                           \
    X(role, ROLES, role)                                  \
    X(emoji, EMOJIS, emoji)                               \
    X(sticker, STICKERS, sticker)                         \
    X(member, MEMBERS, member)                            \
    X(presence, PRESENCES, presence)                      \
    X(voice_state, VOICE_STATES, voice_state)             \
    X(stage_instance, STAGE_INSTANCES, stage_instance)    \
    X(scheduled_event, SCHEDULED_EVENTS, scheduled_event) \
    X(sound, SOUNDS, sound)

/* One for each kind that belongs to a guild:
 *
 *     const cordage_member *cordage_cached_member(cordage_client *, guild_id, user_id);
 *     const cordage_channel *cordage_cached_channel(cordage_client *, guild_id, id);
 *
 * A copy of the object, to be given back with cordage_unref; NULL: it is not cached, or
 * there is no memory. `id` is the user's of members, presences and voice states.
 * [any thread] */
#define CORDAGE_CACHED_READ(name, KIND, view)                                       \
    CORDAGE_EXPORT const cordage_##view *cordage_cached_##name(cordage_client *c,   \
                                                               cordage_id guild_id, \
                                                               cordage_id id);
CORDAGE_CACHED(CORDAGE_CACHED_READ)
#undef CORDAGE_CACHED_READ

/* The same of a guild, without its lists, and of a user. [any thread] */
CORDAGE_EXPORT const cordage_guild *cordage_cached_guild(cordage_client *c,
                                                         cordage_id guild_id);
CORDAGE_EXPORT const cordage_user *cordage_cached_user(cordage_client *c,
                                                       cordage_id user_id);
/* A guild with all that is cached of it, as GUILD_CREATE would bring it: how everything
 * was at one moment. It may be large. [any thread] */
CORDAGE_EXPORT const cordage_guild *cordage_cached_whole_guild(cordage_client *c,
                                                               cordage_id guild_id);

typedef struct cordage_ids {
    size_t n;
    const cordage_id *at; /* in order */
} cordage_ids;
/* The ids of all objects of a kind in a guild; of all guilds or users with guild_id 0. To
 * be given back with cordage_unref. NULL: no such guild, or no memory. [any thread] */
CORDAGE_EXPORT const cordage_ids *cordage_cached_ids(cordage_client *c, cordage_kind kind,
                                                     cordage_id guild_id);
/* How many objects of a kind are cached: of one guild, or, with guild_id 0, in this
 * process. [any thread] */
CORDAGE_EXPORT uint64_t cordage_cached_count(cordage_client *c, cordage_kind kind,
                                             cordage_id guild_id);

#ifdef __cplusplus
}
#endif
#endif
