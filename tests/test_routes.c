#include "routes_rig.h"

/* ---- The way in ----------------------------------------------------------- */

TEST(the_gateway_is_named_without_a_token)
{
    struct rest r;
    struct sim_request request;

    rest_start(&r);
    request = rest_request(&r, "GET", "/api/v10/gateway");
    request.authorization = STR("");
    CHECK_INT(rest_send(&r, &request), 200);
    CHECK_STR(rest_text(&r, "url"), "wss://127.0.0.1:1");
    CHECK_STR(str_of(r.answer.content_type), "application/json");
    CHECK(rest_header(&r, "Via").n > 0);
    rig_is_clean(&r.rig);
    rest_stop(&r);
}

TEST(gateway_bot_has_the_live_budget)
{
    struct client c;
    struct rest r;

    rest_start(&r);
    CHECK_INT(rest_get(&r, "/api/v10/gateway/bot"), 200);
    CHECK_STR(rest_text(&r, "url"), "wss://127.0.0.1:1");
    CHECK_INT(rest_int(&r, "shards"), 1);
    CHECK_INT(rest_int(&r, "session_start_limit.total"), 1000);
    CHECK_INT(rest_int(&r, "session_start_limit.remaining"), 1000);
    CHECK_INT(rest_int(&r, "session_start_limit.reset_after"), 0);
    CHECK_INT(rest_int(&r, "session_start_limit.max_concurrency"), 1);
    client_ready(&r.rig, &c, 0, 1, RIG_USUAL);
    r.rig.now += 1000;
    CHECK_INT(rest_get(&r, "/api/v9/gateway/bot"), 200);
    CHECK_INT(rest_int(&r, "session_start_limit.remaining"), 999);
    CHECK_INT(rest_int(&r, "session_start_limit.reset_after"),
              SIM_BUDGET_WINDOW_MS - 1000);
    client_release(&c);
    rest_stop(&r);
}

TEST(rest_may_be_away)
{
    cordage_error error;
    struct rest r;
    size_t n;

    rest_start(&r);
    CHECK_INT(sim_fault(r.rig.sim, STR("{\"kind\":\"rest_down\",\"for_ms\":5000}"),
                        r.rig.now, &n, &error),
              0);
    CHECK_INT(rest_get(&r, "/api/v10/gateway"), 503);
    CHECK_INT(rest_get(&r, "/api/v10/gateway/bot"), 503);
    CHECK_INT(rest_get(&r, "/_sim/report"), 200);
    r.rig.now += 5000;
    CHECK_INT(rest_get(&r, "/api/v10/gateway/bot"), 200);
    CHECK_INT(sim_fault(r.rig.sim, STR("{\"kind\":\"rest_down\",\"status\":500}"),
                        r.rig.now, &n, &error),
              0);
    CHECK_INT(rest_get(&r, "/api/v10/gateway"), 500);
    CHECK_INT(sim_fault(r.rig.sim, STR("{\"kind\":\"rest_down\",\"down\":false}"),
                        r.rig.now, &n, &error),
              0);
    CHECK_INT(rest_get(&r, "/api/v10/gateway"), 200);
    rig_is_clean(&r.rig);
    rest_stop(&r);
}

TEST(a_wrong_token_is_401_and_noted)
{
    static const char *const wrong[] = { "", "Bot x", "Bearer x", "bot", "Bot " };
    struct rest r;

    rest_start(&r);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct sim_request request = rest_request(&r, "GET", "/api/v10/users/@me");

        request.authorization = str_of(wrong[i]);
        CHECK_INT(rest_send(&r, &request), 401);
        CHECK_STR(buf_str(&r.answer.body),
                  "{\"message\":\"401: Unauthorized\",\"code\":0}");
        CHECK_INT(rig_broken(&r.rig), i + 1);
    }
    CHECK(report_has(sim_report(r.rig.sim), RULE_UNAUTHORIZED));
    /* The right token without "Bot " is wrong, too. */
    memmove(r.token, r.token + 4, strlen(r.token + 4) + 1);
    CHECK_INT(rest_get(&r, "/api/v10/users/@me"), 401);
    rest_stop(&r);
}

