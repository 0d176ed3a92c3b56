/* A bot that is stopped or killed and started again goes on where it was. */
#include "test.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "botrig.h"
#include "client.h"
#include "gateway.h"
#include "limits.h"
#include "restart_rig.h"
#include "rng.h"
#include "sim_model.h"

enum { SHARDS = 4, SPEED = 4 };

static struct sim_config world(void)
{
    struct sim_config config;

    sim_config_default(&config);
    config.guilds = 16;
    config.max_concurrency = SHARDS;
    config.session_ttl_ms = 3600 * 1000; /* tests are slow on a busy machine */
    return config;
}

static unsigned rounds(unsigned usual)
{
    const char *text = getenv("CORDAGE_RESTART_ROUNDS");

    return text ? (unsigned)strtoul(text, NULL, 10) : usual;
}

static void stop_and_start(const char *keep)
{
    struct sim_config config = world();
    struct restart_rig r;

    restart_setup(&r, &config, SPEED);
    r.keep = keep;
    restart_start(&r);
    CHECK(restart_wait(&r, SHARDS, 0, 0));
    restart_talk(&r, 40, UINT64_MAX);
    for (unsigned i = 1; i <= 3; i++) {
        CHECK(restart_wait(&r, SHARDS, (i - 1) * SHARDS, r.messages + 50));
        CHECK_INT(restart_end(&r, SIGTERM), 0);
        restart_start(&r);
        CHECK(restart_wait(&r, SHARDS, i * SHARDS, 0));
    }
    restart_talk(&r, 0, 0);
    CHECK_INT(restart_end(&r, SIGTERM), 0);
    CHECK_INT(restart_identifies(&r), SHARDS);
    CHECK_INT(r.ready, SHARDS);
    CHECK_INT(r.lost, 0);
    CHECK_INT(r.doubled, 0);
    CHECK_INT(simrig_rules_broken(r.sim), 0);
    restart_teardown(&r);
}

TEST(a_bot_that_is_stopped_and_started_resumes_without_an_identify)
{
    stop_and_start("nothing");
}

TEST(so_does_one_with_a_cache)
{
    stop_and_start("all");
}

static void kill_and_start(const char *keep, bool trim_acked, unsigned n)
{
    struct sim_config config = world();
    struct rng rng = rng_seeded(4711);
    struct restart_rig r;

    config.trim_acked = trim_acked;
    config.heartbeat_ms = 12000;
    restart_setup(&r, &config, SPEED);
    r.keep = keep;
    restart_start(&r);
    CHECK(restart_wait(&r, SHARDS, 0, 0));
    restart_talk(&r, 200, UINT64_MAX);
    CHECK(restart_wait(&r, SHARDS, 0, 400)); /* there is a first row and a snapshot */
    for (unsigned i = 0; i < n; i++) {
        CHECK(restart_wait(&r, SHARDS, 0, r.messages + rng_below(&rng, 100)));
        CHECK_INT(restart_end(&r, SIGKILL), 128 + SIGKILL);
        restart_start(&r);
        if (i % 4 < 3 || i + 1 == n) /* else it may be killed before it is up */
            CHECK(restart_wait(&r, SHARDS, r.resumed + SHARDS, 0));
    }
    restart_talk(&r, 0, 0);
    CHECK_INT(restart_end(&r, SIGTERM), 0);
    CHECK_INT(restart_identifies(&r), SHARDS);
    CHECK_INT(r.lost, 0);
    /* Only what was being handled when the bot was killed: two threads. */
    CHECK(r.doubled <= 2 * n);
    CHECK_INT(simrig_rules_broken(r.sim), 0);
    restart_teardown(&r);
}

TEST(a_bot_that_is_killed_loses_nothing)
{
    kill_and_start("nothing", false, rounds(8));
}

TEST(nothing_is_lost_where_discord_forgets_what_was_acknowledged)
{
    kill_and_start("nothing", true, rounds(8));
}

TEST(nor_does_one_with_a_cache_lose_anything)
{
    kill_and_start("all", true, rounds(8));
}

/* ---- A message that the bot doesn't survive -------------------------------------------
 */

