/* Members come and go in the simulator's world, some of them twice, and the cache, which
 * knows few of them or none, has the right number. */
#include "cache.h"
#include "event.h"
#include "sim_rig.h"

#include "world.h"

enum {
    RIG_ALL = (1 << 26) - 1 - (7 << 17) - (3 << 22), /* all intents that there are */
};

struct follower {
    struct client client;
    struct cache *cache;
    struct cache_slice *slice;
    size_t n; /* events */
};

static uint64_t no_seconds(void *user)
{
    (void)user;
    return 0;
}

static void follow(struct rig *r, struct follower *f, unsigned intents,
                   cordage_policy members)
{
    cordage_policy policies[CORDAGE_N_KINDS];

    for (unsigned kind = 0; kind < CORDAGE_N_KINDS; kind++)
        policies[kind] = CORDAGE_FOREVER;
    policies[CORDAGE_KIND_MEMBERS] = members;
    *f = (struct follower){ .n = 0 };
    CHECK_INT(cache_new(policies, no_seconds, NULL, &f->cache), 0);
    CHECK_INT(cache_slice_new(f->cache, 0, 1, &f->slice), 0);
    client_ready(r, &f->client, 0, 1, intents);
}

static void unfollow(struct follower *f)
{
    client_release(&f->client);
    cache_slice_free(f->slice);
    cache_free(f->cache);
}

static void take_all(struct rig *r, struct follower *f)
{
    while (client_next(&f->client)) {
        cordage_event_type type = event_type_of(str_of(f->client.name));

        if (f->client.op != 0)
            continue;
        CHECK(type != CORDAGE_EVENT_UNKNOWN);
        f->n++;
        CHECK_INT(cache_apply(f->slice, type, f->client.d, sim_world(r->sim)->bot_id,
                              NULL),
                  0);
    }
}

/* What the cache says of the number of members, against the truth. */
static void check_counts(struct rig *r, struct follower *f)
{
    struct world *w = sim_world(r->sim);

    take_all(r, f);
    for (uint32_t i = 0; i < w->n_guilds; i++) {
        struct json_parser *parser;
        struct buf text = { 0 };
        cordage_json d;

        if (w->guilds[i].is_gone || w->guilds[i].unavailable)
            continue;
        parser = json_parser_new();
        CHECK_INT(cache_read(f->cache, CORDAGE_KIND_GUILDS, 0, w->guilds[i].id, &text),
                  0);
        CHECK_INT(json_parse(parser, buf_str(&text), &d), 0);
        CHECK_INT(cordage_json_int(json_get(d, "member_count"), -1),
                  w->guilds[i].n_members);
        json_parser_free(parser);
        buf_release(&text);
    }
}

TEST(members_are_counted_though_most_are_not_known)
{
    static const cordage_policy policies[] = { CORDAGE_FOREVER, CORDAGE_LRU(3),
                                               CORDAGE_NEVER };

    for (size_t i = 0; i < sizeof policies / sizeof policies[0]; i++) {
        struct sim_config config = rig_config();
        struct follower f;
        struct rig r;

        config.guilds = 4;
        config.members = 60;
        config.seed = 4;
        rig_start(&r, &config);
        /* Without presences a GUILD_CREATE lists hardly anybody. */
        follow(&r, &f, RIG_ALL & ~RIG_PRESENCES, policies[i]);
        rig_wait(&r, 1000);
        check_counts(&r, &f);
        sim_live(r.sim, 50, UINT64_MAX, r.now);
        for (int second = 0; second < 60; second++) {
            rig_wait(&r, 1000);
            check_counts(&r, &f);
        }
        CHECK(f.n > 1000);
        unfollow(&f);
        rig_stop(&r);
    }
}

RUN_TESTS(T(members_are_counted_though_most_are_not_known))
