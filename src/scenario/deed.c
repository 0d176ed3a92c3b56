/* Carrying out a line of faults: whom it meets, drawn anew each time from the seed. */
#include <stdio.h>
#include <stdlib.h>

#include "mem.h"
#include "rng.h"
#include "scenario_model.h"

static struct rng draw_from(const struct scenario_run *r, uint32_t fault, uint32_t which)
{
    struct rng rng = rng_seeded(r->s->seed + 0x51ed2701ULL * (fault + 1));

    rng_next(&rng);
    rng.state += which;
    rng_next(&rng);
    return rng;
}

/* ---- Shards -------------------------------------------------------------------------
 */

struct shard {
    uint32_t id, count;
};

struct shards {
    struct shard *list;
    size_t n, size;
};

static void note_session(void *user, const struct sim_session_info *info)
{
    struct shards *all = user;

    if (!info->is_connected || info->bot)
        return;
    if (all->n == all->size) {
        size_t size = all->size ? all->size * 2 : 64;
        struct shard *bigger = realloc(all->list, size * sizeof *bigger);

        if (!bigger)
            return;
        all->list = bigger;
        all->size = size;
    }
    all->list[all->n++] = (struct shard){ info->shard_id, info->shard_count };
}

static int compare(const void *a, const void *b)
{
    const struct shard *x = a, *y = b;

    if (x->count != y->count)
        return x->count < y->count ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

/* The connected ones, in an order that doesn't depend on when they came, each once. */
static void find_shards(const struct scenario_run *r, struct shards *out, uint64_t now)
{
    size_t n = 0;

    sim_each_session(r->sim, note_session, out, now);
    if (out->n)
        qsort(out->list, out->n, sizeof *out->list, compare);
    for (size_t i = 0; i < out->n; i++)
        if (n == 0 || compare(&out->list[n - 1], &out->list[i]) != 0)
            out->list[n++] = out->list[i];
    out->n = n;
}

static size_t how_many(const struct who *who, size_t n)
{
    size_t share = (size_t)(who->share * (double)n + 0.999999);

    if (who->kind == WHO_ALL)
        return n;
    if (who->kind == WHO_SHARE)
        return share < n ? share : n;
    return who->n < n ? who->n : n;
}

/* The drawn ones come first. */
static size_t draw(const struct who *who, struct shards *all, struct rng *rng)
{
    size_t n = how_many(who, all->n);

    for (size_t i = 0; i < n; i++) {
        size_t j = i + rng_below(rng, all->n - i);
        struct shard other = all->list[i];

        all->list[i] = all->list[j];
        all->list[j] = other;
    }
    return n;
}

static size_t fault_at(struct scenario_run *r, const struct fault_line *f,
                       const struct shard *shard, uint64_t now)
{
    cordage_error error;
    struct buf json = { 0 };
    size_t n = 0;
    int err = buf_append_z(&json, f->json);

    if (!err && shard)
        err = buf_printf(&json, ",\"shard\":[%u,%u]", shard->id, shard->count);
    if (!err)
        err = buf_append_z(&json, "}");
    if (!err)
        err = sim_fault(r->sim, buf_str(&json), now, &n, &error);
    buf_release(&json);
    return err ? 0 : n;
}

/* A list may name what there isn't. */
static void note_absent(struct scenario_run *r, uint32_t fault, uint32_t id, size_t of)
{
    struct tally *t = &r->tallies[fault];

    t->missing = true;
    t->absent = id;
    t->of = (uint32_t)of;
}

static void do_fault(struct scenario_run *r, const struct occurrence *o, uint64_t now)
{
    const struct fault_line *f = &r->s->faults[o->fault];
    struct rng rng = draw_from(r, o->fault, o->which);
    struct shards all = { 0 };
    size_t met = 0, n;

    if (f->who.kind == WHO_ALL) {
        met = fault_at(r, f, NULL, now);
    } else if (f->who.kind == WHO_LIST) {
        for (uint32_t i = 0; i < f->who.n; i++)
            if (f->who.ids[i] >= r->shards && r->shards)
                note_absent(r, o->fault, f->who.ids[i], r->shards);
            else if (r->shards)
                met += fault_at(r, f, &(struct shard){ f->who.ids[i], r->shards }, now);
    } else {
        find_shards(r, &all, now);
        n = draw(&f->who, &all, &rng);
        for (size_t i = 0; i < n; i++)
            met += fault_at(r, f, &all.list[i], now);
        free(all.list);
    }
    r->tallies[o->fault].met |= met > 0;
    if (f->meets)
        run_tell(r, "%s: %zu connection%s", f->text, met, met == 1 ? "" : "s");
    else
        run_tell(r, "%s", f->text);
}

/* ---- Guilds -------------------------------------------------------------------------
 */

/* Each guild that the line meets; the same ones when it is taken back. */
static size_t each_guild(struct scenario_run *r, uint32_t fault, uint32_t which,
                         void (*act)(struct sim *s, struct world_guild *g, uint64_t now),
                         uint64_t now)
{
    const struct who *who = &r->s->faults[fault].who;
    struct world *w = sim_world(r->sim);
    struct rng rng = draw_from(r, fault, which);
    size_t left = how_many(who, w->n_guilds), n = 0;

    if (who->kind == WHO_LIST) {
        for (uint32_t i = 0; i < who->n; i++)
            if (who->ids[i] >= w->n_guilds)
                note_absent(r, fault, who->ids[i], w->n_guilds);
            else
                act(r->sim, &w->guilds[who->ids[i]], now), n++;
        return n;
    }
    for (uint32_t i = 0; i < w->n_guilds && left; i++) {
        if (rng_below(&rng, w->n_guilds - i) >= left)
            continue;
        left--;
        n++;
        act(r->sim, &w->guilds[i], now);
    }
    return n;
}

static void do_guilds(struct scenario_run *r, const struct occurrence *o,
                      void (*act)(struct sim *s, struct world_guild *g, uint64_t now),
                      uint64_t now)
{
    size_t n = each_guild(r, o->fault, o->which, act, now);

    r->tallies[o->fault].met |= n > 0;
    run_tell(r, "%s: %zu guild%s", r->s->faults[o->fault].text, n, n == 1 ? "" : "s");
}

/* A scenario is about the first bot. */
static void kick(struct sim *s, struct world_guild *g, uint64_t now)
{
    sim_kick_bot(s, sim_app(s, 0), g, now);
}

static void add_again(struct sim *s, struct world_guild *g, uint64_t now)
{
    sim_add_bot(s, sim_app(s, 0), g, now);
}

/* ---- All ----------------------------------------------------------------------------
 */

static void remember(struct scenario_run *r, const struct occurrence *o, uint64_t at)
{
    if (r->n_undos == r->undos_size) {
        size_t size = r->undos_size ? r->undos_size * 2 : 16;
        struct undo *bigger = realloc(r->undos, size * sizeof *bigger);

        if (!bigger)
            return;
        r->undos = bigger;
        r->undos_size = size;
    }
    r->undos[r->n_undos++] = (struct undo){ at, o->fault, o->which };
}

void deed_do(struct scenario_run *r, const struct occurrence *o, uint64_t now)
{
    const struct fault_line *f = &r->s->faults[o->fault];
    uint64_t over = now + f->for_ms;

    r->tallies[o->fault].came++;
    switch (f->deed) {
    case DEED_FAULT:
        do_fault(r, o, now);
        break;
    case DEED_OUTAGE:
        do_guilds(r, o, sim_begin_outage, now);
        break;
    case DEED_KICK:
        do_guilds(r, o, kick, now);
        break;
    case DEED_DEPLOY:
        r->deploys_wanted++;
        r->deploys_open++;
        run_tell(r, "deploy");
        break;
    }
    if (f->for_ms && (f->deed == DEED_OUTAGE || f->deed == DEED_KICK))
        remember(r, o, over);
    if (over > r->last_fault_at)
        r->last_fault_at = over;
}

void deed_undo(struct scenario_run *r, const struct undo *u, uint64_t now)
{
    bool outage = r->s->faults[u->fault].deed == DEED_OUTAGE;
    size_t n =
        each_guild(r, u->fault, u->which, outage ? sim_end_outage : add_again, now);

    run_tell(r, outage ? "%zu guild%s back" : "the bot is in %zu guild%s again", n,
             n == 1 ? "" : "s");
}
