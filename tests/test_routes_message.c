/* Messages over REST: lists, changes, reactions, pins; and what everybody is told. */
#include "change_rig.h"

static uint64_t channel(struct change_rig *r)
{
    return world_channel_id(r->g, 1);
}

static const char *at(struct change_rig *r, uint64_t id, const char *rest)
{
    static char path[256];

    if (id)
        snprintf(path, sizeof path, "/api/v10/channels/%llu/messages/%llu%s",
                 (unsigned long long)channel(r), (unsigned long long)id, rest);
    else
        snprintf(path, sizeof path, "/api/v10/channels/%llu/messages%s",
                 (unsigned long long)channel(r), rest);
    return path;
}

static uint64_t say(struct change_rig *r, const char *content)
{
    char body[128];

    snprintf(body, sizeof body, "{\"content\":\"%s\"}", content);
    CHECK_INT(send(r, "POST", at(r, 0, ""), body), 200);
    told(r, "MESSAGE_CREATE");
    return answered_id(r);
}

/* A person says it. */
static uint64_t hear(struct change_rig *r)
{
    uint64_t id;

    CHECK_INT(send(r, "POST", "/_sim/message", "{\"content\":\"from people\"}"), 200);
    id = answered_id(r);
    told(r, "MESSAGE_CREATE");
    return id;
}

TEST(a_message_is_changed_and_deleted)
{
    struct change_rig r;
    uint64_t id, theirs;

    start(&r);
    id = say(&r, "first");
    CHECK_INT(send(&r, "PATCH", at(&r, id, ""), "{\"content\":\"second\"}"), 200);
    CHECK_STR(rest_text(&r.rest, "content"), "second");
    told(&r, "MESSAGE_UPDATE");
    CHECK_STR(event_text(&r, "content"), "second");
    CHECK(!json_is_null(event(&r, "edited_timestamp")));
    CHECK(!json_is_absent(event(&r, "guild_id")));
    CHECK_INT(send(&r, "PATCH", at(&r, id, ""), "{\"embeds\":[{\"title\":1}]}"), 400);
    theirs = hear(&r);
    CHECK_INT(send(&r, "PATCH", at(&r, theirs, ""), "{\"content\":\"x\"}"), 403);
    CHECK_INT(rest_int(&r.rest, "code"), 50005);
    CHECK_INT(send(&r, "PATCH", at(&r, theirs, ""), "{\"flags\":4}"), 200);
    CHECK_INT(rest_int(&r.rest, "flags"), 4);
    told(&r, "MESSAGE_UPDATE");
    CHECK_INT(send(&r, "DELETE", at(&r, theirs, ""), ""), 204);
    told(&r, "MESSAGE_DELETE");
    CHECK_INT(send(&r, "DELETE", at(&r, id, ""), ""), 204);
    told(&r, "MESSAGE_DELETE");
    CHECK(mirror_id(r.client.d, "id") == id);
    CHECK_INT(send(&r, "DELETE", at(&r, id, ""), ""), 404);
    CHECK_INT(rest_get(&r.rest, at(&r, id, "")), 404);
    stop(&r);
}

static void lists(struct change_rig *r, const char *query, const uint64_t *ids, size_t n)
{
    CHECK_INT(rest_get(&r->rest, at(r, 0, query)), 200);
    CHECK_INT(json_count(r->rest.json), n);
    for (size_t i = 0; i < n; i++)
        CHECK(mirror_id(cordage_json_at(r->rest.json, i), "id") == ids[i]);
}

