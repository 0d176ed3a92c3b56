/* The disk under SQLite alone: what it promises there, our store may rely on. */
#include "vdisk_rig.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rng.h"

#define DATABASE VDISK_ROOT "/a.db"

/* ---- SQLite in short ------------------------------------------------------------------
 */

static sqlite3 *open_db(void)
{
    sqlite3 *db;

    CHECK_INT(sqlite3_open_v2(DATABASE, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                              NULL),
              SQLITE_OK);
    sqlite3_extended_result_codes(db, 1);
    return db;
}

static int run(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

#define RUN(db, sql) CHECK_INT(run(db, sql), SQLITE_OK)

/* The first column of the first row; -1: there is none. */
static long long number(sqlite3 *db, const char *sql)
{
    long long n = -1;
    sqlite3_stmt *q;

    CHECK_INT(sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK);
    if (sqlite3_step(q) == SQLITE_ROW)
        n = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    return n;
}

static bool is_sound(sqlite3 *db)
{
    bool sound = false;
    sqlite3_stmt *q;

    CHECK_INT(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &q, NULL), SQLITE_OK);
    if (sqlite3_step(q) == SQLITE_ROW)
        sound = strcmp((const char *)sqlite3_column_text(q, 0), "ok") == 0;
    sqlite3_finalize(q);
    return sound;
}

static bool has_file(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0;
}

/* ---- Connections side by side ---------------------------------------------------------
 */

TEST(it_is_the_default_while_it_is_mounted)
{
    sqlite3 *db;

    rig_mount();
    db = open_db();
    RUN(db, "PRAGMA journal_mode=WAL; CREATE TABLE t (x); INSERT INTO t VALUES (7)");
    CHECK(has_file(DATABASE "-wal") && has_file(DATABASE "-shm"));
    CHECK_INT(number(db, "SELECT x FROM t"), 7);
    sqlite3_close(db);
    CHECK(has_file(DATABASE) && !has_file(DATABASE "-wal") && !has_file(DATABASE "-shm"));
    vdisk_unmount();
    CHECK(!has_file(DATABASE));
    CHECK(sqlite3_vfs_find("vdisk") == NULL && sqlite3_vfs_find(NULL) != NULL);
}

TEST(files_elsewhere_are_what_they_were)
{
    char path[] = "/tmp/cordage-vdisk-XXXXXX";
    int fd = mkstemp(path);
    sqlite3 *db;

    rig_mount();
    CHECK_INT(write(fd, "", 0), 0);
    CHECK_INT(sqlite3_open(path, &db), SQLITE_OK);
    RUN(db, "CREATE TABLE t (x)");
    sqlite3_close(db);
    CHECK(lseek(fd, 0, SEEK_END) > 0);
    CHECK_INT(vdisk_used(), 0);
    close(fd);
    unlink(path);
    CHECK_INT(sqlite3_open(":memory:", &db), SQLITE_OK);
    RUN(db, "CREATE TABLE t (x); INSERT INTO t VALUES (1)");
    sqlite3_close(db);
    vdisk_unmount();
}

/* Both see what the other commits; one at a time writes; a reader keeps its view. */
static void check_side_by_side(const char *journal)
{
    sqlite3 *a, *b;
    char sql[64];

    rig_mount();
    rig_owner = 1;
    a = open_db();
    snprintf(sql, sizeof sql, "PRAGMA journal_mode=%s; CREATE TABLE t (x)", journal);
    RUN(a, sql);
    rig_owner = 2;
    b = open_db();
    RUN(b, "INSERT INTO t VALUES (1)");
    CHECK_INT(number(a, "SELECT sum(x) FROM t"), 1);
    RUN(a, "BEGIN IMMEDIATE; INSERT INTO t VALUES (2)");
    CHECK_INT(run(b, "INSERT INTO t VALUES (4)"), SQLITE_BUSY);
    CHECK_INT(number(b, "SELECT sum(x) FROM t"), 1);
    RUN(a, "COMMIT");
    CHECK_INT(number(b, "SELECT sum(x) FROM t"), 3);
    RUN(b, "INSERT INTO t VALUES (4)");
    CHECK_INT(number(a, "SELECT sum(x) FROM t"), 7);
    sqlite3_close(a);
    CHECK_INT(number(b, "SELECT sum(x) FROM t"), 7);
    sqlite3_close(b);
    vdisk_unmount();
}

