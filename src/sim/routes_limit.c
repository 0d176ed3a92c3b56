/* routes_limit.c - how much is too much: buckets, the global limit, invalid requests. */
#include "routes_limit.h"

#include <inttypes.h>
#include <stdio.h>

enum {
    READ_LIMIT = 50, /* requests per READ_WINDOW_MS and major parameter */
    READ_WINDOW_MS = 5000,
    TYPING_LIMIT = 5,
    WEBHOOK_LIMIT = 5, /* per WEBHOOK_WINDOW_MS and webhook */
    WEBHOOK_WINDOW_MS = 2000,
    REACTION_LIMIT = 1,
    REACTION_WINDOW_MS = 250,
    DELETE_LIMIT = 5, /* and of messages that are old: */
    DELETE_OLD_LIMIT = 30,
    DELETE_OLD_WINDOW_MS = 120 * 1000,
    DELETE_OLD_MS = 14 * 24 * 3600 * 1000,
    EMOJI_LIMIT = 50,
    EMOJI_WINDOW_MS = 3600 * 1000,
    MESSAGE_WINDOW_MS = 5000,
    GLOBAL_WINDOW_MS = 1000,
    INVALID_LIMIT = 10000, /* 401, 403 and 429 answers per INVALID_WINDOW_MS */
    INVALID_WINDOW_MS = 10 * 60 * 1000
};

/* ---- Buckets -------------------------------------------------------------- */

struct bucket_size {
    uint32_t limit, window_ms;
};

/* Lifted and raised with that of messages. */
static uint32_t webhook_limit(const struct routes *r)
{
    uint32_t limit = r->config.message_limit;

    return limit && limit < WEBHOOK_LIMIT ? WEBHOOK_LIMIT : limit;
}

/* Whether the request is to delete a message that is older than 14 days. */
static bool deletes_old(const struct call *c, const struct route *route)
{
    return route->bucket == BUCKET_DELETE &&
           (c->id >> 22) + WORLD_EPOCH_MS + DELETE_OLD_MS <
               sim_wall(c->routes->sim, c->now);
}

static struct bucket_size bucket_size(const struct call *c, const struct route *route)
{
    const struct routes *r = c->routes;
    bool limits = r->config.message_limit != 0;

    switch (route->bucket) {
    case BUCKET_REACTION:
        return (struct bucket_size){ limits ? REACTION_LIMIT : 0, REACTION_WINDOW_MS };
    case BUCKET_DELETE:
        if (deletes_old(c, route))
            return (struct bucket_size){ limits ? DELETE_OLD_LIMIT : 0,
                                         DELETE_OLD_WINDOW_MS };
        return (struct bucket_size){ limits ? DELETE_LIMIT : 0, MESSAGE_WINDOW_MS };
    case BUCKET_EMOJI:
        return (struct bucket_size){ limits ? EMOJI_LIMIT : 0, EMOJI_WINDOW_MS };
    case BUCKET_MESSAGE:
        return (struct bucket_size){ r->config.message_limit, MESSAGE_WINDOW_MS };
    case BUCKET_TYPING:
        return (struct bucket_size){ TYPING_LIMIT, MESSAGE_WINDOW_MS };
    case BUCKET_READ:
        return (struct bucket_size){ READ_LIMIT, READ_WINDOW_MS };
    case BUCKET_WEBHOOK:
        return (struct bucket_size){ webhook_limit(r), WEBHOOK_WINDOW_MS };
    case BUCKET_NONE:
        break;
    }
    return (struct bucket_size){ 0, 0 };
}

static uint64_t hash_more(uint64_t h, const char *text)
{
    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * 0x100000001b3ULL;
    return h;
}

/* A bucket's name: of method and route, without the major parameter. Some routes have
 * one together. */
static uint64_t bucket_hash(const struct call *c, const struct route *route)
{
    uint64_t h = 0xcbf29ce484222325ULL ^ sim_rest_faults(c->routes->sim)->renamed;

    if (route->bucket == BUCKET_REACTION)
        return hash_more(h, "reactions");
    if (route->bucket == BUCKET_EMOJI)
        return hash_more(h, "emojis");
    if (route->bucket == BUCKET_WEBHOOK && strstr(route->path, "/messages/@original"))
        return hash_more(hash_more(h, route->method), "webhooks/messages");
    if (deletes_old(c, route))
        h = hash_more(h, "old");
    return hash_more(hash_more(h, route->method), route->path);
}

void limit_put(struct call *c, double retry_after_s, bool global)
{
    call_restart(c, 429);
    json_open(&c->out, '{');
    json_key(&c->out, "message");
    json_put_z(&c->out, "You are being rate limited.");
    json_key(&c->out, "retry_after");
    json_put_double(&c->out, retry_after_s);
    json_key(&c->out, "global");
    json_put_bool(&c->out, global);
    json_shut(&c->out, '}');
}

void call_limited(struct call *c, uint64_t wait_ms, const char *scope)
{
    limit_put(c, (double)wait_ms / 1000, false);
    call_header(c, "Retry-After", "%" PRIu64, (wait_ms + 999) / 1000);
    call_header(c, "X-RateLimit-Scope", "%s", scope);
}

