/* The store on a disk that is broken at every step: what store.h promises holds. */
#include "story.h"

#include <sys/stat.h>

#include "rng.h"

static struct story story;

static void begin(unsigned rounds)
{
    rig_mount();
    story = (struct story){ .rounds = rounds };
}

/* Nobody has set anything aside, and nothing is damaged. */
static void check_sound(void)
{
    const char *path;
    uint64_t bytes;

    for (size_t i = 0; (path = vdisk_file(i, &bytes)); i++)
        if (strstr(path, ".broken-"))
            fail_msg("%s was set aside\n%s", path, story.lines);
    if (strstr(story.lines, "damaged") || strstr(story.lines, "was removed"))
        fail_msg("%s", story.lines);
}

/* As a new process: all is there, and it works. */
static void check_next(void)
{
    story.mend = NULL;
    story.rounds = 1;
    CHECK(!rig_live(story_live, &story, NEVER));
    check_sound();
}

/* ---- Alone ----------------------------------------------------------------------------
 */

TEST(lives_follow_each_other)
{
    begin(8);
    for (int i = 0; i < 4; i++)
        CHECK(!rig_live(story_live, &story, NEVER));
    CHECK_INT(story.n_booked, 32);
    CHECK_INT(story.session.told, 64);
    CHECK_INT(story.snapshot.told, 32);
    CHECK_INT(story.last_event, 96);
    CHECK_STR(str_of(story.lines), "");
    check_next();
    vdisk_unmount();
}

TEST(killed_at_any_step_it_has_all_that_it_was_told)
{
    bool killed = true;
    unsigned step;

    for (step = 1; killed; step++) {
        begin(step % 2 ? 3 : 0);
        if (story.rounds)
            CHECK(!rig_live(story_live, &story, NEVER));
        story.rounds = 3;
        killed = rig_live(story_live, &story, step) || step < 80;
        check_next();
    }
    CHECK(step > 80);
    vdisk_unmount();
}

static void lose_power_at_any_step(bool has_wal)
{
    bool killed = true;

    for (unsigned step = 1; killed; step++) {
        killed = false;
        for (uint64_t chance = 0; chance < 6; chance++) {
            begin(3);
            vdisk_set_shared_memory(has_wal);
            if (chance % 2)
                CHECK(!rig_live(story_live, &story, NEVER));
            killed |= rig_live(story_live, &story, step);
            story_lose_power(&story, chance * 1000 + step);
            check_next();
        }
    }
    vdisk_unmount();
}

TEST(without_power_at_any_step_what_was_promised_is_there)
{
    lose_power_at_any_step(true);
}

/* Without a WAL a commit is a journal's end, and that is in its directory. */
TEST(the_same_on_a_disk_that_can_have_no_wal)
{
    lose_power_at_any_step(false);
}

static unsigned full_at;

static void fill(unsigned step)
{
    if (step == full_at)
        vdisk_set_limit(vdisk_used());
}

static void make_room(void)
{
    vdisk_set_limit(UINT64_MAX);
}

TEST(with_a_full_disk_at_any_step_a_call_fails_and_changes_nothing)
{
    unsigned steps = UINT32_MAX, failures = 0;

    for (full_at = 1; full_at < steps; full_at++) {
        begin(3);
        if (full_at % 2)
            CHECK(!rig_live(story_live, &story, NEVER));
        rig_each_step = fill;
        story.mend = make_room;
        CHECK(!rig_live(story_live, &story, NEVER));
        steps = rig_steps > 80 ? rig_steps : 80;
        failures += story.failures;
        rig_each_step = NULL;
        make_room();
        check_next();
    }
    CHECK(failures > 20);
    vdisk_unmount();
}

static void wait_for_better(void)
{
}

TEST(a_step_that_fails_changes_nothing)
{
    unsigned steps = UINT32_MAX, failures = 0;

    for (unsigned step = 0; step < steps; step++) {
        begin(3);
        if (step % 2)
            CHECK(!rig_live(story_live, &story, NEVER));
        story.mend = wait_for_better;
        vdisk_fail(step, 1 + step / 2 % 3);
        CHECK(!rig_live(story_live, &story, NEVER));
        steps = rig_steps > 80 ? rig_steps : 80;
        failures += story.failures;
        vdisk_fail(0, 0);
        check_next();
    }
    CHECK(failures > 20);
    vdisk_unmount();
}

static unsigned times(const char *what)
{
    const char *at = story.lines;
    unsigned n = 0;

    for (; (at = strstr(at, what)); at++)
        n++;
    return n;
}

static void save_plans_on_a_full_disk(void *user)
{
    struct buf plan = { 0 };
    struct life l;

    (void)user;
    story_open(&l, &story, STORE_ALONE);
    CHECK_INT(store_save_plan(l.store, STR("{}")), 0);
    for (int i = 0; i < 3; i++) {
        vdisk_set_limit(0);
        CHECK_INT(store_save_plan(l.store, STR("{ }")), CORDAGE_EIO);
        CHECK_INT(store_load_plan(l.store, &plan), 0);
    }
    vdisk_set_limit(UINT64_MAX);
    CHECK_INT(store_load_plan(l.store, &plan), 0);
    CHECK_INT(times("is written again"), 0);
    CHECK_INT(store_save_plan(l.store, STR("{  }")), 0);
    CHECK_INT(times("is written again"), 1);
    CHECK_INT(times("no room"), 1);
    buf_release(&plan);
    story_close(&l);
}

/* Also where it is read all the time, which goes well. */
TEST(a_full_disk_is_told_once)
{
    begin(0);
    CHECK(!rig_live(save_plans_on_a_full_disk, NULL, NEVER));
    vdisk_unmount();
}

RUN_TESTS(T(lives_follow_each_other), T(killed_at_any_step_it_has_all_that_it_was_told),
          T(without_power_at_any_step_what_was_promised_is_there),
          T(the_same_on_a_disk_that_can_have_no_wal),
          T(with_a_full_disk_at_any_step_a_call_fails_and_changes_nothing),
          T(a_step_that_fails_changes_nothing), T(a_full_disk_is_told_once))
