/* cache_private.h - how the cache lies in memory, for the files that make it up.
 *
 *     cache.c     cache, slices, guilds: finding, making, dropping
 *     keep.c      the records of a guild: the only place that changes them
 *     users.c     the users, whom all guilds share
 *     apply.c     an event's way to what it does; the apply_*.c do it
 *     read.c      JSON again
 *     pack.c      snapshots
 *
 * Locks, in the order in which they may be taken, each of a kind one at a time:
 *
 *     a guild stripe   its guilds and their records; for one event, one read, one
 * eviction a user stripe    its users an lru, or a slice's lists: innermost
 *
 * So whoever must drop an object of another guild (LRU) first lets go of its own, and
 * then looks whether the object has been touched again meanwhile. */
#ifndef CACHE_CACHE_PRIVATE_H
#define CACHE_CACHE_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "cache.h"
#include "error.h"
#include "list.h"
#include "lru.h"
#include "map.h"
#include "objects.h"
#include "shelf.h"

enum { STRIPES = 64 };

struct guild {
    uint64_t id;
    struct cache_slice *slice;
    struct link in_slice;   /* slice->guilds, while it is in the map */
    struct link in_changed; /* slice->changed, from a change until it is packed */
    bool unavailable;
    bool changed; /* on slice->changed */
    bool packed;  /* a snapshot has it */
    bool gone;    /* in no map any more: waits on slice->changed to be noted */
    /* One for each kind; GUILDS has the guild's own record, if there is more of it than
     * that it is unavailable; USERS stays empty. */
    struct shelf shelves[CORDAGE_N_KINDS];
};

struct guild_stripe {
    pthread_mutex_t lock;
    struct map guilds;                /* by id */
    uint64_t counts[CORDAGE_N_KINDS]; /* of all of them; users and guilds are not here */
};

struct user_stripe {
    pthread_mutex_t lock;
    /* A record: how many members refer to the user, as a varint, and what the schema
     * says, or nothing where only members know of it. */
    struct shelf users;
    uint64_t n; /* those of whom more is known */
};

struct cache {
    struct guild_stripe guilds[STRIPES];
    struct user_stripe users[STRIPES];
    struct lru lrus[CORDAGE_N_KINDS];
    cordage_policy policies[CORDAGE_N_KINDS];
    unsigned kept;      /* a bit for each kind that is, GUILDS being kept */
    atomic_ullong self; /* the bot's own user, 0 until an event came with it */
    uint64_t (*seconds)(void *user);
    void *user;
};

struct cache_slice {
    struct cache *cache;
    uint32_t shard_id, shard_count;
    pthread_mutex_t lock; /* of the lists, and of a guild's links on them */
    struct link guilds, changed;
    size_t n_guilds;
    /* The writer's alone. */
    struct buf record;  /* a record on its way to a shelf */
    struct buf many;    /* those of a list */
    struct buf items;   /* struct shelf_item: where they are */
    bool full;          /* something has become too many: cache_evict */
    uint64_t newest_ms; /* the latest moment that an event told of, Unix time; 0: none */
};

static inline bool cache_keeps(const struct cache *c, cordage_kind kind)
{
    return c->kept >> kind & 1;
}

/* The bot's own members: permissions need them, so they stay as long as their guilds. */
static inline bool cache_is_own(const struct cache *c, cordage_kind kind, uint64_t id)
{
    return kind == CORDAGE_KIND_MEMBERS && id == atomic_load(&c->self);
}

static inline uint64_t cache_now(const struct cache *c)
{
    return c->seconds(c->user);
}

/* Archived threads are not kept. */
static inline bool thread_is_archived(cordage_json thread)
{
    return cordage_json_true(json_get(json_get(thread, "thread_metadata"), "archived"),
                             false);
}

/* An event tells that something happened at that moment. */
static inline void slice_heard(struct cache_slice *s, uint64_t unix_ms)
{
    if (s->newest_ms < unix_ms)
        s->newest_ms = unix_ms;
}

/* ---- Guilds: cache.c ------------------------------------------------------------------
 */

struct guild_stripe *guild_stripe_of(struct cache *c, uint64_t id);
static inline struct guild_stripe *guild_lock(struct cache *c, uint64_t id)
{
    struct guild_stripe *stripe = guild_stripe_of(c, id);

    pthread_mutex_lock(&stripe->lock);
    return stripe;
}
static inline void guild_unlock(struct guild_stripe *stripe)
{
    pthread_mutex_unlock(&stripe->lock);
}
/* NULL: none, or too old. Locked. */
struct guild *guild_find(struct cache *c, struct guild_stripe *stripe, uint64_t id);
/* The guild, found or made, as one of this slice's. NULL: no memory, or the slice has
 * LIMIT_GUILDS. Locked. */
