/* Rolling restarts of a whole fleet under traffic, again and again: nothing is lost or
 * handled twice, nobody identifies, and the caches are the world. */
#include "fleet_case.h"

enum { SPEED = 1, SHARDS = 8, WORKERS = 4, ROLLS = 1, RATE = 500, CHANGES = 20 };

struct gaps {
    uint64_t *of;
    uint32_t n;
};

static void roll(struct fleet *f, struct gaps *gaps)
{
    const char *const restart[] = { "restart", NULL };

    fleet_gaps_begin(f);
    CHECK_INT(fleet_command(f, restart, NULL), 0);
    gaps->n += fleet_gaps_end(f, gaps->of + gaps->n);
}

static void say_result(struct fleet *f, struct gaps *gaps, uint64_t rolls)
{
    qsort(gaps->of, gaps->n, sizeof gaps->of[0], fleet_case_by_size);
    printf("%llu rolling restarts of %u shards: %llu messages, %llu lost, %llu again; "
           "without events per shard: median %llu ms, worst %llu ms\n",
           (unsigned long long)rolls, f->options.shards, (unsigned long long)f->messages,
           (unsigned long long)f->lost, (unsigned long long)f->doubled,
           (unsigned long long)gaps->of[gaps->n / 2],
           (unsigned long long)gaps->of[gaps->n - 1]);
}

TEST(a_rolling_restart_is_not_noticed)
{
    uint64_t rolls = fleet_case("CORDAGE_FLEET_ROLLS", ROLLS);
    struct fleet_options options = {
        .shards = (uint32_t)fleet_case("CORDAGE_FLEET_SHARDS", SHARDS),
        .workers = (uint32_t)fleet_case("CORDAGE_FLEET_WORKERS", WORKERS),
        .keeps = true,
    };
    struct sim_config config;
    static struct fleet f; /* its thread outlives a failure */
    struct gaps gaps = { .of = calloc(rolls * options.shards, sizeof(uint64_t)) };
    unsigned n_objects;

    fleet_case_config(&config, options.shards * 2);
    fleet_setup(&f, &config, SPEED);
    fleet_start(&f, &options);
    CHECK(fleet_wait_sessions(&f, options.shards, 0));
    CHECK(fleet_wait_all_ready(&f));
    fleet_talk(&f, (double)fleet_case_rate(RATE), CHANGES);
    for (uint64_t i = 0; i < rolls; i++)
        roll(&f, &gaps);
    CHECK(fleet_come_to_rest(&f));
    n_objects = fleet_compare(&f);
    say_result(&f, &gaps, rolls);
    printf("%u objects in the caches as in the world\n", n_objects);
    CHECK_INT(f.lost, 0);
    CHECK_INT(f.doubled, 0);
    CHECK_INT(f.messages, fleet_numbers(&f).said);
    CHECK_INT(fleet_numbers(&f).identifies, options.shards);
    CHECK_INT(fleet_numbers(&f).resumed, fleet_numbers(&f).resumes);
    CHECK(fleet_numbers(&f).resumed >= rolls * options.shards);
    CHECK_INT(simrig_rules_broken(f.sim), 0);
    fleet_case_stop(&f);
    fleet_teardown(&f);
    free(gaps.of);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = { T(a_rolling_restart_is_not_noticed) };

    if (fleet_is_bot(argc, argv))
        return fleet_bot(argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
