/* tally.h - counts every message of every guild, so that none can be lost unseen.
 *
 * The simulator numbers the messages of each guild 1, 2, 3… (in the nonce). A
 * guild's events come in order, so a number that is skipped is a loss, and one that
 * comes again a repetition. Locked: handlers of different guilds run in parallel. */
#ifndef DEMO_TALLY_H
#define DEMO_TALLY_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum { TALLY_GUILDS = 64 };

struct tally {
    pthread_mutex_t lock;
    struct {
        uint64_t id, last;
    } guilds[TALLY_GUILDS];
    unsigned n_guilds;
    uint64_t messages, skipped, repeated;
};

void tally_init(struct tally *t);
/* Message `number` of this guild has come. */
void tally_count(struct tally *t, uint64_t guild_id, uint64_t number);
/* The last number that came, 0: none. */
uint64_t tally_last(struct tally *t, uint64_t guild_id);

#endif
