/* Promise 6: what is saved as done is done. Read off Discord's own list of a session's
 * events: each message up to the row's sequence has been handled. */
#include "judge_private.h"

#include <stdlib.h>
#include <string.h>

#include "net.h"
#include "machine.h"
#include "store.h"

void saved_session_begins(struct shard_book *b, const struct sim_session *ss)
{
    memcpy(b->session, ss->id, sizeof b->session);
    b->began_at = ss->ready_at - the_judge.began_at;
    b->pid = b->asked_pid;
    b->row_saved = b->snapshot_saved = b->is_known = false;
    b->may_be_given_up = false;
    b->row_done = b->snapshot_seq = b->checked_to = 0;
    b->resumes = 0;
}

uint64_t saved_safe(const struct shard_book *b)
{
    uint64_t safe = b->row_done;

    if (the_judge.plan.caches && b->snapshot_seq < safe)
        safe = b->snapshot_seq;
    return safe ? safe : 1; /* READY itself counts as done at once */
}

/* ---- A session's events ------------------------------------------------------------ */

static const struct sim_event *event_at(const struct sim_session *ss, uint64_t seq)
{
    uint64_t first = ss->seq - ss->n_kept + 1;

    if (seq < first || seq > ss->seq)
        return NULL;
    return ss->ring[(ss->ring_first + (seq - first)) % ss->ring_size];
}

/* The number behind `key` in a JSON text. */
static bool number_behind(struct str text, const char *key, uint64_t *out)
{
    size_t at = str_find(text, str_of(key));
    size_t n = 0;

    if (at == SIZE_MAX)
        return false;
    text = (struct str){ text.p + at + strlen(key), text.n - at - strlen(key) };
    while (n < text.n && text.p[n] >= '0' && text.p[n] <= '9')
        n++;
    return str_u64((struct str){ text.p, n }, out);
}

/* A traffic message: which guild's, and its number. */
static bool is_traffic(const struct sim_event *e, uint64_t *guild, uint64_t *n)
{
    static const char head[] = "{\"t\":\"MESSAGE_CREATE\"";
    struct str text = { e->text, e->n };

    return e->n > sizeof head && memcmp(e->text, head, sizeof head - 1) == 0 &&
           number_behind(text, "\"nonce\":\"", n) &&
           number_behind(text, "\"guild_id\":\"", guild);
}

/* All events of the shard's session up to `done` are. */
static void check_done(uint32_t shard, struct shard_book *b, const struct sim_session *ss,
                       uint64_t done)
{
    if (done > ss->seq) {
        judge_accuse(PROMISE_SAVED_BEHIND, "shard %u: saved as done up to %llu, of %llu",
                     shard, (unsigned long long)done, (unsigned long long)ss->seq);
        return;
    }
    while (b->checked_to < done && !judge_has_spoken()) {
        const struct sim_event *e = event_at(ss, ++b->checked_to);
        uint64_t guild, n;

        if (e && is_traffic(e, &guild, &n) && !traffic_is_done(guild, n))
            judge_accuse(PROMISE_SAVED_BEHIND,
                         "shard %u: saved as done up to %llu, but %llu (message %llu of "
                         "guild %llu) is not",
                         shard, (unsigned long long)done,
                         (unsigned long long)b->checked_to, (unsigned long long)n,
                         (unsigned long long)guild);
    }
}

/* ---- What is saved ----------------------------------------------------------------- */

static void saved_row(const struct store_session *row)
{
    struct judge *j = &the_judge;
    struct shard_book *b;
    struct sim_session *ss;

    if (row->shard_id >= j->plan.shards || row->shard_count != j->plan.shards)
        return;
    b = &j->shards[row->shard_id];
    if (!str_is(row->session_id, b->session))
        return;
    b->is_known = true;
    b->row_saved = !j->disk_fails;
    b->row_done = row->done;
    ss = sim_session_find(net_sim(), row->session_id);
    if (ss)
        check_done(row->shard_id, b, ss, row->done);
}

void judge_saved(struct vprocess *p, const struct store_session *rows, size_t n)
{
    judge_look();
    judge_note_number((uint64_t)vprocess_pid(p));
    for (size_t i = 0; i < n; i++) {
        judge_note_number(rows[i].done);
        saved_row(&rows[i]);
    }
}

void judge_saved_snapshot(const struct store_snapshot *head)
{
    struct judge *j = &the_judge;
    struct shard_book *b;

    judge_look();
    if (head->shard_id >= j->plan.shards || head->shard_count != j->plan.shards)
        return;
    b = &j->shards[head->shard_id];
    if (head->session_mark != store_mark(str_of(b->session)))
        return;
    b->snapshot_saved = !j->disk_fails;
    b->snapshot_seq = head->seq;
}

void judge_has_no_snapshot(const struct store_snapshot *head)
{
    struct shard_book *b;

    if (head->shard_id >= the_judge.plan.shards ||
        head->shard_count != the_judge.plan.shards)
        return;
    b = &the_judge.shards[head->shard_id];
    if (head->session_mark == store_mark(str_of(b->session)))
        b->snapshot_seq = UINT64_MAX;
}

void judge_booked(uint32_t shard, bool is_on_disk)
{
    if (shard >= the_judge.plan.shards)
        return;
    the_judge.shards[shard].booked++;
    the_judge.shards[shard].is_booking_on_disk = is_on_disk;
}
