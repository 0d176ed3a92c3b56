#include "test.h"

#include <dirent.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>

#include "buf.h"
#include "captures.h"
#include "error.h"
#include "json.h"
#include "json_write.h"
#include "limits.h"

/* A parser, and the text it was last given, padded as it wants it. */
struct fixture {
    struct json_parser *parser;
    struct buf text;
    cordage_json root;
};

static void setup(struct fixture *f)
{
    *f = (struct fixture){ .parser = json_parser_new() };
    assert_non_null(f->parser);
}

static void teardown(struct fixture *f)
{
    json_parser_free(f->parser);
    buf_release(&f->text);
}

static int parse(struct fixture *f, struct str text)
{
    buf_clear(&f->text);
    assert_int_equal(buf_append_str(&f->text, text), 0);
    return json_parse(f->parser, buf_str(&f->text), &f->root);
}

static cordage_json must_parse(struct fixture *f, const char *text)
{
    assert_int_equal(parse(f, str_of(text)), 0);
    return f->root;
}

TEST(values_are_read_as_what_they_are)
{
    struct fixture f;
    cordage_json v;
    uint64_t u = 0;
    int64_t i = 0;
    double d = 0;
    bool b = false;
    struct str s;

    setup(&f);
    v = must_parse(&f, "{\"n\":42,\"m\":-7,\"x\":2.5,\"y\":true,\"s\":\"a\\u0000b\\n\","
                       "\"z\":null,\"o\":{},\"a\":[1,2,3]}");
    CHECK(json_u64(json_get(v, "n"), &u) && u == 42);
    CHECK(json_i64(json_get(v, "m"), &i) && i == -7);
    CHECK(json_double(json_get(v, "x"), &d) && d == 2.5);
    CHECK(json_double(json_get(v, "m"), &d) && d == -7);
    CHECK(json_bool(json_get(v, "y"), &b) && b);
    CHECK(json_str(json_get(v, "s"), &s));
    CHECK(str_eq(s, STR("a\0b\n")));
    CHECK(json_is_null(json_get(v, "z")) && !json_is_absent(json_get(v, "z")));
    CHECK(json_is_absent(json_get(v, "nothing")));
    CHECK_INT(json_count(v), 8);
    CHECK_INT(json_count(json_get(v, "a")), 3);
    CHECK_INT(cordage_json_type_of(v), CORDAGE_JSON_OBJECT);
    CHECK_INT(cordage_json_type_of(json_get(v, "a")), CORDAGE_JSON_ARRAY);
    CHECK_INT(cordage_json_type_of(json_get(v, "n")), CORDAGE_JSON_NUMBER);
    CHECK_INT(cordage_json_type_of(json_get(v, "x")), CORDAGE_JSON_NUMBER);
    CHECK_INT(cordage_json_type_of(json_get(v, "y")), CORDAGE_JSON_BOOL);
    CHECK_INT(cordage_json_type_of(json_get(v, "s")), CORDAGE_JSON_STRING);
    CHECK_INT(cordage_json_type_of(json_get(v, "z")), CORDAGE_JSON_NULL);
    CHECK_INT(cordage_json_int(cordage_json_at(json_get(v, "a"), 2), -1), 3);
    teardown(&f);
}

TEST(the_wrong_question_leaves_the_answer_alone)
{
    static const char *const values[] = { "null", "true",  "1",   "-1",
                                          "1.5",  "\"s\"", "[0]", "{\"k\":0}" };
    struct fixture f;
    size_t n;

    setup(&f);
    for (n = 0; n < sizeof values / sizeof *values; n++) {
        cordage_json v = must_parse(&f, values[n]);
        uint64_t u = 99;
        int64_t i = 99;
        bool b = true;
        struct str s = STR("mine");

        CHECK(json_u64(v, &u) == (n == 2) && u == (n == 2 ? 1 : 99));
        CHECK(json_i64(v, &i) == (n == 2 || n == 3) && (n == 2 || n == 3 || i == 99));
        CHECK(json_bool(v, &b) == (n == 1) && b);
        CHECK(json_str(v, &s) == (n == 5));
        CHECK_STR(s, n == 5 ? "s" : "mine");
        CHECK(json_is_absent(json_get(v, "k")) == (n != 7));
        CHECK(json_is_absent(cordage_json_at(v, 0)) == (n != 6));
        CHECK_INT(json_count(v), n >= 6);
        CHECK(json_is_null(v) == (n == 0));
        CHECK_INT(cordage_json_int(v, 7), n == 2 ? 1 : n == 3 ? -1 : 7);
        CHECK_INT(cordage_json_true(v, true), true);
        CHECK_INT(cordage_json_string(v).n, n == 5);
    }
    teardown(&f);
}

