/* From records to JSON. */
#include "cache_private.h"

#include <malloc.h>
#include <stdlib.h>

/* ---- One object ------------------------------------------------------------------- */

static void put_id(struct json_writer *w, const char *key, uint64_t id)
{
    json_key(w, key);
    json_put_id(w, id);
}

/* What the record's key says: its own id, or whose it is. */
static int write_identity(struct cache *c, cordage_kind kind, uint64_t id,
                          bool whole_user, struct json_writer *w)
{
    switch (kind) {
    case CORDAGE_KIND_MEMBERS:
    case CORDAGE_KIND_PRESENCES:
        json_key(w, "user");
        if (whole_user)
            return user_write(c, id, false, w);
        json_open(w, '{');
        put_id(w, "id", id);
        json_shut(w, '}');
        return 0;
    case CORDAGE_KIND_VOICE_STATES:
        put_id(w, "user_id", id);
        return 0;
    case CORDAGE_KIND_SOUNDS:
        put_id(w, "sound_id", id);
        return 0;
    default:
        put_id(w, "id", id);
        return 0;
    }
}

/* Discord lists these with their guild's id even in a guild. */
static bool always_has_guild(cordage_kind kind)
{
    return kind == CORDAGE_KIND_STAGE_INSTANCES ||
           kind == CORDAGE_KIND_SCHEDULED_EVENTS || kind == CORDAGE_KIND_SOUNDS;
}

int object_write(struct cache *c, const struct guild *g, cordage_kind kind, uint64_t id,
                 struct str record, bool with_guild, struct json_writer *w)
{
    bool whole_user = with_guild || kind == CORDAGE_KIND_MEMBERS;
    int err, record_err = 0;

    json_open(w, '{');
    err = write_identity(c, kind, id, whole_user, w);
    if (kind != CORDAGE_KIND_GUILDS && (with_guild || always_has_guild(kind)))
        put_id(w, "guild_id", g->id);
    if (record.n)
        record_err = record_json(object_schemas[kind], record, w);
    if (kind == CORDAGE_KIND_GUILDS && g->unavailable) {
        json_key(w, "unavailable");
        json_put_bool(w, true);
    }
    json_shut(w, '}');
    return err ? err : record_err;
}

/* Ends what `w` wrote to `out`, taking it back if it was damaged. */
static int finish(struct json_writer *w, int damaged, struct buf *out)
{
    size_t start = w->start;
    int err = json_end(w);

    if (err || !damaged)
        return err;
    out->n = start;
    return CORDAGE_ENOTFOUND;
}

static int read_user(struct cache *c, uint64_t id, struct buf *out)
{
    struct json_writer w;
    int err;

    json_begin(&w, out);
    err = user_write(c, id, true, &w);
    return finish(&w, err, out);
}

/* A guild of which only the mark is known has no record. */
static bool find_record(struct cache *c, struct guild *g, cordage_kind kind, uint64_t id,
                        struct str *record)
{
    if (kind == CORDAGE_KIND_GUILDS) {
        *record = (struct str){ "", 0 };
        shelf_get(&g->shelves[kind], id, record);
        return record->n || g->unavailable;
    }
    return keep_get(c, g, kind, id, record);
}

int cache_read(struct cache *c, cordage_kind kind, cordage_id guild_id, cordage_id id,
               struct buf *out)
{
    struct guild_stripe *stripe;
    struct guild *g;
    struct str record;
    int err = CORDAGE_ENOTFOUND;

    if (kind >= CORDAGE_N_KINDS || !cache_keeps(c, kind))
        return CORDAGE_ENOTFOUND;
    if (kind == CORDAGE_KIND_USERS)
        return read_user(c, id, out);
    if (kind == CORDAGE_KIND_GUILDS)
        guild_id = id;
    stripe = guild_lock(c, guild_id);
    g = guild_find(c, stripe, guild_id);
    if (g && find_record(c, g, kind, id, &record)) {
        struct json_writer w;

        json_begin(&w, out);
        err = object_write(c, g, kind, id, record, true, &w);
        err = finish(&w, err, out);
        lru_read(&c->lrus[kind], (struct lru_key){ guild_id, id });
        if (kind == CORDAGE_KIND_MEMBERS) /* who is read with his name keeps it */
            lru_read(&c->lrus[CORDAGE_KIND_USERS], (struct lru_key){ 0, id });
    }
    guild_unlock(stripe);
    return err;
}

/* ---- Ids -------------------------------------------------------------------------- */

static int compare_ids(const void *a, const void *b)
{
    uint64_t x, y;

    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x < y ? -1 : x > y;
}

static int append_id(struct buf *out, uint64_t id)
{
    return buf_append(out, &id, sizeof id);
}

