#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "tmpdir.h"

enum { PATIENCE_MS = 30000, MANY = 100 };

/* What whoever started the test left open is none of ours. */
__attribute__((constructor)) static void close_others(void)
{
    for (int fd = 3; fd < 1024; fd++)
        close(fd);
}

struct rig {
    struct loop *loop;
    struct timer patience;
    int statuses[MANY];
    unsigned n, stop_at;
    int output[2]; /* a pipe in the place of the FIFO */
};

static void on_patience(struct timer *t)
{
    (void)t;
    fprintf(stderr, "nothing came within %d ms\n", PATIENCE_MS);
    abort();
}

static struct rig *rig_new(void)
{
    struct rig *r = calloc(1, sizeof *r);
    struct loop_options options = { .speed = 1 };
    cordage_error error;

    CHECK(r != NULL);
    CHECK_INT(loop_new(&options, &r->loop, &error), 0);
    r->patience.fire = on_patience;
    CHECK_INT(pipe2(r->output, O_CLOEXEC), 0);
    return r;
}

static void rig_free(struct rig *r)
{
    close(r->output[0]);
    close(r->output[1]);
    loop_free(r->loop);
    free(r);
}

static void on_ended(void *user, int status)
{
    struct rig *r = user;

    CHECK(r->n < MANY);
    r->statuses[r->n++] = status;
    if (r->n == r->stop_at)
        loop_stop(r->loop);
}

static void run_until(struct rig *r, unsigned ended)
{
    struct host *h = loop_host(r->loop);

    r->stop_at = ended;
    h->arm(h, &r->patience, h->now(h) + PATIENCE_MS);
    if (r->n < ended)
        loop_run(r->loop);
    h->disarm(h, &r->patience);
    CHECK_INT(r->n, ended);
}

static struct child_plan plan_of(struct rig *r, const char *const *argv)
{
    return (struct child_plan){
        .file = argv[0], .argv = (char *const *)argv, .output = r->output[1], .token = -1
    };
}

static int start(struct rig *r, const char *const *argv, struct child **out,
                 cordage_error *error)
{
    struct child_plan plan = plan_of(r, argv);

    return child_start(r->loop, &plan, on_ended, r, out, error);
}

static struct child *shell(struct rig *r, const char *script)
{
    const char *const argv[] = { "/bin/sh", "-c", script, NULL };
    struct child *c;
    cordage_error error = { 0 };

    if (start(r, argv, &c, &error))
        fail_msg("%s", error.message);
    return c;
}

/* What all who have the pipe have written, once they are gone. */
static const char *output_of(struct rig *r)
{
    static char text[65536];
    size_t n = 0;
    ssize_t got;

    close(r->output[1]);
    while ((got = read(r->output[0], text + n, sizeof text - 1 - n)) > 0)
        n += (size_t)got;
    text[n] = '\0';
    r->output[1] = open("/dev/null", O_WRONLY | O_CLOEXEC);
    return text;
}

/* Waits for a line from a child. */
static void read_line(struct rig *r, char *line, size_t size)
{
    size_t n = 0;

    while (n + 1 < size && read(r->output[0], line + n, 1) == 1 && line[n] != '\n')
        n++;
    line[n] = '\0';
}

