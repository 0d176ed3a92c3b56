#include "sim_verdict.h"

#include "field.h"

/* After the run every time is as good as another. */
static bool next(const struct scenario_run *r, size_t i, struct scenario_result *out)
{
    return scenario_result(r, i, 0, out);
}

int sim_verdict(const struct scenario_run *r, const char *name, const struct scenario *s,
                FILE *out)
{
    struct scenario_result result;
    size_t n = 0, n_failed = 0;
    char note[300];

    fprintf(out, "%s: %s\n", name, scenario_title(s));
    for (; next(r, n, &result); n++) {
        n_failed += !result.held;
        fprintf(out, "  %-6s  %-36s  %s\n", result.held ? "held" : "FAILED", result.text,
                result.found);
    }
    for (size_t i = 0; scenario_note(r, i, note, sizeof note); i++)
        fprintf(out, "  note    %s\n", note);
    if (n_failed)
        fprintf(out, "%zu of %zu expectations failed\n", n_failed, n);
    else
        fprintf(out, "all %zu expectations held\n", n);
    return n_failed || fflush(out) ? 1 : 0;
}

static bool all_held(const struct scenario_run *r)
{
    struct scenario_result result;

    for (size_t i = 0; next(r, i, &result); i++)
        if (!result.held)
            return false;
    return true;
}

int sim_verdict_json(const struct scenario_run *r, const char *name,
                     const struct scenario *s, FILE *out)
{
    struct scenario_result result;
    struct json_writer w;
    struct buf text = { 0 };
    bool passed = all_held(r);
    char note[300];
    int err;

    json_begin(&w, &text);
    json_open(&w, '{');
    field_z(&w, "scenario", name);
    field_z(&w, "title", scenario_title(s));
    field_bool(&w, "passed", passed);
    field_open(&w, "expectations", '[');
    for (size_t i = 0; next(r, i, &result); i++) {
        json_open(&w, '{');
        field_z(&w, "text", result.text);
        field_u64(&w, "line", result.line);
        field_bool(&w, "held", result.held);
        field_z(&w, "found", result.found);
        json_shut(&w, '}');
    }
    json_shut(&w, ']');
    field_open(&w, "notes", '[');
    for (size_t i = 0; scenario_note(r, i, note, sizeof note); i++)
        json_put_z(&w, note);
    json_shut(&w, ']');
    json_shut(&w, '}');
    err = json_end(&w);
    if (!err)
        fprintf(out, "%.*s\n", STR_FMT(buf_str(&text)));
    buf_release(&text);
    return err || fflush(out) || !passed ? 1 : 0;
}
