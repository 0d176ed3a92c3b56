/* Processes: from their start, or adoption, to their end; and what follows from that.
 *
 * One that dies by itself is started again, ever more slowly, unless it said with its
 * exit status that trying again is of no use (2: its settings, 3: Discord refused it, 4:
 * the identify budget): then the fleet ends, once, with that status. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "error.h"
#include "proc_stat.h"
#include "supervisor_inner.h"

enum { OUT_PATH = 4096, QUIET_TURNS = 5 };

static void out_path(const struct process *p, char out[OUT_PATH])
{
    snprintf(out, OUT_PATH, "%s/out-%u-%u", p->s->options.state_dir, p->index,
             p->generation);
}

struct process *process_find(struct supervisor *s, uint32_t index, uint32_t generation)
{
    for (struct link *at = s->processes.next; at != &s->processes; at = at->next) {
        struct process *p = CONTAINER_OF(at, struct process, on_fleet);

        if (p->index == index && p->generation == generation)
            return p;
    }
    return NULL;
}

/* ---- The end ---- */

static void forget(struct process *p)
{
    struct supervisor *s = p->s;
    struct fleet_worker *w = p->worker;

    if (p->caller)
        process_unlinked(p);
    s->host->disarm(s->host, &p->deadline); /* which that has armed */
    slots_cancel(p);
    list_remove(&p->on_fleet);
    if (w && w->current == p)
        w->current = NULL;
    if (w && w->next == p)
        w->next = NULL;
    s->n_misfits -= !w;
    hands_dropped(p);
    s->is_plan_unsaved = true;
}

static void process_free(struct process *p, bool has_ended)
{
    relay_free(p->relay, has_ended);
    free(p->slots);
    free(p);
}

void process_let_go(struct process *p)
{
    forget(p);
    child_free(p->child);
    process_free(p, false);
}

static void start_later(struct fleet_worker *w, uint64_t wait_ms)
{
    w->starts_at = fleet_wall(w->s) + wait_ms;
    fleet_arm(w->s, &w->restart, wait_ms);
}

static const char *how_it_ended(char out[64], int status)
{
    if (status < 0)
        snprintf(out, 64, "ended");
    else if (status >= 128)
        snprintf(out, 64, "was killed by signal %d", status - 128);
    else
        snprintf(out, 64, "ended with status %d", status);
    return out;
}

/* Nobody asked it to. */
static void died(struct fleet_worker *w, int64_t pid, int status)
{
    struct supervisor *s = w->s;
    char how[64], why[512];
    uint64_t wait;

    how_it_ended(how, status);
    w->last_exit = status;
    if (status == 2 || status == 3 || status == 4) {
        snprintf(
            why, sizeof why,
            "Worker %u %s: %s. Its own words stand above. Another start would end the "
            "same way, so the fleet stops; what can be resumed is kept.",
            w->index, how,
            status == 2   ? "its settings are wrong"
            : status == 3 ? "Discord refuses the bot for good"
                          : "the identify budget would be exceeded");
        fleet_fail(s, status, why);
        return;
    }
    wait = restart_delay_ended(&w->delay, fleet_real(s));
    w->restarts++;
    s->view->worker_restarts++;
    fleet_decide(s, LOG_WARN, "worker=%u pid=%lld %s%s: starts again in %llu ms",
                 w->index, (long long)pid, how,
                 status == 0 ? " although nobody had asked it to stop" : "",
                 (unsigned long long)wait);
    start_later(w, wait);
}

static void on_ended(void *user, int status)
{
    struct process *p = user;
    struct supervisor *s = p->s;
    struct fleet_worker *w = p->worker;
    bool was_next = w && w->next == p, was_asked = p->state == PROCESS_LEAVING;
    bool rolls = w && rolling_has(s, w);
    int64_t pid = child_pid(p->child);

    log_line(&s->log, LOG_DEBUG, "worker=%u generation=%u pid=%lld ended status=%d",
             p->index, p->generation, (long long)pid, status);
    forget(p);
    process_free(p, true);
    if (s->phase >= FLEET_STOPPING) {
        stopping_look(s);
        return;
    }
    if (rolls)
        rolling_ended(w, was_next, status);
    else if (w && !was_asked)
        died(w, pid, status);
    if (s->phase >= FLEET_STOPPING)
        return;
    workers_start(s);
    hands_settle(s);
    opening_look(s);
}

/* ---- Deadlines ---- */

static void signal_again(struct process *p)
{
    int number = p->signalled ? SIGKILL : SIGTERM;

    log_line(&p->s->log, LOG_WARN, "worker=%u generation=%u still runs: signal %d",
             p->index, p->generation, number);
    process_kill(p, number);
}

