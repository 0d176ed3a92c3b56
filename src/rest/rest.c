/* The life of a request: rest_send puts it at the end of its queue and wakes the pump.
 * The pump sends what may go: the head of each queue, if its bucket and the global limit
 * let it. An answer either ends it, or, with a 429 or a lost connection, puts it back at
 * the head of its queue with a time before which it does not go; the pump runs again.
 *
 * A callback may call anything, rest_free too: so lists are not walked while one runs,
 * and the memory goes when the outermost of our own calls has returned (`depth`). */
#include "rest.h"

#include <assert.h>

#include "error.h"
#include "global.h"
#include "list.h"
#include "map.h"
#include "reply.h"
#include "route.h"
#include "user_agent.h"

enum {
    TRIES = 4,
    BACKOFF_MS = 500,      /* doubled with each try, half of it by chance */
    READS_AT_ONCE = 8,     /* of one queue */
    QUEUE_IDLE_MS = 60000, /* then it is forgotten, if its bucket is full again */
    TEXT_MAX = 512,
};

struct request {
    struct link link; /* on its queue while it waits, on `failed`, or on none */
    struct rest *rest;
    struct queue *queue;
    struct route route;
    char *method, *path; /* owned, in one block with the request */
    struct buf body;
    bool retry_safe;
    unsigned tries;
    uint64_t not_before;
    int failed; /* on `failed`: why */
    rest_done done;
    void *user;
};

/* Requests of one route and major parameter. */
struct queue {
    struct link link; /* on `active` while requests wait, else on `idle`, by last use */
    uint64_t key;
    struct link waiting;
    struct bucket bucket;
    unsigned reads, writes; /* under way */
    uint64_t used_at;
};

struct rest {
    struct host *host;
    struct http *http;
    char *api;
    const struct secret *token;
    struct json_parser *parser;
    struct global global;
    struct map queues;
    struct link active, idle;
    struct link failed; /* requests that end without having been sent */
    struct timer timer;
    size_t n_requests;
    unsigned depth;
    bool token_refused;
    bool freed;
};

