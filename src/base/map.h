/* map.h - from a 64-bit id to a pointer.
 *
 * Open addressing; a zeroed map is empty and valid. Values are borrowed and not
 * NULL. Iteration order is not defined: where order can reach the outside, keep
 * a list beside the map. */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stddef.h>
#include <stdint.h>

struct map_slot {
    uint64_t key;
    void *value; /* NULL: free */
};

struct map {
    struct map_slot *slots;
    size_t n, size; /* size is 0 or a power of two */
};

void map_release(struct map *m);
/* Inserts or replaces. CORDAGE_ENOMEM leaves the map as it was. */
int map_put(struct map *m, uint64_t key, void *value);
void *map_get(const struct map *m, uint64_t key);
/* Returns what was removed, or NULL. */
void *map_remove(struct map *m, uint64_t key);
/* Calls again with *at starting at 0 until it returns NULL. No changes meanwhile. */
void *map_next(const struct map *m, size_t *at, uint64_t *key);

#endif
