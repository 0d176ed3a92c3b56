/* fleet_case.h - what the tests of whole fleets share: sizes from the environment, and
 * the judgement at the end. */
#ifndef FLEET_CASE_H
#define FLEET_CASE_H

#include <stdlib.h>

#include "fleet_program.h"
#include "test.h"

/* A number from the environment, for long runs; else `usual`. */
static inline uint64_t fleet_case(const char *name, uint64_t usual)
{
    const char *text = getenv(name);

    return text ? strtoull(text, NULL, 10) : usual;
}

/* Messages a second: CORDAGE_FLEET_RATE, else `usual`, of which runs under sanitizers
 * take a part (CORDAGE_TEST_SCALE). */
static inline uint64_t fleet_case_rate(uint64_t usual)
{
    const char *scale = getenv("CORDAGE_TEST_SCALE");

    return fleet_case("CORDAGE_FLEET_RATE",
                      (uint64_t)((double)usual * (scale ? atof(scale) : 1)));
}

static inline void fleet_case_config(struct sim_config *config, uint32_t guilds)
{
    sim_config_default(config);
    config->guilds = guilds;
    config->max_concurrency = 16;
    config->trim_acked = true;
    config->session_ttl_ms = 3600 * 1000; /* a busy machine is slow */
}

static inline int fleet_case_by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

/* Ends the fleet and says what came of it. */
static inline void fleet_case_stop(struct fleet *f)
{
    const char *const stop[] = { "stop", NULL };

    CHECK_INT(fleet_command(f, stop, NULL), 0);
    CHECK_INT(fleet_wait_end(f), 0);
}

#endif
