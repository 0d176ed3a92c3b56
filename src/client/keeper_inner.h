/* keeper_inner.h - what the keeper's own files know of each other.
 *
 * keeper.c opens and closes it and has its thread; keeper_save.c takes copies and saves
 * them; keeper_heritage.c is the way back of one shard, keeper_restore.c of all of them
 * at a start. */
#ifndef CLIENT_KEEPER_INNER_H
#define CLIENT_KEEPER_INNER_H

#include <pthread.h>
#include <stdatomic.h>

#include "client.h"
#include "keeper.h"

struct keeper {
    cordage_client *client;
    struct store *store;
    struct store_identity who;
    pthread_t thread;
    struct mailbox box; /* of the thread */
    pthread_mutex_t lock;
    pthread_cond_t posted;
    bool awake, ending; /* under the lock */
    struct link rows;   /* copies that go into one transaction: the thread's */
};

/* What was stored of one shard. */
struct heritage {
    struct store_session session;
    char id[LIMIT_SESSION_ID], url[LIMIT_URL];
    struct buf guilds;
    uint64_t mark;
    uint64_t cached;   /* the sequence of its snapshot */
    bool has_snapshot; /* the slice holds it; or the cache keeps nothing */
};

/* Copies a row. NULL: no memory. */
struct heritage *heritage_of_row(struct keeper *k, const struct store_session *row);
/* NULL is fine. */
void heritage_free(struct heritage *h);
/* Puts the session's snapshot into the shard's slice, if there is one that fits. [the
 * slice's writer] */
void keeper_load_snapshot(struct keeper *k, struct crew_shard *s, struct heritage *h);
/* The log hears that it resumes without its cache. */
void heritage_say_incomplete(struct keeper *k, const struct crew_shard *s);
/* Opens the shard's progress, and with it locks the shard. CORDAGE_EBUSY: another process
 * has it; CORDAGE_ENOMEM. What else fails costs only that events may come again. */
int keeper_open_progress(struct keeper *k, struct crew_shard *s, uint64_t mark,
                         cordage_error *error);
/* Gives it to the shard, which is made and not started. False: its session can't be
 * resumed. [loop, or control before the loops run] */
bool heritage_pass_on(const struct heritage *h, struct crew_shard *s);

/* The thread has looked at its mail: saves the rows that were in it. */
void keeper_flush_rows(struct keeper *k);
/* Everything, now, on the calling thread, and for certain. [control, at the end] */
void keeper_save_all(struct keeper *k);
/* No later start may resume. [control, at the end] */
void keeper_forget_all(struct keeper *k);

#endif
