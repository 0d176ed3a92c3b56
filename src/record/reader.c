/* reader.c - a block at a time, none of which is believed before its checksum is. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zstd.h>

#include "format.h"
#include "mem.h"

struct recording {
    char *path;
    int fd;
    struct recording_head head;
    uint64_t file_size, at; /* the next block's place */
    uint64_t good;          /* events in the blocks before that */
    ZSTD_DCtx *zstd;
    struct buf stored, data; /* of the block at hand */
    size_t next;             /* in `data` */
    uint32_t left;           /* events in it that were not handed out */
    uint64_t last_ms;
    bool ended; /* the mark was read */
};

static int no_memory(cordage_error *error)
{
    return error_set(error, CORDAGE_ENOMEM, "%s", cordage_strerror(CORDAGE_ENOMEM));
}

static int cannot_read(const struct recording *r, cordage_error *error)
{
    return error_set(error, CORDAGE_EIO, "cannot read %.600s: %s", r->path,
                     strerror(errno));
}

static int damaged(const struct recording *r, cordage_error *error)
{
    return error_set(
        error, CORDAGE_EPARSE,
        "%.600s is damaged (or was cut) at byte %llu: %llu event%s before it %s good",
        r->path, (unsigned long long)r->at, (unsigned long long)r->good,
        r->good == 1 ? "" : "s", r->good == 1 ? "is" : "are");
}

/* `n` bytes from `at`; CORDAGE_EPARSE without a sentence when the file ends before. */
static int read_at(const struct recording *r, uint64_t at, char *out, size_t n,
                   cordage_error *error)
{
    while (n > 0) {
        ssize_t did = pread(r->fd, out, n, (off_t)at);

        if (did < 0 && errno == EINTR)
            continue;
        if (did < 0)
            return cannot_read(r, error);
        if (did == 0)
            return CORDAGE_EPARSE;
        out += did;
        at += (uint64_t)did;
        n -= (size_t)did;
    }
    return 0;
}

/* ---- Opening --------------------------------------------------------------------- */

static int read_head(struct recording *r, cordage_error *error)
{
    char bytes[FORMAT_HEAD] = { 0 };
    int err = r->file_size < sizeof bytes ? CORDAGE_EPARSE
                                          : read_at(r, 0, bytes, sizeof bytes, error);

    if (err == CORDAGE_EPARSE)
        return error_set(error, err,
                         "%.600s is no recording of `cordage record` (or was cut at byte "
                         "%llu, before its first event)",
                         r->path, (unsigned long long)r->file_size);
    if (err)
        return err;
    r->at = sizeof bytes;
    switch (format_get_head(bytes, &r->head)) {
    case FORMAT_SOUND:
        return 0;
    case FORMAT_NEWER:
        return error_set(error, CORDAGE_EPARSE,
                         "%.600s was recorded by another version of cordage: this one "
                         "reads version %d",
                         r->path, RECORDING_VERSION);
    case FORMAT_DAMAGED:
        return error_set(
            error, CORDAGE_EPARSE,
            "%.600s is damaged at byte 0: its head does not fit its checksum", r->path);
    case FORMAT_FOREIGN:
        break;
    }
    return error_set(error, CORDAGE_EPARSE, "%.600s is no recording of `cordage record`",
                     r->path);
}

