/* shelf.h - records of one kind, in the order of their ids, close together.
 *
 * A sorted list of pages; a page is one allocation with a few KB of records at most, each
 * its id, its length and its bytes. Finding one is a search over the pages and a walk
 * through one. A small shelf is one page of just the size it needs; an empty one takes no
 * memory beyond this struct. Pure, not locked. */
#ifndef CACHE_SHELF_H
#define CACHE_SHELF_H

#include "str.h"

struct shelf_page;

struct shelf {
    struct shelf_page **pages; /* NULL: empty. One page alone may hang here by itself */
    uint32_t n_pages;
    uint32_t n; /* records */
};

void shelf_release(struct shelf *s);
/* Puts or replaces. CORDAGE_ENOMEM leaves it as it was. `record` may lie in this shelf.
 */
int shelf_put(struct shelf *s, uint64_t id, struct str record);
/* Borrowed until the next change. False: there is none. */
bool shelf_get(const struct shelf *s, uint64_t id, struct str *record);
/* Whether there was one. */
bool shelf_remove(struct shelf *s, uint64_t id);
/* In the order of ids: the first one above `after`. To begin, `after` is 0 (no id is 0).
 */
bool shelf_next(const struct shelf *s, uint64_t after, uint64_t *id, struct str *record);
/* Bytes allocated, without this struct. */
size_t shelf_bytes(const struct shelf *s);

#endif
