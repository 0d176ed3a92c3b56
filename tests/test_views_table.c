/* Every event that Discord documents, field by field.
 *
 * tests/samples/events.json has a complete payload of each, views.txt what each view must
 * hold then: every field that isn't zero or empty, lists and objects by how many they
 * have. An event without a sample fails, and so does a field that no sample fills. */
#include <stdlib.h>

#include "captures.h"
#include "event.h"
#include "json.h"
#include "json_copy.h"
#include "test.h"
#include "views.h"

struct samples {
    struct json_parser *parser, *other;
    struct buf text, want, got;
    cordage_json events; /* by name */
};

static void samples_load(struct samples *s)
{
    *s = (struct samples){ .parser = json_parser_new(), .other = json_parser_new() };
    CHECK_INT(captures_read(SOURCE_ROOT "/tests/samples/events.json", &s->text), 0);
    CHECK_INT(captures_read(SOURCE_ROOT "/tests/samples/views.txt", &s->want), 0);
    CHECK_INT(json_parse(s->parser, buf_str(&s->text), &s->events), 0);
}

static void samples_release(struct samples *s)
{
    buf_release(&s->got);
    buf_release(&s->want);
    buf_release(&s->text);
    json_parser_free(s->other);
    json_parser_free(s->parser);
}

static cordage_json sample_of(const struct samples *s, cordage_event_type type)
{
    char name[64];

    snprintf(name, sizeof name, "%.*s", STR_FMT(event_name(type)));
    return json_get(s->events, name);
}

/* ---- A view as text ------------------------------------------------------------------
 */

static void write_json_field(struct buf *out, const struct view_row *row, cordage_json v)
{
    cordage_json_type type = cordage_json_type_of(v);

    if (type == CORDAGE_JSON_ARRAY || type == CORDAGE_JSON_OBJECT)
        buf_printf(out, "  %s %s of %zu\n", row->field,
                   type == CORDAGE_JSON_ARRAY ? "list" : "object", json_count(v));
    else if (type > CORDAGE_JSON_NULL)
        buf_printf(out, "  %s is neither\n", row->field);
}

/* Only what is there. */
static void write_field(struct buf *out, const struct view_row *row, const void *field)
{
    long long number = 0;

    switch (row->type) {
    case ROW_TEXT:
        if (((const cordage_str *)field)->n)
            buf_printf(out, "  %s \"%.*s\"\n", row->field,
                       STR_FMT(*(const cordage_str *)field));
        return;
    case ROW_DOUBLE:
        if (*(const double *)field != 0)
            buf_printf(out, "  %s %g\n", row->field, *(const double *)field);
        return;
    case ROW_JSON:
        write_json_field(out, row, *(const cordage_json *)field);
        return;
    case ROW_BOOL:
        number = *(const bool *)field;
        break;
    case ROW_INT:
        number = *(const int *)field;
        break;
    case ROW_COUNT32:
        number = *(const uint32_t *)field;
        break;
    default: /* all of 64 bits, none of them above 2^63 here */
        number = *(const int64_t *)field;
    }
    if (number)
        buf_printf(out, "  %s %lld\n", row->field, number);
}

static void write_rows(struct buf *out, const struct view_row *rows, unsigned n,
                       const char *view)
{
    for (unsigned i = 0; i < n; i++) {
        if (rows[i].type == ROW_NEST)
            write_rows(out, rows[i].rows, rows[i].n, view);
        else
            write_field(out, &rows[i], view + rows[i].at);
    }
}

static void write_view(struct buf *out, enum view view, const union view_any *any)
{
    const struct view_shape *shape = view_shape(view);

    write_rows(out, shape->rows, shape->n, (const char *)any);
}

/* ---- Each event
 * ------------------------------------------------------------------------ */

static void write_event(struct samples *s, cordage_event_type type)
{
    cordage_event event = { .type = type, .data = sample_of(s, type) };
    struct view_facts facts = { 0 };
    enum view view = view_of(type);
    union view_any out, old;

    if (json_is_absent(event.data))
        fail_msg("%.*s has no sample", STR_FMT(event_name(type)));
    event.guild_id = event_route_of(type, event.data).guild_id;
    view_read_event(&event, &facts, &out, &old);
    buf_printf(&s->got, "%.*s: %s\n", STR_FMT(event_name(type)), view_shape(view)->name);
    write_view(&s->got, view, &out);
}

