/* Our websocket against wslay's: the same bytes must mean the same to both, and what one
 * writes the other must read. */
#include "test.h"

#include <wslay/wslay.h>

#include "limits.h"
#include "ws_rig.h"

enum { LIMIT = 5000 };

/* wslay, fed from memory, writing down what it makes of it as ws_rig does. */
struct oracle {
    wslay_event_context_ptr ctx;
    struct str in;
    struct buf log, sent;
    struct rng rng;
};

static ssize_t oracle_recv(wslay_event_context_ptr ctx, uint8_t *p, size_t n, int flags,
                           void *user)
{
    struct oracle *o = user;

    (void)flags;
    if (o->in.n == 0) {
        wslay_event_set_error(ctx, WSLAY_ERR_WOULDBLOCK);
        return -1;
    }
    n = n < o->in.n ? n : o->in.n;
    memcpy(p, o->in.p, n);
    o->in.p += n;
    o->in.n -= n;
    return (ssize_t)n;
}

static ssize_t oracle_send(wslay_event_context_ptr ctx, const uint8_t *p, size_t n,
                           int flags, void *user)
{
    struct oracle *o = user;

    (void)ctx;
    (void)flags;
    CHECK_INT(buf_append(&o->sent, p, n), 0);
    return (ssize_t)n;
}

static int oracle_mask(wslay_event_context_ptr ctx, uint8_t *p, size_t n, void *user)
{
    struct oracle *o = user;

    (void)ctx;
    while (n-- > 0)
        p[n] = (uint8_t)rng_next(&o->rng);
    return 0;
}

static void oracle_message(wslay_event_context_ptr ctx,
                           const struct wslay_event_on_msg_recv_arg *arg, void *user)
{
    struct oracle *o = user;
    struct str bytes = { (const char *)arg->msg, arg->msg_length };
    const char *name = arg->opcode == WSLAY_TEXT_FRAME         ? "text"
                       : arg->opcode == WSLAY_BINARY_FRAME     ? "binary"
                       : arg->opcode == WSLAY_PING             ? "ping"
                       : arg->opcode == WSLAY_PONG             ? "pong"
                       : arg->opcode == WSLAY_CONNECTION_CLOSE ? "close"
                                                               : "?";

    (void)ctx;
    if (arg->opcode == WSLAY_CONNECTION_CLOSE && bytes.n) {
        bytes.p += 2;
        bytes.n -= 2;
    }
    buf_printf(&o->log, "%s %d %zu:", name,
               arg->opcode == WSLAY_CONNECTION_CLOSE && !arg->status_code
                   ? 1005
                   : (int)arg->status_code,
               bytes.n);
    buf_append_str(&o->log, bytes);
    buf_append(&o->log, "\n", 1);
}

static void oracle_open(struct oracle *o, enum ws_role role, uint64_t seed)
{
    static const struct wslay_event_callbacks callbacks = {
        .recv_callback = oracle_recv,
        .send_callback = oracle_send,
        .genmask_callback = oracle_mask,
        .on_msg_recv_callback = oracle_message,
    };
    int err;

    *o = (struct oracle){ .rng = rng_seeded(seed) };
    err = role == WS_SERVER ? wslay_event_context_server_init(&o->ctx, &callbacks, o)
                            : wslay_event_context_client_init(&o->ctx, &callbacks, o);
    CHECK_INT(err, 0);
    wslay_event_config_set_max_recv_msg_length(o->ctx, LIMIT);
}

static void oracle_close(struct oracle *o)
{
    wslay_event_context_free(o->ctx);
    buf_release(&o->log);
    buf_release(&o->sent);
}

/* What the small control frames in `sent` say, however they are masked. Of a close only
 * the code: wslay repeats the reason, too. Nothing of what is before it: wslay drops the
 * pongs that a close overtakes. */
static void describe_sent(struct str sent, struct buf *log)
{
    size_t start = log->n;

    while (sent.n) {
        const unsigned char *p = (const unsigned char *)sent.p;
        bool masked = p[1] & 0x80;
        size_t n = p[1] & 0x7f, head = masked ? 6 : 2;
        char payload[125];

        CHECK(sent.n >= head + n);
        if (p[0] == 0x88)
            log->n = start;
        for (size_t i = 0; i < n; i++)
            payload[i] = (char)(p[head + i] ^ (masked ? p[2 + i % 4] : 0));
        buf_printf(log, "sent %02x %d:", p[0], masked);
        buf_append(log, payload, p[0] == 0x88 && n > 2 ? 2 : n);
        buf_append(log, "\n", 1);
        sent.p += head + n;
        sent.n -= head + n;
    }
}

