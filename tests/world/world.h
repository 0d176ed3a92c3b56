/* world.h - a run of a whole bot or a whole fleet in virtual time: what is done to it,
 * and whether the promises held.
 *
 * A script is all there is to a run: what runs, for how long, and what happens when. It
 * is drawn from a seed, printed as text when a promise breaks, and shrunk by leaving
 * steps out for as long as the same promise breaks. A run happens in this process, which
 * should be a child made for it (world_try). */
#ifndef WORLD_WORLD_H
#define WORLD_WORLD_H

#include "buf.h"
#include "error.h"
#include "machine.h"

/* What must always hold: docs/design.md has the sentences, by these numbers. */
enum promise {
    PROMISE_NONE,
    PROMISE_IDENTIFY_APART, /*  1 never two IDENTIFYs on a key within 5 s */
    PROMISE_BUDGET,         /*  2 never one that the budget, less its reserve, lacks */
    PROMISE_NOT_CLOSED,     /*  3 no session that is wanted again is closed with 1000 */
    PROMISE_SEND_LIMIT,     /*  4 120 sends in 60 s, and a heartbeat never waits */
    PROMISE_ORDER,          /*  5 in order, once; after a crash at least once */
    PROMISE_SAVED_BEHIND,   /*  6 what is saved as done is done */
    PROMISE_ONE_SESSION,    /*  7 one live session for each shard */
    PROMISE_BOUNDED,        /*  8 memory and queues are bounded */
    PROMISE_RECOVERS,       /*  9 a fatal close stops, all else is live again by itself */
    PROMISE_SECRET,         /* 10 the token is nowhere else */
    PROMISE_CACHE,   /* 11 the cache equals the world, once it has settled (of 5) */
    PROMISE_NO_RULE, /* 12 the simulator's report is empty: any other rule */
    PROMISES
};
const char *promise_name(enum promise p);

enum world_kind { WORLD_ALONE, WORLD_FLEET };

/* Events of a shard that may wait for its handlers. */
enum { WORLD_EVENT_QUEUE = 256 };

/* What runs. */
struct world_plan {
    uint64_t seed;
    enum world_kind kind;
    uint32_t shards, workers; /* workers: of a fleet */
    uint32_t guilds, max_concurrency, session_limit;
    uint32_t handlers;    /* threads for them; 0: on the loops */
    uint32_t compression; /* enum compression */
    bool caches;          /* all is kept, and compared with the world */
    double traffic, live; /* messages and changes a second */
    uint64_t duration_ms;
};

/* What is done to it. `who` and `arg` are any numbers: each act makes of them what there
 * is. */
#define WORLD_ACTS(X)                                                               \
    X(CUT, "cut")         /* a connection is reset */                               \
    X(FREEZE, "freeze")   /* a connection is half-open */                           \
    X(WEATHER, "weather") /* latency, loss, chunks: see acts.c */                   \
    X(OUTAGE, "outage")   /* nothing gets through to Discord for arg ms */          \
    X(FAULT, "fault")     /* the simulator's fault number who, see acts.c */        \
    X(GUILD, "guild")     /* outage, back, kicked, added */                         \
    X(BURST, "burst")     /* arg messages at once */                                \
    X(SLOW, "slow")       /* handlers take arg ms each, for a minute */             \
    X(KILL, "kill")       /* -9 to a process: who 0 the supervisor, k worker k */   \
    X(STOP, "stop")       /* SIGTERM to the whole, and a new start */               \
    X(SUSPEND, "suspend") /* a process gets no time for arg ms; who 0: all */       \
    X(POWER, "power")     /* the machine's power fails, and comes back */           \
    X(FULL, "full")       /* the disk is full for arg ms */                         \
    X(EIO, "eio")         /* some writes fail */                                    \
    X(CLOCK, "clock")     /* the wall clock jumps by arg - 2^31 ms */               \
    X(ROLL, "roll")       /* a rolling restart; who 1: with a program that fails */ \
    X(BUDGET, "budget")   /* Discord says that only arg IDENTIFYs are left */

enum world_act {
#define ACT(NAME, word) ACT_##NAME,
    WORLD_ACTS(ACT)
#undef ACT
        WORLD_N_ACTS
};

struct world_step {
    uint64_t at; /* ms from the start */
    enum world_act act;
    uint32_t who;
    uint64_t arg;
};

struct world_script {
    struct world_plan plan;
    struct world_step *steps; /* owned */
    size_t n;
};

/* A script from a seed, of about so many shard-days. CORDAGE_ENOMEM. */
int world_draw(uint64_t seed, enum world_kind kind, double shard_days,
               struct world_script *out);
void world_script_release(struct world_script *s);
/* As text, one step a line; and back. CORDAGE_EPARSE with the line. */
int world_script_write(const struct world_script *s, struct buf *out);
int world_script_read(struct str text, struct world_script *out, cordage_error *error);

/* What came of it. */
struct world_verdict {
    enum promise broken; /* the first; PROMISE_NONE: all held */
    uint64_t at;         /* when: ms from the start */
    char what[400];      /* in words */
    uint64_t hash;       /* of all that happened: the same script gives the same */
    uint64_t handled, doubled, identifies, resumes, kills, faults;
    double shard_days;
};

/* Runs it, here and now, and once in a process: what it leaves behind goes with that. */
void world_run(const struct world_script *s, struct world_verdict *v);
/* The same in a child of this process, so that a crash or a hang (`patience_s` of real
 * time) is a verdict, too. */
void world_try(const struct world_script *s, unsigned patience_s,
               struct world_verdict *v);
/* Leaves out what isn't needed for the same promise to break: steps, time, shards,
 * guilds. `tries`: at most so many runs. *s is replaced. */
void world_shrink(struct world_script *s, const struct world_verdict *v, unsigned tries);

#endif
