/* POST /channels/{id}/messages and its like, through the routes. */
#include "routes_rig.h"

static int say(struct rest *r, const char *body)
{
    return rest_post(r, rest_channel(r, 0, "/messages"), body);
}

/* Lifts the limits, which other tests look at. */
static void start(struct rest *r)
{
    struct routes_config limits = { 0 };
    struct sim_config config = rig_config();

    rest_start_with(r, &config, &limits);
}

static struct str text_of(cordage_json v)
{
    cordage_str s = cordage_json_string(v);

    return (struct str){ s.p ? s.p : "", s.n };
}

TEST(a_message_is_answered_and_reaches_its_shard)
{
    struct client c[2];
    char id[32];
    struct rest r;

    start(&r);
    client_live(&r.rig, &c[0], 0, 2, RIG_USUAL);
    rig_wait(&r.rig, 5000);
    client_live(&r.rig, &c[1], 1, 2, RIG_USUAL);
    /* Guild 0 is on shard 0, guild 1 on shard 1. */
    CHECK_INT(rest_post(&r, rest_channel(&r, 1, "/messages"), "{\"content\":\"Pong!\"}"),
              200);
    CHECK_STR(rest_text(&r, "content"), "Pong!");
    CHECK(cordage_json_true(rest_at(r.json, "author.bot"), false));
    CHECK(json_is_absent(json_get(r.json, "guild_id")));
    snprintf(id, sizeof id, "%.*s", STR_FMT(rest_text(&r, "id")));
    CHECK_INT(client_count(&c[0], "MESSAGE_CREATE"), 0);
    client_gets(&c[1], "MESSAGE_CREATE");
    CHECK_STR(text_of(json_get(c[1].d, "id")), id);
    CHECK_STR(text_of(json_get(c[1].d, "content")), "Pong!");
    CHECK(!json_is_absent(json_get(c[1].d, "guild_id")));
    CHECK(!client_has_more(&c[1]));
    rig_is_clean(&r.rig);
    client_release(&c[0]);
    client_release(&c[1]);
    rest_stop(&r);
}

TEST(content_has_two_thousand_code_points_at_most)
{
    struct buf body = { 0 };
    struct rest r;

    start(&r);
    buf_append_z(&body, "{\"content\":\"");
    for (int i = 0; i < 2000; i++)
        buf_append_z(&body, "\xc3\xbc");
    buf_append(&body, "\"}", 3);
    CHECK_INT(say(&r, body.p), 200);
    CHECK_INT(rest_text(&r, "content").n, 4000);
    body.n -= 3;
    buf_append(&body, "x\"}", 4);
    CHECK_INT(say(&r, body.p), 400);
    CHECK_STR(buf_str(&r.answer.body),
              "{\"message\":\"Invalid Form Body\",\"code\":50035,\"errors\":{\"content\":"
              "{\"_errors\":[{\"code\":\"BASE_TYPE_MAX_LENGTH\",\"message\":"
              "\"Must be 2000 or fewer in length.\"}]}}}");
    CHECK_INT(sim_report(r.rig.sim)->messages_created, 1);
    buf_release(&body);
    rest_stop(&r);
}

TEST(an_empty_message_is_50006)
{
    static const char *const empty[] = {
        "{}",
        "{\"content\":\"\"}",
        "{\"content\":\" \\n\"}",
        "{\"content\":null}",
        "{\"embeds\":[]}",
        "{\"message_reference\":{\"message_id\":\"1\"}}",
    };
    struct rest r;

    start(&r);
    for (size_t i = 0; i < sizeof empty / sizeof *empty; i++) {
        CHECK_INT(say(&r, empty[i]), 400);
        CHECK_STR(buf_str(&r.answer.body),
                  "{\"message\":\"Cannot send an empty message\",\"code\":50006}");
    }
    CHECK_INT(say(&r, "{\"embeds\":[{\"title\":\"t\"}]}"), 200);
    CHECK_INT(say(&r, "{\"message_reference\":{\"type\":1,\"message_id\":\"1\"}}"), 200);
    rest_stop(&r);
}

