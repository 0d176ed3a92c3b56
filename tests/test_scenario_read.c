/* Every mistake is named with its line and what may stand there. */
#include "scenario_rig.h"

#define REST "duration: 10m\nexpect: {rules_broken: 0}\n"

TEST(a_file_with_everything_is_taken)
{
    struct scenario *s =
        scenario_of("title: a day\n"
                    "seed: 7\n"
                    "duration: 1h30m\n"
                    "settle: 5s\n"
                    "begin: first ready\n"
                    "world: {guilds: 12, members: 30, rich: yes, live: 2.5}\n"
                    "limits:\n"
                    "  max_concurrency: 4\n"
                    "  session ttl: 3m\n"
                    "  trim-acked: yes\n"
                    "  message_limit: 0\n"
                    "traffic:\n"
                    "  rate: 20\n"
                    "  day: 24h\n"
                    "  starts_at: 06:30\n"
                    "  curve:\n"
                    "    00:00: 0.1\n"
                    "    12:30: 1\n"
                    "  bursts:\n"
                    "    - {at: 5m, for: 30s, times: 8}\n"
                    "faults:\n"
                    "  - {at: 2m, do: close, code: 4000, shards: 25%}\n"
                    "  - every: 10m\n"
                    "    jitter: 30s\n"
                    "    do: silent\n"
                    "    for: 90s\n"
                    "    shards: [0, 3]\n"
                    "  - {per hour: 12, do: reset, shards: 2, from: 1m}\n"
                    "  - {at: 20m, do: outage, guilds: 10%, for: 1m}\n"
                    "expect:\n"
                    "  lost_messages: 0\n"
                    "  rules_broken: 0\n"
                    "  rules_allowed: [RATE_LIMIT]\n"
                    "  identifies: at most 2 per shard\n"
                    "  shards live: all\n");
    struct sim_config sim;
    struct routes_config routes;

    sim_config_default(&sim);
    routes_config_default(&routes);
    scenario_configure(s, &sim, &routes);
    CHECK_STR(str_of(scenario_title(s)), "a day");
    CHECK_INT(scenario_duration(s), 90 * 60000);
    CHECK(scenario_wants_log(s));
    CHECK_INT(sim.guilds, 12);
    CHECK_INT(sim.members, 30);
    CHECK(sim.rich && sim.trim_acked);
    CHECK_INT((int)(sim.live * 10), 25);
    CHECK_INT(sim.max_concurrency, 4);
    CHECK_INT(sim.session_ttl_ms, 180000);
    CHECK_INT(sim.session_limit, 1000); /* as it was */
    CHECK_INT(routes.message_limit, 0);
    CHECK_INT(routes.global_limit, 50);
    CHECK_INT(sim.seed, 7);
    scenario_free(s);
}

TEST(a_seed_is_a_whole_number_of_64_bits)
{
    static const struct {
        const char *text;
        uint64_t seed;
    } cases[] = {
        { REST "seed: 9007199254740993\n", 9007199254740993 },
        { REST "seed: 18446744073709551615\n", UINT64_MAX },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct scenario *s = scenario_of(cases[i].text);
        struct sim_config sim;
        struct routes_config routes;

        sim_config_default(&sim);
        routes_config_default(&routes);
        scenario_configure(s, &sim, &routes);
        CHECK(sim.seed == cases[i].seed);
        scenario_free(s);
    }
    scenario_is_refused(REST "seed: 18446744073709551616\n",
                        "day.yaml:3: seed takes a whole number from 0 to "
                        "18446744073709551615, not '18446744073709551616'");
}

TEST(yes_and_no_are_taken_in_any_case_and_a_byte_order_mark_is_passed_over)
{
    static const char *const texts[] = {
        "\xef\xbb\xbf" REST "world: {rich: True}\n",
        REST "world: {rich: yes}\n",
        REST "world: {rich: TRUE}\n",
        REST "world: {rich: On}\nfaults: [{at: 1m, do: drop, gap: False}]\n",
    };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct scenario *s = scenario_of(texts[i]);
        struct sim_config sim;
        struct routes_config routes;

        sim_config_default(&sim);
        routes_config_default(&routes);
        scenario_configure(s, &sim, &routes);
        CHECK(sim.rich);
        scenario_free(s);
    }
    scenario_is_refused("\xef\xbb\xbf" REST "duraton: 1\n",
                        "day.yaml:3: a scenario has no");
}

