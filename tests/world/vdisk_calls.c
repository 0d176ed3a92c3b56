/* libc's functions on descriptors: those of the disk are dealt with here, others are
 * passed on. Each is under both of its names: a program with 64-bit offsets, as all of
 * ours, calls open64. */
#include "vdisk_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vdisk_wrap.h"

static int answer(int err)
{
    if (!err)
        return 0;
    errno = err;
    return -1;
}

/* The descriptor, within the lock. NULL: errno says why, and the lock isn't held. */
static struct vopen *enter(int fd)
{
    struct vopen *o;

    vdisk_enter();
    o = vopen_at(fd);
    if (o)
        return o;
    vdisk_leave();
    errno = EBADF;
    return NULL;
}

/* The same for what changes or syncs. */
static struct vopen *enter_step(int fd)
{
    int err = vdisk_step(vdisk_self());

    if (!err)
        return enter(fd);
    errno = err;
    return NULL;
}

/* ---- Reading and writing --------------------------------------------------------------
 */

static ssize_t read_at(int fd, void *out, size_t n, const uint64_t *at)
{
    struct vopen *o = enter(fd);
    size_t got;

    if (!o)
        return -1;
    got = vnode_read(o->node, out, n, at ? *at : o->at);
    if (!at)
        o->at += got;
    vdisk_leave();
    return (ssize_t)got;
}

static ssize_t write_at(int fd, const void *bytes, size_t n, const uint64_t *at)
{
    struct vopen *o = enter_step(fd);
    size_t written = 0;
    int err = 0;

    if (!o)
        return -1;
    if (o->node->kind != VFILE || (o->flags & O_ACCMODE) == O_RDONLY)
        err = EBADF;
    else if (!at && (o->flags & O_APPEND))
        o->at = o->node->now.n;
    if (!err)
        written = vnode_write(o->node, bytes, n, at ? *at : o->at);
    if (!err && n > 0 && written == 0)
        err = ENOSPC;
    if (!err && !at)
        o->at += written;
    vdisk_leave();
    return err ? answer(err) : (ssize_t)written;
}

WRAP(ssize_t, read, (int fd, void *out, size_t n))
{
    return vopen_is_ours(fd) ? read_at(fd, out, n, NULL) : __real_read(fd, out, n);
}

WRAP(ssize_t, write, (int fd, const void *bytes, size_t n))
{
    return vopen_is_ours(fd) ? write_at(fd, bytes, n, NULL) : __real_write(fd, bytes, n);
}

WRAP64(ssize_t, pread, (int fd, void *out, size_t n, off_t at))
{
    uint64_t from = (uint64_t)at;

    return vopen_is_ours(fd) ? read_at(fd, out, n, &from)
                             : __real_pread64(fd, out, n, at);
}

WRAP64(ssize_t, pwrite, (int fd, const void *bytes, size_t n, off_t at))
{
    uint64_t to = (uint64_t)at;

    return vopen_is_ours(fd) ? write_at(fd, bytes, n, &to)
                             : __real_pwrite64(fd, bytes, n, at);
}

static int resize(int fd, uint64_t size, bool only_grow)
{
    struct vopen *o = enter_step(fd);
    int err = 0;

    if (!o)
        return errno;
    if (o->node->kind != VFILE)
        err = EINVAL;
    else if (!only_grow || size > o->node->now.n)
        err = vnode_resize(o->node, size);
    vdisk_leave();
    return err;
}

WRAP64(int, ftruncate, (int fd, off_t size))
{
    return vopen_is_ours(fd) ? answer(resize(fd, (uint64_t)size, false))
                             : __real_ftruncate64(fd, size);
}

WRAP64(int, posix_fallocate, (int fd, off_t at, off_t n))
{
    return vopen_is_ours(fd) ? resize(fd, (uint64_t)(at + n), true)
                             : __real_posix_fallocate64(fd, at, n);
}

static int sync_file(int fd)
{
    struct vopen *o = enter_step(fd);

    if (!o)
        return -1;
    if (o->node->kind == VDIRECTORY)
        vdir_sync(o->node);
    else
        vnode_sync(o->node);
    vdisk_leave();
    return 0;
}

