#include "store.h"

#define UNAVAILABLE ((uint64_t)1 << 63)

int store_guilds_add(struct buf *list, uint64_t id, bool unavailable)
{
    unsigned char bytes[STORE_GUILD_BYTES];
    uint64_t value = (id & ~UNAVAILABLE) | (unavailable ? UNAVAILABLE : 0);

    for (int i = 0; i < STORE_GUILD_BYTES; i++)
        bytes[i] = (unsigned char)(value >> 8 * i);
    return buf_append(list, bytes, sizeof bytes);
}

bool store_guilds_at(struct str list, size_t i, uint64_t *id, bool *unavailable)
{
    const unsigned char *p;
    uint64_t value = 0;

    if (i >= list.n / STORE_GUILD_BYTES)
        return false;
    p = (const unsigned char *)list.p + i * STORE_GUILD_BYTES;
    for (int k = STORE_GUILD_BYTES; k-- > 0;)
        value = value << 8 | p[k];
    *id = value & ~UNAVAILABLE;
    *unavailable = value & UNAVAILABLE;
    return true;
}
