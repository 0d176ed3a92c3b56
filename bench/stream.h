/* stream.h - traffic made in advance: a connection's bytes as Discord would send them.
 *
 * HELLO, READY, then `events` messages of some 1.2 KB, then one GUILD_UPDATE that
 * says it is over: compressed, framed, ready to be written as they are. */
#ifndef BENCH_STREAM_H
#define BENCH_STREAM_H

#include "inflate.h"

struct stream {
    struct buf hello; /* HELLO's frame alone: the rest waits for IDENTIFY */
    struct buf rest;
    size_t events;
    size_t payload_bytes; /* before compression, without frames */
};

/* CORDAGE_ENOMEM. */
int stream_make(struct stream *s, enum compression compression, size_t events);
void stream_release(struct stream *s);

#endif
