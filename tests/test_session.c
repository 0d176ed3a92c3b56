#include "session_rig.h"

TEST(a_new_session_asks_to_dial_at_once)
{
    struct rig *r = rig_new();

    expect_want_dial(r, false);
    expect_state(r, SESSION_IDLE);
    CHECK(session_deadline(&r->s) == UINT64_MAX); /* it's the shard's turn */
    rig_dial(r);
    expect_dial(r, DEFAULT_URL);
    expect_state(r, SESSION_CONNECT);
    rig_free(r);
}

TEST(nobody_dials_before_it_was_asked_for)
{
    struct rig *r = rig_live();

    rig_closed(r, 1006);
    rig_dial(r);
    rig_opened(r);
    expect_state(r, SESSION_IDLE);
    rig_free(r);
}

TEST(hello_leads_to_the_identify_queue_and_a_slot_to_identify)
{
    struct rig *r = rig_new(.shard_id = 3, .shard_count = 16, .large_threshold = 250);

    rig_connect(r, false);
    rig_hello(r);
    expect(r, SESSION_WANT_SLOT);
    expect_state(r, SESSION_QUEUED);
    session_identify(&r->s, r->now);
    rig_pull(r);
    expect_send(r, "\"shard\":[3,16],\"large_threshold\":250");
    CHECK_INT(r->s.stats.identifies, 1);
    rig_free(r);
}

TEST(a_slot_nobody_waits_for_is_not_used)
{
    struct rig *r = rig_new();

    rig_connect(r, false);
    session_identify(&r->s, r->now);
    rig_pull(r);
    expect_state(r, SESSION_HELLO);
    rig_hello(r);
    expect(r, SESSION_WANT_SLOT);
    rig_closed(r, 1006);
    expect(r, SESSION_DROP_SLOT);
    session_identify(&r->s, r->now); /* the grant was on its way */
    rig_pull(r);
    expect_state(r, SESSION_IDLE);
    rig_free(r);
}

TEST(hello_without_a_usable_interval_ends_the_connection)
{
    static const char *const hellos[] = {
        "{\"op\":10,\"d\":{}}",
        "{\"op\":10,\"d\":null}",
        "{\"op\":10}",
        "{\"op\":10,\"d\":[41250]}",
        "{\"t\":null,\"s\":null,\"op\":10,\"d\":{\"heartbeat_interval\":0}}",
        "{\"op\":10,\"d\":{\"heartbeat_interval\":-5}}",
        "{\"op\":10,\"d\":{\"heartbeat_interval\":\"41250\"}}",
    };

    for (size_t i = 0; i < sizeof hellos / sizeof *hellos; i++) {
        struct rig *r = rig_new();

        rig_connect(r, false);
        CHECK_INT(rig_feed(r, hellos[i]), CORDAGE_EPROTO);
        expect_close(r, 4000);
        expect(r, SESSION_DROP_SLOT);
        rig_connect(r, false); /* and tries again */
        rig_free(r);
    }
}

TEST(a_second_hello_is_ignored)
{
    struct rig *r = rig_live();

    rig_hello(r);
    CHECK_INT(r->s.stats.ignored, 1);
    expect_state(r, SESSION_LIVE);
    rig_free(r);
}

TEST(ready_makes_it_live_and_is_delivered_with_its_body)
{
    struct rig *r = rig_new();

    rig_connect(r, false);
    rig_identify(r);
    CHECK_INT(rig_ready(r, 1, "[]"), 0);
    CHECK(r->seen[r->first].has_d);
    expect_deliver(r, "READY", 1);
    expect(r, SESSION_GUILDS_IN);
    expect_state(r, SESSION_LIVE);
    CHECK_INT(r->s.stats.last_event_at, r->now);
    rig_free(r);
}

TEST(a_ready_without_what_resume_needs_ends_the_connection)
{
    static const char *const readies[] = {
        "{\"t\":\"READY\",\"s\":1,\"op\":0,\"d\":{\"guilds\":[]}}",
        "{\"t\":\"READY\",\"s\":1,\"op\":0,\"d\":{\"session_id\":\"\"}}",
        "{\"t\":\"READY\",\"s\":1,\"op\":0,\"d\":{\"session_id\":12}}",
        "{\"t\":\"READY\",\"s\":null,\"op\":0,\"d\":{\"session_id\":\"abc\"}}",
        "{\"t\":\"READY\",\"s\":1,\"op\":0,\"d\":null}",
    };

    for (size_t i = 0; i < sizeof readies / sizeof *readies; i++) {
        struct rig *r = rig_new();

        rig_connect(r, false);
        rig_identify(r);
        CHECK_INT(rig_feed(r, readies[i]), CORDAGE_EPROTO);
        expect_close(r, 4000);
        rig_become_live(r, 1);
        rig_free(r);
    }
}

