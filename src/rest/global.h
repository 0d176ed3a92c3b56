/* global.h - what all requests of a bot share: 50 a second, and a good name. Pure.
 *
 * Discord lets a bot send 50 requests a second over all routes; answers to
 * interactions are exempt. And it bans an address for a while that collects 10,000
 * refused requests (401, 403, 429) in ten minutes: we stop at 9,000, until enough of
 * them are old. Both are the bot's, not the process's: in a fleet each worker has a share
 * of them. */
#ifndef REST_GLOBAL_H
#define REST_GLOBAL_H

#include <stdbool.h>
#include <stdint.h>

enum {
    GLOBAL_PER_S = 50,
    GLOBAL_WINDOW_MS = 1000 + 20, /* and a little, for clocks that tick differently */
    GLOBAL_REFUSED_MAX = 9000,
    GLOBAL_REFUSED_MINUTES = 10,
};

struct global {
    uint32_t per_s, refused_max; /* this process's share */
    /* When recent requests left: a ring, oldest at `first`. */
    uint64_t sent[GLOBAL_PER_S];
    unsigned first, used;
    uint64_t blocked_until; /* a global 429: all but the exempt wait */
    uint64_t banned_until;  /* the address is refused: all wait */
    /* Refused requests by minute: the running one, and ten whole ones behind it. */
    uint32_t refused[GLOBAL_REFUSED_MINUTES + 1];
    uint64_t minute;
};

/* All of it. */
void global_init(struct global *g);
/* From now on a share: none is less than 1 or more than all. What has been sent and
 * refused counts on. */
void global_set_share(struct global *g, uint32_t per_s, uint32_t refused_max);
/* Takes a place at `now` if one is free. */
bool global_take(struct global *g, bool exempt, uint64_t now);
/* When global_take is worth trying again; `now` if a place is free. */
uint64_t global_free_at(const struct global *g, bool exempt, uint64_t now);
/* A global 429. */
void global_limited(struct global *g, double retry_after_s, uint64_t now);
/* The address itself is refused, by what stands in front of Discord. */
void global_banned(struct global *g, double retry_after_s, uint64_t now);
/* Counts a 401, 403 or 429 (not a `shared` one). True when it is the one too many: until
 * banned_until nothing goes. */
bool global_refused(struct global *g, uint64_t now);

#endif
