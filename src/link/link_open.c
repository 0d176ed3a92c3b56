/* How peers come about: dialling, and a door that others dial. */
#include "link_inner.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "error.h"

enum {
    ACCEPTS_PER_WAKE = 64,
    ACCEPT_QUEUE = 256, /* in the kernel: all workers dial a new supervisor at once */
    REST_MS = 1000      /* when no descriptor is left, before accepting again */
};

struct link_door {
    struct sock *sock;
    uv_timer_t rest;
    struct loop *loop;
    const struct link_ops *ops;
    void (*accepted)(void *user, struct link_peer *p);
    void *user;
    struct link peers;
    size_t n_peers;
    char *path;
    dev_t device; /* of the file we made: another's in its place is not removed */
    ino_t inode;
    bool busy;  /* we accept */
    bool freed; /* by someone we called: the memory goes when we return */
};

/* ---- The socket's address ---- */

/* A path has 107 bytes in a socket's address; a longer one goes by a descriptor of its
 * directory. */
struct place {
    struct sockaddr_un at;
    int dir; /* -1: none needed */
};

static int place_init(struct place *place, const char *path, cordage_error *error)
{
    const char *slash = strrchr(path, '/');
    char dir[4096];
    int n;

    *place = (struct place){ .at.sun_family = AF_UNIX, .dir = -1 };
    if (strlen(path) < sizeof place->at.sun_path) {
        memcpy(place->at.sun_path, path, strlen(path) + 1);
        return 0;
    }
    if (!slash || (size_t)(slash - path) >= sizeof dir)
        return error_set(error, CORDAGE_EINVAL, "The path %s is too long for a socket.",
                         path);
    snprintf(dir, sizeof dir, "%.*s", (int)(slash - path), path);
    place->dir = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (place->dir < 0)
        return error_set(error, CORDAGE_ENET, "cannot open the directory %s: %s", dir,
                         strerrordesc_np(errno));
    n = snprintf(place->at.sun_path, sizeof place->at.sun_path, "/proc/self/fd/%d%s",
                 place->dir, slash);
    if ((size_t)n < sizeof place->at.sun_path)
        return 0;
    close(place->dir);
    return error_set(error, CORDAGE_EINVAL, "The name of the socket %s is too long.",
                     path);
}

static void place_release(struct place *place)
{
    if (place->dir >= 0)
        close(place->dir);
}

static const struct sockaddr *address_of(const struct place *place)
{
    return (const struct sockaddr *)&place->at;
}

static int new_socket(cordage_error *error)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        error_set(error, CORDAGE_ESYSTEM, "cannot make a socket: %s",
                  strerrordesc_np(errno));
    return fd;
}

static struct ucred peer_of(int fd)
{
    struct ucred peer = { .uid = (uid_t)-1 };
    socklen_t size = sizeof peer;

    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size);
    return peer;
}

/* ---- Dialling ---- */

static int refused(const char *path, int errnum, cordage_error *error)
{
    switch (errnum) {
    case ENOENT:
    case ECONNREFUSED:
        return error_set(
            error, CORDAGE_ENET,
            "Nobody listens on %s. Is `cordage run` running, with this state "
            "directory?",
            path);
    case EAGAIN:
        return error_set(error, CORDAGE_ENET,
                         "The supervisor behind %s does not answer. Try again.", path);
    case EACCES:
    case EPERM:
        return error_set(error, CORDAGE_EAUTH,
                         "%s belongs to another user. Run this as the user who runs "
                         "`cordage run`.",
                         path);
    default:
        return error_set(error, CORDAGE_ENET, "cannot connect to %s: %s", path,
                         strerrordesc_np(errnum));
    }
}

/* A connected socket, or -1. */
static int connect_to(const char *path, pid_t *pid, cordage_error *error)
{
    struct ucred peer;
    struct place place;
    int fd, err = 0;

    if (place_init(&place, path, error))
        return -1;
    fd = new_socket(error);
    if (fd >= 0 && connect(fd, address_of(&place), sizeof place.at))
        err = refused(path, errno, error);
    place_release(&place);
    if (fd < 0)
        return -1;
    peer = peer_of(fd);
    if (!err && geteuid() != 0 && peer.uid != geteuid())
        err = refused(path, EACCES, error);
    if (err) {
        close(fd);
        return -1;
    }
    *pid = peer.pid;
    return fd;
}