/* What comes in no event: out of the cache, from REST, or in a rarer shape. */
static const struct {
    enum view view;
    const char *what, *json;
} others[] = {
    { VIEW_emoji, "out of the cache",
      "{\"id\":\"93\",\"name\":\"tide_ok\",\"roles\":[\"8\"],\"user\":{\"id\":\"30\"},"
      "\"require_colons\":true,\"managed\":true,\"animated\":true,\"available\":true,"
      "\"guild_id\":\"82\"}" },
    { VIEW_sticker, "out of the cache",
      "{\"id\":\"94\",\"name\":\"anchor\",\"description\":\"waves\",\"tags\":\"sea\","
      "\"type\":2,\"format_type\":4,\"available\":true,\"guild_id\":\"82\",\"pack_id\":"
      "\"95\",\"sort_value\":3,\"user\":{\"id\":\"30\"}}" },
    { VIEW_guild, "in an outage", "{\"id\":\"82\",\"unavailable\":true}" },
    { VIEW_channel, "of direct messages",
      "{\"id\":\"96\",\"type\":1,\"recipients\":[{\"id\":\"30\"}]}" },
    { VIEW_role, "out of the cache",
      "{\"id\":\"97\",\"guild_id\":\"82\",\"name\":\"Wardens\"}" },
    { VIEW_member, "in an interaction",
      "{\"user\":{\"id\":\"30\"},\"permissions\":\"8866461766385663\"}" },
    { VIEW_interaction, "a modal in direct messages",
      "{\"id\":\"98\",\"type\":5,\"data\":{\"id\":7,\"custom_id\":\"why\"},"
      "\"user\":{\"id\":\"30\",\"username\":\"mira.holt\"},\"context\":2}" },
};
enum { N_OTHERS = sizeof others / sizeof *others };

/* Parsed by `other`, until its next parse. */
static cordage_json other_of(struct samples *s, unsigned i)
{
    struct buf text = { 0 };
    cordage_json object;

    CHECK_INT(buf_append_z(&text, others[i].json), 0);
    CHECK_INT(json_parse(s->other, buf_str(&text), &object), 0);
    buf_release(&text);
    return object;
}

static void write_other(struct samples *s, unsigned i)
{
    union view_any out;

    view_read(others[i].view, other_of(s, i), &out);
    buf_printf(&s->got, "(%s): %s\n", others[i].what, view_shape(others[i].view)->name);
    write_view(&s->got, others[i].view, &out);
}

static bool take_line(struct str *text, struct str *line)
{
    const char *end = text->n ? memchr(text->p, '\n', text->n) : NULL;

    if (!end)
        return false;
    *line = (struct str){ text->p, (size_t)(end - text->p) };
    text->n -= line->n + 1;
    text->p = end + 1;
    return true;
}

static bool take_wanted(struct str *text, struct str *line)
{
    while (take_line(text, line))
        if (line->n && line->p[0] != '#')
            return true;
    *line = STR("(the end)");
    return false;
}

/* With CORDAGE_SAMPLES_OUT set, writes down what there is: for whoever adds a field, and
 * then reads the difference with care. */
static void keep_for_review(const struct samples *s)
{
    const char *path = getenv("CORDAGE_SAMPLES_OUT");
    FILE *f = path ? fopen(path, "w") : NULL;

    if (!f)
        return;
    fwrite(s->got.p, 1, s->got.n, f);
    fclose(f);
}

TEST(every_documented_event_gives_the_view_that_is_written_down)
{
    struct samples s;
    struct str got, want, got_line, want_line, where = STR("(the beginning)");
    bool more_got, more_want;

    samples_load(&s);
    CHECK_INT(cordage_json_count(s.events), CORDAGE_N_EVENTS - 1);
    for (cordage_event_type type = 1; type < CORDAGE_N_EVENTS; type++)
        write_event(&s, type);
    for (unsigned i = 0; i < N_OTHERS; i++)
        write_other(&s, i);
    keep_for_review(&s);
    got = buf_str(&s.got);
    want = buf_str(&s.want);
    do {
        more_got = take_wanted(&got, &got_line);
        more_want = take_wanted(&want, &want_line);
        if (!str_eq(got_line, want_line))
            fail_msg("in %.*s: \"%.*s\" is there, \"%.*s\" is written down",
                     STR_FMT(where), STR_FMT(got_line), STR_FMT(want_line));
        if (got_line.p[0] != ' ')
            where = got_line;
    } while (more_got && more_want);
    samples_release(&s);
}

/* ---- Each field
 * --------------------------------------------------------------------------
 */

/* Finds "  field " behind a heading of this view. */
static bool is_filled(struct str text, const char *view, const char *field)
{
    struct str line;
    bool here = false;

    while (take_wanted(&text, &line)) {
        if (line.p[0] != ' ')
            here =
                str_ends(line, str_of(view)) && line.p[line.n - strlen(view) - 1] == ' ';
        else if (here &&
                 str_starts((struct str){ line.p + 2, line.n - 2 }, str_of(field)) &&
                 line.p[2 + strlen(field)] == ' ')
            return true;
    }
    return false;
}

static void check_filled(const struct samples *s, const char *view,
                         const struct view_row *rows, unsigned n)
{
    CHECK(n <= VIEW_MAX_ROWS);
    for (unsigned i = 0; i < n; i++) {
        if (rows[i].type == ROW_NEST)
            check_filled(s, view, rows[i].rows, rows[i].n);
        else if (!is_filled(buf_str(&s->want), view, rows[i].field))
            fail_msg("no sample has %s->%s", view, rows[i].field);
    }
}

TEST(every_field_is_filled_by_some_sample)
{
    struct samples s;

    samples_load(&s);
    for (enum view view = 0; view < N_VIEWS; view++)
        check_filled(&s, view_shape(view)->name, view_shape(view)->rows,
                     view_shape(view)->n);
    samples_release(&s);
}

