/* REST requests to the simulator, each allocation failing in turn: always an answer. */
#include "alloc.h"

#include "check.h"
#include "routes_rig.h"

struct run {
    struct rest rest;
    const char *method, *target, *type;
    struct buf body;
    unsigned refused; /* how often it was a 500 */
};

/* One request to a model that has all it needs; only the answering runs out of memory. */
static int ask(void *user)
{
    struct run *run = user;
    struct sim_request request = rest_request(&run->rest, run->method, run->target);
    struct sim_answer answer = { 0 };
    int status;

    request.content_type = str_of(run->type);
    request.body = buf_str(&run->body);
    routes_answer(run->rest.routes, &request, run->rest.rig.now, &answer);
    status = answer.status;
    /* A 500 may have a body, if there was memory for that. */
    if (status != 200 && status != 204)
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
          T(control_survives), T(routes_are_made_or_not), T(a_log_is_checked_or_not))