static void no_hello(struct process *p)
{
    struct supervisor *s = p->s;
    char why[512];

    snprintf(
        why, sizeof why,
        "Worker %u was started and has not spoken to the supervisor within %u s. Is it "
        "built with libcordage, and does it run its client? If it is made with another "
        "library, start with --foreign.",
        p->index, (s->options.hello_ms ? s->options.hello_ms : FLEET_HELLO_MS) / 1000);
    log_line(&s->log, LOG_ERROR, "%s", why);
    child_signal(p->child, SIGKILL, true);
}

static void on_deadline(struct timer *t)
{
    struct process *p = CONTAINER_OF(t, struct process, deadline);

    switch (p->state) {
    case PROCESS_STARTING:
        no_hello(p);
        break;
    case PROCESS_AWAITED:
        fleet_decide(
            p->s, LOG_WARN,
            "worker=%u pid=%lld of the last supervisor doesn't speak to this one: "
            "another is started in its place",
            p->index, (long long)child_pid(p->child));
        process_stop(p, false);
        workers_start(p->s);
        break;
    case PROCESS_RUNNING:
        fleet_decide(p->s, LOG_WARN, "worker=%u has had no link for %d s: killed",
                     p->index, FLEET_LINK_MS / 1000);
        child_signal(p->child, SIGKILL, true);
        break;
    case PROCESS_LEAVING:
        signal_again(p);
        break;
    }
}

/* What it may have said while the machine slept, or we were stopped, is read within some
 * turns of our own. */
static void look_if_it_hangs(struct process *p)
{
    struct supervisor *s = p->s;
    uint64_t most = s->options.quiet_ms ? s->options.quiet_ms : FLEET_QUIET_MS;

    if (p->state != PROCESS_RUNNING || !p->caller || ++p->quiet_seconds < QUIET_TURNS ||
        fleet_real(s) - p->heard_at < most)
        return;
    fleet_decide(s, LOG_ERROR,
                 "worker=%u pid=%lld has said nothing for %llu s although its link "
                 "stands: it hangs, and is killed",
                 p->index, (long long)child_pid(p->child),
                 (unsigned long long)most / 1000);
    process_heard(p);
    child_signal(p->child, SIGKILL, true);
}

void process_heard(struct process *p)
{
    p->heard_at = fleet_real(p->s);
    p->quiet_seconds = 0;
}

void workers_second(struct supervisor *s)
{
    for (struct link *at = s->processes.next; at != &s->processes; at = at->next)
        look_if_it_hangs(CONTAINER_OF(at, struct process, on_fleet));
}

void process_kill(struct process *p, int number)
{
    p->signalled = number;
    p->state = PROCESS_LEAVING;
    child_signal(p->child, number, number == SIGKILL);
    if (number != SIGKILL)
        fleet_arm(p->s, &p->deadline,
                  p->s->options.foreign ? FLEET_STOP_MS : FLEET_TERM_MS);
}

void process_stop(struct process *p, bool forget_sessions)
{
    struct link_stop m = { .forget = forget_sessions };
    struct fleet_worker *w = p->worker;

    if (p->state == PROCESS_LEAVING)
        return;
    p->state = PROCESS_LEAVING;
    /* Another takes its place; its shards are its own until it has ended. */
    if (w && w->current == p && !rolling_has(p->s, w))
        w->current = NULL;
    buf_clear(&p->s->body);
    if (link_put_stop(&p->s->body, &m) || process_send(p, LINK_STOP))
        process_kill(p, SIGTERM);
    else
        fleet_arm(p->s, &p->deadline, FLEET_STOP_MS);
}

/* ---- The link ---- */

void process_linked(struct process *p, struct caller *c)
{
    if (p->state == PROCESS_STARTING || p->state == PROCESS_AWAITED) {
        p->adopted = p->state == PROCESS_AWAITED;
        p->state = PROCESS_RUNNING;
    }
    p->caller = c;
    c->process = p;
    process_heard(p);
    if (p->state == PROCESS_RUNNING)
        p->s->host->disarm(p->s->host, &p->deadline);
}

void process_unlinked(struct process *p)
{
    p->caller->process = NULL;
    p->caller = NULL;
    slots_cancel(p);
    if (p->state == PROCESS_RUNNING)
        fleet_arm(p->s, &p->deadline, FLEET_LINK_MS);
}

/* ---- The beginning ---- */

