/* database_file.h - opening a database's file, and setting it aside. For database.c. */
#ifndef STORE_DATABASE_FILE_H
#define STORE_DATABASE_FILE_H

#include "database.h"

/* Opens, checks and migrates d->path; what is damaged or no database of ours is set aside
 * first. d->db is NULL on failure. CORDAGE_EIO, CORDAGE_ESTATE, CORDAGE_ENOMEM. */
int database_file_open(struct database *d, cordage_error *error);
/* Closes it and gives the file a name of its own, with its WAL; the log hears `why`. What
 * was set aside before is removed, lest a failing disk fills itself. One that another
 * process has set aside meanwhile is only closed. CORDAGE_EIO. */
int database_file_set_aside(struct database *d, const char *why, cordage_error *error);
/* Closes the connection and leaves all files as they are. */
void database_file_drop(struct database *d);
/* Whether the path no longer leads to the file that is open. */
bool database_file_is_gone(struct database *d);

/* Whether its head says that SQLite may not write it. It was opened to be written, so
 * that this is damage. */
bool database_file_is_read_only(struct database *d);

/* Whether a code of SQLite's says that the file is not what it should be. */
bool database_is_damage(int err);
/* The system's own number for a failure that was just met; 0: not known. */
int database_errno(struct database *d, int err);
/* The sentence for one of SQLite's codes, and ours for it. */
int database_error(struct database *d, int err, cordage_error *error);

#endif
