/* handlers.h - who wants which event.
 *
 * Handlers come and go on any thread while events run. An event holds the set as it stood
 * when it began; a change makes a new set, and the old one goes with its last holder. A
 * handler that was removed meanwhile is marked, so that a holder doesn't begin it.
 *
 * Whether anybody wants an event is a single load without a lock: most events of most
 * bots end there. */
#ifndef CLIENT_HANDLERS_H
#define CLIENT_HANDLERS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event.h"

/* What a handler is for: a kind of event, any event, the clock, or what becomes of the
 * client. */
enum {
    HANDLER_ANY = CORDAGE_N_EVENTS,
    HANDLER_TICK,
    HANDLER_SESSION_LOST,
    HANDLER_ERROR,
    HANDLER_BROADCAST,
    N_HANDLER_KINDS
};

typedef void (*handler_fn)(void); /* of the type that the kind implies */

struct handler {
    int id;
    unsigned kind;
    bool is_plain; /* of an event, but takes no typed view: a cordage_event_fn */
    handler_fn fn;
    void *user;
    uint32_t interval_ms; /* HANDLER_TICK */
    atomic_bool removed;
    unsigned refs; /* the sets it is in, and whoever keeps it */
};

/* In the order in which they were registered. */
struct handler_set {
    unsigned refs;
    size_t n;
    struct handler *at[];
};

struct handlers {
    pthread_mutex_t lock; /* of all but `counts` */
    struct handler_set *now;
    int last_id;
    atomic_uint counts[N_HANDLER_KINDS];
};

int handlers_init(struct handlers *h);
/* When nobody holds a set any more. */
void handlers_release(struct handlers *h);

/* All of these: [any thread] */

/* What handlers_add is told. */
struct handler_plan {
    unsigned kind;
    bool is_plain;
    handler_fn fn;
    void *user;
    uint32_t interval_ms;
};
/* The new handler's id (> 0), or CORDAGE_ENOMEM. */
int handlers_add(struct handlers *h, const struct handler_plan *plan);
/* 0 or CORDAGE_ENOTFOUND; never fails for want of memory. */
int handlers_remove(struct handlers *h, int id);
/* Whether a handler of this kind, or of any event, is there. */
bool handlers_want(const struct handlers *h, cordage_event_type kind);
/* Whether a handler of this kind is there. */
bool handlers_has(const struct handlers *h, unsigned kind);
/* Calls each handler of this kind, as the set is now. */
void handlers_each(struct handlers *h, unsigned kind,
                   void (*call)(const struct handler *handler, void *user), void *user);
/* The set as it is now; its handlers that are not `removed` may be called until it is let
 * go. */
struct handler_set *handlers_hold(struct handlers *h);
void handlers_let_go(struct handlers *h, struct handler_set *set);
/* Keeps one handler of a set that is held, beyond the set. */
void handlers_keep(struct handlers *h, struct handler *handler);
void handlers_unkeep(struct handlers *h, struct handler *handler);

#endif
