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

static const struct view_facts nothing = { 0 };

/* Reads the rig's event as one of this type. */
static union view_any view_of_type(struct rig *r, cordage_event_type type,
                                   const struct view_facts *facts)
{
    union view_any view, old;

    r->event.type = type;
    view_read_event(&r->event, facts, &view, &old);
    return view;
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
    cordage_ready ready = view_of_type(&r, CORDAGE_EVENT_READY, &nothing).ready;

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
    struct view_facts facts = { .replayed = 17 };
    cordage_resumed resumed = view_of_type(&r, CORDAGE_EVENT_RESUMED, &facts).resumed;

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
    struct view_facts facts = { .why = CORDAGE_GUILD_RETURNED };
    cordage_guild guild = view_of_type(&r, CORDAGE_EVENT_GUILD_CREATE, &facts).guild;

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
    cordage_guild_gone gone =
        view_of_type(&away, CORDAGE_EVENT_GUILD_DELETE, &nothing).guild_gone;

    CHECK_INT(gone.id, 5);
    CHECK(gone.unavailable);
    gone = view_of_type(&left, CORDAGE_EVENT_GUILD_DELETE, &nothing).guild_gone;
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
    struct view_facts facts = { .self = 77 };
    cordage_message m = view_of_type(&r, CORDAGE_EVENT_MESSAGE_CREATE, &facts).message;

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
    struct view_facts facts = { .self = 77 };
    cordage_message m = view_of_type(&r, CORDAGE_EVENT_MESSAGE_CREATE, &facts).message;

    CHECK(m.author_is_bot);
    CHECK(m.from_self);
    m = view_of_type(&r, CORDAGE_EVENT_MESSAGE_CREATE, &nothing).message;
    CHECK(!m.from_self);
    rig_release(&r);
}

TEST(a_webhook_is_not_the_bot)
{
    struct rig r = rig_of(STR("{\"webhook_id\":\"77\",\"author\":{\"id\":\"77\"}}"));
    struct view_facts facts = { .self = 77 };
    cordage_message m = view_of_type(&r, CORDAGE_EVENT_MESSAGE_CREATE, &facts).message;

    CHECK_INT(m.webhook_id, 77);
    CHECK(!m.from_self);
    rig_release(&r);
}

TEST(a_string_may_hold_a_nul)
{
    struct rig r = rig_of(STR("{\"content\":\"a\\u0000b\"}"));
    cordage_message m;

    cordage_read_message(r.event.data, &m);
    CHECK_INT(m.content.n, 3);
    assert_null(m.event);
    CHECK_INT(memcmp(m.content.p, "a\0b", 3), 0);
    rig_release(&r);
}

/* ---- What is not ----------------------------------------------------------------------
 */

/* Every row of a view whose key holds nothing that it could read: zero, or empty and
 * not NULL. Whatever a key holds is handed on where nothing typed is expected. */
static void check_blank(const struct view_row *rows, unsigned n, const char *view)
{
    static const char zero[sizeof(cordage_str)];

    for (unsigned i = 0; i < n; i++) {
        const void *field = view + rows[i].at;

        if (rows[i].type == ROW_NEST)
            check_blank(rows[i].rows, rows[i].n, view);
        else if (rows[i].type == ROW_TEXT)
            CHECK(((const cordage_str *)field)->p && !((const cordage_str *)field)->n);
        else if (rows[i].type == ROW_BOOL)
            CHECK(!*(const bool *)field);
        else if (rows[i].type == ROW_INT || rows[i].type == ROW_COUNT32)
            CHECK_INT(*(const int *)field, 0);
        else if (rows[i].type != ROW_JSON)
            CHECK_INT(memcmp(field, zero, 8), 0);
    }
}

/* Every view of whatever `d` is: nothing may crash, and every string can be printed. */
static void view_all(struct str d)
{
    struct rig r = rig_of(d);

    for (enum view view = 0; view < N_VIEWS; view++) {
        const struct view_shape *shape = view_shape(view);
        union view_any out;

        view_read(view, r.event.data, &out);
        check_blank(shape->rows, shape->n, (const char *)&out);
    }
    for (cordage_event_type type = 1; type < CORDAGE_N_EVENTS; type++)
        view_of_type(&r, type, &nothing);
    for (cordage_event_type kind = CORDAGE_EVENT_UNKNOWN; kind < CORDAGE_N_EVENTS;
         kind++) {
        struct event_route route = event_route_of(kind, r.event.data);

        CHECK_INT(route.guild_id, 0);
        CHECK_INT(route.lane, 0);
    }
    rig_release(&r);
}

/* An object in which every key of every view holds `value`. */
static void view_all_holding(const char *value)
{
    struct buf text = { 0 };

    buf_append_z(&text, "{\"x\":0");
    for (enum view view = 0; view < N_VIEWS; view++) {
        const struct view_shape *shape = view_shape(view);

        for (unsigned i = 0; i < shape->n; i++)
            buf_printf(&text, ",\"%.*s\":%s", STR_FMT(shape->rows[i].key), value);
    }
    CHECK_INT(buf_append_z(&text, "}"), 0);
    view_all(buf_str(&text));
    buf_release(&text);
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
    view_all_holding("null");
    view_all_holding("{}");
    view_all_holding("{\"id\":{},\"username\":[],\"user\":null,\"type\":\"x\"}");
}

