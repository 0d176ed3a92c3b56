/* judge.h - who watches a run and says when a promise is broken.
 *
 * Told of everything that happens by those who see it happen; keeps its own books, which
 * share no code with what they check. The first promise that breaks ends the run
 * (machine_pause). */
#ifndef WORLD_JUDGE_H
#define WORLD_JUDGE_H

#include "world.h"

struct judge;
struct store_session;

void judge_begin(const struct world_plan *plan);
/* The verdict so far; and frees it. */
void judge_end(struct world_verdict *v);
bool judge_has_spoken(void);

/* By the bot's handlers, on their thread: a traffic message, number `n` of its guild,
 * event `seq` of its shard's session; at its beginning and when it has returned. */
void judge_begun(struct vprocess *p, uint32_t shard, uint64_t guild, uint64_t n);
void judge_handled(struct vprocess *p, uint32_t shard, uint64_t guild, uint64_t n);
/* What a bot remembers of a guild (cordage_cache…), to be compared once all is quiet:
 * JSON as cache_write_guild has it. */
void judge_remembers(uint32_t shard, uint64_t guild, struct str json);
/* By the network: its struct net_watch. */
const struct net_watch *judge_net(void);
/* By the store (wrapped): rows that were saved as done. */
void judge_saved(struct vprocess *p, const struct store_session *rows, size_t n);
/* By the machine: a line of the log, a process's end. */
void judge_logged(struct vprocess *p, const char *line);
void judge_died(struct vprocess *p, bool was_killed);
/* After each step of the machine that did anything: looks at Discord's sessions and its
 * report. */
void judge_look(void);
/* Faults are over: within `patience_ms` everything is live again, or promise 9 is broken.
 */
bool judge_is_settled(void);

/* Says that a promise is broken; only the first counts. */
void judge_accuse(enum promise p, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
