/* host.h - the one door to time, chance and the network.
 *
 * The core asks a host for everything it cannot compute. `net/loop.c` fills this
 * with libuv, OpenSSL and the kernel; tests fill it with virtual time and a
 * seed. A host belongs to one loop thread: every function but `post` is called
 * on that thread only, and every callback comes on it.
 *
 * Callbacks never come from inside the call that causes them. */
#ifndef BASE_HOST_H
#define BASE_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "log.h"
#include "mailbox.h"
#include "str.h"

/* A moment to come back at. Zeroed is valid and not armed; embed it. */
struct timer {
    void (*fire)(struct timer *t); /* disarmed when it is called; may arm again */
    uint64_t at;                   /* the rest is the host's */
    uint64_t order;
    size_t place; /* index in the heap, plus one; 0: not armed */
};

/* Where to connect. The name is borrowed for the call. */
struct endpoint {
    const char *host; /* a name or an address */
    uint16_t port;
    bool tls;
};

struct wire;

struct wire_ops {
    /* The connection (and TLS on it) stands. Not for accepted wires. */
    void (*opened)(struct wire *w);
    /* Bytes came. They are writable and borrowed until the return, with BUF_SLACK
     * readable bytes behind them. None come after a hangup. */
    void (*bytes)(struct wire *w, char *p, size_t n);
    /* It is over: exactly once for each wire that was dialled or accepted, after
     * which the host has forgotten the wire. `err` is CORDAGE_ECLOSED for an
     * orderly end from either side, else what failed, and `why` a phrase for it
     * ("connection refused", "certificate has expired"), borrowed for the call. */
    void (*closed)(struct wire *w, int err, const char *why);
    /* All that was queued has been handed to the kernel. May be NULL. */
    void (*drained)(struct wire *w);
};

/* One connection, embedded in its owner, who sets `ops` before dialling and may
 * reuse the memory only after `closed`. */
struct wire {
    const struct wire_ops *ops;
    void *conn; /* the host's side; NULL when there is no connection */
};

enum hangup {
    HANGUP_FLUSH, /* send what is queued, end TLS and TCP properly, at most 2 s */
    HANGUP_DROP,  /* close now; what is queued is lost */
    HANGUP_RESET  /* close now with a TCP reset */
};

struct host {
    struct log log;
    /* Milliseconds that never go back and count suspension; constant within one turn
     * of the loop. */
    uint64_t (*now)(struct host *h);
    /* Unix time in milliseconds, for what is stored or shown. */
    uint64_t (*wall)(struct host *h);
    uint64_t (*random)(struct host *h);
    /* Equal deadlines fire in the order they were armed. Arming again moves it. */
    void (*arm)(struct host *h, struct timer *t, uint64_t at);
    void (*disarm)(struct host *h, struct timer *t);
    /* 0: `opened` or `closed` will come. Else nothing will. */
    int (*dial)(struct host *h, struct wire *w, const struct endpoint *to);
    /* Copies the bytes. CORDAGE_ELIMIT when the queue would exceed the wire's limit
     * (LIMIT_WRITE_QUEUE unless set otherwise), CORDAGE_ECLOSED without an open
     * connection: before `opened`, after a hangup, or when writing has failed;
     * CORDAGE_ENOMEM. Nothing is queued then. */
    int (*send)(struct host *h, struct wire *w, struct str bytes);
    /* Bytes queued and not yet taken by the kernel. */
    size_t (*backlog)(struct host *h, const struct wire *w);
    /* Stops or resumes reading: TCP pushes back meanwhile. After `pause(true)` returns
     * no `bytes` comes, but for the rest of the call it was made from. */
    void (*pause)(struct host *h, struct wire *w, bool paused);
    /* `closed` follows, and no `opened` or `bytes` before it. Calling it again only makes
     * it harsher. */
    void (*hangup)(struct host *h, struct wire *w, enum hangup how);
    /* Runs the mail on this host's loop. [any thread] */
    void (*post)(struct host *h, struct mail *mail);
};

#endif
