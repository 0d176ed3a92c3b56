#include "session_rig.h"

/* --- close codes --- */

TEST(these_codes_are_resumed)
{
    static const int codes[] = { 1000, 1001, 1005, 1006, 1011, 1012, 1013,
                                 1014, 4000, 4001, 4002, 4005, 4006, 4008,
                                 4009, 4015, 4999, 3000, 0,    -1,   65535 };

    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        struct rig *r = rig_live();

        rig_closed(r, codes[i]);
        CHECK_INT(r->s.stats.last_close_code, codes[i]);
        rig_resume(r);
        rig_free(r);
    }
}

TEST(these_codes_need_a_new_session)
{
    static const int codes[] = { 4003, 4007 };

    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        struct rig *r = rig_live();

        rig_closed(r, codes[i]);
        expect(r, SESSION_LOST);
        rig_become_live(r, 1);
        CHECK_INT(r->s.stats.identifies, 2);
        rig_free(r);
    }
}

TEST(these_codes_are_for_good)
{
    static const int codes[] = { 4004, 4010, 4011, 4012, 4013, 4014 };

    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        struct rig *r = rig_live();

        rig_closed(r, codes[i]);
        CHECK_INT(rig_take(r, SESSION_REFUSED)->code, codes[i]);
        expect_state(r, SESSION_DEAD);
        CHECK(session_deadline(&r->s) == UINT64_MAX);
        rig_after(r, 24 * 3600 * 1000);
        rig_closed(r, 1006);
        rig_dial(r);
        session_broken(&r->s, r->now);
        rig_opened(r);
        CHECK_INT(rig_feed(r, "{\"op\":7}"), 0);
        expect_state(r, SESSION_DEAD);
        rig_free(r);
    }
}

TEST(a_fatal_code_answers_identify_too)
{
    struct rig *r = rig_new();

    rig_connect(r, false);
    rig_identify(r);
    rig_closed(r, 4014);
    CHECK_INT(rig_take(r, SESSION_REFUSED)->code, 4014);
    rig_free(r);
}

TEST(no_session_is_lost_that_never_was)
{
    struct rig *r = rig_new();

    rig_connect(r, false);
    rig_identify(r);
    rig_closed(r, 4003);
    expect_nothing(r);
    rig_connect(r, false);
    rig_free(r);
}

TEST(after_4008_it_stays_away_for_a_while)
{
    struct rig *r = rig_live();

    rig_closed(r, 4008);
    CHECK(rig_wait_of(r) >= 10000);
    rig_resume(r);
    rig_free(r);
}

TEST(closing_twice_is_closing_once)
{
    struct rig *r = rig_live();
    uint64_t at;

    rig_closed(r, 1006);
    at = session_deadline(&r->s);
    rig_closed(r, 4004); /* a straggler: too late to matter */
    CHECK(session_deadline(&r->s) == at);
    CHECK_INT(r->s.stats.last_close_code, 1006);
    rig_resume(r);
    rig_free(r);
}

TEST(a_broken_stream_is_closed_and_resumed)
{
    struct rig *r = rig_live();

    session_broken(&r->s, r->now);
    rig_pull(r);
    expect_close(r, 4000);
    session_broken(&r->s, r->now);
    rig_pull(r);
    rig_resume(r);
    rig_free(r);
}

/* --- op 7 --- */

static void reconnect(struct rig *r)
{
    CHECK_INT(rig_feed(r, "{\"t\":null,\"s\":null,\"op\":7,\"d\":null}"), 0);
    expect_close(r, 4000);
}

TEST(a_reconnect_closes_and_resumes_within_a_second)
{
    struct rig *r = rig_live();

    reconnect(r);
    expect_between(rig_wait_of(r), 0, 1000);
    rig_resume(r);
    reconnect(r); /* also during the replay */
    rig_resume(r);
    rig_free(r);
}

TEST(a_reconnect_may_come_in_the_place_of_hello)
{
    struct rig *r = rig_new();

    rig_connect(r, false);
    reconnect(r);
    expect(r, SESSION_DROP_SLOT);
    rig_connect(r, false);
    rig_free(r);
}

