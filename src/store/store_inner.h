/* store_inner.h - the store that is a directory, as its own files share it. */
#ifndef STORE_STORE_INNER_H
#define STORE_STORE_INNER_H

#include "database.h"
#include "mem.h"
#include "store_ops.h"

struct dir_store {
    struct store store;
    struct log log;
    char dir[STORE_DIR_SIZE]; /* from the root, or as it was given if that isn't known */
    int lock;                 /* a descriptor; -1: none */
    struct database state, cache;
};

/* The directory's store_ops. */
int dir_save_sessions(struct store *s, const struct store_identity *who,
                      const struct store_session *rows, size_t n, bool exact);
int dir_load_sessions(struct store *s, const struct store_identity *who, uint32_t count,
                      uint32_t first, uint32_t last,
                      void (*each)(void *user, const struct store_session *row),
                      void *user);
int dir_forget_session(struct store *s, uint32_t shard_id, uint32_t shard_count);
int dir_book_identify(struct store *s, uint64_t wall, uint32_t shard_id,
                      uint32_t shard_count);
int dir_load_identifies(struct store *s, uint64_t since,
                        void (*each)(void *user, uint64_t wall, uint32_t shard_id,
                                     uint32_t shard_count),
                        void *user);
int dir_save_plan(struct store *s, struct str plan);
int dir_load_plan(struct store *s, struct buf *out);
int dir_snapshot_save(struct store *s, const struct store_snapshot *head,
                      const struct store_packed *guilds, size_t n);
int dir_snapshot_load(struct store *s, struct store_snapshot *head,
                      int (*each)(void *user, uint64_t guild_id, struct str bytes),
                      void *user);
int dir_snapshot_drop(struct store *s, uint32_t shard_id, uint32_t shard_count);

static inline struct dir_store *dir_store_of(struct store *s)
{
    return CONTAINER_OF(s, struct dir_store, store);
}

extern const struct database_kind store_state_kind, store_cache_kind;

/* A checksum over a row's fields. */
struct sum {
    uint32_t crc;
};
void sum_add(struct sum *s, uint64_t value);
void sum_add_str(struct sum *s, struct str bytes);

#endif
