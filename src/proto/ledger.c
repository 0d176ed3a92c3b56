#include "ledger.h"

#include <stdlib.h>
#include <string.h>

#include "cordage/error.h"
#include "limits.h"

void ledger_init(struct ledger *l, uint32_t shards)
{
    *l = (struct ledger){ .shards = shards };
}

void ledger_release(struct ledger *l)
{
    free(l->times);
    *l = (struct ledger){ 0 };
}

/* The sum, or the largest number there is: times come from files and peers. */
static uint64_t after(uint64_t at, uint64_t ms)
{
    return at > UINT64_MAX - ms ? UINT64_MAX : at + ms;
}

static void forget_oldest(struct ledger *l, uint32_t n)
{
    if (n == 0)
        return;
    memmove(l->times, l->times + n, (l->n - n) * sizeof *l->times);
    l->n -= n;
}

static int reserve_place(struct ledger *l)
{
    uint32_t size = l->size ? l->size * 2 : 64;
    uint64_t *times;

    if (l->n == LIMIT_IDENTIFIES)
        forget_oldest(l, LIMIT_IDENTIFIES / 8); /* many, since all must be moved */
    if (l->n < l->size)
        return 0;
    times = realloc(l->times, size * sizeof *times);
    if (!times)
        return CORDAGE_ENOMEM;
    l->times = times;
    l->size = size;
    return 0;
}

/* Makes what is remembered fit the clock: nothing lies in the future, nothing has left
 * the window. Every function that gets `now` begins with it. */
static void settle(struct ledger *l, uint64_t now)
{
    uint32_t gone = 0, i;

    for (i = l->n; i > 0 && l->times[i - 1] > now; i--)
        l->times[i - 1] = now;
    while (gone < l->n && after(l->times[gone], LEDGER_WINDOW_MS) <= now)
        gone++;
    forget_oldest(l, gone);
    if (l->reset_at > after(now, LEDGER_WINDOW_MS))
        l->reset_at = after(now, LEDGER_WINDOW_MS);
}

int ledger_remember(struct ledger *l, uint64_t wall)
{
    uint32_t i;
    int err = reserve_place(l);

    if (err)
        return err;
    for (i = l->n; i > 0 && l->times[i - 1] > wall; i--)
        l->times[i] = l->times[i - 1];
    l->times[i] = wall;
    l->n++;
    return 0;
}

void ledger_limits(struct ledger *l, uint64_t total, uint64_t remaining,
                   uint64_t reset_after_ms, uint64_t now)
{
    /* No window is open, and yet nothing remains: an answer that makes no sense is taken
     * the careful way, that the window has only just begun. */
    if (remaining == 0 && reset_after_ms == 0)
        reset_after_ms = LEDGER_WINDOW_MS;
    l->asked = true;
    l->total = total;
    l->remaining = remaining < total ? remaining : total;
    l->reset_at = after(now, reset_after_ms);
    settle(l, now);
}

int ledger_book(struct ledger *l, uint64_t now)
{
    settle(l, now);
    if (now >= l->reset_at) {
        l->remaining = l->total;
        l->reset_at = after(now, LEDGER_WINDOW_MS);
    }
    if (l->remaining > 0)
        l->remaining--;
    return ledger_remember(l, now);
}

uint64_t ledger_reserve(const struct ledger *l)
{
    uint64_t reserve = l->total / 10;

    if (reserve < l->shards)
        reserve = l->shards;
    return reserve < l->total / 2 ? reserve : l->total / 2;
}

static uint64_t less(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

uint64_t ledger_allowed(struct ledger *l, uint64_t now)
{
    uint64_t discords, ours;

    if (!l->asked)
        return UINT64_MAX;
    settle(l, now);
    discords = now >= l->reset_at ? l->total : l->remaining;
    ours = less(l->total, l->n);
    return less(discords < ours ? discords : ours, ledger_reserve(l));
}

uint64_t ledger_when(struct ledger *l, uint64_t n, uint64_t now)
{
    uint64_t at = now, reserve = ledger_reserve(l), needed;

    if (!l->asked || n == 0)
        return now;
    settle(l, now);
    if (n > l->total - reserve)
        return UINT64_MAX;
    needed = n + reserve;
    if (l->remaining < needed && l->reset_at > at)
        at = l->reset_at;
    if (l->n > l->total - needed) {
        /* So many of the oldest must have left the window. */
        uint64_t too_many = l->n - (l->total - needed);
        uint64_t left_at = after(l->times[too_many - 1], LEDGER_WINDOW_MS);

        if (left_at > at)
            at = left_at;
    }
    return at;
}
