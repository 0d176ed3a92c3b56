/* The VFS: what SQLite asks of files. Where there is a choice it behaves as SQLite's own
 * for Unix does: which codes, what is synced with a new file, what counts as there. */
#include "vdisk_sqlite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"

/* SQLite's own says 4,096 and that a torn write harms nothing beside it. */
enum { SECTOR_SAID = 4096, SQLITE_EPOCH_DAYS = 24405875 /* tenths; to 1970 */ };

static sqlite3_vfs *before; /* the default VFS, for files elsewhere */
struct vconn *vconns;

static struct vconn *conn_of(sqlite3_file *file)
{
    return (struct vconn *)file;
}

static int fails(int err, int code)
{
    errno = err;
    return code;
}

int vconn_step(struct vconn *c)
{
    int err = c->is_dead ? EIO : vdisk_step(c->owner);

    if (err)
        return err;
    vdisk_enter();
    if (!c->is_dead)
        return 0;
    vdisk_leave();
    return EIO;
}

/* ---- A file's bytes -------------------------------------------------------------------
 */

static int file_read(sqlite3_file *file, void *out, int n, sqlite3_int64 at)
{
    struct vconn *c = conn_of(file);
    size_t got = 0;
    bool is_dead;

    vdisk_enter();
    is_dead = c->is_dead;
    if (!is_dead)
        got = vnode_read(c->node, out, (size_t)n, (uint64_t)at);
    vdisk_leave();
    if (is_dead)
        return fails(EIO, SQLITE_IOERR_READ);
    if (got == (size_t)n)
        return SQLITE_OK;
    memset((char *)out + got, 0, (size_t)n - got);
    return fails(0, SQLITE_IOERR_SHORT_READ);
}

static int file_write(sqlite3_file *file, const void *bytes, int n, sqlite3_int64 at)
{
    struct vconn *c = conn_of(file);
    size_t written;
    int err = vconn_step(c);

    if (err)
        return fails(err, SQLITE_IOERR_WRITE);
    written = vnode_write(c->node, bytes, (size_t)n, (uint64_t)at);
    vdisk_leave();
    return written == (size_t)n ? SQLITE_OK : fails(ENOSPC, SQLITE_FULL);
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    struct vconn *c = conn_of(file);
    int err = vconn_step(c);

    if (err)
        return fails(err, SQLITE_IOERR_TRUNCATE);
    err = vnode_resize(c->node, (uint64_t)size);
    vdisk_leave();
    return err ? fails(err, SQLITE_IOERR_TRUNCATE) : SQLITE_OK;
}

/* A new journal's name goes to the disk with its first bytes. SQLite's own asks for that
 * and lets nobody hear of it if it fails, so that here it never does: with that failure
 * and a loss of power after it, what was committed would be lost. */
static int file_sync(sqlite3_file *file, int flags)
{
    struct vconn *c = conn_of(file);
    int err = vconn_step(c);

    (void)flags;
    if (err)
        return fails(err, SQLITE_IOERR_FSYNC);
    vnode_sync(c->node);
    vdisk_leave();
    if (!c->syncs_dir)
        return SQLITE_OK;
    c->syncs_dir = false;
    vdisk_step_memory(c->owner);
    vdisk_enter();
    if (!c->is_dead)
        vdir_sync(c->dir);
    vdisk_leave();
    return SQLITE_OK;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *out)
{
    struct vconn *c = conn_of(file);
    int err = SQLITE_OK;

    vdisk_enter();
    if (c->is_dead)
        err = SQLITE_IOERR_FSTAT;
    else
        *out = (sqlite3_int64)c->node->now.n;
    vdisk_leave();
    return err;
}

/* ---- The rest of a file ---------------------------------------------------------------
 */

static bool has_moved(const struct vconn *c)
{
    return c->is_dead || (c->dir && vnames_find(&c->dir->names, c->name) != c->node);
}

static int file_control(sqlite3_file *file, int op, void *arg)
{
    struct vconn *c = conn_of(file);

    switch (op) {
    case SQLITE_FCNTL_LOCKSTATE:
        *(int *)arg = c->level;
        return SQLITE_OK;
    case SQLITE_FCNTL_HAS_MOVED:
        vdisk_enter();
        *(int *)arg = has_moved(c);
        vdisk_leave();
        return SQLITE_OK;
    case SQLITE_FCNTL_PERSIST_WAL:
        if (*(int *)arg >= 0)
            c->keeps_wal = *(int *)arg;
        *(int *)arg = c->keeps_wal;
        return SQLITE_OK;
    case SQLITE_FCNTL_POWERSAFE_OVERWRITE:
        *(int *)arg = 1;
        return SQLITE_OK;
    default:
        return SQLITE_NOTFOUND;
    }
}

static int file_sector_size(sqlite3_file *file)
{
    (void)file;
    return SECTOR_SAID;
}

