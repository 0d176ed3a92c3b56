/* gate.h - who may connect and who may identify, over all shards of a process.
 *
 * One gate, on the control loop; shards on other loops reach it by mail. A resume may
 * dial at once, but only LIMIT_HANDSHAKES of them at one time, in the order they asked.
 * A fresh start queues for an identify slot (proto/identify) when it asks, and may dial
 * when that slot is within IDENTIFY_DIAL_AHEAD_MS: an unidentified connection that waits
 * for longer would be closed by Discord. In the order of one shard's life:
 *
 *     gate_ask                      it wants to connect
 *     -> may_dial
 *     gate_dialled                  the websocket is open, or could not be opened
 *     gate_ready                    fresh: HELLO was read, it could identify at once
 *     -> may_identify
 *     gate_sent                     IDENTIFY has left; the slot's window begins
 *
 * How many IDENTIFYs may leave at all, the ledger (proto/ledger) says. Each is booked
 * before its slot is granted: in the ledger, and, so that it is counted also when this
 * process dies in the next moment, wherever `book` writes it down. If that fails the slot
 * is granted all the same: what the ledger allows never exceeds what Discord says to
 * every new process, less the reserve.
 *
 * gate_cancel fits in anywhere. may_dial and may_identify come from the gate's timer,
 * never from inside one of these calls, and may call any of them but gate_free. */
#ifndef SHARD_GATE_H
#define SHARD_GATE_H

#include "host.h"
#include "identify.h"
#include "ledger.h"

struct gate;

enum place_state {
    PLACE_IDLE,    /* not dialling: before it asks, after its handshake, after a cancel */
    PLACE_WAITING, /* asked; on a list of the gate's */
    PLACE_DIALLING /* was told may_dial; gate_dialled has not come */
};

/* One shard's place at the gate; embedded in whoever asks, zeroed at first. Its memory
 * may go after a gate_cancel, or after gate_free. */
struct gate_place {
    /* Set before the first ask. Called on the gate's loop. */
    void (*may_dial)(struct gate_place *p);
    void (*may_identify)(struct gate_place *p);
    /* The gate's. */
    struct identify_ticket ticket;
    struct link link; /* on a list of the gate's: while it waits to dial or for a slot */
    enum place_state state;
    bool resuming;
    uint32_t shard_id, shard_count;
};

struct gate_books {
    struct ledger *ledger; /* borrowed; NULL: nothing bounds the IDENTIFYs */
    /* NULL: they are written down nowhere. `wall`: Unix ms. */
    void (*book)(void *user, uint32_t shard_id, uint32_t shard_count, uint64_t wall);
    void *user;
};

/* CORDAGE_ENOMEM. */
int gate_new(struct host *host, uint32_t max_concurrency, const struct gate_books *books,
             struct gate **out);
/* The places are their owners', and idle from here on. NULL is fine. */
void gate_free(struct gate *g);
/* What /gateway/bot said; the ledger has been told the rest of it. CORDAGE_ENOMEM leaves
 * all as it was. */
int gate_limits(struct gate *g, uint32_t max_concurrency);
/* An earlier process booked an IDENTIFY at `wall` (Unix ms): its window may still be
 * open. A time that has not come yet counts as now: the clock was set back. */
void gate_remember(struct gate *g, uint32_t shard_id, uint64_t wall);

/* A session of this bot came up: Discord accepts its token, intents and shard count.
 * Until then one fresh start goes alone, so that a bot which Discord refuses for good
 * spends one IDENTIFY and not one for each key. */
void gate_proven(struct gate *g);

/* A place that still stands for an earlier ask is withdrawn first. */
void gate_ask(struct gate *g, struct gate_place *p, uint32_t shard_id,
              uint32_t shard_count, bool resuming);
/* The handshake is over, well or badly. A fresh start keeps its place in the identify
 * queue: one whose connection failed cancels or asks again. */
void gate_dialled(struct gate *g, struct gate_place *p);
/* Asks for a slot, too, if the place has none: a resume that became a fresh start. */
void gate_ready(struct gate *g, struct gate_place *p);
void gate_sent(struct gate *g, struct gate_place *p);
/* Withdraws from everything. A slot that was granted counts as used: perhaps the IDENTIFY
 * did leave. */
void gate_cancel(struct gate *g, struct gate_place *p);
/* When the last shard that waits for a slot could be granted it, if all are quick; `now`
 * if none waits. */
uint64_t gate_done_at(const struct gate *g);

#endif
