/* routes_change_people.c - what a bot changes: roles, members, its own being there. */
#include "change_call.h"
#include "rights.h"

static const struct rule role_rules[] = {
    { "name", CORDAGE_JSON_STRING, false, 100 },
    { "permissions", CORDAGE_JSON_STRING, false, 0 },
    { "hoist", CORDAGE_JSON_BOOL, false, 0 },
    { "mentionable", CORDAGE_JSON_BOOL, false, 0 },
    { "unicode_emoji", CORDAGE_JSON_STRING, true, 0 },
    { NULL },
};
static const struct rule member_rules[] = {
    { "nick", CORDAGE_JSON_STRING, true, 32 },
    { "roles", CORDAGE_JSON_ARRAY, false, 0 },
    { "mute", CORDAGE_JSON_BOOL, false, 0 },
    { "deaf", CORDAGE_JSON_BOOL, false, 0 },
    { "communication_disabled_until", CORDAGE_JSON_STRING, true, 0 },
    { NULL },
};

/* ---- Roles ---------------------------------------------------------------- */

static bool find_role(struct call *c, uint64_t id)
{
    uint32_t index;

    if (world_find(call_world(c), c->guild, LIST_ROLES, id, &index))
        return true;
    call_error(c, 404, 10011, "Unknown Role");
    return false;
}

static void answer_role(struct call *c, uint64_t id)
{
    uint32_t index;

    if (world_find(call_world(c), c->guild, LIST_ROLES, id, &index))
        world_write(call_world(c), c->guild, LIST_ROLES, index, &c->out);
}

static void put_color(struct edit *e, cordage_json body, bool is_new)
{
    uint64_t color = 0;

    if (!json_u64(json_get(body, "color"), &color) && !is_new)
        return;
    field_u64(&e->j, "color", color & 0xffffff);
    field_open(&e->j, "colors", '{');
    field_u64(&e->j, "primary_color", color & 0xffffff);
    field_null(&e->j, "secondary_color");
    field_null(&e->j, "tertiary_color");
    json_shut(&e->j, '}');
}

static void put_missing(struct edit *e, cordage_json body, const char *key,
                        const char *json)
{
    if (json_is_absent(json_get(body, key)))
        field_raw(&e->j, key, str_of(json));
}

static void post_role(struct call *c)
{
    cordage_json body;
    struct edit e;
    uint64_t id;

    if (!call_json(c, &body) || !change_check(c, body, role_rules))
        return;
    change_begin(c, &e);
    id = edit_new_id(&e);
    edit_begin(&e);
    field_id(&e.j, "id", id);
    change_put(&e, body, role_rules);
    put_color(&e, body, true);
    put_missing(&e, body, "name", "\"new role\"");
    put_missing(&e, body, "permissions", "\"0\"");
    put_missing(&e, body, "hoist", "false");
    put_missing(&e, body, "mentionable", "false");
    put_missing(&e, body, "unicode_emoji", "null");
    field_null(&e.j, "icon");
    field_u64(&e.j, "position", 1);
    field_bool(&e.j, "managed", false);
    field_u64(&e.j, "flags", 0);
    edit_put(&e, LIST_ROLES, id);
    edit_tell_role(&e, "GUILD_ROLE_CREATE", id);
    change_audit(c, &e, AUDIT_ROLE_CREATE, id, NULL);
    if (change_done(c, &e))
        answer_role(c, id);
}

static void patch_role(struct call *c)
{
    cordage_json body;
    struct edit e;

    if (!find_role(c, c->id) || !call_json(c, &body) ||
        !change_check(c, body, role_rules))
        return;
    change_begin(c, &e);
    edit_begin(&e);
    change_put(&e, body, role_rules);
    put_color(&e, body, false);
    edit_merge(&e, LIST_ROLES, c->id);
    edit_tell_role(&e, "GUILD_ROLE_UPDATE", c->id);
    change_audit(c, &e, AUDIT_ROLE_UPDATE, c->id, NULL);
    if (change_done(c, &e))
        answer_role(c, c->id);
}

static void delete_role(struct call *c)
{
    struct edit e;

    if (!find_role(c, c->id))
        return;
    if (c->id == c->guild->id || c->id == world_role_id(c->guild, 1)) {
        call_error(c, 400, 50028, "Invalid Role");
        return;
    }
    change_begin(c, &e);
    edit_delete_role(&e, c->id);
    change_audit(c, &e, AUDIT_ROLE_DELETE, c->id, NULL);
    if (change_done(c, &e))
        call_no_content(c);
}

/* All of the list are told in its order; the answer is the guild's roles. */
static void patch_positions(struct call *c)
{
    struct json_iter it;
    cordage_json list;
    struct edit e;
    uint64_t id;

    if (!call_json_array(c, &list))
        return;
    for (bool more = json_first(list, &it); more; more = json_next(&it)) {
        id = 0;
        json_id(json_get(it.value, "id"), &id);
        if (!find_role(c, id))
            return;
    }
    change_begin(c, &e);
    for (bool more = json_first(list, &it); more; more = json_next(&it)) {
        cordage_json position = json_get(it.value, "position");
        uint64_t place;

        json_id(json_get(it.value, "id"), &id);
        if (!json_u64(position, &place))
            continue;
        edit_begin(&e);
        field_u64(&e.j, "position", place);
        edit_merge(&e, LIST_ROLES, id);
        edit_tell_role(&e, "GUILD_ROLE_UPDATE", id);
    }
    if (change_done(c, &e))
        world_write_list(call_world(c), c->guild, LIST_ROLES, &c->out);
}

