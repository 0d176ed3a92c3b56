/* vdisk_wrap.h - a function of libc's that is led here by ld's --wrap. */
#ifndef WORLD_VDISK_WRAP_H
#define WORLD_VDISK_WRAP_H

struct stat;
struct vnode;

#define WRAP(type, name, args) \
    type __real_##name args;   \
    type __wrap_##name args;   \
    type __wrap_##name args
/* One that has a second name for programs with 64-bit offsets. */
#define WRAP64(type, name, args)                                          \
    type __real_##name##64 args;                                          \
    type __wrap_##name##64 args;                                          \
    type __wrap_##name args __attribute__((alias("__wrap_" #name "64"))); \
    type __wrap_##name##64 args

void vstat(const struct vnode *node, struct stat *out);

#endif
