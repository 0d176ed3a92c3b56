/* The machine by itself: threads, processes, time. */
#include "world_rig.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "test.h"

/* What happened, in its order. */
static struct outcome *now;
static pthread_mutex_t lock;
static pthread_cond_t cond;
static int n_ready;

static void say(const char *word)
{
    size_t n = strlen(now->text);

    snprintf(now->text + n, sizeof now->text - n, "%s ", word);
}

static struct vprocess *start(int (*run)(void *arg), void *arg)
{
    return machine_start(
        &(struct vprogram){ .name = "program", .main = run, .arg = arg });
}

/* ---- Order ------------------------------------------------------------------------- */

static void *take_turns(void *arg)
{
    for (int i = 0; i < 12; i++) {
        pthread_mutex_lock(&lock);
        say(arg);
        pthread_mutex_unlock(&lock);
    }
    return arg;
}

static int run_three(void *arg)
{
    static char names[][2] = { "a", "b", "c" };
    pthread_t threads[3];
    void *result;

    (void)arg;
    for (int i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, take_turns, names[i]);
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], &result);
        if (result != names[i])
            return 1;
    }
    return 7;
}

static void three_take_turns(struct outcome *o)
{
    struct vprocess *p;

    now = o;
    p = start(run_three, NULL);
    machine_run(2000);
    o->n = (uint64_t)vprocess_status(p);
}

TEST(the_same_seed_is_the_same_order)
{
    struct outcome a, b, other;
    int n_different = 0;

    outcome_of(three_take_turns, 5, &a);
    outcome_of(three_take_turns, 5, &b);
    CHECK_INT(a.status, 0);
    CHECK_INT(a.n, 7);
    CHECK_INT(strlen(a.text), 72);
    CHECK_STR(str_of(a.text), b.text);
    for (uint64_t seed = 6; seed < 12; seed++) {
        outcome_of(three_take_turns, seed, &other);
        n_different += strcmp(a.text, other.text) != 0;
    }
    CHECK(n_different >= 4);
}

/* ---- Locks and conditions -----------------------------------------------------------
 */

static void *get_ready(void *arg)
{
    vprocess_sleep(*(int *)arg);
    pthread_mutex_lock(&lock);
    n_ready++;
    pthread_cond_signal(&cond);
    pthread_mutex_unlock(&lock);
    return NULL;
}

static int wait_for_two(void *arg)
{
    static int first = 300, second = 500;
    pthread_t threads[2];

    (void)arg;
    pthread_create(&threads[0], NULL, get_ready, &first);
    pthread_create(&threads[1], NULL, get_ready, &second);
    pthread_mutex_lock(&lock);
    while (n_ready < 2)
        pthread_cond_wait(&cond, &lock);
    pthread_mutex_unlock(&lock);
    now->n = machine_now();
    pthread_join(threads[0], NULL);
    pthread_join(threads[1], NULL);
    return 0;
}

static void two_are_waited_for(struct outcome *o)
{
    now = o;
    start(wait_for_two, NULL);
    machine_run(10000);
}

TEST(a_condition_is_waited_for)
{
    for (uint64_t seed = 1; seed < 20; seed++) {
        struct outcome o;

        outcome_of(two_are_waited_for, seed, &o);
        CHECK_INT(o.status, 0);
        CHECK_INT(o.n, 1500);
    }
}

static int wait_in_vain(void *arg)
{
    struct timespec until;
    int err = 0;

    (void)arg;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 3;
    pthread_mutex_lock(&lock);
    while (!err)
        err = pthread_cond_timedwait(&cond, &lock, &until);
    pthread_mutex_unlock(&lock);
    now->n = machine_now();
    return 0;
}

static void nobody_comes(struct outcome *o)
{
    now = o;
    start(wait_in_vain, NULL);
    machine_run(10000);
}

TEST(a_wait_ends_in_time)
{
    struct outcome o;

    outcome_of(nobody_comes, 1, &o);
    CHECK_INT(o.n, 4000);
}

static pthread_mutex_t other_lock;

static void *take_both(void *arg)
{
    pthread_mutex_t *first = arg, *second = first == &lock ? &other_lock : &lock;

    pthread_mutex_lock(first);
    vprocess_sleep(10);
    pthread_mutex_lock(second);
    return NULL;
}

static int embrace(void *arg)
{
    pthread_t thread;

    (void)arg;
    pthread_create(&thread, NULL, take_both, &lock);
    take_both(&other_lock);
    return 0;
}

static void two_embrace(struct outcome *o)
{
    now = o;
    start(embrace, NULL);
    machine_run(10000);
}

TEST(a_deadlock_is_reported)
{
    struct outcome o;

    outcome_of(two_embrace, 1, &o);
    CHECK(WIFSIGNALED(o.status) && WTERMSIG(o.status) == SIGABRT);
    CHECK(strstr(o.said, "deadlock"));
}

static void *run_for_ever(void *arg)
{
    for (;;) {
        pthread_mutex_lock(arg);
        pthread_mutex_unlock(arg);
    }
    return NULL;
}

static int spin(void *arg)
{
    (void)arg;
    run_for_ever(&lock);
    return 0;
}

