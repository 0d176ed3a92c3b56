/* events.h - the dispatches that have a typed view, and where each event belongs.
 *
 * Pure. Every other dispatch is EVENT_OTHER and reaches cordage_on_any alone. */
#ifndef CLIENT_EVENTS_H
#define CLIENT_EVENTS_H

#include "json.h"

#define EVENT_KINDS(X) \
    X(READY)           \
    X(RESUMED)         \
    X(GUILD_CREATE)    \
    X(GUILD_UPDATE)    \
    X(GUILD_DELETE)    \
    X(MESSAGE_CREATE)

enum event_kind {
    EVENT_OTHER,
#define EVENT_KIND_ENUM(name) EVENT_##name,
    EVENT_KINDS(EVENT_KIND_ENUM)
#undef EVENT_KIND_ENUM
        N_EVENT_KINDS
};

/* Of a dispatch's `t`. */
enum event_kind event_kind_of(struct str name);

/* Where an event belongs. */
struct event_route {
    cordage_id guild_id; /* 0: none */
    uint64_t lane; /* the guild, else the channel (a direct message), else 0: the shard */
};
/* From the event's `d`. */
struct event_route event_route_of(enum event_kind kind, cordage_json d);

#endif
