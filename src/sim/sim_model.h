/* sim_model.h - what the model is made of; only the files of the model include it.
 *
 * An event is made once and shared, by reference count, by all sessions that get it;
 * only its sequence number differs. A session keeps its events in a ring: what is not
 * yet sent, because the reader is slow or a resume replays, and what was sent and may
 * be asked for again. So there is one queue a session, and it is bounded.
 *
 * A connection and its session point at each other. Either may be without the other:
 * a connection before IDENTIFY and after op 9, a session after its connection's loss.
 * A connection that the model has ended stays, deaf, until its door says that the
 * socket is gone. */
#ifndef SIM_SIM_MODEL_H
#define SIM_SIM_MODEL_H

#include "gateway.h"
#include "interaction.h"
#include "json.h"
#include "life.h"
#include "list.h"
#include "replay.h"
#include "rng.h"
#include "sim.h"

#define INTENT_GUILDS             (1u << 0)
#define INTENT_GUILD_MEMBERS      (1u << 1)
#define INTENT_GUILD_MODERATION   (1u << 2)
#define INTENT_GUILD_EXPRESSIONS  (1u << 3)
#define INTENT_GUILD_INTEGRATIONS (1u << 4)
#define INTENT_GUILD_WEBHOOKS     (1u << 5)
#define INTENT_GUILD_INVITES      (1u << 6)
#define INTENT_GUILD_VOICE_STATES (1u << 7)
#define INTENT_GUILD_PRESENCES    (1u << 8)
#define INTENT_GUILD_MESSAGES     (1u << 9)
#define INTENT_GUILD_REACTIONS    (1u << 10)
#define INTENT_GUILD_TYPING       (1u << 11)
#define INTENT_DIRECT_MESSAGES    (1u << 12)
#define INTENT_DIRECT_REACTIONS   (1u << 13)
#define INTENT_DIRECT_TYPING      (1u << 14)
#define INTENT_MESSAGE_CONTENT    (1u << 15)
#define INTENT_SCHEDULED_EVENTS   (1u << 16)
#define INTENT_AUTOMOD_RULES      (1u << 20)
#define INTENT_AUTOMOD_EXECUTION  (1u << 21)
#define INTENT_GUILD_POLLS        (1u << 24)

#define NEVER UINT64_MAX

enum {
    SIM_PUMP_MS = 5,       /* between two looks at a connection that was full */
    SIM_PUMP_EVENTS = 512, /* sent to one connection in one turn */
    SIM_LOAD_GUILDS = 64,  /* GUILD_CREATEs for one session in one turn */
    SIM_LATE_ACKS = 8,     /* that wait at once; more, and the oldest goes */
    SIM_MEMORIES = 1024,   /* ended sessions and fatal closes that are remembered */
    SIM_DEFAULT_CONCURRENCY = 1,
    SIM_DEFAULT_SESSION_LIMIT = 1000,
};

/* ---- Events --------------------------------------------------------------------- */

struct sim_event {
    unsigned refs;
    bool is_resumed; /* RESUMED: not part of a later replay */
    size_t head, n;  /* the sequence number goes behind the first `head` bytes */
    char text[];
};

/* MESSAGE_CREATE of what somebody (m->author) might say, which is told to nobody. */
struct sim_event *sim_message_event(struct sim *s, const struct sim_message *m, bool bare,
                                    uint64_t now);
/* `name` as it stands in `t`, `d` JSON. NULL without memory. */
struct sim_event *sim_event_new(struct sim *s, const char *name, struct str d);
struct sim_event *sim_event_ref(struct sim_event *e);
void sim_event_unref(struct sim *s, struct sim_event *e);

/* ---- Sessions ------------------------------------------------------------------- */

/* Why a session is no more; remembered for a client that resumes it all the same. */
enum sim_end {
    SIM_END_LOST,    /* expired, or we ran out of memory */
    SIM_END_CLIENT,  /* closed with 1000 or 1001 */
    SIM_END_INVALID, /* told so by op 9 */
    SIM_END_FATAL    /* closed with a fatal code */
};

