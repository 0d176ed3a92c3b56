#include "args.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "cordage/version.h"
#include "str.h"
#include "suggest.h"

enum {
    ARGS_MAX = 40,    /* options in one table */
    HELP_COLUMN = 28, /* where --help puts the phrases */
    KEY_FIRST = 256,  /* getopt's values of our options, beyond any letter */
    KEY_HELP = 'h',
    KEY_JSON = KEY_FIRST + ARGS_MAX,
    KEY_VERSION,
    COMMON = 3 /* options that every subcommand has: --help, --version, --json */
};

static void print_option(FILE *out, const char *name, const char *value, const char *help)
{
    int used = fprintf(out, "  --%s%s%s", name, value ? " " : "", value ? value : "");

    fprintf(out, "%*s", used < HELP_COLUMN ? HELP_COLUMN - used : 1, "");
    for (; *help; help++) {
        fputc(*help, out);
        if (*help == '\n')
            fprintf(out, "%*s", HELP_COLUMN, "");
    }
}

/* What the option is without being given, where saying so helps. */
static void print_default(FILE *out, const struct arg *a)
{
    if (a->number)
        fprintf(out, " (default %llu)", (unsigned long long)*a->number);
    else if (a->real)
        fprintf(out, " (default %g)", *a->real);
    else if (a->text && *a->text)
        fprintf(out, " (default %s)", *a->text);
    else if (a->fallback)
        fprintf(out, " (default %s)", a->fallback);
}

void args_help(const struct args *args, FILE *out)
{
    fprintf(out, "Usage: cordage %s %s\n\n%s\n\nOptions:\n", args->command, args->usage,
            args->about);
    for (const struct arg *a = args->list; a && a->name; a++) {
        print_option(out, a->name, a->value, a->help);
        print_default(out, a);
        fputc('\n', out);
    }
    if (args->json) {
        print_option(out, "json", NULL, "answer in JSON, for programs");
        fputc('\n', out);
    }
    print_option(out, "help", NULL, "this text");
    fputc('\n', out);
    print_option(out, "version", NULL, "which version this is");
    fputc('\n', out);
    if (args->after)
        fprintf(out, "\n%s\n", args->after);
}

static int refuse_number(const struct args *args, const struct arg *a, const char *value,
                         FILE *err)
{
    fprintf(err, "cordage %s: --%s takes a number from %llu to %llu, not '%s'\n",
            args->command, a->name, (unsigned long long)a->min,
            (unsigned long long)a->max, value);
    return 2;
}

static int refuse_real(const struct args *args, const struct arg *a, const char *value,
                       FILE *err)
{
    double least = a->least > (double)a->min ? a->least : (double)a->min;

    fprintf(err, "cordage %s: --%s takes a number from %.10g to %llu, not '%s'\n",
            args->command, a->name, least, (unsigned long long)a->max, value);
    return 2;
}

static int take_real(const struct args *args, const struct arg *a, const char *value,
                     FILE *err)
{
    char *end;
    double d;

    errno = 0;
    d = strtod(value, &end);
    /* The comparison is written so that NaN fails it. */
    if (end == value || *end || errno ||
        !(d >= (double)a->min && d >= a->least && d <= (double)a->max))
        return refuse_real(args, a, value, err);
    *a->real = d;
    return ARGS_GO;
}

static int take_value(const struct args *args, const struct arg *a, const char *value,
                      FILE *err)
{
    uint64_t n;

    if (a->flag) {
        *a->flag = true;
        return ARGS_GO;
    }
    if (a->real)
        return take_real(args, a, value, err);
    if (a->text) {
        if (!*value) {
            fprintf(err, "cordage %s: --%s takes %s, which must not be empty\n",
                    args->command, a->name, a->value);
            return 2;
        }
        *a->text = value;
        return ARGS_GO;
    }
    if (!str_u64(str_of(value), &n) || n < a->min || n > a->max)
        return refuse_number(args, a, value, err);
    *a->number = n;
    return ARGS_GO;
}

