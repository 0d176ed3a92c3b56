#include "json_compare.h"

#include <stdio.h>

uint64_t json_identity(cordage_json object)
{
    uint64_t id = 0;

    if (json_id(json_get(object, "id"), &id) ||
        json_id(json_get(object, "sound_id"), &id) ||
        json_id(json_get(object, "user_id"), &id))
        return id;
    json_id(json_get(json_get(object, "user"), "id"), &id);
    return id;
}

struct comparison {
    const char *const *ignored;
    char *where;
};

static bool same_value(const struct comparison *s, cordage_json a, cordage_json b);

static bool differs(const struct comparison *s, struct str key)
{
    char path[JSON_COMPARE_WHERE];

    snprintf(path, sizeof path, ".%.*s%s", STR_FMT(key), s->where);
    snprintf(s->where, JSON_COMPARE_WHERE, "%s", path);
    return false;
}

static bool is_ignored(const struct comparison *s, struct str key)
{
    for (const char *const *k = s->ignored; k && *k; k++)
        if (str_is(key, *k))
            return true;
    return false;
}

/* Every member of `a` is in `b`. */
static bool members_in(const struct comparison *s, cordage_json a, cordage_json b)
{
    struct json_iter it;

    for (bool more = json_first(a, &it); more; more = json_next(&it)) {
        char key[128];
        cordage_json other;

        if (is_ignored(s, it.key))
            continue;
        snprintf(key, sizeof key, "%.*s", STR_FMT(it.key));
        other = json_get(b, key);
        if (json_is_absent(other)) {
            snprintf(s->where, JSON_COMPARE_WHERE, " is there and not there");
            return differs(s, it.key);
        }
        if (!same_value(s, it.value, other))
            return differs(s, it.key);
    }
    return true;
}

/* An object by its identity, a snowflake by its value. */
static bool find(cordage_json list, cordage_json wanted, cordage_json *out)
{
    uint64_t id = json_identity(wanted), number = 0;
    struct json_iter it;

    if (!id && !json_id(wanted, &number))
        return false;
    for (bool more = json_first(list, &it); more; more = json_next(&it)) {
        uint64_t other = 0;

        if (id ? json_identity(it.value) == id
               : json_id(it.value, &other) && other == number) {
            *out = it.value;
            return true;
        }
    }
    return false;
}

static bool same_list(const struct comparison *s, cordage_json a, cordage_json b)
{
    struct json_iter it;
    size_t i = 0;
    char at[32];

    if (json_count(a) != json_count(b)) {
        snprintf(s->where, JSON_COMPARE_WHERE, " has %zu and %zu elements", json_count(a),
                 json_count(b));
        return false;
    }
    for (bool more = json_first(a, &it); more; more = json_next(&it), i++) {
        cordage_json other;
        uint64_t id = json_identity(it.value);

        snprintf(at, sizeof at, "%llu", (unsigned long long)(id ? id : i));
        if (!find(b, it.value, &other)) {
            if (id) {
                snprintf(s->where, JSON_COMPARE_WHERE, " is in one list alone");
                return differs(s, str_of(at));
            }
            other = cordage_json_at(b, i);
        }
        if (!same_value(s, it.value, other))
            return differs(s, str_of(at));
    }
    return true;
}

static bool same_scalar(const struct comparison *s, cordage_json a, cordage_json b)
{
    double x, y;
    struct str p, q;
    bool t, u;

    if (json_double(a, &x) && json_double(b, &y) && x == y)
        return true;
    if (json_str(a, &p) && json_str(b, &q) && str_eq(p, q))
        return true;
    if (json_bool(a, &t) && json_bool(b, &u) && t == u)
        return true;
    if (json_is_null(a) && json_is_null(b))
        return true;
    snprintf(s->where, JSON_COMPARE_WHERE, " differs");
    return false;
}

static bool same_value(const struct comparison *s, cordage_json a, cordage_json b)
{
    cordage_json_type type = cordage_json_type_of(a);

    if (type != cordage_json_type_of(b)) {
        snprintf(s->where, JSON_COMPARE_WHERE, " is of two types");
        return false;
    }
    if (type == CORDAGE_JSON_OBJECT)
        return members_in(s, a, b) && members_in(s, b, a);
    if (type == CORDAGE_JSON_ARRAY)
        return same_list(s, a, b);
    return same_scalar(s, a, b);
}

bool json_compare(cordage_json a, cordage_json b, const char *const *ignored,
                  char where[JSON_COMPARE_WHERE])
{
    struct comparison s = { ignored, where };

    where[0] = '\0';
    return same_value(&s, a, b);
}
