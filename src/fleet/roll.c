/* One worker's turn: for each shard, who runs it and what is being done about that; and
 * for each generation, whether it lives.
 *
 * Forward, all shards are to run in the new generation; once anything has failed, in the
 * old one, or in whichever lives. A shard that is elsewhere is given by who has it; one
 * that nobody has is taken; a death leaves its shards with nobody. So every mishap, in
 * either direction, ends in the same two moves. */
#include "roll.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "mem.h"

enum {
    RETRIES = 3, /* of a shard that the old generation does not take back */
    RETRY_MS = 1000
};

enum side { OLD, NEW, NOBODY };

struct generation {
    bool alive;
    bool ready;     /* it has said HELLO: it gives and takes */
    bool must_stop; /* it does not answer */
    bool stopping;  /* it was told to */
};

/* What a shard's process is doing about it. */
enum doing { NOTHING, GIVING, TAKING };

struct moving {
    enum side has; /* who runs it; TAKING: who is about to */
    enum doing doing;
    bool live; /* in the new generation */
    uint8_t tries;
    /* Doing something: when it should have been done. In the new generation, and not
     * live: when it should be. With nobody: when to have it taken. 0: now; UINT64_MAX:
     * none. */
    uint64_t at;
};

enum phase {
    TURN_START,
    TURN_HELLO, /* until `until` */
    TURN_MOVE,
    TURN_SETTLE, /* until `until` */
    TURN_STOP,   /* the old generation ends */
    TURN_BACK,   /* it has failed */
    OVER
};

struct roll {
    struct plan plan;
    uint32_t turn, last; /* workers: whose turn it is, and whose is the last */
    enum phase phase;
    uint64_t until;
    bool failed;
    struct generation generations[2];
    uint32_t first, n; /* the shards of this turn */
    struct moving *shards;
    uint32_t n_done, n_all; /* shards of turns that are over, and of all */
    char why[256];
};

/* ---- Who can do what ---- */

static struct generation *generation(struct roll *r, enum side side)
{
    return &r->generations[side];
}

static bool can_act(const struct roll *r, enum side side)
{
    const struct generation *g;

    if (side == NOBODY)
        return false;
    g = &r->generations[side];
    return g->alive && g->ready && !g->must_stop && !g->stopping;
}

/* Who is to run the shards. */
static enum side target(const struct roll *r)
{
    if (r->phase != TURN_BACK)
        return NEW;
    return can_act(r, OLD) ? OLD : can_act(r, NEW) ? NEW : NOBODY;
}

static struct moving *shard_of(struct roll *r, uint32_t shard)
{
    if (r->phase == OVER || shard < r->first || shard - r->first >= r->n)
        return NULL;
    return &r->shards[shard - r->first];
}

static void rests_with(struct moving *m, enum side side)
{
    *m = (struct moving){ .has = side, .tries = m->tries, .at = UINT64_MAX };
}

static void is_with_nobody(struct moving *m, uint64_t at)
{
    *m = (struct moving){ .has = NOBODY, .tries = m->tries, .at = at };
}

/* ---- Turns ---- */

static void begin_turn(struct roll *r, uint32_t worker)
{
    struct shard_range part = plan_part(&r->plan, worker);

    r->turn = worker;
    r->phase = TURN_START;
    r->first = part.first;
    r->n = shard_range_size(&part);
    r->generations[OLD] = (struct generation){ .alive = true, .ready = true };
    r->generations[NEW] = (struct generation){ 0 };
    for (uint32_t i = 0; i < r->n; i++) {
        r->shards[i].tries = 0;
        rests_with(&r->shards[i], OLD);
    }
}

static void end_turn(struct roll *r)
{
    r->n_done += r->n;
    if (r->turn == r->last) {
        r->n = 0;
        r->phase = OVER;
    } else {
        begin_turn(r, r->turn + 1);
    }
}

