#include <stdlib.h>

#include "captures.h"
#include "json.h"
#include "shards.h"
#include "test.h"
#include "world.h"

static void make(struct world *w, uint32_t guilds)
{
    CHECK_INT(world_init(w, guilds, 0, 7), 0);
}

TEST(the_same_seed_makes_the_same_world)
{
    struct world a, b, other;

    make(&a, 50);
    make(&b, 50);
    CHECK_INT(world_init(&other, 50, 0, 8), 0);
    for (uint32_t i = 0; i < 50; i++) {
        CHECK(a.guilds[i].id == b.guilds[i].id);
        CHECK(a.guilds[i].id != other.guilds[i].id);
        CHECK_INT(a.guilds[i].n_members, b.guilds[i].n_members);
    }
    world_release(&a);
    world_release(&b);
    world_release(&other);
}

TEST(a_few_guilds_meet_every_shard)
{
    static const uint32_t counts[] = {
        1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 24, 32, 64
    };
    struct world w;

    make(&w, 200);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        for (uint32_t g = 0; g < w.n_guilds; g++)
            CHECK_INT(shard_for_guild(w.guilds[g].id, counts[i]), g % counts[i]);
    world_release(&w);
}

TEST(many_guilds_spread_over_any_shard_count)
{
    uint32_t per_shard[100] = { 0 };
    struct world w;

    make(&w, 5000);
    for (uint32_t g = 0; g < w.n_guilds; g++)
        per_shard[shard_for_guild(w.guilds[g].id, 97)]++;
    for (int i = 0; i < 97; i++)
        CHECK(per_shard[i] > 20 && per_shard[i] < 100);
    world_release(&w);
}

TEST(guilds_and_channels_are_found_by_id_and_nothing_else_is)
{
    struct world w;

    make(&w, 300);
    for (uint32_t i = 0; i < w.n_guilds; i++) {
        struct world_guild *g = &w.guilds[i];
        uint32_t index;

        assert_ptr_equal(world_find_guild(&w, g->id), g);
        CHECK(g->n_text >= 3 && g->n_text <= 6);
        for (uint32_t c = 0; c < world_n_channels(g); c++) {
            assert_ptr_equal(world_find_channel(&w, world_channel_id(g, c), &index), g);
            CHECK_INT(index, c);
            CHECK(world_channel_id(g, c) >> 22 != g->id >> 22);
        }
        assert_null(
            world_find_channel(&w, world_channel_id(g, world_n_channels(g)), &index));
        assert_null(world_find_channel(&w, g->id, &index));
        assert_null(world_find_guild(&w, g->id + 1));
    }
    assert_null(world_find_guild(&w, 0));
    world_release(&w);
}

TEST(members_are_found_by_user_id_and_known_in_several_guilds)
{
    struct world w;
    struct world_member m;
    uint64_t shared;

    make(&w, 40);
    for (uint32_t i = 0; i < w.n_guilds; i++) {
        const struct world_guild *g = &w.guilds[i];

        for (uint32_t k = 0; k < g->n_members; k++) {
            uint64_t id = world_member(&w, g, k).user_id;

            CHECK(world_find_member(&w, g, id, &m));
            CHECK_INT(m.index, k);
            CHECK(world_has_user(&w, id));
            CHECK(!world_find_member(&w, g, id + 1, &m));
        }
        CHECK(world_member(&w, g, 0).user_id == w.bot_id);
    }
    shared = world_member(&w, &w.guilds[0], 5).user_id;
    CHECK(world_find_member(&w, &w.guilds[1], shared, &m));
    CHECK(!world_has_user(&w, 12345));
    world_release(&w);
}

TEST(a_new_id_is_later_than_all_before)
{
    struct world w;
    uint64_t first, second, third;

    make(&w, 1);
    first = world_snowflake(&w, WORLD_EPOCH_MS + 5000);
    second = world_snowflake(&w, WORLD_EPOCH_MS + 5000);
    third = world_snowflake(&w, WORLD_EPOCH_MS + 4000);
    CHECK(first >> 22 == 5000);
    CHECK(second > first && third > second);
    world_release(&w);
}

static cordage_json guild_json(const struct world *w, uint32_t i,
                               const struct world_create *create, struct json_parser *p,
                               struct buf *b)
{
    cordage_json root;
    struct json_writer j;

    buf_clear(b);
    json_begin(&j, b);
    world_write_guild(w, &w->guilds[i], create, &j);
    CHECK_INT(json_end(&j), 0);
    CHECK_INT(json_parse(p, buf_str(b), &root), 0);
    return root;
}

