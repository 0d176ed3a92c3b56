/* waits.h - cordage_wait_for: who waits for one event, and no more.
 *
 * A wait is met on the loop where its event comes in, before the event has a lane: a
 * handler that waits for an event of its own guild would else wait for itself. It ends
 * once, by an event, its time-out or the client's stop, whichever is first; from then on
 * its `match` is not called any more, and `done` is pushed by the control loop. */
#ifndef CLIENT_WAITS_H
#define CLIENT_WAITS_H

#include <pthread.h>
#include <stdatomic.h>

#include "cordage/views.h"
#include "event.h"
#include "list.h"

struct waits {
    pthread_mutex_t lock; /* of all but `counts` */
    struct link pending;  /* struct wait, in the order they came */
    bool closed;
    /* Held while `match` functions are called: never two at once, and none after the end
     * of its wait. Taken before `lock`. */
    pthread_mutex_t matching;
    atomic_uint counts[CORDAGE_N_EVENTS];
};

void waits_init(struct waits *w);
/* Closed, and nothing is pending. */
void waits_release(struct waits *w);
/* Whether anybody waits for events of this type. [any thread] */
bool waits_want(const struct waits *w, cordage_event_type type);
/* Ends those that wait for such an event. [a shard's loop] */
void waits_match(struct waits *w, const cordage_event *event);
/* Ends all with CORDAGE_ECLOSED, and refuses new ones. [control] */
void waits_close(struct waits *w);

#endif
