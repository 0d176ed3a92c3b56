#include "store_rig.h"

#include <sqlite3.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "rng.h"

#define NOW ((uint64_t)1795341600000)

static struct store_snapshot head_of(uint32_t shard_id, uint64_t seq)
{
    return (struct store_snapshot){ .shard_id = shard_id,
                                    .shard_count = 4,
                                    .format = 1,
                                    .policy_mark = UINT64_MAX,
                                    .session_mark = store_mark(STR("abc")),
                                    .seq = seq,
                                    .saved_at = NOW };
}

/* What came out: ids in order, and bytes as text. */
struct found {
    unsigned n, stop_after;
    uint64_t ids[16];
    char bytes[16][32];
};

static int on_guild(void *user, uint64_t guild_id, struct str bytes)
{
    struct found *f = user;

    if (f->n < 16) {
        f->ids[f->n] = guild_id;
        snprintf(f->bytes[f->n], sizeof f->bytes[0], "%.*s", STR_FMT(bytes));
    }
    return ++f->n == f->stop_after ? CORDAGE_ENOMEM : 0;
}

static struct found load(struct rig *r, struct store_snapshot head, int want)
{
    struct found f = { 0 };

    CHECK_INT(store_snapshot_load(r->store, &head, on_guild, &f), want);
    return f;
}

static void save_one(struct rig *r, struct store_snapshot head, uint64_t guild_id,
                     const char *bytes)
{
    struct store_packed one = { guild_id, str_of(bytes) };

    CHECK_INT(rig_snapshot(r, head, &one, 1), 0);
}

TEST(guilds_come_back_in_the_order_in_which_they_were_saved)
{
    const struct store_packed three[] = { { 30, STR("thirty") },
                                          { 10, STR("ten") },
                                          { UINT64_MAX, STR("a\0b") } };
    struct store_snapshot head = head_of(1, 50);
    struct found f;
    struct rig r;

    rig_start(&r);
    CHECK_INT(rig_snapshot(&r, head, three, 3), 0);
    save_one(&r, head_of(2, 7), 20, "another shard's");
    save_one(&r, head_of(1, 60), 30, "thirty again");
    rig_again(&r);
    head.seq = head.saved_at = 0;
    f = load(&r, head, 0);
    CHECK_INT(f.n, 3);
    CHECK_INT(f.ids[0], 10);
    CHECK(f.ids[1] == UINT64_MAX);
    CHECK_INT(f.ids[2], 30);
    CHECK_STR(str_of(f.bytes[2]), "thirty again");
    CHECK_INT(store_snapshot_load(r.store, &head, on_guild, &f), 0);
    CHECK_INT(head.seq, 60);
    CHECK_INT(head.saved_at, NOW);
    CHECK_INT(load(&r, head_of(2, 0), 0).n, 1);
    rig_end(&r);
}

TEST(a_guild_that_is_gone_goes)
{
    struct rig r;

    rig_start(&r);
    save_one(&r, head_of(1, 1), 10, "ten");
    save_one(&r, head_of(1, 2), 11, "eleven");
    save_one(&r, head_of(1, 3), 10, "");
    save_one(&r, head_of(1, 4), 99, ""); /* never was there */
    CHECK_INT(rig_snapshot(&r, (struct store_snapshot){ 0 }, NULL, 0), 0);
    CHECK_INT(load(&r, head_of(1, 0), 0).n, 1);
    CHECK_INT(store_snapshot_drop(r.store, 1, 4), 0);
    load(&r, head_of(1, 0), CORDAGE_ENOTFOUND);
    rig_end(&r);
}

TEST(only_what_fits_is_loaded)
{
    struct store_snapshot head = head_of(1, 1), other;
    struct rig r;

    rig_start(&r);
    load(&r, head, CORDAGE_ENOTFOUND);
    head.format = 2;
    save_one(&r, head, 10, "ten");
    other = head;
    other.format = 1; /* it is from a later version */
    load(&r, other, CORDAGE_ENOTFOUND);
    other.format = 3;
    CHECK_INT(load(&r, other, 0).n, 1);
    other = head;
    other.policy_mark--;
    load(&r, other, CORDAGE_ENOTFOUND);
    other = head;
    other.session_mark--;
    load(&r, other, CORDAGE_ENOTFOUND);
    other = head;
    other.shard_count = 5;
    load(&r, other, CORDAGE_ENOTFOUND);
    CHECK_INT(load(&r, head, 0).n, 1); /* it was not touched */
    rig_end(&r);
}

TEST(another_session_format_or_policy_begins_anew)
{
    struct store_snapshot head = head_of(1, 1);
    struct rig r;

    rig_start(&r);
    for (int i = 0; i < 3; i++) {
        save_one(&r, head, 10, "ten");
        save_one(&r, head, 11, "eleven");
        CHECK_INT(load(&r, head, 0).n, 2);
        if (i == 0)
            head.session_mark++;
        else if (i == 1)
            head.format++;
        else
            head.policy_mark--;
    }
    save_one(&r, head, 10, "ten");
    CHECK_INT(load(&r, head, 0).n, 1);
    rig_end(&r);
}

