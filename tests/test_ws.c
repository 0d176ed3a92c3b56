#include "test.h"

#include "limits.h"
#include "ws_frame.h"
#include "ws_rig.h"
#include "ws_upgrade.h"

static const char mask[] = "\x01\x80\xfe\x37";

/* Runs the bytes whole, byte by byte and in pieces; all must agree. Returns the log. */
static struct buf run_all_ways(enum ws_role role, struct str bytes, size_t limit)
{
    static const size_t pieces[] = { 0, 1, 2, 5, 40 };
    struct buf first = { 0 };

    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        struct buf log = { 0 };
        struct ws ws;

        rig_open(&ws, role);
        ws.message_limit = limit;
        rig_run(&ws, bytes, pieces[i], &log);
        ws_release(&ws);
        if (i == 0) {
            first = log;
            continue;
        }
        CHECK(str_eq(buf_str(&first), buf_str(&log)));
        buf_release(&log);
    }
    return first;
}

static void expect_run(enum ws_role role, struct buf *bytes, size_t limit,
                       struct str want)
{
    struct buf log = run_all_ways(role, buf_str(bytes), limit);

    if (!str_eq(buf_str(&log), want))
        fail_msg("got:\n%.*s\nwant:\n%.*s", STR_FMT(buf_str(&log)), STR_FMT(want));
    buf_release(&log);
    buf_release(bytes);
}

#define EXPECT_RUN(role, bytes, limit, want) expect_run(role, bytes, limit, STR(want))

TEST(the_accept_is_the_one_of_the_rfc)
{
    char accept[UPGRADE_ACCEPT_SIZE];

    CHECK_INT(upgrade_accept(STR("dGhlIHNhbXBsZSBub25jZQ=="), accept), 0);
    assert_string_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(messages_of_every_length_come_through_both_ways)
{
    static const size_t sizes[] = { 0, 1, 125, 126, 127, 65535, 65536, 70000 };

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (int role = WS_CLIENT; role <= WS_SERVER; role++) {
            char *payload = malloc(sizes[i] + 1);
            struct buf log = { 0 }, want = { 0 };
            struct ws from, to;

            for (size_t k = 0; k < sizes[i]; k++)
                payload[k] = (char)(k * 7);
            rig_open(&from, (enum ws_role)role);
            rig_open(&to, role == WS_CLIENT ? WS_SERVER : WS_CLIENT);
            CHECK_INT(ws_send(&from, true, (struct str){ payload, sizes[i] }), 0);
            CHECK_INT(ws_send(&from, false, STR("hi")), 0);
            CHECK(rig_run(&to, buf_str(&from.out), 4000, &log) >= 0);
            buf_printf(&want, "binary 0 %zu:", sizes[i]);
            buf_append(&want, payload, sizes[i]);
            buf_append_z(&want, "\ntext 0 2:hi\nsent 0:");
            CHECK(str_eq(buf_str(&log), buf_str(&want)));
            ws_release(&from);
            ws_release(&to);
            buf_release(&log);
            buf_release(&want);
            free(payload);
        }
    }
}

TEST(a_whole_message_is_yielded_in_place)
{
    char bytes[2 * 5 + BUF_SLACK] = "\x81\x03"
                                    "abc"
                                    "\x82\x03"
                                    "def";
    struct ws_message m;
    struct ws ws;

    rig_open(&ws, WS_CLIENT);
    CHECK_INT(ws_feed(&ws, bytes, 10), 0);
    CHECK_INT(ws_next(&ws, &m), WS_TEXT);
    assert_ptr_equal(m.bytes.p, bytes + 2);
    CHECK_INT(ws_next(&ws, &m), WS_BINARY);
    assert_ptr_equal(m.bytes.p, bytes + 7);
    CHECK_INT(ws_next(&ws, &m), WS_NONE);
    CHECK_INT(ws_settle(&ws), 0);
    assert_null(ws.kept.p);
    ws_release(&ws);
}

TEST(only_the_cut_frame_is_copied)
{
    char first[8 + BUF_SLACK] = "\x82\x06ghi", second[16 + BUF_SLACK] = "jkl\x81\x02yz";
    struct ws_message m;
    struct ws ws;

    rig_open(&ws, WS_CLIENT);
    CHECK_INT(ws_feed(&ws, first, 5), 0);
    CHECK_INT(ws_next(&ws, &m), WS_NONE);
    CHECK_INT(ws_settle(&ws), 0);
    CHECK_INT(ws_feed(&ws, second, 7), 0);
    CHECK_INT(ws_next(&ws, &m), WS_BINARY);
    CHECK_STR(m.bytes, "ghijkl");
    CHECK_INT(ws_next(&ws, &m), WS_TEXT);
    assert_ptr_equal(m.bytes.p, second + 5);
    CHECK_INT(ws_settle(&ws), 0);
    ws_release(&ws);
}

