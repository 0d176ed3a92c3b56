/* What Discord's answers mean: limits, refusals, sentences. */
#include "reply.h"

#include <stdlib.h>

#include "test.h"

#include <locale.h>

static struct reply read_reply(long status, const char *head, const char *body)
{
    struct json_parser *parser = json_parser_new();
    struct buf b = { 0 };
    struct http_answer a = { .status = status, .head = str_of(head) };
    struct reply reply;

    CHECK(parser != NULL);
    CHECK_INT(buf_append_z(&b, body), 0);
    CHECK_INT(buf_reserve(&b, 1), 0);
    a.body = buf_str(&b);
    reply_read(&a, parser, &reply);
    buf_release(&b);
    json_parser_free(parser);
    return reply;
}

TEST(bucket_headers_are_read_in_any_case)
{
    struct reply r =
        read_reply(200,
                   "HTTP/2 200 \r\nx-ratelimit-limit: 5\r\n"
                   "X-RateLimit-Remaining:4\r\nX-RATELIMIT-RESET-AFTER: 1.250 \r\n"
                   "x-ratelimit-bucket: abcd\r\n\r\n",
                   "{}");

    CHECK(r.bucket.present);
    CHECK_INT(r.bucket.limit, 5);
    CHECK_INT(r.bucket.remaining, 4);
    CHECK(r.bucket.reset_after_s == 1.25);
    CHECK(r.limit == REPLY_NOT_LIMITED && !r.counts);
}

TEST(broken_bucket_headers_count_as_none)
{
    static const char *const heads[] = {
        "",
        "x-ratelimit-limit: 5\r\nx-ratelimit-remaining: 4\r\n",
        "x-ratelimit-limit: 5\r\nx-ratelimit-remaining: four\r\nx-ratelimit-reset-after: "
        "1\r\n",
        "x-ratelimit-limit: 5\r\nx-ratelimit-remaining: -1\r\nx-ratelimit-reset-after: "
        "1\r\n",
        "x-ratelimit-limit: 5\r\nx-ratelimit-remaining: 1\r\nx-ratelimit-reset-after: "
        "nan\r\n",
        "x-ratelimit-limit: 5\r\nx-ratelimit-remaining: 1\r\nx-ratelimit-reset-after: "
        "inf\r\n",
        "x-ratelimit-limit: 1e99\r\nx-ratelimit-remaining: 1\r\nx-ratelimit-reset-after: "
        "1\r\n",
        "x-ratelimit-limit:\r\nx-ratelimit-remaining: 1\r\nx-ratelimit-reset-after: "
        "1\r\n",
        "x-ratelimit-limit: 5 6\r\nx-ratelimit-remaining: 1\r\nx-ratelimit-reset-after: "
        "1\r\n",
        "x-ratelimit-limit: 5\r\nx-ratelimit-remaining: "
        "11111111111111111111111111111111111111111111\r\nx-ratelimit-reset-after: 1\r\n",
        "x-ratelimit-limit: 0x5\r\nx-ratelimit-remaining: 1\r\nx-ratelimit-reset-after: "
        "1\r\n",
        "x-ratelimit-limit: 5\r\nx-ratelimit-remaining: 1\r\nx-ratelimit-reset-after: "
        "1.2.3\r\n",
        "x-ratelimit-limit",
        ":\r\n:\r\n\r\n",
    };

    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        if (read_reply(200, heads[i], "{}").bucket.present)
            fail_msg("accepted: %s", heads[i]);
}

TEST(a_locale_does_not_change_how_numbers_are_read)
{
    static const char *const with_comma[] = { "de_DE.UTF-8", "fr_FR.UTF-8", "ru_RU.UTF-8",
                                              "pt_BR.UTF-8" };
    struct reply r;
    bool found = false;

    for (size_t i = 0; i < sizeof with_comma / sizeof *with_comma && !found; i++)
        found = setlocale(LC_NUMERIC, with_comma[i]) != NULL;
    if (!found)
        print_message("no locale with a decimal comma is installed: not tried in one\n");
    r = read_reply(200,
                   "X-RateLimit-Limit: 5\r\nX-RateLimit-Remaining: 4\r\n"
                   "X-RateLimit-Reset-After: 0.125\r\n\r\n",
                   "{}");
    setlocale(LC_NUMERIC, "C");
    CHECK(r.bucket.present);
    CHECK(r.bucket.reset_after_s == 0.125);
}