static void die_at_one(unsigned threads, uint64_t doubled)
{
    struct sim_config config = world();
    struct restart_rig r;
    size_t at = 0;

    restart_setup(&r, &config, SPEED);
    r.threads = threads;
    restart_start(&r);
    CHECK(restart_wait(&r, SHARDS, 0, 0));
    restart_talk(&r, 200, UINT64_MAX);
    CHECK(restart_wait(&r, SHARDS, 0, 200));
    CHECK_INT(restart_end(&r, SIGTERM), 0);
    r.fatal_number = *(uint64_t *)map_next(&r.numbers, &at, &r.fatal_guild) + 10;
    for (int i = 0; i < LIMIT_DEATHS; i++) {
        restart_start(&r);
        CHECK_INT(restart_end(&r, 0), 128 + SIGABRT);
        CHECK_INT(r.passed_over, 0);
    }
    restart_start(&r);
    CHECK(restart_wait(&r, SHARDS, r.resumed + SHARDS, r.messages + 500));
    restart_talk(&r, 0, 0);
    CHECK_INT(restart_end(&r, SIGTERM), 0);
    CHECK(*(uint64_t *)map_get(&r.numbers, r.fatal_guild) > r.fatal_number);
    CHECK_INT(r.passed_over, 1);
    CHECK_INT(r.lost, 1);
    CHECK(r.doubled <= doubled);
    CHECK(r.beside <= 1); /* it isn't known before the first death */
    CHECK_INT(restart_identifies(&r), SHARDS);
    CHECK_INT(r.ready, SHARDS);
    CHECK_INT(simrig_rules_broken(r.sim), 0);
    restart_teardown(&r);
}

TEST(a_message_that_kills_the_bot_three_times_is_passed_over)
{
    die_at_one(1, 0);
}

/* Those come twice whose handlers had not quite returned. */
TEST(and_nothing_else_that_was_being_handled)
{
    die_at_one(4, 3 * LIMIT_DEATHS);
}

/* ---- What is of no use, or in the way -------------------------------------------------
 */

/* In its directory, and only ever there. */
static void in_state(const struct restart_rig *r, const char *script)
{
    char command[256];

    CHECK(str_starts(str_of(r->state), STR("/tmp/cordage-restart-")));
    snprintf(command, sizeof command, "cd %s && { %s; }", r->state, script);
    CHECK_INT(system(command), 0);
}

/* A bot that has been up and was stopped. */
static void setup_stopped(struct restart_rig *r, const struct sim_config *config,
                          const char *keep)
{
    restart_setup(r, config, SPEED);
    r->keep = keep;
    restart_start(r);
    CHECK(restart_wait(r, SHARDS, 0, 0));
    CHECK_INT(restart_end(r, SIGTERM), 0);
    CHECK_INT(restart_identifies(r), SHARDS);
}

TEST(what_is_stored_for_another_shard_count_is_not_used)
{
    struct sim_config config = world();
    struct restart_rig r;

    setup_stopped(&r, &config, "nothing");
    r.shards = 2;
    restart_start(&r);
    CHECK(restart_wait(&r, SHARDS + 2, 0, 0));
    CHECK_INT(restart_end(&r, SIGTERM), 0);
    r.shards = SHARDS; /* whose rows are still there */
    restart_start(&r);
    CHECK(restart_wait(&r, SHARDS + 2, SHARDS, 0));
    CHECK_INT(restart_end(&r, SIGTERM), 0);
    CHECK_INT(restart_identifies(&r), SHARDS + 2);
    CHECK_INT(simrig_rules_broken(r.sim), 0);
    restart_teardown(&r);
}

TEST(damaged_state_costs_an_identify_and_nothing_else)
{
    struct sim_config config = world();
    struct restart_rig r;

    setup_stopped(&r, &config, "all");
    in_state(&r, "rm -f ./*-wal ./*-shm; for f in *; do echo nonsense >$f; done");
    simrig_wait(r.sim, 6000); /* when the last IDENTIFY was, nobody knows any more */
    restart_start(&r);
    CHECK(restart_wait(&r, 2 * SHARDS, 0, 0));
    CHECK_INT(restart_end(&r, SIGTERM), 0);
    restart_start(&r);
    CHECK(restart_wait(&r, 2 * SHARDS, SHARDS, 0));
    CHECK_INT(restart_end(&r, SIGTERM), 0);
    CHECK_INT(restart_identifies(&r), 2 * SHARDS);
    CHECK_INT(simrig_rules_broken(r.sim), 0);
    restart_teardown(&r);
}

TEST(a_directory_that_cannot_be_used_is_done_without)
{
    struct sim_config config = world();
    struct restart_rig r;
    char usual[sizeof r.state];

    restart_setup(&r, &config, SPEED);
    memcpy(usual, r.state, sizeof usual);
    snprintf(r.state, sizeof r.state, "/proc/cordage");
    restart_start(&r);
    CHECK(restart_wait(&r, SHARDS, 0, 0));
    CHECK_INT(restart_end(&r, SIGTERM), 0);
    memcpy(r.state, usual, sizeof usual);
    restart_teardown(&r);
}

TEST(a_second_process_is_refused)
{
    struct sim_config config = world();
    struct restart_rig r, second;

    restart_setup(&r, &config, SPEED);
    restart_start(&r);
    CHECK(restart_wait(&r, SHARDS, 0, 0));
    second = r;
    restart_start(&second);
    CHECK_INT(restart_end(&second, 0), 2);
    CHECK_INT(restart_end(&r, SIGTERM), 0);
    CHECK_INT(restart_identifies(&r), SHARDS);
    restart_teardown(&r);
}

