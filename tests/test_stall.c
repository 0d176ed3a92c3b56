/* A slow handler: what it may hold up (its own guild, then its own shard's socket) and
 * what not (heartbeats, sessions, other shards). Both clocks run SPEED times the wall's.
 */
#include "test.h"

#include <stdlib.h>

#include "botrig.h"

enum { SHARDS = 4, GUILDS = 16, SPEED = 30, HEARTBEAT_MS = 41250, QUEUE = 64 };

/* Handlers of one shard wait here until the test opens it. */
struct door {
    pthread_mutex_t lock;
    pthread_cond_t opened;
    bool is_open;
    uint32_t shard; /* whose messages wait */
};

static void wait_at_door(struct bot *b, const cordage_message *m)
{
    struct door *door = b->user;

    if (m->event->shard_id != door->shard)
        return;
    pthread_mutex_lock(&door->lock);
    while (!door->is_open)
        pthread_cond_wait(&door->opened, &door->lock);
    pthread_mutex_unlock(&door->lock);
}

static void open_door(struct door *door)
{
    pthread_mutex_lock(&door->lock);
    door->is_open = true;
    pthread_cond_broadcast(&door->opened);
    pthread_mutex_unlock(&door->lock);
}

struct stall {
    struct bot bot;
    struct door door;
    struct simrig *sim;
};

static void stall_start(struct stall *s, int handler_threads)
{
    struct sim_config config;
    cordage_options options;

    pthread_mutex_init(&s->door.lock, NULL);
    pthread_cond_init(&s->door.opened, NULL);
    s->door.shard = 1;
    sim_config_default(&config);
    config.guilds = GUILDS;
    config.max_concurrency = SHARDS;
    config.heartbeat_ms = HEARTBEAT_MS;
    s->sim = simrig_start(&config, SPEED);
    options = bot_options(s->sim);
    options.shard_count = SHARDS;
    options.event_queue = QUEUE;
    options.handler_threads = handler_threads;
    s->bot.on_message = wait_at_door;
    s->bot.user = &s->door;
    bot_start(&s->bot, s->sim, &options);
    CHECK(bot_wait(&s->bot, SHARDS, 0, 0));
}

/* All has come, nothing was reconnected, no rule was broken. */
static void stall_end(struct stall *s, uint64_t total)
{
    struct bot_numbers numbers;

    CHECK(bot_wait(&s->bot, SHARDS, 0, total));
    numbers = bot_numbers(&s->bot);
    CHECK_INT(simrig_rules_broken(s->sim), 0);
    bot_stop(&s->bot);
    simrig_stop(s->sim);
    bot_release(&s->bot);
    CHECK_INT(s->bot.messages, total);
    CHECK_INT(s->bot.skipped, 0);
    CHECK_INT(s->bot.repeated, 0);
    CHECK_INT(s->bot.resumed, 0);
    CHECK_INT(numbers.connections, SHARDS);
    CHECK_INT(numbers.identifies, SHARDS);
}

TEST(a_handler_that_blocks_for_three_heartbeats_costs_none)
{
    static struct stall s;
    enum { TOTAL = 160 }; /* too few to fill a queue */

    stall_start(&s, 8);
    bot_talk(&s.bot, 100, TOTAL);
    CHECK(bot_wait(&s.bot, SHARDS, 0, TOTAL / 4 * 3));
    simrig_wait(s.sim, 3 * HEARTBEAT_MS + 1000);
    open_door(&s.door);
    stall_end(&s, TOTAL);
}

TEST(a_queue_that_is_full_for_five_minutes_holds_up_nobody_else)
{
    static struct stall s;
    enum { TOTAL = 4000 };
    cordage_shard_info info;

    stall_start(&s, 8);
    bot_talk(&s.bot, 100, TOTAL);
    /* The other three shards' share arrives in full while the second is stuck. */
    CHECK(bot_wait(&s.bot, SHARDS, 0, TOTAL / 4 * 3));
    simrig_wait(s.sim, 5 * 60 * 1000);
    CHECK_INT(cordage_shard_status(s.bot.client, 1, &info), 0);
    CHECK(info.paused);
    CHECK_INT(info.stalls, 1);
    CHECK(info.queued >= QUEUE && info.queued <= QUEUE + 1);
    CHECK_INT(info.state, CORDAGE_SHARD_READY);
    CHECK_INT(cordage_shard_status(s.bot.client, 2, &info), 0);
    CHECK(!info.paused);
    open_door(&s.door);
    stall_end(&s, TOTAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_handler_that_blocks_for_three_heartbeats_costs_none),
        T(a_queue_that_is_full_for_five_minutes_holds_up_nobody_else),
    };

    setenv("CORDAGE_TEST_SPEED", "30", 1); /* SPEED: the client's clock too */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
