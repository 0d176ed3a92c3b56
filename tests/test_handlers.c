#include "handlers.h"

#include <string.h>

#include "error.h"
#include "mem.h"
#include "test.h"

typedef void (*counting_fn)(int *count);

static void add_one(int *count)
{
    (*count)++;
}

static void append_one(int *count)
{
    *count = *count * 10 + 1;
}

static void double_it(int *count)
{
    *count *= 2;
}

static int add(struct handlers *h, unsigned kind, counting_fn fn, int *count)
{
    return handlers_add(h, &(struct handler_plan){
                               .kind = kind, .fn = (handler_fn)fn, .user = count });
}

/* As an event does: all of its kind, in order, but for those removed. */
static void run(struct handlers *h, unsigned kind)
{
    struct handler_set *set = handlers_hold(h);

    for (size_t i = 0; i < set->n; i++)
        if (set->at[i]->kind == kind && !set->at[i]->removed)
            ((counting_fn)set->at[i]->fn)(set->at[i]->user);
    handlers_let_go(h, set);
}

TEST(an_event_is_wanted_while_it_has_a_handler)
{
    struct handlers h;
    int count = 0, id;

    CHECK_INT(handlers_init(&h), 0);
    CHECK(!handlers_want(&h, CORDAGE_EVENT_MESSAGE_CREATE));
    id = add(&h, CORDAGE_EVENT_MESSAGE_CREATE, add_one, &count);
    CHECK(id > 0);
    CHECK(handlers_want(&h, CORDAGE_EVENT_MESSAGE_CREATE));
    CHECK(!handlers_want(&h, CORDAGE_EVENT_GUILD_CREATE));
    CHECK(!handlers_want(&h, CORDAGE_EVENT_UNKNOWN));
    CHECK_INT(handlers_remove(&h, id), 0);
    CHECK(!handlers_want(&h, CORDAGE_EVENT_MESSAGE_CREATE));
    handlers_release(&h);
}

TEST(a_handler_of_any_event_wants_them_all)
{
    struct handlers h;
    int count = 0, id;

    handlers_init(&h);
    id = add(&h, HANDLER_ANY, add_one, &count);
    CHECK(handlers_want(&h, CORDAGE_EVENT_UNKNOWN));
    CHECK(handlers_want(&h, CORDAGE_EVENT_READY));
    handlers_remove(&h, id);
    CHECK(!handlers_want(&h, CORDAGE_EVENT_UNKNOWN));
    handlers_release(&h);
}

TEST(a_tick_wants_no_event)
{
    struct handlers h;
    int count = 0;

    handlers_init(&h);
    add(&h, HANDLER_TICK, add_one, &count);
    for (unsigned kind = 0; kind < CORDAGE_N_EVENTS; kind++)
        CHECK(!handlers_want(&h, kind));
    handlers_release(&h);
}

TEST(handlers_run_in_the_order_they_were_registered)
{
    struct handlers h;
    int count = 0;

    handlers_init(&h);
    add(&h, CORDAGE_EVENT_READY, add_one, &count);    /* 1 */
    add(&h, CORDAGE_EVENT_READY, append_one, &count); /* 11 */
    add(&h, CORDAGE_EVENT_RESUMED, add_one, &count);  /* another kind */
    add(&h, CORDAGE_EVENT_READY, double_it, &count);  /* 22 */
    run(&h, CORDAGE_EVENT_READY);
    CHECK_INT(count, 22);
    handlers_release(&h);
}

TEST(ids_differ_and_only_the_named_handler_goes)
{
    struct handlers h;
    int count = 0, first, second, third;

    handlers_init(&h);
    first = add(&h, CORDAGE_EVENT_READY, add_one, &count);
    second = add(&h, CORDAGE_EVENT_READY, add_one, &count);
    CHECK(first != second);
    CHECK_INT(handlers_remove(&h, first), 0);
    CHECK_INT(handlers_remove(&h, first), CORDAGE_ENOTFOUND);
    CHECK_INT(handlers_remove(&h, 0), CORDAGE_ENOTFOUND);
    third = add(&h, CORDAGE_EVENT_READY, add_one, &count);
    CHECK(third != first && third != second);
    run(&h, CORDAGE_EVENT_READY);
    CHECK_INT(count, 2);
    handlers_release(&h);
}

