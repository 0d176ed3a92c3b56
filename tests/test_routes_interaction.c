/* People use the bot's commands, components and modals, and it answers. */
#include "change_rig.h"

/* An interaction as the bot got it. */
struct asked {
    uint64_t id;
    char token[128];
};

static uint64_t bot_id(struct change_rig *r)
{
    return sim_world(r->rest.rig.sim)->bot_id;
}

static void register_command(struct change_rig *r, const char *body)
{
    char path[128];

    snprintf(path, sizeof path, "/api/v10/applications/%llu/commands",
             (unsigned long long)bot_id(r));
    CHECK_INT(send(r, "POST", path, body), 201);
}

/* Somebody does `body`; the bot is told of it. */
static void ask(struct change_rig *r, struct asked *a, const char *body)
{
    struct str token = STR("");

    if (send(r, "POST", "/_sim/interaction", body) != 200)
        fail_msg("%.*s", STR_FMT(buf_str(&r->rest.answer.body)));
    client_gets(&r->client, "INTERACTION_CREATE");
    a->id = mirror_id(r->client.d, "id");
    CHECK(a->id == answered_id(r));
    json_str(json_get(r->client.d, "token"), &token);
    snprintf(a->token, sizeof a->token, "%.*s", STR_FMT(token));
}

static void ask_ping(struct change_rig *r, struct asked *a)
{
    register_command(r, "{\"name\":\"ping\",\"description\":\"d\"}");
    ask(r, a, "{\"command\":\"ping\"}");
}

/* Without a token: none is needed. */
static int send_open(struct change_rig *r, const char *method, const char *target,
                     const char *body)
{
    struct sim_request request = rest_request(&r->rest, method, target);
    struct buf copy = { 0 };
    int status;

    CHECK_INT(buf_append_z(&copy, body), 0);
    request.authorization = STR("");
    request.body = buf_str(&copy);
    status = rest_send(&r->rest, &request);
    buf_release(&copy);
    return status;
}

static int answer(struct change_rig *r, const struct asked *a, const char *query,
                  const char *body)
{
    char path[256];

    snprintf(path, sizeof path, "/api/v10/interactions/%llu/%s/callback%s",
             (unsigned long long)a->id, a->token, query);
    return send_open(r, "POST", path, body);
}

/* "/api/v10/webhooks/<application>/<token><rest>" */
static int follow(struct change_rig *r, const char *method, const struct asked *a,
                  const char *rest, const char *body)
{
    char path[320];

    snprintf(path, sizeof path, "/api/v10/webhooks/%llu/%s%s",
             (unsigned long long)bot_id(r), a->token, rest);
    return send_open(r, method, path, body);
}

static void look(struct change_rig *r, const struct asked *a, const char *state)
{
    char path[64];

    snprintf(path, sizeof path, "/_sim/interaction?id=%llu", (unsigned long long)a->id);
    CHECK_INT(rest_get(&r->rest, path), 200);
    CHECK_STR(rest_text(&r->rest, "state"), state);
}

