/* metrics.c - the view as Prometheus reads it: text format 0.0.4.
 *
 * Base units, `_total` for what only grows, and labels that have as many values as there
 * are shards and workers, never more. What isn't known has no line. */
#include <inttypes.h>
#include <math.h>

#include "web.h"

/* Errors stick: only the last look at `err` counts. */
struct writer {
    struct buf *out;
    int err;
};

static void begin(struct writer *w, const char *name, const char *type, const char *help)
{
    if (!w->err)
        w->err = buf_printf(w->out, "# HELP cordage_%s %s\n# TYPE cordage_%s %s\n", name,
                            help, name, type);
}

/* `label` NULL: none. */
static void put(struct writer *w, const char *name, const char *label, uint32_t of,
                double value)
{
    if (w->err || isnan(value))
        return;
    if (label)
        w->err =
            buf_printf(w->out, "cordage_%s{%s=\"%u\"} %.15g\n", name, label, of, value);
    else
        w->err = buf_printf(w->out, "cordage_%s %.15g\n", name, value);
}

static double seconds(uint64_t ms)
{
    return (double)ms / 1000;
}

static uint32_t n_shards(const struct view *v)
{
    return v->shards ? v->last - v->first + 1 : 0;
}

/* ---- Shards --------------------------------------------------------------- */

static double shard_up(const struct view *v, const struct view_shard *s)
{
    (void)v;
    return s->info.state == CORDAGE_SHARD_READY;
}

static double shard_dark(const struct view *v, const struct view_shard *s)
{
    return s->dark_at && s->dark_at < v->wall ? seconds(v->wall - s->dark_at) : 0;
}

static double shard_latency(const struct view *v, const struct view_shard *s)
{
    (void)v;
    return s->info.latency_ms ? seconds(s->info.latency_ms) : NAN;
}

static double shard_last_event(const struct view *v, const struct view_shard *s)
{
    (void)v;
    return s->info.last_event_ms == UINT64_MAX ? NAN : seconds(s->info.last_event_ms);
}

static double shard_guilds(const struct view *v, const struct view_shard *s)
{
    (void)v;
    return s->reported ? (double)s->info.guilds : NAN;
}

static double shard_events(const struct view *v, const struct view_shard *s)
{
    (void)v;
    return (double)s->info.events;
}

static double shard_queued(const struct view *v, const struct view_shard *s)
{
    (void)v;
    return s->info.queued;
}

static double shard_stalls(const struct view *v, const struct view_shard *s)
{
    (void)v;
    return (double)s->info.stalls;
}

static double shard_resumes(const struct view *v, const struct view_shard *s)
{
    (void)v;
    return (double)s->info.resumes;
}

static double shard_identifies(const struct view *v, const struct view_shard *s)
{
    (void)v;
    return (double)s->info.identifies;
}

static const struct {
    const char *name, *type, *help;
    double (*value)(const struct view *v, const struct view_shard *s);
} of_shards[] = {
    { "shard_up", "gauge", "Whether the shard's session is live.", shard_up },
    { "shard_dark_seconds", "gauge",
      "For how long the shard has brought no events; 0 while live.", shard_dark },
    { "shard_latency_seconds", "gauge", "From the last heartbeat to its acknowledgement.",
      shard_latency },
    { "shard_last_event_age_seconds", "gauge", "Since the last event.",
      shard_last_event },
    { "shard_guilds", "gauge", "Guilds of the shard.", shard_guilds },
    { "shard_events_total", "counter", "Events received.", shard_events },
    { "shard_queued_events", "gauge", "Events that wait for handlers.", shard_queued },
    { "shard_stalls_total", "counter", "Times that the event queue was full.",
      shard_stalls },
    { "shard_resumes_total", "counter", "RESUMEs sent.", shard_resumes },
    { "shard_identifies_total", "counter", "IDENTIFYs sent.", shard_identifies },
};

static void put_shards(struct writer *w, const struct view *v)
{
    for (size_t i = 0; i < sizeof of_shards / sizeof *of_shards; i++) {
        begin(w, of_shards[i].name, of_shards[i].type, of_shards[i].help);
        for (uint32_t s = 0; s < n_shards(v); s++)
            put(w, of_shards[i].name, "shard", v->first + s,
                of_shards[i].value(v, &v->shards[s]));
    }
}

static void put_states(struct writer *w, const struct view *v)
{
    uint32_t count[CORDAGE_SHARD_STOPPED + 1] = { 0 };

    begin(w, "shard_state", "gauge", "1 for the state that the shard is in.");
    for (uint32_t i = 0; i < n_shards(v); i++) {
        cordage_shard_state state = v->shards[i].info.state;

        count[state]++;
        for (int s = 0; s <= CORDAGE_SHARD_STOPPED && !w->err; s++)
            w->err =
                buf_printf(w->out, "cordage_shard_state{shard=\"%u\",state=\"%s\"} %d\n",
                           v->first + i, cordage_shard_state_name((cordage_shard_state)s),
                           s == (int)state);
    }
    begin(w, "shards", "gauge", "This machine's shards by state.");
    for (int s = 0; s <= CORDAGE_SHARD_STOPPED && !w->err; s++)
        w->err = buf_printf(w->out, "cordage_shards{state=\"%s\"} %u\n",
                            cordage_shard_state_name((cordage_shard_state)s), count[s]);
}

/* ---- Workers -------------------------------------------------------------- */

static double worker_up(const struct view_worker *w)
{
    return w->state == VIEW_WORKER_RUNNING || w->state == VIEW_WORKER_LEAVING;
}

static double worker_rss(const struct view_worker *w)
{
    return (double)w->rss_bytes;
}