/* What IDENTIFY asks for. */
struct sim_identify {
    struct str token;
    struct sim_app *app; /* whose token that is */
    uint32_t intents, large_threshold;
    uint32_t shard_id, shard_count;
    bool has_shard, compress;
    uint64_t fingerprint; /* of token, intents and shard: the same again is a repeat */
};

struct sim_session {
    struct link link;       /* on sim->sessions, all its life */
    struct link route_link; /* on its route's sessions, all its life */
    struct sim *sim;
    struct sim_app *app;
    struct sim_conn *conn; /* NULL: lost, and expires */
    char id[33];
    struct sim_identify wants; /* its token is empty */
    int version;
    enum compression compression;
    char status[16], activity[128]; /* from presence updates; "" before the first */

    struct sim_event **ring; /* the last `n_kept` events up to `seq` */
    size_t ring_size, ring_first, n_kept;
    uint64_t seq;         /* the last event's */
    uint64_t sent;        /* the last one that the connection got */
    uint64_t replayed_to; /* RESUMED events up to here aren't sent again */
    uint64_t acked;       /* named by the last heartbeat */
    uint64_t heartbeats;  /* from this client */
    size_t unsent_bytes;
    size_t replay_bytes; /* of them, those that a resume began with */

    uint32_t next_guild; /* guilds of its shard below this index have been created */
    uint32_t n_guilds, n_created;
    uint64_t ready_at;
    struct map held; /* guild id -> struct sim_held: events before its GUILD_CREATE */
    size_t n_held;

    uint64_t expires_at; /* NEVER while it has a connection */

    struct sim_volley *volley; /* what a blast still has for it; NULL: nothing */
};

/* A new session on `c`, with READY pushed. NULL without memory. */
struct sim_session *sim_session_new(struct sim_conn *c, const struct sim_identify *wants,
                                    uint64_t now);
/* replay.c: READY's body from what was recorded. CORDAGE_ENOMEM, CORDAGE_EPARSE. */
int sim_write_recorded_ready(struct sim_session *ss, struct str body,
                             struct json_writer *w);
/* Frees it and remembers why. Its connection stays. */
void sim_session_end(struct sim_session *ss, enum sim_end why);
/* Its connection is gone: from now on it expires. */
void sim_session_detach(struct sim_session *ss, uint64_t now);
/* Continues on `c` behind `seq`, which sim_session_can_replay: replay, then RESUMED. */
void sim_session_resume(struct sim_session *ss, struct sim_conn *c, uint64_t seq,
                        uint64_t now);
bool sim_session_can_replay(const struct sim_session *ss, uint64_t seq);
/* The next number is this event's. False: without memory, and the session has ended. */
bool sim_session_push(struct sim_session *ss, struct sim_event *e, uint64_t now);
/* As push, but an event of a guild that has not been created yet is held back. The
 * session may be gone afterwards. */
void sim_session_give(struct sim_session *ss, const struct world_guild *g,
                      struct sim_event *e, uint64_t now);
/* There is no memory for what it must know: better gone than wrong. Returns false. */
bool sim_session_lose(struct sim_session *ss, uint64_t now);
/* What became of a guild of its shard, told once the guild is that. */
enum sim_guild_news {
    SIM_GUILD_LOST,   /* an outage began */
    SIM_GUILD_BACK,   /* it is over */
    SIM_GUILD_KICKED, /* this bot */
    SIM_GUILD_ADDED   /* this bot, again */
};
void sim_session_guild(struct sim_session *ss, const struct world_guild *g,
                       enum sim_guild_news news, uint64_t now);
/* Whether guilds of its READY are still to come; those that are due; when the next is.
 * _load returns false when the session is gone. */
bool sim_session_is_loading(const struct sim_session *ss);
bool sim_session_load(struct sim_session *ss, uint64_t now);
uint64_t sim_session_guild_due_at(const struct sim_session *ss);
void sim_session_drop_held(struct sim_session *ss);
/* Sends what waits, as much as the connection takes. */
void sim_session_pump(struct sim_session *ss, uint64_t now);
/* Forgets events up to `seq`. */
void sim_session_trim(struct sim_session *ss, uint64_t seq);
/* Guilds that are due, expiry, what waits. The session may be gone afterwards. */
void sim_session_tick(struct sim_session *ss, uint64_t now);
/* When that is worth calling. */
uint64_t sim_session_deadline(const struct sim_session *ss);
struct sim_session *sim_session_find(struct sim *s, struct str id);
bool sim_session_has_guild(const struct sim_session *ss, const struct world_guild *g);

