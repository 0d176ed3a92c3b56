/* Bytes through a shard: cut anywhere, held back, broken. */
#include "shard_rig.h"

static const enum compression kinds[] = { COMPRESS_NONE, COMPRESS_ZLIB, COMPRESS_ZSTD };
enum { N_KINDS = sizeof kinds / sizeof *kinds };

/* "MESSAGE_CREATE/first … MESSAGE_CREATE/last " */
static const char *sequence(unsigned first, unsigned last)
{
    static char text[8192];
    size_t n = 0;

    text[0] = '\0';
    for (; first <= last; first++)
        n += (size_t)snprintf(text + n, sizeof text - n, "MESSAGE_CREATE/%u ", first);
    return text;
}

static void say_events(struct rig *r, unsigned first, unsigned last)
{
    for (; first <= last; first++)
        rig_say_event(r, first);
}

static void go_on(struct rig *r, unsigned room)
{
    r->room = room;
    RIG_CALL(r, shard_go_on(r->shard));
}

static bool is_paused(const struct rig *r)
{
    struct shard_status status;

    shard_status(r->shard, &status);
    assert_int_equal(status.paused, r->g.wire->paused);
    return status.paused;
}

TEST(bytes_may_be_cut_anywhere)
{
    static const size_t chunks[] = { 0, 1, 2, 7, 100 };
    size_t kind, i;

    for (kind = 0; kind < N_KINDS; kind++)
        for (i = 0; i < sizeof chunks / sizeof *chunks; i++) {
            struct rig r;

            rig_setup(&r, kinds[kind]);
            rig_go_live(&r);
            r.g.wire->chunk = chunks[i];
            say_events(&r, 2, 40);
            vserver_ping(&r.g);
            say_events(&r, 41, 50);
            vhost_turn(&r.v);
            CHECK_STR(buf_str(&r.events), sequence(2, 50));
            CHECK_INT(r.n_dial, 1);
            rig_teardown(&r);
        }
}

TEST(the_whole_start_may_come_byte_by_byte)
{
    struct rig r;
    struct vwire *w;

    rig_setup(&r, COMPRESS_ZLIB);
    RIG_CALL(&r, shard_start(r.shard));
    vhost_turn(&r.v);
    w = CONTAINER_OF(r.v.wires.prev, struct vwire, link);
    w->chunk = 1;
    rig_hello(&r);
    assert_ptr_equal(w, r.g.wire);
    CHECK_STR(str_of(r.g.ws.target), "/?v=10&encoding=json");
    vserver_expect(&r.g, OP_IDENTIFY);
    vserver_say(&r.g, RIG_READY);
    vhost_turn(&r.v);
    CHECK_STR(buf_str(&r.events), "READY/1 ");
    rig_teardown(&r);
}

TEST(a_payload_may_be_split_over_messages_or_frames)
{
    unsigned pieces;

    for (pieces = 1; pieces <= 20; pieces++) {
        struct rig r;

        rig_setup(&r, COMPRESS_ZLIB);
        rig_go_live(&r);
        vserver_say_split(
            &r.g, "{\"t\":\"X\",\"s\":2,\"op\":0,\"d\":{\"some\":\"text to split\"}}",
            pieces);
        rig_say_event(&r, 3);
        vhost_turn(&r.v);
        CHECK_STR(buf_str(&r.events), "X/2 MESSAGE_CREATE/3 ");
        rig_teardown(&r);

        rig_setup(&r, COMPRESS_NONE);
        rig_go_live(&r);
        vserver_say_split(
            &r.g, "{\"t\":\"X\",\"s\":2,\"op\":0,\"d\":{\"some\":\"text to split\"}}",
            pieces);
        rig_say_event(&r, 3);
        vhost_turn(&r.v);
        CHECK_STR(buf_str(&r.events), "X/2 MESSAGE_CREATE/3 ");
        rig_teardown(&r);
    }
}