int roll_new(const struct plan *plan, uint32_t only, uint64_t now, struct roll **out)
{
    struct roll *r = mem_zero(sizeof *r);
    uint32_t first = only == UINT32_MAX ? 0 : only;

    (void)now;
    *out = NULL;
    if (!r)
        return CORDAGE_ENOMEM;
    r->plan = *plan;
    r->phase = OVER;
    r->last = only == UINT32_MAX ? plan->n_workers - 1 : only;
    if (first < plan->n_workers) {
        struct shard_range part = plan_part(plan, first);

        /* Parts differ by one at most. */
        r->shards = calloc(shard_range_size(&part) + 1, sizeof *r->shards);
        if (!r->shards) {
            roll_free(r);
            return CORDAGE_ENOMEM;
        }
        r->n_all =
            only == UINT32_MAX ? shard_range_size(&plan->range) : shard_range_size(&part);
        begin_turn(r, first);
    }
    *out = r;
    return 0;
}

void roll_free(struct roll *r)
{
    if (!r)
        return;
    free(r->shards);
    free(r);
}

/* ---- Failing ---- */

/* From here on the shards go back. What the new generation is about to take is asked back
 * from it, if there is who takes it: it may have it by now. */
static void turn_back(struct roll *r)
{
    r->phase = TURN_BACK;
    r->failed = true;
    for (uint32_t i = 0; i < r->n; i++)
        if (r->shards[i].has == NEW && (r->shards[i].doing == NOTHING || can_act(r, OLD)))
            rests_with(&r->shards[i], NEW);
}

__attribute__((format(printf, 2, 3))) static void fail(struct roll *r, const char *format,
                                                       ...)
{
    int n = snprintf(r->why, sizeof r->why, "worker %u: ", r->turn);
    va_list args;

    va_start(args, format);
    vsnprintf(r->why + n, sizeof r->why - (size_t)n, format, args);
    va_end(args);
    turn_back(r);
}

/* ---- Deadlines ---- */

/* Whoever is hung is stopped: its end sets the shard free. But the old one is not, once
 * all goes back to it. */
static void not_given(struct roll *r, struct moving *m)
{
    m->at = UINT64_MAX;
    if (m->has == OLD && r->phase == TURN_BACK)
        rests_with(m, OLD);
    else
        generation(r, m->has)->must_stop = true;
}

static void not_taken(struct roll *r, struct moving *m, uint32_t shard)
{
    if (r->phase == TURN_BACK)
        rests_with(m, m->has); /* it was told, and does it when it can */
    else
        fail(r, "the new process did not take shard %u within %d s", shard,
             ROLL_LIVE_MS / 1000);
}

static void check_shard(struct roll *r, uint32_t i, uint64_t now)
{
    struct moving *m = &r->shards[i];

    if (now < m->at)
        return;
    if (m->has == NOBODY)
        m->at = 0;
    else if (m->doing == GIVING)
        not_given(r, m);
    else if (m->doing == TAKING)
        not_taken(r, m, r->first + i);
    else
        fail(r, "shard %u did not come up in the new process within %d s", r->first + i,
             ROLL_LIVE_MS / 1000);
}

static void check_deadlines(struct roll *r, uint64_t now)
{
    if (r->phase == TURN_HELLO && now >= r->until && !r->generations[NEW].ready)
        fail(r,
             "the new process did not report within %d s. Is it built with libcordage?",
             ROLL_HELLO_MS / 1000);
    for (uint32_t i = 0; i < r->n; i++)
        check_shard(r, i, now);
}

uint64_t roll_deadline(const struct roll *r)
{
    uint64_t at = UINT64_MAX;

    if (r->phase == TURN_SETTLE || r->phase == TURN_HELLO)
        at = r->until;
    for (uint32_t i = 0; i < r->n; i++)
        if (r->shards[i].at && r->shards[i].at < at)
            at = r->shards[i].at;
    return at;
}

/* ---- Steps ---- */

static struct roll_step step(const struct roll *r, enum roll_do what)
{
    return (struct roll_step){ what, r->turn, 0 };
}

static struct roll_step wait_step(const struct roll *r)
{
    return step(r, ROLL_WAIT);
}

