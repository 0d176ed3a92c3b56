/* zstd-stream: one zstd frame for the connection's life; each message is a payload,
 * flushed but never the frame's end. */
#include "inflate_kinds.h"

#include <zstd.h>
#include <zstd_errors.h>

#include "error.h"
#include "limits.h"
#include "mem.h"

struct inflate_zstd {
    struct inflate base;
    ZSTD_DCtx *context;
};

struct inflate *inflate_zstd_new(void)
{
    struct inflate_zstd *z = mem_zero(sizeof *z);

    if (!z)
        return NULL;
    z->context = ZSTD_createDCtx();
    if (z->context)
        return &z->base;
    free(z);
    return NULL;
}

void inflate_zstd_free(struct inflate *base)
{
    struct inflate_zstd *z = CONTAINER_OF(base, struct inflate_zstd, base);

    ZSTD_freeDCtx(z->context);
    free(z);
}

/* Room for more behind what has come out: at most one byte over the limit, so that a bomb
 * shows. */
static int make_room(struct buf *out)
{
    size_t more = out->n < SCRATCH_FIRST ? SCRATCH_FIRST : out->n;

    if (out->n > LIMIT_PAYLOAD)
        return CORDAGE_ELIMIT;
    if (out->n < out->size)
        return 0;
    if (more > LIMIT_PAYLOAD + 1 - out->n)
        more = LIMIT_PAYLOAD + 1 - out->n;
    return buf_reserve(out, more);
}

int inflate_zstd_feed(struct inflate *base, struct inflate_scratch *s, struct str message,
                      struct str *out)
{
    struct inflate_zstd *z = CONTAINER_OF(base, struct inflate_zstd, base);
    ZSTD_inBuffer from = { message.p, message.n, 0 };
    ZSTD_outBuffer to;
    size_t said;
    int err = scratch_ready(s, message.n);

    if (err)
        return err;
    /* Both must hold at the end: all was read, and nothing waits for room. */
    do {
        err = make_room(&s->out);
        if (err)
            return err;
        to = (ZSTD_outBuffer){ s->out.p, s->out.size, s->out.n };
        said = ZSTD_decompressStream(z->context, &to, &from);
        if (ZSTD_isError(said))
            return ZSTD_getErrorCode(said) == ZSTD_error_memory_allocation
                       ? CORDAGE_ENOMEM
                       : CORDAGE_EPARSE;
        s->out.n = to.pos;
        if (said == 0)
            return CORDAGE_EPARSE; /* the frame ended: the stream never does */
    } while (from.pos < from.size || to.pos == to.size);
    if (s->out.n > LIMIT_PAYLOAD)
        return CORDAGE_ELIMIT;
    *out = buf_str(&s->out);
    return 1;
}