static int open_file(struct recording *r, cordage_error *error)
{
    struct stat st;

    r->fd = open(r->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (r->fd < 0 || fstat(r->fd, &st) < 0)
        return cannot_read(r, error);
    if (!S_ISREG(st.st_mode))
        return error_set(error, CORDAGE_EIO, "%.600s is no file", r->path);
    r->file_size = (uint64_t)st.st_size;
    return read_head(r, error);
}

int recording_open(const char *path, struct recording **out, cordage_error *error)
{
    struct recording *r = mem_zero(sizeof *r);
    int err;

    *out = NULL;
    if (!r)
        return no_memory(error);
    r->fd = -1;
    r->path = mem_copy(path, strlen(path));
    r->zstd = ZSTD_createDCtx();
    err = r->path && r->zstd ? open_file(r, error) : no_memory(error);
    if (err) {
        recording_close(r);
        return err;
    }
    *out = r;
    return 0;
}

void recording_close(struct recording *r)
{
    if (!r)
        return;
    if (r->fd >= 0)
        close(r->fd);
    ZSTD_freeDCtx(r->zstd);
    buf_release(&r->stored);
    buf_release(&r->data);
    free(r->path);
    free(r);
}

const struct recording_head *recording_head(const struct recording *r)
{
    return &r->head;
}

/* ---- Reading --------------------------------------------------------------------- */

/* Whether the block's data are `n` events one after the other, in the order of time, and
 * nothing else. */
static bool is_in_order(const struct recording *r, const struct format_block *b)
{
    uint64_t last = r->last_ms, ms;
    size_t at = 0, n;

    for (uint32_t i = 0; i < b->n; i++) {
        if (b->size - at < FORMAT_EVENT)
            return false;
        format_get_event(r->data.p + at, &ms, &n);
        at += FORMAT_EVENT;
        if (n > b->size - at || ms < last)
            return false;
        at += n;
        last = ms;
    }
    return at == b->size;
}

static int unpack(struct recording *r, const struct format_block *b, cordage_error *error)
{
    size_t n;

    buf_clear(&r->data);
    if (r->data.size > 4 * FORMAT_BLOCK_BYTES) /* a giant's */
        buf_release(&r->data);
    if (buf_reserve(&r->data, b->size) < 0)
        return no_memory(error);
    n = ZSTD_decompressDCtx(r->zstd, r->data.p, b->size, r->stored.p, b->stored);
    if (ZSTD_isError(n) || n != b->size)
        return damaged(r, error);
    r->data.n = n;
    return is_in_order(r, b) ? 0 : damaged(r, error);
}

/* Reads and checks the block at `at`, its data still packed. CORDAGE_EPARSE without a
 * sentence when it is none. */
static int read_block(struct recording *r, struct format_block *b, cordage_error *error)
{
    char head[FORMAT_BLOCK];
    int err;

    if (r->file_size - r->at < sizeof head)
        return CORDAGE_EPARSE;
    err = read_at(r, r->at, head, sizeof head, error);
    if (err)
        return err;
    if (!format_get_block(head, b) || b->before != r->good ||
        b->stored > r->file_size - r->at - sizeof head)
        return CORDAGE_EPARSE;
    buf_clear(&r->stored);
    if (buf_reserve(&r->stored, b->stored) < 0)
        return no_memory(error);
    err = read_at(r, r->at + sizeof head, r->stored.p, b->stored, error);
    if (err)
        return err;
    r->stored.n = b->stored;
    return format_is_whole(head, r->at, buf_str(&r->stored)) ? 0 : CORDAGE_EPARSE;
}

/* 0: the next block is at hand, or the end was reached. */
static int next_block(struct recording *r, cordage_error *error)
{
    struct format_block b;
    int err = read_block(r, &b, error);

    if (err == CORDAGE_EPARSE)
        return damaged(r, error);
    if (err)
        return err;
    if (b.kind == FORMAT_EVENTS) {
        err = unpack(r, &b, error);
        if (err)
            return err;
        r->left = b.n;
        r->next = 0;
        r->good += b.n;
    }
    r->at += FORMAT_BLOCK + b.stored;
    r->ended = b.kind == FORMAT_END;
    return 0;
}

int recording_next(struct recording *r, struct recording_event *out, cordage_error *error)
{
    size_t n;

    *out = (struct recording_event){ 0 };
    if (r->left == 0 && !r->ended) {
        int err = next_block(r, error);

        if (err)
            return err;
    }
    if (r->left == 0)
        return r->at == r->file_size ? CORDAGE_ENOTFOUND : damaged(r, error);
    format_get_event(r->data.p + r->next, &out->ms, &n);
    out->payload = (struct str){ r->data.p + r->next + FORMAT_EVENT, n };
    r->next += FORMAT_EVENT + n;
    r->left--;
    r->last_ms = out->ms;
    return 0;
}

int recording_rewind(struct recording *r, cordage_error *error)
{
    (void)error;
    r->at = FORMAT_HEAD;
    r->good = r->last_ms = r->next = r->left = 0;
    r->ended = false;
    return 0;
}

int recording_measure(struct recording *r, uint64_t *events, uint64_t *ms,
                      cordage_error *error)
{
    struct recording_event e;
    int err = recording_rewind(r, error);

    *events = *ms = 0;
    while (!err) {
        err = recording_next(r, &e, error);
        if (err)
            break;
        ++*events;
        *ms = e.ms;
    }
    return err == CORDAGE_ENOTFOUND ? 0 : err;
}
