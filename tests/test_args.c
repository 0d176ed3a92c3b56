#include "test.h"

#include <stdlib.h>

#include "args.h"
#include "suggest.h"

/* What one parse printed and gave. */
struct outcome {
    int status;
    char *out, *err;
    int n_operands;
    char *argv[12];
    int first; /* where the operands begin in argv */
};

struct values {
    uint64_t port;
    double rate;
    const char *token;
    bool verbose, json;
};

static struct outcome parse(struct values *v, bool wraps, const char *const *words)
{
    const struct arg list[] = {
        { "port", "P", "where to listen", .number = &v->port, .max = 65533 },
        { "rate", "N", "how many\na second", .real = &v->rate, .max = 1000 },
        { "token", "TEXT", "the token", .text = &v->token },
        { "verbose", NULL, "say more", .flag = &v->verbose },
        { NULL },
    };
    const struct args args = { .command = "try",
                               .usage = "[OPTION]... [-- COMMAND...]",
                               .about = "Tries.",
                               .list = list,
                               .json = &v->json,
                               .max_operands = wraps ? 100 : 1,
                               .min_operands = wraps ? 0 : 1,
                               .wraps_command = wraps };
    struct outcome o = { 0 };
    size_t out_n, err_n;
    FILE *out = open_memstream(&o.out, &out_n), *err = open_memstream(&o.err, &err_n);
    char **operands;
    int argc = 0;

    /* getopt takes char **, though it leaves the strings alone. */
    for (; words[argc]; argc++)
        o.argv[argc] = (char *)(uintptr_t)words[argc];
    o.status = args_parse(&args, argc, o.argv, &operands, &o.n_operands, out, err);
    o.first = o.status == ARGS_GO ? (int)(operands - o.argv) : 0;
    fclose(out);
    fclose(err);
    return o;
}

static void outcome_free(struct outcome *o)
{
    free(o->out);
    free(o->err);
}

/* Parses, and expects a status and a text on stderr. */
static void expect(bool wraps, int status, const char *err, const char *const *words)
{
    struct values v = { 0 };
    struct outcome o = parse(&v, wraps, words);

    CHECK_INT(o.status, status);
    CHECK_STR(str_of(o.err), err);
    outcome_free(&o);
}
#define ARGV(...) ((const char *const[]){ "try", __VA_ARGS__, NULL })

TEST(every_kind_of_option_is_taken)
{
    struct values v = { .port = 8443 };
    struct outcome o =
        parse(&v, true,
              ARGV("--port", "0", "--rate=2.5", "--token", "x", "--verbose", "--json"));

    CHECK_INT(o.status, ARGS_GO);
    CHECK_INT(v.port, 0);
    CHECK(v.rate == 2.5);
    CHECK_STR(str_of(v.token), "x");
    CHECK(v.verbose && v.json);
    CHECK_INT(o.n_operands, 0);
    CHECK(o.argv[o.first + 0] == NULL);
    outcome_free(&o);
}

TEST(a_wrapped_command_keeps_its_own_options)
{
    struct values v = { 0 };
    struct outcome o = parse(&v, true, ARGV("--port", "1", "--", "bot", "--port", "x"));

    CHECK_INT(o.status, ARGS_GO);
    CHECK_INT(o.n_operands, 3);
    CHECK_STR(str_of(o.argv[o.first + 0]), "bot");
    CHECK_STR(str_of(o.argv[o.first + 2]), "x");
    outcome_free(&o);
}

TEST(options_may_follow_an_operand_that_is_no_command)
{
    struct values v = { 0 };
    struct outcome o = parse(&v, false, ARGV("file", "--port", "7"));

    CHECK_INT(o.status, ARGS_GO);
    CHECK_INT(v.port, 7);
    CHECK_INT(o.n_operands, 1);
    CHECK_STR(str_of(o.argv[o.first + 0]), "file");
    outcome_free(&o);
}

TEST(a_bad_value_is_named_with_what_is_allowed)
{
    expect(true, 2, "cordage try: --port takes a number from 0 to 65533, not 'x'\n",
           ARGV("--port", "x"));
    expect(true, 2, "cordage try: --port takes a number from 0 to 65533, not '65534'\n",
           ARGV("--port", "65534"));
    expect(true, 2, "cordage try: --port takes a number from 0 to 65533, not '-1'\n",
           ARGV("--port=-1"));
    expect(true, 2, "cordage try: --rate takes a number from 0 to 1000, not 'nan'\n",
           ARGV("--rate", "nan"));
    expect(true, 2, "cordage try: --rate takes a number from 0 to 1000, not '3x'\n",
           ARGV("--rate", "3x"));
    expect(true, 2, "cordage try: --token takes TEXT, which must not be empty\n",
           ARGV("--token="));
}

TEST(a_wrong_option_is_named_with_the_likely_one)
{
    expect(true, 2,
           "cordage try: there is no option '--prot'; did you mean '--port'? "
           "(`cordage try --help` lists them)\n",
           ARGV("--prot", "1"));
    expect(
        true, 2,
        "cordage try: there is no option '--zebra' (`cordage try --help` lists them)\n",
        ARGV("--zebra=1"));
    expect(true, 2,
           "cordage try: --port needs a value (`cordage try --help` lists them)\n",
           ARGV("--port"));
    expect(true, 2,
           "cordage try: --verbose takes no value (`cordage try --help` lists them)\n",
           ARGV("--verbose=1"));
}

TEST(operands_are_counted)
{
    expect(false, 2, "cordage try: 'b' is one argument too many\n", ARGV("a", "b"));
    expect(false, 2,
           "cordage try: an argument is missing; usage: cordage try [OPTION]... "
           "[-- COMMAND...]\n",
           ARGV("--verbose"));
    expect(true, 2, "cordage try: 'bot' is not an option; put -- in front of a command\n",
           ARGV("bot"));
}

TEST(help_lists_every_option_with_its_default)
{
    struct values v = { .port = 8443 };
    struct outcome o = parse(&v, true, ARGV("--help"));

    CHECK_INT(o.status, 0);
    CHECK_STR(str_of(o.err), "");
    CHECK_STR(str_of(o.out),
              "Usage: cordage try [OPTION]... [-- COMMAND...]\n\n"
              "Tries.\n\n"
              "Options:\n"
              "  --port P                  where to listen (default 8443)\n"
              "  --rate N                  how many\n"
              "                            a second (default 0)\n"
              "  --token TEXT              the token\n"
              "  --verbose                 say more\n"
              "  --json                    answer in JSON, for programs\n"
              "  --help                    this text\n"
              "  --version                 which version this is\n");
    outcome_free(&o);
}

TEST(a_suggestion_is_close_or_there_is_none)
{
    const char *const names[] = { "sim", "info", "doctor", NULL };

    CHECK_STR(str_of(suggest("smi", names)), "sim");
    CHECK_STR(str_of(suggest("docter", names)), "doctor");
    CHECK_STR(str_of(suggest("inf", names)), "info");
    CHECK(suggest("bench", names) == NULL);
    CHECK(suggest("", names) == NULL);
    CHECK(suggest("a word so long that nothing can be meant by it", names) == NULL);
}

RUN_TESTS(T(every_kind_of_option_is_taken), T(a_wrapped_command_keeps_its_own_options),
          T(options_may_follow_an_operand_that_is_no_command),
          T(a_bad_value_is_named_with_what_is_allowed),
          T(a_wrong_option_is_named_with_the_likely_one), T(operands_are_counted),
          T(help_lists_every_option_with_its_default),
          T(a_suggestion_is_close_or_there_is_none))
