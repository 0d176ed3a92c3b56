/* Whole bots against the offline Discord, over TLS: start, work, end. */
#include "discord.h"

#include <signal.h>
#include <stdatomic.h>

#include "json_write.h"
#include "peer.h"

struct bot {
    struct discord *discord;
    cordage_client *client;
    atomic_uint ready, resumed, guilds, pongs, done_ok, done_failed, ticks, chunks, voice;
    atomic_uint wanted;      /* pongs after which it stops */
    atomic_ullong n_guilds;  /* by READY */
    atomic_ullong total;     /* by cordage_guild_count at the last READY */
    atomic_uint total_whole; /* whether all shards had reported then */
    atomic_uint deadlock;    /* what cordage_get_gateway_bot said to a handler */
    atomic_uint seen[8];     /* READYs by shard */
};

static void on_ready(cordage_client *c, const cordage_ready *ready, void *user)
{
    struct bot *b = user;
    cordage_guild_total total = cordage_guild_count(c);

    b->n_guilds += ready->n_guilds;
    b->seen[ready->shard_id % 8]++;
    if (++b->ready == ready->shard_count) {
        b->total = total.guilds;
        b->total_whole = total.shards_reported == total.shards;
    }
}

static void on_guild(cordage_client *c, const cordage_guild *guild, void *user)
{
    struct bot *b = user;

    (void)c;
    b->guilds += guild->why == CORDAGE_GUILD_LOADED && guild->name.n > 0;
}

/* Somebody in every guild says "!ping" once all guilds are in. */
static void ping_every_guild(cordage_client *c, const cordage_guild *guild, void *user)
{
    struct bot *b = user;
    uint32_t n = b->discord->options.sim.guilds;

    on_guild(c, guild, user);
    if (b->guilds == n)
        for (uint32_t i = 0; i < n; i++)
            discord_say(b->discord, i, "!ping");
}

static void on_done(cordage_client *c, const cordage_result *result, void *user)
{
    struct bot *b = user;
    cordage_str content = cordage_json_string(cordage_json_get(result->data, "content"));

    if (result->err || result->status != 200 || !cordage_str_is(content, "Pong!")) {
        b->done_failed++;
        print_error("create_message: %s (%ld)\n", result->message, result->status);
    } else if (++b->done_ok == b->wanted) {
        cordage_client_stop(c);
    }
}

static void answer_ping(cordage_client *c, const cordage_message *m, void *user)
{
    struct bot *b = user;

    if (m->from_self) {
        b->pongs += cordage_str_is(m->content, "Pong!");
        return;
    }
    if (cordage_str_is(m->content, "!ping") &&
        cordage_create_message(c, m->channel_id, "Pong!", on_done, b) < 0)
        b->done_failed++;
}

static unsigned count_fds(void)
{
    DIR *fds = opendir("/proc/self/fd");
    unsigned n = 0;

    while (readdir(fds))
        n++;
    closedir(fds);
    return n;
}

/* ---- Start, work, end -----------------------------------------------------------------
 */

static void run_four_shards(int handler_threads, cordage_compression compression)
{
    struct discord d;
    struct bot b = { .discord = &d, .wanted = 8 };
    cordage_options options;
    cordage_error error;
    unsigned fds;

    discord_init(&d);
    discord_start(&d);
    fds = count_fds();
    options = discord_options(&d);
    options.shard_count = 4;
    options.handler_threads = handler_threads;
    options.compression = compression;
    options.loop_threads = 2;
    if (cordage_client_new(&options, &b.client, &error) < 0)
        fail_msg("%s", error.message);
    cordage_on_ready(b.client, on_ready, &b);
    cordage_on_guild_create(b.client, ping_every_guild, &b);
    cordage_on_message_create(b.client, answer_ping, &b);
    CHECK_INT(cordage_client_run(b.client), 0);
    CHECK_INT(cordage_client_error(b.client)->code, 0);
    cordage_client_free(b.client);
    CHECK_INT(count_fds(), fds);
    discord_stop(&d);
    CHECK_INT(b.ready, 4);
    for (int i = 0; i < 4; i++)
        CHECK_INT(b.seen[i], 1);
    CHECK_INT(b.n_guilds, 8);
    CHECK_INT(b.total, 8);
    CHECK_INT(b.total_whole, 1);
    CHECK_INT(b.guilds, 8);
    CHECK_INT(b.done_ok, 8);
    CHECK_INT(b.done_failed, 0);
    CHECK_INT(sim_report(d.server.sim)->identifies, 4);
    discord_expect_no_broken_rules(&d);
    discord_release(&d);
}