TEST(a_reader_that_stops_early_loses_nothing)
{
    struct buf bytes = { 0 }, all = { 0 }, log = { 0 };
    struct ws ws;
    struct str rest;

    for (int i = 0; i < 50; i++) {
        char text[40];
        int n = snprintf(text, sizeof text, "%*d", 1 + i % 30, i);

        rig_frame(&bytes, i % 3 == 2 ? 0x82 : 0x81, 0, NULL,
                  (struct str){ text, (size_t)n });
    }
    rig_open(&ws, WS_CLIENT);
    rig_run(&ws, buf_str(&bytes), 0, &all);
    ws_release(&ws);
    /* One event at most for each 9 bytes fed, and the backlog afterwards. */
    rig_open(&ws, WS_CLIENT);
    for (rest = buf_str(&bytes); rest.n;) {
        size_t n = rest.n < 37 ? rest.n : 37;

        CHECK(rig_feed(&ws, (struct str){ rest.p, n }, &log, 1) >= 0);
        rest.p += n;
        rest.n -= n;
    }
    CHECK(ws.kept.n > ws.kept_at);
    CHECK_INT(rig_feed(&ws, STR(""), &log, INT32_MAX), WS_NONE);
    buf_append_z(&log, "sent 0:");
    CHECK(str_eq(buf_str(&all), buf_str(&log)));
    assert_null(ws.kept.p);
    ws_release(&ws);
    buf_release(&bytes);
    buf_release(&all);
    buf_release(&log);
}

TEST(fragments_become_one_message_with_control_frames_between)
{
    struct buf b = { 0 };

    rig_frame(&b, 0x01, 0, NULL, STR("ab"));
    rig_frame(&b, 0x89, 0, NULL, STR("p"));
    rig_frame(&b, 0x00, 0, NULL, STR(""));
    rig_frame(&b, 0x8a, 0, NULL, STR(""));
    rig_frame(&b, 0x80, 0, NULL, STR("cd"));
    rig_frame(&b, 0x02, 0, NULL, STR(""));
    rig_frame(&b, 0x80, 0, NULL, STR(""));
    rig_frame(&b, 0x81, 0, NULL, STR("e"));
    /* seed 42's first mask */
    struct rng rng = rng_seeded(42);
    uint64_t random = rng_next(&rng);
    struct buf want = { 0 };
    buf_append_z(&want, "ping 0 1:p\npong 0 0:\ntext 0 4:abcd\nbinary 0 0:\ntext 0 1:e\n"
                        "sent 7:");
    rig_frame(&want, 0x8a, 0, (const char *)&random, STR("p"));
    expect_run(WS_CLIENT, &b, 100, buf_str(&want));
    buf_release(&want);
}

TEST(a_server_unmasks_fragments_and_answers_unmasked)
{
    struct buf b = { 0 };

    rig_frame(&b, 0x02, 0, mask, STR("0123456789abcdef"));
    rig_frame(&b, 0x89, 0, mask, STR("xy"));
    rig_frame(&b, 0x80, 0, mask, STR("ghijk"));
    EXPECT_RUN(WS_SERVER, &b, 100,
               "ping 0 2:xy\nbinary 0 21:0123456789abcdefghijk\nsent 4:\x8a\x02xy");
}

