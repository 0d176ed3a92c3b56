/* cordage/cordage.h - a sharded Discord bot in thirty lines.
 *
 * Make a client from options, register handlers, run it:
 *
 *     cordage_options options = CORDAGE_OPTIONS_INIT;
 *     cordage_error error;
 *     cordage_client *c;
 *
 *     options.intents = CORDAGE_INTENT_GUILDS | CORDAGE_INTENT_GUILD_MESSAGES;
 *     if (cordage_client_new(&options, &c, &error) < 0)
 *         return cordage_error_print(&error, stderr);
 *     cordage_on_ready(c, on_ready, NULL);
 *     int status = cordage_client_run(c);
 *     cordage_client_free(c);
 *
 * Threads: [any thread] may be called from anywhere, [handler] from inside a
 * handler, [before start] before cordage_client_run. Handlers of one guild run one
 * after another in the order of its events; different guilds run in parallel on
 * `handler_threads` threads.
 *
 * Ownership: what a handler is given is borrowed until it returns. What a function
 * is given is borrowed for the call. Strings are UTF-8. */
#ifndef CORDAGE_H
#define CORDAGE_H

#include "cordage/cache.h"
#include "cordage/commands.h"
#include "cordage/error.h"
#include "cordage/json.h"
#include "cordage/permissions.h"
#include "cordage/version.h"
#include "cordage/views.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cordage_client cordage_client;

/* ---- Options ------------------------------------------------------------- */

/* Gateway intents: which events Discord sends. Source: Discord, "Gateway", "List of
 * intents". The three marked privileged must be enabled in the developer portal. */
enum {
    CORDAGE_INTENT_GUILDS = 1 << 0,
    CORDAGE_INTENT_GUILD_MEMBERS = 1 << 1, /* privileged */
    CORDAGE_INTENT_GUILD_MODERATION = 1 << 2,
    CORDAGE_INTENT_GUILD_EXPRESSIONS = 1 << 3,
    CORDAGE_INTENT_GUILD_INTEGRATIONS = 1 << 4,
    CORDAGE_INTENT_GUILD_WEBHOOKS = 1 << 5,
    CORDAGE_INTENT_GUILD_INVITES = 1 << 6,
    CORDAGE_INTENT_GUILD_VOICE_STATES = 1 << 7,
    CORDAGE_INTENT_GUILD_PRESENCES = 1 << 8, /* privileged */
    CORDAGE_INTENT_GUILD_MESSAGES = 1 << 9,
    CORDAGE_INTENT_GUILD_MESSAGE_REACTIONS = 1 << 10,
    CORDAGE_INTENT_GUILD_MESSAGE_TYPING = 1 << 11,
    CORDAGE_INTENT_DIRECT_MESSAGES = 1 << 12,
    CORDAGE_INTENT_DIRECT_MESSAGE_REACTIONS = 1 << 13,
    CORDAGE_INTENT_DIRECT_MESSAGE_TYPING = 1 << 14,
    CORDAGE_INTENT_MESSAGE_CONTENT = 1 << 15, /* privileged */
    CORDAGE_INTENT_GUILD_SCHEDULED_EVENTS = 1 << 16,
    CORDAGE_INTENT_AUTO_MODERATION_CONFIGURATION = 1 << 20,
    CORDAGE_INTENT_AUTO_MODERATION_EXECUTION = 1 << 21,
    CORDAGE_INTENT_GUILD_MESSAGE_POLLS = 1 << 24,
    CORDAGE_INTENT_DIRECT_MESSAGE_POLLS = 1 << 25
};

/* shard_count: ask Discord how many it recommends. */
#define CORDAGE_SHARDS_AUTO 0u
/* shard_last: all of them. */
#define CORDAGE_SHARD_LAST UINT32_MAX

typedef enum cordage_compression {
    CORDAGE_COMPRESS_ZLIB, /* zlib-stream: the default, small in memory */
    CORDAGE_COMPRESS_ZSTD, /* zstd-stream: less CPU, some 400 KB a shard */
    CORDAGE_COMPRESS_NONE
} cordage_compression;

