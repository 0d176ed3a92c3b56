/* door_socket.h - one websocket of the gateway's door; only the door includes it.
 *
 * It is born when a connection is accepted, joins the model when the upgrade is done,
 * leaves it when the client has closed or the connection is lost, and is freed when the
 * host has let go of its wire. After our own close frame it waits for the client's, at
 * most SOCKET_CLOSE_MS. */
#ifndef SIM_DOOR_SOCKET_H
#define SIM_DOOR_SOCKET_H

#include "deflate.h"
#include "host.h"
#include "list.h"
#include "rng.h"
#include "sim.h"
#include "ws.h"

enum {
    SOCKET_UPGRADE_MS = 10000, /* for a client to say that it wants a websocket */
    SOCKET_CLOSE_MS = 5000,    /* for a client to answer a close */
    SOCKET_DRIP_MS = 20,       /* between two parts of what goes out slowly */
    SOCKET_MESSAGE = 64 * 1024 /* the model says 4002 beyond 4096; beyond this, ws does */
};

/* What all sockets of a door share. */
struct socket_door {
    struct host *host;
    struct sim *sim;
    struct link sockets;
    struct buf message; /* one being compressed */
    struct buf burst;   /* many, being made */
    void *user;         /* the door, for `changed` */
    /* The model was told something: its deadline may have moved. */
    void (*changed)(void *user);
};

struct socket {
    struct wire wire;
    struct link link; /* on the door's sockets, until `closed` or the door's end */
    struct socket_door *door; /* NULL: the door is gone, and `closed` only frees */
    struct ws ws;
    struct sim_conn *conn;   /* NULL: not upgraded yet, or has left the model */
    struct deflate *deflate; /* NULL: no transport compression */
    enum compression compression;
    bool has_forgotten;    /* the deflate stream: nothing was compressed since */
    struct timer patience; /* for the upgrade, then for the answer to our close */
    uint16_t port;         /* that it came in by */
    bool resume_door;
    bool is_frozen; /* a fault: nothing is read or written */
    bool is_over;   /* the wire was told to hang up */
    bool splits;    /* a fault: messages go in frames, */
    bool scatters;  /* or in messages of their own, */
    struct rng rng; /* cut by this */
    bool corrupts;  /* a fault: the next message is damaged, at a place by this: */
    uint64_t corrupt_seed;
    uint64_t bytes_per_s; /* a fault: slower than the host; 0: no */
    struct buf slow;      /* what waits for that */
    struct timer drip;
};

/* For an accepted connection. NULL without memory. */
struct socket *socket_new(struct socket_door *door, bool resume_door, uint16_t port);
/* Hands bytes to the host; a queue that is full all the same ends the connection. */
void socket_write(struct socket *k, struct str bytes);
/* Writes events made in advance; false: it must be done singly. */
bool socket_burst(struct socket *k, const struct sim_burst *b);
/* Leaves the model and the door, and drops the connection. */
void socket_drop(struct socket *k);

#endif