WRAP(int, fsync, (int fd))
{
    return vopen_is_ours(fd) ? sync_file(fd) : __real_fsync(fd);
}

WRAP(int, fdatasync, (int fd))
{
    return vopen_is_ours(fd) ? sync_file(fd) : __real_fdatasync(fd);
}

/* ---- What a descriptor is -------------------------------------------------------------
 */

static int close_ours(int fd)
{
    struct vopen *o = enter(fd);

    if (!o)
        return -1;
    vopen_close(o);
    vdisk_leave();
    return 0;
}

WRAP(int, close, (int fd))
{
    return vopen_is_ours(fd) ? close_ours(fd) : __real_close(fd);
}

WRAP(int, flock, (int fd, int operation))
{
    struct vopen *o;
    int err;

    if (!vopen_is_ours(fd))
        return __real_flock(fd, operation);
    o = enter(fd);
    if (!o)
        return -1;
    err = vopen_lock(o, operation);
    vdisk_leave();
    return answer(err);
}

/* Nothing here is inherited, and nothing waits. */
static int control(int fd, int what)
{
    struct vopen *o = enter(fd);
    int flags;

    if (!o)
        return -1;
    flags = o->flags;
    vdisk_leave();
    switch (what) {
    case F_GETFL:
        return flags;
    case F_GETFD:
        return FD_CLOEXEC;
    case F_SETFL:
    case F_SETFD:
        return 0;
    default:
        return answer(EINVAL);
    }
}

WRAP64(int, fcntl, (int fd, int what, ...))
{
    va_list list;
    void *arg;

    va_start(list, what);
    arg = va_arg(list, void *);
    va_end(list);
    return vopen_is_ours(fd) ? control(fd, what) : __real_fcntl64(fd, what, arg);
}

WRAP64(int, fstat, (int fd, struct stat *out))
{
    struct vopen *o;

    if (!vopen_is_ours(fd))
        return __real_fstat64(fd, out);
    o = enter(fd);
    if (!o)
        return -1;
    vstat(o->node, out);
    vdisk_leave();
    return 0;
}

WRAP(int, fchmod, (int fd, mode_t mode))
{
    struct vopen *o;

    if (!vopen_is_ours(fd))
        return __real_fchmod(fd, mode);
    o = enter(fd);
    if (!o)
        return -1;
    o->node->mode = mode & 07777;
    vdisk_leave();
    return 0;
}

/* ---- Memory ---------------------------------------------------------------------------
 */

/* Memory of one's own in the place of a file's counts as its owner's, too. */
static void note_fixed(void *p, size_t n)
{
    vdisk_enter();
    if (vmapping_is_known(p)) {
        vmapping_forget(p);
        vmapping_add(p, n);
    }
    vdisk_leave();
}

void *__real_mmap64(void *p, size_t n, int protection, int flags, int fd, off_t at);

static void *map_ours(void *p, size_t n, int protection, int flags, int fd, off_t at)
{
    struct vopen *o = enter(fd);
    void *mapped;
    int err;

    if (!o)
        return MAP_FAILED;
    err = o->node->kind == VFILE ? vnode_memory(o->node) : ENODEV;
    if (err) {
        vdisk_leave();
        errno = err;
        return MAP_FAILED;
    }
    mapped = __real_mmap64(p, n, protection, flags, o->node->memory, at);
    if (mapped != MAP_FAILED) {
        vmapping_forget(mapped);
        vmapping_add(mapped, n);
    }
    vdisk_leave();
    return mapped;
}

WRAP64(void *, mmap, (void *p, size_t n, int protection, int flags, int fd, off_t at))
{
    void *mapped;

    if (vopen_is_ours(fd))
        return map_ours(p, n, protection, flags, fd, at);
    mapped = __real_mmap64(p, n, protection, flags, fd, at);
    if (mapped != MAP_FAILED && (flags & MAP_FIXED))
        note_fixed(mapped, n);
    return mapped;
}

WRAP(int, munmap, (void *p, size_t n))
{
    vdisk_enter();
    vmapping_forget(p);
    vdisk_leave();
    return __real_munmap(p, n);
}

int vdisk_munmap(void *p, size_t n)
{
    return __real_munmap(p, n);
}
