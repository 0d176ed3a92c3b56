/* Which sessions get an event. Sessions stand in a table by [shard_id, shard_count], so
 * that an event costs one lookup for each shard count in use, however many sessions and
 * guilds there are. */
#include "sim_model.h"

#include <stdlib.h>

#include "mem.h"
#include "shards.h"

static uint64_t route_key(uint32_t shard_id, uint32_t shard_count)
{
    return (uint64_t)shard_count << 32 | shard_id;
}

static struct sim_count *find_count(struct sim *s, uint32_t count)
{
    for (size_t i = 0; i < s->n_counts; i++)
        if (s->counts[i].count == count)
            return &s->counts[i];
    return NULL;
}

static struct sim_count *add_count(struct sim *s, uint32_t count)
{
    if (s->n_counts == s->counts_size) {
        size_t size = s->counts_size ? s->counts_size * 2 : 4;
        struct sim_count *bigger = realloc(s->counts, size * sizeof *bigger);

        if (!bigger)
            return NULL;
        s->counts = bigger;
        s->counts_size = size;
    }
    s->counts[s->n_counts] = (struct sim_count){ count, 0 };
    return &s->counts[s->n_counts++];
}

static struct sim_route *add_route(struct sim *s, uint64_t key)
{
    struct sim_route *route = s->routes.n ? map_get(&s->routes, key) : NULL;

    if (route)
        return route;
    route = mem_zero(sizeof *route);
    if (!route)
        return NULL;
    list_init(&route->sessions);
    if (map_put(&s->routes, key, route) < 0) {
        free(route);
        return NULL;
    }
    return route;
}

/* A route stays, empty, when its last session goes: its shard comes back as a rule. */
int sim_route_add(struct sim *s, struct sim_session *ss)
{
    uint32_t n = ss->wants.shard_count;
    struct sim_route *route = add_route(s, route_key(ss->wants.shard_id, n));
    struct sim_count *count = find_count(s, n);

    if (!count)
        count = add_count(s, n);
    if (!route || !count)
        return CORDAGE_ENOMEM;
    count->n++;
    list_insert(&route->sessions, &ss->route_link);
    s->n_sessions++;
    s->n_bare += !(ss->wants.intents & INTENT_MESSAGE_CONTENT);
    return 0;
}

void sim_route_remove(struct sim *s, struct sim_session *ss)
{
    struct sim_count *count = find_count(s, ss->wants.shard_count);

    list_remove(&ss->route_link);
    s->n_sessions--;
    s->n_bare -= !(ss->wants.intents & INTENT_MESSAGE_CONTENT);
    if (--count->n == 0)
        *count = s->counts[--s->n_counts];
}

static bool may_see(const struct sim_session *ss, const struct sim_routing *r)
{
    uint64_t bit = sim_app_bit(ss->app);
    uint32_t intent = r->about & bit ? r->about_intent : r->intent;

    if ((r->apps && !(r->apps & bit)) || (intent && !(ss->wants.intents & intent)))
        return false;
    return !r->guild || (sim_app_is_in(ss->sim, ss->app, r->guild) &&
                         !(r->is_state && r->guild->index >= ss->next_guild));
}

static void give_route(struct sim_route *route, const struct sim_routing *r,
                       struct sim_event *e, uint64_t now)
{
    for (struct link *l = route->sessions.next, *next; l != &route->sessions; l = next) {
        struct sim_session *ss = CONTAINER_OF(l, struct sim_session, route_link);
        bool whole = !r->bare || (ss->wants.intents & INTENT_MESSAGE_CONTENT) ||
                     (r->sees & sim_app_bit(ss->app));

        next = l->next;
        if (!may_see(ss, r))
            continue;
        if (r->guild)
            sim_session_give(ss, r->guild, whole ? e : r->bare, now);
        else
            sim_session_push(ss, whole ? e : r->bare, now);
    }
}

void sim_route(struct sim *s, const struct sim_routing *r, struct sim_event *e,
               uint64_t now)
{
    const struct world_guild *g = r->guild;

    if (g && (g->unavailable || g->is_gone))
        return;
    /* Backwards: a session that is lost on the way may take its count off the table. */
    for (size_t i = s->n_counts; i-- > 0;) {
        uint32_t n = i < s->n_counts ? s->counts[i].count : 0;
        uint32_t shard = n && g ? shard_for_guild(g->id, n) : 0;
        struct sim_route *to = n ? map_get(&s->routes, route_key(shard, n)) : NULL;

        if (to)
            give_route(to, r, e, now);
    }
}

int sim_dispatch(struct sim *s, const char *name, uint32_t intent,
                 struct world_guild *guild, struct str d, uint64_t now)
{
    struct sim_routing r = { .guild = guild, .intent = intent };
    struct sim_event *e;

    if (list_is_empty(&s->sessions))
        return 0;
    e = sim_event_new(s, name, d);
    if (!e)
        return CORDAGE_ENOMEM;
    sim_route(s, &r, e, now);
    sim_event_unref(s, e);
    return 0;
}

/* A session that missed a change would be wrong for good: better gone. */
void sim_lose_listeners(struct sim *s, const struct world_guild *g, uint64_t now)
{
    for (struct link *l = s->sessions.next, *next; l != &s->sessions; l = next) {
        struct sim_session *ss = CONTAINER_OF(l, struct sim_session, link);

        next = l->next;
        if (!g || sim_session_has_guild(ss, g))
            sim_session_lose(ss, now);
    }
}

void sim_tell(struct sim *s, const char *name, const struct sim_routing *r, struct str d,
              uint64_t now)
{
    struct sim_event *e;

    if (list_is_empty(&s->sessions))
        return;
    e = sim_event_new(s, name, d);
    if (!e)
        sim_lose_listeners(s, r->guild, now);
    else
        sim_route(s, r, e, now);
    sim_event_unref(s, e);
}

void sim_tell_guild(struct sim *s, const struct sim_app *app, struct world_guild *g,
                    enum sim_guild_news news, uint64_t now)
{
    for (struct link *l = s->sessions.next, *next; l != &s->sessions; l = next) {
        struct sim_session *ss = CONTAINER_OF(l, struct sim_session, link);

        next = l->next;
        if (app ? ss->app != app : !sim_app_is_in(s, ss->app, g))
            continue;
        if (shard_for_guild(g->id, ss->wants.shard_count) == ss->wants.shard_id)
            sim_session_guild(ss, g, news, now);
    }
}
