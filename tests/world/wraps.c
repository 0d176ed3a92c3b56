/* What programs ask of the C library, led to the machine: see `world_wraps` in
 * meson.build. Outside of all processes, and while no machine is up, the system answers,
 * but for the time, which is the machine's for all. */
#include "machine_inner.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#define WRAP(type, name, ...)        \
    type __real_##name(__VA_ARGS__); \
    type __wrap_##name(__VA_ARGS__); \
    type __wrap_##name(__VA_ARGS__)

/* ---- Locks ------------------------------------------------------------------------- */

/* In the memory of a pthread_mutex_t; all zero is one that is free. */
struct vmutex {
    struct thread *owner; /* NULL: nobody has it */
    struct thread *waiting;
    unsigned n_waiting;
};

/* In that of a pthread_cond_t. */
struct vcond {
    struct thread *waiting;
    unsigned n_waiting;
};

_Static_assert(sizeof(struct vmutex) <= sizeof(pthread_mutex_t), "a lock fits");
_Static_assert(sizeof(struct vcond) <= sizeof(pthread_cond_t), "a condition fits");

/* How often another thread goes first where one takes a lock, or lets it go; and how
 * often a condition wakes without reason. One time in so many. */
enum { YIELD_AT_LOCK = 12, WAKE_FOR_NOTHING = 50 };

/* Who has a lock outside of all threads. */
static struct thread nobody;

static struct vmutex *vmutex_of(pthread_mutex_t *lock)
{
    return (struct vmutex *)(void *)lock;
}

static struct vcond *vcond_of(pthread_cond_t *cond)
{
    return (struct vcond *)(void *)cond;
}

/* Takes one of those that wait, by chance, off their list. */
static struct thread *take_one(struct thread **first, unsigned *n)
{
    struct thread **at = first, *t;
    uint64_t i;

    if (*n == 0)
        return NULL;
    for (i = *n > 1 ? machine_below(*n) : 0; i; i--)
        at = &(*at)->next_waiting;
    t = *at;
    *at = t->next_waiting;
    t->next_waiting = NULL;
    --*n;
    return t;
}

static void take_this(struct thread **first, unsigned *n, struct thread *t)
{
    struct thread **at = first;

    while (*at && *at != t)
        at = &(*at)->next_waiting;
    if (!*at)
        return;
    *at = t->next_waiting;
    t->next_waiting = NULL;
    --*n;
}

static void put(struct thread **first, unsigned *n, struct thread *t)
{
    t->next_waiting = *first;
    *first = t;
    ++*n;
}

static bool is_on(const struct thread *first, const struct thread *t)
{
    while (first && first != t)
        first = first->next_waiting;
    return first != NULL;
}

/* Who waits for whom, in a circle, waits for ever. */
static void check_deadlock(const struct thread *self)
{
    const struct thread *t = self;
    unsigned steps = 0;

    while (t && steps++ < 1000) {
        t = t->waits_for ? t->waits_for->owner : t->joins;
        if (t == self)
            machine_die("deadlock: thread %u of %s waits for itself, over %u locks",
                        self->number, self->process->name, steps);
    }
}

WRAP(int, pthread_mutex_init, pthread_mutex_t *lock, const pthread_mutexattr_t *attr)
{
    if (!machine_is_up())
        return __real_pthread_mutex_init(lock, attr);
    memset(lock, 0, sizeof *lock);
    return 0;
}

WRAP(int, pthread_mutex_destroy, pthread_mutex_t *lock)
{
    struct vmutex *m = vmutex_of(lock);

    if (!machine_is_up())
        return __real_pthread_mutex_destroy(lock);
    if (m->owner || m->waiting)
        machine_die("a lock is destroyed that is in use");
    return 0;
}

static void wait_for(struct vmutex *m, struct thread *self)
{
    while (m->owner) {
        self->waits_for = m;
        check_deadlock(self);
        put(&m->waiting, &m->n_waiting, self);
        while (is_on(m->waiting, self))
            thread_wait(UINT64_MAX);
        self->waits_for = NULL;
    }
    m->owner = self;
}

