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
    sim_tell_guild(s, g, SIM_GUILD_LOST, now);
}

void sim_end_outage(struct sim *s, struct world_guild *g, uint64_t now)
{
    if (g->is_gone || !g->unavailable)
        return;
    g->unavailable = false;
    sim_tell_guild(s, g, SIM_GUILD_BACK, now);
}

void sim_kick_bot(struct sim *s, struct world_guild *g, uint64_t now)
{
    if (g->is_gone)
        return;
    g->is_gone = true;
    g->unavailable = false;
    g->voice_channel = 0;
    sim_tell_guild(s, g, SIM_GUILD_KICKED, now);
}

/* It joins anew. Without memory its member says when it did so before. */
void sim_add_bot(struct sim *s, struct world_guild *g, uint64_t now)
{
    struct edit e;

    if (!g->is_gone)
        return;
    g->is_gone = false;
    g->added_at = sim_wall(s, now);
    edit_init(&e, s, g, now);
    edit_begin(&e);
    json_key(&e.j, "joined_at");
    json_put_time(&e.j, g->added_at);
    edit_merge(&e, LIST_MEMBERS, s->world.bot_id);
    edit_release(&e);
    sim_tell_guild(s, g, SIM_GUILD_ADDED, now);
}

int sim_write_truth(struct sim *s, uint64_t guild_id, struct json_writer *w)
{
    static const struct world_create all = { .large_threshold = 50, .all = true };
    const struct world_guild *g = world_find_guild(&s->world, guild_id);

    if (!g)
        return CORDAGE_ENOTFOUND;
    world_write_guild(&s->world, g, &all, w);
    return 0;
}
