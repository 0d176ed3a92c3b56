#include "progress_lives.h"

#include <pthread.h>
#include <stdatomic.h>

#include "limits.h"
#include "progress.h"
#include "progress_file.h"
#include "rng.h"

static struct progress *open_at(const char *dir, uint64_t mark)
{
    return open_room(dir, 64, mark);
}

/* ---- What is done ---------------------------------------------------------------------
 */

TEST(all_is_done_up_to_the_lowest_that_is_open)
{
    struct progress *p = open_at(NULL, 1);
    uint32_t a, b;

    CHECK_INT(progress_low(p), 0);
    progress_pass(p, 1);
    CHECK_INT(progress_low(p), 1);
    a = progress_take(p, 2);
    b = progress_take(p, 3);
    progress_pass(p, 4);
    CHECK_INT(progress_low(p), 1);
    progress_done(p, b);
    CHECK_INT(progress_low(p), 1);
    progress_done(p, a);
    CHECK_INT(progress_low(p), 4);
    progress_begin(p, 2, 100);
    CHECK_INT(progress_low(p), 100);
    CHECK_INT(progress_mark(p), 2);
    progress_close(p);
    progress_close(NULL);
}

TEST(more_than_there_is_room_for_counts_as_open)
{
    struct progress *p = open_room(NULL, 2, 1);
    uint32_t a = progress_take(p, 1), b = progress_take(p, 2);

    CHECK(progress_take(p, 3) == UINT32_MAX);
    progress_done(p, UINT32_MAX);
    progress_done(p, a);
    progress_done(p, b);
    CHECK_INT(progress_low(p), 2);
    a = progress_take(p, 4);
    CHECK(a != UINT32_MAX);
    progress_done(p, a);
    CHECK_INT(progress_low(p), 2); /* until another session */
    progress_begin(p, 2, 0);
    progress_pass(p, 1);
    CHECK_INT(progress_low(p), 1);
    progress_close(p);
}

TEST(a_room_that_cannot_be_is_told)
{
    struct progress *p;
    cordage_error error;

    CHECK_INT(progress_open(NULL, 0, 1, 0, 1, &p, &error), CORDAGE_EINVAL);
    CHECK_INT(progress_open(NULL, 0, 1, LIMIT_OPEN_EVENTS + 1, 1, &p, &error),
              CORDAGE_EINVAL);
    CHECK_INT(progress_open("/nowhere/at/all", 0, 1, 8, 1, &p, &error), CORDAGE_ESYSTEM);
    CHECK(strstr(error.message, "/nowhere/at/all/progress-0-1: No such file") != NULL);
}

TEST(a_handler_that_outlives_its_session_closes_nothing_of_the_next)
{
    struct progress *p = open_room(NULL, 2, 1);
    uint32_t old = progress_take(p, 1), a;

    progress_begin(p, 2, 0);
    a = progress_take(p, 1);
    CHECK(a != old);
    CHECK(progress_take(p, 2) == UINT32_MAX); /* its place isn't free yet */
    progress_done(p, old);
    CHECK_INT(progress_low(p), 0);
    progress_done(p, a);
    CHECK_INT(progress_low(p), 1); /* 2 counts as open */
    progress_close(p);
}

/* ---- The file -------------------------------------------------------------------------
 */

TEST(the_file_goes_on_where_a_process_left)
{
    struct tmpdir t = tmpdir_new();
    struct progress *p = open_at(t.dir, 7);
    uint32_t a, b;

    progress_begin(p, 7, 10);
    a = progress_take(p, 11);
    progress_take(p, 12);
    progress_take(p, 13);
    progress_pass(p, 14);
    progress_done(p, a);
    progress_close(p);

    CHECK_INT(tmpdir_mode(tmpdir_path(&t, "progress-3-8")), 0600);
    p = open_at(t.dir, 7);
    CHECK_INT(progress_low(p), 11);
    CHECK(progress_was_done(p, 1) && progress_was_done(p, 11) &&
          progress_was_done(p, 14));
    CHECK(!progress_was_done(p, 12) && !progress_was_done(p, 13));
    CHECK(!progress_was_done(p, 15));
    a = progress_take(p, 12); /* they come again: one has a handler, the other none now */
    progress_pass(p, 13);
    b = progress_take(p, 15);
    CHECK(a != b);
    CHECK_INT(progress_low(p), 11);
    progress_done(p, a);
    CHECK_INT(progress_low(p), 14);
    progress_done(p, b);
    CHECK_INT(progress_low(p), 15);
    progress_close(p);
    tmpdir_free(&t);
}