/* One frame of a stream that is well-formed most of the time. Texts are ASCII, because
 * wslay checks them; close codes leave out 1012 to 1014, which wslay does not know, and
 * no close has a single byte, which wslay lets pass. */
struct draft {
    struct rng *rng;
    bool wrong, masked;
    unsigned first;
    size_t n;
    char payload[70000];
};

static bool one_in(struct draft *d, uint64_t n)
{
    return rng_below(d->rng, n) == 0;
}

static void draft_head(struct draft *d, enum ws_role reader, bool *inside)
{
    static const unsigned firsts[] = { 0x81, 0x82, 0x89, 0x8a };

    d->wrong = one_in(d, 60);
    d->n = (size_t)rng_below(d->rng, one_in(d, 6) ? 3500 : 140);
    d->first = firsts[rng_below(d->rng, 4)];
    if (*inside && d->first < 0x88)
        d->first = 0x80;
    if (d->first < 0x88 && one_in(d, 3))
        d->first &= 0x7f; /* more to come */
    if (one_in(d, 40))
        d->first = 0x88;
    if (d->wrong && one_in(d, 4))
        d->first = (unsigned)rng_below(d->rng, 256);
    if (d->wrong && one_in(d, 4))
        d->n = (size_t)rng_below(d->rng, sizeof d->payload);
    d->masked = (reader == WS_SERVER) != (d->wrong && one_in(d, 6));
    if ((d->first & 0x0f) < 8)
        *inside = !(d->first & 0x80);
    else if (!d->wrong)
        d->n %= 126;
    d->n += (d->first & 0x0f) == 8 && d->n == 1;
}

static void draft_payload(struct draft *d)
{
    static const int codes[] = { 1000, 1001, 1003, 1011, 3000, 4000, 4999,
                                 999,  1004, 1005, 1006, 1015, 2999, 5000 };

    for (size_t i = 0; i < d->n; i++)
        d->payload[i] = (char)('a' + (i + d->first) % 26);
    if ((d->first & 0x0f) == 8 && d->n >= 2) {
        int code = codes[rng_below(d->rng, one_in(d, 4) ? 14 : 7)];

        d->payload[0] = (char)(code >> 8);
        d->payload[1] = (char)code;
    }
}

static void write_frame(struct rng *rng, enum ws_role reader, bool *inside,
                        struct buf *out)
{
    static struct draft d;
    uint64_t mask;
    int length_bytes;

    d.rng = rng;
    draft_head(&d, reader, inside);
    draft_payload(&d);
    length_bytes = d.n > 65535 ? 8 : d.n > 125 ? 2 : 0;
    if (d.wrong && one_in(&d, 4))
        length_bytes = length_bytes == 0 && one_in(&d, 2) ? 2 : 8;
    mask = rng_next(rng);
    CHECK_INT(rig_frame(out, d.first, length_bytes, d.masked ? (char *)&mask : NULL,
                        (struct str){ d.payload, d.n }),
              0);
}

static void drop_last_line(struct buf *log)
{
    const char *before = log->n > 1 ? memrchr(log->p, '\n', log->n - 1) : NULL;

    log->n = before ? (size_t)(before + 1 - log->p) : 0;
}

