/* Workers that aren't built with libcordage: nobody there asks for slots.
 *
 * They are started one after another, each when the one before should have identified all
 * its shards: ceil(shards / max_concurrency) windows. All these IDENTIFYs are booked in
 * advance, so that what other processes may spend is right; that the bot keeps to
 * max_concurrency within its own shards can't be seen from here. */
#include "error.h"
#include "fatal.h"
#include "identify.h"
#include "supervisor_inner.h"

static uint64_t schedule_ms(const struct supervisor *s, uint32_t n)
{
    uint32_t keys = s->bot.max_concurrency;

    return (uint64_t)((n + keys - 1) / keys) * (GATEWAY_IDENTIFY_MS + IDENTIFY_MARGIN_MS);
}

bool foreign_all_up(const struct supervisor *s)
{
    for (uint32_t i = 0; i < s->n_workers; i++)
        if (!s->workers[i].current)
            return false;
    return s->foreign_timer.place == 0;
}

static void on_turn(struct timer *t)
{
    foreign_go_on(CONTAINER_OF(t, struct supervisor, foreign_timer));
}

static void book_all(struct supervisor *s, const struct shard_range *part)
{
    uint64_t wall = fleet_wall(s);

    for (uint32_t id = part->first; id <= part->last; id++) {
        (void)ledger_book(&s->ledger, wall);
        (void)store_book_identify(s->store, wall, id, part->count);
        gate_remember(s->gate, id, wall);
    }
}

/* What the first start of all that don't live needs; a later one waits for its turn. */
static bool may_begin(struct supervisor *s)
{
    uint32_t needed = 0;
    cordage_error error;

    if (s->foreign_checked)
        return true;
    s->foreign_checked = true;
    for (uint32_t i = 0; i < s->n_workers; i++)
        if (!s->workers[i].current)
            needed += shard_range_size(&s->workers[i].part);
    if (needed <= ledger_allowed(&s->ledger, fleet_wall(s)))
        return true;
    fatal_over_budget(needed, &s->ledger, fleet_wall(s), &error);
    fleet_fail(s, cordage_exit_status(error.code), error.message);
    return false;
}

/* Its next life costs as much as the first. */
static bool is_covered(struct supervisor *s, const struct fleet_worker *w)
{
    uint32_t n = shard_range_size(&w->part);
    uint64_t wall = fleet_wall(s), when = ledger_when(&s->ledger, n, wall);

    if (when <= wall)
        return true;
    log_line(&s->log, LOG_WARN,
             "worker=%u rests: its %u identifies are more than what is left today",
             w->index, n);
    s->host->arm(s->host, &s->foreign_timer,
                 s->host->now(s->host) +
                     (when == UINT64_MAX ? LEDGER_WINDOW_MS : when - wall));
    return false;
}

void foreign_go_on(struct supervisor *s)
{
    s->foreign_timer.fire = on_turn;
    if (s->foreign_timer.place || !may_begin(s))
        return;
    for (uint32_t i = 0; i < s->n_workers; i++) {
        struct fleet_worker *w = &s->workers[i];
        uint32_t n = shard_range_size(&w->part);

        if (w->current || w->restart.place)
            continue;
        if (!is_covered(s, w))
            return;
        book_all(s, &w->part);
        s->host->arm(s->host, &s->foreign_timer,
                     s->host->now(s->host) + schedule_ms(s, n));
        if (process_start(w, false, &w->current))
            fleet_fail(s, 1, "A worker cannot be started: see above.");
        return;
    }
}
