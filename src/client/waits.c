#include "waits.h"

#include "client.h"
#include "loop_mark.h"

/* Owned by those who have a part in its end: the mail that arms it, its end on the
 * control loop, and who waits for it, if that is a thread. */
struct wait {
    struct link link;      /* on waits.pending, until it has ended */
    struct wait *next_met; /* while events are matched */
    cordage_client *client;
    cordage_event_type type;
    cordage_match_fn match; /* NULL: any event of the type will do */
    void *match_user;
    uint32_t timeout_ms;
    cordage_wait_fn done; /* NULL: a thread waits */
    void *user;
    struct mail arm_mail, end_mail;
    struct timer timer;
    struct job job;
    pthread_cond_t is_over; /* of a thread */
    /* Under waits.lock: */
    unsigned refs;
    bool ended; /* by whom is settled: `err` and `event` stand */
    bool over;  /* a thread that waits may go on */
    int err;
    const cordage_event *event; /* held */
};

void waits_init(struct waits *w)
{
    *w = (struct waits){ 0 };
    pthread_mutex_init(&w->lock, NULL);
    pthread_mutex_init(&w->matching, NULL);
    list_init(&w->pending);
}

void waits_release(struct waits *w)
{
    pthread_mutex_destroy(&w->matching);
    pthread_mutex_destroy(&w->lock);
}

bool waits_want(const struct waits *w, cordage_event_type type)
{
    return atomic_load_explicit(&w->counts[type], memory_order_relaxed) > 0;
}

static void unref(struct wait *wait)
{
    struct waits *w = &wait->client->waits;
    bool last;

    pthread_mutex_lock(&w->lock);
    last = --wait->refs == 0;
    pthread_mutex_unlock(&w->lock);
    if (!last)
        return;
    cordage_unref(wait->event);
    pthread_cond_destroy(&wait->is_over);
    free(wait);
}

/* ---- How it ends ----------------------------------------------------------------------
 */

/* With the lock held. */
static void end(struct waits *w, struct wait *wait, int err)
{
    wait->ended = true;
    wait->err = err;
    list_remove(&wait->link);
    w->counts[wait->type]--;
}

/* Whoever was first has ended it. */
static bool try_end(struct wait *wait, int err)
{
    struct waits *w = &wait->client->waits;
    bool mine;

    pthread_mutex_lock(&w->lock);
    mine = !wait->ended;
    if (mine)
        end(w, wait, err);
    pthread_mutex_unlock(&w->lock);
    return mine;
}

static void run_done(struct job *job, void *context)
{
    struct wait *wait = CONTAINER_OF(job, struct wait, job);

    (void)context;
    wait->done(wait->client, wait->event, wait->err, wait->user);
}

static void release_done(struct job *job)
{
    unref(CONTAINER_OF(job, struct wait, job));
}

static void wake(struct wait *wait)
{
    struct waits *w = &wait->client->waits;

    pthread_mutex_lock(&w->lock);
    wait->over = true;
    pthread_cond_signal(&wait->is_over);
    pthread_mutex_unlock(&w->lock);
}

/* On the control loop, or where there is none any more. */
static void finish(struct wait *wait)
{
    cordage_client *c = wait->client;

    if (c->host)
        c->host->disarm(c->host, &wait->timer);
    if (wait->done) {
        client_push(c, &wait->job);
        return;
    }
    wake(wait);
    unref(wait);
}

static void run_end(struct mail *mail)
{
    finish(CONTAINER_OF(mail, struct wait, end_mail));
}

/* No `match` is running when this returns. */
static void let_matching_end(struct waits *w)
{
    pthread_mutex_lock(&w->matching);
    pthread_mutex_unlock(&w->matching);
}

static void on_timeout(struct timer *timer)
{
    struct wait *wait = CONTAINER_OF(timer, struct wait, timer);

    if (!try_end(wait, CORDAGE_ETIMEOUT))
        return; /* its end is in the mail */
    let_matching_end(&wait->client->waits);
    finish(wait);
}

void waits_close(struct waits *w)
{
    struct link ended;
    struct link *link;

    list_init(&ended);
    pthread_mutex_lock(&w->lock);
    w->closed = true;
    while (!list_is_empty(&w->pending)) {
        struct wait *wait = CONTAINER_OF(w->pending.next, struct wait, link);

        end(w, wait, CORDAGE_ECLOSED);
        list_insert(&ended, &wait->link);
    }
    pthread_mutex_unlock(&w->lock);
    let_matching_end(w);
    while ((link = list_pop(&ended)))
        finish(CONTAINER_OF(link, struct wait, link));
}

/* ---- Events
 * --------------------------------------------------------------------------------
 */

/* Those that wait for this type, as a chain. Nobody else can free them meanwhile: who
 * ends one waits until matching is over. */
static struct wait *candidates(struct waits *w, cordage_event_type type)
{
    struct wait *first = NULL, **last = &first;

