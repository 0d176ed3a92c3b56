/* vdisk.h - the machine's one disk, in memory: what is written below VDISK_ROOT.
 *
 * SQLite has it as its default VFS; for the other files of a state directory (its lock,
 * the progress files) libc's functions are led here (ld's --wrap), and leave all paths
 * elsewhere alone. Written is not on the disk: that is only what was synced. The death of
 * a process takes nothing that it had written, but all its locks and descriptors, at
 * whatever moment of a transaction it comes; a loss of power takes, of each file, any of
 * the writes since its last sync: whole, or torn at a sector.
 *
 * [outside, but for what the store does] */
#ifndef WORLD_VDISK_H
#define WORLD_VDISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "str.h"

#define VDISK_ROOT "/vdisk"
enum { VDISK_SECTOR = 512 };

/* An empty disk, in place of what was there. `self`: who owns what is opened and locked
 * now (a process; NULL is one, too). */
void vdisk_mount(void *(*self)(void));
/* The default VFS is again what it was. */
void vdisk_unmount(void);

/* What SQLite asks for besides files; NULL: the system's clock and sleep, and a chance
 * that is the same at every mount. Forgotten by vdisk_mount. */
void vdisk_set_clock(uint64_t (*wall_ms)(void), void (*sleep_ms)(uint64_t ms),
                     uint64_t (*random)(void));

/* That owner is gone: its locks and descriptors are. A connection of its to a database,
 * which nobody will close, does nothing any more. */
void vdisk_died(void *owner);
/* The power fails: what wasn't synced survives as `chance` has it. Nobody may have
 * anything open; what counts only within one boot (progress.h) counts no more. */
void vdisk_lose_power(uint64_t chance);

/* Files together may have so many bytes; beyond it, ENOSPC and SQLITE_FULL. UINT64_MAX:
 * no limit. One that is below what there is makes every write that grows fail. */
void vdisk_set_limit(uint64_t bytes);
uint64_t vdisk_used(void);
/* Whether connections that are opened from now on can share memory: else SQLite has no
 * WAL, as on a file system that isn't this machine's. */
void vdisk_set_shared_memory(bool there_is);
/* The next `n` steps fail with EIO, after `skip` that don't. A step is a write, a new
 * size, a new name or a name less, or a sync, of a file or of a directory. */
void vdisk_fail(unsigned skip, unsigned n);
/* A file loses what lies behind `at`, or has a bit turned there: a disk that goes bad.
 * False: there is no such file, or it is shorter. */
bool vdisk_cut(const char *path, uint64_t at);
bool vdisk_turn_bit(const char *path, uint64_t at);
/* `step` is called before each step of an owner (and where SQLite orders its writes to
 * memory that connections share), and may kill it there. NULL: nobody. */
void vdisk_on_write(void (*step)(void *owner));

/* Whether these bytes are anywhere on it, deleted files included. */
bool vdisk_contains(struct str needle);
/* The files, in the order of their names; NULL: there are not so many. */
const char *vdisk_file(size_t i, uint64_t *bytes);

#endif
