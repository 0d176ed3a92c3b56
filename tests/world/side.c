#include "side.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"

enum { READ_MAX = 64 * 1024 /* what a side is given at one time */ };

struct side *side_other(struct side *s)
{
    return s == &s->conn->client ? &s->conn->discord : &s->conn->client;
}

bool side_is_client(const struct side *s)
{
    return s == &s->conn->client;
}

uint64_t side_latency(void)
{
    return net_between(the_net.weather.latency_min, the_net.weather.latency_max);
}

/* ---- A side, and what happens to it next --------------------------------------------
 */

size_t side_backlog(struct side *s)
{
    size_t n = side_other(s)->n_coming;

    return n > SIDE_WINDOW ? n - SIDE_WINDOW : 0;
}

bool side_is_cut_off(const struct conn *c)
{
    return c->is_frozen || the_net.weather.down;
}

static struct piece *first_piece(const struct side *s)
{
    return list_is_empty(&s->coming) ? NULL
                                     : CONTAINER_OF(s->coming.next, struct piece, link);
}

uint64_t side_not_before(uint64_t at)
{
    return at < the_net.held_until ? the_net.held_until : at;
}

/* When the other's bytes, or its end, are there. */
static uint64_t next_from_other(struct side *s)
{
    struct piece *p = first_piece(s);
    uint64_t end = s->end_at;

    if (side_is_cut_off(s->conn))
        return UINT64_MAX;
    if (s->state == SIDE_ENDING || s->is_reset)
        return end == UINT64_MAX ? end : side_not_before(end);
    if (s->is_paused)
        return UINT64_MAX;
    if (p)
        return side_not_before(p->at);
    return end == UINT64_MAX ? end : side_not_before(end);
}

static uint64_t next_at(struct side *s)
{
    uint64_t at = UINT64_MAX, theirs;

    if (s->state == SIDE_GONE)
        return UINT64_MAX;
    if (s->state == SIDE_OVER)
        return machine_now();
    if (s->state == SIDE_OPEN && s->is_drain_due && side_backlog(s) == 0)
        return machine_now();
    if (s->state != SIDE_OPEN)
        at = s->due;
    if (s->state == SIDE_DIAL || s->state == SIDE_KNOCK)
        return at;
    theirs = next_from_other(s);
    return theirs < at ? theirs : at;
}

static void disarm(struct side *s)
{
    if (side_is_client(s))
        vloop_disarm(s->conn->loop, &s->wake);
    else
        machine_disarm(&s->wake);
}

void side_settle(struct side *s)
{
    uint64_t at = next_at(s);

    if (at == UINT64_MAX) {
        if (s->state != SIDE_GONE)
            disarm(s);
    } else if (s->wake.place && s->wake.at == at) {
        return;
    } else if (side_is_client(s)) {
        vloop_arm(s->conn->loop, &s->wake, at);
    } else {
        machine_arm(&s->wake, at);
    }
}

void side_drop_coming(struct side *s)
{
    struct link *link;

    while ((link = list_pop(&s->coming)))
        free(CONTAINER_OF(link, struct piece, link));
    s->n_coming = 0;
    if (side_other(s)->state == SIDE_OPEN)
        side_settle(side_other(s));
}

void side_free_if_gone(struct conn *c)
{
    if (c->client.state != SIDE_GONE || c->discord.state != SIDE_GONE)
        return;
    side_drop_coming(&c->client);
    side_drop_coming(&c->discord);
    list_remove(&c->link);
    free(c);
}

void side_tell_closed(struct conn *c)
{
    if (!c->is_closed && the_net.watch.closed)
        the_net.watch.closed(c->process, c->id);
    c->is_closed = true;
}

/* ---- Ends ---------------------------------------------------------------------------
 */

void side_be_over(struct side *s, int err, const char *why)
{
    if (s->state >= SIDE_OVER)
        return;
    s->state = SIDE_OVER;
    s->err = err;
    s->why = why;
    side_drop_coming(s);
    if (side_is_client(s))
        side_tell_closed(s->conn);
    side_settle(s);
}

void side_send_end(struct side *s, int err, const char *why, bool is_reset)
{
    struct side *o = side_other(s);
    uint64_t at = machine_now() + side_latency();

    if (o->end_at != UINT64_MAX && !is_reset)
        return;
    if (!is_reset && at < o->last_at)
        at = o->last_at;
    o->end_at = at;
    o->is_reset = is_reset;
    o->end_err = err;
    o->end_why = why;
    side_settle(o);
}

/* What the kernel has not taken is lost. */
static void lose_backlog(struct side *s)
{
    struct side *o = side_other(s);

    while (o->n_coming > SIDE_WINDOW) {
        struct piece *last = CONTAINER_OF(o->coming.prev, struct piece, link);

        o->n_coming -= last->n - last->done;
        list_remove(&last->link);
        free(last);
    }
}

