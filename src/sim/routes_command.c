/* routes_command.c - an application's commands, everywhere and in a guild. */
#include <inttypes.h>
#include <stdio.h>

#include "command_rules.h"
#include "field.h"
#include "json_copy.h"

enum {
    CHAT_MAX = 100, /* in one scope */
    MENU_MAX = 15,  /* of users, and of messages */
    ENTRY_MAX = 1,
    CREATES_A_DAY = 200,
    DAY_MS = 24 * 3600 * 1000,
};

/* A command being written. */
struct writing {
    uint64_t id;
    int type;
    cordage_json given;
    cordage_json before; /* what it was, for PATCH; else absent */
};

/* ---- Reading -------------------------------------------------------------- */

static uint64_t scope(const struct call *c)
{
    return c->guild ? c->guild->id : 0;
}

static struct command *next(const struct call *c, const struct command *after)
{
    return app_commands_next(&c->routes->commands, call_bot_id(c), scope(c), after);
}

static struct command *find(struct call *c)
{
    struct command *found =
        app_commands_find(&c->routes->commands, call_bot_id(c), scope(c), c->id);

    if (!found)
        call_error(c, 404, 10063, "Unknown application command");
    return found;
}

static void put(struct call *c, const struct command *command)
{
    json_put_raw(&c->out, (struct str){ command->text, command->n });
}

static void get_commands(struct call *c)
{
    const struct command *command = NULL;

    json_open(&c->out, '[');
    while ((command = next(c, command)))
        put(c, command);
    json_shut(&c->out, ']');
}

static void get_command(struct call *c)
{
    const struct command *command = find(c);

    if (command)
        put(c, command);
}

/* ---- Writing -------------------------------------------------------------- */

static cordage_json value_of(const struct writing *x, const char *key)
{
    cordage_json v = json_get(x->given, key);

    return json_is_absent(v) ? json_get(x->before, key) : v;
}

/* As it is given, or else `otherwise`; NULL: it isn't there then. */
static void put_given(struct json_writer *w, const struct writing *x, const char *key,
                      const char *otherwise)
{
    cordage_json v = value_of(x, key);

    if (json_is_absent(v) && !otherwise)
        return;
    json_key(w, key);
    if (json_is_absent(v))
        json_put_raw(w, str_of(otherwise));
    else
        json_copy(w, v);
}

static void write_command(struct call *c, const struct writing *x, struct json_writer *w)
{
    json_open(w, '{');
    field_id(w, "id", x->id);
    field_id(w, "application_id", call_bot_id(c));
    if (c->guild)
        field_id(w, "guild_id", c->guild->id);
    field_id(w, "version",
             world_snowflake(call_world(c), sim_wall(c->routes->sim, c->now)));
    field_u64(w, "type", (uint64_t)x->type);
    put_given(w, x, "name", "\"\"");
    put_given(w, x, "name_localizations", "null");
    put_given(w, x, "description", "\"\"");
    put_given(w, x, "description_localizations", "null");
    put_given(w, x, "options", NULL);
    put_given(w, x, "default_member_permissions", "null");
    put_given(w, x, "nsfw", "false");
    put_given(w, x, "handler", NULL);
    if (!c->guild) {
        put_given(w, x, "dm_permission", "true");
        put_given(w, x, "integration_types", "[0]");
        put_given(w, x, "contexts", "null");
    }
    json_shut(w, '}');
}

/* NULL, with the error answered, without memory. */
static struct command *keep(struct call *c, const struct writing *x)
{
    struct command *kept = NULL, what = { .id = x->id,
                                          .application_id = call_bot_id(c),
                                          .guild_id = scope(c),
                                          .type = x->type };
    struct buf text = { 0 };
    struct str name = STR("");
    struct json_writer w;

    json_begin(&w, &text);
    write_command(c, x, &w);
    json_str(value_of(x, "name"), &name);
    if (json_end(&w) == 0)
        kept = app_commands_put(&c->routes->commands, &what, name, buf_str(&text));
    buf_release(&text);
    if (!kept)
        call_out_of_memory(c);
    return kept;
}

