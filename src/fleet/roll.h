/* roll.h - a rolling restart, worker by worker and shard by shard, as a pure machine.
 *
 * For each worker in turn: start a new generation beside the old; when it has said HELLO
 * (within ROLL_HELLO_MS), hand the shards over one after another, at most ROLL_AT_ONCE at
 * a time are dark for it: the old gives, the new takes, and the shard is live again. When
 * all are, the new generation must live ROLL_SETTLE_MS more; then the old one stops, and
 * the next worker's turn comes.
 *
 * If the new one dies, refuses, or a shard isn't live ROLL_LIVE_MS after it was taken, it
 * is all rolled back: shards that have moved are given back (taken from the store if the
 * new one is dead), the new process stops, and the restart ends with why. Workers whose
 * turn was over keep the new generation. A shard that Discord makes wait (a lost session,
 * an IDENTIFY to come) is not the binary's fault: the deadline of a shard that waits for
 * its slot moves on.
 *
 * The old one is what is to be replaced: if it dies, or doesn't give a shard within
 * ROLL_GIVE_MS and is stopped for it, the new one takes what it had. From then on there
 * is nothing to go back to: if the restart fails, a new generation that lives keeps all.
 *
 * Times are the host's ms. The owner feeds what happened and carries out what roll_next
 * says, until ROLL_WAIT; roll_deadline is when to call it again by itself. */
#ifndef FLEET_ROLL_H
#define FLEET_ROLL_H

#include <stdbool.h>
#include <stdint.h>

#include "plan.h"

enum {
    ROLL_HELLO_MS = 30 * 1000,
    ROLL_GIVE_MS = 45 * 1000, /* the handlers' patience, and some */
    ROLL_LIVE_MS = 60 * 1000,
    ROLL_SETTLE_MS = 5 * 1000,
    ROLL_AT_ONCE = 4,
    ROLL_PATIENCE_MS = 30 * 1000 /* of GIVE, for handlers */
};

enum roll_do {
    ROLL_WAIT,
    ROLL_START, /* worker: start its next generation. If the old one isn't alive at that
                   time, call roll_ended for it */
    ROLL_GIVE_OLD, /* shard: the old generation gives it away */
    ROLL_TAKE_NEW, /* shard: the new one takes it */
    ROLL_GIVE_NEW, /* shard: back: the new one gives it away */
    ROLL_TAKE_OLD, /* shard: the old one takes it again */
    ROLL_STOP_OLD, /* worker: the old generation ends; it is over when that has ended */
    ROLL_STOP_NEW, /* worker: the new one ends */
    ROLL_DONE,     /* all workers are new; said again and again */
    ROLL_FAILED    /* rolled back; roll_why says why; said again and again */
};
struct roll_step {
    enum roll_do what;
    uint32_t worker, shard;
};

struct roll;

/* `only`: UINT32_MAX for all workers. A shard that the old generation doesn't run is
 * given at once, and so just taken by the new one. CORDAGE_ENOMEM. */
int roll_new(const struct plan *plan, uint32_t only, uint64_t now, struct roll **out);
void roll_free(struct roll *r);

struct roll_step roll_next(struct roll *r, uint64_t now);
uint64_t roll_deadline(const struct roll *r);

/* What happened, in the order in which it did. Anything that isn't about the worker whose
 * turn it is counts for nothing, as does what nobody asked for. */
void roll_started(struct roll *r, uint32_t worker, bool ok, uint64_t now);
void roll_hello(struct roll *r, uint32_t worker, uint64_t now); /* the new generation */
void roll_given(struct roll *r, uint32_t shard, uint64_t now);  /* by either */
void roll_taken(struct roll *r, uint32_t shard, bool ok, uint64_t now);
/* In the new generation. */
void roll_live(struct roll *r, uint32_t shard, uint64_t now);
/* It waits for an identify slot or for Discord: its deadline begins anew. */
void roll_waits(struct roll *r, uint32_t shard, uint64_t now);
/* One of its processes has ended, with this exit status (child.h). */
void roll_ended(struct roll *r, uint32_t worker, bool new_one, int status, uint64_t now);

/* For progress: how many shards have moved and how many will. */
void roll_progress(const struct roll *r, uint32_t *moved, uint32_t *all);
/* Why it failed: a phrase that names the worker. "" before. */
const char *roll_why(const struct roll *r);

#endif