TEST(pages_go_around_before_and_after_a_message)
{
    struct change_rig r;
    uint64_t ids[5];
    char query[96];

    start(&r);
    for (int i = 4; i >= 0; i--) {
        ids[i] = say(&r, "one more"); /* ids[0] is the newest */
        rig_wait(&r.rest.rig, 10);
    }
    lists(&r, "", ids, 5);
    lists(&r, "?limit=2", ids, 2);
    snprintf(query, sizeof query, "?before=%llu&limit=2", (unsigned long long)ids[1]);
    lists(&r, query, ids + 2, 2);
    snprintf(query, sizeof query, "?after=%llu&limit=2", (unsigned long long)ids[3]);
    lists(&r, query, ids + 1, 2);
    snprintf(query, sizeof query, "?around=%llu&limit=3", (unsigned long long)ids[2]);
    lists(&r, query, ids + 1, 3);
    snprintf(query, sizeof query, "?around=%llu&after=1", (unsigned long long)ids[2]);
    CHECK_INT(rest_get(&r.rest, at(&r, 0, query)), 400);
    stop(&r);
}

TEST(what_people_said_is_known_to_rest)
{
    struct change_rig r;
    char path[128];
    uint64_t id, place;

    start(&r);
    sim_set_traffic(r.rest.rig.sim, 10, 1, r.rest.rig.now);
    rig_wait(&r.rest.rig, 1000);
    client_gets(&r.client, "MESSAGE_CREATE");
    id = mirror_id(r.client.d, "id");
    place = mirror_id(r.client.d, "channel_id");
    snprintf(path, sizeof path, "/messages/%llu", (unsigned long long)id);
    CHECK_INT(rest_get(&r.rest, in_channel(place, path)), 200);
    CHECK(answered_id(&r) == id);
    CHECK(str_eq(rest_text(&r.rest, "content"), event_text(&r, "content")));
    CHECK(str_eq(rest_text(&r.rest, "timestamp"), event_text(&r, "timestamp")));
    CHECK(str_eq(rest_text(&r.rest, "author.id"), event_text(&r, "author.id")));
    CHECK(str_eq(rest_text(&r.rest, "nonce"), event_text(&r, "nonce")));
    CHECK_INT(rest_get(&r.rest, in_channel(place, "/messages")), 200);
    CHECK_INT(json_count(r.rest.json), 1);
    stop(&r);
}

TEST(many_are_deleted_at_once)
{
    struct change_rig r;
    uint64_t a, b;
    char body[256];

    start(&r);
    a = say(&r, "a");
    b = say(&r, "b");
    CHECK_INT(send(&r, "POST", at(&r, 0, "/bulk-delete"), "{\"messages\":[\"1\"]}"), 400);
    CHECK_INT(rest_int(&r.rest, "code"), 50016);
    CHECK_INT(send(&r, "POST", at(&r, 0, "/bulk-delete"), "{\"messages\":[\"1\",\"2\"]}"),
              400);
    CHECK_INT(rest_int(&r.rest, "code"), 50034);
    snprintf(body, sizeof body, "{\"messages\":[\"%llu\",\"%llu\"]}",
             (unsigned long long)a, (unsigned long long)a);
    CHECK_INT(send(&r, "POST", at(&r, 0, "/bulk-delete"), body), 400);
    CHECK_INT(rest_int(&r.rest, "code"), 50035);
    snprintf(body, sizeof body, "{\"messages\":[\"%llu\",\"%llu\"]}",
             (unsigned long long)a, (unsigned long long)b);
    CHECK_INT(send(&r, "POST", at(&r, 0, "/bulk-delete"), body), 204);
    told(&r, "MESSAGE_DELETE_BULK");
    CHECK_INT(json_count(event(&r, "ids")), 0); /* the audit log came behind it */
    CHECK_INT(rest_get(&r.rest, at(&r, a, "")), 404);
    CHECK_INT(rest_get(&r.rest, at(&r, b, "")), 404);
    stop(&r);
}

#define THUMB "%F0%9F%91%8D"

