/* routes_channel.c - channels, and what is said in them. */
#include <inttypes.h>

#include "call.h"
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
        if (m->id < before && m->id > after) {
            json_put_raw(&c->out, (struct str){ m->body, m->n });
            n++;
        }
    }
    json_shut(&c->out, ']');
}

static void get_message(struct call *c)
{
    const struct recent_message *m = recent_find(&c->routes->recent, c->id);

    if (m && m->channel_id == c->channel_id)
        json_put_raw(&c->out, (struct str){ m->body, m->n });
    else
        call_error(c, 404, 10008, "Unknown Message");
}

/* ---- Creating ------------------------------------------------------------- */

/* The JSON of what a message has beside its text; empty: it hasn't. */
struct extras {
    struct buf nonce, reference, embeds, components;
};

static void extras_release(struct extras *x)
{
    buf_release(&x->nonce);
    buf_release(&x->reference);
    buf_release(&x->embeds);
    buf_release(&x->components);
}

/* Embeds are always of the type "rich", whatever they were sent as. */
static void put_embeds(struct json_writer *w, cordage_json embeds)
{
    struct json_iter embed, field;

    json_open(w, '[');
    for (bool more = json_first(embeds, &embed); more; more = json_next(&embed)) {
        json_open(w, '{');
        field_z(w, "type", "rich");
        for (bool next = json_first(embed.value, &field); next;
             next = json_next(&field)) {
            if (str_is(field.key, "type"))
                continue;
            json_key_str(w, field.key);
            json_copy(w, field.value);
        }
        json_shut(w, '}');
    }
    json_shut(w, ']');
}

static void put_reference(struct call *c, struct json_writer *w, cordage_json reference)
{
    uint64_t channel_id = c->channel_id, message_id = 0;

    json_id(json_get(reference, "channel_id"), &channel_id);
    json_id(json_get(reference, "message_id"), &message_id);
    json_open(w, '{');
    field_u64(w, "type", (uint64_t)cordage_json_int(json_get(reference, "type"), 0) == 1);
    field_id(w, "message_id", message_id);
    field_id(w, "channel_id", channel_id);
    field_id(w, "guild_id", c->guild->id);
    json_shut(w, '}');
}

static int put_extras(struct call *c, cordage_json body, struct extras *x)
{
    cordage_json nonce = json_get(body, "nonce");
    cordage_json reference = json_get(body, "message_reference");
    struct json_writer w;
    int err = 0;

    json_begin(&w, &x->nonce);
    if (!json_is_absent(nonce) && !json_is_null(nonce))
        json_copy(&w, nonce);
    err |= json_end(&w);
    json_begin(&w, &x->reference);
    if (cordage_json_type_of(reference) == CORDAGE_JSON_OBJECT)
        put_reference(c, &w, reference);
    err |= json_end(&w);
    json_begin(&w, &x->embeds);
    if (json_count(json_get(body, "embeds")))
        put_embeds(&w, json_get(body, "embeds"));
    err |= json_end(&w);
    json_begin(&w, &x->components);
    if (json_count(json_get(body, "components")))
        json_copy(&w, json_get(body, "components"));
    err |= json_end(&w);
    return err ? CORDAGE_ENOMEM : 0;
}

/* Says it, answers with it, and keeps it for those who read it back or say it again. */
static void say(struct call *c, cordage_json body, const struct extras *x)
{
    struct sim_message m = { .guild = c->guild,
                             .channel_id = c->channel_id,
                             .app = c->app };
    struct buf text = { 0 };
    uint64_t id;

    json_str(json_get(body, "content"), &m.content);
    m.nonce = buf_str(&x->nonce);
    m.reference = buf_str(&x->reference);
    m.embeds = buf_str(&x->embeds);
    m.components = buf_str(&x->components);
    m.flags = (uint64_t)cordage_json_int(json_get(body, "flags"), 0);
    m.tts = cordage_json_true(json_get(body, "tts"), false);
    if (sim_say(c->routes->sim, &m, c->now, &text, &id)) {
        call_out_of_memory(c);
    } else {
        json_put_raw(&c->out, buf_str(&text));
        /* Without memory it can't be read back; it was said all the same. */
        recent_add(&c->routes->recent, id, c->channel_id, m.nonce, buf_str(&text),
                   c->now);
    }
    buf_release(&text);
}

static void post_message(struct call *c)
{
    const struct recent_message *earlier = NULL;
    struct extras x = { 0 };
    cordage_json body;

    if (!is_sayable(c) || !call_json(c, &body) || !message_check(c, body))
        return;
    if (put_extras(c, body, &x)) {
        call_out_of_memory(c);
        extras_release(&x);
        return;
    }
    if (x.nonce.n && cordage_json_true(json_get(body, "enforce_nonce"), false))
        earlier =
            recent_by_nonce(&c->routes->recent, c->channel_id, buf_str(&x.nonce), c->now);
    if (earlier)
        json_put_raw(&c->out, (struct str){ earlier->body, earlier->n });
    else
        say(c, body, &x);
    extras_release(&x);
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
