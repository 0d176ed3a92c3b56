/* cache.db: what each shard's cache held. */
#include "sql.h"
#include "store_inner.h"

static const char *const steps[] = {
    "CREATE TABLE head ("
    " shard_count INTEGER, shard_id INTEGER, format INTEGER, policy_mark INTEGER,"
    " session_mark INTEGER, seq INTEGER, saved_at INTEGER, guilds INTEGER,"
    " checksum INTEGER, PRIMARY KEY (shard_count, shard_id)) WITHOUT ROWID;"
    /* `saved` counts up, so that it is the order in which guilds were saved; an index
     * ends with it, so that a shard's rows come in that order without sorting. */
    "CREATE TABLE guild ("
    " saved INTEGER PRIMARY KEY, shard_count INTEGER, shard_id INTEGER,"
    " guild_id INTEGER, checksum INTEGER, bytes BLOB);"
    "CREATE INDEX guild_shard ON guild (shard_count, shard_id);"
    "CREATE UNIQUE INDEX guild_id ON guild (guild_id, shard_count, shard_id);",
};
const struct database_kind store_cache_kind = { "cache.db", steps, 1, 4096, 30 * 1000 };

/* Sessions end after minutes without a connection: what is older is of no use, not even
 * to a bot that went back to another number of shards. */
#define STALE_MS ((uint64_t)48 * 60 * 60 * 1000)

/* ---- Heads ----------------------------------------------------------------------------
 */

static uint32_t head_checksum(const struct store_snapshot *head, uint64_t guilds)
{
    const uint64_t numbers[] = {
        head->shard_id,     head->shard_count, head->format,   head->policy_mark,
        head->session_mark, head->seq,         head->saved_at, guilds,
    };
    struct sum s = { 0 };

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        sum_add(&s, numbers[i]);
    return s.crc;
}

static uint32_t guild_checksum(const struct store_snapshot *head, uint64_t guild_id,
                               struct str bytes)
{
    struct sum s = { 0 };

    sum_add(&s, head->shard_id);
    sum_add(&s, head->shard_count);
    sum_add(&s, guild_id);
    sum_add_str(&s, bytes);
    return s.crc;
}

enum found { FOUND_NONE, FOUND_SOUND, FOUND_DAMAGED };

/* Fills in all but the ids. */
static int read_head(sqlite3 *db, struct store_snapshot *head, uint64_t *guilds,
                     enum found *found)
{
    struct sql q;

    *found = FOUND_NONE;
    *guilds = 0;
    sql_open(&q, db,
             "SELECT format, policy_mark, session_mark, seq, saved_at, guilds, checksum"
             " FROM head WHERE shard_count = ? AND shard_id = ?");
    sql_put(&q, head->shard_count);
    sql_put(&q, head->shard_id);
    if (sql_row(&q)) {
        head->format = (uint32_t)sql_get(&q, 0);
        head->policy_mark = sql_get(&q, 1);
        head->session_mark = sql_get(&q, 2);
        head->seq = sql_get(&q, 3);
        head->saved_at = sql_get(&q, 4);
        *guilds = sql_get(&q, 5);
        *found = head_checksum(head, *guilds) == (uint32_t)sql_get(&q, 6) ? FOUND_SOUND
                                                                          : FOUND_DAMAGED;
    }
    return sql_close(&q);
}

static int write_head(sqlite3 *db, const struct store_snapshot *head, uint64_t guilds)
{
    struct sql q;

    sql_open(&q, db, "INSERT OR REPLACE INTO head VALUES (?,?,?,?,?,?,?,?,?)");
    sql_put(&q, head->shard_count);
    sql_put(&q, head->shard_id);
    sql_put(&q, head->format);
    sql_put(&q, head->policy_mark);
    sql_put(&q, head->session_mark);
    sql_put(&q, head->seq);
    sql_put(&q, head->saved_at);
    sql_put(&q, guilds);
    sql_put(&q, head_checksum(head, guilds));
    sql_row(&q);
    return sql_close(&q);
}

/* ---- Dropping -------------------------------------------------------------------------
 */

/* Deletes from both tables; the condition has two numbers. */
static int delete_both(sqlite3 *db, const char *guilds, const char *heads, uint64_t a,
                       uint64_t b)
{
    const char *const both[] = { guilds, heads };
    int err = 0;

    for (int i = 0; i < 2 && !err; i++) {
        struct sql q;

        sql_open(&q, db, both[i]);
        sql_put(&q, a);
        sql_put(&q, b);
        sql_row(&q);
        err = sql_close(&q);
    }
    return err;
}

static int drop(sqlite3 *db, void *user)
{
    const struct store_snapshot *head = user;

    return delete_both(db, "DELETE FROM guild WHERE shard_count = ? AND shard_id = ?",
                       "DELETE FROM head WHERE shard_count = ? AND shard_id = ?",
                       head->shard_count, head->shard_id);
}

/* Of all shards, when one of them begins anew: that is often enough. */
static int drop_stale(sqlite3 *db, uint64_t now)
{
    return delete_both(db,
                       "DELETE FROM guild WHERE (shard_count, shard_id) IN (SELECT"
                       " shard_count, shard_id FROM head WHERE saved_at < ?1 - ?2)",
                       "DELETE FROM head WHERE saved_at < ?1 - ?2", now, STALE_MS);
}

int dir_snapshot_drop(struct store *s, uint32_t shard_id, uint32_t shard_count)
{
    struct store_snapshot head = { .shard_id = shard_id, .shard_count = shard_count };

    return database_run(&dir_store_of(s)->cache, DURABLE_SOON, drop, &head);
}

