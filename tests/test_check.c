#include "test.h"

#include "check.h"

static int feed(struct check *c, const char *line)
{
    return check_line(c, str_of(line), NULL);
}

/* Feeds messages of guild 7 with these numbers; 0 ends them. */
static void feed_numbers(struct check *c, const int *numbers)
{
    char line[64];

    for (; *numbers; numbers++) {
        snprintf(line, sizeof line, "12:00:01 got guild=7 n=%d", *numbers);
        CHECK_INT(feed(c, line), 0);
    }
}
#define NUMBERS(...) ((const int[]){ __VA_ARGS__, 0 })

static void expect_counts(const struct check *c, int lost, int doubled, int out_of_order)
{
    CHECK_INT(c->n[CHECK_LOST], lost);
    CHECK_INT(c->n[CHECK_DOUBLED], doubled);
    CHECK_INT(c->n[CHECK_OUT_OF_ORDER], out_of_order);
    CHECK_INT(c->n[CHECK_UNKNOWN], 0);
    CHECK(check_passed(c) == (lost + doubled + out_of_order == 0 && c->messages > 0));
}

TEST(a_whole_log_passes)
{
    struct check c = { 0 };

    feed_numbers(&c, NUMBERS(1, 2, 3, 4, 5));
    CHECK_INT(feed(&c, "guild=8 n=1"), 0);
    CHECK_INT(feed(&c, "guild=8 n=2"), 0);
    CHECK_INT(check_finish(&c), 0);
    expect_counts(&c, 0, 0, 0);
    CHECK_INT(c.messages, 7);
    CHECK_INT(c.n_guilds, 2);
    check_release(&c);
}

TEST(an_empty_log_does_not_pass)
{
    struct check c = { 0 };

    CHECK_INT(feed(&c, "started"), 0);
    CHECK_INT(check_finish(&c), 0);
    CHECK(!check_passed(&c));
    check_release(&c);
}

TEST(lost_doubled_and_late_are_told_apart)
{
    struct check c = { 0 };

    feed_numbers(&c, NUMBERS(1, 2, 6, 4, 2, 7, 4, 9));
    CHECK_INT(check_finish(&c), 0);
    /* 3, 5 and 8 never came; 2 and 4 came again; 4 came after 6. */
    expect_counts(&c, 3, 2, 1);
    CHECK_INT(c.n_findings, 6);
    CHECK_INT(c.findings[0].kind, CHECK_OUT_OF_ORDER);
    CHECK_INT(c.findings[0].first, 4);
    CHECK_INT(c.findings[0].line, 4);
    CHECK_INT(c.findings[3].kind, CHECK_LOST);
    CHECK_INT(c.findings[3].first, 3);
    CHECK_INT(c.findings[3].line, 3);
    CHECK_INT(c.findings[5].first, 8);
    CHECK_INT(c.findings[5].line, 8);
    check_release(&c);
}

TEST(what_came_before_the_lowest_is_missed_only_from_the_start)
{
    struct check c = { 0 };

    feed_numbers(&c, NUMBERS(5, 4, 6));
    CHECK_INT(check_finish(&c), 0);
    expect_counts(&c, 0, 0, 1);
    check_release(&c);

    c.from_start = true;
    feed_numbers(&c, NUMBERS(5, 4, 6));
    CHECK_INT(check_finish(&c), 0);
    expect_counts(&c, 3, 0, 1);
    check_release(&c);
}

TEST(a_gap_closes_from_any_side)
{
    struct check c = { 0 };

    feed_numbers(&c, NUMBERS(1, 10, 2, 9, 5, 4, 6, 3, 8, 7));
    CHECK_INT(check_finish(&c), 0);
    expect_counts(&c, 0, 0, 8);
    check_release(&c);
}

TEST(the_check_agrees_with_a_plain_table)
{
    enum { N = 300 };

    for (unsigned seed = 1; seed <= 20; seed++) {
        struct check c = { 0 };
        bool seen[N + 1] = { false };
        int doubled = 0, late = 0, lost = 0, highest = 0, lowest = N + 1;
        unsigned dice = seed;

        for (int i = 0; i < N; i++) {
            int n;

            dice = dice * 1103515245u + 12345u;
            n = 1 + (int)((dice >> 16) % N);
            feed_numbers(&c, NUMBERS(n));
            if (seen[n])
                doubled++;
            else if (n < highest)
                late++;
            seen[n] = true;
            highest = n > highest ? n : highest;
            lowest = n < lowest ? n : lowest;
        }
        for (int n = lowest; n < highest; n++)
            lost += !seen[n];
        CHECK_INT(check_finish(&c), 0);
        expect_counts(&c, lost, doubled, late);
        check_release(&c);
    }
}