void limit_write_request(const struct call *c, char out[REPORT_DETAIL])
{
    const char *pattern = c->route->path;
    size_t n = (size_t)snprintf(out, REPORT_DETAIL, "%s ", c->route->method);

    for (size_t i = 0; *pattern && n < REPORT_DETAIL; i++) {
        size_t word = strcspn(pattern, "/");
        bool is_secret = str_is((struct str){ pattern, word }, "{text}");

        n += (size_t)snprintf(out + n, REPORT_DETAIL - n, "/%s",
                              is_secret ? "{text}" : c->segments[i]);
        pattern += word + (pattern[word] == '/');
    }
}

/* A 429: `wait_ms` until it is worth asking again. */
static void answer_limited(struct call *c, uint64_t wait_ms, bool global)
{
    char request[REPORT_DETAIL], detail[REPORT_DETAIL + 32];

    limit_write_request(c, request);
    snprintf(detail, sizeof detail, "%s: %s", request,
             global ? "the global limit" : "the route's bucket");
    sim_broke(c->routes->sim, c->app, RULE_RATE_LIMIT, c->now, detail);
    limit_put(c, (double)wait_ms / 1000, global);
    call_header(c, "Retry-After", "%" PRIu64, (wait_ms + 999) / 1000);
    call_header(c, "X-RateLimit-Scope", "%s", global ? "global" : "user");
    if (global)
        call_header(c, "X-RateLimit-Global", "true");
}

bool limit_pass_global(struct call *c)
{
    struct routes *r = c->routes;
    struct quota *global = &r->global[c->app->index];

    if (!r->config.global_limit ||
        quota_take(global, r->config.global_limit, GLOBAL_WINDOW_MS, c->now))
        return true;
    answer_limited(c, global->ends_at - c->now, true);
    return false;
}

/* What limits count apart for: a channel, a guild, a webhook with its token. */
static uint64_t major(const struct call *c)
{
    uint64_t h = c->hook_id;

    for (const char *p = c->hook_id && c->text ? c->text : ""; *p; p++)
        h = (h ^ (unsigned char)*p) * 0x100000001b3ULL;
    return c->hook_id ? h : c->channel_id ? c->channel_id : c->guild ? c->guild->id : 0;
}

bool limit_pass_bucket(struct call *c, const struct route *route)
{
    struct bucket_size size = bucket_size(c, route);
    const struct sim_rest_faults *faults = sim_rest_faults(c->routes->sim);
    struct quota *q;
    int64_t skew_ms = 0;
    uint64_t left_ms;
    bool passed;

    if (!size.limit)
        return true;
    q = quotas_get(&c->routes->buckets,
                   bucket_hash(c, route) ^ major(c) ^
                       (uint64_t)(c->app ? c->app->index : 0) << 56,
                   c->now);
    if (!q) {
        call_out_of_memory(c);
        return false;
    }
    passed = quota_take(q, size.limit, size.window_ms, c->now);
    left_ms = q->ends_at - c->now;
    if (!passed && route->bucket == BUCKET_EMOJI)
        call_limited(c, left_ms, "shared");
    else if (!passed)
        answer_limited(c, left_ms, false);
    if (c->now < faults->no_headers_until)
        return passed;
    if (c->now < faults->skewed_until)
        skew_ms = faults->skew_ms;
    call_header(c, "X-RateLimit-Limit", "%u", size.limit);
    call_header(c, "X-RateLimit-Remaining", "%u", size.limit - q->used);
    call_header(c, "X-RateLimit-Reset", "%.3f",
                ((double)(sim_wall(c->routes->sim, c->now) + left_ms) + (double)skew_ms) /
                    1000);
    call_header(c, "X-RateLimit-Reset-After", "%.3f", (double)left_ms / 1000);
    call_header(c, "X-RateLimit-Bucket", "%016" PRIx64, bucket_hash(c, route));
    return passed;
}

void limit_answer_banned(struct call *c)
{
    uint64_t left_ms = c->routes->invalid.ends_at - c->now;

    buf_clear(&c->answer->body);
    c->answer->status = 429;
    c->answer->content_type = "text/html; charset=UTF-8";
    if (buf_append_z(&c->answer->body,
                     "<!DOCTYPE html><title>Access denied</title>"
                     "<h1>Error 1015</h1><p>You are being rate limited.\n"))
        c->answer->content_type = NULL;
    call_header(c, "Retry-After", "%" PRIu64, (left_ms + 999) / 1000);
}

void limit_count_invalid(struct call *c)
{
    int status = c->answer->status;

    if (status == 401 || status == 403 ||
        (status == 429 &&
         !str_is(sim_answer_header(c->answer, "X-RateLimit-Scope"), "shared")))
        quota_take(&c->routes->invalid, UINT32_MAX, INVALID_WINDOW_MS, c->now);
}

bool limit_is_banned(const struct call *c)
{
    const struct quota *invalid = &c->routes->invalid;

    return c->now < invalid->ends_at && invalid->used >= INVALID_LIMIT;
}
