/* The machine: who runs next, and when time moves on.
 *
 * machine_run, on the system's own thread, lets one ready thread after another run until
 * it waits. When none is ready it jumps to the next moment that anybody waits for, and
 * fires what is due there. */
#include "machine_inner.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "timers.h"

enum {
    EPOCH_MS = 1000,
    BEFORE_TIME = 8,
    /* Switches without any time passing: nobody honest needs so many. */
    LONGEST_MOMENT = 20 * 1000 * 1000
};

static struct machine {
    bool is_up, paused, is_loud;
    uint64_t now, wall;
    int64_t jumped;
    struct rng rng;   /* the run's */
    struct rng order; /* of threads */
    struct timers timers;
    struct fiber_context outside;
    struct thread *self;
    struct thread **ready;
    size_t n_ready, n_ready_max;
    unsigned long long n_moment;
    void (*before_time[BEFORE_TIME])(void);
    size_t n_before_time;
    void (*log)(struct vprocess *p, const char *text);
} m;

void machine_die(const char *format, ...)
{
    va_list args;

    fprintf(stderr, "machine: at %llu: ", (unsigned long long)m.now);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    abort();
}

void *machine_need(void *p)
{
    if (!p)
        machine_die("out of memory");
    return p;
}

/* ---- Time and chance -------------------------------------------------------------- */

uint64_t machine_now(void)
{
    return m.now;
}

uint64_t machine_true_wall(void)
{
    return m.wall + (m.now - EPOCH_MS);
}

uint64_t machine_wall(void)
{
    return machine_true_wall() + (uint64_t)m.jumped;
}

void machine_jump_wall(int64_t ms)
{
    m.jumped += ms;
}

uint64_t machine_random(void)
{
    return rng_next(&m.rng);
}

uint64_t machine_below(uint64_t n)
{
    return rng_below(&m.order, n);
}

bool machine_chance(unsigned n)
{
    return rng_below(&m.order, n) == 0;
}

void machine_pause(void)
{
    m.paused = true;
}

void machine_arm(struct timer *t, uint64_t at)
{
    timers_arm(&m.timers, t, at > m.now ? at : m.now);
}

void machine_disarm(struct timer *t)
{
    timers_disarm(&m.timers, t);
}

struct appointment {
    struct timer timer;
    void (*run)(void *user);
    void *user;
};

static void keep_appointment(struct timer *t)
{
    struct appointment *a = CONTAINER_OF(t, struct appointment, timer);
    struct appointment now = *a;

    free(a);
    now.run(now.user);
}

void machine_at(uint64_t at, void (*run)(void *user), void *user)
{
    struct appointment *a = machine_need(mem_zero(sizeof *a));

    *a = (struct appointment){ { .fire = keep_appointment }, run, user };
    machine_arm(&a->timer, at);
}

/* ---- Threads ---------------------------------------------------------------------- */

struct thread *thread_self(void)
{
    return m.self;
}

struct vprocess *vprocess_self(void)
{
    return m.self ? m.self->process : NULL;
}

static void make_ready(struct thread *t)
{
    if (t->ready_at || t->has_ended)
        return;
    if (t->process->is_stopped) {
        t->is_held = true;
        return;
    }
    t->is_held = false;
    if (m.n_ready == m.n_ready_max) {
        m.n_ready_max = m.n_ready_max ? 2 * m.n_ready_max : 64;
        m.ready = machine_need(realloc(m.ready, m.n_ready_max * sizeof(m.ready[0])));
    }
    m.ready[m.n_ready++] = t;
    t->ready_at = m.n_ready;
}

bool thread_make_unready(struct thread *t)
{
    if (!t->ready_at)
        return false;
    m.ready[t->ready_at - 1] = m.ready[--m.n_ready];
    m.ready[t->ready_at - 1]->ready_at = t->ready_at;
    t->ready_at = 0;
    return true;
}

static void on_wake(struct timer *timer)
{
    make_ready(CONTAINER_OF(timer, struct thread, wake));
}

void thread_wake(struct thread *t)
{
    make_ready(t);
}

void thread_wait(uint64_t at)
{
    struct thread *t = m.self;

    if (at <= m.now)
        make_ready(t);
    else if (at != UINT64_MAX)
        machine_arm(&t->wake, at);
    fiber_switch(&t->context, &m.outside);
    machine_disarm(&t->wake);
}

