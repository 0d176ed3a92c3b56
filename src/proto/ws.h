/* ws.h - the websocket protocol (RFC 6455), both ends, as bytes in and bytes out.
 *
 * Feed what the socket gave, pull what came of it:
 *
 *     ws_feed(&ws, bytes, n);
 *     while ((event = ws_next(&ws, &message)) > 0)
 *         ...
 *     ws_settle(&ws);
 *
 * A whole unfragmented message is yielded in place, without a copy; only what is
 * cut by the end of the bytes, or fragmented, is kept. No extension is offered or
 * accepted. Every size a peer controls is bounded. What must be sent (the upgrade,
 * pongs, the answer to a close) appears in `ws->out`: the caller sends and clears
 * it. After an error nothing more is yielded. */
#ifndef PROTO_WS_H
#define PROTO_WS_H

#include "buf.h"
#include "rng.h"

enum ws_role { WS_CLIENT, WS_SERVER };

enum ws_event {
    WS_NONE,    /* feed more */
    WS_OPEN,    /* the upgrade is done; on a server `ws->target` is the request's */
    WS_TEXT,    /* a whole message */
    WS_BINARY,
    WS_PING,    /* the pong is in `out` already */
    WS_PONG,
    WS_CLOSE,   /* the peer closes: `code` (1005 if it gave none), reason in the bytes. The
                   answer is in `out`; nothing may be sent after it */
    WS_REFUSED  /* client: the server answered the upgrade with HTTP status `code`; server:
                   the request was no upgrade, and the HTTP answer is in `out` */
};

struct ws_message {
    struct str bytes; /* borrowed until the next ws_next, ws_settle or ws_feed; writable, and
                         BUF_SLACK bytes behind it are readable */
    int code;         /* WS_CLOSE, WS_REFUSED */
};

struct ws {
    enum ws_role role;
    struct rng rng;          /* masks: a client's frames are masked with fresh ones */
    struct buf out;          /* what must be sent */
    struct buf kept;         /* the start of a frame or of the upgrade, not yet whole */
    struct buf fragments;    /* of a message, so far */
    size_t message_limit;    /* LIMIT_MESSAGE unless set after init */
    char target[512];        /* server: path and query that the client asked for */
    char host[256];          /* server: its Host header */
    /* ... the implementer's */
    int state;
    char *at, *end;
    int fragment_opcode;
    bool close_sent, close_received;
    char accept[32];
};

/* `seed` for masks and the client's key: from the host's random. */
void ws_init(struct ws *ws, enum ws_role role, uint64_t seed);
void ws_release(struct ws *ws);

/* Client: puts the upgrade request for `host`:`port` and `target` ("/?v=10…") into `out`. */
int ws_request(struct ws *ws, const char *host, uint16_t port, bool tls, const char *target,
               const char *user_agent);

/* Borrows the writable bytes, behind which BUF_SLACK must be readable, until ws_settle. */
int ws_feed(struct ws *ws, char *p, size_t n);
/* > 0: an event. WS_NONE: more is needed. < 0: CORDAGE_EPROTO, _ELIMIT or _ENOMEM, with
 * the close frame that says so (1002, 1009, 1011) in `out`; `*out` has its code. */
int ws_next(struct ws *ws, struct ws_message *out);
/* Copies what is not yet consumed, so that the fed bytes may go. It is also how a reader
 * stops early: what it has not pulled is kept whole and pulled later. */
int ws_settle(struct ws *ws);

/* Appends one whole frame to `out`. Nothing goes after a close: CORDAGE_ESTATE. */
int ws_send(struct ws *ws, bool binary, struct str payload);
int ws_ping(struct ws *ws, struct str payload); /* at most 125 bytes */
/* `code` 0: no code. The reason is cut to 123 bytes. */
int ws_close(struct ws *ws, int code, struct str reason);

#endif
