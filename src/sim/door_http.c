/* door_http.c - HTTP requests from libmicrohttpd to the routes, and the answers back.
 *
 * libmicrohttpd has no thread here: the loop polls its epoll descriptor and calls
 * MHD_run, in which everything happens: a connection begins (on_connection), a request's
 * line is read (on_uri), then its head, its body piece by piece and its end (all
 * on_request), and it is over (on_completed). Answers are made at once, so nothing is
 * ever suspended.
 *
 * libmicrohttpd's own time-out only sees silence, and a client that sends a byte a minute
 * is not silent. So each connection is in a list by when its present step began, and
 * whoever is at the head of it for too long is shut down. When all places are taken the
 * one at the head goes early: nobody can hold the door shut by holding connections. */
#include "door_http.h"

#include <assert.h>
#include <microhttpd.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "door_open.h"
#include "error.h"
#include "limits.h"
#include "list.h"
#include "mem.h"

enum {
    STEP_MS = 60 * 1000,
    SPARE_CONNECTIONS = 8, /* places kept free, so that the next can always come in */
    RUNS_AT_ONCE = 3,      /* while libmicrohttpd says that it has more to do at once */
    REST_MS_MAX = 16,      /* between runs that it asks for and does nothing in */
    URI_MAX = 8 * 1024
};

struct door_conn {
    struct link link; /* in door_http.by_step from start to end */
    uint64_t step_at; /* uv_now when its present step began */
    int fd;           /* libmicrohttpd's; -1 once shut down */
};

struct door_http {
    uv_loop_t *uv;
    struct host *host;
    struct routes *routes;
    struct MHD_Daemon *daemon;
    uint16_t port;
    uint32_t step_ms;
    void (*changed)(void *user);
    void *user;
    struct link by_step; /* struct door_conn, the longest in its step first */
    size_t n_conns;
    size_t body_bytes; /* of all requests under way */
    uv_poll_t poll;
    uv_timer_t run_timer, sweep_timer;
    uint64_t rest_ms;   /* until the next run that libmicrohttpd wants at once */
    unsigned n_handles; /* that are not closed yet */
};

/* One request: made when its line is read, gone when it is over. */
struct request {
    struct door_http *door;
    struct door_conn *conn; /* NULL until its head is read */
    struct buf body;
    size_t limit;
    bool too_large;
    struct str path, query; /* in `uri` */
    char uri[];
};

/* ---- Connections ---------------------------------------------------------- */

static void step_begins(struct door_http *d, struct door_conn *conn)
{
    conn->step_at = uv_now(d->uv);
    list_remove(&conn->link);
    list_insert(&d->by_step, &conn->link);
}

/* libmicrohttpd sees the end of the stream and lets go of it. */
static void drop(struct door_conn *conn)
{
    if (conn->fd >= 0)
        shutdown(conn->fd, SHUT_RDWR);
    conn->fd = -1;
    list_remove(&conn->link);
}

static struct door_conn *longest_in_step(struct door_http *d)
{
    return CONTAINER_OF(d->by_step.next, struct door_conn, link);
}

static void on_connection(void *user, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode what)
{
    const union MHD_ConnectionInfo *info;
    struct door_http *d = user;
    struct door_conn *conn;

    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        if (*context) {
            conn = *context;
            list_remove(&conn->link);
            free(conn);
            d->n_conns--;
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
    step_begins(d, conn);
    *context = conn;
    d->n_conns++;
    if (d->n_conns > LIMIT_SIM_CONNECTIONS - SPARE_CONNECTIONS)
        drop(longest_in_step(d));
}

static void on_sweep(uv_timer_t *timer)
{
    struct door_http *d = timer->data;
    uint64_t now = uv_now(d->uv);

    while (!list_is_empty(&d->by_step) && now - longest_in_step(d)->step_at >= d->step_ms)
        drop(longest_in_step(d));
}

/* ---- Requests ------------------------------------------------------------- */

/* The request line has been read. What this returns is on_request's *context. */
static void *on_uri(void *user, const char *uri, struct MHD_Connection *connection)
{
    size_t n = strlen(uri), path_n = strcspn(uri, "?");
    struct request *r;

    (void)connection;
    if (n > URI_MAX)
        return NULL;
    r = calloc(1, sizeof *r + n + 1);
    if (!r)
        return NULL;
    r->door = user;
    memcpy(r->uri, uri, n + 1);
    r->path = (struct str){ r->uri, path_n };
    r->query = (struct str){ r->uri + path_n + (path_n < n), n - path_n - (path_n < n) };
    r->limit = routes_body_limit(r->path);
    r->body.limit = r->limit;
    return r;
}

static void body_release(struct request *r)
{
    r->door->body_bytes -= r->body.n;
    buf_release(&r->body);
}

static void on_completed(void *user, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode why)
{
    struct request *r = *context;

    (void)user;
    (void)connection;
    (void)why;
    *context = NULL;
    if (!r)
        return;
    body_release(r);
    /* Dropped ones are off the list, and stay off. */
    if (r->conn && r->conn->fd >= 0)
        step_begins(r->door, r->conn);
    free(r);
}

static struct str header(struct MHD_Connection *connection, const char *name)
{
    const char *value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);

    return value ? str_of(value) : STR("");
}

