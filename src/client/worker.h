/* worker.h - a bot that runs under a supervisor (`cordage run`).
 *
 * It is one when its environment has CORDAGE_LINK (the socket), CORDAGE_WORKER (its
 * number) and CORDAGE_GENERATION. Then its shards, its gateway and its identify slots
 * come from the supervisor, whatever its options say about shards; the state directory is
 * the fleet's, shared with the other workers; the token comes from DISCORD_TOKEN_FILE,
 * which the supervisor sets, unless the bot gives its own.
 *
 * When the link is lost the shards live on: what can be resumed is, nobody identifies,
 * and the supervisor's successor is dialled every second. After WORKER_ALONE_MS in
 * which nobody said as much as HELLO it stops, keeping its sessions. Meanwhile its
 * output, a FIFO that nobody reads then, is kept from filling up: the oldest is thrown
 * away and counted.
 *
 * Everything here is [control], but where said. */
#ifndef CLIENT_WORKER_H
#define CLIENT_WORKER_H

#include "cordage/cordage.h"
#include "gate.h"
#include "shards.h"
#include "str.h"

enum {
    WORKER_ALONE_MS = 60 * 1000,
    WORKER_REDIAL_MS = 1000,
    WORKER_STATUS_MS = 1000,
};

struct worker;

/* Of a client whose settings have a link; nothing is dialled yet. CORDAGE_ENOMEM. [before
 * start] */
int worker_new(cordage_client *c, struct worker **out, cordage_error *error);
/* NULL is fine. [nothing runs] */
void worker_free(struct worker *w);
/* Dials the supervisor; client_join follows with what it says, in place of client_ask.
 * CORDAGE_ENET and a sentence: nobody listens. */
int worker_open(struct worker *w, cordage_error *error);
/* The gate whose other end is the supervisor's. Resumes are decided here, with the share
 * of handshakes that WELCOME gave; fresh starts ask over the link, and again after it was
 * lost: a slot that was granted and not used by then is not used any more.
 * CORDAGE_ENOMEM.
 */
int worker_gate_new(struct worker *w, struct gate **out);
/* These shards may come here. CORDAGE_ENOMEM. */
int worker_join(struct worker *w, const struct shard_range *range);
/* Discord has refused the bot, or it can't go on: the fleet ends. */
void worker_fatal(struct worker *w, const cordage_error *error);
/* A shard cannot connect to the gateway's URL. */
void worker_want_url(struct worker *w);
/* CORDAGE_ECLOSED: the link is lost. */
int worker_broadcast(struct worker *w, struct str text);
/* Ends the link. NULL is fine. */
void worker_close(struct worker *w);

/* ---- [any thread] ---- */

/* The supervisor is there. */
bool worker_has_link(const struct worker *w);
/* The fleet's guilds, as they were last told; `shards`: when they were not. */
cordage_guild_total worker_totals(struct worker *w, uint32_t shards);
/* How many workers there are; before that is known, as many as there must be. */
uint32_t worker_count(const struct worker *w);

#endif
