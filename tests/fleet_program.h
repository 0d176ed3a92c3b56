/* fleet_program.h - a whole fleet as its operator has it, against the simulator: `cordage
 * run` with this test program, run again with "--fleet-bot", as the bot.
 *
 * The bots write a record for each event they have handled into a FIFO, with one system
 * call each, so that what the handlers did is known whoever is killed. A thread of the
 * test reads it all the time. */
#ifndef TEST_FLEET_PROGRAM_H
#define TEST_FLEET_PROGRAM_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

#include "map.h"
#include "simrig.h"

enum { FLEET_SHARDS = 1024, FLEET_PATIENCE_S = 90 };

/* What a bot writes: less than PIPE_BUF, so never mixed with another's. */
enum fleet_kind {
    FLEET_MESSAGE, /* number: its guild's running number */
    FLEET_READY,
    FLEET_RESUMED, /* number: events replayed */
    FLEET_LOST,    /* a session */
    FLEET_DUMPED,  /* number: of the dump */
};
struct fleet_record {
    uint32_t kind, worker, shard, pid;
    uint64_t guild, number;
};

struct fleet_options {
    uint32_t shards, workers;
    bool keeps;              /* everything in the cache; else nothing */
    unsigned threads;        /* for handlers, of each worker; 0: two */
    uint32_t intents;        /* 0: all */
    const char *const *more; /* further options of `cordage run`; NULL: none */
};

struct fleet {
    struct simrig *sim;
    struct fleet_options options;
    double speed;
    char dir[64], state[96], fifo[96], self[512], log[96];
    pid_t supervisor; /* 0: none */
    int fd;
    pthread_t reader;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t came;
    bool closing;
    struct map numbers; /* guild -> a uint64_t: the last running number */
    uint64_t messages, lost, doubled, ready, resumed, sessions_lost, dumped;
    /* The longest time between two events of a shard since fleet_gaps_begin, and when the
     * last one came; ms of the real clock. */
    uint64_t last_at[FLEET_SHARDS], gap[FLEET_SHARDS];
};

/* Whether this program was started as the bot: ask first of all. */
bool fleet_is_bot(int argc, char **argv);
int fleet_bot(char **argv);

/* A simulator; `speed` is everybody's clock. */
void fleet_setup(struct fleet *f, const struct sim_config *config, double speed);
void fleet_teardown(struct fleet *f);
/* Starts the supervisor, once more after it died, too. */
void fleet_start(struct fleet *f, const struct fleet_options *options);
/* Waits for the supervisor's end: its exit status, or 128 and the signal. */
int fleet_wait_end(struct fleet *f);
/* Runs `cordage ARG... --state-dir`; its status. What it prints goes to *out (if not
 * NULL; free it). */
int fleet_command(struct fleet *f, const char *const *args, char **out);
/* Waits until `holds` says so, which is asked with the lock held, after each record;
 * false without any for FLEET_PATIENCE_S. */
bool fleet_wait(struct fleet *f, bool (*holds)(struct fleet *f, void *user), void *user);
bool fleet_wait_sessions(struct fleet *f, uint64_t ready, uint64_t resumed);
uint32_t fleet_ready_shards(struct fleet *f); /* by `cordage status --json` */
/* Whether `cordage status --json` says that all shards are ready; waits for it. */
bool fleet_wait_all_ready(struct fleet *f);
/* The pids of the workers, by status; the number of them. */
uint32_t fleet_pids(struct fleet *f, pid_t *pids, uint32_t most);

void fleet_talk(struct fleet *f, double messages_per_s, double changes_per_s);
/* Everybody falls silent, says one more thing in each guild, and all of it is handled. */
bool fleet_come_to_rest(struct fleet *f);
/* Has every worker write down its cache, and compares it with the world; the number of
 * objects. At rest. */
unsigned fleet_compare(struct fleet *f);

void fleet_gaps_begin(struct fleet *f);
/* Appends each shard's longest gap since then to `gaps`; returns how many. */
uint32_t fleet_gaps_end(struct fleet *f, uint64_t *gaps);

struct fleet_numbers {
    uint64_t identifies, resumes, resumed, said;
};
/* What the simulator counted. */
struct fleet_numbers fleet_numbers(struct fleet *f);

#endif
