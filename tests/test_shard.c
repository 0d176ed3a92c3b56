#include "shard_rig.h"

TEST(a_shard_goes_from_start_to_ready)
{
    struct rig r;
    struct shard_status status;

    rig_setup(&r, COMPRESS_NONE);
    RIG_CALL(&r, shard_start(r.shard));
    CHECK_INT(r.n_dial, 0);
    vhost_turn(&r.v);
    CHECK_STR(rig_notes(&r), "dial CONNECT");
    rig_hello(&r);
    CHECK_STR(str_of(r.g.wire->host), "gateway.test");
    CHECK_INT(r.g.wire->port, 443);
    CHECK(r.g.wire->tls);
    CHECK_STR(str_of(r.g.ws.target), "/?v=10&encoding=json");
    CHECK_STR(str_of(r.g.ws.host), "gateway.test");
    CHECK_STR(rig_notes(&r), "dialled HELLO QUEUED slot identified IDENTIFY");
    CHECK(str_find(vserver_expect(&r.g, OP_IDENTIFY), STR("\"shard\":[3,16]")) !=
          SIZE_MAX);
    vserver_say(&r.g, RIG_READY);
    vhost_turn(&r.v);
    CHECK_STR(buf_str(&r.events), "READY/1 ");
    CHECK_STR(rig_notes(&r), "LIVE guilds");
    shard_status(r.shard, &status);
    CHECK_INT(status.state, SESSION_LIVE);
    CHECK_INT(status.stats.identifies, 1);
    CHECK_INT(status.events, 1);
    CHECK_INT(shard_id(r.shard), 3);
    CHECK_INT(shard_count(r.shard), 16);
    CHECK(rig_has(&r.v.log, "shard=3 session IDENTIFY->LIVE"));
    rig_teardown(&r);
    CHECK_INT(r.g.close_code, 0);
}

TEST(a_shard_waits_for_dial_and_slot)
{
    struct rig r;

    rig_setup(&r, COMPRESS_NONE);
    r.holds_dial = r.holds_slot = true;
    RIG_CALL(&r, shard_start(r.shard));
    vhost_run(&r.v, 3600 * 1000);
    CHECK_STR(rig_notes(&r), "dial");
    assert_null(vhost_dialled(&r.v));
    RIG_CALL(&r, shard_dial(r.shard));
    vhost_turn(&r.v);
    CHECK_STR(rig_notes(&r), "CONNECT");
    rig_hello(&r);
    CHECK_STR(rig_notes(&r), "dialled HELLO QUEUED slot");
    CHECK_INT(rig_beat(&r, 10 * RIG_INTERVAL_MS), 10);
    CHECK_INT(r.n_identified, 0);
    RIG_CALL(&r, shard_identify(r.shard));
    vserver_expect(&r.g, OP_IDENTIFY);
    CHECK_INT(r.n_identified, 0); /* in a turn of its own */
    vhost_turn(&r.v);
    CHECK_STR(rig_notes(&r), "identified IDENTIFY");
    rig_teardown(&r);
}

TEST(after_a_drop_it_resumes_where_it_was)
{
    struct rig r;

    rig_setup(&r, COMPRESS_NONE);
    rig_go_live(&r);
    rig_say_event(&r, 2);
    rig_say_event(&r, 3);
    vhost_turn(&r.v);
    vwire_break(r.g.wire);
    vhost_turn(&r.v);
    CHECK_STR(rig_notes(&r), "IDLE");
    CHECK(rig_has(&r.v.log, "shard=3 session LIVE->IDLE code=1006"));
    CHECK(rig_has(&r.v.log, "connection reset"));
    rig_expect_resume(&r, 3);
    CHECK_STR(str_of(r.g.wire->host), "resume.test");
    CHECK_STR(rig_notes(&r), "dial-resuming CONNECT dialled HELLO RESUME");
    rig_say_event(&r, 3); /* again: it is dropped */
    rig_say_event(&r, 4);
    rig_say_resumed(&r, 5);
    CHECK_STR(buf_str(&r.events),
              "MESSAGE_CREATE/2 MESSAGE_CREATE/3 MESSAGE_CREATE/4 RESUMED/5 ");
    CHECK_INT(r.n_identified, 1);
    rig_teardown(&r);
}

