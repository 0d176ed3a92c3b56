/* identify.h - who may send IDENTIFY next.
 *
 * Discord allows one IDENTIFY per key in 5 s, key = shard_id % max_concurrency,
 * over all processes of the application, and so many a day. One queue stands in
 * front of them all. A shard asks, connects, says that it is ready (HELLO was
 * read), is granted, sends, and says that it sent: the window starts there, not
 * at the grant, so that a slow connection doesn't eat it. Meanwhile its key is
 * busy. Whoever dies between grant and send counts as having sent.
 *
 * How many may go at all is the ledger's business (ledger.h); the queue is told.
 *
 * Pure: times come in. Tickets are embedded in whoever asks. Not locked. */
#ifndef PROTO_IDENTIFY_H
#define PROTO_IDENTIFY_H

#include "gateway.h"
#include "list.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    IDENTIFY_MARGIN_MS = 300, /* behind the window, for clocks and the way there */
    IDENTIFY_DIAL_AHEAD_MS = 10 * 1000, /* dial when the slot is this near */
    IDENTIFY_BUDGET_MS =
        24 * 60 * 60 * 1000 /* the budget's window: a day from its first */
};

enum ticket_state {
    TICKET_IDLE,    /* in no queue */
    TICKET_WAITING, /* asked; connecting, or not even dialling yet */
    TICKET_READY,   /* could send at once */
    TICKET_GRANTED  /* may send; its key is busy until it has, or has withdrawn */
};

/* A zeroed one is idle. */
struct identify_ticket {
    struct link link; /* on its key's queue while WAITING or READY, on `granted` after */
    uint32_t shard_id, shard_count;
    enum ticket_state state;
};

struct identify_queue {
    uint32_t max_concurrency;
    struct identify_key *keys; /* one per key; owned */
    struct link granted;       /* tickets between grant and send */
    uint64_t n_granted;
    uint64_t allowed; /* how many may be granted; UINT64_MAX: no end to them */
    uint64_t more_at; /* when one more may; UINT64_MAX: nobody knows */
};

/* Until identify_allow is called there is no end to what may be granted. A
 * max_concurrency of 0 counts as 1, one over LIMIT_SHARDS as that. CORDAGE_ENOMEM. */
int identify_init(struct identify_queue *q, uint32_t max_concurrency);
/* The tickets are their owners', and idle from here on. Accepts a zeroed queue. */
void identify_release(struct identify_queue *q);
/* What /gateway/bot said. A new one rebuilds the queues: their order is kept, and nobody
 * is granted before every window that was open has passed. CORDAGE_ENOMEM leaves all as
 * it was. */
int identify_concurrency(struct identify_queue *q, uint32_t max_concurrency);
/* `n` more may be granted (UINT64_MAX: any number), the next one after those not before
 * `more_at`: then it is to be called again. */
void identify_allow(struct identify_queue *q, uint64_t n, uint64_t more_at);
/* Another process sent an IDENTIFY for this shard at `at`: its key's window is open. */
void identify_elsewhere(struct identify_queue *q, uint32_t shard_id, uint64_t at);
/* Whether anybody waits for a grant. */
bool identify_is_wanted(const struct identify_queue *q);

/* Queues an idle ticket; nothing happens to one that has asked already. */
void identify_ask(struct identify_queue *q, struct identify_ticket *t, uint32_t shard_id,
                  uint32_t shard_count);
/* HELLO was read: a waiting ticket may be granted. */
void identify_ready(struct identify_queue *q, struct identify_ticket *t);
/* IDENTIFY has left on a granted ticket: the key's window counts from `now`. */
void identify_sent(struct identify_queue *q, struct identify_ticket *t, uint64_t now);
/* Withdraws, from any state. If it had been granted it counts as sent. */
void identify_cancel(struct identify_queue *q, struct identify_ticket *t, uint64_t now);
/* The next ticket that may send now, moved to GRANTED, lowest shard first; NULL: none. */
struct identify_ticket *identify_next(struct identify_queue *q, uint64_t now);
/* When this waiting ticket could be granted at the earliest, if all before it are quick;
 * UINT64_MAX for one that doesn't wait. Costs time proportional to its place. */
uint64_t identify_eta(const struct identify_queue *q, const struct identify_ticket *t,
                      uint64_t now);
/* When identify_next is worth calling again; UINT64_MAX: after the next call in. */
uint64_t identify_deadline(const struct identify_queue *q, uint64_t now);

#endif
