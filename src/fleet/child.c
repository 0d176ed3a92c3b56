#include "child.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "error.h"
#include "mem.h"

enum {
    TOKEN_FD = 3,
    WAIT_PIDFD = 3 /* P_PIDFD of waitid(2), which older headers lack */
};

extern char **environ;

struct child {
    uv_poll_t poll;
    int pidfd;
    pid_t pid;
    bool telling; /* `ended` runs: it lets go of itself after that */
    void (*ended)(void *user, int status);
    void *user;
};

/* ---- Watching ---------------------------------------------------------------------- */

/* Since Linux 5.3, and close-on-exec by itself. glibc has no function for it before 2.36.
 */
static int pidfd_of(pid_t pid)
{
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void let_go(struct child *c)
{
    uv_close((uv_handle_t *)&c->poll, on_closed);
    close(c->pidfd);
    c->pidfd = -1;
}

static int status_of(const siginfo_t *info)
{
    return info->si_code == CLD_EXITED ? info->si_status : 128 + info->si_status;
}

static void on_readable(uv_poll_t *poll, int failed, int events)
{
    struct child *c = poll->data;
    siginfo_t info = { 0 };
    int status = -1;

    (void)failed;
    (void)events;
    /* Not waited for yet, so that its number can't be another's when its group is ended.
     * One that was adopted has a parent that may have waited for it; numbers come round
     * so slowly that in this moment it is nobody's. */
    if (waitid((idtype_t)WAIT_PIDFD, (id_t)c->pidfd, &info,
               WEXITED | WNOHANG | WNOWAIT) == 0) {
        if (info.si_pid == 0)
            return; /* it hasn't ended */
        status = status_of(&info);
    }
    kill(-c->pid, SIGKILL);
    (void)waitid((idtype_t)WAIT_PIDFD, (id_t)c->pidfd, &info, WEXITED | WNOHANG);
    c->telling = true;
    c->ended(c->user, status);
    let_go(c);
}

static int watch(struct loop *loop, pid_t pid, void (*ended)(void *user, int status),
                 void *user, struct child **out)
{
    struct child *c = mem_zero(sizeof *c);
    int err;

    if (!c)
        return CORDAGE_ENOMEM;
    c->pid = pid;
    c->ended = ended;
    c->user = user;
    c->pidfd = pidfd_of(pid);
    err = c->pidfd >= 0 ? 0 : errno == ESRCH ? CORDAGE_ENOTFOUND : CORDAGE_ESYSTEM;
    if (!err && uv_poll_init(loop_uv(loop), &c->poll, c->pidfd)) {
        err = CORDAGE_ESYSTEM;
        close(c->pidfd);
    }
    if (err) {
        free(c);
        return err;
    }
    c->poll.data = c;
    uv_poll_start(&c->poll, UV_READABLE, on_readable);
    *out = c;
    return 0;
}

int child_adopt(struct loop *loop, pid_t pid, void (*ended)(void *user, int status),
                void *user, struct child **out)
{
    *out = NULL;
    /* The group of process 1 would be everybody. */
    return pid > 1 ? watch(loop, pid, ended, user, out) : CORDAGE_ENOTFOUND;
}

/* ---- Starting ---------------------------------------------------------------------- */

static size_t count(const char *const *list)
{
    size_t n = 0;

    while (list && list[n])
        n++;
    return n;
}

/* Whether `entry`, "NAME=value", is of one of the names that begin the strings of `list`,
 * which may have values behind them. */
static bool is_named(const char *entry, const char *const *list)
{
    size_t n = strcspn(entry, "=");

    for (; list && *list; list++)
        if (strncmp(entry, *list, n) == 0 && ((*list)[n] == '=' || !(*list)[n]))
            return true;
    return false;
}

/* Ours, without what is not to be inherited, and with what is added. An array of borrowed
 * strings. */
static const char **make_env(const struct child_plan *plan)
{
    size_t added = count(plan->env), n = 0;
    size_t ours = count((const char *const *)environ);
    const char **env = calloc(ours + added + 1, sizeof *env);

    for (size_t i = 0; env && i < ours; i++)
        if (!is_named(environ[i], plan->env) && !is_named(environ[i], plan->without))
            env[n++] = environ[i];
    for (size_t i = 0; env && i < added; i++)
        env[n++] = plan->env[i];
    return env;
}

/* Everything else that we have open is close-on-exec. The output comes first, because it
 * may have the token's number. */
static int add_files(posix_spawn_file_actions_t *files, const struct child_plan *plan)
{
    int err = posix_spawn_file_actions_addopen(files, 0, "/dev/null", O_RDONLY, 0);

    if (!err)
        err = posix_spawn_file_actions_adddup2(files, plan->output, 1);
    if (!err)
        err = posix_spawn_file_actions_adddup2(files, plan->output, 2);
    if (!err && plan->token >= 0)
        err = posix_spawn_file_actions_adddup2(files, plan->token, TOKEN_FD);
    return err;
}

static int add_attributes(posix_spawnattr_t *attributes)
{
    sigset_t all, none;
    int err;

    sigfillset(&all);
    sigemptyset(&none);
    err = posix_spawnattr_setsigdefault(attributes, &all);
    if (!err)
        err = posix_spawnattr_setsigmask(attributes, &none);
    if (!err)
        err = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSID |
                                                       POSIX_SPAWN_SETSIGDEF |
                                                       POSIX_SPAWN_SETSIGMASK);
    return err;
}

