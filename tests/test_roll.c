/* A rolling restart in virtual time: each way it can go, step by step; then at random,
 * against a model of two generations of processes. */
#include "roll.h"

#include "rng.h"
#include "test.h"

enum { NONE = UINT32_MAX };

/* ---- Step by step ---- */

struct rig {
    struct roll *roll;
    uint64_t now;
};

static struct rig rig_new(uint32_t shards, uint32_t workers, uint32_t only)
{
    struct plan plan = { { 0, shards - 1, shards }, workers };
    struct rig r = { .now = 1000 };

    CHECK_INT(roll_new(&plan, only, r.now, &r.roll), 0);
    return r;
}

static const char *what_name(enum roll_do what)
{
    static const char *const names[] = { "WAIT",     "START",    "GIVE_OLD", "TAKE_NEW",
                                         "GIVE_NEW", "TAKE_OLD", "STOP_OLD", "STOP_NEW",
                                         "DONE",     "FAILED" };

    return names[what];
}

/* `id`: the shard, or for START and STOP the worker. */
static void expect_at(struct rig *r, enum roll_do what, uint32_t id, int line)
{
    struct roll_step s = roll_next(r->roll, r->now);
    bool is_shard = what >= ROLL_GIVE_OLD && what <= ROLL_TAKE_OLD;

    if (s.what != what || (id != NONE && (is_shard ? s.shard : s.worker) != id))
        fail_msg("line %d: %s worker %u shard %u, want %s %d (%s)", line,
                 what_name(s.what), s.worker, s.shard, what_name(what), (int)id,
                 roll_why(r->roll));
}
#define expect(r, what, id) expect_at(r, ROLL_##what, id, __LINE__)
#define expect_wait(r)      expect_at(r, ROLL_WAIT, NONE, __LINE__)

/* Up to its deadline, of which the test knows when it comes. */
static void expect_deadline_at(struct rig *r, uint64_t in_ms, int line)
{
    if (roll_deadline(r->roll) != r->now + in_ms)
        fail_msg("line %d: the deadline is in %lld ms, want %llu", line,
                 (long long)(roll_deadline(r->roll) - r->now), (unsigned long long)in_ms);
    if (in_ms)
        r->now += in_ms - 1;
    expect_at(r, ROLL_WAIT, NONE, line);
    r->now++;
}
#define expect_deadline(r, in_ms) expect_deadline_at(r, in_ms, __LINE__)

static void expect_failed_at(struct rig *r, const char *why, int line)
{
    expect_at(r, ROLL_FAILED, NONE, line);
    expect_at(r, ROLL_FAILED, NONE, line); /* again and again */
    if (!strstr(roll_why(r->roll), why))
        fail_msg("line %d: \"%s\" does not say \"%s\"", line, roll_why(r->roll), why);
    assert_true(roll_deadline(r->roll) == UINT64_MAX);
    roll_free(r->roll);
}
#define expect_failed(r, why) expect_failed_at(r, why, __LINE__)

static void begin(struct rig *r, uint32_t worker)
{
    expect(r, START, worker);
    expect_wait(r);
    roll_started(r->roll, worker, true, r->now);
    expect_wait(r);
    roll_hello(r->roll, worker, r->now);
}

/* The old one has been told to give it. */
static void given_and_taken(struct rig *r, uint32_t shard)
{
    roll_given(r->roll, shard, r->now);
    expect(r, TAKE_NEW, shard);
    roll_taken(r->roll, shard, true, r->now);
}

/* All shards of a worker that has as many as may be under way, or fewer. */
static void move_all(struct rig *r, uint32_t first, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        expect(r, GIVE_OLD, first + i);
    expect_wait(r);
    for (uint32_t i = 0; i < n; i++) {
        given_and_taken(r, first + i);
        roll_live(r->roll, first + i, r->now);
    }
}

static void check_progress(struct rig *r, uint32_t moved, uint32_t all)
{
    uint32_t m, a;

    roll_progress(r->roll, &m, &a);
    CHECK_INT(m, moved);
    CHECK_INT(a, all);
}

