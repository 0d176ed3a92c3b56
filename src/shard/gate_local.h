/* gate_local.h - the gate that decides itself: in a bot that runs alone, and in a
 * supervisor for the shards of all its workers.
 *
 * How many IDENTIFYs may leave at all, the ledger (proto/ledger) says. Each is booked
 * before its slot is granted: in the ledger, and, so that it is counted also when this
 * process dies in the next moment, wherever `book` writes it down. If that fails the slot
 * is granted all the same: what the ledger allows never exceeds what Discord says to
 * every new process, less the reserve. */
#ifndef SHARD_GATE_LOCAL_H
#define SHARD_GATE_LOCAL_H

#include "gate.h"
#include "ledger.h"

struct gate_books {
    struct ledger *ledger; /* borrowed; NULL: nothing bounds the IDENTIFYs */
    /* NULL: they are written down nowhere. `wall`: Unix ms. */
    void (*book)(void *user, uint32_t shard_id, uint32_t shard_count, uint64_t wall);
    void *user;
};

/* CORDAGE_ENOMEM. gate_free frees it. The functions below take no other gate. */
int gate_new(struct host *host, uint32_t max_concurrency, const struct gate_books *books,
             struct gate **out);
/* What /gateway/bot said; the ledger has been told the rest of it. CORDAGE_ENOMEM leaves
 * all as it was. */
int gate_limits(struct gate *g, uint32_t max_concurrency);
/* An earlier process booked an IDENTIFY at `wall` (Unix ms): its window may still be
 * open. A time that has not come yet counts as now: the clock was set back. */
void gate_remember(struct gate *g, uint32_t shard_id, uint64_t wall);
/* Another process that lives may have used any slot up to now: all windows are open. */
void gate_remember_all(struct gate *g);
/* While it is held no fresh start is told to dial; resumes go on. */
void gate_hold(struct gate *g, bool held);
/* When the last shard that waits for a slot could be granted it, if all are quick; `now`
 * if none waits. */
uint64_t gate_done_at(const struct gate *g);
/* How many resumes may dial at one time, in place of LIMIT_HANDSHAKES; at least 1. */
void gate_handshakes(struct gate *g, uint32_t n);

#endif