/* ---- Each key absent, and null
 * ---------------------------------------------------------
 */

/* Where a row's key is: at most three names deep. */
struct path {
    struct str keys[4];
    unsigned n;
};

/* Copies an object without what is at path->keys[depth...], or with null there. */
static void copy_without(struct json_writer *w, cordage_json object,
                         const struct path *path, unsigned depth, bool with_null)
{
    struct json_iter it;
    bool more;

    if (cordage_json_type_of(object) != CORDAGE_JSON_OBJECT) {
        json_copy(w, object);
        return;
    }
    json_open(w, '{');
    for (more = json_first(object, &it); more; more = json_next(&it)) {
        bool here = str_eq(it.key, path->keys[depth]);
        bool last = depth + 1 == path->n;

        if (here && last && !with_null)
            continue;
        json_key_str(w, it.key);
        if (here && last)
            json_put_null(w);
        else if (here)
            copy_without(w, it.value, path, depth + 1, with_null);
        else
            json_copy(w, it.value);
    }
    json_shut(w, '}');
}

/* The view's text without the lines of what stands at `path`. */
static void write_others(struct buf *out, const struct view_row *rows, unsigned n,
                         const struct path *path, unsigned depth, const char *view)
{
    for (unsigned i = 0; i < n; i++) {
        bool here = depth < path->n && str_eq(rows[i].key, path->keys[depth]);

        if (here && depth + 1 == path->n)
            continue;
        if (rows[i].type == ROW_NEST)
            write_others(out, rows[i].rows, rows[i].n, path, here ? depth + 1 : path->n,
                         view);
        else if (!here) /* the same object as JSON has changed, too */
            write_field(out, &rows[i], view + rows[i].at);
    }
}

/* With the key away, its fields are blank, and no others change. */
static void check_without(struct samples *s, enum view view, cordage_json object,
                          const struct path *path, bool with_null)
{
    const struct view_shape *shape = view_shape(view);
    struct buf text = { 0 }, want = { 0 }, got = { 0 }, rest = { 0 };
    struct json_writer w;
    union view_any before, after;
    cordage_json changed;

    json_begin(&w, &text);
    copy_without(&w, object, path, 0, with_null);
    CHECK_INT(json_end(&w), 0);
    CHECK_INT(json_parse(s->other, buf_str(&text), &changed), 0);
    view_read(view, object, &before);
    view_read(view, changed, &after);
    write_others(&want, shape->rows, shape->n, path, 0, (const char *)&before);
    write_others(&got, shape->rows, shape->n, path, 0, (const char *)&after);
    CHECK(str_eq(buf_str(&got), buf_str(&want)));
    if (path->n == 1) { /* nothing is left of it, then */
        char key[64];

        write_view(&rest, view, &after);
        CHECK_INT(rest.n, got.n);
        snprintf(key, sizeof key, "%.*s", STR_FMT(path->keys[0]));
        if (cordage_has(object, key) != CORDAGE_ABSENT)
            CHECK_INT(cordage_has(changed, key),
                      with_null ? CORDAGE_NULL : CORDAGE_ABSENT);
    }
    buf_release(&rest);
    buf_release(&got);
    buf_release(&want);
    buf_release(&text);
}

/* More than one key may say whose an interaction or integration is, and what kind of
 * interaction it is decides what an id means. */
static bool depends_on_others(enum view view, struct str key)
{
    if (view == VIEW_interaction)
        return str_is(key, "type") || str_is(key, "user") || str_is(key, "member") ||
               str_is(key, "id") || str_is(key, "username");
    return view == VIEW_integration && (str_is(key, "application_id") ||
                                        str_is(key, "application") || str_is(key, "id"));
}

static void check_rows(struct samples *s, enum view view, cordage_json object,
                       const struct view_row *rows, unsigned n, struct path path)
{
    unsigned depth = path.n++;

    for (unsigned i = 0; i < n; i++) {
        path.keys[depth] = rows[i].key;
        if (rows[i].type == ROW_NEST)
            check_rows(s, view, object, rows[i].rows, rows[i].n, path);
        if (depends_on_others(view, rows[i].key))
            continue;
        check_without(s, view, object, &path, false);
        check_without(s, view, object, &path, true);
    }
}

TEST(a_key_that_is_absent_or_null_blanks_its_fields_and_no_others)
{
    struct samples s;
    struct path top = { .n = 0 };

    samples_load(&s);
    for (cordage_event_type type = 1; type < CORDAGE_N_EVENTS; type++) {
        enum view view = view_of(type);
        cordage_json object = sample_of(&s, type);

        if (view == VIEW_role)
            object = json_get(object, "role");
        check_rows(&s, view, object, view_shape(view)->rows, view_shape(view)->n, top);
    }
    samples_release(&s);
}

RUN_TESTS(T(every_documented_event_gives_the_view_that_is_written_down),
          T(every_field_is_filled_by_some_sample),
          T(a_key_that_is_absent_or_null_blanks_its_fields_and_no_others))
