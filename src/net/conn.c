#include "conn.h"

#include <assert.h>

#include "error.h"
#include "limits.h"

static void on_deadline(struct timer *t)
{
    struct conn *c = CONTAINER_OF(t, struct conn, deadline);

    if (c->state == CONN_HANDSHAKE)
        conn_over(c, CORDAGE_ETIMEOUT, "the TLS handshake did not end in 10 s");
    else if (c->out.n)
        conn_over(c, CORDAGE_ETIMEOUT, "the peer did not take the last bytes");
    else
        conn_over(c, c->err, c->why);
}

static struct conn *conn_new(struct loop *l, struct wire *w, struct guests *guests)
{
    struct conn *c = mem_zero(sizeof *c);

    if (!c)
        return NULL;
    c->loop = l;
    c->wire = w;
    c->guests = guests;
    c->limit = guests ? guests->write_limit : LIMIT_WRITE_QUEUE;
    c->deadline.fire = on_deadline;
    c->tls.feed = &l->feed;
    c->tls.out = &c->out;
    list_init(&c->unwritten);
    list_init(&c->waiting);
    list_insert(&l->conns, &c->on_loop);
    l->n_conns++;
    if (guests) {
        guests->n++;
        list_insert(&guests->handshakes, &c->waiting);
    }
    return c;
}

/* A connection that is over has no descriptor, and makes room for another. */
static void leave_guests(struct conn *c)
{
    list_remove(&c->waiting);
    if (c->guests)
        c->guests->n--;
    c->guests = NULL;
}

static void conn_free(struct conn *c)
{
    struct host *h = &c->loop->host;

    h->disarm(h, &c->deadline);
    dial_cancel(&c->dial);
    sock_close(&c->sock);
    tls_io_release(&c->tls);
    buf_release(&c->out);
    leave_guests(c);
    list_remove(&c->unwritten);
    list_remove(&c->on_loop);
    c->loop->n_conns--;
    free(c);
}

/* --- beginning --- */

static void on_dialled(void *user, struct sock *connected, int err, const char *why)
{
    struct conn *c = user;

    c->dial = NULL;
    c->sock = connected;
    if (err)
        conn_over(c, err, why);
    else
        conn_io_begin(c);
}

int conn_dial(struct host *h, struct wire *w, const struct endpoint *to)
{
    struct loop *l = loop_of(h);
    struct conn *c;
    int err = 0;

    assert(!w->conn);
    if (l->freeing || (to->tls && !l->tls))
        return CORDAGE_ESTATE;
    c = conn_new(l, w, NULL);
    if (!c)
        return CORDAGE_ENOMEM;
    if (to->tls)
        err = tls_io_connect(&c->tls, l->tls, to->host, l->tls_method);
    if (!err)
        err = dial_new(l, to, on_dialled, c, &c->dial);
    if (err) {
        conn_free(c);
        return err;
    }
    w->conn = c;
    return 0;
}

int conn_accept(struct loop *l, int fd, struct guests *guests)
{
    struct conn *c = conn_new(l, NULL, guests);
    int err = c ? 0 : CORDAGE_ENOMEM;

    if (!err && guests->tls)
        err = tls_io_accept(&c->tls, guests->tls, l->tls_method);
    if (!err)
        err = sock_new(l, fd, NULL, NULL, &c->sock);
    if (err && c)
        conn_free(c);
    if (err)
        return err;
    sock_tune(fd);
    conn_io_begin(c);
    return 0;
}

void conn_opened(struct conn *c)
{
    struct host *h = &c->loop->host;
    char peer[SOCK_NAME];

    h->disarm(h, &c->deadline);
    c->state = CONN_OPEN;
    if (c->wire) {
        c->wire->ops->opened(c->wire);
        return;
    }
    list_remove(&c->waiting);
    sock_peer_name(sock_fd(c->sock), peer);
    c->wire = c->guests->accept(c->guests->user, peer);
    if (c->wire)
        c->wire->conn = c;
    else if (c->state == CONN_OPEN) /* the listener may have been freed in there */
        conn_end(c, "refused");
}

/* --- ending --- */

void conn_over(struct conn *c, int err, const char *why)
{
    struct host *h = &c->loop->host;

    if (c->state == CONN_OVER)
        return;
    c->state = CONN_OVER;
    c->err = err;
    c->why = why;
    h->disarm(h, &c->deadline);
    dial_cancel(&c->dial);
    sock_close(&c->sock);
    list_remove(&c->unwritten);
    leave_guests(c);
    /* TLS and queue stay until the end of the turn: a wake may be using them. */
    list_remove(&c->on_loop);
    list_insert(&c->loop->ended, &c->on_loop);
}

void conn_end(struct conn *c, const char *why)
{
    struct host *h = &c->loop->host;

    assert(c->state == CONN_OPEN);
    c->state = CONN_ENDING;
    c->err = CORDAGE_ECLOSED;
    c->why = why;
    if (c->tls.ssl)
        tls_io_bye(&c->tls);
    h->arm(h, &c->deadline, loop_real_ms(c->loop, CONN_ENDING_MS));
    conn_io_want(c);
    conn_io_later(c);
}

void conn_hangup(struct host *h, struct wire *w, enum hangup how)
{
    struct conn *c = w->conn;

    (void)h;
    if (!c || c->state == CONN_OVER)
        return;
    if (how == HANGUP_FLUSH && c->state == CONN_ENDING)
        return;
    if (how == HANGUP_FLUSH && c->state == CONN_OPEN) {
        conn_end(c, "closed");
        return;
    }
    if (how == HANGUP_RESET)
        sock_reset(&c->sock);
    conn_over(c, CORDAGE_ECLOSED, "closed");
}

void conn_tell_ended(struct loop *l)
{
    struct link *last = l->ended.prev, *link = NULL;

    /* Those that end meanwhile are told in the next turn. */
    while (link != last && (link = list_pop(&l->ended))) {
        struct conn *c = CONTAINER_OF(link, struct conn, on_loop);
        struct wire *w = c->wire;
        const char *why = c->why;
        int err = c->err;

        conn_free(c);
        if (!w)
            continue;
        w->conn = NULL;
        w->ops->closed(w, err, why);
    }
}
