/* The records of a guild: the only place that changes them, and so the only one that
 * keeps counts, last touches, members' references to users, and what is to be packed. */
#include "cache_private.h"

#include <stdlib.h>

static struct lru_key key_of(const struct guild *g, uint64_t id)
{
    return (struct lru_key){ g->id, id };
}

static uint64_t *count_of(struct cache *c, const struct guild *g, cordage_kind kind)
{
    return &guild_stripe_of(c, g->id)->counts[kind];
}

static bool is_fresh(struct cache *c, const struct guild *g, cordage_kind kind,
                     uint64_t id)
{
    return cache_is_own(c, kind, id) ||
           lru_is_fresh(&c->lrus[kind], key_of(g, id), cache_now(c));
}

bool keep_get(struct cache *c, const struct guild *g, cordage_kind kind, uint64_t id,
              struct str *record)
{
    struct str found;

    if (!shelf_get(&g->shelves[kind], id, &found) || !is_fresh(c, g, kind, id))
        return false;
    *record = found;
    return true;
}

/* ---- Coming and going ------------------------------------------------------------- */

/* A new one is about to be put. */
static int enter(struct cache_slice *s, const struct guild *g, cordage_kind kind,
                 uint64_t id)
{
    struct cache *c = s->cache;
    int err = kind == CORDAGE_KIND_MEMBERS ? user_ref(c, id) : 0;

    if (err)
        return err;
    err = lru_write(&c->lrus[kind], key_of(g, id), cache_now(c), &s->full);
    if (err && kind == CORDAGE_KIND_MEMBERS)
        user_unref(c, id);
    return err;
}

/* One was removed. The guild's own key in the lru goes with the guild. */
static void leave(struct cache *c, const struct guild *g, cordage_kind kind, uint64_t id)
{
    if (kind != CORDAGE_KIND_GUILDS)
        lru_forget(&c->lrus[kind], key_of(g, id));
    if (kind == CORDAGE_KIND_MEMBERS)
        user_unref(c, id);
}

bool keep_remove(struct cache *c, struct guild *g, cordage_kind kind, uint64_t id)
{
    if (!shelf_remove(&g->shelves[kind], id))
        return false;
    leave(c, g, kind, id);
    --*count_of(c, g, kind);
    guild_changed(g);
    return true;
}

void keep_clear(struct cache *c, struct guild *g, cordage_kind kind)
{
    struct shelf *shelf = &g->shelves[kind];
    uint64_t id = 0;
    struct str record;

    *count_of(c, g, kind) -= shelf_count(shelf);
    if (c->lrus[kind].is_on || kind == CORDAGE_KIND_MEMBERS)
        while (shelf_next(shelf, id, &id, &record))
            leave(c, g, kind, id);
    shelf_release(shelf);
}

/* ---- One ------------------------------------------------------------------------------
 */

/* As keep_put; `old` is what the shelf has, NULL: nothing. */
static int put(struct cache_slice *s, struct guild *g, cordage_kind kind, uint64_t id,
               const struct str *old, struct str record)
{
    struct cache *c = s->cache;
    bool is_new = !old;
    int err;

    if (is_new)
        err = enter(s, g, kind, id);
    else
        err = lru_write(&c->lrus[kind], key_of(g, id), cache_now(c), &s->full);
    if (err || (!is_new && str_eq(*old, record)))
        return err;
    if (!is_new && old->n == record.n)
        shelf_write_over(*old, record);
    else
        err = shelf_put(&g->shelves[kind], id, record);
    if (err) {
        if (is_new)
            leave(c, g, kind, id);
        return err;
    }
    *count_of(c, g, kind) += is_new;
    guild_changed(g);
    return 0;
}

int keep_put(struct cache_slice *s, struct guild *g, cordage_kind kind, uint64_t id,
             struct str record)
{
    struct str old;
    bool is_there;

    if (!cache_keeps(s->cache, kind) || !id)
        return 0;
    is_there = shelf_get(&g->shelves[kind], id, &old);
    return put(s, g, kind, id, is_there ? &old : NULL, record);
}

