/* vhost.h - a host without a machine: virtual time, seeded chance, wires that a test
 * holds the other end of.
 *
 * It fills base/host.h's struct host and keeps its promises: callbacks never come from
 * inside the call that causes them; equal deadlines fire in the order they were armed; a
 * wire ends by exactly one `closed`. Nothing happens until the test lets it:
 *
 *     struct vhost v;
 *     vhost_init(&v, 1);
 *     thing_start(thing, &v.host);        // it dials
 *     struct vwire *w = vhost_dialled(&v);
 *     vwire_open(w);
 *     vhost_turn(&v);                     // `opened` has come
 *     vwire_write(w, STR("hello"));
 *     vhost_run(&v, 1000);                // `bytes` has come, and a second has passed
 *     CHECK_STR(buf_str(&w->sent), "...");
 *     vhost_release(&v);
 *
 * Time stands still within a turn and jumps between: to the next timer, or to where the
 * test sends it. The same seed and the same calls give the same run. */
#ifndef VHOST_H
#define VHOST_H

#include "buf.h"
#include "host.h"
#include "list.h"
#include "rng.h"
#include "timers.h"

struct vhost {
    struct host host; /* hand out &v.host */
    uint64_t now;     /* starts at VHOST_EPOCH */
    uint64_t wall;    /* Unix time in ms at the start */
    struct rng rng;
    struct timers timers;
    struct link mail;   /* posted, in order */
    struct link wires;  /* all there ever were, oldest first */
    struct buf log;     /* every line that was logged, each with a newline */
    int refuse_dial;    /* host.dial answers this and does nothing; 0: it dials */
    uint64_t hangup_ms; /* how long a HANGUP_FLUSH takes, unless the far end ends first */
};

enum { VHOST_EPOCH = 1000 };

enum vwire_state {
    VWIRE_DIALLED, /* waiting for the test to open or refuse it */
    VWIRE_OPEN,    /* `opened` came, or comes in the next turn */
    VWIRE_CLOSED   /* `closed` has come: the struct wire is its owner's again */
};

/* One connection, seen from the far end. It belongs to the vhost, which keeps it until
 * vhost_release, so that a test can look at what went over a closed one. */
struct vwire {
    struct vhost *vhost;
    struct link link; /* on the vhost's `wires` */
    enum vwire_state state;
    char host[256]; /* where it was dialled to */
    uint16_t port;
    bool tls;
    struct buf sent; /* what our side sent: the test reads and clears it */
    size_t chunk;    /* the most bytes our side is given at one time; 0: all there are */
    int refuse_send; /* host.send answers this and does nothing; 0: it sends */
    bool stuck;      /* the kernel takes nothing: what is in `sent` counts as backlog */
    bool paused;     /* our side does not read */
    bool hung_up;    /* our side ends it, */
    enum hangup how; /* like this */

    /* vhost.c's. */
    struct wire *wire;
    struct buf coming; /* written by the test and not yet given */
    bool taken;        /* vhost_dialled has returned it */
    bool open_due, drained_due, end_due, break_due;
    uint64_t hangup_at; /* when our side's end is over */
    int break_err;
    const char *break_why;
};

void vhost_init(struct vhost *v, uint64_t seed);
void vhost_release(struct vhost *v);

/* What is due at this moment: mail, wires, timers; and what that makes due, until nothing
 * more is due. Time stands still. */
void vhost_turn(struct vhost *v);
/* Lets `ms` pass, with all that falls due on the way, each at its own time. */
void vhost_run(struct vhost *v, uint64_t ms);
/* The time of the next timer or end of a hangup; UINT64_MAX: nothing will ever happen by
 * itself. */
uint64_t vhost_next_at(const struct vhost *v);
/* The oldest wire that was dialled and not yet returned by this; NULL: none. */
struct vwire *vhost_dialled(struct vhost *v);

/* The far end. What these do reaches our side in the next turn. */
void vwire_open(struct vwire *w);
/* The connection cannot be made. `why` is borrowed for good: a literal. */
void vwire_refuse(struct vwire *w, int err, const char *why);
void vwire_write(struct vwire *w, struct str bytes);
/* An orderly end, read behind everything written so far: a paused wire doesn't see it. */
void vwire_end(struct vwire *w);
/* A reset: unread bytes are lost, and even a paused wire ends. */
void vwire_break(struct vwire *w);

#endif