TEST(four_shards_come_up_answer_pings_and_stop)
{
    run_four_shards(3, CORDAGE_COMPRESS_ZLIB);
}

TEST(handlers_run_on_the_loops_where_there_are_no_threads_for_them)
{
    run_four_shards(0, CORDAGE_COMPRESS_ZSTD);
}

TEST(one_handler_thread_and_no_compression_do_as_well)
{
    run_four_shards(1, CORDAGE_COMPRESS_NONE);
}

/* A bot on one shard that does what `prepare` says; returns its exit status. */
static int run_bot(struct bot *b, const cordage_options *options,
                   void (*prepare)(struct bot *b))
{
    cordage_error error;
    int status;

    if (cordage_client_new(options, &b->client, &error) < 0)
        fail_msg("%s", error.message);
    if (prepare)
        prepare(b);
    status = cordage_client_run(b->client);
    return status;
}

static void stop_on_ready(cordage_client *c, const cordage_ready *ready, void *user)
{
    (void)ready, (void)user;
    cordage_client_stop(c);
    cordage_client_stop(c);
}

static void prepare_stop(struct bot *b)
{
    cordage_on_ready(b->client, on_ready, b);
    cordage_on_ready(b->client, stop_on_ready, b);
}

TEST(the_shard_count_is_discords_where_none_is_given)
{
    struct discord d;
    struct bot b = { .discord = &d };
    cordage_options options;
    cordage_gateway_bot gateway;
    cordage_shard_info info;
    cordage_error error;

    discord_init(&d);
    d.options.sim.recommended_shards = 3;
    discord_start(&d);
    options = discord_options(&d);
    CHECK_INT(cordage_get_gateway_bot(&options, &gateway, &error), 0);
    CHECK_INT(gateway.shards, 3);
    CHECK_INT(gateway.remaining, 1000);
    CHECK_STR(str_of(gateway.url), d.server.gateway_url);
    b.discord = &d;
    CHECK_INT(run_bot(&b, &options, prepare_stop), 0);
    CHECK_INT(cordage_shard_count(b.client), 3);
    /* The states of shards can be asked after the end, too. */
    for (uint32_t id = 0; id < 3; id++) {
        CHECK_INT(cordage_shard_status(b.client, id, &info), 0);
        CHECK_INT(info.state, CORDAGE_SHARD_STOPPED);
    }
    CHECK_INT(cordage_shard_status(b.client, 3, &info), CORDAGE_ENOTFOUND);
    CHECK_INT(cordage_client_run(b.client), 1); /* once per client */
    cordage_client_free(b.client);
    discord_stop(&d);
    discord_expect_no_broken_rules(&d);
    discord_release(&d);
}

static void raise_on_ready(cordage_client *c, const cordage_ready *ready, void *user)
{
    (void)c, (void)ready, (void)user;
    /* A few at once are one wish: the first ones must not end the process. */
    for (int i = 0; i < 50; i++)
        kill(getpid(), SIGTERM);
}

static void prepare_signal(struct bot *b)
{
    cordage_on_ready(b->client, raise_on_ready, b);
}

