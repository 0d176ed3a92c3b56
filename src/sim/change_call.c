#include "change_call.h"

#include "json_copy.h"

bool change_check(struct call *c, cordage_json body, const struct rule *rules)
{
    for (; rules->key; rules++) {
        cordage_json v = json_get(body, rules->key);
        struct str text;

        if (json_is_absent(v) || (rules->nullable && json_is_null(v)))
            continue;
        if (cordage_json_type_of(v) != rules->type) {
            call_form_error(c, rules->key, "BASE_TYPE_BAD", "This has a wrong type.");
            return false;
        }
        if (rules->max && json_str(v, &text) &&
            (text.n == 0 || str_characters(text) > rules->max)) {
            call_form_error(c, rules->key, "BASE_TYPE_BAD_LENGTH",
                            "Must be between 1 and %zu in length.", rules->max);
            return false;
        }
    }
    return true;
}

void change_put(struct edit *e, cordage_json body, const struct rule *rules)
{
    for (; rules->key; rules++) {
        cordage_json v = json_get(body, rules->key);

        if (json_is_absent(v))
            continue;
        json_key(&e->j, rules->key);
        json_copy(&e->j, v);
    }
}

void change_begin(struct call *c, struct edit *e)
{
    edit_init(e, c->routes->sim, c->guild, c->now);
}

bool change_done(struct call *c, struct edit *e)
{
    int err = e->err;

    edit_release(e);
    if (err)
        call_out_of_memory(c);
    return err == 0;
}
