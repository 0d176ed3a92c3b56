#include "plan.h"

#include "cordage/cordage.h"
#include "json_write.h"

enum { SHARDS_PER_AUTO_WORKER = 16 };

/* A total that Discord still finds near enough is kept: another costs every session. */
static uint32_t auto_total(uint32_t recommended, const struct plan *last)
{
    uint64_t was = last ? last->range.count : 0;

    if (was && 2 * was >= recommended && was <= 2 * (uint64_t)recommended)
        return (uint32_t)was;
    return recommended;
}

static int choose_range(const struct plan_wish *wish, uint32_t recommended,
                        const struct plan *last, struct shard_range *r,
                        cordage_error *error)
{
    bool is_part = wish->first != 0 || wish->last != CORDAGE_SHARD_LAST;

    if (!wish->shards && is_part)
        return error_set(error, CORDAGE_EINVAL,
                         "A range of shards is given, but not how many shards there are "
                         "in all: set --shards (shards: in cordage.yaml) to a number, "
                         "the same on each machine.");
    r->count = wish->shards ? wish->shards : auto_total(recommended, last);
    r->first = wish->first;
    r->last = wish->last == CORDAGE_SHARD_LAST && r->count ? r->count - 1 : wish->last;
    return shard_range_check(r, error);
}

static uint32_t divided_up(uint32_t n, uint32_t by)
{
    return (uint32_t)(((uint64_t)n + by - 1) / by);
}

static uint32_t auto_workers(uint32_t shards, uint32_t cores)
{
    uint32_t n = divided_up(shards, SHARDS_PER_AUTO_WORKER);

    if (cores < 1)
        cores = 1;
    return n < cores ? n : cores;
}

static int choose_workers(const struct plan_wish *wish, uint32_t shards, uint32_t cores,
                          uint32_t *out, cordage_error *error)
{
    uint32_t n = wish->workers;

    if (wish->workers && wish->shards_per_worker)
        return error_set(error, CORDAGE_EINVAL,
                         "Both --workers %u and --shards-per-worker %u are given, and "
                         "each decides the other: leave one out.",
                         wish->workers, wish->shards_per_worker);
    if (wish->workers > LIMIT_WORKERS)
        return error_set(error, CORDAGE_EINVAL,
                         "--workers %u are too many for one machine: give at most %d",
                         wish->workers, LIMIT_WORKERS);
    if (wish->shards_per_worker)
        n = divided_up(shards, wish->shards_per_worker);
    else if (!n)
        n = auto_workers(shards, cores);
    if (wish->shards_per_worker && n > LIMIT_WORKERS)
        return error_set(error, CORDAGE_EINVAL,
                         "--shards-per-worker %u makes %u workers of %u shards, and one "
                         "machine runs at most %d: give at least %u",
                         wish->shards_per_worker, n, shards, LIMIT_WORKERS,
                         divided_up(shards, LIMIT_WORKERS));
    if (n > LIMIT_WORKERS)
        n = LIMIT_WORKERS;
    *out = n < shards ? n : shards;
    return 0;
}

int plan_make(const struct plan_wish *wish, uint32_t recommended, uint32_t cores,
              const struct plan *last, struct plan *out, cordage_error *error)
{
    struct plan p = { 0 };
    int err = choose_range(wish, recommended, last, &p.range, error);

    if (!err)
        err =
            choose_workers(wish, shard_range_size(&p.range), cores, &p.n_workers, error);
    if (!err)
        *out = p;
    return err;
}

/* The first workers have one shard more where it doesn't divide evenly. */
struct shard_range plan_part(const struct plan *p, uint32_t i)
{
    uint32_t shards = shard_range_size(&p->range);
    uint32_t each = shards / p->n_workers, larger = shards % p->n_workers;
    uint32_t first = p->range.first + i * each + (i < larger ? i : larger);
    uint32_t size = each + (i < larger ? 1 : 0);

    return (struct shard_range){ first, first + size - 1, p->range.count };
}

uint32_t plan_worker_of(const struct plan *p, uint32_t id)
{
    uint32_t shards = shard_range_size(&p->range);
    uint32_t each = shards / p->n_workers, larger = shards % p->n_workers;
    uint32_t at = id - p->range.first;

    if (at < larger * (each + 1))
        return at / (each + 1);
    return larger + (at - larger * (each + 1)) / each;
}

int plan_write(const struct plan *p, struct buf *out)
{
    struct json_writer w;

    json_begin(&w, out);
    json_open(&w, '{');
    json_key(&w, "shards");
    json_put_u64(&w, p->range.count);
    json_key(&w, "first");
    json_put_u64(&w, p->range.first);
    json_key(&w, "last");
    json_put_u64(&w, p->range.last);
    json_key(&w, "workers");
    json_put_u64(&w, p->n_workers);
    json_shut(&w, '}');
    return json_end(&w);
}

static bool read_u32(cordage_json object, const char *key, uint32_t *out)
{
    uint64_t n;

    if (!json_u64(json_get(object, key), &n) || n > UINT32_MAX)
        return false;
    *out = (uint32_t)n;
    return true;
}

int plan_read(cordage_json json, struct plan *out)
{
    struct plan p;

    if (!read_u32(json, "shards", &p.range.count) ||
        !read_u32(json, "first", &p.range.first) ||
        !read_u32(json, "last", &p.range.last) ||
        !read_u32(json, "workers", &p.n_workers))
        return CORDAGE_EPARSE;
    if (shard_range_check(&p.range, NULL) || p.n_workers < 1 ||
        p.n_workers > LIMIT_WORKERS || p.n_workers > shard_range_size(&p.range))
        return CORDAGE_EPARSE;
    *out = p;
    return 0;
}
