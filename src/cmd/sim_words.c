#include "sim_words.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "field.h"

enum {
    BROKEN_TOLD = 20, /* further ones are only counted */
    SILENT_MAX = 20   /* changes of small counters that go untold */
};

static void write_line(void *user, enum log_level level, const char *line)
{
    (void)user;
    fprintf(stderr, "sim: %s %s\n", log_level_name(level), line);
}

struct log sim_words_log(bool verbose)
{
    return (struct log){ .write = write_line, .level = verbose ? LOG_DEBUG : LOG_WARN };
}

/* In single quotes, for a shell. */
static void put_quoted(FILE *out, const char *text)
{
    fputc('\'', out);
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\''", out);
        else
            fputc(*text, out);
    }
    fputc('\'', out);
}

static void put_export(FILE *out, const char *name, const char *value)
{
    fprintf(out, "  export %s=", name);
    put_quoted(out, value);
    fputc('\n', out);
}

/* "https://127.0.0.1:8443" of ".../api/v10". */
static int root_length(const struct server *s)
{
    return (int)(strstr(s->api, "/api/") - s->api);
}

const char *sim_words_variable(uint32_t bot, char out[32])
{
    if (bot)
        snprintf(out, 32, "DISCORD_TOKEN_%u", bot + 1);
    else
        snprintf(out, 32, "DISCORD_TOKEN");
    return out;
}

static void put_tokens(FILE *out, const struct sim *sim)
{
    const struct sim_app *app;

    for (uint32_t i = 0; (app = sim_app(sim, i)); i++) {
        if (i == 0)
            fprintf(out, "  token    %s\n", app->token);
        else
            fprintf(out, "  token %-2u %s\n", i + 1, app->token);
    }
}

static void export_tokens(FILE *out, const struct sim *sim)
{
    const struct sim_app *app;
    char name[32];

    for (uint32_t i = 0; (app = sim_app(sim, i)); i++)
        put_export(out, sim_words_variable(i, name), app->token);
}

int sim_words_hello(const struct server *s, const char *state_dir, const char *bundle,
                    FILE *out, char *const *command)
{
    struct world *world = sim_world(s->sim);
    char bots[32] = "a bot";

    if (world->n_bots > 1)
        snprintf(bots, sizeof bots, "%u bots", world->n_bots);
    fprintf(out,
            "An offline Discord is listening, with %s in %u guild%s.\n\n"
            "  API      %s\n"
            "  gateway  %s (resumes: %s)\n",
            bots, world->n_guilds, world->n_guilds == 1 ? "" : "s", s->api,
            s->gateway_url, s->resume_url);
    put_tokens(out, s->sim);
    fprintf(out,
            "  CA file  %s\n"
            "  report   %.*s/_sim/report\n"
            "  page     %.*s/_sim\n",
            s->cert.ca_file, root_length(s), s->api, root_length(s), s->api);
    if (command) {
        fprintf(out, "\nRunning %s.\n", command[0]);
    } else {
        fputs("\nFor a bot in another terminal, paste there:\n\n", out);
        export_tokens(out, s->sim);
        put_export(out, "CORDAGE_API", s->api);
        put_export(out, "CORDAGE_CA_FILE", s->cert.ca_file);
        if (state_dir[0])
            put_export(out, "CORDAGE_STATE_DIR", state_dir);
        put_export(out, "NODE_EXTRA_CA_CERTS", s->cert.ca_file);
        put_export(out, "SSL_CERT_FILE", bundle);
        fputs("\nCtrl-C ends it.\n", out);
    }
    return fflush(out) ? 1 : 0;
}

