/* `cordage sim` as its users have it: a program, started, asked over HTTPS, and ended. */
#include <arpa/inet.h>
#include <dirent.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "cordage/version.h"
#include "simprog.h"

/* ---- Listening ------------------------------------------------------------ */

TEST(it_says_how_to_connect_and_ends_at_a_signal)
{
    struct buf body = { 0 };
    struct running r;

    start(&r, ARGS("--recommended-shards", "3", "--session-limit", "77"));
    CHECK_INT(ask_as_bot(&r, "/api/v10/gateway/bot", &body), 200);
    CHECK(str_find(buf_str(&body), STR("\"shards\":3")) != SIZE_MAX);
    CHECK(str_find(buf_str(&body), STR("\"remaining\":77")) != SIZE_MAX);
    CHECK_INT(ask(&r, "/_sim/report", NULL, NULL, NULL), 200);
    CHECK_INT(ask(&r, "/_sim/report", NULL, "Host: evil.example", NULL), 403);
    CHECK_INT(ask(&r, "/_sim/report", NULL, "Origin: https://evil.example", NULL), 403);
    CHECK_INT(ask(&r, "/_sim/fault", "{\"kind\":\"reconnect\"}", NULL, NULL), 200);
    CHECK_INT(ask(&r, "/_sim/fault", "{\"kind\":\"x\"}", NULL, NULL), 400);
    CHECK_INT(stop(&r), 0);
    CHECK(program_said(&r.program, "no rule was broken"));
    CHECK(!program_said(&r.program, r.token));
    buf_release(&body);
}

TEST(its_page_is_served_to_this_machine_alone)
{
    const char *const args[] = { NULL };
    struct buf body = { 0 };
    struct running r;

    start(&r, args);
    CHECK_INT(ask(&r, "/_sim", NULL, NULL, &body), 200);
    CHECK(str_starts(buf_str(&body), STR("<!doctype html>")));
    CHECK_INT(ask(&r, "/_sim/", NULL, NULL, NULL), 200);
    CHECK_INT(ask(&r, "/_sim/page.js", NULL, NULL, NULL), 200);
    CHECK_INT(ask(&r, "/_sim/page.css", NULL, NULL, NULL), 200);
    CHECK_INT(ask(&r, "/_sim/icon.svg", NULL, NULL, NULL), 200);
    CHECK_INT(ask(&r, "/_sim/none.js", NULL, NULL, NULL), 404);
    CHECK_INT(ask(&r, "/_sim", "x=1", NULL, NULL), 404);
    CHECK_INT(ask(&r, "/_sim", NULL, "Host: example.com", NULL), 403);
    CHECK_INT(ask(&r, "/_sim", NULL, "Origin: https://example.com", NULL), 403);
    CHECK_INT(stop(&r), 0);
    buf_release(&body);
}

TEST(sigint_ends_it_too)
{
    struct running r;

    start(&r, ARGS("--seed", "5"));
    kill(r.program.pid, SIGINT);
    CHECK_INT(program_end(&r.program), 0);
}

TEST(broken_rules_are_told)
{
    struct running r;

    start(&r, ARGS("--guilds", "1"));
    CHECK_INT(ask(&r, "/api/v10/users/@me", NULL, "Authorization: Bot wrong", NULL), 401);
    CHECK_INT(stop(&r), 0);
    CHECK(program_said(&r.program, "rule broken: UNAUTHORIZED"));
    CHECK(program_said(&r.program, "1 rule was broken"));
}

TEST(without_json_it_prints_what_to_paste)
{
    struct program p;
    char line[4096], text[16384] = "";

    program_start(&p, ARGS("sim", "--port", "0"));
    while (program_line(&p, line, sizeof line) && !strstr(line, "Ctrl-C"))
        strncat(text, line, sizeof text - strlen(text) - 1);
    CHECK(strstr(text, "export DISCORD_TOKEN='") != NULL);
    CHECK(strstr(text, "export CORDAGE_API='https://127.0.0.1:") != NULL);
    CHECK(strstr(text, "export CORDAGE_CA_FILE='/") != NULL);
    CHECK(strstr(text, "export NODE_EXTRA_CA_CERTS='/") != NULL);
    CHECK(strstr(text, "export SSL_CERT_FILE='/") != NULL);
    kill(p.pid, SIGTERM);
    CHECK_INT(program_end(&p), 0);
}

