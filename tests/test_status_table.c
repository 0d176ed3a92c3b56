/* What `cordage status` shows of a fleet's document. */
#include "test.h"

#include "status_table.h"
#include "view.h"

enum { SHARDS = 40, HOUR = 3600 * 1000 };

struct rig {
    struct view v;
    struct view_shard shards[SHARDS];
    struct view_worker workers[12];
    struct buf text;
    char *lines[200];
    unsigned n;
};

/* All is well: `n` shards on `workers` workers. */
static struct rig *rig_new(uint32_t n, uint32_t workers)
{
    struct rig *r = calloc(1, sizeof *r);

    r->v = (struct view){ .application_id = 123456789012345678,
                          .release = "0.1.0",
                          .started_at = 1000,
                          .wall = 1000 + 2 * HOUR,
                          .count = n,
                          .last = n - 1,
                          .shards = r->shards,
                          .n_workers = workers,
                          .workers = r->workers,
                          .guilds = { 1204, n, n },
                          .events = 1234567,
                          .budget = { .total = 1000,
                                      .allowed = 880,
                                      .reserve = 100,
                                      .used_24h = 20,
                                      .reset_at = 1000 + 2 * HOUR + 65 * 1000 } };
    for (uint32_t i = 0; i < n; i++)
        r->shards[i] = (struct view_shard){ .info = { .id = i,
                                                      .count = n,
                                                      .state = CORDAGE_SHARD_READY,
                                                      .guilds = 30,
                                                      .latency_ms = 43,
                                                      .last_event_ms = 2000,
                                                      .events_per_s = 12.5 },
                                            .reported = true,
                                            .worker = i * workers / n };
    for (uint32_t i = 0; i < workers; i++)
        r->workers[i] = (struct view_worker){ .index = i,
                                              .state = VIEW_WORKER_RUNNING,
                                              .pid = 4711 + i,
                                              .first = i * n / workers,
                                              .last = (i + 1) * n / workers - 1,
                                              .last_exit = -1,
                                              .rss_bytes = 50 << 20 };
    return r;
}

static void show(struct rig *r, unsigned width, unsigned height, bool colour)
{
    struct json_parser *parser = json_parser_new();
    struct status_look look = { width, height, colour, true };
    struct buf document = { 0 };
    cordage_json json;
    char *at;

    buf_clear(&r->text);
    r->n = 0;
    CHECK_INT(view_json(&r->v, &document), 0);
    CHECK_INT(json_parse(parser, buf_str(&document), &json), 0);
    CHECK_INT(status_table(json, &look, &r->text), 0);
    CHECK(buf_zero_end(&r->text) != NULL);
    for (at = strtok(r->text.p, "\n"); at; at = strtok(NULL, "\n"))
        r->lines[r->n++] = at;
    json_parser_free(parser);
    buf_release(&document);
}

/* The line that begins with these words, after blanks. */
static const char *line(struct rig *r, const char *start)
{
    for (unsigned i = 0; i < r->n; i++) {
        const char *at = r->lines[i] + strspn(r->lines[i], " ");

        if (strncmp(at, start, strlen(start)) == 0)
            return r->lines[i];
    }
    fail_msg("no line begins with \"%s\"", start);
    return "";
}

static void rig_free(struct rig *r)
{
    buf_release(&r->text);
    free(r);
}

TEST(all_is_well)
{
    struct rig *r = rig_new(4, 2);

    show(r, 80, 0, false);
    CHECK_STR(str_of(r->lines[0]),
              "cordage 0.1.0, application 123456789012345678, up 2 h 0 min, running");
    CHECK_STR(str_of(line(r, "Shards")), "Shards    4 of 4 ready, 50.0 events/s");
    CHECK_STR(str_of(line(r, "Guilds")), "Guilds    1,204");
    CHECK_STR(
        str_of(line(r, "Identify")),
        "Identify  880 of 1000 left (100 in reserve), 20 in 24 h, anew in 1 min 5 s");
    CHECK_STR(str_of(line(r, "0    0    4711")),
              "     0    0    4711  running           0-1  0.00     50        0");
    CHECK_STR(str_of(line(r, "3      1")),
              "    3      1  ready            30    43 ms      12.5     2 s       0");
    rig_free(r);
}

