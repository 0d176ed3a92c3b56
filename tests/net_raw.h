/* net_raw.h - what tests of connections that fail have in common. */
#ifndef NET_RAW_H
#define NET_RAW_H

#include <arpa/inet.h>
#include <fcntl.h>

#include "net_rig.h"

static inline bool is_closed(struct rig *r)
{
    struct end *e = r->user;

    return e->n_closed > 0;
}

static inline bool is_all_closed(struct rig *r)
{
    struct end *e = r->user;

    return e->n_closed > 0 && r->n_accepted > 0 && r->accepted[0]->n_closed > 0;
}

static inline bool is_accepted(struct rig *r)
{
    return r->n_accepted > 0;
}

static inline bool has_got_some(struct rig *r)
{
    struct end *e = r->user;

    return e->got > 0;
}

static inline bool is_empty(struct rig *r)
{
    return loop_wires(r->loop) == 0;
}

/* Dials and expects the end, without ever having been open. */
static inline void expect_refusal(struct rig *r, const char *host, uint16_t port,
                                  bool tls, int err, const char *why)
{
    struct end e;

    end_init(&e, r);
    r->user = &e;
    rig_dial_to(r, &e, host, port, tls);
    rig_until(r, is_closed);
    CHECK_INT(e.n_opened, 0);
    CHECK_STR(str_of(e.why), why);
    CHECK_INT(e.err, err);
}

/* Dials and waits until there is an accepted end that has been spoken to. */
static inline void connect_and_talk(struct rig *r, struct end *e, bool tls)
{
    r->model.echoes = true;
    end_init(e, r);
    e->to_send = 1;
    r->user = e;
    rig_dial(r, e, tls);
    rig_until(r, has_got_some);
}

/* --- raw sockets, for peers that don't behave --- */

static inline int raw_listener(uint16_t *port, int queue)
{
    struct sockaddr_in a = { .sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CHECK_INT(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    CHECK_INT(listen(fd, queue), 0);
    CHECK_INT(getsockname(fd, (struct sockaddr *)&a, &size), 0);
    *port = ntohs(a.sin_port);
    return fd;
}

static inline int raw_dial(uint16_t port)
{
    struct sockaddr_in a = { .sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                             .sin_port = htons(port) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CHECK_INT(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

static inline void raw_reset(int fd)
{
    struct linger at_once = { .l_onoff = 1 };

    CHECK_INT(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    close(fd);
}

#endif
