/* settings.h - what a bot runs with: options, else the environment, else defaults.
 *
 * Made once, before anything starts, and not changed afterwards: any thread may read
 * it. Every wrong option is named in one error, each with its fix, so that nobody
 * mends one to learn of the next. Nothing is connected to; files are looked at. */
#ifndef CLIENT_SETTINGS_H
#define CLIENT_SETTINGS_H

#include "cordage/cordage.h"
#include "env.h"
#include "inflate.h"
#include "log.h"
#include "secret.h"

#define SETTINGS_API "https://discord.com/api/v10"

struct settings {
    struct secret token; /* without "Bot " */
    uint32_t intents;
    bool shards_auto;     /* ask /gateway/bot for the count... */
    uint32_t shard_count; /* ...0 until then */
    uint32_t shard_first;
    uint32_t shard_last; /* inclusive; CORDAGE_SHARD_LAST: up to the last */
    enum compression compression;
    unsigned loop_threads;    /* at least 1 */
    unsigned handler_threads; /* 0: handlers run on the loops */
    uint32_t event_queue;     /* per shard, at least 1 */
    uint32_t large_threshold; /* 0: Discord's default */
    char *api;                /* without a '/' at its end; owned, like the rest */
    char *ca_file;            /* NULL: the system's store alone */
    char *proxy;              /* NULL: none */
    char *activity;           /* NULL: none */
    bool allow_plaintext;     /* the token may go over http and ws beyond loopback */
    char *state_dir;          /* a whole path; NULL: nothing outlives the process */
    bool no_state;            /* ... because that is what was asked for */
    char *link; /* in a worker: the supervisor's socket; NULL: the bot runs alone */
    uint32_t worker, generation; /* as the supervisor started it */
    bool other_state;            /* in a worker: the option names another directory... */
    bool other_shards;           /* ...or shards: neither counts */
    uint64_t token_print;        /* a fingerprint: tells tokens apart, and tells none */
    cordage_policy cache[CORDAGE_N_KINDS]; /* none is CORDAGE_KEEP_DEFAULT */
    bool handle_signals;
    double speed;          /* of the clock: 1, but in tests */
    cordage_log_fn log_fn; /* behind settings_log */
    void *log_user;
    enum log_level log_level;
};

/* Reads `options` and the process's environment. 0, and *out is to be released; else
 * CORDAGE_EINVAL (or _ENOMEM), *out is released already and *error has the sentences. */
int settings_from(const cordage_options *options, struct settings *out,
                  cordage_error *error);
/* The same with an environment of the caller's. */
int settings_make(const cordage_options *options, const struct env *env,
                  struct settings *out, cordage_error *error);
void settings_release(struct settings *s);
/* Where log lines go: options.log, or stderr. Borrows `s`, which must not move. */
struct log settings_log(struct settings *s);

#endif
