#include "session_rig.h"

/* A session that waits for its identify slot, its heart beating. */
static struct rig *rig_queued(uint64_t seed)
{
    struct rig *r = rig_new(.seed = seed);

    rig_connect(r, false);
    rig_hello(r);
    expect(r, SESSION_WANT_SLOT);
    return r;
}

static void expect_beat_at(struct rig *r, uint64_t at)
{
    rig_at(r, at - 1);
    expect_nothing(r);
    rig_at(r, at);
    expect_send(r, HEARTBEAT);
}

static void request(struct rig *r)
{
    CHECK_INT(rig_feed(r, "{\"t\":null,\"s\":null,\"op\":1,\"d\":null}"), 0);
}

TEST(the_first_heartbeat_comes_a_random_part_of_an_interval_after_hello)
{
    enum { N = 200 };
    unsigned early = 0;

    for (uint64_t seed = 1; seed <= N; seed++) {
        struct rig *r = rig_queued(seed);
        uint64_t hello_at = r->now;

        rig_wait(r);
        expect_send(r, HEARTBEAT);
        CHECK(r->now - hello_at < RIG_INTERVAL_MS);
        early += r->now - hello_at < RIG_INTERVAL_MS / 2;
        rig_free(r);
    }
    CHECK(early > N / 3 && early < N * 2 / 3);
}

TEST(each_further_one_comes_an_interval_after_the_deadline_of_the_last)
{
    struct rig *r = rig_queued(1);
    uint64_t due = session_deadline(&r->s);

    r->now = due + 700; /* the timer was late */
    session_tick(&r->s, r->now);
    rig_pull(r);
    expect_send(r, HEARTBEAT);
    rig_ack(r);
    for (int i = 1; i < 5; i++) {
        expect_beat_at(r, due + (uint64_t)i * RIG_INTERVAL_MS);
        rig_ack(r);
    }
    rig_free(r);
}

TEST(a_heartbeat_carries_null_before_the_first_event_then_the_last_sequence)
{
    struct rig *r = rig_queued(1);

    rig_wait(r);
    expect_send(r, "{\"op\":1,\"d\":null}");
    rig_ack(r);
    session_identify(&r->s, r->now);
    rig_pull(r);
    expect_send(r, IDENTIFY);
    CHECK_INT(rig_ready(r, 1, "[]"), 0);
    expect_deliver(r, "READY", 1);
    expect(r, SESSION_GUILDS_IN);
    rig_event(r, "A", 251);
    expect_deliver(r, "A", 251);
    rig_wait(r);
    expect_send(r, "{\"op\":1,\"d\":251}");
    rig_closed(r, 1006);
    rig_resume(r);
    rig_wait(r);
    expect_send(r, "{\"op\":1,\"d\":251}"); /* the stored one, not null */
    rig_free(r);
}

TEST(a_missed_ack_drops_the_socket_but_keeps_the_session)
{
    struct rig *r = rig_live();

    rig_beat(r);
    rig_wait(r);
    expect_send(r, HEARTBEAT);
    rig_after(r, RIG_INTERVAL_MS - 1);
    expect_nothing(r);
    rig_after(r, 1);
    expect_close(r, 4000); /* not 1000: that would end the session */
    rig_resume(r);
    rig_free(r);
}

TEST(an_ack_in_the_last_moment_is_in_time)
{
    struct rig *r = rig_live();

    rig_wait(r);
    expect_send(r, HEARTBEAT);
    rig_after(r, RIG_INTERVAL_MS - 1);
    rig_ack(r);
    rig_after(r, 1);
    expect_send(r, HEARTBEAT);
    rig_free(r);
}

TEST(the_latency_is_ack_minus_heartbeat)
{
    struct rig *r = rig_live();

    CHECK_INT(r->s.stats.latency_ms, 0);
    rig_wait(r);
    expect_send(r, HEARTBEAT);
    rig_after(r, 123);
    rig_ack(r);
    CHECK_INT(r->s.stats.latency_ms, 123);
    rig_ack(r); /* nobody asked for this one */
    CHECK_INT(r->s.stats.latency_ms, 123);
    CHECK_INT(r->s.stats.ignored, 1);
    rig_free(r);
}

TEST(a_heartbeat_discord_asks_for_is_sent_at_once_and_moves_nothing)
{
    struct rig *r = rig_live();
    uint64_t due = session_deadline(&r->s);

    CHECK(due > r->now + 1);
    rig_at(r, due - 1);
    request(r);
    expect_send(r, HEARTBEAT);
    rig_at(r, due);
    expect_send(r, HEARTBEAT);
    rig_free(r);
}

