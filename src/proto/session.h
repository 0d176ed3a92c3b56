/* session.h - the life of one gateway session, as a state machine.
 *
 * Payloads and times in, actions out. The session opens no socket, reads no
 * clock and calls nobody back: its shard feeds it, then pulls actions until there
 * are none, and carries them out.
 *
 *     IDLE -> (may dial) -> CONNECT -> HELLO -+-> QUEUED -> IDENTIFY -+-> LIVE
 *                                             +-> RESUME -------------+
 *
 * Any loss leads back to IDLE with a backoff; the session is kept for a RESUME
 * unless Discord said otherwise. Fatal close codes lead to DEAD. Sections of
 * Discord's documentation that a line obeys are named beside it. */
#ifndef PROTO_SESSION_H
#define PROTO_SESSION_H

#include "envelope.h"
#include "guilds.h"
#include "outbox.h"
#include "rng.h"
#include "secret.h"
#include "url.h"

#define SESSION_STATES(X)                                                              \
    X(IDLE)     /* no socket: never connected, or lost it; waiting to dial */          \
    X(CONNECT)  /* dialling */                                                         \
    X(HELLO)    /* socket up, waiting for HELLO */                                     \
    X(QUEUED)   /* waiting for an identify slot */                                     \
    X(IDENTIFY) /* sent IDENTIFY, waiting for READY */                                 \
    X(RESUME)   /* sent RESUME, missed events replaying */                             \
    X(LIVE)     /* events flowing */                                                   \
    X(DEAD)     /* refused for good, or stopped: nothing leaves here */

enum session_state {
#define SESSION_STATE_ENUM(name) SESSION_##name,
    SESSION_STATES(SESSION_STATE_ENUM)
#undef SESSION_STATE_ENUM
};
const char *session_state_name(enum session_state state);

struct session_config {
    uint32_t shard_id, shard_count;
    uint32_t intents;
    uint32_t large_threshold;   /* 0: Discord's default */
    const struct secret *token; /* borrowed for the session's life */
    const char *gateway_url;    /* the default URL; copied */
    const char *query;          /* "v=10&encoding=json[&compress=…]"; copied */
    struct json_parser *parser; /* the loop's; borrowed */
    uint64_t seed;              /* for jitter */
    uint64_t guilds_quiet_ms;   /* silence after which loading counts as over; 0: 5000 */
};

enum session_action_type {
    /* Ask to dial: a fresh start (`resuming` false) wants an identify slot near, a resume
     * a place among the handshakes. Answer with session_dial. */
    SESSION_WANT_DIAL,
    SESSION_DIAL,       /* connect to `url`; then session_opened, or session_closed */
    SESSION_WANT_SLOT,  /* HELLO was read: grant with session_identify */
    SESSION_DROP_SLOT,  /* withdraw from the identify queue */
    SESSION_SEND,       /* send `bytes`, a text message; an IDENTIFY has `is_identify` */
    SESSION_CLOSE,      /* close the websocket with `code`; the wire is then given up */
    SESSION_DELIVER,    /* the payload just fed is a dispatch for the bot: `name`, `seq` */
    SESSION_GUILDS_IN,  /* every guild of READY has answered, or the rest were silent */
    SESSION_LOST,       /* the session cannot be resumed: events may be missing */
    SESSION_NEW_URL,    /* the default URL fails: ask /gateway/bot, session_set_gateway */
    SESSION_REFUSED     /* DEAD: Discord closed with the fatal `code` */
};

struct session_action {
    enum session_action_type type;
    bool resuming;    /* WANT_DIAL */
    bool is_identify; /* SEND */
    int code;         /* CLOSE, REFUSED */
    uint64_t seq;     /* DELIVER */
    struct str name;  /* DELIVER; borrowed like the payload */
    struct str bytes; /* SEND; borrowed until the next call */
    struct url url;   /* DIAL */
};

struct session_stats {
    uint64_t identifies, resumes;  /* sent */
    uint64_t resumed;              /* RESUMEs that ended in RESUMED */
    uint64_t latency_ms;           /* last ACK minus its heartbeat; 0: none yet */
    uint64_t heartbeats;
    uint64_t last_event_at;
    int last_close_code;           /* 0: none; 1006: lost without one */
};

struct session {
    struct session_config config;
    enum session_state state;
    struct session_stats stats;
    struct guilds guilds;
    /* ... the implementer's: pace, outbox, timers, session id, URLs, pending actions */
    struct session_private *own;
};

/* CORDAGE_ENOMEM, CORDAGE_EINVAL (a bad URL). Begins IDLE and asks to dial at once. */
int session_init(struct session *s, const struct session_config *config, uint64_t now);
/* Accepts a zeroed or half-built one. */
void session_release(struct session *s);

/* The shard may dial now (answer to SESSION_WANT_DIAL). */
void session_dial(struct session *s, uint64_t now);
/* The websocket is open. */
void session_opened(struct session *s, uint64_t now);
/* One payload, inflated. 0; or negative when it could not be read: counted and survived,
 * except that a payload that isn't JSON before READY ends the connection. */
int session_feed(struct session *s, struct str payload, uint64_t now);
/* The peer closed with `code`, or the connection was lost or could not be made: 1006. Also
 * after our own SESSION_CLOSE. Idempotent. */
void session_closed(struct session *s, int code, uint64_t now);
/* The stream can't go on (corrupt compression, broken frames): closes with 4000, resumes. */
void session_broken(struct session *s, uint64_t now);
/* The identify slot is ours. */
void session_identify(struct session *s, uint64_t now);
/* Reading is paused (the event queue is full) or goes on. Heartbeats continue; the verdict
 * on missing ACKs is suspended and starts anew. */
void session_paused(struct session *s, bool paused, uint64_t now);
/* Another default URL. */
int session_set_gateway(struct session *s, const char *url);
/* Sent with every later IDENTIFY; a JSON object, copied; empty: none. */
int session_set_presence(struct session *s, struct str presence);
/* Queues a command; it leaves when the session is live and the budget allows.
 * CORDAGE_EFULL, CORDAGE_ENOMEM, CORDAGE_ESTATE when DEAD. */
int session_command(struct session *s, enum pace_kind kind, struct str payload, uint64_t now);
/* Stops: closes with 4000 (`keep`: the session can be resumed by a successor) or 1000. */
void session_stop(struct session *s, bool keep, uint64_t now);

void session_tick(struct session *s, uint64_t now);    /* the deadline has come */
uint64_t session_deadline(const struct session *s);    /* UINT64_MAX: none */
/* Pull until false, after every call above. */
bool session_next(struct session *s, struct session_action *out);

#endif
