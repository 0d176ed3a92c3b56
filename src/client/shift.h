/* shift.h - shards that come to this process and leave it while it runs.
 *
 * A process that runs alone begins with all its shards. A worker's crew is made for all
 * that it may be given, with none of them running; the supervisor then has it take some,
 * and give some away, in any order and again. A shard that is given away leaves in the
 * store what the process that takes it needs, so that taking is the same after a
 * hand-over, a crash and a stop.
 *
 * Taking: on the keeper's thread its lock is taken (progress_open), session, guilds,
 * cache and progress are restored; then it starts on its loop.
 *
 * Giving: on its loop it closes with a code that keeps the session. Events that wait for
 * a handler have `patience_ms` to be handled; what has not begun then is dropped, stays
 * open, and comes again in the next process, as does what still runs. Waits and requests
 * to the shard end with CORDAGE_EMOVED. Then, on the keeper's thread, snapshot and row
 * are saved exactly, and the lock is let go. Handlers that end later mark nothing.
 *
 * Everything here: [control]. */
#ifndef CLIENT_SHIFT_H
#define CLIENT_SHIFT_H

#include "cordage/cordage.h"

struct shift_taken {
    int err; /* CORDAGE_EBUSY: another process has it; CORDAGE_ENOMEM; _ENOTFOUND: not one
                of the crew's; _ESTATE: it runs here already, or is on its way */
    bool resumes, cached; /* as link_moved has them */
};
struct shift_given {
    uint32_t open, running; /* as link_moved has them */
};

/* `taken` follows, on the control loop, before the shard asks the gate for anything.
 * `identifies`: how many may be planned with, for a session whose cache is lost. */
void shift_take(cordage_client *c, uint32_t shard_id, uint32_t identifies,
                void (*taken)(cordage_client *c, uint32_t shard_id,
                              const struct shift_taken *how));
/* `given` follows, also for a shard that doesn't run here; not once the client stops. */
void shift_give(cordage_client *c, uint32_t shard_id, uint32_t patience_ms,
                void (*given)(cordage_client *c, uint32_t shard_id,
                              const struct shift_given *how));
/* How many shards run here, or are coming or leaving. */
uint32_t shift_held(const cordage_client *c);

#endif
