/* Copies are made on the shards' loops, and saved on the keeper's thread. */
#include "keeper_inner.h"

#include <string.h>

/* ---- Rows ---------------------------------------------------------------------------
 */

enum { ROWS_UNDER_WAY = 4 }; /* of one shard, on their way to the disk */

/* A row, and the bytes that it points at. */
struct row {
    struct mail mail;
    struct link link; /* on keeper.rows */
    struct crew_shard *shard;
    uint64_t mark;
    struct store_session session;
    char id[LIMIT_SESSION_ID];
    char url[URL_TEXT];
    struct buf guilds;
};

static void free_row(struct row *r)
{
    if (!r)
        return;
    buf_release(&r->guilds);
    free(r);
}

static void write_url(struct row *r, const struct session_kept *kept)
{
    size_t n;

    if (!kept->has_resume_url)
        return;
    url_text(&kept->resume_url, r->url);
    n = strlen(r->url);
    if (n <= LIMIT_URL)
        r->session.resume_url = (struct str){ r->url, n };
}

/* How the shard is now. NULL: no memory, or nothing that could be resumed. */
static struct row *make_row(struct crew_shard *s)
{
    const struct session_kept *kept = shard_kept(s->shard);
    struct kept *k = &s->kept;
    struct row *r;

    if (!kept_has_session(s) || !(r = mem_zero(sizeof *r)))
        return NULL;
    r->shard = s;
    r->mark = k->mark;
    memcpy(r->id, kept->id, kept->n_id);
    r->session = (struct store_session){
        .shard_id = s->id,
        .shard_count = s->client->crew.range.count,
        .session_id = { r->id, kept->n_id },
        .resume_url = { "", 0 },
        .received = kept->seq,
        .done = kept_done_up_to(s),
        .snapshot_seq = k->safe.snapshot_mark == k->mark ? k->safe.snapshot : 0,
        .user_id = s->client->user_id,
        .application_id = s->client->application_id,
        .saved_at = s->loop->host->wall(s->loop->host),
    };
    write_url(r, kept);
    guild_past_advance(&k->guilds, r->session.done);
    if (k->guilds.broken || guild_book_write(&k->guilds.book, &r->guilds)) {
        free_row(r);
        return NULL;
    }
    r->session.guilds = buf_str(&r->guilds);
    return r;
}

static void take_row(struct mail *mail)
{
    struct row *r = CONTAINER_OF(mail, struct row, mail);

    list_insert(&r->shard->kept.keeper->rows, &r->link);
}

/* A disk that hangs doesn't get rows without end. */
static bool may_add_row(struct crew_shard *s)
{
    bool may;

    pthread_mutex_lock(&s->lock);
    may = s->kept.rows_under_way < ROWS_UNDER_WAY;
    s->kept.rows_under_way += may;
    pthread_mutex_unlock(&s->lock);
    return may;
}

static void row_ended(struct crew_shard *s)
{
    pthread_mutex_lock(&s->lock);
    s->kept.rows_under_way--;
    pthread_mutex_unlock(&s->lock);
}

void keeper_save_row(struct crew_shard *s)
{
    struct row *r;

    if (!may_add_row(s))
        return;
    r = make_row(s);
    if (!r) {
        row_ended(s);
        return;
    }
    s->kept.told_done = r->session.done;
    r->mail.run = take_row;
    mailbox_post(&s->kept.keeper->box, &r->mail);
}

/* ---- Telling the shard what is saved --------------------------------------------------
 */

/* With the shard's lock held. */
static void post_saved(struct crew_shard *s)
{
    struct kept *k = &s->kept;

    if (!k->saved_posted)
        s->loop->host->post(s->loop->host, &k->saved_mail);
    k->saved_posted = true;
}

static void tell_row(const struct row *r)
{
    struct crew_shard *s = r->shard;

    pthread_mutex_lock(&s->lock);
    s->kept.saved.row_mark = r->mark;
    s->kept.saved.done = r->session.done;
    post_saved(s);
    pthread_mutex_unlock(&s->lock);
}

static void tell_snapshot(struct crew_shard *s, const struct store_snapshot *head,
                          int err)
{
    struct kept_saved *saved = &s->kept.saved;

    pthread_mutex_lock(&s->lock);
    saved->snapshot_ended = true;
    saved->snapshot_failed = err != 0;
    if (!err) {
        saved->snapshot_mark = head->session_mark;
        saved->snapshot = head->seq;
    }
    post_saved(s);
    pthread_mutex_unlock(&s->lock);
}

/* Saves a list of rows, and releases them. */
static void save_rows(struct keeper *k, struct link *rows, bool exact, bool tell)
{
    struct store_session *sessions;
    struct link *link;
    size_t n = 0, i = 0;
    int err = CORDAGE_ENOMEM;

    for (link = rows->next; link != rows; link = link->next)
        n++;
    sessions = malloc(n * sizeof *sessions + 1);
    for (link = rows->next; sessions && link != rows; link = link->next)
        sessions[i++] = CONTAINER_OF(link, struct row, link)->session;
    if (sessions && n)
        err = store_save_sessions(k->store, &k->who, sessions, n, exact);
    free(sessions);
    while ((link = list_pop(rows))) {
        struct row *r = CONTAINER_OF(link, struct row, link);

        if (!err && tell)
            tell_row(r);
        if (tell)
            row_ended(r->shard);
        free_row(r);
    }
}

void keeper_flush_rows(struct keeper *k)
{
    if (!list_is_empty(&k->rows))
        save_rows(k, &k->rows, false, true);
}

/* ---- Snapshots ------------------------------------------------------------------------
 */

struct place {
    cordage_id guild_id;
    size_t n; /* bytes, behind those of the guilds before */
};

