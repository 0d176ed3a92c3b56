#include "test.h"

#include <limits.h>
#include <stdlib.h>

#include "captures.h"
#include "envelope.h"
#include "error.h"
#include "json_write.h"

static bool peek(const char *payload, struct envelope *out)
{
    return envelope_peek(str_of(payload), out);
}

static int parse(struct json_parser *p, struct str payload, struct envelope *out,
                 cordage_json *d)
{
    static struct buf
        text; /* the parser's answers borrow from the parser, not from here */

    buf_clear(&text);
    assert_int_equal(buf_append_str(&text, payload), 0);
    return envelope_parse(p, buf_str(&text), out, d);
}

TEST(discords_shape_is_told_from_its_first_bytes)
{
    struct envelope e;

    CHECK(peek("{\"t\":\"MESSAGE_CREATE\",\"s\":42,\"op\":0,\"d\":{\"id\":\"1\"}}", &e));
    CHECK_INT(e.op, 0);
    CHECK(e.has_seq && e.seq == 42);
    CHECK_STR(e.name, "MESSAGE_CREATE");
    CHECK_STR(e.d, "{\"id\":\"1\"}}");
    CHECK(peek("{\"t\":null,\"s\":null,\"op\":10,\"d\":{\"heartbeat_interval\":41250}}",
               &e));
    CHECK_INT(e.op, 10);
    CHECK(!e.has_seq);
    CHECK_INT(e.name.n, 0);
    CHECK(peek("{\"t\":null,\"s\":null,\"op\":11}", &e));
    CHECK_INT(e.op, 11);
    CHECK_INT(e.d.n, 0);
}

TEST(the_three_may_come_in_any_order_before_d)
{
    static const char *const orders[] = {
        "{\"t\":\"A\",\"s\":7,\"op\":0,\"d\":5}",
        "{\"t\":\"A\",\"op\":0,\"s\":7,\"d\":5}",
        "{\"s\":7,\"t\":\"A\",\"op\":0,\"d\":5}",
        "{\"s\":7,\"op\":0,\"t\":\"A\",\"d\":5}",
        "{\"op\":0,\"t\":\"A\",\"s\":7,\"d\":5}",
        "{\"op\":0,\"s\":7,\"t\":\"A\",\"d\":5}",
    };
    struct envelope e;
    size_t i;

    for (i = 0; i < sizeof orders / sizeof *orders; i++) {
        CHECK(peek(orders[i], &e));
        CHECK(e.op == 0 && e.has_seq && e.seq == 7);
        CHECK_STR(e.name, "A");
        CHECK_STR(e.d, "5}");
    }
}

TEST(blanks_do_not_matter)
{
    struct envelope e;

    CHECK(peek("\n { \"t\" : \"A\" ,\t\"s\"\r\n: 3 , \"op\" : 0 , \"d\" : [ ] } ", &e));
    CHECK(e.op == 0 && e.has_seq && e.seq == 3);
    CHECK_STR(e.name, "A");
    CHECK_STR(e.d, "[ ] } ");
}

TEST(other_shapes_are_left_to_the_parser)
{
    static const char *const others[] = {
        "",
        "[]",
        "{}",
        "{\"op\":11}",
        "{\"t\":\"A\",\"s\":1,\"d\":{},\"op\":0}",
        "{\"t\":\"\\u0041\",\"s\":1,\"op\":0}",
        "{\"\\u0074\":\"A\",\"t\":\"B\",\"s\":1,\"op\":0}",
        "{\"t\":\"A\",\"t\":\"B\",\"s\":1,\"op\":0}",
        "{\"x\":0,\"t\":\"A\",\"s\":1,\"op\":0}",
        "{\"t\":\"A\",\"s\":1.0,\"op\":0}",
        "{\"t\":\"A\",\"s\":1e3,\"op\":0}",
        "{\"t\":\"A\",\"s\":-1,\"op\":0}",
        "{\"t\":\"A\",\"s\":01,\"op\":0}",
        "{\"t\":\"A\",\"s\":\"1\",\"op\":0}",
        "{\"t\":\"A\",\"s\":18446744073709551616,\"op\":0}",
        "{\"t\":\"A\",\"s\":1,\"op\":2147483648}",
        "{\"t\":\"A\",\"s\":1,\"op\":null}",
        "{\"t\":1,\"s\":1,\"op\":0}",
        "{\"t\":\"A\" \"s\":1,\"op\":0}",
        "{\"t\":\"A\",\"s\":1,\"op\":0",
    };
    struct envelope e;
    size_t i;

    for (i = 0; i < sizeof others / sizeof *others; i++)
        if (peek(others[i], &e))
            fail_msg("%s", others[i]);
}

