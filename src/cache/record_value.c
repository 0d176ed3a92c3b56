/* Single values: from JSON to bytes. record_read.c is the way back. */
#include "record_private.h"

#include <math.h>

enum { USUAL_OBJECT = 4 }; /* bytes of the largest */

uint64_t value_usual(const struct field *f)
{
    const char *c = f->usual ? f->usual : "";
    bool minus;
    uint64_t n = 0;

    if (f->type == FIELD_BOOL)
        return c[0] == 't';
    if (*c == '"')
        c++;
    minus = *c == '-';
    for (c += minus; *c >= '0' && *c <= '9'; c++)
        n = n * 10 + (uint64_t)(*c - '0');
    return minus ? -n : n;
}

/* Whether the usual value is this string. */
static bool is_usual_text(const struct field *f, struct str s)
{
    const char *usual = f->usual;

    return usual && strncmp(usual + 1, s.p, s.n) == 0 && usual[1 + s.n] == '"' &&
           !memchr(s.p, '\0', s.n);
}

/* ---- Numbers --------------------------------------------------------------------------
 */

/* An integer, or a double without a fraction that an int64 can hold. */
static bool whole_number(cordage_json v, int64_t *out)
{
    double d;

    if (json_i64(v, out))
        return true;
    if (!json_double(v, &d) || d != trunc(d) || d < -9223372036854775808.0 ||
        d >= 9223372036854775808.0)
        return false;
    *out = (int64_t)d;
    return true;
}

static int write_int(const struct field *f, cordage_json v, struct buf *out,
                     enum record_code *code)
{
    int64_t n;

    if (!whole_number(v, &n))
        return 0;
    *code = f->usual && (uint64_t)n == value_usual(f) ? CODE_USUAL : CODE_VALUE;
    return *code == CODE_USUAL ? 0 : write_varint(out, sign_last(n));
}

static int write_double(const struct field *f, cordage_json v, struct buf *out,
                        enum record_code *code)
{
    uint64_t bits;
    double d;

    if (!json_double(v, &d))
        return 0;
    *code = f->usual && d == (double)(int64_t)value_usual(f) ? CODE_USUAL : CODE_VALUE;
    memcpy(&bits, &d, sizeof bits);
    return *code == CODE_USUAL ? 0 : write_u64(out, bits);
}

static int write_id(cordage_json v, struct buf *out, enum record_code *code)
{
    uint64_t id;

    if (!json_id(v, &id))
        return 0;
    *code = CODE_VALUE;
    return write_u64(out, id);
}

/* ---- Texts with a shorter form --------------------------------------------------------
 */

/* A text that reads as a number and is written as numbers are. */
static bool plain_number(struct str s, uint64_t *out)
{
    return str_u64(s, out) && (s.n == 1 || s.p[0] != '0') && *out <= UINT64_MAX / 2;
}

static int write_bits(struct str s, struct buf *out)
{
    uint64_t n;

    return plain_number(s, &n) ? write_varint(out, n << 1) : text_write(s, 1, 1, out);
}

/* `words` may be NULL. */
static int write_word(const char *const *words, struct str s, struct buf *out)
{
    unsigned i;

    for (i = 0; words && words[i]; i++)
        if (str_is(s, words[i]))
            return write_varint(out, (uint64_t)i << 1);
    return text_write(s, 1, 1, out);
}

/* The value of a lower-case hex digit, or 16. */
static unsigned hex_value(char c)
{
    return c >= '0' && c <= '9'   ? (unsigned)(c - '0')
           : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10)
                                  : 16;
}

/* What is no hash. */
static int write_plain(struct str s, struct buf *out)
{
    int err = write_varint(out, (uint64_t)s.n + 2);

    return err ? err : append(out, s.p, s.n);
}

static int write_hash(struct str s, struct buf *out)
{
    bool animated = s.n == 34 && s.p[0] == 'a' && s.p[1] == '_';
    const char *digits = s.p + (animated ? 2 : 0);
    unsigned char bytes[1 + 16] = { animated };
    unsigned high, low, i;

    if (s.n != 32 && !animated)
        return write_plain(s, out);
    for (i = 0; i < 16; i++) {
        high = hex_value(digits[2 * i]);
        low = hex_value(digits[2 * i + 1]);
        if (high > 15 || low > 15)
            return write_plain(s, out);
        bytes[1 + i] = (unsigned char)(high << 4 | low);
    }
    return append(out, bytes, sizeof bytes);
}

static int write_string(const struct field *f, cordage_json v, struct buf *out,
                        enum record_code *code)
{
    struct str s;

