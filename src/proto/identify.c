/* One queue per key, ordered by shard. A key is free when no grant of it is open and
 * its window has passed; of the free keys the lowest shard that is ready goes first.
 * In front of all stands what the ledger allows: at zero nobody goes. */
#include "identify.h"

#include <assert.h>
#include <stdlib.h>

#include "error.h"
#include "limits.h"

enum { WINDOW_MS = GATEWAY_IDENTIFY_MS + IDENTIFY_MARGIN_MS };

struct identify_key {
    struct link queue;  /* WAITING and READY tickets, lowest shard first */
    uint64_t n;         /* how many */
    uint64_t n_granted; /* of this key; over 1 only after max_concurrency fell */
    uint64_t free_at;   /* when the window of the last IDENTIFY ends */
};

static struct identify_ticket *ticket_of(const struct link *link)
{
    return CONTAINER_OF(link, struct identify_ticket, link);
}

static uint32_t key_number(const struct identify_queue *q, uint32_t shard_id)
{
    return shard_id % q->max_concurrency;
}

static struct identify_key *key_of(const struct identify_queue *q,
                                   const struct identify_ticket *t)
{
    return &q->keys[key_number(q, t->shard_id)];
}

static uint32_t concurrency_within_limits(uint32_t max_concurrency)
{
    if (max_concurrency < 1)
        return 1;
    return max_concurrency < LIMIT_SHARDS ? max_concurrency : LIMIT_SHARDS;
}

static struct identify_key *keys_new(uint32_t n)
{
    struct identify_key *keys = calloc(n, sizeof *keys);

    for (uint32_t i = 0; keys && i < n; i++)
        list_init(&keys[i].queue);
    return keys;
}

int identify_init(struct identify_queue *q, uint32_t max_concurrency)
{
    *q = (struct identify_queue){
        .max_concurrency = concurrency_within_limits(max_concurrency),
        .allowed = UINT64_MAX,
        .more_at = UINT64_MAX,
    };
    list_init(&q->granted);
    q->keys = keys_new(q->max_concurrency);
    return q->keys ? 0 : CORDAGE_ENOMEM;
}

static void idle_all(struct link *tickets)
{
    struct link *link;

    while ((link = list_pop(tickets)))
        ticket_of(link)->state = TICKET_IDLE;
}

void identify_release(struct identify_queue *q)
{
    if (!q->keys)
        return;
    for (uint32_t i = 0; i < q->max_concurrency; i++)
        idle_all(&q->keys[i].queue);
    idle_all(&q->granted);
    free(q->keys);
    *q = (struct identify_queue){ 0 };
}

static bool is_before(const struct identify_ticket *a, const struct identify_ticket *b)
{
    return a->shard_id != b->shard_id ? a->shard_id < b->shard_id
                                      : a->shard_count < b->shard_count;
}

/* Into its key's queue, by shard. Shards mostly ask in order, so look from the end. */
static void enqueue(struct identify_queue *q, struct identify_ticket *t)
{
    struct identify_key *key = key_of(q, t);
    struct link *at = &key->queue;

    while (at->prev != &key->queue && is_before(t, ticket_of(at->prev)))
        at = at->prev;
    list_insert(at, &t->link);
    key->n++;
}

/* Moves the tickets into the queues of another max_concurrency. Which of the new keys
 * the recent IDENTIFYs count for is not worth remembering for a change this rare: every
 * key waits until the last window has passed. */
static int rebuild(struct identify_queue *q, uint32_t max_concurrency)
{
    struct identify_queue old = *q;
    struct identify_key *keys = keys_new(max_concurrency);
    uint64_t free_at = 0;

    if (!keys)
        return CORDAGE_ENOMEM;
    q->keys = keys;
    q->max_concurrency = max_concurrency;
    for (uint32_t i = 0; i < old.max_concurrency; i++) {
        struct link *link;

        while ((link = list_pop(&old.keys[i].queue)))
            enqueue(q, ticket_of(link));
        if (old.keys[i].free_at > free_at)
            free_at = old.keys[i].free_at;
    }
    for (uint32_t i = 0; i < max_concurrency; i++)
        keys[i].free_at = free_at;
    for (struct link *at = q->granted.next; at != &q->granted; at = at->next)
        key_of(q, ticket_of(at))->n_granted++;
    free(old.keys);
    return 0;
}

int identify_concurrency(struct identify_queue *q, uint32_t max_concurrency)
{
    max_concurrency = concurrency_within_limits(max_concurrency);
    return max_concurrency == q->max_concurrency ? 0 : rebuild(q, max_concurrency);
}

void identify_allow(struct identify_queue *q, uint64_t n, uint64_t more_at)
{
    q->allowed = n;
    q->more_at = more_at;
}

