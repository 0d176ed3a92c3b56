/* `cordage info` and `cordage doctor` against a Discord that is well, and one that isn't.
 */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "buf.h"
#include "certs.h"
#include "subcommands.h"
#include "cordage/cordage.h"
#include "json.h"
#include "peer.h"
#include "test.h"
#include "tmpdir.h"

#define TOKEN "MTIzNDU2Nzg5MDEyMzQ1Njc4.Gabcde.abcdefghijklmnopqrstuvwxyz0123456789AB"

static struct certs certs;

/* What this Discord says; read only while it answers. */
struct world {
    int remaining, shards, max_concurrency;
    uint64_t flags;
    time_t clock_off;
    const char *hello;
    char gateway[64];
};

static const struct world well = { .remaining = 986,
                                   .shards = 4,
                                   .max_concurrency = 1,
                                   .hello = "{\"t\":null,\"s\":null,\"op\":10,"
                                            "\"d\":{\"heartbeat_interval\":41250}}" };

static void answer(struct peer_request *q, void *user)
{
    const struct world *w = user;
    char value[256], text[512], head[128] = "";
    time_t now = time(NULL) + w->clock_off;
    struct tm tm;

    strftime(head, sizeof head, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n",
             gmtime_r(&now, &tm));
    peer_header(q, "Authorization", value, sizeof value);
    if (strncmp(q->path, "/?v=10", 6) == 0) {
        peer_websocket(q, w->hello);
    } else if (strcmp(q->path, "/api/v10/gateway") == 0) {
        snprintf(text, sizeof text, "{\"url\":\"%s\"}", w->gateway);
        peer_answer(q, 200, head, text);
    } else if (strcmp(value, "Bot " TOKEN) != 0) {
        peer_answer(q, 401, head, "{\"message\":\"401: Unauthorized\",\"code\":0}");
    } else if (strcmp(q->path, "/api/v10/gateway/bot") == 0) {
        snprintf(text, sizeof text,
                 "{\"url\":\"%s\",\"shards\":%d,\"session_start_limit\":{\"total\":1000,"
                 "\"remaining\":%d,\"reset_after\":51234567,\"max_concurrency\":%d}}",
                 w->gateway, w->shards, w->remaining, w->max_concurrency);
        peer_answer(q, 200, head, text);
    } else if (strcmp(q->path, "/api/v10/applications/@me") == 0) {
        snprintf(text, sizeof text, "{\"id\":\"1\",\"flags\":%llu}",
                 (unsigned long long)w->flags);
        peer_answer(q, 200, head, text);
    } else {
        peer_answer(q, 200, head,
                    "{\"id\":\"123456789012345678\",\"username\":\"test\\u001b[2Jbot\"}");
    }
}

/* ---- Running a command as the program would ---- */

struct said {
    int status;
    struct buf out, err;
};

static void said_release(struct said *s)
{
    buf_release(&s->out);
    buf_release(&s->err);
}

/* From here on `stream` goes to a file; returns what it went to before. */
static int divert(FILE *stream, FILE *file)
{
    int before;

    fflush(stream);
    before = dup(fileno(stream));
    CHECK(before >= 0 && dup2(fileno(file), fileno(stream)) >= 0);
    return before;
}

static void give_back(FILE *stream, int before, FILE *file, struct buf *out)
{
    size_t n;

    fflush(stream);
    dup2(before, fileno(stream));
    close(before);
    rewind(file);
    CHECK_INT(buf_reserve(out, 64 * 1024), 0);
    n = fread(out->p, 1, 64 * 1024 - 1, file);
    out->n = n;
    buf_zero_end(out);
    fclose(file);
}

static struct said run(int (*command)(int argc, char **argv), const char *words)
{
    static char line[256];
    char *argv[16] = { 0 };
    struct said s = { 0 };
    FILE *out = tmpfile(), *err = tmpfile();
    int argc = 0, before_out, before_err;

