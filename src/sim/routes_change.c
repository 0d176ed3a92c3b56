/* routes_change.c - what a bot changes: channels, overwrites, roles, members, threads.
 *
 * Each applies to the world and is told of by the same events as when people do it. What
 * is checked is that names and types are right; permissions are not simulated. */
#include "call.h"
#include "edit.h"
#include "json_copy.h"

/* A field that a body may have: its JSON type, and whether it may be null. */
struct rule {
    const char *key;
    cordage_json_type type;
    bool nullable;
    size_t max; /* characters of a string; 0: any */
};

static const struct rule channel_rules[] = {
    { "name", CORDAGE_JSON_STRING, false, 100 },
    { "topic", CORDAGE_JSON_STRING, true, 1024 },
    { "nsfw", CORDAGE_JSON_BOOL, false, 0 },
    { "rate_limit_per_user", CORDAGE_JSON_NUMBER, false, 0 },
    { "position", CORDAGE_JSON_NUMBER, false, 0 },
    { "parent_id", CORDAGE_JSON_STRING, true, 0 },
    { "bitrate", CORDAGE_JSON_NUMBER, false, 0 },
    { "user_limit", CORDAGE_JSON_NUMBER, false, 0 },
    { "permission_overwrites", CORDAGE_JSON_ARRAY, false, 0 },
    { NULL },
};
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

/* False, with the error answered, when a field is not what it should be. */
static bool check(struct call *c, cordage_json body, const struct rule *rules)
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

static void put_fields(struct edit *e, cordage_json body, const struct rule *rules)
{
    for (; rules->key; rules++) {
        cordage_json v = json_get(body, rules->key);

        if (json_is_absent(v))
            continue;
        json_key(&e->j, rules->key);
        json_copy(&e->j, v);
    }
}

static void begin(struct call *c, struct edit *e)
{
    edit_init(e, c->routes->sim, c->guild, c->now);
}

/* False, with the error answered, when there was no memory. */
static bool done(struct call *c, struct edit *e)
{
    int err = e->err;

    edit_release(e);
    if (err)
        call_out_of_memory(c);
    return err == 0;
}

/* ---- Channels ------------------------------------------------------------- */

static void answer_channel(struct call *c, uint64_t id)
{
    uint32_t index;

    if (world_find(call_world(c), c->guild, LIST_CHANNELS, id, &index))
        world_write_channel(call_world(c), c->guild, index, true, &c->out);
}

static void patch_channel(struct call *c)
{
    cordage_json body;
    struct edit e;

    if (!call_no_thread(c) || !call_json(c, &body) || !check(c, body, channel_rules))
        return;
    begin(c, &e);
    edit_begin(&e);
    put_fields(&e, body, channel_rules);
    edit_merge(&e, LIST_CHANNELS, c->channel_id);
    edit_tell_channel(&e, "CHANNEL_UPDATE", c->channel_id);
    if (done(c, &e))
        answer_channel(c, c->channel_id);
}

static void delete_channel(struct call *c)
{
    struct edit e;

    if (!call_no_thread(c))
        return;
    if (c->channel_index <= world_voice_channel(c->guild)) {
        call_error(c, 400, 50074,
                   "Cannot delete a channel required for Community servers");
        return;
    }
    answer_channel(c, c->channel_id);
    begin(c, &e);
    if (c->guild->voice_channel == c->channel_id)
        sim_move_bot(c->routes->sim, c->guild, 0, c->now);
    edit_delete_channel(&e, c->channel_id);
    done(c, &e);
}

/* The types that can be made, with the defaults of those that have more. */
static void put_new_channel(struct edit *e, uint64_t id, uint64_t type, cordage_json body)
{
    field_id(&e->j, "id", id);
    field_u64(&e->j, "type", type);
    put_fields(e, body, channel_rules);
    if (json_is_absent(json_get(body, "position")))
        field_u64(&e->j, "position", world_n_channels(e->g));
    if (json_is_absent(json_get(body, "parent_id")))
        field_null(&e->j, "parent_id");
    if (json_is_absent(json_get(body, "permission_overwrites")))
        field_empty(&e->j, "permission_overwrites", '[');
    if (type != CHANNEL_CATEGORY) {
        field_null(&e->j, "last_message_id");
        if (json_is_absent(json_get(body, "rate_limit_per_user")))
            field_u64(&e->j, "rate_limit_per_user", 0);
    }
    if (type == CHANNEL_VOICE) {
        if (json_is_absent(json_get(body, "bitrate")))
            field_u64(&e->j, "bitrate", 64000);
        if (json_is_absent(json_get(body, "user_limit")))
            field_u64(&e->j, "user_limit", 0);
        field_null(&e->j, "rtc_region");
    }
    if (type == CHANNEL_TEXT && json_is_absent(json_get(body, "topic")))
        field_null(&e->j, "topic");
    field_u64(&e->j, "flags", 0);
}

