#include "buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "error.h"
#include "mem.h"

enum { BUF_FIRST_SIZE = 256 - BUF_SLACK };

void buf_release(struct buf *b)
{
    free(b->p);
    b->p = NULL;
    b->n = b->size = 0;
}

int buf_reserve(struct buf *b, size_t more)
{
    size_t need = b->n + more;
    size_t size = b->size ? b->size : BUF_FIRST_SIZE;
    char *p;

    if (need < more)
        return CORDAGE_ELIMIT;
    if (need <= b->size)
        return 0;
    if (b->limit && need > b->limit)
        return CORDAGE_ELIMIT;
    if (need > SIZE_MAX / 2 - BUF_SLACK)
        return CORDAGE_ENOMEM;
    while (size < need)
        size += size;
    if (b->limit && size > b->limit)
        size = b->limit;
    p = realloc(b->p, size + BUF_SLACK);
    if (!p)
        return CORDAGE_ENOMEM;
    /* Vector code reads the slack: give it a value, so that checkers stay quiet. */
    memset(p + size, 0, BUF_SLACK);
    b->p = p;
    b->size = size;
    return 0;
}

int buf_append(struct buf *b, const void *bytes, size_t n)
{
    int err = buf_reserve(b, n);

    if (err)
        return err;
    if (n)
        memcpy(b->p + b->n, bytes, n);
    b->n += n;
    return 0;
}

int buf_append_str(struct buf *b, struct str s)
{
    return buf_append(b, s.p, s.n);
}

int buf_append_z(struct buf *b, const char *z)
{
    return buf_append(b, z, strlen(z));
}

int buf_printf(struct buf *b, const char *format, ...)
{
    va_list args, again;
    int n, err;

    va_start(args, format);
    va_copy(again, args);
    n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    err = n < 0 ? CORDAGE_EINVAL : buf_reserve(b, (size_t)n);
    if (!err) {
        /* The final NUL may land on the first slack byte, which is ours. */
        vsnprintf(b->p + b->n, (size_t)n + 1, format, again);
        b->n += (size_t)n;
    }
    va_end(again);
    return err;
}

void buf_consume(struct buf *b, size_t n)
{
    assert(n <= b->n);
    if (n && n < b->n)
        memmove(b->p, b->p + n, b->n - n);
    b->n -= n;
}

const char *buf_zero_end(struct buf *b)
{
    if (!b->p && buf_reserve(b, 1))
        return NULL;
    b->p[b->n] = '\0'; /* at most the first byte of the slack */
    return b->p;
}

void buf_wipe(struct buf *b)
{
    if (b->p)
        mem_wipe(b->p, b->size + BUF_SLACK);
    buf_release(b);
}