/* ---- Connections ---------------------------------------------------------------- */

enum sim_shape {
    SIM_INTEGER_IDS = 1 << 0,  /* ids are numbers */
    SIM_MISSING_KEYS = 1 << 1, /* what is optional is left out */
    SIM_UNKNOWN_KEYS = 1 << 2  /* every object has a key that nobody knows */
};

/* Faults of the stream: how many events are still to suffer each. */
struct sim_mischief {
    uint64_t duplicates; /* are sent twice */
    uint64_t drops;      /* are not sent, and leave a gap in the numbers */
    uint64_t losses;     /* get no number */
    uint64_t reshaped;
    unsigned shape; /* of those */
};

struct sim_conn {
    struct link link; /* on sim->conns, all its life */
    struct sim *sim;
    const struct sim_conn_ops *ops;
    void *user;
    struct sim_session *session; /* NULL: not authenticated */
    const struct sim_app *app;   /* for the report; NULL: not known yet */
    int version;
    enum compression compression;
    bool resume_door;
    bool has_ended; /* closed or reset by us: only sim_disconnected still comes */
    bool is_frozen; /* half-open by a fault */
    bool deflates;  /* IDENTIFY's `compress` */
    uint32_t shard_id, shard_count;  /* for the report; REPORT_NO_SHARD: none named yet */
    uint64_t fingerprint;            /* of its last IDENTIFY or RESUME; 0: none */
    uint64_t hello_at;               /* NEVER: sent */
    uint64_t heartbeat_by;           /* the watchdog's deadline */
    uint64_t no_ack_until;           /* heartbeats are not acknowledged before */
    uint64_t silent_until;           /* events are not sent before */
    uint64_t late_ack_until;         /* before, they are acknowledged late, */
    uint64_t late_ack_ms;            /* by so much */
    uint64_t acks_at[SIM_LATE_ACKS]; /* when those that wait are due: in order */
    uint32_t n_acks;
    uint64_t wrong_url_by; /* it resumed on the wrong URL: closed then */
    struct sim_mischief mischief;
    uint64_t reconnect_by;            /* op 7 was sent: closed then */
    uint64_t received[GATEWAY_SENDS]; /* when the last payloads came: a ring */
    uint32_t n_received;
    uint64_t presences[GATEWAY_PRESENCES];
    uint32_t n_presences;
};

/* Closes it and, with a fatal code, ends its session; else the session can be resumed. */
void sim_conn_close(struct sim_conn *c, int code, const char *reason, uint64_t now);
void sim_conn_reset(struct sim_conn *c, uint64_t now);
/* op 7, and a close if nothing comes of it. */
void sim_conn_ask_reconnect(struct sim_conn *c, uint64_t now);
/* Sends `op` with `d`, JSON. */
void sim_conn_send(struct sim_conn *c, int op, const char *d);
/* Notes a broken rule. Returns false, so that a check can end with it. */
bool sim_conn_broke(struct sim_conn *c, enum sim_rule rule, uint64_t now,
                    const char *format, ...) __attribute__((format(printf, 4, 5)));
/* The body is not what its opcode wants: 4001. */
void sim_conn_bad_body(struct sim_conn *c, uint64_t now, const char *what);
bool sim_close_is_fatal(int code);
/* HELLO, watchdog and op 7's grace, as far as they are due. Asks for its next look. */
void sim_conn_tick(struct sim_conn *c, uint64_t now);

/* Commands; sim_gateway.c has checked that they may come. */
void sim_on_identify(struct sim_conn *c, cordage_json d, uint64_t now);
void sim_on_resume(struct sim_conn *c, cordage_json d, uint64_t now);
void sim_on_presence(struct sim_conn *c, cordage_json d, uint64_t now);
void sim_on_voice_state(struct sim_conn *c, cordage_json d, uint64_t now);
void sim_on_request_members(struct sim_conn *c, cordage_json d, uint64_t now);
void sim_on_soundboard(struct sim_conn *c, cordage_json d, uint64_t now);
void sim_on_channel_info(struct sim_conn *c, cordage_json d, uint64_t now);
/* The guild that a command names, if this session has it: else NULL, and the rule noted.
 */