TEST(a_broken_frame_ends_it_with_1002)
{
    static const struct {
        enum ws_role role;
        struct str bytes;
    } rows[] = {
        { WS_CLIENT, { "\xc1\x00", 2 } },         /* reserved bits */
        { WS_CLIENT, { "\xa1\x00", 2 } },         /* */
        { WS_CLIENT, { "\x91\x00", 2 } },         /* */
        { WS_CLIENT, { "\x83\x00", 2 } },         /* reserved opcodes */
        { WS_CLIENT, { "\x87\x00", 2 } },         /* */
        { WS_CLIENT, { "\x8b\x00", 2 } },         /* */
        { WS_CLIENT, { "\x8f\x00", 2 } },         /* */
        { WS_CLIENT, { "\x81\x80\1\2\3\4", 6 } }, /* a masked frame from a server */
        { WS_SERVER, { "\x81\x00", 2 } },         /* an unmasked frame from a client */
        { WS_CLIENT, { "\x09\x00", 2 } },         /* a ping in fragments */
        { WS_CLIENT, { "\x89\x7e\x00\x7e", 4 } }, /* a ping of 126 bytes */
        { WS_CLIENT, { "\x88\x7f", 2 } },         /* a close with a long length */
        { WS_CLIENT, { "\x80\x00", 2 } },         /* a continuation of nothing */
        { WS_CLIENT, { "\x00\x00", 2 } },         /* */
        { WS_CLIENT, { "\x81\x7e\x00\x7d", 4 } }, /* lengths that fit in fewer bytes */
        { WS_CLIENT, { "\x81\x7f\0\0\0\0\0\0\xff\xff", 10 } },
        { WS_CLIENT, { "\x81\x7f\x80\0\0\0\0\1\0\0", 10 } }, /* the highest bit */
        { WS_CLIENT, { "\x88\x01\x03", 3 } },                /* half a close code */
        { WS_CLIENT, { "\x88\x02\x03\xe7", 4 } },            /* 999 */
        { WS_CLIENT, { "\x88\x02\x03\xec", 4 } },            /* 1004 */
        { WS_CLIENT, { "\x88\x02\x03\xed", 4 } },            /* 1005 */
        { WS_CLIENT, { "\x88\x02\x03\xee", 4 } },            /* 1006 */
        { WS_CLIENT, { "\x88\x02\x03\xf7", 4 } },            /* 1015 */
        { WS_CLIENT, { "\x88\x02\x07\xd0", 4 } },            /* 2000 */
        { WS_CLIENT, { "\x88\x02\x13\x88", 4 } },            /* 5000 */
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf log = run_all_ways(rows[i].role, rows[i].bytes, LIMIT_MESSAGE);
        struct str got = buf_str(&log);

        if (!str_starts(got, STR("error -4 code 1002\nsent ")))
            fail_msg("row %zu: %.*s", i, STR_FMT(got));
        if (rows[i].role == WS_SERVER)
            CHECK(str_ends(got, STR("sent 4:\x88\x02\x03\xea")));
        else
            CHECK(str_find(got, STR("sent 8:\x88\x82")) != SIZE_MAX);
        buf_release(&log);
    }
}

TEST(a_message_begun_must_be_finished_first)
{
    struct buf b = { 0 };

    rig_frame(&b, 0x01, 0, mask, STR("ab"));
    rig_frame(&b, 0x81, 0, mask, STR("cd"));
    EXPECT_RUN(WS_SERVER, &b, 100, "error -4 code 1002\nsent 4:\x88\x02\x03\xea");
}

TEST(a_message_over_the_limit_is_refused_from_its_head)
{
    struct buf b = { 0 };

    /* The payload never comes, and isn't waited for. */
    buf_append(&b, "\x82\xff\0\0\0\0\1\0\0\0\1\2\3\4", 14);
    EXPECT_RUN(WS_SERVER, &b, 1 << 20, "error -3 code 1009\nsent 4:\x88\x02\x03\xf1");
    rig_frame(&b, 0x02, 0, mask, STR("12345"));
    rig_frame(&b, 0x00, 0, mask, STR("6789"));
    buf_append(&b, "\x80\x82\1\2\3\4", 6);
    EXPECT_RUN(WS_SERVER, &b, 10, "error -3 code 1009\nsent 4:\x88\x02\x03\xf1");
    rig_frame(&b, 0x02, 0, mask, STR("12345"));
    rig_frame(&b, 0x89, 0, mask, STR("control frames don't count"));
    rig_frame(&b, 0x80, 0, mask, STR("67890"));
    rig_frame(&b, 0x82, 0, mask, STR("1234567890"));
    EXPECT_RUN(WS_SERVER, &b, 10,
               "ping 0 26:control frames don't count\nbinary 0 10:1234567890\n"
               "binary 0 10:1234567890\nsent 28:\x8a\x1a"
               "control frames don't count");
}

