#include "lanes.h"

#include <pthread.h>

#include "test.h"

/* What the jobs of a test write down, in the order in which they run. */
struct diary {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned n, released, half, inside, most_inside;
    bool idle;
    struct {
        uint64_t key;
        unsigned number;
        void *context;
    } entries[4096];
};

struct note {
    struct job job;
    struct diary *diary;
    unsigned number;
    /* Runs on once this many notes have begun: 0 at once. */
    unsigned wait_for;
};

static struct diary diary_new(void)
{
    return (struct diary){ .lock = PTHREAD_MUTEX_INITIALIZER,
                           .changed = PTHREAD_COND_INITIALIZER };
}

static void run_note(struct job *job, void *context)
{
    struct note *note = CONTAINER_OF(job, struct note, job);
    struct diary *d = note->diary;

    pthread_mutex_lock(&d->lock);
    d->entries[d->n].key = job->key;
    d->entries[d->n].number = note->number;
    d->entries[d->n++].context = context;
    if (++d->inside > d->most_inside)
        d->most_inside = d->inside;
    pthread_cond_broadcast(&d->changed);
    while (d->n < note->wait_for)
        pthread_cond_wait(&d->changed, &d->lock);
    d->inside--;
    pthread_mutex_unlock(&d->lock);
}

static void release_note(struct job *job)
{
    struct note *note = CONTAINER_OF(job, struct note, job);
    struct diary *d = note->diary;

    pthread_mutex_lock(&d->lock);
    d->released++;
    pthread_cond_broadcast(&d->changed);
    pthread_mutex_unlock(&d->lock);
    free(note);
}

static struct note *note_new(struct diary *d, uint64_t key, unsigned number)
{
    struct note *note = mem_zero(sizeof *note);

    assert_non_null(note);
    note->job = (struct job){ .run = run_note, .release = release_note, .key = key };
    note->diary = d;
    note->number = number;
    return note;
}

static bool push(struct lane_group *g, struct diary *d, uint64_t key, unsigned number)
{
    return lanes_push(g, &note_new(d, key, number)->job);
}

static bool push_barrier(struct lane_group *g, struct diary *d, unsigned number)
{
    struct note *note = note_new(d, 0, number);

    note->job.barrier = true;
    return lanes_push(g, &note->job);
}

/* A job that keeps its lane until `n` notes have begun. */
static bool push_waiting(struct lane_group *g, struct diary *d, uint64_t key, unsigned n)
{
    struct note *note = note_new(d, key, 0);

    note->wait_for = n;
    return lanes_push(g, &note->job);
}

static void mark_idle(void *user)
{
    struct diary *d = user;

    pthread_mutex_lock(&d->lock);
    d->idle = true;
    pthread_cond_broadcast(&d->changed);
    pthread_mutex_unlock(&d->lock);
}

static void wait_idle(struct lanes *l, struct diary *d)
{
    d->idle = false;
    lanes_when_idle(l, mark_idle, d);
    pthread_mutex_lock(&d->lock);
    while (!d->idle)
        pthread_cond_wait(&d->changed, &d->lock);
    pthread_mutex_unlock(&d->lock);
}

static void wait_begun(struct diary *d, unsigned n)
{
    pthread_mutex_lock(&d->lock);
    while (d->n < n)
        pthread_cond_wait(&d->changed, &d->lock);
    pthread_mutex_unlock(&d->lock);
}

static void *const no_contexts[8];

static struct lanes *executor(unsigned n)
{
    struct lanes *l;

    CHECK_INT(lanes_new(n, (void **)no_contexts, &l), 0);
    return l;
}

/* ---- Order and parallelism ------------------------------------------------ */

TEST(a_lane_keeps_the_order_in_which_jobs_were_pushed)
{
    enum { KEYS = 7, EACH = 500 };
    struct diary d = diary_new();
    struct lanes *l = executor(4);
    struct lane_group g;
    unsigned next[KEYS] = { 0 };

    lane_group_init(&g, l, UINT32_MAX);
    for (unsigned i = 0; i < EACH; i++)
        for (uint64_t key = 0; key < KEYS; key++)
            CHECK(push(&g, &d, key << 22, i));
    wait_idle(l, &d);
    CHECK_INT(d.n, KEYS * EACH);
    CHECK_INT(d.released, KEYS * EACH);
    for (unsigned i = 0; i < d.n; i++)
        CHECK_INT(d.entries[i].number, next[d.entries[i].key >> 22]++);
    lanes_free(l);
}

