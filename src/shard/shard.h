/* shard.h - one shard on one loop: the session carried out on real connections.
 *
 * Owns session, websocket, inflate stream and wire. It decides neither when to dial nor
 * when to identify: it asks its owner, who sees all shards. It has one wire; the next
 * connection is dialled only after the last one's wire has closed. A connection's
 * websocket and inflate stream are made with it and freed with it, so a shard without one
 * is small.
 *
 * Everything happens on the host's loop. The owner's callbacks come
 *
 *   - while the wire gives bytes: deliver, and whatever else a payload leads to, in the
 *     order of the payloads;
 *   - on the wire's opening or end, or on the shard's one timer: all but deliver. What
 * has been kept while the queue was full is delivered by the timer, too;
 *   - never from inside a call of the owner: what such a call leads to comes in a turn of
 *     its own, by the timer.
 *
 * Inside a callback the owner may call any of these functions but shard_free, and inside
 * `stopped` that one, too.
 *
 * Back-pressure. When `deliver` answers false the shard stops at that event: what has
 * been received behind it is kept as it came, the wire is paused so that TCP pushes back,
 * and the session knows that a missing ACK proves nothing meanwhile. Heartbeats go on.
 * After shard_go_on the kept bytes come first; only when they are used up and the queue
 * is not full again is the wire read. If the connection ends first they are forgotten:
 * the session counts only what it was fed, and RESUME brings the rest again.
 *
 * Which bytes are a payload is settled by `compression`, not by the frame's opcode: with
 * none each message is JSON, text or binary; with zlib or zstd each continues the stream,
 * and one that doesn't fit breaks the connection, which is resumed. */
#ifndef SHARD_SHARD_H
#define SHARD_SHARD_H

#include "host.h"
#include "inflate.h"
#include "session.h"

struct shard;

/* An event, on its way to the bot. Everything is borrowed for the call; the payload has
 * BUF_SLACK readable bytes behind it. */
struct dispatch {
    struct str name;
    uint64_t seq;
    struct str payload; /* the whole envelope */
    cordage_json body;  /* its `d` where the session had to parse it (READY, guilds); else
                           absent. The loop's parser must not be used meanwhile */
};

struct shard_ops {
    /* False: the bot's queue for this shard is now full (this event has been taken all
     * the same). The shard stops reading until shard_go_on. A new connection is read
     * until the first `false` even so: its handshake cannot wait. */
    bool (*deliver)(void *user, struct shard *s, const struct dispatch *event);
    /* Wants to connect: answer with shard_dial, now or later. */
    void (*want_dial)(void *user, struct shard *s, bool resuming);
    /* HELLO was read: answer with shard_identify when the slot is granted. */
    void (*want_slot)(void *user, struct shard *s);
    /* Withdraws want_dial and want_slot. */
    void (*drop_slot)(void *user, struct shard *s);
    /* The IDENTIFY has been handed to the connection, or could not be: once for each
     * shard_identify that was not too late, and the slot counts as used. */
    void (*identified)(void *user, struct shard *s);
    /* The websocket is open, or could not be opened: once for each shard_dial. */
    void (*dialled)(void *user, struct shard *s);
    /* The session's state is another: shard_status tells it. */
    void (*state)(void *user, struct shard *s);
    /* All guilds of READY are here, or have been silent for too long. */
    void (*guilds_in)(void *user, struct shard *s);
    /* The session cannot be resumed: events may be missing. */
    void (*session_lost)(void *user, struct shard *s);
    /* The default gateway URL keeps failing: shard_set_gateway, once there is another. */
    void (*new_url)(void *user, struct shard *s);
    /* Refused for good, with the fatal close code. shard_stop it all the same. */
    void (*refused)(void *user, struct shard *s, int code);
    /* What became of a command: sent, or given up after SESSION_COMMAND_MS. Of presences
     * nothing is told. Unlike the others it may come from inside a call of the owner,
     * shard_command too. May be NULL. */
    void (*command)(void *user, struct shard *s, const struct outbox_label *label,
                    bool sent);
    /* After shard_stop, and the last: its connection is gone, it may be freed. */
    void (*stopped)(void *user, struct shard *s);
};

/* What all shards of one loop share; borrowed. */
struct shard_loop {
    struct host *host;
    struct json_parser *parser;
    struct inflate_scratch *scratch;
};

struct shard_config {
    struct session_config session; /* its parser and seed are filled in by shard_new */
    enum compression compression;
    const struct shard_ops *ops; /* borrowed for the shard's life */
    void *user;
};

struct shard_status {
    enum session_state state;
    struct session_stats stats;
    size_t guilds, guilds_available;
    bool guilds_loading;
    bool paused;
    size_t commands; /* that wait to be sent; LIMIT_OUTBOX is the most */
    uint64_t events; /* dispatches delivered in this process */
    uint64_t stalls; /* times reading stopped because the queue was full */
};

/* CORDAGE_ENOMEM, or what session_init says: CORDAGE_EINVAL. */
int shard_new(const struct shard_loop *loop, const struct shard_config *config,
              struct shard **out);
/* Only when it never started, or after `stopped`. NULL is fine. */
void shard_free(struct shard *s);
/* As session_restore, session_restore_guild. Before shard_start. */
int shard_restore(struct shard *s, const struct session_legacy *legacy);
int shard_restore_guild(struct shard *s, uint64_t id, enum guild_state state);
/* Begins: `want_dial` follows. */
void shard_start(struct shard *s);
/* May wait for the last connection's end. */
void shard_dial(struct shard *s);
void shard_identify(struct shard *s);
/* The queue has room again. Nothing, when it wasn't full. */
void shard_go_on(struct shard *s);
/* Inside `deliver`: there is no memory to take this event. The connection ends, and a
 * RESUME brings it again. */
void shard_undeliver(struct shard *s);
/* What it is resumed with, n_id 0 when there is no session. Borrowed until the shard is
 * called again. */
const struct session_kept *shard_kept(const struct shard *s);
/* As session_kick. */
void shard_kick(struct shard *s, bool identify);
/* As session_set_safe, session_command, session_set_presence and session_set_gateway. */
void shard_set_safe(struct shard *s, uint64_t seq);
int shard_command(struct shard *s, enum pace_kind kind, uint64_t tag, struct str payload);
int shard_set_presence(struct shard *s, struct str presence);
int shard_set_gateway(struct shard *s, const char *url);
/* `keep`: close with 4000, so that a successor can resume; else 1000. `stopped` follows;
 * nothing is delivered any more. Again: nothing. */
void shard_stop(struct shard *s, bool keep);
void shard_status(const struct shard *s, struct shard_status *out);
uint32_t shard_id(const struct shard *s);
uint32_t shard_count(const struct shard *s);

#endif
