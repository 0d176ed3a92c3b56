/* A bot under a supervisor that the test plays, against the simulator. */
#include "test.h"

#include <stdio.h>
#include <stdlib.h>

#include "boss.h"
#include "botrig.h"
#include "tmpdir.h"

enum { SHARDS = 4, SPEED = 40 };

struct stage {
    struct tmpdir dir;
    struct simrig *sim;
    struct boss boss;
    struct bot bot;
    cordage_options options;
};

static const char *gateway_of(const cordage_options *options)
{
    static cordage_gateway_bot bot;
    cordage_error error;

    CHECK_INT(cordage_get_gateway_bot(options, &bot, &error), 0);
    return bot.url;
}

static void new_boss(struct stage *s)
{
    s->boss = (struct boss){ .last = SHARDS - 1,
                             .count = SHARDS,
                             .gateway = gateway_of(&s->options),
                             .grants = true };
    snprintf(s->boss.path, sizeof s->boss.path, "%s", getenv("CORDAGE_LINK"));
}

static void setup(struct stage *s, const struct sim_config *config)
{
    *s = (struct stage){ .dir = tmpdir_new() };
    setenv("CORDAGE_TEST_SPEED", "40", 1);
    setenv("CORDAGE_LINK", tmpdir_path(&s->dir, "link.sock"), 1);
    setenv("CORDAGE_WORKER", "1", 1);
    setenv("CORDAGE_GENERATION", "7", 1);
    setenv("CORDAGE_STATE_DIR", s->dir.dir, 1);
    s->sim = simrig_start(config, SPEED);
    s->options = bot_options(s->sim);
    s->options.shard_count = 99; /* doesn't count, nor does its state_dir */
    new_boss(s);
}

static void default_config(struct sim_config *config)
{
    sim_config_default(config);
    config->max_concurrency = 16;
    config->trim_acked = true;
}

/* Ends what runs still. */
static void teardown(struct stage *s)
{
    CHECK_INT(simrig_rules_broken(s->sim), 0);
    simrig_stop(s->sim);
    tmpdir_free(&s->dir);
}

/* Waits for the client to end by itself. */
static int ends_with(struct stage *s)
{
    pthread_join(s->bot.thread, NULL);
    return s->bot.status;
}

static void release(struct stage *s)
{
    cordage_client_free(s->bot.client);
    bot_release(&s->bot);
}

static bool all_four_live(const struct boss_seen *b)
{
    for (int i = 0; i < SHARDS; i++)
        if (b->rows[i].info.state != CORDAGE_SHARD_READY || !b->rows[i].reported ||
            !b->rows[i].session || b->rows[i].info.loading)
            return false;
    return b->n_rows == SHARDS;
}

static bool only_two_and_three(const struct boss_seen *b)
{
    return b->n_rows == 2;
}

/* ---- The fleet's API ---- */

struct ear {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    char heard[256];
    unsigned n;
};

static void on_broadcast(cordage_client *c, const cordage_broadcast_info *info,
                         void *user)
{
    struct ear *ear = user;
    size_t n;

    (void)c;
    pthread_mutex_lock(&ear->lock);
    n = strlen(ear->heard);
    snprintf(ear->heard + n, sizeof ear->heard - n, "%u:%s ", info->from,
             info->message.p);
    ear->n++;
    pthread_cond_signal(&ear->changed);
    pthread_mutex_unlock(&ear->lock);
}

static void ear_init(struct ear *ear)
{
    *ear = (struct ear){ 0 };
    pthread_mutex_init(&ear->lock, NULL);
    pthread_cond_init(&ear->changed, NULL);
}

static void ear_wait(struct ear *ear, unsigned n)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += BOT_PATIENCE_S;
    pthread_mutex_lock(&ear->lock);
    while (ear->n < n && !pthread_cond_timedwait(&ear->changed, &ear->lock, &until)) {
    }
    pthread_mutex_unlock(&ear->lock);
    CHECK(ear->n >= n);
}

