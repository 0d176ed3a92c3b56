/* message.h - what supervisor and worker say to each other, as bytes.
 *
 * A message is u32 length, u16 type, both big-endian, and a JSON object; the length
 * counts the object alone. A peer that sends more than LIMIT_LINK_MESSAGE, a type or an
 * object that is none, or leaves out what a message needs, is broken and its connection
 * ends. Fields that a reader doesn't know are passed over, so that a newer peer may say
 * more.
 *
 * Both sides begin with LINK_HELLO. A supervisor answers with LINK_WELCOME or
 * LINK_REFUSED. Versions differ only when an older peer could not go on (LINK_VERSION).
 *
 * Pure. Strings in a message that was read are borrowed from the parser until it parses
 * again. */
#ifndef LINK_MESSAGE_H
#define LINK_MESSAGE_H

#include "cordage/cordage.h"
#include "buf.h"
#include "json.h"
#include "limits.h"

enum { LINK_VERSION = 1, LINK_HEAD = 6 };

enum link_type {
    LINK_HELLO = 1, /* both: who I am */
    LINK_WELCOME,   /* supervisor: what you are here for */
    LINK_REFUSED,   /* supervisor: not you, and why; the peer ends */
    /* Shards. */
    LINK_TAKE,   /* supervisor: run these shards; may follow WELCOME at once */
    LINK_TAKEN,  /* worker: one is restored, and about to connect */
    LINK_GIVE,   /* supervisor: hand these shards over */
    LINK_GIVEN,  /* worker: one is closed and saved, another process may take it */
    LINK_KICK,   /* supervisor: the watchdog's verdict on one shard */
    LINK_STATUS, /* worker, every second: how its shards are */
    LINK_URL,    /* worker: the gateway can't be reached; supervisor: here is another */
    /* Identify slots: what gate.h says, by number of the ask. */
    LINK_ASK,          /* worker: a fresh start wants to connect */
    LINK_READY,        /* worker: HELLO was read */
    LINK_SENT,         /* worker: the IDENTIFY has left */
    LINK_CANCEL,       /* worker: withdraws */
    LINK_PROVEN,       /* worker: a session came up */
    LINK_MAY_DIAL,     /* supervisor */
    LINK_MAY_IDENTIFY, /* supervisor */
    /* The bot. */
    LINK_BROADCAST, /* both: a message to the bot in every worker; its sender gets it
                       back, too, and delivers it only then */
    LINK_TOTALS,    /* supervisor: the fleet's guilds */
    LINK_FATAL,     /* worker: Discord has refused this bot for good, or it can't go on */
    LINK_STOP,      /* supervisor: end, keeping the sessions or not */
    /* Somebody at the command line. */
    LINK_COMMAND, /* `cordage status`, `restart`, `stop` */
    LINK_ANSWER,  /* supervisor: a line, or the end */
    N_LINK_TYPES
};

/* "HELLO" and so on; "?" for what is none. */
const char *link_type_name(enum link_type type);

/* ---- Framing ---------------------------------------------------------------------- */

/* Appends a message. CORDAGE_ENOMEM leaves `out` as it was; CORDAGE_ELIMIT. */
int link_write(struct buf *out, enum link_type type, struct str body);
/* Looks for a whole message at the beginning of `bytes`. Its size with the head in *n and
 * its body (borrowed), or 0 with *n 0: more is needed; CORDAGE_EPARSE: it is broken. */
int link_read(struct str bytes, enum link_type *type, struct str *body, size_t *n);

/* ---- Messages ----------------------------------------------------------------------
 *
 * link_put_X appends the JSON object to `out` (CORDAGE_ENOMEM); link_get_X reads one
 * (CORDAGE_EPARSE: a field is missing or out of range). */

enum link_role { LINK_SUPERVISOR, LINK_WORKER, LINK_CONTROL };

struct link_hello {
    uint32_t version;
    enum link_role role;
    struct str release; /* "0.1.0" */
    /* Of a worker: */
    uint32_t worker, generation; /* as it was started */
    int64_t pid;
    uint64_t token_print; /* settings.h; 0: it doesn't know a token */
    uint32_t intents;
    uint32_t first, last,
        count;            /* its shards, once it was welcomed; count 0: never yet */
    uint32_t n_held;      /* shards that run in it now... */
    const uint32_t *held; /* ...their ids; read: of the caller's `room` */
};
int link_put_hello(struct buf *out, const struct link_hello *m);
/* `room`: for `held`, of LIMIT_SHARDS. */
int link_get_hello(cordage_json body, uint32_t *room, struct link_hello *out);

