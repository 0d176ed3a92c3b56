/* sim_check.c - `cordage sim check LOG`: judges a bot by its log. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "args.h"
#include "buf.h"
#include "check.h"
#include "subcommands.h"
#include "http.h"
#include "limits.h"
#include "sim_dir.h"

enum { FINDINGS_SHOWN = 20 };

/* Feeds every line of an open file. The error names file and line. */
static int check_lines(struct check *check, FILE *in, const char *name,
                       cordage_error *error)
{
    cordage_error why = { 0 };
    char *line = NULL;
    size_t size = 0;
    ssize_t n;
    int err = 0;

    while (!err && (n = getline(&line, &size, in)) >= 0) {
        if (n > 0 && line[n - 1] == '\n')
            n--;
        err = check_line(check, (struct str){ line, (size_t)n }, &why);
    }
    free(line);
    if (err)
        return error_set(error, err, "%s:%" PRIu64 ": %.500s", name, check->lines,
                         why.message);
    if (ferror(in))
        return error_set(error, CORDAGE_EIO, "%s: %s", name, strerror(errno));
    return 0;
}

static int check_log(struct check *check, const char *name, cordage_error *error)
{
    FILE *in;
    int err;

    if (strcmp(name, "-") == 0)
        return check_lines(check, stdin, "standard input", error);
    in = fopen(name, "re");
    if (!in)
        return error_set(error, CORDAGE_EIO, "%s: %s", name, strerror(errno));
    err = check_lines(check, in, name, error);
    fclose(in);
    return err;
}

static int read_file(const char *name, struct buf *out, cordage_error *error)
{
    FILE *in = fopen(name, "re");
    int err = 0;

    if (!in)
        return error_set(error, CORDAGE_EIO, "%s: %s", name, strerror(errno));
    out->limit = LIMIT_HTTP_BODY;
    while (!err && !feof(in) && !ferror(in)) {
        err = buf_reserve(out, BUFSIZ);
        if (!err)
            out->n += fread(out->p + out->n, 1, BUFSIZ, in);
    }
    if (err)
        error_set(error, err, "%s: %s", name, cordage_strerror(err));
    else if (ferror(in))
        err = error_set(error, CORDAGE_EIO, "%s: %s", name, strerror(errno));
    fclose(in);
    return err;
}

static int get(const char *url, const char *ca_file, struct http_got *got,
               cordage_error *error)
{
    struct http_options options = { .ca_file = ca_file, .user_agent = "cordage" };
    struct http_request request = { .method = "GET", .url = url };
    cordage_error why = { 0 };
    int err = http_fetch(&options, &request, got, &why);

    if (err == CORDAGE_ETLS)
        return error_set(error, err,
                         "%s: %.500s (CORDAGE_CA_FILE must name the simulator's "
                         "ca.pem)",
                         url, why.message);
    if (err)
        return error_set(error, err, "%s: %.500s", url, why.message);
    if (got->status != 200)
        return error_set(error, CORDAGE_EHTTP, "%s answered with HTTP status %ld", url,
                         got->status);
    return 0;
}

/* Any URL of the simulator will do, $CORDAGE_API for one: only its host and port count.
 */
static int fetch_report(const char *url, struct http_got *got, cordage_error *error)
{
    const char *host = strstr(url, "://") + 3;
    const char *ca_file = getenv("CORDAGE_CA_FILE");
    char dir[SIM_DIR_SIZE], own_ca[512], report_url[LIMIT_URL];

    if (!ca_file && sim_dir(dir, NULL) == 0) {
        snprintf(own_ca, sizeof own_ca, "%s/ca.pem", dir);
        if (access(own_ca, R_OK) == 0)
            ca_file = own_ca;
    }
    snprintf(report_url, sizeof report_url, "%.*s/_sim/report?traffic=1",
             (int)(host - url + (ptrdiff_t)strcspn(host, "/?#")), url);
    return get(report_url, ca_file, got, error);
}

static int apply_report(struct check *check, const char *name, struct str text,
                        cordage_error *error)
{
    struct json_parser *parser = json_parser_new();
    cordage_error why = { 0 };
    cordage_json report;
    int err;

    if (!parser)
        return error_set(error, CORDAGE_ENOMEM, "%s", cordage_strerror(CORDAGE_ENOMEM));
    err = json_parse(parser, text, &report);
    if (err)
        error_set(&why, err, "not JSON");
    else
        err = check_report(check, report, &why);
    json_parser_free(parser);
    return err ? error_set(error, err, "%s: %.500s", name, why.message) : 0;
}

static int check_against(struct check *check, const char *name, cordage_error *error)
{
    bool is_url = strncmp(name, "http://", 7) == 0 || strncmp(name, "https://", 8) == 0;
    struct http_got got = { 0 };
    struct buf file = { 0 };
    int err = is_url ? fetch_report(name, &got, error) : read_file(name, &file, error);

    if (!err)
        err = apply_report(check, name, buf_str(is_url ? &got.body : &file), error);
    http_got_release(&got);
    buf_release(&file);
    return err;
}