int link_dial(struct loop *loop, const char *path, const struct link_ops *ops, void *user,
              struct link_peer **out, cordage_error *error)
{
    cordage_error why;
    pid_t pid;
    int fd, err;

    *out = NULL;
    fd = connect_to(path, &pid, &why);
    if (fd < 0)
        return error_set(error, why.code, "%s", why.message);
    err = link_peer_new(loop, fd, ops, user, pid, out);
    if (err) {
        close(fd);
        return error_set(error, err, "cannot use the connection to %s: %s", path,
                         cordage_strerror(err));
    }
    return 0;
}

/* ---- Accepting ---- */

static void on_ready(void *user, bool readable, bool writable);

static void on_rested(uv_timer_t *rest)
{
    struct link_door *d = rest->data;

    sock_want(d->sock, true, false);
}

/* Without a descriptor for it the connection stays in the kernel's queue, the socket
 * stays readable, and the loop would spin. */
static void take_a_rest(struct link_door *d)
{
    log_line(&loop_host(d->loop)->log, LOG_WARN,
             "%s accepts nobody for a second: too many open files", d->path);
    sock_want(d->sock, false, false);
    uv_update_time(d->rest.loop);
    uv_timer_start(&d->rest, on_rested, REST_MS, 0);
}

static bool is_welcome(struct link_door *d, const struct ucred *peer)
{
    if (peer->uid == geteuid() || peer->uid == 0)
        return d->n_peers < LIMIT_LINK_PEERS;
    log_line(&loop_host(d->loop)->log, LOG_WARN, "%s: process %d of user %u is refused",
             d->path, (int)peer->pid, (unsigned)peer->uid);
    return false;
}

/* False: there is none to accept, for now. */
static bool accept_one(struct link_door *d)
{
    int fd = accept4(sock_fd(d->sock), NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    struct link_peer *p;
    struct ucred peer;

    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE)
            take_a_rest(d);
        return errno == ECONNABORTED || errno == EINTR;
    }
    peer = peer_of(fd);
    if (!is_welcome(d, &peer) ||
        link_peer_new(d->loop, fd, d->ops, d->user, peer.pid, &p)) {
        close(fd);
        return true;
    }
    list_insert(&d->peers, &p->on_door);
    p->n_peers = &d->n_peers;
    d->n_peers++;
    d->accepted(d->user, p);
    return true;
}

static void on_door_gone(uv_handle_t *rest)
{
    struct link_door *d = rest->data;

    free(d->path);
    free(d);
}

static void release(struct link_door *d)
{
    sock_close(&d->sock);
    uv_close((uv_handle_t *)&d->rest, on_door_gone);
}

static void on_ready(void *user, bool readable, bool writable)
{
    struct link_door *d = user;

    (void)readable, (void)writable;
    d->busy = true;
    for (int i = 0; i < ACCEPTS_PER_WAKE && !d->freed && accept_one(d); i++)
        ;
    d->busy = false;
    if (d->freed)
        release(d);
}

/* ---- Listening ---- */

/* Nobody listens on the socket that is there: a process that died left it. */
static int remove_stale(const struct place *place, const char *path, cordage_error *error)
{
    struct stat st;
    int fd = new_socket(error), err = 0;

    if (fd < 0)
        return CORDAGE_ESYSTEM;
    if (lstat(place->at.sun_path, &st))
        err = errno == ENOENT ? 0 : errno;
    else if (!S_ISSOCK(st.st_mode))
        err = ENOTSOCK;
    else if (connect(fd, address_of(place), sizeof place->at) == 0 || errno == EAGAIN)
        err = EADDRINUSE;
    else if (errno != ECONNREFUSED && errno != ENOENT)
        err = errno;
    else if (unlink(place->at.sun_path) && errno != ENOENT)
        err = errno;
    close(fd);
    switch (err) {
    case 0:
        return 0;
    case EADDRINUSE:
        return error_set(error, CORDAGE_EBUSY, "Another supervisor listens on %s.", path);
    case ENOTSOCK:
        return error_set(error, CORDAGE_EIO,
                         "%s is in the way: it is no socket. Remove it.", path);
    default:
        return error_set(error, CORDAGE_EIO, "cannot replace %s: %s", path,
                         strerrordesc_np(err));
    }
}

