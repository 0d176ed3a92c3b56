/* Processes: their beginning, what signals do to them, their end. */
#include "machine_inner.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WATCHERS = 8, FIRST_PID = 1001 };

static struct processes {
    struct link list; /* all there ever were */
    int last_pid;
    bool has_dead;     /* some whose end nobody was told of */
    struct rng nature; /* what they ask of chance */
    void (*died[WATCHERS])(struct vprocess *p);
    size_t n_died;
} all;

static void end_process(struct vprocess *p, int status, bool was_killed)
{
    struct link *at;

    p->has_ended = true;
    p->was_killed = was_killed;
    p->status = status;
    all.has_dead = true;
    for (at = p->threads.next; at != &p->threads; at = at->next)
        if (!CONTAINER_OF(at, struct thread, on_process)->has_ended)
            thread_end(CONTAINER_OF(at, struct thread, on_process));
    vloop_died(p);
}

static void *run_main(void *arg)
{
    struct vprocess *p = arg;

    end_process(p, p->main(p->arg), false);
    return NULL;
}

static char **copy_env(const char *const *env)
{
    size_t n = 0;
    char **copy;

    while (env && env[n])
        n++;
    copy = machine_need(mem_zero((n + 1) * sizeof copy[0]));
    for (size_t i = 0; i < n; i++)
        copy[i] = machine_need(strdup(env[i]));
    return copy;
}

static void begin(void *user)
{
    struct vprocess *p = user;

    if (!p->has_ended)
        thread_start(p, run_main, p);
}

struct vprocess *machine_start(const struct vprogram *program)
{
    struct vprocess *p = machine_need(mem_zero(sizeof *p));

    p->pid = ++all.last_pid;
    snprintf(p->name, sizeof p->name, "%s", program->name);
    p->main = program->main;
    p->arg = program->arg;
    p->env = copy_env(program->env);
    p->rng = rng_seeded(rng_next(&all.nature));
    list_init(&p->threads);
    list_init(&p->loops);
    list_init(&p->on_machine);
    list_insert(&all.list, &p->on_machine);
    if (program->suspended_until > machine_now())
        machine_at(program->suspended_until, begin, p);
    else
        begin(p);
    return p;
}

static void stop(struct vprocess *p)
{
    struct link *at;

    p->is_stopped = true;
    for (at = p->threads.next; at != &p->threads; at = at->next) {
        struct thread *t = CONTAINER_OF(at, struct thread, on_process);

        if (thread_make_unready(t))
            t->is_held = true;
    }
}

static void go_on(struct vprocess *p)
{
    struct link *at;

    if (p->is_stopped)
        p->stopped_last = machine_now();
    p->is_stopped = false;
    if (p->pending) {
        end_process(p, 128 + p->pending, true);
        return;
    }
    for (at = p->threads.next; at != &p->threads; at = at->next)
        if (CONTAINER_OF(at, struct thread, on_process)->is_held)
            thread_wake(CONTAINER_OF(at, struct thread, on_process));
}

void process_tell_deaths(void)
{
    struct link *at;

    if (!all.has_dead)
        return;
    all.has_dead = false;
    for (at = all.list.next; at != &all.list; at = at->next) {
        struct vprocess *p = CONTAINER_OF(at, struct vprocess, on_machine);

        if (!p->has_ended || p->is_told)
            continue;
        p->is_told = true;
        for (size_t i = 0; i < all.n_died; i++)
            all.died[i](p);
    }
}

void vprocess_signal(struct vprocess *p, int number)
{
    if (p->has_ended || number == 0)
        return;
    if (number == SIGCONT)
        go_on(p);
    else if (number == SIGSTOP)
        stop(p);
    else if (number == SIGKILL)
        end_process(p, 128 + number, true);
    else if (vloop_signal(p, number))
        return;
    else if (p->is_stopped)
        p->pending = number;
    else
        end_process(p, 128 + number, true);
    if (!thread_self())
        process_tell_deaths();
    else if (thread_self() && thread_self()->process == p &&
             (p->has_ended || p->is_stopped))
        thread_yield(); /* for good, if it has ended */
}

bool vprocess_runs(const struct vprocess *p)
{
    return !p->has_ended;
}

bool vprocess_was_killed(const struct vprocess *p)
{
    return p->was_killed;
}

int vprocess_status(const struct vprocess *p)
{
    return p->status;
}

int vprocess_pid(const struct vprocess *p)
{
    return p->pid;
}

const char *vprocess_name(const struct vprocess *p)
{
    return p->name;
}

struct vprocess *vprocess_of_pid(int pid)
{
    struct link *at;

    for (at = all.list.next; at != &all.list; at = at->next)
        if (CONTAINER_OF(at, struct vprocess, on_machine)->pid == pid)
            return CONTAINER_OF(at, struct vprocess, on_machine);
    return NULL;
}

const char *vprocess_getenv(const struct vprocess *p, const char *name)
{
    size_t n = strlen(name);

    for (char **e = p->env; *e; e++)
        if (strncmp(*e, name, n) == 0 && (*e)[n] == '=')
            return *e + n + 1;
    return NULL;
}

void machine_on_death(void (*died)(struct vprocess *p))
{
    if (all.n_died == WATCHERS)
        machine_die("more than %d want to be told of deaths", WATCHERS);
    all.died[all.n_died++] = died;
}

struct vprocess *machine_process(size_t i)
{
    struct link *at;

    for (at = all.list.next; at != &all.list; at = at->next) {
        struct vprocess *p = CONTAINER_OF(at, struct vprocess, on_machine);

        if (!p->has_ended && i-- == 0)
            return p;
    }
    return NULL;
}

static void forget(struct vprocess *p)
{
    struct link *link;

    while ((link = list_pop(&p->threads)))
        free(CONTAINER_OF(link, struct thread, on_process));
    for (char **e = p->env; *e; e++)
        free(*e);
    free(p->env);
    free(p);
}

void process_begin(uint64_t seed)
{
    all = (struct processes){ .last_pid = FIRST_PID - 1, .nature = rng_seeded(seed) };
    list_init(&all.list);
}

void process_end(void)
{
    struct link *at, *link;

    for (at = all.list.next; at != &all.list; at = at->next)
        vprocess_signal(CONTAINER_OF(at, struct vprocess, on_machine), SIGKILL);
    while ((link = list_pop(&all.list)))
        forget(CONTAINER_OF(link, struct vprocess, on_machine));
}
