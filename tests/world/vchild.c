#include "vchild.h"

#include <assert.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "error.h"
#include "executable.h"
#include "list.h"
#include "machine.h"
#include "mem.h"
#include "proc_stat.h"

enum {
    ENV_MAX = 32,
    NAME_SIZE = 32,
    START_MS = 30, /* until a process begins */
    TELL_MS = 3,   /* until its parent hears of its end */
    FAILED = 1     /* its exit status */
};

/* A process of ours, dead or alive. */
struct started {
    struct link on_all;
    struct vprocess *process;
    int version; /* of the program */
    int token;   /* its descriptor; -1: none */
    struct vprocess *parent;
    int parent_token; /* the parent's */
    char name[NAME_SIZE];
};

struct child {
    struct link on_all;
    struct vprocess *owner, *process;
    struct loop *loop;
    bool is_own; /* else adopted */
    bool telling, called, left;
    void (*ended)(void *user, int status);
    void *user;
};

static struct {
    struct link children, started;
    int (*program)(void *arg);
    void *arg;
    int version; /* of what lies at the path: odd ones fail */
} all;

static uint64_t soon(uint64_t most)
{
    return machine_now() + machine_random() % (most + 1);
}

static struct started *find(int pid)
{
    for (struct link *at = all.started.next; at != &all.started; at = at->next) {
        struct started *s = CONTAINER_OF(at, struct started, on_all);

        if (vprocess_pid(s->process) == pid)
            return s;
    }
    return NULL;
}

/* ---- Its end ---- */

static void child_release(struct child *c)
{
    list_remove(&c->on_all);
    free(c);
}

static void on_call(void *user)
{
    struct child *c = user;

    if (!c->left) {
        c->telling = true;
        c->ended(c->user, c->is_own ? vprocess_status(c->process) : -1);
    }
    child_release(c);
}

