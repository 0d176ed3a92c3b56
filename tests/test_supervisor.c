/* A fleet's supervisor as a process, with workers that pretend (pretend.c). */
#include "fleet_rig.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "proc_stat.h"
#include "test.h"

static struct fleet_rig rig;

static void set_up(double speed)
{
    struct sim_config config;

    sim_config_default(&config);
    fleet_setup(&rig, &config, speed);
}

static unsigned times_said(const char *what)
{
    char *text = fleet_said(&rig), *at = text;
    unsigned n = 0;

    while ((at = strstr(at, what))) {
        n++;
        at++;
    }
    free(text);
    return n;
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

TEST(a_fleet_comes_up_and_stops)
{
    set_up(20);
    rig.shards = 8;
    rig.workers = 3;
    fleet_start(&rig);
    CHECK(fleet_up(&rig));
    CHECK(fleet_worker(&rig, 2) > 0);
    CHECK_INT(fleet_worker(&rig, 3), 0);
    CHECK_INT(fleet_end(&rig, SIGTERM), 0);
    CHECK(said("8 identify"));
    CHECK(said("8 shards ready in "));
    CHECK(said("[1] worker 1 begins"));
    CHECK_INT(times_said("starts again"), 0);

    /* Once more: all have sessions. */
    fleet_start(&rig);
    CHECK(fleet_up(&rig));
    CHECK_INT(fleet_end(&rig, SIGTERM), 0);
    CHECK(said("8 shards resume or live, 0 identify"));
    fleet_teardown(&rig);
}

struct lives {
    unsigned worker, restarts;
};

static bool has_restarted(struct fleet_rig *r, void *user)
{
    const struct lives *want = user;

    return fleet_restarts(r, want->worker) >= want->restarts &&
           fleet_ready(r) == r->shards;
}

TEST(a_worker_that_is_killed_is_started_again)
{
    struct lives want = { 1, 1 };

    set_up(20);
    fleet_start(&rig);
    CHECK(fleet_up(&rig));
    kill(fleet_worker(&rig, 1), SIGKILL);
    CHECK(fleet_until(&rig, has_restarted, &want));
    CHECK_INT(fleet_end(&rig, SIGTERM), 0);
    CHECK(said("was killed by signal 9"));
    fleet_teardown(&rig);
}

/* It told a new link that it had the shard, and then that it hasn't. */
TEST(a_shard_that_could_not_be_taken_after_all_is_taken_again)
{
    set_up(20);
    rig.behaviour = "slow";
    rig.workers = 1;
    rig.shards = 1;
    fleet_start(&rig);
    CHECK(fleet_up(&rig));
    CHECK_INT(fleet_end(&rig, SIGTERM), 0);
    CHECK(said("shard=0 worker=0 can't take it yet"));
    fleet_teardown(&rig);
}

TEST(a_worker_that_ends_with_0_is_started_again_and_that_is_said)
{
    struct lives want = { 0, 1 };

    set_up(20);
    rig.behaviour = "once-exit-0";
    fleet_start(&rig);
    CHECK(fleet_until(&rig, has_restarted, &want));
    CHECK_INT(fleet_end(&rig, SIGTERM), 0);
    CHECK(said("although nobody had asked it to stop"));
    fleet_teardown(&rig);
}

TEST(a_worker_that_never_speaks_is_killed_and_told_why)
{
    struct lives want = { 0, 1 };

    set_up(20);
    rig.behaviour = "mute";
    rig.workers = 1;
    rig.hello_ms = 300;
    rig.shards = 0; /* none is ever ready: two restarts are enough */
    fleet_start(&rig);
    CHECK(fleet_until(&rig, has_restarted, &want));
    CHECK_INT(fleet_end(&rig, SIGTERM), 0);
    CHECK(said("Is it built with libcordage"));
    CHECK(said("--foreign"));
    fleet_teardown(&rig);
}

TEST(a_worker_that_hangs_is_killed_and_started_again)
{
    struct lives want = { 1, 1 };

    set_up(20);
    rig.hello_ms = 20000; /* and little patience with who is silent */
    fleet_start(&rig);
    CHECK(fleet_up(&rig));
    kill(fleet_worker(&rig, 1), SIGSTOP);
    CHECK(fleet_until(&rig, has_restarted, &want));
    CHECK_INT(fleet_end(&rig, SIGTERM), 0);
    CHECK(said("it hangs, and is killed"));
    CHECK_INT(times_said("it hangs"), 1);
    fleet_teardown(&rig);
}

TEST(what_discord_refuses_ends_the_fleet_once)
{
    set_up(20);
    rig.behaviour = "fatal";
    fleet_start(&rig);
    CHECK_INT(fleet_ended(&rig), 3);
    CHECK_INT(times_said("Discord said no to this bot."), 1);
    fleet_teardown(&rig);
}

TEST(a_worker_whose_settings_are_wrong_ends_the_fleet)
{
    set_up(20);
    rig.behaviour = "exit-2";
    fleet_start(&rig);
    CHECK_INT(fleet_ended(&rig), 2);
    CHECK_INT(times_said("its settings are wrong"), 1);
    fleet_teardown(&rig);
}

TEST(a_start_beyond_the_budget_spends_nothing)
{
    struct sim_config config;

    sim_config_default(&config);
    config.max_concurrency = 16;
    config.session_limit = 20;
    fleet_setup(&rig, &config, 20);
    rig.shards = 16;
    fleet_start(&rig);
    CHECK_INT(fleet_ended(&rig), 4);
    CHECK(said("so nothing was started"));
    CHECK_INT(times_said("Starting 16 shards"), 1);
    fleet_teardown(&rig);
}

TEST(workers_outlive_their_supervisor_and_are_taken_over)
{
    pid_t first, second;

    set_up(20);
    fleet_start(&rig);
    CHECK(fleet_up(&rig));
    first = fleet_worker(&rig, 0);
    second = fleet_worker(&rig, 1);
    CHECK_INT(fleet_end(&rig, SIGKILL), 128 + SIGKILL);
    CHECK(proc_start(first) != 0);
    fleet_start(&rig);
    CHECK(fleet_up(&rig));
    CHECK_INT(fleet_worker(&rig, 0), first);
    CHECK_INT(fleet_worker(&rig, 1), second);
    CHECK(said("taken over with 2 shards"));
    CHECK_INT(times_said("[1] worker 1 begins"), 1);
    CHECK_INT(fleet_end(&rig, SIGTERM), 0);
    CHECK_INT(proc_start(first), 0);
    fleet_teardown(&rig);
}

TEST(workers_of_another_plan_end_before_their_shards_are_taken)
{
    pid_t first;

    set_up(20);
    fleet_start(&rig);
    CHECK(fleet_up(&rig));
    first = fleet_worker(&rig, 0);
    CHECK_INT(fleet_end(&rig, SIGKILL), 128 + SIGKILL);
    rig.workers = 1;
    fleet_start(&rig);
    CHECK(fleet_up(&rig));
    CHECK(fleet_worker(&rig, 0) != first);
    CHECK_INT(proc_start(first), 0);
    CHECK(!times_said("can't take it yet"));
    CHECK_INT(fleet_end(&rig, SIGTERM), 0);
    fleet_teardown(&rig);
}

TEST(both_may_be_killed)
{
    pid_t first;

    set_up(20);
    fleet_start(&rig);
    CHECK(fleet_up(&rig));
    first = fleet_worker(&rig, 0);
    CHECK_INT(fleet_end(&rig, SIGKILL), 128 + SIGKILL);
    kill(first, SIGKILL);
    fleet_start(&rig);
    CHECK(fleet_up(&rig));
    CHECK(fleet_worker(&rig, 0) != first);
    CHECK_INT(fleet_end(&rig, SIGTERM), 0);
    fleet_teardown(&rig);
}

TEST(commands_are_answered)
{
    const struct link_command status = { .verb = LINK_VERB_STATUS };
    const struct link_command self = { .verb = LINK_VERB_RESTART, .self = true };
    const struct link_command nobody = { .verb = LINK_VERB_RESTART,
                                         .one = true,
                                         .worker = 9 };
    const struct link_command stop = { .verb = LINK_VERB_STOP, .follow = true };
    pid_t worker;

    set_up(20);
    fleet_start(&rig);
    CHECK(fleet_up(&rig));
    worker = fleet_worker(&rig, 0);
    CHECK_INT(fleet_command(&rig, &status), 0);
    CHECK_INT(fleet_command(&rig, &nobody), 2);
    CHECK_INT(fleet_command(&rig, &self), 0);
    CHECK(fleet_up(&rig));
    CHECK_INT(fleet_worker(&rig, 0), worker);
    CHECK_INT(fleet_command(&rig, &stop), 0);
    CHECK_INT(fleet_ended(&rig), 0);
    CHECK(said("begins anew"));
    fleet_teardown(&rig);
}

/* ---- Others' bots ---- */

static bool all_booked(struct fleet_rig *r, void *user)
{
    uint64_t used = 0;

    (void)user;
    json_u64(json_get(json_get(r->status, "budget"), "used_24h"), &used);
    return used == 4;
}

TEST(foreign_workers_start_one_after_another_with_their_identifies_booked)
{
    const struct link_command restart = { .verb = LINK_VERB_RESTART, .follow = true };

    set_up(20);
    rig.foreign = true;
    rig.behaviour = "foreign";
    fleet_start(&rig);
    CHECK(fleet_until(&rig, all_booked, NULL));
    while (!times_said("shards [2,3] of 4"))
        usleep(1000);
    CHECK(said("[0] foreign: shards [0,1] of 4"));
    CHECK(!times_said("link set"));
    CHECK(!times_said(" 0 bytes of token"));
    CHECK_INT(fleet_command(&rig, &restart), 1);
    CHECK_INT(fleet_end(&rig, SIGTERM), 0);
    fleet_teardown(&rig);
}

TEST(a_second_stop_kills)
{
    set_up(20);
    rig.behaviour = "stubborn";
    fleet_start(&rig);
    CHECK(fleet_up(&rig));
    kill(rig.pid, SIGTERM);
    kill(rig.pid, SIGTERM);
    while (!times_said("stopping"))
        usleep(1000);
    kill(rig.pid, SIGTERM);
    CHECK_INT(fleet_ended(&rig), 0);
    fleet_teardown(&rig);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        T(a_fleet_comes_up_and_stops),
        T(a_worker_that_is_killed_is_started_again),
        T(a_shard_that_could_not_be_taken_after_all_is_taken_again),
        T(a_worker_that_ends_with_0_is_started_again_and_that_is_said),
        T(a_worker_that_never_speaks_is_killed_and_told_why),
        T(what_discord_refuses_ends_the_fleet_once),
        T(a_worker_whose_settings_are_wrong_ends_the_fleet),
        T(a_worker_that_hangs_is_killed_and_started_again),
        T(a_start_beyond_the_budget_spends_nothing),
        T(workers_outlive_their_supervisor_and_are_taken_over),
        T(workers_of_another_plan_end_before_their_shards_are_taken),
        T(both_may_be_killed),
        T(commands_are_answered),
        T(foreign_workers_start_one_after_another_with_their_identifies_booked),
        T(a_second_stop_kills),
    };

    if (fleet_is_part(argc, argv))
        return fleet_part(argc, argv);
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
