/* varint.h - small numbers in few bytes: seven bits a byte, the lowest first. */
#ifndef CACHE_VARINT_H
#define CACHE_VARINT_H

#include "str.h"

enum {
    VARINT_MAX = 10 /* bytes of the largest */
};

static inline size_t varint_size(uint64_t n)
{
    size_t size = 1;

    while (n >>= 7)
        size++;
    return size;
}

/* Returns what is behind it. */
static inline char *varint_put(char *p, uint64_t n)
{
    for (; n >= 0x80; n >>= 7)
        *p++ = (char)(n | 0x80);
    *p++ = (char)n;
    return p;
}

/* Moves *p behind it. False: it doesn't end before `end`, or is too large. */
static inline bool varint_get(const char **p, const char *end, uint64_t *n)
{
    uint64_t value = 0;

    for (unsigned shift = 0; *p < end && shift < 64; shift += 7) {
        uint64_t byte = (unsigned char)*(*p)++;

        if (shift == 63 && byte > 1)
            return false;
        value |= (byte & 0x7f) << shift;
        if (byte < 0x80) {
            *n = value;
            return true;
        }
    }
    return false;
}

#endif
