#include "test.h"

#include <string.h>

#include "error.h"
#include "identify.h"
#include "limits.h"
#include "rng.h"

enum { WINDOW_MS = GATEWAY_IDENTIFY_MS + IDENTIFY_MARGIN_MS, N_SHARDS = 48 };

struct rig {
    struct identify_queue q;
    struct identify_ticket tickets[N_SHARDS];
};

static struct rig *rig_new(uint32_t max_concurrency)
{
    static struct rig r;

    memset(&r, 0, sizeof r);
    CHECK_INT(identify_init(&r.q, max_concurrency), 0);
    return &r;
}

static void ask(struct rig *r, uint32_t shard)
{
    identify_ask(&r->q, &r->tickets[shard], shard, N_SHARDS);
}

static void ask_ready(struct rig *r, uint32_t shard)
{
    ask(r, shard);
    identify_ready(&r->q, &r->tickets[shard]);
}

static void expect_grant(struct rig *r, uint32_t shard, uint64_t now)
{
    struct identify_ticket *t = identify_next(&r->q, now);

    assert_ptr_equal(t, &r->tickets[shard]);
    CHECK_INT(t->state, TICKET_GRANTED);
}

static void expect_none(struct rig *r, uint64_t now)
{
    assert_null(identify_next(&r->q, now));
}

static void sent(struct rig *r, uint32_t shard, uint64_t now)
{
    identify_sent(&r->q, &r->tickets[shard], now);
    CHECK_INT(r->tickets[shard].state, TICKET_IDLE);
}

TEST(one_key_sends_once_in_a_window_that_begins_at_the_send)
{
    struct rig *r = rig_new(1);

    ask_ready(r, 1);
    ask_ready(r, 0);
    CHECK_INT(identify_deadline(&r->q, 100), 100);
    expect_grant(r, 0, 100);
    expect_none(r, 100);
    expect_none(r, 100000); /* granted, not yet sent: its key is busy */
    CHECK(identify_deadline(&r->q, 100000) == UINT64_MAX);
    sent(r, 0, 100000);
    CHECK_INT(identify_deadline(&r->q, 100000), 100000 + WINDOW_MS);
    expect_none(r, 100000 + WINDOW_MS - 1);
    expect_grant(r, 1, 100000 + WINDOW_MS);
    identify_release(&r->q);
}

TEST(each_key_has_a_window_of_its_own)
{
    struct rig *r = rig_new(2);

    for (uint32_t i = 0; i < 4; i++)
        ask_ready(r, i);
    expect_grant(r, 0, 0);
    expect_grant(r, 1, 0);
    expect_none(r, 0);
    sent(r, 1, 10);
    sent(r, 0, 50);
    expect_grant(r, 3, 10 + WINDOW_MS);
    expect_none(r, 10 + WINDOW_MS);
    expect_grant(r, 2, 50 + WINDOW_MS);
    identify_release(&r->q);
}

TEST(a_shard_that_is_not_ready_holds_up_nobody)
{
    struct rig *r = rig_new(1);

    ask(r, 0);
    expect_none(r, 0);
    CHECK(identify_deadline(&r->q, 0) == UINT64_MAX);
    ask_ready(r, 5);
    expect_grant(r, 5, 0);
    identify_release(&r->q);
}

TEST(who_dies_between_grant_and_send_counts_as_having_sent)
{
    struct rig *r = rig_new(1);

    ask_ready(r, 0);
    ask_ready(r, 1);
    expect_grant(r, 0, 0);
    identify_cancel(&r->q, &r->tickets[0], 70);
    expect_none(r, 70 + WINDOW_MS - 1);
    expect_grant(r, 1, 70 + WINDOW_MS);
    identify_release(&r->q);
}

TEST(who_withdraws_before_the_grant_costs_nothing)
{
    struct rig *r = rig_new(1);

    ask_ready(r, 0);
    ask_ready(r, 1);
    identify_cancel(&r->q, &r->tickets[0], 0);
    identify_cancel(&r->q, &r->tickets[0], 0);
    expect_grant(r, 1, 0);
    sent(r, 1, 0);
    ask_ready(r, 0); /* and may ask again */
    expect_grant(r, 0, WINDOW_MS);
    identify_release(&r->q);
}

