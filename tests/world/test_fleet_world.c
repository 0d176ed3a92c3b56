/* Whole fleets on the machine: the supervisor, its links and its workers as they are
 * shipped, for virtual days, with one thing done to them at a time. */
#include <signal.h>

#include "life_rig.h"
#include "net.h"
#include "test.h"
#include "vlink.h"

static const struct world_plan usual = {
    .seed = 7,
    .kind = WORLD_FLEET,
    .shards = 16,
    .workers = 4,
    .guilds = 32,
    .max_concurrency = 1,
    .session_limit = 1000,
    .handlers = 2,
    .caches = true,
    .traffic = 2,
};

enum { UP_MS = 3 * LIFE_MINUTE, BACK_MS = 2 * LIFE_MINUTE };

static void begin(struct life *l)
{
    life_begin(l, &usual);
    life_run_up(l, UP_MS);
    EXPECT_INT(life_identifies(), usual.shards);
    life_run(l, 5 * LIFE_MINUTE);
}

/* Live again, from then on for a while, and no session was lost. */
static void end(struct life *l)
{
    life_run_up(l, BACK_MS);
    life_run(l, 10 * LIFE_MINUTE);
    life_run_up(l, BACK_MS);
    EXPECT_INT(life_identifies(), usual.shards);
    life_end(l);
}

static void kill_supervisor(struct life *l)
{
    vprocess_signal(l->supervisor, SIGKILL);
}

static void set_network(bool down)
{
    const struct net_weather w = {
        .latency_min = 5, .latency_max = 60, .rest_min = 20, .rest_max = 300, .down = down
    };

    net_set_weather(&w);
}

static void kill_all(struct life *l)
{
    struct vprocess *p;

    kill_supervisor(l);
    while ((p = life_find("worker-", 0)))
        vprocess_signal(p, SIGKILL);
}

LIFE(a_fleet_lives_a_day)
{
    struct life l;

    begin(&l);
    life_run(&l, LIFE_DAY);
    EXPECT(life_handled() > 100000);
    EXPECT_INT(life_doubled(), 0);
    end(&l);
}

LIFE(a_worker_is_killed)
{
    struct life l;

    begin(&l);
    for (int i = 0; i < 4; i++) {
        vprocess_signal(life_find("worker-", 0), SIGKILL); /* the oldest */
        life_run(&l, 3 * LIFE_MINUTE);
        EXPECT(program_is_up());
    }
    EXPECT(life_find("worker-0.2", 0) != NULL);
    end(&l);
}

LIFE(the_supervisor_is_killed_and_its_successor_adopts_the_workers)
{
    struct life l;
    struct vprocess *worker;

    begin(&l);
    worker = life_find("worker-3", 0);
    kill_supervisor(&l);
    life_run(&l, 20 * 1000);
    life_start(&l);
    life_run_up(&l, BACK_MS);
    EXPECT(vprocess_runs(worker));
    EXPECT_INT(life_said("taken over with 4 shards"), 4);
    EXPECT_INT(life_doubled(), 0);
    end(&l);
}

LIFE(workers_that_nobody_adopts_end_and_keep_their_sessions)
{
    struct life l;

    begin(&l);
    kill_supervisor(&l);
    life_run(&l, 75 * 1000);
    EXPECT(life_find("worker-", 0) == NULL);
    life_start(&l);
    end(&l);
}

LIFE(supervisor_and_worker_are_killed_at_once)
{
    struct life l;

    begin(&l);
    vprocess_signal(life_find("worker-1", 0), SIGKILL);
    kill_supervisor(&l);
    life_run(&l, 1000);
    life_start(&l);
    end(&l);
}

LIFE(all_are_killed_at_once)
{
    struct life l;

    begin(&l);
    kill_all(&l);
    life_start(&l);
    end(&l);
}

LIFE(a_fleet_is_stopped_and_started)
{
    struct life l;

    begin(&l);
    vprocess_signal(l.supervisor, SIGTERM);
    EXPECT_INT(life_run_ended(&l, l.supervisor, LIFE_MINUTE), 0);
    EXPECT(life_find("worker-", 0) == NULL);
    life_run(&l, LIFE_MINUTE);
    life_start(&l);
    life_run_up(&l, BACK_MS);
    EXPECT_INT(life_doubled(), 0);
    end(&l);
}

LIFE(a_rolling_restart_hands_all_shards_over)
{
    struct life l;

    begin(&l);
    program_roll();
    life_run(&l, 5 * LIFE_MINUTE);
    EXPECT_INT(life_said("restart: restarted: 16 shards handed over"), 1);
    for (int i = 0; i < 4; i++) {
        char name[] = "worker-0.2";

        name[7] += (char)i;
        EXPECT(life_find(name, 0) != NULL);
    }
    EXPECT_INT(life_doubled(), 0);
    end(&l);
}

LIFE(a_program_that_fails_is_rolled_back)
{
    struct life l;

    begin(&l);
    program_replace(true);
    program_roll();
    life_run(&l, 5 * LIFE_MINUTE);
    EXPECT(program_is_up());
    EXPECT_INT(life_said("restart: the restart was rolled back"), 1);
    EXPECT_INT(life_doubled(), 0);
    /* One that dies is started from what ran before. */
    vprocess_signal(life_find("worker-2", 0), SIGKILL);
    life_run(&l, LIFE_MINUTE);
    EXPECT(program_is_up());
    program_replace(false);
    program_roll();
    life_run(&l, 5 * LIFE_MINUTE);
    EXPECT_INT(life_said("restarted: 16 shards handed over"), 2);
    end(&l);
}

