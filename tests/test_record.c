/* Records: every form there and back, updates, and other versions. */
#include "record_rig.h"

/* {key: value} takes so many bytes behind its head, and comes back as `want`. */
static void expect_back(struct rig *r, unsigned field, const char *value,
                        const char *want, size_t size)
{
    const struct field *f = &all_fields[field];
    const struct schema one = { "one", f, 1 };
    char json[512], back[512];
    struct str record;

    snprintf(json, sizeof json, "{\"%s\":%s}", f->key, value);
    snprintf(back, sizeof back, "{\"%s\":%s}", f->key, want);
    record = written(r, &one, json);
    if (record.n != size + 2)
        fail_msg("%s takes %zu bytes, want %zu", json, record.n - 2, size);
    CHECK_STR(shown(r, &one, record), back);
}

static void expect_same(struct rig *r, unsigned field, const char *value, size_t size)
{
    expect_back(r, field, value, value, size);
}

/* The value has the wrong type: the field is absent. */
static void expect_dropped(struct rig *r, unsigned field, const char *value)
{
    const struct schema one = { "one", &all_fields[field], 1 };
    char json[512];
    struct str record;

    snprintf(json, sizeof json, "{\"%s\":%s}", all_fields[field].key, value);
    record = written(r, &one, json);
    CHECK_INT(record.n, 1);
    CHECK_STR(shown(r, &one, record), "{}");
}

/* ---- Forms ----------------------------------------------------------------------------
 */

TEST(numbers_come_back)
{
    struct rig r = rig_start();

    expect_same(&r, YES, "false", 0);
    expect_same(&r, YES, "true", 0);
    expect_same(&r, NO, "false", 0);
    expect_same(&r, INT, "-7", 0);
    expect_same(&r, INT, "0", 1);
    expect_same(&r, INT, "-64", 1);
    expect_same(&r, INT, "9223372036854775807", 10);
    expect_same(&r, INT, "-9223372036854775808", 10);
    expect_back(&r, INT, "5.0", "5", 1);
    expect_back(&r, INT, "1e3", "1000", 2);
    expect_dropped(&r, INT, "0.5");
    expect_dropped(&r, INT, "1e300");
    expect_dropped(&r, INT, "9223372036854775808");
    expect_dropped(&r, INT, "\"5\"");
    expect_back(&r, DOUBLE, "1.0", "1", 0);
    expect_same(&r, DOUBLE, "0.9843569397926331", 8);
    expect_back(&r, DOUBLE, "-0.0", "-0", 8);
    expect_same(&r, DOUBLE, "1e-300", 8);
    expect_dropped(&r, YES, "1");
    rig_stop(&r);
}

TEST(ids_and_bits_come_back)
{
    struct rig r = rig_start();

    expect_same(&r, ID, "\"0\"", 8);
    expect_same(&r, ID, "\"18446744073709551615\"", 8);
    expect_back(&r, ID, "7", "\"7\"", 8);
    expect_dropped(&r, ID, "\"18446744073709551616\"");
    expect_dropped(&r, ID, "\"x\"");
    expect_dropped(&r, ID, "-1");
    expect_same(&r, BITS, "\"0\"", 0);
    expect_same(&r, BITS, "\"1024\"", 2);
    expect_same(&r, BITS, "\"8866461766385663\"", 8);
    expect_same(&r, BITS, "\"9223372036854775807\"", 10);
    expect_same(&r, BITS, "\"9223372036854775808\"", 20);
    expect_same(&r, BITS, "\"340282366920938463463374607431768211456\"", 41);
    expect_same(&r, BITS, "\"0042\"", 5);
    expect_same(&r, BITS, "\"\"", 1);
    expect_same(&r, BITS, "\"mp:external/a\"", 10);
    expect_dropped(&r, BITS, "5");
    rig_stop(&r);
}