TEST(no_more_go_than_are_allowed)
{
    struct rig *r = rig_new(16);

    identify_allow(&r->q, 2, 60000);
    CHECK(!identify_is_wanted(&r->q));
    ask_ready(r, 0);
    ask_ready(r, 1);
    ask_ready(r, 2);
    CHECK_INT(identify_eta(&r->q, &r->tickets[1], 0), 0);
    CHECK_INT(identify_eta(&r->q, &r->tickets[2], 0), 60000);
    expect_grant(r, 0, 0);
    expect_grant(r, 1, 0);
    expect_none(r, 0); /* both are given away, sent or not */
    CHECK(identify_is_wanted(&r->q));
    sent(r, 0, 10);
    sent(r, 1, 10);
    CHECK_INT(identify_deadline(&r->q, 10), 60000);
    expect_none(r, 60000); /* nobody has said so */
    identify_allow(&r->q, 1, UINT64_MAX);
    expect_grant(r, 2, 60000);
    sent(r, 2, 60000);
    ask_ready(r, 3);
    CHECK(identify_deadline(&r->q, 60000) == UINT64_MAX);
    CHECK(identify_eta(&r->q, &r->tickets[3], 60000) == UINT64_MAX);
    identify_release(&r->q);
}

TEST(a_window_that_another_process_opened_is_waited_for)
{
    struct rig *r = rig_new(4);

    identify_elsewhere(&r->q, 5, 1000);
    identify_elsewhere(&r->q, 1, 900); /* the same key, earlier */
    ask_ready(r, 1);
    ask_ready(r, 2);
    CHECK_INT(identify_eta(&r->q, &r->tickets[1], 2000), 1000 + WINDOW_MS);
    expect_grant(r, 2, 2000);
    expect_none(r, 1000 + WINDOW_MS - 1);
    expect_grant(r, 1, 1000 + WINDOW_MS);
    identify_release(&r->q);
}

TEST(an_eta_counts_those_before_it_on_its_key)
{
    struct rig *r = rig_new(2);

    for (uint32_t i = 0; i < 6; i++)
        ask(r, i);
    CHECK_INT(identify_eta(&r->q, &r->tickets[0], 9), 9);
    CHECK_INT(identify_eta(&r->q, &r->tickets[1], 9), 9);
    CHECK_INT(identify_eta(&r->q, &r->tickets[4], 9), 9 + 2 * WINDOW_MS);
    CHECK(identify_eta(&r->q, &r->tickets[9], 9) == UINT64_MAX);
    identify_ready(&r->q, &r->tickets[0]);
    expect_grant(r, 0, 9);
    CHECK(identify_eta(&r->q, &r->tickets[0], 9) == UINT64_MAX);
    CHECK_INT(identify_eta(&r->q, &r->tickets[2], 9), 9 + WINDOW_MS);
    sent(r, 0, 10);
    CHECK_INT(identify_eta(&r->q, &r->tickets[4], 20), 10 + 2 * WINDOW_MS);
    identify_release(&r->q);
}

TEST(a_new_concurrency_keeps_order_and_open_windows)
{
    struct rig *r = rig_new(4);

    for (uint32_t i = 0; i < 8; i++)
        ask_ready(r, i);
    for (uint32_t i = 0; i < 4; i++) {
        expect_grant(r, i, 0);
        sent(r, i, i);
    }
    CHECK_INT(identify_concurrency(&r->q, 1), 0);
    for (uint32_t i = 4; i < 8; i++) {
        uint64_t at = 3 + (uint64_t)WINDOW_MS * (i - 3);

        expect_none(r, at - 1);
        expect_grant(r, i, at);
        sent(r, i, at);
    }
    identify_release(&r->q);
}

TEST(senseless_limits_are_survived)
{
    struct rig *r = rig_new(0);

    ask_ready(r, 3);
    CHECK_INT(r->q.max_concurrency, 1);
    CHECK_INT(identify_concurrency(&r->q, UINT32_MAX), 0);
    CHECK_INT(r->q.max_concurrency, LIMIT_SHARDS);
    expect_grant(r, 3, 0);
    identify_release(&r->q);
    identify_release(&r->q);
    CHECK_INT(r->tickets[3].state, TICKET_IDLE);
}

/* Random shards ask, become ready, die, and send late; the rules are checked from
 * outside. */
struct watch {
    uint64_t sent_at[N_SHARDS]; /* the last time, plus one; 0: never */
    uint64_t n_sent;
};

