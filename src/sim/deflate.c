#include "deflate.h"

#include <zlib.h>
#include <zstd.h>

#include "error.h"
#include "mem.h"

enum {
    /* Both libraries' defaults: how fast the simulator compresses is not what is
     * measured, and streams as Discord might send them should come out. */
    ZLIB_LEVEL = 6,
    ZSTD_LEVEL = 3,
};

struct deflate {
    enum compression kind;
    z_stream zlib;
    ZSTD_CCtx *zstd;
};

static bool set_up(struct deflate *d)
{
    switch (d->kind) {
    case COMPRESS_ZLIB:
        return deflateInit(&d->zlib, ZLIB_LEVEL) == Z_OK;
    case COMPRESS_ZSTD:
        d->zstd = ZSTD_createCCtx();
        return d->zstd &&
               !ZSTD_isError(
                   ZSTD_CCtx_setParameter(d->zstd, ZSTD_c_compressionLevel, ZSTD_LEVEL));
    default:
        return true;
    }
}

struct deflate *deflate_new(enum compression kind)
{
    struct deflate *d = mem_zero(sizeof *d);

    if (!d)
        return NULL;
    d->kind = kind;
    if (set_up(d))
        return d;
    deflate_free(d);
    return NULL;
}

void deflate_free(struct deflate *d)
{
    if (!d)
        return;
    if (d->kind == COMPRESS_ZLIB)
        deflateEnd(&d->zlib);
    ZSTD_freeCCtx(d->zstd);
    free(d);
}

static int zlib_write(z_stream *z, struct str payload, int flush, struct buf *out)
{
    /* zlib.h: with at least six bytes to spare a flush is not written twice. */
    size_t spare = 64;
    int err;

    z->next_in = (unsigned char *)payload.p;
    z->avail_in = (unsigned)payload.n;
    do {
        err = buf_reserve(out, deflateBound(z, z->avail_in) + spare);
        if (err)
            return err;
        z->next_out = (unsigned char *)out->p + out->n;
        z->avail_out = (unsigned)(out->size - out->n);
        (void)deflate(z, flush);
        out->n = out->size - z->avail_out;
    } while (z->avail_in || z->avail_out == 0);
    return 0;
}

static int zstd_payload(ZSTD_CCtx *zstd, struct str payload, struct buf *out)
{
    ZSTD_inBuffer from = { payload.p, payload.n, 0 };
    size_t left;

    do {
        ZSTD_outBuffer to;
        int err = buf_reserve(out, ZSTD_compressBound(from.size - from.pos));

        if (err)
            return err;
        to = (ZSTD_outBuffer){ out->p, out->size, out->n };
        left = ZSTD_compressStream2(zstd, &to, &from, ZSTD_e_flush);
        if (ZSTD_isError(left))
            return CORDAGE_ENOMEM;
        out->n = to.pos;
    } while (left || from.pos < from.size);
    return 0;
}

int deflate_payload(struct deflate *d, struct str payload, struct buf *out)
{
    if (payload.n > UINT32_MAX / 2)
        return CORDAGE_ELIMIT;
    switch (d->kind) {
    case COMPRESS_ZLIB:
        return zlib_write(&d->zlib, payload, Z_SYNC_FLUSH, out);
    case COMPRESS_ZSTD:
        return zstd_payload(d->zstd, payload, out);
    default:
        return buf_append_str(out, payload);
    }
}

int deflate_forget(struct deflate *d, struct buf *out)
{
    return zlib_write(&d->zlib, STR(""), Z_FULL_FLUSH, out);
}

int deflate_piece(struct str bytes, struct buf *out)
{
    enum { RAW = -15, MEMORY = 8 };
    z_stream z = { 0 };
    int err;

    if (deflateInit2(&z, ZLIB_LEVEL, Z_DEFLATED, RAW, MEMORY, Z_DEFAULT_STRATEGY) != Z_OK)
        return CORDAGE_ENOMEM;
    err = zlib_write(&z, bytes, Z_SYNC_FLUSH, out);
    deflateEnd(&z);
    return err;
}

int deflate_whole(struct str payload, struct buf *out)
{
    uLongf n = compressBound(payload.n);
    int err = buf_reserve(out, n);

    if (err)
        return err;
    if (compress2((unsigned char *)out->p + out->n, &n, (const unsigned char *)payload.p,
                  payload.n, ZLIB_LEVEL) != Z_OK)
        return CORDAGE_ENOMEM;
    out->n += n;
    return 0;
}