TEST(what_is_of_another_type_is_dropped_and_the_rest_is_read)
{
    struct rig r = rig_of(
        STR("{\"id\":{},\"owner_id\":\"abc\",\"name\":7,\"member_count\":-5,"
            "\"premium_subscription_count\":3.0,\"large\":1,\"mfa_level\":1.5,"
            "\"nsfw_level\":99999999999,\"premium_tier\":\"2\",\"joined_at\":\"soon\","
            "\"afk_timeout\":300,\"roles\":17}"));
    cordage_guild g;

    cordage_read_guild(r.event.data, &g);
    CHECK_INT(g.id + g.owner_id + g.name.n + g.member_count + g.large, 0);
    CHECK_INT(g.mfa_level + g.nsfw_level + g.premium_tier + g.joined_at, 0);
    CHECK_INT(g.premium_subscription_count, 3);
    CHECK_INT(g.afk_timeout, 300);
    CHECK_INT(cordage_json_count(g.roles), 0);
    CHECK_INT(cordage_json_int(g.roles, 0), 17);
    rig_release(&r);
}

TEST(of_a_key_that_stands_twice_the_first_counts)
{
    struct rig r = rig_of(STR("{\"id\":\"1\",\"id\":\"2\",\"id\":null}"));
    cordage_channel channel;

    cordage_read_channel(r.event.data, &channel);
    CHECK_INT(channel.id, 1);
    CHECK_INT(cordage_json_id(cordage_json_get(r.event.data, "id")), 1);
    rig_release(&r);
}

TEST(absent_null_and_a_value_are_told_apart)
{
    struct rig r = rig_of(STR("{\"nick\":null,\"deaf\":false}"));

    CHECK_INT(cordage_has(r.event.data, "nick"), CORDAGE_NULL);
    CHECK_INT(cordage_has(r.event.data, "deaf"), CORDAGE_VALUE);
    CHECK_INT(cordage_has(r.event.data, "mute"), CORDAGE_ABSENT);
    CHECK_INT(cordage_has((cordage_json){ NULL, 0 }, "nick"), CORDAGE_ABSENT);
    CHECK_INT(cordage_has(cordage_json_get(r.event.data, "deaf"), "x"), CORDAGE_ABSENT);
    rig_release(&r);
}

/* ---- What was there before
 * --------------------------------------------------------------
 */

TEST(an_update_has_the_old_object_beside_the_new_one)
{
    struct rig r =
        rig_of(STR("{\"guild_id\":\"4\",\"role\":{\"id\":\"5\",\"name\":\"new\"}}"));
    struct rig before = rig_of(STR("{\"id\":\"5\",\"guild_id\":\"4\",\"name\":\"old\"}"));
    union view_any view, old;

    r.event.type = CORDAGE_EVENT_GUILD_ROLE_UPDATE;
    r.event.guild_id = 4;
    r.event.old = before.event.data;
    view_read_event(&r.event, &nothing, &view, &old);
    CHECK_INT(view.role.id, 5);
    CHECK_INT(view.role.guild_id, 4);
    CHECK_CSTR(view.role.name, "new");
    CHECK_CSTR(cordage_json_string(cordage_json_get(view.role.data, "name")), "new");
    CHECK_CSTR(view.role.old->name, "old");
    CHECK_INT(view.role.old->guild_id, 4);
    assert_null(view.role.old->event);
    assert_null(view.role.old->old);
    r.event.type = CORDAGE_EVENT_GUILD_ROLE_DELETE;
    view_read_event(&r.event, &nothing, &view, &old);
    CHECK_CSTR(view.role_gone.old->name, "old");
    r.event.old = (cordage_json){ NULL, 0 };
    view_read_event(&r.event, &nothing, &view, &old);
    assert_null(view.role_gone.old);
    /* A view that has no room for it. */
    r.event.old = before.event.data;
    r.event.type = CORDAGE_EVENT_GUILD_BAN_ADD;
    view_read_event(&r.event, &nothing, &view, &old);
    assert_ptr_equal(view.ban.event, &r.event);
    rig_release(&before);
    rig_release(&r);
}

/* ---- Real traffic
 * ----------------------------------------------------------------------- */

static void check_ready(const cordage_event *e)
{
    cordage_ready ready;

    cordage_read_ready(e->data, &ready);
    CHECK(ready.n_guilds > 0 && ready.user_id && ready.application_id);
    CHECK(ready.username.n && ready.session_id.n);
}

static void check_guild(const cordage_event *e)
{
    cordage_guild guild;

    cordage_read_guild(e->data, &guild);
    CHECK(guild.id && guild.owner_id && guild.name.n && guild.member_count);
}

static void check_message(const cordage_event *e)
{
    cordage_message m;

    cordage_read_message(e->data, &m);
    CHECK(m.id && m.channel_id && m.guild_id && m.author_id);
    CHECK(m.author_name.n && m.content.n && m.timestamp);
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
          T(what_is_of_another_type_is_dropped_and_the_rest_is_read),
          T(of_a_key_that_stands_twice_the_first_counts),
          T(absent_null_and_a_value_are_told_apart),
          T(an_update_has_the_old_object_beside_the_new_one), T(real_traffic_is_read))