TEST(reactions_come_and_go)
{
    struct change_rig r;
    uint64_t id;
    char emoji[96];

    start(&r);
    id = hear(&r);
    CHECK_INT(send(&r, "PUT", at(&r, id, "/reactions/" THUMB "/@me"), ""), 204);
    told(&r, "MESSAGE_REACTION_ADD");
    CHECK_STR(event_text(&r, "emoji.name"), "👍");
    CHECK(!json_is_absent(event(&r, "member.user")));
    CHECK(!json_is_absent(event(&r, "message_author_id")));
    /* Once more changes nothing. */
    CHECK_INT(send(&r, "PUT", at(&r, id, "/reactions/" THUMB "/@me"), ""), 204);
    CHECK(!client_has_more(&r.client));
    CHECK_INT(rest_get(&r.rest, at(&r, id, "")), 200);
    CHECK_INT(rest_int(&r.rest, "reactions.0.count"), 1);
    CHECK(cordage_json_true(rest_at(r.rest.json, "reactions.0.me"), false));
    CHECK_INT(rest_get(&r.rest, at(&r, id, "/reactions/" THUMB)), 200);
    CHECK_INT(json_count(r.rest.json), 1);
    CHECK_INT(send(&r, "DELETE", at(&r, id, "/reactions/" THUMB "/@me"), ""), 204);
    told(&r, "MESSAGE_REACTION_REMOVE");
    CHECK_INT(rest_get(&r.rest, at(&r, id, "")), 200);
    CHECK(json_is_absent(rest_at(r.rest.json, "reactions")));
    snprintf(emoji, sizeof emoji, "/reactions/tide_ok:%llu/@me",
             (unsigned long long)world_id_at(sim_world(r.rest.rig.sim), r.g, LIST_EMOJIS,
                                             0));
    CHECK_INT(send(&r, "PUT", at(&r, id, emoji), ""), 204);
    told(&r, "MESSAGE_REACTION_ADD");
    emoji[strlen(emoji) - 4] = '\0';
    CHECK_INT(send(&r, "DELETE", at(&r, id, emoji), ""), 204);
    told(&r, "MESSAGE_REACTION_REMOVE_EMOJI");
    CHECK_INT(send(&r, "DELETE", at(&r, id, "/reactions"), ""), 204);
    told(&r, "MESSAGE_REACTION_REMOVE_ALL");
    CHECK_INT(send(&r, "PUT", at(&r, id, "/reactions/word/@me"), ""), 400);
    CHECK_INT(rest_int(&r.rest, "code"), 10014);
    CHECK_INT(send(&r, "PUT", at(&r, id, "/reactions/a:1/@me"), ""), 400);
    stop(&r);
}

TEST(messages_are_pinned)
{
    struct change_rig r;
    uint64_t a, b;
    char query[128], pin[64];

    start(&r);
    a = say(&r, "a");
    b = say(&r, "b");
    for (int i = 0; i < 2; i++) {
        snprintf(pin, sizeof pin, "/pins/%llu", (unsigned long long)(i ? b : a));
        CHECK_INT(send(&r, "PUT", at(&r, 0, pin), ""), 204);
        client_gets(&r.client, "MESSAGE_UPDATE");
        CHECK(cordage_json_true(event(&r, "pinned"), false));
        client_gets(&r.client, "CHANNEL_PINS_UPDATE");
        mirror_apply(&r.mirror, r.client.name, 0, r.client.d);
        client_gets(&r.client, "GUILD_AUDIT_LOG_ENTRY_CREATE");
        told(&r, "MESSAGE_CREATE");
        CHECK_INT(cordage_json_int(event(&r, "type"), 0), 6);
    }
    CHECK_INT(rest_get(&r.rest, at(&r, 0, "/pins?limit=1")), 200);
    CHECK(mirror_id(rest_at(r.rest.json, "items.0.message"), "id") == b);
    CHECK(cordage_json_true(rest_at(r.rest.json, "has_more"), false));
    snprintf(query, sizeof query, "/pins?before=%.*s",
             STR_FMT(rest_text(&r.rest, "items.0.pinned_at")));
    CHECK_INT(rest_get(&r.rest, at(&r, 0, query)), 200);
    CHECK(mirror_id(rest_at(r.rest.json, "items.0.message"), "id") == a);
    CHECK(!cordage_json_true(rest_at(r.rest.json, "has_more"), true));
    CHECK_INT(rest_get(&r.rest, in_channel(channel(&r), "/pins")), 200);
    CHECK_INT(json_count(r.rest.json), 2);
    CHECK_INT(send(&r, "DELETE", at(&r, 0, pin), ""), 204);
    client_gets(&r.client, "MESSAGE_UPDATE");
    told(&r, "CHANNEL_PINS_UPDATE");
    CHECK_INT(rest_get(&r.rest, at(&r, 0, "/pins")), 200);
    CHECK_INT(json_count(rest_at(r.rest.json, "items")), 1);
    stop(&r);
}

