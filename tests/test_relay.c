#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "buf.h"
#include "relay.h"
#include "rng.h"
#include "tmpdir.h"

enum { PATIENCE_MS = 30000, LOOK_MS = 1 };

struct rig {
    struct loop *loop;
    struct tmpdir dir;
    struct output *out;
    int fds[2]; /* what `out` writes to, [1], and where it can be read, [0] */
    struct timer look;
    uint64_t patience;
    bool (*done)(struct rig *r);
    struct buf got; /* what was read at the far end */
    pid_t workers[4];
    unsigned n_workers;
    uint64_t turns; /* looks at `done`: the loop isn't blocked */
};

static void on_look(struct timer *t)
{
    struct rig *r = CONTAINER_OF(t, struct rig, look);
    struct host *h = loop_host(r->loop);

    r->turns++;
    if (r->done(r)) {
        loop_stop(r->loop);
        return;
    }
    if (h->now(h) > r->patience) {
        fprintf(stderr, "nothing came within %d ms\n", PATIENCE_MS);
        abort();
    }
    h->arm(h, t, h->now(h) + LOOK_MS);
}

static void run_until(struct rig *r, bool (*done)(struct rig *r))
{
    struct host *h = loop_host(r->loop);

    r->done = done;
    r->look.fire = on_look;
    r->patience = h->now(h) + PATIENCE_MS;
    h->arm(h, &r->look, 0);
    loop_run(r->loop);
}

static struct rig *rig_with(int reading, int writing)
{
    struct rig *r = calloc(1, sizeof *r);
    struct loop_options options = { .speed = 1 };

    CHECK(r != NULL);
    signal(SIGPIPE, SIG_IGN);
    CHECK_INT(loop_new(&options, &r->loop, NULL), 0);
    r->dir = tmpdir_new();
    r->fds[0] = reading;
    r->fds[1] = writing;
    CHECK_INT(output_new(r->loop, writing, &r->out, NULL), 0);
    return r;
}

static struct rig *rig_new(void)
{
    int fds[2];

    CHECK_INT(pipe2(fds, O_CLOEXEC), 0);
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
    return rig_with(fds[0], fds[1]);
}

static struct relay *relay(struct rig *r, const char *label)
{
    char path[512];
    struct relay *relay;
    cordage_error error;

    snprintf(path, sizeof path, "%s/out-%s-1", r->dir.dir, label);
    if (relay_new(r->loop, path, label, r->out, &relay, &error))
        fail_msg("%s", error.message);
    return relay;
}

static void rig_free(struct rig *r)
{
    output_free(r->out);
    loop_free(r->loop);
    if (r->fds[0] >= 0)
        close(r->fds[0]);
    close(r->fds[1]);
    tmpdir_free(&r->dir);
    buf_release(&r->got);
    free(r);
}

/* A worker: a shell whose output is the relay's FIFO. */
static void worker(struct rig *r, struct relay *relay, const char *script)
{
    pid_t pid = fork();

    if (pid == 0) {
        dup2(relay_fd(relay), 1);
        dup2(relay_fd(relay), 2);
        signal(SIGPIPE, SIG_DFL);
        execl("/bin/sh", "sh", "-c", script, (char *)NULL);
        _exit(127);
    }
    r->workers[r->n_workers++] = pid;
}

static void read_output(struct rig *r)
{
    char bytes[65536];
    ssize_t n;

    while ((n = read(r->fds[0], bytes, sizeof bytes)) > 0)
        CHECK_INT(buf_append(&r->got, bytes, (size_t)n), 0);
}

/* All workers have ended; the output is read meanwhile. */
static bool all_ended(struct rig *r)
{
    unsigned running = 0;

    read_output(r);
    for (unsigned i = 0; i < r->n_workers; i++) {
        if (r->workers[i] > 0 && waitpid(r->workers[i], NULL, WNOHANG) == r->workers[i])
            r->workers[i] = 0;
        running += r->workers[i] > 0;
    }
    return running == 0;
}

static bool all_ended_unread(struct rig *r)
{
    int reading = r->fds[0];
    bool all;

    r->fds[0] = -1;
    all = all_ended(r);
    r->fds[0] = reading;
    return all;
}

