/* routes_change.c - what a bot changes: channels, overwrites, threads.
 *
 * Each applies to the world and is told of by the same events as when people do it. What
 * is checked is that names and types are right; permissions are not simulated. */
#include "change_call.h"
#include "json_copy.h"

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

static void patch_channel(struct call *c)
{
    cordage_json body;
    struct edit e;

    if (!call_no_thread(c) || !call_json(c, &body) ||
        !change_check(c, body, channel_rules))
        return;
    change_begin(c, &e);
    edit_begin(&e);
    change_put(&e, body, channel_rules);
    edit_merge(&e, LIST_CHANNELS, c->channel_id);
    edit_tell_channel(&e, "CHANNEL_UPDATE", c->channel_id);
    if (change_done(c, &e))
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
    change_begin(c, &e);
    for (uint32_t i = 0; i < call_world(c)->n_bots; i++)
        if (world_stay(call_world(c), c->guild, i)->voice_channel == c->channel_id)
            sim_move_bot(c->routes->sim, sim_app(c->routes->sim, i), c->guild, 0, c->now);
    edit_delete_channel(&e, c->channel_id);
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

    if (!call_no_thread(c) || !call_json(c, &body) || !change_check(c, body, rules))
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
    t.owner = c->app->id;
    change_begin(c, &e);
    id = edit_new_id(&e);
    edit_create_thread(&e, id, &t);
    if (!change_done(c, &e))
        return;
    call_restart(c, 201);
    json_open(&c->out, '{');
    field_id(&c->out, "guild_id", c->guild->id);
    if (world_find(call_world(c), c->guild, LIST_THREADS, id, &index))
        world_put(call_world(c), c->guild, LIST_THREADS, index, &c->out);
    json_shut(&c->out, '}');
}

const struct route routes_change[] = {
    { "PATCH", "channels/{channel}", patch_channel, BUCKET_READ },
    { "DELETE", "channels/{channel}", delete_channel, BUCKET_READ },
    { "PUT", "channels/{channel}/permissions/{id}", put_overwrite, BUCKET_READ },
    { "DELETE", "channels/{channel}/permissions/{id}", delete_overwrite, BUCKET_READ },
    { "POST", "channels/{channel}/threads", post_thread, BUCKET_READ },
    { "POST", "guilds/{guild}/channels", post_channel, BUCKET_READ },
    { NULL },
};
