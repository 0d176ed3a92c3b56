/* shard_inner.h - a shard, for the files that are one: shard.c carries out what the
 * session wants and tells the owner, shard_calls.c is what the owner asks. */
#ifndef SHARD_SHARD_INNER_H
#define SHARD_SHARD_INNER_H

#include "line.h"
#include "shard.h"

/* What the owner is to be told, in this order. */
enum note {
    NOTE_IDENTIFIED = 1 << 0,
    NOTE_DIALLED = 1 << 1,
    NOTE_DROP_SLOT = 1 << 2,
    NOTE_SESSION_LOST = 1 << 3,
    NOTE_STATE = 1 << 4,
    NOTE_GUILDS_IN = 1 << 5,
    NOTE_NEW_URL = 1 << 6,
    NOTE_REFUSED = 1 << 7,
    NOTE_WANT_DIAL = 1 << 8,
    NOTE_WANT_SLOT = 1 << 9,
};

struct shard {
    struct line line;
    struct host *host;
    const struct shard_ops *ops;
    void *user;
    struct session session;
    struct str payload; /* the one the session is being fed */
    struct timer timer;
    uint64_t armed_at; /* UINT64_MAX: not armed */

    bool asked;       /* want_dial has been said and not answered */
    bool resuming;    /* ... with this */
    bool dial_waits;  /* answered, but the last wire has not ended yet */
    bool handshaking; /* answered, and `dialled` has not been said */

    bool full;  /* deliver said false, and the line has not gone on since */
    bool go_on; /* shard_go_on has come: the timer does it */

    bool started, stopping;
    bool from_loop; /* the loop has called: the owner may be told */
    unsigned notes;
    int refused_code;
    int lost_code; /* while the session is being told so; else 0 */
    enum session_state told_state;
    uint64_t events, stalls;
};

static inline uint64_t shard_now(const struct shard *s)
{
    return s->host->now(s->host);
}

/* The owner is to be told that dialling is over, if it has not been; that its permits are
 * withdrawn. */
void shard_note_dialled(struct shard *s);
void shard_note_drop(struct shard *s);
/* The line is idle: it connects. */
void shard_dial_now(struct shard *s);
/* The end of each call of the owner. From inside a callback the loop's end follows. */
void shard_leave_call(struct shard *s);

#endif