void identify_elsewhere(struct identify_queue *q, uint32_t shard_id, uint64_t at)
{
    struct identify_key *key = &q->keys[key_number(q, shard_id)];

    if (at + WINDOW_MS > key->free_at)
        key->free_at = at + WINDOW_MS;
}

bool identify_is_wanted(const struct identify_queue *q)
{
    for (uint32_t i = 0; i < q->max_concurrency; i++)
        if (q->keys[i].n)
            return true;
    return false;
}

void identify_ask(struct identify_queue *q, struct identify_ticket *t, uint32_t shard_id,
                  uint32_t shard_count)
{
    if (t->state != TICKET_IDLE)
        return;
    t->shard_id = shard_id;
    t->shard_count = shard_count;
    t->state = TICKET_WAITING;
    enqueue(q, t);
}

void identify_ready(struct identify_queue *q, struct identify_ticket *t)
{
    (void)q;
    if (t->state == TICKET_WAITING)
        t->state = TICKET_READY;
}

void identify_sent(struct identify_queue *q, struct identify_ticket *t, uint64_t now)
{
    struct identify_key *key;

    if (t->state != TICKET_GRANTED)
        return;
    key = key_of(q, t);
    list_remove(&t->link);
    t->state = TICKET_IDLE;
    key->n_granted--;
    q->n_granted--;
    key->free_at = now + WINDOW_MS;
}

void identify_cancel(struct identify_queue *q, struct identify_ticket *t, uint64_t now)
{
    switch (t->state) {
    case TICKET_IDLE:
        break;
    case TICKET_WAITING:
    case TICKET_READY:
        list_remove(&t->link);
        key_of(q, t)->n--;
        t->state = TICKET_IDLE;
        break;
    case TICKET_GRANTED:
        identify_sent(q, t, now); /* perhaps it did: nobody can know */
        break;
    }
}

static struct identify_ticket *first_ready(const struct identify_key *key)
{
    for (struct link *at = key->queue.next; at != &key->queue; at = at->next)
        if (ticket_of(at)->state == TICKET_READY)
            return ticket_of(at);
    return NULL;
}

struct identify_ticket *identify_next(struct identify_queue *q, uint64_t now)
{
    struct identify_ticket *best = NULL;

    if (!q->allowed)
        return NULL;
    for (uint32_t i = 0; i < q->max_concurrency; i++) {
        const struct identify_key *key = &q->keys[i];
        struct identify_ticket *t;

        if (key->n_granted || key->free_at > now)
            continue;
        t = first_ready(key);
        if (t && (!best || is_before(t, best)))
            best = t;
    }
    if (!best)
        return NULL;
    list_remove(&best->link);
    list_insert(&q->granted, &best->link);
    key_of(q, best)->n--;
    key_of(q, best)->n_granted++;
    q->n_granted++;
    if (q->allowed != UINT64_MAX)
        q->allowed--;
    best->state = TICKET_GRANTED;
    return best;
}

/* How many tickets of all keys go before the one at place `place` of `key`. */
static uint64_t rank_of(const struct identify_queue *q, const struct identify_key *key,
                        uint64_t place)
{
    uint64_t rank = 0;

    for (uint32_t i = 0; i < q->max_concurrency; i++) {
        /* In one round each key sends one, lower keys first. */
        uint64_t most = place + (&q->keys[i] < key);

        rank += q->keys[i].n < most ? q->keys[i].n : most;
    }
    return rank;
}

uint64_t identify_eta(const struct identify_queue *q, const struct identify_ticket *t,
                      uint64_t now)
{
    const struct identify_key *key;
    uint64_t place = 0, at;

    if (t->state != TICKET_WAITING && t->state != TICKET_READY)
        return UINT64_MAX;
    key = key_of(q, t);
    for (const struct link *l = t->link.prev; l != &key->queue; l = l->prev)
        place++;
    at = key->free_at > now ? key->free_at : now;
    if (key->n_granted && at < now + WINDOW_MS)
        at = now + WINDOW_MS;
    at += place * WINDOW_MS;
    if (q->more_at > at && rank_of(q, key, place) >= q->allowed)
        at = q->more_at;
    return at;
}

uint64_t identify_deadline(const struct identify_queue *q, uint64_t now)
{
    uint64_t at = UINT64_MAX;

    for (uint32_t i = 0; i < q->max_concurrency; i++) {
        const struct identify_key *key = &q->keys[i];

        if (!key->n_granted && key->free_at < at && first_ready(key))
            at = key->free_at;
    }
    if (at == UINT64_MAX)
        return UINT64_MAX;
    if (!q->allowed && q->more_at > at)
        at = q->more_at;
    return at > now ? at : now;
}
