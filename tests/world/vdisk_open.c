#include "vdisk_calls.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/file.h>

#include "mem.h"

/* ---- Descriptors ----------------------------------------------------------------------
 */

static struct vopen opens[VOPEN_MAX];

struct vopen *vopen_at(int fd)
{
    struct vopen *o = &opens[fd - VOPEN_FIRST];

    return o->node ? o : NULL;
}

int vopen_new(struct vnode *node, int flags)
{
    for (int i = 0; i < VOPEN_MAX; i++) {
        if (opens[i].node)
            continue;
        opens[i] = (struct vopen){ vnode_open(node), vdisk_self(), flags, LOCK_UN, 0 };
        return VOPEN_FIRST + i;
    }
    return -1;
}

void vopen_close(struct vopen *o)
{
    vnode_close(o->node);
    *o = (struct vopen){ 0 };
}

int vopen_lock(struct vopen *o, int operation)
{
    int wanted = operation & ~LOCK_NB;

    for (int i = 0; i < VOPEN_MAX && wanted != LOCK_UN; i++) {
        const struct vopen *other = &opens[i];

        if (other == o || other->node != o->node || other->lock == LOCK_UN)
            continue;
        if (other->lock == LOCK_EX || wanted == LOCK_EX)
            return EWOULDBLOCK;
    }
    o->lock = wanted;
    return 0;
}

/* ---- Mappings -------------------------------------------------------------------------
 */

static struct mapping {
    void *p;
    size_t n;
    void *owner;
} * mappings;
static size_t n_mappings, mappings_room;

void vmapping_add(void *p, size_t n)
{
    if (n_mappings == mappings_room) {
        mappings_room = mappings_room ? mappings_room * 2 : 16;
        mappings = realloc(mappings, mappings_room * sizeof *mappings);
        if (!mappings)
            abort();
    }
    mappings[n_mappings++] = (struct mapping){ p, n, vdisk_self() };
}

static size_t find(const void *p)
{
    size_t i;

    for (i = 0; i < n_mappings && mappings[i].p != p; i++)
        ;
    return i;
}

bool vmapping_is_known(const void *p)
{
    return find(p) < n_mappings;
}

void vmapping_forget(const void *p)
{
    size_t i = find(p);

    if (i < n_mappings)
        mappings[i] = mappings[--n_mappings];
}

static void unmap(void *owner, bool everybody)
{
    for (size_t i = n_mappings; i-- > 0;) {
        if (!everybody && mappings[i].owner != owner)
            continue;
        vdisk_munmap(mappings[i].p, mappings[i].n);
        mappings[i] = mappings[--n_mappings];
    }
}

/* ---- Listings -------------------------------------------------------------------------
 */

static struct vlisting *listings;

struct vlisting *vlisting_new(const struct vnode *dir)
{
    struct vlisting *l = mem_zero(sizeof *l);

    if (!l)
        abort();
    l->owner = vdisk_self();
    l->names.all = mem_zero((dir->names.n + 1) * sizeof *l->names.all);
    if (!l->names.all)
        abort();
    for (; l->names.n < dir->names.n; l->names.n++) {
        const struct vname *from = &dir->names.all[l->names.n];

        l->names.all[l->names.n] =
            (struct vname){ strdup(from->name), vnode_ref(from->node) };
    }
    l->after = listings;
    l->back = &listings;
    if (listings)
        listings->back = &l->after;
    listings = l;
    return l;
}

struct vlisting *vlisting_of(const void *dir)
{
    struct vlisting *l;

    for (l = listings; l && l != dir; l = l->after)
        ;
    return l;
}

void vlisting_free(struct vlisting *l)
{
    *l->back = l->after;
    if (l->after)
        l->after->back = l->back;
    for (size_t i = 0; i < l->names.n; i++) {
        free(l->names.all[i].name);
        vnode_unref(l->names.all[i].node);
    }
    free(l->names.all);
    free(l);
}

/* ---- Ends -----------------------------------------------------------------------------
 */

void vcalls_died(void *owner, bool everybody)
{
    struct vlisting *l, *after;

    for (int i = 0; i < VOPEN_MAX; i++)
        if (opens[i].node && (everybody || opens[i].owner == owner))
            vopen_close(&opens[i]);
    for (l = listings; l; l = after) {
        after = l->after;
        if (everybody || l->owner == owner)
            vlisting_free(l);
    }
    unmap(owner, everybody);
}

bool vcalls_any(void)
{
    for (int i = 0; i < VOPEN_MAX; i++)
        if (opens[i].node)
            return true;
    return n_mappings > 0 || listings;
}