TEST(a_signal_stops_it_however_often_it_comes_at_once)
{
    struct discord d;
    struct bot b = { .discord = &d };
    struct sigaction before, after;
    cordage_options options;

    discord_init(&d);
    discord_start(&d);
    sigaction(SIGTERM, NULL, &before);
    options = discord_options(&d);
    options.handle_signals = 1;
    CHECK_INT(run_bot(&b, &options, prepare_signal), 0);
    sigaction(SIGTERM, NULL, &after);
    assert_ptr_equal(after.sa_handler, before.sa_handler);
    cordage_client_free(b.client);
    discord_stop(&d);
    discord_expect_no_broken_rules(&d);
    discord_release(&d);
}

static void *stop_from_outside(void *user)
{
    struct bot *b = user;

    while (!b->ready)
        sched_yield();
    cordage_client_stop(b->client);
    return NULL;
}

TEST(another_thread_stops_it)
{
    struct discord d;
    struct bot b = { .discord = &d };
    cordage_options options;
    cordage_error error;
    pthread_t thread;

    discord_init(&d);
    discord_start(&d);
    options = discord_options(&d);
    CHECK_INT(cordage_client_new(&options, &b.client, &error), 0);
    cordage_on_ready(b.client, on_ready, &b);
    pthread_create(&thread, NULL, stop_from_outside, &b);
    CHECK_INT(cordage_client_run(b.client), 0);
    pthread_join(thread, NULL);
    cordage_client_free(b.client);
    discord_stop(&d);
    discord_expect_no_broken_rules(&d);
    discord_release(&d);
}

TEST(a_stop_before_the_start_is_not_forgotten)
{
    struct discord d;
    struct bot b = { .discord = &d };
    cordage_options options;
    cordage_error error;

    discord_init(&d);
    discord_start(&d);
    options = discord_options(&d);
    CHECK_INT(cordage_client_new(&options, &b.client, &error), 0);
    cordage_client_stop(b.client);
    CHECK_INT(cordage_client_run(b.client), 0);
    cordage_client_free(b.client);
    discord_stop(&d);
    CHECK_INT(sim_report(d.server.sim)->connections, 0);
    discord_release(&d);
}

/* ---- While it runs
 * ----------------------------------------------------------------------- */

static void cut_on_ready(cordage_client *c, const cordage_ready *ready, void *user)
{
    struct bot *b = user;

    (void)c, (void)ready;
    discord_fault(b->discord, "{\"kind\":\"reset\"}");
    discord_say(b->discord, 0, "said while away");
}

static void on_resumed(cordage_client *c, const cordage_resumed *resumed, void *user)
{
    struct bot *b = user;

    b->resumed += 1 + (unsigned)resumed->replayed;
    cordage_client_stop(c);
}

static void prepare_cut(struct bot *b)
{
    cordage_on_ready(b->client, cut_on_ready, b);
    cordage_on_resumed(b->client, on_resumed, b);
}

TEST(a_lost_connection_is_resumed_and_what_was_missed_is_replayed)
{
    struct discord d;
    struct bot b = { .discord = &d };
    cordage_options options;
    cordage_shard_info info;

    discord_init(&d);
    discord_start(&d);
    options = discord_options(&d);
    CHECK_INT(run_bot(&b, &options, prepare_cut), 0);
    CHECK(b.resumed >= 2);
    CHECK_INT(cordage_shard_status(b.client, 0, &info), 0);
    CHECK_INT(info.identifies, 1);
    CHECK_INT(info.resumes, 1);
    CHECK_INT(info.close_code, 1006);
    cordage_client_free(b.client);
    discord_stop(&d);
    CHECK_INT(sim_report(d.server.sim)->resumed, 1);
    discord_expect_no_broken_rules(&d);
    discord_release(&d);
}

/* Commands of every kind, and what comes back. */
static void on_event(cordage_client *c, const cordage_event *event, void *user)
{
    struct bot *b = user;

    if (cordage_str_is(event->name, "GUILD_MEMBERS_CHUNK")) {
        b->chunks += event->shard_id == cordage_shard_for_guild(c, event->guild_id);
    }
    if (cordage_str_is(event->name, "VOICE_STATE_UPDATE"))
        b->voice += event->shard_id == cordage_shard_for_guild(c, event->guild_id);
    if (b->chunks == 8 && b->voice == 8)
        cordage_client_stop(c);
}

