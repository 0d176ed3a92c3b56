/* Stands in front of the store (ld's --wrap), and tells the judge what it saves. */
#include "judge.h"
#include "machine.h"
#include "store.h"

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's names */
int __real_store_save_sessions(struct store *s, const struct store_identity *who,
                               const struct store_session *rows, size_t n, bool exact);
int __wrap_store_save_sessions(struct store *s, const struct store_identity *who,
                               const struct store_session *rows, size_t n, bool exact);
int __real_store_snapshot_save(struct store *s, const struct store_snapshot *head,
                               const struct store_packed *guilds, size_t n);
int __wrap_store_snapshot_save(struct store *s, const struct store_snapshot *head,
                               const struct store_packed *guilds, size_t n);
int __real_store_snapshot_load(struct store *s, struct store_snapshot *head,
                               int (*each)(void *user, uint64_t guild_id,
                                           struct str bytes),
                               void *user);
int __wrap_store_snapshot_load(struct store *s, struct store_snapshot *head,
                               int (*each)(void *user, uint64_t guild_id,
                                           struct str bytes),
                               void *user);
int __real_store_book_identify(struct store *s, uint64_t wall, uint32_t shard_id,
                               uint32_t shard_count);
int __wrap_store_book_identify(struct store *s, uint64_t wall, uint32_t shard_id,
                               uint32_t shard_count);

int __wrap_store_save_sessions(struct store *s, const struct store_identity *who,
                               const struct store_session *rows, size_t n, bool exact)
{
    int err = __real_store_save_sessions(s, who, rows, n, exact);

    if (!err)
        judge_saved(vprocess_self(), rows, n);
    return err;
}

int __wrap_store_snapshot_save(struct store *s, const struct store_snapshot *head,
                               const struct store_packed *guilds, size_t n)
{
    int err = __real_store_snapshot_save(s, head, guilds, n);

    if (!err)
        judge_saved_snapshot(head);
    return err;
}

int __wrap_store_snapshot_load(struct store *s, struct store_snapshot *head,
                               int (*each)(void *user, uint64_t guild_id,
                                           struct str bytes),
                               void *user)
{
    int err = __real_store_snapshot_load(s, head, each, user);

    if (err)
        judge_has_no_snapshot(head);
    return err;
}

/* Whether the disk takes it or not: it may fail, and the IDENTIFY may go all the same. */
int __wrap_store_book_identify(struct store *s, uint64_t wall, uint32_t shard_id,
                               uint32_t shard_count)
{
    int err = __real_store_book_identify(s, wall, shard_id, shard_count);

    judge_booked(shard_id, err == 0);
    return err;
}
/* NOLINTEND(bugprone-reserved-identifier) */