TEST(unknown_paths_methods_and_versions_are_told_apart)
{
    static const struct {
        const char *method, *path;
        int status;
        const char *body;
    } cases[] = {
        { "GET", "/", 404, "{\"message\":\"404: Not Found\",\"code\":0}" },
        { "GET", "", 404, "{\"message\":\"404: Not Found\",\"code\":0}" },
        { "GET", "/api/v10/nothing", 404, "{\"message\":\"404: Not Found\",\"code\":0}" },
        { "GET", "/v10/gateway", 404, "{\"message\":\"404: Not Found\",\"code\":0}" },
        { "GET", "/api/v10/gateway/", 404,
          "{\"message\":\"404: Not Found\",\"code\":0}" },
        { "GET", "/api/v10/gateway/bot/more", 404,
          "{\"message\":\"404: Not Found\",\"code\":0}" },
        { "GET", "/a/b/c/d/e/f/g/h/i", 404,
          "{\"message\":\"404: Not Found\",\"code\":0}" },
        { "GET", "/api/v10/%00", 404, "{\"message\":\"404: Not Found\",\"code\":0}" },
        { "POST", "/api/v10/gateway", 405,
          "{\"message\":\"405: Method Not Allowed\",\"code\":0}" },
        { "DELETE", "/_sim/report", 405,
          "{\"message\":\"405: Method Not Allowed\",\"code\":0}" },
        { "GET", "/_sim/x", 404, "{\"message\":\"404: Not Found\",\"code\":0}" },
        { "GET", "/api/gateway/bot", 400,
          "{\"message\":\"Invalid API version\",\"code\":50041}" },
        { "GET", "/api/v8/gateway", 400,
          "{\"message\":\"Invalid API version\",\"code\":50041}" },
    };
    struct rest r;

    rest_start(&r);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct sim_request request = rest_request(&r, cases[i].method, cases[i].path);

        CHECK_INT(rest_send(&r, &request), cases[i].status);
        CHECK_STR(buf_str(&r.answer.body), cases[i].body);
    }
    rig_is_clean(&r.rig);
    rest_stop(&r);
}

TEST(a_path_may_be_percent_encoded)
{
    struct rest r;

    rest_start(&r);
    CHECK_INT(rest_get(&r, "/api/v10/users/%40me"), 200);
    rest_stop(&r);
}

TEST(a_foreign_host_or_page_gets_nothing)
{
    static const struct {
        const char *host, *origin;
        int status;
    } cases[] = {
        { "127.0.0.1:8443", "", 200 },
        { "localhost:8443", "", 200 },
        { "LOCALHOST:8443", "https://localhost:8443", 200 },
        { "[::1]:8443", "http://[::1]:8443", 200 },
        { "", "", 403 },
        { "localhost", "", 403 },
        { "localhost:8444", "", 403 },
        { "evil.example:8443", "", 403 },
        { "127.0.0.1:8443.evil.example", "", 403 },
        { "127.0.0.1:8443", "https://evil.example", 403 },
        { "127.0.0.1:8443", "https://evil.example:8443", 403 },
        { "127.0.0.1:8443", "null", 403 },
    };
    static const char *const paths[] = { "/_sim/report", "/api/v10/gateway" };
    struct rest r;

    rest_start(&r);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (size_t j = 0; j < 2; j++) {
            struct sim_request request = rest_request(&r, "GET", paths[j]);

            request.host = str_of(cases[i].host);
            request.origin = str_of(cases[i].origin);
            CHECK_INT(rest_send(&r, &request), cases[i].status);
            if (cases[i].status == 403)
                CHECK(rest_text(&r, "message").n > 0);
        }
    }
    rest_stop(&r);
}

/* ---- Reading -------------------------------------------------------------- */

TEST(the_bot_and_its_application_are_read)
{
    struct rest r;
    uint64_t id = 0;

    rest_start(&r);
    CHECK_INT(rest_get(&r, "/api/v10/users/@me"), 200);
    CHECK(json_id(json_get(r.json, "id"), &id));
    CHECK(id == sim_world(r.rig.sim)->bot_id);
    CHECK(cordage_json_true(json_get(r.json, "bot"), false));
    CHECK_INT(rest_get(&r, "/api/v10/applications/@me"), 200);
    CHECK(json_id(json_get(r.json, "id"), &id));
    CHECK(id == sim_world(r.rig.sim)->bot_id);
    /* All three privileged intents are allowed. */
    CHECK_INT(cordage_json_int(json_get(r.json, "flags"), 0),
              1 << 13 | 1 << 15 | 1 << 19);
    CHECK_INT(rest_get(&r, "/api/v10/oauth2/applications/@me"), 200);
    CHECK_INT(rest_int(&r, "approximate_guild_count"), 8);
    rest_stop(&r);
}