TEST(a_close_is_answered_with_its_code_and_ends_all)
{
    struct buf b = { 0 };

    rig_frame(&b, 0x88, 0, mask, STR("\x0f\xa3gone"));
    rig_frame(&b, 0x81, 0, mask, STR("never seen"));
    EXPECT_RUN(WS_SERVER, &b, 100, "close 4003 4:gone\nsent 4:\x88\x02\x0f\xa3");
    rig_frame(&b, 0x88, 0, mask, STR(""));
    EXPECT_RUN(WS_SERVER, &b, 100, "close 1005 0:\nsent 2:\x88\x00");
    rig_frame(&b, 0x01, 0, mask, STR("in the middle of a message"));
    rig_frame(&b, 0x88, 0, mask, STR("\x03\xe8"));
    EXPECT_RUN(WS_SERVER, &b, 100, "close 1000 0:\nsent 4:\x88\x02\x03\xe8");
}

TEST(every_code_that_may_be_sent_may_be_received)
{
    for (int code = 0; code < 6000; code++) {
        struct buf log = { 0 };
        struct ws from, to;
        char want[80];
        int err;

        rig_open(&from, WS_SERVER);
        rig_open(&to, WS_CLIENT);
        err = ws_close(&from, code, STR("why"));
        if (err) {
            CHECK_INT(err, CORDAGE_EINVAL);
            CHECK_INT(from.out.n, 0);
            CHECK(code < 3000 || code > 4999);
        } else {
            CHECK(code == 0 || (code >= 1000 && code <= 1003) ||
                  (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999));
            rig_feed(&to, buf_str(&from.out), &log, 1);
            snprintf(want, sizeof want, "close %d %s", code ? code : 1005,
                     code ? "3:why\n" : "0:\n");
            CHECK_STR(buf_str(&log), want);
        }
        ws_release(&from);
        ws_release(&to);
        buf_release(&log);
    }
}

TEST(nothing_is_sent_after_a_close)
{
    struct buf log = { 0 };
    struct ws ws;

    rig_open(&ws, WS_SERVER);
    CHECK_INT(ws_close(&ws, 4000, STR("bye")), 0);
    CHECK_INT(ws.out.n, 7);
    CHECK_INT(ws_close(&ws, 4000, STR("bye")), CORDAGE_ESTATE);
    CHECK_INT(ws_send(&ws, false, STR("x")), CORDAGE_ESTATE);
    CHECK_INT(ws_ping(&ws, STR("x")), CORDAGE_ESTATE);
    /* What was on its way still comes; its pings stay unanswered. */
    CHECK_INT(rig_feed(&ws, STR("\x89\x80\0\0\0\0\x81\x81\0\0\0\0z"), &log, 9), WS_NONE);
    CHECK_INT(rig_feed(&ws, STR("\x88\x80\0\0\0\0"), &log, 9), WS_NONE);
    CHECK_STR(buf_str(&log), "ping 0 0:\ntext 0 1:z\nclose 1005 0:\n");
    CHECK_INT(ws.out.n, 7);
    CHECK_INT(ws.state, WS_OVER);
    ws_release(&ws);
    buf_release(&log);
}

TEST(a_reason_is_cut_between_characters)
{
    char reason[200];
    struct ws ws;

    memset(reason, 'a', sizeof reason);
    memcpy(reason + 121, "\xe2\x82\xac", 3);
    rig_open(&ws, WS_SERVER);
    CHECK_INT(ws_close(&ws, 1000, (struct str){ reason, sizeof reason }), 0);
    CHECK_INT(ws.out.n, 2 + 2 + 121);
    ws_release(&ws);
    rig_open(&ws, WS_SERVER);
    CHECK_INT(ws_close(&ws, 1000, (struct str){ reason, 124 }), 0);
    CHECK_INT(ws.out.n, 2 + 2 + 121);
    ws_release(&ws);
    rig_open(&ws, WS_SERVER);
    CHECK_INT(ws_ping(&ws, (struct str){ reason, 126 }), CORDAGE_EINVAL);
    CHECK_INT(ws_ping(&ws, (struct str){ reason, 125 }), 0);
    ws_release(&ws);
}

TEST(an_error_sticks)
{
    struct buf log = { 0 };
    struct ws ws;

    rig_open(&ws, WS_CLIENT);
    rig_feed(&ws, STR("\x83\x00\x81\x01z"), &log, 9);
    rig_feed(&ws, STR("\x81\x01z"), &log, 9);
    CHECK_STR(buf_str(&log), "error -4 code 1002\n");
    CHECK_INT(ws_feed(&ws, NULL, 0), CORDAGE_EPROTO);
    CHECK_INT(ws_next(&ws, &(struct ws_message){ 0 }), CORDAGE_EPROTO);
    CHECK_INT(ws_send(&ws, false, STR("x")), CORDAGE_ESTATE);
    ws_release(&ws);
    buf_release(&log);
}

