/* REST requests to the simulator, each allocation failing in turn: always an answer. */
#include "alloc.h"

#include "check.h"
#include "interaction.h"
#include "routes_rig.h"

struct run {
    struct rest rest;
    const char *method, *target, *type;
    struct buf body;
    unsigned refused; /* how often it was a 500 */
    int may_be;       /* another status that is fine; 0: none */
    uint64_t step_ms; /* between two requests, so that limits don't matter */
};

/* One request to a model that has all it needs; only the answering runs out of memory. */
static int ask(void *user)
{
    struct run *run = user;
    struct sim_request request = rest_request(&run->rest, run->method, run->target);
    struct sim_answer answer = { 0 };
    int status;

    run->rest.rig.now += run->step_ms;
    request.content_type = str_of(run->type);
    request.body = buf_str(&run->body);
    routes_answer(run->rest.routes, &request, run->rest.rig.now, &answer);
    status = answer.status;
    /* A 500 may have a body, if there was memory for that. */
    if (status != 200 && status != 201 && status != 204 && status != run->may_be)
        CHECK_INT(status, 500);
    sim_answer_release(&answer);
    run->refused += status == 500;
    return status == 500 ? CORDAGE_ENOMEM : 0;
}

/* Asks with the nth allocation failing, n = 1, 2, … until one is not reached. */
static unsigned ask_each(struct run *run)
{
    for (unsigned long n = 1;; n++) {
        alloc_fail_at(n);
        ask(run);
        if (alloc_count < n) {
            alloc_fail_at(0);
            return run->refused;
        }
        CHECK(n < 10000);
    }
}

static void start(struct run *run)
{
    struct routes_config limits = { .message_limit = 1000000, .global_limit = 0 };
    struct sim_config config = rig_config();

    alloc_fail_at(0);
    *run = (struct run){ .method = "GET", .type = "application/json" };
    rest_start_with(&run->rest, &config, &limits);
}

static void stop(struct run *run)
{
    alloc_fail_at(0);
    buf_release(&run->body);
    rest_stop(&run->rest);
}

TEST(reading_survives)
{
    static const char *const targets[] = { "", "/channels", "/roles",
                                           "/members?limit=100", "?with_counts=1" };

    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        struct run run;

        start(&run);
        run.target = rest_guild(&run.rest, 0, targets[i]);
        CHECK(ask_each(&run) > 0);
        CHECK_INT(ask(&run), 0);
        stop(&run);
    }
}

TEST(own_guilds_survive)
{
    struct run run;

    start(&run);
    run.target = "/api/v10/users/@me/guilds?with_counts=true";
    CHECK(ask_each(&run) > 0);
    stop(&run);
}

TEST(creating_survives)
{
    struct run run;

    start(&run);
    run.method = "POST";
    run.target = rest_channel(&run.rest, 0, "/messages");
    CHECK_INT(buf_append_z(&run.body,
                           "{\"content\":\"a\",\"nonce\":\"x\",\"embeds\":[{\"title\":"
                           "\"t\"}],\"components\":[{}],\"message_reference\":{"
                           "\"message_id\":\"1\"}}"),
              0);
    CHECK(ask_each(&run) > 0);
    buf_clear(&run.body);
    run.refused = 0;
    run.type = "multipart/form-data; boundary=x";
    CHECK_INT(buf_append_z(&run.body,
                           "--x\r\nContent-Disposition: form-data; name=content\r\n"
                           "\r\na\r\n--x--"),
              0);
    CHECK(ask_each(&run) > 0);
    stop(&run);
}

/* Asks once, with all the memory there is. */
static void ask_whole(struct run *run, const char *method, const char *target,
                      const char *body)
{
    alloc_fail_at(0);
    run->method = method;
    run->target = target;
    buf_clear(&run->body);
    CHECK_INT(buf_append_z(&run->body, body), 0);
    CHECK_INT(ask(run), 0);
}

static const char *commands_path(struct run *run)
{
    static char path[96];

    snprintf(path, sizeof path, "/api/v10/applications/%llu/commands",
             (unsigned long long)sim_world(run->rest.rig.sim)->bot_id);
    return path;
}

TEST(commands_survive)
{
    struct run run;

    start(&run);
    run.method = "PUT";
    run.target = commands_path(&run);
    CHECK_INT(buf_append_z(&run.body, "[{\"name\":\"a\",\"description\":\"b\"},{"
                                      "\"name\":\"C\",\"type\":2}]"),
              0);
    CHECK(ask_each(&run) > 0);
    stop(&run);
}

/* A listener that forgets what it hears. */
static void hear(void *user, struct str payload)
{
    (void)user;
    (void)payload;
}

static void end(void *user, int code, const char *reason)
{
    (void)user;
    (void)code;
    (void)reason;
}

static void start_listener(struct run *run)
{
    static const struct sim_conn_ops ops = { .send = hear, .close = end };
    struct sim *sim = run->rest.rig.sim;
    struct sim_conn *conn =
        sim_connect(sim, RIG_QUERY, false, &ops, NULL, run->rest.rig.now);
    char text[512];

    assert_non_null(conn);
    snprintf(text, sizeof text,
             "{\"op\":2,\"d\":{\"token\":\"%s\",\"properties\":{},\"intents\":53608447}}",
             sim_token(sim));
    sim_receive(conn, str_of(text), false, run->rest.rig.now);
    rig_wait(&run->rest.rig, 1000);
}

