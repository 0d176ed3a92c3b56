#include "interaction.h"

#include <inttypes.h>
#include <stdio.h>

#include "field.h"
#include "mem.h"
#include "rights.h"
#include "sim_model.h"

enum { ATTACHMENT_LIMIT = 10 * 1024 * 1024 };

/* ---- Those that are kept -------------------------------------------------------- */

void interactions_init(struct interactions *all)
{
    *all = (struct interactions){ 0 };
    list_init(&all->newest_last);
}

static void forget(struct interactions *all, struct interaction *i)
{
    if (!i)
        return;
    list_remove(&i->link);
    if (map_get(&all->by_id, i->id) == i) {
        map_remove(&all->by_id, i->id);
        all->n--;
    }
    free(i->name);
    free(i->metadata);
    free(i->data);
    free(i);
}

static struct interaction *oldest(struct interactions *all)
{
    return CONTAINER_OF(all->newest_last.next, struct interaction, link);
}

void interactions_release(struct interactions *all)
{
    while (all->newest_last.next && !list_is_empty(&all->newest_last))
        forget(all, oldest(all));
    map_release(&all->by_id);
}

struct interaction *interaction_find(const struct interactions *all, uint64_t id)
{
    return all->n ? map_get(&all->by_id, id) : NULL;
}

struct interactions *sim_interactions(struct sim *s)
{
    return &s->interactions;
}

/* "sim.<id>.<a number that nobody guesses>" */
struct interaction *interaction_by_token(const struct interactions *all, struct str token)
{
    struct str id = token;
    struct interaction *i;
    uint64_t n;
    size_t dot;

    if (!str_starts(token, STR("sim.")))
        return NULL;
    id = (struct str){ token.p + 4, token.n - 4 };
    dot = str_find(id, STR("."));
    id.n = dot == SIZE_MAX ? 0 : dot;
    i = str_u64(id, &n) ? interaction_find(all, n) : NULL;
    return i && str_is(token, i->token) ? i : NULL;
}

/* ---- One more ------------------------------------------------------------------- */

static char *copy(struct str text)
{
    return mem_copy(text.p ? text.p : "", text.n);
}

static void put_owners(const struct interaction *i, struct json_writer *w)
{
    field_open(w, "authorizing_integration_owners", '{');
    if (i->guild)
        field_id(w, "0", i->guild->id);
    else
        field_z(w, "0", "0");
    json_shut(w, '}');
}

/* What messages that answer it say of it. */
static int write_metadata(struct sim *s, struct interaction *i,
                          const struct interaction_request *r)
{
    struct buf text = { 0 };
    struct json_writer w;
    int err;

    json_begin(&w, &text);
    json_open(&w, '{');
    field_id(&w, "id", i->id);
    field_u64(&w, "type", (uint64_t)i->type);
    json_key(&w, "user");
    world_write_user(&s->world, i->user_id, &w);
    put_owners(i, &w);
    if (i->type == INTERACTION_COMPONENT)
        field_id(&w, "interacted_message_id", i->message_id);
    if (i->type == INTERACTION_MODAL && r->metadata.n)
        field_raw(&w, "triggering_interaction_metadata", r->metadata);
    if (i->type == INTERACTION_COMMAND && i->command_type == 2 && r->target_id) {
        json_key(&w, "target_user");
        world_write_user(&s->world, r->target_id, &w);
    }
    if (i->type == INTERACTION_COMMAND && i->command_type == 3)
        field_id(&w, "target_message_id", r->target_id);
    json_shut(&w, '}');
    err = json_end(&w);
    if (!err)
        i->metadata = copy(buf_str(&text));
    buf_release(&text);
    return i->metadata ? 0 : CORDAGE_ENOMEM;
}

static struct interaction *keep(struct sim *s, const struct interaction_request *r,
                                uint64_t now)
{
    struct interactions *all = &s->interactions;
    struct interaction *i = mem_zero(sizeof *i);

    if (!i)
        return NULL;
    list_init(&i->link);
    i->id = world_snowflake(&s->world, sim_wall(s, now));
    i->application_id = r->app ? r->app->id : s->world.bot_id;
    snprintf(i->token, sizeof i->token, "sim.%" PRIu64 ".%016" PRIx64 "%016" PRIx64,
             i->id, world_chance(&s->world, i->id, 't'),
             world_chance(&s->world, i->id, 'u'));
    i->type = r->type;
    i->command_type = r->command_type;
    i->guild = r->guild;
    i->channel_id = r->channel_id;
    i->user_id = r->user_id;
    i->message_id = r->message_id;
    i->made_at = now;
    i->name = copy(r->name);
    if (!i->name || write_metadata(s, i, r) < 0 || map_put(&all->by_id, i->id, i) < 0) {
        forget(all, i);
        return NULL;
    }
    list_insert(&all->newest_last, &i->link);
    if (++all->n > INTERACTION_MAX)
        forget(all, oldest(all));
    return i;
}

