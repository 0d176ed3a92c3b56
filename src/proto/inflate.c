#include "inflate.h"

#include <assert.h>
#include <libdeflate.h>

#include "error.h"
#include "inflate_kinds.h"
#include "mem.h"

int compression_from(const char *name)
{
    struct str s = str_of(name);

    if (!name || str_is(s, "none"))
        return COMPRESS_NONE;
    if (str_is(s, "zlib-stream") || str_is(s, "zlib"))
        return COMPRESS_ZLIB;
    if (str_is(s, "zstd-stream") || str_is(s, "zstd"))
        return COMPRESS_ZSTD;
    return -1;
}

const char *compression_name(enum compression c)
{
    return c == COMPRESS_ZLIB ? "zlib-stream" : c == COMPRESS_ZSTD ? "zstd-stream" : NULL;
}

struct inflate_scratch *inflate_scratch_new(void)
{
    struct inflate_scratch *s = mem_zero(sizeof *s);

    if (!s)
        return NULL;
    s->out.limit = SCRATCH_MOST;
    s->decompressor = libdeflate_alloc_decompressor();
    if (s->decompressor)
        return s;
    inflate_scratch_free(s);
    return NULL;
}

void inflate_scratch_free(struct inflate_scratch *s)
{
    if (!s)
        return;
    libdeflate_free_decompressor(s->decompressor);
    buf_release(&s->out);
    buf_release(&s->staging);
    free(s);
}

static void shrink(struct buf *b)
{
    if (b->size > SCRATCH_KEPT)
        buf_release(b);
}

int scratch_ready(struct inflate_scratch *s, size_t n)
{
    if (n <= SCRATCH_SMALL) {
        shrink(&s->out);
        shrink(&s->staging);
    }
    buf_clear(&s->out);
    return buf_reserve(&s->out, SCRATCH_FIRST);
}

int scratch_double(struct buf *b, size_t limit)
{
    size_t size = b->size < limit / 2 ? b->size * 2 : limit;

    if (b->size >= limit)
        return CORDAGE_ELIMIT;
    /* Not a realloc, which would copy what is of no use. */
    buf_release(b);
    return buf_reserve(b, size);
}

struct inflate *inflate_new(enum compression kind)
{
    struct inflate *z;

    assert(kind == COMPRESS_ZLIB || kind == COMPRESS_ZSTD);
    z = kind == COMPRESS_ZLIB ? inflate_zlib_new() : inflate_zstd_new();
    if (z)
        z->kind = kind;
    return z;
}

void inflate_free(struct inflate *z)
{
    if (!z)
        return;
    if (z->kind == COMPRESS_ZLIB)
        inflate_zlib_free(z);
    else
        inflate_zstd_free(z);
}

int inflate_feed(struct inflate *z, struct inflate_scratch *s, struct str message,
                 struct str *out)
{
    int got;

    *out = (struct str){ "", 0 };
    if (z->failure)
        return z->failure;
    if (message.n == 0)
        return 0;
    got = z->kind == COMPRESS_ZLIB ? inflate_zlib_feed(z, s, message, out)
                                   : inflate_zstd_feed(z, s, message, out);
    if (got < 0)
        z->failure = got;
    if (got <= 0)
        *out = (struct str){ "", 0 };
    return got > 0 && out->n == 0 ? 0 : got;
}
