/* GET /gateway/bot: the answer, read whole and cut, and every way it can be wrong. */
#include "gateway_bot.h"

#include "captures.h"
#include "certs.h"
#include "peer.h"
#include "test.h"

#define DISCORD "https://discord.com/api/v10"
#define LIMITS                                                                   \
    "\"session_start_limit\":{\"total\":1000,\"remaining\":986,\"reset_after\":" \
    "51234567,"                                                                  \
    "\"max_concurrency\":16}"
#define GOOD "{\"url\":\"wss://gateway.discord.gg\",\"shards\":12," LIMITS "}"

static int parse(const char *text, const char *api, struct gateway_bot *g,
                 cordage_error *error)
{
    struct buf body = { 0 };
    int err;

    /* As large as it is, with the slack: reading past it is seen. */
    CHECK_INT(buf_append_z(&body, text), 0);
    buf_zero_end(&body);
    err = gateway_bot_parse(buf_str(&body), api, g, error);
    buf_release(&body);
    return err;
}

TEST(a_good_answer_is_read)
{
    struct gateway_bot g;
    cordage_error error;

    CHECK_INT(parse(GOOD, DISCORD, &g, &error), 0);
    assert_string_equal(g.url, "wss://gateway.discord.gg");
    CHECK_INT(g.shards, 12);
    CHECK_INT(g.total, 1000);
    CHECK_INT(g.remaining, 986);
    CHECK_INT(g.reset_after_ms, 51234567);
    CHECK_INT(g.max_concurrency, 16);
}

TEST(a_cut_answer_is_refused_at_every_length)
{
    struct gateway_bot g;
    cordage_error error;
    char text[sizeof GOOD];

    for (size_t n = 0; n < sizeof GOOD - 1; n++) {
        memcpy(text, GOOD, n);
        text[n] = '\0';
        CHECK_INT(parse(text, DISCORD, &g, &error), CORDAGE_EPARSE);
        CHECK_INT(error.code, CORDAGE_EPARSE);
        CHECK(g.shards == 0 && g.url[0] == '\0');
    }
}

TEST(each_missing_or_bad_field_is_named)
{
    static const struct {
        const char *text, *says;
    } table[] = {
        { "[]", "\"url\"" },
        { "{}", "\"url\"" },
        { "null", "\"url\"" },
        { "<html>", "not JSON" },
        { "{\"url\":7,\"shards\":1," LIMITS "}", "\"url\"" },
        { "{\"url\":\"\",\"shards\":1," LIMITS "}", "\"url\"" },
        { "{\"url\":\"wss://gateway.discord.gg\"," LIMITS "}", "\"shards\"" },
        { "{\"url\":\"wss://gateway.discord.gg\",\"shards\":0," LIMITS "}",
          "\"shards\"" },
        { "{\"url\":\"wss://gateway.discord.gg\",\"shards\":-1," LIMITS "}",
          "\"shards\"" },
        { "{\"url\":\"wss://gateway.discord.gg\",\"shards\":1.5," LIMITS "}",
          "\"shards\"" },
        { "{\"url\":\"wss://gateway.discord.gg\",\"shards\":65537," LIMITS "}",
          "\"shards\"" },
        { "{\"url\":\"wss://gateway.discord.gg\",\"shards\":1}", "\"total\"" },
        { "{\"url\":\"wss://gateway.discord.gg\",\"shards\":1,\"session_start_limit\":"
          "{\"total\":1000,\"reset_after\":0,\"max_concurrency\":1}}",
          "\"remaining\"" },
        { "{\"url\":\"wss://gateway.discord.gg\",\"shards\":1,\"session_start_limit\":"
          "{\"total\":1000,\"remaining\":1,\"reset_after\":\"0\",\"max_concurrency\":1}}",
          "\"reset_after\"" },
        { "{\"url\":\"wss://gateway.discord.gg\",\"shards\":1,\"session_start_limit\":"
          "{\"total\":1000,\"remaining\":1,\"reset_after\":0,\"max_concurrency\":0}}",
          "\"max_concurrency\"" },
        { "{\"url\":\"wss://evil.example\",\"shards\":1," LIMITS "}",
          "not one of Discord's" },
        { "{\"url\":\"wss://discord.gg.evil.example\",\"shards\":1," LIMITS "}",
          "not one of Discord's" },
        { "{\"url\":\"ws://gateway.discord.gg\",\"shards\":1," LIMITS "}",
          "not one of Discord's" },
        { "{\"url\":\"https://gateway.discord.gg\",\"shards\":1," LIMITS "}",
          "neither wss" },
        { "{\"url\":\"wss://gateway.discord.gg\\u0000.evil.example\",\"shards\":1," LIMITS
          "}",
          "is no good" },
    };

    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct gateway_bot g;
        cordage_error error;

        if (parse(table[i].text, DISCORD, &g, &error) != CORDAGE_EPARSE)
            fail_msg("%s is accepted", table[i].text);
        if (!strstr(error.message, table[i].says))
            fail_msg("\"%s\" does not say %s", error.message, table[i].says);
    }
}