TEST(two_owners_share_a_database)
{
    check_side_by_side("wal");
    check_side_by_side("delete");
    check_side_by_side("truncate");
}

TEST(a_reader_holds_up_no_writer_and_a_checkpoint)
{
    sqlite3 *a, *b;
    int logged, done;

    rig_mount();
    a = open_db();
    b = open_db();
    RUN(a, "PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0; CREATE TABLE t (x);"
           "INSERT INTO t VALUES (1)");
    RUN(b, "BEGIN; SELECT * FROM t");
    RUN(a, "INSERT INTO t VALUES (2)");
    CHECK_INT(number(b, "SELECT sum(x) FROM t"), 1);
    CHECK_INT(sqlite3_wal_checkpoint_v2(a, NULL, SQLITE_CHECKPOINT_TRUNCATE, &logged,
                                        &done),
              SQLITE_BUSY);
    RUN(b, "COMMIT");
    CHECK_INT(number(b, "SELECT sum(x) FROM t"), 3);
    CHECK_INT(sqlite3_wal_checkpoint_v2(a, NULL, SQLITE_CHECKPOINT_TRUNCATE, &logged,
                                        &done),
              SQLITE_OK);
    CHECK_INT(logged, 0);
    sqlite3_close(b);
    sqlite3_close(a);
    vdisk_unmount();
}

static sqlite3 *waits, *holds;
static unsigned naps;
static uint64_t napped;

/* Time that passes lets the other one end. */
static void nap(uint64_t ms)
{
    napped += ms;
    if (++naps == 3)
        RUN(holds, "COMMIT");
}

static uint64_t some_wall(void)
{
    return 1795341600000;
}

TEST(who_waits_for_a_lock_sleeps_by_our_clock)
{
    rig_mount();
    vdisk_set_clock(some_wall, nap, NULL);
    holds = open_db();
    waits = open_db();
    RUN(holds, "PRAGMA journal_mode=WAL; CREATE TABLE t (x); BEGIN IMMEDIATE");
    sqlite3_busy_timeout(waits, 1000);
    naps = 0;
    napped = 0;
    RUN(waits, "INSERT INTO t VALUES (1)");
    CHECK_INT(naps, 3);
    CHECK(napped >= 3 && napped < 1000);
    CHECK_INT(number(waits, "SELECT strftime('%s', 'now')"), 1795341600);
    sqlite3_close(waits);
    sqlite3_close(holds);
    vdisk_unmount();
}

/* More than the page cache holds: it spills into the WAL before it is committed. */
TEST(a_big_transaction_spills)
{
    sqlite3 *a, *b;

    rig_mount();
    a = open_db();
    b = open_db();
    RUN(a, "PRAGMA journal_mode=WAL; PRAGMA cache_size=10; CREATE TABLE t (x, y);"
           "CREATE INDEX i ON t (y); BEGIN");
    RUN(a,
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
        " INSERT INTO t SELECT randomblob(1000), i FROM n");
    CHECK_INT(number(b, "SELECT count(*) FROM t"), 0);
    CHECK(vdisk_used() > 4000000);
    RUN(a, "ROLLBACK");
    CHECK_INT(number(a, "SELECT count(*) FROM t"), 0);
    RUN(a,
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
        " INSERT INTO t SELECT randomblob(1000), i FROM n");
    CHECK_INT(number(b, "SELECT count(*) FROM t"), 5000);
    CHECK(is_sound(b));
    sqlite3_close(a);
    sqlite3_close(b);
    vdisk_unmount();
}

/* ---- Ends and faults at every step ----------------------------------------------------
 */

enum { LIVES = 3, COMMITS = 6 };

/* What a life does, and what it was told. */
struct story {
    const char *settings;
    long long first; /* the first number that it adds */
    long long last;  /* the last one whose commit succeeded */
    bool wrong;      /* the database said what can't be */
};

/* Every number is in two tables, or in none. */
static int add(sqlite3 *db, long long n)
{
    char sql[300];
    int err;

    snprintf(sql, sizeof sql,
             "BEGIN IMMEDIATE; INSERT INTO a VALUES (%lld, zeroblob(1500));"
             "INSERT INTO b VALUES (%lld, randomblob(3000)); DELETE FROM c;"
             "INSERT INTO c VALUES (%lld); COMMIT",
             n, n, n);
    err = run(db, sql);
    if (err && !sqlite3_get_autocommit(db))
        run(db, "ROLLBACK");
    return err;
}