TEST(what_is_wrong_is_named_by_its_path)
{
    static const struct {
        const char *body, *path, *code;
    } cases[] = {
        { "{\"content\":5}", "content", "STRING_TYPE_CONVERT" },
        { "{\"content\":\"a\",\"nonce\":\"12345678901234567890123456\"}", "nonce",
          "BASE_TYPE_MAX_LENGTH" },
        { "{\"content\":\"a\",\"nonce\":true}", "nonce", "STRING_TYPE_CONVERT" },
        { "{\"embeds\":7}", "embeds", "BASE_TYPE_BAD_TYPE" },
        { "{\"embeds\":[1]}", "embeds.0", "DICT_TYPE_CONVERT" },
        { "{\"embeds\":[{},{},{},{},{},{},{},{},{},{},{}]}", "embeds",
          "BASE_TYPE_BAD_LENGTH" },
        { "{\"embeds\":[{\"footer\":{\"text\":1}}]}", "embeds.0.footer.text",
          "STRING_TYPE_CONVERT" },
        { "{\"embeds\":[{},{\"fields\":[{\"name\":{}}]}]}", "embeds.1.fields.0.name",
          "STRING_TYPE_CONVERT" },
        { "{\"content\":\"a\",\"components\":[1,2,3,4,5,6]}", "components",
          "BASE_TYPE_BAD_LENGTH" },
        { "{\"content\":\"a\",\"allowed_mentions\":{\"parse\":[\"users\"],\"users\":["
          "\"1\"]}}",
          "allowed_mentions", "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE" },
        { "{\"content\":\"a\",\"message_reference\":{\"message_id\":\"x\"}}",
          "message_reference.message_id", "NUMBER_TYPE_COERCE" },
    };
    char path[128];
    struct rest r;

    start(&r);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK_INT(say(&r, cases[i].body), 400);
        CHECK_INT(rest_int(&r, "code"), 50035);
        snprintf(path, sizeof path, "errors.%s._errors.0.code", cases[i].path);
        CHECK_STR(rest_text(&r, path), cases[i].code);
    }
    CHECK_INT(sim_report(r.rig.sim)->messages_created, 0);
    rest_stop(&r);
}

TEST(embeds_have_six_thousand_code_points_in_all)
{
    struct buf body = { 0 };
    struct rest r;

    start(&r);
    buf_append_z(&body, "{\"embeds\":[{\"type\":\"link\",\"description\":\"");
    for (int i = 0; i < 4096; i++)
        buf_append_z(&body, "x");
    buf_append_z(&body, "\"},{\"description\":\"");
    for (int i = 0; i < 6000 - 4096; i++)
        buf_append_z(&body, "x");
    buf_append(&body, "\"}]}", 5);
    CHECK_INT(say(&r, body.p), 200);
    CHECK_INT(json_count(json_get(r.json, "embeds")), 2);
    CHECK_STR(rest_text(&r, "embeds.0.type"), "rich");
    body.n -= 5;
    buf_append(&body, "x\"}]}", 6);
    CHECK_INT(say(&r, body.p), 400);
    CHECK_STR(rest_text(&r, "errors.embeds._errors.0.code"), "MAX_EMBED_SIZE_EXCEEDED");
    buf_release(&body);
    rest_stop(&r);
}

TEST(a_body_of_the_wrong_kind_is_refused)
{
    struct rest r;

    start(&r);
    CHECK_INT(say(&r, "nonsense"), 400);
    CHECK_INT(rest_int(&r, "code"), 50109);
    CHECK_INT(say(&r, "[]"), 400);
    CHECK_INT(rest_int(&r, "code"), 50109);
    CHECK_INT(say(&r, ""), 400);
    CHECK_INT(rest_int(&r, "code"), 50109);
    CHECK_INT(rest_post_as(&r, rest_channel(&r, 0, "/messages"), "text/plain",
                           STR("{\"content\":\"a\"}")),
              400);
    CHECK_INT(rest_int(&r, "code"), 50035);
    CHECK_INT(rest_post_as(&r, rest_channel(&r, 0, "/messages"), "",
                           STR("{\"content\":\"a\"}")),
              400);
    CHECK_INT(rest_post_as(&r, rest_channel(&r, 0, "/messages"),
                           "Application/JSON; charset=utf-8", STR("{\"content\":\"a\"}")),
              200);
    rest_stop(&r);
}

static int say_form(struct rest *r, const char *body)
{
    return rest_post_as(r, rest_channel(r, 0, "/messages"),
                        "multipart/form-data; boundary=xx", str_of(body));
}

