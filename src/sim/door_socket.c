#include "door_socket.h"

#include <stdlib.h>

#include "authority.h"
#include "mem.h"
#include "ws_frame.h"

static struct socket *socket_of(struct wire *w)
{
    return CONTAINER_OF(w, struct socket, wire);
}

static uint64_t now(const struct socket *k)
{
    return k->door->host->now(k->door->host);
}

/* ---- Out ------------------------------------------------------------------------ */

static void hang_up(struct socket *k, enum hangup how)
{
    k->is_over = true;
    k->door->host->hangup(k->door->host, &k->wire, how);
}

void socket_write(struct socket *k, struct str bytes)
{
    struct host *h = k->door->host;

    if (bytes.n && !k->is_over && !k->is_frozen && h->send(h, &k->wire, bytes) < 0)
        hang_up(k, HANGUP_DROP);
}

/* The next part of what goes out slowly. */
static void drip(struct socket *k)
{
    struct host *h = k->door->host;
    uint64_t part = k->bytes_per_s * SOCKET_DRIP_MS / 1000;
    size_t n = part < k->slow.n ? (size_t)part : k->slow.n;

    n = n || k->slow.n == 0 ? n : 1;
    if (k->bytes_per_s == 0)
        n = k->slow.n;
    socket_write(k, (struct str){ k->slow.p, n });
    buf_consume(&k->slow, n);
    if (k->slow.n && !k->is_over)
        h->arm(h, &k->drip, now(k) + SOCKET_DRIP_MS);
}

static void on_drip(struct timer *t)
{
    drip(CONTAINER_OF(t, struct socket, drip));
}

/* Hands to the host what the websocket has to say. The model keeps what a slow reader
 * can't take, so that a queue that is full all the same is no reader at all. */
static void flush(struct socket *k)
{
    if (k->slow.n || k->bytes_per_s) {
        bool waits = k->slow.n != 0;

        if (!k->is_over && buf_append_str(&k->slow, buf_str(&k->ws.out)) < 0)
            hang_up(k, HANGUP_DROP);
        buf_clear(&k->ws.out);
        if (!waits)
            drip(k);
        return;
    }
    socket_write(k, buf_str(&k->ws.out));
    buf_clear(&k->ws.out);
}

/* One message in up to four frames, or, where the stream allows it, in as many messages.
 */
static int send_split(struct socket *k, bool binary, struct str message)
{
    bool in_messages = k->scatters && k->compression == COMPRESS_ZLIB;
    enum ws_opcode opcode = binary ? WS_OP_BINARY : WS_OP_TEXT;
    int err = 0;

    for (int left = 4; left && !err; left--) {
        size_t n = left == 1 ? message.n : rng_below(&k->rng, message.n + 1);
        size_t at = k->ws.out.n;

        if (n == 0 && message.n && in_messages)
            continue; /* an empty message is none */
        err = ws_frame_write(&k->ws.out, opcode, (struct str){ message.p, n }, NULL);
        if (!err && left > 1 && !in_messages)
            k->ws.out.p[at] &= 0x7f; /* not the final frame */
        if (!in_messages)
            opcode = WS_OP_CONTINUATION;
        message.p += n;
        message.n -= n;
        if (in_messages && message.n == 0)
            break;
    }
    return err;
}

/* The message for a payload: compressed by the stream, or by itself, or as it is. */
static int make_message(struct socket *k, struct str payload, struct str *out,
                        bool *binary)
{
    struct buf *b = &k->door->message;
    int err;

    *out = payload;
    *binary = k->deflate || (k->conn && sim_conn_deflates(k->conn));
    if (!*binary)
        return 0;
    k->has_forgotten = false;
    buf_clear(b);
    err =
        k->deflate ? deflate_payload(k->deflate, payload, b) : deflate_whole(payload, b);
    *out = buf_str(b);
    return err;
}

/* A fault: some of the message's bytes are others. */
static void damage(struct socket *k, struct str *message)
{
    struct rng rng = rng_seeded(k->corrupt_seed);
    struct buf *b = &k->door->message;

    k->corrupts = false;
    if (message->n == 0)
        return;
    if (message->p != b->p) {
        buf_clear(b);
        if (buf_append_str(b, *message) < 0)
            return;
        *message = buf_str(b);
    }
    for (int i = 0; i < 8; i++)
        b->p[rng_below(&rng, b->n)] ^= (char)(0x80 | rng_below(&rng, 128));
}

static void on_send(void *user, struct str payload)
{
    struct socket *k = user;
    struct str message;
    bool binary;
    int err;

    if (k->is_over || k->is_frozen)
        return;
    err = make_message(k, payload, &message, &binary);
    if (!err && k->corrupts)
        damage(k, &message);
    if (!err)
        err =
            k->splits ? send_split(k, binary, message) : ws_send(&k->ws, binary, message);
    if (err)
        hang_up(k, HANGUP_DROP); /* the stream has a hole now */
    else
        flush(k);
}

static void on_close(void *user, int code, const char *reason)
{
    struct socket *k = user;

    if (k->is_over)
        return;
    if (k->is_frozen || ws_close(&k->ws, code, str_of(reason)) < 0) {
        hang_up(k, HANGUP_DROP);
        return;
    }
    flush(k);
    k->door->host->arm(k->door->host, &k->patience, now(k) + SOCKET_CLOSE_MS);
}

static void on_reset(void *user)
{
    hang_up(user, HANGUP_RESET);
}

static void on_freeze(void *user)
{
    struct socket *k = user;

    k->is_frozen = true;
    k->door->host->pause(k->door->host, &k->wire, true);
}

static void on_split(void *user, uint64_t seed, bool messages)
{
    struct socket *k = user;

    k->splits = true;
    k->scatters = messages;
    k->rng = rng_seeded(seed);
}

