/* A place that resumes is the inner gate's, a fresh one is on one of our lists; which of
 * them it is, `resuming` says. The state of a fresh place's ticket is used as the queue
 * at the other end uses it: WAITING until HELLO was read, then READY, then GRANTED. */
#include "gate_link.h"

#include <stdlib.h>

#include "error.h"
#include "gate_local.h"
#include "mem.h"

struct gate_link {
    struct gate gate;
    struct gate *inner;
    struct gate_mouth mouth;
    struct link waiting; /* fresh: asked, or to be asked when the link stands */
    struct link near;    /* fresh: MAY_DIAL came; until it has sent or is withdrawn */
    uint32_t last_ask;
    bool up;
    bool proven, said_proven;
};

static struct gate_link *of(struct gate *gate)
{
    return CONTAINER_OF(gate, struct gate_link, gate);
}

static struct gate_place *place_of(struct link *link)
{
    return CONTAINER_OF(link, struct gate_place, link);
}

/* ---- To the supervisor --------------------------------------------------------------
 */

static void say(struct gate_link *g, enum link_type type, const struct gate_place *p)
{
    const struct link_slot slot = { .shard = p->shard_id, .ask = p->ask };

    if (g->up && p->ask)
        g->mouth.send(g->mouth.user, type, &slot);
}

static void say_proven(struct gate_link *g)
{
    const struct link_slot nobody = { 0 };

    if (!g->up || !g->proven || g->said_proven)
        return;
    g->said_proven = true;
    g->mouth.send(g->mouth.user, LINK_PROVEN, &nobody);
}

/* Asks, if there is somebody to ask. 0 is no number. */
static void ask_for(struct gate_link *g, struct gate_place *p)
{
    p->near = false;
    p->ask = 0;
    if (!g->up)
        return;
    p->ask = ++g->last_ask ? g->last_ask : ++g->last_ask;
    say(g, LINK_ASK, p);
}

/* ---- A place -------------------------------------------------------------------------
 */

static void forget(struct gate_place *p)
{
    list_remove(&p->link);
    p->state = PLACE_IDLE;
    p->ticket.state = TICKET_IDLE;
    p->near = false;
    p->ask = 0;
}

static bool is_fresh(const struct gate_place *p)
{
    return !p->resuming && p->ticket.state != TICKET_IDLE;
}

static void withdraw(struct gate_link *g, struct gate_place *p)
{
    if (is_fresh(p)) {
        say(g, LINK_CANCEL, p);
        forget(p);
    } else {
        gate_cancel(g->inner, p);
    }
}

static void queue(struct gate_link *g, struct gate_place *p, enum ticket_state state)
{
    p->resuming = false;
    p->ticket.state = state;
    list_insert(&g->waiting, &p->link);
    ask_for(g, p);
}

static void link_gate_ask(struct gate *gate, struct gate_place *p, uint32_t shard_id,
                          uint32_t shard_count, bool resuming)
{
    struct gate_link *g = of(gate);

    withdraw(g, p);
    if (resuming) {
        gate_ask(g->inner, p, shard_id, shard_count, true);
        return;
    }
    p->shard_id = shard_id;
    p->shard_count = shard_count;
    p->state = PLACE_WAITING;
    queue(g, p, TICKET_WAITING);
}

static void link_gate_dialled(struct gate *gate, struct gate_place *p)
{
    if (p->resuming)
        gate_dialled(of(gate)->inner, p);
    else if (p->state == PLACE_DIALLING)
        p->state = PLACE_IDLE;
}

static void link_gate_ready(struct gate *gate, struct gate_place *p)
{
    struct gate_link *g = of(gate);

    if (!is_fresh(p)) {
        gate_cancel(g->inner, p);
        queue(g, p, TICKET_READY); /* a resume that became a fresh start */
    } else if (p->ticket.state == TICKET_WAITING) {
        p->ticket.state = TICKET_READY;
        if (p->near)
            say(g, LINK_READY, p);
    }
}

static void link_gate_sent(struct gate *gate, struct gate_place *p)
{
    if (p->ticket.state != TICKET_GRANTED)
        return;
    say(of(gate), LINK_SENT, p);
    forget(p);
}

