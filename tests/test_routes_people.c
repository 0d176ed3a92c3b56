/* Bans, the audit log, searches, the guild and the bot itself. */
#include "change_rig.h"

static uint64_t member(struct change_rig *r, uint32_t n)
{
    return world_member(sim_world(r->rest.rig.sim), r->g, n).user_id;
}

TEST(who_is_banned_goes_and_may_come_back)
{
    struct change_rig r;
    uint64_t user;

    start(&r);
    user = member(&r, 8);
    CHECK_INT(rest_get(&r.rest, in_guild(&r, "/bans/", user, "", 0)), 404);
    CHECK_INT(rest_int(&r.rest, "code"), 10026);
    CHECK_INT(send(&r, "PUT", in_guild(&r, "/bans/", user, "", 0), "{}"), 204);
    client_gets(&r.client, "GUILD_MEMBER_REMOVE");
    mirror_apply(&r.mirror, r.client.name, 0, r.client.d);
    told(&r, "GUILD_BAN_ADD");
    CHECK_INT(rest_get(&r.rest, in_guild(&r, "/members/", user, "", 0)), 404);
    CHECK_INT(rest_get(&r.rest, in_guild(&r, "/bans", 0, "", 0)), 200);
    CHECK_INT(json_count(r.rest.json), 1);
    CHECK(mirror_id(rest_at(r.rest.json, "0.user"), "id") == user);
    CHECK_INT(send(&r, "PUT", in_guild(&r, "/bans/", user, "", 0), "{}"), 204);
    CHECK(!client_has_more(&r.client));
    CHECK_INT(send(&r, "DELETE", in_guild(&r, "/bans/", user, "", 0), ""), 204);
    told(&r, "GUILD_BAN_REMOVE");
    CHECK_INT(send(&r, "PUT", in_guild(&r, "/bans/", member(&r, 1), "", 0), "{}"), 403);
    CHECK_INT(send(&r, "PUT", in_guild(&r, "/bans/", 1, "", 0), "{}"), 404);
    stop(&r);
}

TEST(many_are_banned_at_once)
{
    struct change_rig r;
    char body[160];

    start(&r);
    snprintf(body, sizeof body, "{\"user_ids\":[\"%llu\",\"%llu\",\"%llu\"]}",
             (unsigned long long)member(&r, 1), (unsigned long long)member(&r, 3),
             (unsigned long long)member(&r, 4));
    CHECK_INT(send(&r, "POST", in_guild(&r, "/bulk-ban", 0, "", 0), body), 200);
    CHECK_INT(json_count(rest_at(r.rest.json, "banned_users")), 2);
    CHECK_INT(json_count(rest_at(r.rest.json, "failed_users")), 1);
    CHECK_INT(client_count(&r.client, "GUILD_BAN_ADD"), 2);
    CHECK_INT(send(&r, "POST", in_guild(&r, "/bulk-ban", 0, "", 0), body), 400);
    CHECK_INT(rest_int(&r.rest, "code"), 500000);
    CHECK_INT(send(&r, "POST", in_guild(&r, "/bulk-ban", 0, "", 0), "{}"), 400);
    stop(&r);
}

TEST(the_audit_log_has_the_reason)
{
    struct change_rig r;
    struct sim_request request;

    start(&r);
    request =
        rest_request(&r.rest, "DELETE", in_guild(&r, "/members/", member(&r, 8), "", 0));
    request.reason = STR("too%20%C3%A4gerlich");
    CHECK_INT(rest_send(&r.rest, &request), 204);
    client_gets(&r.client, "GUILD_MEMBER_REMOVE");
    client_gets(&r.client, "GUILD_AUDIT_LOG_ENTRY_CREATE");
    CHECK_STR(event_text(&r, "reason"), "too ägerlich");
    CHECK_INT(cordage_json_int(event(&r, "action_type"), 0), 20);
    CHECK_INT(send(&r, "POST", in_guild(&r, "/roles", 0, "", 0), "{}"), 200);
    CHECK_INT(rest_get(&r.rest, in_guild(&r, "/audit-logs", 0, "", 0)), 200);
    CHECK_INT(json_count(rest_at(r.rest.json, "audit_log_entries")), 2);
    CHECK_INT(rest_int(&r.rest, "audit_log_entries.0.action_type"), 30);
    CHECK_INT(rest_get(&r.rest, in_guild(&r, "/audit-logs?action_type=20", 0, "", 0)),
              200);
    CHECK_INT(json_count(rest_at(r.rest.json, "audit_log_entries")), 1);
    CHECK_STR(rest_text(&r.rest, "audit_log_entries.0.reason"), "too ägerlich");
    stop(&r);
}