/* ---- The budget
 * -------------------------------------------------------------------------
 */

TEST(a_start_that_the_budget_does_not_cover_is_refused_and_a_resume_is_not)
{
    struct sim_config config = world();
    struct restart_rig r;

    config.session_limit = 8; /* of which four are held back */
    setup_stopped(&r, &config, "nothing");
    restart_start(&r);
    CHECK(restart_wait(&r, SHARDS, SHARDS, 0));
    CHECK_INT(restart_end(&r, SIGTERM), 0);
    in_state(&r, "rm -r ./*");
    for (int i = 0; i < 3; i++) { /* a crash loop */
        restart_start(&r);
        CHECK_INT(restart_end(&r, 0), 4);
    }
    CHECK_INT(restart_identifies(&r), SHARDS);
    CHECK_INT(simrig_rules_broken(r.sim), 0);
    restart_teardown(&r);
}

TEST(a_lost_snapshot_costs_an_identify_if_there_is_one)
{
    struct sim_config config = world();
    struct restart_rig r;

    setup_stopped(&r, &config, "all");
    in_state(&r, "rm ./cache.db*");
    restart_start(&r);
    CHECK(restart_wait(&r, 2 * SHARDS, 0, 0));
    CHECK_INT(restart_end(&r, SIGTERM), 0);
    CHECK_INT(restart_identifies(&r), 2 * SHARDS);
    restart_teardown(&r);

    config.session_limit = 8;
    setup_stopped(&r, &config, "all");
    in_state(&r, "rm ./cache.db*");
    restart_start(&r);
    CHECK(restart_wait(&r, SHARDS, SHARDS, 0));
    CHECK_INT(restart_end(&r, SIGTERM), 0);
    CHECK_INT(restart_identifies(&r), SHARDS);
    CHECK_INT(simrig_rules_broken(r.sim), 0);
    restart_teardown(&r);
}

static void raise_limit(struct sim *sim, uint64_t now, void *user)
{
    (void)now;
    (void)user;
    sim->config.session_limit = 1000;
}

/* What has come in since it was resumed is no whole cache, and is not taken for one. */
TEST(a_lost_cache_is_filled_when_the_budget_allows)
{
    struct sim_config config = world();
    struct restart_rig r;

    config.session_limit = 8;
    setup_stopped(&r, &config, "all");
    in_state(&r, "rm ./cache.db*");
    for (unsigned i = 1; i <= 2; i++) {
        restart_start(&r);
        CHECK(restart_wait(&r, SHARDS, i * SHARDS, 0));
        CHECK_INT(restart_end(&r, SIGTERM), 0);
    }
    CHECK_INT(restart_identifies(&r), SHARDS);
    simrig_on_loop(r.sim, raise_limit, NULL);
    restart_start(&r);
    CHECK(restart_wait(&r, 2 * SHARDS, 0, 0));
    CHECK_INT(restart_end(&r, SIGTERM), 0);
    CHECK_INT(restart_identifies(&r), 2 * SHARDS);
    CHECK_INT(simrig_rules_broken(r.sim), 0);
    restart_teardown(&r);
}

TEST(sessions_that_are_ended_are_not_resumed)
{
    struct sim_config config = world();
    struct restart_rig r;
    struct bot bot = { 0 };
    cordage_options options;

    restart_setup(&r, &config, SPEED);
    options = bot_options(r.sim);
    options.state_dir = r.state;
    options.shard_count = SHARDS;
    for (unsigned i = 1; i <= 2; i++) {
        bot_start(&bot, r.sim, &options);
        CHECK(bot_wait(&bot, i * SHARDS, 0, 0));
        cordage_client_end_sessions(bot.client);
        bot_stop(&bot);
        CHECK_INT(bot.status, 0);
    }
    bot_release(&bot);
    CHECK_INT(restart_identifies(&r), 2 * SHARDS);
    CHECK_INT(simrig_rules_broken(r.sim), 0);
    restart_teardown(&r);
}

/* ---- The cache
 * ----------------------------------------------------------------------------
 */

static void start_caching(struct bot *b, struct restart_rig *r, const char *state)
{
    cordage_options options = bot_options(r->sim);

    options.intents = GATEWAY_ALL_INTENTS;
    options.state_dir = state;
    options.shard_count = SHARDS;
    for (int i = 0; i < CORDAGE_N_KINDS; i++)
        options.cache[i] = CORDAGE_FOREVER;
    bot_start(b, r->sim, &options);
}

