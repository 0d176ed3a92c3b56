/* Start, a hundred reconnects, stop: no memory is left (under ASan), and no descriptor.
 */
#include "test.h"

#include <dirent.h>
#include <stdlib.h>

#include "botrig.h"

enum { SHARDS = 10, SPEED = 25, RECONNECTS = 100 };

static int count_descriptors(void)
{
    DIR *d = opendir("/proc/self/fd");
    int n = 0;

    CHECK(d != NULL);
    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

static void cycle(void)
{
    struct bot bot = { 0 };
    struct sim_config config;
    struct simrig *sim;
    cordage_options options;
    bool good;
    size_t broken;

    sim_config_default(&config);
    config.max_concurrency = SHARDS;
    sim = simrig_start(&config, SPEED);
    options = bot_options(sim);
    options.shard_count = SHARDS;
    bot_start(&bot, sim, &options);
    good = bot_wait(&bot, SHARDS, 0, 0);
    for (unsigned i = 0; good && i < RECONNECTS; i += SHARDS) {
        CHECK_INT(simrig_fault(sim, i / SHARDS % 2
                                        ? "{\"kind\":\"reset\",\"shard\":\"all\"}"
                                        : "{\"kind\":\"reconnect\",\"shard\":\"all\"}"),
                  SHARDS);
        good = bot_wait(&bot, SHARDS, i + SHARDS, 0);
    }
    broken = simrig_rules_broken(sim);
    bot_stop(&bot);
    simrig_stop(sim);
    bot_release(&bot);
    CHECK(good);
    CHECK_INT(broken, 0);
    CHECK_INT(bot.status, 0);
}

TEST(a_hundred_reconnects_leave_no_descriptor)
{
    int before;

    cycle(); /* what libraries open once stays open */
    before = count_descriptors();
    cycle();
    CHECK_INT(count_descriptors(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = { T(a_hundred_reconnects_leave_no_descriptor) };

    setenv("CORDAGE_TEST_SPEED", "25", 1); /* SPEED: the client's clock too */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
