/* store.h - what a bot needs to go on where it stopped: an interface, and the one that is
 * a private directory on this machine.
 *
 * Who keeps it is behind the functions' table (store_ops.h); all but store_open mean the
 * same whoever does. The directory has
 *
 *     lock        held by the process that uses it, or leads its fleet; its pid and name
 *                 are in it
 *     state.db    SQLite: sessions, the identify ledger
 *     cache.db    SQLite: snapshots of the cache
 *     progress-K-N   shard K of N: which events are done (progress.h)
 *
 * The directory is 0700, its files 0600. Two databases, so that the ledger's small
 * commits, which must be on the disk before an IDENTIFY, never wait for a snapshot's
 * large ones, and a broken cache doesn't take the sessions with it.
 *
 * A database that is damaged, or no database, is set aside under its name and a time
 * (`state.db.broken-20261122-101500`), which is said to the log, and a new one begins. A
 * newer version's is refused: CORDAGE_ESTATE. An older one is migrated in one
 * transaction.
 *
 * Functions on state.db and those on cache.db may run side by side; each half is locked
 * by itself. [any thread]. Times are Unix ms.
 *
 * Errors: CORDAGE_EIO (a full disk, no permission), CORDAGE_ESTATE (a newer version's
 * file has appeared), CORDAGE_ENOMEM. Nothing was changed then, and the same call may
 * succeed later. (Where a sync failed and the process ends before another call, the next
 * one may find it done all the same.) store_open has a sentence that names the file and the fix; for all
 * others the log hears it when a file begins to fail, and when it works again.
 *
 * Callbacks run under the file's lock and must not call the store. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "cordage/error.h"
#include "cordage/json.h"
#include "buf.h"
#include "limits.h"
#include "log.h"

struct store;

enum store_use {
    STORE_ALONE, /* by one process: a bot that runs alone, a supervisor. It has the lock
                  */
    STORE_SHARED /* by a worker of a fleet, beside others; shards have locks of their own
                    (progress.h) */
};

/* Makes the directory if need be, with up to three of its parents (a home that isn't
 * there is not made up). One that other users may enter is made private if it is ours and
 * serves nothing else, and is refused if not. CORDAGE_EBUSY: another process has it, the
 * sentence says which ("4711 (./bot)") and what to do. CORDAGE_EIO, CORDAGE_ESTATE,
 * CORDAGE_EINVAL (the path), CORDAGE_ENOMEM. */
int store_open(const char *dir, enum store_use use, const struct log *log,
               struct store **out, cordage_error *error);
/* NULL is fine. */
void store_close(struct store *s);
const char *store_dir(const struct store *s);

/* ---- Sessions -----------------------------------------------------------------------
 */

/* Who a session belongs to: anything that differs means that it can't be resumed. */
struct store_identity {
    uint64_t
        token_print; /* a fingerprint of the token: from a keyed hash, not the token */
    uint32_t intents;
    int api_version;
    char encoding[16], compression[16];
};

struct store_session {
    uint32_t shard_id, shard_count;
    struct str session_id, resume_url; /* read: borrowed until the callback returns */
    uint64_t received;     /* the last sequence a living process had received */
    uint64_t done;         /* all events up to it have been handled */
    uint64_t snapshot_seq; /* of the snapshot that fits it; 0: none */
    uint64_t user_id, application_id; /* the bot's */
    uint64_t saved_at;
    /* The guilds that READY listed and later events changed, as store_guilds_add packs
     * them. */
    struct str guilds;
};

/* A guild in store_session.guilds: its id, little-endian, with the highest bit set where
 * it is unavailable. Snowflakes reach that bit in 2084. */
enum { STORE_GUILD_BYTES = 8 };
/* CORDAGE_ENOMEM. */
int store_guilds_add(struct buf *list, uint64_t id, bool unavailable);
/* The i-th guild of a list; false: there are not so many. */
bool store_guilds_at(struct str list, size_t i, uint64_t *id, bool *unavailable);

