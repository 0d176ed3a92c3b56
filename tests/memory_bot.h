/* memory_bot.h - a bot that only remembers: the real session and cache against the
 * simulator's model, in virtual time.
 *
 * It has one shard. What Discord sends goes through the session into the cache; every
 * SNAPSHOT_MS what has changed is packed, as the client does. A kill takes everything but
 * what was packed and the session as it stood then, and the next life begins with that.
 */
#ifndef MEMORY_BOT_H
#define MEMORY_BOT_H

#include "cache.h"
#include "session.h"
#include "sim.h"

enum { SNAPSHOT_MS = 60 * 1000 };

/* What survives a kill. */
struct memory_kept {
    bool valid;
    struct buf session_id;
    uint64_t seq;      /* the snapshot holds what came up to it */
    struct map packed; /* guild id -> struct buf */
};

struct memory_bot {
    struct sim *sim; /* borrowed */
    uint64_t now, wall;
    const cordage_policy *policies;
    uint32_t shard_id, shard_count, intents;

    struct secret token;
    struct json_parser *parser;
    struct cache *cache;
    struct cache_slice *slice;
    struct session session;
    struct sim_conn *conn;
    struct link inbox; /* payloads that came and were not fed yet */
    bool closed_by_sim;
    int close_code;
    uint64_t identify_at; /* when the next one may leave; 0: at once */
    bool wants_slot;
    uint64_t snapshot_at;
    uint64_t applied; /* the last sequence that the cache holds */
    cordage_id self;
    struct memory_kept kept;

    uint64_t seen[CORDAGE_N_EVENTS]; /* events of each type */
    uint64_t n_events, n_identifies, n_resumed, n_lost;
};

void memory_bot_start(struct memory_bot *b, struct sim *sim,
                      const cordage_policy *policies, uint32_t shard_id,
                      uint32_t shard_count, uint64_t now);
void memory_bot_release(struct memory_bot *b);
/* Dies without a word and begins again with what it had kept. */
void memory_bot_kill(struct memory_bot *b);
/* Packs what has changed, now. */
void memory_bot_snapshot(struct memory_bot *b);
/* Carries out what is due at `now`; the model has been ticked before. */
void memory_bot_turn(struct memory_bot *b, uint64_t now);
uint64_t memory_bot_deadline(const struct memory_bot *b);
bool memory_bot_is_live(const struct memory_bot *b);

#endif
