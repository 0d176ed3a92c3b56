/* vdisk_sqlite.h - a connection's file, as SQLite has it. For vdisk_sqlite.c and
 * vdisk_lock.c. */
#ifndef WORLD_VDISK_SQLITE_H
#define WORLD_VDISK_SQLITE_H

#include <sqlite3.h>

#include "vdisk_inner.h"

struct vconn {
    sqlite3_file base; /* SQLite's memory, and the first member */
    struct vnode *node, *shared;
    struct vnode *dir; /* or NULL */
    char name[256];    /* in that directory; empty: it has none */
    void *owner;
    struct vconn *next, **back; /* of all that live */
    bool is_dead;
    bool keeps_wal, syncs_dir;
    int level;                       /* SQLITE_LOCK_... */
    unsigned reads_slots, has_slots; /* of the shared memory, a bit each */
};

extern struct vconn *vconns;

/* The node whose name is that of the connection and `suffix`; made if need be. */
int vconn_beside(struct vconn *c, const char *suffix, struct vnode **out);
/* Begins the step of a connection: within the disk's lock when it returns 0. EIO: it is
 * to fail, or its owner is gone. */
int vconn_step(struct vconn *c);

int vlock_lock(sqlite3_file *file, int level);
int vlock_unlock(sqlite3_file *file, int level);
int vlock_check_reserved(sqlite3_file *file, int *out);
int vlock_map(sqlite3_file *file, int region, int bytes, int extend, void volatile **out);
int vlock_slots(sqlite3_file *file, int first, int n, int flags);
void vlock_barrier(sqlite3_file *file);
int vlock_unmap(sqlite3_file *file, int delete_it);

#endif
