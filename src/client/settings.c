#include "settings.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>
#include <uv.h>

#include "gateway.h"
#include "limits.h"
#include "mem.h"
#include "settings_state.h"
#include "url.h"

enum {
    LOOPS_MAX = 256, /* threads: more than that is a slip of the keyboard */
    HANDLERS_MAX = 1024,
    LOOPS_DEFAULT_MAX = 4,
    EVENT_QUEUE_MAX = 1 << 20,
    ACTIVITY_MAX = 128, /* characters that Discord shows */
    LARGE_THRESHOLD_MIN = 50,
    LARGE_THRESHOLD_MAX = 250,
};

/* What is wrong so far: one line each, gathered so that all are told at once. */
struct wrong {
    char text[sizeof((cordage_error *)0)->message];
    size_t n;
    unsigned count;
    int err; /* CORDAGE_ENOMEM goes before all else */
};

__attribute__((format(printf, 2, 3))) static void add(struct wrong *w, const char *format,
                                                      ...)
{
    va_list args;
    int n;

    if (w->n + 4 < sizeof w->text) {
        w->n += (size_t)snprintf(w->text + w->n, sizeof w->text - w->n, "\n- ");
        va_start(args, format);
        n = vsnprintf(w->text + w->n, sizeof w->text - w->n, format, args);
        va_end(args);
        if (n > 0)
            w->n += (size_t)n;
        if (w->n >= sizeof w->text)
            w->n = sizeof w->text - 1;
    }
    w->count++;
}

static int tell(const struct wrong *w, cordage_error *error)
{
    if (w->err)
        return error_set(error, w->err, "Out of memory.");
    if (w->count == 1)
        return error_set(error, CORDAGE_EINVAL, "%s", w->text + 3);
    return error_set(error, CORDAGE_EINVAL, "%u settings are wrong:%s", w->count,
                     w->text);
}

static char *keep(struct wrong *w, struct str s)
{
    char *copy = mem_copy(s.p, s.n);

    if (!copy)
        w->err = CORDAGE_ENOMEM;
    return copy;
}

/* The caller may have been built against an older, shorter struct or a newer, longer one:
 * what it lacks is default, and what we do not know must be unused. */
static bool take_options(const cordage_options *given, cordage_options *o,
                         struct wrong *w)
{
    const unsigned char *bytes = (const unsigned char *)given;
    size_t least = offsetof(cordage_options, shard_count);

    *o = (cordage_options)CORDAGE_OPTIONS_INIT;
    if (given->size < least) {
        add(w, "options: begin with cordage_options o = CORDAGE_OPTIONS_INIT.");
        return false;
    }
    for (size_t i = sizeof *o; i < given->size; i++) {
        if (bytes[i] != 0) {
            add(w,
                "options: this program uses options of a libcordage newer than "
                "the %s that is installed: upgrade it.",
                CORDAGE_VERSION);
            return false;
        }
    }
    memcpy(o, given, given->size < sizeof *o ? given->size : sizeof *o);
    return true;
}

/* Nothing else may get into a request's header. */
static bool is_printable(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~')
            return false;
    return true;
}

static void check_token(struct settings *s, const char *from, struct wrong *w)
{
    struct str token = str_trim(secret_reveal(&s->token));
    struct secret bare = { 0 };
    int err;

    if (str_starts(token, STR("Bot ")) || str_is(token, "Bot"))
        token = str_trim((struct str){ token.p + 3, token.n - 3 });
    if (token.n == 0 || !is_printable(token)) {
        add(w,
            "%s: this is no token: it is empty, or has blanks or other characters in it "
            "that no token has. Copy it again from the Developer Portal (Bot, Reset "
            "Token).",
            from);
        return;
    }
    err = secret_set(&bare, token);
    if (err) {
        w->err = err;
        return;
    }
    secret_release(&s->token);
    s->token = bare;
}

/* The options' token, else the variable's, else the file's; in a worker the file goes
 * before the variable, because the supervisor has put it there. */