static void link_gate_cancel(struct gate *gate, struct gate_place *p)
{
    withdraw(of(gate), p);
}

static void link_gate_proven(struct gate *gate)
{
    of(gate)->proven = true;
    say_proven(of(gate));
}

/* ---- From the supervisor --------------------------------------------------------------
 */

static struct gate_place *find(struct link *places, const struct link_slot *slot)
{
    for (struct link *at = places->next; at != places; at = at->next) {
        struct gate_place *p = place_of(at);

        if (p->ask == slot->ask && p->shard_id == slot->shard)
            return p;
    }
    return NULL;
}

/* A shard that has dialled already, when it was asked for on an earlier link or as a
 * resume, is not told again. */
static void on_may_dial(struct gate_link *g, struct gate_place *p)
{
    bool is_news = p->state == PLACE_WAITING;

    list_remove(&p->link);
    list_insert(&g->near, &p->link);
    p->near = true;
    if (p->ticket.state == TICKET_READY)
        say(g, LINK_READY, p);
    if (is_news) {
        p->state = PLACE_DIALLING;
        p->may_dial(p);
    }
}

void gate_link_answer(struct gate *gate, enum link_type type,
                      const struct link_slot *slot)
{
    struct gate_link *g = of(gate);
    struct gate_place *p = slot->ask ? find(&g->waiting, slot) : NULL;

    if (type == LINK_MAY_DIAL && p) {
        on_may_dial(g, p);
    } else if (type == LINK_MAY_IDENTIFY && slot->ask) {
        p = find(&g->near, slot);
        if (!p || p->ticket.state != TICKET_READY)
            return;
        p->ticket.state = TICKET_GRANTED;
        p->may_identify(p);
    }
}

void gate_link_up(struct gate *gate, uint32_t handshakes)
{
    struct gate_link *g = of(gate);

    gate_handshakes(g->inner, handshakes);
    if (g->up)
        return;
    g->up = true;
    say_proven(g);
    for (struct link *at = g->waiting.next; at != &g->waiting; at = at->next)
        ask_for(g, place_of(at));
}

/* Those that were near come first again: they may have a connection. */
void gate_link_down(struct gate *gate)
{
    struct gate_link *g = of(gate);
    struct link *at, *before = &g->waiting, *next;

    g->up = g->said_proven = false;
    for (at = g->waiting.next; at != &g->waiting; at = at->next)
        place_of(at)->ask = 0;
    for (at = g->near.next; at != &g->near; at = next) {
        struct gate_place *p = place_of(at);

        next = at->next;
        p->ask = 0;
        p->near = false;
        if (p->ticket.state == TICKET_GRANTED && !(p->take_back && p->take_back(p)))
            continue; /* its IDENTIFY has left, or leaves now */
        if (p->ticket.state == TICKET_GRANTED)
            p->ticket.state = TICKET_READY;
        list_remove(at);
        list_insert(before->next, at);
        before = at;
    }
}

/* ---- Made and freed -------------------------------------------------------------------
 */

static void link_gate_free(struct gate *gate)
{
    struct gate_link *g = of(gate);

    while (!list_is_empty(&g->waiting))
        withdraw(g, place_of(g->waiting.next));
    while (!list_is_empty(&g->near))
        withdraw(g, place_of(g->near.next));
    gate_free(g->inner);
    free(g);
}

static const struct gate_ops link_ops = {
    .free = link_gate_free,
    .proven = link_gate_proven,
    .ask = link_gate_ask,
    .dialled = link_gate_dialled,
    .ready = link_gate_ready,
    .sent = link_gate_sent,
    .cancel = link_gate_cancel,
};

int gate_link_new(struct host *host, const struct gate_mouth *mouth, struct gate **out)
{
    const struct gate_books no_books = { 0 };
    struct gate_link *g = mem_zero(sizeof *g);
    int err;

    *out = NULL;
    if (!g)
        return CORDAGE_ENOMEM;
    err = gate_new(host, 1, &no_books, &g->inner);
    if (err) {
        free(g);
        return err;
    }
    g->gate.ops = &link_ops;
    g->mouth = *mouth;
    list_init(&g->waiting);
    list_init(&g->near);
    *out = &g->gate;
    return 0;
}
