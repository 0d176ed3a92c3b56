#include "caching.h"

#include <time.h>

#include "client.h"

enum {
    EXPIRE_MS = 1000,
    EXPIRE_MOST = 1000 /* so that the control loop isn't held up */
};

/* For TTL; any thread may ask. */
static uint64_t seconds(void *user)
{
    const cordage_client *c = user;
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (uint64_t)(((double)now.tv_sec + (double)now.tv_nsec / 1e9) *
                      c->settings.speed);
}

int caching_new(cordage_client *c)
{
    return cache_new(c->settings.cache, seconds, c, &c->cache);
}

void caching_free(cordage_client *c)
{
    cache_free(c->cache);
    c->cache = NULL;
}

static void on_second(struct timer *t)
{
    cordage_client *c = CONTAINER_OF(t, cordage_client, expiry);

    cache_expire(c->cache, EXPIRE_MOST);
    caching_start(c);
}

void caching_start(cordage_client *c)
{
    c->expiry.fire = on_second;
    if (cache_is_on(c->cache))
        c->host->arm(c->host, &c->expiry, c->host->now(c->host) + EXPIRE_MS);
}

void caching_stop(cordage_client *c)
{
    c->host->disarm(c->host, &c->expiry);
}