static void prepare_commands(struct bot *b)
{
    struct world *world = sim_world(b->discord->server.sim);

    cordage_on_any(b->client, on_event, b);
    /* Before the start, and so before it is known which shard has which guild. */
    for (uint32_t i = 0; i < world->n_guilds; i++) {
        const struct world_guild *g = &world->guilds[i];
        cordage_members_request request = { .guild_id = g->id, .query = "a", .limit = 5 };

        CHECK_INT(cordage_request_guild_members(b->client, &request, NULL, NULL), 0);
        CHECK_INT(cordage_update_voice_state(b->client, g->id,
                                             world_channel_id(g, world_n_channels(g) - 1),
                                             false, true),
                  0);
    }
    CHECK_INT(cordage_update_presence(b->client, "dnd", 3, "ropes"), 0);
}

TEST(commands_reach_the_shard_that_has_the_guild)
{
    struct discord d;
    struct bot b = { .discord = &d };
    cordage_options options;

    discord_init(&d);
    d.options.sim.recommended_shards = 4;
    discord_start(&d);
    options = discord_options(&d);
    CHECK_INT(run_bot(&b, &options, prepare_commands), 0);
    CHECK_INT(b.chunks, 8);
    CHECK_INT(b.voice, 8);
    cordage_client_free(b.client);
    discord_stop(&d);
    discord_expect_no_broken_rules(&d);
    discord_release(&d);
}

/* The shards are made, and nothing of theirs runs yet. */
static void while_it_starts(cordage_log_level level, const char *line, void *user)
{
    struct bot *b = user;
    struct world *world = sim_world(b->discord->server.sim);

    (void)level;
    if (str_starts(str_of(line), STR("gateway url="))) /* early: before there are any */
        CHECK_INT(cordage_update_voice_state(
                      b->client, world->guilds[0].id,
                      world_channel_id(&world->guilds[0],
                                       world_n_channels(&world->guilds[0]) - 1),
                      false, false),
                  0);
    if (str_starts(str_of(line), STR("starting shards=")))
        CHECK_INT(cordage_update_presence(b->client, "idle", 3, "the start"), 0);
}

static void look_for_presence(struct discord *d, uint64_t now, void *user)
{
    struct bot *b = user;
    struct buf out = { 0 };
    struct json_writer w;

    json_begin(&w, &out);
    sim_write_report(d->server.sim, &w, false, now);
    CHECK_INT(json_end(&w), 0);
    b->done_ok += str_find(buf_str(&out), STR("\"the start\"")) != SIZE_MAX;
    buf_release(&out);
}

static void stop_on_voice(cordage_client *c, const cordage_event *event, void *user)
{
    struct bot *b = user;

    if (!cordage_str_is(event->name, "VOICE_STATE_UPDATE"))
        return;
    discord_do(b->discord, look_for_presence, b);
    cordage_client_stop(c);
}

static void prepare_while_it_starts(struct bot *b)
{
    cordage_on_any(b->client, stop_on_voice, b);
}

TEST(a_presence_asked_for_while_the_shards_are_made_is_shown)
{
    struct discord d;
    struct bot b = { .discord = &d };
    cordage_options options;

    discord_init(&d);
    discord_start(&d);
    options = discord_options(&d);
    options.shard_count = 1;
    options.log = while_it_starts;
    options.log_user = &b;
    options.log_level = CORDAGE_LOG_INFO;
    CHECK_INT(run_bot(&b, &options, prepare_while_it_starts), 0);
    cordage_client_free(b.client);
    discord_stop(&d);
    CHECK_INT(b.done_ok, 1);
    discord_expect_no_broken_rules(&d);
    discord_release(&d);
}

/* How often `text` stands in Discord's report of its sessions. */
struct sought {
    const char *text;
    unsigned n;
};

