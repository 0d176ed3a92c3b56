/* routes_more.c - of guilds and people, what has no file of its own: the audit log,
 * voice, searches, the guild itself, the bot's user. */
#include <ctype.h>
#include <stdio.h>

#include "call_message.h"
#include "change_call.h"
#include "json_copy.h"
#include "rights.h"

#include <stdlib.h>

enum { ENTRIES_PER_PAGE = 100, ENTRIES_DEFAULT = 50, FOUND_MAX = 1000, STATUS_MAX = 500 };

/* ---- The audit log -------------------------------------------------------- */

/* Whether the entry of this number is of the action and by whom was asked for. */
static bool is_wanted(struct call *c, uint64_t id, uint64_t action, uint64_t user_id)
{
    cordage_json v;
    uint64_t by = 0;

    if (!action && !user_id)
        return true;
    if (changes_read(call_world(c), c->guild, LIST_AUDIT, id, &v))
        return false;
    json_id(json_get(v, "user_id"), &by);
    return (!action ||
            (uint64_t)cordage_json_int(json_get(v, "action_type"), 0) == action) &&
           (!user_id || by == user_id);
}

/* Newest first. */
static void put_entries(struct call *c, uint64_t limit, uint64_t before, uint64_t after,
                        uint64_t action, uint64_t user_id)
{
    const struct world *w = call_world(c);

    field_open(&c->out, "audit_log_entries", '[');
    for (uint32_t i = world_count(w, c->guild, LIST_AUDIT); i-- > 0 && limit;) {
        uint64_t id = world_id_at(w, c->guild, LIST_AUDIT, i);

        if (id >= before || id <= after || !is_wanted(c, id, action, user_id))
            continue;
        world_write(w, c->guild, LIST_AUDIT, i, &c->out);
        limit--;
    }
    json_shut(&c->out, ']');
}

static void get_audit_log(struct call *c)
{
    static const char *const empty[] = { "webhooks",
                                         "threads",
                                         "integrations",
                                         "guild_scheduled_events",
                                         "auto_moderation_rules",
                                         "application_commands" };
    uint64_t limit = ENTRIES_DEFAULT, before = UINT64_MAX, after = 0, action = 0,
             user = 0;

    if (!call_query_number(c, "limit", 1, ENTRIES_PER_PAGE, &limit) ||
        !call_query_number(c, "before", 0, UINT64_MAX, &before) ||
        !call_query_number(c, "after", 0, UINT64_MAX, &after) ||
        !call_query_number(c, "action_type", 0, 1000, &action) ||
        !call_query_number(c, "user_id", 0, UINT64_MAX, &user))
        return;
    json_open(&c->out, '{');
    put_entries(c, limit, before, after, action, user);
    field_open(&c->out, "users", '[');
    world_write_user(call_world(c), call_bot_id(c), &c->out);
    json_shut(&c->out, ']');
    for (size_t i = 0; i < sizeof empty / sizeof *empty; i++)
        field_empty(&c->out, empty[i], '[');
    json_shut(&c->out, '}');
}

/* ---- The guild ------------------------------------------------------------ */

static void patch_guild(struct call *c)
{
    static const struct rule rules[] = {
        { "name", CORDAGE_JSON_STRING, false, 100 },
        { "description", CORDAGE_JSON_STRING, true, 300 },
        { "verification_level", CORDAGE_JSON_NUMBER, true, 0 },
        { "default_message_notifications", CORDAGE_JSON_NUMBER, true, 0 },
        { "explicit_content_filter", CORDAGE_JSON_NUMBER, true, 0 },
        { "afk_channel_id", CORDAGE_JSON_STRING, true, 0 },
        { "afk_timeout", CORDAGE_JSON_NUMBER, false, 0 },
        { "system_channel_id", CORDAGE_JSON_STRING, true, 0 },
        { "preferred_locale", CORDAGE_JSON_STRING, true, 0 },
        { NULL },
    };
    cordage_json body;
    struct edit e;

    if (!call_json(c, &body) || !change_check(c, body, rules))
        return;
    change_begin(c, &e);
    edit_begin(&e);
    change_put(&e, body, rules);
    edit_merge_guild(&e);
    edit_begin(&e);
    world_put_plain(e.world, e.g, &e.j);
    edit_told(&e, "GUILD_UPDATE", INTENT_GUILDS);
    change_audit(c, &e, AUDIT_GUILD_UPDATE, c->guild->id, NULL);
    if (change_done(c, &e))
        world_write_guild(call_world(c), c->guild, NULL, &c->out);
}