/* Takes the answer's body. */
static enum MHD_Result send_answer(struct MHD_Connection *connection,
                                   struct sim_answer *a)
{
    struct MHD_Response *response;
    enum MHD_Result result = MHD_NO;

    if (a->content_type && a->body.p) {
        response =
            MHD_create_response_from_buffer(a->body.n, a->body.p, MHD_RESPMEM_MUST_FREE);
        if (response)
            a->body = (struct buf){ 0 };
    } else {
        response = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    }
    if (response) {
        if (a->content_type)
            MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE,
                                    a->content_type);
        for (size_t i = 0; i < a->n_headers; i++)
            MHD_add_response_header(response, a->headers[i].name, a->headers[i].value);
        result = MHD_queue_response(connection, (unsigned)a->status, response);
        MHD_destroy_response(response);
    }
    sim_answer_release(a);
    return result;
}

static enum MHD_Result refuse_size(struct request *r, struct MHD_Connection *connection)
{
    struct sim_answer answer = { 0 };

    routes_too_large(r->path, &answer);
    return send_answer(connection, &answer);
}

static enum MHD_Result
answer_request(struct request *r, struct MHD_Connection *connection, const char *method)
{
    struct door_http *d = r->door;
    struct sim_request request = { .method = str_of(method),
                                   .path = r->path,
                                   .query = r->query,
                                   .authorization = header(connection, "Authorization"),
                                   .content_type = header(connection, "Content-Type"),
                                   .host = header(connection, "Host"),
                                   .origin = header(connection, "Origin"),
                                   .body = buf_str(&r->body),
                                   .port = d->port };
    struct sim_answer answer = { 0 };

    routes_answer(d->routes, &request, d->host->now(d->host), &answer);
    body_release(r);
    step_begins(d, r->conn);
    if (d->changed)
        d->changed(d->user);
    return send_answer(connection, &answer);
}

static bool declares_too_much(const struct request *r, struct MHD_Connection *connection)
{
    struct str length = header(connection, "Content-Length");
    uint64_t n;

    return length.n && (!str_u64(length, &n) || n > r->limit);
}

static void take_body(struct request *r, const char *bytes, size_t n)
{
    struct door_http *d = r->door;

    if (r->too_large)
        return;
    if (d->body_bytes + n > LIMIT_SIM_BODIES || buf_append(&r->body, bytes, n)) {
        r->too_large = true;
        body_release(r);
    } else {
        d->body_bytes += n;
    }
}

/* Called when the head has been read, for each piece of the body, and at its end. */
static enum MHD_Result on_request(void *user, struct MHD_Connection *connection,
                                  const char *url, const char *method,
                                  const char *version, const char *bytes, size_t *n,
                                  void **context)
{
    const union MHD_ConnectionInfo *info;
    struct request *r = *context;

    (void)user;
    (void)url;
    (void)version;
    if (!r)
        return MHD_NO; /* without memory, or a line too long: the connection ends */
    if (!r->conn) {
        info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
        r->conn = info->socket_context;
        if (!r->conn || r->conn->fd < 0)
            return MHD_NO;
        step_begins(r->door, r->conn);
        return declares_too_much(r, connection) ? refuse_size(r, connection) : MHD_YES;
    }
    if (*n) {
        take_body(r, bytes, *n);
        *n = 0;
        return MHD_YES;
    }
    if (r->conn->fd < 0)
        return MHD_NO;
    return r->too_large ? refuse_size(r, connection)
                        : answer_request(r, connection, method);
}

/* ---- On the loop ---------------------------------------------------------- */

static void on_run_timer(uv_timer_t *timer);

/* A TLS handshake that has begun and waits for its next bytes makes libmicrohttpd ask to
 * be run at once, again and again. So it is given a few runs, and then others their turn:
 * never a timer of 0 ms, which libuv would let fire for ever before it looks at anything
 * else. The rest grows until there is something new. */
static void run(struct door_http *d)
{
    MHD_UNSIGNED_LONG_LONG timeout_ms = 0;

    for (int i = 0; i < RUNS_AT_ONCE && timeout_ms == 0; i++) {
        MHD_run(d->daemon);
        if (MHD_get_timeout(d->daemon, &timeout_ms) != MHD_YES) {
            uv_timer_stop(&d->run_timer);
            return;
        }
    }
    if (timeout_ms == 0)
        timeout_ms = d->rest_ms;
    uv_timer_start(&d->run_timer, on_run_timer, timeout_ms, 0);
}

