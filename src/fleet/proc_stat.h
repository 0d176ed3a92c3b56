/* proc_stat.h - what the kernel says of a process. */
#ifndef FLEET_PROC_STAT_H
#define FLEET_PROC_STAT_H

#include <stdint.h>
#include <sys/types.h>

/* When it was started, in the kernel's ticks since it booted: with its pid, which process
 * it is. 0: there is none, or it has ended and nobody has looked yet. */
uint64_t proc_start(pid_t pid);
struct proc_use {
    uint64_t rss_bytes, cpu_ms;
};
/* Zeros: there is none. */
struct proc_use proc_use(pid_t pid);

#endif
