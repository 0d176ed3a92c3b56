/* The happy path: begin, work, commit. What can go wrong: the file was removed (it is
 * opened anew), it is damaged (set aside, and the work is done in a new one), or it can't
 * be read or written (the work fails, and the next one tries again). */
#include "database.h"

#include <errno.h>
#include <string.h>

#include "database_file.h"
#include "error.h"
#include "sql.h"

int database_open(struct database *d, const char *dir, const struct database_kind *kind,
                  const struct log *log, cordage_error *error)
{
    int err;

    d->kind = kind;
    d->log = log ? *log : (struct log){ 0 };
    snprintf(d->path, sizeof d->path, "%s/%s", dir, kind->name);
    err = database_file_open(d, error);
    if (err) {
        d->kind = NULL;
        return err;
    }
    pthread_mutex_init(&d->lock, NULL);
    return 0;
}

void database_close(struct database *d)
{
    if (!d->kind)
        return;
    sql_end(d->db);
    pthread_mutex_destroy(&d->lock);
    *d = (struct database){ 0 };
}

/* The log hears of a change for the worse or the better, not of each failure: a full disk
 * lasts, and work comes every few seconds. */
static void tell(struct database *d, int err, enum durability durability,
                 const cordage_error *error)
{
    /* Reading a full disk goes well all the time. */
    if (!err && durability == ONLY_READS && !d->reading_failed)
        return;
    if (err && err != d->failing)
        log_line(&d->log, LOG_WARN, "store: %s", error->message);
    else if (!err && d->failing)
        log_line(&d->log, LOG_INFO, "store: %s is %s again", d->path,
                 durability == ONLY_READS ? "read" : "written");
    d->failing = err;
    d->reading_failed = err && durability == ONLY_READS;
}

/* SQLite's levels. Without a WAL, NORMAL could leave a damaged file after a loss of
 * power, and FULL takes back the last commit: its journal's end is in a directory that
 * only EXTRA syncs. */
static int level_for(const struct database *d, enum durability durability)
{
    enum { NORMAL = 1, FULL, EXTRA };

    if (durability == DURABLE_NOW)
        return d->wal ? FULL : EXTRA;
    return d->wal ? NORMAL : FULL;
}

static int set_synchronous(struct database *d, enum durability durability)
{
    int wanted = level_for(d, durability), err;
    char text[32];

    if (durability == ONLY_READS || d->synchronous == wanted)
        return 0;
    snprintf(text, sizeof text, "PRAGMA synchronous=%d", wanted);
    err = sql_do(d->db, text);
    if (!err)
        d->synchronous = wanted;
    return err;
}

/* One transaction. Positive: SQLite's, negative: the work's own. */
static int attempt(struct database *d, enum durability durability,
                   int (*work)(sqlite3 *db, void *user), void *user)
{
    int err = set_synchronous(d, durability);

    errno = 0; /* SQLite doesn't note it for each failure */
    if (!err)
        err = sql_run(d->db, durability == ONLY_READS ? "BEGIN" : "BEGIN IMMEDIATE");
    if (!err)
        err = work(d->db, user);
    if (!err)
        err = sql_run(d->db, "COMMIT");
    if (err == SQLITE_READONLY && database_file_is_read_only(d))
        err = SQLITE_NOTADB;
    d->last_errno = err > 0 ? database_errno(d, err) : 0;
    /* One that can't be rolled back would make the next look like damage. */
    if (err && !sqlite3_get_autocommit(d->db) && sql_do(d->db, "ROLLBACK"))
        database_file_drop(d);
    return err;
}

static int run(struct database *d, enum durability durability,
               int (*work)(sqlite3 *db, void *user), void *user, cordage_error *error)
{
    int err = 0;

    if (d->db && database_file_is_gone(d)) {
        log_line(&d->log, LOG_WARN, "store: %s was removed; a new one begins", d->path);
        database_file_drop(d);
    }
    for (int i = 0; i < 2; i++) {
        if (!d->db) {
            err = database_file_open(d, error);
            if (err)
                return err;
        }
        err = attempt(d, durability, work, user);
        if (err <= 0)
            return err; /* the work's own verdict needs no sentence of ours */
        if (!database_is_damage(err) || !d->db)
            return database_error(d, err, error);
        err = database_file_set_aside(d, sqlite3_errstr(err), error);
        if (err)
            return err;
    }
    return error_set(error, CORDAGE_EIO,
                     "%s is damaged again as soon as it is made: the disk or its memory "
                     "may be failing",
                     d->path);
}

int database_run(struct database *d, enum durability durability,
                 int (*work)(sqlite3 *db, void *user), void *user)
{
    cordage_error error = { 0 };
    int err;

    pthread_mutex_lock(&d->lock);
    err = run(d, durability, work, user, &error);
    tell(d, error.code ? err : 0, durability, &error);
    pthread_mutex_unlock(&d->lock);
    return err;
}
