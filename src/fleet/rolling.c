/* roll.h decides, here it is carried out: processes are started and stopped, shards
 * change hands. While a worker has its turn nobody else decides about its shards. */
#include "error.h"
#include "supervisor_inner.h"

bool rolling_has(const struct supervisor *s, const struct fleet_worker *w)
{
    return s->roll && s->turn == w->index;
}

bool rolling_tries(const struct process *p)
{
    const struct fleet_worker *w = p->worker;

    return w && rolling_has(p->s, w) && w->next == p;
}

/* The worker's new generation is the current one now, if it came to that. */
static void turn_over(struct supervisor *s)
{
    struct fleet_worker *w = s->turn < s->n_workers ? &s->workers[s->turn] : NULL;

    s->turn = UINT32_MAX;
    if (!w)
        return;
    if (!w->current && w->next && w->next->state == PROCESS_RUNNING) {
        w->current = w->next;
        w->next = NULL;
        w->tries_new = true;
    }
    hands_assign(w);
}

static void finish(struct supervisor *s, bool done)
{
    const char *why = roll_why(s->roll);
    char line[512];
    uint32_t moved, all;

    roll_progress(s->roll, &moved, &all);
    turn_over(s);
    if (done) {
        executable_accept(&s->exe);
        s->is_proven = true;
        snprintf(line, sizeof line, "restarted: %u shards handed over", moved);
    } else {
        executable_reject(&s->exe);
        snprintf(line, sizeof line,
                 "the restart was rolled back: %s. The program that ran before runs on, "
                 "until the next restart.",
                 why);
    }
    fleet_decide(s, done ? LOG_INFO : LOG_ERROR, "%s", line);
    orders_restart_line(s, true, done ? 0 : 1, line);
    for (uint32_t i = 0; i < s->n_workers; i++)
        s->workers[i].tries_new = false;
    rolling_drop(s);
    workers_start(s);
    hands_settle(s);
}

void rolling_drop(struct supervisor *s)
{
    if (!s->roll)
        return;
    s->host->disarm(s->host, &s->roll_timer);
    roll_free(s->roll);
    s->roll = NULL;
    s->turn = UINT32_MAX;
}

/* ---- What it says ---- */

static void start(struct supervisor *s, struct fleet_worker *w)
{
    char line[128];
    bool ok;

    turn_over(s);
    s->turn = w->index;
    s->host->disarm(s->host, &w->restart);
    snprintf(line, sizeof line, "worker %u: a new process takes over shards %u-%u",
             w->index, w->part.first, w->part.last);
    fleet_decide(s, LOG_INFO, "%s", line);
    orders_restart_line(s, false, 0, line);
    ok = process_start(w, true, &w->next) == 0;
    roll_started(s->roll, w->index, ok, fleet_real(s));
    if (!w->current)
        roll_ended(s->roll, w->index, false, -1, fleet_real(s));
}

static void give(struct supervisor *s, struct process *p, uint32_t shard)
{
    if (p)
        hands_give(p, shard);
    else
        roll_given(s->roll, shard, fleet_real(s));
}

static void take(struct supervisor *s, struct process *p, uint32_t shard)
{
    struct fleet_shard *sh = fleet_shard(s, shard);

    if (!p) {
        roll_taken(s->roll, shard, false, fleet_real(s));
        return;
    }
    sh->home = p;
    sh->retry_at = 0;
    hands_settle(s);
}

static void stop(struct supervisor *s, struct process *p, uint32_t worker, bool new_one)
{
    if (p)
        process_stop(p, false);
    else
        roll_ended(s->roll, worker, new_one, -1, fleet_real(s));
}

