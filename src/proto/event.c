#include "event.h"

/* What a row says of an event. */
static const struct row {
    struct str name;
    uint32_t intents;
    enum { ROUTE_SHARD, ROUTE_GUILD, ROUTE_ID, ROUTE_META } route;
    enum event_effect effect;
} rows[CORDAGE_N_EVENTS] = {
    [CORDAGE_EVENT_UNKNOWN] = { { "UNKNOWN", 7 }, 0, ROUTE_GUILD, EFFECT_NONE },
#define ROW(NAME, name, view, intents, route, effect)                        \
    [CORDAGE_EVENT_##NAME] = {                                               \
        { #NAME, sizeof #NAME - 1 }, intents, ROUTE_##route, EFFECT_##effect \
    },
    CORDAGE_EVENTS(ROW)
#undef ROW
};

enum { BUCKETS = 512 };

/* Spreads the documented names well enough that a lookup compares one or two. */
static unsigned hash_of(struct str name)
{
    unsigned h = (unsigned)name.n;

    for (size_t i = 0; i < name.n; i++)
        h = h * 31 + (unsigned char)name.p[i];
    return (h ^ h >> 9) % BUCKETS;
}

/* An open table over the names, made before main: no thread finds it half made. */
static unsigned char table[BUCKETS];

__attribute__((constructor)) static void fill_table(void)
{
    for (unsigned type = 1; type < CORDAGE_N_EVENTS; type++) {
        unsigned at = hash_of(rows[type].name);

        while (table[at])
            at = (at + 1) % BUCKETS;
        table[at] = (unsigned char)type;
    }
}

cordage_event_type event_type_of(struct str name)
{
    for (unsigned at = hash_of(name); table[at]; at = (at + 1) % BUCKETS)
        if (str_eq(rows[table[at]].name, name))
            return (cordage_event_type)table[at];
    return CORDAGE_EVENT_UNKNOWN;
}

static const struct row *row_of(cordage_event_type type)
{
    return &rows[type < CORDAGE_N_EVENTS ? type : CORDAGE_EVENT_UNKNOWN];
}

struct str event_name(cordage_event_type type)
{
    return row_of(type)->name;
}

uint32_t event_intents(cordage_event_type type)
{
    return row_of(type)->intents;
}

enum event_effect event_effect(cordage_event_type type)
{
    return row_of(type)->effect;
}

struct event_route event_route_of(cordage_event_type type, cordage_json d)
{
    struct event_route route = { 0, 0 };

    switch (row_of(type)->route) {
    case ROUTE_SHARD:
        return route;
    case ROUTE_ID:
        json_id(json_get(d, "id"), &route.guild_id);
        break;
    case ROUTE_META:
        json_id(json_get(json_get(d, "meta"), "guild_id"), &route.guild_id);
        break;
    case ROUTE_GUILD:
        json_id(json_get(d, "guild_id"), &route.guild_id);
        break;
    }
    route.lane = route.guild_id;
    if (!route.lane)
        json_id(json_get(d, "channel_id"), &route.lane);
    return route;
}
