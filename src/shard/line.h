/* line.h - one gateway connection: wire, websocket and inflate stream as one thing.
 *
 * A URL goes in, payloads come out. A line is embedded in its owner and dialled again and
 * again; what a connection needs is made for it and freed at its end, so an idle line is
 * small. It knows nothing of what the payloads say.
 *
 *     LINE_IDLE -> DIALLING -> UPGRADING -> OPEN -+-> ENDING -> IDLE
 *         ^                                       |
 *         +--------------- lost ------------------+
 *
 * All of it on the host's loop. The ops come from the loop alone, never from inside a
 * function here but line_go_on; in them the owner may call any of these. */
#ifndef SHARD_LINE_H
#define SHARD_LINE_H

#include "host.h"
#include "inflate.h"
#include "url.h"
#include "ws.h"

enum line_state {
    LINE_IDLE,      /* no wire: may be dialled */
    LINE_DIALLING,  /* TCP and TLS */
    LINE_UPGRADING, /* our HTTP request is on its way */
    LINE_OPEN,      /* payloads go */
    LINE_ENDING /* given up; the wire's end is awaited, and what it still gives ignored */
};

enum { LINE_LOST = 1006 }; /* the close code that stands for "without one" */

struct line;

struct line_ops {
    /* The websocket is open. */
    void (*opened)(struct line *l);
    /* One payload, inflated; borrowed for the call, writable, with BUF_SLACK readable
     * bytes behind it. False: no more, until line_go_on. */
    bool (*payload)(struct line *l, struct str payload);
    /* What comes can't be read: broken frames, a corrupt stream, no memory. The line is
     * closed with 4000 on return, if the owner hasn't closed it. */
    void (*broken)(struct line *l);
    /* The peer closed with `code` (1005 if it gave none), or the connection could not be
     * made, or was lost: LINE_LOST. Not after line_close, nor after `broken`. */
    void (*lost)(struct line *l, int code);
    /* The last thing in every turn in which something came, or the wire has ended, in
     * which case the line is idle. The owner may be freed in it. */
    void (*settled)(struct line *l);
};

struct line {
    /* Set by the owner, once; the rest is zero. */
    struct host *host;
    struct inflate_scratch *scratch; /* the loop's */
    enum compression compression;
    uint32_t shard_id; /* for the log */
    const struct line_ops *ops;
    /* To be read by the owner. */
    enum line_state state;
    bool stopped; /* `payload` said false, and line_go_on has not come */
    /* The line's. */
    struct wire wire;
    struct ws ws;
    struct inflate *inflate; /* NULL without compression, or when idle */
};

/* An idle line. CORDAGE_ENOMEM, CORDAGE_EINVAL, or what the host said: nothing comes
 * then. Otherwise `opened` or `lost` will. */
int line_dial(struct line *l, const struct url *url);
/* A text message, over an open line. No copy of it stays behind here: it may hold the
 * token. CORDAGE_ENOMEM, CORDAGE_ELIMIT (the peer has not read for long), CORDAGE_ESTATE.
 */
int line_send(struct line *l, struct str payload);
/* Says `code` to the peer if the websocket is open, and gives the connection up. */
void line_close(struct line *l, int code);
/* Yields what was kept since `payload` said false; when it is used up, the wire is read
 * again. To be called by the loop, not from an op; `settled` does not follow. */
void line_go_on(struct line *l);

#endif