TEST(a_total_says_what_it_lacks)
{
    struct rig *r = rig_new(4, 2);

    r->v.guilds = (cordage_guild_total){ 900, 3, 4 };
    r->shards[2].info.state = CORDAGE_SHARD_CONNECTING;
    r->v.done_at = r->v.wall + 30 * 1000;
    show(r, 80, 0, false);
    CHECK_STR(str_of(line(r, "Guilds")),
              "Guilds    900 so far: 3 of 4 shards have reported theirs");
    CHECK_STR(str_of(line(r, "Shards")),
              "Shards    3 of 4 ready, the last in 30 s, 50.0 events/s");
    rig_free(r);
}

TEST(a_part_of_the_shards_is_named_as_one)
{
    struct rig *r = rig_new(4, 2);

    r->v.count = 16;
    r->v.first = 4;
    r->v.last = 7;
    show(r, 80, 0, false);
    CHECK_STR(str_of(line(r, "Shards")), "Shards    4 of 4 ready (4 to 7 of 16), 50.0 "
                                         "events/s");
    rig_free(r);
}

TEST(a_fleet_that_knows_no_shards_yet)
{
    struct rig *r = rig_new(4, 2);

    r->v.count = r->v.last = r->v.n_workers = 0;
    r->v.shards = NULL;
    show(r, 80, 24, false);
    CHECK(strstr(line(r, "Shards"), "not known yet") != NULL);
    rig_free(r);
}

TEST(what_is_not_ready_comes_first_and_says_why)
{
    struct rig *r = rig_new(SHARDS, 2);
    unsigned head = 0;

    r->shards[30].info.state = CORDAGE_SHARD_RESUMING;
    r->shards[30].info.close_code = 4009;
    r->shards[31].info.paused = true;
    r->shards[32].moving = true;
    r->shards[32].dark_at = r->v.wall - 3000;
    r->shards[33].info.state = CORDAGE_SHARD_WAITING;
    r->shards[33].worker = UINT32_MAX;
    r->shards[34].info.state = CORDAGE_SHARD_STOPPED;
    show(r, 80, 0, false);
    while (strncmp(r->lines[head], "SHARD", 5) != 0)
        head++;
    CHECK_STR(str_of(r->lines[head + 1]),
              "   30      1  resuming         30    43 ms      "
              "12.5     2 s       0  close 4009");
    CHECK(strstr(r->lines[head + 2], "queue full") != NULL);
    CHECK(strstr(r->lines[head + 3], "moving") != NULL);
    CHECK(strstr(r->lines[head + 3], "dark 3 s") != NULL);
    CHECK(strncmp(r->lines[head + 4], "   33      -  waiting", 21) == 0);
    CHECK(strncmp(r->lines[head + 5], "   34      1  stopped", 21) == 0);
    CHECK(strncmp(r->lines[head + 6], "    0      0  ready", 19) == 0);
    CHECK_INT(r->n - head - 1, SHARDS);
    rig_free(r);
}

TEST(what_does_not_fit_is_counted)
{
    struct rig *r = rig_new(SHARDS, 12);

    r->shards[39].info.state = CORDAGE_SHARD_WAITING;
    r->workers[7].state = VIEW_WORKER_RESTING;
    r->workers[7].starts_at = r->v.wall + 4000;
    r->workers[7].restarts = 3;
    for (unsigned height = 14; height < 70; height++) {
        size_t blank = 0;

        show(r, 80, height, false);
        blank += 2; /* strtok takes them away */
        if (r->n + blank > height)
            fail_msg("%u lines of %u", r->n, height);
        if (r->n + blank < height)
            CHECK(strstr(r->lines[r->n - 1], "more (--all") == NULL);
    }
    show(r, 80, 24, false);
    CHECK(strstr(line(r, "7    0"), "resting") != NULL);
    CHECK(strstr(line(r, "7    0"), "starts in 4 s") != NULL);
    CHECK(strstr(line(r, "... 11 of 12"), "run") != NULL);
    CHECK(strstr(line(r, "... and"), "more (--all shows them)") != NULL);
    CHECK(strstr(line(r, "39     11"), "waiting") != NULL);
    rig_free(r);
}

