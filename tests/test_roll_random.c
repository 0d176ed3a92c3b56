/* A rolling restart against a model of processes that do what processes do: thousands of
 * runs, each from a seed.
 *
 * Always: a shard is taken only when the other generation has given it or is dead; at
 * most four are dark by our doing; every run ends; and then each shard runs in a
 * generation that lives, if one does. */
#include "rng.h"
#include "roll.h"
#include "test.h"

enum { WORKERS = 4, SHARDS = 24, EVENTS = 256, STEPS_MAX = 20000 };
enum side { OLD, NEW };

enum kind { STARTED, HELLO, GIVEN, TAKEN, LIVE, WAITS, ENDED };
struct event {
    uint64_t at;
    enum kind kind;
    enum side side;
    uint32_t id; /* worker, or shard */
    bool ok;
};

struct process {
    bool alive, stopping;
    bool runs[SHARDS];
    /* What is wrong with it. */
    bool never_reports, never_gives;
    uint32_t refuses, never_live; /* a shard; UINT32_MAX: none */
    bool refused_once[SHARDS];
    uint32_t refuses_once;
    uint64_t says_at[SHARDS]; /* its last word on a shard: the next one comes later */
};

struct world {
    uint64_t seed;
    struct rng rng;
    struct plan plan;
    struct roll *roll;
    uint64_t now;
    struct process processes[WORKERS][2];
    struct event events[EVENTS];
    unsigned n_events;
    bool dark[SHARDS]; /* by a GIVE_OLD, until it is live */
    bool has_died;     /* somebody has, by himself */
    bool is_over, failed;
    uint32_t turn;
};

