/* A worker asks over the link for what a shard of our own would ask the gate itself: here
 * are its places. Asks have numbers, because an answer may cross a withdrawal. */
#include <stdlib.h>

#include "supervisor_inner.h"

static void say(struct slot *slot, enum link_type type)
{
    struct process *p = slot->process;
    struct link_slot m = { .shard = slot->place.shard_id, .ask = slot->ask };

    buf_clear(&p->s->body);
    /* One that can't hear it is not waited for: when its link is back, it asks again. */
    if (link_put_slot(&p->s->body, &m) || process_send(p, type))
        gate_cancel(p->s->gate, &slot->place);
}

static void may_dial(struct gate_place *place)
{
    say(CONTAINER_OF(place, struct slot, place), LINK_MAY_DIAL);
}

static void may_identify(struct gate_place *place)
{
    say(CONTAINER_OF(place, struct slot, place), LINK_MAY_IDENTIFY);
}

int slots_make(struct process *p)
{
    uint32_t n = shard_range_size(&p->part);

    p->slots = calloc(n, sizeof *p->slots);
    if (!p->slots)
        return CORDAGE_ENOMEM;
    for (uint32_t i = 0; i < n; i++) {
        struct slot *slot = &p->slots[i];

        slot->process = p;
        slot->place.may_dial = may_dial;
        slot->place.may_identify = may_identify;
        slot->place.shard_id = p->part.first + i;
        slot->place.shard_count = p->part.count;
    }
    return 0;
}

/* HELLO was read. A resume that became a fresh start comes here without having asked. */
static void ready(struct gate *gate, struct slot *slot, uint32_t ask)
{
    if (slot->ask != ask) {
        gate_cancel(gate, &slot->place);
        slot->ask = ask;
    }
    gate_dialled(gate, &slot->place);
    gate_ready(gate, &slot->place);
}

void slots_message(struct process *p, enum link_type type, const struct link_slot *m)
{
    struct gate *gate = p->s->gate;
    struct slot *slot;

    if (type == LINK_PROVEN) { /* of no shard */
        gate_proven(gate);
        return;
    }
    if (m->shard < p->part.first || m->shard > p->part.last || !p->worker)
        return;
    slot = &p->slots[m->shard - p->part.first];
    if (type == LINK_ASK) {
        slot->ask = m->ask;
        gate_ask(gate, &slot->place, m->shard, p->part.count, false);
    } else if (type == LINK_READY) {
        ready(gate, slot, m->ask);
    } else if (slot->ask != m->ask) {
        return;
    } else if (type == LINK_SENT) {
        gate_sent(gate, &slot->place);
    } else if (type == LINK_CANCEL) {
        gate_cancel(gate, &slot->place);
    }
}

void slots_cancel(struct process *p)
{
    if (!p->slots || !p->s->gate)
        return;
    for (uint32_t i = 0; i < shard_range_size(&p->part); i++)
        gate_cancel(p->s->gate, &p->slots[i].place);
}
