#include "test.h"

#include "rng.h"
#include "url.h"

static struct url parsed(const char *text)
{
    struct url u;
    cordage_error error = { 0 };

    if (url_parse(str_of(text), &u, &error))
        fail_msg("%s: %s", text, error.message);
    return u;
}

TEST(a_url_is_taken_apart)
{
    struct url u = parsed("wss://Gateway.Discord.gg:8443/a/b?v=10&encoding=json#top");

    assert_string_equal(u.host, "gateway.discord.gg");
    assert_string_equal(u.path, "/a/b");
    assert_string_equal(u.query, "v=10&encoding=json");
    CHECK_INT(u.port, 8443);
    CHECK(u.tls && u.websocket);
}

TEST(each_scheme_has_its_port)
{
    static const struct {
        const char *text;
        int port;
        bool tls, websocket;
    } rows[] = {
        { "http://h", 80, false, false },
        { "HTTPS://h", 443, true, false },
        { "ws://h", 80, false, true },
        { "wss://h", 443, true, true },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct url u = parsed(rows[i].text);

        CHECK_INT(u.port, rows[i].port);
        CHECK_INT(u.tls, rows[i].tls);
        CHECK_INT(u.websocket, rows[i].websocket);
        assert_string_equal(u.host, "h");
        assert_string_equal(u.path, "/");
        assert_string_equal(u.query, "");
    }
}

TEST(a_query_needs_no_path)
{
    struct url u = parsed("http://h:1?a=b?c/d");

    assert_string_equal(u.path, "/");
    assert_string_equal(u.query, "a=b?c/d");
    u = parsed("http://h#?a");
    assert_string_equal(u.path, "/");
    assert_string_equal(u.query, "");
}

TEST(an_ipv6_address_loses_its_brackets)
{
    struct url u = parsed("ws://[::1]:65535/x");

    assert_string_equal(u.host, "::1");
    CHECK_INT(u.port, 65535);
    CHECK(url_is_loopback(&u));
    u = parsed("ws://[2001:db8::7]");
    assert_string_equal(u.host, "2001:db8::7");
    CHECK_INT(u.port, 80);
    CHECK(!url_is_loopback(&u));
}

TEST(what_is_no_url_is_refused_with_a_sentence)
{
    static const char *const bad[] = {
        "",
        "h",
        "//h",
        "://h",
        "ftp://h",
        "wss:/h",
        "http://",
        "http:///path",
        "http://?q",
        "http://:80",
        "http://h:",
        "http://h:0",
        "http://h:65536",
        "http://h:-1",
        "http://h:8a",
        "http://h:+8",
        "http://h:80:80",
        "http://[::1",
        "http://[::1]x",
        "http://[::1]:",
        "http://[]",
        "http://[fe80::1%25lo]",
        "http://[1.2.3.4]",
        "http://h h",
        " http://h",
        "http://h\n",
        "http://h/\r\nX: y",
        "http://h/\x7f",
        "http://h/\xc3\xbc",
        "http://m\xc3\xbcller/",
        "http://a%41/",
        "http://a\\b/",
        "http://a,b/",
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct url u;
        cordage_error error = { 0 };

        if (url_parse(str_of(bad[i]), &u, &error) != CORDAGE_EINVAL)
            fail_msg("taken: \"%s\"", bad[i]);
        CHECK_INT(error.code, CORDAGE_EINVAL);
        CHECK(strlen(error.message) > 20);
        CHECK(!strpbrk(error.message, "\r\n"));
    }
    CHECK_INT(url_parse((struct str){ "http://h\0h", 10 }, &(struct url){ 0 }, NULL),
              CORDAGE_EINVAL);
}

TEST(a_password_is_refused_and_not_repeated)
{
    struct url u;
    cordage_error error;

    CHECK_INT(url_parse(STR("https://me:hunter2@discord.com/x"), &u, &error),
              CORDAGE_EINVAL);
    assert_null(strstr(error.message, "hunter2"));
    assert_non_null(strstr(error.message, "discord.com"));
}

