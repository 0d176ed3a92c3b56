#include "guilds.h"

#include "error.h"
#include "limits.h"

/* What `known` holds are the addresses of these. */
static char waiting, available, unavailable_now;

void guilds_release(struct guilds *g)
{
    map_release(&g->known);
    *g = (struct guilds){ 0 };
}

static size_t *counter_of(struct guilds *g, const void *mark)
{
    if (mark == &waiting)
        return &g->n_waiting;
    return mark == &available ? &g->n_available : NULL;
}

/* Moves a guild, known or new, to another state; NULL: out of the map. */
static int mark_as(struct guilds *g, uint64_t id, void *mark)
{
    void *before = map_get(&g->known, id);
    size_t *counter;

    if (!mark) {
        map_remove(&g->known, id);
    } else if (before != mark) {
        int err;

        if (!before && g->known.n >= LIMIT_GUILDS)
            return CORDAGE_ELIMIT;
        err = map_put(&g->known, id, mark);
        if (err)
            return err;
    }
    if ((counter = counter_of(g, before)))
        --*counter;
    if ((counter = counter_of(g, mark)))
        ++*counter;
    if (g->n_waiting == 0)
        g->loading = false;
    return 0;
}

int guilds_ready(struct guilds *g, cordage_json ids)
{
    struct json_iter it;
    int result = 0;

    guilds_release(g);
    for (bool more = json_first(ids, &it); more; more = json_next(&it)) {
        uint64_t id;
        int err;

        if (!json_id(json_get(it.value, "id"), &id))
            continue;
        err = mark_as(g, id, &waiting);
        if (err && !result)
            result = err;
    }
    g->loading = g->n_waiting > 0;
    return result == CORDAGE_ELIMIT ? 0 : result;
}

int guilds_created(struct guilds *g, uint64_t id, bool unavailable)
{
    return mark_as(g, id, unavailable ? &unavailable_now : &available);
}

int guilds_deleted(struct guilds *g, uint64_t id, bool unavailable)
{
    return mark_as(g, id, unavailable ? &unavailable_now : NULL);
}

int guilds_restore(struct guilds *g, uint64_t id, enum guild_state state)
{
    static void *const marks[] = {
        [GUILD_WAITING] = &waiting,
        [GUILD_AVAILABLE] = &available,
        [GUILD_UNAVAILABLE] = &unavailable_now,
    };
    int err = mark_as(g, id, marks[state]);

    g->loading = g->n_waiting > 0;
    return err;
}

void guilds_stop_waiting(struct guilds *g)
{
    g->loading = false;
}
