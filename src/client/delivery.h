/* delivery.h - an event's way from its shard to its handlers. */
#ifndef CLIENT_DELIVERY_H
#define CLIENT_DELIVERY_H

#include "crew.h"
#include "object.h"

/* An event on its way. */
struct delivery {
    struct job job;
    struct crew_shard *shard;
    cordage_event_type type;
    cordage_guild_why why;
    uint64_t sequence; /* 0: made up by us */
    uint64_t replayed;
    uint32_t place;            /* where it is marked as done: kept.h */
    struct progress *progress; /* ... and in what; NULL: nowhere */
    struct event_text text; /* behind this struct, or borrowed until the push returns */
    struct buf old;         /* what text.old points at */
    cordage_json body; /* its `d`, if handlers run where it was parsed; else absent */
};

/* Takes an event that came on `s`. False: the shard's share of the queue is full now. On
 * the shard's loop. */
bool delivery_take(struct crew_shard *s, const struct dispatch *event);

/* delivery_run.c, used by delivery.c: calls the handlers of a delivery's job. */
void delivery_run(struct job *job, void *parser);
/* The event can't be read. [any thread] */
void delivery_unreadable(struct crew_shard *s, int err);

#endif