TEST(a_command_is_asked_as_discord_asks_it)
{
    struct change_rig r;
    struct world_member owner, m;
    struct asked a;
    char body[256], path[64];

    start(&r);
    register_command(&r,
                     "{\"name\":\"berth\",\"description\":\"d\",\"options\":[{"
                     "\"type\":1,\"name\":\"assign\",\"description\":\"d\","
                     "\"options\":[{\"type\":6,\"name\":\"who\",\"description\":\"d\","
                     "\"required\":true},{\"type\":4,\"name\":\"number\","
                     "\"description\":\"d\"}]}]}");
    owner = world_member(sim_world(r.rest.rig.sim), r.g, 1);
    m = world_member(sim_world(r.rest.rig.sim), r.g, 2);
    snprintf(body, sizeof body,
             "{\"command\":\"berth\",\"guild_id\":\"%llu\",\"options\":{\"assign\":{"
             "\"who\":\"%llu\",\"number\":7}},\"locale\":\"de\"}",
             (unsigned long long)r.g->id, (unsigned long long)m.user_id);
    ask(&r, &a, body);
    CHECK(mirror_id(r.client.d, "application_id") == bot_id(&r));
    CHECK(mirror_id(r.client.d, "guild_id") == r.g->id);
    CHECK(mirror_id(event(&r, "guild"), "id") == r.g->id);
    CHECK(mirror_id(event(&r, "channel"), "id") == world_channel_id(r.g, 1));
    CHECK(mirror_id(event(&r, "member.user"), "id") == owner.user_id);
    CHECK_STR(event_text(&r, "member.permissions"), "8866461766385663");
    CHECK_STR(event_text(&r, "app_permissions"), "8866461766385663");
    CHECK_STR(event_text(&r, "locale"), "de");
    CHECK_INT(cordage_json_int(event(&r, "type"), 0), 2);
    CHECK_INT(cordage_json_int(event(&r, "version"), 0), 1);
    CHECK_INT(cordage_json_int(event(&r, "context"), -1), 0);
    CHECK_INT(cordage_json_int(event(&r, "attachment_size_limit"), 0), 10485760);
    CHECK(mirror_id(event(&r, "authorizing_integration_owners"), "0") == r.g->id);
    CHECK(json_is_absent(event(&r, "user")));
    CHECK_STR(event_text(&r, "data.options.0.name"), "assign");
    CHECK_INT(cordage_json_int(event(&r, "data.options.0.options.0.type"), 0), 6);
    CHECK_INT(cordage_json_int(event(&r, "data.options.0.options.1.value"), 0), 7);
    snprintf(path, sizeof path, "data.resolved.users.%llu",
             (unsigned long long)m.user_id);
    CHECK(mirror_id(event(&r, path), "id") == m.user_id);
    snprintf(path, sizeof path, "data.resolved.members.%llu",
             (unsigned long long)m.user_id);
    CHECK(!json_is_absent(json_get(event(&r, path), "joined_at")));
    CHECK(json_is_absent(json_get(event(&r, path), "deaf")));
    look(&r, &a, "waiting");
    /* What is required must be there. */
    CHECK_INT(send(&r, "POST", "/_sim/interaction",
                   "{\"command\":\"berth\",\"options\":{\"assign\":{}}}"),
              400);
    CHECK_INT(send(&r, "POST", "/_sim/interaction", "{\"command\":\"no\"}"), 400);
    CHECK_INT(send(&r, "POST", "/_sim/interaction", "{\"comand\":\"berth\"}"), 400);
    CHECK(!client_has_more(&r.client));
    stop(&r);
}

TEST(an_answer_is_a_message)
{
    struct change_rig r;
    struct asked a;
    uint64_t id;

    start(&r);
    ask_ping(&r, &a);
    CHECK_INT(answer(&r, &a, "", "{\"type\":4,\"data\":{\"content\":\"pong\"}}"), 204);
    client_gets(&r.client, "MESSAGE_CREATE");
    CHECK_STR(event_text(&r, "content"), "pong");
    CHECK_INT(cordage_json_int(event(&r, "type"), 0), 20);
    CHECK(mirror_id(event(&r, "author"), "id") == bot_id(&r));
    CHECK(mirror_id(r.client.d, "application_id") == bot_id(&r));
    CHECK(mirror_id(r.client.d, "guild_id") == r.g->id);
    CHECK(mirror_id(event(&r, "interaction_metadata"), "id") == a.id);
    CHECK_STR(event_text(&r, "interaction.name"), "ping");
    id = mirror_id(r.client.d, "id");
    /* Twice is once too often. */
    CHECK_INT(answer(&r, &a, "", "{\"type\":4,\"data\":{\"content\":\"pong\"}}"), 400);
    CHECK_INT(rest_int(&r.rest, "code"), 40060);
    a.token[0] ^= 1; /* who has no token is told nothing */
    CHECK_INT(answer(&r, &a, "", "{\"type\":4,\"data\":{\"content\":\"pong\"}}"), 404);
    CHECK_INT(rest_int(&r.rest, "code"), 10062);
    a.token[0] ^= 1;
    look(&r, &a, "answered");
    CHECK_INT(rest_int(&r.rest, "answer"), 4);
    CHECK_STR(rest_text(&r.rest, "message.content"), "pong");
    CHECK_INT(follow(&r, "GET", &a, "/messages/@original", ""), 200);
    CHECK(answered_id(&r) == id);
    CHECK_INT(follow(&r, "PATCH", &a, "/messages/@original", "{\"content\":\"PONG\"}"),
              200);
    CHECK_STR(rest_text(&r.rest, "content"), "PONG");
    client_gets(&r.client, "MESSAGE_UPDATE");
    CHECK_STR(event_text(&r, "content"), "PONG");
    CHECK(mirror_id(r.client.d, "guild_id") == r.g->id);
    CHECK(!json_is_null(event(&r, "edited_timestamp")));
    CHECK(!json_is_absent(event(&r, "member.joined_at")));
    CHECK_INT(follow(&r, "POST", &a, "", "{\"content\":\"more\"}"), 200);
    client_gets(&r.client, "MESSAGE_CREATE");
    CHECK(mirror_id(event(&r, "interaction_metadata"), "original_response_message_id") ==
          id);
    CHECK(mirror_id(event(&r, "message_reference"), "message_id") == id);
    CHECK_INT(follow(&r, "DELETE", &a, "/messages/@original", ""), 204);
    client_gets(&r.client, "MESSAGE_DELETE");
    CHECK(mirror_id(r.client.d, "id") == id);
    CHECK_INT(follow(&r, "GET", &a, "/messages/@original", ""), 404);
    CHECK_INT(rest_int(&r.rest, "code"), 10008);
    CHECK(!client_has_more(&r.client));
    stop(&r);
}

