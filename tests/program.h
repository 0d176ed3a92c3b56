/* program.h - running `cordage` from a test: what it prints, and how it ends.
 *
 * The path comes from the environment variable CORDAGE_PROGRAM, set by meson.build.
 * Assert on the main thread only, as everywhere. */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

enum { PROGRAM_TEXT = 64 * 1024, PROGRAM_ARGS = 32 };

struct program {
    pid_t pid;
    FILE *out, *err; /* what it writes: a pipe, and a file */
    int status;      /* after program_end: as a shell has it */
    char err_text[PROGRAM_TEXT];
};

/* Starts it with `args` (NULL at the end, without the program itself). */
static inline void program_start(struct program *p, const char *const *args)
{
    const char *path = getenv("CORDAGE_PROGRAM");
    char *argv[PROGRAM_ARGS] = { 0 };
    int out[2], n = 1;

    if (!path)
        fail_msg("CORDAGE_PROGRAM is not set: run this by `meson test`");
    argv[0] = (char *)(uintptr_t)path;
    for (; *args; args++) {
        CHECK(n < PROGRAM_ARGS - 1);
        argv[n++] = (char *)(uintptr_t)*args;
    }
    CHECK_INT(pipe(out), 0);
    p->err = tmpfile();
    assert_non_null(p->err);
    fflush(stdout);
    p->pid = fork();
    CHECK(p->pid >= 0);
    if (p->pid == 0) {
        dup2(out[1], STDOUT_FILENO);
        dup2(fileno(p->err), STDERR_FILENO);
        close(out[0]);
        close(out[1]);
        execv(path, argv);
        _exit(99);
    }
    close(out[1]);
    p->out = fdopen(out[0], "r");
    assert_non_null(p->out);
}

/* The next line of its stdout, without the newline. False at the end. */
static inline bool program_line(struct program *p, char *line, size_t size)
{
    if (!fgets(line, (int)size, p->out))
        return false;
    line[strcspn(line, "\n")] = '\0';
    return true;
}

/* Waits for its end; what it still writes to stdout is dropped. */
static inline int program_end(struct program *p)
{
    char line[1024];
    size_t n;
    int status;

    while (program_line(p, line, sizeof line))
        ;
    fclose(p->out);
    while (waitpid(p->pid, &status, 0) < 0)
        CHECK_INT(errno, EINTR);
    p->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    rewind(p->err);
    n = fread(p->err_text, 1, sizeof p->err_text - 1, p->err);
    p->err_text[n] = '\0';
    fclose(p->err);
    return p->status;
}

static inline int program_run(struct program *p, const char *const *args)
{
    program_start(p, args);
    return program_end(p);
}
#define ARGS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static inline bool program_said(const struct program *p, const char *words)
{
    return strstr(p->err_text, words) != NULL;
}

#endif