    snprintf(line, sizeof line, "%s", words);
    for (char *word = strtok(line, " "); word; word = strtok(NULL, " "))
        argv[argc++] = word;
    CHECK(out && err);
    before_out = divert(stdout, out);
    before_err = divert(stderr, err);
    s.status = command(argc, argv);
    give_back(stdout, before_out, out, &s.out);
    give_back(stderr, before_err, err, &s.err);
    CHECK(!strstr(s.out.p, TOKEN) && !strstr(s.err.p, TOKEN));
    return s;
}

static void check_says(const struct buf *text, const char *what)
{
    if (!strstr(text->p, what))
        fail_msg("\"%s\" does not say \"%s\"", text->p, what);
}

static void use(const char *api, const char *token, const char *ca_file)
{
    setenv("CORDAGE_API", api, 1);
    setenv("DISCORD_TOKEN", token, 1);
    setenv("CORDAGE_CA_FILE", ca_file, 1);
    unsetenv("DISCORD_TOKEN_FILE");
    unsetenv("CORDAGE_ALLOW_PLAINTEXT");
}

static struct peer *discord(struct world *w, const char *cert)
{
    struct peer *p = peer_new(cert, certs.key, answer, w);

    snprintf(w->gateway, sizeof w->gateway, "wss://localhost:%u", peer_port(p));
    use(peer_url(p, "/api/v10"), TOKEN, certs.ca);
    return p;
}

/* ---- info ---- */

TEST(info_tells_shards_budget_and_the_time_a_start_takes)
{
    struct world w = well;
    struct peer *p = discord(&w, certs.good);
    struct said s = run(command_info, "info");

    CHECK_INT(s.status, 0);
    check_says(&s.out, "Gateway      wss://localhost:");
    check_says(&s.out, "Shards       4 recommended\n");
    check_says(&s.out, "Identifies   986 of 1000 left, all again in 14 h 14 min\n");
    check_says(&s.out, "Reserve      100 of them, never used\n");
    check_says(&s.out, "Concurrency  1 identify every 5 s\n");
    check_says(&s.out, "Start        4 shards: 15 s\n");
    CHECK_INT(s.err.n, 0);
    said_release(&s);
    s = run(command_info, "info --shards 100");
    CHECK_INT(s.status, 0);
    check_says(&s.out, "Start        100 shards: 8 min 15 s\n");
    said_release(&s);
    s = run(command_info, "info --shards 1");
    check_says(&s.out, "Start        1 shard: at once\n");
    said_release(&s);
    peer_free(p);
}

TEST(info_speaks_json)
{
    struct world w = well;
    struct peer *p;
    struct json_parser *parser = json_parser_new();
    struct said s;
    cordage_json root;

    w.max_concurrency = 16;
    p = discord(&w, certs.good);
    s = run(command_info, "info --json --shards 64");
    CHECK_INT(s.status, 0);
    CHECK_INT(json_parse(parser, buf_str(&s.out), &root), 0);
    CHECK_INT(cordage_json_int(json_get(root, "shards"), 0), 4);
    CHECK_INT(cordage_json_int(json_get(json_get(root, "session_start_limit"),
                                        "max_concurrency"),
                               0),
              16);
    CHECK_INT(cordage_json_int(json_get(json_get(root, "start"), "takes_ms"), 0), 15000);
    CHECK(json_is_null(json_get(root, "error")));
    said_release(&s);
    setenv("DISCORD_TOKEN", "wrong", 1);
    s = run(command_info, "info --json");
    CHECK_INT(s.status, 3);
    CHECK_INT(json_parse(parser, buf_str(&s.out), &root), 0);
    CHECK(cordage_json_string(json_get(root, "error")).n > 0);
    said_release(&s);
    json_parser_free(parser);
    peer_free(p);
}

TEST(info_says_when_the_budget_does_not_cover_the_start)
{
    struct world w = well;
    struct peer *p;
    struct said s;

    w.remaining = 103;
    p = discord(&w, certs.good);
    s = run(command_info, "info");
    CHECK_INT(s.status, 4);
    check_says(&s.out, "Identifies   103 of 1000 left");
    check_says(&s.out, "Start        4 shards: 3 now, the last in 14 h 14 min\n");
    check_says(&s.err, "Starting 4 shards without a session");
    said_release(&s);
    s = run(command_info, "info --shards 3");
    CHECK_INT(s.status, 0);
    said_release(&s);
    peer_free(p);
}