static uint64_t latest(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static void enter(struct rest *r)
{
    r->depth++;
}

static void leave(struct rest *r)
{
    if (--r->depth == 0 && r->freed)
        free(r);
}

/* ---- Queues ---- */

static bool queue_is_idle(const struct queue *q)
{
    return list_is_empty(&q->waiting) && q->reads == 0 && q->writes == 0;
}

/* Puts the queue on the list where it belongs now. */
static void queue_settle(struct rest *r, struct queue *q)
{
    list_remove(&q->link);
    q->used_at = r->host->now(r->host);
    list_insert(list_is_empty(&q->waiting) ? &r->idle : &r->active, &q->link);
}

static struct queue *queue_for(struct rest *r, uint64_t key)
{
    struct queue *q = map_get(&r->queues, key);

    if (q)
        return q;
    q = mem_zero(sizeof *q);
    if (!q)
        return NULL;
    q->key = key;
    list_init(&q->link);
    list_init(&q->waiting);
    if (map_put(&r->queues, key, q) < 0) {
        free(q);
        return NULL;
    }
    queue_settle(r, q);
    return q;
}

/* Forgets queues that nobody has used for a while. The list is in the order of last use,
 * so this stops early; one whose bucket still holds it back counts as used. */
static void forget_idle(struct rest *r, uint64_t now)
{
    while (!list_is_empty(&r->idle)) {
        struct queue *q = CONTAINER_OF(r->idle.next, struct queue, link);

        if (now - q->used_at < QUEUE_IDLE_MS)
            return;
        if (!queue_is_idle(q) || bucket_free_at(&q->bucket, now) > now) {
            queue_settle(r, q);
            continue;
        }
        list_remove(&q->link);
        map_remove(&r->queues, q->key);
        free(q);
    }
}

/* ---- Ends ---- */

static void request_free(struct request *q)
{
    buf_release(&q->body);
    free(q);
}

/* Tells the caller, once. Both `q` and, if the callback frees it, the rest of `r` are
 * gone afterwards. */
static void finish(struct rest *r, struct request *q, const struct rest_answer *answer)
{
    r->n_requests--;
    q->done(q->user, answer);
    request_free(q);
}

/* Without an answer of Discord's. `why` NULL: the code says it. */
static void finish_failed(struct rest *r, struct request *q, int err, const char *why)
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

static void fail_later(struct rest *r, struct request *q, int err)
{
    q->failed = err;
    list_remove(&q->link);
    list_insert(&r->failed, &q->link);
}

/* ---- The pump ---- */

static void on_answer(void *user, const struct http_answer *a);

static int launch(struct rest *r, struct queue *q, struct request *head)
{
    struct http_request http = { .method = head->method,
                                 .body = buf_str(&head->body),
                                 .content_type = "application/json",
                                 .token = head->route.wants_token ? r->token : NULL,
                                 .at_most_once =
                                     !head->route.idempotent && !head->retry_safe };
    struct buf url = { 0 };
    int err = buf_printf(&url, "%s%s", r->api, head->path);

    if (!err)
        err = buf_zero_end(&url) ? 0 : CORDAGE_ENOMEM;
    http.url = url.p;
    if (!err)
        err = http_send(r->http, &http, on_answer, head);
    buf_release(&url);
    if (err)
        return err;
    head->tries++;
    if (head->route.is_read)
        q->reads++;
    else
        q->writes++;
    return 0;
}

/* When the head of the queue may go; UINT64_MAX: after an answer. */
static uint64_t ready_at(const struct rest *r, const struct queue *q,
                         const struct request *head, uint64_t now)
{
    if (q->writes > 0 || q->reads >= READS_AT_ONCE ||
        (q->reads > 0 && !head->route.is_read))
        return UINT64_MAX;
    return latest(head->not_before,
                  latest(bucket_free_at(&q->bucket, now),
                         global_free_at(&r->global, head->route.exempt, now)));
}

/* Sends the head of the queue, if it may go; otherwise says when. */
static bool send_head(struct rest *r, struct queue *q, uint64_t now, uint64_t *next)
{
    struct request *head = CONTAINER_OF(q->waiting.next, struct request, link);
    uint64_t at;
    int err;

    if (r->token_refused && head->route.wants_token) {
        fail_later(r, head, CORDAGE_EAUTH);
        return true;
    }
    at = ready_at(r, q, head, now);
    if (at > now || !bucket_take(&q->bucket, now)) {
        *next = at > now && at < *next ? at : *next;
        return false;
    }
    global_take(&r->global, head->route.exempt, now);
    list_remove(&head->link);
    err = launch(r, q, head);
    if (err) {
        bucket_answer(&q->bucket, &(struct bucket_headers){ 0 }, now);
        fail_later(r, head, err);
    }
    return true;
}

static void pump(struct rest *r)
{
    uint64_t now = r->host->now(r->host), next = UINT64_MAX;
    struct link *link = r->active.next;

    /* Who has sent goes to the end of the list and is met again after all others have had
     * their turn: so the global limit is shared fairly. */
    while (link != &r->active) {
        struct queue *q = CONTAINER_OF(link, struct queue, link);

        link = link->next;
        if (!send_head(r, q, now, &next))
            continue;
        queue_settle(r, q);
        if (link == &r->active)
            link = list_is_empty(&q->waiting) ? link : &q->link;
    }
    forget_idle(r, now);
    /* Before any callback, which may want to be woken earlier. */
    if (next != UINT64_MAX)
        r->host->arm(r->host, &r->timer, next);
    while (!r->freed && !list_is_empty(&r->failed)) {
        struct request *q = CONTAINER_OF(list_pop(&r->failed), struct request, link);

        finish_failed(r, q, q->failed, NULL);
    }
}

static void on_timer(struct timer *t)
{
    struct rest *r = CONTAINER_OF(t, struct rest, timer);

    enter(r);
    pump(r);
    leave(r);
}

static void wake(struct rest *r)
{
    r->host->arm(r->host, &r->timer, r->host->now(r->host));
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
    queue_settle(r, q->queue);
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
            "rest stopped for=%llus why=\"9000 refused requests in 10 minutes: at 10000 "
            "Discord bans this address. See which requests get 401, 403 or 429\"",
            (unsigned long long)(r->global.banned_until - now) / 1000);
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
        queue_settle(r, q->queue);
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
    queue_settle(r, q->queue);
    finish_failed(r, q, a->err, a->why);
}