/* The guilds that changed. */
struct snapshot {
    struct mail mail;
    struct crew_shard *shard;
    struct store_snapshot head;
    struct buf places, bytes;
};

static void free_snapshot(struct snapshot *p)
{
    if (!p)
        return;
    buf_release(&p->places);
    buf_release(&p->bytes);
    free(p);
}

static int pack_guilds(struct cache_slice *cache, struct snapshot *p)
{
    struct buf packed = { 0 };
    struct place place;
    int err = 0;

    while (!err && cache_pack_next(cache, &place.guild_id, &packed, &err)) {
        place.n = packed.n;
        if (!err)
            err = buf_append_str(&p->bytes, buf_str(&packed));
        if (!err)
            err = buf_append(&p->places, &place, sizeof place);
        buf_clear(&packed);
    }
    buf_release(&packed);
    return err;
}

/* Everything in one turn of the loop: what is packed belongs to one sequence. */
static struct snapshot *make_snapshot(struct crew_shard *s)
{
    struct snapshot *p = mem_zero(sizeof *p);

    if (!p)
        return NULL;
    p->shard = s;
    p->head = (struct store_snapshot){
        .shard_id = s->id,
        .shard_count = s->client->crew.range.count,
        .format = CACHE_FORMAT,
        .policy_mark = cache_policy_mark(s->client->cache),
        .session_mark = s->kept.mark,
        .seq = kept_cached_up_to(s),
        .saved_at = s->loop->host->wall(s->loop->host),
        .whole = s->kept.snapshot_whole,
    };
    if (pack_guilds(s->cache, p)) {
        kept_pack_again(s); /* what was packed is not going to be saved */
        free_snapshot(p);
        return NULL;
    }
    s->kept.snapshot_whole = false;
    return p;
}

static int save_snapshot(struct keeper *k, const struct snapshot *p)
{
    const struct place *places = (const struct place *)(const void *)p->places.p;
    size_t n = p->places.n / sizeof *places, at = 0;
    struct store_packed *guilds = malloc(n * sizeof *guilds + 1);
    int err;

    if (!guilds)
        return CORDAGE_ENOMEM;
    for (size_t i = 0; i < n; i++) {
        guilds[i].guild_id = places[i].guild_id;
        guilds[i].bytes = (struct str){ p->bytes.p + at, places[i].n };
        at += places[i].n;
    }
    err = store_snapshot_save(k->store, &p->head, guilds, n);
    free(guilds);
    return err;
}

static void run_snapshot(struct mail *mail)
{
    struct snapshot *p = CONTAINER_OF(mail, struct snapshot, mail);

    tell_snapshot(p->shard, &p->head, save_snapshot(p->shard->kept.keeper, p));
    free_snapshot(p);
}

void keeper_save_snapshot(struct crew_shard *s)
{
    struct snapshot *p = make_snapshot(s);

    if (!p)
        return;
    s->kept.snapshot_under_way = true;
    p->mail.run = run_snapshot;
    mailbox_post(&s->kept.keeper->box, &p->mail);
}

/* ---- The end --------------------------------------------------------------------------
 */

static int save_now(struct keeper *k, struct crew_shard *s)
{
    struct snapshot *p = make_snapshot(s);
    int err = p ? save_snapshot(k, p) : CORDAGE_ENOMEM;

    free_snapshot(p);
    return err;
}

/* There is no next time. */
static void save_last_snapshot(struct keeper *k, struct crew_shard *s)
{
    bool failed;

    pthread_mutex_lock(&s->lock);
    failed = s->kept.saved.snapshot_failed;
    pthread_mutex_unlock(&s->lock);
    if (failed)
        kept_pack_again(s);
    if (save_now(k, s) == CORDAGE_ENOTFOUND) {
        kept_pack_again(s);
        (void)save_now(k, s);
    }
}

/* A shard that is closed: its snapshot now, its row into `rows`. */
static void save_last(struct keeper *k, struct crew_shard *s, struct link *rows)
{
    struct row *r;

    if (!kept_has_session(s))
        return;
    if (s->cache && !s->kept.incomplete)
        save_last_snapshot(k, s);
    r = make_row(s);
    if (r)
        list_insert(rows, &r->link);
}

/* Whether it runs here, and was not handed over. */
static bool is_ours(const struct crew_shard *s)
{
    return s->shard && s->kept.progress;
}

void keeper_save_all(struct keeper *k)
{
    struct crew *crew = &k->client->crew;
    struct link rows;

    list_init(&rows);
    for (uint32_t i = 0; i < crew->n_shards; i++)
        if (is_ours(&crew->shards[i]))
            save_last(k, &crew->shards[i], &rows);
    if (!list_is_empty(&rows))
        save_rows(k, &rows, true, false);
}

void keeper_forget_all(struct keeper *k)
{
    struct crew *crew = &k->client->crew;

    for (uint32_t i = 0; i < crew->n_shards; i++) {
        uint32_t id = crew->shards[i].id, count = crew->range.count;

        if (!is_ours(&crew->shards[i]))
            continue;
        store_forget_session(k->store, id, count);
        store_snapshot_drop(k->store, id, count);
        progress_remove(store_dir(k->store), id, count);
    }
}

/* ---- To another process ---------------------------------------------------------------
 */

void keeper_hand_over(struct keeper *k, struct crew_shard *s, struct shift_given *out)
{
    struct link rows;

    /* Rows of before that wait in the same mail would undo the last one. */
    keeper_flush_rows(k);
    list_init(&rows);
    *out = (struct shift_given){ 0 };
    if (s->kept.progress) {
        save_last(k, s, &rows);
        if (!list_is_empty(&rows))
            save_rows(k, &rows, false, false);
        out->open = progress_open_events(s->kept.progress, &out->running);
        kept_abandon(&s->kept);
    }
}
