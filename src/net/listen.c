#include "listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <unistd.h>

#include "conn.h"
#include "error.h"
#include "limits.h"

enum {
    ACCEPTS_PER_WAKE = 64, /* then the connections there are get their turn */
    ACCEPT_QUEUE = 1024    /* in the kernel; a fleet starts many at once */
};

struct listener {
    struct guests guests;
    struct loop *loop;
    struct sock *sock;
    size_t max;
    uint16_t port;
    int spare; /* a descriptor to give up when there are no more; -1: it is given up */
    bool has_warned; /* that there are no descriptors, since it last accepted */
    bool is_accepting;
    bool is_freed; /* by someone we called; the memory goes when we return */
};

/* Without descriptors the connection would stay in the kernel's queue, the socket would
 * stay readable, and the loop would spin. One kept in reserve takes it out of there. */
static void refuse_one(struct listener *l)
{
    int fd;

    if (l->spare >= 0)
        close(l->spare);
    fd = accept4(sock_fd(l->sock), NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0)
        close(fd);
    l->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (!l->has_warned)
        log_line(&l->loop->host.log, LOG_WARN,
                 "listener port=%u refuses connections: too many open files", l->port);
    l->has_warned = true;
}

static bool has_room(struct listener *l)
{
    struct link *oldest = l->guests.handshakes.next;

    if (l->guests.n < l->max)
        return true;
    if (oldest == &l->guests.handshakes)
        return false;
    conn_over(CONTAINER_OF(oldest, struct conn, waiting), CORDAGE_ELIMIT,
              "others took its place");
    return true;
}

/* False: there is none to accept, for now. */
static bool accept_one(struct listener *l)
{
    int fd = accept4(sock_fd(l->sock), NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd < 0 && (errno == EMFILE || errno == ENFILE)) {
        refuse_one(l);
        return true;
    }
    if (fd < 0) /* one that was reset while it waited is not the last one */
        return errno == ECONNABORTED || errno == EINTR;
    l->has_warned = false;
    if (!has_room(l) || conn_accept(l->loop, fd, &l->guests))
        close(fd);
    return true;
}

static void release(struct listener *l)
{
    sock_close(&l->sock);
    if (l->spare >= 0)
        close(l->spare);
    free(l);
}

static void on_ready(void *user, bool readable, bool writable)
{
    struct listener *l = user;

    (void)readable, (void)writable;
    l->is_accepting = true;
    for (int i = 0; i < ACCEPTS_PER_WAKE && !l->is_freed && accept_one(l); i++)
        ;
    l->is_accepting = false;
    if (l->is_freed)
        release(l);
    else
        sock_want(l->sock, true, false);
}

/* A socket that listens, or -1 with the errno's sentence in `error`. */
static int open_socket(const char *address, uint16_t port, cordage_error *error)
{
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
                              .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE };
    struct addrinfo *a;
    char service[8];
    int fd, on = 1;

    snprintf(service, sizeof service, "%u", port);
    if (getaddrinfo(address, service, &hints, &a)) {
        error_set(error, CORDAGE_EINVAL,
                  "cannot listen on \"%s\": give a numeric address, such as 127.0.0.1",
                  address);
        return -1;
    }
    fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) ||
        bind(fd, a->ai_addr, a->ai_addrlen) || listen(fd, ACCEPT_QUEUE)) {
        error_set(error, CORDAGE_ENET, "cannot listen on %s port %u: %s%s", address, port,
                  strerrordesc_np(errno),
                  errno == EADDRINUSE ? "; end the other program or take another port"
                                      : "");
        if (fd >= 0)
            close(fd);
        fd = -1;
    }
    freeaddrinfo(a);
    return fd;
}

static uint16_t port_of(int fd)
{
    struct sockaddr_storage own = { 0 };
    socklen_t size = sizeof own;

    getsockname(fd, (struct sockaddr *)&own, &size);
    return own.ss_family == AF_INET6
               ? ntohs(((const struct sockaddr_in6 *)(const void *)&own)->sin6_port)
               : ntohs(((const struct sockaddr_in *)(const void *)&own)->sin_port);
}

int listener_new(struct loop *l, const char *address, uint16_t port,
                 struct tls_server *tls, size_t max, listener_accept accept, void *user,
                 struct listener **out, cordage_error *error)
{
    struct listener *listener = mem_zero(sizeof *listener);
    cordage_error why;
    int fd = -1;

    *out = NULL;
    if (!listener)
        return error_set(error, CORDAGE_ENOMEM, "out of memory for a listener");
    listener->loop = l;
    listener->max = max;
    listener->guests = (struct guests){
        .tls = tls, .accept = accept, .user = user, .write_limit = LIMIT_WRITE_QUEUE
    };
    list_init(&listener->guests.handshakes);
    listener->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
    fd = open_socket(address, port, &why);
    if (fd < 0) {
        release(listener);
        return error_set(error, why.code, "%s", why.message);
    }
    if (sock_new(l, fd, on_ready, listener, &listener->sock)) {
        close(fd);
        release(listener);
        return error_set(error, CORDAGE_ENOMEM, "out of memory for a listener");
    }
    listener->port = port_of(fd);
    sock_want(listener->sock, true, false);
    *out = listener;
    return 0;
}

uint16_t listener_port(const struct listener *l)
{
    return l->port;
}

void listener_set_write_limit(struct listener *l, size_t limit)
{
    l->guests.write_limit = limit;
}

void listener_free(struct listener *l)
{
    struct link *at, *next;

    if (!l)
        return;
    for (at = l->loop->conns.next; at != &l->loop->conns; at = next) {
        struct conn *c = CONTAINER_OF(at, struct conn, on_loop);

        next = at->next;
        if (c->guests != &l->guests)
            continue;
        if (!c->wire)
            conn_over(c, CORDAGE_ECLOSED, "the listener has gone");
        c->guests = NULL;
    }
    if (l->is_accepting)
        l->is_freed = true;
    else
        release(l);
}
