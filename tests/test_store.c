/* The directory, the lock, sessions and the ledger, when all goes well, and kill -9. */
#include "store_rig.h"

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "ledger.h"
#include "limits.h"
#include "rng.h"

#define NOW ((uint64_t)1795341600000)

/* ---- The directory --------------------------------------------------------------------
 */

TEST(it_makes_its_directory_and_all_in_it_private)
{
    struct rig r = { .tmp = tmpdir_new() };
    char dir[400];
    mode_t old = umask(0);

    snprintf(dir, sizeof dir, "%s/.local/state/cordage/77/", r.tmp.dir);
    CHECK_INT(rig_open_at(&r, dir), 0);
    rig_save(&r, 0, 1);
    umask(old);
    CHECK_INT(tmpdir_mode(tmpdir_path(&r.tmp, ".local")), 0700);
    CHECK_INT(tmpdir_mode(store_dir(r.store)), 0700);
    CHECK(store_dir(r.store)[strlen(store_dir(r.store)) - 1] == '7');
    for (const char *const *f = (const char *const[]){ "lock", "state.db", "state.db-wal",
                                                       "cache.db", "cache.db-wal", NULL };
         *f; f++) {
        snprintf(dir, sizeof dir, ".local/state/cordage/77/%s", *f);
        CHECK_INT(tmpdir_mode(tmpdir_path(&r.tmp, dir)), 0600);
    }
    CHECK_STR(str_of(r.lines), "");
    rig_end(&r);
}

TEST(a_home_that_is_not_there_is_not_made_up)
{
    struct rig r = { .tmp = tmpdir_new() };
    char dir[400];

    snprintf(dir, sizeof dir, "%s/home/.local/state/cordage/77", r.tmp.dir);
    CHECK_INT(rig_open_at(&r, dir), CORDAGE_EIO);
    CHECK(strstr(r.error.message, "/home/.local: No such file") != NULL);
    CHECK(strstr(r.error.message, "CORDAGE_STATE_DIR") != NULL);
    CHECK_INT(tmpdir_count(r.tmp.dir, "home", NULL), 0);
    rig_end(&r);
}

TEST(looser_modes_are_mended_and_told)
{
    struct rig r = { .tmp = tmpdir_new() };

    CHECK_INT(rig_open(&r), 0);
    store_close(r.store);
    chmod(r.tmp.dir, 0755);
    chmod(tmpdir_path(&r.tmp, "state.db"), 0644);
    CHECK_INT(rig_open(&r), 0);
    CHECK_INT(tmpdir_mode(r.tmp.dir), 0700);
    CHECK_INT(tmpdir_mode(tmpdir_path(&r.tmp, "state.db")), 0600);
    CHECK(strstr(r.lines, "was open to other users (mode 755)") != NULL);
    rig_end(&r);
}

TEST(a_directory_with_other_things_in_it_keeps_its_mode)
{
    struct rig r = { .tmp = tmpdir_new() };
    char inner[400];

    tmpdir_write(tmpdir_path(&r.tmp, "somebody's"), "x", 1);
    chmod(r.tmp.dir, 0755);
    CHECK_INT(rig_open(&r), CORDAGE_EIO);
    CHECK(strstr(r.error.message, "set CORDAGE_STATE_DIR to a directory in it") != NULL);
    CHECK_INT(tmpdir_mode(r.tmp.dir), 0755);
    CHECK_INT(tmpdir_count(r.tmp.dir, "lock", NULL), 0);
    snprintf(inner, sizeof inner, "%s/bot", r.tmp.dir);
    CHECK_INT(rig_open_at(&r, inner), 0);
    rig_end(&r);
}

TEST(a_path_that_cannot_be_one_is_told)
{
    struct rig r = { .tmp = tmpdir_new() };
    char dir[3000];

    memset(dir, 'x', sizeof dir - 1);
    dir[sizeof dir - 1] = '\0';
    CHECK_INT(rig_open_at(&r, dir), CORDAGE_EINVAL);
    CHECK_INT(rig_open_at(&r, ""), CORDAGE_EINVAL);
    tmpdir_write(tmpdir_path(&r.tmp, "file"), "x", 1);
    CHECK_INT(rig_open_at(&r, tmpdir_path(&r.tmp, "file")), CORDAGE_EIO);
    CHECK(strstr(r.error.message, "is not a directory") != NULL);
    rig_end(&r);
}

/* ---- The lock -------------------------------------------------------------------------
 */

TEST(a_second_process_is_told_who_has_it)
{
    struct rig r, second;
    char who[64];

    rig_start(&r);
    second = r;
    CHECK_INT(rig_open(&second), CORDAGE_EBUSY);
    CHECK(second.store == NULL);
    snprintf(who, sizeof who, "in use by process %ld (", (long)getpid());
    CHECK(strstr(second.error.message, who) != NULL);
    CHECK(strstr(second.error.message, "test_store): stop it, or give") != NULL);
    rig_again(&r);
    rig_end(&r);
}