struct link_welcome {
    uint32_t version;
    uint32_t first, last, count; /* the shards that it may be given */
    uint32_t workers;            /* in the fleet */
    uint32_t handshakes;         /* its share of LIMIT_HANDSHAKES, at least 1 */
    uint32_t requests_per_s;     /* its share of the global REST limit, at least 1 */
    uint32_t refused_max;        /* its share of the refused requests in ten minutes */
    uint32_t recommended;        /* shards, by /gateway/bot */
    struct str gateway;          /* URL */
};
int link_put_welcome(struct buf *out, const struct link_welcome *m);
int link_get_welcome(cordage_json body, struct link_welcome *out);

/* REFUSED, and FATAL: the fleet ends with `exit` and this sentence. */
struct link_end {
    int exit; /* status */
    int code; /* CORDAGE_E* */
    struct str message;
};
int link_put_end(struct buf *out, const struct link_end *m);
int link_get_end(cordage_json body, struct link_end *out);

/* TAKE and GIVE. */
struct link_shards {
    uint32_t n;
    const uint32_t *ids;  /* read: of the caller's room, of LIMIT_SHARDS */
    uint32_t identifies;  /* TAKE: how many IDENTIFYs may be planned with for them */
    uint32_t patience_ms; /* GIVE: for handlers that run */
};
int link_put_shards(struct buf *out, const struct link_shards *m);
int link_get_shards(cordage_json body, uint32_t *room, struct link_shards *out);

/* TAKEN and GIVEN. */
struct link_moved {
    uint32_t shard;
    int err;          /* TAKEN: why it can't run here (CORDAGE_EBUSY: another process has
                         it) */
    bool resumes;     /* TAKEN: it has a session to resume; else it needs an IDENTIFY */
    bool cached;      /* TAKEN: with its cache, or none is kept */
    uint32_t open;    /* GIVEN: events that come again: their handlers had not ended */
    uint32_t running; /* GIVEN: of these, those whose handlers run still: they may run
                         twice */
};
int link_put_moved(struct buf *out, const struct link_moved *m);
int link_get_moved(cordage_json body, struct link_moved *out);

/* KICK. */
struct link_kick {
    uint32_t shard;
    bool identify; /* else RESUME */
};
int link_put_kick(struct buf *out, const struct link_kick *m);
int link_get_kick(cordage_json body, struct link_kick *out);

/* ASK, READY, SENT, CANCEL, PROVEN, MAY_DIAL, MAY_IDENTIFY. */
struct link_slot {
    uint32_t shard;
    uint32_t ask; /* its number: an answer to a withdrawn one is passed over */
};
int link_put_slot(struct buf *out, const struct link_slot *m);
int link_get_slot(cordage_json body, struct link_slot *out);

/* STATUS: a head, and a row per shard that runs there. */
struct link_load {
    uint64_t rss_bytes, cpu_ms; /* since its start */
    uint64_t log_dropped;       /* bytes of its output that nobody could take */
    uint32_t n;
};
struct link_row {
    cordage_shard_info info; /* its count is the fleet's */
    bool reported;           /* its guilds are known */
    bool replaying;
    uint64_t session; /* differs when its session is another; 0: none */
};
int link_put_status(struct buf *out, const struct link_load *load,
                    const struct link_row *rows);
/* Calls `each` for every row, in order; for those before a broken one, too. */
int link_get_status(cordage_json body, uint32_t count, struct link_load *load,
                    void (*each)(void *user, const struct link_row *row), void *user);

struct link_totals {
    uint64_t guilds;
    uint32_t reported, shards;
};
int link_put_totals(struct buf *out, const struct link_totals *m);
int link_get_totals(cordage_json body, struct link_totals *out);

/* BROADCAST, and URL (where `from` counts for nothing). */
struct link_text {
    uint32_t from; /* worker */
    struct str text;
};
int link_put_text(struct buf *out, const struct link_text *m);
int link_get_text(cordage_json body, struct link_text *out);

/* STOP. */
struct link_stop {
    bool forget;
};
int link_put_stop(struct buf *out, const struct link_stop *m);
int link_get_stop(cordage_json body, struct link_stop *out);

/* COMMAND. */
enum link_verb { LINK_VERB_STATUS, LINK_VERB_RESTART, LINK_VERB_STOP };
struct link_command {
    enum link_verb verb;
    bool follow; /* STATUS: again every second; RESTART, STOP: lines until it is done */
    bool one;    /* RESTART: `worker` alone */
    uint32_t worker;
    bool self;   /* RESTART: the supervisor's own program, its workers live on */
    bool forget; /* STOP */
};
int link_put_command(struct buf *out, const struct link_command *m);
int link_get_command(cordage_json body, struct link_command *out);

/* ANSWER. */
struct link_answer {
    struct str text; /* a line for people; for STATUS a JSON document */
    bool is_last;
    int exit; /* with the last */
};
int link_put_answer(struct buf *out, const struct link_answer *m);
int link_get_answer(cordage_json body, struct link_answer *out);

#endif
