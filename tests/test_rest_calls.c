/* REST from a bot: what each function sends, and what comes back. */
#include "discord.h"

#include <stdatomic.h>

#include "peer.h"

#define TOKEN ((cordage_str){ "aW50ZXJhY3Rpb24.x-y_z=", 22 })

static atomic_uint n_done, n_failed;

static void on_done(cordage_client *c, const cordage_result *result, void *user)
{
    const unsigned *wanted = user;

    n_failed += result->err != 0 || result->status != 200 ||
                !cordage_json_true(cordage_json_get(result->data, "fine"), false);
    if (++n_done == *wanted)
        cordage_client_stop(c);
}

/* ---- What is sent ---------------------------------------------------------------- */

static void be_discord(struct peer_request *q, void *user)
{
    char body[512];

    (void)user;
    if (strstr(q->path, "/gateway/bot")) {
        snprintf(body, sizeof body,
                 "{\"url\":\"ws%s\",\"shards\":1,\"session_start_limit\":{\"total\":9,"
                 "\"remaining\":9,\"reset_after\":0,\"max_concurrency\":1}}",
                 peer_url(q->peer, "") + strlen("http"));
        peer_answer(q, 200, NULL, body);
    } else if (strstr(q->path, "/api/v10")) {
        peer_answer(q, 200, NULL, "{\"fine\":true}");
    } else {
        peer_websocket(q, "{\"op\":10,\"d\":{\"heartbeat_interval\":40000}}");
    }
}

static const char *const expected[] = {
    "POST /api/v10/guilds/1/roles?x=%20 {\"name\":\"a\"}",
    "GET /api/v10/users/@me ",
    "POST /api/v10/channels/2/messages {\"content\":\"hi\",\"nonce\":",
    "POST /api/v10/channels/3/messages {\"content\":\"re\",\"nonce\":",
    "PATCH /api/v10/channels/4/messages/5 {\"content\":\"\\\"new\\\"\"}",
    "DELETE /api/v10/channels/4/messages/6 ",
    "POST /api/v10/channels/4/messages/bulk-delete {\"messages\":[\"7\",\"8\"]}",
    "PUT /api/v10/channels/4/messages/5/reactions/%F0%9F%91%8D/@me ",
    "PUT /api/v10/channels/4/messages/5/reactions/blob_1:99/@me ",
    "POST /api/v10/channels/4/typing ",
    "POST /api/v10/interactions/9/aW50ZXJhY3Rpb24.x-y_z=/callback "
    "{\"type\":4,\"data\":{\"content\":\"yes\",\"flags\":64}}",
    "POST /api/v10/interactions/10/aW50ZXJhY3Rpb24.x-y_z=/callback "
    "{\"type\":5,\"data\":{}}",
    "POST /api/v10/webhooks/11/aW50ZXJhY3Rpb24.x-y_z= {\"content\":\"later\"}",
    "PUT /api/v10/applications/11/commands [{\"name\":\"ping\"}]",
    "GET /api/v10/guilds/12?with_counts=true ",
    "GET /api/v10/channels/13 ",
    "GET /api/v10/guilds/14/members/15 ",
    "DELETE /api/v10/guilds/14/members/16 ",
    "PUT /api/v10/guilds/14/bans/17 {\"delete_message_seconds\":60}",
    "DELETE /api/v10/guilds/14/bans/18 ",
    "PUT /api/v10/guilds/14/members/19/roles/20 ",
    "DELETE /api/v10/guilds/14/members/19/roles/21 ",
};
static unsigned n_expected = sizeof expected / sizeof *expected;

/* In the order of the table. */
static void call_all(cordage_client *c)
{
    const cordage_id ids[] = { 7, 8 };
    cordage_result_fn f = on_done;
    void *u = &n_expected;
    int err = 0;

    err |= cordage_rest(c, "POST", "/guilds/1/roles?x=%20", "{\"name\":\"a\"}", f, u);
    err |= cordage_rest(c, "GET", "/users/@me", NULL, f, u);
    err |= cordage_create_message(c, 2, "hi", f, u);
    err |= cordage_reply(c, 3, 33, "re", f, u);
    err |= cordage_edit_message(c, 4, 5, "\"new\"", f, u);
    err |= cordage_delete_message(c, 4, 6, f, u);
    err |= cordage_bulk_delete_messages(c, 4, ids, 2, f, u);
    err |= cordage_add_reaction(c, 4, 5, "\xf0\x9f\x91\x8d", f, u);
    err |= cordage_add_reaction(c, 4, 5, "blob_1:99", f, u);
    err |= cordage_trigger_typing(c, 4, f, u);
    err |= cordage_respond(c, 9, TOKEN, CORDAGE_RESPOND_MESSAGE, "yes", true, f, u);
    err |= cordage_respond(c, 10, TOKEN, CORDAGE_RESPOND_LATER, NULL, false, f, u);
    err |= cordage_follow_up(c, 11, TOKEN, "later", false, f, u);
    err |= cordage_set_commands(c, 11, "[{\"name\":\"ping\"}]", f, u);
    err |= cordage_get_guild(c, 12, f, u);
    err |= cordage_get_channel(c, 13, f, u);
    err |= cordage_get_member(c, 14, 15, f, u);
    err |= cordage_kick_member(c, 14, 16, f, u);
    err |= cordage_ban_user(c, 14, 17, 60, f, u);
    err |= cordage_unban_user(c, 14, 18, f, u);
    err |= cordage_add_role(c, 14, 19, 20, f, u);
    err |= cordage_remove_role(c, 14, 19, 21, f, u);
    CHECK_INT(err, 0);
}

