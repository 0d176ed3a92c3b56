/* In how many processes that died the handlers of an event had begun. */
#include "progress_lives.h"

#include "limits.h"
#include "progress_file.h"

TEST(deaths_count_while_handlers_run)
{
    struct tmpdir t = tmpdir_new();
    struct progress *p = open_room(t.dir, 8, 5);

    progress_begin_event(p, progress_take(p, 1));
    progress_take(p, 2); /* queued */
    CHECK_INT(progress_deaths(p, 1), 0);
    for (uint32_t i = 1; i <= LIMIT_DEATHS + 2; i++) {
        p = die(p, t.dir, 8);
        CHECK_INT(progress_deaths(p, 1), i < LIMIT_DEATHS ? i : LIMIT_DEATHS);
        CHECK_INT(progress_deaths(p, 2), 0);
        CHECK_INT(progress_low(p), 0);
        CHECK(!progress_was_done(p, 1) && !progress_was_done(p, 2));
        p = die(p, t.dir, 8); /* before it came again: nothing new */
        CHECK_INT(progress_deaths(p, 1), i < LIMIT_DEATHS ? i : LIMIT_DEATHS);
        progress_begin_event(p, progress_take(p, 1));
        CHECK_INT(progress_deaths(p, 1), 0); /* it has come */
    }
    p = die(p, t.dir, 8);
    progress_pass(p, 1);
    CHECK_INT(progress_low(p), 1);
    p = die(p, t.dir, 8);
    CHECK(progress_was_done(p, 1));
    CHECK_INT(progress_deaths(p, 1), 0);
    progress_close(p);
    tmpdir_free(&t);
}

TEST(deaths_end_with_a_clean_stop_or_when_handlers_return)
{
    struct tmpdir t = tmpdir_new();
    struct progress *p = open_room(t.dir, 8, 5);
    uint32_t a = progress_take(p, 1), b = progress_take(p, 2);

    progress_begin_event(p, a);
    progress_begin_event(p, b);
    progress_begin_event(p, UINT32_MAX);
    p = die(p, t.dir, 8);
    CHECK_INT(progress_deaths(p, 1), 1);
    CHECK_INT(progress_deaths(p, 2), 1);
    a = progress_take(p, 1);
    progress_begin_event(p, a);
    progress_done(p, a);
    CHECK_INT(progress_take(p, 3), a);
    p = die(p, t.dir, 8);
    CHECK_INT(progress_deaths(p, 2), 1);
    CHECK_INT(progress_deaths(p, 3), 0);
    progress_close(p);
    p = open_room(t.dir, 8, 5);
    CHECK_INT(progress_deaths(p, 2), 0);
    CHECK(!progress_was_done(p, 2));
    progress_close(p);
    tmpdir_free(&t);
}

TEST(handlers_of_the_session_before_begin_nothing_of_the_next)
{
    struct tmpdir t = tmpdir_new();
    struct progress *p = open_room(t.dir, 8, 5);
    uint32_t old = progress_take(p, 9);

    progress_begin(p, 5, 10);
    progress_begin_event(p, old);
    CHECK_INT(progress_low(p), 10);
    p = die(p, t.dir, 8);
    CHECK_INT(progress_low(p), 10);
    CHECK(progress_was_done(p, 9));
    progress_close(p);
    tmpdir_free(&t);
}

TEST(a_sequence_that_no_place_can_hold_stays_open)
{
    struct progress *p = open_room(NULL, 8, 5);

    CHECK(progress_take(p, PROGRESS_SEQUENCE) != UINT32_MAX);
    CHECK(progress_take(p, PROGRESS_SEQUENCE + 1) == UINT32_MAX);
    CHECK(progress_low(p) == PROGRESS_SEQUENCE - 1);
    progress_close(p);
}

RUN_TESTS(T(deaths_count_while_handlers_run),
          T(deaths_end_with_a_clean_stop_or_when_handlers_return),
          T(handlers_of_the_session_before_begin_nothing_of_the_next),
          T(a_sequence_that_no_place_can_hold_stays_open))
