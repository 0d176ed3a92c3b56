#include "cache_private.h"

#include "varint.h"

static const cordage_kind kind = CORDAGE_KIND_USERS;

static struct lru_key key_of(uint64_t id)
{
    return (struct lru_key){ 0, id };
}

/* The id's stripe, locked. */
static struct user_stripe *lock(struct cache *c, uint64_t id)
{
    struct user_stripe *stripe = &c->users[(id >> 12) * 0x9e3779b97f4a7c15ULL >> 58];

    pthread_mutex_lock(&stripe->lock);
    return stripe;
}

static void unlock(struct user_stripe *stripe)
{
    pthread_mutex_unlock(&stripe->lock);
}

/* What a shelf has of a user. */
struct entry {
    bool is_there;
    uint64_t refs;
    struct str record; /* empty: only members know of it */
    struct str all;    /* refs and record, as the shelf has them */
};

static struct entry get(const struct user_stripe *stripe, uint64_t id)
{
    struct entry e = { .record = { "", 0 }, .all = { "", 0 } };
    const char *p, *end;

    e.is_there = shelf_get(&stripe->users, id, &e.all);
    if (e.is_there) {
        p = e.all.p;
        end = p + e.all.n;
        varint_get(&p, end, &e.refs);
        e.record = (struct str){ p, (size_t)(end - p) };
    }
    return e;
}

/* What is known of it; nothing, if that is too old. */
static struct str fresh(struct cache *c, const struct entry *e, uint64_t id)
{
    if (e->record.n && lru_is_fresh(&c->lrus[kind], key_of(id), cache_now(c)))
        return e->record;
    return (struct str){ "", 0 };
}

/* The same, without what is too old. */
static struct entry get_fresh(struct cache *c, const struct user_stripe *stripe,
                              uint64_t id)
{
    struct entry e = get(stripe, id);

    e.record = fresh(c, &e, id);
    return e;
}

/* ---- What is known of a user ------------------------------------------------------ */

/* `all`: the number of references, and the record behind it. */
static int store(struct cache_slice *s, struct user_stripe *stripe, uint64_t id,
                 const struct entry *old, struct str all, bool *changed)
{
    struct cache *c = s->cache;
    bool is_new = old->record.n == 0;
    int err = lru_write(&c->lrus[kind], key_of(id), cache_now(c), &s->full);

    if (err || (old->is_there && str_eq(old->all, all)))
        return err;
    if (old->is_there && old->all.n == all.n)
        shelf_write_over(old->all, all);
    else
        err = shelf_put(&stripe->users, id, all);
    if (err) {
        if (is_new)
            lru_forget(&c->lrus[kind], key_of(id));
        return err;
    }
    stripe->n += is_new;
    *changed = true;
    return 0;
}

static int append_refs(struct buf *out, uint64_t refs)
{
    char bytes[VARINT_MAX];

    return buf_append(out, bytes, (size_t)(varint_put(bytes, refs) - bytes));
}

int user_put(struct cache_slice *s, cordage_json user, enum user_put how, bool *changed)
{
    const struct schema *schema = object_schemas[kind];
    cordage_id id = cordage_json_id(json_get(user, "id"));
    struct user_stripe *stripe;
    struct entry old;
    int err = 0;

    if (!cache_keeps(s->cache, kind) || !id)
        return 0;
    stripe = lock(s->cache, id);
    old = get(stripe, id);
    if (how != USER_IF_KNOWN || old.record.n) {
        buf_clear(&s->record);
        err = append_refs(&s->record, old.refs);
        if (!err && how == USER_REPLACE)
            err = record_write(schema, user, &s->record);
        else if (!err)
            err = record_merge(schema, fresh(s->cache, &old, id), user, &s->record);
        if (!err)
            err = store(s, stripe, id, &old, buf_str(&s->record), changed);
    }
    unlock(stripe);
    return err == CORDAGE_ENOMEM ? err : 0;
}

int user_put_record(struct cache_slice *s, uint64_t id, struct str record)
{
    struct user_stripe *stripe;
    struct entry old;
    bool changed;
    int err;

    if (!cache_keeps(s->cache, kind) || !id || !record.n)
        return 0;
    stripe = lock(s->cache, id);
    old = get(stripe, id);
    buf_clear(&s->record);
    err = append_refs(&s->record, old.refs);
    if (!err)
        err = buf_append_str(&s->record, record);
    if (!err)
        err = store(s, stripe, id, &old, buf_str(&s->record), &changed);
    unlock(stripe);
    return err;
}

