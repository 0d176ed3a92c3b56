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
#include "tls_io.h"
#include "timers.h"

enum {
    /* One `recv` takes at most this much: four TLS records of the largest size. */
    LOOP_RECV = 64 * 1024,
    /* Room for what these decrypt to and a record begun in an earlier wake. */
    LOOP_PLAIN = LOOP_RECV + TLS_RECORD
};

/* Through which HTTP proxy to dial; an empty host: none. */
struct proxy {
    char host[256];
    uint16_t port;
};

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

    struct tls_client *tls;
    BIO_METHOD *tls_method;
    struct proxy proxy;
    struct link conns; /* all of them */
    size_t n_conns;
    struct link ended;     /* conns whose owners have not been told yet */
    struct link unwritten; /* conns with something sent in this turn */
    struct tls_feed feed;  /* what one wake received, and for whom */
    char *cipher;          /* LOOP_RECV bytes */
    char *plain;           /* LOOP_PLAIN bytes and slack */
};

static inline struct loop *loop_of(struct host *h)
{
    return (struct loop *)h;
}

/* The moment `ms` real milliseconds from now. Networks don't run faster in a test that
 * has speeded up the clock, so their deadlines are kept in real time. */
uint64_t loop_real_ms(struct loop *l, unsigned ms);

#endif
