#include "status.h"

#include <string.h>

void rate_second(struct rate *r, uint64_t total)
{
    uint64_t came = total - r->total;

    r->total = total;
    r->sum -= r->counts[r->next];
    r->counts[r->next] = came < UINT32_MAX ? (uint32_t)came : UINT32_MAX;
    r->sum += r->counts[r->next];
    r->next = (r->next + 1) % RATE_SECONDS;
    if (r->used < RATE_SECONDS)
        r->used++;
}

double rate_per_second(const struct rate *r)
{
    return r->used ? (double)r->sum / r->used : 0;
}

static cordage_shard_state state_of(enum session_state state)
{
    switch (state) {
    case SESSION_IDLE:
        return CORDAGE_SHARD_WAITING;
    case SESSION_CONNECT:
    case SESSION_HELLO:
    case SESSION_QUEUED:
        return CORDAGE_SHARD_CONNECTING;
    case SESSION_IDENTIFY:
        return CORDAGE_SHARD_IDENTIFYING;
    case SESSION_RESUME:
        return CORDAGE_SHARD_RESUMING;
    case SESSION_LIVE:
        return CORDAGE_SHARD_READY;
    case SESSION_DEAD:
        break;
    }
    return CORDAGE_SHARD_STOPPED;
}

void status_init(struct status *s, uint32_t id, uint32_t count)
{
    memset(s, 0, sizeof *s);
    pthread_mutex_init(&s->lock, NULL);
    s->info.id = id;
    s->info.count = count;
    s->info.last_event_ms = UINT64_MAX;
}

void status_release(struct status *s)
{
    pthread_mutex_destroy(&s->lock);
}

void status_note(struct status *s, const struct shard_status *shard, uint64_t now)
{
    const struct session_stats *stats = &shard->stats;
    cordage_shard_info *info = &s->info;

    pthread_mutex_lock(&s->lock);
    info->state = state_of(shard->state);
    info->guilds = shard->guilds;
    info->guilds_available = shard->guilds_available;
    info->loading = shard->guilds_loading;
    info->paused = shard->paused;
    info->latency_ms =
        stats->latency_ms < UINT32_MAX ? (uint32_t)stats->latency_ms : UINT32_MAX;
    info->last_event_ms = shard->events ? now - stats->last_event_at : UINT64_MAX;
    info->events_per_s = rate_per_second(&s->rate);
    info->events = shard->events;
    info->resumes = stats->resumes;
    info->identifies = stats->identifies;
    info->stalls = shard->stalls;
    info->close_code = stats->last_close_code;
    pthread_mutex_unlock(&s->lock);
}

void status_set_session(struct status *s, uint64_t session)
{
    pthread_mutex_lock(&s->lock);
    s->session = session;
    pthread_mutex_unlock(&s->lock);
}

uint64_t status_session(struct status *s)
{
    uint64_t session;

    pthread_mutex_lock(&s->lock);
    session = s->session;
    pthread_mutex_unlock(&s->lock);
    return session;
}

void status_reported(struct status *s)
{
    pthread_mutex_lock(&s->lock);
    s->reported = true;
    pthread_mutex_unlock(&s->lock);
}

void status_rest(struct status *s)
{
    s->rate = (struct rate){ 0 };
    pthread_mutex_lock(&s->lock);
    s->info = (cordage_shard_info){ .id = s->info.id,
                                    .count = s->info.count,
                                    .last_event_ms = UINT64_MAX };
    s->reported = false;
    pthread_mutex_unlock(&s->lock);
}

void status_stopped(struct status *s)
{
    pthread_mutex_lock(&s->lock);
    s->info.state = CORDAGE_SHARD_STOPPED;
    s->info.paused = s->info.loading = false;
    pthread_mutex_unlock(&s->lock);
}

bool status_read(struct status *s, cordage_shard_info *out)
{
    bool reported;

    pthread_mutex_lock(&s->lock);
    *out = s->info;
    reported = s->reported;
    pthread_mutex_unlock(&s->lock);
    return reported;
}

const char *cordage_shard_state_name(cordage_shard_state state)
{
    switch (state) {
    case CORDAGE_SHARD_WAITING:
        return "waiting";
    case CORDAGE_SHARD_CONNECTING:
        return "connecting";
    case CORDAGE_SHARD_IDENTIFYING:
        return "identifying";
    case CORDAGE_SHARD_RESUMING:
        return "resuming";
    case CORDAGE_SHARD_READY:
        return "ready";
    case CORDAGE_SHARD_STOPPED:
        return "stopped";
    }
    return "unknown";
}
