/* pass.h - a shard's pass at the gate: what its loop and the control loop say to each
 * other.
 *
 * The gate is on the control loop, the shard on another. What each wants the other to
 * know is a set of flags under the pass's lock, and one mail that says "look": so nothing
 * is allocated and no message can be lost for want of memory. Flags that are set before
 * the other side looked are seen together, in the order that makes sense of them; a
 * withdrawal clears what it withdraws.
 *
 * Every ask has a number. An answer to an ask that has been withdrawn is not passed on.
 */
#ifndef CLIENT_PASS_H
#define CLIENT_PASS_H

#include <pthread.h>

#include "gate.h"

struct pass {
    /* Set before the first ask, then only read. */
    struct host *home, *control; /* the shard's loop, the gate's */
    struct gate **gate;          /* *gate is NULL when there is none any more */
    uint32_t shard_id, shard_count;
    void (*may_dial)(struct pass *p);     /* [home] */
    void (*may_identify)(struct pass *p); /* [home] */

    pthread_mutex_t lock; /* of what follows, up to the place */
    struct mail to_gate, to_home;
    unsigned said;     /* to the gate, and not yet read */
    unsigned granted;  /* to the shard, and not yet read */
    bool resuming;     /* of the present ask */
    uint32_t ask;      /* its number */
    uint32_t answered; /* the ask that `granted` answers */

    struct gate_place place; /* the gate's loop */
    uint32_t place_ask;      /* the ask it stands for */
};

void pass_init(struct pass *p);
/* When neither side has mail under way. */
void pass_release(struct pass *p);

/* All of these: [home]. What they mean is with their namesakes in shard.h and gate.h. */
void pass_want_dial(struct pass *p, bool resuming);
void pass_dialled(struct pass *p);
void pass_want_slot(struct pass *p);
void pass_identified(struct pass *p);
void pass_drop(struct pass *p);
/* Its session is up: gate_proven. */
void pass_live(struct pass *p);

#endif
