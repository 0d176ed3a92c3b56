/* Three rules, each with a list: resumes wait for a place among the handshakes; fresh
 * starts wait until their slot is near, and then, told to dial, until it is theirs. What
 * becomes possible is done by `look`, on the timer alone; the functions called from
 * outside change lists and see to it that the timer comes. */
#include "gate_local.h"

#include <stdlib.h>

#include "error.h"
#include "limits.h"
#include "moment.h"

struct local {
    struct gate gate;
    struct host *host;
    struct gate_books books;
    struct identify_queue queue;
    struct link resumes;  /* waiting for a place among the handshakes, as they asked */
    struct link dialling; /* resumes that were told to */
    struct link far;      /* fresh, and the slot was too far away when last looked at */
    struct link near;     /* fresh, about to be told to dial: empty outside `look` */
    struct link asking;   /* fresh, told to dial: until it has sent or is withdrawn */
    unsigned n_dialling, n_handshakes;
    bool held; /* no fresh start dials */
    bool proven;              /* or else `pilot` goes alone */
    struct gate_place *pilot; /* told to dial before it was proven; NULL: none is out */
    bool said_empty;          /* that the ledger allows none, since it last did */
    uint64_t far_at;          /* when the first of `far` comes near; 0: find out */
    struct timer timer;
};

static struct local *local_of(struct gate *gate)
{
    return CONTAINER_OF(gate, struct local, gate);
}

static struct gate_place *place_of(struct link *link)
{
    return CONTAINER_OF(link, struct gate_place, link);
}

static uint64_t now_of(const struct local *g)
{
    return g->host->now(g->host);
}

static bool may_resume(const struct local *g)
{
    return !list_is_empty(&g->resumes) && g->n_dialling < g->n_handshakes;
}

/* Nobody is to start yet; or a fresh start has gone ahead, and whether Discord takes this
 * bot is not known. */
static bool must_wait(const struct local *g)
{
    return g->held || (!g->proven && g->pilot);
}

static uint64_t wall_of(const struct local *g)
{
    return g->host->wall(g->host);
}

/* Said once: each further shard has to wait for the same thing. */
static void say_empty(struct local *g, uint64_t when, uint64_t wall)
{
    char moment[MOMENT_TEXT] = "nobody knows when";

    if (g->said_empty)
        return;
    g->said_empty = true;
    if (when != UINT64_MAX)
        moment_text(moment, when, wall);
    log_line(&g->host->log, LOG_WARN,
             "no more identifies are allowed for now (the reserve of %llu stays): shards "
             "without a session wait until %s",
             (unsigned long long)ledger_reserve(g->books.ledger), moment);
}

/* What the ledger allows at this moment, for the queue. */
static void look_it_up(struct local *g)
{
    uint64_t wall = wall_of(g), n, when = UINT64_MAX;

    if (!g->books.ledger)
        return;
    n = ledger_allowed(g->books.ledger, wall);
    if (n != UINT64_MAX)
        when = ledger_when(g->books.ledger, n + 1, wall);
    identify_allow(&g->queue, n, when == UINT64_MAX ? when : now_of(g) + (when - wall));
    if (n)
        g->said_empty = false;
    else if (identify_is_wanted(&g->queue))
        say_empty(g, when, wall);
}

static void arm(struct local *g)
{
    uint64_t now = now_of(g), at = identify_deadline(&g->queue, now);

    if (!list_is_empty(&g->far) && !must_wait(g) && g->far_at < at)
        at = g->far_at > now ? g->far_at : now;
    if (may_resume(g))
        at = now;
    if (at == UINT64_MAX)
        g->host->disarm(g->host, &g->timer);
    else
        g->host->arm(g->host, &g->timer, at);
}

static void let_resumes_dial(struct local *g)
{
    while (may_resume(g)) {
        struct gate_place *p = place_of(list_pop(&g->resumes));

        list_insert(&g->dialling, &p->link);
        g->n_dialling++;
        p->state = PLACE_DIALLING;
        p->may_dial(p);
    }
}

/* Sorts the far from the near. It looks at every place each time: the queue of some
 * thousand shards is walked a few times a second, and only while they start. */
