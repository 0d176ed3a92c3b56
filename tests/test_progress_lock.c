/* A shard runs in one process: who holds its progress, and how it is let go. */
#include "progress_lives.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>

enum { ROOM = 8, MARK = 5 };

static int try_open(const char *dir, struct progress **p, cordage_error *error)
{
    return progress_open(dir, 3, 8, ROOM, MARK, p, error);
}

/* A process that has the shard until it is told to end, or killed. */
struct holder {
    pid_t pid;
    int ready, go;
};

static struct holder hold(const char *dir, bool forks)
{
    struct holder h;
    int ready[2], go[2];

    CHECK_INT(pipe(ready), 0);
    CHECK_INT(pipe(go), 0);
    h.pid = fork();
    CHECK(h.pid >= 0);
    if (h.pid == 0) {
        struct progress *p;
        cordage_error error;
        char c = 'n';
        pid_t child;

        close(go[1]);
        if (try_open(dir, &p, &error) == 0)
            c = 'y';
        progress_begin_event(p, progress_take(p, 1));
        child = forks ? fork() : -1;
        if (child == 0) {
            while (read(go[0], &c, 1) > 0) /* lives on, and knows nothing of it */
                continue;
            _exit(0);
        }
        if (forks)
            progress_abandon(p);
        if (write(ready[1], &c, 1) != 1)
            _exit(1);
        while (read(go[0], &c, 1) > 0)
            continue;
        _exit(0);
    }
    close(ready[1]);
    close(go[0]);
    h.ready = ready[0];
    h.go = go[1];
    return h;
}

static void wait_for(struct holder *h)
{
    char c = 0;

    CHECK_INT(read(h->ready, &c, 1), 1);
    CHECK_INT(c, 'y');
}

static void end(struct holder *h)
{
    close(h->go);
    close(h->ready);
    CHECK_INT(waitpid(h->pid, NULL, 0), h->pid);
}

TEST(another_process_cannot_have_it_and_hears_who_has)
{
    struct tmpdir t = tmpdir_new();
    struct holder h = hold(t.dir, false);
    struct progress *p;
    cordage_error error;
    char who[32];

    wait_for(&h);
    CHECK_INT(try_open(t.dir, &p, &error), CORDAGE_EBUSY);
    CHECK(p == NULL);
    snprintf(who, sizeof who, "run by process %d,", (int)h.pid);
    CHECK(strstr(error.message, who) != NULL);
    CHECK(strstr(error.message, "shard 3 of 8") != NULL);
    end(&h);
    CHECK_INT(try_open(t.dir, &p, &error), 0);
    progress_close(p);
    tmpdir_free(&t);
}

TEST(a_killed_process_has_let_it_go)
{
    struct tmpdir t = tmpdir_new();
    struct holder h = hold(t.dir, false);
    struct progress *p;
    cordage_error error;

    wait_for(&h);
    kill(h.pid, SIGKILL);
    end(&h);
    CHECK_INT(try_open(t.dir, &p, &error), 0);
    CHECK(!progress_was_done(p, 1));
    CHECK_INT(progress_deaths(p, 1), 1);
    progress_close(p);
    tmpdir_free(&t);
}

TEST(a_forked_child_does_not_keep_what_was_abandoned)
{
    struct tmpdir t = tmpdir_new();
    struct holder h = hold(t.dir, true);
    struct progress *p;
    cordage_error error;

    wait_for(&h);
    CHECK_INT(try_open(t.dir, &p, &error), 0);
    CHECK_INT(progress_deaths(p, 1), 0); /* its handler runs in a process that lives */
    progress_close(p);
    end(&h);
    tmpdir_free(&t);
}

TEST(one_process_cannot_have_it_twice)
{
    struct tmpdir t = tmpdir_new();
    struct progress *p = open_room(t.dir, ROOM, MARK), *q;
    cordage_error error;

    CHECK_INT(try_open(t.dir, &q, &error), CORDAGE_EBUSY);
    progress_remove(t.dir, 3, 8); /* a new file is another matter */
    CHECK_INT(try_open(t.dir, &q, &error), 0);
    progress_close(q);
    progress_close(p);
    tmpdir_free(&t);
}

