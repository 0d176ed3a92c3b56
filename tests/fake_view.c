#include "fake_view.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { MINUTE = 60 * 1000, HOUR = 60 * MINUTE };

static uint32_t next(uint32_t *seed, uint32_t below)
{
    *seed = *seed * 1664525 + 1013904223;
    return (*seed >> 8) % below;
}

static uint32_t worker_of(const struct view *v, uint32_t shard)
{
    uint32_t each = (v->last - v->first + 4) / 4;

    return (shard - v->first) / each;
}

void fake_view_find(struct view *v, uint32_t shard)
{
    struct view_shard *s = &v->shards[shard - v->first];
    uint32_t seed = shard + 1;

    s->worker = worker_of(v, shard);
    s->reported = true;
    s->moving = s->replaying = false;
    s->dark_at = 0;
    s->info.state = CORDAGE_SHARD_READY;
    s->info.loading = s->info.paused = false;
    s->info.guilds = s->info.guilds_available = 900 + next(&seed, 300);
    s->info.latency_ms = 28 + next(&seed, 40);
    s->info.last_event_ms = next(&seed, 3) * 1000;
    s->info.events_per_s = 60 + next(&seed, 4000) / 100.0;
    s->info.events = 1000000 + next(&seed, 400000);
    s->info.identifies = 1;
    s->info.resumes = next(&seed, 5);
    s->info.queued = next(&seed, 4);
    s->info.stalls = 0;
    s->info.close_code = s->info.resumes ? 1006 : 0;
}

void fake_view_lose(struct view *v, uint32_t shard)
{
    struct view_shard *s = &v->shards[shard - v->first];

    s->info.state = CORDAGE_SHARD_WAITING;
    s->info.events_per_s = 0;
    s->info.close_code = 1006;
    s->dark_at = v->wall;
}

static void set_states(struct view *v)
{
    static const cordage_shard_state states[] = { CORDAGE_SHARD_WAITING,
                                                  CORDAGE_SHARD_CONNECTING,
                                                  CORDAGE_SHARD_IDENTIFYING,
                                                  CORDAGE_SHARD_RESUMING };
    uint32_t n = v->last - v->first + 1;

    for (uint32_t i = 0; i < 4; i++) {
        struct view_shard *s = &v->shards[n / 2 + i];

        s->info.state = states[i];
        s->info.events_per_s = 0;
        s->info.latency_ms = 0;
        s->info.last_event_ms = UINT64_MAX;
    }
    v->shards[n / 2].worker = UINT32_MAX;
    v->shards[n / 2].reported = false;
    fake_view_lose(v, v->first + 5);
    v->shards[5].dark_at = v->wall - 3 * MINUTE;
    v->shards[9].info.state = CORDAGE_SHARD_STOPPED;
    v->shards[11].info.loading = true;
    v->shards[12].info.paused = true;
    v->shards[12].info.queued = 4096;
    v->shards[12].info.stalls = 7;
    v->shards[13].moving = true;
    v->shards[14].replaying = true;
}

static void set_worker(struct view *v, uint32_t row, uint32_t index, uint32_t generation)
{
    uint32_t each = (v->last - v->first + 4) / 4;

    v->workers[row] = (struct view_worker){ .index = index,
                                            .generation = generation,
                                            .state = VIEW_WORKER_RUNNING,
                                            .pid = 41200 + 7 * row,
                                            .first = v->first + index * each,
                                            .last = v->first + (index + 1) * each - 1,
                                            .started_at = v->wall - 76ull * HOUR - 500000,
                                            .last_exit = -1,
                                            .rss_bytes = (380ull + 13 * row) << 20,
                                            .cpu_ms = 8400000 + 12345 * row,
                                            .cpu = 0.31 + 0.07 * row };
    if (v->workers[row].last > v->last)
        v->workers[row].last = v->last;
}