TEST(a_child_ends_with_its_status)
{
    static const struct {
        const char *script;
        int status;
    } rows[] = {
        { "exit 0", 0 },
        { "exit 3", 3 },
        { "exit 255", 255 },
        { "kill -9 $$", 128 + 9 },
        { "kill -15 $$", 128 + 15 },
        { "kill -6 $$", 128 + 6 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rig *r = rig_new();

        CHECK(child_pid(shell(r, rows[i].script)) > 0);
        run_until(r, 1);
        CHECK_INT(r->statuses[0], rows[i].status);
        rig_free(r);
    }
    CHECK_INT(waitpid(-1, NULL, WNOHANG), -1); /* no zombie is left */
    CHECK_INT(errno, ECHILD);
}

TEST(both_outputs_are_the_one_and_stdin_is_empty)
{
    struct rig *r = rig_new();

    shell(r, "echo one; echo two >&2; echo three; cat");
    run_until(r, 1);
    assert_string_equal(output_of(r), "one\ntwo\nthree\n");
    rig_free(r);
}

TEST(what_cannot_start_is_said_with_the_fix)
{
    struct rig *r = rig_new();
    struct tmpdir t = tmpdir_new();
    const char *argv[] = { NULL, NULL };
    struct child *c = NULL;
    cordage_error error;

    argv[0] = "/no/such/bot";
    CHECK_INT(start(r, argv, &c, &error), CORDAGE_ENOTFOUND);
    CHECK(strstr(error.message, "/no/such/bot") && strstr(error.message, "./bot"));
    CHECK(c == NULL);
    argv[0] = "no-such-bot-in-the-path";
    CHECK_INT(start(r, argv, &c, &error), CORDAGE_ENOTFOUND);
    argv[0] = tmpdir_path(&t, "bot");
    tmpdir_write(argv[0], "#!/bin/sh\n", 10);
    CHECK_INT(start(r, argv, &c, &error), CORDAGE_ESYSTEM);
    CHECK(strstr(error.message, "chmod +x") != NULL);
    tmpdir_write(argv[0], "binary?\n", 8);
    chmod(argv[0], 0700);
    CHECK_INT(start(r, argv, &c, &error), CORDAGE_ESYSTEM);
    CHECK(strstr(error.message, "#!/usr/bin/env") != NULL);
    CHECK_INT(waitpid(-1, NULL, WNOHANG), -1); /* nothing was left behind */
    tmpdir_free(&t);
    rig_free(r);
}

TEST(a_name_without_a_slash_is_searched_in_the_path)
{
    struct rig *r = rig_new();
    const char *const argv[] = { "true", NULL };
    struct child *c;

    CHECK_INT(start(r, argv, &c, NULL), 0);
    run_until(r, 1);
    CHECK_INT(r->statuses[0], 0);
    rig_free(r);
}

TEST(the_environment_is_ours_but_for_what_is_said)
{
    struct rig *r = rig_new();
    const char *const argv[] = {
        "/bin/sh", "-c", "echo $KEPT.$REPLACED.$ADDED.${REMOVED-unset}.$REMOVED_NOT", NULL
    };
    const char *const env[] = { "REPLACED=new", "ADDED=a=b", NULL };
    const char *const without[] = { "REMOVED", NULL };
    struct child_plan plan = plan_of(r, argv);
    struct child *c;

    plan.env = env;
    plan.without = without;
    setenv("KEPT", "kept", 1);
    setenv("REPLACED", "old", 1);
    setenv("REMOVED", "secret", 1);
    setenv("REMOVED_NOT", "there", 1);
    CHECK_INT(child_start(r->loop, &plan, on_ended, r, &c, NULL), 0);
    run_until(r, 1);
    assert_string_equal(output_of(r), "kept.new.a=b.unset.there\n");
    rig_free(r);
}

TEST(a_child_has_no_descriptor_but_its_own)
{
    struct rig *r = rig_new();
    /* ls itself opens one for the directory, the lowest that is free */
    const char *const argv[] = { "/bin/ls", "/proc/self/fd", NULL };
    struct child_plan plan = plan_of(r, argv);
    char secret[] = "/tmp/cordage-test-XXXXXX";
    int token = mkostemp(secret, O_CLOEXEC);
    struct child *c;

    unlink(secret);
    CHECK_INT(child_start(r->loop, &plan, on_ended, r, &c, NULL), 0);
    run_until(r, 1);
    plan.token = token;
    CHECK_INT(child_start(r->loop, &plan, on_ended, r, &c, NULL), 0);
    run_until(r, 2);
    assert_string_equal(output_of(r), "0\n1\n2\n3\n0\n1\n2\n3\n4\n");
    CHECK(fcntl(token, F_GETFD) & FD_CLOEXEC); /* ours is as it was */
    close(token);
    rig_free(r);
}

TEST(the_token_is_the_fourth_descriptor_whatever_numbers_we_have)
{
    int third = open("/dev/null", O_RDONLY | O_CLOEXEC); /* before the loop has it */
    struct rig *r = rig_new();
    const char *const argv[] = { "/bin/sh", "-c", "cat <&3; echo", NULL };
    struct child_plan plan = plan_of(r, argv);
    struct child *c;
    int token[2];

    CHECK_INT(third, 3);
    CHECK_INT(pipe2(token, O_CLOEXEC), 0);
    CHECK_INT(write(token[1], "secret", 6), 6);
    close(token[1]);
    plan.token = token[0];
    plan.output = dup3(r->output[1], third, O_CLOEXEC);
    CHECK_INT(child_start(r->loop, &plan, on_ended, r, &c, NULL), 0);
    run_until(r, 1);
    close(third);
    assert_string_equal(output_of(r), "secret\n");
    close(token[0]);
    rig_free(r);
}

/* Of the signals up to 28; those of the C library's own are left as they are. */
TEST(a_child_has_default_signals_and_its_own_session)
{
    struct rig *r = rig_new();
    sigset_t set, old;
    char session[64];
    struct child *c;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, &old);
    signal(SIGPIPE, SIG_IGN);
    c = shell(r, "sed -nE 's/(SigBlk|SigIgn):.*(.{7})$/\\1 \\2/p' "
                 "/proc/self/status; cut -d' ' -f6 /proc/$$/stat");
    snprintf(session, sizeof session, "SigBlk 0000000\nSigIgn 0000000\n%d\n",
             child_pid(c));
    run_until(r, 1);
    assert_string_equal(output_of(r), session);
    sigprocmask(SIG_SETMASK, &old, NULL);
    signal(SIGPIPE, SIG_DFL);
    rig_free(r);
}

