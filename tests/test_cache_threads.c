/* Writers of several slices and readers at once: for the thread sanitizer, and the counts
 * must be right in the end. */
#include "cache_rig.h"

#include <pthread.h>

#include "rng.h"

enum { SLICES = 3, READERS = 2, GUILDS = 6, USERS = 40, STEPS = 1500 };

struct bench {
    struct cache *cache;
    pthread_t threads[SLICES + READERS];
};

struct worker {
    struct bench *bench;
    unsigned n;
    unsigned failed; /* steps that were not as they should be; checked at the end */
};

static uint64_t no_seconds(void *user)
{
    (void)user;
    return 0;
}

/* A writer's guilds are its own; users are everybody's. */
static uint64_t guild_of(unsigned slice, struct rng *rng)
{
    return 1 + slice + SLICES * rng_below(rng, GUILDS);
}

static void write_event(struct rng *rng, unsigned slice, struct buf *d,
                        cordage_event_type *type)
{
    unsigned long long guild = guild_of(slice, rng), user = 1 + rng_below(rng, USERS);
    unsigned n = (unsigned)rng_below(rng, 100);

    buf_clear(d);
    switch (rng_below(rng, 12)) {
    case 0:
        *type = CORDAGE_EVENT_GUILD_CREATE;
        buf_printf(d, "{\"id\":\"%llu\",\"channels\":[{\"id\":\"11\"}],\"members\":[",
                   guild);
        for (unsigned i = 0; i < 9; i++)
            buf_printf(d, "%s{\"user\":{\"id\":\"%u\",\"username\":\"u%u\"}}",
                       i ? "," : "", i * 3 + 1, n);
        buf_append_z(d, "]}");
        break;
    case 1:
        *type = CORDAGE_EVENT_GUILD_DELETE;
        buf_printf(d, "{\"id\":\"%llu\"%s}", guild, n % 2 ? ",\"unavailable\":true" : "");
        break;
    case 2:
        *type = CORDAGE_EVENT_GUILD_MEMBER_REMOVE;
        buf_printf(d, "{\"guild_id\":\"%llu\",\"user\":{\"id\":\"%llu\"}}", guild, user);
        break;
    default:
        *type = CORDAGE_EVENT_MESSAGE_CREATE;
        buf_printf(d,
                   "{\"id\":\"%llu\",\"guild_id\":\"%llu\",\"channel_id\":\"11\","
                   "\"author\":{\"id\":\"%llu\",\"username\":\"u%u\"},"
                   "\"member\":{\"roles\":[\"%u\"]}}",
                   (unsigned long long)(rng_next(rng) >> 2), guild, user, n % 4, n);
    }
}

static void pack_some(struct cache_slice *s, struct buf *packed, unsigned *failed)
{
    cordage_id id;
    int err;

    while (cache_pack_next(s, &id, packed, &err))
        ;
    *failed += err != 0;
}

static void *write_events(void *user)
{
    struct worker *w = user;
    struct rng rng = rng_seeded(w->n + 1);
    struct json_parser *parser = json_parser_new();
    struct cache_slice *s;
    struct buf d = { 0 }, old = { 0 };

    if (!parser || cache_slice_new(w->bench->cache, w->n, SLICES, &s) < 0) {
        w->failed++;
        return NULL;
    }
    for (unsigned i = 0; i < STEPS; i++) {
        struct cache_change change = { &old };
        cordage_event_type type;
        cordage_json v;

        write_event(&rng, w->n, &d, &type);
        buf_clear(&old);
        w->failed += json_parse(parser, buf_str(&d), &v) != 0 ||
                     cache_apply(s, type, v, 1, &change) != 0;
        if (i % 100 == 99)
            pack_some(s, &old, &w->failed);
        if (i % 500 == 499)
            cache_pack_again(s);
    }
    cache_slice_free(s);
    json_parser_free(parser);
    buf_release(&d);
    buf_release(&old);
    return NULL;
}

static void *read_objects(void *user)
{
    struct worker *w = user;
    struct cache *c = w->bench->cache;
    struct rng rng = rng_seeded(100 + w->n);
    struct buf out = { 0 };

    for (unsigned i = 0; i < STEPS; i++) {
        uint64_t guild = 1 + rng_below(&rng, SLICES * GUILDS);
        uint64_t id = 1 + rng_below(&rng, USERS);
        size_t bytes[2];

        buf_clear(&out);
        cache_read(c, CORDAGE_KIND_MEMBERS, guild, id, &out);
        cache_read(c, CORDAGE_KIND_USERS, 0, id, &out);
        cache_guild_count(c, CORDAGE_KIND_MEMBERS, guild);
        cache_guild_is_unavailable(c, guild);
        if (i % 8 == 0)
            cache_write_guild(c, guild, &out);
        if (i % 64 == 0) {
            cache_ids(c, CORDAGE_KIND_USERS, 0, &out);
            cache_ids(c, CORDAGE_KIND_GUILDS, 0, &out);
            cache_count(c, CORDAGE_KIND_MEMBERS);
            cache_bytes(c, bytes);
            cache_expire(c, 10);
        }
    }
    buf_release(&out);
    return NULL;
}

static void run(const cordage_policy *policies)
{
    cordage_policy all[CORDAGE_N_KINDS];
    struct worker workers[SLICES + READERS];
    struct bench b = { 0 };
    struct buf left = { 0 };

    for (unsigned kind = 0; kind < CORDAGE_N_KINDS; kind++)
        all[kind] = policies[kind].keep ? policies[kind] : CORDAGE_FOREVER;
    CHECK_INT(cache_new(all, no_seconds, NULL, &b.cache), 0);
    for (unsigned i = 0; i < SLICES + READERS; i++) {
        workers[i] = (struct worker){ &b, i, 0 };
        CHECK_INT(pthread_create(&b.threads[i], NULL,
                                 i < SLICES ? write_events : read_objects, &workers[i]),
                  0);
    }
    for (unsigned i = 0; i < SLICES + READERS; i++) {
        pthread_join(b.threads[i], NULL);
        CHECK_INT(workers[i].failed, 0);
    }
    /* The slices are gone, and so is all but users that never had a member. */
    for (unsigned kind = 0; kind < CORDAGE_N_KINDS; kind++)
        if (kind != CORDAGE_KIND_USERS)
            CHECK_INT(cache_count(b.cache, kind), 0);
    CHECK_INT(cache_ids(b.cache, CORDAGE_KIND_USERS, 0, &left), 0);
    CHECK_INT(cache_count(b.cache, CORDAGE_KIND_USERS), left.n / sizeof(uint64_t));
    buf_release(&left);
    cache_free(b.cache);
}

TEST(slices_are_written_and_read_side_by_side)
{
    const cordage_policy forever[CORDAGE_N_KINDS] = { { 0 } };

    run(forever);
}

TEST(one_slice_evicts_what_another_has_while_it_is_written)
{
    const cordage_policy few[CORDAGE_N_KINDS] = {
        [CORDAGE_KIND_MEMBERS] = CORDAGE_LRU(12), [CORDAGE_KIND_USERS] = CORDAGE_LRU(9)
    };

    run(few);
}

TEST(guilds_too_are_evicted_by_others)
{
    const cordage_policy few[CORDAGE_N_KINDS] = { [CORDAGE_KIND_GUILDS] =
                                                      CORDAGE_LRU(4) };

    run(few);
}

RUN_TESTS(T(slices_are_written_and_read_side_by_side),
          T(one_slice_evicts_what_another_has_while_it_is_written),
          T(guilds_too_are_evicted_by_others))
