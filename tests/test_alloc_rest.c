/* Settings and REST, each allocation failing in turn. */
#include "alloc.h"

#include "gateway_bot.h"
#include "loop.h"
#include "rest.h"
#include "settings.h"

#define TOKEN "MTIzNDU2Nzg5MDEyMzQ1Njc4.Gabcde.abcdefghijklmnopqrstuvwxyz0123456789AB"

static int make_settings(void *user)
{
    cordage_options o = CORDAGE_OPTIONS_INIT;
    struct env env = { .token = TOKEN, .api = "https://localhost:1/api/v10" };
    struct settings s;
    cordage_error error;
    int err;

    (void)user;
    o.proxy = "http://localhost:3128";
    o.activity = "with memory";
    o.ca_file = "/dev/null";
    err = settings_make(&o, &env, &s, &error);
    if (err)
        CHECK(error.code == err && s.api == NULL);
    else
        settings_release(&s);
    return err;
}

TEST(settings_without_memory_say_so)
{
    CHECK(alloc_each(make_settings, NULL) >= 4);
}

static int parse_gateway_bot(void *user)
{
    struct gateway_bot g;
    cordage_error error = { 0 };
    int err =
        gateway_bot_parse(*(struct str *)user, "https://discord.com/api/v10", &g, &error);

    CHECK_INT(error.code, err);
    return err;
}

TEST(a_gateway_bot_answer_without_memory_is_no_bad_answer)
{
    struct buf body = { 0 };
    struct str text;

    CHECK_INT(buf_append_z(&body,
                           "{\"url\":\"wss://gateway.discord.gg\",\"shards\":1,"
                           "\"session_start_limit\":{\"total\":1000,\"remaining\":986,"
                           "\"reset_after\":0,\"max_concurrency\":1}}"),
              0);
    text = buf_str(&body);
    CHECK(alloc_each(parse_gateway_bot, &text) >= 3);
    buf_release(&body);
}

struct ended {
    unsigned n;
    int err;
    struct loop *loop;
};

static void done(void *user, const struct rest_answer *answer)
{
    struct ended *ended = user;

    ended->n++;
    if (!ended->err)
        ended->err = answer->err;
    if (ended->loop)
        loop_stop(ended->loop);
}

static int make_rest(struct loop *loop, struct rest **rest)
{
    static const struct secret token;
    cordage_error error = { 0 };
    int err = rest_new(loop,
                       &(struct rest_options){ .api = "http://127.0.0.1:1",
                                               .token = &token,
                                               .http = { .proxy = "http://127.0.0.1:1",
                                                         .user_agent = "test" } },
                       rest, &error);

    CHECK_INT(error.code, err);
    CHECK((*rest == NULL) == (err != 0));
    return err;
}

static int send_and_free(void *user)
{
    struct ended ended = { 0 };
    struct rest *rest;
    int err = make_rest(user, &rest), second = 0;

    if (err)
        return err;
    err = rest_send(rest, "POST", "/channels/1/messages", STR("{}"), true, done, &ended);
    if (!err)
        second = rest_send(rest, "GET", "/channels/1", (struct str){ "", 0 }, false, done,
                           &ended);
    rest_free(rest);
    /* What was taken is ended, what was not is not. */
    CHECK_INT(ended.n, err ? 0 : second ? 1 : 2);
    return err ? err : second;
}

TEST(a_request_that_gets_no_memory_is_refused_or_ended)
{
    struct loop *loop;
    cordage_error error;

    CHECK_INT(loop_new(&(struct loop_options){ 0 }, &loop, &error), 0);
    CHECK(alloc_each(send_and_free, loop) >= 8);
    loop_free(loop);
}

/* Not rest_send's memory but what is needed once it goes out. */
static int send_and_run(void *user)
{
    struct ended ended = { .loop = user };
    unsigned long nth = alloc_fail_nth;
    struct rest *rest;

    alloc_fail_at(0);
    if (make_rest(user, &rest) < 0 ||
        rest_send(rest, "DELETE", "/channels/1", STR("{}"), false, done, &ended) < 0)
        return CORDAGE_EINVAL;
    alloc_fail_at(nth);
    loop_run(user);
    CHECK_INT(ended.n, 1);
    rest_free(rest);
    /* Nobody listens there: that is what it comes to when there is memory enough. */
    return ended.err == CORDAGE_ENET ? 0 : ended.err;
}

TEST(a_request_that_gets_no_memory_on_its_way_is_told_so)
{
    struct loop *loop;
    cordage_error error;

    CHECK_INT(loop_new(&(struct loop_options){ .speed = 1000 }, &loop, &error), 0);
    CHECK(alloc_each(send_and_run, loop) >= 3);
    loop_free(loop);
}

RUN_TESTS(T(settings_without_memory_say_so),
          T(a_gateway_bot_answer_without_memory_is_no_bad_answer),
          T(a_request_that_gets_no_memory_is_refused_or_ended),
          T(a_request_that_gets_no_memory_on_its_way_is_told_so))
