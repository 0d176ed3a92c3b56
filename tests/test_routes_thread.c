/* Threads over REST: made from messages, changed, archived, joined. */
#include "change_rig.h"

static uint64_t make(struct change_rig *r)
{
    CHECK_INT(send(r, "POST", in_channel(world_channel_id(r->g, 1), "/threads"),
                   "{\"name\":\"t\",\"type\":11}"),
              201);
    told(r, "THREAD_CREATE");
    return answered_id(r);
}

TEST(a_thread_hangs_on_its_message)
{
    struct change_rig r;
    uint64_t id;
    char path[64];

    start(&r);
    CHECK_INT(send(&r, "POST", in_channel(world_channel_id(r.g, 1), "/messages"),
                   "{\"content\":\"a\"}"),
              200);
    id = answered_id(&r);
    told(&r, "MESSAGE_CREATE");
    snprintf(path, sizeof path, "/messages/%llu/threads", (unsigned long long)id);
    CHECK_INT(send(&r, "POST", in_channel(world_channel_id(r.g, 1), path),
                   "{\"name\":\"about it\"}"),
              201);
    CHECK(answered_id(&r) == id);
    client_gets(&r.client, "THREAD_CREATE");
    mirror_apply(&r.mirror, r.client.name, 0, r.client.d);
    client_gets(&r.client, "GUILD_AUDIT_LOG_ENTRY_CREATE");
    told(&r, "MESSAGE_UPDATE");
    CHECK_INT(cordage_json_int(event(&r, "flags"), 0), 32);
    CHECK_INT(send(&r, "POST", in_channel(world_channel_id(r.g, 1), path),
                   "{\"name\":\"again\"}"),
              400);
    CHECK_INT(rest_int(&r.rest, "code"), 160004);
    stop(&r);
}

TEST(a_thread_is_archived_and_comes_back)
{
    struct change_rig r;
    uint64_t id;

    start(&r);
    id = make(&r);
    CHECK_INT(send(&r, "PATCH", in_channel(id, ""), "{\"archived\":true}"), 200);
    CHECK(cordage_json_true(rest_at(r.rest.json, "thread_metadata.archived"), false));
    told(&r, "THREAD_UPDATE");
    CHECK_INT(rest_get(&r.rest, in_channel(id, "")), 200);
    CHECK_INT(send(&r, "POST", in_channel(id, "/messages"), "{\"content\":\"a\"}"), 400);
    CHECK_INT(rest_int(&r.rest, "code"), 50083);
    CHECK_INT(rest_get(&r.rest,
                       in_channel(world_channel_id(r.g, 1), "/threads/archived/public")),
              200);
    CHECK_INT(json_count(rest_at(r.rest.json, "threads")), 1);
    CHECK_INT(send(&r, "PATCH", in_channel(id, ""), "{\"archived\":false}"), 200);
    client_gets(&r.client, "THREAD_UPDATE");
    mirror_apply(&r.mirror, r.client.name, 0, r.client.d);
    told(&r, "THREAD_MEMBER_UPDATE");
    CHECK_INT(rest_get(&r.rest, in_guild(&r, "/threads/active", 0, "", 0)), 200);
    CHECK(json_count(rest_at(r.rest.json, "threads")) >= 1);
    CHECK_INT(send(&r, "PATCH", in_channel(id, ""), "{\"locked\":true}"), 200);
    told(&r, "THREAD_UPDATE");
    CHECK_INT(send(&r, "DELETE", in_channel(id, ""), ""), 200);
    told(&r, "THREAD_DELETE");
    CHECK_INT(rest_get(&r.rest, in_channel(id, "")), 404);
    stop(&r);
}

TEST(members_come_and_go)
{
    struct change_rig r;
    struct world_member m;
    uint64_t id;
    char path[64];

    start(&r);
    id = make(&r);
    m = world_member(sim_world(r.rest.rig.sim), r.g, 2);
    CHECK_INT(rest_get(&r.rest, in_channel(id, "/thread-members/@me")), 200);
    CHECK_INT(send(&r, "DELETE", in_channel(id, "/thread-members/@me"), ""), 204);
    told(&r, "THREAD_MEMBERS_UPDATE");
    CHECK_INT(rest_get(&r.rest, in_channel(id, "/thread-members/@me")), 404);
    CHECK_INT(send(&r, "PUT", in_channel(id, "/thread-members/@me"), ""), 204);
    told(&r, "THREAD_MEMBERS_UPDATE");
    CHECK_INT(send(&r, "PUT", in_channel(id, "/thread-members/@me"), ""), 204);
    CHECK(!client_has_more(&r.client));
    snprintf(path, sizeof path, "/thread-members/%llu", (unsigned long long)m.user_id);
    CHECK_INT(send(&r, "PUT", in_channel(id, path), ""), 204);
    told(&r, "THREAD_MEMBERS_UPDATE");
    CHECK_INT(send(&r, "DELETE", in_channel(id, path), ""), 204);
    told(&r, "THREAD_MEMBERS_UPDATE");
    CHECK_INT(send(&r, "PUT", in_channel(id, "/thread-members/1"), ""), 404);
    CHECK_INT(send(&r, "PUT", in_channel(world_channel_id(r.g, 1), "/thread-members/@me"),
                   ""),
              400);
    stop(&r);
}

RUN_TESTS(T(a_thread_hangs_on_its_message), T(a_thread_is_archived_and_comes_back),
          T(members_come_and_go))
