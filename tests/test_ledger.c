#include "test.h"

#include "cordage/error.h"
#include "ledger.h"
#include "limits.h"
#include "rng.h"

#define HOUR  ((uint64_t)60 * 60 * 1000)
#define START ((uint64_t)1795341600000) /* some day */

TEST(nothing_bounds_it_until_discord_has_been_asked)
{
    struct ledger l;

    ledger_init(&l, 4);
    CHECK_INT(ledger_allowed(&l, START), UINT64_MAX);
    CHECK_INT(ledger_when(&l, 100000, START), START);
    CHECK_INT(ledger_book(&l, START), 0);
    ledger_limits(&l, 1000, 999, HOUR, START);
    CHECK_INT(ledger_allowed(&l, START), 899);
    ledger_release(&l);
}

TEST(the_reserve_is_a_tenth_or_one_for_each_shard_but_not_over_half)
{
    struct ledger l;

    ledger_init(&l, 4);
    ledger_limits(&l, 1000, 1000, 0, START);
    CHECK_INT(ledger_reserve(&l), 100);
    l.shards = 300;
    CHECK_INT(ledger_reserve(&l), 300);
    l.shards = 1000; /* as many shards as budget: half of them may start */
    CHECK_INT(ledger_reserve(&l), 500);
    CHECK_INT(ledger_allowed(&l, START), 500);
    ledger_limits(&l, 1, 1, 0, START);
    CHECK_INT(ledger_reserve(&l), 0);
    CHECK_INT(ledger_allowed(&l, START), 1);
    ledger_limits(&l, 0, 0, 0, START);
    CHECK_INT(ledger_allowed(&l, START), 0);
    CHECK_INT(ledger_when(&l, 1, START), UINT64_MAX);
    CHECK_INT(ledger_when(&l, UINT64_MAX, START), UINT64_MAX);
    ledger_release(&l);
}

TEST(the_smaller_of_both_counts_is_allowed)
{
    struct ledger l;
    int i;

    ledger_init(&l, 1);
    /* Discord knows of sends that we don't. */
    ledger_limits(&l, 1000, 150, HOUR, START);
    CHECK_INT(ledger_allowed(&l, START), 50);
    /* We know of sends that Discord's new window doesn't count. */
    for (i = 0; i < 700; i++)
        CHECK_INT(ledger_remember(&l, START - HOUR), 0);
    ledger_limits(&l, 1000, 1000, 24 * HOUR, START);
    CHECK_INT(ledger_allowed(&l, START), 200);
    CHECK_INT(ledger_when(&l, 201, START), START + 23 * HOUR);
    CHECK_INT(ledger_allowed(&l, START + 23 * HOUR), 900);
    ledger_release(&l);
}

TEST(nothing_left_and_no_window_is_taken_the_careful_way)
{
    struct ledger l;

    ledger_init(&l, 1);
    ledger_limits(&l, 1000, 0, 0, START);
    CHECK_INT(ledger_allowed(&l, START), 0);
    CHECK_INT(ledger_when(&l, 1, START), START + LEDGER_WINDOW_MS);
    ledger_release(&l);
}

TEST(discords_window_opens_with_the_first_after_its_end)
{
    struct ledger l;

    ledger_init(&l, 1);
    ledger_limits(&l, 100, 10, HOUR, START);
    CHECK_INT(ledger_allowed(&l, START), 0);
    CHECK_INT(ledger_when(&l, 1, START), START + HOUR);
    CHECK_INT(ledger_allowed(&l, START + HOUR - 1), 0);
    CHECK_INT(ledger_allowed(&l, START + HOUR), 90);
    CHECK_INT(ledger_book(&l, START + 5 * HOUR), 0);
    CHECK_INT(l.remaining, 99);
    CHECK_INT(l.reset_at, START + 29 * HOUR);
    ledger_release(&l);
}