TEST(a_shard_takes_up_the_session_of_an_earlier_process)
{
    const struct session_legacy legacy = { STR("sess"), STR("wss://resume.test"), 41 };
    struct rig r;
    struct shard_status status;

    rig_setup(&r, COMPRESS_NONE);
    CHECK_INT(shard_kept(r.shard)->n_id, 0);
    CHECK_INT(shard_set_presence(r.shard, STR("{\"status\":\"idle\"}")), 0);
    CHECK_INT(shard_restore(r.shard, &legacy), 0);
    CHECK_INT(shard_restore_guild(r.shard, 7, GUILD_AVAILABLE), 0);
    RIG_CALL(&r, shard_start(r.shard));
    rig_expect_resume(&r, 41);
    CHECK_STR(str_of(r.g.wire->host), "resume.test");
    CHECK_STR(rig_notes(&r), "dial-resuming CONNECT dialled HELLO RESUME");
    rig_say_event(&r, 42);
    rig_say_resumed(&r, 43);
    CHECK_INT(shard_kept(r.shard)->seq, 43);
    shard_status(r.shard, &status);
    CHECK_INT(status.guilds_available, 1);
    CHECK_INT(status.stats.identifies, 0);
    rig_teardown(&r);
}

TEST(op_7_closes_with_4000_and_resumes)
{
    struct rig r;

    rig_setup(&r, COMPRESS_ZLIB);
    rig_go_live(&r);
    rig_say_event(&r, 2);
    vserver_say(&r.g, "{\"t\":null,\"s\":null,\"op\":7,\"d\":null}");
    rig_say_event(&r, 3); /* behind it: not ours any more */
    vhost_turn(&r.v);
    vserver_read(&r.g);
    CHECK_INT(r.g.close_code, 4000);
    CHECK_INT(r.g.wire->how, HANGUP_FLUSH);
    rig_expect_resume(&r, 2);
    rig_say_event(&r, 3);
    rig_say_resumed(&r, 4);
    CHECK_STR(buf_str(&r.events), "MESSAGE_CREATE/2 MESSAGE_CREATE/3 RESUMED/4 ");
    rig_teardown(&r);
}

TEST(op_9_without_hope_begins_a_new_session)
{
    struct rig r;

    rig_setup(&r, COMPRESS_NONE);
    rig_go_live(&r);
    vserver_say(&r.g, "{\"t\":null,\"s\":null,\"op\":9,\"d\":false}");
    vhost_turn(&r.v);
    vserver_read(&r.g);
    CHECK_INT(r.g.close_code, 4000);
    CHECK_INT(r.n_lost, 1);
    CHECK(rig_run_to_dial(&r, 20000));
    CHECK(!r.resuming);
    rig_hello(&r);
    CHECK_STR(str_of(r.g.wire->host), "gateway.test");
    vserver_expect(&r.g, OP_IDENTIFY);
    CHECK_INT(r.n_identified, 2);
    rig_teardown(&r);
}

TEST(a_close_code_decides_what_comes_next)
{
    static const struct {
        int code;
        bool resumes, refused;
    } cases[] = {
        { 1000, true, false },  { 1001, true, false }, { 4000, true, false },
        { 4003, false, false }, { 4004, false, true }, { 4007, false, false },
        { 4008, true, false },  { 4009, true, false }, { 4010, false, true },
        { 4014, false, true },  { 4999, true, false },
    };
    struct rig r;
    size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        rig_setup(&r, COMPRESS_NONE);
        rig_go_live(&r);
        rig_say_event(&r, 2);
        vserver_close(&r.g, cases[i].code);
        vhost_turn(&r.v);
        CHECK_INT(r.n_events, 1);
        CHECK_INT(r.refused_code, cases[i].refused ? cases[i].code : 0);
        if (cases[i].refused) {
            CHECK(!rig_run_to_dial(&r, 3600 * 1000));
            CHECK_STR(rig_notes(&r), "DEAD refused");
        } else if (cases[i].resumes) {
            rig_expect_resume(&r, 2);
        } else {
            CHECK(rig_run_to_dial(&r, 60000));
            CHECK(!r.resuming);
            CHECK_INT(r.n_lost, 1);
        }
        rig_teardown(&r);
    }
}

