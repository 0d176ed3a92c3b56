/* A file's bytes, and what of them a loss of power leaves. */
#include "vdisk_inner.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "mem.h"

static struct vnode *nodes;
static uint64_t last_number;

/* ---- Nodes ----------------------------------------------------------------------------
 */

struct vnode *vnode_new(enum vkind kind, mode_t mode)
{
    struct vnode *node = mem_zero(sizeof *node);

    if (!node)
        abort();
    node->kind = kind;
    node->mode = mode;
    node->number = ++last_number;
    node->refs = 1;
    node->memory = -1;
    node->next = nodes;
    node->back = &nodes;
    if (nodes)
        nodes->back = &node->next;
    nodes = node;
    return node;
}

struct vnode *vnode_ref(struct vnode *node)
{
    node->refs++;
    return node;
}

static void forget_changes(struct vnode *node)
{
    for (size_t i = 0; i < node->n_changes; i++)
        free(node->changes[i].bytes);
    node->n_changes = 0;
}

void vnode_unref(struct vnode *node)
{
    if (!node || --node->refs > 0)
        return;
    *node->back = node->next;
    if (node->next)
        node->next->back = node->back;
    if (node->kind == VFILE && !node->is_nowhere)
        vdisk_bury(node);
    if (node->kind == VDIRECTORY)
        vdir_release(node);
    forget_changes(node);
    free(node->changes);
    if (node->memory >= 0) {
        vdisk_munmap(node->now.p, node->now.room);
        close(node->memory);
    } else {
        free(node->now.p);
    }
    free(node->kept.p);
    for (size_t i = 0; i < node->n_regions; i++)
        free(node->regions[i]);
    free(node);
}

struct vnode *vnode_open(struct vnode *node)
{
    node->opens++;
    return vnode_ref(node);
}

void vnode_close(struct vnode *node)
{
    node->opens--;
    vnode_unref(node);
}

uint64_t vnodes_bytes(void)
{
    uint64_t bytes = 0;

    for (const struct vnode *node = nodes; node; node = node->next)
        if ((node->links || node->opens) && !node->is_nowhere)
            bytes += node->now.n + node->n_regions * node->region_bytes;
    return bytes;
}

static bool contains(const struct vbytes *b, struct str needle)
{
    return b->n > 0 && memmem(b->p, b->n, needle.p, needle.n);
}

bool vnodes_contain(struct str needle)
{
    for (const struct vnode *node = nodes; node; node = node->next)
        if (contains(&node->now, needle) || contains(&node->kept, needle))
            return true;
    return false;
}

/* ---- Bytes ----------------------------------------------------------------------------
 */

static void *must(void *p)
{
    if (!p)
        abort(); /* a test without memory has nothing to say */
    return p;
}

static size_t rounded(size_t n)
{
    size_t room = 4096;

    while (room < n)
        room *= 2;
    return room;
}

static void reserve(struct vbytes *b, size_t n)
{
    size_t room = rounded(n);

    if (n <= b->room)
        return;
    b->p = must(realloc(b->p, room));
    memset(b->p + b->room, 0, room - b->room);
    b->room = room;
}

/* As `now` of a file that is mapped: its memfd grows with it. */
static void reserve_now(struct vnode *node, size_t n)
{
    size_t room = rounded(n);
    void *p;

    if (node->memory < 0) {
        reserve(&node->now, n);
        return;
    }
    if (n <= node->now.room)
        return;
    if (ftruncate(node->memory, (off_t)room) < 0)
        abort();
    p = mremap(node->now.p, node->now.room, room, MREMAP_MAYMOVE);
    if (p == MAP_FAILED)
        abort();
    node->now.p = p;
    node->now.room = room;
}

/* There is room. */
static void set_size(struct vbytes *b, uint64_t size)
{
    if (size < b->n)
        memset(b->p + size, 0, b->n - size);
    b->n = size;
}

int vnode_memory(struct vnode *node)
{
    size_t room = rounded(node->now.n);
    void *p;

    node->was_mapped = true;
    if (node->memory >= 0)
        return 0;
    node->memory = memfd_create("vdisk", MFD_CLOEXEC);
    if (node->memory < 0)
        return errno;
    if (ftruncate(node->memory, (off_t)room) < 0)
        abort();
    p = mmap(NULL, room, PROT_READ | PROT_WRITE, MAP_SHARED, node->memory, 0);
    if (p == MAP_FAILED)
        abort();
    if (node->now.n > 0)
        memcpy(p, node->now.p, node->now.n);
    free(node->now.p);
    node->now.p = p;
    node->now.room = room;
    return 0;
}

static void remember(struct vnode *node, const struct vchange *change)
{
    if (node->n_changes == node->changes_room) {
        node->changes_room = node->changes_room ? node->changes_room * 2 : 16;
        node->changes =
            must(realloc(node->changes, node->changes_room * sizeof *node->changes));
    }
    node->changes[node->n_changes++] = *change;
}

