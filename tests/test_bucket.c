/* Buckets and the global gate: what Discord's headers mean, and that a server which
 * enforces them never has a reason to answer 429. */
#include "bucket.h"
#include "global.h"

#include <math.h>

#include "rng.h"
#include "test.h"

static struct bucket_headers headers(uint32_t limit, uint32_t remaining,
                                     double reset_after_s)
{
    return (struct bucket_headers){ true, limit, remaining, reset_after_s };
}

static const struct bucket_headers none;

TEST(an_unknown_bucket_lets_one_go_at_a_time)
{
    struct bucket b = { 0 };

    CHECK(bucket_take(&b, 0));
    CHECK(!bucket_take(&b, 0));
    CHECK(bucket_free_at(&b, 0) == UINT64_MAX);
    bucket_answer(&b, &none, 10);
    CHECK_INT(bucket_free_at(&b, 10), 10);
    CHECK(bucket_take(&b, 10));
    CHECK(!bucket_take(&b, 10));
}

TEST(a_known_bucket_lets_the_remaining_go_and_then_waits_for_the_reset)
{
    struct bucket b = { 0 };
    struct bucket_headers h = headers(5, 4, 2.0);

    CHECK(bucket_take(&b, 0));
    bucket_answer(&b, &h, 100);
    for (int i = 0; i < 4; i++)
        CHECK(bucket_take(&b, 100));
    CHECK(!bucket_take(&b, 100));
    CHECK(bucket_free_at(&b, 100) >= 2100 && bucket_free_at(&b, 100) <= 2160);
    CHECK(!bucket_take(&b, 2099));
    /* Four may still arrive in the new window: one place is left of five. */
    CHECK(bucket_take(&b, 2200));
    CHECK(!bucket_take(&b, 2200));
    CHECK(bucket_free_at(&b, 2200) == UINT64_MAX);
}

TEST(a_late_answer_does_not_raise_the_count)
{
    struct bucket b = { 0 };
    struct bucket_headers first = headers(5, 3, 5.0), second = headers(5, 2, 4.9),
                          stolen = headers(5, 0, 4.0);

    CHECK(bucket_take(&b, 0));
    bucket_answer(&b, &(struct bucket_headers){ true, 5, 4, 5.0 }, 0);
    CHECK(bucket_take(&b, 1));
    CHECK(bucket_take(&b, 1));
    bucket_answer(&b, &second, 100);
    CHECK_INT(b.remaining, 2);
    bucket_answer(&b, &first, 200);
    CHECK_INT(b.remaining, 2);
    /* Somebody else uses the same bucket: down at once. */
    CHECK(bucket_take(&b, 300));
    bucket_answer(&b, &stolen, 400);
    CHECK(!bucket_take(&b, 400));
}

TEST(a_429_waits_as_long_as_it_says_whatever_remains)
{
    static const struct {
        double retry_after_s;
        uint64_t at_least, at_most;
    } table[] = {
        { 0.3, 300, 400 },
        { 1, 1000, 1100 },
        { 64.57, 64570, 64700 },
        { 0, 0, 100 },
        { -5, 0, 100 },
        { NAN, 0, 100 },
        { 1e300, BUCKET_WAIT_MAX_MS, BUCKET_WAIT_MAX_MS },
        { INFINITY, BUCKET_WAIT_MAX_MS, BUCKET_WAIT_MAX_MS },
    };

    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct bucket b = { 0 };
        struct bucket_headers h = headers(5, 4, 1.0);
        uint64_t free_at;

        CHECK(bucket_take(&b, 0));
        bucket_answer(&b, &h, 0);
        bucket_limited(&b, table[i].retry_after_s, 0);
        free_at = bucket_free_at(&b, 0);
        CHECK(free_at >= table[i].at_least && free_at <= table[i].at_most);
        if (free_at > 0)
            CHECK(!bucket_take(&b, free_at - 1));
        CHECK(bucket_take(&b, free_at));
    }
}

TEST(a_shorter_429_does_not_shorten_a_longer_one)
{
    struct bucket b = { 0 };
    uint64_t at;

    bucket_limited(&b, 10, 0);
    at = bucket_free_at(&b, 0);
    bucket_limited(&b, 1, 5);
    CHECK_INT(bucket_free_at(&b, 5), at);
}

TEST(lost_answers_do_not_lock_a_bucket)
{
    struct bucket b = { 0 };
    struct bucket_headers h = headers(2, 0, 1.0);

    CHECK(bucket_take(&b, 0));
    bucket_answer(&b, &h, 0);
    CHECK(bucket_take(&b, 2000));
    CHECK(bucket_take(&b, 2000));
    CHECK(!bucket_take(&b, 2000));
    bucket_answer(&b, &none, 2100);
    bucket_answer(&b, &none, 2100);
    CHECK(bucket_take(&b, 2100));
    CHECK(!bucket_take(&b, 2100));
}

