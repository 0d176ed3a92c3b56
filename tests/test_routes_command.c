/* An application's commands: what is accepted, and what they are then. */
#include "change_rig.h"

static const char *commands(struct change_rig *r, bool in_guild, uint64_t id)
{
    static char path[256];
    int n = snprintf(path, sizeof path, "/api/v10/applications/%llu",
                     (unsigned long long)sim_world(r->rest.rig.sim)->bot_id);

    if (in_guild)
        n += snprintf(path + n, sizeof path - (size_t)n, "/guilds/%llu",
                      (unsigned long long)r->g->id);
    n += snprintf(path + n, sizeof path - (size_t)n, "/commands");
    if (id)
        snprintf(path + n, sizeof path - (size_t)n, "/%llu", (unsigned long long)id);
    return path;
}

#define PING "{\"name\":\"ping\",\"description\":\"says pong\"}"

TEST(a_command_is_made_read_changed_and_deleted)
{
    struct change_rig r;
    uint64_t id, version;

    start(&r);
    CHECK_INT(send(&r, "POST", commands(&r, false, 0), PING), 201);
    id = answered_id(&r);
    version = mirror_id(r.rest.json, "version");
    CHECK_INT(rest_int(&r.rest, "type"), 1);
    CHECK_STR(rest_text(&r.rest, "name"), "ping");
    CHECK(json_is_null(rest_at(r.rest.json, "default_member_permissions")));
    CHECK(mirror_id(r.rest.json, "application_id") == sim_world(r.rest.rig.sim)->bot_id);
    /* The same name again is the same command, with another version. */
    CHECK_INT(send(&r, "POST", commands(&r, false, 0),
                   "{\"name\":\"ping\",\"description\":\"pongs\"}"),
              200);
    CHECK(answered_id(&r) == id);
    CHECK(mirror_id(r.rest.json, "version") != version);
    CHECK_INT(send(&r, "PATCH", commands(&r, false, id),
                   "{\"options\":[{\"type\":4,\"name\":\"n\",\"description\":\"how "
                   "many\",\"required\":true}]}"),
              200);
    CHECK_STR(rest_text(&r.rest, "description"), "pongs");
    CHECK_INT(rest_get(&r.rest, commands(&r, false, id)), 200);
    CHECK_INT(rest_int(&r.rest, "options.0.type"), 4);
    CHECK_INT(rest_get(&r.rest, commands(&r, false, 0)), 200);
    CHECK_INT(json_count(r.rest.json), 1);
    CHECK_INT(rest_get(&r.rest, commands(&r, true, 0)), 200);
    CHECK_INT(json_count(r.rest.json), 0);
    CHECK_INT(send(&r, "DELETE", commands(&r, false, id), ""), 204);
    CHECK_INT(rest_get(&r.rest, commands(&r, false, id)), 404);
    CHECK_INT(rest_int(&r.rest, "code"), 10063);
    stop(&r);
}

TEST(all_commands_are_put_at_once)
{
    struct change_rig r;
    uint64_t id;

    start(&r);
    CHECK_INT(send(&r, "POST", commands(&r, true, 0), PING), 201);
    id = answered_id(&r);
    CHECK(mirror_id(r.rest.json, "guild_id") == r.g->id);
    CHECK_INT(send(&r, "PUT", commands(&r, true, 0),
                   "[{\"name\":\"Look up\",\"type\":2}," PING "]"),
              200);
    CHECK_INT(json_count(r.rest.json), 2);
    CHECK(mirror_id(rest_at(r.rest.json, "0"), "id") == id);
    CHECK_INT(send(&r, "PUT", commands(&r, true, 0), "[" PING "," PING "]"), 400);
    CHECK_STR(rest_text(&r.rest, "errors.1.name._errors.0.code"),
              "APPLICATION_COMMANDS_DUPLICATE_NAME");
    CHECK_INT(send(&r, "PUT", commands(&r, true, 0), "[]"), 200);
    CHECK_INT(rest_get(&r.rest, commands(&r, true, id)), 404);
    stop(&r);
}

