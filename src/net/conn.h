/* conn.h - one connection: what is behind a wire.
 *
 * A dialled one goes DIAL, HANDSHAKE (with TLS), OPEN; an accepted one begins at
 * HANDSHAKE or OPEN. An orderly end, from either side, goes through ENDING: what is
 * queued is sent, then our goodbye, and where we were first, the peer's is waited for,
 * 2 s at most in all. Every end comes to OVER, where the descriptor is closed at once;
 * the owner is told at the end of the turn, and then the conn is gone.
 *
 * While idle it has no buffers: one reads through the loop's, and the queue of what is to
 * be written is freed when the kernel has taken it.
 *
 * A failed write doesn't end a connection by itself: the peer's last words (a close code)
 * may still lie unread, and reading finds the end. */
#ifndef NET_CONN_H
#define NET_CONN_H

#include "dial.h"
#include "listen.h"

enum {
    CONN_HANDSHAKE_MS = 10000, /* a peer that takes longer over TLS is up to no good */
    CONN_ENDING_MS = 2000
};

enum conn_state {
    CONN_DIAL,
    CONN_HANDSHAKE,
    CONN_OPEN,
    CONN_ENDING,
    CONN_OVER /* everything after this is the owner's being told */
};

/* What a listener and the connections it has accepted know of each other. */
struct guests {
    struct tls_server *tls; /* borrowed; NULL: plain */
    listener_accept accept;
    void *user;
    size_t write_limit;     /* of each accepted wire */
    size_t n;               /* conns that point here */
    struct link handshakes; /* conns that no wire has been asked for yet, oldest first */
};

struct conn {
    struct link on_loop;   /* on the loop's conns, then on its ended ones; all its life */
    struct link unwritten; /* on the loop's, from a send to the end of the turn */
    struct link waiting;   /* on the guests' handshakes */
    struct loop *loop;
    struct wire *wire;     /* NULL: accepted, and its listener not asked yet */
    struct guests *guests; /* NULL: dialled, or the listener is gone */
    struct dial *dial;     /* in DIAL */
    struct sock *sock;     /* from HANDSHAKE to ENDING */
    struct tls_io tls;
    struct timer deadline; /* of HANDSHAKE and ENDING */
    struct buf out;        /* to be written, from `sent` on; no memory when empty */
    size_t sent;
    size_t limit;    /* of what is waiting in `out` */
    const char *why; /* why it ends, with `err`; static */
    int err;
    int write_errno; /* not 0: a write failed, and no more are tried */
    enum conn_state state;
    bool is_paused;
    bool is_blocked;   /* the kernel takes no more for now */
    bool is_drain_due; /* the owner has sent something since it was last told */
    bool has_ended;    /* we have shut our side down */
    bool peer_ended;   /* the peer has shut its side down */
};

/* The functions of struct host. */
int conn_dial(struct host *h, struct wire *w, const struct endpoint *to);
int conn_send(struct host *h, struct wire *w, struct str bytes);
size_t conn_backlog(struct host *h, const struct wire *w);
void conn_pause(struct host *h, struct wire *w, bool paused);
void conn_hangup(struct host *h, struct wire *w, enum hangup how);

/* Takes a socket that was accepted. On failure it is the caller's still. */
int conn_accept(struct loop *l, int fd, struct guests *guests);

/* The end of a turn: tells the owners of those that are over; writes what was sent. */
void conn_tell_ended(struct loop *l);
void conn_write_all(struct loop *l);

/* --- between conn.c and conn_io.c --- */

/* Over, now. What `why` says is told at the end of the turn. */
void conn_over(struct conn *c, int err, const char *why);
/* An orderly end: through ENDING. */
void conn_end(struct conn *c, const char *why);
/* The handshake is done, or there was none to do: opened, or asks the listener. */
void conn_opened(struct conn *c);
/* Begins to watch the socket, and to speak TLS. */
void conn_io_begin(struct conn *c);
/* Tells the socket what the connection waits for now. */
void conn_io_want(struct conn *c);
/* Something is in `out`, or the end is near: look at it at the end of the turn. */
void conn_io_later(struct conn *c);

#endif