TEST(a_limit_of_nothing_still_lets_one_go_in_each_window)
{
    struct bucket b = { 0 };
    struct bucket_headers h = headers(0, 0, 1.0);

    CHECK(bucket_take(&b, 0));
    bucket_answer(&b, &h, 0);
    CHECK(!bucket_take(&b, 1000));
    CHECK(bucket_take(&b, 1100));
}

/* A server with a fixed window that begins with its first request, behind a network that
 * delays both ways by chance, so that requests and answers overtake each other. */
struct flight {
    uint64_t arrives_at, answered_at; /* 0: there is none here; not yet served */
    struct bucket_headers headers;
    bool lost;
};

static int run(uint64_t seed, unsigned lost_percent, uint64_t *served)
{
    struct rng rng = rng_seeded(seed);
    struct bucket b = { 0 };
    struct flight flights[32] = { 0 };
    uint32_t limit = 1 + (uint32_t)rng_below(&rng, 6), used = 0;
    uint64_t window = 100 + rng_below(&rng, 3000), end = 0,
             latency = 1 + rng_below(&rng, 300);
    int refused = 0;

    *served = 0;
    for (uint64_t now = 1; now < 60000; now++) {
        for (size_t i = 0; i < 32; i++) {
            struct flight *f = &flights[i];

            if (f->arrives_at == 0 && rng_below(&rng, 4) == 0 && bucket_take(&b, now)) {
                *f = (struct flight){ .arrives_at = now + 1 + rng_below(&rng, latency) };
            } else if (f->arrives_at == now && f->answered_at == 0) {
                if (now >= end) {
                    end = now + window;
                    used = 0;
                }
                refused += used == limit;
                used += used < limit;
                ++*served;
                f->headers = headers(limit, limit - used, (double)(end - now) / 1000.0);
                f->lost = rng_below(&rng, 100) < lost_percent;
                f->answered_at = now + 1 + rng_below(&rng, latency);
            } else if (f->answered_at != 0 && f->answered_at == now) {
                bucket_answer(&b, f->lost ? &none : &f->headers, now);
                *f = (struct flight){ 0 };
            }
        }
        if (bucket_free_at(&b, now) == UINT64_MAX)
            CHECK(b.under_way > 0); /* else nothing would ever wake it */
    }
    /* And it is used: at the worst one request a round trip and window. */
    CHECK(*served >= 60000 / (window + 2 * latency + BUCKET_MARGIN_MS + 5) / 2);
    return refused;
}

TEST(a_server_that_enforces_its_limit_never_has_to)
{
    uint64_t served;

    for (uint64_t seed = 1; seed <= 60; seed++)
        CHECK_INT(run(seed, 0, &served), 0);
}

TEST(lost_answers_cost_few_refusals_and_never_the_bucket)
{
    uint64_t served;

    /* A loss costs at most the few tries that ask for the window anew. */
    for (uint64_t seed = 1; seed <= 20; seed++) {
        int refused = run(seed, 10, &served);

        if (refused > (int)(served / 4))
            fail_msg("seed %d: %d of %d refused", (int)seed, refused, (int)served);
    }
}

static struct global global_all(void)
{
    struct global g;

    global_init(&g);
    return g;
}

TEST(fifty_requests_go_in_any_second_and_no_more)
{
    struct global g = global_all();
    struct rng rng = rng_seeded(7);
    static uint64_t sent[4000];
    size_t n = 0;

    for (uint64_t now = 5000; now < 65000; now += rng_below(&rng, 30))
        for (unsigned i = (unsigned)rng_below(&rng, 8); i > 0; i--) {
            uint64_t free_at = global_free_at(&g, false, now);
            bool took = global_take(&g, false, now);

            CHECK(took == (free_at == now));
            if (took && n < 4000)
                sent[n++] = now;
        }
    CHECK(n > 2000);
    for (size_t i = GLOBAL_PER_S; i < n; i++)
        CHECK(sent[i] - sent[i - GLOBAL_PER_S] >= 1000);
}

TEST(answers_to_interactions_pass_the_global_limit_but_not_a_ban)
{
    struct global g = global_all();

    for (int i = 0; i < 50; i++)
        CHECK(global_take(&g, false, 0));
    CHECK(!global_take(&g, false, 0));
    for (int i = 0; i < 100; i++)
        CHECK(global_take(&g, true, 0));
    global_limited(&g, 30, 2000);
    CHECK(!global_take(&g, false, 31999));
    CHECK(global_take(&g, true, 31999));
    CHECK(global_take(&g, false, 32100));
    global_banned(&g, 60, 40000);
    CHECK(!global_take(&g, true, 99999));
    CHECK(global_free_at(&g, true, 40000) >= 100000);
    CHECK(global_take(&g, true, 100100));
}