TEST(at_rest_no_memory_is_held)
{
    struct buf b = { 0 }, log = { 0 };
    struct ws ws;

    rig_frame(&b, 0x01, 0, NULL, STR("ab"));
    rig_frame(&b, 0x80, 0, NULL, STR("cd"));
    rig_frame(&b, 0x89, 0, NULL, STR("x"));
    rig_open(&ws, WS_CLIENT);
    rig_run(&ws, buf_str(&b), 1, &log);
    buf_clear(&ws.out);
    CHECK_INT(rig_feed(&ws, STR(""), &log, 1), WS_NONE);
    assert_null(ws.kept.p);
    assert_null(ws.fragments.p);
    assert_null(ws.out.p);
    CHECK(sizeof ws <= 256);
    ws_release(&ws);
    buf_release(&b);
    buf_release(&log);
}

/* The upgrade */

static void request(struct ws *ws, const char *host, uint16_t port, bool tls,
                    const char *target)
{
    ws_init(ws, WS_CLIENT, 7);
    CHECK_INT(ws_request(ws, host, port, tls, target, "Cordage"), 0);
}

TEST(a_request_has_what_the_rfc_wants)
{
    struct ws ws;
    struct buf want = { 0 };
    struct str key;

    request(&ws, "gateway.discord.gg", 443, true, "/?v=10&encoding=json");
    key.p = ws.out.p + str_find(buf_str(&ws.out), STR("Key: ")) + 5;
    key.n = 24;
    buf_printf(&want,
               "GET /?v=10&encoding=json HTTP/1.1\r\n"
               "Host: gateway.discord.gg\r\n"
               "Upgrade: websocket\r\n"
               "Connection: Upgrade\r\n"
               "Sec-WebSocket-Key: %.24s\r\n"
               "Sec-WebSocket-Version: 13\r\n"
               "User-Agent: Cordage\r\n"
               "\r\n",
               key.p);
    CHECK(str_eq(buf_str(&ws.out), buf_str(&want)));
    buf_release(&want);
    ws_release(&ws);
}

TEST(the_host_header_has_the_port_unless_it_is_the_usual)
{
    static const struct {
        const char *host;
        uint16_t port;
        bool tls;
        const char *want;
    } rows[] = {
        { "h", 80, false, "Host: h\r\n" },
        { "h", 443, true, "Host: h\r\n" },
        { "h", 443, false, "Host: h:443\r\n" },
        { "h", 80, true, "Host: h:80\r\n" },
        { "::1", 443, true, "Host: [::1]\r\n" },
        { "::1", 9, true, "Host: [::1]:9\r\n" },
        { "h", 65535, true, "Host: h:65535\r\n" },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct ws ws;

        request(&ws, rows[i].host, rows[i].port, rows[i].tls, "/");
        CHECK(str_find(buf_str(&ws.out), str_of(rows[i].want)) != SIZE_MAX);
        ws_release(&ws);
    }
}

TEST(nothing_can_be_smuggled_into_a_request)
{
    struct ws ws;

    ws_init(&ws, WS_CLIENT, 7);
    CHECK_INT(ws_request(&ws, "h", 1, true, "/ HTTP/1.1", NULL), CORDAGE_EINVAL);
    CHECK_INT(ws_request(&ws, "h", 1, true, "x", NULL), CORDAGE_EINVAL);
    CHECK_INT(ws_request(&ws, "h", 1, true, "/\r\nA: b", NULL), CORDAGE_EINVAL);
    CHECK_INT(ws_request(&ws, "h\r\nA: b", 1, true, "/", NULL), CORDAGE_EINVAL);
    CHECK_INT(ws_request(&ws, "", 1, true, "/", NULL), CORDAGE_EINVAL);
    CHECK_INT(ws_request(&ws, "h", 1, true, "/", "a\nb"), CORDAGE_EINVAL);
    CHECK_INT(ws.out.n, 0);
    CHECK_INT(ws_send(&ws, false, STR("x")), CORDAGE_ESTATE);
    CHECK_INT(ws_request(&ws, "h", 1, true, "/", NULL), 0);
    CHECK(str_find(buf_str(&ws.out), STR("User-Agent")) == SIZE_MAX);
    ws_release(&ws);
}

