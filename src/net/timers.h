/* timers.h - armed timers, soonest first; equal deadlines in the order they were armed.
 *
 * A binary heap of pointers into their owners. Arming and disarming cost O(log n). A
 * timer's `at` must not change while it is armed, but through timers_arm. */
#ifndef NET_TIMERS_H
#define NET_TIMERS_H

#include "host.h"

struct timers {
    struct timer **heap;
    size_t n, size;
    uint64_t order; /* how many were ever armed */
};

/* CORDAGE_ENOMEM. */
int timers_init(struct timers *t);
/* Those still armed are disarmed. Zeroed is fine. */
void timers_release(struct timers *t);
/* Arms it, or moves it. Never fails: room is made long before it is needed, and a
 * process that gets none in all that time is ended. */
void timers_arm(struct timers *t, struct timer *timer, uint64_t at);
void timers_disarm(struct timers *t, struct timer *timer);
/* UINT64_MAX: none is armed. */
uint64_t timers_next(const struct timers *t);
/* Fires what is due at `now`. What is armed meanwhile waits for the next call, so that a
 * timer which arms itself again cannot hold up the rest. */
void timers_fire(struct timers *t, uint64_t now);

#endif
