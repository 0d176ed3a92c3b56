#include "fleet_print.h"

#include "json_write.h"

enum { KEY_COLUMN = 19, VALUE_COLUMN = 31 };

static const char *value_of(const struct fleet_settings *s, enum fleet_setting which,
                            const char *state_dir)
{
    const char *text = s->values[which].text;

    if (which == FLEET_STATE_DIR && state_dir)
        return state_dir;
    return text && *text ? text : NULL;
}

static void print_row(FILE *out, const char *key, const char *value, const char *where)
{
    char text[1200];

    snprintf(text, sizeof text, "%s", value ? value : "-");
    str_make_printable(text, strlen(text));
    fprintf(out, "%-*s %-*s %s\n", KEY_COLUMN, key, VALUE_COLUMN, text, where);
}

static int print_text(const struct fleet_settings *s, const char *state_dir,
                      const char *token_where, FILE *out)
{
    char key[FLEET_FILE_KEY], where[FLEET_WHERE];
    bool token = strcmp(token_where, "none") != 0;

    for (int i = 0; i < N_FLEET_SETTINGS; i++) {
        enum fleet_setting which = (enum fleet_setting)i;

        fleet_settings_key(which, key);
        print_row(out, key, value_of(s, which, state_dir),
                  fleet_settings_where(s, which, where));
    }
    print_row(out, "token", token ? "***" : NULL, token_where);
    return 0;
}

static void put_row(struct json_writer *w, const char *key, const char *value,
                    const char *from, const char *where)
{
    json_key(w, key);
    json_open(w, '{');
    json_key(w, "value");
    json_put_z(w, value);
    json_key(w, "from");
    json_put_z(w, from);
    json_key(w, "where");
    json_put_z(w, where);
    json_shut(w, '}');
}

static int print_json(const struct fleet_settings *s, const char *state_dir,
                      const char *token_where, FILE *out)
{
    char key[FLEET_FILE_KEY], where[FLEET_WHERE];
    bool none = strcmp(token_where, "none") == 0;
    bool own = strcmp(token_where, "DISCORD_TOKEN") == 0;
    struct buf text = { 0 };
    struct json_writer w;
    int err;

    json_begin(&w, &text);
    json_open(&w, '{');
    for (int i = 0; i < N_FLEET_SETTINGS; i++) {
        enum fleet_setting which = (enum fleet_setting)i;

        fleet_settings_key(which, key);
        put_row(&w, key, value_of(s, which, state_dir),
                fleet_source_name(s->values[which].from),
                fleet_settings_where(s, which, where));
    }
    put_row(&w, "token", none ? NULL : "***",
            none  ? "default"
            : own ? "environment"
                  : fleet_source_name(s->values[FLEET_TOKEN_FILE].from),
            token_where);
    json_shut(&w, '}');
    err = json_end(&w);
    if (!err)
        fprintf(out, "%.*s\n", STR_FMT(buf_str(&text)));
    buf_release(&text);
    return err;
}

int fleet_print(const struct fleet_settings *s, const char *state_dir,
                const char *token_where, bool json, FILE *out)
{
    return json ? print_json(s, state_dir, token_where, out)
                : print_text(s, state_dir, token_where, out);
}