static bool never(cordage_str key, cordage_json value, void *user)
{
    (void)key;
    (void)value;
    *(bool *)user = true;
    return true;
}

TEST(an_absent_view_answers_everything_and_can_be_chained)
{
    cordage_json none = { NULL, 0 }, odd = { NULL, 12345 };
    struct json_iter it;
    bool called = false;
    uint64_t u = 5;

    CHECK(json_is_absent(json_get(json_get(cordage_json_at(none, 3), "a"), "b")));
    CHECK(json_is_absent(json_get(odd, "a")));
    CHECK_INT(cordage_json_type_of(none), CORDAGE_JSON_ABSENT);
    CHECK(!json_is_null(none));
    CHECK(!json_u64(odd, &u) && u == 5);
    CHECK_INT(cordage_json_int(none, -3), -3);
    CHECK(cordage_json_number(none, 0.5) == 0.5);
    CHECK_INT(cordage_json_string(none).n, 0);
    assert_non_null(cordage_json_string(none).p);
    CHECK_INT(cordage_json_id(none), 0);
    CHECK_INT(cordage_json_count(none), 0);
    CHECK(!json_first(none, &it) && json_is_absent(it.value));
    CHECK(!json_next(&it) && !json_next(&it));
    cordage_json_each(none, never, &called);
    CHECK(!called);
}

TEST(of_a_key_that_stands_twice_the_first_counts)
{
    struct fixture f;
    cordage_json v;

    setup(&f);
    v = must_parse(&f, "{\"a\":{\"b\":1},\"b\":2,\"a\":3,\"\\u0062\":4}");
    CHECK_INT(cordage_json_int(json_get(json_get(v, "a"), "b"), 0), 1);
    CHECK_INT(cordage_json_int(json_get(v, "b"), 0), 2);
    CHECK_INT(json_count(v), 4);
    teardown(&f);
}

TEST(a_key_is_compared_whole)
{
    struct fixture f;
    cordage_json v;

    setup(&f);
    v = must_parse(&f, "{\"id\\u0000x\":1,\"i\":2,\"idx\":3,\"\":4,\"\\u0069d\":5}");
    CHECK_INT(cordage_json_int(cordage_json_get(v, "id"), 0), 5);
    CHECK_INT(cordage_json_int(cordage_json_get(v, "i"), 0), 2);
    CHECK_INT(cordage_json_int(cordage_json_get(v, ""), 0), 4);
    teardown(&f);
}

TEST(integers_reach_to_2_to_the_64_and_no_further)
{
    struct fixture f;
    cordage_json v;
    uint64_t u = 0;
    int64_t i = 0;

    setup(&f);
    v = must_parse(&f, "18446744073709551615");
    CHECK(json_u64(v, &u) && u == UINT64_MAX);
    CHECK(!json_i64(v, &i));
    CHECK(cordage_json_id(v) == UINT64_MAX);
    CHECK(cordage_json_number(v, 0) == 18446744073709551615.0);
    v = must_parse(&f, "-9223372036854775808");
    CHECK(json_i64(v, &i) && i == INT64_MIN);
    CHECK(!json_u64(v, &u));
    v = must_parse(&f, "9223372036854775808");
    CHECK(json_u64(v, &u) && u == (uint64_t)INT64_MAX + 1);
    CHECK_INT(cordage_json_int(v, -1), -1);
    CHECK_INT(parse(&f, STR("18446744073709551616")), CORDAGE_EPARSE);
    CHECK_INT(parse(&f, STR("{\"a\":[-9223372036854775809]}")), CORDAGE_EPARSE);
    CHECK(json_is_absent(f.root));
    teardown(&f);
}

