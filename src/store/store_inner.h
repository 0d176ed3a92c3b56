/* store_inner.h - the store as its own files share it. */
#ifndef STORE_STORE_INNER_H
#define STORE_STORE_INNER_H

#include "database.h"
#include "store.h"

struct store {
    struct log log;
    char dir[STORE_DIR_SIZE]; /* from the root, or as it was given if that isn't known */
    int lock;                 /* a descriptor; -1: none */
    struct database state, cache;
};

extern const struct database_kind store_state_kind, store_cache_kind;

/* A checksum over a row's fields. */
struct sum {
    uint32_t crc;
};
void sum_add(struct sum *s, uint64_t value);
void sum_add_str(struct sum *s, struct str bytes);

#endif
