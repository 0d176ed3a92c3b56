/* Emoji, stickers, sounds, events, stages, invites: made, changed, deleted, and told. */
#include "change_rig.h"

static void start_rich(struct change_rig *r)
{
    struct routes_config limits = { 0 };
    struct sim_config config = rig_config();

    config.rich = true;
    rest_start_with(&r->rest, &config, &limits);
    r->g = &sim_world(r->rest.rig.sim)->guilds[0];
    mirror_init(&r->mirror);
    client_ready(&r->rest.rig, &r->client, 0, 1, 53608447);
    rig_wait(&r->rest.rig, 1000);
    while (client_next(&r->client))
        mirror_apply(&r->mirror, r->client.name, 0, r->client.d);
    mirror_check(&r->mirror, r->rest.rig.sim, r->g->id);
}

TEST(what_a_guild_has_is_made_changed_and_deleted)
{
    static const struct {
        const char *word, *id_key, *body, *change, *wrong;
        const char *events[3];
        int status, code;
    } cases[] = {
        { "/emojis",
          "id",
          "{\"name\":\"gull\",\"image\":\"data:image/png;base64,AA==\"}",
          "{\"name\":\"tern\"}",
          "{\"name\":\"gull\"}",
          { "GUILD_EMOJIS_UPDATE", "GUILD_EMOJIS_UPDATE", "GUILD_EMOJIS_UPDATE" },
          201,
          10014 },
        { "/stickers",
          "id",
          "{\"name\":\"gull\",\"tags\":\"wave\"}",
          "{\"name\":\"tern\"}",
          "{\"name\":\"gull\"}",
          { "GUILD_STICKERS_UPDATE", "GUILD_STICKERS_UPDATE", "GUILD_STICKERS_UPDATE" },
          201,
          10060 },
        { "/soundboard-sounds",
          "sound_id",
          "{\"name\":\"gull\",\"sound\":\"data:audio/ogg;base64,AA==\"}",
          "{\"name\":\"tern\"}",
          "{\"name\":1}",
          { "GUILD_SOUNDBOARD_SOUND_CREATE", "GUILD_SOUNDBOARD_SOUND_UPDATE",
            "GUILD_SOUNDBOARD_SOUND_DELETE" },
          201,
          10097 },
        { "/scheduled-events",
          "id",
          "{\"name\":\"gull\",\"scheduled_start_time\":\"2026-12-01T00:00:00+00:00\","
          "\"entity_type\":3,\"entity_metadata\":{\"location\":\"pier\"}}",
          "{\"name\":\"tern\"}",
          "{\"name\":\"x\"}",
          { "GUILD_SCHEDULED_EVENT_CREATE", "GUILD_SCHEDULED_EVENT_UPDATE",
            "GUILD_SCHEDULED_EVENT_DELETE" },
          200,
          10070 },
    };
    struct change_rig r;

    start_rich(&r);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char word[64];
        uint64_t id;

        snprintf(word, sizeof word, "%s/", cases[i].word);
        CHECK_INT(send(&r, "POST", in_guild(&r, cases[i].word, 0, "", 0), cases[i].wrong),
                  400);
        CHECK_INT(send(&r, "POST", in_guild(&r, cases[i].word, 0, "", 0), cases[i].body),
                  cases[i].status);
        id = mirror_id(r.rest.json, cases[i].id_key);
        CHECK(id != 0);
        told(&r, cases[i].events[0]);
        CHECK_INT(send(&r, "PATCH", in_guild(&r, word, id, "", 0), cases[i].change), 200);
        CHECK_STR(rest_text(&r.rest, "name"), "tern");
        told(&r, cases[i].events[1]);
        CHECK_INT(rest_get(&r.rest, in_guild(&r, word, id, "", 0)), 200);
        CHECK_STR(rest_text(&r.rest, "name"), "tern");
        CHECK_INT(send(&r, "DELETE", in_guild(&r, word, id, "", 0), ""), 204);
        told(&r, cases[i].events[2]);
        CHECK_INT(rest_get(&r.rest, in_guild(&r, word, id, "", 0)), 404);
        CHECK_INT(rest_int(&r.rest, "code"), cases[i].code);
    }
    stop(&r);
}

