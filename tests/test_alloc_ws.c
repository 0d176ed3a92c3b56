/* The websocket and both compressions, each allocation failing in turn. */
#include "alloc.h"

#include "deflate.h"
#include "inflate.h"
#include "ws_rig.h"

/* Feeds the bytes in pieces of `most`; counts the events. 0, or the first error. */
static int pull_all(struct ws *ws, struct str bytes, size_t most, unsigned *n_events)
{
    static char fed[64 + BUF_SLACK];
    struct ws_message m;
    int event, err;

    while (bytes.n) {
        size_t n = bytes.n < most ? bytes.n : most;

        memcpy(fed, bytes.p, n);
        err = ws_feed(ws, fed, n);
        if (err)
            return err;
        while ((event = ws_next(ws, &m)) > 0)
            ++*n_events;
        err = ws_settle(ws);
        if (event < 0)
            return event;
        if (err) {
            CHECK_INT(ws_next(ws, &m), err);
            CHECK_INT(m.code, 1011);
            return err;
        }
        bytes.p += n;
        bytes.n -= n;
    }
    return 0;
}

static int serve(void *user)
{
    struct str *bytes = user;
    unsigned n_events = 0;
    struct ws ws;
    int err;

    ws_init(&ws, WS_SERVER, 1);
    err = pull_all(&ws, *bytes, 7, &n_events);
    if (!err)
        CHECK_INT(n_events, 6);
    ws_release(&ws);
    return err;
}

TEST(a_server_that_gets_no_memory_says_so)
{
    struct buf bytes = { 0 };
    struct str s;

    buf_append_z(&bytes, "GET /?v=10 HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n"
                         "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    rig_frame(&bytes, 0x81, 0, "abcd", STR("a text, cut by the end of what was fed"));
    rig_frame(&bytes, 0x02, 0, "abcd", STR("fragments "));
    rig_frame(&bytes, 0x89, 0, "abcd", STR("ping"));
    rig_frame(&bytes, 0x80, 0, "abcd", STR("of a message"));
    rig_frame(&bytes, 0x8a, 0, "abcd", STR(""));
    rig_frame(&bytes, 0x88, 0, "abcd", STR("\x03\xe8"));
    s = buf_str(&bytes);
    CHECK(alloc_each(serve, &s) >= 5);
    buf_release(&bytes);
}

static int talk(void *user)
{
    unsigned n_events = 0;
    struct ws client, server;
    int err;

    (void)user;
    ws_init(&client, WS_CLIENT, 1);
    ws_init(&server, WS_SERVER, 2);
    err = ws_request(&client, "localhost", 80, false, "/", "test");
    if (!err)
        err = pull_all(&server, buf_str(&client.out), 64, &n_events);
    buf_release(&client.out);
    if (!err)
        err = ws_send(&server, false, STR("hello"));
    if (!err)
        err = ws_ping(&server, STR("1"));
    if (!err)
        err = ws_close(&server, 4000, STR("bye"));
    if (!err)
        err = pull_all(&client, buf_str(&server.out), 64, &n_events);
    if (!err)
        CHECK_INT(n_events, 1 + 4);
    ws_release(&client);
    ws_release(&server);
    return err;
}

TEST(two_ends_that_get_no_memory_say_so)
{
    CHECK(alloc_each(talk, NULL) >= 5);
}

static int compress_and_back(void *user)
{
    enum compression kind = *(enum compression *)user;
    struct inflate_scratch *scratch = inflate_scratch_new();
    struct deflate *d = deflate_new(kind);
    struct inflate *z = inflate_new(kind);
    struct buf message = { 0 };
    int err = scratch && d && z ? 0 : CORDAGE_ENOMEM;
    struct str out;

    for (int i = 0; i < 3 && !err; i++) {
        buf_clear(&message);
        err = deflate_payload(d, STR("{\"op\":11}"), &message);
        if (err)
            break;
        err = inflate_feed(z, scratch, (struct str){ message.p, 3 }, &out);
        if (err == 0)
            err = inflate_feed(z, scratch, (struct str){ message.p + 3, message.n - 3 },
                               &out);
        if (err < 0)
            CHECK_INT(inflate_feed(z, scratch, STR("x"), &out), err);
        else
            CHECK_STR(out, "{\"op\":11}");
        err = err < 0 ? err : 0;
    }
    if (!err)
        err = deflate_whole(STR("{}"), &message);
    inflate_free(z);
    deflate_free(d);
    inflate_scratch_free(scratch);
    buf_release(&message);
    return err;
}

TEST(streams_that_get_no_memory_say_so)
{
    enum compression kind = COMPRESS_ZLIB;

    CHECK(alloc_each(compress_and_back, &kind) >= 6);
    kind = COMPRESS_ZSTD;
    CHECK(alloc_each(compress_and_back, &kind) >= 5);
}

/* A stream that is cut at a false end, so that zlib takes over, and then a long payload.
 */
static int inflate_slowly(void *user)
{
    static const struct str parts[] = {
        { "\x78\x01\x00\x06\x00\xf9\xff\x00\x00\xff\xff", 11 },
        { "!!\x00\x00\x00\xff\xff", 7 },
    };
    struct inflate_scratch *scratch = inflate_scratch_new();
    struct inflate *z = inflate_new(COMPRESS_ZLIB);
    int got = scratch && z ? 0 : CORDAGE_ENOMEM;
    struct str out;

    (void)user;
    if (!got)
        got = inflate_feed(z, scratch, parts[0], &out);
    if (!got)
        got = inflate_feed(z, scratch, parts[1], &out);
    if (got >= 0) {
        CHECK_INT(got, 1);
        CHECK(str_eq(out, (struct str){ "\x00\x00\xff\xff!!", 6 }));
    }
    inflate_free(z);
    inflate_scratch_free(scratch);
    return got < 0 ? got : 0;
}

TEST(zlib_taking_over_that_gets_no_memory_says_so)
{
    CHECK(alloc_each(inflate_slowly, NULL) >= 6);
}

struct growing {
    struct buf message;
    char *payload;
    size_t n;
};

static int inflate_giant(void *user)
{
    struct growing *g = user;
    struct inflate_scratch *scratch = inflate_scratch_new();
    struct inflate *z = inflate_new(COMPRESS_ZLIB);
    int got = scratch && z
                  ? inflate_feed(z, scratch, buf_str(&g->message), &(struct str){ 0 })
                  : CORDAGE_ENOMEM;

    inflate_free(z);
    inflate_scratch_free(scratch);
    return got < 0 ? got : 0;
}

TEST(growing_that_gets_no_memory_says_so)
{
    struct growing g = { .n = 3 << 20 };
    struct deflate *d = deflate_new(COMPRESS_ZLIB);

    g.payload = malloc(g.n);
    assert_non_null(g.payload);
    for (size_t i = 0; i < g.n; i++)
        g.payload[i] = (char)('0' + i % 71 * (i % 13) % 64);
    CHECK_INT(deflate_payload(d, (struct str){ g.payload, g.n }, &g.message), 0);
    CHECK(alloc_each(inflate_giant, &g) >= 5);
    deflate_free(d);
    free(g.payload);
    buf_release(&g.message);
}

RUN_TESTS(T(a_server_that_gets_no_memory_says_so), T(two_ends_that_get_no_memory_say_so),
          T(streams_that_get_no_memory_say_so),
          T(zlib_taking_over_that_gets_no_memory_says_so),
          T(growing_that_gets_no_memory_says_so))
