/* A fleet's life without accidents: its start in time, its end for good, and what the
 * supervisor costs. */
#include "fleet_case.h"

#include <dirent.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SPEED = 20, SLOW_MS = 3000 };

static uint64_t real_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- The start -------------------------------------------------------------------- */

/* In ms of the fleet's clock: 1.1 * (ceil(N / 16) - 1) * 5 s + 2 s. */
static uint64_t start_bound(uint32_t shards)
{
    return (uint64_t)(1.1 * ((shards + 15) / 16 - 1) * 5000) + 2000;
}

static uint64_t supervisor_cpu_ms(const struct fleet *f)
{
    unsigned long long user, system;
    char path[64];
    FILE *file;
    int n;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)f->supervisor);
    file = fopen(path, "r");
    CHECK(file != NULL);
    n = fscanf(file, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu",
               &user, &system);
    fclose(file);
    CHECK_INT(n, 2);
    return (user + system) * 1000 / (uint64_t)sysconf(_SC_CLK_TCK);
}

static uint64_t rss_kb(pid_t pid)
{
    unsigned long long pages = 0;
    char path[64];
    FILE *file;

    snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
    file = fopen(path, "r");
    CHECK(file && fscanf(file, "%*u %llu", &pages) == 1);
    fclose(file);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE) / 1024;
}

/* On a slow machine the programs' own start is no part of what is judged: it is real
 * time, while the fleet's clock runs SPEED times as fast. */
static void start_in_time(uint32_t shards, double speed)
{
    struct fleet_options options = { .shards = shards, .workers = 4 };
    struct sim_config config;
    static struct fleet f; /* its thread outlives a failure */
    uint64_t began, took, cpu;

    fleet_case_config(&config, shards);
    fleet_setup(&f, &config, speed);
    began = real_ms();
    fleet_start(&f, &options);
    CHECK(fleet_wait_sessions(&f, shards, 0));
    took = (uint64_t)((double)(real_ms() - began) * speed);
    cpu = supervisor_cpu_ms(&f);
    printf("%u shards, clock x%g: up after %llu ms, bound %llu ms; the supervisor: %llu "
           "ms of CPU, %llu KB\n",
           shards, speed, (unsigned long long)took,
           (unsigned long long)start_bound(shards), (unsigned long long)cpu,
           (unsigned long long)rss_kb(f.supervisor));
    CHECK(took <= start_bound(shards) + (uint64_t)(SLOW_MS * (speed > 1 ? speed : 0)));
    CHECK_INT(fleet_numbers(&f).identifies, shards);
    CHECK_INT(simrig_rules_broken(f.sim), 0);
    fleet_case_stop(&f);
    fleet_teardown(&f);
}

TEST(a_start_is_as_fast_as_discord_allows)
{
    uint32_t most = (uint32_t)fleet_case("CORDAGE_FLEET_SHARDS", 64);
    double speed = (double)fleet_case("CORDAGE_FLEET_SPEED", SPEED);

    for (uint32_t n = 16; n <= most; n *= 4)
        start_in_time(n, speed);
}

/* ---- The end ----------------------------------------------------------------------- */

static unsigned count_in_log(const struct fleet *f, const char *words)
{
    FILE *file = fopen(f->log, "r");
    char line[4096];
    unsigned n = 0;

    CHECK(file != NULL);
    while (fgets(line, sizeof line, file))
        n += strstr(line, words) != NULL;
    fclose(file);
    return n;
}

TEST(what_discord_refuses_for_good_ends_the_fleet_once)
{
    struct fleet_options options = { .shards = 16, .workers = 4 };
    struct sim_config config;
    static struct fleet f; /* its thread outlives a failure */

    fleet_case_config(&config, 16);
    config.allowed_intents = 1; /* 4014 for a bot that wants more */
    fleet_setup(&f, &config, SPEED);
    fleet_start(&f, &options);
    CHECK_INT(fleet_wait_end(&f), 3);
    CHECK_INT(fleet_numbers(&f).identifies, 1);
    CHECK(count_in_log(&f, "4014") >= 1);
    CHECK_INT(simrig_rules_broken(f.sim), 1); /* BAD_INTENTS, once */
    fleet_teardown(&f);
}

TEST(a_start_that_the_budget_cannot_finish_does_not_begin)
{
    struct fleet_options options = { .shards = 16, .workers = 2 };
    struct sim_config config;
    static struct fleet f; /* its thread outlives a failure */

    fleet_case_config(&config, 16);
    config.session_limit = 12;
    fleet_setup(&f, &config, SPEED);
    fleet_start(&f, &options);
    CHECK_INT(fleet_wait_end(&f), 4);
    CHECK_INT(fleet_numbers(&f).identifies, 0);
    fleet_teardown(&f);
}