static void check_back_pressure(enum compression compression, size_t chunk)
{
    struct rig r;
    struct shard_status status;

    rig_setup(&r, compression);
    rig_go_live(&r);
    r.g.wire->chunk = chunk;
    r.room = 4;
    say_events(&r, 2, 15);
    vhost_turn(&r.v);
    CHECK_STR(buf_str(&r.events), sequence(2, 5)); /* four, and not one more */
    CHECK(is_paused(&r));

    say_events(&r, 16, 20); /* not even read */
    vhost_turn(&r.v);
    CHECK_INT(r.n_events, 4);

    go_on(&r, 3);
    CHECK_INT(r.n_events, 4); /* not from inside the call */
    vhost_turn(&r.v);
    CHECK_STR(buf_str(&r.events), sequence(2, 8));
    CHECK(is_paused(&r));

    go_on(&r, 7); /* with the last that was kept it is full again */
    vhost_turn(&r.v);
    CHECK_STR(buf_str(&r.events), sequence(2, 15));
    CHECK(is_paused(&r));

    go_on(&r, 1);
    vhost_turn(&r.v);
    CHECK_STR(buf_str(&r.events), sequence(2, 16));
    go_on(&r, UINT32_MAX);
    vhost_turn(&r.v);
    CHECK_STR(buf_str(&r.events), sequence(2, 20));
    CHECK(!is_paused(&r));
    shard_status(r.shard, &status);
    CHECK_INT(status.stalls, 4);
    CHECK_INT(r.n_dial, 1);
    rig_teardown(&r);
}

TEST(a_full_queue_stops_reading_in_the_middle_and_nothing_is_lost)
{
    static const size_t chunks[] = { 0, 1, 64, 200 };
    size_t kind, i;

    for (kind = 0; kind < N_KINDS; kind++)
        for (i = 0; i < sizeof chunks / sizeof *chunks; i++)
            check_back_pressure(kinds[kind], chunks[i]);
}

TEST(a_pause_longer_than_two_heartbeats_costs_no_connection)
{
    struct rig r;
    unsigned beats = 0;
    struct str heard;

    rig_setup(&r, COMPRESS_ZLIB);
    rig_go_live(&r);
    rig_beat(&r, RIG_INTERVAL_MS);
    r.room = 1;
    say_events(&r, 2, 4);
    vhost_turn(&r.v);
    CHECK(is_paused(&r));
    vhost_run(&r.v, 5 * RIG_INTERVAL_MS);
    while ((heard = vserver_read(&r.g)).n) {
        CHECK(str_starts(heard, STR("{\"op\":1,")));
        beats++;
        /* The ACK is behind the events, which nobody reads. */
        vserver_say(&r.g, "{\"t\":null,\"s\":null,\"op\":11,\"d\":null}");
    }
    CHECK_INT(beats, 5);
    CHECK_INT(r.g.close_code, 0);
    go_on(&r, UINT32_MAX);
    CHECK_INT(rig_beat(&r, 3 * RIG_INTERVAL_MS), 3);
    CHECK_STR(buf_str(&r.events), sequence(2, 4));
    CHECK_INT(r.n_dial, 1);
    rig_teardown(&r);
}

TEST(after_a_pause_a_silent_peer_is_noticed_again)
{
    struct rig r;
    uint64_t went_on_at;

    rig_setup(&r, COMPRESS_NONE);
    rig_go_live(&r);
    r.room = 1;
    rig_say_event(&r, 2);
    vhost_run(&r.v, 4 * RIG_INTERVAL_MS); /* no ACK, ever */
    CHECK_INT(r.n_dial, 1);
    while (vserver_read(&r.g).n)
        ;
    go_on(&r, UINT32_MAX);
    went_on_at = r.v.now;
    while (!r.g.close_code && r.v.now < went_on_at + 3 * RIG_INTERVAL_MS) {
        vhost_run(&r.v, 100);
        vserver_read(&r.g);
    }
    CHECK_INT(r.g.close_code, 4000);
    CHECK(r.v.now > went_on_at + RIG_INTERVAL_MS / 2); /* it was given its time */
    rig_expect_resume(&r, 2);
    rig_teardown(&r);
}

TEST(what_was_kept_when_the_connection_ends_comes_again)
{
    struct rig r;

    rig_setup(&r, COMPRESS_ZLIB);
    rig_go_live(&r);
    r.room = 2;
    say_events(&r, 2, 9);
    vhost_turn(&r.v);
    CHECK_STR(buf_str(&r.events), sequence(2, 3));
    vwire_break(r.g.wire);
    rig_expect_resume(&r, 3); /* what was delivered, not what was received */
    CHECK(!is_paused(&r));
    go_on(&r, 100);
    say_events(&r, 4, 10);
    vhost_turn(&r.v);
    CHECK_STR(buf_str(&r.events), sequence(2, 10));
    rig_teardown(&r);
}