TEST(lengths_end_at_the_limits)
{
    char text[LIMIT_URL + 16] = "http://h/";
    struct url u;
    size_t n = strlen(text);

    memset(text + n, 'a', sizeof text - n);
    CHECK_INT(url_parse((struct str){ text, LIMIT_URL - 1 }, &u, NULL), 0);
    CHECK_INT(strlen(u.path), LIMIT_URL - 1 - strlen("http://h"));
    CHECK_INT(url_parse((struct str){ text, LIMIT_URL }, &u, NULL), CORDAGE_EINVAL);
    memcpy(text, "http://aa", 9);
    CHECK_INT(url_parse((struct str){ text, 7 + 253 }, &u, NULL), 0);
    CHECK_INT(strlen(u.host), 253);
    CHECK_INT(url_parse((struct str){ text, 7 + 254 }, &u, NULL), CORDAGE_EINVAL);
}

TEST(loopback_is_told_from_what_looks_like_it)
{
    static const struct {
        const char *text;
        bool loopback;
    } rows[] = {
        { "ws://localhost", true },
        { "ws://LOCALHOST:1", true },
        { "ws://127.0.0.1", true },
        { "ws://127.255.0.9", true },
        { "ws://[::1]", true },
        { "ws://[0:0:0:0:0:0:0:1]", true },
        { "ws://128.0.0.1", false },
        { "ws://127.0.0.1.example.com", false },
        { "ws://localhost.example.com", false },
        { "ws://notlocalhost", false },
        { "ws://127.1", false },
        { "ws://0.0.0.0", false },
        { "ws://[::]", false },
        { "ws://[::2]", false },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct url u = parsed(rows[i].text);

        if (url_is_loopback(&u) != rows[i].loopback)
            fail_msg("%s", rows[i].text);
    }
}

TEST(a_domain_covers_itself_and_what_is_below)
{
    struct url u = parsed("wss://gateway-us-east1-b.Discord.GG/");

    CHECK(url_is_under(&u, "discord.gg"));
    u = parsed("wss://discord.gg");
    CHECK(url_is_under(&u, "discord.gg"));
    u = parsed("wss://evildiscord.gg");
    CHECK(!url_is_under(&u, "discord.gg"));
    u = parsed("wss://discord.gg.example.com");
    CHECK(!url_is_under(&u, "discord.gg"));
    u = parsed("wss://gg");
    CHECK(!url_is_under(&u, "discord.gg"));
    CHECK(!url_is_under(&u, ""));
}

TEST(a_token_travels_in_plain_text_only_where_that_is_allowed)
{
    cordage_error error = { 0 };
    struct url u = parsed("wss://gateway.discord.gg");

    CHECK_INT(url_check_plaintext(&u, false, &error), 0);
    u = parsed("ws://127.0.0.1:8080");
    CHECK_INT(url_check_plaintext(&u, false, &error), 0);
    u = parsed("ws://10.0.0.1:8080");
    CHECK_INT(url_check_plaintext(&u, false, &error), CORDAGE_EINVAL);
    assert_non_null(strstr(error.message, "CORDAGE_ALLOW_PLAINTEXT"));
    assert_non_null(strstr(error.message, "10.0.0.1"));
    CHECK_INT(url_check_plaintext(&u, true, NULL), 0);
}

