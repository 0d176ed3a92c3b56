/* `cordage run` as its users have it: a program, settings good and bad, and a whole fleet
 * against the simulator. */
#include <arpa/inet.h>
#include <sys/socket.h>

#include "buf.h"
#include "json.h"
#include "program.h"
#include "tmpdir.h"

/* An application's id in base64, and what is no secret. */
#define TOKEN "MTIzNDU2Nzg5MDEyMzQ1Njc4.made.up"

static void prepare(struct tmpdir *dir)
{
    static const char *const variables[] = { "DISCORD_TOKEN", "DISCORD_TOKEN_FILE",
                                             "CORDAGE_API", "CORDAGE_CA_FILE",
                                             "CORDAGE_CONFIG" };

    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        unsetenv(variables[i]);
    *dir = tmpdir_new();
    setenv("CORDAGE_STATE_DIR", dir->dir, 1);
    CHECK_INT(chdir(dir->dir), 0);
}

static void expect(const char *text, const char *words)
{
    if (!strstr(text, words))
        fail_msg("\"%s\" is not in \"%s\"", words, text ? text : "");
}

/* Runs `cordage`; all that it printed to stdout. Freed by the caller. */
static char *run(struct program *p, int status, const char *const *args)
{
    char *text, line[4096];
    size_t n;
    FILE *all = open_memstream(&text, &n);

    program_start(p, args);
    while (program_line(p, line, sizeof line))
        fprintf(all, "%s\n", line);
    fclose(all);
    if (program_end(p) != status)
        fail_msg("status %d, want %d: \"%s\" \"%s\"", p->status, status, text,
                 p->err_text);
    return text;
}

/* ---- Before anything starts
 * ------------------------------------------------------------ */

TEST(mistakes_end_with_2_before_anything_starts)
{
    static const struct {
        const char *args[8];
        const char *said;
    } cases[] = {
        { { "run" }, "which program is the bot?" },
        { { "run", "bot" }, "put -- in front of a command" },
        { { "run", "--", "./none" }, "/none: there is no such file" },
        { { "run", "--", "/" }, "/ cannot be executed" },
        { { "run", "--", "no-such-bot" },
          "no-such-bot: there is no such program in PATH" },
        { { "run", "--shards", "none", "--", "true" },
          "--shards: takes auto or a number" },
        { { "run", "--shards", "4", "--shard-range", "2-4", "--", "true" },
          "--shard-range: the last of 4 shards is 3" },
        { { "run", "--state-dir", "", "--", "true" }, "--state-dir takes DIR" },
        { { "run", "--http", "0.0.0.0:1", "--", "true" }, "--http-secret-file" },
        { { "run", "--http-secret-file", "/none", "--", "true" },
          "--http-secret-file: cannot read /none" },
        { { "run", "--ca-file", "/none", "--", "true" }, "--ca-file: takes a file" },
        { { "run", "--token-file", "/none", "--", "true" }, "cannot open /none" },
    };
    struct tmpdir dir;

    prepare(&dir);
    setenv("DISCORD_TOKEN", TOKEN, 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct program p;

        free(run(&p, 2, cases[i].args));
        expect(p.err_text, cases[i].said);
    }
    tmpdir_free(&dir);
}

TEST(without_a_token_or_a_place_for_its_state_it_says_what_to_do)
{
    struct tmpdir dir;
    struct program p;

    prepare(&dir);
    free(run(&p, 2, ARGS("run", "--", "true")));
    expect(p.err_text, "Set DISCORD_TOKEN, or DISCORD_TOKEN_FILE");
    setenv("DISCORD_TOKEN", TOKEN, 1);
    setenv("CORDAGE_STATE_DIR", "", 1);
    free(run(&p, 2, ARGS("run", "--", "true")));
    expect(p.err_text, "a fleet needs a state directory");
    tmpdir_free(&dir);
}

