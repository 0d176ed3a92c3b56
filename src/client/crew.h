/* crew.h - the loops that run this process's shards, and the shards on them.
 *
 * A shard lives on one loop for life: the loops take them in turn. The crew is made and
 * started by the control loop when the number of shards is known; a loop's thread then
 * owns its shards. A shard is on while it runs here: in a bot that runs alone from start
 * to end, in a worker between a take and a give (shift.h). The memory of the crew stays
 * until the client is freed, so that the state of a shard can be asked at any time. */
#ifndef CLIENT_CREW_H
#define CLIENT_CREW_H

#include <stdatomic.h>

#include "cache.h"
#include "gather.h"
#include "guild_book.h"
#include "json.h"
#include "kept.h"
#include "lanes.h"
#include "loop.h"
#include "pass.h"
#include "shard.h"
#include "shards.h"
#include "shift.h"
#include "status.h"
#include "voice_book.h"

struct cordage_client;

/* One thread with its loop. */
struct crew_loop {
    struct cordage_client *client;
    struct loop *loop;
    struct host *host;
    struct shard_loop shared;   /* what its shards share */
    struct json_parser *parser; /* finds out where an event belongs */
    /* Runs handlers, where there are no threads for that. */
    struct json_parser *inline_parser;
    pthread_t thread;
    bool has_thread;
    unsigned index;
    /* The loop's own. */
    uint32_t n_running;        /* shards that are on and not stopped */
    bool stopping;             /* all of them are to stop: none comes any more */
    struct timer second;       /* writes down how its shards are */
    struct timer flush;        /* at the end of a turn in which events came */
    struct link fresh;         /* shards with events of this turn, not yet handed over */
    char url[LIMIT_URL];       /* the gateway's, when it has changed */
    struct buf presence;       /* when it has changed */
    struct mail done_mail;     /* to the control loop: all shards are stopped */
    struct mail stop_mail;     /* from it, like the others: close all shards */
    struct mail url_mail;      /* the gateway's URL has changed */
    struct mail presence_mail; /* the presence has changed */
    bool url_posted, presence_posted; /* under the client's lock */
};

/* One shard that runs here, or may. */
struct crew_shard {
    struct cordage_client *client;
    struct crew_loop *loop;
    uint32_t id;
    struct lane_group lanes; /* its events */
    struct pass pass;
    struct status status;
    struct shift shift;
    /* Written by the loop, like what follows. While it is not, nothing of what follows is
     * touched but by whoever takes or gives the shard. */
    atomic_bool on;
    struct shard *shard; /* NULL: it is not on; else it may be closed already */
    struct link fresh;   /* on its loop's list */
    struct guild_book guilds;
    struct cache_slice
        *cache; /* NULL: nothing is kept; there until the client is freed */
    struct kept kept;
    uint64_t replayed;    /* events since it began to resume */
    atomic_ullong parsed; /* payloads, here and for handlers: tests count them */
    bool leaves;          /* it is being given away */
    bool identified;      /* an IDENTIFY has left: the presence of that moment is shown */
    struct {
        struct gather_book book;
        struct timer timer;
        bool ended;
    } asks;                  /* asks.h */
    struct voice_book voice; /* where the bot wants to be */
    struct mail go_on_mail;
    struct job lost_job;     /* tells the handlers that the session is lost */
    atomic_bool lost_queued; /* it is the executor's */
    pthread_mutex_t lock;    /* of what follows */
    bool go_on_posted;
    struct mail kick_mail;
    bool kick_posted, kick_identify;
    size_t in_transit; /* commands on their way to the loop */
    size_t n_asks;     /* questions that are not over, from their submission on */
    size_t in_outbox;  /* that waited there when it was last looked at, or more */
};

struct crew {
    unsigned n_loops;
    struct crew_loop *loops;
    uint32_t n_shards;
    struct crew_shard *shards; /* [0] is range.first */
    struct shard_range range;
    unsigned n_busy; /* loops with shards that are not stopped: the control loop's */
};

/* Makes loops and shards, not yet running: the client's executor, gate and gateway URL
 * stand. `on`: all shards are; else none, and shift_take follows for some. On failure
 * what was made is there to be freed. [control] */
int crew_make(struct cordage_client *c, const struct shard_range *range, bool on,
              cordage_error *error);
/* Starts the threads, and the shards that are on. On failure those that run are there to
 * be stopped. [control] */
int crew_start(struct cordage_client *c, cordage_error *error);
/* Closes every shard that is on; client_loop_done follows for each loop that has a
 * thread. [control]
 */
void crew_stop(struct cordage_client *c);
/* Ends the threads, has the keeper save, and frees shards and loops. All shards are
 * stopped, or their threads were never started. What is known of them stays. [control] */
void crew_end(struct cordage_client *c);
void crew_release(struct crew *crew);
/* Tells every shard the client's gateway URL, or presence. With the client's lock held,
 * and the crew up. [any thread] */
void crew_new_url(struct cordage_client *c);
void crew_new_presence(struct cordage_client *c);
/* Drops the events that no handler has begun. Returns how many. [control] */
size_t crew_drop_events(struct crew *crew);
/* The shard with this id, or NULL if it does not run here. [any thread] */
struct crew_shard *crew_find(const struct crew *crew, uint32_t id);

/* The supervisor's verdict: as shard_kick, soon. [any thread] */
void crew_shard_kick(struct crew_shard *s, bool identify);
/* What is known of a shard. Returns whether it has had a READY. [any thread] */
bool crew_shard_read(struct crew_shard *s, cordage_shard_info *out);

/* crew_shard.c, used by crew.c: */
void crew_shard_init(struct crew_shard *s, struct cordage_client *c, uint32_t id,
                     struct crew_loop *loop);
/* Its place in the cache, if there is one. CORDAGE_ENOMEM. */
int crew_shard_make_slice(struct crew_shard *s);
/* Makes it, and it is on. CORDAGE_ENOMEM, CORDAGE_EINVAL. On its loop, or before that
 * runs, like crew_shard_unmake. */
int crew_shard_make(struct crew_shard *s);
/* The other way: it was handed over, or could not be made. As if it had never been on. */
void crew_shard_unmake(struct crew_shard *s);
/* It begins to run. On its loop. */
void crew_shard_start(struct crew_shard *s);
void crew_shard_release(struct crew_shard *s);
/* Writes down how the shard is. On its loop. */
void crew_shard_note(struct crew_shard *s);
/* Hands an event's job over, with the others of this turn. As lanes_add. On its loop. */
bool crew_shard_add(struct crew_shard *s, struct job *job);
/* Hands over what was added in this turn. On its loop. */
void crew_shard_flush(struct crew_shard *s);
/* It has no connection any more. On its loop. */
void crew_shard_stopped(struct crew_shard *s);

#endif
