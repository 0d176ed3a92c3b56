/* vdisk_calls.h - what processes have open on the disk, besides SQLite: descriptors,
 * mappings, listings of directories. For vdisk_open.c and vdisk_calls*.c. */
#ifndef WORLD_VDISK_CALLS_H
#define WORLD_VDISK_CALLS_H

#include <dirent.h>

#include "vdisk_inner.h"

/* Our descriptors' numbers begin where the system has none. */
enum { VOPEN_FIRST = 1 << 30, VOPEN_MAX = 4096 };

struct vopen {
    struct vnode *node; /* NULL: this number is free */
    void *owner;
    int flags; /* as it was opened */
    int lock;  /* LOCK_UN, LOCK_SH, LOCK_EX */
    uint64_t at;
};

/* Outside of the lock, too. */
static inline bool vopen_is_ours(int fd)
{
    return fd >= VOPEN_FIRST && fd < VOPEN_FIRST + VOPEN_MAX;
}
/* NULL: nothing has this number. */
struct vopen *vopen_at(int fd);
/* Its number, or -1: there are too many. */
int vopen_new(struct vnode *node, int flags);
void vopen_close(struct vopen *o);
/* As flock. EWOULDBLOCK, also where flock would wait: nobody may, here. */
int vopen_lock(struct vopen *o, int operation);

/* Memory that its owner has mapped, of a file here or in the place of one: it is unmapped
 * when the owner is gone. */
void vmapping_add(void *p, size_t n);
bool vmapping_is_known(const void *p);
void vmapping_forget(const void *p);

/* A directory as it was when it was opened. */
struct vlisting {
    struct vnames names;
    size_t next;
    void *owner;
    struct dirent entry;
    struct vlisting *after, **back;
};
struct vlisting *vlisting_new(const struct vnode *dir);
/* NULL: it is none of ours. */
struct vlisting *vlisting_of(const void *dir);
void vlisting_free(struct vlisting *l);

#endif
