/* state.db: sessions, the identify ledger and the plan. */
#include <string.h>

#include "ledger.h"
#include "sql.h"
#include "store_inner.h"

static const char *const steps[] = {
    "CREATE TABLE session ("
    " shard_count INTEGER, shard_id INTEGER,"
    " token_print INTEGER, intents INTEGER, api_version INTEGER,"
    " encoding BLOB, compression BLOB,"
    " session_id BLOB, resume_url BLOB, received INTEGER, done INTEGER,"
    " snapshot_seq INTEGER, user_id INTEGER, application_id INTEGER, saved_at INTEGER,"
    " guilds BLOB, checksum INTEGER,"
    " PRIMARY KEY (shard_count, shard_id));"
    "CREATE TABLE identify (wall INTEGER, shard_id INTEGER, shard_count INTEGER);"
    "CREATE INDEX identify_wall ON identify (wall);",
    "CREATE TABLE plan (id INTEGER PRIMARY KEY, plan BLOB);",
};
const struct database_kind store_state_kind = { "state.db", steps, 2, 4096, 3000 };

/* ---- Sessions -----------------------------------------------------------------------
 */

static struct str field(const char *p, size_t size)
{
    return (struct str){ p, strnlen(p, size) };
}

static uint32_t checksum(const struct store_identity *who,
                         const struct store_session *row)
{
    const uint64_t numbers[] = {
        row->shard_id,
        row->shard_count,
        who->token_print,
        who->intents,
        (uint64_t)who->api_version,
        row->received,
        row->done,
        row->snapshot_seq,
        row->user_id,
        row->application_id,
        row->saved_at,
    };
    struct sum s = { 0 };

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        sum_add(&s, numbers[i]);
    sum_add_str(&s, field(who->encoding, sizeof who->encoding));
    sum_add_str(&s, field(who->compression, sizeof who->compression));
    sum_add_str(&s, row->session_id);
    sum_add_str(&s, row->resume_url);
    sum_add_str(&s, row->guilds);
    return s.crc;
}

struct saving {
    const struct store_identity *who;
    const struct store_session *rows;
    size_t n;
};

static int save_sessions(sqlite3 *db, void *user)
{
    const struct saving *all = user;
    const struct store_identity *who = all->who;
    struct sql q;
    size_t i;

    sql_open(&q, db,
             "INSERT OR REPLACE INTO session VALUES"
             " (?,?, ?,?,?,?,?, ?,?,?,?,?,?,?,?, ?,?)");
    for (i = 0; i < all->n; i++) {
        const struct store_session *row = &all->rows[i];

        sql_put(&q, row->shard_count);
        sql_put(&q, row->shard_id);
        sql_put(&q, who->token_print);
        sql_put(&q, who->intents);
        sql_put(&q, (uint64_t)who->api_version);
        sql_put_str(&q, field(who->encoding, sizeof who->encoding));
        sql_put_str(&q, field(who->compression, sizeof who->compression));
        sql_put_str(&q, row->session_id);
        sql_put_str(&q, row->resume_url);
        sql_put(&q, row->received);
        sql_put(&q, row->done);
        sql_put(&q, row->snapshot_seq);
        sql_put(&q, row->user_id);
        sql_put(&q, row->application_id);
        sql_put(&q, row->saved_at);
        sql_put_str(&q, row->guilds);
        sql_put(&q, checksum(who, row));
        sql_row(&q);
    }
    return sql_close(&q);
}

int dir_save_sessions(struct store *s, const struct store_identity *who,
                      const struct store_session *rows, size_t n, bool exact)
{
    struct saving all = { who, rows, n };

    if (n == 0 && !exact)
        return 0;
    return database_run(&dir_store_of(s)->state, exact ? DURABLE_NOW : DURABLE_SOON,
                        save_sessions, &all);
}

struct loading {
    struct dir_store *store;
    const struct store_identity *who;
    uint32_t count, first, last;
    void (*each)(void *user, const struct store_session *row);
    void *user;
};

static void read_session(struct sql *q, uint32_t count, struct store_session *row)
{
    *row = (struct store_session){
        .shard_count = count,
        .shard_id = (uint32_t)sql_get(q, 0),
        .session_id = sql_get_str(q, 1),
        .resume_url = sql_get_str(q, 2),
        .received = sql_get(q, 3),
        .done = sql_get(q, 4),
        .snapshot_seq = sql_get(q, 5),
        .user_id = sql_get(q, 6),
        .application_id = sql_get(q, 7),
        .saved_at = sql_get(q, 8),
        .guilds = sql_get_str(q, 9),
    };
}

