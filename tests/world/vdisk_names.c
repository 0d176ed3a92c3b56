/* Directories: names now, and those that a loss of power leaves. What happened to a
 * directory since its last sync survives up to some moment, as in a file system with a
 * journal: never a later thing without an earlier one. */
#include "vdisk_inner.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "mem.h"

/* ---- A list of names ------------------------------------------------------------------
 */

static void *must(void *p)
{
    if (!p)
        abort();
    return p;
}

static size_t place_of(const struct vnames *names, const char *name, bool *found)
{
    size_t low = 0, high = names->n;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (strcmp(names->all[middle].name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *found = low < names->n && strcmp(names->all[low].name, name) == 0;
    return low;
}

struct vnode *vnames_find(const struct vnames *names, const char *name)
{
    bool found;
    size_t i = place_of(names, name, &found);

    return found ? names->all[i].node : NULL;
}

/* Returns what it led to before; the caller has its reference. */
static struct vnode *put(struct vnames *names, const char *name, struct vnode *node)
{
    bool found;
    size_t i = place_of(names, name, &found);
    struct vnode *old = NULL;

    vnode_ref(node);
    if (found) {
        old = names->all[i].node;
        names->all[i].node = node;
        return old;
    }
    if (names->n == names->room) {
        names->room = names->room ? names->room * 2 : 8;
        names->all = must(realloc(names->all, names->room * sizeof *names->all));
    }
    memmove(names->all + i + 1, names->all + i, (names->n - i) * sizeof *names->all);
    names->all[i] = (struct vname){ must(strdup(name)), node };
    names->n++;
    return NULL;
}

/* As put. */
static struct vnode *drop(struct vnames *names, const char *name)
{
    bool found;
    size_t i = place_of(names, name, &found);
    struct vnode *old;

    if (!found)
        return NULL;
    old = names->all[i].node;
    free(names->all[i].name);
    names->n--;
    memmove(names->all + i, names->all + i + 1, (names->n - i) * sizeof *names->all);
    return old;
}

static void release(struct vnames *names)
{
    for (size_t i = 0; i < names->n; i++) {
        free(names->all[i].name);
        vnode_unref(names->all[i].node);
    }
    free(names->all);
    *names = (struct vnames){ 0 };
}

/* ---- A directory ----------------------------------------------------------------------
 */

static void apply(struct vnames *names, const struct vmove *move)
{
    if (move->from)
        vnode_unref(drop(names, move->from));
    if (move->to)
        vnode_unref(put(names, move->to, move->node));
}

static void unlinked(struct vnode *node)
{
    if (node)
        node->links--;
    vnode_unref(node);
}

static void move_names(struct vnode *dir, const char *from, const char *to,
                       struct vnode *node)
{
    struct vmove move = { from ? must(strdup(from)) : NULL, to ? must(strdup(to)) : NULL,
                          node };

    if (node)
        vnode_ref(node);
    if (dir->n_moves == dir->moves_room) {
        dir->moves_room = dir->moves_room ? dir->moves_room * 2 : 8;
        dir->moves = must(realloc(dir->moves, dir->moves_room * sizeof *dir->moves));
    }
    dir->moves[dir->n_moves++] = move;
    if (to) {
        node->links++;
        unlinked(put(&dir->names, to, node));
    }
    if (from)
        unlinked(drop(&dir->names, from));
}

void vdir_put(struct vnode *dir, const char *name, struct vnode *node)
{
    move_names(dir, NULL, name, node);
}

void vdir_drop(struct vnode *dir, const char *name)
{
    move_names(dir, name, NULL, NULL);
}

void vdir_rename(struct vnode *dir, const char *from, const char *to)
{
    if (strcmp(from, to) != 0)
        move_names(dir, from, to, vnames_find(&dir->names, from));
}

static void forget_moves(struct vnode *dir)
{
    for (size_t i = 0; i < dir->n_moves; i++) {
        free(dir->moves[i].from);
        free(dir->moves[i].to);
        vnode_unref(dir->moves[i].node);
    }
    dir->n_moves = 0;
}

void vdir_sync(struct vnode *dir)
{
    for (size_t i = 0; i < dir->n_moves; i++)
        apply(&dir->kept_names, &dir->moves[i]);
    forget_moves(dir);
}

void vdir_lose(struct vnode *dir, struct rng *rng)
{
    size_t survive = rng_below(rng, dir->n_moves + 1);

    for (size_t i = 0; i < survive; i++)
        apply(&dir->kept_names, &dir->moves[i]);
    for (size_t i = 0; i < dir->names.n; i++)
        dir->names.all[i].node->links--;
    forget_moves(dir);
    release(&dir->names);
    for (size_t i = 0; i < dir->kept_names.n; i++) {
        put(&dir->names, dir->kept_names.all[i].name, dir->kept_names.all[i].node);
        dir->kept_names.all[i].node->links++;
    }
}

void vdir_release(struct vnode *dir)
{
    forget_moves(dir);
    free(dir->moves);
    release(&dir->names);
    release(&dir->kept_names);
}

struct vnode *vdir_file(struct vnode *dir, size_t *i, char path[1024])
{
    size_t n = strlen(path);

    for (size_t k = 0; k < dir->names.n; k++) {
        struct vnode *node = dir->names.all[k].node, *found;

        snprintf(path + n, 1024 - n, "/%s", dir->names.all[k].name);
        if (node->kind != VDIRECTORY) {
            if ((*i)-- == 0)
                return node;
            continue;
        }
        found = vdir_file(node, i, path);
        if (found)
            return found;
    }
    return NULL;
}

/* ---- Paths ----------------------------------------------------------------------------
 */

bool vpath_is_ours(const char *path)
{
    size_t n = sizeof VDISK_ROOT - 1;

    return vdisk_is_mounted() && path && strncmp(path, VDISK_ROOT, n) == 0 &&
           (path[n] == '/' || path[n] == '\0');
}

/* The next part of a path; false: there is none. ".." is nothing that we are asked for,
 * and leads nowhere. */
static bool next_part(const char **path, char name[256])
{
    size_t n;

    do {
        *path += strspn(*path, "/");
        n = strcspn(*path, "/");
        if (n == 0)
            return false;
        snprintf(name, 256, "%.*s", (int)n, *path);
        *path += n;
    } while (strcmp(name, ".") == 0);
    return true;
}

int vpath_find(const char *path, struct vnode **out)
{
    const char *rest = path + sizeof VDISK_ROOT - 1;
    struct vnode *node = vdisk_root();
    char name[256];

    while (next_part(&rest, name)) {
        if (node->kind != VDIRECTORY)
            return ENOTDIR;
        node = vnames_find(&node->names, name);
        if (!node)
            return ENOENT;
    }
    *out = node;
    return 0;
}

int vpath_split(const char *path, struct vnode **dir, char name[256])
{
    const char *rest = path + sizeof VDISK_ROOT - 1;
    struct vnode *node = vdisk_root();
    char next[256];

    if (!next_part(&rest, name))
        return EEXIST;
    while (next_part(&rest, next)) {
        node = vnames_find(&node->names, name);
        if (!node)
            return ENOENT;
        if (node->kind != VDIRECTORY)
            return ENOTDIR;
        strcpy(name, next);
    }
    *dir = node;
    return 0;
}