TEST(a_small_guild_names_everybody_when_presences_are_asked_for)
{
    struct world w;
    struct json_parser *p = json_parser_new();
    struct buf b = { 0 };
    struct world_create all = { 50, true }, few = { 50, false };
    cordage_json g;
    bool large = true;

    make(&w, 3);
    g = guild_json(&w, 1, &all, p, &b);
    CHECK_INT(json_count(json_get(g, "members")), w.guilds[1].n_members);
    CHECK(json_bool(json_get(g, "large"), &large) && !large);
    g = guild_json(&w, 1, &few, p, &b);
    CHECK(json_count(json_get(g, "members")) <= 2);
    CHECK_INT(json_count(json_get(g, "presences")), 0);
    json_parser_free(p);
    buf_release(&b);
    world_release(&w);
}

TEST(a_large_guild_names_those_who_are_online_or_stand_out)
{
    struct world w;
    struct json_parser *p = json_parser_new();
    struct buf b = { 0 };
    struct world_create create = { 50, true };
    cordage_json g;
    bool large = false;
    size_t n;

    CHECK_INT(world_init(&w, 2, 400, 7), 0);
    g = guild_json(&w, 0, &create, p, &b);
    n = json_count(json_get(g, "members"));
    CHECK(n > 300 && n < 400); /* or who have a role or a nickname */
    CHECK(json_bool(json_get(g, "large"), &large) && large);
    json_parser_free(p);
    buf_release(&b);
    world_release(&w);
}

/* Every key of a real body that isn't on the list of those that only Discord's own client
 * wants stands in ours. */
static void check_keys(cordage_json real, cordage_json ours, const char *const *skip)
{
    struct json_iter it;

    for (bool more = json_first(real, &it); more; more = json_next(&it)) {
        char key[128];
        bool skipped = false;

        snprintf(key, sizeof key, "%.*s", STR_FMT(it.key));
        for (size_t i = 0; skip[i]; i++)
            skipped |= strcmp(key, skip[i]) == 0;
        if (!skipped && json_is_absent(json_get(ours, key)))
            fail_msg("a real body has \"%s\"", key);
    }
}

static void compare_guild(struct str content, void *user)
{
    static const char *const skip[] = { "inventory_settings",
                                        "premium_features",
                                        "moderator_reporting",
                                        "owner_configured_content_level",
                                        "version",
                                        "profile",
                                        "premium_progress_bar_enabled_user_updated_at",
                                        "activity_instances",
                                        "icon_emoji",
                                        "status",
                                        "last_pin_timestamp",
                                        "theme_color",
                                        "tags",
                                        "display_name",
                                        "display_name_styles",
                                        NULL };
    static const char *const lists[] = { "members", "roles", "channels", "emojis" };
    struct json_parser *p = json_parser_new();
    cordage_json ours = *(cordage_json *)user, root, real;

    CHECK_INT(json_parse(p, content, &root), 0);
    real = json_get(cordage_json_at(root, 0), "d");
    check_keys(real, ours, skip);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        check_keys(cordage_json_at(json_get(real, lists[i]), 0),
                   cordage_json_at(json_get(ours, lists[i]), 0), skip);
    check_keys(json_get(cordage_json_at(json_get(real, "members"), 0), "user"),
               json_get(cordage_json_at(json_get(ours, "members"), 0), "user"), skip);
    json_parser_free(p);
}

TEST(a_guild_create_has_the_keys_of_a_real_one)
{
    struct world_create create = { 50, true };
    struct json_parser *p = json_parser_new();
    struct buf b = { 0 };
    cordage_json ours;
    struct world w;

    make(&w, 1);
    ours = guild_json(&w, 0, &create, p, &b);
    captures_each("gateway_guild_create", compare_guild, &ours);
    json_parser_free(p);
    buf_release(&b);
    world_release(&w);
}

RUN_TESTS(T(the_same_seed_makes_the_same_world), T(a_few_guilds_meet_every_shard),
          T(many_guilds_spread_over_any_shard_count),
          T(guilds_and_channels_are_found_by_id_and_nothing_else_is),
          T(members_are_found_by_user_id_and_known_in_several_guilds),
          T(a_new_id_is_later_than_all_before),
          T(a_small_guild_names_everybody_when_presences_are_asked_for),
          T(a_large_guild_names_those_who_are_online_or_stand_out),
          T(a_guild_create_has_the_keys_of_a_real_one))
