/* cordage_create_message: from any thread to the control loop, from there to Discord, and
 * the answer to a handler's thread. */
#include <stdio.h>
#include <string.h>

#include "client.h"
#include "json_write.h"

enum {
    CONTENT_MAX = 2000, /* characters */
    NONCE_SIZE = 17
};

/* One message, from the call until its answer has been handled. */
struct request {
    struct mail mail;
    struct job job;
    cordage_client *client;
    cordage_id channel_id;
    cordage_result_fn done; /* NULL: nobody asks */
    void *user;
    struct buf body; /* of the request, then of the answer */
    int err;
    long status;
    char message[256];
};

static void free_request(struct request *r)
{
    buf_release(&r->body);
    free(r);
}

/* ---- The answer ----------------------------------------------------------------------
 */

static void run_done(struct job *job, void *parser)
{
    struct request *r = CONTAINER_OF(job, struct request, job);
    cordage_result result = { .err = r->err, .status = r->status, .message = r->message };

    if (r->body.n && json_parse(parser, buf_str(&r->body), &result.data) < 0)
        result.data = (cordage_json){ NULL, 0 };
    r->done(r->client, &result, r->user);
}

static void release_done(struct job *job)
{
    free_request(CONTAINER_OF(job, struct request, job));
}

/* Exactly once for each request. On the control loop. */
static void finish(struct request *r, int err, const char *why)
{
    cordage_client *c = r->client;
    bool asked = r->done != NULL;

    r->err = err;
    snprintf(r->message, sizeof r->message, "%s", why);
    if (err && !asked)
        log_line(&c->log, LOG_WARN, "channel=%llu a message was not created: %s",
                 (unsigned long long)r->channel_id, r->message);
    if (asked)
        client_push(c, &r->job);
    else
        free_request(r);
    pthread_mutex_lock(&c->lock);
    c->n_requests--;
    pthread_mutex_unlock(&c->lock);
    client_request_done(c);
}

static void on_answer(void *user, const struct rest_answer *answer)
{
    struct request *r = user;
    int err = answer->err;

    client_look_at_answer(r->client, answer);
    buf_clear(&r->body);
    r->status = answer->status;
    /* The message is there, so that an answer that cannot be kept is no failure of it. */
    if (r->done && buf_append_str(&r->body, answer->body) < 0)
        buf_clear(&r->body);
    finish(r, err, answer->message);
}

/* ---- The request
 * ----------------------------------------------------------------------- */

static void run_send(struct mail *mail)
{
    struct request *r = CONTAINER_OF(mail, struct request, mail);
    cordage_client *c = r->client;
    char route[64];
    int err = CORDAGE_ECLOSED;

    snprintf(route, sizeof route, "/channels/%llu/messages",
             (unsigned long long)r->channel_id);
    /* Safe to repeat: Discord creates one message for a nonce that is enforced. */
    if (c->rest)
        err = rest_send(c->rest, "POST", route, buf_str(&r->body), true, on_answer, r);
    if (err) {
        buf_clear(&r->body);
        finish(r, err, c->rest ? cordage_strerror(err) : "the client has stopped");
    }
}

static int write_body(struct buf *out, const char *content, const char *nonce)
{
    struct json_writer w;

    json_begin(&w, out);
    json_open(&w, '{');
    json_key(&w, "content");
    json_put_z(&w, content);
    json_key(&w, "nonce");
    json_put_z(&w, nonce);
    json_key(&w, "enforce_nonce");
    json_put_bool(&w, true);
    json_shut(&w, '}');
    return json_end(&w);
}

/* Takes a place among the requests, and a nonce. */
static int admit(cordage_client *c, char nonce[NONCE_SIZE])
{
    int err = 0;

    pthread_mutex_lock(&c->lock);
    if (c->phase >= CLIENT_ENDING)
        err = CORDAGE_ECLOSED;
    else if (c->n_requests >= LIMIT_REST_QUEUE)
        err = CORDAGE_EFULL;
    else
        c->n_requests++;
    snprintf(nonce, NONCE_SIZE, "%016llx", (unsigned long long)rng_next(&c->nonces));
    pthread_mutex_unlock(&c->lock);
    return err;
}

static void dismiss(cordage_client *c)
{
    pthread_mutex_lock(&c->lock);
    c->n_requests--;
    pthread_mutex_unlock(&c->lock);
}

int cordage_create_message(cordage_client *c, cordage_id channel_id, const char *content,
                           cordage_result_fn done, void *user)
{
    char nonce[NONCE_SIZE];
    struct request *r;
    int err;

    if (!channel_id || !content || !*content ||
        str_characters(str_of(content)) > CONTENT_MAX)
        return CORDAGE_EINVAL;
    err = admit(c, nonce);
    if (err)
        return err;
    r = mem_zero(sizeof *r);
    if (!r || write_body(&r->body, content, nonce) < 0) {
        dismiss(c);
        if (r)
            free_request(r);
        return CORDAGE_ENOMEM;
    }
    list_init(&r->mail.link);
    r->mail.run = run_send;
    r->job.run = run_done;
    r->job.release = release_done;
    r->job.key = channel_id;
    r->client = c;
    r->channel_id = channel_id;
    r->done = done;
    r->user = user;
    err = client_post(c, &r->mail);
    if (err) {
        dismiss(c);
        free_request(r);
    }
    return err;
}
