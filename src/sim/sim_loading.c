/* The guilds of a session: after READY they come some at a time, and an event of one that
 * has not come yet is held back. Later a guild may go and come back. */
#include <stdlib.h>

#include "field.h"
#include "mem.h"
#include "shards.h"
#include "sim_model.h"

/* Events of one guild, before its GUILD_CREATE. */
struct sim_held {
    struct sim_event **events;
    size_t n, size;
};

bool sim_session_has_guild(const struct sim_session *ss, const struct world_guild *g)
{
    return sim_app_is_in(ss->sim, ss->app, g) &&
           shard_for_guild(g->id, ss->wants.shard_count) == ss->wants.shard_id;
}

static int hold(struct sim_session *ss, const struct world_guild *g, struct sim_event *e)
{
    struct sim_held *h = map_get(&ss->held, g->id);

    if (ss->n_held >= ss->sim->config.session_buffer)
        return CORDAGE_ELIMIT;
    if (!h) {
        h = mem_zero(sizeof *h);
        if (!h || map_put(&ss->held, g->id, h) < 0) {
            free(h);
            return CORDAGE_ENOMEM;
        }
    }
    if (h->n == h->size) {
        size_t size = h->size ? h->size * 2 : 8;
        struct sim_event **bigger = realloc(h->events, size * sizeof *bigger);

        if (!bigger)
            return CORDAGE_ENOMEM;
        h->events = bigger;
        h->size = size;
    }
    h->events[h->n++] = sim_event_ref(e);
    ss->n_held++;
    ss->sim->n_held++;
    return 0;
}

static void free_held(struct sim *s, struct sim_held *h)
{
    for (size_t i = 0; i < h->n; i++)
        sim_event_unref(s, h->events[i]);
    free(h->events);
    free(h);
}

void sim_session_drop_held(struct sim_session *ss)
{
    struct sim_held *h;
    size_t at = 0;

    ss->sim->n_held -= ss->n_held;
    while ((h = map_next(&ss->held, &at, NULL)))
        free_held(ss->sim, h);
    map_release(&ss->held);
}

void sim_session_give(struct sim_session *ss, const struct world_guild *g,
                      struct sim_event *e, uint64_t now)
{
    if (g->index < ss->next_guild || ss->sim->config.early_events)
        sim_session_push(ss, e, now);
    else if (hold(ss, g, e) < 0)
        sim_session_lose(ss, now);
}

/* GUILD_CREATE; GUILD_DELETE in an outage, or if the bot is not in it any more. NULL
 * without memory. `joined`: the bot was added just now. */
static struct sim_event *guild_event(struct sim_session *ss, const struct world_guild *g,
                                     bool joined)
{
    struct sim *s = ss->sim;
    struct world_create create = { .bot = ss->app->index,
                                   .large_threshold = ss->wants.large_threshold,
                                   .presences =
                                       ss->wants.intents & INTENT_GUILD_PRESENCES,
                                   .joined = joined };
    struct json_writer w;
    bool is_in = sim_app_is_in(s, ss->app, g), lost = g->unavailable || !is_in;

    buf_clear(&s->body);
    json_begin(&w, &s->body);
    if (lost) {
        json_open(&w, '{');
        field_id(&w, "id", g->id);
        if (is_in)
            field_bool(&w, "unavailable", true);
        json_shut(&w, '}');
    } else {
        world_write_guild(&s->world, g, &create, &w);
    }
    if (json_end(&w) < 0)
        return NULL;
    return sim_event_new(s, lost ? "GUILD_DELETE" : "GUILD_CREATE", buf_str(&s->body));
}

/* False: the session is gone. */
static bool create_guild(struct sim_session *ss, const struct world_guild *g,
                         uint64_t now)
{
    struct sim *s = ss->sim;
    uint64_t added_at = world_stay(&s->world, g, ss->app->index)->added_at;
    struct sim_event *e = guild_event(ss, g, added_at >= sim_wall(s, ss->ready_at));
    struct sim_held *h = ss->held.n ? map_remove(&ss->held, g->id) : NULL;
    bool lives;

    if (h) {
        ss->n_held -= h->n;
        s->n_held -= h->n;
    }
    ss->next_guild = g->index + 1;
    ss->n_created++;
    lives = e ? sim_session_push(ss, e, now) : sim_session_lose(ss, now);
    sim_event_unref(s, e);
    for (size_t i = 0; h && lives && !g->unavailable && i < h->n; i++)
        lives = sim_session_push(ss, h->events[i], now);
    if (h)
        free_held(s, h);
    return lives;
}

/* The time at which guild number `n_created` is due. */
uint64_t sim_session_guild_due_at(const struct sim_session *ss)
{
    uint32_t rate = ss->sim->config.guilds_per_s;

    return ss->ready_at + ((uint64_t)ss->n_created * 1000 + rate - 1) / rate;
}

bool sim_session_is_loading(const struct sim_session *ss)
{
    return ss->next_guild < ss->sim->world.n_guilds;
}

bool sim_session_load(struct sim_session *ss, uint64_t now)
{
    const struct world *w = &ss->sim->world;

    for (int n = 0; n < SIM_LOAD_GUILDS && sim_session_is_loading(ss); n++) {
        if (ss->n_created == ss->n_guilds) {
            ss->next_guild = w->n_guilds;
            break;
        }
        if (sim_session_guild_due_at(ss) > now)
            break;
        while (sim_session_is_loading(ss) &&
               !sim_session_has_guild(ss, &w->guilds[ss->next_guild]))
            ss->next_guild++;
        if (!sim_session_is_loading(ss))
            break;
        if (!create_guild(ss, &w->guilds[ss->next_guild], now))
            return false;
    }
    if (!sim_session_is_loading(ss) && ss->sim->config.blast)
        sim_blast_session(ss, ss->sim->config.blast, now);
    return true;
}

static void drop_held(struct sim_session *ss, const struct world_guild *g)
{
    struct sim_held *h = ss->held.n ? map_remove(&ss->held, g->id) : NULL;

    if (!h)
        return;
    ss->n_held -= h->n;
    ss->sim->n_held -= h->n;
    free_held(ss->sim, h);
}

void sim_session_guild(struct sim_session *ss, const struct world_guild *g,
                       enum sim_guild_news news, uint64_t now)
{
    bool is_created = g->index < ss->next_guild;
    struct sim *s = ss->sim;
    struct sim_event *e;

    if (!(ss->wants.intents & INTENT_GUILDS))
        return;
    if (news == SIM_GUILD_ADDED)
        ss->n_guilds++;
    if (news == SIM_GUILD_KICKED)
        ss->n_guilds--;
    /* It will be its turn: what happens then follows from what the guild is then. */
    if (!is_created && news != SIM_GUILD_KICKED) {
        if (news == SIM_GUILD_LOST)
            drop_held(ss, g);
        return;
    }
    if (is_created)
        ss->n_created += (news == SIM_GUILD_ADDED) - (news == SIM_GUILD_KICKED);
    drop_held(ss, g);
    e = guild_event(ss, g, news == SIM_GUILD_ADDED);
    if (e)
        sim_session_push(ss, e, now);
    else
        sim_session_lose(ss, now);
    sim_event_unref(s, e);
}
