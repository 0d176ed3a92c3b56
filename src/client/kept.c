#include "kept.h"

#include "client.h"
#include "keeper.h"

static uint64_t now_of(const struct crew_shard *s)
{
    return s->loop->host->now(s->loop->host);
}

/* ---- What is true now ------------------------------------------------------------- */

bool kept_has_session(const struct crew_shard *s)
{
    const struct session_kept *session = shard_kept(s->shard);
    struct str id = { session->id, session->n_id };

    return s->kept.mark && id.n && store_mark(id) == s->kept.mark &&
           !s->kept.guilds.broken;
}

/* A restored session may still be replaying what the last process had received: its
 * guilds are right as of what that one had stored. */
uint64_t kept_done_up_to(const struct crew_shard *s)
{
    const struct kept *k = &s->kept;
    uint64_t known = shard_kept(s->shard)->seq, done = progress_low(k->progress);

    if (known < k->inherited)
        known = k->inherited;
    return done < known ? done : known;
}

uint64_t kept_cached_up_to(const struct crew_shard *s)
{
    uint64_t seq = shard_kept(s->shard)->seq;

    return seq > s->kept.cached ? seq : s->kept.cached;
}

/* ---- What has been saved ----------------------------------------------------------- */

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* What a process that started now could resume from. */
static void set_safe(struct crew_shard *s)
{
    const struct kept *k = &s->kept;
    uint64_t safe;

    if (!kept_has_session(s) || k->safe.row_mark != k->mark)
        return;
    safe = k->safe.done;
    if (s->cache && !k->incomplete) {
        if (k->safe.snapshot_mark != k->mark)
            return;
        safe = earlier(safe, k->safe.snapshot);
    }
    shard_set_safe(s->shard, safe);
}

void kept_pack_again(struct crew_shard *s)
{
    cache_pack_again(s->cache);
    s->kept.snapshot_whole = true;
}

static void run_saved(struct mail *mail)
{
    struct kept *k = CONTAINER_OF(mail, struct kept, saved_mail);
    struct crew_shard *s = CONTAINER_OF(k, struct crew_shard, kept);

    pthread_mutex_lock(&s->lock);
    k->saved_posted = false;
    if (!s->on) { /* the keeper itself goes by it, if anybody */
        pthread_mutex_unlock(&s->lock);
        return;
    }
    k->safe = k->saved;
    k->saved.snapshot_ended = k->saved.snapshot_failed = false;
    pthread_mutex_unlock(&s->lock);
    if (k->safe.snapshot_ended)
        k->snapshot_under_way = false;
    if (k->safe.snapshot_failed && s->cache)
        kept_pack_again(s);
    set_safe(s);
}

/* ---- Coming and going ---------------------------------------------------------------
 */

void kept_init(struct kept *k)
{
    *k = (struct kept){ .snapshot_at = UINT64_MAX };
    list_init(&k->saved_mail.link);
    k->saved_mail.run = run_saved;
}

void kept_release(struct kept *k)
{
    progress_close(k->progress);
    k->progress = NULL;
    kept_close_past(k);
    buf_release(&k->past);
    guild_past_release(&k->guilds);
}

void kept_rest(struct kept *k)
{
    struct crew_shard *s = CONTAINER_OF(k, struct crew_shard, kept);

    progress_close(k->progress);
    guild_past_release(&k->guilds);
    pthread_mutex_lock(&s->lock);
    k->keeper = NULL;
    k->progress = NULL;
    k->mark = k->inherited = k->cached = k->told_done = 0;
    k->row_at = 0;
    k->snapshot_at = UINT64_MAX;
    k->snapshot_under_way = k->snapshot_whole = k->incomplete = false;
    k->safe = k->saved = (struct kept_saved){ 0 };
    pthread_mutex_unlock(&s->lock);
}

void kept_abandon(struct kept *k)
{
    progress_abandon(k->progress);
    (void)buf_append(&k->past, (const char *)&k->progress, sizeof k->progress);
    k->progress = NULL;
    k->keeper = NULL;
}

void kept_close_past(struct kept *k)
{
    struct progress **past = (struct progress **)(void *)k->past.p;

    for (size_t i = 0; i < k->past.n / sizeof *past; i++)
        progress_close(past[i]);
    buf_clear(&k->past);
}

void kept_begin(struct crew_shard *s, uint64_t seq, cordage_json d)
{
    const struct session_kept *session = shard_kept(s->shard);
    struct kept *k = &s->kept;

    if (!k->keeper)
        return;
    k->mark = store_mark((struct str){ session->id, session->n_id });
    k->inherited = k->cached = 0;
    k->incomplete = false;
    progress_begin(k->progress, k->mark, seq);
    guild_past_ready(&k->guilds, d);
    if (s->cache)
        kept_pack_again(s);     /* the new session's snapshot begins empty */
    k->snapshot_at = now_of(s); /* soon: without one a kill would cost an IDENTIFY */
    k->row_at = now_of(s) + KEPT_ROW_MS;
    keeper_save_row(s);
}

void kept_guild(struct crew_shard *s, uint64_t seq, bool created, cordage_json d)
{
    /* What comes again is in the restored guilds. */
    if (s->kept.keeper && seq > s->kept.inherited)
        guild_past_note(&s->kept.guilds, seq, created, d);
}

void kept_guilds_in(struct crew_shard *s)
{
    s->kept.snapshot_at = now_of(s);
    kept_second(s);
}

void kept_second(struct crew_shard *s)
{
    struct kept *k = &s->kept;
    uint64_t now = now_of(s);

    /* While stopping events are not handled any more; the end saves all. */
    if (!k->keeper || s->client->stopping || !kept_has_session(s))
        return;
    if (s->cache && !k->incomplete && !k->snapshot_under_way && now >= k->snapshot_at) {
        k->snapshot_at = now + KEPT_SNAPSHOT_MS;
        keeper_save_snapshot(s);
    }
    if (now >= k->row_at &&
        (k->told_done != kept_done_up_to(s) || k->safe.row_mark != k->mark)) {
        k->row_at = now + KEPT_ROW_MS;
        keeper_save_row(s);
    }
}
