/* loop_inner.h - a loop as the files of this folder see it.
 *
 * One turn, from one sleep in the kernel to the next:
 *   1. sockets that are ready are read and written, mail is run;
 *   2. timers that are due fire;
 *   3. connections that have ended tell their owners (`closed`), which therefore
 *      never happens inside a call of theirs;
 *   4. what was sent in this turn is written, one system call per connection.
 * 2 to 4 are the end of the turn. What they cause in turn comes in the next one, which
 * then doesn't sleep. */
#ifndef NET_LOOP_INNER_H
#define NET_LOOP_INNER_H

#include <stdatomic.h>

#include "buf.h"
#include "loop.h"
#include "timers.h"

struct loop {
    struct host host; /* first: the host of a loop is the loop */
    uv_loop_t uv;
    uv_prepare_t turn_end;
    uv_timer_t wake;
    uv_async_t async;
    struct mailbox mailbox;
    atomic_bool stopping;
    bool running;
    bool freeing;

    double speed;
    uint64_t now;
    bool is_now_old; /* a new turn has begun since it was read */
    struct timers timers;
};

static inline struct loop *loop_of(struct host *h)
{
    return (struct loop *)h;
}

/* The moment `ms` real milliseconds from now. Networks don't run faster in a test that
 * has speeded up the clock, so their deadlines are kept in real time. */
uint64_t loop_real_ms(struct loop *l, unsigned ms);

#endif
