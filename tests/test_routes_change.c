/* What a bot changes over REST changes the world, and is told of. */
#include "change_rig.h"

TEST(channels_are_made_changed_and_deleted)
{
    struct change_rig r;
    uint64_t id;
    char path[128];

    start(&r);
    CHECK_INT(send(&r, "POST", in_guild(&r, "/channels", 0, "", 0),
                   "{\"name\":\"new\",\"topic\":\"a \\\"topic\\\"\"}"),
              201);
    id = answered_id(&r);
    told(&r, "CHANNEL_CREATE");
    CHECK(mirror_find(&r.mirror, "channels", r.g->id, id) != NULL);
    CHECK_INT(send(&r, "PATCH", in_channel(id, ""), "{\"name\":\"newer\"}"), 200);
    CHECK(str_is(rest_text(&r.rest, "name"), "newer"));
    CHECK(str_is(rest_text(&r.rest, "topic"), "a \"topic\""));
    told(&r, "CHANNEL_UPDATE");
    CHECK_INT(rest_get(&r.rest, in_channel(id, "")), 200);
    CHECK(str_is(rest_text(&r.rest, "name"), "newer"));
    snprintf(path, sizeof path, "/permissions/%llu", (unsigned long long)r.g->id);
    CHECK_INT(send(&r, "PUT", in_channel(id, path), "{\"type\":0,\"deny\":\"1024\"}"),
              204);
    told(&r, "CHANNEL_UPDATE");
    CHECK_INT(rest_get(&r.rest, in_channel(id, "")), 200);
    CHECK(str_is(rest_text(&r.rest, "permission_overwrites.0.deny"), "1024"));
    CHECK_INT(send(&r, "DELETE", in_channel(id, path), ""), 204);
    told(&r, "CHANNEL_UPDATE");
    CHECK_INT(send(&r, "DELETE", in_channel(id, ""), ""), 200);
    CHECK(answered_id(&r) == id);
    told(&r, "CHANNEL_DELETE");
    CHECK_INT(rest_get(&r.rest, in_channel(id, "")), 404);
    stop(&r);
}

TEST(what_always_is_there_cannot_be_deleted)
{
    struct change_rig r;

    start(&r);
    for (uint32_t i = 0; i <= world_voice_channel(r.g); i++)
        CHECK_INT(send(&r, "DELETE", in_channel(world_channel_id(r.g, i), ""), ""), 400);
    CHECK_INT(rest_int(&r.rest, "code"), 50074);
    CHECK_INT(send(&r, "DELETE", in_guild(&r, "/roles/", r.g->id, "", 0), ""), 400);
    CHECK_INT(send(&r, "DELETE",
                   in_guild(&r, "/members/",
                            world_member(sim_world(r.rest.rig.sim), r.g, 1).user_id, "",
                            0),
                   ""),
              403);
    CHECK(!client_has_more(&r.client));
    stop(&r);
}

TEST(a_wrong_field_is_named_and_changes_nothing)
{
    struct change_rig r;
    uint64_t id;

    start(&r);
    id = world_channel_id(r.g, 1);
    CHECK_INT(send(&r, "PATCH", in_channel(id, ""), "{\"name\":7}"), 400);
    CHECK_INT(rest_int(&r.rest, "code"), 50035);
    CHECK(json_count(rest_at(r.rest.json, "errors.name._errors")) == 1);
    CHECK_INT(send(&r, "PATCH", in_channel(id, ""), "{\"name\":\"\"}"), 400);
    CHECK_INT(send(&r, "POST", in_guild(&r, "/channels", 0, "", 0), "{}"), 400);
    CHECK_INT(send(&r, "POST", in_guild(&r, "/channels", 0, "", 0),
                   "{\"name\":\"x\",\"type\":1}"),
              400);
    CHECK(!client_has_more(&r.client));
    mirror_check(&r.mirror, r.rest.rig.sim, r.g->id);
    stop(&r);
}

TEST(roles_are_made_given_taken_and_deleted)
{
    struct change_rig r;
    uint64_t role, user;

    start(&r);
    user = world_member(sim_world(r.rest.rig.sim), r.g, 5).user_id;
    CHECK_INT(send(&r, "POST", in_guild(&r, "/roles", 0, "", 0),
                   "{\"name\":\"deck\",\"color\":255}"),
              200);
    role = answered_id(&r);
    told(&r, "GUILD_ROLE_CREATE");
    CHECK_INT(send(&r, "PUT", in_guild(&r, "/members/", user, "/roles/", role), ""), 204);
    told(&r, "GUILD_MEMBER_UPDATE");
    CHECK_INT(send(&r, "PUT", in_guild(&r, "/members/", user, "/roles/", role), ""), 204);
    CHECK(!client_has_more(&r.client)); /* it was so already */
    CHECK_INT(send(&r, "PATCH", in_guild(&r, "/roles/", role, "", 0),
                   "{\"mentionable\":true}"),
              200);
    told(&r, "GUILD_ROLE_UPDATE");
    CHECK_INT(send(&r, "DELETE", in_guild(&r, "/members/", user, "/roles/", role), ""),
              204);
    told(&r, "GUILD_MEMBER_UPDATE");
    CHECK_INT(send(&r, "PUT", in_guild(&r, "/members/", user, "/roles/", role), ""), 204);
    told(&r, "GUILD_MEMBER_UPDATE");
    CHECK_INT(send(&r, "DELETE", in_guild(&r, "/roles/", role, "", 0), ""), 204);
    told(&r, "GUILD_ROLE_DELETE"); /* and nothing of the member */
    CHECK_INT(send(&r, "PATCH", in_guild(&r, "/roles/", role, "", 0), "{}"), 404);
    stop(&r);
}

