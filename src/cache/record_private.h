/* record_private.h - how a record lies in memory, for the files that read and write it.
 *
 *     n            one byte: how many fields follow; those behind are absent
 *     codes        two bits for each, four in a byte, the first in the lowest bits
 *     values       of the fields whose code is CODE_VALUE, in the schema's order
 *
 * Numbers are little-endian base 128 ("varint"). A value says by itself where it ends:
 *
 *     BOOL         nothing: the value is the one that is not usual
 *     INT          a varint, the sign in its lowest bit
 *     DOUBLE       8 bytes
 *     ID           8 bytes
 *     BITS, WORD   a varint: 2 * number (or place in field.words), or 2 * length + 1 and
 *                  then the text
 *     TIME         a varint: 8 * number + shape (record_time.c), or 8 * length and then
 *                  the text
 *     HASH         0 or (behind "a_") 1 and then 16 bytes, or length + 2 and then the
 * text STRING       a varint, and as many bytes IDS, INTS, STRINGS a varint, and as many
 * values (of STRINGS: WORD's) OBJECT       a record OBJECTS      a varint, and as many
 * bytes of records */
#ifndef CACHE_RECORD_PRIVATE_H
#define CACHE_RECORD_PRIVATE_H

#include "error.h"
#include "record.h"
#include "varint.h"

enum record_code { CODE_ABSENT, CODE_NULL, CODE_USUAL, CODE_VALUE };

/* ---- Bytes: each answers false for what is damaged ------------------------------------
 */

struct reader {
    const char *p, *end;
};

static inline struct reader reader_of(struct str s)
{
    return (struct reader){ s.p, s.p + s.n };
}

static inline size_t reader_left(const struct reader *r)
{
    return (size_t)(r->end - r->p);
}

/* Borrowed from the record. */
static inline bool read_bytes(struct reader *r, uint64_t n, struct str *out)
{
    if (n > reader_left(r))
        return false;
    *out = (struct str){ r->p, (size_t)n };
    r->p += n;
    return true;
}

/* As buf_append; what has room already, as most has, is quick. */
static inline int append(struct buf *out, const void *bytes, size_t n)
{
    if (out->size - out->n < n)
        return buf_append(out, bytes, n);
    /* cppcheck-suppress uninitvar; the first n bytes of it are written */
    memcpy(out->p + out->n, bytes, n);
    out->n += n;
    return 0;
}

static inline bool read_varint(struct reader *r, uint64_t *out)
{
    return varint_get(&r->p, r->end, out);
}

bool read_u64(struct reader *r, uint64_t *out);
static inline int write_varint(struct buf *out, uint64_t n)
{
    char bytes[VARINT_MAX];

    return append(out, bytes, (size_t)(varint_put(bytes, n) - bytes));
}

int write_u64(struct buf *out, uint64_t n);

/* ---- Text -----------------------------------------------------------------------------
 */

enum { TEXT_SPACE = 2048 }; /* the longest text that is packed */

/* Appends a text behind a varint: (2 * bytes + whether they are packed) << kind_bits,
 * and `kind` in the lowest bits. */
int text_write(struct str s, uint64_t kind, unsigned kind_bits, struct buf *out);
/* `head`: the varint without its kind. The text is borrowed from the record or from
 * `space`. */
bool text_read(struct reader *r, uint64_t head, char space[TEXT_SPACE], struct str *out);
bool text_skip(struct reader *r, uint64_t head);

/* A signed number as an unsigned one whose lowest bit is the sign. */
static inline uint64_t sign_last(int64_t n)
{
    return ((uint64_t)n << 1) ^ (n < 0 ? UINT64_MAX : 0);
}

static inline int64_t sign_first(uint64_t n)
{
    return (int64_t)((n >> 1) ^ (n & 1 ? UINT64_MAX : 0));
}

/* ---- Single values --------------------------------------------------------------------
 */

/* Appends what `v` takes as that field; *code says whether anything does. A value of
 * another type is CODE_ABSENT. */
int value_write(const struct field *f, cordage_json v, struct buf *out,
                enum record_code *code);
/* Reads one value (its code is CODE_VALUE), and writes it as JSON, unless `w` is NULL. */
bool value_read(const struct field *f, struct reader *r, struct json_writer *w);
/* The field's usual value as a number; BOOL, INT and BITS have one. */
uint64_t value_usual(const struct field *f);

/* A timestamp in the text's own form. record_time.c */
int time_write(struct str text, struct buf *out);
bool time_read(struct reader *r, struct json_writer *w);
bool time_read_ms(struct reader *r, uint64_t *ms); /* Unix */

/* ---- Going through a record -----------------------------------------------------------
 */

struct walk {
    const struct schema *schema;
    const char *codes;
    unsigned n;       /* fields that were written */
    unsigned i;       /* the next field */
    struct reader at; /* its value */
};

/* At the record which begins where `r` stands; the walk's `at` ends where that does. */
bool walk_open(struct walk *w, const struct schema *schema, struct reader r);
/* Of any field. */
static inline enum record_code walk_code(const struct walk *w, unsigned field)
{
    if (field >= w->n)
        return CODE_ABSENT;
    return (enum record_code)((unsigned char)w->codes[field / 4] >> (field % 4 * 2) & 3);
}
/* Passes the next field. */
bool walk_pass(struct walk *w);
/* Goes to `field`, which is not behind. */
bool walk_to(struct walk *w, unsigned field);
/* Writes all fields as members of the object that `json` has open (NULL: just passes
 * them), and leaves `r` behind the record. */
bool record_read(const struct schema *schema, struct reader *r, struct json_writer *json);

/* ---- Putting one together -------------------------------------------------------------
 */

struct pen {
    struct buf *out;
    size_t start;
    unsigned room; /* fields there are codes for */
    unsigned i;    /* the next field */
    unsigned n;    /* one past the last that is not absent */
    int err;       /* sticks */
};

/* A record of at most `n` fields. */
struct pen pen_begin(struct buf *out, unsigned n);
/* The next field's value is appended by the caller; this is its code. */
void pen_code(struct pen *p, enum record_code code);
/* The next field, as the walk's next, which is passed. */
void pen_copy(struct pen *p, struct walk *w);
/* CORDAGE_E* of any step; then nothing was appended. */
int pen_end(struct pen *p);

#endif
