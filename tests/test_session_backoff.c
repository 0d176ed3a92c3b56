#include "session_rig.h"

/* --- urls --- */

static void fail_to_connect(struct rig *r, const char *url)
{
    expect_want_dial(r, true);
    rig_dial(r);
    expect_dial(r, url);
    rig_closed(r, 1006);
}

TEST(a_dead_resume_url_is_left_for_the_default_one_and_the_session_is_kept)
{
    struct rig *r = rig_live();

    rig_closed(r, 1006);
    rig_wait(r);
    fail_to_connect(r, RESUME_URL);
    rig_wait(r);
    expect_want_dial(r, true);
    rig_dial(r);
    expect_dial(r, DEFAULT_URL);
    rig_opened(r);
    rig_hello(r);
    expect_send(r, RESUME);
    rig_free(r);
}

TEST(silence_instead_of_hello_counts_against_the_url_too)
{
    struct rig *r = rig_live();

    rig_closed(r, 1006);
    rig_connect(r, true);
    rig_after(r, 20000);
    expect_close(r, 4000);
    rig_wait(r);
    expect_want_dial(r, true);
    rig_dial(r);
    expect_dial(r, DEFAULT_URL);
    rig_free(r);
}

TEST(when_both_urls_fail_they_take_turns_and_a_new_default_is_asked_for)
{
    struct rig *r = rig_live();

    rig_closed(r, 1006);
    for (int i = 1; i <= 6; i++) {
        rig_wait(r);
        fail_to_connect(r, RESUME_URL);
        rig_wait(r);
        fail_to_connect(r, DEFAULT_URL);
        if (i % 3 == 0)
            expect(r, SESSION_NEW_URL);
        expect_nothing(r);
    }
    CHECK_INT(session_set_gateway(&r->s, "wss://other.discord.gg"), 0);
    rig_wait(r);
    fail_to_connect(r, RESUME_URL);
    rig_wait(r);
    fail_to_connect(r, "wss://other.discord.gg:443/?v=10&encoding=json");
    rig_free(r);
}

TEST(a_default_url_that_works_now_and_then_is_kept)
{
    struct rig *r = rig_new();

    for (int i = 0; i < 4; i++) {
        for (int j = 0; j < 2; j++) {
            rig_connect(r, false);
            rig_closed(r, 1006);
            expect(r, SESSION_DROP_SLOT);
        }
        rig_connect(r, false);
        rig_hello(r);
        expect(r, SESSION_WANT_SLOT);
        rig_closed(r, 1006);
        expect(r, SESSION_DROP_SLOT);
    }
    rig_free(r);
}

/* --- resumes that come to nothing --- */

TEST(closed_while_resuming_it_tries_once_more_then_gives_the_session_up)
{
    struct rig *r = rig_live();

    rig_closed(r, 1006);
    rig_resume(r);
    rig_closed(r, 4000);
    expect_nothing(r);
    rig_resume(r);
    rig_closed(r, 4000);
    expect(r, SESSION_LOST);
    rig_become_live(r, 1);
    rig_free(r);
}

TEST(a_bad_network_gets_more_tries_but_not_endlessly)
{
    struct rig *r = rig_live();

    rig_closed(r, 1006);
    for (int i = 0; i < 5; i++) {
        expect_nothing(r);
        rig_resume(r);
        rig_closed(r, 1006);
    }
    expect(r, SESSION_LOST);
    rig_connect(r, false);
    rig_free(r);
}

TEST(a_replay_that_gets_on_may_be_cut_off_any_number_of_times)
{
    struct rig *r = rig_live();

    rig_closed(r, 1006);
    for (uint64_t seq = 2; seq < 40; seq++) {
        rig_resume(r);
        rig_event(r, "A", seq);
        expect_deliver(r, "A", seq);
        rig_closed(r, 4000);
    }
    rig_resume(r);
    rig_event(r, "A", 1); /* but an event known already is no progress */
    rig_closed(r, 4000);
    rig_resume(r);
    rig_closed(r, 4000);
    expect(r, SESSION_LOST);
    rig_free(r);
}

TEST(connections_that_fail_before_resume_cost_no_session)
{
    struct rig *r = rig_live();

    rig_closed(r, 1006);
    for (int i = 0; i < 50; i++) {
        rig_connect(r, true);
        rig_closed(r, 4000);
        while (r->n)
            expect(r, SESSION_NEW_URL);
    }
    rig_resume(r);
    rig_free(r);
}

/* --- backoff --- */

