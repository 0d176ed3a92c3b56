/* json_same.h - whether two objects say the same, as far as a schema goes.
 *
 * Numbers and ids may be written differently ("7" and 7, 1 and 1.0); the order of keys
 * doesn't matter, and keys that the schema doesn't have are passed over in `a` and not
 * allowed in `b`. */
#ifndef JSON_SAME_H
#define JSON_SAME_H

#include <math.h>

#include "record.h"

static bool json_same(const struct schema *schema, cordage_json a, cordage_json b);

static inline bool json_same_scalar(cordage_json a, cordage_json b)
{
    struct str s, t;
    uint64_t m, n;
    double d, e;
    bool x, y;

    if (json_str(a, &s) && json_str(b, &t))
        return str_eq(s, t);
    if (json_i64(a, (int64_t *)&m) && json_i64(b, (int64_t *)&n))
        return m == n;
    if (json_double(a, &d) && json_double(b, &e))
        return d == e && !signbit(d) == !signbit(e);
    if (json_bool(a, &x) && json_bool(b, &y))
        return x == y;
    return json_id(a, &m) && json_id(b, &n) &&
           m == n; /* a snowflake, written in two ways */
}

static inline bool json_same_value(const struct field *f, cordage_json a, cordage_json b)
{
    struct json_iter i, j;
    bool more_a, more_b;

    if (json_is_absent(a) || json_is_null(a) || json_is_absent(b) || json_is_null(b))
        return cordage_json_type_of(a) == cordage_json_type_of(b);
    if (cordage_json_type_of(a) == CORDAGE_JSON_OBJECT && f->of)
        return json_same(f->of, a, b);
    if (cordage_json_type_of(a) != CORDAGE_JSON_ARRAY)
        return json_same_scalar(a, b);
    if (json_count(a) != json_count(b))
        return false;
    more_a = json_first(a, &i);
    more_b = json_first(b, &j);
    for (; more_a && more_b; more_a = json_next(&i), more_b = json_next(&j))
        if (!json_same_value(f, i.value, j.value))
            return false;
    return true;
}

static inline bool json_same(const struct schema *schema, cordage_json a, cordage_json b)
{
    size_t n = 0;
    unsigned i;

    if (cordage_json_type_of(a) != CORDAGE_JSON_OBJECT ||
        cordage_json_type_of(b) != CORDAGE_JSON_OBJECT)
        return false;
    for (i = 0; i < schema->n; i++) {
        const struct field *f = &schema->fields[i];

        if (!json_same_value(f, json_get(a, f->key), json_get(b, f->key))) {
            fprintf(stderr, "%s: \"%s\" differs\n", schema->name, f->key);
            return false;
        }
        n += !json_is_absent(json_get(b, f->key));
    }
    return json_count(b) == n;
}

#endif
