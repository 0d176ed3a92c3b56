/* quota.h - how often something may be done: so many times in a window. Pure.
 *
 * The window begins with the first use and is whole again when it ends, as Discord's
 * buckets are. A zeroed quota is valid and unused. */
#ifndef SIM_QUOTA_H
#define SIM_QUOTA_H

#include <stdbool.h>
#include <stdint.h>

#include "list.h"
#include "map.h"

struct quota {
    uint32_t used;
    uint64_t ends_at; /* of the window; past or 0: none is open */
};

/* Uses it once, if `limit` allows. Refusing uses nothing. */
static inline bool quota_take(struct quota *q, uint32_t limit, uint32_t window_ms,
                              uint64_t now)
{
    if (now >= q->ends_at)
        *q = (struct quota){ 0, now + window_ms };
    if (q->used >= limit)
        return false;
    q->used++;
    return true;
}

/* Quotas by key, made when first used and forgotten some time after their window. */
struct quotas {
    struct map by_key;
    struct link in_order; /* struct quota_entry, oldest window first */
};

void quotas_init(struct quotas *q);
void quotas_release(struct quotas *q);
/* NULL without memory. Borrowed until the next call. */
struct quota *quotas_get(struct quotas *q, uint64_t key, uint64_t now);

#endif
