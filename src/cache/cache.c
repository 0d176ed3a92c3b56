/* The cache itself: stripes, slices, guilds. How it is locked is in cache_private.h. */
#include "cache_private.h"

#include <stdlib.h>

#include "limits.h"
#include "mem.h"

/* ---- The cache -------------------------------------------------------------------- */

static unsigned kept_of(const cordage_policy *policies)
{
    unsigned kept = 0;

    for (unsigned kind = 0; kind < CORDAGE_N_KINDS; kind++)
        if (policies[kind].keep != CORDAGE_KEEP_NEVER)
            kept |= 1u << kind;
    if (!(kept & 1u << CORDAGE_KIND_GUILDS))
        kept &= 1u << CORDAGE_KIND_USERS;
    return kept;
}

int cache_new(const cordage_policy policies[CORDAGE_N_KINDS],
              uint64_t (*seconds)(void *user), void *user, struct cache **out)
{
    struct cache *c = mem_zero(sizeof *c);

    *out = c;
    if (!c)
        return CORDAGE_ENOMEM;
    memcpy(c->policies, policies, sizeof c->policies);
    c->kept = kept_of(policies);
    c->seconds = seconds;
    c->user = user;
    for (unsigned i = 0; i < STRIPES; i++) {
        pthread_mutex_init(&c->guilds[i].lock, NULL);
        pthread_mutex_init(&c->users[i].lock, NULL);
    }
    for (unsigned kind = 0; kind < CORDAGE_N_KINDS; kind++)
        lru_init(&c->lrus[kind], policies[kind]);
    return 0;
}

void cache_free(struct cache *c)
{
    if (!c)
        return;
    for (unsigned i = 0; i < STRIPES; i++) {
        map_release(&c->guilds[i].guilds);
        shelf_release(&c->users[i].users);
        pthread_mutex_destroy(&c->guilds[i].lock);
        pthread_mutex_destroy(&c->users[i].lock);
    }
    for (unsigned kind = 0; kind < CORDAGE_N_KINDS; kind++)
        lru_release(&c->lrus[kind]);
    free(c);
}

void cache_set_self(struct cache *c, cordage_id self)
{
    atomic_store(&c->self, self);
}

bool cache_is_on(const struct cache *c)
{
    return c->kept != 0;
}

uint64_t cache_count(struct cache *c, cordage_kind kind)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < STRIPES; i++) {
        struct guild_stripe *guilds = &c->guilds[i];
        struct user_stripe *users = &c->users[i];

        if (kind == CORDAGE_KIND_USERS) {
            pthread_mutex_lock(&users->lock);
            n += users->n;
            pthread_mutex_unlock(&users->lock);
            continue;
        }
        pthread_mutex_lock(&guilds->lock);
        n += kind == CORDAGE_KIND_GUILDS ? guilds->guilds.n : guilds->counts[kind];
        pthread_mutex_unlock(&guilds->lock);
    }
    return n;
}

/* ---- Guilds ----------------------------------------------------------------------- */

struct guild_stripe *guild_stripe_of(struct cache *c, uint64_t id)
{
    return &c->guilds[(id >> 22) * 0x9e3779b97f4a7c15ULL >> 58];
}

static struct lru_key guild_key(uint64_t id)
{
    return (struct lru_key){ id, id };
}

struct guild *guild_find(struct cache *c, struct guild_stripe *stripe, uint64_t id)
{
    struct guild *g = map_get(&stripe->guilds, id);

    if (g && !lru_is_fresh(&c->lrus[CORDAGE_KIND_GUILDS], guild_key(id), cache_now(c)))
        return NULL;
    return g;
}

/* Takes it off the lists of the slice that has it. */
static void leave_slice(struct guild *g)
{
    struct cache_slice *s = g->slice;

    pthread_mutex_lock(&s->lock);
    list_remove(&g->in_slice);
    list_remove(&g->in_changed);
    g->changed = false;
    s->n_guilds--;
    pthread_mutex_unlock(&s->lock);
}

