#include "loop_inner.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "conn.h"
#include "error.h"

/* libuv's timers stand still while the machine sleeps, ours do not: looking at the clock
 * this often finds out soon enough that it did. */
enum { LONGEST_SLEEP_MS = 5000 };

static double clock_ms(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static uint64_t host_now(struct host *h)
{
    struct loop *l = loop_of(h);

    /* Not counted from the loop's start, so that loops and processes with the same
     * speed agree on it. */
    if (l->is_now_old || !l->running)
        l->now = (uint64_t)(clock_ms(CLOCK_BOOTTIME) * l->speed);
    l->is_now_old = false;
    return l->now;
}

static uint64_t host_wall(struct host *h)
{
    (void)h;
    return (uint64_t)clock_ms(CLOCK_REALTIME);
}

static uint64_t host_random(struct host *h)
{
    uint64_t n = 0;

    (void)h;
    while (getrandom(&n, sizeof n, 0) != sizeof n)
        assert(errno == EINTR);
    return n;
}

static void host_arm(struct host *h, struct timer *t, uint64_t at)
{
    uint64_t now = host_now(h);

    /* A deadline in the past counts as now: else a timer which arms itself for the past
     * would stay ahead of all others. */
    timers_arm(&loop_of(h)->timers, t, at > now ? at : now);
}

static void host_disarm(struct host *h, struct timer *t)
{
    timers_disarm(&loop_of(h)->timers, t);
}

static void host_post(struct host *h, struct mail *mail)
{
    mailbox_post(&loop_of(h)->mailbox, mail);
}

uint64_t loop_real_ms(struct loop *l, unsigned ms)
{
    return host_now(&l->host) + (uint64_t)ceil(ms * l->speed);
}

void loop_refresh(struct loop *l)
{
    l->is_now_old = true;
}

/* How long the kernel may let us sleep. */
static uint64_t sleep_ms(struct loop *l)
{
    uint64_t next = timers_next(&l->timers), now = host_now(&l->host);
    double ms;

    if (next <= now || !list_is_empty(&l->ended) || !list_is_empty(&l->unwritten))
        return 0;
    ms = ceil((double)(next - now) / l->speed);
    return ms < LONGEST_SLEEP_MS ? (uint64_t)ms : LONGEST_SLEEP_MS;
}

static void on_wake(uv_timer_t *wake)
{
    (void)wake; /* being awake is enough: the turn's end does the rest */
}

static void on_turn_end(uv_prepare_t *turn_end)
{
    struct loop *l = turn_end->data;

    l->is_now_old = true;
    timers_fire(&l->timers, host_now(&l->host));
    conn_write_all(l);
    conn_tell_ended(l);
    uv_update_time(&l->uv);
    uv_timer_start(&l->wake, on_wake, sleep_ms(l), 0);
    l->is_now_old = true;
}

static void on_async(uv_async_t *async)
{
    struct loop *l = async->data;

    mailbox_run(&l->mailbox);
    if (atomic_load(&l->stopping))
        uv_stop(&l->uv);
}

static void wake_for_mail(void *user)
{
    struct loop *l = user;

    /* Whoever posts while the loop is being freed is that thread itself, and the mail is
     * run by mailbox_release. */
    if (!l->freeing)
        uv_async_send(&l->async);
}

static int start_handles(struct loop *l)
{
    int err = uv_prepare_init(&l->uv, &l->turn_end);

    if (!err)
        err = uv_prepare_start(&l->turn_end, on_turn_end);
    if (!err)
        err = uv_timer_init(&l->uv, &l->wake);
    if (!err)
        err = uv_async_init(&l->uv, &l->async, on_async);
    l->turn_end.data = l->wake.data = l->async.data = l;
    return err;
}

static int make_buffers(struct loop *l)
{
    l->cipher = malloc(LOOP_RECV);
    l->plain = mem_zero(LOOP_PLAIN + BUF_SLACK);
    l->tls_method = tls_io_method();
    if (!l->cipher || !l->plain || !l->tls_method || timers_init(&l->timers))
        return UV_ENOMEM;
    return 0;
}

static void init(struct loop *l, const struct loop_options *options)
{
    l->host = (struct host){ .log = options->log,
                             .now = host_now,
                             .wall = host_wall,
                             .random = host_random,
                             .arm = host_arm,
                             .disarm = host_disarm,
                             .dial = conn_dial,
                             .send = conn_send,
                             .backlog = conn_backlog,
                             .pause = conn_pause,
                             .hangup = conn_hangup,
                             .post = host_post };
    l->speed = options->speed > 0 ? options->speed : 1;
    l->tls = options->tls;
    list_init(&l->conns);
    list_init(&l->ended);
    list_init(&l->unwritten);
}

static int refused(int uv_error, cordage_error *error)
{
    int code = uv_error == UV_ENOMEM ? CORDAGE_ENOMEM : CORDAGE_ESYSTEM;

    return error_set(error, code, "cannot make an event loop: %s", uv_strerror(uv_error));
}

/* libuv aborts the process when it closes a descriptor that took the place of a standard
 * one. Which are missing, a library must not decide to fill. */
static bool has_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            return false;
    return true;
}