static const char *output_of(struct rig *r)
{
    read_output(r);
    return buf_zero_end(&r->got);
}

static bool has_end(struct rig *r)
{
    read_output(r);
    return r->got.n >= 4 && memcmp(r->got.p + r->got.n - 4, "END\n", 4) == 0;
}

/* All that was put out, which may be more than a pipe holds. */
static const char *drain(struct rig *r)
{
    output_line(r->out, STR(""), STR("END"));
    run_until(r, has_end);
    r->got.n -= 4;
    return buf_zero_end(&r->got);
}

static void say(struct relay *relay, const void *p, size_t n)
{
    CHECK_INT(write(relay_fd(relay), p, n), n);
}

/* ---- Lines ------------------------------------------------------------------------- */

TEST(lines_of_both_outputs_come_in_order_behind_their_label)
{
    struct rig *r = rig_new();
    struct relay *a = relay(r, "3");

    worker(r, a, "echo one; echo two >&2; echo three; echo; printf 'no end'");
    run_until(r, all_ended);
    relay_free(a, true);
    assert_string_equal(output_of(r), "[3] one\n[3] two\n[3] three\n[3] \n[3] no end\n");
    rig_free(r);
}

TEST(a_flush_gives_an_unfinished_line_once)
{
    struct rig *r = rig_new();
    struct relay *a = relay(r, "0");

    say(a, "half", 4);
    relay_flush(a);
    relay_flush(a);
    say(a, "whole\n", 6);
    relay_flush(a);
    assert_string_equal(output_of(r), "[0] half\n[0] whole\n");
    relay_free(a, true);
    rig_free(r);
}

TEST(a_long_line_is_cut_and_no_character_in_two)
{
    struct rig *r = rig_new();
    struct relay *a = relay(r, "0");
    static char line[2 * RELAY_LINE + 4], want[sizeof line + 64];

    memset(line, 'a', RELAY_LINE - 1);
    memcpy(line + RELAY_LINE - 1, "\xe2\x82\xac", 3); /* the cut falls into it */
    memset(line + RELAY_LINE + 2, 'b', RELAY_LINE - 3);
    line[2 * RELAY_LINE - 1] = '\n';
    say(a, line, 2 * RELAY_LINE);
    relay_flush(a);
    snprintf(want, sizeof want, "[0] %.*s\n[0] %s", RELAY_LINE - 1, line,
             line + RELAY_LINE - 1);
    assert_string_equal(output_of(r), want);
    relay_free(a, true);
    rig_free(r);
}

TEST(a_line_of_the_largest_size_is_whole)
{
    struct rig *r = rig_new();
    struct relay *a = relay(r, "0");
    static char line[RELAY_LINE + 2], want[RELAY_LINE + 64];

    memset(line, 'a', RELAY_LINE);
    line[RELAY_LINE] = '\n';
    say(a, line, RELAY_LINE + 1);
    relay_flush(a);
    snprintf(want, sizeof want, "[0] %s", line);
    assert_string_equal(output_of(r), want);
    relay_free(a, true);
    rig_free(r);
}

TEST(lines_of_several_workers_are_never_mixed)
{
    struct rig *r = rig_new();
    struct relay *a = relay(r, "0"), *b = relay(r, "1");
    unsigned lines[2] = { 0 };
    const char *p;

    worker(r, a, "i=0; while [ $i -lt 200 ]; do printf '%09000d\\n' 0; i=$((i+1)); done");
    worker(r, b, "i=0; while [ $i -lt 200 ]; do printf '%07000d\\n' 0; i=$((i+1)); done");
    run_until(r, all_ended);
    relay_free(a, true);
    relay_free(b, true);
    for (p = drain(r); *p; p = strchr(p, '\n') + 1) {
        unsigned who = p[1] == '1';

        CHECK(p[0] == '[' && p[2] == ']' && p[3] == ' ');
        CHECK_INT(strspn(p + 4, "0"), who ? 7000 : 9000);
        CHECK_INT(p[4 + (who ? 7000 : 9000)], '\n');
        lines[who]++;
    }
    CHECK_INT(lines[0], 200);
    CHECK_INT(lines[1], 200);
    rig_free(r);
}

