/* Snapshots: a guild in one piece.
 *
 *     the format, one byte; flags, one byte; the guild's id, 8 bytes
 *     sections, each:   its kind + 1, one byte; how many records follow, a varint;
 *                       each record: its id, 8 bytes; its length, a varint; its bytes
 *     0, one byte
 *
 * Ids stand in order, lowest byte first. The users of the members come before these. A
 * kind's number and a schema's fields never change their meaning (record.h), so later
 * versions read it. Whether it is whole is seen to before anything of it is kept. */
#include "cache_private.h"

#include <stdlib.h>

#include "varint.h"

enum { FLAG_UNAVAILABLE = 1 };

uint64_t cache_policy_mark(const struct cache *c)
{
    uint64_t mark = 0xcbf29ce484222325ULL; /* FNV-1a, a number at a time */

    for (unsigned kind = 0; kind < CORDAGE_N_KINDS; kind++) {
        mark = (mark ^ (uint64_t)c->policies[kind].keep) * 0x100000001b3ULL;
        mark = (mark ^ c->policies[kind].n) * 0x100000001b3ULL;
    }
    return mark;
}

/* ---- Packing ---------------------------------------------------------------------- */

static int put_byte(struct buf *out, unsigned byte)
{
    char c = (char)byte;

    return buf_append(out, &c, 1);
}

static int put_id(struct buf *out, uint64_t id)
{
    char bytes[8];

    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(id >> 8 * i);
    return buf_append(out, bytes, sizeof bytes);
}

static int put_number(struct buf *out, uint64_t n)
{
    char bytes[VARINT_MAX];

    return buf_append(out, bytes, (size_t)(varint_put(bytes, n) - bytes));
}

static int put_head(struct buf *out, cordage_kind kind, uint64_t n)
{
    int err = put_byte(out, kind + 1);

    return err ? err : put_number(out, n);
}

static int put_record(struct buf *out, uint64_t id, struct str record)
{
    int err = put_id(out, id);

    if (!err)
        err = put_number(out, record.n);
    return err ? err : buf_append_str(out, record);
}

/* Also those of whom nothing is known: their records are empty. */
static int pack_users(struct cache_slice *s, const struct guild *g, struct buf *out)
{
    const struct shelf *members = &g->shelves[CORDAGE_KIND_MEMBERS];
    struct str record;
    uint64_t id = 0;
    int err;

    if (!shelf_count(members) || !cache_keeps(s->cache, CORDAGE_KIND_USERS))
        return 0;
    err = put_head(out, CORDAGE_KIND_USERS, shelf_count(members));
    while (!err && shelf_next(members, id, &id, &record)) {
        buf_clear(&s->record);
        err = user_record(s->cache, id, &s->record);
        if (!err)
            err = put_record(out, id, buf_str(&s->record));
    }
    return err;
}

static int pack_kind(const struct guild *g, cordage_kind kind, struct buf *out)
{
    const struct shelf *shelf = &g->shelves[kind];
    struct str record;
    uint64_t id = 0;
    int err;

    if (!shelf_count(shelf))
        return 0;
    err = put_head(out, kind, shelf_count(shelf));
    while (!err && shelf_next(shelf, id, &id, &record))
        err = put_record(out, id, record);
    return err;
}

static int pack(struct cache_slice *s, const struct guild *g, struct buf *out)
{
    int err = put_byte(out, CACHE_FORMAT);

    if (!err)
        err = put_byte(out, g->unavailable ? FLAG_UNAVAILABLE : 0);
    if (!err)
        err = put_id(out, g->id);
    if (!err)
        err = pack_users(s, g, out);
    for (unsigned kind = 0; kind < CORDAGE_N_KINDS && !err; kind++)
        err = pack_kind(g, kind, out);
    return err ? err : put_byte(out, 0);
}

static void guild_is_packed(struct guild *g)
{
    struct cache_slice *s = g->slice;

    pthread_mutex_lock(&s->lock);
    list_remove(&g->in_changed);
    pthread_mutex_unlock(&s->lock);
    g->changed = false;
    g->packed = true;
}

/* The first on the list, or 0. One that is gone is taken off, and that is all. */
static uint64_t first_changed(struct cache_slice *s, bool *gone)
{
    struct guild *g = NULL;
    uint64_t id = 0;

    *gone = false;
    pthread_mutex_lock(&s->lock);
    if (!list_is_empty(&s->changed)) {
        g = CONTAINER_OF(s->changed.next, struct guild, in_changed);
        id = g->id;
        *gone = g->gone;
        if (*gone)
            list_remove(&g->in_changed);
    }
    pthread_mutex_unlock(&s->lock);
    if (*gone)
        free(g);
    return id;
}

bool cache_pack_next(struct cache_slice *s, cordage_id *guild_id, struct buf *packed,
                     int *err)
{
    bool gone;

    *err = 0;
    buf_clear(packed);
    while ((*guild_id = first_changed(s, &gone))) {
        struct guild_stripe *stripe;
        struct guild *g;

        if (gone)
            return true;
        stripe = guild_lock(s->cache, *guild_id);
        g = map_get(&stripe->guilds, *guild_id);
        /* An eviction may have come between. */
        if (g && g->slice == s && g->changed) {
            *err = pack(s, g, packed);
            if (!*err)
                guild_is_packed(g);
            guild_unlock(stripe);
            return !*err;
        }
        guild_unlock(stripe);
    }
    return false;
}

