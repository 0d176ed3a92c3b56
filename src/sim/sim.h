/* sim.h - an offline Discord, as a pure model.
 *
 * The model knows accounts, guilds, sessions, limits and faults. It opens no
 * socket and reads no clock: doors (door_gateway.h, door_http.h, or a test) hand it
 * connections, payloads, HTTP requests and the time, and carry out what it wants.
 * There may be several bots, which are in the same guilds and see each other. Each is an
 * application of its own: token, intents, budget and identify keys. Single-threaded.
 *
 * Rules named Rn are those of docs/simulator-rules.md.
 *
 * Traffic: with `traffic` events per second people talk, guild after guild, whether
 * anybody listens or not. Each guild counts its messages from 1. The number is the
 * `nonce` of every traffic message, as a string, and it begins the content of the
 * chatter: "#17 good morning". About one in 20 is exactly "!ping" and one in 50
 * exactly "!guilds"; a guild's first message is "!ping". A session gets a guild's
 * events once it got its GUILD_CREATE; what is said between READY and then is held
 * for it, so that its numbers have no gap. */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include "error.h"
#include "inflate.h"
#include "report.h"
#include "world.h"

struct sim_config {
    uint32_t bots;               /* default 1, at most WORLD_BOTS_MAX */
    uint32_t guilds;             /* default 8 */
    uint32_t members;            /* per guild, with the first bot; 0 (default): some
                                    dozens */
    uint32_t recommended_shards; /* 0 (default): one per 1000 guilds, at least 1 */
    uint32_t max_concurrency;    /* default 1 */
    uint32_t session_limit;      /* IDENTIFYs a day for each bot, default 1000 */
    uint32_t large_bot_guilds;   /* more make a bot a large one; default 150000: it has
                                    shard_multiple keys and 2000 IDENTIFYs or more, unless
                                    those two above are set */
    uint32_t shard_multiple;     /* of which its shard count is one; default 16 */
    uint32_t heartbeat_ms;       /* default 41250 */
    uint32_t hello_delay_ms;     /* default 0: HELLO goes out at once */
    bool rich;                   /* every guild is rich (world.h), not only some */
    uint64_t seed;               /* default 1 */
    double traffic;              /* messages per second over all guilds, default 0 */
    double live;                 /* changes of the world per second, default 0 */
    uint64_t bot_id;             /* of the first bot; 0 (default): made from the seed */
    const char *token;           /* of the first bot; copied; NULL: made from the seed */
    uint32_t allowed_intents;    /* of each bot, to begin with; default all */
    bool trim_acked;             /* forget what a heartbeat has acknowledged */
    uint32_t max_guilds_per_shard; /* default 2500: else 4011 */
    uint32_t session_ttl_ms;       /* after the connection's loss, default 180000 */
    uint32_t session_buffer;       /* events kept for RESUME, default 100000 */
    size_t buffer_bytes;   /* of all sessions' events together, default 512 MiB; more,
                              and sessions forget their oldest early */
    uint32_t guilds_per_s; /* GUILD_CREATEs after READY, per session; default 500 */
    /* What Discord may do and nobody promises; faults change it while it runs. */
    bool charge_on_receipt;  /* an IDENTIFY costs when it comes, not when READY goes */
    bool early_events;       /* events don't wait for their guild's GUILD_CREATE */
    uint32_t ready_delay_ms; /* from IDENTIFY to READY, default 0 */
    uint32_t wrong_url_ms; /* what was resumed on the default URL is closed so soon after;
                              0 (default): never */
    int watchdog_code;     /* when heartbeats are missing, default 4009 */
    uint64_t blast;        /* messages made in advance for each session, once its guilds
                              are in; default 0. See sim_blast */
    uint64_t (*cpu_us)(void); /* of this process, for the report's `blast`; NULL: none */
    const char *gateway_url;  /* for /gateway and READY; copied; sim_set_urls */
    const char *resume_url;
};
void sim_config_default(struct sim_config *c);

enum {
    /* Bytes of events that may wait for one connection: beyond, it is closed with 4000
     * and its session can be resumed. */
    SIM_SLOW_READER = 64 * 1024 * 1024,
    /* As much as a door should hold for one connection: the rest waits in the model. */
    SIM_BACKLOG = 256 * 1024,
    SIM_IDENTIFY_WINDOW_MS = 5000,
    SIM_BUDGET_WINDOW_MS = 24 * 3600 * 1000,
    SIM_RECONNECT_GRACE_MS = 5000,     /* from op 7 to the close */
    SIM_GIANT_BYTES = 5 * 1024 * 1024, /* of a giant guild, unless it is said */
    SIM_GIANT_MAX = 32 * 1024 * 1024,
    SIM_REST_DELAY_MAX = 30000,    /* of an answer, by a fault */
    SIM_MEMBERS_WINDOW_MS = 30000, /* between two whole member lists of a guild */
};

