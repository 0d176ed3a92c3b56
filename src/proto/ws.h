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
 * cut by the end of the bytes, or fragmented, is kept, and at rest nothing is. No
 * extension or subprotocol is offered or accepted. What must be sent (the upgrade,
 * pongs, the answer to a close) appears in `ws->out`: the caller sends and clears
 * it after each feed. After an error nothing more is yielded.
 *
 * Every size that a peer controls is bounded: the upgrade's head by
 * LIMIT_UPGRADE_HEAD, a message by `message_limit`, and `out` by three times what
 * was fed since it was cleared.
 *
 * Whether a text is UTF-8 is not looked at: it is JSON, and the parser refuses
 * what isn't. The same goes for a close's reason: who prints it escapes it. */
#ifndef PROTO_WS_H
#define PROTO_WS_H

#include "buf.h"
#include "rng.h"

enum ws_role { WS_CLIENT, WS_SERVER };

enum ws_event {
    WS_NONE,   /* feed more; or it is over, after WS_CLOSE or WS_REFUSED */
    WS_OPEN,   /* the upgrade is done; on a server `ws->target` is the request's */
    WS_TEXT,   /* a whole message */
    WS_BINARY, /* likewise */
    WS_PING,   /* the pong is in `out` already */
    WS_PONG,
    WS_CLOSE,  /* the peer closes: `code` (1005 if it gave none), reason in the bytes. The
                  answer is in `out`; nothing may be sent after it */
    WS_REFUSED /* client: the server answered the upgrade with HTTP status `code`; server:
                  the request was no upgrade: the HTTP answer with `code` is in `out` */
};

struct ws_message {
    struct str bytes; /* borrowed until the next ws_next, ws_settle or ws_feed; writable,
                         and BUF_SLACK bytes behind it are readable */
    int code;         /* WS_CLOSE, WS_REFUSED; the close code that an error means */
};

enum ws_state {
    WS_UPGRADING, /* HTTP is spoken */
    WS_STREAMING, /* frames go */
    WS_OVER,      /* the peer closed, or the upgrade was refused: bytes are ignored */
    WS_FAILED     /* `failure` is what ws_next says from now on */
};

struct ws {
    enum ws_role role;
    enum ws_state state;
    int failure;
    bool close_sent;      /* nothing goes into `out` any more */
    int fragment_opcode;  /* of the message in `fragments`; 0: none has begun */
    struct rng rng;       /* masks: a client's frames are masked with fresh ones */
    struct buf out;       /* what must be sent */
    char *at, *end;       /* of the fed bytes, those not yet consumed */
    struct buf kept;      /* the start of a frame or of the upgrade, not yet whole, and */
    size_t kept_at;       /* whatever else the caller has not pulled: from here on */
    struct buf fragments; /* of a message, so far */
    size_t message_limit; /* LIMIT_MESSAGE unless set after init */
    char *target;         /* server, from WS_OPEN on: path and query of the request; */
    char *host;           /* its Host; */
    char *origin;         /* its Origin, empty if it has none. One allocation */
    char accept[29];      /* client: what the server must answer to our key */
};

/* `seed` for masks and the client's key: from the host's random. Masks guard proxies from
 * scripts in browsers; they hide nothing, and so the small rng will do. */
void ws_init(struct ws *ws, enum ws_role role, uint64_t seed);
void ws_release(struct ws *ws);

/* Client: puts the upgrade request for `host`:`port` and `target` ("/?v=10…") into `out`.
 * `user_agent` may be NULL. CORDAGE_EINVAL if one of them can't stand in a request. */
int ws_request(struct ws *ws, const char *host, uint16_t port, bool tls,
               const char *target, const char *user_agent);

/* Borrows the writable bytes, behind which BUF_SLACK must be readable, until ws_settle,
 * which must come before the next feed. 0, or the error that has ended it all. */
int ws_feed(struct ws *ws, char *p, size_t n);
/* > 0: an event. WS_NONE: more is needed. < 0: CORDAGE_EPROTO, _ELIMIT or _ENOMEM, with
 * the close frame that says so (1002, 1009, 1011) in `out`, once the upgrade is done and
 * memory allows; `*out` has its code. */
int ws_next(struct ws *ws, struct ws_message *out);
/* Copies what is not yet consumed, so that the fed bytes may go. It is also how a reader
 * stops early: what it has not pulled is kept whole and pulled later. Gives memory back
 * that holds nothing, `out` too. CORDAGE_ENOMEM. */
int ws_settle(struct ws *ws);

/* Appends one whole frame to `out`. CORDAGE_ESTATE before the upgrade is done, and after
 * a close was sent or anything failed; CORDAGE_ENOMEM. */
int ws_send(struct ws *ws, bool binary, struct str payload);
/* CORDAGE_EINVAL over 125 bytes. */
int ws_ping(struct ws *ws, struct str payload);
/* `code` 0: no code; CORDAGE_EINVAL for one that must not be sent. The reason is cut to
 * 123 bytes, at a character's end. Messages may still come until the peer's close. */
int ws_close(struct ws *ws, int code, struct str reason);

#endif