typedef enum cordage_log_level {
    CORDAGE_LOG_ERROR,
    CORDAGE_LOG_WARN,
    CORDAGE_LOG_INFO,
    CORDAGE_LOG_DEBUG,
    CORDAGE_LOG_TRACE
} cordage_log_level;

/* Called from any thread, also from two at one time, with one line without its newline.
 * The token never appears. It should only write: the caller may hold a lock. */
typedef void (*cordage_log_fn)(cordage_log_level level, const char *line, void *user);

/* Begin with CORDAGE_OPTIONS_INIT. NULL and 0 mean the default, but for shard_last,
 * handler_threads and handle_signals, where 0 means 0. Strings are copied. */
typedef struct cordage_options {
    size_t size; /* of this struct, so that it can grow */
    /* NULL: DISCORD_TOKEN, else the file that DISCORD_TOKEN_FILE names; in a worker of a
     * fleet that file, which the supervisor sets. A leading "Bot " is dropped. */
    const char *token;
    uint32_t intents; /* CORDAGE_INTENT_* */
    /* CORDAGE_SHARDS_AUTO, or the total over all processes. In a worker of a fleet what
     * is said here about shards doesn't count. */
    uint32_t shard_count;
    uint32_t shard_first; /* the part of them that runs here, inclusive */
    uint32_t shard_last;  /* CORDAGE_SHARD_LAST: up to the last */
    cordage_compression compression;
    unsigned loop_threads; /* that own shards; 0: one per core, at most 4 */
    int handler_threads;   /* -1: one per core; 0: on the loops, without a hop */
    /* Events that wait for handlers, per shard; 0: 4096. Full, the shard stops reading
     * until half is done. */
    uint32_t event_queue;
    /* 50..250; 0: Discord's default. A guild with more members than that comes without
     * those who are offline. Source: Discord, "Gateway Events", "Identify". */
    uint32_t large_threshold;
    const char *api; /* base URL; NULL: CORDAGE_API, else https://discord.com/api/v10 */
    const char *ca_file; /* trusted besides the system's store; NULL: CORDAGE_CA_FILE */
    const char *proxy;   /* "http://host:port" to CONNECT through, for gateway and REST */
    const char *activity; /* shown in the bot's presence from the start; NULL: none */
    cordage_log_fn log; /* NULL: stderr, up to the level that CORDAGE_LOG names (warn) */
    void *log_user;
    cordage_log_level log_level; /* with `log` set */
    /* 1 (default): SIGINT and SIGTERM stop cordage_client_run, and another one half a
     * second later or more ends the process. */
    int handle_signals;
    /* A directory of this bot's own, where sessions, the cache and the count of IDENTIFYs
     * survive the process, so that a restart resumes; "": nothing is kept. NULL:
     * CORDAGE_STATE_DIR (empty: nothing), else $XDG_STATE_HOME/cordage/<application id>,
     * else ~/.local/state/cordage/<application id>, and a folder below it for a part of
     * the shards; with neither variable nor HOME: nothing is kept. In a worker of a
     * fleet: the fleet's, whatever is said here. Else one process at a time can use it. A
     * shard that resumes has no READY, and its guilds no GUILD_CREATE: cordage_on_resumed
     * tells of it, and cordage_guild_count and the cache are right. */
    const char *state_dir;
    cordage_policy cache[CORDAGE_N_KINDS]; /* how long each kind is kept: cache.h */
} cordage_options;

/* In the order of the struct, not by name: C++17 has no named initialisers. */
/* clang-format off */
#define CORDAGE_OPTIONS_INIT                                                        \
    {                                                                               \
        sizeof(cordage_options), NULL, 0, /* size, token, intents */                \
        CORDAGE_SHARDS_AUTO, 0, CORDAGE_SHARD_LAST, /* shard_count, _first, _last */ \
        CORDAGE_COMPRESS_ZLIB, 0, -1, /* compression, loop_, handler_threads */     \
        0, 0, NULL, NULL, /* event_queue, large_threshold, api, ca_file */          \
        NULL, NULL, /* proxy, activity */                                           \
        NULL, NULL, CORDAGE_LOG_WARN, /* log, log_user, log_level */                \
        1, NULL, { { CORDAGE_KEEP_DEFAULT, 0 } } /* handle_signals, state_dir, cache */ \
    }
