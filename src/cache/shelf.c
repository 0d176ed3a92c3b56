/* A shelf is nothing, one page, or a directory of pages. Both begin with the same two
 * words, of which the first tells them apart. A page that has grown too large is cut into
 * halves; one that is empty goes; a directory with one page left becomes that page. */
#include "shelf.h"

#include <assert.h>
#include <malloc.h>
#include <stdlib.h>

#include "error.h"
#include "varint.h"

enum {
    /* Beyond it a page is cut, unless one record alone is larger. A walk through a page
     * of small records then takes some 100 ns. */
    PAGE_MAX = 2048,
    DIRECTORY = 1u << 31, /* in `used`: this is a directory, of that many pages */
};

struct shelf_page {
    uint32_t used; /* bytes of records */
    uint32_t n;    /* records; in a directory those of all pages */
    char bytes[];
};

struct entry {
    uint64_t first; /* ids of earlier pages are lower, those of later ones are not */
    struct shelf_page *page;
};

struct directory {
    uint32_t used, n;
    struct entry entries[];
};

/* ---- One page --------------------------------------------------------------------- */

/* A record in its page, header and all. */
struct place {
    uint32_t at, end; /* from its id to behind its bytes */
    uint64_t id;
    struct str record;
};

static uint64_t get_id(const char *p)
{
    uint64_t id;

    memcpy(&id, p, sizeof id);
    return id;
}

static struct place read_place(const struct shelf_page *page, uint32_t at)
{
    struct place place = { .at = at, .id = get_id(page->bytes + at) };
    const char *p = page->bytes + at + sizeof place.id;
    uint64_t n = 0;

    varint_get(&p, page->bytes + page->used, &n);
    place.record = (struct str){ p, (size_t)n };
    place.end = (uint32_t)(p - page->bytes) + (uint32_t)n;
    return place;
}

/* The first record whose id is `id` or higher; where the page ends if there is none, and
 * then its id is 0. */
static struct place find_place(const struct shelf_page *page, uint64_t id)
{
    uint32_t at = 0;

    while (at < page->used) {
        struct place place = read_place(page, at);

        if (place.id >= id)
            return place;
        at = place.end;
    }
    return (struct place){ .at = at, .end = at };
}

static size_t size_of(struct str record)
{
    return sizeof(uint64_t) + varint_size(record.n) + record.n;
}

static char *write_item(char *p, uint64_t id, struct str record)
{
    memcpy(p, &id, sizeof id);
    p = varint_put(p + sizeof id, record.n);
    if (record.n)
        memcpy(p, record.p, record.n);
    return p + record.n;
}

static struct shelf_page *page_new(size_t used)
{
    struct shelf_page *page = malloc(sizeof *page + used);

    if (page)
        *page = (struct shelf_page){ .used = (uint32_t)used };
    return page;
}

/* Makes the bytes from `at` to `end` `size` long. Moves the page. */
static int page_resize(struct shelf_page **page, uint32_t at, uint32_t end, size_t size)
{
    struct shelf_page *p = *page;
    size_t used = p->used - (end - at) + size, rest = p->used - end;

    if (used > p->used) {
        struct shelf_page *bigger = realloc(p, sizeof *p + used);

        if (!bigger)
            return CORDAGE_ENOMEM;
        p = bigger;
    }
    memmove(p->bytes + at + size, p->bytes + end, rest);
    if (used < p->used) {
        struct shelf_page *smaller = realloc(p, sizeof *p + used);

        if (smaller)
            p = smaller;
    }
    p->used = (uint32_t)used;
    *page = p;
    return 0;
}

/* ---- The directory ---------------------------------------------------------------- */

static struct directory *directory_of(const struct shelf *s)
{
    return s->root && s->root->used & DIRECTORY ? (struct directory *)s->root : NULL;
}

static uint32_t page_count(const struct directory *d)
{
    return d->used & ~(uint32_t)DIRECTORY;
}

