/* Single fields of a record, asked and changed. */
#include "record_private.h"

/* Goes to a field; CODE_ABSENT for what a damaged record makes no sense of. */
static enum record_code find(struct walk *w, const struct schema *schema,
                             struct str record, unsigned field)
{
    if (field >= schema->n || !walk_open(w, schema, reader_of(record)) || field >= w->n ||
        !walk_to(w, field))
        return CODE_ABSENT;
    return walk_code(w, field);
}

/* ---- Asked ----------------------------------------------------------------------------
 */

enum field_state record_state(const struct schema *schema, struct str record,
                              unsigned field)
{
    struct walk w;

    switch (find(&w, schema, record, field)) {
    case CODE_NULL:
        return FIELD_NULL;
    case CODE_USUAL:
    case CODE_VALUE:
        return FIELD_VALUE;
    default:
        return FIELD_ABSENT;
    }
}

/* Numbers of 2^63 and above are texts. */
static bool read_bits_number(struct reader *r, uint64_t *out)
{
    char space[TEXT_SPACE];
    struct str text;

    if (!read_varint(r, out))
        return false;
    if (*out & 1)
        return text_read(r, *out >> 1, space, &text) && str_u64(text, out);
    *out >>= 1;
    return true;
}

static bool read_number(const struct field *f, struct reader *r, uint64_t *out)
{
    switch (f->type) {
    case FIELD_BOOL:
        *out = !value_usual(f);
        return true;
    case FIELD_INT:
        if (!read_varint(r, out))
            return false;
        *out = (uint64_t)sign_first(*out);
        return true;
    case FIELD_ID:
        return read_u64(r, out);
    case FIELD_BITS:
        return read_bits_number(r, out);
    case FIELD_TIME:
        return time_read_ms(r, out);
    default:
        return false;
    }
}

bool record_number(const struct schema *schema, struct str record, unsigned field,
                   uint64_t *out)
{
    const struct field *f = &schema->fields[field];
    struct walk w;
    uint64_t n;

    switch (find(&w, schema, record, field)) {
    case CODE_USUAL:
        if (f->type != FIELD_BOOL && f->type != FIELD_INT && f->type != FIELD_BITS)
            return false;
        *out = value_usual(f);
        return true;
    case CODE_VALUE:
        if (!read_number(f, &w.at, &n))
            return false;
        *out = n;
        return true;
    default:
        return false;
    }
}

/* The elements of a FIELD_IDS, 8 bytes each. */
static bool find_ids(const struct schema *schema, struct str record, unsigned field,
                     struct reader *ids)
{
    struct walk w;
    struct str bytes;
    uint64_t n;

    if (find(&w, schema, record, field) != CODE_VALUE ||
        schema->fields[field].type != FIELD_IDS || !read_varint(&w.at, &n) ||
        n > reader_left(&w.at) / 8 || !read_bytes(&w.at, n * 8, &bytes))
        return false;
    *ids = reader_of(bytes);
    return true;
}

bool record_has_id(const struct schema *schema, struct str record, unsigned field,
                   uint64_t id)
{
    struct reader ids;
    uint64_t each;

    if (!find_ids(schema, record, field, &ids))
        return false;
    while (read_u64(&ids, &each))
        if (each == id)
            return true;
    return false;
}

/* *at counts elements. */
bool record_next_id(const struct schema *schema, struct str record, unsigned field,
                    size_t *at, uint64_t *id)
{
    struct reader ids;

    if (!find_ids(schema, record, field, &ids) || *at >= reader_left(&ids) / 8)
        return false;
    ids.p += *at * 8;
    ++*at;
    return read_u64(&ids, id);
}

/* *at counts bytes. */
bool record_next_object(const struct schema *schema, struct str record, unsigned field,
                        size_t *at, struct str *object)
{
    struct walk w;
    struct str bytes;
    struct reader r;
    uint64_t length;

    if (find(&w, schema, record, field) != CODE_VALUE ||
        schema->fields[field].type != FIELD_OBJECTS || !read_varint(&w.at, &length) ||
        !read_bytes(&w.at, length, &bytes) || *at >= bytes.n)
        return false;
    r = reader_of((struct str){ bytes.p + *at, bytes.n - *at });
    if (!record_read(schema->fields[field].of, &r, NULL))
        return false;
    object->p = bytes.p + *at;
    object->n = (size_t)(r.p - object->p);
    *at += object->n;
    return true;
}

/* ---- Changed --------------------------------------------------------------------------
 */

/* One field is written anew, by `write`: it appends the value and says its code. */
struct change {
    const struct schema *schema;
    struct str record;
    unsigned field;
    int (*write)(const struct change *c, struct buf *out, enum record_code *code);
    uint64_t number;
    cordage_json value;
    struct str other;
};