TEST(a_stop_and_a_start_resume)
{
    struct fleet_options options = { .shards = 8, .workers = 2, .keeps = true };
    struct sim_config config;
    static struct fleet f; /* its thread outlives a failure */

    fleet_case_config(&config, 16);
    fleet_setup(&f, &config, SPEED);
    fleet_start(&f, &options);
    CHECK(fleet_wait_sessions(&f, 8, 0));
    fleet_talk(&f, 100, 5);
    fleet_case_stop(&f);
    options.workers = 4; /* whoever has a shard now finds its session */
    fleet_start(&f, &options);
    CHECK(fleet_wait_sessions(&f, 8, 8));
    CHECK(fleet_come_to_rest(&f));
    CHECK_INT(f.lost, 0);
    CHECK_INT(f.doubled, 0);
    CHECK_INT(fleet_numbers(&f).identifies, 8);
    CHECK(fleet_compare(&f) > 0);
    CHECK_INT(simrig_rules_broken(f.sim), 0);
    fleet_case_stop(&f);
    fleet_teardown(&f);
}

TEST(a_stop_that_forgets_begins_anew)
{
    const char *const forget[] = { "stop", "--forget", NULL };
    struct fleet_options options = { .shards = 4, .workers = 2 };
    struct sim_config config;
    static struct fleet f; /* its thread outlives a failure */

    fleet_case_config(&config, 8);
    fleet_setup(&f, &config, SPEED);
    fleet_start(&f, &options);
    CHECK(fleet_wait_sessions(&f, 4, 0));
    CHECK_INT(fleet_command(&f, forget, NULL), 0);
    CHECK_INT(fleet_wait_end(&f), 0);
    fleet_start(&f, &options);
    CHECK(fleet_wait_sessions(&f, 8, 0));
    CHECK_INT(fleet_numbers(&f).resumes, 0);
    CHECK_INT(simrig_rules_broken(f.sim), 0);
    fleet_case_stop(&f);
    fleet_teardown(&f);
}

TEST(state_of_another_shard_count_is_not_used)
{
    struct fleet_options options = { .shards = 4, .workers = 2, .keeps = true };
    static struct fleet f; /* its thread outlives a failure */
    struct sim_config config;

    fleet_case_config(&config, 8);
    fleet_setup(&f, &config, SPEED);
    fleet_start(&f, &options);
    CHECK(fleet_wait_sessions(&f, 4, 0));
    fleet_case_stop(&f);
    options.shards = 8;
    fleet_start(&f, &options);
    CHECK(fleet_wait_sessions(&f, 4 + 8, 0));
    CHECK_INT(fleet_numbers(&f).resumes, 0);
    fleet_case_stop(&f);
    options.shards = 4; /* the first sessions are there still */
    fleet_start(&f, &options);
    CHECK(fleet_wait_sessions(&f, 4 + 8, 4));
    CHECK_INT(fleet_numbers(&f).identifies, 4 + 8);
    CHECK(fleet_come_to_rest(&f));
    CHECK(fleet_compare(&f) > 0);
    CHECK_INT(simrig_rules_broken(f.sim), 0);
    fleet_case_stop(&f);
    fleet_teardown(&f);
}

TEST(state_of_other_intents_is_not_used)
{
    struct fleet_options options = { .shards = 2, .workers = 2, .intents = 1 | 1 << 9 };
    static struct fleet f; /* its thread outlives a failure */
    struct sim_config config;

    fleet_case_config(&config, 4);
    fleet_setup(&f, &config, SPEED);
    fleet_start(&f, &options);
    CHECK(fleet_wait_sessions(&f, 2, 0));
    fleet_case_stop(&f);
    options.intents = 1 | 1 << 9 | 1 << 15;
    fleet_start(&f, &options);
    CHECK(fleet_wait_sessions(&f, 4, 0));
    CHECK_INT(fleet_numbers(&f).resumes, 0);
    CHECK_INT(simrig_rules_broken(f.sim), 0);
    fleet_case_stop(&f);
    fleet_teardown(&f);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        T(a_start_is_as_fast_as_discord_allows),
        T(what_discord_refuses_for_good_ends_the_fleet_once),
        T(a_start_that_the_budget_cannot_finish_does_not_begin),
        T(a_stop_and_a_start_resume),
        T(a_stop_that_forgets_begins_anew),
        T(state_of_another_shard_count_is_not_used),
        T(state_of_other_intents_is_not_used),
    };

    if (fleet_is_bot(argc, argv))
        return fleet_bot(argv);
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
