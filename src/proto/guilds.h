/* guilds.h - which guilds a session has, and whether they have all come in.
 *
 * READY lists the guilds, each unavailable; a GUILD_CREATE or GUILD_DELETE answers
 * for each, and nothing announces the end: so it is over when all have answered, or
 * when none has for a while. Pure; a zeroed one is empty and valid. */
#ifndef PROTO_GUILDS_H
#define PROTO_GUILDS_H

#include "json.h"
#include "map.h"

struct guilds {
    struct map known;   /* id -> a constant that says which of the states it is in */
    size_t n_available; /* of them, those that came and are not in an outage */
    size_t n_waiting;   /* of READY's, those that have not answered */
    bool loading;       /* READY came, and waiting has not ended yet */
};

void guilds_release(struct guilds *g);
/* READY: replaces everything. `ids` is READY's array of {id, unavailable}; what is no
 * guild in it is skipped, and so is what is beyond LIMIT_GUILDS. CORDAGE_ENOMEM: only
 * some of them are known. */
int guilds_ready(struct guilds *g, cordage_json ids);
/* GUILD_CREATE, with `unavailable` as it stands there (false when absent).
 * CORDAGE_ENOMEM, CORDAGE_ELIMIT: a new one that is not remembered. */
int guilds_created(struct guilds *g, uint64_t id, bool unavailable);
/* GUILD_DELETE: an outage when `unavailable`, else the bot is in it no longer. */
int guilds_deleted(struct guilds *g, uint64_t id, bool unavailable);
/* A guild that the session had in an earlier process; for READY's that have not answered
 * yet it is loading again. As guilds_created. */
enum guild_state { GUILD_WAITING, GUILD_AVAILABLE, GUILD_UNAVAILABLE };
int guilds_restore(struct guilds *g, uint64_t id, enum guild_state state);
/* Nothing came for long enough: whoever has not answered is taken for unavailable. */
void guilds_stop_waiting(struct guilds *g);
static inline bool guilds_loading(const struct guilds *g)
{
    return g->loading;
}
static inline size_t guilds_count(const struct guilds *g)
{
    return g->known.n;
}

#endif