size_t vnode_read(const struct vnode *node, void *out, size_t n, uint64_t at)
{
    if (at >= node->now.n)
        return 0;
    if (n > node->now.n - at)
        n = node->now.n - at;
    memcpy(out, node->now.p + at, n);
    return n;
}

size_t vnode_write(struct vnode *node, const void *bytes, size_t n, uint64_t at)
{
    struct vchange change = { .at = at };
    uint64_t room;

    if (at + n > node->now.n && !node->is_nowhere) {
        room = vdisk_room();
        if (at > node->now.n && at - node->now.n > room)
            return 0;
        if (at + n - node->now.n > room)
            n = node->now.n + room - at;
    }
    if (n == 0)
        return 0;
    reserve_now(node, at + n);
    memcpy(node->now.p + at, bytes, n);
    if (at + n > node->now.n)
        node->now.n = at + n;
    change.n = n;
    change.bytes = must(malloc(n));
    memcpy(change.bytes, bytes, n);
    remember(node, &change);
    return n;
}

int vnode_resize(struct vnode *node, uint64_t size)
{
    struct vchange change = { .is_size = true, .at = size };

    if (size > node->now.n && size - node->now.n > vdisk_room())
        return ENOSPC;
    reserve_now(node, size);
    set_size(&node->now, size);
    remember(node, &change);
    return 0;
}

/* ---- Syncs, and the power -------------------------------------------------------------
 */

static void put(struct vbytes *b, const unsigned char *bytes, size_t n, uint64_t at)
{
    reserve(b, at + n);
    memcpy(b->p + at, bytes, n);
    if (at + n > b->n)
        b->n = at + n;
}

static void put_size(struct vbytes *b, uint64_t size)
{
    reserve(b, size);
    set_size(b, size);
}

static void apply(struct vbytes *b, const struct vchange *change)
{
    if (change->is_size)
        put_size(b, change->at);
    else
        put(b, change->bytes, change->n, change->at);
}

void vnode_sync(struct vnode *node)
{
    for (size_t i = 0; i < node->n_changes; i++)
        apply(&node->kept, &node->changes[i]);
    forget_changes(node);
    if (node->was_mapped && node->now.n > 0)
        memcpy(node->kept.p, node->now.p, node->now.n);
}

/* How a file fares: all of it as it was, all of it new, or each change by chance. */
enum fate { FATE_OLD, FATE_NEW, FATE_MIXED, FATE_MIXED_AGAIN, FATES };

static uint64_t sector_end(uint64_t at)
{
    return (at / VDISK_SECTOR + 1) * VDISK_SECTOR;
}

/* Each sector by chance. */
static void tear(struct vbytes *b, const struct vchange *change, struct rng *rng)
{
    uint64_t end = change->at + change->n, next;

    for (uint64_t at = change->at; at < end; at = next) {
        next = sector_end(at) < end ? sector_end(at) : end;
        if (rng_below(rng, 2))
            put(b, change->bytes + (at - change->at), next - at, at);
    }
}

static void survive(struct vbytes *b, const struct vchange *change, enum fate fate,
                    struct rng *rng)
{
    uint64_t end = change->at + change->n, luck = rng_below(rng, 8);

    if (fate == FATE_OLD)
        return;
    if (fate == FATE_NEW || luck < 3) {
        apply(b, change);
    } else if (!change->is_size && luck < 5) {
        tear(b, change, rng);
    } else if (!change->is_size && luck < 6 && end > b->n) {
        put_size(b, end); /* the file is longer, and what was written isn't there */
    }
}

/* What was written through memory is in no change. */
static void survive_mapped(struct vnode *node, enum fate fate, struct rng *rng)
{
    uint64_t n = node->now.n < node->kept.n ? node->now.n : node->kept.n, next;

    for (uint64_t at = 0; at < n; at = next) {
        next = sector_end(at) < n ? sector_end(at) : n;
        if (fate == FATE_NEW || (fate != FATE_OLD && rng_below(rng, 2)))
            memcpy(node->kept.p + at, node->now.p + at, next - at);
    }
}

static void return_to_kept(struct vnode *node)
{
    forget_changes(node);
    reserve_now(node, node->kept.n);
    set_size(&node->now, 0);
    if (node->kept.n > 0)
        memcpy(node->now.p, node->kept.p, node->kept.n);
    node->now.n = node->kept.n;
}

void vnode_lose(struct vnode *node, struct rng *rng)
{
    enum fate fate = (enum fate)rng_below(rng, FATES);

    for (size_t i = 0; i < node->n_changes; i++)
        survive(&node->kept, &node->changes[i], fate, rng);
    if (node->was_mapped)
        survive_mapped(node, fate, rng);
    return_to_kept(node);
}

void vnode_cut(struct vnode *node, uint64_t at)
{
    vnode_sync(node);
    set_size(&node->now, at);
    set_size(&node->kept, at);
}

void vnode_turn_bit(struct vnode *node, uint64_t at)
{
    unsigned char bit = (unsigned char)(1u << at % 8);

    vnode_sync(node);
    node->now.p[at] ^= bit;
    node->kept.p[at] ^= bit;
}
