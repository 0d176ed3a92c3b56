#include "test.h"

#include <stdlib.h>
#include <string.h>

#include "recent.h"

static void add(struct recent *r, uint64_t id, uint64_t channel_id, const char *nonce,
                uint64_t now)
{
    char body[64];

    snprintf(body, sizeof body, "{\"id\":\"%llu\"}", (unsigned long long)id);
    CHECK_INT(recent_add(r, id, channel_id, 7, str_of(nonce), str_of(body), now), 0);
}

TEST(messages_are_read_back_newest_first_by_channel)
{
    struct recent r;
    const struct recent_message *m;

    recent_init(&r);
    add(&r, 1, 10, "", 0);
    add(&r, 2, 20, "", 0);
    add(&r, 3, 10, "", 0);
    m = recent_older(&r, 10, NULL);
    CHECK_INT(m->id, 3);
    m = recent_older(&r, 10, m);
    CHECK_INT(m->id, 1);
    CHECK(recent_older(&r, 10, m) == NULL);
    CHECK(recent_older(&r, 30, NULL) == NULL);
    m = recent_find(&r, 2);
    CHECK_STR(((struct str){ m->body, m->n }), "{\"id\":\"2\"}");
    CHECK(recent_find(&r, 4) == NULL);
    recent_release(&r);
}

TEST(a_nonce_is_remembered_for_three_minutes_in_its_channel)
{
    struct recent r;

    recent_init(&r);
    add(&r, 1, 10, "\"a\"", 1000);
    CHECK_INT(recent_by_nonce(&r, 10, 7, STR("\"a\""), 1000 + RECENT_NONCE_MS - 1)->id,
              1);
    CHECK(recent_by_nonce(&r, 10, 7, STR("\"a\""), 1000 + RECENT_NONCE_MS) == NULL);
    CHECK(recent_by_nonce(&r, 11, 7, STR("\"a\""), 1000) == NULL);
    CHECK(recent_by_nonce(&r, 10, 8, STR("\"a\""), 1000) == NULL);
    CHECK(recent_by_nonce(&r, 10, 7, STR("\"b\""), 1000) == NULL);
    add(&r, 2, 10, "\"a\"", 2000);
    CHECK_INT(recent_by_nonce(&r, 10, 7, STR("\"a\""), 2000)->id, 2);
    recent_release(&r);
}

TEST(number_and_bytes_are_bounded)
{
    struct recent r;
    size_t size = RECENT_BYTES / 4;
    char *big = calloc(1, size);

    recent_init(&r);
    for (uint64_t i = 1; i <= RECENT_MAX + 10; i++)
        add(&r, i, 10, "\"same\"", 0);
    CHECK_INT(r.n, RECENT_MAX);
    CHECK(recent_find(&r, 10) == NULL);
    CHECK_INT(recent_find(&r, 11)->id, 11);
    CHECK_INT(recent_by_nonce(&r, 10, 7, STR("\"same\""), 0)->id, RECENT_MAX + 10);
    for (uint64_t i = 1; i <= 6; i++)
        CHECK_INT(recent_add(&r, 100000 + i, 10, 7, STR(""), (struct str){ big, size },
                             0),
                  0);
    CHECK_INT(r.n, 4);
    CHECK(r.bytes <= RECENT_BYTES);
    CHECK(recent_by_nonce(&r, 10, 7, STR("\"same\""), 0) == NULL);
    recent_release(&r);
    free(big);
}

RUN_TESTS(T(messages_are_read_back_newest_first_by_channel),
          T(a_nonce_is_remembered_for_three_minutes_in_its_channel),
          T(number_and_bytes_are_bounded))