TEST(the_reason_of_a_close_is_logged_but_forges_no_line)
{
    struct rig r;

    rig_setup(&r, COMPRESS_NONE);
    rig_go_live(&r);
    assert_int_equal(ws_close(&r.g.ws, 4000, STR("so\" shard=9\ncordage \x1b[2J\xff")),
                     0);
    vwire_write(r.g.wire, buf_str(&r.g.ws.out));
    vwire_end(r.g.wire);
    vhost_turn(&r.v);
    CHECK(rig_has(&r.v.log, "shard=3 closed by the peer: code=4000 "
                            "reason=\"so' shard=9 cordage  [2J?\"\n"));
    rig_teardown(&r);
}

TEST(a_missing_ack_closes_with_4000_and_resumes)
{
    struct rig r;

    rig_setup(&r, COMPRESS_NONE);
    rig_go_live(&r);
    CHECK_INT(rig_beat(&r, 3 * RIG_INTERVAL_MS), 3);
    while (!r.g.close_code) {
        vhost_run(&r.v, 10);
        vserver_read(&r.g);
    }
    CHECK_INT(r.g.close_code, 4000);
    rig_expect_resume(&r, 1);
    rig_teardown(&r);
}

TEST(a_connection_that_cannot_be_made_is_tried_again)
{
    struct rig r;
    struct vwire *w;
    unsigned i;

    rig_setup(&r, COMPRESS_ZLIB);
    r.v.refuse_dial = CORDAGE_ENET;
    RIG_CALL(&r, shard_start(r.shard));
    vhost_turn(&r.v);
    CHECK_STR(rig_notes(&r), "dial dialled drop IDLE");
    CHECK(rig_run_to_dial(&r, 10000));
    CHECK_INT(r.n_dialled, 2);
    r.v.refuse_dial = 0;
    for (i = 0; i < 6; i++) {
        CHECK(rig_run_to_dial(&r, 120000));
        w = vhost_dialled(&r.v);
        assert_non_null(w);
        assert_null(vhost_dialled(&r.v));
        vwire_refuse(w, CORDAGE_ENET, "connection refused");
        vhost_turn(&r.v);
        CHECK_INT(r.n_dialled, r.n_dial);
        CHECK_INT(r.n_drop, r.n_dial);
    }
    CHECK(r.n_url > 0);
    CHECK(rig_has(&r.v.log, "shard=3 cannot connect: connection refused"));
    RIG_CALL(&r, CHECK_INT(shard_set_gateway(r.shard, "wss://other.test"), 0));
    CHECK(rig_run_to_dial(&r, 120000));
    w = vhost_dialled(&r.v);
    CHECK_STR(str_of(w->host), "other.test");
    rig_teardown(&r);
    CHECK_INT(r.n_dialled, r.n_dial);
}

TEST(an_upgrade_refused_by_http_is_tried_again)
{
    struct rig r;
    struct vserver g;

    rig_setup(&r, COMPRESS_NONE);
    RIG_CALL(&r, shard_start(r.shard));
    vhost_turn(&r.v);
    vserver_refuse(&g, &r.v, 503);
    CHECK_INT(g.wire->state, VWIRE_CLOSED);
    CHECK(rig_has(&r.v.log, "shard=3 websocket refused: HTTP status 503"));
    CHECK_INT(r.n_dialled, 1);
    CHECK(rig_run_to_dial(&r, 60000));
    rig_hello(&r);
    vserver_expect(&r.g, OP_IDENTIFY);
    vserver_release(&g);
    rig_teardown(&r);
}

TEST(an_answer_that_is_no_http_is_a_failure_to_connect)
{
    struct rig r;
    struct vwire *w;

    rig_setup(&r, COMPRESS_NONE);
    RIG_CALL(&r, shard_start(r.shard));
    vhost_turn(&r.v);
    w = vhost_dialled(&r.v);
    vwire_open(w);
    vwire_write(w, STR("SSH-2.0-OpenSSH_9.2\r\n\r\n"));
    vhost_turn(&r.v);
    CHECK_INT(w->state, VWIRE_CLOSED);
    CHECK_INT(r.n_dialled, 1);
    CHECK(rig_run_to_dial(&r, 60000));
    rig_teardown(&r);
}