static void print_finding(const struct check_finding *f, const char *log)
{
    printf("%s:", strcmp(log, "-") == 0 ? "standard input" : log);
    if (f->line)
        printf("%" PRIu64 ":", f->line);
    printf(" guild %" PRIu64 ": n=%" PRIu64, f->guild_id, f->first);
    if (f->last > f->first)
        printf(" to %" PRIu64, f->last);
    switch (f->kind) {
    case CHECK_LOST:
        printf(f->line ? " had not come by here, and never did\n" : " never came\n");
        break;
    case CHECK_DOUBLED:
        printf(" came again\n");
        break;
    case CHECK_OUT_OF_ORDER:
        printf(" came after a later one\n");
        break;
    case CHECK_UNKNOWN:
        printf(" came, but the report says it was never sent: is it of the same run?\n");
        break;
    }
}

static void print_verdict(const struct check *c, const char *log)
{
    uint64_t total = 0;

    for (size_t i = 0; i < c->n_findings && i < FINDINGS_SHOWN; i++)
        print_finding(&c->findings[i], log);
    if (c->n_findings > FINDINGS_SHOWN)
        printf("... and %s%zu more findings\n",
               c->n_findings == CHECK_FINDINGS_MAX ? "at least " : "",
               c->n_findings - FINDINGS_SHOWN);
    for (int kind = 0; kind <= CHECK_UNKNOWN; kind++)
        total += c->n[kind];
    printf("%" PRIu64 " messages of %zu guilds: ", c->messages, c->n_guilds);
    if (total == 0) {
        puts(c->messages ? "none lost, none doubled, all in order"
                         : "no line has guild=ID and n=NUMBER");
        return;
    }
    printf("%" PRIu64 " lost, %" PRIu64 " doubled, %" PRIu64 " out of order",
           c->n[CHECK_LOST], c->n[CHECK_DOUBLED], c->n[CHECK_OUT_OF_ORDER]);
    if (c->n[CHECK_UNKNOWN])
        printf(", %" PRIu64 " unknown", c->n[CHECK_UNKNOWN]);
    putchar('\n');
}

static int print_json(const struct check *c, cordage_error *error)
{
    struct json_writer w;
    struct buf out = { 0 };
    int err;

    json_begin(&w, &out);
    check_write(c, &w);
    err = json_end(&w);
    if (!err)
        printf("%.*s\n", STR_FMT(buf_str(&out)));
    buf_release(&out);
    return err ? error_set(error, err, "%s", cordage_strerror(err)) : 0;
}

static int check_all(struct check *check, const char *log, const char *report, bool json,
                     cordage_error *error)
{
    int err = check_log(check, log, error);

    if (!err && report)
        err = check_against(check, report, error);
    if (!err) {
        err = check_finish(check);
        if (err)
            error_set(error, err, "%s", cordage_strerror(err));
    }
    if (!err && json)
        err = print_json(check, error);
    else if (!err)
        print_verdict(check, log);
    return err;
}

int command_sim_check(int argc, char **argv)
{
    struct check check = { 0 };
    const char *report = NULL;
    bool json = false;
    const struct arg list[] = {
        { "report", "URL|FILE",
          "compare with the simulator's report: how far each guild got\n"
          "(any URL of the simulator, or what /_sim/report?traffic=1 gave)",
          .text = &report },
        { "from-start", NULL,
          "the bot was there from the first message on: miss those before\n"
          "the lowest number in the log, too",
          .flag = &check.from_start },
        { NULL },
    };
    const struct args args = {
        .command = "sim check",
        .usage = "[OPTION]... LOG",
        .about = "Says which of the simulator's traffic messages a bot lost, saw twice "
                 "or saw out\n"
                 "of order, from what it logged. A line counts when it has `guild=ID` "
                 "and behind\n"
                 "it `n=NUMBER`, as the messages themselves have; `-` is standard input.",
        .after = "Exit status: 0 all seen, once and in order; 1 some were not, or it "
                 "can't be told.",
        .list = list,
        .json = &json,
        .min_operands = 1,
        .max_operands = 1,
    };
    cordage_error error = { 0 };
    char **operands;
    int n_operands;
    int status = args_parse(&args, argc, argv, &operands, &n_operands, stdout, stderr);

    if (status != ARGS_GO)
        return status;
    if (check_all(&check, operands[0], report, json, &error)) {
        fprintf(stderr, "cordage sim check: %s\n", error.message);
        status = 1;
    } else {
        status = check_passed(&check) ? 0 : 1;
    }
    check_release(&check);
    return status;
}
