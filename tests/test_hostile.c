/* A gateway that means harm: whatever it sends, the shard neither breaks nor grows
 * without bound, goes on beating, and comes back to a gateway that behaves. */
#include "shard_rig.h"

#include "limits.h"

/* The next connection works as ever. */
static void expect_recovery(struct rig *r)
{
    struct str heard;

    CHECK(rig_run_to_dial(r, 120000));
    rig_hello(r);
    heard = vserver_read(&r->g);
    if (str_starts(heard, STR("{\"op\":2,")))
        vserver_say(&r->g, RIG_READY);
    else if (!str_starts(heard, STR("{\"op\":6,")))
        fail_msg("neither IDENTIFY nor RESUME: %.*s", STR_FMT(heard));
    buf_clear(&r->events);
    vserver_say(&r->g, "{\"t\":\"FINE\",\"s\":4000000000,\"op\":0,\"d\":{}}");
    vhost_turn(&r->v);
    CHECK(rig_has(&r->events, "FINE/"));
}

static void expect_lost(struct rig *r)
{
    vhost_turn(&r->v);
    CHECK(r->g.wire->hung_up || r->g.wire->state == VWIRE_CLOSED);
}

TEST(noise_ends_the_connection_and_nothing_else)
{
    static const enum compression all[] = { COMPRESS_NONE, COMPRESS_ZLIB, COMPRESS_ZSTD };
    struct rng rng = rng_seeded(11);
    char noise[3000];

    for (unsigned round = 0; round < 300; round++) {
        struct rig r;
        size_t n = 1 + rng_below(&rng, sizeof noise - 1);

        rig_setup(&r, all[round % 3]);
        rig_go_live(&r);
        for (size_t i = 0; i < n; i++)
            noise[i] = (char)rng_next(&rng);
        if (round & 1) /* in a frame of its own */
            vserver_say_raw(&r.g, round & 2, (struct str){ noise, n });
        else
            vwire_write(r.g.wire, (struct str){ noise, n });
        vhost_turn(&r.v);
        vwire_break(r.g.wire); /* where it could pass for the start of something */
        expect_recovery(&r);
        rig_teardown(&r);
    }
}

TEST(a_frame_of_exabytes_is_refused_at_its_head)
{
    static const char *const heads[] = { "\x81\x7f\x80\0\0\0\0\0\0\0", /* 2^63 */
                                         "\x81\x7f\x7f\xff\xff\xff\xff\xff\xff\xff",
                                         "\x82\x7f\0\0\0\0\x04\0\0\x01" };

    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        struct rig r;

        rig_setup(&r, COMPRESS_ZLIB);
        rig_go_live(&r);
        vwire_write(r.g.wire, (struct str){ heads[i], 10 });
        expect_lost(&r);
        expect_recovery(&r);
        rig_teardown(&r);
    }
}

TEST(a_message_that_never_ends_is_given_up_at_its_limit)
{
    static char frame[4 + 65535];
    struct rig r;
    unsigned n = 0;

    rig_setup(&r, COMPRESS_NONE);
    rig_go_live(&r);
    memcpy(frame, "\x01\x7e\xff\xff", 4);
    memset(frame + 4, ' ', 65535);
    while (!r.g.wire->hung_up && n++ < 2000) {
        vwire_write(r.g.wire, (struct str){ frame, sizeof frame });
        frame[0] = 0;
        vhost_turn(&r.v);
    }
    CHECK_INT(n, LIMIT_MESSAGE / 65535 + 1);
    expect_recovery(&r);
    rig_teardown(&r);
}

TEST(fragments_of_nothing_without_end_keep_no_connection_alive)
{
    static char empty[2 * 1000];
    struct rig r;

    rig_setup(&r, COMPRESS_NONE);
    rig_go_live(&r);
    vwire_write(r.g.wire, (struct str){ "\x01\x00", 2 });
    for (unsigned s = 0; s < 200 && !r.g.wire->hung_up; s++) {
        vwire_write(r.g.wire, (struct str){ empty, sizeof empty });
        vhost_run(&r.v, 1000); /* and no ACK */
    }
    CHECK(r.g.wire->hung_up);
    expect_recovery(&r);
    rig_teardown(&r);
}

TEST(demands_for_heartbeats_are_met_five_times_and_leave_room_for_the_rest)
{
    struct rig r;
    unsigned answers = 0;

    rig_setup(&r, COMPRESS_ZLIB);
    rig_go_live(&r);
    for (unsigned i = 0; i < 10000; i++)
        vserver_say(&r.g, "{\"t\":null,\"s\":null,\"op\":1,\"d\":null}");
    vhost_turn(&r.v);
    while (vserver_read(&r.g).n)
        answers++;
    CHECK_INT(answers, LIMIT_HEARTBEAT_REQUESTS);
    RIG_CALL(&r,
             CHECK_INT(shard_command(r.shard, PACE_COMMAND, 0, STR("{\"op\":8}")), 0));
    CHECK_STR(vserver_read(&r.g), "{\"op\":8}");
    CHECK(rig_beat(&r, 3 * RIG_INTERVAL_MS) >= 2);
    rig_teardown(&r);
}

