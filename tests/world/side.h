/* side.h - one end of a connection of the machine's network: what is on its way to it,
 * and what happens to it next.
 *
 * A connection has two sides: a client's, on a loop of the machine, and Discord's,
 * outside of all threads. What one sends is on its way in pieces, each with the time at
 * which it comes; a side has one timer, for the next thing that happens to it. A side
 * that doesn't read leaves the pieces where they are, and when SIDE_WINDOW bytes of them
 * are there the other one's backlog grows. */
#ifndef WORLD_SIDE_H
#define WORLD_SIDE_H

#include "door_socket.h"
#include "machine_inner.h"
#include "net_inner.h"

enum {
    SIDE_WINDOW = 128 * 1024, /* bytes that the kernels between two sides hold */
    SIDE_AGAIN_MS = 1000,     /* what is repeated while nothing gets through */
};

struct piece {
    struct link link;
    uint64_t at, left; /* when it comes, when it was sent */
    size_t n, done;
    char bytes[];
};

enum side_state {
    SIDE_DIAL,  /* the client's: until it is told */
    SIDE_KNOCK, /* Discord's: until it has accepted */
    SIDE_OPEN,
    SIDE_ENDING, /* hung up: waits for the other's end */
    SIDE_OVER,   /* the owner is to be told */
    SIDE_GONE    /* there is no owner any more */
};

struct side {
    struct conn *conn;
    struct wire *wire;
    enum side_state state;
    struct timer wake;
    uint64_t due;   /* of DIAL, KNOCK and ENDING */
    uint64_t until; /* of DIAL: it fails then */
    struct link coming;
    size_t n_coming;
    uint64_t last_at; /* when the last of them comes */
    uint64_t end_at;  /* when the other's end is known here; UINT64_MAX: not on its way */
    bool is_reset;    /* that end overtakes what is coming */
    int end_err;
    const char *end_why;
    int err; /* of OVER */
    const char *why;
    bool is_paused, is_drain_due;
    size_t limit;
};

struct conn {
    struct link link;
    uint64_t id;
    struct loop *loop;
    struct vprocess *process;
    struct side client, discord;
    uint16_t port;
    bool is_frozen, is_closed; /* the watch was told */
    uint64_t left;             /* when what is being delivered was sent */
};

/* The network there is. */
extern struct net {
    struct sim *sim;
    struct routes *routes;
    struct host host;
    struct socket_door door;
    struct timer tick;
    struct net_weather weather;
    struct net_watch watch;
    struct rng rng;
    struct link conns;
    uint64_t last_id, hash;
    uint64_t held_until, down_last; /* after it was down; when it was */
    struct conn *delivering;
} the_net;

struct side *side_other(struct side *s);
bool side_is_client(const struct side *s);
/* Looks anew at what happens to it next. */
void side_settle(struct side *s);
/* Bytes that the kernel has not taken. */
size_t side_backlog(struct side *s);
bool side_is_cut_off(const struct conn *c);
/* What is repeated on the way comes not before the way is free. */
uint64_t side_not_before(uint64_t at);
uint64_t side_latency(void);
/* Puts bytes on their way to it. */
void side_put(struct side *to, struct str bytes);
void side_drop_coming(struct side *s);
/* Its owner is told, in a moment. */
void side_be_over(struct side *s, int err, const char *why);
/* Its end is on its way to the other side. */
void side_send_end(struct side *s, int err, const char *why, bool is_reset);
/* As a closed socket: what was read by nobody makes it a reset. */
void side_drop(struct side *s);
/* The watch is told, once, that the client's end is no more. */
void side_tell_closed(struct conn *c);
/* Frees it when it has no owner on either side. */
void side_free_if_gone(struct conn *c);
/* Its time has come, in KNOCK or DIAL: wires.c. */
void side_on_knock(struct side *s);
void side_on_dialled(struct side *s);
void side_tell_over(struct side *s);
/* Its timer. */
void side_on_wake(struct timer *t);

/* What a process had goes with it; and all goes, at the end. wires.c */
void wires_died(struct vprocess *p);
void wires_end(void);

#endif