TEST(nine_thousand_refusals_in_ten_minutes_stop_everything_for_a_while)
{
    struct global g = global_all();
    uint64_t now = 123456789;

    for (int i = 0; i < 8999; i++)
        CHECK(!global_refused(&g, now + (uint64_t)i * 60)); /* over nine minutes */
    now += 8999 * 60;
    CHECK(global_take(&g, true, now));
    CHECK(global_refused(&g, now));
    CHECK(!global_take(&g, true, now));
    CHECK(g.banned_until > now && g.banned_until <= now + 3 * 60000);
    CHECK(global_take(&g, true, g.banned_until));
}

TEST(refusals_that_are_old_are_forgotten)
{
    struct global g = global_all();

    /* 13 a second is 7,800 in ten minutes and 8,580 in eleven: for an hour. */
    for (uint64_t now = 0; now < 3600 * 1000; now += 1000)
        for (int i = 0; i < 13; i++)
            CHECK(!global_refused(&g, now));
    for (int i = 0; i < 8999; i++)
        CHECK(!global_refused(&g, 7200 * 1000));
    CHECK(global_refused(&g, 7200 * 1000));
}

TEST(a_share_of_the_fifty_is_kept_to_also_when_it_changes)
{
    static const uint32_t shares[] = { 1, 12, 50, 3, 0, 49, 1000, 25 };
    static uint64_t sent[4000];
    struct global g = global_all();
    struct rng rng = rng_seeded(11);
    uint64_t now = 5000;

    for (size_t i = 0; i < sizeof shares / sizeof *shares; i++) {
        uint32_t share = shares[i] < 1 ? 1 : shares[i] < 50 ? shares[i] : 50;
        size_t n = 0;

        global_set_share(&g, shares[i], 1);
        CHECK_INT(g.per_s, share);
        for (uint64_t end = now + 20000; now < end; now += rng_below(&rng, 30))
            for (unsigned k = (unsigned)rng_below(&rng, 8); k > 0; k--) {
                uint64_t free_at = global_free_at(&g, false, now);
                bool took = global_take(&g, false, now);

                CHECK(took == (free_at == now));
                /* Not even what a larger share let go a moment ago. */
                if (took && n >= share)
                    CHECK(now - sent[n - share] >= 1000);
                if (took)
                    sent[n++] = now;
            }
        CHECK(n >= share * 18 && n <= share * 20);
    }
}

TEST(a_share_that_shrinks_counts_what_has_been_sent)
{
    struct global g = global_all();

    for (int i = 0; i < 20; i++)
        CHECK(global_take(&g, false, (uint64_t)(1000 + i)));
    global_set_share(&g, 5, 100);
    CHECK(!global_take(&g, false, 1100));
    CHECK_INT(global_free_at(&g, false, 1100), 1015 + GLOBAL_WINDOW_MS);
    CHECK(global_take(&g, false, 1015 + GLOBAL_WINDOW_MS));
    global_set_share(&g, 50, 100);
    CHECK_INT(global_free_at(&g, false, 1100), 1100);
}

TEST(a_share_of_the_refused_requests_stops_earlier)
{
    struct global g = global_all();

    CHECK_INT(g.refused_max, 9000);
    for (int i = 0; i < 30; i++)
        CHECK(!global_refused(&g, 600000));
    global_set_share(&g, 12, 35);
    for (int i = 0; i < 4; i++)
        CHECK(!global_refused(&g, 600000));
    CHECK(global_refused(&g, 600000));
    CHECK(!global_take(&g, true, 600000));
    CHECK_INT(g.banned_until, 600000 + 11 * 60000);
    global_set_share(&g, 12, 100000);
    CHECK_INT(g.refused_max, 9000);
}

RUN_TESTS(T(an_unknown_bucket_lets_one_go_at_a_time),
          T(a_known_bucket_lets_the_remaining_go_and_then_waits_for_the_reset),
          T(a_late_answer_does_not_raise_the_count),
          T(a_429_waits_as_long_as_it_says_whatever_remains),
          T(a_shorter_429_does_not_shorten_a_longer_one),
          T(lost_answers_do_not_lock_a_bucket),
          T(a_limit_of_nothing_still_lets_one_go_in_each_window),
          T(a_server_that_enforces_its_limit_never_has_to),
          T(lost_answers_cost_few_refusals_and_never_the_bucket),
          T(fifty_requests_go_in_any_second_and_no_more),
          T(answers_to_interactions_pass_the_global_limit_but_not_a_ban),
          T(nine_thousand_refusals_in_ten_minutes_stop_everything_for_a_while),
          T(refusals_that_are_old_are_forgotten),
          T(a_share_of_the_fifty_is_kept_to_also_when_it_changes),
          T(a_share_that_shrinks_counts_what_has_been_sent),
          T(a_share_of_the_refused_requests_stops_earlier))