/* One bot: an application and its user, which have one id. Its budget, keys and token are
 * its own; what happens to them leaves the others alone. */
struct sim_app {
    uint32_t index; /* which of the world's bots: 0 is the first */
    uint64_t id;
    char *token; /* the one that is valid now; owned */
    uint32_t allowed_intents;
    bool is_large;              /* its shard count must be a multiple: R4 */
    uint32_t max_concurrency;   /* how many identify keys there are */
    uint64_t *key_free_at;      /* per identify key; owned */
    uint64_t *key_stolen_until; /* by a fault: nobody's rule is broken; owned */
    uint32_t identifies_used;   /* of sim_budget's total */
    uint64_t budget_resets_at;  /* UINT64_MAX: no window is open */
    uint64_t shown;             /* a hash of the presence that it set last; 0: none */
};

struct sim;      /* the whole */
struct sim_conn; /* one gateway connection */

/* An event made in advance, behind its number; and the same as deflate blocks that need
 * nothing from before and end on a flush. */
struct sim_piece {
    struct str rest, packed;
};
/* Events that go out one behind the other. */
struct sim_burst {
    struct str head; /* before the number, of each */
    const struct sim_piece *pieces;
    uint32_t n_pieces, next; /* it begins with piece `next`, and goes round */
    uint32_t n;              /* of events */
    uint64_t seq;            /* the first one's number */
};

/* What the model wants done with a connection. Called from inside sim_* functions, also
 * before sim_connect has returned; none may call the model back. */
struct sim_conn_ops {
    /* One payload, uncompressed JSON, borrowed for the call. */
    void (*send)(void *user, struct str payload);
    /* Sends what waits, then a close frame. sim_disconnected must follow, later. */
    void (*close)(void *user, int code, const char *reason);
    /* Drops the connection with a TCP reset. sim_disconnected must follow, later. */
    void (*reset)(void *user);
    /* half_open: from now on nothing is read or written, the socket stays. */
    void (*freeze)(void *user);
    /* split: from now on messages go out cut at places that follow from `seed`, into
     * frames; `messages`: zlib-stream's into messages of their own. */
    void (*split)(void *user, uint64_t seed, bool messages);
    /* Bytes that wait in the door. NULL: always 0. */
    size_t (*backlog)(void *user);
    /* corrupt: the next message is damaged at a place that follows from `seed`. NULL:
     * nothing is. */
    void (*corrupt)(void *user, uint64_t seed);
    /* slow: from now on so many bytes a second go out; 0: as fast as ever. NULL: never.
     */
    void (*slow)(void *user, uint64_t bytes_per_s);
    /* NULL, or false: it can't, and gets each event by `send`. */
    bool (*burst)(void *user, const struct sim_burst *b);
};

/* Checks the configuration: CORDAGE_EINVAL with a sentence; CORDAGE_ENOMEM. */
int sim_new(const struct sim_config *config, uint64_t now, uint64_t wall_ms,
            struct sim **out, cordage_error *error);
/* Connections go without a word: their doors must be gone. */
void sim_free(struct sim *s);
const struct sim_config *sim_config(const struct sim *s);
/* There are config.bots of them. NULL: no such bot. Borrowed for the model's life. */
struct sim_app *sim_app(const struct sim *s, uint32_t index);
/* Whose token this is; a leading "Bot " is dropped. NULL: nobody's, or it was reset. */
struct sim_app *sim_app_of_token(const struct sim *s, struct str token);
/* By the bot's id. NULL: no such bot. */
struct sim_app *sim_app_of_id(const struct sim *s, uint64_t id);
/* The application's flags: the privileged intents that it may use, in their form for bots
 * in fewer than 100 guilds. */
uint64_t sim_application_flags(const struct sim_app *app);
/* Ends all sessions of the bot with 4004 and gives it another token, as an overrun of the
 * budget does. */
void sim_reset_token(struct sim *s, struct sim_app *app, uint64_t now);
struct world *sim_world(struct sim *s);
struct report *sim_report(struct sim *s);
/* The first bot's token that is valid now. */
const char *sim_token(const struct sim *s);
/* The URLs, once the doors listen. Copied. */
int sim_set_urls(struct sim *s, const char *gateway_url, const char *resume_url);
const char *sim_gateway_url(const struct sim *s);
/* The model's Unix clock at `now`, in ms. */
uint64_t sim_wall(const struct sim *s, uint64_t now);
/* Notes a broken rule without a shard (REST). `app` NULL: it isn't known whose. */
void sim_broke(struct sim *s, const struct sim_app *app, enum sim_rule rule, uint64_t now,
               const char *detail);