TEST(one_lane_never_runs_on_two_threads)
{
    struct diary d = diary_new();
    struct lanes *l = executor(4);
    struct lane_group g;

    lane_group_init(&g, l, UINT32_MAX);
    for (unsigned i = 0; i < 1000; i++)
        push(&g, &d, 42, i);
    wait_idle(l, &d);
    CHECK_INT(d.n, 1000);
    CHECK_INT(d.most_inside, 1);
    lanes_free(l);
}

TEST(different_lanes_run_at_the_same_time)
{
    struct diary d = diary_new();
    struct lanes *l = executor(3);
    struct lane_group g;

    /* Each waits inside until all three have begun: were there no parallelism, for ever.
     */
    lane_group_init(&g, l, UINT32_MAX);
    for (uint64_t key = 1; key <= 3; key++)
        push_waiting(&g, &d, key, 3);
    wait_idle(l, &d);
    CHECK_INT(d.most_inside, 3);
    lanes_free(l);
}

TEST(the_same_key_in_two_groups_is_two_lanes)
{
    struct diary d = diary_new();
    struct lanes *l = executor(2);
    struct lane_group a, b;

    lane_group_init(&a, l, UINT32_MAX);
    lane_group_init(&b, l, UINT32_MAX);
    push_waiting(&a, &d, 1, 2);
    push_waiting(&b, &d, 1, 2);
    wait_idle(l, &d);
    CHECK_INT(d.most_inside, 2);
    lanes_free(l);
}

TEST(lanes_of_one_bucket_are_still_different_lanes)
{
    enum { KEYS = 3 * LANE_BUCKETS };
    struct diary d = diary_new();
    struct lanes *l = executor(2);
    struct lane_group g;
    unsigned next[KEYS] = { 0 };

    lane_group_init(&g, l, UINT32_MAX);
    push_waiting(&g, &d, UINT64_MAX, 2);
    wait_begun(&d, 1);
    for (unsigned i = 0; i < 3; i++)
        for (uint64_t key = 0; key < KEYS; key++)
            push(&g, &d, key, i);
    wait_idle(l, &d);
    CHECK_INT(d.n, 3 * KEYS + 1);
    for (unsigned i = 1; i < d.n; i++)
        CHECK_INT(d.entries[i].number, next[d.entries[i].key]++);
    lanes_free(l);
}

TEST(a_job_gets_the_context_of_its_thread)
{
    struct diary d = diary_new();
    int first, second;
    void *contexts[] = { &first, &second };
    struct lanes *l;
    struct lane_group g;

    CHECK_INT(lanes_new(2, contexts, &l), 0);
    lane_group_init(&g, l, UINT32_MAX);
    push_waiting(&g, &d, 1, 2);
    push_waiting(&g, &d, 2, 2);
    wait_idle(l, &d);
    CHECK(d.entries[0].context == &first || d.entries[0].context == &second);
    CHECK(d.entries[1].context == &first || d.entries[1].context == &second);
    CHECK(d.entries[0].context != d.entries[1].context);
    lanes_free(l);
}

/* ---- Barriers -------------------------------------------------------------- */

TEST(a_barrier_waits_for_all_before_it_and_holds_all_behind_it)
{
    struct diary d = diary_new();
    struct lanes *l = executor(4);
    struct lane_group g;

    lane_group_init(&g, l, UINT32_MAX);
    for (unsigned i = 0; i < 40; i++)
        push(&g, &d, 1 + i % 5, 1);
    push_barrier(&g, &d, 2);
    push_barrier(&g, &d, 3);
    for (unsigned i = 0; i < 40; i++)
        push(&g, &d, 1 + i % 5, 4);
    push_barrier(&g, &d, 5);
    wait_idle(l, &d);
    CHECK_INT(d.n, 83);
    for (unsigned i = 0; i < d.n; i++)
        CHECK_INT(d.entries[i].number, i < 40   ? 1
                                       : i < 41 ? 2
                                       : i < 42 ? 3
                                       : i < 82 ? 4
                                                : 5);
    lanes_free(l);
}

TEST(a_barrier_of_one_group_does_not_hold_another)
{
    struct diary d = diary_new();
    struct lanes *l = executor(3);
    struct lane_group a, b;

    lane_group_init(&a, l, UINT32_MAX);
    lane_group_init(&b, l, UINT32_MAX);
    /* The barrier of a waits for its job, which waits for the job of b. */
    push_waiting(&a, &d, 1, 2);
    push_barrier(&a, &d, 7);
    push(&b, &d, 1, 3);
    wait_idle(l, &d);
    CHECK_INT(d.n, 3);
    CHECK_INT(d.entries[2].number, 7);
    lanes_free(l);
}