TEST(numbers_that_make_no_sense_are_bounded)
{
    struct ledger l;

    ledger_init(&l, 1);
    ledger_limits(&l, 10, UINT64_MAX, UINT64_MAX, START);
    CHECK_INT(ledger_allowed(&l, START), 9);
    CHECK_INT(l.reset_at, START + 24 * HOUR);
    ledger_limits(&l, UINT64_MAX, UINT64_MAX, 0, UINT64_MAX);
    CHECK_INT(ledger_remember(&l, UINT64_MAX), 0);
    CHECK_INT(ledger_book(&l, UINT64_MAX), 0);
    CHECK(ledger_allowed(&l, UINT64_MAX) > 0);
    ledger_release(&l);
}

/* A bot that identifies one shard and dies, is started again at once, and so on; each
 * process asks Discord, remembers what the store says and stops where the ledger does. */
TEST(a_crash_loop_ends_before_the_budget_does)
{
    uint64_t sent[2000], now = START;
    struct ledger l;
    unsigned n = 0, i, start;

    for (start = 0; start < 1500; start++, now += 6000) {
        ledger_init(&l, 3);
        for (i = 0; i < n; i++)
            CHECK_INT(ledger_remember(&l, sent[i]), 0);
        ledger_limits(&l, 1000, 1000 - n, n ? sent[0] + 24 * HOUR - now : 0, now);
        if (ledger_allowed(&l, now) > 0) {
            CHECK_INT(ledger_book(&l, now), 0);
            sent[n++] = now;
        } else {
            CHECK_INT(ledger_when(&l, 1, now), sent[0] + 24 * HOUR);
        }
        ledger_release(&l);
    }
    CHECK_INT(n, 900);
}

/* The same without Discord's count, which a bot has that can't reach it. */
TEST(our_own_count_alone_ends_a_crash_loop)
{
    struct ledger l;
    unsigned n = 0;

    ledger_init(&l, 3);
    ledger_limits(&l, 1000, 1000, 0, START);
    for (; n < 2000 && ledger_allowed(&l, START + n * 60000) > 0; n++) {
        CHECK_INT(ledger_book(&l, START + n * 60000), 0);
        ledger_limits(&l, 1000, 1000, 0, START + n * 60000); /* it says nothing new */
    }
    CHECK_INT(n, 900);
    ledger_release(&l);
}

TEST(a_clock_that_goes_back_makes_nothing_younger_than_now)
{
    struct ledger l;
    uint64_t past = START - 365 * 24 * HOUR;
    int i;

    ledger_init(&l, 1);
    ledger_limits(&l, 100, 100, 24 * HOUR, START);
    for (i = 0; i < 50; i++)
        CHECK_INT(ledger_book(&l, START), 0);
    /* A year back: they still count, for a day and no more. */
    CHECK_INT(ledger_allowed(&l, past), 40);
    CHECK_INT(ledger_when(&l, 80, past), past + 24 * HOUR);
    CHECK_INT(ledger_allowed(&l, past + 24 * HOUR), 90);
    CHECK_INT(ledger_allowed(&l, START), 90);
    ledger_release(&l);
}

TEST(times_may_come_in_any_order_and_are_bounded)
{
    struct ledger l;
    uint32_t i;

    ledger_init(&l, 1);
    CHECK_INT(ledger_remember(&l, START + 2), 0);
    CHECK_INT(ledger_remember(&l, START), 0);
    CHECK_INT(ledger_remember(&l, START + 1), 0);
    for (i = 0; i < 3; i++)
        CHECK_INT(l.times[i], START + i);
    ledger_release(&l);
    ledger_init(&l, 1);
    for (i = 0; i < LIMIT_IDENTIFIES + 3; i++)
        CHECK_INT(ledger_remember(&l, START + i), 0);
    CHECK(l.n <= LIMIT_IDENTIFIES && l.n >= LIMIT_IDENTIFIES / 2);
    CHECK_INT(l.times[l.n - 1], START + LIMIT_IDENTIFIES + 2);
    CHECK_INT(l.times[0], START + LIMIT_IDENTIFIES + 3 - l.n);
    ledger_release(&l);
}

/* ---- Against a model: every time that was ever booked, counted anew each time. -------
 */

struct model {
    uint64_t times[4096];
    unsigned n;
    uint64_t total, remaining, reset_at, shards;
};

