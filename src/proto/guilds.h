/* guilds.h - which guilds a session has, and whether they have all come in.
 *
 * READY lists the guilds, each unavailable; a GUILD_CREATE or GUILD_DELETE answers
 * for each, and nothing announces the end: so it is over when all have answered, or
 * when none has for a while. Pure. */
#ifndef PROTO_GUILDS_H
#define PROTO_GUILDS_H

#include "json.h"
#include "map.h"

struct guilds {
    struct map known;   /* id -> a constant that tells available from not */
    size_t n_available; /* of them, those that came and are not in an outage */
    size_t n_waiting;   /* of READY's, those that have not answered */
    uint64_t quiet_at;  /* when waiting ends; UINT64_MAX: not loading */
};

void guilds_release(struct guilds *g);
/* READY: replaces everything. `ids` is READY's array of {id, unavailable}. */
int guilds_ready(struct guilds *g, cordage_json ids, uint64_t quiet_at);
/* GUILD_CREATE, with `unavailable` as it stands there (false when absent). */
int guilds_created(struct guilds *g, uint64_t id, bool unavailable, uint64_t quiet_at);
/* GUILD_DELETE. */
int guilds_deleted(struct guilds *g, uint64_t id, bool unavailable, uint64_t quiet_at);
bool guilds_loading(const struct guilds *g);
static inline size_t guilds_count(const struct guilds *g)
{
    return g->known.n;
}

#endif
