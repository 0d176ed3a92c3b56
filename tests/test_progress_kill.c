/* A process that takes, passes and ends events dies at some instruction; the next one
 * must know what it had done. */
#include "tmpdir.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "progress.h"
#include "rng.h"

enum { TOLD = 1 << 20, HANDLERS = 2, WAITING = 64 };

/* What a process says of each event, in memory that outlives it. */
enum tale { NOTHING, PASSING, PASSED, TAKING, TAKEN, BEGINNING, BEGUN, ENDING, ENDED };

struct shared {
    _Atomic unsigned char tale[TOLD];
    _Atomic uint64_t came;
};

/* From the loop to handlers: a place for an event, 0: free, else its sequence; the high
 * half is its place in the file. */
struct desk {
    struct progress *p;
    struct shared *shared;
    _Atomic uint64_t waiting[WAITING];
};

static void *handle(void *user)
{
    struct desk *d = user;

    for (unsigned i = 0;; i = (i + 7) % WAITING) {
        uint64_t job = atomic_load(&d->waiting[i]);

        if (i == 0)
            sched_yield();
        if (job == 0 || !atomic_compare_exchange_strong(&d->waiting[i], &job, 0))
            continue;
        atomic_store(&d->shared->tale[(uint32_t)job], BEGINNING);
        progress_begin_event(d->p, (uint32_t)(job >> 32));
        atomic_store(&d->shared->tale[(uint32_t)job], BEGUN);
        atomic_store(&d->shared->tale[(uint32_t)job], ENDING);
        progress_done(d->p, (uint32_t)(job >> 32));
        atomic_store(&d->shared->tale[(uint32_t)job], ENDED);
    }
    return NULL;
}

static void hand_over(struct desk *d, uint64_t seq, uint32_t place, struct rng *r)
{
    uint64_t job = (uint64_t)place << 32 | seq, none = 0;

    if (place == UINT32_MAX)
        _exit(3);
    while (
        !atomic_compare_exchange_strong(&d->waiting[rng_below(r, WAITING)], &none, job))
        none = 0;
}

static void meet(struct desk *d, uint64_t seq, struct rng *r)
{
    _Atomic unsigned char *tale = &d->shared->tale[seq];
    uint32_t place;

    if (progress_was_done(d->p, seq))
        return;
    if (rng_below(r, 3) == 0) {
        atomic_store(tale, PASSING);
        progress_pass(d->p, seq);
        atomic_store(tale, PASSED);
    } else {
        atomic_store(tale, TAKING);
        place = progress_take(d->p, seq);
        atomic_store(tale, TAKEN);
        hand_over(d, seq, place, r);
    }
    if (seq > atomic_load(&d->shared->came))
        atomic_store(&d->shared->came, seq);
}

static void be_killed(const char *dir, struct shared *shared, uint64_t seed)
{
    struct desk d = { .shared = shared };
    struct rng r = rng_seeded(seed);
    cordage_error error;
    pthread_t thread;
    int i;

    if (progress_open(dir, 3, 8, WAITING + HANDLERS + 1, 5, &d.p, &error) < 0)
        _exit(2);
    for (i = 0; i < HANDLERS; i++)
        pthread_create(&thread, NULL, handle, &d);
    for (uint64_t seq = progress_low(d.p) + 1; seq < TOLD; seq++)
        meet(&d, seq, &r);
    pause();
}

static struct progress *open_again(const char *dir)
{
    struct progress *p;
    cordage_error error;

    if (progress_open(dir, 3, 8, WAITING + HANDLERS + 1, 5, &p, &error) < 0)
        fail_msg("%s", error.message);
    return p;
}

static void check_told(const char *dir, struct shared *shared)
{
    struct progress *p = open_again(dir);
    uint64_t low = progress_low(p), came = atomic_load(&shared->came), seq;

    CHECK(low <= came + 1);
    for (seq = 1; seq <= came + 1 && seq < TOLD; seq++) {
        enum tale tale = (enum tale)atomic_load(&shared->tale[seq]);
        bool done = progress_was_done(p, seq);

        if (tale == BEGUN || tale == NOTHING)
            CHECK_INT(progress_deaths(p, seq) > 0, tale == BEGUN);
        switch (tale) {
        case PASSED:
        case ENDED:
            CHECK(done);
            break;
        case PASSING:
        case ENDING: /* in flight: either */
            break;
        default:
            CHECK(!done);
            CHECK(seq > low);
        }
        if (seq <= low)
            CHECK(done);
    }
    progress_close(p);
}

TEST(what_was_done_outlives_kill_9_and_nothing_else_is_done)
{
    struct tmpdir t = tmpdir_new();
    struct shared *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
                                 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct rng r = rng_seeded(11);

    CHECK(shared != MAP_FAILED);
    for (int round = 0; round < 30; round++) {
        uint64_t until = atomic_load(&shared->came) + rng_below(&r, 3000);
        int status;
        pid_t child = fork();

        if (child == 0)
            be_killed(t.dir, shared, rng_next(&r) + (uint64_t)round);
        while (atomic_load(&shared->came) < until &&
               waitpid(child, &status, WNOHANG) == 0)
            usleep(20);
        kill(child, SIGKILL);
        waitpid(child, &status, 0);
        CHECK(WIFSIGNALED(status));
        check_told(t.dir, shared);
    }
    CHECK(atomic_load(&shared->came) > 1000);
    munmap(shared, sizeof *shared);
    tmpdir_free(&t);
}

RUN_TESTS(T(what_was_done_outlives_kill_9_and_nothing_else_is_done))