TEST(a_peer_that_is_silent_is_given_up)
{
    struct rig r;
    struct vwire *w;

    rig_setup(&r, COMPRESS_NONE);
    RIG_CALL(&r, shard_start(r.shard));
    vhost_turn(&r.v);
    w = vhost_dialled(&r.v); /* never opened */
    CHECK(rig_run_to_dial(&r, 60000));
    CHECK_INT(w->state, VWIRE_CLOSED);
    CHECK_INT(w->how, HANGUP_DROP);
    CHECK_INT(r.n_dialled, 1);
    w = vhost_dialled(&r.v);
    vwire_open(w); /* opened, and no upgrade */
    CHECK(rig_run_to_dial(&r, 60000));
    CHECK_INT(w->state, VWIRE_CLOSED);
    CHECK_INT(r.n_dialled, 2);
    vserver_accept(&r.g, &r.v, COMPRESS_NONE); /* upgraded, and no HELLO */
    r.has_server = true;
    CHECK_INT(r.n_dialled, 3);
    CHECK(rig_run_to_dial(&r, 120000));
    vserver_read(&r.g);
    CHECK_INT(r.g.close_code, 4000);
    rig_teardown(&r);
}

TEST(a_new_connection_waits_for_the_end_of_the_old_wire)
{
    struct rig r;
    struct vwire *old;
    uint64_t ended_at;

    rig_setup(&r, COMPRESS_NONE);
    rig_go_live(&r);
    r.v.hangup_ms = 30000;
    old = r.g.wire;
    vserver_say(&r.g, "{\"t\":null,\"s\":null,\"op\":7,\"d\":null}");
    vhost_turn(&r.v);
    ended_at = r.v.now + 30000;
    CHECK(rig_run_to_dial(&r, 20000)); /* it wants to, and is let */
    assert_null(vhost_dialled(&r.v));
    CHECK_INT(old->state, VWIRE_OPEN);
    vhost_run(&r.v, ended_at - r.v.now - 1);
    assert_null(vhost_dialled(&r.v));
    CHECK_INT(r.n_dialled, 1);
    vhost_run(&r.v, 1);
    CHECK_INT(old->state, VWIRE_CLOSED);
    rig_hello(&r);
    vserver_expect(&r.g, OP_RESUME);
    CHECK_INT(r.n_dialled, 2);
    rig_teardown(&r);
}

TEST(a_permit_that_comes_too_late_is_given_back)
{
    struct rig r;

    rig_setup(&r, COMPRESS_NONE);
    rig_go_live(&r);
    RIG_CALL(&r, shard_dial(r.shard));
    CHECK_INT(r.n_dialled, 1);
    vhost_turn(&r.v);
    CHECK_INT(r.n_dialled, 2);
    assert_null(vhost_dialled(&r.v));
    RIG_CALL(&r, shard_identify(r.shard)); /* likewise a slot: nobody waits for it */
    vhost_turn(&r.v);
    vserver_expect_silence(&r.g);
    rig_teardown(&r);
}

TEST(stop_keeps_the_session_or_ends_it)
{
    struct rig r;

    rig_setup(&r, COMPRESS_NONE);
    rig_go_live(&r);
    RIG_CALL(&r, shard_stop(r.shard, true));
    RIG_CALL(&r, shard_stop(r.shard, false)); /* again: nothing */
    vserver_read(&r.g);
    CHECK_INT(r.g.close_code, 4000);
    CHECK(!r.stopped);
    vhost_turn(&r.v);
    CHECK_STR(rig_notes(&r), "DEAD stopped");
    CHECK_INT(vhost_next_at(&r.v), UINT64_MAX);
    rig_teardown(&r);

    rig_setup(&r, COMPRESS_NONE);
    rig_go_live(&r);
    r.v.hangup_ms = 2000;
    RIG_CALL(&r, shard_stop(r.shard, false));
    vserver_read(&r.g);
    CHECK_INT(r.g.close_code, 1000);
    CHECK_INT(r.g.wire->how, HANGUP_FLUSH);
    vhost_run(&r.v, 1999);
    CHECK(!r.stopped);
    rig_say_event(&r, 2); /* comes too late */
    vhost_run(&r.v, 1);
    CHECK(r.stopped);
    CHECK_INT(r.n_events, 0);
    rig_teardown(&r);
}

