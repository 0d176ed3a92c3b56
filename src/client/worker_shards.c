/* Shards come and go as the supervisor says, and every second it hears how they are. */
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "shift.h"
#include "worker_inner.h"

int worker_shards_make(struct worker *w)
{
    uint32_t n = shard_range_size(&w->range);

    w->held = mem_zero(n * sizeof w->held[0]);
    w->rows = mem_zero(n * sizeof w->rows[0]);
    return w->held && w->rows ? 0 : CORDAGE_ENOMEM;
}

void worker_shards_free(struct worker *w)
{
    free(w->held);
    free(w->rows);
    w->held = NULL;
    w->rows = NULL;
}

static bool *held(struct worker *w, uint32_t id)
{
    bool is_ours = w->held && id >= w->range.first && id <= w->range.last;

    return is_ours ? &w->held[id - w->range.first] : NULL;
}

static void set_held(struct worker *w, uint32_t id, bool is)
{
    bool *at = held(w, id);

    if (at)
        *at = is;
}

uint32_t worker_held(struct worker *w)
{
    uint32_t n = 0;

    for (uint32_t id = w->range.first; id <= w->range.last; id++)
        if (*held(w, id))
            w->room[n++] = id;
    return n;
}

/* ---- Coming and going ----------------------------------------------------------------
 */

static void say_moved(struct worker *w, enum link_type type, const struct link_moved *m)
{
    buf_clear(&w->scratch);
    worker_send(w, type, link_put_moved(&w->scratch, m));
}

static void taken(cordage_client *c, uint32_t id, const struct shift_taken *how)
{
    const struct link_moved m = {
        .shard = id, .err = how->err, .resumes = how->resumes, .cached = how->cached
    };

    if (how->err && how->err != CORDAGE_ESTATE)
        set_held(c->worker, id, false);
    say_moved(c->worker, LINK_TAKEN, &m);
}

void worker_on_take(struct worker *w, const struct link_shards *m)
{
    for (uint32_t i = 0; i < m->n; i++) {
        set_held(w, m->ids[i], true);
        shift_take(w->client, m->ids[i], m->identifies, taken);
    }
}

static void given(cordage_client *c, uint32_t id, const struct shift_given *how)
{
    const struct link_moved m = { .shard = id,
                                  .open = how->open,
                                  .running = how->running };

    set_held(c->worker, id, false);
    say_moved(c->worker, LINK_GIVEN, &m);
}

void worker_on_give(struct worker *w, const struct link_shards *m)
{
    for (uint32_t i = 0; i < m->n; i++)
        shift_give(w->client, m->ids[i], m->patience_ms, given);
}

void worker_on_kick(struct worker *w, const struct link_kick *m)
{
    struct crew_shard *s = crew_find(&w->client->crew, m->shard);

    log_line(&w->client->log, LOG_WARN, "shard=%u the supervisor says %s", m->shard,
             m->identify ? "identify" : "resume");
    if (s)
        crew_shard_kick(s, m->identify);
}

/* ---- How they are ---------------------------------------------------------------------
 */

static uint64_t resident_bytes(void)
{
    unsigned long long size, resident = 0;
    FILE *f = fopen("/proc/self/statm", "re");

    if (f && fscanf(f, "%llu %llu", &size, &resident) != 2)
        resident = 0;
    if (f)
        fclose(f);
    return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t cpu_ms(void)
{
    struct rusage used;

    if (getrusage(RUSAGE_SELF, &used) < 0)
        return 0;
    return (uint64_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000 +
           (uint64_t)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1000;
}

static void fill_row(struct worker *w, uint32_t id, struct link_row *row)
{
    struct crew_shard *s = crew_find(&w->client->crew, id);

    *row = (struct link_row){ .info.id = id, .info.count = w->range.count };
    if (!s)
        return;
    row->reported = crew_shard_read(s, &row->info);
    row->session = status_session(&s->status);
    row->replaying = row->info.state == CORDAGE_SHARD_RESUMING;
}

void worker_send_status(struct worker *w)
{
    struct link_load load = {
        .rss_bytes = resident_bytes(),
        .cpu_ms = cpu_ms(),
        .log_dropped = w->output ? worker_output_dropped(w->output) : 0,
        .n = worker_held(w),
    };

    for (uint32_t i = 0; i < load.n; i++)
        fill_row(w, w->room[i], &w->rows[i]);
    buf_clear(&w->scratch);
    worker_send(w, LINK_STATUS, link_put_status(&w->scratch, &load, w->rows));
}
