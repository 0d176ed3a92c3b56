#include "notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "buf.h"
#include "mem.h"

enum { INSIST_MS = 200 };

struct notify {
    int fd; /* -1: there is nobody to tell */
    struct sockaddr_un to;
    socklen_t to_size;
    bool pings;
    uint64_t ping_ms; /* real ones: the manager's clock isn't speeded up */
    uv_timer_t ping;
};

/* A path, or '@' and an abstract name; false for anything else. */
static bool read_address(struct notify *n, const char *socket)
{
    size_t size = strlen(socket);

    if ((socket[0] != '/' && socket[0] != '@') || size < 2 ||
        size >= sizeof n->to.sun_path)
        return false;
    n->to.sun_family = AF_UNIX;
    memcpy(n->to.sun_path, socket, size);
    if (socket[0] == '@')
        n->to.sun_path[0] = '\0';
    /* An abstract name ends where the address does, without a NUL. */
    n->to_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size +
                             (socket[0] == '/' ? 1 : 0));
    return true;
}

/* Half the watchdog's time in ms; 0: no watchdog, or not ours. */
static uint64_t read_watchdog(const char *usec, const char *pid)
{
    uint64_t us, whose;

    if (!usec || !str_u64(str_of(usec), &us) || us == 0)
        return 0;
    if (pid && (!str_u64(str_of(pid), &whose) || whose != (uint64_t)getpid()))
        return 0;
    return us / 2000 ? us / 2000 : 1;
}

/* A manager that doesn't read must not stop us; but it would wait long for a state that
 * it missed, so for that one we wait a little. */
static void tell(struct notify *n, struct str text, bool insist)
{
    int flags = MSG_NOSIGNAL | (insist ? 0 : MSG_DONTWAIT);

    if (!n || n->fd < 0)
        return;
    while (sendto(n->fd, text.p, text.n, flags, (const struct sockaddr *)&n->to,
                  n->to_size) < 0 &&
           errno == EINTR)
        ;
}

static void on_ping(uv_timer_t *ping)
{
    tell(ping->data, STR("WATCHDOG=1"), false);
}

int notify_new(struct loop *loop, const char *socket_name, const char *watchdog_usec,
               const char *watchdog_pid, struct notify **out)
{
    struct timeval patience = { .tv_usec = INSIST_MS * 1000 };
    struct notify *n = mem_zero(sizeof *n);

    *out = n;
    if (!n)
        return CORDAGE_ENOMEM;
    n->fd = -1;
    if (!socket_name || !read_address(n, socket_name))
        return 0;
    n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    setsockopt(n->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    n->ping_ms = read_watchdog(watchdog_usec, watchdog_pid);
    if (n->ping_ms && uv_timer_init(loop_uv(loop), &n->ping) == 0) {
        n->pings = true;
        n->ping.data = n;
        uv_timer_start(&n->ping, on_ping, n->ping_ms, n->ping_ms);
    }
    return 0;
}

void notify_state(struct notify *n, const char *state, const char *status)
{
    char text[1024];
    int size;

    if (!state && !status)
        return;
    size = snprintf(text, sizeof text, "%s%s%s%.512s", state ? state : "",
                    state && status ? "\n" : "", status ? "STATUS=" : "",
                    status ? status : "");
    if (size < 0 || (size_t)size >= sizeof text)
        return;
    /* A status is one line: what follows a newline in it would be an order of its own. */
    if (status)
        str_make_printable(text + size - strnlen(status, 512), strnlen(status, 512));
    tell(n, (struct str){ text, (size_t)size }, state != NULL);
}

void notify_status(struct notify *n, const char *status)
{
    notify_state(n, NULL, status);
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void notify_free(struct notify *n)
{
    if (!n)
        return;
    if (n->fd >= 0)
        close(n->fd);
    n->fd = -1;
    if (n->pings)
        uv_close((uv_handle_t *)&n->ping, on_closed);
    else
        free(n);
}
