#include "views.h"

#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "captures.h"
#include "event.h"
#include "json.h"
#include "test.h"

/* An event parsed from a body. */
struct rig {
    struct json_parser *parser;
    struct buf text;
    cordage_event event;
};

static struct rig rig_of(struct str d)
{
    struct rig r = { .parser = json_parser_new() };

    assert_non_null(r.parser);
    CHECK_INT(buf_append_str(&r.text, d), 0);
    CHECK_INT(json_parse(r.parser, buf_str(&r.text), &r.event.data), 0);
    r.event.shard_id = 2;
    r.event.shard_count = 4;
    return r;
}

static void rig_release(struct rig *r)
{
    buf_release(&r->text);
    json_parser_free(r->parser);
}

#define CHECK_CSTR(got, want)                          \
    do {                                               \
        cordage_str s_ = (got);                        \
        CHECK_STR(((struct str){ s_.p, s_.n }), want); \
    } while (0)

/* ---- What is there ------------------------------------------------------------------
 */

TEST(ready_says_who_the_bot_is_and_how_many_guilds_it_has)
{
    struct rig r = rig_of(
        STR("{\"v\":10,\"user\":{\"id\":\"77\",\"username\":\"pinger\",\"bot\":true},"
            "\"guilds\":[{\"id\":\"1\",\"unavailable\":true},{\"id\":\"2\","
            "\"unavailable\":true}],"
            "\"session_id\":\"abc\",\"application\":{\"id\":\"78\",\"flags\":0}}"));
    cordage_ready ready;

    view_ready(&r.event, &ready);
    CHECK_INT(ready.shard_id, 2);
    CHECK_INT(ready.shard_count, 4);
    CHECK_INT(ready.n_guilds, 2);
    CHECK_INT(ready.user_id, 77);
    CHECK_INT(ready.application_id, 78);
    CHECK_CSTR(ready.username, "pinger");
    CHECK_CSTR(ready.session_id, "abc");
    assert_ptr_equal(ready.event, &r.event);
    rig_release(&r);
}

TEST(resumed_says_how_much_was_replayed)
{
    struct rig r = rig_of(STR("{}"));
    cordage_resumed resumed;

    view_resumed(&r.event, 17, &resumed);
    CHECK_INT(resumed.shard_id, 2);
    CHECK_INT(resumed.replayed, 17);
    rig_release(&r);
}

TEST(a_guild_has_its_main_fields)
{
    struct rig r =
        rig_of(STR("{\"id\":\"41771983423143937\",\"name\":\"Grün\",\"owner_id\":"
                   "\"73193882359173120\",\"member_count\":3268,"
                   "\"unavailable\":false}"));
    cordage_guild guild;

    view_guild(&r.event, CORDAGE_GUILD_RETURNED, &guild);
    CHECK_INT(guild.id, 41771983423143937);
    CHECK_INT(guild.owner_id, 73193882359173120);
    CHECK_CSTR(guild.name, "Grün");
    CHECK_INT(guild.member_count, 3268);
    CHECK(!guild.unavailable);
    CHECK_INT(guild.why, CORDAGE_GUILD_RETURNED);
    rig_release(&r);
}

TEST(an_outage_is_told_from_leaving)
{
    struct rig away = rig_of(STR("{\"id\":\"5\",\"unavailable\":true}"));
    struct rig left = rig_of(STR("{\"id\":\"5\"}"));
    cordage_guild_gone gone;

    view_guild_gone(&away.event, &gone);
    CHECK_INT(gone.id, 5);
    CHECK(gone.unavailable);
    view_guild_gone(&left.event, &gone);
    CHECK(!gone.unavailable);
    rig_release(&away);
    rig_release(&left);
}

#define MESSAGE(author_id, more)                                                   \
    STR("{\"id\":\"10\",\"channel_id\":\"11\",\"guild_id\":\"12\",\"content\":\"!" \
        "ping\","                                                                  \
        "\"type\":19,\"nonce\":\"n1\",\"author\":{\"id\":\"" author_id             \
        "\",\"username\":\"ann\"" more "}}")

TEST(a_message_has_its_main_fields)
{
    struct rig r = rig_of(MESSAGE("13", ""));
    cordage_message m;

    view_message(&r.event, 77, &m);
    CHECK_INT(m.id, 10);
    CHECK_INT(m.channel_id, 11);
    CHECK_INT(m.guild_id, 12);
    CHECK_INT(m.author_id, 13);
    CHECK_INT(m.webhook_id, 0);
    CHECK_CSTR(m.author_name, "ann");
    CHECK_CSTR(m.content, "!ping");
    CHECK_CSTR(m.nonce, "n1");
    CHECK_INT(m.type, 19);
    CHECK(!m.author_is_bot);
    CHECK(!m.from_self);
    rig_release(&r);
}

TEST(the_bots_own_message_is_known_as_such)
{
    struct rig r = rig_of(MESSAGE("77", ",\"bot\":true"));
    cordage_message m;

    view_message(&r.event, 77, &m);
    CHECK(m.author_is_bot);
    CHECK(m.from_self);
    view_message(&r.event, 0, &m);
    CHECK(!m.from_self);
    rig_release(&r);
}

TEST(a_webhook_is_not_the_bot)
{
    struct rig r = rig_of(STR("{\"webhook_id\":\"77\",\"author\":{\"id\":\"77\"}}"));
    cordage_message m;

    view_message(&r.event, 77, &m);
    CHECK_INT(m.webhook_id, 77);
    CHECK(!m.from_self);
    rig_release(&r);
}

