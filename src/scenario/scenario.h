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
/* In place of the file's seed. */
void scenario_seed(struct scenario *s, uint64_t seed);
/* How long it lasts, in ms. */
uint64_t scenario_duration(const struct scenario *s);
/* Whether something is expected of what the bot logs. */
bool scenario_wants_log(const struct scenario *s);

/* One run of it. It begins to count when all shards are live, or the first one is, or at
 * once, as the file's `begin` says. */
struct scenario_run;
/* Both are borrowed for the run's life. `hurry`: its timetable passes so many times
 * faster; how long a fault lasts, and what the expectations allow, stays as it is; but
 * `at least` so many, unless per shard, is so many times less. CORDAGE_ENOMEM. */
int scenario_run_new(const struct scenario *s, struct sim *sim, double hurry,
                     uint64_t now, struct scenario_run **out);
void scenario_run_free(struct scenario_run *r);
/* Told of all that is done, as scenario_progress's `now`, and from inside of it. */
void scenario_run_watch(struct scenario_run *r,
                        void (*tell)(void *user, const char *what), void *user);
/* Does what is due; before sim_tick. */
void scenario_tick(struct scenario_run *r, uint64_t now);
/* When that is worth calling; UINT64_MAX: after the next call in. */
uint64_t scenario_deadline(const struct scenario_run *r);
/* All of it has happened, and what may take its time after it has; or it never began, or
 * the command that it is about has ended. */
bool scenario_is_over(const struct scenario_run *r, uint64_t now);
/* From here on the simulator's part is judged: what the bot does while it is stopped
 * changes nothing. The log still counts. */
void scenario_finish(struct scenario_run *r, uint64_t now);

/* What the bot logged, line by line, without the newline: only those of check.h count.
 * CORDAGE_EPARSE with a phrase, CORDAGE_ENOMEM. */
int scenario_log_line(struct scenario_run *r, struct str line, cordage_error *error);
/* After the last line: what never came is now lost. CORDAGE_ENOMEM. */
int scenario_log_end(struct scenario_run *r);
/* The command is started anew by a deploy that the file asks for: true once for each; the
 * caller stops it or has it restart itself, and says when it is up again. */
bool scenario_wants_deploy(struct scenario_run *r);
void scenario_deployed(struct scenario_run *r, uint64_t now);
/* The command has ended: with this status, by itself or because the caller stopped it. */
void scenario_command_ended(struct scenario_run *r, int status, bool by_itself,
                            uint64_t now);

struct scenario_progress {
    uint64_t done_ms, total_ms; /* 0 of it: it has not begun */
    const char *now;            /* what was done last: "close 4000 to 16 shards"; or "" */
    uint32_t shards, live; /* of the bot's largest count, and how many of them live */
    unsigned n_failing;    /* expectations that don't hold as things are */
};
void scenario_progress(const struct scenario_run *r, uint64_t now,
                       struct scenario_progress *out);

/* How each expectation came out, in the file's order; false: there is none left. */
struct scenario_result {
    const char *text; /* as the file has it: "lost messages: 0" */
    unsigned line;
    bool held;
    char found[160]; /* what there was: "3 of 16 shards are live" */
};
bool scenario_result(const struct scenario_run *r, size_t i, uint64_t now,
                     struct scenario_result *out);

/* What else must be known to believe it: faults that never came, or met nobody. False:
 * there is none left. */
bool scenario_note(const struct scenario_run *r, size_t i, char *out, size_t size);

/* The scenarios that come with the program: their text by name, or empty; the i-th name,
 * or NULL. */
struct str scenario_shipped(const char *name);
const char *scenario_shipped_name(size_t i);

#endif
