#include "guild_book.h"

#include "buf.h"
#include "json.h"
#include "limits.h"
#include "test.h"

struct rig {
    struct guild_book book;
    struct json_parser *parser;
    struct buf text;
};

static struct rig rig_new(void)
{
    struct rig r = { .parser = json_parser_new() };

    assert_non_null(r.parser);
    return r;
}

static void rig_release(struct rig *r)
{
    guild_book_release(&r->book);
    buf_release(&r->text);
    json_parser_free(r->parser);
}

static cordage_json parsed(struct rig *r, const char *d)
{
    cordage_json json;

    buf_clear(&r->text);
    CHECK_INT(buf_append_z(&r->text, d), 0);
    CHECK_INT(json_parse(r->parser, buf_str(&r->text), &json), 0);
    return json;
}

static void ready(struct rig *r, const char *d)
{
    CHECK_INT(guild_book_ready(&r->book, parsed(r, d)), 0);
}

static cordage_guild_why created(struct rig *r, const char *d)
{
    return guild_book_created(&r->book, parsed(r, d));
}

static void deleted(struct rig *r, const char *d)
{
    guild_book_deleted(&r->book, parsed(r, d));
}

#define TWO "{\"guilds\":[{\"id\":\"1\",\"unavailable\":true},{\"id\":\"2\"}]}"

TEST(a_guild_of_ready_is_loaded)
{
    struct rig r = rig_new();

    ready(&r, TWO);
    CHECK_INT(created(&r, "{\"id\":\"1\",\"unavailable\":false}"), CORDAGE_GUILD_LOADED);
    CHECK_INT(created(&r, "{\"id\":\"2\"}"), CORDAGE_GUILD_LOADED);
    rig_release(&r);
}

TEST(a_guild_that_was_not_known_is_joined)
{
    struct rig r = rig_new();

    ready(&r, TWO);
    CHECK_INT(created(&r, "{\"id\":\"3\"}"), CORDAGE_GUILD_JOINED);
    rig_release(&r);
}

TEST(a_guild_comes_back_from_an_outage)
{
    struct rig r = rig_new();

    ready(&r, TWO);
    created(&r, "{\"id\":\"1\"}");
    deleted(&r, "{\"id\":\"1\",\"unavailable\":true}");
    CHECK_INT(created(&r, "{\"id\":\"1\",\"unavailable\":false}"),
              CORDAGE_GUILD_RETURNED);
    /* Also one that was away already when the session began. */
    deleted(&r, "{\"id\":\"2\",\"unavailable\":true}");
    CHECK_INT(created(&r, "{\"id\":\"2\"}"), CORDAGE_GUILD_RETURNED);
    rig_release(&r);
}

TEST(a_guild_joined_during_its_outage_returns_later)
{
    struct rig r = rig_new();

    CHECK_INT(created(&r, "{\"id\":\"3\",\"unavailable\":true}"), CORDAGE_GUILD_JOINED);
    CHECK_INT(created(&r, "{\"id\":\"3\",\"unavailable\":false}"),
              CORDAGE_GUILD_RETURNED);
    rig_release(&r);
}

TEST(a_guild_that_was_left_is_joined_again)
{
    struct rig r = rig_new();

    ready(&r, TWO);
    created(&r, "{\"id\":\"1\"}");
    deleted(&r, "{\"id\":\"1\"}");
    CHECK_INT(created(&r, "{\"id\":\"1\"}"), CORDAGE_GUILD_JOINED);
    rig_release(&r);
}

TEST(a_peer_cannot_make_it_grow_for_ever)
{
    struct rig r = rig_new();
    char d[64];

    ready(&r, TWO);
    for (unsigned id = 3; id < LIMIT_GUILDS + 100; id++) {
        snprintf(d, sizeof d, "{\"id\":\"%u\"}", id);
        CHECK_INT(created(&r, d), CORDAGE_GUILD_JOINED);
    }
    CHECK_INT(r.book.known.n, LIMIT_GUILDS);
    /* Those that are known still change. */
    deleted(&r, "{\"id\":\"1\",\"unavailable\":true}");
    CHECK_INT(created(&r, "{\"id\":\"1\"}"), CORDAGE_GUILD_RETURNED);
    deleted(&r, "{\"id\":\"2\"}");
    CHECK_INT(created(&r, "{\"id\":\"2\"}"), CORDAGE_GUILD_JOINED);
    rig_release(&r);
}

TEST(a_new_ready_replaces_the_list)
{
    struct rig r = rig_new();

    ready(&r, TWO);
    created(&r, "{\"id\":\"1\"}");
    ready(&r, "{\"guilds\":[{\"id\":\"1\"}]}");
    CHECK_INT(created(&r, "{\"id\":\"1\"}"), CORDAGE_GUILD_LOADED);
    CHECK_INT(created(&r, "{\"id\":\"2\"}"), CORDAGE_GUILD_JOINED);
    rig_release(&r);
}

TEST(what_is_no_guild_changes_nothing)
{
    struct rig r = rig_new();

    ready(&r, "{\"guilds\":[1,null,{},{\"id\":null},{\"id\":\"x\"}]}");
    ready(&r, "[]");
    ready(&r, "{\"guilds\":{\"a\":{\"unavailable\":true}}}");
    CHECK_INT(created(&r, "{}"), CORDAGE_GUILD_JOINED);
    CHECK_INT(created(&r, "null"), CORDAGE_GUILD_JOINED);
    deleted(&r, "{\"unavailable\":true}");
    deleted(&r, "17");
    CHECK_INT(r.book.known.n, 0);
    rig_release(&r);
}

TEST(what_a_new_ready_does_not_list_is_gone)
{
    struct rig r = rig_new();
    cordage_id id = 0;

    ready(&r, TWO);
    CHECK(!guild_book_next_gone(&r.book, &id)); /* the first one misses nothing */
    created(&r, "{\"id\":\"3\"}");
    deleted(&r, "{\"id\":\"1\"}");
    ready(&r, "{\"guilds\":[{\"id\":\"2\"}]}");
    CHECK(guild_book_next_gone(&r.book, &id));
    CHECK_INT(id, 3);                          /* 1 was left before */
    CHECK(guild_book_next_gone(&r.book, &id)); /* until it is dropped */
    guild_book_drop_gone(&r.book);
    CHECK(!guild_book_next_gone(&r.book, &id));
    rig_release(&r);
}

TEST(what_was_gone_and_is_listed_again_is_not_gone)
{
    struct rig r = rig_new();
    cordage_id id = 0;

    ready(&r, TWO);
    ready(&r, "{\"guilds\":[]}");
    ready(&r, "{\"guilds\":[{\"id\":\"2\"}]}"); /* nobody has asked in between */
    CHECK(guild_book_next_gone(&r.book, &id));
    CHECK_INT(id, 1);
    guild_book_drop_gone(&r.book);
    CHECK(!guild_book_next_gone(&r.book, &id));
    rig_release(&r);
}

RUN_TESTS(T(a_guild_of_ready_is_loaded), T(a_guild_that_was_not_known_is_joined),
          T(a_guild_comes_back_from_an_outage),
          T(a_guild_joined_during_its_outage_returns_later),
          T(a_guild_that_was_left_is_joined_again),
          T(a_peer_cannot_make_it_grow_for_ever), T(a_new_ready_replaces_the_list),
          T(what_is_no_guild_changes_nothing), T(what_a_new_ready_does_not_list_is_gone),
          T(what_was_gone_and_is_listed_again_is_not_gone))