static void add_some(void *user)
{
    struct story *s = user;
    sqlite3 *db;

    if (sqlite3_open_v2(DATABASE, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                        NULL) == SQLITE_OK) {
        sqlite3_extended_result_codes(db, 1);
        run(db, s->settings);
        run(db, "CREATE TABLE IF NOT EXISTS a (n, x);"
                "CREATE TABLE IF NOT EXISTS b (n, x); CREATE TABLE IF NOT EXISTS c (n)");
        for (long long n = s->first; n < s->first + COMMITS; n++)
            if (add(db, n) == SQLITE_OK)
                s->last = n;
    }
    sqlite3_close(db);
}

/* Where a commit is the journal's end, FULL leaves its last one to the directory. */
static const char *const settings[] = {
    "PRAGMA synchronous=FULL; PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=8",
    "PRAGMA synchronous=FULL; PRAGMA journal_mode=WAL; PRAGMA cache_size=2",
    "PRAGMA synchronous=EXTRA; PRAGMA journal_mode=DELETE",
    "PRAGMA synchronous=FULL; PRAGMA journal_mode=TRUNCATE",
};
enum { SETTINGS = sizeof settings / sizeof *settings };

/* All that was said to be committed is there, and nothing by halves. What failed may be
 * there: a sync that fails leaves what was written. */
static void check_story(const struct story *s, const char *why, unsigned step)
{
    sqlite3 *db = open_db();
    long long last;

    sqlite3_busy_timeout(db, 0);
    if (!is_sound(db))
        fail_msg("%s at step %u: the database is damaged", why, step);
    if (number(db, "SELECT count(*) FROM sqlite_schema") < 3) {
        CHECK_INT(s->last, 0);
        sqlite3_close(db);
        return;
    }
    last = number(db, "SELECT max(n) FROM a");
    if (last < s->last)
        fail_msg("%s at step %u: %lld was committed, the last there is %lld", why, step,
                 s->last, last);
    CHECK_INT(number(db, "SELECT count(*) FROM a WHERE n NOT IN (SELECT n FROM b)"), 0);
    CHECK_INT(number(db, "SELECT count(*) FROM b WHERE n NOT IN (SELECT n FROM a)"), 0);
    if (last > 0)
        CHECK_INT(number(db, "SELECT n FROM c"), last);
    RUN(db, "CREATE TABLE again (x); DROP TABLE again");
    sqlite3_close(db);
}

/* Two lives that end well, and what comes third has something to lose. */
static struct story begin(int i)
{
    struct story s = { settings[i], 1, 0, false };

    rig_mount();
    CHECK(!rig_live(add_some, &s, NEVER));
    CHECK_INT(s.last, COMMITS);
    s.first += COMMITS;
    return s;
}

TEST(killed_at_any_step_it_has_what_was_committed)
{
    for (int i = 0; i < SETTINGS; i++) {
        for (unsigned step = 1;; step++) {
            struct story s = begin(i);
            bool killed = rig_live(add_some, &s, step);

            check_story(&s, "killed", step);
            if (!killed) {
                CHECK(step > 20);
                break;
            }
        }
    }
    vdisk_unmount();
}

/* From nothing, too: the file itself may be gone. */
TEST(without_power_at_any_step_it_has_what_was_committed)
{
    for (int i = 0; i < SETTINGS; i++) {
        bool killed = true;

        for (unsigned step = 1; killed; step++) {
            for (uint64_t chance = 0; chance < 12; chance++) {
                struct story s = { settings[i], 1, 0, false };

                if (chance % 2)
                    s = begin(i);
                else
                    rig_mount();
                killed = rig_live(add_some, &s, step);
                vdisk_lose_power(chance * 1000 + step);
                check_story(&s, "power lost", step);
            }
        }
    }
    vdisk_unmount();
}

static unsigned full_at;

static void fill(unsigned step)
{
    if (step == full_at)
        vdisk_set_limit(vdisk_used());
}

