/* link_inner.h - peers as the files of this folder see them. */
#ifndef LINK_LINK_INNER_H
#define LINK_LINK_INNER_H

#include "link.h"
#include "list.h"
#include "sock.h"

struct link_peer {
    struct sock *sock;
    uv_timer_t later; /* an end that is to be told, or patience with a peer we leave */
    const struct link_ops *ops;
    void *user;
    struct json_parser *parser;
    struct buf in;
    struct buf out;
    size_t written;      /* of `out` */
    struct link on_door; /* in its door's `peers`, from accept to hangup or end */
    size_t *n_peers;     /* its door's count; NULL: dialled, or its door has let go */
    pid_t pid;
    const char *why; /* it is over, and nothing is read any more; NULL: it isn't */
    bool broken;     /* writing has failed: what it has sent is read, then it is over */
    bool left;       /* link_hangup: nobody is told anything any more */
    bool busy;       /* we are in a callback of its own, or about to be */
};

/* Takes `fd`, connected and non-blocking, if it succeeds. CORDAGE_ENOMEM,
 * CORDAGE_ESYSTEM. */
int link_peer_new(struct loop *loop, int fd, const struct link_ops *ops, void *user,
                  pid_t pid, struct link_peer **out);

#endif
