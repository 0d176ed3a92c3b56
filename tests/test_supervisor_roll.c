/* A supervisor restarts its workers: what is wrong with the new program ends the restart,
 * never the fleet. The workers pretend (pretend.c). */
#include "fleet_rig.h"

#include <signal.h>
#include <string.h>

#include "test.h"

static struct fleet_rig rig;

static void begin(const char *behaviour)
{
    struct sim_config config;

    sim_config_default(&config);
    fleet_setup(&rig, &config, 20);
    rig.behaviour = behaviour;
    rig.shards = 6;
    rig.workers = 2;
    rig.hello_ms = 5000;
    fleet_start(&rig);
    CHECK(fleet_up(&rig));
}

static void end(void)
{
    CHECK(fleet_up(&rig));
    CHECK_INT(fleet_end(&rig, SIGTERM), 0);
    fleet_teardown(&rig);
}

static bool said(const char *what)
{
    char *text = fleet_said(&rig);
    bool is = strstr(text, what) != NULL;

    if (!is)
        printf("not said: %s\nbut:\n%s\n", what, text);
    free(text);
    return is;
}

static const struct link_command restart = { .verb = LINK_VERB_RESTART, .follow = true };

/* The documents that come may be of before. */
static bool are_new(struct fleet_rig *r, void *user)
{
    const pid_t *before = user;
    unsigned n = 0;

    for (unsigned i = 0; i < 2; i++)
        n += fleet_worker(r, i) > 0 && fleet_worker(r, i) != before[i];
    return n == 2;
}

TEST(every_worker_is_another_process_afterwards)
{
    pid_t before[2];

    begin("well");
    for (unsigned i = 0; i < 2; i++)
        before[i] = fleet_worker(&rig, i);
    CHECK_INT(fleet_command(&rig, &restart), 0);
    CHECK(fleet_until(&rig, are_new, before));
    for (unsigned i = 0; i < 2; i++) {
        CHECK_INT(kill(before[i], 0), -1);
        CHECK_INT(fleet_restarts(&rig, i), 0); /* unplanned ones */
    }
    CHECK(said("6 shards handed over"));
    end();
}

TEST(one_worker_alone)
{
    const struct link_command one = {
        .verb = LINK_VERB_RESTART, .follow = true, .one = true, .worker = 1
    };
    pid_t before[2];

    begin("well");
    for (unsigned i = 0; i < 2; i++)
        before[i] = fleet_worker(&rig, i);
    CHECK_INT(fleet_command(&rig, &one), 0);
    CHECK_INT(kill(before[0], 0), 0);
    CHECK_INT(kill(before[1], 0), -1);
    CHECK(said("3 shards handed over"));
    end();
}

TEST(a_new_program_that_is_no_good_is_rolled_back)
{
    static const struct {
        const char *behaviour, *says;
    } table[] = {
        { "next-exit-1", "worker 0: the new process ended with status 1" },
        /* Of a start these end the fleet. */
        { "next-exit-2", "worker 0: the new process ended with status 2" },
        { "next-exit-3", "worker 0: the new process ended with status 3" },
        { "next-fatal", "the new process can't go on: Discord said no to this bot." },
        { "next-refuse", "worker 0: the new process could not take shard" },
    };

    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        pid_t before[2];

        begin(table[i].behaviour);
        for (unsigned k = 0; k < 2; k++)
            before[k] = fleet_worker(&rig, k);
        CHECK_INT(fleet_command(&rig, &restart), 1);
        for (unsigned k = 0; k < 2; k++)
            if (kill(before[k], 0))
                fail_msg("%s: worker %u is gone", table[i].behaviour, k);
        CHECK(said(table[i].says));
        CHECK(said("rolled back"));
        end();
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        T(every_worker_is_another_process_afterwards),
        T(one_worker_alone),
        T(a_new_program_that_is_no_good_is_rolled_back),
    };

    if (fleet_is_part(argc, argv))
        return fleet_part(argc, argv);
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