TEST(a_snowflake_is_a_decimal_string_or_an_integer)
{
    static const struct {
        const char *text;
        bool is_id;
        uint64_t id;
    } cases[] = {
        { "\"900000000000000001\"", true, 900000000000000001 },
        { "900000000000000001", true, 900000000000000001 },
        { "\"0\"", true, 0 },
        { "\"18446744073709551615\"", true, UINT64_MAX },
        { "\"18446744073709551616\"", false, 0 },
        { "\"\"", false, 0 },
        { "\"-1\"", false, 0 },
        { "\" 1\"", false, 0 },
        { "\"1\\u0000\"", false, 0 },
        { "-1", false, 0 },
        { "1.0", false, 0 },
        { "null", false, 0 },
        { "[1]", false, 0 },
    };
    struct fixture f;
    size_t n;

    setup(&f);
    for (n = 0; n < sizeof cases / sizeof *cases; n++) {
        uint64_t id = 0;

        must_parse(&f, cases[n].text);
        CHECK_INT(json_id(f.root, &id), cases[n].is_id);
        CHECK(id == cases[n].id);
        CHECK(cordage_json_id(f.root) == cases[n].id);
    }
    teardown(&f);
}

TEST(what_is_not_one_well_formed_document_is_refused)
{
    static const struct str bad[] = {
        { "", 0 },
        { " ", 1 },
        { "{", 1 },
        { "[1,]", 4 },
        { "{\"a\" 1}", 7 },
        { "{a:1}", 5 },
        { "{} {}", 5 },
        { "[1]x", 4 },
        { "tru", 3 },
        { "01", 2 },
        { "+1", 2 },
        { "NaN", 3 },
        { "'a'", 3 },
        { "\"a", 2 },
        { "\"\x01\"", 3 },
        { "\"\\x41\"", 6 },
        { "\"\\ud800\"", 8 },
        { "\"\\udc00\\ud800\"", 14 },
        { "\"\xff\"", 3 },
        { "\"\xc0\xaf\"", 4 },
        { "\"\xed\xa0\x80\"", 5 },
        { "\"\xe2\x82\"", 4 },
        { "[1]\0", 4 },
        { "\xef\xbb\xbf{}", 5 },
        { "1e400", 5 },
    };
    struct fixture f;
    size_t n;

    setup(&f);
    for (n = 0; n < sizeof bad / sizeof *bad; n++) {
        int err = parse(&f, bad[n]);

        if (err != CORDAGE_EPARSE)
            fail_msg("\"%.*s\" gives %d", STR_FMT(bad[n]), err);
        CHECK(json_is_absent(f.root));
        /* The parser lives on. */
        CHECK_INT(cordage_json_int(must_parse(&f, "7"), 0), 7);
    }
    teardown(&f);
}

static void nest(struct buf *b, size_t depth)
{
    size_t i;

    buf_clear(b);
    for (i = 0; i < depth; i++)
        assert_int_equal(buf_append(b, i % 2 ? "[" : "{\"a\":", i % 2 ? 1 : 5), 0);
    buf_append_z(b, "0");
    while (i-- > 0)
        buf_append(b, i % 2 ? "]" : "}", 1);
}