TEST(a_pause_does_not_outlive_its_connection)
{
    struct rig r;
    struct vwire *w;

    rig_setup(&r, COMPRESS_NONE);
    rig_go_live(&r);
    r.room = 1;
    rig_say_event(&r, 2);
    vhost_turn(&r.v);
    vwire_break(r.g.wire);
    CHECK(rig_run_to_dial(&r, 60000));
    w = vhost_dialled(&r.v); /* never opened: the deadline is in force */
    CHECK(rig_run_to_dial(&r, 120000));
    CHECK_INT(w->state, VWIRE_CLOSED);
    rig_teardown(&r);
}

TEST(a_queue_that_is_full_still_stops_the_next_connection)
{
    struct rig r;

    rig_setup(&r, COMPRESS_NONE);
    rig_go_live(&r);
    r.room = 1;
    say_events(&r, 2, 9);
    vhost_turn(&r.v);
    vwire_break(r.g.wire);
    rig_expect_resume(&r, 2);
    say_events(&r, 3, 9);
    vhost_turn(&r.v);
    CHECK_STR(buf_str(&r.events), sequence(2, 3));
    CHECK(is_paused(&r));
    go_on(&r, UINT32_MAX);
    vhost_turn(&r.v);
    CHECK_STR(buf_str(&r.events), sequence(2, 9));
    rig_teardown(&r);
}

TEST(a_close_behind_kept_events_waits_its_turn)
{
    struct rig r;

    rig_setup(&r, COMPRESS_NONE);
    rig_go_live(&r);
    r.room = 1;
    say_events(&r, 2, 5);
    vserver_close(&r.g, 4004);
    vhost_turn(&r.v);
    CHECK_INT(r.refused_code, 0);
    go_on(&r, 2);
    vhost_turn(&r.v);
    CHECK_INT(r.refused_code, 0);
    go_on(&r, UINT32_MAX);
    vhost_turn(&r.v);
    CHECK_STR(buf_str(&r.events), sequence(2, 5));
    CHECK_INT(r.refused_code, 4004);
    CHECK_INT(r.g.wire->state, VWIRE_CLOSED);
    rig_teardown(&r);
}

TEST(going_on_without_having_stopped_is_nothing)
{
    struct rig r;

    rig_setup(&r, COMPRESS_NONE);
    RIG_CALL(&r, shard_go_on(r.shard));
    rig_go_live(&r);
    RIG_CALL(&r, shard_go_on(r.shard));
    RIG_CALL(&r, shard_go_on(r.shard));
    r.room = 1;
    say_events(&r, 2, 3);
    vhost_turn(&r.v);
    CHECK_INT(r.n_events, 1);
    CHECK(is_paused(&r));
    go_on(&r, 1);
    RIG_CALL(&r, shard_go_on(r.shard)); /* twice before it was done: once */
    vhost_turn(&r.v);
    CHECK_INT(r.n_events, 2);
    CHECK(is_paused(&r));
    rig_teardown(&r);
}

TEST(stop_while_paused_delivers_no_more)
{
    struct rig r;

    rig_setup(&r, COMPRESS_ZSTD);
    rig_go_live(&r);
    r.room = 1;
    say_events(&r, 2, 5);
    vhost_turn(&r.v);
    go_on(&r, UINT32_MAX);
    RIG_CALL(&r, shard_stop(r.shard, true));
    vserver_read(&r.g);
    CHECK_INT(r.g.close_code, 4000);
    vhost_turn(&r.v);
    CHECK(r.stopped);
    CHECK_INT(r.n_events, 1);
    rig_teardown(&r);
}

static void stop_at_3(struct rig *r, const struct dispatch *event)
{
    if (event->seq != 3)
        return;
    shard_stop(r->shard, true);
    /* What is borrowed for the call outlives even that. */
    CHECK(str_find(event->payload, STR("\"content\":\"n3\"")) != SIZE_MAX);
}