/* The first of the slice's guilds, which is then the last. */
static uint64_t rotate(struct cache_slice *s)
{
    struct link *first;
    uint64_t id = 0;

    pthread_mutex_lock(&s->lock);
    if (!list_is_empty(&s->guilds)) {
        first = list_pop(&s->guilds);
        list_insert(&s->guilds, first);
        id = CONTAINER_OF(first, struct guild, in_slice)->id;
    }
    pthread_mutex_unlock(&s->lock);
    return id;
}

void cache_pack_again(struct cache_slice *s)
{
    size_t n;

    pthread_mutex_lock(&s->lock);
    n = s->n_guilds;
    pthread_mutex_unlock(&s->lock);
    while (n-- > 0) {
        uint64_t id = rotate(s);
        struct guild_stripe *stripe = guild_lock(s->cache, id);
        struct guild *g = map_get(&stripe->guilds, id);

        if (g && g->slice == s)
            guild_changed(g);
        guild_unlock(stripe);
    }
}

/* ---- Unpacking -------------------------------------------------------------------- */

struct reader {
    const char *p, *end;
};

static bool get_byte(struct reader *r, unsigned *byte)
{
    if (r->p == r->end)
        return false;
    *byte = (unsigned char)*r->p++;
    return true;
}

static bool get_id(struct reader *r, uint64_t *id)
{
    if (r->end - r->p < 8)
        return false;
    *id = 0;
    for (unsigned i = 0; i < 8; i++)
        *id |= (uint64_t)(unsigned char)*r->p++ << 8 * i;
    return true;
}

static bool get_record(struct reader *r, uint64_t *id, struct str *record)
{
    uint64_t n;

    if (!get_id(r, id) || !varint_get(&r->p, r->end, &n) || n > (size_t)(r->end - r->p))
        return false;
    *record = (struct str){ r->p, (size_t)n };
    r->p += n;
    return true;
}

struct packed_head {
    unsigned flags;
    uint64_t id;
};

static bool get_head(struct reader *r, struct packed_head *head)
{
    unsigned format;

    return get_byte(r, &format) && format >= 1 && format <= CACHE_FORMAT &&
           get_byte(r, &head->flags) && get_id(r, &head->id) && head->id;
}

/* Reads a section's records into s->items; they stay where they are. */
static int get_section(struct cache_slice *s, struct reader *r, unsigned kind)
{
    uint64_t n, last = 0;
    int err = 0;

    buf_clear(&s->items);
    if (!varint_get(&r->p, r->end, &n))
        return CORDAGE_EPARSE;
    for (; n > 0 && !err; n--) {
        struct shelf_item item;
        bool is_empty_user;

        if (!get_record(r, &item.id, &item.record) || item.id <= last)
            return CORDAGE_EPARSE;
        is_empty_user = kind == CORDAGE_KIND_USERS && item.record.n == 0;
        if (!is_empty_user && !record_is_whole(object_schemas[kind], item.record))
            return CORDAGE_EPARSE;
        last = item.id;
        err = buf_append(&s->items, &item, sizeof item);
    }
    return err;
}

static int put_users(struct cache_slice *s, const struct shelf_item *items, size_t n)
{
    int err = 0;

    for (size_t i = 0; i < n && !err; i++)
        err = user_put_record(s, items[i].id, items[i].record);
    return err;
}

/* Goes through all sections; with a guild, it also puts what they have. */
static int each_section(struct cache_slice *s, struct reader r, struct guild *g,
                        uint64_t guild_id)
{
    unsigned byte, seen = 0;
    int err = 0;

    while (!err && get_byte(&r, &byte)) {
        const struct shelf_item *items;
        unsigned kind = byte - 1;
        size_t n;

        if (byte == 0)
            return r.p == r.end ? 0 : CORDAGE_EPARSE;
        if (kind >= CORDAGE_N_KINDS || seen >> kind & 1)
            return CORDAGE_EPARSE;
        seen |= 1u << kind;
        err = get_section(s, &r, kind);
        items = (const struct shelf_item *)s->items.p;
        n = s->items.n / sizeof *items;
        if (!err && kind == CORDAGE_KIND_GUILDS && (n != 1 || items->id != guild_id))
            err = CORDAGE_EPARSE;
        if (!err && g)
            err = kind == CORDAGE_KIND_USERS ? put_users(s, items, n)
                                             : keep_fill_items(s, g, kind, items, n);
    }
    return err ? err : CORDAGE_EPARSE;
}

static int unpack(struct cache_slice *s, struct guild_stripe *stripe, struct reader r,
                  const struct packed_head *head)
{
    struct guild *g = guild_make(s, stripe, head->id);
    int err;

    if (!g)
        return CORDAGE_ENOMEM;
    for (unsigned kind = 0; kind < CORDAGE_N_KINDS; kind++)
        keep_clear(s->cache, g, kind);
    g->unavailable = head->flags & FLAG_UNAVAILABLE;
    err = each_section(s, r, g, head->id);
    if (err)
        guild_drop(s->cache, stripe, g);
    else
        guild_is_packed(g);
    return err;
}

int cache_unpack(struct cache_slice *s, struct str packed)
{
    struct reader r = { packed.p, packed.p + packed.n };
    struct guild_stripe *stripe;
    struct packed_head head;
    int err;

    if (!get_head(&r, &head))
        return CORDAGE_EPARSE;
    err = each_section(s, r, NULL, head.id);
    if (err || !cache_keeps(s->cache, CORDAGE_KIND_GUILDS))
        return err;
    stripe = guild_lock(s->cache, head.id);
    err = unpack(s, stripe, r, &head);
    guild_unlock(stripe);
    cache_evict(s);
    return err;
}
