/* progress.h - which events of a shard are done, also after kill -9.
 *
 * The loop takes events in the order of their sequence. One that nobody handles is done
 * at once; the others are written down as open until their last handler has returned. So
 * an event is done if it isn't later than the last one taken and not open; W, up to which
 * all are done, is one less than the lowest open one, or the last one taken.
 *
 * All of it lives in a small file that is mapped into memory: writing it down costs a
 * store or two, no system call, and what was written is there when the process has been
 * killed. Each write leaves the file true at every instruction: an event is open before
 * it is taken. (After a loss of power its pages may be of different ages, so that a file
 * of another boot counts as none: what the store's row says was done is older, and events
 * come twice, none is lost.)
 *
 * Of an open event it also says whether its handlers have begun, and in how many
 * processes that died they had: one whose handler kills the process would come again for
 * ever.
 *
 * Without a file (dir NULL) the same in plain memory.
 *
 * Sequences begin at 1. Shards may be opened and closed side by side; one shard's
 * functions belong to its loop but where [any thread] is said. */
#ifndef STORE_PROGRESS_H
#define STORE_PROGRESS_H

#include <stdint.h>
#include <stdbool.h>

#include "cordage/error.h"

struct progress;

/* `room`: as many events as can be open at one time, up to LIMIT_OPEN_EVENTS; what an
 * earlier process left open may be more. `mark`: of the session, 0: none. If the file
 * there has the same mark it goes on from what it says; else it begins empty, with W = 0.
 * A file that makes no sense, or was written before the machine was last started, counts
 * as none. `dir` exists. The file gets all its blocks at once, so that a full disk is an
 * error here and not a signal later. It is locked until it is closed or abandoned, or the
 * process ends: a shard runs in one process. (A child that was forked without exec, and
 * outlives a parent that was killed, keeps the lock.) CORDAGE_EBUSY: another process has
 * it (the sentence names its pid); CORDAGE_ESYSTEM: it can't be opened or locked;
 * CORDAGE_EIO: it can't be read or has no room, both with a sentence, CORDAGE_EINVAL
 * (room), CORDAGE_ENOMEM. */
int progress_open(const char *dir, uint32_t shard_id, uint32_t shard_count, uint32_t room,
                  uint64_t mark, struct progress **out, cordage_error *error);
/* Nothing is open any more that anybody could close, and no handler runs. What died
 * before is forgotten: progress_deaths is of processes in a row that never came to this.
 * NULL is fine. */
void progress_close(struct progress *p);
/* Another process takes the shard over, while handlers may still run here: the file is
 * let go, what is open stays open in it, and whatever is told to `p` from now on goes
 * nowhere. That handlers run here is no death. [any thread; progress_close must still
 * come] */
void progress_abandon(struct progress *p);
/* Events that are open; of these, in *running, those whose handlers have begun. [any
 * thread] */
uint32_t progress_open_events(const struct progress *p, uint32_t *running);
/* Removes the file of a shard that is of no use any more. */
void progress_remove(const char *dir, uint32_t shard_id, uint32_t shard_count);

/* Another session, or the same without a file that says more: everything up to `seq` is
 * done. Handlers of the old session may still run; their places come to nothing. [loop]
 */
void progress_begin(struct progress *p, uint64_t mark, uint64_t seq);
/* An event that needs no handler. [loop] */
void progress_pass(struct progress *p, uint64_t seq);
/* An event that will be handled: its place, for progress_done. More than `room` at one
 * time: UINT32_MAX, and the event counts as open until progress_begin (which only makes W
 * fall behind). [loop] */
uint32_t progress_take(struct progress *p, uint64_t seq);
/* Its handlers are about to be called: if the process dies before progress_done, that
 * counts. UINT32_MAX is fine, and can't be counted. [any thread] */
void progress_begin_event(struct progress *p, uint32_t place);
/* Its handlers have returned: once for each place; UINT32_MAX is fine. [any thread] */
void progress_done(struct progress *p, uint32_t place);
/* W. Looks at as many places as were ever in use at one time. [any thread; from another
 * one than the loop it may be a moment old, and of the session before] */
uint64_t progress_low(const struct progress *p);
/* Whether an event that comes again was done in a process that died, or lies at or below
 * progress_begin's `seq`: then its handlers are not called again. Asked before it is
 * passed or taken. What that process left open stays so until it comes again. [loop] */
bool progress_was_done(const struct progress *p, uint64_t seq);
/* How many processes in a row died while the handlers of an event ran that comes again: 0
 * to LIMIT_DEATHS. Asked before it is passed or taken. [loop] */
uint32_t progress_deaths(const struct progress *p, uint64_t seq);
/* The mark it has now; 0 for an instant while a session begins. [any thread] */
uint64_t progress_mark(const struct progress *p);

#endif
