/* httpd.c - HTTP requests from libmicrohttpd to the routes, and the answers back.
 *
 * libmicrohttpd has no thread here: the loop polls its epoll descriptor and calls
 * MHD_run, in which everything happens: a connection begins (on_connection), a request's
 * line is read (on_uri), then its head, its body piece by piece and its end (all
 * on_request), and it is over (on_completed). Answers are made at once; a connection is
 * suspended only while its answer is held back on purpose, or put off.
 *
 * libmicrohttpd's own time-out only sees silence, and a client that sends a byte a minute
 * is not silent. So each connection is in a list by when its present step began, and
 * whoever is at the head of it for too long is shut down. When all places are taken the
 * one at the head goes early: nobody can hold the server shut by holding connections. */
#include "httpd.h"

#include <assert.h>
#include <microhttpd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "httpd_open.h"
#include "error.h"
#include "list.h"
#include "mem.h"

enum {
    STEP_MS = 60 * 1000,
    CONNECTIONS = 1024,
    SPARE_CONNECTIONS = 8, /* places kept free, so that the next can always come in */
    RUNS_AT_ONCE = 3,      /* while libmicrohttpd says that it has more to do at once */
    REST_MS_MAX = 16,      /* between runs that it asks for and does nothing in */
    URI_MAX = 8 * 1024
};

struct httpd_conn {
    struct link link; /* in httpd.by_step from start to end */
    uint64_t step_at; /* uv_now when its present step began */
    int fd;           /* libmicrohttpd's; -1 once shut down */
};

struct httpd {
    uv_loop_t *uv;
    struct host *host;
    struct MHD_Daemon *daemon;
    struct httpd_options options; /* its strings are the caller's: not after httpd_new */
    uint16_t port;
    struct link by_step; /* struct httpd_conn, the longest in its step first */
    size_t n_conns;
    bool closed;       /* one has, since this was last set to false */
    size_t body_bytes; /* of all requests under way */
    uv_poll_t poll;
    uv_timer_t run_timer, sweep_timer;
    struct link late; /* struct httpd_request whose answers are held back */
    struct timer late_timer;
    uint64_t rest_ms;   /* until the next run that libmicrohttpd wants at once */
    unsigned n_handles; /* that are not closed yet */
};

/* One request: made when its line is read, gone when it is over. */
struct httpd_request {
    struct httpd *httpd;
    struct MHD_Connection *connection; /* these three: NULL until its head is read */
    struct httpd_conn *conn;
    const char *method;
    struct buf body;
    bool too_large;
    struct link late_link;     /* in httpd.late while its connection is suspended */
    struct httpd_answer *late; /* held back until late_at; owned */
    uint64_t late_at;
    bool was_put_off;       /* the answer comes by httpd_answer_later, into `late` */
    struct str path, query; /* in `uri` */
    char uri[];
};

/* ---- Connections ---------------------------------------------------------- */

static void step_begins(struct httpd *h, struct httpd_conn *conn)
{
    conn->step_at = uv_now(h->uv);
    list_remove(&conn->link);
    list_insert(&h->by_step, &conn->link);
}

/* libmicrohttpd sees the end of the stream and lets go of it. */
static void drop(struct httpd_conn *conn)
{
    if (conn->fd >= 0)
        shutdown(conn->fd, SHUT_RDWR);
    conn->fd = -1;
    list_remove(&conn->link);
}

static struct httpd_conn *longest_in_step(struct httpd *h)
{
    return CONTAINER_OF(h->by_step.next, struct httpd_conn, link);
}

static void on_connection(void *user, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode what)
{
    const union MHD_ConnectionInfo *info;
    struct httpd *h = user;
    struct httpd_conn *conn;

    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        if (*context) {
            conn = *context;
            list_remove(&conn->link);
            free(conn);
            h->n_conns--;
            h->closed = true;
        }
        return;
    }
    conn = mem_zero(sizeof *conn);
    info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (!conn) {
        /* It could not be watched. */
        shutdown(info->connect_fd, SHUT_RDWR);
        return;
    }
    conn->fd = info->connect_fd;
    list_init(&conn->link);
    step_begins(h, conn);
    *context = conn;
    h->n_conns++;
    if (h->n_conns > h->options.max_connections - SPARE_CONNECTIONS)
        drop(longest_in_step(h));
}