TEST(the_lock_of_a_killed_process_is_no_obstacle)
{
    struct rig r = { .tmp = tmpdir_new() };
    int ready[2], status;
    pid_t child;
    char byte;

    CHECK_INT(pipe(ready), 0);
    child = fork();
    if (child == 0) {
        if (rig_open(&r) == 0 && write(ready[1], "x", 1) == 1)
            pause();
        _exit(1);
    }
    CHECK_INT(read(ready[0], &byte, 1), 1);
    CHECK_INT(rig_open(&r), CORDAGE_EBUSY);
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    CHECK_INT(rig_open(&r), 0);
    close(ready[0]);
    close(ready[1]);
    rig_end(&r);
}

TEST(a_lock_file_may_hold_anything)
{
    struct rig r, second;

    rig_start(&r);
    tmpdir_write(tmpdir_path(&r.tmp, "lock"), "\x1b[2J\0\xff", 6);
    second = r;
    CHECK_INT(rig_open(&second), CORDAGE_EBUSY);
    CHECK(strchr(second.error.message, '\x1b') == NULL);
    tmpdir_write(tmpdir_path(&r.tmp, "lock"), "", 0);
    CHECK_INT(rig_open(&second), CORDAGE_EBUSY);
    CHECK(strstr(second.error.message, "not said its name") != NULL);
    rig_end(&r);
}

/* ---- Sessions -------------------------------------------------------------------------
 */

static void check_whole(void *user, const struct store_session *row)
{
    struct store_session want = rig_session(3, 8);
    bool unavailable;
    uint64_t id;

    ++*(unsigned *)user;
    CHECK_INT(row->shard_id, 3);
    CHECK_INT(row->shard_count, 8);
    CHECK(str_eq(row->session_id, want.session_id));
    CHECK(str_eq(row->resume_url, want.resume_url));
    CHECK_INT(row->received, want.received);
    CHECK_INT(row->done, want.done);
    CHECK_INT(row->snapshot_seq, want.snapshot_seq);
    CHECK_INT(row->user_id, want.user_id);
    CHECK_INT(row->application_id, want.application_id);
    CHECK_INT(row->saved_at, want.saved_at);
    CHECK_INT(row->guilds.n, 2 * STORE_GUILD_BYTES);
    CHECK(store_guilds_at(row->guilds, 0, &id, &unavailable));
    CHECK(id == 41771983423143937ULL && !unavailable);
    CHECK(store_guilds_at(row->guilds, 1, &id, &unavailable));
    CHECK(id == UINT64_MAX >> 1 && unavailable);
    CHECK(!store_guilds_at(row->guilds, 2, &id, &unavailable));
}

TEST(a_session_comes_back_as_it_was)
{
    struct store_session row = rig_session(3, 8);
    struct buf guilds = { 0 };
    struct rig r;
    unsigned n = 0;

    rig_start(&r);
    CHECK_INT(store_guilds_add(&guilds, 41771983423143937ULL, false), 0);
    CHECK_INT(store_guilds_add(&guilds, UINT64_MAX >> 1, true), 0);
    row.guilds = buf_str(&guilds);
    CHECK_INT(store_save_sessions(r.store, &rig_who, &row, 1, true), 0);
    buf_release(&guilds);
    rig_again(&r);
    CHECK_INT(store_load_sessions(r.store, &rig_who, 8, 0, 7, check_whole, &n), 0);
    CHECK_INT(n, 1);
    rig_end(&r);
}

TEST(saving_again_replaces_and_forgetting_removes)
{
    struct store_session rows[3];
    struct rig_found f;
    struct rig r;
    uint32_t i;

    rig_start(&r);
    for (i = 0; i < 3; i++)
        rows[i] = rig_session(i, 4);
    CHECK_INT(store_save_sessions(r.store, &rig_who, rows, 3, false), 0);
    rows[1].done = 999;
    CHECK_INT(store_save_sessions(r.store, &rig_who, &rows[1], 1, false), 0);
    f = rig_load(&r, &rig_who, 4);
    CHECK_INT(f.n, 3);
    CHECK_INT(f.done[0], 900);
    CHECK_INT(f.done[1], 999);
    CHECK_INT(store_forget_session(r.store, 0, 4), 0);
    CHECK_INT(store_forget_session(r.store, 1, 5), 0); /* no such one */
    rig_again(&r);
    f = rig_load(&r, &rig_who, 4);
    CHECK_INT(f.n, 2);
    CHECK_INT(f.ids[0], 1);
    rig_end(&r);
}

