/* shards.h - which shard a guild is on, and which shards are ours.
 *
 * Discord: shard = (guild_id >> 22) % shard_count. A shard is named by its id
 * *and* the count everywhere, because two counts may live side by side. */
#ifndef PROTO_SHARDS_H
#define PROTO_SHARDS_H

#include <stdint.h>

#include "error.h"

uint32_t shard_for_guild(uint64_t guild_id, uint32_t shard_count);

/* Which of `count` shards run here: first..last, inclusive. */
struct shard_range {
    uint32_t first, last, count;
};

/* 0 or CORDAGE_EINVAL with the sentence: count is 1..LIMIT_SHARDS, first <= last < count.
 */
int shard_range_check(const struct shard_range *r, cordage_error *error);
/* How many are in it. */
uint32_t shard_range_size(const struct shard_range *r);

/* How long Discord makes a start of `shards` take, at the least:
 * (ceil(shards / max_concurrency) - 1) windows of 5 s, in ms. */
uint64_t shards_start_ms(uint32_t shards, uint32_t max_concurrency);

#endif
