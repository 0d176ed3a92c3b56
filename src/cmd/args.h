/* args.h - the command line of one subcommand, described once.
 *
 * A table says which options there are; parsing, --help, --version, --json and the
 * sentences about bad values follow from it. What is set before parsing is the default,
 * and --help shows it. A mistake is named together with what is allowed, and ends with
 * status 2. */
#ifndef CMD_ARGS_H
#define CMD_ARGS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* One option. Exactly one of the four pointers is set: it says what kind it is. */
struct arg {
    const char *name;  /* long, without dashes; NULL ends the table */
    const char *value; /* what --help calls its value: "N"; NULL for a flag */
    const char *help;  /* a phrase; '\n' where a new line shall begin */
    bool *flag;
    const char **text;
    uint64_t *number; /* from `min` to `max`; decimal */
    double *real;     /* from `min`, or `least` if that is more, to `max` */
    uint64_t min, max;
    double least;
    const char *fallback; /* what --help calls the default of a text that isn't set yet */
};

struct args {
    const char *command; /* "sim", "sim check" */
    const char *usage;   /* "[OPTION]... [-- COMMAND...]" */
    const char *about;   /* a paragraph: what it does */
    const char *after;   /* more help behind the options, or NULL */
    const struct arg *list;
    bool *json; /* --json, which every subcommand has */
    /* Operands: file names and the like. With `wraps_command` they are a command line
     * of somebody else's and must stand behind "--". */
    int min_operands, max_operands;
    bool wraps_command;
};

enum { ARGS_GO = -1 };

/* Parses argv[1] and on (argv[0] is skipped), filling what the table points to. ARGS_GO,
 * with the operands in *operands (borrowed from argv, which gets reordered; NULL at the
 * end) and *n_operands; or the status to exit with, after --help went to `out` or a
 * mistake to `err`. */
int args_parse(const struct args *args, int argc, char **argv, char ***operands,
               int *n_operands, FILE *out, FILE *err);

/* What --help prints. */
void args_help(const struct args *args, FILE *out);

#endif
