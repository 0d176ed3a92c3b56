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
 * unless Discord said otherwise. Fatal close codes lead to DEAD. Nothing is
 * allocated for a payload. */
#ifndef PROTO_SESSION_H
#define PROTO_SESSION_H

#include "envelope.h"
#include "guilds.h"
#include "limits.h"
#include "outbox.h"
#include "rng.h"
#include "secret.h"
#include "url.h"

#define SESSION_STATES(X)                                                     \
    X(IDLE)     /* no socket: never connected, or lost it; waiting to dial */ \
    X(CONNECT)  /* dialling */                                                \
    X(HELLO)    /* socket up, waiting for HELLO */                            \
    X(QUEUED)   /* waiting for an identify slot */                            \
    X(IDENTIFY) /* sent IDENTIFY, waiting for READY */                        \
    X(RESUME)   /* sent RESUME, missed events replaying */                    \
    X(LIVE)     /* events flowing */                                          \
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
    const char *gateway_url;    /* the default URL; borrowed for session_init */
    const char *query; /* "v=10&encoding=json[&compress=…]"; borrowed likewise */
    struct json_parser *parser; /* the loop's; borrowed for the session's life */
    uint64_t seed;              /* for jitter */
    uint64_t guilds_quiet_ms;   /* silence after which loading counts as over; 0: 5000 */
    bool has_store; /* heartbeats acknowledge no more than session_set_safe says */
};

enum session_action_type {
    /* Ask to dial: a fresh start (`resuming` false) wants an identify slot near, a resume
     * a place among the handshakes. Answer with session_dial. */
    SESSION_WANT_DIAL,
    SESSION_DIAL,      /* connect to `url`; then session_opened, or session_closed */
    SESSION_WANT_SLOT, /* HELLO was read: grant with session_identify */
    SESSION_DROP_SLOT, /* withdraw from the identify queue what a fresh WANT_DIAL began */
    SESSION_SEND,      /* send `bytes`, a text message; an IDENTIFY has `is_identify`, a
                          command its label */
    SESSION_CLOSE,     /* close the websocket with `code`; the wire is then given up: what
                          still comes from it is ignored until the next DIAL */
    SESSION_DELIVER, /* the payload just fed is a dispatch for the bot: `name`, `seq`, `d`
                      */
    SESSION_GAVE_UP, /* the command with this label waited too long, and was dropped */
    SESSION_GUILDS_IN, /* every guild of READY has answered, or the rest were silent */
    SESSION_LOST,      /* the session cannot be resumed: events may be missing */
    SESSION_NEW_URL,   /* the default URL fails: ask /gateway/bot, session_set_gateway */
    SESSION_REFUSED    /* DEAD: Discord closed with the fatal `code` */
};

/* Only the fields named for its type are set. */
struct session_action {
    enum session_action_type type;
    bool resuming;             /* WANT_DIAL */
    bool is_identify;          /* SEND */
    bool is_command;           /* SEND */
    struct outbox_label label; /* SEND of a command, GAVE_UP */
    int code;                  /* CLOSE, REFUSED */
    uint64_t seq;              /* DELIVER */
    struct str name;           /* DELIVER; borrowed like the payload */
    cordage_json d;   /* DELIVER: the body, if the session had to parse it; else absent.
                         Lives until the parser's next parse */
    struct str bytes; /* SEND; borrowed until the next call */
    const struct url *url; /* DIAL; borrowed until the next call */
};

struct session_stats {
    uint64_t identifies, resumes; /* sent */
    uint64_t resumed;             /* RESUMEs that ended in RESUMED */
    uint64_t latency_ms;          /* last ACK minus its heartbeat; 0: none yet */
    uint64_t heartbeats;          /* sent */
    uint64_t last_event_at;       /* when the last dispatch was delivered */
    uint64_t unreadable;          /* payloads that were no JSON, or no envelope */
    uint64_t ignored;             /* well-formed ones that had no place: unknown opcodes,
                                     events again or without a sequence, op 1 too often */
    int last_close_code;          /* 0: none; 1006: lost without one */
};

