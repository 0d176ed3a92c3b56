#include "interaction_data.h"

#include <stdio.h>

#include "command_rules.h"
#include "field.h"
#include "json_copy.h"

enum { NAMED_MAX = 25, DEPTH_MAX = 3, COMPONENT_DEPTH = 8 };

/* Those whom options name: they stand in `resolved`. */
struct named {
    struct {
        uint64_t id;
        uint64_t type; /* of the option */
    } list[NAMED_MAX];
    size_t n;
};

static void name_one(struct named *named, cordage_json value, uint64_t type)
{
    uint64_t id;

    if (named->n < NAMED_MAX && json_id(value, &id)) {
        named->list[named->n].id = id;
        named->list[named->n++].type = type;
    }
}

/* ---- resolved ------------------------------------------------------------- */

/* A member has neither user, deaf nor mute here. */
static void put_member(struct call *c, const struct world_member *m,
                       struct json_writer *w)
{
    struct buf text = { 0 };
    struct json_writer member;
    struct json_iter it;
    cordage_json v;

    json_begin(&member, &text);
    world_write_member(call_world(c), c->guild, m, false, &member);
    json_open(w, '{');
    if (json_end(&member) == 0 &&
        json_parse_beside(c->routes->stored, buf_str(&text), &v) == 0) {
        for (bool more = json_first(v, &it); more; more = json_next(&it)) {
            if (str_is(it.key, "deaf") || str_is(it.key, "mute"))
                continue;
            json_key_str(w, it.key);
            json_copy(w, it.value);
        }
    }
    field_z(w, "permissions", "2248473465835073");
    json_shut(w, '}');
    buf_release(&text);
}

static bool is_user(struct call *c, uint64_t id, uint64_t type)
{
    return (type == OPTION_USER || type == OPTION_MENTIONABLE) &&
           world_has_user(call_world(c), id);
}

static void put_users(struct call *c, const struct named *named, bool members,
                      struct json_writer *w)
{
    struct world_member m;
    char key[24];

    field_open(w, members ? "members" : "users", '{');
    for (size_t i = 0; i < named->n; i++) {
        uint64_t id = named->list[i].id;

        if (!is_user(c, id, named->list[i].type) ||
            (members &&
             (!c->guild || !world_find_member(call_world(c), c->guild, id, &m))))
            continue;
        snprintf(key, sizeof key, "%llu", (unsigned long long)id);
        json_key(w, key);
        if (members)
            put_member(c, &m, w);
        else
            world_write_user(call_world(c), id, w);
    }
    json_shut(w, '}');
}

static void put_objects(struct call *c, const struct named *named, const char *name,
                        uint64_t type, enum world_list list, struct json_writer *w)
{
    char key[24];
    uint32_t index;

    field_open(w, name, '{');
    for (size_t i = 0; c->guild && i < named->n; i++) {
        uint64_t id = named->list[i].id;

        if ((named->list[i].type != type &&
             !(type == OPTION_ROLE && named->list[i].type == OPTION_MENTIONABLE)) ||
            !world_find(call_world(c), c->guild, list, id, &index))
            continue;
        snprintf(key, sizeof key, "%llu", (unsigned long long)id);
        field_open(w, key, '{');
        world_put(call_world(c), c->guild, list, index, w);
        if (type == OPTION_CHANNEL) {
            field_id(w, "guild_id", c->guild->id);
            field_z(w, "permissions", "2248473465835073");
            field_z(w, "app_permissions", "2248473465835073");
        }
        json_shut(w, '}');
    }
    json_shut(w, '}');
}

static void put_resolved(struct call *c, const struct named *named, uint64_t message_id,
                         struct json_writer *w)
{
    const struct recent_message *m = recent_find(&c->routes->recent, message_id);
    char key[24];

    if (!named->n && !m)
        return;
    field_open(w, "resolved", '{');
    if (named->n) {
        put_users(c, named, false, w);
        put_users(c, named, true, w);
        put_objects(c, named, "roles", OPTION_ROLE, LIST_ROLES, w);
        put_objects(c, named, "channels", OPTION_CHANNEL, LIST_CHANNELS, w);
    }
    if (m) {
        snprintf(key, sizeof key, "%llu", (unsigned long long)m->id);
        field_open(w, "messages", '{');
        field_raw(w, key, (struct str){ m->body, m->n });
        json_shut(w, '}');
    }
    json_shut(w, '}');
}

/* ---- Commands ------------------------------------------------------------- */

