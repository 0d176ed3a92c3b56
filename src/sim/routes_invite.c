/* routes_invite.c - invites: made for a channel, found by their code. */
#include <stdio.h>

#include "change_call.h"
#include "isotime.h"
#include "json_copy.h"
#include "rights.h"

enum { AGE_DEFAULT_S = 86400, AGE_MAX_S = 604800, USES_MAX = 100, INVITES_MAX = 1000 };

/* Made from the id, so that it leads back to it. */
static void write_code(uint64_t id, char out[16])
{
    static const char digits[] =
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    size_t n = 0;

    for (; id; id /= 62)
        out[n++] = digits[id % 62];
    out[n] = '\0';
}

/* The guild and the place of the invite that has this code; false: there is none. */
static bool find_code(struct call *c, uint32_t *index)
{
    struct world *world = call_world(c);
    char code[16];

    for (uint32_t i = 0; i < world->n_guilds; i++) {
        struct world_guild *g = &world->guilds[i];

        for (uint32_t j = 0;
             g->changes && !g->is_gone && j < world_count(world, g, LIST_INVITES); j++) {
            write_code(world_id_at(world, g, LIST_INVITES, j), code);
            if (strcmp(code, c->text) != 0)
                continue;
            c->guild = g;
            *index = j;
            return true;
        }
    }
    return false;
}

static uint64_t number(cordage_json body, const char *key, uint64_t otherwise)
{
    uint64_t n = otherwise;

    json_u64(json_get(body, key), &n);
    return n;
}

static bool check(struct call *c, uint64_t value, const char *field, uint64_t max)
{
    if (value <= max)
        return true;
    call_form_error(c, field, "NUMBER_TYPE_MAX",
                    "int value should be less than or equal to %llu.",
                    (unsigned long long)max);
    return false;
}

static void put_guild_part(struct edit *e)
{
    cordage_json v;
    struct buf text = { 0 };
    struct json_writer w;

    json_begin(&w, &text);
    world_write_guild(e->world, e->g, NULL, &w);
    field_open(&e->j, "guild", '{');
    field_id(&e->j, "id", e->g->id);
    if (json_end(&w) == 0 && json_parse(e->sim->parser, buf_str(&text), &v) == 0) {
        static const char *const keys[] = { "name", "icon", "features" };

        for (size_t i = 0; i < 3; i++) {
            json_key(&e->j, keys[i]);
            json_copy(&e->j, json_get(v, keys[i]));
        }
    }
    json_shut(&e->j, '}');
    buf_release(&text);
}

struct terms {
    uint64_t max_age, max_uses, expires_ms; /* 0: never */
    bool temporary;
    char code[16];
};

static void put_terms(struct edit *e, const struct terms *t)
{
    field_u64(&e->j, "uses", 0);
    field_u64(&e->j, "max_uses", t->max_uses);
    field_u64(&e->j, "max_age", t->max_age);
    field_bool(&e->j, "temporary", t->temporary);
    json_key(&e->j, "created_at");
    json_put_time(&e->j, edit_wall(e));
    json_key(&e->j, "expires_at");
    if (t->expires_ms)
        json_put_time(&e->j, t->expires_ms);
    else
        json_put_null(&e->j);
}

static void keep(struct call *c, struct edit *e, uint64_t id, const struct terms *t)
{
    edit_begin(e);
    field_z(&e->j, "code", t->code);
    field_u64(&e->j, "type", 0);
    put_guild_part(e);
    field_open(&e->j, "channel", '{');
    field_id(&e->j, "id", c->channel_id);
    field_u64(&e->j, "type", world_channel_type(c->guild, c->channel_index));
    json_shut(&e->j, '}');
    field_id(&e->j, "channel_id", c->channel_id);
    json_key(&e->j, "inviter");
    world_write_user(e->world, call_bot_id(c), &e->j);
    put_terms(e, t);
    edit_put(e, LIST_INVITES, id);
}