static void seek_now(struct discord *d, uint64_t now, void *user)
{
    struct sought *sought = user;
    struct str text = str_of(sought->text), rest;
    struct buf report = { 0 };
    struct json_writer w;
    size_t at;

    json_begin(&w, &report);
    sim_write_report(d->server.sim, &w, false, now);
    json_end(&w);
    rest = buf_str(&report);
    for (sought->n = 0; (at = str_find(rest, text)) != SIZE_MAX; sought->n++)
        rest = (struct str){ rest.p + at + text.n, rest.n - at - text.n };
    buf_release(&report);
}

static unsigned seek(struct discord *d, const char *text)
{
    struct sought sought = { .text = text };

    discord_do(d, seek_now, &sought);
    return sought.n;
}

/* Every shard shows the first presence, then every shard shows the second. */
static void change_presence(cordage_client *c, void *user)
{
    struct bot *b = user;

    if (b->ready < 4)
        return;
    if (b->voice == 0 && seek(b->discord, "the first") == 4)
        b->voice += cordage_update_presence(c, "idle", 3, "the second") == 0;
    if (b->voice == 1 && seek(b->discord, "the second") == 4) {
        b->chunks = seek(b->discord, "the first");
        cordage_client_stop(c);
    }
}

static void prepare_presence(struct bot *b)
{
    cordage_on_ready(b->client, on_ready, b);
    cordage_every(b->client, 100, change_presence, b);
}

TEST(every_shard_shows_the_newest_presence)
{
    struct discord d;
    struct bot b = { .discord = &d };
    cordage_options options;

    discord_init(&d);
    discord_start(&d);
    options = discord_options(&d);
    options.shard_count = 4;
    options.activity = "the first";
    CHECK_INT(run_bot(&b, &options, prepare_presence), 0);
    CHECK_INT(b.voice, 1);
    CHECK_INT(b.chunks, 0);
    cordage_client_free(b.client);
    discord_stop(&d);
    discord_expect_no_broken_rules(&d);
    discord_release(&d);
}

static void on_tick(cordage_client *c, void *user)
{
    struct bot *b = user;

    if (++b->ticks == 3)
        cordage_client_stop(c);
}

static void prepare_ticks(struct bot *b)
{
    CHECK_INT(cordage_every(b->client, 0, on_tick, b), CORDAGE_EINVAL);
    CHECK(cordage_every(b->client, 200, on_tick, b) > 0);
    cordage_off(b->client, cordage_every(b->client, 100, on_tick, b));
}

TEST(ticks_come_again_and_again)
{
    struct discord d;
    struct bot b = { .discord = &d };
    cordage_options options;

    discord_init(&d);
    discord_start(&d);
    options = discord_options(&d);
    CHECK_INT(run_bot(&b, &options, prepare_ticks), 0);
    CHECK_INT(b.ticks, 3);
    cordage_client_free(b.client);
    discord_stop(&d);
    discord_release(&d);
}

static void ask_and_stop(cordage_client *c, const cordage_ready *ready, void *user)
{
    struct bot *b = user;
    cordage_options options = discord_options(b->discord);
    cordage_gateway_bot gateway;
    cordage_error error;

    (void)ready;
    b->deadlock =
        cordage_get_gateway_bot(&options, &gateway, &error) == CORDAGE_EDEADLOCK;
    cordage_client_stop(c);
}

static void prepare_ask(struct bot *b)
{
    cordage_on_ready(b->client, ask_and_stop, b);
}

TEST(a_call_that_waits_is_refused_on_a_loop_and_served_on_a_handlers_thread)
{
    for (int threads = 0; threads < 2; threads++) {
        struct discord d;
        struct bot b = { .discord = &d };
        cordage_options options;

        discord_init(&d);
        discord_start(&d);
        options = discord_options(&d);
        options.handler_threads = threads;
        CHECK_INT(run_bot(&b, &options, prepare_ask), 0);
        CHECK_INT(b.deadlock, threads == 0);
        cordage_client_free(b.client);
        discord_stop(&d);
        discord_release(&d);
    }
}

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

