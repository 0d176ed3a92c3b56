/* Damaged files, newer and older ones, full disks, directories that can't be written:
 * what the store says, and that it goes on when they are mended. */
#include "store_world.h"

#include <sqlite3.h>

#include "database.h"
#include "rng.h"
#include "sql.h"

/* ---- Damage ---------------------------------------------------------------------------
 */

/* What a file may have become; false: there are no more ways. */
static bool damage_file(const char *path, unsigned way)
{
    static char bytes[20000];
    struct rng r = rng_seeded(way);
    struct stat st;
    sqlite3 *db;
    int fd;

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)rng_next(&r);
    switch (way) {
    case 0:
        tmpdir_write(path, bytes, sizeof bytes);
        return true;
    case 1:
        tmpdir_write(path, "no database\n", 12);
        return true;
    case 2: /* half of it */
        CHECK_INT(stat(path, &st), 0);
        CHECK_INT(truncate(path, st.st_size / 2), 0);
        return true;
    case 3: /* the page of the schema, but for its head */
    case 4: /* a page in the middle */
        fd = open(path, O_WRONLY);
        CHECK_INT(pwrite(fd, bytes, 3000, way == 3 ? 100 : 4096), 3000);
        close(fd);
        return true;
    case 5: /* another's database */
        unlink(path);
        CHECK_INT(sqlite3_open(path, &db), SQLITE_OK);
        CHECK_INT(sql_do(db, "CREATE TABLE session (x)"), SQLITE_OK);
        sql_end(db);
        return true;
    case 6:
        unlink(path);
        CHECK_INT(mkdir(path, 0700), 0);
        return true;
    case 7:
        unlink(path);
        CHECK_INT(symlink("elsewhere", path), 0);
        return true;
    default:
        return false;
    }
}

static void damaged_before_it_is_opened(const char *name, const char *other)
{
    for (unsigned way = 0;; way++) {
        struct rig r;
        char path[400];

        rig_start(&r);
        check_works(&r);
        store_close(r.store);
        r.store = NULL;
        snprintf(path, sizeof path, "%s/%s", r.tmp.dir, name);
        if (!damage_file(path, way)) {
            rig_end(&r);
            return;
        }
        CHECK_INT(rig_open(&r), 0);
        CHECK_INT(set_aside(&r, name), 1);
        CHECK_INT(set_aside(&r, other), 0);
        CHECK(strstr(r.lines, "was damaged (") != NULL);
        CHECK(strstr(r.lines, "a new one begins") != NULL);
        check_works(&r);
        rig_again(&r);
        CHECK_STR(str_of(r.lines), "");
        rig_end(&r);
    }
}

TEST(a_damaged_state_is_set_aside_and_begun_anew)
{
    damaged_before_it_is_opened("state.db", "cache.db");
}

TEST(a_damaged_cache_is_set_aside_and_begun_anew)
{
    damaged_before_it_is_opened("cache.db", "state.db");
}

/* Overwrites all pages, WAL and all, under a connection that is open. */
static void trample(struct rig *r, const char *name)
{
    static const char *const ends[] = { "", "-wal" };
    static char noise[4096];
    struct rng rng = rng_seeded(9);
    char path[400];

    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (char)rng_next(&rng);
    for (int i = 0; i < 2; i++) {
        struct stat st;
        int fd;

        snprintf(path, sizeof path, "%s/%s%s", r->tmp.dir, name, ends[i]);
        fd = open(path, O_WRONLY);
        CHECK(fd >= 0);
        CHECK_INT(fstat(fd, &st), 0);
        for (off_t at = 0; at < st.st_size; at += (off_t)sizeof noise)
            CHECK(pwrite(fd, noise, sizeof noise, at) > 0);
        close(fd);
    }
}

/* SQLite answers from what it has read before until somebody else has written. */
static void write_from_outside(struct rig *r, const char *name)
{
    sqlite3 *db;

    CHECK_INT(sqlite3_open(tmpdir_path(&r->tmp, name), &db), SQLITE_OK);
    CHECK_INT(sql_do(db, "CREATE TABLE another (x)"), SQLITE_OK);
    sql_end(db);
}

