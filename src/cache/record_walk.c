/* Through a record from its first field to its last, and from there to JSON. */
#include "record_private.h"

#include <assert.h>

bool walk_open(struct walk *w, const struct schema *schema, struct reader r)
{
    unsigned n;

    *w = (struct walk){ .schema = schema, .at = r };
    if (r.p == r.end)
        return false;
    n = (unsigned char)*r.p;
    if (n > schema->n || reader_left(&r) < 1 + (n + 3) / 4)
        return false;
    w->n = n;
    w->codes = r.p + 1;
    w->at.p += 1 + (n + 3) / 4;
    return true;
}

bool walk_pass(struct walk *w)
{
    unsigned field = w->i++;
    const struct field *f = &w->schema->fields[field];

    switch (walk_code(w, field)) {
    case CODE_VALUE:
        return value_read(f, &w->at, NULL);
    case CODE_USUAL:
        return field >= w->n || f->usual || f->type == FIELD_BOOL;
    default:
        return true;
    }
}

bool walk_to(struct walk *w, unsigned field)
{
    assert(w->i <= field);
    while (w->i < field)
        if (!walk_pass(w))
            return false;
    return true;
}

static bool put_usual(const struct field *f, struct json_writer *json)
{
    const char *usual = f->usual;

    if (!usual && f->type == FIELD_BOOL)
        usual = "false";
    if (!usual)
        return false;
    json_put_raw(json, str_of(usual));
    return true;
}

static bool read_member(struct walk *w, struct json_writer *json)
{
    const struct field *f = &w->schema->fields[w->i];
    enum record_code code = walk_code(w, w->i++);

    if (code == CODE_ABSENT)
        return true;
    json_key_str(json, (struct str){ f->key, f->key_n });
    switch (code) {
    case CODE_USUAL:
        return put_usual(f, json);
    case CODE_VALUE:
        return value_read(f, &w->at, json);
    default:
        json_put_null(json);
        return true;
    }
}

bool record_read(const struct schema *schema, struct reader *r, struct json_writer *json)
{
    struct walk w;

    if (!walk_open(&w, schema, *r))
        return false;
    while (w.i < w.n)
        if (!(json ? read_member(&w, json) : walk_pass(&w)))
            return false;
    r->p = w.at.p;
    return true;
}

int record_json(const struct schema *schema, struct str record, struct json_writer *w)
{
    struct reader r = reader_of(record);

    return record_read(schema, &r, w) && reader_left(&r) == 0 ? 0 : CORDAGE_EPARSE;
}

static bool is_whole(const struct schema *schema, struct reader *r);

/* The records in a value, which was passed: a list of them is passed without a look. */
static bool inner_are_whole(const struct field *f, struct reader inside)
{
    uint64_t length;

    if (f->type == FIELD_OBJECT)
        return is_whole(f->of, &inside);
    if (f->type != FIELD_OBJECTS)
        return true;
    if (!read_varint(&inside, &length))
        return false;
    while (reader_left(&inside) > 0)
        if (!is_whole(f->of, &inside))
            return false;
    return true;
}

static bool is_whole(const struct schema *schema, struct reader *r)
{
    struct walk w;

    if (!walk_open(&w, schema, *r))
        return false;
    while (w.i < w.n) {
        const struct field *f = &schema->fields[w.i];
        bool has_value = walk_code(&w, w.i) == CODE_VALUE;
        struct reader value = w.at;

        if (!walk_pass(&w))
            return false;
        value.end = w.at.p;
        if (has_value && !inner_are_whole(f, value))
            return false;
    }
    r->p = w.at.p;
    return true;
}

bool record_is_whole(const struct schema *schema, struct str record)
{
    struct reader r = reader_of(record);

    return is_whole(schema, &r) && reader_left(&r) == 0;
}
