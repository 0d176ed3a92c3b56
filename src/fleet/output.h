/* output.h - our own output, as all workers and our log share it.
 *
 * Whole lines, one after another, and never a wait: what the other end doesn't take yet
 * is queued. The flags of a descriptor that we may share with a shell are left alone.
 * Once the other end is gone (EPIPE) everything is dropped. SIGPIPE must be ignored by
 * the program. [loop] */
#ifndef FLEET_OUTPUT_H
#define FLEET_OUTPUT_H

#include "cordage/error.h"
#include "list.h"
#include "loop.h"
#include "str.h"

enum {
    OUTPUT_FULL = 256 * 1024,       /* so much queued: who can wait should */
    OUTPUT_LIMIT = 8 * 1024 * 1024, /* beyond it lines are dropped, and that is said */
    OUTPUT_FLUSH_MS = 1000          /* how long the end of the program waits for it */
};

struct output;

/* Embedded in whoever waits for room. */
struct output_waiter {
    struct link on_output;                 /* while it waits; list_init it before */
    void (*room)(struct output_waiter *w); /* came off the list; may wait again */
};

/* `fd` is borrowed until output_free. CORDAGE_ENOMEM. */
int output_new(struct loop *loop, int fd, struct output **out, cordage_error *error);
bool output_is_terminal(const struct output *o);
/* Writes or queues `prefix`, `line` and a newline. On a terminal what isn't UTF-8 or
 * would steer it is made harmless, and a line of progress that stands there goes. */
void output_line(struct output *o, struct str prefix, struct str line);
/* The same for many: what was added is written by output_push, in one go. */
void output_add(struct output *o, struct str prefix, struct str line);
void output_push(struct output *o);
/* Bytes as they are, for a line that is rewritten. Nothing while something is queued. */
void output_raw(struct output *o, struct str bytes);
bool output_is_full(const struct output *o);
/* While it is full: `room` comes once it isn't. list_remove takes it off. */
void output_wait(struct output *o, struct output_waiter *w);
/* Waits at most OUTPUT_FLUSH_MS for the other end, then lets go. Nobody waits any more.
 * NULL is fine. */
void output_free(struct output *o);

#endif
