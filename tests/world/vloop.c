/* A loop of the machine, in place of net/loop.c: the same turn, without a kernel.
 *
 * What comes from elsewhere (bytes, answers, signals, mail) goes before the timers, as in
 * a loop that the kernel wakes; and whether mail or the rest of it comes first is left to
 * chance. */
#include "machine_inner.h"

#include <assert.h>
#include <stdlib.h>

#include "error.h"
#include "loop.h"
#include "net_inner.h"
#include "timers.h"

struct loop {
    struct host host; /* first: the host of a loop is the loop */
    uv_loop_t uv;     /* only its address, and `data`, the loop */
    struct link on_process;
    struct vprocess *process;
    struct thread *runner; /* in loop_run; NULL: nobody is */
    struct mailbox mailbox;
    struct timers outer; /* what comes from elsewhere */
    struct timers timers;
    uint64_t now;
    bool has_mail, stopping, is_dead, freeing;
};

static struct loop *loop_of(struct host *h)
{
    return (struct loop *)h;
}

/* ---- The functions of struct host -------------------------------------------------- */

static uint64_t host_now(struct host *h)
{
    struct loop *l = loop_of(h);

    return l->runner ? l->now : machine_now();
}

void loop_refresh(struct loop *l)
{
    l->now = machine_now();
}

static uint64_t host_wall(struct host *h)
{
    (void)h;
    return machine_wall();
}

static uint64_t host_random(struct host *h)
{
    return rng_next(&loop_of(h)->process->rng);
}

static void host_arm(struct host *h, struct timer *t, uint64_t at)
{
    uint64_t now = host_now(h);

    timers_arm(&loop_of(h)->timers, t, at > now ? at : now);
}

static void host_disarm(struct host *h, struct timer *t)
{
    timers_disarm(&loop_of(h)->timers, t);
}

static void host_post(struct host *h, struct mail *mail)
{
    mailbox_post(&loop_of(h)->mailbox, mail);
}

static void wake_runner(struct loop *l)
{
    if (l->runner && l->runner != thread_self())
        thread_wake(l->runner);
}

static void wake_for_mail(void *user)
{
    struct loop *l = user;

    l->has_mail = true;
    wake_runner(l);
}

/* ---- What comes from elsewhere ----------------------------------------------------- */

void vloop_arm(struct loop *l, struct timer *t, uint64_t at)
{
    if (l->is_dead)
        return;
    timers_arm(&l->outer, t, at > machine_now() ? at : machine_now());
    wake_runner(l); /* which looks when to wake again */
}

void vloop_disarm(struct loop *l, struct timer *t)
{
    if (!l->is_dead)
        timers_disarm(&l->outer, t);
}

struct call {
    struct timer timer;
    void (*run)(void *user);
    void *user;
};

static void run_call(struct timer *t)
{
    struct call *c = CONTAINER_OF(t, struct call, timer);
    struct call now = *c;

    free(c);
    now.run(now.user);
}

void vloop_call(struct loop *l, uint64_t at, void (*run)(void *user), void *user)
{
    struct call *c;

    if (l->is_dead)
        return;
    c = mem_zero(sizeof *c);
    if (!c)
        machine_die("out of memory");
    *c = (struct call){ { .fire = run_call }, run, user };
    vloop_arm(l, &c->timer, at);
}

struct vprocess *vloop_process(const struct loop *l)
{
    return l->process;
}

/* Calls that will not be made. */
static void forget_calls(struct loop *l)
{
    for (size_t i = 0; i < l->outer.n; i++)
        if (l->outer.heap[i]->fire == run_call)
            free(CONTAINER_OF(l->outer.heap[i], struct call, timer));
    l->outer.n = 0;
}

void vloop_died(struct vprocess *p)
{
    struct link *link;

    while ((link = list_pop(&p->loops))) {
        struct loop *l = CONTAINER_OF(link, struct loop, on_process);

        forget_calls(l);
        l->is_dead = true;
    }
}

/* ---- The loop ---------------------------------------------------------------------- */

int loop_new(const struct loop_options *options, struct loop **out, cordage_error *error)
{
    struct loop *l = mem_zero(sizeof *l);

    *out = NULL;
    if (!l || timers_init(&l->timers) || timers_init(&l->outer)) {
        free(l);
        return error_set(error, CORDAGE_ENOMEM, "out of memory for an event loop");
    }
    l->process = vprocess_self();
    if (!l->process)
        machine_die("a loop outside of all processes");
    l->host = (struct host){ .log = options->log,
                             .now = host_now,
                             .wall = host_wall,
                             .random = host_random,
                             .arm = host_arm,
                             .disarm = host_disarm,
                             .dial = net_dial,
                             .send = net_send,
                             .backlog = net_backlog,
                             .pause = net_pause,
                             .hangup = net_hangup,
                             .post = host_post };
    l->uv.data = l;
    mailbox_init(&l->mailbox, wake_for_mail, l);
    list_init(&l->on_process);
    list_insert(&l->process->loops, &l->on_process);
    *out = l;
    return 0;
}