TEST(another_session_begins_with_nothing)
{
    struct tmpdir t = tmpdir_new();
    struct progress *p = open_at(t.dir, 7);

    progress_pass(p, 100);
    progress_close(p);
    p = open_at(t.dir, 8);
    CHECK_INT(progress_low(p), 0);
    CHECK_INT(progress_mark(p), 8);
    CHECK(!progress_was_done(p, 1));
    progress_begin(p, 9, 50); /* a row of the store said so */
    CHECK(progress_was_done(p, 50) && !progress_was_done(p, 51));
    progress_close(p);
    p = open_at(t.dir, 0);
    CHECK_INT(progress_low(p), 0);
    progress_close(p);
    progress_remove(t.dir, 3, 8);
    CHECK_INT(tmpdir_count(t.dir, "progress-", NULL), 0);
    tmpdir_free(&t);
}

TEST(room_may_change_between_processes)
{
    struct tmpdir t = tmpdir_new();
    struct progress *p = open_room(t.dir, 40, 7);
    uint64_t seq;

    for (seq = 1; seq <= 40; seq++)
        progress_take(p, seq);
    progress_close(p);
    p = open_room(t.dir, 8, 7); /* less than what is open */
    CHECK_INT(progress_low(p), 0);
    CHECK(progress_take(p, 41) == UINT32_MAX);
    for (seq = 1; seq <= 40; seq++)
        progress_done(p, progress_take(p, seq));
    CHECK_INT(progress_low(p), 40);
    progress_close(p);
    p = open_room(t.dir, LIMIT_OPEN_EVENTS, 7);
    CHECK_INT(progress_low(p), 40); /* 41 found no place, and no file forgets that */
    CHECK(progress_was_done(p, 40) && !progress_was_done(p, 41));
    for (seq = 42; seq <= 1000000; seq++)
        CHECK(progress_take(p, seq) != UINT32_MAX);
    progress_close(p);
    p = open_room(t.dir, LIMIT_OPEN_EVENTS, 7);
    CHECK(!progress_was_done(p, 1000000) && progress_was_done(p, 40));
    progress_close(p);
    tmpdir_free(&t);
}

TEST(one_event_at_a_time_uses_one_place)
{
    struct tmpdir t = tmpdir_new();
    struct progress *p = open_room(t.dir, 4096, 7);
    struct stat st;

    for (uint64_t seq = 1; seq < 100000; seq++)
        progress_done(p, progress_take(p, seq));
    CHECK_INT(progress_take(p, 100000), 0);
    progress_close(p);
    CHECK_INT(stat(tmpdir_path(&t, "progress-3-8"), &st), 0);
    CHECK_INT(st.st_size, PROGRESS_HEAD_BYTES + 4096 * 8);
    CHECK(st.st_blocks * 512 >= st.st_size); /* no store to it can meet a full disk */
    tmpdir_free(&t);
}

/* ---- Files that are not what they should be -------------------------------------------
 */

struct image {
    struct progress_head head;
    char bytes[PROGRESS_HEAD_BYTES + 4 * 8];
};

/* Shard 3 of 8, session 7, up to 20, with 15 and 17 open. */
static struct image sound_image(void)
{
    const uint64_t places[4] = { 17, 0, 15, 0 };
    struct image m = { 0 };

