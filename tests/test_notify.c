#include "test.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "notify.h"
#include "tmpdir.h"

enum { PATIENCE_S = 30 };

/* A service manager. */
struct manager {
    struct loop *loop;
    struct tmpdir dir;
    char name[128]; /* as in NOTIFY_SOCKET */
    int fd;
    char text[2048];
    uv_poll_t poll;
    unsigned n, stop_at;
};

static void manager_init(struct manager *m, bool abstract)
{
    struct loop_options options = { .speed = 1 };
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    struct timeval patience = { .tv_sec = PATIENCE_S };
    socklen_t size = sizeof at;

    memset(m, 0, sizeof *m);
    m->dir = tmpdir_new();
    if (abstract)
        snprintf(m->name, sizeof m->name, "@cordage-test-%d", (int)getpid());
    else
        snprintf(m->name, sizeof m->name, "%.90s", tmpdir_path(&m->dir, "notify"));
    CHECK(strlen(m->name) < sizeof at.sun_path);
    memcpy(at.sun_path, m->name, strlen(m->name));
    if (abstract) {
        at.sun_path[0] = '\0';
        size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(m->name));
    }
    m->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    CHECK_INT(bind(m->fd, (struct sockaddr *)&at, size), 0);
    setsockopt(m->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    CHECK_INT(loop_new(&options, &m->loop, NULL), 0);
}

static void manager_release(struct manager *m)
{
    loop_free(m->loop);
    close(m->fd);
    tmpdir_free(&m->dir);
}

static struct str hear(struct manager *m)
{
    ssize_t n = recv(m->fd, m->text, sizeof m->text, 0);

    CHECK(n >= 0);
    return (struct str){ m->text, (size_t)n };
}

static void check_silence(struct manager *m)
{
    CHECK_INT(recv(m->fd, m->text, sizeof m->text, MSG_DONTWAIT), -1);
    CHECK_INT(errno, EAGAIN);
}

TEST(a_manager_is_told_by_path_or_abstract_name)
{
    for (int abstract = 0; abstract < 2; abstract++) {
        struct manager m;
        struct notify *n;

        manager_init(&m, abstract);
        CHECK_INT(notify_new(m.loop, m.name, NULL, NULL, &n), 0);
        notify_state(n, "READY=1", "64 of 64 shards");
        CHECK_STR(hear(&m), "READY=1\nSTATUS=64 of 64 shards");
        notify_state(n, "STOPPING=1", NULL);
        CHECK_STR(hear(&m), "STOPPING=1");
        notify_status(n, "63 of 64 shards");
        CHECK_STR(hear(&m), "STATUS=63 of 64 shards");
        notify_status(n, NULL);
        check_silence(&m);
        notify_free(n);
        manager_release(&m);
    }
}

TEST(a_status_is_one_line_and_not_too_long)
{
    static char words[3000];
    struct manager m;
    struct notify *n;

    manager_init(&m, false);
    CHECK_INT(notify_new(m.loop, m.name, NULL, NULL, &n), 0);
    notify_state(n, "READY=1", "all\nMAINPID=1\x1b");
    CHECK_STR(hear(&m), "READY=1\nSTATUS=all MAINPID=1 ");
    memset(words, 'x', sizeof words - 1);
    notify_state(n, "READY=1", words);
    CHECK_INT(hear(&m).n, strlen("READY=1\nSTATUS=") + 512);
    notify_free(n);
    manager_release(&m);
}

static void on_heard(uv_poll_t *poll, int status, int events)
{
    struct manager *m = poll->data;

    (void)status;
    (void)events;
    CHECK_STR(hear(m), "WATCHDOG=1");
    if (++m->n == m->stop_at)
        loop_stop(m->loop);
}

TEST(the_watchdog_is_pinged_for_as_long_as_the_loop_turns)
{
    struct manager m;
    struct notify *n;
    char pid[32];
    uint64_t began;

    manager_init(&m, false);
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    CHECK_INT(notify_new(m.loop, m.name, "20000", pid, &n), 0);
    m.poll.data = &m;
    m.stop_at = 5;
    CHECK_INT(uv_poll_init(loop_uv(m.loop), &m.poll, m.fd), 0);
    uv_poll_start(&m.poll, UV_READABLE, on_heard);
    began = uv_hrtime();
    loop_run(m.loop);
    CHECK(uv_hrtime() - began > 40 * 1000000ULL); /* each 10 ms, and no faster */
    notify_free(n);
    uv_close((uv_handle_t *)&m.poll, NULL);
    manager_release(&m);
}

TEST(a_watchdog_that_is_not_ours_is_not_pinged)
{
    static const struct {
        const char *usec, *pid;
        bool pings;
    } rows[] = {
        { "20000", NULL, true }, { NULL, NULL, false },   { "0", NULL, false },
        { "20000", "1", false }, { "20000", "x", false }, { "-1", NULL, false },
        { "", NULL, false },     { "20s", NULL, false },  { "1", NULL, true },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct manager m;
        struct notify *n;
        unsigned before;

        manager_init(&m, false);
        before = loop_uv(m.loop)->active_handles;
        CHECK_INT(notify_new(m.loop, m.name, rows[i].usec, rows[i].pid, &n), 0);
        CHECK_INT(loop_uv(m.loop)->active_handles - before, rows[i].pings);
        notify_free(n);
        manager_release(&m);
    }
}

TEST(without_a_manager_nothing_happens)
{
    static char longest[200] = "/";
    static const char *const names[] = {
        NULL, "", "@", "/", "relative", "/no/such/socket", longest, "vsock:2:1234"
    };
    struct manager m;

    memset(longest + 1, 'x', sizeof longest - 2);
    manager_init(&m, false);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct notify *n;

        CHECK_INT(notify_new(m.loop, names[i], "20000", NULL, &n), 0);
        notify_state(n, "READY=1", "ready");
        notify_status(n, "ready");
        notify_free(n);
    }
    notify_state(NULL, "READY=1", NULL);
    notify_status(NULL, "ready");
    notify_free(NULL);
    manager_release(&m);
}

TEST(a_manager_that_does_not_read_stops_nobody)
{
    struct manager m;
    struct notify *n;

    manager_init(&m, false);
    CHECK_INT(notify_new(m.loop, m.name, NULL, NULL, &n), 0);
    for (int i = 0; i < 10000; i++)
        notify_status(n, "still here");
    notify_state(n, "STOPPING=1", NULL); /* waits, but not for ever */
    CHECK_STR(hear(&m), "STATUS=still here");
    notify_free(n);
    manager_release(&m);
}

RUN_TESTS(T(a_manager_is_told_by_path_or_abstract_name),
          T(a_status_is_one_line_and_not_too_long),
          T(the_watchdog_is_pinged_for_as_long_as_the_loop_turns),
          T(a_watchdog_that_is_not_ours_is_not_pinged),
          T(without_a_manager_nothing_happens),
          T(a_manager_that_does_not_read_stops_nobody))