/* What isn't an object leaves nothing, and neither does what a damaged record can't be
 * merged with: memory alone is an error. */
static int put_written(struct cache_slice *s, struct guild *g, cordage_kind kind,
                       uint64_t id, int err)
{
    if (err)
        return err == CORDAGE_ENOMEM ? err : 0;
    return keep_put(s, g, kind, id, buf_str(&s->record));
}

int keep_replace(struct cache_slice *s, struct guild *g, cordage_kind kind, uint64_t id,
                 cordage_json object)
{
    if (!cache_keeps(s->cache, kind) || !id)
        return 0;
    buf_clear(&s->record);
    return put_written(s, g, kind, id,
                       record_write(object_schemas[kind], object, &s->record));
}

int keep_merge(struct cache_slice *s, struct guild *g, cordage_kind kind, uint64_t id,
               cordage_json object)
{
    struct str found, fresh = { "", 0 };
    bool is_there;
    int err;

    if (!cache_keeps(s->cache, kind) || !id)
        return 0;
    is_there = shelf_get(&g->shelves[kind], id, &found);
    if (is_there && is_fresh(s->cache, g, kind, id))
        fresh = found;
    buf_clear(&s->record);
    err = record_merge(object_schemas[kind], fresh, object, &s->record);
    if (err)
        return err == CORDAGE_ENOMEM ? err : 0;
    return put(s, g, kind, id, is_there ? &found : NULL, buf_str(&s->record));
}

int keep_set(struct cache_slice *s, struct guild *g, cordage_kind kind, uint64_t id,
             unsigned field, const uint64_t *value)
{
    struct str old;
    int err;

    if (!keep_get(s->cache, g, kind, id, &old))
        return 0;
    buf_clear(&s->record);
    err = record_set_number(object_schemas[kind], old, field, value, &s->record);
    if (err)
        return err == CORDAGE_ENOMEM ? err : 0;
    return put(s, g, kind, id, &old, buf_str(&s->record));
}

int keep_set_json(struct cache_slice *s, struct guild *g, cordage_kind kind, uint64_t id,
                  unsigned field, cordage_json value)
{
    struct str old;
    int err;

    if (!keep_get(s->cache, g, kind, id, &old))
        return 0;
    buf_clear(&s->record);
    err = record_set(object_schemas[kind], old, field, value, &s->record);
    return put_written(s, g, kind, id, err);
}

/* Takes the fields that the new record, in s->record, doesn't have from the old one. */
static int keep_fields(struct cache_slice *s, cordage_kind kind, struct str old,
                       const unsigned *fields, size_t n)
{
    const struct schema *schema = object_schemas[kind];
    int err = 0;

    for (size_t i = 0; i < n && !err; i++) {
        struct buf taken = s->many, record = s->record;

        if (record_state(schema, buf_str(&record), fields[i]) != FIELD_ABSENT ||
            record_state(schema, old, fields[i]) == FIELD_ABSENT)
            continue;
        buf_clear(&taken);
        err = record_take(schema, buf_str(&record), old, fields[i], &taken);
        /* The two buffers change places. */
        s->record = taken;
        s->many = record;
    }
    return err;
}

int keep_update(struct cache_slice *s, struct guild *g, cordage_kind kind, uint64_t id,
                cordage_json object, const unsigned *fields, size_t n)
{
    struct str old;
    int err;

    if (!cache_keeps(s->cache, kind) || !id)
        return 0;
    buf_clear(&s->record);
    err = record_write(object_schemas[kind], object, &s->record);
    if (!err && keep_get(s->cache, g, kind, id, &old))
        err = keep_fields(s, kind, old, fields, n);
    return put_written(s, g, kind, id, err);
}

int keep_rewrite(struct guild *g, cordage_kind kind, uint64_t id, struct str record)
{
    int err = shelf_put(&g->shelves[kind], id, record);

    if (!err)
        guild_changed(g);
    return err;
}

/* ---- Many ----------------------------------------------------------------------------
 */

