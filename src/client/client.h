/* client.h - what a client is made of, and which thread may touch what.
 *
 * One thread, the caller of cordage_client_run, runs the control loop: REST, the identify
 * gate, signals, ticks, and the start and end of everything. Each shard lives on one of
 * the loops (crew.h). Handlers run on the executor's threads (lanes.h), or, where there
 * are none, on the loop that the event came on. They talk by mail; what any thread may
 * read is under `lock` or atomic. */
#ifndef CLIENT_CLIENT_H
#define CLIENT_CLIENT_H

#include <pthread.h>
#include <stdatomic.h>

#include "cordage/cordage.h"
#include "cache.h"
#include "crew.h"
#include "gate_local.h"
#include "gateway_bot.h"
#include "handlers.h"
#include "json.h"
#include "lanes.h"
#include "loop.h"
#include "rest.h"
#include "rng.h"
#include "settings.h"
#include "shards.h"
#include "waits.h"
#include "worker.h"

struct link_welcome;

/* Only ever forwards; a start that fails goes from ASKING to STOPPING. */
enum client_phase {
    CLIENT_NEW,      /* what is asked of it waits for the start */
    CLIENT_ASKING,   /* GET /gateway/bot, until there is an answer */
    CLIENT_RUNNING,  /* shards run */
    CLIENT_STOPPING, /* shards close; queued events are handled, requests are answered */
    CLIENT_ENDING,   /* nothing is accepted any more; the last callbacks */
    CLIENT_ENDED
};

struct cordage_client {
    /* Set by cordage_client_new, then only read: any thread. */
    struct settings settings;
    struct log log;
    struct tls_client *tls;
    struct loop *control;
    struct host *host; /* the control loop's */

    struct worker *worker; /* NULL: it runs alone; else until it is freed */
    /* Before it runs: shards come and go by shift.h alone, and the state is shared, as in
     * a worker, but without a supervisor. For tests. */
    bool starts_empty;
    struct handlers handlers; /* any thread */
    struct cache *cache;      /* any thread */
    struct waits waits;       /* any thread */
    atomic_uint n_notices;    /* errors on their way to the bot's handler */
    atomic_uint n_broadcasts; /* on their way out, or to the bot's handlers */

    atomic_bool stopping;  /* no event begins, nobody dials or identifies any more */
    atomic_ullong user_id; /* the bot's own, from the first READY; 0: not yet known */
    atomic_ullong application_id; /* likewise */
    atomic_bool ends_sessions;    /* a stop closes them for good */
    atomic_uint shard_count;      /* the total; 0: not yet known */
    atomic_uint recommended;      /* shards, by /gateway/bot; 0: not yet known */

    pthread_mutex_t lock;    /* of what follows */
    enum client_phase phase; /* moved by the control loop alone */
    cordage_error error;     /* the first that counts */
    struct mail stop_mail, url_mail;
    bool stop_posted, url_posted;
    struct rng nonces;
    unsigned n_requests; /* REST requests without an answer */
    unsigned n_early;    /* commands that wait for the crew */
    bool crew_up;        /* the crew's loops take mail */
    char gateway_url[LIMIT_URL];
    struct buf presence; /* a JSON object; empty: none */

    struct crew crew;     /* see there */
    atomic_bool has_crew; /* it stands, and stays until the client is freed */

    /* The control loop's, but where said. */
    struct lanes *lanes;          /* any thread; NULL: never run */
    struct lane_group own_lanes;  /* for what belongs to no shard; any thread */
    struct json_parser **parsers; /* of the handler threads, then the control loop's */
    struct rest *rest;
    struct gate *gate;
    struct ledger ledger;  /* of the gate's IDENTIFYs */
    struct keeper *keeper; /* NULL: nothing outlives the process; else until crew_end */
    struct timer expiry;   /* of what the cache has kept long enough */
    struct link ticks;     /* struct tick */
    struct link early;     /* struct parcel; moved by run.c */
    struct timer
        timer;        /* the next try while ASKING; the end of patience while STOPPING */
    unsigned n_tries; /* of ASKING */
    bool asking;      /* /gateway/bot has not answered yet */
    bool settling;    /* idle_mail will come */
    bool impatient;   /* the end of STOPPING has waited long enough */
    struct mail idle_mail, flush_mail, end_mail;
    uv_signal_t signals[2];
    bool signalled;
    uint64_t signalled_at; /* uv_now of the first one */
};

/* Runs the mail on the control loop; CORDAGE_ECLOSED, and nothing follows, when nothing
 * is accepted any more. [any thread] */
int client_post(cordage_client *c, struct mail *mail);
/* Runs a job that belongs to no shard, on a handler's thread; here and now when the
 * client has none. [control, or whoever frees the client] */
void client_push(cordage_client *c, struct job *job);
/* Ends the bot because of `error`, unless it ends for another reason already. [any
 * thread] */
void client_fail(cordage_client *c, const cordage_error *error);

/* ask.c: asks /gateway/bot, again and again; client_start or client_fail follows. Asked
 * again while shards run, it may follow that they get another URL. [control] */
void client_ask(cordage_client *c);
/* A shard cannot connect to the gateway's URL. [any thread] */
void client_want_url(cordage_client *c);
/* An answer to any request of ours: a 401 ends the bot, whose token is worth nothing any
 * more. [control] */
void client_look_at_answer(cordage_client *c, const struct rest_answer *answer);

/* run.c: sets up its mails. */
void client_prepare(cordage_client *c);
/* In a worker, in place of client_start: the supervisor has said which shards may come,
 * and none runs yet. [control] */
void client_join(cordage_client *c, const struct link_welcome *welcome);
/* Discord has answered: starts the shards. [control] */
void client_start(cordage_client *c, const struct gateway_bot *bot);
/* Stops, once. [control] */
void client_begin_stop(cordage_client *c);
/* The shards of one more loop are stopped. [control] */
void client_loop_done(cordage_client *c);
/* A request was answered. [control] */
void client_request_done(cordage_client *c);

#endif
