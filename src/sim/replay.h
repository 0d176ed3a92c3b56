/* replay.h - sessions whose events come from somewhere else than the world.
 *
 * A source has the READY of each shard that it knows; whoever has the source then feeds
 * the events one by one, at the times it likes. All else is as always: HELLO, heartbeats,
 * budget, identify keys, the numbers of events, RESUME, faults, the report. Commands that
 * ask for something of a guild (members, sounds, voice) get no answer: what came of them
 * when it was recorded is among the events. */
#ifndef SIM_REPLAY_H
#define SIM_REPLAY_H

#include "sim.h"

struct sim_source {
    void *user;
    /* Whether it has events for this shard; else IDENTIFY is refused with 4010. */
    bool (*knows)(void *user, uint32_t shard_id, uint32_t shard_count);
    /* A session of that shard begins. The body of its READY, JSON, borrowed until the
     * next call, of which session_id and resume_gateway_url are made anew; empty: there
     * is none, and the world's is sent. Must not call the model. */
    struct str (*ready)(void *user, uint32_t shard_id, uint32_t shard_count);
};

/* Borrowed; before the first connection. */
void sim_set_source(struct sim *s, const struct sim_source *source);

/* How far the newest session of a shard is. */
struct sim_reader {
    bool has_session;
    bool is_connected;   /* somebody reads */
    uint64_t seq, sent;  /* the last event it was fed, and the last one that left */
    uint64_t acked;      /* what its last heartbeat has named */
    uint64_t heartbeats; /* that came from it */
};
void sim_read_reader(struct sim *s, uint32_t shard_id, uint32_t shard_count,
                     struct sim_reader *out);
/* The next event of that session. CORDAGE_ENOTFOUND: it has none (any more);
 * CORDAGE_ENOMEM. */
int sim_feed(struct sim *s, uint32_t shard_id, uint32_t shard_count, const char *name,
             struct str d, uint64_t now);
/* Asks for a heartbeat now (op 1), which says how far the client has read. */
void sim_ask_reader(struct sim *s, uint32_t shard_id, uint32_t shard_count);
/* Ends the session with op 9: a new one begins. */
void sim_end_reader(struct sim *s, uint32_t shard_id, uint32_t shard_count);

#endif