TEST(the_first_wait_is_short_after_a_goodbye_and_longer_after_a_failure)
{
    for (uint64_t seed = 1; seed < 100; seed++) {
        struct rig *r = rig_new(.seed = seed);

        rig_become_live(r, 1);
        rig_closed(r, seed % 2 ? 1000 : 1001);
        expect_between(rig_wait_of(r), 0, 1000);
        expect_want_dial(r, true);
        rig_free(r);
        r = rig_new(.seed = seed);
        rig_become_live(r, 1);
        rig_closed(r, seed % 2 ? 1006 : 4000);
        expect_between(rig_wait_of(r), 1000, 5000);
        expect_want_dial(r, true);
        rig_free(r);
    }
}

TEST(waits_grow_with_jitter_to_a_minute_at_most)
{
    uint64_t longest[12] = { 0 };
    uint64_t shortest = UINT64_MAX;

    for (uint64_t seed = 1; seed < 300; seed++) {
        struct rig *r = rig_new(.seed = seed);

        for (int i = 0; i < 12; i++) {
            uint64_t waited;

            rig_connect(r, false);
            rig_closed(r, 1006);
            expect(r, SESSION_DROP_SLOT);
            while (r->n)
                expect(r, SESSION_NEW_URL);
            waited = rig_wait_of(r);
            if (waited > longest[i])
                longest[i] = waited;
            if (i == 11 && waited < shortest)
                shortest = waited;
        }
        while (r->n)
            expect(r, SESSION_WANT_DIAL);
        rig_free(r);
    }
    expect_between(longest[1], 1800, 2000);
    expect_between(longest[2], 3600, 4000);
    expect_between(longest[5], 29000, 32000);
    expect_between(longest[6], 55000, 60000);
    expect_between(longest[11], 55000, 60000);
    CHECK(shortest < 3000); /* full jitter */
}

TEST(only_an_ack_on_a_live_session_ends_the_backoff)
{
    struct rig *r = rig_live();

    for (int i = 0; i < 8; i++) {
        rig_closed(r, 1006);
        rig_resume(r);
        rig_event(r, "RESUMED", 2 + (uint64_t)i);
        expect(r, SESSION_DELIVER);
        rig_ack(r); /* of nothing: it proves nothing */
    }
    CHECK_INT(r->s.losses, 8);
    rig_beat(r);
    CHECK_INT(r->s.losses, 0);
    rig_closed(r, 1000);
    expect_between(rig_wait_of(r), 0, 1000);
    expect_want_dial(r, true);
    rig_free(r);
}

TEST(an_ack_before_ready_ends_no_backoff)
{
    struct rig *r = rig_new();

    for (unsigned i = 1; i <= 4; i++) {
        rig_connect(r, false);
        rig_hello(r);
        expect(r, SESSION_WANT_SLOT);
        rig_beat(r);
        rig_closed(r, 1006);
        expect(r, SESSION_DROP_SLOT);
        CHECK_INT(r->s.losses, i);
    }
    rig_free(r);
}

TEST(a_fleet_does_not_come_back_at_one_moment)
{
    uint64_t waits[100];
    unsigned same = 0;

    for (unsigned i = 0; i < 100; i++) {
        struct rig *r = rig_new(.seed = i);

        rig_become_live(r, 1);
        CHECK_INT(rig_feed(r, "{\"op\":7}"), 0);
        expect_close(r, 4000);
        waits[i] = rig_wait_of(r);
        for (unsigned j = 0; j < i; j++)
            same += waits[j] == waits[i];
        expect_want_dial(r, true);
        rig_free(r);
    }
    CHECK(same < 30);
}

RUN_TESTS(T(a_dead_resume_url_is_left_for_the_default_one_and_the_session_is_kept),
          T(silence_instead_of_hello_counts_against_the_url_too),
          T(when_both_urls_fail_they_take_turns_and_a_new_default_is_asked_for),
          T(a_default_url_that_works_now_and_then_is_kept),
          T(closed_while_resuming_it_tries_once_more_then_gives_the_session_up),
          T(a_bad_network_gets_more_tries_but_not_endlessly),
          T(a_replay_that_gets_on_may_be_cut_off_any_number_of_times),
          T(connections_that_fail_before_resume_cost_no_session),
          T(the_first_wait_is_short_after_a_goodbye_and_longer_after_a_failure),
          T(waits_grow_with_jitter_to_a_minute_at_most),
          T(only_an_ack_on_a_live_session_ends_the_backoff),
          T(an_ack_before_ready_ends_no_backoff),
          T(a_fleet_does_not_come_back_at_one_moment))