TEST(the_parser_takes_what_is_missing_for_null)
{
    struct json_parser *p = json_parser_new();
    struct envelope e;
    cordage_json d;

    assert_non_null(p);
    CHECK_INT(parse(p, STR("{\"op\":11}"), &e, &d), 0);
    CHECK(e.op == 11 && !e.has_seq && e.name.n == 0 && json_is_absent(d));
    CHECK_INT(parse(p, STR("{\"d\":false,\"op\":9,\"s\":null}"), &e, &d), 0);
    CHECK(e.op == 9 && cordage_json_type_of(d) == CORDAGE_JSON_BOOL);
    CHECK_INT(parse(p,
                    STR("{\"d\":{\"x\":[4]},\"t\":\"\\u0041\",\"s\":18446744073709551615,"
                        "\"op\":0}"),
                    &e, &d),
              0);
    CHECK(e.has_seq && e.seq == UINT64_MAX);
    CHECK_STR(e.name, "A");
    CHECK_INT(cordage_json_int(cordage_json_at(json_get(d, "x"), 0), 0), 4);
    json_parser_free(p);
}

TEST(the_parser_refuses_wrong_types)
{
    static const char *const bad[] = {
        "{}",
        "[]",
        "7",
        "{\"op\":\"0\"}",
        "{\"op\":null}",
        "{\"op\":1.0}",
        "{\"op\":2147483648}",
        "{\"op\":-2147483649}",
        "{\"op\":0,\"s\":-1}",
        "{\"op\":0,\"s\":1.5}",
        "{\"op\":0,\"s\":\"1\"}",
        "{\"op\":0,\"s\":[]}",
        "{\"op\":0,\"t\":0}",
        "{\"op\":0,\"t\":{}}",
        "{\"op\":0",
        "{\"op\":0,\"d\":18446744073709551616}",
    };
    struct json_parser *p = json_parser_new();
    struct envelope e;
    cordage_json d;
    size_t i;

    assert_non_null(p);
    for (i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (parse(p, str_of(bad[i]), &e, &d) != CORDAGE_EPARSE)
            fail_msg("%s", bad[i]);
        CHECK(json_is_absent(d));
    }
    json_parser_free(p);
}

/* Where both answer they agree. Returns whether both did. */
static bool agree(struct json_parser *p, struct str payload)
{
    struct envelope peeked, parsed;
    cordage_json d;
    char *exact = malloc(payload.n + 1);
    bool told, both;

    assert_non_null(exact);
    memcpy(exact, payload.p, payload.n);
    told = envelope_peek((struct str){ exact, payload.n }, &peeked);
    both = parse(p, payload, &parsed, &d) == 0 && told;
    if (both && (peeked.op != parsed.op || peeked.has_seq != parsed.has_seq ||
                 peeked.seq != parsed.seq || !str_eq(peeked.name, parsed.name) ||
                 (peeked.d.n && json_is_absent(d))))
        fail_msg("peek and parser differ: %.*s", STR_FMT(payload));
    free(exact);
    return both;
}

TEST(peek_and_parser_agree_on_every_combination_of_values)
{
    static const char *const names[] = { "null", "\"A\"", "\"\"", "\"\\n\"", "0", "" };
    static const char *const seqs[] = { "null", "0",   "18446744073709551615",
                                        "-0",   "1.0", "00",
                                        "1e",   "" };
    static const char *const ops[] = { "0",          "11",  "-1", "2147483647",
                                       "2147483648", "1E0", "" };
    static const char *const ds[] = { "{}", "null", "[1,2]", "\"}\"", "" };
    static const char *const forms[] = {
        "{\"t\":%1$s,\"s\":%2$s,\"op\":%3$s,\"d\":%4$s}",
        "{\"t\":%1$s,\"op\":%3$s,\"s\":%2$s,\"d\":%4$s}",
        "{\"op\":%3$s,\"d\":%4$s,\"s\":%2$s,\"t\":%1$s}",
        "{\"t\":%1$s,\"s\":%2$s,\"op\":%3$s,\"x\":%4$s,\"t\":7}",
        " { \"t\" : %1$s , \"s\" : %2$s , \"op\" : %3$s , \"d\" : %4$s } ",
    };
    struct json_parser *p = json_parser_new();
    char text[256];
    size_t i, n = 1;
    unsigned both = 0;

    assert_non_null(p);
    for (i = 0; n; i++) {
        n = i;
#define PICK(list) list[n % (sizeof list / sizeof *list)]
#define NEXT(list) n /= sizeof list / sizeof *list
        {
            const char *t = PICK(names), *s, *op, *d, *form;

            NEXT(names);
            s = PICK(seqs);
            NEXT(seqs);
            op = PICK(ops);
            NEXT(ops);
            d = PICK(ds);
            NEXT(ds);
            form = PICK(forms);
            NEXT(forms);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            snprintf(text, sizeof text, form, t, s, op, d);
#pragma GCC diagnostic pop
        }
        if (n)
            break;
        both += agree(p, str_of(text));
        n = 1;
    }
    CHECK_INT(i, 6 * 8 * 7 * 5 * 5);
    CHECK(both > 100);
    json_parser_free(p);
}

