/* The view: what STATUS rows say goes into it at once, the rest each second. */
#include <sys/resource.h>
#include <unistd.h>

#include "proc_stat.h"
#include "supervisor_inner.h"

static struct view_shard *shown(struct supervisor *s, const struct fleet_shard *sh)
{
    return &s->view->shards[sh - s->shards];
}

/* ---- Shards ---- */

void picture_dark(struct supervisor *s, struct fleet_shard *sh, bool dark)
{
    struct view_shard *v = shown(s, sh);
    uint64_t wall = fleet_wall(s);

    if (dark) {
        if (!v->dark_at)
            v->dark_at = wall;
        v->info.state = CORDAGE_SHARD_WAITING;
        v->info.events_per_s = 0;
        v->info.queued = 0;
        v->replaying = false;
    } else if (v->dark_at) {
        v->dark_last_ms = wall > v->dark_at ? wall - v->dark_at : 0;
        v->dark_at = 0;
    }
}

/* A counter that began anew in another process is smaller. */
static uint64_t since(uint64_t *last, uint64_t now)
{
    uint64_t more = now >= *last ? now - *last : now;

    *last = now;
    return more;
}

void picture_row(struct process *p, const struct link_row *row)
{
    struct supervisor *s = p->s;
    struct fleet_shard *sh = fleet_shard(s, row->info.id);
    const cordage_shard_info *info = &row->info;
    struct view_shard *v;

    if (!sh || sh->holder != p || sh->hand != HAND_HELD)
        return;
    v = shown(s, sh);
    if (info->state == CORDAGE_SHARD_READY && !row->replaying)
        picture_dark(s, sh, false);
    else if (!v->dark_at)
        v->dark_at = fleet_wall(s);
    v->info = *info;
    v->info.count = s->plan.range.count;
    v->reported = row->reported;
    v->replaying = row->replaying;
    v->worker = p->index;
    s->view->events += since(&sh->events, info->events);
    s->view->resumes += since(&sh->resumes, info->resumes);
    s->view->identifies += since(&sh->identifies, info->identifies);
}

/* False: one at least isn't live. */
static bool look_at_shards(struct supervisor *s)
{
    bool all = true;

    s->view->guilds = (cordage_guild_total){ .shards = s->plan.range.count };
    for (uint32_t i = 0; i < fleet_n_shards(s); i++) {
        const struct fleet_shard *sh = &s->shards[i];
        struct view_shard *v = &s->view->shards[i];

        v->worker = sh->holder ? sh->holder->index : UINT32_MAX;
        v->moving = sh->hand == HAND_GIVING || (sh->handed && sh->hand != HAND_HELD);
        if (!sh->holder && !v->dark_at)
            v->dark_at = fleet_wall(s);
        all = all && sh->hand == HAND_HELD && !v->dark_at;
        if (v->reported) {
            s->view->guilds.guilds += v->info.guilds;
            s->view->guilds.shards_reported++;
        }
    }
    return all;
}

/* Workers are told what the whole fleet is in, when it changes. */
static void tell_totals(struct supervisor *s)
{
    const cordage_guild_total *now = &s->view->guilds;
    const struct link_totals m = { now->guilds, now->shards_reported, now->shards };

    if (now->guilds == s->totals.guilds && now->shards == s->totals.shards &&
        now->shards_reported == s->totals.shards_reported)
        return;
    s->totals = *now;
    buf_clear(&s->body);
    if (link_put_totals(&s->body, &m))
        return;
    for (struct link *at = s->processes.next; at != &s->processes; at = at->next)
        process_send(CONTAINER_OF(at, struct process, on_fleet), LINK_TOTALS);
}

/* ---- Workers ---- */

static enum view_worker_state state_of(const struct process *p)
{
    switch (p->state) {
    case PROCESS_AWAITED:
    case PROCESS_STARTING:
        return VIEW_WORKER_STARTING;
    case PROCESS_RUNNING:
        return p->worker && p->worker->next && p->worker->next != p ? VIEW_WORKER_LEAVING
                                                                    : VIEW_WORKER_RUNNING;
    case PROCESS_LEAVING:
        break;
    }
    return VIEW_WORKER_LEAVING;
}

static void look_at_load(struct supervisor *s, struct process *p, struct view_worker *v)
{
    uint64_t *past = &p->cpu_past[s->n_seconds % FLEET_CPU_S];

    if (s->options.foreign) {
        struct proc_use use = proc_use(child_pid(p->child));

        p->load.rss_bytes = use.rss_bytes;
        p->load.cpu_ms = use.cpu_ms;
    }
    v->rss_bytes = p->load.rss_bytes;
    v->cpu_ms = p->load.cpu_ms;
    v->log_dropped = p->load.log_dropped;
    if (*past && v->cpu_ms >= *past)
        v->cpu = (double)(v->cpu_ms - *past) * s->options.speed / (FLEET_CPU_S * 1000);
    *past = v->cpu_ms;
}