#define MUST(w, condition)                                                        \
    do {                                                                          \
        if (!(condition))                                                         \
            fail_msg("seed %llu: %s", (unsigned long long)(w)->seed, #condition); \
    } while (0)

static bool once_in(struct world *w, unsigned n)
{
    return rng_below(&w->rng, n) == 0;
}

static void later(struct world *w, uint64_t in_ms, enum kind kind, enum side side,
                  uint32_t id, bool ok)
{
    MUST(w, w->n_events < EVENTS);
    w->events[w->n_events++] = (struct event){ w->now + in_ms, kind, side, id, ok };
}

static uint32_t worker_of(const struct world *w, uint32_t shard)
{
    return plan_worker_of(&w->plan, shard);
}

static struct process *process_of(struct world *w, uint32_t shard, enum side side)
{
    return &w->processes[worker_of(w, shard)][side];
}

/* A process says one thing after another. */
static void answer(struct world *w, uint64_t in_ms, enum kind kind, enum side side,
                   uint32_t shard, bool ok)
{
    uint64_t *says_at = &process_of(w, shard, side)->says_at[shard];

    *says_at = *says_at > w->now + in_ms ? *says_at : w->now + in_ms;
    later(w, *says_at - w->now, kind, side, shard, ok);
}

/* ---- What processes do ---- */

static void start(struct world *w, uint32_t worker)
{
    struct process *p = &w->processes[worker][NEW];
    struct shard_range part = plan_part(&w->plan, worker);
    uint32_t any = part.first + (uint32_t)rng_below(&w->rng, shard_range_size(&part));
    bool ok = !once_in(w, 40);

    *p = (struct process){ .alive = ok,
                           .never_reports = once_in(w, 30),
                           .never_gives = once_in(w, 10),
                           .refuses = once_in(w, 20) ? any : UINT32_MAX,
                           .never_live = once_in(w, 15) ? any : UINT32_MAX,
                           .refuses_once = UINT32_MAX };
    w->turn = worker;
    roll_started(w->roll, worker, ok, w->now);
    if (!w->processes[worker][OLD].alive)
        roll_ended(w->roll, worker, false, 1, w->now);
    if (ok && !p->never_reports)
        later(w, rng_below(&w->rng, 3000), HELLO, NEW, worker, true);
    if (ok && once_in(w, 10))
        later(w, rng_below(&w->rng, 20000), ENDED, NEW, worker, false);
    if (once_in(w, 10))
        later(w, rng_below(&w->rng, 20000), ENDED, OLD, worker, false);
}

static void give(struct world *w, uint32_t shard, enum side side)
{
    struct process *p = process_of(w, shard, side);

    MUST(w, p->alive && !p->stopping);
    if (!p->never_gives)
        answer(w, rng_below(&w->rng, once_in(w, 5) ? 30000 : 50), GIVEN, side, shard,
               true);
}

static void take(struct world *w, uint32_t shard, enum side side)
{
    struct process *p = process_of(w, shard, side);
    bool refuses =
        shard == p->refuses || (shard == p->refuses_once && !p->refused_once[shard]);

    MUST(w, !process_of(w, shard, 1 - side)->runs[shard]);
    MUST(w, p->alive && !p->stopping);
    p->refused_once[shard] = true;
    answer(w, rng_below(&w->rng, 300), TAKEN, side, shard, !refuses);
}

static void taken(struct world *w, const struct event *e)
{
    struct process *p = process_of(w, e->id, e->side);

    p->runs[e->id] = e->ok;
    roll_taken(w->roll, e->id, e->ok, w->now);
    if (!e->ok || e->id == p->never_live || e->side == OLD)
        return;
    if (once_in(w, 20)) { /* it has lost its session */
        for (uint64_t t = 0; t < 150000; t += 1000)
            if (w->n_events < EVENTS - 64 && t % 25000 == 0)
                later(w, t, WAITS, NEW, e->id, true);
        later(w, 151000, LIVE, NEW, e->id, true);
    } else {
        later(w, rng_below(&w->rng, 800), LIVE, NEW, e->id, true);
    }
}

static void ended(struct world *w, const struct event *e)
{
    struct process *p = &w->processes[e->id][e->side];

    w->has_died |= !e->ok; /* ok: as it was told */
    *p = (struct process){ 0 };
    roll_ended(w->roll, e->id, e->side == NEW, e->ok ? 0 : 137, w->now);
}

static void happen(struct world *w, struct event e)
{
    bool is_shard =
        e.kind == GIVEN || e.kind == TAKEN || e.kind == LIVE || e.kind == WAITS;
    struct process *p =
        is_shard ? process_of(w, e.id, e.side) : &w->processes[e.id][e.side];

    if (!p->alive)
        return; /* the dead say nothing */
    switch (e.kind) {
    case HELLO:
        roll_hello(w->roll, e.id, w->now);
        break;
    case GIVEN:
        p->runs[e.id] = false;
        roll_given(w->roll, e.id, w->now);
        break;
    case TAKEN:
        taken(w, &e);
        break;
    case LIVE:
        if (!p->runs[e.id])
            break;
        w->dark[e.id] = false;
        roll_live(w->roll, e.id, w->now);
        break;
    case WAITS:
        if (p->runs[e.id])
            roll_waits(w->roll, e.id, w->now);
        break;
    case ENDED:
        ended(w, &e);
        break;
    case STARTED:
        break;
    }
}

static void stop(struct world *w, uint32_t worker, enum side side)
{
    struct process *p = &w->processes[worker][side];

    MUST(w, p->alive && !p->stopping && worker == w->turn);
    p->stopping = true;
    later(w, rng_below(&w->rng, 10000), ENDED, side, worker, true);
}

/* ---- Running ---- */

static void check_dark(struct world *w)
{
    unsigned n = 0;

    for (uint32_t i = 0; i < SHARDS; i++)
        n += w->dark[i];
    MUST(w, n <= ROLL_AT_ONCE || w->has_died);
}

static void carry_out(struct world *w, struct roll_step s)
{
    switch (s.what) {
    case ROLL_START:
        start(w, s.worker);
        break;
    case ROLL_GIVE_OLD:
        w->dark[s.shard] = true;
        check_dark(w);
        give(w, s.shard, OLD);
        break;
    case ROLL_GIVE_NEW:
        give(w, s.shard, NEW);
        break;
    case ROLL_TAKE_OLD:
        w->dark[s.shard] = false;
        take(w, s.shard, OLD);
        break;
    case ROLL_TAKE_NEW:
        take(w, s.shard, NEW);
        break;
    case ROLL_STOP_OLD:
        stop(w, s.worker, OLD);
        break;
    case ROLL_STOP_NEW:
        stop(w, s.worker, NEW);
        break;
    case ROLL_DONE:
    case ROLL_FAILED:
        w->is_over = true;
        w->failed = s.what == ROLL_FAILED;
        break;
    case ROLL_WAIT:
        break;
    }
}

/* To the next event or the machine's deadline, whichever comes first. */
static void advance(struct world *w)
{
    uint64_t deadline = roll_deadline(w->roll);
    unsigned first = 0;
    struct event e;

    for (unsigned i = 1; i < w->n_events; i++)
        if (w->events[i].at < w->events[first].at)
            first = i;
    if (w->n_events && w->events[first].at <= deadline) {
        e = w->events[first];
        memmove(&w->events[first], &w->events[first + 1],
                (--w->n_events - first) * sizeof *w->events);
        w->now = e.at > w->now ? e.at : w->now;
        happen(w, e);
        return;
    }
    MUST(w, deadline != UINT64_MAX); /* else it waits, and nothing is to come */
    MUST(w, deadline > w->now);      /* else it has passed, and nothing came of it */
    w->now = deadline;
}

static void check_end(struct world *w, uint32_t worker)
{
    struct shard_range part = plan_part(&w->plan, worker);
    struct process *old = &w->processes[worker][OLD], *fresh = &w->processes[worker][NEW];

    MUST(w, !old->alive || !fresh->alive);
    MUST(w, w->failed || fresh->alive || w->has_died); /* after its turn, that is */
    for (uint32_t i = part.first; i <= part.last; i++) {
        MUST(w, !old->alive || old->runs[i]);
        MUST(w, !fresh->alive || fresh->runs[i] || i == fresh->refuses);
    }
}

static void begin(struct world *w, uint64_t seed)
{
    uint32_t shards;

    *w = (struct world){ .seed = seed, .rng = rng_seeded(seed), .now = 5000 };
    shards = 1 + (uint32_t)rng_below(&w->rng, SHARDS);
    w->plan.range = (struct shard_range){ 0, shards - 1, shards };
    w->plan.n_workers = 1 + (uint32_t)rng_below(&w->rng, shards < 4 ? shards : 4);
    for (uint32_t k = 0; k < w->plan.n_workers; k++) {
        struct process *old = &w->processes[k][OLD];
        struct shard_range part = plan_part(&w->plan, k);

        *old =
            (struct process){ .alive = !once_in(w, 20),
                              .never_gives = once_in(w, 20),
                              .refuses = UINT32_MAX,
                              .never_live = UINT32_MAX,
                              .refuses_once = once_in(w, 5) ? part.first : UINT32_MAX };
        w->has_died |= !old->alive;
        for (uint32_t i = part.first; i <= part.last; i++)
            old->runs[i] = old->alive;
    }
}

static bool run(uint64_t seed)
{
    static struct world w;
    uint32_t only, steps = 0, moved, all;

    begin(&w, seed);
    only = once_in(&w, 3) ? (uint32_t)rng_below(&w.rng, w.plan.n_workers) : UINT32_MAX;
    CHECK_INT(roll_new(&w.plan, only, w.now, &w.roll), 0);
    while (!w.is_over) {
        struct roll_step s = roll_next(w.roll, w.now);

        MUST(&w, steps++ < STEPS_MAX);
        if (s.what == ROLL_WAIT)
            advance(&w);
        else
            carry_out(&w, s);
        roll_progress(w.roll, &moved, &all);
        MUST(&w, moved <= all && all <= w.plan.range.count);
    }
    MUST(&w, w.failed || moved == all);
    MUST(&w, w.failed == (roll_why(w.roll)[0] != '\0'));
    if (w.failed)
        check_end(&w, w.turn);
    else
        for (uint32_t k = 0; k < w.plan.n_workers; k++)
            if (only == UINT32_MAX || only == k)
                check_end(&w, k);
    roll_free(w.roll);
    return !w.failed;
}

TEST(whatever_happens_it_ends_and_no_shard_is_lost)
{
    unsigned done = 0, n = 50000;

    for (uint64_t seed = 1; seed <= n; seed++)
        done += run(seed);
    /* Both ends are met often. */
    CHECK(done > n / 10 && done < n - n / 10);
}

RUN_TESTS(T(whatever_happens_it_ends_and_no_shard_is_lost))
