/* Many lives of one bot in a row, under traffic that never stops: killed, stopped, and
 * killed while it stops. CORDAGE_RESTART_ROUNDS says how many. */
#include "test.h"

#include <signal.h>
#include <stdlib.h>

#include "restart_rig.h"
#include "rng.h"
#include "store.h"

enum { SHARDS = 4, SPEED = 4, ROUNDS = 20, RATE = 400, HANDLER_THREADS = 2 };

struct lives {
    struct restart_rig rig;
    struct rng rng;
    unsigned kills, stops;
};

/* It handles some messages, or dies before it has handled any. */
static void live_a_little(struct lives *l)
{
    uint64_t more = rng_below(&l->rng, 4) ? 1 + rng_below(&l->rng, 300) : 0;

    restart_start(&l->rig);
    CHECK(restart_wait(&l->rig, SHARDS, 0, l->rig.messages + more));
}

static void die(struct lives *l)
{
    int status;

    switch (rng_below(&l->rng, 4)) {
    case 0:
        status = restart_end(&l->rig, SIGTERM);
        /* It may not have come so far that it hears the signal. */
        CHECK(status == 0 || status == 128 + SIGTERM);
        l->stops += status == 0;
        l->kills += status != 0;
        break;
    case 1: /* while it stops, or when it just has */
        CHECK_INT(kill(l->rig.pid, SIGTERM), 0);
        restart_wait(&l->rig, 0, 0, l->rig.messages + rng_below(&l->rng, 3));
        restart_end(&l->rig, SIGKILL);
        l->kills++;
        break;
    default:
        CHECK_INT(restart_end(&l->rig, SIGKILL), 128 + SIGKILL);
        l->kills++;
    }
}

static void count(void *user, uint64_t wall, uint32_t shard_id, uint32_t shard_count)
{
    (void)wall;
    (void)shard_id;
    (void)shard_count;
    ++*(uint64_t *)user;
}

static uint64_t booked(const struct restart_rig *r)
{
    struct log nowhere = { 0 };
    struct store *store;
    cordage_error error;
    uint64_t n = 0;

    if (store_open(r->state, STORE_ALONE, &nowhere, &store, &error))
        fail_msg("%s", error.message);
    CHECK_INT(store_load_identifies(store, 0, count, &n), 0);
    store_close(store);
    return n;
}

static void said(struct sim *sim, uint64_t now, void *user)
{
    struct world *w = sim_world(sim);
    uint64_t *sum = user;

    sim_set_traffic(sim, 0, 0, now);
    for (uint32_t i = 0; i < w->n_guilds; i++)
        *sum += w->guilds[i].said;
}

/* The last life lasts until everything that was ever said has been handled. */
static void last_life(struct lives *l)
{
    uint64_t all = 0;

    simrig_on_loop(l->rig.sim, said, &all);
    restart_start(&l->rig);
    while (l->rig.messages - l->rig.doubled < all)
        CHECK(restart_wait(&l->rig, SHARDS, 0, l->rig.messages + 1));
    CHECK_INT(restart_end(&l->rig, SIGTERM), 0);
    CHECK_INT(l->rig.messages - l->rig.doubled, all);
}

static void check_lives(struct lives *l)
{
    uint64_t identifies = restart_identifies(&l->rig);

    printf("%u kills and %u stops: %llu messages, %llu lost, %llu again, %llu IDENTIFYs, "
           "%llu in the ledger\n",
           l->kills, l->stops, (unsigned long long)l->rig.messages,
           (unsigned long long)l->rig.lost, (unsigned long long)l->rig.doubled,
           (unsigned long long)identifies, (unsigned long long)booked(&l->rig));
    CHECK_INT(l->rig.lost, 0);
    CHECK_INT(l->rig.out_of_order, 0);
    /* What was in a handler at a kill. */
    CHECK(l->rig.doubled <= (uint64_t)l->kills * HANDLER_THREADS);
    CHECK_INT(identifies, SHARDS);
    CHECK_INT(booked(&l->rig), identifies);
    CHECK_INT(simrig_rules_broken(l->rig.sim), 0);
}

static void live_often(const char *keep)
{
    const char *rounds = getenv("CORDAGE_RESTART_ROUNDS");
    unsigned n = rounds ? (unsigned)strtoul(rounds, NULL, 10) : ROUNDS;
    struct lives l = { .rng = rng_seeded(1122) };
    struct sim_config config;

    sim_config_default(&config);
    config.guilds = 24;
    config.max_concurrency = SHARDS;
    config.trim_acked = true;
    config.session_ttl_ms = 3600 * 1000; /* a busy machine is slow */
    restart_setup(&l.rig, &config, SPEED);
    l.rig.keep = keep;
    restart_start(&l.rig);
    CHECK(restart_wait(&l.rig, SHARDS, 0, 0));
    restart_talk(&l.rig, RATE, UINT64_MAX);
    CHECK(restart_wait(&l.rig, SHARDS, 0, 100));
    die(&l);
    for (unsigned i = 0; i < n; i++) {
        live_a_little(&l);
        die(&l);
    }
    last_life(&l);
    check_lives(&l);
    restart_teardown(&l.rig);
}

TEST(nothing_is_lost_over_many_lives)
{
    live_often("nothing");
}

TEST(nor_with_a_cache)
{
    live_often("all");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = { T(nothing_is_lost_over_many_lives),
                                        T(nor_with_a_cache) };

    if (restart_is_bot(argc, argv))
        return restart_bot(argv);
    setenv("CORDAGE_TEST_SPEED", "4", 1); /* SPEED: the client's clock too */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
