/* keeper.h - what keeps a bot's sessions, cache and IDENTIFYs on the disk, so that the
 * next process goes on where this one stopped, or was killed.
 *
 * The control loop opens it, and has it restore the shards before their threads start.
 * While they run each shard's loop hands over copies of what is to be saved (kept.h), and
 * the keeper's own thread saves them. When all threads have ended the control loop saves
 * exactly. IDENTIFYs are booked on the control loop itself, which waits for the disk: an
 * IDENTIFY must not leave before. */
#ifndef CLIENT_KEEPER_H
#define CLIENT_KEEPER_H

#include "cordage/cordage.h"
#include "store.h"

struct crew_shard;
struct keeper;

/* Opens the state directory and starts the thread, if the settings name one. 0 with
 * c->keeper NULL: there is none, or it can't be used, of which the log is told.
 * CORDAGE_EBUSY: another process has it; CORDAGE_ENOMEM, CORDAGE_ESYSTEM. [control] */
int keeper_open(cordage_client *c, cordage_error *error);
/* Adds the IDENTIFYs of earlier processes to the client's ledger and gate; where they
 * can't be read, any slot may just have been used. [control] */
void keeper_recall_identifies(cordage_client *c);
/* For gate_books: `user` is the client. [control] */
void keeper_book(void *user, uint32_t shard_id, uint32_t shard_count, uint64_t wall);
/* Restores all shards of the crew, which is made and not started: progress, sessions,
 * guilds, cache. Of the sessions whose cache is lost, those are given up which the
 * IDENTIFYs that are `allowed` cover. *needed: how many IDENTIFYs the start needs.
 * CORDAGE_EBUSY: another process runs one of them; the sentence says which. [control] */
int keeper_restore(cordage_client *c, uint64_t allowed, uint32_t *needed,
                   cordage_error *error);
/* Whether sessions are to be left open for a later process. [any thread] */
bool keeper_keeps_sessions(const struct keeper *k);
/* The threads of the crew have ended, its shards are still there: saves exactly, and
 * closes. c->keeper is NULL then. NULL is fine. [control] */
void keeper_end(cordage_client *c);

/* ---- While the bot runs: shift.c's --------------------------------------------------
 */

struct heritage;
struct shift_given;

/* Runs the mail on the keeper's thread. [any thread] */
void keeper_post(struct keeper *k, struct mail *mail);
/* Takes the lock of a shard that doesn't run, and loads what was left of it: its progress
 * and cache are in place, *out is for heritage_pass_on; NULL: it needs an IDENTIFY, as
 * does one whose cache is lost where `identifies` aren't 0. CORDAGE_EBUSY: nothing was
 * done, but said to the log. [keeper's thread] */
int keeper_take(struct keeper *k, struct crew_shard *s, uint32_t identifies,
                struct heritage **out);
bool heritage_pass_on(const struct heritage *h, struct crew_shard *s);
void heritage_free(struct heritage *h);
/* Saves a shard that is closed, and lets go of its lock. Handlers may still run.
 * [keeper's thread] */
void keeper_hand_over(struct keeper *k, struct crew_shard *s, struct shift_given *out);

/* ---- From a shard's loop --------------------------------------------------------- */

/* A row, and a snapshot, to be saved soon: copied. Nothing without memory; the next time
 * comes. [loop] */
void keeper_save_row(struct crew_shard *s);
void keeper_save_snapshot(struct crew_shard *s);

#endif