TEST(four_workers_one_after_another)
{
    struct rig r = rig_new(12, 4, NONE);

    for (uint32_t w = 0; w < 4; w++) {
        check_progress(&r, 3 * w, 12);
        begin(&r, w);
        move_all(&r, 3 * w, 3);
        check_progress(&r, 3 * w + 3, 12);
        expect_wait(&r);
        expect_deadline(&r, ROLL_SETTLE_MS);
        expect(&r, STOP_OLD, w);
        expect_wait(&r);
        roll_ended(r.roll, w, false, 0, r.now);
    }
    expect(&r, DONE, NONE);
    expect(&r, DONE, NONE);
    check_progress(&r, 12, 12);
    CHECK(roll_deadline(r.roll) == UINT64_MAX);
    assert_string_equal(roll_why(r.roll), "");
    roll_free(r.roll);
}

TEST(at_most_four_shards_are_dark_at_a_time)
{
    struct rig r = rig_new(6, 1, NONE);

    begin(&r, 0);
    for (uint32_t i = 0; i < 4; i++)
        expect(&r, GIVE_OLD, i);
    expect_wait(&r);
    roll_given(r.roll, 2, r.now);
    expect(&r, TAKE_NEW, 2);
    expect_wait(&r);
    roll_taken(r.roll, 2, true, r.now);
    expect_wait(&r); /* connecting is still dark */
    check_progress(&r, 0, 6);
    roll_live(r.roll, 2, r.now);
    check_progress(&r, 1, 6);
    expect(&r, GIVE_OLD, 4);
    expect_wait(&r);
    roll_free(r.roll);
}

TEST(one_worker_alone)
{
    struct rig r = rig_new(12, 4, 2);

    check_progress(&r, 0, 3);
    begin(&r, 2);
    move_all(&r, 6, 3);
    expect_wait(&r);
    expect_deadline(&r, ROLL_SETTLE_MS);
    expect(&r, STOP_OLD, 2);
    roll_ended(r.roll, 2, false, 0, r.now);
    expect(&r, DONE, NONE);
    check_progress(&r, 3, 3);
    roll_free(r.roll);
}

TEST(a_worker_that_does_not_exist_has_nothing_to_move)
{
    struct rig r = rig_new(12, 4, 4);

    expect(&r, DONE, NONE);
    check_progress(&r, 0, 0);
    roll_free(r.roll);
}

/* It died before its turn, and rests: what it had is just taken. */
TEST(shards_that_run_nowhere_are_just_taken)
{
    struct rig r = rig_new(5, 1, NONE);

    expect(&r, START, 0);
    roll_ended(r.roll, 0, false, 1, r.now);
    roll_started(r.roll, 0, true, r.now);
    roll_hello(r.roll, 0, r.now);
    for (uint32_t i = 0; i < 5; i++)
        expect(&r, TAKE_NEW, i); /* all at once: they are dark anyway */
    expect_wait(&r);
    for (uint32_t i = 0; i < 5; i++) {
        roll_taken(r.roll, i, true, r.now);
        roll_live(r.roll, i, r.now);
    }
    expect_wait(&r);
    expect_deadline(&r, ROLL_SETTLE_MS);
    expect(&r, DONE, NONE); /* nobody is left to be stopped */
    roll_free(r.roll);
}

TEST(what_is_about_others_counts_for_nothing)
{
    struct rig r = rig_new(4, 2, NONE);

    expect(&r, START, 0);
    roll_started(r.roll, 1, false, r.now);
    roll_hello(r.roll, 0, r.now); /* of a process that hasn't been started */
    roll_started(r.roll, 0, true, r.now);
    roll_hello(r.roll, 1, r.now);
    roll_ended(r.roll, 1, true, 9, r.now);
    roll_ended(r.roll, 1, false, 9, r.now);
    expect_wait(&r);
    roll_hello(r.roll, 0, r.now);
    roll_given(r.roll, 0, r.now); /* nobody asked */
    roll_taken(r.roll, 0, true, r.now);
    roll_live(r.roll, 0, r.now);
    roll_waits(r.roll, 0, r.now);
    roll_given(r.roll, 77, r.now);
    expect(&r, GIVE_OLD, 0);
    expect(&r, GIVE_OLD, 1);
    roll_taken(r.roll, 0, false, r.now);
    roll_live(r.roll, 0, r.now);
    roll_given(r.roll, 2, r.now);
    expect_wait(&r);
    check_progress(&r, 0, 4);
    roll_free(r.roll);
}

/* ---- The new one fails ---- */

TEST(a_new_process_that_cannot_be_started)
{
    struct rig r = rig_new(4, 2, NONE);

    expect(&r, START, 0);
    roll_started(r.roll, 0, false, r.now);
    expect_failed(&r, "worker 0: the new process could not be started");
}

