/* Whole bots against the offline Discord, over TLS: start, work, end. */
#include "client_bot.h"

#include <signal.h>

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

RUN_CLIENT_TESTS(T(four_shards_come_up_answer_pings_and_stop),
                 T(handlers_run_on_the_loops_where_there_are_no_threads_for_them),
                 T(one_handler_thread_and_no_compression_do_as_well),
                 T(the_shard_count_is_discords_where_none_is_given),
                 T(a_signal_stops_it_however_often_it_comes_at_once),
                 T(another_thread_stops_it), T(a_stop_before_the_start_is_not_forgotten))
