/* writer.c - events gather in a block; a block that is full or old enough is compressed
 * and written in one go. A block that could not be written whole is taken back, so that
 * the file ends where it is good. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <zstd.h>

#include "format.h"
#include "mem.h"

enum { ZSTD_LEVEL = 3 };

struct recorder {
    char *path;
    int fd;
    struct json_parser *parser;
    ZSTD_CCtx *zstd;
    struct buf data;       /* the block that gathers */
    struct buf packed;     /* head and compressed data of one that is written */
    uint64_t began_ms;     /* the block's first event's */
    uint64_t last_ms;      /* the last event's: a clock that goes back is not believed */
    uint64_t at, n_events; /* bytes written, events in them */
    uint64_t written_ms;   /* the last one's */
    uint32_t n;            /* in `data` */
    bool broken;           /* the disk refused: nothing more is written */
    bool ended;
};

static int no_memory(cordage_error *error)
{
    return error_set(error, CORDAGE_ENOMEM, "%s", cordage_strerror(CORDAGE_ENOMEM));
}

static int complain(struct recorder *r, int number, cordage_error *error)
{
    r->broken = true;
    return error_set(error, CORDAGE_EIO,
                     "cannot write %.600s: %s; the %llu events before that are in it",
                     r->path, strerror(number), (unsigned long long)r->n_events);
}

static int write_all(struct recorder *r, const char *p, size_t n, cordage_error *error)
{
    while (n > 0) {
        ssize_t did = write(r->fd, p, n);

        if (did < 0 && errno == EINTR)
            continue;
        if (did <= 0) {
            int number = did < 0 ? errno : ENOSPC;

            /* Should that fail, too, the reader finds half a block, and says so. */
            (void)!ftruncate(r->fd, (off_t)r->at);
            return complain(r, number, error);
        }
        p += did;
        n -= (size_t)did;
    }
    return 0;
}

/* Writes what is in `packed`, whose head's place is still empty. */
static int write_block(struct recorder *r, const struct format_block *b,
                       cordage_error *error)
{
    struct str stored = { r->packed.p + FORMAT_BLOCK, b->stored };
    int err;

    format_put_block(b, r->at, stored, r->packed.p);
    err = write_all(r, r->packed.p, FORMAT_BLOCK + stored.n, error);
    if (!err)
        r->at += FORMAT_BLOCK + stored.n;
    return err;
}

static int finish_block(struct recorder *r, cordage_error *error)
{
    struct format_block b = { FORMAT_EVENTS, 0, (uint32_t)r->data.n, r->n, r->n_events };
    size_t bound = ZSTD_compressBound(r->data.n), n;
    int err;

    if (r->n == 0)
        return 0;
    buf_clear(&r->packed);
    if (buf_reserve(&r->packed, FORMAT_BLOCK + bound) < 0)
        return no_memory(error);
    n = ZSTD_compressCCtx(r->zstd, r->packed.p + FORMAT_BLOCK, bound, r->data.p,
                          r->data.n, ZSTD_LEVEL);
    if (ZSTD_isError(n))
        return no_memory(error);
    b.stored = (uint32_t)n;
    err = write_block(r, &b, error);
    if (err)
        return err;
    r->n_events += r->n;
    r->written_ms = r->last_ms;
    r->n = 0;
    if (r->data.size > 4 * FORMAT_BLOCK_BYTES) { /* a giant's */
        buf_release(&r->data);
        buf_release(&r->packed);
    }
    buf_clear(&r->data);
    return 0;
}

static void release(struct recorder *r)
{
    if (r->fd >= 0)
        close(r->fd);
    json_parser_free(r->parser);
    ZSTD_freeCCtx(r->zstd);
    buf_release(&r->data);
    buf_release(&r->packed);
    free(r->path);
    free(r);
}

