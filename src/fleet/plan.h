/* plan.h - which worker runs which shards. Pure.
 *
 * Ranges are contiguous, in the order of the workers, and differ in size by at most one,
 * so that the same numbers always give the same plan and a change moves little. */
#ifndef FLEET_PLAN_H
#define FLEET_PLAN_H

#include "cordage/error.h"
#include "buf.h"
#include "json.h"
#include "limits.h"
#include "shards.h"

struct plan_wish {
    uint32_t shards;            /* total; 0: auto, as Discord recommends */
    uint32_t first, last;       /* of this machine; last CORDAGE_SHARD_LAST: to the end */
    uint32_t workers;           /* 0: auto */
    uint32_t shards_per_worker; /* 0: as `workers` says; else `workers` is 0 */
};

struct plan {
    struct shard_range range; /* of this machine, and the total */
    uint32_t n_workers;
};

/* `recommended`: by /gateway/bot. `cores`: of this machine. `last`: the plan of the
 * fleet's last life, or NULL.
 *
 * An automatic total stays what it was while that is at least half of what Discord
 * recommends and at most twice that: another total would cost every session. Automatic
 * workers: one per 16 shards, at most one per core, at least one. There are never more
 * workers than shards.
 * CORDAGE_EINVAL with a sentence that names the setting and the fix. */
int plan_make(const struct plan_wish *wish, uint32_t recommended, uint32_t cores,
              const struct plan *last, struct plan *out, cordage_error *error);
/* The shards of worker i, below n_workers. */
struct shard_range plan_part(const struct plan *p, uint32_t i);
/* The worker that runs shard `id`, which lies in the plan's range. */
uint32_t plan_worker_of(const struct plan *p, uint32_t id);
/* As the store keeps it: appends a JSON object (CORDAGE_ENOMEM), and reads one
 * (CORDAGE_EPARSE). */
int plan_write(const struct plan *p, struct buf *out);
int plan_read(cordage_json json, struct plan *out);

#endif