TEST(a_stage_is_opened_and_closed)
{
    struct change_rig r;
    char path[96], body[128];
    uint64_t stage = 0;

    start_rich(&r);
    for (uint32_t i = 0; i < world_n_channels(r.g); i++)
        if (world_channel_type(r.g, i) == CHANNEL_STAGE)
            stage = world_channel_id(r.g, i);
    snprintf(path, sizeof path, "/api/v10/stage-instances/%llu",
             (unsigned long long)stage);
    CHECK_INT(send(&r, "DELETE", path, ""), 204);
    told(&r, "STAGE_INSTANCE_DELETE");
    CHECK_INT(rest_get(&r.rest, path), 404);
    snprintf(body, sizeof body, "{\"channel_id\":\"%llu\",\"topic\":\"tides\"}",
             (unsigned long long)stage);
    CHECK_INT(send(&r, "POST", "/api/v10/stage-instances", body), 200);
    told(&r, "STAGE_INSTANCE_CREATE");
    CHECK_INT(send(&r, "POST", "/api/v10/stage-instances", body), 400);
    CHECK_INT(rest_int(&r.rest, "code"), 150006);
    CHECK_INT(send(&r, "PATCH", path, "{\"topic\":\"moons\"}"), 200);
    CHECK_STR(rest_text(&r.rest, "topic"), "moons");
    told(&r, "STAGE_INSTANCE_UPDATE");
    stop(&r);
}

TEST(invites_are_found_by_their_code)
{
    struct change_rig r;
    char path[64];

    start(&r);
    CHECK_INT(send(&r, "POST", in_channel(world_channel_id(r.g, 1), "/invites"),
                   "{\"max_age\":9999999}"),
              400);
    CHECK_INT(send(&r, "POST", in_channel(world_channel_id(r.g, 1), "/invites"), "{}"),
              200);
    snprintf(path, sizeof path, "/api/v10/invites/%.*s",
             STR_FMT(rest_text(&r.rest, "code")));
    CHECK(!json_is_null(rest_at(r.rest.json, "expires_at")));
    CHECK(!json_is_absent(rest_at(r.rest.json, "guild.name")));
    told(&r, "INVITE_CREATE");
    CHECK_INT(rest_get(&r.rest, path), 200);
    CHECK_INT(rest_int(&r.rest, "max_age"), 86400);
    CHECK_INT(rest_get(&r.rest, in_guild(&r, "/invites", 0, "", 0)), 200);
    CHECK_INT(json_count(r.rest.json), 1);
    CHECK_INT(send(&r, "DELETE", path, ""), 200);
    told(&r, "INVITE_DELETE");
    CHECK_INT(rest_get(&r.rest, path), 404);
    CHECK_INT(rest_int(&r.rest, "code"), 10006);
    stop(&r);
}

TEST(a_voice_channel_has_a_status)
{
    struct change_rig r;
    uint64_t voice;

    start(&r);
    voice = world_channel_id(r.g, world_voice_channel(r.g));
    CHECK_INT(send(&r, "PUT", in_channel(voice, "/voice-status"),
                   "{\"status\":\"splicing\"}"),
              204);
    told(&r, "VOICE_CHANNEL_STATUS_UPDATE");
    CHECK_INT(send(&r, "PUT", in_channel(world_channel_id(r.g, 1), "/voice-status"),
                   "{\"status\":\"x\"}"),
              400);
    stop(&r);
}

TEST(channels_and_roles_change_places)
{
    struct change_rig r;
    char body[256];

    start(&r);
    snprintf(body, sizeof body,
             "[{\"id\":\"%llu\",\"position\":3},{\"id\":\"%llu\",\"position\":2}]",
             (unsigned long long)world_channel_id(r.g, 1),
             (unsigned long long)world_channel_id(r.g, 2));
    CHECK_INT(send(&r, "PATCH", in_guild(&r, "/channels", 0, "", 0), body), 204);
    client_gets(&r.client, "CHANNEL_UPDATE");
    mirror_apply(&r.mirror, r.client.name, 0, r.client.d);
    told(&r, "CHANNEL_UPDATE");
    CHECK_INT(rest_get(&r.rest, in_channel(world_channel_id(r.g, 1), "")), 200);
    CHECK_INT(rest_int(&r.rest, "position"), 3);
    CHECK_INT(send(&r, "PATCH", in_guild(&r, "/channels", 0, "", 0), "[{\"id\":\"1\"}]"),
              404);
    snprintf(
        body, sizeof body,
        "[{\"id\":\"%llu\",\"parent_id\":null},{\"id\":\"%llu\",\"parent_id\":null}]",
        (unsigned long long)world_channel_id(r.g, 1),
        (unsigned long long)world_channel_id(r.g, 2));
    CHECK_INT(send(&r, "PATCH", in_guild(&r, "/channels", 0, "", 0), body), 400);
    CHECK_INT(rest_int(&r.rest, "code"), 40009);
    snprintf(body, sizeof body, "[{\"id\":\"%llu\",\"position\":4}]",
             (unsigned long long)world_role_id(r.g, 3));
    CHECK_INT(send(&r, "PATCH", in_guild(&r, "/roles", 0, "", 0), body), 200);
    told(&r, "GUILD_ROLE_UPDATE");
    stop(&r);
}

RUN_TESTS(T(what_a_guild_has_is_made_changed_and_deleted),
          T(a_stage_is_opened_and_closed), T(invites_are_found_by_their_code),
          T(a_voice_channel_has_a_status), T(channels_and_roles_change_places))
