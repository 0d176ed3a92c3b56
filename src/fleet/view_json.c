/* The document of `cordage status --json`. */
#include "view.h"

#include "json_write.h"

/* What isn't known, or doesn't apply, is null rather than a number that means it. */
static void put_unless(struct json_writer *w, const char *key, uint64_t n, uint64_t none)
{
    json_key(w, key);
    if (n == none)
        json_put_null(w);
    else
        json_put_u64(w, n);
}

static void put_u64(struct json_writer *w, const char *key, uint64_t n)
{
    json_key(w, key);
    json_put_u64(w, n);
}

static void put_bool(struct json_writer *w, const char *key, bool b)
{
    json_key(w, key);
    json_put_bool(w, b);
}

static void put_z(struct json_writer *w, const char *key, const char *z)
{
    json_key(w, key);
    json_put_z(w, z);
}

/* To a thousandth: a float's further digits are noise. */
static void put_double(struct json_writer *w, const char *key, double d)
{
    json_key(w, key);
    if (d >= 0 && d < 1e12)
        d = (double)(uint64_t)(d * 1000 + 0.5) / 1000;
    json_put_double(w, d);
}

static void put_shard(struct json_writer *w, const struct view_shard *s)
{
    const cordage_shard_info *info = &s->info;

    json_open(w, '{');
    put_u64(w, "shard", info->id);
    put_unless(w, "worker", s->worker, UINT32_MAX);
    put_z(w, "state", cordage_shard_state_name(info->state));
    put_u64(w, "guilds", info->guilds);
    put_u64(w, "guilds_available", info->guilds_available);
    put_bool(w, "reported", s->reported);
    put_bool(w, "loading", info->loading);
    put_bool(w, "paused", info->paused);
    put_bool(w, "replaying", s->replaying);
    put_bool(w, "moving", s->moving);
    put_unless(w, "latency_ms", info->latency_ms, 0);
    put_unless(w, "last_event_ago_ms", info->last_event_ms, UINT64_MAX);
    put_double(w, "events_per_s", info->events_per_s);
    put_u64(w, "events", info->events);
    put_u64(w, "resumes", info->resumes);
    put_u64(w, "identifies", info->identifies);
    put_u64(w, "stalls", info->stalls);
    put_u64(w, "queued", info->queued);
    put_unless(w, "close_code", (uint64_t)(info->close_code > 0 ? info->close_code : 0),
               0);
    put_unless(w, "dark_since_ms", s->dark_at, 0);
    put_u64(w, "dark_last_ms", s->dark_last_ms);
    json_shut(w, '}');
}

static void put_worker(struct json_writer *w, const struct view_worker *worker)
{
    json_open(w, '{');
    put_u64(w, "worker", worker->index);
    put_u64(w, "generation", worker->generation);
    put_z(w, "state", view_worker_state_name(worker->state));
    put_unless(w, "pid", worker->pid > 0 ? (uint64_t)worker->pid : 0, 0);
    put_u64(w, "shard_first", worker->first);
    put_u64(w, "shard_last", worker->last);
    put_unless(w, "started_at_ms", worker->started_at, 0);
    put_unless(w, "starts_at_ms", worker->starts_at, 0);
    put_u64(w, "restarts", worker->restarts);
    json_key(w, "last_exit");
    if (worker->last_exit < 0)
        json_put_null(w);
    else
        json_put_i64(w, worker->last_exit);
    put_u64(w, "rss_bytes", worker->rss_bytes);
    put_u64(w, "cpu_ms", worker->cpu_ms);
    put_double(w, "cpu_cores", worker->cpu);
    put_u64(w, "log_dropped_bytes", worker->log_dropped);
    put_bool(w, "foreign", worker->foreign);
    put_bool(w, "adopted", worker->adopted);
    json_shut(w, '}');
}

