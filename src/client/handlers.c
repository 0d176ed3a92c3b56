#include "handlers.h"

#include <limits.h>

#include "error.h"
#include "mem.h"

/* All static functions are called with the lock held. */

static void unref_handler(struct handler *handler)
{
    if (--handler->refs == 0)
        free(handler);
}

static void unref_set(struct handler_set *set)
{
    if (--set->refs)
        return;
    for (size_t i = 0; i < set->n; i++)
        unref_handler(set->at[i]);
    free(set);
}

/* Makes a set of those that are not removed, and `more` unless it is NULL. */
static int renew(struct handlers *h, struct handler *more)
{
    struct handler_set *old = h->now;
    struct handler_set *set = mem_zero(sizeof *set + (old->n + 1) * sizeof set->at[0]);

    if (!set)
        return CORDAGE_ENOMEM;
    set->refs = 1;
    for (size_t i = 0; i < old->n; i++)
        if (!old->at[i]->removed)
            set->at[set->n++] = old->at[i];
    if (more)
        set->at[set->n++] = more;
    for (size_t i = 0; i < set->n; i++)
        set->at[i]->refs++;
    h->now = set;
    unref_set(old);
    return 0;
}

int handlers_init(struct handlers *h)
{
    *h = (struct handlers){ .now = mem_zero(sizeof *h->now) };
    if (!h->now)
        return CORDAGE_ENOMEM;
    h->now->refs = 1;
    pthread_mutex_init(&h->lock, NULL);
    return 0;
}

void handlers_release(struct handlers *h)
{
    if (!h->now)
        return;
    unref_set(h->now);
    pthread_mutex_destroy(&h->lock);
    h->now = NULL;
}

int handlers_add(struct handlers *h, const struct handler_plan *plan)
{
    struct handler *handler = mem_zero(sizeof *handler);
    int id = CORDAGE_ENOMEM;

    if (!handler)
        return CORDAGE_ENOMEM;
    handler->kind = plan->kind;
    handler->is_plain = plan->is_plain;
    handler->fn = plan->fn;
    handler->user = plan->user;
    handler->interval_ms = plan->interval_ms;
    atomic_init(&handler->removed, false);
    pthread_mutex_lock(&h->lock);
    handler->id = h->last_id == INT_MAX ? 1 : h->last_id + 1;
    if (renew(h, handler) == 0) {
        id = h->last_id = handler->id;
        h->counts[plan->kind]++;
    } else {
        free(handler);
    }
    pthread_mutex_unlock(&h->lock);
    return id;
}

int handlers_remove(struct handlers *h, int id)
{
    int err = CORDAGE_ENOTFOUND;

    pthread_mutex_lock(&h->lock);
    for (size_t i = 0; i < h->now->n && err; i++) {
        struct handler *handler = h->now->at[i];

        if (handler->id != id || handler->removed)
            continue;
        handler->removed = true;
        h->counts[handler->kind]--;
        /* Without memory it stays in the set, marked, until the next change. */
        renew(h, NULL);
        err = 0;
    }
    pthread_mutex_unlock(&h->lock);
    return err;
}

bool handlers_has(const struct handlers *h, unsigned kind)
{
    return atomic_load_explicit(&h->counts[kind], memory_order_relaxed) > 0;
}

bool handlers_want(const struct handlers *h, cordage_event_type kind)
{
    return handlers_has(h, kind) || handlers_has(h, HANDLER_ANY);
}

void handlers_each(struct handlers *h, unsigned kind,
                   void (*call)(const struct handler *handler, void *user), void *user)
{
    struct handler_set *set = handlers_hold(h);

    for (size_t i = 0; i < set->n; i++)
        if (set->at[i]->kind == kind && !set->at[i]->removed)
            call(set->at[i], user);
    handlers_let_go(h, set);
}

struct handler_set *handlers_hold(struct handlers *h)
{
    struct handler_set *set;

    pthread_mutex_lock(&h->lock);
    set = h->now;
    set->refs++;
    pthread_mutex_unlock(&h->lock);
    return set;
}

void handlers_let_go(struct handlers *h, struct handler_set *set)
{
    pthread_mutex_lock(&h->lock);
    unref_set(set);
    pthread_mutex_unlock(&h->lock);
}

void handlers_keep(struct handlers *h, struct handler *handler)
{
    pthread_mutex_lock(&h->lock);
    handler->refs++;
    pthread_mutex_unlock(&h->lock);
}

void handlers_unkeep(struct handlers *h, struct handler *handler)
{
    pthread_mutex_lock(&h->lock);
    unref_handler(handler);
    pthread_mutex_unlock(&h->lock);
}
