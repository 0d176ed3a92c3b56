#include "supervisor_inner.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cordage/version.h"
#include "error.h"

enum { SECOND_MS = 1000 };

/* ---- What all of it uses ---- */

uint64_t fleet_real(const struct supervisor *s)
{
    return (uint64_t)((double)s->host->now(s->host) / s->options.speed);
}

uint64_t fleet_wall(const struct supervisor *s)
{
    return s->host->wall(s->host);
}

void fleet_arm(struct supervisor *s, struct timer *t, uint64_t ms)
{
    s->host->arm(s->host, t,
                 s->host->now(s->host) + (uint64_t)((double)ms * s->options.speed));
}

uint32_t fleet_n_shards(const struct supervisor *s)
{
    return s->shards ? shard_range_size(&s->plan.range) : 0;
}

struct fleet_shard *fleet_shard(struct supervisor *s, uint32_t id)
{
    if (!s->shards || id < s->plan.range.first || id > s->plan.range.last)
        return NULL;
    return &s->shards[id - s->plan.range.first];
}

uint32_t fleet_shard_id(const struct supervisor *s, const struct fleet_shard *sh)
{
    return s->plan.range.first + (uint32_t)(sh - s->shards);
}

void fleet_decide(struct supervisor *s, enum log_level level, const char *format, ...)
{
    char text[256];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    log_line(&s->log, level, "%s", text);
    view_decide(s->view, fleet_wall(s), "%s", text);
}

void fleet_fail(struct supervisor *s, int exit, const char *why)
{
    if (s->exit || s->phase >= FLEET_STOPPING)
        return;
    s->exit = exit ? exit : 1;
    log_line(&s->log, LOG_ERROR, "%s", why);
    view_decide(s->view, fleet_wall(s), "the fleet stops: %s", why);
    stopping_begin(s, false);
}

/* ---- Each second ---- */

static void on_second(struct timer *t)
{
    struct supervisor *s = CONTAINER_OF(t, struct supervisor, second);

    s->n_seconds++;
    s->host->arm(s->host, &s->second, s->host->now(s->host) + SECOND_MS);
    hands_settle(s);
    opening_look(s);
    if (s->is_plan_unsaved && s->workers)
        plan_keep(s);
    callers_second(s);
    workers_second(s);
    picture_second(s);
    watch_second(s);
    announce_second(s);
    orders_second(s);
    if (s->options.changed)
        s->options.changed(s->options.user, s->view);
}

/* ---- The beginning ---- */

/* Files and connections of hundreds of shards need more than the usual 1,024; a core dump
 * would have the token in it. Workers inherit both. */
static void set_limits(struct supervisor *s)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
            log_line(&s->log, LOG_WARN, "the limit of open files can't be raised: %m");
    }
    if (!s->options.core_dumps && getrlimit(RLIMIT_CORE, &limit) == 0) {
        /* 1 is smaller than any dump, and the kernel hands none to a program either (0 is
         * no limit for those: core(5)). */
        limit.rlim_cur = limit.rlim_max < 1 ? limit.rlim_max : 1;
        (void)setrlimit(RLIMIT_CORE, &limit);
    }
}

static int make_rest(struct supervisor *s, cordage_error *error)
{
    struct rest_options options = {
        .api = s->options.api,
        .token = s->options.token,
        .http = { .ca_file = s->options.ca_file, .proxy = s->options.proxy },
    };

    return rest_new(s->loop, &options, &s->rest, error);
}

static int make_memory(struct supervisor *s, cordage_error *error)
{
    const char *dir = s->options.state_dir;
    size_t size = strlen(dir) + sizeof "/" LINK_SOCKET;

    s->link_path = malloc(size);
    s->room = calloc(LIMIT_SHARDS, sizeof *s->room);
    if (!s->link_path || !s->room || view_new(&s->view))
        return error_set(error, CORDAGE_ENOMEM, "Out of memory.");
    snprintf(s->link_path, size, "%s/" LINK_SOCKET, dir);
    snprintf(s->view->release, sizeof s->view->release, "%s", CORDAGE_VERSION);
    s->view->started_at = fleet_wall(s);
    s->view->application_id = s->options.application_id;
    return 0;
}