struct guild *guild_make(struct cache_slice *s, struct guild_stripe *stripe, uint64_t id);
/* With everything under it. Locked. */
void guild_drop(struct cache *c, struct guild_stripe *stripe, struct guild *g);
/* Something of it changed. Locked. */
void guild_changed(struct guild *g);
/* Drops what has become too many of any kind, no lock being held. */
void cache_evict(struct cache_slice *s);
/* The ids of the slice's guilds, as uint64_t. [the slice's writer] */
int slice_ids(struct cache_slice *s, struct buf *ids);

/* ---- Records of a guild: keep.c; its stripe is locked ---------------------------------
 */

/* Borrowed until the next change. False: none, or too old. */
bool keep_get(struct cache *c, const struct guild *g, cordage_kind kind, uint64_t id,
              struct str *record);
/* Puts or replaces; what is as it was only counts as touched. A kind that is not kept is
 * passed over. `record` lies elsewhere. CORDAGE_ENOMEM. */
int keep_put(struct cache_slice *s, struct guild *g, cordage_kind kind, uint64_t id,
             struct str record);
/* From JSON: in the place of what there is; or merged into it. */
int keep_replace(struct cache_slice *s, struct guild *g, cordage_kind kind, uint64_t id,
                 cordage_json object);
int keep_merge(struct cache_slice *s, struct guild *g, cordage_kind kind, uint64_t id,
               cordage_json object);
/* In the place of what there is, but for those of `fields` that `object` leaves out. */
int keep_update(struct cache_slice *s, struct guild *g, cordage_kind kind, uint64_t id,
                cordage_json object, const unsigned *fields, size_t n);
/* Puts a record in the place of one that is there, which doesn't count as touched. */
int keep_rewrite(struct guild *g, cordage_kind kind, uint64_t id, struct str record);
/* A field of a record that is there, from JSON; absent: it goes. */
int keep_set_json(struct cache_slice *s, struct guild *g, cordage_kind kind, uint64_t id,
                  unsigned field, cordage_json value);
/* A number of a record that is there; NULL: null. */
int keep_set(struct cache_slice *s, struct guild *g, cordage_kind kind, uint64_t id,
             unsigned field, const uint64_t *value);
/* All of a kind, from a JSON list of objects; without one, none is left. */
int keep_fill(struct cache_slice *s, struct guild *g, cordage_kind kind,
              cordage_json list);
/* As keep_fill, of items in order: unpacked ones. */
int keep_fill_items(struct cache_slice *s, struct guild *g, cordage_kind kind,
                    const struct shelf_item *items, size_t n);
/* Whether there was one. */
bool keep_remove(struct cache *c, struct guild *g, cordage_kind kind, uint64_t id);
/* All of a kind. */
void keep_clear(struct cache *c, struct guild *g, cordage_kind kind);

/* ---- Users: users.c; each locks its stripe --------------------------------------------
 */

enum user_put {
    USER_MERGE,
    USER_REPLACE,
    USER_IF_KNOWN /* merged, but only into one that is there */
};
/* *changed is set if it has changed, else left alone. What has no id is passed over.
 * CORDAGE_ENOMEM. */
int user_put(struct cache_slice *s, cordage_json user, enum user_put how, bool *changed);
/* A packed one. */
int user_put_record(struct cache_slice *s, uint64_t id, struct str record);
/* A member refers to it, known or not. CORDAGE_ENOMEM. */
int user_ref(struct cache *c, uint64_t id);
/* One less; with the last one the user goes. */
void user_unref(struct cache *c, uint64_t id);
/* What is known of it is dropped (LRU, TTL), unless it was touched again. */
void user_evict(struct cache *c, uint64_t id);
/* Writes {id, …}; only the id, if there is no more. CORDAGE_ENOTFOUND says so, if only
 * the whole user will do, and nothing is written. */
int user_write(struct cache *c, uint64_t id, bool whole, struct json_writer *w);
/* Appends its record; nothing, if nothing is known. */
int user_record(struct cache *c, uint64_t id, struct buf *out);

/* Appends the ids of all of whom something is known, in no order. */
int user_ids(struct cache *c, struct buf *out);

/* ---- JSON: read.c ---------------------------------------------------------------------
 */

/* Writes an object as cache_read does; without `guild_id` as GUILD_CREATE lists it. The
 * guild's stripe is locked. CORDAGE_EPARSE: what was written is to be thrown away. */
int object_write(struct cache *c, const struct guild *g, cordage_kind kind, uint64_t id,
                 struct str record, bool with_guild, struct json_writer *w);

#endif