    pthread_mutex_lock(&w->lock);
    for (struct link *at = w->pending.next; at != &w->pending; at = at->next) {
        struct wait *wait = CONTAINER_OF(at, struct wait, link);

        if (wait->type != type)
            continue;
        *last = wait;
        last = &wait->next_met;
    }
    *last = NULL;
    pthread_mutex_unlock(&w->lock);
    return first;
}

static bool has_ended(struct waits *w, const struct wait *wait)
{
    bool ended;

    pthread_mutex_lock(&w->lock);
    ended = wait->ended;
    pthread_mutex_unlock(&w->lock);
    return ended;
}

/* Hands the event over. What a thread waits for is there at once; the timer and `done`
 * are the control loop's. */
static void meet(struct wait *wait, const cordage_event *event)
{
    struct host *host = wait->client->host;
    const cordage_event *kept = cordage_event_ref(event);

    if (!try_end(wait, kept ? 0 : CORDAGE_ENOMEM)) {
        cordage_unref(kept);
        return;
    }
    wait->event = kept;
    if (!wait->done)
        wake(wait);
    host->post(host, &wait->end_mail);
}

void waits_match(struct waits *w, const cordage_event *event)
{
    struct wait *next;

    pthread_mutex_lock(&w->matching);
    for (struct wait *wait = candidates(w, event->type); wait; wait = next) {
        next = wait->next_met;
        if (has_ended(w, wait))
            continue;
        if (!wait->match || wait->match(event, wait->match_user))
            meet(wait, event);
    }
    pthread_mutex_unlock(&w->matching);
}

/* ---- How it begins
 * ---------------------------------------------------------------------------
 */

/* On the control loop. */
static void run_arm(struct mail *mail)
{
    struct wait *wait = CONTAINER_OF(mail, struct wait, arm_mail);
    cordage_client *c = wait->client;
    struct host *host = c->host;

    if (wait->timeout_ms && !has_ended(&c->waits, wait))
        host->arm(host, &wait->timer, host->now(host) + wait->timeout_ms);
    unref(wait);
}

static struct wait *wait_new(cordage_client *c, cordage_event_type type)
{
    struct wait *wait = mem_zero(sizeof *wait);

    if (!wait)
        return NULL;
    wait->client = c;
    wait->type = type;
    list_init(&wait->link);
    list_init(&wait->arm_mail.link);
    list_init(&wait->end_mail.link);
    wait->arm_mail.run = run_arm;
    wait->end_mail.run = run_end;
    wait->timer.fire = on_timeout;
    wait->job.run = run_done;
    wait->job.release = release_done;
    wait->job.key = (uintptr_t)wait; /* a lane of its own */
    pthread_cond_init(&wait->is_over, NULL);
    return wait;
}

/* From here on it can end. Its mail is posted first, so that it comes before any other of
 * its own. */
static int begin(struct wait *wait)
{
    struct waits *w = &wait->client->waits;
    int err;

    pthread_mutex_lock(&w->lock);
    err = w->closed ? CORDAGE_ECLOSED : client_post(wait->client, &wait->arm_mail);
    if (!err) {
        wait->refs += 2; /* the mail's and the end's */
        list_insert(&w->pending, &wait->link);
        w->counts[wait->type]++;
    }
    pthread_mutex_unlock(&w->lock);
    return err;
}

int cordage_wait_for(cordage_client *c, cordage_event_type type, cordage_match_fn match,
                     void *match_user, uint32_t timeout_ms, cordage_wait_fn done,
                     void *user)
{
    struct wait *wait;
    int err;

    if (type >= CORDAGE_N_EVENTS || !done)
        return CORDAGE_EINVAL;
    wait = wait_new(c, type);
    if (!wait)
        return CORDAGE_ENOMEM;
    wait->match = match;
    wait->match_user = match_user;
    wait->timeout_ms = timeout_ms;
    wait->done = done;
    wait->user = user;
    wait->refs = 1; /* ours, until it has begun */
    err = begin(wait);
    unref(wait);
    return err;
}

int cordage_wait_for_sync(cordage_client *c, cordage_event_type type,
                          cordage_match_fn match, void *match_user, uint32_t timeout_ms,
                          const cordage_event **out)
{
    struct wait *wait;
    int err;

    *out = NULL;
    if (type >= CORDAGE_N_EVENTS)
        return CORDAGE_EINVAL;
    if (loop_is_marked())
        return CORDAGE_EDEADLOCK;
    wait = wait_new(c, type);
    if (!wait)
        return CORDAGE_ENOMEM;
    wait->match = match;
    wait->match_user = match_user;
    wait->timeout_ms = timeout_ms;
    wait->refs = 1;
    err = begin(wait);
    if (!err) {
        pthread_mutex_lock(&c->waits.lock);
        while (!wait->over)
            pthread_cond_wait(&wait->is_over, &c->waits.lock);
        err = wait->err;
        *out = wait->event;
        wait->event = NULL; /* it is the caller's now */
        pthread_mutex_unlock(&c->waits.lock);
    }
    unref(wait);
    return err;
}