/* clang-format on */

/* ---- The client ------------------------------------------------------------ */

/* Checks every option and names all that are wrong in one error; connects to nothing.
 * 0 and *out, to be freed with cordage_client_free; else negative, *out is NULL and
 * *error (NULL: nobody asks) says why: CORDAGE_EINVAL, CORDAGE_ENOMEM, CORDAGE_ESYSTEM,
 * CORDAGE_ETLS or CORDAGE_EIO (the CA file). `options` is borrowed for the call, but for
 * `log_user`. [any thread] */
CORDAGE_EXPORT int cordage_client_new(const cordage_options *options,
                                      cordage_client **out, cordage_error *error);

/* Runs the bot on the calling thread until it is stopped or refused for good (a fatal
 * close code, or a 401 to any request); while Discord cannot be reached it is tried
 * again. Returns the exit status a program should end with: 0 stopped, 1 failed, 2
 * configuration, 3 refused by Discord, 4 identify budget would be exceeded. What went
 * wrong is written to the log and kept for cordage_client_error. A state directory that
 * another process uses counts as configuration. Once per client: a second time it logs
 * that and returns 1. When it returns no thread, connection or callback of the client's
 * is left. [any thread, not a handler] */
CORDAGE_EXPORT int cordage_client_run(cordage_client *c);

/* Ends cordage_client_run. Sessions are left open for the next process to resume; where
 * nothing is kept (options.state_dir), or after cordage_client_end_sessions, they are
 * closed with 1000. Events that are queued are still handled and requests still answered,
 * for up to 10 s, after which what has not begun is dropped (where sessions are kept it
 * comes again in the next process) and only handlers that run are waited for. Returns at
 * once; calling it again is harmless. [any thread, handler, not from a signal handler] */
CORDAGE_EXPORT void cordage_client_stop(cordage_client *c);

/* A stop, whatever its reason, closes the sessions for good and forgets them: the bot
 * goes offline at once, and the next start identifies anew. [any thread, handler] */
CORDAGE_EXPORT void cordage_client_end_sessions(cordage_client *c);

/* Why cordage_client_run returned non-zero; code 0 if it did not. The client's, until it
 * is freed. Never NULL. [after run] */
CORDAGE_EXPORT const cordage_error *cordage_client_error(const cordage_client *c);

/* Not while it runs, nor while another thread is in any of these functions. Commands that
 * were given to a client which never ran end with CORDAGE_ECLOSED, their callbacks called
 * from here. NULL is fine. [any thread, not a handler] */
CORDAGE_EXPORT void cordage_client_free(cordage_client *c);

/* ---- Events ---------------------------------------------------------------- */

/* What a handler of each event is given: see cordage/views.h. */
#define CORDAGE_VIEW_FN(view)                                                           \
    typedef void (*cordage_##view##_fn)(cordage_client * c, const cordage_##view *what, \
                                        void *user);
CORDAGE_VIEWS(CORDAGE_VIEW_FN)
#undef CORDAGE_VIEW_FN
typedef void (*cordage_event_fn)(cordage_client *c, const cordage_event *event,
                                 void *user);

/* One for each event that Discord documents, all of one pattern (cordage/events.h):
 *
 *     int cordage_on_message_create(cordage_client *, cordage_message_fn, void *user);
 *     int cordage_on_guild_delete(cordage_client *, cordage_guild_gone_fn, void *user);
 *
 * Each registers one more handler and returns its id (> 0) for cordage_off, or
 * CORDAGE_ENOMEM, or CORDAGE_EINVAL without a function. Handlers of one event run in the
 * order they were registered. An event that has no handler is neither copied nor parsed,
 * unless the cache keeps something of it. READY's and RESUMED's handlers run when all
 * earlier events of their shard are done, and before any later one. [any thread] */
