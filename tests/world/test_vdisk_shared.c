/* Several owners of one store on the disk, one of which ends or stands still at any step;
 * and long lives in which everything goes wrong that can. */
#include "story.h"

#include "rng.h"

enum { OTHER = 1 << 20 }; /* another owner, beside those of rig_live */

static struct story story;
static struct life other;

static void no_time(uint64_t ms)
{
    (void)ms;
}

static void begin(unsigned rounds)
{
    rig_mount();
    vdisk_set_clock(NULL, no_time, NULL);
    story = (struct story){ .rounds = rounds };
}

static void open_other(void)
{
    rig_owner = OTHER;
    story_open(&other, &story, STORE_SHARED);
    rig_owner = 0;
}

static void close_other(void)
{
    rig_owner = OTHER;
    story_close(&other);
    vdisk_died((void *)(intptr_t)OTHER);
    rig_owner = 0;
}

/* ---- Alone and beside others ----------------------------------------------------------
 */

static void open_and_die(void *user)
{
    struct store *store;
    struct progress *p;
    cordage_error error;

    (void)user;
    CHECK_INT(store_open(STORY_DIR, STORE_ALONE, NULL, &store, &error), 0);
    CHECK_INT(progress_open(STORY_DIR, 0, 1, 8, 1, &p, &error), 0);
    rig_owner = OTHER;
    CHECK_INT(store_open(STORY_DIR, STORE_ALONE, NULL, &other.store, &error),
              CORDAGE_EBUSY);
    CHECK(strstr(error.message, "is in use by process") != NULL);
    CHECK_INT(progress_open(STORY_DIR, 0, 1, 8, 1, &other.progress, &error),
              CORDAGE_EBUSY);
    CHECK(strstr(error.message, "is run by process") != NULL);
    rig_owner = 0;
}

TEST(a_second_owner_is_refused_until_the_first_one_dies)
{
    cordage_error error;

    begin(1);
    CHECK(!rig_live(open_and_die, NULL, NEVER)); /* closes nothing, and is gone */
    CHECK_INT(store_open(STORY_DIR, STORE_ALONE, NULL, &other.store, &error), 0);
    CHECK_INT(progress_open(STORY_DIR, 0, 1, 8, 1, &other.progress, &error), 0);
    progress_close(other.progress);
    store_close(other.store);
    CHECK(!rig_live(story_live, &story, NEVER));
    vdisk_unmount();
}

TEST(whoever_lives_on_has_all_and_goes_on)
{
    bool killed = true;

    for (unsigned step = 1; killed; step++) {
        begin(2);
        open_other();
        killed = rig_live(story_work, &story, step);
        rig_owner = OTHER;
        story_look(&other, false);
        story_round(&other);
        story_look(&other, false);
        rig_owner = 0;
        CHECK(!rig_live(story_work, &story, NEVER));
        close_other();
        CHECK(!rig_live(story_live, &story, NEVER));
        CHECK_STR(str_of(story.lines), "");
    }
    vdisk_unmount();
}

/* ---- One stands still -----------------------------------------------------------------
 */

static unsigned refused, unread;

static void look_from_beside(void)
{
    struct buf b = { 0 };
    uint64_t found = 0;
    int err = store_load_plan(other.store, &b);

    if (err == CORDAGE_EIO) {
        unread++;
        buf_release(&b);
        return;
    }
    CHECK(err == 0 || err == CORDAGE_ENOTFOUND);
    if (!err)
        CHECK(str_u64((struct str){ b.p + 5, b.n - 6 }, &found));
    CHECK(found == story.plan.told || found == story.plan.tried);
    buf_release(&b);
}

static void write_from_beside(unsigned step)
{
    int err;

    rig_owner = OTHER;
    look_from_beside();
    err = store_forget_session(other.store, step % 5, 5);
    CHECK(err == 0 || err == CORDAGE_EIO); /* it has waited for long */
    refused += err != 0;
    look_from_beside();
}

static void stand_still(unsigned step)
{
    intptr_t owner = rig_owner;

    write_from_beside(step);
    rig_owner = owner;
}

/* Whoever reads is held up by nobody, but for the instant in which a commit changes the
 * shared memory's head; whoever writes, by one who writes. */
TEST(beside_one_that_stands_still_at_any_step_others_read)
{
    begin(3);
    CHECK(!rig_live(story_work, &story, NEVER));
    open_other();
    refused = 0;
    rig_each_step = stand_still;
    CHECK(!rig_live(story_work, &story, NEVER));
    rig_each_step = NULL;
    CHECK(refused > 5 && refused < rig_steps / 2 && unread < rig_steps / 6);
    close_other();
    CHECK(!rig_live(story_work, &story, NEVER));
    vdisk_unmount();
}

/* ---- Everything -----------------------------------------------------------------------
 */

static struct rng rng;
static unsigned full_at;

static void fill(unsigned step)
{
    if (step == full_at)
        vdisk_set_limit(vdisk_used() + rng_below(&rng, 3) * 3000);
}

static void make_room(void)
{
    if (rng_below(&rng, 2))
        vdisk_set_limit(UINT64_MAX);
}

static void set_trouble(void)
{
    full_at = 0;
    story.mend = NULL;
    if (rng_below(&rng, 3) == 0) {
        full_at = 1 + (unsigned)rng_below(&rng, 150);
        story.mend = make_room;
    }
    if (rng_below(&rng, 3) == 0) {
        vdisk_fail((unsigned)rng_below(&rng, 150), 1 + (unsigned)rng_below(&rng, 4));
        story.mend = make_room;
    }
}

static void live_somehow(void)
{
    unsigned end = NEVER;
    bool is_worker = rng_below(&rng, 2);

    rig_each_step = fill;
    set_trouble();
    story.rounds = (unsigned)rng_below(&rng, 5);
    if (rng_below(&rng, 2))
        end = 1 + (unsigned)rng_below(&rng, 150);
    rig_live(is_worker ? story_work : story_live, &story, end);
    vdisk_fail(0, 0);
    vdisk_set_limit(UINT64_MAX);
    if (rng_below(&rng, 3) == 0)
        story_lose_power(&story, rng_next(&rng));
}

static void check_sound(uint64_t seed, int life)
{
    if (strstr(story.lines, "damaged") || strstr(story.lines, "was removed"))
        fail_msg("seed %llu, life %d: %s", (unsigned long long)seed, life, story.lines);
}

TEST(whatever_comes_what_was_told_is_there)
{
    for (uint64_t seed = 1; seed <= 12; seed++) {
        rng = rng_seeded(seed);
        begin(0);
        for (int life = 0; life < 60; life++) {
            live_somehow();
            check_sound(seed, life);
            story.lines[0] = '\0';
        }
    }
    vdisk_unmount();
}

RUN_TESTS(T(a_second_owner_is_refused_until_the_first_one_dies),
          T(whoever_lives_on_has_all_and_goes_on),
          T(beside_one_that_stands_still_at_any_step_others_read),
          T(whatever_comes_what_was_told_is_there))
