/* What is a secret in a payload, and that nothing else is touched. */
#include "recording.h"

#include "test.h"

static struct json_parser *parser;

static void check_clean(const char *from, const char *to)
{
    struct buf in = { 0 }, out = { 0 };

    CHECK_INT(buf_append_z(&in, from), 0);
    CHECK_INT(buf_append_z(&out, "before "), 0);
    CHECK_INT(recording_clean(parser, buf_str(&in), &out), 0);
    buf_consume(&out, strlen("before "));
    CHECK_STR(buf_str(&out), to);
    buf_release(&in);
    buf_release(&out);
}

static void check_kept(const char *text)
{
    check_clean(text, text);
}

TEST(what_is_no_secret_stays_as_it_stands)
{
    check_kept("{}");
    check_kept(
        "{ \"t\" : \"X\",\n\"s\":1e5, \"op\":0.10, \"d\":{\"a\":[1,-0,\"\\u00e9\\/\"]}}");
    check_kept("{\"d\":{\"tokens\":\"a\",\"Token\":\"b\",\"session\":\"session_id\"}}");
    check_kept("{\"d\":{\"content\":\"\\\"token\\\":\\\"x\\\"\"}}");
    check_kept("{\"d\":[\"token\",\"x\",{\"a\":\"session_id\"}]}");
    check_kept("{\"d\":{\"token\":null,\"endpoint\": null}}");
}

TEST(ready_loses_its_session)
{
    check_clean(
        "{\"t\":\"READY\",\"s\":1,\"op\":0,\"d\":{\"v\":10,\"session_id\":\"abc\","
        "\"resume_gateway_url\":\"wss://a.b\",\"_trace\":[\"[\\\"x\\\",{}]\"],"
        "\"user\":{\"id\":\"1\"}}}",
        "{\"t\":\"READY\",\"s\":1,\"op\":0,\"d\":{\"v\":10,\"session_id\":\"recorded\","
        "\"resume_gateway_url\":\"wss://gateway.invalid\",\"_trace\":[],"
        "\"user\":{\"id\":\"1\"}}}");
}

TEST(voice_loses_its_key_and_place)
{
    check_clean("{\"d\":{\"token\":\"k\",\"guild_id\":\"1\",\"endpoint\":\"x.gg:443\"}}",
                "{\"d\":{\"token\":\"recorded\",\"guild_id\":\"1\","
                "\"endpoint\":\"voice.invalid\"}}");
    check_clean("{\"d\":{\"voice_states\":[{\"session_id\":\"q\",\"deaf\":true},"
                "{\"session_id\" : \"r\"}]}}",
                "{\"d\":{\"voice_states\":[{\"session_id\":\"recorded\",\"deaf\":true},"
                "{\"session_id\" : \"recorded\"}]}}");
}

TEST(interactions_lose_their_tokens_however_deep)
{
    check_clean(
        "{\"d\":{\"token\":\"aW50\",\"message\":{\"interaction\":{\"token\":\"b\"}}}}",
        "{\"d\":{\"token\":\"recorded\","
        "\"message\":{\"interaction\":{\"token\":\"recorded\"}}}}");
}

TEST(a_secret_of_another_kind_goes_whole)
{
    check_clean("{\"token\":[1,{\"a\":\"]}\"}],\"b\":2}",
                "{\"token\":\"recorded\",\"b\":2}");
    check_clean("{\"token\":17}", "{\"token\":\"recorded\"}");
    check_clean("{\"token\":true ,\"b\":1}", "{\"token\":\"recorded\" ,\"b\":1}");
    check_clean("{\"secrets\":{\"join\":\"a\"}}", "{\"secrets\":{}}");
}

TEST(escapes_hide_nothing)
{
    check_clean("{\"\\u0074oken\":\"x\"}", "{\"\\u0074oken\":\"recorded\"}");
    check_clean(
        "{\"a\":\"https:\\/\\/discord.com\\/api\\/webhooks\\/12\\/s3cr\\u0065t-x\"}",
        "{\"a\":\"https://discord.com/api/webhooks/12/recorded\"}");
    check_clean("{\"a\":\"\\ud83d\\ude00\\u00e9\\n /webhooks/1/x\"}",
                "{\"a\":\"\xf0\x9f\x98\x80\xc3\xa9\\n /webhooks/1/recorded\"}");
}

TEST(webhooks_addresses_lose_their_tokens)
{
    check_clean("{\"d\":{\"url\":\"https://discord.com/api/webhooks/123/a_b-C\"}}",
                "{\"d\":{\"url\":\"https://discord.com/api/webhooks/123/recorded\"}}");
    check_clean(
        "{\"content\":\"see /webhooks/1/aa, /webhooks/2/bb/messages\"}",
        "{\"content\":\"see /webhooks/1/recorded, /webhooks/2/recorded/messages\"}");
    check_clean("{\"x\":\"/interactions/9/tok/callback\"}",
                "{\"x\":\"/interactions/9/recorded/callback\"}");
    check_kept("{\"x\":\"/webhooks/ /webhooks/1 /webhooks/1/ /webhooks/x/y\"}");
}

/* Not one that ever was: the form alone. */
#define PASTED "AAAAAAAAAAAAAAAAAAAAAAAA.BBBBBB.CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC"

TEST(a_token_that_somebody_pasted_goes)
{
    check_clean("{\"content\":\"mine is " PASTED ", keep it\"}",
                "{\"content\":\"mine is recorded, keep it\"}");
    check_clean("{\"content\":\"" PASTED "\"}", "{\"content\":\"recorded\"}");
    check_kept("{\"content\":\"AAAAAAAAAAAAAAAAAAAAAAAA.BBBBBB.CCCCCC\"}");
    check_kept("{\"content\":\"AAAAAAAAAAAAAAAAAAAAAAAA.BBBBBB\"}");
}

TEST(what_is_no_payload_is_refused)
{
    static const char *const none[] = { "", "[]", "1", "{\"a\":}", "{\"a\":1", "{}x" };
    struct buf out = { 0 };

    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        struct buf in = { 0 };

        CHECK_INT(buf_append_z(&in, none[i]), 0);
        CHECK_INT(buf_reserve(&in, 1), 0);
        CHECK_INT(recording_clean(parser, buf_str(&in), &out), CORDAGE_EPARSE);
        CHECK_INT(out.n, 0);
        buf_release(&in);
    }
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(what_is_no_secret_stays_as_it_stands),
        T(ready_loses_its_session),
        T(voice_loses_its_key_and_place),
        T(interactions_lose_their_tokens_however_deep),
        T(a_secret_of_another_kind_goes_whole),
        T(escapes_hide_nothing),
        T(webhooks_addresses_lose_their_tokens),
        T(a_token_that_somebody_pasted_goes),
        T(what_is_no_payload_is_refused),
    };
    int failed;

    parser = json_parser_new();
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    json_parser_free(parser);
    return failed;
}