static void find_near(struct local *g, uint64_t now)
{
    struct link *at, *next;

    g->far_at = UINT64_MAX;
    for (at = g->far.next; at != &g->far; at = next) {
        struct gate_place *p = place_of(at);
        uint64_t eta = identify_eta(&g->queue, &p->ticket, now);

        next = at->next;
        if (eta <= now + IDENTIFY_DIAL_AHEAD_MS) {
            list_remove(at);
            list_insert(&g->near, at);
            if (!g->proven) {
                g->far_at = 0; /* the rest is looked at when this one has come up */
                return;
            }
        } else if (eta != UINT64_MAX && eta - IDENTIFY_DIAL_AHEAD_MS < g->far_at) {
            g->far_at = eta - IDENTIFY_DIAL_AHEAD_MS;
        }
    }
}

static void let_near_dial(struct local *g)
{
    struct link *link;

    while ((link = list_pop(&g->near))) {
        struct gate_place *p = place_of(link);

        list_insert(&g->asking, link);
        g->pilot = p;
        p->state = PLACE_DIALLING;
        p->may_dial(p);
    }
}

/* Before it can leave. Without memory the ledger still counts Discord's remaining down.
 */
static void book(struct local *g, const struct gate_place *p)
{
    uint64_t wall = wall_of(g);

    if (g->books.ledger)
        (void)ledger_book(g->books.ledger, wall);
    if (g->books.book)
        g->books.book(g->books.user, p->shard_id, p->shard_count, wall);
}

static void grant_slots(struct local *g, uint64_t now)
{
    struct identify_ticket *ticket;

    look_it_up(g);
    while ((ticket = identify_next(&g->queue, now))) {
        struct gate_place *p = CONTAINER_OF(ticket, struct gate_place, ticket);

        book(g, p);
        g->far_at = 0; /* those who wait for more than is left are farther away now */
        p->may_identify(p);
    }
    look_it_up(g);
}

static void look(struct timer *t)
{
    struct local *g = CONTAINER_OF(t, struct local, timer);
    uint64_t now = now_of(g);

    let_resumes_dial(g);
    grant_slots(g, now);
    if (now >= g->far_at && !must_wait(g)) {
        find_near(g, now);
        let_near_dial(g);
    }
    arm(g);
}

static void idle_all(struct link *places)
{
    struct link *link;

    while ((link = list_pop(places)))
        place_of(link)->state = PLACE_IDLE;
}

static void local_free(struct gate *gate)
{
    struct local *g = local_of(gate);

    g->host->disarm(g->host, &g->timer);
    idle_all(&g->resumes);
    idle_all(&g->dialling);
    idle_all(&g->far);
    idle_all(&g->asking);
    identify_release(&g->queue);
    free(g);
}

int gate_limits(struct gate *gate, uint32_t max_concurrency)
{
    struct local *g = local_of(gate);
    int err = identify_concurrency(&g->queue, max_concurrency);

    look_it_up(g);
    g->far_at = 0;
    arm(g);
    return err;
}

void gate_remember(struct gate *gate, uint32_t shard_id, uint64_t wall)
{
    struct local *g = local_of(gate);
    uint64_t now = now_of(g), now_wall = wall_of(g);
    uint64_t ago = wall < now_wall ? now_wall - wall : 0;

    identify_elsewhere(&g->queue, shard_id, now > ago ? now - ago : 0);
    arm(g);
}

static void local_proven(struct gate *gate)
{
    struct local *g = local_of(gate);

    g->proven = true;
    arm(g);
}

static void withdraw(struct local *g, struct gate_place *p)
{
    if (!p->link.next) /* zeroed: it has never asked */
        list_init(&p->link);
    list_remove(&p->link);
    if (p->resuming && p->state == PLACE_DIALLING)
        g->n_dialling--;
    if (g->pilot == p)
        g->pilot = NULL;
    p->state = PLACE_IDLE;
    if (p->ticket.state != TICKET_IDLE) {
        identify_cancel(&g->queue, &p->ticket, now_of(g));
        g->far_at = 0; /* those behind it have come nearer */
    }
}

