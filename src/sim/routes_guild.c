/* routes_guild.c - guilds, their channels, roles and members. */
#include <stdlib.h>

#include "call.h"
#include "field.h"
#include "json_copy.h"

enum { MEMBERS_PER_PAGE = 1000, GUILDS_PER_PAGE = 200, INTENT_GUILD_MEMBERS = 1 << 1 };

static uint32_t count_online(const struct world *world, const struct world_guild *g)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < g->n_members; i++) {
        struct world_member m = world_member(world, g, i);

        n += world_is_online(world, m.user_id);
    }
    return n;
}

/* The guild as JSON in a buf, and as it reads. False without memory. */
static bool read_guild(struct call *c, const struct world_guild *g, struct buf *text,
                       cordage_json *out)
{
    struct json_writer w;

    json_begin(&w, text);
    world_write_guild(call_world(c), g, NULL, &w);
    return json_end(&w) == 0 && json_parse(c->routes->parser, buf_str(text), out) == 0;
}

static void put_counts(struct call *c, const struct world_guild *g)
{
    field_u64(&c->out, "approximate_member_count", g->n_members);
    field_u64(&c->out, "approximate_presence_count", count_online(call_world(c), g));
}

static void get_guild(struct call *c)
{
    struct buf text = { 0 };
    cordage_json guild;
    struct json_iter it;

    if (!call_query_true(c, "with_counts")) {
        world_write_guild(call_world(c), c->guild, NULL, &c->out);
        return;
    }
    if (!read_guild(c, c->guild, &text, &guild)) {
        call_out_of_memory(c);
    } else {
        json_open(&c->out, '{');
        for (bool more = json_first(guild, &it); more; more = json_next(&it)) {
            json_key_str(&c->out, it.key);
            json_copy(&c->out, it.value);
        }
        put_counts(c, c->guild);
        json_shut(&c->out, '}');
    }
    buf_release(&text);
}

static void get_channels(struct call *c)
{
    json_open(&c->out, '[');
    for (uint32_t i = 0; i < world_n_channels(c->guild); i++)
        world_write_channel(call_world(c), c->guild, i, true, &c->out);
    json_shut(&c->out, ']');
}

static void get_roles(struct call *c)
{
    world_write_list(call_world(c), c->guild, LIST_ROLES, &c->out);
}

static void get_emojis(struct call *c)
{
    world_write_list(call_world(c), c->guild, LIST_EMOJIS, &c->out);
}

static void get_stickers(struct call *c)
{
    world_write_list(call_world(c), c->guild, LIST_STICKERS, &c->out);
}

static void get_sounds(struct call *c)
{
    json_open(&c->out, '{');
    json_key(&c->out, "items");
    world_write_list(call_world(c), c->guild, LIST_SOUNDS, &c->out);
    json_shut(&c->out, '}');
}

/* ---- Members -------------------------------------------------------------- */

static int by_user_id(const void *a, const void *b)
{
    const struct world_member *x = a, *y = b;

    return (x->user_id > y->user_id) - (x->user_id < y->user_id);
}

/* Pages go by user id, ascending. */
static void get_members(struct call *c)
{
    const struct world *world = call_world(c);
    uint64_t limit = 1, after = 0;
    struct world_member *members;
    uint64_t n = 0;

    if (!(sim_config(c->routes->sim)->allowed_intents & INTENT_GUILD_MEMBERS)) {
        call_error(c, 403, 50001, "Missing Access");
        return;
    }
    if (!call_query_number(c, "limit", 1, MEMBERS_PER_PAGE, &limit) ||
        !call_query_number(c, "after", 0, UINT64_MAX, &after))
        return;
    members = calloc(c->guild->n_members, sizeof *members);
    if (!members) {
        call_out_of_memory(c);
        return;
    }
    for (uint32_t i = 0; i < c->guild->n_members; i++)
        members[i] = world_member(world, c->guild, i);
    qsort(members, c->guild->n_members, sizeof *members, by_user_id);
    json_open(&c->out, '[');
    for (uint32_t i = 0; i < c->guild->n_members && n < limit; i++) {
        if (members[i].user_id > after) {
            world_write_member(world, c->guild, &members[i], true, &c->out);
            n++;
        }
    }
    json_shut(&c->out, ']');
    free(members);
}