static void count_done(cordage_client *c, const cordage_result *result, void *user);

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

/* ---- Answers
 * --------------------------------------------------------------------------------- */

static void count_done(cordage_client *c, const cordage_result *result, void *user)
{
    struct bot *b = user;

    (void)c;
    if (result->err)
        b->done_failed++;
    else
        b->done_ok++;
}

static void send_and_stop(cordage_client *c, const cordage_ready *ready, void *user)
{
    struct bot *b = user;
    struct world *world = sim_world(b->discord->server.sim);
    cordage_id channel = world_channel_id(&world->guilds[0], 1);

    (void)ready;
    for (int i = 0; i < 3; i++)
        b->wanted += cordage_create_message(c, channel, "last words", count_done, b) == 0;
    cordage_client_stop(c);
}

static void prepare_last_words(struct bot *b)
{
    cordage_on_ready(b->client, send_and_stop, b);
}

TEST(what_a_handler_said_before_the_stop_is_still_sent)
{
    struct discord d;
    struct bot b = { .discord = &d };
    cordage_options options;

    discord_init(&d);
    discord_start(&d);
    options = discord_options(&d);
    CHECK_INT(run_bot(&b, &options, prepare_last_words), 0);
    CHECK_INT(b.wanted, 3);
    CHECK_INT(b.done_ok, 3);
    CHECK_INT(cordage_create_message(b.client, 5, "too late", count_done, &b),
              CORDAGE_ECLOSED);
    CHECK_INT(cordage_update_voice_state(b.client, 5, 0, false, false), CORDAGE_ECLOSED);
    cordage_client_free(b.client);
    CHECK_INT(b.done_ok + b.done_failed, 3);
    discord_stop(&d);
    CHECK_INT(sim_report(d.server.sim)->messages_created, 3);
    discord_expect_no_broken_rules(&d);
    discord_release(&d);
}

TEST(a_message_that_discord_would_refuse_is_not_sent)
{
    cordage_options options = CORDAGE_OPTIONS_INIT;
    char text[2002];
    cordage_client *c;
    cordage_error error;

    options.token = "a.b.c";
    CHECK_INT(cordage_client_new(&options, &c, &error), 0);
    memset(text, 'x', sizeof text);
    text[2001] = '\0';
    CHECK_INT(cordage_create_message(c, 1, text, NULL, NULL), CORDAGE_EINVAL);
    CHECK_INT(cordage_create_message(c, 1, "", NULL, NULL), CORDAGE_EINVAL);
    CHECK_INT(cordage_create_message(c, 1, NULL, NULL, NULL), CORDAGE_EINVAL);
    CHECK_INT(cordage_create_message(c, 0, "x", NULL, NULL), CORDAGE_EINVAL);
    text[2000] = '\0';
    CHECK_INT(cordage_create_message(c, 1, text, NULL, NULL), 0);
    /* Characters count, not bytes. */
    for (size_t i = 0; i < 1000; i++)
        memcpy(text + 2 * i, "\xc3\xa4", 2);
    CHECK_INT(cordage_create_message(c, 1, text, NULL, NULL), 0);
    cordage_client_free(c);
}