TEST(garbage_passes_as_it_is)
{
    struct rig *r = rig_new();
    struct relay *a = relay(r, "0");
    struct rng rng = rng_seeded(7);
    static char bytes[300000];
    const char *p, *end;
    size_t n = 0;

    for (size_t i = 0; i + 1 < sizeof bytes; i++)
        bytes[i] = (char)rng_next(&rng);
    bytes[sizeof bytes - 1] = '\n';
    say(a, bytes, sizeof bytes);
    relay_flush(a);
    p = drain(r);
    end = p + r->got.n;
    while (p < end) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        size_t size = (size_t)(newline + 1 - p) - 4;

        CHECK(memcmp(p, "[0] ", 4) == 0);
        CHECK(n + size <= sizeof bytes && memcmp(p + 4, bytes + n, size) == 0);
        n += size;
        p = newline + 1;
    }
    CHECK_INT(n, sizeof bytes);
    relay_free(a, true);
    rig_free(r);
}

TEST(on_a_terminal_what_would_steer_it_is_made_harmless)
{
    int master, slave;
    struct rig *r;
    struct relay *a;
    struct termios raw;

    CHECK_INT(openpty(&master, &slave, NULL, NULL, NULL), 0);
    tcgetattr(slave, &raw);
    cfmakeraw(&raw);
    tcsetattr(slave, TCSANOW, &raw);
    fcntl(master, F_SETFL, O_NONBLOCK);
    r = rig_with(master, slave);
    CHECK(output_is_terminal(r->out));
    a = relay(r, "0");
    say(a, "\x1b]0;title\a \xff \xe2\x82\xac\n", 17);
    relay_flush(a);
    /* A line of progress is cleared first. */
    assert_string_equal(output_of(r), "\r\033[K[0]  ]0;title  ? \xe2\x82\xac\n");
    relay_free(a, true);
    rig_free(r);
}

static bool is_line_start(const struct rig *r, size_t i)
{
    return i + 4 <= r->got.n && (i == 0 || r->got.p[i - 1] == '\n');
}

TEST(garbage_does_nothing_to_a_terminal)
{
    int master, slave;
    struct termios raw;
    struct rig *r;
    struct relay *a;
    struct rng rng = rng_seeded(11);
    char bytes[3000];

    CHECK_INT(openpty(&master, &slave, NULL, NULL, NULL), 0);
    tcgetattr(slave, &raw);
    cfmakeraw(&raw);
    tcsetattr(slave, TCSANOW, &raw);
    fcntl(master, F_SETFL, O_NONBLOCK);
    r = rig_with(master, slave);
    a = relay(r, "0");
    for (int round = 0; round < 50; round++) {
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = (char)rng_next(&rng);
        say(a, bytes, sizeof bytes);
        relay_flush(a);
        read_output(r);
    }
    drain(r);
    CHECK(r->got.n > 50 * sizeof bytes);
    for (size_t i = 0; i < r->got.n; i++) {
        unsigned char c = (unsigned char)r->got.p[i];

        if (is_line_start(r, i)) {
            CHECK(strncmp(r->got.p + i, "\r\033[K", 4) == 0);
            i += 4 - 1;
            continue;
        }
        CHECK(c == '\n' || (c >= ' ' && c != 0x7f));
        if (c == 0xc2 && i + 1 < r->got.n) /* U+0080 to U+009F steer, too */
            CHECK((unsigned char)r->got.p[i + 1] >= 0xa0);
    }
    relay_free(a, true);
    rig_free(r);
}

/* ---- The other end ----------------------------------------------------------------- */

static bool fifo_is_full(struct rig *r)
{
    (void)r;
    return r->turns > 50; /* that the loop turns is what is shown */
}

TEST(a_slow_output_stops_the_worker_and_not_the_loop)
{
    struct rig *r = rig_new();
    struct relay *a = relay(r, "0");
    unsigned next = 0;
    const char *p;

    /* 600,000 lines are more than pipe, queue and FIFO hold */
    worker(r, a, "seq 0 599999");
    run_until(r, fifo_is_full);
    CHECK_INT(waitpid(r->workers[0], NULL, WNOHANG), 0); /* it waits */
    run_until(r, all_ended);
    relay_free(a, true);
    for (p = drain(r); *p; p = strchr(p, '\n') + 1)
        CHECK_INT(atoi(p + 4), next++);
    CHECK_INT(next, 600000);
    rig_free(r);
}

