#include "view.h"

#include <stdarg.h>
#include <stdio.h>

#include "mem.h"

const char *view_worker_state_name(enum view_worker_state state)
{
    switch (state) {
    case VIEW_WORKER_STARTING:
        return "starting";
    case VIEW_WORKER_RUNNING:
        return "running";
    case VIEW_WORKER_LEAVING:
        return "leaving";
    case VIEW_WORKER_RESTING:
        return "resting";
    }
    return "unknown";
}

int view_new(struct view **out)
{
    *out = mem_zero(sizeof **out);
    return *out ? 0 : CORDAGE_ENOMEM;
}

void view_free(struct view *v)
{
    if (!v)
        return;
    free(v->shards);
    free(v->workers);
    free(v->latencies);
    free(v);
}

int view_set_shards(struct view *v, uint32_t count, uint32_t first, uint32_t last)
{
    uint32_t n = last - first + 1;
    struct view_shard *shards = calloc(n, sizeof *shards);
    uint32_t *latencies = calloc(n, sizeof *latencies);

    if (!shards || !latencies) {
        free(shards);
        free(latencies);
        return CORDAGE_ENOMEM;
    }
    free(v->shards);
    free(v->latencies);
    v->shards = shards;
    v->latencies = latencies;
    v->count = count;
    v->first = first;
    v->last = last;
    for (uint32_t i = 0; i < n; i++) {
        shards[i].info.id = first + i;
        shards[i].info.count = count;
        shards[i].info.last_event_ms = UINT64_MAX;
        shards[i].worker = UINT32_MAX;
    }
    return 0;
}

int view_set_workers(struct view *v, uint32_t n)
{
    struct view_worker *workers = calloc(n ? n : 1, sizeof *workers);
    uint32_t kept = v->n_workers < n ? v->n_workers : n;

    if (!workers)
        return CORDAGE_ENOMEM;
    if (kept)
        memcpy(workers, v->workers, kept * sizeof *workers);
    free(v->workers);
    v->workers = workers;
    v->n_workers = n;
    return 0;
}

void view_decide(struct view *v, uint64_t wall, const char *format, ...)
{
    struct view_decision *d = &v->decisions[v->next_decision];
    va_list args;

    v->next_decision = (v->next_decision + 1) % VIEW_DECISIONS;
    if (v->n_decisions < VIEW_DECISIONS)
        v->n_decisions++;
    d->wall = wall;
    va_start(args, format);
    vsnprintf(d->text, sizeof d->text, format, args);
    va_end(args);
}

static uint32_t n_shards(const struct view *v)
{
    return v->shards ? v->last - v->first + 1 : 0;
}

uint32_t view_ready(const struct view *v)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < n_shards(v); i++)
        n += v->shards[i].info.state == CORDAGE_SHARD_READY;
    return n;
}

double view_events_per_s(const struct view *v)
{
    double sum = 0;

    for (uint32_t i = 0; i < n_shards(v); i++)
        sum += v->shards[i].info.events_per_s;
    return sum;
}

static int compare(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

static uint32_t median_latency(struct view *v)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < n_shards(v); i++) {
        const cordage_shard_info *info = &v->shards[i].info;

        if (info->state == CORDAGE_SHARD_READY && info->latency_ms)
            v->latencies[n++] = info->latency_ms;
    }
    if (!n)
        return 0;
    qsort(v->latencies, n, sizeof *v->latencies, compare);
    return v->latencies[n / 2];
}

void view_point(struct view *v, uint64_t wall)
{
    struct view_point *p = &v->points[v->next_point];

    v->next_point = (v->next_point + 1) % VIEW_HOUR;
    if (v->n_points < VIEW_HOUR)
        v->n_points++;
    p->wall = wall;
    p->events_per_s = (float)view_events_per_s(v);
    p->latency_ms = (float)median_latency(v);
    p->ready = view_ready(v);
}

const struct view_decision *view_decision(const struct view *v, uint32_t i)
{
    if (i >= v->n_decisions)
        return NULL;
    return &v->decisions[(v->next_decision + VIEW_DECISIONS - 1 - i) % VIEW_DECISIONS];
}

const struct view_point *view_past(const struct view *v, uint32_t i)
{
    if (i >= v->n_points)
        return NULL;
    return &v->points[(v->next_point + VIEW_HOUR - v->n_points + i) % VIEW_HOUR];
}

const char *view_state_name(const struct view *v)
{
    if (v->stopping)
        return "stopping";
    if (v->restarting)
        return "restarting";
    return v->shards && !v->done_at ? "running" : "starting";
}
