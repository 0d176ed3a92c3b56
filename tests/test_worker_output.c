/* In a process of its own, because it is about standard output. */
#include "worker_output.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tmpdir.h"

enum { LINE = 1000, LINES = 3000 };

/* For a process whose output goes elsewhere. */
#define MUST(condition)                \
    do {                               \
        if (!(condition))              \
            _exit(__LINE__ % 200 + 1); \
    } while (0)

static void write_lines(void)
{
    char line[LINE];

    memset(line, 'x', sizeof line);
    line[LINE - 1] = '\n';
    for (int i = 0; i < LINES; i++)
        MUST(write(STDOUT_FILENO, line, LINE) == LINE);
}

/* More than fits is written, and the writer never waits for ever. */
static void alone_for_a_while(struct worker_output *o, int fifo)
{
    int waiting;

    write_lines();
    MUST(write(STDOUT_FILENO, "last\n", 5) == 5);
    MUST(ioctl(fifo, FIONREAD, &waiting) == 0);
    MUST(worker_output_dropped(o) > 0);
    MUST(worker_output_dropped(o) + (unsigned)waiting <= LINE * LINES + 5);
}

/* What is left ends with `last`. */
static void read_all(int fifo, const char *last)
{
    char all[64 * 1024];
    int waiting;
    ssize_t n = 0;

    while (ioctl(fifo, FIONREAD, &waiting) == 0 && waiting > 0)
        MUST((n = read(fifo, all, sizeof all)) > 0);
    MUST(n >= 5 && memcmp(all + n - 5, last, 5) == 0);
}

static void be_a_worker(const char *path)
{
    int fifo = open(path, O_RDWR);
    struct worker_output *o;
    pid_t supervisor;

    MUST(fifo >= 0 && dup2(fifo, STDOUT_FILENO) == STDOUT_FILENO);
    supervisor = fork();
    if (supervisor == 0) {
        pause();
        _exit(0);
    }
    MUST(supervisor > 0);
    MUST(worker_output_new(path, &o) == 0 && o);
    worker_output_read_by(o, supervisor);
    MUST(write(STDOUT_FILENO, "first\n", 6) == 6);
    MUST(worker_output_dropped(o) == 0);
    kill(supervisor, SIGKILL); /* nobody says that it has gone */
    write_lines();
    MUST(worker_output_dropped(o) > 0);
    worker_output_free(o);
    waitpid(supervisor, NULL, 0);
    read_all(fifo, "xxxx\n");

    MUST(worker_output_new(path, &o) == 0 && o);
    worker_output_read_by(o, 0);
    alone_for_a_while(o, fifo);
    worker_output_read_by(o, getpid());
    read_all(fifo, "last\n");
    worker_output_free(o);
    _exit(0);
}

TEST(a_worker_without_a_supervisor_does_not_wait_for_its_output)
{
    struct tmpdir t = tmpdir_new();
    const char *path = tmpdir_path(&t, "out-1-1");
    int status;
    pid_t pid;

    CHECK_INT(mkfifo(path, 0600), 0);
    pid = fork();
    if (pid == 0)
        be_a_worker(path);
    CHECK_INT(waitpid(pid, &status, 0), pid);
    CHECK_INT(status, 0);
    tmpdir_free(&t);
}

TEST(other_output_is_left_alone)
{
    struct tmpdir t = tmpdir_new();
    const char *path = tmpdir_path(&t, "out-1-1");
    struct worker_output *o;

    CHECK_INT(worker_output_new(path, &o), 0);
    assert_null(o);
    CHECK_INT(mkfifo(path, 0600), 0);
    CHECK_INT(worker_output_new(path, &o), 0);
    assert_null(o);
    worker_output_free(o);
    tmpdir_free(&t);
}

RUN_TESTS(T(a_worker_without_a_supervisor_does_not_wait_for_its_output),
          T(other_output_is_left_alone))