TEST(info_ends_with_the_status_that_fits_what_went_wrong)
{
    struct world w = well;
    struct peer *p = discord(&w, certs.good), *expired;
    struct said s;

    setenv("DISCORD_TOKEN", "wrong.token.here", 1);
    s = run(command_info, "info");
    CHECK_INT(s.status, 3);
    check_says(&s.err, "401");
    check_says(&s.err, "Reset Token");
    said_release(&s);

    use("https://127.0.0.1:1", TOKEN, certs.ca);
    s = run(command_info, "info");
    CHECK_INT(s.status, 1);
    check_says(&s.err, "cannot be reached");
    said_release(&s);

    use(peer_url(p, "/api/v10"), TOKEN, "");
    s = run(command_info, "info");
    CHECK_INT(s.status, 1);
    check_says(&s.err, "CORDAGE_CA_FILE");
    said_release(&s);

    expired = discord(&w, certs.expired);
    s = run(command_info, "info");
    CHECK_INT(s.status, 1);
    check_says(&s.err, "expired");
    said_release(&s);

    setenv("DISCORD_TOKEN", "", 1);
    s = run(command_info, "info");
    CHECK_INT(s.status, 2);
    check_says(&s.err, "DISCORD_TOKEN");
    said_release(&s);
    s = run(command_info, "info --shards many");
    CHECK_INT(s.status, 2);
    said_release(&s);
    peer_free(expired);
    peer_free(p);
}

/* ---- doctor ---- */

TEST(the_doctor_finds_nothing_wrong_with_a_healthy_start)
{
    struct world w = well;
    struct peer *p;
    struct said s;

    w.flags = 1 << 15 | 1 << 18;
    p = discord(&w, certs.good);
    s = run(command_doctor, "doctor --intents 33283"); /* members, message content */
    CHECK_INT(s.status, 0);
    check_says(&s.out, "ok       settings");
    check_says(&s.out, "ok       token       It looks like a bot's token.\n");
    check_says(&s.out, "ok       ca ");
    check_says(&s.out,
               "ok       api         It can be reached, and its certificate is good.");
    check_says(&s.out, "ok       clock");
    check_says(&s.out, "Discord accepts it: the bot is test?[2Jbot (123456789012345678)");
    check_says(&s.out, "ok       intents");
    check_says(&s.out, "GUILD_MEMBERS, MESSAGE_CONTENT");
    check_says(&s.out,
               "ok       shards      4; Discord recommends 4. A start takes 15 s.");
    check_says(&s.out, "ok       budget      986 of 1000");
    check_says(&s.out, "ok       files");
    check_says(&s.out, "said HELLO after ");
    check_says(&s.out, "Nothing is wrong.\n");
    CHECK(!strchr(s.out.p, 033)); /* no terminal, no colours */
    said_release(&s);
    peer_free(p);
}

TEST(the_doctor_names_each_fault_with_its_fix)
{
    struct world w = well;
    struct peer *p;
    struct said s;

    w.remaining = 103;
    w.clock_off = -60;
    w.hello = "{\"op\":11}";
    p = discord(&w, certs.good);
    s = run(command_doctor, "doctor --shards 2 --intents 32769");
    CHECK_INT(s.status, 1);
    check_says(&s.out, "warning  clock       This machine's is 6");
    check_says(&s.out, "s ahead of the server's.");
    check_says(&s.out,
               "wrong    intents     MESSAGE_CONTENT is asked for, but not enabled");
    check_says(&s.out, "Enable \"Message Content Intent\"");
    check_says(&s.out, "warning  shards      2, but Discord recommends 4");
    check_says(&s.out, "warning  budget      103 of 1000");
    check_says(&s.out, "wrong    gateway");
    check_says(&s.out, "is no HELLO");
    check_says(&s.out, "2 wrong, 3 warnings.\n");
    said_release(&s);
    s = run(command_doctor, "doctor");
    CHECK_INT(s.status, 4); /* goes before the gateway's 1 */
    check_says(&s.out, "wrong    budget      103 of 1000");
    check_says(&s.out, "whole again in 14 h 14 min");
    said_release(&s);
    s = run(command_doctor, "doctor --shards 1001");
    CHECK_INT(s.status, 4);
    check_says(&s.out, "A day's budget, less a reserve, is 500: start fewer shards");
    said_release(&s);
    peer_free(p);
}