/* ---- Saving ---------------------------------------------------------------------------
 */

struct saving {
    const struct store_snapshot *head;
    const struct store_packed *guilds;
    size_t n;
};

/* How many there are, *count, changes with it. */
static int replace_guilds(sqlite3 *db, const struct saving *all, uint64_t *count)
{
    const struct store_snapshot *head = all->head;
    struct sql out, in;
    int err, err_in;

    sql_open(&out, db,
             "DELETE FROM guild WHERE guild_id = ? AND shard_count = ? AND shard_id = ?");
    sql_open(&in, db,
             "INSERT INTO guild (shard_count, shard_id, guild_id, checksum, bytes)"
             " VALUES (?,?,?,?,?)");
    for (size_t i = 0; i < all->n && !out.err && !in.err; i++) {
        const struct store_packed *g = &all->guilds[i];

        sql_put(&out, g->guild_id);
        sql_put(&out, head->shard_count);
        sql_put(&out, head->shard_id);
        sql_row(&out);
        *count -= (uint64_t)sqlite3_changes(db);
        if (g->bytes.n == 0)
            continue;
        sql_put(&in, head->shard_count);
        sql_put(&in, head->shard_id);
        sql_put(&in, g->guild_id);
        sql_put(&in, guild_checksum(head, g->guild_id, g->bytes));
        sql_put_str(&in, g->bytes);
        sql_row(&in);
        ++*count;
    }
    err = sql_close(&out);
    err_in = sql_close(&in);
    return err ? err : err_in;
}

static bool is_more_of(const struct store_snapshot *head,
                       const struct store_snapshot *old)
{
    return old->format == head->format && old->policy_mark == head->policy_mark &&
           old->session_mark == head->session_mark;
}

static int save(sqlite3 *db, void *user)
{
    const struct saving *all = user;
    struct store_snapshot old = *all->head;
    uint64_t count;
    enum found found;
    int err = read_head(db, &old, &count, &found);

    if (err)
        return err;
    if (!all->head->whole && (found != FOUND_SOUND || !is_more_of(all->head, &old)))
        return CORDAGE_ENOTFOUND;
    if (all->head->whole) {
        count = 0;
        err = drop(db, &old);
        if (!err)
            err = drop_stale(db, all->head->saved_at);
    }
    if (!err)
        err = replace_guilds(db, all, &count);
    return err ? err : write_head(db, all->head, count);
}

int dir_snapshot_save(struct store *s, const struct store_snapshot *head,
                      const struct store_packed *guilds, size_t n)
{
    struct saving all = { head, guilds, n };

    return database_run(&dir_store_of(s)->cache, DURABLE_SOON, save, &all);
}

/* ---- Loading --------------------------------------------------------------------------
 */

struct loading {
    struct dir_store *store;
    struct store_snapshot *head;
    int (*each)(void *user, uint64_t guild_id, struct str bytes);
    void *user;
    int verdict;
    bool damaged;
};

/* *broken: not every row is what was saved. */
static int load_guilds(sqlite3 *db, struct loading *l, uint64_t expected, bool *broken)
{
    struct sql q;
    uint64_t n = 0;

    sql_open(&q, db,
             "SELECT guild_id, checksum, bytes FROM guild INDEXED BY guild_shard"
             " WHERE shard_count = ? AND shard_id = ? ORDER BY saved");
    sql_put(&q, l->head->shard_count);
    sql_put(&q, l->head->shard_id);
    *broken = false;
    while (!*broken && !l->verdict && sql_row(&q)) {
        uint64_t id = sql_get(&q, 0);
        struct str bytes = sql_get_str(&q, 2);

        *broken = guild_checksum(l->head, id, bytes) != (uint32_t)sql_get(&q, 1);
        if (!*broken)
            l->verdict = l->each(l->user, id, bytes);
        n++;
    }
    if (!l->verdict && !q.err && n != expected)
        *broken = true;
    return sql_close(&q);
}

static int note_damaged(struct loading *l)
{
    l->damaged = true;
    l->verdict = CORDAGE_ENOTFOUND;
    return 0;
}

static int load(sqlite3 *db, void *user)
{
    struct loading *l = user;
    struct store_snapshot head = *l->head;
    enum found found;
    uint64_t guilds;
    bool broken;
    int err = read_head(db, &head, &guilds, &found);

    l->verdict = CORDAGE_ENOTFOUND;
    l->damaged = false;
    if (err)
        return err;
    if (found == FOUND_DAMAGED)
        return note_damaged(l);
    if (found == FOUND_NONE || head.format > l->head->format ||
        head.policy_mark != l->head->policy_mark ||
        head.session_mark != l->head->session_mark)
        return 0;
    l->verdict = 0;
    err = load_guilds(db, l, guilds, &broken);
    if (err)
        return err;
    if (broken)
        return note_damaged(l);
    l->head->seq = head.seq;
    l->head->saved_at = head.saved_at;
    return 0;
}

/* Beside others that read and write: only what is damaged is worth holding them up. */
int dir_snapshot_load(struct store *s, struct store_snapshot *head,
                      int (*each)(void *user, uint64_t guild_id, struct str bytes),
                      void *user)
{
    struct dir_store *store = dir_store_of(s);
    struct loading l = { store, head, each, user, 0, false };
    int err = database_run(&store->cache, ONLY_READS, load, &l);

    if (!err && l.damaged) {
        log_line(&store->log, LOG_WARN,
                 "shard=%u store: its snapshot in %s is damaged and was dropped",
                 head->shard_id, store->cache.path);
        err = database_run(&store->cache, DURABLE_SOON, drop, head);
    }
    return err ? err : l.verdict;
}
