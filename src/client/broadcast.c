#include "broadcast.h"

#include "client.h"
#include "worker.h"

/* One message on its way: out, or to the handlers. */
struct broadcast {
    struct mail mail;
    struct job job;
    cordage_client *client;
    uint32_t from;
    size_t n;
    char text[]; /* with a NUL behind it */
};

static void release(struct broadcast *b)
{
    b->client->n_broadcasts--;
    free(b);
}

static void call(const struct handler *handler, void *user)
{
    const struct broadcast *b = user;
    const cordage_broadcast_info info = { .from = b->from, .message = { b->text, b->n } };

    ((cordage_broadcast_fn)handler->fn)(b->client, &info, handler->user);
}

static void run_job(struct job *job, void *context)
{
    struct broadcast *b = CONTAINER_OF(job, struct broadcast, job);

    (void)context;
    if (!b->client->stopping)
        handlers_each(&b->client->handlers, HANDLER_BROADCAST, call, b);
}

static void release_job(struct job *job)
{
    release(CONTAINER_OF(job, struct broadcast, job));
}

/* A copy, counted; NULL and *err: CORDAGE_EFULL, CORDAGE_ENOMEM. */
static struct broadcast *make(cordage_client *c, struct str message, int *err)
{
    struct broadcast *b = NULL;

    *err = CORDAGE_EFULL;
    if (++c->n_broadcasts <= LIMIT_BROADCASTS) {
        *err = CORDAGE_ENOMEM;
        b = mem_zero(sizeof *b + message.n + 1);
    }
    if (!b) {
        c->n_broadcasts--;
        return NULL;
    }
    b->client = c;
    b->n = message.n;
    if (message.n)
        memcpy(b->text, message.p, message.n);
    list_init(&b->mail.link);
    /* A lane of their own: one after another, and beside everything else. */
    b->job = (struct job){ .run = run_job, .release = release_job, .key = UINT64_MAX };
    *err = 0;
    return b;
}

void broadcast_take(cordage_client *c, uint32_t from, struct str message)
{
    struct broadcast *b;
    int err;

    if (!handlers_has(&c->handlers, HANDLER_BROADCAST) || c->phase >= CLIENT_STOPPING)
        return;
    b = make(c, message, &err);
    if (!b) {
        log_line(&c->log, LOG_WARN, "a broadcast of worker %u is dropped: %s", from,
                 cordage_strerror(err));
        return;
    }
    b->from = from;
    client_push(c, &b->job);
}

static void run_out(struct mail *mail)
{
    struct broadcast *b = CONTAINER_OF(mail, struct broadcast, mail);
    struct str message = { b->text, b->n };
    cordage_client *c = b->client;
    int err = 0;

    if (c->worker)
        err = worker_broadcast(c->worker, message);
    else
        broadcast_take(c, 0, message);
    if (err)
        log_line(&c->log, LOG_WARN, "a broadcast is dropped: %s", cordage_strerror(err));
    release(b);
}

static bool is_running(cordage_client *c)
{
    bool running;

    pthread_mutex_lock(&c->lock);
    running = c->phase != CLIENT_NEW && c->phase < CLIENT_STOPPING;
    pthread_mutex_unlock(&c->lock);
    return running && (!c->worker || worker_has_link(c->worker));
}

int cordage_broadcast(cordage_client *c, const char *message, size_t n)
{
    struct broadcast *b;
    int err;

    if (n && (!message || memchr(message, '\0', n)))
        return CORDAGE_EINVAL;
    if (n > LIMIT_BROADCAST)
        return CORDAGE_ELIMIT;
    if (!is_running(c))
        return CORDAGE_ECLOSED;
    b = make(c, (struct str){ message, n }, &err);
    if (!b)
        return err;
    b->mail.run = run_out;
    err = client_post(c, &b->mail);
    if (err)
        release(b);
    return err;
}
