#include "rest_inner.h"

#include <string.h>

#include "error.h"
#include "mem.h"
#include "user_agent.h"

enum {
    READS_AT_ONCE = 8,     /* of one queue */
    QUEUE_IDLE_MS = 60000, /* then it is forgotten, if its bucket is full again */
};

static uint64_t latest(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* ---- Queues ---- */

static bool queue_is_idle(const struct queue *q)
{
    return list_is_empty(&q->waiting) && q->reads == 0 && q->writes == 0;
}

void rest_queue_settle(struct rest *r, struct queue *q)
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
    rest_queue_settle(r, q);
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
            rest_queue_settle(r, q);
            continue;
        }
        list_remove(&q->link);
        map_remove(&r->queues, q->key);
        free(q);
    }
}

/* It ends once the lists are not being walked. */
static void fail_later(struct rest *r, struct request *q, int err)
{
    q->failed = err;
    list_remove(&q->link);
    list_insert(&r->failed, &q->link);
}

/* ---- The pump ---- */

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
        err = http_send(r->http, &http, rest_on_answer, head);
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

void rest_pump(struct rest *r)
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
        rest_queue_settle(r, q);
        if (link == &r->active)
            link = list_is_empty(&q->waiting) ? link : &q->link;
    }
    forget_idle(r, now);
    /* Before any callback, which may want to be woken earlier. */
    if (next != UINT64_MAX)
        r->host->arm(r->host, &r->timer, next);
    while (!r->freed && !list_is_empty(&r->failed)) {
        struct request *q = CONTAINER_OF(list_pop(&r->failed), struct request, link);

        rest_finish_failed(r, q, q->failed, NULL);
    }
}

static void on_timer(struct timer *t)
{
    struct rest *r = CONTAINER_OF(t, struct rest, timer);

    rest_enter(r);
    rest_pump(r);
    rest_leave(r);
}

static void wake(struct rest *r)
{
    r->host->arm(r->host, &r->timer, r->host->now(r->host));
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
    global_init(&r->global);
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
        rest_finish_failed(r, CONTAINER_OF(link, struct request, link), CORDAGE_ECLOSED,
                           NULL);
    while ((q = map_next(&r->queues, &at, NULL)))
        free(q);
    map_release(&r->queues);
}

void rest_free(struct rest *r)
{
    if (!r || r->freed)
        return;
    r->freed = true;
    rest_enter(r);
    r->host->disarm(r->host, &r->timer);
    http_free(r->http);
    end_waiting(r);
    json_parser_free(r->parser);
    free(r->api);
    rest_leave(r);
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
        rest_request_free(q);
        return CORDAGE_ENOMEM;
    }
    list_insert(&q->queue->waiting, &q->link);
    rest_queue_settle(r, q->queue);
    r->n_requests++;
    wake(r);
    return 0;
}

void rest_set_share(struct rest *r, uint32_t per_s, uint32_t refused_max)
{
    global_set_share(&r->global, per_s, refused_max);
    wake(r);
}

size_t rest_waiting(const struct rest *r)
{
    return r->n_requests;
}