#define CORDAGE_ON(NAME, name, view, intents, route, effect)                        \
    CORDAGE_EXPORT int cordage_on_##name(cordage_client *c, cordage_##view##_fn fn, \
                                         void *user);
CORDAGE_EVENTS(CORDAGE_ON)
#undef CORDAGE_ON

/* The same for a type that is known only at run time, without a typed view.
 * CORDAGE_EVENT_UNKNOWN: what Discord doesn't document. Returns as cordage_on_<event>;
 * CORDAGE_EINVAL also for what is no such type. [any thread] */
CORDAGE_EXPORT int cordage_on(cordage_client *c, cordage_event_type type,
                              cordage_event_fn fn, void *user);
/* Every dispatch, known or not: all of them are copied and parsed then. Returns as
 * cordage_on_<event>. [any thread] */
CORDAGE_EXPORT int cordage_on_any(cordage_client *c, cordage_event_fn fn, void *user);
/* Removes a handler; it may still be running when this returns, so that `user` must
 * outlive that. 0, or CORDAGE_ENOTFOUND: there is none with this id.
 * [any thread, handler] */
CORDAGE_EXPORT int cordage_off(cordage_client *c, int id);

/* Discord could not resume a shard's session and a new one begins: events may be missing
 * in between. Called when all events of the old session are done and before READY, which
 * the guilds follow as they are now: so what a bot remembers of that shard can be thrown
 * away here. Guilds that are gone come as GUILD_DELETE. Returns as cordage_on_<event>.
 * [any thread] */
typedef void (*cordage_session_lost_fn)(cordage_client *c, uint32_t shard_id, void *user);
CORDAGE_EXPORT int cordage_on_session_lost(cordage_client *c, cordage_session_lost_fn fn,
                                           void *user);

/* What went wrong without anybody having asked: an event that could not be read, one
 * that is passed over because the bot died in its handlers three times in a row, a
 * command that was dropped, why the client ends. All of it is logged, too; of a flood the
 * rest only that. Called on a handler thread (the control loop with handler_threads 0).
 * Returns as cordage_on_<event>. [any thread] */
typedef void (*cordage_error_fn)(cordage_client *c, const cordage_error *error,
                                 void *user);
CORDAGE_EXPORT int cordage_on_error(cordage_client *c, cordage_error_fn fn, void *user);

/* Keeps an event beyond its handler, as a copy with its own memory (some 12 times its
 * JSON; one that was kept already is only counted). For its typed view read
 * cordage_read_<view>(kept->data, ...) . NULL: out of memory. cordage_unref gives it
 * back. [any thread] */
CORDAGE_EXPORT const cordage_event *cordage_event_ref(const cordage_event *event);

/* Whether this is the event that is waited for. Called on one of the library's loops,
 * never twice at one time, before any handler sees the event: it should only look.
 * `event` is borrowed for the call and has no `old`. */
typedef bool (*cordage_match_fn)(const cordage_event *event, void *user);
/* `event` is borrowed for the call; cordage_event_ref keeps it. NULL, and `err` says why:
 * CORDAGE_ETIMEOUT, CORDAGE_ECLOSED (the client stops), CORDAGE_ENOMEM. */
typedef void (*cordage_wait_fn)(cordage_client *c, const cordage_event *event, int err,
                                void *user);

/* Waits for the first event of a type that comes in from now on and that `match` (NULL:
 * any) agrees to, for at most `timeout_ms` (0: until the client stops), counted from
 * cordage_client_run. Handlers get the event all the same, maybe earlier or later. `done`
 * is called exactly once, on a handler thread (the control loop with handler_threads 0)
 * and not in the order of the guild's events; not if this returns an error:
 * CORDAGE_EINVAL, CORDAGE_ENOMEM, CORDAGE_ECLOSED. From then on `match` is not called any
 * more. [any thread] */
