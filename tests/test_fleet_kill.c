/* A process of the fleet, any of them, is killed every few seconds: every event is
 * handled at least once, nobody identifies whose session can be resumed, the caches are
 * the world, and all shards are there again soon after the last kill. */
#include "fleet_case.h"

#include <signal.h>
#include <time.h>

#include "rng.h"

enum {
    SPEED = 1,
    SHARDS = 8,
    WORKERS = 4,
    SECONDS = 15,
    RATE = 300,
    CHANGES = 20,
    AGAIN_MS = 10 * 1000 /* all shards live after the last kill */
};

struct killing {
    struct fleet fleet;
    struct fleet_options options;
    struct rng rng;
    uint64_t rate;
    unsigned n_workers, n_supervisors, n_both, n_rolls;
};

static uint64_t real_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static bool kill_worker(struct killing *k)
{
    pid_t pids[64];
    uint32_t n = fleet_pids(&k->fleet, pids, 64);

    return n && kill(pids[rng_below(&k->rng, n)], SIGKILL) == 0;
}

/* A service manager starts it again at once. */
static void kill_supervisor(struct killing *k)
{
    kill(k->fleet.supervisor, SIGKILL);
    CHECK_INT(fleet_wait_end(&k->fleet), 128 + SIGKILL);
    fleet_start(&k->fleet, &k->options);
}

/* Whoever is killed next, it happens in the middle of a hand-over. */
static void begin_roll(struct killing *k)
{
    const char *const restart[] = { "restart", "--no-wait", NULL };

    k->n_rolls += fleet_command(&k->fleet, restart, NULL) == 0;
}

static void kill_somebody(struct killing *k)
{
    if (rng_below(&k->rng, 3) == 0)
        begin_roll(k);
    switch (rng_below(&k->rng, 6)) {
    case 0:
        kill_supervisor(k);
        k->n_supervisors++;
        break;
    case 1:
        k->n_both += kill_worker(k);
        kill_supervisor(k);
        break;
    default:
        k->n_workers += kill_worker(k);
    }
}

struct more {
    uint64_t messages;
};

static bool has_more(struct fleet *f, void *user)
{
    return f->messages >= ((const struct more *)user)->messages;
}

static void kill_for(struct killing *k, uint64_t seconds)
{
    uint64_t until = real_ms() + seconds * 1000;

    while (real_ms() < until) {
        struct more more = { k->fleet.messages + k->rate +
                             rng_below(&k->rng, 4 * k->rate) };

        /* Some seconds of traffic, or what comes of it while many are down. */
        CHECK(fleet_wait(&k->fleet, has_more, &more));
        kill_somebody(k);
    }
}

static uint64_t wait_until_all_live(struct killing *k)
{
    uint64_t since = real_ms();

    CHECK(fleet_wait_all_ready(&k->fleet));
    return real_ms() - since;
}

TEST(whoever_is_killed_nothing_is_lost)
{
    uint64_t seconds = fleet_case("CORDAGE_FLEET_SECONDS", SECONDS);
    static struct killing k; /* its thread outlives a failure */
    struct fleet *f = &k.fleet;
    struct sim_config config;
    struct fleet_numbers n;
    uint64_t again;

    k.options = (struct fleet_options){
        .shards = (uint32_t)fleet_case("CORDAGE_FLEET_SHARDS", SHARDS),
        .workers = (uint32_t)fleet_case("CORDAGE_FLEET_WORKERS", WORKERS),
        .keeps = true,
    };
    k.rate = fleet_case_rate(RATE);
    k.rng = rng_seeded(fleet_case("CORDAGE_TEST_SEED", 4711));
    fleet_case_config(&config, k.options.shards * 2);
    fleet_setup(f, &config, SPEED);
    fleet_start(f, &k.options);
    CHECK(fleet_wait_sessions(f, k.options.shards, 0));
    fleet_talk(f, (double)k.rate, (double)fleet_case("CORDAGE_FLEET_CHANGES", CHANGES));
    kill_for(&k, seconds);
    again = wait_until_all_live(&k);
    CHECK(fleet_come_to_rest(f));
    n = fleet_numbers(f);
    printf("%u workers, %u supervisors and %u of both killed, %u rolling restarts begun: "
           "%llu messages, %llu lost, %llu again, %llu IDENTIFYs, %llu of %llu RESUMEs "
           "accepted, all shards live after %llu ms\n",
           k.n_workers, k.n_supervisors, k.n_both, k.n_rolls,
           (unsigned long long)f->messages, (unsigned long long)f->lost,
           (unsigned long long)f->doubled, (unsigned long long)n.identifies,
           (unsigned long long)n.resumed, (unsigned long long)n.resumes,
           (unsigned long long)again);
    CHECK_INT(f->lost, 0);
    CHECK_INT(f->messages - f->doubled, n.said);
    /* Where Discord accepted every RESUME nobody had to begin anew. */
    CHECK_INT(n.identifies, k.options.shards + (n.resumes - n.resumed));
    CHECK_INT(simrig_rules_broken(f->sim), 0);
    CHECK(again < AGAIN_MS);
    printf("%u objects in the caches as in the world\n", fleet_compare(f));
    fleet_case_stop(f);
    fleet_teardown(f);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = { T(whoever_is_killed_nothing_is_lost) };

    if (fleet_is_bot(argc, argv))
        return fleet_bot(argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
