#include "sql.h"

#include <string.h>

/* One that an earlier run has left: compiling takes longer than most of them run. */
static sqlite3_stmt *find_kept(sqlite3 *db, const char *text)
{
    sqlite3_stmt *s = sqlite3_next_stmt(db, NULL);

    while (s && (sqlite3_stmt_busy(s) || strcmp(sqlite3_sql(s), text) != 0))
        s = sqlite3_next_stmt(db, s);
    return s;
}

void sql_open(struct sql *q, sqlite3 *db, const char *text)
{
    *q = (struct sql){ 0 };
    /* Some pragmas do their work when they are compiled. */
    q->is_kept = strncmp(text, "PRAGMA", 6) != 0;
    q->stmt = q->is_kept ? find_kept(db, text) : NULL;
    if (!q->stmt)
        q->err =
            sqlite3_prepare_v3(db, text, -1, q->is_kept ? SQLITE_PREPARE_PERSISTENT : 0,
                               &q->stmt, NULL);
}

static void keep_error(struct sql *q, int err)
{
    if (err && !q->err)
        q->err = err;
}

void sql_put(struct sql *q, uint64_t value)
{
    /* SQLite's numbers have a sign; all 64 bits come back as they went in. */
    if (!q->err)
        keep_error(q, sqlite3_bind_int64(q->stmt, ++q->n_put, (sqlite3_int64)value));
}

void sql_put_str(struct sql *q, struct str value)
{
    if (!q->err)
        keep_error(q, sqlite3_bind_blob64(q->stmt, ++q->n_put, value.n ? value.p : "",
                                          value.n, SQLITE_STATIC));
}

bool sql_row(struct sql *q)
{
    int err;

    if (q->err)
        return false;
    err = sqlite3_step(q->stmt);
    if (err == SQLITE_ROW)
        return true;
    if (err != SQLITE_DONE)
        keep_error(q, err);
    sqlite3_reset(q->stmt);
    sqlite3_clear_bindings(q->stmt);
    q->n_put = 0;
    return false;
}

uint64_t sql_get(struct sql *q, int column)
{
    return (uint64_t)sqlite3_column_int64(q->stmt, column);
}

struct str sql_get_str(struct sql *q, int column)
{
    const char *p = sqlite3_column_blob(q->stmt, column);

    return (struct str){ p ? p : "", (size_t)sqlite3_column_bytes(q->stmt, column) };
}

int sql_close(struct sql *q)
{
    if (q->is_kept && q->stmt) {
        sqlite3_reset(q->stmt);
        sqlite3_clear_bindings(q->stmt);
    } else {
        sqlite3_finalize(q->stmt);
    }
    q->stmt = NULL;
    return q->err;
}

int sql_run(sqlite3 *db, const char *text)
{
    struct sql q;

    sql_open(&q, db, text);
    while (sql_row(&q))
        ;
    return sql_close(&q);
}

int sql_end(sqlite3 *db)
{
    sqlite3_stmt *s;

    while (db && (s = sqlite3_next_stmt(db, NULL)))
        sqlite3_finalize(s);
    return sqlite3_close(db);
}

int sql_do(sqlite3 *db, const char *text)
{
    return sqlite3_exec(db, text, NULL, NULL, NULL);
}

uint64_t sql_number(sqlite3 *db, const char *text, uint64_t otherwise)
{
    struct sql q;
    uint64_t number = otherwise;

    sql_open(&q, db, text);
    if (sql_row(&q))
        number = sql_get(&q, 0);
    sql_close(&q);
    return number;
}