static void on_answer(void *user, const struct http_answer *a)
{
    struct request *q = user;
    struct rest *r = q->rest;
    uint64_t now = r->host->now(r->host);

    enter(r);
    if (q->route.is_read)
        q->queue->reads--;
    else
        q->queue->writes--;
    if (a->err)
        lost(r, q, a, now);
    else
        answered(r, q, a, now);
    if (!r->freed)
        pump(r);
    leave(r);
}

/* ---- From outside ---- */

int rest_new(struct loop *loop, const struct rest_options *options, struct rest **out,
             cordage_error *error)
{
    struct http_options http = options->http;
    struct rest *r = mem_zero(sizeof *r);
    int err = CORDAGE_ENOMEM;

    *out = NULL;
    if (!r)
        return error_set(error, err, "Out of memory.");
    list_init(&r->active);
    list_init(&r->idle);
    list_init(&r->failed);
    r->host = loop_host(loop);
    r->token = options->token;
    r->timer.fire = on_timer;
    r->api = mem_copy(options->api, strlen(options->api));
    r->parser = json_parser_new();
    if (!http.user_agent)
        http.user_agent = USER_AGENT;
    if (!r->api || !r->parser)
        error_set(error, err, "Out of memory.");
    else
        err = http_new(loop, &http, &r->http, error);
    if (err) {
        rest_free(r);
        return err;
    }
    *out = r;
    return 0;
}

/* Ends all that waits: what was under way has ended already. */
static void end_waiting(struct rest *r)
{
    struct queue *q;
    struct link *link;
    size_t at = 0;

    list_join(&r->idle, &r->active);
    while (!list_is_empty(&r->idle)) {
        q = CONTAINER_OF(list_pop(&r->idle), struct queue, link);
        list_join(&r->failed, &q->waiting);
    }
    while ((link = list_pop(&r->failed)))
        finish_failed(r, CONTAINER_OF(link, struct request, link), CORDAGE_ECLOSED, NULL);
    while ((q = map_next(&r->queues, &at, NULL)))
        free(q);
    map_release(&r->queues);
}

void rest_free(struct rest *r)
{
    if (!r || r->freed)
        return;
    r->freed = true;
    enter(r);
    r->host->disarm(r->host, &r->timer);
    http_free(r->http);
    end_waiting(r);
    json_parser_free(r->parser);
    free(r->api);
    leave(r);
}

static struct request *request_new(const char *method, const char *path, struct str body)
{
    size_t method_size = strlen(method) + 1, path_size = strlen(path) + 1;
    struct request *q = calloc(1, sizeof *q + method_size + path_size);

    if (!q || buf_append_str(&q->body, body) < 0) {
        free(q);
        return NULL;
    }
    q->method = memcpy(q + 1, method, method_size);
    q->path = memcpy(q->method + method_size, path, path_size);
    return q;
}

int rest_send(struct rest *r, const char *method, const char *route, struct str body,
              bool retry_safe, rest_done done, void *user)
{
    struct request *q;

    if (r->freed)
        return CORDAGE_ECLOSED;
    if (!route_is_fine(method, str_of(route)))
        return CORDAGE_EINVAL;
    if (r->n_requests >= LIMIT_REST_QUEUE)
        return CORDAGE_EFULL;
    q = request_new(method, route, body);
    if (!q)
        return CORDAGE_ENOMEM;
    q->rest = r;
    q->route = route_of(method, str_of(route), r->host->wall(r->host));
    q->retry_safe = retry_safe;
    q->done = done;
    q->user = user;
    q->queue = queue_for(r, q->route.key);
    if (!q->queue) {
        request_free(q);
        return CORDAGE_ENOMEM;
    }
    list_insert(&q->queue->waiting, &q->link);
    queue_settle(r, q->queue);
    r->n_requests++;
    wake(r);
    return 0;
}

size_t rest_waiting(const struct rest *r)
{
    return r->n_requests;
}