TEST(times_come_back)
{
    struct rig r = rig_start();

    expect_same(&r, TIME, "\"2021-01-02T03:04:05.678000+00:00\"", 6);
    expect_same(&r, TIME, "\"2021-01-02T03:04:05+00:00\"", 5);
    expect_same(&r, TIME, "\"2021-01-02T03:04:05.678Z\"", 6);
    expect_same(&r, TIME, "\"2021-01-02T03:04:05.678912+00:00\"", 8);
    expect_same(&r, TIME, "\"2021-01-02T03:04:05.678+00:00\"", 6);
    expect_same(&r, TIME, "\"2021-01-02T03:04:05Z\"", 5);
    expect_same(&r, TIME, "\"2021-01-02T03:04:05.678912Z\"", 8);
    expect_same(&r, TIME, "\"2015-01-01T00:00:00+00:00\"", 1);
    expect_same(&r, TIME, "\"2024-02-29T23:59:59+00:00\"", 5);
    expect_same(&r, TIME, "\"2100-02-28T00:00:00+00:00\"", 5);
    expect_same(&r, TIME, "\"9999-12-31T23:59:59.999999+00:00\"", 9);
    /* Kept as text: before Discord, other zones, other fractions, no such day, no time.
     */
    expect_same(&r, TIME, "\"2014-12-31T23:59:59+00:00\"", 27);
    expect_same(&r, TIME, "\"2021-01-02T03:04:05+02:00\"", 27);
    expect_same(&r, TIME, "\"2021-01-02T03:04:05.6Z\"", 24);
    expect_same(&r, TIME, "\"2023-02-29T03:04:05+00:00\"", 27);
    expect_same(&r, TIME, "\"2021-01-02T24:00:00+00:00\"", 27);
    expect_same(&r, TIME, "\"2016-12-31T23:59:60+00:00\"", 27);
    expect_same(&r, TIME, "\"2021-01-02 03:04:05+00:00\"", 27);
    expect_same(&r, TIME, "\"soon\"", 3);
    expect_same(&r, TIME, "\"\"", 1);
    expect_dropped(&r, TIME, "1609556645678");
    rig_stop(&r);
}

