/* libc's functions on paths, as vdisk_calls.c has those on descriptors. */
#include "vdisk_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vdisk_wrap.h"

#define BOOT_ID "/proc/sys/kernel/random/boot_id"

static int answer(int err)
{
    if (!err)
        return 0;
    errno = err;
    return -1;
}

/* ---- Opening --------------------------------------------------------------------------
 */

/* Each boot has a number of its own. */
static struct vnode *boot_id(void)
{
    struct vnode *node = vnode_new(VFILE, 0444);
    struct rng rng = rng_seeded(vdisk_boot());
    uint64_t a = rng_next(&rng), b = rng_next(&rng);
    char text[64];
    int n =
        snprintf(text, sizeof text, "%08x-%04x-%04x-%04x-%04x%08x\n", (unsigned)a,
                 (unsigned)(a >> 32) & 0xffff, (unsigned)(a >> 48), (unsigned)b & 0xffff,
                 (unsigned)(b >> 16) & 0xffff, (unsigned)(b >> 32));

    node->is_nowhere = true;
    vnode_write(node, text, (size_t)n, 0);
    return node;
}

static int find_or_make(const char *path, int flags, mode_t mode, struct vnode **out)
{
    struct vnode *dir;
    char name[256];
    int err = vpath_split(path, &dir, name);

    if (err == EEXIST) { /* the root */
        *out = vnode_ref(vdisk_root());
        return 0;
    }
    if (err)
        return err;
    *out = vnames_find(&dir->names, name);
    if (*out && (flags & O_CREAT) && (flags & O_EXCL))
        return EEXIST;
    if (!*out && !(flags & O_CREAT))
        return ENOENT;
    if (*out) {
        vnode_ref(*out);
        return 0;
    }
    *out = vnode_new(VFILE, mode);
    vdir_put(dir, name, *out);
    return 0;
}

static int may_open(const struct vnode *node, int flags)
{
    bool is_dir = node->kind == VDIRECTORY;

    if ((flags & O_DIRECTORY) && !is_dir)
        return ENOTDIR;
    if (is_dir && (flags & O_ACCMODE) != O_RDONLY)
        return EISDIR;
    return 0;
}

static int open_path(const char *path, int flags, mode_t mode)
{
    struct vnode *node;
    int fd = -1, err = find_or_make(path, flags, mode, &node);

    if (err)
        return answer(err);
    err = may_open(node, flags);
    if (!err && (flags & O_TRUNC))
        err = vnode_resize(node, 0);
    if (!err) {
        fd = vopen_new(node, flags);
        err = fd < 0 ? EMFILE : 0;
    }
    vnode_unref(node);
    return err ? answer(err) : fd;
}

static int open_boot_id(void)
{
    struct vnode *node = boot_id();
    int fd = vopen_new(node, O_RDONLY);

    vnode_unref(node);
    return fd < 0 ? answer(EMFILE) : fd;
}

static int open_ours(const char *path, int flags, mode_t mode)
{
    int fd, err = 0;
    mode_t mask = umask(0);

    umask(mask);
    if (flags & (O_CREAT | O_TRUNC))
        err = vdisk_step(vdisk_self());
    if (err)
        return answer(err);
    vdisk_enter();
    fd = vpath_is_ours(path) ? open_path(path, flags, mode & ~mask & 07777)
                             : open_boot_id();
    vdisk_leave();
    return fd;
}

static bool opens_here(const char *path)
{
    return vpath_is_ours(path) || (vdisk_is_mounted() && strcmp(path, BOOT_ID) == 0);
}

WRAP64(int, open, (const char *path, int flags, ...))
{
    mode_t mode = 0;
    va_list list;

    if (__OPEN_NEEDS_MODE(flags)) {
        va_start(list, flags);
        mode = va_arg(list, mode_t);
        va_end(list);
    }
    return opens_here(path) ? open_ours(path, flags, mode)
                            : __real_open64(path, flags, mode);
}

WRAP64(int, openat, (int dir, const char *path, int flags, ...))
{
    mode_t mode = 0;
    va_list list;

    if (__OPEN_NEEDS_MODE(flags)) {
        va_start(list, flags);
        mode = va_arg(list, mode_t);
        va_end(list);
    }
    return opens_here(path) ? open_ours(path, flags, mode)
                            : __real_openat64(dir, path, flags, mode);
}

/* ---- Looking --------------------------------------------------------------------------
 */

void vstat(const struct vnode *node, struct stat *out)
{
    *out = (struct stat){
        .st_dev = 0x7664,
        .st_ino = node->number,
        .st_mode = node->mode | (node->kind == VDIRECTORY ? S_IFDIR : S_IFREG),
        .st_nlink = node->links,
        .st_uid = geteuid(),
        .st_gid = getegid(),
        .st_size = (off_t)(node->now.n + node->n_regions * node->region_bytes),
        .st_blksize = 4096,
    };
    out->st_blocks = (out->st_size + 511) / 512;
}

static int stat_ours(const char *path, struct stat *out)
{
    struct vnode *node;
    int err;

    vdisk_enter();
    err = vpath_find(path, &node);
    if (!err && out)
        vstat(node, out);
    vdisk_leave();
    return answer(err);
}

WRAP64(int, stat, (const char *path, struct stat *out))
{
    return vpath_is_ours(path) ? stat_ours(path, out) : __real_stat64(path, out);
}

WRAP64(int, lstat, (const char *path, struct stat *out))
{
    return vpath_is_ours(path) ? stat_ours(path, out) : __real_lstat64(path, out);
}