static unsigned times_sent(struct peer *peer, const char *line)
{
    unsigned n = 0;

    for (unsigned i = 1; i <= peer_count(peer); i++)
        n += str_starts(str_of(peer_line(peer, i)), str_of(line));
    return n;
}

TEST(each_function_sends_what_discord_documents)
{
    struct peer *peer = peer_new(NULL, NULL, be_discord, NULL);
    cordage_options options = CORDAGE_OPTIONS_INIT;
    cordage_client *c;
    cordage_error error;

    n_done = n_failed = 0;
    options.api = peer_url(peer, "/api/v10");
    options.token = "a.b.c";
    options.handle_signals = 0;
    CHECK_INT(cordage_client_new(&options, &c, &error), 0);
    call_all(c);
    CHECK_INT(cordage_client_run(c), 0);
    cordage_client_free(c);
    CHECK_INT(n_done, n_expected);
    CHECK_INT(n_failed, 0);
    for (unsigned i = 0; i < n_expected; i++)
        if (times_sent(peer, expected[i]) != 1)
            fail_msg("sent %u times: %s", times_sent(peer, expected[i]), expected[i]);
    peer_free(peer);
}

/* ---- What is not sent ---------------------------------------------------------------
 */

static void never(cordage_client *c, const cordage_result *result, void *user)
{
    (void)c, (void)result, (void)user;
    abort();
}

TEST(what_discord_would_refuse_is_not_sent)
{
    static char long_text[2002];
    const cordage_id ids[101] = { 1 };
    cordage_options options = CORDAGE_OPTIONS_INIT;
    cordage_str bad = { "a/../b", 6 }, none = { "", 0 };
    cordage_result_fn f = never;
    cordage_result *r = (cordage_result *)1;
    cordage_client *c;

    memset(long_text, 'x', sizeof long_text - 1);
    options.token = "a.b.c";
    CHECK_INT(cordage_client_new(&options, &c, NULL), 0);
#define REFUSED(call) CHECK_INT(call, CORDAGE_EINVAL)
    REFUSED(cordage_rest(c, "TRACE", "/x", NULL, f, NULL));
    REFUSED(cordage_rest(c, NULL, "/x", NULL, f, NULL));
    REFUSED(cordage_rest(c, "GET", "x", NULL, f, NULL));
    REFUSED(cordage_rest(c, "GET", "/x y", NULL, f, NULL));
    REFUSED(cordage_rest(c, "GET", "/x\r\nHost: y", NULL, f, NULL));
    REFUSED(cordage_rest(c, "GET", NULL, NULL, f, NULL));
    REFUSED(cordage_reply(c, 1, 0, "x", f, NULL));
    REFUSED(cordage_edit_message(c, 1, 1, "", f, NULL));
    REFUSED(cordage_edit_message(c, 1, 1, long_text, f, NULL));
    REFUSED(cordage_delete_message(c, 0, 1, f, NULL));
    REFUSED(cordage_bulk_delete_messages(c, 1, ids, 1, f, NULL));
    REFUSED(cordage_bulk_delete_messages(c, 1, ids, 101, f, NULL));
    REFUSED(cordage_bulk_delete_messages(c, 1, NULL, 2, f, NULL));
    REFUSED(cordage_add_reaction(c, 1, 1, "", f, NULL));
    REFUSED(cordage_add_reaction(c, 1, 1, long_text, f, NULL));
    REFUSED(cordage_trigger_typing(c, 0, f, NULL));
    REFUSED(cordage_respond(c, 1, bad, CORDAGE_RESPOND_MESSAGE, "x", false, f, NULL));
    REFUSED(cordage_respond(c, 1, none, CORDAGE_RESPOND_MESSAGE, "x", false, f, NULL));
    REFUSED(cordage_respond(c, 1, TOKEN, CORDAGE_RESPOND_MESSAGE, NULL, false, f, NULL));
    REFUSED(cordage_respond(c, 1, TOKEN, CORDAGE_RESPOND_LATER, "x", false, f, NULL));
    REFUSED(cordage_respond(c, 1, TOKEN, (cordage_response_type)9, "x", false, f, NULL));
    REFUSED(cordage_follow_up(c, 0, TOKEN, "x", false, f, NULL));
    REFUSED(cordage_set_commands(c, 1, "{}", f, NULL));
    REFUSED(cordage_get_member(c, 1, 0, f, NULL));
    REFUSED(cordage_ban_user(c, 1, 1, 604801, f, NULL));
    REFUSED(cordage_add_role(c, 1, 1, 0, f, NULL));
    REFUSED(cordage_request_channel_info(c, 0, f, NULL));
    REFUSED(cordage_request_soundboard_sounds(c, NULL, 1, f, NULL));
    REFUSED(cordage_request_soundboard_sounds(c, (cordage_id[]){ 1, 0 }, 2, f, NULL));
    CHECK_INT(cordage_request_soundboard_sounds(c, ids, 1, f, NULL), CORDAGE_ESTATE);
    /* No result is left to one that would wait. */
    REFUSED(cordage_get_guild(c, 0, cordage_await, &r));
    assert_null(r);
    r = (cordage_result *)1;
    REFUSED(cordage_rest(c, "GET", "x", NULL, cordage_await, &r));
    assert_null(r);
    r = (cordage_result *)1;
    CHECK_INT(cordage_get_guild(c, 1, cordage_await, &r), CORDAGE_ESTATE);
    assert_null(r);
    cordage_client_free(c);
}