/* False: the slice is full. */
static bool enter_slice(struct guild *g, struct cache_slice *s)
{
    bool room;

    pthread_mutex_lock(&s->lock);
    room = s->n_guilds < LIMIT_GUILDS;
    if (room) {
        list_insert(&s->guilds, &g->in_slice);
        s->n_guilds++;
        g->slice = s;
    }
    pthread_mutex_unlock(&s->lock);
    return room;
}

static struct guild *guild_new(struct cache_slice *s, struct guild_stripe *stripe,
                               uint64_t id)
{
    struct cache *c = s->cache;
    struct lru *lru = &c->lrus[CORDAGE_KIND_GUILDS];
    struct guild *g = mem_zero(sizeof *g);

    if (!g)
        return NULL;
    g->id = id;
    list_init(&g->in_slice);
    list_init(&g->in_changed);
    if (!enter_slice(g, s)) {
        free(g);
        return NULL;
    }
    if (map_put(&stripe->guilds, id, g) == 0) {
        if (lru_write(lru, guild_key(id), cache_now(c), &s->full) == 0)
            return g;
        map_remove(&stripe->guilds, id);
    }
    leave_slice(g);
    free(g);
    return NULL;
}

struct guild *guild_make(struct cache_slice *s, struct guild_stripe *stripe, uint64_t id)
{
    struct guild *g = map_get(&stripe->guilds, id);

    if (!g)
        return guild_new(s, stripe, id);
    if (g->slice != s) {
        leave_slice(g);
        if (!enter_slice(g, s)) {
            enter_slice(g, g->slice);
            return NULL;
        }
        guild_changed(g);
    }
    return g;
}

/* The struct stays where a snapshot must be told, so that telling needs no memory. */
static void become_gone(struct guild *g)
{
    struct cache_slice *s = g->slice;

    pthread_mutex_lock(&s->lock);
    list_remove(&g->in_slice);
    s->n_guilds--;
    g->gone = g->packed;
    if (!g->gone)
        list_remove(&g->in_changed);
    else if (!g->changed)
        list_insert(&s->changed, &g->in_changed);
    pthread_mutex_unlock(&s->lock);
}

void guild_drop(struct cache *c, struct guild_stripe *stripe, struct guild *g)
{
    bool stays = g->packed; /* g->gone may be seen, and g freed, once it is told */

    for (unsigned kind = 0; kind < CORDAGE_N_KINDS; kind++)
        keep_clear(c, g, kind);
    map_remove(&stripe->guilds, g->id);
    lru_forget(&c->lrus[CORDAGE_KIND_GUILDS], guild_key(g->id));
    become_gone(g);
    if (!stays)
        free(g);
}

void guild_changed(struct guild *g)
{
    struct cache_slice *s = g->slice;

    if (g->changed)
        return;
    g->changed = true;
    pthread_mutex_lock(&s->lock);
    list_insert(&s->changed, &g->in_changed);
    pthread_mutex_unlock(&s->lock);
}

bool cache_guild_is_unavailable(struct cache *c, cordage_id guild_id)
{
    struct guild_stripe *stripe = guild_lock(c, guild_id);
    struct guild *g = guild_find(c, stripe, guild_id);
    bool unavailable = g && g->unavailable;

    guild_unlock(stripe);
    return unavailable;
}

uint32_t cache_guild_count(struct cache *c, cordage_kind kind, cordage_id guild_id)
{
    struct guild_stripe *stripe = guild_lock(c, guild_id);
    struct guild *g = guild_find(c, stripe, guild_id);
    uint32_t n = g ? shelf_count(&g->shelves[kind]) : 0;

    guild_unlock(stripe);
    return n;
}

/* ---- Too many, too old ------------------------------------------------------------ */

