/* fatal.h - why a bot cannot run, in sentences: what Discord said, what it means, and
 * where to mend it.
 *
 * Pure. Each function sets *error and returns its code. */
#ifndef SHARD_FATAL_H
#define SHARD_FATAL_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "ledger.h"

/* What is known when a shard is refused. */
struct fatal_facts {
    uint32_t shard_id, shard_count;
    uint32_t intents;
    uint32_t recommended; /* shards, by /gateway/bot; 0: not known */
};

/* The close codes after which Discord must not be tried again. */
bool fatal_is(int close_code);
/* CORDAGE_EAUTH for 4004, else CORDAGE_EFATAL. */
int fatal_close(int close_code, const struct fatal_facts *facts, cordage_error *error);
/* HTTP 401. */
int fatal_unauthorized(cordage_error *error);
/* Nobody vouches for the certificate; `what` says which and why. CORDAGE_ETLS. */
int fatal_untrusted(const char *what, cordage_error *error);

/* A start needs more identifies than the ledger allows. `now` is Unix time in ms. */
int fatal_over_budget(uint32_t needed, struct ledger *ledger, uint64_t now,
                      cordage_error *error);

#endif
