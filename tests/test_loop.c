#include "test.h"

#include <dirent.h>
#include <pthread.h>

#include "loop.h"
#include "rng.h"
#include "timers.h"

/* A timer that writes down when its turn came. */
struct noted {
    struct timer timer;
    struct rig *rig;
    int name;
    uint64_t again_in; /* ms; 0: fires once */
};

struct rig {
    struct loop *loop;
    struct host *host;
    int names[64];
    uint64_t times[64];
    size_t n, stop_at; /* stops the loop when so many have been noted */
};

static struct rig rig_new(double speed)
{
    struct rig r = { 0 };
    struct loop_options options = { .speed = speed };
    cordage_error error;

    CHECK_INT(loop_new(&options, &r.loop, &error), 0);
    r.host = loop_host(r.loop);
    return r;
}

static void note(struct rig *r, int name)
{
    CHECK(r->n < 64);
    r->names[r->n] = name;
    r->times[r->n++] = r->host->now(r->host);
    if (r->n == r->stop_at)
        loop_stop(r->loop);
}

static void on_fire(struct timer *t)
{
    struct noted *noted = CONTAINER_OF(t, struct noted, timer);
    struct host *h = noted->rig->host;

    note(noted->rig, noted->name);
    if (noted->again_in)
        h->arm(h, t, h->now(h) + noted->again_in);
}

static void arm(struct rig *r, struct noted *noted, int name, uint64_t at)
{
    *noted = (struct noted){ .timer.fire = on_fire, .rig = r, .name = name };
    r->host->arm(r->host, &noted->timer, at);
}

TEST(a_closed_standard_descriptor_is_said_before_anything_breaks)
{
    struct loop_options options = { .speed = 1 };
    struct loop *l;
    cordage_error error;
    int kept = dup(STDIN_FILENO);

    CHECK(kept > STDERR_FILENO);
    close(STDIN_FILENO);
    CHECK_INT(loop_new(&options, &l, &error), CORDAGE_ESYSTEM);
    CHECK(strstr(error.message, "/dev/null") != NULL);
    CHECK_INT(dup2(kept, STDIN_FILENO), STDIN_FILENO);
    close(kept);
}

TEST(timers_fire_in_order_and_equal_ones_as_they_were_armed)
{
    struct rig r = rig_new(1);
    uint64_t now = r.host->now(r.host);
    struct noted timers[5];
    static const int want[] = { 3, 1, 4, 2, 0 };

    arm(&r, &timers[0], 0, now + 30);
    arm(&r, &timers[1], 1, now + 20);
    arm(&r, &timers[2], 2, now + 10);
    arm(&r, &timers[3], 3, now + 5);
    arm(&r, &timers[4], 4, now + 20);
    r.host->arm(r.host, &timers[2].timer, now + 20); /* moved behind 1 and 4 */
    r.stop_at = 5;
    loop_run(r.loop);
    for (size_t i = 0; i < 5; i++) {
        CHECK_INT(r.names[i], want[i]);
        CHECK(r.times[i] >= timers[want[i]].timer.at);
        CHECK_INT(timers[i].timer.place, 0);
    }
    loop_free(r.loop);
}

TEST(a_disarmed_timer_does_not_fire)
{
    struct rig r = rig_new(1);
    uint64_t now = r.host->now(r.host);
    struct noted timers[3];

    for (int i = 0; i < 3; i++)
        arm(&r, &timers[i], i, now + 1);
    r.host->disarm(r.host, &timers[1].timer);
    r.host->disarm(r.host, &timers[1].timer);
    r.stop_at = 2;
    loop_run(r.loop);
    CHECK_INT(r.names[0], 0);
    CHECK_INT(r.names[1], 2);
    loop_free(r.loop);
}

TEST(a_timer_that_arms_itself_for_the_past_holds_nobody_up)
{
    struct rig r = rig_new(1);
    uint64_t now = r.host->now(r.host);
    struct noted greedy, patient;

    arm(&r, &greedy, 1, 0);
    greedy.timer.fire = on_fire;
    greedy.again_in = (uint64_t)0 - now; /* wraps: at 0, long ago */
    arm(&r, &patient, 2, now);
    r.stop_at = 4;
    loop_run(r.loop);
    CHECK_INT(r.names[0], 1);
    CHECK_INT(r.names[1], 2);
    CHECK_INT(r.names[2], 1);
    loop_free(r.loop);
}