/* Where the page is that has `id`, or would have it. */
static uint32_t find_page(const struct directory *d, uint64_t id)
{
    uint32_t low = 0, high = page_count(d);

    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;

        if (d->entries[middle].first <= id)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static struct shelf_page **page_for(struct shelf *s, uint64_t id)
{
    struct directory *d = directory_of(s);

    return d ? &d->entries[find_page(d, id)].page : &s->root;
}

/* An empty one with room for `n`. */
static struct directory *directory_new(size_t n)
{
    struct directory *d = malloc(sizeof *d + n * sizeof d->entries[0]);

    if (d)
        *d = (struct directory){ .used = DIRECTORY };
    return d;
}

static void directory_insert(struct directory *d, uint32_t at, struct entry e)
{
    memmove(&d->entries[at + 1], &d->entries[at],
            (page_count(d) - at) * sizeof d->entries[0]);
    d->entries[at] = e;
    d->used++;
}

/* Room for one more page, which is not there yet. A lone page is put into a directory. */
static struct directory *directory_grow(struct shelf *s)
{
    struct directory *old = directory_of(s), *d;

    if (old) {
        d = realloc(old, sizeof *old + (page_count(old) + 1) * sizeof old->entries[0]);
    } else {
        d = directory_new(2);
        if (d) {
            d->n = s->root->n;
            directory_insert(d, 0, (struct entry){ 0, s->root });
        }
    }
    if (d)
        s->root = (struct shelf_page *)d;
    return d;
}

/* Where the page is best cut: behind the record that the middle falls into, but so that
 * both parts have one. */
static uint32_t cut_of(const struct shelf_page *page, uint32_t *n)
{
    struct place place = read_place(page, 0);

    *n = 1;
    while (place.end < page->used / 2) {
        struct place next = read_place(page, place.end);

        if (next.end == page->used)
            break;
        place = next;
        ++*n;
    }
    return place.end;
}

/* Cuts the page that has `id` in two. The records stay as they were, also without memory.
 */
static int split(struct shelf *s, uint64_t id)
{
    struct shelf_page *lower = *page_for(s, id), *upper;
    uint32_t n, at, cut = cut_of(lower, &n), old_used = lower->used;
    struct directory *d;

    upper = page_new(old_used - cut);
    if (!upper)
        return CORDAGE_ENOMEM;
    d = directory_grow(s);
    if (!d) {
        free(upper);
        return CORDAGE_ENOMEM;
    }
    memcpy(upper->bytes, lower->bytes + cut, upper->used);
    upper->n = lower->n - n;
    at = find_page(d, id);
    /* Getting smaller doesn't fail. */
    page_resize(&d->entries[at].page, cut, old_used, 0);
    d->entries[at].page->n = n;
    directory_insert(d, at + 1, (struct entry){ get_id(upper->bytes), upper });
    return 0;
}

static void drop_page(struct shelf *s, uint64_t id)
{
    struct directory *d = directory_of(s);
    uint32_t at;

    if (!d) {
        free(s->root);
        s->root = NULL;
        return;
    }
    at = find_page(d, id);
    free(d->entries[at].page);
    memmove(&d->entries[at], &d->entries[at + 1],
            (page_count(d) - at - 1) * sizeof d->entries[0]);
    d->used--;
    if (page_count(d) == 1) {
        s->root = d->entries[0].page;
        free(d);
    }
}

/* ---- The shelf -------------------------------------------------------------------- */

void shelf_release(struct shelf *s)
{
    struct directory *d = directory_of(s);

    if (d)
        for (uint32_t i = 0; i < page_count(d); i++)
            free(d->entries[i].page);
    free(s->root);
    s->root = NULL;
}

uint32_t shelf_count(const struct shelf *s)
{
    return s->root ? s->root->n : 0;
}

static int put_first(struct shelf *s, uint64_t id, struct str record)
{
    s->root = page_new(size_of(record));
    if (!s->root)
        return CORDAGE_ENOMEM;
    write_item(s->root->bytes, id, record);
    s->root->n = 1;
    return 0;
}

static void add_count(struct shelf *s, struct shelf_page *page, int more)
{
    page->n += (uint32_t)more;
    if (page != s->root)
        s->root->n += (uint32_t)more;
}

int shelf_put(struct shelf *s, uint64_t id, struct str record)
{
    size_t size = size_of(record);

    assert(id);
    if (!s->root)
        return put_first(s, id, record);
    for (;;) {
        struct shelf_page **page = page_for(s, id);
        struct place place = find_place(*page, id);
        bool is_new = place.id != id;
        uint32_t end = is_new ? place.at : place.end;
        int err;

        if ((*page)->used - (end - place.at) + size > PAGE_MAX && (*page)->n > 1) {
            err = split(s, id);
            if (err)
                return err;
            continue;
        }
        if (size != end - place.at) {
            err = page_resize(page, place.at, end, size);
            if (err)
                return err;
        }
        write_item((*page)->bytes + place.at, id, record);
        add_count(s, *page, is_new);
        return 0;
    }
}

void shelf_write_over(struct str found, struct str record)
{
    assert(found.n == record.n);
    if (record.n)
        memcpy((char *)(uintptr_t)found.p, record.p, record.n);
}

bool shelf_get(const struct shelf *s, uint64_t id, struct str *record)
{
    struct place place;

    if (!s->root || !id)
        return false;
    place = find_place(*page_for((struct shelf *)s, id), id);
    if (place.id != id)
        return false;
    *record = place.record;
    return true;
}

bool shelf_remove(struct shelf *s, uint64_t id)
{
    struct shelf_page **page;
    struct place place;

    if (!s->root || !id)
        return false;
    page = page_for(s, id);
    place = find_place(*page, id);
    if (place.id != id)
        return false;
    add_count(s, *page, -1);
    if ((*page)->n == 0)
        drop_page(s, id);
    else
        page_resize(page, place.at, place.end, 0); /* smaller: doesn't fail */
    return true;
}

bool shelf_next(const struct shelf *s, uint64_t after, uint64_t *id, struct str *record)
{
    const struct directory *d = directory_of(s);
    const struct shelf_page *page = s->root;
    uint32_t at = 0;
    struct place place;

    if (!page || after == UINT64_MAX)
        return false;
    if (d) {
        at = find_page(d, after);
        page = d->entries[at].page;
    }
    place = find_place(page, after + 1);
    if (place.id == 0) {
        if (!d || ++at == page_count(d))
            return false;
        place = read_place(d->entries[at].page, 0);
    }
    *id = place.id;
    *record = place.record;
    return true;
}

static size_t allocated(void *p)
{
    return p ? malloc_usable_size(p) + sizeof(size_t) : 0;
}

size_t shelf_bytes(const struct shelf *s)
{
    const struct directory *d = directory_of(s);
    size_t n = allocated(s->root);

    if (d)
        for (uint32_t i = 0; i < page_count(d); i++)
            n += allocated(d->entries[i].page);
    return n;
}

/* ---- Many at once ----------------------------------------------------------------- */

/* How many of the items go into one page. */
static size_t page_share(const struct shelf_item *items, size_t n, size_t *bytes)
{
    size_t i;

    *bytes = 0;
    for (i = 0; i < n; i++) {
        size_t size = size_of(items[i].record);

        if (i && *bytes + size > PAGE_MAX)
            break;
        *bytes += size;
    }
    return i;
}

static struct shelf_page *filled_page(const struct shelf_item *items, size_t n,
                                      size_t bytes)
{
    struct shelf_page *page = page_new(bytes);
    char *p = page ? page->bytes : NULL;

    if (!page)
        return NULL;
    page->n = (uint32_t)n;
    for (size_t i = 0; i < n; i++)
        p = write_item(p, items[i].id, items[i].record);
    return page;
}

static int fill_directory(struct shelf *s, struct directory *d,
                          const struct shelf_item *items, size_t n)
{
    size_t bytes, share;

    s->root = (struct shelf_page *)d;
    for (size_t i = 0; i < n; i += share) {
        struct shelf_page *page;

        share = page_share(items + i, n - i, &bytes);
        page = filled_page(items + i, share, bytes);
        if (!page) {
            shelf_release(s);
            return CORDAGE_ENOMEM;
        }
        directory_insert(d, page_count(d), (struct entry){ items[i].id, page });
        d->n += (uint32_t)share;
    }
    return 0;
}

int shelf_fill(struct shelf *s, const struct shelf_item *items, size_t n)
{
    size_t pages = 0, bytes;
    struct directory *d;

    assert(!s->root);
    if (n == 0)
        return 0;
    for (size_t i = 0; i < n; i += page_share(items + i, n - i, &bytes))
        pages++;
    if (pages == 1) {
        s->root = filled_page(items, n, bytes);
        return s->root ? 0 : CORDAGE_ENOMEM;
    }
    d = directory_new(pages);
    return d ? fill_directory(s, d, items, n) : CORDAGE_ENOMEM;
}