struct world_guild *sim_command_guild(struct sim_conn *c, cordage_json id, uint64_t now);

/* The bot is in this voice channel now; 0: in none. */
void sim_move_bot(struct sim *s, const struct sim_app *app, struct world_guild *g,
                  uint64_t channel, uint64_t now);

/* Ends the sessions that should know of something, where there is no memory to tell. */
void sim_lose_listeners(struct sim *s, const struct world_guild *g, uint64_t now);

/* A blast of so many messages begins for this session. CORDAGE_ENOTFOUND: it can't have
 * any; CORDAGE_ENOMEM. */
int sim_blast_session(struct sim_session *ss, uint64_t count, uint64_t now);
/* Sends on; drops what is left. */
void sim_blast_pump(struct sim_session *ss, uint64_t now);
void sim_blast_end(struct sim_session *ss);
/* The report's `blast`. */
void sim_blast_write(const struct sim *s, struct json_writer *w);

/* Sends an event's payload as the connection's faults want it. */
void sim_mischief_send(struct sim_conn *c, struct str payload);
/* Whether the next event is lost without a trace. */
bool sim_mischief_loses(struct sim_conn *c);
/* An event for this connection's session alone. */
void sim_mischief_event(struct sim_conn *c, const char *name, struct str d, uint64_t now);
/* GUILD_CREATE of its first guild once more, of so many bytes. */
void sim_mischief_giant(struct sim_conn *c, uint64_t bytes, uint64_t now);

/* A traffic message, as much as it takes to write it again. */
struct sim_chat {
    uint64_t id, channel_id, author_id, number, wall_ms;
    struct world_guild *guild;
    uint32_t which; /* of what is said */
};
enum { SIM_CHATS = 4096 };
/* What traffic.c made of it; `text` is room for it. */
struct str sim_chat_content(const struct sim_chat *chat, char *text, size_t size);
/* sim_say.c: the message `m` as it was said under this id. CORDAGE_ENOMEM. */
int sim_write_said(struct sim *s, const struct sim_message *m, uint64_t id,
                   uint64_t wall_ms, struct buf *body);

/* ---- The whole ------------------------------------------------------------------ */

/* An ended session, or a shard that was refused for good. */
struct sim_memory {
    char session_id[33];
    enum sim_end why;
    uint64_t fingerprint;
};

/* How many of what is next are turned away. */
struct sim_refusals {
    uint64_t hellos; /* op 7 instead */
    uint64_t identifies, resumes;
    int identify_code, resume_code; /* closed with; 0: op 9 */
    bool identify_resumable;        /* op 9's d */
};

struct sim_blast_state {
    uint64_t events;   /* ever */
    uint64_t bytes;    /* of their JSON */
    uint32_t sessions; /* that still get some */
    uint64_t cpu_from; /* since when; meaningless without sessions */
    uint64_t cpu_us;   /* of blasts that are over */
};

/* The sessions of one [shard_id, shard_count]. */
struct sim_route {
    struct link sessions;
};

struct sim_count {
    uint32_t count; /* of shards */
    uint32_t n;     /* sessions that use it */
};

struct sim {
    struct sim_config config; /* its strings point to the copies below */
    struct sim_app *apps;     /* config.bots of them */
    char *gateway_url, *resume_url;
    uint64_t gateway_down_until; /* by a fault: no connection is taken before */
    uint64_t rest_down_until;    /* by a fault: REST answers with rest_status */
    int rest_status;
    uint64_t rest_slow_until; /* by a fault: its answers are rest_slow_ms late */
    uint32_t rest_slow_ms;
    struct sim_rest_faults rest_faults;
    bool resume_is_down;             /* by a fault: its door refuses connections */
    const struct sim_source *source; /* NULL: events are the world's */
    struct world world;
    struct report report;
    struct rng rng;
    struct json_parser *parser, *reshaper;
    struct buf shaped;
    struct sim_refusals refusals;
    struct sim_blast_state blast;
    struct buf in, out, body; /* a payload received, one to send, a body being made */
    uint64_t started_at, started_wall;