void loop_free(struct loop *l)
{
    if (!l)
        return;
    assert(!l->runner);
    mailbox_run(&l->mailbox);
    l->freeing = true;
    net_loop_ended(l);
    mailbox_release(&l->mailbox);
    forget_calls(l);
    timers_release(&l->outer);
    timers_release(&l->timers);
    list_remove(&l->on_process);
    free(l);
}

struct host *loop_host(struct loop *l)
{
    return &l->host;
}

uv_loop_t *loop_uv(struct loop *l)
{
    return &l->uv;
}

bool loop_is_freeing(const struct loop *l)
{
    return l->freeing;
}

void loop_set_write_limit(struct host *h, struct wire *w, size_t limit)
{
    (void)h;
    net_set_write_limit(w, limit);
}

static void run_mail(struct loop *l)
{
    if (!l->has_mail)
        return;
    l->has_mail = false;
    mailbox_run(&l->mailbox);
}

static void turn(struct loop *l)
{
    bool mail_first = l->has_mail && machine_chance(2);

    l->now = machine_now();
    if (mail_first)
        run_mail(l);
    timers_fire(&l->outer, l->now);
    if (!mail_first)
        run_mail(l);
    if (!l->stopping)
        timers_fire(&l->timers, l->now);
}

static uint64_t next_turn(struct loop *l)
{
    uint64_t outer = timers_next(&l->outer), own = timers_next(&l->timers);

    return l->has_mail ? 0 : outer < own ? outer : own;
}

int loop_run(struct loop *l)
{
    assert(!l->runner);
    l->runner = thread_self();
    l->now = machine_now();
    while (!l->stopping) {
        uint64_t next = next_turn(l);

        if (next > machine_now())
            thread_wait(next);
        else
            turn(l);
    }
    l->stopping = false;
    l->runner = NULL;
    return 0;
}

void loop_stop(struct loop *l)
{
    l->stopping = true;
    wake_runner(l);
}

/* ---- What else a client asks of net -------------------------------------------------
 */

int tls_client_new(const char *ca_file, struct tls_client **out, cordage_error *error)
{
    (void)ca_file;
    (void)error;
    *out = NULL;
    return 0;
}

void tls_client_free(struct tls_client *t)
{
    (void)t;
}

size_t loop_wires(const struct loop *l)
{
    return net_wires(l);
}

uint64_t loop_real_ms(struct loop *l, unsigned ms);
uint64_t loop_real_ms(struct loop *l, unsigned ms)
{
    return host_now(&l->host) + ms;
}

/* ---- Signals, as libuv has them ---------------------------------------------------- */

struct signal_call {
    struct vprocess *process;
    int number;
};

static void deliver(void *user)
{
    struct signal_call *call = user;
    struct signal_call now = *call;

    free(call);
    for (size_t i = 0; i < SIGNAL_HANDLES; i++) {
        uv_signal_t *s = now.process->signals[i];

        if (s && s->signum == now.number)
            s->signal_cb(s, now.number);
    }
}

bool vloop_signal(struct vprocess *p, int number)
{
    for (size_t i = 0; i < SIGNAL_HANDLES; i++) {
        uv_signal_t *s = p->signals[i];
        struct signal_call *call;

        if (!s || s->signum != number)
            continue;
        call = mem_zero(sizeof *call);
        if (!call)
            machine_die("out of memory");
        *call = (struct signal_call){ p, number };
        vloop_call(s->loop->data, machine_now(), deliver, call);
        return true;
    }
    return false;
}

int __wrap_uv_signal_init(uv_loop_t *uv, uv_signal_t *s);
int __wrap_uv_signal_start(uv_signal_t *s, uv_signal_cb run, int number);
int __wrap_uv_signal_stop(uv_signal_t *s);
void __wrap_uv_close(uv_handle_t *handle, uv_close_cb closed);
uint64_t __wrap_uv_now(const uv_loop_t *uv);

int __wrap_uv_signal_init(uv_loop_t *uv, uv_signal_t *s)
{
    *s = (uv_signal_t){ .loop = uv, .type = UV_SIGNAL };
    return 0;
}

int __wrap_uv_signal_start(uv_signal_t *s, uv_signal_cb run, int number)
{
    struct vprocess *p = vprocess_self();
    size_t i = 0;

    s->signal_cb = run;
    s->signum = number;
    while (i < SIGNAL_HANDLES && p->signals[i])
        i++;
    if (i == SIGNAL_HANDLES)
        machine_die("more than %d handles for signals", SIGNAL_HANDLES);
    p->signals[i] = s;
    return 0;
}

int __wrap_uv_signal_stop(uv_signal_t *s)
{
    struct vprocess *p = vprocess_self();

    for (size_t i = 0; i < SIGNAL_HANDLES; i++)
        if (p->signals[i] == s)
            p->signals[i] = NULL;
    return 0;
}

void __wrap_uv_close(uv_handle_t *handle, uv_close_cb closed)
{
    struct loop *l = handle->loop->data;

    if (handle->type == UV_SIGNAL)
        __wrap_uv_signal_stop((uv_signal_t *)handle);
    if (closed)
        vloop_call(l, machine_now(), (void (*)(void *))closed, handle);
}

uint64_t __wrap_uv_now(const uv_loop_t *uv)
{
    return host_now(&((struct loop *)uv->data)->host);
}