static void take_token(struct settings *s, const char *option, const struct env *env,
                       struct wrong *w)
{
    bool given = s->link && env->token_file;
    const char *value = option ? option : given ? NULL : env->token;
    const char *from = option ? "options.token" : "DISCORD_TOKEN";
    cordage_error error = { 0 };
    int err;

    if (value) {
        err = secret_set(&s->token, str_of(value));
        if (err == CORDAGE_ELIMIT) {
            add(w, "%s: too long to be a token.", from);
            return;
        }
    } else if (env->token_file) {
        from = "DISCORD_TOKEN_FILE";
        err = env_token_file(env->token_file, &s->token, &error);
        if (err == CORDAGE_EINVAL) {
            add(w, "%s%s", error.message,
                given ? " (`cordage run` gives it to the worker alone: a bot that a "
                        "worker starts needs a token, and no CORDAGE_LINK.)"
                      : "");
            return;
        }
    } else {
        add(w,
            "token: there is none. Set DISCORD_TOKEN, or DISCORD_TOKEN_FILE to a file "
            "that only you can read. The Developer Portal gives it (Bot, Reset Token).");
        return;
    }
    if (err)
        w->err = err;
    else
        check_token(s, from, w);
}

static void take_shards(struct settings *s, const cordage_options *o, struct wrong *w)
{
    bool part = o->shard_first != 0 || o->shard_last != CORDAGE_SHARD_LAST;

    s->shards_auto = o->shard_count == CORDAGE_SHARDS_AUTO;
    s->shard_count = o->shard_count;
    s->shard_first = o->shard_first;
    s->shard_last = o->shard_last;
    if (s->shards_auto) {
        /* Two processes that ask at different times may be told different counts. */
        if (part)
            add(w, "shard_first, shard_last: a part of the shards needs their total in "
                   "shard_count.");
    } else if (s->shard_count > LIMIT_SHARDS) {
        add(w, "shard_count: %u is over %d.", s->shard_count, LIMIT_SHARDS);
    } else if (s->shard_last != CORDAGE_SHARD_LAST && s->shard_last >= s->shard_count) {
        add(w, "shard_last: %u, but the last of %u shards is %u.", s->shard_last,
            s->shard_count, s->shard_count - 1);
    } else if (s->shard_first >= s->shard_count) {
        add(w, "shard_first: %u, but the last of %u shards is %u.", s->shard_first,
            s->shard_count, s->shard_count - 1);
    } else if (s->shard_first > s->shard_last) {
        add(w, "shard_first: %u is behind shard_last, %u.", s->shard_first,
            s->shard_last);
    }
}

static void no_shards_of_our_own(cordage_options *o)
{
    o->shard_count = CORDAGE_SHARDS_AUTO;
    o->shard_first = 0;
    o->shard_last = CORDAGE_SHARD_LAST;
}

/* Whether this is a worker. What it runs is the supervisor's to say then. */
static void take_link(struct settings *s, const cordage_options *o, const struct env *env,
                      struct wrong *w)
{
    uint64_t worker, generation;

    if (!env->link)
        return;
    if (!str_u64(str_of(env->worker), &worker) || worker >= LIMIT_WORKERS ||
        !str_u64(str_of(env->generation), &generation) || generation > UINT32_MAX ||
        !env->state_dir || !*env->state_dir) {
        add(w,
            "CORDAGE_LINK: it is set by `cordage run`, with CORDAGE_WORKER, "
            "CORDAGE_GENERATION and CORDAGE_STATE_DIR. Unset it to run the bot alone.");
        return;
    }
    s->link = keep(w, str_of(env->link));
    s->worker = (uint32_t)worker;
    s->generation = (uint32_t)generation;
    s->other_shards = o->shard_count != CORDAGE_SHARDS_AUTO;
    s->other_state = o->state_dir && strcmp(o->state_dir, env->state_dir) != 0;
}

