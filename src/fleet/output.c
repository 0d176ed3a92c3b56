#include "output.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "buf.h"
#include "error.h"
#include "mem.h"

/* How a descriptor is written to without waiting, and without making it non-blocking for
 * those who share it. */
enum output_way {
    WAY_PLAIN,  /* a file, which doesn't make anybody wait */
    WAY_OWN,    /* a pipe or a terminal: through a non-blocking descriptor of our own */
    WAY_SOCKET, /* each call says that it won't wait */
    WAY_ASK     /* what we may not open again: asked before each write */
};

/* Goes to the beginning of the line and clears it. */
#define ERASE "\r\033[K"

enum { ASKED_BYTES = 4096 /* PIPE_BUF: what is writable takes so much at once */ };

struct output {
    struct loop *loop;
    int fd;
    enum output_way way;
    bool is_terminal;
    bool is_gone;
    struct buf queue; /* from `written` on it is still to be written */
    size_t written;
    uint64_t dropped; /* lines, since that was last said */
    uv_poll_t *poll;  /* NULL: never needed yet */
    bool watching;    /* the other end was full */
    struct link waiters;
};

/* ---- What is behind the descriptor ------------------------------------------------- */

static void choose_way(struct output *o, int fd)
{
    char path[64];
    struct stat st;
    int own;

    o->fd = fd;
    o->is_terminal = isatty(fd);
    if (fstat(fd, &st) || S_ISREG(st.st_mode))
        return;
    if (S_ISSOCK(st.st_mode)) {
        o->way = WAY_SOCKET;
        return;
    }
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    own = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    o->way = own >= 0 ? WAY_OWN : WAY_ASK;
    if (own >= 0)
        o->fd = own;
}

int output_new(struct loop *loop, int fd, struct output **out, cordage_error *error)
{
    struct output *o = mem_zero(sizeof *o);

    *out = o;
    if (!o)
        return error_set(error, CORDAGE_ENOMEM, "out of memory for the output");
    o->loop = loop;
    o->queue.limit = OUTPUT_LIMIT;
    list_init(&o->waiters);
    choose_way(o, fd);
    return 0;
}

bool output_is_terminal(const struct output *o)
{
    return o->is_terminal;
}

