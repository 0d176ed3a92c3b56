#include "dial.h"

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <unistd.h>

#include "error.h"
#include "limits.h"

enum {
    LOOKUP_MS = 10000, /* for the name servers */
    ADDRESS_MS = 2500, /* for each address: four of them within a shard's 10 s */
    PROXY_MS = 10000   /* for the proxy's answer: it dials in turn */
};

/* libuv can't end a lookup that a thread of its pool has begun, so that outlives a
 * cancelled dial and frees itself. */
struct lookup {
    uv_getaddrinfo_t request;
    struct dial *dial; /* NULL: cancelled */
};

enum dial_stage {
    STAGE_START,   /* nothing to look up: begins when the timer fires */
    STAGE_LOOKUP,  /* asking for the name's addresses */
    STAGE_CONNECT, /* trying an address */
    STAGE_PROXY    /* connected to the proxy, waiting for its answer */
};

struct dial {
    struct loop *loop;
    dial_done done;
    void *user;
    enum dial_stage stage;
    struct timer deadline; /* of the stage */
    struct lookup *lookup;
    struct addrinfo *addresses; /* owned */
    struct addrinfo *next;      /* the one to try next */
    struct sock *sock;          /* the one being tried */
    struct buf request;         /* to the proxy, not sent yet; empty without one */
    struct buf answer;          /* from the proxy, so far */
    int err;                    /* what the last address came to, */
    const char *why;            /* in words */
};

static void dial_free(struct dial *d)
{
    struct host *h = &d->loop->host;

    h->disarm(h, &d->deadline);
    if (d->lookup) {
        d->lookup->dial = NULL;
        uv_cancel((uv_req_t *)&d->lookup->request);
    }
    sock_close(&d->sock);
    if (d->addresses)
        uv_freeaddrinfo(d->addresses);
    buf_wipe(&d->request);
    buf_release(&d->answer);
    free(d);
}

void dial_cancel(struct dial **d)
{
    struct dial *gone = *d;

    *d = NULL;
    if (gone)
        dial_free(gone);
}

static void enter(struct dial *d, enum dial_stage stage, unsigned ms)
{
    struct host *h = &d->loop->host;

    d->stage = stage;
    h->arm(h, &d->deadline, loop_real_ms(d->loop, ms));
}

static void finish(struct dial *d, struct sock *connected, int err, const char *why)
{
    dial_done done = d->done;
    void *user = d->user;

    dial_free(d);
    done(user, connected, err, why);
}

static void succeed(struct dial *d)
{
    struct sock *connected = d->sock;

    d->sock = NULL;
    sock_want(connected, false, false);
    finish(d, connected, 0, "");
}

/* --- the proxy --- */

/* CORDAGE_ENET unless it said 2xx, and nothing behind its head: who dials speaks first.
 */
static int read_head(struct dial *d, const char **why)
{
    struct str s = buf_str(&d->answer);
    size_t end = str_find(s, STR("\r\n\r\n"));
    uint64_t status;

    assert(end != SIZE_MAX);
    *why = "the proxy's answer is not HTTP";
    if (!str_starts(s, STR("HTTP/1.")) || s.n < 12 || s.p[8] != ' ' ||
        !str_u64((struct str){ s.p + 9, 3 }, &status))
        return CORDAGE_ENET;
    *why = status == 407 ? "the proxy wants a user name, which is not supported"
                         : "the proxy refused to connect further";
    if (status < 200 || status > 299)
        return CORDAGE_ENET;
    *why = "the proxy sent more than its answer";
    return end + 4 == s.n ? 0 : CORDAGE_ENET;
}

static void on_proxy_readable(struct dial *d)
{
    char bytes[1024];
    ssize_t n = recv(sock_fd(d->sock), bytes, sizeof bytes, 0);
    const char *why;
    int err;

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n < 0)
        finish(d, NULL, CORDAGE_ENET, sock_why(errno));
    else if (n == 0)
        finish(d, NULL, CORDAGE_ENET, "the proxy closed the connection");
    else if (buf_append(&d->answer, bytes, (size_t)n))
        finish(d, NULL, CORDAGE_ENET, "the proxy's answer is too long");
    else if (str_find(buf_str(&d->answer), STR("\r\n\r\n")) != SIZE_MAX) {
        err = read_head(d, &why);
        if (err)
            finish(d, NULL, err, why);
        else
            succeed(d);
    }
}