static void post_invite(struct call *c)
{
    struct terms t = { 0 };
    cordage_json body;
    uint32_t index;
    struct edit e;
    uint64_t id;

    if (!call_no_thread(c) || !call_json(c, &body))
        return;
    t.max_age = number(body, "max_age", AGE_DEFAULT_S);
    t.max_uses = number(body, "max_uses", 0);
    t.temporary = cordage_json_true(json_get(body, "temporary"), false);
    if (!check(c, t.max_age, "max_age", AGE_MAX_S) ||
        !check(c, t.max_uses, "max_uses", USES_MAX))
        return;
    if (world_count(call_world(c), c->guild, LIST_INVITES) >= INVITES_MAX) {
        call_error(c, 400, 30016, "Maximum number of invites reached (1000)");
        return;
    }
    change_begin(c, &e);
    id = edit_new_id(&e);
    write_code(id, t.code);
    t.expires_ms = t.max_age ? edit_wall(&e) + t.max_age * 1000 : 0;
    keep(c, &e, id, &t);
    edit_telling(&e);
    field_id(&e.j, "channel_id", c->channel_id);
    field_z(&e.j, "code", t.code);
    json_key(&e.j, "inviter");
    world_write_user(e.world, call_bot_id(c), &e.j);
    put_terms(&e, &t);
    edit_told_with(&e, "INVITE_CREATE", INTENT_GUILD_INVITES, RIGHT_MANAGE_CHANNELS);
    change_audit(c, &e, AUDIT_INVITE_CREATE, 0, NULL);
    if (change_done(c, &e) &&
        world_find(call_world(c), c->guild, LIST_INVITES, id, &index))
        world_write(call_world(c), c->guild, LIST_INVITES, index, &c->out);
}

static void get_invite(struct call *c)
{
    uint32_t index;

    if (find_code(c, &index))
        world_write(call_world(c), c->guild, LIST_INVITES, index, &c->out);
    else
        call_error(c, 404, 10006, "Unknown Invite");
}

static void delete_invite(struct call *c)
{
    uint32_t index;
    struct edit e;
    uint64_t id;

    if (!find_code(c, &index)) {
        call_error(c, 404, 10006, "Unknown Invite");
        return;
    }
    if (!call_may(c, RIGHT_MANAGE_CHANNELS, 0))
        return;
    id = world_id_at(call_world(c), c->guild, LIST_INVITES, index);
    c->channel_id = c->guild->changes->lists[LIST_INVITES].entries[index].parent;
    world_write(call_world(c), c->guild, LIST_INVITES, index, &c->out);
    change_begin(c, &e);
    edit_remove(&e, LIST_INVITES, id);
    edit_telling(&e);
    field_id(&e.j, "channel_id", c->channel_id);
    field_z(&e.j, "code", c->text);
    edit_told_with(&e, "INVITE_DELETE", INTENT_GUILD_INVITES, RIGHT_MANAGE_CHANNELS);
    change_audit(c, &e, AUDIT_INVITE_DELETE, 0, NULL);
    change_done(c, &e);
}

static void put_list(struct call *c, uint64_t channel_id)
{
    const struct world *w = call_world(c);

    json_open(&c->out, '[');
    for (uint32_t i = 0; i < world_count(w, c->guild, LIST_INVITES); i++)
        if (!channel_id ||
            c->guild->changes->lists[LIST_INVITES].entries[i].parent == channel_id)
            world_write(w, c->guild, LIST_INVITES, i, &c->out);
    json_shut(&c->out, ']');
}

static void get_channel_invites(struct call *c)
{
    put_list(c, c->channel_id);
}

static void get_guild_invites(struct call *c)
{
    put_list(c, 0);
}

const struct route routes_invite[] = {
    { "POST", "channels/{channel}/invites", post_invite, BUCKET_READ,
      .needs = RIGHT_VIEW_CHANNEL | RIGHT_CREATE_INVITE },
    { "GET", "channels/{channel}/invites", get_channel_invites, BUCKET_READ,
      .needs = RIGHT_VIEW_CHANNEL | RIGHT_MANAGE_CHANNELS },
    { "GET", "guilds/{guild}/invites", get_guild_invites, BUCKET_READ,
      .needs = RIGHT_MANAGE_GUILD },
    { "GET", "invites/{text}", get_invite, BUCKET_READ },
    { "DELETE", "invites/{text}", delete_invite, BUCKET_READ },
    { NULL },
};
