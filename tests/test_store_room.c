/* Full disks, directories that can't be written, files that others hold: what the store
 * says, and that it goes on when that is mended. */
#include "store_world.h"

#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "progress.h"
#include "sql.h"

/* In a child: limits and users are a process's. It exits with the line that failed. */

#define MUST(condition)            \
    do {                           \
        if (!(condition))          \
            _exit(__LINE__ % 256); \
    } while (0)

static void limit_files(rlim_t bytes)
{
    struct rlimit limit = { bytes, RLIM_INFINITY };

    MUST(setrlimit(RLIMIT_FSIZE, &limit) == 0);
}

static int save_in_child(struct rig *r, bool exact)
{
    struct store_session row = rig_session(0, 1);

    return store_save_sessions(r->store, &rig_who, &row, 1, exact);
}

static unsigned times(const char *text, const char *what)
{
    unsigned n = 0;

    for (; (text = strstr(text, what)); text++)
        n++;
    return n;
}

static void fill_up(struct rig *r)
{
    unsigned n;

    signal(SIGXFSZ, SIG_IGN);
    MUST(rig_open(r) == 0);
    MUST(save_in_child(r, true) == 0 && save_snapshot(r, 1) == 0);
    for (int i = 0; i < 3; i++) {
        limit_files(1024); /* no file may grow: the disk is as good as full */
        MUST(save_in_child(r, true) == CORDAGE_EIO);
        MUST(save_in_child(r, false) == CORDAGE_EIO);
        MUST(store_book_identify(r->store, NOW, 0, 1) == CORDAGE_EIO);
        MUST(store_forget_session(r->store, 0, 1) == CORDAGE_EIO);
        MUST(save_snapshot(r, 2) == CORDAGE_EIO);
        MUST(store_snapshot_drop(r->store, 0, 1) == CORDAGE_EIO);
        limit_files(RLIM_INFINITY);
        MUST(store_book_identify(r->store, NOW, 0, 1) == 0);
        MUST(save_in_child(r, false) == 0 && save_snapshot(r, 3) == 0);
        MUST(load_snapshot(r, &n) == 0 && n == 20);
    }
    n = 0;
    MUST(store_load_identifies(r->store, NOW, rig_count_identify, &n) == 0 && n == 3);
    MUST(times(r->lines, "state.db: there is no room on the disk (File too large)") == 3);
    MUST(strstr(r->lines, "state.db is written again") != NULL);
    store_close(r->store);
    limit_files(1024);
    unlink(tmpdir_path(&r->tmp, "state.db"));
    MUST(rig_open(r) == CORDAGE_EIO && r->store == NULL);
    MUST(strstr(r->error.message, "state.db") != NULL);
    _exit(0);
}

/* A real full disk, of a megabyte, where a test may mount one. */
static void fill_up_a_disk(struct rig *r)
{
    static char zeros[1 << 20];
    struct progress *p;
    const char *dir = r->tmp.dir;
    int fd;

    if (unshare(CLONE_NEWNS) < 0 ||
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("none", dir, "tmpfs", 0, "size=1m,mode=0700") < 0)
        _exit(0); /* only for root, and not in each container */
    MUST(rig_open(r) == 0);
    MUST(save_in_child(r, true) == 0 && save_snapshot(r, 1) == 0);
    fd = open(tmpdir_path(&r->tmp, "cache.db.filler"), O_WRONLY | O_CREAT, 0600);
    while (write(fd, zeros, 4096) > 0)
        continue;
    MUST(progress_open(dir, 0, 1, 4096, 1, &p, &r->error) == CORDAGE_EIO);
    MUST(strstr(r->error.message, "No space left on device; make room"));
    for (int i = 0; i < 2000; i++) /* until the room in the files is used up, too */
        if (store_book_identify(r->store, NOW, 0, 1) < 0)
            break;
    MUST(store_book_identify(r->store, NOW, 0, 1) == CORDAGE_EIO);
    MUST(strstr(r->lines, "state.db: there is no room on the disk"));
    MUST(ftruncate(fd, 0) == 0);
    MUST(store_book_identify(r->store, NOW, 0, 1) == 0 && save_snapshot(r, 2) == 0);
    MUST(progress_open(dir, 0, 1, 4096, 1, &p, &r->error) == 0);
    progress_close(p);
    store_close(r->store);
    MUST(set_aside(r, "state.db") == 0 && set_aside(r, "cache.db") == 0);
    umount(dir);
    _exit(0);
}