static void on_proxy_writable(struct dial *d)
{
    ssize_t n = send(sock_fd(d->sock), d->request.p, d->request.n, MSG_NOSIGNAL);

    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        finish(d, NULL, CORDAGE_ENET, sock_why(errno));
        return;
    }
    if (n > 0)
        buf_consume(&d->request, (size_t)n);
    if (d->request.n == 0)
        sock_want(d->sock, true, false);
}

static void on_proxy_ready(void *user, bool readable, bool writable)
{
    struct dial *d = user;

    if (writable && d->request.n)
        on_proxy_writable(d);
    else if (readable)
        on_proxy_readable(d);
}

static int write_request(struct dial *d, const struct endpoint *to)
{
    const char *open = strchr(to->host, ':') ? "[" : ""; /* an IPv6 address */
    const char *close = *open ? "]" : "";

    d->answer.limit = LIMIT_UPGRADE_HEAD;
    return buf_printf(&d->request,
                      "CONNECT %s%s%s:%u HTTP/1.1\r\nHost: %s%s%s:%u\r\n\r\n", open,
                      to->host, close, to->port, open, to->host, close, to->port);
}

/* --- addresses --- */

static void try_next(struct dial *d);

static void on_connected(struct dial *d)
{
    sock_tune(sock_fd(d->sock));
    if (d->request.n) {
        sock_hand_over(d->sock, on_proxy_ready, d);
        sock_want(d->sock, false, true);
        enter(d, STAGE_PROXY, PROXY_MS);
    } else {
        succeed(d);
    }
}

static void give_up_address(struct dial *d, int err, const char *why)
{
    d->err = err;
    d->why = why;
    sock_close(&d->sock);
    try_next(d);
}

static void on_connect_ready(void *user, bool readable, bool writable)
{
    struct dial *d = user;
    int errnum = 0;
    socklen_t size = sizeof errnum;

    (void)readable, (void)writable;
    getsockopt(sock_fd(d->sock), SOL_SOCKET, SO_ERROR, &errnum, &size);
    if (errnum)
        give_up_address(d, CORDAGE_ENET, sock_why(errnum));
    else
        on_connected(d);
}

/* Begins to connect to one address. False: that has failed already. */
static bool begin(struct dial *d, const struct addrinfo *a)
{
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    d->err = CORDAGE_ENET;
    if (fd < 0 || (connect(fd, a->ai_addr, a->ai_addrlen) && errno != EINPROGRESS)) {
        d->why = sock_why(errno);
        if (fd >= 0)
            close(fd);
        return false;
    }
    d->err = sock_new(d->loop, fd, on_connect_ready, d, &d->sock);
    if (d->err) {
        d->why = cordage_strerror(d->err);
        close(fd);
        return false;
    }
    sock_want(d->sock, false, true);
    enter(d, STAGE_CONNECT, ADDRESS_MS);
    return true;
}

static void try_next(struct dial *d)
{
    while (d->next) {
        const struct addrinfo *a = d->next;

        d->next = a->ai_next;
        if (begin(d, a))
            return;
    }
    finish(d, NULL, d->err, d->why);
}

/* --- names --- */

static const char *lookup_why(int status)
{
    switch (status) {
    case UV_EAI_NONAME:
    case UV_EAI_NODATA:
        return "name not found";
    case UV_EAI_AGAIN:
        return "the name servers do not answer";
    case UV_EAI_MEMORY:
    case UV_ENOMEM:
        return "out of memory";
    default:
        return "the name could not be looked up";
    }
}

static void on_lookup(uv_getaddrinfo_t *request, int status, struct addrinfo *addresses)
{
    struct lookup *lookup = request->data;
    struct dial *d = lookup->dial;

    free(lookup);
    if (!d) {
        uv_freeaddrinfo(addresses);
        return;
    }
    d->lookup = NULL;
    d->addresses = d->next = addresses;
    d->err = CORDAGE_ENET;
    d->why = lookup_why(status);
    try_next(d); /* without addresses: the end */
}