TEST(a_reason_of_512_characters_is_kept_of_a_ban)
{
    struct change_rig r;
    struct sim_request request;
    char reason[3 * 512 + 1] = "";
    uint64_t user;

    start(&r);
    user = member(&r, 8);
    for (int i = 0; i < 512; i++)
        strcpy(reason + i * 3, "%20");
    request = rest_request(&r.rest, "PUT", in_guild(&r, "/bans/", user, "", 0));
    request.reason = str_of(reason);
    CHECK_INT(rest_send(&r.rest, &request), 204);
    CHECK_INT(rest_get(&r.rest, in_guild(&r, "/bans/", user, "", 0)), 200);
    CHECK_INT(rest_text(&r.rest, "reason").n, 512);
    client_release(&r.client);
    mirror_release(&r.mirror);
    rest_stop(&r.rest);
}

TEST(members_are_searched_and_counted)
{
    struct change_rig r;
    char path[128], name[64];
    struct str username;
    uint64_t user, role;

    start(&r);
    user = member(&r, 3);
    role = world_role_id(r.g, 3);
    username = world_username(sim_world(r.rest.rig.sim), user, name);
    snprintf(path, sizeof path, "/members/search?query=%.*s&limit=1000",
             STR_FMT(username));
    CHECK_INT(rest_get(&r.rest, in_guild(&r, path, 0, "", 0)), 200);
    CHECK(json_count(r.rest.json) >= 1);
    CHECK_INT(rest_get(&r.rest, in_guild(&r, "/members/search", 0, "", 0)), 400);
    CHECK_INT(rest_get(&r.rest, in_guild(&r, "/roles/member-counts", 0, "", 0)), 200);
    snprintf(path, sizeof path, "%llu", (unsigned long long)role);
    CHECK(rest_int(&r.rest, path) >= 0);
    CHECK_INT(json_count(r.rest.json),
              world_count(sim_world(r.rest.rig.sim), r.g, LIST_ROLES) - 1);
    CHECK_INT(rest_get(&r.rest, in_guild(&r, "/roles/", role, "", 0)), 200);
    CHECK(answered_id(&r) == role);
    stop(&r);
}

TEST(the_guild_and_the_bot_get_new_names)
{
    struct change_rig r;

    start(&r);
    CHECK_INT(send(&r, "PATCH", in_guild(&r, "", 0, "", 0), "{\"name\":\"Harbour\"}"),
              200);
    CHECK_STR(rest_text(&r.rest, "name"), "Harbour");
    told(&r, "GUILD_UPDATE");
    CHECK_INT(send(&r, "PATCH", "/api/v10/users/@me", "{\"username\":\"gull\"}"), 200);
    CHECK_STR(rest_text(&r.rest, "username"), "gull");
    client_gets(&r.client, "USER_UPDATE");
    CHECK_STR(event_text(&r, "username"), "gull");
    CHECK_INT(rest_get(&r.rest, "/api/v10/users/@me"), 200);
    CHECK_STR(rest_text(&r.rest, "username"), "gull");
    stop(&r);
}

TEST(people_and_their_voices_are_read)
{
    struct change_rig r;
    char path[64];

    start(&r);
    snprintf(path, sizeof path, "/api/v10/users/%llu", (unsigned long long)member(&r, 2));
    CHECK_INT(rest_get(&r.rest, path), 200);
    CHECK(answered_id(&r) == member(&r, 2));
    CHECK_INT(rest_get(&r.rest, "/api/v10/users/1"), 404);
    CHECK_INT(rest_get(&r.rest, in_guild(&r, "/voice-states/@me", 0, "", 0)), 404);
    CHECK_INT(rest_int(&r.rest, "code"), 10065);
    client_say(&r.client,
               "{\"op\":4,\"d\":{\"guild_id\":\"%llu\",\"channel_id\":\"%llu\","
               "\"self_mute\":false,\"self_deaf\":false}}",
               (unsigned long long)r.g->id,
               (unsigned long long)world_channel_id(r.g, world_voice_channel(r.g)));
    CHECK_INT(rest_get(&r.rest, in_guild(&r, "/voice-states/@me", 0, "", 0)), 200);
    CHECK(mirror_id(r.rest.json, "channel_id") ==
          world_channel_id(r.g, world_voice_channel(r.g)));
    stop(&r);
}

RUN_TESTS(T(who_is_banned_goes_and_may_come_back), T(many_are_banned_at_once),
          T(the_audit_log_has_the_reason), T(a_reason_of_512_characters_is_kept_of_a_ban),
          T(members_are_searched_and_counted), T(the_guild_and_the_bot_get_new_names),
          T(people_and_their_voices_are_read))
