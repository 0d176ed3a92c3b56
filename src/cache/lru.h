/* lru.h - which objects of a kind were touched last, over the whole process.
 *
 * One per kind that is not kept forever. It knows keys, not objects: in the order in
 * which they were touched, and when each was. LRU: those that are too many; TTL: those
 * that are too old.
 *
 * It has a lock of its own, the innermost: nothing else is locked while it is held. So
 * each function is [any thread]. A zeroed one, or one of a kind that is kept forever or
 * never, does nothing. */
#ifndef CACHE_LRU_H
#define CACHE_LRU_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cordage/cache.h"

struct lru_key {
    uint64_t guild_id; /* 0: a user */
    uint64_t id;
};

struct lru_node;

struct lru {
    pthread_mutex_t lock;
    cordage_policy policy;
    struct lru_node *nodes; /* the first is the head of the order's ring */
    uint32_t *buckets;      /* by the key's hash: a node, then along its chain */
    uint32_t size;          /* of both; 0 or a power of two */
    uint32_t n;             /* keys */
    uint32_t free;          /* nodes without a key, along their chain; 0: none */
    bool is_on;
};

/* Of a kind with that policy. */
void lru_init(struct lru *l, cordage_policy policy);
void lru_release(struct lru *l);

/* Written: the key is now the last one, at `now` (seconds). CORDAGE_ENOMEM: a new key
 * that isn't remembered. *full is set if there are too many now, else left alone. */
int lru_write(struct lru *l, struct lru_key key, uint64_t now, bool *full);
/* Read: it moves to the end where the policy is LRU, if it is there. */
void lru_read(struct lru *l, struct lru_key key);
/* Whether it is there. True where nothing is remembered. */
bool lru_has(struct lru *l, struct lru_key key);
/* Whether it may still be found: not so when it is too old, or not there. True where the
 * policy is not TTL. */
bool lru_is_fresh(struct lru *l, struct lru_key key, uint64_t now);
void lru_forget(struct lru *l, struct lru_key key);
/* Takes off the next one that is too many or too old. Its object is still there. */
bool lru_pop(struct lru *l, uint64_t now, struct lru_key *key);
/* Bytes allocated. */
size_t lru_bytes(struct lru *l);

#endif
