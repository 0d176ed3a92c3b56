/* watchdog.h - which shard is silent although its connection lives. Pure.
 *
 * Heartbeats prove a connection, not that events flow. A shard is judged against what it
 * usually does and what the others do now. Each second a sample of every shard comes in.
 * A shard is well in seconds in which it is live and neither paused, replaying nor
 * loading; its usual rate is the mean of its last well hour, or of the last 10 minutes if
 * that is less. Every 5 s it is asked for the shortest window in which
 *
 *     expected = usual rate x window x (others' events in it / others' usual events)
 *
 * is WATCHDOG_EXPECTED_MIN. It looks silent if what came is under 5 % of that and it was
 * well throughout. The watchdog speaks if only one shard looks silent, or fewer than 20 %
 * do (else it is Discord's doing, or our network's). First a RESUME; one action per shard
 * in 15 minutes; a new IDENTIFY at most once in 6 hours, if a RESUME within the last hour
 * has not helped. After that what the shard does is what it usually does: a new session
 * is no dead one.
 *
 * What keeps it from crying wolf:
 * - The ratio to the others is at most 1. That they do more than usual is no reason to
 *   expect more here.
 * - Shards that fall silent together have windows of different lengths, so the fastest
 *   would be judged alone. All are counted over the shortest window of those that look
 *   silent, by weaker evidence (WATCHDOG_COUNTED_*). And they don't all look awake again
 *   at once: a shard is acted on when its window lies wholly after such a time.
 * - One guild may be most of a shard's traffic. If it lost one as its silence began (left
 *   or in an outage, both are told by an event, so the connection brings them), its usual
 *   rate is learned anew. Otherwise a guild that is out is no reason not to judge: some
 *   stay out for weeks.
 * - Bursts count for at most 4 times the usual rate. And a window is at least twice as
 *   long as the longest silence that ended by itself while the others were awake, which
 *   is forgotten over a day.
 * - A silence is taken into the usual rate only when it has ended: else it would become
 *   the usual before it is found.
 * - A shard has been well for ten such windows before it is judged.
 * - If seconds are missing (the machine slept), the window begins anew. */
#ifndef FLEET_WATCHDOG_H
#define FLEET_WATCHDOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    WATCHDOG_EXPECTED_MIN = 50,
    WATCHDOG_OBSERVED_PERCENT = 5,
    WATCHDOG_COUNTED_MIN = 5, /* one or none of five expected is 1 in 25 by chance */
    WATCHDOG_COUNTED_PERCENT = 30,
    WATCHDOG_SILENT_PERCENT = 20,
    WATCHDOG_WINDOW_MIN_S = 30,
    WATCHDOG_WINDOW_MAX_S = 15 * 60,
    WATCHDOG_ACTION_MS = 15 * 60 * 1000,
    WATCHDOG_RESUMED_MS = 60 * 60 * 1000,
    WATCHDOG_IDENTIFY_MS = 6 * 60 * 60 * 1000,
    WATCHDOG_LEARN_S = 10 * 60, /* of well seconds before a shard is judged at all */
    WATCHDOG_USUAL_S = 60 * 60,
    WATCHDOG_RECENT_S = 10 * 60
};

struct watchdog;

/* One shard, one second. */
struct watchdog_sample {
    uint64_t events; /* since its connection's worker began; a fall begins anew */
    size_t guilds, guilds_available;
    bool live; /* READY, by a report of its worker that is at most 3 s old */
    bool paused, replaying, loading;
};

enum watchdog_verdict { WATCHDOG_NOTHING, WATCHDOG_RESUME, WATCHDOG_IDENTIFY };

struct watchdog_decision {
    enum watchdog_verdict verdict;
    uint32_t shard;                         /* its index */
    double usual_per_s, siblings, expected; /* siblings: the ratio */
    uint64_t observed, window_s;
    uint32_t silent, shards; /* that look silent, and that could be counted */
};

/* For shards 0..n-1 (indices): 800 bytes each. CORDAGE_ENOMEM. */
int watchdog_new(uint32_t n, struct watchdog **out);
void watchdog_free(struct watchdog *w); /* NULL is fine */
/* A second has passed: one sample per shard, `n` of them. Then watchdog_next says what to
 * do, until it is false. */
void watchdog_second(struct watchdog *w, const struct watchdog_sample *samples,
                     uint64_t now_ms);
/* The next decision of this second; false: no more. What it says counts as done. */
bool watchdog_next(struct watchdog *w, struct watchdog_decision *out);
/* A sentence for the log with all its numbers; at most 256 bytes. */
void watchdog_text(const struct watchdog_decision *d, uint32_t shard_id, char out[256]);

#endif
