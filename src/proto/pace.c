/* A sliding log: the times of the last sends themselves. A counter per fixed minute
 * would be smaller, but lets twice the allowance go around the turn of the minute. */
#include "pace.h"

#include "limits.h"

enum {
    WINDOW_MS = GATEWAY_SENDS_MS + PACE_MARGIN_MS,
    PRESENCE_WINDOW_MS = GATEWAY_PRESENCES_MS + PACE_MARGIN_MS
};

/* How many sends of any kind may lie in a window when one of this kind is added. */
static unsigned limit_of(const struct pace *p, enum pace_kind kind)
{
    /* The beats, one that a late timer pushed into this window, and an IDENTIFY or
     * RESUME. */
    unsigned urgent = p->beats + 2;
    unsigned reserve = urgent + LIMIT_HEARTBEAT_REQUESTS;

    switch (kind) {
    case PACE_URGENT:
        return GATEWAY_SENDS;
    case PACE_ANSWER:
        return GATEWAY_SENDS - urgent;
    case PACE_COMMAND:
    case PACE_VOICE:
    case PACE_PRESENCE:
        break;
    }
    return GATEWAY_SENDS - (reserve > PACE_RESERVE ? reserve : PACE_RESERVE);
}

/* When fewer than `limit` of the ring's times are younger than `window`. */
static uint64_t ring_free_at(const uint64_t *ring, unsigned size, unsigned first,
                             unsigned used, unsigned limit, uint64_t window, uint64_t now)
{
    uint64_t free_at;

    if (used < limit)
        return now;
    /* When this one has left the window, limit - 1 remain at most. */
    free_at = ring[(first + used - limit) % size] + window;
    return free_at > now ? free_at : now;
}

/* Appends `now`, over the oldest when the ring is full: that one has expired then. */
static void ring_add(uint64_t *ring, unsigned size, unsigned *first, unsigned *used,
                     uint64_t now)
{
    ring[(*first + *used) % size] = now;
    if (*used == size)
        *first = (*first + 1) % size;
    else
        ++*used;
}

void pace_set_interval(struct pace *p, uint64_t heartbeat_interval_ms)
{
    uint64_t interval = heartbeat_interval_ms ? heartbeat_interval_ms : 1;
    uint64_t beats = (WINDOW_MS + interval - 1) / interval;
    const unsigned most = GATEWAY_SENDS - LIMIT_HEARTBEAT_REQUESTS - 3;

    p->beats = beats < most ? (unsigned)beats : most; /* a command must fit at last */
}

uint64_t pace_free_at(const struct pace *p, enum pace_kind kind, uint64_t now)
{
    uint64_t at = ring_free_at(p->sent, GATEWAY_SENDS, p->first, p->used,
                               limit_of(p, kind), WINDOW_MS, now);

    if (kind == PACE_PRESENCE) {
        uint64_t presence_at =
            ring_free_at(p->presences, GATEWAY_PRESENCES, p->presence_first,
                         p->presence_used, GATEWAY_PRESENCES, PRESENCE_WINDOW_MS, now);

        if (presence_at > at)
            at = presence_at;
    }
    return at;
}

bool pace_take(struct pace *p, enum pace_kind kind, uint64_t now)
{
    if (pace_free_at(p, kind, now) > now)
        return false;
    ring_add(p->sent, GATEWAY_SENDS, &p->first, &p->used, now);
    if (kind == PACE_PRESENCE)
        ring_add(p->presences, GATEWAY_PRESENCES, &p->presence_first, &p->presence_used,
                 now);
    return true;
}