/* Takes back what enter did for the first `n` of a list that can't be put. */
static void undo(struct cache *c, const struct guild *g, cordage_kind kind,
                 const struct shelf_item *items, size_t n)
{
    struct str record;

    for (size_t i = 0; i < n; i++)
        if (!shelf_get(&g->shelves[kind], items[i].id, &record))
            leave(c, g, kind, items[i].id);
}

static int enter_all(struct cache_slice *s, const struct guild *g, cordage_kind kind,
                     const struct shelf_item *items, size_t n)
{
    struct lru *lru = &s->cache->lrus[kind];
    struct str record;

    if (!lru->is_on && kind != CORDAGE_KIND_MEMBERS)
        return 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t id = items[i].id;
        int err;

        if (shelf_get(&g->shelves[kind], id, &record))
            err = lru_write(lru, key_of(g, id), cache_now(s->cache), &s->full);
        else
            err = enter(s, g, kind, id);
        if (err) {
            undo(s->cache, g, kind, items, i);
            return err;
        }
    }
    return 0;
}

int keep_fill_items(struct cache_slice *s, struct guild *g, cordage_kind kind,
                    const struct shelf_item *items, size_t n)
{
    struct cache *c = s->cache;
    struct shelf filled = { 0 }, *old = &g->shelves[kind];
    struct str record;
    uint64_t id = 0;
    int err;

    if (!cache_keeps(c, kind))
        return 0;
    err = shelf_fill(&filled, items, n);
    if (!err)
        err = enter_all(s, g, kind, items, n);
    if (err) {
        shelf_release(&filled);
        return err;
    }
    while (shelf_next(old, id, &id, &record))
        if (!shelf_get(&filled, id, &record))
            leave(c, g, kind, id);
    *count_of(c, g, kind) += shelf_count(&filled) - (uint64_t)shelf_count(old);
    shelf_release(old);
    *old = filled;
    guild_changed(g);
    return 0;
}

/* While a list is read a record's place is an offset: the buffer grows and moves. */
struct pending {
    uint64_t id;
    size_t at, n;
};

static int read_list(struct cache_slice *s, cordage_kind kind, cordage_json list)
{
    struct json_iter it;
    int err = 0;

    buf_clear(&s->many);
    buf_clear(&s->items);
    for (bool more = json_first(list, &it); more && !err; more = json_next(&it)) {
        struct pending p = { object_id(kind, it.value), s->many.n, 0 };

        if (!p.id || (kind == CORDAGE_KIND_THREADS && thread_is_archived(it.value)))
            continue;
        err = record_write(object_schemas[kind], it.value, &s->many);
        p.n = s->many.n - p.at;
        if (!err)
            err = buf_append(&s->items, &p, sizeof p);
    }
    return err;
}

/* By id; of two with the same id the first comes first. */
static int compare(const void *a, const void *b)
{
    const struct pending *x = a, *y = b;

    if (x->id != y->id)
        return x->id < y->id ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

/* The buffer's pendings become items, in order, the last of each id. */
static size_t sort_items(struct cache_slice *s)
{
    _Static_assert(sizeof(struct pending) == sizeof(struct shelf_item),
                   "one becomes the other in its place");
    size_t n = s->items.n / sizeof(struct pending), kept = 0;

    if (n == 0)
        return 0;
    qsort(s->items.p, n, sizeof(struct pending), compare);
    for (size_t i = 0; i < n; i++) {
        struct pending p, next = { 0 };
        struct shelf_item item;

        memcpy(&p, s->items.p + i * sizeof p, sizeof p);
        if (i + 1 < n)
            memcpy(&next, s->items.p + (i + 1) * sizeof next, sizeof next);
        if (next.id == p.id)
            continue;
        item = (struct shelf_item){ p.id, { s->many.p + p.at, p.n } };
        memcpy(s->items.p + kept++ * sizeof item, &item, sizeof item);
    }
    return kept;
}

int keep_fill(struct cache_slice *s, struct guild *g, cordage_kind kind,
              cordage_json list)
{
    int err;

    if (!cache_keeps(s->cache, kind))
        return 0;
    err = read_list(s, kind, list);
    if (err)
        return err;
    return keep_fill_items(s, g, kind, (struct shelf_item *)s->items.p, sort_items(s));
}