/* ---- Members -------------------------------------------------------------- */

static bool find_member(struct call *c, struct world_member *m)
{
    if (world_find_member(call_world(c), c->guild, c->id, m))
        return true;
    call_error(c, 404, 10007, "Unknown Member");
    return false;
}

/* Each field has a right of its own. */
static bool may_change(struct call *c, cordage_json body)
{
    bool own = c->id == call_bot_id(c);
    const struct {
        const char *field;
        uint64_t right;
    } rights[] = {
        { "nick", own ? RIGHT_CHANGE_NICKNAME : RIGHT_MANAGE_NICKNAMES },
        { "roles", RIGHT_MANAGE_ROLES },
        { "mute", RIGHT_MUTE_MEMBERS },
        { "deaf", RIGHT_DEAFEN_MEMBERS },
        { "communication_disabled_until", RIGHT_MODERATE_MEMBERS },
    };

    for (size_t i = 0; i < sizeof rights / sizeof *rights; i++)
        if (!json_is_absent(json_get(body, rights[i].field)) &&
            !call_may(c, rights[i].right, 0))
            return false;
    return true;
}

static void patch_member(struct call *c)
{
    struct world_member m;
    cordage_json body;
    struct edit e;

    if (!find_member(c, &m) || !call_json(c, &body) ||
        !change_check(c, body, member_rules) || !may_change(c, body))
        return;
    change_begin(c, &e);
    edit_begin(&e);
    change_put(&e, body, member_rules);
    edit_merge(&e, LIST_MEMBERS, c->id);
    edit_tell_member(&e, "GUILD_MEMBER_UPDATE", c->id);
    change_audit(c, &e,
                 json_is_absent(json_get(body, "roles")) ? AUDIT_MEMBER_UPDATE
                                                         : AUDIT_MEMBER_ROLES,
                 c->id, NULL);
    if (change_done(c, &e))
        world_write_member(call_world(c), c->guild, &m, true, &c->out);
}

static void patch_own_member(struct call *c)
{
    c->id = c->app->id;
    patch_member(c);
}

static void delete_member(struct call *c)
{
    struct world_member m;
    struct edit e;

    if (!find_member(c, &m))
        return;
    if (m.index < 2 || world_is_bot(call_world(c), c->id)) {
        call_error(c, 403, 50013, "Missing Permissions");
        return;
    }
    change_begin(c, &e);
    edit_remove_member(&e, c->id);
    change_audit(c, &e, AUDIT_KICK, c->id, NULL);
    if (change_done(c, &e))
        call_no_content(c);
}

/* Gives a role, or takes it: nothing is told where it is so already. */
static void set_role(struct call *c, bool has)
{
    struct world_member m;
    cordage_json member = { 0 };
    struct json_iter it;
    bool had = false;
    struct edit e;
    uint64_t id;

    if (!find_member(c, &m) || !find_role(c, c->role_id))
        return;
    change_begin(c, &e);
    edit_read(&e, LIST_MEMBERS, c->id, &member);
    edit_begin(&e);
    field_open(&e.j, "roles", '[');
    for (bool more = json_first(json_get(member, "roles"), &it); more;
         more = json_next(&it)) {
        if (!json_id(it.value, &id))
            continue;
        had |= id == c->role_id;
        if (id != c->role_id)
            json_put_id(&e.j, id);
    }
    if (has)
        json_put_id(&e.j, c->role_id);
    json_shut(&e.j, ']');
    if (had != has) {
        edit_merge(&e, LIST_MEMBERS, c->id);
        edit_tell_member(&e, "GUILD_MEMBER_UPDATE", c->id);
        change_audit(c, &e, AUDIT_MEMBER_ROLES, c->id, NULL);
    }
    if (change_done(c, &e))
        call_no_content(c);
}

static void put_member_role(struct call *c)
{
    set_role(c, true);
}

static void delete_member_role(struct call *c)
{
    set_role(c, false);
}

static void leave_guild(struct call *c)
{
    sim_kick_bot(c->routes->sim, c->app, c->guild, c->now);
    call_no_content(c);
}

const struct route routes_change_people[] = {
    { "POST", "guilds/{guild}/roles", post_role, BUCKET_READ,
      .needs = RIGHT_MANAGE_ROLES },
    { "PATCH", "guilds/{guild}/roles", patch_positions, BUCKET_READ,
      .needs = RIGHT_MANAGE_ROLES },
    { "PATCH", "guilds/{guild}/roles/{id}", patch_role, BUCKET_READ,
      .needs = RIGHT_MANAGE_ROLES },
    { "DELETE", "guilds/{guild}/roles/{id}", delete_role, BUCKET_READ,
      .needs = RIGHT_MANAGE_ROLES },
    { "PATCH", "guilds/{guild}/members/@me", patch_own_member, BUCKET_READ },
    { "PATCH", "guilds/{guild}/members/{id}", patch_member, BUCKET_READ },
    { "DELETE", "guilds/{guild}/members/{id}", delete_member, BUCKET_READ,
      .needs = RIGHT_KICK_MEMBERS },
    { "PUT", "guilds/{guild}/members/{id}/roles/{role}", put_member_role, BUCKET_READ,
      .needs = RIGHT_MANAGE_ROLES },
    { "DELETE", "guilds/{guild}/members/{id}/roles/{role}", delete_member_role,
      BUCKET_READ, .needs = RIGHT_MANAGE_ROLES },
    { "DELETE", "users/@me/guilds/{guild}", leave_guild, BUCKET_READ },
    { NULL },
};