static void post_channel(struct call *c)
{
    cordage_json body, type;
    struct edit e;
    uint64_t id, which = CHANNEL_TEXT;

    if (!call_json(c, &body) || !check(c, body, channel_rules))
        return;
    type = json_get(body, "type");
    if (json_is_absent(json_get(body, "name"))) {
        call_form_error(c, "name", "BASE_TYPE_REQUIRED", "This field is required");
        return;
    }
    if (!json_is_absent(type) &&
        (!json_u64(type, &which) || (which != CHANNEL_TEXT && which != CHANNEL_VOICE &&
                                     which != CHANNEL_CATEGORY))) {
        call_form_error(c, "type", "BASE_TYPE_CHOICES",
                        "The simulator makes channels of the types 0, 2 and 4.");
        return;
    }
    begin(c, &e);
    id = edit_new_id(&e);
    edit_begin(&e);
    put_new_channel(&e, id, which, body);
    edit_put(&e, LIST_CHANNELS, id);
    edit_tell_channel(&e, "CHANNEL_CREATE", id);
    if (!done(c, &e))
        return;
    call_restart(c, 201);
    answer_channel(c, id);
}

/* The overwrites but for that of `id`; with `body` one is put in its place. */
static void set_overwrite(struct call *c, cordage_json body, bool put)
{
    cordage_json channel = { 0 };
    struct json_iter it;
    struct edit e;
    uint64_t id;

    if (!call_no_thread(c))
        return;
    begin(c, &e);
    edit_read(&e, LIST_CHANNELS, c->channel_id, &channel);
    edit_begin(&e);
    field_open(&e.j, "permission_overwrites", '[');
    for (bool more = json_first(json_get(channel, "permission_overwrites"), &it); more;
         more = json_next(&it))
        if (json_id(json_get(it.value, "id"), &id) && id != c->id)
            json_copy(&e.j, it.value);
    if (put) {
        cordage_json allow = json_get(body, "allow"), deny = json_get(body, "deny");

        json_open(&e.j, '{');
        field_id(&e.j, "id", c->id);
        field_u64(&e.j, "type", (uint64_t)cordage_json_int(json_get(body, "type"), 0));
        json_key(&e.j, "allow");
        if (cordage_json_type_of(allow) == CORDAGE_JSON_STRING)
            json_copy(&e.j, allow);
        else
            json_put_z(&e.j, "0");
        json_key(&e.j, "deny");
        if (cordage_json_type_of(deny) == CORDAGE_JSON_STRING)
            json_copy(&e.j, deny);
        else
            json_put_z(&e.j, "0");
        json_shut(&e.j, '}');
    }
    json_shut(&e.j, ']');
    edit_merge(&e, LIST_CHANNELS, c->channel_id);
    edit_tell_channel(&e, "CHANNEL_UPDATE", c->channel_id);
    if (done(c, &e))
        call_no_content(c);
}

static void put_overwrite(struct call *c)
{
    cordage_json body;

    if (call_json(c, &body))
        set_overwrite(c, body, true);
}

static void delete_overwrite(struct call *c)
{
    set_overwrite(c, (cordage_json){ 0 }, false);
}

/* ---- Threads -------------------------------------------------------------- */

static void post_thread(struct call *c)
{
    static const struct rule rules[] = { { "name", CORDAGE_JSON_STRING, false, 100 },
                                         { "type", CORDAGE_JSON_NUMBER, false, 0 },
                                         { NULL } };
    struct edit_thread t = { .parent = c->channel_id, .with_bot = true };
    cordage_json body;
    uint32_t index;
    struct edit e;
    uint64_t id;

    if (!call_no_thread(c) || !call_json(c, &body) || !check(c, body, rules))
        return;
    if (!json_str(json_get(body, "name"), &t.name)) {
        call_form_error(c, "name", "BASE_TYPE_REQUIRED", "This field is required");
        return;
    }
    t.parent_type = world_channel_type(c->guild, c->channel_index);
    if (t.parent_type != CHANNEL_TEXT) {
        call_error(c, 400, 50024, "Cannot execute action on this channel type");
        return;
    }
    t.type = cordage_json_int(json_get(body, "type"), CHANNEL_PRIVATE_THREAD) ==
                     CHANNEL_PUBLIC_THREAD
                 ? CHANNEL_PUBLIC_THREAD
                 : CHANNEL_PRIVATE_THREAD;
    t.owner = call_world(c)->bot_id;
    begin(c, &e);
    id = edit_new_id(&e);
    edit_create_thread(&e, id, &t);
    if (!done(c, &e))
        return;
    call_restart(c, 201);
    json_open(&c->out, '{');
    field_id(&c->out, "guild_id", c->guild->id);
    if (world_find(call_world(c), c->guild, LIST_THREADS, id, &index))
        world_put(call_world(c), c->guild, LIST_THREADS, index, &c->out);
    json_shut(&c->out, '}');
}

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

    if (!call_json(c, &body) || !check(c, body, role_rules))
        return;
    begin(c, &e);
    id = edit_new_id(&e);
    edit_begin(&e);
    field_id(&e.j, "id", id);
    put_fields(&e, body, role_rules);
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
    if (done(c, &e))
        answer_role(c, id);
}

