/* watched_fleet.h - shards with traffic by chance, watched for simulated days.
 *
 * Each second a shard brings a number of events with its rate as mean (Poisson). What the
 * watchdog says is kept, and a RESUME or IDENTIFY interrupts the shard for a second, as
 * it does in truth; `heals` says that it ends the shard's silence, too. */
#ifndef WATCHED_FLEET_H
#define WATCHED_FLEET_H

#include <math.h>

#include "rng.h"
#include "test.h"
#include "watchdog.h"

enum { FLEET_MAX = 128 };

struct watched_fleet {
    struct watchdog *w;
    uint32_t n;
    uint64_t second; /* since the start */
    struct rng rng;
    struct watchdog_sample samples[FLEET_MAX];
    double rate[FLEET_MAX]; /* events per second */
    double level;           /* of all rates */
    bool silent[FLEET_MAX]; /* its connection lives, and nothing comes */
    bool heals;
    uint32_t away[FLEET_MAX]; /* seconds */
    /* What the watchdog said. */
    uint32_t resumes[FLEET_MAX], identifies[FLEET_MAX], actions;
    uint64_t acted_at[FLEET_MAX], last_action[FLEET_MAX]; /* the first, the last */
    struct watchdog_decision last;
};

static inline double fleet_chance(struct rng *rng)
{
    return ((double)(rng_next(rng) >> 11) + 0.5) / 9007199254740992.0;
}

static inline double fleet_normal(struct rng *rng)
{
    double r = sqrt(-2 * log(fleet_chance(rng)));

    return r * cos(6.283185307179586 * fleet_chance(rng));
}

static inline uint64_t fleet_events(struct rng *rng, double mean)
{
    double product, floor_;
    uint64_t n = 0;

    if (mean > 30) {
        double d = mean + sqrt(mean) * fleet_normal(rng) + 0.5;

        return d > 0 ? (uint64_t)d : 0;
    }
    if (mean <= 0)
        return 0;
    floor_ = exp(-mean);
    for (product = fleet_chance(rng); product > floor_; product *= fleet_chance(rng))
        n++;
    return n;
}

static inline void fleet_begin(struct watched_fleet *f, uint32_t n, double rate,
                               uint64_t seed)
{
    *f = (struct watched_fleet){ .n = n, .rng = rng_seeded(seed), .level = 1 };
    assert_true(n <= FLEET_MAX);
    CHECK_INT(watchdog_new(n, &f->w), 0);
    for (uint32_t i = 0; i < n; i++) {
        f->rate[i] = rate;
        f->samples[i] = (struct watchdog_sample){ .guilds = 1000,
                                                  .guilds_available = 1000,
                                                  .live = true };
    }
}

static inline void fleet_end(struct watched_fleet *f)
{
    watchdog_free(f->w);
}

static inline void fleet_acts(struct watched_fleet *f, const struct watchdog_decision *d)
{
    uint32_t i = d->shard;

    assert_true(i < f->n && d->verdict != WATCHDOG_NOTHING);
    f->actions++;
    if (d->verdict == WATCHDOG_RESUME)
        f->resumes[i]++;
    else
        f->identifies[i]++;
    if (!f->acted_at[i])
        f->acted_at[i] = f->second;
    f->last_action[i] = f->second;
    f->last = *d;
    f->away[i] = 1;
    if (f->heals)
        f->silent[i] = false;
}

static inline void fleet_second(struct watched_fleet *f)
{
    struct watchdog_sample now[FLEET_MAX];
    struct watchdog_decision d;

    f->second++;
    for (uint32_t i = 0; i < f->n; i++) {
        if (!f->silent[i])
            f->samples[i].events += fleet_events(&f->rng, f->rate[i] * f->level);
        now[i] = f->samples[i];
        if (f->away[i]) {
            f->away[i]--;
            now[i].live = false;
        }
    }
    watchdog_second(f->w, now, 1000000 + f->second * 1000);
    while (watchdog_next(f->w, &d))
        fleet_acts(f, &d);
}

static inline void fleet_run(struct watched_fleet *f, uint64_t seconds)
{
    while (seconds--)
        fleet_second(f);
}

#endif