CORDAGE_EXPORT int cordage_wait_for(cordage_client *c, cordage_event_type type,
                                    cordage_match_fn match, void *match_user,
                                    uint32_t timeout_ms, cordage_wait_fn done,
                                    void *user);
/* The same for a thread that waits, a handler's or any other: 0 and *out, to be given
 * back with cordage_unref; else *out is NULL and it returns CORDAGE_ETIMEOUT, _ECLOSED,
 * _ENOMEM, _EINVAL, or CORDAGE_EDEADLOCK on a thread that runs one of the library's loops
 * (any handler's with handler_threads 0). A handler that waits holds up its guild and one
 * of the threads; if all of them wait, events pile up until the shards stop reading, and
 * then what is waited for cannot come: give it a timeout. Before cordage_client_run it
 * waits for that: not on the thread that is to call it. [any thread, handler] */
CORDAGE_EXPORT int cordage_wait_for_sync(cordage_client *c, cordage_event_type type,
                                         cordage_match_fn match, void *match_user,
                                         uint32_t timeout_ms, const cordage_event **out);

/* A typed view of any JSON object: one that is nested in an event, or a REST answer.
 *
 *     cordage_message quoted;
 *     cordage_read_message(message->referenced_message, &quoted);
 *
 * `event` and `old` are NULL, and what only an event knows (from_self, why, replayed, a
 * shard's id) is 0. It lives as long as `object`, which may be absent. [any thread] */
#define CORDAGE_READ(view) \
    CORDAGE_EXPORT void cordage_read_##view(cordage_json object, cordage_##view *out);
CORDAGE_VIEWS(CORDAGE_READ)
#undef CORDAGE_READ

/* Calls `fn` every `interval_ms`, on a handler thread (a loop with handler_threads 0),
 * never twice at one time, from the start of cordage_client_run until it stops. Returns
 * an id for cordage_off, or CORDAGE_ENOMEM, CORDAGE_EINVAL (0 ms). [any thread] */
typedef void (*cordage_tick_fn)(cordage_client *c, void *user);
CORDAGE_EXPORT int cordage_every(cordage_client *c, uint32_t interval_ms,
                                 cordage_tick_fn fn, void *user);

/* ---- The fleet ------------------------------------------------------------- */

/* A message from the bot in some worker to the bot in all of them. `message` is borrowed
 * for the call, with a NUL behind it. */
typedef struct cordage_broadcast_info {
    uint32_t from; /* worker; 0 in a process that runs alone */
    cordage_str message;
} cordage_broadcast_info;
typedef void (*cordage_broadcast_fn)(cordage_client *c,
                                     const cordage_broadcast_info *broadcast, void *user);
/* Called on a handler thread (the control loop with handler_threads 0), for one message
 * after another in the order in which they came in. Returns as cordage_on_<event>. [any
 * thread] */
CORDAGE_EXPORT int cordage_on_broadcast(cordage_client *c, cordage_broadcast_fn fn,
                                        void *user);
/* Sends a message (UTF-8, at most 256 KiB, with NULs inside refused) to the bot in every
 * worker, this one included; in a process that runs alone to itself. Messages from one
 * sender stay in order. One that is under way when its receiver dies is lost: it is for
 * news, not for what must not be missed. CORDAGE_ECLOSED: before or after the run, or
 * while the supervisor is away; CORDAGE_EINVAL, CORDAGE_ELIMIT, CORDAGE_ENOMEM,
 * CORDAGE_EFULL: too many wait. [any thread] */
CORDAGE_EXPORT int cordage_broadcast(cordage_client *c, const char *message, size_t n);
/* Which worker of how many this is: 0 of 1 in a process that runs alone. [any thread] */
CORDAGE_EXPORT uint32_t cordage_worker(const cordage_client *c, uint32_t *count);

/* ---- Shards ---------------------------------------------------------------- */