TEST(the_configuration_is_shown_with_where_it_is_from)
{
    struct tmpdir dir;
    struct program p;
    char *out;

    prepare(&dir);
    setenv("DISCORD_TOKEN", TOKEN, 1);
    tmpdir_write("cordage.yaml", "shards: 8\n", 10);
    out = run(&p, 0, ARGS("run", "--print-config", "--workers", "2"));
    expect(out, "shards              8                               cordage.yaml:1\n");
    expect(out, "workers             2                               --workers\n");
    expect(out, "CORDAGE_STATE_DIR\n");
    expect(out, "token               ***                             DISCORD_TOKEN\n");
    CHECK(strstr(out, "made") == NULL);
    free(out);
    out = run(&p, 0, ARGS("run", "--print-config", "--json"));
    expect(out,
           "\"shards\":{\"value\":\"8\",\"from\":\"file\",\"where\":\"cordage.yaml:1\"}");
    free(out);
    tmpdir_write("cordage.yaml", "shrads: 8\n", 10);
    free(run(&p, 2, ARGS("run", "--print-config")));
    expect(p.err_text, "cordage.yaml:1: there is no setting 'shrads'; did you mean");
    tmpdir_free(&dir);
}

/* ---- A fleet --------------------------------------------------------------------------
 */

/* `cordage sim -- cordage run -- ping`, five times as fast as the clock: faster, and a
 * busy machine delays an IDENTIFY by more than the rules leave room for. */
struct fleet {
    struct tmpdir dir;
    struct program p;
    struct json_parser *parser;
    struct buf status; /* the last document */
    cordage_json json;
};

static void fleet_start(struct fleet *f, const char *http)
{
    const char *cordage = getenv("CORDAGE_PROGRAM");
    char bot[1024];

    prepare(&f->dir);
    setenv("CORDAGE_TEST_SPEED", "5", 1);
    snprintf(bot, sizeof bot, "%s/ping", getenv("CORDAGE_EXAMPLES"));
    f->parser = json_parser_new();
    f->status = (struct buf){ 0 };
    program_start(&f->p,
                  ARGS("sim", "--port", "0", "--token", TOKEN, "--", cordage, "run",
                       "--shards", "4", "--workers", "2", "--http", http, "--", bot));
    unsetenv("CORDAGE_TEST_SPEED");
}

/* Asks once. False: no fleet answers. */
static bool fleet_ask(struct fleet *f)
{
    struct program p;
    char *text, line[64 * 1024];
    size_t n;
    FILE *all = open_memstream(&text, &n);
    bool good;

    program_start(&p, ARGS("status", "--json"));
    while (program_line(&p, line, sizeof line))
        fputs(line, all);
    fclose(all);
    good = program_end(&p) == 0;
    buf_clear(&f->status);
    CHECK_INT(buf_append_z(&f->status, text), 0);
    free(text);
    if (good)
        CHECK_INT(json_parse(f->parser, buf_str(&f->status), &f->json), 0);
    return good;
}

static uint64_t number(cordage_json v, const char *key)
{
    uint64_t n = 0;

    json_u64(json_get(v, key), &n);
    return n;
}

/* All shards ready, and running since after `started`. */
static void fleet_wait(struct fleet *f, uint64_t started)
{
    struct str state = { 0 };

    for (int i = 0; i < 600; i++) {
        if (fleet_ask(f) && number(f->json, "shards_ready") == 4 &&
            json_count(json_get(f->json, "workers")) == 2 &&
            number(f->json, "started_at_ms") > started &&
            json_str(json_get(f->json, "state"), &state) && str_is(state, "running"))
            return;
        usleep(100 * 1000);
    }
    rewind(f->p.err);
    f->p.err_text[fread(f->p.err_text, 1, PROGRAM_TEXT - 1, f->p.err)] = '\0';
    fail_msg("it is never ready: \"%s\"", f->p.err_text);
}

/* The supervisor's process, from the lock; then those of the workers. */
static unsigned fleet_pids(struct fleet *f, uint64_t pids[8])
{
    FILE *lock = fopen(tmpdir_path(&f->dir, "lock"), "r");
    struct json_iter it;
    unsigned n = 1;

    assert_non_null(lock);
    CHECK_INT(fscanf(lock, "%lu", &pids[0]), 1);
    fclose(lock);
    for (bool more = json_first(json_get(f->json, "workers"), &it); more && n < 8;
         more = json_next(&it))
        pids[n++] = number(it.value, "pid");
    return n;
}

static void fleet_end(struct fleet *f, int status)
{
    if (program_end(&f->p) != status)
        fail_msg("status %d: \"%s\"", f->p.status, f->p.err_text);
    expect(f->p.err_text, "no rule was broken");
    json_parser_free(f->parser);
    buf_release(&f->status);
    tmpdir_free(&f->dir);
}

