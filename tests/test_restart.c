/* A bot that is stopped or killed and started again goes on where it was. */
#include "test.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "restart_rig.h"
#include "rng.h"

enum { SHARDS = 4, SPEED = 10 };

static struct sim_config world(void)
{
    struct sim_config config;

    sim_config_default(&config);
    config.guilds = 16;
    config.max_concurrency = SHARDS;
    config.session_ttl_ms = 3600 * 1000; /* tests are slow on a busy machine */
    return config;
}

static unsigned rounds(unsigned usual)
{
    const char *text = getenv("CORDAGE_RESTART_ROUNDS");

    return text ? (unsigned)strtoul(text, NULL, 10) : usual;
}

static void stop_and_start(const char *keep)
{
    struct sim_config config = world();
    struct restart_rig r;

    restart_setup(&r, &config, SPEED);
    r.keep = keep;
    restart_start(&r);
    CHECK(restart_wait(&r, SHARDS, 0, 0));
    restart_talk(&r, 40, UINT64_MAX);
    for (unsigned i = 1; i <= 3; i++) {
        CHECK(restart_wait(&r, SHARDS, (i - 1) * SHARDS, r.messages + 50));
        CHECK_INT(restart_end(&r, SIGTERM), 0);
        restart_start(&r);
        CHECK(restart_wait(&r, SHARDS, i * SHARDS, 0));
    }
    restart_talk(&r, 0, 0);
    CHECK_INT(restart_end(&r, SIGTERM), 0);
    CHECK_INT(restart_identifies(&r), SHARDS);
    CHECK_INT(r.ready, SHARDS);
    CHECK_INT(r.lost, 0);
    CHECK_INT(r.doubled, 0);
    CHECK_INT(simrig_rules_broken(r.sim), 0);
    restart_teardown(&r);
}

TEST(a_bot_that_is_stopped_and_started_resumes_without_an_identify)
{
    stop_and_start("nothing");
}

TEST(so_does_one_with_a_cache)
{
    stop_and_start("all");
}

static void kill_and_start(const char *keep, bool trim_acked, unsigned n)
{
    struct sim_config config = world();
    struct rng rng = rng_seeded(4711);
    struct restart_rig r;

    config.trim_acked = trim_acked;
    config.heartbeat_ms = 5000;
    restart_setup(&r, &config, SPEED);
    r.keep = keep;
    restart_start(&r);
    CHECK(restart_wait(&r, SHARDS, 0, 0));
    restart_talk(&r, 200, UINT64_MAX);
    CHECK(restart_wait(&r, SHARDS, 0, 400)); /* there is a first row and a snapshot */
    for (unsigned i = 0; i < n; i++) {
        CHECK(restart_wait(&r, SHARDS, 0, r.messages + rng_below(&rng, 100)));
        CHECK_INT(restart_end(&r, SIGKILL), 128 + SIGKILL);
        restart_start(&r);
        if (i % 4 < 3 || i + 1 == n) /* else it may be killed before it is up */
            CHECK(restart_wait(&r, SHARDS, r.resumed + SHARDS, 0));
    }
    restart_talk(&r, 0, 0);
    CHECK_INT(restart_end(&r, SIGTERM), 0);
    CHECK_INT(restart_identifies(&r), SHARDS);
    CHECK_INT(r.lost, 0);
    /* Only what was being handled when the bot was killed: two threads. */
    CHECK(r.doubled <= 2 * n);
    CHECK_INT(simrig_rules_broken(r.sim), 0);
    restart_teardown(&r);
}

TEST(a_bot_that_is_killed_loses_nothing)
{
    kill_and_start("nothing", false, rounds(8));
}

TEST(nothing_is_lost_where_discord_forgets_what_was_acknowledged)
{
    kill_and_start("nothing", true, rounds(8));
}

TEST(nor_does_one_with_a_cache_lose_anything)
{
    kill_and_start("all", true, rounds(8));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        T(a_bot_that_is_stopped_and_started_resumes_without_an_identify),
        T(so_does_one_with_a_cache),
        T(a_bot_that_is_killed_loses_nothing),
        T(nothing_is_lost_where_discord_forgets_what_was_acknowledged),
        T(nor_does_one_with_a_cache_lose_anything),
    };

    if (argc == 5 && strcmp(argv[1], "--bot") == 0)
        return restart_bot(argv);
    if (getenv("TEST"))
        cmocka_set_test_filter(getenv("TEST"));
    setenv("CORDAGE_TEST_SPEED", "10", 1); /* SPEED: the client's clock too */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
