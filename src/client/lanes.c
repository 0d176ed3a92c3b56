#include "lanes.h"

#include <assert.h>
#include <pthread.h>

#include "error.h"

struct lanes_thread {
    struct lanes *lanes;
    void *context;
    pthread_t id;
};

struct lanes {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct link ready; /* the first jobs of lanes that nobody runs */
    size_t n_ready;
    size_t n;        /* jobs that are not released */
    unsigned n_idle; /* threads that wait */
    bool ending;
    void (*idle)(void *user);
    void *idle_user;
    unsigned n_threads;
    struct lanes_thread threads[];
};

/* ---- The table of a group ------------------------------------------------ */

static struct link *bucket_of(struct lane_group *g, uint64_t key)
{
    /* The top bits of a product depend on all bits of the key: ids differ in the middle.
     */
    return &g->buckets[(key * 0x9e3779b97f4a7c15ULL) >> 56];
}

static struct job *lane_of(struct lane_group *g, uint64_t key)
{
    struct link *bucket = bucket_of(g, key);

    for (struct link *at = bucket->next; at != bucket; at = at->next) {
        struct job *first = CONTAINER_OF(at, struct job, bucket);

        if (first->key == key)
            return first;
    }
    return NULL;
}

/* Makes `job` the first of its lane, for any thread to run. */
static void lead(struct lanes *l, struct job *job)
{
    list_insert(bucket_of(job->group, job->key), &job->bucket);
    list_insert(&l->ready, &job->link);
    l->n_ready++;
}

static void enter_lane(struct lanes *l, struct job *job)
{
    struct lane_group *g = job->group;
    struct job *first = lane_of(g, job->key);

    g->in_lanes++;
    g->barrier_in_lane = job->barrier;
    if (first)
        list_insert(&first->behind, &job->link);
    else
        lead(l, job);
}

/* Lets in what is held, up to a barrier that still has to wait. */
static void let_in(struct lanes *l, struct lane_group *g)
{
    while (!g->barrier_in_lane && !list_is_empty(&g->held)) {
        struct job *job = CONTAINER_OF(g->held.next, struct job, link);

        if (job->barrier && g->in_lanes)
            return;
        list_remove(&job->link);
        enter_lane(l, job);
    }
}

/* ---- Jobs come and go ---------------------------------------------------- */

/* Whether one more thread should be woken. Each that wakes asks the same in turn. */
static bool need_another(const struct lanes *l)
{
    return l->n_ready && l->n_idle;
}

/* Outside of the lock, which the woken thread needs first of all. */
static void unlock_and_wake(struct lanes *l)
{
    bool wake = need_another(l);

    pthread_mutex_unlock(&l->lock);
    if (wake)
        pthread_cond_signal(&l->wake);
}

bool lanes_flush(struct lane_group *g)
{
    struct lanes *l = g->lanes;
    bool full;

    if (g->n_fresh == 0)
        return true;
    pthread_mutex_lock(&l->lock);
    l->n += g->n_fresh;
    g->waiting += g->n_fresh;
    if (g->waiting >= g->limit)
        g->full = true;
    full = g->full;
    list_join(&g->held, &g->fresh);
    let_in(l, g);
    g->known_waiting = g->waiting;
    unlock_and_wake(l);
    g->n_fresh = 0;
    return !full;
}

bool lanes_add(struct lane_group *g, struct job *job)
{
    struct lanes *l = g->lanes;

    job->group = g;
    if (l->n_threads == 0) {
        job->run(job, g->inline_context);
        job->release(job);
        return true;
    }
    job->running = false;
    list_init(&job->behind);
    list_insert(&g->fresh, &job->link);
    g->n_fresh++;
    if (g->n_fresh < LANE_BATCH && g->known_waiting + g->n_fresh < g->limit)
        return true;
    return lanes_flush(g);
}

bool lanes_push(struct lane_group *g, struct job *job)
{
    return lanes_add(g, job) && lanes_flush(g);
}

static void tell_done(struct lane_group *g)
{
    void (*done)(struct lane_group * g) = g->done;

    if (g->waiting || !done)
        return;
    g->done = NULL;
    done(g);
}

/* Takes a job that has run out of its lane. It is not released yet. */
static void leave_lane(struct lanes *l, struct job *job)
{
    struct lane_group *g = job->group;
    struct link *next = list_pop(&job->behind);

    list_remove(&job->bucket);
    if (next) {
        struct job *heir = CONTAINER_OF(next, struct job, link);

        list_join(&heir->behind, &job->behind);
        lead(l, heir);
    }
    if (job->barrier)
        g->barrier_in_lane = false;
    g->in_lanes--;
    g->waiting--;
    let_in(l, g);
    if (g->full && g->waiting <= g->limit / 2) {
        g->full = false;
        if (g->half_done)
            g->half_done(g);
    }
    tell_done(g);
}

/* `n` jobs have been released. */
static void released(struct lanes *l, size_t n)
{
    void (*idle)(void *user) = l->idle;

    l->n -= n;
    if (l->n || !idle)
        return;
    l->idle = NULL;
    idle(l->idle_user);
}

static struct job *take(struct lanes *l)
{
    struct link *link = list_pop(&l->ready);
    struct job *job;

    if (!link)
        return NULL;
    l->n_ready--;
    job = CONTAINER_OF(link, struct job, link);
    job->running = true;
    return job;
}

/* Runs jobs until the end. The one before (`done`) is released when the lock is next open
 * anyway: one lock and unlock a job. */
