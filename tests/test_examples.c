/* The examples, as their users start them: `cordage sim -- examples/NAME`.
 *
 * The simulator's first line on stdout is its JSON; what follows are the example's. The
 * clock is a fast one (CORDAGE_TEST_SPEED), for the simulator and the bot alike. */
#include "simprog.h"

enum { N_GUILDS = 8, LINES_MAX = 4000 };

/* examples/NAME in the build folder. */
static const char *example(const char *name)
{
    static char path[512];
    const char *folder = getenv("CORDAGE_EXAMPLES");

    if (!folder)
        fail_msg("CORDAGE_EXAMPLES is not set: run this by `meson test`");
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

/* Reads the bot's lines up to one that begins so. */
static void expect(struct running *r, const char *begin)
{
    char line[512];

    for (int i = 0; i < LINES_MAX && program_line(&r->program, line, sizeof line); i++)
        if (str_starts(str_of(line), str_of(begin)))
            return;
    program_end(&r->program);
    fail_msg("no line began with \"%s\"; on stderr: %s", begin, r->program.err_text);
}

/* Reads the bot's lines until each of its shards has said that it is ready: of `shards`
 * the `first` to the `last`. */
static void expect_part_ready(struct running *r, unsigned shards, unsigned first,
                              unsigned last)
{
    unsigned seen = 0, want = ((2u << last) - 1) & ~((1u << first) - 1);
    char line[512];

    while (seen != want && program_line(&r->program, line, sizeof line)) {
        unsigned id, count;
        size_t guilds;

        if (sscanf(line, "shard %u/%u ready, %zu guilds", &id, &count, &guilds) != 3)
            continue;
        CHECK_INT(count, shards);
        CHECK(id >= first && id <= last);
        CHECK_INT(guilds, N_GUILDS / shards);
        seen |= 1u << id;
    }
    CHECK_INT(seen, want);
}

static void expect_ready(struct running *r, unsigned shards)
{
    expect_part_ready(r, shards, 0, shards - 1);
}

/* Somebody says `content` in the first channel of a shard's first guild. */
static void say(struct running *r, unsigned shard, unsigned shards, const char *content,
                char *channel, size_t size)
{
    struct json_parser *parser = json_parser_new();
    struct buf answer = { 0 };
    cordage_json said;
    char body[256];

    snprintf(body, sizeof body, "{\"shard\":[%u,%u],\"content\":\"%s\"}", shard, shards,
             content);
    CHECK_INT(ask(r, "/_sim/message", body, NULL, &answer), 200);
    CHECK_INT(json_parse(parser, buf_str(&answer), &said), 0);
    copy_member(said, "channel_id", channel, size);
    buf_release(&answer);
    json_parser_free(parser);
}

/* Whether the channel's messages, as Discord keeps them, come to hold `words`. */
static bool is_answered(struct running *r, const char *channel, const char *words)
{
    struct buf body = { 0 };
    bool found = false;
    char path[128];

    snprintf(path, sizeof path, "/api/v10/channels/%s/messages", channel);
    for (int i = 0; i < LINES_MAX && !found; i++) {
        buf_clear(&body);
        CHECK_INT(ask_as_bot(r, path, &body), 200);
        found = str_find(buf_str(&body), str_of(words)) != SIZE_MAX;
    }
    buf_release(&body);
    return found;
}

static void check_pings(struct running *r, unsigned shards)
{
    for (unsigned id = 0; id < shards; id++) {
        char channel[32];

        say(r, id, shards, "!ping", channel, sizeof channel);
        CHECK(is_answered(r, channel, "\"Pong!\""));
    }
}

static void end(struct running *r)
{
    CHECK_INT(stop(r), 0);
    if (!program_said(&r->program, "no rule was broken"))
        fail_msg("%s", r->program.err_text);
    CHECK(!program_said(&r->program, r->token));
}

/* ---- ping.c and ping.cc ---------------------------------------------------------- */

static void check_ping(const char *name)
{
    struct running r;

    start(&r, ARGS("--global-limit", "0", "--", example(name), "--shards", "2"));
    expect_ready(&r, 2);
    check_pings(&r, 2);
    end(&r);
    start(&r, ARGS("--recommended-shards", "4", "--max-concurrency", "4", "--",
                   example(name)));
    expect_ready(&r, 4);
    end(&r);
}

TEST(ping_is_ready_and_answers_on_every_shard)
{
    check_ping("ping");
}

TEST(so_does_its_twin_in_another_language)
{
    check_ping("ping-cc");
}

TEST(what_is_no_shard_count_gets_the_usage_and_2)
{
    static const char *const names[] = { "ping", "ping-cc", "sharding" };
    static const char *const values[] = { "0", "-1", "4x", "", "99999999999999999999" };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct program p;

        CHECK_INT(program_run(&p, ARGS("sim", "--port", "0", "--", example(names[i]),
                                       "--shards")),
                  2);
        CHECK(program_said(&p, "usage: "));
        for (size_t j = 0; j < sizeof values / sizeof *values; j++) {
            CHECK_INT(program_run(&p, ARGS("sim", "--port", "0", "--", example(names[i]),
                                           "--shards", values[j])),
                      2);
            CHECK(program_said(&p, "[--shards N|auto]"));
        }
    }
}