static struct roll_step shard_step(struct roll *r, uint32_t i, enum doing doing,
                                   enum side side, uint64_t now)
{
    static const enum roll_do what[2][2] = { { ROLL_GIVE_OLD, ROLL_TAKE_OLD },
                                             { ROLL_GIVE_NEW, ROLL_TAKE_NEW } };
    struct moving *m = &r->shards[i];

    m->doing = doing;
    m->has = side;
    m->live = false;
    m->at = now + (doing == GIVING ? ROLL_GIVE_MS : ROLL_LIVE_MS);
    return (struct roll_step){ what[side][doing == TAKING], r->turn, r->first + i };
}

/* How many are dark, or about to be, by our doing. */
static uint32_t n_under_way(const struct roll *r)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < r->n; i++) {
        const struct moving *m = &r->shards[i];

        n += m->doing != NOTHING || m->has == NOBODY ||
             (m->has == NEW && m->at != UINT64_MAX);
    }
    return n;
}

/* The next move of a shard towards `to`; ROLL_WAIT: none now. What nobody runs is taken
 * at once, however much is under way. */
static struct roll_step move_one(struct roll *r, enum side to, uint64_t now)
{
    enum side from = to == NEW ? OLD : NEW;

    for (uint32_t i = 0; can_act(r, to) && i < r->n; i++)
        if (r->shards[i].has == NOBODY && now >= r->shards[i].at)
            return shard_step(r, i, TAKING, to, now);
    if (!can_act(r, from) || n_under_way(r) >= ROLL_AT_ONCE)
        return wait_step(r);
    for (uint32_t i = 0; i < r->n; i++)
        if (r->shards[i].has == from && r->shards[i].doing == NOTHING)
            return shard_step(r, i, GIVING, from, now);
    return wait_step(r);
}

static bool all_rest_with(const struct roll *r, enum side side)
{
    for (uint32_t i = 0; i < r->n; i++)
        if (r->shards[i].has != side || r->shards[i].at != UINT64_MAX)
            return false;
    return true;
}

static struct roll_step stop(struct roll *r, enum side side)
{
    if (r->generations[side].stopping)
        return wait_step(r);
    r->generations[side].stopping = true;
    return step(r, side == OLD ? ROLL_STOP_OLD : ROLL_STOP_NEW);
}

/* ROLL_WAIT: nobody is hung. */
static struct roll_step stop_hung(struct roll *r)
{
    for (enum side side = OLD; side <= NEW; side++)
        if (r->generations[side].must_stop && r->generations[side].alive &&
            !r->generations[side].stopping)
            return stop(r, side);
    return wait_step(r);
}

static struct roll_step go_forward(struct roll *r, uint64_t now)
{
    struct roll_step s;

    switch (r->phase) {
    case TURN_START:
        r->phase = TURN_HELLO;
        r->until = now + ROLL_HELLO_MS;
        return step(r, ROLL_START);
    case TURN_MOVE:
        s = move_one(r, NEW, now);
        if (s.what != ROLL_WAIT || !all_rest_with(r, NEW))
            return s;
        r->phase = TURN_SETTLE;
        r->until = now + ROLL_SETTLE_MS;
        return wait_step(r);
    case TURN_SETTLE:
        if (now < r->until)
            return wait_step(r);
        r->phase = TURN_STOP;
        return go_forward(r, now);
    case TURN_STOP:
        if (r->generations[OLD].alive)
            return stop(r, OLD);
        end_turn(r);
        return r->phase == OVER ? step(r, ROLL_DONE) : go_forward(r, now);
    default:
        return wait_step(r);
    }
}

static struct roll_step give_up(struct roll *r)
{
    size_t n = strlen(r->why);

    if (target(r) == NEW)
        snprintf(r->why + n, sizeof r->why - n,
                 "; the old process is dead, so the new one keeps the shards");
    r->phase = OVER;
    return step(r, ROLL_FAILED);
}

static struct roll_step go_back(struct roll *r, uint64_t now)
{
    enum side to = target(r);
    struct roll_step s;