TEST(a_wrong_command_is_refused_where_it_is_wrong)
{
#define OPTIONS(list) "{\"name\":\"a\",\"description\":\"b\",\"options\":[" list "]}"
#define OPTION(more)  "{\"type\":3,\"name\":\"x\",\"description\":\"d\"" more "}"
    static const struct {
        const char *body, *at, *code;
    } cases[] = {
        { "{\"description\":\"b\"}", "name", "BASE_TYPE_REQUIRED" },
        { "{\"name\":\"Ping\",\"description\":\"b\"}", "name",
          "APPLICATION_COMMAND_INVALID_NAME" },
        { "{\"name\":\"a b\",\"description\":\"b\"}", "name",
          "APPLICATION_COMMAND_INVALID_NAME" },
        { "{\"name\":\"a\"}", "description", "BASE_TYPE_REQUIRED" },
        { "{\"name\":\"a\",\"description\":\"\"}", "description",
          "BASE_TYPE_BAD_LENGTH" },
        { "{\"name\":\"a\",\"type\":2,\"description\":\"b\"}", "description",
          "APPLICATION_COMMAND_DESCRIPTION_INVALID" },
        { "{\"name\":\"a\",\"type\":9}", "type", "BASE_TYPE_CHOICES" },
        { OPTIONS("{\"type\":12}"), "options.0.type", "BASE_TYPE_CHOICES" },
        { OPTIONS(OPTION("") "," OPTION("")), "options.1.name",
          "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS" },
        { OPTIONS(OPTION("") ",{\"type\":3,\"name\":\"y\",\"description\":\"d\","
                             "\"required\":true}"),
          "options.1.required", "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID" },
        { OPTIONS(OPTION(",\"choices\":[{\"name\":\"\",\"value\":\"v\"}]")),
          "options.0.choices.0.name", "BASE_TYPE_BAD_LENGTH" },
        { OPTIONS(OPTION(
              ",\"autocomplete\":true,\"choices\":[{\"name\":\"n\",\"value\":\"v\"}]")),
          "options.0.choices", "APPLICATION_COMMAND_OPTIONS_CHOICES_INVALID" },
        { OPTIONS("{\"type\":1,\"name\":\"s\",\"description\":\"d\",\"options\":[{"
                  "\"type\":1}]}"),
          "options.0.options.0.type", "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID" },
    };
    struct change_rig r;

    start(&r);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char path[128];

        CHECK_INT(send(&r, "POST", commands(&r, false, 0), cases[i].body), 400);
        CHECK_INT(rest_int(&r.rest, "code"), 50035);
        snprintf(path, sizeof path, "errors.%s._errors.0.code", cases[i].at);
        CHECK_STR(rest_text(&r.rest, path), cases[i].code);
    }
    CHECK_INT(rest_get(&r.rest, commands(&r, false, 0)), 200);
    CHECK_INT(json_count(r.rest.json), 0);
    stop(&r);
}

TEST(there_is_room_for_so_many_commands_and_creates)
{
    struct change_rig r;
    char body[128];

    start(&r);
    for (int i = 0; i < 100; i++) {
        snprintf(body, sizeof body, "{\"name\":\"c%d\",\"description\":\"d\"}", i);
        CHECK_INT(send(&r, "POST", commands(&r, true, 0), body), 201);
        CHECK_INT(rest_get(&r.rest, commands(&r, true, 0)), 200);
        r.rest.rig.now += 200;
    }
    CHECK_INT(send(&r, "POST", commands(&r, true, 0), PING), 400);
    CHECK_INT(rest_int(&r.rest, "code"), 30032);
    for (int i = 0; i < 15; i++) {
        snprintf(body, sizeof body, "{\"name\":\"U %d\",\"type\":2}", i);
        CHECK_INT(send(&r, "POST", commands(&r, true, 0), body), 201);
        r.rest.rig.now += 200;
    }
    CHECK_INT(send(&r, "POST", commands(&r, true, 0), "{\"name\":\"u\",\"type\":2}"),
              400);
    for (int i = 0; i < 85; i++) {
        CHECK_INT(send(&r, "PUT", commands(&r, true, 0), "[]"), 200);
        CHECK_INT(send(&r, "POST", commands(&r, true, 0), PING), 201);
        r.rest.rig.now += 400;
    }
    CHECK_INT(send(&r, "PUT", commands(&r, true, 0), "[]"), 200);
    CHECK_INT(send(&r, "POST", commands(&r, true, 0), PING), 429);
    CHECK_INT(rest_int(&r.rest, "code"), 30034);
    CHECK(rest_header(&r.rest, "Retry-After").n > 0);
    r.rest.rig.now += 24 * 3600 * 1000;
    CHECK_INT(send(&r, "POST", commands(&r, true, 0), PING), 201);
    stop(&r);
}

TEST(only_its_own_application_is_a_bots_to_change)
{
    struct change_rig r;

    start(&r);
    CHECK_INT(rest_get(&r.rest, "/api/v10/applications/1/commands"), 403);
    CHECK_INT(rest_int(&r.rest, "code"), 20012);
    CHECK_INT(rest_get(&r.rest, "/api/v10/applications/x/commands"), 400);
    stop(&r);
}

RUN_TESTS(T(a_command_is_made_read_changed_and_deleted), T(all_commands_are_put_at_once),
          T(a_wrong_command_is_refused_where_it_is_wrong),
          T(there_is_room_for_so_many_commands_and_creates),
          T(only_its_own_application_is_a_bots_to_change))
