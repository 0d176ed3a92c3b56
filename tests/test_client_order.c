/* A bot under load: nothing lost, nothing twice, nothing out of order, whatever the
 * queue, the threads, and the connections do. Traffic messages carry their guild's
 * running number as nonce. */
#include "discord.h"

#include <stdatomic.h>

enum { GUILDS = 8, MESSAGES = 2000, CUTS = 4 };

struct bot {
    struct discord *discord;
    cordage_client *client;
    bool cuts;           /* break connections on the way */
    atomic_uint handled; /* messages */
    atomic_uint wrong;   /* whose number was not the next */
    atomic_uint inside[GUILDS], overlaps;
    atomic_uint next_cut;
    atomic_bool released; /* what the handler waits for */
    atomic_uint dropped;  /* said by the log */
    uint64_t next[GUILDS];
};

static unsigned index_of(struct bot *b, cordage_id guild_id)
{
    struct world *world = sim_world(b->discord->server.sim);

    for (unsigned i = 0; i < world->n_guilds; i++)
        if (world->guilds[i].id == guild_id)
            return i;
    return 0;
}

static void count_message(cordage_client *c, const cordage_message *m, void *user)
{
    struct bot *b = user;
    unsigned i = index_of(b, m->guild_id), handled;
    uint64_t number;

    if (!str_u64((struct str){ m->nonce.p, m->nonce.n }, &number))
        return;
    if (b->inside[i]++)
        b->overlaps++;
    /* The lane of the guild is all the lock that `next` has. */
    if (b->next[i] && b->next[i] != number)
        b->wrong++;
    b->next[i] = number + 1;
    handled = ++b->handled;
    if (b->cuts && handled % (MESSAGES / CUTS) == 0)
        discord_fault(b->discord, "{\"kind\":\"reset\"}");
    b->inside[i]--;
    if (handled == MESSAGES)
        cordage_client_stop(c);
}

static void run_load(uint32_t event_queue, int handler_threads, bool cuts)
{
    struct discord d;
    struct bot b = { .discord = &d, .cuts = cuts };
    cordage_options options;
    cordage_error error;
    uint64_t stalls = 0, resumes = 0;

    discord_init(&d);
    d.options.sim.guilds = GUILDS;
    d.options.sim.traffic = 200; /* a second of Discord's: ten times that in ours */
    discord_start(&d);
    options = discord_options(&d);
    options.shard_count = 2;
    options.event_queue = event_queue;
    options.handler_threads = handler_threads;
    CHECK_INT(cordage_client_new(&options, &b.client, &error), 0);
    cordage_on_message_create(b.client, count_message, &b);
    CHECK_INT(cordage_client_run(b.client), 0);
    for (uint32_t id = 0; id < 2; id++) {
        cordage_shard_info info;

        CHECK_INT(cordage_shard_status(b.client, id, &info), 0);
        CHECK_INT(info.identifies, 1);
        CHECK_INT(info.queued, 0);
        stalls += info.stalls;
        resumes += info.resumes;
    }
    cordage_client_free(b.client);
    discord_stop(&d);
    CHECK(b.handled >= MESSAGES);
    CHECK_INT(b.wrong, 0);
    CHECK_INT(b.overlaps, 0);
    if (event_queue == 1 && handler_threads > 0)
        CHECK(stalls > 0);
    CHECK_INT(resumes > 0, cuts);
    discord_expect_no_broken_rules(&d);
    discord_release(&d);
}

TEST(a_guilds_events_come_in_order_on_many_threads)
{
    run_load(0, 4, false);
}

TEST(a_queue_of_one_stalls_the_shard_and_loses_nothing)
{
    run_load(1, 2, false);
}

TEST(lost_connections_lose_no_event)
{
    run_load(0, 3, true);
}

TEST(lost_connections_lose_no_event_with_a_queue_of_one)
{
    run_load(1, 2, true);
}

TEST(lost_connections_lose_no_event_without_threads)
{
    run_load(0, 0, true);
}

/* ---- A handler that does not return in time
 * -------------------------------------------- */

