/* ledger.h - how many IDENTIFYs may still be sent, by Discord's count and by our own.
 *
 * Discord counts a bot's IDENTIFYs in a window of 24 h (GET /gateway/bot: total,
 * remaining, reset_after) and resets the token of a bot that exceeds it. The ledger
 * remembers every IDENTIFY of the application, also those of processes before this one,
 * and holds a reserve back. Allowed is the smaller of
 *
 *     Discord's remaining, less what was sent since it was asked
 *     total less our own count of the last 24 h
 *
 * less the reserve: a tenth of the total, at least one for each shard, but never more
 * than half the total (a bot with as many shards as its budget must be able to start).
 * Discord's window opens with the first IDENTIFY after the one before has ended.
 *
 * Pure: Unix times in ms come in. When the clock goes back, what lies in the future then
 * counts as sent now: it is never forgotten early, and never kept for more than a window.
 * Not locked. */
#ifndef PROTO_LEDGER_H
#define PROTO_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

/* How long an IDENTIFY counts. */
#define LEDGER_WINDOW_MS ((uint64_t)24 * 60 * 60 * 1000)

struct ledger {
    uint64_t *times; /* of IDENTIFYs within the window, oldest first; owned */
    uint32_t n, size;
    uint32_t shards; /* that the bot has: for the reserve */
    bool asked;      /* Discord's numbers are known */
    uint64_t total, remaining, reset_at;
};

/* Until ledger_limits is called nothing bounds it. Accepts no failure. */
void ledger_init(struct ledger *l, uint32_t shards);
void ledger_release(struct ledger *l);
/* An IDENTIFY of an earlier process, in any order; oldest first is quick. Beyond
 * LIMIT_IDENTIFIES the oldest are forgotten. CORDAGE_ENOMEM. */
int ledger_remember(struct ledger *l, uint64_t wall);
/* What /gateway/bot said at `now`. A remaining above the total and a reset beyond the
 * window are taken for the most they may be. */
void ledger_limits(struct ledger *l, uint64_t total, uint64_t remaining,
                   uint64_t reset_after_ms, uint64_t now);
/* An IDENTIFY is about to leave. CORDAGE_ENOMEM leaves it uncounted by us; Discord's
 * remaining is counted down all the same. */
int ledger_book(struct ledger *l, uint64_t now);
uint64_t ledger_reserve(const struct ledger *l);
/* How many may be sent now. UINT64_MAX before ledger_limits. */
uint64_t ledger_allowed(struct ledger *l, uint64_t now);
/* When `n` may be sent, Unix ms; `now` if they may at once; UINT64_MAX: never (more than
 * total less reserve). */
uint64_t ledger_when(struct ledger *l, uint64_t n, uint64_t now);

#endif