/* Somebody had the chance to run. */
static void count_chance(const struct thread *t)
{
    if (++m.n_moment == LONGEST_MOMENT)
        machine_die("time stands still: thread %u of %s, among others, runs without end",
                    t->number, t->process->name);
}

void thread_yield(void)
{
    count_chance(m.self);
    if (m.n_ready || m.self->has_ended || m.self->process->is_stopped)
        thread_wait(0);
}

void vprocess_sleep(uint64_t ms)
{
    uint64_t until = m.now + ms;

    while (m.now < until)
        thread_wait(until);
}

void thread_end(struct thread *t)
{
    thread_make_unready(t);
    machine_disarm(&t->wake);
    t->has_ended = true;
    t->is_held = false;
    if (t != m.self)
        fiber_release(&t->context);
}

/* Where every thread begins. */
static void run_thread(void *arg)
{
    struct thread *t = arg;

    t->result = t->run(t->arg);
    thread_end(t);
    if (t->joined_by)
        thread_wake(t->joined_by);
    fiber_leave(&t->context, &m.outside);
}

struct thread *thread_start(struct vprocess *p, void *(*run)(void *arg), void *arg)
{
    struct thread *t = machine_need(mem_zero(sizeof *t));

    t->process = p;
    t->wake.fire = on_wake;
    t->number = p->n_threads++;
    t->run = run;
    t->arg = arg;
    list_init(&t->on_process);
    list_insert(&p->threads, &t->on_process);
    fiber_make(&t->context, run_thread, t);
    make_ready(t);
    return t;
}

void machine_before_time(void (*before)(void))
{
    if (m.n_before_time == BEFORE_TIME)
        machine_die("more than %d want to be asked before time moves", BEFORE_TIME);
    m.before_time[m.n_before_time++] = before;
}

/* ---- The log ---------------------------------------------------------------------- */

void machine_on_log(void (*line)(struct vprocess *p, const char *text))
{
    m.log = line;
}

void vprocess_log(const char *line)
{
    struct vprocess *p = vprocess_self();

    if (m.is_loud)
        fprintf(stderr, "%9llu %s: %s\n", (unsigned long long)m.now,
                p ? p->name : "outside", line);
    if (m.log)
        m.log(p, line);
}

/* ---- Running ---------------------------------------------------------------------- */

bool machine_is_up(void)
{
    return m.is_up;
}

static void run_one(void)
{
    struct thread *t = m.ready[m.n_ready > 1 ? rng_below(&m.order, m.n_ready) : 0];

    thread_make_unready(t);
    count_chance(t);
    m.self = t;
    fiber_switch(&m.outside, &t->context);
    m.self = NULL;
    if (t->has_ended)
        fiber_release(&t->context);
    process_tell_deaths();
}

/* False: nothing is due before `until`. */
static bool move_on(uint64_t until)
{
    uint64_t next;

    for (size_t i = 0; i < m.n_before_time; i++)
        m.before_time[i]();
    if (m.n_ready || m.paused)
        return true;
    next = timers_next(&m.timers);
    if (next > until)
        return false;
    if (next > m.now) {
        m.now = next;
        m.n_moment = 0;
    }
    timers_fire(&m.timers, m.now);
    return true;
}

void machine_run(uint64_t until)
{
    if (m.self)
        machine_die("machine_run is for outside");
    m.paused = false;
    while (!m.paused)
        if (m.n_ready)
            run_one();
        else if (!move_on(until))
            break;
    if (!m.paused && until > m.now)
        m.now = until;
}

void machine_boot(uint64_t seed, uint64_t wall_ms)
{
    struct rng all = rng_seeded(seed);

    if (m.is_up)
        machine_die("it runs already");
    m = (struct machine){ .is_up = true, .now = EPOCH_MS, .wall = wall_ms };
    m.rng = rng_seeded(rng_next(&all));
    m.order = rng_seeded(rng_next(&all));
    m.is_loud = getenv("CORDAGE_WORLD_LOG") != NULL;
    process_begin(rng_next(&all));
    if (timers_init(&m.timers))
        machine_die("out of memory");
}

void machine_halt(void)
{
    process_end();
    m.is_up = false;
    timers_release(&m.timers);
    free(m.ready);
    fiber_release_stacks();
    m = (struct machine){ 0 };
}
