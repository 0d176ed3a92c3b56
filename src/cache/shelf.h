/* shelf.h - records of one kind, in the order of their ids, close together.
 *
 * A sorted list of pages; a page is one allocation with about 2 KB of records at most,
 * each its id, its length and its bytes, and nothing between them. Finding one is a
 * search over the pages and a walk through one. A small shelf is one page of just the
 * size it needs; an empty one takes no memory beyond this struct, which is one pointer.
 * Pure, not locked. */
#ifndef CACHE_SHELF_H
#define CACHE_SHELF_H

#include "str.h"

struct shelf_page;

struct shelf {
    struct shelf_page *root; /* NULL: empty; the only page, or the list of pages */
};

/* A record that is to be put. */
struct shelf_item {
    uint64_t id; /* not 0 */
    struct str record;
};

void shelf_release(struct shelf *s);
/* How many records it has. */
uint32_t shelf_count(const struct shelf *s);
/* Puts or replaces. CORDAGE_ENOMEM leaves it as it was. `record` lies elsewhere. */
int shelf_put(struct shelf *s, uint64_t id, struct str record);
/* Writes over a record that shelf_get found, nothing having changed since, another that
 * is as long. */
void shelf_write_over(struct str found, struct str record);
/* Puts many at once into an empty shelf, in the order of their ids, none twice; each page
 * gets the size that it needs. CORDAGE_ENOMEM leaves it empty. */
int shelf_fill(struct shelf *s, const struct shelf_item *items, size_t n);
/* Borrowed until the next change. False: there is none. */
bool shelf_get(const struct shelf *s, uint64_t id, struct str *record);
/* Whether there was one. */
bool shelf_remove(struct shelf *s, uint64_t id);
/* In the order of ids: the first one above `after`. To begin, `after` is 0 (no id is 0).
 */
bool shelf_next(const struct shelf *s, uint64_t after, uint64_t *id, struct str *record);
/* Bytes allocated, the allocator's own included, without this struct. */
size_t shelf_bytes(const struct shelf *s);

#endif