TEST(a_new_process_that_never_reports)
{
    struct rig r = rig_new(4, 2, NONE);

    expect(&r, START, 0);
    roll_started(r.roll, 0, true, r.now);
    expect_deadline(&r, ROLL_HELLO_MS);
    expect(&r, STOP_NEW, 0);
    expect_wait(&r);
    roll_hello(r.roll, 0, r.now); /* too late */
    expect_wait(&r);
    roll_ended(r.roll, 0, true, 143, r.now);
    expect_failed(&r, "worker 0: the new process did not report within 30 s");
}

TEST(a_new_process_that_dies_before_anything_moved)
{
    struct rig r = rig_new(4, 2, NONE);

    expect(&r, START, 0);
    roll_started(r.roll, 0, true, r.now);
    roll_ended(r.roll, 0, true, 1, r.now);
    expect_failed(&r, "worker 0: the new process ended with status 1");
}

/* What the old one is just giving comes back to it when it has been given. */
TEST(a_new_process_that_dies_while_shards_move)
{
    struct rig r = rig_new(6, 1, NONE);

    begin(&r, 0);
    for (uint32_t i = 0; i < 4; i++)
        expect(&r, GIVE_OLD, i);
    given_and_taken(&r, 0);
    roll_live(r.roll, 0, r.now); /* it has this one, */
    expect(&r, GIVE_OLD, 4);
    given_and_taken(&r, 1); /* this one not quite, */
    roll_given(r.roll, 2, r.now);
    expect(&r, TAKE_NEW, 2); /* and this one was to come. */
    roll_ended(r.roll, 0, true, 139, r.now);
    for (uint32_t i = 0; i < 3; i++)
        expect(&r, TAKE_OLD, i);
    expect_wait(&r);
    for (uint32_t i = 0; i < 3; i++)
        roll_taken(r.roll, i, true, r.now);
    expect_wait(&r);
    roll_given(r.roll, 4, r.now);
    expect(&r, TAKE_OLD, 4);
    roll_given(r.roll, 3, r.now);
    roll_taken(r.roll, 4, true, r.now);
    expect(&r, TAKE_OLD, 3);
    expect_wait(&r);
    roll_taken(r.roll, 3, true, r.now);
    check_progress(&r, 0, 6);
    expect_failed(&r, "worker 0: the new process ended with status 139");
}

TEST(a_new_process_that_dies_when_all_has_moved)
{
    struct rig r = rig_new(6, 2, NONE);

    begin(&r, 0);
    move_all(&r, 0, 3);
    expect_wait(&r);
    r.now += ROLL_SETTLE_MS - 1;
    roll_ended(r.roll, 0, true, 1, r.now);
    for (uint32_t i = 0; i < 3; i++)
        expect(&r, TAKE_OLD, i);
    for (uint32_t i = 0; i < 3; i++)
        roll_taken(r.roll, i, true, r.now);
    expect_failed(&r, "ended with status 1");
}

/* The workers before it keep what they have. */
TEST(the_third_of_four_fails)
{
    struct rig r = rig_new(4, 4, NONE);

    for (uint32_t w = 0; w < 2; w++) {
        begin(&r, w);
        move_all(&r, w, 1);
        expect_wait(&r);
        expect_deadline(&r, ROLL_SETTLE_MS);
        expect(&r, STOP_OLD, w);
        roll_ended(r.roll, w, false, 0, r.now);
    }
    begin(&r, 2);
    roll_ended(r.roll, 2, true, 1, r.now);
    check_progress(&r, 2, 4);
    expect_failed(&r, "worker 2: ");
}

TEST(a_shard_that_never_comes_up)
{
    struct rig r = rig_new(2, 1, NONE);

    begin(&r, 0);
    expect(&r, GIVE_OLD, 0);
    expect(&r, GIVE_OLD, 1);
    given_and_taken(&r, 0);
    roll_live(r.roll, 0, r.now);
    given_and_taken(&r, 1);
    expect_wait(&r);
    expect_deadline(&r, ROLL_LIVE_MS);
    /* Both come back, also the one that was well. */
    expect(&r, GIVE_NEW, 0);
    expect(&r, GIVE_NEW, 1);
    expect_wait(&r);
    roll_given(r.roll, 1, r.now);
    expect(&r, TAKE_OLD, 1);
    roll_given(r.roll, 0, r.now);
    expect(&r, TAKE_OLD, 0);
    roll_taken(r.roll, 0, true, r.now);
    expect_wait(&r);
    roll_taken(r.roll, 1, true, r.now);
    expect(&r, STOP_NEW, 0);
    expect_wait(&r);
    roll_ended(r.roll, 0, true, 0, r.now);
    expect_failed(&r, "worker 0: shard 1 did not come up in the new process within 60 s");
}

