/* routes_channel.c - channels, and what is said in them. */
#include "call_message.h"
#include "change_call.h"
#include "rights.h"

static void get_channel(struct call *c)
{
    if (c->peer_id) {
        call_put_direct(c, call_find_direct(c, c->channel_id));
        return;
    }
    if (c->is_thread) {
        json_open(&c->out, '{');
        field_id(&c->out, "guild_id", c->guild->id);
        world_put(call_world(c), c->guild, c->is_archived ? LIST_ARCHIVED : LIST_THREADS,
                  c->channel_index, &c->out);
        json_shut(&c->out, '}');
        return;
    }
    world_write_channel(call_world(c), c->guild, c->channel_index, true, &c->out);
}

static void post_typing(struct call *c)
{
    struct world_member bot;
    struct edit e;

    change_begin(c, &e);
    edit_telling(&e);
    field_id(&e.j, "channel_id", c->channel_id);
    field_id(&e.j, "user_id", call_bot_id(c));
    field_u64(&e.j, "timestamp", sim_wall(c->routes->sim, c->now) / 1000);
    if (c->guild && world_find_member(call_world(c), c->guild, call_bot_id(c), &bot)) {
        json_key(&e.j, "member");
        world_write_member(call_world(c), c->guild, &bot, true, &e.j);
    }
    change_told(c, &e, "TYPING_START", INTENT_GUILD_TYPING, INTENT_DIRECT_TYPING);
    if (change_done(c, &e))
        call_no_content(c);
}

const struct route routes_channel[] = {
    { "GET", "channels/{channel}", get_channel, BUCKET_READ, .direct = true,
      .archived = true, .needs = RIGHT_VIEW_CHANNEL },
    { "POST", "channels/{channel}/typing", post_typing, BUCKET_TYPING, .direct = true,
      .needs = RIGHT_VIEW_CHANNEL | RIGHT_SEND_MESSAGES },
    { NULL },
};