TEST(an_output_that_is_gone_stops_nobody)
{
    struct rig *r = rig_new();
    struct relay *a = relay(r, "0");

    worker(r, a, "seq 0 599999");
    run_until(r, fifo_is_full);
    close(r->fds[0]);
    r->fds[0] = -1;
    run_until(r, all_ended_unread);
    CHECK(!output_is_full(r->out));
    output_line(r->out, STR(""), STR("nobody hears this"));
    relay_free(a, true);
    rig_free(r);
}

TEST(a_full_disk_stops_nobody)
{
    struct rig *r = rig_with(-1, open("/dev/full", O_WRONLY | O_CLOEXEC));
    struct relay *a = relay(r, "0");

    worker(r, a, "seq 0 599999");
    run_until(r, all_ended_unread);
    relay_free(a, true);
    rig_free(r);
}

TEST(lines_that_nobody_takes_are_dropped_and_that_is_said)
{
    struct rig *r = rig_new();
    static char line[100000];
    const char *said;

    memset(line, 'x', sizeof line);
    for (int i = 0; i < 200; i++)
        output_line(r->out, STR("[0] "), (struct str){ line, sizeof line });
    CHECK(output_is_full(r->out));
    while (output_is_full(r->out))
        run_until(r, all_ended); /* reads */
    said = strstr(drain(r), "cordage: ");
    CHECK(said && strstr(said, "lines were dropped here"));
    CHECK(atoi(said + 9) > 100 && atoi(said + 9) < 200);
    rig_free(r);
}

TEST(the_flags_of_a_shared_descriptor_stay)
{
    static char line[RELAY_LINE];
    int fds[2];

    memset(line, 'x', sizeof line);
    for (int kind = 0; kind < 2; kind++) {
        struct rig *r;

        if (kind)
            CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
        else
            CHECK_INT(pipe2(fds, O_CLOEXEC), 0);
        fcntl(fds[0], F_SETFL, O_NONBLOCK);
        r = rig_with(fds[0], fds[1]);
        for (int i = 0; i < 100; i++)
            output_line(r->out, STR(""), (struct str){ line, sizeof line });
        CHECK(output_is_full(r->out));
        CHECK_INT(fcntl(fds[1], F_GETFL) & O_NONBLOCK, 0);
        while (output_is_full(r->out))
            run_until(r, all_ended);
        rig_free(r);
    }
}

TEST(a_raw_line_comes_only_when_nothing_waits)
{
    struct rig *r = rig_new();
    static char line[RELAY_LINE];

    memset(line, 'x', sizeof line);
    output_raw(r->out, STR("\r1 of 2\n"));
    assert_string_equal(output_of(r), "\r1 of 2\n");
    while (!output_is_full(r->out))
        output_line(r->out, STR(""), (struct str){ line, sizeof line });
    output_raw(r->out, STR("\r2 of 2"));
    CHECK(!strstr(drain(r), "2 of 2"));
    rig_free(r);
}

/* ---- The FIFO ---------------------------------------------------------------------- */

TEST(a_successor_finds_what_was_written_meanwhile)
{
    struct rig *r = rig_new();
    struct relay *a = relay(r, "0");
    int kept = fcntl(relay_fd(a), F_DUPFD_CLOEXEC, 10); /* as the worker has it */

    say(a, "before\n", 7);
    relay_free(a, false);
    CHECK_INT(write(kept, "meanwhile\n", 10), 10);
    a = relay(r, "0");
    say(a, "after\n", 6);
    relay_flush(a);
    assert_string_equal(output_of(r), "[0] before\n[0] meanwhile\n[0] after\n");
    relay_free(a, true);
    close(kept);
    rig_free(r);
}