static void on_sweep(uv_timer_t *timer)
{
    struct httpd *h = timer->data;
    uint64_t now = uv_now(h->uv);

    while (!list_is_empty(&h->by_step) &&
           now - longest_in_step(h)->step_at >= h->options.timeout_ms)
        drop(longest_in_step(h));
}

/* ---- Requests ------------------------------------------------------------- */

const char *httpd_method(const struct httpd_request *r)
{
    return r->method;
}

struct str httpd_path(const struct httpd_request *r)
{
    return r->path;
}

struct str httpd_query(const struct httpd_request *r)
{
    return r->query;
}

struct str httpd_body(const struct httpd_request *r)
{
    return buf_str(&r->body);
}

const char *httpd_header(const struct httpd_request *r, const char *name)
{
    return MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND, name);
}

void httpd_add_header(struct httpd_answer *a, const char *name, const char *value)
{
    assert(a->n_headers < HTTPD_HEADERS_MAX);
    snprintf(a->headers[a->n_headers].name, sizeof a->headers->name, "%s", name);
    snprintf(a->headers[a->n_headers].value, sizeof a->headers->value, "%s", value);
    a->n_headers++;
}

/* The request line has been read. What this returns is on_request's *context. */
static void *on_uri(void *user, const char *uri, struct MHD_Connection *connection)
{
    size_t n = strlen(uri), path_n = strcspn(uri, "?");
    struct httpd_request *r;

    (void)connection;
    if (n > URI_MAX)
        return NULL;
    r = mem_zero(sizeof *r + n + 1);
    if (!r)
        return NULL;
    r->httpd = user;
    list_init(&r->late_link);
    memcpy(r->uri, uri, n + 1);
    r->path = (struct str){ r->uri, path_n };
    r->query = (struct str){ r->uri + path_n + (path_n < n), n - path_n - (path_n < n) };
    return r;
}

static void body_release(struct httpd_request *r)
{
    r->httpd->body_bytes -= r->body.n;
    buf_release(&r->body);
}

static void late_release(struct httpd_request *r)
{
    list_remove(&r->late_link);
    if (r->late)
        buf_release(&r->late->body);
    free(r->late);
    r->late = NULL;
}

static void on_completed(void *user, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode why)
{
    struct httpd_request *r = *context;

    (void)user;
    (void)connection;
    (void)why;
    *context = NULL;
    if (!r)
        return;
    body_release(r);
    late_release(r);
    /* Dropped ones are off the list, and stay off. */
    if (r->conn && r->conn->fd >= 0)
        step_begins(r->httpd, r->conn);
    free(r);
}

/* Takes the answer's body. */
static enum MHD_Result send_answer(struct httpd_request *r, struct httpd_answer *a)
{
    struct MHD_Response *response;
    enum MHD_Result result = MHD_NO;

    if (a->body.n)
        response =
            MHD_create_response_from_buffer(a->body.n, a->body.p, MHD_RESPMEM_MUST_FREE);
    else
        response = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    if (response) {
        if (a->body.n)
            a->body = (struct buf){ 0 };
        for (unsigned i = 0; i < a->n_headers; i++)
            MHD_add_response_header(response, a->headers[i].name, a->headers[i].value);
        result = MHD_queue_response(r->connection, a->status, response);
        MHD_destroy_response(response);
    }
    buf_release(&a->body);
    return result;
}

static enum MHD_Result refuse_size(struct httpd_request *r)
{
    const struct httpd_options *o = &r->httpd->options;
    struct httpd_answer answer = { .status = 413 };

    if (o->too_large)
        o->too_large(o->user, r, &answer);
    return send_answer(r, &answer);
}

