#include "ticks.h"

struct tick {
    struct link link; /* on client.ticks, from when its mail has run */
    struct mail mail;
    struct timer timer;
    uint64_t due; /* when it fires next */
    struct job job;
    cordage_client *client;
    struct handler *handler; /* kept */
    atomic_bool busy;        /* of the executor */
};

static void free_tick(struct tick *t)
{
    handlers_unkeep(&t->client->handlers, t->handler);
    free(t);
}

/* ---- Running ------------------------------------------------------------------- */

static void run_tick(struct job *job, void *parser)
{
    struct tick *t = CONTAINER_OF(job, struct tick, job);

    (void)parser;
    if (!t->handler->removed && !t->client->stopping)
        ((cordage_tick_fn)t->handler->fn)(t->client, t->handler->user);
}

static void release_tick(struct job *job)
{
    CONTAINER_OF(job, struct tick, job)->busy = false;
}

static void on_time(struct timer *timer)
{
    struct tick *t = CONTAINER_OF(timer, struct tick, timer);
    struct host *host = t->client->host;
    uint64_t interval = t->handler->interval_ms, now = host->now(host);

    if (!t->busy) {
        if (t->handler->removed) {
            list_remove(&t->link);
            free_tick(t);
            return;
        }
        t->busy = true;
        client_push(t->client, &t->job);
    }
    /* From deadline to deadline; what was slept through is not made up for. */
    t->due += interval;
    if (t->due <= now)
        t->due = now + interval;
    host->arm(host, timer, t->due);
}

/* ---- Coming and going ------------------------------------------------------------- */

static void run_new(struct mail *mail)
{
    struct tick *t = CONTAINER_OF(mail, struct tick, mail);
    cordage_client *c = t->client;

    if (c->phase >= CLIENT_STOPPING || c->phase == CLIENT_NEW) {
        free_tick(t);
        return;
    }
    list_insert(&c->ticks, &t->link);
    t->due = c->host->now(c->host) + t->handler->interval_ms;
    c->host->arm(c->host, &t->timer, t->due);
}

void ticks_stop(cordage_client *c)
{
    for (struct link *at = c->ticks.next; at != &c->ticks; at = at->next)
        c->host->disarm(c->host, &CONTAINER_OF(at, struct tick, link)->timer);
}

void ticks_release(cordage_client *c)
{
    struct link *link;

    ticks_stop(c);
    while ((link = list_pop(&c->ticks)))
        free_tick(CONTAINER_OF(link, struct tick, link));
}

/* Keeps the handler that has this id, which is there unless somebody has just removed it.
 */
static struct handler *keep_handler(struct handlers *h, int id)
{
    struct handler_set *set = handlers_hold(h);
    struct handler *found = NULL;

    for (size_t i = 0; i < set->n && !found; i++)
        if (set->at[i]->id == id)
            found = set->at[i];
    if (found)
        handlers_keep(h, found);
    handlers_let_go(h, set);
    return found;
}

int cordage_every(cordage_client *c, uint32_t interval_ms, cordage_tick_fn fn, void *user)
{
    struct tick *t;
    int id;

    if (!fn || interval_ms == 0)
        return CORDAGE_EINVAL;
    t = mem_zero(sizeof *t);
    if (!t)
        return CORDAGE_ENOMEM;
    id = handlers_add(&c->handlers, &(struct handler_plan){ .kind = HANDLER_TICK,
                                                            .fn = (handler_fn)fn,
                                                            .user = user,
                                                            .interval_ms = interval_ms });
    if (id > 0)
        t->handler = keep_handler(&c->handlers, id);
    if (!t->handler) {
        free(t);
        return id;
    }
    t->client = c;
    t->job.run = run_tick;
    t->job.release = release_tick;
    t->job.key = (uint64_t)id;
    t->timer.fire = on_time;
    t->mail.run = run_new;
    /* A client that has ended has no more ticks. */
    if (client_post(c, &t->mail) < 0)
        free_tick(t);
    return id;
}