TEST(guilds_are_read)
{
    struct world_guild *g;
    struct rest r;
    uint64_t id = 0;

    rest_start(&r);
    g = &sim_world(r.rig.sim)->guilds[3];
    CHECK_INT(rest_get(&r, rest_guild(&r, 3, "")), 200);
    CHECK(json_id(json_get(r.json, "id"), &id) && id == g->id);
    CHECK(json_is_absent(json_get(r.json, "approximate_member_count")));
    CHECK_INT(rest_get(&r, rest_guild(&r, 3, "?with_counts=true")), 200);
    CHECK(json_id(json_get(r.json, "id"), &id) && id == g->id);
    CHECK_INT(rest_int(&r, "approximate_member_count"), g->n_members);
    CHECK_INT(json_count(json_get(r.json, "roles")),
              world_count(sim_world(r.rig.sim), g, LIST_ROLES));
    CHECK_INT(rest_get(&r, rest_guild(&r, 3, "/channels")), 200);
    CHECK_INT(json_count(r.json), world_n_channels(g));
    CHECK(json_id(rest_at(r.json, "0.guild_id"), &id) && id == g->id);
    CHECK_INT(rest_get(&r, rest_guild(&r, 3, "/roles")), 200);
    CHECK_INT(json_count(r.json), world_count(sim_world(r.rig.sim), g, LIST_ROLES));
    CHECK_INT(rest_get(&r, rest_channel(&r, 3, "")), 200);
    CHECK(json_id(json_get(r.json, "id"), &id) && id == world_channel_id(g, 1));
    rest_stop(&r);
}

TEST(own_guilds_come_in_pages)
{
    uint64_t id = 0, last = 0;
    struct rest r;
    size_t n = 0;

    rest_start(&r);
    do {
        char target[128];

        snprintf(target, sizeof target, "/api/v10/users/@me/guilds?limit=3&after=%llu",
                 (unsigned long long)last);
        CHECK_INT(rest_get(&r, target), 200);
        for (size_t i = 0; i < json_count(r.json); i++, n++) {
            CHECK(json_id(json_get(cordage_json_at(r.json, i), "id"), &id));
            CHECK(id > last);
            last = id;
        }
    } while (json_count(r.json) == 3);
    CHECK_INT(n, 8);
    CHECK(rest_get(&r, "/api/v10/users/@me/guilds?limit=201") == 400);
    rest_stop(&r);
}

TEST(members_come_in_pages_by_id)
{
    uint64_t id = 0, last = 0;
    struct world_guild *g;
    char target[128];
    struct rest r;
    size_t n = 0;

    rest_start(&r);
    g = &sim_world(r.rig.sim)->guilds[0];
    CHECK_INT(rest_get(&r, rest_guild(&r, 0, "/members")), 200);
    CHECK_INT(json_count(r.json), 1); /* Discord's default */
    do {
        snprintf(target, sizeof target, "/api/v10/guilds/%llu/members?limit=5&after=%llu",
                 (unsigned long long)g->id, (unsigned long long)last);
        CHECK_INT(rest_get(&r, target), 200);
        for (size_t i = 0; i < json_count(r.json); i++, n++) {
            CHECK(json_id(rest_at(cordage_json_at(r.json, i), "user.id"), &id));
            CHECK(id > last);
            last = id;
        }
    } while (json_count(r.json) == 5);
    CHECK_INT(n, g->n_members);
    CHECK_INT(rest_get(&r, rest_guild(&r, 0, "/members?limit=0")), 400);
    CHECK_STR(rest_text(&r, "errors.limit._errors.0.code"), "NUMBER_TYPE_MIN");
    CHECK_INT(rest_get(&r, rest_guild(&r, 0, "/members?limit=1001")), 400);
    CHECK_INT(rest_get(&r, rest_guild(&r, 0, "/members?limit=x")), 400);
    CHECK_STR(rest_text(&r, "errors.limit._errors.0.code"), "NUMBER_TYPE_COERCE");
    rest_stop(&r);
}