    progress_head_init(&m.head, 3, 8);
    atomic_store(&m.head.mark, 7);
    atomic_store(&m.head.last, 20);
    atomic_store(&m.head.reach, 4);
    memcpy(m.bytes + PROGRESS_HEAD_BYTES, places, sizeof places);
    return m;
}

static uint64_t low_of(struct image *m, size_t n)
{
    struct tmpdir t = tmpdir_new();
    struct progress *p;
    uint64_t low;

    memcpy(m->bytes, &m->head, sizeof m->head);
    tmpdir_write(tmpdir_path(&t, "progress-3-8"), m->bytes, n);
    p = open_at(t.dir, 7);
    low = progress_low(p);
    progress_done(p, progress_take(p, low + 1)); /* whatever it was, it works now */
    progress_close(p);
    tmpdir_free(&t);
    return low;
}

static void put_place(struct image *m, unsigned place, uint64_t seq)
{
    memcpy(m->bytes + PROGRESS_HEAD_BYTES + place * 8, &seq, 8);
}

TEST(a_file_that_makes_no_sense_counts_as_none)
{
    struct image m = sound_image();
    size_t n;

    CHECK_INT(low_of(&m, sizeof m.bytes), 14);
    for (n = 0; n < sizeof m.bytes; n++)
        CHECK_INT(low_of(&m, n), 0);
    m.head.magic[7]++;
    CHECK_INT(low_of(&m, sizeof m.bytes), 0);
    m = sound_image();
    m.head.shard_id = 4;
    CHECK_INT(low_of(&m, sizeof m.bytes), 0);
    m = sound_image();
    m.head.shard_count = 16;
    CHECK_INT(low_of(&m, sizeof m.bytes), 0);
    m = sound_image();
    m.head.boot[3] ^= 1; /* the machine was started anew since */
    CHECK_INT(low_of(&m, sizeof m.bytes), 0);
    m = sound_image();
    atomic_store(&m.head.mark, 0);
    CHECK_INT(low_of(&m, sizeof m.bytes), 0);
    m = sound_image();
    atomic_store(&m.head.reach, LIMIT_OPEN_EVENTS + 1);
    CHECK_INT(low_of(&m, sizeof m.bytes), 0);
    m = sound_image();
    atomic_store(&m.head.reach, 5); /* the file is shorter */
    CHECK_INT(low_of(&m, sizeof m.bytes), 0);
    m = sound_image();
    atomic_store(&m.head.unplaced_first, 9); /* without an end */
    CHECK_INT(low_of(&m, sizeof m.bytes), 0);
    m = sound_image();
    put_place(&m, 3, 15); /* twice */
    CHECK_INT(low_of(&m, sizeof m.bytes), 0);
    m = sound_image();
    put_place(&m, 1, 21); /* one may have been on its way in */
    CHECK_INT(low_of(&m, sizeof m.bytes), 14);
    put_place(&m, 3, 22); /* but not two */
    CHECK_INT(low_of(&m, sizeof m.bytes), 0);
    m = sound_image();
    put_place(&m, 1, 13 | PROGRESS_BEGUN | 3 * PROGRESS_DEATH);
    CHECK_INT(low_of(&m, sizeof m.bytes), 12);
    put_place(&m, 3, PROGRESS_BEGUN); /* of no event */
    CHECK_INT(low_of(&m, sizeof m.bytes), 0);
    put_place(&m, 3, 21 | PROGRESS_DEATH); /* on its way in, it can't have begun */
    CHECK_INT(low_of(&m, sizeof m.bytes), 0);
}

TEST(random_bytes_count_as_none)
{
    struct rng r = rng_seeded(3);
    struct image m;

    for (int round = 0; round < 200; round++) {
        m = sound_image();
        memcpy(m.bytes, &m.head, sizeof m.head);
        for (size_t i = rng_below(&r, 40); i < sizeof m.bytes; i++)
            m.bytes[i] = (char)rng_next(&r);
        memcpy(&m.head, m.bytes, sizeof m.head);
        CHECK_INT(low_of(&m, sizeof m.bytes), 0);
    }
}