static int all_guilds(struct cache *c, struct buf *out)
{
    int err = 0;

    for (unsigned i = 0; i < STRIPES && !err; i++) {
        struct guild_stripe *stripe = &c->guilds[i];
        struct guild *g;
        size_t at = 0;

        pthread_mutex_lock(&stripe->lock);
        while (!err && (g = map_next(&stripe->guilds, &at, NULL)))
            if (guild_find(c, stripe, g->id))
                err = append_id(out, g->id);
        pthread_mutex_unlock(&stripe->lock);
    }
    return err;
}

static int guild_ids(struct cache *c, const struct guild *g, cordage_kind kind,
                     struct buf *out)
{
    struct str record;
    uint64_t id = 0;
    int err = 0;

    while (!err && shelf_next(&g->shelves[kind], id, &id, &record))
        if (keep_get(c, g, kind, id, &record))
            err = append_id(out, id);
    return err;
}

int cache_ids(struct cache *c, cordage_kind kind, cordage_id guild_id, struct buf *out)
{
    size_t start = out->n;
    int err;

    if (kind >= CORDAGE_N_KINDS)
        return CORDAGE_ENOTFOUND;
    if (kind == CORDAGE_KIND_USERS || kind == CORDAGE_KIND_GUILDS) {
        err = kind == CORDAGE_KIND_USERS ? user_ids(c, out) : all_guilds(c, out);
        if (!err && out->n > start)
            qsort(out->p + start, (out->n - start) / sizeof(uint64_t), sizeof(uint64_t),
                  compare_ids);
    } else {
        struct guild_stripe *stripe = guild_lock(c, guild_id);
        struct guild *g = guild_find(c, stripe, guild_id);

        err = g ? guild_ids(c, g, kind, out) : CORDAGE_ENOTFOUND;
        guild_unlock(stripe);
    }
    if (err)
        out->n = start;
    return err;
}

/* ---- A whole guild ---------------------------------------------------------------- */

static int write_list(struct cache *c, const struct guild *g, cordage_kind kind,
                      struct json_writer *w)
{
    struct str record;
    uint64_t id = 0;
    int err = 0;

    json_key(w, object_list_key(kind));
    json_open(w, '[');
    while (!err && shelf_next(&g->shelves[kind], id, &id, &record))
        if (keep_get(c, g, kind, id, &record))
            err = object_write(c, g, kind, id, record, false, w);
    json_shut(w, ']');
    return err;
}

static int write_whole(struct cache *c, struct guild *g, struct json_writer *w)
{
    struct str record = { "", 0 };
    int err = 0;

    json_open(w, '{');
    put_id(w, "id", g->id);
    json_key(w, "unavailable");
    json_put_bool(w, g->unavailable);
    if (shelf_get(&g->shelves[CORDAGE_KIND_GUILDS], g->id, &record)) {
        err = record_json(object_schemas[CORDAGE_KIND_GUILDS], record, w);
        for (unsigned kind = 0; kind < CORDAGE_N_KINDS && !err; kind++)
            if (object_list_key(kind))
                err = write_list(c, g, kind, w);
    }
    json_shut(w, '}');
    return err;
}

int cache_write_guild(struct cache *c, cordage_id guild_id, struct buf *out)
{
    struct guild_stripe *stripe = guild_lock(c, guild_id);
    struct guild *g = guild_find(c, stripe, guild_id);
    int err = CORDAGE_ENOTFOUND;

    if (g) {
        struct json_writer w;

        json_begin(&w, out);
        err = write_whole(c, g, &w);
        err = finish(&w, err, out);
    }
    guild_unlock(stripe);
    return err;
}

/* ---- Bytes ------------------------------------------------------------------------ */

static size_t guild_bytes(struct guild *g)
{
    size_t n = malloc_usable_size(g) + sizeof(size_t);

    for (unsigned kind = 0; kind < CORDAGE_N_KINDS; kind++)
        n += shelf_bytes(&g->shelves[kind]);
    return n;
}

static size_t stripe_bytes(const struct guild_stripe *stripe)
{
    size_t n = stripe->guilds.size * sizeof(struct map_slot), at = 0;
    struct guild *g;

    while ((g = map_next(&stripe->guilds, &at, NULL)))
        n += guild_bytes(g);
    return n;
}

void cache_bytes(struct cache *c, size_t out[2])
{
    out[0] = out[1] = 0;
    for (unsigned i = 0; i < STRIPES; i++) {
        pthread_mutex_lock(&c->guilds[i].lock);
        out[0] += stripe_bytes(&c->guilds[i]);
        pthread_mutex_unlock(&c->guilds[i].lock);
        pthread_mutex_lock(&c->users[i].lock);
        out[1] += shelf_bytes(&c->users[i].users);
        pthread_mutex_unlock(&c->users[i].lock);
    }
    for (unsigned kind = 0; kind < CORDAGE_N_KINDS; kind++)
        out[kind == CORDAGE_KIND_USERS] += lru_bytes(&c->lrus[kind]);
}
