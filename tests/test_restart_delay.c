/* How long a worker that died waits: a table of lives. */
#include "restart_delay.h"

#include "test.h"

/* One life: how long it took until all was well (never: NOT), how long it went on, and
 * what its end costs. */
enum { NOT = -1 };
struct life {
    int64_t healthy_after_ms;
    uint64_t lasts_ms; /* from then on, or in all */
    uint64_t delay_ms;
};

static void live(const struct life *lives, size_t n)
{
    struct restart_delay d = { 0 };
    uint64_t now = 0; /* also a moment at which something may happen */

    for (size_t i = 0; i < n; i++) {
        uint64_t delay;

        if (lives[i].healthy_after_ms != NOT) {
            now += (uint64_t)lives[i].healthy_after_ms;
            restart_delay_healthy(&d, now);
        }
        now += lives[i].lasts_ms;
        delay = restart_delay_ended(&d, now);
        if (delay != lives[i].delay_ms)
            fail_msg("life %zu: %llu ms, want %llu", i, (unsigned long long)delay,
                     (unsigned long long)lives[i].delay_ms);
        now += delay;
    }
}
#define LIVE(...)                                           \
    do {                                                    \
        static const struct life lives[] = { __VA_ARGS__ }; \
        live(lives, sizeof lives / sizeof *lives);          \
    } while (0)

TEST(each_delay_is_twice_the_last_up_to_a_minute)
{
    LIVE({ NOT, 0, 250 }, { NOT, 0, 500 }, { NOT, 10, 1000 }, { NOT, 0, 2000 },
         { NOT, 5, 4000 }, { NOT, 0, 8000 }, { NOT, 0, 16000 }, { NOT, 0, 32000 },
         { NOT, 0, 60000 }, { NOT, 0, 60000 }, { NOT, 0, 60000 });
}

TEST(a_healthy_minute_resets_it)
{
    LIVE({ NOT, 0, 250 }, { NOT, 0, 500 }, { 2000, 60000, 250 }, { NOT, 0, 500 });
    LIVE({ 0, 60000, 250 }, { 0, 3600 * 1000, 250 }, { 0, 60000, 250 });
}

TEST(less_than_a_healthy_minute_does_not)
{
    LIVE({ NOT, 0, 250 }, { 2000, 59999, 500 }, { 0, 0, 1000 }, { 30000, 59999, 2000 },
         { 0, 60000, 250 });
}

/* Only what all shards were up counts, and only of this life. */
TEST(a_long_life_without_health_does_not)
{
    LIVE({ NOT, 3600 * 1000, 250 }, { NOT, 3600 * 1000, 500 }, { 1000, 59999, 1000 },
         { NOT, 3600 * 1000, 2000 });
}

TEST(any_number_of_failures_is_still_a_minute)
{
    struct restart_delay d = { .failures = 1000000 };

    CHECK_INT(restart_delay_ended(&d, 5), RESTART_MAX_MS);
}

RUN_TESTS(T(each_delay_is_twice_the_last_up_to_a_minute), T(a_healthy_minute_resets_it),
          T(less_than_a_healthy_minute_does_not), T(a_long_life_without_health_does_not),
          T(any_number_of_failures_is_still_a_minute))