TEST(a_session_id_too_long_is_none)
{
    char id[LIMIT_SESSION_ID + 2] = { 0 };
    struct rig *r = rig_new();

    rig_connect(r, false);
    rig_identify(r);
    memset(id, 'x', LIMIT_SESSION_ID + 1);
    CHECK_INT(
        rig_feedf(r, "{\"t\":\"READY\",\"s\":1,\"op\":0,\"d\":{\"session_id\":\"%s\"}}",
                  id),
        CORDAGE_EPROTO);
    expect_close(r, 4000);
    rig_free(r);
}

TEST(a_session_id_that_fits_no_payload_costs_the_session_and_no_more)
{
    char escapes[LIMIT_SESSION_ID * 6 + 1];
    char token[900];
    struct rig *r = rig_new();

    /* Six bytes of payload for one of the id: with a long token no RESUME can hold it. */
    for (size_t i = 0; i < LIMIT_SESSION_ID; i++)
        memcpy(escapes + i * 6, "\\u0001", 7);
    memset(token, '\1', sizeof token);
    rig_connect(r, false);
    rig_identify(r);
    CHECK_INT(
        rig_feedf(r, "{\"t\":\"READY\",\"s\":1,\"op\":0,\"d\":{\"session_id\":\"%s\"}}",
                  escapes),
        0);
    expect_deliver(r, "READY", 1);
    expect(r, SESSION_GUILDS_IN);
    CHECK_INT(secret_set(&r->token, (struct str){ token, 450 }), 0);
    rig_closed(r, 1006);
    rig_connect(r, true);
    rig_hello(r);
    expect_close(r, 4000);
    expect(r, SESSION_LOST);
    rig_connect(r, false);
    rig_free(r);
}

TEST(events_are_delivered_with_their_sequence_and_unparsed)
{
    struct rig *r = rig_live();

    rig_event(r, "MESSAGE_CREATE", 2);
    CHECK(!r->seen[r->first].has_d);
    expect_deliver(r, "MESSAGE_CREATE", 2);
    rig_event(r, "A_NAME_NOBODY_KNOWS", 3);
    expect_deliver(r, "A_NAME_NOBODY_KNOWS", 3);
    CHECK_INT(rig_feed(r, "{\"op\":0,\"d\":{},\"s\":4,\"t\":\"TYPING_START\"}"), 0);
    expect_deliver(r, "TYPING_START", 4);
    rig_free(r);
}

TEST(an_event_seen_before_is_dropped)
{
    struct rig *r = rig_live();

    rig_event(r, "A", 2);
    expect_deliver(r, "A", 2);
    rig_event(r, "A", 2);
    rig_event(r, "B", 1);
    expect_nothing(r);
    CHECK_INT(r->s.stats.ignored, 2);
    rig_event(r, "C", 7); /* gaps are Discord's business */
    expect_deliver(r, "C", 7);
    rig_free(r);
}

TEST(what_is_no_event_never_touches_the_sequence)
{
    struct rig *r = rig_live();

    rig_event(r, "A", 9);
    expect_deliver(r, "A", 9);
    rig_ack(r);
    CHECK_INT(rig_feed(r, "{\"t\":null,\"s\":77,\"op\":11,\"d\":null}"), 0);
    CHECK_INT(rig_feed(r, "{\"t\":null,\"s\":88,\"op\":99,\"d\":null}"), 0);
    CHECK_INT(rig_feed(r, "{\"t\":\"A\",\"s\":null,\"op\":0,\"d\":null}"), 0);
    CHECK_INT(r->s.kept.seq, 9);
    rig_free(r);
}

TEST(sequences_have_64_bits)
{
    struct rig *r = rig_live();

    CHECK_INT(rig_feed(r, "{\"t\":\"A\",\"s\":18446744073709551614,\"op\":0,\"d\":null}"),
              0);
    CHECK(rig_take(r, SESSION_DELIVER)->seq == UINT64_MAX - 1);
    rig_wait(r);
    expect_send(r, "\"d\":18446744073709551614}");
    rig_free(r);
}

TEST(ready_sets_the_sequence_anew)
{
    struct rig *r = rig_live();

    rig_event(r, "A", 500);
    expect_deliver(r, "A", 500);
    CHECK_INT(rig_feed(r, "{\"op\":9,\"d\":false}"), 0);
    expect_close(r, 4000);
    expect(r, SESSION_LOST);
    rig_become_live(r, 1);
    CHECK_INT(r->s.kept.seq, 1);
    rig_event(r, "B", 2);
    expect_deliver(r, "B", 2);
    rig_free(r);
}

TEST(a_ready_nobody_asked_for_is_ignored)
{
    struct rig *r = rig_live();

    CHECK_INT(rig_ready(r, 5, "[]"), 0);
    CHECK_INT(r->s.kept.seq, 1);
    CHECK_INT(r->s.stats.ignored, 1);
    rig_free(r);
}

