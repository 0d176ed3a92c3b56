#include "test.h"

#include <stdio.h>

#include "buf.h"
#include "error.h"
#include "guilds.h"
#include "limits.h"

struct rig {
    struct guilds g;
    struct json_parser *parser;
};

static struct rig rig_new(void)
{
    return (struct rig){ .parser = json_parser_new() };
}

static void rig_free(struct rig *r)
{
    guilds_release(&r->g);
    json_parser_free(r->parser);
}

static void ready(struct rig *r, const char *ids)
{
    struct buf text = { 0 };
    cordage_json v;

    CHECK_INT(buf_append_z(&text, ids), 0);
    CHECK_INT(json_parse(r->parser, buf_str(&text), &v), 0);
    CHECK_INT(guilds_ready(&r->g, v), 0);
    buf_release(&text);
}

static void expect(const struct rig *r, size_t n, size_t available, size_t waiting)
{
    CHECK_INT(guilds_count(&r->g), n);
    CHECK_INT(r->g.n_available, available);
    CHECK_INT(r->g.n_waiting, waiting);
}

TEST(loading_is_over_when_every_guild_of_ready_has_answered)
{
    struct rig r = rig_new();

    CHECK(!guilds_loading(&r.g));
    ready(&r, "[{\"id\":\"1\",\"unavailable\":true},{\"id\":\"2\"},{\"id\":3}]");
    expect(&r, 3, 0, 3);
    CHECK(guilds_loading(&r.g));
    CHECK_INT(guilds_created(&r.g, 1, false), 0);
    CHECK_INT(guilds_deleted(&r.g, 2, true), 0); /* down: that is an answer, too */
    expect(&r, 3, 1, 1);
    CHECK(guilds_loading(&r.g));
    CHECK_INT(guilds_created(&r.g, 3, true), 0);
    expect(&r, 3, 1, 0);
    CHECK(!guilds_loading(&r.g));
    rig_free(&r);
}

TEST(no_guilds_are_loaded_at_once)
{
    struct rig r = rig_new();

    ready(&r, "[]");
    CHECK(!guilds_loading(&r.g));
    rig_free(&r);
}

TEST(the_silent_ones_are_taken_for_unavailable_until_they_come)
{
    struct rig r = rig_new();

    ready(&r, "[{\"id\":\"1\"},{\"id\":\"2\"}]");
    CHECK_INT(guilds_created(&r.g, 1, false), 0);
    guilds_stop_waiting(&r.g);
    CHECK(!guilds_loading(&r.g));
    expect(&r, 2, 1, 1);
    CHECK_INT(guilds_created(&r.g, 2, false), 0);
    expect(&r, 2, 2, 0);
    CHECK(!guilds_loading(&r.g));
    rig_free(&r);
}

TEST(joins_outages_and_leaves_are_counted)
{
    struct rig r = rig_new();

    ready(&r, "[]");
    CHECK_INT(guilds_created(&r.g, 7, false), 0); /* joined */
    CHECK_INT(guilds_created(&r.g, 7, false), 0); /* said twice */
    expect(&r, 1, 1, 0);
    CHECK_INT(guilds_deleted(&r.g, 7, true), 0); /* an outage */
    expect(&r, 1, 0, 0);
    CHECK_INT(guilds_created(&r.g, 7, false), 0); /* back */
    expect(&r, 1, 1, 0);
    CHECK_INT(guilds_deleted(&r.g, 7, false), 0); /* kicked */
    expect(&r, 0, 0, 0);
    CHECK_INT(guilds_deleted(&r.g, 7, false), 0);
    CHECK_INT(guilds_deleted(&r.g, 8, true), 0); /* unknown, but it says we are in it */
    expect(&r, 1, 0, 0);
    rig_free(&r);
}

TEST(a_new_ready_replaces_everything)
{
    struct rig r = rig_new();

    ready(&r, "[{\"id\":\"1\"},{\"id\":\"2\"}]");
    CHECK_INT(guilds_created(&r.g, 1, false), 0);
    ready(&r, "[{\"id\":\"2\"},{\"id\":\"2\"},{\"id\":\"9\"}]");
    expect(&r, 2, 0, 2);
    CHECK(guilds_loading(&r.g));
    rig_free(&r);
}

TEST(what_is_no_guild_is_skipped)
{
    struct rig r = rig_new();

    ready(&r, "[{\"id\":\"1\"},{\"id\":null},{},7,\"2\",[],{\"id\":\"x\"},{\"id\":-1}]");
    expect(&r, 1, 0, 1);
    ready(&r, "{\"id\":\"1\"}");
    ready(&r, "null");
    expect(&r, 0, 0, 0);
    CHECK(!guilds_loading(&r.g));
    rig_free(&r);
}

TEST(a_liar_cannot_grow_it_without_end)
{
    struct rig r = rig_new();

    for (uint64_t id = 1; id <= LIMIT_GUILDS; id++)
        CHECK_INT(guilds_created(&r.g, id, false), 0);
    CHECK_INT(guilds_created(&r.g, LIMIT_GUILDS + 1, false), CORDAGE_ELIMIT);
    CHECK_INT(guilds_deleted(&r.g, 5, false), 0);
    CHECK_INT(guilds_created(&r.g, LIMIT_GUILDS + 1, false), 0);
    expect(&r, LIMIT_GUILDS, LIMIT_GUILDS, 0);
    rig_free(&r);
}

RUN_TESTS(T(loading_is_over_when_every_guild_of_ready_has_answered),
          T(no_guilds_are_loaded_at_once),
          T(the_silent_ones_are_taken_for_unavailable_until_they_come),
          T(joins_outages_and_leaves_are_counted), T(a_new_ready_replaces_everything),
          T(what_is_no_guild_is_skipped), T(a_liar_cannot_grow_it_without_end))
