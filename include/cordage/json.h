/* cordage/json.h - reading a payload in place.
 *
 * A cordage_json is a view of a value inside a parsed document: two words,
 * passed by value, never freed. It lives as long as the document, for an event
 * until its callback returns. Asking a view for what it isn't yields the absent
 * view or false, never a crash, so lookups can be chained. [any thread] */
#ifndef CORDAGE_JSON_H
#define CORDAGE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cordage/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Bytes borrowed from an event: UTF-8, not NUL-terminated, may hold NULs. */
typedef struct cordage_str {
    const char *p;
    size_t n;
} cordage_str;

/* Whether `s` is exactly the NUL-terminated `text`. */
CORDAGE_EXPORT bool cordage_str_is(cordage_str s, const char *text);

/* A Discord id: unsigned 64 bits, 0 where there is none. */
typedef uint64_t cordage_id;

typedef struct cordage_json {
    const void *doc; /* NULL: absent */
    size_t at;
} cordage_json;

typedef enum cordage_json_type {
    CORDAGE_JSON_ABSENT, /* no such key, or out of range */
    CORDAGE_JSON_NULL,
    CORDAGE_JSON_BOOL,
    CORDAGE_JSON_NUMBER,
    CORDAGE_JSON_STRING,
    CORDAGE_JSON_ARRAY,
    CORDAGE_JSON_OBJECT
} cordage_json_type;

/* What a view is of. */
CORDAGE_EXPORT cordage_json_type cordage_json_type_of(cordage_json v);
/* The member `key` of an object (the first, if it stands twice), or absent. */
CORDAGE_EXPORT cordage_json cordage_json_get(cordage_json object, const char *key);
/* Element `i` of an array, or absent. Costs time proportional to i: iterate instead. */
CORDAGE_EXPORT cordage_json cordage_json_at(cordage_json array, size_t i);
/* Number of elements or members; 0 for anything else. */
CORDAGE_EXPORT size_t cordage_json_count(cordage_json container);
/* Calls `each` for every element or member in order (key empty in arrays) until it
 * returns false. */
CORDAGE_EXPORT void cordage_json_each(cordage_json container,
                                      bool (*each)(cordage_str key, cordage_json value,
                                                   void *user),
                                      void *user);

/* The value, or `otherwise` when `v` is absent, null or of another type. */
CORDAGE_EXPORT cordage_str cordage_json_string(cordage_json v); /* otherwise: empty */
CORDAGE_EXPORT int64_t cordage_json_int(cordage_json v, int64_t otherwise);
CORDAGE_EXPORT double cordage_json_number(cordage_json v, double otherwise);
CORDAGE_EXPORT bool cordage_json_true(cordage_json v, bool otherwise);
/* A snowflake, written as a string or as a number; 0 otherwise. */
CORDAGE_EXPORT cordage_id cordage_json_id(cordage_json v);
/* A timestamp ("2026-08-05T19:28:40.512000+00:00") as Unix milliseconds. */
CORDAGE_EXPORT int64_t cordage_json_time(cordage_json v, int64_t otherwise);

/* What an object says of a key. In updates the three differ: a `nick` that is absent has
 * not changed, one that is null was removed. */
typedef enum cordage_having {
    CORDAGE_ABSENT,
    CORDAGE_NULL,
    CORDAGE_VALUE
} cordage_having;
CORDAGE_EXPORT cordage_having cordage_has(cordage_json object, const char *key);

/* Gives back what the library has handed out to be kept: an event of cordage_event_ref or
 * cordage_wait_for_sync, an answer of cordage_await, a copy or ids out of the cache. NULL
 * is fine. [any thread] */
CORDAGE_EXPORT void cordage_unref(const void *object);

#ifdef __cplusplus
}
#endif
#endif
