/* vdisk_inner.h - what the disk is made of. For vdisk*.c.
 *
 * A file is a node, and names in directories lead to it. Each node has its bytes as
 * everybody sees them, and what of them is on the disk: the bytes at the last sync, and
 * the changes since. A directory has the same of its names.
 *
 * All of it is behind one lock, vdisk_enter, which nobody keeps while others may run. A
 * function that begins with vdisk_enter or calls vdisk_step says so; all others are
 * called within. Errors are errno's numbers, 0 is success. */
#ifndef WORLD_VDISK_INNER_H
#define WORLD_VDISK_INNER_H

#include <sys/types.h>

#include "rng.h"
#include "vdisk.h"

enum vkind { VFILE, VDIRECTORY, VSHARED }; /* VSHARED: a database's -shm */

/* A write, or a new size; not synced yet. */
struct vchange {
    bool is_size;
    uint64_t at; /* where it begins; or the size */
    size_t n;
    unsigned char *bytes; /* owned */
};

struct vname {
    char *name; /* owned */
    struct vnode *node;
};
struct vnames {
    struct vname *all; /* by name */
    size_t n, room;
};
/* What happened to a directory; not synced yet. */
struct vmove {
    char *from;         /* a name that is gone, or NULL */
    char *to;           /* a name that leads to `node` now, or NULL */
    struct vnode *node; /* of `to` */
};

struct vbytes {
    unsigned char *p; /* behind `n` all is zero */
    size_t n, room;
};

struct vnode {
    enum vkind kind;
    bool is_nowhere; /* no part of the disk: it needs no room there */
    uint64_t number;
    mode_t mode;
    unsigned refs; /* of names, now and on the disk, and of all that have it open */
    unsigned links, opens;
    struct vnode *next, **back; /* of all nodes */

    struct vbytes now, kept; /* a file; kept: what is on the disk */
    int memory;              /* the memfd that `now` is a mapping of; -1: none */
    bool was_mapped;         /* it may have changed without a write */
    struct vchange *changes;
    size_t n_changes, changes_room;

    struct vnames names, kept_names; /* a directory */
    struct vmove *moves;
    size_t n_moves, moves_room;

    void *regions[64]; /* VSHARED: what connections share */
    size_t n_regions, region_bytes;
};

/* ---- The disk (vdisk.c) ---- */

void vdisk_enter(void);
void vdisk_leave(void);
/* Outside of the lock, before anything is changed or synced: `owner` may be gone when it
 * returns, or not return. EIO: it is to fail. */
int vdisk_step(void *owner);
/* The same without a failure, where only memory is changed. */
void vdisk_step_memory(void *owner);
void *vdisk_self(void);
bool vdisk_is_mounted(void);
struct vnode *vdisk_root(void);
/* How many bytes a file may still grow. */
uint64_t vdisk_room(void);
bool vdisk_has_shared_memory(void);
uint64_t vdisk_boot(void);
uint64_t vdisk_wall(void);
void vdisk_sleep(uint64_t ms);
uint64_t vdisk_chance(void);
/* The bytes of a file that is gone lie on the disk still, until others need the place. */
void vdisk_bury(const struct vnode *node);

/* ---- Files (vdisk_node.c) ---- */

/* With one reference. */
struct vnode *vnode_new(enum vkind kind, mode_t mode);
struct vnode *vnode_ref(struct vnode *node);
void vnode_unref(struct vnode *node); /* NULL is fine */
/* Somebody has it open; a reference, too. */
struct vnode *vnode_open(struct vnode *node);
void vnode_close(struct vnode *node);
size_t vnode_read(const struct vnode *node, void *out, size_t n, uint64_t at);
/* How much was written: all, or what the disk has room for. */
size_t vnode_write(struct vnode *node, const void *bytes, size_t n, uint64_t at);
/* ENOSPC. */
int vnode_resize(struct vnode *node, uint64_t size);
void vnode_sync(struct vnode *node);
/* Makes it one that can be mapped: the memfd. */
int vnode_memory(struct vnode *node);
/* The power fails. */
void vnode_lose(struct vnode *node, struct rng *rng);
/* All that was written is on the disk, and the disk has another opinion. */
void vnode_cut(struct vnode *node, uint64_t at);
void vnode_turn_bit(struct vnode *node, uint64_t at);
/* Of all nodes that count; of all there are. */
uint64_t vnodes_bytes(void);
bool vnodes_contain(struct str needle);

/* ---- Names (vdisk_names.c) ---- */

/* Whether a path is on this disk. */
bool vpath_is_ours(const char *path);
/* What it leads to: ENOENT, ENOTDIR. */
int vpath_find(const char *path, struct vnode **out);
/* Its directory, and its last part: ENOENT, ENOTDIR; EEXIST for the root. */
int vpath_split(const char *path, struct vnode **dir, char name[256]);
struct vnode *vnames_find(const struct vnames *names, const char *name);
/* `name` leads to `node` now. */
void vdir_put(struct vnode *dir, const char *name, struct vnode *node);
void vdir_drop(struct vnode *dir, const char *name);
void vdir_rename(struct vnode *dir, const char *from, const char *to);
void vdir_sync(struct vnode *dir);
void vdir_lose(struct vnode *dir, struct rng *rng);
void vdir_release(struct vnode *dir);
/* The i-th file below `dir`, by name; its path goes into `path` behind what is there. */
struct vnode *vdir_file(struct vnode *dir, size_t *i, char path[1024]);

/* ---- Who has what open ---- */

/* The system's. */
int vdisk_munmap(void *p, size_t n);
/* vdisk_calls.c, vdisk_sqlite.c. */
void vcalls_died(void *owner, bool everybody);
bool vcalls_any(void);
void vsqlite_mount(void);
void vsqlite_unmount(void);
void vsqlite_died(void *owner, bool everybody);
bool vsqlite_any(void);

#endif
