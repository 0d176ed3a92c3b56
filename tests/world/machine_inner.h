/* machine_inner.h - the machine as this folder's other devices see it: threads that wait
 * and are woken, moments to be called at. */
#ifndef WORLD_MACHINE_INNER_H
#define WORLD_MACHINE_INNER_H

#include <pthread.h>
#include <uv.h>

#include "fiber.h"
#include "list.h"
#include "machine.h"
#include "rng.h"

enum { SIGNAL_HANDLES = 8 };

/* A thread of a process. */
struct thread {
    struct fiber_context context;
    struct vprocess *process;
    struct link on_process; /* all its life */
    struct timer wake;      /* while it waits for a time */
    size_t ready_at;        /* its place among the ready ones, plus one; 0: it waits */
    bool is_held;           /* would be ready, if its process were not stopped */
    bool has_ended;
    unsigned number; /* of its process: 0 began it */
    void *(*run)(void *arg);
    void *arg, *result;
    struct thread *next_waiting; /* for the same lock or condition */
    struct vmutex *waits_for;    /* a lock; NULL: none */
    struct thread *joins;        /* the end of another; NULL: none */
    struct thread *joined_by;
};

struct vprocess {
    struct link on_machine;
    int pid, status;
    char name[32];
    int (*main)(void *arg);
    void *arg;
    char **env;
    struct rng rng;
    struct link threads;
    unsigned n_threads; /* that there ever were */
    struct link loops;  /* vloop.c's */
    bool has_ended, was_killed, is_stopped;
    bool is_told;          /* its end, to those who want to know */
    uint64_t stopped_last; /* when it last was */
    int pending;           /* a signal that ends it once it goes on */
    uv_signal_t *signals[SIGNAL_HANDLES];
};

/* The thread that runs; NULL: outside. */
struct thread *thread_self(void);
struct thread *thread_start(struct vprocess *p, void *(*run)(void *arg), void *arg);
/* The one that runs waits until it is woken, or until `at`; maybe it is woken without
 * reason. UINT64_MAX: without end. */
void thread_wait(uint64_t at);
/* It may run; one that is ready, or has ended, is left as it is. */
void thread_wake(struct thread *t);
/* Others go first, maybe. */
void thread_yield(void);
/* It is not ready any more; false: it was not. */
bool thread_make_unready(struct thread *t);
/* Never to run again. Its stack goes when it isn't stood on any more. */
void thread_end(struct thread *t);
/* One time in `n`, by the chance that orders threads. */
bool machine_chance(unsigned n);
uint64_t machine_below(uint64_t n);
bool machine_is_up(void);
/* Says what is wrong with what runs, and ends this process of the real system. */
void machine_die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* `p`, or there is no memory, and that is the end. */
void *machine_need(void *p);

/* process.c's, for machine.c. Those who want to know are told of those that ended. */
void process_begin(uint64_t seed);
void process_tell_deaths(void);
void process_end(void);

/* Timers that fire outside of all threads. */
void machine_arm(struct timer *t, uint64_t at);
void machine_disarm(struct timer *t);

/* The environment of a process. */
const char *vprocess_getenv(const struct vprocess *p, const char *name);
/* The Unix clock, had nobody set it. */
uint64_t machine_true_wall(void);

/* vloop.c's: what loops lose when their process ends. */
void vloop_died(struct vprocess *p);
/* A signal for which there are handles; false: none. */
bool vloop_signal(struct vprocess *p, int number);
/* A moment at which `t` fires on the loop's thread. */
void vloop_arm(struct loop *l, struct timer *t, uint64_t at);
void vloop_disarm(struct loop *l, struct timer *t);

#endif
