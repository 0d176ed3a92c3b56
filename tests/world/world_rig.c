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

void outcome_of(void (*run)(struct outcome *o), uint64_t seed, struct outcome *out)
{
    struct outcome *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
                                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ssize_t n, got = 0;
    int errors[2];
    pid_t child;

    assert_true(shared != MAP_FAILED);
    assert_int_equal(pipe(errors), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0)
        be_child(run, seed, shared, errors[1]);
    close(errors[1]);
    *out = (struct outcome){ 0 };
    while ((n = read(errors[0], shared->said + got,
                     sizeof shared->said - 1 - (size_t)got)) > 0)
        got += n;
    close(errors[0]);
    assert_int_equal(waitpid(child, &shared->status, 0), child);
    *out = *shared;
    munmap(shared, sizeof *shared);
    if (out->said[0])
        fprintf(stderr, "%s", out->said);
}
