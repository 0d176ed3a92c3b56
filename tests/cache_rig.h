/* cache_rig.h - a cache with a slice, a clock that a test sets, and events as text.
 *
 *     struct rig r = rig_new(NULL);
 *     rig_event(&r, CORDAGE_EVENT_CHANNEL_CREATE, "{'id':'2','guild_id':'1','type':0}");
 *     rig_expect(&r, CORDAGE_KIND_CHANNELS, 1, 2, "{'id':'2','guild_id':'1','type':0}");
 *
 * In its texts a ' stands for a ", and objects are compared whatever the order of keys.
 */
#ifndef CACHE_RIG_H
#define CACHE_RIG_H

#include "test.h"

#include <stdlib.h>

#include "cache.h"
#include "error.h"
#include "json_equal.h"

enum { RIG_SELF = 900 };

struct rig {
    struct cache *cache;
    struct cache_slice *slice;
    struct json_parser *parser;
    uint64_t *seconds;
    struct buf old; /* of the last event */
};

static inline uint64_t rig_seconds(void *user)
{
    return *(uint64_t *)user;
}

/* All kinds forever, unless `policies` says otherwise for some: 0 is forever here. */
static inline struct rig rig_new(const cordage_policy *policies)
{
    cordage_policy all[CORDAGE_N_KINDS];
    struct rig r = { .parser = json_parser_new(),
                     .seconds = calloc(1, sizeof(uint64_t)) };

    for (unsigned kind = 0; kind < CORDAGE_N_KINDS; kind++)
        all[kind] = policies && policies[kind].keep ? policies[kind] : CORDAGE_FOREVER;
    CHECK_INT(cache_new(all, rig_seconds, r.seconds, &r.cache), 0);
    CHECK_INT(cache_slice_new(r.cache, 0, 1, &r.slice), 0);
    return r;
}

static inline void rig_free(struct rig *r)
{
    cache_slice_free(r->slice);
    for (unsigned kind = 0; kind < CORDAGE_N_KINDS; kind++) {
        /* Guilds take all with them but users that never had a member. */
        if (kind != CORDAGE_KIND_USERS)
            CHECK_INT(cache_count(r->cache, kind), 0);
    }
    cache_free(r->cache);
    json_parser_free(r->parser);
    buf_release(&r->old);
    free(r->seconds);
}

/* With " for '. */
static inline struct buf rig_text(const char *text)
{
    struct buf b = { 0 };

    CHECK_INT(buf_append_z(&b, text), 0);
    for (size_t i = 0; i < b.n; i++)
        if (b.p[i] == '\'')
            b.p[i] = '"';
    return b;
}

static inline int rig_apply(struct rig *r, struct cache_slice *slice,
                            cordage_event_type type, struct str text)
{
    struct cache_change change = { &r->old };
    cordage_json d;

    buf_clear(&r->old);
    CHECK_INT(json_parse(r->parser, text, &d), 0);
    return cache_apply(slice, type, d, RIG_SELF, &change);
}

static inline void rig_event(struct rig *r, cordage_event_type type, const char *d)
{
    struct buf text = rig_text(d);

    CHECK_INT(rig_apply(r, r->slice, type, buf_str(&text)), 0);
    buf_release(&text);
}

static inline void rig_same(struct str got, const char *want)
{
    struct buf text = rig_text(want);

    if (!json_equal_text(got, buf_str(&text)))
        fail_msg("got  %.*s\nwant %s", STR_FMT(got), want);
    buf_release(&text);
}

/* Of the last event. NULL: none. */
static inline void rig_old(struct rig *r, const char *want)
{
    if (want)
        rig_same(buf_str(&r->old), want);
    else
        CHECK_STR(buf_str(&r->old), "");
}

/* What cache_read gives. NULL: not cached. */
static inline void rig_expect(struct rig *r, cordage_kind kind, cordage_id guild_id,
                              cordage_id id, const char *want)
{
    struct buf got = { 0 };
    int err = cache_read(r->cache, kind, guild_id, id, &got);

    if (!want) {
        if (err != CORDAGE_ENOTFOUND)
            fail_msg("%llu is there: %.*s", (unsigned long long)id,
                     STR_FMT(buf_str(&got)));
        CHECK_INT(got.n, 0);
    } else {
        if (err)
            fail_msg("%llu: %s, want %s", (unsigned long long)id, cordage_strerror(err),
                     want);
        rig_same(buf_str(&got), want);
    }
    buf_release(&got);
}

/* The ids of a kind, as "1 2 3". */
static inline void rig_ids(struct rig *r, cordage_kind kind, cordage_id guild_id,
                           const char *want)
{
    struct buf ids = { 0 }, text = { 0 };
    int err = cache_ids(r->cache, kind, guild_id, &ids);

    CHECK_INT(err, 0);
    for (size_t at = 0; at < ids.n; at += sizeof(uint64_t)) {
        uint64_t id;

        memcpy(&id, ids.p + at, sizeof id);
        buf_printf(&text, "%s%llu", at ? " " : "", (unsigned long long)id);
    }
    CHECK_STR(buf_str(&text), want);
    if (kind != CORDAGE_KIND_GUILDS && kind != CORDAGE_KIND_USERS)
        CHECK_INT(cache_guild_count(r->cache, kind, guild_id), ids.n / sizeof(uint64_t));
    buf_release(&ids);
    buf_release(&text);
}

#endif