/* Whether the door for resumes takes connections: a fault may have shut it. */
bool sim_resume_door_is_open(const struct sim *s);
/* Whether the gateway takes any: a fault may have taken it all away. */
bool sim_gateway_is_up(const struct sim *s, uint64_t now);
/* What REST answers everything with, by a fault; 0: it works. */
int sim_rest_status(const struct sim *s, uint64_t now);
/* How much later it answers, by a fault, in ms. */
uint32_t sim_rest_delay(const struct sim *s, uint64_t now);
/* What else is wrong with REST, by faults; zeroed: nothing. For the routes, which count
 * `limited` down. */
struct sim_rest_faults {
    uint64_t no_headers_until; /* no X-RateLimit headers */
    uint64_t skewed_until;     /* X-RateLimit-Reset is skew_ms off */
    int64_t skew_ms;
    uint32_t renamed;           /* the buckets have other hashes: how often so far */
    uint64_t limited, retry_ms; /* so many requests to come are a 429 */
    enum { SIM_LIMITED_USER, SIM_LIMITED_GLOBAL, SIM_LIMITED_SHARED } scope;
    bool as_cloudflare; /* errors come as its HTML, without Via */
};
struct sim_rest_faults *sim_rest_faults(struct sim *s);
/* A websocket was opened with `query` ("v=10&encoding=json…"), on the resume door or not.
 * HELLO goes out from inside. NULL without memory. */
struct sim_conn *sim_connect(struct sim *s, const char *query, bool resume_door,
                             const struct sim_conn_ops *ops, void *user, uint64_t now);
/* Which compression `query` asks for: a door needs it before sim_connect. */
enum compression sim_query_compression(const char *query);
/* Its IDENTIFY asked for payload compression, and there is no other. */
bool sim_conn_deflates(const struct sim_conn *c);
/* A message from the client. */
void sim_receive(struct sim_conn *c, struct str payload, bool binary, uint64_t now);
/* The door has room again: sends on what waits for it. */
void sim_writable(struct sim_conn *c, uint64_t now);
/* The websocket ended: `code` from the client's close frame, 1006 without one. The
 * connection is freed. */
void sim_disconnected(struct sim_conn *c, int code, uint64_t now);

/* Makes what is due by `now`: traffic, paced GUILD_CREATEs, time-outs. Bounded work: what
 * is left has a deadline of `now`. */
void sim_tick(struct sim *s, uint64_t now);
/* From now on people say `per_second` messages (0: they fall silent), `total` in all and
 * then no more; UINT64_MAX: without end. */
void sim_set_traffic(struct sim *s, double per_second, uint64_t total, uint64_t now);
/* How many that are now. */
double sim_live_rate(const struct sim *s);
/* From now on `rate` things a second happen in the world (0: nothing), `total` in all;
 * see life.h. */
void sim_live(struct sim *s, double rate, uint64_t total, uint64_t now);
/* An outage of a guild begins, or ends. Nothing if it is so already, or no bot is in the
 * guild. */
void sim_begin_outage(struct sim *s, struct world_guild *g, uint64_t now);
void sim_end_outage(struct sim *s, struct world_guild *g, uint64_t now);
/* A bot is kicked out of a guild, or added again. */
void sim_kick_bot(struct sim *s, struct sim_app *app, struct world_guild *g,
                  uint64_t now);
void sim_add_bot(struct sim *s, struct sim_app *app, struct world_guild *g, uint64_t now);
/* Whether the bot is in it. */
bool sim_app_is_in(const struct sim *s, const struct sim_app *app,
                   const struct world_guild *g);
/* How a guild is: a GUILD_CREATE's body with everybody and everything, whatever a session
 * may see; `unavailable` says whether it is out. CORDAGE_ENOTFOUND: no bot is in such a
 * guild; nothing was written. */
int sim_write_truth(struct sim *s, uint64_t guild_id, struct json_writer *w);
/* The same, as this bot should know it: when it joined, which threads it is in. Also
 * where it is not. */
int sim_write_truth_for(struct sim *s, const struct sim_app *app, uint64_t guild_id,
                        struct json_writer *w);
/* When sim_tick is worth calling; UINT64_MAX: after the next call in. */
uint64_t sim_deadline(const struct sim *s);

/* Load, to measure clients by: `count` messages made in advance go to each session of a
 * shard, or to all, as fast as they are read. The same few come again and again, each
 * with a number of its own and no nonce. They are not kept: a RESUME from within gets
 * op 9. *n is how many sessions it met. CORDAGE_ENOMEM. */
struct sim_blast_wish {
    uint64_t count;
    bool all;
    uint32_t shard_id, shard_count;
};
int sim_blast(struct sim *s, const struct sim_blast_wish *wish, uint64_t now, size_t *n);
/* How many such messages went out so far, and what CPU time that took. */
uint64_t sim_blasted(const struct sim *s, uint64_t *cpu_us);

