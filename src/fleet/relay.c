#include "relay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"
#include "mem.h"

enum {
    READ_BYTES = 64 * 1024,
    READS_PER_WAKE = 4, /* then others have their turn */
    /* What a flush reads at most: a child of the worker's may write without end. */
    FLUSH_BYTES = 2 * RELAY_FIFO_BYTES,
    PREFIX_SIZE = 64
};

struct relay {
    uv_poll_t poll;
    struct output *out;
    struct output_waiter waiter;
    char *path;
    int fd;     /* where we read */
    int worker; /* what the worker gets */
    char prefix[PREFIX_SIZE];
    size_t n; /* of `bytes`: a line that isn't finished, at most RELAY_LINE */
    char bytes[RELAY_LINE + READ_BYTES];
};

/* ---- Lines ------------------------------------------------------------------------- */

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* Where to cut a line that is too long: not within a character. */
static size_t cut_at(const char *line)
{
    size_t n = RELAY_LINE;

    while (n > RELAY_LINE - 4 && is_continuation(line[n]))
        n--;
    return is_continuation(line[n]) ? RELAY_LINE : n;
}

static void put(struct relay *r, const char *line, size_t n)
{
    output_add(r->out, str_of(r->prefix), (struct str){ line, n });
}

/* Passes on all whole lines of `bytes`, and what is too long for one. */
static void pass_lines(struct relay *r)
{
    const char *p = r->bytes, *end = r->bytes + r->n;

    while (p < end) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        size_t n = newline ? (size_t)(newline - p) : (size_t)(end - p);

        if (n > RELAY_LINE) {
            n = cut_at(p);
            newline = NULL;
        } else if (!newline) {
            break;
        }
        put(r, p, n);
        p += n + (newline ? 1 : 0);
    }
    r->n = (size_t)(end - p);
    memmove(r->bytes, p, r->n);
}

/* How many bytes came; 0: none now. */
static size_t read_once(struct relay *r)
{
    ssize_t n;

    do
        n = read(r->fd, r->bytes + r->n, sizeof r->bytes - r->n);
    while (n < 0 && errno == EINTR);
    if (n <= 0)
        return 0;
    r->n += (size_t)n;
    pass_lines(r);
    return (size_t)n;
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct relay *r = poll->data;

    (void)status;
    (void)events;
    for (int i = 0; i < READS_PER_WAKE && !output_is_full(r->out); i++) {
        if (!read_once(r))
            break;
        output_push(r->out);
    }
    if (output_is_full(r->out)) {
        uv_poll_stop(&r->poll);
        output_wait(r->out, &r->waiter);
    }
}

static void on_room(struct output_waiter *w)
{
    struct relay *r = CONTAINER_OF(w, struct relay, waiter);

    uv_poll_start(&r->poll, UV_READABLE, on_readable);
}

void relay_flush(struct relay *r)
{
    size_t sum = 0, n;

    while (sum < FLUSH_BYTES && (n = read_once(r)) > 0) {
        output_push(r->out);
        sum += n;
    }
    if (r->n)
        put(r, r->bytes, r->n);
    r->n = 0;
    output_push(r->out);
}

/* ---- The FIFO ---------------------------------------------------------------------- */

static int refused(const char *path, const char *why, cordage_error *error)
{
    return error_set(error, CORDAGE_EIO,
                     "Cannot use %s, through which a worker's output comes: %s. See that "
                     "its directory is yours and its disk has room; the file itself may "
                     "be removed.",
                     path, why);
}

/* A FIFO of ours, and nothing else that lies there. */
static const char *look_at(int fd, struct stat *st)
{
    if (fstat(fd, st))
        return strerror(errno);
    if (!S_ISFIFO(st->st_mode))
        return "it is not a FIFO";
    if (st->st_uid != geteuid())
        return "it is another user's";
    return NULL;
}

/* NULL, or why not. The worker's end is opened first: with it there is always somebody
 * who writes, and we never read an end. */
static const char *open_both(struct relay *r)
{
    struct stat worker, ours;
    const char *why;

    if (mkfifo(r->path, 0600) && errno != EEXIST)
        return strerror(errno);
    r->worker = open(r->path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (r->worker < 0)
        return strerror(errno);
    why = look_at(r->worker, &worker);
    if (why)
        return why;
    r->fd = open(r->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (r->fd < 0)
        return strerror(errno);
    why = look_at(r->fd, &ours);
    if (why)
        return why;
    if (worker.st_dev != ours.st_dev || worker.st_ino != ours.st_ino)
        return "it was replaced at this moment";
    /* Whoever prints to it waits when it is full, as with any other output. */
    fcntl(r->worker, F_SETFL, 0);
    fchmod(r->worker, 0600);
    return NULL;
}

/* As large as the system lets us: beyond a number of large pipes per user it doesn't. */
static void enlarge(int fd)
{
    for (int size = RELAY_FIFO_BYTES; size > READ_BYTES; size /= 2)
        if (fcntl(fd, F_GETPIPE_SZ) >= size || fcntl(fd, F_SETPIPE_SZ, size) >= 0)
            return;
}

static void release(struct relay *r)
{
    if (r->fd >= 0)
        close(r->fd);
    if (r->worker >= 0)
        close(r->worker);
    free(r->path);
    free(r);
}

static void on_closed(uv_handle_t *handle)
{
    release(handle->data);
}

int relay_new(struct loop *loop, const char *path, const char *label, struct output *out,
              struct relay **result, cordage_error *error)
{
    struct relay *r = mem_zero(sizeof *r);
    const char *why;
    int err = 0;

    *result = NULL;
    if (r)
        r->fd = r->worker = -1;
    if (r)
        r->path = mem_copy(path, strlen(path));
    if (!r || !r->path) {
        free(r);
        return error_set(error, CORDAGE_ENOMEM, "out of memory for a worker's output");
    }
    r->out = out;
    r->waiter.room = on_room;
    list_init(&r->waiter.on_output);
    snprintf(r->prefix, sizeof r->prefix, "[%s] ", label);
    why = open_both(r);
    if (why)
        err = refused(path, why, error);
    else if (uv_poll_init(loop_uv(loop), &r->poll, r->fd))
        err = refused(path, "it cannot be watched", error);
    if (err) {
        release(r);
        return err;
    }
    enlarge(r->fd);
    r->poll.data = r;
    uv_poll_start(&r->poll, UV_READABLE, on_readable);
    *result = r;
    return 0;
}

int relay_fd(const struct relay *r)
{
    return r->worker;
}

void relay_free(struct relay *r, bool remove_it)
{
    if (!r)
        return;
    relay_flush(r);
    list_remove(&r->waiter.on_output);
    if (remove_it)
        unlink(r->path);
    uv_close((uv_handle_t *)&r->poll, on_closed);
}
