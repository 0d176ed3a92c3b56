/* sql.h - one SQL statement: its values, its rows, and an error that sticks.
 *
 *     sql_open(&q, db, "SELECT seq FROM head WHERE shard_id = ?");
 *     sql_put(&q, shard_id);
 *     while (sql_row(&q))
 *         seq = sql_get(&q, 0);
 *     return sql_close(&q);
 *
 * A statement stays compiled on its connection for the next time, but a PRAGMA. So no two
 * with the same text may be open at one time, and a connection is closed by sql_end.
 *
 * After an error every call does nothing; sql_close returns it: one of SQLite's codes,
 * which are positive. */
#ifndef STORE_SQL_H
#define STORE_SQL_H

#include <sqlite3.h>

#include "str.h"

struct sql {
    sqlite3_stmt *stmt;
    int err;
    int n_put;
    bool is_kept; /* on the connection */
};

void sql_open(struct sql *q, sqlite3 *db, const char *text);
/* The next value. Bytes are borrowed until sql_row returns false. */
void sql_put(struct sql *q, uint64_t value);
void sql_put_str(struct sql *q, struct str value);
/* The next row. False: there is none, or none any more; then values may be put again for
 * another run. */
bool sql_row(struct sql *q);
/* Of the row, whatever type the column has. Bytes are borrowed until the next call for
 * this statement. */
uint64_t sql_get(struct sql *q, int column);
struct str sql_get_str(struct sql *q, int column);
int sql_close(struct sql *q);

/* The whole of a statement without values, which stays compiled. */
int sql_run(sqlite3 *db, const char *text);
/* Closes the connection, with what it has kept. NULL is fine. */
int sql_end(sqlite3 *db);

/* A statement, or several, without values and rows. */
int sql_do(sqlite3 *db, const char *text);
/* The number in the first row's first column, or `otherwise`. For pragmas. */
uint64_t sql_number(sqlite3 *db, const char *text, uint64_t otherwise);

#endif
