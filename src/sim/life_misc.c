/* What leaves nothing behind in what the simulator keeps: bans, invites, automod,
 * integrations, webhooks, purchases, the audit log, commands. The payloads have all keys
 * that are documented as always there. */
#include <stdio.h>

#include "edit.h"
#include "isotime.h"
#include "rights.h"

enum { AUDIT_MEMBER_BAN = 22, AUDIT_MEMBER_UPDATE = 24 };

static void put_time(struct edit *e, const char *key, uint64_t unix_ms)
{
    json_key(&e->j, key);
    json_put_time(&e->j, unix_ms);
}

static void put_user(struct edit *e, const char *key, uint64_t user_id)
{
    json_key(&e->j, key);
    world_write_user(e->world, user_id, &e->j);
}

static void tell_audit(struct edit *e, uint64_t action, uint64_t target)
{
    uint64_t id = edit_new_id(e);

    edit_telling(e);
    field_id(&e->j, "id", id);
    field_u64(&e->j, "action_type", action);
    field_id(&e->j, "user_id", world_id_at(e->world, e->g, LIST_MEMBERS, 1));
    field_id(&e->j, "target_id", target);
    field_z(&e->j, "reason", "because \"reasons\"");
    edit_told_with(e, "GUILD_AUDIT_LOG_ENTRY_CREATE", INTENT_GUILD_MODERATION,
                   RIGHT_VIEW_AUDIT_LOG);
}

bool life_audit(struct edit *e)
{
    uint64_t user_id;

    if (!life_pick_member(e, 1, &user_id))
        return false;
    tell_audit(e, AUDIT_MEMBER_UPDATE, user_id);
    return true;
}

/* Who is banned goes, if he was in. */
bool life_ban(struct edit *e)
{
    bool pardon = life_once_in(e, 2);
    uint64_t user_id =
        world_person_id(e->world, (uint32_t)life_below(e, e->world->n_people));
    struct world_member m;

    if (world_find_member(e->world, e->g, user_id, &m)) {
        if (m.index < 2 || world_is_bot(e->world, user_id) || e->g->n_members < 8 ||
            pardon)
            return false;
        edit_remove_member(e, user_id);
    }
    edit_telling(e);
    put_user(e, "user", user_id);
    edit_told_with(e, pardon ? "GUILD_BAN_REMOVE" : "GUILD_BAN_ADD",
                   INTENT_GUILD_MODERATION, RIGHT_BAN_MEMBERS | RIGHT_VIEW_AUDIT_LOG);
    if (!pardon)
        tell_audit(e, AUDIT_MEMBER_BAN, user_id);
    return true;
}

/* ---- Invites -------------------------------------------------------------------- */

bool life_invite(struct edit *e)
{
    uint64_t channel = world_channel_id(e->g, 1);
    char code[24];

    snprintf(code, sizeof code, "tide%u", (unsigned)life_below(e, 100));
    edit_telling(e);
    field_id(&e->j, "channel_id", channel);
    field_z(&e->j, "code", code);
    if (life_once_in(e, 3)) {
        edit_told_with(e, "INVITE_DELETE", INTENT_GUILD_INVITES, RIGHT_MANAGE_CHANNELS);
        return true;
    }
    put_time(e, "created_at", edit_wall(e));
    put_user(e, "inviter", world_id_at(e->world, e->g, LIST_MEMBERS, 1));
    field_u64(&e->j, "max_age", 86400);
    field_u64(&e->j, "max_uses", 0);
    field_bool(&e->j, "temporary", false);
    field_u64(&e->j, "uses", 0);
    put_time(e, "expires_at", edit_wall(e) + 86400000);
    edit_told_with(e, "INVITE_CREATE", INTENT_GUILD_INVITES, RIGHT_MANAGE_CHANNELS);
    return true;
}

/* ---- Automod -------------------------------------------------------------------- */

