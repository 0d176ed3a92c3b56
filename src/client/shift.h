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
 * open, and comes again in the next process, as does what still runs. Requests to the
 * shard end with CORDAGE_EMOVED; a cordage_wait_for, which belongs to no shard, goes on,
 * and sees what comes to this process. Then, on the keeper's thread, snapshot and row are
 * saved, and the lock is let go. Handlers that end later mark nothing. If the shard comes
 * back while one still runs, its guild's next events wait for it, as always.
 *
 * Everything here: [control], but where said. */
#ifndef CLIENT_SHIFT_H
#define CLIENT_SHIFT_H

#include "cordage/cordage.h"
#include "mailbox.h"
#include "host.h"

struct crew_shard;
struct heritage;

struct shift_taken {
    int err; /* CORDAGE_EBUSY: another process has it; CORDAGE_ENOMEM; _ENOTFOUND: not one
                of the crew's; _ESTATE: it runs here already, or is on its way */
    bool resumes, cached; /* as link_moved has them */
};
struct shift_given {
    uint32_t open, running; /* as link_moved has them */
};

typedef void (*shift_taken_fn)(cordage_client *c, uint32_t shard_id,
                               const struct shift_taken *how);
typedef void (*shift_given_fn)(cordage_client *c, uint32_t shard_id,
                               const struct shift_given *how);

/* `taken` follows, on the control loop, before the shard asks the gate for anything;
 * before the return if it can't even begin. `identifies`: how many may be planned with,
 * for a session whose cache is lost. Nothing follows once the client stops. */
void shift_take(cordage_client *c, uint32_t shard_id, uint32_t identifies,
                shift_taken_fn taken);
/* `given` follows, before the return for a shard that doesn't run here; one that is on
 * its way is given when it is here. Again: nothing more. Not once the client stops. */
void shift_give(cordage_client *c, uint32_t shard_id, uint32_t patience_ms,
                shift_given_fn given);
/* How many shards run here, or are coming or leaving. */
uint32_t shift_held(const cordage_client *c);
/* The client stops: nothing comes or goes any more, what is under way ends as all other
 * shards do. */
void shift_stop(cordage_client *c);

/* ---- A shard's part in it ---- */

enum shift_state {
    SHIFT_OFF,
    SHIFT_COMING,  /* the keeper's thread loads it, or its loop makes it */
    SHIFT_HERE,    /* or it never came: it was here from the start */
    SHIFT_CLOSING, /* its connection ends, handlers work off what is queued */
    SHIFT_LEAVING  /* the keeper's thread saves it, or its loop frees it */
};

struct shift {
    enum shift_state state;
    bool closed, drained; /* of CLOSING */
    bool gives_next;      /* COMING: to be given at once */
    bool takes_next;      /* LEAVING: to be taken again; `given` was called */
    bool was_given;       /* LEAVING: `given` was called */
    uint32_t identifies, patience_ms;
    uint64_t began_at;
    shift_taken_fn taken;
    shift_given_fn given;
    struct timer patience;
    struct mail step; /* to the keeper's thread, the shard's loop, and back, in turn */
    struct mail drained_mail, given_mail;
    /* Of whoever has `step`. */
    struct heritage *heritage;
    struct shift_taken how;
    struct shift_given left;
    /* The loop's: it has no connection any more; it is saved, and waits for that. */
    bool hung_up, rests;
};

/* [before it is used] */
void shift_init(struct shift *f);
void shift_release(struct shift *f);
/* The shard that leaves has no connection any more. [loop] */
void shift_hung_up(struct crew_shard *s);

#endif