TEST(pings_without_end_to_a_shard_whose_words_nobody_reads_end_at_the_queues_limit)
{
    struct rig r;
    unsigned n = 0;

    rig_setup(&r, COMPRESS_NONE);
    rig_go_live(&r);
    r.g.wire->stuck = true;
    while (!r.g.wire->hung_up && n++ < 1000000)
        for (unsigned i = 0; i < 1000; i++)
            if (i == 999)
                vhost_turn(&r.v);
            else
                vserver_ping(&r.g);
    CHECK(r.g.wire->hung_up);
    CHECK(r.g.wire->sent.n <= LIMIT_WRITE_QUEUE);
    expect_recovery(&r);
    rig_teardown(&r);
}

TEST(a_replay_without_end_is_delivered_and_the_heart_beats)
{
    struct rig r;
    char text[64];
    unsigned beats = 0, seq = 1;

    rig_setup(&r, COMPRESS_ZLIB);
    rig_go_live(&r);
    vwire_break(r.g.wire);
    rig_expect_resume(&r, 1);
    while (seq < 2000) {
        snprintf(text, sizeof text, "{\"t\":\"X\",\"s\":%u,\"op\":0,\"d\":{}}", ++seq);
        vserver_say(&r.g, text);
        beats += rig_beat(&r, 200);
    }
    CHECK_INT(r.n_events, 1999);
    CHECK_INT(beats, 9 + (beats > 9));
    CHECK(!r.g.wire->hung_up);
    rig_teardown(&r);
}

TEST(a_ready_of_a_million_guilds_fills_no_more_than_the_limit)
{
    struct buf text = { 0 };
    struct shard_status status;
    struct rig r;

    rig_setup(&r, COMPRESS_ZLIB);
    RIG_CALL(&r, shard_start(r.shard));
    vhost_turn(&r.v);
    rig_hello(&r);
    vserver_expect(&r.g, OP_IDENTIFY);
    buf_append_z(&text,
                 "{\"t\":\"READY\",\"s\":1,\"op\":0,\"d\":{\"session_id\":\"sess\","
                 "\"guilds\":[");
    for (unsigned i = 1; i <= 1000000; i++)
        buf_printf(&text, "%s{\"id\":\"%u\"}", i > 1 ? "," : "", i);
    buf_append(&text, "]}}\0", 4);
    vserver_say(&r.g, text.p);
    vhost_turn(&r.v);
    shard_status(r.shard, &status);
    CHECK_INT(status.state, SESSION_LIVE);
    CHECK_INT(status.guilds, LIMIT_GUILDS);
    CHECK(status.guilds_loading);
    vhost_run(&r.v, 6000); /* none of them comes: that doesn't last for ever */
    CHECK_INT(r.n_guilds_in, 1);
    buf_release(&text);
    rig_teardown(&r);
}

TEST(a_sequence_beyond_all_bounds_is_survived)
{
    struct rig r;

    rig_setup(&r, COMPRESS_NONE);
    rig_go_live(&r);
    vserver_say(&r.g, "{\"t\":\"A\",\"s\":18446744073709551615,\"op\":0,\"d\":{}}");
    vserver_say(&r.g, "{\"t\":\"B\",\"s\":18446744073709551616,\"op\":0,\"d\":{}}");
    vserver_say(&r.g, "{\"t\":\"C\",\"s\":-1,\"op\":0,\"d\":{}}");
    vserver_say(&r.g, "{\"t\":\"D\",\"s\":1e3,\"op\":0,\"d\":{}}");
    vserver_say(&r.g, "{\"t\":\"E\",\"s\":2,\"op\":9223372036854775807,\"d\":{}}");
    vhost_turn(&r.v);
    CHECK_INT(r.n_events, 1);
    /* Discord will refuse to resume from there, and then all is new. */
    vserver_close(&r.g, 4007);
    vhost_turn(&r.v);
    CHECK_INT(r.n_lost, 1);
    expect_recovery(&r);
    rig_teardown(&r);
}

RUN_TESTS(
    T(noise_ends_the_connection_and_nothing_else),
    T(a_frame_of_exabytes_is_refused_at_its_head),
    T(a_message_that_never_ends_is_given_up_at_its_limit),
    T(fragments_of_nothing_without_end_keep_no_connection_alive),
    T(demands_for_heartbeats_are_met_five_times_and_leave_room_for_the_rest),
    T(pings_without_end_to_a_shard_whose_words_nobody_reads_end_at_the_queues_limit),
    T(a_replay_without_end_is_delivered_and_the_heart_beats),
    T(a_ready_of_a_million_guilds_fills_no_more_than_the_limit),
    T(a_sequence_beyond_all_bounds_is_survived))
