/* gate.h - who may connect and who may identify, over all shards of a fleet.
 *
 * One gate in a process, on the control loop; shards on other loops reach it by mail. A
 * resume may dial at once, but only LIMIT_HANDSHAKES of them at one time, in the order
 * they asked.
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
 * Who decides is behind `ops`: this process (gate_local.h), or the supervisor at the
 * other end of the link.
 *
 * gate_cancel fits in anywhere. may_dial and may_identify come from the gate's timer,
 * never from inside one of these calls, and may call any of them but gate_free. */
#ifndef SHARD_GATE_H
#define SHARD_GATE_H

#include "host.h"
#include "identify.h"

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
    /* A may_identify is withdrawn, because the link over which it came is lost: true, it
     * has not been acted upon and will not be; false: it is too late, and gate_sent or
     * gate_cancel follows. NULL: always too late. Only of a gate at the end of a link. */
    bool (*take_back)(struct gate_place *p);
    /* The gate's. */
    struct identify_ticket ticket;
    uint32_t ask;     /* of a gate at the end of a link: the ask's number... */
    bool near;        /* ...whose answer was may_dial */
    struct link link; /* on a list of the gate's: while it waits to dial or for a slot */
    enum place_state state;
    bool resuming;
    uint32_t shard_id, shard_count;
};

/* The first member of every gate. Each function is its namesake's below. */
struct gate {
    const struct gate_ops *ops;
};
struct gate_ops {
    void (*free)(struct gate *g);
    void (*proven)(struct gate *g);
    void (*ask)(struct gate *g, struct gate_place *p, uint32_t shard_id,
                uint32_t shard_count, bool resuming);
    void (*dialled)(struct gate *g, struct gate_place *p);
    void (*ready)(struct gate *g, struct gate_place *p);
    void (*sent)(struct gate *g, struct gate_place *p);
    void (*cancel)(struct gate *g, struct gate_place *p);
};

/* The places are their owners', and idle from here on. NULL is fine. */
void gate_free(struct gate *g);
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

#endif
