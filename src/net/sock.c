#include "sock.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "error.h"

struct sock {
    uv_poll_t poll;
    int fd;
    int wanted; /* UV_READABLE, UV_WRITABLE: what libuv watches for now */
    sock_ready ready;
    void *user;
};

int sock_new(struct loop *l, int fd, sock_ready ready, void *user, struct sock **out)
{
    struct sock *s = mem_zero(sizeof *s);

    *out = NULL;
    if (!s)
        return CORDAGE_ENOMEM;
    if (uv_poll_init_socket(&l->uv, &s->poll, fd)) {
        free(s);
        return CORDAGE_ESYSTEM;
    }
    s->poll.data = s;
    s->fd = fd;
    sock_hand_over(s, ready, user);
    *out = s;
    return 0;
}

void sock_hand_over(struct sock *s, sock_ready ready, void *user)
{
    s->ready = ready;
    s->user = user;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    struct sock *s = poll->data;

    if (status < 0) {
        /* libuv has stopped watching: the next sock_want begins anew. */
        s->wanted = 0;
        events = UV_READABLE | UV_WRITABLE;
    }
    s->ready(s->user, events & UV_READABLE, events & UV_WRITABLE);
}

void sock_want(struct sock *s, bool readable, bool writable)
{
    int wanted = (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0);

    if (wanted == s->wanted)
        return;
    s->wanted = wanted;
    if (wanted)
        uv_poll_start(&s->poll, wanted, on_poll);
    else
        uv_poll_stop(&s->poll);
}

int sock_fd(const struct sock *s)
{
    return s->fd;
}

static void on_close(uv_handle_t *handle)
{
    free(handle->data);
}

void sock_close(struct sock **s)
{
    struct sock *gone = *s;

    *s = NULL;
    if (!gone)
        return;
    uv_close((uv_handle_t *)&gone->poll, on_close);
    close(gone->fd);
}

void sock_reset(struct sock **s)
{
    struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

    if (*s)
        setsockopt((*s)->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    sock_close(s);
}

void sock_peer_name(int fd, char out[SOCK_NAME])
{
    struct sockaddr_storage peer = { 0 };
    socklen_t size = sizeof peer;
    char address[INET6_ADDRSTRLEN] = "?";

    getpeername(fd, (struct sockaddr *)&peer, &size);
    if (peer.ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const void *)&peer;

        inet_ntop(AF_INET6, &in6->sin6_addr, address, sizeof address);
        snprintf(out, SOCK_NAME, "[%s]:%u", address, ntohs(in6->sin6_port));
    } else {
        const struct sockaddr_in *in = (const void *)&peer;

        inet_ntop(AF_INET, &in->sin_addr, address, sizeof address);
        snprintf(out, SOCK_NAME, "%s:%u", address, ntohs(in->sin_port));
    }
}

void sock_tune(int fd)
{
    /* A dead peer is noticed within two minutes even by an owner that never speaks. */
    int on = 1, idle_s = 60, between_s = 15, times = 4;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &between_s, sizeof between_s);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &times, sizeof times);
}

const char *sock_why(int errnum)
{
    const char *text;

    switch (errnum) {
    case ECONNREFUSED:
        return "connection refused";
    case ECONNRESET:
    case EPIPE:
        return "connection reset by the peer";
    case ETIMEDOUT:
        return "connection timed out";
    case EHOSTUNREACH:
        return "host unreachable";
    case ENETUNREACH:
        return "network unreachable";
    case EMFILE:
    case ENFILE:
        return "too many open files";
    default:
        text = strerrordesc_np(errnum);
        return text ? text : "the network failed";
    }
}
