#include "lru.h"

#include <stdlib.h>

#include "error.h"

enum { FIRST_SIZE = 64 };

struct lru_node {
    struct lru_key key;
    uint32_t older, newer; /* the ring: the head's `newer` is the oldest */
    uint32_t chain;        /* the next of its bucket, or of the free ones */
    uint32_t written_at;
};

void lru_init(struct lru *l, cordage_policy policy)
{
    *l = (struct lru){ .policy = policy };
    l->is_on = policy.keep == CORDAGE_KEEP_LRU || policy.keep == CORDAGE_KEEP_TTL;
    pthread_mutex_init(&l->lock, NULL);
}

void lru_release(struct lru *l)
{
    free(l->nodes);
    free(l->buckets);
    pthread_mutex_destroy(&l->lock);
    *l = (struct lru){ .is_on = false };
}

/* ---- The table: locked ------------------------------------------------------------ */

/* The place that names the bucket's first node. */
static uint32_t *bucket_of(const struct lru *l, struct lru_key key)
{
    uint64_t h = (key.guild_id ^ key.guild_id >> 32) * 0xff51afd7ed558ccdULL ^ key.id;

    h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53ULL;
    return &l->buckets[(h ^ h >> 29) & (l->size - 1)];
}

/* The place that names the key's node; what it names is 0 if there is none. */
static uint32_t *find(const struct lru *l, struct lru_key key)
{
    uint32_t *at = bucket_of(l, key);

    while (*at &&
           (l->nodes[*at].key.id != key.id || l->nodes[*at].key.guild_id != key.guild_id))
        at = &l->nodes[*at].chain;
    return at;
}

static void unlink_node(struct lru *l, uint32_t i)
{
    struct lru_node *node = &l->nodes[i];

    l->nodes[node->older].newer = node->newer;
    l->nodes[node->newer].older = node->older;
}

static void make_newest(struct lru *l, uint32_t i)
{
    uint32_t last = l->nodes[0].older;

    l->nodes[i].older = last;
    l->nodes[i].newer = 0;
    l->nodes[last].newer = i;
    l->nodes[0].older = i;
}

/* All nodes into new buckets. */
static void rehash(struct lru *l)
{
    for (uint32_t i = l->nodes[0].newer; i; i = l->nodes[i].newer) {
        uint32_t *bucket = bucket_of(l, l->nodes[i].key);

        l->nodes[i].chain = *bucket;
        *bucket = i;
    }
}

static int grow(struct lru *l)
{
    uint32_t size = l->size ? l->size * 2 : FIRST_SIZE;
    uint32_t *buckets = calloc(size, sizeof *buckets);
    struct lru_node *nodes = NULL;

    if (size && buckets)
        nodes = realloc(l->nodes, size * sizeof *nodes);
    if (!nodes) {
        free(buckets);
        return CORDAGE_ENOMEM;
    }
    if (!l->nodes)
        nodes[0] = (struct lru_node){ .older = 0 };
    for (uint32_t i = size - 1; i >= (l->size ? l->size : 1); i--) {
        nodes[i] = (struct lru_node){ .chain = l->free };
        l->free = i;
    }
    free(l->buckets);
    l->nodes = nodes;
    l->buckets = buckets;
    l->size = size;
    rehash(l);
    return 0;
}

static void drop(struct lru *l, uint32_t *at)
{
    uint32_t i = *at;

    unlink_node(l, i);
    *at = l->nodes[i].chain;
    l->nodes[i].chain = l->free;
    l->free = i;
    l->n--;
}

/* A new key's node, or 0. */
static uint32_t add(struct lru *l, struct lru_key key)
{
    uint32_t i, *bucket;

    if (!l->free && grow(l) < 0)
        return 0;
    i = l->free;
    l->free = l->nodes[i].chain;
    bucket = bucket_of(l, key);
    l->nodes[i] = (struct lru_node){ .key = key, .chain = *bucket };
    *bucket = i;
    l->n++;
    return i;
}

static bool is_old(const struct lru *l, const struct lru_node *node, uint64_t now)
{
    uint32_t age = (uint32_t)now - node->written_at;

    /* Another thread's clock may have been read a second later than this one's. */
    return age < UINT32_MAX / 2 && age >= l->policy.n;
}

/* ---- The contract ----------------------------------------------------------------- */

int lru_write(struct lru *l, struct lru_key key, uint64_t now, bool *full)
{
    uint32_t i;

    if (!l->is_on)
        return 0;
    pthread_mutex_lock(&l->lock);
    i = l->n ? *find(l, key) : 0;
    if (i)
        unlink_node(l, i);
    else
        i = add(l, key);
    if (i) {
        l->nodes[i].written_at = (uint32_t)now;
        make_newest(l, i);
        if (l->policy.keep == CORDAGE_KEEP_LRU && l->n > l->policy.n)
            *full = true;
    }
    pthread_mutex_unlock(&l->lock);
    return i ? 0 : CORDAGE_ENOMEM;
}

void lru_read(struct lru *l, struct lru_key key)
{
    uint32_t i;

    if (!l->is_on || l->policy.keep != CORDAGE_KEEP_LRU)
        return;
    pthread_mutex_lock(&l->lock);
    i = l->n ? *find(l, key) : 0;
    if (i) {
        unlink_node(l, i);
        make_newest(l, i);
    }
    pthread_mutex_unlock(&l->lock);
}

bool lru_has(struct lru *l, struct lru_key key)
{
    bool has;

    if (!l->is_on)
        return true;
    pthread_mutex_lock(&l->lock);
    has = l->n && *find(l, key);
    pthread_mutex_unlock(&l->lock);
    return has;
}

bool lru_is_fresh(struct lru *l, struct lru_key key, uint64_t now)
{
    uint32_t i;
    bool fresh;

    if (!l->is_on || l->policy.keep != CORDAGE_KEEP_TTL)
        return true;
    pthread_mutex_lock(&l->lock);
    i = l->n ? *find(l, key) : 0;
    fresh = i && !is_old(l, &l->nodes[i], now);
    pthread_mutex_unlock(&l->lock);
    return fresh;
}

void lru_forget(struct lru *l, struct lru_key key)
{
    uint32_t *at;

    if (!l->is_on)
        return;
    pthread_mutex_lock(&l->lock);
    if (l->n) {
        at = find(l, key);
        if (*at)
            drop(l, at);
    }
    pthread_mutex_unlock(&l->lock);
}

bool lru_pop(struct lru *l, uint64_t now, struct lru_key *key)
{
    bool found = false;

    if (!l->is_on)
        return false;
    pthread_mutex_lock(&l->lock);
    if (l->n) {
        struct lru_node *oldest = &l->nodes[l->nodes[0].newer];

        found = l->policy.keep == CORDAGE_KEEP_LRU ? l->n > l->policy.n
                                                   : is_old(l, oldest, now);
        if (found) {
            *key = oldest->key;
            drop(l, find(l, oldest->key));
        }
    }
    pthread_mutex_unlock(&l->lock);
    return found;
}

size_t lru_bytes(struct lru *l)
{
    size_t n;

    pthread_mutex_lock(&l->lock);
    n = l->size * (sizeof *l->nodes + sizeof *l->buckets);
    pthread_mutex_unlock(&l->lock);
    return n;
}
