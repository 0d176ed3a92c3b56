#include "request.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "notices.h"
#include "route.h"

static struct request *request_of(struct answer *a)
{
    return CONTAINER_OF(a, struct request, answer);
}

static void release(struct answer *a)
{
    buf_release(&a->body);
    free(request_of(a));
}

/* ---- Making it ------------------------------------------------------------------ */

/* The first id in the path: what a request is about has its lane. */
static uint64_t key_of(const char *path)
{
    uint64_t key = 0;

    while (*path && (*path < '0' || *path > '9'))
        path++;
    for (; *path >= '0' && *path <= '9'; path++)
        key = key * 10 + (uint64_t)(*path - '0');
    return key;
}

struct request *request_new(cordage_client *c, const char *method, cordage_result_fn done,
                            void *user, const char *path, ...)
{
    va_list args;
    struct request *r;
    int n;

    va_start(args, path);
    n = vsnprintf(NULL, 0, path, args);
    va_end(args);
    r = n < 0 ? NULL : mem_zero(sizeof *r + (size_t)n + 1);
    if (!r) {
        answer_refuse(done, user, CORDAGE_ENOMEM);
        return NULL;
    }
    va_start(args, path);
    vsnprintf(r->path, (size_t)n + 1, path, args);
    va_end(args);
    r->method = method;
    list_init(&r->mail.link);
    answer_init(&r->answer, c, done, user, key_of(r->path), release);
    return r;
}

void request_open(struct request *r)
{
    if (!r)
        return;
    json_begin(&r->body, &r->answer.body);
    json_open(&r->body, '{');
}

void request_shut(struct request *r)
{
    if (!r)
        return;
    json_shut(&r->body, '}');
    json_end(&r->body);
}

void request_nonce(cordage_client *c, char nonce[REQUEST_NONCE_SIZE])
{
    pthread_mutex_lock(&c->lock);
    snprintf(nonce, REQUEST_NONCE_SIZE, "%016llx",
             (unsigned long long)rng_next(&c->nonces));
    pthread_mutex_unlock(&c->lock);
}

/* ---- Its answer: on the control loop --------------------------------------------- */

/* Exactly once for each request. */
static void finish(struct request *r, int err, const char *why)
{
    cordage_client *c = r->answer.client;

    if (err)
        answer_fail(&r->answer, err, why);
    if (err && !r->answer.done)
        client_warn(c, err, "a request that nobody waits for failed: %s",
                    r->answer.message);
    answer_give(&r->answer, NULL);
    pthread_mutex_lock(&c->lock);
    c->n_requests--;
    pthread_mutex_unlock(&c->lock);
    client_request_done(c);
}

static void on_answer(void *user, const struct rest_answer *answer)
{
    struct request *r = user;

    client_look_at_answer(r->answer.client, answer);
    buf_clear(&r->answer.body);
    r->answer.status = answer->status;
    /* It has been done, so that an answer that cannot be kept is no failure of it. */
    if (r->answer.done && buf_append_str(&r->answer.body, answer->body) < 0)
        buf_clear(&r->answer.body);
    finish(r, answer->err, answer->message);
}

/* ---- On its way ----------------------------------------------------------------------
 */

static void run_send(struct mail *mail)
{
    struct request *r = CONTAINER_OF(mail, struct request, mail);
    cordage_client *c = r->answer.client;
    int err = CORDAGE_ECLOSED;

    if (c->rest)
        err = rest_send(c->rest, r->method, r->path, buf_str(&r->answer.body),
                        r->retry_safe, on_answer, r);
    if (err) {
        buf_clear(&r->answer.body);
        finish(r, err, c->rest ? cordage_strerror(err) : "the client has stopped");
    }
}

/* Takes a place among the requests. */
static int admit(cordage_client *c)
{
    int err = 0;

    pthread_mutex_lock(&c->lock);
    if (c->phase >= CLIENT_ENDING)
        err = CORDAGE_ECLOSED;
    else if (c->n_requests >= LIMIT_REST_QUEUE)
        err = CORDAGE_EFULL;
    else
        c->n_requests++;
    pthread_mutex_unlock(&c->lock);
    return err;
}

static int submit(struct answer *a)
{
    struct request *r = request_of(a);
    cordage_client *c = a->client;
    int err = admit(c);

    if (err)
        return err;
    r->mail.run = run_send;
    err = client_post(c, &r->mail);
    if (err) {
        pthread_mutex_lock(&c->lock);
        c->n_requests--;
        pthread_mutex_unlock(&c->lock);
    }
    return err;
}

int request_send(struct request *r)
{
    int err = 0;

    if (!r)
        return CORDAGE_ENOMEM;
    if (r->body.err)
        err = r->body.err;
    else if (!route_is_fine(r->method, str_of(r->path)))
        err = CORDAGE_EINVAL;
    if (!err)
        return answer_ask(&r->answer, submit);
    answer_refuse(r->answer.done, r->answer.user, err);
    release(&r->answer);
    return err;
}