/* ---- The bound ------------------------------------------------------------- */

static void count_half(struct lane_group *g)
{
    /* The group's diary travels in the context that is not used with threads. */
    struct diary *d = g->inline_context;

    pthread_mutex_lock(&d->lock);
    d->half++;
    pthread_cond_broadcast(&d->changed);
    pthread_mutex_unlock(&d->lock);
}

TEST(a_full_group_says_so_and_says_when_half_is_done)
{
    struct diary d = diary_new();
    struct lanes *l = executor(2);
    struct lane_group g;

    lane_group_init(&g, l, 10);
    g.half_done = count_half;
    g.inline_context = &d;
    /* The first note keeps the lane until another lane's note has begun. */
    CHECK(push_waiting(&g, &d, 1, 2));
    for (unsigned i = 1; i < 9; i++)
        CHECK(push(&g, &d, 1, i));
    CHECK(!push(&g, &d, 1, 9));
    CHECK(!push(&g, &d, 1, 10));
    CHECK_INT(lane_group_waiting(&g), 11);
    wait_begun(&d, 1);
    CHECK_INT(d.half, 0);
    CHECK(!push(&g, &d, 2, 11));
    wait_idle(l, &d);
    CHECK_INT(d.half, 1);
    CHECK_INT(d.n, 12);
    CHECK_INT(lane_group_waiting(&g), 0);
    CHECK(push(&g, &d, 1, 12));
    wait_idle(l, &d);
    CHECK_INT(d.half, 1);
    lanes_free(l);
}

TEST(a_full_group_does_not_fill_another)
{
    struct diary d = diary_new();
    struct lanes *l = executor(1);
    struct lane_group a, b;

    lane_group_init(&a, l, 2);
    lane_group_init(&b, l, 2);
    CHECK(push_waiting(&a, &d, 1, 0));
    push(&a, &d, 1, 1);
    push(&a, &d, 1, 2);
    wait_idle(l, &d);
    CHECK(push(&b, &d, 1, 1));
    wait_idle(l, &d);
    lanes_free(l);
}

/* ---- Handing over together --------------------------------------------------- */

static bool add(struct lane_group *g, struct diary *d, uint64_t key, unsigned number)
{
    return lanes_add(g, &note_new(d, key, number)->job);
}

TEST(what_is_added_runs_after_the_flush_in_the_same_order)
{
    struct diary d = diary_new();
    struct lanes *l = executor(2);
    struct lane_group g;

    lane_group_init(&g, l, UINT32_MAX);
    for (unsigned i = 0; i < LANE_BATCH - 1; i++)
        CHECK(add(&g, &d, 1, i));
    CHECK_INT(lane_group_waiting(&g), 0);
    CHECK(lanes_flush(&g));
    CHECK(push(&g, &d, 1, LANE_BATCH - 1));
    wait_idle(l, &d);
    CHECK_INT(d.n, LANE_BATCH);
    for (unsigned i = 0; i < d.n; i++)
        CHECK_INT(d.entries[i].number, i);
    CHECK(lanes_flush(&g)); /* of nothing */
    lanes_free(l);
}

TEST(a_whole_batch_is_handed_over_by_itself)
{
    struct diary d = diary_new();
    struct lanes *l = executor(2);
    struct lane_group g;

    lane_group_init(&g, l, UINT32_MAX);
    for (unsigned i = 0; i < LANE_BATCH; i++)
        CHECK(add(&g, &d, i, i));
    wait_idle(l, &d);
    CHECK_INT(d.n, LANE_BATCH);
    lanes_free(l);
}

TEST(the_job_that_fills_the_group_says_so_before_any_flush)
{
    struct diary d = diary_new();
    struct lanes *l = executor(1);
    struct lane_group g;

    lane_group_init(&g, l, 4);
    CHECK(push_waiting(&g, &d, 1, 2));
    wait_begun(&d, 1);
    CHECK(add(&g, &d, 1, 1));
    CHECK(add(&g, &d, 1, 2));
    CHECK_INT(lane_group_waiting(&g), 1);
    CHECK(!add(&g, &d, 1, 3));
    CHECK_INT(lane_group_waiting(&g), 4);
    pthread_mutex_lock(&d.lock);
    d.n++; /* lets the first go on */
    pthread_cond_broadcast(&d.changed);
    pthread_mutex_unlock(&d.lock);
    wait_idle(l, &d);
    CHECK_INT(d.n, 5);
    /* The group learns that there is room again when it next hands over. */
    CHECK(push(&g, &d, 1, 4));
    CHECK(add(&g, &d, 1, 5));
    CHECK(lanes_flush(&g));
    wait_idle(l, &d);
    lanes_free(l);
}