TEST(with_a_full_disk_at_any_step_nothing_is_lost)
{
    for (int i = 0; i < SETTINGS; i++) {
        unsigned steps = UINT32_MAX;

        for (full_at = 1; full_at < steps; full_at++) {
            struct story s = begin(i);

            rig_each_step = fill;
            CHECK(!rig_live(add_some, &s, NEVER));
            steps = rig_steps;
            vdisk_set_limit(UINT64_MAX);
            check_story(&s, "full disk", full_at);
        }
    }
    vdisk_unmount();
}

TEST(a_step_that_fails_loses_nothing)
{
    for (int i = 0; i < SETTINGS; i++) {
        unsigned steps = UINT32_MAX;

        for (unsigned step = 0; step < steps; step++) {
            struct story s = begin(i);

            vdisk_fail(step, 1 + step % 3);
            CHECK(!rig_live(add_some, &s, NEVER));
            steps = rig_steps;
            vdisk_fail(0, 0);
            check_story(&s, "EIO", step);
        }
    }
    vdisk_unmount();
}

/* Written and not synced: then all of it may be there, and none of it, and half. */
TEST(a_loss_of_power_takes_what_was_not_synced)
{
    char bytes[8 * VDISK_SECTOR], found[sizeof bytes];
    bool was_whole = false, was_gone = false, was_torn = false;

    memset(bytes, 'n', sizeof bytes);
    for (uint64_t chance = 0; chance < 200; chance++) {
        size_t new_ones = 0;
        int fd, dir;

        rig_mount();
        fd = open(VDISK_ROOT "/f", O_RDWR | O_CREAT, 0600);
        memset(found, 'o', sizeof found);
        CHECK_INT(pwrite(fd, found, sizeof found, 0), sizeof found);
        fsync(fd);
        dir = open(VDISK_ROOT, O_RDONLY | O_DIRECTORY);
        CHECK_INT(fsync(dir), 0);
        close(dir);
        CHECK_INT(pwrite(fd, bytes, sizeof bytes, 0), sizeof bytes);
        close(fd);
        vdisk_lose_power(chance);
        fd = open(VDISK_ROOT "/f", O_RDONLY);
        CHECK_INT(pread(fd, found, sizeof found, 0), sizeof found);
        for (size_t i = 0; i < sizeof found; i++) {
            CHECK_INT(found[i], found[i - i % VDISK_SECTOR]);
            new_ones += found[i] == 'n';
        }
        was_gone |= new_ones == 0;
        was_whole |= new_ones == sizeof found;
        was_torn |= new_ones > 0 && new_ones < sizeof found;
        close(fd);
    }
    CHECK(was_whole && was_gone && was_torn);
    vdisk_unmount();
}

TEST(a_name_is_on_the_disk_when_its_directory_is)
{
    unsigned files = 0, unsynced = 0;

    for (uint64_t chance = 0; chance < 100; chance++) {
        int dir;

        rig_mount();
        close(open(VDISK_ROOT "/synced", O_RDWR | O_CREAT, 0600));
        dir = open(VDISK_ROOT, O_RDONLY | O_DIRECTORY);
        fsync(dir);
        close(dir);
        close(open(VDISK_ROOT "/new", O_RDWR | O_CREAT, 0600));
        CHECK_INT(rename(VDISK_ROOT "/synced", VDISK_ROOT "/renamed"), 0);
        vdisk_lose_power(chance);
        CHECK_INT(has_file(VDISK_ROOT "/synced") + has_file(VDISK_ROOT "/renamed"), 1);
        CHECK(!has_file(VDISK_ROOT "/renamed") || has_file(VDISK_ROOT "/new"));
        files += has_file(VDISK_ROOT "/renamed");
        unsynced += has_file(VDISK_ROOT "/new");
    }
    CHECK(files > 10 && unsynced > files && unsynced < 90);
    vdisk_unmount();
}

/* ---- Other files ----------------------------------------------------------------------
 */

TEST(a_lock_is_its_owners_and_dies_with_it)
{
    int a, b;

    rig_mount();
    rig_owner = 1;
    a = open(VDISK_ROOT "/lock", O_RDWR | O_CREAT, 0600);
    CHECK_INT(flock(a, LOCK_EX | LOCK_NB), 0);
    rig_owner = 2;
    b = open(VDISK_ROOT "/lock", O_RDWR | O_CREAT, 0600);
    CHECK_INT(flock(b, LOCK_EX | LOCK_NB), -1);
    vdisk_died((void *)(intptr_t)1);
    CHECK_INT(flock(b, LOCK_EX | LOCK_NB), 0);
    CHECK_INT(write(a, "x", 1), -1);
    CHECK_INT(write(b, "x", 1), 1);
    close(b);
    vdisk_unmount();
}