/* Whether two caches hold the same guilds with the same in them. */
static bool same_guild(struct cache *a, struct cache *b, cordage_id id, bool tell)
{
    struct buf x = { 0 }, y = { 0 };
    bool same = cache_write_guild(a, id, &x) == 0 && cache_write_guild(b, id, &y) == 0 &&
                str_eq(buf_str(&x), buf_str(&y));
    size_t at = 0;

    while (at < x.n && at < y.n && x.p[at] == y.p[at])
        at++;
    if (!same && tell)
        printf("guild %llu differs at byte %zu: ...%.*s... and ...%.*s...\n",
               (unsigned long long)id, at, (int)(x.n - at < 200 ? x.n - at : 200),
               x.n ? x.p + at : "", (int)(y.n - at < 200 ? y.n - at : 200),
               y.n ? y.p + at : "");
    buf_release(&x);
    buf_release(&y);
    return same;
}

static bool same_cache(struct cache *a, struct cache *b, bool tell)
{
    struct buf ids = { 0 }, others = { 0 };
    const cordage_id *id;
    bool same = cache_ids(a, CORDAGE_KIND_GUILDS, 0, &ids) == 0 &&
                cache_ids(b, CORDAGE_KIND_GUILDS, 0, &others) == 0 && ids.n > 0 &&
                str_eq(buf_str(&ids), buf_str(&others));

    id = (const cordage_id *)(const void *)ids.p;
    for (size_t i = 0; same && i < ids.n / sizeof *id; i++)
        same = same_guild(a, b, id[i], tell);
    buf_release(&ids);
    buf_release(&others);
    return same;
}

static void end_changes(struct sim *sim, uint64_t now, void *user)
{
    (void)user;
    sim_live(sim, 0, UINT64_MAX, now);
}

/* One bot lives through it all, another is stopped and started: in the end they know the
 * same. */
TEST(the_cache_is_what_it_would_be_without_a_restart)
{
    struct sim_config config = world();
    struct restart_rig r;
    struct bot steady = { 0 }, bot = { 0 };
    bool same = false;

    config.live = 100;
    restart_setup(&r, &config, SPEED);
    start_caching(&steady, &r, "");
    CHECK(bot_wait(&steady, SHARDS, 0, 0));
    simrig_wait(r.sim, 6000); /* their identify windows are one */
    start_caching(&bot, &r, r.state);
    CHECK(bot_wait(&bot, SHARDS, 0, 0));
    for (unsigned i = 1; i <= 3; i++) {
        simrig_wait(r.sim, 5000);
        if (i == 2)
            in_state(&r, "rm ./cache.db*"); /* the last snapshot must be a whole one */
        bot_stop(&bot);
        simrig_wait(r.sim, 2000);
        start_caching(&bot, &r, r.state);
        CHECK(bot_wait(&bot, SHARDS, i * SHARDS, 0));
        CHECK(cordage_user_id(bot.client) == cordage_user_id(steady.client));
        CHECK(cordage_application_id(bot.client) ==
              cordage_application_id(steady.client));
    }
    CHECK(cordage_user_id(steady.client) && cordage_application_id(steady.client));
    simrig_on_loop(r.sim, end_changes, NULL);
    for (int i = 0; i < 200 && !same; i++) {
        simrig_wait(r.sim, 500);
        same = same_cache(steady.client->cache, bot.client->cache, i == 199);
    }
    CHECK(cordage_cached_count(bot.client, CORDAGE_KIND_GUILDS, 0) > 0);
    bot_stop(&bot);
    bot_stop(&steady);
    bot_release(&bot);
    bot_release(&steady);
    CHECK(same);
    CHECK_INT(restart_identifies(&r), 2 * SHARDS);
    restart_teardown(&r);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        T(a_bot_that_is_stopped_and_started_resumes_without_an_identify),
        T(so_does_one_with_a_cache),
        T(a_bot_that_is_killed_loses_nothing),
        T(nothing_is_lost_where_discord_forgets_what_was_acknowledged),
        T(nor_does_one_with_a_cache_lose_anything),
        T(a_message_that_kills_the_bot_three_times_is_passed_over),
        T(and_nothing_else_that_was_being_handled),
        T(what_is_stored_for_another_shard_count_is_not_used),
        T(damaged_state_costs_an_identify_and_nothing_else),
        T(a_directory_that_cannot_be_used_is_done_without),
        T(a_second_process_is_refused),
        T(a_start_that_the_budget_does_not_cover_is_refused_and_a_resume_is_not),
        T(a_lost_snapshot_costs_an_identify_if_there_is_one),
        T(a_lost_cache_is_filled_when_the_budget_allows),
        T(sessions_that_are_ended_are_not_resumed),
        T(the_cache_is_what_it_would_be_without_a_restart),
    };

    if (restart_is_bot(argc, argv))
        return restart_bot(argv);
    setenv("CORDAGE_TEST_SPEED", "4", 1); /* SPEED: the client's clock too */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