TEST(no_line_is_wider_than_it_may_be)
{
    struct rig *r = rig_new(SHARDS, 12);

    for (unsigned width = 1; width < 100; width += 3) {
        show(r, width, 0, false);
        for (unsigned i = 0; i < r->n; i++)
            CHECK(strlen(r->lines[i]) <= width);
    }
    rig_free(r);
}

TEST(the_usual_lines_fit_80_columns)
{
    struct rig *r = rig_new(SHARDS, 8);

    r->shards[3].info = (cordage_shard_info){ .id = 65535,
                                              .count = SHARDS,
                                              .state = CORDAGE_SHARD_IDENTIFYING,
                                              .guilds = 2500,
                                              .latency_ms = 10000,
                                              .last_event_ms = 99 * 60 * 1000,
                                              .events_per_s = 12345.6,
                                              .resumes = 1234,
                                              .close_code = 4009 };
    r->workers[2].pid = 4194304;
    r->workers[2].state = VIEW_WORKER_RESTING;
    r->workers[2].starts_at = r->v.wall + 59000;
    r->workers[2].first = 65000;
    r->workers[2].last = 65535;
    r->workers[2].rss_bytes = 64ull << 30;
    show(r, UINT16_MAX, 0, false);
    for (unsigned i = 0; i < r->n; i++)
        if (strlen(r->lines[i]) > 80)
            fail_msg("%zu: \"%s\"", strlen(r->lines[i]), r->lines[i]);
    rig_free(r);
}

TEST(colours_are_for_those_who_want_them)
{
    struct rig *r = rig_new(4, 2);

    show(r, 80, 0, false);
    for (unsigned i = 0; i < r->n; i++)
        CHECK(strchr(r->lines[i], '\033') == NULL);
    r->shards[1].info.state = CORDAGE_SHARD_STOPPED;
    show(r, 80, 0, true);
    CHECK(strstr(line(r, "1      0"), "\033[1;31mstopped    \033[0m") != NULL);
    CHECK(strstr(line(r, "2      1"), "\033[32mready      \033[0m") != NULL);
    rig_free(r);
}

TEST(another_document_is_refused)
{
    struct json_parser *parser = json_parser_new();
    struct status_look look = { 80, 0, false };
    static const char *const documents[] = { "[]", "3", "{}", "{\"shard_count\":3}" };
    struct buf text = { 0 };

    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++) {
        struct buf document = { 0 };
        cordage_json json;

        CHECK_INT(buf_append_z(&document, documents[i]), 0);
        CHECK_INT(json_parse(parser, buf_str(&document), &json), 0);
        CHECK_INT(status_table(json, &look, &text), CORDAGE_EPARSE);
        CHECK_INT(text.n, 0);
        buf_release(&document);
    }
    json_parser_free(parser);
}

TEST(words_from_elsewhere_do_not_steer_the_terminal)
{
    struct json_parser *parser = json_parser_new();
    struct status_look look = { 80, 0, false };
    struct buf document = { 0 }, text = { 0 };
    cordage_json json;

    CHECK_INT(
        buf_append_z(&document,
                     "{\"shard_count\":1,\"shards\":[{\"shard\":0,\"state\":\"\\u001b[2J"
                     "\"}],\"state\":\"\\u001b]0;x\\u0007\",\"release\":\"\\n\\n\"}"),
        0);
    CHECK_INT(json_parse(parser, buf_str(&document), &json), 0);
    CHECK_INT(status_table(json, &look, &text), 0);
    for (size_t i = 0; i < text.n; i++)
        CHECK(text.p[i] == '\n' || (unsigned char)text.p[i] >= ' ');
    buf_release(&document);
    buf_release(&text);
    json_parser_free(parser);
}

RUN_TESTS(T(all_is_well), T(a_total_says_what_it_lacks),
          T(a_part_of_the_shards_is_named_as_one), T(a_fleet_that_knows_no_shards_yet),
          T(what_is_not_ready_comes_first_and_says_why), T(what_does_not_fit_is_counted),
          T(no_line_is_wider_than_it_may_be), T(the_usual_lines_fit_80_columns),
          T(colours_are_for_those_who_want_them), T(another_document_is_refused),
          T(words_from_elsewhere_do_not_steer_the_terminal))
