/* Several processes that use one state directory at once, as a fleet's workers do: all of
 * their work is done, whatever the others are at, killed ones among them. */
#include "store_world.h"

#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "rng.h"

enum { PROCESSES = 4, N_GUILDS = 1000, GUILD_BYTES = 10 * 1024, ROUNDS = 2, KILLS = 4 };

static struct store_snapshot head_for(uint32_t shard, uint64_t seq, bool whole)
{
    struct store_snapshot head = head_of(seq);

    head.shard_id = shard;
    head.shard_count = PROCESSES;
    head.whole = whole;
    return head;
}

/* Ten megabytes, then a little. */
static int save_guilds(struct store *s, uint32_t shard, uint64_t seq, size_t n)
{
    static char bytes[GUILD_BYTES];
    static struct store_packed guilds[N_GUILDS];
    struct store_snapshot head = head_for(shard, seq, n == N_GUILDS);

    memset(bytes, (int)('a' + seq % 26), sizeof bytes);
    for (uint64_t i = 0; i < n; i++)
        guilds[i] = (struct store_packed){ i + 1, { bytes, sizeof bytes } };
    return store_snapshot_save(s, &head, guilds, n);
}

static int work_once(struct store *s, uint32_t shard, uint64_t round)
{
    struct store_session row = rig_session(shard, PROCESSES);
    int err = save_guilds(s, shard, round * 10, N_GUILDS);

    for (uint64_t i = 1; i < 6 && !err; i++) {
        row.done = row.received = round * 10 + i;
        err = save_guilds(s, shard, round * 10 + i, 3);
        if (!err)
            err = store_save_sessions(s, &rig_who, &row, 1, i == 5);
        if (!err)
            err = store_book_identify(s, NOW + round, shard, PROCESSES);
    }
    return err;
}

struct peer {
    pid_t pid;
    int said, go;
};

static void say(int fd, char c)
{
    if (write(fd, &c, 1) != 1)
        _exit(98);
}

/* Opens the directory as the others do, in the same moment; works; waits for the end. */
static void be_peer(struct rig *r, uint32_t shard, int said, int go)
{
    struct store *s;
    char c;

    if (read(go, &c, 1) != 1 ||
        store_open(r->tmp.dir, STORE_SHARED, &r->log, &s, &r->error))
        _exit(1);
    say(said, 'o');
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        if (work_once(s, shard, round))
            _exit(2);
        say(said, 'w');
    }
    store_close(s);
    _exit(r->lines[0] ? 3 : 0); /* nothing was worth a word */
}

static struct peer start(struct rig *r, uint32_t shard,
                         void (*be)(struct rig *r, uint32_t shard, int said, int go))
{
    int said[2], go[2];
    struct peer p;

    CHECK_INT(pipe2(said, O_CLOEXEC), 0);
    CHECK_INT(pipe2(go, O_CLOEXEC), 0);
    p.pid = fork();
    CHECK(p.pid >= 0);
    if (p.pid == 0) {
        r->log = (struct log){ rig_log, r, LOG_INFO };
        be(r, shard, said[1], go[0]);
    }
    close(said[1]);
    close(go[0]);
    p.said = said[0];
    p.go = go[1];
    return p;
}

static void hear(struct peer *p)
{
    char c;

    CHECK_INT(read(p->said, &c, 1), 1);
}

