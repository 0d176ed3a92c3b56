/* routes_channel.c - channels, and what is said in them. */
#include <inttypes.h>

#include "call_message.h"
#include "field.h"
#include "json_copy.h"
#include "message_rules.h"

enum {
    MESSAGES_PER_PAGE = 100,
    MESSAGES_DEFAULT = 50,
    INTENT_GUILD_MESSAGE_TYPING = 1 << 11,
};

static void get_channel(struct call *c)
{
    if (c->is_thread) {
        json_open(&c->out, '{');
        field_id(&c->out, "guild_id", c->guild->id);
        world_put(call_world(c), c->guild, LIST_THREADS, c->channel_index, &c->out);
        json_shut(&c->out, '}');
        return;
    }
    world_write_channel(call_world(c), c->guild, c->channel_index, true, &c->out);
}

/* Nothing can be said in a category, and in a forum only below it. */
static bool is_sayable(struct call *c)
{
    enum channel_type type = c->is_thread
                                 ? CHANNEL_PUBLIC_THREAD
                                 : world_channel_type(c->guild, c->channel_index);

    if (type != CHANNEL_CATEGORY && type != CHANNEL_FORUM && type != CHANNEL_MEDIA)
        return true;
    call_error(c, 400, 50008, "Cannot send messages in a non-text channel");
    return false;
}

/* ---- Reading -------------------------------------------------------------- */

static void get_messages(struct call *c)
{
    uint64_t limit = MESSAGES_DEFAULT, before = UINT64_MAX, after = 0, n = 0;
    const struct recent_message *m = NULL;

    if (!call_query_number(c, "limit", 1, MESSAGES_PER_PAGE, &limit) ||
        !call_query_number(c, "before", 0, UINT64_MAX, &before) ||
        !call_query_number(c, "after", 0, UINT64_MAX, &after))
        return;
    json_open(&c->out, '[');
    while (n < limit && (m = recent_older(&c->routes->recent, c->channel_id, m))) {
        if (m->id < before && m->id > after && !m->is_ephemeral) {
            json_put_raw(&c->out, (struct str){ m->body, m->n });
            n++;
        }
    }
    json_shut(&c->out, ']');
}

static void get_message(struct call *c)
{
    const struct recent_message *m = recent_find(&c->routes->recent, c->id);

    if (m && m->channel_id == c->channel_id && !m->is_ephemeral)
        json_put_raw(&c->out, (struct str){ m->body, m->n });
    else
        call_error(c, 404, 10008, "Unknown Message");
}

/* ---- Creating ------------------------------------------------------------- */

/* The earlier message with the same nonce, if the request says that it must be one. */
static const struct recent_message *find_earlier(struct call *c, cordage_json body)
{
    cordage_json nonce = json_get(body, "nonce");
    const struct recent_message *earlier = NULL;
    struct buf text = { 0 };
    struct json_writer w;

    if (json_is_absent(nonce) || json_is_null(nonce) ||
        !cordage_json_true(json_get(body, "enforce_nonce"), false))
        return NULL;
    json_begin(&w, &text);
    json_copy(&w, nonce);
    if (json_end(&w) == 0)
        earlier =
            recent_by_nonce(&c->routes->recent, c->channel_id, buf_str(&text), c->now);
    buf_release(&text);
    return earlier;
}

/* Says it, answers with it, and keeps it for those who read it back or say it again. */
static void post_message(struct call *c)
{
    struct sim_message m = { .guild = c->guild,
                             .channel_id = c->channel_id,
                             .app = c->app };
    const struct recent_message *said;
    cordage_json body;

    if (!is_sayable(c) || !call_json(c, &body) || !message_check(c, body))
        return;
    said = find_earlier(c, body);
    if (!said)
        said = call_say(c, body, &m);
    if (said)
        call_put_message(c, said);
}

static void post_typing(struct call *c)
{
    const struct world *world = call_world(c);
    struct world_member bot = { 0 };
    struct buf text = { 0 };
    struct json_writer w;
    int err;

    world_find_member(world, c->guild, c->app->id, &bot);
    json_begin(&w, &text);
    json_open(&w, '{');
    field_id(&w, "channel_id", c->channel_id);
    field_id(&w, "guild_id", c->guild->id);
    field_id(&w, "user_id", bot.user_id);
    field_u64(&w, "timestamp", sim_wall(c->routes->sim, c->now) / 1000);
    json_key(&w, "member");
    world_write_member(world, c->guild, &bot, true, &w);
    json_shut(&w, '}');
    err = json_end(&w);
    if (!err)
        err = sim_dispatch(c->routes->sim, "TYPING_START", INTENT_GUILD_MESSAGE_TYPING,
                           c->guild, buf_str(&text), c->now);
    buf_release(&text);
    if (err)
        call_out_of_memory(c);
    else
        call_no_content(c);
}

const struct route routes_channel[] = {
    { "GET", "channels/{channel}", get_channel, BUCKET_READ },
    { "GET", "channels/{channel}/messages", get_messages, BUCKET_READ },
    { "POST", "channels/{channel}/messages", post_message, BUCKET_MESSAGE },
    { "GET", "channels/{channel}/messages/{id}", get_message, BUCKET_READ },
    { "POST", "channels/{channel}/typing", post_typing, BUCKET_TYPING },
    { NULL },
};
