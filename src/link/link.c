/* A peer, at either end: what is read becomes messages, what is sent waits its turn.
 *
 * Nothing is told from inside a call of the owner's, and nothing is freed under a
 * callback that runs: both wait for settle(), which comes when the loop has called us and
 * all callbacks have returned, or by the timer `later`. */
#include "link_inner.h"

#include <assert.h>
#include <errno.h>
#include <sys/socket.h>

#include "error.h"

enum {
    RECV_SIZE = 64 * 1024,
    RECVS_PER_WAKE = 16, /* then the others get their turn */
    RECVS_AT_END = 256,  /* more than the kernel keeps for a peer that has gone */
    KEEP_SIZE = 256 * 1024,
    LEAVE_MS = 1000
};

static void on_later(uv_timer_t *later);

static void on_gone(uv_handle_t *later)
{
    struct link_peer *p = later->data;

    json_parser_free(p->parser);
    buf_release(&p->in);
    buf_release(&p->out);
    free(p);
}

static void leave_door(struct link_peer *p)
{
    list_remove(&p->on_door);
    if (p->n_peers)
        --*p->n_peers;
    p->n_peers = NULL;
}

static void peer_free(struct link_peer *p)
{
    leave_door(p);
    sock_close(&p->sock);
    uv_close((uv_handle_t *)&p->later, on_gone);
}

static bool has_queue(const struct link_peer *p)
{
    return p->written < p->out.n;
}

static void come_back(struct link_peer *p, unsigned ms)
{
    /* libuv's idea of now is as old as its last turn. */
    uv_update_time(p->later.loop);
    uv_timer_start(&p->later, on_later, ms, 0);
}

static void over(struct link_peer *p, const char *why)
{
    if (!p->why)
        p->why = why;
    if (!p->busy)
        come_back(p, 0);
}

/* ---- Writing ---- */

static void flush(struct link_peer *p)
{
    while (has_queue(p) && !p->broken) {
        ssize_t n = send(sock_fd(p->sock), p->out.p + p->written, p->out.n - p->written,
                         MSG_NOSIGNAL | MSG_DONTWAIT);

        if (n >= 0)
            p->written += (size_t)n;
        else if (errno == EAGAIN || errno == EWOULDBLOCK)
            break;
        else if (errno != EINTR)
            p->broken = true;
    }
    if (has_queue(p) && p->written < p->out.n / 2)
        return;
    buf_consume(&p->out, p->written);
    p->written = 0;
    if (p->out.n == 0 && p->out.size > KEEP_SIZE)
        buf_release(&p->out);
}

int link_send(struct link_peer *p, enum link_type type, struct str body)
{
    bool waits = has_queue(p);
    int err;

    assert(!p->left);
    if (p->why || p->broken)
        return CORDAGE_ECLOSED;
    if (body.n <= LIMIT_LINK_MESSAGE &&
        p->out.n - p->written + LINK_HEAD + body.n > LIMIT_LINK_QUEUE) {
        over(p, "it does not read what it is sent");
        return CORDAGE_ECLOSED;
    }
    err = link_write(&p->out, type, body);
    if (err)
        return err;
    if (!waits)
        flush(p);
    if (p->broken)
        come_back(p, 0);
    else if (!p->busy)
        sock_want(p->sock, true, has_queue(p));
    return 0;
}

/* ---- Reading ---- */

static bool is_listening(const struct link_peer *p)
{
    return !p->why && !p->left;
}

static void deliver(struct link_peer *p, enum link_type type, struct str text)
{
    cordage_json body;
    int err = json_parse(p->parser, text, &body);

    if (err == CORDAGE_ENOMEM)
        over(p, "out of memory");
    else if (err || cordage_json_type_of(body) != CORDAGE_JSON_OBJECT)
        over(p, "it sent what is no message");
    else
        p->ops->message(p->user, p, type, body);
}

static void take_messages(struct link_peer *p)
{
    size_t at = 0;

    while (is_listening(p)) {
        struct str rest = { p->in.p + at, p->in.n - at }, body;
        enum link_type type;
        size_t n;

        if (link_read(rest, &type, &body, &n)) {
            over(p, "it sent what is no message");
            break;
        }
        if (n == 0)
            break;
        deliver(p, type, body);
        at += n;
    }
    buf_consume(&p->in, at);
    if (p->in.n == 0 && p->in.size > KEEP_SIZE)
        buf_release(&p->in);
}

/* False: there is no more, for now or for ever. */
static bool read_once(struct link_peer *p)
{
    ssize_t n;

    if (buf_reserve(&p->in, RECV_SIZE)) {
        over(p, "out of memory");
        return false;
    }
    do
        n = recv(sock_fd(p->sock), p->in.p + p->in.n, RECV_SIZE, MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return false;
    if (n <= 0) {
        over(p, n == 0 ? "the other side has closed it" : sock_why(errno));
        return false;
    }
    p->in.n += (size_t)n;
    take_messages(p);
    return is_listening(p);
}

static void read_some(struct link_peer *p, unsigned times)
{
    while (times-- && is_listening(p) && read_once(p))
        ;
}

/* ---- What comes of it ---- */

static void settle_left(struct link_peer *p)
{
    flush(p);
    if (p->why || p->broken || !has_queue(p)) {
        peer_free(p);
        return;
    }
    sock_want(p->sock, false, true);
    if (!uv_is_active((uv_handle_t *)&p->later))
        come_back(p, LEAVE_MS);
}

static void settle(struct link_peer *p)
{
    if (p->left) {
        settle_left(p);
    } else if (p->why) {
        leave_door(p);
        p->busy = true;
        p->ops->closed(p->user, p, p->why);
        peer_free(p);
    } else {
        sock_want(p->sock, true, has_queue(p) && !p->broken);
        if (p->broken)
            come_back(p, 0);
    }
}

static void on_later(uv_timer_t *later)
{
    struct link_peer *p = later->data;

    if (p->left) {
        peer_free(p);
        return;
    }
    if (p->broken && !p->why) {
        p->busy = true;
        read_some(p, RECVS_AT_END);
        p->busy = false;
        over(p, "the other side has closed it");
    }
    settle(p);
}

static void on_ready(void *user, bool readable, bool writable)
{
    struct link_peer *p = user;

    p->busy = true;
    if (writable)
        flush(p);
    if (readable)
        read_some(p, RECVS_PER_WAKE);
    p->busy = false;
    settle(p);
}

int link_peer_new(struct loop *loop, int fd, const struct link_ops *ops, void *user,
                  pid_t pid, struct link_peer **out)
{
    struct link_peer *p = mem_zero(sizeof *p);
    int err = CORDAGE_ENOMEM;

    *out = NULL;
    if (!p)
        return err;
    list_init(&p->on_door);
    p->ops = ops;
    p->user = user;
    p->pid = pid;
    p->parser = json_parser_new();
    if (p->parser)
        err = sock_new(loop, fd, on_ready, p, &p->sock);
    if (err) {
        json_parser_free(p->parser);
        free(p);
        return err;
    }
    uv_timer_init(loop_uv(loop), &p->later);
    p->later.data = p;
    sock_want(p->sock, true, false);
    *out = p;
    return 0;
}

pid_t link_peer_pid(const struct link_peer *p)
{
    return p->pid;
}

void link_peer_set_user(struct link_peer *p, void *user)
{
    p->user = user;
}

void link_hangup(struct link_peer *p)
{
    if (p->left)
        return;
    p->left = true;
    leave_door(p);
    uv_timer_stop(&p->later);
    if (!p->busy)
        settle(p);
}