TEST(an_answer_just_before_a_heartbeat_is_no_missed_ack)
{
    struct rig *r = rig_live();

    rig_wait(r);
    expect_send(r, HEARTBEAT);
    rig_ack(r);
    rig_after(r, RIG_INTERVAL_MS - 5);
    request(r);
    expect_send(r, HEARTBEAT); /* its own ACK is still on the way */
    rig_after(r, 5);
    expect_send(r, HEARTBEAT);
    expect_state(r, SESSION_LIVE);
    rig_free(r);
}

TEST(a_flood_of_requests_is_answered_five_times_an_interval)
{
    struct rig *r = rig_live();

    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 1000; i++)
            request(r);
        for (int i = 0; i < LIMIT_HEARTBEAT_REQUESTS; i++)
            expect_send(r, HEARTBEAT);
        expect_nothing(r);
        rig_wait(r);
        expect_send(r, HEARTBEAT); /* the scheduled one is never refused */
        rig_ack(r);
    }
    CHECK_INT(r->s.stats.ignored, 3 * (1000 - LIMIT_HEARTBEAT_REQUESTS));
    rig_free(r);
}

TEST(a_request_before_hello_is_answered)
{
    struct rig *r = rig_new();

    rig_connect(r, false);
    request(r);
    expect_send(r, "{\"op\":1,\"d\":null}");
    rig_free(r);
}

TEST(requests_never_eat_the_slots_of_scheduled_heartbeats)
{
    struct rig *r = rig_live();
    unsigned n = 0;

    for (int i = 0; i < 200; i++)
        session_command(&r->s, PACE_COMMAND, 0, STR("{\"op\":8}"), r->now);
    for (struct session_action a; session_next(&r->s, &a);)
        n++;
    CHECK_INT(rig_feed(r, "{\"op\":11}"), 0);
    for (int i = 0; i < 20; i++)
        request(r);
    while (r->n)
        expect_send(r, HEARTBEAT);
    rig_wait(r);
    expect_send(r, HEARTBEAT);
    CHECK(n > 100);
    rig_free(r);
}

static uint64_t interval_after(const char *hello)
{
    struct rig *r = rig_new();
    uint64_t interval;

    rig_connect(r, false);
    CHECK_INT(rig_feed(r, hello), 0);
    expect(r, SESSION_WANT_SLOT);
    rig_wait(r);
    expect_send(r, HEARTBEAT);
    rig_ack(r);
    interval = session_deadline(&r->s) - r->now;
    rig_free(r);
    return interval;
}

TEST(the_interval_is_taken_between_a_second_and_ten_minutes)
{
    CHECK_INT(interval_after("{\"op\":10,\"d\":{\"heartbeat_interval\":1}}"), 1000);
    CHECK_INT(interval_after("{\"op\":10,\"d\":{\"heartbeat_interval\":0.01}}"), 1000);
    CHECK_INT(interval_after("{\"op\":10,\"d\":{\"heartbeat_interval\":41250}}"), 41250);
    CHECK_INT(interval_after("{\"op\":10,\"d\":{\"heartbeat_interval\":41250.5}}"),
              41250);
    CHECK_INT(interval_after("{\"op\":10,\"d\":{\"heartbeat_interval\":1e300}}"), 600000);
    CHECK_INT(interval_after(
                  "{\"op\":10,\"d\":{\"heartbeat_interval\":18446744073709551615}}"),
              600000);
}

TEST(a_suspended_machine_is_no_missed_ack)
{
    struct rig *r = rig_live();

    rig_wait(r);
    expect_send(r, HEARTBEAT);
    /* The lid was closed: the ACK lies in the socket, unread. */
    r->now += 8 * 3600 * 1000;
    session_tick(&r->s, r->now);
    rig_pull(r);
    expect_send(r, HEARTBEAT);
    CHECK_INT(session_deadline(&r->s), r->now + RIG_INTERVAL_MS);
    rig_after(r, RIG_INTERVAL_MS); /* but this one must be acknowledged */
    expect_close(r, 4000);
    rig_free(r);
}

