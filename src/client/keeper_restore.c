/* The start of a bot that runs alone: what earlier processes left of all its shards. */
#include "keeper_inner.h"

struct restoring {
    struct keeper *keeper;
    struct crew *crew;
    struct heritage **of; /* by shard */
};

/* One that there is no memory for is not resumed. */
static void take_session(void *user, const struct store_session *row)
{
    struct restoring *r = user;
    uint32_t i = row->shard_id - r->crew->range.first;

    if (i < r->crew->n_shards && !r->of[i])
        r->of[i] = heritage_of_row(r->keeper, row);
}

static void load(struct restoring *r)
{
    const struct shard_range *range = &r->crew->range;
    struct keeper *k = r->keeper;

    store_load_sessions(k->store, &k->who, range->count, range->first, range->last,
                        take_session, r);
    for (uint32_t i = 0; i < r->crew->n_shards; i++)
        if (r->of[i])
            keeper_load_snapshot(k, &r->crew->shards[i], r->of[i]);
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
            heritage_free(r->of[i]);
            r->of[i] = NULL;
            n_fresh++;
        } else {
            heritage_say_incomplete(r->keeper, &r->crew->shards[i]);
        }
    }
    return n_fresh;
}

/* CORDAGE_EBUSY; else *needed counts the IDENTIFYs. Frees the heritages in any case. */
static int give_to_shards(struct restoring *r, uint32_t *needed, cordage_error *error)
{
    int err = 0;

    for (uint32_t i = 0; i < r->crew->n_shards; i++) {
        struct crew_shard *s = &r->crew->shards[i];
        struct heritage *h = r->of ? r->of[i] : NULL;

        if (!err)
            err = keeper_open_progress(r->keeper, s, h ? h->mark : 0, error);
        if (!err && h && !heritage_pass_on(h, s))
            ++*needed;
        heritage_free(h);
    }
    return err;
}

int keeper_restore(cordage_client *c, uint64_t allowed, uint32_t *needed,
                   cordage_error *error)
{
    struct crew *crew = &c->crew;
    struct restoring r = { .keeper = c->keeper, .crew = crew };
    int err;

    *needed = crew->n_shards;
    if (!c->keeper)
        return 0;
    r.of = mem_zero(crew->n_shards * sizeof(r.of[0]));
    if (r.of) {
        load(&r);
        *needed = give_up_incomplete(&r, allowed);
    }
    err = give_to_shards(&r, needed, error);
    free(r.of);
    return err;
}
