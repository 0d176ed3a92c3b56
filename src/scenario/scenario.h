/* scenario.h - what happens to the simulated Discord, and what is expected of its client:
 * a file, read whole and checked before anything begins, then carried out.
 *
 * The file is YAML (docs/scenarios.md has every key). It says what the world is, what the
 * limits are, how much people talk over time (a curve, with bursts), which faults come
 * when or how often, and what must hold at the end. Times are those of the scenario; the
 * clock is the caller's, so that an hour takes an hour, or milliseconds in a test. What
 * is drawn follows from the file's seed. */
#ifndef SCENARIO_SCENARIO_H
#define SCENARIO_SCENARIO_H

#include "buf.h"
#include "error.h"
#include "routes.h"
#include "sim.h"

struct scenario;

/* Reads a file's text; `name` is what errors call it. CORDAGE_EINVAL with
 * "NAME:LINE: what is wrong, and what it may be"; CORDAGE_ENOMEM. */
int scenario_read(const char *name, struct str text, struct scenario **out,
                  cordage_error *error);
void scenario_free(struct scenario *s);
const char *scenario_title(const struct scenario *s);
/* What the simulator is to be started with: `sim` and `routes` are changed where the file
 * says something. The strings live as long as the scenario. */
void scenario_configure(const struct scenario *s, struct sim_config *sim,
                        struct routes_config *routes);
/* How long it lasts, in ms. */
uint64_t scenario_duration(const struct scenario *s);

/* One run of it. It begins to count when the first session is ready (or at once, by the
 * file's `begin: at once`). */
struct scenario_run;
/* Both are borrowed for the run's life. CORDAGE_ENOMEM. */
int scenario_run_new(const struct scenario *s, struct sim *sim, uint64_t now,
                     struct scenario_run **out);
void scenario_run_free(struct scenario_run *r);
/* Does what is due; before sim_tick. */
void scenario_tick(struct scenario_run *r, uint64_t now);
/* When that is worth calling; UINT64_MAX: after the next call in. */
uint64_t scenario_deadline(const struct scenario_run *r);
/* All of it has happened, and what may take its time after it has. */
bool scenario_is_over(const struct scenario_run *r, uint64_t now);

struct scenario_progress {
    uint64_t done_ms, total_ms; /* 0 of it: it has not begun */
    const char *now;            /* what was done last: "close 4000 to 16 shards"; or "" */
    unsigned n_failing;         /* expectations that don't hold as things are */
};
void scenario_progress(const struct scenario_run *r, struct scenario_progress *out);

/* How each expectation came out, in the file's order; false: there is none left. */
struct scenario_result {
    const char *text; /* as the file has it: "lost messages: 0" */
    unsigned line;
    bool held;
    char found[160]; /* what there was: "3 of 16 shards are live" */
};
bool scenario_result(const struct scenario_run *r, size_t i, uint64_t now,
                     struct scenario_result *out);

/* The scenarios that come with the program: their text by name, or empty; the i-th name,
 * or NULL. */
struct str scenario_shipped(const char *name);
const char *scenario_shipped_name(size_t i);

#endif
