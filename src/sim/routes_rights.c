/* routes_rights.c - POST /_sim/rights: what a bot may do in a guild from now on. */
#include <inttypes.h>
#include <stdio.h>

#include "change_call.h"
#include "rights.h"

/* The first bot has a role of its own, the others none: theirs is @everyone's. */
static void set_rights(struct call *c, uint64_t rights)
{
    uint64_t role = world_role_id(c->guild, call_app(c)->index ? 0 : 1);
    char text[24];
    struct edit e;

    snprintf(text, sizeof text, "%" PRIu64, rights);
    change_begin(c, &e);
    edit_begin(&e);
    field_z(&e.j, "permissions", text);
    edit_merge(&e, LIST_ROLES, role);
    edit_tell_role(&e, "GUILD_ROLE_UPDATE", role);
    /* What everybody may do would give it back. */
    if (role != c->guild->id) {
        edit_begin(&e);
        field_z(&e.j, "permissions", "0");
        edit_merge(&e, LIST_ROLES, c->guild->id);
        edit_tell_role(&e, "GUILD_ROLE_UPDATE", c->guild->id);
    }
    if (change_done(c, &e))
        call_no_content(c);
}

static void post_rights(struct call *c)
{
    static const char *const names[] = { "guild_id", "bot_id", "bot", "permissions",
                                         NULL };
    cordage_json body;
    struct str digits;
    uint64_t id, rights;

    if (!call_control_json(c, &body) || !call_check_names(c, body, names) ||
        !call_check_types(c, body))
        return;
    c->app = json_id(call_bot_field(body), &id) ? sim_app_of_id(c->routes->sim, id)
                                                : sim_app(c->routes->sim, 0);
    if (json_id(json_get(body, "guild_id"), &id))
        c->guild = world_find_guild(call_world(c), id);
    if (c->app && c->guild && json_str(json_get(body, "permissions"), &digits) &&
        str_u64(digits, &rights))
        set_rights(c, rights);
    else
        call_error(c, 400, 0,
                   "Rights are {\"guild_id\": a guild, \"permissions\": a number as a "
                   "string, \"bot_id\": a bot, the first unless given}.");
}

const struct route routes_rights[] = {
    { "POST", "_sim/rights", post_rights, BUCKET_NONE, .open = true },
    { NULL },
};
