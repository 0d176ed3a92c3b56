/* Webhooks: managed by the bot, used by whoever has the token. */
#include "change_rig.h"

struct hook {
    uint64_t id;
    char token[96];
};

static const char *path_of(const struct hook *h, bool token, const char *rest)
{
    static char path[320];

    snprintf(path, sizeof path, "/api/v10/webhooks/%llu%s%s%s", (unsigned long long)h->id,
             token ? "/" : "", token ? h->token : "", rest);
    return path;
}

static void make(struct change_rig *r, struct hook *h)
{
    CHECK_INT(send(r, "POST", in_channel(world_channel_id(r->g, 1), "/webhooks"),
                   "{\"name\":\"Tide Table\"}"),
              200);
    h->id = answered_id(r);
    snprintf(h->token, sizeof h->token, "%.*s", STR_FMT(rest_text(&r->rest, "token")));
    told(r, "WEBHOOKS_UPDATE");
}

/* Without the bot's token. */
static int send_open(struct change_rig *r, const char *method, const char *target,
                     const char *body)
{
    char token[256];
    int status;

    snprintf(token, sizeof token, "%s", r->rest.token);
    *r->rest.token = '\0';
    status = send(r, method, target, body);
    snprintf(r->rest.token, sizeof r->rest.token, "%s", token);
    return status;
}

TEST(a_webhook_is_made_read_changed_and_deleted)
{
    struct change_rig r;
    struct hook h;

    start(&r);
    make(&r, &h);
    CHECK_INT(rest_get(&r.rest, path_of(&h, false, "")), 200);
    CHECK_STR(rest_text(&r.rest, "name"), "Tide Table");
    CHECK(!json_is_absent(rest_at(r.rest.json, "user")));
    CHECK_INT(rest_get(&r.rest, in_channel(world_channel_id(r.g, 1), "/webhooks")), 200);
    CHECK_INT(json_count(r.rest.json), 1);
    CHECK_INT(rest_get(&r.rest, in_channel(world_channel_id(r.g, 2), "/webhooks")), 200);
    CHECK_INT(json_count(r.rest.json), 0);
    CHECK_INT(rest_get(&r.rest, in_guild(&r, "/webhooks", 0, "", 0)), 200);
    CHECK_INT(json_count(r.rest.json), 1);
    CHECK_INT(send_open(&r, "PATCH", path_of(&h, true, ""), "{\"name\":\"Moon\"}"), 200);
    CHECK_STR(rest_text(&r.rest, "name"), "Moon");
    CHECK(json_is_absent(rest_at(r.rest.json, "user")));
    told(&r, "WEBHOOKS_UPDATE");
    CHECK_INT(send(&r, "DELETE", path_of(&h, false, ""), ""), 204);
    told(&r, "WEBHOOKS_UPDATE");
    CHECK_INT(rest_get(&r.rest, path_of(&h, false, "")), 404);
    CHECK_INT(rest_int(&r.rest, "code"), 10015);
    stop(&r);
}

TEST(names_are_checked_and_a_channel_has_fifteen)
{
    static const char *const wrong[] = { "{}", "{\"name\":\"\"}",
                                         "{\"name\":\"Clyde 2\"}",
                                         "{\"name\":\"my discord\"}" };
    struct change_rig r;
    struct hook h;

    start(&r);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CHECK_INT(send(&r, "POST", in_channel(world_channel_id(r.g, 1), "/webhooks"),
                       wrong[i]),
                  400);
        CHECK_INT(rest_int(&r.rest, "code"), 50035);
    }
    for (int i = 0; i < 15; i++)
        make(&r, &h);
    CHECK_INT(send(&r, "POST", in_channel(world_channel_id(r.g, 1), "/webhooks"),
                   "{\"name\":\"x\"}"),
              400);
    CHECK_INT(rest_int(&r.rest, "code"), 30007);
    /* With its channel a webhook goes, too. */
    CHECK_INT(send(&r, "POST", in_guild(&r, "/channels", 0, "", 0), "{\"name\":\"n\"}"),
              201);
    told(&r, "CHANNEL_CREATE");
    h.id = answered_id(&r);
    CHECK_INT(send(&r, "POST", in_channel(h.id, "/webhooks"), "{\"name\":\"x\"}"), 200);
    told(&r, "WEBHOOKS_UPDATE");
    CHECK_INT(send(&r, "DELETE", in_channel(h.id, ""), ""), 200);
    told(&r, "CHANNEL_DELETE");
    CHECK_INT(rest_get(&r.rest, in_guild(&r, "/webhooks", 0, "", 0)), 200);
    CHECK_INT(json_count(r.rest.json), 15);
    stop(&r);
}

