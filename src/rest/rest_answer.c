#include "rest_inner.h"

#include "reply.h"

enum {
    TRIES = 4,
    BACKOFF_MS = 500, /* doubled with each try, half of it by chance */
    TEXT_MAX = 512,
};

/* ---- Ends ---- */

void rest_request_free(struct request *q)
{
    buf_release(&q->body);
    free(q);
}

/* Tells the caller, once. Afterwards `q` is gone, and perhaps all of `r` but itself. */
static void finish(struct rest *r, struct request *q, const struct rest_answer *answer)
{
    r->n_requests--;
    q->done(q->user, answer);
    rest_request_free(q);
}

void rest_finish_failed(struct rest *r, struct request *q, int err, const char *why)
{
    char text[TEXT_MAX];
    struct rest_answer answer = { .err = err, .message = text };

    if (err == CORDAGE_EAUTH)
        snprintf(
            text, sizeof text,
            "Discord has refused the token (401): %s was not sent, so as not to get the "
            "address banned.",
            q->route.name);
    else
        snprintf(text, sizeof text, "%s failed: %s.", q->route.name,
                 why && *why ? why : cordage_strerror(err));
    finish(r, q, &answer);
}

/* The bot's token is wrong, and not one that the path brought along. */
static bool is_refusal(const struct request *q, const struct http_answer *a)
{
    return a->status == 401 && q->route.wants_token;
}

static void finish_answered(struct rest *r, struct request *q,
                            const struct http_answer *a, const struct reply *reply)
{
    char text[TEXT_MAX] = "", code[32] = "";
    struct rest_answer answer = {
        .status = a->status, .code = reply->code, .message = text, .body = a->body
    };

    if (a->status < 200 || a->status >= 300) {
        answer.err = is_refusal(q, a) ? CORDAGE_EAUTH : CORDAGE_EHTTP;
        if (reply->code)
            snprintf(code, sizeof code, " (code %d)", reply->code);
        snprintf(text, sizeof text, "Discord answered %s with HTTP %ld%s%s%s.",
                 q->route.name, a->status, reply->text[0] ? ": " : "", reply->text, code);
    }
    finish(r, q, &answer);
}

/* ---- Answers ---- */

static bool may_repeat(const struct request *q)
{
    return (q->route.idempotent || q->retry_safe) && q->tries < TRIES;
}

static void send_again(struct rest *r, struct request *q, uint64_t at)
{
    q->not_before = at;
    list_insert(q->queue->waiting.next, &q->link); /* it was before all of these */
    rest_queue_settle(r, q->queue);
}

static void back_off(struct rest *r, struct request *q, uint64_t now, const char *why)
{
    uint64_t ms = (uint64_t)BACKOFF_MS << (q->tries - 1);

    ms = ms / 2 + r->host->random(r->host) % (ms / 2);
    log_line(&r->host->log, LOG_INFO,
             "rest route=\"%s\" again in=%llums try=%u why=\"%s\"", q->route.name,
             (unsigned long long)ms, q->tries + 1, why);
    send_again(r, q, now + ms);
}

static void count_refused(struct rest *r, uint64_t now)
{
    if (global_refused(&r->global, now))
        log_line(
            &r->host->log, LOG_ERROR,
            "rest stopped for=%llus why=\"%u refused requests in 10 minutes%s: at 10000 "
            "Discord bans this address. See which requests get 401, 403 or 429\"",
            (unsigned long long)(r->global.banned_until - now) / 1000,
            r->global.refused_max,
            r->global.refused_max < GLOBAL_REFUSED_MAX ? ", this worker's share" : "");
}

/* 429: the request waits, and with it whatever else the limit holds for. */
static void limited(struct rest *r, struct request *q, const struct reply *reply,
                    uint64_t now)
{
    log_line(&r->host->log, LOG_WARN,
             "rest route=\"%s\" limited scope=%s retry_after=%.3fs", q->route.name,
             reply_limit_name(reply->limit), reply->retry_after_s);
    if (reply->limit == REPLY_BANNED)
        global_banned(&r->global, reply->retry_after_s, now);
    else if (reply->limit == REPLY_LIMITED_GLOBAL)
        global_limited(&r->global, reply->retry_after_s, now);
    else
        bucket_limited(&q->queue->bucket, reply->retry_after_s, now);
    q->tries--; /* it has not been tried at all */
    send_again(r, q, now);
}

static void answered(struct rest *r, struct request *q, const struct http_answer *a,
                     uint64_t now)
{
    struct reply reply;

    reply_read(a, r->parser, &reply);
    bucket_answer(&q->queue->bucket, &reply.bucket, now);
    if (reply.counts)
        count_refused(r, now);
    if (a->status == 429) {
        limited(r, q, &reply, now);
    } else if (a->status >= 500 && may_repeat(q)) {
        back_off(r, q, now, reply.text[0] ? reply.text : "5xx");
    } else {
        if (is_refusal(q, a) && !r->token_refused) {
            r->token_refused = true;
            log_line(&r->host->log, LOG_ERROR,
                     "rest token refused: 401 from %s; it is not used again",
                     q->route.name);
        }
        rest_queue_settle(r, q->queue);
        finish_answered(r, q, a, &reply);
    }
}

static void lost(struct rest *r, struct request *q, const struct http_answer *a,
                 uint64_t now)
{
    bool transient = a->err == CORDAGE_ENET || a->err == CORDAGE_ETIMEOUT;

    bucket_answer(&q->queue->bucket, &(struct bucket_headers){ 0 }, now);
    if (!r->freed && transient && (may_repeat(q) || (a->unsent && q->tries < TRIES))) {
        back_off(r, q, now, a->why);
        return;
    }
    rest_queue_settle(r, q->queue);
    rest_finish_failed(r, q, a->err, a->why);
}

void rest_on_answer(void *user, const struct http_answer *a)
{
    struct request *q = user;
    struct rest *r = q->rest;
    uint64_t now = r->host->now(r->host);

    rest_enter(r);
    if (q->route.is_read)
        q->queue->reads--;
    else
        q->queue->writes--;
    if (a->err)
        lost(r, q, a, now);
    else
        answered(r, q, a, now);
    if (!r->freed)
        rest_pump(r);
    rest_leave(r);
}