TEST(its_keys_are_its_users_alone)
{
    struct running r;
    char path[600], *name;
    struct stat st;

    start(&r, ARGS("--guilds", "1"));
    snprintf(path, sizeof path, "%s", r.ca_file);
    name = strrchr(path, '/');
    CHECK_INT(stat(path, &st), 0);
    *name = '\0';
    CHECK_INT(stat(path, &st), 0);
    CHECK_INT(st.st_mode & 0777, 0700);
    for (const char *key = "ca.key"; key; key = *key == 'c' ? "server.key" : NULL) {
        *name = '/';
        strcpy(name + 1, key);
        CHECK_INT(stat(path, &st), 0);
        CHECK_INT(st.st_mode & 0777, 0600);
    }
    CHECK_INT(stop(&r), 0);
}

TEST(a_port_in_use_is_named_with_its_flag)
{
    struct sockaddr_in at = { .sin_family = AF_INET,
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof at;
    char port[16];
    struct program p;
    int fd;

    /* A free port that has two behind it. */
    do {
        fd = socket(AF_INET, SOCK_STREAM, 0);
        at.sin_port = 0;
        CHECK_INT(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
        CHECK_INT(listen(fd, 1), 0);
        CHECK_INT(getsockname(fd, (struct sockaddr *)&at, &n), 0);
        if (ntohs(at.sin_port) > 65533)
            close(fd);
    } while (ntohs(at.sin_port) > 65533);
    snprintf(port, sizeof port, "%u", ntohs(at.sin_port));
    CHECK_INT(program_run(&p, ARGS("sim", "--port", port)), 1);
    CHECK(program_said(&p, "127.0.0.1 port "));
    CHECK(program_said(&p, "--port"));
    close(fd);
}

/* ---- With a command ------------------------------------------------------- */

TEST(a_command_gets_its_environment_and_gives_its_status)
{
    struct program p;
    char line[1024];

    program_start(&p,
                  ARGS("sim", "--port", "0", "--token", "made.up.token", "--", "sh", "-c",
                       "echo \"$DISCORD_TOKEN\"; echo \"$CORDAGE_API\"; "
                       "cmp \"$CORDAGE_CA_FILE\" \"$NODE_EXTRA_CA_CERTS\" && "
                       "test -s \"$CORDAGE_CA_FILE\" && exit 7"));
    CHECK(program_line(&p, line, sizeof line));
    CHECK_STR(str_of(line), "made.up.token");
    CHECK(program_line(&p, line, sizeof line));
    CHECK(str_starts(str_of(line), STR("https://127.0.0.1:")));
    CHECK(str_ends(str_of(line), STR("/api/v10")));
    CHECK(!program_line(&p, line, sizeof line));
    CHECK_INT(program_end(&p), 7);
    CHECK(program_said(&p, "no rule was broken"));
}

TEST(a_command_may_trust_the_system_and_the_simulator)
{
    struct program p;

    /* Our certificate stands behind all that SSL_CERT_FILE named before. */
    program_start(
        &p, ARGS("sim", "--port", "0", "--", "sh", "-c",
                 "n=$(wc -c <\"$CORDAGE_CA_FILE\") && "
                 "tail -c $n \"$SSL_CERT_FILE\" | cmp - \"$CORDAGE_CA_FILE\" && "
                 "test $(wc -c <\"$SSL_CERT_FILE\") -gt $n && "
                 "openssl storeutl -noout -certs \"$SSL_CERT_FILE\" >&2 && exit 7"));
    CHECK_INT(program_end(&p), 7);
}

TEST(a_command_gets_the_tokens_of_all_bots)
{
    struct program p;
    char first[1024], second[1024];

    program_start(&p, ARGS("sim", "--port", "0", "--bots", "2", "--", "sh", "-c",
                           "echo \"$DISCORD_TOKEN\"; echo \"$DISCORD_TOKEN_2\"; "
                           "echo \"$DISCORD_TOKEN_3\""));
    CHECK(program_line(&p, first, sizeof first));
    CHECK(program_line(&p, second, sizeof second));
    CHECK(strlen(first) > 50 && strlen(second) > 50 && strcmp(first, second) != 0);
    CHECK(program_line(&p, second, sizeof second));
    CHECK_STR(str_of(second), "");
    CHECK_INT(program_end(&p), 0);
    CHECK(program_said(&p, "2 bots in 8 guilds"));
}

/* A client is what test_door_gateway has; here, that the option is heard. */
TEST(load_takes_a_number)
{
    struct program p;

    CHECK_INT(program_run(&p, ARGS("sim", "--port", "0", "--blast", "5", "--", "true")),
              0);
    CHECK_INT(program_run(&p, ARGS("sim", "--blast", "many")), 2);
    CHECK(program_said(&p, "--blast"));
}

TEST(bots_keep_their_state_in_a_folder_that_ends_with_the_simulator)
{
    char *usual = strdup(getenv("CORDAGE_STATE_DIR"));
    struct program p;
    char folder[1024], home[512], command[600];

    snprintf(home, sizeof home, "%s/home", usual);
    setenv("XDG_STATE_HOME", home, 1);
    unsetenv("CORDAGE_STATE_DIR");
    program_start(&p, ARGS("sim", "--port", "0", "--", "sh", "-c",
                           "touch \"$CORDAGE_STATE_DIR/x\" && "
                           "echo \"$CORDAGE_STATE_DIR\""));
    CHECK(program_line(&p, folder, sizeof folder));
    CHECK_INT(program_end(&p), 0);
    CHECK(strstr(folder, "/cordage-sim-"));
    CHECK(!program_said(&p, "CORDAGE_STATE_DIR is set"));
    CHECK_INT(access(folder, F_OK), -1);
    setenv("CORDAGE_STATE_DIR", usual, 1);
    program_start(&p, ARGS("sim", "--port", "0", "--", "sh", "-c",
                           "echo \"$CORDAGE_STATE_DIR\""));
    CHECK(program_line(&p, folder, sizeof folder));
    CHECK_STR(str_of(folder), usual); /* what the user says */
    CHECK_INT(program_end(&p), 0);
    CHECK(program_said(&p, "CORDAGE_STATE_DIR is set: the command keeps its state in "));
    CHECK(program_said(&p, usual));
    unsetenv("XDG_STATE_HOME");
    snprintf(command, sizeof command, "rm -r %s", home);
    CHECK_INT(system(command), 0);
    free(usual);
}

TEST(a_command_that_dies_of_a_signal_gives_128_and_that)
{
    struct program p;

    CHECK_INT(program_run(&p, ARGS("sim", "--port", "0", "--", "sh", "-c", "kill -9 $$")),
              137);
}

TEST(a_command_that_is_not_there_is_127)
{
    struct program p;

    CHECK_INT(program_run(&p, ARGS("sim", "--port", "0", "--", "/nonexistent/bot")), 127);
    CHECK(program_said(&p, "cannot run '/nonexistent/bot'"));
}

TEST(signals_are_passed_on_to_the_command)
{
    static const struct {
        int number;
        const char *script;
    } cases[] = {
        { SIGTERM, "trap 'exit 5' TERM; echo ready; while :; do :; done" },
        { SIGINT, "trap 'exit 5' INT; echo ready; while :; do :; done" },
        { SIGUSR1, "trap 'exit 5' USR1; echo ready; while :; do :; done" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct program p;
        char line[64];

        program_start(&p, ARGS("sim", "--port", "0", "--", "sh", "-c", cases[i].script));
        CHECK(program_line(&p, line, sizeof line));
        CHECK_STR(str_of(line), "ready");
        kill(p.pid, cases[i].number);
        CHECK_INT(program_end(&p), 5);
    }
}

/* Starts a command that has stopped itself, and waits until it has. */
static pid_t start_stopped(struct program *p, const char *const *args)
{
    char line[64], path[64], state = '\0';
    pid_t pid;

    program_start(p, args);
    CHECK(program_line(p, line, sizeof line));
    pid = atoi(line);
    CHECK(pid > 1);
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    while (state != 'T') {
        FILE *f = fopen(path, "r");

        assert_non_null(f);
        CHECK_INT(fscanf(f, "%*d (%*[^)]) %c", &state), 1);
        fclose(f);
    }
    return pid;
}

/* It was sent that, and has not had it yet. */
static bool has_pending(pid_t pid, int number)
{
    unsigned long long pending = 0;
    char path[64], line[256];
    FILE *f;

    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    f = fopen(path, "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f))
        if (sscanf(line, "ShdPnd: %llx", &pending) == 1)
            break;
    fclose(f);
    return pending >> (number - 1) & 1;
}

TEST(a_command_that_does_not_end_is_killed_by_the_second_ctrl_c)
{
    struct program p;

    pid_t pid = start_stopped(&p, ARGS("sim", "--port", "0", "--", "sh", "-c",
                                       "echo $$; kill -STOP $$"));

    kill(p.pid, SIGINT);
    while (!has_pending(pid, SIGINT))
        ;
    kill(p.pid, SIGINT);
    CHECK_INT(program_end(&p), 137);
    CHECK(program_said(&p, "told to end once more: the command is killed"));
}

TEST(a_command_that_does_not_end_is_killed_after_a_while)
{
    struct program p;

    setenv("CORDAGE_TEST_SPEED", "100", 1);
    start_stopped(&p,
                  ARGS("sim", "--port", "0", "--", "sh", "-c", "echo $$; kill -STOP $$"));
    kill(p.pid, SIGTERM);
    CHECK_INT(program_end(&p), 137);
    CHECK(program_said(&p, "cordage sim: the command didn't end within 10 s: killed"));
    unsetenv("CORDAGE_TEST_SPEED");
}

TEST(a_command_ends_with_a_simulator_that_is_killed)
{
    struct program p;
    char line[64];

    program_start(&p,
                  ARGS("sim", "--port", "0", "--", "sh", "-c",
                       "trap 'echo told; exit' TERM; echo ready; while :; do :; done"));
    CHECK(program_line(&p, line, sizeof line));
    CHECK_STR(str_of(line), "ready");
    kill(p.pid, SIGKILL);
    CHECK(program_line(&p, line, sizeof line));
    CHECK_STR(str_of(line), "told");
    CHECK_INT(program_end(&p), 137);
}

TEST(the_command_finds_no_signal_blocked)
{
    struct program p;
    char line[256];

    program_start(&p, ARGS("sim", "--port", "0", "--", "grep", "SigBlk",
                           "/proc/self/status"));
    CHECK(program_line(&p, line, sizeof line));
    CHECK_STR(str_of(line), "SigBlk:\t0000000000000000");
    CHECK_INT(program_end(&p), 0);
}

/* ---- Mistakes ------------------------------------------------------------- */

TEST(mistakes_end_with_2_and_say_what_is_allowed)
{
    static const struct {
        const char *args[6];
        const char *said;
    } cases[] = {
        { { "smi" }, "did you mean 'sim'?" },
        { { "--nothing" }, "there is no option '--nothing'" },
        { { "sim", "--port", "65534" }, "from 0 to 65533, not '65534'" },
        { { "sim", "--traffic", "much" }, "--traffic takes a number" },
        { { "sim", "--max-concurrency", "0" }, "from 1 to " },
        { { "sim", "--address", "0.0.0.0" }, "127.0.0.1 or ::1" },
        { { "sim", "--token", "a b" }, "--token takes at most 256 printable characters" },
        { { "sim", "--trafic", "1" }, "did you mean '--traffic'?" },
        { { "sim", "bot" }, "put -- in front of a command" },
        { { "sim", "check" }, "an argument is missing" },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct program p;

        CHECK_INT(program_run(&p, cases[i].args), 2);
        if (!program_said(&p, cases[i].said))
            fail_msg("\"%s\" is not in \"%s\"", cases[i].said, p.err_text);
    }
}

TEST(a_bad_speed_is_a_mistake)
{
    struct program p;

    setenv("CORDAGE_TEST_SPEED", "fast", 1);
    CHECK_INT(program_run(&p, ARGS("sim", "--port", "0")), 2);
    CHECK(
        program_said(&p, "CORDAGE_TEST_SPEED takes a number from 1 to 1000, not 'fast'"));
    unsetenv("CORDAGE_TEST_SPEED");
}

TEST(a_bad_token_is_not_repeated_and_a_good_one_leaves_the_process_list)
{
    struct running r;
    char path[64], line[4096];
    size_t n;
    FILE *f;

    CHECK_INT(program_run(&r.program, ARGS("sim", "--token", "a secret")), 2);
    CHECK(program_said(&r.program, "--token takes"));
    CHECK(!program_said(&r.program, "secret"));
    start(&r, ARGS("--token", "made.up.token"));
    CHECK_STR(str_of(r.token), "made.up.token");
    snprintf(path, sizeof path, "/proc/%d/cmdline", (int)r.program.pid);
    f = fopen(path, "r");
    assert_non_null(f);
    n = fread(line, 1, sizeof line, f);
    fclose(f);
    CHECK(str_find((struct str){ line, n }, STR("--token")) != SIZE_MAX);
    CHECK(str_find((struct str){ line, n }, STR("made.up")) == SIZE_MAX);
    CHECK_INT(stop(&r), 0);
}

TEST(every_command_tells_its_version)
{
    static const char *const commands[][4] = {
        { "--version" },
        { "sim", "--version" },
        { "sim", "check", "--version" },
        { "info", "--version" },
        { "doctor", "--version" },
    };

    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        struct program p;
        char line[64];

        program_start(&p, commands[i]);
        CHECK(program_line(&p, line, sizeof line));
        CHECK_STR(str_of(line), "cordage " CORDAGE_VERSION);
        CHECK_INT(program_end(&p), 0);
    }
}

/* By a shell, which can close and redirect. */
static int run_in_shell(const char *arguments)
{
    char line[1024];
    int status;

    snprintf(line, sizeof line, "\"$CORDAGE_PROGRAM\" %s", arguments);
    status = system(line);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

TEST(closed_and_full_outputs_are_survived)
{
    CHECK_INT(run_in_shell("sim --port 0 -- true <&- >&- 2>&-"), 0);
    CHECK_INT(run_in_shell("sim --port 0 --json -- true >/dev/full 2>/dev/null"), 1);
    CHECK_INT(run_in_shell("--help >/dev/full 2>/dev/null"), 1);
}

TEST(a_relative_state_directory_is_told_whole)
{
    char *usual = strdup(getenv("CORDAGE_STATE_DIR"));
    char here[400], folder[] = "/tmp/cordage-state-XXXXXX", command[512];
    struct running r;

    assert_non_null(mkdtemp(folder));
    assert_non_null(getcwd(here, sizeof here));
    CHECK_INT(chdir("/tmp"), 0);
    setenv("CORDAGE_STATE_DIR", folder + 5, 1);
    start(&r, ARGS("--guilds", "1"));
    CHECK(str_starts(str_of(r.ca_file), str_of(folder)));
    CHECK_INT(stop(&r), 0);
    CHECK_INT(chdir(here), 0);
    setenv("CORDAGE_STATE_DIR", "/dev/null/state", 1);
    CHECK_INT(program_run(&r.program, ARGS("sim", "--port", "0")), 1);
    CHECK(program_said(&r.program, "set CORDAGE_STATE_DIR to a directory of yours"));
    setenv("CORDAGE_STATE_DIR", usual, 1);
    free(usual);
    snprintf(command, sizeof command, "rm -r %s", folder);
    CHECK_INT(system(command), 0);
}

TEST(help_goes_to_stdout)
{
    struct program p;
    char line[256];
    static char text[PROGRAM_TEXT];
    static const char *const controls[] = {
        "GET  /_sim ",
        "GET  /_sim/report",
        "GET  /_sim/world",
        "GET  /_sim/token",
        "GET  /_sim/controls",
        "POST /_sim/message",
        "POST /_sim/interaction",
        "POST /_sim/rights",
        "POST /_sim/traffic",
        "POST /_sim/life",
        "POST /_sim/blast",
        "POST /_sim/guild",
        "POST /_sim/fault",
    };

    program_start(&p, ARGS("sim", "--help"));
    CHECK(program_line(&p, line, sizeof line));
    CHECK(str_starts(str_of(line), STR("Usage: cordage sim ")));
    while (program_line(&p, line, sizeof line))
        strncat(text, line, sizeof text - strlen(text) - 1);
    CHECK_INT(program_end(&p), 0);
    for (size_t i = 0; i < sizeof controls / sizeof *controls; i++)
        if (!strstr(text, controls[i]))
            fail_msg("%s is not in the help", controls[i]);
    CHECK_STR(str_of(p.err_text), "");
    CHECK_INT(program_run(&p, ARGS("--version")), 0);
}

/* ---- Checking a log ------------------------------------------------------- */

/* Waits until all that shall be said has been, and writes a log of it without message
 * `leave_out` of each guild. */
static void write_log(struct running *r, unsigned total, const char *file,
                      uint64_t leave_out)
{
    struct json_parser *parser = json_parser_new();
    struct buf body = { 0 };
    struct json_iter it;
    cordage_json report;
    FILE *log = fopen(file, "w");

    assert_non_null(log);
    do {
        buf_clear(&body);
        CHECK_INT(ask(r, "/_sim/report?traffic=1", NULL, NULL, &body), 200);
        CHECK_INT(json_parse(parser, buf_str(&body), &report), 0);
    } while (cordage_json_int(json_get(report, "messages_created"), 0) < (int64_t)total);
    for (bool more = json_first(json_get(report, "traffic"), &it); more;
         more = json_next(&it)) {
        uint64_t said = 0;

        CHECK(json_u64(it.value, &said));
        for (uint64_t n = 1; n <= said; n++)
            if (n != leave_out)
                fprintf(log, "got guild=%.*s n=%llu\n", STR_FMT(it.key),
                        (unsigned long long)n);
    }
    fclose(log);
    buf_release(&body);
    json_parser_free(parser);
}

TEST(a_log_is_checked_against_the_running_simulator)
{
    char file[600], line[1024];
    struct running r;
    struct program p;

    start(&r, ARGS("--guilds", "2"));
    snprintf(file, sizeof file, "%s.log", r.ca_file);
    CHECK_INT(ask(&r, "/_sim/traffic", "{\"per_second\":1000,\"total\":20}", NULL, NULL),
              204);
    write_log(&r, 20, file, 0);
    CHECK_INT(program_run(&p, ARGS("sim", "check", "--report", r.api, file)), 0);
    CHECK_INT(program_run(&p, ARGS("sim", "check", file)), 0);
    write_log(&r, 20, file, 5);
    program_start(&p, ARGS("sim", "check", "--json", "--report", r.api, file));
    CHECK(program_line(&p, line, sizeof line));
    CHECK(strstr(line, "\"passed\":false") && strstr(line, "\"lost\":2"));
    CHECK_INT(program_end(&p), 1);
    CHECK_INT(program_run(&p, ARGS("sim", "check", "/nonexistent.log")), 1);
    CHECK(program_said(&p, "/nonexistent.log"));
    CHECK_INT(stop(&r), 0);
    unlink(file);
}

TEST(a_bad_line_is_named_by_file_and_number)
{
    struct program p;
    char file[] = "/tmp/cordage-check-XXXXXX", said[64];
    int fd = mkstemp(file);
    const char *text = "hello\nguild=1 n=x\n";

    CHECK(fd >= 0);
    CHECK_INT(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    CHECK_INT(program_run(&p, ARGS("sim", "check", file)), 1);
    snprintf(said, sizeof said, "%s:2: ", file);
    CHECK(program_said(&p, said));
    unlink(file);
}

/* ---- A state directory of our own ----------------------------------------- */

static char state[] = "/tmp/cordage-sim-XXXXXX";

static int make_state(void **unused)
{
    (void)unused;
    if (!mkdtemp(state))
        return -1;
    return setenv("CORDAGE_STATE_DIR", state, 1);
}

static int remove_state(void **unused)
{
    char path[600];
    struct dirent *entry;
    DIR *dir;

    (void)unused;
    snprintf(path, sizeof path, "%s/sim", state);
    dir = opendir(path);
    while (dir && (entry = readdir(dir)))
        unlinkat(dirfd(dir), entry->d_name, 0);
    if (dir)
        closedir(dir);
    rmdir(path);
    return rmdir(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(it_says_how_to_connect_and_ends_at_a_signal),
        T(its_page_is_served_to_this_machine_alone),
        T(sigint_ends_it_too),
        T(broken_rules_are_told),
        T(without_json_it_prints_what_to_paste),
        T(its_keys_are_its_users_alone),
        T(a_port_in_use_is_named_with_its_flag),
        T(a_command_gets_its_environment_and_gives_its_status),
        T(a_command_may_trust_the_system_and_the_simulator),
        T(a_command_gets_the_tokens_of_all_bots),
        T(load_takes_a_number),
        T(bots_keep_their_state_in_a_folder_that_ends_with_the_simulator),
        T(a_command_that_dies_of_a_signal_gives_128_and_that),
        T(a_command_that_is_not_there_is_127),
        T(signals_are_passed_on_to_the_command),
        T(a_command_that_does_not_end_is_killed_by_the_second_ctrl_c),
        T(a_command_that_does_not_end_is_killed_after_a_while),
        T(a_command_ends_with_a_simulator_that_is_killed),
        T(the_command_finds_no_signal_blocked),
        T(mistakes_end_with_2_and_say_what_is_allowed),
        T(a_bad_speed_is_a_mistake),
        T(a_bad_token_is_not_repeated_and_a_good_one_leaves_the_process_list),
        T(every_command_tells_its_version),
        T(closed_and_full_outputs_are_survived),
        T(a_relative_state_directory_is_told_whole),
        T(a_bad_token_is_not_repeated_and_a_good_one_leaves_the_process_list),
        T(every_command_tells_its_version),
        T(closed_and_full_outputs_are_survived),
        T(a_relative_state_directory_is_told_whole),
        T(help_goes_to_stdout),
        T(a_log_is_checked_against_the_running_simulator),
        T(a_bad_line_is_named_by_file_and_number),
    };

    return cmocka_run_group_tests(tests, make_state, remove_state);
}