TEST(a_shard_that_waits_for_its_slot_is_not_late)
{
    struct rig r = rig_new(1, 1, NONE);

    begin(&r, 0);
    expect(&r, GIVE_OLD, 0);
    given_and_taken(&r, 0);
    for (int i = 0; i < 100; i++) {
        expect_wait(&r);
        r.now += ROLL_LIVE_MS - 1;
        roll_waits(r.roll, 0, r.now);
    }
    expect_wait(&r);
    expect_deadline(&r, ROLL_LIVE_MS);
    expect(&r, GIVE_NEW, 0);
    roll_free(r.roll);
}

TEST(a_new_process_that_refuses_a_shard)
{
    struct rig r = rig_new(2, 1, NONE);

    begin(&r, 0);
    expect(&r, GIVE_OLD, 0);
    expect(&r, GIVE_OLD, 1);
    roll_given(r.roll, 0, r.now);
    expect(&r, TAKE_NEW, 0);
    roll_given(r.roll, 1, r.now);
    expect(&r, TAKE_NEW, 1);
    roll_taken(r.roll, 0, false, r.now);
    expect(&r, TAKE_OLD, 0);
    expect(&r, GIVE_NEW, 1);            /* it may have it by now */
    roll_taken(r.roll, 1, true, r.now); /* so it has, and this is no answer of the old */
    roll_taken(r.roll, 0, true, r.now);
    expect_wait(&r);
    roll_given(r.roll, 1, r.now);
    expect(&r, TAKE_OLD, 1);
    roll_taken(r.roll, 1, true, r.now);
    expect(&r, STOP_NEW, 0);
    roll_ended(r.roll, 0, true, 0, r.now);
    expect_failed(&r, "worker 0: the new process could not take shard 0");
}

TEST(a_new_process_that_does_not_answer)
{
    struct rig r = rig_new(2, 1, NONE);

    begin(&r, 0);
    expect(&r, GIVE_OLD, 0);
    expect(&r, GIVE_OLD, 1);
    given_and_taken(&r, 0);
    roll_live(r.roll, 0, r.now);
    roll_given(r.roll, 1, r.now);
    expect(&r, TAKE_NEW, 1);
    expect_wait(&r);
    expect_deadline(&r, ROLL_LIVE_MS);
    expect(&r, GIVE_NEW, 0);
    expect(&r, GIVE_NEW, 1);
    expect_wait(&r);
    expect_deadline(&r, ROLL_GIVE_MS);
    expect(&r, STOP_NEW, 0); /* its end sets them free */
    expect_wait(&r);
    roll_ended(r.roll, 0, true, 137, r.now);
    expect(&r, TAKE_OLD, 0);
    expect(&r, TAKE_OLD, 1);
    roll_taken(r.roll, 0, true, r.now);
    roll_taken(r.roll, 1, true, r.now);
    expect_failed(&r, "worker 0: the new process did not take shard 1 within 60 s");
}

/* ---- The old one fails ---- */

TEST(an_old_process_that_dies_in_the_middle_is_not_missed)
{
    struct rig r = rig_new(6, 1, NONE);

    begin(&r, 0);
    for (uint32_t i = 0; i < 4; i++)
        expect(&r, GIVE_OLD, i);
    given_and_taken(&r, 0);
    expect_wait(&r);
    roll_ended(r.roll, 0, false, 137, r.now);
    for (uint32_t i = 1; i < 6; i++) {
        expect(&r, TAKE_NEW, i);
        roll_taken(r.roll, i, true, r.now);
    }
    for (uint32_t i = 0; i < 6; i++)
        roll_live(r.roll, i, r.now);
    expect_wait(&r);
    expect_deadline(&r, ROLL_SETTLE_MS);
    expect(&r, DONE, NONE);
    roll_free(r.roll);
}

