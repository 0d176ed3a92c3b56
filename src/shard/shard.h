/* shard.h - one shard on one loop: the session carried out on real connections.
 *
 * Owns session, websocket, inflate stream and wire. It never decides by itself
 * when to dial or identify: it asks its owner (shard/set.h), who sees all. All of
 * it happens on the host's loop. */
#ifndef SHARD_SHARD_H
#define SHARD_SHARD_H

#include "host.h"
#include "inflate.h"
#include "session.h"
#include "ws.h"

struct shard;

/* An event, on its way to the bot. Everything is borrowed for the call; the payload has
 * BUF_SLACK readable bytes behind it. */
struct dispatch {
    struct str name;
    uint64_t seq;
    struct str payload; /* the whole envelope */
    struct str d;       /* its `d` where the peek saw it, with the envelope's closing brace
                           (and perhaps blanks) behind; else empty */
};

struct shard_ops {
    /* False: the bot's queue for this shard is now full (this event has been taken all the
     * same). The shard stops reading until shard_go_on. */
    bool (*deliver)(void *user, struct shard *s, const struct dispatch *event);
    /* Wants to connect: answer with shard_dial, now or later. */
    void (*want_dial)(void *user, struct shard *s, bool resuming);
    /* HELLO was read: answer with shard_identify when the slot is granted. */
    void (*want_slot)(void *user, struct shard *s);
    void (*drop_slot)(void *user, struct shard *s);
    /* The IDENTIFY has been handed to the connection. */
    void (*identified)(void *user, struct shard *s);
    /* The handshake is over, well or badly: its place among the handshakes is free. */
    void (*dialled)(void *user, struct shard *s);
    void (*state)(void *user, struct shard *s);
    void (*guilds_in)(void *user, struct shard *s);
    void (*session_lost)(void *user, struct shard *s);
    void (*new_url)(void *user, struct shard *s);
    /* Refused for good, with the fatal close code. */
    void (*refused)(void *user, struct shard *s, int code);
    /* After shard_stop: its connection is gone, it may be freed. */
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
    const struct shard_ops *ops;
    void *user;
};

struct shard_status {
    enum session_state state;
    struct session_stats stats;
    size_t guilds, guilds_available;
    bool guilds_loading;
    bool paused;
    uint64_t events;     /* dispatches received in this process */
    uint64_t stalls;     /* times the queue was full */
    uint64_t unreadable; /* payloads that were not JSON */
};

int shard_new(const struct shard_loop *loop, const struct shard_config *config,
              struct shard **out);
/* Only when it never started, or after `stopped`. NULL is fine. */
void shard_free(struct shard *s);
/* Begins: `want_dial` follows (never from inside this call or the ones below; always from the
 * loop). */
void shard_start(struct shard *s);
void shard_dial(struct shard *s);
void shard_identify(struct shard *s);
void shard_go_on(struct shard *s);
int shard_command(struct shard *s, enum pace_kind kind, struct str payload);
int shard_set_presence(struct shard *s, struct str presence);
int shard_set_gateway(struct shard *s, const char *url);
/* `keep`: close with 4000, so that a successor can resume; else 1000. */
void shard_stop(struct shard *s, bool keep);
void shard_status(const struct shard *s, struct shard_status *out);
uint32_t shard_id(const struct shard *s);
uint32_t shard_count(const struct shard *s);

#endif