TEST(what_is_open_when_it_is_abandoned_stays_open)
{
    struct tmpdir t = tmpdir_new();
    struct progress *old = open_room(t.dir, ROOM, MARK), *next;
    uint32_t runs = progress_take(old, 1), waits = progress_take(old, 2), running;

    progress_done(old, progress_take(old, 3));
    progress_begin_event(old, runs);
    CHECK_INT(progress_open_events(old, &running), 2);
    CHECK_INT(running, 1);
    progress_abandon(old);
    progress_abandon(old);

    next = open_room(t.dir, ROOM, MARK);
    CHECK_INT(progress_low(next), 0);
    CHECK(!progress_was_done(next, 1));
    CHECK(!progress_was_done(next, 2));
    CHECK(progress_was_done(next, 3));
    CHECK_INT(progress_deaths(next, 1), 0);
    /* What the last process still says of them reaches nobody. */
    progress_done(old, runs);
    progress_begin_event(old, waits);
    CHECK_INT(progress_take(next, 1), runs);
    CHECK_INT(progress_take(next, 2), waits);
    progress_done(old, waits);
    CHECK_INT(progress_open_events(next, &running), 2);
    CHECK_INT(running, 0);
    CHECK_INT(progress_low(next), 0);
    progress_close(old);
    progress_close(next);
    tmpdir_free(&t);
}

TEST(in_memory_there_is_nothing_to_let_go)
{
    struct progress *p = open_room(NULL, ROOM, MARK);
    uint32_t place = progress_take(p, 1);

    progress_abandon(p);
    progress_done(p, place);
    CHECK_INT(progress_low(p), 1);
    progress_close(p);
}

/* ---- While handlers end --------------------------------------------------------------
 */

enum { EVENTS = 64, ROUNDS = 50 };

struct race {
    struct progress *p;
    uint32_t places[EVENTS];
    atomic_bool go;
};

static void *finish_all(void *arg)
{
    struct race *r = arg;

    while (!atomic_load(&r->go))
        continue;
    for (unsigned i = 0; i < EVENTS; i++) {
        progress_begin_event(r->p, r->places[i]);
        progress_done(r->p, r->places[i]);
    }
    return NULL;
}

/* Each event is either done in the file or open, and what is done stays done. */
TEST(handlers_may_end_while_it_is_abandoned)
{
    struct tmpdir t = tmpdir_new();

    for (uint64_t round = 1; round <= ROUNDS; round++) {
        struct race r = { .go = false };
        struct progress *next;
        cordage_error error;
        pthread_t thread;
        uint32_t running, n;
        unsigned open = 0;

        CHECK_INT(progress_open(t.dir, 3, 8, EVENTS, round, &r.p, &error), 0);
        for (unsigned i = 0; i < EVENTS; i++)
            r.places[i] = progress_take(r.p, i + 1);
        CHECK_INT(pthread_create(&thread, NULL, finish_all, &r), 0);
        atomic_store(&r.go, true);
        progress_abandon(r.p);
        CHECK_INT(progress_open(t.dir, 3, 8, EVENTS, round, &next, &error), 0);
        n = progress_open_events(next, &running);
        pthread_join(thread, NULL);
        for (uint64_t seq = 1; seq <= EVENTS; seq++)
            open += !progress_was_done(next, seq);
        CHECK_INT(open, n);
        CHECK_INT(progress_open_events(next, &running), n);
        progress_close(r.p);
        progress_close(next);
    }
    tmpdir_free(&t);
}

RUN_TESTS(T(another_process_cannot_have_it_and_hears_who_has),
          T(a_killed_process_has_let_it_go),
          T(a_forked_child_does_not_keep_what_was_abandoned),
          T(one_process_cannot_have_it_twice),
          T(what_is_open_when_it_is_abandoned_stays_open),
          T(in_memory_there_is_nothing_to_let_go),
          T(handlers_may_end_while_it_is_abandoned))