TEST(depth_is_bounded)
{
    struct fixture f;
    struct buf text = { 0 };
    cordage_json v;
    int levels = 0;

    setup(&f);
    nest(&text, LIMIT_JSON_DEPTH - 1);
    assert_int_equal(parse(&f, buf_str(&text)), 0);
    for (v = f.root; json_count(v) == 1; levels++)
        v = levels % 2 ? cordage_json_at(v, 0) : json_get(v, "a");
    CHECK_INT(levels, LIMIT_JSON_DEPTH - 1);
    nest(&text, LIMIT_JSON_DEPTH + 1);
    CHECK_INT(parse(&f, buf_str(&text)), CORDAGE_EPARSE);
    nest(&text, 200000);
    CHECK_INT(parse(&f, buf_str(&text)), CORDAGE_EPARSE);
    buf_release(&text);
    teardown(&f);
}

/* Parses each prefix of `text` where it stands, with the rest behind it, and alone. */
TEST(what_lies_behind_the_text_does_not_matter)
{
    static const char text[] = "[12345,\"ab\\u00e9\",true,null,-1.5e10,{\"k\":[]}]  123";
    struct fixture f, alone;
    struct buf whole = { 0 };
    size_t n;

    setup(&f);
    setup(&alone);
    assert_int_equal(buf_append_z(&whole, text), 0);
    assert_int_equal(buf_reserve(&whole, BUF_SLACK), 0);
    for (n = 0; n <= strlen(text); n++) {
        int want = parse(&alone, (struct str){ text, n });

        CHECK_INT(json_parse(f.parser, (struct str){ whole.p, n }, &f.root), want);
        CHECK_INT(json_count(f.root), json_count(alone.root));
    }
    /* A number is cut where the text ends. */
    for (n = 1; n <= 3; n++) {
        assert_int_equal(json_parse(f.parser, (struct str){ whole.p + 1, n }, &f.root),
                         0);
        CHECK_INT(cordage_json_int(f.root, 0), n == 1 ? 1 : n == 2 ? 12 : 123);
    }
    buf_release(&whole);
    teardown(&f);
    teardown(&alone);
}

TEST(iteration_follows_the_document)
{
    struct fixture f;
    struct json_iter it;
    char seen[64] = "";
    bool more;

    setup(&f);
    must_parse(&f,
               "{\"b\":[1,[2]],\"a\":{\"x\":9},\"c\":18446744073709551615,\"d\":0.5}");
    for (more = json_first(f.root, &it); more; more = json_next(&it))
        snprintf(seen + strlen(seen), sizeof seen - strlen(seen), "%.*s%d ",
                 STR_FMT(it.key), (int)cordage_json_type_of(it.value));
    assert_string_equal(seen, "b5 a6 c3 d3 ");
    CHECK(json_is_absent(it.value));
    CHECK(!json_next(&it));
    CHECK(!json_first(must_parse(&f, "[]"), &it));
    CHECK(json_first(must_parse(&f, "[null]"), &it) && it.key.n == 0);
    teardown(&f);
}

static bool sum_two(cordage_str key, cordage_json value, void *user)
{
    int64_t *sum = user;

    CHECK(cordage_str_is(key, ""));
    *sum += cordage_json_int(value, 0);
    return *sum < 3;
}

TEST(each_ends_when_it_is_told_to)
{
    struct fixture f;
    int64_t sum = 0;

    setup(&f);
    cordage_json_each(must_parse(&f, "[1,2,4,8]"), sum_two, &sum);
    CHECK_INT(sum, 3);
    CHECK(cordage_str_is((cordage_str){ "ab", 2 }, "ab"));
    CHECK(!cordage_str_is((cordage_str){ "ab", 2 }, "abc"));
    CHECK(cordage_str_is((cordage_str){ NULL, 0 }, ""));
    teardown(&f);
}

/* The tape's own count ends at 2^24 - 1. */
TEST(a_giant_array_is_counted_right_and_its_memory_given_back)
{
    enum { ELEMENTS = (1 << 24) + 5 };
    struct fixture f;
    struct buf text = { 0 };
    size_t i;

    setup(&f);
    assert_int_equal(buf_reserve(&text, 2 * ELEMENTS + 1), 0);
    text.p[text.n++] = '[';
    for (i = 0; i < ELEMENTS; i++) {
        text.p[text.n++] = '0';
        text.p[text.n++] = i + 1 < ELEMENTS ? ',' : ']';
    }
    assert_int_equal(json_parse(f.parser, buf_str(&text), &f.root), 0);
    CHECK_INT(json_count(f.root), ELEMENTS);
    buf_release(&text);
    CHECK_INT(cordage_json_int(must_parse(&f, "1"), 0), 1);
    teardown(&f);
}

