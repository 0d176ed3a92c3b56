/* The store, a shard's progress and the ledger, each allocation failing in turn. */
#include "alloc.h"

#include "ledger.h"
#include "progress.h"
#include "store_rig.h"

static int open_store(void *user)
{
    struct rig *r = user;
    int err = rig_open(r);

    CHECK((err == 0) == (r->store != NULL));
    CHECK(err == 0 || r->error.message[0] != '\0');
    store_close(r->store);
    r->store = NULL;
    return err;
}

TEST(a_store_that_gets_no_memory_says_so)
{
    struct rig r = { .tmp = tmpdir_new() };

    CHECK(alloc_each(open_store, &r) >= 1);
    tmpdir_free(&r.tmp);
}

static int open_progress(void *user)
{
    struct progress *p = NULL;
    cordage_error error = { 0 };
    int err = progress_open(user, 3, 8, 64, 7, &p, &error);

    CHECK((err == 0) == (p != NULL));
    if (err) {
        CHECK(error.message[0] != '\0');
        return err;
    }
    CHECK_INT(progress_low(p), 9); /* no failure before has cost what the file says */
    progress_close(p);
    return 0;
}

TEST(a_progress_that_gets_no_memory_says_so_and_keeps_its_file)
{
    struct tmpdir t = tmpdir_new();
    struct progress *p;
    cordage_error error;

    CHECK_INT(progress_open(t.dir, 3, 8, 64, 7, &p, &error), 0);
    progress_pass(p, 9);
    progress_take(p, 10);
    progress_close(p);
    CHECK(alloc_each(open_progress, t.dir) >= 3);
    tmpdir_free(&t);
}

static int remember_many(void *user)
{
    struct ledger l;
    int err = 0;

    (void)user;
    ledger_init(&l, 1);
    ledger_limits(&l, 1000, 1000, LEDGER_WINDOW_MS, 0);
    for (uint64_t i = 0; i < 200 && !err; i++) {
        uint64_t remaining = ledger_allowed(&l, i);

        err = ledger_book(&l, i);
        CHECK_INT(ledger_allowed(&l, i), remaining - 1); /* Discord's side counts down */
    }
    ledger_release(&l);
    return err;
}

TEST(a_ledger_without_memory_still_counts_discords_side_down)
{
    CHECK(alloc_each(remember_many, NULL) >= 2);
}

RUN_TESTS(T(a_store_that_gets_no_memory_says_so),
          T(a_progress_that_gets_no_memory_says_so_and_keeps_its_file),
          T(a_ledger_without_memory_still_counts_discords_side_down))
