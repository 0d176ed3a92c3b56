/* Which requests share a queue, and what is known of a request from its path. */
#include "route.h"

#include "test.h"

#define WALL  UINT64_C(1750000000000)
#define TOKEN "aW50ZXJhY3Rpb246MTIzNDU2Nzg5MDEyMzQ1Njc4OTA"

static struct route of(const char *method, const char *path)
{
    return route_of(method, str_of(path), WALL);
}

TEST(routes_are_told_apart_by_method_template_and_major_parameter)
{
    static const struct {
        const char *m1, *p1, *m2, *p2;
        bool same;
    } table[] = {
        { "POST", "/channels/1/messages", "POST", "/channels/1/messages", true },
        { "POST", "/channels/1/messages", "POST", "/channels/2/messages", false },
        { "POST", "/channels/1/messages", "GET", "/channels/1/messages", false },
        { "GET", "/channels/1/messages?limit=5", "GET", "/channels/1/messages", true },
        { "PATCH", "/channels/1/messages/5", "PATCH", "/channels/1/messages/6", true },
        { "PATCH", "/channels/1/messages/5", "PATCH", "/channels/2/messages/5", false },
        { "PATCH", "/channels/1", "PATCH", "/guilds/1", false },
        { "GET", "/guilds/1/members/2", "GET", "/guilds/1/members/3", true },
        { "GET", "/guilds/1/members", "GET", "/guilds/1/roles", false },
        { "GET", "/users/1", "GET", "/users/2", true },
        { "GET", "/users/@me", "GET", "/users/2", false },
        { "PUT", "/channels/1/messages/2/reactions/%F0%9F%91%8D/@me", "DELETE",
          "/channels/1/messages/3/reactions/x:99/12345", true },
        { "PUT", "/channels/1/messages/2/reactions/x/@me", "PUT",
          "/channels/2/messages/2/reactions/x/@me", false },
        { "POST", "/webhooks/1/" TOKEN, "POST", "/webhooks/1/" TOKEN "x", false },
        { "POST", "/webhooks/1/" TOKEN, "POST", "/webhooks/2/" TOKEN, false },
        { "POST", "/interactions/1/a/callback", "POST", "/interactions/2/b/callback",
          false },
        { "GET", "/", "GET", "", false },
    };

    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct route a = of(table[i].m1, table[i].p1), b = of(table[i].m2, table[i].p2);

        if ((a.key == b.key) != table[i].same)
            fail_msg("%s %s and %s %s", table[i].m1, table[i].p1, table[i].m2,
                     table[i].p2);
    }
}

TEST(names_have_neither_ids_nor_tokens)
{
    static const struct {
        const char *method, *path, *name;
    } table[] = {
        { "POST", "/channels/123/messages?x=1", "POST /channels/:id/messages" },
        { "GET", "/gateway/bot", "GET /gateway/bot" },
        { "POST", "/webhooks/1/" TOKEN "?wait=true", "POST /webhooks/:id/:token" },
        { "GET", "/webhooks/1/github", "GET /webhooks/:id/github" },
        { "POST", "/interactions/1/" TOKEN "/callback",
          "POST /interactions/:id/:token/callback" },
        { "PUT", "/channels/1/messages/2/reactions/x/@me",
          "PUT /channels/:id/messages/:id/reactions" },
        { "GET", "/", "GET /" },
    };

    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct route r = of(table[i].method, table[i].path);

        assert_string_equal(r.name, table[i].name);
    }
}

TEST(what_has_a_token_of_its_own_gets_no_other)
{
    CHECK(of("POST", "/channels/1/messages").wants_token);
    CHECK(!of("POST", "/channels/1/messages").exempt);
    CHECK(!of("POST", "/interactions/1/" TOKEN "/callback").wants_token);
    CHECK(of("POST", "/interactions/1/" TOKEN "/callback").exempt);
    CHECK(!of("PATCH", "/webhooks/1/" TOKEN "/messages/@original").wants_token);
    CHECK(of("PATCH", "/webhooks/1/" TOKEN "/messages/@original").exempt);
    CHECK(of("GET", "/webhooks/1").wants_token);
}

TEST(methods_say_what_may_be_repeated)
{
    CHECK(of("GET", "/users/1").idempotent && of("GET", "/users/1").is_read);
    CHECK(of("PUT", "/users/1").idempotent && of("DELETE", "/users/1").idempotent);
    CHECK(!of("POST", "/users/1").idempotent && !of("PATCH", "/users/1").idempotent);
    CHECK(!of("DELETE", "/users/1").is_read);
}

TEST(deleting_an_old_message_is_counted_apart)
{
    const uint64_t two_weeks = UINT64_C(14) * 24 * 3600 * 1000;
    uint64_t made = WALL - two_weeks - 1000, id = (made - UINT64_C(1420070400000)) << 22;
    char old[64], young[64];

    snprintf(old, sizeof old, "/channels/1/messages/%llu", (unsigned long long)id);
    snprintf(young, sizeof young, "/channels/1/messages/%llu",
             (unsigned long long)(id + ((uint64_t)2000 << 22)));
    CHECK(of("DELETE", old).key != of("DELETE", young).key);
    CHECK(of("PATCH", old).key == of("PATCH", young).key);
    CHECK(of("GET", old).key == of("GET", young).key);
}

TEST(long_and_strange_paths_do_no_harm)
{
    static char path[4096];

    memset(path, '/', sizeof path - 1);
    of("GET", path);
    memset(path + 1, 'a', sizeof path - 2);
    of("GET", path);
    for (size_t i = 0; i < sizeof path - 1; i++)
        path[i] = i % 2 ? 'a' : '/';
    of("DELETE", path);
    of("GET", "no slash");
}

TEST(only_paths_and_methods_that_can_be_sent_are_fine)
{
    CHECK(route_is_fine("GET", STR("/users/@me?x=%20")));
    CHECK(!route_is_fine("GET", STR("users/@me")));
    CHECK(!route_is_fine("GET", STR("")));
    CHECK(!route_is_fine("GET", STR("/a b")));
    CHECK(!route_is_fine("GET", STR("/a\r\nX: y")));
    CHECK(!route_is_fine("GET", STR("/a\0b")));
    CHECK(!route_is_fine("GET", STR("/\xc3\xa9")));
    CHECK(!route_is_fine("get", STR("/a")));
    CHECK(!route_is_fine("CONNECT", STR("/a")));
}

RUN_TESTS(T(routes_are_told_apart_by_method_template_and_major_parameter),
          T(names_have_neither_ids_nor_tokens),
          T(what_has_a_token_of_its_own_gets_no_other),
          T(methods_say_what_may_be_repeated),
          T(deleting_an_old_message_is_counted_apart),
          T(long_and_strange_paths_do_no_harm),
          T(only_paths_and_methods_that_can_be_sent_are_fine))
