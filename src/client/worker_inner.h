/* worker_inner.h - what the worker's own files know of each other.
 *
 * worker.c has the link's life: found, lost, found again; worker_shards.c does what the
 * supervisor says of shards, and tells how they are; worker_output.c minds the worker's
 * output while nobody reads it. */
#ifndef CLIENT_WORKER_INNER_H
#define CLIENT_WORKER_INNER_H

#include "client.h"
#include "link.h"
#include "worker_output.h"

struct worker {
    cordage_client *client;
    struct link_peer *peer;   /* NULL: no connection */
    bool welcomed;            /* on this connection */
    bool broken;              /* it could not take a message: it is to be given up */
    bool member;              /* there was a WELCOME, and the crew is made */
    struct shard_range range; /* of the first WELCOME */
    struct timer redial, second;
    struct timer alone;           /* armed while the supervisor is away */
    struct worker_output *output; /* NULL: not ours to mind */
    struct buf scratch;           /* the message that is being sent */
    uint32_t *room;               /* for the ids of a message: LIMIT_SHARDS */
    /* Both of the range's size, once there is one. */
    bool *held;            /* shards that run here, or are coming or leaving */
    struct link_row *rows; /* for STATUS */

    atomic_bool linked;    /* any thread */
    atomic_uint n_workers; /* any thread; 0: not yet known */
    pthread_mutex_t lock;  /* of what follows */
    struct link_totals totals;
    bool has_totals;
};

/* worker.c: sends what is in `scratch`, if `err` is 0. A failure ends the connection,
 * because what was not said would be missing for ever. */
void worker_send(struct worker *w, enum link_type type, int err);

/* worker_shards.c */

/* The range is known. CORDAGE_ENOMEM. */
int worker_shards_make(struct worker *w);
void worker_shards_free(struct worker *w);
/* Fills `room` with the ids of the shards that are held. Returns how many. */
uint32_t worker_held(struct worker *w);
void worker_on_take(struct worker *w, const struct link_shards *m);
void worker_on_give(struct worker *w, const struct link_shards *m);
void worker_on_kick(struct worker *w, const struct link_kick *m);
void worker_send_status(struct worker *w);

#endif