static void look_at_process(struct supervisor *s, struct process *p,
                            struct view_worker *v)
{
    *v = (struct view_worker){
        .index = p->index,
        .generation = p->generation,
        .state = state_of(p),
        .pid = child_pid(p->child),
        .first = p->part.first,
        .last = p->part.last,
        .started_at = p->started_at,
        .restarts = p->worker ? p->worker->restarts : 0,
        .last_exit = p->worker ? p->worker->last_exit : -1,
        .foreign = s->options.foreign,
        .adopted = p->adopted,
    };
    look_at_load(s, p, v);
}

static void look_at_resting(const struct fleet_worker *w, struct view_worker *v)
{
    *v = (struct view_worker){
        .index = w->index,
        .generation = w->generation,
        .state = VIEW_WORKER_RESTING,
        .first = w->part.first,
        .last = w->part.last,
        .starts_at = w->starts_at,
        .restarts = w->restarts,
        .last_exit = w->last_exit,
        .foreign = w->s->options.foreign,
    };
}

/* In the order of their numbers; the older of two first. */
static void look_at_workers(struct supervisor *s)
{
    uint32_t n = 0, most = s->n_workers;

    for (struct link *at = s->processes.next; at != &s->processes; at = at->next)
        most++;
    if (view_set_workers(s->view, most))
        return; /* as of the last second */
    for (uint32_t i = 0; i <= LIMIT_WORKERS && n < most; i++) {
        uint32_t before = n;

        for (struct link *at = s->processes.next; at != &s->processes; at = at->next) {
            struct process *p = CONTAINER_OF(at, struct process, on_fleet);

            if (p->index == i)
                look_at_process(s, p, &s->view->workers[n++]);
        }
        if (n == before && i < s->n_workers)
            look_at_resting(&s->workers[i], &s->view->workers[n++]);
    }
    view_set_workers(s->view, n);
}

/* A life that has come up entirely counts for its worker's restarts. */
static void look_at_health(struct supervisor *s, struct process *p)
{
    if (p->is_healthy || !p->worker || p->state != PROCESS_RUNNING)
        return;
    for (uint32_t id = p->part.first; id <= p->part.last; id++) {
        const struct fleet_shard *sh = fleet_shard(s, id);

        if (!s->options.foreign && (sh->holder != p || shown(s, sh)->dark_at))
            return;
    }
    p->is_healthy = true;
    s->is_proven |= !p->candidate;
    restart_delay_healthy(&p->worker->delay, fleet_real(s));
}

/* ---- The rest ---- */

static void look_at_budget(struct supervisor *s)
{
    struct view_budget *b = &s->view->budget;
    uint64_t allowed = ledger_allowed(&s->ledger, fleet_wall(s));

    *b = (struct view_budget){
        .total = (uint32_t)s->ledger.total,
        .allowed = allowed > UINT32_MAX ? UINT32_MAX : (uint32_t)allowed,
        .reserve = (uint32_t)ledger_reserve(&s->ledger),
        .used_24h = s->ledger.n,
        .max_concurrency = s->bot.max_concurrency,
        .reset_at = s->ledger.reset_at,
    };
}

static void look_at_ourselves(struct supervisor *s)
{
    struct proc_use use = proc_use(getpid());

    s->view->supervisor_rss = use.rss_bytes;
    s->view->supervisor_cpu_ms = use.cpu_ms;
}

/* When the last shard should be up: slots come at the pace of the host's clock. */
static uint64_t done_at(struct supervisor *s)
{
    uint64_t now = s->host->now(s->host), at = gate_done_at(s->gate);

    if (s->all_up)
        return 0;
    return fleet_wall(s) +
           (uint64_t)((double)(at > now ? at - now : 0) / s->options.speed) + 1000;
}

void picture_second(struct supervisor *s)
{
    struct view *v = s->view;

    v->wall = fleet_wall(s);
    v->stopping = s->phase >= FLEET_STOPPING;
    v->restarting = s->roll != NULL;
    v->recommended = s->bot.shards;
    look_at_ourselves(s);
    if (!s->workers || !s->gate)
        return;
    s->all_up = s->options.foreign ? foreign_all_up(s) : look_at_shards(s);
    for (struct link *at = s->processes.next; at != &s->processes; at = at->next)
        look_at_health(s, CONTAINER_OF(at, struct process, on_fleet));
    v->done_at = done_at(s);
    look_at_workers(s);
    look_at_budget(s);
    tell_totals(s);
    if (s->n_seconds % (VIEW_POINT_MS / 1000) == 0)
        view_point(v, v->wall);
}
