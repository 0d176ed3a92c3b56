#include "quota.h"

#include "mem.h"

struct quota_entry {
    struct link link; /* in quotas.in_order while it lives */
    uint64_t key;
    struct quota quota;
};

void quotas_init(struct quotas *q)
{
    *q = (struct quotas){ 0 };
    list_init(&q->in_order);
}

static void forget(struct quotas *q, struct quota_entry *e)
{
    map_remove(&q->by_key, e->key);
    list_remove(&e->link);
    free(e);
}

void quotas_release(struct quotas *q)
{
    while (!list_is_empty(&q->in_order))
        forget(q, CONTAINER_OF(q->in_order.next, struct quota_entry, link));
    map_release(&q->by_key);
}

/* Two at most for each new one, so that no request pays for many. */
static void forget_old(struct quotas *q, uint64_t now)
{
    for (int i = 0; i < 2 && !list_is_empty(&q->in_order); i++) {
        struct quota_entry *e = CONTAINER_OF(q->in_order.next, struct quota_entry, link);

        if (now < e->quota.ends_at)
            return;
        forget(q, e);
    }
}

struct quota *quotas_get(struct quotas *q, uint64_t key, uint64_t now)
{
    struct quota_entry *e = map_get(&q->by_key, key);

    if (e) {
        /* A new window goes to the end of the order. */
        if (now >= e->quota.ends_at) {
            list_remove(&e->link);
            list_insert(&q->in_order, &e->link);
        }
        return &e->quota;
    }
    forget_old(q, now);
    e = mem_zero(sizeof *e);
    if (!e)
        return NULL;
    e->key = key;
    list_init(&e->link);
    if (map_put(&q->by_key, key, e)) {
        free(e);
        return NULL;
    }
    list_insert(&q->in_order, &e->link);
    return &e->quota;
}
