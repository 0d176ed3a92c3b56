#include "ws.h"

#include <assert.h>
#include <stdlib.h>

#include "error.h"
#include "limits.h"
#include "ws_frame.h"
#include "ws_upgrade.h"

/* RFC 6455, section 7.4.1. */
enum {
    CLOSE_PROTOCOL_ERROR = 1002,
    CLOSE_NO_CODE = 1005, /* never on the wire: the frame had none */
    CLOSE_TOO_BIG = 1009,
    CLOSE_INTERNAL_ERROR = 1011,
    CLOSE_REASON_MAX = WS_CONTROL_MAX - 2,
};

/* What take_frame says when a frame came to nothing that the caller should see. */
enum { NOTHING_YET = -1000 };

static_assert(sizeof((struct ws *)0)->accept == UPGRADE_ACCEPT_SIZE, "accept fits");

void ws_init(struct ws *ws, enum ws_role role, uint64_t seed)
{
    *ws = (struct ws){
        .role = role,
        .rng = rng_seeded(seed),
        .message_limit = LIMIT_MESSAGE,
    };
}

void ws_release(struct ws *ws)
{
    buf_release(&ws->out);
    buf_release(&ws->kept);
    buf_release(&ws->fragments);
    free(ws->target);
    ws->target = ws->host = ws->origin = NULL;
    ws->at = ws->end = NULL;
}

/* Sending */

static int put_frame(struct ws *ws, enum ws_opcode opcode, struct str payload)
{
    unsigned char mask[WS_MASK_SIZE];
    uint64_t random;

    if (ws->state != WS_STREAMING || ws->close_sent)
        return CORDAGE_ESTATE;
    if (ws->role == WS_SERVER)
        return ws_frame_write(&ws->out, opcode, payload, NULL);
    random = rng_next(&ws->rng);
    memcpy(mask, &random, sizeof mask);
    return ws_frame_write(&ws->out, opcode, payload, mask);
}

int ws_send(struct ws *ws, bool binary, struct str payload)
{
    return put_frame(ws, binary ? WS_OP_BINARY : WS_OP_TEXT, payload);
}

int ws_ping(struct ws *ws, struct str payload)
{
    if (payload.n > WS_CONTROL_MAX)
        return CORDAGE_EINVAL;
    return put_frame(ws, WS_OP_PING, payload);
}

/* Whether `code` may stand in a close frame: the protocol's own, those registered since,
 * and the ranges for libraries and applications. 1004 to 1006 and 1015 are set apart. */
