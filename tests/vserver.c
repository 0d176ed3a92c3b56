#include "vserver.h"

#include "error.h"
#include "test.h"

static void take(struct vserver *g, struct vhost *v, enum compression compression)
{
    *g = (struct vserver){ .vhost = v, .compression = compression };
    g->wire = vhost_dialled(v);
    assert_non_null(g->wire);
    ws_init(&g->ws, WS_SERVER, 1);
    if (compression != COMPRESS_NONE) {
        g->deflate = deflate_new(compression);
        assert_non_null(g->deflate);
    }
    vwire_open(g->wire);
    vhost_turn(v);
    CHECK(g->wire->sent.n > 0);
}

/* Gives the websocket what the client has sent. */
static void feed(struct vserver *g)
{
    struct buf *sent = &g->wire->sent;

    assert_int_equal(buf_reserve(sent, BUF_SLACK), 0);
    assert_int_equal(ws_feed(&g->ws, sent->p, sent->n), 0);
}

static void settle(struct vserver *g)
{
    if (g->ws.out.n)
        vwire_write(g->wire, buf_str(&g->ws.out));
    buf_clear(&g->ws.out);
    assert_int_equal(ws_settle(&g->ws), 0);
    buf_clear(&g->wire->sent);
}

void vserver_accept(struct vserver *g, struct vhost *v, enum compression compression)
{
    struct ws_message message;

    take(g, v, compression);
    feed(g);
    CHECK_INT(ws_next(&g->ws, &message), WS_OPEN);
    settle(g);
    vhost_turn(v);
}

void vserver_refuse(struct vserver *g, struct vhost *v, int status)
{
    struct buf answer = { 0 };

    take(g, v, COMPRESS_NONE);
    assert_int_equal(buf_printf(&answer, "HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n",
                                status),
                     0);
    vwire_write(g->wire, buf_str(&answer));
    buf_release(&answer);
    vhost_turn(v);
}

void vserver_release(struct vserver *g)
{
    ws_release(&g->ws);
    deflate_free(g->deflate);
    buf_release(&g->heard);
    *g = (struct vserver){ 0 };
}

void vserver_say_raw(struct vserver *g, bool binary, struct str bytes)
{
    assert_int_equal(ws_send(&g->ws, binary, bytes), 0);
    vwire_write(g->wire, buf_str(&g->ws.out));
    buf_clear(&g->ws.out);
}

/* A server's frame by hand: ws_send writes whole messages only. */
static void put_frame(struct vserver *g, bool first, bool last, struct str bytes)
{
    unsigned char head[4] = { (unsigned char)((last ? 0x80 : 0) | (first ? 1 : 0)), 126 };

    CHECK(bytes.n < 65536);
    head[2] = (unsigned char)(bytes.n >> 8);
    head[3] = (unsigned char)bytes.n;
    if (bytes.n < 126)
        head[1] = (unsigned char)bytes.n;
    vwire_write(g->wire, (struct str){ (const char *)head, bytes.n < 126 ? 2 : 4 });
    vwire_write(g->wire, bytes);
}

void vserver_say_split(struct vserver *g, const char *payload, unsigned pieces)
{
    struct buf message = { 0 };
    size_t from, to;
    unsigned i;

    assert_int_equal(g->deflate ? deflate_payload(g->deflate, str_of(payload), &message)
                                : buf_append_z(&message, payload),
                     0);
    for (i = 0; i < pieces; i++) {
        struct str piece;

        from = message.n * i / pieces;
        to = message.n * (i + 1) / pieces;
        piece = (struct str){ message.p + from, to - from };
        if (g->deflate)
            vserver_say_raw(g, true, piece);
        else
            put_frame(g, i == 0, i + 1 == pieces, piece);
    }
    buf_release(&message);
}

void vserver_say(struct vserver *g, const char *payload)
{
    vserver_say_split(g, payload, 1);
}

void vserver_ping(struct vserver *g)
{
    assert_int_equal(ws_ping(&g->ws, STR("ping")), 0);
    vwire_write(g->wire, buf_str(&g->ws.out));
    buf_clear(&g->ws.out);
}

struct str vserver_read(struct vserver *g)
{
    struct ws_message message;
    int event;

    buf_clear(&g->heard);
    feed(g);
    do {
        event = ws_next(&g->ws, &message);
        if (event < 0)
            fail_msg("the client breaks the protocol: %s", cordage_strerror(event));
        if (event == WS_CLOSE)
            g->close_code = message.code;
        CHECK(event != WS_BINARY); /* Discord takes JSON as text only */
    } while (event != WS_NONE && event != WS_TEXT);
    if (event == WS_TEXT)
        assert_int_equal(buf_append_str(&g->heard, message.bytes), 0);
    settle(g);
    return buf_str(&g->heard);
}

struct str vserver_expect(struct vserver *g, int op)
{
    struct str heard = vserver_read(g);
    char start[24];

    snprintf(start, sizeof start, "{\"op\":%d,", op);
    if (!str_starts(heard, str_of(start)))
        fail_msg("heard \"%.*s\", want op %d", STR_FMT(heard), op);
    return heard;
}

void vserver_expect_silence(struct vserver *g)
{
    struct str heard = vserver_read(g);

    if (heard.n || g->close_code)
        fail_msg("heard \"%.*s\", close code %d", STR_FMT(heard), g->close_code);
}

void vserver_close(struct vserver *g, int code)
{
    assert_int_equal(ws_close(&g->ws, code, STR("")), 0);
    vwire_write(g->wire, buf_str(&g->ws.out));
    buf_clear(&g->ws.out);
    vwire_end(g->wire);
}