static int make_file(struct recorder *r, const struct recording_head *head,
                     cordage_error *error)
{
    char bytes[FORMAT_HEAD];
    int err;

    r->fd = open(r->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (r->fd < 0 && errno == EEXIST)
        return error_set(error, CORDAGE_EIO,
                         "%.600s is there already: give another name, or remove it",
                         r->path);
    if (r->fd < 0)
        return error_set(error, CORDAGE_EIO, "cannot make %.600s: %s", r->path,
                         strerror(errno));
    format_put_head(head, bytes);
    err = write_all(r, bytes, sizeof bytes, error);
    if (err)
        unlink(r->path);
    else
        r->at = sizeof bytes;
    return err;
}

int recorder_open(const char *path, const struct recording_head *head,
                  struct recorder **out, cordage_error *error)
{
    struct recorder *r = mem_zero(sizeof *r);
    int err;

    *out = NULL;
    if (!r)
        return no_memory(error);
    r->fd = -1;
    r->path = mem_copy(path, strlen(path));
    r->parser = json_parser_new();
    r->zstd = ZSTD_createCCtx();
    if (!r->path || !r->parser || !r->zstd)
        err = no_memory(error);
    else
        err = make_file(r, head, error);
    if (err) {
        release(r);
        return err;
    }
    *out = r;
    return 0;
}

static bool is_due(const struct recorder *r, uint64_t ms)
{
    return r->n > 0 && ms >= r->began_ms + FORMAT_BLOCK_MS;
}

static int refuse_broken(const struct recorder *r, cordage_error *error)
{
    return error_set(error, CORDAGE_EIO,
                     "%.600s could not be written on: the %llu events before that are in "
                     "it",
                     r->path, (unsigned long long)r->n_events);
}

int recorder_add(struct recorder *r, uint64_t ms, struct str payload,
                 cordage_error *error)
{
    size_t had = r->data.n;
    size_t n;
    int err;

    if (r->broken)
        return refuse_broken(r, error);
    if (buf_reserve(&r->data, FORMAT_EVENT + payload.n) < 0)
        return no_memory(error);
    r->data.n += FORMAT_EVENT;
    err = recording_clean(r->parser, payload, &r->data);
    n = r->data.n - had - FORMAT_EVENT;
    if (!err && n > RECORDING_PAYLOAD_MAX)
        err = CORDAGE_EPARSE;
    if (err) {
        r->data.n = had;
        return err == CORDAGE_ENOMEM
                   ? no_memory(error)
                   : error_set(error, CORDAGE_EPARSE, "this is no gateway payload");
    }
    if (ms < r->last_ms)
        ms = r->last_ms;
    r->last_ms = ms;
    format_put_event(ms, n, r->data.p + had);
    if (r->n++ == 0)
        r->began_ms = ms;
    return r->data.n >= FORMAT_BLOCK_BYTES || is_due(r, ms) ? finish_block(r, error) : 0;
}

int recorder_flush(struct recorder *r, uint64_t ms, cordage_error *error)
{
    if (r->broken)
        return refuse_broken(r, error);
    return is_due(r, ms) ? finish_block(r, error) : 0;
}

/* The mark that nothing is missing, all of it on the disk. */
static int write_end(struct recorder *r, cordage_error *error)
{
    struct format_block end = { .kind = FORMAT_END, .before = r->n_events };
    int err;

    if (buf_reserve(&r->packed, FORMAT_BLOCK) < 0)
        return no_memory(error);
    err = write_block(r, &end, error);
    if (!err && fsync(r->fd) < 0 && errno != EINVAL)
        return complain(r, errno, error);
    return err;
}

int recorder_end(struct recorder *r, cordage_error *error)
{
    int err;

    if (!r || r->ended)
        return 0;
    r->ended = true;
    err = r->broken ? refuse_broken(r, error) : finish_block(r, error);
    return err ? err : write_end(r, error);
}

void recorder_written(const struct recorder *r, uint64_t *events, uint64_t *ms)
{
    *events = r->n_events;
    *ms = r->written_ms;
}

int recorder_close(struct recorder *r, cordage_error *error)
{
    int err = recorder_end(r, error);

    if (r)
        release(r);
    return err;
}
