#include "change_call.h"

#include "json_copy.h"
#include "rights.h"

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

void change_told(struct call *c, struct edit *e, const char *name, uint32_t intent,
                 uint32_t direct)
{
    if (c->guild)
        edit_told(e, name, intent);
    else
        edit_told_to_first(e, name, direct, call_app(c)->index);
}

enum { AUDIT_KEPT = 1000 };

void change_audit(struct call *c, struct edit *e, enum audit action, uint64_t target,
                  const char *options)
{
    uint64_t id = edit_new_id(e);
    char reason[REASON_BYTES];
    uint32_t index;

    if (!call_percent_decode(c->request->reason, reason, sizeof reason))
        *reason = '\0';
    edit_begin(e);
    field_id(&e->j, "id", id);
    field_u64(&e->j, "action_type", action);
    field_id(&e->j, "user_id", call_bot_id(c));
    field_id(&e->j, "target_id", target);
    if (*reason)
        field_z(&e->j, "reason", reason);
    if (options)
        field_raw(&e->j, "options", str_of(options));
    edit_put(e, LIST_AUDIT, id);
    if (!e->err && world_count(e->world, e->g, LIST_AUDIT) > AUDIT_KEPT)
        edit_remove(e, LIST_AUDIT, world_id_at(e->world, e->g, LIST_AUDIT, 0));
    if (!edit_find(e, LIST_AUDIT, id, &index))
        return;
    edit_telling(e);
    world_put(e->world, e->g, LIST_AUDIT, index, &e->j);
    edit_told_with(e, "GUILD_AUDIT_LOG_ENTRY_CREATE", INTENT_GUILD_MODERATION,
                   RIGHT_VIEW_AUDIT_LOG);
}

bool change_done(struct call *c, struct edit *e)
{
    int err = e->err;

    edit_release(e);
    if (err)
        call_out_of_memory(c);
    return err == 0;
}