TEST(events_before_ready_are_ignored)
{
    struct rig *r = rig_new();

    rig_connect(r, false);
    rig_event(r, "A", 4);
    rig_identify(r);
    rig_event(r, "A", 5);
    expect_state(r, SESSION_IDENTIFY);
    CHECK_INT(r->s.stats.ignored, 2);
    rig_free(r);
}

TEST(a_lost_connection_is_resumed_on_the_resume_url_behind_what_was_received)
{
    struct rig *r = rig_live();

    rig_event(r, "A", 41);
    expect_deliver(r, "A", 41);
    rig_closed(r, 1006);
    rig_wait(r);
    expect_want_dial(r, true);
    rig_dial(r);
    expect_dial(r, RESUME_URL); /* READY's own query is not doubled */
    rig_opened(r);
    rig_hello(r);
    expect_send(r, "\"session_id\":\"abc\",\"seq\":41}");
    rig_event(r, "B", 41); /* known: replayed too much */
    rig_event(r, "C", 42);
    expect_deliver(r, "C", 42);
    rig_event(r, "D", 43);
    expect_deliver(r, "D", 43);
    expect_state(r, SESSION_RESUME);
    rig_event(r, "RESUMED", 44);
    expect_deliver(r, "RESUMED", 44);
    expect_state(r, SESSION_LIVE);
    CHECK_INT(r->s.stats.resumes, 1);
    CHECK_INT(r->s.stats.resumed, 1);
    CHECK_INT(r->s.stats.identifies, 1);
    rig_free(r);
}

TEST(resumed_without_a_new_sequence_ends_the_replay_all_the_same)
{
    struct rig *r = rig_live();

    rig_closed(r, 1006);
    rig_resume(r);
    CHECK_INT(rig_feed(r, "{\"t\":\"RESUMED\",\"s\":null,\"op\":0,\"d\":null}"), 0);
    expect_state(r, SESSION_LIVE);
    rig_free(r);
}

TEST(an_event_nobody_could_take_comes_again)
{
    struct rig *r = rig_live();

    rig_event(r, "A", 2);
    expect_deliver(r, "A", 2);
    rig_event(r, "B", 5);
    expect_deliver(r, "B", 5);
    session_undeliver(&r->s, r->now);
    rig_pull(r);
    expect_close(r, 4000);
    rig_connect(r, true);
    rig_hello(r);
    expect_send(r, "\"seq\":2}");
    rig_event(r, "B", 5);
    expect_deliver(r, "B", 5);
    rig_free(r);
}

TEST(a_ready_nobody_could_take_begins_a_new_session)
{
    struct rig *r = rig_live();

    session_undeliver(&r->s, r->now);
    rig_pull(r);
    expect_close(r, 4000);
    expect(r, SESSION_LOST);
    rig_become_live(r, 1);
    rig_free(r);
}

TEST(a_resume_url_out_of_bounds_is_not_used)
{
    static const char *const urls[] = {
        "ws://gateway.discord.gg",
        "wss://discord.gg.evil.example",
        "https://gateway.discord.gg",
        "wss://user@gateway.discord.gg",
        "nonsense",
        "",
    };

    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        struct rig *r = rig_new();

        rig_connect(r, false);
        rig_identify(r);
        CHECK_INT(rig_feedf(r,
                            "{\"t\":\"READY\",\"s\":1,\"op\":0,\"d\":{\"session_id\":"
                            "\"abc\",\"resume_gateway_url\":\"%s\"}}",
                            urls[i]),
                  0);
        expect_deliver(r, "READY", 1);
        expect(r, SESSION_GUILDS_IN);
        rig_closed(r, 1006);
        rig_wait(r);
        expect_want_dial(r, true);
        rig_dial(r);
        expect_dial(r, DEFAULT_URL);
        rig_free(r);
    }
}

/* Where a session on `gateway` is resumed when READY says `resume`. */
static void expect_resume_at(const char *gateway, const char *resume, const char *at)
{
    struct rig *r = rig_new(.gateway_url = gateway);

    rig_connect(r, false);
    rig_identify(r);
    CHECK_INT(rig_feedf(r,
                        "{\"t\":\"READY\",\"s\":1,\"op\":0,\"d\":{\"session_id\":\"abc\","
                        "\"resume_gateway_url\":\"%s\"}}",
                        resume),
              0);
    expect_deliver(r, "READY", 1);
    expect(r, SESSION_GUILDS_IN);
    rig_closed(r, 1006);
    rig_wait(r);
    expect_want_dial(r, true);
    rig_dial(r);
    expect_dial(r, at);
    rig_free(r);
}

