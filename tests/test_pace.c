#include "test.h"

#include "limits.h"
#include "pace.h"
#include "rng.h"

static unsigned take_all(struct pace *p, enum pace_kind kind, uint64_t now)
{
    unsigned n = 0;

    while (pace_take(p, kind, now))
        n++;
    return n;
}

TEST(commands_leave_a_reserve_that_only_urgent_payloads_use)
{
    struct pace p = { 0 };

    CHECK_INT(take_all(&p, PACE_COMMAND, 0), GATEWAY_SENDS - PACE_RESERVE);
    CHECK(!pace_take(&p, PACE_PRESENCE, 0));
    CHECK_INT(take_all(&p, PACE_URGENT, 0), PACE_RESERVE);
    CHECK(!pace_take(&p, PACE_URGENT, 0));
}

TEST(answers_to_op_1_leave_slots_for_the_scheduled_beats)
{
    struct pace p = { 0 };

    pace_set_interval(&p, 1000);
    take_all(&p, PACE_COMMAND, 0);
    take_all(&p, PACE_ANSWER, 0);
    CHECK(take_all(&p, PACE_URGENT, 0) >= 61);
}

TEST(frequent_heartbeats_are_kept_more_slots)
{
    struct pace p = { 0 };

    pace_set_interval(&p, 41250);
    CHECK_INT(take_all(&p, PACE_COMMAND, 0), GATEWAY_SENDS - PACE_RESERVE);
    p = (struct pace){ 0 };
    pace_set_interval(&p, 5000);
    CHECK(take_all(&p, PACE_COMMAND, 0) <= GATEWAY_SENDS - 13);
    p = (struct pace){ 0 };
    pace_set_interval(&p, 1);
    CHECK_INT(take_all(&p, PACE_COMMAND, 0), 1); /* but never none at all */
}

TEST(a_slot_is_free_again_after_the_window_and_its_margin)
{
    struct pace p = { 0 };
    uint64_t again = GATEWAY_SENDS_MS + PACE_MARGIN_MS;

    take_all(&p, PACE_COMMAND, 100);
    CHECK_INT(pace_free_at(&p, PACE_COMMAND, 100), 100 + again);
    CHECK(!pace_take(&p, PACE_COMMAND, 99 + again));
    CHECK(pace_take(&p, PACE_COMMAND, 100 + again));
}

TEST(presences_have_a_bound_of_their_own)
{
    struct pace p = { 0 };

    CHECK_INT(take_all(&p, PACE_PRESENCE, 0), GATEWAY_PRESENCES);
    CHECK(pace_take(&p, PACE_COMMAND, 0));
    CHECK_INT(pace_free_at(&p, PACE_PRESENCE, 5), GATEWAY_PRESENCES_MS + PACE_MARGIN_MS);
    CHECK_INT(pace_free_at(&p, PACE_COMMAND, 5), 5);
}

/* The oracle: all sends ever, counted by looking at each. */
enum { N_STEPS = 4000 };
struct history {
    uint64_t at[N_STEPS];
    enum pace_kind kind[N_STEPS];
    size_t n;
};

static unsigned count_since(const struct history *h, uint64_t now, uint64_t window,
                            bool presences)
{
    unsigned n = 0;

    for (size_t i = 0; i < h->n; i++)
        n += h->at[i] + window > now && (!presences || h->kind[i] == PACE_PRESENCE);
    return n;
}

static bool fits(const struct history *h, enum pace_kind kind, uint64_t now)
{
    static const unsigned limits[] = {
        [PACE_COMMAND] = GATEWAY_SENDS - PACE_RESERVE,
        [PACE_VOICE] = GATEWAY_SENDS - PACE_RESERVE,
        [PACE_PRESENCE] = GATEWAY_SENDS - PACE_RESERVE,
        [PACE_ANSWER] = GATEWAY_SENDS - 2,
        [PACE_URGENT] = GATEWAY_SENDS,
    };

    if (count_since(h, now, GATEWAY_SENDS_MS + PACE_MARGIN_MS, false) >= limits[kind])
        return false;
    return kind != PACE_PRESENCE ||
           count_since(h, now, GATEWAY_PRESENCES_MS + PACE_MARGIN_MS, true) <
               GATEWAY_PRESENCES;
}

static void compare_with_oracle(uint64_t seed)
{
    struct rng rng = rng_seeded(seed);
    struct pace p = { 0 };
    static struct history h;
    uint64_t now = 0;

    h.n = 0;
    for (int i = 0; i < N_STEPS; i++) {
        enum pace_kind kind = (enum pace_kind)rng_below(&rng, PACE_URGENT + 1);
        uint64_t free_at;
        bool ok;

        now += rng_below(&rng, 10) ? rng_below(&rng, 900) : rng_below(&rng, 30000);
        ok = fits(&h, kind, now);
        free_at = pace_free_at(&p, kind, now);
        if ((free_at == now) != ok)
            fail_msg("seed %llu, step %d: free %d, oracle %d", (unsigned long long)seed,
                     i, free_at == now, ok);
        /* What was promised for later holds then, and not a moment before. */
        CHECK(fits(&h, kind, free_at));
        CHECK(free_at == now || !fits(&h, kind, free_at - 1));
        CHECK_INT(pace_take(&p, kind, now), ok);
        if (ok) {
            h.at[h.n] = now;
            h.kind[h.n++] = kind;
        }
        CHECK(count_since(&h, now, GATEWAY_SENDS_MS, false) <= GATEWAY_SENDS);
    }
}

TEST(a_pace_agrees_with_an_oracle_that_counts_everything)
{
    for (uint64_t seed = 1; seed <= 4; seed++)
        compare_with_oracle(seed);
}

RUN_TESTS(T(commands_leave_a_reserve_that_only_urgent_payloads_use),
          T(answers_to_op_1_leave_slots_for_the_scheduled_beats),
          T(frequent_heartbeats_are_kept_more_slots),
          T(a_slot_is_free_again_after_the_window_and_its_margin),
          T(presences_have_a_bound_of_their_own),
          T(a_pace_agrees_with_an_oracle_that_counts_everything))