/* It may be what the restart is for. */
TEST(an_old_process_that_does_not_give_is_stopped)
{
    struct rig r = rig_new(3, 1, NONE);

    begin(&r, 0);
    for (uint32_t i = 0; i < 3; i++)
        expect(&r, GIVE_OLD, i);
    expect_wait(&r);
    r.now += 1000;
    given_and_taken(&r, 0);
    roll_live(r.roll, 0, r.now);
    expect_wait(&r);
    expect_deadline(&r, ROLL_GIVE_MS - 1000);
    expect(&r, STOP_OLD, 0);
    expect_wait(&r);
    CHECK(roll_deadline(r.roll) == UINT64_MAX);
    roll_ended(r.roll, 0, false, 137, r.now);
    expect(&r, TAKE_NEW, 1);
    expect(&r, TAKE_NEW, 2);
    for (uint32_t i = 1; i < 3; i++) {
        roll_taken(r.roll, i, true, r.now);
        roll_live(r.roll, i, r.now);
    }
    expect_wait(&r);
    expect_deadline(&r, ROLL_SETTLE_MS);
    expect(&r, DONE, NONE);
    roll_free(r.roll);
}

TEST(both_die)
{
    struct rig r = rig_new(2, 1, NONE);

    begin(&r, 0);
    expect(&r, GIVE_OLD, 0);
    roll_ended(r.roll, 0, false, 1, r.now);
    roll_ended(r.roll, 0, true, 1, r.now);
    expect_failed(&r, "worker 0: the new process ended with status 1");
}

/* There is nothing to go back to: so what fails in the new one is kept there. */
TEST(the_old_one_is_dead_and_a_shard_does_not_come_up)
{
    struct rig r = rig_new(2, 1, NONE);

    begin(&r, 0);
    roll_ended(r.roll, 0, false, 1, r.now);
    expect(&r, TAKE_NEW, 0);
    expect(&r, TAKE_NEW, 1);
    roll_taken(r.roll, 0, true, r.now);
    r.now += 1000;
    expect_wait(&r);
    expect_deadline(&r, ROLL_LIVE_MS - 1000); /* shard 1 was not taken */
    roll_taken(r.roll, 1, false, r.now);
    expect(&r, TAKE_NEW, 1); /* it is tried again */
    roll_taken(r.roll, 1, false, r.now);
    expect_wait(&r);
    expect_deadline(&r, 1000);
    expect(&r, TAKE_NEW, 1);
    roll_taken(r.roll, 1, true, r.now);
    expect_failed(&r, "; the old process is dead, so the new one keeps the shards");
}

TEST(the_old_one_dies_while_it_takes_back)
{
    struct rig r = rig_new(3, 1, NONE);

    begin(&r, 0);
    for (uint32_t i = 0; i < 3; i++)
        expect(&r, GIVE_OLD, i);
    for (uint32_t i = 0; i < 3; i++)
        given_and_taken(&r, i);
    expect_wait(&r);
    expect_deadline(&r, ROLL_LIVE_MS);
    for (uint32_t i = 0; i < 3; i++)
        expect(&r, GIVE_NEW, i);
    roll_given(r.roll, 0, r.now);
    expect(&r, TAKE_OLD, 0);
    roll_given(r.roll, 1, r.now);
    expect(&r, TAKE_OLD, 1);
    roll_taken(r.roll, 0, true, r.now);
    roll_ended(r.roll, 0, false, 137, r.now);
    expect(&r, TAKE_NEW, 0);
    expect(&r, TAKE_NEW, 1);
    roll_taken(r.roll, 0, true, r.now);
    roll_taken(r.roll, 1, true, r.now);
    expect_wait(&r);
    roll_given(r.roll, 2, r.now);
    expect(&r, TAKE_NEW, 2);
    roll_taken(r.roll, 2, true, r.now);
    expect_failed(&r, "so the new one keeps the shards");
}

TEST(the_old_one_does_not_take_back_at_once)
{
    struct rig r = rig_new(1, 1, NONE);

    begin(&r, 0);
    expect(&r, GIVE_OLD, 0);
    given_and_taken(&r, 0);
    roll_ended(r.roll, 0, true, 1, r.now);
    for (int i = 0; i < 2; i++) {
        expect(&r, TAKE_OLD, 0);
        roll_taken(r.roll, 0, false, r.now);
        expect_wait(&r);
        expect_deadline(&r, 1000);
    }
    expect(&r, TAKE_OLD, 0);
    roll_taken(r.roll, 0, false, r.now); /* from now on it is the owner's */
    expect_failed(&r, "ended with status 1");
}

/* The new one dies after all went well, while the old one is on its way out. */
TEST(the_new_one_dies_while_the_old_one_stops)
{
    struct rig r = rig_new(1, 1, NONE);

    begin(&r, 0);
    move_all(&r, 0, 1);
    expect_wait(&r);
    expect_deadline(&r, ROLL_SETTLE_MS);
    expect(&r, STOP_OLD, 0);
    roll_ended(r.roll, 0, true, 1, r.now);
    expect_wait(&r);
    roll_ended(r.roll, 0, false, 0, r.now);
    expect_failed(&r, "ended with status 1");
}