TEST(a_text_over_the_limit_is_not_looked_at)
{
    struct fixture f;

    setup(&f);
    CHECK_INT(json_parse(f.parser, (struct str){ "1", (size_t)LIMIT_PAYLOAD + 1 },
                         &f.root),
              CORDAGE_ELIMIT);
    CHECK(json_is_absent(f.root));
    teardown(&f);
}

TEST(the_writer_puts_commas_and_escapes_where_they_belong)
{
    struct json_writer w;
    struct buf out = { 0 };

    assert_int_equal(buf_append_z(&out, "before "), 0);
    json_begin(&w, &out);
    json_open(&w, '{');
    json_key(&w, "a");
    json_open(&w, '[');
    json_put_u64(&w, UINT64_MAX);
    json_put_i64(&w, INT64_MIN);
    json_put_bool(&w, true);
    json_put_bool(&w, false);
    json_put_null(&w);
    json_put_z(&w, NULL);
    json_open(&w, '{');
    json_shut(&w, '}');
    json_open(&w, '[');
    json_shut(&w, ']');
    json_shut(&w, ']');
    json_key_str(&w, STR("k\"\\"));
    json_put_str(&w, STR("\x00\x1f\b\f\n\r\t/\x7f"));
    json_key(&w, "id");
    json_put_id(&w, 900000000000000001);
    json_key(&w, "raw");
    json_put_raw(&w, STR("{\"x\":1}"));
    json_shut(&w, '}');
    assert_int_equal(json_end(&w), 0);
    CHECK_STR(buf_str(&out),
              "before {\"a\":[18446744073709551615,-9223372036854775808,true,false,null,"
              "null,{},[]],\"k\\\"\\\\\":\"\\u0000\\u001f\\b\\f\\n\\r\\t/\x7f\","
              "\"id\":\"900000000000000001\",\"raw\":{\"x\":1}}");
    buf_release(&out);
}

static void written_as(struct str in, const char *want)
{
    struct json_writer w;
    struct buf out = { 0 };

    json_begin(&w, &out);
    json_put_str(&w, in);
    assert_int_equal(json_end(&w), 0);
    CHECK_STR(buf_str(&out), want);
    buf_release(&out);
}

#define BAD "\xef\xbf\xbd"

TEST(the_writer_never_writes_invalid_utf8)
{
    written_as(STR("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf"),
               "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf\"");
    written_as(STR("a\xff"), "\"a" BAD "\"");
    written_as(STR("\xc3"), "\"" BAD "\"");
    written_as(STR("\xe2\x82x"), "\"" BAD "x\"");
    written_as(STR("\xf0\x9f\x98"), "\"" BAD "\"");
    written_as(STR("\xc0\xaf"), "\"" BAD BAD "\"");
    written_as(STR("\xed\xa0\x80"), "\"" BAD BAD BAD "\"");
    written_as(STR("\xf4\x90\x80\x80"), "\"" BAD BAD BAD BAD "\"");
    written_as(STR("\x80\""), "\"" BAD "\\\"\"");
}

TEST(whatever_bytes_are_written_the_parser_reads)
{
    struct fixture f;
    struct json_writer w;
    struct buf out = { 0 };
    struct str back;
    char bytes[3];
    int a, b, c;

    setup(&f);
    for (a = 0; a < 256; a++)
        for (b = 0; b < 256; b += a < 0x80 ? 64 : 1)
            for (c = 0x7f; c < 0x100; c += a < 0xe0 ? 0x60 : 0x21) {
                bytes[0] = (char)a;
                bytes[1] = (char)b;
                bytes[2] = (char)c;
                buf_clear(&out);
                json_begin(&w, &out);
                json_put_str(&w, (struct str){ bytes, 3 });
                assert_int_equal(json_end(&w), 0);
                assert_int_equal(json_parse(f.parser, buf_str(&out), &f.root), 0);
                CHECK(json_str(f.root, &back) && back.n >= 1);
            }
    buf_release(&out);
    teardown(&f);
}