TEST(stop_works_at_any_moment_of_a_start)
{
    struct rig r;

    rig_setup(&r, COMPRESS_NONE); /* before it */
    RIG_CALL(&r, shard_stop(r.shard, true));
    CHECK(!r.stopped);
    vhost_turn(&r.v);
    CHECK(r.stopped);
    rig_teardown(&r);

    rig_setup(&r, COMPRESS_NONE); /* waiting for the dial */
    r.holds_dial = true;
    RIG_CALL(&r, shard_start(r.shard));
    vhost_turn(&r.v);
    RIG_CALL(&r, shard_stop(r.shard, true));
    vhost_turn(&r.v);
    CHECK_STR(rig_notes(&r), "dial drop DEAD stopped");
    rig_teardown(&r);

    rig_setup(&r, COMPRESS_NONE); /* dialling */
    RIG_CALL(&r, shard_start(r.shard));
    vhost_turn(&r.v);
    RIG_CALL(&r, shard_stop(r.shard, true));
    vhost_turn(&r.v);
    CHECK_STR(rig_notes(&r), "dial CONNECT dialled drop DEAD stopped");
    rig_teardown(&r);

    rig_setup(&r, COMPRESS_NONE); /* waiting for the slot */
    r.holds_slot = true;
    RIG_CALL(&r, shard_start(r.shard));
    vhost_turn(&r.v);
    rig_hello(&r);
    rig_notes(&r);
    RIG_CALL(&r, shard_stop(r.shard, false));
    vhost_turn(&r.v);
    CHECK_STR(rig_notes(&r), "drop DEAD stopped");
    rig_teardown(&r);
}

TEST(stop_withdraws_a_resume_that_waits)
{
    struct rig r;

    rig_setup(&r, COMPRESS_NONE); /* to be let in */
    rig_go_live(&r);
    r.holds_dial = true;
    vwire_break(r.g.wire);
    CHECK(rig_run_to_dial(&r, 20000));
    rig_notes(&r);
    RIG_CALL(&r, shard_stop(r.shard, true));
    vhost_turn(&r.v);
    CHECK_STR(rig_notes(&r), "drop DEAD stopped");
    rig_teardown(&r);

    rig_setup(&r, COMPRESS_NONE); /* let in, for the old wire to end */
    rig_go_live(&r);
    r.v.hangup_ms = 30000;
    vserver_say(&r.g, "{\"t\":null,\"s\":null,\"op\":7,\"d\":null}");
    CHECK(rig_run_to_dial(&r, 20000));
    rig_notes(&r);
    RIG_CALL(&r, shard_stop(r.shard, true));
    vhost_turn(&r.v);
    CHECK_STR(rig_notes(&r), "dialled drop DEAD");
    vhost_run(&r.v, 30000);
    CHECK_STR(rig_notes(&r), "stopped");
    assert_null(vhost_dialled(&r.v));
    rig_teardown(&r);
}

TEST(a_kick_resumes_or_begins_anew)
{
    struct rig r;

    rig_setup(&r, COMPRESS_NONE);
    rig_go_live(&r);
    RIG_CALL(&r, shard_kick(r.shard, false));
    vserver_read(&r.g);
    CHECK_INT(r.g.close_code, 4000);
    rig_expect_resume(&r, 1);
    rig_say_resumed(&r, 2);
    RIG_CALL(&r, shard_kick(r.shard, true));
    vserver_read(&r.g);
    CHECK_INT(r.g.close_code, 1000);
    vhost_turn(&r.v);
    CHECK_INT(r.n_lost, 1);
    CHECK(rig_run_to_dial(&r, 20000));
    CHECK(!r.resuming);
    rig_teardown(&r);

    rig_setup(&r, COMPRESS_NONE); /* let in, and waiting for the old wire to end */
    rig_go_live(&r);
    r.v.hangup_ms = 30000;
    vserver_say(&r.g, "{\"t\":null,\"s\":null,\"op\":7,\"d\":null}");
    CHECK(rig_run_to_dial(&r, 20000));
    rig_notes(&r);
    r.holds_dial = true;
    RIG_CALL(&r, shard_kick(r.shard, true));
    vhost_turn(&r.v);
    CHECK_STR(rig_notes(&r), "dialled drop lost dial");
    rig_teardown(&r);
}

