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

#ifdef __cplusplus
}
#endif
#endif
