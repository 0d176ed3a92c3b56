/* relay.h - the output of a worker, line by line, into ours.
 *
 * A worker's stdout and stderr are one FIFO, so its lines stay in order. Each gets the
 * worker's number in front, goes out whole with one write, and is never mixed with
 * another. A line over RELAY_LINE is cut into several. When our own output is slow the
 * FIFO fills up and its worker waits; when ours is gone the rest is dropped. [loop] */
#ifndef FLEET_RELAY_H
#define FLEET_RELAY_H

#include "cordage/error.h"
#include "loop.h"
#include "output.h"

enum { RELAY_LINE = 16 * 1024, RELAY_FIFO_BYTES = 1024 * 1024 };

struct relay;

/* Makes the FIFO `path` (0600) if it isn't there, and opens it; what is in it already is
 * relayed first. `label`: "3" gives "[3] line". `out` is borrowed until relay_free.
 * CORDAGE_EIO with a sentence, _ENOMEM. */
int relay_new(struct loop *loop, const char *path, const char *label, struct output *out,
              struct relay **r, cordage_error *error);
/* For the child: open for reading and writing. Borrowed. */
int relay_fd(const struct relay *r);
/* Relays what is there now, an unfinished line too. */
void relay_flush(struct relay *r);
/* Flushes, and removes the FIFO. NULL is fine. */
void relay_free(struct relay *r, bool remove);

#endif