int sim_words_json(const struct server *s, const char *state_dir, const char *bundle,
                   FILE *out)
{
    struct json_writer w;
    struct buf line = { 0 };
    char report[LIMIT_URL];
    int err;

    snprintf(report, sizeof report, "%.*s/_sim/report", root_length(s), s->api);
    json_begin(&w, &line);
    json_open(&w, '{');
    field_z(&w, "api", s->api);
    field_z(&w, "gateway", s->gateway_url);
    field_z(&w, "resume", s->resume_url);
    field_z(&w, "report", report);
    snprintf(report, sizeof report, "%.*s/_sim", root_length(s), s->api);
    field_z(&w, "page", report);
    field_z(&w, "token", sim_token(s->sim));
    field_open(&w, "tokens", '[');
    for (uint32_t i = 0; sim_app(s->sim, i); i++)
        json_put_z(&w, sim_app(s->sim, i)->token);
    json_shut(&w, ']');
    field_z(&w, "ca_file", s->cert.ca_file);
    field_z(&w, "ca_bundle", bundle);
    if (state_dir[0])
        field_z(&w, "state_dir", state_dir);
    json_shut(&w, '}');
    err = json_end(&w);
    if (!err)
        fprintf(out, "%.*s\n", STR_FMT(buf_str(&line)));
    buf_release(&line);
    return err || fflush(out) ? 1 : 0;
}

void sim_words_state(const char *name, FILE *out)
{
    const char *dir = getenv("CORDAGE_STATE_DIR");

    if (dir && *dir)
        fprintf(
            out,
            "cordage %s: CORDAGE_STATE_DIR is set: the command keeps its state in %s, "
            "not in a\nfolder that ends with the simulator\n",
            name, dir);
}

static void tell_broken(const struct report_entry *e, FILE *out)
{
    fprintf(out, "sim: rule broken: %s: %s", sim_rule_name(e->rule),
            sim_rule_text(e->rule));
    if (e->shard_id != REPORT_NO_SHARD)
        fprintf(out, ", shard %u/%u", e->shard_id, e->shard_count);
    fprintf(out, "%s%s\n", *e->detail ? ": " : "", e->detail);
}

/* Whether more than heartbeats and events were counted. */
static bool is_notable(const struct report *a, const struct report *b)
{
    return a->connections != b->connections || a->identifies != b->identifies ||
           a->ready != b->ready || a->resumes != b->resumes || a->resumed != b->resumed ||
           a->faults != b->faults;
}

static void tell_counts(struct sim_words *w, const struct report *r, FILE *out)
{
    struct report now = *r;

    now.entries = NULL;
    if (memcmp(&now, &w->counts, sizeof now) == 0)
        return;
    if (!is_notable(&now, &w->counts) && ++w->silent < SILENT_MAX)
        return;
    w->silent = 0;
    w->counts = now;
    fprintf(out,
            "sim: connections=%" PRIu64 " identifies=%" PRIu64 " ready=%" PRIu64
            " resumes=%" PRIu64 " resumed=%" PRIu64 " heartbeats=%" PRIu64
            " events=%" PRIu64 " messages=%" PRIu64 " faults=%" PRIu64 "\n",
            r->connections, r->identifies, r->ready, r->resumes, r->resumed,
            r->heartbeats, r->dispatched, r->messages_created, r->faults);
}

void sim_words_news(struct sim_words *w, const struct report *r, FILE *out)
{
    for (; w->n_broken < r->n_entries && w->n_broken < BROKEN_TOLD; w->n_broken++)
        tell_broken(&r->entries[w->n_broken], out);
    if (w->verbose)
        tell_counts(w, r, out);
}

void sim_words_summary(const struct sim_words *w, const struct report *r, FILE *out)
{
    fprintf(out,
            "sim: %" PRIu64 " connection%s, %" PRIu64 " identified, %" PRIu64
            " resumed, %" PRIu64 " events; ",
            r->connections, r->connections == 1 ? "" : "s", r->ready, r->resumed,
            r->dispatched);
    if (r->n_broken == 0)
        fputs("no rule was broken\n", out);
    else
        fprintf(out, "%zu rule%s broken%s\n", r->n_broken,
                r->n_broken == 1 ? " was" : "s were",
                r->n_broken > w->n_broken ? ", not all of them shown" : "");
}

void sim_words_blast(const struct sim *s, FILE *out)
{
    uint64_t us, events = sim_blasted(s, &us);

    if (events && us)
        fprintf(out,
                "sim: load: %" PRIu64
                " events took %.2f s of the simulator's CPU: %.0f a "
                "second\n",
                events, (double)us / 1e6, (double)events * 1e6 / (double)us);
}