static void ear_release(struct ear *ear)
{
    pthread_mutex_destroy(&ear->lock);
    pthread_cond_destroy(&ear->changed);
}

TEST(a_worker_does_what_it_is_told)
{
    struct sim_config config;
    struct stage s;

    default_config(&config);
    setup(&s, &config);
    boss_start(&s.boss);
    bot_start(&s.bot, s.sim, &s.options);
    CHECK(boss_wait(&s.boss, LINK_HELLO, 1));
    CHECK_INT(boss_look(&s.boss)->worker, 1);
    CHECK_INT(boss_look(&s.boss)->generation, 7);
    CHECK_INT(boss_look(&s.boss)->hello_count, 0);
    CHECK(boss_look(&s.boss)->token_print != 0);
    CHECK(boss_wait(&s.boss, LINK_STATUS, 2)); /* and none of its shards runs */
    CHECK_INT(boss_look(&s.boss)->n_rows, 0);
    CHECK(boss_look(&s.boss)->load.rss_bytes > 1024 * 1024);

    boss_take(&s.boss, 0, SHARDS - 1);
    CHECK(boss_wait(&s.boss, LINK_TAKEN, SHARDS));
    CHECK_INT(boss_look(&s.boss)->taken[2].err, 0);
    CHECK(!boss_look(&s.boss)->taken[2].resumes);
    CHECK(bot_wait(&s.bot, SHARDS, 0, 0));
    CHECK(boss_wait_status(&s.boss, all_four_live));
    CHECK_INT(boss_look(&s.boss)->heard[LINK_ASK], SHARDS);
    CHECK(boss_wait(&s.boss, LINK_SENT, SHARDS));
    CHECK_INT(boss_look(&s.boss)->heard[LINK_PROVEN], 1);
    CHECK_INT(bot_numbers(&s.bot).identifies, SHARDS);

    boss_kick(&s.boss, 1, false);
    CHECK(bot_wait(&s.bot, SHARDS, 1, 0));
    simrig_wait(s.sim, SIM_IDENTIFY_WINDOW_MS); /* the test's supervisor counts none */
    boss_kick(&s.boss, 1, true);
    CHECK(bot_wait(&s.bot, SHARDS + 1, 1, 0));
    CHECK_INT(boss_look(&s.boss)->heard[LINK_ASK], SHARDS + 1);

    boss_give(&s.boss, 0);
    boss_give(&s.boss, 1);
    CHECK(boss_wait(&s.boss, LINK_GIVEN, 2));
    CHECK(boss_wait_status(&s.boss, only_two_and_three));
    boss_take(&s.boss, 0, 1);
    CHECK(bot_wait(&s.bot, SHARDS + 1, 3, 0));
    CHECK(boss_look(&s.boss)->taken[0].resumes && boss_look(&s.boss)->taken[1].resumes);
    CHECK(boss_wait_status(&s.boss, all_four_live));
    CHECK_INT(bot_numbers(&s.bot).identifies, SHARDS + 1);

    boss_take(&s.boss, 5, 5); /* not one of its own */
    CHECK(boss_wait(&s.boss, LINK_TAKEN, SHARDS + 3));
    CHECK_INT(boss_look(&s.boss)->taken[5].err, CORDAGE_ENOTFOUND);

    boss_say_stop(&s.boss, false);
    CHECK_INT(ends_with(&s), 0);
    CHECK(boss_wait_closed(&s.boss));
    boss_stop(&s.boss);
    boss_release(&s.boss);
    release(&s);

    /* The next generation resumes what this one left. */
    s.bot = (struct bot){ 0 };
    new_boss(&s);
    boss_start(&s.boss);
    bot_start(&s.bot, s.sim, &s.options);
    boss_wait(&s.boss, LINK_HELLO, 1);
    boss_take(&s.boss, 0, SHARDS - 1);
    CHECK(bot_wait(&s.bot, 0, SHARDS, 0));
    CHECK_INT(boss_look(&s.boss)->heard[LINK_ASK], 0);
    boss_say_stop(&s.boss, true);
    CHECK_INT(ends_with(&s), 0);
    boss_stop(&s.boss);
    boss_release(&s.boss);
    release(&s);
    teardown(&s);
}