static void put_budget(struct json_writer *w, const struct view_budget *b)
{
    json_key(w, "budget");
    json_open(w, '{');
    put_u64(w, "total", b->total);
    put_u64(w, "allowed", b->allowed);
    put_u64(w, "reserve", b->reserve);
    put_u64(w, "used_24h", b->used_24h);
    put_u64(w, "max_concurrency", b->max_concurrency);
    put_unless(w, "reset_at_ms", b->reset_at, 0);
    json_shut(w, '}');
}

static void put_guilds(struct json_writer *w, const cordage_guild_total *g)
{
    json_key(w, "guilds");
    json_open(w, '{');
    put_u64(w, "total", g->guilds);
    put_u64(w, "shards_reported", g->shards_reported);
    put_u64(w, "shards", g->shards);
    put_bool(w, "complete", g->shards && g->shards_reported == g->shards);
    json_shut(w, '}');
}

static void put_totals(struct json_writer *w, const struct view *v)
{
    json_key(w, "totals");
    json_open(w, '{');
    put_u64(w, "events", v->events);
    put_u64(w, "identifies", v->identifies);
    put_u64(w, "resumes", v->resumes);
    put_u64(w, "worker_restarts", v->worker_restarts);
    put_u64(w, "watchdog_actions", v->watchdog_actions);
    put_u64(w, "handovers", v->handovers);
    json_shut(w, '}');
    json_key(w, "supervisor");
    json_open(w, '{');
    put_u64(w, "rss_bytes", v->supervisor_rss);
    put_u64(w, "cpu_ms", v->supervisor_cpu_ms);
    json_shut(w, '}');
}

static void put_decisions(struct json_writer *w, const struct view *v)
{
    const struct view_decision *d;

    json_key(w, "decisions");
    json_open(w, '[');
    for (uint32_t i = 0; (d = view_decision(v, i)); i++) {
        json_open(w, '{');
        put_u64(w, "at_ms", d->wall);
        put_z(w, "text", d->text);
        json_shut(w, '}');
    }
    json_shut(w, ']');
}

static void put_points(struct json_writer *w, const struct view *v)
{
    const struct view_point *p;

    json_key(w, "points");
    json_open(w, '[');
    for (uint32_t i = 0; (p = view_past(v, i)); i++) {
        json_open(w, '{');
        put_u64(w, "at_ms", p->wall);
        put_double(w, "events_per_s", (double)p->events_per_s);
        put_unless(w, "latency_ms", (uint64_t)p->latency_ms, 0);
        put_u64(w, "shards_ready", p->ready);
        json_shut(w, '}');
    }
    json_shut(w, ']');
}

static void put_head(struct json_writer *w, const struct view *v)
{
    put_z(w, "release", v->release);
    json_key(w, "application_id");
    if (v->application_id)
        json_put_id(w, v->application_id);
    else
        json_put_null(w);
    put_z(w, "state", view_state_name(v));
    put_u64(w, "started_at_ms", v->started_at);
    put_u64(w, "now_ms", v->wall);
    put_unless(w, "done_at_ms", v->done_at, 0);
    put_u64(w, "shard_count", v->count);
    put_u64(w, "shard_first", v->first);
    put_u64(w, "shard_last", v->last);
    put_unless(w, "shards_recommended", v->recommended, 0);
    put_u64(w, "shards_ready", view_ready(v));
    put_double(w, "events_per_s", view_events_per_s(v));
}

int view_json(const struct view *v, struct buf *out)
{
    struct json_writer w;

    json_begin(&w, out);
    json_open(&w, '{');
    put_head(&w, v);
    put_guilds(&w, &v->guilds);
    put_budget(&w, &v->budget);
    put_totals(&w, v);
    json_key(&w, "workers");
    json_open(&w, '[');
    for (uint32_t i = 0; i < v->n_workers; i++)
        put_worker(&w, &v->workers[i]);
    json_shut(&w, ']');
    json_key(&w, "shards");
    json_open(&w, '[');
    for (uint32_t i = 0; v->shards && i <= v->last - v->first; i++)
        put_shard(&w, &v->shards[i]);
    json_shut(&w, ']');
    put_decisions(&w, v);
    put_points(&w, v);
    json_shut(&w, '}');
    return json_end(&w);
}