static void tell(struct child *c)
{
    if (c->called)
        return;
    c->called = true;
    vloop_call(c->loop, soon(TELL_MS), on_call, c);
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* One that was killed has closed nothing by itself. */
static void close_token_of(struct vprocess *parent)
{
    int fd = -1;

    for (struct link *at = all.started.next; at != &all.started; at = at->next) {
        struct started *s = CONTAINER_OF(at, struct started, on_all);

        if (s->parent != parent)
            continue;
        fd = s->parent_token;
        s->parent = NULL;
    }
    if (vprocess_status(parent) == 128 + SIGKILL)
        close_fd(&fd);
}

static void died(struct vprocess *p)
{
    struct started *s = find(vprocess_pid(p));

    for (struct link *at = all.children.next, *next; at != &all.children; at = next) {
        struct child *c = CONTAINER_OF(at, struct child, on_all);

        next = at->next;
        if (c->owner == p)
            child_release(c);
        else if (c->process == p)
            tell(c);
    }
    if (s)
        close_fd(&s->token);
    close_token_of(p);
}

/* ---- child.h ---- */

static struct child *watch(struct loop *loop, struct vprocess *process, bool is_own,
                           void (*ended)(void *user, int status), void *user)
{
    struct child *c = mem_zero(sizeof *c);

    assert(c);
    c->owner = vloop_process(loop);
    c->process = process;
    c->loop = loop;
    c->is_own = is_own;
    c->ended = ended;
    c->user = user;
    list_insert(&all.children, &c->on_all);
    if (!vprocess_runs(process))
        tell(c);
    return c;
}

static const char *value_of(const char *const *env, const char *name)
{
    size_t n = strlen(name);

    for (; *env; env++)
        if (strncmp(*env, name, n) == 0 && (*env)[n] == '=')
            return *env + n + 1;
    return "?";
}

/* Its descriptor 3 is another of the real process's. */
static void make_env(const struct child_plan *plan, const struct started *s,
                     char token[64], const char *env[ENV_MAX + 1])
{
    static const char prefix[] = "DISCORD_TOKEN_FILE=";
    size_t n = 0;

    snprintf(token, 64, "%s/proc/self/fd/%d", prefix, s->token);
    for (const char *const *at = plan->env; *at; at++) {
        assert(n < ENV_MAX);
        env[n++] = strncmp(*at, prefix, sizeof prefix - 1) == 0 ? token : *at;
    }
    env[n] = NULL;
}

static int fail(void *arg)
{
    (void)arg;
    return FAILED;
}

static void run(struct started *s, const struct child_plan *plan)
{
    const char *env[ENV_MAX + 1];
    char token[64];
    const struct vprogram program = {
        .name = s->name,
        .main = s->version % 2 ? fail : all.program,
        .arg = all.arg,
        .env = env,
        .suspended_until = soon(START_MS),
    };

    make_env(plan, s, token, env);
    snprintf(s->name, sizeof s->name, "worker-%.8s.%.8s",
             value_of(plan->env, "CORDAGE_WORKER"),
             value_of(plan->env, "CORDAGE_GENERATION"));
    s->process = machine_start(&program);
}

int child_start(struct loop *loop, const struct child_plan *plan,
                void (*ended)(void *user, int status), void *user, struct child **out,
                cordage_error *error)
{
    struct started *s = mem_zero(sizeof *s);

    (void)error;
    assert(s);
    s->version = atoi(strrchr(plan->file, '.') + 1);
    s->token = plan->token >= 0 ? fcntl(plan->token, F_DUPFD_CLOEXEC, 3) : -1;
    s->parent = vloop_process(loop);
    s->parent_token = plan->token;
    run(s, plan);
    list_insert(&all.started, &s->on_all);
    *out = watch(loop, s->process, true, ended, user);
    return 0;
}

int child_adopt(struct loop *loop, pid_t pid, void (*ended)(void *user, int status),
                void *user, struct child **out)
{
    struct vprocess *p = vprocess_of_pid(pid);

    *out = NULL;
    if (!p || !vprocess_runs(p))
        return CORDAGE_ENOTFOUND;
    *out = watch(loop, p, false, ended, user);
    return 0;
}

pid_t child_pid(const struct child *c)
{
    return vprocess_pid(c->process);
}

void child_signal(struct child *c, int number, bool group)
{
    (void)group;
    vprocess_signal(c->process, number);
}

void child_free(struct child *c)
{
    if (!c || c->telling)
        return;
    c->left = true;
    if (!c->called)
        child_release(c);
}

void child_reap_strangers(struct loop *loop)
{
    (void)loop;
}

/* ---- proc_stat.h: pids are not used twice here ---- */

uint64_t proc_start(pid_t pid)
{
    const struct vprocess *p = vprocess_of_pid(pid);

    return p && vprocess_runs(p) ? (uint64_t)pid : 0;
}

struct proc_use proc_use(pid_t pid)
{
    (void)pid;
    return (struct proc_use){ 0 };
}

/* ---- executable.h: descriptors are versions ---- */

int executable_open(struct executable *e, const char *name, const char *search,
                    cordage_error *error)
{
    (void)search;
    (void)error;
    snprintf(e->path, sizeof e->path, "%s", name);
    e->good = all.version;
    e->candidate = -1;
    return 0;
}

void executable_release(struct executable *e)
{
    e->good = e->candidate = -1;
}

int executable_try(struct executable *e, cordage_error *error)
{
    (void)error;
    e->candidate = all.version;
    return 0;
}

void executable_accept(struct executable *e)
{
    if (e->candidate >= 0)
        e->good = e->candidate;
    e->candidate = -1;
}

void executable_reject(struct executable *e)
{
    e->candidate = -1;
}

void executable_adopt(struct executable *e, pid_t pid)
{
    const struct started *s = find(pid);

    if (s)
        e->good = s->version;
}

void executable_renew(struct executable *e)
{
    e->good = all.version;
}

const char *executable_file(struct executable *e, bool candidate)
{
    snprintf(e->by_fd, sizeof e->by_fd, "bot.%d",
             candidate && e->candidate >= 0 ? e->candidate : e->good);
    return e->by_fd;
}

/* ---- [outside] ---- */

void vchild_open(int (*program)(void *arg), void *arg)
{
    memset(&all, 0, sizeof all);
    list_init(&all.children);
    list_init(&all.started);
    all.program = program;
    all.arg = arg;
    machine_on_death(died);
}

void vchild_close(void)
{
    struct link *at;

    while (!list_is_empty(&all.children))
        child_release(CONTAINER_OF(all.children.next, struct child, on_all));
    while ((at = list_pop(&all.started))) {
        struct started *s = CONTAINER_OF(at, struct started, on_all);

        close_fd(&s->token);
        free(s);
    }
}

void vchild_replace(bool fails)
{
    all.version = (all.version / 2 + 1) * 2 + fails;
}
