/* call.h - one REST request on its way through the routes, and how they answer.
 *
 * Internal to routes*.c. A handler is run with the path's parameters resolved; it writes
 * its JSON into `out`, or calls one of the call_* errors, and returns. The status is 200
 * unless it sets another. */
#ifndef SIM_CALL_H
#define SIM_CALL_H

#include "commands.h"
#include "interaction.h"
#include "json.h"
#include "multipart.h"
#include "quota.h"
#include "recent.h"
#include "routes.h"

struct routes {
    struct sim *sim; /* borrowed */
    struct routes_config config;
    struct json_parser *parser; /* owned; of request bodies */
    struct json_parser *stored; /* owned; of what is kept as text */
    struct buf form;            /* a multipart body's plain fields, as JSON */
    struct quotas buckets;
    struct quotas daily; /* of windows so long that they would hold up the others */
    struct quota global[WORLD_BOTS_MAX]; /* by bot */
    struct quota invalid;                /* by address, of which there is one */
    struct recent recent;
    struct commands commands;
    struct map hooks;       /* a webhook's id -> its guild */
    struct direct *directs; /* owned; in the order they were opened */
    size_t n_directs;
};

/* A channel between a bot and a person. */
struct direct {
    uint64_t id, user_id;
    const struct sim_app *app;
    uint64_t last_message_id; /* 0: none */
};

struct call {
    struct routes *routes;
    const struct route *route;   /* NULL on control routes */
    const char *const *segments; /* of the path, that the route's words stand for */
    struct sim_app *app;         /* whose token came; NULL on open and control routes */
    const struct sim_request *request;
    struct sim_answer *answer;
    struct json_writer out; /* to the answer's body */
    uint64_t now;
    /* What the path names; NULL and 0 where it names none. */
    struct world_guild *guild; /* {guild}, or that of {channel} */
    uint64_t channel_id;
    uint32_t channel_index; /* in its guild; of a thread: among its threads */
    bool is_thread, is_archived;
    bool is_cloudflare; /* the answer is not Discord's */
    uint64_t id;        /* {id} */
    uint64_t role_id;   /* {role} */
    uint64_t peer_id;   /* of {channel}, if it is a DM: the other side; 0: it is none */
    uint64_t hook_id;   /* {hook}: a webhook, an interaction, or the application */
    const char *text;   /* {text}: a token, an emoji, a code */
};

/* A pattern's segments: words as they stand, {guild}, {channel}, {role}, {hook}, {text},
 * {id}, and {app}, which must be the caller's own. */
struct route {
    const char *method, *path;
    void (*answer)(struct call *c);
    enum {
        BUCKET_NONE,
        BUCKET_READ,
        BUCKET_MESSAGE,
        BUCKET_TYPING,
        BUCKET_WEBHOOK,
        BUCKET_REACTION, /* all of a channel's together */
        BUCKET_DELETE,   /* of a message: old ones apart */
        BUCKET_EMOJI     /* all of a guild's together, for whoever changes them */
    } bucket;
    bool open;      /* needs no token, and the global limit does not count */
    bool direct;    /* {channel} may be a DM */
    bool archived;  /* {channel} may be an archived thread */
    uint64_t needs; /* rights (rights.h) in the guild or channel */
};

/* The tables, each ended by a NULL method. */
extern const struct route routes_me[], routes_guild[], routes_channel[], routes_change[],
    routes_change_people[], routes_control[], routes_command[], routes_interaction[],
    routes_interact[], routes_page[], routes_webhook[], routes_message[],
    routes_reaction[], routes_pin[], routes_direct[], routes_thread[], routes_ban[],
    routes_invite[], routes_parts[], routes_more[], routes_rights[];

static inline struct world *call_world(const struct call *c)
{
    return sim_world(c->routes->sim);
}

/* The bot that calls; its application has the same id. On open routes the first. */
static inline struct sim_app *call_app(const struct call *c)
{
    return c->app ? c->app : sim_app(c->routes->sim, 0);
}
static inline uint64_t call_bot_id(const struct call *c)
{
    return call_app(c)->id;
}

/* Whether the bot has all these rights in the guild, or the channel (0: in the guild).
 * False, with the error answered: 50001 where it can't even see, else 50013. */
bool call_may(struct call *c, uint64_t rights, uint64_t channel_id);
/* A 429 whose limit is no bucket of the route: "user" is a hidden limit of its own,
 * "shared" one that others use up as well, which is nobody's fault. */
void call_limited(struct call *c, uint64_t wait_ms, const char *scope);
struct direct *call_find_direct(const struct call *c, uint64_t channel_id);

/* False, with the error answered, where the channel is a thread. */
bool call_no_thread(struct call *c);
/* Starts the answer anew, whatever was written. */
void call_restart(struct call *c, int status);
/* No body: 204. */
void call_no_content(struct call *c);
void call_header(struct call *c, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* {"message": "404: Not Found", "code": 0} */
void call_http_error(struct call *c, int status);
/* {"message": …, "code": …}, one of Discord's own. */
void call_error(struct call *c, int status, int code, const char *message);
/* 50035 Invalid Form Body: what is wrong with the field at `path` ("embeds.0.title"). */
void call_form_error(struct call *c, const char *path, const char *code,
                     const char *format, ...) __attribute__((format(printf, 4, 5)));
void call_out_of_memory(struct call *c);

/* A parameter of the query, percent-decoded; false when it isn't there, or too long. */
bool call_query(const struct call *c, const char *key, char *value, size_t size);
/* A number from the query: false, with the error answered, when it is out of range. */
bool call_query_number(struct call *c, const char *key, uint64_t min, uint64_t max,
                       uint64_t *value);
/* Decodes %XX; false when the result doesn't fit, or has a NUL. Ends with a NUL. */
bool call_percent_decode(struct str in, char *out, size_t size);

/* The first guild of a shard `[id, count]`; NULL: it has none, or that is no shard. */
struct world_guild *call_first_of_shard(const struct call *c, cordage_json shard);

/* The request's JSON object, from a JSON or a multipart body (its payload_json, else its
 * plain fields). False, with the error answered, when there is none. It lives until the
 * next call. */
bool call_json(struct call *c, cordage_json *out);
/* Likewise an array. */
bool call_json_array(struct call *c, cordage_json *out);
/* Whatever its Content-Type, for control requests: curl's -d says it is a form. */
bool call_control_json(struct call *c, cordage_json *out);
/* Whether a control request has only fields of these names; else false, with the error
 * answered. `names` ends with NULL. */
bool call_check_names(struct call *c, cordage_json body, const char *const *names);
/* False: an id or the shard is none, which is said. */
bool call_check_types(struct call *c, cordage_json body);
/* What stands under "bot" or "bot_id". */
cordage_json call_bot_field(cordage_json body);
/* `with_counts` and its like: true, True and 1 are true. */
bool call_query_true(const struct call *c, const char *key);
/* Whether the request brings files. */
bool call_has_files(const struct call *c);

#endif