/* The old one hangs on a shard, but is all there is. */
TEST(an_old_process_that_takes_back_is_not_stopped)
{
    struct rig r = rig_new(2, 1, NONE);

    begin(&r, 0);
    expect(&r, GIVE_OLD, 0);
    expect(&r, GIVE_OLD, 1);
    given_and_taken(&r, 1);
    roll_ended(r.roll, 0, true, 1, r.now);
    expect(&r, TAKE_OLD, 1);
    roll_taken(r.roll, 1, true, r.now);
    expect_wait(&r);
    expect_deadline(&r, ROLL_GIVE_MS); /* shard 0 stays where it is */
    expect_failed(&r, "ended with status 1");
}

TEST(what_the_new_one_could_not_take_is_tried_again_without_an_old_one)
{
    struct rig r = rig_new(2, 1, NONE);

    begin(&r, 0);
    roll_ended(r.roll, 0, false, 1, r.now);
    expect(&r, TAKE_NEW, 0);
    expect(&r, TAKE_NEW, 1);
    roll_taken(r.roll, 0, false, r.now); /* it fails here */
    expect(&r, TAKE_NEW, 0);
    roll_taken(r.roll, 1, false, r.now); /* and this is no worse */
    expect_wait(&r);
    r.now += 1000;
    expect(&r, TAKE_NEW, 1);
    roll_taken(r.roll, 0, true, r.now);
    roll_taken(r.roll, 1, true, r.now);
    expect_failed(&r, "could not take shard 0");
}

/* A shard is to be tried again by one that is being stopped: no deadline of it passes
 * over and over. */
TEST(a_deadline_that_has_passed_is_no_deadline)
{
    struct rig r = rig_new(2, 1, NONE);

    begin(&r, 0);
    expect(&r, GIVE_OLD, 0);
    expect(&r, GIVE_OLD, 1);
    given_and_taken(&r, 0);
    roll_live(r.roll, 0, r.now);
    given_and_taken(&r, 1);
    expect_wait(&r);
    expect_deadline(&r, ROLL_LIVE_MS);
    expect(&r, GIVE_NEW, 0);
    expect(&r, GIVE_NEW, 1);
    roll_ended(r.roll, 0, false, 1, r.now);
    r.now += ROLL_GIVE_MS - 500;
    roll_given(r.roll, 1, r.now);
    expect(&r, TAKE_NEW, 1);
    roll_taken(r.roll, 1, false, r.now);
    expect_wait(&r);
    expect_deadline(&r, 500); /* it hangs on shard 0 */
    expect(&r, STOP_NEW, 0);
    expect_wait(&r);
    expect_deadline(&r, 500);
    expect_wait(&r);
    CHECK(roll_deadline(r.roll) == UINT64_MAX);
    roll_ended(r.roll, 0, true, 137, r.now);
    expect_failed(&r, "shard 1 did not come up");
}

RUN_TESTS(T(four_workers_one_after_another), T(at_most_four_shards_are_dark_at_a_time),
          T(one_worker_alone), T(a_worker_that_does_not_exist_has_nothing_to_move),
          T(shards_that_run_nowhere_are_just_taken),
          T(what_is_about_others_counts_for_nothing),
          T(a_new_process_that_cannot_be_started), T(a_new_process_that_never_reports),
          T(a_new_process_that_dies_before_anything_moved),
          T(a_new_process_that_dies_while_shards_move),
          T(a_new_process_that_dies_when_all_has_moved), T(the_third_of_four_fails),
          T(a_shard_that_never_comes_up), T(a_shard_that_waits_for_its_slot_is_not_late),
          T(a_new_process_that_refuses_a_shard), T(a_new_process_that_does_not_answer),
          T(an_old_process_that_dies_in_the_middle_is_not_missed),
          T(an_old_process_that_does_not_give_is_stopped), T(both_die),
          T(the_old_one_is_dead_and_a_shard_does_not_come_up),
          T(the_old_one_dies_while_it_takes_back),
          T(the_old_one_does_not_take_back_at_once),
          T(the_new_one_dies_while_the_old_one_stops),
          T(an_old_process_that_takes_back_is_not_stopped),
          T(what_the_new_one_could_not_take_is_tried_again_without_an_old_one),
          T(a_deadline_that_has_passed_is_no_deadline))