static int bind_at(int fd, const struct place *place, const char *path,
                   cordage_error *error)
{
    int err;

    /* Linux makes the file with the socket's own mode, so that nobody can connect before
     * a chmod; umask would be every thread's. */
    if (fchmod(fd, 0600) == 0 && bind(fd, address_of(place), sizeof place->at) == 0)
        return 0;
    if (errno == EADDRINUSE) {
        err = remove_stale(place, path, error);
        if (err)
            return err;
        if (bind(fd, address_of(place), sizeof place->at) == 0)
            return 0;
    }
    return error_set(error, CORDAGE_EIO, "cannot listen on %s: %s", path,
                     strerrordesc_np(errno));
}

/* A socket that listens, or -1. */
static int listen_on(struct link_door *d, cordage_error *error)
{
    struct place place;
    struct stat st;
    int fd, err;

    err = place_init(&place, d->path, error);
    if (err) {
        error->code = err == CORDAGE_ENET ? CORDAGE_EIO : err;
        return -1;
    }
    fd = new_socket(error);
    err = fd < 0 ? CORDAGE_ESYSTEM : bind_at(fd, &place, d->path, error);
    if (!err && (lstat(place.at.sun_path, &st) || listen(fd, ACCEPT_QUEUE)))
        err = error_set(error, CORDAGE_EIO, "cannot listen on %s: %s", d->path,
                        strerrordesc_np(errno));
    place_release(&place);
    if (err) {
        if (fd >= 0)
            close(fd);
        return -1;
    }
    d->device = st.st_dev;
    d->inode = st.st_ino;
    return fd;
}

static void door_discard(struct link_door *d)
{
    if (d)
        free(d->path);
    free(d);
}

int link_listen(struct loop *loop, const char *path, const struct link_ops *ops,
                void (*accepted)(void *user, struct link_peer *p), void *user,
                struct link_door **out, cordage_error *error)
{
    struct link_door *d = mem_zero(sizeof *d);
    cordage_error why;
    int fd;

    *out = NULL;
    if (d)
        d->path = mem_copy(path, strlen(path));
    if (!d || !d->path) {
        door_discard(d);
        return error_set(error, CORDAGE_ENOMEM, "out of memory to listen on %s", path);
    }
    d->loop = loop;
    d->ops = ops;
    d->accepted = accepted;
    d->user = user;
    list_init(&d->peers);
    fd = listen_on(d, &why);
    if (fd >= 0 && sock_new(loop, fd, on_ready, d, &d->sock)) {
        close(fd);
        unlink(path);
        fd = -1;
        error_set(&why, CORDAGE_ENOMEM, "out of memory to listen on %s", path);
    }
    if (fd < 0) {
        door_discard(d);
        return error_set(error, why.code, "%s", why.message);
    }
    uv_timer_init(loop_uv(loop), &d->rest);
    d->rest.data = d;
    sock_want(d->sock, true, false);
    *out = d;
    return 0;
}

static bool is_ours(const struct link_door *d)
{
    struct stat st;

    return lstat(d->path, &st) == 0 && st.st_dev == d->device && st.st_ino == d->inode;
}

int link_door_look(struct link_door *d, cordage_error *error)
{
    struct sock *sock;
    cordage_error why;
    int fd;

    if (is_ours(d))
        return 0;
    fd = listen_on(d, &why);
    if (fd >= 0 && sock_new(d->loop, fd, on_ready, d, &sock)) {
        close(fd);
        fd = -1;
        error_set(&why, CORDAGE_ENOMEM, "out of memory to listen on %s", d->path);
    }
    if (fd < 0)
        return error_set(error, why.code, "%s", why.message);
    uv_timer_stop(&d->rest);
    sock_close(&d->sock);
    d->sock = sock;
    sock_want(sock, true, false);
    log_line(&loop_host(d->loop)->log, LOG_WARN,
             "%s was removed or replaced by somebody: it is there again", d->path);
    return 0;
}

void link_door_free(struct link_door *d)
{
    if (!d)
        return;
    while (!list_is_empty(&d->peers))
        link_hangup(CONTAINER_OF(d->peers.next, struct link_peer, on_door));
    if (is_ours(d))
        unlink(d->path);
    if (d->busy)
        d->freed = true;
    else
        release(d);
}