TEST(damage_in_the_middle_of_the_work_is_survived)
{
    static const char *const names[] = { "state.db", "cache.db" };

    for (int i = 0; i < 2; i++) {
        struct rig r;

        rig_start(&r);
        check_works(&r);
        write_from_outside(&r, names[i]);
        trample(&r, names[i]);
        check_works(&r);
        CHECK(set_aside(&r, names[i]) >= 1);
        CHECK(strstr(r.lines, "a new one begins") != NULL);
        CHECK_INT(set_aside(&r, names[1 - i]), 0);
        rig_again(&r);
        check_works(&r);
        rig_end(&r);
    }
}

TEST(a_table_that_is_gone_is_damage)
{
    struct rig r;
    sqlite3 *db;

    rig_start(&r);
    check_works(&r);
    CHECK_INT(sqlite3_open(tmpdir_path(&r.tmp, "state.db"), &db), SQLITE_OK);
    CHECK_INT(sql_do(db, "DROP TABLE session"), SQLITE_OK);
    sql_end(db);
    rig_save(&r, 0, 1);
    check_works(&r);
    CHECK_INT(set_aside(&r, "state.db"), 1);
    rig_end(&r);
}

TEST(a_file_that_was_removed_begins_anew)
{
    struct rig r;

    rig_start(&r);
    check_works(&r);
    unlink(tmpdir_path(&r.tmp, "state.db"));
    unlink(tmpdir_path(&r.tmp, "state.db-wal"));
    unlink(tmpdir_path(&r.tmp, "cache.db"));
    check_works(&r);
    CHECK(strstr(r.lines, "state.db was removed; a new one begins") != NULL);
    CHECK(strstr(r.lines, "cache.db was removed; a new one begins") != NULL);
    rig_again(&r);
    CHECK_INT(rig_load(&r, &rig_who, 1).n, 1);
    CHECK_INT(set_aside(&r, "state.db"), 0);
    rig_end(&r);
}

TEST(only_the_last_that_was_set_aside_is_kept)
{
    struct rig r;

    rig_start(&r);
    tmpdir_write(tmpdir_path(&r.tmp, "state.db.broken-20200101-000000"), "x", 1);
    tmpdir_write(tmpdir_path(&r.tmp, "state.db.broken-20200101-000000-wal"), "x", 1);
    store_close(r.store);
    r.store = NULL;
    tmpdir_write(tmpdir_path(&r.tmp, "state.db"), "no database", 11);
    CHECK_INT(rig_open(&r), 0);
    CHECK_INT(set_aside(&r, "state.db"), 1);
    CHECK_INT(tmpdir_count(r.tmp.dir, "state.db.broken-2020", NULL), 0);
    rig_end(&r);
}

TEST(a_changed_session_row_is_not_resumed)
{
    static const char *const ways[] = {
        "UPDATE session SET done = done + 1 WHERE shard_id = 1",
        "UPDATE session SET session_id = x'616263' WHERE shard_id = 1",
        "UPDATE session SET session_id = zeroblob(100000) WHERE shard_id = 1",
        "UPDATE session SET resume_url = zeroblob(513) WHERE shard_id = 1",
        "UPDATE session SET guilds = x'00' WHERE shard_id = 1",
        "UPDATE session SET guilds = zeroblob(8 * 65537) WHERE shard_id = 1",
        "UPDATE session SET checksum = 0 WHERE shard_id = 1",
    };

    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct rig_found f;
        struct rig r;
        sqlite3 *db;

        rig_start(&r);
        rig_save(&r, 0, 3);
        rig_save(&r, 1, 3);
        rig_save(&r, 2, 3);
        CHECK_INT(sqlite3_open(tmpdir_path(&r.tmp, "state.db"), &db), SQLITE_OK);
        CHECK_INT(sql_do(db, ways[i]), SQLITE_OK);
        sql_end(db);
        f = rig_load(&r, &rig_who, 3);
        CHECK_INT(f.n, 2);
        CHECK_INT(f.ids[1], 2);
        CHECK(strstr(r.lines, "shard=1 store: its session") != NULL);
        rig_end(&r);
    }
}

/* ---- Versions -------------------------------------------------------------------------
 */