static void *run_thread(void *arg)
{
    struct lanes_thread *t = arg;
    struct lanes *l = t->lanes;
    struct job *done = NULL;

    pthread_mutex_lock(&l->lock);
    for (;;) {
        struct job *job = take(l);

        if (!job && !done) {
            if (l->ending)
                break;
            l->n_idle++;
            pthread_cond_wait(&l->wake, &l->lock);
            l->n_idle--;
            continue;
        }
        unlock_and_wake(l);
        if (done)
            done->release(done);
        if (job)
            job->run(job, t->context);
        pthread_mutex_lock(&l->lock);
        if (done)
            released(l, 1);
        if (job)
            leave_lane(l, job);
        done = job;
    }
    pthread_mutex_unlock(&l->lock);
    return NULL;
}

/* ---- Groups -------------------------------------------------------------- */

void lane_group_init(struct lane_group *g, struct lanes *l, uint32_t limit)
{
    *g = (struct lane_group){ .lanes = l, .limit = limit };
    list_init(&g->held);
    list_init(&g->fresh);
    for (size_t i = 0; i < LANE_BUCKETS; i++)
        list_init(&g->buckets[i]);
}

/* Moves what has not begun in one bucket to `dropped`. */
static void drop_bucket(struct lanes *l, struct link *bucket, struct link *dropped)
{
    for (struct link *at = bucket->next, *next; at != bucket; at = next) {
        struct job *first = CONTAINER_OF(at, struct job, bucket);

        next = at->next;
        list_join(dropped, &first->behind);
        if (first->running)
            continue;
        list_remove(&first->bucket);
        list_remove(&first->link);
        l->n_ready--;
        list_insert(dropped, &first->link);
    }
}

size_t lane_group_drop(struct lane_group *g)
{
    struct lanes *l = g->lanes;
    struct link dropped, *link;
    uint32_t n_lanes = 0, n_held = 0;

    list_init(&dropped);
    pthread_mutex_lock(&l->lock);
    g->done = NULL;
    for (size_t i = 0; i < LANE_BUCKETS; i++)
        drop_bucket(l, &g->buckets[i], &dropped);
    for (link = dropped.next; link != &dropped; link = link->next) {
        n_lanes++;
        if (CONTAINER_OF(link, struct job, link)->barrier)
            g->barrier_in_lane = false;
    }
    for (link = g->held.next; link != &g->held; link = link->next)
        n_held++;
    list_join(&dropped, &g->held);
    g->in_lanes -= n_lanes;
    g->waiting -= n_lanes + n_held;
    pthread_mutex_unlock(&l->lock);

    while ((link = list_pop(&dropped))) {
        struct job *job = CONTAINER_OF(link, struct job, link);

        job->release(job);
    }
    pthread_mutex_lock(&l->lock);
    released(l, n_lanes + n_held);
    pthread_mutex_unlock(&l->lock);
    return n_lanes + n_held;
}

bool lane_group_when_done(struct lane_group *g, void (*done)(struct lane_group *g))
{
    struct lanes *l = g->lanes;
    bool is_done;

    pthread_mutex_lock(&l->lock);
    is_done = g->waiting == 0;
    g->done = is_done ? NULL : done;
    pthread_mutex_unlock(&l->lock);
    return is_done;
}

uint32_t lane_group_waiting(struct lane_group *g)
{
    struct lanes *l = g->lanes;
    uint32_t waiting;

    pthread_mutex_lock(&l->lock);
    waiting = g->waiting;
    pthread_mutex_unlock(&l->lock);
    return waiting;
}

void lanes_when_idle(struct lanes *l, void (*idle)(void *user), void *user)
{
    pthread_mutex_lock(&l->lock);
    l->idle = idle;
    l->idle_user = user;
    released(l, 0);
    pthread_mutex_unlock(&l->lock);
}

/* ---- The executor -------------------------------------------------------- */

/* One that spins for a moment before it sleeps: it is held for some hundred instructions.
 */
static void init_lock(pthread_mutex_t *lock)
{
    pthread_mutexattr_t adaptive;

    pthread_mutexattr_init(&adaptive);
    pthread_mutexattr_settype(&adaptive, PTHREAD_MUTEX_ADAPTIVE_NP);
    pthread_mutex_init(lock, &adaptive);
    pthread_mutexattr_destroy(&adaptive);
}

int lanes_new(unsigned n, void **contexts, struct lanes **out)
{
    struct lanes *l = mem_zero(sizeof *l + n * sizeof l->threads[0]);

    *out = NULL;
    if (!l)
        return CORDAGE_ENOMEM;
    init_lock(&l->lock);
    pthread_cond_init(&l->wake, NULL);
    list_init(&l->ready);
    while (l->n_threads < n) {
        struct lanes_thread *t = &l->threads[l->n_threads];

        t->lanes = l;
        t->context = contexts[l->n_threads];
        if (pthread_create(&t->id, NULL, run_thread, t)) {
            lanes_free(l);
            return CORDAGE_ESYSTEM;
        }
        pthread_setname_np(t->id, "cordage-handler");
        l->n_threads++;
    }
    *out = l;
    return 0;
}

void lanes_end(struct lanes *l)
{
    if (!l)
        return;
    pthread_mutex_lock(&l->lock);
    assert(l->n == 0);
    l->ending = true;
    pthread_cond_broadcast(&l->wake);
    pthread_mutex_unlock(&l->lock);
    while (l->n_threads > 0)
        pthread_join(l->threads[--l->n_threads].id, NULL);
}

void lanes_free(struct lanes *l)
{
    if (!l)
        return;
    lanes_end(l);
    pthread_cond_destroy(&l->wake);
    pthread_mutex_destroy(&l->lock);
    free(l);
}