/* Feeds an answer in which "ACCEPT" stands for what the key asks for. */
static void expect_answer(const char *answer, const char *want)
{
    static const size_t pieces[] = { 0, 1, 3 };
    struct str text = str_of(answer);
    size_t at = str_find(text, STR("ACCEPT"));

    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        struct buf bytes = { 0 }, log = { 0 };
        struct ws ws;

        request(&ws, "h", 443, true, "/");
        buf_clear(&ws.out);
        if (at != SIZE_MAX)
            buf_printf(&bytes, "%.*s%s%s", (int)at, text.p, ws.accept, text.p + at + 6);
        else
            buf_append_str(&bytes, text);
        rig_run(&ws, buf_str(&bytes), pieces[i], &log);
        if (!str_is(buf_str(&log), want))
            fail_msg("%s\ngave\n%.*s\nwant\n%s", answer, STR_FMT(buf_str(&log)), want);
        ws_release(&ws);
        buf_release(&bytes);
        buf_release(&log);
    }
}

#define SWITCHING "HTTP/1.1 101 Switching Protocols\r\n"
#define GOOD_FIELDS \
    "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ACCEPT\r\n"

TEST(an_answer_opens_it_and_frames_may_follow_at_once)
{
    expect_answer(SWITCHING GOOD_FIELDS "\r\n", "open 101 0:\nsent 0:");
    expect_answer(SWITCHING GOOD_FIELDS "\r\n\x81\x02hi\x82\x01z",
                  "open 101 0:\ntext 0 2:hi\nbinary 0 1:z\nsent 0:");
    expect_answer("HTTP/1.1 101\r\nDate: today\r\nCONNECTION:keep-alive ,\tupGRADE \r\n"
                  "upgrade:\tWebSocket\r\nX:\r\nsec-websocket-accept:ACCEPT  \r\n"
                  "sec-websocket-extensions: \r\n\r\n",
                  "open 101 0:\nsent 0:");
    expect_answer(
        "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Go on\r\n\r\n" SWITCHING
            GOOD_FIELDS "\r\n\x81\x01z",
        "open 101 0:\ntext 0 1:z\nsent 0:");
}

TEST(an_answer_that_is_not_101_is_told_with_its_code)
{
    expect_answer(
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n\r\n<html>\r\n\r\n",
        "refused 503 0:\nsent 0:");
    expect_answer("HTTP/1.0 404 Not Found\r\n\r\n", "refused 404 0:\nsent 0:");
    expect_answer("HTTP/1.1 302 \r\nLocation: /\r\n\r\n", "refused 302 0:\nsent 0:");
}

TEST(an_answer_that_does_not_accept_our_request_is_an_error)
{
    static const char *const bad[] = {
        SWITCHING "\r\n",
        SWITCHING "Connection: Upgrade\r\nSec-WebSocket-Accept: ACCEPT\r\n\r\n",
        SWITCHING "Upgrade: websocket\r\nSec-WebSocket-Accept: ACCEPT\r\n\r\n",
        SWITCHING "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        SWITCHING
        "Upgrade: h2c\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ACCEPT\r\n\r\n",
        SWITCHING "Upgrade: websocket\r\nConnection: close\r\n"
                  "Sec-WebSocket-Accept: ACCEPT\r\n\r\n",
        SWITCHING "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                  "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
        SWITCHING GOOD_FIELDS "Sec-WebSocket-Accept: x\r\n\r\n",
        SWITCHING GOOD_FIELDS "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
        SWITCHING GOOD_FIELDS "Sec-WebSocket-Protocol: chat\r\n\r\n",
        SWITCHING GOOD_FIELDS " folded: line\r\n\r\n",
        SWITCHING GOOD_FIELDS "X: a\r\n\tfolded\r\n\r\n",
        SWITCHING GOOD_FIELDS "no colon\r\n\r\n",
        SWITCHING GOOD_FIELDS "blank : x\r\n\r\n",
        SWITCHING GOOD_FIELDS ": x\r\n\r\n",
        SWITCHING GOOD_FIELDS "X: a\nY: b\r\n\r\n",
        SWITCHING GOOD_FIELDS "X: a\rY: b\r\n\r\n",
        SWITCHING GOOD_FIELDS "X: \x01\r\n\r\n",
        "HTTP/1.0 101 x\r\n" GOOD_FIELDS "\r\n",
        "HTTP/2 101 x\r\n" GOOD_FIELDS "\r\n",
        "HTTP/1.1 10 x\r\n" GOOD_FIELDS "\r\n",
        "HTTP/1.1 1010 x\r\n" GOOD_FIELDS "\r\n",
        "HTTP/1.1  101 x\r\n" GOOD_FIELDS "\r\n",
        "HTTP/1.1 099 x\r\n\r\n",
        "ICY 200 OK\r\n\r\n",
        "SSH-2.0-x\r\n\r\n",
        "\r\n\r\n",
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_answer(bad[i], "error -4 code 1002\nsent 0:");
}

TEST(a_head_without_end_is_refused)
{
    struct buf answer = { 0 }, log = { 0 };
    struct ws ws;

    buf_append_z(&answer, SWITCHING "X: ");
    while (answer.n < LIMIT_UPGRADE_HEAD - 1)
        buf_append(&answer, "a", 1);
    ws_init(&ws, WS_CLIENT, 7);
    CHECK_INT(rig_feed(&ws, buf_str(&answer), &log, 9), WS_NONE);
    CHECK_INT(rig_feed(&ws, STR("b"), &log, 9), CORDAGE_ELIMIT);
    CHECK_STR(buf_str(&log), "error -3 code 1009\n");
    CHECK_INT(ws.out.n, 0);
    ws_release(&ws);
    buf_clear(&log);
    ws_init(&ws, WS_SERVER, 7);
    CHECK_INT(rig_run(&ws, buf_str(&answer), 900, &log), WS_NONE);
    CHECK_INT(rig_feed(&ws, STR("\r\n\r\n"), &log, 9), CORDAGE_ELIMIT);
    CHECK(str_starts(buf_str(&ws.out), STR("HTTP/1.1 431 ")));
    ws_release(&ws);
    buf_release(&answer);
    buf_release(&log);
}

static void expect_request(const char *text, const char *want)
{
    static const size_t pieces[] = { 0, 1, 3 };

    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        struct buf log = { 0 };
        struct ws ws;

        ws_init(&ws, WS_SERVER, 7);
        rig_run(&ws, str_of(text), pieces[i], &log);
        if (!str_is(buf_str(&log), want))
            fail_msg("%s\ngave\n%.*s\nwant\n%s", text, STR_FMT(buf_str(&log)), want);
        ws_release(&ws);
        buf_release(&log);
    }
}