static void become_nobody(struct rig *r)
{
    MUST(chown(r->tmp.dir, 65534, 65534) == 0 || geteuid() != 0);
    if (geteuid() == 0)
        MUST(setgid(65534) == 0 && setuid(65534) == 0);
}

static void be_without_rights(struct rig *r)
{
    char inner[400];

    become_nobody(r);
    MUST(rig_open(r) == 0 && save_in_child(r, true) == 0);
    store_close(r->store);
    chmod(r->tmp.dir, 0500);
    unlink(tmpdir_path(&r->tmp, "state.db"));
    snprintf(inner, sizeof inner, "%s/inner", r->tmp.dir);
    MUST(rig_open_at(r, inner) == CORDAGE_EIO);
    MUST(strstr(r->error.message, "Permission denied; give this user the right") != NULL);
    chmod(tmpdir_path(&r->tmp, "lock"), 0400);
    MUST(rig_open(r) == CORDAGE_EIO);
    MUST(strstr(r->error.message, "/lock: Permission denied") != NULL);
    chmod(tmpdir_path(&r->tmp, "lock"), 0600);
    chmod(tmpdir_path(&r->tmp, "state.db"), 0400);
    MUST(rig_open(r) == CORDAGE_EIO);
    MUST(strstr(r->error.message, "state.db: ") != NULL);
    MUST(strstr(r->error.message, "give this user the right") != NULL);
    chmod(r->tmp.dir, 0700);
    chmod(tmpdir_path(&r->tmp, "state.db"), 0600);
    MUST(rig_open(r) == 0);
    store_close(r->store);
    _exit(0);
}

static void in_child(void (*run)(struct rig *r))
{
    struct rig r = { .tmp = tmpdir_new() };
    int status;
    pid_t child = fork();

    if (child == 0)
        run(&r);
    CHECK_INT(waitpid(child, &status, 0), child);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail_msg("the child's line %d (modulo 256) failed, status %#x",
                 WEXITSTATUS(status), (unsigned)status);
    tmpdir_free(&r.tmp);
}

TEST(a_full_disk_is_told_once_and_over_when_there_is_room)
{
    in_child(fill_up);
}

TEST(a_disk_without_room_costs_no_file)
{
    in_child(fill_up_a_disk);
}

TEST(a_directory_that_cannot_be_written_is_told_with_the_fix)
{
    in_child(be_without_rights);
}

TEST(a_program_that_holds_the_file_is_waited_for_and_told)
{
    struct rig r;
    sqlite3 *db;

    rig_start(&r);
    CHECK_INT(sqlite3_open(tmpdir_path(&r.tmp, "state.db"), &db), SQLITE_OK);
    CHECK_INT(sql_do(db, "BEGIN IMMEDIATE"), SQLITE_OK);
    CHECK_INT(store_book_identify(r.store, NOW, 0, 1), CORDAGE_EIO);
    CHECK(strstr(r.lines, "another program has it open and locked") != NULL);
    CHECK_INT(sql_do(db, "ROLLBACK"), SQLITE_OK);
    sql_end(db);
    check_works(&r);
    rig_end(&r);
}

RUN_TESTS(T(a_full_disk_is_told_once_and_over_when_there_is_room),
          T(a_disk_without_room_costs_no_file),
          T(a_directory_that_cannot_be_written_is_told_with_the_fix),
          T(a_program_that_holds_the_file_is_waited_for_and_told))
