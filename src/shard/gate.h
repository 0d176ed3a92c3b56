/* gate.h - who may connect and who may identify, over all shards of a process.
 *
 * One gate, on the control loop; shards on other loops reach it by mail. Before a
 * fresh start dials, its identify slot must be within 10 s; resumes go at once, at
 * most LIMIT_HANDSHAKES at one time. Slots come from proto/identify. */
#ifndef SHARD_GATE_H
#define SHARD_GATE_H

#include "host.h"
#include "identify.h"

struct gate;

/* One shard's place at the gate; embedded in whoever asks, zeroed at first. */
struct gate_place {
    struct identify_ticket ticket;
    struct link handshake; /* waiting for a place among the handshakes */
    struct gate *gate;
    bool asked_fresh, dialling;
    /* Called on the gate's loop. */
    void (*may_dial)(struct gate_place *p);
    void (*may_identify)(struct gate_place *p);
};

int gate_new(struct host *host, uint32_t max_concurrency, struct gate **out);
void gate_free(struct gate *g);
int gate_limits(struct gate *g, uint32_t max_concurrency, uint64_t total, uint64_t remaining,
                uint64_t reset_after_ms);
void gate_ask(struct gate *g, struct gate_place *p, uint32_t shard_id, uint32_t shard_count,
              bool resuming);
void gate_dialled(struct gate *g, struct gate_place *p);  /* handshake over */
void gate_ready(struct gate *g, struct gate_place *p);    /* HELLO read, wants the slot */
void gate_sent(struct gate *g, struct gate_place *p);
void gate_cancel(struct gate *g, struct gate_place *p);   /* withdraw from everything */
/* When the last waiting shard could be granted; `now` if none waits. */
uint64_t gate_done_at(const struct gate *g);

#endif
