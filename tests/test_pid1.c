/* Process 1 of a container: it waits for others' orphans, leaves its own children to
 * whoever waits for them, and ends when it is told to. */
#include "test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"

enum { PATIENCE_MS = 30000, LOOK_MS = 5, NO_PERMISSION = 77, ORPHANS = 50, ROUNDS = 4 };

/* ---- Process 1, and what it runs --------------------------------------------------- */

struct init {
    struct loop *loop;
    struct child *child;
    struct timer look;
    uv_signal_t chld, term;
    unsigned rounds, bad;
    bool stopping;
    int told; /* a byte is written to it when all is as it should be */
};

/* Each orphan ends after its parent; the parent itself with 5. */
static const char make_orphans[] =
    "i=0; while [ $i -lt 50 ]; do (sleep 0.05 &) ; i=$((i+1)); done; exit 5";

static unsigned processes(void)
{
    DIR *proc = opendir("/proc");
    struct dirent *entry;
    unsigned n = 0;

    while (proc && (entry = readdir(proc)))
        n += entry->d_name[0] >= '1' && entry->d_name[0] <= '9';
    if (proc)
        closedir(proc);
    return n;
}

static void on_ended(void *user, int status)
{
    struct init *in = user;

    in->child = NULL;
    in->bad += status != 5;
    in->rounds++;
}

static void start(struct init *in)
{
    const char *const argv[] = { "/bin/sh", "-c", make_orphans, NULL };
    struct child_plan plan = {
        .file = argv[0], .argv = (char *const *)argv, .output = STDERR_FILENO, .token = -1
    };

    if (child_start(in->loop, &plan, on_ended, in, &in->child, NULL))
        _exit(3);
}

/* The next round when only we are left; after the last, says so and waits for the end. */
static void on_look(struct timer *t)
{
    struct init *in = CONTAINER_OF(t, struct init, look);
    struct host *h = loop_host(in->loop);

    h->arm(h, t, h->now(h) + LOOK_MS);
    if (in->child || processes() > 1)
        return;
    if (in->rounds < ROUNDS)
        start(in);
    else if (in->told >= 0 && write(in->told, "y", 1) == 1)
        in->told = -1;
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct init *in = handle->data;

    if (number == SIGCHLD)
        child_reap_strangers(in->loop);
    else
        loop_stop(in->loop);
}

static void watch(struct init *in, uv_signal_t *handle, int number)
{
    uv_signal_init(loop_uv(in->loop), handle);
    handle->data = in;
    uv_signal_start(handle, on_signal, number);
}

static int run_as_init(int told)
{
    struct init in = { .told = told, .look.fire = on_look };
    struct loop_options options = { .speed = 1 };
    struct host *h;

    if (getpid() != 1 || loop_new(&options, &in.loop, NULL))
        return 3;
    watch(&in, &in.chld, SIGCHLD);
    watch(&in, &in.term, SIGTERM);
    h = loop_host(in.loop);
    h->arm(h, &in.look, 0);
    loop_run(in.loop);
    uv_close((uv_handle_t *)&in.chld, NULL);
    uv_close((uv_handle_t *)&in.term, NULL);
    loop_free(in.loop);
    return in.bad ? 4 : in.rounds == ROUNDS ? 0 : 5;
}

/* ---- Outside ----------------------------------------------------------------------- */

/* In a space of processes of its own; doesn't return. */
static void be_container(int told)
{
    pid_t init;
    int status;

    if (unshare(CLONE_NEWPID | CLONE_NEWNS | (geteuid() ? CLONE_NEWUSER : 0)))
        _exit(NO_PERMISSION);
    init = fork();
    if (init == 0) {
        if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
            mount("proc", "/proc", "proc", 0, NULL))
            _exit(NO_PERMISSION);
        _exit(run_as_init(told));
    }
    /* A SIGTERM to us is passed on. */
    while (init > 0 && waitpid(init, &status, 0) < 0)
        if (errno != EINTR)
            _exit(6);
    if (init < 0 || !WIFEXITED(status))
        _exit(init < 0 ? NO_PERMISSION : 7);
    _exit(WEXITSTATUS(status));
}

/* The one child of `pid`, as we see it. */
static pid_t only_child_of(pid_t pid)
{
    char path[64];
    FILE *f;
    int child = 0;

    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pid, (int)pid);
    f = fopen(path, "re");
    if (f && fscanf(f, "%d", &child) != 1)
        child = 0;
    if (f)
        fclose(f);
    return child;
}

TEST(process_1_reaps_orphans_keeps_its_own_and_honours_sigterm)
{
    pid_t outside, init;
    int told[2], status;
    char byte = 0;

    CHECK_INT(pipe2(told, O_CLOEXEC), 0);
    outside = fork();
    if (outside == 0) {
        close(told[0]);
        be_container(told[1]);
    }
    close(told[1]);
    alarm(PATIENCE_MS / 1000);
    if (read(told[0], &byte, 1) == 1) {
        init = only_child_of(outside);
        CHECK(init > 0);
        CHECK_INT(kill(init, SIGTERM), 0);
    }
    CHECK_INT(waitpid(outside, &status, 0), outside);
    close(told[0]);
    CHECK(WIFEXITED(status));
    if (WEXITSTATUS(status) == NO_PERMISSION) {
        print_message("skipped: no process may have a process space of its own here\n");
        skip();
    }
    CHECK_INT(WEXITSTATUS(status), 0);
    CHECK_INT(byte, 'y');
}

RUN_TESTS(T(process_1_reaps_orphans_keeps_its_own_and_honours_sigterm))
