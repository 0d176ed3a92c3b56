/* judge.h - who watches a run and says when a promise is broken.
 *
 * Told of everything that happens by those who see it happen; keeps its own books, which
 * share no code with what they check. The first promise that breaks ends the run
 * (machine_pause).
 *
 * What a fault allows is allowed only where that fault was: every event that is handled
 * again and every IDENTIFY beyond a shard's first must have its reason in the books. */
#ifndef WORLD_JUDGE_H
#define WORLD_JUDGE_H

#include "world.h"

struct net_watch;
struct store_session;
struct store_snapshot;
struct vprocess;

/* Once net_sim is there, and before anything runs. */
void judge_begin(const struct world_plan *plan);
/* The verdict so far; and frees it. */
void judge_end(struct world_verdict *v);
bool judge_has_spoken(void);

/* By the bot's handlers, on their thread: a traffic message, number `n` of its guild; at
 * its beginning and when it has returned. */
void judge_begun(struct vprocess *p, uint32_t shard, uint64_t guild, uint64_t n);
void judge_handled(struct vprocess *p, uint32_t shard, uint64_t guild, uint64_t n);
/* What a bot remembers of a guild (cordage_cache…), to be compared once all is quiet:
 * JSON as cache_write_guild has it. */
void judge_remembers(uint32_t shard, uint64_t guild, struct str json);
/* So many events of a shard wait for handlers in that process. */
void judge_queued(struct vprocess *p, uint32_t shard, uint64_t n);
/* By the network: its struct net_watch. */
const struct net_watch *judge_net(void);
/* By the store (judge_store.c is put in front of it): rows and snapshots that were saved,
 * and that an IDENTIFY is about to be booked. */
void judge_saved(struct vprocess *p, const struct store_session *rows, size_t n);
void judge_saved_snapshot(const struct store_snapshot *head);
/* There was none to load: if the session is resumed all the same, its cache is lost, and
 * the rows alone say from where the next process resumes. */
void judge_has_no_snapshot(const struct store_snapshot *head);
void judge_booked(uint32_t shard, bool is_on_disk);
/* By the machine: a line of the log, a process's end. */
void judge_logged(struct vprocess *p, const char *line);
void judge_died(struct vprocess *p);

/* By the world, what it does, as far as that excuses anything. First of all that it does
 * something: what was on the way then may not have come. */
void judge_disturbs(void);
void judge_power_fails(void); /* what wasn't synced is lost */
void judge_disk_fails(bool now);
void judge_suspended(uint64_t until); /* some process gets no time till then */
void judge_clock_jumps(void);
/* A shard's sessions were closed with a code after which the session is not resumed. */
void judge_forgets(uint32_t shard);
/* It gets no events for a while: the watchdog may end its session. */
void judge_silences(uint32_t shard);
/* Somebody else uses IDENTIFYs of this bot. */
void judge_budget_shrinks(void);
/* The bot was refused for good: from now on nothing of it may connect. */
void judge_refused(void);

/* Looks at Discord's sessions and its report: after what happened, and now and then. */
void judge_look(void);
/* There are not enough IDENTIFYs left to be whole again: it is right to wait. */
bool judge_is_starved(void);
/* Faults are over: all shards are live, everything said was handled. `why` (may be NULL)
 * gets the first thing that is not so, and which promise that would be. */
bool judge_is_settled(enum promise *p, char *why, size_t size);
/* It is, and the bots have said what they remember. */
void judge_memories_end(void);

/* Says that a promise is broken; only the first counts. */
void judge_accuse(enum promise p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