TEST(the_first_answer_has_three_seconds_and_the_token_fifteen_minutes)
{
    struct change_rig r;
    struct asked a, b;

    start(&r);
    ask_ping(&r, &a);
    ask(&r, &b, "{\"command\":\"ping\"}");
    CHECK_INT(follow(&r, "POST", &a, "", "{\"content\":\"too early\"}"), 404);
    CHECK_INT(rest_int(&r.rest, "code"), 10015);
    rig_wait(&r.rest.rig, 2999);
    CHECK_INT(answer(&r, &a, "", "{\"type\":5}"), 204);
    rig_wait(&r.rest.rig, 1);
    CHECK_INT(answer(&r, &b, "", "{\"type\":5}"), 404);
    CHECK_INT(rest_int(&r.rest, "code"), 10062);
    look(&r, &b, "failed");
    look(&r, &a, "thinking");
    client_gone(&r.client, 1000);
    rig_wait(&r.rest.rig, 15 * 60 * 1000 - 3001);
    CHECK_INT(follow(&r, "GET", &a, "/messages/@original", ""), 200);
    rig_wait(&r.rest.rig, 1);
    CHECK_INT(follow(&r, "GET", &a, "/messages/@original", ""), 401);
    CHECK_INT(rest_int(&r.rest, "code"), 50027);
    look(&r, &a, "failed");
    /* A token that is none, and one of another interaction. */
    CHECK_INT(send_open(&r, "POST", "/api/v10/interactions/1/sim.1.x/callback",
                        "{\"type\":5}"),
              404);
    a.id = b.id;
    CHECK_INT(answer(&r, &a, "", "{\"type\":5}"), 404);
    stop(&r);
}

TEST(a_deferred_answer_is_a_message_that_loads)
{
    struct change_rig r;
    struct asked a;

    start(&r);
    ask_ping(&r, &a);
    CHECK_INT(answer(&r, &a, "?with_response=true", "{\"type\":5}"), 200);
    CHECK(mirror_id(rest_at(r.rest.json, "interaction"), "id") == a.id);
    CHECK(cordage_json_true(rest_at(r.rest.json, "interaction.response_message_loading"),
                            false));
    client_gets(&r.client, "MESSAGE_CREATE");
    CHECK_INT(cordage_json_int(event(&r, "flags"), 0), 128);
    look(&r, &a, "thinking");
    CHECK_INT(follow(&r, "PATCH", &a, "/messages/@original", "{\"content\":\"done\"}"),
              200);
    client_gets(&r.client, "MESSAGE_UPDATE");
    CHECK_INT(cordage_json_int(event(&r, "flags"), -1), 0);
    CHECK_STR(event_text(&r, "content"), "done");
    look(&r, &a, "answered");
    CHECK_STR(rest_text(&r.rest, "message.content"), "done");
    stop(&r);
}