/* ---- Who refers to it ------------------------------------------------------------- */

static void drop(struct cache *c, struct user_stripe *stripe, uint64_t id,
                 const struct entry *e)
{
    if (!e->is_there)
        return;
    stripe->n -= e->record.n != 0;
    shelf_remove(&stripe->users, id);
    lru_forget(&c->lrus[kind], key_of(id));
}

/* Writes the number over the one at `p`, in as many bytes: a varint may be longer than it
 * need be. False: it needs more of them. Nothing is allocated, so this can't fail where
 * it must not. */
static bool put_over(struct str old, size_t width, uint64_t refs)
{
    char *p = (char *)(uintptr_t)old.p; /* the shelf's bytes, which are ours */

    if (varint_size(refs) > width)
        return false;
    for (size_t i = 0; i + 1 < width; i++, refs >>= 7)
        p[i] = (char)(refs | 0x80);
    p[width - 1] = (char)refs;
    return true;
}

/* With another number of references. Fewer don't fail. */
static int put_refs(struct user_stripe *stripe, uint64_t id, const struct entry *e,
                    uint64_t refs)
{
    struct buf all = { 0 };
    int err;

    if (e->is_there && put_over(e->all, e->all.n - e->record.n, refs))
        return 0;
    err = append_refs(&all, refs);
    if (!err)
        err = buf_append_str(&all, e->record);
    if (!err)
        err = shelf_put(&stripe->users, id, buf_str(&all));
    buf_release(&all);
    return err;
}

/* Only how many refer to it stays. It gets shorter, which doesn't fail. */
static void forget_record(struct user_stripe *stripe, uint64_t id, uint64_t refs)
{
    char bytes[VARINT_MAX];
    size_t n = (size_t)(varint_put(bytes, refs) - bytes);

    shelf_put(&stripe->users, id, (struct str){ bytes, n });
    stripe->n--;
}

int user_ref(struct cache *c, uint64_t id)
{
    struct user_stripe *stripe;
    struct entry e;
    int err;

    if (!cache_keeps(c, kind))
        return 0;
    stripe = lock(c, id);
    e = get(stripe, id);
    err = put_refs(stripe, id, &e, e.refs + 1);
    unlock(stripe);
    return err;
}

void user_unref(struct cache *c, uint64_t id)
{
    struct user_stripe *stripe;
    struct entry e;

    if (!cache_keeps(c, kind))
        return;
    stripe = lock(c, id);
    e = get(stripe, id);
    if (e.refs <= 1)
        drop(c, stripe, id, &e);
    else
        put_refs(stripe, id, &e, e.refs - 1);
    unlock(stripe);
}

void user_evict(struct cache *c, uint64_t id)
{
    struct user_stripe *stripe = lock(c, id);
    struct entry e = get(stripe, id);

    if (e.record.n && !lru_has(&c->lrus[kind], key_of(id))) {
        if (e.refs == 0)
            drop(c, stripe, id, &e);
        else
            forget_record(stripe, id, e.refs);
    }
    unlock(stripe);
}

/* ---- Read ------------------------------------------------------------------------- */

int user_write(struct cache *c, uint64_t id, bool whole, struct json_writer *w)
{
    struct user_stripe *stripe = lock(c, id);
    struct entry e = get_fresh(c, stripe, id);
    int err = 0;

    if (whole && !e.record.n) {
        unlock(stripe);
        return CORDAGE_ENOTFOUND;
    }
    json_open(w, '{');
    json_key(w, "id");
    json_put_id(w, id);
    if (e.record.n)
        err = record_json(object_schemas[kind], e.record, w);
    json_shut(w, '}');
    if (whole)
        lru_read(&c->lrus[kind], key_of(id));
    unlock(stripe);
    return err;
}

int user_record(struct cache *c, uint64_t id, struct buf *out)
{
    struct user_stripe *stripe = lock(c, id);
    struct entry e = get_fresh(c, stripe, id);
    int err = buf_append_str(out, e.record);

    unlock(stripe);
    return err;
}

int user_ids(struct cache *c, struct buf *out)
{
    int err = 0;

    for (unsigned i = 0; i < STRIPES && !err; i++) {
        struct user_stripe *stripe = &c->users[i];
        struct str record;
        uint64_t id = 0;

        pthread_mutex_lock(&stripe->lock);
        while (!err && shelf_next(&stripe->users, id, &id, &record))
            if (get_fresh(c, stripe, id).record.n)
                err = buf_append(out, &id, sizeof id);
        pthread_mutex_unlock(&stripe->lock);
    }
    return err;
}
