/* Locks and shared memory of connections, as SQLite's own VFS for Unix has them: the five
 * levels on the file, eight slots on the memory beside it. They are the connection's, and
 * gone with it. */
#include "vdisk_sqlite.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "mem.h"

/* ---- The file's levels ----------------------------------------------------------------
 */

/* The highest that another connection has. */
static int level_of_others(const struct vconn *c)
{
    int level = SQLITE_LOCK_NONE;

    for (const struct vconn *other = vconns; other; other = other->next)
        if (other != c && other->node == c->node && other->level > level)
            level = other->level;
    return level;
}

static int raise_level(struct vconn *c, int level)
{
    int others = level_of_others(c);

    if (level == SQLITE_LOCK_SHARED && others >= SQLITE_LOCK_PENDING)
        return SQLITE_BUSY;
    if (level >= SQLITE_LOCK_RESERVED && others >= SQLITE_LOCK_RESERVED)
        return SQLITE_BUSY;
    if (level == SQLITE_LOCK_EXCLUSIVE && others >= SQLITE_LOCK_SHARED) {
        /* No new reader comes, and those there are end. */
        if (c->level == SQLITE_LOCK_RESERVED)
            c->level = SQLITE_LOCK_PENDING;
        return SQLITE_BUSY;
    }
    c->level = level;
    return SQLITE_OK;
}

int vlock_lock(sqlite3_file *file, int level)
{
    struct vconn *c = (struct vconn *)file;
    int err = SQLITE_OK;

    vdisk_enter();
    if (c->is_dead)
        err = SQLITE_IOERR_LOCK;
    else if (level > c->level)
        err = raise_level(c, level);
    vdisk_leave();
    return err;
}

int vlock_unlock(sqlite3_file *file, int level)
{
    struct vconn *c = (struct vconn *)file;

    vdisk_enter();
    if (level < c->level)
        c->level = level;
    vdisk_leave();
    return SQLITE_OK;
}

int vlock_check_reserved(sqlite3_file *file, int *out)
{
    struct vconn *c = (struct vconn *)file;

    vdisk_enter();
    *out = c->level >= SQLITE_LOCK_RESERVED || level_of_others(c) >= SQLITE_LOCK_RESERVED;
    vdisk_leave();
    return SQLITE_OK;
}

/* ---- The shared memory ----------------------------------------------------------------
 */

static bool is_shared(const struct vnode *node)
{
    for (const struct vconn *c = vconns; c; c = c->next)
        if (c->shared == node)
            return true;
    return false;
}

/* Whoever comes first finds nothing: what is there was left by the dead. */
static int join(struct vconn *c)
{
    struct vnode *node;
    int err = vconn_beside(c, "-shm", &node);

    if (err)
        return err;
    if (!is_shared(node)) {
        while (node->n_regions > 0)
            free(node->regions[--node->n_regions]);
    }
    c->shared = vnode_open(node);
    return 0;
}

static int grow(struct vnode *node, size_t n, size_t bytes)
{
    if (n > sizeof node->regions / sizeof *node->regions)
        return EFBIG;
    node->region_bytes = bytes;
    while (node->n_regions < n) {
        if (bytes > vdisk_room())
            return ENOSPC;
        node->regions[node->n_regions] = mem_zero(bytes);
        if (!node->regions[node->n_regions])
            return ENOMEM;
        node->n_regions++;
    }
    return 0;
}

static int map(struct vconn *c, size_t region, size_t bytes, bool extend,
               void volatile **out)
{
    int err = c->shared ? 0 : join(c);

    if (err) {
        errno = err;
        return SQLITE_IOERR_SHMOPEN;
    }
    if (extend && region >= c->shared->n_regions)
        err = grow(c->shared, region + 1, bytes);
    if (err) {
        errno = err;
        return err == ENOMEM ? SQLITE_IOERR_NOMEM : SQLITE_IOERR_SHMSIZE;
    }
    if (region < c->shared->n_regions)
        *out = c->shared->regions[region];
    return SQLITE_OK;
}

int vlock_map(sqlite3_file *file, int region, int bytes, int extend, void volatile **out)
{
    struct vconn *c = (struct vconn *)file;
    bool is_step = !c->shared || (extend && (size_t)region >= c->shared->n_regions);
    int err = 0;

    *out = NULL;
    if (is_step) {
        err = vconn_step(c);
        if (err) {
            errno = err;
            return SQLITE_IOERR_SHMSIZE;
        }
    } else {
        vdisk_enter();
    }
    err = map(c, (size_t)region, (size_t)bytes, extend, out);
    vdisk_leave();
    return err;
}

static bool slots_are_free(const struct vconn *c, unsigned slots, bool to_read)
{
    for (const struct vconn *other = vconns; other; other = other->next) {
        if (other == c || !other->shared || other->shared != c->shared)
            continue;
        if (other->has_slots & slots)
            return false;
        if (!to_read && (other->reads_slots & slots))
            return false;
    }
    return true;
}

static int take_slots(struct vconn *c, unsigned slots, int flags)
{
    if (flags & SQLITE_SHM_UNLOCK) {
        c->reads_slots &= ~slots;
        c->has_slots &= ~slots;
        return SQLITE_OK;
    }
    if (!slots_are_free(c, slots, flags & SQLITE_SHM_SHARED))
        return SQLITE_BUSY;
    if (flags & SQLITE_SHM_SHARED)
        c->reads_slots |= slots;
    else
        c->has_slots |= slots;
    return SQLITE_OK;
}

int vlock_slots(sqlite3_file *file, int first, int n, int flags)
{
    struct vconn *c = (struct vconn *)file;
    unsigned slots = ((1u << n) - 1) << first;
    int err;

    vdisk_enter();
    err = c->is_dead ? SQLITE_IOERR_SHMLOCK : take_slots(c, slots, flags);
    vdisk_leave();
    return err;
}

void vlock_barrier(sqlite3_file *file)
{
    atomic_thread_fence(memory_order_seq_cst);
    vdisk_step_memory(((struct vconn *)file)->owner);
}

int vlock_unmap(sqlite3_file *file, int delete_it)
{
    struct vconn *c = (struct vconn *)file;
    struct vnode *node, *dir = c->dir;
    char name[300];

    vdisk_enter();
    node = c->shared;
    c->shared = NULL;
    c->reads_slots = c->has_slots = 0;
    if (node && delete_it && !is_shared(node)) {
        snprintf(name, sizeof name, "%s-shm", c->name);
        if (vnames_find(&dir->names, name) == node)
            vdir_drop(dir, name);
    }
    if (node)
        vnode_close(node);
    vdisk_leave();
    return SQLITE_OK;
}