    if (to != NOBODY) {
        s = move_one(r, to, now);
        if (s.what != ROLL_WAIT || !all_rest_with(r, to))
            return s;
    }
    if (to != NEW && r->generations[NEW].alive)
        return stop(r, NEW);
    if (to == NOBODY && r->generations[OLD].alive)
        return wait_step(r); /* it was told to stop */
    return give_up(r);
}

struct roll_step roll_next(struct roll *r, uint64_t now)
{
    struct roll_step s;

    if (r->phase == OVER)
        return step(r, r->failed ? ROLL_FAILED : ROLL_DONE);
    check_deadlines(r, now);
    s = stop_hung(r);
    if (s.what != ROLL_WAIT)
        return s;
    return r->phase == TURN_BACK ? go_back(r, now) : go_forward(r, now);
}

/* ---- What happened ---- */

static bool is_turn(const struct roll *r, uint32_t worker)
{
    return r->phase != OVER && r->phase != TURN_START && worker == r->turn;
}

void roll_started(struct roll *r, uint32_t worker, bool ok, uint64_t now)
{
    (void)now;
    if (!is_turn(r, worker))
        return;
    generation(r, NEW)->alive = ok;
    if (!ok && r->phase == TURN_HELLO)
        fail(r, "the new process could not be started");
}

void roll_hello(struct roll *r, uint32_t worker, uint64_t now)
{
    (void)now;
    if (!is_turn(r, worker) || !generation(r, NEW)->alive)
        return;
    generation(r, NEW)->ready = true;
    if (r->phase == TURN_HELLO)
        r->phase = TURN_MOVE;
}

void roll_given(struct roll *r, uint32_t shard, uint64_t now)
{
    struct moving *m = shard_of(r, shard);

    (void)now;
    if (m && m->doing == GIVING)
        is_with_nobody(m, 0);
}

void roll_taken(struct roll *r, uint32_t shard, bool ok, uint64_t now)
{
    struct moving *m = shard_of(r, shard);

    if (!m || m->doing != TAKING)
        return;
    if (ok) {
        rests_with(m, m->has);
        if (r->phase != TURN_BACK)
            m->at = now + ROLL_LIVE_MS;
    } else if (r->phase != TURN_BACK) {
        is_with_nobody(m, 0);
        fail(r, "the new process could not take shard %u", shard);
    } else if (++m->tries < RETRIES) {
        is_with_nobody(m, now + RETRY_MS);
    } else {
        rests_with(m, m->has); /* whose it is from now on */
    }
}

void roll_live(struct roll *r, uint32_t shard, uint64_t now)
{
    struct moving *m = shard_of(r, shard);

    (void)now;
    if (!m || m->has != NEW || m->doing != NOTHING || r->phase == TURN_BACK)
        return;
    m->live = true;
    m->at = UINT64_MAX;
}

void roll_waits(struct roll *r, uint32_t shard, uint64_t now)
{
    struct moving *m = shard_of(r, shard);

    if (m && m->has == NEW && m->doing == NOTHING && m->at != UINT64_MAX)
        m->at = now + ROLL_LIVE_MS;
}

void roll_ended(struct roll *r, uint32_t worker, bool new_one, int status, uint64_t now)
{
    enum side side = new_one ? NEW : OLD;

    (void)now;
    if (!is_turn(r, worker) || !generation(r, side)->alive)
        return;
    *generation(r, side) = (struct generation){ 0 };
    for (uint32_t i = 0; i < r->n; i++)
        if (r->shards[i].has == side)
            is_with_nobody(&r->shards[i], 0);
    if (new_one && r->phase != TURN_BACK)
        fail(r, "the new process ended with status %d", status);
}

void roll_progress(const struct roll *r, uint32_t *moved, uint32_t *all)
{
    *moved = r->n_done;
    *all = r->n_all;
    for (uint32_t i = 0; i < r->n; i++)
        *moved += r->shards[i].live;
}

const char *roll_why(const struct roll *r)
{
    return r->why;
}