    struct link conns, sessions;
    uint32_t n_sessions;
    uint32_t n_bare;          /* sessions without MESSAGE_CONTENT */
    struct map routes;        /* shard_count << 32 | shard_id -> struct sim_route */
    struct sim_count *counts; /* those in use; few */
    size_t n_counts, counts_size;

    struct sim_memory *memories; /* a ring of SIM_MEMORIES */
    size_t n_memories;           /* ever */

    double traffic_at;      /* when the present rate began */
    uint64_t n_said;        /* traffic messages due since then */
    uint64_t traffic_left;  /* how many are still to be said */
    uint32_t next_talker;   /* the guild that talks next */
    struct sim_chat *chats; /* owned: a ring of SIM_CHATS; NULL before the first */
    size_t n_chats;         /* ever */
    size_t n_held; /* events that wait in sessions for their guild's GUILD_CREATE */
    struct life life;
    struct interactions interactions;
    size_t buffered_bytes;
    uint64_t wake_at; /* when connections and sessions want a look */
};

/* A look is wanted at `at`, if not earlier. */
static inline void sim_wake(struct sim *s, uint64_t at)
{
    if (at < s->wake_at)
        s->wake_at = at;
}

/* Puts it on the sessions' table by shard, and off again. CORDAGE_ENOMEM. */
int sim_route_add(struct sim *s, struct sim_session *ss);
void sim_route_remove(struct sim *s, struct sim_session *ss);
/* A set of bots is a word with bit `index` for each. */
static inline uint64_t sim_app_bit(const struct sim_app *app)
{
    return 1ULL << app->index;
}

/* Who gets an event. */
struct sim_routing {
    const struct world_guild *guild; /* where it belongs; NULL: to shard 0 */
    uint32_t intent;                 /* any of these; 0: none is needed */
    uint64_t apps;                   /* only these; 0: all that are in the guild */
    uint64_t about; /* these need one of about_intent instead: it is about them */
    uint32_t about_intent;
    bool is_state; /* who waits for the guild's GUILD_CREATE learns it from there */
    struct sim_event *bare; /* for who lacks MESSAGE_CONTENT; NULL: there is none */
    uint64_t sees;          /* but for these, who get the event all the same */
};
/* Gives an event to every session that may see it. */
void sim_route(struct sim *s, const struct sim_routing *r, struct sim_event *e,
               uint64_t now);

/* Tells what changed in a guild, or, with no guild, for bots: as sim_dispatch, but
 * without memory the sessions that should know end. */
void sim_tell(struct sim *s, const char *name, const struct sim_routing *r, struct str d,
              uint64_t now);
/* sim_session_guild, for every session of the guild's shard, or (`app` not NULL) those of
 * one bot. */
void sim_tell_guild(struct sim *s, const struct sim_app *app, struct world_guild *g,
                    enum sim_guild_news news, uint64_t now);

/* Whether there is a resume URL of its own, whose door is open. */
bool sim_has_resume_url(const struct sim *s);
void sim_remember(struct sim *s, const struct sim_memory *m);
/* The last memory of this session id, or of this fatal fingerprint; NULL: none. */
const struct sim_memory *sim_recall_session(const struct sim *s, struct str id);
const struct sim_memory *sim_recall_fatal(const struct sim *s, uint64_t fingerprint);

/* CORDAGE_ENOMEM; sim_apps_release takes a half-made table. */
int sim_apps_init(struct sim *s);
void sim_apps_release(struct sim *s);
bool sim_has_budget(struct sim *s, struct sim_app *app, uint64_t now);
void sim_charge_identify(struct sim *s, struct sim_app *app, uint64_t now);
/* So many IDENTIFYs are left, from now on. */
void sim_set_remaining(struct sim *s, struct sim_app *app, uint32_t n, uint64_t now);
/* Another process has identified on this key just now, or on all (UINT64_MAX). */
void sim_steal_keys(struct sim_app *app, uint64_t key, uint64_t now);

/* life.c */
void sim_life_tick(struct sim *s, uint64_t now);
uint64_t sim_life_deadline(const struct sim *s);

/* traffic.c */
void sim_traffic_tick(struct sim *s, uint64_t now);
uint64_t sim_traffic_deadline(const struct sim *s);

#endif