static ssize_t write_some(struct output *o, const char *p, size_t n)
{
    struct pollfd ask = { .fd = o->fd, .events = POLLOUT };

    switch (o->way) {
    case WAY_SOCKET:
        return send(o->fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
    case WAY_ASK:
        if (poll(&ask, 1, 0) < 1) {
            errno = EAGAIN;
            return -1;
        }
        return write(o->fd, p, n < ASKED_BYTES ? n : ASKED_BYTES);
    case WAY_PLAIN:
    case WAY_OWN:
        break;
    }
    return write(o->fd, p, n);
}

/* ---- The queue --------------------------------------------------------------------- */

static size_t queued(const struct output *o)
{
    return o->queue.n - o->written;
}

static void forget_written(struct output *o)
{
    if (o->written == o->queue.n) {
        buf_clear(&o->queue);
        o->written = 0;
    } else if (o->written > o->queue.n / 2) {
        buf_consume(&o->queue, o->written);
        o->written = 0;
    }
}

static void drop_queue(struct output *o)
{
    for (size_t i = o->written; i < o->queue.n; i++)
        if (o->queue.p[i] == '\n')
            o->dropped++;
    buf_clear(&o->queue);
    o->written = 0;
}

/* A full disk may have room again; all else is the end. */
static void on_failure(struct output *o, int why)
{
    o->is_gone = why != ENOSPC && why != EDQUOT && why != EFBIG;
    drop_queue(o);
}

/* Whether the other end took all. */
static bool write_queue(struct output *o)
{
    while (queued(o)) {
        ssize_t n = write_some(o, o->queue.p + o->written, queued(o));

        if (n >= 0)
            o->written += (size_t)n;
        else if (errno == EAGAIN)
            break;
        else if (errno != EINTR)
            on_failure(o, errno);
    }
    forget_written(o);
    return queued(o) == 0;
}

/* Room for a line in the queue, and no line that we know was lost before it. */
static bool has_room(struct output *o, size_t n)
{
    char said[128];
    int size;

    if (o->is_gone)
        return false;
    if (!o->dropped)
        return buf_reserve(&o->queue, n) == 0;
    size = snprintf(said, sizeof said,
                    "cordage: %" PRIu64 " lines were dropped here: this output was full "
                    "or too slow\n",
                    o->dropped);
    if (buf_reserve(&o->queue, n + (size_t)size))
        return false;
    buf_append(&o->queue, said, (size_t)size);
    o->dropped = 0;
    return true;
}

void output_add(struct output *o, struct str prefix, struct str line)
{
    size_t start;

    if (!has_room(o, sizeof ERASE + prefix.n + line.n + 1)) {
        o->dropped++;
        return;
    }
    if (o->is_terminal)
        buf_append_z(&o->queue, ERASE);
    buf_append_str(&o->queue, prefix);
    start = o->queue.n;
    buf_append_str(&o->queue, line);
    if (o->is_terminal)
        str_make_printable(o->queue.p + start, line.n);
    buf_append_z(&o->queue, "\n");
}

/* ---- A slow other end -------------------------------------------------------------- */

static void tell_waiters(struct output *o)
{
    struct link now, *next;

    list_init(&now);
    list_join(&now, &o->waiters);
    while ((next = list_pop(&now))) {
        struct output_waiter *w = CONTAINER_OF(next, struct output_waiter, on_output);

        w->room(w);
    }
}

static void on_writable(uv_poll_t *poll, int status, int events)
{
    struct output *o = poll->data;

    (void)status;
    (void)events;
    if (write_queue(o)) {
        uv_poll_stop(o->poll);
        o->watching = false;
    }
    if (queued(o) < OUTPUT_FULL / 2)
        tell_waiters(o);
}

static void on_closed(uv_handle_t *handle)
{
    free(handle);
}

static int make_poll(struct output *o)
{
    int flags = fcntl(o->fd, F_GETFL), err;

    o->poll = mem_zero(sizeof *o->poll);
    if (!o->poll)
        return CORDAGE_ENOMEM;
    err = uv_poll_init(loop_uv(o->loop), o->poll, o->fd);
    if (err) {
        free(o->poll);
        o->poll = NULL;
        return CORDAGE_ESYSTEM;
    }
    o->poll->data = o;
    if (o->way != WAY_OWN && flags >= 0)
        fcntl(o->fd, F_SETFL,
              flags); /* libuv made it non-blocking for all who share it */
    return 0;
}

static void watch(struct output *o)
{
    if (!o->poll && make_poll(o)) {
        drop_queue(o);
        return;
    }
    uv_poll_start(o->poll, UV_WRITABLE, on_writable);
    o->watching = true;
}

void output_push(struct output *o)
{
    if (!o->watching && !write_queue(o))
        watch(o);
}

void output_line(struct output *o, struct str prefix, struct str line)
{
    output_add(o, prefix, line);
    output_push(o);
}

void output_raw(struct output *o, struct str bytes)
{
    if (queued(o) || o->is_gone || buf_append_str(&o->queue, bytes))
        return;
    output_push(o);
}

bool output_is_full(const struct output *o)
{
    return queued(o) >= OUTPUT_FULL;
}

void output_wait(struct output *o, struct output_waiter *w)
{
    assert(o->watching);
    list_insert(&o->waiters, &w->on_output);
}

/* ---- The end ----------------------------------------------------------------------- */

static int64_t real_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void flush(struct output *o)
{
    int64_t end = real_ms() + OUTPUT_FLUSH_MS, left;
    struct pollfd ask = { .fd = o->fd, .events = POLLOUT };

    while (!write_queue(o) && (left = end - real_ms()) > 0)
        poll(&ask, 1, (int)left);
}

void output_free(struct output *o)
{
    struct link *waiter;

    if (!o)
        return;
    flush(o);
    while ((waiter = list_pop(&o->waiters)))
        ;
    if (o->poll)
        uv_close((uv_handle_t *)o->poll, on_closed);
    if (o->way == WAY_OWN)
        close(o->fd);
    buf_release(&o->queue);
    free(o);
}