TEST(the_member_list_needs_its_intent)
{
    struct sim_config config = rig_config();
    struct routes_config limits;
    struct rest r;

    routes_config_default(&limits);
    config.allowed_intents &= ~(uint32_t)RIG_MEMBERS;
    rest_start_with(&r, &config, &limits);
    CHECK_INT(rest_get(&r, rest_guild(&r, 0, "/members?limit=5")), 403);
    CHECK_INT(rest_int(&r, "code"), 50001);
    rest_stop(&r);
}

TEST(one_member_is_read_or_unknown)
{
    char rest[64];
    struct world *w;
    struct rest r;
    uint64_t id = 0, user;

    rest_start(&r);
    w = sim_world(r.rig.sim);
    user = world_member(w, &w->guilds[0], 1).user_id;
    snprintf(rest, sizeof rest, "/members/%llu", (unsigned long long)user);
    CHECK_INT(rest_get(&r, rest_guild(&r, 0, rest)), 200);
    CHECK(json_id(rest_at(r.json, "user.id"), &id) && id == user);
    CHECK_INT(rest_get(&r, rest_guild(&r, 0, "/members/123")), 404);
    CHECK_INT(rest_int(&r, "code"), 10013);
    CHECK_INT(rest_get(&r, rest_guild(&r, 0, "/members/@me")), 405);
    rest_stop(&r);
}

TEST(ids_that_nobody_has_have_codes_of_their_own)
{
    struct rest r;

    rest_start(&r);
    CHECK_INT(rest_get(&r, "/api/v10/guilds/123"), 404);
    CHECK_INT(rest_int(&r, "code"), 10004);
    CHECK_INT(rest_get(&r, "/api/v10/channels/123"), 404);
    CHECK_INT(rest_int(&r, "code"), 10003);
    CHECK_INT(rest_get(&r, "/api/v10/channels/abc"), 400);
    CHECK_INT(rest_int(&r, "code"), 50035);
    CHECK_STR(rest_text(&r, "errors.channel_id._errors.0.message"),
              "Value \"abc\" is not snowflake.");
    CHECK_INT(rest_get(&r, "/api/v10/guilds/99999999999999999999999"), 400);
    rest_stop(&r);
}

/* ---- Limits --------------------------------------------------------------- */

TEST(every_answer_of_a_bucket_has_its_headers)
{
    struct rest r;
    struct str bucket;
    char first[64];

    rest_start(&r);
    CHECK_INT(rest_post(&r, rest_channel(&r, 0, "/messages"), "{\"content\":\"a\"}"),
              200);
    CHECK_STR(rest_header(&r, "x-ratelimit-limit"), "5");
    CHECK_STR(rest_header(&r, "X-RateLimit-Remaining"), "4");
    CHECK_STR(rest_header(&r, "X-RateLimit-Reset-After"), "5.000");
    CHECK_STR(rest_header(&r, "X-RateLimit-Reset"), "1767225605.000");
    bucket = rest_header(&r, "X-RateLimit-Bucket");
    snprintf(first, sizeof first, "%.*s", STR_FMT(bucket));
    r.rig.now += 1500;
    CHECK_INT(rest_post(&r, rest_channel(&r, 0, "/messages"), "{\"content\":\"b\"}"),
              200);
    CHECK_STR(rest_header(&r, "X-RateLimit-Remaining"), "3");
    CHECK_STR(rest_header(&r, "X-RateLimit-Reset-After"), "3.500");
    /* Another channel: the same hash, another bucket. */
    CHECK_INT(rest_post(&r, rest_channel(&r, 1, "/messages"), "{\"content\":\"c\"}"),
              200);
    CHECK_STR(rest_header(&r, "X-RateLimit-Remaining"), "4");
    CHECK_STR(rest_header(&r, "X-RateLimit-Bucket"), first);
    /* Another method: another hash. */
    CHECK_INT(rest_get(&r, rest_channel(&r, 0, "/messages")), 200);
    CHECK(!str_is(rest_header(&r, "X-RateLimit-Bucket"), first));
    rig_is_clean(&r.rig);
    rest_stop(&r);
}