void side_drop(struct side *s)
{
    bool is_reset = s->n_coming > 0;

    lose_backlog(s);
    if (is_reset)
        side_send_end(s, CORDAGE_ENET, "connection reset by peer", true);
    else
        side_send_end(s, CORDAGE_ENET, "the peer cut the connection off", false);
}

static void on_end_of_other(struct side *s)
{
    if (s->state == SIDE_ENDING) {
        side_be_over(s, s->err, s->why);
        return;
    }
    if (s->end_err == CORDAGE_ECLOSED)
        side_send_end(s, CORDAGE_ECLOSED, "closed by the peer", false);
    side_be_over(s, s->end_err, s->end_why);
}

void side_tell_over(struct side *s)
{
    struct wire *w = s->wire;
    int err = s->err;
    const char *why = s->why;
    struct conn *c = s->conn;

    disarm(s);
    s->state = SIDE_GONE;
    s->wire = NULL;
    side_free_if_gone(c);
    if (w) {
        w->conn = NULL;
        w->ops->closed(w, err, why);
    }
}

/* ---- Bytes --------------------------------------------------------------------------
 */

void side_put(struct side *to, struct str bytes)
{
    struct piece *p = malloc(sizeof *p + bytes.n);
    uint64_t at = machine_now() + side_latency();

    if (!p)
        machine_die("out of memory");
    if (at < to->last_at)
        at = to->last_at;
    to->last_at = at;
    p->at = at;
    p->left = machine_now();
    p->n = bytes.n;
    p->done = 0;
    memcpy(p->bytes, bytes.p, bytes.n);
    list_init(&p->link);
    list_insert(&to->coming, &p->link);
    to->n_coming += bytes.n;
}

/* What comes to Discord is looked at by when it was sent. */
static bool is_of_another_time(const struct side *s, const struct piece *piece)
{
    return s == &s->conn->discord && piece->left != s->conn->left;
}

/* Takes what has come, up to READ_MAX, into memory of its own, so that a sanitizer sees
 * who reads too far or too late. */
static char *take_bytes(struct side *s, size_t *n)
{
    size_t size = 0;
    char *p;

    if (s == &s->conn->discord)
        s->conn->left = first_piece(s)->left;
    for (struct link *at = s->coming.next; at != &s->coming; at = at->next) {
        struct piece *piece = CONTAINER_OF(at, struct piece, link);

        if (side_not_before(piece->at) > machine_now() || size >= READ_MAX ||
            is_of_another_time(s, piece))
            break;
        size += piece->n - piece->done;
        if (the_net.weather.chunk_max)
            break;
    }
    *n = size < READ_MAX ? size : READ_MAX;
    p = malloc(*n + BUF_SLACK);
    if (!p)
        machine_die("out of memory");
    for (size_t at = 0; at < *n;) {
        struct piece *piece = first_piece(s);
        size_t part = piece->n - piece->done;

        part = part < *n - at ? part : *n - at;
        memcpy(p + at, piece->bytes + piece->done, part);
        at += part;
        piece->done += part;
        if (piece->done < piece->n)
            break;
        list_remove(&piece->link);
        free(piece);
    }
    memset(p + *n, '"', BUF_SLACK);
    s->n_coming -= *n;
    return p;
}

static void give_bytes(struct side *s)
{
    size_t n;
    char *p = take_bytes(s, &n);

    net_note((struct str){ p, n });
    if (side_other(s)->state == SIDE_OPEN)
        side_settle(side_other(s)); /* which may have waited for the room */
    the_net.delivering = s->conn;
    s->wire->ops->bytes(s->wire, p, n);
    the_net.delivering = NULL;
    free(p);
}

static void on_time(struct side *s)
{
    struct piece *p = first_piece(s);

    if (s->end_at != UINT64_MAX && next_from_other(s) <= machine_now() &&
        (s->state == SIDE_ENDING || s->is_reset || !p))
        on_end_of_other(s);
    else if (s->state == SIDE_ENDING && s->due <= machine_now())
        side_be_over(s, s->err, s->why);
    else if (s->state == SIDE_OPEN && s->is_drain_due && side_backlog(s) == 0) {
        s->is_drain_due = false;
        if (s->wire->ops->drained)
            s->wire->ops->drained(s->wire);
    } else if (s->state == SIDE_OPEN && p && next_from_other(s) <= machine_now()) {
        give_bytes(s);
    }
}

void side_on_wake(struct timer *t)
{
    struct side *s = CONTAINER_OF(t, struct side, wake);

    switch (s->state) {
    case SIDE_DIAL:
        side_on_dialled(s);
        break;
    case SIDE_KNOCK:
        side_on_knock(s);
        break;
    case SIDE_OPEN:
    case SIDE_ENDING:
        on_time(s);
        break;
    case SIDE_OVER:
        side_tell_over(s);
        return;
    case SIDE_GONE:
        return;
    }
    side_settle(s);
}