TEST(stop_inside_deliver_is_the_last_event)
{
    size_t kind;

    for (kind = 0; kind < N_KINDS; kind++) {
        struct rig r;

        rig_setup(&r, kinds[kind]);
        rig_go_live(&r);
        r.in_deliver = stop_at_3;
        say_events(&r, 2, 9);
        vhost_turn(&r.v);
        CHECK_STR(buf_str(&r.events), sequence(2, 3));
        CHECK(r.stopped);
        vserver_read(&r.g);
        CHECK_INT(r.g.close_code, 4000);
        rig_teardown(&r);
    }
}

static void answer_event(struct rig *r, const struct dispatch *event)
{
    char text[64];

    snprintf(text, sizeof text, "{\"op\":8,\"d\":%d}", (int)event->seq);
    CHECK_INT(shard_command(r->shard, PACE_COMMAND, 0, str_of(text)), 0);
}

TEST(commands_given_inside_deliver_leave_at_once)
{
    struct rig r;

    rig_setup(&r, COMPRESS_NONE);
    rig_go_live(&r);
    r.in_deliver = answer_event;
    say_events(&r, 2, 4);
    vhost_turn(&r.v);
    CHECK_STR(vserver_read(&r.g), "{\"op\":8,\"d\":2}");
    CHECK_STR(vserver_read(&r.g), "{\"op\":8,\"d\":3}");
    CHECK_STR(vserver_read(&r.g), "{\"op\":8,\"d\":4}");
    rig_teardown(&r);
}

static void fill_and_break(struct rig *r, const struct dispatch *event)
{
    if (event->seq != 3)
        return;
    r->g.wire->refuse_send = CORDAGE_ENET;
    CHECK_INT(shard_command(r->shard, PACE_COMMAND, 0, STR("{\"op\":8}")), 0);
}

static void break_once(struct rig *r, const struct dispatch *event)
{
    if (event->seq != 3)
        return;
    r->g.wire->refuse_send = CORDAGE_ENET;
    CHECK_INT(shard_command(r->shard, PACE_COMMAND, 5, STR("{\"op\":8}")), 0);
    CHECK_INT(r->n_sent, 0);
}

TEST(a_command_that_a_connection_did_not_take_leaves_on_the_next)
{
    struct rig r;

    rig_setup(&r, COMPRESS_NONE);
    rig_go_live(&r);
    r.in_deliver = break_once;
    say_events(&r, 2, 3);
    vhost_turn(&r.v);
    rig_expect_resume(&r, 3);
    r.in_deliver = NULL;
    rig_say_resumed(&r, 4);
    vhost_turn(&r.v);
    CHECK_STR(vserver_read(&r.g), "{\"op\":8}");
    CHECK_INT(r.n_sent, 1);
    CHECK_INT(r.n_unsent, 0);
    CHECK_INT(r.last_tag, 5);
    rig_teardown(&r);
}

/* Otherwise the next connection would begin paused, and its deadlines with it. */
TEST(a_queue_that_fills_as_the_connection_ends_does_not_hold_the_next)
{
    struct rig r;

    rig_setup(&r, COMPRESS_NONE);
    rig_go_live(&r);
    r.in_deliver = fill_and_break;
    r.room = 2;
    say_events(&r, 2, 5);
    vhost_turn(&r.v);
    CHECK_STR(buf_str(&r.events), sequence(2, 3));
    r.room = UINT32_MAX;
    rig_expect_resume(&r, 3);
    CHECK(!is_paused(&r));
    r.in_deliver = NULL;
    say_events(&r, 4, 5);
    vhost_turn(&r.v);
    CHECK_STR(buf_str(&r.events), sequence(2, 5));
    rig_teardown(&r);
}

static void check_broken_by(enum compression compression, bool binary, struct str message)
{
    struct rig r;

    rig_setup(&r, compression);
    rig_go_live(&r);
    rig_say_event(&r, 2);
    vserver_say_raw(&r.g, binary, message);
    rig_say_event(&r, 3); /* must not be taken for what follows */
    vhost_turn(&r.v);
    vserver_read(&r.g);
    CHECK_INT(r.g.close_code, 4000);
    CHECK_STR(buf_str(&r.events), sequence(2, 2));
    CHECK(rig_has(&r.v.log, "shard=3 cannot inflate: malformed data"));
    rig_expect_resume(&r, 2);
    rig_say_event(&r, 3);
    rig_say_resumed(&r, 4);
    CHECK_STR(buf_str(&r.events), "MESSAGE_CREATE/2 MESSAGE_CREATE/3 RESUMED/4 ");
    rig_teardown(&r);
}

