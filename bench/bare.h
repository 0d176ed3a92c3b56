/* bare.h - the least a gateway client can do: TLS, frames, inflate, a look at the bytes.
 *
 * What the library is measured against, in the same run. No session, no JSON, no
 * handlers; blocking reads of 64 KiB. */
#ifndef BENCH_BARE_H
#define BENCH_BARE_H

#include <stdbool.h>
#include <stddef.h>

#include "inflate.h"

/* Reads one whole stream. `stock_zlib`: with plain inflate() instead of our decoder.
 * Returns the CPU seconds it took, negative when something went wrong. */
double bare_run(unsigned port, enum compression compression, bool stock_zlib,
                size_t events);

#endif