static void arm_late(struct httpd *h)
{
    uint64_t at = UINT64_MAX;

    for (struct link *l = h->late.next; l != &h->late; l = l->next) {
        struct httpd_request *r = CONTAINER_OF(l, struct httpd_request, late_link);

        at = r->late_at < at ? r->late_at : at;
    }
    if (at != UINT64_MAX)
        h->host->arm(h->host, &h->late_timer, at);
}

/* Holds the answer back, which is taken. False: without memory it goes out now. */
static bool hold_back(struct httpd_request *r, struct httpd_answer *a)
{
    struct httpd *h = r->httpd;

    r->late = malloc(sizeof *r->late);
    if (!r->late)
        return false;
    *r->late = *a;
    r->late_at = h->host->now(h->host) + a->delay_ms;
    list_insert(&h->late, &r->late_link);
    MHD_suspend_connection(r->connection);
    arm_late(h);
    return true;
}

/* on_request is called for it once more. */
static void let_go(struct httpd_request *r)
{
    list_remove(&r->late_link);
    MHD_resume_connection(r->connection);
}

static enum MHD_Result send_late(struct httpd_request *r)
{
    enum MHD_Result result = send_answer(r, r->late);

    late_release(r);
    return result;
}

static enum MHD_Result answer_request(struct httpd_request *r)
{
    const struct httpd_options *o = &r->httpd->options;
    struct httpd_answer answer = { 0 };

    o->answer(o->user, r, &answer);
    body_release(r);
    step_begins(r->httpd, r->conn);
    if (answer.later) {
        r->was_put_off = true;
        MHD_suspend_connection(r->connection);
        return MHD_YES;
    }
    if (answer.delay_ms && hold_back(r, &answer))
        return MHD_YES;
    return send_answer(r, &answer);
}

static bool declares_too_much(const struct httpd_request *r, size_t limit)
{
    const char *length = httpd_header(r, MHD_HTTP_HEADER_CONTENT_LENGTH);
    uint64_t n;

    return length && (!str_u64(str_of(length), &n) || n > limit);
}

static void take_body(struct httpd_request *r, const char *bytes, size_t n)
{
    struct httpd *h = r->httpd;

    if (r->too_large)
        return;
    /* A buf with limit 0 has none. */
    if (!r->body.limit || h->body_bytes + n > h->options.all_bodies ||
        buf_append(&r->body, bytes, n)) {
        r->too_large = true;
        body_release(r);
    } else {
        h->body_bytes += n;
    }
}

/* The head has been read. */
static enum MHD_Result on_head(struct httpd_request *r, struct MHD_Connection *connection,
                               const char *method)
{
    const struct httpd_options *o = &r->httpd->options;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    size_t limit;

    r->connection = connection;
    r->method = method;
    r->conn = info->socket_context;
    if (!r->conn || r->conn->fd < 0)
        return MHD_NO;
    step_begins(r->httpd, r->conn);
    limit = o->body_limit ? o->body_limit(o->user, method, r->path) : 0;
    r->body.limit = limit;
    return declares_too_much(r, limit) ? refuse_size(r) : MHD_YES;
}

/* Called when the head has been read, for each piece of the body, and at its end. */
static enum MHD_Result on_request(void *user, struct MHD_Connection *connection,
                                  const char *url, const char *method,
                                  const char *version, const char *bytes, size_t *n,
                                  void **context)
{
    struct httpd_request *r = *context;

    (void)user;
    (void)url;
    (void)version;
    if (!r)
        return MHD_NO; /* without memory, or a line too long: the connection ends */
    if (!r->conn)
        return on_head(r, connection, method);
    if (*n) {
        take_body(r, bytes, *n);
        *n = 0;
        return MHD_YES;
    }
    if (r->conn->fd < 0)
        return MHD_NO;
    if (r->late)
        return send_late(r);
    if (r->was_put_off)
        return MHD_NO; /* without memory for what came */
    return r->too_large ? refuse_size(r) : answer_request(r);
}