static size_t make_long_options(const struct args *args, struct option *options)
{
    size_t n = 0;

    for (const struct arg *a = args->list; a && a->name; a++, n++) {
        assert(n < ARGS_MAX);
        options[n] = (struct option){ a->name, a->flag ? no_argument : required_argument,
                                      NULL, KEY_FIRST + (int)n };
    }
    options[n++] = (struct option){ "help", no_argument, NULL, KEY_HELP };
    options[n++] = (struct option){ "version", no_argument, NULL, KEY_VERSION };
    if (args->json)
        options[n++] = (struct option){ "json", no_argument, NULL, KEY_JSON };
    return n;
}

static int refuse_option(const struct args *args, const struct option *options,
                         const char *word, int why, FILE *err)
{
    const char *names[ARGS_MAX + COMMON + 1] = { NULL };
    char name[SUGGEST_WORD_MAX + 1] = "";
    const char *meant = NULL;

    fprintf(err, "cordage %s: ", args->command);
    for (size_t i = 0; options[i].name; i++)
        names[i] = options[i].name;
    if (strncmp(word, "--", 2) == 0 && strcspn(word + 2, "=") < sizeof name)
        memcpy(name, word + 2, strcspn(word + 2, "="));
    if (*name)
        meant = suggest(name, names);
    if (why == ':') {
        fprintf(err, "%s needs a value", word);
        meant = NULL;
    } else if (meant && strcmp(meant, name) == 0) {
        fprintf(err, "--%s takes no value", name);
        meant = NULL;
    } else {
        fprintf(err, "there is no option '%.*s'", (int)strcspn(word, "="), word);
    }
    if (meant)
        fprintf(err, "; did you mean '--%s'?", meant);
    fprintf(err, " (`cordage %s --help` lists them)\n", args->command);
    return 2;
}

static int check_operands(const struct args *args, char **operands, int n, bool dashes,
                          FILE *err)
{
    if (args->wraps_command && n > 0 && !dashes) {
        fprintf(err, "cordage %s: '%s' is not an option; put -- in front of a command\n",
                args->command, operands[0]);
        return 2;
    }
    if (n > args->max_operands) {
        fprintf(err, "cordage %s: '%s' is one argument too many\n", args->command,
                operands[args->max_operands]);
        return 2;
    }
    if (n < args->min_operands) {
        fprintf(err, "cordage %s: an argument is missing; usage: cordage %s %s\n",
                args->command, args->command, args->usage);
        return 2;
    }
    return ARGS_GO;
}

int args_parse(const struct args *args, int argc, char **argv, char ***operands,
               int *n_operands, FILE *out, FILE *err)
{
    struct option options[ARGS_MAX + COMMON + 1] = { 0 };
    int key, status;

    make_long_options(args, options);
    optind = 0; /* a new scan, from the start */
    opterr = 0;
    /* '+': a wrapped command's own options are not ours. ':': tell a missing value. */
    while ((key = getopt_long(argc, argv, args->wraps_command ? "+:h" : ":h", options,
                              NULL)) != -1) {
        if (key == KEY_HELP) {
            args_help(args, out);
            return 0;
        }
        if (key == KEY_VERSION) {
            fputs("cordage " CORDAGE_VERSION "\n", out);
            return 0;
        }
        if (key == KEY_JSON) {
            *args->json = true;
        } else if (key >= KEY_FIRST) {
            status = take_value(args, &args->list[key - KEY_FIRST], optarg, err);
            if (status != ARGS_GO)
                return status;
        } else {
            return refuse_option(args, options, argv[optind - 1], key, err);
        }
    }
    *operands = argv + optind;
    *n_operands = argc - optind;
    return check_operands(args, *operands, *n_operands,
                          optind > 1 && strcmp(argv[optind - 1], "--") == 0, err);
}