/* ---- Limits --------------------------------------------------------------- */

static size_t type_limit(int type)
{
    return type == COMMAND_CHAT          ? CHAT_MAX
           : type == COMMAND_ENTRY_POINT ? ENTRY_MAX
                                         : MENU_MAX;
}

static bool check_room(struct call *c, int type, size_t n)
{
    char sentence[80];

    if (n < type_limit(type))
        return true;
    snprintf(sentence, sizeof sentence,
             "Maximum number of application commands reached (%zu)", type_limit(type));
    call_error(c, 400, 30032, sentence);
    return false;
}

/* 200 a day in each scope. */
static bool check_creates(struct call *c)
{
    struct quota *q =
        quotas_get(&c->routes->daily, call_bot_id(c) ^ scope(c) * 31, c->now);
    uint64_t left_ms;

    if (!q) {
        call_out_of_memory(c);
        return false;
    }
    if (quota_take(q, CREATES_A_DAY, DAY_MS, c->now))
        return true;
    left_ms = q->ends_at - c->now;
    call_restart(c, 429);
    json_open(&c->out, '{');
    field_z(&c->out, "message",
            "Max number of daily application command creates has been reached (200)");
    field_u64(&c->out, "code", 30034);
    json_key(&c->out, "retry_after");
    json_put_double(&c->out, (double)left_ms / 1000);
    field_bool(&c->out, "global", false);
    json_shut(&c->out, '}');
    call_header(c, "Retry-After", "%" PRIu64, (left_ms + 999) / 1000);
    call_header(c, "X-RateLimit-Scope", "user");
    return false;
}

/* ---- Changing ------------------------------------------------------------- */

/* 1 unless given. */
static bool read_type(struct call *c, cordage_json body, const char *prefix, int *type)
{
    cordage_json v = json_get(body, "type");
    char path[32];
    uint64_t n = COMMAND_CHAT;

    if (!json_is_absent(v) && (!json_u64(v, &n) || n < 1 || n > COMMAND_ENTRY_POINT)) {
        snprintf(path, sizeof path, "%stype", prefix);
        call_form_error(c, path, "BASE_TYPE_CHOICES",
                        "Value must be one of {1, 2, 3, 4}.");
        return false;
    }
    *type = (int)n;
    return true;
}

static struct command *named(struct call *c, const struct writing *x)
{
    struct str name = STR("");

    json_str(json_get(x->given, "name"), &name);
    return app_commands_named(&c->routes->commands, call_bot_id(c), scope(c), x->type,
                              name);
}

static uint64_t new_id(struct call *c)
{
    return world_snowflake(call_world(c), sim_wall(c->routes->sim, c->now));
}

/* One of an existing name takes its place. */
static void post_command(struct call *c)
{
    struct writing x = { 0 };
    struct command *old, *made;

    if (!call_json(c, &x.given) || !read_type(c, x.given, "", &x.type) ||
        !command_check(c, x.given, x.type, "", false))
        return;
    old = named(c, &x);
    if (!old && (!check_room(c, x.type,
                             app_commands_count(&c->routes->commands, call_bot_id(c),
                                                scope(c), x.type)) ||
                 !check_creates(c)))
        return;
    x.id = old ? old->id : new_id(c);
    made = keep(c, &x);
    if (!made)
        return;
    if (!old)
        call_restart(c, 201);
    put(c, made);
}

static void patch_command(struct call *c)
{
    struct command *old = find(c), *made;
    struct writing x = { 0 };

    if (!old || !call_json(c, &x.given))
        return;
    x.id = old->id;
    x.type = old->type;
    if (!command_check(c, x.given, x.type, "", true))
        return;
    if (json_parse(c->routes->stored, (struct str){ old->text, old->n }, &x.before)) {
        call_out_of_memory(c);
        return;
    }
    made = keep(c, &x);
    if (made)
        put(c, made);
}

static void delete_command(struct call *c)
{
    struct command *command = find(c);

    if (!command)
        return;
    app_commands_remove(command);
    call_no_content(c);
}