static void pen_change(struct pen *p, const struct change *c, struct walk *w)
{
    enum record_code code = CODE_ABSENT;

    if (!p->err)
        p->err = c->write(c, p->out, &code);
    pen_code(p, code);
    if (!walk_pass(w) && !p->err)
        p->err = CORDAGE_EPARSE;
}

static int change_write(const struct change *c, struct buf *out)
{
    unsigned n = c->field + 1, i;
    struct walk walk;
    struct pen pen;

    if (!walk_open(&walk, c->schema, reader_of(c->record)))
        return CORDAGE_EPARSE;
    if (n < walk.n)
        n = walk.n;
    pen = pen_begin(out, n);
    for (i = 0; i < n; i++)
        if (i == c->field)
            pen_change(&pen, c, &walk);
        else
            pen_copy(&pen, &walk);
    if (!pen.err && reader_left(&walk.at))
        pen.err = CORDAGE_EPARSE;
    return pen_end(&pen);
}

static int write_null(const struct change *c, struct buf *out, enum record_code *code)
{
    (void)c, (void)out;
    *code = CODE_NULL;
    return 0;
}

static int write_number(const struct change *c, struct buf *out, enum record_code *code)
{
    const struct field *f = &c->schema->fields[c->field];

    *code = CODE_VALUE;
    switch (f->type) {
    case FIELD_BOOL:
        *code = !c->number == !value_usual(f) ? CODE_USUAL : CODE_VALUE;
        return 0;
    case FIELD_INT:
        if (!f->usual || c->number != value_usual(f))
            return write_varint(out, sign_last((int64_t)c->number));
        *code = CODE_USUAL;
        return 0;
    default:
        return write_u64(out, c->number);
    }
}

int record_set_number(const struct schema *schema, struct str record, unsigned field,
                      const uint64_t *value, struct buf *out)
{
    struct change change = { schema, record, field, value ? write_number : write_null,
                             value ? *value : 0 };
    unsigned type;

    if (field >= schema->n)
        return CORDAGE_EINVAL;
    type = schema->fields[field].type;
    if (type != FIELD_BOOL && type != FIELD_INT && type != FIELD_ID)
        return CORDAGE_EINVAL;
    return change_write(&change, out);
}

static int write_json(const struct change *c, struct buf *out, enum record_code *code)
{
    if (json_is_absent(c->value)) {
        *code = CODE_ABSENT;
        return 0;
    }
    return value_write(&c->schema->fields[c->field], c->value, out, code);
}

int record_set(const struct schema *schema, struct str record, unsigned field,
               cordage_json value, struct buf *out)
{
    struct change change = { schema, record, field, write_json, .value = value };

    return field < schema->n ? change_write(&change, out) : CORDAGE_EINVAL;
}

static int write_other(const struct change *c, struct buf *out, enum record_code *code)
{
    struct walk w;
    const char *start;

    *code = find(&w, c->schema, c->other, c->field);
    if (*code != CODE_VALUE)
        return 0;
    start = (const char *)w.at.p;
    if (!walk_pass(&w))
        return CORDAGE_EPARSE;
    return buf_append(out, start, (size_t)((const char *)w.at.p - start));
}

int record_take(const struct schema *schema, struct str record, struct str other,
                unsigned field, struct buf *out)
{
    struct change change = { schema, record, field, write_other, .other = other };

    return field < schema->n ? change_write(&change, out) : CORDAGE_EINVAL;
}

static int write_without(const struct change *c, struct buf *out, enum record_code *code)
{
    uint64_t n = 0, id;
    struct reader ids, r;
    int err;

    if (!find_ids(c->schema, c->record, c->field, &ids))
        return CORDAGE_EPARSE;
    for (r = ids; read_u64(&r, &id);)
        n += id != c->number;
    *code = n == 0 && c->schema->fields[c->field].usual ? CODE_USUAL : CODE_VALUE;
    if (*code == CODE_USUAL)
        return 0;
    err = write_varint(out, n);
    for (r = ids; !err && read_u64(&r, &id);)
        if (id != c->number)
            err = write_u64(out, id);
    return err;
}

int record_drop_id(const struct schema *schema, struct str record, unsigned field,
                   uint64_t id, struct buf *out)
{
    struct change change = { schema, record, field, write_without, id };

    if (field >= schema->n || schema->fields[field].type != FIELD_IDS)
        return CORDAGE_EINVAL;
    if (!record_has_id(schema, record, field, id))
        return buf_append_str(out, record);
    return change_write(&change, out);
}