/* A fault request's body (JSON of POST /_sim/fault; docs/simulator-rules.md has the
 * kinds). 0, or CORDAGE_EINVAL with a sentence that names the field and what it may be;
 * *n is how many connections it met. */
int sim_fault(struct sim *s, struct str json, uint64_t now, size_t *n,
              cordage_error *error);
/* Which faults there are, as a JSON array: `kind`, `connection` (it takes `shard` and
 * `bot`), and `fields` with `name`, `type` (bool, number, choice or bot), `min` and `max`
 * of a number, the `choices` of a choice, and often the `default`. */
void sim_write_faults(struct json_writer *w);
/* The i-th kind's name, or NULL; whether it meets connections. */
const char *sim_fault_kind(size_t i, bool *meets);

/* Puts a dispatch to every session that may see it. `intent` 0: needs none. `guild` says
 * where it belongs; NULL: to shard 0. `d` is the body, JSON. CORDAGE_ENOMEM. */
int sim_dispatch(struct sim *s, const char *name, uint32_t intent,
                 struct world_guild *guild, struct str d, uint64_t now);

/* Someone says something: creates the message and dispatches MESSAGE_CREATE with the
 * content redaction of R13. */
struct sim_message {
    struct world_guild *guild; /* NULL: between the bot and a person */
    uint64_t channel_id;
    const struct world_member *author; /* NULL: the bot `app` */
    const struct sim_app *app;         /* NULL: the first */
    struct str content;
    struct str nonce;      /* JSON (a string or a number), or empty */
    struct str reference;  /* JSON of the message_reference as it is sent out, or empty */
    struct str embeds;     /* JSON array, or empty */
    struct str components; /* JSON array, or empty */
    struct str attachments; /* JSON array, or empty */
    struct str extra;       /* members more, as they stand in the object, or empty */
    struct str webhook;  /* JSON: the user object of a webhook that says it, or empty */
    uint64_t type;       /* 0: an ordinary one, or a reply */
    uint64_t replies_to; /* whom a reply mentions; 0: nobody */
    uint64_t flags;
    bool tts;
    bool is_ephemeral; /* told to shard 0, as of no guild; no channel remembers it */
};
/* `body` (may be NULL) gets the message as REST answers it, behind its content; `*id`
 * (may be NULL) the message's. CORDAGE_ENOMEM. */
int sim_say(struct sim *s, const struct sim_message *m, uint64_t now, struct buf *body,
            uint64_t *id);

/* What people said lately (traffic, and those who live), as REST has it: appends it to
 * `body`. CORDAGE_ENOTFOUND: it is none of that; CORDAGE_ENOMEM. */
struct sim_said {
    uint64_t id, channel_id, author_id;
};
int sim_recall(struct sim *s, uint64_t message_id, struct sim_said *out,
               struct buf *body);
/* The next of those in this channel behind *at, which begins as 0; false: no more. */
bool sim_recall_next(const struct sim *s, uint64_t channel_id, size_t *at, uint64_t *id);

/* Tells of a message again: `name` is MESSAGE_UPDATE or MESSAGE_CREATE, `body` how REST
 * has it, with BUF_SLACK bytes behind it. `guild` NULL: of no guild, or ephemeral; then
 * it is only for `app`. Without memory the sessions that should know end. */
void sim_tell_message(struct sim *s, const char *name, struct world_guild *guild,
                      const struct sim_app *app, struct str body, uint64_t now);
/* The type of a channel or thread of the guild. */
enum channel_type sim_channel_type(const struct sim *s, const struct world_guild *g,
                                   uint64_t channel_id);

/* What /gateway/bot answers with. */
struct sim_budget {
    uint32_t shards, total, remaining, max_concurrency;
    uint64_t reset_after_ms; /* 0: no window is open */
};
void sim_budget(struct sim *s, struct sim_app *app, uint64_t now, struct sim_budget *out);

/* How a session is, for who looks from outside. */
struct sim_session_info {
    uint32_t bot; /* its index */
    uint32_t shard_id, shard_count;
    bool is_connected;
    bool is_live; /* and all its guilds are in, and no fault keeps events from it */
};
void sim_each_session(const struct sim *s,
                      void (*each)(void *user, const struct sim_session_info *info),
                      void *user, uint64_t now);

/* The report as one JSON object: report.h's members, `sessions` (how many live now),
 * `session_list` (session_id, bot, shard, state, seq, sent, guilds, presence) and, if
 * asked for, `traffic` (guild id: the number of its last traffic message). */
void sim_write_report(struct sim *s, struct json_writer *w, bool with_traffic,
                      uint64_t now);

#endif
