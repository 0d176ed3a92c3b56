#include "test.h"

#include "limits.h"
#include "shards.h"

TEST(a_guild_is_on_the_shard_that_discord_computes)
{
    /* (41771983423143937 >> 22) is 9959216934 */
    CHECK_INT(shard_for_guild(41771983423143937ULL, 1), 0);
    CHECK_INT(shard_for_guild(41771983423143937ULL, 16), 6);
    CHECK_INT(shard_for_guild(41771983423143937ULL, 1000), 934);
    CHECK_INT(shard_for_guild(UINT64_MAX, 65536), 65535);
    CHECK_INT(shard_for_guild((1 << 22) - 1, 7), 0);
    CHECK_INT(shard_for_guild(1 << 22, 7), 1);
}

TEST(a_count_of_none_is_answered_without_a_crash)
{
    CHECK_INT(shard_for_guild(41771983423143937ULL, 0), 0);
}

static void check_range(uint32_t first, uint32_t last, uint32_t count, const char *says)
{
    struct shard_range r = { first, last, count };
    cordage_error error = { 0 };
    int err = shard_range_check(&r, &error);

    CHECK_INT(err, says ? CORDAGE_EINVAL : 0);
    if (says && str_find(str_of(error.message), str_of(says)) == SIZE_MAX)
        fail_msg("\"%s\" doesn't say \"%s\"", error.message, says);
    CHECK_INT(shard_range_check(&r, NULL), err);
}

TEST(a_range_must_lie_within_its_count)
{
    check_range(0, 0, 1, NULL);
    check_range(4, 7, 8, NULL);
    check_range(0, LIMIT_SHARDS - 1, LIMIT_SHARDS, NULL);
    check_range(0, 0, 0, "0 shards are not possible");
    check_range(0, 0, LIMIT_SHARDS + 1, "65537 shards are not possible");
    check_range(0, 8, 8, "the last is 7");
    check_range(5, 4, 8, "5 to 4 is empty");
    check_range(0, UINT32_MAX, UINT32_MAX, "not possible");
}

TEST(a_range_counts_both_ends)
{
    CHECK_INT(shard_range_size(&(struct shard_range){ 4, 7, 8 }), 4);
    CHECK_INT(shard_range_size(&(struct shard_range){ 3, 3, 8 }), 1);
}

TEST(a_start_takes_five_seconds_per_group_but_the_first)
{
    CHECK_INT(shards_start_ms(1, 1), 0);
    CHECK_INT(shards_start_ms(2, 1), 5000);
    CHECK_INT(shards_start_ms(16, 16), 0);
    CHECK_INT(shards_start_ms(17, 16), 5000);
    CHECK_INT(shards_start_ms(32, 16), 5000);
    CHECK_INT(shards_start_ms(0, 16), 0);
    CHECK_INT(shards_start_ms(3, 0), 10000);
    CHECK(shards_start_ms(UINT32_MAX, 1) == (uint64_t)(UINT32_MAX - 1) * 5000);
}

RUN_TESTS(T(a_guild_is_on_the_shard_that_discord_computes),
          T(a_count_of_none_is_answered_without_a_crash),
          T(a_range_must_lie_within_its_count), T(a_range_counts_both_ends),
          T(a_start_takes_five_seconds_per_group_but_the_first))
