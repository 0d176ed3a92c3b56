#include "restart_delay.h"

void restart_delay_healthy(struct restart_delay *d, uint64_t now)
{
    d->healthy_since = now ? now : 1;
}

uint64_t restart_delay_ended(struct restart_delay *d, uint64_t now)
{
    uint64_t delay = RESTART_FIRST_MS;

    if (d->healthy_since && now - d->healthy_since >= RESTART_HEALTHY_MS)
        d->failures = 0;
    d->healthy_since = 0;
    for (uint32_t i = 0; i < d->failures && delay < RESTART_MAX_MS; i++)
        delay *= 2;
    d->failures++;
    return delay < RESTART_MAX_MS ? delay : RESTART_MAX_MS;
}