static void get_member(struct call *c)
{
    struct world_member m;

    if (world_find_member(call_world(c), c->guild, c->id, &m))
        world_write_member(call_world(c), c->guild, &m, true, &c->out);
    else if (world_has_user(call_world(c), c->id))
        call_error(c, 404, 10007, "Unknown Member");
    else
        call_error(c, 404, 10013, "Unknown User");
}

/* ---- GET /users/@me/guilds ------------------------------------------------ */

static int by_guild_id(const void *a, const void *b)
{
    const struct world_guild *const *x = a, *const *y = b;

    return ((*x)->id > (*y)->id) - ((*x)->id < (*y)->id);
}

static bool put_own_guild(struct call *c, const struct world_guild *g, bool with_counts)
{
    struct json_writer *w = &c->out;
    struct buf text = { 0 };
    cordage_json guild;
    bool ok = read_guild(c, g, &text, &guild);

    if (ok) {
        json_open(w, '{');
        field_id(w, "id", g->id);
        json_key(w, "name");
        json_copy(w, json_get(guild, "name"));
        json_key(w, "icon");
        json_copy(w, json_get(guild, "icon"));
        json_key(w, "banner");
        json_copy(w, json_get(guild, "banner"));
        field_bool(w, "owner", false);
        field_z(w, "permissions", "2251799813685247");
        json_key(w, "features");
        json_copy(w, json_get(guild, "features"));
        if (with_counts)
            put_counts(c, g);
        json_shut(w, '}');
    }
    buf_release(&text);
    return ok;
}

static void get_own_guilds(struct call *c)
{
    const struct world *world = call_world(c);
    uint64_t limit = GUILDS_PER_PAGE, after = 0, before = UINT64_MAX, n = 0;
    bool with_counts = call_query_true(c, "with_counts"), ok = true;
    const struct world_guild **guilds;

    if (!call_query_number(c, "limit", 1, GUILDS_PER_PAGE, &limit) ||
        !call_query_number(c, "after", 0, UINT64_MAX, &after) ||
        !call_query_number(c, "before", 0, UINT64_MAX, &before))
        return;
    guilds = calloc(world->n_guilds + 1u, sizeof *guilds);
    if (!guilds) {
        call_out_of_memory(c);
        return;
    }
    for (uint32_t i = 0; i < world->n_guilds; i++)
        guilds[i] = &world->guilds[i];
    qsort(guilds, world->n_guilds, sizeof *guilds, by_guild_id);
    json_open(&c->out, '[');
    for (uint32_t i = 0; ok && i < world->n_guilds && n < limit; i++) {
        if (sim_app_is_in(c->routes->sim, c->app, guilds[i]) && guilds[i]->id > after &&
            guilds[i]->id < before) {
            ok = put_own_guild(c, guilds[i], with_counts);
            n++;
        }
    }
    json_shut(&c->out, ']');
    free(guilds);
    if (!ok)
        call_out_of_memory(c);
}

const struct route routes_guild[] = {
    { "GET", "users/@me/guilds", get_own_guilds, BUCKET_READ },
    { "GET", "guilds/{guild}", get_guild, BUCKET_READ },
    { "GET", "guilds/{guild}/channels", get_channels, BUCKET_READ },
    { "GET", "guilds/{guild}/roles", get_roles, BUCKET_READ },
    { "GET", "guilds/{guild}/emojis", get_emojis, BUCKET_READ },
    { "GET", "guilds/{guild}/stickers", get_stickers, BUCKET_READ },
    { "GET", "guilds/{guild}/soundboard-sounds", get_sounds, BUCKET_READ },
    { "GET", "guilds/{guild}/members", get_members, BUCKET_READ },
    { "GET", "guilds/{guild}/members/{id}", get_member, BUCKET_READ },
    { NULL },
};
