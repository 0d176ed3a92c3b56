#include "events.h"

enum event_kind event_kind_of(struct str name)
{
#define EVENT_KIND_NAME(kind) { STR(#kind), EVENT_##kind },
    static const struct {
        struct str name;
        enum event_kind kind;
    } kinds[] = { EVENT_KINDS(EVENT_KIND_NAME) };
#undef EVENT_KIND_NAME

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (str_eq(kinds[i].name, name))
            return kinds[i].kind;
    return EVENT_OTHER;
}

struct event_route event_route_of(enum event_kind kind, cordage_json d)
{
    struct event_route route = { 0, 0 };

    /* Only the top level counts: embedded objects name guilds of their own. And `id` is a
     * guild's in its own events only. */
    switch (kind) {
    case EVENT_READY:
    case EVENT_RESUMED:
        return route;
    case EVENT_GUILD_CREATE:
    case EVENT_GUILD_UPDATE:
    case EVENT_GUILD_DELETE:
        json_id(json_get(d, "id"), &route.guild_id);
        break;
    default:
        if (!json_id(json_get(d, "guild_id"), &route.guild_id))
            json_id(json_get(json_get(d, "meta"), "guild_id"), &route.guild_id);
    }
    route.lane = route.guild_id;
    if (!route.lane)
        json_id(json_get(d, "channel_id"), &route.lane);
    return route;
}
