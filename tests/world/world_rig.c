#include "world_rig.h"

#include "test.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static const uint64_t new_year = 1767225600000; /* 2026-01-01 */

static void be_child(void (*run)(struct outcome *o), uint64_t seed, struct outcome *o,
                     int errors)
{
    dup2(errors, STDERR_FILENO);
    machine_boot(seed, new_year);
    run(o);
    _exit(0);
}

/* Passes on what it says, and keeps the beginning. */
static void hear(int errors, struct outcome *o)
{
    size_t got = 0;
    char some[4096];
    ssize_t n;

    while ((n = read(errors, some, sizeof some)) > 0) {
        size_t part = sizeof o->said - 1 - got;

        part = part < (size_t)n ? part : (size_t)n;
        memcpy(o->said + got, some, part);
        got += part;
        fwrite(some, 1, (size_t)n, stderr);
    }
    close(errors);
}

void outcome_of(void (*run)(struct outcome *o), uint64_t seed, struct outcome *out)
{
    struct outcome *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
                                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int errors[2];
    pid_t child;

    assert_true(shared != MAP_FAILED);
    assert_int_equal(pipe(errors), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0)
        be_child(run, seed, shared, errors[1]);
    close(errors[1]);
    hear(errors[0], shared);
    assert_int_equal(waitpid(child, &shared->status, 0), child);
    *out = *shared;
    munmap(shared, sizeof *shared);
}
