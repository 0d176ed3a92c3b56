/* A message that is told of again: as REST has it, with what the gateway says more. */
#include "sim_model.h"

#include "field.h"
#include "json_copy.h"

/* What is read of it first. */
struct retold {
    struct world_guild *g; /* NULL: of none */
    cordage_json message;
    uint64_t channel_id, author_id;
    uint64_t concerns; /* the bots that it mentions, and the one that said it */
    bool is_hooked;
};

static uint64_t bot_bit(const struct sim *s, uint64_t user_id)
{
    const struct sim_app *app = sim_app_of_id(s, user_id);

    return app ? sim_app_bit(app) : 0;
}

static void read_message(const struct sim *s, struct retold *t)
{
    struct json_iter it;
    uint64_t id;

    json_id(json_get(t->message, "channel_id"), &t->channel_id);
    json_id(json_get(json_get(t->message, "author"), "id"), &t->author_id);
    t->is_hooked = !json_is_absent(json_get(t->message, "webhook_id"));
    t->concerns = bot_bit(s, t->author_id);
    for (bool more = json_first(json_get(t->message, "mentions"), &it); more;
         more = json_next(&it))
        if (json_id(json_get(it.value, "id"), &id))
            t->concerns |= bot_bit(s, id);
}

static void put_mentions(const struct sim *s, const struct retold *t, cordage_json list,
                         struct json_writer *w)
{
    struct world_member m;
    struct json_iter it;
    uint64_t id;

    json_open(w, '[');
    for (bool more = json_first(list, &it); more; more = json_next(&it)) {
        if (t->g && json_id(json_get(it.value, "id"), &id) &&
            world_find_member(&s->world, t->g, id, &m))
            world_write_mention(&s->world, t->g, &m, true, w);
        else
            json_copy(w, it.value);
    }
    json_shut(w, ']');
}

static bool is_content(struct str key)
{
    return str_is(key, "embeds") || str_is(key, "components") ||
           str_is(key, "attachments");
}

static void put_place(const struct sim *s, const struct retold *t, struct json_writer *w)
{
    struct world_member m;

    if (!t->g) {
        field_u64(w, "channel_type", CHANNEL_DM);
        return;
    }
    field_id(w, "guild_id", t->g->id);
    field_u64(w, "channel_type", sim_channel_type(s, t->g, t->channel_id));
    if ((!t->is_hooked || t->concerns) &&
        world_find_member(&s->world, t->g, t->author_id, &m)) {
        json_key(w, "member");
        world_write_member(&s->world, t->g, &m, false, w);
    }
}

static struct sim_event *write_event(struct sim *s, const char *name,
                                     const struct retold *t, bool bare)
{
    struct json_writer w;
    struct json_iter it;

    buf_clear(&s->body);
    json_begin(&w, &s->body);
    json_open(&w, '{');
    for (bool more = json_first(t->message, &it); more; more = json_next(&it)) {
        if (bare && str_is(it.key, "poll"))
            continue;
        json_key_str(&w, it.key);
        if (str_is(it.key, "mentions"))
            put_mentions(s, t, it.value, &w);
        else if (bare && str_is(it.key, "content"))
            json_put_z(&w, "");
        else if (bare && is_content(it.key))
            json_put_raw(&w, STR("[]"));
        else
            json_copy(&w, it.value);
    }
    put_place(s, t, &w);
    json_shut(&w, '}');
    return json_end(&w) < 0 ? NULL : sim_event_new(s, name, buf_str(&s->body));
}

void sim_tell_message(struct sim *s, const char *name, struct world_guild *guild,
                      const struct sim_app *app, struct str body, uint64_t now)
{
    struct sim_routing r = { .guild = guild, .intent = INTENT_GUILD_MESSAGES };
    struct sim_event *full = NULL, *bare = NULL;
    struct retold t = { .g = guild };
    bool ok = false;

    if (s->n_sessions == 0)
        return;
    if (json_parse(s->parser, body, &t.message) == 0) {
        read_message(s, &t);
        full = write_event(s, name, &t, false);
        if (full && s->n_bare && guild)
            bare = write_event(s, name, &t, true);
        ok = full && (bare || !s->n_bare || !guild);
    }
    r.bare = bare;
    r.sees = t.concerns;
    if (!guild) {
        r.intent = INTENT_DIRECT_MESSAGES;
        r.apps = app ? sim_app_bit(app) : 0;
    }
    if (ok)
        sim_route(s, &r, full, now);
    else
        sim_lose_listeners(s, guild, now);
    sim_event_unref(s, full);
    sim_event_unref(s, bare);
}
