/* `cordage run` as its users have it: a program, settings good and bad, and a whole fleet
 * against the simulator. */
#include <fcntl.h>
#include <sys/stat.h>

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
        fail_msg("\"%s\" is not in \"%s\"", words, text);
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
        { { "run", "--", "./none" }, "'./none' cannot be run: No such file" },
        { { "run", "--", "/" }, "'/' cannot be run" },
        { { "run", "--", "no-such-bot" }, "no program 'no-such-bot' in PATH" },
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

RUN_TESTS(T(mistakes_end_with_2_before_anything_starts),
          T(without_a_token_or_a_place_for_its_state_it_says_what_to_do),
          T(the_configuration_is_shown_with_where_it_is_from))