static void release_when_impatient(cordage_log_level level, const char *line, void *user)
{
    struct bot *b = user;

    (void)level;
    if (str_find(str_of(line), STR("stopping takes more than")) == SIZE_MAX)
        return;
    b->dropped = str_find(str_of(line), STR("events_dropped=0")) == SIZE_MAX;
    b->released = true;
}

static void stop_and_hang(cordage_client *c, const cordage_message *m, void *user)
{
    struct bot *b = user;
    cordage_shard_info info = { 0 };

    (void)m;
    b->handled++;
    /* With something behind it, which is dropped when patience ends. */
    while (info.queued < 5 && !b->released)
        cordage_shard_status(c, 0, &info);
    cordage_client_stop(c);
    while (!b->released)
        sched_yield();
}

TEST(a_handler_that_hangs_holds_up_the_end_but_not_what_is_queued)
{
    struct discord d;
    struct bot b = { .discord = &d };
    cordage_options options;
    cordage_error error;

    discord_init(&d);
    d.options.sim.traffic = 100;
    discord_start(&d);
    options = discord_options(&d);
    options.handler_threads = 1;
    options.log = release_when_impatient;
    options.log_user = &b;
    options.log_level = CORDAGE_LOG_WARN;
    CHECK_INT(cordage_client_new(&options, &b.client, &error), 0);
    cordage_on_message_create(b.client, stop_and_hang, &b);
    CHECK_INT(cordage_client_run(b.client), 0);
    cordage_client_free(b.client);
    discord_stop(&d);
    CHECK_INT(b.handled, 1);
    CHECK_INT(b.dropped, 1);
    discord_expect_no_broken_rules(&d);
    discord_release(&d);
}

/* ---- Handlers that come and go
 * ------------------------------------------------------------ */

struct once {
    struct bot *bot;
    atomic_int id;
    atomic_uint runs;
};

static void run_once(cordage_client *c, const cordage_message *m, void *user)
{
    struct once *once = user;

    (void)m;
    once->runs++;
    while (once->id == 0)
        sched_yield(); /* until it knows its own name */
    if (cordage_off(c, once->id) == CORDAGE_ENOTFOUND)
        once->bot->wrong++;
}

static void add_once(cordage_client *c, const cordage_ready *ready, void *user)
{
    struct once *once = user;

    (void)ready;
    once->id = cordage_on_message_create(c, run_once, once);
}

static void stop_after_some(cordage_client *c, const cordage_message *m, void *user)
{
    struct bot *b = user;

    (void)m;
    if (++b->handled == 50)
        cordage_client_stop(c);
}

TEST(a_handler_removes_itself_while_events_run)
{
    struct discord d;
    struct bot b = { .discord = &d };
    struct once once = { .bot = &b };
    cordage_options options;
    cordage_error error;

    discord_init(&d);
    d.options.sim.guilds =
        1; /* one lane: no second event can be in the handler already */
    d.options.sim.traffic = 50;
    discord_start(&d);
    options = discord_options(&d);
    options.handler_threads = 2;
    CHECK_INT(cordage_client_new(&options, &b.client, &error), 0);
    cordage_on_ready(b.client, add_once, &once);
    cordage_on_message_create(b.client, stop_after_some, &b);
    CHECK_INT(cordage_client_run(b.client), 0);
    cordage_client_free(b.client);
    discord_stop(&d);
    CHECK_INT(once.runs, 1);
    CHECK_INT(b.wrong, 0);
    CHECK(b.handled >= 50);
    discord_release(&d);
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
        T(a_guilds_events_come_in_order_on_many_threads),
        T(a_queue_of_one_stalls_the_shard_and_loses_nothing),
        T(lost_connections_lose_no_event),
        T(lost_connections_lose_no_event_with_a_queue_of_one),
        T(lost_connections_lose_no_event_without_threads),
        T(a_handler_that_hangs_holds_up_the_end_but_not_what_is_queued),
        T(a_handler_removes_itself_while_events_run),
    };

    return cmocka_run_group_tests(tests, set_speed, NULL);
}