/* Each day from 2015 to 2126, at its first second. */
TEST(every_day_comes_back)
{
    static const unsigned days_in[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    struct rig r = rig_start();
    const struct schema one = { "one", &all_fields[TIME], 1 };
    uint64_t ms, want = 1420070400000;
    unsigned year, month, day;
    char json[64];

    for (year = 2015; year < 2127; year++)
        for (month = 1; month <= 12; month++) {
            bool leap = month == 2 && year % 4 == 0 && year != 2100;

            for (day = 1; day <= days_in[month - 1] + leap; day++) {
                snprintf(json, sizeof json, "{\"time\":\"%u-%02u-%02uT00:00:00+00:00\"}",
                         year, month, day);
                written(&r, &one, json);
                CHECK(r.record.n <= 8);
                CHECK(record_number(&one, buf_str(&r.record), 0, &ms));
                CHECK_INT(ms, want);
                CHECK_STR(shown(&r, &one, buf_str(&r.record)), json);
                want += 86400000;
            }
        }
    rig_stop(&r);
}

TEST(texts_come_back)
{
    struct rig r = rig_start();

    expect_same(&r, HASH, "\"0123456789abcdef0123456789abcdef\"", 17);
    expect_same(&r, HASH, "\"a_0123456789abcdef0123456789abcdef\"", 17);
    expect_same(&r, HASH, "\"0123456789ABCDEF0123456789abcdef\"", 33);
    expect_same(&r, HASH, "\"a_0123456789abcdef0123456789abcdeg\"", 35);
    expect_same(&r, HASH, "\"\"", 1);
    expect_same(&r, STRING, "\"\"", 0);
    expect_same(&r, STRING, "\"caf\xc3\xa9 \\\"\\\\\\u0000\\n\"", 11);
    expect_same(&r, WORD, "\"online\"", 0);
    expect_same(&r, WORD, "\"idle\"", 1);
    expect_same(&r, WORD, "\"offline!\"", 7);
    expect_same(&r, WORD, "\"\"", 1);
    expect_dropped(&r, STRING, "5");
    expect_dropped(&r, HASH, "{}");
    rig_stop(&r);
}

/* What people write takes half a byte a character, mostly. */
TEST(text_is_packed)
{
    struct rig r = rig_start();

    expect_same(&r, STRING, "\"a\"", 2);         /* 1 half byte of 2 would be no less */
    expect_same(&r, STRING, "\"entered\"", 5);   /* 7 half bytes and an end */
    expect_same(&r, STRING, "\"general\"", 5);   /* 8 */
    expect_same(&r, STRING, "\"Xa\"", 3);        /* 3 + 1, as long as it was */
    expect_same(&r, STRING, "\"Xaaa\"", 4);      /* 3 + 3 */
    expect_same(&r, STRING, "\"\xc3\xa9t\"", 4); /* 6 + 1 half bytes are more */
    expect_same(&r, STRING, "\"\xc3\xa9tait\"", 6);
    expect_same(&r, WORD, "\"onlin\"", 4);
    rig_stop(&r);
}

/* {"string":TEXT} there and back. */
static void expect_text(struct rig *r, const char *json)
{
    const struct schema one = { "one", &all_fields[STRING], 1 };
    cordage_json object;
    struct str text;

    CHECK(json_str(json_get(parse(r, json), "string"), &text));
    buf_clear(&r->out);
    CHECK_INT(buf_append_str(&r->out, text), 0);
    written(r, &one, json);
    shown(r, &one, buf_str(&r->record));
    CHECK_INT(json_parse(r->parser, buf_str(&r->text), &object), 0);
    CHECK(json_str(json_get(object, "string"), &text));
    CHECK(str_eq(text, buf_str(&r->out)));
}

/* Each character among others, and each length around the longest that is packed. */
TEST(any_text_comes_back)
{
    struct rig r = rig_start();
    char json[8192];
    unsigned i, n;

    for (i = 0; i < 0x500; i++) {
        snprintf(json, sizeof json, "{\"string\":\"aeo\\u%04xn\"}", i);
        expect_text(&r, json);
    }
    for (n = 2040; n < 2060; n++) {
        snprintf(json, sizeof json, "{\"string\":\"%0*d\"}", (int)n, 7);
        expect_text(&r, json);
        for (i = 0; json[i]; i++)
            if (json[i] == '0')
                json[i] = 'e';
        expect_text(&r, json);
    }
    rig_stop(&r);
}

TEST(lists_and_objects_come_back)
{
    struct rig r = rig_start();

    expect_same(&r, IDS, "[]", 0);
    expect_same(&r, IDS, "[\"1\",\"2\"]", 17);
    expect_back(&r, IDS, "[1,null,\"x\",\"2\"]", "[\"1\",\"2\"]", 17);
    expect_back(&r, IDS, "[null]", "[]", 0);
    expect_same(&r, INTS, "[]", 1);
    expect_same(&r, INTS, "[1,-1,300]", 5);
    expect_same(&r, STRINGS, "[\"idle\",\"new\",\"\"]", 6);
    expect_same(&r, OBJECT, "{\"x\":0}", 0);
    expect_same(&r, OBJECT, "{}", 1);
    expect_same(&r, OBJECT, "{\"x\":1,\"ids\":[]}", 3);
    expect_back(&r, OBJECT, "{\"new\":[1],\"x\":null}", "{\"x\":null}", 2);
    expect_same(&r, OBJECTS, "[]", 0);
    expect_back(&r, OBJECTS, "[{},null,7,{\"x\":2}]", "[{},{\"x\":2}]", 5);
    expect_dropped(&r, OBJECT, "[]");
    expect_dropped(&r, OBJECTS, "{}");
    expect_dropped(&r, IDS, "\"1\"");
    rig_stop(&r);
}

/* A list whose length needs more than a byte. */
TEST(long_lists_come_back)
{
    struct rig r = rig_start();
    struct buf json = { 0 };
    struct str object;
    size_t at = 0;
    uint64_t n;
    int i;

    CHECK_INT(buf_append_z(&json, "{\"ids\":["), 0);
    for (i = 0; i < 1000; i++)
        CHECK_INT(buf_printf(&json, "%s\"%d\"", i ? "," : "", i), 0);
    CHECK_INT(buf_append_z(&json, "],\"objects\":["), 0);
    for (i = 0; i < 1000; i++)
        CHECK_INT(buf_printf(&json, "%s{\"x\":%d}", i ? "," : "", i + 1), 0);
    CHECK_INT(buf_append_z(&json, "]}"), 0);
    CHECK(buf_zero_end(&json) != NULL);
    written(&r, &all, json.p);
    CHECK_STR(shown(&r, &all, buf_str(&r.record)), json.p);
    for (i = 0; record_next_object(&all, buf_str(&r.record), OBJECTS, &at, &object);
         i++) {
        CHECK(record_number(&point, object, 0, &n));
        CHECK_INT(n, i + 1);
    }
    CHECK_INT(i, 1000);
    for (i = 0, at = 0; record_next_id(&all, buf_str(&r.record), IDS, &at, &n); i++)
        CHECK_INT(n, i);
    CHECK_INT(i, 1000);
    buf_release(&json);
    rig_stop(&r);
}

TEST(absent_null_and_usual_are_three_things)
{
    struct rig r = rig_start();
    struct str record =
        written(&r, &all, "{\"int\":null,\"word\":\"online\",\"more\":1}");

    CHECK_INT(record_state(&all, record, INT), FIELD_NULL);
    CHECK_INT(record_state(&all, record, WORD), FIELD_VALUE);
    CHECK_INT(record_state(&all, record, ID), FIELD_ABSENT);
    CHECK_INT(record_state(&all, record, LAST), FIELD_ABSENT);
    CHECK_INT(record_state(&all, record, 99), FIELD_ABSENT);
    CHECK_INT(record_state(&all, (struct str){ "", 0 }, INT), FIELD_ABSENT);
    CHECK_STR(shown(&r, &all, record), "{\"int\":null,\"word\":\"online\"}");
    CHECK_INT(record_write(&all, parse(&r, "[]"), &r.out), CORDAGE_EINVAL);
    CHECK_INT(record_write(&all, (cordage_json){ 0 }, &r.out), CORDAGE_EINVAL);
    CHECK_INT(r.out.n, 0);
    /* Of two values the first counts, as everywhere. */
    record = written(&r, &all, "{\"id\":\"1\",\"id\":\"2\"}");
    CHECK_STR(shown(&r, &all, record), "{\"id\":\"1\"}");
    rig_stop(&r);
}

/* Behind other bytes: what is appended to stays. */
TEST(a_record_is_appended)
{
    struct rig r = rig_start();

    CHECK_INT(buf_append_z(&r.out, "before"), 0);
    CHECK_INT(record_write(&all, parse(&r, "{\"id\":\"1\",\"last\":true}"), &r.out), 0);
    CHECK_INT(r.out.n, 6 + 1 + 1 + 8);
    CHECK(memcmp(r.out.p, "before", 6) == 0);
    CHECK_STR(shown(&r, &all, (struct str){ r.out.p + 6, r.out.n - 6 }),
              "{\"id\":\"1\"}");
    rig_stop(&r);
}

/* ---- Updates --------------------------------------------------------------------------
 */

static void expect_merge(const char *old, const char *update, const char *want)
{
    struct rig r = rig_start();
    struct str record = old ? written(&r, &all, old) : (struct str){ "", 0 };

    buf_clear(&r.out);
    CHECK_INT(record_merge(&all, record, parse(&r, update), &r.out), 0);
    CHECK_STR(shown(&r, &all, buf_str(&r.out)), want);
    rig_stop(&r);
}

TEST(an_update_replaces_what_it_has)
{
    expect_merge("{\"int\":1,\"string\":\"a\"}", "{\"int\":2}",
                 "{\"int\":2,\"string\":\"a\"}");
    expect_merge("{\"int\":1,\"string\":\"a\"}", "{\"string\":null}",
                 "{\"int\":1,\"string\":null}");
    expect_merge("{\"int\":1}", "{\"last\":\"9\",\"yes\":true}",
                 "{\"yes\":true,\"int\":1,\"last\":\"9\"}");
    expect_merge("{\"string\":\"a\",\"last\":\"9\"}", "{\"string\":\"\"}",
                 "{\"string\":\"\",\"last\":\"9\"}");
    expect_merge("{\"object\":{\"x\":1,\"name\":\"n\"}}", "{\"object\":{\"x\":2}}",
                 "{\"object\":{\"x\":2}}");
    expect_merge("{\"ids\":[\"1\"],\"objects\":[{\"x\":1}]}", "{\"objects\":[]}",
                 "{\"ids\":[\"1\"],\"objects\":[]}");
    expect_merge("{\"int\":1}", "{}", "{\"int\":1}");
    expect_merge("{}", "{\"int\":1}", "{\"int\":1}");
    expect_merge(NULL, "{\"int\":1}", "{\"int\":1}");
    /* A value of the wrong type says nothing. */
    expect_merge("{\"int\":1}", "{\"int\":\"x\"}", "{\"int\":1}");
}

TEST(a_merge_is_refused_whole)
{
    struct rig r = rig_start();
    struct str record = written(&r, &all, "{\"id\":\"1\",\"string\":\"abc\"}");
    struct str cut = { record.p, record.n - 1 };

    CHECK_INT(record_merge(&all, record, parse(&r, "7"), &r.out), CORDAGE_EINVAL);
    CHECK_INT(record_merge(&all, cut, parse(&r, "{\"id\":\"2\"}"), &r.out),
              CORDAGE_EPARSE);
    CHECK_INT(record_merge(&all, STR("\xff"), parse(&r, "{}"), &r.out), CORDAGE_EPARSE);
    CHECK_INT(r.out.n, 0);
    rig_stop(&r);
}

/* ---- Versions -------------------------------------------------------------------------
 */

TEST(an_older_record_is_read_and_a_newer_is_not)
{
    struct schema older = { "older", all_fields, ID + 1 };
    struct rig r = rig_start();
    struct str record = written(&r, &older, "{\"int\":1,\"id\":\"2\",\"last\":\"3\"}");

    CHECK_STR(shown(&r, &all, record), "{\"int\":1,\"id\":\"2\"}");
    CHECK_INT(record_state(&all, record, LAST), FIELD_ABSENT);
    CHECK_INT(record_merge(&all, record, parse(&r, "{\"last\":\"3\"}"), &r.out), 0);
    CHECK_STR(shown(&r, &all, buf_str(&r.out)),
              "{\"int\":1,\"id\":\"2\",\"last\":\"3\"}");
    CHECK_INT(record_state(&older, buf_str(&r.out), INT), FIELD_ABSENT);
    rig_stop(&r);
}

/* What is stored must be read for ever: these are the bytes of format 1. */
TEST(the_format_stays)
{
    static const unsigned char want[] = {
        16,   0xff, 0xff, 0xff, 0xef,                   /* codes */
        0x0a,                                           /* int 5 */
        0,    0,    0,    0,    0,    0, 0xe0, 0x3f,    /* double 0.5 */
        1,    2,    0,    0,    0,    0, 0,    0,       /* id 513 */
        0x80, 0x10,                                     /* bits 1024 */
        0xc2, 0x3e,                                     /* time: 1000 s */
        6,    'x',  'y',  'z',  '!',                    /* hash: text */
        5,    0x18, 0x92,                               /* string, packed */
        2,                                              /* word idle */
        1,    9,    0,    0,    0,    0, 0,    0,    0, /* ids */
        2,    2,    1,                                  /* ints 1, -1 */
        2,    2,    7,    0x35,                         /* strings: a word, a text */
        1,    3,    4,                                  /* object */
        4,    0,    1,    3,    4,                      /* objects */
        3,    0,    0,    0,    0,    0, 0,    0,       /* last */
    };
    struct rig r = rig_start();
    struct str record = written(
        &r, &all,
        "{\"yes\":true,\"int\":5,\"double\":0.5,\"id\":\"513\",\"bits\":\"1024\","
        "\"time\":\"2015-01-01T00:16:40+00:00\",\"hash\":\"xyz!\",\"string\":\"seal\","
        "\"word\":\"idle\",\"ids\":[\"9\"],\"ints\":[1,-1],\"strings\":[\"idle\",\"no\"],"
        "\"object\":{\"x\":2},\"objects\":[{},{\"x\":2}],\"no\":true,\"last\":\"3\"}");

    CHECK_INT(record.n, sizeof want);
    for (size_t i = 0; i < sizeof want; i++)
        if ((unsigned char)record.p[i] != want[i])
            fail_msg("byte %zu is %02x, want %02x", i, (unsigned char)record.p[i],
                     want[i]);
    rig_stop(&r);
}

RUN_TESTS(T(numbers_come_back), T(ids_and_bits_come_back), T(times_come_back),
          T(every_day_comes_back), T(texts_come_back), T(text_is_packed),
          T(any_text_comes_back), T(lists_and_objects_come_back), T(long_lists_come_back),
          T(absent_null_and_usual_are_three_things), T(a_record_is_appended),
          T(an_update_replaces_what_it_has), T(a_merge_is_refused_whole),
          T(an_older_record_is_read_and_a_newer_is_not), T(the_format_stays))
