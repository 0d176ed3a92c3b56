/* buf.h - bytes we own, growing up to a limit.
 *
 * A zeroed struct buf is empty and valid, with no limit but memory. Every buf
 * keeps BUF_SLACK readable bytes behind its content, because the JSON parser
 * reads past the end of what it parses; their value is undefined but for the
 * first, which buf_zero_end sets. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "str.h"

enum { BUF_SLACK = 64 };

struct buf {
    char *p;
    size_t n;     /* bytes in use */
    size_t size;  /* bytes allocated, less the slack */
    size_t limit; /* no growth beyond it; 0: none */
};

void buf_release(struct buf *b);
/* Room for `more` bytes behind the content. CORDAGE_ENOMEM or CORDAGE_ELIMIT;
 * the content is untouched then. */
int buf_reserve(struct buf *b, size_t more);
int buf_append(struct buf *b, const void *bytes, size_t n);
int buf_append_str(struct buf *b, struct str s);
int buf_append_z(struct buf *b, const char *z);
int buf_printf(struct buf *b, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Drops the first `n` bytes, moving the rest down. */
void buf_consume(struct buf *b, size_t n);
/* Puts a NUL behind the content, not counted in n. Returns p; NULL without memory. */
const char *buf_zero_end(struct buf *b);
/* Overwrites everything allocated with zeros, then releases: for secrets. */
void buf_wipe(struct buf *b);

static inline void buf_clear(struct buf *b)
{
    b->n = 0;
}

static inline struct str buf_str(const struct buf *b)
{
    return (struct str){ b->p ? b->p : "", b->n };
}

#endif