TEST(the_doctor_tells_a_bad_token_and_goes_on)
{
    struct world w = well;
    struct peer *p = discord(&w, certs.good);
    struct said s;

    setenv("DISCORD_TOKEN", "not-a-token", 1);
    s = run(command_doctor, "doctor");
    CHECK_INT(s.status, 3);
    check_says(&s.out, "warning  token       It does not look like a bot's token");
    check_says(&s.out, "wrong    token       Discord refuses it (401)");
    check_says(&s.out, "said HELLO after ");
    said_release(&s);
    setenv("DISCORD_TOKEN", "", 1);
    s = run(command_doctor, "doctor");
    CHECK_INT(s.status, 2);
    check_says(&s.out, "wrong    token       There is none.");
    check_says(&s.out, "said HELLO after ");
    said_release(&s);
    peer_free(p);
}

TEST(the_doctor_tells_why_the_api_does_not_answer)
{
    struct world w = well;
    struct peer *p = discord(&w, certs.wrong);
    struct said s = run(command_doctor, "doctor");

    CHECK_INT(s.status, 1);
    check_says(&s.out, "wrong    tls");
    check_says(&s.out, "localhost");
    said_release(&s);
    use("https://127.0.0.1:1/api/v10", TOKEN, certs.ca);
    s = run(command_doctor, "doctor");
    CHECK_INT(s.status, 1);
    check_says(&s.out,
               "wrong    api         https://127.0.0.1:1/api/v10 cannot be reached");
    said_release(&s);
    use("https://localhost/api/v9", TOKEN, certs.key);
    s = run(command_doctor, "doctor --shards 4 --intents 1073741824");
    CHECK_INT(s.status, 2);
    check_says(&s.out,
               "wrong    settings    intents: Discord knows no intent 0x40000000");
    said_release(&s);
    use("https://127.0.0.1:1/api/v9", TOKEN, certs.key);
    s = run(command_doctor, "doctor");
    CHECK_INT(s.status, 2);
    check_says(&s.out, "does not end in /v10");
    check_says(&s.out, "wrong    ca          Nobody can be asked: ");
    said_release(&s);
    peer_free(p);
}

TEST(the_doctor_speaks_json)
{
    struct world w = well;
    struct peer *p;
    struct json_parser *parser = json_parser_new();
    struct said s;
    cordage_json root;

    w.remaining = 0;
    p = discord(&w, certs.good);
    s = run(command_doctor, "doctor --json");
    CHECK_INT(s.status, 4);
    CHECK_INT(json_parse(parser, buf_str(&s.out), &root), 0);
    CHECK_INT(cordage_json_int(json_get(root, "wrong"), -1), 1);
    CHECK_INT(cordage_json_int(json_get(root, "warnings"), -1), 0);
    CHECK_INT(cordage_json_count(json_get(root, "findings")), 12);
    CHECK(cordage_str_is(cordage_json_string(json_get(
                             cordage_json_at(json_get(root, "findings"), 0), "kind")),
                         "ok"));
    said_release(&s);
    json_parser_free(parser);
    peer_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(info_tells_shards_budget_and_the_time_a_start_takes),
        T(info_speaks_json),
        T(info_says_when_the_budget_does_not_cover_the_start),
        T(info_ends_with_the_status_that_fits_what_went_wrong),
        T(the_doctor_finds_nothing_wrong_with_a_healthy_start),
        T(the_doctor_names_each_fault_with_its_fix),
        T(the_doctor_tells_a_bad_token_and_goes_on),
        T(the_doctor_tells_why_the_api_does_not_answer),
        T(the_doctor_speaks_json),
    };
    struct tmpdir state = tmpdir_new(); /* which the doctor looks at */
    int failed;

    setenv("CORDAGE_STATE_DIR", state.dir, 1);
    certs_make(&certs);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    certs_remove(&certs);
    tmpdir_free(&state);
    return failed;
}