TEST(a_signal_ends_it_and_with_its_group_also_its_children)
{
    struct rig *r = rig_new();
    struct child *c = shell(r, "echo up; sleep 1000");
    char line[64];

    read_line(r, line, sizeof line);
    child_signal(c, SIGTERM, true);
    run_until(r, 1);
    CHECK_INT(r->statuses[0], 128 + SIGTERM);
    CHECK_STR(str_of(output_of(r)), ""); /* the end of file: the sleep is gone too */
    rig_free(r);
}

TEST(a_signal_alone_leaves_its_children)
{
    struct rig *r = rig_new();
    struct child *c = shell(r, "trap 'echo got; exit 7' TERM; echo up; "
                               "while :; do sleep 0.01; done");
    char line[64];

    read_line(r, line, sizeof line);
    child_signal(c, SIGTERM, false);
    read_line(r, line, sizeof line);
    assert_string_equal(line, "got");
    run_until(r, 1);
    CHECK_INT(r->statuses[0], 7);
    rig_free(r);
}

TEST(what_it_leaves_behind_ends_with_it)
{
    struct rig *r = rig_new();
    struct child *c = shell(r, "sleep 1000 & echo up; kill -9 $$");
    char line[64];

    (void)c;
    read_line(r, line, sizeof line);
    run_until(r, 1);
    CHECK_INT(r->statuses[0], 128 + SIGKILL);
    CHECK_STR(str_of(output_of(r)), ""); /* the end of file: the sleep is gone too */
    rig_free(r);
}

TEST(many_children_all_end)
{
    struct rig *r = rig_new();
    int sum = 0;

    for (int i = 0; i < MANY; i++) {
        char script[32];

        snprintf(script, sizeof script, "exit %d", i);
        shell(r, script);
    }
    run_until(r, MANY);
    for (int i = 0; i < MANY; i++)
        sum += r->statuses[i];
    CHECK_INT(sum, MANY * (MANY - 1) / 2);
    rig_free(r);
}

TEST(one_that_is_let_go_runs_on_and_says_nothing)
{
    struct rig *r = rig_new();
    struct child *gone = shell(r, "echo up; read line <&1; exit 1");
    pid_t pid = child_pid(gone);
    char line[64];
    int status;

    read_line(r, line, sizeof line);
    child_free(gone);
    child_free(NULL);
    CHECK_INT(kill(pid, 0), 0);
    kill(pid, SIGKILL);
    CHECK_INT(waitpid(pid, &status, 0), pid);
    shell(r, "exit 5");
    run_until(r, 1);
    CHECK_INT(r->statuses[0], 5);
    rig_free(r);
}

/* Frees itself in its own callback, as it may. */
struct self {
    struct rig *rig;
    struct child *child;
};

static void on_self_ended(void *user, int status)
{
    struct self *s = user;

    child_free(s->child);
    on_ended(s->rig, status);
}

TEST(a_child_may_be_freed_in_its_own_callback)
{
    struct rig *r = rig_new();
    const char *const argv[] = { "/bin/sh", "-c", "exit 4", NULL };
    struct child_plan plan = plan_of(r, argv);
    struct self self = { .rig = r };

    CHECK_INT(child_start(r->loop, &plan, on_self_ended, &self, &self.child, NULL), 0);
    run_until(r, 1);
    CHECK_INT(r->statuses[0], 4);
    rig_free(r);
}

/* A grandchild, whose parent is gone; it ends once `release` is closed. */
static pid_t orphan(int *release)
{
    int hold[2], tell[2];
    pid_t parent, pid = 0;

    CHECK_INT(pipe(hold), 0);
    CHECK_INT(pipe(tell), 0);
    parent = fork();
    if (parent == 0) {
        close(hold[1]);
        pid = fork();
        if (pid == 0) {
            char byte;

            _exit(read(hold[0], &byte, 1) == 0 ? 0 : 1);
        }
        _exit(write(tell[1], &pid, sizeof pid) == sizeof pid ? 0 : 1);
    }
    CHECK_INT(waitpid(parent, NULL, 0), parent);
    CHECK_INT(read(tell[0], &pid, sizeof pid), sizeof pid);
    close(hold[0]);
    close(tell[0]);
    close(tell[1]);
    *release = hold[1];
    return pid;
}

