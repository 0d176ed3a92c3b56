#include "event.h"

#include "buf.h"
#include "test.h"

static struct event_route route(cordage_event_type kind, const char *d)
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
    CHECK_INT(event_type_of(STR("READY")), CORDAGE_EVENT_READY);
    CHECK_INT(event_type_of(STR("RESUMED")), CORDAGE_EVENT_RESUMED);
    CHECK_INT(event_type_of(STR("GUILD_CREATE")), CORDAGE_EVENT_GUILD_CREATE);
    CHECK_INT(event_type_of(STR("GUILD_UPDATE")), CORDAGE_EVENT_GUILD_UPDATE);
    CHECK_INT(event_type_of(STR("GUILD_DELETE")), CORDAGE_EVENT_GUILD_DELETE);
    CHECK_INT(event_type_of(STR("MESSAGE_CREATE")), CORDAGE_EVENT_MESSAGE_CREATE);
    CHECK_INT(event_type_of(STR("GUILD_JOIN_REQUEST_UPDATE")), CORDAGE_EVENT_UNKNOWN);
    CHECK_INT(event_type_of(STR("MESSAGE_CREATED")), CORDAGE_EVENT_UNKNOWN);
    CHECK_INT(event_type_of(STR("ready")), CORDAGE_EVENT_UNKNOWN);
    CHECK_INT(event_type_of(STR("READ")), CORDAGE_EVENT_UNKNOWN);
    CHECK_INT(event_type_of(STR("")), CORDAGE_EVENT_UNKNOWN);
}

TEST(the_table_is_whole_and_each_row_finds_itself)
{
    /* Discord documented 79 dispatches in August 2026. */
    CHECK_INT(CORDAGE_N_EVENTS - 1, 79);
    for (unsigned type = 1; type < CORDAGE_N_EVENTS; type++)
        CHECK_INT(event_type_of(event_name((cordage_event_type)type)), type);
}

TEST(an_event_belongs_to_its_guild)
{
    struct event_route r =
        route(CORDAGE_EVENT_MESSAGE_CREATE,
              "{\"guild_id\":\"5\",\"channel_id\":\"6\",\"id\":\"7\"}");

    CHECK_INT(r.guild_id, 5);
    CHECK_INT(r.lane, 5);
}

TEST(a_guilds_own_events_name_it_by_id)
{
    cordage_event_type kinds[] = { CORDAGE_EVENT_GUILD_CREATE, CORDAGE_EVENT_GUILD_UPDATE,
                                   CORDAGE_EVENT_GUILD_DELETE };

    for (size_t i = 0; i < 3; i++)
        CHECK_INT(route(kinds[i], "{\"id\":\"5\"}").guild_id, 5);
    /* Elsewhere an id is that of a channel, a message, a role... */
    CHECK_INT(route(CORDAGE_EVENT_UNKNOWN, "{\"id\":\"5\"}").guild_id, 0);
}

TEST(a_direct_message_has_the_lane_of_its_channel)
{
    struct event_route r =
        route(CORDAGE_EVENT_MESSAGE_CREATE, "{\"channel_id\":\"6\",\"id\":\"7\"}");

    CHECK_INT(r.guild_id, 0);
    CHECK_INT(r.lane, 6);
}

TEST(a_refused_member_request_belongs_to_its_guild)
{
    struct event_route r =
        route(CORDAGE_EVENT_RATE_LIMITED,
              "{\"opcode\":8,\"retry_after\":1.5,\"meta\":{\"guild_id\":\"5\"}}");

    CHECK_INT(r.guild_id, 5);
    CHECK_INT(r.lane, 5);
}

TEST(guilds_of_embedded_objects_do_not_count)
{
    struct event_route r = route(CORDAGE_EVENT_MESSAGE_CREATE,
                                 "{\"message_reference\":{\"guild_id\":\"5\"},"
                                 "\"author\":{\"primary_guild\":{\"identity_guild_id\":"
                                 "\"6\"}},\"channel_id\":\"7\"}");

    CHECK_INT(r.guild_id, 0);
    CHECK_INT(r.lane, 7);
}

TEST(what_belongs_nowhere_has_the_shards_lane)
{
    CHECK_INT(route(CORDAGE_EVENT_UNKNOWN, "{\"id\":\"5\"}").lane, 0);
    CHECK_INT(route(CORDAGE_EVENT_UNKNOWN, "[]").lane, 0);
    CHECK_INT(
        route(CORDAGE_EVENT_READY, "{\"guild_id\":\"5\",\"channel_id\":\"6\"}").lane, 0);
    CHECK_INT(route(CORDAGE_EVENT_RESUMED, "{\"guild_id\":\"5\"}").lane, 0);
}

TEST(an_id_may_be_a_number)
{
    CHECK_INT(route(CORDAGE_EVENT_UNKNOWN, "{\"guild_id\":5}").guild_id, 5);
}

RUN_TESTS(T(names_are_known_whole_and_in_capitals),
          T(the_table_is_whole_and_each_row_finds_itself),
          T(an_event_belongs_to_its_guild), T(a_guilds_own_events_name_it_by_id),
          T(a_direct_message_has_the_lane_of_its_channel),
          T(a_refused_member_request_belongs_to_its_guild),
          T(guilds_of_embedded_objects_do_not_count),
          T(what_belongs_nowhere_has_the_shards_lane), T(an_id_may_be_a_number))