TEST(the_bot_speaks_to_all_workers_and_counts_their_guilds)
{
    struct sim_config config;
    struct stage s;
    struct ear ear;
    uint32_t count;

    ear_init(&ear);
    default_config(&config);
    setup(&s, &config);
    boss_start(&s.boss);
    bot_start(&s.bot, s.sim, &s.options);
    CHECK(cordage_on_broadcast(s.bot.client, on_broadcast, &ear) > 0);
    CHECK(boss_wait(&s.boss, LINK_STATUS, 1));
    CHECK_INT(cordage_worker(s.bot.client, &count), 1);
    CHECK_INT(count, 3);
    CHECK_INT(cordage_guild_count(s.bot.client).shards, SHARDS);
    CHECK_INT(cordage_guild_count(s.bot.client).shards_reported, 0);

    CHECK_INT(cordage_broadcast(s.bot.client, "a\0b", 3), CORDAGE_EINVAL);
    CHECK_INT(cordage_broadcast(s.bot.client, "hello", 5), 0);
    CHECK(boss_wait(&s.boss, LINK_BROADCAST, 1));
    assert_string_equal(boss_look(&s.boss)->text, "1 hello");
    CHECK_INT(ear.n, 0); /* it comes back when the supervisor says so */
    boss_totals(&s.boss, 77, 3, 4);
    boss_text(&s.boss, LINK_BROADCAST, 2, "one");
    boss_text(&s.boss, LINK_BROADCAST, 1, "two");
    ear_wait(&ear, 2);
    assert_string_equal(ear.heard, "2:one 1:two ");
    CHECK_INT(cordage_guild_count(s.bot.client).guilds, 77);
    CHECK_INT(cordage_guild_count(s.bot.client).shards_reported, 3);

    boss_stop(&s.boss); /* what was known last stays known */
    while (cordage_broadcast(s.bot.client, "x", 1) != CORDAGE_ECLOSED)
        sched_yield();
    CHECK_INT(cordage_guild_count(s.bot.client).guilds, 77);
    bot_stop(&s.bot);
    CHECK_INT(cordage_exit_status(s.bot.status), 0);
    bot_release(&s.bot);
    boss_release(&s.boss);
    teardown(&s);
    ear_release(&ear);
}

TEST(a_bot_alone_speaks_to_itself)
{
    struct sim_config config;
    struct simrig *sim;
    struct bot bot = { 0 };
    cordage_options options;
    struct ear ear;
    uint32_t count;
    char *large = calloc(1, LIMIT_BROADCAST + 1);

    unsetenv("CORDAGE_LINK");
    ear_init(&ear);
    default_config(&config);
    sim = simrig_start(&config, SPEED);
    options = bot_options(sim);
    bot_start(&bot, sim, &options);
    cordage_on_broadcast(bot.client, on_broadcast, &ear);
    CHECK(bot_wait(&bot, 1, 0, 0));
    CHECK_INT(cordage_worker(bot.client, &count), 0);
    CHECK_INT(count, 1);
    CHECK_INT(cordage_broadcast(bot.client, "one", 3), 0);
    CHECK_INT(cordage_broadcast(bot.client, "", 0), 0);
    ear_wait(&ear, 2);
    assert_string_equal(ear.heard, "0:one 0: ");
    memset(large, 'x', LIMIT_BROADCAST + 1);
    CHECK_INT(cordage_broadcast(bot.client, large, LIMIT_BROADCAST + 1), CORDAGE_ELIMIT);
    CHECK_INT(cordage_broadcast(bot.client, large, LIMIT_BROADCAST), 0);
    ear_wait(&ear, 3);
    bot_stop(&bot);
    bot_release(&bot);
    simrig_stop(sim);
    ear_release(&ear);
    free(large);
}

