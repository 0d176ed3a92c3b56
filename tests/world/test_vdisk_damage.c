/* The store after somebody has broken its files: it begins and works. */
#include "story.h"

#include <sys/stat.h>

static struct story story;

static bool has_set_aside(const char *name)
{
    const char *path;
    uint64_t bytes;

    for (size_t i = 0; (path = vdisk_file(i, &bytes)); i++)
        if (strstr(path, ".broken-") && strstr(path, name))
            return true;
    return false;
}

static uint64_t size_of(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

/* A life that was killed leaves its WALs. */
static void begin_killed(void)
{
    rig_mount();
    story = (struct story){ .rounds = 3 };
    CHECK(!rig_live(story_live, &story, NEVER));
    CHECK(rig_live(story_live, &story, 75));
    story.lines[0] = '\0';
}

/* It begins and works, says what it has set aside, and leaves the other database alone.
 */
static void check_damaged(const char *path, uint64_t at)
{
    bool is_state = strstr(path, "state.db");

    story.state_damaged = is_state;
    story.cache_damaged = !is_state;
    story.rounds = 3;
    CHECK(!rig_live(story_live, &story, NEVER));
    if (has_set_aside(is_state ? "cache.db" : "state.db"))
        fail_msg("%s at %llu: the other one was set aside", path, (unsigned long long)at);
    if (has_set_aside("broken") && !strstr(story.lines, "was damaged"))
        fail_msg("%s at %llu: set aside, and nobody was told", path,
                 (unsigned long long)at);
    CHECK(!rig_live(story_live, &story, NEVER));
}

/* In the head of a database: PRAGMA user_version. */
enum { VERSION_AT = 60 };

static bool ends_with_wal(const char *path)
{
    return str_ends(str_of(path), STR("-wal"));
}

static void damage_everywhere(const char *path, bool (*damage)(const char *, uint64_t))
{
    uint64_t size;

    begin_killed();
    size = size_of(path);
    CHECK(size > 0);
    for (uint64_t at = 0; at < size; at += at < 100 ? 1 : 1 + size / 40) {
        /* There it says which version wrote it: a newer one's is left alone. */
        if (at >= VERSION_AT && at < VERSION_AT + 4 && !ends_with_wal(path))
            continue;
        begin_killed();
        CHECK(damage(path, at));
        check_damaged(path, at);
    }
    vdisk_unmount();
}

TEST(a_file_may_end_anywhere)
{
    damage_everywhere(STORY_DIR "/state.db", vdisk_cut);
    damage_everywhere(STORY_DIR "/state.db-wal", vdisk_cut);
    damage_everywhere(STORY_DIR "/cache.db", vdisk_cut);
    damage_everywhere(STORY_DIR "/cache.db-wal", vdisk_cut);
}

TEST(a_bit_may_turn_anywhere)
{
    damage_everywhere(STORY_DIR "/state.db", vdisk_turn_bit);
    damage_everywhere(STORY_DIR "/state.db-wal", vdisk_turn_bit);
    damage_everywhere(STORY_DIR "/cache.db", vdisk_turn_bit);
    damage_everywhere(STORY_DIR "/cache.db-wal", vdisk_turn_bit);
}

/* A head that says that this SQLite may not write it: that is no lack of permission. */
TEST(a_database_that_calls_itself_read_only_is_damaged)
{
    begin_killed();
    while (size_of(STORY_DIR "/state.db-wal") > 0)
        CHECK(vdisk_cut(STORY_DIR "/state.db-wal", 0));
    CHECK(vdisk_turn_bit(STORY_DIR "/state.db", 18));
    check_damaged(STORY_DIR "/state.db", 18);
    CHECK(has_set_aside("state.db"));
    vdisk_unmount();
}

RUN_TESTS(T(a_file_may_end_anywhere), T(a_bit_may_turn_anywhere),
          T(a_database_that_calls_itself_read_only_is_damaged))