static void on_run_timer(uv_timer_t *timer);

void httpd_answer_later(struct httpd_request *r, struct httpd_answer *answer)
{
    struct httpd *h = r->httpd;

    assert(r->was_put_off && !r->late);
    r->late = malloc(sizeof *r->late);
    if (r->late)
        *r->late = *answer;
    else
        buf_release(&answer->body);
    *answer = (struct httpd_answer){ 0 };
    MHD_resume_connection(r->connection);
    h->rest_ms = 1;
    uv_timer_start(&h->run_timer, on_run_timer, 1, 0);
}

/* ---- On the loop ---------------------------------------------------------- */

/* Whether libmicrohttpd wants to be run again without a new event, and after how long.
 * Where all places were taken it listens again only in the run after one became free. */
static bool wants_run(struct httpd *h, MHD_UNSIGNED_LONG_LONG *timeout_ms)
{
    bool wants = MHD_get_timeout(h->daemon, timeout_ms) == MHD_YES;

    if (h->closed)
        *timeout_ms = 0;
    return wants || h->closed;
}

/* A TLS handshake that has begun and waits for its next bytes makes libmicrohttpd ask to
 * be run at once, again and again. So it is given a few runs, and then others their turn:
 * never a timer of 0 ms, which libuv would let fire for ever before it looks at anything
 * else. The rest grows until there is something new. */
static void run(struct httpd *h)
{
    MHD_UNSIGNED_LONG_LONG timeout_ms = 0;

    for (int i = 0; i < RUNS_AT_ONCE && timeout_ms == 0; i++) {
        h->closed = false;
        MHD_run(h->daemon);
        if (!wants_run(h, &timeout_ms)) {
            uv_timer_stop(&h->run_timer);
            return;
        }
    }
    if (timeout_ms == 0)
        timeout_ms = h->rest_ms;
    uv_timer_start(&h->run_timer, on_run_timer, timeout_ms, 0);
}

static void on_run_timer(uv_timer_t *timer)
{
    struct httpd *h = timer->data;

    if (h->rest_ms < REST_MS_MAX)
        h->rest_ms *= 2;
    run(h);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct httpd *h = poll->data;

    (void)status;
    (void)events;
    h->rest_ms = 1;
    run(h);
}

static void on_late(struct timer *timer)
{
    struct httpd *h = CONTAINER_OF(timer, struct httpd, late_timer);
    uint64_t now = h->host->now(h->host);
    struct link *next;

    for (struct link *l = h->late.next; l != &h->late; l = next) {
        struct httpd_request *r = CONTAINER_OF(l, struct httpd_request, late_link);

        next = l->next;
        if (r->late_at <= now)
            let_go(r);
    }
    arm_late(h);
    h->rest_ms = 1;
    run(h);
}

static void log_mhd(void *user, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
static void log_mhd(void *user, const char *format, va_list args)
{
    struct httpd *h = user;
    char line[512];

    vsnprintf(line, sizeof line, format, args);
    line[strcspn(line, "\n")] = '\0';
    log_line(&h->host->log, LOG_DEBUG, "http %s", line);
}

/* Takes the listening socket, when it succeeds. `cert` and `key` NULL: plain. */
static struct MHD_Daemon *start(struct httpd *h, int fd, const char *cert,
                                const char *key)
{
    struct MHD_OptionItem tls[] = {
        { MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)cert },
        { MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)key },
        { MHD_OPTION_HTTPS_PRIORITIES, 0,
          (void *)(uintptr_t) "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2" },
        { MHD_OPTION_END, 0, NULL },
    };
    struct MHD_OptionItem none = { MHD_OPTION_END, 0, NULL };
    unsigned flags = MHD_USE_EPOLL | MHD_USE_ERROR_LOG | MHD_ALLOW_SUSPEND_RESUME |
                     (cert ? MHD_USE_TLS : 0);

    return MHD_start_daemon(flags, 0, NULL, NULL, on_request, h,
                            /* The logger first, so that it has all of it. */
                            MHD_OPTION_EXTERNAL_LOGGER, log_mhd, h,
                            MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
                            h->options.max_connections, MHD_OPTION_URI_LOG_CALLBACK,
                            on_uri, h, MHD_OPTION_NOTIFY_CONNECTION, on_connection, h,
                            MHD_OPTION_NOTIFY_COMPLETED, on_completed, h,
                            MHD_OPTION_ARRAY, cert ? tls : &none, MHD_OPTION_END);
}

