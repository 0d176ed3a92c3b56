/* json_equal.h - whether two texts are the same JSON, whatever the order of keys. */
#ifndef JSON_EQUAL_H
#define JSON_EQUAL_H

#include "buf.h"
#include "json.h"

static inline bool json_equal(cordage_json a, cordage_json b)
{
    struct json_iter i, j;
    struct str s, t;
    bool x, y;

    if (cordage_json_type_of(a) != cordage_json_type_of(b))
        return false;
    switch (cordage_json_type_of(a)) {
    case CORDAGE_JSON_OBJECT:
        for (bool more = json_first(a, &i); more; more = json_next(&i)) {
            char key[256];

            snprintf(key, sizeof key, "%.*s", STR_FMT(i.key));
            if (!json_equal(i.value, json_get(b, key)))
                return false;
        }
        return json_count(a) == json_count(b);
    case CORDAGE_JSON_ARRAY:
        for (bool more = json_first(a, &i) && json_first(b, &j); more;
             more = json_next(&i) && json_next(&j))
            if (!json_equal(i.value, j.value))
                return false;
        return json_count(a) == json_count(b);
    case CORDAGE_JSON_STRING:
        return json_str(a, &s) && json_str(b, &t) && str_eq(s, t);
    case CORDAGE_JSON_NUMBER:
        return cordage_json_number(a, 0) == cordage_json_number(b, 1);
    case CORDAGE_JSON_BOOL:
        return json_bool(a, &x) && json_bool(b, &y) && x == y;
    default:
        return true;
    }
}

static inline bool json_equal_text(struct str a, struct str b)
{
    struct json_parser *p = json_parser_new(), *q = json_parser_new();
    struct buf x = { 0 }, y = { 0 };
    cordage_json v, w;
    bool equal;

    buf_append_str(&x, a);
    buf_append_str(&y, b);
    equal = json_parse(p, buf_str(&x), &v) == 0 && json_parse(q, buf_str(&y), &w) == 0 &&
            json_equal(v, w);
    json_parser_free(p);
    json_parser_free(q);
    buf_release(&x);
    buf_release(&y);
    return equal;
}

#endif
