/* blaster.h - a gateway that knows one stream and sends it as fast as it is read.
 *
 * TLS on loopback, one connection after another, each by blocking calls on a thread
 * of its own. */
#ifndef BENCH_BLASTER_H
#define BENCH_BLASTER_H

#include "stream.h"

struct blaster;

/* Listens on a free port of 127.0.0.1. NULL when it can't, with the reason on stderr. The
 * three streams (indexed by enum compression) are borrowed. */
struct blaster *blaster_start(const char *cert_file, const char *key_file,
                              const struct stream *streams);
unsigned blaster_port(const struct blaster *b);

#endif