#define ASK "GET /?v=10 HTTP/1.1\r\n"
#define ASK_FIELDS                                                          \
    "Host: localhost:4434\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" \
    "Sec-WebSocket-Version: 13\r\n"
#define ASK_KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define SAID_101                                                          \
    "sent 129:HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n" \
    "Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
#define SAID_400 \
    "sent 66:HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
#define SAID_426                                                                   \
    "sent 139:HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nConnection: " \
    "Upgrade\r\n"                                                                  \
    "Sec-WebSocket-Version: 13\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"

TEST(a_server_takes_a_request_and_remembers_it)
{
    expect_request(ASK ASK_FIELDS ASK_KEY "\r\n",
                   "open 101 0:/?v=10 localhost:4434 \n" SAID_101);
    expect_request(ASK ASK_FIELDS ASK_KEY "Origin: https://x\r\n\r\n\x81\x81\1\1\1\1`",
                   "open 101 0:/?v=10 localhost:4434 https://x\ntext 0 1:a\n" SAID_101);
    /* A client may offer extensions and protocols; none is taken up. */
    expect_request(ASK ASK_FIELDS ASK_KEY
                   "Sec-WebSocket-Extensions: permessage-deflate\r\n"
                   "Sec-WebSocket-Protocol: a, b\r\n\r\n",
                   "open 101 0:/?v=10 localhost:4434 \n" SAID_101);
    expect_request(ASK
                   "host: h\r\nUPGRADE: h2c, WebSocket\r\nconnection: keep-alive, Upgrade"
                   "\r\nsec-websocket-version: 13\r\n" ASK_KEY "\r\n",
                   "open 101 0:/?v=10 h \n" SAID_101);
}