TEST(the_token_goes_only_where_it_may)
{
    static const struct {
        const char *url, *api;
        bool may;
    } table[] = {
        { "wss://gateway.discord.gg", DISCORD, true },
        { "wss://gateway-us-east1-b.discord.gg/?v=10", DISCORD, true },
        { "wss://discord.gg", DISCORD, true },
        { "wss://gateway.discord.gg", "https://canary.discord.com/api/v10", true },
        { "wss://evil.example", "https://canary.discord.com/api/v10", false },
        { "wss://evildiscord.gg", DISCORD, false },
        { "wss://localhost:1", DISCORD, false },
        { "wss://localhost:8444", "https://localhost:8443/api/v10", true },
        { "wss://gateway.example", "https://proxy.example/api", true },
        { "wss://gateway.example", "https://notdiscord.com/api", true },
        { "ws://localhost:8444", "https://localhost:8443/api/v10", true },
        { "ws://gateway.example", "https://localhost:8443/api/v10", false },
        { "ws://gateway.example", "http://localhost:8443/api/v10", false },
        { "ws://gateway.example", "http://api.example/api/v10", true },
        { "https://localhost", "https://localhost", false },
        { "nonsense", "https://localhost", false },
        { "", "https://localhost", false },
    };

    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        cordage_error error;
        int err = gateway_url_check(str_of(table[i].url), table[i].api, NULL, &error);

        if ((err == 0) != table[i].may)
            fail_msg("%s of %s: %d", table[i].url, table[i].api, err);
    }
}

static void check_capture(struct str content, void *user)
{
    static char text[64 * 1024];
    struct gateway_bot g;
    cordage_error error;

    (void)user;
    /* The file is an array of answers; there is one. */
    CHECK(content.n < sizeof text);
    memcpy(text, content.p, content.n);
    text[content.n] = '\0';
    CHECK(strchr(text, '{') && strrchr(text, '}'));
    strrchr(text, '}')[1] = '\0';
    if (parse(strchr(text, '{'), DISCORD, &g, &error) < 0)
        fail_msg("%s", error.message);
    CHECK(g.shards >= 1 && g.total >= 1000 && g.max_concurrency >= 1);
}

TEST(real_traffic_is_read)
{
    captures_each("rest_get_gateway_bot", check_capture, NULL);
}

/* ---- Asking for it ---- */

static struct certs certs;

static void answer(struct peer_request *q, void *user)
{
    char value[256], text[512];

    if (strcmp(peer_header(q, "Authorization", value, sizeof value), "Bot good.token") !=
        0) {
        peer_answer(q, 401, NULL, "{\"message\": \"401: Unauthorized\", \"code\": 0}");
    } else if (user) { /* the ill one */
        peer_answer(q, 503, NULL, "<html>");
    } else {
        snprintf(text, sizeof text,
                 "{\"url\":\"wss://localhost:9\",\"shards\":3," LIMITS "}");
        peer_answer(q, 200, NULL, text);
    }
}

static int ask(const char *api, const char *token, const char *ca, struct gateway_bot *g,
               cordage_error *error)
{
    struct secret secret = { 0 };
    struct rest_options options = { .api = api,
                                    .token = &secret,
                                    .http = { .ca_file = ca } };
    int err;

    secret_set(&secret, str_of(token));
    err = gateway_bot_fetch(&options, g, error);
    secret_release(&secret);
    CHECK(!err || (error->code == err && !strstr(error->message, token)));
    return err;
}

TEST(asking_gives_the_answer_or_a_sentence)
{
    struct peer *peer = peer_new(certs.good, certs.key, answer, NULL);
    struct peer *ill = peer_new(certs.good, certs.key, answer, &certs); /* any pointer */
    const char *api = peer_url(peer, "/api/v10");
    struct gateway_bot g;
    cordage_error error;

    CHECK_INT(ask(api, "good.token", certs.ca, &g, &error), 0);
    CHECK_INT(g.shards, 3);
    CHECK(strncmp(peer_line(peer, 1), "GET /api/v10/gateway/bot ", 25) == 0);
    CHECK_INT(ask(api, "bad.token", certs.ca, &g, &error), CORDAGE_EAUTH);
    CHECK(strstr(error.message, "401"));
    CHECK_INT(cordage_exit_status(error.code), 3);
    CHECK_INT(ask(api, "good.token", NULL, &g, &error), CORDAGE_ETLS);
    CHECK(strstr(error.message, "CORDAGE_CA_FILE"));
    CHECK_INT(ask(peer_url(ill, ""), "good.token", certs.ca, &g, &error), CORDAGE_EHTTP);
    CHECK(strstr(error.message, "503"));
    CHECK_INT(ask("https://127.0.0.1:1", "good.token", certs.ca, &g, &error),
              CORDAGE_ENET);
    CHECK(strstr(error.message, "https://127.0.0.1:1 cannot be reached"));
    peer_free(ill);
    peer_free(peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_good_answer_is_read),
        T(a_cut_answer_is_refused_at_every_length),
        T(each_missing_or_bad_field_is_named),
        T(the_token_goes_only_where_it_may),
        T(real_traffic_is_read),
        T(asking_gives_the_answer_or_a_sentence),
    };
    int failed;

    certs_make(&certs);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    certs_remove(&certs);
    return failed;
}