TEST(keys_must_be_words_of_their_own)
{
    struct check c = { 0 };

    CHECK_INT(feed(&c, "myguild=7 n=5"), 0);
    CHECK_INT(feed(&c, "guild=7 min=5"), 0);
    CHECK_INT(feed(&c, "n=5 guild=7"), 0);
    CHECK_INT(c.messages, 0);
    CHECK_INT(feed(&c, "{\"content\":\"guild=7 n=5\"}"), 0);
    CHECK_INT(feed(&c, "min=3 guild=7, min=4, n=6."), 0);
    CHECK_INT(c.messages, 2);
    check_release(&c);
}

TEST(a_line_with_keys_but_no_numbers_is_an_error)
{
    struct check c = { 0 };
    cordage_error error;

    CHECK_INT(check_line(&c, STR("guild=x n=1"), &error), CORDAGE_EPARSE);
    CHECK_STR(str_of(error.message), "'guild=x' is not a guild's id");
    CHECK_INT(check_line(&c, STR("guild=7 n=0"), &error), CORDAGE_EPARSE);
    CHECK_STR(str_of(error.message), "'n=0' is not a number from 1");
    CHECK_INT(check_line(&c, STR("guild=7 n=18446744073709551616"), &error),
              CORDAGE_EPARSE);
    CHECK_INT(check_line(&c, STR("guild=7 n="), &error), CORDAGE_EPARSE);
    check_release(&c);
}

/* Applies a report to the check. */
static int apply(struct check *c, const char *json, cordage_error *error)
{
    struct json_parser *parser = json_parser_new();
    struct buf text = { 0 };
    cordage_json report;
    int err;

    CHECK_INT(buf_append_z(&text, json), 0);
    CHECK_INT(json_parse(parser, buf_str(&text), &report), 0);
    err = check_report(c, report, error);
    json_parser_free(parser);
    buf_release(&text);
    return err;
}

TEST(the_report_says_what_should_have_come)
{
    struct check c = { 0 };

    feed_numbers(&c, NUMBERS(3, 4));
    CHECK_INT(apply(&c, "{\"traffic\":{\"7\":6,\"8\":2,\"9\":0}}", NULL), 0);
    CHECK_INT(check_finish(&c), 0);
    /* 5 and 6 of guild 7, and all of guild 8. */
    expect_counts(&c, 4, 0, 0);
    check_release(&c);
}

TEST(a_number_beyond_the_report_is_unknown)
{
    struct check c = { 0 };

    feed_numbers(&c, NUMBERS(1, 2, 3));
    CHECK_INT(apply(&c, "{\"traffic\":{\"7\":2}}", NULL), 0);
    CHECK_INT(check_finish(&c), 0);
    CHECK_INT(c.n[CHECK_UNKNOWN], 1);
    CHECK(!check_passed(&c));
    check_release(&c);
}

TEST(a_report_of_another_shape_is_refused)
{
    struct check c = { 0 };
    cordage_error error;

    CHECK_INT(apply(&c, "{}", &error), CORDAGE_EPARSE);
    CHECK_STR(str_of(error.message),
              "the report has no \"traffic\"; ask for /_sim/report?traffic=1");
    CHECK_INT(apply(&c, "{\"traffic\":{\"x\":1}}", &error), CORDAGE_EPARSE);
    CHECK_INT(apply(&c, "{\"traffic\":{\"7\":\"1\"}}", &error), CORDAGE_EPARSE);
    check_release(&c);
}

TEST(the_verdict_is_json)
{
    struct check c = { 0 };
    struct json_writer w;
    struct buf out = { 0 };

    feed_numbers(&c, NUMBERS(1, 3));
    CHECK_INT(check_finish(&c), 0);
    json_begin(&w, &out);
    check_write(&c, &w);
    CHECK_INT(json_end(&w), 0);
    CHECK_STR(buf_str(&out),
              "{\"passed\":false,\"guilds\":1,\"messages\":2,\"lost\":1,\"doubled\":0,"
              "\"out_of_order\":0,\"unknown\":0,\"findings\":[{\"kind\":\"lost\","
              "\"guild\":\"7\",\"first\":2,\"last\":2,\"line\":2}]}");
    buf_release(&out);
    check_release(&c);
}

RUN_TESTS(T(a_whole_log_passes), T(an_empty_log_does_not_pass),
          T(lost_doubled_and_late_are_told_apart),
          T(what_came_before_the_lowest_is_missed_only_from_the_start),
          T(a_gap_closes_from_any_side), T(the_check_agrees_with_a_plain_table),
          T(keys_must_be_words_of_their_own),
          T(a_line_with_keys_but_no_numbers_is_an_error),
          T(the_report_says_what_should_have_come),
          T(a_number_beyond_the_report_is_unknown),
          T(a_report_of_another_shape_is_refused), T(the_verdict_is_json))
