/* Every message, in order, once: four shards under traffic while connections are reset,
 * closed with every code that allows going on, and told to reconnect. Both clocks run
 * faster than the wall's. CORDAGE_TEST_SCALE shrinks the number of events. */
#include "test.h"

#include <stdlib.h>

#include "botrig.h"

enum { SHARDS = 4, GUILDS = 64, SPEED = 10, EVENTS = 50000, RATE = 4000 };

static const char *const faults[] = {
    "{\"kind\":\"reset\",\"shard\":\"all\"}",
    "{\"kind\":\"close\",\"code\":4000,\"shard\":[0,4]}",
    "{\"kind\":\"close\",\"code\":4001,\"shard\":[1,4]}",
    "{\"kind\":\"close\",\"code\":4002,\"shard\":[2,4]}",
    "{\"kind\":\"close\",\"code\":4005,\"shard\":[3,4]}",
    "{\"kind\":\"close\",\"code\":4008,\"shard\":[0,4]}",
    "{\"kind\":\"reconnect\",\"shard\":\"all\"}",
    "{\"kind\":\"close\",\"code\":4009,\"shard\":\"all\"}",
    "{\"kind\":\"close\",\"code\":1000,\"shard\":[1,4]}",
    "{\"kind\":\"close\",\"code\":1001,\"shard\":[2,4]}",
    "{\"kind\":\"close\",\"code\":1011,\"shard\":\"all\"}",
    "{\"kind\":\"split\",\"shard\":\"all\"}",
    "{\"kind\":\"reset\",\"shard\":[3,4]}",
};
enum { FAULTS = sizeof faults / sizeof *faults };

/* Meets the shards with each fault in turn, spread over the traffic; how many resumes
 * that must cause. */
static bool suffer(struct bot *bot, uint64_t total, unsigned *resumed)
{
    for (unsigned i = 0; i < FAULTS; i++) {
        size_t met;

        if (!bot_wait(bot, SHARDS, *resumed, total * (i + 1) / (FAULTS + 2)))
            return false;
        met = simrig_fault(bot->sim, faults[i]);
        CHECK_INT(met, strstr(faults[i], "all") ? SHARDS : 1);
        if (!strstr(faults[i], "split"))
            *resumed += (unsigned)met;
    }
    return bot_wait(bot, SHARDS, *resumed, total);
}

static void flow(cordage_compression compression, bool trim_acked)
{
    struct bot bot = { 0 };
    struct sim_config config;
    struct simrig *sim;
    cordage_options options;
    struct bot_numbers numbers;
    uint64_t total = (uint64_t)(EVENTS * bot_scale());
    unsigned resumed = 0;
    bool good;
    size_t broken;

    sim_config_default(&config);
    config.guilds = GUILDS;
    config.max_concurrency = SHARDS;
    config.trim_acked = trim_acked;
    sim = simrig_start(&config, SPEED);
    options = bot_options(sim);
    options.shard_count = SHARDS;
    options.compression = compression;
    bot_start(&bot, sim, &options);
    good = bot_wait(&bot, SHARDS, 0, 0);
    bot_talk(&bot, RATE, total);
    good = good && suffer(&bot, total, &resumed);
    numbers = bot_numbers(&bot);
    broken = simrig_rules_broken(sim);
    bot_stop(&bot);
    simrig_stop(sim);
    bot_release(&bot);
    CHECK(good);
    CHECK_INT(broken, 0);
    CHECK_INT(numbers.said, total);
    CHECK_INT(bot.messages, total);
    CHECK_INT(bot.skipped, 0);
    CHECK_INT(bot.repeated, 0);
    CHECK_INT(bot.ready, SHARDS);
    CHECK_INT(numbers.identifies, SHARDS);
    CHECK_INT(bot.resumed, resumed);
    CHECK_INT(bot.status, 0);
}

TEST(nothing_is_lost_uncompressed)
{
    flow(CORDAGE_COMPRESS_NONE, false);
}

TEST(nothing_is_lost_with_zlib)
{
    flow(CORDAGE_COMPRESS_ZLIB, false);
}

TEST(nothing_is_lost_with_zstd)
{
    flow(CORDAGE_COMPRESS_ZSTD, false);
}

TEST(nothing_is_lost_uncompressed_where_acknowledged_events_are_forgotten)
{
    flow(CORDAGE_COMPRESS_NONE, true);
}

TEST(nothing_is_lost_with_zlib_where_acknowledged_events_are_forgotten)
{
    flow(CORDAGE_COMPRESS_ZLIB, true);
}

TEST(nothing_is_lost_with_zstd_where_acknowledged_events_are_forgotten)
{
    flow(CORDAGE_COMPRESS_ZSTD, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(nothing_is_lost_uncompressed),
        T(nothing_is_lost_with_zlib),
        T(nothing_is_lost_with_zstd),
        T(nothing_is_lost_uncompressed_where_acknowledged_events_are_forgotten),
        T(nothing_is_lost_with_zlib_where_acknowledged_events_are_forgotten),
        T(nothing_is_lost_with_zstd_where_acknowledged_events_are_forgotten),
    };

    setenv("CORDAGE_TEST_SPEED", "10", 1); /* SPEED: the client's clock too */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