TEST(a_lost_supervisor_is_found_again)
{
    struct sim_config config;
    struct stage s;

    default_config(&config);
    setup(&s, &config);
    boss_start(&s.boss);
    bot_start(&s.bot, s.sim, &s.options);
    CHECK(boss_wait(&s.boss, LINK_HELLO, 1));
    boss_take(&s.boss, 0, SHARDS - 1);
    CHECK(boss_wait_status(&s.boss, all_four_live));
    simrig_wait(s.sim, SIM_IDENTIFY_WINDOW_MS);
    boss_kick(&s.boss, 3, true); /* it asks, and is not answered any more */
    s.boss.grants = false;
    CHECK(boss_wait(&s.boss, LINK_ASK, SHARDS + 1));
    boss_stop(&s.boss);
    boss_release(&s.boss);

    /* The others live on: they even resume. */
    simrig_fault(s.sim, "{\"kind\":\"reset\",\"shard\":[0,4]}");
    CHECK(bot_wait(&s.bot, SHARDS, 1, 0));
    bot_talk(&s.bot, 100, 50);
    CHECK(bot_wait(&s.bot, SHARDS, 1, 20));
    CHECK_INT(bot_numbers(&s.bot).identifies, SHARDS);

    new_boss(&s);
    boss_start(&s.boss);
    CHECK(boss_wait(&s.boss, LINK_HELLO, 1));
    CHECK_INT(boss_look(&s.boss)->hello_count, SHARDS);
    CHECK_INT(boss_look(&s.boss)->n_held, SHARDS);
    CHECK_INT(boss_look(&s.boss)->held[3], 3);
    CHECK(bot_wait(&s.bot, SHARDS + 1, 1, 0));
    CHECK(boss_wait(&s.boss, LINK_PROVEN, 1));
    CHECK(boss_wait_status(&s.boss, all_four_live));

    boss_hang_up(&s.boss); /* it lives, but the connection breaks */
    CHECK(boss_wait(&s.boss, LINK_HELLO, 2));
    boss_say_stop(&s.boss, false);
    CHECK_INT(ends_with(&s), 0);
    boss_stop(&s.boss);
    boss_release(&s.boss);
    release(&s);
    teardown(&s);
}

TEST(after_a_minute_alone_it_stops_and_keeps_its_sessions)
{
    struct sim_config config;
    struct stage s;

    default_config(&config);
    setup(&s, &config);
    boss_start(&s.boss);
    bot_start(&s.bot, s.sim, &s.options);
    boss_wait(&s.boss, LINK_HELLO, 1);
    boss_take(&s.boss, 0, SHARDS - 1);
    CHECK(boss_wait_status(&s.boss, all_four_live));
    boss_stop(&s.boss);
    boss_release(&s.boss);
    CHECK_INT(ends_with(&s), 0);
    CHECK_INT(cordage_client_error(s.bot.client)->code, 0);
    release(&s);

    s.bot = (struct bot){ 0 };
    new_boss(&s);
    boss_start(&s.boss);
    bot_start(&s.bot, s.sim, &s.options);
    boss_wait(&s.boss, LINK_HELLO, 1);
    boss_take(&s.boss, 0, SHARDS - 1);
    CHECK(bot_wait(&s.bot, 0, SHARDS, 0));
    bot_stop(&s.bot);
    bot_release(&s.bot);
    boss_stop(&s.boss);
    boss_release(&s.boss);
    teardown(&s);
}

TEST(a_supervisor_that_puts_it_off_is_one)
{
    struct sim_config config;
    struct stage s;

    default_config(&config);
    setup(&s, &config);
    s.boss.not_yet = true;
    boss_start(&s.boss);
    bot_start(&s.bot, s.sim, &s.options);
    CHECK(boss_wait(&s.boss, LINK_HELLO, 90)); /* one a second */
    s.boss.not_yet = false;
    CHECK(boss_wait(&s.boss, LINK_STATUS, 1));
    boss_say_stop(&s.boss, false);
    CHECK_INT(ends_with(&s), 0);
    release(&s);
    boss_stop(&s.boss);
    boss_release(&s.boss);
    teardown(&s);
}