TEST(a_sixth_message_in_five_seconds_is_429)
{
    struct rest r;

    rest_start(&r);
    for (int i = 0; i < 5; i++)
        CHECK_INT(rest_post(&r, rest_channel(&r, 0, "/messages"), "{\"content\":\"a\"}"),
                  200);
    r.rig.now += 3500;
    CHECK_INT(rest_post(&r, rest_channel(&r, 0, "/messages"), "{\"content\":\"a\"}"),
              429);
    CHECK_STR(rest_text(&r, "message"), "You are being rate limited.");
    CHECK(cordage_json_number(json_get(r.json, "retry_after"), 0) == 1.5);
    CHECK(!cordage_json_true(json_get(r.json, "global"), true));
    CHECK_STR(rest_header(&r, "Retry-After"), "2");
    CHECK_STR(rest_header(&r, "X-RateLimit-Scope"), "user");
    CHECK_STR(rest_header(&r, "X-RateLimit-Remaining"), "0");
    CHECK_STR(rest_header(&r, "X-RateLimit-Reset-After"), "1.500");
    CHECK_STR(rest_header(&r, "X-RateLimit-Global"), "");
    rig_broke(&r.rig, RULE_RATE_LIMIT);
    r.rig.now += 1500;
    CHECK_INT(rest_post(&r, rest_channel(&r, 0, "/messages"), "{\"content\":\"a\"}"),
              200);
    CHECK_INT(sim_report(r.rig.sim)->messages_created, 6);
    rest_stop(&r);
}

TEST(fifty_requests_a_second_are_the_global_limit)
{
    struct rest r;

    rest_start(&r);
    for (int i = 0; i < 50; i++)
        CHECK_INT(rest_get(&r, "/api/v10/gateway/bot"), 200);
    r.rig.now += 400;
    CHECK_INT(rest_get(&r, "/api/v10/gateway/bot"), 429);
    CHECK(cordage_json_true(json_get(r.json, "global"), false));
    CHECK(cordage_json_number(json_get(r.json, "retry_after"), 0) == 0.6);
    CHECK_STR(rest_header(&r, "X-RateLimit-Scope"), "global");
    CHECK_STR(rest_header(&r, "X-RateLimit-Global"), "true");
    CHECK_STR(rest_header(&r, "Retry-After"), "1");
    rig_broke(&r.rig, RULE_RATE_LIMIT);
    /* Without a token it isn't the bot's. */
    CHECK_INT(rest_get(&r, "/api/v10/gateway"), 200);
    r.rig.now += 600;
    CHECK_INT(rest_get(&r, "/api/v10/gateway/bot"), 200);
    rest_stop(&r);
}

TEST(limits_can_be_raised_and_lifted)
{
    struct routes_config limits = { .message_limit = 0, .global_limit = 0 };
    struct sim_config config = rig_config();
    struct rest r;

    rest_start_with(&r, &config, &limits);
    for (int i = 0; i < 500; i++)
        CHECK_INT(rest_post(&r, rest_channel(&r, 0, "/messages"), "{\"content\":\"a\"}"),
                  200);
    CHECK_STR(rest_header(&r, "X-RateLimit-Limit"), "");
    rig_is_clean(&r.rig);
    rest_stop(&r);
}

TEST(ten_thousand_refusals_bring_cloudflare)
{
    struct rest r;

    rest_start(&r);
    for (int i = 0; i < 10000; i++) {
        struct sim_request request = rest_request(&r, "GET", "/api/v10/users/@me");

        request.authorization = STR("Bot x");
        CHECK_INT(rest_send(&r, &request), 401);
    }
    r.rig.now += 60000;
    CHECK_INT(rest_get(&r, "/api/v10/gateway"), 429);
    CHECK(str_starts(str_of(r.answer.content_type), STR("text/html")));
    CHECK_STR(rest_header(&r, "Via"), "");
    CHECK_STR(rest_header(&r, "Retry-After"), "540");
    /* The simulator itself still talks. */
    CHECK_INT(rest_get(&r, "/_sim/report"), 200);
    r.rig.now += 540000;
    CHECK_INT(rest_get(&r, "/api/v10/users/@me"), 200);
    rest_stop(&r);
}