/* ---- sharding.c ------------------------------------------------------------------ */

/* The whole report must come to hold `words` so often. */
static bool report_has(struct running *r, const char *words, unsigned times)
{
    struct buf report = { 0 };
    unsigned found = 0;

    for (int i = 0; i < LINES_MAX && found != times; i++) {
        struct str rest;
        size_t at;

        buf_clear(&report);
        CHECK_INT(ask(r, "/_sim/report", NULL, NULL, &report), 200);
        rest = buf_str(&report);
        for (found = 0; (at = str_find(rest, str_of(words))) != SIZE_MAX; found++) {
            rest.p += at + 1;
            rest.n -= at + 1;
        }
    }
    buf_release(&report);
    return found == times;
}

/* The id of the first voice channel of the guild `at` in the world's order. */
static void find_voice(struct running *r, size_t at, char *guild, size_t guild_size,
                       char *channel, size_t size)
{
    struct json_parser *parser = json_parser_new();
    struct buf body = { 0 };
    cordage_json list;
    char path[128];

    CHECK_INT(ask(r, "/_sim/world", NULL, NULL, &body), 200);
    CHECK_INT(json_parse(parser, buf_str(&body), &list), 0);
    copy_member(cordage_json_at(json_get(list, "guilds"), at), "id", guild, guild_size);
    snprintf(path, sizeof path, "/api/v10/guilds/%s/channels", guild);
    buf_clear(&body);
    CHECK_INT(ask_as_bot(r, path, &body), 200);
    CHECK_INT(json_parse(parser, buf_str(&body), &list), 0);
    *channel = '\0';
    for (size_t i = 0; i < cordage_json_count(list) && !*channel; i++)
        if (cordage_json_int(json_get(cordage_json_at(list, i), "type"), 0) == 2)
            copy_member(cordage_json_at(list, i), "id", channel, size);
    CHECK(*channel);
    buf_release(&body);
    json_parser_free(parser);
}