TEST(commands_that_make_no_sense_are_refused)
{
    char text[4100];
    cordage_options options = CORDAGE_OPTIONS_INIT;
    cordage_members_request none = { .guild_id = 1 };
    cordage_members_request all_of_ann = { .guild_id = 1, .query = "ann" };
    cordage_members_request both = {
        .guild_id = 1, .query = "", .user_ids = (cordage_id[]){ 1 }, .n_user_ids = 1
    };
    cordage_members_request no_guild = { .query = "" };
    cordage_members_request all = { .guild_id = 1u << 22, .query = "" };
    cordage_members_request long_query = { .guild_id = 1, .query = text, .limit = 1 };
    cordage_client *c;
    cordage_error error;

    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    options.token = "a.b.c";
    options.shard_count = 2;
    options.shard_first = 1;
    CHECK_INT(cordage_client_new(&options, &c, &error), 0);
    CHECK_INT(cordage_request_guild_members(c, &none, NULL, NULL), CORDAGE_EINVAL);
    CHECK_INT(cordage_request_guild_members(c, &all_of_ann, NULL, NULL), CORDAGE_EINVAL);
    CHECK_INT(cordage_request_guild_members(c, &both, NULL, NULL), CORDAGE_EINVAL);
    CHECK_INT(cordage_request_guild_members(c, &no_guild, NULL, NULL), CORDAGE_EINVAL);
    CHECK_INT(cordage_request_guild_members(c, &long_query, NULL, NULL), CORDAGE_EINVAL);
    /* Without the intent it would never be answered. */
    CHECK_INT(cordage_request_guild_members(c, &all, NULL, NULL), CORDAGE_EINVAL);
    CHECK_INT(cordage_update_voice_state(c, 0, 1, false, false), CORDAGE_EINVAL);
    CHECK_INT(cordage_update_presence(c, "busy", 0, NULL), CORDAGE_EINVAL);
    CHECK_INT(cordage_update_presence(c, "idle", 6, "x"), CORDAGE_EINVAL);
    CHECK_INT(cordage_update_presence(c, NULL, -1, "x"), CORDAGE_EINVAL);
    /* Guild 1 << 22 is on shard 1 of 2, guild 0 << 22 | 1 on shard 0, which is elsewhere.
     */
    CHECK_INT(cordage_shard_for_guild(c, 1u << 22), 1);
    CHECK_INT(cordage_update_voice_state(c, 1, 1, false, false), CORDAGE_ENOTFOUND);
    CHECK_INT(cordage_update_voice_state(c, 1u << 22, 1, false, false), 0);
    for (int i = 1; i < LIMIT_OUTBOX; i++)
        CHECK_INT(cordage_update_voice_state(c, 1u << 22, 1, false, false), 0);
    CHECK_INT(cordage_update_voice_state(c, 1u << 22, 1, false, false), CORDAGE_EFULL);
    cordage_client_free(c);
}

static int set_speed(void **state)
{
    char speed[16];

    (void)state;
    snprintf(speed, sizeof speed, "%d", SPEED);
    return setenv("CORDAGE_TEST_SPEED", speed, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(four_shards_come_up_answer_pings_and_stop),
        T(handlers_run_on_the_loops_where_there_are_no_threads_for_them),
        T(one_handler_thread_and_no_compression_do_as_well),
        T(the_shard_count_is_discords_where_none_is_given),
        T(a_signal_stops_it_however_often_it_comes_at_once),
        T(another_thread_stops_it),
        T(a_stop_before_the_start_is_not_forgotten),
        T(a_lost_connection_is_resumed_and_what_was_missed_is_replayed),
        T(commands_reach_the_shard_that_has_the_guild),
        T(a_presence_asked_for_while_the_shards_are_made_is_shown),
        T(every_shard_shows_the_newest_presence),
        T(ticks_come_again_and_again),
        T(a_call_that_waits_is_refused_on_a_loop_and_served_on_a_handlers_thread),
        T(a_wrong_token_ends_it_without_a_connection),
        T(a_token_that_is_refused_later_ends_it_too),
        T(a_bot_that_must_be_sharded_identifies_once_and_says_what_to_do),
        T(the_first_shard_that_is_refused_stops_all_others),
        T(a_start_that_the_budget_does_not_cover_does_not_begin),
        T(a_certificate_that_nobody_vouches_for_ends_it),
        T(an_unreachable_discord_is_tried_again),
        T(what_a_handler_said_before_the_stop_is_still_sent),
        T(a_message_that_discord_would_refuse_is_not_sent),
        T(commands_that_make_no_sense_are_refused),
    };

    return cmocka_run_group_tests(tests, set_speed, NULL);
}
