/* worker.h - a bot that runs under a supervisor (`cordage run`).
 *
 * It is one when its environment has CORDAGE_LINK (the socket), CORDAGE_WORKER (its
 * number) and CORDAGE_GENERATION. Then its shards, its gateway and its identify slots come
 * from the supervisor, whatever its options say about shards; the state directory is the
 * fleet's, shared with the other workers; the token comes from DISCORD_TOKEN_FILE, which
 * the supervisor sets, unless the bot gives its own.
 *
 * When the link is lost the shards live on: what can be resumed is, nobody identifies, and
 * the supervisor's successor is dialled every second. After WORKER_ALONE_MS without one
 * the worker stops, keeping its sessions. Meanwhile its output, a FIFO that nobody reads
 * then, is kept from filling up: the oldest is thrown away and counted.
 *
 * Everything here: [control]. */
#ifndef CLIENT_WORKER_H
#define CLIENT_WORKER_H

#include "cordage/cordage.h"
#include "gate.h"

enum {
    WORKER_ALONE_MS = 60 * 1000,
    WORKER_REDIAL_MS = 1000,
    WORKER_STATUS_MS = 1000,
};

struct worker;

/* Dials the supervisor; client_start follows with what it says, in place of client_ask.
 * c->worker is NULL in a bot that runs alone. CORDAGE_ENET and a sentence: nobody
 * listens. */
int worker_open(cordage_client *c, cordage_error *error);
/* The gate whose other end is the supervisor's. Resumes are decided here, with the share
 * of handshakes that WELCOME gave; fresh starts ask over the link, and again after it was
 * lost: a slot that was granted and not used by then is not used any more. CORDAGE_ENOMEM.
 */
int worker_gate_new(struct worker *w, struct gate **out);
/* The crew is up: shards can be taken. */
void worker_ready(struct worker *w);
/* Discord has refused the bot, or it can't go on: the fleet ends. */
void worker_fatal(struct worker *w, const cordage_error *error);
/* A shard cannot connect to the gateway's URL. */
void worker_want_url(struct worker *w);
/* CORDAGE_ECLOSED: the link is lost. */
int worker_broadcast(struct worker *w, struct str text);
/* Ends the link. NULL is fine. */
void worker_close(struct worker *w);

#endif