static void put_rule(struct edit *e, uint64_t id)
{
    field_id(&e->j, "id", id);
    field_z(&e->j, "name", "no \"shouting\"");
    field_id(&e->j, "creator_id", world_id_at(e->world, e->g, LIST_MEMBERS, 1));
    field_u64(&e->j, "event_type", 1);
    field_u64(&e->j, "trigger_type", 1);
    field_open(&e->j, "trigger_metadata", '{');
    field_open(&e->j, "keyword_filter", '[');
    json_put_z(&e->j, "*ahoy*");
    json_shut(&e->j, ']');
    json_shut(&e->j, '}');
    field_open(&e->j, "actions", '[');
    json_open(&e->j, '{');
    field_u64(&e->j, "type", 1);
    field_empty(&e->j, "metadata", '{');
    json_shut(&e->j, '}');
    json_shut(&e->j, ']');
    field_bool(&e->j, "enabled", life_once_in(e, 2));
    field_empty(&e->j, "exempt_roles", '[');
    field_empty(&e->j, "exempt_channels", '[');
}

static void put_execution(struct edit *e, uint64_t rule, uint64_t user_id, bool bare)
{
    field_open(&e->j, "action", '{');
    field_u64(&e->j, "type", 1);
    field_empty(&e->j, "metadata", '{');
    json_shut(&e->j, '}');
    field_id(&e->j, "rule_id", rule);
    field_u64(&e->j, "rule_trigger_type", 1);
    field_id(&e->j, "user_id", user_id);
    field_id(&e->j, "channel_id", world_channel_id(e->g, 1));
    field_z(&e->j, "content", bare ? "" : "AHOY!");
    field_z(&e->j, "matched_keyword", "*ahoy*");
    field_z(&e->j, "matched_content", bare ? "" : "AHOY");
}

/* What was said needs MESSAGE_CONTENT here, too. */
static void tell_execution(struct edit *e, uint64_t rule, uint64_t user_id)
{
    struct sim_event *events[2] = { NULL };
    struct sim_routing r = { .guild = e->g, .intent = INTENT_AUTOMOD_EXECUTION };

    for (int bare = 0; bare < 2; bare++) {
        struct str text;

        edit_telling(e);
        put_execution(e, rule, user_id, bare);
        if (edit_end(e, &text))
            events[bare] =
                sim_event_new(e->sim, "AUTO_MODERATION_ACTION_EXECUTION", text);
    }
    r.bare = events[1];
    if (events[0] && events[1] && edit_may_know(e, RIGHT_MANAGE_GUILD, &r.apps))
        sim_route(e->sim, &r, events[0], e->now);
    sim_event_unref(e->sim, events[0]);
    sim_event_unref(e->sim, events[1]);
}

bool life_automod(struct edit *e)
{
    static const char *const names[] = { "AUTO_MODERATION_RULE_CREATE",
                                         "AUTO_MODERATION_RULE_UPDATE",
                                         "AUTO_MODERATION_RULE_DELETE" };
    uint64_t which = life_below(e, 4), rule = e->g->id + 1 + life_below(e, 3), user_id;

    if (!life_pick_member(e, 1, &user_id))
        return false;
    if (which == 3) {
        tell_execution(e, rule, user_id);
        return true;
    }
    edit_telling(e);
    put_rule(e, rule);
    edit_told_with(e, names[which], INTENT_AUTOMOD_RULES, RIGHT_MANAGE_GUILD);
    return true;
}

/* ---- Integrations and webhooks -------------------------------------------------- */

bool life_integration(struct edit *e)
{
    static const char *const names[] = { "INTEGRATION_CREATE", "INTEGRATION_UPDATE",
                                         "INTEGRATION_DELETE",
                                         "GUILD_INTEGRATIONS_UPDATE" };
    uint64_t which = life_below(e, 4);

    edit_telling(e);
    if (which < 3)
        field_id(&e->j, "id", e->g->id + 7);
    if (which == 2)
        field_id(&e->j, "application_id", e->world->bot_id);
    if (which < 2) {
        field_z(&e->j, "name", "Harbour \"Link\"");
        field_z(&e->j, "type", "twitch");
        field_bool(&e->j, "enabled", true);
        field_open(&e->j, "account", '{');
        field_z(&e->j, "id", "tidewater");
        field_z(&e->j, "name", "Tidewater");
        json_shut(&e->j, '}');
    }
    edit_told(e, names[which], INTENT_GUILD_INTEGRATIONS);
    return true;
}

bool life_webhooks(struct edit *e)
{
    edit_telling(e);
    field_id(&e->j, "channel_id", world_channel_id(e->g, 1));
    edit_told(e, "WEBHOOKS_UPDATE", INTENT_GUILD_WEBHOOKS);
    return true;
}

