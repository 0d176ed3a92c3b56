/* What earlier processes left is loaded, judged, and given to the shards. A session is
 * worth resuming if nothing that belongs to it is missing: RESUME brings no GUILD_CREATE,
 * so without its snapshot the cache would stay empty. */
#include "keeper_inner.h"

#include <inttypes.h>
#include <string.h>

/* What was stored of one shard. */
struct heritage {
    struct store_session session; /* n_id 0: nothing was */
    char id[LIMIT_SESSION_ID], url[LIMIT_URL];
    struct buf guilds;
    uint64_t mark;
    uint64_t cached;   /* the sequence of its snapshot */
    bool has_snapshot; /* the slice holds it; or the cache keeps nothing */
};

struct restoring {
    struct keeper *keeper;
    struct crew *crew;
    struct heritage **of; /* by shard */
};

/* ---- Loading ------------------------------------------------------------------------
 */

static struct str copy(char *to, size_t size, struct str from)
{
    size_t n = from.n <= size ? from.n : 0;

    memcpy(to, from.p, n);
    return (struct str){ to, n };
}

static void free_heritage(struct heritage *h)
{
    if (!h)
        return;
    buf_release(&h->guilds);
    free(h);
}

/* One that there is no memory for is not resumed. */
static void take_session(void *user, const struct store_session *row)
{
    struct restoring *r = user;
    uint32_t i = row->shard_id - r->crew->range.first;
    struct heritage *h;

    if (i >= r->crew->n_shards || r->of[i] || !(h = mem_zero(sizeof *h)))
        return;
    h->session = *row;
    h->session.session_id = copy(h->id, sizeof h->id, row->session_id);
    h->session.resume_url = copy(h->url, sizeof h->url, row->resume_url);
    if (h->session.session_id.n == 0 || buf_append_str(&h->guilds, row->guilds)) {
        free_heritage(h);
        return;
    }
    h->session.guilds = buf_str(&h->guilds);
    if (r->keeper->client->cache && row->user_id)
        cache_set_self(r->keeper->client->cache, row->user_id);
    h->mark = store_mark(h->session.session_id);
    r->of[i] = h;
}

static int unpack(void *user, uint64_t guild_id, struct str bytes)
{
    struct crew_shard *s = user;

    (void)guild_id;
    return bytes.n ? cache_unpack(s->cache, bytes) : 0;
}

static void load_snapshot(struct keeper *k, struct crew_shard *s, struct heritage *h)
{
    struct store_snapshot head = {
        .shard_id = s->id,
        .shard_count = s->client->crew.range.count,
        .format = CACHE_FORMAT,
        .policy_mark = cache_policy_mark(s->client->cache),
        .session_mark = h->mark,
    };
    int err = store_snapshot_load(k->store, &head, unpack, s);

    h->has_snapshot = err == 0;
    h->cached = head.seq;
    if (!err)
        return;
    cache_slice_clear(s->cache);
    log_line(&k->client->log, LOG_INFO, "shard=%u no snapshot of the cache fits: %s",
             s->id, cordage_strerror(err));
}

/* Only a hint for the log line: when it is that old, Discord will hardly remember it. */
static uint64_t age_ms(const struct keeper *k, const struct heritage *h)
{
    struct host *host = k->client->host;
    uint64_t now = host->wall(host);

    return now > h->session.saved_at ? now - h->session.saved_at : 0;
}

/* ---- Giving it to a shard -------------------------------------------------------------
 */

static void open_progress(struct keeper *k, struct crew_shard *s, uint64_t mark)
{
    /* More than its share of the queue may be under way: see shard_ops.deliver. */
    uint32_t most = k->client->settings.event_queue + 1024;
    uint32_t room = most < LIMIT_OPEN_EVENTS ? most : LIMIT_OPEN_EVENTS;
    uint32_t count = k->client->crew.range.count;
    struct kept *kept = &s->kept;
    cordage_error error;

    if (progress_open(store_dir(k->store), s->id, count, room, mark, &kept->progress,
                      &error)) {
        log_line(&k->client->log, LOG_WARN,
                 "%s; events may be handled again after a crash", error.message);
        if (progress_open(NULL, s->id, count, room, mark, &kept->progress, &error))
            kept->progress = NULL;
    }
    kept->keeper = kept->progress ? k : NULL;
}