TEST(a_gateway_url_has_one_slash_before_its_query)
{
    static const struct {
        const char *base, *target;
    } rows[] = {
        { "wss://gateway.discord.gg", "/?v=10" },
        { "wss://gateway.discord.gg/", "/?v=10" },
        { "wss://gateway.discord.gg//", "/?v=10" },
        { "wss://gateway.discord.gg/?v=9&encoding=etf", "/?v=10" },
        { "wss://gateway.discord.gg?v=9", "/?v=10" },
        { "wss://gateway.discord.gg/door", "/door/?v=10" },
        { "wss://gateway.discord.gg/door/#x", "/door/?v=10" },
    };
    char target[URL_TARGET];
    struct url u;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CHECK_INT(url_gateway(str_of(rows[i].base), "v=10", &u, NULL), 0);
        url_target(&u, target);
        assert_string_equal(target, rows[i].target);
        assert_string_equal(u.host, "gateway.discord.gg");
    }
    CHECK_INT(url_gateway(STR("wss://h/x"), NULL, &u, NULL), 0);
    url_target(&u, target);
    assert_string_equal(target, "/x/");
}

TEST(a_url_can_be_written_down_and_read_again)
{
    static const char *const texts[] = { "wss://gateway.discord.gg:443/",
                                         "ws://[::1]:8080/x/y", "https://h:1/" };
    char text[URL_TEXT];
    struct url u;

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        CHECK_INT(url_parse(str_of(texts[i]), &u, NULL), 0);
        url_text(&u, text);
        assert_string_equal(text, texts[i]);
    }
    CHECK_INT(url_gateway(STR("wss://h"), "v=10", &u, NULL), 0);
    url_text(&u, text);
    assert_string_equal(text, "wss://h:443/");
}

TEST(a_gateway_url_is_a_websockets)
{
    struct url u;
    cordage_error error;
    char query[LIMIT_URL];

    CHECK_INT(url_gateway(STR("https://h"), "v=10", &u, &error), CORDAGE_EINVAL);
    CHECK_INT(url_gateway(STR("wss://h"), "v=10 x", &u, &error), CORDAGE_EINVAL);
    CHECK_INT(url_gateway(STR("wss://h"), "v=10#x", &u, &error), CORDAGE_EINVAL);
    memset(query, 'q', sizeof query);
    query[LIMIT_URL - 3] = '\0';
    CHECK_INT(url_gateway(STR("wss://h"), query, &u, &error), 0);
    query[LIMIT_URL - 3] = 'q';
    query[LIMIT_URL - 2] = '\0';
    CHECK_INT(url_gateway(STR("wss://h"), query, &u, &error), CORDAGE_EINVAL);
}

TEST(random_bytes_never_break_the_parser)
{
    static const char pieces[][8] = {
        "http", "wss", "://", "h", ":", "1",    "[",   "]",
        "::1",  "/",   "?",   "#", "@", "\x01", "a.b", "%"
    };
    struct rng rng = rng_seeded(11);

    for (int i = 0; i < 20000; i++) {
        char text[80] = "";
        struct url u;
        cordage_error error = { 0 };

        for (uint64_t n = rng_below(&rng, 10); n > 0; n--)
            strcat(text, pieces[rng_below(&rng, 16)]);
        if (url_parse(str_of(text), &u, &error) == 0) {
            CHECK(u.host[0] && u.port && u.path[0] == '/');
            CHECK(!strpbrk(u.host, "/?#@[]") && !strpbrk(u.path, "?#"));
        } else {
            CHECK_INT(error.code, CORDAGE_EINVAL);
        }
    }
}

RUN_TESTS(T(a_url_is_taken_apart), T(each_scheme_has_its_port), T(a_query_needs_no_path),
          T(an_ipv6_address_loses_its_brackets),
          T(what_is_no_url_is_refused_with_a_sentence),
          T(a_password_is_refused_and_not_repeated), T(lengths_end_at_the_limits),
          T(loopback_is_told_from_what_looks_like_it),
          T(a_domain_covers_itself_and_what_is_below),
          T(a_token_travels_in_plain_text_only_where_that_is_allowed),
          T(a_gateway_url_has_one_slash_before_its_query),
          T(a_url_can_be_written_down_and_read_again), T(a_gateway_url_is_a_websockets),
          T(random_bytes_never_break_the_parser))