TEST(a_gateway_that_cannot_be_reached_is_asked_for_anew)
{
    struct sim_config config;
    struct stage s;

    default_config(&config);
    setup(&s, &config);
    s.boss.gateway = "wss://127.0.0.1:1";
    s.boss.first = 2;
    boss_start(&s.boss);
    bot_start(&s.bot, s.sim, &s.options);
    boss_wait(&s.boss, LINK_HELLO, 1);
    boss_take(&s.boss, 3, 3);
    CHECK(boss_wait(&s.boss, LINK_URL, 1));
    simrig_wait(s.sim, SIM_IDENTIFY_WINDOW_MS);
    boss_text(&s.boss, LINK_URL, 0, gateway_of(&s.options));
    CHECK(bot_wait(&s.bot, 1, 0, 0));
    CHECK(boss_wait(&s.boss, LINK_PROVEN, 1)); /* by a shard of its own */
    bot_stop(&s.bot);
    bot_release(&s.bot);
    boss_stop(&s.boss);
    boss_release(&s.boss);
    teardown(&s);
}

TEST(who_is_refused_by_the_supervisor_ends_with_its_sentence)
{
    struct sim_config config;
    struct stage s;

    default_config(&config);
    setup(&s, &config);
    s.boss.refuses = true;
    boss_start(&s.boss);
    bot_start(&s.bot, s.sim, &s.options);
    CHECK_INT(ends_with(&s), 2);
    assert_string_equal(cordage_client_error(s.bot.client)->message,
                        "Worker 1 runs already.");
    CHECK(boss_wait_closed(&s.boss));
    CHECK_INT(boss_look(&s.boss)->heard[LINK_FATAL], 0);
    release(&s);
    boss_stop(&s.boss);
    boss_release(&s.boss);
    teardown(&s);
}

TEST(whom_discord_refuses_ends_the_fleet)
{
    struct sim_config config;
    struct stage s;

    default_config(&config);
    config.allowed_intents &= ~(uint32_t)CORDAGE_INTENT_MESSAGE_CONTENT;
    setup(&s, &config);
    boss_start(&s.boss);
    bot_start(&s.bot, s.sim, &s.options);
    boss_wait(&s.boss, LINK_HELLO, 1);
    boss_take(&s.boss, 0, 0);
    CHECK(boss_wait(&s.boss, LINK_FATAL, 1));
    CHECK_INT(boss_look(&s.boss)->end.exit, 3);
    CHECK_INT(boss_look(&s.boss)->end.code, CORDAGE_EFATAL);
    CHECK(strstr(boss_look(&s.boss)->end_message, "4014"));
    CHECK_INT(ends_with(&s), 3);
    release(&s);
    boss_stop(&s.boss);
    boss_release(&s.boss);
    simrig_stop(s.sim);
    tmpdir_free(&s.dir);
}

TEST(where_nobody_listens_it_says_so)
{
    struct sim_config config;
    struct stage s;

    default_config(&config);
    setup(&s, &config);
    bot_start(&s.bot, s.sim, &s.options);
    CHECK_INT(ends_with(&s), 1);
    CHECK_INT(cordage_client_error(s.bot.client)->code, CORDAGE_ENET);
    CHECK(strstr(cordage_client_error(s.bot.client)->message, "link.sock"));
    release(&s);
    teardown(&s);
}

RUN_TESTS(T(a_worker_does_what_it_is_told),
          T(the_bot_speaks_to_all_workers_and_counts_their_guilds),
          T(a_bot_alone_speaks_to_itself), T(a_lost_supervisor_is_found_again),
          T(after_a_minute_alone_it_stops_and_keeps_its_sessions),
          T(a_supervisor_that_puts_it_off_is_one),
          T(a_gateway_that_cannot_be_reached_is_asked_for_anew),
          T(who_is_refused_by_the_supervisor_ends_with_its_sentence),
          T(whom_discord_refuses_ends_the_fleet), T(where_nobody_listens_it_says_so))