static cordage_json find_definition(cordage_json definitions, struct str name)
{
    struct json_iter it;
    struct str other;

    for (bool more = json_first(definitions, &it); more; more = json_next(&it))
        if (json_str(json_get(it.value, "name"), &other) && str_eq(name, other))
            return it.value;
    return (cordage_json){ 0 };
}

static bool refuse_option(struct call *c, const char *what, struct str name)
{
    char sentence[160];

    snprintf(sentence, sizeof sentence, "\"options\": %s \"%.*s\".", what,
             (int)(name.n < 40 ? name.n : 40), name.p);
    call_error(c, 400, 0, sentence);
    return false;
}

/* What is required is there, but while it is being typed. */
static bool check_required(struct call *c, const struct command_call *what,
                           cordage_json definitions, cordage_json given)
{
    struct json_iter it;

    for (bool more = json_first(definitions, &it); more && !what->focused.n;
         more = json_next(&it)) {
        struct str name = STR("");
        char key[128];

        if (!cordage_json_true(json_get(it.value, "required"), false))
            continue;
        json_str(json_get(it.value, "name"), &name);
        snprintf(key, sizeof key, "%.*s", STR_FMT(name));
        if (json_is_absent(json_get(given, key)))
            return refuse_option(c, "the command requires", name);
    }
    return true;
}

static bool put_options(struct call *c, const struct command_call *what,
                        cordage_json definitions, cordage_json given, unsigned depth,
                        struct named *named, struct json_writer *w)
{
    struct json_iter it;
    bool ok = check_required(c, what, definitions, given);

    json_open(w, '[');
    for (bool more = ok && json_first(given, &it); more && ok; more = json_next(&it)) {
        cordage_json definition = find_definition(definitions, it.key);
        uint64_t type = 0;

        if (!json_u64(json_get(definition, "type"), &type)) {
            ok = refuse_option(c, "the command has no", it.key);
            break;
        }
        json_open(w, '{');
        field_str(w, "name", it.key);
        field_u64(w, "type", type);
        if (type == OPTION_SUB_COMMAND || type == OPTION_GROUP) {
            json_key(w, "options");
            ok = depth && put_options(c, what, json_get(definition, "options"), it.value,
                                      depth - 1, named, w);
        } else {
            json_key(w, "value");
            json_copy(w, it.value);
            name_one(named, it.value, type);
            if (what->focused.n && str_eq(it.key, what->focused))
                field_bool(w, "focused", true);
        }
        json_shut(w, '}');
    }
    json_shut(w, ']');
    return ok;
}

bool data_put_command(struct call *c, const struct command_call *what, struct buf *out)
{
    const struct command *command = what->command;
    struct named named = { 0 };
    cordage_json definition = { 0 };
    struct json_writer w;
    bool ok = true;
    int err = json_parse(c->routes->stored, (struct str){ command->text, command->n },
                         &definition);

    json_begin(&w, out);
    json_open(&w, '{');
    field_id(&w, "id", command->id);
    field_z(&w, "name", command->name);
    field_u64(&w, "type", (uint64_t)command->type);
    if (command->guild_id)
        field_id(&w, "guild_id", command->guild_id);
    if (command->type == COMMAND_CHAT && !err) {
        json_key(&w, "options");
        ok = put_options(c, what, json_get(definition, "options"), what->options,
                         DEPTH_MAX, &named, &w);
    }
    if (what->target_id)
        field_id(&w, "target_id", what->target_id);
    if (command->type == COMMAND_USER) {
        named.list[0].id = what->target_id;
        named.list[0].type = OPTION_USER;
        named.n = 1;
    }
    put_resolved(c, &named, command->type == COMMAND_MESSAGE ? what->target_id : 0, &w);
    json_shut(&w, '}');
    if (json_end(&w) != 0 || err) {
        if (ok)
            call_out_of_memory(c);
        return false;
    }
    return ok;
}

/* ---- Components ----------------------------------------------------------- */

static cordage_json find_component(cordage_json list, struct str custom_id,
                                   unsigned depth)
{
    struct json_iter it;
    struct str id;

    for (bool more = json_first(list, &it); more && depth; more = json_next(&it)) {
        cordage_json accessory = json_get(it.value, "accessory");
        cordage_json found;

        if (json_str(json_get(it.value, "custom_id"), &id) && str_eq(id, custom_id))
            return it.value;
        if (json_str(json_get(accessory, "custom_id"), &id) && str_eq(id, custom_id))
            return accessory;
        found = find_component(json_get(it.value, "components"), custom_id, depth - 1);
        if (!json_is_absent(found))
            return found;
    }
    return (cordage_json){ 0 };
}