TEST(memory_of_a_file_is_the_file)
{
    char bytes[16] = "", *p;
    int fd;

    rig_mount();
    rig_owner = 1;
    fd = open(VDISK_ROOT "/f", O_RDWR | O_CREAT, 0600);
    CHECK_INT(ftruncate(fd, 8192), 0);
    p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    CHECK(p != MAP_FAILED);
    strcpy(p + 4096, "through memory");
    CHECK_INT(pread(fd, bytes, 15, 4096), 15);
    CHECK_STR(str_of(bytes), "through memory");
    CHECK(vdisk_contains(STR("through memory")));
    /* In one step something else is there, and the file keeps what it had. */
    CHECK(mmap(p, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
               -1, 0) == p);
    strcpy(p, "our own");
    CHECK(!vdisk_contains(STR("our own")));
    CHECK_INT(ftruncate(fd, 4096), 0);
    CHECK_INT(ftruncate(fd, 8192), 0);
    CHECK(!vdisk_contains(STR("through memory")));
    vdisk_died((void *)(intptr_t)1);
    vdisk_unmount();
}

static uint64_t boot(void)
{
    char text[40] = "";
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY);
    uint64_t sum = 0;

    CHECK_INT(read(fd, text, 37), 37);
    for (int i = 0; i < 37; i++)
        sum = sum * 31 + (unsigned char)text[i];
    close(fd);
    return sum;
}

TEST(each_boot_has_its_number)
{
    uint64_t first, outside = boot();

    rig_mount();
    first = boot();
    CHECK(first != outside);
    CHECK(boot() == first);
    vdisk_lose_power(1);
    CHECK(boot() != first);
    vdisk_unmount();
    CHECK(boot() == outside);
}

TEST(what_was_deleted_is_found_all_the_same)
{
    uint64_t bytes = 0;
    int fd;

    rig_mount();
    CHECK_INT(mkdir(VDISK_ROOT "/dir", 0700), 0);
    fd = open(VDISK_ROOT "/dir/f", O_RDWR | O_CREAT, 0600);
    CHECK_INT(write(fd, "a secret", 8), 8);
    close(fd);
    CHECK_STR(str_of(vdisk_file(0, &bytes)), VDISK_ROOT "/dir/f");
    CHECK_INT(bytes, 8);
    CHECK(vdisk_file(1, &bytes) == NULL);
    CHECK(!vdisk_cut(VDISK_ROOT "/dir/f", 8) && vdisk_cut(VDISK_ROOT "/dir/f", 7));
    CHECK(!vdisk_contains(STR("a secret")) && vdisk_contains(STR("a secre")));
    CHECK(vdisk_turn_bit(VDISK_ROOT "/dir/f", 0));
    CHECK(!vdisk_contains(STR("a secre")) && vdisk_contains(STR(" secre")));
    CHECK_INT(unlink(VDISK_ROOT "/dir/f"), 0);
    CHECK_INT(rmdir(VDISK_ROOT "/dir"), 0);
    CHECK(vdisk_contains(STR(" secre")));
    vdisk_unmount();
}

RUN_TESTS(T(it_is_the_default_while_it_is_mounted), T(files_elsewhere_are_what_they_were),
          T(two_owners_share_a_database), T(a_reader_holds_up_no_writer_and_a_checkpoint),
          T(who_waits_for_a_lock_sleeps_by_our_clock), T(a_big_transaction_spills),
          T(killed_at_any_step_it_has_what_was_committed),
          T(without_power_at_any_step_it_has_what_was_committed),
          T(with_a_full_disk_at_any_step_nothing_is_lost),
          T(a_step_that_fails_loses_nothing),
          T(a_loss_of_power_takes_what_was_not_synced),
          T(a_name_is_on_the_disk_when_its_directory_is),
          T(a_lock_is_its_owners_and_dies_with_it), T(memory_of_a_file_is_the_file),
          T(each_boot_has_its_number), T(what_was_deleted_is_found_all_the_same))