/* Waits until a child of ours has ended, and leaves it. */
static void await_zombie(pid_t pid)
{
    siginfo_t info;

    CHECK_INT(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
}

/* An orphan which we have inherited and which has ended. */
static pid_t ended_orphan(void)
{
    int release;
    pid_t pid = orphan(&release);

    close(release);
    await_zombie(pid);
    return pid;
}

TEST(what_is_not_our_child_is_adopted_and_its_end_noticed)
{
    struct rig *r = rig_new();
    int release;
    pid_t pid = orphan(&release);
    struct child *c;

    CHECK_INT(child_adopt(r->loop, pid, on_ended, r, &c), 0);
    CHECK_INT(child_pid(c), pid);
    child_signal(c, 0, false);
    CHECK_INT(r->n, 0);
    child_signal(c, SIGKILL, false);
    run_until(r, 1);
    CHECK_INT(r->statuses[0], -1);
    close(release);
    rig_free(r);
}

TEST(our_own_child_may_be_adopted_after_an_exec_of_ours_and_has_a_status)
{
    struct rig *r = rig_new();
    pid_t pid = fork();
    struct child *c;

    if (pid == 0) {
        pause();
        _exit(0);
    }
    CHECK_INT(child_adopt(r->loop, pid, on_ended, r, &c), 0);
    child_signal(c, SIGTERM, true); /* it has no group of its own */
    run_until(r, 1);
    CHECK_INT(r->statuses[0], 128 + SIGTERM);
    rig_free(r);
}

TEST(one_that_is_gone_is_not_adopted)
{
    struct rig *r = rig_new();
    struct child *c;
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    CHECK_INT(waitpid(pid, NULL, 0), pid);
    CHECK_INT(child_adopt(r->loop, pid, on_ended, r, &c), CORDAGE_ENOTFOUND);
    CHECK_INT(child_adopt(r->loop, 0, on_ended, r, &c), CORDAGE_ENOTFOUND);
    CHECK_INT(child_adopt(r->loop, -1, on_ended, r, &c), CORDAGE_ENOTFOUND);
    CHECK_INT(child_adopt(r->loop, 1, on_ended, r, &c), CORDAGE_ENOTFOUND);
    CHECK(c == NULL);
    rig_free(r);
}

TEST(a_subreaper_reaps_strangers_and_leaves_its_own)
{
    struct rig *r = rig_new();
    pid_t mine, strangers[3];

    CHECK_INT(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    mine = child_pid(shell(r, "exit 9")); /* the oldest: the kernel names it first */
    await_zombie(mine);
    for (int i = 0; i < 3; i++)
        strangers[i] = ended_orphan();
    child_reap_strangers(r->loop);
    for (int i = 0; i < 3; i++)
        CHECK_INT(kill(strangers[i], 0), -1);
    run_until(r, 1);
    CHECK_INT(r->statuses[0], 9);
    for (int i = 0; i < 3; i++)
        ended_orphan();
    child_reap_strangers(r->loop);
    CHECK_INT(waitpid(-1, NULL, WNOHANG), -1);
    child_reap_strangers(r->loop); /* without any child */
    prctl(PR_SET_CHILD_SUBREAPER, 0);
    rig_free(r);
}

TEST(one_that_was_let_go_is_a_stranger)
{
    struct rig *r = rig_new();
    struct child *gone = shell(r, "exit 9");
    pid_t pid = child_pid(gone);

    child_free(gone);
    await_zombie(pid);
    child_reap_strangers(r->loop);
    CHECK_INT(waitpid(-1, NULL, WNOHANG), -1);
    CHECK_INT(errno, ECHILD);
    rig_free(r);
}

RUN_TESTS(T(a_child_ends_with_its_status), T(both_outputs_are_the_one_and_stdin_is_empty),
          T(what_cannot_start_is_said_with_the_fix),
          T(a_name_without_a_slash_is_searched_in_the_path),
          T(the_environment_is_ours_but_for_what_is_said),
          T(a_child_has_no_descriptor_but_its_own),
          T(the_token_is_the_fourth_descriptor_whatever_numbers_we_have),
          T(a_child_has_default_signals_and_its_own_session),
          T(a_signal_ends_it_and_with_its_group_also_its_children),
          T(a_signal_alone_leaves_its_children), T(what_it_leaves_behind_ends_with_it),
          T(many_children_all_end), T(one_that_is_let_go_runs_on_and_says_nothing),
          T(a_child_may_be_freed_in_its_own_callback),
          T(what_is_not_our_child_is_adopted_and_its_end_noticed),
          T(our_own_child_may_be_adopted_after_an_exec_of_ours_and_has_a_status),
          T(one_that_is_gone_is_not_adopted),
          T(a_subreaper_reaps_strangers_and_leaves_its_own),
          T(one_that_was_let_go_is_a_stranger))