static void get_integrations(struct call *c)
{
    json_open(&c->out, '[');
    json_shut(&c->out, ']');
}

static void get_role(struct call *c)
{
    uint32_t index;

    if (world_find(call_world(c), c->guild, LIST_ROLES, c->id, &index))
        world_write(call_world(c), c->guild, LIST_ROLES, index, &c->out);
    else
        call_error(c, 404, 10011, "Unknown Role");
}

/* {role: how many members}, without @everyone. */
static void get_role_counts(struct call *c)
{
    struct world *w = call_world(c);
    uint32_t n = world_count(w, c->guild, LIST_ROLES);
    uint64_t *counts = calloc(n + 1, sizeof *counts);
    struct json_iter it;
    cordage_json v;
    uint32_t index;
    uint64_t id;
    char key[24];

    if (!counts || changes_begin(w, c->guild)) {
        free(counts);
        call_out_of_memory(c);
        return;
    }
    for (uint32_t i = 0; i < c->guild->n_members; i++) {
        if (changes_read(w, c->guild, LIST_MEMBERS, world_member(w, c->guild, i).user_id,
                         &v))
            continue;
        for (bool more = json_first(json_get(v, "roles"), &it); more;
             more = json_next(&it))
            if (json_id(it.value, &id) && world_find(w, c->guild, LIST_ROLES, id, &index))
                counts[index]++;
    }
    json_open(&c->out, '{');
    for (uint32_t i = 1; i < n; i++) {
        snprintf(key, sizeof key, "%llu",
                 (unsigned long long)world_id_at(w, c->guild, LIST_ROLES, i));
        field_u64(&c->out, key, counts[i]);
    }
    json_shut(&c->out, '}');
    free(counts);
}

/* ---- Searches ------------------------------------------------------------- */

static bool begins_nocase(struct str text, const char *word)
{
    size_t n = strlen(word);

    return text.n >= n && str_eq_nocase((struct str){ text.p, n }, str_of(word));
}

static bool is_called(struct call *c, const struct world_member *m, const char *query)
{
    struct str nick;
    cordage_json v;
    char name[64];

    if (begins_nocase(world_username(call_world(c), m->user_id, name), query))
        return true;
    return changes_read(call_world(c), c->guild, LIST_MEMBERS, m->user_id, &v) == 0 &&
           json_str(json_get(v, "nick"), &nick) && begins_nocase(nick, query);
}

static void search_members(struct call *c)
{
    uint64_t limit = 1;
    char query[128];

    if (!call_query(c, "query", query, sizeof query) || !*query) {
        call_form_error(c, "query", "BASE_TYPE_REQUIRED", "This field is required");
        return;
    }
    if (!call_query_number(c, "limit", 1, FOUND_MAX, &limit))
        return;
    json_open(&c->out, '[');
    for (uint32_t i = 0; i < c->guild->n_members && limit; i++) {
        struct world_member m = world_member(call_world(c), c->guild, i);

        if (!is_called(c, &m, query))
            continue;
        world_write_member(call_world(c), c->guild, &m, true, &c->out);
        limit--;
    }
    json_shut(&c->out, ']');
}

/* ---- Voice ---------------------------------------------------------------- */

static void put_voice_status(struct call *c)
{
    static const struct rule rules[] = {
        { "status", CORDAGE_JSON_STRING, true, STATUS_MAX }, { NULL }
    };
    cordage_json body;
    uint32_t index;
    struct edit e;

    if (!call_no_thread(c) || !call_json(c, &body) || !change_check(c, body, rules))
        return;
    if (world_channel_type(c->guild, c->channel_index) != CHANNEL_VOICE) {
        call_error(c, 400, 50024, "Cannot execute action on this channel type");
        return;
    }
    change_begin(c, &e);
    edit_begin(&e);
    json_key(&e.j, "status");
    json_copy(&e.j, json_get(body, "status"));
    if (edit_find(&e, LIST_VOICE_INFO, c->channel_id, &index))
        edit_merge(&e, LIST_VOICE_INFO, c->channel_id);
    else
        edit_put(&e, LIST_VOICE_INFO, c->channel_id);
    edit_telling(&e);
    field_id(&e.j, "id", c->channel_id);
    json_key(&e.j, "status");
    json_copy(&e.j, json_get(body, "status"));
    edit_told(&e, "VOICE_CHANNEL_STATUS_UPDATE", INTENT_GUILDS);
    change_audit(c, &e,
                 json_is_null(json_get(body, "status")) ? AUDIT_VOICE_STATUS_DELETE
                                                        : AUDIT_VOICE_STATUS_CREATE,
                 c->channel_id, NULL);
    if (change_done(c, &e))
        call_no_content(c);
}