static void spend_time(struct timer *t)
{
    struct noted *noted = CONTAINER_OF(t, struct noted, timer);
    uint64_t before = noted->rig->host->now(noted->rig->host);
    struct timespec a, b;

    clock_gettime(CLOCK_MONOTONIC, &a);
    do
        clock_gettime(CLOCK_MONOTONIC, &b);
    while ((b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000 < 5);
    CHECK_INT(noted->rig->host->now(noted->rig->host), before);
    note(noted->rig, noted->name);
}

TEST(now_stands_still_within_a_turn_and_moves_between_turns)
{
    struct rig r = rig_new(1);
    struct noted first, second;

    arm(&r, &first, 1, 0);
    first.timer.fire = spend_time;
    arm(&r, &second, 2, r.host->now(r.host) + 2);
    r.stop_at = 2;
    loop_run(r.loop);
    CHECK(r.times[1] >= r.times[0] + 2);
    loop_free(r.loop);
}

TEST(a_fast_clock_runs_so_many_times_faster)
{
    struct rig r = rig_new(1000);
    struct noted half_minute;
    struct timespec a, b;
    double real;

    clock_gettime(CLOCK_BOOTTIME, &a);
    arm(&r, &half_minute, 1, r.host->now(r.host) + 30000);
    r.stop_at = 1;
    loop_run(r.loop);
    clock_gettime(CLOCK_BOOTTIME, &b);
    real = (double)(b.tv_sec - a.tv_sec) * 1e3 + (double)(b.tv_nsec - a.tv_nsec) / 1e6;
    CHECK(real >= 29); /* 30 ms of ours are 30 s of its; a slow machine may take more */
    CHECK(r.times[0] >= half_minute.timer.at);
    loop_free(r.loop);
}

TEST(the_heap_agrees_with_a_sorted_list)
{
    enum { N = 700 };
    static struct timer timers[N];
    struct timers t;
    struct rng rng = rng_seeded(7);

    CHECK_INT(timers_init(&t), 0);
    for (int i = 0; i < 20000; i++) {
        struct timer *timer = &timers[rng_below(&rng, N)];
        uint64_t soonest = UINT64_MAX;

        if (rng_below(&rng, 3))
            timers_arm(&t, timer, rng_below(&rng, 100));
        else
            timers_disarm(&t, timer);
        if (i % 50)
            continue;
        for (int j = 0; j < N; j++)
            if (timers[j].place && timers[j].at < soonest)
                soonest = timers[j].at;
        CHECK_INT(timers_next(&t), soonest);
    }
    timers_release(&t);
    for (int i = 0; i < N; i++)
        CHECK_INT(timers[i].place, 0);
}

enum { POSTERS = 4, LETTERS = 500 };

struct letter {
    struct mail mail;
    struct poster *poster;
    int number;
};

struct poster {
    pthread_t thread;
    struct rig *rig;
    struct letter letters[LETTERS];
    int next; /* the number that must come next */
};

static void on_letter(struct mail *mail)
{
    struct letter *letter = CONTAINER_OF(mail, struct letter, mail);
    struct rig *r = letter->poster->rig;

    CHECK_INT(letter->number, letter->poster->next);
    letter->poster->next++;
    if (++r->n == POSTERS * LETTERS)
        loop_stop(r->loop);
}

static void *post_all(void *user)
{
    struct poster *p = user;

    for (int i = 0; i < LETTERS; i++) {
        p->letters[i] =
            (struct letter){ .mail.run = on_letter, .poster = p, .number = i };
        p->rig->host->post(p->rig->host, &p->letters[i].mail);
    }
    return NULL;
}

TEST(mail_from_many_threads_comes_in_each_ones_order)
{
    static struct poster posters[POSTERS];
    struct rig r = rig_new(1);

    for (int i = 0; i < POSTERS; i++) {
        posters[i].rig = &r;
        CHECK_INT(pthread_create(&posters[i].thread, NULL, post_all, &posters[i]), 0);
    }
    loop_run(r.loop);
    for (int i = 0; i < POSTERS; i++) {
        pthread_join(posters[i].thread, NULL);
        CHECK_INT(posters[i].next, LETTERS);
    }
    loop_free(r.loop);
}

TEST(mail_that_was_never_fetched_is_run_when_the_loop_goes)
{
    static struct poster p;
    struct rig r = rig_new(1);

    p = (struct poster){ .rig = &r };
    p.letters[0] = (struct letter){ .mail.run = on_letter, .poster = &p };
    r.host->post(r.host, &p.letters[0].mail);
    loop_free(r.loop);
    CHECK_INT(p.next, 1);
}

static void *stop_it(void *user)
{
    loop_stop(user);
    return NULL;
}

TEST(a_loop_stops_from_another_thread_before_it_runs_and_runs_again)
{
    struct rig r = rig_new(1);
    struct noted noted;
    pthread_t thread;

    loop_stop(r.loop);
    loop_run(r.loop);
    CHECK_INT(pthread_create(&thread, NULL, stop_it, r.loop), 0);
    loop_run(r.loop);
    pthread_join(thread, NULL);
    arm(&r, &noted, 1, 0);
    r.stop_at = 1;
    loop_run(r.loop);
    CHECK_INT(r.n, 1);
    loop_free(r.loop);
}

TEST(chance_and_the_wall_clock_are_there)
{
    struct rig r = rig_new(1);

    CHECK(r.host->random(r.host) != r.host->random(r.host));
    CHECK(r.host->wall(r.host) > 1700000000000ULL);
    loop_free(r.loop);
}

static size_t count_fds(void)
{
    DIR *d = opendir("/proc/self/fd");
    size_t n = 0;

    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

TEST(a_loop_leaves_no_descriptor_behind)
{
    struct rig r = rig_new(1);
    size_t before;

    loop_free(r.loop); /* libuv keeps a pipe from its first loop on */
    before = count_fds();
    r = rig_new(1);
    loop_free(r.loop);
    CHECK_INT(count_fds(), before);
}

RUN_TESTS(T(a_closed_standard_descriptor_is_said_before_anything_breaks),
          T(timers_fire_in_order_and_equal_ones_as_they_were_armed),
          T(a_disarmed_timer_does_not_fire),
          T(a_timer_that_arms_itself_for_the_past_holds_nobody_up),
          T(now_stands_still_within_a_turn_and_moves_between_turns),
          T(a_fast_clock_runs_so_many_times_faster),
          T(the_heap_agrees_with_a_sorted_list),
          T(mail_from_many_threads_comes_in_each_ones_order),
          T(mail_that_was_never_fetched_is_run_when_the_loop_goes),
          T(a_loop_stops_from_another_thread_before_it_runs_and_runs_again),
          T(chance_and_the_wall_clock_are_there), T(a_loop_leaves_no_descriptor_behind))