/* Whatever may be wrong with the settings comes before the first question to Discord. */
static int open_all(struct supervisor *s, cordage_error *error)
{
    const struct supervisor_options *o = &s->options;
    int err = make_memory(s, error);

    if (!err)
        err = executable_open(&s->exe, o->command[0], o->search, error);
    if (!err)
        err = output_new(s->loop, STDOUT_FILENO, &s->output, error);
    if (!err)
        err = store_open(o->state_dir, STORE_ALONE, &s->log, &s->store, error);
    if (!err && !o->foreign)
        err = launch_token(o->token, &s->token, error);
    if (!err)
        err = make_rest(s, error);
    if (!err)
        err = callers_open(s, error);
    if (!err && notify_new(s->loop, o->notify_socket, o->watchdog_usec, o->watchdog_pid,
                           &s->notify))
        err = error_set(error, CORDAGE_ENOMEM, "Out of memory.");
    return err;
}

int supervisor_new(struct loop *loop, const struct supervisor_options *options,
                   struct supervisor **out, cordage_error *error)
{
    struct supervisor *s = mem_zero(sizeof *s);
    int err;

    *out = NULL;
    if (!s)
        return error_set(error, CORDAGE_ENOMEM, "Out of memory.");
    s->loop = loop;
    s->host = loop_host(loop);
    s->options = *options;
    if (s->options.speed <= 0)
        s->options.speed = 1;
    s->log = (struct log){ announce_log, s, options->log.level };
    s->token = s->exe.good = s->exe.candidate = -1;
    s->turn = UINT32_MAX;
    list_init(&s->processes);
    list_init(&s->callers);
    s->second.fire = on_second;
    err = open_all(s, error);
    if (err) {
        supervisor_free(s);
        return err;
    }
    set_limits(s);
    s->host->arm(s->host, &s->second, s->host->now(s->host) + SECOND_MS);
    bot_ask(s);
    *out = s;
    return 0;
}

/* ---- What its owner may ask ---- */

void supervisor_stop(struct supervisor *s, bool forget)
{
    stopping_begin(s, forget);
}

int supervisor_restart(struct supervisor *s)
{
    return rolling_begin(s, UINT32_MAX);
}

const struct view *supervisor_view(const struct supervisor *s)
{
    return s->view;
}

int supervisor_exit(const struct supervisor *s, bool *again)
{
    *again = s->again;
    return s->exit;
}

/* ---- The end ---- */

static void let_go_of_all(struct supervisor *s)
{
    for (struct link *at, *next = s->processes.next; (at = next) != &s->processes;) {
        next = at->next;
        process_let_go(CONTAINER_OF(at, struct process, on_fleet));
    }
    for (uint32_t i = 0; i < s->n_workers; i++)
        s->host->disarm(s->host, &s->workers[i].restart);
}

void supervisor_free(struct supervisor *s)
{
    if (!s)
        return;
    if (s->workers && s->phase < FLEET_ENDED)
        plan_keep(s); /* with those who live on */
    s->phase = FLEET_ENDED;
    rolling_drop(s);
    let_go_of_all(s);
    callers_close(s);
    rest_free(s->rest);
    s->host->disarm(s->host, &s->second);
    s->host->disarm(s->host, &s->ask_timer);
    s->host->disarm(s->host, &s->foreign_timer);
    gate_free(s->gate);
    ledger_release(&s->ledger);
    store_close(s->store);
    notify_free(s->notify);
    executable_release(&s->exe);
    if (s->token >= 0)
        close(s->token);
    watchdog_free(s->watchdog);
    view_free(s->view);
    output_free(s->output);
    buf_release(&s->body);
    free(s->workers);
    free(s->shards);
    free(s->samples);
    free(s->room);
    free(s->link_path);
    free(s);
}