    if (!json_str(v, &s))
        return 0;
    *code = is_usual_text(f, s) ? CODE_USUAL : CODE_VALUE;
    if (*code == CODE_USUAL)
        return 0;
    switch (f->type) {
    case FIELD_BITS:
        return write_bits(s, out);
    case FIELD_TIME:
        return time_write(s, out);
    case FIELD_HASH:
        return write_hash(s, out);
    case FIELD_WORD:
        return write_word(f->words, s, out);
    default:
        return text_write(s, 0, 0, out);
    }
}

/* ---- Lists and objects ----------------------------------------------------------------
 */

/* Puts a varint in front of what was appended since `start`. */
static int put_before(struct buf *out, size_t start, uint64_t n)
{
    size_t end = out->n, size;
    char head[VARINT_MAX];
    int err = write_varint(out, n);

    if (err)
        return err;
    size = out->n - end;
    memcpy(head, out->p + end, size);
    memmove(out->p + start + size, out->p + start, end - start);
    memcpy(out->p + start, head, size);
    return 0;
}

/* An element of another type is not appended and *written is false. */
static int write_element(const struct field *f, cordage_json v, struct buf *out,
                         bool *written)
{
    enum record_code code = CODE_ABSENT;
    struct str s;
    int64_t n;
    int err = 0;

    if (f->type == FIELD_IDS) {
        err = write_id(v, out, &code);
        *written = code == CODE_VALUE;
        return err;
    }
    *written = f->type == FIELD_INTS ? whole_number(v, &n)
               : f->type == FIELD_STRINGS
                   ? json_str(v, &s)
                   : cordage_json_type_of(v) == CORDAGE_JSON_OBJECT;
    if (!*written)
        return 0;
    return f->type == FIELD_INTS      ? write_varint(out, sign_last(n))
           : f->type == FIELD_STRINGS ? write_word(f->words, s, out)
                                      : record_write(f->of, v, out);
}

static int write_list(const struct field *f, cordage_json v, struct buf *out,
                      enum record_code *code)
{
    size_t start = out->n;
    uint64_t n = 0;
    struct json_iter it;
    bool more, written;
    int err = 0;

    if (cordage_json_type_of(v) != CORDAGE_JSON_ARRAY)
        return 0;
    for (more = json_first(v, &it); more && !err; more = json_next(&it)) {
        err = write_element(f, it.value, out, &written);
        n += written;
    }
    *code = n == 0 && f->usual ? CODE_USUAL : CODE_VALUE;
    if (err || *code == CODE_USUAL)
        return err;
    return put_before(out, start, f->type == FIELD_OBJECTS ? out->n - start : n);
}

/* Whether the record behind `start` is the usual one. Its JSON, which is compared, lies
 * behind it for a moment; only small records are asked about, as every usual one is. */
static int is_usual_object(const struct field *f, size_t start, struct buf *out,
                           bool *usual)
{
    size_t size = out->n - start, end = out->n;
    char record[USUAL_OBJECT];
    struct json_writer w;
    struct str json;
    int err;

    *usual = false;
    if (!f->usual || size > sizeof record)
        return 0;
    memcpy(record, out->p + start, size);
    json_begin(&w, out);
    json_open(&w, '{');
    record_json(f->of, (struct str){ record, size }, &w);
    json_shut(&w, '}');
    err = json_end(&w);
    if (err)
        return err;
    json = (struct str){ out->p + end, out->n - end };
    *usual = str_is(json, f->usual);
    out->n = end;
    return 0;
}

static int write_object(const struct field *f, cordage_json v, struct buf *out,
                        enum record_code *code)
{
    size_t start = out->n;
    bool usual;
    int err;

    if (cordage_json_type_of(v) != CORDAGE_JSON_OBJECT)
        return 0;
    *code = CODE_VALUE;
    err = record_write(f->of, v, out);
    if (!err)
        err = is_usual_object(f, start, out, &usual);
    if (!err && usual) {
        out->n = start;
        *code = CODE_USUAL;
    }
    return err;
}

int value_write(const struct field *f, cordage_json v, struct buf *out,
                enum record_code *code)
{
    bool yes;

    *code = CODE_ABSENT;
    if (json_is_null(v)) {
        *code = CODE_NULL;
        return 0;
    }
    switch ((enum field_type)f->type) {
    case FIELD_BOOL:
        if (json_bool(v, &yes))
            *code = yes == value_usual(f) ? CODE_USUAL : CODE_VALUE;
        return 0;
    case FIELD_INT:
        return write_int(f, v, out, code);
    case FIELD_DOUBLE:
        return write_double(f, v, out, code);
    case FIELD_ID:
        return write_id(v, out, code);
    case FIELD_IDS:
    case FIELD_INTS:
    case FIELD_STRINGS:
    case FIELD_OBJECTS:
        return write_list(f, v, out, code);
    case FIELD_OBJECT:
        return write_object(f, v, out, code);
    default:
        return write_string(f, v, out, code);
    }
}
