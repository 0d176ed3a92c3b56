/* Reading a scenario and carrying it out, each allocation failing in turn. */
#include "alloc.h"

#include <string.h>

#include "scenario.h"

static const char file[] =
    "duration: 10s\n"
    "begin: at once\n"
    "traffic: {rate: 2, curve: {0s: 1, 5s: 2}, bursts: [{at: 1s, for: "
    "1s, times: 2}]}\n"
    "faults:\n"
    "  - {at: 1s, do: close, code: 4000, shards: 25%}\n"
    "  - {every: 1s, do: outage, guilds: 10%, for: 1s}\n"
    "  - {at: 2s, do: reset, shards: [0, 3]}\n"
    "expect: {lost_messages: 0}\n";

static int carry_out(const struct scenario *s, struct sim *sim)
{
    struct scenario_run *run;
    struct scenario_result result;
    int err = scenario_run_new(s, sim, 1, 0, &run);

    if (err)
        return err;
    for (uint64_t now = 0; now < 20000; now += 500)
        scenario_tick(run, now);
    scenario_finish(run, 20000);
    err = scenario_log_line(run, STR("guild=5 n=1"), NULL);
    if (!err)
        err = scenario_log_end(run);
    CHECK(scenario_result(run, 0, 20000, &result));
    scenario_run_free(run);
    return err;
}

static int read_and_play(void *user)
{
    struct sim_config config;
    struct routes_config routes;
    cordage_error error = { 0 };
    struct scenario *s = NULL;
    struct sim *sim = NULL;
    int err = scenario_read("day.yaml", str_of(file), &s, &error);

    (void)user;
    CHECK((err == 0) == (s != NULL));
    CHECK_INT(error.code, err);
    if (!err) {
        sim_config_default(&config);
        routes_config_default(&routes);
        scenario_configure(s, &config, &routes);
        err = sim_new(&config, 0, 0, &sim, &error);
    }
    if (!err)
        err = carry_out(s, sim);
    sim_free(sim);
    scenario_free(s);
    return err;
}

TEST(a_scenario_survives_each_failed_allocation)
{
    alloc_each(read_and_play, NULL);
}

RUN_TESTS(T(a_scenario_survives_each_failed_allocation))
