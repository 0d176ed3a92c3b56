/* boss.h - a supervisor of one worker, in a thread of the test.
 *
 * It listens at `link.sock`, welcomes, grants each ask at once, and writes down what it
 * is told. The test waits for that and has it say what it likes. */
#ifndef TEST_BOSS_H
#define TEST_BOSS_H

#include <pthread.h>
#include <stdatomic.h>

#include "link.h"
#include "loop.h"

enum { BOSS_SHARDS = 16 };

/* What it was told. */
struct boss_seen {
    unsigned heard[N_LINK_TYPES], closed;
    uint32_t worker, generation, n_held, held[BOSS_SHARDS];
    uint32_t hello_count;
    uint64_t token_print;
    struct link_moved taken[BOSS_SHARDS], given[BOSS_SHARDS];
    struct link_load load;
    struct link_row rows[BOSS_SHARDS]; /* by id; of the last STATUS */
    unsigned n_rows;
    struct link_end end;
    char end_message[1024], text[64];
};

struct boss {
    /* Set before boss_start. */
    char path[512];
    uint32_t first, last, count; /* the worker's shards */
    const char *gateway;         /* URL */
    atomic_bool grants;          /* answers each ask and each ready; at any time */
    bool refuses;
    atomic_bool not_yet; /* says HELLO and hangs up; at any time */

    struct loop *loop;
    struct link_door *door;
    struct link_peer *peer; /* the last one that came; NULL: none */
    pthread_t thread;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    struct boss_seen seen;
    struct boss_seen copy; /* the test's */
};

void boss_start(struct boss *b);
/* As if it was killed. The worker may be welcomed by another. */
void boss_stop(struct boss *b);
void boss_release(struct boss *b);

/* A copy of what it was told up to now, until the next. */
const struct boss_seen *boss_look(struct boss *b);
/* Waits until it has heard `n` messages of a type; false after long patience. */
bool boss_wait(struct boss *b, enum link_type type, unsigned n);
/* Waits for a STATUS of which `is` says true. */
bool boss_wait_status(struct boss *b, bool (*is)(const struct boss_seen *seen));
bool boss_wait_closed(struct boss *b);

void boss_take(struct boss *b, uint32_t first, uint32_t last);
void boss_give(struct boss *b, uint32_t shard);
void boss_kick(struct boss *b, uint32_t shard, bool identify);
void boss_totals(struct boss *b, uint64_t guilds, uint32_t reported, uint32_t shards);
void boss_text(struct boss *b, enum link_type type, uint32_t from, const char *text);
void boss_say_stop(struct boss *b, bool forget);
void boss_hang_up(struct boss *b);

#endif