TEST(a_whole_one_replaces_what_was_there)
{
    struct store_snapshot whole = head_of(1, 60);
    struct found f;
    struct rig r;

    rig_start(&r);
    save_one(&r, head_of(1, 50), 10, "gone, which nobody told");
    save_one(&r, head_of(1, 51), 20, "twenty");
    whole.whole = true;
    save_one(&r, whole, 20, "twenty again");
    f = load(&r, head_of(1, 0), 0);
    CHECK_INT(f.n, 1);
    CHECK_INT(f.ids[0], 20);
    rig_end(&r);
}

/* Else it would be taken for all that there is. */
TEST(there_must_be_one_to_add_to)
{
    const struct store_packed one = { 20, STR("twenty") };
    struct store_snapshot head = head_of(1, 60), other = head;
    struct rig r;

    rig_start(&r);
    CHECK_INT(store_snapshot_save(r.store, &head, &one, 1), CORDAGE_ENOTFOUND);
    load(&r, head, CORDAGE_ENOTFOUND);
    save_one(&r, head, 10, "ten");
    CHECK_INT(store_snapshot_save(r.store, &head, &one, 1), 0);
    CHECK_INT(load(&r, head, 0).n, 2);
    other.session_mark++;
    CHECK_INT(store_snapshot_save(r.store, &other, &one, 1), CORDAGE_ENOTFOUND);
    CHECK_INT(load(&r, head, 0).n, 2);
    unlink(tmpdir_path(&r.tmp, "cache.db"));
    CHECK_INT(store_snapshot_save(r.store, &head, &one, 1), CORDAGE_ENOTFOUND);
    rig_end(&r);
}

TEST(what_was_not_saved_for_two_days_goes)
{
    struct store_snapshot old = head_of(0, 1), young = head_of(2, 1);
    struct rig r;

    rig_start(&r);
    old.shard_count = 3;
    old.saved_at = NOW - 49ULL * 3600 * 1000;
    save_one(&r, old, 10, "ten");
    young.saved_at = NOW - 47ULL * 3600 * 1000;
    save_one(&r, young, 20, "twenty");
    CHECK_INT(load(&r, old, 0).n, 1);
    save_one(&r, head_of(1, 1), 11, "eleven");
    load(&r, old, CORDAGE_ENOTFOUND);
    CHECK_INT(load(&r, young, 0).n, 1);
    rig_end(&r);
}

TEST(a_reader_may_end_it)
{
    struct found f = { .stop_after = 1 };
    struct store_snapshot head = head_of(1, 1);
    struct rig r;

    rig_start(&r);
    save_one(&r, head, 10, "ten");
    save_one(&r, head, 11, "eleven");
    CHECK_INT(store_snapshot_load(r.store, &head, on_guild, &f), CORDAGE_ENOMEM);
    CHECK_INT(f.n, 1);
    CHECK_INT(load(&r, head, 0).n, 2);
    rig_end(&r);
}

/* ---- Damage that SQLite doesn't see ---------------------------------------------------
 */

static void damage(struct rig *r, const char *statement)
{
    sqlite3 *db;

    store_close(r->store);
    r->store = NULL;
    CHECK_INT(sqlite3_open(tmpdir_path(&r->tmp, "cache.db"), &db), SQLITE_OK);
    CHECK_INT(sqlite3_exec(db, statement, NULL, NULL, NULL), SQLITE_OK);
    CHECK_INT(sqlite3_changes(db), 1);
    sqlite3_close(db);
    CHECK_INT(rig_open(r), 0);
}

TEST(a_changed_row_breaks_its_shards_snapshot_alone)
{
    static const char *const ways[] = {
        "UPDATE guild SET bytes = x'01' WHERE guild_id = 11",
        "UPDATE guild SET guild_id = 12 WHERE guild_id = 11",
        "UPDATE guild SET shard_id = 3 WHERE guild_id = 11",
        "DELETE FROM guild WHERE guild_id = 11",
        "UPDATE guild SET bytes = 17 WHERE guild_id = 11",
        "UPDATE head SET guilds = 1 WHERE shard_id = 1",
        "UPDATE head SET seq = 1000 WHERE shard_id = 1",
        "UPDATE head SET checksum = NULL WHERE shard_id = 1",
    };
    struct rig r;

    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        rig_start(&r);
        save_one(&r, head_of(1, 1), 10, "ten");
        save_one(&r, head_of(1, 1), 11, "eleven");
        save_one(&r, head_of(2, 1), 20, "twenty");
        damage(&r, ways[i]);
        load(&r, head_of(1, 1), CORDAGE_ENOTFOUND);
        load(&r, head_of(1, 1), CORDAGE_ENOTFOUND);
        CHECK_INT(load(&r, head_of(2, 1), 0).n, 1);
        CHECK(strstr(r.lines, "shard=1 store: its snapshot in") != NULL);
        rig_end(&r);
    }
}

/* ---- Many and large -------------------------------------------------------------------
 */