static int load_sessions(sqlite3 *db, void *user)
{
    const struct loading *l = user;
    const struct store_identity *who = l->who;
    struct store_session row;
    struct sql q;

    sql_open(&q, db,
             "SELECT shard_id, session_id, resume_url, received, done, snapshot_seq,"
             " user_id, application_id, saved_at, guilds, checksum FROM session"
             " WHERE shard_count = ? AND shard_id BETWEEN ? AND ? AND token_print = ?"
             " AND intents = ? AND api_version = ? AND encoding = ? AND compression = ?"
             " ORDER BY shard_id");
    sql_put(&q, l->count);
    sql_put(&q, l->first);
    sql_put(&q, l->last);
    sql_put(&q, who->token_print);
    sql_put(&q, who->intents);
    sql_put(&q, (uint64_t)who->api_version);
    sql_put_str(&q, field(who->encoding, sizeof who->encoding));
    sql_put_str(&q, field(who->compression, sizeof who->compression));
    while (sql_row(&q)) {
        read_session(&q, l->count, &row);
        if (store_session_is_sound(&row) &&
            checksum(who, &row) == (uint32_t)sql_get(&q, 10))
            l->each(l->user, &row);
        else
            log_line(
                &l->store->log, LOG_WARN,
                "shard=%u store: its session in %s is damaged and will not be resumed",
                row.shard_id, l->store->state.path);
    }
    return sql_close(&q);
}

int dir_load_sessions(struct store *s, const struct store_identity *who, uint32_t count,
                      uint32_t first, uint32_t last,
                      void (*each)(void *user, const struct store_session *row),
                      void *user)
{
    struct loading l = { dir_store_of(s), who, count, first, last, each, user };

    return database_run(&dir_store_of(s)->state, ONLY_READS, load_sessions, &l);
}

struct shard_name {
    uint32_t shard_id, shard_count;
};

static int forget_session(sqlite3 *db, void *user)
{
    const struct shard_name *name = user;
    struct sql q;

    sql_open(&q, db, "DELETE FROM session WHERE shard_count = ? AND shard_id = ?");
    sql_put(&q, name->shard_count);
    sql_put(&q, name->shard_id);
    sql_row(&q);
    return sql_close(&q);
}

int dir_forget_session(struct store *s, uint32_t shard_id, uint32_t shard_count)
{
    struct shard_name name = { shard_id, shard_count };

    return database_run(&dir_store_of(s)->state, DURABLE_NOW, forget_session, &name);
}

/* ---- The identify ledger --------------------------------------------------------------
 */

struct booking {
    uint64_t wall;
    struct shard_name shard;
};

static int book_identify(sqlite3 *db, void *user)
{
    const struct booking *b = user;
    struct sql q;

    sql_open(&q, db, "INSERT INTO identify VALUES (?,?,?)");
    sql_put(&q, b->wall);
    sql_put(&q, b->shard.shard_id);
    sql_put(&q, b->shard.shard_count);
    sql_row(&q);
    return sql_close(&q);
}

int dir_book_identify(struct store *s, uint64_t wall, uint32_t shard_id,
                      uint32_t shard_count)
{
    struct booking b = { wall, { shard_id, shard_count } };

    return database_run(&dir_store_of(s)->state, DURABLE_NOW, book_identify, &b);
}

struct recall {
    uint64_t since;
    void (*each)(void *user, uint64_t wall, uint32_t shard_id, uint32_t shard_count);
    void *user;
};

/* Rows by a clock that was ahead would otherwise count anew at each start, for as long
 * as it was ahead. */
static int drop_old(sqlite3 *db, void *user)
{
    const struct recall *r = user;
    struct sql q;
    int err;

    sql_open(&q, db, "DELETE FROM identify WHERE wall < ?");
    sql_put(&q, r->since);
    sql_row(&q);
    err = sql_close(&q);
    if (err)
        return err;
    sql_open(&q, db, "UPDATE identify SET wall = ?1 WHERE wall > ?1");
    sql_put(&q, r->since + LEDGER_WINDOW_MS);
    sql_row(&q);
    return sql_close(&q);
}

static int load_identifies(sqlite3 *db, void *user)
{
    const struct recall *r = user;
    struct sql q;

    /* The newest, if there are more than a ledger holds; oldest first. */
    sql_open(&q, db,
             "SELECT * FROM (SELECT wall, shard_id, shard_count FROM identify"
             " WHERE wall >= ? ORDER BY wall DESC LIMIT ?) ORDER BY wall");
    sql_put(&q, r->since);
    sql_put(&q, LIMIT_IDENTIFIES);
    while (sql_row(&q))
        r->each(r->user, sql_get(&q, 0), (uint32_t)sql_get(&q, 1),
                (uint32_t)sql_get(&q, 2));
    return sql_close(&q);
}

int dir_load_identifies(struct store *s, uint64_t since,
                        void (*each)(void *user, uint64_t wall, uint32_t shard_id,
                                     uint32_t shard_count),
                        void *user)
{
    struct recall r = { since, each, user };

    /* A full disk can't hold old rows against us: what fails here is only tidying. */
    (void)database_run(&dir_store_of(s)->state, DURABLE_SOON, drop_old, &r);
    return database_run(&dir_store_of(s)->state, ONLY_READS, load_identifies, &r);
}
