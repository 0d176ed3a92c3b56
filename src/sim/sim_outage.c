/* A guild goes away, or the bot from it, and comes back. What happens in it meanwhile
 * nobody is told; the GUILD_CREATE says how it is then. */
#include "edit.h"
#include "isotime.h"
#include "sim_model.h"

void sim_begin_outage(struct sim *s, struct world_guild *g, uint64_t now)
{
    if (g->is_gone || g->unavailable)
        return;
    g->unavailable = true;
    sim_tell_guild(s, NULL, g, SIM_GUILD_LOST, now);
}

void sim_end_outage(struct sim *s, struct world_guild *g, uint64_t now)
{
    if (g->is_gone || !g->unavailable)
        return;
    g->unavailable = false;
    sim_tell_guild(s, NULL, g, SIM_GUILD_BACK, now);
}

static bool is_deserted(const struct world *w, const struct world_guild *g)
{
    for (uint32_t bot = 0; bot < w->n_bots; bot++)
        if (!world_stay(w, g, bot)->is_gone)
            return false;
    return true;
}

/* With one bot there is nobody who sees that a member is missing. */
static void leave_members(struct sim *s, const struct sim_app *app, struct world_guild *g,
                          uint64_t now)
{
    struct edit e;

    if (s->config.bots == 1)
        return;
    edit_init(&e, s, g, now);
    edit_remove_member(&e, app->id);
    edit_release(&e);
}

void sim_kick_bot(struct sim *s, struct sim_app *app, struct world_guild *g, uint64_t now)
{
    struct world_stay *stay = world_stay(&s->world, g, app->index);
    bool was_in_voice = stay->voice_channel != 0;

    if (stay->is_gone)
        return;
    stay->is_gone = true;
    if (was_in_voice && s->config.bots > 1)
        sim_move_bot(s, app, g, 0, now);
    stay->voice_channel = 0;
    leave_members(s, app, g, now);
    g->is_gone = is_deserted(&s->world, g);
    if (g->is_gone)
        g->unavailable = false;
    sim_tell_guild(s, app, g, SIM_GUILD_KICKED, now);
}

/* It joins anew. Without memory its member says when it did so before. */
static void join_members(struct sim *s, const struct sim_app *app, struct world_guild *g,
                         uint64_t now)
{
    struct world_member m;
    struct edit e;
    bool is_new;

    edit_init(&e, s, g, now);
    is_new = !world_find_member(&s->world, g, app->id, &m);
    if (is_new && !e.err)
        e.err = changes_add_member(&s->world, g, app->id);
    edit_begin(&e);
    json_key(&e.j, "joined_at");
    json_put_time(&e.j, sim_wall(s, now));
    edit_merge(&e, LIST_MEMBERS, app->id);
    if (is_new) {
        edit_tell_member(&e, "GUILD_MEMBER_ADD", app->id);
        edit_tell_presence(&e, app->id);
    }
    edit_release(&e);
}

void sim_add_bot(struct sim *s, struct sim_app *app, struct world_guild *g, uint64_t now)
{
    struct world_stay *stay = world_stay(&s->world, g, app->index);

    if (!stay->is_gone)
        return;
    stay->added_at = sim_wall(s, now);
    join_members(s, app, g, now);
    stay->is_gone = g->is_gone = false;
    sim_tell_guild(s, app, g, SIM_GUILD_ADDED, now);
}

int sim_write_truth(struct sim *s, uint64_t guild_id, struct json_writer *w)
{
    return sim_write_truth_for(s, sim_app(s, 0), guild_id, w);
}

int sim_write_truth_for(struct sim *s, const struct sim_app *app, uint64_t guild_id,
                        struct json_writer *w)
{
    const struct world_create all = { .bot = app->index,
                                      .large_threshold = 50,
                                      .all = true };
    const struct world_guild *g = world_find_guild(&s->world, guild_id);

    if (!g)
        return CORDAGE_ENOTFOUND;
    world_write_guild(&s->world, g, &all, w);
    return 0;
}
