#include "store_ops.h"

void store_close(struct store *s)
{
    if (s)
        s->ops->close(s);
}

const char *store_dir(const struct store *s)
{
    return s->ops->dir(s);
}

bool store_session_is_sound(const struct store_session *row)
{
    return row->session_id.n > 0 && row->session_id.n <= LIMIT_SESSION_ID &&
           row->resume_url.n <= LIMIT_URL && row->guilds.n % STORE_GUILD_BYTES == 0 &&
           row->guilds.n / STORE_GUILD_BYTES <= LIMIT_GUILDS &&
           row->shard_id < row->shard_count;
}

int store_save_sessions(struct store *s, const struct store_identity *who,
                        const struct store_session *rows, size_t n, bool exact)
{
    for (size_t i = 0; i < n; i++)
        if (!store_session_is_sound(&rows[i]))
            return CORDAGE_EINVAL;
    return s->ops->save_sessions(s, who, rows, n, exact);
}

int store_load_sessions(struct store *s, const struct store_identity *who, uint32_t count,
                        uint32_t first, uint32_t last,
                        void (*each)(void *user, const struct store_session *row),
                        void *user)
{
    return s->ops->load_sessions(s, who, count, first, last, each, user);
}

int store_forget_session(struct store *s, uint32_t shard_id, uint32_t shard_count)
{
    return s->ops->forget_session(s, shard_id, shard_count);
}

int store_book_identify(struct store *s, uint64_t wall, uint32_t shard_id,
                        uint32_t shard_count)
{
    return s->ops->book_identify(s, wall, shard_id, shard_count);
}

int store_load_identifies(struct store *s, uint64_t since,
                          void (*each)(void *user, uint64_t wall, uint32_t shard_id,
                                       uint32_t shard_count),
                          void *user)
{
    return s->ops->load_identifies(s, since, each, user);
}

int store_save_plan(struct store *s, struct str plan)
{
    return plan.n > LIMIT_PLAN ? CORDAGE_ELIMIT : s->ops->save_plan(s, plan);
}

int store_load_plan(struct store *s, struct buf *out)
{
    return s->ops->load_plan(s, out);
}

int store_snapshot_save(struct store *s, const struct store_snapshot *head,
                        const struct store_packed *guilds, size_t n)
{
    return s->ops->snapshot_save(s, head, guilds, n);
}

int store_snapshot_load(struct store *s, struct store_snapshot *head,
                        int (*each)(void *user, uint64_t guild_id, struct str bytes),
                        void *user)
{
    return s->ops->snapshot_load(s, head, each, user);
}

int store_snapshot_drop(struct store *s, uint32_t shard_id, uint32_t shard_count)
{
    return s->ops->snapshot_drop(s, shard_id, shard_count);
}