TEST(only_the_same_identity_count_and_range_finds_it)
{
    struct store_identity others[5];
    struct rig_found f = { 0 };
    struct rig r;
    size_t i;

    for (i = 0; i < 5; i++)
        others[i] = rig_who;
    others[0].token_print++;
    others[1].intents++;
    others[2].api_version++;
    strcpy(others[3].encoding, "etf");
    strcpy(others[4].compression, "");
    rig_start(&r);
    for (i = 0; i < 6; i++)
        rig_save(&r, (uint32_t)i, 8);
    CHECK_INT(rig_load(&r, &rig_who, 8).n, 6);
    CHECK_INT(rig_load(&r, &rig_who, 9).n, 0);
    for (i = 0; i < 5; i++)
        CHECK_INT(rig_load(&r, &others[i], 8).n, 0);
    CHECK_INT(store_load_sessions(r.store, &rig_who, 8, 2, 4, rig_on_session, &f), 0);
    CHECK_INT(f.n, 3);
    CHECK_INT(f.ids[0], 2);
    rig_end(&r);
}

TEST(a_plan_is_replaced_as_a_whole)
{
    static char large[1024 * 1024 + 1];
    struct buf plan = { 0 };
    struct rig r;

    rig_start(&r);
    CHECK_INT(store_load_plan(r.store, &plan), CORDAGE_ENOTFOUND);
    CHECK_INT(store_save_plan(r.store, STR("{\"shards\":64}")), 0);
    CHECK_INT(store_save_plan(r.store, STR("{\"shards\":8}")), 0);
    CHECK_INT(store_save_plan(r.store, (struct str){ large, sizeof large }),
              CORDAGE_ELIMIT);
    store_close(r.store);
    CHECK_INT(rig_open(&r), 0);
    CHECK_INT(buf_append_z(&plan, "plan="), 0);
    CHECK_INT(store_load_plan(r.store, &plan), 0);
    CHECK_STR(buf_str(&plan), "plan={\"shards\":8}");
    buf_release(&plan);
    rig_end(&r);
}

TEST(what_is_beyond_a_limit_is_not_saved)
{
    static char large[LIMIT_SESSION_ID + LIMIT_URL];
    struct store_session row = rig_session(0, 1), bad[6];
    struct rig r;
    size_t i;

    for (i = 0; i < 6; i++)
        bad[i] = row;
    bad[0].session_id = (struct str){ large, LIMIT_SESSION_ID + 1 };
    bad[1].session_id = (struct str){ NULL, 0 };
    bad[2].resume_url = (struct str){ large, LIMIT_URL + 1 };
    bad[3].guilds = (struct str){ large, 7 };
    bad[4].guilds = (struct str){ large, (LIMIT_GUILDS + 1) * 8 };
    bad[5].shard_id = 1;
    rig_start(&r);
    for (i = 0; i < 6; i++)
        CHECK_INT(store_save_sessions(r.store, &rig_who, &bad[i], 1, false),
                  CORDAGE_EINVAL);
    CHECK_INT(rig_load(&r, &rig_who, 1).n, 0);
    row.session_id = (struct str){ large, LIMIT_SESSION_ID };
    row.resume_url = (struct str){ NULL, 0 };
    CHECK_INT(store_save_sessions(r.store, &rig_who, &row, 1, false), 0);
    CHECK_INT(rig_load(&r, &rig_who, 1).n, 1);
    rig_end(&r);
}

/* ---- The ledger -----------------------------------------------------------------------
 */

struct walls {
    uint64_t wall[16];
    unsigned n;
};

static void on_wall(void *user, uint64_t wall, uint32_t shard_id, uint32_t shard_count)
{
    struct walls *w = user;

    CHECK_INT(shard_id, 2);
    CHECK_INT(shard_count, 4);
    w->wall[w->n++] = wall;
}

TEST(identifies_come_back_oldest_first_within_the_window)
{
    const uint64_t times[] = { NOW, NOW - 5, NOW + 1000 * LEDGER_WINDOW_MS,
                               NOW - LEDGER_WINDOW_MS, NOW - LEDGER_WINDOW_MS - 1 };
    struct walls w = { 0 };
    struct rig r;

    rig_start(&r);
    for (size_t i = 0; i < 5; i++)
        CHECK_INT(store_book_identify(r.store, times[i], 2, 4), 0);
    rig_again(&r);
    CHECK_INT(store_load_identifies(r.store, NOW - LEDGER_WINDOW_MS, on_wall, &w), 0);
    CHECK_INT(w.n, 4);
    CHECK_INT(w.wall[0], NOW - LEDGER_WINDOW_MS);
    CHECK_INT(w.wall[1], NOW - 5);
    CHECK_INT(w.wall[2], NOW);
    CHECK_INT(w.wall[3], NOW); /* by a clock that was ahead: it has not yet left */
    w.n = 0;
    CHECK_INT(store_load_identifies(r.store, NOW + 1, on_wall, &w), 0);
    CHECK_INT(w.n, 0); /* and does leave */
    rig_end(&r);
}

