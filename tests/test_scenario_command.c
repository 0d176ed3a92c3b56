/* `cordage sim --scenario` as its users have it: around bots, good and bad. The clock is
 * a fast one (CORDAGE_TEST_SPEED), for the simulator and the bots alike. */
#include "program.h"
#include "tmpdir.h"

static const char quick[] = "title: a quick one\n"
                            "duration: 45s\n"
                            "settle: 3s\n"
                            "world: {guilds: 8}\n"
                            "limits: {recommended_shards: 2, max_concurrency: 2}\n"
                            "traffic: {rate: 20}\n"
                            "faults:\n"
                            "  - {at: 10s, do: close, code: 4000}\n"
                            "  - {at: 30s, do: deploy}\n"
                            "expect:\n"
                            "  lost_messages: 0\n"
                            "  doubled_messages: 0\n"
                            "  messages_seen: at least 700\n"
                            "  rules_broken: 0\n"
                            "  identifies: 1 per shard\n"
                            "  shards_live: all\n"
                            "  recovers_within: 20m\n";

static struct tmpdir dir;
static char path[300], sharding[600], text[PROGRAM_TEXT];

static void write_file(const char *content)
{
    FILE *out = fopen(path, "w");

    assert_non_null(out);
    fputs(content, out);
    CHECK_INT(fclose(out), 0);
}

/* What it printed to stdout, and its status. */
static int run(const char *const *args)
{
    struct program p;
    char line[4096];

    text[0] = '\0';
    program_start(&p, args);
    while (program_line(&p, line, sizeof line)) {
        strncat(text, line, sizeof text - strlen(text) - 2);
        strcat(text, "\n");
    }
    CHECK_INT(program_end(&p) >= 0, 1);
    strncat(text, p.err_text, sizeof text - strlen(text) - 1);
    return p.status;
}

static void said(const char *words)
{
    if (!strstr(text, words))
        fail_msg("\"%s\" wasn't said, but: %s", words, text);
}

TEST(a_bad_file_or_name_ends_it_with_2)
{
    write_file("duration: 1m\nexpect: {lost_mesages: 0}\n");
    CHECK_INT(run(ARGS("sim", "--port", "0", "--scenario", path)), 2);
    said(":2: expect has no 'lost_mesages'; did you mean 'lost_messages'?");
    CHECK_INT(run(ARGS("sim", "--port", "0", "--scenario", "deploy-hours")), 2);
    said("did you mean 'deploy-hour'?");
    CHECK_INT(run(ARGS("sim", "--port", "0", "--scenario", "./none.yaml")), 2);
    said("./none.yaml: No such file");
    CHECK_INT(run(ARGS("sim", "--scenario", path, "--deploy-signal", "KILL")), 2);
    said("--deploy-signal takes HUP, USR1, USR2 or INT, not 'KILL'");
    CHECK_INT(run(ARGS("sim", "--scenario", path, "--time-scale", "0")), 2);
    said("--time-scale takes a number from 0.01 to 1000, not '0'");
    CHECK_INT(run(ARGS("sim", "--scenario", path, "--time-scale", "1001")), 2);
    said("--time-scale takes a number from 0.01 to 1000, not '1001'");
    CHECK_INT(run(ARGS("sim", "--output", "x")), 2);
    said("--output is for a scenario");
    write_file(quick);
    CHECK_INT(run(ARGS("sim", "--scenario", path, "--log", "/no/such", "--", "true")), 2);
    said("--log /no/such: No such file or directory");
    CHECK_INT(run(ARGS("sim", "--scenario", path, "--log", "/tmp", "--", "true")), 2);
    said("--log /tmp: Is a directory");
}

TEST(the_shipped_ones_are_listed)
{
    CHECK_INT(run(ARGS("sim", "--scenario", "list")), 0);
    said("deploy-hour ");
    CHECK_INT(run(ARGS("sim", "--scenario", "list", "--json")), 0);
    said("[{\"name\":\"");
    said("{\"name\":\"deploy-hour\",\"title\":\"");
}