TEST(a_goodbye_in_the_place_of_hello_is_no_reason_to_leave_the_resume_url)
{
    struct rig *r = rig_live();

    rig_closed(r, 1006);
    rig_connect(r, true);
    reconnect(r);
    rig_wait(r);
    expect_want_dial(r, true);
    rig_dial(r);
    expect_dial(r, RESUME_URL);
    rig_opened(r);
    rig_closed(r, 1001);
    rig_wait(r);
    expect_want_dial(r, true);
    rig_dial(r);
    expect_dial(r, RESUME_URL);
    rig_opened(r);
    reconnect(r); /* but not for ever */
    rig_wait(r);
    expect_want_dial(r, true);
    rig_dial(r);
    expect_dial(r, DEFAULT_URL);
    rig_free(r);
}

TEST(a_detour_by_the_default_url_is_for_one_time)
{
    struct rig *r = rig_live();

    rig_closed(r, 1006);
    rig_wait(r);
    expect_want_dial(r, true);
    rig_dial(r);
    expect_dial(r, RESUME_URL);
    rig_closed(r, 1006); /* a moment's trouble on the way there */
    rig_wait(r);
    expect_want_dial(r, true);
    rig_dial(r);
    expect_dial(r, DEFAULT_URL);
    rig_opened(r);
    rig_hello(r);
    expect_send(r, RESUME);
    rig_event(r, "RESUMED", 2);
    expect_deliver(r, "RESUMED", 2);
    rig_closed(r, 1006);
    rig_wait(r);
    expect_want_dial(r, true);
    rig_dial(r);
    expect_dial(r, RESUME_URL);
    rig_free(r);
}

TEST(a_reconnect_without_a_session_identifies_again)
{
    struct rig *r = rig_new();

    rig_connect(r, false);
    rig_hello(r);
    expect(r, SESSION_WANT_SLOT);
    reconnect(r);
    expect(r, SESSION_DROP_SLOT);
    rig_connect(r, false);
    rig_identify(r);
    reconnect(r);
    expect_nothing(r); /* the slot has been used */
    rig_become_live(r, 1);
    rig_free(r);
}

/* --- op 9 --- */

static void invalid(struct rig *r, const char *payload)
{
    CHECK_INT(rig_feed(r, payload), 0);
    expect_close(r, 4000);
}

TEST(an_invalid_session_that_may_be_resumable_is_resumed_after_1_to_5_seconds)
{
    for (uint64_t seed = 1; seed < 50; seed++) {
        struct rig *r = rig_new(.seed = seed);

        rig_become_live(r, 1);
        invalid(r, "{\"t\":null,\"s\":null,\"op\":9,\"d\":true}");
        expect_between(rig_wait_of(r), 1000, 5000);
        rig_resume(r);
        rig_free(r);
    }
}

TEST(anything_but_true_means_that_the_session_is_gone)
{
    static const char *const payloads[] = {
        "{\"t\":null,\"s\":null,\"op\":9,\"d\":false}",
        "{\"op\":9}",
        "{\"op\":9,\"d\":null}",
        "{\"op\":9,\"d\":1}",
        "{\"op\":9,\"d\":\"true\"}",
        "{\"op\":9,\"d\":{\"resumable\":true}}",
    };

    for (size_t i = 0; i < sizeof payloads / sizeof *payloads; i++) {
        struct rig *r = rig_live();

        invalid(r, payloads[i]);
        expect(r, SESSION_LOST);
        expect_between(rig_wait_of(r), 1000, 5000);
        rig_connect(r, false);
        rig_identify(r);
        rig_free(r);
    }
}

TEST(a_refused_resume_identifies_on_the_default_url)
{
    struct rig *r = rig_live();

    rig_closed(r, 4009);
    rig_resume(r);
    invalid(r, "{\"op\":9,\"d\":false}");
    expect(r, SESSION_LOST);
    rig_wait(r);
    expect_want_dial(r, false);
    rig_dial(r);
    expect_dial(r, DEFAULT_URL);
    rig_free(r);
}

TEST(an_identify_refused_at_once_waits_a_whole_window)
{
    for (uint64_t seed = 1; seed < 50; seed++) {
        struct rig *r = rig_new(.seed = seed);

        rig_connect(r, false);
        rig_identify(r);
        r->now += 100;
        invalid(r, "{\"op\":9,\"d\":false}");
        CHECK(rig_wait_of(r) >= 5300);
        rig_connect(r, false);
        rig_free(r);
    }
}

