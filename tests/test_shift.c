/* Shards that go from one process to another and back: nothing is lost, nothing comes
 * twice, nothing is identified again, and the caches are the world.
 * CORDAGE_SHIFT_ROUNDS says how often they move. */
#include "test.h"

#include <stdatomic.h>
#include <time.h>

#include "gateway.h"
#include "json_write.h"
#include "rng.h"
#include "shift_rig.h"
#include "world_compare.h"

enum { SPEED = 4, GUILDS = 16, PATIENCE_MS = 30 * 1000, MOVES = 40 };

static struct sim_config world(void)
{
    struct sim_config config;

    sim_config_default(&config);
    config.guilds = GUILDS;
    config.max_concurrency = SHIFT_SHARDS;
    config.trim_acked = true;
    config.session_ttl_ms = 3600 * 1000; /* a busy machine is slow */
    return config;
}

static unsigned moves(void)
{
    const char *text = getenv("CORDAGE_SHIFT_ROUNDS");

    return text ? (unsigned)strtoul(text, NULL, 10) : MOVES;
}

static bool all_up(struct shift_rig *r, void *user)
{
    (void)user;
    for (uint32_t i = 0; i < SHIFT_SHARDS; i++)
        if (!r->ways[i].ready)
            return false;
    return true;
}

/* Both run, and the first has all shards. */
static void begin(struct shift_rig *r, const struct sim_config *config, const char *keep)
{
    shift_setup(r, config, SPEED, keep);
    shift_bot_start(r, 0);
    shift_bot_start(r, 1);
    for (uint32_t i = 0; i < SHIFT_SHARDS; i++)
        shift_order_take(r, 0, i);
    shift_wait(r, all_up, NULL, "READY of all");
}

static void check_and_end(struct shift_rig *r, const char *what)
{
    shift_print_gaps(r, what);
    CHECK_INT(r->lost, 0);
    CHECK_INT(shift_identifies(r), SHIFT_SHARDS);
    CHECK_INT(simrig_rules_broken(r->sim), 0);
    shift_teardown(r);
}

static uint64_t messages_of(struct shift_rig *r)
{
    uint64_t n;

    pthread_mutex_lock(&r->lock);
    n = r->messages - r->doubled;
    pthread_mutex_unlock(&r->lock);
    return n;
}

static unsigned holder_of(struct shift_rig *r, uint32_t shard)
{
    unsigned i;

    pthread_mutex_lock(&r->lock);
    i = r->ways[shard].at == &r->bots[1];
    pthread_mutex_unlock(&r->lock);
    return i;
}

/* ---- Back and forth -------------------------------------------------------------------
 */

static void move_about(struct shift_rig *r, unsigned n)
{
    struct rng rng = rng_seeded(31);

    for (unsigned i = 0; i < n; i++) {
        uint32_t shard = (uint32_t)rng_below(&rng, SHIFT_SHARDS);
        unsigned from = holder_of(r, shard);

        shift_move(r, from, !from, shard, PATIENCE_MS);
        if (rng_below(&rng, 2))
            shift_wait_messages(r, messages_of(r) + rng_below(&rng, 60));
    }
}

TEST(shards_move_under_traffic_and_nothing_is_lost_or_doubled)
{
    struct sim_config config = world();
    struct shift_rig r;

    begin(&r, &config, "nothing");
    shift_talk(&r, 400, UINT64_MAX);
    move_about(&r, moves());
    shift_come_to_rest(&r);
    CHECK_INT(r.doubled, 0);
    check_and_end(&r, "without a cache");
}

/* ---- With a cache ---------------------------------------------------------------------
 */

static const cordage_policy all_forever[CORDAGE_N_KINDS] = {
#define FOREVER(NAME, name, policy) { CORDAGE_KEEP_FOREVER, 0 },
    CORDAGE_KINDS(FOREVER)
};

static void set_life(struct sim *sim, uint64_t now, void *user)
{
    sim_live(sim, *(double *)user, UINT64_MAX, now);
}

static void compare_guild(struct shift_rig *r, struct sim *sim,
                          const struct world_guild *g, struct world_compare *c)
{
    uint32_t shard = (uint32_t)((g->id >> 22) % SHIFT_SHARDS);
    unsigned holder = holder_of(r, shard);
    struct buf truth = { 0 }, cached = { 0 };
    struct json_writer w;

    json_begin(&w, &truth);
    if (sim_write_truth(sim, g->id, &w) == 0 && !g->unavailable) {
        CHECK_INT(json_end(&w), 0);
        CHECK_INT(buf_reserve(&truth, BUF_SLACK), 0);
        CHECK_INT(cache_write_guild(r->bots[holder].client->cache, g->id, &cached), 0);
        CHECK_INT(buf_reserve(&cached, BUF_SLACK), 0);
        world_compare_guild(c, buf_str(&truth), buf_str(&cached));
        /* It went with its shard. */
        buf_clear(&cached);
        CHECK_INT(cache_write_guild(r->bots[!holder].client->cache, g->id, &cached),
                  CORDAGE_ENOTFOUND);
    }
    buf_release(&truth);
    buf_release(&cached);
}