/* ---- Control -------------------------------------------------------------- */

TEST(the_report_is_read)
{
    struct rest r;

    rest_start(&r);
    CHECK_INT(rest_get(&r, "/_sim/report"), 200);
    CHECK_INT(rest_int(&r, "n_rules_broken"), 0);
    CHECK(json_is_absent(json_get(r.json, "traffic")));
    CHECK_INT(rest_get(&r, "/_sim/report?traffic=1"), 200);
    CHECK_INT(json_count(json_get(r.json, "traffic")), 8);
    rest_stop(&r);
}

TEST(the_world_is_read)
{
    struct rest r;
    uint64_t id = 0;

    rest_start(&r);
    CHECK_INT(rest_get(&r, "/_sim/world"), 200);
    CHECK_INT(rest_int(&r, "n_guilds"), 8);
    CHECK_INT(json_count(json_get(r.json, "guilds")), 8);
    CHECK(json_id(rest_at(r.json, "guilds.2.channels.0"), &id));
    CHECK(id == world_channel_id(&sim_world(r.rig.sim)->guilds[2], 1));
    CHECK_INT(rest_get(&r, "/_sim/world?limit=2"), 200);
    CHECK_INT(json_count(json_get(r.json, "guilds")), 2);
    rest_stop(&r);
}

TEST(a_token_that_was_reset_is_read_anew)
{
    struct sim_config config = rig_config();
    struct routes_config limits;
    struct client c;
    struct rest r;

    routes_config_default(&limits);
    config.session_limit = 0;
    rest_start_with(&r, &config, &limits);
    client_connect(&r.rig, &c);
    client_identify(&c, 0, 1, RIG_USUAL);
    CHECK_INT(c.close_code, 4004);
    CHECK_INT(rest_get(&r, "/api/v10/users/@me"), 401);
    CHECK_INT(rest_get(&r, "/_sim/token"), 200);
    snprintf(r.token, sizeof r.token, "Bot %.*s", STR_FMT(rest_text(&r, "token")));
    CHECK_INT(rest_get(&r, "/api/v10/users/@me"), 200);
    client_release(&c);
    rest_stop(&r);
}

TEST(a_fault_is_injected_or_explained)
{
    struct client c;
    struct rest r;

    rest_start(&r);
    client_ready(&r.rig, &c, 0, 1, RIG_USUAL);
    CHECK_INT(rest_post(&r, "/_sim/fault", "{\"kind\":\"nonsense\"}"), 400);
    CHECK(rest_text(&r, "message").n > 0);
    CHECK_INT(rest_post(&r, "/_sim/fault", "nonsense"), 400);
    CHECK_INT(rest_post(&r, "/_sim/fault", "{\"kind\":\"reconnect\",\"shard\":\"all\"}"),
              200);
    CHECK_INT(rest_int(&r, "connections"), 1);
    CHECK_INT(sim_report(r.rig.sim)->faults, 1);
    client_release(&c);
    rest_stop(&r);
}

TEST(somebody_says_something_on_request)
{
    struct client c[2];
    struct world *w;
    char body[256];
    struct rest r;

    rest_start(&r);
    w = sim_world(r.rig.sim);
    client_live(&r.rig, &c[0], 0, 2, RIG_USUAL);
    rig_wait(&r.rig, 5000);
    client_live(&r.rig, &c[1], 1, 2, RIG_USUAL);
    CHECK_INT(rest_post_as(&r, "/_sim/message", "application/x-www-form-urlencoded",
                           STR("{\"shard\":[1,2],\"content\":\"hey\"}")),
              200);
    CHECK_INT(client_count(&c[0], "MESSAGE_CREATE"), 0);
    CHECK_INT(client_count(&c[1], "MESSAGE_CREATE"), 1);
    CHECK_STR(((struct str){ cordage_json_string(json_get(c[1].d, "content")).p,
                             cordage_json_string(json_get(c[1].d, "content")).n }),
              "hey");
    snprintf(body, sizeof body, "{\"channel_id\":\"%llu\",\"author_id\":\"%llu\"}",
             (unsigned long long)world_channel_id(&w->guilds[0], 2),
             (unsigned long long)world_member(w, &w->guilds[0], 2).user_id);
    CHECK_INT(rest_post(&r, "/_sim/message", body), 200);
    CHECK_INT(client_count(&c[0], "MESSAGE_CREATE"), 1);
    client_release(&c[0]);
    client_release(&c[1]);
    rest_stop(&r);
}