static bool is_close_code(int code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

static bool is_utf8_inside(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

int ws_close(struct ws *ws, int code, struct str reason)
{
    char payload[WS_CONTROL_MAX];
    int err;

    if (code && !is_close_code(code))
        return CORDAGE_EINVAL;
    if (reason.n > CLOSE_REASON_MAX) {
        reason.n = CLOSE_REASON_MAX;
        while (reason.n > 0 && is_utf8_inside(reason.p[reason.n]))
            reason.n--;
    }
    payload[0] = (char)(code >> 8);
    payload[1] = (char)code;
    if (reason.n)
        memcpy(payload + 2, reason.p, reason.n);
    err = put_frame(ws, WS_OP_CLOSE, (struct str){ payload, code ? 2 + reason.n : 0 });
    if (!err)
        ws->close_sent = true;
    return err;
}

/* Ends it because of `err`; the peer is told, if it can be. */
static int fail(struct ws *ws, int err, struct ws_message *out)
{
    out->bytes = (struct str){ "", 0 };
    out->code = err == CORDAGE_EPROTO   ? CLOSE_PROTOCOL_ERROR
                : err == CORDAGE_ELIMIT ? CLOSE_TOO_BIG
                                        : CLOSE_INTERNAL_ERROR;
    (void)ws_close(ws, out->code, STR(""));
    ws->state = WS_FAILED;
    ws->failure = err;
    return err;
}

/* The bytes that came: first what was kept, then what was fed */

static bool has_kept(const struct ws *ws)
{
    return ws->kept_at < ws->kept.n;
}

/* Gives back what only the last event still needed. */
static void tidy(struct ws *ws)
{
    if (!has_kept(ws)) {
        buf_release(&ws->kept);
        ws->kept_at = 0;
    }
    if (!ws->fragment_opcode)
        buf_release(&ws->fragments);
}

static void drop_input(struct ws *ws)
{
    ws->kept.n = ws->kept_at = 0;
    ws->fragment_opcode = 0;
    ws->at = ws->end = NULL;
    tidy(ws);
}

/* Moves the first `n` of the fed bytes behind those that are kept. */
static int keep(struct ws *ws, size_t n)
{
    int err;

    if (n == 0)
        return 0;
    buf_consume(&ws->kept, ws->kept_at);
    ws->kept_at = 0;
    err = buf_append(&ws->kept, ws->at, n);
    if (!err)
        ws->at += n;
    return err;
}

/* A view of the bytes to consume next: at least `want` of them if so many have come.
 * Where a frame lies whole in the fed bytes, nothing is copied. */
static int look(struct ws *ws, size_t want, struct str *out)
{
    size_t fed = (size_t)(ws->end - ws->at), have = ws->kept.n - ws->kept_at;
    int err = 0;

    if (have == 0) {
        *out = (struct str){ ws->at, fed };
        return 0;
    }
    if (have < want)
        err = keep(ws, want - have < fed ? want - have : fed);
    *out = (struct str){ ws->kept.p + ws->kept_at, ws->kept.n - ws->kept_at };
    return err;
}

static void consume(struct ws *ws, size_t n)
{
    if (has_kept(ws))
        ws->kept_at += n;
    else
        ws->at += n;
}

int ws_feed(struct ws *ws, char *p, size_t n)
{
    assert(ws->at == ws->end);
    tidy(ws);
    if (ws->state == WS_FAILED)
        return ws->failure;
    if (ws->state == WS_OVER)
        return 0;
    ws->at = p;
    ws->end = p + n;
    return 0;
}

int ws_settle(struct ws *ws)
{
    struct ws_message ignored;
    int err = 0;

    if (ws->state == WS_OVER || ws->state == WS_FAILED)
        drop_input(ws);
    else
        err = keep(ws, (size_t)(ws->end - ws->at));
    ws->at = ws->end = NULL;
    tidy(ws);
    if (ws->out.n == 0)
        buf_release(&ws->out);
    return err ? fail(ws, err, &ignored) : 0;
}

/* The upgrade */

int ws_request(struct ws *ws, const char *host, uint16_t port, bool tls,
               const char *target, const char *user_agent)
{
    uint64_t random[2];
    char key[UPGRADE_KEY_SIZE];
    int err;

    assert(ws->role == WS_CLIENT && ws->state == WS_UPGRADING && !ws->accept[0]);
    random[0] = rng_next(&ws->rng);
    random[1] = rng_next(&ws->rng);
    upgrade_key((const unsigned char *)random, key);
    err = upgrade_write_request(&ws->out, host, port, tls, target, user_agent, key);
    return err ? err : upgrade_accept(str_of(key), ws->accept);
}

/* WS_NONE for an interim answer (HTTP's 1xx), behind which the real one comes. */
static int on_answer(struct ws *ws, struct str head, struct ws_message *out)
{
    int err = upgrade_read_answer(head, ws->accept, &out->code);

    if (err)
        return fail(ws, err, out);
    if (out->code == 101) {
        ws->state = WS_STREAMING;
        return WS_OPEN;
    }
    if (out->code < 200)
        return WS_NONE;
    ws->state = WS_OVER;
    return WS_REFUSED;
}

static char *put_z(char *to, struct str s)
{
    if (s.n)
        memcpy(to, s.p, s.n);
    to[s.n] = '\0';
    return to + s.n + 1;
}

static int remember(struct ws *ws, const struct upgrade_request *request)
{
    ws->target = malloc(request->target.n + request->host.n + request->origin.n + 3);
    if (!ws->target)
        return CORDAGE_ENOMEM;
    ws->host = put_z(ws->target, request->target);
    ws->origin = put_z(ws->host, request->host);
    put_z(ws->origin, request->origin);
    return 0;
}

static int accept_request(struct ws *ws, const struct upgrade_request *request)
{
    char accept[UPGRADE_ACCEPT_SIZE];
    int err = upgrade_accept(request->key, accept);

    if (!err)
        err = remember(ws, request);
    return err ? err : upgrade_write_answer(&ws->out, 101, accept);
}

static int on_request(struct ws *ws, struct str head, struct ws_message *out)
{
    struct upgrade_request request;
    int status = upgrade_read_request(head, &request), err;

    err = status == 101 ? accept_request(ws, &request)
                        : upgrade_write_answer(&ws->out, status, NULL);
    if (err)
        return fail(ws, err, out);
    out->code = status;
    ws->state = status == 101 ? WS_STREAMING : WS_OVER;
    return status == 101 ? WS_OPEN : WS_REFUSED;
}

static int too_long_head(struct ws *ws, struct ws_message *out)
{
    if (ws->role == WS_SERVER)
        (void)upgrade_write_answer(&ws->out, 431, NULL);
    return fail(ws, CORDAGE_ELIMIT, out);
}

static int take_head(struct ws *ws, struct ws_message *out)
{
    struct str bytes;
    size_t head;
    int event = WS_NONE, err;

    while (event == WS_NONE) {
        err = look(ws, LIMIT_UPGRADE_HEAD, &bytes);
        if (err)
            return fail(ws, err, out);
        if (bytes.n > LIMIT_UPGRADE_HEAD)
            bytes.n = LIMIT_UPGRADE_HEAD;
        head = upgrade_head(bytes);
        if (head == 0)
            return bytes.n == LIMIT_UPGRADE_HEAD ? too_long_head(ws, out) : WS_NONE;
        bytes.n = head;
        event = ws->role == WS_CLIENT ? on_answer(ws, bytes, out)
                                      : on_request(ws, bytes, out);
        consume(ws, head);
    }
    return event;
}

/* Frames */

/* Section 5.4: a message's first frame names its kind, the others continue it, and only
 * control frames may come between. A control frame is small, so the limit can't meet it.
 */
static int check_place(const struct ws *ws, const struct ws_frame *f)
{
    if (ws_is_control(f->opcode))
        return 0;
    if ((f->opcode == WS_OP_CONTINUATION) != (ws->fragment_opcode != 0))
        return CORDAGE_EPROTO;
    return f->size > ws->message_limit - ws->fragments.n ? CORDAGE_ELIMIT : 0;
}

/* > 0: the whole frame is in `*bytes`. WS_NONE: not yet. */
static int find_frame(struct ws *ws, struct ws_frame *f, struct str *bytes)
{
    size_t want = 2;
    int need, err;

    for (;;) {
        err = look(ws, want, bytes);
        if (err)
            return err;
        need = ws_frame_read(bytes->p, bytes->n, ws->role == WS_SERVER, f);
        if (need < 0)
            return need;
        if (need == 0)
            break;
        if ((size_t)need <= want && bytes->n < want)
            return WS_NONE;
        want = (size_t)need;
    }
    err = check_place(ws, f);
    if (err)
        return err;
    want = f->head + (size_t)f->size;
    err = look(ws, want, bytes);
    if (err)
        return err;
    return bytes->n >= want;
}

static int on_data(struct ws *ws, const struct ws_frame *f, struct str payload,
                   struct ws_message *out)
{
    int opcode = ws->fragment_opcode ? ws->fragment_opcode : (int)f->opcode, err;

    if (!f->final || ws->fragment_opcode) {
        /* One byte more than needed, so that even an empty message has its slack. */
        err = buf_reserve(&ws->fragments, payload.n + 1);
        if (err)
            return err;
        (void)buf_append_str(&ws->fragments, payload);
        ws->fragment_opcode = f->final ? 0 : opcode;
        if (!f->final)
            return NOTHING_YET;
        payload = buf_str(&ws->fragments);
    }
    out->bytes = payload;
    return opcode == WS_OP_TEXT ? WS_TEXT : WS_BINARY;
}

static int on_ping(struct ws *ws, struct str payload, struct ws_message *out)
{
    int err = put_frame(ws, WS_OP_PONG, payload);

    if (err && err != CORDAGE_ESTATE)
        return err;
    out->bytes = payload;
    return WS_PING;
}

static int on_close(struct ws *ws, struct str payload, struct ws_message *out)
{
    int code = CLOSE_NO_CODE, err;

    if (payload.n == 1)
        return CORDAGE_EPROTO;
    if (payload.n) {
        code = (unsigned char)payload.p[0] << 8 | (unsigned char)payload.p[1];
        if (!is_close_code(code))
            return CORDAGE_EPROTO;
        out->bytes = (struct str){ payload.p + 2, payload.n - 2 };
    }
    err = ws_close(ws, payload.n ? code : 0, STR(""));
    if (err && err != CORDAGE_ESTATE)
        return err;
    out->code = code;
    ws->state = WS_OVER;
    return WS_CLOSE;
}

/* An event, WS_NONE, NOTHING_YET, or an error. */
static int take_frame(struct ws *ws, struct ws_message *out)
{
    struct ws_frame f = { 0 };
    struct str bytes = { 0 }, payload;
    int found = find_frame(ws, &f, &bytes);

    if (found <= 0)
        return found;
    payload = (struct str){ bytes.p + f.head, (size_t)f.size };
    consume(ws, f.head + payload.n);
    if (f.masked)
        ws_mask((char *)payload.p, payload.n, f.mask);
    switch (f.opcode) {
    case WS_OP_PING:
        return on_ping(ws, payload, out);
    case WS_OP_PONG:
        out->bytes = payload;
        return WS_PONG;
    case WS_OP_CLOSE:
        return on_close(ws, payload, out);
    default:
        return on_data(ws, &f, payload, out);
    }
}

int ws_next(struct ws *ws, struct ws_message *out)
{
    int event;

    *out = (struct ws_message){ .bytes = { "", 0 } };
    tidy(ws);
    if (ws->state == WS_UPGRADING)
        return take_head(ws, out);
    if (ws->state != WS_STREAMING)
        return ws->state == WS_FAILED ? fail(ws, ws->failure, out) : WS_NONE;
    do
        event = take_frame(ws, out);
    while (event == NOTHING_YET);
    return event < 0 ? fail(ws, event, out) : event;
}