TEST(a_message_may_be_multipart)
{
    struct rest r;

    start(&r);
    CHECK_INT(say_form(&r, "--xx\r\n"
                           "Content-Disposition: form-data; name=\"payload_json\"\r\n"
                           "Content-Type: application/json\r\n\r\n"
                           "{\"content\":\"with a file\"}\r\n"
                           "--xx\r\n"
                           "Content-Disposition: form-data; name=\"files[0]\"; "
                           "filename=\"a.txt\"\r\n\r\n"
                           "bytes\r\n"
                           "--xx--\r\n"),
              200);
    CHECK_STR(rest_text(&r, "content"), "with a file");
    /* Plain fields, without payload_json. */
    CHECK_INT(say_form(&r, "--xx\r\nContent-Disposition: form-data; name=content\r\n\r\n"
                           "plain \"field\"\r\n--xx--"),
              200);
    CHECK_STR(rest_text(&r, "content"), "plain \"field\"");
    /* A file alone is a message. */
    CHECK_INT(say_form(&r, "--xx\r\nContent-Disposition: form-data; name=\"files[0]\"; "
                           "filename=a\r\n\r\n1\r\n--xx--"),
              200);
    CHECK_INT(say_form(&r, "--xx\r\n\r\n\r\n--xx--"), 400);
    CHECK_INT(rest_int(&r, "code"), 50006);
    CHECK_INT(say_form(&r, "--xx\r\ncut"), 400);
    CHECK_INT(rest_int(&r, "code"), 50035);
    rest_stop(&r);
}

TEST(a_nonce_is_echoed_as_it_came)
{
    struct client c;
    struct rest r;

    start(&r);
    client_live(&r.rig, &c, 0, 1, RIG_USUAL);
    CHECK_INT(say(&r, "{\"content\":\"a\",\"nonce\":\"n\\\"1\"}"), 200);
    CHECK_STR(rest_text(&r, "nonce"), "n\"1");
    client_gets(&c, "MESSAGE_CREATE");
    CHECK_STR(text_of(json_get(c.d, "nonce")), "n\"1");
    CHECK_INT(say(&r, "{\"content\":\"a\",\"nonce\":-7}"), 200);
    CHECK_INT(rest_int(&r, "nonce"), -7);
    client_release(&c);
    rest_stop(&r);
}

TEST(an_enforced_nonce_makes_one_message)
{
    const char *body = "{\"content\":\"a\",\"nonce\":\"x\",\"enforce_nonce\":true}";
    struct client c;
    char id[32];
    struct rest r;

    start(&r);
    client_live(&r.rig, &c, 0, 1, RIG_USUAL);
    CHECK_INT(say(&r, body), 200);
    snprintf(id, sizeof id, "%.*s", STR_FMT(rest_text(&r, "id")));
    r.rig.now += 60000;
    CHECK_INT(say(&r, body), 200);
    CHECK_STR(rest_text(&r, "id"), id);
    CHECK_INT(client_count(&c, "MESSAGE_CREATE"), 1);
    /* Elsewhere, unenforced, or later it is another message. */
    CHECK_INT(rest_post(&r, rest_channel(&r, 1, "/messages"), body), 200);
    CHECK(!str_is(rest_text(&r, "id"), id));
    r.rig.now += 180000;
    CHECK_INT(say(&r, body), 200);
    CHECK(!str_is(rest_text(&r, "id"), id));
    CHECK_INT(say(&r, "{\"content\":\"a\",\"nonce\":\"x\"}"), 200);
    CHECK_INT(sim_report(r.rig.sim)->messages_created, 4);
    client_release(&c);
    rest_stop(&r);
}

TEST(a_reply_refers_to_its_message)
{
    struct client c;
    struct rest r;

    start(&r);
    client_live(&r.rig, &c, 0, 1, RIG_USUAL);
    CHECK_INT(say(&r,
                  "{\"content\":\"a\",\"message_reference\":{\"message_id\":\"42\"}}"),
              200);
    CHECK_STR(rest_text(&r, "message_reference.message_id"), "42");
    CHECK(rest_text(&r, "message_reference.channel_id").n > 0);
    CHECK(rest_text(&r, "message_reference.guild_id").n > 0);
    CHECK_INT(rest_int(&r, "type"), 19);
    client_gets(&c, "MESSAGE_CREATE");
    CHECK_STR(text_of(rest_at(c.d, "message_reference.message_id")), "42");
    client_release(&c);
    rest_stop(&r);
}