TEST(corrupt_compression_closes_with_4000_and_resumes)
{
    check_broken_by(COMPRESS_ZLIB, true, STR("\xff\xff\xff\xff\x00\x00\xff\xff"));
    check_broken_by(COMPRESS_ZSTD, true, STR("\xff\xff\xff\xff\xff\xff\xff\xff"));
}

TEST(the_url_and_not_the_opcode_settles_what_a_message_is)
{
    struct rig r;

    rig_setup(&r, COMPRESS_NONE);
    rig_go_live(&r);
    vserver_say_raw(&r.g, true, STR("{\"t\":\"X\",\"s\":2,\"op\":0,\"d\":{}}"));
    vhost_turn(&r.v);
    CHECK_STR(buf_str(&r.events), "X/2 ");
    rig_teardown(&r);

    check_broken_by(COMPRESS_ZSTD, false, STR("{\"t\":\"X\",\"s\":2,\"op\":0,\"d\":{}}"));
}

TEST(broken_frames_end_the_connection_and_it_resumes)
{
    static const struct {
        struct str bytes;
        int code;
    } cases[] = {
        { { "\x81\x81"
            "abcdX",
            7 },
          1002 },                    /* masked by a server */
        { { "\x83\x00", 2 }, 1002 }, /* an unknown opcode */
        { { "\xf1\x00", 2 }, 1002 }, /* reserved bits */
        { { "\x81\x7f\x7f\xff\xff\xff\xff\xff\xff\xff", 10 }, 1009 },
    };
    size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rig r;

        rig_setup(&r, COMPRESS_NONE);
        rig_go_live(&r);
        rig_say_event(&r, 2);
        vwire_write(r.g.wire, cases[i].bytes);
        rig_say_event(&r, 3);
        vhost_turn(&r.v);
        CHECK_STR(buf_str(&r.events), sequence(2, 2));
        vserver_read(&r.g);
        CHECK_INT(r.g.close_code, cases[i].code);
        rig_expect_resume(&r, 2);
        rig_teardown(&r);
    }
}

static unsigned count_in(const struct buf *where, const char *what)
{
    struct str rest = buf_str(where);
    unsigned n = 0;
    size_t at;

    while ((at = str_find(rest, str_of(what))) != SIZE_MAX) {
        rest.p += at + 1;
        rest.n -= at + 1;
        n++;
    }
    return n;
}

TEST(unreadable_payloads_are_counted_and_survived)
{
    struct rig r;
    struct shard_status status;
    unsigned i;

    rig_setup(&r, COMPRESS_NONE);
    rig_go_live(&r);
    for (i = 0; i < 100; i++)
        vserver_say(&r.g, i % 2 ? "{\"op\":\"zero\"}" : "not JSON");
    rig_say_event(&r, 2);
    vhost_turn(&r.v);
    CHECK_STR(buf_str(&r.events), sequence(2, 2));
    shard_status(r.shard, &status);
    CHECK_INT(status.stats.unreadable, 100);
    CHECK_INT(r.n_dial, 1);
    CHECK_INT(count_in(&r.v.log, "unreadable payload"), 7); /* 1, 2, 4 … 64 */
    rig_teardown(&r);
}

TEST(before_ready_what_is_not_json_ends_the_connection)
{
    struct rig r;

    rig_setup(&r, COMPRESS_NONE);
    RIG_CALL(&r, shard_start(r.shard));
    vhost_turn(&r.v);
    rig_hello(&r);
    vserver_expect(&r.g, OP_IDENTIFY);
    vserver_say(&r.g, "<html>");
    vhost_turn(&r.v);
    vserver_read(&r.g);
    CHECK_INT(r.g.close_code, 4000);
    CHECK(rig_run_to_dial(&r, 60000));
    rig_teardown(&r);
}

