/* json.h - reading JSON in place.
 *
 * A parser turns one document into views. A view is two words, passed by value;
 * it and every string it yields live until the parser's next parse or its
 * release. Asking a view for what it isn't gives "absent", never a crash. The
 * parsing itself is simdjson's DOM, behind json.cc, the one C++ file here. */
#ifndef PROTO_JSON_H
#define PROTO_JSON_H

#include "cordage/json.h"
#include "str.h"

struct json_parser; /* one per thread; not locked */

/* NULL without memory. */
struct json_parser *json_parser_new(void);
void json_parser_free(struct json_parser *p);

/* Parses `text`, behind which BUF_SLACK bytes must be readable. CORDAGE_EPARSE
 * for anything but one well-formed document (also for invalid UTF-8, lone
 * surrogates, an integer of 2^64 or more, depth over LIMIT_JSON_DEPTH),
 * CORDAGE_ENOMEM, CORDAGE_ELIMIT over LIMIT_PAYLOAD. A parser that has grown
 * for a giant gives the memory back at the next small document. */
int json_parse(struct json_parser *p, struct str text, cordage_json *out);

/* Shorthands over the public functions, for our own code. */
cordage_json json_get(cordage_json object, const char *key);
bool json_is_absent(cordage_json v); /* no such key; null is not absent */
bool json_is_null(cordage_json v);
/* Each returns false and leaves *out alone when `v` isn't that. */
bool json_str(cordage_json v, struct str *out);
bool json_u64(cordage_json v, uint64_t *out);  /* a non-negative JSON integer */
bool json_i64(cordage_json v, int64_t *out);
bool json_double(cordage_json v, double *out); /* any JSON number */
bool json_bool(cordage_json v, bool *out);
/* A snowflake: a decimal string, or a JSON integer, as Discord may send either. */
bool json_id(cordage_json v, uint64_t *out);

/* Iteration, in document order. `at` begins as json_first(container) and moves on
 * by json_next; json_is_absent(at) ends it. For an object, json_key names the value. */
struct json_iter {
    cordage_json value;
    struct str key; /* empty in an array */
    size_t at, end; /* private */
};
bool json_first(cordage_json container, struct json_iter *it);
bool json_next(struct json_iter *it);
size_t json_count(cordage_json container);

#endif