/* A change of something that is there: asked again and again until memory suffices. */
static void change_each(struct run *run, const char *method, const char *target,
                        const char *body)
{
    run->method = method;
    run->target = target;
    run->refused = 0;
    buf_clear(&run->body);
    CHECK_INT(buf_append_z(&run->body, body), 0);
    CHECK(ask_each(run) > 0);
}

TEST(interactions_survive)
{
    const struct interactions *all;
    const struct interaction *i;
    char callback[256], message[256];
    struct run run;

    start(&run);
    start_listener(&run);
    ask_whole(&run, "POST", commands_path(&run),
              "{\"name\":\"ping\",\"description\":\"b\"}");
    change_each(&run, "POST", "/_sim/interaction", "{\"command\":\"ping\"}");
    all = sim_interactions(run.rest.rig.sim);
    i = CONTAINER_OF(all->newest_last.prev, struct interaction, link);
    snprintf(callback, sizeof callback, "/api/v10/interactions/%llu/%s/callback",
             (unsigned long long)i->id, i->token);
    snprintf(message, sizeof message, "/api/v10/webhooks/%llu/%s/messages/@original",
             (unsigned long long)i->application_id, i->token);
    run.may_be = 400; /* it was answered, and only the answer to that had no memory */
    change_each(&run, "POST", callback, "{\"type\":4,\"data\":{\"content\":\"a\"}}");
    change_each(&run, "PATCH", message, "{\"content\":\"b\"}");
    stop(&run);
}

/* What a bot does to a guild, each allocation failing in turn. What was done without the
 * memory to say so may be refused when it is asked for again. */
TEST(changes_survive)
{
    char messages[96], message[128], reaction[192], pin[128], ban[128];
    const struct world_guild *g;
    uint64_t id, user;
    struct run run;

    start(&run);
    start_listener(&run);
    g = &sim_world(run.rest.rig.sim)->guilds[0];
    snprintf(messages, sizeof messages, "/api/v10/channels/%llu/messages",
             (unsigned long long)world_channel_id(g, 1));
    ask_whole(&run, "POST", messages, "{\"content\":\"a\"}");
    CHECK_INT(rest_get(&run.rest, messages), 200);
    id = strtoull(cordage_json_string(rest_at(run.rest.json, "0.id")).p, NULL, 10);
    user = world_member(sim_world(run.rest.rig.sim), g, 6).user_id;
    snprintf(message, sizeof message, "%s/%llu", messages, (unsigned long long)id);
    snprintf(reaction, sizeof reaction, "%s/reactions/%%E2%%9A%%93/@me", message);
    snprintf(pin, sizeof pin, "%s/pins/%llu", messages, (unsigned long long)id);
    snprintf(ban, sizeof ban, "/api/v10/guilds/%llu/bans/%llu", (unsigned long long)g->id,
             (unsigned long long)user);
    run.step_ms = 6000;
    change_each(&run, "PATCH", message, "{\"content\":\"b\",\"embeds\":[{}]}");
    change_each(&run, "PUT", reaction, "");
    change_each(&run, "PUT", pin, "");
    run.may_be = 400;
    change_each(&run, "POST", rest_channel(&run.rest, 0, "/threads"), "{\"name\":\"t\"}");
    change_each(&run, "POST", rest_channel(&run.rest, 0, "/webhooks"),
                "{\"name\":\"w\"}");
    change_each(&run, "POST", rest_channel(&run.rest, 0, "/invites"), "{}");
    change_each(&run, "PUT", ban, "{}");
    stop(&run);
}

TEST(control_survives)
{
    static const char *const targets[] = { "/_sim/report?traffic=1", "/_sim/world" };
    struct run run;

    for (size_t i = 0; i < 2; i++) {
        start(&run);
        run.target = targets[i];
        CHECK(ask_each(&run) > 0);
        stop(&run);
    }
    start(&run);
    run.method = "POST";
    run.target = "/_sim/message";
    CHECK_INT(buf_append_z(&run.body, "{\"content\":\"a\"}"), 0);
    CHECK(ask_each(&run) > 0);
    stop(&run);
}

static int make_routes(void *user)
{
    struct run *run = user;
    struct routes_config limits = { 0 };
    struct routes *routes;
    int err = routes_new(run->rest.rig.sim, &limits, &routes);

    if (err)
        CHECK(routes == NULL);
    routes_free(routes);
    return err;
}

TEST(routes_are_made_or_not)
{
    struct run run;

    start(&run);
    CHECK(alloc_each(make_routes, &run) >= 2);
    stop(&run);
}

static int check_all(void *user)
{
    struct check c = { 0 };
    int err = 0;

    (void)user;
    for (int i = 1; !err && i < 20; i++) {
        char line[64];

        snprintf(line, sizeof line, "guild=%d n=%d", i % 3 + 1, i * 7 % 20 + 1);
        err = check_line(&c, str_of(line), NULL);
    }
    if (!err)
        err = check_finish(&c);
    check_release(&c);
    return err;
}

TEST(a_log_is_checked_or_not)
{
    CHECK(alloc_each(check_all, NULL) >= 8);
}

RUN_TESTS(T(reading_survives), T(own_guilds_survive), T(creating_survives),
          T(commands_survive), T(interactions_survive), T(changes_survive),
          T(control_survives), T(routes_are_made_or_not), T(a_log_is_checked_or_not))
