/* sim.h - an offline Discord, as a pure model.
 *
 * The model knows accounts, guilds, sessions, limits and faults. It opens no
 * socket and reads no clock: doors (door_gateway.h, door_http.h, or a test) hand it
 * connections, payloads, HTTP requests and the time, and carry out what it wants.
 * One bot, one application in this version.
 *
 * Rules named Rn are those of the rulebook in docs/simulator-rules.md. */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include "inflate.h"
#include "report.h"
#include "world.h"

struct sim_config {
    uint32_t guilds;              /* --guilds, default 8 */
    uint32_t recommended_shards;  /* 0: one per 1000 guilds, at least 1 */
    uint32_t max_concurrency;     /* default 1 */
    uint32_t session_limit;       /* IDENTIFYs a day, default 1000 */
    uint32_t heartbeat_ms;        /* default 41250 */
    uint64_t seed;
    double traffic;               /* events per second over all guilds */
    const char *token;            /* NULL: made from the seed */
    uint32_t allowed_intents;     /* default all */
    bool trim_acked;              /* forget what a heartbeat has acknowledged */
    uint32_t max_guilds_per_shard; /* default 2500: else 4011 */
    uint32_t session_ttl_ms;      /* default 180000 */
    uint32_t session_buffer;      /* events kept for RESUME, default 100000 */
    uint32_t guilds_per_s;        /* GUILD_CREATEs after READY, per session; default 500 */
    const char *gateway_url;      /* for /gateway and READY, filled in by the doors */
    const char *resume_url;
};
void sim_config_default(struct sim_config *c);

struct sim;      /* the whole */
struct sim_conn; /* one gateway connection */

/* What the model wants done with a connection; called from inside sim_* calls. */
struct sim_conn_ops {
    /* One payload, uncompressed JSON. */
    void (*send)(void *user, struct str payload);
    void (*close)(void *user, int code, const char *reason);
    void (*reset)(void *user);
    /* half_open: from now on nothing is read or written, the socket stays. */
    void (*freeze)(void *user);
    /* split: the next message goes out cut at arbitrary places. */
    void (*split)(void *user, uint64_t seed);
};

int sim_new(const struct sim_config *config, uint64_t now, uint64_t wall_ms, struct sim **out,
            cordage_error *error);
void sim_free(struct sim *s);
struct world *sim_world(struct sim *s);
struct report *sim_report(struct sim *s);
const char *sim_token(const struct sim *s);
/* The URLs, once the doors listen. Copied. */
int sim_set_urls(struct sim *s, const char *gateway_url, const char *resume_url);
/* The model's Unix clock at `now`, in ms. */
uint64_t sim_wall(const struct sim *s, uint64_t now);

/* A websocket was opened with `query` ("v=10&encoding=json…"), on the resume door or not.
 * HELLO goes out from inside. NULL without memory. */
struct sim_conn *sim_connect(struct sim *s, const char *query, bool resume_door,
                             const struct sim_conn_ops *ops, void *user, uint64_t now);
/* Which compression its query asked for. */
enum compression sim_conn_compression(const struct sim_conn *c);
/* A text message from the client. */
void sim_receive(struct sim_conn *c, struct str payload, uint64_t now);
/* The websocket ended: `code` from the client's close frame, 1006 without one. The
 * connection is freed. */
void sim_disconnected(struct sim_conn *c, int code, uint64_t now);

/* Makes what is due by `now`: traffic, paced GUILD_CREATEs, time-outs. */
void sim_tick(struct sim *s, uint64_t now);
uint64_t sim_deadline(const struct sim *s);

/* A fault request's body (JSON of POST /_sim/fault). 0, or CORDAGE_EINVAL with the sentence;
 * *n is how many sessions it met. */
int sim_fault(struct sim *s, struct str json, uint64_t now, size_t *n, cordage_error *error);

/* Puts a dispatch to every live session that may see it (routing and intents). `d` is the
 * body without `guild_id`'s routing done: `guild` says where it belongs, NULL: shard 0. */
void sim_dispatch(struct sim *s, const char *name, uint32_t intent, struct world_guild *guild,
                  struct str d, uint64_t now);

/* Someone says something: creates the message and dispatches MESSAGE_CREATE with the
 * content redaction of R13. `author` NULL: the bot itself. `*id` gets the message's. */
struct sim_message {
    struct world_guild *guild;
    uint64_t channel_id;
    const struct world_member *author;
    struct str content;
    struct str nonce;        /* as JSON (a string or a number), or empty */
    struct str reference;    /* the message_reference object, or empty */
};
int sim_say(struct sim *s, const struct sim_message *m, uint64_t now, struct buf *body,
            uint64_t *id);

/* Whether this token is the bot's and has not been reset. */
bool sim_token_ok(const struct sim *s, struct str token);
/* What /gateway/bot answers with. */
struct sim_budget {
    uint32_t shards, total, remaining, max_concurrency;
    uint64_t reset_after_ms;
};
void sim_budget(struct sim *s, uint64_t now, struct sim_budget *out);

#endif