static void patch_role(struct call *c)
{
    cordage_json body;
    struct edit e;

    if (!find_role(c, c->id) || !call_json(c, &body) || !check(c, body, role_rules))
        return;
    begin(c, &e);
    edit_begin(&e);
    put_fields(&e, body, role_rules);
    put_color(&e, body, false);
    edit_merge(&e, LIST_ROLES, c->id);
    edit_tell_role(&e, "GUILD_ROLE_UPDATE", c->id);
    if (done(c, &e))
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
    begin(c, &e);
    edit_delete_role(&e, c->id);
    if (done(c, &e))
        call_no_content(c);
}

/* ---- Members -------------------------------------------------------------- */

static bool find_member(struct call *c, struct world_member *m)
{
    if (world_find_member(call_world(c), c->guild, c->id, m))
        return true;
    call_error(c, 404, 10007, "Unknown Member");
    return false;
}

static void patch_member(struct call *c)
{
    struct world_member m;
    cordage_json body;
    struct edit e;

    if (!find_member(c, &m) || !call_json(c, &body) || !check(c, body, member_rules))
        return;
    begin(c, &e);
    edit_begin(&e);
    put_fields(&e, body, member_rules);
    edit_merge(&e, LIST_MEMBERS, c->id);
    edit_tell_member(&e, "GUILD_MEMBER_UPDATE", c->id);
    if (done(c, &e))
        world_write_member(call_world(c), c->guild, &m, true, &c->out);
}

static void patch_own_member(struct call *c)
{
    c->id = call_world(c)->bot_id;
    patch_member(c);
}

static void delete_member(struct call *c)
{
    struct world_member m;
    struct edit e;

    if (!find_member(c, &m))
        return;
    if (m.index < 2) {
        call_error(c, 403, 50013, "Missing Permissions");
        return;
    }
    begin(c, &e);
    edit_remove_member(&e, c->id);
    if (done(c, &e))
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
    begin(c, &e);
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
    }
    if (done(c, &e))
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
    sim_kick_bot(c->routes->sim, c->guild, c->now);
    call_no_content(c);
}

const struct route routes_change[] = {
    { "PATCH", "channels/{channel}", patch_channel, BUCKET_READ },
    { "DELETE", "channels/{channel}", delete_channel, BUCKET_READ },
    { "PUT", "channels/{channel}/permissions/{id}", put_overwrite, BUCKET_READ },
    { "DELETE", "channels/{channel}/permissions/{id}", delete_overwrite, BUCKET_READ },
    { "POST", "channels/{channel}/threads", post_thread, BUCKET_READ },
    { "POST", "guilds/{guild}/channels", post_channel, BUCKET_READ },
    { "POST", "guilds/{guild}/roles", post_role, BUCKET_READ },
    { "PATCH", "guilds/{guild}/roles/{id}", patch_role, BUCKET_READ },
    { "DELETE", "guilds/{guild}/roles/{id}", delete_role, BUCKET_READ },
    { "PATCH", "guilds/{guild}/members/@me", patch_own_member, BUCKET_READ },
    { "PATCH", "guilds/{guild}/members/{id}", patch_member, BUCKET_READ },
    { "DELETE", "guilds/{guild}/members/{id}", delete_member, BUCKET_READ },
    { "PUT", "guilds/{guild}/members/{id}/roles/{role}", put_member_role, BUCKET_READ },
    { "DELETE", "guilds/{guild}/members/{id}/roles/{role}", delete_member_role,
      BUCKET_READ },
    { "DELETE", "users/@me/guilds/{guild}", leave_guild, BUCKET_READ },
    { NULL },
};
