/* routes_change.c - what a bot changes: channels, overwrites.
 *
 * Each applies to the world and is told of by the same events as when people do it. What
 * is checked is that names and types are right. */
#include "change_call.h"
#include "json_copy.h"
#include "rights.h"
#include "threads_call.h"

enum { RENAMES = 2, RENAME_WINDOW_MS = 10 * 60 * 1000 };

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

/* ---- Channels ------------------------------------------------------------- */

static void answer_channel(struct call *c, uint64_t id)
{
    uint32_t index;

    if (world_find(call_world(c), c->guild, LIST_CHANNELS, id, &index))
        world_write_channel(call_world(c), c->guild, index, true, &c->out);
}

/* A limit that no header tells of: a channel gets a new name or topic twice in 10
 * minutes.
 */
static bool may_rename(struct call *c, cordage_json body)
{
    struct quota *q;

    if (!c->routes->config.message_limit || (json_is_absent(json_get(body, "name")) &&
                                             json_is_absent(json_get(body, "topic"))))
        return true;
    q = quotas_get(&c->routes->daily, c->channel_id, c->now);
    if (!q) {
        call_out_of_memory(c);
        return false;
    }
    if (quota_take(q, RENAMES, RENAME_WINDOW_MS, c->now))
        return true;
    call_limited(c, q->ends_at - c->now, "user");
    return false;
}

static void patch_channel(struct call *c)
{
    cordage_json body;
    struct edit e;

    if (c->is_thread) {
        patch_thread(c);
        return;
    }
    if (!call_may(c, RIGHT_MANAGE_CHANNELS, c->channel_id) || !call_json(c, &body) ||
        !change_check(c, body, channel_rules) || !may_rename(c, body))
        return;
    change_begin(c, &e);
    edit_begin(&e);
    change_put(&e, body, channel_rules);
    edit_merge(&e, LIST_CHANNELS, c->channel_id);
    edit_tell_channel(&e, "CHANNEL_UPDATE", c->channel_id);
    change_audit(c, &e, AUDIT_CHANNEL_UPDATE, c->channel_id, NULL);
    if (change_done(c, &e))
        answer_channel(c, c->channel_id);
}

static void delete_channel(struct call *c)
{
    struct edit e;

    if (c->is_thread) {
        delete_thread(c);
        return;
    }
    if (!call_may(c, RIGHT_MANAGE_CHANNELS, c->channel_id))
        return;
    if (c->channel_index <= world_voice_channel(c->guild)) {
        call_error(c, 400, 50074,
                   "Cannot delete a channel required for Community servers");
        return;
    }
    answer_channel(c, c->channel_id);
    change_begin(c, &e);
    for (uint32_t i = 0; i < call_world(c)->n_bots; i++)
        if (world_stay(call_world(c), c->guild, i)->voice_channel == c->channel_id)
            sim_move_bot(c->routes->sim, sim_app(c->routes->sim, i), c->guild, 0, c->now);
    edit_delete_channel(&e, c->channel_id);
    change_audit(c, &e, AUDIT_CHANNEL_DELETE, c->channel_id, NULL);
    change_done(c, &e);
}

/* The types that can be made, with the defaults of those that have more. */
static void put_new_channel(struct edit *e, uint64_t id, uint64_t type, cordage_json body)
{
    field_id(&e->j, "id", id);
    field_u64(&e->j, "type", type);
    change_put(e, body, channel_rules);
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

    if (!call_json(c, &body) || !change_check(c, body, channel_rules))
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
    change_begin(c, &e);
    id = edit_new_id(&e);
    edit_begin(&e);
    put_new_channel(&e, id, which, body);
    edit_put(&e, LIST_CHANNELS, id);
    edit_tell_channel(&e, "CHANNEL_CREATE", id);
    change_audit(c, &e, AUDIT_CHANNEL_CREATE, id, NULL);
    if (!change_done(c, &e))
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
    change_begin(c, &e);
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
    change_audit(c, &e, put ? AUDIT_OVERWRITE_CREATE : AUDIT_OVERWRITE_DELETE,
                 c->channel_id, NULL);
    if (change_done(c, &e))
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

/* ---- Positions ------------------------------------------------------------ */

static bool check_positions(struct call *c, cordage_json list)
{
    struct json_iter it;
    uint32_t index;
    size_t parents = 0;
    uint64_t id;

    for (bool more = json_first(list, &it); more; more = json_next(&it)) {
        if (!json_id(json_get(it.value, "id"), &id) ||
            !world_find(call_world(c), c->guild, LIST_CHANNELS, id, &index)) {
            call_error(c, 404, 10003, "Unknown Channel");
            return false;
        }
        parents += !json_is_absent(json_get(it.value, "parent_id"));
    }
    if (parents <= 1)
        return true;
    call_error(c, 400, 40009, "Only one channel's parent_id may change in one request");
    return false;
}

static void patch_positions(struct call *c)
{
    static const struct rule rules[] = { { "position", CORDAGE_JSON_NUMBER, true, 0 },
                                         { "parent_id", CORDAGE_JSON_STRING, true, 0 },
                                         { NULL } };
    struct json_iter it;
    cordage_json list;
    struct edit e;
    uint64_t id;

    if (!call_json_array(c, &list) || !check_positions(c, list))
        return;
    for (bool more = json_first(list, &it); more; more = json_next(&it))
        if (!change_check(c, it.value, rules))
            return;
    change_begin(c, &e);
    for (bool more = json_first(list, &it); more; more = json_next(&it)) {
        json_id(json_get(it.value, "id"), &id);
        edit_begin(&e);
        for (size_t i = 0; rules[i].key; i++) {
            cordage_json v = json_get(it.value, rules[i].key);

            if (json_is_absent(v) || (i == 0 && json_is_null(v)))
                continue;
            json_key(&e.j, rules[i].key);
            json_copy(&e.j, v);
        }
        edit_merge(&e, LIST_CHANNELS, id);
        edit_tell_channel(&e, "CHANNEL_UPDATE", id);
    }
    if (change_done(c, &e))
        call_no_content(c);
}

const struct route routes_change[] = {
    { "PATCH", "channels/{channel}", patch_channel, BUCKET_READ, .archived = true,
      .needs = RIGHT_VIEW_CHANNEL },
    { "DELETE", "channels/{channel}", delete_channel, BUCKET_READ, .archived = true,
      .needs = RIGHT_VIEW_CHANNEL },
    { "PUT", "channels/{channel}/permissions/{id}", put_overwrite, BUCKET_READ,
      .needs = RIGHT_VIEW_CHANNEL | RIGHT_MANAGE_ROLES },
    { "DELETE", "channels/{channel}/permissions/{id}", delete_overwrite, BUCKET_READ,
      .needs = RIGHT_VIEW_CHANNEL | RIGHT_MANAGE_ROLES },
    { "POST", "guilds/{guild}/channels", post_channel, BUCKET_READ,
      .needs = RIGHT_MANAGE_CHANNELS },
    { "PATCH", "guilds/{guild}/channels", patch_positions, BUCKET_READ,
      .needs = RIGHT_MANAGE_CHANNELS },
    { NULL },
};