TEST(what_is_missing_is_asked_for)
{
    scenario_is_refused("", "day.yaml:1: a scenario says how long it lasts");
    scenario_is_refused("duration: 10m\n", "day.yaml:1: a scenario says what it expects");
    scenario_is_refused("duration: 10m\n\nexpect: {}\n",
                        "day.yaml:3: a scenario says what it expects");
    scenario_is_refused("- 1\n", "day.yaml:1: a scenario: here lines of the form");
}

TEST(an_unknown_key_is_named_with_its_line_and_the_one_that_was_meant)
{
    scenario_is_refused(
        REST "duraton: 3m\n",
        "day.yaml:3: a scenario has no 'duraton'; did you mean 'duration'?");
    scenario_is_refused(REST "world:\n  gilds: 3\n",
                        "day.yaml:4: world has no 'gilds'; did you mean 'guilds'?");
    scenario_is_refused(
        REST "world:\n  xyz: 3\n",
        "day.yaml:4: world has no 'xyz'; it has bots, guilds, members, rich, live");
    scenario_is_refused(
        "duration: 3m\nexpect:\n  identifes: 3\n",
        "day.yaml:3: expect has no 'identifes'; did you mean 'identifies'?");
    scenario_is_refused(REST "faults:\n  - {att: 3m, do: reset}\n",
                        "day.yaml:4: a fault has no 'att'; did you mean 'at'?");
    scenario_is_refused(REST "faults:\n  - {at: 3m, do: reset, shads: all}\n",
                        "day.yaml:4: a fault has no 'shads'; did you mean 'shards'?");
    scenario_is_refused(REST "faults:\n  - {at: 3m, do: outage, guids: 1}\n",
                        "day.yaml:4: this fault has no 'guids'; did you mean 'guilds'?");
}