static int file_characteristics(sqlite3_file *file)
{
    (void)file;
    return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

static void detach(struct vconn *c)
{
    *c->back = c->next;
    if (c->next)
        c->next->back = c->back;
    if (c->shared)
        vnode_close(c->shared);
    vnode_close(c->node);
    vnode_unref(c->dir);
    c->node = c->shared = c->dir = NULL;
    c->is_dead = true;
}

static int file_close(sqlite3_file *file)
{
    struct vconn *c = conn_of(file);

    vdisk_enter();
    if (!c->is_dead)
        detach(c);
    vdisk_leave();
    return SQLITE_OK;
}

#define WITHOUT_SHARED_MEMORY                                                 \
    .xClose = file_close, .xRead = file_read, .xWrite = file_write,           \
    .xTruncate = file_truncate, .xSync = file_sync, .xFileSize = file_size,   \
    .xLock = vlock_lock, .xUnlock = vlock_unlock,                             \
    .xCheckReservedLock = vlock_check_reserved, .xFileControl = file_control, \
    .xSectorSize = file_sector_size, .xDeviceCharacteristics = file_characteristics

static const sqlite3_io_methods file_methods = {
    .iVersion = 2,
    WITHOUT_SHARED_MEMORY,
    .xShmMap = vlock_map,
    .xShmLock = vlock_slots,
    .xShmBarrier = vlock_barrier,
    .xShmUnmap = vlock_unmap,
};

static const sqlite3_io_methods lonely_methods = { .iVersion = 1, WITHOUT_SHARED_MEMORY };

/* ---- Opening --------------------------------------------------------------------------
 */

int vconn_beside(struct vconn *c, const char *suffix, struct vnode **out)
{
    char name[300];

    if (!c->dir)
        return ENOENT;
    snprintf(name, sizeof name, "%s%s", c->name, suffix);
    *out = vnames_find(&c->dir->names, name);
    if (*out && (*out)->kind != VSHARED)
        return EISDIR;
    if (*out)
        return 0;
    *out = vnode_new(VSHARED, c->node->mode);
    vdir_put(c->dir, name, *out);
    vnode_unref(*out); /* the name has it */
    return 0;
}

/* A database's mode, for what lies beside it. */
static mode_t mode_beside(const struct vnode *dir, const char *name)
{
    char database[256];
    struct vnode *node;
    char *dash;

    snprintf(database, sizeof database, "%s", name);
    dash = strrchr(database, '-');
    if (dash)
        *dash = '\0';
    node = vnames_find(&dir->names, database);
    return node && dash ? node->mode : 0644;
}

static bool is_journal(int flags)
{
    return flags &
           (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL);
}

static int open_path(struct vconn *c, const char *path, int flags)
{
    struct vnode *dir, *node;
    int err = vpath_split(path, &dir, c->name);

    if (err)
        return err;
    node = vnames_find(&dir->names, c->name);
    if (node && node->kind != VFILE)
        return EISDIR;
    if (node && (flags & SQLITE_OPEN_EXCLUSIVE))
        return EEXIST;
    if (!node && !(flags & SQLITE_OPEN_CREATE))
        return ENOENT;
    if (node) {
        c->node = vnode_open(node);
    } else {
        node = vnode_new(VFILE, mode_beside(dir, c->name));
        vdir_put(dir, c->name, node);
        c->node = vnode_open(node);
        vnode_unref(node);
    }
    c->dir = vnode_ref(dir);
    c->syncs_dir = (flags & SQLITE_OPEN_CREATE) && is_journal(flags);
    if (flags & SQLITE_OPEN_DELETEONCLOSE)
        vdir_drop(dir, c->name);
    return 0;
}

static void attach(struct vconn *c)
{
    c->base.pMethods = vdisk_has_shared_memory() ? &file_methods : &lonely_methods;
    c->next = vconns;
    c->back = &vconns;
    if (vconns)
        vconns->back = &c->next;
    vconns = c;
}

static int open_conn(struct vconn *c, const char *path, int flags)
{
    int err = 0;

    if (path) {
        err = open_path(c, path, flags);
    } else {
        c->node = vnode_open(vnode_new(VFILE, 0600));
        vnode_unref(c->node);
    }
    if (!err)
        attach(c);
    return err;
}

static int vfs_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags,
                    int *out_flags)
{
    struct vconn *c = conn_of(file);
    int err = 0;

    (void)vfs;
    if (path && !vpath_is_ours(path))
        return before->xOpen(before, path, file, flags, out_flags);
    *c = (struct vconn){ .owner = vdisk_self() };
    if (flags & SQLITE_OPEN_CREATE)
        err = vdisk_step(c->owner);
    if (!err) {
        vdisk_enter();
        err = open_conn(c, path, flags);
        vdisk_leave();
    }
    if (err)
        return fails(err, err == EISDIR ? SQLITE_CANTOPEN_ISDIR : SQLITE_CANTOPEN);
    if (out_flags)
        *out_flags = flags;
    return SQLITE_OK;
}

/* ---- Names ----------------------------------------------------------------------------
 */