static void find_sim(struct sim *sim, uint64_t now, void *user)
{
    (void)now;
    *(struct sim **)user = sim;
}

/* The world stands still, so that it may be read from here. */
static void compare_caches(struct shift_rig *r)
{
    struct world_compare c = { .policies = all_forever,
                               .self = r->bots[0].client->user_id,
                               .n_events = r->messages };
    struct sim *sim;
    struct world *w;

    simrig_on_loop(r->sim, find_sim, &sim);
    w = sim_world(sim);
    world_compare_init(&c);
    for (uint32_t i = 0; i < w->n_guilds; i++)
        compare_guild(r, sim, &w->guilds[i], &c);
    printf("compared %u objects\n", c.n_objects);
    CHECK(c.n_objects > 0);
    world_compare_release(&c);
}

TEST(caches_are_the_world_wherever_their_shards_are)
{
    struct sim_config config = world();
    double life = 40, none = 0;
    struct shift_rig r;

    shift_setup(&r, &config, SPEED, "all");
    r.intents = GATEWAY_ALL_INTENTS;
    shift_bot_start(&r, 0);
    shift_bot_start(&r, 1);
    for (uint32_t i = 0; i < SHIFT_SHARDS; i++)
        shift_order_take(&r, 0, i);
    shift_wait(&r, all_up, NULL, "READY of all");
    shift_talk(&r, 200, UINT64_MAX);
    simrig_on_loop(r.sim, set_life, &life);
    move_about(&r, moves());
    simrig_on_loop(r.sim, set_life, &none);
    /* What is said now comes behind all that has happened. */
    shift_wait_messages(&r, messages_of(&r) + 20 * GUILDS);
    shift_come_to_rest(&r);
    CHECK_INT(r.doubled, 0);
    compare_caches(&r);
    check_and_end(&r, "with a cache");
}

/* ---- A large shard
 * ---------------------------------------------------------------------
 */

static void wait_for_guilds(struct shift_rig *r, uint64_t guilds)
{
    const struct timespec tick = { 0, 10 * 1000 * 1000 };
    struct cache *cache = r->bots[0].client->cache;

    for (unsigned i = 0; cache_count(cache, CORDAGE_KIND_GUILDS) < guilds; i++) {
        if (i > SHIFT_PATIENCE_S * 100)
            fail_msg("only %llu guilds have come",
                     (unsigned long long)cache_count(cache, CORDAGE_KIND_GUILDS));
        nanosleep(&tick, NULL);
    }
}

/* How long a shard is without events that has many guilds; the number is printed. */
TEST(a_large_shard_moves_quickly)
{
    const char *text = getenv("CORDAGE_SHIFT_GUILDS");
    uint64_t guilds = SHIFT_SHARDS * (text ? strtoull(text, NULL, 10) : 100);
    struct sim_config config = world();
    double life = 40;
    struct shift_rig r;

    config.guilds = (uint32_t)guilds;
    shift_setup(&r, &config, SPEED, "all");
    r.intents = GATEWAY_ALL_INTENTS;
    shift_bot_start(&r, 0);
    shift_bot_start(&r, 1);
    for (uint32_t i = 0; i < SHIFT_SHARDS; i++)
        shift_order_take(&r, 0, i);
    wait_for_guilds(&r, guilds);
    shift_talk(&r, 200, UINT64_MAX);
    simrig_on_loop(r.sim, set_life, &life);
    move_about(&r, 10);
    shift_come_to_rest(&r);
    CHECK_INT(r.doubled, 0);
    printf("%llu guilds a shard; ", (unsigned long long)guilds / SHIFT_SHARDS);
    check_and_end(&r, "with a cache");
}

