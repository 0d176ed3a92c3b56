/* replay_track.h - one recording on its way to a client.
 *
 * It begins when its shard identifies, and again when it identifies anew. Where the
 * recording itself has a second READY the session is ended with op 9, and goes on with
 * that READY when the client has identified. */
#ifndef CMD_REPLAY_TRACK_H
#define CMD_REPLAY_TRACK_H

#include "recording.h"
#include "replay.h"

struct track {
    const char *path;
    struct recording *file;
    struct recording_head head;
    uint64_t bot_id;              /* by its first READY; 0: it has none */
    struct buf name;              /* of the event at hand, NUL behind it */
    struct recording_event event; /* the next one... */
    struct str d;                 /* ...and its body */
    bool has_event, at_end;
    bool between;              /* a READY in the middle waits for an IDENTIFY */
    uint64_t base_at, base_ms; /* what was recorded at base_ms is due at base_at */
    uint64_t started_at, ended_at;
    uint64_t n;       /* events that were fed */
    unsigned n_begun; /* how often it was begun */
    bool read_all;    /* the client has said so */
    /* Heartbeats that had come when it was asked first, plus one; 0: not asked yet. */
    uint64_t asked;
    cordage_error error; /* code 0: the recording is sound so far */
};

/* Opens it and looks at its first event. */
int track_open(struct track *t, const char *path, cordage_error *error);
void track_release(struct track *t);
/* As sim_source.ready. */
struct str track_ready(struct track *t, uint64_t now);
/* Feeds what is due. When the next is due; `now`: look again soon; UINT64_MAX: it is
 * over, or nothing can be done before the client has come. `speed` 0: as fast as it is
 * read. */
uint64_t track_tick(struct track *t, struct sim *sim, double speed, uint64_t now);
/* All is fed: whether the client has it. Asks for a heartbeat if `ask`. */
bool track_was_read(struct track *t, struct sim *sim, bool ask);

#endif