TEST(an_ephemeral_answer_is_of_no_channel)
{
    struct change_rig r;
    struct asked a;
    char path[128];

    start(&r);
    ask_ping(&r, &a);
    CHECK_INT(answer(&r, &a, "?with_response=1",
                     "{\"type\":4,\"data\":{\"content\":\"hush\",\"flags\":64}}"),
              200);
    CHECK_STR(rest_text(&r.rest, "resource.message.content"), "hush");
    snprintf(path, sizeof path, "/messages/%llu",
             (unsigned long long)mirror_id(rest_at(r.rest.json, "interaction"),
                                           "response_message_id"));
    client_gets(&r.client, "MESSAGE_CREATE");
    CHECK_INT(cordage_json_int(event(&r, "flags"), 0), 64);
    CHECK(json_is_absent(event(&r, "guild_id")));
    CHECK(json_is_absent(event(&r, "member")));
    CHECK_INT(rest_get(&r.rest, rest_channel(&r.rest, 0, path)), 404);
    CHECK_INT(rest_get(&r.rest, rest_channel(&r.rest, 0, "/messages")), 200);
    CHECK_INT(json_count(r.rest.json), 0);
    CHECK_INT(follow(&r, "GET", &a, path, ""), 200);
    stop(&r);
}

TEST(a_component_changes_its_message)
{
    struct change_rig r;
    struct asked a;
    uint64_t id;
    char body[256];

    start(&r);
    CHECK_INT(rest_post(&r.rest, rest_channel(&r.rest, 0, "/messages"),
                        "{\"content\":\"choose\",\"components\":[{\"type\":1,"
                        "\"components\":[{\"type\":2,\"style\":1,\"label\":\"yes\","
                        "\"custom_id\":\"y\"}]}]}"),
              200);
    id = answered_id(&r);
    CHECK_INT(rest_int(&r.rest, "components.0.components.0.id"), 2);
    client_gets(&r.client, "MESSAGE_CREATE");
    snprintf(body, sizeof body, "{\"message_id\":\"%llu\",\"custom_id\":\"y\"}",
             (unsigned long long)id);
    ask(&r, &a, body);
    CHECK_INT(cordage_json_int(event(&r, "type"), 0), 3);
    CHECK_STR(event_text(&r, "data.custom_id"), "y");
    CHECK_INT(cordage_json_int(event(&r, "data.component_type"), 0), 2);
    CHECK(mirror_id(event(&r, "message"), "id") == id);
    CHECK_INT(answer(&r, &a, "",
                     "{\"type\":7,\"data\":{\"content\":\"chosen\",\"components\":[]}}"),
              204);
    client_gets(&r.client, "MESSAGE_UPDATE");
    CHECK(mirror_id(r.client.d, "id") == id);
    CHECK_INT(json_count(event(&r, "components")), 0);
    snprintf(body, sizeof body, "/messages/%llu", (unsigned long long)id);
    CHECK_INT(rest_get(&r.rest, rest_channel(&r.rest, 0, body)), 200);
    CHECK_STR(rest_text(&r.rest, "content"), "chosen");
    CHECK(!client_has_more(&r.client));
    stop(&r);
}

TEST(an_answer_of_any_size_is_taken_and_a_large_one_not_kept)
{
    static char body[80 * 1024];
    struct change_rig r;
    struct asked a;

    start(&r);
    ask_ping(&r, &a);
    snprintf(body, sizeof body,
             "{\"type\":4,\"data\":{\"content\":\"c\",\"x\":\"%070000d\"}}", 7);
    CHECK_INT(answer(&r, &a, "", body), 204);
    client_gets(&r.client, "MESSAGE_CREATE");
    look(&r, &a, "answered");
    CHECK(json_is_null(rest_at(r.rest.json, "data")));
    stop(&r);
}

TEST(a_component_is_used_where_its_message_is)
{
    struct change_rig r;
    struct asked a;
    char body[256];
    uint64_t guild;

    start(&r);
    guild = sim_world(r.rest.rig.sim)->guilds[1].id;
    CHECK_INT(rest_post(&r.rest, rest_channel(&r.rest, 1, "/messages"),
                        "{\"content\":\"choose\",\"components\":[{\"type\":1,"
                        "\"components\":[{\"type\":2,\"style\":1,\"label\":\"yes\","
                        "\"custom_id\":\"y\"}]}]}"),
              200);
    client_gets(&r.client, "MESSAGE_CREATE");
    snprintf(body, sizeof body, "{\"message_id\":\"%llu\",\"custom_id\":\"y\"}",
             (unsigned long long)answered_id(&r));
    ask(&r, &a, body);
    CHECK(mirror_id(r.client.d, "guild_id") == guild);
    CHECK(mirror_id(r.client.d, "channel_id") ==
          world_channel_id(&sim_world(r.rest.rig.sim)->guilds[1], 1));
    stop(&r);
}

