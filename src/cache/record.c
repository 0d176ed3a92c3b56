#include "record_private.h"

#include <assert.h>

/* ---- Bytes ----------------------------------------------------------------------------
 */

bool read_u64(struct reader *r, uint64_t *out)
{
    uint64_t n = 0;
    int i;

    if (reader_left(r) < 8)
        return false;
    for (i = 7; i >= 0; i--)
        n = n << 8 | (unsigned char)r->p[i];
    r->p += 8;
    *out = n;
    return true;
}

int write_u64(struct buf *out, uint64_t n)
{
    unsigned char bytes[8];
    int i;

    for (i = 0; i < 8; i++)
        bytes[i] = (unsigned char)(n >> 8 * i);
    return append(out, bytes, sizeof bytes);
}

/* ---- Putting one together -------------------------------------------------------------
 */

static size_t head_size(unsigned n)
{
    return 1 + (n + 3) / 4;
}

struct pen pen_begin(struct buf *out, unsigned n)
{
    struct pen p = { .out = out, .start = out->n, .room = n };

    assert(n <= RECORD_FIELDS);
    p.err = buf_reserve(out, head_size(n));
    if (!p.err) {
        memset(out->p + out->n, 0, head_size(n));
        out->n += head_size(n);
    }
    return p;
}

void pen_code(struct pen *p, enum record_code code)
{
    unsigned field = p->i++;

    assert(field < p->room);
    if (p->err || code == CODE_ABSENT)
        return;
    p->out->p[p->start + 1 + field / 4] |= (char)(code << field % 4 * 2);
    p->n = field + 1;
}

void pen_copy(struct pen *p, struct walk *w)
{
    enum record_code code = walk_code(w, w->i);
    struct str value = { w->at.p, 0 };

    if (!walk_pass(w)) {
        p->err = p->err ? p->err : CORDAGE_EPARSE;
        return;
    }
    value.n = (size_t)(w->at.p - value.p);
    if (!p->err)
        p->err = append(p->out, value.p, value.n);
    pen_code(p, code);
}

/* Trailing fields that turned out to be absent are not written: their codes go. */
int pen_end(struct pen *p)
{
    size_t spare = head_size(p->room) - head_size(p->n);
    char *head;

    if (p->err) {
        p->out->n = p->start;
        return p->err;
    }
    head = p->out->p + p->start;
    head[0] = (char)p->n;
    if (spare) {
        size_t from = head_size(p->room), values = p->out->n - p->start - from;

        memmove(head + head_size(p->n), head + from, values);
        p->out->n -= spare;
    }
    return 0;
}

/* ---- From JSON ------------------------------------------------------------------------
 */

/* The field's index, or `n`. `guess`: where to look first; Discord's order is often ours.
 */
static unsigned find_field(const struct schema *schema, struct str key, unsigned guess)
{
    unsigned tries, i = guess;

    for (tries = schema->n; tries > 0; tries--, i++) {
        const struct field *f;

        if (i >= schema->n)
            i = 0;
        f = &schema->fields[i];
        if (f->key_n == key.n && f->key[0] == key.p[0] &&
            memcmp(f->key, key.p, key.n) == 0)
            return i;
    }
    return schema->n;
}

/* The object's members by field; absent where there is none. Returns one past the last
 * that is there. */
static unsigned collect(const struct schema *schema, cordage_json object,
                        cordage_json *values)
{
    struct json_iter it;
    unsigned n = 0, guess = 0, i;
    bool more;

    assert(schema->n <= RECORD_FIELDS);
    memset(values, 0, schema->n * sizeof *values);
    for (more = json_first(object, &it); more; more = json_next(&it)) {
        i = find_field(schema, it.key, guess);
        if (i == schema->n || !json_is_absent(values[i]))
            continue; /* not ours, or there twice: the first counts, as in json_get */
        values[i] = it.value;
        guess = i + 1;
        if (n <= i)
            n = i + 1;
    }
    return n;
}

static void pen_value(struct pen *p, const struct field *f, cordage_json value)
{
    enum record_code code = CODE_ABSENT;

    if (!p->err && !json_is_absent(value))
        p->err = value_write(f, value, p->out, &code);
    pen_code(p, code);
}

int record_write(const struct schema *schema, cordage_json object, struct buf *out)
{
    cordage_json values[RECORD_FIELDS];
    struct pen pen;
    unsigned n, i;

    if (cordage_json_type_of(object) != CORDAGE_JSON_OBJECT)
        return CORDAGE_EINVAL;
    n = collect(schema, object, values);
    pen = pen_begin(out, n);
    for (i = 0; i < n; i++)
        pen_value(&pen, &schema->fields[i], values[i]);
    return pen_end(&pen);
}

/* A value of the wrong type changes nothing, as if it weren't there. */
static void pen_merge(struct pen *p, struct walk *old, const struct field *f,
                      cordage_json value)
{
    enum record_code code = CODE_ABSENT;

    if (!p->err && !json_is_absent(value))
        p->err = value_write(f, value, p->out, &code);
    if (code == CODE_ABSENT) {
        pen_copy(p, old);
        return;
    }
    pen_code(p, code);
    if (!walk_pass(old) && !p->err)
        p->err = CORDAGE_EPARSE;
}

int record_merge(const struct schema *schema, struct str old, cordage_json update,
                 struct buf *out)
{
    cordage_json values[RECORD_FIELDS];
    struct walk walk;
    struct pen pen;
    unsigned n, i;

    if (old.n == 0)
        return record_write(schema, update, out);
    if (cordage_json_type_of(update) != CORDAGE_JSON_OBJECT)
        return CORDAGE_EINVAL;
    if (!walk_open(&walk, schema, reader_of(old)))
        return CORDAGE_EPARSE;
    n = collect(schema, update, values);
    if (n < walk.n)
        n = walk.n;
    pen = pen_begin(out, n);
    for (i = 0; i < n; i++)
        pen_merge(&pen, &walk, &schema->fields[i], values[i]);
    if (!pen.err && reader_left(&walk.at))
        pen.err = CORDAGE_EPARSE;
    return pen_end(&pen);
}
