/* REST that fails on request. */
#include "routes_rig.h"

static void fault(struct rest *r, const char *body)
{
    if (rest_post(r, "/_sim/fault", body) != 200)
        fail_msg("%.*s", STR_FMT(buf_str(&r->answer.body)));
}

static double number(struct rest *r, const char *header)
{
    char text[32];

    snprintf(text, sizeof text, "%.*s", STR_FMT(rest_header(r, header)));
    return atof(text);
}

TEST(it_is_down_in_discords_words_or_cloudflares)
{
    struct rest r;

    rest_start(&r);
    fault(&r, "{\"kind\":\"rest_down\",\"status\":502,\"for_ms\":1000}");
    CHECK_INT(rest_get(&r, "/api/v10/users/@me"), 502);
    CHECK(rest_header(&r, "Via").n > 0);
    CHECK(!json_is_absent(r.json));
    fault(&r,
          "{\"kind\":\"rest_down\",\"status\":521,\"cloudflare\":true,\"for_ms\":1000}");
    CHECK_INT(rest_get(&r, "/api/v10/users/@me"), 521);
    CHECK(rest_header(&r, "Via").n == 0);
    CHECK(str_starts(buf_str(&r.answer.body), STR("<!DOCTYPE html>")));
    rig_wait(&r.rig, 1000);
    CHECK_INT(rest_get(&r, "/api/v10/users/@me"), 200);
    rig_is_clean(&r.rig);
    rest_stop(&r);
}

TEST(answers_come_late)
{
    struct rest r;

    rest_start(&r);
    fault(&r, "{\"kind\":\"rest_slow\",\"by_ms\":1500,\"for_ms\":1000}");
    CHECK_INT(r.answer.delay_ms, 0); /* control requests don't */
    CHECK_INT(rest_get(&r, "/api/v10/users/@me"), 200);
    CHECK_INT(r.answer.delay_ms, 1500);
    rig_wait(&r.rig, 1000);
    CHECK_INT(rest_get(&r, "/api/v10/users/@me"), 200);
    CHECK_INT(r.answer.delay_ms, 0);
    fault(&r, "{\"kind\":\"rest_slow\"}");
    fault(&r, "{\"kind\":\"rest_slow\",\"down\":false}");
    CHECK_INT(rest_get(&r, "/api/v10/users/@me"), 200);
    CHECK_INT(r.answer.delay_ms, 0);
    rest_stop(&r);
}

TEST(headers_are_missing_or_wrong)
{
    struct rest r;
    double right;

    rest_start(&r);
    CHECK_INT(rest_get(&r, "/api/v10/users/@me"), 200);
    right = number(&r, "X-RateLimit-Reset");
    fault(&r, "{\"kind\":\"rest_clock\",\"by_ms\":60000,\"behind\":true}");
    CHECK_INT(rest_get(&r, "/api/v10/users/@me"), 200);
    CHECK(number(&r, "X-RateLimit-Reset") == right - 60);
    CHECK(number(&r, "X-RateLimit-Reset-After") == 5);
    fault(&r, "{\"kind\":\"rest_no_headers\",\"for_ms\":100}");
    CHECK_INT(rest_get(&r, "/api/v10/users/@me"), 200);
    CHECK(rest_header(&r, "X-RateLimit-Limit").n == 0);
    CHECK(rest_header(&r, "X-RateLimit-Bucket").n == 0);
    rig_wait(&r.rig, 100);
    CHECK_INT(rest_get(&r, "/api/v10/users/@me"), 200);
    CHECK(rest_header(&r, "X-RateLimit-Limit").n > 0);
    rest_stop(&r);
}

TEST(buckets_get_other_names)
{
    struct rest r;
    char before[64];

    rest_start(&r);
    CHECK_INT(rest_get(&r, "/api/v10/users/@me"), 200);
    snprintf(before, sizeof before, "%.*s",
             STR_FMT(rest_header(&r, "X-RateLimit-Bucket")));
    CHECK_INT(rest_get(&r, "/api/v10/users/@me"), 200);
    CHECK_STR(rest_header(&r, "X-RateLimit-Bucket"), before);
    fault(&r, "{\"kind\":\"rest_new_buckets\"}");
    CHECK_INT(rest_get(&r, "/api/v10/users/@me"), 200);
    CHECK(!str_is(rest_header(&r, "X-RateLimit-Bucket"), before));
    CHECK_STR(rest_header(&r, "X-RateLimit-Remaining"), "49");
    rest_stop(&r);
}

TEST(a_hash_is_the_same_for_every_channel)
{
    struct rest r;
    char hash[64];

    rest_start(&r);
    CHECK_INT(rest_post(&r, rest_channel(&r, 0, "/messages"), "{\"content\":\"a\"}"),
              200);
    snprintf(hash, sizeof hash, "%.*s", STR_FMT(rest_header(&r, "X-RateLimit-Bucket")));
    CHECK_INT(rest_post(&r, rest_channel(&r, 1, "/messages"), "{\"content\":\"a\"}"),
              200);
    CHECK_STR(rest_header(&r, "X-RateLimit-Bucket"), hash);
    CHECK_STR(rest_header(&r, "X-RateLimit-Remaining"), "4");
    rest_stop(&r);
}

