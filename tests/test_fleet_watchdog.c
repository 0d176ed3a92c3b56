/* A shard's connection lives, answers heartbeats and brings nothing. The supervisor finds
 * it among its siblings, a RESUME brings what was withheld, and nothing is lost. */
#include "fleet_case.h"

#include <string.h>

enum { SPEED = 30, PER_S = 8, LEARNED_S = 900 };

static bool has_learned(struct fleet *f, void *user)
{
    (void)user;
    return f->messages >= PER_S * LEARNED_S;
}

/* Or never will: the others would go on for ever. */
static bool has_resumed(struct fleet *f, void *user)
{
    (void)user;
    return f->resumed > 0 || f->messages >= PER_S * LEARNED_S * 3;
}

static void check_decision(struct fleet *f)
{
    const char *const status[] = { "status", "--json", NULL };
    char *out = NULL;

    CHECK_INT(fleet_command(f, status, &out), 0);
    if (!strstr(out, "shard 2 looks silent: ") || !strstr(out, "\"watchdog_actions\":1"))
        fail_msg("%s", out);
    free(out);
}

TEST(a_shard_that_only_looks_alive_is_resumed_and_nothing_is_lost)
{
    struct fleet_options options = { .shards = 4, .workers = 2 };
    struct sim_config config;
    struct fleet f;

    fleet_case_config(&config, 32);
    fleet_setup(&f, &config, SPEED);
    fleet_start(&f, &options);
    CHECK(fleet_wait_sessions(&f, 4, 0));
    fleet_talk(&f, PER_S, 0);
    CHECK(fleet_wait(&f, has_learned, NULL));
    CHECK_INT(simrig_fault(f.sim, "{\"kind\":\"silent\",\"shard\":[2,4]}"), 1);
    CHECK(fleet_wait(&f, has_resumed, NULL));
    CHECK_INT(f.resumed, 1);
    CHECK(fleet_come_to_rest(&f));
    check_decision(&f);
    CHECK_INT(f.lost, 0);
    CHECK_INT(f.doubled, 0);
    CHECK_INT(fleet_numbers(&f).identifies, 4);
    CHECK_INT(fleet_numbers(&f).resumes, 1);
    CHECK_INT(simrig_rules_broken(f.sim), 0);
    fleet_case_stop(&f);
    fleet_teardown(&f);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        T(a_shard_that_only_looks_alive_is_resumed_and_nothing_is_lost),
    };

    if (fleet_is_bot(argc, argv))
        return fleet_bot(argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
