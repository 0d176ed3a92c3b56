/* ws_rig.h - drives a struct ws and writes down all that came of it, so that two ways of
 * feeding the same bytes can be compared as text. */
#ifndef WS_RIG_H
#define WS_RIG_H

#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "rng.h"
#include "ws.h"

static const char *const rig_event_names[] = { "none", "open", "text",  "binary",
                                               "ping", "pong", "close", "refused" };

/* One line an event; the bytes follow as they are. */
static inline int rig_note(struct buf *log, const struct ws *ws, int event,
                           const struct ws_message *m)
{
    int err;

    if (event < 0)
        return buf_printf(log, "error %d code %d\n", event, m->code);
    err = buf_printf(log, "%s %d %zu:", rig_event_names[event], m->code, m->bytes.n);
    if (!err)
        err = buf_append_str(log, m->bytes);
    if (!err && event == WS_OPEN && ws->role == WS_SERVER)
        err = buf_printf(log, "%s %s %s", ws->target, ws->host, ws->origin);
    return err ? err : buf_append(log, "\n", 1);
}

/* Reads the slack behind a message, so that a sanitizer sees if it isn't there. */
static inline unsigned rig_touch_slack(const struct ws_message *m)
{
    volatile unsigned sum = 0;

    for (size_t i = 0; i < BUF_SLACK; i++)
        sum += (unsigned char)m->bytes.p[m->bytes.n + i];
    return sum;
}

/* Pulls all there is, or `most` events. The last thing ws_next said. */
static inline int rig_pull(struct ws *ws, struct buf *log, int most)
{
    struct ws_message m;
    int event = WS_NONE;

    while (most-- > 0 && (event = ws_next(ws, &m)) != WS_NONE) {
        if (event == WS_TEXT || event == WS_BINARY)
            rig_touch_slack(&m);
        if (rig_note(log, ws, event, &m) || event < 0)
            break;
    }
    return event;
}

/* Feeds a copy of the bytes that is exactly as large as promised, and destroys it. */
static inline int rig_feed(struct ws *ws, struct str bytes, struct buf *log, int most)
{
    char *copy = malloc(bytes.n + BUF_SLACK);
    int event, err;

    if (!copy)
        return CORDAGE_ENOMEM;
    if (bytes.n)
        memcpy(copy, bytes.p, bytes.n);
    memset(copy + bytes.n, 0x5a, BUF_SLACK);
    event = ws_feed(ws, copy, bytes.n);
    if (event >= 0)
        event = rig_pull(ws, log, most);
    err = ws_settle(ws);
    memset(copy, 0xa5, bytes.n + BUF_SLACK);
    free(copy);
    return err ? err : event;
}

/* Feeds the bytes in pieces of 1..`most` bytes (0: all at once), until an error. Appends
 * what was to be sent to the log at the end. */
static inline int rig_run(struct ws *ws, struct str bytes, size_t most, struct buf *log)
{
    struct rng rng = rng_seeded(most);
    int event = WS_NONE, err;

    do {
        size_t n = most ? 1 + (size_t)rng_below(&rng, most) : bytes.n;

        if (n > bytes.n)
            n = bytes.n;
        event = rig_feed(ws, (struct str){ bytes.p, n }, log, INT32_MAX);
        bytes.p += n;
        bytes.n -= n;
    } while (bytes.n && event >= 0);
    err = buf_printf(log, "sent %zu:", ws->out.n);
    if (!err)
        err = buf_append_str(log, buf_str(&ws->out));
    return err ? err : event;
}

/* Skips the upgrade: frames go at once. */
static inline void rig_open(struct ws *ws, enum ws_role role)
{
    ws_init(ws, role, 42);
    ws->state = WS_STREAMING;
}

/* Appends one frame, valid or not: `first` is its first byte; `length_bytes` 0, 2 or 8
 * says how the length is written; masked if `mask` isn't NULL. */
static inline int rig_frame(struct buf *out, unsigned first, int length_bytes,
                            const char *mask, struct str payload)
{
    unsigned char head[14] = { (unsigned char)first };
    size_t n = 2 + (size_t)length_bytes;
    int err;

    head[1] = (unsigned char)((mask ? 0x80 : 0) | (length_bytes == 8   ? 127
                                                   : length_bytes == 2 ? 126
                                                                       : (int)payload.n));
    for (int i = 0; i < length_bytes; i++)
        head[n - 1 - (size_t)i] = (unsigned char)((uint64_t)payload.n >> (8 * i));
    err = buf_append(out, head, n);
    if (mask && !err)
        err = buf_append(out, mask, 4);
    for (size_t i = 0; i < payload.n && !err; i++) {
        char c = mask ? (char)(payload.p[i] ^ mask[i % 4]) : payload.p[i];

        err = buf_append(out, &c, 1);
    }
    return err;
}

#endif
