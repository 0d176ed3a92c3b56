/* Promises 1 and 2, and of 3 that no session which could be resumed is given up: each
 * IDENTIFY has its time, its budget, its booking and its reason. */
#include "judge_private.h"

#include <stdlib.h>
#include <string.h>

#include "machine.h"
#include "net.h"

enum {
    WINDOW_MS = 5000,
    FRUITFUL_MS =
        30 * 1000, /* a RESUME whose connection lived so long came to something */
};

/* ---- Promise 1 -----------------------------------------------------------------------
 */

/* A disk that fails, or a clock that is set between the two, keeps the next process from
 * knowing when the last one identified. */
static bool may_be_unknown(const struct key_book *k, int pid)
{
    return k->pid != pid && (k->is_lost || the_judge.clock_jumped_at >= k->left);
}

static void check_window(uint32_t shard, int pid, uint64_t left)
{
    struct judge *j = &the_judge;
    struct key_book *k = &j->keys[shard % j->plan.max_concurrency];
    uint64_t apart = left > k->left ? left - k->left : k->left - left;

    if (k->left && apart < WINDOW_MS && !may_be_unknown(k, pid))
        judge_accuse(PROMISE_IDENTIFY_APART, "two IDENTIFYs on key %u within %llu ms",
                     shard % j->plan.max_concurrency, (unsigned long long)apart);
    if (left < k->left)
        return;
    k->left = left;
    k->pid = pid;
    k->is_lost = judge_life(pid)->keeps_nothing || !j->shards[shard].is_booking_on_disk;
}

/* ---- Promise 2 -----------------------------------------------------------------------
 */

void identify_answered(struct str body)
{
    struct judge *j = &the_judge;
    struct told *t = &j->told;
    cordage_json root, limit;
    uint64_t reset_after;

    buf_clear(&j->in);
    if (buf_append_str(&j->in, body) < 0 ||
        json_parse(j->parser, buf_str(&j->in), &root) < 0)
        return;
    limit = json_get(root, "session_start_limit");
    *t = (struct told){ 0 };
    t->known = json_u64(json_get(limit, "total"), &t->total) &&
               json_u64(json_get(limit, "remaining"), &t->remaining) &&
               json_u64(json_get(limit, "reset_after"), &reset_after);
    t->resets_at = t->known && reset_after ? judge_time() + reset_after : UINT64_MAX;
}

/* As documented: a tenth of the total, at least one for each shard, at most half. */
static uint64_t reserve(uint64_t total)
{
    uint64_t n = total / 10;

    if (n < the_judge.plan.shards)
        n = the_judge.plan.shards;
    return n < total / 2 ? n : total / 2;
}

/* What left within the last day. */
static size_t count_of_day(uint64_t left)
{
    struct judge *j = &the_judge;
    size_t old = 0;

    while (old < j->n_identified && j->identified[old] + DAY_MS <= left)
        old++;
    if (old) /* of an empty array there is none */
        memmove(j->identified, j->identified + old,
                (j->n_identified - old) * sizeof *j->identified);
    j->n_identified -= old;
    if (j->n_identified == j->size_identified) {
        j->size_identified = j->size_identified ? j->size_identified * 2 : 64;
        j->identified =
            realloc(j->identified, j->size_identified * sizeof *j->identified);
        if (!j->identified)
            abort();
    }
    j->identified[j->n_identified++] = left;
    return j->n_identified;
}

static void check_budget(uint32_t shard, int pid, uint64_t left)
{
    struct judge *j = &the_judge;
    struct told *t = &j->told;
    size_t of_day = count_of_day(left);
    uint64_t total = j->plan.session_limit;

    if (!j->clock_jumped && of_day > total - reserve(total))
        judge_accuse(PROMISE_BUDGET,
                     "%zu IDENTIFYs in a day, of %llu with a reserve of %llu", of_day,
                     (unsigned long long)total, (unsigned long long)reserve(total));
    if (t->known && judge_time() >= t->resets_at) {
        t->remaining = t->total;
        t->used = 0;
        t->resets_at = UINT64_MAX;
    }
    if (t->known && !j->clock_jumped && ++t->used + reserve(t->total) > t->remaining)
        judge_accuse(
            PROMISE_BUDGET,
            "IDENTIFY %llu since Discord said that %llu were left, with a reserve "
            "of %llu",
            (unsigned long long)t->used, (unsigned long long)t->remaining,
            (unsigned long long)reserve(t->total));
    if (judge_life(pid)->keeps_nothing) /* nor does it book */
        j->shards[shard].booked++;
    if (j->shards[shard].identifies >= j->shards[shard].booked)
        judge_accuse(PROMISE_BUDGET, "shard %u: an IDENTIFY that was not booked", shard);
}

bool judge_is_starved(void)
{
    struct judge *j = &the_judge;
    uint64_t total = j->plan.session_limit, left;
    struct sim_budget b;

    sim_budget(net_sim(), sim_app(net_sim(), 0), machine_now(), &b);
    left = b.remaining > reserve(total) ? b.remaining - reserve(total) : 0;
    return left < j->plan.shards ||
           j->n_identified + j->plan.shards > total - reserve(total);
}

/* ---- Promise 3: its reason -----------------------------------------------------------
 */

static const struct sim_session *session_of(uint32_t shard)
{
    struct sim *s = net_sim();
    const struct sim_session *last = NULL;

    for (struct link *l = s->sessions.next; l != &s->sessions; l = l->next) {
        const struct sim_session *ss = CONTAINER_OF(l, struct sim_session, link);

        if (ss->wants.shard_id == shard && ss->wants.shard_count == the_judge.plan.shards)
            last = ss;
    }
    return last;
}

/* Why the shard identifies anew; NULL: it need not have. */
static const char *reason(const struct conn_book *c, uint32_t shard)
{
    const struct judge *j = &the_judge;
    const struct shard_book *b = &j->shards[shard];
    const struct sim_session *ss = session_of(shard);

    if (!ss || ss->expires_at <= machine_now())
        return "Discord has no session of it";
    if (strcmp(ss->id, b->session) != 0 || !b->is_known)
        return "its READY never came";
    if (b->may_be_given_up)
        return "Discord closed it so";
    if (b->silenced_at && judge_time() - b->silenced_at < 8 * HOUR_MS)
        return "the watchdog ended it";
    if (b->resumes >= 2)
        return "it was resumed in vain";
    if (b->pid != c->pid && !b->row_saved)
        return "its row was not saved, or lost";
    if (b->pid != c->pid && j->plan.caches && !b->snapshot_saved)
        return "its snapshot was not saved, or lost";
    return NULL;
}

void identify_seen(struct conn_book *c, uint32_t shard, uint64_t left)
{
    struct judge *j = &the_judge;
    struct shard_book *b = &j->shards[shard];

    if (!reason(c, shard))
        judge_accuse(PROMISE_NOT_CLOSED,
                     "shard %u identifies, though its session %s could be resumed", shard,
                     b->session);
    check_window(shard, c->pid, left);
    check_budget(shard, c->pid, left);
    b->identifies++;
    b->asked_pid = c->pid;
    traffic_session_begins(shard);
}

void resume_seen(struct conn_book *c)
{
    struct shard_book *b = &the_judge.shards[c->shard];
    uint64_t now = judge_time();

    b->resumes = now - b->resumed_at < FRUITFUL_MS ? b->resumes + 1 : 1;
    b->resumed_at = now;
    b->pid = c->pid;
    b->is_known = true;
}
