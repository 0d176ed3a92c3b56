#include "events.h"

#include "buf.h"
#include "test.h"

static struct event_route route(enum event_kind kind, const char *d)
{
    struct json_parser *parser = json_parser_new();
    struct event_route route;
    struct buf text = { 0 };
    cordage_json json;

    assert_non_null(parser);
    CHECK_INT(buf_append_z(&text, d), 0);
    CHECK_INT(json_parse(parser, buf_str(&text), &json), 0);
    route = event_route_of(kind, json);
    buf_release(&text);
    json_parser_free(parser);
    return route;
}

TEST(names_are_known_whole_and_in_capitals)
{
    CHECK_INT(event_kind_of(STR("READY")), EVENT_READY);
    CHECK_INT(event_kind_of(STR("RESUMED")), EVENT_RESUMED);
    CHECK_INT(event_kind_of(STR("GUILD_CREATE")), EVENT_GUILD_CREATE);
    CHECK_INT(event_kind_of(STR("GUILD_UPDATE")), EVENT_GUILD_UPDATE);
    CHECK_INT(event_kind_of(STR("GUILD_DELETE")), EVENT_GUILD_DELETE);
    CHECK_INT(event_kind_of(STR("MESSAGE_CREATE")), EVENT_MESSAGE_CREATE);
    CHECK_INT(event_kind_of(STR("MESSAGE_UPDATE")), EVENT_OTHER);
    CHECK_INT(event_kind_of(STR("MESSAGE_CREATED")), EVENT_OTHER);
    CHECK_INT(event_kind_of(STR("ready")), EVENT_OTHER);
    CHECK_INT(event_kind_of(STR("READ")), EVENT_OTHER);
    CHECK_INT(event_kind_of(STR("")), EVENT_OTHER);
}

TEST(an_event_belongs_to_its_guild)
{
    struct event_route r =
        route(EVENT_MESSAGE_CREATE,
              "{\"guild_id\":\"5\",\"channel_id\":\"6\",\"id\":\"7\"}");

    CHECK_INT(r.guild_id, 5);
    CHECK_INT(r.lane, 5);
}

TEST(a_guilds_own_events_name_it_by_id)
{
    enum event_kind kinds[] = { EVENT_GUILD_CREATE, EVENT_GUILD_UPDATE,
                                EVENT_GUILD_DELETE };

    for (size_t i = 0; i < 3; i++)
        CHECK_INT(route(kinds[i], "{\"id\":\"5\"}").guild_id, 5);
    /* Elsewhere an id is that of a channel, a message, a role... */
    CHECK_INT(route(EVENT_OTHER, "{\"id\":\"5\"}").guild_id, 0);
}

TEST(a_direct_message_has_the_lane_of_its_channel)
{
    struct event_route r =
        route(EVENT_MESSAGE_CREATE, "{\"channel_id\":\"6\",\"id\":\"7\"}");

    CHECK_INT(r.guild_id, 0);
    CHECK_INT(r.lane, 6);
}

TEST(a_refused_member_request_belongs_to_its_guild)
{
    struct event_route r =
        route(EVENT_OTHER,
              "{\"opcode\":8,\"retry_after\":1.5,\"meta\":{\"guild_id\":\"5\"}}");

    CHECK_INT(r.guild_id, 5);
    CHECK_INT(r.lane, 5);
}

TEST(guilds_of_embedded_objects_do_not_count)
{
    struct event_route r = route(EVENT_MESSAGE_CREATE,
                                 "{\"message_reference\":{\"guild_id\":\"5\"},"
                                 "\"author\":{\"primary_guild\":{\"identity_guild_id\":"
                                 "\"6\"}},\"channel_id\":\"7\"}");

    CHECK_INT(r.guild_id, 0);
    CHECK_INT(r.lane, 7);
}

TEST(what_belongs_nowhere_has_the_shards_lane)
{
    CHECK_INT(route(EVENT_OTHER, "{\"id\":\"5\"}").lane, 0);
    CHECK_INT(route(EVENT_OTHER, "[]").lane, 0);
    CHECK_INT(route(EVENT_READY, "{\"guild_id\":\"5\",\"channel_id\":\"6\"}").lane, 0);
    CHECK_INT(route(EVENT_RESUMED, "{\"guild_id\":\"5\"}").lane, 0);
}

TEST(an_id_may_be_a_number)
{
    CHECK_INT(route(EVENT_OTHER, "{\"guild_id\":5}").guild_id, 5);
}

RUN_TESTS(T(names_are_known_whole_and_in_capitals), T(an_event_belongs_to_its_guild),
          T(a_guilds_own_events_name_it_by_id),
          T(a_direct_message_has_the_lane_of_its_channel),
          T(a_refused_member_request_belongs_to_its_guild),
          T(guilds_of_embedded_objects_do_not_count),
          T(what_belongs_nowhere_has_the_shards_lane), T(an_id_may_be_a_number))
