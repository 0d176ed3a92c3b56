/* The disk as a whole: what it is set to, and what happens to it. */
#include "vdisk_inner.h"

#include <assert.h>
#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "mem.h"

/* What was deleted stays readable for somebody with a screwdriver, but not for ever. */
enum { BURIED_MAX = 32 * 1024 * 1024 };

static struct {
    bool mounted;
    void *(*self)(void);
    struct vnode *root;
    uint64_t boot, limit;
    bool has_shared_memory;
    unsigned skip, fail;
    void (*step)(void *owner);
    uint64_t (*wall)(void);
    void (*sleep)(uint64_t ms);
    uint64_t (*random)(void);
    struct rng rng;
    unsigned char *buried; /* a ring */
    size_t buried_n, buried_at;
} disk;

/* Not a mutex: those may be the machine's, and let others run. */
static atomic_flag busy = ATOMIC_FLAG_INIT;

void vdisk_enter(void)
{
    while (atomic_flag_test_and_set_explicit(&busy, memory_order_acquire))
        sched_yield();
}

void vdisk_leave(void)
{
    atomic_flag_clear_explicit(&busy, memory_order_release);
}

/* ---- Mounting -------------------------------------------------------------------------
 */

/* Nobody has anything any more. */
static void clear(void)
{
    vcalls_died(NULL, true);
    vsqlite_died(NULL, true);
    vnode_unref(disk.root);
    disk.root = NULL;
    disk.buried_n = disk.buried_at = 0;
}

void vdisk_mount(void *(*self)(void))
{
    vdisk_enter();
    clear();
    disk.mounted = true;
    disk.self = self;
    disk.root = vnode_new(VDIRECTORY, 0755);
    disk.boot = 1;
    disk.limit = UINT64_MAX;
    disk.has_shared_memory = true;
    disk.skip = disk.fail = 0;
    disk.step = NULL;
    disk.rng = rng_seeded(1);
    vdisk_leave();
    vdisk_set_clock(NULL, NULL, NULL);
    vsqlite_mount();
}

void vdisk_unmount(void)
{
    vdisk_enter();
    clear();
    free(disk.buried);
    disk.buried = NULL;
    disk.mounted = false;
    vdisk_leave();
    vsqlite_unmount();
}

bool vdisk_is_mounted(void)
{
    return disk.mounted;
}

struct vnode *vdisk_root(void)
{
    return disk.root;
}

void *vdisk_self(void)
{
    return disk.self ? disk.self() : NULL;
}

/* ---- Time and chance ------------------------------------------------------------------
 */

void vdisk_set_clock(uint64_t (*wall_ms)(void), void (*sleep_ms)(uint64_t ms),
                     uint64_t (*random_number)(void))
{
    disk.wall = wall_ms;
    disk.sleep = sleep_ms;
    disk.random = random_number;
}

uint64_t vdisk_wall(void)
{
    struct timespec now;

    if (disk.wall)
        return disk.wall();
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void vdisk_sleep(uint64_t ms)
{
    struct timespec span = { (time_t)(ms / 1000), (long)(ms % 1000) * 1000000 };

    if (disk.sleep)
        disk.sleep(ms);
    else
        nanosleep(&span, NULL);
}

uint64_t vdisk_chance(void)
{
    return disk.random ? disk.random() : rng_next(&disk.rng);
}

uint64_t vdisk_boot(void)
{
    return disk.boot;
}

/* ---- Who ends, and the power ----------------------------------------------------------
 */

void vdisk_died(void *owner)
{
    vdisk_enter();
    vcalls_died(owner, false);
    vsqlite_died(owner, false);
    vdisk_leave();
}

static void lose_below(struct vnode *dir, struct rng *rng)
{
    vdir_lose(dir, rng);
    for (size_t i = 0; i < dir->names.n; i++) {
        struct vnode *node = dir->names.all[i].node;

        if (node->kind == VDIRECTORY)
            lose_below(node, rng);
        else
            vnode_lose(node, rng);
    }
}

void vdisk_lose_power(uint64_t chance)
{
    struct rng rng = rng_seeded(chance);

    vdisk_enter();
    assert(!vcalls_any() && !vsqlite_any());
    lose_below(disk.root, &rng);
    disk.boot++;
    vdisk_leave();
}

/* ---- Faults ---------------------------------------------------------------------------
 */

void vdisk_fail(unsigned skip, unsigned n)
{
    disk.skip = skip;
    disk.fail = n;
}

void vdisk_set_shared_memory(bool there_is)
{
    disk.has_shared_memory = there_is;
}

bool vdisk_has_shared_memory(void)
{
    return disk.has_shared_memory;
}

void vdisk_on_write(void (*step)(void *owner))
{
    disk.step = step;
}

void vdisk_step_memory(void *owner)
{
    if (disk.step)
        disk.step(owner);
}

int vdisk_step(void *owner)
{
    int err = 0;

    vdisk_step_memory(owner);
    vdisk_enter();
    if (disk.skip > 0) {
        disk.skip--;
    } else if (disk.fail > 0) {
        disk.fail--;
        err = EIO;
    }
    vdisk_leave();
    return err;
}

static struct vnode *find(const char *path, uint64_t at)
{
    struct vnode *node;

    if (vpath_find(path, &node) || node->kind != VFILE || at >= node->now.n)
        return NULL;
    return node;
}

bool vdisk_cut(const char *path, uint64_t at)
{
    struct vnode *node;

    vdisk_enter();
    node = find(path, at);
    if (node)
        vnode_cut(node, at);
    vdisk_leave();
    return node;
}

bool vdisk_turn_bit(const char *path, uint64_t at)
{
    struct vnode *node;

    vdisk_enter();
    node = find(path, at);
    if (node)
        vnode_turn_bit(node, at);
    vdisk_leave();
    return node;
}

/* ---- What is on it --------------------------------------------------------------------
 */

void vdisk_set_limit(uint64_t bytes)
{
    disk.limit = bytes;
}

uint64_t vdisk_room(void)
{
    uint64_t used = vnodes_bytes();

    return used < disk.limit ? disk.limit - used : 0;
}

uint64_t vdisk_used(void)
{
    uint64_t used;

    vdisk_enter();
    used = vnodes_bytes();
    vdisk_leave();
    return used;
}

void vdisk_bury(const struct vnode *node)
{
    if (!disk.buried)
        disk.buried = mem_zero(BURIED_MAX);
    if (!disk.buried)
        abort();
    for (size_t from = 0; from < node->now.n;) {
        size_t n = BURIED_MAX - disk.buried_at;

        if (n > node->now.n - from)
            n = node->now.n - from;
        memcpy(disk.buried + disk.buried_at, node->now.p + from, n);
        from += n;
        disk.buried_at += n;
        if (disk.buried_n < disk.buried_at)
            disk.buried_n = disk.buried_at;
        disk.buried_at %= BURIED_MAX;
    }
}

bool vdisk_contains(struct str needle)
{
    bool found;

    vdisk_enter();
    found = vnodes_contain(needle) ||
            (disk.buried && memmem(disk.buried, disk.buried_n, needle.p, needle.n));
    vdisk_leave();
    return found;
}

const char *vdisk_file(size_t i, uint64_t *bytes)
{
    static char path[1024];
    struct vnode *node;

    vdisk_enter();
    strcpy(path, VDISK_ROOT);
    node = vdir_file(disk.root, &i, path);
    if (node)
        *bytes = node->now.n;
    vdisk_leave();
    return node ? path : NULL;
}