static void take_gateway(struct settings *s, const cordage_options *o, struct wrong *w)
{
    uint32_t unknown = o->intents & ~(uint32_t)GATEWAY_ALL_INTENTS;

    s->intents = o->intents;
    if (unknown)
        add(w, "intents: Discord knows no intent 0x%x: use CORDAGE_INTENT_*.", unknown);
    switch (o->compression) {
    case CORDAGE_COMPRESS_ZLIB:
        s->compression = COMPRESS_ZLIB;
        break;
    case CORDAGE_COMPRESS_ZSTD:
        s->compression = COMPRESS_ZSTD;
        break;
    case CORDAGE_COMPRESS_NONE:
        s->compression = COMPRESS_NONE;
        break;
    default:
        add(w, "compression: %d is none of CORDAGE_COMPRESS_*.", (int)o->compression);
    }
    s->large_threshold = o->large_threshold;
    if (o->large_threshold != 0 && (o->large_threshold < LARGE_THRESHOLD_MIN ||
                                    o->large_threshold > LARGE_THRESHOLD_MAX))
        add(w, "large_threshold: %u is not within %d to %d.", o->large_threshold,
            LARGE_THRESHOLD_MIN, LARGE_THRESHOLD_MAX);
}

static void take_threads(struct settings *s, const cordage_options *o, struct wrong *w)
{
    unsigned cores = uv_available_parallelism();

    s->loop_threads = o->loop_threads;
    if (o->loop_threads == 0)
        s->loop_threads = cores < LOOPS_DEFAULT_MAX ? cores : LOOPS_DEFAULT_MAX;
    else if (o->loop_threads > LOOPS_MAX)
        add(w, "loop_threads: %u is over %d: one per core is enough.", o->loop_threads,
            LOOPS_MAX);
    s->handler_threads = o->handler_threads == -1 ? cores : (unsigned)o->handler_threads;
    if (o->handler_threads < -1 || o->handler_threads > HANDLERS_MAX)
        add(w, "handler_threads: %d is not within -1 (one per core) to %d.",
            o->handler_threads, HANDLERS_MAX);
    s->event_queue = o->event_queue ? o->event_queue : LIMIT_EVENT_QUEUE;
    if (o->event_queue > EVENT_QUEUE_MAX)
        add(w, "event_queue: %u is over %d.", o->event_queue, EVENT_QUEUE_MAX);
}

static bool is_yes(const char *name, const char *value, struct wrong *w)
{
    if (!value || strcmp(value, "0") == 0)
        return false;
    if (strcmp(value, "1") != 0)
        add(w, "%s: \"%.20s\" is neither 1 nor 0.", name, value);
    return strcmp(value, "1") == 0;
}

static void take_api(struct settings *s, const char *option, const struct env *env,
                     struct wrong *w)
{
    const char *value = option ? option : env->api;
    const char *from = option ? "options.api" : "CORDAGE_API";
    struct str api = str_trim(str_of(value ? value : SETTINGS_API));
    cordage_error error;
    struct url url;

    s->allow_plaintext = is_yes("CORDAGE_ALLOW_PLAINTEXT", env->allow_plaintext, w);
    while (str_ends(api, STR("/")))
        api.n--;
    if (url_parse(api, &url, &error) < 0)
        add(w, "%s: %s", from, error.message);
    else if (url.websocket || url.query[0])
        add(w, "%s: an address like %s is needed, https and without a query.", from,
            SETTINGS_API);
    else if (url_check_plaintext(&url, s->allow_plaintext, &error) < 0)
        add(w, "%s: %s", from, error.message);
    else
        s->api = keep(w, api);
}

static void take_files(struct settings *s, const cordage_options *o,
                       const struct env *env, struct wrong *w)
{
    const char *ca = o->ca_file && *o->ca_file ? o->ca_file : env->ca_file;
    cordage_error error;
    struct url url;

    if (ca) {
        if (access(ca, R_OK) < 0)
            add(w, "%s: cannot read %s: %s.",
                ca == env->ca_file ? "CORDAGE_CA_FILE" : "ca_file", ca, strerror(errno));
        s->ca_file = keep(w, str_of(ca));
    }
    if (o->proxy && *o->proxy) {
        if (url_parse(str_of(o->proxy), &url, &error) < 0)
            add(w, "proxy: %s", error.message);
        else if (url.tls || url.websocket || strcmp(url.path, "/") != 0 || url.query[0])
            add(w, "proxy: \"%s\" is not of the form http://host:port.", o->proxy);
        s->proxy = keep(w, str_of(o->proxy));
    }
}