TEST(the_sharding_recipe_does_all_that_it_says)
{
    char words[128], channel[32], guild[32], voice[32];
    struct running r;

    start(&r, ARGS("--recommended-shards", "4", "--max-concurrency", "2",
                   "--global-limit", "0", "--", example("sharding"), "--health", "1"));
    expect(&r, "gateway: wss://127.0.0.1:");
    expect(&r, "recommended shards: 4");
    expect(&r, "session starts: 1000 of 1000 left, resets in 0 s, 2 at a time");
    expect_ready(&r, 4);
    check_pings(&r, 4);
    CHECK(report_has(&r, "\"activity\":\"with 4 shards\"", 4));
    for (int id = 0; id < 4; id++) {
        snprintf(words, sizeof words, "shard %d/4 ready: 2 guilds, latency ", id);
        expect(&r, words);
    }
    say(&r, 1, 4, "!guilds", channel, sizeof channel);
    CHECK(is_answered(&r, channel, "\"I'm in **8** guilds across **4** shards.\""));
    find_voice(&r, 2, guild, sizeof guild, voice, sizeof voice);
    say(&r, 2, 4, "!find a", channel, sizeof channel);
    snprintf(words, sizeof words, "shard 2: ");
    expect(&r, words);
    snprintf(words, sizeof words, "!join %s", voice);
    say(&r, 2, 4, words, channel, sizeof channel);
    snprintf(words, sizeof words, "shard 2: voice server for guild %s", guild);
    expect(&r, words);
    end(&r);
}

TEST(the_sharding_recipe_runs_as_many_shards_as_it_is_told)
{
    struct running r;

    start(&r, ARGS("--max-concurrency", "4", "--", example("sharding"), "--shards", "4"));
    expect_ready(&r, 4);
    end(&r);
}

TEST(the_sharding_recipe_runs_the_part_that_it_is_told)
{
    struct running r;
    char channel[32];

    start(&r,
          ARGS("--max-concurrency", "4", "--global-limit", "0", "--", example("sharding"),
               "--total-shards", "4", "--shard-start", "1", "--shard-end", "2"));
    expect_part_ready(&r, 4, 1, 2);
    say(&r, 2, 4, "!guilds", channel, sizeof channel);
    CHECK(is_answered(&r, channel,
                      "\"I'm in **4** guilds across **4** shards. "
                      "(2 of them have reported so far)\""));
    end(&r);
}

TEST(a_part_that_is_none_gets_a_sentence_and_2)
{
    struct program p;

    CHECK_INT(program_run(&p, ARGS("sim", "--port", "0", "--", example("sharding"),
                                   "--total-shards", "4", "--shard-start", "3",
                                   "--shard-end", "2")),
              2);
    CHECK(program_said(&p, "shard_first"));
    CHECK_INT(program_run(&p, ARGS("sim", "--port", "0", "--", example("sharding"),
                                   "--shard-start")),
              2);
    CHECK(program_said(&p, "usage: "));
}

/* ---- status.c ---------------------------------------------------------------------- */

TEST(the_status_table_has_every_shard_and_a_total)
{
    struct running r;

    start(&r, ARGS("--recommended-shards", "2", "--max-concurrency", "2", "--",
                   example("status"), "1"));
    expect(&r, "   0/2  ready");
    expect(&r, "   1/2  ready           4 guilds");
    expect(&r, "8 guilds, 2 of 2 shards have reported");
    end(&r);
}

/* ---- fleet.c ----------------------------------------------------------------------- */

/* Of a fleet `cordage run` makes in test_fleet; here the same bot alone. */
TEST(the_fleets_bot_runs_alone_too)
{
    struct running r;
    char channel[32];

    start(&r,
          ARGS("--recommended-shards", "2", "--max-concurrency", "2", "--global-limit",
               "0", "--message-limit", "0", "--", example("fleet")));
    expect_ready(&r, 2);
    say(&r, 1, 2, "!guilds", channel, sizeof channel);
    CHECK(is_answered(&r, channel, "\"8 guilds, 2 of 2 shards have reported\""));
    say(&r, 0, 2, "!announce tea is ready", channel, sizeof channel);
    expect(&r, "worker 0 of 1 hears from 0: tea is ready");
    end(&r);
}

/* ---- Bots that answer, on one shard
 * ---------------------------------------------------- */