WRAP(int, access, (const char *path, int how))
{
    return vpath_is_ours(path) ? stat_ours(path, NULL) : __real_access(path, how);
}

WRAP(char *, realpath, (const char *path, char *out))
{
    size_t n;

    if (!vpath_is_ours(path))
        return __real_realpath(path, out);
    if (stat_ours(path, NULL) < 0)
        return NULL;
    n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        n--;
    if (!out)
        return strndup(path, n);
    snprintf(out, PATH_MAX, "%.*s", (int)n, path);
    return out;
}

/* ---- Changing names -------------------------------------------------------------------
 */

static int chmod_ours(const char *path, mode_t mode)
{
    struct vnode *node;
    int err;

    vdisk_enter();
    err = vpath_find(path, &node);
    if (!err)
        node->mode = mode & 07777;
    vdisk_leave();
    return answer(err);
}

WRAP(int, chmod, (const char *path, mode_t mode))
{
    return vpath_is_ours(path) ? chmod_ours(path, mode) : __real_chmod(path, mode);
}

static int unlink_ours(const char *path, enum vkind but_not)
{
    struct vnode *dir, *node;
    char name[256];
    int err = vdisk_step(vdisk_self());

    if (err)
        return answer(err);
    vdisk_enter();
    err = vpath_split(path, &dir, name);
    node = err ? NULL : vnames_find(&dir->names, name);
    if (!err && !node)
        err = ENOENT;
    else if (!err && node->kind == but_not)
        err = EISDIR;
    else if (!err && node->kind == VDIRECTORY && node->names.n > 0)
        err = ENOTEMPTY;
    if (!err)
        vdir_drop(dir, name);
    vdisk_leave();
    return answer(err);
}

WRAP(int, unlink, (const char *path))
{
    return vpath_is_ours(path) ? unlink_ours(path, VDIRECTORY) : __real_unlink(path);
}

WRAP(int, rmdir, (const char *path))
{
    return vpath_is_ours(path) ? unlink_ours(path, VFILE) : __real_rmdir(path);
}

WRAP(int, mkdir, (const char *path, mode_t mode))
{
    struct vnode *dir, *node;
    char name[256];
    int err;

    if (!vpath_is_ours(path))
        return __real_mkdir(path, mode);
    err = vdisk_step(vdisk_self());
    if (err)
        return answer(err);
    vdisk_enter();
    err = vpath_split(path, &dir, name);
    if (!err && vnames_find(&dir->names, name))
        err = EEXIST;
    if (!err) {
        node = vnode_new(VDIRECTORY, mode & 07777);
        vdir_put(dir, name, node);
        vnode_unref(node);
    }
    vdisk_leave();
    return answer(err);
}

static int rename_within(const char *from, const char *to)
{
    struct vnode *dir, *other;
    char name[256], new_name[256];
    int err = vpath_split(from, &dir, name);

    if (!err)
        err = vpath_split(to, &other, new_name);
    if (err)
        return err;
    if (!vnames_find(&dir->names, name))
        return ENOENT;
    if (dir != other)
        return EXDEV; /* nobody does that here */
    vdir_rename(dir, name, new_name);
    return 0;
}

WRAP(int, rename, (const char *from, const char *to))
{
    int err;

    if (!vpath_is_ours(from) && !vpath_is_ours(to))
        return __real_rename(from, to);
    if (!vpath_is_ours(from) || !vpath_is_ours(to))
        return answer(EXDEV);
    err = vdisk_step(vdisk_self());
    if (err)
        return answer(err);
    vdisk_enter();
    err = rename_within(from, to);
    vdisk_leave();
    return answer(err);
}

/* ---- Listing --------------------------------------------------------------------------
 */

static DIR *opendir_ours(const char *path)
{
    struct vlisting *l = NULL;
    struct vnode *node;
    int err;

    vdisk_enter();
    err = vpath_find(path, &node);
    if (!err && node->kind != VDIRECTORY)
        err = ENOTDIR;
    if (!err)
        l = vlisting_new(node);
    vdisk_leave();
    answer(err);
    return (DIR *)(void *)l;
}

WRAP(DIR *, opendir, (const char *path))
{
    return vpath_is_ours(path) ? opendir_ours(path) : __real_opendir(path);
}

/* "." and ".." first, as everywhere. */
static struct dirent *next_entry(struct vlisting *l)
{
    static const char *const own[] = { ".", ".." };
    size_t i = l->next++;

    if (i >= l->names.n + 2)
        return NULL;
    l->entry.d_type =
        i < 2 || l->names.all[i - 2].node->kind == VDIRECTORY ? DT_DIR : DT_REG;
    l->entry.d_ino = i < 2 ? 1 : l->names.all[i - 2].node->number;
    snprintf(l->entry.d_name, sizeof l->entry.d_name, "%s",
             i < 2 ? own[i] : l->names.all[i - 2].name);
    return &l->entry;
}

WRAP64(struct dirent *, readdir, (DIR * dir))
{
    struct dirent *entry = NULL;
    struct vlisting *l;

    vdisk_enter();
    l = vlisting_of(dir);
    if (l)
        entry = next_entry(l);
    vdisk_leave();
    return l ? entry : __real_readdir64(dir);
}

WRAP(int, closedir, (DIR * dir))
{
    struct vlisting *l;

    vdisk_enter();
    l = vlisting_of(dir);
    if (l)
        vlisting_free(l);
    vdisk_leave();
    return l ? 0 : __real_closedir(dir);
}