/* ---- The end --------------------------------------------------------------- */

TEST(what_has_not_begun_can_be_dropped_and_what_runs_ends)
{
    struct diary d = diary_new();
    struct lanes *l = executor(1);
    struct lane_group g, other;

    lane_group_init(&g, l, UINT32_MAX);
    lane_group_init(&other, l, UINT32_MAX);
    push_waiting(&g, &d, 1, 2);
    wait_begun(&d, 1);
    for (unsigned i = 0; i < 5; i++) {
        push(&g, &d, 1, i); /* behind the one that runs */
        push(&g, &d, 2, i); /* a lane of their own */
    }
    push_barrier(&g, &d, 9);
    push(&g, &d, 3, 9); /* held by the barrier */
    CHECK_INT(lane_group_drop(&g), 12);
    CHECK_INT(d.released, 12);
    CHECK_INT(lane_group_waiting(&g), 1);
    pthread_mutex_lock(&d.lock);
    d.n++; /* lets the first go on */
    pthread_cond_broadcast(&d.changed);
    pthread_mutex_unlock(&d.lock);
    wait_idle(l, &d);
    CHECK_INT(d.n, 2);
    /* The group goes on working. */
    push_barrier(&g, &d, 1);
    push(&other, &d, 1, 1);
    wait_idle(l, &d);
    CHECK_INT(d.n, 4);
    CHECK_INT(d.released, 15);
    lanes_free(l);
}

TEST(a_queued_barrier_can_be_dropped)
{
    struct diary d = diary_new();
    struct lanes *l = executor(1);
    struct lane_group g, other;

    lane_group_init(&g, l, UINT32_MAX);
    lane_group_init(&other, l, UINT32_MAX);
    push_waiting(&other, &d, 1, 2);
    wait_begun(&d, 1);
    push_barrier(&g, &d, 1); /* in its lane, but the only thread is busy */
    push(&g, &d, 5, 2);
    CHECK_INT(lane_group_drop(&g), 2);
    push(&g, &d, 5, 3);
    pthread_mutex_lock(&d.lock);
    d.n++;
    pthread_cond_broadcast(&d.changed);
    pthread_mutex_unlock(&d.lock);
    wait_idle(l, &d);
    CHECK_INT(d.entries[2].number, 3);
    lanes_free(l);
}

TEST(an_executor_that_never_worked_is_idle_at_once)
{
    struct diary d = diary_new();
    struct lanes *l = executor(2);

    lanes_when_idle(l, mark_idle, &d);
    CHECK(d.idle);
    lanes_free(l);
    lanes_free(NULL);
}

TEST(without_threads_a_push_runs_the_job)
{
    struct diary d = diary_new();
    struct lanes *l = executor(0);
    struct lane_group g;
    int context;

    lane_group_init(&g, l, 1);
    g.inline_context = &context;
    CHECK(push(&g, &d, 1, 1));
    CHECK(push_barrier(&g, &d, 2));
    CHECK_INT(d.n, 2);
    CHECK_INT(d.released, 2);
    CHECK(d.entries[0].context == &context);
    CHECK_INT(lane_group_waiting(&g), 0);
    lanes_when_idle(l, mark_idle, &d);
    CHECK(d.idle);
    lanes_free(l);
}

RUN_TESTS(T(a_lane_keeps_the_order_in_which_jobs_were_pushed),
          T(one_lane_never_runs_on_two_threads), T(different_lanes_run_at_the_same_time),
          T(the_same_key_in_two_groups_is_two_lanes),
          T(lanes_of_one_bucket_are_still_different_lanes),
          T(a_job_gets_the_context_of_its_thread),
          T(a_barrier_waits_for_all_before_it_and_holds_all_behind_it),
          T(a_barrier_of_one_group_does_not_hold_another),
          T(a_full_group_says_so_and_says_when_half_is_done),
          T(a_full_group_does_not_fill_another),
          T(what_is_added_runs_after_the_flush_in_the_same_order),
          T(a_whole_batch_is_handed_over_by_itself),
          T(the_job_that_fills_the_group_says_so_before_any_flush),
          T(what_has_not_begun_can_be_dropped_and_what_runs_ends),
          T(a_queued_barrier_can_be_dropped),
          T(an_executor_that_never_worked_is_idle_at_once),
          T(without_threads_a_push_runs_the_job))
