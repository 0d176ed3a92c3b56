/* watchdog.h - which shard is silent although its connection lives. Pure.
 *
 * Heartbeats prove a connection, not that events flow. A shard is judged against what it
 * usually does and what the others do now. Each second a sample of every shard comes in;
 * the watchdog keeps its usual rate (a mean over the last hours, of seconds in which it
 * was well), and looks at a window long enough for the expected count
 *
 *     expected = usual rate x window x (others' events now / others' usual events)
 *
 * to be WATCHDOG_EXPECTED_MIN. It speaks only if what came is under 5 % of that, fewer than
 * 20 % of the shards look silent (else it is Discord's, the night's or our network's
 * doing), and the shard has been live through the whole window and neither paused,
 * replaying, loading nor in an outage. With no other shard to compare with it never
 * speaks. First a RESUME; at most one action per shard in 15 minutes; a new IDENTIFY at
 * most once in 6 hours, if a RESUME within the last hour has not helped.
 *
 * One guild may be most of a shard's traffic. So when a shard loses a guild for good its
 * usual rate is learned anew; when one is out it isn't judged. */
#ifndef FLEET_WATCHDOG_H
#define FLEET_WATCHDOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    WATCHDOG_EXPECTED_MIN = 50,
    WATCHDOG_OBSERVED_PERCENT = 5,
    WATCHDOG_SILENT_PERCENT = 20,
    WATCHDOG_WINDOW_MIN_S = 30,
    WATCHDOG_WINDOW_MAX_S = 15 * 60,
    WATCHDOG_ACTION_MS = 15 * 60 * 1000,
    WATCHDOG_IDENTIFY_MS = 6 * 60 * 60 * 1000,
    WATCHDOG_LEARN_S = 10 * 60 /* of well seconds before a shard is judged at all */
};

struct watchdog;

/* One shard, one second. */
struct watchdog_sample {
    uint64_t events; /* since its connection's worker began; a fall begins anew */
    size_t guilds, guilds_available;
    bool live, paused, replaying, loading;
};

enum watchdog_verdict { WATCHDOG_NOTHING, WATCHDOG_RESUME, WATCHDOG_IDENTIFY };

struct watchdog_decision {
    enum watchdog_verdict verdict;
    uint32_t shard; /* its index */
    double usual_per_s, siblings, expected; /* siblings: the ratio */
    uint64_t observed, window_s;
    uint32_t silent, shards; /* that look silent, and that could be judged */
};

/* For shards 0..n-1 (indices). CORDAGE_ENOMEM. */
int watchdog_new(uint32_t n, struct watchdog **out);
void watchdog_free(struct watchdog *w);
/* A second has passed: one sample per shard, `n` of them. Then watchdog_next says what to
 * do, until NOTHING. */
void watchdog_second(struct watchdog *w, const struct watchdog_sample *samples,
                     uint64_t now_ms);
/* The next decision of this second; false: no more. What it says counts as done. */
bool watchdog_next(struct watchdog *w, struct watchdog_decision *out);
/* A sentence for the log with all its numbers; at most 256 bytes. */
void watchdog_text(const struct watchdog_decision *d, uint32_t shard_id, char out[256]);

#endif
