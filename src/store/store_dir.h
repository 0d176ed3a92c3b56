/* store_dir.h - the private directory, and who may use it. */
#ifndef STORE_STORE_DIR_H
#define STORE_STORE_DIR_H

#include "cordage/error.h"
#include "log.h"

enum {
    STORE_DIR_SIZE = 1024,                 /* of its path, the NUL counted */
    STORE_PATH_SIZE = STORE_DIR_SIZE + 80, /* of a file's in it */
    /* Levels of directories that are made. ~/.local/state/cordage/ID are four: a fifth
     * that is missing is a home that was not mounted, or a slip of the pen. */
    STORE_DIR_LEVELS = 4
};

/* Makes it if need be and makes it private (0700). One that others may enter is changed
 * only if it is ours and holds nothing but a store, and the log hears of it. CORDAGE_EIO,
 * CORDAGE_EINVAL (the path is too long). */
int store_dir_make(const char *dir, const struct log *log, cordage_error *error);
/* Takes the lock: *fd holds it until it is closed, or the process is gone. CORDAGE_EBUSY:
 * another has it, the sentence says who. CORDAGE_EIO. */
int store_dir_lock(const char *dir, int *fd, cordage_error *error);
/* Frees it, also where a forked child has the descriptor, and closes it. */
void store_dir_unlock(int fd);
/* For the short while in which the directory's files are opened, made or set aside: no
 * other process does so meanwhile. Waits for a while; -1: it is not had, and things go on
 * without. Ended by store_dir_unlock. */
int store_dir_hold(const char *dir);
/* Opens a file for reading and writing, making it (0600) if need be, and makes it
 * private. It must be a plain file; no symbolic link is followed. -1 and errno. */
int store_file_open(const char *path);

#endif
