/* record_tapes.h - the files of a recording behind a bot: one for each shard that
 * identifies. FILE itself for a bot of one shard, else FILE-K-N. */
#ifndef CMD_RECORD_TAPES_H
#define CMD_RECORD_TAPES_H

#include "envelope.h"
#include "host.h"
#include "limits.h"
#include "recording.h"

struct tape {
    uint32_t shard_id, shard_count;
    char path[4096];
    struct recorder *recorder; /* NULL: it failed, and says so no more */
    uint64_t began_at, n, ms;  /* of its events */
    char session[LIMIT_SESSION_ID];
    uint64_t seq; /* of that session, the last one recorded */
};

struct tapes {
    struct host *host;
    const char *path;
    struct tape **list; /* owned, like what they point to */
    size_t n;
    bool failed; /* a file could not be made, or written on */
};

/* The tape of a shard that identifies, made at its first time. NULL: it could not be,
 * which stderr was told. */
struct tape *tapes_of_shard(struct tapes *t, uint32_t shard_id, uint32_t shard_count,
                            uint32_t intents);
/* That of a session that is resumed; NULL: it began before the recording. */
struct tape *tapes_of_session(const struct tapes *t, struct str session_id);
/* An event came. What was recorded already, because a resume brings it again, is left
 * out. */
void tape_take(struct tapes *t, struct tape *tape, const struct envelope *e,
               struct str payload);
/* Writes what has waited for long enough. */
void tapes_flush(struct tapes *t);
/* Ends the files; then only the numbers are left. */
void tapes_close(struct tapes *t);
void tapes_release(struct tapes *t);

#endif