TEST(what_is_no_plain_file_is_told)
{
    struct tmpdir t = tmpdir_new();
    struct progress *p;
    cordage_error error;

    CHECK_INT(mkfifo(tmpdir_path(&t, "progress-3-8"), 0600), 0);
    CHECK_INT(progress_open(t.dir, 3, 8, 8, 1, &p, &error), CORDAGE_ESYSTEM);
    CHECK(strstr(error.message, "progress-3-8") != NULL);
    progress_remove(t.dir, 3, 8);
    CHECK_INT(symlink("elsewhere", tmpdir_path(&t, "progress-3-8")), 0);
    CHECK_INT(progress_open(t.dir, 3, 8, 8, 1, &p, &error), CORDAGE_ESYSTEM);
    CHECK_INT(tmpdir_count(t.dir, "elsewhere", NULL), 0);
    tmpdir_free(&t);
}

/* ---- Against a model ------------------------------------------------------------------
 */

enum { SEQS = 4000, MOST_OPEN = 24 };

struct model {
    bool open[SEQS + 1];
    uint32_t place[SEQS + 1]; /* of those taken in this process; else UINT32_MAX */
    bool begun[SEQS + 1];
    uint32_t deaths[SEQS + 1];
    uint64_t last, n_open;
};

static uint64_t model_low(const struct model *m)
{
    for (uint64_t seq = 1; seq <= m->last; seq++)
        if (m->open[seq])
            return seq - 1;
    return m->last;
}

static void model_take(struct model *m, struct progress *p, uint64_t seq, struct rng *r)
{
    m->place[seq] = progress_take(p, seq);
    CHECK(m->place[seq] != UINT32_MAX);
    m->open[seq] = true;
    m->begun[seq] = rng_below(r, 2);
    if (m->begun[seq])
        progress_begin_event(p, m->place[seq]);
}

/* One that is being handled in this process ends. */
static void model_done(struct model *m, struct progress *p, struct rng *r)
{
    uint64_t start = rng_below(r, SEQS), i;

    for (i = 0; i < SEQS; i++) {
        uint64_t seq = 1 + (start + i) % SEQS;

        if (m->open[seq] && m->place[seq] != UINT32_MAX) {
            progress_begin_event(p, m->place[seq]);
            progress_done(p, m->place[seq]);
            m->open[seq] = false;
            m->n_open--;
            return;
        }
    }
}

/* What the next process shall say of deaths. */
static void model_count(struct model *m, bool stopped)
{
    for (uint64_t seq = 1; seq <= m->last; seq++) {
        if (stopped || !m->open[seq])
            m->deaths[seq] = 0;
        else if (m->begun[seq] && m->deaths[seq] < LIMIT_DEATHS)
            m->deaths[seq]++;
        m->begun[seq] = false;
    }
}

/* The process dies, or stops; the next one opens the file and everything above W comes
 * again, of which it handles what was not done. */
static struct progress *model_die(struct model *m, struct progress *p, const char *dir,
                                  struct rng *r)
{
    bool stopped = rng_below(r, 6) == 0;
    uint64_t seq;

    model_count(m, stopped);
    if (stopped) {
        progress_close(p);
        p = open_room(dir, MOST_OPEN, 5);
    } else {
        p = die(p, dir, MOST_OPEN);
    }
    CHECK_INT(progress_low(p), model_low(m));
    for (seq = 1; seq <= SEQS; seq++) {
        CHECK_INT(progress_was_done(p, seq), seq <= m->last && !m->open[seq]);
        CHECK_INT(progress_deaths(p, seq), m->deaths[seq]);
    }
    for (seq = model_low(m) + 1; seq <= m->last; seq++) {
        if (!m->open[seq])
            continue;
        if (rng_below(r, 4) == 0) {
            progress_pass(p, seq);
            m->open[seq] = false;
            m->n_open--;
        } else {
            model_take(m, p, seq, r);
        }
    }
    return p;
}

