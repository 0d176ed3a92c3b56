#include "session_rig.h"

TEST(commands_leave_only_when_live_and_survive_a_reconnect)
{
    struct rig *r = rig_new();

    CHECK_INT(session_command(&r->s, PACE_COMMAND, 0, STR("{\"op\":4}"), r->now), 0);
    rig_pull(r);
    rig_connect(r, false);
    rig_identify(r);
    CHECK_INT(rig_ready(r, 1, "[]"), 0);
    expect_deliver(r, "READY", 1);
    expect(r, SESSION_GUILDS_IN);
    expect_send(r, "{\"op\":4}");
    rig_closed(r, 1006);
    CHECK_INT(session_command(&r->s, PACE_COMMAND, 0, STR("{\"op\":8}"), r->now), 0);
    rig_resume(r);
    rig_event(r, "RESUMED", 2);
    expect_deliver(r, "RESUMED", 2);
    expect_send(r, "{\"op\":8}");
    rig_free(r);
}

TEST(commands_obey_the_budget_and_leave_later)
{
    struct rig *r = rig_live();
    unsigned n_sent = 0;

    for (int i = 0; i < 130; i++)
        CHECK_INT(session_command(&r->s, PACE_COMMAND, 0, STR("{\"op\":8}"), r->now), 0);
    for (struct session_action a; session_next(&r->s, &a); n_sent++)
        CHECK_INT(a.type, SESSION_SEND);
    CHECK_INT(n_sent, GATEWAY_SENDS - PACE_RESERVE - 1); /* one was the IDENTIFY */
    rig_beat(r);
    CHECK(session_deadline(&r->s) != UINT64_MAX);
    while (r->s.outbox.n) {
        rig_wait(r);
        while (r->n) {
            bool beat = strstr(r->seen[r->first].bytes, HEARTBEAT) != NULL;

            expect(r, SESSION_SEND);
            if (beat)
                rig_ack(r);
        }
    }
    rig_free(r);
}

TEST(a_command_that_waited_too_long_is_dropped_and_its_tag_told)
{
    struct rig *r = rig_new();

    /* Given up also while there is no session to send it on. */
    CHECK_INT(session_command(&r->s, PACE_VOICE, 7, STR("{\"op\":4}"), r->now), 0);
    CHECK(session_deadline(&r->s) <= r->now + SESSION_COMMAND_MS);
    r->now += SESSION_COMMAND_MS;
    session_tick(&r->s, r->now);
    r->n = 0; /* what it does to connect */
    rig_pull(r);
    CHECK_INT(rig_take(r, SESSION_GAVE_UP)->tag, 7);
    CHECK_INT(r->s.outbox.n, 0);
    rig_free(r);

    r = rig_new();
    rig_become_live(r, 1);
    CHECK_INT(session_command(&r->s, PACE_COMMAND, 8, STR("{\"op\":8}"), r->now), 0);
    CHECK_INT(session_command(&r->s, PACE_VOICE, 9, STR("{\"op\":4}"), r->now), 0);
    rig_pull(r);
    CHECK_INT(rig_take(r, SESSION_SEND)->tag, 9);
    CHECK_INT(rig_take(r, SESSION_SEND)->tag, 8);
    rig_free(r);
}

TEST(the_presence_goes_into_every_identify)
{
    struct rig *r = rig_new();

    CHECK_INT(session_set_presence(&r->s, STR("{\"status\":\"idle\"}")), 0);
    rig_connect(r, false);
    rig_hello(r);
    expect(r, SESSION_WANT_SLOT);
    session_identify(&r->s, r->now);
    rig_pull(r);
    expect_send(r, "\"presence\":{\"status\":\"idle\"}");
    rig_free(r);
}