TEST(a_webhook_speaks_and_changes_what_it_said)
{
    struct change_rig r;
    struct hook h;
    char message[64];

    start(&r);
    make(&r, &h);
    CHECK_INT(send_open(&r, "POST", path_of(&h, true, ""), "{\"content\":\"quietly\"}"),
              204);
    told(&r, "MESSAGE_CREATE");
    CHECK_STR(event_text(&r, "author.username"), "Tide Table");
    CHECK(mirror_id(r.client.d, "webhook_id") == h.id);
    CHECK(json_is_absent(event(&r, "member")));
    CHECK_INT(send_open(&r, "POST", path_of(&h, true, "?wait=true"),
                        "{\"content\":\"loud\",\"username\":\"Gull\"}"),
              200);
    CHECK_STR(rest_text(&r.rest, "author.username"), "Gull");
    CHECK(mirror_id(rest_at(r.rest.json, "author"), "id") == h.id);
    snprintf(message, sizeof message, "/messages/%llu",
             (unsigned long long)answered_id(&r));
    told(&r, "MESSAGE_CREATE");
    CHECK_INT(send_open(&r, "PATCH", path_of(&h, true, message), "{\"content\":\"new\"}"),
              200);
    told(&r, "MESSAGE_UPDATE");
    CHECK_STR(event_text(&r, "content"), "new");
    CHECK_INT(send_open(&r, "GET", path_of(&h, true, message), ""), 200);
    CHECK_INT(send_open(&r, "DELETE", path_of(&h, true, message), ""), 204);
    told(&r, "MESSAGE_DELETE");
    CHECK_INT(send_open(&r, "GET", path_of(&h, true, message), ""), 404);
    CHECK_INT(send_open(&r, "POST", path_of(&h, true, ""), "{}"), 400);
    CHECK_INT(send_open(&r, "POST", path_of(&h, true, ""),
                        "{\"content\":\"a\",\"username\":\"clyde\"}"),
              400);
    CHECK_INT(send_open(&r, "POST", path_of(&h, true, "?thread_id=1"),
                        "{\"content\":\"a\"}"),
              404);
    CHECK_INT(send_open(&r, "POST", path_of(&h, true, ""),
                        "{\"content\":\"a\",\"thread_name\":\"t\"}"),
              400);
    CHECK_INT(rest_int(&r.rest, "code"), 220003);
    h.token[0] ^= 1;
    CHECK_INT(send_open(&r, "POST", path_of(&h, true, ""), "{\"content\":\"a\"}"), 401);
    CHECK_INT(rest_int(&r.rest, "code"), 50027);
    stop(&r);
}

TEST(a_webhook_speaks_in_a_thread)
{
    struct change_rig r;
    struct hook h;
    uint64_t thread;
    char query[64];

    start(&r);
    make(&r, &h);
    CHECK_INT(send(&r, "POST", in_channel(world_channel_id(r.g, 1), "/threads"),
                   "{\"name\":\"t\",\"type\":11}"),
              201);
    thread = answered_id(&r);
    told(&r, "THREAD_CREATE");
    snprintf(query, sizeof query, "?wait=1&thread_id=%llu", (unsigned long long)thread);
    CHECK_INT(send_open(&r, "POST", path_of(&h, true, query), "{\"content\":\"a\"}"),
              200);
    CHECK(mirror_id(r.rest.json, "channel_id") == thread);
    told(&r, "MESSAGE_CREATE");
    CHECK_INT(send(&r, "POST", in_channel(world_channel_id(r.g, 2), "/threads"),
                   "{\"name\":\"of another channel\",\"type\":11}"),
              201);
    thread = answered_id(&r);
    told(&r, "THREAD_CREATE");
    snprintf(query, sizeof query, "?thread_id=%llu", (unsigned long long)thread);
    CHECK_INT(send_open(&r, "POST", path_of(&h, true, query), "{\"content\":\"a\"}"),
              404);
    CHECK_INT(rest_int(&r.rest, "code"), 10003);
    stop(&r);
}

/* As report.h promises. */
TEST(a_limit_that_is_reached_is_reported_without_the_token)
{
    struct change_rig r = { 0 };
    struct hook h;
    const struct report *report;
    int status = 204;

    rest_start(&r.rest);
    CHECK_INT(rest_post(&r.rest, rest_channel(&r.rest, 0, "/webhooks"),
                        "{\"name\":\"Tide Table\"}"),
              200);
    h.id = answered_id(&r);
    snprintf(h.token, sizeof h.token, "%.*s", STR_FMT(rest_text(&r.rest, "token")));
    for (int i = 0; i < 20 && status == 204; i++)
        status = send_open(&r, "POST", path_of(&h, true, ""), "{\"content\":\"a\"}");
    CHECK_INT(status, 429);
    report = sim_report(r.rest.rig.sim);
    CHECK_INT(report->n_broken, 1);
    CHECK(strstr(report->entries[0].detail, "POST /webhooks/") != NULL);
    CHECK(strstr(report->entries[0].detail, "/{text}: the route's bucket") != NULL);
    CHECK(strstr(report->entries[0].detail, h.token) == NULL);
    rest_stop(&r.rest);
}

RUN_TESTS(T(a_webhook_is_made_read_changed_and_deleted),
          T(names_are_checked_and_a_channel_has_fifteen),
          T(a_webhook_speaks_and_changes_what_it_said), T(a_webhook_speaks_in_a_thread),
          T(a_limit_that_is_reached_is_reported_without_the_token))
