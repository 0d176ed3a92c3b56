/* database.h - one SQLite file that is opened, checked, migrated, and begun anew when it
 * is damaged.
 *
 * Everything is done by database_run: a piece of work in one transaction, under the
 * file's own lock. A file that turns out to be damaged, before or in the middle of the
 * work, is set aside, and the work is done in a new one. A file that was removed or can't
 * be opened for a while is opened again by the next piece of work.
 *
 * Several processes may have the file open. One at a time writes; whoever comes second
 * waits for busy_ms. Opening, migrating and setting aside are done by one at a time, and
 * a file that another process has set aside counts as removed.
 *
 * The log hears when work begins to fail, with a sentence that names the fix, and when it
 * succeeds again; not each time. */
#ifndef STORE_DATABASE_H
#define STORE_DATABASE_H

#include <pthread.h>
#include <stdbool.h>
#include <sqlite3.h>

#include "cordage/error.h"
#include "log.h"
#include "store_dir.h"

enum {
    DATABASE_APPLICATION = 0x436f7264, /* "Cord": what file(1) and we know it by */
    /* Other workers of a fleet write, too, and somebody's sqlite3 shell may hold it. */
    /* No larger file is examined when it is opened: it would hold up the start. Damage in
     * it is found when it is read. */
    DATABASE_EXAMINED_MAX = 32 * 1024 * 1024
};

/* What a file is called and holds. The schema's step i leads from version i to i + 1. */
struct database_kind {
    const char *name;
    const char *const *steps;
    unsigned version; /* how many steps */
    int page_bytes;
    int busy_ms; /* how long others that write are waited for */
};

struct database {
    const struct database_kind *kind;
    struct log log;
    char path[STORE_PATH_SIZE];
    sqlite3 *db; /* NULL: to be opened by the next work */
    bool wal;    /* else a rollback journal: some file systems can't have a WAL */
    int synchronous;
    int failing;         /* what the last work ended with, as the log knows it */
    bool reading_failed; /* that work only read */
    int last_errno;      /* of the last failure, for its sentence; 0: not known */
    pthread_mutex_t lock;
};

enum durability {
    ONLY_READS,   /* beside others that read and write */
    DURABLE_SOON, /* survives the process at once, a loss of power after a while */
    DURABLE_NOW   /* on the disk when database_run returns 0 */
};

/* `d` is zeroed. CORDAGE_EIO, CORDAGE_ESTATE (a newer version's file), CORDAGE_ENOMEM;
 * `d` needs no closing then. */
int database_open(struct database *d, const char *dir, const struct database_kind *kind,
                  const struct log *log, cordage_error *error);
/* A zeroed one is fine. */
void database_close(struct database *d);
/* `work` returns 0, one of SQLite's (positive) codes, or a CORDAGE_E* code, which ends
 * the transaction without effect and is returned. It may be called twice. CORDAGE_EIO,
 * CORDAGE_ESTATE, CORDAGE_ENOMEM. */
int database_run(struct database *d, enum durability durability,
                 int (*work)(sqlite3 *db, void *user), void *user);

#endif
