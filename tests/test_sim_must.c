/* What the simulator must do, number by number: the list is in docs/simulator-rules.md.
 * What has tests of its own elsewhere is looked at here once more, in short. */
#include "routes_rig.h"

/* ---- Large bots ----------------------------------------------------------------- */

static struct sim_config large_config(void)
{
    struct sim_config c = rig_config();

    c.guilds = 40;
    c.large_bot_guilds = 39;
    c.max_guilds_per_shard = 100;
    return c;
}

TEST(a_large_bot_has_a_multiple_of_16_shards)
{
    struct sim_config config = large_config();
    struct client c;
    struct rig r;

    rig_start(&r, &config);
    client_connect(&r, &c);
    client_identify(&c, 0, 8, RIG_USUAL);
    CHECK_INT(c.close_code, 4010);
    rig_broke(&r, RULE_SHARDS_NOT_MULTIPLE);
    client_release(&c);
    client_ready(&r, &c, 3, 32, RIG_USUAL);
    client_release(&c);
    rig_stop(&r);
}

TEST(gateway_bot_recommends_what_a_large_bot_may_have)
{
    struct sim_config config = large_config();
    struct sim_budget b;
    struct rig r;

    config.recommended_shards = 17;
    rig_start(&r, &config);
    sim_budget(r.sim, sim_app(r.sim, 0), r.now, &b);
    CHECK_INT(b.shards, 32);
    CHECK_INT(b.max_concurrency, 16);
    CHECK_INT(b.total, 2000);
    rig_stop(&r);
    config.shard_multiple = 5;
    config.max_concurrency = 7;
    config.session_limit = 9;
    rig_start(&r, &config);
    sim_budget(r.sim, sim_app(r.sim, 0), r.now, &b);
    CHECK_INT(b.shards, 20);
    CHECK_INT(b.max_concurrency, 7);
    CHECK_INT(b.total, 9);
    rig_stop(&r);
}

TEST(a_large_bots_keys_are_16)
{
    struct sim_config config = large_config();
    struct client clients[17];
    struct rig r;

    rig_start(&r, &config);
    for (unsigned i = 0; i < 16; i++)
        client_ready(&r, &clients[i], i, 32, RIG_GUILDS);
    rig_is_clean(&r);
    client_connect(&r, &clients[16]);
    client_identify(&clients[16], 16, 32, RIG_GUILDS);
    client_gets_op(&clients[16], 9);
    rig_broke(&r, RULE_IDENTIFY_TOO_EARLY);
    for (unsigned i = 0; i < 17; i++)
        client_release(&clients[i]);
    rig_stop(&r);
}

TEST(a_bot_that_is_not_large_has_any_count)
{
    struct sim_config config = large_config();
    struct client c;
    struct rig r;

    config.large_bot_guilds = 40;
    rig_start(&r, &config);
    client_ready(&r, &c, 1, 3, RIG_USUAL);
    rig_is_clean(&r);
    client_release(&c);
    rig_stop(&r);
}

/* Two bots; of the first [0,1] twice, [0,2], [1,2] and [2,3]; of the second [0,1]. */
TEST(must_8_several_counts_and_copies_at_once)
{
    static const struct {
        unsigned bot, shard, count;
    } sessions[] = { { 0, 0, 1 }, { 0, 0, 1 }, { 0, 0, 2 },
                     { 0, 1, 2 }, { 0, 2, 3 }, { 1, 0, 1 } };
    enum { N = sizeof sessions / sizeof *sessions };
    struct sim_config config = rig_config();
    struct client clients[N];
    struct world *w;
    struct rig r;

    config.bots = 2;
    config.guilds = 12;
    rig_start(&r, &config);
    w = sim_world(r.sim);
    for (unsigned i = 0; i < N; i++) {
        client_ready_as(&r, &clients[i], sessions[i].bot, sessions[i].shard,
                        sessions[i].count, RIG_USUAL);
        rig_wait(&r, 5000); /* the key's window */
    }
    for (unsigned i = 0; i < N; i++)
        client_count(&clients[i], "");
    for (uint32_t g = 0; g < w->n_guilds; g++) {
        CHECK_INT(sim_dispatch(r.sim, "X", 0, &w->guilds[g], STR("{}"), r.now), 0);
        for (unsigned i = 0; i < N; i++)
            CHECK_INT(client_count(&clients[i], "X"),
                      (w->guilds[g].id >> 22) % sessions[i].count == sessions[i].shard);
    }
    CHECK_INT(sim_dispatch(r.sim, "Y", 0, NULL, STR("{}"), r.now), 0);
    for (unsigned i = 0; i < N; i++)
        CHECK_INT(client_count(&clients[i], "Y"), sessions[i].shard == 0);
    rig_is_clean(&r);
    for (unsigned i = 0; i < N; i++)
        client_release(&clients[i]);
    rig_stop(&r);
}

RUN_TESTS(T(a_large_bot_has_a_multiple_of_16_shards),
          T(gateway_bot_recommends_what_a_large_bot_may_have),
          T(a_large_bots_keys_are_16), T(a_bot_that_is_not_large_has_any_count),
          T(must_8_several_counts_and_copies_at_once))