static void model_clock(struct model *m, uint64_t now)
{
    unsigned i, kept = 0;

    for (i = 0; i < m->n; i++)
        if (m->times[i] + 24 * HOUR > now)
            m->times[kept++] = m->times[i] < now ? m->times[i] : now;
    m->n = kept;
    if (m->reset_at > now + 24 * HOUR)
        m->reset_at = now + 24 * HOUR;
}

static uint64_t model_allowed(const struct model *m, uint64_t now)
{
    uint64_t ours = 0, most = now >= m->reset_at ? m->total : m->remaining;
    uint64_t reserve = m->total / 10 > m->shards ? m->total / 10 : m->shards;
    unsigned i;

    for (i = 0; i < m->n; i++)
        ours += m->times[i] + 24 * HOUR > now;
    if (reserve > m->total / 2)
        reserve = m->total / 2;
    if (ours >= m->total)
        return 0;
    if (m->total - ours < most)
        most = m->total - ours;
    return most > reserve ? most - reserve : 0;
}

static void model_book(struct model *m, uint64_t now)
{
    if (now >= m->reset_at) {
        m->remaining = m->total;
        m->reset_at = now + 24 * HOUR;
    }
    m->remaining -= m->remaining > 0;
    m->times[m->n++] = now;
}

static void check_when(struct ledger *l, const struct model *m, uint64_t n, uint64_t now)
{
    uint64_t at = ledger_when(l, n, now);

    if (at == UINT64_MAX) {
        CHECK(n > m->total - ledger_reserve(l));
        return;
    }
    CHECK(at >= now);
    CHECK(model_allowed(m, at) >= n);
    if (at > now)
        CHECK(model_allowed(m, at - 1) < n);
}

static void random_run(uint64_t seed)
{
    struct rng r = rng_seeded(seed);
    struct model m = { .total = rng_below(&r, 300), .shards = rng_below(&r, 40) };
    uint64_t now = START;
    struct ledger l;
    int step;

    ledger_init(&l, (uint32_t)m.shards);
    m.remaining = rng_below(&r, m.total + 1);
    m.reset_at = now + rng_below(&r, 24 * HOUR);
    ledger_limits(&l, m.total, m.remaining, m.reset_at - now, now);
    for (step = 0; step < 2000; step++) {
        now +=
            rng_below(&r, 30) == 0 ? rng_below(&r, 30 * HOUR) : rng_below(&r, HOUR / 6);
        if (rng_below(&r, 100) == 0)
            now -= rng_below(&r, 48 * HOUR);
        model_clock(&m, now);
        CHECK_INT(ledger_allowed(&l, now), model_allowed(&m, now));
        check_when(&l, &m, rng_below(&r, m.total + 3), now);
        if (rng_below(&r, 2)) {
            model_book(&m, now);
            CHECK_INT(ledger_book(&l, now), 0);
            CHECK_INT(l.remaining, m.remaining);
        }
        if (rng_below(&r, 50) == 0) {
            m.remaining = rng_below(&r, m.total + 1);
            m.reset_at = now + rng_below(&r, 24 * HOUR);
            ledger_limits(&l, m.total, m.remaining, m.reset_at - now, now);
        }
    }
    ledger_release(&l);
}

TEST(random_runs_agree_with_a_model)
{
    for (uint64_t seed = 1; seed <= 40; seed++)
        random_run(seed);
}

RUN_TESTS(T(nothing_bounds_it_until_discord_has_been_asked),
          T(the_reserve_is_a_tenth_or_one_for_each_shard_but_not_over_half),
          T(the_smaller_of_both_counts_is_allowed),
          T(nothing_left_and_no_window_is_taken_the_careful_way),
          T(discords_window_opens_with_the_first_after_its_end),
          T(numbers_that_make_no_sense_are_bounded),
          T(a_crash_loop_ends_before_the_budget_does),
          T(our_own_count_alone_ends_a_crash_loop),
          T(a_clock_that_goes_back_makes_nothing_younger_than_now),
          T(times_may_come_in_any_order_and_are_bounded),
          T(random_runs_agree_with_a_model))