typedef enum cordage_shard_state {
    CORDAGE_SHARD_WAITING,    /* for its turn to connect, or between two tries */
    CORDAGE_SHARD_CONNECTING, /* up to HELLO, and for its identify slot */
    CORDAGE_SHARD_IDENTIFYING,
    CORDAGE_SHARD_RESUMING,
    CORDAGE_SHARD_READY,
    CORDAGE_SHARD_STOPPED /* refused for good, or stopped */
} cordage_shard_state;
/* "waiting" and so on, "unknown" for what is none; never NULL. [any thread] */
CORDAGE_EXPORT const char *cordage_shard_state_name(cordage_shard_state state);

typedef struct cordage_shard_info {
    uint32_t id, count;
    cordage_shard_state state;
    size_t guilds, guilds_available;
    bool loading;           /* guilds of READY are still coming in */
    bool paused;            /* its event queue is full */
    uint32_t latency_ms;    /* of the last heartbeat; 0: none yet */
    uint64_t last_event_ms; /* ago, to the second; UINT64_MAX: none yet */
    double events_per_s;    /* over the last minute */
    uint64_t events, resumes, identifies, stalls;
    uint32_t queued; /* events that wait for handlers */
    int close_code;  /* of the last loss; 0: none; 1006: without one */
} cordage_shard_info;

/* The shard that owns this guild: (guild_id >> 22) % shard count; 0 before the count is
 * known. Source: Discord, "Gateway", "Sharding". [any thread] */
CORDAGE_EXPORT uint32_t cordage_shard_for_guild(const cordage_client *c,
                                                cordage_id guild_id);
/* The bot's own ids, from READY or, where shards resume sessions of an earlier process,
 * from what that one left; 0 before they are known. [any thread] */
CORDAGE_EXPORT cordage_id cordage_user_id(const cordage_client *c);
CORDAGE_EXPORT cordage_id cordage_application_id(const cordage_client *c);
/* The total over all processes; 0 before it is known. [any thread] */
CORDAGE_EXPORT uint32_t cordage_shard_count(const cordage_client *c);
/* Copies what is known of shard `id`. CORDAGE_ENOTFOUND: not one that runs here. [any
 * thread] */
CORDAGE_EXPORT int cordage_shard_status(const cordage_client *c, uint32_t id,
                                        cordage_shard_info *out);

typedef struct cordage_guild_total {
    uint64_t guilds;
    /* Those that run here, or in the fleet, and whose guilds are known, by a READY or
     * from the session of an earlier process: the total is whole when it is all of them.
     */
    uint32_t shards_reported;
    uint32_t shards; /* over all processes */
} cordage_guild_total;
/* How many guilds the bot is in, and how complete that is. In a worker of a fleet it is
 * the fleet's, at most some seconds old; while the supervisor is away, what was known
 * last. [any thread] */
CORDAGE_EXPORT cordage_guild_total cordage_guild_count(const cordage_client *c);

typedef struct cordage_gateway_bot {
    char url[512];
    uint32_t shards;           /* recommended */
    uint32_t total, remaining; /* identifies a day, and what is left of them */
    uint64_t reset_after_ms;
    uint32_t max_concurrency; /* identifies in 5 s */
} cordage_gateway_bot;
/* Asks GET /gateway/bot and waits for the answer, 15 s at most, before or without a
 * client: `options` needs no more than a token. Source: Discord, "Get Gateway Bot". 0 and
 * *out; else *out is zero and *error says why: CORDAGE_EAUTH, _ENET, _ETLS, _ETIMEOUT,
 * _EHTTP, _EPARSE (not Discord's answer), _EINVAL (options), _ENOMEM, _ESYSTEM;
 * CORDAGE_EDEADLOCK on a thread that runs one of the library's loops. [any thread,
 * handler] */
CORDAGE_EXPORT int cordage_get_gateway_bot(const cordage_options *options,
                                           cordage_gateway_bot *out,
                                           cordage_error *error);

#ifdef __cplusplus
}
#endif
#endif