static int look_up(struct dial *d, const char *host, uint16_t port)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
    struct addrinfo numeric = { .ai_socktype = SOCK_STREAM,
                                .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV };
    char service[8];

    snprintf(service, sizeof service, "%u", port);
    if (getaddrinfo(host, service, &numeric, &d->addresses) == 0) {
        /* The timer takes it from here, because nothing may end inside this call. */
        d->next = d->addresses;
        enter(d, STAGE_START, 0);
        return 0;
    }
    d->addresses = NULL;
    d->lookup = mem_zero(sizeof *d->lookup);
    if (!d->lookup)
        return CORDAGE_ENOMEM;
    d->lookup->dial = d;
    d->lookup->request.data = d->lookup;
    if (uv_getaddrinfo(&d->loop->uv, &d->lookup->request, on_lookup, host, service,
                       &hints)) {
        free(d->lookup);
        d->lookup = NULL;
        return CORDAGE_ESYSTEM;
    }
    enter(d, STAGE_LOOKUP, LOOKUP_MS);
    return 0;
}

static void on_deadline(struct timer *t)
{
    struct dial *d = CONTAINER_OF(t, struct dial, deadline);

    switch (d->stage) {
    case STAGE_START:
        try_next(d);
        break;
    case STAGE_LOOKUP:
        finish(d, NULL, CORDAGE_ETIMEOUT, "the name servers do not answer");
        break;
    case STAGE_CONNECT:
        give_up_address(d, CORDAGE_ETIMEOUT, "connection timed out");
        break;
    case STAGE_PROXY:
        finish(d, NULL, CORDAGE_ETIMEOUT, "the proxy does not answer");
        break;
    }
}

int dial_new(struct loop *l, const struct endpoint *to, dial_done done, void *user,
             struct dial **out)
{
    const struct proxy *proxy = l->proxy.host[0] ? &l->proxy : NULL;
    struct dial *d = mem_zero(sizeof *d);
    int err;

    *out = NULL;
    if (!d)
        return CORDAGE_ENOMEM;
    d->loop = l;
    d->done = done;
    d->user = user;
    d->deadline.fire = on_deadline;
    err = proxy ? write_request(d, to) : 0;
    if (!err && proxy)
        err = look_up(d, proxy->host, proxy->port);
    else if (!err)
        err = look_up(d, to->host, to->port);
    if (err) {
        dial_free(d);
        return err;
    }
    *out = d;
    return 0;
}

int dial_read_proxy(const char *url, struct proxy *out, cordage_error *error)
{
    struct str s = str_of(url), host, port = STR("80");
    size_t colon;
    uint64_t number;

    if (!str_starts(s, STR("http://")))
        return error_set(error, CORDAGE_EINVAL,
                         "the proxy \"%s\" must be given as http://host:port", url);
    s = (struct str){ s.p + 7, s.n - 7 };
    if (str_ends(s, STR("/")))
        s.n--;
    host = s;
    if (str_starts(s, STR("[")) && str_find(s, STR("]")) != SIZE_MAX) {
        host = (struct str){ s.p + 1, str_find(s, STR("]")) - 1 };
        s = (struct str){ s.p + host.n + 2, s.n - host.n - 2 };
    }
    colon = str_find(s, STR(":"));
    if (colon != SIZE_MAX) {
        if (host.p == s.p)
            host.n = colon;
        port = (struct str){ s.p + colon + 1, s.n - colon - 1 };
    }
    if (host.n == 0 || host.n >= sizeof out->host ||
        str_find(host, STR("@")) != SIZE_MAX || str_find(host, STR("/")) != SIZE_MAX ||
        !str_u64(port, &number) || number == 0 || number > UINT16_MAX)
        return error_set(error, CORDAGE_EINVAL,
                         "the proxy \"%s\" must be given as http://host:port, "
                         "without a user name",
                         url);
    memcpy(out->host, host.p, host.n);
    out->host[host.n] = '\0';
    out->port = (uint16_t)number;
    return 0;
}