/* Whether the kernel shows the token there. */
static bool shows_token(uint64_t pid, const char *name)
{
    struct buf text = { 0 };
    char path[64];
    FILE *f;
    bool shows;

    snprintf(path, sizeof path, "/proc/%llu/%s", (unsigned long long)pid, name);
    f = fopen(path, "r");
    if (!f)
        return false; /* not ours to read: better still */
    CHECK_INT(buf_reserve(&text, 64 * 1024), 0);
    text.n = fread(text.p, 1, 64 * 1024, f);
    fclose(f);
    shows = str_find(buf_str(&text), STR("made.up")) != SIZE_MAX;
    buf_release(&text);
    return shows;
}

TEST(a_fleet_starts_is_seen_is_renewed_and_stops)
{
    uint64_t before[8], after[8], started;
    struct fleet f;
    struct program p;
    char *out;
    unsigned n;

    fleet_start(&f, "off");
    fleet_wait(&f, 0);
    n = fleet_pids(&f, before);
    CHECK_INT(n, 3);
    for (unsigned i = 0; i < n; i++)
        CHECK(!shows_token(before[i], "environ") && !shows_token(before[i], "cmdline"));
    out = run(&p, 0, ARGS("status"));
    expect(out, "Shards    4 of 4 ready");
    free(out);

    /* A second one in the same place. */
    setenv("DISCORD_TOKEN", TOKEN, 1);
    free(run(&p, 2, ARGS("run", "--http", "off", "--", "true")));
    expect(p.err_text, "is in use by process");
    unsetenv("DISCORD_TOKEN");

    /* The supervisor alone: the same processes. */
    started = number(f.json, "started_at_ms");
    free(run(&p, 0, ARGS("restart", "--self")));
    fleet_wait(&f, started);
    CHECK_INT(fleet_pids(&f, after), 3);
    for (unsigned i = 0; i < n; i++)
        CHECK_INT(after[i], before[i]);
    CHECK(!shows_token(after[0], "environ"));

    /* The workers: others. */
    out = run(&p, 0, ARGS("restart"));
    expect(out, "4 shards handed over");
    free(out);
    fleet_wait(&f, started);
    CHECK_INT(fleet_pids(&f, after), 3);
    CHECK_INT(after[0], before[0]);
    CHECK(after[1] != before[1] && after[2] != before[2]);

    free(run(&p, 0, ARGS("stop")));
    fleet_end(&f, 0);
    expect(f.p.err_text, "4 identified");
}

/* Connects to the page that the log names and asks for `path`. */
static void get(struct fleet *f, const char *path, char *answer, size_t size)
{
    struct sockaddr_in at = { .sin_family = AF_INET,
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    char request[200];
    const char *url;
    size_t n = 0;
    ssize_t got;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    /* Pread: the program writes at the file's place. */
    n = (size_t)pread(fileno(f->p.err), f->p.err_text, PROGRAM_TEXT - 1, 0);
    f->p.err_text[n] = '\0';
    url = strstr(f->p.err_text, "http://127.0.0.1:");
    assert_non_null(url);
    at.sin_port = htons((uint16_t)atoi(url + strlen("http://127.0.0.1:")));
    CHECK_INT(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    n = (size_t)
        snprintf(request, sizeof request,
                 "GET %s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nConnection: close\r\n\r\n",
                 path, ntohs(at.sin_port));
    CHECK_INT(write(fd, request, n), n);
    for (n = 0; n + 1 < size && (got = read(fd, answer + n, size - 1 - n)) > 0;)
        n += (size_t)got;
    answer[n] = '\0';
    close(fd);
}

TEST(its_page_is_there_and_a_signal_stops_it)
{
    uint64_t pids[8];
    struct fleet f;
    char answer[4096];

    fleet_start(&f, "127.0.0.1:0");
    fleet_wait(&f, 0);
    get(&f, "/readyz", answer, sizeof answer);
    expect(answer, "HTTP/1.1 200");
    get(&f, "/metrics", answer, sizeof answer);
    expect(answer, "cordage_");
    fleet_pids(&f, pids);
    CHECK_INT(kill((pid_t)pids[0], SIGTERM), 0);
    fleet_end(&f, 0);
}

RUN_TESTS(T(mistakes_end_with_2_before_anything_starts),
          T(without_a_token_or_a_place_for_its_state_it_says_what_to_do),
          T(the_configuration_is_shown_with_where_it_is_from),
          T(a_fleet_starts_is_seen_is_renewed_and_stops),
          T(its_page_is_there_and_a_signal_stops_it))