TEST(a_gateway_of_ones_own_may_resume_where_it_likes)
{
    expect_resume_at("ws://127.0.0.1:8080/gw/", "ws://127.0.0.1:8081",
                     "ws://127.0.0.1:8081/?v=10&encoding=json");
    expect_resume_at("ws://gateway.lan", "ws://resume.lan",
                     "ws://resume.lan:80/?v=10&encoding=json");
}

TEST(a_gateway_on_this_machine_does_not_send_the_token_away_in_plain_text)
{
    expect_resume_at("ws://127.0.0.1:8080/gw", "ws://elsewhere.example",
                     "ws://127.0.0.1:8080/gw/?v=10&encoding=json");
}

TEST(what_cannot_be_read_is_survived_once_live)
{
    static const char *const garbage[] = {
        "",
        "{",
        "nonsense",
        "[]",
        "{\"d\":1}",
        "{\"op\":\"1\"}",
        "\xff\xfe{\"op\":1}",
        "{\"t\":\"GUILD_CREATE\",\"s\":2,\"op\":0,\"d\":{\"id\":}}",
    };
    struct rig *r = rig_live();

    for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++) {
        CHECK(rig_feed(r, garbage[i]) < 0);
        CHECK_INT(r->s.stats.unreadable, i + 1);
    }
    expect_state(r, SESSION_LIVE);
    CHECK_INT(r->s.kept.seq, 1);
    rig_free(r);
}

TEST(what_cannot_be_read_before_ready_ends_the_connection)
{
    struct rig *r = rig_new();

    rig_connect(r, false);
    CHECK_INT(rig_feed(r, "HTTP/1.1 200 OK"), CORDAGE_EPARSE);
    expect_close(r, 4000);
    expect(r, SESSION_DROP_SLOT);
    rig_connect(r, false);
    rig_identify(r);
    CHECK_INT(rig_feed(r, "{\"op\":0"), CORDAGE_EPARSE);
    expect_close(r, 4000);
    rig_free(r);
}

TEST(opcodes_nobody_knows_are_ignored)
{
    struct rig *r = rig_live();

    CHECK_INT(rig_feed(r, "{\"t\":null,\"s\":null,\"op\":12,\"d\":{\"a\":[]}}"), 0);
    CHECK_INT(rig_feed(r, "{\"op\":-1}"), 0);
    CHECK_INT(rig_feed(r, "{\"op\":2147483647,\"d\":null}"), 0);
    CHECK_INT(r->s.stats.ignored, 3);
    rig_free(r);
}

TEST(payloads_without_a_connection_are_ignored)
{
    struct rig *r = rig_live();

    rig_closed(r, 1006);
    rig_event(r, "A", 2);
    CHECK_INT(rig_feed(r, "{\"op\":7}"), 0);
    CHECK_INT(rig_feed(r, "nonsense"), 0);
    expect_state(r, SESSION_IDLE);
    rig_free(r);
}

TEST(every_state_has_a_name)
{
    assert_string_equal(session_state_name(SESSION_IDLE), "IDLE");
    assert_string_equal(session_state_name(SESSION_DEAD), "DEAD");
}

RUN_TESTS(T(a_new_session_asks_to_dial_at_once), T(nobody_dials_before_it_was_asked_for),
          T(hello_leads_to_the_identify_queue_and_a_slot_to_identify),
          T(a_slot_nobody_waits_for_is_not_used),
          T(hello_without_a_usable_interval_ends_the_connection),
          T(a_second_hello_is_ignored),
          T(ready_makes_it_live_and_is_delivered_with_its_body),
          T(a_ready_without_what_resume_needs_ends_the_connection),
          T(a_session_id_too_long_is_none),
          T(a_session_id_that_fits_no_payload_costs_the_session_and_no_more),
          T(events_are_delivered_with_their_sequence_and_unparsed),
          T(an_event_seen_before_is_dropped),
          T(what_is_no_event_never_touches_the_sequence), T(sequences_have_64_bits),
          T(ready_sets_the_sequence_anew), T(a_ready_nobody_asked_for_is_ignored),
          T(events_before_ready_are_ignored),
          T(a_lost_connection_is_resumed_on_the_resume_url_behind_what_was_received),
          T(resumed_without_a_new_sequence_ends_the_replay_all_the_same),
          T(an_event_nobody_could_take_comes_again),
          T(a_ready_nobody_could_take_begins_a_new_session),
          T(a_resume_url_out_of_bounds_is_not_used),
          T(a_gateway_on_this_machine_does_not_send_the_token_away_in_plain_text),
          T(a_gateway_of_ones_own_may_resume_where_it_likes),
          T(what_cannot_be_read_is_survived_once_live),
          T(what_cannot_be_read_before_ready_ends_the_connection),
          T(opcodes_nobody_knows_are_ignored),
          T(payloads_without_a_connection_are_ignored), T(every_state_has_a_name))