static void random_run(uint64_t seed)
{
    struct tmpdir t = tmpdir_new();
    struct progress *p = open_room(t.dir, MOST_OPEN, 5);
    struct rng r = rng_seeded(seed);
    static struct model m;

    m = (struct model){ 0 };
    while (m.last < SEQS) {
        switch (rng_below(&r, 16)) {
        case 0:
            if (rng_below(&r, 20) == 0)
                p = model_die(&m, p, t.dir, &r);
            break;
        case 1:
        case 2:
        case 3:
        case 4:
            progress_pass(p, ++m.last);
            break;
        default:
            if (m.n_open == MOST_OPEN || rng_below(&r, 2)) {
                model_done(&m, p, &r);
            } else {
                model_take(&m, p, ++m.last, &r);
                m.n_open++;
            }
        }
        CHECK_INT(progress_low(p), model_low(&m));
    }
    progress_close(p);
    tmpdir_free(&t);
}

TEST(random_runs_agree_with_a_model)
{
    for (uint64_t seed = 1; seed <= 5; seed++)
        random_run(seed);
}

/* ---- Threads --------------------------------------------------------------------------
 */

enum { WAITING = 64 };

struct crowd {
    struct progress *p;
    /* From the loop to the others: 0: free, else an event's sequence, with its place in
     * the high half. */
    _Atomic uint64_t waiting[WAITING];
    atomic_bool over;
    atomic_uint wrong; /* cmocka's checks are for the main thread */
};

static void *finish(void *user)
{
    struct crowd *c = user;

    for (unsigned i = 0; !atomic_load(&c->over); i = (i + 1) % WAITING) {
        uint64_t job = atomic_load(&c->waiting[i]);

        if (i == 0)
            sched_yield();
        if (job == 0 || !atomic_compare_exchange_strong(&c->waiting[i], &job, 0))
            continue;
        progress_begin_event(c->p, (uint32_t)(job >> 32));
        if (progress_low(c->p) >= (uint32_t)job) /* it is open as yet */
            atomic_fetch_add(&c->wrong, 1);
        progress_done(c->p, (uint32_t)(job >> 32));
    }
    return NULL;
}

TEST(several_threads_finish_while_the_loop_takes)
{
    enum { EVENTS = 10000, THREADS = 3 };
    struct tmpdir t = tmpdir_new();
    struct crowd c = { .p = open_room(t.dir, WAITING + THREADS, 5) };
    pthread_t threads[THREADS];
    uint64_t seq, low = 0;
    int i;

    for (i = 0; i < THREADS; i++)
        CHECK_INT(pthread_create(&threads[i], NULL, finish, &c), 0);
    for (seq = 1; seq <= EVENTS; seq++) {
        uint32_t place = progress_take(c.p, seq);
        uint64_t none = 0, now;

        CHECK(place != UINT32_MAX);
        while (!atomic_compare_exchange_strong(&c.waiting[seq % WAITING], &none,
                                               (uint64_t)place << 32 | seq)) {
            sched_yield();
            none = 0;
        }
        now = progress_low(c.p);
        CHECK(now >= low && now <= seq);
        low = now;
    }
    while (progress_low(c.p) < EVENTS)
        sched_yield();
    atomic_store(&c.over, true);
    for (i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    CHECK_INT(atomic_load(&c.wrong), 0);
    progress_close(c.p);
    tmpdir_free(&t);
}

RUN_TESTS(T(all_is_done_up_to_the_lowest_that_is_open),
          T(more_than_there_is_room_for_counts_as_open), T(a_room_that_cannot_be_is_told),
          T(a_handler_that_outlives_its_session_closes_nothing_of_the_next),
          T(the_file_goes_on_where_a_process_left),
          T(another_session_begins_with_nothing), T(room_may_change_between_processes),
          T(one_event_at_a_time_uses_one_place),
          T(a_file_that_makes_no_sense_counts_as_none), T(random_bytes_count_as_none),
          T(what_is_no_plain_file_is_told), T(random_runs_agree_with_a_model),
          T(several_threads_finish_while_the_loop_takes))
