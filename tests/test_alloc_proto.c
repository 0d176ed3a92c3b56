/* The parser, the writer and the payloads, each allocation failing in turn. */
#include "alloc.h"

#include "buf.h"
#include "envelope.h"
#include "json_write.h"
#include "payload.h"

/* A text of `n` bytes, parseable, with slack behind it. */
static void fill(struct buf *b, size_t n)
{
    size_t i;

    buf_clear(b);
    assert_int_equal(buf_reserve(b, n), 0);
    for (i = 0; i < n; i++)
        b->p[i] = i == 0 ? '[' : i == n - 1 ? ']' : i % 2 ? '1' : ',';
    b->n = n;
}

static int parse_anew(void *user)
{
    struct json_parser *p = json_parser_new();
    cordage_json v;
    int err;

    if (!p)
        return CORDAGE_ENOMEM;
    err = json_parse(p, *(struct str *)user, &v);
    if (err)
        CHECK(json_is_absent(v));
    else
        CHECK_INT(json_count(v), 2);
    json_parser_free(p);
    return err;
}

TEST(a_parser_that_gets_no_memory_says_so)
{
    struct buf text = { 0 };
    struct str s;

    fill(&text, 5);
    s = buf_str(&text);
    /* Itself, two for the document, and four for simdjson's own. */
    CHECK(alloc_each(parse_anew, &s) >= 6);
    buf_release(&text);
}

struct growing {
    struct buf small, large;
};

static int grow(void *user)
{
    struct growing *g = user;
    unsigned long fail_nth = alloc_fail_nth;
    struct json_parser *p;
    cordage_json v;
    int err;

    alloc_fail_at(0);
    p = json_parser_new();
    assert_non_null(p);
    assert_int_equal(json_parse(p, buf_str(&g->small), &v), 0);
    alloc_fail_at(fail_nth);
    err = json_parse(p, buf_str(&g->large), &v);
    if (err) {
        CHECK(json_is_absent(v));
        /* It works again as soon as there is memory. */
        assert_int_equal(json_parse(p, buf_str(&g->small), &v), 0);
        CHECK_INT(json_count(v), 2);
        assert_int_equal(json_parse(p, buf_str(&g->large), &v), 0);
    }
    CHECK_INT(json_count(v), 50000);
    json_parser_free(p);
    return err;
}

TEST(a_parser_that_cannot_grow_lives_on)
{
    struct growing g = { { 0 }, { 0 } };

    fill(&g.small, 5);
    fill(&g.large, 100001);
    CHECK(alloc_each(grow, &g) >= 3);
    buf_release(&g.small);
    buf_release(&g.large);
}

TEST(a_parser_asks_for_memory_only_to_grow_and_gives_back_after_a_giant)
{
    struct json_parser *p = json_parser_new();
    struct buf text = { 0 };
    cordage_json v;
    size_t n;

    assert_non_null(p);
    fill(&text, 70001);
    assert_int_equal(json_parse(p, buf_str(&text), &v), 0);
    alloc_fail_at(1); /* nothing is asked for up to twice the size, the power of two */
    for (n = 5; n <= 131071; n = n * 2 + 1) {
        text.n = 0;
        alloc_fail_at(0);
        fill(&text, n);
        alloc_fail_at(1);
        assert_int_equal(json_parse(p, buf_str(&text), &v), 0);
        CHECK_INT(alloc_count, 0);
    }
    alloc_fail_at(0);
    fill(&text, 2000001);
    assert_int_equal(json_parse(p, buf_str(&text), &v), 0);
    fill(&text, 5);
    alloc_fail_at(0);
    assert_int_equal(json_parse(p, buf_str(&text), &v), 0);
    CHECK(alloc_count > 0); /* smaller memory, anew */
    alloc_fail_at(0);
    assert_int_equal(json_parse(p, buf_str(&text), &v), 0);
    CHECK_INT(alloc_count, 0);
    json_parser_free(p);
    buf_release(&text);
}

static int parse_envelope(void *user)
{
    struct json_parser *p = json_parser_new();
    struct envelope e;
    cordage_json d;
    int err;

    if (!p)
        return CORDAGE_ENOMEM;
    err = envelope_parse(p, *(struct str *)user, &e, &d);
    CHECK(err ? json_is_absent(d) : e.op == 11);
    json_parser_free(p);
    return err;
}

TEST(an_envelope_without_memory_is_no_parse_error)
{
    struct buf text = { 0 };
    struct str s;

    assert_int_equal(buf_append_z(&text, "{\"op\":11,\"d\":null}"), 0);
    s = buf_str(&text);
    alloc_each(parse_envelope, &s);
    buf_release(&text);
}

static int write_much(void *user)
{
    struct json_writer w;
    struct buf out = { 0 };
    int i, err;

    (void)user;
    json_begin(&w, &out);
    json_open(&w, '[');
    for (i = 0; i < 1000; i++)
        json_put_i64(&w, i);
    json_shut(&w, ']');
    err = json_end(&w);
    CHECK_INT(out.n, err ? 0 : 3891);
    buf_release(&out);
    return err;
}

TEST(a_writers_error_sticks_until_the_end)
{
    CHECK(alloc_each(write_much, NULL) >= 3);
}

static int write_payloads(void *user)
{
    const struct secret *token = user;
    struct identify_fields identify = { .token = token, .shard_count = 1 };
    struct members_fields members = { .guild_id = 1, .query = "" };
    struct presence_fields presence = { .activity_name = "chess" };
    struct buf out[7] = { { 0 } };
    int err[7], failed = 0;
    size_t i;

    err[0] = payload_heartbeat(&out[0], true, 1);
    err[1] = payload_identify(&out[1], &identify);
    err[2] = payload_resume(&out[2], token, STR("id"), 1);
    err[3] = payload_voice_state(&out[3], 1, 2, true, true);
    err[4] = payload_presence_object(&out[4], &presence);
    err[5] = payload_presence(&out[5], STR("{}"));
    err[6] = payload_request_members(&out[6], &members);
    for (i = 0; i < 7; i++) {
        if (err[i]) {
            failed++;
            CHECK_INT(err[i], CORDAGE_ENOMEM);
        }
        CHECK((out[i].n == 0) == (err[i] != 0));
        buf_wipe(&out[i]);
    }
    CHECK(failed <= 1);
    return failed ? CORDAGE_ENOMEM : 0;
}

TEST(a_payload_is_written_whole_or_not_at_all)
{
    struct secret token = { 0 };

    assert_int_equal(secret_set(&token, STR("abc")), 0);
    CHECK(alloc_each(write_payloads, &token) >= 7);
    secret_release(&token);
}

RUN_TESTS(T(a_parser_that_gets_no_memory_says_so), T(a_parser_that_cannot_grow_lives_on),
          T(a_parser_asks_for_memory_only_to_grow_and_gives_back_after_a_giant),
          T(an_envelope_without_memory_is_no_parse_error),
          T(a_writers_error_sticks_until_the_end),
          T(a_payload_is_written_whole_or_not_at_all))
