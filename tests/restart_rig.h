/* restart_rig.h - a bot in a process of its own, which can be killed at any moment.
 *
 * The test program runs itself again with "--bot": a bot that writes a line for each
 * event it has handled, with one system call, so that what the handlers did is known when
 * it is killed. The test reads the lines and keeps the running numbers over all its
 * lives. */
#ifndef TEST_RESTART_RIG_H
#define TEST_RESTART_RIG_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#include "cordage/cordage.h"
#include "map.h"
#include "simrig.h"

struct restart_rig {
    struct simrig *sim;
    char state[64];   /* its directory */
    const char *keep; /* "nothing" or "all": what it caches */
    unsigned shards, threads;
    uint64_t fatal_guild, fatal_number; /* the message that it doesn't survive, or 0 */
    pid_t pid;                          /* 0: it doesn't run */
    FILE *said;                         /* what it writes */
    struct map numbers;                 /* guild -> a uint64_t: its last running number */
    /* Over all lives. */
    uint64_t messages, lost, doubled, out_of_order;
    unsigned ready, resumed, passed_over;
    unsigned beside; /* deaths while other handlers of the shard began */
};

void restart_setup(struct restart_rig *r, const struct sim_config *config, double speed);
void restart_teardown(struct restart_rig *r);
/* Starts the bot. */
void restart_start(struct restart_rig *r);
/* Reads until the counts are reached; false when the bot ends or is silent for long. */
bool restart_wait(struct restart_rig *r, unsigned ready, unsigned resumed,
                  uint64_t messages);
/* Sends a signal, reads what is left, and waits for the end. Returns the exit status, or
 * 128 and the signal. */
int restart_end(struct restart_rig *r, int signal);
void restart_talk(struct restart_rig *r, double rate, uint64_t total);
/* What the simulator counted. */
uint64_t restart_identifies(struct restart_rig *r);

/* Whether this program was started as the bot. Ask first of all, and let it be nothing
 * else then: a bot that ran the tests would start bots without end. */
bool restart_is_bot(int argc, char **argv);
/* The bot itself: "--bot DIRECTORY SHARDS nothing|all THREADS GUILD NUMBER", of which
 * the last two are the message at which it aborts. */
int restart_bot(char **argv);

#endif