/* Replaces the rows of these shards, in one transaction. `exact`: on the disk when it
 * returns (a clean stop), with all that was saved before; else it outlives the process at
 * once, and a loss of power after a while. CORDAGE_EINVAL: a session id or URL is beyond
 * its limit (limits.h), the guilds are no list, or the shard isn't below its count. */
int store_save_sessions(struct store *s, const struct store_identity *who,
                        const struct store_session *rows, size_t n, bool exact);
/* Calls `each` with every row of this identity and count that has a shard in
 * first..last. One that is damaged is passed over, and the log hears of it. */
int store_load_sessions(struct store *s, const struct store_identity *who, uint32_t count,
                        uint32_t first, uint32_t last,
                        void (*each)(void *user, const struct store_session *row),
                        void *user);
/* No later start may resume it. */
int store_forget_session(struct store *s, uint32_t shard_id, uint32_t shard_count);

/* ---- The identify ledger -------------------------------------------------------------
 */

/* An IDENTIFY is about to leave: on the disk (synchronous=FULL) when this returns 0. */
int store_book_identify(struct store *s, uint64_t wall, uint32_t shard_id,
                        uint32_t shard_count);
/* Those since `since`, which is a window (LEDGER_WINDOW_MS) before now; oldest first, at
 * most LIMIT_IDENTIFIES. Drops older ones; those by a clock that was ahead are moved to
 * now. */
int store_load_identifies(struct store *s, uint64_t since,
                          void (*each)(void *user, uint64_t wall, uint32_t shard_id,
                                       uint32_t shard_count),
                          void *user);

/* ---- The plan ------------------------------------------------------------------------
 *
 * How the shards were divided last, as a JSON object that the fleet understands. */

/* On the disk when it returns. CORDAGE_ELIMIT: over 1 MiB. */
int store_save_plan(struct store *s, struct str plan);
/* Appends it to `out`. CORDAGE_ENOTFOUND: there is none. */
int store_load_plan(struct store *s, struct buf *out);

/* ---- Snapshots ------------------------------------------------------------------------
 */

/* Each guild's row has a checksum, and the head counts them; a row that doesn't fit, or
 * is missing, breaks its shard's snapshot: store_snapshot_load says so to the log, drops
 * it and answers CORDAGE_ENOTFOUND. */
struct store_snapshot {
    uint32_t shard_id, shard_count;
    uint32_t format;       /* cache.h's CACHE_FORMAT when it was written */
    uint64_t policy_mark;  /* cache_policy_mark */
    uint64_t session_mark; /* of the session it belongs to: store_mark(session id) */
    uint64_t seq;          /* the cache holds the events up to it */
    uint64_t saved_at;
    bool
        whole; /* to be saved: its guilds are all there are, what was saved before goes */
};
struct store_packed {
    uint64_t guild_id;
    struct str bytes; /* empty: the guild is gone */
};
uint64_t store_mark(struct str session_id);

/* Moves a shard's snapshot to `head`, in one transaction: the changed guilds are added to
 * what is there, or a whole one takes its place; then all that were not saved for two
 * days go, too. What is new outlives the process at once, and is on the disk at the next
 * checkpoint; a lost one leaves the one before. CORDAGE_ENOTFOUND: the one to add to is
 * gone (its file was removed, or damaged), or of another session, format or policy;
 * nothing was saved, and the next must be whole. */
int store_snapshot_save(struct store *s, const struct store_snapshot *head,
                        const struct store_packed *guilds, size_t n);
/* Calls `each` with every guild in the order in which they were saved, oldest first
 * (users of later ones are the truer). `each` returns 0 to go on; else loading ends and
 * answers that. On every answer but 0 what `each` got is to be thrown away.
 * CORDAGE_ENOTFOUND: there is none that fits head's ids, format (an older one fits),
 * policy_mark and session_mark; head->seq and saved_at are filled in. */
int store_snapshot_load(struct store *s, struct store_snapshot *head,
                        int (*each)(void *user, uint64_t guild_id, struct str bytes),
                        void *user);
int store_snapshot_drop(struct store *s, uint32_t shard_id, uint32_t shard_count);

#endif