int loop_new(const struct loop_options *options, struct loop **out, cordage_error *error)
{
    struct loop *l;
    int err;

    *out = NULL;
    if (!has_standard_descriptors())
        return error_set(error, CORDAGE_ESYSTEM,
                         "Standard input, output or error is closed. Start the program "
                         "with all three open, for example with </dev/null.");
    l = mem_zero(sizeof *l);
    if (!l)
        return error_set(error, CORDAGE_ENOMEM, "out of memory for an event loop");
    init(l, options);
    err = options->proxy ? dial_read_proxy(options->proxy, &l->proxy, error) : 0;
    if (err) {
        free(l);
        return err;
    }
    err = uv_loop_init(&l->uv);
    if (err) {
        free(l);
        return refused(err, error);
    }
    mailbox_init(&l->mailbox, wake_for_mail, l);
    err = make_buffers(l);
    if (!err)
        err = start_handles(l);
    if (err) {
        loop_free(l);
        return refused(err, error);
    }
    *out = l;
    return 0;
}

static void close_handle(uv_handle_t *handle)
{
    /* Those that were never set up are still zero. */
    if (handle->loop)
        uv_close(handle, NULL);
}

void loop_free(struct loop *l)
{
    int err;

    if (!l)
        return;
    assert(!l->running);
    mailbox_run(&l->mailbox);
    l->freeing = true;
    while (!list_is_empty(&l->conns))
        conn_over(CONTAINER_OF(l->conns.next, struct conn, on_loop), CORDAGE_ECLOSED,
                  "the loop has ended");
    while (!list_is_empty(&l->ended))
        conn_tell_ended(l);
    close_handle((uv_handle_t *)&l->turn_end);
    close_handle((uv_handle_t *)&l->wake);
    close_handle((uv_handle_t *)&l->async);
    uv_run(&l->uv, UV_RUN_DEFAULT);
    mailbox_release(&l->mailbox);
    err = uv_loop_close(&l->uv);
    assert(err == 0);
    (void)err;
    timers_release(&l->timers);
    BIO_meth_free(l->tls_method);
    free(l->cipher);
    free(l->plain);
    free(l);
}

struct host *loop_host(struct loop *l)
{
    return &l->host;
}

uv_loop_t *loop_uv(struct loop *l)
{
    return &l->uv;
}

size_t loop_wires(const struct loop *l)
{
    return l->n_conns;
}

int loop_run(struct loop *l)
{
    assert(!l->running);
    l->running = true;
    l->is_now_old = true;
    /* libuv forgets a stop that comes before the run; the flag does not. */
    while (!atomic_load(&l->stopping))
        uv_run(&l->uv, UV_RUN_DEFAULT);
    atomic_store(&l->stopping, false);
    l->running = false;
    return 0;
}

void loop_stop(struct loop *l)
{
    atomic_store(&l->stopping, true);
    uv_async_send(&l->async);
}
