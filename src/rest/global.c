#include "global.h"

#include <string.h>

#include "bucket.h"

enum { MINUTE_MS = 60 * 1000, SLOTS = GLOBAL_REFUSED_MINUTES + 1 };

static uint64_t latest(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static void forget_old(struct global *g, uint64_t now)
{
    while (g->used > 0 && now - g->sent[g->first] >= GLOBAL_WINDOW_MS) {
        g->first = (g->first + 1) % GLOBAL_PER_S;
        g->used--;
    }
}

static uint32_t within(uint32_t n, uint32_t max)
{
    return n < 1 ? 1 : n < max ? n : max;
}

void global_init(struct global *g)
{
    memset(g, 0, sizeof *g);
    global_set_share(g, GLOBAL_PER_S, GLOBAL_REFUSED_MAX);
}

void global_set_share(struct global *g, uint32_t per_s, uint32_t refused_max)
{
    g->per_s = within(per_s, GLOBAL_PER_S);
    g->refused_max = within(refused_max, GLOBAL_REFUSED_MAX);
}

bool global_take(struct global *g, bool exempt, uint64_t now)
{
    if (now < g->banned_until)
        return false;
    if (exempt)
        return true;
    forget_old(g, now);
    if (now < g->blocked_until || g->used >= g->per_s)
        return false;
    g->sent[(g->first + g->used) % GLOBAL_PER_S] = now;
    g->used++;
    return true;
}

uint64_t global_free_at(const struct global *g, bool exempt, uint64_t now)
{
    uint64_t at = latest(now, g->banned_until);
    unsigned oldest;

    if (exempt)
        return at;
    at = latest(at, g->blocked_until);
    if (g->used < g->per_s)
        return at;
    /* So many must be old that there is room for one. */
    oldest = (g->first + g->used - g->per_s) % GLOBAL_PER_S;
    return latest(at, g->sent[oldest] + GLOBAL_WINDOW_MS);
}

void global_limited(struct global *g, double retry_after_s, uint64_t now)
{
    g->blocked_until = latest(g->blocked_until, now + bucket_wait_ms(retry_after_s));
}

void global_banned(struct global *g, double retry_after_s, uint64_t now)
{
    g->banned_until = latest(g->banned_until, now + bucket_wait_ms(retry_after_s));
}

bool global_refused(struct global *g, uint64_t now)
{
    uint64_t minute = now / MINUTE_MS;
    uint32_t sum = 0;

    if (minute - g->minute >= SLOTS)
        memset(g->refused, 0, sizeof g->refused);
    else
        for (uint64_t m = g->minute + 1; m <= minute; m++)
            g->refused[m % SLOTS] = 0;
    g->minute = minute;
    g->refused[minute % SLOTS]++;
    for (unsigned i = 0; i < SLOTS; i++)
        sum += g->refused[i];
    if (sum < g->refused_max)
        return false;
    /* Until the oldest minute that counts is ten minutes past. */
    for (unsigned i = 1; i <= SLOTS; i++) {
        uint64_t m = minute + i;

        sum -= g->refused[m % SLOTS];
        if (sum < g->refused_max) {
            g->banned_until = latest(g->banned_until, m * MINUTE_MS);
            break;
        }
    }
    return true;
}
