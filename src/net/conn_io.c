/* conn_io.c - a connection's bytes: one `recv` per wake, and writes at the turn's end. */
#include <assert.h>
#include <errno.h>
#include <sys/socket.h>

#include "conn.h"
#include "error.h"

/* A send that finds more than this waiting has it written at once, and not at the end of
 * the turn: so a burst meets the limit only when the kernel takes no more. */
enum { WRITE_AT_ONCE = 32 * 1024 };

/* --- writing --- */

static size_t waiting(const struct conn *c)
{
    return c->out.n - c->sent;
}

static void forget_written(struct conn *c)
{
    if (waiting(c) == 0) {
        buf_release(&c->out);
        c->sent = 0;
    } else if (c->sent > c->out.n / 2) {
        buf_consume(&c->out, c->sent);
        c->sent = 0;
    }
}

/* Hands the kernel what it takes. */
static void write_out(struct conn *c)
{
    c->is_blocked = false;
    while (waiting(c) && !c->write_errno && !c->is_blocked) {
        ssize_t n = send(sock_fd(c->sock), c->out.p + c->sent, waiting(c), MSG_NOSIGNAL);

        if (n >= 0)
            c->sent += (size_t)n;
        else if (errno == EAGAIN || errno == EWOULDBLOCK)
            c->is_blocked = true;
        else if (errno != EINTR)
            c->write_errno = errno;
    }
    if (c->write_errno)
        c->sent = c->out.n;
    forget_written(c);
}

void conn_io_later(struct conn *c)
{
    if (list_is_empty(&c->unwritten))
        list_insert(&c->loop->unwritten, &c->unwritten);
}

static int queue(struct conn *c, struct str bytes)
{
    size_t records = bytes.n / TLS_FRAGMENT + 1;
    int err;

    if (!c->tls.ssl)
        return buf_append_str(&c->out, bytes);
    /* Room first: TLS that has been refused room in the middle can't go on. */
    err = buf_reserve(&c->out, bytes.n + records * TLS_OVERHEAD);
    if (err)
        return err;
    if (!tls_io_write(&c->tls, bytes)) {
        conn_over(c, CORDAGE_ETLS, tls_io_why(&c->tls));
        return CORDAGE_ECLOSED;
    }
    return 0;
}

int conn_send(struct host *h, struct wire *w, struct str bytes)
{
    struct conn *c = w->conn;
    int err;

    (void)h;
    if (!c || c->state != CONN_OPEN || c->write_errno)
        return CORDAGE_ECLOSED;
    if (bytes.n == 0)
        return 0;
    if (waiting(c) >= WRITE_AT_ONCE && !c->is_blocked)
        write_out(c);
    if (waiting(c) + bytes.n > c->limit)
        return CORDAGE_ELIMIT;
    err = queue(c, bytes);
    if (err)
        return err;
    c->is_drain_due = true;
    /* Blocked: the kernel says when it goes on. */
    if (!c->is_blocked)
        conn_io_later(c);
    else
        conn_io_want(c);
    return 0;
}

size_t conn_backlog(struct host *h, const struct wire *w)
{
    const struct conn *c = w->conn;

    (void)h;
    return c ? waiting(c) : 0;
}

void loop_set_write_limit(struct host *h, struct wire *w, size_t limit)
{
    struct conn *c = w->conn;

    (void)h;
    if (c)
        c->limit = limit;
}

/* What comes after the last byte: our end of TCP, then the peer's. */
static void go_on_ending(struct conn *c)
{
    if (c->write_errno) {
        conn_over(c, CORDAGE_ENET, sock_why(c->write_errno));
        return;
    }
    if (waiting(c))
        return;
    if (!c->has_ended)
        shutdown(sock_fd(c->sock), SHUT_WR);
    c->has_ended = true;
    if (c->peer_ended)
        conn_over(c, c->err, c->why);
}

/* The peer resets or falls silent: reading finds that out. Other failures are ours. */
static bool will_reading_end(int write_errno)
{
    return write_errno == EPIPE || write_errno == ECONNRESET;
}

static void write_one(struct conn *c)
{
    if (!c->is_blocked)
        write_out(c);
    if (c->state == CONN_ENDING)
        go_on_ending(c);
    else if (c->write_errno && !will_reading_end(c->write_errno))
        conn_over(c, CORDAGE_ENET, sock_why(c->write_errno));
    else if (c->state == CONN_OPEN && c->is_drain_due && !waiting(c) && !c->write_errno) {
        c->is_drain_due = false;
        if (c->wire->ops->drained)
            c->wire->ops->drained(c->wire);
    }
    conn_io_want(c);
}

void conn_write_all(struct loop *l)
{
    struct link batch, *link;

    /* What `drained` sends is for the next turn, or a sender without end would stay here.
     */
    list_init(&batch);
    list_join(&batch, &l->unwritten);
    while ((link = list_pop(&batch)))
        write_one(CONTAINER_OF(link, struct conn, unwritten));
}

/* --- reading --- */

