/* json_write.h - writing JSON into a buf, escaped and with the commas right.
 *
 *     struct json_writer w;
 *     json_begin(&w, &buf);
 *     json_open(&w, '{');
 *     json_key(&w, "op");
 *     json_put_u64(&w, 1);
 *     json_shut(&w, '}');
 *     err = json_end(&w);
 *
 * Errors stick: only json_end is checked, and then the buf holds what it held before.
 * Invalid UTF-8 becomes U+FFFD, one for each cut-off sequence or byte out of place. */
#ifndef PROTO_JSON_WRITE_H
#define PROTO_JSON_WRITE_H

#include "buf.h"

struct json_writer {
    struct buf *out; /* borrowed until json_end; written behind its content */
    size_t start;    /* the length of that content */
    int err;
    unsigned depth;
    bool comma; /* the next value needs one before it */
};

void json_begin(struct json_writer *w, struct buf *out);
/* 0, or the first error: CORDAGE_ENOMEM, CORDAGE_ELIMIT (the buf's). Asserts that all
 * that was opened is shut, also after an error. */
int json_end(struct json_writer *w);
void json_open(struct json_writer *w, char brace); /* '{' or '[' */
void json_shut(struct json_writer *w, char brace); /* '}' or ']' */
void json_key(struct json_writer *w, const char *key);
void json_key_str(struct json_writer *w, struct str key);
void json_put_str(struct json_writer *w, struct str s);
void json_put_z(struct json_writer *w, const char *z); /* NULL: null */
void json_put_u64(struct json_writer *w, uint64_t n);
void json_put_i64(struct json_writer *w, int64_t n);
void json_put_double(struct json_writer *w, double d); /* NaN and infinities: null */
void json_put_bool(struct json_writer *w, bool b);
void json_put_null(struct json_writer *w);
void json_put_id(struct json_writer *w, uint64_t id); /* as a string */
/* Text that is JSON already, put as it stands. */
void json_put_raw(struct json_writer *w, struct str json);

#endif