TEST(a_good_bot_meets_what_is_expected)
{
    write_file(quick);
    CHECK_INT(run(ARGS("sim", "--port", "0", "--scenario", path, "--", sharding, "--log",
                       "messages")),
              0);
    said("held    lost_messages: 0                      0 of ");
    said("held    command: keeps running");
    said("all 8 expectations held");
    said("00:10  close, code 4000: 2 connections");
    said("00:30  deploy");
}

TEST(a_bot_that_forgets_its_sessions_does_not)
{
    write_file(quick);
    CHECK_INT(run(ARGS("sim", "--json", "--port", "0", "--scenario", path, "--", "env",
                       "CORDAGE_STATE_DIR=", sharding, "--log", "messages")),
              1);
    said("\"passed\":false");
    said("{\"text\":\"identifies: 1 per shard\",\"line\":15,\"held\":false,\"found\":\"4 "
         "with "
         "2 shards\"}");
    said("{\"text\":\"lost_messages: 0\",\"line\":11,\"held\":false");
}

TEST(a_bot_that_ends_by_itself_has_failed)
{
    write_file("duration: 10s\nbegin: at once\nexpect: {rules_broken: 0}\n");
    CHECK_INT(run(ARGS("sim", "--port", "0", "--scenario", path, "--", "sh", "-c",
                       "echo good; echo bye >&2; exit 3")),
              1);
    said("FAILED  command: keeps running                it ended by itself, with status "
         "3");
    said("  | good\n");
    said("  | bye\n");
    write_file("duration: 10s\nbegin: at once\n"
               "expect: {command: ends, exit_status: 3, messages_seen: 2, "
               "doubled_messages: 1}\n");
    CHECK_INT(run(ARGS("sim", "--port", "0", "--scenario", path, "--", "sh", "-c",
                       "echo guild=5 n=1; echo guild=5 n=1; exit 3")),
              0);
}

TEST(a_command_that_cannot_be_run_is_named)
{
    write_file(quick);
    CHECK_INT(run(ARGS("sim", "--port", "0", "--scenario", path, "--", "/no/such")), 127);
    said("cannot run '/no/such'");
}

TEST(a_log_in_a_file_counts_and_output_is_kept)
{
    char log[400], output[400], line[100] = "";
    FILE *f;

    snprintf(log, sizeof log, "%s.log", path);
    snprintf(output, sizeof output, "%s.out", path);
    f = fopen(log, "w");
    assert_non_null(f);
    fputs("guild=5 n=1\nguild=5 n=2\n", f);
    fclose(f);
    write_file("duration: 2s\nsettle: 0\nbegin: at once\nexpect: {messages_seen: 2}\n");
    CHECK_INT(run(ARGS("sim", "--port", "0", "--scenario", path, "--log", log, "--output",
                       output, "--", "sh", "-c", "echo guild=5 n=1; exec sleep 100")),
              0);
    f = fopen(output, "r");
    assert_non_null(f);
    CHECK(fgets(line, sizeof line, f) != NULL);
    CHECK_STR(str_of(line), "guild=5 n=1\n");
    fclose(f);
}

static int set_up(void **state)
{
    const char *examples = getenv("CORDAGE_EXAMPLES");

    (void)state;
    dir = tmpdir_new();
    snprintf(path, sizeof path, "%s/day.yaml", dir.dir);
    snprintf(sharding, sizeof sharding, "%s/sharding",
             examples ? examples : "build/examples");
    /* The simulator's choice, as without a test: sessions live as long as it does. */
    unsetenv("CORDAGE_STATE_DIR");
    setenv("XDG_STATE_HOME", dir.dir, 1);
    return setenv("CORDAGE_TEST_SPEED", "10", 1);
}

static int tear_down(void **state)
{
    (void)state;
    tmpdir_free(&dir);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_bad_file_or_name_ends_it_with_2),
        T(the_shipped_ones_are_listed),
        T(a_good_bot_meets_what_is_expected),
        T(a_bot_that_forgets_its_sessions_does_not),
        T(a_bot_that_ends_by_itself_has_failed),
        T(a_command_that_cannot_be_run_is_named),
        T(a_log_in_a_file_counts_and_output_is_kept),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
