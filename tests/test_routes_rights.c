/* A bot that lacks a right, and limits that no bucket tells of. */
#include "change_rig.h"

static void allow(struct change_rig *r, uint64_t rights)
{
    char body[128];

    snprintf(body, sizeof body, "{\"guild_id\":\"%llu\",\"permissions\":\"%llu\"}",
             (unsigned long long)r->g->id, (unsigned long long)rights);
    CHECK_INT(send(r, "POST", "/_sim/rights", body), 204);
    client_gets(&r->client, "GUILD_ROLE_UPDATE");
    mirror_apply(&r->mirror, r->client.name, 0, r->client.d);
    told(r, "GUILD_ROLE_UPDATE");
}

#define VIEW    1024u
#define TALK    2048u
#define HISTORY 65536u
#define MANAGE  8192u

TEST(what_a_bot_may_not_is_403)
{
    struct change_rig r;
    uint64_t theirs;
    char path[64];

    start(&r);
    CHECK_INT(send(&r, "POST", "/_sim/message", "{}"), 200);
    theirs = answered_id(&r);
    told(&r, "MESSAGE_CREATE");
    snprintf(path, sizeof path, "/messages/%llu", (unsigned long long)theirs);
    allow(&r, VIEW);
    CHECK_INT(send(&r, "POST", in_channel(world_channel_id(r.g, 1), "/messages"),
                   "{\"content\":\"a\"}"),
              403);
    CHECK_INT(rest_int(&r.rest, "code"), 50013);
    CHECK_INT(rest_get(&r.rest, in_channel(world_channel_id(r.g, 1), "/messages")), 200);
    CHECK_INT(json_count(r.rest.json), 0); /* no history */
    CHECK_INT(send(&r, "DELETE", in_channel(world_channel_id(r.g, 1), path), ""), 403);
    CHECK_INT(send(&r, "POST", in_guild(&r, "/channels", 0, "", 0), "{\"name\":\"n\"}"),
              403);
    CHECK_INT(rest_get(&r.rest, in_guild(&r, "/bans", 0, "", 0)), 403);
    CHECK_INT(rest_get(&r.rest, in_guild(&r, "/audit-logs", 0, "", 0)), 403);
    CHECK_INT(rest_get(&r.rest, in_guild(&r, "/invites", 0, "", 0)), 403);
    allow(&r, 0);
    CHECK_INT(send(&r, "POST", in_channel(world_channel_id(r.g, 1), "/messages"),
                   "{\"content\":\"a\"}"),
              403);
    CHECK_INT(rest_int(&r.rest, "code"), 50001);
    CHECK_INT(rest_get(&r.rest, in_channel(world_channel_id(r.g, 1), "")), 403);
    allow(&r, VIEW | TALK | HISTORY | MANAGE);
    CHECK_INT(send(&r, "POST", in_channel(world_channel_id(r.g, 1), "/messages"),
                   "{\"content\":\"a\"}"),
              200);
    told(&r, "MESSAGE_CREATE");
    CHECK_INT(send(&r, "DELETE", in_channel(world_channel_id(r.g, 1), path), ""), 204);
    /* Without VIEW_AUDIT_LOG the entry is not told. */
    client_gets(&r.client, "MESSAGE_DELETE");
    CHECK(!client_has_more(&r.client));
    CHECK_INT(send(&r, "POST", "/_sim/rights", "{\"guild_id\":\"1\"}"), 400);
    stop(&r);
}

TEST(an_overwrite_takes_a_right_in_one_channel)
{
    struct change_rig r;
    char path[96];

    start(&r);
    snprintf(path, sizeof path, "/permissions/%llu", (unsigned long long)r.g->id);
    CHECK_INT(send(&r, "PUT", in_channel(world_channel_id(r.g, 1), path),
                   "{\"type\":0,\"deny\":\"2048\"}"),
              204);
    told(&r, "CHANNEL_UPDATE");
    allow(&r, VIEW | TALK);
    CHECK_INT(send(&r, "POST", in_channel(world_channel_id(r.g, 1), "/messages"),
                   "{\"content\":\"a\"}"),
              403);
    CHECK_INT(send(&r, "POST", in_channel(world_channel_id(r.g, 2), "/messages"),
                   "{\"content\":\"a\"}"),
              200);
    told(&r, "MESSAGE_CREATE");
    stop(&r);
}

