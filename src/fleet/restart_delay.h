/* restart_delay.h - how long a worker that died waits for its next life. Pure.
 *
 * The first restart is at once (250 ms); each further one waits twice as long, up to a
 * minute, until a life that lasted RESTART_HEALTHY_MS with all its shards up resets it. */
#ifndef FLEET_RESTART_DELAY_H
#define FLEET_RESTART_DELAY_H

#include <stdbool.h>
#include <stdint.h>

enum {
    RESTART_FIRST_MS = 250,
    RESTART_MAX_MS = 60 * 1000,
    RESTART_HEALTHY_MS = 60 * 1000
};

struct restart_delay {
    uint64_t healthy_since; /* 0: not */
    uint32_t failures;      /* in a row */
};

/* All that it should do it does, since `now`; told once. */
void restart_delay_healthy(struct restart_delay *d, uint64_t now);
/* It ended by itself. Returns in how many ms to start it again. */
uint64_t restart_delay_ended(struct restart_delay *d, uint64_t now);

#endif
