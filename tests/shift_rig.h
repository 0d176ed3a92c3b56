/* shift_rig.h - two bots of one state directory in threads of the test, which hand their
 * shards to each other.
 *
 * They stand for two workers of a fleet, without a supervisor: neither has a shard at
 * first. What their handlers see is counted together, guild by guild, so that a message
 * that is lost or doubled on the way from one to the other is seen. */
#ifndef TEST_SHIFT_RIG_H
#define TEST_SHIFT_RIG_H

#include <pthread.h>

#include "client.h"
#include "map.h"
#include "shift.h"
#include "simrig.h"

enum { SHIFT_SHARDS = 4, SHIFT_BOTS = 2, SHIFT_PATIENCE_S = 60 };

struct shift_rig;

struct shift_bot {
    struct shift_rig *rig;
    cordage_client *client; /* NULL: it doesn't run */
    pthread_t thread;
};

/* A shard's way; under the rig's lock. */
struct shift_way {
    struct shift_bot *at;      /* who has it; NULL: nobody, or it is on its way */
    uint64_t left_us;          /* when it was told to leave; 0: it didn't */
    unsigned n_taken, n_given; /* answers */
    struct shift_taken taken;  /* the last */
    struct shift_given given;
    unsigned ready, resumed;
};

struct shift_rig {
    struct simrig *sim;
    char state[64];
    const char *keep; /* "nothing" or "all": what they cache */
    uint32_t intents;
    struct shift_bot bots[SHIFT_BOTS];
    /* Called at each message before it is counted, outside of the lock; may block. */
    void (*on_message)(struct shift_rig *r, const cordage_message *m);
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    struct shift_way ways[SHIFT_SHARDS];
    struct map numbers; /* guild -> a uint64_t: its last running number */
    uint64_t messages, lost, doubled;
    uint64_t gaps_us[4096]; /* from the order to leave to RESUMED */
    size_t n_gaps;
};

void shift_setup(struct shift_rig *r, const struct sim_config *config, double speed,
                 const char *keep);
void shift_teardown(struct shift_rig *r);
/* Starts a bot and waits until shards can come. */
void shift_bot_start(struct shift_rig *r, unsigned bot);
/* Stops it and waits for its end. */
void shift_bot_stop(struct shift_rig *r, unsigned bot);

/* Orders, carried out on the bot's control loop soon. */
void shift_order_take(struct shift_rig *r, unsigned bot, uint32_t shard);
void shift_order_give(struct shift_rig *r, unsigned bot, uint32_t shard,
                      uint32_t patience_ms);
/* Waits until `is_so`, which is called under the lock whenever something has changed;
 * fails the test if nothing changes for long. */
void shift_wait(struct shift_rig *r, bool (*is_so)(struct shift_rig *r, void *user),
                void *user, const char *what);
/* Waits until it is up, or given. */
void shift_take_and_wait(struct shift_rig *r, unsigned bot, uint32_t shard);
void shift_give_and_wait(struct shift_rig *r, unsigned bot, uint32_t shard,
                         uint32_t patience_ms);
/* Gives, and when it was given takes; waits until it is up. */
void shift_move(struct shift_rig *r, unsigned from, unsigned to, uint32_t shard,
                uint32_t patience_ms);
void shift_wait_messages(struct shift_rig *r, uint64_t messages);

void shift_talk(struct shift_rig *r, double rate, uint64_t total);
/* The world falls silent; waits until all that was ever said was handled. */
void shift_come_to_rest(struct shift_rig *r);
uint64_t shift_identifies(struct shift_rig *r);
/* Prints the median and the worst of the gaps. */
void shift_print_gaps(struct shift_rig *r, const char *what);

#endif
