/* Whole bots that Discord does not want, or that don't find it. */
#include "client_bot.h"

#include "peer.h"

/* ---- What Discord does not want
 * ------------------------------------------------------------ */

/* Runs a bot that Discord refuses: exit status `status`, and a sentence with `part` in
 * it. */
static void refuse(struct discord *d, const cordage_options *options, int status,
                   const char *part)
{
    struct bot b = { .discord = d };
    const cordage_error *error;

    CHECK_INT(run_bot(&b, options, NULL), status);
    error = cordage_client_error(b.client);
    if (str_find(str_of(error->message), str_of(part)) == SIZE_MAX)
        fail_msg("\"%s\" does not say \"%s\"", error->message, part);
    cordage_client_free(b.client);
    discord_stop(d);
}

TEST(a_wrong_token_ends_it_without_a_connection)
{
    struct discord d;
    cordage_options options;

    discord_init(&d);
    discord_start(&d);
    options = discord_options(&d);
    options.token = "wrong.token.here";
    refuse(&d, &options, 3, "DISCORD_TOKEN");
    CHECK_INT(sim_report(d.server.sim)->connections, 0);
    discord_release(&d);
}

/* A Discord whose token is reset after the start. */
static void reset_token(struct peer_request *q, void *user)
{
    char body[512];

    (void)user;
    if (strstr(q->path, "/gateway/bot")) {
        snprintf(body, sizeof body,
                 "{\"url\":\"ws%s\",\"shards\":1,\"session_start_limit\":{\"total\":9,"
                 "\"remaining\":9,\"reset_after\":0,\"max_concurrency\":1}}",
                 peer_url(q->peer, "") + strlen("http"));
        peer_answer(q, 200, NULL, body);
    } else if (strcmp(q->method, "GET") == 0) {
        peer_websocket(q, "{\"op\":10,\"d\":{\"heartbeat_interval\":40000}}");
    } else {
        peer_answer(q, 401, NULL, "{\"message\":\"401: Unauthorized\",\"code\":0}");
    }
}

TEST(a_token_that_is_refused_later_ends_it_too)
{
    struct peer *peer = peer_new(NULL, NULL, reset_token, NULL);
    struct bot b = { 0 };
    cordage_options options = CORDAGE_OPTIONS_INIT;
    cordage_error error;

    options.api = peer_url(peer, "/api/v10");
    options.token = "a.b.c";
    options.handle_signals = 0;
    CHECK_INT(cordage_client_new(&options, &b.client, &error), 0);
    CHECK_INT(cordage_create_message(b.client, 1, "hello", count_done, &b), 0);
    CHECK_INT(cordage_client_run(b.client), 3);
    CHECK_INT(cordage_client_error(b.client)->code, CORDAGE_EAUTH);
    CHECK(strstr(cordage_client_error(b.client)->message, "401"));
    CHECK_INT(b.done_failed, 1);
    cordage_client_free(b.client);
    peer_free(peer);
}

TEST(a_bot_that_must_be_sharded_identifies_once_and_says_what_to_do)
{
    struct discord d;
    cordage_options options;

    discord_init(&d);
    d.options.sim.max_guilds_per_shard = 3;
    d.options.sim.recommended_shards = 4;
    discord_start(&d);
    options = discord_options(&d);
    options.shard_count = 1;
    refuse(&d, &options, 3, "this bot must be sharded");
    CHECK_INT(sim_report(d.server.sim)->identifies, 1);
    CHECK_INT(sim_report(d.server.sim)->connections, 1);
    discord_release(&d);
}

TEST(the_first_shard_that_is_refused_stops_all_others)
{
    struct discord d;
    cordage_options options;

    discord_init(&d);
    d.options.sim.max_concurrency = 1; /* 5 s between two: nobody else gets that far */
    d.options.sim.allowed_intents = CORDAGE_INTENT_GUILDS;
    discord_start(&d);
    options = discord_options(&d);
    options.shard_count = 8;
    refuse(&d, &options, 3, "MESSAGE_CONTENT");
    CHECK_INT(sim_report(d.server.sim)->identifies, 1);
    discord_release(&d);
}

TEST(a_start_that_the_budget_does_not_cover_does_not_begin)
{
    struct discord d;
    cordage_options options;

    discord_init(&d);
    d.options.sim.session_limit = 3;
    discord_start(&d);
    options = discord_options(&d);
    options.shard_count = 4;
    refuse(&d, &options, 4, "Starting 4 shards");
    CHECK_INT(sim_report(d.server.sim)->connections, 0);
    discord_release(&d);
}

TEST(a_certificate_that_nobody_vouches_for_ends_it)
{
    struct discord d;
    cordage_options options;

    discord_init(&d);
    discord_start(&d);
    options = discord_options(&d);
    options.ca_file = NULL;
    refuse(&d, &options, 1, "certificate");
    CHECK_INT(sim_report(d.server.sim)->connections, 0);
    discord_release(&d);
}

static void count_try(cordage_log_level level, const char *line, void *user)
{
    struct bot *b = user;

    if (level == CORDAGE_LOG_WARN &&
        str_find(str_of(line), STR("Trying again")) != SIZE_MAX && ++b->ticks == 2)
        cordage_client_stop(b->client);
}

TEST(an_unreachable_discord_is_tried_again)
{
    struct bot b = { 0 };
    cordage_options options = CORDAGE_OPTIONS_INIT;

    options.api = "http://127.0.0.1:9/api/v10"; /* where nobody listens */
    options.token = "a.b.c";
    options.handle_signals = 0;
    options.log = count_try;
    options.log_user = &b;
    CHECK_INT(run_bot(&b, &options, NULL), 0);
    CHECK_INT(b.ticks, 2);
    cordage_client_free(b.client);
}

RUN_CLIENT_TESTS(T(a_wrong_token_ends_it_without_a_connection),
                 T(a_token_that_is_refused_later_ends_it_too),
                 T(a_bot_that_must_be_sharded_identifies_once_and_says_what_to_do),
                 T(the_first_shard_that_is_refused_stops_all_others),
                 T(a_start_that_the_budget_does_not_cover_does_not_begin),
                 T(a_certificate_that_nobody_vouches_for_ends_it),
                 T(an_unreachable_discord_is_tried_again))
