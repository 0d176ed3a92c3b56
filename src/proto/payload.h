/* payload.h - the payloads a client sends, written into a buf.
 *
 * Each function appends one whole payload and returns 0, or leaves the buf's content
 * as it was: CORDAGE_ENOMEM, or CORDAGE_ELIMIT when it would exceed LIMIT_COMMAND
 * (Discord closes a connection that sends more with 4002) or the buf's own limit.
 *
 * An IDENTIFY or RESUME holds the token: its buf is to be released by buf_wipe. The
 * buf doesn't move once the token is in it, so no copy stays behind in freed memory. */
#ifndef PROTO_PAYLOAD_H
#define PROTO_PAYLOAD_H

#include "buf.h"
#include "secret.h"

struct identify_fields {
    const struct secret *token;
    uint32_t shard_id, shard_count;
    uint32_t intents;
    uint32_t large_threshold; /* 0: leave out */
    struct str presence;      /* a JSON object, or empty */
};

int payload_heartbeat(struct buf *out, bool has_seq, uint64_t seq);
/* The token is written raw: a leading "Bot " is dropped. */
int payload_identify(struct buf *out, const struct identify_fields *f);
int payload_resume(struct buf *out, const struct secret *token, struct str session_id,
                   uint64_t seq);
/* channel_id 0 leaves. */
int payload_voice_state(struct buf *out, uint64_t guild_id, uint64_t channel_id,
                        bool mute, bool deaf);

struct presence_fields {
    const char *status;         /* "online", "idle", "dnd", "invisible"; NULL: "online" */
    int activity_type;          /* 0 Playing … 5 Competing */
    const char *activity_name;  /* NULL: no activity, and the other fields are unused */
    const char *activity_state; /* NULL: leave out; what a custom status (4) shows */
    const char *activity_url;   /* NULL: leave out */
    uint64_t since_ms;          /* Unix time at which idling began; 0: null */
    bool afk;
};

/* The object that is both op 3's `d` and IDENTIFY's `presence`. */
int payload_presence_object(struct buf *out, const struct presence_fields *f);
/* Op 3 around such an object. */
int payload_presence(struct buf *out, struct str presence_object);

struct members_fields {
    uint64_t guild_id;
    const char *query; /* NULL: by user_ids */
    uint32_t limit;
    bool presences;
    const uint64_t *user_ids;
    size_t n_user_ids; /* at most GATEWAY_MEMBERS_USER_IDS */
    const char *nonce; /* at most GATEWAY_NONCE_MAX bytes, or NULL */
};
/* CORDAGE_EINVAL, too, when either is more. */
int payload_request_members(struct buf *out, const struct members_fields *f);
/* Op 31. */
int payload_request_sounds(struct buf *out, const uint64_t *guild_ids, size_t n);
/* Op 43, for all fields there are. */
int payload_request_channel_info(struct buf *out, uint64_t guild_id);

#endif
