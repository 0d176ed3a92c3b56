/* Making a script shorter for as long as the same promise breaks: what comes after, then
 * steps (by halves, quarters and so on: Zeller's ddmin), then time, shards and the rest
 * of the plan. */
#include <stdlib.h>
#include <string.h>

#include "shrink.h"

enum { PATIENCE_S = 120, AFTER_MS = 1000 };

struct shrinking {
    struct world_script *best;
    enum promise promise;
    uint64_t broken_at;
    unsigned tries;
    world_runner run;
};

static int copy(const struct world_script *from, struct world_script *to)
{
    *to = *from;
    to->steps = malloc((from->n + 1) * sizeof *to->steps);
    if (!to->steps)
        return CORDAGE_ENOMEM;
    memcpy(to->steps, from->steps, from->n * sizeof *to->steps);
    return 0;
}

/* Whether the candidate breaks the same promise: then it is the best. Owned here. */
static bool try_one(struct shrinking *s, struct world_script *candidate)
{
    struct world_verdict v = { 0 };

    if (s->tries == 0) {
        world_script_release(candidate);
        return false;
    }
    s->tries--;
    s->run(candidate, PATIENCE_S, &v);
    if (v.broken != s->promise) {
        world_script_release(candidate);
        return false;
    }
    world_script_release(s->best);
    *s->best = *candidate;
    s->broken_at = v.at;
    return true;
}

/* ---- Steps --------------------------------------------------------------------------
 */

/* Without the steps [from, to). */
static bool try_without(struct shrinking *s, size_t from, size_t to)
{
    struct world_script c;

    if (copy(s->best, &c))
        return false;
    memmove(c.steps + from, c.steps + to, (c.n - to) * sizeof *c.steps);
    c.n -= to - from;
    return try_one(s, &c);
}

static void shrink_steps(struct shrinking *s)
{
    size_t piece = (s->best->n + 1) / 2;

    while (piece && s->best->n && s->tries) {
        bool any = false;

        for (size_t at = 0; at < s->best->n && s->tries;) {
            size_t end = at + piece < s->best->n ? at + piece : s->best->n;

            if (try_without(s, at, end))
                any = true;
            else
                at = end;
        }
        if (!any || piece > s->best->n)
            piece = piece == 1 ? 0 : (piece + 1) / 2;
    }
}

/* ---- Time ---------------------------------------------------------------------------
 */

/* Ends soon after it broke, without what would have come then. */
static void cut_end(struct shrinking *s)
{
    uint64_t end = s->broken_at + AFTER_MS;
    struct world_script c;

    if (end >= s->best->plan.duration_ms || copy(s->best, &c))
        return;
    c.plan.duration_ms = end;
    while (c.n && c.steps[c.n - 1].at > end)
        c.n--;
    try_one(s, &c);
}

/* The time before each step, from the last on, halved. */
static void shrink_waits(struct shrinking *s)
{
    for (size_t i = s->best->n; i-- > 0 && s->tries;) {
        uint64_t before = i ? s->best->steps[i - 1].at : 0;
        uint64_t wait = s->best->steps[i].at - before;
        struct world_script c;

        if (wait < 2000 || copy(s->best, &c))
            continue;
        for (size_t k = i; k < c.n; k++)
            c.steps[k].at -= wait / 2;
        c.plan.duration_ms -= c.plan.duration_ms > wait / 2 ? wait / 2 : 0;
        try_one(s, &c);
    }
}

/* ---- The plan -----------------------------------------------------------------------
 */

static bool try_plan(struct shrinking *s, const struct world_plan *p)
{
    struct world_script c;

    if (copy(s->best, &c))
        return false;
    c.plan = *p;
    return try_one(s, &c);
}

static void halve(struct shrinking *s, uint32_t struct_offset, uint32_t least)
{
    for (;;) {
        struct world_plan p = s->best->plan;
        uint32_t *n = (uint32_t *)(void *)((char *)&p + struct_offset);

        if (*n <= least)
            return;
        *n = *n / 2 < least ? least : *n / 2;
        if (!try_plan(s, &p))
            return;
    }
}
#define HALVE(s, field, least) \
    halve(s, (uint32_t)offsetof(struct world_plan, field), least)

static void shrink_plan(struct shrinking *s)
{
    struct world_plan p;

    HALVE(s, shards, s->best->plan.kind == WORLD_FLEET ? 2 : 1);
    HALVE(s, guilds, 1);
    HALVE(s, workers, s->best->plan.kind == WORLD_FLEET ? 2 : 0);
    HALVE(s, handlers, 0);
    HALVE(s, compression, 0);
    HALVE(s, max_concurrency, 1);
    p = s->best->plan;
    if (p.caches) {
        p.caches = false;
        try_plan(s, &p);
    }
    p = s->best->plan;
    if (p.live > 0) {
        p.live = 0;
        try_plan(s, &p);
    }
    p = s->best->plan;
    if (p.traffic > 0) {
        p.traffic = 0;
        try_plan(s, &p);
    }
}

void world_shrink_by(struct world_script *s, const struct world_verdict *v,
                     unsigned tries, world_runner run)
{
    struct shrinking k = {
        .best = s, .promise = v->broken, .broken_at = v->at, .tries = tries, .run = run
    };

    cut_end(&k);
    shrink_steps(&k);
    shrink_plan(&k);
    shrink_waits(&k);
    shrink_steps(&k);
    cut_end(&k);
}