/* A fleet that was started from a program that fails, mended by a restart with one that
 * works, in which Discord can't be reached for a while: what never came up isn't what a
 * worker that dies is started from afterwards. */
LIFE(a_program_that_never_came_up_is_not_gone_back_to)
{
    struct life l;

    begin(&l);
    l.bad_weather = true;
    program_replace(true);
    kill_all(&l);
    life_start(&l);
    life_run(&l, 2 * LIFE_MINUTE);
    EXPECT(!program_is_up());
    program_replace(false);
    program_roll();
    life_run(&l, 10 * 1000);
    set_network(true);
    life_run(&l, 2 * LIFE_MINUTE);
    EXPECT_INT(life_said("restart: the restart was rolled back"), 1);
    set_network(false);
    life_run_up(&l, BACK_MS);
    vprocess_signal(life_find("worker-", 0), SIGKILL);
    end(&l);
}

LIFE(one_worker_alone_is_restarted)
{
    struct life l;

    begin(&l);
    program_roll_one(2);
    life_run(&l, LIFE_MINUTE);
    EXPECT_INT(life_said("restart: restarted: 4 shards handed over"), 1);
    EXPECT(life_find("worker-1.1", 0) && life_find("worker-2.2", 0));
    EXPECT_INT(life_doubled(), 0);
    end(&l);
}

LIFE(the_supervisor_begins_anew)
{
    struct life l;

    begin(&l);
    program_begin_anew();
    life_run(&l, LIFE_MINUTE);
    EXPECT_INT(life_said("restart: The supervisor begins anew"), 1);
    EXPECT_INT(life_said("taken over with 4 shards"), 4);
    EXPECT(life_find("worker-3.1", 0) != NULL);
    EXPECT_INT(life_doubled(), 0);
    end(&l);
}

LIFE(a_successor_has_another_number_of_workers)
{
    struct life l;

    begin(&l);
    kill_supervisor(&l);
    l.plan.workers = 3;
    life_start(&l);
    life_run_up(&l, BACK_MS);
    EXPECT(life_find("worker-2", 0) && !life_find("worker-3", 0));
    EXPECT_INT(life_doubled(), 0);
    end(&l);
}

static void suspend(struct life *l, struct vprocess *p, uint64_t ms)
{
    vprocess_signal(p, SIGSTOP);
    life_run(l, ms);
    vprocess_signal(p, SIGCONT);
}

LIFE(a_worker_is_suspended)
{
    struct life l;

    begin(&l);
    suspend(&l, life_find("worker-1", 0), 45 * 1000);
    life_run_up(&l, BACK_MS);
    EXPECT_INT(life_said("is killed"), 0);
    /* Too long: it is killed, and another takes its place. */
    suspend(&l, life_find("worker-1", 0), 4 * LIFE_MINUTE);
    EXPECT(life_said("it hangs, and is killed") == 1);
    end(&l);
}

LIFE(the_supervisor_is_suspended)
{
    struct life l;

    begin(&l);
    suspend(&l, l.supervisor, 4 * LIFE_MINUTE);
    life_run_up(&l, BACK_MS);
    EXPECT_INT(life_doubled(), 0);
    end(&l);
}

LIFE(the_machine_sleeps)
{
    struct vprocess *all[8];
    struct life l;
    size_t n = 0;

    begin(&l);
    all[n++] = l.supervisor;
    for (size_t i = 0; i < 4; i++)
        all[n++] = life_find("worker-", i);
    for (size_t i = 0; i < n; i++)
        vprocess_signal(all[i], SIGSTOP);
    life_run(&l, 2 * LIFE_MINUTE);
    for (size_t i = 0; i < n; i++)
        vprocess_signal(all[i], SIGCONT);
    life_run_up(&l, BACK_MS);
    EXPECT_INT(life_said("is killed"), 0);
    end(&l);
}

static uint64_t hash_of_a_run(uint64_t seed)
{
    struct world_plan plan = usual;
    struct life l;
    uint64_t hash;

    plan.seed = seed;
    life_begin(&l, &plan);
    life_run_up(&l, UP_MS);
    vprocess_signal(life_find("worker-1", 0), SIGKILL);
    life_run(&l, LIFE_MINUTE);
    kill_supervisor(&l);
    life_start(&l);
    life_run(&l, LIFE_MINUTE);
    hash = vlink_hash();
    EXPECT(vlink_messages() > 500);
    life_end(&l);
    return hash;
}

LIFE(the_same_seed_gives_the_same_run)
{
    uint64_t first = hash_of_a_run(11);

    EXPECT(hash_of_a_run(11) == first);
    EXPECT(hash_of_a_run(12) != first);
}

RUN_TESTS(T(a_fleet_lives_a_day), T(a_worker_is_killed),
          T(the_supervisor_is_killed_and_its_successor_adopts_the_workers),
          T(workers_that_nobody_adopts_end_and_keep_their_sessions),
          T(supervisor_and_worker_are_killed_at_once), T(all_are_killed_at_once),
          T(a_fleet_is_stopped_and_started), T(a_rolling_restart_hands_all_shards_over),
          T(a_program_that_fails_is_rolled_back),
          T(a_program_that_never_came_up_is_not_gone_back_to),
          T(one_worker_alone_is_restarted), T(the_supervisor_begins_anew),
          T(a_successor_has_another_number_of_workers), T(a_worker_is_suspended),
          T(the_supervisor_is_suspended), T(the_machine_sleeps),
          T(the_same_seed_gives_the_same_run))