/* Only of settings that are right so far: the path follows from token and shards. */
static void take_state(struct settings *s, const cordage_options *o,
                       const struct env *env, struct wrong *w)
{
    cordage_error error;
    int err = 0;

    for (unsigned i = 0; i < CORDAGE_N_KINDS; i++) {
        const char *what =
            settings_take_policy((cordage_kind)i, o->cache[i], &s->cache[i]);

        if (what)
            add(w, "cache[%s]: %s.", settings_kind_name((cordage_kind)i), what);
    }
    if (!w->count && !w->err)
        err = settings_take_state(s, s->link ? NULL : o->state_dir, env, &error);
    if (err == CORDAGE_EINVAL)
        add(w, "%s.", error.message);
    else if (err)
        w->err = err;
}

static void take_the_rest(struct settings *s, const cordage_options *o,
                          const struct env *env, struct wrong *w)
{
    char *end;

    if (o->activity && *o->activity) {
        if (str_characters(str_of(o->activity)) > ACTIVITY_MAX)
            add(w, "activity: longer than the %d characters that Discord shows.",
                ACTIVITY_MAX);
        s->activity = keep(w, str_of(o->activity));
    }
    s->handle_signals = o->handle_signals != 0;
    s->log_fn = o->log;
    s->log_user = o->log_user;
    s->log_level = (enum log_level)o->log_level;
    if (!o->log) {
        int level = env->log ? log_level_from(env->log) : LOG_WARN;

        if (level < 0)
            add(w, "CORDAGE_LOG: \"%.20s\" is none of error, warn, info, debug, trace.",
                env->log);
        s->log_level = (enum log_level)level;
    } else if (o->log_level < CORDAGE_LOG_ERROR || o->log_level > CORDAGE_LOG_TRACE) {
        add(w, "log_level: %d is none of CORDAGE_LOG_*.", (int)o->log_level);
    }
    s->speed = 1;
    if (env->test_speed) {
        s->speed = strtod(env->test_speed, &end);
        if (*end || !(s->speed > 0 && s->speed <= 1000))
            add(w,
                "CORDAGE_TEST_SPEED: \"%.20s\" is not within 0 to 1000. Unset it: it is "
                "for tests.",
                env->test_speed);
    }
}

int settings_make(const cordage_options *options, const struct env *env,
                  struct settings *out, cordage_error *error)
{
    struct wrong wrong = { 0 };
    cordage_options o;

    memset(out, 0, sizeof *out);
    if (take_options(options, &o, &wrong)) {
        take_link(out, &o, env, &wrong);
        take_token(out, o.token && *o.token ? o.token : NULL, env, &wrong);
        if (out->link)
            no_shards_of_our_own(&o);
        take_shards(out, &o, &wrong);
        take_gateway(out, &o, &wrong);
        take_threads(out, &o, &wrong);
        take_api(out, o.api && *o.api ? o.api : NULL, env, &wrong);
        take_files(out, &o, env, &wrong);
        take_the_rest(out, &o, env, &wrong);
        take_state(out, &o, env, &wrong);
    }
    if (!wrong.count && !wrong.err)
        return 0;
    settings_release(out);
    return tell(&wrong, error);
}

int settings_from(const cordage_options *options, struct settings *out,
                  cordage_error *error)
{
    struct env env;

    env_read(&env);
    return settings_make(options, &env, out, error);
}

void settings_release(struct settings *s)
{
    secret_release(&s->token);
    free(s->api);
    free(s->ca_file);
    free(s->proxy);
    free(s->activity);
    free(s->state_dir);
    free(s->link);
    memset(s, 0, sizeof *s);
}

static void write_line(void *user, enum log_level level, const char *line)
{
    const struct settings *s = user;

    if (s->log_fn)
        s->log_fn((cordage_log_level)level, line, s->log_user);
    else
        fprintf(stderr, "cordage %s %s\n", log_level_name(level), line);
}

struct log settings_log(struct settings *s)
{
    return (struct log){ .write = write_line, .user = s, .level = s->log_level };
}