/* What is needed to resume. Zeroed: there is no session. */
struct session_kept {
    char id[LIMIT_SESSION_ID];
    size_t n_id;  /* 0: no session */
    uint64_t seq; /* the last one received */
    struct url resume_url;
    bool has_resume_url;
    bool detour;        /* that could not be reached: take the default URL */
    unsigned fruitless; /* RESUMEs in a row that brought no event and no RESUMED */
};

/* What a process leaves to the one that resumes in its place. */
struct session_legacy {
    struct str id;
    struct str resume_url; /* of no use (empty, wrong): the default URL is taken */
    uint64_t seq;          /* all later events are wanted (again) */
};

struct session_beat {
    uint64_t interval_ms; /* 0: HELLO has not come, nothing is scheduled */
    uint64_t next_at;     /* when the next scheduled one is due */
    uint64_t timed_at;    /* when the one was sent whose ACK tells the latency; 0: none */
    unsigned unanswered;  /* sent, of either kind, and not acknowledged */
    unsigned requested;   /* by op 1, since the last scheduled one */
    bool awaiting;        /* no ACK has come since the last scheduled one */
    bool traffic;         /* an event has */
    bool excused;         /* the verdict was put off once because of that */
};

/* Of one connection: zeroed for the next. */
struct session_connection {
    struct pace pace;
    struct session_beat beat;
};

/* Waits to be pulled. */
struct session_pending {
    enum session_action_type type;
    int detail; /* WANT_DIAL: resuming; SEND: the opcode; CLOSE, REFUSED: the code */
};
enum { SESSION_PENDING = 8 }; /* no call leaves more behind */

struct session {
    /* To be read by whoever likes. */
    struct session_config config; /* its gateway_url and query are NULL by now */
    enum session_state state;
    struct session_stats stats;
    struct guilds guilds;
    struct session_kept kept;
    uint64_t safe; /* with a store: what it could resume from; else UINT64_MAX */
    bool paused;

    /* The session's own. */
    struct session_connection conn;
    union {
        struct {
            uint64_t dial_at;
            bool asked;
        } idle;
        struct {
            uint64_t sent_at;
        } identify;
        struct {
            bool fruitful; /* an event came */
        } resume;
        struct {
            uint64_t quiet_at; /* while guilds load: when waiting for them ends */
        } live;
    } in;              /* what means something in one state only; zeroed on entering */
    uint64_t deadline; /* when this state has lasted too long; UINT64_MAX: never */
    uint64_t now;      /* of the last call */
    unsigned losses;   /* in a row: the backoff's exponent */
    unsigned gateway_failures; /* in a row, of the default URL */
    bool has_ticket;           /* in the identify queue since a fresh WANT_DIAL */
    bool guilds_expected;      /* READY came, GUILDS_IN has not been said */
    struct url gateway;        /* the default one, with the query */
    struct rng rng;
    struct outbox outbox;
    struct buf presence; /* for IDENTIFY; a JSON object, or empty */
    struct buf scratch;  /* what SEND points at */
    bool scratch_is_secret;
    struct session_pending pending[SESSION_PENDING];
    unsigned pending_first, pending_n;
    struct str event_name; /* of the pending DELIVER */
    uint64_t event_seq;
    uint64_t seq_before; /* kept.seq until then; event_seq, if it began the session */
    cordage_json event_d;
};

/* CORDAGE_ENOMEM, CORDAGE_EINVAL (a bad URL, a token that no payload can hold). Begins
 * IDLE and asks to dial at once. */
int session_init(struct session *s, const struct session_config *config, uint64_t now);
/* Accepts a zeroed or half-built one. */
void session_release(struct session *s);

/* Takes up a session of an earlier process, before the first dial: a resume is asked for
 * in place of the fresh start. CORDAGE_EINVAL: it has no id, or one too long;
 * CORDAGE_ESTATE once it has dialled. Nothing is changed then. */