TEST(every_prefix_is_answered_without_reading_on)
{
    static const char *const payloads[] = {
        "{\"t\":\"MESSAGE_CREATE\",\"s\":4242,\"op\":0,\"d\":{\"id\":\"1\"}}",
        "{\"t\":null,\"s\":null,\"op\":11,\"d\":null}",
        " { \"op\" : 10 , \"s\" : null , \"t\" : null , \"d\" : { } } ",
    };
    struct json_parser *p = json_parser_new();
    struct envelope whole, part;
    size_t i, n;

    assert_non_null(p);
    for (i = 0; i < sizeof payloads / sizeof *payloads; i++) {
        CHECK(peek(payloads[i], &whole));
        for (n = 0; n <= strlen(payloads[i]); n++) {
            char *exact = malloc(n ? n : 1);

            assert_non_null(exact);
            memcpy(exact, payloads[i], n);
            /* A cut number must not pass for a shorter one. */
            if (envelope_peek((struct str){ exact, n }, &part)) {
                CHECK_INT(part.op, whole.op);
                CHECK(part.has_seq == whole.has_seq && part.seq == whole.seq);
                CHECK(str_eq(part.name, whole.name));
            }
            agree(p, (struct str){ exact, n });
            free(exact);
        }
        CHECK(agree(p, str_of(payloads[i])));
    }
    json_parser_free(p);
}

static void put_value(struct json_writer *w, cordage_json v);

static void put_members(struct json_writer *w, cordage_json v)
{
    bool is_object = cordage_json_type_of(v) == CORDAGE_JSON_OBJECT;
    struct json_iter it;
    bool more;

    json_open(w, is_object ? '{' : '[');
    for (more = json_first(v, &it); more; more = json_next(&it)) {
        if (is_object)
            json_key_str(w, it.key);
        put_value(w, it.value);
    }
    json_shut(w, is_object ? '}' : ']');
}

static void put_value(struct json_writer *w, cordage_json v)
{
    struct str s;
    int64_t i;

    if (json_first(v, &(struct json_iter){ .at = 0 }))
        put_members(w, v);
    else if (json_str(v, &s))
        json_put_str(w, s);
    else if (json_i64(v, &i))
        json_put_i64(w, i);
    else
        json_put_null(w);
}

/* A capture is an array of payloads in another key order than Discord's: each is tried as
 * it stands, and again as the wire has it. */
static void try_capture(struct str content, void *user)
{
    struct json_parser *p = user, *q = json_parser_new();
    struct buf text = { 0 };
    struct json_writer w;
    struct json_iter it;
    cordage_json root;
    bool more;

    assert_non_null(q);
    assert_int_equal(json_parse(q, content, &root), 0);
    for (more = json_first(root, &it); more; more = json_next(&it)) {
        buf_clear(&text);
        json_begin(&w, &text);
        put_value(&w, it.value);
        assert_int_equal(json_end(&w), 0);
        agree(p, buf_str(&text));

        buf_clear(&text);
        json_begin(&w, &text);
        json_open(&w, '{');
        json_key(&w, "t");
        put_value(&w, json_get(it.value, "t"));
        json_key(&w, "s");
        put_value(&w, json_get(it.value, "s"));
        json_key(&w, "op");
        put_value(&w, json_get(it.value, "op"));
        json_key(&w, "d");
        put_value(&w, json_get(it.value, "d"));
        json_shut(&w, '}');
        assert_int_equal(json_end(&w), 0);
        CHECK(agree(p, buf_str(&text)));
    }
    buf_release(&text);
    json_parser_free(q);
}

TEST(peek_and_parser_agree_on_real_captures)
{
    struct json_parser *p = json_parser_new();

    assert_non_null(p);
    captures_each("gateway_", try_capture, p);
    json_parser_free(p);
}

RUN_TESTS(T(discords_shape_is_told_from_its_first_bytes),
          T(the_three_may_come_in_any_order_before_d), T(blanks_do_not_matter),
          T(other_shapes_are_left_to_the_parser),
          T(the_parser_takes_what_is_missing_for_null), T(the_parser_refuses_wrong_types),
          T(peek_and_parser_agree_on_every_combination_of_values),
          T(every_prefix_is_answered_without_reading_on),
          T(peek_and_parser_agree_on_real_captures))