/* ---- PUT: all at once ----------------------------------------------------- */

static bool check_all(struct call *c, cordage_json list)
{
    size_t n[COMMAND_ENTRY_POINT + 1] = { 0 };
    struct json_iter it;
    unsigned i = 0;

    for (bool more = json_first(list, &it); more; more = json_next(&it), i++) {
        char prefix[16], path[24];
        struct str name, other;
        int type, other_type;

        snprintf(prefix, sizeof prefix, "%u.", i);
        if (!read_type(c, it.value, prefix, &type) ||
            !command_check(c, it.value, type, prefix, false) ||
            !check_room(c, type, n[type]++))
            return false;
        json_str(json_get(it.value, "name"), &name);
        for (unsigned j = 0; j < i; j++) {
            cordage_json before = cordage_json_at(list, j);

            if (!json_str(json_get(before, "name"), &other) || !str_eq(name, other) ||
                !read_type(c, before, "", &other_type) || other_type != type)
                continue;
            snprintf(path, sizeof path, "%sname", prefix);
            call_form_error(c, path, "APPLICATION_COMMANDS_DUPLICATE_NAME",
                            "Application command names must be unique");
            return false;
        }
    }
    return true;
}

static bool is_among(const struct command *command, const uint64_t *ids, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (ids[i] == command->id)
            return true;
    return false;
}

/* What the list does not name is gone. */
static void put_commands(struct call *c)
{
    uint64_t ids[CHAT_MAX + 2 * MENU_MAX + ENTRY_MAX];
    struct command *command = NULL, *after;
    struct json_iter it;
    cordage_json list;
    size_t n = 0;

    if (!call_json_array(c, &list) || !check_all(c, list))
        return;
    for (bool more = json_first(list, &it); more; more = json_next(&it)) {
        struct writing x = { .given = it.value };

        if (!read_type(c, it.value, "", &x.type))
            return;
        command = named(c, &x);
        if (!command && !check_creates(c))
            return;
        x.id = command ? command->id : new_id(c);
        if (!keep(c, &x))
            return;
        ids[n++] = x.id;
    }
    for (command = next(c, NULL); command; command = after) {
        after = next(c, command);
        if (!is_among(command, ids, n))
            app_commands_remove(command);
    }
    get_commands(c);
}

/* ---- Permissions ---------------------------------------------------------- */

static void get_all_permissions(struct call *c)
{
    json_open(&c->out, '[');
    json_shut(&c->out, ']');
}

static void get_permissions(struct call *c)
{
    call_error(c, 404, 10066, "Unknown application command permissions");
}

static void put_permissions(struct call *c)
{
    call_error(c, 403, 20001, "Bots cannot use this endpoint");
}

#define GLOBAL "applications/{app}/commands"
#define LOCAL  "applications/{app}/guilds/{guild}/commands"

const struct route routes_command[] = {
    { "GET", GLOBAL, get_commands, BUCKET_READ },
    { "POST", GLOBAL, post_command, BUCKET_READ },
    { "PUT", GLOBAL, put_commands, BUCKET_READ },
    { "GET", GLOBAL "/{id}", get_command, BUCKET_READ },
    { "PATCH", GLOBAL "/{id}", patch_command, BUCKET_READ },
    { "DELETE", GLOBAL "/{id}", delete_command, BUCKET_READ },
    { "GET", LOCAL, get_commands, BUCKET_READ },
    { "POST", LOCAL, post_command, BUCKET_READ },
    { "PUT", LOCAL, put_commands, BUCKET_READ },
    { "GET", LOCAL "/permissions", get_all_permissions, BUCKET_READ },
    { "GET", LOCAL "/{id}", get_command, BUCKET_READ },
    { "PATCH", LOCAL "/{id}", patch_command, BUCKET_READ },
    { "DELETE", LOCAL "/{id}", delete_command, BUCKET_READ },
    { "GET", LOCAL "/{id}/permissions", get_permissions, BUCKET_READ },
    { "PUT", LOCAL "/{id}/permissions", put_permissions, BUCKET_READ },
    { NULL },
};