static void carry_out(struct supervisor *s, const struct roll_step *step)
{
    struct fleet_worker *w = &s->workers[step->worker];

    switch (step->what) {
    case ROLL_START:
        start(s, w);
        break;
    case ROLL_GIVE_OLD:
        give(s, w->current, step->shard);
        break;
    case ROLL_GIVE_NEW:
        give(s, w->next, step->shard);
        break;
    case ROLL_TAKE_NEW:
        take(s, w->next, step->shard);
        break;
    case ROLL_TAKE_OLD:
        take(s, w->current, step->shard);
        break;
    case ROLL_STOP_OLD:
        stop(s, w->current, step->worker, false);
        break;
    case ROLL_STOP_NEW:
        stop(s, w->next, step->worker, true);
        break;
    case ROLL_WAIT:
    case ROLL_DONE:
    case ROLL_FAILED:
        break;
    }
}

static void wait(struct supervisor *s)
{
    uint64_t at = roll_deadline(s->roll), now = fleet_real(s);

    if (at == UINT64_MAX)
        s->host->disarm(s->host, &s->roll_timer);
    else
        fleet_arm(s, &s->roll_timer, at > now ? at - now : 0);
}

/* Carrying a step out may feed the machine: the steps that follow are this loop's. */
void rolling_step(struct supervisor *s)
{
    if (!s->roll || s->is_stepping)
        return;
    s->is_stepping = true;
    while (s->roll) {
        struct roll_step step = roll_next(s->roll, fleet_real(s));

        if (step.what == ROLL_WAIT) {
            wait(s);
            break;
        }
        if (step.what == ROLL_DONE || step.what == ROLL_FAILED) {
            finish(s, step.what == ROLL_DONE);
            break;
        }
        carry_out(s, &step);
    }
    s->is_stepping = false;
}

static void on_roll_timer(struct timer *t)
{
    rolling_step(CONTAINER_OF(t, struct supervisor, roll_timer));
}

int rolling_begin(struct supervisor *s, uint32_t only)
{
    cordage_error error;

    if (s->roll)
        return CORDAGE_EBUSY;
    if (s->phase != FLEET_RUNNING || s->options.foreign)
        return CORDAGE_ESTATE;
    if (executable_try(&s->exe, &error)) {
        log_line(&s->log, LOG_ERROR, "%s", error.message);
        return error.code;
    }
    if (roll_new(&s->plan, only, fleet_real(s), &s->roll)) {
        executable_reject(&s->exe);
        return CORDAGE_ENOMEM;
    }
    s->roll_timer.fire = on_roll_timer;
    fleet_arm(s, &s->roll_timer, 0);
    return 0;
}

/* ---- What happened ---- */

void rolling_hello(struct process *p)
{
    if (!p->s->roll)
        return;
    roll_hello(p->s->roll, p->index, fleet_real(p->s));
    rolling_step(p->s);
}

void rolling_given(struct supervisor *s, uint32_t shard)
{
    if (!s->roll)
        return;
    roll_given(s->roll, shard, fleet_real(s));
    rolling_step(s);
}

void rolling_taken(struct supervisor *s, uint32_t shard, bool ok)
{
    if (!s->roll)
        return;
    roll_taken(s->roll, shard, ok, fleet_real(s));
    rolling_step(s);
}

/* A shard whose place at our gate is taken waits for its slot. */
static bool waits(const struct process *p, uint32_t shard)
{
    return p->slots[shard - p->part.first].place.ticket.state != TICKET_IDLE;
}

void rolling_row(struct process *p, const struct link_row *row)
{
    struct supervisor *s = p->s;
    struct fleet_shard *sh = fleet_shard(s, row->info.id);

    if (!s->roll || !sh || sh->holder != p || sh->hand != HAND_HELD)
        return;
    if (row->info.state == CORDAGE_SHARD_READY)
        roll_live(s->roll, row->info.id, fleet_real(s));
    else if (waits(p, row->info.id))
        roll_waits(s->roll, row->info.id, fleet_real(s));
    else
        return;
    rolling_step(s);
}

void rolling_ended(struct fleet_worker *w, bool was_next, int status)
{
    struct supervisor *s = w->s;

    roll_ended(s->roll, w->index, was_next, status, fleet_real(s));
    rolling_step(s);
}