/* ---- Telling -------------------------------------------------------------------- */

static void put_rights(struct json_writer *w, const char *key, uint64_t rights)
{
    char text[24];

    snprintf(text, sizeof text, "%" PRIu64, rights);
    field_z(w, key, text);
}

static int put_guild_place(struct sim *s, const struct interaction *i,
                           struct json_writer *w)
{
    struct world *world = &s->world;
    uint64_t own = 0, invoker = 0;
    struct world_member m;
    enum world_list list = LIST_CHANNELS;
    uint32_t index;
    int err = rights_count(world, i->guild, i->user_id, i->channel_id, &invoker);

    if (!err)
        err = rights_count(world, i->guild, i->application_id, i->channel_id, &own);
    field_id(w, "guild_id", i->guild->id);
    field_open(w, "guild", '{');
    field_id(w, "id", i->guild->id);
    field_z(w, "locale", i->guild->is_rich ? "de" : "en-US");
    field_empty(w, "features", '[');
    json_shut(w, '}');
    field_open(w, "channel", '{');
    field_id(w, "guild_id", i->guild->id);
    if (!world_find(world, i->guild, LIST_CHANNELS, i->channel_id, &index))
        list = LIST_THREADS;
    if (list == LIST_CHANNELS || world_find(world, i->guild, list, i->channel_id, &index))
        world_put(world, i->guild, list, index, w);
    put_rights(w, "permissions", invoker);
    json_shut(w, '}');
    if (world_find_member(world, i->guild, i->user_id, &m)) {
        field_open(w, "member", '{');
        world_put_member(world, i->guild, &m, true, w);
        put_rights(w, "permissions", invoker);
        json_shut(w, '}');
    }
    put_rights(w, "app_permissions", own);
    field_z(w, "guild_locale", i->guild->is_rich ? "de" : "en-US");
    field_u64(w, "context", 0);
    return err;
}

static void put_direct_place(struct sim *s, const struct interaction *i,
                             struct json_writer *w)
{
    field_open(w, "channel", '{');
    field_id(w, "id", i->channel_id);
    field_u64(w, "type", CHANNEL_DM);
    field_u64(w, "flags", 0);
    field_open(w, "recipients", '[');
    world_write_user(&s->world, i->user_id, w);
    json_shut(w, ']');
    json_shut(w, '}');
    json_key(w, "user");
    world_write_user(&s->world, i->user_id, w);
    put_rights(w, "app_permissions", RIGHTS_ALL);
    field_u64(w, "context", 1);
}

static int write_create(struct sim *s, const struct interaction *i,
                        const struct interaction_request *r, struct json_writer *w)
{
    int err = 0;

    json_open(w, '{');
    field_id(w, "id", i->id);
    field_id(w, "application_id", i->application_id);
    field_u64(w, "type", (uint64_t)i->type);
    field_u64(w, "version", 1);
    field_z(w, "token", i->token);
    field_raw(w, "data", r->data);
    field_id(w, "channel_id", i->channel_id);
    if (i->guild)
        err = put_guild_place(s, i, w);
    else
        put_direct_place(s, i, w);
    if (r->message.n)
        field_raw(w, "message", r->message);
    field_z(w, "locale", r->locale ? r->locale : "en-US");
    put_owners(i, w);
    field_empty(w, "entitlements", '[');
    field_u64(w, "attachment_size_limit", ATTACHMENT_LIMIT);
    json_shut(w, '}');
    return err;
}

/* To the bot that is asked, and no other. */
static int tell(struct sim *s, const struct interaction *i, struct str d, uint64_t now)
{
    struct sim_routing r = { .guild = i->guild,
                             .apps = sim_app_bit(sim_app_of_id(s, i->application_id)) };
    struct sim_event *e;

    if (list_is_empty(&s->sessions))
        return 0;
    e = sim_event_new(s, "INTERACTION_CREATE", d);
    if (!e)
        return CORDAGE_ENOMEM;
    sim_route(s, &r, e, now);
    sim_event_unref(s, e);
    return 0;
}

int sim_interact(struct sim *s, const struct interaction_request *request, uint64_t now,
                 struct interaction **out)
{
    struct interaction *i = keep(s, request, now);
    struct buf text = { 0 };
    struct json_writer w;
    int err, ended;

    if (out)
        *out = i;
    if (!i)
        return CORDAGE_ENOMEM;
    json_begin(&w, &text);
    err = write_create(s, i, request, &w);
    ended = json_end(&w);
    if (!err)
        err = ended;
    if (!err)
        err = tell(s, i, buf_str(&text), now);
    buf_release(&text);
    if (err) {
        forget(&s->interactions, i);
        if (out)
            *out = NULL;
    }
    return err;
}
