/* lanes.h - runs handlers: in order within a lane, in parallel across lanes.
 *
 * A job has a key (its guild). Jobs of one group (a shard) with the same key run one
 * after another, in the order they were pushed; any free thread takes the next lane that
 * is not running. A barrier runs alone in its group: when all earlier jobs of the group
 * are done, and before any later one begins.
 *
 * Nothing is allocated: a lane *is* its first job, the others wait behind it, and when it
 * is done the next one takes its place in the table. So a push cannot fail, and an empty
 * lane takes no memory. One lock guards everything; handlers run without it.
 *
 * Without threads a push runs the job before it returns. */
#ifndef CLIENT_LANES_H
#define CLIENT_LANES_H

#include <stdbool.h>
#include <stdint.h>

#include "list.h"

enum {
    LANE_BUCKETS = 256,
    LANE_BATCH = 32 /* jobs that lanes_add hands over together */
};

struct lanes;
struct lane_group;

/* Embedded in whatever is to be done. Of the executor from the push until `release`. */
struct job {
    /* `context` belongs to the thread that runs it. */
    void (*run)(struct job *job, void *context);
    /* After it ran, or instead of it: the memory is the owner's again. */
    void (*release)(struct job *job);
    uint64_t key;
    bool barrier;
    /* The rest is the executor's. */
    bool running;
    struct lane_group *group;
    struct link link;   /* a lane's first: on the ready list; else behind it, or held */
    struct link bucket; /* a lane's first: in the group's table */
    struct link behind; /* a lane's first: the jobs that follow it */
};

/* Jobs that share a bound and their barriers. Fields are guarded by the executor. */
struct lane_group {
    struct lanes *lanes;
    void *inline_context; /* what jobs get when there are no threads */
    /* May be NULL. Called with the executor's lock held, on any thread: it may post a
     * mail and nothing else. */
    void (*half_done)(struct lane_group *g);
    void (*done)(struct lane_group *g); /* lane_group_when_done's */
    uint32_t limit;
    uint32_t waiting;  /* jobs pushed and not yet done */
    uint32_t in_lanes; /* of these, not held by a barrier */
    bool full;         /* `limit` was reached, and half of it is not yet done */
    bool barrier_in_lane;
    struct link held; /* a barrier that waits, and everything behind it */
    struct link buckets[LANE_BUCKETS];
    /* The pusher's. */
    struct link fresh; /* added, and not yet handed over */
    uint32_t n_fresh;
    uint32_t known_waiting; /* `waiting` when it was last seen; it has not grown since */
};

/* Starts `n` threads; thread i gives contexts[i] to its jobs (the array is borrowed for
 * the executor's life). CORDAGE_ENOMEM, CORDAGE_ESYSTEM (no more threads). */
int lanes_new(unsigned n, void **contexts, struct lanes **out);
/* When idle, and nobody pushes meanwhile: ends and joins the threads. From then on it is
 * an executor without threads. NULL is fine. */
void lanes_end(struct lanes *l);
/* Ends it first. NULL is fine. */
void lanes_free(struct lanes *l);

/* A group needs no release; it must outlive its jobs. */
void lane_group_init(struct lane_group *g, struct lanes *l, uint32_t limit);

/* Hands `job` over. False: the group is full now. Nothing is refused, the pusher is
 * expected to hold back until `half_done`. One pusher at a time for one group. [any
 * thread] */
bool lanes_push(struct lane_group *g, struct job *job);
/* The same, but it may wait for others to be handed over with it, which is cheaper for
 * all: lanes_flush must follow soon. A job that makes the group full is handed over at
 * once. */
bool lanes_add(struct lane_group *g, struct job *job);
/* Hands over what was added. False: the group is full; not if the last lanes_add was
 * true. */
bool lanes_flush(struct lane_group *g);
/* Releases all jobs of the group that have not begun, without running them. Returns how
 * many. [any thread] */
size_t lane_group_drop(struct lane_group *g);
/* Whether all jobs that were pushed are done. If not, `done` is called once as soon as
 * they are, unless lane_group_drop comes first; the same rules as for `half_done`. NULL:
 * nobody waits any more. [any thread] */
bool lane_group_when_done(struct lane_group *g, void (*done)(struct lane_group *g));
/* How many jobs are pushed and not done. [any thread] */
uint32_t lane_group_waiting(struct lane_group *g);
/* Calls `idle` once, as soon as no group has a job that is not released, maybe now. The
 * same rules as for `half_done`. [any thread] */
void lanes_when_idle(struct lanes *l, void (*idle)(void *user), void *user);

#endif