TEST(a_server_refuses_what_is_no_upgrade)
{
    static const char *const malformed[] = {
        "POST / HTTP/1.1\r\n" ASK_FIELDS ASK_KEY "\r\n",
        "GET / HTTP/1.0\r\n" ASK_FIELDS ASK_KEY "\r\n",
        "GET http://h/ HTTP/1.1\r\n" ASK_FIELDS ASK_KEY "\r\n",
        "GET HTTP/1.1\r\n" ASK_FIELDS ASK_KEY "\r\n",
        "GET  HTTP/1.1\r\n" ASK_FIELDS ASK_KEY "\r\n",
        "GET / x HTTP/1.1\r\n" ASK_FIELDS ASK_KEY "\r\n",
        ASK ASK_FIELDS "Host: again\r\n" ASK_KEY "\r\n",
        ASK ASK_FIELDS ASK_KEY " folded\r\n\r\n",
        ASK "Upgrade: websocket\r\n\r\n",
        ASK ASK_FIELDS "\r\n",
        ASK ASK_FIELDS ASK_KEY ASK_KEY "\r\n",
        ASK ASK_FIELDS "Sec-WebSocket-Key: short==\r\n\r\n",
        ASK ASK_FIELDS "Sec-WebSocket-Key: dGhlIHNhbXBs*SBub25jZQ==\r\n\r\n",
        ASK ASK_FIELDS "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQab\r\n\r\n",
        "\r\n\r\n",
    };
    static const char *const other[] = {
        ASK "Host: h\r\n\r\n",
        ASK "Host: h\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nSec-WebSocket-Version: "
            "13\r\n" ASK_KEY "\r\n",
        ASK "Host: h\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" ASK_KEY
            "\r\n",
        ASK "Host: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 8\r\n" ASK_KEY "\r\n",
        ASK "Host: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" ASK_KEY "\r\n",
    };

    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++)
        expect_request(malformed[i], "refused 400 0:\n" SAID_400);
    for (size_t i = 0; i < sizeof other / sizeof *other; i++)
        expect_request(other[i], "refused 426 0:\n" SAID_426);
}

TEST(both_ends_agree_from_the_first_byte_to_the_last)
{
    struct buf client_log = { 0 }, server_log = { 0 };
    struct ws client, server;
    struct ws *ends[] = { &client, &server };
    struct buf *logs[] = { &client_log, &server_log };

    request(&client, "localhost", 4434, true, "/?v=10");
    ws_init(&server, WS_SERVER, 8);
    for (int turn = 0; turn < 8; turn++) {
        for (int i = 0; i < 2; i++) {
            struct buf bytes = ends[1 - i]->out;

            ends[1 - i]->out = (struct buf){ 0 };
            for (size_t k = 0; k < bytes.n; k++)
                CHECK(rig_feed(ends[i], (struct str){ bytes.p + k, 1 }, logs[i], 9) >= 0);
            buf_release(&bytes);
        }
        if (turn == 1) {
            CHECK_INT(ws_send(&server, false, STR("hello")), 0);
            CHECK_INT(ws_send(&client, false, STR("identify")), 0);
            CHECK_INT(ws_ping(&client, STR("1")), 0);
        }
        if (turn == 4)
            CHECK_INT(ws_close(&client, 4000, STR("later")), 0);
    }
    CHECK_STR(buf_str(&client_log),
              "open 101 0:\ntext 0 5:hello\npong 0 1:1\nclose 4000 0:\n");
    CHECK_STR(buf_str(&server_log),
              "open 101 0:/?v=10 localhost:4434 \n"
              "text 0 8:identify\nping 0 1:1\nclose 4000 5:later\n");
    ws_release(&client);
    ws_release(&server);
    buf_release(&client_log);
    buf_release(&server_log);
}

RUN_TESTS(T(the_accept_is_the_one_of_the_rfc),
          T(messages_of_every_length_come_through_both_ways),
          T(a_whole_message_is_yielded_in_place), T(only_the_cut_frame_is_copied),
          T(a_reader_that_stops_early_loses_nothing),
          T(fragments_become_one_message_with_control_frames_between),
          T(a_server_unmasks_fragments_and_answers_unmasked),
          T(a_broken_frame_ends_it_with_1002), T(a_message_begun_must_be_finished_first),
          T(a_message_over_the_limit_is_refused_from_its_head),
          T(a_close_is_answered_with_its_code_and_ends_all),
          T(every_code_that_may_be_sent_may_be_received),
          T(nothing_is_sent_after_a_close), T(a_reason_is_cut_between_characters),
          T(an_error_sticks), T(at_rest_no_memory_is_held),
          T(a_request_has_what_the_rfc_wants),
          T(the_host_header_has_the_port_unless_it_is_the_usual),
          T(nothing_can_be_smuggled_into_a_request),
          T(an_answer_opens_it_and_frames_may_follow_at_once),
          T(an_answer_that_is_not_101_is_told_with_its_code),
          T(an_answer_that_does_not_accept_our_request_is_an_error),
          T(a_head_without_end_is_refused), T(a_server_takes_a_request_and_remembers_it),
          T(a_server_refuses_what_is_no_upgrade),
          T(both_ends_agree_from_the_first_byte_to_the_last))