/* ---- kill -9 --------------------------------------------------------------------------
 */

/* Saves and books for ever; after each that returned 0 it says so in memory it shares. */
static void be_killed(struct rig *r, volatile uint64_t *told)
{
    struct store_session rows[3];
    uint64_t i;

    if (rig_open(r) < 0)
        _exit(2);
    for (i = told[0] + 1;; i++) {
        for (uint32_t k = 0; k < 3; k++) {
            rows[k] = rig_session(k, 3);
            rows[k].done = i;
        }
        if (store_save_sessions(r->store, &rig_who, rows, 3, i % 4 == 0) < 0)
            _exit(3);
        told[0] = i;
        if (store_book_identify(r->store, NOW + i, 2, 4) < 0)
            _exit(4);
        told[1]++;
    }
}

TEST(what_was_answered_with_success_outlives_kill_9)
{
    struct rig r = { .tmp = tmpdir_new() };
    volatile uint64_t *told =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct rng rng = rng_seeded(7);

    CHECK(told != MAP_FAILED);
    for (int round = 0; round < 15; round++) {
        uint64_t first = told[0];
        struct rig_found f;
        int status;
        unsigned booked;
        pid_t child = fork();

        if (child == 0)
            be_killed(&r, told);
        /* It dies in the middle of something: after some saves, at any instruction. */
        while (told[0] < first + 2 + rng_below(&rng, 20) &&
               waitpid(child, &status, WNOHANG) == 0)
            usleep(50);
        kill(child, SIGKILL);
        waitpid(child, &status, 0);
        CHECK(WIFSIGNALED(status));
        CHECK_INT(rig_open(&r), 0);
        CHECK_STR(str_of(r.lines), "");
        f = rig_load(&r, &rig_who, 3);
        CHECK_INT(f.n, 3);
        CHECK(f.done[0] == told[0] || f.done[0] == told[0] + 1); /* one was in flight */
        CHECK(f.done[1] == f.done[0] && f.done[2] == f.done[0]); /* all or none */
        booked = rig_identifies(&r, NOW);
        CHECK(booked == told[1] || booked == told[1] + 1);
        told[0] = f.done[0];
        told[1] = booked;
        store_close(r.store);
        r.store = NULL;
    }
    munmap((void *)told, 4096);
    rig_end(&r);
}

/* ---- Threads --------------------------------------------------------------------------
 */

struct worker {
    struct rig *rig;
    uint32_t shard_id;
    int err; /* the first */
};

static void *work(void *user)
{
    struct worker *w = user;
    struct store_snapshot head = {
        .shard_id = w->shard_id, .shard_count = 3, .format = 1, .whole = true
    };
    struct store_packed guild = { 1 + w->shard_id, STR("bytes") };
    struct store_session row = rig_session(w->shard_id, 3);

    for (int i = 0; i < 20 && !w->err; i++) {
        row.done++;
        w->err = store_save_sessions(w->rig->store, &rig_who, &row, 1, i % 5 == 0);
        if (!w->err)
            w->err = store_snapshot_save(w->rig->store, &head, &guild, 1);
        if (!w->err && i % 5 == 0)
            w->err =
                store_book_identify(w->rig->store, NOW + (uint64_t)i, w->shard_id, 3);
    }
    return NULL;
}

TEST(any_thread_may_use_it)
{
    struct worker workers[3];
    pthread_t threads[3];
    struct rig r;
    uint32_t i;

    rig_start(&r);
    for (i = 0; i < 3; i++) {
        workers[i] = (struct worker){ &r, i, 0 };
        CHECK_INT(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
        CHECK_INT(workers[i].err, 0);
    }
    CHECK_INT(rig_load(&r, &rig_who, 3).n, 3);
    CHECK_INT(rig_identifies(&r, NOW), 12);
    rig_end(&r);
}

RUN_TESTS(T(it_makes_its_directory_and_all_in_it_private),
          T(a_home_that_is_not_there_is_not_made_up), T(looser_modes_are_mended_and_told),
          T(a_directory_with_other_things_in_it_keeps_its_mode),
          T(a_path_that_cannot_be_one_is_told), T(a_second_process_is_told_who_has_it),
          T(the_lock_of_a_killed_process_is_no_obstacle),
          T(a_lock_file_may_hold_anything), T(a_session_comes_back_as_it_was),
          T(saving_again_replaces_and_forgetting_removes),
          T(only_the_same_identity_count_and_range_finds_it),
          T(a_plan_is_replaced_as_a_whole), T(what_is_beyond_a_limit_is_not_saved),
          T(identifies_come_back_oldest_first_within_the_window),
          T(what_was_answered_with_success_outlives_kill_9), T(any_thread_may_use_it))
