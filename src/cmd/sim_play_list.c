/* The scenarios that come with the program, listed. */
#include "field.h"
#include "sim_play.h"

static void put_json(struct json_writer *w, const char *name, const struct scenario *s)
{
    json_open(w, '{');
    field_z(w, "name", name);
    field_z(w, "title", scenario_title(s));
    json_shut(w, '}');
}

int sim_play_list(bool json, FILE *out)
{
    struct buf line = { 0 };
    struct json_writer w;
    struct scenario *s;
    const char *name;
    cordage_error error;
    int err;

    json_begin(&w, &line);
    json_open(&w, '[');
    for (size_t i = 0; (name = scenario_shipped_name(i)); i++) {
        if (scenario_read(name, scenario_shipped(name), &s, &error))
            continue;
        if (json)
            put_json(&w, name, s);
        else
            fprintf(out, "%-24s %s\n", name, scenario_title(s));
        scenario_free(s);
    }
    json_shut(&w, ']');
    err = json_end(&w);
    if (json && !err)
        fprintf(out, "%.*s\n", STR_FMT(buf_str(&line)));
    buf_release(&line);
    return err || fflush(out) ? 1 : 0;
}
