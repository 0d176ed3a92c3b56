/* Scripts from a seed: a quiet life, in which something happens every few minutes to
 * hours, and now and then much of it at once. */
#include <math.h>
#include <stdlib.h>

#include "rng.h"
#include "world.h"

enum {
    MINUTE = 60 * 1000,
    DAY = 24 * 60 * MINUTE,
    STEPS_MAX = 20000,
    FIRST_CALM_MS = 20 * 1000, /* not everything is to happen in the first start */
    STORM_MS = 90 * 1000,
};

/* How often each act comes, of their sum; those with 0 only a fleet has. */
static const struct rate {
    enum world_act act;
    unsigned alone, fleet;
} rates[] = {
    { ACT_CUT, 14, 14 },  { ACT_FREEZE, 7, 7 },  { ACT_WEATHER, 8, 8 },
    { ACT_OUTAGE, 4, 4 }, { ACT_FAULT, 18, 18 }, { ACT_GUILD, 10, 8 },
    { ACT_BURST, 8, 8 },  { ACT_SLOW, 4, 4 },    { ACT_KILL, 10, 14 },
    { ACT_STOP, 4, 3 },   { ACT_SUSPEND, 4, 4 }, { ACT_POWER, 2, 2 },
    { ACT_FULL, 2, 2 },   { ACT_EIO, 3, 3 },     { ACT_CLOCK, 3, 3 },
    { ACT_ROLL, 0, 5 },   { ACT_BUDGET, 1, 1 },
};

static double fraction(struct rng *r)
{
    return (double)(rng_next(r) >> 11) * 0x1p-53;
}

/* From `low` to `high`, small ones as often as large ones. */
static uint64_t spread(struct rng *r, double low, double high)
{
    return (uint64_t)(low * pow(high / low, fraction(r)));
}

static uint32_t one_of(struct rng *r, const uint32_t *of, size_t n)
{
    return of[rng_below(r, n)];
}
#define ONE_OF(r, ...)                           \
    one_of(r, (const uint32_t[]){ __VA_ARGS__ }, \
           sizeof((uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t))

static void draw_plan(struct rng *r, uint64_t seed, enum world_kind kind,
                      double shard_days, struct world_plan *p)
{
    bool fleet = kind == WORLD_FLEET;

    *p = (struct world_plan){ .seed = seed, .kind = kind };
    p->shards = fleet ? ONE_OF(r, 2, 4, 6, 8, 12, 16) : ONE_OF(r, 1, 2, 3, 4, 8, 16);
    p->workers = fleet ? 2 + (uint32_t)rng_below(r, p->shards > 3 ? 3 : 1) : 0;
    p->guilds = p->shards * ONE_OF(r, 1, 2, 3) + (uint32_t)rng_below(r, 3);
    p->max_concurrency = ONE_OF(r, 1, 1, 2, 16);
    p->session_limit = ONE_OF(r, 1000, 1000, 1000, p->shards * 30);
    p->handlers = ONE_OF(r, 0, 1, 2, 4);
    p->compression = ONE_OF(r, 0, 0, 0, 0, 1, 2);
    p->caches = rng_below(r, 2);
    /* Of a shard, something every ten seconds to ten minutes. */
    p->traffic = p->shards * 1000.0 / (double)spread(r, 10e3, 600e3);
    p->live = rng_below(r, 3) ? p->shards * 1000.0 / (double)spread(r, 30e3, 1800e3) : 0;
    p->duration_ms = (uint64_t)(shard_days * DAY / p->shards);
    if (p->duration_ms < 5 * MINUTE)
        p->duration_ms = 5 * MINUTE;
}

static enum world_act draw_act(struct rng *r, enum world_kind kind)
{
    unsigned sum = 0, at;
    size_t i = 0;

    for (i = 0; i < sizeof rates / sizeof *rates; i++)
        sum += kind == WORLD_FLEET ? rates[i].fleet : rates[i].alone;
    at = (unsigned)rng_below(r, sum);
    for (i = 0;; i++) {
        unsigned n = kind == WORLD_FLEET ? rates[i].fleet : rates[i].alone;

        if (at < n)
            return rates[i].act;
        at -= n;
    }
}

static uint64_t draw_clock(struct rng *r)
{
    int64_t by = (int64_t)spread(r, 1e3, rng_below(r, 4) ? 3600e3 : 30 * 3600e3);

    return (uint64_t)(((int64_t)1 << 31) + (rng_below(r, 2) ? by : -by));
}

static void draw_step(struct rng *r, const struct world_plan *p, struct world_step *s)
{
    s->act = draw_act(r, p->kind);
    s->who = (uint32_t)rng_below(r, 1000);
    s->arg = rng_below(r, 1000000);
    switch (s->act) {
    case ACT_OUTAGE:
        s->arg = spread(r, 500, 15 * MINUTE);
        break;
    case ACT_BURST:
        s->arg = spread(r, 10, 3000);
        break;
    case ACT_SLOW:
        s->arg = spread(r, 1, 3000);
        break;
    case ACT_SUSPEND:
        s->arg = spread(r, 200, 10 * MINUTE);
        break;
    case ACT_FULL:
        s->arg = spread(r, 1000, 10 * MINUTE);
        break;
    case ACT_CLOCK:
        s->arg = draw_clock(r);
        break;
    case ACT_KILL: /* the process that matters, or any */
        s->who = (uint32_t)rng_below(r, p->workers + 1);
        break;
    default:
        break;
    }
}

static int by_time(const void *a, const void *b)
{
    const struct world_step *x = a, *y = b;

    return x->at < y->at ? -1 : x->at > y->at;
}

int world_draw(uint64_t seed, enum world_kind kind, double shard_days,
               struct world_script *out)
{
    struct rng r = rng_seeded(seed);
    struct world_step *steps = malloc(STEPS_MAX * sizeof *steps);
    uint64_t at = FIRST_CALM_MS, storm_until = 0, every;
    size_t n = 0;

    *out = (struct world_script){ 0 };
    if (!steps)
        return CORDAGE_ENOMEM;
    draw_plan(&r, seed, kind, shard_days, &out->plan);
    every = spread(&r, 10 * MINUTE, 360 * MINUTE);
    while (n < STEPS_MAX) {
        at += spread(&r, 1, (double)(at < storm_until ? STORM_MS / 2 : 4 * every));
        if (at > storm_until && rng_below(&r, 25) == 0)
            storm_until = at + STORM_MS;
        if (at >= out->plan.duration_ms)
            break;
        steps[n] = (struct world_step){ .at = at };
        draw_step(&r, &out->plan, &steps[n++]);
    }
    qsort(steps, n, sizeof *steps, by_time);
    out->steps = steps;
    out->n = n;
    return 0;
}