/* TLS has broken for good: its last alert goes out if there is room for it. */
static void tls_broke(struct conn *c, const char *why)
{
    if (!c->is_blocked)
        write_out(c);
    conn_over(c, CORDAGE_ETLS, why);
}

static void shake_hands(struct conn *c)
{
    enum tls_result result = tls_io_handshake(&c->tls);

    if (waiting(c))
        conn_io_later(c);
    if (result == TLS_OK)
        conn_opened(c);
    else if (result != TLS_MORE)
        tls_broke(c, tls_io_why(&c->tls));
}

static void peer_said_goodbye(struct conn *c)
{
    c->peer_ended = true;
    conn_end(c, "closed by the peer");
}

/* Reads until TLS wants more; see tls_io.h. The owner gets it in one piece. */
static void read_records(struct conn *c)
{
    char *plain = c->loop->plain;
    const char *why = NULL;
    enum tls_result result;
    size_t n = 0, got;

    do {
        result = tls_io_read(&c->tls, plain + n, LOOP_PLAIN - n, &got);
        n += got;
        if (result == TLS_FAILED)
            why = tls_io_why(&c->tls); /* before the owner calls OpenSSL again */
        if (n && (result != TLS_OK || n == LOOP_PLAIN)) {
            c->wire->ops->bytes(c->wire, plain, n);
            n = 0;
            if (c->state != CONN_OPEN)
                return;
        }
    } while (result == TLS_OK);
    if (waiting(c))
        conn_io_later(c); /* TLS answers some records by itself */
    if (result == TLS_END)
        peer_said_goodbye(c);
    else if (result == TLS_FAILED)
        tls_broke(c, why);
}

static void feed_tls(struct conn *c, size_t n)
{
    struct tls_feed *feed = &c->loop->feed;

    *feed = (struct tls_feed){ .owner = &c->tls, .p = c->loop->cipher, .n = n };
    if (c->state == CONN_HANDSHAKE)
        shake_hands(c);
    if (c->state == CONN_OPEN)
        read_records(c);
    /* All of it is inside OpenSSL now, or the connection is at its end and what is left
     * concerns nobody. */
    assert(feed->n == 0 || c->state > CONN_OPEN);
    *feed = (struct tls_feed){ 0 };
}

/* The TCP connection ended, and TLS, where there is any, had not. */
static void on_end_of_stream(struct conn *c)
{
    if (c->state == CONN_ENDING) {
        c->peer_ended = true;
        go_on_ending(c);
    } else if (c->write_errno) {
        conn_over(c, CORDAGE_ENET, sock_why(c->write_errno));
    } else if (c->state == CONN_HANDSHAKE) {
        conn_over(c, CORDAGE_ENET, "the peer closed during the TLS handshake");
    } else if (c->tls.ssl) {
        conn_over(c, CORDAGE_ENET, "the peer cut the connection off");
    } else {
        peer_said_goodbye(c);
    }
}

static void read_in(struct conn *c)
{
    bool is_plain = !c->tls.ssl && c->state == CONN_OPEN;
    char *to = is_plain ? c->loop->plain : c->loop->cipher;
    ssize_t n = recv(sock_fd(c->sock), to, LOOP_RECV, 0);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n < 0 && c->state == CONN_ENDING && !waiting(c))
        conn_over(c, c->err, c->why); /* a reset is as good an end as any, by now */
    else if (n < 0)
        conn_over(c, CORDAGE_ENET, sock_why(errno));
    else if (n == 0)
        on_end_of_stream(c);
    else if (is_plain)
        c->wire->ops->bytes(c->wire, to, (size_t)n);
    else if (c->state != CONN_ENDING)
        feed_tls(c, (size_t)n);
}

/* --- the socket --- */

static bool wants_to_read(const struct conn *c)
{
    return c->state == CONN_HANDSHAKE || (c->state == CONN_OPEN && !c->is_paused) ||
           (c->state == CONN_ENDING && !c->peer_ended);
}

void conn_io_want(struct conn *c)
{
    if (c->sock)
        sock_want(c->sock, wants_to_read(c), c->is_blocked);
}

static void on_ready(void *user, bool readable, bool writable)
{
    struct conn *c = user;

    if (writable && c->is_blocked) {
        write_out(c);
        if (!c->is_blocked)
            conn_io_later(c); /* which tells the owner */
    }
    if (readable && wants_to_read(c))
        read_in(c);
    conn_io_want(c);
}

void conn_io_begin(struct conn *c)
{
    struct host *h = &c->loop->host;

    sock_hand_over(c->sock, on_ready, c);
    if (c->tls.ssl) {
        c->state = CONN_HANDSHAKE;
        h->arm(h, &c->deadline, loop_real_ms(c->loop, CONN_HANDSHAKE_MS));
        shake_hands(c); /* a client speaks first */
    } else {
        conn_opened(c);
    }
    conn_io_want(c);
}

void conn_pause(struct host *h, struct wire *w, bool paused)
{
    struct conn *c = w->conn;

    (void)h;
    if (!c)
        return;
    c->is_paused = paused;
    conn_io_want(c);
}