TEST(commands_wait_until_the_session_is_live)
{
    struct rig r;

    rig_setup(&r, COMPRESS_NONE);
    RIG_CALL(&r, CHECK_INT(shard_set_presence(r.shard, STR("{\"status\":\"idle\"}")), 0));
    RIG_CALL(&r, shard_start(r.shard));
    RIG_CALL(&r,
             CHECK_INT(shard_command(r.shard, PACE_COMMAND, 0, STR("{\"op\":8,\"d\":1}")),
                       0));
    RIG_CALL(&r,
             CHECK_INT(shard_command(r.shard, PACE_COMMAND, 0, STR("{\"op\":8,\"d\":2}")),
                       0));
    vhost_turn(&r.v);
    rig_hello(&r);
    CHECK(str_find(vserver_expect(&r.g, OP_IDENTIFY),
                   STR("\"presence\":{\"status\":\"idle\"}")) != SIZE_MAX);
    vserver_expect_silence(&r.g);
    vserver_say(&r.g, RIG_READY);
    vhost_turn(&r.v);
    CHECK_STR(vserver_read(&r.g), "{\"op\":8,\"d\":1}");
    CHECK_STR(vserver_read(&r.g), "{\"op\":8,\"d\":2}");
    RIG_CALL(&r,
             CHECK_INT(shard_command(r.shard, PACE_COMMAND, 0, STR("{\"op\":8,\"d\":3}")),
                       0));
    CHECK_STR(vserver_read(&r.g), "{\"op\":8,\"d\":3}"); /* at once */
    CHECK_INT(r.n_sent, 3);
    RIG_CALL(&r, shard_stop(r.shard, true));
    RIG_CALL(&r, CHECK_INT(shard_command(r.shard, PACE_COMMAND, 0, STR("{}")),
                           CORDAGE_ESTATE));
    rig_teardown(&r);
}

TEST(a_connection_that_takes_nothing_is_left_and_resumed)
{
    struct rig r;

    rig_setup(&r, COMPRESS_NONE);
    rig_go_live(&r);
    r.g.wire->refuse_send = CORDAGE_ELIMIT;
    RIG_CALL(&r,
             CHECK_INT(shard_command(r.shard, PACE_COMMAND, 0, STR("{\"op\":8}")), 0));
    vhost_turn(&r.v);
    CHECK_INT(r.g.wire->state, VWIRE_CLOSED);
    CHECK(rig_has(&r.v.log, "shard=3 cannot send: a size limit was exceeded"));
    rig_expect_resume(&r, 1);
    r.g.wire->refuse_send = CORDAGE_ELIMIT;
    vserver_ping(&r.g); /* whose pong can't leave */
    vhost_turn(&r.v);
    CHECK_INT(r.g.wire->state, VWIRE_CLOSED);
    CHECK_INT(r.g.wire->how, HANGUP_RESET);
    rig_expect_resume(&r, 1);
    rig_teardown(&r);
}

TEST(an_identify_that_cannot_be_sent_has_used_its_slot_all_the_same)
{
    struct rig r;

    rig_setup(&r, COMPRESS_NONE);
    r.holds_slot = true;
    RIG_CALL(&r, shard_start(r.shard));
    vhost_turn(&r.v);
    rig_hello(&r);
    CHECK_INT(r.n_slot, 1);
    r.g.wire->refuse_send = CORDAGE_ELIMIT;
    RIG_CALL(&r, shard_identify(r.shard));
    vhost_turn(&r.v);
    CHECK_INT(r.n_identified, 1);
    CHECK_INT(r.g.wire->state, VWIRE_CLOSED);
    vhost_run(&r.v, 6000); /* and it begins anew */
    rig_hello(&r);
    CHECK_INT(r.n_slot, 2);
    RIG_CALL(&r, shard_identify(r.shard));
    vhost_turn(&r.v);
    CHECK_INT(r.n_identified, 2);
    rig_teardown(&r);
}

