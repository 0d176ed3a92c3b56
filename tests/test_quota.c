#include "test.h"

#include "quota.h"

TEST(a_window_begins_with_its_first_use)
{
    struct quota q = { 0 };

    CHECK(quota_take(&q, 2, 5000, 1000));
    CHECK_INT(q.ends_at, 6000);
    CHECK(quota_take(&q, 2, 5000, 5999));
    CHECK(!quota_take(&q, 2, 5000, 5999));
    CHECK_INT(q.used, 2);
    CHECK(quota_take(&q, 2, 5000, 6000));
    CHECK_INT(q.used, 1);
    CHECK_INT(q.ends_at, 11000);
}

TEST(each_key_has_a_quota_of_its_own)
{
    struct quotas q;

    quotas_init(&q);
    CHECK(quota_take(quotas_get(&q, 1, 0), 1, 100, 0));
    CHECK(!quota_take(quotas_get(&q, 1, 50), 1, 100, 50));
    CHECK(quota_take(quotas_get(&q, 2, 50), 1, 100, 50));
    CHECK(quota_take(quotas_get(&q, 1, 100), 1, 100, 100));
    quotas_release(&q);
}

TEST(old_quotas_are_forgotten)
{
    struct quotas q;

    quotas_init(&q);
    for (uint64_t i = 0; i < 1000; i++)
        quota_take(quotas_get(&q, i, 0), 1, 100, 0);
    CHECK_INT(q.by_key.n, 1000);
    /* Key 7 is used again and stays; for each new one two old ones go. */
    quota_take(quotas_get(&q, 7, 200), 1, 100, 200);
    for (uint64_t i = 0; i < 1000; i++)
        quota_take(quotas_get(&q, 5000 + i, 200), 1, 100, 200);
    CHECK_INT(q.by_key.n, 1001);
    CHECK_INT(quotas_get(&q, 7, 200)->used, 1);
    quotas_release(&q);
}

RUN_TESTS(T(a_window_begins_with_its_first_use), T(each_key_has_a_quota_of_its_own),
          T(old_quotas_are_forgotten))