TEST(messages_are_read_back)
{
    char id[32], rest[64];
    struct rest r;

    start(&r);
    CHECK_INT(say(&r, "{\"content\":\"one\"}"), 200);
    snprintf(id, sizeof id, "%.*s", STR_FMT(rest_text(&r, "id")));
    CHECK_INT(say(&r, "{\"content\":\"two\"}"), 200);
    CHECK_INT(rest_get(&r, rest_channel(&r, 0, "/messages")), 200);
    CHECK_INT(json_count(r.json), 2);
    CHECK_STR(rest_text(&r, "0.content"), "two");
    CHECK_STR(rest_text(&r, "1.content"), "one");
    snprintf(rest, sizeof rest, "/messages?after=%s", id);
    CHECK_INT(rest_get(&r, rest_channel(&r, 0, rest)), 200);
    CHECK_INT(json_count(r.json), 1);
    CHECK_INT(rest_get(&r, rest_channel(&r, 0, "/messages?limit=1")), 200);
    CHECK_INT(json_count(r.json), 1);
    CHECK_INT(rest_get(&r, rest_channel(&r, 0, "/messages?limit=101")), 400);
    CHECK_INT(rest_get(&r, rest_channel(&r, 1, "/messages")), 200);
    CHECK_INT(json_count(r.json), 0);
    snprintf(rest, sizeof rest, "/messages/%s", id);
    CHECK_INT(rest_get(&r, rest_channel(&r, 0, rest)), 200);
    CHECK_STR(rest_text(&r, "content"), "one");
    CHECK_INT(rest_get(&r, rest_channel(&r, 1, rest)), 404);
    CHECK_INT(rest_int(&r, "code"), 10008);
    rest_stop(&r);
}

TEST(what_is_nested_too_deep_is_cut)
{
    struct buf body = { 0 };
    struct rest r;

    start(&r);
    buf_append_z(&body, "{\"content\":\"a\",\"components\":");
    for (int i = 0; i < 200; i++)
        buf_append_z(&body, "[");
    for (int i = 0; i < 200; i++)
        buf_append_z(&body, "]");
    buf_append(&body, "}", 2);
    CHECK_INT(say(&r, body.p), 200);
    CHECK_INT(json_count(json_get(r.json, "components")), 1);
    CHECK(str_find(buf_str(&r.answer.body), STR("[null]")) != SIZE_MAX);
    buf_release(&body);
    rest_stop(&r);
}

TEST(a_category_takes_no_messages)
{
    char target[128];
    struct rest r;

    start(&r);
    snprintf(target, sizeof target, "/api/v10/channels/%llu/messages",
             (unsigned long long)world_channel_id(&sim_world(r.rig.sim)->guilds[0], 0));
    CHECK_INT(rest_post(&r, target, "{\"content\":\"a\"}"), 400);
    CHECK_INT(rest_int(&r, "code"), 50008);
    rest_stop(&r);
}

TEST(typing_is_seen)
{
    struct client c;
    struct rest r;

    start(&r);
    client_live(&r.rig, &c, 0, 1, RIG_GUILDS | 1 << 11);
    CHECK_INT(rest_post(&r, rest_channel(&r, 0, "/typing"), ""), 204);
    CHECK(r.answer.content_type == NULL);
    CHECK_INT(r.answer.body.n, 0);
    client_gets(&c, "TYPING_START");
    CHECK_INT(cordage_json_int(json_get(c.d, "timestamp"), 0),
              (int64_t)(sim_wall(r.rig.sim, r.rig.now) / 1000));
    client_release(&c);
    rest_stop(&r);
}

RUN_TESTS(T(a_message_is_answered_and_reaches_its_shard),
          T(content_has_two_thousand_code_points_at_most), T(an_empty_message_is_50006),
          T(what_is_wrong_is_named_by_its_path),
          T(embeds_have_six_thousand_code_points_in_all),
          T(a_body_of_the_wrong_kind_is_refused), T(a_message_may_be_multipart),
          T(a_nonce_is_echoed_as_it_came), T(an_enforced_nonce_makes_one_message),
          T(a_reply_refers_to_its_message), T(messages_are_read_back),
          T(what_is_nested_too_deep_is_cut), T(a_category_takes_no_messages),
          T(typing_is_seen))
