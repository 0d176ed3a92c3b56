#include "sim_child.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "sim_lines.h"

extern char **environ;

static void choose_signals(sigset_t *set, bool with_command)
{
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGHUP);
    if (with_command) {
        sigaddset(set, SIGQUIT);
        sigaddset(set, SIGUSR1);
        sigaddset(set, SIGUSR2);
    }
}

static void kill_it(struct sim_child *c)
{
    c->killed = true;
    uv_timer_stop(&c->grace);
    uv_process_kill(&c->process, SIGKILL);
}

static void say(struct sim_child *c, const char *what)
{
    if (c->clear)
        c->clear(c);
    fprintf(stderr, "cordage %s: %s\n", c->name, what);
}

static void on_grace_ends(uv_timer_t *timer)
{
    struct sim_child *c = timer->data;
    char what[80];

    snprintf(what, sizeof what, "the command didn't end within %u s: killed", c->waits_s);
    say(c, what);
    kill_it(c);
}

static void give_grace(struct sim_child *c, unsigned ms, unsigned real_ms)
{
    c->waits_s = ms / 1000;
    uv_update_time(c->grace.loop);
    uv_timer_start(&c->grace, on_grace_ends, real_ms, 0);
}

void sim_child_end(struct sim_child *c, unsigned ms)
{
    give_grace(c, ms, ms);
    uv_process_kill(&c->process, SIGTERM);
}

static void on_signal(struct sim_child *c, const struct signalfd_siginfo *info)
{
    bool ends = info->ssi_signo == SIGINT || info->ssi_signo == SIGTERM;

    c->signalled |= ends;
    if (!c->running) {
        c->ended(c);
        return;
    }
    if (ends && c->n_told++ > 0) {
        say(c, "told to end once more: the command is killed");
        kill_it(c);
        return;
    }
    if (ends)
        give_grace(c, SIM_CHILD_GRACE_MS, c->grace_ms ? c->grace_ms : SIM_CHILD_GRACE_MS);
    /* What the terminal's keys send goes to all of the foreground, the command too. */
    if (info->ssi_code != SI_KERNEL)
        uv_process_kill(&c->process, (int)info->ssi_signo);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct sim_child *c = poll->data;
    struct signalfd_siginfo info;

    (void)status;
    (void)events;
    while (read(c->signal_fd, &info, sizeof info) == sizeof info)
        on_signal(c, &info);
}

/* ---- When we are killed ------------------------------------------------------------ */

/* libuv forks and has no place for more in the child: the C library's has. */
static pid_t parent; /* of the command that is being started; 0: of none */
static pthread_once_t hooked = PTHREAD_ONCE_INIT;

static void in_child(void)
{
    if (!parent)
        return;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) /* it died before */
        _exit(128 + SIGTERM);
}

static void hook(void)
{
    pthread_atfork(NULL, NULL, in_child);
}

/* ------------------------------------------------------------------------------------ */

int sim_child_init(struct sim_child *c, uv_loop_t *loop, bool with_command,
                   cordage_error *error)
{
    sigset_t set;

    pthread_once(&hooked, hook);
    choose_signals(&set, with_command);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
        return error_set(error, CORDAGE_ESYSTEM, "cannot block signals: %s",
                         strerror(errno));
    c->signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (c->signal_fd < 0 || uv_poll_init(loop, &c->poll, c->signal_fd) != 0) {
        if (c->signal_fd >= 0)
            close(c->signal_fd);
        return error_set(error, CORDAGE_ESYSTEM, "cannot watch for signals");
    }
    uv_timer_init(loop, &c->grace);
    c->poll.data = c->process.data = c->grace.data = c;
    uv_poll_start(&c->poll, UV_READABLE, on_readable);
    return 0;
}

static void on_exit_of_command(uv_process_t *process, int64_t status, int signal)
{
    struct sim_child *c = process->data;

    c->running = false;
    uv_timer_stop(&c->grace);
    c->status = signal ? 128 + signal : (int)status;
    c->ended(c);
}

/* Whether `entry` sets the variable that `pair` sets. */
static bool same_name(const char *entry, const char *pair)
{
    size_t n = strcspn(pair, "=") + 1;

    return strncmp(entry, pair, n) == 0;
}

/* Ours with `more` on top, which replaces what has the same names. Free it; the strings
 * are borrowed. */
static char **make_environment(const char *const *more)
{
    size_t n = 0, n_more = 0;
    char **env;

    while (environ[n])
        n++;
    while (more[n_more])
        n_more++;
    env = calloc(n + n_more + 1, sizeof *env);
    if (!env)
        return NULL;
    n = 0;
    for (size_t i = 0; environ[i]; i++) {
        bool replaced = false;

        for (size_t j = 0; j < n_more; j++)
            replaced = replaced || same_name(environ[i], more[j]);
        if (!replaced)
            env[n++] = environ[i];
    }
    /* libuv only reads them. */
    for (size_t j = 0; j < n_more; j++)
        env[n++] = (char *)(uintptr_t)more[j];
    return env;
}

/* Ours, or for its output two pipes. CORDAGE_ENOMEM. */
static int choose_files(struct sim_child *c, uv_stdio_container_t stdio[3])
{
    for (int i = 0; i < 3; i++)
        stdio[i] = (uv_stdio_container_t){ .flags = UV_INHERIT_FD, .data.fd = i };
    for (int i = 1; c->lines && i < 3; i++) {
        stdio[i].data.stream = sim_lines_pipe(c->lines);
        if (!stdio[i].data.stream)
            return CORDAGE_ENOMEM;
        stdio[i].flags = (uv_stdio_flags)(UV_CREATE_PIPE | UV_WRITABLE_PIPE);
    }
    return 0;
}

/* Who spawned it, or failed to. */
static void read_files(const struct sim_child *c, const uv_stdio_container_t stdio[3])
{
    for (int i = 1; c->lines && i < 3; i++) {
        if (!(stdio[i].flags & UV_CREATE_PIPE))
            continue;
        if (c->running)
            sim_lines_read(stdio[i].data.stream);
        else
            sim_lines_drop(stdio[i].data.stream);
    }
}

int sim_child_start(struct sim_child *c, char **argv, const char *const *env,
                    cordage_error *error)
{
    uv_stdio_container_t stdio[3];
    uv_process_options_t options = { .exit_cb = on_exit_of_command,
                                     .file = argv[0],
                                     .args = argv,
                                     .stdio_count = 3,
                                     .stdio = stdio };
    int err;

    options.env = make_environment(env);
    if (options.env && choose_files(c, stdio)) {
        read_files(c, stdio);
        free(options.env);
        options.env = NULL;
    }
    if (!options.env)
        return error_set(error, CORDAGE_ENOMEM, "%s", cordage_strerror(CORDAGE_ENOMEM));
    /* The signal comes when this thread ends: the main one, as we do. */
    parent = getpid();
    err = uv_spawn(c->poll.loop, &c->process, &options);
    parent = 0;
    free(options.env);
    c->running = !err;
    read_files(c, stdio);
    if (err) {
        c->status = err == UV_ENOENT ? 127 : 126;
        return error_set(error, CORDAGE_ESYSTEM, "cannot run '%s': %s", argv[0],
                         uv_strerror(err));
    }
    return 0;
}

void sim_child_close(struct sim_child *c)
{
    uv_close((uv_handle_t *)&c->poll, NULL);
    uv_close((uv_handle_t *)&c->grace, NULL);
    if (c->process.loop && !uv_is_closing((uv_handle_t *)&c->process))
        uv_close((uv_handle_t *)&c->process, NULL);
    close(c->signal_fd);
}