static void one_spins(struct outcome *o)
{
    now = o;
    start(spin, NULL);
    machine_run(10000);
}

TEST(time_that_stands_still_is_reported)
{
    struct outcome o;

    outcome_of(one_spins, 1, &o);
    CHECK(WIFSIGNALED(o.status) && WTERMSIG(o.status) == SIGABRT);
    CHECK(strstr(o.said, "time stands still"));
}

/* ---- Time ---------------------------------------------------------------------------
 */

static void say_time(const char *what)
{
    char word[40];

    snprintf(word, sizeof word, "%s@%llu", what, (unsigned long long)machine_now());
    say(word);
}

static void note_time(void *user)
{
    say_time(user);
}

static int sleep_a_day(void *arg)
{
    struct timespec a, b;

    (void)arg;
    clock_gettime(CLOCK_BOOTTIME, &a);
    vprocess_sleep(24 * 3600 * 1000);
    clock_gettime(CLOCK_BOOTTIME, &b);
    now->n = (uint64_t)(b.tv_sec - a.tv_sec);
    return getpid() == vprocess_pid(vprocess_self()) && !getenv("PATH") ? 0 : 1;
}

static void time_jumps(struct outcome *o)
{
    struct vprocess *p;
    static char later[] = "later", first[] = "first", second[] = "second";
    time_t before = time(NULL);

    now = o;
    machine_at(3000, note_time, later);
    machine_at(2000, note_time, first);
    machine_at(2000, note_time, second);
    p = start(sleep_a_day, NULL);
    machine_run(2500);
    say_time("between");
    machine_jump_wall(-3600 * 1000);
    if (time(NULL) != before - 3600 + 1)
        say("wall");
    machine_run(48 * 3600 * 1000);
    if (vprocess_runs(p) || vprocess_status(p))
        say("status");
}

TEST(time_jumps_to_what_is_next)
{
    struct outcome o;

    outcome_of(time_jumps, 1, &o);
    CHECK_INT(o.status, 0);
    CHECK_STR(str_of(o.text), "first@2000 second@2000 between@2500 later@3000 ");
    CHECK_INT(o.n, 24 * 3600);
}

/* ---- Signals ------------------------------------------------------------------------
 */

static int tick(void *arg)
{
    (void)arg;
    for (;;) {
        vprocess_sleep(1000);
        now->n++;
    }
    return 0;
}

static void note_death(struct vprocess *p)
{
    char word[40];

    snprintf(word, sizeof word, "dead:%d:%d", vprocess_status(p),
             vprocess_self() != NULL);
    say(word);
}

static void one_is_killed(struct outcome *o)
{
    struct vprocess *p;

    now = o;
    machine_on_death(note_death);
    p = start(tick, NULL);
    machine_run(10500);
    vprocess_signal(p, SIGKILL);
    machine_run(60000);
    if (vprocess_runs(p))
        say("lives");
}

TEST(who_is_killed_runs_no_more)
{
    struct outcome o;

    outcome_of(one_is_killed, 1, &o);
    CHECK_INT(o.status, 0);
    CHECK_INT(o.n, 9);
    CHECK_STR(str_of(o.text), "dead:137:0 ");
}

static int kill_oneself(void *arg)
{
    (void)arg;
    pthread_mutex_lock(&lock);
    raise(SIGTERM);
    say("after");
    return 0;
}

static void one_ends_itself(struct outcome *o)
{
    now = o;
    machine_on_death(note_death);
    start(kill_oneself, NULL);
    machine_run(60000);
}

TEST(who_ends_itself_is_gone_at_once)
{
    struct outcome o;

    outcome_of(one_ends_itself, 1, &o);
    CHECK_INT(o.status, 0);
    CHECK_STR(str_of(o.text), "dead:143:0 ");
}

static void one_is_stopped(struct outcome *o)
{
    struct vprocess *p;

    now = o;
    machine_on_death(note_death);
    p = start(tick, NULL);
    machine_run(3500);
    vprocess_signal(p, SIGSTOP);
    machine_run(30000);
    say_time(o->n == 2 ? "two" : "more");
    vprocess_signal(p, SIGCONT);
    machine_run(32500);
    say_time(o->n == 5 ? "five" : "more");
    vprocess_signal(p, SIGSTOP);
    vprocess_signal(p, SIGTERM);
    machine_run(40000);
    say_time("still");
    vprocess_signal(p, SIGCONT);
}

TEST(who_is_stopped_gets_no_time)
{
    struct outcome o;

    outcome_of(one_is_stopped, 1, &o);
    CHECK_INT(o.status, 0);
    CHECK_STR(str_of(o.text), "two@30000 five@32500 still@40000 dead:143:0 ");
}

RUN_TESTS(T(the_same_seed_is_the_same_order), T(a_condition_is_waited_for),
          T(a_wait_ends_in_time), T(a_deadlock_is_reported),
          T(time_that_stands_still_is_reported), T(time_jumps_to_what_is_next),
          T(who_is_killed_runs_no_more), T(who_ends_itself_is_gone_at_once),
          T(who_is_stopped_gets_no_time))
