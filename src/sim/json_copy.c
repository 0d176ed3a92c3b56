#include "json_copy.h"

static void copy(struct json_writer *w, cordage_json v, unsigned depth);

static void copy_number(struct json_writer *w, cordage_json v)
{
    uint64_t u;
    int64_t i;

    if (json_u64(v, &u))
        json_put_u64(w, u);
    else if (json_i64(v, &i))
        json_put_i64(w, i);
    else
        json_put_double(w, cordage_json_number(v, 0));
}

static void copy_container(struct json_writer *w, cordage_json v, bool object,
                           unsigned depth)
{
    struct json_iter it;

    json_open(w, object ? '{' : '[');
    for (bool more = json_first(v, &it); more; more = json_next(&it)) {
        if (object)
            json_key_str(w, it.key);
        copy(w, it.value, depth + 1);
    }
    json_shut(w, object ? '}' : ']');
}

static void copy(struct json_writer *w, cordage_json v, unsigned depth)
{
    cordage_json_type type = cordage_json_type_of(v);
    struct str text;

    if (depth > JSON_COPY_DEPTH)
        type = CORDAGE_JSON_NULL;
    switch (type) {
    case CORDAGE_JSON_BOOL:
        json_put_bool(w, cordage_json_true(v, false));
        break;
    case CORDAGE_JSON_NUMBER:
        copy_number(w, v);
        break;
    case CORDAGE_JSON_STRING:
        if (json_str(v, &text))
            json_put_str(w, text);
        break;
    case CORDAGE_JSON_ARRAY:
    case CORDAGE_JSON_OBJECT:
        copy_container(w, v, type == CORDAGE_JSON_OBJECT, depth);
        break;
    case CORDAGE_JSON_ABSENT:
    case CORDAGE_JSON_NULL:
        json_put_null(w);
        break;
    }
}

void json_copy(struct json_writer *w, cordage_json v)
{
    copy(w, v, 0);
}