/* Whether `shard`, or one that shares its key, sent less than `window` ago. */
static bool key_sent_within(const struct rig *r, const struct watch *w, uint32_t shard,
                            uint64_t window, uint64_t now)
{
    uint32_t n_keys = r->q.max_concurrency;

    for (uint32_t i = shard % n_keys; i < N_SHARDS; i += n_keys)
        if (w->sent_at[i] && now < w->sent_at[i] - 1 + window)
            return true;
    return false;
}

static bool key_is_granted(const struct rig *r, uint32_t shard)
{
    uint32_t n_keys = r->q.max_concurrency;

    for (uint32_t i = shard % n_keys; i < N_SHARDS; i += n_keys)
        if (r->tickets[i].state == TICKET_GRANTED)
            return true;
    return false;
}

/* No ready shard below this one was passed over while its key was free. */
static void check_order(const struct rig *r, const struct watch *w,
                        const struct identify_ticket *granted, uint64_t now)
{
    for (uint32_t i = 0; i < granted->shard_id; i++)
        if (r->tickets[i].state == TICKET_READY && !key_is_granted(r, i) &&
            !key_sent_within(r, w, i, WINDOW_MS, now))
            fail_msg("shard %u was passed over by %u", i, granted->shard_id);
}

static void note_sent(const struct rig *r, struct watch *w, uint32_t shard, uint64_t now)
{
    if (key_sent_within(r, w, shard, GATEWAY_IDENTIFY_MS, now))
        fail_msg("shard %u sent within 5 s of another on its key", shard);
    w->sent_at[shard] = now + 1;
    w->n_sent++;
}

/* Discord grants another concurrency, while no grant of the old one is open: what a shard
 * was granted before it sends whatever the keys are now. */
static void change_concurrency(struct rig *r, struct rng *rng)
{
    if (r->q.n_granted == 0)
        CHECK_INT(identify_concurrency(&r->q, 1 + (uint32_t)rng_below(rng, 16)), 0);
}

static void step_at_random(struct rig *r, struct watch *w, struct rng *rng, uint64_t now)
{
    uint32_t shard = (uint32_t)rng_below(rng, N_SHARDS);
    struct identify_ticket *t = &r->tickets[shard];

    switch (rng_below(rng, 4)) {
    case 0:
        ask(r, shard);
        break;
    case 1:
        identify_ready(&r->q, t);
        break;
    case 2:
        if (t->state == TICKET_GRANTED) {
            note_sent(r, w, shard, now);
            sent(r, shard, now);
        }
        break;
    case 3:
        if (rng_below(rng, 8))
            break;
        if (t->state == TICKET_GRANTED)
            note_sent(r, w, shard, now);
        identify_cancel(&r->q, t, now);
        break;
    }
}

static void play(uint64_t seed)
{
    struct rng rng = rng_seeded(seed);
    uint32_t concurrency = 1 + (uint32_t)rng_below(&rng, 16);
    struct watch w = { 0 };
    struct rig *r = rig_new(concurrency);
    uint64_t now = 1;

    for (int i = 0; i < 20000; i++) {
        uint64_t at;
        struct identify_ticket *t;

        now += rng_below(&rng, 2000);
        step_at_random(r, &w, &rng, now);
        if (rng_below(&rng, 100) == 0)
            change_concurrency(r, &rng);
        at = identify_deadline(&r->q, now);
        t = identify_next(&r->q, now);
        if ((t != NULL) != (at <= now))
            fail_msg("seed %llu: the deadline and the grant disagree",
                     (unsigned long long)seed);
        if (t)
            check_order(r, &w, t, now);
    }
    CHECK(w.n_sent > 50);
    identify_release(&r->q);
}

TEST(no_key_sends_twice_in_a_window_whatever_the_shards_do)
{
    for (uint64_t seed = 1; seed <= 20; seed++)
        play(seed);
}

RUN_TESTS(T(one_key_sends_once_in_a_window_that_begins_at_the_send),
          T(each_key_has_a_window_of_its_own),
          T(a_shard_that_is_not_ready_holds_up_nobody),
          T(who_dies_between_grant_and_send_counts_as_having_sent),
          T(who_withdraws_before_the_grant_costs_nothing), T(no_more_go_than_are_allowed),
          T(a_window_that_another_process_opened_is_waited_for),
          T(an_eta_counts_those_before_it_on_its_key),
          T(a_new_concurrency_keeps_order_and_open_windows),
          T(senseless_limits_are_survived),
          T(no_key_sends_twice_in_a_window_whatever_the_shards_do))