TEST(the_kinds_of_429_are_told_apart)
{
    static const struct {
        const char *head, *body;
        enum reply_limit limit;
        double retry_after_s;
        bool counts;
    } table[] = {
        { "x-ratelimit-scope: user\r\nretry-after: 2\r\n",
          "{\"message\":\"You are being rate "
          "limited.\",\"retry_after\":1.337,\"global\":false}",
          REPLY_LIMITED_USER, 1.337, true },
        { "x-ratelimit-scope: shared\r\nretry-after: 3\r\n", "{\"retry_after\":2.5}",
          REPLY_LIMITED_SHARED, 2.5, false },
        { "x-ratelimit-global: true\r\n", "{\"retry_after\":1}", REPLY_LIMITED_GLOBAL, 1,
          true },
        { "x-ratelimit-scope: global\r\n", "{\"retry_after\":1}", REPLY_LIMITED_GLOBAL, 1,
          true },
        { "", "{\"retry_after\":64.57,\"global\":true}", REPLY_LIMITED_GLOBAL, 64.57,
          true },
        { "", "{\"retry_after\":0.3}", REPLY_LIMITED_USER, 0.3, true },
        { "Retry-After: 600\r\n", "error code: 1015", REPLY_BANNED, 600, true },
        { "Retry-After: 600\r\n", "{}", REPLY_BANNED, 600, true },
        { "Retry-After: soon\r\n", "", REPLY_BANNED, 1, true },
        { "", "{\"retry_after\":\"5\"}", REPLY_BANNED, 1, true },
        { "", "{\"retry_after\":-5}", REPLY_BANNED, 1, true },
        { "x-ratelimit-limit: 5\r\nx-ratelimit-remaining: 0\r\nx-ratelimit-reset-after: "
          "7\r\n",
          "<html>", REPLY_BANNED, 7, true },
    };

    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct reply r = read_reply(429, table[i].head, table[i].body);

        if (r.limit != table[i].limit || r.retry_after_s != table[i].retry_after_s ||
            r.counts != table[i].counts)
            fail_msg("%zu: %s, %g s, %d", i, reply_limit_name(r.limit), r.retry_after_s,
                     r.counts);
    }
}

TEST(refusals_count_and_other_errors_do_not)
{
    CHECK(read_reply(401, "", "{}").counts && read_reply(403, "", "{}").counts);
    CHECK(!read_reply(200, "", "{}").counts && !read_reply(404, "", "{}").counts);
    CHECK(!read_reply(500, "", "").counts && !read_reply(204, "", "").counts);
}

TEST(discords_sentence_and_code_are_read_and_made_printable)
{
    struct reply r = read_reply(403, "",
                                "{\"message\":\"Missing\\nAccess\\u0000\","
                                "\"code\":50001}");

    CHECK_INT(r.code, 50001);
    assert_string_equal(r.text, "Missing Access ");
    /* DEL, and a terminal's CSI as one character. */
    r = read_reply(403, "",
                   "{\"message\":\"a\x7f"
                   "b\xc2\x9b"
                   "31m\xc3\xa9\"}");
    assert_string_equal(r.text, "a b  31m\xc3\xa9");
    r = read_reply(400, "", "{\"message\":7,\"code\":\"x\"}");
    CHECK(r.code == 0 && r.text[0] == '\0');
    r = read_reply(400, "", "{\"message\":\"x\",\"code\":99999999999}");
    CHECK_INT(r.code, 0);
    r = read_reply(502, "", "<html>bad gateway</html>");
    CHECK(r.code == 0 && r.text[0] == '\0');
}

TEST(a_sentence_too_long_is_cut)
{
    char body[2000] = "{\"message\":\"";

    memset(body + strlen(body), 'x', 1500);
    strcat(body, "\"}");
    CHECK_INT(strlen(read_reply(400, "", body).text), 255);
}

RUN_TESTS(T(bucket_headers_are_read_in_any_case), T(broken_bucket_headers_count_as_none),
          T(a_locale_does_not_change_how_numbers_are_read),
          T(the_kinds_of_429_are_told_apart), T(refusals_count_and_other_errors_do_not),
          T(discords_sentence_and_code_are_read_and_made_printable),
          T(a_sentence_too_long_is_cut))