static int start_listening(struct httpd *h, cordage_error *error)
{
    const struct httpd_options *o = &h->options;
    char *cert = NULL, *key = NULL;
    int fd = httpd_open_socket(o->address, o->port, &h->port, error);

    if (fd < 0)
        return fd;
    if (o->cert_file && (!(cert = httpd_read_pem(o->cert_file, error)) ||
                         !(key = httpd_read_pem(o->key_file, error)))) {
        httpd_wipe_pem(cert);
        close(fd);
        return CORDAGE_EINVAL;
    }
    h->daemon = start(h, fd, cert, key);
    httpd_wipe_pem(cert);
    httpd_wipe_pem(key);
    if (h->daemon)
        return 0;
    close(fd);
    return error_set(error, CORDAGE_EINVAL, "cannot serve HTTP%s%s",
                     o->cert_file ? "S with the certificate " : "",
                     o->cert_file ? o->cert_file : "");
}

static void start_handles(struct httpd *h)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD);

    h->rest_ms = 1;
    uv_timer_init(h->uv, &h->run_timer);
    uv_timer_init(h->uv, &h->sweep_timer);
    h->run_timer.data = h->sweep_timer.data = h->poll.data = h;
    uv_timer_start(&h->sweep_timer, on_sweep, h->options.timeout_ms / 8,
                   h->options.timeout_ms / 8);
    h->n_handles = 2;
    if (uv_poll_init(h->uv, &h->poll, info->epoll_fd) == 0) {
        h->n_handles = 3;
        uv_poll_start(&h->poll, UV_READABLE, on_poll);
    }
}

int httpd_new(struct loop *loop, const struct httpd_options *options, struct httpd **out,
              cordage_error *error)
{
    struct httpd *h = mem_zero(sizeof *h);
    int err;

    *out = NULL;
    if (!h)
        return error_set(error, CORDAGE_ENOMEM, "%s", cordage_strerror(CORDAGE_ENOMEM));
    h->uv = loop_uv(loop);
    h->host = loop_host(loop);
    h->options = *options;
    if (!h->options.timeout_ms)
        h->options.timeout_ms = STEP_MS;
    if (!h->options.max_connections)
        h->options.max_connections = CONNECTIONS;
    assert(h->options.max_connections >= 2 * SPARE_CONNECTIONS);
    list_init(&h->by_step);
    list_init(&h->late);
    h->late_timer.fire = on_late;
    err = start_listening(h, error);
    if (err) {
        free(h);
        return err;
    }
    start_handles(h);
    if (h->n_handles < 3) {
        httpd_free(h);
        return error_set(error, CORDAGE_ESYSTEM, "cannot poll the HTTP descriptor");
    }
    *out = h;
    return 0;
}

uint16_t httpd_port(const struct httpd *h)
{
    return h->port;
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct httpd *h = handle->data;

    if (--h->n_handles == 0)
        free(h);
}

void httpd_free(struct httpd *h)
{
    if (!h)
        return;
    if (h->n_handles == 3) {
        uv_poll_stop(&h->poll);
        uv_close((uv_handle_t *)&h->poll, on_handle_closed);
    }
    h->host->disarm(h->host, &h->late_timer);
    while (!list_is_empty(&h->late))
        let_go(CONTAINER_OF(h->late.next, struct httpd_request, late_link));
    MHD_stop_daemon(h->daemon);
    uv_close((uv_handle_t *)&h->run_timer, on_handle_closed);
    uv_close((uv_handle_t *)&h->sweep_timer, on_handle_closed);
}