TEST(a_string_may_hold_a_nul)
{
    struct rig r = rig_of(STR("{\"content\":\"a\\u0000b\"}"));
    cordage_message m;

    view_message(&r.event, 0, &m);
    CHECK_INT(m.content.n, 3);
    CHECK_INT(memcmp(m.content.p, "a\0b", 3), 0);
    rig_release(&r);
}

/* ---- What is not ----------------------------------------------------------------------
 */

/* Every view of whatever `d` is: nothing may crash, and every string can be printed. */
static void view_all(struct str d)
{
    struct rig r = rig_of(d);
    cordage_ready ready;
    cordage_resumed resumed;
    cordage_guild guild;
    cordage_guild_gone gone;
    cordage_message m;

    view_ready(&r.event, &ready);
    view_resumed(&r.event, 0, &resumed);
    view_guild(&r.event, CORDAGE_GUILD_JOINED, &guild);
    view_guild_gone(&r.event, &gone);
    view_message(&r.event, 1, &m);
    CHECK_INT(ready.n_guilds, 0);
    CHECK_INT(ready.user_id + ready.application_id + guild.id + gone.id + m.id, 0);
    CHECK_INT(ready.username.n + guild.name.n + m.content.n + m.nonce.n, 0);
    CHECK_INT(guild.member_count, 0);
    assert_non_null(ready.username.p);
    assert_non_null(m.content.p);
    for (cordage_event_type kind = CORDAGE_EVENT_UNKNOWN; kind < CORDAGE_N_EVENTS; kind++) {
        struct event_route route = event_route_of(kind, r.event.data);

        CHECK_INT(route.guild_id, 0);
        CHECK_INT(route.lane, 0);
    }
    rig_release(&r);
}

TEST(absent_null_and_wrong_types_are_zero_and_empty)
{
    view_all(STR("{}"));
    view_all(STR("null"));
    view_all(STR("[]"));
    view_all(STR("[1,2,3]"));
    view_all(STR("true"));
    view_all(STR("\"text\""));
    view_all(STR("17"));
    view_all(STR("{\"id\":null,\"user\":null,\"application\":null,\"guilds\":null,"
                 "\"name\":null,\"author\":null,\"content\":null,\"member_count\":null,"
                 "\"guild_id\":null,\"meta\":null,\"channel_id\":null,\"nonce\":null}"));
    view_all(STR("{\"id\":{},\"user\":[],\"application\":1,\"guilds\":{\"a\":1},"
                 "\"name\":2,\"author\":\"x\",\"content\":[],\"member_count\":-5,"
                 "\"guild_id\":[],\"meta\":3,\"channel_id\":true,\"nonce\":12}"));
    view_all(STR("{\"id\":\"abc\",\"user\":{\"id\":\"-1\",\"username\":{}},"
                 "\"application\":{\"id\":1.5},\"guilds\":\"\",\"member_count\":\"7\","
                 "\"guild_id\":\"\",\"channel_id\":\"99999999999999999999999\"}"));
}

/* ---- Real traffic
 * ----------------------------------------------------------------------- */

static void check_ready(const cordage_event *e)
{
    cordage_ready ready;

    view_ready(e, &ready);
    CHECK(ready.n_guilds > 0 && ready.user_id && ready.application_id);
    CHECK(ready.username.n && ready.session_id.n);
}

static void check_guild(const cordage_event *e)
{
    cordage_guild guild;

    view_guild(e, CORDAGE_GUILD_LOADED, &guild);
    CHECK(guild.id && guild.owner_id && guild.name.n && guild.member_count);
}

static void check_message(const cordage_event *e)
{
    cordage_message m;

    view_message(e, 1, &m);
    CHECK(m.id && m.channel_id && m.guild_id && m.author_id);
    CHECK(m.author_name.n && m.content.n && !m.from_self);
}

/* Each file is an array of dispatches. */
static void check_capture(struct str content, void *user)
{
    struct rig r = rig_of(content);
    unsigned *n_checked = user;

    for (size_t i = 0; i < cordage_json_count(r.event.data); i++) {
        cordage_json payload = cordage_json_at(r.event.data, i);
        cordage_event e = { .data = json_get(payload, "d") };
        struct str name = { "", 0 };
        cordage_event_type kind;

        json_str(json_get(payload, "t"), &name);
        kind = event_type_of(name);
        if (name.n && kind != CORDAGE_EVENT_READY)
            CHECK(event_route_of(kind, e.data).guild_id != 0);
        if (kind == CORDAGE_EVENT_READY)
            check_ready(&e);
        else if (kind == CORDAGE_EVENT_GUILD_CREATE)
            check_guild(&e);
        else if (kind == CORDAGE_EVENT_MESSAGE_CREATE)
            check_message(&e);
        *n_checked += kind != CORDAGE_EVENT_UNKNOWN;
    }
    rig_release(&r);
}

TEST(real_traffic_is_read)
{
    unsigned n_checked = 0;

    if (captures_each("gateway_", check_capture, &n_checked))
        CHECK(n_checked >= 3);
}

RUN_TESTS(T(ready_says_who_the_bot_is_and_how_many_guilds_it_has),
          T(resumed_says_how_much_was_replayed), T(a_guild_has_its_main_fields),
          T(an_outage_is_told_from_leaving), T(a_message_has_its_main_fields),
          T(the_bots_own_message_is_known_as_such), T(a_webhook_is_not_the_bot),
          T(a_string_may_hold_a_nul), T(absent_null_and_wrong_types_are_zero_and_empty),
          T(real_traffic_is_read))
