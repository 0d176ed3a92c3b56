/* status.h - what is known of a shard, for any thread to read at any time.
 *
 * The shard's loop writes it down on every change, and once a second; a reader copies it
 * under a lock of its own and never waits for a loop. */
#ifndef CLIENT_STATUS_H
#define CLIENT_STATUS_H

#include <pthread.h>

#include "cordage/cordage.h"
#include "shard.h"

enum { RATE_SECONDS = 60 };

/* Events per second over the last minute, or over as much of it as there was. Pure. */
struct rate {
    uint32_t counts[RATE_SECONDS]; /* a ring */
    unsigned next, used;
    uint64_t total; /* when it was last asked */
    uint64_t sum;   /* of the counts */
};

/* A second has passed, and `total` events came since the beginning. */
void rate_second(struct rate *r, uint64_t total);
double rate_per_second(const struct rate *r);

struct status {
    struct rate rate;        /* [loop] */
    pthread_mutex_t lock;    /* of what follows */
    cordage_shard_info info; /* `queued` is filled in by whoever reads */
    uint64_t session;
    bool reported; /* a READY has come: `guilds` counts */
};

void status_init(struct status *s, uint32_t id, uint32_t count);
void status_release(struct status *s);
/* Writes down how the shard is at `now`. [loop] */
void status_note(struct status *s, const struct shard_status *shard, uint64_t now);
/* Which session it has: a mark, 0 for none. [loop] */
void status_set_session(struct status *s, uint64_t session);
uint64_t status_session(struct status *s); /* [any thread] */
/* A READY came. [loop] */
void status_reported(struct status *s);
/* It doesn't run here any more: nothing is known of it. [loop] */
void status_rest(struct status *s);
/* The shard is gone. [any thread, the shard's loop has ended] */
void status_stopped(struct status *s);
/* Copies. Returns whether it has reported. [any thread] */
bool status_read(struct status *s, cordage_shard_info *out);

#endif
