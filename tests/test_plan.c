#include "test.h"

#include "cordage/cordage.h"
#include "plan.h"

static struct plan_wish wish(uint32_t shards, uint32_t first, uint32_t last,
                             uint32_t workers, uint32_t each)
{
    return (struct plan_wish){ shards, first, last, workers, each };
}

/* Every shard of the range is in one part, in order; sizes differ by one at most. */
static void check_whole(const struct plan *p)
{
    uint32_t next = p->range.first, least = UINT32_MAX, most = 0;

    for (uint32_t i = 0; i < p->n_workers; i++) {
        struct shard_range part = plan_part(p, i);

        CHECK_INT(shard_range_check(&part, NULL), 0);
        CHECK_INT(part.count, p->range.count);
        CHECK_INT(part.first, next);
        next = part.last + 1;
        if (shard_range_size(&part) < least)
            least = shard_range_size(&part);
        if (shard_range_size(&part) > most)
            most = shard_range_size(&part);
        CHECK_INT(plan_worker_of(p, part.first), i);
        CHECK_INT(plan_worker_of(p, part.last), i);
    }
    CHECK_INT(next, p->range.last + 1);
    CHECK(most - least <= 1);
}

#define TO_END CORDAGE_SHARD_LAST

TEST(a_wish_becomes_a_plan)
{
    static const struct {
        struct plan_wish wish;
        uint32_t recommended, cores;
        uint32_t first, last, count, workers; /* wanted */
    } rows[] = {
        /* all automatic: one worker per 16, one per core at most */
        { { 0, 0, TO_END, 0, 0 }, 1, 8, 0, 0, 1, 1 },
        { { 0, 0, TO_END, 0, 0 }, 16, 8, 0, 15, 16, 1 },
        { { 0, 0, TO_END, 0, 0 }, 17, 8, 0, 16, 17, 2 },
        { { 0, 0, TO_END, 0, 0 }, 256, 4, 0, 255, 256, 4 },
        { { 0, 0, TO_END, 0, 0 }, 64, 0, 0, 63, 64, 1 },
        { { 0, 0, TO_END, 0, 0 }, 65536, 100000, 0, 65535, 65536, LIMIT_WORKERS },
        /* numbers given */
        { { 10, 0, TO_END, 3, 0 }, 64, 2, 0, 9, 10, 3 },
        { { 3, 0, TO_END, 8, 0 }, 64, 2, 0, 2, 3, 3 },
        { { 10, 0, TO_END, 0, 4 }, 64, 2, 0, 9, 10, 3 },
        { { 10, 0, TO_END, 0, 100 }, 64, 2, 0, 9, 10, 1 },
        { { 10, 0, TO_END, 0, UINT32_MAX }, 64, 2, 0, 9, 10, 1 },
        /* a part of a larger total */
        { { 1024, 256, 511, 0, 0 }, 64, 8, 256, 511, 1024, 8 },
        { { 1024, 1000, TO_END, 5, 0 }, 64, 8, 1000, 1023, 1024, 5 },
        { { 65536, 65535, 65535, 5, 0 }, 64, 8, 65535, 65535, 65536, 1 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cordage_error error = { 0 };
        struct plan p;

        CHECK_INT(plan_make(&rows[i].wish, rows[i].recommended, rows[i].cores, NULL, &p,
                            &error),
                  0);
        CHECK_INT(p.range.first, rows[i].first);
        CHECK_INT(p.range.last, rows[i].last);
        CHECK_INT(p.range.count, rows[i].count);
        CHECK_INT(p.n_workers, rows[i].workers);
        check_whole(&p);
    }
}

TEST(uneven_parts_differ_by_one)
{
    struct plan p = { { 100, 109, 200 }, 4 };
    static const uint32_t firsts[] = { 100, 103, 106, 108 };

    for (uint32_t i = 0; i < 4; i++)
        CHECK_INT(plan_part(&p, i).first, firsts[i]);
    for (uint32_t size = 1; size <= 40; size++) {
        for (uint32_t workers = 1; workers <= size; workers++) {
            struct plan any = { { 7, 7 + size - 1, 100 }, workers };

            check_whole(&any);
            for (uint32_t id = any.range.first; id <= any.range.last; id++) {
                struct shard_range part = plan_part(&any, plan_worker_of(&any, id));

                CHECK(part.first <= id && id <= part.last);
            }
        }
    }
}

TEST(an_automatic_total_stays_while_discord_finds_it_near_enough)
{
    static const struct {
        uint32_t was, recommended, want;
    } rows[] = {
        { 16, 16, 16 }, { 16, 32, 16 },
        { 16, 33, 33 }, { 16, 8, 16 },
        { 16, 7, 7 },   { 1, 2, 1 },
        { 1, 3, 3 },    { 2, 1, 2 },
        { 3, 1, 1 },    { 65536, 40000, 65536 },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct plan_wish w = wish(0, 0, TO_END, 0, 0);
        struct plan last = { { 0, rows[i].was - 1, rows[i].was }, 1 }, p;

        CHECK_INT(plan_make(&w, rows[i].recommended, 1, &last, &p, NULL), 0);
        CHECK_INT(p.range.count, rows[i].want);
        w.shards = 5; /* a number is a number */
        CHECK_INT(plan_make(&w, rows[i].recommended, 1, &last, &p, NULL), 0);
        CHECK_INT(p.range.count, 5);
    }
}

TEST(a_wrong_wish_is_refused_with_its_fix)
{
    static const struct {
        struct plan_wish wish;
        const char *says, *fix;
    } rows[] = {
        { { 0, 4, 7, 0, 0 }, "not how many shards there are in all", "--shards" },
        { { 0, 0, 7, 0, 0 }, "not how many shards there are in all", "--shards" },
        { { 16, 4, 16, 0, 0 }, "beyond the last of 16", "the last is 15" },
        { { 16, 9, 4, 0, 0 }, "9 to 4 is empty", "must not be above" },
        { { 65537, 0, TO_END, 0, 0 }, "65537 shards are not possible", "1 to 65536" },
        { { 16, 0, TO_END, 4, 4 }, "--workers 4 and --shards-per-worker 4", "leave one" },
        { { 16, 0, TO_END, 257, 0 }, "--workers 257", "at most 256" },
        { { 1000, 0, TO_END, 0, 2 }, "makes 500 workers", "at least 4" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct plan p = { { 1, 2, 3 }, 1 };
        cordage_error error = { 0 };

        CHECK_INT(plan_make(&rows[i].wish, 16, 4, NULL, &p, &error), CORDAGE_EINVAL);
        if (!strstr(error.message, rows[i].says) || !strstr(error.message, rows[i].fix))
            fail_msg("row %zu says: %s", i, error.message);
        CHECK_INT(p.range.count, 3); /* untouched */
    }
}

TEST(a_recommendation_of_nothing_is_no_plan)
{
    struct plan_wish w = wish(0, 0, TO_END, 0, 0);
    struct plan p;

    CHECK_INT(plan_make(&w, 0, 4, NULL, &p, NULL), CORDAGE_EINVAL);
    CHECK_INT(plan_make(&w, 65537, 4, NULL, &p, NULL), CORDAGE_EINVAL);
}

static int read_text(const char *text, struct plan *out)
{
    struct buf b = { 0 };
    struct json_doc *doc;
    cordage_json json;
    int err;

    CHECK_INT(buf_append_z(&b, text), 0);
    CHECK_INT(json_doc_new(buf_str(&b), &doc, &json), 0);
    err = plan_read(json, out);
    json_doc_free(doc);
    buf_release(&b);
    return err;
}

TEST(a_plan_is_read_as_it_was_written)
{
    struct plan p = { { 1000, 1023, 1024 }, 5 }, back = { 0 };
    struct buf b = { 0 };

    CHECK_INT(plan_write(&p, &b), 0);
    CHECK_STR(buf_str(&b),
              "{\"shards\":1024,\"first\":1000,\"last\":1023,\"workers\":5}");
    CHECK_INT(read_text(buf_zero_end(&b), &back), 0);
    CHECK(memcmp(&p, &back, sizeof p) == 0);
    buf_release(&b);
}

TEST(what_is_no_plan_is_not_read)
{
    static const char *const texts[] = {
        "null",
        "[]",
        "{}",
        "{\"shards\":4,\"first\":0,\"last\":3}",
        "{\"shards\":4,\"first\":0,\"last\":3,\"workers\":0}",
        "{\"shards\":4,\"first\":0,\"last\":3,\"workers\":5}",
        "{\"shards\":4,\"first\":0,\"last\":4,\"workers\":1}",
        "{\"shards\":4,\"first\":3,\"last\":2,\"workers\":1}",
        "{\"shards\":0,\"first\":0,\"last\":0,\"workers\":1}",
        "{\"shards\":65537,\"first\":0,\"last\":3,\"workers\":1}",
        "{\"shards\":1000,\"first\":0,\"last\":999,\"workers\":257}",
        "{\"shards\":4294967300,\"first\":0,\"last\":3,\"workers\":1}",
        "{\"shards\":-4,\"first\":0,\"last\":3,\"workers\":1}",
        "{\"shards\":\"4\",\"first\":0,\"last\":3,\"workers\":1}",
        "{\"shards\":4.5,\"first\":0,\"last\":3,\"workers\":1}",
    };
    struct plan p = { { 1, 2, 3 }, 1 };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        CHECK_INT(read_text(texts[i], &p), CORDAGE_EPARSE);
    CHECK_INT(p.range.count, 3); /* untouched */
}

RUN_TESTS(T(a_wish_becomes_a_plan), T(uneven_parts_differ_by_one),
          T(an_automatic_total_stays_while_discord_finds_it_near_enough),
          T(a_wrong_wish_is_refused_with_its_fix),
          T(a_recommendation_of_nothing_is_no_plan), T(a_plan_is_read_as_it_was_written),
          T(what_is_no_plan_is_not_read))