TEST(a_removed_handler_is_not_begun_by_an_event_that_holds_it)
{
    struct handlers h;
    struct handler_set *set;
    int count = 0, id;

    handlers_init(&h);
    id = add(&h, CORDAGE_EVENT_READY, add_one, &count);
    set = handlers_hold(&h);
    CHECK_INT(handlers_remove(&h, id), 0);
    CHECK_INT(set->n, 1);
    CHECK(set->at[0]->removed);
    add(&h, CORDAGE_EVENT_READY, add_one, &count);
    CHECK_INT(set->n, 1); /* the holder's set stays as it was */
    handlers_let_go(&h, set);
    run(&h, CORDAGE_EVENT_READY);
    CHECK_INT(count, 1);
    handlers_release(&h);
}

/* ---- From inside, and from other threads ------------------------------------ */

struct self {
    struct handlers *h;
    int id, runs;
};

static void remove_itself(int *user)
{
    struct self *self = (struct self *)(void *)user;

    self->runs++;
    CHECK_INT(handlers_remove(self->h, self->id), 0);
}

TEST(a_handler_may_remove_itself)
{
    struct handlers h;
    struct self self = { .h = &h };

    handlers_init(&h);
    self.id = handlers_add(&h, &(struct handler_plan){ .kind = CORDAGE_EVENT_READY,
                                                       .fn = (handler_fn)remove_itself,
                                                       .user = &self });
    run(&h, CORDAGE_EVENT_READY);
    run(&h, CORDAGE_EVENT_READY);
    CHECK_INT(self.runs, 1);
    handlers_release(&h);
}

TEST(a_kept_handler_outlives_its_sets)
{
    struct handlers h;
    struct handler_set *set;
    struct handler *kept;
    int count = 0, id;

    handlers_init(&h);
    id = add(&h, HANDLER_TICK, add_one, &count);
    set = handlers_hold(&h);
    kept = set->at[0];
    handlers_keep(&h, kept);
    handlers_let_go(&h, set);
    handlers_remove(&h, id);
    CHECK(kept->removed);
    CHECK_INT(kept->id, id);
    handlers_unkeep(&h, kept);
    handlers_release(&h);
}

static void count_atomically(int *user)
{
    atomic_fetch_add((atomic_int *)(void *)user, 1);
}

static void *run_many(void *user)
{
    for (int i = 0; i < 2000; i++)
        run(user, CORDAGE_EVENT_MESSAGE_CREATE);
    return NULL;
}

TEST(handlers_come_and_go_while_events_run)
{
    struct handlers h;
    atomic_int count = 0;
    const struct handler_plan plan = { .kind = CORDAGE_EVENT_MESSAGE_CREATE,
                                       .fn = (handler_fn)count_atomically,
                                       .user = &count };
    pthread_t threads[3];
    int ids[8] = { 0 };

    handlers_init(&h);
    handlers_add(&h, &plan);
    for (int i = 0; i < 3; i++)
        pthread_create(&threads[i], NULL, run_many, &h);
    for (int i = 0; i < 2000; i++) {
        int *id = &ids[i % 8];

        if (*id)
            CHECK_INT(handlers_remove(&h, *id), 0);
        *id = handlers_add(&h, &plan);
        CHECK(*id > 0);
    }
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    /* The one that was always there ran each time. */
    CHECK(count >= 6000);
    for (int i = 0; i < 8; i++)
        CHECK_INT(handlers_remove(&h, ids[i]), 0);
    CHECK_INT(h.counts[CORDAGE_EVENT_MESSAGE_CREATE], 1);
    handlers_release(&h);
}

TEST(releasing_what_was_never_set_up_is_fine)
{
    struct handlers h = { 0 };

    handlers_release(&h);
}

RUN_TESTS(T(an_event_is_wanted_while_it_has_a_handler),
          T(a_handler_of_any_event_wants_them_all), T(a_tick_wants_no_event),
          T(handlers_run_in_the_order_they_were_registered),
          T(ids_differ_and_only_the_named_handler_goes),
          T(a_removed_handler_is_not_begun_by_an_event_that_holds_it),
          T(a_handler_may_remove_itself), T(a_kept_handler_outlives_its_sets),
          T(handlers_come_and_go_while_events_run),
          T(releasing_what_was_never_set_up_is_fine))
