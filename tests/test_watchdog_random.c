/* A watchdog over simulated days in which nothing is wrong, but life goes on.
 *
 * Each shard has a day's curve, between night and evening 1 to 8, and its own time zone;
 * what it does wanders (for an hour about, by a half or twice); now and then one has a
 * burst of a minute; guilds come and go, some of them a third of the shard; connections
 * are resumed; now and then Discord is silent for all, or for half of the shards. No
 * RESUME may be said to be needed. Then one shard falls silent, and that must be found.
 * The seed is printed when it fails; CORDAGE_SEED plays one, CORDAGE_SEEDS so many. */
#include "watched_fleet.h"

enum { MINUTE = 60, HOUR = 3600, DAY = 24 * HOUR, SHARDS = 32, DAYS = 5, SEEDS = 3 };

struct life {
    struct watched_fleet f;
    uint64_t seed;
    double size[SHARDS]; /* events per second by day */
    double zone[SHARDS]; /* of the day, 0 to 1 */
    double mood[SHARDS]; /* the logarithm of what it does more */
    uint64_t burst_until[SHARDS];
    uint64_t out_until[SHARDS]; /* silent, with others */
};

static void life_begin(struct life *l, uint64_t seed)
{
    memset(l, 0, sizeof *l);
    l->seed = seed;
    fleet_begin(&l->f, SHARDS, 0, seed);
    for (uint32_t i = 0; i < SHARDS; i++) {
        l->size[i] = exp(log(0.1) + fleet_chance(&l->f.rng) * log(300)); /* 0.1 to 30 */
        l->zone[i] = 0.25 * fleet_normal(&l->f.rng);
    }
}

/* So often on average, each second. */
static bool once_in(struct life *l, double seconds)
{
    return fleet_chance(&l->f.rng) * seconds < 1;
}

static double day_curve(const struct life *l, uint32_t i)
{
    double day = (double)l->f.second / DAY + l->zone[i];

    return exp(-1.04 * (1 - sin(6.283185307179586 * day))); /* 1 down to an eighth */
}

static void shard_lives(struct life *l, uint32_t i)
{
    struct watched_fleet *f = &l->f;
    struct watchdog_sample *s = &f->samples[i];

    if (f->second % 10 == 0) /* wanders within an hour, deviating by 0.4 */
        l->mood[i] = l->mood[i] * (1 - 10.0 / HOUR) +
                     0.4 * sqrt(20.0 / HOUR) * fleet_normal(&f->rng);
    if (once_in(l, 6 * HOUR))
        l->burst_until[i] = f->second + rng_below(&f->rng, MINUTE);
    f->rate[i] = l->size[i] * day_curve(l, i) * exp(l->mood[i]);
    if (f->second < l->burst_until[i])
        f->rate[i] = f->rate[i] * 30 + 10;
    f->silent[i] = f->second < l->out_until[i];
    if (once_in(l, 2 * HOUR))
        f->away[i] = 1 + (uint32_t)rng_below(&f->rng, 5);
    if (once_in(l, 4 * HOUR)) {
        s->guilds--;
        s->guilds_available--;
        if (rng_below(&f->rng, 20) == 0)
            l->size[i] *= 0.66;
    } else if (once_in(l, 4 * HOUR)) {
        s->guilds++;
        s->guilds_available++;
        if (rng_below(&f->rng, 20) == 0)
            l->size[i] *= 1.5;
    }
}

static void discord_lives(struct life *l)
{
    uint64_t until = l->f.second + rng_below(&l->f.rng, 40 * MINUTE);
    uint64_t whom = rng_below(&l->f.rng, 4); /* even ones, odd ones, all */

    if (!once_in(l, DAY))
        return;
    for (uint32_t i = 0; i < SHARDS; i++) {
        if (whom >= 2 || i % 2 == whom)
            l->out_until[i] = until;
    }
}

static void lives(struct life *l, uint64_t seconds)
{
    while (seconds--) {
        for (uint32_t i = 0; i < SHARDS; i++)
            shard_lives(l, i);
        discord_lives(l);
        fleet_second(&l->f);
    }
}

static void expect_nothing(const struct life *l)
{
    char text[256];

    if (!l->f.actions)
        return;
    watchdog_text(&l->f.last, l->f.last.shard, text);
    fail_msg("seed %llu, a false alarm: %s", (unsigned long long)l->seed, text);
}

/* Falls silent now, at noon, as nothing else goes on. Returns after how many seconds it
 * was found; more than `most`: it wasn't. */
static uint64_t found_after(struct life *l, uint32_t i, uint64_t most)
{
    struct watched_fleet *f = &l->f;
    uint64_t began = f->second;

    memset(l->out_until, 0, sizeof l->out_until);
    memset(l->burst_until, 0, sizeof l->burst_until);
    memset(f->away, 0, sizeof f->away);
    memset(f->silent, 0, sizeof f->silent);
    f->silent[i] = true;
    while (f->second < began + most && !f->actions)
        fleet_second(f);
    if (f->actions && f->last.shard != i)
        fail_msg("seed %llu: it was shard %u", (unsigned long long)l->seed, i);
    return f->actions ? f->second - began : most + 1;
}

static void play(uint64_t seed)
{
    struct life l;
    uint32_t i = 0;
    uint64_t after;

    life_begin(&l, seed);
    lives(&l, DAYS * DAY);
    expect_nothing(&l);
    for (uint32_t k = 1; k < SHARDS;
         k++) { /* the one that does the least of 1 per second */
        if (l.f.rate[k] >= 1 && (l.f.rate[i] < 1 || l.f.rate[k] < l.f.rate[i]))
            i = k;
    }
    assert_true(l.f.rate[i] >= 1);
    after = found_after(&l, i, 5 * MINUTE);
    if (after > 5 * MINUTE)
        fail_msg("seed %llu: shard %u, %.1f per second, isn't found in 5 minutes",
                 (unsigned long long)seed, i, l.f.rate[i]);
    if (getenv("CORDAGE_SEEDS"))
        printf("seed %llu: %.1f per second, found after %llu s\n",
               (unsigned long long)seed, l.f.rate[i], (unsigned long long)after);
    fleet_end(&l.f);
}

TEST(days_without_a_false_alarm_and_then_a_silence)
{
    const char *seeds = getenv("CORDAGE_SEEDS"), *seed = getenv("CORDAGE_SEED");
    uint64_t n = seeds ? strtoull(seeds, NULL, 10) : SEEDS;

    if (seed) {
        play(strtoull(seed, NULL, 10));
        return;
    }
    for (uint64_t i = 1; i <= n; i++)
        play(i);
}

RUN_TESTS(T(days_without_a_false_alarm_and_then_a_silence))
