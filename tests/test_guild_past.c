#include "guild_past.h"

#include "test.h"

#include <string.h>

struct rig {
    struct json_parser *parser;
    struct guild_past past;
};

static cordage_json parsed(struct rig *r, const char *text)
{
    static char bytes[512 + BUF_SLACK];
    cordage_json root;

    snprintf(bytes, 512, "%s", text);
    CHECK_INT(json_parse(r->parser, str_of(bytes), &root), 0);
    return root;
}

static void setup(struct rig *r, const char *ready)
{
    *r = (struct rig){ .parser = json_parser_new() };
    assert_non_null(r->parser);
    guild_past_ready(&r->past, parsed(r, ready));
}

static void teardown(struct rig *r)
{
    guild_past_release(&r->past);
    json_parser_free(r->parser);
}

/* "1 2? 3": the ids in order, a question mark behind those that are unavailable. */
static void expect(struct rig *r, const char *want)
{
    struct buf list = { 0 };
    char text[256] = "";
    uint64_t id;
    bool away;

    CHECK_INT(guild_book_write(&r->past.book, &list), 0);
    for (uint64_t next = 1; next < 10; next++)
        for (size_t i = 0; store_guilds_at(buf_str(&list), i, &id, &away); i++)
            if (id == next)
                sprintf(text + strlen(text), "%s%d%s", *text ? " " : "", (int)id,
                        away ? "?" : "");
    assert_string_equal(text, want);
    buf_release(&list);
}

TEST(a_change_counts_when_its_event_is_done)
{
    struct rig r;

    setup(&r, "{\"guilds\":[{\"id\":\"1\"},{\"id\":\"2\"}]}");
    expect(&r, "1? 2?");
    guild_past_note(&r.past, 5, true, parsed(&r, "{\"id\":\"1\"}"));
    guild_past_note(&r.past, 7, true, parsed(&r, "{\"id\":\"3\"}"));
    guild_past_note(&r.past, 9, false, parsed(&r, "{\"id\":\"2\"}"));
    guild_past_note(&r.past, 9, false, parsed(&r, "{\"id\":\"1\",\"unavailable\":true}"));
    guild_past_advance(&r.past, 4);
    expect(&r, "1? 2?");
    guild_past_advance(&r.past, 7);
    expect(&r, "1 2? 3");
    guild_past_advance(&r.past, 8);
    guild_past_advance(&r.past, 100);
    expect(&r, "1? 3");
    teardown(&r);
}

TEST(another_session_begins_anew)
{
    struct rig r;

    setup(&r, "{\"guilds\":[{\"id\":\"1\"}]}");
    guild_past_note(&r.past, 5, true, parsed(&r, "{\"id\":\"4\"}"));
    guild_past_ready(&r.past, parsed(&r, "{\"guilds\":[{\"id\":\"2\"}]}"));
    guild_past_advance(&r.past, 100);
    expect(&r, "2?");
    guild_past_put(&r.past, 2, GUILD_AVAILABLE);
    expect(&r, "2");
    teardown(&r);
}

TEST(what_is_no_guild_is_passed_over)
{
    struct rig r;

    setup(&r, "{\"guilds\":[{},null,{\"id\":\"0\"},{\"id\":\"1\"}]}");
    guild_past_note(&r.past, 5, true, parsed(&r, "{}"));
    guild_past_note(&r.past, 6, false, parsed(&r, "null"));
    guild_past_advance(&r.past, 9);
    expect(&r, "1?");
    CHECK(!r.past.broken);
    teardown(&r);
}

RUN_TESTS(T(a_change_counts_when_its_event_is_done), T(another_session_begins_anew),
          T(what_is_no_guild_is_passed_over))
