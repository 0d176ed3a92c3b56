/* store.h - what a bot needs to go on where it stopped: a private directory.
 *
 *     lock        held by the process that uses it; its pid and name are in it
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
 * by itself. [any thread]. Times are Unix ms. Errors: CORDAGE_EIO with a sentence that
 * names the file and the fix (a full disk, no permission), CORDAGE_ENOMEM. */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "cordage/error.h"
#include "cordage/json.h"
#include "buf.h"
#include "limits.h"
#include "log.h"

struct store;

/* Makes the directory if need be (its parents too, but not beyond `dir`'s mount of a home
 * that isn't there). CORDAGE_EBUSY: another process has it, the sentence says which
 * ("worker 4711 (./bot)") and what to do. */
int store_open(const char *dir, const struct log *log, struct store **out,
               cordage_error *error);
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
    /* The guilds that READY listed and later events changed: 8 bytes each, the lowest bit
     * set where it is unavailable (a snowflake's lowest bits are a counter: the id is
     * shifted left by one, which loses the sign bit alone). */
    struct str guilds;
};

/* Replaces the rows of these shards, in one transaction. `exact`: on the disk when it
 * returns (a clean stop); else soon. */
int store_save_sessions(struct store *s, const struct store_identity *who,
                        const struct store_session *rows, size_t n, bool exact);
/* Calls `each` with every row of this identity and count that has a shard in
 * first..last. */
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
/* Those since `since`, oldest first. Drops older ones. */
int store_load_identifies(struct store *s, uint64_t since,
                          void (*each)(void *user, uint64_t wall, uint32_t shard_id,
                                       uint32_t shard_count),
                          void *user);

/* ---- Snapshots ------------------------------------------------------------------------
 */

/* Each guild's row has a checksum; a row that doesn't fit it breaks its shard's snapshot:
 * store_snapshot_load says so and answers CORDAGE_ENOTFOUND. */
struct store_snapshot {
    uint32_t shard_id, shard_count;
    uint32_t format;       /* cache.h's CACHE_FORMAT when it was written */
    uint64_t policy_mark;  /* cache_policy_mark */
    uint64_t session_mark; /* of the session it belongs to: store_mark(session id) */
    uint64_t seq;          /* the cache holds the events up to it */
    uint64_t saved_at;
};
struct store_packed {
    uint64_t guild_id;
    struct str bytes; /* empty: the guild is gone */
};
uint64_t store_mark(struct str session_id);

/* Adds changed guilds to a shard's snapshot and moves it to `head`, in one transaction. A
 * snapshot of another session, format or policy is dropped first: then `guilds` are all.
 * What is new is on the disk at the next checkpoint; a lost one leaves the one before. */
int store_snapshot_save(struct store *s, const struct store_snapshot *head,
                        const struct store_packed *guilds, size_t n);
/* Calls `each` with every guild in the order in which they were saved, oldest first
 * (users of later ones are the truer). `each` returns 0 to go on. CORDAGE_ENOTFOUND:
 * there is none that fits head's ids, format (an older one fits), policy_mark and
 * session_mark; head->seq and saved_at are filled in. */
int store_snapshot_load(struct store *s, struct store_snapshot *head,
                        int (*each)(void *user, uint64_t guild_id, struct str bytes),
                        void *user);
int store_snapshot_drop(struct store *s, uint32_t shard_id, uint32_t shard_count);

#endif