static void get_voice_state(struct call *c)
{
    struct world *w = call_world(c);
    struct world_member m;
    uint32_t index;

    if (world_is_bot(w, c->id) && world_is_in_voice(w, c->guild, c->id)) {
        world_write_bot_voice(w, c->guild, world_find_bot(w, c->id), true, &c->out);
    } else if (world_find(w, c->guild, LIST_VOICE, c->id, &index) &&
               world_find_member(w, c->guild, c->id, &m)) {
        json_open(&c->out, '{');
        field_id(&c->out, "guild_id", c->guild->id);
        json_key(&c->out, "member");
        world_write_member(w, c->guild, &m, true, &c->out);
        world_put(w, c->guild, LIST_VOICE, index, &c->out);
        json_shut(&c->out, '}');
    } else {
        call_error(c, 404, 10065, "Unknown Voice State");
    }
}

static void get_own_voice_state(struct call *c)
{
    c->id = call_bot_id(c);
    get_voice_state(c);
}

/* ---- People --------------------------------------------------------------- */

static void get_user(struct call *c)
{
    if (world_has_user(call_world(c), c->id))
        world_write_user(call_world(c), c->id, &c->out);
    else
        call_error(c, 404, 10013, "Unknown User");
}

static void patch_me(struct call *c)
{
    static const struct rule rules[] = { { "username", CORDAGE_JSON_STRING, false, 32 },
                                         { "avatar", CORDAGE_JSON_STRING, true, 0 },
                                         { "banner", CORDAGE_JSON_STRING, true, 0 },
                                         { NULL } };
    cordage_json body, name;
    struct edit e;

    if (!call_json(c, &body) || !change_check(c, body, rules))
        return;
    name = json_get(body, "username");
    change_begin(c, &e);
    if (!json_is_absent(name)) {
        edit_begin(&e);
        json_key(&e.j, "username");
        json_copy(&e.j, name);
        edit_merge_user(&e, call_bot_id(c));
        edit_begin(&e);
        world_put_self(e.world, call_app(c)->index, &e.j);
        edit_told_to_first(&e, "USER_UPDATE", 0, call_app(c)->index);
    }
    if (change_done(c, &e))
        world_write_self(call_world(c), call_app(c)->index, &c->out);
}

static void get_nothing(struct call *c)
{
    json_open(&c->out, '[');
    json_shut(&c->out, ']');
}

#define GUILD "guilds/{guild}"

const struct route routes_more[] = {
    { "GET", GUILD "/audit-logs", get_audit_log, BUCKET_READ,
      .needs = RIGHT_VIEW_AUDIT_LOG },
    { "PATCH", GUILD, patch_guild, BUCKET_READ, .needs = RIGHT_MANAGE_GUILD },
    { "GET", GUILD "/integrations", get_integrations, BUCKET_READ,
      .needs = RIGHT_MANAGE_GUILD },
    { "GET", GUILD "/roles/member-counts", get_role_counts, BUCKET_READ },
    { "GET", GUILD "/roles/{id}", get_role, BUCKET_READ },
    { "GET", GUILD "/members/search", search_members, BUCKET_READ },
    { "GET", GUILD "/voice-states/@me", get_own_voice_state, BUCKET_READ },
    { "GET", GUILD "/voice-states/{id}", get_voice_state, BUCKET_READ },
    { "PUT", "channels/{channel}/voice-status", put_voice_status, BUCKET_READ,
      .needs = RIGHT_VIEW_CHANNEL | RIGHT_SET_VOICE_STATUS },
    { "GET", "users/{id}", get_user, BUCKET_READ },
    { "PATCH", "users/@me", patch_me, BUCKET_READ },
    { "GET", "applications/{app}/entitlements", get_nothing, BUCKET_READ },
    { "GET", "applications/{app}/skus", get_nothing, BUCKET_READ },
    { "GET", "applications/{app}/emojis", get_nothing, BUCKET_READ },
    { NULL },
};