static void drop_key(struct cache *c, cordage_kind kind, struct lru_key key)
{
    struct guild_stripe *stripe;
    struct guild *g;

    if (kind == CORDAGE_KIND_USERS) {
        user_evict(c, key.id);
        return;
    }
    if (cache_is_own(c, kind, key.id))
        return;
    stripe = guild_lock(c, key.guild_id);
    g = map_get(&stripe->guilds, key.guild_id);
    /* Between the pop and the lock it may have been written again. */
    if (g && !lru_has(&c->lrus[kind], key)) {
        if (kind == CORDAGE_KIND_GUILDS)
            guild_drop(c, stripe, g);
        else
            keep_remove(c, g, kind, key.id);
    }
    guild_unlock(stripe);
}

void cache_evict(struct cache_slice *s)
{
    struct cache *c = s->cache;
    struct lru_key key;

    if (!s->full)
        return;
    s->full = false;
    for (unsigned kind = 0; kind < CORDAGE_N_KINDS; kind++)
        while (c->policies[kind].keep == CORDAGE_KEEP_LRU &&
               lru_pop(&c->lrus[kind], 0, &key))
            drop_key(c, kind, key);
}

void cache_expire(struct cache *c, unsigned most)
{
    uint64_t now = cache_now(c);
    struct lru_key key;

    for (unsigned kind = 0; kind < CORDAGE_N_KINDS; kind++)
        while (most && lru_pop(&c->lrus[kind], now, &key)) {
            drop_key(c, kind, key);
            most--;
        }
}

/* ---- Slices ----------------------------------------------------------------------- */

int cache_slice_new(struct cache *c, uint32_t shard_id, uint32_t shard_count,
                    struct cache_slice **out)
{
    struct cache_slice *s = mem_zero(sizeof *s);

    *out = s;
    if (!s)
        return CORDAGE_ENOMEM;
    s->cache = c;
    s->shard_id = shard_id;
    s->shard_count = shard_count;
    pthread_mutex_init(&s->lock, NULL);
    list_init(&s->guilds);
    list_init(&s->changed);
    return 0;
}

int slice_ids(struct cache_slice *s, struct buf *ids)
{
    int err;

    buf_clear(ids);
    pthread_mutex_lock(&s->lock);
    err = buf_reserve(ids, s->n_guilds * sizeof(uint64_t));
    for (struct link *at = s->guilds.next; !err && at != &s->guilds; at = at->next)
        err = buf_append(ids, &CONTAINER_OF(at, struct guild, in_slice)->id,
                         sizeof(uint64_t));
    pthread_mutex_unlock(&s->lock);
    return err;
}

/* The first one's id, or 0. */
static uint64_t first_id(struct cache_slice *s)
{
    uint64_t id = 0;

    pthread_mutex_lock(&s->lock);
    if (!list_is_empty(&s->guilds))
        id = CONTAINER_OF(s->guilds.next, struct guild, in_slice)->id;
    pthread_mutex_unlock(&s->lock);
    return id;
}

static void drop_guilds(struct cache_slice *s)
{
    uint64_t id;

    while ((id = first_id(s))) {
        struct guild_stripe *stripe = guild_lock(s->cache, id);
        struct guild *g = map_get(&stripe->guilds, id);

        if (g && g->slice == s)
            guild_drop(s->cache, stripe, g);
        guild_unlock(stripe);
    }
}

/* Those that only waited to be told as gone. */
static void drop_gone(struct cache_slice *s)
{
    struct link gone, *at;

    list_init(&gone);
    pthread_mutex_lock(&s->lock);
    list_join(&gone, &s->changed);
    pthread_mutex_unlock(&s->lock);
    while ((at = list_pop(&gone)))
        free(CONTAINER_OF(at, struct guild, in_changed));
}

void cache_slice_clear(struct cache_slice *s)
{
    drop_guilds(s);
    drop_gone(s);
}

void cache_slice_free(struct cache_slice *s)
{
    if (!s)
        return;
    cache_slice_clear(s);
    pthread_mutex_destroy(&s->lock);
    buf_release(&s->record);
    buf_release(&s->many);
    buf_release(&s->items);
    free(s);
}
