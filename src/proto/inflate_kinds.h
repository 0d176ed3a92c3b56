/* inflate_kinds.h - what inflate.c and the kinds of stream share. Private to them. */
#ifndef PROTO_INFLATE_KINDS_H
#define PROTO_INFLATE_KINDS_H

#include "inflate.h"
#include "limits.h"

enum {
    INFLATE_HISTORY = 32 * 1024, /* how far back deflate may refer */
    /* The most that is ever needed: a byte over the limit shows a bomb. */
    SCRATCH_MOST = INFLATE_HISTORY + LIMIT_PAYLOAD + 1,
    /* What is kept between payloads; what a giant needed beyond goes back. */
    SCRATCH_KEPT = 1024 * 1024,
    /* A message no longer than this is unlikely to need more than SCRATCH_KEPT. */
    SCRATCH_SMALL = SCRATCH_KEPT / 64,
    SCRATCH_FIRST = 128 * 1024,
};

struct inflate_scratch {
    struct libdeflate_decompressor *decompressor;
    struct buf out;     /* the payload, for zlib with its history before it */
    struct buf staging; /* a message too long for its stream's own slack */
};

/* The first member of each kind's own struct. */
struct inflate {
    enum compression kind;
    int failure; /* sticks */
};

/* Makes the scratch ready for a message of `n` bytes: `out` empty, with SCRATCH_FIRST
 * bytes at least, and no giant anywhere if the message is small. CORDAGE_ENOMEM. */
int scratch_ready(struct inflate_scratch *s, size_t n);
/* Twice the room, with nothing in it. CORDAGE_ELIMIT at `limit`, CORDAGE_ENOMEM. */
int scratch_double(struct buf *b, size_t limit);

struct inflate *inflate_zlib_new(void);
void inflate_zlib_free(struct inflate *z);
int inflate_zlib_feed(struct inflate *z, struct inflate_scratch *s, struct str message,
                      struct str *out);

struct inflate *inflate_zstd_new(void);
void inflate_zstd_free(struct inflate *z);
int inflate_zstd_feed(struct inflate *z, struct inflate_scratch *s, struct str message,
                      struct str *out);

#endif