TEST(a_double_reads_back_as_the_same_in_any_locale)
{
    static const double numbers[] = {
        0, -0.0, 0.1, 1.0 / 3, 1e300, 5e-324, 2.5, -1e-7, 41250.0, 1.7976931348623157e308
    };
    struct fixture f;
    struct json_writer w;
    struct buf out = { 0 };
    size_t i;

    setup(&f);
    setlocale(LC_NUMERIC, "de_DE.UTF-8"); /* where there is one */
    for (i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        buf_clear(&out);
        json_begin(&w, &out);
        json_put_double(&w, numbers[i]);
        assert_int_equal(json_end(&w), 0);
        assert_int_equal(json_parse(f.parser, buf_str(&out), &f.root), 0);
        CHECK(cordage_json_number(f.root, -1) == numbers[i]);
    }
    setlocale(LC_NUMERIC, "C");
    buf_clear(&out);
    json_begin(&w, &out);
    json_open(&w, '[');
    json_put_double(&w, NAN);
    json_put_double(&w, -INFINITY);
    json_put_double(&w, 0.1);
    json_shut(&w, ']');
    assert_int_equal(json_end(&w), 0);
    CHECK_STR(buf_str(&out), "[null,null,0.1]");
    buf_release(&out);
    teardown(&f);
}

TEST(a_failed_writer_leaves_the_buffer_as_it_was)
{
    struct json_writer w;
    struct buf out = { .limit = 20 };

    assert_int_equal(buf_append_z(&out, "kept"), 0);
    json_begin(&w, &out);
    json_open(&w, '[');
    json_put_z(&w, "much longer than there is room for");
    json_put_u64(&w, 1);
    json_shut(&w, ']');
    CHECK_INT(json_end(&w), CORDAGE_ELIMIT);
    CHECK_STR(buf_str(&out), "kept");
    buf_release(&out);
}

/* Writes what a view shows, so that reading it again can be compared. */
static void rewrite(struct json_writer *w, cordage_json v)
{
    cordage_json_type type = cordage_json_type_of(v);
    struct json_iter it;
    struct str s;
    uint64_t u;
    int64_t i;
    bool more;

    if (type == CORDAGE_JSON_OBJECT || type == CORDAGE_JSON_ARRAY) {
        json_open(w, type == CORDAGE_JSON_OBJECT ? '{' : '[');
        for (more = json_first(v, &it); more; more = json_next(&it)) {
            if (type == CORDAGE_JSON_OBJECT)
                json_key_str(w, it.key);
            rewrite(w, it.value);
        }
        json_shut(w, type == CORDAGE_JSON_OBJECT ? '}' : ']');
    } else if (json_str(v, &s)) {
        json_put_str(w, s);
    } else if (json_i64(v, &i)) {
        json_put_i64(w, i);
    } else if (json_u64(v, &u)) {
        json_put_u64(w, u);
    } else if (type == CORDAGE_JSON_NUMBER) {
        json_put_double(w, cordage_json_number(v, 0));
    } else if (type == CORDAGE_JSON_BOOL) {
        json_put_bool(w, cordage_json_true(v, false));
    } else {
        json_put_null(w);
    }
}

static void check_rewritten(struct str bytes, void *user)
{
    struct fixture *f = user;
    struct json_writer w;
    struct buf once = { 0 }, twice = { 0 };

    assert_int_equal(json_parse(f->parser, bytes, &f->root), 0);
    CHECK(json_count(f->root) > 0);
    json_begin(&w, &once);
    rewrite(&w, f->root);
    assert_int_equal(json_end(&w), 0);
    CHECK(once.n > 0 && once.n <= bytes.n);
    assert_int_equal(json_parse(f->parser, buf_str(&once), &f->root), 0);
    json_begin(&w, &twice);
    rewrite(&w, f->root);
    assert_int_equal(json_end(&w), 0);
    CHECK(str_eq(buf_str(&once), buf_str(&twice)));
    buf_release(&once);
    buf_release(&twice);
}