static void local_ask(struct gate *gate, struct gate_place *p, uint32_t shard_id,
              uint32_t shard_count, bool resuming)
{
    struct local *g = local_of(gate);

    withdraw(g, p);
    p->shard_id = shard_id;
    p->shard_count = shard_count;
    p->resuming = resuming;
    p->state = PLACE_WAITING;
    if (resuming) {
        list_insert(&g->resumes, &p->link);
    } else {
        list_insert(&g->far, &p->link);
        identify_ask(&g->queue, &p->ticket, shard_id, shard_count);
        g->far_at = 0;
    }
    arm(g);
}

static void local_dialled(struct gate *gate, struct gate_place *p)
{
    struct local *g = local_of(gate);

    if (p->state != PLACE_DIALLING)
        return;
    p->state = PLACE_IDLE;
    if (p->resuming) {
        list_remove(&p->link);
        g->n_dialling--;
    }
    arm(g);
}

static void local_ready(struct gate *gate, struct gate_place *p)
{
    struct local *g = local_of(gate);

    if (p->ticket.state == TICKET_IDLE) {
        withdraw(g, p);
        identify_ask(&g->queue, &p->ticket, p->shard_id, p->shard_count);
        list_insert(&g->asking, &p->link);
    }
    identify_ready(&g->queue, &p->ticket);
    arm(g);
}

static void local_sent(struct gate *gate, struct gate_place *p)
{
    struct local *g = local_of(gate);

    if (p->ticket.state != TICKET_GRANTED)
        return;
    identify_sent(&g->queue, &p->ticket, now_of(g));
    list_remove(&p->link);
    arm(g);
}

static void local_cancel(struct gate *gate, struct gate_place *p)
{
    struct local *g = local_of(gate);

    withdraw(g, p);
    arm(g);
}

/* The latest slot of those on a list, if it is later than `latest`. */
static uint64_t latest_slot(const struct local *g, const struct link *places,
                            uint64_t latest, uint64_t now)
{
    for (struct link *at = places->next; at != places; at = at->next) {
        struct gate_place *p = place_of(at);
        uint64_t eta = identify_eta(&g->queue, &p->ticket, now);

        if (eta != UINT64_MAX && eta > latest)
            latest = eta;
    }
    return latest;
}

uint64_t gate_done_at(const struct gate *gate)
{
    const struct local *g = CONTAINER_OF(gate, const struct local, gate);
    uint64_t now = now_of(g), latest = now;

    latest = latest_slot(g, &g->far, latest, now);
    latest = latest_slot(g, &g->near, latest, now);
    return latest_slot(g, &g->asking, latest, now);
}

void gate_remember_all(struct gate *gate)
{
    struct local *g = local_of(gate);

    for (uint32_t key = 0; key < g->queue.max_concurrency; key++)
        identify_elsewhere(&g->queue, key, now_of(g));
    arm(g);
}

void gate_hold(struct gate *gate, bool held)
{
    struct local *g = local_of(gate);

    g->held = held;
    g->far_at = 0;
    arm(g);
}

void gate_handshakes(struct gate *gate, uint32_t n)
{
    struct local *g = local_of(gate);

    g->n_handshakes = n ? n : 1;
    arm(g);
}

static const struct gate_ops local_ops = {
    .free = local_free,
    .proven = local_proven,
    .ask = local_ask,
    .dialled = local_dialled,
    .ready = local_ready,
    .sent = local_sent,
    .cancel = local_cancel,
};

int gate_new(struct host *host, uint32_t max_concurrency, const struct gate_books *books,
             struct gate **out)
{
    struct local *g = mem_zero(sizeof *g);

    *out = NULL;
    if (!g || identify_init(&g->queue, max_concurrency)) {
        free(g);
        return CORDAGE_ENOMEM;
    }
    g->host = host;
    g->books = *books;
    g->timer.fire = look;
    list_init(&g->resumes);
    list_init(&g->dialling);
    list_init(&g->far);
    list_init(&g->near);
    list_init(&g->asking);
    look_it_up(g);
    g->gate.ops = &local_ops;
    g->n_handshakes = LIMIT_HANDSHAKES;
    *out = &g->gate;
    return 0;
}