/* 0 or an errno. */
static int spawn(const struct child_plan *plan, const char **env, pid_t *pid)
{
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    int err = posix_spawn_file_actions_init(&files);

    if (err)
        return err;
    err = posix_spawnattr_init(&attributes);
    if (err) {
        posix_spawn_file_actions_destroy(&files);
        return err;
    }
    err = add_files(&files, plan);
    if (!err)
        err = add_attributes(&attributes);
    if (!err)
        err = posix_spawnp(pid, plan->file, &files, &attributes, plan->argv,
                           (char *const *)env);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attributes);
    return err;
}

static int refused(const struct child_plan *plan, int err, cordage_error *error)
{
    const char *name = plan->argv[0] ? plan->argv[0] : plan->file;

    switch (err) {
    case ENOENT:
        return error_set(error, CORDAGE_ENOTFOUND,
                         "Cannot start %s: there is no such program, or what its first "
                         "line names is missing. Give its path, as in ./bot.",
                         name);
    case EACCES:
        return error_set(error, CORDAGE_ESYSTEM,
                         "Cannot start %s: it may not be executed. Is it a program? Then "
                         "chmod +x it, and see that its disk isn't mounted noexec.",
                         name);
    case ENOEXEC:
        return error_set(error, CORDAGE_ESYSTEM,
                         "Cannot start %s: it is not a program of this machine. A script "
                         "begins with a line like #!/usr/bin/env python3.",
                         name);
    case EAGAIN:
        return error_set(error, CORDAGE_ESYSTEM,
                         "Cannot start %s: the limit of processes is reached (ulimit -u, "
                         "or TasksMax= of the service).",
                         name);
    case ENOMEM:
        return error_set(error, CORDAGE_ENOMEM, "Cannot start %s: out of memory", name);
    default:
        return error_set(error, CORDAGE_ESYSTEM, "Cannot start %s: %s", name,
                         strerror(err));
    }
}

static int unwatched(pid_t pid, int err, const char *name, cordage_error *error)
{
    int why = errno;

    kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    if (err == CORDAGE_ENOMEM)
        return error_set(error, err, "Cannot start %s: out of memory", name);
    return error_set(error, err, "Cannot watch %s (pidfd_open: %s); Linux 5.4 is needed.",
                     name, strerror(why));
}

int child_start(struct loop *loop, const struct child_plan *plan,
                void (*ended)(void *user, int status), void *user, struct child **out,
                cordage_error *error)
{
    const char **env = make_env(plan);
    pid_t pid = -1;
    int err;

    *out = NULL;
    if (!env)
        return refused(plan, ENOMEM, error);
    err = spawn(plan, env, &pid);
    free(env);
    if (err)
        return refused(plan, err, error);
    err = watch(loop, pid, ended, user, out);
    return err ? unwatched(pid, err, plan->argv[0], error) : 0;
}

/* ---- A child's life ---------------------------------------------------------------- */

pid_t child_pid(const struct child *c)
{
    return c->pid;
}

static int send_signal(const struct child *c, int number)
{
    return (int)syscall(SYS_pidfd_send_signal, c->pidfd, number, NULL, 0);
}

void child_signal(struct child *c, int number, bool group)
{
    /* The number of a group can't be another's while we know that its leader lives. */
    if (group && send_signal(c, 0) == 0 && kill(-c->pid, number) == 0)
        return;
    send_signal(c, number);
}

void child_free(struct child *c)
{
    if (c && !c->telling)
        let_go(c);
}

/* ---- Orphans ----------------------------------------------------------------------- */

struct search {
    pid_t pid;
    bool found;
};

static void compare(uv_handle_t *handle, void *user)
{
    struct search *s = user;

    /* Among all that is on the loop, what we watch by is known by its callback. */
    if (handle->type == UV_POLL && !uv_is_closing(handle) &&
        ((uv_poll_t *)handle)->poll_cb == on_readable)
        s->found |= ((struct child *)handle->data)->pid == s->pid;
}

static bool is_ours(struct loop *loop, pid_t pid)
{
    struct search s = { .pid = pid };

    uv_walk(loop_uv(loop), compare, &s);
    return s.found;
}

/* A process of /proc that is our child and has ended, but for ours; else 0. */
static pid_t stranger_in(const char *name, struct loop *loop)
{
    char path[64], text[512];
    const char *rest;
    size_t size;
    char state;
    int parent;
    FILE *f;

    if (*name < '1' || *name > '9')
        return 0;
    snprintf(path, sizeof path, "/proc/%.20s/stat", name);
    f = fopen(path, "re");
    if (!f)
        return 0;
    size = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[size] = '\0';
    rest = strrchr(text, ')'); /* the program's name before it may hold anything */
    if (!rest || sscanf(rest, ") %c %d", &state, &parent) != 2 || state != 'Z' ||
        parent != getpid() || is_ours(loop, atoi(name)))
        return 0;
    return atoi(name);
}

static void search_strangers(struct loop *loop)
{
    DIR *proc = opendir("/proc");
    struct dirent *entry;
    pid_t pid;

    while (proc && (entry = readdir(proc))) {
        pid = stranger_in(entry->d_name, loop);
        if (pid)
            waitpid(pid, NULL, WNOHANG);
    }
    if (proc)
        closedir(proc);
}

void child_reap_strangers(struct loop *loop)
{
    for (;;) {
        siginfo_t info = { 0 };

        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || !info.si_pid)
            return;
        if (is_ours(loop, info.si_pid))
            break;
        waitpid(info.si_pid, NULL, WNOHANG);
    }
    /* One of ours has ended too, and as long as nobody waits for that the kernel names
     * no other. */
    search_strangers(loop);
}