TEST(a_newer_versions_file_is_refused_and_left_alone)
{
    struct rig r;
    sqlite3 *db;

    rig_start(&r);
    check_works(&r);
    store_close(r.store);
    r.store = NULL;
    CHECK_INT(sqlite3_open(tmpdir_path(&r.tmp, "state.db"), &db), SQLITE_OK);
    CHECK_INT(sql_do(db, "PRAGMA user_version=3"), SQLITE_OK);
    sql_end(db);
    CHECK_INT(rig_open(&r), CORDAGE_ESTATE);
    CHECK(strstr(r.error.message, "by a newer version (schema 3, this one knows 2)") !=
          NULL);
    CHECK(strstr(r.error.message, "CORDAGE_STATE_DIR") != NULL);
    CHECK_INT(set_aside(&r, "state.db"), 0);
    CHECK_INT(sqlite3_open(tmpdir_path(&r.tmp, "state.db"), &db), SQLITE_OK);
    CHECK_INT(sql_number(db, "SELECT count(*) FROM session", 0), 1);
    sql_end(db);
    rig_end(&r);
}

static const char *const steps[] = {
    "CREATE TABLE pet (name BLOB); INSERT INTO pet VALUES (x'61')",
    "ALTER TABLE pet ADD COLUMN legs INTEGER DEFAULT 4",
    "CREATE TABLE house (pet BLOB); INSERT INTO house SELECT name FROM pet",
    "ALTER TABLE nothing ADD COLUMN x",
};

static int count_houses(sqlite3 *db, void *user)
{
    *(uint64_t *)user =
        sql_number(db, "SELECT count(*) FROM house, pet WHERE legs = 4", 99);
    return 0;
}

static int open_version(struct database *d, struct tmpdir *t, unsigned version)
{
    static struct database_kind kind;
    cordage_error error;

    kind = (struct database_kind){ "pets.db", steps, version, 4096 };
    *d = (struct database){ 0 };
    return database_open(d, t->dir, &kind, NULL, &error);
}

TEST(an_older_file_is_migrated_in_one_transaction)
{
    struct tmpdir t = tmpdir_new();
    struct database d;
    char name[256];
    uint64_t n = 0;
    sqlite3 *db;

    CHECK_INT(open_version(&d, &t, 1), 0);
    database_close(&d);
    CHECK_INT(open_version(&d, &t, 3), 0);
    CHECK_INT(database_run(&d, DURABLE_NOW, count_houses, &n), 0);
    CHECK_INT(n, 1);
    database_close(&d);
    CHECK_INT(open_version(&d, &t, 2), CORDAGE_ESTATE);
    database_close(&d);
    /* A step that can't be done leaves nothing half done: the old file is set aside. */
    CHECK_INT(open_version(&d, &t, 4), CORDAGE_EIO);
    CHECK_INT(set_aside_in(t.dir, "pets.db", name), 1);
    CHECK_INT(sqlite3_open(tmpdir_path(&t, name), &db), SQLITE_OK);
    CHECK_INT(sql_number(db, "PRAGMA user_version", 0), 3);
    sql_end(db);
    tmpdir_free(&t);
}

static int fail_with(sqlite3 *db, void *user)
{
    int err = sql_do(db, "DELETE FROM pet");

    return err ? err : *(int *)user;
}

TEST(work_that_fails_by_its_own_verdict_leaves_nothing)
{
    struct tmpdir t = tmpdir_new();
    int verdict = CORDAGE_ENOTFOUND;
    struct database d;
    uint64_t n = 0;

    CHECK_INT(open_version(&d, &t, 3), 0);
    CHECK_INT(database_run(&d, DURABLE_SOON, fail_with, &verdict), CORDAGE_ENOTFOUND);
    CHECK_INT(database_run(&d, DURABLE_SOON, count_houses, &n), 0);
    CHECK_INT(n, 1);
    database_close(&d);
    tmpdir_free(&t);
}

RUN_TESTS(T(a_damaged_state_is_set_aside_and_begun_anew),
          T(a_damaged_cache_is_set_aside_and_begun_anew),
          T(damage_in_the_middle_of_the_work_is_survived),
          T(a_table_that_is_gone_is_damage), T(a_file_that_was_removed_begins_anew),
          T(only_the_last_that_was_set_aside_is_kept),
          T(a_changed_session_row_is_not_resumed),
          T(a_newer_versions_file_is_refused_and_left_alone),
          T(an_older_file_is_migrated_in_one_transaction),
          T(work_that_fails_by_its_own_verdict_leaves_nothing))