WRAP(int, pthread_mutex_lock, pthread_mutex_t *lock)
{
    struct vmutex *m = vmutex_of(lock);
    struct thread *self = thread_self();

    if (!machine_is_up())
        return __real_pthread_mutex_lock(lock);
    if (!self) {
        if (m->owner)
            machine_die("a lock is taken that a thread has, and no thread runs");
        m->owner = &nobody;
        return 0;
    }
    if (machine_chance(YIELD_AT_LOCK))
        thread_yield();
    wait_for(m, self);
    return 0;
}

WRAP(int, pthread_mutex_trylock, pthread_mutex_t *lock)
{
    struct vmutex *m = vmutex_of(lock);

    if (!machine_is_up())
        return __real_pthread_mutex_trylock(lock);
    if (m->owner)
        return EBUSY;
    m->owner = thread_self() ? thread_self() : &nobody;
    return 0;
}

static void let_go(struct vmutex *m)
{
    struct thread *next = take_one(&m->waiting, &m->n_waiting);

    m->owner = NULL;
    if (next)
        thread_wake(next);
}

WRAP(int, pthread_mutex_unlock, pthread_mutex_t *lock)
{
    struct vmutex *m = vmutex_of(lock);
    struct thread *self = thread_self();

    if (!machine_is_up())
        return __real_pthread_mutex_unlock(lock);
    if (m->owner != (self ? self : &nobody))
        machine_die("a lock is let go by one who hasn't got it");
    let_go(m);
    if (self && machine_chance(YIELD_AT_LOCK))
        thread_yield();
    return 0;
}

/* ---- Conditions -------------------------------------------------------------------- */

WRAP(int, pthread_cond_init, pthread_cond_t *cond, const pthread_condattr_t *attr)
{
    if (!machine_is_up())
        return __real_pthread_cond_init(cond, attr);
    memset(cond, 0, sizeof *cond);
    return 0;
}

WRAP(int, pthread_cond_destroy, pthread_cond_t *cond)
{
    if (!machine_is_up())
        return __real_pthread_cond_destroy(cond);
    if (vcond_of(cond)->waiting)
        machine_die("a condition is destroyed that somebody waits for");
    return 0;
}

/* True: it was woken, or for nothing; false: it is that late. */
static bool wait_until(struct vcond *c, struct vmutex *m, uint64_t at)
{
    struct thread *self = thread_self();
    bool is_late = false;

    if (!self)
        machine_die("a condition is waited for, and no thread runs");
    put(&c->waiting, &c->n_waiting, self);
    let_go(m);
    if (machine_chance(WAKE_FOR_NOTHING)) {
        thread_yield();
    } else {
        while (is_on(c->waiting, self) && !is_late) {
            thread_wait(at);
            is_late = machine_now() >= at;
        }
    }
    is_late = is_late && is_on(c->waiting, self);
    take_this(&c->waiting, &c->n_waiting, self);
    wait_for(m, self);
    return !is_late;
}

WRAP(int, pthread_cond_wait, pthread_cond_t *cond, pthread_mutex_t *lock)
{
    if (!machine_is_up())
        return __real_pthread_cond_wait(cond, lock);
    wait_until(vcond_of(cond), vmutex_of(lock), UINT64_MAX);
    return 0;
}

/* By the wall clock as it is now: nobody here has a condition that measures another. */
WRAP(int, pthread_cond_timedwait, pthread_cond_t *cond, pthread_mutex_t *lock,
     const struct timespec *until)
{
    uint64_t wall = machine_wall(), ms;

    if (!machine_is_up())
        return __real_pthread_cond_timedwait(cond, lock, until);
    ms = (uint64_t)until->tv_sec * 1000 + ((uint64_t)until->tv_nsec + 999999) / 1000000;
    ms = ms > wall ? ms - wall : 0;
    return wait_until(vcond_of(cond), vmutex_of(lock), machine_now() + ms) ? 0
                                                                           : ETIMEDOUT;
}

