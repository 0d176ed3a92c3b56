/* Single values: from bytes to JSON, or past them. */
#include "record_private.h"

static bool read_int(struct reader *r, struct json_writer *w)
{
    uint64_t n;

    if (!read_varint(r, &n))
        return false;
    if (w)
        json_put_i64(w, sign_first(n));
    return true;
}

static bool read_double(struct reader *r, struct json_writer *w)
{
    uint64_t bits;
    double d;

    if (!read_u64(r, &bits))
        return false;
    memcpy(&d, &bits, sizeof d);
    if (w)
        json_put_double(w, d);
    return true;
}

static bool read_id(struct reader *r, struct json_writer *w)
{
    uint64_t id;

    if (!read_u64(r, &id))
        return false;
    if (w)
        json_put_id(w, id);
    return true;
}

static bool read_text(struct reader *r, uint64_t head, struct json_writer *w)
{
    char space[TEXT_SPACE];
    struct str s;

    if (!w)
        return text_skip(r, head);
    if (!text_read(r, head, space, &s))
        return false;
    json_put_str(w, s);
    return true;
}

static bool read_string(struct reader *r, struct json_writer *w)
{
    uint64_t head;

    return read_varint(r, &head) && read_text(r, head, w);
}

static bool read_bits(struct reader *r, struct json_writer *w)
{
    uint64_t head;

    if (!read_varint(r, &head))
        return false;
    if (head & 1)
        return read_text(r, head >> 1, w);
    if (w)
        json_put_id(w, head >> 1); /* a number in quotes, as ids are */
    return true;
}

/* A word that a later version wrote, and this one does not know, is damage, too. */
static bool read_word(const char *const *words, struct reader *r, struct json_writer *w)
{
    uint64_t head, i;

    if (!read_varint(r, &head))
        return false;
    if (head & 1)
        return read_text(r, head >> 1, w);
    for (i = 0; words && words[i]; i++)
        if (i == head >> 1) {
            if (w)
                json_put_z(w, words[i]);
            return true;
        }
    return false;
}

static bool read_hash(struct reader *r, struct json_writer *w)
{
    static const char digits[] = "0123456789abcdef";
    char text[2 + 32] = "a_", *at = text + 2;
    struct str bytes;
    uint64_t head;
    unsigned i;

    if (!read_varint(r, &head))
        return false;
    if (!read_bytes(r, head >= 2 ? head - 2 : 16, &bytes))
        return false;
    if (!w)
        return true;
    if (head >= 2) {
        json_put_str(w, bytes);
        return true;
    }
    for (i = 0; i < 16; i++) {
        *at++ = digits[(unsigned char)bytes.p[i] >> 4];
        *at++ = digits[(unsigned char)bytes.p[i] & 15];
    }
    json_put_str(w, head == 1 ? (struct str){ text, 34 } : (struct str){ text + 2, 32 });
    return true;
}

static bool read_element(const struct field *f, struct reader *r, struct json_writer *w)
{
    return f->type == FIELD_IDS    ? read_id(r, w)
           : f->type == FIELD_INTS ? read_int(r, w)
                                   : read_word(f->words, r, w);
}

/* IDS, INTS, STRINGS: each element takes a byte at least, so that a count beyond what is
 * left ends soon. */
static bool read_list(const struct field *f, struct reader *r, struct json_writer *w)
{
    uint64_t n;
    bool ok = read_varint(r, &n);

    if (ok && f->type == FIELD_IDS && !w) {
        struct str ids;

        return n <= reader_left(r) / 8 && read_bytes(r, n * 8, &ids);
    }
    if (w)
        json_open(w, '[');
    while (ok && n-- > 0)
        ok = read_element(f, r, w);
    if (w)
        json_shut(w, ']');
    return ok;
}

static bool read_object(const struct field *f, struct reader *r, struct json_writer *w)
{
    bool ok;

    if (!w)
        return record_read(f->of, r, NULL);
    json_open(w, '{');
    ok = record_read(f->of, r, w);
    json_shut(w, '}');
    return ok;
}

static bool read_objects(const struct field *f, struct reader *r, struct json_writer *w)
{
    struct reader inside;
    struct str bytes;
    uint64_t length;
    bool ok = true;

    if (!read_varint(r, &length) || !read_bytes(r, length, &bytes))
        return false;
    if (!w)
        return true;
    inside = reader_of(bytes);
    json_open(w, '[');
    while (ok && reader_left(&inside) > 0)
        ok = read_object(f, &inside, w);
    json_shut(w, ']');
    return ok;
}

bool value_read(const struct field *f, struct reader *r, struct json_writer *w)
{
    switch ((enum field_type)f->type) {
    case FIELD_BOOL:
        if (w)
            json_put_bool(w, !value_usual(f));
        return true;
    case FIELD_INT:
        return read_int(r, w);
    case FIELD_DOUBLE:
        return read_double(r, w);
    case FIELD_ID:
        return read_id(r, w);
    case FIELD_BITS:
        return read_bits(r, w);
    case FIELD_TIME:
        return time_read(r, w);
    case FIELD_HASH:
        return read_hash(r, w);
    case FIELD_STRING:
        return read_string(r, w);
    case FIELD_WORD:
        return read_word(f->words, r, w);
    case FIELD_IDS:
    case FIELD_INTS:
    case FIELD_STRINGS:
        return read_list(f, r, w);
    case FIELD_OBJECT:
        return read_object(f, r, w);
    case FIELD_OBJECTS:
        return read_objects(f, r, w);
    }
    return false;
}