TEST(while_reading_is_paused_heartbeats_go_on_and_nothing_is_held_against_the_peer)
{
    struct rig *r = rig_live();

    session_paused(&r->s, true, r->now);
    rig_pull(r);
    for (int i = 0; i < 5; i++) {
        rig_wait(r);
        expect_send(r, HEARTBEAT); /* its ACK is not read */
    }
    session_paused(&r->s, false, r->now);
    rig_pull(r);
    rig_wait(r);
    expect_send(r, HEARTBEAT);
    expect_state(r, SESSION_LIVE);
    rig_wait(r);
    expect_close(r, 4000); /* the verdict began anew */
    rig_free(r);
}

TEST(a_pause_suspends_the_deadline_of_the_replay)
{
    struct rig *r = rig_live();

    rig_closed(r, 1006);
    rig_resume(r);
    session_paused(&r->s, true, r->now);
    for (uint64_t until = r->now + 3600 * 1000; r->now < until; rig_wait(r))
        while (r->n)
            expect_send(r, HEARTBEAT);
    expect_send(r, HEARTBEAT);
    expect_state(r, SESSION_RESUME);
    session_paused(&r->s, false, r->now);
    rig_after(r, 10);
    expect_state(r, SESSION_RESUME);
    rig_event(r, "RESUMED", 2);
    expect_deliver(r, "RESUMED", 2);
    while (r->n)
        expect_send(r, HEARTBEAT);
    rig_free(r);
}

TEST(an_ack_stuck_behind_a_flood_of_guilds_is_waited_for_once)
{
    struct rig *r = rig_new(.guilds_quiet_ms = 3600 * 1000);

    rig_connect(r, false);
    rig_identify(r);
    CHECK_INT(rig_ready(r, 1, "[{\"id\":\"5\"},{\"id\":\"6\"}]"), 0);
    expect_deliver(r, "READY", 1);
    rig_wait(r);
    expect_send(r, HEARTBEAT);
    rig_event(r, "GUILD_CREATE", 2);
    expect_deliver(r, "GUILD_CREATE", 2);
    rig_wait(r);
    expect_send(r, HEARTBEAT); /* no ACK, but events: give it another interval */
    rig_event(r, "GUILD_CREATE", 3);
    expect_deliver(r, "GUILD_CREATE", 3);
    rig_wait(r);
    expect_close(r, 4000);
    rig_free(r);
}

TEST(when_all_is_loaded_traffic_is_no_excuse)
{
    struct rig *r = rig_live();

    rig_wait(r);
    expect_send(r, HEARTBEAT);
    rig_event(r, "A", 2);
    expect_deliver(r, "A", 2);
    rig_wait(r);
    expect_close(r, 4000);
    rig_free(r);
}

TEST(ready_is_waited_for_as_long_as_acks_arrive)
{
    struct rig *r = rig_new();
    uint64_t until;

    rig_connect(r, false);
    rig_identify(r);
    until = r->now + 2 * 3600 * 1000;
    while (r->now < until) {
        rig_wait(r);
        expect_send(r, HEARTBEAT);
        rig_ack(r);
    }
    expect_state(r, SESSION_IDENTIFY);
    while (r->now < until + 70 * 1000 && r->s.state == SESSION_IDENTIFY) {
        rig_wait(r); /* now they don't */
        if (r->s.state == SESSION_IDENTIFY)
            expect_send(r, HEARTBEAT);
    }
    expect_close(r, 4000);
    rig_free(r);
}

RUN_TESTS(
    T(the_first_heartbeat_comes_a_random_part_of_an_interval_after_hello),
    T(each_further_one_comes_an_interval_after_the_deadline_of_the_last),
    T(a_heartbeat_carries_null_before_the_first_event_then_the_last_sequence),
    T(a_missed_ack_drops_the_socket_but_keeps_the_session),
    T(an_ack_in_the_last_moment_is_in_time), T(the_latency_is_ack_minus_heartbeat),
    T(a_heartbeat_discord_asks_for_is_sent_at_once_and_moves_nothing),
    T(an_answer_just_before_a_heartbeat_is_no_missed_ack),
    T(a_flood_of_requests_is_answered_five_times_an_interval),
    T(a_request_before_hello_is_answered),
    T(requests_never_eat_the_slots_of_scheduled_heartbeats),
    T(the_interval_is_taken_between_a_second_and_ten_minutes),
    T(a_suspended_machine_is_no_missed_ack),
    T(while_reading_is_paused_heartbeats_go_on_and_nothing_is_held_against_the_peer),
    T(a_pause_suspends_the_deadline_of_the_replay),
    T(an_ack_stuck_behind_a_flood_of_guilds_is_waited_for_once),
    T(when_all_is_loaded_traffic_is_no_excuse),
    T(ready_is_waited_for_as_long_as_acks_arrive))
