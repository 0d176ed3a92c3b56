/* inflate.h - the gateway's transport compression, from message to payload.
 *
 * One stream a connection, made anew for each. zlib-stream goes through libdeflate
 * with carried history (each payload ends on a sync flush, so it is inflated
 * whole), with zlib where that can't serve; zstd-stream through libzstd. What all
 * streams of a thread share is in the scratch. Output is bounded by LIMIT_PAYLOAD,
 * input that waits for its end by LIMIT_MESSAGE.
 *
 * At rest a zlib stream holds 36 KB, a zstd stream its window (the peer chooses, at
 * most 128 MB; Discord's is some 350 KB). */
#ifndef PROTO_INFLATE_H
#define PROTO_INFLATE_H

#include "buf.h"

enum compression { COMPRESS_NONE, COMPRESS_ZLIB, COMPRESS_ZSTD };

/* "none" or NULL; "zlib-stream" or "zlib"; "zstd-stream" or "zstd"; -1 otherwise. */
int compression_from(const char *name);
/* The value of the `compress` query parameter; NULL for none. */
const char *compression_name(enum compression c);

struct inflate_scratch; /* one per thread */
struct inflate_scratch *inflate_scratch_new(void);
void inflate_scratch_free(struct inflate_scratch *s);

struct inflate; /* one per connection */
/* COMPRESS_NONE needs none. NULL without memory. */
struct inflate *inflate_new(enum compression kind);
void inflate_free(struct inflate *z);

/* Takes one websocket message. 1: `*out` is a whole payload, never an empty one, borrowed
 * from the scratch until its next use by any stream, writable, and with BUF_SLACK
 * readable bytes behind it. 0: more messages are needed (zlib alone: with zstd each
 * message is a payload). Negative, and the stream is dead: CORDAGE_EPARSE (corrupt),
 * CORDAGE_ELIMIT (a bomb), CORDAGE_ENOMEM; it says so again to all that is fed later. */
int inflate_feed(struct inflate *z, struct inflate_scratch *s, struct str message,
                 struct str *out);

#endif