TEST(real_captures_are_read_and_written_again)
{
    struct fixture f;

    setup(&f);
    captures_each("", check_rewritten, &f);
    teardown(&f);
}

TEST(two_documents_live_side_by_side)
{
    struct json_parser *parser = json_parser_new();
    struct buf first = { 0 }, second = { 0 }, third = { 0 };
    cordage_json a, b, c;

    buf_append_z(&first, "{\"a\":1}");
    buf_append_z(&second, "{\"b\":2}");
    buf_append_z(&third, "{\"c\":");
    CHECK_INT(json_parse(parser, buf_str(&first), &a), 0);
    CHECK_INT(json_parse_beside(parser, buf_str(&second), &b), 0);
    CHECK_INT(cordage_json_int(json_get(a, "a"), 0), 1);
    CHECK_INT(cordage_json_int(json_get(b, "b"), 0), 2);
    CHECK_INT(json_parse(parser, buf_str(&second), &a), 0);
    CHECK_INT(cordage_json_int(json_get(b, "b"), 0), 2);
    CHECK_INT(json_parse_beside(parser, buf_str(&third), &c), CORDAGE_EPARSE);
    CHECK(json_is_absent(c));
    buf_release(&third);
    buf_release(&second);
    buf_release(&first);
    json_parser_free(parser);
}

TEST(a_document_of_its_own_outlives_the_text)
{
    struct buf text = { 0 };
    struct json_doc *doc, *none;
    cordage_json root, nothing;

    buf_append_z(&text, "{\"name\":\"anchor\",\"list\":[1,2,3]}");
    CHECK_INT(json_doc_new(buf_str(&text), &doc, &root), 0);
    buf_wipe(&text);
    CHECK(cordage_str_is(cordage_json_string(json_get(root, "name")), "anchor"));
    CHECK_INT(json_count(json_get(root, "list")), 3);
    json_doc_free(doc);
    CHECK_INT(json_doc_new(buf_str(&text), &none, &nothing), CORDAGE_EPARSE);
    assert_null(none);
    buf_append_z(&text, "[1,");
    CHECK_INT(json_doc_new(buf_str(&text), &none, &nothing), CORDAGE_EPARSE);
    assert_null(none);
    CHECK(json_is_absent(nothing));
    buf_release(&text);
    json_doc_free(NULL);
}

RUN_TESTS(T(two_documents_live_side_by_side), T(a_document_of_its_own_outlives_the_text),
          T(values_are_read_as_what_they_are),
          T(the_wrong_question_leaves_the_answer_alone),
          T(an_absent_view_answers_everything_and_can_be_chained),
          T(of_a_key_that_stands_twice_the_first_counts), T(a_key_is_compared_whole),
          T(integers_reach_to_2_to_the_64_and_no_further),
          T(a_snowflake_is_a_decimal_string_or_an_integer),
          T(what_is_not_one_well_formed_document_is_refused), T(depth_is_bounded),
          T(what_lies_behind_the_text_does_not_matter), T(iteration_follows_the_document),
          T(each_ends_when_it_is_told_to),
          T(a_giant_array_is_counted_right_and_its_memory_given_back),
          T(a_text_over_the_limit_is_not_looked_at),
          T(the_writer_puts_commas_and_escapes_where_they_belong),
          T(the_writer_never_writes_invalid_utf8),
          T(whatever_bytes_are_written_the_parser_reads),
          T(a_double_reads_back_as_the_same_in_any_locale),
          T(a_failed_writer_leaves_the_buffer_as_it_was),
          T(real_captures_are_read_and_written_again))
