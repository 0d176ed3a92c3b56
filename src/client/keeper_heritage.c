/* What a process left of one shard: loaded, judged, and given to the shard, which may be
 * at the start of a bot or while it runs. A session is worth resuming if nothing that
 * belongs to it is missing: RESUME brings no GUILD_CREATE, so without its snapshot the
 * cache would stay empty. */
#include "keeper_inner.h"

#include <inttypes.h>
#include <string.h>

/* ---- Loading ------------------------------------------------------------------------
 */

static struct str copy(char *to, size_t size, struct str from)
{
    size_t n = from.n <= size ? from.n : 0;

    memcpy(to, from.p, n);
    return (struct str){ to, n };
}

void heritage_free(struct heritage *h)
{
    if (!h)
        return;
    buf_release(&h->guilds);
    free(h);
}

struct heritage *heritage_of_row(struct keeper *k, const struct store_session *row)
{
    struct heritage *h = mem_zero(sizeof *h);

    if (!h)
        return NULL;
    h->session = *row;
    h->session.session_id = copy(h->id, sizeof h->id, row->session_id);
    h->session.resume_url = copy(h->url, sizeof h->url, row->resume_url);
    if (h->session.session_id.n == 0 || buf_append_str(&h->guilds, row->guilds)) {
        heritage_free(h);
        return NULL;
    }
    h->session.guilds = buf_str(&h->guilds);
    if (k->client->cache && row->user_id)
        cache_set_self(k->client->cache, row->user_id);
    h->mark = store_mark(h->session.session_id);
    return h;
}

static int unpack(void *user, uint64_t guild_id, struct str bytes)
{
    struct crew_shard *s = user;

    (void)guild_id;
    return bytes.n ? cache_unpack(s->cache, bytes) : 0;
}

void keeper_load_snapshot(struct keeper *k, struct crew_shard *s, struct heritage *h)
{
    struct store_snapshot head = {
        .shard_id = s->id,
        .shard_count = s->client->crew.range.count,
        .format = CACHE_FORMAT,
        .policy_mark = cache_policy_mark(s->client->cache),
        .session_mark = h->mark,
    };
    int err;

    h->has_snapshot = !s->cache;
    if (!s->cache)
        return;
    err = store_snapshot_load(k->store, &head, unpack, s);

    h->has_snapshot = err == 0;
    h->cached = head.seq;
    if (!err)
        return;
    cache_slice_clear(s->cache);
    log_line(&k->client->log, LOG_INFO, "shard=%u no snapshot of the cache fits: %s",
             s->id, cordage_strerror(err));
}

void heritage_say_incomplete(struct keeper *k, const struct crew_shard *s)
{
    log_line(&k->client->log, LOG_WARN,
             "shard=%u its cache is lost, and there is no IDENTIFY left to fill it anew: "
             "it resumes, and its guilds are cached as they come",
             s->id);
}

int keeper_open_progress(struct keeper *k, struct crew_shard *s, uint64_t mark,
                         cordage_error *error)
{
    /* More than its share of the queue may be under way: see shard_ops.deliver. */
    uint32_t most = k->client->settings.event_queue + 1024;
    uint32_t room = most < LIMIT_OPEN_EVENTS ? most : LIMIT_OPEN_EVENTS;
    uint32_t count = k->client->crew.range.count;
    struct kept *kept = &s->kept;
    int err = buf_reserve(&kept->past, sizeof kept->progress);

    if (err)
        return error_set(error, err, "Out of memory.");
    err = progress_open(store_dir(k->store), s->id, count, room, mark, &kept->progress,
                        error);
    /* Without its lock a worker's shard could run in two processes. */
    if (err == CORDAGE_EBUSY || (err == CORDAGE_ESYSTEM && k->client->worker))
        return err;
    if (err) {
        log_line(&k->client->log, LOG_WARN,
                 "%s; events may be handled again after a crash", error->message);
        if (progress_open(NULL, s->id, count, room, mark, &kept->progress, error))
            kept->progress = NULL;
    }
    kept->keeper = kept->progress ? k : NULL;
    return 0;
}

/* ---- While the bot runs ---------------------------------------------------------------
 */

struct loading_one {
    struct keeper *keeper;
    struct heritage *heritage;
};

static void take_row(void *user, const struct store_session *row)
{
    struct loading_one *l = user;

    if (!l->heritage)
        l->heritage = heritage_of_row(l->keeper, row);
}

static struct heritage *load_row(struct keeper *k, struct crew_shard *s)
{
    struct loading_one l = { .keeper = k };

    store_load_sessions(k->store, &k->who, k->client->crew.range.count, s->id, s->id,
                        take_row, &l);
    return l.heritage;
}

/* The row is read again under the lock: until then another process may have written it.
 */
static int open_and_load(struct keeper *k, struct crew_shard *s, struct heritage **out)
{
    cordage_error error;
    int err;

    *out = load_row(k, s);
    if (lane_group_waiting(&s->lanes) == 0)
        kept_close_past(&s->kept);
    err = keeper_open_progress(k, s, *out ? (*out)->mark : 0, &error);
    heritage_free(*out);
    *out = NULL;
    if (err)
        log_line(&k->client->log, LOG_WARN, "shard=%u is not taken: %s", s->id,
                 error.message);
    else
        *out = load_row(k, s);
    return err;
}

int keeper_take(struct keeper *k, struct crew_shard *s, uint32_t identifies,
                struct heritage **out)
{
    int err = open_and_load(k, s, out);

    if (err || !*out)
        return err;
    keeper_load_snapshot(k, s, *out);
    if ((*out)->has_snapshot)
        return 0;
    if (identifies == 0) {
        heritage_say_incomplete(k, s);
        return 0;
    }
    heritage_free(*out);
    *out = NULL;
    return 0;
}

/* ---- Giving it to a shard -------------------------------------------------------------
 */

/* Only a hint for the log line: when it is that old, Discord will hardly remember it. */
static uint64_t age_ms(struct host *host, const struct heritage *h)
{
    uint64_t now = host->wall(host);

    return now > h->session.saved_at ? now - h->session.saved_at : 0;
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

bool heritage_pass_on(const struct heritage *h, struct crew_shard *s)
{
    cordage_client *c = s->client;
    struct host *host = s->loop->host;
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
    s->kept.snapshot_at = host->now(host) + host->random(host) % KEPT_SNAPSHOT_MS;
    atomic_compare_exchange_strong(&c->user_id, &nobody, row->user_id);
    if (row->application_id)
        c->application_id = row->application_id;
    status_reported(&s->status);
    crew_shard_note(s);
    log_line(&c->log, LOG_INFO,
             "shard=%u resumes the session of an earlier process: seq=%" PRIu64
             " done=%" PRIu64 " cached=%" PRIu64 " age_ms=%" PRIu64,
             s->id, from, progress_low(s->kept.progress), s->kept.cached,
             age_ms(host, h));
    return true;
}
