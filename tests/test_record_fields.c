/* Records: single fields asked and changed, and damage. */
#include "record_rig.h"

/* ---- Single fields --------------------------------------------------------------------
 */

static void expect_number(const char *json, unsigned field, bool ok, uint64_t want)
{
    struct rig r = rig_start();
    struct str record = written(&r, &all, json);
    uint64_t n = 12345;

    CHECK_INT(record_number(&all, record, field, &n), ok);
    CHECK_INT(n, ok ? want : 12345);
    rig_stop(&r);
}

TEST(numbers_are_asked)
{
    expect_number("{\"yes\":true}", YES, true, 1);
    expect_number("{\"yes\":false}", YES, true, 0);
    expect_number("{\"no\":true}", NO, true, 1);
    expect_number("{\"no\":false}", NO, true, 0);
    expect_number("{\"int\":-7}", INT, true, (uint64_t)-7);
    expect_number("{\"string\":\"a\",\"int\":5}", INT, true, 5);
    expect_number("{\"int\":null}", INT, false, 0);
    expect_number("{}", INT, false, 0);
    expect_number("{\"int\":1,\"id\":\"77\"}", ID, true, 77);
    expect_number("{\"bits\":\"0\"}", BITS, true, 0);
    expect_number("{\"bits\":\"8\"}", BITS, true, 8);
    expect_number("{\"bits\":\"18446744073709551615\"}", BITS, true, UINT64_MAX);
    expect_number("{\"bits\":\"many\"}", BITS, false, 0);
    expect_number("{\"time\":\"2015-01-01T00:00:01.500000+00:00\"}", TIME, true,
                  1420070401500);
    expect_number("{\"time\":\"2015-01-01T02:00:01.5+02:00\"}", TIME, true,
                  1420070401500);
    expect_number("{\"time\":\"1970-01-01T00:00:01-01:00\"}", TIME, true, 3601000);
    expect_number("{\"time\":\"1970-01-01T00:00:01+01:00\"}", TIME, false, 0);
    expect_number("{\"time\":\"soon\"}", TIME, false, 0);
    expect_number("{\"string\":\"5\"}", STRING, false, 0);
    expect_number("{\"word\":\"online\"}", WORD, false, 0);
}

TEST(lists_are_asked)
{
    struct rig r = rig_start();
    struct str object, record = written(&r, &all,
                                        "{\"int\":3,\"ids\":[\"5\",\"6\"],\"objects\":"
                                        "[{\"x\":1},{\"name\":\"b\"}]}");
    uint64_t n;
    size_t at = 0;

    CHECK(record_has_id(&all, record, IDS, 6));
    CHECK(!record_has_id(&all, record, IDS, 7));
    CHECK(!record_has_id(&all, record, INT, 3));
    CHECK(record_next_id(&all, record, IDS, &at, &n) && n == 5);
    CHECK(record_next_id(&all, record, IDS, &at, &n) && n == 6);
    CHECK(!record_next_id(&all, record, IDS, &at, &n));
    at = 0;
    CHECK(record_next_object(&all, record, OBJECTS, &at, &object));
    CHECK_STR(shown(&r, &point, object), "{\"x\":1}");
    CHECK(record_next_object(&all, record, OBJECTS, &at, &object));
    CHECK_STR(shown(&r, &point, object), "{\"name\":\"b\"}");
    CHECK(!record_next_object(&all, record, OBJECTS, &at, &object));
    at = 0;
    CHECK(!record_next_object(&all, record, IDS, &at, &object));
    at = 0;
    record = written(&r, &all, "{\"ids\":[],\"objects\":[]}");
    CHECK(!record_next_id(&all, record, IDS, &at, &n));
    CHECK(!record_next_object(&all, record, OBJECTS, &at, &object));
    rig_stop(&r);
}

static void expect_set(const char *json, unsigned field, const uint64_t *value,
                       const char *want)
{
    struct rig r = rig_start();
    struct str record = written(&r, &all, json);
    struct buf straight = { 0 };

    CHECK_INT(record_set_number(&all, record, field, value, &r.out), 0);
    CHECK_STR(shown(&r, &all, buf_str(&r.out)), want);
    /* The very record that the JSON would have given. */
    CHECK_INT(record_write(&all, parse(&r, want), &straight), 0);
    CHECK(str_eq(buf_str(&straight), buf_str(&r.out)));
    buf_release(&straight);
    rig_stop(&r);
}

TEST(numbers_are_set)
{
    uint64_t zero = 0, one = 1, usual = (uint64_t)-7;

    expect_set("{\"string\":\"a\"}", INT, &one, "{\"int\":1,\"string\":\"a\"}");
    expect_set("{\"int\":5,\"string\":\"a\"}", INT, &usual,
               "{\"int\":-7,\"string\":\"a\"}");
    expect_set("{\"int\":5,\"string\":\"a\"}", INT, NULL,
               "{\"int\":null,\"string\":\"a\"}");
    expect_set("{\"id\":null}", ID, &one, "{\"id\":\"1\"}");
    expect_set("{}", LAST, &zero, "{\"last\":\"0\"}");
    expect_set("{\"yes\":false,\"last\":\"3\"}", YES, &one,
               "{\"yes\":true,\"last\":\"3\"}");
    expect_set("{\"no\":false}", NO, &one, "{\"no\":true}");
    expect_set("{\"no\":true}", NO, &zero, "{\"no\":false}");
}