TEST(an_update_of_a_message_that_is_gone_may_be_tried_again)
{
    struct change_rig r;
    struct asked a;
    char body[256];

    start(&r);
    CHECK_INT(rest_post(&r.rest, rest_channel(&r.rest, 0, "/messages"),
                        "{\"content\":\"choose\",\"components\":[{\"type\":1,"
                        "\"components\":[{\"type\":2,\"style\":1,\"label\":\"yes\","
                        "\"custom_id\":\"y\"}]}]}"),
              200);
    client_gets(&r.client, "MESSAGE_CREATE");
    snprintf(body, sizeof body, "{\"message_id\":\"%llu\",\"custom_id\":\"y\"}",
             (unsigned long long)answered_id(&r));
    ask(&r, &a, body);
    snprintf(body, sizeof body, "/messages/%llu",
             (unsigned long long)mirror_id(event(&r, "message"), "id"));
    CHECK_INT(send(&r, "DELETE", rest_channel(&r.rest, 0, body), ""), 204);
    client_gets(&r.client, "MESSAGE_DELETE");
    for (int i = 0; i < 2; i++) {
        CHECK_INT(answer(&r, &a, "", "{\"type\":7,\"data\":{\"content\":\"late\"}}"),
                  404);
        CHECK_INT(rest_int(&r.rest, "code"), 10008);
    }
    CHECK_INT(answer(&r, &a, "", "{\"type\":4,\"data\":{\"content\":\"instead\"}}"), 204);
    client_gets(&r.client, "MESSAGE_CREATE");
    stop(&r);
}

TEST(a_modal_comes_back_filled_in)
{
    struct change_rig r;
    struct asked a, b;
    char body[256];

    start(&r);
    ask_ping(&r, &a);
    CHECK_INT(answer(&r, &a, "",
                     "{\"type\":9,\"data\":{\"custom_id\":\"m\",\"title\":\"t\","
                     "\"components\":[{\"type\":18,\"label\":\"l\",\"component\":{"
                     "\"type\":4,\"custom_id\":\"text\",\"style\":1}}]}}"),
              204);
    snprintf(body, sizeof body,
             "{\"interaction_id\":\"%llu\",\"values\":{\"text\":\"filled\"}}",
             (unsigned long long)a.id);
    ask(&r, &b, body);
    CHECK_INT(cordage_json_int(event(&r, "type"), 0), 5);
    CHECK_STR(event_text(&r, "data.custom_id"), "m");
    CHECK_STR(event_text(&r, "data.components.0.component.value"), "filled");
    CHECK_INT(answer(&r, &b, "", "{\"type\":9,\"data\":{}}"), 400);
    CHECK_INT(answer(&r, &b, "", "{\"type\":4,\"data\":{\"content\":\"thanks\"}}"), 204);
    client_gets(&r.client, "MESSAGE_CREATE");
    CHECK(mirror_id(event(&r, "interaction_metadata.triggering_interaction_metadata"),
                    "id") == a.id);
    stop(&r);
}

TEST(what_is_being_typed_gets_choices)
{
    struct change_rig r;
    struct asked a;

    start(&r);
    register_command(&r, "{\"name\":\"find\",\"description\":\"d\",\"options\":[{"
                         "\"type\":3,\"name\":\"q\",\"description\":\"d\",\"required\":"
                         "true,\"autocomplete\":true}]}");
    ask(&r, &a,
        "{\"command\":\"find\",\"autocomplete\":\"q\",\"options\":{\"q\":\"ab\"}}");
    CHECK_INT(cordage_json_int(event(&r, "type"), 0), 4);
    CHECK(cordage_json_true(event(&r, "data.options.0.focused"), false));
    CHECK_INT(answer(&r, &a, "", "{\"type\":4,\"data\":{\"content\":\"x\"}}"), 400);
    CHECK_INT(answer(&r, &a, "", "{\"type\":8,\"data\":{\"choices\":[{\"name\":\"\"}]}}"),
              400);
    CHECK_STR(rest_text(&r.rest, "errors.data.choices.0.name._errors.0.code"),
              "BASE_TYPE_BAD_LENGTH");
    CHECK_INT(answer(&r, &a, "",
                     "{\"type\":8,\"data\":{\"choices\":[{\"name\":\"abc\",\"value\":"
                     "\"abc\"}]}}"),
              204);
    look(&r, &a, "answered");
    CHECK_STR(rest_text(&r.rest, "data.choices.0.name"), "abc");
    CHECK(!client_has_more(&r.client));
    stop(&r);
}