static void on_run_timer(uv_timer_t *timer)
{
    struct door_http *d = timer->data;

    if (d->rest_ms < REST_MS_MAX)
        d->rest_ms *= 2;
    run(d);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct door_http *d = poll->data;

    (void)status;
    (void)events;
    d->rest_ms = 1;
    run(d);
}

static void log_mhd(void *user, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
static void log_mhd(void *user, const char *format, va_list args)
{
    struct door_http *d = user;
    char line[512];

    vsnprintf(line, sizeof line, format, args);
    line[strcspn(line, "\n")] = '\0';
    log_line(&d->host->log, LOG_DEBUG, "sim http %s", line);
}

/* Takes the listening socket, when it succeeds. `cert` and `key` NULL: plain. */
static struct MHD_Daemon *start(struct door_http *d, int fd, const char *cert,
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
    unsigned flags = MHD_USE_EPOLL | MHD_USE_ERROR_LOG | (cert ? MHD_USE_TLS : 0);

    return MHD_start_daemon(flags, 0, NULL, NULL, on_request, d,
                            /* The logger first, so that it has all of it. */
                            MHD_OPTION_EXTERNAL_LOGGER, log_mhd, d,
                            MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
                            (unsigned)LIMIT_SIM_CONNECTIONS, MHD_OPTION_URI_LOG_CALLBACK,
                            on_uri, d, MHD_OPTION_NOTIFY_CONNECTION, on_connection, d,
                            MHD_OPTION_NOTIFY_COMPLETED, on_completed, d,
                            MHD_OPTION_ARRAY, cert ? tls : &none, MHD_OPTION_END);
}

static int start_listening(struct door_http *d, const struct door_http_options *o,
                           cordage_error *error)
{
    char *cert = NULL, *key = NULL;
    int fd = door_open_socket(o->address, o->port, &d->port, error);

    if (fd < 0)
        return fd;
    if (o->cert_file && (!(cert = door_read_pem(o->cert_file, error)) ||
                         !(key = door_read_pem(o->key_file, error)))) {
        door_wipe_pem(cert);
        close(fd);
        return CORDAGE_EINVAL;
    }
    d->daemon = start(d, fd, cert, key);
    door_wipe_pem(cert);
    door_wipe_pem(key);
    if (d->daemon)
        return 0;
    close(fd);
    return error_set(error, CORDAGE_EINVAL, "cannot serve HTTP%s%s",
                     o->cert_file ? "S with the certificate " : "",
                     o->cert_file ? o->cert_file : "");
}

static void start_handles(struct door_http *d)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(d->daemon, MHD_DAEMON_INFO_EPOLL_FD);

    d->rest_ms = 1;
    uv_timer_init(d->uv, &d->run_timer);
    uv_timer_init(d->uv, &d->sweep_timer);
    d->run_timer.data = d->sweep_timer.data = d->poll.data = d;
    uv_timer_start(&d->sweep_timer, on_sweep, d->step_ms / 8, d->step_ms / 8);
    d->n_handles = 2;
    if (uv_poll_init(d->uv, &d->poll, info->epoll_fd) == 0) {
        d->n_handles = 3;
        uv_poll_start(&d->poll, UV_READABLE, on_poll);
    }
}

int door_http_new(struct loop *loop, struct routes *routes,
                  const struct door_http_options *options, struct door_http **out,
                  cordage_error *error)
{
    struct door_http *d = mem_zero(sizeof *d);
    int err;

    *out = NULL;
    if (!d)
        return error_set(error, CORDAGE_ENOMEM, "%s", cordage_strerror(CORDAGE_ENOMEM));
    d->uv = loop_uv(loop);
    d->host = loop_host(loop);
    d->routes = routes;
    d->step_ms = options->timeout_ms ? options->timeout_ms : STEP_MS;
    d->changed = options->changed;
    d->user = options->user;
    list_init(&d->by_step);
    err = start_listening(d, options, error);
    if (err) {
        free(d);
        return err;
    }
    start_handles(d);
    if (d->n_handles < 3) {
        door_http_free(d);
        return error_set(error, CORDAGE_ESYSTEM,
                         "cannot poll the HTTP side's descriptor");
    }
    *out = d;
    return 0;
}

uint16_t door_http_port(const struct door_http *d)
{
    return d->port;
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct door_http *d = handle->data;

    if (--d->n_handles == 0)
        free(d);
}

void door_http_free(struct door_http *d)
{
    if (!d)
        return;
    if (d->n_handles == 3) {
        uv_poll_stop(&d->poll);
        uv_close((uv_handle_t *)&d->poll, on_handle_closed);
    }
    MHD_stop_daemon(d->daemon);
    uv_close((uv_handle_t *)&d->run_timer, on_handle_closed);
    uv_close((uv_handle_t *)&d->sweep_timer, on_handle_closed);
}
