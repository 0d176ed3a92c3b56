/* kept.h - a shard's part of what outlives the process, on the shard's loop.
 *
 * Of each event it is written down when it is done (store/progress.h); of the guilds, how
 * they were when all was done (guild_past.h). Every few seconds a row with that goes to
 * the keeper (keeper.h), and every minute the guilds of the cache that have changed. What
 * has been saved comes back, and the session acknowledges no more than that.
 *
 * Without a keeper nothing of this happens. [loop], but where said. */
#ifndef CLIENT_KEPT_H
#define CLIENT_KEPT_H

#include "guild_past.h"
#include "mailbox.h"
#include "progress.h"

struct keeper;
struct crew_shard;

enum {
    KEPT_NOWHERE = UINT32_MAX, /* no place: the event is done, or can't be marked so */
    KEPT_ROW_MS = 5 * 1000,
    KEPT_SNAPSHOT_MS = 60 * 1000,
};

/* What the keeper's thread has saved. */
struct kept_saved {
    uint64_t row_mark, done;          /* of the session, 0: nothing yet */
    uint64_t snapshot_mark, snapshot; /* the sequence of the snapshot */
    bool snapshot_ended, snapshot_failed;
};

struct kept {
    struct keeper *keeper;     /* NULL: there is none */
    struct progress *progress; /* there while the keeper is */
    uint64_t mark;             /* of the session: store_mark; 0: there was none yet */
    uint64_t inherited; /* of a restored session: the guilds are as they were here */
    uint64_t cached;    /* ... and the cache holds the events up to here */
    struct guild_past guilds;
    uint64_t told_done; /* what the last row said */
    uint64_t row_at;    /* on the host's clock: when the next may go */
    uint64_t snapshot_at;
    bool snapshot_under_way;
    bool snapshot_whole; /* the next one must hold every guild: what the last one was told
                            of those that are gone is lost with it */
    /* The session was resumed without its snapshot: none is worth saving. The next start
     * must not believe that the cache holds everything. */
    bool incomplete;
    struct kept_saved safe; /* as the loop knows it */
    /* struct progress *: of earlier stays of the shard in this process, while handlers of
     * then may run. Has room for one more while there is `progress`. */
    struct buf past;

    struct mail saved_mail; /* under the shard's lock, like what follows */
    unsigned rows_under_way;
    bool saved_posted;
    struct kept_saved saved;
};

/* [control] */
void kept_init(struct kept *k);
/* [control, the loop has ended] */
void kept_release(struct kept *k);
/* The shard doesn't run here any more. [loop] */
void kept_rest(struct kept *k);
/* Another process may take it: lets its progress go. [keeper's thread] */
void kept_abandon(struct kept *k);
/* No handler of an earlier stay runs any more. [keeper's thread] */
void kept_close_past(struct kept *k);

/* Whether an event has not been handled yet: one that comes again may have been. */
static inline bool kept_is_news(const struct kept *k, uint64_t seq)
{
    return !k->progress || !progress_was_done(k->progress, seq);
}

/* Whether the cache does not hold it yet. */
static inline bool kept_is_uncached(const struct kept *k, uint64_t seq)
{
    return seq > k->cached;
}

/* Each event that is news, in the order of their sequence, goes one of two ways: there is
 * nobody to handle it, ... */
static inline void kept_pass(struct kept *k, uint64_t seq)
{
    if (k->progress)
        progress_pass(k->progress, seq);
}

/* ... or it is done when progress_done is called, for the progress of now, with the place
 * that this returns. */
static inline uint32_t kept_take(struct kept *k, uint64_t seq)
{
    return k->progress ? progress_take(k->progress, seq) : KEPT_NOWHERE;
}

/* How many processes died while the handlers of an event ran that comes again. */
static inline uint32_t kept_deaths(const struct kept *k, uint64_t seq)
{
    return k->progress ? progress_deaths(k->progress, seq) : 0;
}

/* READY, with this sequence and `d`: another session. It counts as done itself, because
 * no resume brings it again. */
void kept_begin(struct crew_shard *s, uint64_t seq, cordage_json d);
/* GUILD_CREATE (`created`) or GUILD_DELETE; `seq` 0: one that we made up, before READY.
 */
void kept_guild(struct crew_shard *s, uint64_t seq, bool created, cordage_json d);
/* The next snapshot holds every guild. */
void kept_pack_again(struct crew_shard *s);
/* All guilds are in: the first snapshot is worth taking. */
void kept_guilds_in(struct crew_shard *s);
/* A second has passed: hands over what is due. */
void kept_second(struct crew_shard *s);

/* The sequence up to which the row's guilds are right and everything is done. */
uint64_t kept_done_up_to(const struct crew_shard *s);
/* The sequence up to which the cache holds everything. */
uint64_t kept_cached_up_to(const struct crew_shard *s);
/* Whether there is a session that a later process could resume. */
bool kept_has_session(const struct crew_shard *s);

#endif