TEST(a_presence_too_long_for_identify_is_refused_and_the_old_one_stays)
{
    char big[LIMIT_COMMAND] = { 0 };
    struct rig *r = rig_new();

    CHECK_INT(session_set_presence(&r->s, STR("{\"status\":\"idle\"}")), 0);
    memset(big, ' ', sizeof big);
    CHECK_INT(session_set_presence(&r->s, (struct str){ big, sizeof big }),
              CORDAGE_ELIMIT);
    rig_connect(r, false);
    rig_hello(r);
    expect(r, SESSION_WANT_SLOT);
    session_identify(&r->s, r->now);
    rig_pull(r);
    expect_send(r, "\"presence\":{\"status\":\"idle\"}");
    CHECK_INT(session_set_presence(&r->s, STR("")), 0);
    CHECK_INT(r->s.presence.n, 0);
    rig_free(r);
}

TEST(the_token_does_not_stay_behind_once_it_was_sent)
{
    struct rig *r = rig_new();

    rig_connect(r, false);
    rig_hello(r);
    expect(r, SESSION_WANT_SLOT);
    session_identify(&r->s, r->now);
    rig_pull(r); /* to the end, as a shard does */
    expect_send(r, "s3cret-t0ken");
    assert_null(memmem(r->s.scratch.p, r->s.scratch.size, "s3cret", 6));
    rig_free(r);
}

TEST(a_stop_that_keeps_the_session_closes_with_4000)
{
    struct rig *r = rig_live();

    session_stop(&r->s, true, r->now);
    rig_pull(r);
    expect_close(r, 4000);
    expect_state(r, SESSION_DEAD);
    CHECK_INT(session_command(&r->s, PACE_COMMAND, 0, STR("{}"), r->now), CORDAGE_ESTATE);
    CHECK(session_deadline(&r->s) == UINT64_MAX);
    rig_closed(r, 4004);
    session_stop(&r->s, false, r->now);
    rig_pull(r);
    rig_free(r);
}

TEST(a_stop_for_good_closes_with_1000)
{
    struct rig *r = rig_live();

    session_stop(&r->s, false, r->now);
    rig_pull(r);
    expect_close(r, 1000);
    rig_free(r);
}

TEST(a_stop_while_queued_withdraws_from_the_queue)
{
    struct rig *r = rig_new();

    rig_connect(r, false);
    rig_hello(r);
    expect(r, SESSION_WANT_SLOT);
    session_stop(&r->s, true, r->now);
    rig_pull(r);
    expect_close(r, 4000);
    expect(r, SESSION_DROP_SLOT);
    rig_free(r);
}

TEST(a_bad_url_is_refused_and_another_one_is_taken)
{
    struct json_parser *parser = json_parser_new();
    struct secret token = { 0 };
    struct session_config config = {
        .shard_count = 1,
        .token = &token,
        .gateway_url = "http://x",
        .query = "v=10",
        .parser = parser,
    };
    struct session s;
    struct rig *r;

    CHECK_INT(session_init(&s, &config, 0), CORDAGE_EINVAL);
    session_release(&s);
    json_parser_free(parser);
    r = rig_new();
    CHECK_INT(session_set_gateway(&r->s, "nonsense"), CORDAGE_EINVAL);
    CHECK_INT(session_set_gateway(&r->s, "wss://gateway2.discord.gg/"), 0);
    expect_want_dial(r, false);
    rig_dial(r);
    expect_dial(r, "wss://gateway2.discord.gg:443/?v=10&encoding=json");
    rig_free(r);
}

RUN_TESTS(T(commands_leave_only_when_live_and_survive_a_reconnect),
          T(commands_obey_the_budget_and_leave_later),
          T(a_command_that_waited_too_long_is_dropped_and_its_tag_told),
          T(the_presence_goes_into_every_identify),
          T(a_presence_too_long_for_identify_is_refused_and_the_old_one_stays),
          T(the_token_does_not_stay_behind_once_it_was_sent),
          T(a_stop_that_keeps_the_session_closes_with_4000),
          T(a_stop_for_good_closes_with_1000),
          T(a_stop_while_queued_withdraws_from_the_queue),
          T(a_bad_url_is_refused_and_another_one_is_taken))