TEST(members_are_changed_and_kicked)
{
    struct change_rig r;
    uint64_t user;

    start(&r);
    user = world_member(sim_world(r.rest.rig.sim), r.g, r.g->n_members - 1).user_id;
    CHECK_INT(send(&r, "PATCH", in_guild(&r, "/members/", user, "", 0),
                   "{\"nick\":\"deckhand\"}"),
              200);
    CHECK(str_is(rest_text(&r.rest, "nick"), "deckhand"));
    told(&r, "GUILD_MEMBER_UPDATE");
    CHECK_INT(send(&r, "PATCH", in_guild(&r, "/members/@me", 0, "", 0),
                   "{\"nick\":null}"),
              200);
    told(&r, "GUILD_MEMBER_UPDATE");
    CHECK_INT(send(&r, "DELETE", in_guild(&r, "/members/", user, "", 0), ""), 204);
    told(&r, "GUILD_MEMBER_REMOVE");
    CHECK_INT(rest_get(&r.rest, in_guild(&r, "/members/", user, "", 0)), 404);
    stop(&r);
}

TEST(a_thread_is_made_and_talked_in)
{
    struct change_rig r;
    uint64_t id;

    start(&r);
    CHECK_INT(send(&r, "POST", in_channel(world_channel_id(r.g, 1), "/threads"),
                   "{\"name\":\"shims\",\"type\":11}"),
              201);
    id = answered_id(&r);
    told(&r, "THREAD_CREATE");
    CHECK_INT(send(&r, "POST", in_channel(id, "/messages"), "{\"content\":\"hi\"}"), 200);
    told(&r, "MESSAGE_CREATE");
    CHECK_INT(rest_get(&r.rest, in_channel(id, "")), 200);
    CHECK_INT(rest_int(&r.rest, "message_count"), 1);
    CHECK_INT(send(&r, "PATCH", in_channel(id, ""), "{\"name\":\"x\"}"), 200);
    told(&r, "THREAD_UPDATE");
    stop(&r);
}

TEST(leaving_a_guild_is_as_being_kicked)
{
    struct change_rig r;
    char path[128];

    start(&r);
    snprintf(path, sizeof path, "/api/v10/users/@me/guilds/%llu",
             (unsigned long long)r.g->id);
    CHECK_INT(send(&r, "DELETE", path, ""), 204);
    client_gets(&r.client, "GUILD_DELETE");
    CHECK(json_is_absent(json_get(r.client.d, "unavailable")));
    CHECK_INT(rest_get(&r.rest, in_guild(&r, "", 0, "", 0)), 404);
    stop(&r);
}

TEST(the_truth_of_a_guild_can_be_asked_for)
{
    struct change_rig r;
    char target[128];

    start(&r);
    snprintf(target, sizeof target, "/_sim/world?guild=%llu",
             (unsigned long long)r.g->id);
    CHECK_INT(rest_get(&r.rest, target), 200);
    CHECK_INT(json_count(rest_at(r.rest.json, "members")), r.g->n_members);
    CHECK_INT(rest_get(&r.rest, "/_sim/world?guild=1"), 404);
    snprintf(target, sizeof target, "{\"guild_id\":\"%llu\",\"happens\":\"outage\"}",
             (unsigned long long)r.g->id);
    CHECK_INT(rest_post(&r.rest, "/_sim/guild", target), 204);
    client_gets(&r.client, "GUILD_DELETE");
    CHECK_INT(rest_get(&r.rest, "/_sim/world"), 200);
    CHECK(cordage_json_true(rest_at(r.rest.json, "guilds.0.unavailable"), false));
    CHECK_INT(rest_post(&r.rest, "/_sim/guild", "{\"happens\":\"outage\"}"), 400);
    CHECK_INT(rest_post(&r.rest, "/_sim/life", "{\"per_second\":10,\"total\":5}"), 204);
    rig_wait(&r.rest.rig, 10000);
    CHECK_INT(rest_get(&r.rest, "/_sim/report"), 200);
    CHECK(rest_int(&r.rest, "changes") >= 4);
    CHECK_INT(rest_post(&r.rest, "/_sim/life", "{\"per_second\":-1}"), 400);
    stop(&r);
}

RUN_TESTS(T(channels_are_made_changed_and_deleted),
          T(what_always_is_there_cannot_be_deleted),
          T(a_wrong_field_is_named_and_changes_nothing),
          T(roles_are_made_given_taken_and_deleted), T(members_are_changed_and_kicked),
          T(a_thread_is_made_and_talked_in), T(leaving_a_guild_is_as_being_kicked),
          T(the_truth_of_a_guild_can_be_asked_for))
