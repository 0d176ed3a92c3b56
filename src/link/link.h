/* link.h - connections between the processes of a fleet: a Unix socket, framed messages.
 *
 * The supervisor listens on `link.sock` in the state directory; workers and `cordage
 * status` dial it. A peer of another user is not accepted, nor dialled: SO_PEERCRED, on
 * both sides (root may dial anybody). All on one loop's thread; callbacks never come from
 * inside the call that causes them. */
#ifndef LINK_LINK_H
#define LINK_LINK_H

#include <sys/types.h>

#include "loop.h"
#include "message.h"

#define LINK_SOCKET "link.sock"

struct link_peer;

struct link_ops {
    /* A whole message; `body` is an object, borrowed for the call. May call any of these
     * functions, as may `closed` and `accepted`. */
    void (*message)(void *user, struct link_peer *p, enum link_type type,
                    cordage_json body);
    /* It is over: exactly once, unless link_hangup was called. `why` is a phrase. The
     * peer is freed when this returns. */
    void (*closed)(void *user, struct link_peer *p, const char *why);
};

/* ---- Both ends ---- */

/* Copies. What can't be written at once is queued, up to LIMIT_LINK_QUEUE: a peer that
 * reads so slowly is closed. CORDAGE_ENOMEM, CORDAGE_ELIMIT (the message is too large),
 * CORDAGE_ECLOSED (it is over, and `closed` is on its way). */
int link_send(struct link_peer *p, enum link_type type, struct str body);
/* The process at the other end, as the kernel knows it. */
pid_t link_peer_pid(const struct link_peer *p);
void link_peer_set_user(struct link_peer *p, void *user);
/* Writes what is queued (for at most a second; loop_free waits for it), then closes.
 * `closed` does not come, and the peer must not be used any more. */
void link_hangup(struct link_peer *p);

/* ---- Dialling ---- */

/* 0 and *out, open at once; CORDAGE_ENET: nobody listens, or doesn't accept just now (a
 * sentence that names the path), CORDAGE_EINVAL (the path is too long), CORDAGE_EAUTH
 * (another user's), CORDAGE_ENOMEM, CORDAGE_ESYSTEM. */
int link_dial(struct loop *loop, const char *path, const struct link_ops *ops, void *user,
              struct link_peer **out, cordage_error *error);

/* ---- Listening ---- */

struct link_door;
/* A socket file that is there and that nobody listens on is replaced (two who do this at
 * one time are kept apart by the state directory's lock). It is 0600. CORDAGE_EBUSY:
 * somebody listens; CORDAGE_EINVAL, CORDAGE_EIO (the file can't be made), CORDAGE_ENOMEM,
 * CORDAGE_ESYSTEM. `accepted` gets each new peer and sets its user, which is `user` until
 * then; a peer has `ops` from the start. At most LIMIT_LINK_PEERS. */
int link_listen(struct loop *loop, const char *path, const struct link_ops *ops,
                void (*accepted)(void *user, struct link_peer *p), void *user,
                struct link_door **out, cordage_error *error);
/* Whether the socket's file is still ours: somebody may have removed it, and then nobody
 * can dial any more. Then it listens anew; peers stay. 0, also when all was well;
 * CORDAGE_EBUSY: another supervisor's file is there; CORDAGE_EIO... as link_listen. */
int link_door_look(struct link_door *d, cordage_error *error);
/* Hangs up on all peers (no `closed`), removes the file. NULL is fine. */
void link_door_free(struct link_door *d);

#endif