TEST(what_is_no_number_is_not_set)
{
    struct rig r = rig_start();
    struct str record = written(&r, &all, "{\"string\":\"a\"}");
    uint64_t one = 1;

    CHECK_INT(record_set_number(&all, record, STRING, &one, &r.out), CORDAGE_EINVAL);
    CHECK_INT(record_set_number(&all, record, 99, &one, &r.out), CORDAGE_EINVAL);
    CHECK_INT(record_set_number(&all, STR(""), INT, &one, &r.out), CORDAGE_EPARSE);
    record.n--;
    CHECK_INT(record_set_number(&all, record, INT, &one, &r.out), CORDAGE_EPARSE);
    CHECK_INT(record_drop_id(&all, record, INT, 1, &r.out), CORDAGE_EINVAL);
    CHECK_INT(r.out.n, 0);
    rig_stop(&r);
}

static void expect_drop(const char *json, uint64_t id, const char *want)
{
    struct rig r = rig_start();
    struct str record = written(&r, &all, json);

    CHECK_INT(record_drop_id(&all, record, IDS, id, &r.out), 0);
    CHECK_STR(shown(&r, &all, buf_str(&r.out)), want);
    rig_stop(&r);
}

TEST(ids_are_dropped)
{
    expect_drop("{\"ids\":[\"5\",\"6\",\"5\"],\"last\":\"1\"}", 5,
                "{\"ids\":[\"6\"],\"last\":\"1\"}");
    expect_drop("{\"ids\":[\"5\"],\"last\":\"1\"}", 5, "{\"ids\":[],\"last\":\"1\"}");
    expect_drop("{\"ids\":[\"5\"],\"last\":\"1\"}", 6,
                "{\"ids\":[\"5\"],\"last\":\"1\"}");
    expect_drop("{\"last\":\"1\"}", 6, "{\"last\":\"1\"}");
}

/* ---- Damage ---------------------------------------------------------------------------
 */

/* Everything that reads, with what may be no record: nothing may crash, and whoever
 * answers must say so when the whole makes no sense. */
static bool survive(struct rig *r, struct str record)
{
    struct json_writer w;
    struct str object;
    uint64_t n;
    size_t at;
    unsigned i;
    int err;

    for (i = 0; i < all.n; i++) {
        record_state(&all, record, i);
        record_number(&all, record, i, &n);
        record_has_id(&all, record, i, 5);
        for (at = 0; record_next_id(&all, record, i, &at, &n);)
            ;
        for (at = 0; record_next_object(&all, record, i, &at, &object);)
            CHECK(object.n > 0);
        record_drop_id(&all, record, i, 5, &r->out);
        record_set_number(&all, record, i, NULL, &r->out);
    }
    buf_clear(&r->out);
    json_begin(&w, &r->out);
    json_open(&w, '{');
    err = record_json(&all, record, &w);
    json_shut(&w, '}');
    CHECK_INT(json_end(&w), 0);
    buf_clear(&r->out);
    return err == 0;
}

TEST(damage_does_no_harm)
{
    struct rig r = rig_start();
    struct str good = written(
        &r, &all,
        "{\"yes\":true,\"int\":5,\"double\":0.5,\"id\":\"513\",\"bits\":\"1024\","
        "\"time\":\"2015-01-01T00:16:40+00:00\",\"hash\":\"xyz!\",\"string\":\"hi\","
        "\"word\":\"idle\",\"ids\":[\"9\"],\"ints\":[1,-1],\"strings\":[\"idle\",\"no\"],"
        "\"object\":{\"x\":2},\"objects\":[{},{\"x\":2}],\"no\":true,\"last\":\"3\"}");
    char *bytes = malloc(good.n);
    size_t n, bit;

    CHECK(bytes != NULL);
    for (n = 0; n < good.n; n++) {
        char *exact = malloc(n ? n : 1);

        memcpy(exact, good.p, n);
        CHECK(!survive(&r, (struct str){ exact, n }));
        free(exact);
    }
    for (bit = 0; bit < good.n * 8; bit++) {
        memcpy(bytes, good.p, good.n);
        bytes[bit / 8] ^= (char)(1 << bit % 8);
        survive(&r, (struct str){ bytes, good.n });
    }
    free(bytes);
    rig_stop(&r);
}

/* One byte of a count may not ask for more than there is. */
TEST(counts_beyond_the_end_are_refused)
{
    static const struct {
        unsigned field;
        const char *value;
        size_t n;
    } bad[] = {
        { IDS, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10 },
        { INTS, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10 },
        { STRING, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10 },
        { STRING, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10 },
        { STRING, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11 },
        { HASH, "\x00 too short", 11 },
        { WORD, "\x04", 1 },
        { TIME, "\xf9\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10 },
        { OBJECTS, "\x05\x00", 2 },
        { OBJECT, "\x04\x00", 2 },
        { ID, "1234567", 7 },
    };
    struct rig r = rig_start();

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const struct schema one = { "one", &all_fields[bad[i].field], 1 };
        struct json_writer w;

        buf_clear(&r.record);
        CHECK_INT(buf_append(&r.record, "\x01\x03", 2), 0);
        CHECK_INT(buf_append(&r.record, bad[i].value, bad[i].n), 0);
        json_begin(&w, &r.out);
        json_open(&w, '{');
        CHECK_INT(record_json(&one, buf_str(&r.record), &w), CORDAGE_EPARSE);
        json_shut(&w, '}');
        json_end(&w);
    }
    rig_stop(&r);
}

RUN_TESTS(T(numbers_are_asked), T(lists_are_asked), T(numbers_are_set),
          T(what_is_no_number_is_not_set), T(ids_are_dropped), T(damage_does_no_harm),
          T(counts_beyond_the_end_are_refused))
