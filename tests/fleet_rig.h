/* fleet_rig.h - a supervisor in a process of its own, with workers that only pretend.
 *
 * The test program runs itself again: with "--supervisor" it is one, with "--worker" a
 * worker which speaks the link and says that its shards live, but connects to nothing. So
 * a supervisor can be killed at any moment, and a worker can do what no real one should.
 * Whether a shard runs in two processes at once their locks on files tell. */
#ifndef TEST_FLEET_RIG_H
#define TEST_FLEET_RIG_H

#include <stdbool.h>
#include <sys/types.h>

#include "buf.h"
#include "json.h"
#include "message.h"
#include "simrig.h"

enum { FLEET_PATIENCE_MS = 30 * 1000 };

struct fleet_rig {
    struct simrig *sim;
    double speed;
    char dir[64];   /* holds the state directory and more */
    char state[80]; /* the fleet's directory */
    unsigned shards, workers;
    const char *behaviour; /* of workers: see pretend.c; default "well" */
    bool foreign;
    unsigned hello_ms;
    pid_t pid; /* the supervisor; 0: it doesn't run */
    int link;  /* to it, as `cordage status`; -1: none */
    struct buf in;
    struct json_parser *parser;
    cordage_json status; /* the last document; until the next */
};

void fleet_setup(struct fleet_rig *r, const struct sim_config *config, double speed);
/* Ends what still runs, workers too. */
void fleet_teardown(struct fleet_rig *r);
void fleet_start(struct fleet_rig *r);
/* Signals the supervisor, waits for its end: its exit status, or 128 and the signal. */
int fleet_end(struct fleet_rig *r, int signal);
/* Waits for its end. */
int fleet_ended(struct fleet_rig *r);
/* What it has said on stderr, ever; free() it. */
char *fleet_said(struct fleet_rig *r);

/* Reads status documents until `is_so`; false after FLEET_PATIENCE_MS, or when the
 * supervisor has ended. */
bool fleet_until(struct fleet_rig *r, bool (*is_so)(struct fleet_rig *r, void *user),
                 void *user);
/* Until all shards are ready. */
bool fleet_up(struct fleet_rig *r);
unsigned fleet_ready(const struct fleet_rig *r);
/* The pid of worker `index` (its older process); 0: it has none. */
pid_t fleet_worker(const struct fleet_rig *r, unsigned index);
unsigned fleet_restarts(const struct fleet_rig *r, unsigned index);
/* Sends a command and reads to its end: the exit status it gave, or -1. */
int fleet_command(struct fleet_rig *r, const struct link_command *m);

/* For main: whether this program was started as a part of the fleet, and then its end. */
bool fleet_is_part(int argc, char **argv);
int fleet_part(int argc, char **argv);
/* pretend.c: a worker that behaves "well", or as it says there. */
int pretend(const char *behaviour);

#endif
