/* A run in a child of this process: whatever it does, it ends in a verdict. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shrink.h"
#include "trial.h"
#include "world.h"

__attribute__((noreturn)) static void be_child(const struct world_script *s, int out)
{
    struct world_verdict v = { 0 };

    world_run(s, &v);
    if (write(out, &v, sizeof v) != (ssize_t)sizeof v)
        abort();
    _exit(0); /* the memory that killed processes hold is nobody's */
}

static void say_how_it_ended(int status, bool in_time, unsigned patience_s,
                             struct world_verdict *v)
{
    *v = (struct world_verdict){ .broken = PROMISE_RECOVERS };
    if (!in_time)
        snprintf(v->what, sizeof v->what, "the run hangs: no end after %u s", patience_s);
    else if (WIFSIGNALED(status))
        snprintf(v->what, sizeof v->what, "the run was ended by signal %d",
                 WTERMSIG(status));
    else
        snprintf(v->what, sizeof v->what, "the run ended with status %d",
                 WEXITSTATUS(status));
}

void trial_start(struct trial *t, const struct world_script *s, unsigned patience_s)
{
    int pipes[2];

    fflush(NULL);
    if (pipe(pipes) || (t->child = fork()) < 0)
        abort();
    if (t->child == 0) {
        close(pipes[0]);
        be_child(s, pipes[1]);
    }
    close(pipes[1]);
    t->patience_s = patience_s;
    t->out = pipes[0];
}

void trial_end(struct trial *t, struct world_verdict *v)
{
    struct pollfd ready = { .fd = t->out, .events = POLLIN };
    int status = 0, got;

    do
        got = poll(&ready, 1, (int)t->patience_s * 1000);
    while (got < 0 && errno == EINTR);
    if (got <= 0)
        kill(t->child, SIGKILL);
    if (got <= 0 || read(t->out, v, sizeof *v) != (ssize_t)sizeof *v) {
        waitpid(t->child, &status, 0);
        say_how_it_ended(status, got > 0, t->patience_s, v);
    } else {
        waitpid(t->child, &status, 0);
    }
    close(t->out);
}

void world_try(const struct world_script *s, unsigned patience_s, struct world_verdict *v)
{
    struct trial t;

    trial_start(&t, s, patience_s);
    trial_end(&t, v);
}

void world_shrink(struct world_script *s, const struct world_verdict *v, unsigned tries)
{
    world_shrink_by(s, v, tries, world_try);
}
