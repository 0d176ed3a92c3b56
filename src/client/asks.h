/* asks.h - questions that events answer, on their shard's loop: gather.h carried out.
 *
 * Questions come as parcels. They are sent when the shard lets them go, its events are
 * looked at while one is open, and what is over is told. */
#ifndef CLIENT_ASKS_H
#define CLIENT_ASKS_H

#include "answer.h"
#include "gather.h"
#include "parcel.h"

struct dispatch;

struct ask {
    struct parcel parcel;
    struct gather gather;
    struct answer answer;
    cordage_result_fn each; /* what a piecewise one's chunks are given to; may be NULL */
    /* On the shard's loop, when it is over: gives the answer. `s` is NULL where it never
     * came to a shard. */
    void (*over)(struct ask *a, struct crew_shard *s);
};

/* A zeroed one whose gather is filled in. It is freed by whoever `over` hands it to. */
void ask_init(struct ask *a, cordage_client *c, uint64_t guild_id, cordage_result_fn done,
              void *user);
void ask_free(struct ask *a);
/* As answer_ask with parcel_submit. [any thread] */
int ask_submit(struct ask *a);

/* All of these on the shard's loop. */
void asks_init(struct crew_shard *s);
void asks_release(struct crew_shard *s);
/* Whether an event of this type may be an answer. */
bool asks_want(const struct crew_shard *s, cordage_event_type type);
/* False: the shard's share of the queue is full now. `body`: the event's `d`. */
bool asks_take(struct crew_shard *s, cordage_event_type type, cordage_json body,
               struct str payload);
/* What became of one at the shard: shard_ops.command. */
void asks_sent(struct crew_shard *s, uint64_t tag, bool sent);
/* READY of a new session. */
void asks_new_session(struct crew_shard *s);
/* The shard has stopped, or leaves: all that is open ends. */
void asks_end(struct crew_shard *s);

#endif