/* ---- Handlers that take long ----------------------------------------------------------
 */

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint64_t guild, number; /* the message that is held up, once */
    bool held, let_go;
} slow = { .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static void hold_up_one(struct shift_rig *r, const cordage_message *m)
{
    uint64_t number = strtoull(m->nonce.p, NULL, 10);

    pthread_mutex_lock(&slow.lock);
    if (!slow.held && number >= slow.number) {
        slow.held = true;
        slow.guild = m->guild_id;
        slow.number = number;
        pthread_mutex_unlock(&slow.lock);
        pthread_mutex_lock(&r->lock);
        pthread_cond_broadcast(&r->changed);
        pthread_mutex_unlock(&r->lock);
        pthread_mutex_lock(&slow.lock);
        while (!slow.let_go)
            pthread_cond_wait(&slow.changed, &slow.lock);
    }
    pthread_mutex_unlock(&slow.lock);
}

static bool is_held(struct shift_rig *r, void *user)
{
    bool held;

    (void)r;
    (void)user;
    pthread_mutex_lock(&slow.lock);
    held = slow.held;
    pthread_mutex_unlock(&slow.lock);
    return held;
}

/* The handler that ran is run again elsewhere, what waited behind it too; and when it
 * ends at last nobody cares, not even where the shard has come back meanwhile. */
static void outlast(unsigned n_moves, bool comes_back)
{
    struct sim_config config = world();
    uint64_t said;
    struct shift_rig r;
    uint32_t shard;

    slow.held = slow.let_go = false;
    slow.number = 5;
    begin(&r, &config, "nothing");
    r.on_message = hold_up_one;
    shift_talk(&r, 400, UINT64_MAX);
    shift_wait(&r, is_held, NULL, "a handler that is held up");
    shift_wait_messages(&r, messages_of(&r) + 100);
    shard = (uint32_t)((slow.guild >> 22) % SHIFT_SHARDS);
    shift_move(&r, 0, 1, shard, 200);
    CHECK_INT(r.ways[shard].given.running, 1);
    CHECK(r.ways[shard].given.open >= 1);
    for (unsigned i = 1; i < n_moves; i++) {
        /* To itself: its handler of before runs still, and its lane waits for it. */
        shift_give_and_wait(&r, 1, shard, PATIENCE_MS);
        CHECK_INT(r.ways[shard].given.running, 0);
        shift_order_take(&r, 1, shard);
        shift_wait_messages(&r, messages_of(&r) + 100);
    }
    if (comes_back) {
        shift_give_and_wait(&r, 1, shard, PATIENCE_MS);
        shift_order_take(&r, 0, shard);
    }
    said = messages_of(&r);
    pthread_mutex_lock(&slow.lock);
    slow.let_go = true;
    pthread_cond_broadcast(&slow.changed);
    pthread_mutex_unlock(&slow.lock);
    shift_wait_messages(&r, said + 100);
    shift_come_to_rest(&r);
    CHECK_INT(r.doubled, 1);
    check_and_end(&r, "with a handler that lasts");
}

TEST(a_handler_beyond_the_patience_runs_again_elsewhere)
{
    outlast(1, false);
}

/* More often than a message may kill a bot: that it lasts is no death. */
TEST(and_its_shard_may_move_on_and_come_back)
{
    outlast(5, true);
}

/* ---- What cannot be -------------------------------------------------------------------
 */

struct answers {
    uint32_t shard;
    unsigned n_taken, n_given;
};

static bool has_answers(struct shift_rig *r, void *user)
{
    const struct answers *a = user;

    return r->ways[a->shard].n_taken >= a->n_taken &&
           r->ways[a->shard].n_given >= a->n_given;
}

TEST(a_shard_that_another_has_is_not_taken)
{
    struct sim_config config = world();
    struct answers a = { 2, 2, 0 };
    struct shift_rig r;

    begin(&r, &config, "nothing");
    shift_order_take(&r, 1, 2);
    shift_wait(&r, has_answers, &a, "the answer");
    CHECK_INT(r.ways[2].taken.err, CORDAGE_EBUSY);
    a.n_taken++;
    shift_order_take(&r, 0, 2);
    shift_wait(&r, has_answers, &a, "the answer");
    CHECK_INT(r.ways[2].taken.err, CORDAGE_ESTATE);
    a.n_given++;
    shift_order_give(&r, 1, 2, 0);
    shift_wait(&r, has_answers, &a, "the answer");
    CHECK_INT(r.ways[2].given.open, 0);
    r.ways[2].left_us = 0;
    shift_talk(&r, 400, UINT64_MAX);
    shift_move(&r, 0, 1, 2, PATIENCE_MS); /* all the same */
    CHECK(r.ways[2].taken.resumes && r.ways[2].taken.cached);
    shift_come_to_rest(&r);
    CHECK_INT(r.doubled, 0);
    check_and_end(&r, "once");
}

TEST(of_a_shard_that_is_elsewhere_nothing_is_known)
{
    struct sim_config config = world();
    cordage_shard_info here, there;
    cordage_guild_total total;
    struct shift_rig r;

    begin(&r, &config, "nothing");
    total = cordage_guild_count(r.bots[0].client);
    CHECK_INT(total.shards_reported, SHIFT_SHARDS);
    CHECK_INT(total.guilds, GUILDS);
    total = cordage_guild_count(r.bots[1].client);
    CHECK_INT(total.shards_reported, 0);
    shift_move(&r, 0, 1, 1, PATIENCE_MS);
    CHECK_INT(cordage_guild_count(r.bots[0].client).shards_reported, SHIFT_SHARDS - 1);
    CHECK_INT(cordage_guild_count(r.bots[1].client).shards_reported, 1);
    CHECK_INT(cordage_guild_count(r.bots[0].client).guilds +
                  cordage_guild_count(r.bots[1].client).guilds,
              GUILDS);
    CHECK_INT(cordage_shard_status(r.bots[0].client, 1, &there), 0);
    CHECK_INT(cordage_shard_status(r.bots[1].client, 1, &here), 0);
    CHECK_INT(there.state, CORDAGE_SHARD_WAITING);
    CHECK_INT(there.guilds, 0);
    CHECK_INT(here.state, CORDAGE_SHARD_READY);
    CHECK_INT(here.resumes, 1);
    check_and_end(&r, "once");
}

/* ---- Stopping in the middle -----------------------------------------------------------
 */

/* Whatever a bot was at when it was told to stop: the other takes its shards up. */
TEST(a_bot_may_stop_while_shards_come_and_go)
{
    struct sim_config config = world();
    struct rng rng = rng_seeded(5);
    struct shift_rig r;

    begin(&r, &config, "all");
    shift_talk(&r, 100, UINT64_MAX);
    for (unsigned i = 0; i < 6; i++) {
        unsigned from = i % 2;

        shift_wait_messages(&r, messages_of(&r) + 50);
        for (uint32_t shard = 0; shard < SHIFT_SHARDS; shard++) {
            if (rng_below(&rng, 2))
                shift_order_give(&r, from, shard, PATIENCE_MS);
            if (rng_below(&rng, 3) == 0) /* at once back again: it may be under way */
                shift_order_take(&r, from, shard);
        }
        if (rng_below(&rng, 2))
            shift_wait_messages(&r, messages_of(&r) + rng_below(&rng, 20));
        shift_bot_stop(&r, from);
        for (uint32_t shard = 0; shard < SHIFT_SHARDS; shard++)
            shift_take_and_wait(&r, !from, shard);
        shift_bot_start(&r, from);
    }
    shift_come_to_rest(&r);
    CHECK_INT(r.doubled, 0);
    check_and_end(&r, "with stops");
}

/* ---- Requests -------------------------------------------------------------------------
 */

static atomic_uint n_moved, n_answered;

static void on_members(cordage_client *c, const cordage_result *result, void *user)
{
    (void)c;
    (void)user;
    if (result->err == CORDAGE_EMOVED)
        atomic_fetch_add(&n_moved, 1);
    else if (result->err == 0)
        atomic_fetch_add(&n_answered, 1);
}

static bool all_answered(struct shift_rig *r, void *user)
{
    (void)r;
    return atomic_load(&n_moved) + atomic_load(&n_answered) >= *(unsigned *)user;
}

TEST(questions_to_a_shard_that_leaves_are_told_so)
{
    struct sim_config config = world();
    unsigned asked = 3, n = 0;
    struct shift_rig r;
    struct sim *sim;

    shift_setup(&r, &config, SPEED, "nothing");
    r.intents = GATEWAY_ALL_INTENTS;
    shift_bot_start(&r, 0);
    shift_bot_start(&r, 1);
    for (uint32_t i = 0; i < SHIFT_SHARDS; i++)
        shift_take_and_wait(&r, 0, i);
    simrig_on_loop(r.sim, find_sim, &sim);
    /* All members of one guild, again and again: Discord lets a bot ask every 30 s. */
    for (cordage_id guild = sim_world(sim)->guilds[0].id; n < asked; n++) {
        const cordage_members_request request = { .guild_id = guild, .query = "" };

        CHECK_INT(cordage_request_guild_members(r.bots[0].client, &request, on_members,
                                                NULL),
                  0);
    }
    shift_move(&r, 0, 1, (uint32_t)((sim_world(sim)->guilds[0].id >> 22) % SHIFT_SHARDS),
               PATIENCE_MS);
    shift_talk(&r, 100, UINT64_MAX);
    shift_wait(&r, all_answered, &asked, "answers");
    CHECK(atomic_load(&n_moved) >= 2);
    shift_come_to_rest(&r);
    check_and_end(&r, "with questions");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(shards_move_under_traffic_and_nothing_is_lost_or_doubled),
        T(caches_are_the_world_wherever_their_shards_are),
        T(a_large_shard_moves_quickly),
        T(a_handler_beyond_the_patience_runs_again_elsewhere),
        T(and_its_shard_may_move_on_and_come_back),
        T(a_shard_that_another_has_is_not_taken),
        T(of_a_shard_that_is_elsewhere_nothing_is_known),
        T(a_bot_may_stop_while_shards_come_and_go),
        T(questions_to_a_shard_that_leaves_are_told_so),
    };

    setenv("CORDAGE_TEST_SPEED", "4", 1); /* SPEED: the clients' clocks too */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
