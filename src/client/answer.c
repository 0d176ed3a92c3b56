#include "answer.h"

#include <stdio.h>

#include "loop_mark.h"
#include "object.h"

static struct answer *answer_of(struct job *job)
{
    return CONTAINER_OF(job, struct answer, job);
}

static void tell(struct job *job, void *parser)
{
    struct answer *a = answer_of(job);
    cordage_result result = { .err = a->err, .status = a->status, .message = a->message };

    a->told = true;
    if (a->body.n && json_parse(parser, buf_str(&a->body), &result.data) < 0)
        result.data = (cordage_json){ NULL, 0 };
    a->done(a->client, &result, a->user);
}

/* Of a shard's jobs those that have not begun are dropped when stopping takes too long,
 * or handing it over, which is on the control loop; but an answer was promised. */
static void told(struct job *job)
{
    struct answer *a = answer_of(job);

    if (a->told) {
        a->release(a);
        return;
    }
    if (a->client->stopping) {
        buf_release(&a->body);
        answer_fail(a, CORDAGE_ECLOSED, "The client has stopped.");
    }
    client_push(a->client, &a->job);
}

void answer_init(struct answer *a, cordage_client *c, cordage_result_fn done, void *user,
                 uint64_t key, void (*release)(struct answer *a))
{
    *a = (struct answer){
        .job = { .run = tell, .release = told, .key = key },
        .client = c,
        .done = done,
        .user = user,
        .release = release,
    };
}

void answer_fail(struct answer *a, int err, const char *why)
{
    a->err = err;
    snprintf(a->message, sizeof a->message, "%s",
             why && *why ? why : cordage_strerror(err));
}

/* ---- A thread that waits --------------------------------------------------------- */

/* On that thread's stack. */
struct await {
    pthread_mutex_t lock;
    pthread_cond_t given_now;
    bool given;
};

/* A mark, not a callback: answer_ask knows it. */
void cordage_await(cordage_client *c, const cordage_result *result, void *user)
{
    (void)c, (void)result, (void)user;
}

/* One of our loops would wait for itself, and a client that nobody runs for ever. */
static int may_wait(cordage_client *c)
{
    bool is_new;

    if (loop_is_marked())
        return CORDAGE_EDEADLOCK;
    pthread_mutex_lock(&c->lock);
    is_new = c->phase == CLIENT_NEW;
    pthread_mutex_unlock(&c->lock);
    return is_new ? CORDAGE_ESTATE : 0;
}

static int submit_and_wait(struct answer *a, int (*submit)(struct answer *a))
{
    struct await w = { .lock = PTHREAD_MUTEX_INITIALIZER,
                       .given_now = PTHREAD_COND_INITIALIZER };
    int err;

    /* cppcheck-suppress autoVariables; it is answered before this returns */
    a->await = &w;
    err = submit(a);
    pthread_mutex_lock(&w.lock);
    while (!err && !w.given)
        pthread_cond_wait(&w.given_now, &w.lock);
    pthread_mutex_unlock(&w.lock);
    pthread_cond_destroy(&w.given_now);
    pthread_mutex_destroy(&w.lock);
    return err;
}

int answer_refuse(cordage_result_fn done, void *user, int err)
{
    if (done == cordage_await)
        *(cordage_result **)user = NULL;
    return err;
}

int answer_ask(struct answer *a, int (*submit)(struct answer *a))
{
    cordage_result **out = a->user;
    int err;

    if (a->done != cordage_await) {
        err = submit(a);
        if (err)
            a->release(a);
        return err;
    }
    *out = NULL;
    err = may_wait(a->client);
    if (!err)
        err = submit_and_wait(a, submit);
    if (!err) {
        *out = object_result(a->err, a->status, a->message, buf_str(&a->body));
        err = *out ? a->err : CORDAGE_ENOMEM;
    }
    a->release(a);
    return err;
}

static void wake(struct await *w)
{
    pthread_mutex_lock(&w->lock);
    w->given = true;
    pthread_cond_signal(&w->given_now);
    pthread_mutex_unlock(&w->lock);
}

/* ---- Giving it --------------------------------------------------------------------- */

bool answer_give(struct answer *a, struct lane_group *lanes)
{
    if (a->await) {
        wake(a->await);
        return true;
    }
    if (!a->done) {
        a->release(a);
        return true;
    }
    if (lanes)
        return lanes_push(lanes, &a->job);
    client_push(a->client, &a->job);
    return true;
}
