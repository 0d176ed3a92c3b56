#include "edit.h"

#include "isotime.h"
#include "rights.h"

void edit_init(struct edit *e, struct sim *s, struct world_guild *g, uint64_t now)
{
    *e = (struct edit){ .sim = s, .world = &s->world, .g = g, .now = now };
    if (g)
        e->err = changes_begin(e->world, g);
}

void edit_release(struct edit *e)
{
    buf_release(&e->text);
}

uint64_t edit_wall(const struct edit *e)
{
    return sim_wall(e->sim, e->now);
}

uint64_t edit_new_id(struct edit *e)
{
    return world_snowflake(e->world, edit_wall(e));
}

/* ---- Changing ------------------------------------------------------------------- */

void edit_begin(struct edit *e)
{
    buf_clear(&e->text);
    json_begin(&e->j, &e->text);
    json_open(&e->j, '{');
}

bool edit_end(struct edit *e, struct str *out)
{
    int err;

    json_shut(&e->j, '}');
    err = json_end(&e->j);
    if (!e->err)
        e->err = err;
    *out = buf_str(&e->text);
    return e->err == 0;
}

void edit_put(struct edit *e, enum world_list list, uint64_t id)
{
    struct str text;

    if (edit_end(e, &text))
        e->err = changes_put(e->world, e->g, list, id, text);
}

void edit_merge(struct edit *e, enum world_list list, uint64_t id)
{
    struct str text;

    if (edit_end(e, &text))
        e->err = changes_merge(e->world, e->g, list, id, text);
}

void edit_merge_guild(struct edit *e)
{
    struct str text;

    if (edit_end(e, &text))
        e->err = changes_merge_guild(e->world, e->g, text);
}

void edit_merge_user(struct edit *e, uint64_t user_id)
{
    struct str text;

    if (edit_end(e, &text))
        e->err = changes_merge_user(e->world, user_id, text);
}

void edit_put_presence(struct edit *e, uint64_t user_id)
{
    struct str text;

    if (edit_end(e, &text))
        e->err = changes_put_presence(e->world, user_id, text);
}

void edit_remove(struct edit *e, enum world_list list, uint64_t id)
{
    if (!e->err)
        changes_remove(e->world, e->g, list, id);
}

bool edit_read(struct edit *e, enum world_list list, uint64_t id, cordage_json *out)
{
    *out = (cordage_json){ 0 };
    if (!e->err)
        e->err = changes_read(e->world, e->g, list, id, out);
    return e->err == 0;
}

bool edit_find(struct edit *e, enum world_list list, uint64_t id, uint32_t *index)
{
    return !e->err && world_find(e->world, e->g, list, id, index);
}

/* ---- Telling -------------------------------------------------------------------- */

void edit_telling(struct edit *e)
{
    edit_begin(e);
    if (e->g)
        field_id(&e->j, "guild_id", e->g->id);
}

static void send(struct edit *e, const char *name, struct sim_routing r)
{
    struct str text;

    r.is_state = true;
    if (edit_end(e, &text))
        sim_tell(e->sim, name, &r, text, e->now);
}

void edit_told(struct edit *e, const char *name, uint32_t intent)
{
    send(e, name, (struct sim_routing){ .guild = e->g, .intent = intent });
}

void edit_told_about(struct edit *e, const char *name, uint32_t intent, uint64_t user_id,
                     uint32_t own_intent)
{
    const struct sim_app *app = sim_app_of_id(e->sim, user_id);

    send(e, name,
         (struct sim_routing){ .guild = e->g,
                               .intent = intent,
                               .about = app ? sim_app_bit(app) : 0,
                               .about_intent = own_intent });
}

bool edit_may_know(struct edit *e, uint64_t rights, uint64_t *apps)
{
    uint64_t own;

    *apps = 0;
    for (uint32_t i = 0; !e->err && i < e->world->n_bots; i++) {
        e->err = rights_count(e->world, e->g, e->world->bots[i], 0, &own);
        if (own & rights)
            *apps |= sim_app_bit(sim_app(e->sim, i));
    }
    return !e->err && *apps;
}