static struct process *process_new(struct supervisor *s, struct fleet_worker *w,
                                   uint32_t index, uint32_t generation,
                                   const struct shard_range *part)
{
    struct process *p = mem_zero(sizeof *p);

    if (!p)
        return NULL;
    p->s = s;
    p->worker = w;
    p->index = index;
    p->generation = generation;
    p->part = *part;
    p->deadline.fire = on_deadline;
    list_init(&p->on_fleet);
    if (slots_make(p)) {
        free(p);
        return NULL;
    }
    return p;
}

static int open_relay(struct process *p, cordage_error *error)
{
    char path[OUT_PATH], label[16];

    out_path(p, path);
    snprintf(label, sizeof label, "%u", p->index);
    return relay_new(p->s->loop, path, label, p->s->output, &p->relay, error);
}

static void welcome_to_list(struct process *p, uint32_t deadline_ms)
{
    struct supervisor *s = p->s;

    list_insert(&s->processes, &p->on_fleet);
    s->n_misfits += !p->worker;
    fleet_arm(s, &p->deadline, deadline_ms);
    s->is_plan_unsaved = true;
}

int process_start(struct fleet_worker *w, bool candidate, struct process **out)
{
    struct supervisor *s = w->s;
    uint32_t patience = s->options.hello_ms ? s->options.hello_ms : FLEET_HELLO_MS;
    cordage_error error = { CORDAGE_ENOMEM, "Out of memory." };
    struct process *p = process_new(s, w, w->index, w->generation + 1, &w->part);

    *out = NULL;
    if (!s->is_proven && !candidate)
        executable_renew(&s->exe);
    if (!p || open_relay(p, &error) ||
        launch(p, executable_file(&s->exe, candidate), on_ended, &error)) {
        log_line(&s->log, LOG_ERROR, "worker=%u cannot be started: %s", w->index,
                 error.message);
        if (p)
            process_free(p, true);
        return error.code;
    }
    w->generation++;
    p->candidate = candidate;
    p->started_at = fleet_wall(s);
    p->ticks = proc_start(child_pid(p->child));
    welcome_to_list(p, patience);
    if (s->options.foreign) {
        p->state = PROCESS_RUNNING;
        s->host->disarm(s->host, &p->deadline);
    } else {
        p->state = PROCESS_STARTING;
    }
    log_line(&s->log, LOG_INFO,
             "worker=%u pid=%lld generation=%u shards=%u-%u/%u started", w->index,
             (long long)child_pid(p->child), p->generation, p->part.first, p->part.last,
             p->part.count);
    *out = p;
    plan_keep(s);
    return 0;
}

/* One that was only just started may not have spoken to anybody yet. */
static uint32_t patience_with(const struct process *p)
{
    uint32_t most = p->s->options.hello_ms ? p->s->options.hello_ms : FLEET_HELLO_MS;
    uint64_t wall = fleet_wall(p->s);
    uint64_t age = wall > p->started_at ? wall - p->started_at : 0;

    return age + FLEET_ADOPT_MS < most ? most - (uint32_t)age : FLEET_ADOPT_MS;
}

int process_adopt(struct supervisor *s, struct fleet_worker *w, uint32_t index,
                  uint32_t generation, const struct shard_range *part, pid_t pid,
                  uint64_t started_at, struct process **out)
{
    struct process *p = process_new(s, w, index, generation, part);
    cordage_error error;
    int err;

    *out = NULL;
    if (!p)
        return CORDAGE_ENOMEM;
    err = child_adopt(s->loop, pid, on_ended, p, &p->child);
    if (err) {
        process_free(p, false);
        return err;
    }
    if (open_relay(p, &error))
        log_line(&s->log, LOG_WARN, "worker=%u: its output is lost: %s", index,
                 error.message);
    p->state = s->options.foreign ? PROCESS_RUNNING : PROCESS_AWAITED;
    p->adopted = s->options.foreign;
    p->started_at = started_at;
    p->ticks = proc_start(pid);
    welcome_to_list(p, patience_with(p));
    if (s->options.foreign)
        s->host->disarm(s->host, &p->deadline);
    if (w && w->generation < generation)
        w->generation = generation;
    *out = p;
    return 0;
}

void workers_start(struct supervisor *s)
{
    if (s->phase != FLEET_OPENING && s->phase != FLEET_RUNNING)
        return;
    if (s->options.foreign) {
        foreign_go_on(s);
        return;
    }
    for (uint32_t i = 0; i < s->n_workers; i++) {
        struct fleet_worker *w = &s->workers[i];

        if (w->current || w->restart.place || rolling_has(s, w))
            continue;
        if (process_start(w, w->tries_new, &w->current))
            start_later(w, restart_delay_ended(&w->delay, fleet_real(s)));
    }
}
