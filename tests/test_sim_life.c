/* The world changes: a follower of the events knows what the simulator says is true. */
#include "mirror.h"

#include "world.h"

enum {
    RIG_ALL = (1 << 26) - 1 - (7 << 17) - (3 << 22), /* all intents that there are */
};

/* A client that follows. */
struct follower {
    struct client client;
    struct mirror mirror;
    size_t n; /* events */
};

static void follow(struct rig *r, struct follower *f, unsigned shard, unsigned count,
                   unsigned intents)
{
    f->n = 0;
    client_ready(r, &f->client, shard, count, intents);
    mirror_init(&f->mirror);
}

static void take_all(struct rig *r, struct follower *f)
{
    while (client_next(&f->client)) {
        f->n += f->client.op == 0;
        if (f->client.op == 0)
            mirror_apply(&f->mirror, f->client.name, sim_world(r->sim)->bot_id,
                         f->client.d);
    }
}

static void check_all(struct rig *r, struct follower *f)
{
    struct world *w = sim_world(r->sim);

    take_all(r, f);
    for (uint32_t i = 0; i < w->n_guilds; i++)
        if (!w->guilds[i].is_gone && !w->guilds[i].unavailable)
            mirror_check(&f->mirror, r->sim, w->guilds[i].id);
}

static void unfollow(struct follower *f)
{
    client_release(&f->client);
    mirror_release(&f->mirror);
}

TEST(a_guild_create_is_the_truth_when_everything_is_asked_for)
{
    struct sim_config config = rig_config();
    struct follower f;
    struct rig r;

    config.rich = true;
    rig_start(&r, &config);
    follow(&r, &f, 0, 1, RIG_ALL);
    rig_wait(&r, 1000);
    check_all(&r, &f);
    rig_is_clean(&r);
    unfollow(&f);
    rig_stop(&r);
}

TEST(whoever_follows_the_events_knows_the_truth)
{
    struct sim_config config = rig_config();
    struct follower f;
    struct rig r;

    config.guilds = 5;
    config.members = 40;
    config.seed = 3;
    rig_start(&r, &config);
    follow(&r, &f, 0, 1, RIG_ALL);
    rig_wait(&r, 1000);
    check_all(&r, &f);
    sim_live(r.sim, 20, UINT64_MAX, r.now);
    for (int i = 0; i < 60; i++) {
        rig_wait(&r, 1000);
        check_all(&r, &f);
    }
    CHECK(f.n > 1500);
    rig_is_clean(&r);
    unfollow(&f);
    rig_stop(&r);
}

TEST(the_world_changes_while_guilds_are_still_coming)
{
    struct sim_config config = rig_config();
    struct follower f;
    struct rig r;

    config.guilds = 30;
    config.guilds_per_s = 10;
    config.live = 100;
    config.traffic = 20;
    rig_start(&r, &config);
    rig_wait(&r, 5000);
    follow(&r, &f, 0, 1, RIG_ALL);
    for (int i = 0; i < 10; i++) {
        rig_wait(&r, 1000);
        take_all(&r, &f);
    }
    check_all(&r, &f);
    rig_is_clean(&r);
    unfollow(&f);
    rig_stop(&r);
}

TEST(the_same_seed_brings_the_same_changes)
{
    struct sim_config config = rig_config();
    struct buf first = { 0 };

    config.live = 50;
    for (int run = 0; run < 2; run++) {
        struct client c;
        struct rig r;
        size_t at = 0;

        rig_start(&r, &config);
        client_ready(&r, &c, 0, 1, RIG_ALL);
        rig_wait(&r, 10000);
        while (client_next(&c)) {
            struct str text = buf_str(&c.taken_text);

            if (run == 0) {
                CHECK_INT(buf_append_str(&first, text), 0);
            } else {
                CHECK(at + text.n <= first.n);
                CHECK(memcmp(first.p + at, text.p, text.n) == 0);
                at += text.n;
            }
        }
        CHECK(run == 0 ? first.n > 100000 : at == first.n);
        client_release(&c);
        rig_stop(&r);
    }
    buf_release(&first);
}

RUN_TESTS(T(a_guild_create_is_the_truth_when_everything_is_asked_for),
          T(whoever_follows_the_events_knows_the_truth),
          T(the_world_changes_while_guilds_are_still_coming),
          T(the_same_seed_brings_the_same_changes))
