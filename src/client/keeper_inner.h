/* keeper_inner.h - what the keeper's own files know of each other.
 *
 * keeper.c opens and closes it and has its thread; keeper_save.c takes copies and saves
 * them; keeper_restore.c is the way back. */
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

/* The thread has looked at its mail: saves the rows that were in it. */
void keeper_flush_rows(struct keeper *k);
/* Everything, now, on the calling thread, and for certain. [control, at the end] */
void keeper_save_all(struct keeper *k);
/* No later start may resume. [control, at the end] */
void keeper_forget_all(struct keeper *k);

#endif
