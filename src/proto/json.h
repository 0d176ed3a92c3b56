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

/* Parses `text`, behind which BUF_SLACK bytes must be readable (what they hold does not
 * matter). *out is absent on failure: CORDAGE_EPARSE for anything but one well-formed
 * document (also for invalid UTF-8, lone surrogates, an integer of 2^64 or more, depth
 * over LIMIT_JSON_DEPTH), CORDAGE_ENOMEM, CORDAGE_ELIMIT over LIMIT_PAYLOAD. A parser
 * that has grown for a giant gives the memory back at the next ordinary document. */
int json_parse(struct json_parser *p, struct str text, cordage_json *out);
/* The same for a document that lives beside that one, until the next of its own. */
int json_parse_beside(struct json_parser *p, struct str text, cordage_json *out);

/* A document of its own, for what is kept: some 11 bytes for each byte of text. The views
 * live until json_doc_free. Errors as for json_parse; *doc is NULL then. */
struct json_doc;
int json_doc_new(struct str text, struct json_doc **doc, cordage_json *out);
void json_doc_free(struct json_doc *doc); /* NULL is fine */

/* The member `key` of an object (the first, if it stands twice), or absent. */
cordage_json json_get(cordage_json object, const char *key);
bool json_is_absent(cordage_json v); /* no such key; null is not absent */
bool json_is_null(cordage_json v);
/* Each returns false and leaves *out alone when `v` isn't that. */
bool json_str(cordage_json v, struct str *out);
bool json_u64(cordage_json v, uint64_t *out);  /* a JSON integer in [0, 2^64) */
bool json_i64(cordage_json v, int64_t *out);   /* a JSON integer in [-2^63, 2^63) */
bool json_double(cordage_json v, double *out); /* any JSON number */
bool json_bool(cordage_json v, bool *out);
/* A snowflake: a decimal string, or a JSON integer, as Discord may send either. */
bool json_id(cordage_json v, uint64_t *out);

/* Iteration, in document order; it reads nothing where `container` is none:
 *
 *     for (more = json_first(guilds, &it); more; more = json_next(&it))
 *         use(it.value);
 *
 * After the end json_next goes on answering false. */
struct json_iter {
    cordage_json value;
    struct str key; /* the member's name; empty in an array */
    size_t at, end; /* private: the next value's place, and the container's end */
    bool is_object; /* private */
};
bool json_first(cordage_json container, struct json_iter *it);
bool json_next(struct json_iter *it);
/* Number of elements or members; 0 for anything else. */
size_t json_count(cordage_json container);

#endif