static void restore_guilds(struct crew_shard *s, struct str list)
{
    uint64_t id;
    bool unavailable;

    for (size_t i = 0; store_guilds_at(list, i, &id, &unavailable); i++) {
        /* One that was unavailable may be one that had not come in yet. */
        enum guild_state state = unavailable ? GUILD_WAITING : GUILD_AVAILABLE;

        guild_past_put(&s->kept.guilds, id, state);
        (void)guild_book_put(&s->guilds, id, state);
        (void)shard_restore_guild(s->shard, id, state);
    }
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static bool restore_session(struct keeper *k, struct crew_shard *s,
                            const struct heritage *h)
{
    cordage_client *c = k->client;
    const struct store_session *row = &h->session;
    uint64_t from =
        s->cache && h->has_snapshot ? earlier(row->done, h->cached) : row->done;
    const struct session_legacy legacy = { row->session_id, row->resume_url, from };
    unsigned long long nobody = 0;

    if (!s->kept.keeper || shard_restore(s->shard, &legacy))
        return false;
    s->identified = true;
    s->kept.mark = h->mark;
    s->kept.inherited = s->kept.told_done = row->done;
    s->kept.cached = h->has_snapshot ? h->cached : 0;
    s->kept.incomplete = !h->has_snapshot;
    s->kept.safe = s->kept.saved =
        (struct kept_saved){ .row_mark = h->mark,
                             .done = row->done,
                             .snapshot_mark = h->has_snapshot ? h->mark : 0,
                             .snapshot = h->cached };
    /* The file may be gone or older than the row, after a loss of power. */
    if (progress_low(s->kept.progress) < row->done)
        progress_begin(s->kept.progress, h->mark, row->done);
    restore_guilds(s, row->guilds);
    s->kept.snapshot_at =
        s->loop->host->now(s->loop->host) + c->host->random(c->host) % KEPT_SNAPSHOT_MS;
    atomic_compare_exchange_strong(&c->user_id, &nobody, row->user_id);
    if (row->application_id)
        c->application_id = row->application_id;
    status_reported(&s->status);
    crew_shard_note(s);
    log_line(&c->log, LOG_INFO,
             "shard=%u resumes the session of an earlier process: seq=%" PRIu64
             " done=%" PRIu64 " cached=%" PRIu64 " age_ms=%" PRIu64,
             s->id, from, progress_low(s->kept.progress), s->kept.cached, age_ms(k, h));
    return true;
}

/* ---- All of them ----------------------------------------------------------------------
 */

static void load(struct restoring *r)
{
    const struct shard_range *range = &r->crew->range;
    struct keeper *k = r->keeper;

    store_load_sessions(k->store, &k->who, range->count, range->first, range->last,
                        take_session, r);
    for (uint32_t i = 0; i < r->crew->n_shards; i++) {
        struct crew_shard *s = &r->crew->shards[i];

        if (!r->of[i])
            continue;
        r->of[i]->has_snapshot = !s->cache;
        if (s->cache)
            load_snapshot(k, s, r->of[i]);
    }
}

/* Sessions without their snapshots are given up where IDENTIFYs are left for them. */
static uint32_t give_up_incomplete(struct restoring *r, uint64_t allowed)
{
    uint32_t n_fresh = 0, n_incomplete = 0;
    bool give_up;

    for (uint32_t i = 0; i < r->crew->n_shards; i++) {
        n_fresh += !r->of[i];
        n_incomplete += r->of[i] && !r->of[i]->has_snapshot;
    }
    give_up = n_fresh + n_incomplete <= allowed;
    for (uint32_t i = 0; n_incomplete && i < r->crew->n_shards; i++) {
        if (!r->of[i] || r->of[i]->has_snapshot)
            continue;
        if (give_up) {
            free_heritage(r->of[i]);
            r->of[i] = NULL;
            n_fresh++;
        } else {
            log_line(
                &r->keeper->client->log, LOG_WARN,
                "shard=%u its cache is lost, and there is no IDENTIFY left to fill it "
                "anew: it resumes, and its guilds are cached as they come",
                r->crew->shards[i].id);
        }
    }
    return n_fresh;
}

uint32_t keeper_restore(cordage_client *c, uint64_t allowed)
{
    struct crew *crew = &c->crew;
    struct restoring r = { .keeper = c->keeper, .crew = crew };
    uint32_t needed = crew->n_shards;

    if (!c->keeper)
        return needed;
    r.of = mem_zero(crew->n_shards * sizeof(r.of[0]));
    if (r.of) {
        load(&r);
        needed = give_up_incomplete(&r, allowed);
    }
    for (uint32_t i = 0; i < crew->n_shards; i++) {
        struct crew_shard *s = &crew->shards[i];
        struct heritage *h = r.of ? r.of[i] : NULL;

        open_progress(c->keeper, s, h ? h->mark : 0);
        if (h && !restore_session(c->keeper, s, h))
            needed++;
        free_heritage(h);
    }
    free(r.of);
    return needed;
}
