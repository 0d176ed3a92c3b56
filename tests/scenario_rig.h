/* scenario_rig.h - a scenario against clients of the model, in virtual time. */
#ifndef SCENARIO_RIG_H
#define SCENARIO_RIG_H

#include "scenario.h"
#include "sim_rig.h"

static inline struct scenario *scenario_of(const char *text)
{
    cordage_error error = { 0 };
    struct scenario *s;

    if (scenario_read("day.yaml", str_of(text), &s, &error) < 0)
        fail_msg("%s", error.message);
    return s;
}

/* It is refused with a sentence that begins so. */
static inline void scenario_is_refused(const char *text, const char *begins)
{
    cordage_error error = { 0 };
    struct scenario *s;
    int err = scenario_read("day.yaml", str_of(text), &s, &error);

    if (err == 0)
        fail_msg("taken, instead of: %s", begins);
    CHECK_INT(err, CORDAGE_EINVAL);
    CHECK(s == NULL);
    if (strncmp(error.message, begins, strlen(begins)) != 0)
        fail_msg("\"%s\" instead of \"%s\"", error.message, begins);
}

struct play {
    struct rig rig;
    struct scenario *s;
    struct scenario_run *run;
    char told[64][200]; /* what was done, and when: "60000 reset: 1 connection" */
    size_t n_told;
    uint64_t began; /* it, or else the run */
};

static inline void play_hears(void *user, const char *what)
{
    struct play *p = user;

    if (strncmp(what, "the scenario begins", 19) == 0)
        p->began = p->rig.now;
    CHECK(p->n_told < 64);
    snprintf(p->told[p->n_told++], sizeof p->told[0], "%llu %s",
             (unsigned long long)(p->rig.now - p->began), what);
}

static inline void play_start(struct play *p, const char *text, double hurry)
{
    struct sim_config config = rig_config();
    struct routes_config routes = { 0 };

    *p = (struct play){ .s = scenario_of(text) };
    config.max_concurrency = 16;
    config.heartbeat_ms = 3600000; /* the clients send none */
    scenario_configure(p->s, &config, &routes);
    rig_start(&p->rig, &config);
    CHECK_INT(scenario_run_new(p->s, p->rig.sim, hurry, p->rig.now, &p->run), 0);
    p->began = p->rig.now;
    scenario_run_watch(p->run, play_hears, p);
}

/* Lets `ms` go by; stops early when it is over. */
static inline void play_wait(struct play *p, uint64_t ms)
{
    uint64_t end = p->rig.now + ms;

    while (!scenario_is_over(p->run, p->rig.now)) {
        uint64_t at = sim_deadline(p->rig.sim), other = scenario_deadline(p->run);

        at = other < at ? other : at;
        if (at > end)
            break;
        p->rig.now = at > p->rig.now ? at : p->rig.now;
        scenario_tick(p->run, p->rig.now);
        sim_tick(p->rig.sim, p->rig.now);
    }
    if (!scenario_is_over(p->run, p->rig.now))
        p->rig.now = end;
}

/* The i-th expectation came out so. */
static inline void play_finds(struct play *p, size_t i, bool held, const char *found)
{
    struct scenario_result result;

    CHECK(scenario_result(p->run, i, p->rig.now, &result));
    if (result.held != held || strcmp(result.found, found) != 0)
        fail_msg("%s: %s, \"%s\"; not %s, \"%s\"", result.text,
                 result.held ? "held" : "failed", result.found, held ? "held" : "failed",
                 found);
}

static inline void play_stop(struct play *p)
{
    scenario_run_free(p->run);
    rig_stop(&p->rig);
    scenario_free(p->s);
}

#endif
