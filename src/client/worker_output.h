/* worker_output.h - a worker's output while nobody reads it.
 *
 * Standard output and error are a FIFO that the supervisor reads. When it is gone the
 * FIFO would fill up, and then whoever writes a line would wait for ever, the loops too.
 * So a thread of its own watches the supervisor's process, and while that is away throws
 * the oldest output away before the FIFO is full. */
#ifndef CLIENT_WORKER_OUTPUT_H
#define CLIENT_WORKER_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct worker_output;

/* If standard output is the FIFO `path`: makes it line-buffered and starts the thread. 0
 * with *out NULL: it is something else, which is left alone. CORDAGE_ENOMEM,
 * CORDAGE_ESYSTEM. */
int worker_output_new(const char *path, struct worker_output **out);
/* Process `pid` reads it now; 0: nobody does. */
void worker_output_read_by(struct worker_output *o, pid_t pid);
/* Bytes thrown away so far. */
uint64_t worker_output_dropped(const struct worker_output *o);
/* NULL is fine. */
void worker_output_free(struct worker_output *o);

#endif