TEST(a_wrong_value_is_named_with_what_it_may_be)
{
    static const char *const cases[][2] = {
        { "world: {guilds: many}\n",
          "day.yaml:3: guilds takes a whole number from 0 to 1000000, not 'many'" },
        { "world: {guilds: -1}\n", "day.yaml:3: guilds takes a whole number" },
        { "world: {guilds: [1]}\n", "day.yaml:3: guilds takes one value, not a list" },
        { "world: {rich: maybe}\n", "day.yaml:3: rich takes yes or no, not 'maybe'" },
        { "world: 3\n", "day.yaml:3: world: here lines of the form" },
        { "limits: {max_concurrency: 0}\n",
          "day.yaml:3: max_concurrency takes a whole number from 1 to 1024, not '0'" },
        { "limits: {heartbeat: 5}\n",
          "day.yaml:3: heartbeat takes a time from 100ms to 60m" },
        { "limits:\n\n  session_ttl: 25h\n",
          "day.yaml:5: session_ttl takes a time from 1s" },
        { "settle: 06:61\n", "day.yaml:3: settle takes a time" },
        { "settle: 5s3m\n", "day.yaml:3: settle takes a time" },
        { "settle:\n", "day.yaml:3: settle takes a time" },
        { "begin: later\n", "day.yaml:3: begin takes `all ready`" },
        { "seed: 1.5\n", "day.yaml:3: seed takes a whole number" },
        { "traffic: {rate: 1e9}\n", "day.yaml:3: rate takes a number from 0 to 100000" },
        { "traffic: {rate: nan}\n", "day.yaml:3: rate takes a number" },
        { "traffic: {starts_at: 06:30}\n", "day.yaml:3: starts_at is a time of day" },
        { "traffic: {curve: {}}\n", "day.yaml:3: a curve has 1 to 500 points" },
        { "traffic:\n  curve:\n    2m: 1\n    1m: 2\n",
          "day.yaml:6: the curve's points go forward in time" },
        { "traffic: {day: 1h, curve: {25:00: 1}}\n",
          "day.yaml:3: a point of the curve begins with a time of day" },
        { "traffic: {bursts: [{at: 1m, times: 3}]}\n",
          "day.yaml:3: a burst says how long" },
        { "traffic: {bursts: [{for: 1m, times: 3}]}\n",
          "day.yaml:3: a burst comes either" },
        { "faults: 3\n", "day.yaml:3: faults: here a list should stand" },
        { "faults: [reset]\n", "day.yaml:3: here lines of the form" },
        { "faults: [{at: 1m}]\n", "day.yaml:3: a fault says what happens" },
        { "faults: [{do: reset}]\n", "day.yaml:3: a fault comes `at` a time" },
        { "faults: [{at: 1m, every: 2m, do: reset}]\n",
          "day.yaml:3: a fault comes `at`" },
        { "faults: [{at: 11m, do: reset}]\n", "day.yaml:3: this would come after" },
        { "faults: [{every: 100ms, do: reset}]\n", NULL },
        { "faults: [{per_hour: 90000, do: reset}]\n",
          "day.yaml:3: this would happen more than 10000 times" },
        { "faults: [{every: 1m, from: 5m, until: 4m, do: reset}]\n",
          "day.yaml:3: until is before from" },
        { "faults: [{at: 1m, do: rest_a_while}]\n",
          "day.yaml:3: do takes no 'rest_a_while'; it takes outage, kick, deploy, "
          "reconnect, " },
        { "faults: [{at: 1m, do: outtage}]\n",
          "day.yaml:3: do takes no 'outtage'; did you mean 'outage'?" },
        { "faults: [{at: 1m, do: reset, for: 1s}]\n",
          "day.yaml:3: \"for_ms\" is no field of reset, which takes shard, bot" },
        { "faults: [{at: 1m, do: close, code: 999}]\n", "day.yaml:3: \"code\" must be" },
        { "faults: [{at: 1m, do: close, code: {a: 1}}]\n",
          "day.yaml:3: code takes one value" },
        { "faults: [{at: 1m, do: reset, shards: none}]\n",
          "day.yaml:3: shards takes all, a share like 25%" },
        { "faults: [{at: 1m, do: reset, shards: [x]}]\n",
          "day.yaml:3: a shard takes a whole number" },
        { "faults: [{at: 1m, do: reset, guilds: all}]\n", "day.yaml:3: guilds are for" },
        { "faults: [{at: 1m, do: outage, shards: all}]\n",
          "day.yaml:3: outage takes no `shards`" },
        { "faults: [{at: 1m, do: deploy, shards: 1}]\n",
          "day.yaml:3: deploy takes no `shards`" },
        { "faults: [{at: 1m, do: deploy, for: 1s}]\n",
          "day.yaml:3: deploy takes no `for`" },
        { "faults: [{at: 1m, do: deploy, guilds: 1}]\n",
          "day.yaml:3: deploy takes no `guilds`" },
        { "world: {guilds: 8}\nfaults: [{at: 1m, do: outage, guilds: [7, 99]}]\n",
          "day.yaml:4: there is no guild 99: the world has 8, counted from 0" },
        { "faults: [{at: 1m, do: outage, guilds: [99]}]\n", NULL },
        { "faults: [{at: 4s, jitter: 1h, do: reset}]\n",
          "day.yaml:3: with its jitter this may come after" },
        { "faults: [{every: 11m, do: reset}]\n", "day.yaml:3: this would come after" },
        { "faults: [{every: 5m, until: 4m, do: reset}]\n",
          "day.yaml:3: this would first come after its `until`" },
        { "traffic: {bursts: [{at: 1m, for: 5s, times: 3}]}\n",
          "day.yaml:3: a curve and bursts multiply the `rate`, which is 0" },
        { "traffic: {rate: 1, bursts: [{at: 10m, for: 5s, times: 3}]}\n",
          "day.yaml:3: this burst would come after the scenario's end" },
        { "traffic: {rate: 1, curve: {11m: 1}}\n",
          "day.yaml:3: this point of the curve is after the scenario's end" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[300];

        snprintf(text, sizeof text, "%s%s", REST, cases[i][0]);
        if (cases[i][1])
            scenario_is_refused(text, cases[i][1]);
        else
            scenario_free(scenario_of(text));
    }
}

TEST(a_wrong_expectation_is_named_with_what_it_may_be)
{
    static const char *const cases[][2] = {
        { "identifies: at least\n", "day.yaml:3: identifies takes a number like 0" },
        { "identifies: at most 3 per guild\n", "day.yaml:3: identifies takes a number" },
        { "lost_messages: [0]\n", "day.yaml:3: lost_messages takes a number like 0" },
        { "recovers_within: 30\n", "day.yaml:3: recovers_within takes a time like 30s" },
        { "shards_live: most\n", "day.yaml:3: shards_live takes `all`" },
        { "command: stops\n", "day.yaml:3: command takes `keeps running` or `ends`" },
        { "exit_status: 256\n", "day.yaml:3: exit_status takes a status" },
        { "rules_allowed: RATE_LIMIT\n", "day.yaml:3: rules_allowed: here a list" },
        { "rules_allowed: [RATELIMIT]\n",
          "day.yaml:3: there is no rule 'RATELIMIT'; did you mean 'RATE_LIMIT'?" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[300];

        snprintf(text, sizeof text, "duration: 1m\nexpect:\n  %s", cases[i][0]);
        scenario_is_refused(text, cases[i][1]);
    }
}

TEST(what_no_scenario_needs_of_yaml_is_refused)
{
    static const char *const cases[][2] = {
        { REST "duration: 5m\n",
          "day.yaml:3: 'duration' stands here a second time, after line 1" },
        { REST "world: {rich: yes, rich: no}\n",
          "day.yaml:3: 'rich' stands here a second time" },
        { REST "limits: {session_ttl: 1m, session ttl: 2m}\n",
          "day.yaml:3: 'session ttl' stands here a second time" },
        { REST "world: &w {guilds: 1}\n", "day.yaml:3: a scenario has no anchors" },
        { REST "world: *w\n", "day.yaml:3: a scenario has no aliases" },
        { REST "seed: !!str 1\n", "day.yaml:3: a scenario has no tags" },
        { REST "---\nduration: 1m\n", "day.yaml:3: a second document begins here" },
        { REST "[a]: 1\n", "day.yaml:3: a key is one word or a few" },
        { REST "world: {guilds: 1\n", "day.yaml:4: this is no YAML" },
        { REST "\tworld: 1\n", "day.yaml:3: this is no YAML" },
        { REST "title: \xff\n", "day.yaml:3: this is no YAML" },
        { REST "title: \"a\\0b\"\n", "day.yaml:3: there is a NUL in this" },
        { REST "a: [[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]\n",
          "day.yaml:3: this stands deeper" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        scenario_is_refused(cases[i][0], cases[i][1]);
}

TEST(a_file_that_is_too_large_is_refused)
{
    struct buf text = { 0 };

    for (int i = 0; i < 6000; i++)
        CHECK_INT(buf_append_z(&text, "- 1\n"), 0);
    buf_zero_end(&text);
    scenario_is_refused(text.p, "day.yaml:5000: there is more in this file");
    for (int i = 0; i < 60000; i++)
        CHECK_INT(buf_append_z(&text, "- 1\n"), 0);
    buf_zero_end(&text);
    scenario_is_refused(text.p, "day.yaml:1: a scenario has at most 262144 bytes");
    buf_release(&text);
}

TEST(the_shipped_ones_are_read)
{
    cordage_error error = { 0 };
    struct scenario *s;
    size_t n = 0;

    for (const char *name; (name = scenario_shipped_name(n)); n++) {
        if (scenario_read(name, scenario_shipped(name), &s, &error) < 0)
            fail_msg("%s", error.message);
        scenario_free(s);
    }
    CHECK(n > 0);
    CHECK_INT(scenario_shipped("nothing").n, 0);
}

static struct buf read_page(void)
{
    FILE *in = fopen(SOURCE_ROOT "/docs/scenarios.md", "r");
    struct buf page = { 0 };

    assert_non_null(in);
    while (!feof(in)) {
        CHECK_INT(buf_reserve(&page, BUFSIZ), 0);
        page.n += fread(page.p + page.n, 1, BUFSIZ, in);
    }
    fclose(in);
    return page;
}

TEST(the_documents_example_is_read_and_the_shipped_ones_are_in_it)
{
    struct buf page = read_page();
    struct str rest = buf_str(&page);
    size_t begin = str_find(rest, STR("```yaml\n")), end;
    char name[80], *text;

    CHECK(begin != SIZE_MAX);
    rest = (struct str){ rest.p + begin + 8, rest.n - begin - 8 };
    end = str_find(rest, STR("```"));
    CHECK(end != SIZE_MAX);
    text = strndup(rest.p, end);
    scenario_free(scenario_of(text));
    free(text);
    for (size_t i = 0; scenario_shipped_name(i); i++) {
        snprintf(name, sizeof name, "scenarios/%s.yaml", scenario_shipped_name(i));
        if (str_find(buf_str(&page), str_of(name)) == SIZE_MAX)
            fail_msg("docs/scenarios.md doesn't have %s", name);
    }
    buf_release(&page);
}

RUN_TESTS(T(the_documents_example_is_read_and_the_shipped_ones_are_in_it),
          T(a_file_with_everything_is_taken), T(a_seed_is_a_whole_number_of_64_bits),
          T(yes_and_no_are_taken_in_any_case_and_a_byte_order_mark_is_passed_over),
          T(what_is_missing_is_asked_for),
          T(an_unknown_key_is_named_with_its_line_and_the_one_that_was_meant),
          T(a_wrong_value_is_named_with_what_it_may_be),
          T(a_wrong_expectation_is_named_with_what_it_may_be),
          T(what_no_scenario_needs_of_yaml_is_refused),
          T(a_file_that_is_too_large_is_refused), T(the_shipped_ones_are_read))
