/* cache.h - what events leave behind.
 *
 * One cache per process; a slice of it per shard. A slice is written by one thread at a
 * time, its shard's loop; slices are written side by side, and any thread may read.
 * Guilds are found through stripes by their id, each with a lock that is held for one
 * operation; users, whom guilds of all shards share, have stripes of their own.
 *
 * What is kept follows the policies; without GUILDS nothing that belongs to a guild is. A
 * user goes with the last member that refers to it; one that never had a member stays
 * until its policy ends. LRU counts over the whole process: a write touches, and so does
 * a read of a single object. TTL counts from the last write; what is too old is not
 * found, and is removed by cache_expire. The bot's own members, which permissions need,
 * stay where members are kept at all.
 *
 * A guild that is unavailable keeps what it had, until GUILD_CREATE replaces everything.
 * After an IDENTIFY, READY drops the guilds of its shard that it does not list. Events of
 * a guild that the cache does not have (before its GUILD_CREATE) leave nothing, but for
 * users. */
#ifndef CACHE_CACHE_H
#define CACHE_CACHE_H

#include "cordage/cache.h"
#include "event.h"
#include "json_write.h"

struct cache;
struct cache_slice;

/* Policies without CORDAGE_KEEP_DEFAULT, and `n` not 0 where it counts. `seconds` is a
 * clock that any thread may ask, for TTL; it never goes back. CORDAGE_ENOMEM. */
int cache_new(const cordage_policy policies[CORDAGE_N_KINDS],
              uint64_t (*seconds)(void *user), void *user, struct cache **out);
/* When no slice is left. NULL is fine. */
void cache_free(struct cache *c);
/* Whether anything at all is kept. */
bool cache_is_on(const struct cache *c);
/* The bot's own user, whose members stay whatever the policy; events tell it, too. [any
 * thread] */
void cache_set_self(struct cache *c, cordage_id self);
/* Whether an event of this type changes anything under these policies. [any thread] */
bool cache_wants(const struct cache *c, cordage_event_type type);

/* CORDAGE_ENOMEM. */
int cache_slice_new(struct cache *c, uint32_t shard_id, uint32_t shard_count,
                    struct cache_slice **out);
/* Takes its guilds with it. NULL is fine. */
void cache_slice_free(struct cache_slice *s);

/* What an event did. */
struct cache_change {
    /* What there was before, as JSON: the object that the event updates or removes, as
     * GUILD_CREATE would list it, with `id` (or `user`, `user_id`, `sound_id`) and
     * `guild_id`; a guild without its lists. Empty: nothing was cached, the event
     * concerns no single object, or nobody asked. */
    struct buf *old; /* NULL: nobody asks */
};
/* Applies an event's `d`. `self`: the bot's user id, 0 if it isn't known. CORDAGE_ENOMEM:
 * the cache may hold a part of it, and still holds what the guild's next full event
 * mends; the caller brings the event again. Anything else wrong with `d` is passed over.
 * [the slice's writer] */
int cache_apply(struct cache_slice *s, cordage_event_type type, cordage_json d,
                cordage_id self, struct cache_change *change);
/* Removes what is too old, at most `most` objects. [any thread] */
void cache_expire(struct cache *c, unsigned most);

/* ---- Reading: [any thread] ------------------------------------------------------------
 */

/* Writes one object as a JSON object: all its fields, its own id (or user), and for what
 * belongs to a guild `guild_id`. MEMBERS and PRESENCES have `user`: the whole user if it
 * is cached, else {id}. GUILDS have none of the lists. `guild_id` is ignored for GUILDS
 * and USERS. CORDAGE_ENOTFOUND, CORDAGE_ENOMEM. */
int cache_read(struct cache *c, cordage_kind kind, cordage_id guild_id, cordage_id id,
               struct buf *out);
/* The ids of a kind, in order, appended as uint64_t: of a guild's; of all guilds or users
 * with guild_id 0. CORDAGE_ENOTFOUND (no such guild), CORDAGE_ENOMEM. */
int cache_ids(struct cache *c, cordage_kind kind, cordage_id guild_id, struct buf *out);
/* Objects of a kind in the whole process, those included that are too old and not removed
 * yet. O(1). */
uint64_t cache_count(struct cache *c, cordage_kind kind);
/* Of one guild; 0 if it isn't cached. O(1) but for finding the guild. */
uint32_t cache_guild_count(struct cache *c, cordage_kind kind, cordage_id guild_id);
bool cache_guild_is_unavailable(struct cache *c, cordage_id guild_id);
/* A guild as GUILD_CREATE would bring it, `unavailable` included; the lists of kinds that
 * are not kept are empty. As in GUILD_CREATE no child has a `guild_id`, but those that
 * Discord lists with one (stage instances, scheduled events, sounds). */
int cache_write_guild(struct cache *c, cordage_id guild_id, struct buf *out);
/* Bytes that the guilds and their objects (users[0]) and the users (users[1]) take, index
 * and allocator's overhead included. For measuring: it walks everything. */
void cache_bytes(struct cache *c, size_t out[2]);

/* What permissions need, under one hold of the guild's lock (permissions.h). The member
 * counts as read. CORDAGE_ENOTFOUND: out->missing says what isn't cached. */
struct cache_standing;
int cache_standing(struct cache *c, cordage_id guild_id, cordage_id user_id,
                   cordage_id channel_id, struct cache_standing *out);
/* A role's place among the guild's. CORDAGE_ENOTFOUND. */
struct standing_rank;
int cache_role_rank(struct cache *c, cordage_id guild_id, cordage_id role_id,
                    struct standing_rank *out);

/* ---- Snapshots ------------------------------------------------------------------------
 *
 * A guild is packed whole, with its users, in a form that the same and later versions
 * read. Only guilds that changed since they were last packed are packed again. Users
 * without a member are in no guild, and so in no snapshot; for TTL an unpacked object
 * counts as written when it was unpacked. */

enum {
    CACHE_FORMAT = 1
}; /* raised when what is packed can't be read by older versions */

/* A number that differs when snapshots of one set of policies are of no use to another.
 */
uint64_t cache_policy_mark(const struct cache *c);
/* Packs the next changed guild, or notes one that is gone (*packed empty). False: none is
 * left; CORDAGE_ENOMEM in *err leaves it changed. [the slice's writer] */
bool cache_pack_next(struct cache_slice *s, cordage_id *guild_id, struct buf *packed,
                     int *err);
/* All guilds that are there count as changed: the last snapshot could not be kept. Those
 * that are gone are not told again, so the next one must replace it whole. [writer] */
void cache_pack_again(struct cache_slice *s);
/* Puts a packed guild into an empty place. It does not count as changed. CORDAGE_EPARSE:
 * damaged (nothing is kept of it), CORDAGE_ENOMEM. [writer] */
int cache_unpack(struct cache_slice *s, struct str packed);
/* The slice's guilds are forgotten, and no snapshot hears of them. [writer] */
void cache_slice_clear(struct cache_slice *s);

#endif