TEST(a_wrong_answer_leaves_time_for_a_right_one)
{
    static const char *const wrong[] = {
        "{}",
        "{\"type\":1}",
        "{\"type\":3}",
        "{\"type\":6}",
        "{\"type\":7,\"data\":{}}",
        "{\"type\":8,\"data\":{\"choices\":[]}}",
        "{\"type\":4,\"data\":{}}",
        "{\"type\":9,\"data\":{\"custom_id\":\"x\",\"title\":\"t\",\"components\":[]}}",
        "[]",
    };
    struct change_rig r;
    struct asked a;

    start(&r);
    ask_ping(&r, &a);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        CHECK_INT(answer(&r, &a, "", wrong[i]), 400);
    CHECK(!client_has_more(&r.client));
    CHECK_INT(answer(&r, &a, "", "{\"type\":4,\"data\":{\"content\":\"at last\"}}"), 204);
    client_gets(&r.client, "MESSAGE_CREATE");
    stop(&r);
}

TEST(a_command_is_used_in_a_dm)
{
    struct change_rig r;
    struct asked a;
    char body[128];

    start(&r);
    register_command(&r, "{\"name\":\"ping\",\"description\":\"d\"}");
    snprintf(body, sizeof body,
             "{\"command\":\"ping\",\"direct\":true,\"user_id\":\"%llu\"}",
             (unsigned long long)world_member(sim_world(r.rest.rig.sim), r.g, 2).user_id);
    ask(&r, &a, body);
    CHECK(json_is_absent(event(&r, "guild_id")));
    CHECK(json_is_absent(event(&r, "member")));
    CHECK(!json_is_absent(event(&r, "user.username")));
    CHECK_INT(cordage_json_int(event(&r, "context"), -1), 1);
    CHECK_INT(cordage_json_int(event(&r, "channel.type"), -1), 1);
    CHECK_INT(answer(&r, &a, "", "{\"type\":4,\"data\":{\"content\":\"pong\"}}"), 204);
    client_gets(&r.client, "MESSAGE_CREATE");
    CHECK(json_is_absent(event(&r, "guild_id")));
    CHECK_INT(follow(&r, "GET", &a, "/messages/@original", ""), 200);
    CHECK_INT(send(&r, "POST", "/_sim/interaction",
                   "{\"command\":\"ping\",\"direct\":true}"),
              400);
    stop(&r);
}

/* The global limit is used up: answers go through all the same. */
TEST(answers_do_not_count_for_the_global_limit)
{
    struct routes_config limits = { .global_limit = 1 };
    struct sim_config config = rig_config();
    struct change_rig r = { 0 };
    struct asked a;

    rest_start_with(&r.rest, &config, &limits);
    r.g = &sim_world(r.rest.rig.sim)->guilds[0];
    client_ready(&r.rest.rig, &r.client, 0, 1, RIG_USUAL);
    rig_wait(&r.rest.rig, 1000);
    while (client_next(&r.client))
        ;
    ask_ping(&r, &a);
    CHECK_INT(rest_get(&r.rest, "/api/v10/users/@me"), 429);
    for (int i = 0; i < 3; i++)
        ask(&r, &a, "{\"command\":\"ping\"}");
    CHECK_INT(answer(&r, &a, "", "{\"type\":5}"), 204);
    CHECK_INT(follow(&r, "PATCH", &a, "/messages/@original", "{\"content\":\"x\"}"), 200);
    client_release(&r.client);
    rest_stop(&r.rest);
}

RUN_TESTS(T(a_command_is_asked_as_discord_asks_it), T(an_answer_is_a_message),
          T(the_first_answer_has_three_seconds_and_the_token_fifteen_minutes),
          T(a_deferred_answer_is_a_message_that_loads),
          T(an_ephemeral_answer_is_of_no_channel), T(a_component_changes_its_message),
          T(an_answer_of_any_size_is_taken_and_a_large_one_not_kept),
          T(a_component_is_used_where_its_message_is),
          T(an_update_of_a_message_that_is_gone_may_be_tried_again),
          T(a_modal_comes_back_filled_in), T(what_is_being_typed_gets_choices),
          T(a_wrong_answer_leaves_time_for_a_right_one), T(a_command_is_used_in_a_dm),
          T(answers_do_not_count_for_the_global_limit))
