/* store_ops.h - who keeps a store: the table that store.h's functions lead to. */
#ifndef STORE_STORE_OPS_H
#define STORE_STORE_OPS_H

#include "store.h"

/* The first member of every store. Each function is its namesake in store.h; what can be
 * said of arguments alone has been seen to. */
struct store {
    const struct store_ops *ops;
};
struct store_ops {
    void (*close)(struct store *s);
    const char *(*dir)(const struct store *s);
    int (*save_sessions)(struct store *s, const struct store_identity *who,
                         const struct store_session *rows, size_t n, bool exact);
    int (*load_sessions)(struct store *s, const struct store_identity *who,
                         uint32_t count, uint32_t first, uint32_t last,
                         void (*each)(void *user, const struct store_session *row),
                         void *user);
    int (*forget_session)(struct store *s, uint32_t shard_id, uint32_t shard_count);
    int (*book_identify)(struct store *s, uint64_t wall, uint32_t shard_id,
                         uint32_t shard_count);
    int (*load_identifies)(struct store *s, uint64_t since,
                           void (*each)(void *user, uint64_t wall, uint32_t shard_id,
                                        uint32_t shard_count),
                           void *user);
    int (*save_plan)(struct store *s, struct str plan);
    int (*load_plan)(struct store *s, struct buf *out);
    int (*snapshot_save)(struct store *s, const struct store_snapshot *head,
                         const struct store_packed *guilds, size_t n);
    int (*snapshot_load)(struct store *s, struct store_snapshot *head,
                         int (*each)(void *user, uint64_t guild_id, struct str bytes),
                         void *user);
    int (*snapshot_drop)(struct store *s, uint32_t shard_id, uint32_t shard_count);
};

/* Whether a row is what store_save_sessions takes. */
bool store_session_is_sound(const struct store_session *row);

#endif