cordage_json data_find_component(cordage_json components, struct str custom_id)
{
    return find_component(components, custom_id, COMPONENT_DEPTH);
}

static uint64_t option_of_select(int64_t component_type)
{
    return component_type == 5   ? OPTION_USER
           : component_type == 6 ? OPTION_ROLE
           : component_type == 7 ? OPTION_MENTIONABLE
           : component_type == 8 ? OPTION_CHANNEL
                                 : 0;
}

bool data_put_component(struct call *c, cordage_json component, cordage_json values,
                        struct buf *out)
{
    int64_t type = cordage_json_int(json_get(component, "type"), 0);
    struct named named = { 0 };
    struct json_writer w;
    struct json_iter it;

    json_begin(&w, out);
    json_open(&w, '{');
    json_key(&w, "custom_id");
    json_copy(&w, json_get(component, "custom_id"));
    field_u64(&w, "component_type", (uint64_t)type);
    json_key(&w, "id");
    json_copy(&w, json_get(component, "id"));
    if (type != 2) {
        field_open(&w, "values", '[');
        for (bool more = json_first(values, &it); more; more = json_next(&it)) {
            json_copy(&w, it.value);
            if (option_of_select(type))
                name_one(&named, it.value, option_of_select(type));
        }
        json_shut(&w, ']');
    }
    put_resolved(c, &named, 0, &w);
    json_shut(&w, '}');
    if (json_end(&w) == 0)
        return true;
    call_out_of_memory(c);
    return false;
}

/* ---- Modals --------------------------------------------------------------- */

static void put_filled(cordage_json v, cordage_json values, unsigned depth, unsigned *id,
                       struct json_writer *w);

static void put_filled_list(cordage_json list, cordage_json values, unsigned depth,
                            unsigned *id, struct json_writer *w)
{
    struct json_iter it;

    json_open(w, '[');
    for (bool more = depth && json_first(list, &it); more; more = json_next(&it))
        put_filled(it.value, values, depth, id, w);
    json_shut(w, ']');
}

/* Lists come back as `values`, all else as `value`; what was not filled in as it was set,
 * or empty. */
static void put_value(cordage_json v, cordage_json values, struct str custom_id,
                      struct json_writer *w)
{
    int64_t type = cordage_json_int(json_get(v, "type"), 0);
    bool many = (type >= 5 && type <= 8) || type == 3 || type == 19 || type == 22;
    cordage_json given;
    char key[128];

    snprintf(key, sizeof key, "%.*s", STR_FMT(custom_id));
    given = json_get(values, key);
    json_key(w, many ? "values" : "value");
    if (!json_is_absent(given))
        json_copy(w, given);
    else if (many)
        json_put_raw(w, STR("[]"));
    else if (type == 23)
        json_put_bool(w, cordage_json_true(json_get(v, "default"), false));
    else if (type == 21)
        json_put_null(w);
    else if (json_is_absent(json_get(v, "value")))
        json_put_z(w, "");
    else
        json_copy(w, json_get(v, "value"));
}

static void put_filled(cordage_json v, cordage_json values, unsigned depth, unsigned *id,
                       struct json_writer *w)
{
    cordage_json own_id = json_get(v, "id");
    struct str custom_id;

    json_open(w, '{');
    json_key(w, "type");
    json_copy(w, json_get(v, "type"));
    if (json_is_absent(own_id)) {
        field_u64(w, "id", ++*id);
    } else {
        json_key(w, "id");
        json_copy(w, own_id);
    }
    if (json_str(json_get(v, "custom_id"), &custom_id)) {
        field_str(w, "custom_id", custom_id);
        put_value(v, values, custom_id, w);
    }
    if (!json_is_absent(json_get(v, "components"))) {
        json_key(w, "components");
        put_filled_list(json_get(v, "components"), values, depth - 1, id, w);
    }
    if (depth && !json_is_absent(json_get(v, "component"))) {
        json_key(w, "component");
        put_filled(json_get(v, "component"), values, depth - 1, id, w);
    }
    json_shut(w, '}');
}

bool data_put_modal(struct call *c, cordage_json modal, cordage_json values,
                    struct buf *out)
{
    struct json_writer w;
    unsigned id = 0;

    json_begin(&w, out);
    json_open(&w, '{');
    json_key(&w, "custom_id");
    json_copy(&w, json_get(modal, "custom_id"));
    json_key(&w, "components");
    put_filled_list(json_get(modal, "components"), values, COMPONENT_DEPTH, &id, &w);
    json_shut(&w, '}');
    if (json_end(&w) == 0)
        return true;
    call_out_of_memory(c);
    return false;
}