TEST(files_are_listed_with_the_message)
{
    struct change_rig r;

    start(&r);
    CHECK_INT(rest_post_as(&r.rest, at(&r, 0, ""), "multipart/form-data; boundary=x",
                           STR("--x\r\nContent-Disposition: form-data; "
                               "name=\"payload_json\"\r\n\r\n{\"attachments\":[{\"id\":0,"
                               "\"description\":\"d\"}]}\r\n--x\r\nContent-Disposition: "
                               "form-data; name=\"files[0]\"; "
                               "filename=\"a.png\"\r\n\r\n12345\r\n--x--")),
              200);
    CHECK_STR(rest_text(&r.rest, "attachments.0.filename"), "a.png");
    CHECK_STR(rest_text(&r.rest, "attachments.0.description"), "d");
    CHECK_INT(rest_int(&r.rest, "attachments.0.size"), 5);
    told(&r, "MESSAGE_CREATE");
    CHECK_STR(event_text(&r, "attachments.0.content_type"), "image/png");
    stop(&r);
}

TEST(components_v2_stand_alone)
{
    struct change_rig r;

    start(&r);
    CHECK_INT(send(&r, "POST", at(&r, 0, ""),
                   "{\"flags\":32768,\"content\":\"x\",\"components\":[{\"type\":10,"
                   "\"content\":\"t\"}]}"),
              400);
    CHECK_STR(rest_text(&r.rest, "errors.content._errors.0.code"),
              "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2");
    CHECK_INT(send(&r, "POST", at(&r, 0, ""),
                   "{\"flags\":32768,\"components\":[{\"type\":10,\"content\":\"t\"}]}"),
              200);
    CHECK_INT(rest_int(&r.rest, "flags"), 32768);
    told(&r, "MESSAGE_CREATE");
    stop(&r);
}

TEST(an_announcement_is_crossposted_once)
{
    struct sim_config config = rig_config();
    struct routes_config limits = { 0 };
    struct change_rig r = { 0 };
    struct world *world;
    char path[128];
    uint64_t id = 0, place = 0;

    config.rich = true;
    rest_start_with(&r.rest, &config, &limits);
    world = sim_world(r.rest.rig.sim);
    r.g = &world->guilds[0];
    for (uint32_t i = 0; i < world_n_channels(r.g); i++)
        if (world_channel_type(r.g, i) == CHANNEL_ANNOUNCEMENT)
            place = world_channel_id(r.g, i);
    CHECK(place != 0);
    CHECK_INT(send(&r, "POST", in_channel(place, "/messages"), "{\"content\":\"a\"}"),
              200);
    id = answered_id(&r);
    snprintf(path, sizeof path, "/messages/%llu/crosspost", (unsigned long long)id);
    CHECK_INT(send(&r, "POST", in_channel(place, path), ""), 200);
    CHECK_INT(rest_int(&r.rest, "flags"), 1);
    CHECK_INT(send(&r, "POST", in_channel(place, path), ""), 400);
    CHECK_INT(rest_int(&r.rest, "code"), 40033);
    rest_stop(&r.rest);
}

RUN_TESTS(T(a_message_is_changed_and_deleted),
          T(pages_go_around_before_and_after_a_message),
          T(what_people_said_is_known_to_rest), T(many_are_deleted_at_once),
          T(reactions_come_and_go), T(messages_are_pinned),
          T(files_are_listed_with_the_message), T(components_v2_stand_alone),
          T(an_announcement_is_crossposted_once))