TEST(a_message_in_no_place_or_by_nobody_is_refused)
{
    static const char *const bodies[] = {
        "{\"guild_id\":\"1\"}",
        "{\"channel_id\":\"1\"}",
        "{\"shard\":[9,16]}",
        "{\"shard\":[2,2]}",
        "{\"shard\":3}",
        "{\"shard\":[0,0]}",
        "{\"author_id\":\"123\"}",
        "{\"guild\":\"1\"}",
        "{\"guild_id\":true}",
        "{\"author_id\":{}}",
        "{\"content\":5}",
        "[]",
        "",
        "nonsense",
    };
    struct rest r;

    rest_start(&r);
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        CHECK_INT(rest_post(&r, "/_sim/message", bodies[i]), 400);
        CHECK(rest_text(&r, "message").n > 0);
    }
    CHECK_INT(sim_report(r.rig.sim)->messages_created, 0);
    rest_stop(&r);
}

TEST(a_wrong_request_for_a_message_is_answered_with_what_it_takes)
{
    static const char *const cases[][2] = {
        { "{\"shard\":0}",
          "\"shard\" is [id, count], with id below count, like [0, 1]." },
        { "{\"shard\":[0,0]}",
          "\"shard\" is [id, count], with id below count, like [0, 1]." },
        { "{\"guild_id\":1}",
          "\"guild_id\" must be an id, which is a string: \"1234\"." },
        { "{\"content\":\"\"}", "\"content\" is a string of 1 to 4000 characters." },
        { "{\"content\":7}", "\"content\" is a string of 1 to 4000 characters." },
    };
    char *body = calloc(1, 20000);
    struct rest r;

    assert_non_null(body);
    rest_start(&r);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        CHECK_INT(rest_post(&r, "/_sim/message", cases[i][0]), 400);
        CHECK_STR(rest_text(&r, "message"), cases[i][1]);
    }
    for (int n = 4000; n <= 4001; n++) {
        strcpy(body, "{\"content\":\"");
        for (int i = 0; i < n; i++)
            strcat(body, "\xc3\xa9");
        strcat(body, "\"}");
        CHECK_INT(rest_post(&r, "/_sim/message", body), n == 4000 ? 200 : 400);
    }
    free(body);
    rest_stop(&r);
}

TEST(a_bot_is_named_by_either_name)
{
    static const char *const paths[] = { "/_sim/guild", "/_sim/rights" };
    static const char *const more[] = { "\"happens\":\"kicked\"",
                                        "\"permissions\":\"8\"" };
    static const char *const names[] = { "bot", "bot_id" };
    char body[300];
    struct rest r;

    rest_start(&r);
    for (size_t i = 0; i < 4; i++) {
        const struct world *w = sim_world(r.rig.sim);

        snprintf(body, sizeof body, "{\"guild_id\":\"%llu\",\"%s\":\"%llu\",%s}",
                 (unsigned long long)w->guilds[i].id, names[i % 2],
                 (unsigned long long)w->bot_id, more[i / 2]);
        CHECK_INT(rest_post(&r, paths[i / 2], body), 204);
        snprintf(body, sizeof body, "{\"guild_id\":\"%llu\",\"%s\":\"1\",%s}",
                 (unsigned long long)w->guilds[i].id, names[i % 2], more[i / 2]);
        CHECK_INT(rest_post(&r, paths[i / 2], body), 400);
    }
    CHECK_INT(rest_post(&r, "/_sim/interaction", "{\"command\":\"x\",\"bot\":\"1\"}"),
              400);
    CHECK_STR(rest_text(&r, "message"), "\"bot_id\" is no bot.");
    rest_stop(&r);
}

TEST(traffic_is_set_while_it_runs)
{
    static const char *const wrong[] = {
        "{}",
        "{\"per_second\":-1}",
        "{\"per_second\":\"1\"}",
        "{\"per_second\":1,\"total\":-1}",
        "{\"per_second\":1,\"totl\":1}",
    };
    struct rest r;

    rest_start(&r);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        CHECK_INT(rest_post(&r, "/_sim/traffic", wrong[i]), 400);
    CHECK_INT(rest_post(&r, "/_sim/traffic", "{\"per_second\":100,\"total\":30}"), 204);
    rig_wait(&r.rig, 10000);
    CHECK_INT(sim_report(r.rig.sim)->messages_created, 30);
    rest_stop(&r);
}