/* With the usual limits. */
static void start_limited(struct change_rig *r)
{
    struct sim_config config = rig_config();
    struct routes_config limits;

    routes_config_default(&limits);
    *r = (struct change_rig){ 0 };
    rest_start_with(&r->rest, &config, &limits);
    r->g = &sim_world(r->rest.rig.sim)->guilds[0];
}

TEST(a_channel_is_renamed_twice_in_ten_minutes)
{
    struct change_rig r;

    start_limited(&r);
    for (int i = 0; i < 2; i++)
        CHECK_INT(send(&r, "PATCH", in_channel(world_channel_id(r.g, 1), ""),
                       "{\"name\":\"n\"}"),
                  200);
    CHECK_INT(send(&r, "PATCH", in_channel(world_channel_id(r.g, 1), ""),
                   "{\"topic\":\"t\"}"),
              429);
    CHECK_STR(rest_header(&r.rest, "X-RateLimit-Scope"), "user");
    CHECK(!str_is(rest_header(&r.rest, "X-RateLimit-Remaining"), "0"));
    CHECK_STR(rest_header(&r.rest, "Retry-After"), "600");
    CHECK_INT(send(&r, "PATCH", in_channel(world_channel_id(r.g, 1), ""),
                   "{\"nsfw\":true}"),
              200);
    CHECK_INT(send(&r, "PATCH", in_channel(world_channel_id(r.g, 2), ""),
                   "{\"topic\":\"t\"}"),
              200);
    rig_wait(&r.rest.rig, 10 * 60 * 1000);
    CHECK_INT(send(&r, "PATCH", in_channel(world_channel_id(r.g, 1), ""),
                   "{\"topic\":\"t\"}"),
              200);
    rig_is_clean(&r.rest.rig);
    rest_stop(&r.rest);
}

TEST(reactions_have_one_bucket)
{
    struct change_rig r;
    char add[192], list[160];
    uint64_t id;

    start_limited(&r);
    CHECK_INT(send(&r, "POST", "/_sim/message", "{}"), 200);
    id = answered_id(&r);
    snprintf(list, sizeof list, "/messages/%llu/reactions/%%F0%%9F%%91%%8D",
             (unsigned long long)id);
    snprintf(add, sizeof add, "%s/@me", list);
    CHECK_INT(send(&r, "PUT", in_channel(world_channel_id(r.g, 1), add), ""), 204);
    CHECK_STR(rest_header(&r.rest, "X-RateLimit-Limit"), "1");
    CHECK_INT(rest_get(&r.rest, in_channel(world_channel_id(r.g, 1), list)), 429);
    rig_wait(&r.rest.rig, 250);
    CHECK_INT(rest_get(&r.rest, in_channel(world_channel_id(r.g, 1), list)), 200);
    rig_broke(&r.rest.rig, RULE_RATE_LIMIT);
    rest_stop(&r.rest);
}

TEST(the_emoji_of_a_guild_are_limited_for_all)
{
    struct change_rig r;
    size_t invalid = 0;

    start_limited(&r);
    for (int i = 0; i < 51; i++) {
        int status = send(&r, "POST", in_guild(&r, "/emojis", 0, "", 0), "{}");

        CHECK_INT(status, i < 50 ? 400 : 429);
        invalid += status == 429;
        rig_wait(&r.rest.rig, 100);
    }
    CHECK_INT(invalid, 1);
    CHECK_STR(rest_header(&r.rest, "X-RateLimit-Scope"), "shared");
    rig_is_clean(&r.rest.rig);
    rest_stop(&r.rest);
}

RUN_TESTS(T(what_a_bot_may_not_is_403), T(an_overwrite_takes_a_right_in_one_channel),
          T(a_channel_is_renamed_twice_in_ten_minutes), T(reactions_have_one_bucket),
          T(the_emoji_of_a_guild_are_limited_for_all))