/* Starts one that says nothing when it is ready; the report does. */
static void start_quiet(struct running *r, const char *name)
{
    start(r, ARGS("--recommended-shards", "1", "--global-limit", "0", "--message-limit",
                  "0", "--", example(name)));
    CHECK(report_has(r, "\"state\":\"live\"", 1));
}

/* The owner of its first guild says something, to which it answers. */
static void ask_bot(struct running *r, const char *words, const char *answer)
{
    char channel[32];

    say(r, 0, 1, words, channel, sizeof channel);
    if (!is_answered(r, channel, answer))
        fail_msg("\"%s\" was not answered by \"%s\"", words, answer);
}

TEST(the_cache_knows_channels_members_and_what_there_was)
{
    struct running r;

    start_quiet(&r, "caching");
    ask_bot(&r, "!here", "\"This is #");
    CHECK_INT(ask(&r, "/_sim/life", "{\"per_second\":500}", NULL, NULL), 204);
    expect(&r, "#");
    end(&r);
}

TEST(permissions_are_counted)
{
    struct running r;

    start_quiet(&r, "permissions");
    ask_bot(&r, "!may", "CREATE_INSTANT_INVITE, KICK_MEMBERS, ");
    ask_bot(&r, "!maykick 1", "\"You may not.\"");
    end(&r);
}

/* The name of the second member of the first guild. */
static void find_name(struct running *r, char *name, size_t size)
{
    struct json_parser *parser = json_parser_new();
    char guild[32], path[64];
    struct buf body = { 0 };
    cordage_json d;

    CHECK_INT(ask(r, "/_sim/world", NULL, NULL, &body), 200);
    CHECK_INT(json_parse(parser, buf_str(&body), &d), 0);
    copy_member(cordage_json_at(json_get(d, "guilds"), 0), "id", guild, sizeof guild);
    snprintf(path, sizeof path, "/_sim/world?guild=%s", guild);
    buf_clear(&body);
    CHECK_INT(ask(r, path, NULL, NULL, &body), 200);
    CHECK_INT(json_parse(parser, buf_str(&body), &d), 0);
    copy_member(json_get(cordage_json_at(json_get(d, "members"), 1), "user"), "username",
                name, size);
    buf_release(&body);
    json_parser_free(parser);
}

TEST(members_are_found)
{
    char name[64], words[80], answer[96];
    struct running r;

    start_quiet(&r, "members");
    find_name(&r, name, sizeof name);
    snprintf(words, sizeof words, "!find %s", name);
    snprintf(answer, sizeof answer, "\"content\":\"%s", name);
    ask_bot(&r, words, answer);
    ask_bot(&r, "!find qqqqqq", "\"Nobody has such a name. \"");
    end(&r);
}

TEST(any_route_can_be_asked)
{
    struct running r;

    start_quiet(&r, "rest");
    ask_bot(&r, "!topic Tides, and \\\"lights\\\"", "\"content\":\"Done.\"");
    end(&r);
}

TEST(a_quiz_waits_for_its_answer)
{
    struct running r;

    start_quiet(&r, "wait");
    ask_bot(&r, "!quiz", "\"What is 6 times 7?\"");
    ask_bot(&r, "42", "\"Right!\"");
    end(&r);
}

RUN_TESTS(T(ping_is_ready_and_answers_on_every_shard),
          T(so_does_its_twin_in_another_language),
          T(what_is_no_shard_count_gets_the_usage_and_2),
          T(the_sharding_recipe_does_all_that_it_says),
          T(the_sharding_recipe_runs_as_many_shards_as_it_is_told),
          T(the_sharding_recipe_runs_the_part_that_it_is_told),
          T(a_part_that_is_none_gets_a_sentence_and_2),
          T(the_status_table_has_every_shard_and_a_total),

          T(the_fleets_bot_runs_alone_too),
          T(the_cache_knows_channels_members_and_what_there_was),
          T(permissions_are_counted), T(members_are_found), T(any_route_can_be_asked),
          T(a_quiz_waits_for_its_answer))