/* Returns how it ended: 0, or our error. */
static int compare(enum ws_role role, uint64_t seed)
{
    struct rng rng = rng_seeded(seed);
    struct buf bytes = { 0 }, log = { 0 };
    struct oracle o;
    struct str rest;
    struct ws ws;
    bool inside = false;
    int event = WS_NONE, said;

    for (uint64_t n = 1 + rng_below(&rng, 30); n > 0; n--)
        write_frame(&rng, role, &inside, &bytes);
    oracle_open(&o, role, seed);
    o.in = buf_str(&bytes);
    said = wslay_event_recv(o.ctx);
    while (wslay_event_want_write(o.ctx))
        CHECK_INT(wslay_event_send(o.ctx), 0);

    rig_open(&ws, role);
    ws.message_limit = LIMIT;
    for (rest = buf_str(&bytes); rest.n && event >= 0;) {
        size_t n = seed % 3 == 0 ? rest.n : 1 + (size_t)rng_below(&rng, 200);

        n = n < rest.n ? n : rest.n;
        event = rig_feed(&ws, (struct str){ rest.p, n }, &log, INT32_MAX);
        rest.p += n;
        rest.n -= n;
    }
    if (event < 0) /* wslay tells of an error by its close frame alone */
        drop_last_line(&log);
    if (said) { /* a length not in the fewest bytes: wslay closes, but with no code */
        CHECK_INT(said, WSLAY_ERR_CALLBACK_FAILURE);
        CHECK_INT(event, CORDAGE_EPROTO);
    } else {
        describe_sent(buf_str(&ws.out), &log);
        describe_sent(buf_str(&o.sent), &o.log);
    }
    if (!str_eq(buf_str(&log), buf_str(&o.log)))
        fail_msg("seed %llu role %d\nours:\n%.*s\nwslay's:\n%.*s",
                 (unsigned long long)seed, role, STR_FMT(buf_str(&log)),
                 STR_FMT(buf_str(&o.log)));
    ws_release(&ws);
    oracle_close(&o);
    buf_release(&bytes);
    buf_release(&log);
    return event < 0 ? event : 0;
}

static void compare_many(enum ws_role role)
{
    unsigned n_fine = 0, n_broken = 0, n_too_big = 0;

    for (uint64_t seed = 1; seed <= 4000; seed++) {
        int err = compare(role, seed);

        n_fine += err == 0;
        n_broken += err == CORDAGE_EPROTO;
        n_too_big += err == CORDAGE_ELIMIT;
    }
    CHECK(n_fine > 400 && n_broken > 400 && n_too_big > 10);
}

TEST(a_client_reads_frames_as_wslay_does)
{
    compare_many(WS_CLIENT);
}

TEST(a_server_reads_frames_as_wslay_does)
{
    compare_many(WS_SERVER);
}

static void expect_read(enum ws_role role, uint64_t seed)
{
    static const int codes[] = { 0, 1000, 1001, 1008, 3000, 4000, 4999 };
    struct rng rng = rng_seeded(seed);
    struct buf want = { 0 };
    struct oracle o;
    struct ws ws;
    char payload[70000];
    int code;

    rig_open(&ws, role);
    for (uint64_t k = rng_below(&rng, 12); k > 0; k--) {
        uint64_t kind = rng_below(&rng, 3);
        size_t n = (size_t)rng_below(&rng, kind == 2 ? 126 : LIMIT + 1);

        for (size_t i = 0; i < n; i++)
            payload[i] = (char)('A' + rng_below(&rng, 26));
        CHECK_INT(kind == 2 ? ws_ping(&ws, (struct str){ payload, n })
                            : ws_send(&ws, kind == 1, (struct str){ payload, n }),
                  0);
        buf_printf(&want, "%s 0 %zu:%.*s\n",
                   kind == 2   ? "ping"
                   : kind == 1 ? "binary"
                               : "text",
                   n, (int)n, payload);
    }
    code = codes[rng_below(&rng, 7)];
    CHECK_INT(ws_close(&ws, code, STR("goodbye")), 0);
    buf_printf(&want, "close %d %s\n", code ? code : 1005, code ? "7:goodbye" : "0:");
    oracle_open(&o, role == WS_CLIENT ? WS_SERVER : WS_CLIENT, seed);
    o.in = buf_str(&ws.out);
    CHECK_INT(wslay_event_recv(o.ctx), 0);
    if (!str_eq(buf_str(&o.log), buf_str(&want)))
        fail_msg("seed %llu\nwrote:\n%.*s\nread:\n%.*s", (unsigned long long)seed,
                 STR_FMT(buf_str(&want)), STR_FMT(buf_str(&o.log)));
    ws_release(&ws);
    oracle_close(&o);
    buf_release(&want);
}

TEST(what_we_write_wslay_reads)
{
    for (uint64_t seed = 1; seed <= 300; seed++) {
        expect_read(WS_CLIENT, seed);
        expect_read(WS_SERVER, seed);
    }
}

RUN_TESTS(T(a_client_reads_frames_as_wslay_does), T(a_server_reads_frames_as_wslay_does),
          T(what_we_write_wslay_reads))