TEST(a_text_is_quoted_for_json)
{
    char *quoted = cordage_json_quote("a \"b\"\n\\ \xff");

    assert_string_equal(quoted, "\"a \\\"b\\\"\\n\\\\ \xef\xbf\xbd\"");
    free(quoted);
    quoted = cordage_json_quote(NULL);
    assert_string_equal(quoted, "\"\"");
    free(quoted);
}

/* ---- Waiting -------------------------------------------------------------------------
 */

struct waiter {
    struct discord *discord;
    cordage_id guild_id;
    int got, missing, members, deadlock;
    bool named, explained, all, is_null;
};

/* On the only thread that handlers have. */
static void wait_in_handler(cordage_client *c, const cordage_ready *ready, void *user)
{
    struct waiter *w = user;
    cordage_members_request request = { .guild_id = w->guild_id, .query = "" };
    cordage_result *r;

    (void)ready;
    w->got = cordage_get_guild(c, w->guild_id, cordage_await, &r);
    w->named = r && cordage_json_string(cordage_json_get(r->data, "name")).n > 0;
    cordage_unref(r);
    w->missing = cordage_get_member(c, w->guild_id, 12345, cordage_await, &r);
    w->explained = r && r->status == 404 && strstr(r->message, "HTTP 404: ");
    cordage_unref(r);
    w->members = cordage_request_guild_members(c, &request, cordage_await, &r);
    w->all = r && cordage_json_count(cordage_json_get(r->data, "members")) == 1500;
    cordage_unref(r);
    cordage_client_stop(c);
}

static void wait_on_loop(cordage_client *c, const cordage_ready *ready, void *user)
{
    struct waiter *w = user;
    cordage_result *r = (cordage_result *)1;

    (void)ready;
    w->deadlock = cordage_get_guild(c, w->guild_id, cordage_await, &r);
    w->is_null = r == NULL;
    cordage_client_stop(c);
}

static void run_waiter(struct waiter *w, int threads, cordage_ready_fn on_ready)
{
    struct discord d;
    cordage_options options;
    cordage_client *c;
    cordage_error error;

    discord_init(&d);
    d.options.sim.members = 1500;
    discord_start(&d);
    w->discord = &d;
    w->guild_id = sim_world(d.server.sim)->guilds[1].id;
    options = discord_options(&d);
    options.shard_count = 1;
    options.handler_threads = threads;
    options.intents |= CORDAGE_INTENT_GUILD_MEMBERS;
    CHECK_INT(cordage_client_new(&options, &c, &error), 0);
    cordage_on_ready(c, on_ready, w);
    CHECK_INT(cordage_client_run(c), 0);
    cordage_client_free(c);
    discord_stop(&d);
    discord_expect_no_broken_rules(&d);
    discord_release(&d);
}

TEST(a_handler_may_wait_although_no_other_thread_is_free)
{
    struct waiter w = { 0 };

    run_waiter(&w, 1, wait_in_handler);
    CHECK_INT(w.got, 0);
    CHECK(w.named);
    CHECK_INT(w.missing, CORDAGE_EHTTP);
    CHECK(w.explained);
    CHECK_INT(w.members, 0);
    CHECK(w.all);
}

TEST(a_loop_may_not)
{
    struct waiter w = { 0 };

    run_waiter(&w, 0, wait_on_loop);
    CHECK_INT(w.deadlock, CORDAGE_EDEADLOCK);
    CHECK(w.is_null);
}

static int set_speed(void **state)
{
    char speed[16];

    (void)state;
    snprintf(speed, sizeof speed, "%d", SPEED);
    return setenv("CORDAGE_TEST_SPEED", speed, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(each_function_sends_what_discord_documents),
        T(what_discord_would_refuse_is_not_sent),
        T(a_text_is_quoted_for_json),
        T(a_handler_may_wait_although_no_other_thread_is_free),
        T(a_loop_may_not),
    };

    return cmocka_run_group_tests(tests, set_speed, NULL);
}