void edit_told_with(struct edit *e, const char *name, uint32_t intent, uint64_t rights)
{
    struct sim_routing r = { .guild = e->g, .intent = intent };

    if (edit_may_know(e, rights, &r.apps)) {
        send(e, name, r);
    } else {
        struct str unused;

        edit_end(e, &unused);
    }
}

void edit_told_bot(struct edit *e, const char *name, uint32_t intent, uint32_t bot)
{
    send(e, name,
         (struct sim_routing){ .guild = e->g,
                               .intent = intent,
                               .apps = sim_app_bit(sim_app(e->sim, bot)) });
}

void edit_told_to_first(struct edit *e, const char *name, uint32_t intent, uint32_t bot)
{
    send(e, name,
         (struct sim_routing){ .intent = intent,
                               .apps = sim_app_bit(sim_app(e->sim, bot)) });
}

/* What brings its own guild_id (stages, events, sounds, stickers) needs none. */
static bool has_guild_id(enum world_list list)
{
    return list == LIST_STAGES || list == LIST_EVENTS || list == LIST_SOUNDS;
}

void edit_tell_object(struct edit *e, const char *name, uint32_t intent,
                      enum world_list list, uint64_t id)
{
    uint32_t index;

    if (!edit_find(e, list, id, &index))
        return;
    edit_begin(e);
    if (!has_guild_id(list))
        field_id(&e->j, "guild_id", e->g->id);
    world_put(e->world, e->g, list, index, &e->j);
    edit_told(e, name, intent);
}

void edit_tell_members(struct edit *e, const char *name, uint32_t intent,
                       struct str members)
{
    edit_telling(e);
    field_members(&e->j, members);
    edit_told(e, name, intent);
}

/* What the event says of the channel is what GUILD_CREATE will say. */
static void complete_channel(struct edit *e, uint64_t id)
{
    cordage_json channel;
    bool is_category, nsfw, parent;

    if (!edit_read(e, LIST_CHANNELS, id, &channel))
        return;
    is_category = cordage_json_int(json_get(channel, "type"), 0) == CHANNEL_CATEGORY;
    nsfw = json_is_absent(json_get(channel, "nsfw")) && !is_category;
    parent = json_is_absent(json_get(channel, "parent_id")) && is_category;
    if (!nsfw && !parent)
        return;
    edit_begin(e);
    if (nsfw)
        field_bool(&e->j, "nsfw", false);
    if (parent)
        field_null(&e->j, "parent_id");
    edit_merge(e, LIST_CHANNELS, id);
}

void edit_tell_channel(struct edit *e, const char *name, uint64_t id)
{
    complete_channel(e, id);
    edit_tell_object(e, name, INTENT_GUILDS, LIST_CHANNELS, id);
}

void edit_tell_list(struct edit *e, const char *name, uint32_t intent, const char *key,
                    enum world_list list)
{
    edit_telling(e);
    json_key(&e->j, key);
    world_write_list(e->world, e->g, list, &e->j);
    edit_told(e, name, intent);
}

/* Of itself a bot is always told. */
void edit_tell_member(struct edit *e, const char *name, uint64_t user_id)
{
    struct world_member m;

    if (e->err || !world_find_member(e->world, e->g, user_id, &m))
        return;
    edit_telling(e);
    world_put_member(e->world, e->g, &m, true, &e->j);
    edit_told_about(e, name, INTENT_GUILD_MEMBERS, user_id, 0);
}

void edit_tell_voice(struct edit *e, uint64_t user_id)
{
    struct world_member m;
    uint32_t index;

    if (!edit_find(e, LIST_VOICE, user_id, &index) ||
        !world_find_member(e->world, e->g, user_id, &m))
        return;
    edit_telling(e);
    json_key(&e->j, "member");
    world_write_member(e->world, e->g, &m, true, &e->j);
    world_put(e->world, e->g, LIST_VOICE, index, &e->j);
    edit_told(e, "VOICE_STATE_UPDATE", INTENT_GUILD_VOICE_STATES);
}
