/* child.h - a worker's process: started by us, or adopted after our predecessor's death.
 *
 * Watched by a pidfd, so that one which isn't our child is watched the same way. It runs
 * in a session of its own (a ^C at our terminal is ours alone), with default signals and
 * nothing on stdin, and its stdout and stderr are one FIFO in the state directory, opened
 * for reading and writing: so it lives on when nobody reads. What it leaves behind in its
 * process group when it ends is killed: it may have inherited the locks of its shards.
 * [loop] */
#ifndef FLEET_CHILD_H
#define FLEET_CHILD_H

#include <sys/types.h>
#include <uv.h>

#include "cordage/error.h"
#include "loop.h"

struct child;

struct child_plan {
    const char *file;           /* what is executed: a path, a name in PATH, or
                                   "/proc/self/fd/N" (N over 3; no script then, unless the
                                   descriptor stays open on exec) */
    char *const *argv;          /* argv[0] as the user gave it */
    const char *const *env;     /* "NAME=value", replacing ours with the same names */
    const char *const *without; /* names that it must not inherit; NULL-terminated */
    int output;                 /* becomes its fds 1 and 2; borrowed */
    int token;                  /* becomes its fd 3, or -1; borrowed */
};

/* `ended` comes once, after which the child is gone: `status` is its exit status, or 128
 * and the signal, or -1: it was adopted, nobody can know. CORDAGE_ENOTFOUND (no such
 * program), CORDAGE_ESYSTEM with a sentence, CORDAGE_ENOMEM. */
int child_start(struct loop *loop, const struct child_plan *plan,
                void (*ended)(void *user, int status), void *user, struct child **out,
                cordage_error *error);
/* One that runs already. CORDAGE_ENOTFOUND: it doesn't any more. */
int child_adopt(struct loop *loop, pid_t pid, void (*ended)(void *user, int status),
                void *user, struct child **out);
pid_t child_pid(const struct child *c);
/* A signal, also to its session with `group`. Nothing when it has ended. */
void child_signal(struct child *c, int number, bool group);
/* Lets go of it, whether it runs or not; `ended` doesn't come. NULL is fine. */
void child_free(struct child *c);

/* As PID 1, or a subreaper, we inherit others' orphans: waits for all that have ended,
 * but for the children of this loop, whose own `ended` comes. */
void child_reap_strangers(struct loop *loop);

#endif