TEST(a_limit_of_any_scope_is_reached)
{
    static const char *const scopes[] = { "user", "global", "shared" };
    struct rest r;
    char body[128];

    rest_start(&r);
    for (int i = 0; i < 3; i++) {
        snprintf(
            body, sizeof body,
            "{\"kind\":\"rest_limited\",\"count\":1,\"by_ms\":1500,\"scope\":\"%s\"}",
            scopes[i]);
        fault(&r, body);
        CHECK_INT(rest_get(&r, "/api/v10/users/@me"), 429);
        CHECK_STR(rest_header(&r, "X-RateLimit-Scope"), scopes[i]);
        CHECK_STR(rest_header(&r, "Retry-After"), "2");
        CHECK(cordage_json_number(rest_at(r.json, "retry_after"), 0) == 1.5);
        CHECK(cordage_json_true(rest_at(r.json, "global"), false) == (i == 1));
        CHECK_INT(rest_get(&r, "/api/v10/users/@me"), 200);
    }
    CHECK_INT(rest_post(&r, "/_sim/fault",
                        "{\"kind\":\"rest_limited\",\"scope\":\"mine\"}"),
              400);
    rig_is_clean(&r.rig);
    rest_stop(&r);
}

static bool json_is(cordage_json v, const char *text)
{
    struct str s;

    return json_str(v, &s) && str_is(s, text);
}

/* The fields of a kind, as the page is told. */
static cordage_json field_of(struct rest *r, const char *kind, const char *name)
{
    struct json_iter k, f;

    for (bool more = json_first(json_get(r->json, "faults"), &k); more;
         more = json_next(&k)) {
        if (!json_is(json_get(k.value, "kind"), kind))
            continue;
        for (bool next = json_first(json_get(k.value, "fields"), &f); next;
             next = json_next(&f))
            if (json_is(json_get(f.value, "name"), name))
                return f.value;
    }
    fail_msg("%s has no %s", kind, name);
    return r->json;
}

TEST(the_page_is_told_what_a_field_left_out_means)
{
    static const struct {
        const char *kind, *field, *key;
        uint64_t is;
    } cases[] = {
        { "close", "code", "default", 4000 },
        { "watchdog", "code", "default", 4009 },
        { "rest_down", "status", "default", 503 },
        { "rest_slow", "by_ms", "max", 30000 },
        { "late_ack", "by_ms", "max", 86400000 },
    };
    struct rest r;
    uint64_t n;

    rest_start(&r);
    CHECK_INT(rest_get(&r, "/_sim/controls"), 200);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK(
            json_u64(json_get(field_of(&r, cases[i].kind, cases[i].field), cases[i].key),
                     &n));
        CHECK_INT(n, cases[i].is);
    }
    CHECK(json_is(json_get(field_of(&r, "split", "over"), "default"), "frames"));
    CHECK(json_is(json_get(field_of(&r, "rest_limited", "scope"), "default"), "user"));
    rest_stop(&r);
}

TEST(who_met_nobody_is_told_why)
{
    struct rest r;

    rest_start(&r);
    CHECK_INT(rest_post(&r, "/_sim/fault", "{\"kind\":\"reset\",\"shard\":[0,7]}"), 200);
    CHECK(json_is(json_get(r.json, "note"),
                  "no session that is connected is meant: GET /_sim/report has them"));
    CHECK_INT(rest_post(&r, "/_sim/fault", "{\"kind\":\"rest_down\"}"), 200);
    CHECK(json_is(json_get(r.json, "note"), "this is of no connection"));
    rest_stop(&r);
}

/* The page makes its forms of them. */
TEST(each_field_of_each_fault_says_what_it_takes)
{
    struct json_iter kind, field;
    struct rest r;

    rest_start(&r);
    CHECK_INT(rest_get(&r, "/_sim/controls"), 200);
    for (bool more = json_first(json_get(r.json, "faults"), &kind); more;
         more = json_next(&kind))
        for (bool next = json_first(json_get(kind.value, "fields"), &field); next;
             next = json_next(&field))
            if (json_is_absent(json_get(field.value, "type")))
                fail_msg("%s: a field without a type",
                         cordage_json_string(json_get(kind.value, "kind")).p);
    rest_stop(&r);
}

RUN_TESTS(T(it_is_down_in_discords_words_or_cloudflares), T(answers_come_late),
          T(headers_are_missing_or_wrong), T(buckets_get_other_names),
          T(a_hash_is_the_same_for_every_channel), T(a_limit_of_any_scope_is_reached),
          T(each_field_of_each_fault_says_what_it_takes),
          T(the_page_is_told_what_a_field_left_out_means), T(who_met_nobody_is_told_why))