TEST(the_fifo_is_ours_alone_and_goes_when_told)
{
    struct rig *r = rig_new();
    mode_t old = umask(0);
    struct relay *a = relay(r, "7");

    umask(old);
    CHECK_INT(tmpdir_mode(tmpdir_path(&r->dir, "out-7-1")), 0600);
    CHECK_INT(fcntl(relay_fd(a), F_GETFL) & (O_ACCMODE | O_NONBLOCK), O_RDWR);
    CHECK(fcntl(relay_fd(a), F_GETFD) & FD_CLOEXEC);
    CHECK(fcntl(relay_fd(a), F_GETPIPE_SZ) > 65536);
    relay_free(a, false);
    CHECK_INT(access(tmpdir_path(&r->dir, "out-7-1"), F_OK), 0);
    relay_free(relay(r, "7"), true);
    CHECK_INT(access(tmpdir_path(&r->dir, "out-7-1"), F_OK), -1);
    rig_free(r);
}

TEST(what_is_no_fifo_is_refused)
{
    struct rig *r = rig_new();
    struct relay *a;
    cordage_error error;
    const char *path = tmpdir_path(&r->dir, "file");

    tmpdir_write(path, "x", 1);
    CHECK_INT(relay_new(r->loop, path, "0", r->out, &a, &error), CORDAGE_EIO);
    CHECK(strstr(error.message, path) && strstr(error.message, "not a FIFO"));
    path = tmpdir_path(&r->dir, "link");
    CHECK_INT(symlink("/dev/null", path), 0);
    CHECK_INT(relay_new(r->loop, path, "0", r->out, &a, &error), CORDAGE_EIO);
    path = tmpdir_path(&r->dir, "no/such/directory");
    CHECK_INT(relay_new(r->loop, path, "0", r->out, &a, &error), CORDAGE_EIO);
    CHECK(strstr(error.message, "No such file") != NULL);
    CHECK(a == NULL);
    rig_free(r);
}

/* In a space of mounts of its own: a disk with room for one file. Its status says how it
 * went. */
static int with_a_full_disk(void)
{
    struct rig *r = rig_new();
    char one[300], two[300];
    struct relay *a, *b;
    cordage_error error = { 0 };

    if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
        mount("none", r->dir.dir, "tmpfs", 0, "nr_inodes=2,size=4096"))
        return 77;
    snprintf(one, sizeof one, "%s/one", r->dir.dir);
    snprintf(two, sizeof two, "%s/two", r->dir.dir);
    if (relay_new(r->loop, one, "1", r->out, &a, &error))
        return 2;
    if (relay_new(r->loop, two, "2", r->out, &b, &error) != CORDAGE_EIO || b)
        return 3;
    if (!strstr(error.message, "No space left") || !strstr(error.message, two))
        return 4;
    say(a, "the disk is full\n", 17); /* what is in a FIFO needs no room on it */
    relay_flush(a);
    if (strcmp(output_of(r), "[1] the disk is full\n") != 0)
        return 5;
    relay_free(a, true);
    umount(r->dir.dir);
    rig_free(r);
    return 0;
}

TEST(a_full_disk_is_said_and_fifos_that_are_there_work_on)
{
    pid_t pid = fork();
    int status;

    if (pid == 0)
        _exit(with_a_full_disk());
    CHECK_INT(waitpid(pid, &status, 0), pid);
    CHECK(WIFEXITED(status));
    if (WEXITSTATUS(status) == 77) {
        print_message("skipped: nothing may be mounted here\n");
        skip();
    }
    CHECK_INT(WEXITSTATUS(status), 0);
}

RUN_TESTS(T(garbage_does_nothing_to_a_terminal),
          T(a_full_disk_is_said_and_fifos_that_are_there_work_on),
          T(lines_of_both_outputs_come_in_order_behind_their_label),
          T(a_flush_gives_an_unfinished_line_once),
          T(a_long_line_is_cut_and_no_character_in_two),
          T(a_line_of_the_largest_size_is_whole),
          T(lines_of_several_workers_are_never_mixed), T(garbage_passes_as_it_is),
          T(on_a_terminal_what_would_steer_it_is_made_harmless),
          T(a_slow_output_stops_the_worker_and_not_the_loop),
          T(an_output_that_is_gone_stops_nobody), T(a_full_disk_stops_nobody),
          T(lines_that_nobody_takes_are_dropped_and_that_is_said),
          T(the_flags_of_a_shared_descriptor_stay),
          T(a_raw_line_comes_only_when_nothing_waits),
          T(a_successor_finds_what_was_written_meanwhile),
          T(the_fifo_is_ours_alone_and_goes_when_told), T(what_is_no_fifo_is_refused))