static double worker_cpu(const struct view_worker *w)
{
    return seconds(w->cpu_ms);
}

static double worker_restarts(const struct view_worker *w)
{
    return w->restarts;
}

static double worker_log_dropped(const struct view_worker *w)
{
    return (double)w->log_dropped;
}

static const struct {
    const char *name, *type, *help;
    double (*value)(const struct view_worker *w);
    bool sum; /* of both generations while one takes over; else the larger */
} of_workers[] = {
    { "worker_up", "gauge", "Whether the worker runs.", worker_up, false },
    { "worker_resident_memory_bytes", "gauge", "Resident memory.", worker_rss, true },
    { "worker_cpu_seconds_total", "counter", "CPU time used.", worker_cpu, true },
    { "worker_restarts_total", "counter", "Restarts that nobody asked for.",
      worker_restarts, false },
    { "worker_log_dropped_bytes_total", "counter",
      "Output that was dropped because it came too fast.", worker_log_dropped, true },
};

/* The value over all rows of a worker; NAN unless `i` is its first: each has one line. */
static double over_generations(const struct view *v, uint32_t i,
                               double (*value)(const struct view_worker *w), bool sum)
{
    double all = 0;

    for (uint32_t j = 0; j < v->n_workers; j++) {
        double one;

        if (v->workers[j].index != v->workers[i].index)
            continue;
        if (j < i)
            return NAN;
        one = value(&v->workers[j]);
        all = sum ? all + one : fmax(all, one);
    }
    return all;
}

static void put_workers(struct writer *w, const struct view *v)
{
    for (size_t i = 0; i < sizeof of_workers / sizeof *of_workers; i++) {
        begin(w, of_workers[i].name, of_workers[i].type, of_workers[i].help);
        for (uint32_t j = 0; j < v->n_workers; j++)
            put(w, of_workers[i].name, "worker", v->workers[j].index,
                over_generations(v, j, of_workers[i].value, of_workers[i].sum));
    }
}

/* ---- The fleet ------------------------------------------------------------ */

static void put_one(struct writer *w, const char *name, const char *type, double value,
                    const char *help)
{
    begin(w, name, type, help);
    put(w, name, NULL, 0, value);
}

static void put_fleet(struct writer *w, const struct view *v)
{
    bool ready = n_shards(v) && view_ready(v) == n_shards(v) && !v->stopping;

    if (!w->err)
        w->err = buf_printf(w->out,
                            "# HELP cordage_build_info The release that runs.\n"
                            "# TYPE cordage_build_info gauge\n"
                            "cordage_build_info{version=\"%s\"} 1\n",
                            v->release);
    put_one(w, "fleet_ready", "gauge", ready, "Whether every shard is ready.");
    put_one(w, "fleet_stopping", "gauge", v->stopping, "Whether the fleet stops.");
    put_one(w, "fleet_restarting", "gauge", v->restarting,
            "Whether a rolling restart is under way.");
    put_one(w, "bot_shards", "gauge", v->count, "Shards of the whole bot.");
    put_one(w, "bot_recommended_shards", "gauge", v->recommended ? v->recommended : NAN,
            "Shards that Discord recommends.");
    put_one(w, "guilds", "gauge", (double)v->guilds.guilds,
            "Guilds of the shards that have reported.");
    put_one(w, "guilds_reported_shards", "gauge", v->guilds.shards_reported,
            "Shards whose guilds are known.");
    put_one(w, "events_total", "counter", (double)v->events, "Events received.");
    put_one(w, "identifies_total", "counter", (double)v->identifies, "IDENTIFYs sent.");
    put_one(w, "resumes_total", "counter", (double)v->resumes, "RESUMEs sent.");
    put_one(w, "restarts_total", "counter", (double)v->worker_restarts,
            "Restarts of workers that nobody asked for.");
    put_one(w, "watchdog_actions_total", "counter", (double)v->watchdog_actions,
            "Times that the watchdog acted on a silent shard.");
    put_one(w, "handovers_total", "counter", (double)v->handovers,
            "Shards that went from one worker to another.");
}

static void put_budget(struct writer *w, const struct view_budget *b)
{
    put_one(w, "identify_limit", "gauge", b->total,
            "IDENTIFYs that Discord grants in a window.");
    put_one(w, "identify_allowed", "gauge", b->allowed,
            "IDENTIFYs that may be sent now, without the reserve.");
    put_one(w, "identify_reserve", "gauge", b->reserve, "IDENTIFYs kept back.");
    put_one(w, "identify_used_day", "gauge", b->used_24h,
            "IDENTIFYs sent in the last 24 hours.");
    put_one(w, "identify_max_concurrency", "gauge", b->max_concurrency,
            "Shards that may identify at one time.");
    put_one(w, "identify_reset_timestamp_seconds", "gauge",
            b->reset_at ? seconds(b->reset_at) : NAN,
            "When Discord's window of the budget ends, in Unix time.");
}

static void put_supervisor(struct writer *w, const struct view *v)
{
    put_one(w, "supervisor_start_time_seconds", "gauge", seconds(v->started_at),
            "When the supervisor started, in Unix time.");
    put_one(w, "supervisor_resident_memory_bytes", "gauge", (double)v->supervisor_rss,
            "Resident memory of the supervisor.");
    put_one(w, "supervisor_cpu_seconds_total", "counter", seconds(v->supervisor_cpu_ms),
            "CPU time that the supervisor used.");
}

int web_metrics(const struct view *v, struct buf *out)
{
    struct writer w = { .out = out };

    put_fleet(&w, v);
    put_budget(&w, &v->budget);
    put_supervisor(&w, v);
    put_states(&w, v);
    put_shards(&w, v);
    put_workers(&w, v);
    return w.err;
}