WRAP(int, pthread_cond_signal, pthread_cond_t *cond)
{
    struct vcond *c = vcond_of(cond);
    struct thread *t;

    if (!machine_is_up())
        return __real_pthread_cond_signal(cond);
    t = take_one(&c->waiting, &c->n_waiting);
    if (t)
        thread_wake(t);
    return 0;
}

WRAP(int, pthread_cond_broadcast, pthread_cond_t *cond)
{
    struct vcond *c = vcond_of(cond);
    struct thread *t;

    if (!machine_is_up())
        return __real_pthread_cond_broadcast(cond);
    while ((t = take_one(&c->waiting, &c->n_waiting)))
        thread_wake(t);
    return 0;
}

/* ---- Threads ----------------------------------------------------------------------- */

WRAP(int, pthread_create, pthread_t *id, const pthread_attr_t *attr,
     void *(*run)(void *arg), void *arg)
{
    if (!vprocess_self())
        return __real_pthread_create(id, attr, run, arg);
    *id = (pthread_t)thread_start(vprocess_self(), run, arg);
    return 0;
}

WRAP(int, pthread_join, pthread_t id, void **result)
{
    struct thread *self = thread_self(), *t;

    if (!self)
        return __real_pthread_join(id, result);
    t = (struct thread *)id;
    self->joins = t;
    check_deadlock(self);
    t->joined_by = self;
    while (!t->has_ended)
        thread_wait(UINT64_MAX);
    self->joins = NULL;
    if (result)
        *result = t->result;
    return 0;
}

WRAP(int, pthread_setname_np, pthread_t id, const char *name)
{
    return vprocess_self() ? 0 : __real_pthread_setname_np(id, name);
}

/* ---- Time, and who one is ---------------------------------------------------------- */

static struct timespec timespec_of(uint64_t ms)
{
    return (struct timespec){ (time_t)(ms / 1000), (long)(ms % 1000) * 1000000 };
}

WRAP(int, clock_gettime, clockid_t clock, struct timespec *out)
{
    bool is_real = clock == CLOCK_PROCESS_CPUTIME_ID || clock == CLOCK_THREAD_CPUTIME_ID;

    if (!machine_is_up() || is_real)
        return __real_clock_gettime(clock, out);
    *out = timespec_of(clock == CLOCK_REALTIME ? machine_wall() : machine_now());
    return 0;
}

WRAP(time_t, time, time_t *out)
{
    time_t t = machine_is_up() ? (time_t)(machine_wall() / 1000) : __real_time(NULL);

    if (out)
        *out = t;
    return t;
}

WRAP(int, nanosleep, const struct timespec *wish, struct timespec *left)
{
    if (!vprocess_self())
        return __real_nanosleep(wish, left);
    vprocess_sleep((uint64_t)wish->tv_sec * 1000 +
                   ((uint64_t)wish->tv_nsec + 999999) / 1000000);
    return 0;
}

WRAP(pid_t, getpid, void)
{
    return vprocess_self() ? vprocess_pid(vprocess_self()) : __real_getpid();
}

WRAP(int, raise, int number)
{
    if (!vprocess_self())
        return __real_raise(number);
    vprocess_signal(vprocess_self(), number);
    return 0;
}

WRAP(char *, getenv, const char *name)
{
    if (!vprocess_self())
        return __real_getenv(name);
    return (char *)(uintptr_t)vprocess_getenv(vprocess_self(), name);
}

unsigned __wrap_uv_available_parallelism(void);
unsigned __wrap_uv_available_parallelism(void)
{
    return 2;
}

/* Discord's end compresses as fast as zlib can, and in little memory: half of a run's
 * time went there. */
int __wrap_deflateInit_(z_stream *z, int level, const char *version, int size);
int __wrap_deflateInit_(z_stream *z, int level, const char *version, int size)
{
    (void)level;
    return deflateInit2_(z, 1, Z_DEFLATED, 13, 5, Z_FIXED, version, size);
}
