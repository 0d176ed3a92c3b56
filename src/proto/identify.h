/* identify.h - who may send IDENTIFY next.
 *
 * Discord allows one IDENTIFY per key in 5 s, key = shard_id % max_concurrency,
 * over all processes of the application, and so many a day. One queue stands in
 * front of them all. A shard asks, connects, says that it is ready (HELLO was
 * read), is granted, sends, and says that it sent: the window starts there, not
 * at the grant. Whoever dies between grant and send counts as having sent.
 *
 * Pure: times come in. Tickets are embedded in whoever asks. Not locked. */
#ifndef PROTO_IDENTIFY_H
#define PROTO_IDENTIFY_H

#include "gateway.h"
#include "list.h"
#include <stdint.h>

enum {
    IDENTIFY_MARGIN_MS = 300,         /* behind the window, for clocks and the way there */
    IDENTIFY_DIAL_AHEAD_MS = 10 * 1000 /* dial when the slot is this near */
};

enum ticket_state { TICKET_IDLE, TICKET_WAITING, TICKET_READY, TICKET_GRANTED };

struct identify_ticket {
    struct link link; /* on its key's queue while WAITING or READY, by shard id */
    uint32_t shard_id, shard_count;
    enum ticket_state state;
};

struct identify_queue {
    uint32_t max_concurrency;
    struct identify_key *keys; /* one per key; owned */
    uint64_t remaining;        /* what is left of the budget */
    uint64_t reset_at;         /* when the budget is whole again; 0: no window open */
    uint64_t total;
    /* ... the implementer's */
};

int identify_init(struct identify_queue *q, uint32_t max_concurrency);
void identify_release(struct identify_queue *q);
/* What /gateway/bot said. A new max_concurrency rebuilds the queues, keeping order and
 * every window that is still open. CORDAGE_ENOMEM leaves all as it was. */
int identify_limits(struct identify_queue *q, uint32_t max_concurrency, uint64_t total,
                    uint64_t remaining, uint64_t reset_after_ms, uint64_t now);

void identify_ask(struct identify_queue *q, struct identify_ticket *t, uint32_t shard_id,
                  uint32_t shard_count);
/* HELLO was read: it may be granted. */
void identify_ready(struct identify_queue *q, struct identify_ticket *t);
/* IDENTIFY has left: the key's window and the budget count from `now`. */
void identify_sent(struct identify_queue *q, struct identify_ticket *t, uint64_t now);
/* Withdraws. If it had been granted it counts as sent. */
void identify_cancel(struct identify_queue *q, struct identify_ticket *t, uint64_t now);
/* The next ticket that may send now, moved to GRANTED, lowest shard first; NULL: none. */
struct identify_ticket *identify_next(struct identify_queue *q, uint64_t now);
/* When this waiting ticket could be granted at the earliest, if all before it are quick. */
uint64_t identify_eta(const struct identify_queue *q, const struct identify_ticket *t,
                      uint64_t now);
/* When identify_next is worth calling again; UINT64_MAX: after the next call in. */
uint64_t identify_deadline(const struct identify_queue *q, uint64_t now);

#endif
