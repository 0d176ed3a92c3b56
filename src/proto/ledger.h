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
 *
 * Pure: Unix times in ms come in; a clock that goes back makes nothing younger than now.
 * Not locked. */
#ifndef PROTO_LEDGER_H
#define PROTO_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

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
/* An IDENTIFY of an earlier process, oldest first. CORDAGE_ENOMEM. */
int ledger_remember(struct ledger *l, uint64_t wall);
/* What /gateway/bot said at `now`. */
void ledger_limits(struct ledger *l, uint64_t total, uint64_t remaining,
                   uint64_t reset_after_ms, uint64_t now);
/* An IDENTIFY is about to leave. CORDAGE_ENOMEM leaves it uncounted by us; Discord's
 * remaining is counted down all the same. */
int ledger_book(struct ledger *l, uint64_t now);
uint64_t ledger_reserve(const struct ledger *l);
/* How many may be sent now. */
uint64_t ledger_allowed(struct ledger *l, uint64_t now);
/* When `n` may be sent, Unix ms; `now` if they may at once; UINT64_MAX: never (more than
 * total less reserve). */
uint64_t ledger_when(struct ledger *l, uint64_t n, uint64_t now);

#endif