static int end(struct peer *p, int number)
{
    int status;

    if (number)
        kill(p->pid, number);
    CHECK_INT(waitpid(p->pid, &status, 0), p->pid);
    close(p->said);
    close(p->go);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int count_sound(void *user, uint64_t guild_id, struct str bytes)
{
    (void)guild_id;
    for (size_t i = 1; i < bytes.n; i++)
        if (bytes.p[i] != bytes.p[0])
            return CORDAGE_EPARSE;
    ++*(unsigned *)user;
    return 0;
}

static void check_shard(struct rig *r, uint32_t shard, uint64_t seq)
{
    struct store_snapshot head = head_for(shard, 0, false);
    unsigned n = 0;

    CHECK_INT(store_snapshot_load(r->store, &head, count_sound, &n), 0);
    CHECK_INT(n, N_GUILDS);
    CHECK_INT(head.seq, seq);
}

TEST(all_that_several_processes_save_at_once_is_saved)
{
    struct rig r = { .tmp = tmpdir_new() };
    struct peer peers[PROCESSES];

    for (uint32_t i = 0; i < PROCESSES; i++)
        peers[i] = start(&r, i, be_peer);
    for (uint32_t i = 0; i < PROCESSES; i++)
        say(peers[i].go, 'g'); /* the directory is empty: all of them make the files */
    for (uint32_t i = 0; i < PROCESSES; i++)
        CHECK_INT(end(&peers[i], 0), 0);
    CHECK_INT(rig_open(&r), 0);
    for (uint32_t i = 0; i < PROCESSES; i++)
        check_shard(&r, i, ROUNDS * 10 + 5);
    CHECK_INT(rig_load(&r, &rig_who, PROCESSES).n, PROCESSES);
    CHECK_INT(rig_identifies(&r, NOW), PROCESSES * ROUNDS * 5);
    CHECK_INT(set_aside(&r, "state.db"), 0);
    CHECK_INT(set_aside(&r, "cache.db"), 0);
    rig_end(&r);
}

TEST(a_killed_one_holds_up_nobody_and_leaves_what_it_had_saved)
{
    struct rig r = { .tmp = tmpdir_new() };
    struct rng rng = rng_seeded(9);
    struct peer steady[2], victim;

    for (uint32_t i = 0; i < 2; i++) {
        steady[i] = start(&r, i, be_peer);
        say(steady[i].go, 'g');
    }
    for (unsigned i = 0; i < KILLS; i++) {
        struct timespec a_little = { 0, (long)rng_below(&rng, 60 * 1000 * 1000) };

        victim = start(&r, 2, be_peer);
        say(victim.go, 'g');
        hear(&victim);
        nanosleep(&a_little,
                  NULL); /* anywhere in its work: there is no fact to wait for */
        CHECK_INT(end(&victim, SIGKILL), 128 + SIGKILL);
    }
    for (uint32_t i = 0; i < 2; i++)
        CHECK_INT(end(&steady[i], 0), 0);
    victim = start(&r, 2, be_peer);
    say(victim.go, 'g');
    CHECK_INT(end(&victim, 0), 0);
    CHECK_INT(rig_open(&r), 0);
    for (uint32_t i = 0; i < 3; i++)
        check_shard(&r, i, ROUNDS * 10 + 5);
    CHECK_INT(set_aside(&r, "state.db"), 0);
    CHECK_INT(set_aside(&r, "cache.db"), 0);
    rig_end(&r);
}

/* ---- A damaged file that several have open
 * ----------------------------------------------
 */

static void save_row(struct store *s, uint32_t shard)
{
    struct store_session row = rig_session(shard, PROCESSES);

    for (int i = 0; i < 20; i++)
        if (store_save_sessions(s, &rig_who, &row, 1, false))
            _exit(3);
}

/* Writes at the first word, and again at the second. */
static void be_witness(struct rig *r, uint32_t shard, int said, int go)
{
    struct store *s;
    char c;

    if (store_open(r->tmp.dir, STORE_SHARED, &r->log, &s, &r->error))
        _exit(1);
    for (int i = 0; i < 2; i++) {
        say(said, 'o');
        if (read(go, &c, 1) != 1)
            _exit(2);
        save_row(s, shard);
    }
    store_close(s);
    _exit(0);
}

static void damage(struct rig *r)
{
    char noise[512];
    FILE *f = fopen(tmpdir_path(&r->tmp, "state.db"), "r+");

    memset(noise, 0x5a, sizeof noise);
    CHECK(f != NULL);
    for (int page = 1; page < 5; page++) {
        fseek(f, page * 4096L, SEEK_SET);
        CHECK_INT(fwrite(noise, 1, sizeof noise, f), sizeof noise);
    }
    fclose(f);
}

/* Whoever has it open need not notice: the newcomer does, who looks at every page. */
TEST(a_damaged_file_is_set_aside_once_and_all_go_on_in_the_new_one)
{
    struct peer peers[PROCESSES];
    struct rig r;

    rig_start(&r);
    rig_save(&r, 0, 1);
    store_close(r.store); /* all is in the file */
    r.store = NULL;
    for (uint32_t i = 1; i < PROCESSES; i++) {
        peers[i] = start(&r, i, be_witness);
        hear(&peers[i]);
    }
    damage(&r);
    for (uint32_t i = 1; i < PROCESSES; i++)
        say(peers[i].go, 'g');
    peers[0] = start(&r, 0, be_witness);
    say(peers[0].go, 'g');
    for (uint32_t i = 0; i < PROCESSES; i++)
        hear(&peers[i]);
    hear(&peers[0]);
    for (uint32_t i = 0; i < PROCESSES; i++) {
        say(peers[i].go, 'g');
        CHECK_INT(end(&peers[i], 0), 0);
    }
    CHECK_INT(rig_open(&r), 0);
    CHECK_STR(str_of(r.lines), ""); /* it is sound */
    CHECK_INT(set_aside(&r, "state.db"), 1);
    CHECK_INT(rig_load(&r, &rig_who, PROCESSES).n, PROCESSES);
    rig_end(&r);
}

/* ---- The plan
 * ---------------------------------------------------------------------------
 */

TEST(a_plan_reaches_another_process)
{
    struct buf plan = { 0 };
    struct store *worker;
    struct rig r;

    rig_start(&r);
    CHECK_INT(store_save_plan(r.store, STR("{\"shards\":128}")), 0);
    CHECK_INT(store_open(r.tmp.dir, STORE_SHARED, NULL, &worker, &r.error), 0);
    CHECK_INT(store_load_plan(worker, &plan), 0);
    CHECK_STR(buf_str(&plan), "{\"shards\":128}");
    store_close(worker);
    buf_release(&plan);
    rig_end(&r);
}

RUN_TESTS(T(all_that_several_processes_save_at_once_is_saved),
          T(a_killed_one_holds_up_nobody_and_leaves_what_it_had_saved),
          T(a_damaged_file_is_set_aside_once_and_all_go_on_in_the_new_one),
          T(a_plan_reaches_another_process))
