/* botrig.h - a bot that counts, in threads of the test, against a simrig.
 *
 * Counts each guild's running numbers, so that a message that is lost, doubled or
 * out of order is seen. The test waits for what the handlers have seen to change;
 * nothing sleeps. */
#ifndef TEST_BOTRIG_H
#define TEST_BOTRIG_H

#include <pthread.h>

#include "cordage/cordage.h"
#include "map.h"
#include "simrig.h"

/* Real seconds without any progress after which waiting has failed. */
enum { BOT_PATIENCE_S = 60 };

struct bot {
    struct simrig *sim; /* borrowed */
    cordage_client *client;
    pthread_t thread;
    int status; /* of cordage_client_run, after bot_stop */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct map guilds; /* id -> its tally */
    uint64_t messages, skipped, repeated;
    unsigned ready, resumed;
    /* Called at each message, outside the lock, before it is counted; may block. */
    void (*on_message)(struct bot *b, const cordage_message *m);
    void *user;
};

/* Options for `sim`: its API, token and CA; the intents of a bot that reads messages; no
 * signals; two handler threads; nothing outlives it. */
cordage_options bot_options(struct simrig *sim);
/* Makes the client and runs it in a thread of its own. Set on_message before. */
void bot_start(struct bot *b, struct simrig *sim, const cordage_options *options);
/* Stops, joins, frees the client. The counts stay until bot_release. */
void bot_stop(struct bot *b);
void bot_release(struct bot *b);

/* Waits until all three counts are reached; false (and says so) without progress. */
bool bot_wait(struct bot *b, unsigned ready, unsigned resumed, uint64_t messages);

/* The world begins to talk: `rate` messages per second, `total` in all. */
void bot_talk(struct bot *b, double rate, uint64_t total);

/* What the simulator counted. */
struct bot_numbers {
    uint64_t identifies, resumes, connections, said;
};
struct bot_numbers bot_numbers(struct bot *b);

/* CORDAGE_TEST_SCALE, or 1. */
double bot_scale(void);

#endif
