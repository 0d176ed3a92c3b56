/* What is taken can be carried out; what is refused is refused with a sentence that names
 * the file and a line of it. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "scenario.h"

static void carry_out(const struct scenario *s)
{
    struct sim_config config;
    struct routes_config routes;
    struct scenario_result result;
    struct scenario_run *run;
    struct sim *sim;

    sim_config_default(&config);
    routes_config_default(&routes);
    scenario_configure(s, &config, &routes);
    config.guilds = 2; /* the rest is the simulator's */
    config.members = 2;
    if (sim_new(&config, 0, 0, &sim, NULL) < 0)
        return;
    FUZZ_CHECK(scenario_run_new(s, sim, 1000, 0, &run) == 0);
    for (uint64_t now = 0; now < 10000; now += 100) {
        scenario_tick(run, now);
        FUZZ_CHECK(scenario_deadline(run) > now);
    }
    scenario_finish(run, 10000);
    for (size_t i = 0; scenario_result(run, i, 10000, &result); i++)
        FUZZ_CHECK(result.text && result.line > 0);
    scenario_run_free(run);
    sim_free(sim);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct scenario *s;
    cordage_error error = { 0 };
    int err =
        scenario_read("s.yaml", (struct str){ (const char *)data, size }, &s, &error);

    FUZZ_CHECK((err == 0) == (s != NULL));
    if (err) {
        FUZZ_CHECK(strncmp(error.message, "s.yaml:", 7) == 0 &&
                   atoi(error.message + 7) > 0);
        return 0;
    }
    carry_out(s);
    scenario_free(s);
    return 0;
}
