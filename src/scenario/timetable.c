/* When what happens: drawn from the seed before anything does, so that it depends on
 * nothing else. Each line of faults draws from a stream of its own. */
#include <math.h>
#include <stdlib.h>

#include "mem.h"
#include "rng.h"
#include "scenario_model.h"

struct table {
    struct occurrence *list;
    size_t n, size;
    uint64_t duration;
};

static int add(struct table *t, uint64_t at, uint32_t fault, uint32_t which)
{
    if (at > t->duration)
        return 0;
    if (t->n == t->size) {
        size_t size = t->size ? t->size * 2 : 64;
        struct occurrence *bigger = realloc(t->list, size * sizeof *bigger);

        if (!bigger)
            return CORDAGE_ENOMEM;
        t->list = bigger;
        t->size = size;
    }
    t->list[t->n++] = (struct occurrence){ at, fault, which };
    return 0;
}

/* In (0, 1]. */
static double chance(struct rng *rng)
{
    return ((double)(rng_next(rng) >> 11) + 1) / 9007199254740992.0;
}

static int add_every(struct table *t, const struct when *w, struct rng *rng,
                     uint32_t fault)
{
    int err = 0;
    uint32_t which = 0;

    for (uint64_t at = w->from + w->every; !err && at <= w->until && at <= t->duration;
         at += w->every)
        err = add(t, at + rng_below(rng, w->jitter + 1), fault, which++);
    return err;
}

static int add_per_hour(struct table *t, const struct when *w, struct rng *rng,
                        uint32_t fault)
{
    double at = (double)w->from;
    int err = 0;

    for (uint32_t which = 0; !err && which < 2 * SCENARIO_OFTEN_MAX; which++) {
        at -= log(chance(rng)) * 36e5 / w->per_hour;
        if (at > (double)w->until || at > (double)t->duration)
            break;
        err = add(t, (uint64_t)at, fault, which);
    }
    return err;
}

static int compare(const void *a, const void *b)
{
    const struct occurrence *x = a, *y = b;

    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    if (x->fault != y->fault)
        return x->fault < y->fault ? -1 : 1;
    return x->which < y->which ? -1 : x->which > y->which;
}

int timetable_make(const struct scenario *s, struct occurrence **out, size_t *n)
{
    struct table t = { .duration = s->duration };
    int err = 0;

    for (size_t i = 0; i < s->n_faults && !err; i++) {
        const struct when *w = &s->faults[i].when;
        struct rng rng = rng_seeded(s->seed ^ (0x9e3779b97f4a7c15ULL * (i + 1)));
        uint32_t fault = (uint32_t)i;

        if (w->kind == WHEN_AT)
            err = add(&t, w->at + rng_below(&rng, w->jitter + 1), fault, 0);
        else if (w->kind == WHEN_EVERY)
            err = add_every(&t, w, &rng, fault);
        else
            err = add_per_hour(&t, w, &rng, fault);
    }
    if (err) {
        free(t.list);
        return err;
    }
    if (t.n)
        qsort(t.list, t.n, sizeof *t.list, compare);
    *out = t.list;
    *n = t.n;
    return 0;
}
