/* A bot and a person, alone. */
#include "change_rig.h"

static uint64_t person(struct change_rig *r)
{
    return world_member(sim_world(r->rest.rig.sim), r->g, 2).user_id;
}

/* Exactly this. */
static void heard(struct change_rig *r, const char *name)
{
    client_gets(&r->client, name);
    CHECK(!client_has_more(&r->client));
}

static uint64_t open_direct(struct change_rig *r, uint64_t user_id)
{
    char body[64];

    snprintf(body, sizeof body, "{\"recipient_id\":\"%llu\"}",
             (unsigned long long)user_id);
    CHECK_INT(send(r, "POST", "/api/v10/users/@me/channels", body), 200);
    CHECK_INT(rest_int(&r->rest, "type"), 1);
    CHECK(mirror_id(rest_at(r->rest.json, "recipients.0"), "id") == user_id);
    return answered_id(r);
}

TEST(a_channel_is_opened_once_and_talked_in)
{
    struct change_rig r;
    uint64_t id, message;
    char path[64];

    start(&r);
    id = open_direct(&r, person(&r));
    CHECK(open_direct(&r, person(&r)) == id);
    CHECK_INT(send(&r, "POST", in_channel(id, "/messages"), "{\"content\":\"psst\"}"),
              200);
    message = answered_id(&r);
    heard(&r, "MESSAGE_CREATE");
    CHECK_STR(event_text(&r, "content"), "psst");
    CHECK(json_is_absent(event(&r, "guild_id")));
    CHECK(json_is_absent(event(&r, "member")));
    CHECK_INT(cordage_json_int(event(&r, "channel_type"), 0), 1);
    CHECK_INT(rest_get(&r.rest, in_channel(id, "")), 200);
    CHECK(mirror_id(r.rest.json, "last_message_id") == message);
    CHECK_INT(rest_get(&r.rest, in_channel(id, "/messages")), 200);
    CHECK_INT(json_count(r.rest.json), 1);
    CHECK_INT(send(&r, "POST", in_channel(id, "/typing"), ""), 204);
    heard(&r, "TYPING_START");
    snprintf(path, sizeof path, "/messages/%llu/reactions/%%E2%%9A%%93/@me",
             (unsigned long long)message);
    CHECK_INT(send(&r, "PUT", in_channel(id, path), ""), 204);
    heard(&r, "MESSAGE_REACTION_ADD");
    CHECK(json_is_absent(event(&r, "guild_id")));
    snprintf(path, sizeof path, "/messages/%llu", (unsigned long long)message);
    CHECK_INT(send(&r, "PATCH", in_channel(id, path), "{\"content\":\"hush\"}"), 200);
    heard(&r, "MESSAGE_UPDATE");
    CHECK(json_is_absent(event(&r, "guild_id")));
    CHECK_INT(send(&r, "DELETE", in_channel(id, path), ""), 204);
    heard(&r, "MESSAGE_DELETE");
    CHECK(json_is_absent(event(&r, "guild_id")));
    CHECK_INT(send(&r, "POST", in_channel(id, "/webhooks"), "{\"name\":\"x\"}"), 400);
    CHECK_INT(rest_int(&r.rest, "code"), 50024);
    stop(&r);
}

TEST(a_person_writes_to_the_bot_on_shard_0)
{
    struct client other;
    struct change_rig r;
    char body[128];

    start(&r);
    rig_wait(&r.rest.rig, 6000);
    client_ready(&r.rest.rig, &other, 1, 2, 53608447);
    rig_wait(&r.rest.rig, 1000);
    while (client_next(&other))
        ;
    snprintf(body, sizeof body,
             "{\"direct\":true,\"author_id\":\"%llu\",\"content\":\"help\"}",
             (unsigned long long)person(&r));
    CHECK_INT(send(&r, "POST", "/_sim/message", body), 200);
    heard(&r, "MESSAGE_CREATE");
    CHECK_STR(event_text(&r, "content"), "help");
    CHECK(json_is_absent(event(&r, "guild_id")));
    CHECK(!client_has_more(&other));
    client_release(&other);
    stop(&r);
}

TEST(not_everybody_can_be_written_to)
{
    struct change_rig r;
    struct world *world;
    char body[64];

    start(&r);
    world = sim_world(r.rest.rig.sim);
    CHECK_INT(send(&r, "POST", "/api/v10/users/@me/channels", "{}"), 400);
    CHECK_INT(send(&r, "POST", "/api/v10/users/@me/channels", "{\"recipient_id\":\"1\"}"),
              404);
    snprintf(body, sizeof body, "{\"recipient_id\":\"%llu\"}",
             (unsigned long long)world->bot_id);
    CHECK_INT(send(&r, "POST", "/api/v10/users/@me/channels", body), 400);
    CHECK_INT(rest_int(&r.rest, "code"), 50007);
    stop(&r);
}

RUN_TESTS(T(a_channel_is_opened_once_and_talked_in),
          T(a_person_writes_to_the_bot_on_shard_0), T(not_everybody_can_be_written_to))