/* ---- Purchases ------------------------------------------------------------------ */

static void tell_entitlement(struct edit *e, uint64_t user_id, uint32_t bot)
{
    static const char *const names[] = { "ENTITLEMENT_CREATE", "ENTITLEMENT_UPDATE",
                                         "ENTITLEMENT_DELETE" };
    uint64_t which = life_below(e, 3), id = edit_new_id(e);

    edit_telling(e); /* with the guild's id; to shard 0 all the same */
    field_id(&e->j, "id", id);
    field_id(&e->j, "sku_id", e->world->bots[bot] + 1);
    field_id(&e->j, "application_id", e->world->bots[bot]);
    field_id(&e->j, "user_id", user_id);
    field_u64(&e->j, "type", 8);
    field_bool(&e->j, "deleted", which == 2);
    put_time(e, "starts_at", edit_wall(e));
    field_null(&e->j, "ends_at");
    field_bool(&e->j, "consumed", false);
    edit_told_to_first(e, names[which], 0, bot);
}

static void tell_subscription(struct edit *e, uint64_t user_id, uint32_t bot)
{
    static const char *const names[] = { "SUBSCRIPTION_CREATE", "SUBSCRIPTION_UPDATE",
                                         "SUBSCRIPTION_DELETE" };
    uint64_t id = edit_new_id(e);

    edit_begin(e);
    field_id(&e->j, "id", id);
    field_id(&e->j, "user_id", user_id);
    field_open(&e->j, "sku_ids", '[');
    json_put_id(&e->j, e->world->bots[bot] + 1);
    json_shut(&e->j, ']');
    field_empty(&e->j, "entitlement_ids", '[');
    field_null(&e->j, "renewal_sku_ids");
    put_time(e, "current_period_start", edit_wall(e));
    put_time(e, "current_period_end", edit_wall(e) + 2592000000);
    field_u64(&e->j, "status", life_below(e, 3));
    field_null(&e->j, "canceled_at");
    edit_told_to_first(e, names[life_below(e, 3)], 0, bot);
}

bool life_monetize(struct edit *e)
{
    uint64_t user_id;

    if (!life_pick_member(e, 1, &user_id))
        return false;
    if (life_once_in(e, 2))
        tell_entitlement(e, user_id, life_pick_bot(e));
    else
        tell_subscription(e, user_id, life_pick_bot(e));
    return true;
}

/* ---- Commands ------------------------------------------------------------------- */

bool life_permit(struct edit *e)
{
    uint64_t id = e->world->bots[life_pick_bot(e)];

    edit_telling(e);
    field_id(&e->j, "id", id + 2);
    field_id(&e->j, "application_id", id);
    field_open(&e->j, "permissions", '[');
    json_open(&e->j, '{');
    field_id(&e->j, "id", e->g->id);
    field_u64(&e->j, "type", 1);
    field_bool(&e->j, "permission", life_once_in(e, 2));
    json_shut(&e->j, '}');
    json_shut(&e->j, ']');
    edit_told_bot(e, "APPLICATION_COMMAND_PERMISSIONS_UPDATE", 0,
                  world_find_bot(e->world, id));
    return true;
}

static void put_command(struct edit *e, uint64_t app_id)
{
    field_id(&e->j, "id", app_id + 2);
    field_z(&e->j, "name", "berth");
    field_u64(&e->j, "type", 1);
    field_open(&e->j, "options", '[');
    json_open(&e->j, '{');
    field_z(&e->j, "name", "number");
    field_u64(&e->j, "type", 4);
    field_u64(&e->j, "value", life_below(e, 100));
    json_shut(&e->j, '}');
    json_shut(&e->j, ']');
}

/* A slash command, which may be answered as any other. */
bool life_interact(struct edit *e)
{
    struct interaction_request r = { .guild = e->g,
                                     .channel_id = world_channel_id(e->g, 1),
                                     .type = INTERACTION_COMMAND,
                                     .command_type = 1,
                                     .name = STR("berth"),
                                     .locale = "de",
                                     .app = sim_app(e->sim, life_pick_bot(e)) };

    if (!life_pick_member(e, 1, &r.user_id))
        return false;
    edit_begin(e);
    put_command(e, r.app->id);
    if (edit_end(e, &r.data))
        e->err = sim_interact(e->sim, &r, e->now, NULL);
    return true;
}