enum { GUILDS = 2500, GUILD_BYTES = 12 * 1024 };

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int sum_guild(void *user, uint64_t guild_id, struct str bytes)
{
    uint64_t *sum = user;

    *sum += guild_id * bytes.n + (unsigned char)bytes.p[bytes.n - 1];
    return 0;
}

TEST(a_large_snapshot_is_saved_and_loaded)
{
    static struct store_packed guilds[GUILDS];
    static char noise[GUILD_BYTES + GUILDS];
    struct store_snapshot head = head_of(1, 1);
    uint64_t want = 0, got = 0;
    struct rng rng = rng_seeded(1);
    double start, first, again, few, loaded, opened;
    struct rig r;
    size_t i;

    for (i = 0; i < sizeof noise; i++)
        noise[i] = (char)rng_next(&rng);
    for (i = 0; i < GUILDS; i++) {
        guilds[i] = (struct store_packed){ (i + 1) << 40, { noise + i, GUILD_BYTES } };
        sum_guild(&want, guilds[i].guild_id, guilds[i].bytes);
    }
    rig_start(&r);
    start = seconds();
    CHECK_INT(rig_snapshot(&r, head, guilds, GUILDS), 0);
    first = seconds() - start, start = seconds();
    CHECK_INT(rig_snapshot(&r, head, guilds, GUILDS), 0);
    again = seconds() - start, start = seconds();
    CHECK_INT(rig_snapshot(&r, head, guilds, 100), 0);
    few = seconds() - start, start = seconds();
    rig_again(&r);
    opened = seconds() - start, start = seconds();
    CHECK_INT(store_snapshot_load(r.store, &head, sum_guild, &got), 0);
    loaded = seconds() - start;
    CHECK(got == want);
    print_message(
        "%d guilds of %d bytes: saved in %.0f ms, again in %.0f ms, 100 of them in "
        "%.0f ms; closed and opened in %.0f ms, loaded in %.0f ms\n",
        GUILDS, GUILD_BYTES, first * 1e3, again * 1e3, few * 1e3, opened * 1e3,
        loaded * 1e3);
    rig_end(&r);
}

/* ---- kill -9 --------------------------------------------------------------------------
 */

enum { SOME = 40 };

/* Every save replaces all guilds with bytes that tell its sequence. */
static void be_killed(struct rig *r, volatile uint64_t *told)
{
    static char bytes[4000];
    struct store_packed guilds[SOME];

    if (rig_open(r) < 0)
        _exit(2);
    for (uint64_t seq = *told + 1;; seq++) {
        struct store_snapshot head = head_of(1, seq);

        snprintf(bytes, sizeof bytes, "%llu", (unsigned long long)seq);
        for (uint64_t i = 0; i < SOME; i++)
            guilds[i] = (struct store_packed){ i + 1, { bytes, sizeof bytes } };
        if (rig_snapshot(r, head, guilds, SOME) < 0)
            _exit(3);
        *told = seq;
    }
}

struct same {
    uint64_t seq;
    unsigned n;
    bool differs;
};

static int compare_guild(void *user, uint64_t guild_id, struct str bytes)
{
    struct same *s = user;
    uint64_t seq = strtoull(bytes.p, NULL, 10);

    (void)guild_id;
    if (s->n++ == 0)
        s->seq = seq;
    s->differs |= s->seq != seq;
    return 0;
}

TEST(kill_9_leaves_a_whole_snapshot)
{
    struct rig r = { .tmp = tmpdir_new() };
    volatile uint64_t *told =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct rng rng = rng_seeded(5);

    CHECK(told != MAP_FAILED);
    for (int round = 0; round < 12; round++) {
        struct store_snapshot head = head_of(1, 0);
        uint64_t first = *told;
        struct same s = { 0 };
        int status;
        pid_t child = fork();

        if (child == 0)
            be_killed(&r, told);
        while (*told < first + 1 + rng_below(&rng, 15) &&
               waitpid(child, &status, WNOHANG) == 0)
            usleep(50);
        kill(child, SIGKILL);
        waitpid(child, &status, 0);
        CHECK(WIFSIGNALED(status));
        CHECK_INT(rig_open(&r), 0);
        CHECK_INT(store_snapshot_load(r.store, &head, compare_guild, &s), 0);
        CHECK_STR(str_of(r.lines), "");
        CHECK(head.seq == *told || head.seq == *told + 1);
        CHECK(s.n == SOME && !s.differs && s.seq == head.seq);
        *told = head.seq;
        store_close(r.store);
        r.store = NULL;
    }
    munmap((void *)told, 4096);
    rig_end(&r);
}

RUN_TESTS(T(guilds_come_back_in_the_order_in_which_they_were_saved),
          T(a_guild_that_is_gone_goes), T(only_what_fits_is_loaded),
          T(another_session_format_or_policy_begins_anew),
          T(a_whole_one_replaces_what_was_there), T(there_must_be_one_to_add_to),
          T(what_was_not_saved_for_two_days_goes), T(a_reader_may_end_it),
          T(a_changed_row_breaks_its_shards_snapshot_alone),
          T(a_large_snapshot_is_saved_and_loaded), T(kill_9_leaves_a_whole_snapshot))