TEST(an_identify_refused_later_waits_as_ever)
{
    struct rig *r = rig_new();

    rig_connect(r, false);
    rig_identify(r);
    r->now += 6000;
    invalid(r, "{\"op\":9,\"d\":true}");
    expect_nothing(r);
    expect_between(rig_wait_of(r), 1000, 5000);
    rig_connect(r, false); /* there is nothing to resume, whatever it says */
    rig_free(r);
}

/* --- deadlines --- */

TEST(a_connection_that_does_not_open_in_10_seconds_is_given_up)
{
    struct rig *r = rig_new();

    expect_want_dial(r, false);
    rig_dial(r);
    expect(r, SESSION_DIAL);
    rig_after(r, 9999);
    expect_nothing(r);
    rig_after(r, 1);
    expect_close(r, 4000);
    expect(r, SESSION_DROP_SLOT);
    rig_connect(r, false);
    rig_free(r);
}

TEST(hello_must_come_within_20_seconds)
{
    struct rig *r = rig_new();

    rig_connect(r, false);
    rig_after(r, 19999);
    expect_nothing(r);
    rig_after(r, 1);
    expect_close(r, 4000);
    expect(r, SESSION_DROP_SLOT);
    rig_free(r);
}

TEST(ready_must_come_within_a_minute_if_nothing_is_heard)
{
    struct rig *r = rig_new();

    rig_connect(r, false);
    CHECK_INT(rig_feed(r, "{\"op\":10,\"d\":{\"heartbeat_interval\":600000}}"), 0);
    expect(r, SESSION_WANT_SLOT);
    session_identify(&r->s, r->now);
    rig_pull(r);
    expect_send(r, IDENTIFY);
    rig_after(r, 59999);
    while (r->n)
        expect_send(r, HEARTBEAT);
    expect_state(r, SESSION_IDENTIFY);
    rig_after(r, 1);
    expect_close(r, 4000);
    rig_free(r);
}

TEST(a_replay_may_take_as_long_as_events_come)
{
    struct rig *r = rig_live();
    uint64_t seq = 2;

    rig_closed(r, 1006);
    rig_resume(r);
    for (int i = 0; i < 20; i++) {
        rig_after(r, 30000);
        while (r->n)
            expect_send(r, HEARTBEAT);
        rig_ack(r);
        rig_event(r, "A", seq);
        expect_deliver(r, "A", seq++);
    }
    expect_state(r, SESSION_RESUME);
    for (uint64_t until = r->now + 60000; r->now < until;) {
        rig_wait(r);
        if (r->s.state == SESSION_RESUME) {
            expect_send(r, HEARTBEAT);
            rig_ack(r);
        } else {
            CHECK_INT(r->now, until);
        }
    }
    expect_close(r, 4000);
    rig_free(r);
}

RUN_TESTS(T(these_codes_are_resumed), T(these_codes_need_a_new_session),
          T(these_codes_are_for_good), T(a_fatal_code_answers_identify_too),
          T(no_session_is_lost_that_never_was), T(after_4008_it_stays_away_for_a_while),
          T(closing_twice_is_closing_once), T(a_broken_stream_is_closed_and_resumed),
          T(a_reconnect_closes_and_resumes_within_a_second),
          T(a_reconnect_may_come_in_the_place_of_hello),
          T(a_goodbye_in_the_place_of_hello_is_no_reason_to_leave_the_resume_url),
          T(a_detour_by_the_default_url_is_for_one_time),
          T(a_reconnect_without_a_session_identifies_again),
          T(an_invalid_session_that_may_be_resumable_is_resumed_after_1_to_5_seconds),
          T(anything_but_true_means_that_the_session_is_gone),
          T(a_refused_resume_identifies_on_the_default_url),
          T(an_identify_refused_at_once_waits_a_whole_window),
          T(an_identify_refused_later_waits_as_ever),
          T(a_connection_that_does_not_open_in_10_seconds_is_given_up),
          T(hello_must_come_within_20_seconds),
          T(ready_must_come_within_a_minute_if_nothing_is_heard),
          T(a_replay_may_take_as_long_as_events_come))