TEST(the_page_is_told_what_can_be_done)
{
    struct rest r;

    rest_start(&r);
    CHECK_INT(rest_get(&r, "/_sim/controls"), 200);
    CHECK_STR(rest_text(&r, "faults.0.kind"), "reconnect");
    CHECK_STR(rest_text(&r, "faults.2.fields.0.name"), "code");
    CHECK_STR(rest_text(&r, "faults.2.fields.0.type"), "number");
    CHECK_INT(rest_int(&r, "bots.0.remaining"), 1000);
    CHECK(rest_text(&r, "guilds.0.name").n > 0);
    CHECK_INT(rest_int(&r, "n_unavailable"), 0);
    sim_begin_outage(r.rig.sim, &sim_world(r.rig.sim)->guilds[0], r.rig.now);
    sim_kick_bot(r.rig.sim, sim_app(r.rig.sim, 0), &sim_world(r.rig.sim)->guilds[1],
                 r.rig.now);
    sim_live(r.rig.sim, 2.5, UINT64_MAX, r.rig.now);
    CHECK_INT(rest_get(&r, "/_sim/controls?guilds=2"), 200);
    CHECK_INT(rest_int(&r, "n_unavailable"), 1);
    CHECK(cordage_json_true(rest_at(r.json, "guilds.0.unavailable"), false));
    CHECK(cordage_json_true(rest_at(r.json, "guilds.1.gone"), false));
    CHECK(str_find(buf_str(&r.answer.body), STR("\"life_per_s\":2.5")) != SIZE_MAX);
    rest_stop(&r);
}

TEST(too_large_a_body_is_413)
{
    struct sim_answer answer = { 0 };

    CHECK_INT(routes_body_limit(STR("/_sim/message")), 64 * 1024);
    CHECK_INT(routes_body_limit(STR("/api/v10/channels/1/messages")), 25 * 1024 * 1024);
    routes_too_large(STR("/_sim/message"), &answer);
    CHECK_INT(answer.status, 413);
    CHECK_STR(buf_str(&answer.body),
              "{\"message\":\"413: Request Entity Too Large\",\"code\":0}");
    sim_answer_release(&answer);
    routes_too_large(STR("/api/v10/channels/1/messages"), &answer);
    CHECK_STR(buf_str(&answer.body),
              "{\"message\":\"Request entity too large\",\"code\":40005}");
    sim_answer_release(&answer);
}

RUN_TESTS(T(the_page_is_told_what_can_be_done), T(the_gateway_is_named_without_a_token),
          T(gateway_bot_has_the_live_budget), T(rest_may_be_away),
          T(a_wrong_token_is_401_and_noted), T(a_token_that_was_reset_is_read_anew),
          T(unknown_paths_methods_and_versions_are_told_apart),
          T(a_path_may_be_percent_encoded), T(a_foreign_host_or_page_gets_nothing),
          T(the_bot_and_its_application_are_read), T(guilds_are_read),
          T(own_guilds_come_in_pages), T(members_come_in_pages_by_id),
          T(the_member_list_needs_its_intent), T(one_member_is_read_or_unknown),
          T(ids_that_nobody_has_have_codes_of_their_own),
          T(every_answer_of_a_bucket_has_its_headers),
          T(a_sixth_message_in_five_seconds_is_429),
          T(fifty_requests_a_second_are_the_global_limit),
          T(limits_can_be_raised_and_lifted), T(ten_thousand_refusals_bring_cloudflare),
          T(the_report_is_read), T(the_world_is_read),
          T(a_token_that_was_reset_is_read_anew), T(a_fault_is_injected_or_explained),
          T(somebody_says_something_on_request),
          T(a_message_in_no_place_or_by_nobody_is_refused),
          T(a_wrong_request_for_a_message_is_answered_with_what_it_takes),
          T(a_bot_is_named_by_either_name), T(traffic_is_set_while_it_runs),
          T(too_large_a_body_is_413))
