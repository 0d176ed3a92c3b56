/* field.h - a member of a JSON object, key and value in one call. */
#ifndef SIM_FIELD_H
#define SIM_FIELD_H

#include "json_write.h"

static inline void field_z(struct json_writer *w, const char *key, const char *value)
{
    json_key(w, key);
    json_put_z(w, value); /* NULL: null */
}

static inline void field_str(struct json_writer *w, const char *key, struct str value)
{
    json_key(w, key);
    json_put_str(w, value);
}

static inline void field_null(struct json_writer *w, const char *key)
{
    json_key(w, key);
    json_put_null(w);
}

static inline void field_bool(struct json_writer *w, const char *key, bool value)
{
    json_key(w, key);
    json_put_bool(w, value);
}

static inline void field_u64(struct json_writer *w, const char *key, uint64_t value)
{
    json_key(w, key);
    json_put_u64(w, value);
}

/* A snowflake; 0 is null. */
static inline void field_id(struct json_writer *w, const char *key, uint64_t id)
{
    json_key(w, key);
    if (id)
        json_put_id(w, id);
    else
        json_put_null(w);
}

static inline void field_raw(struct json_writer *w, const char *key, struct str json)
{
    json_key(w, key);
    json_put_raw(w, json);
}

/* The members of an object that is text already: `"a":1,"b":2`, perhaps none. */
static inline void field_members(struct json_writer *w, struct str members)
{
    if (members.n)
        json_put_raw(w, members);
}

/* Opens an object or an array as the value of `key`. */
static inline void field_open(struct json_writer *w, const char *key, char brace)
{
    json_key(w, key);
    json_open(w, brace);
}

static inline void field_empty(struct json_writer *w, const char *key, char brace)
{
    field_open(w, key, brace);
    json_shut(w, brace == '{' ? '}' : ']');
}

#endif
