/* From Discord's answer to the first IDENTIFY.
 *
 * The plan is made, workers that live are waited for, the others start, and all take
 * their shards. Then it is known how many of them have no session to resume; nothing has
 * been spent yet, because the gate is held. If the budget doesn't cover them the fleet
 * ends here; else the gate opens. */
#include <sched.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "error.h"
#include "fatal.h"
#include "supervisor_inner.h"

static uint32_t cores(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;

    return n > 0 ? (uint32_t)n : 1;
}

static int make_plan(struct supervisor *s, cordage_error *error)
{
    struct plan last;
    bool has_last = plan_recall(s, &last);

    return plan_make(&s->options.wish, s->bot.shards, cores(), has_last ? &last : NULL,
                     &s->plan, error);
}

/* ---- The gate and its books ---- */

static void book(void *user, uint32_t shard_id, uint32_t shard_count, uint64_t wall)
{
    struct supervisor *s = user;

    /* If it fails the log says so, and the slot is granted all the same: gate_local.h. */
    (void)store_book_identify(s->store, wall, shard_id, shard_count);
}

static void remember(void *user, uint64_t wall, uint32_t shard_id, uint32_t shard_count)
{
    struct supervisor *s = user;

    (void)shard_count;
    (void)ledger_remember(&s->ledger, wall);
    gate_remember(s->gate, shard_id, wall);
}

static int make_gate(struct supervisor *s, cordage_error *error)
{
    const struct gate_books books = { &s->ledger, book, s };
    uint64_t wall = fleet_wall(s);
    int err;

    ledger_init(&s->ledger, s->plan.range.count);
    err = gate_new(s->host, s->bot.max_concurrency, &books, &s->gate);
    if (err)
        return error_set(error, err, "The identify gate could not be made: %s.",
                         cordage_strerror(err));
    gate_hold(s->gate, true);
    if (store_load_identifies(s->store,
                              wall > LEDGER_WINDOW_MS ? wall - LEDGER_WINDOW_MS : 0,
                              remember, s))
        log_line(
            &s->log, LOG_WARN,
            "earlier identifies are not known: only Discord's own count bounds them");
    ledger_limits(&s->ledger, s->bot.total, s->bot.remaining, s->bot.reset_after_ms,
                  wall);
    return gate_limits(s->gate, s->bot.max_concurrency);
}

/* ---- Workers and shards ---- */

static void on_restart(struct timer *t)
{
    workers_start(CONTAINER_OF(t, struct fleet_worker, restart)->s);
}

static int make_workers(struct supervisor *s, cordage_error *error)
{
    const struct shard_range *range = &s->plan.range;
    uint32_t n = shard_range_size(range);

    s->workers = calloc(s->plan.n_workers, sizeof *s->workers);
    s->shards = calloc(n, sizeof *s->shards);
    s->samples = calloc(n, sizeof *s->samples);
    if (!s->workers || !s->shards || !s->samples || watchdog_new(n, &s->watchdog) ||
        view_set_shards(s->view, range->count, range->first, range->last))
        return error_set(error, CORDAGE_ENOMEM, "Out of memory.");
    for (uint32_t i = 0; i < n; i++)
        picture_dark(s, &s->shards[i], true);
    s->n_workers = s->plan.n_workers;
    for (uint32_t i = 0; i < s->n_workers; i++) {
        struct fleet_worker *w = &s->workers[i];

        w->s = s;
        w->index = i;
        w->part = plan_part(&s->plan, i);
        w->last_exit = -1;
        w->restart.fire = on_restart;
    }
    return 0;
}

/* A shard takes a connection and a file, REST and the store some more. */
static void look_at_files(struct supervisor *s)
{
    const uint64_t each = 3, others = 64;
    struct shard_range part = plan_part(&s->plan, 0);
    uint64_t needed = shard_range_size(&part) * each + others;
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < needed)
        log_line(&s->log, LOG_WARN,
                 "a worker may open %llu files and needs some %llu: raise the limit "
                 "(LimitNOFILE= in its unit, or ulimit -n), or take more --workers",
                 (unsigned long long)limit.rlim_cur, (unsigned long long)needed);
}

static int over_budget(struct supervisor *s, uint32_t needed, cordage_error *error)
{
    uint64_t wall = fleet_wall(s);

    return needed > ledger_allowed(&s->ledger, wall)
               ? fatal_over_budget(needed, &s->ledger, wall, error)
               : 0;
}

static int prepare(struct supervisor *s, cordage_error *error)
{
    int err = make_plan(s, error);

    if (!err)
        err = make_gate(s, error);
    if (!err)
        err = make_workers(s, error);
    return err;
}

void opening_begin(struct supervisor *s)
{
    const struct shard_range *range = &s->plan.range;
    cordage_error error;

    if (prepare(s, &error)) {
        fleet_fail(s, cordage_exit_status(error.code), error.message);
        return;
    }
    log_line(&s->log, LOG_INFO, "starting shards=%u-%u/%u workers=%u at_least_ms=%llu",
             range->first, range->last, range->count, s->n_workers,
             (unsigned long long)shards_start_ms(shard_range_size(range),
                                                 s->bot.max_concurrency));
    look_at_files(s);
    s->phase = FLEET_OPENING;
    s->opened_at = fleet_real(s);
    s->opening_ends = s->opened_at + FLEET_OPENING_MS;
    plan_adopt(s);
    workers_start(s);
    picture_second(s); /* whoever asks now hears of it */
    opening_look(s);
}

/* How many shards nobody has taken yet; how many of the others need an IDENTIFY. */
static uint32_t not_taken(const struct supervisor *s, uint32_t *needed)
{
    uint32_t n = 0;

    *needed = 0;
    for (uint32_t i = 0; i < fleet_n_shards(s); i++) {
        n += s->shards[i].hand != HAND_HELD;
        *needed += s->shards[i].hand == HAND_HELD && s->shards[i].needs_identify;
    }
    return n;
}

void opening_look(struct supervisor *s)
{
    uint32_t needed, missing;
    cordage_error error;

    if (s->phase != FLEET_OPENING)
        return;
    missing = not_taken(s, &needed);
    if (missing && !s->options.foreign && fleet_real(s) < s->opening_ends)
        return;
    if (over_budget(s, needed, &error)) {
        fleet_fail(s, cordage_exit_status(error.code), error.message);
        return;
    }
    if (missing && !s->options.foreign)
        log_line(&s->log, LOG_WARN, "%u shards are not taken yet: the others go ahead",
                 missing);
    log_line(&s->log, LOG_INFO,
             "all workers are there: %u shards resume or live, %u identify",
             fleet_n_shards(s) - missing - needed, needed);
    s->phase = FLEET_RUNNING;
    gate_hold(s->gate, false);
}
