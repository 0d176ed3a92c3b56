#include "database_file.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "error.h"
#include "limits.h"
#include "sql.h"

/* ---- What SQLite says -----------------------------------------------------------------
 */

bool database_is_damage(int err)
{
    switch (err & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    /* Our statements are fixed: if a table or column is missing, the file isn't ours. */
    case SQLITE_ERROR:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
        return true;
    default:
        return err == SQLITE_IOERR_SHORT_READ || err == SQLITE_IOERR_CORRUPTFS;
    }
}

int database_errno(struct database *d, int err)
{
    int number = d->db ? sqlite3_system_errno(d->db) : 0;

    return number == 0 && (err & 0xff) == SQLITE_IOERR ? errno : number;
}

static bool is_no_room(const struct database *d, int err)
{
    return (err & 0xff) == SQLITE_FULL || d->last_errno == ENOSPC ||
           d->last_errno == EDQUOT || d->last_errno == EFBIG;
}

int database_error(struct database *d, int err, cordage_error *error)
{
    const char *system = d->last_errno ? strerror(d->last_errno) : sqlite3_errstr(err);

    if (is_no_room(d, err))
        return error_set(
            error, CORDAGE_EIO,
            "cannot write %s: there is no room on the disk (%s); make some, it "
            "will be tried again",
            d->path, system);

    switch (err & 0xff) {
    case SQLITE_NOMEM:
        return error_set(error, CORDAGE_ENOMEM, "out of memory for %s", d->path);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return error_set(error, CORDAGE_EIO,
                         "cannot write %s: another program has it open and locked (an "
                         "sqlite3 shell?); end that one",
                         d->path);
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return error_set(error, CORDAGE_EIO,
                         "cannot open or write %s: %s; give this user the right to write "
                         "there, or set CORDAGE_STATE_DIR to another directory",
                         d->path, system);
    default:
        return error_set(error, CORDAGE_EIO,
                         "cannot read or write %s: %s; look after the disk, or set "
                         "CORDAGE_STATE_DIR to a directory on another",
                         d->path, system);
    }
}

/* ---- Closing and setting aside --------------------------------------------------------
 */