static size_t on_backlog(void *user)
{
    struct socket *k = user;

    return k->is_over ? 0 : k->slow.n + k->door->host->backlog(k->door->host, &k->wire);
}

static void on_corrupt(void *user, uint64_t seed)
{
    struct socket *k = user;

    k->corrupts = true;
    k->corrupt_seed = seed;
}

static void on_slow(void *user, uint64_t bytes_per_s)
{
    struct socket *k = user;

    k->bytes_per_s = bytes_per_s;
}

static bool on_burst(void *user, const struct sim_burst *b)
{
    struct socket *k = user;

    return !k->is_over && !k->is_frozen && k->conn && socket_burst(k, b);
}

static const struct sim_conn_ops conn_ops = { on_send,    on_close, on_reset,
                                              on_freeze,  on_split, on_backlog,
                                              on_corrupt, on_slow,  on_burst };

/* ---- In ------------------------------------------------------------------------- */

static void leave_model(struct socket *k, int code)
{
    struct sim_conn *c = k->conn;

    k->conn = NULL;
    if (c)
        sim_disconnected(c, code, now(k));
}

static void forbid(struct socket *k)
{
    buf_clear(&k->ws.out);
    if (buf_append_z(&k->ws.out, "HTTP/1.1 403 Forbidden\r\nConnection: close\r\n"
                                 "Content-Length: 0\r\n\r\n") == 0)
        flush(k);
    hang_up(k, HANGUP_FLUSH);
}

/* The upgrade is done: now it is a connection of the gateway. */
static void on_open(struct socket *k)
{
    const char *query = strchr(k->ws.target, '?');

    if (!authority_is_own(str_of(k->ws.host), str_of(k->ws.origin), k->port)) {
        forbid(k);
        return;
    }
    k->door->host->disarm(k->door->host, &k->patience);
    flush(k);
    query = query ? query + 1 : "";
    k->compression = sim_query_compression(query);
    if (k->compression != COMPRESS_NONE) {
        k->deflate = deflate_new(k->compression);
        if (!k->deflate) {
            hang_up(k, HANGUP_DROP);
            return;
        }
    }
    k->conn = sim_connect(k->door->sim, query, k->resume_door, &conn_ops, k, now(k));
    if (!k->conn)
        hang_up(k, HANGUP_DROP);
}

static void on_event(struct socket *k, enum ws_event event, const struct ws_message *m)
{
    switch (event) {
    case WS_OPEN:
        on_open(k);
        break;
    case WS_TEXT:
    case WS_BINARY:
        if (k->conn)
            sim_receive(k->conn, m->bytes, event == WS_BINARY, now(k));
        break;
    case WS_CLOSE:
        leave_model(k, m->code);
        flush(k);
        hang_up(k, HANGUP_FLUSH);
        break;
    case WS_REFUSED:
        flush(k);
        hang_up(k, HANGUP_FLUSH);
        break;
    case WS_NONE:
    case WS_PING:
    case WS_PONG:
        break;
    }
}

static void on_bytes(struct wire *w, char *p, size_t n)
{
    struct socket *k = socket_of(w);
    struct ws_message m;
    int event = 0;

    if (!k->door || k->is_over || k->is_frozen)
        return;
    if (ws_feed(&k->ws, p, n) == 0)
        while (!k->is_over && !k->is_frozen && (event = ws_next(&k->ws, &m)) > 0)
            on_event(k, event, &m);
    if (event < 0) {
        leave_model(k, 1006);
        flush(k);
        hang_up(k, HANGUP_FLUSH);
    }
    flush(k);
    if (ws_settle(&k->ws) < 0)
        hang_up(k, HANGUP_DROP);
    k->door->changed(k->door->user);
}

static void on_closed(struct wire *w, int err, const char *why)
{
    struct socket *k = socket_of(w);

    (void)err;
    (void)why;
    if (k->door) {
        struct socket_door *door = k->door;

        door->host->disarm(door->host, &k->patience);
        door->host->disarm(door->host, &k->drip);
        leave_model(k, 1006);
        list_remove(&k->link);
        door->changed(door->user);
    }
    ws_release(&k->ws);
    buf_release(&k->slow);
    deflate_free(k->deflate);
    free(k);
}

static void on_drained(struct wire *w)
{
    struct socket *k = socket_of(w);

    if (k->door && k->conn && !k->is_over)
        sim_writable(k->conn, now(k));
}

static const struct wire_ops wire_ops = { .bytes = on_bytes,
                                          .closed = on_closed,
                                          .drained = on_drained };

static void on_patience(struct timer *t)
{
    hang_up(CONTAINER_OF(t, struct socket, patience), HANGUP_DROP);
}

/* ---- Life ------------------------------------------------------------------------ */

struct socket *socket_new(struct socket_door *door, bool resume_door, uint16_t port)
{
    struct socket *k = mem_zero(sizeof *k);

    if (!k)
        return NULL;
    k->wire.ops = &wire_ops;
    k->door = door;
    k->resume_door = resume_door;
    k->port = port;
    k->patience.fire = on_patience;
    k->drip.fire = on_drip;
    ws_init(&k->ws, WS_SERVER, door->host->random(door->host));
    k->ws.message_limit = SOCKET_MESSAGE;
    list_insert(&door->sockets, &k->link);
    door->host->arm(door->host, &k->patience, now(k) + SOCKET_UPGRADE_MS);
    return k;
}

void socket_drop(struct socket *k)
{
    struct host *h = k->door->host;

    h->disarm(h, &k->patience);
    h->disarm(h, &k->drip);
    leave_model(k, 1006);
    list_remove(&k->link);
    hang_up(k, HANGUP_DROP);
    k->door = NULL;
}