TEST(a_ping_is_answered)
{
    struct rig r;

    rig_setup(&r, COMPRESS_NONE);
    rig_go_live(&r);
    vserver_ping(&r.g);
    vhost_turn(&r.v);
    CHECK(r.g.wire->sent.n == 6 + 4); /* masked, with the ping's four bytes */
    CHECK_INT((unsigned char)r.g.wire->sent.p[0], 0x8a);
    vserver_expect_silence(&r.g);
    rig_teardown(&r);
}

static void check_body(struct rig *r, const struct dispatch *event)
{
    (void)r;
    if (str_is(event->name, "MESSAGE_CREATE")) {
        CHECK(json_is_absent(event->body));
    } else {
        CHECK_INT(cordage_json_id(json_get(event->body, "id")), 5);
    }
}

TEST(a_dispatch_shows_its_body)
{
    struct rig r;

    rig_setup(&r, COMPRESS_NONE);
    rig_go_live(&r);
    r.in_deliver = check_body;
    rig_say_event(&r, 2);
    /* Not Discord's key order: the parser must find it. */
    vserver_say(&r.g,
                "{\"op\":0,\"d\":{\"id\":\"5\"},\"s\":3,\"t\":\"GUILD_\\u0043REATE\"}");
    vhost_turn(&r.v);
    CHECK_STR(buf_str(&r.events), "MESSAGE_CREATE/2 GUILD_CREATE/3 ");
    rig_teardown(&r);
}

static void undeliver_third(struct rig *r, const struct dispatch *event)
{
    if (event->seq != 3)
        return;
    r->in_deliver = NULL;
    shard_undeliver(r->shard);
}

TEST(an_event_that_could_not_be_taken_is_delivered_again_and_nothing_before_it)
{
    struct rig r;
    struct str resume;

    rig_setup(&r, COMPRESS_ZLIB);
    rig_go_live(&r);
    r.in_deliver = undeliver_third;
    for (unsigned seq = 2; seq <= 5; seq++)
        rig_say_event(&r, seq);
    vhost_turn(&r.v);
    CHECK_STR(buf_str(&r.events), "MESSAGE_CREATE/2 MESSAGE_CREATE/3 ");
    vhost_run(&r.v, 6000);
    rig_hello(&r);
    resume = vserver_expect(&r.g, OP_RESUME);
    CHECK(str_find(resume, STR("\"seq\":2}")) != SIZE_MAX);
    for (unsigned seq = 3; seq <= 5; seq++)
        rig_say_event(&r, seq);
    vhost_turn(&r.v);
    CHECK_STR(buf_str(&r.events), "MESSAGE_CREATE/2 MESSAGE_CREATE/3 MESSAGE_CREATE/3 "
                                  "MESSAGE_CREATE/4 MESSAGE_CREATE/5 ");
    rig_teardown(&r);
}

RUN_TESTS(T(an_event_that_could_not_be_taken_is_delivered_again_and_nothing_before_it),
          T(bytes_may_be_cut_anywhere), T(the_whole_start_may_come_byte_by_byte),
          T(a_payload_may_be_split_over_messages_or_frames),
          T(a_full_queue_stops_reading_in_the_middle_and_nothing_is_lost),
          T(a_pause_longer_than_two_heartbeats_costs_no_connection),
          T(after_a_pause_a_silent_peer_is_noticed_again),
          T(what_was_kept_when_the_connection_ends_comes_again),
          T(a_pause_does_not_outlive_its_connection),
          T(a_queue_that_is_full_still_stops_the_next_connection),
          T(a_close_behind_kept_events_waits_its_turn),
          T(going_on_without_having_stopped_is_nothing),
          T(stop_while_paused_delivers_no_more), T(stop_inside_deliver_is_the_last_event),
          T(commands_given_inside_deliver_leave_at_once),
          T(a_command_that_a_connection_did_not_take_leaves_on_the_next),
          T(a_queue_that_fills_as_the_connection_ends_does_not_hold_the_next),
          T(corrupt_compression_closes_with_4000_and_resumes),
          T(the_url_and_not_the_opcode_settles_what_a_message_is),
          T(broken_frames_end_the_connection_and_it_resumes),
          T(unreadable_payloads_are_counted_and_survived),
          T(before_ready_what_is_not_json_ends_the_connection), T(a_ping_is_answered),
          T(a_dispatch_shows_its_body))