int session_restore(struct session *s, const struct session_legacy *legacy, uint64_t now);
/* After it: a guild that the session had. CORDAGE_ENOMEM, CORDAGE_ELIMIT. */
int session_restore_guild(struct session *s, uint64_t id, enum guild_state state);
/* The store could resume from `seq` of this session. Discord may forget what a heartbeat
 * acknowledged, so with a store (config.has_store) no heartbeat says more than that. Only
 * ever forwards within a session; without a store, or without a session: nothing. */
void session_set_safe(struct session *s, uint64_t seq);

/* The shard may dial now (answer to SESSION_WANT_DIAL). */
void session_dial(struct session *s, uint64_t now);
/* The websocket is open. */
void session_opened(struct session *s, uint64_t now);
/* One payload, inflated, with BUF_SLACK readable bytes behind it. 0; or negative when it
 * could not be read: counted and survived, except that what isn't JSON before READY ends
 * the connection. Without memory, too, the connection ends, so that a RESUME brings it
 * again. CORDAGE_ENOMEM with a DELIVER: it was read, but `guilds` could not remember it.
 */
int session_feed(struct session *s, struct str payload, uint64_t now);
/* The peer closed with `code`, or the connection was lost or could not be made: 1006.
 * After our own SESSION_CLOSE it may be called or not. Idempotent. */
void session_closed(struct session *s, int code, uint64_t now);
/* The last DELIVER could not be taken, for want of memory: as if it had never come.
 * Closes with 4000, and a RESUME brings it again; a READY takes its session with it. */
void session_undeliver(struct session *s, uint64_t now);
/* The stream can't go on (corrupt compression, broken frames): closes with 4000, resumes.
 */
void session_broken(struct session *s, uint64_t now);
/* Whoever sees all shards finds that this one is not well: the connection is closed with
 * 4000 and the session resumed; with `identify` it is ended, closed with 1000, and a new
 * one begins. Comes back within a second, if this is the first loss. Without a connection
 * there is nothing to close. */
void session_kick(struct session *s, bool identify, uint64_t now);
/* The identify slot is ours. */
void session_identify(struct session *s, uint64_t now);
/* Reading is paused (the event queue is full) or goes on. Heartbeats continue; the
 * verdict on missing ACKs and the other deadlines are suspended, and start anew. */
void session_paused(struct session *s, bool paused, uint64_t now);
/* Another default URL, for the connections to come. CORDAGE_EINVAL leaves the old one. */
int session_set_gateway(struct session *s, const char *url);
/* Sent with every later IDENTIFY; a JSON object, copied; empty: none. CORDAGE_ENOMEM, or
 * CORDAGE_ELIMIT when IDENTIFY would become too long with it; the old one stays then. */
int session_set_presence(struct session *s, struct str presence);
/* Queues a PACE_COMMAND, PACE_VOICE or PACE_PRESENCE, copied; it leaves when the session
 * is live and the budget allows, or is dropped after SESSION_COMMAND_MS. The `tag` comes
 * back in its label. CORDAGE_EFULL, CORDAGE_ENOMEM, CORDAGE_ELIMIT over LIMIT_COMMAND,
 * CORDAGE_ESTATE when DEAD. */
int session_command(struct session *s, enum pace_kind kind, uint64_t tag,
                    struct str payload, uint64_t now);
enum { SESSION_COMMAND_MS = 10 * 60 * 1000 };
/* Stops: closes with 4000 (`keep`: the session can be resumed by a successor) or 1000. */
void session_stop(struct session *s, bool keep, uint64_t now);

void session_tick(struct session *s, uint64_t now); /* the deadline has come */
uint64_t session_deadline(const struct session *s); /* UINT64_MAX: none */
/* Pull until false, after every call above. */
bool session_next(struct session *s, struct session_action *out);

#endif