static void set_workers(struct view *v)
{
    set_worker(v, 0, 0, 1);
    set_worker(v, 1, 1, 1);
    set_worker(v, 2, 2, 3);
    set_worker(v, 3, 3, 1);
    set_worker(v, 4, 3, 2);
    v->workers[1].adopted = true;
    v->workers[2].state = VIEW_WORKER_RESTING;
    v->workers[2].starts_at = v->wall + 8000;
    v->workers[2].restarts = 2;
    v->workers[2].last_exit = 139;
    v->workers[2].pid = 0;
    v->workers[2].rss_bytes = 0;
    v->workers[2].cpu = 0;
    v->workers[3].state = VIEW_WORKER_LEAVING;
    v->workers[4].started_at = v->wall - 42000;
    v->workers[4].log_dropped = 3 << 20;
}

static void set_points(struct view *v)
{
    uint32_t seed = 7, n = v->last - v->first + 1;

    for (uint32_t i = 0; i < VIEW_HOUR; i++) {
        uint64_t ago = (VIEW_HOUR - 1 - i) * (uint64_t)VIEW_POINT_MS;
        double wave = 1 + 0.25 * sin(i / 60.0) + next(&seed, 100) / 900.0;

        if (i >= 150 && i < 165)
            continue; /* nobody was there to count */
        v->points[v->next_point++] = (struct view_point){
            .wall = v->wall - ago,
            .events_per_s = (float)(n * 70 * wave * (i > 300 && i < 312 ? 0.3 : 1)),
            .latency_ms = 38 + (float)next(&seed, 9) + (i > 300 && i < 312 ? 55 : 0),
            .ready = i > 300 && i < 312 ? n / 3 : n - 6,
        };
    }
    v->n_points = v->next_point;
}

static void set_decisions(struct view *v)
{
    view_decide(v, v->wall - 30 * (uint64_t)HOUR,
                "started: %u shards on 4 workers, 14 IDENTIFYs used of 1000", v->count);
    view_decide(
        v, v->wall - 2 * (uint64_t)HOUR,
        "worker 2 ended by signal 11 (segmentation fault) after 3 h; it starts again "
        "in 1 s");
    view_decide(v, v->wall - 9 * MINUTE,
                "shard 31 looked silent (expected 212 events in 120 s, saw 0): resumed");
    view_decide(v, v->wall - 4 * MINUTE,
                "<b onclick=\"alert(1)\">a name with markup</b> &amp; more");
    view_decide(v, v->wall - 42000,
                "rolling restart: worker 3 takes over as generation 2");
}

static void set_totals(struct view *v)
{
    for (uint32_t i = 0; i <= v->last - v->first; i++) {
        v->events += v->shards[i].info.events;
        v->guilds.guilds += v->shards[i].reported ? v->shards[i].info.guilds : 0;
        v->guilds.shards_reported += v->shards[i].reported;
    }
    v->guilds.shards = v->count;
    v->identifies = 78;
    v->resumes = 131;
    v->worker_restarts = 2;
    v->watchdog_actions = 1;
    v->handovers = 48;
    v->supervisor_rss = 21 << 20;
    v->supervisor_cpu_ms = 64200;
}

struct view *fake_view(uint32_t shards, uint64_t now)
{
    struct view *v;

    if (view_new(&v) || view_set_shards(v, shards, 0, shards - 1) ||
        view_set_workers(v, 5))
        abort();
    v->wall = now;
    v->application_id = 123456789012345678;
    snprintf(v->release, sizeof v->release, "0.1.0");
    v->started_at = now - 30 * (uint64_t)HOUR;
    v->recommended = shards;
    v->restarting = true;
    v->budget = (struct view_budget){ .total = 1000,
                                      .allowed = 822,
                                      .reserve = 100,
                                      .used_24h = 78,
                                      .max_concurrency = 16,
                                      .reset_at = now + 5 * HOUR };
    for (uint32_t i = 0; i < shards; i++)
        fake_view_find(v, i);
    set_states(v);
    set_workers(v);
    set_points(v);
    set_decisions(v);
    set_totals(v);
    return v;
}

void fake_view_heal(struct view *v)
{
    for (uint32_t i = v->first; i <= v->last; i++)
        fake_view_find(v, i);
    set_worker(v, 2, 2, 3);
    set_worker(v, 3, 3, 2);
    v->n_workers = 4;
    v->restarting = false;
    v->guilds = (cordage_guild_total){ .shards = v->count };
    v->events = 0;
    set_totals(v);
}
