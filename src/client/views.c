#include "views.h"

static cordage_json field(cordage_json object, const char *key)
{
    return cordage_json_get(object, key);
}

static cordage_id id_field(cordage_json object, const char *key)
{
    return cordage_json_id(field(object, key));
}

static cordage_str string_field(cordage_json object, const char *key)
{
    return cordage_json_string(field(object, key));
}

static bool true_field(cordage_json object, const char *key)
{
    return cordage_json_true(field(object, key), false);
}

void view_ready(const cordage_event *event, cordage_ready *out)
{
    cordage_json d = event->data;
    cordage_json guilds = field(d, "guilds");

    *out = (cordage_ready){
        .shard_id = event->shard_id,
        .shard_count = event->shard_count,
        .user_id = id_field(field(d, "user"), "id"),
        .application_id = id_field(field(d, "application"), "id"),
        .username = string_field(field(d, "user"), "username"),
        .session_id = string_field(d, "session_id"),
        .event = event,
    };
    if (cordage_json_type_of(guilds) == CORDAGE_JSON_ARRAY)
        out->n_guilds = cordage_json_count(guilds);
}

void view_resumed(const cordage_event *event, uint64_t replayed, cordage_resumed *out)
{
    *out = (cordage_resumed){
        .shard_id = event->shard_id,
        .shard_count = event->shard_count,
        .replayed = replayed,
        .event = event,
    };
}

void view_guild(const cordage_event *event, cordage_guild_why why, cordage_guild *out)
{
    cordage_json d = event->data;
    int64_t member_count = cordage_json_int(field(d, "member_count"), 0);

    *out = (cordage_guild){
        .id = id_field(d, "id"),
        .owner_id = id_field(d, "owner_id"),
        .name = string_field(d, "name"),
        .member_count = member_count > 0 ? (uint64_t)member_count : 0,
        .unavailable = true_field(d, "unavailable"),
        .why = why,
        .event = event,
    };
}

void view_guild_gone(const cordage_event *event, cordage_guild_gone *out)
{
    *out = (cordage_guild_gone){
        .id = id_field(event->data, "id"),
        .unavailable = true_field(event->data, "unavailable"),
        .event = event,
    };
}

void view_message(const cordage_event *event, cordage_id self, cordage_message *out)
{
    cordage_json d = event->data;
    cordage_json author = field(d, "author");

    *out = (cordage_message){
        .id = id_field(d, "id"),
        .channel_id = id_field(d, "channel_id"),
        .guild_id = id_field(d, "guild_id"),
        .author_id = id_field(author, "id"),
        .webhook_id = id_field(d, "webhook_id"),
        .author_name = string_field(author, "username"),
        .content = string_field(d, "content"),
        .author_is_bot = true_field(author, "bot"),
        .type = (int)cordage_json_int(field(d, "type"), 0),
        .nonce = string_field(d, "nonce"),
        .event = event,
    };
    /* A webhook's messages carry the webhook's id where an author's would be. */
    out->from_self = self && out->author_id == self && !out->webhook_id;
}