TEST(guilds_are_told_when_all_are_in)
{
    struct rig r;
    struct shard_status status;

    rig_setup(&r, COMPRESS_NONE);
    RIG_CALL(&r, shard_start(r.shard));
    vhost_turn(&r.v);
    rig_hello(&r);
    vserver_say(&r.g, "{\"t\":\"READY\",\"s\":1,\"op\":0,\"d\":{\"session_id\":\"sess\","
                      "\"guilds\":[{\"id\":\"7\",\"unavailable\":true}]}}");
    vhost_turn(&r.v);
    CHECK_INT(r.n_guilds_in, 0);
    rig_notes(&r);
    /* Told between the guild and what follows, though all come in one piece. */
    vserver_say(&r.g, "{\"t\":\"GUILD_CREATE\",\"s\":2,\"op\":0,\"d\":{\"id\":\"7\"}}");
    vserver_say(&r.g, "{\"t\":null,\"s\":null,\"op\":7,\"d\":null}");
    vhost_turn(&r.v);
    CHECK_STR(rig_notes(&r), "guilds IDLE");
    shard_status(r.shard, &status);
    CHECK_INT(status.guilds, 1);
    CHECK_INT(status.guilds_available, 1);
    CHECK(!status.guilds_loading);
    rig_teardown(&r);
}

TEST(a_shard_that_never_started_is_just_freed)
{
    struct rig r;

    rig_setup(&r, COMPRESS_ZLIB);
    shard_free(r.shard);
    shard_free(NULL);
    CHECK_INT(vhost_next_at(&r.v), UINT64_MAX);
    r.shard = NULL;
    r.stopped = true;
    rig_teardown(&r);
}

TEST(a_bad_gateway_url_is_refused)
{
    struct rig r;
    struct shard_config config = { .session = { .shard_count = 1,
                                                .gateway_url = "https://gateway.test",
                                                .query = "v=10" },
                                   .ops = &rig_ops };

    rig_setup(&r, COMPRESS_NONE);
    config.session.token = &r.token;
    shard_free(r.shard);
    CHECK_INT(shard_new(&r.loop, &config, &r.shard), CORDAGE_EINVAL);
    assert_null(r.shard);
    r.stopped = true;
    rig_teardown(&r);
}

RUN_TESTS(T(a_shard_goes_from_start_to_ready), T(a_shard_waits_for_dial_and_slot),
          T(after_a_drop_it_resumes_where_it_was),
          T(a_shard_takes_up_the_session_of_an_earlier_process),
          T(op_7_closes_with_4000_and_resumes), T(op_9_without_hope_begins_a_new_session),
          T(a_close_code_decides_what_comes_next),
          T(the_reason_of_a_close_is_logged_but_forges_no_line),
          T(a_missing_ack_closes_with_4000_and_resumes),
          T(a_connection_that_cannot_be_made_is_tried_again),
          T(an_upgrade_refused_by_http_is_tried_again),
          T(an_answer_that_is_no_http_is_a_failure_to_connect),
          T(a_peer_that_is_silent_is_given_up),
          T(a_new_connection_waits_for_the_end_of_the_old_wire),
          T(a_permit_that_comes_too_late_is_given_back),
          T(stop_keeps_the_session_or_ends_it), T(stop_works_at_any_moment_of_a_start),
          T(stop_withdraws_a_resume_that_waits), T(a_kick_resumes_or_begins_anew),
          T(commands_wait_until_the_session_is_live),
          T(a_connection_that_takes_nothing_is_left_and_resumed),
          T(an_identify_that_cannot_be_sent_has_used_its_slot_all_the_same),
          T(guilds_are_told_when_all_are_in), T(a_shard_that_never_started_is_just_freed),
          T(a_bad_gateway_url_is_refused))