static int vfs_delete(sqlite3_vfs *vfs, const char *path, int sync_dir)
{
    struct vnode *dir, *node = NULL;
    char name[256];
    int err;

    (void)vfs;
    if (!vpath_is_ours(path))
        return before->xDelete(before, path, sync_dir);
    err = vdisk_step(vdisk_self());
    if (err)
        return fails(err, SQLITE_IOERR_DELETE);
    vdisk_enter();
    err = vpath_split(path, &dir, name);
    if (!err)
        node = vnames_find(&dir->names, name);
    if (node)
        vdir_drop(dir, name);
    vdisk_leave();
    if (!node)
        return fails(ENOENT, SQLITE_IOERR_DELETE_NOENT);
    if (!sync_dir)
        return SQLITE_OK;
    err = vdisk_step(vdisk_self());
    if (err)
        return fails(err, SQLITE_IOERR_DIR_FSYNC);
    vdisk_enter();
    vdir_sync(dir);
    vdisk_leave();
    return SQLITE_OK;
}

/* An empty file is none to SQLite's own, either. */
static int vfs_access(sqlite3_vfs *vfs, const char *path, int flags, int *out)
{
    struct vnode *node;

    (void)vfs;
    if (!vpath_is_ours(path))
        return before->xAccess(before, path, flags, out);
    vdisk_enter();
    *out = vpath_find(path, &node) == 0 &&
           (flags != SQLITE_ACCESS_EXISTS || node->kind != VFILE || node->now.n > 0);
    vdisk_leave();
    return SQLITE_OK;
}

static int vfs_full_path(sqlite3_vfs *vfs, const char *path, int size, char *out)
{
    (void)vfs;
    if (!vpath_is_ours(path))
        return before->xFullPathname(before, path, size, out);
    sqlite3_snprintf(size, out, "%s", path);
    return SQLITE_OK;
}

/* ---- Time, chance, the rest -----------------------------------------------------------
 */

static int vfs_randomness(sqlite3_vfs *vfs, int n, char *out)
{
    (void)vfs;
    for (int i = 0; i < n; i += 8) {
        uint64_t number = vdisk_chance();

        memcpy(out + i, &number, (size_t)(n - i < 8 ? n - i : 8));
    }
    return n;
}

static int vfs_sleep(sqlite3_vfs *vfs, int us)
{
    (void)vfs;
    vdisk_sleep(((uint64_t)us + 999) / 1000);
    return us;
}

static int vfs_time64(sqlite3_vfs *vfs, sqlite3_int64 *out)
{
    (void)vfs;
    *out = (sqlite3_int64)SQLITE_EPOCH_DAYS * 8640000 + (sqlite3_int64)vdisk_wall();
    return SQLITE_OK;
}

static int vfs_time(sqlite3_vfs *vfs, double *out)
{
    sqlite3_int64 now;

    vfs_time64(vfs, &now);
    *out = (double)now / 86400000.0;
    return SQLITE_OK;
}

static int vfs_last_error(sqlite3_vfs *vfs, int n, char *out)
{
    (void)vfs;
    (void)n;
    (void)out;
    return errno;
}

static void *vfs_dl_open(sqlite3_vfs *vfs, const char *path)
{
    (void)vfs;
    (void)path;
    return NULL;
}

static void vfs_dl_error(sqlite3_vfs *vfs, int n, char *out)
{
    (void)vfs;
    sqlite3_snprintf(n, out, "no extensions");
}

static void (*vfs_dl_symbol(sqlite3_vfs *vfs, void *library, const char *name))(void)
{
    (void)vfs;
    (void)library;
    (void)name;
    return NULL;
}

static void vfs_dl_close(sqlite3_vfs *vfs, void *library)
{
    (void)vfs;
    (void)library;
}

static sqlite3_vfs vfs_disk = {
    .iVersion = 2,
    .mxPathname = 1024,
    .zName = "vdisk",
    .xOpen = vfs_open,
    .xDelete = vfs_delete,
    .xAccess = vfs_access,
    .xFullPathname = vfs_full_path,
    .xDlOpen = vfs_dl_open,
    .xDlError = vfs_dl_error,
    .xDlSym = vfs_dl_symbol,
    .xDlClose = vfs_dl_close,
    .xRandomness = vfs_randomness,
    .xSleep = vfs_sleep,
    .xCurrentTime = vfs_time,
    .xGetLastError = vfs_last_error,
    .xCurrentTimeInt64 = vfs_time64,
};

void vsqlite_mount(void)
{
    sqlite3_initialize();
    if (!before)
        before = sqlite3_vfs_find(NULL);
    vfs_disk.szOsFile = before->szOsFile > (int)sizeof(struct vconn)
                            ? before->szOsFile
                            : (int)sizeof(struct vconn);
    sqlite3_vfs_register(&vfs_disk, 1);
    sqlite3_randomness(0, NULL); /* the next number comes from our chance */
}

void vsqlite_unmount(void)
{
    if (!before)
        return;
    sqlite3_vfs_unregister(&vfs_disk);
    sqlite3_vfs_register(before, 1);
    before = NULL;
    sqlite3_randomness(0, NULL);
}

void vsqlite_died(void *owner, bool everybody)
{
    struct vconn *c, *next;

    for (c = vconns; c; c = next) {
        next = c->next;
        if (everybody || c->owner == owner)
            detach(c);
    }
}

bool vsqlite_any(void)
{
    return vconns;
}
