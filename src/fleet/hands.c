/* Which process has which shard: never two at a time.
 *
 * A shard has a home, the process that is to have it, and a holder, the one that has it
 * or was told to take it. What is free and has a home that can be spoken to is taken by
 * it; what another holds is left alone until that one has given it away, or has ended.
 * Behind our back a process may hold a shard that we don't know of (one of our
 * predecessor's, which hasn't found us yet): then the lock on the shard's progress file
 * says EBUSY, and it is tried again. */
#include "supervisor_inner.h"

enum { HAND_RETRY_MS = 1000 };

static void arm_retry(struct supervisor *s, struct fleet_shard *sh)
{
    sh->retry_at = fleet_real(s) + HAND_RETRY_MS; /* looked at each second */
}

static void release(struct supervisor *s, struct fleet_shard *sh)
{
    sh->hand = HAND_FREE;
    sh->holder = NULL;
    sh->needs_identify = false;
    picture_dark(s, sh, true);
}

void hands_assign(struct fleet_worker *w)
{
    struct process *p = w->current;

    if (!p || p->state != PROCESS_RUNNING || rolling_has(w->s, w))
        return;
    for (uint32_t id = w->part.first; id <= w->part.last; id++) {
        struct fleet_shard *sh = fleet_shard(w->s, id);

        if (!sh->home)
            sh->home = p;
    }
}

/* ---- Taking ---- */

static bool is_to_take(const struct process *p, const struct fleet_shard *sh,
                       uint64_t now)
{
    return sh->home == p && sh->hand == HAND_FREE && sh->retry_at <= now;
}

/* While it opens the budget is shared by all who start, in proportion. */
static uint32_t identifies_for(struct supervisor *s, uint32_t n)
{
    uint64_t allowed = ledger_allowed(&s->ledger, fleet_wall(s));

    if (s->phase == FLEET_OPENING)
        allowed = (uint64_t)((double)allowed * n / fleet_n_shards(s));
    return allowed < n ? (uint32_t)allowed : n;
}

static void take(struct process *p)
{
    struct supervisor *s = p->s;
    uint64_t now = fleet_real(s);
    struct link_shards m = { .ids = s->room };

    for (uint32_t id = p->part.first; id <= p->part.last; id++)
        if (is_to_take(p, fleet_shard(s, id), now))
            s->room[m.n++] = id;
    if (!m.n)
        return;
    m.identifies = identifies_for(s, m.n);
    buf_clear(&s->body);
    if (link_put_shards(&s->body, &m) || process_send(p, LINK_TAKE))
        return; /* again in a second, or when its link is back */
    for (uint32_t i = 0; i < m.n; i++) {
        struct fleet_shard *sh = fleet_shard(s, s->room[i]);

        sh->hand = HAND_TAKING;
        sh->holder = p;
    }
}

void hands_settle(struct supervisor *s)
{
    /* One that another plan's process may hold can't be told from one that is free. */
    if (s->n_misfits || s->phase >= FLEET_STOPPING || s->options.foreign)
        return;
    for (struct link *at = s->processes.next; at != &s->processes; at = at->next) {
        struct process *p = CONTAINER_OF(at, struct process, on_fleet);

        if (p->state == PROCESS_RUNNING && p->caller && p->worker)
            take(p);
    }
}

static void hold(struct process *p, struct fleet_shard *sh)
{
    sh->hand = HAND_HELD;
    sh->holder = p;
    sh->said_busy = false;
    sh->events = sh->resumes = sh->identifies = 0;
}

static void not_taken(struct process *p, struct fleet_shard *sh, uint32_t id, int err)
{
    struct supervisor *s = p->s;

    release(s, sh);
    arm_retry(s, sh);
    if (!sh->said_busy)
        log_line(&s->log, LOG_WARN, "shard=%u worker=%u can't take it yet: %s%s", id,
                 p->index, cordage_strerror(err),
                 err == CORDAGE_EBUSY ? " (one that ran it before hasn't ended)" : "");
    sh->said_busy = true;
}

void hands_taken(struct process *p, const struct link_moved *m)
{
    struct supervisor *s = p->s;
    struct fleet_shard *sh = fleet_shard(s, m->shard);

    bool failed = m->err && m->err != CORDAGE_ESTATE;

    /* One that it only was about to have when it told what it has was counted as its. */
    if (!sh || sh->holder != p ||
        (sh->hand != HAND_TAKING && !(failed && sh->hand == HAND_HELD)))
        return;
    if (failed) {
        not_taken(p, sh, m->shard, m->err);
    } else {
        hold(p, sh);
        sh->needs_identify = !m->err && !m->resumes;
        s->view->handovers += sh->handed;
        sh->handed = false;
    }
    rolling_taken(s, m->shard, sh->hand == HAND_HELD);
    opening_look(s);
}

void hands_claim(struct process *p, const uint32_t *ids, uint32_t n)
{
    struct supervisor *s = p->s;

    /* What we thought that it has, and it hasn't, is free. */
    for (uint32_t i = 0; i < fleet_n_shards(s); i++)
        if (s->shards[i].holder == p)
            s->shards[i].hand = HAND_FREE;
    for (uint32_t i = 0; i < n; i++) {
        struct fleet_shard *sh = fleet_shard(s, ids[i]);

        if (!sh || (sh->holder && sh->holder != p))
            continue;
        if (sh->holder != p)
            hold(p, sh);
        sh->hand = HAND_HELD;
    }
    for (uint32_t i = 0; i < fleet_n_shards(s); i++)
        if (s->shards[i].holder == p && s->shards[i].hand == HAND_FREE) {
            release(s, &s->shards[i]);
            rolling_given(s, fleet_shard_id(s, &s->shards[i]));
        }
}

/* ---- Giving ---- */

void hands_give(struct process *p, uint32_t id)
{
    struct supervisor *s = p->s;
    struct link_shards m = { .n = 1, .ids = &id, .patience_ms = ROLL_PATIENCE_MS };
    struct fleet_shard *sh = fleet_shard(s, id);

    sh->home = NULL;
    if (sh->holder != p) {
        rolling_given(s, id); /* it isn't there any more */
        return;
    }
    buf_clear(&s->body);
    if (!link_put_shards(&s->body, &m) && !process_send(p, LINK_GIVE))
        sh->hand = HAND_GIVING;
}

void hands_given(struct process *p, const struct link_moved *m)
{
    struct supervisor *s = p->s;
    struct fleet_shard *sh = fleet_shard(s, m->shard);

    if (!sh || sh->holder != p)
        return;
    if (m->running)
        log_line(
            &s->log, LOG_WARN,
            "shard=%u handed over while handlers of %u events still ran: they may run "
            "twice",
            m->shard, m->running);
    release(s, sh);
    sh->handed = true;
    rolling_given(s, m->shard);
    hands_settle(s);
}

void hands_dropped(struct process *p)
{
    struct supervisor *s = p->s;

    for (uint32_t i = 0; i < fleet_n_shards(s); i++) {
        struct fleet_shard *sh = &s->shards[i];

        if (sh->home == p)
            sh->home = NULL;
        if (sh->holder == p)
            release(s, sh);
    }
}