void database_file_drop(struct database *d)
{
    if (!d->db)
        return;
    /* Else closing would write the WAL into the file, and remove it. */
    sqlite3_db_config(d->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    sql_end(d->db);
    d->db = NULL;
}

bool database_file_is_read_only(struct database *d)
{
    return sqlite3_db_readonly(d->db, "main") == 1;
}

bool database_file_is_gone(struct database *d)
{
    int moved = 0;

    return sqlite3_file_control(d->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) ==
               SQLITE_OK &&
           moved;
}

static void remove_set_aside(const struct database *d)
{
    char path[STORE_PATH_SIZE + 256], prefix[64];
    struct dirent *entry;
    size_t dir_n = strlen(d->path) - strlen(d->kind->name);
    DIR *dir;

    snprintf(prefix, sizeof prefix, "%s.broken-", d->kind->name);
    snprintf(path, sizeof path, "%.*s", (int)dir_n, d->path);
    dir = opendir(path);
    if (!dir)
        return;
    while ((entry = readdir(dir))) {
        if (strncmp(entry->d_name, prefix, strlen(prefix)) != 0)
            continue;
        snprintf(path, sizeof path, "%.*s%s", (int)dir_n, d->path, entry->d_name);
        unlink(path);
    }
    closedir(dir);
}

static int set_aside(struct database *d, const char *why, cordage_error *error)
{
    char from[STORE_PATH_SIZE + 8], to[STORE_PATH_SIZE + 48], stamp[32];
    time_t now = time(NULL);
    struct tm tm;

    database_file_drop(d);
    remove_set_aside(d);
    gmtime_r(&now, &tm);
    strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", &tm);
    snprintf(to, sizeof to, "%s.broken-%s", d->path, stamp);
    if (rename(d->path, to) < 0)
        return error_set(error, CORDAGE_EIO,
                         "%s is damaged (%s) and cannot be set aside: %s; remove it",
                         d->path, why, strerror(errno));
    log_line(&d->log, LOG_WARN,
             "store: %s was damaged (%s): it is %s now, and a new one begins", d->path,
             why, to);
    snprintf(from, sizeof from, "%s-wal", d->path);
    snprintf(to, sizeof to, "%s.broken-%s-wal", d->path, stamp);
    rename(from, to);
    snprintf(from, sizeof from, "%s-shm", d->path);
    unlink(from);
    return 0;
}

/* No other process opens, makes or sets aside meanwhile. */
static int hold(const struct database *d)
{
    size_t n = strlen(d->path) - strlen(d->kind->name);
    char dir[STORE_PATH_SIZE];

    snprintf(dir, sizeof dir, "%.*s", (int)n, d->path);
    return store_dir_hold(dir);
}

static void let_go(int held)
{
    if (held >= 0)
        store_dir_unlock(held);
}

int database_file_set_aside(struct database *d, const char *why, cordage_error *error)
{
    int held = hold(d), err = 0;

    if (d->db && database_file_is_gone(d))
        database_file_drop(d);
    else
        err = set_aside(d, why, error);
    let_go(held);
    return err;
}

/* ---- Opening --------------------------------------------------------------------------
 */

/* Settings of the connection, and the first look at the file. */
static int set_up(struct database *d)
{
    char text[64];
    struct sql q;
    int err;

    sqlite3_extended_result_codes(d->db, 1);
    sqlite3_busy_timeout(d->db, d->kind->busy_ms);
    sqlite3_limit(d->db, SQLITE_LIMIT_LENGTH, LIMIT_PAYLOAD);
    sqlite3_db_config(d->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    snprintf(text, sizeof text, "PRAGMA page_size=%d", d->kind->page_bytes);
    err = sql_do(d->db, text);
    if (err)
        return err;
    sql_open(&q, d->db, "PRAGMA journal_mode=WAL");
    if (sql_row(&q))
        d->wal = str_is(sql_get_str(&q, 0), "wal");
    err = sql_close(&q);
    if (err)
        return err;
    d->synchronous = 2;
    return sql_do(d->db, "PRAGMA synchronous=FULL;"
                         "PRAGMA journal_size_limit=4194304");
}

/* A look at every page. SQLite 3.40 can't be interrupted in it, so that its time is
 * bounded by the size. */
static int examine(struct database *d)
{
    struct stat st;
    struct sql q;
    bool sound = false;
    int err;

    if (stat(d->path, &st) < 0 || st.st_size > DATABASE_EXAMINED_MAX)
        return 0;
    sql_open(&q, d->db, "PRAGMA quick_check(1)");
    while (sql_row(&q))
        sound = str_is(sql_get_str(&q, 0), "ok");
    err = sql_close(&q);
    return err ? err : sound ? 0 : SQLITE_CORRUPT;
}

/* From nothing, too: a new file is of version 0. */
static int migrate(struct database *d, unsigned version)
{
    char text[96];
    int err = sql_do(d->db, "BEGIN IMMEDIATE");

    for (; !err && version < d->kind->version; version++)
        err = sql_do(d->db, d->kind->steps[version]);
    snprintf(text, sizeof text,
             "PRAGMA user_version=%u; PRAGMA application_id=%d; COMMIT", d->kind->version,
             DATABASE_APPLICATION);
    if (!err)
        err = sql_do(d->db, text);
    if (err && !sqlite3_get_autocommit(d->db))
        sql_do(d->db, "ROLLBACK");
    return err;
}

/* Positive: SQLite's. */
static int check(struct database *d, cordage_error *error)
{
    uint64_t version, application, changes;
    int err = set_up(d);

    if (err)
        return err;
    changes = sql_number(d->db, "PRAGMA schema_version", 0); /* 0: an empty file */
    application = sql_number(d->db, "PRAGMA application_id", 0);
    version = sql_number(d->db, "PRAGMA user_version", 0);
    if (changes > 0 && application != DATABASE_APPLICATION)
        return SQLITE_NOTADB;
    if (database_file_is_read_only(d))
        return SQLITE_NOTADB;
    if (version > d->kind->version)
        return error_set(error, CORDAGE_ESTATE,
                         "%s was written by a newer version (schema %llu, this one knows "
                         "%u): run that version, or set CORDAGE_STATE_DIR to another "
                         "directory",
                         d->path, (unsigned long long)version, d->kind->version);
    err = examine(d);
    if (!err && version < d->kind->version)
        err = migrate(d, (unsigned)version);
    return err;
}

static int open_once(struct database *d, cordage_error *error)
{
    int err, fd = store_file_open(d->path); /* SQLite would let others read it */

    if (fd < 0) {
        d->last_errno = errno;
        if (errno == ELOOP || errno == EISDIR || errno == ENXIO)
            return SQLITE_NOTADB;
        return SQLITE_CANTOPEN;
    }
    close(fd);
    errno = 0;
    err = sqlite3_open_v2(d->path, &d->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                          NULL);
    if (!err)
        err = check(d, error);
    d->last_errno = err > 0 ? database_errno(d, err) : 0;
    if (err)
        database_file_drop(d);
    return err;
}

int database_file_open(struct database *d, cordage_error *error)
{
    int held = hold(d), err = open_once(d, error);

    if (err > 0 && database_is_damage(err)) {
        err = set_aside(d, sqlite3_errstr(err), error);
        if (!err)
            err = open_once(d, error);
    }
    let_go(held);
    return err > 0 ? database_error(d, err, error) : err;
}
