#include "shards.h"

#include "gateway.h"
#include "limits.h"

/* Discord's snowflakes carry the creation time above this bit: what is below differs
 * too little to spread guilds. */
enum { SNOWFLAKE_TIME_SHIFT = 22 };

uint32_t shard_for_guild(uint64_t guild_id, uint32_t shard_count)
{
    return shard_count ? (uint32_t)((guild_id >> SNOWFLAKE_TIME_SHIFT) % shard_count) : 0;
}

int shard_range_check(const struct shard_range *r, cordage_error *error)
{
    if (r->count < 1 || r->count > LIMIT_SHARDS)
        return error_set(error, CORDAGE_EINVAL,
                         "%u shards are not possible: give a number from 1 to %d",
                         r->count, LIMIT_SHARDS);
    if (r->last >= r->count)
        return error_set(
            error, CORDAGE_EINVAL,
            "shard %u is beyond the last of %u shards: ids begin at 0, so the "
            "last is %u",
            r->last, r->count, r->count - 1);
    if (r->first > r->last)
        return error_set(error, CORDAGE_EINVAL,
                         "the range of shards %u to %u is empty: the first must not be "
                         "above the last",
                         r->first, r->last);
    return 0;
}

uint32_t shard_range_size(const struct shard_range *r)
{
    return r->last - r->first + 1;
}

uint64_t shards_start_ms(uint32_t shards, uint32_t max_concurrency)
{
    uint64_t keys = max_concurrency ? max_concurrency : 1;
    uint64_t groups = ((uint64_t)shards + keys - 1) / keys;

    return groups ? (groups - 1) * GATEWAY_IDENTIFY_MS : 0;
}
