/* cordage/commands.h - what a bot asks of Discord. Included by cordage.h, which says what
 * the marks of threads mean. */
#ifndef CORDAGE_COMMANDS_H
#define CORDAGE_COMMANDS_H

#include "cordage/json.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cordage_client cordage_client;

/* The answer to a request. Borrowed for the callback. */
typedef struct cordage_result {
    int err;             /* 0, or a CORDAGE_E* */
    long status;         /* the HTTP status, 0 if there was no answer */
    const char *message; /* what went wrong, "" if nothing did */
    cordage_json data;   /* the answer's body, absent if it had none */
} cordage_result;
typedef void (*cordage_result_fn)(cordage_client *c, const cordage_result *result,
                                  void *user);

/* Sends a message of at most 2,000 characters. Source: Discord, "Create Message". `done`
 * (NULL: nobody asks) is called exactly once, on a handler thread (a loop with
 * handler_threads 0), also when the client stops first; but not when this returns an
 * error: CORDAGE_EINVAL, CORDAGE_EFULL, CORDAGE_ENOMEM, CORDAGE_ECLOSED (the client has
 * stopped). Before the start it waits for it. It is sent at most once: with a nonce that
 * Discord enforces. [any thread] */
CORDAGE_EXPORT int cordage_create_message(cordage_client *c, cordage_id channel_id,
                                          const char *content, cordage_result_fn done,
                                          void *user);

/* Joins, moves to or (channel_id 0) leaves a voice channel, on the guild's shard. Source:
 * Discord, "Update Voice State". Waits until that shard is ready, also across a
 * reconnect, up to 10 minutes; then it is dropped, which the log says. After a new
 * IDENTIFY, which takes the bot out of all channels, it is sent again. CORDAGE_ENOTFOUND:
 * that shard does not run here; CORDAGE_EINVAL, CORDAGE_EFULL, CORDAGE_ENOMEM,
 * CORDAGE_ECLOSED. [any thread] */
CORDAGE_EXPORT int cordage_update_voice_state(cordage_client *c, cordage_id guild_id,
                                              cordage_id channel_id, bool self_mute,
                                              bool self_deaf);

typedef struct cordage_members_request {
    cordage_id guild_id;
    const char *query; /* a prefix of the username, "" for all; NULL: by ids */
    uint32_t limit;    /* with query; 0 (all) only with "" */
    bool presences;    /* needs the GUILD_PRESENCES intent, else there are none */
    const cordage_id *user_ids; /* at most 100 */
    size_t n_user_ids;
    uint32_t timeout_ms; /* since the last chunk came; 0: 30 s */
    /* NULL, or called for each chunk as it comes, with `data` a GUILD_MEMBERS_CHUNK: for
     * guilds whose members should not be held in memory together. `done` then gets no
     * members. After a lost session chunks may come again. */
    cordage_result_fn each;
} cordage_members_request;
/* Asks for members on the guild's shard, and gives all of them to `done` together:
 * `data` is {"guild_id", "members", "presences" (if asked for), "not_found" (ids)}.
 * Source: Discord, "Request Guild Members".
 *
 * It waits until the shard is ready, and goes on across a reconnect. Discord answers a
 * request for all members of a guild once in 30 s: a second one waits for its time. An
 * answer that does not come in time, or is lost with its session, is asked for once more;
 * then it ends with CORDAGE_ETIMEOUT. One of more than 32 MiB (some 80,000 members) ends
 * with CORDAGE_ELIMIT: use `each`.
 *
 * `done` (NULL: nobody asks, the chunks are events all the same) is called exactly once,
 * as for cordage_create_message, with CORDAGE_ECLOSED if the client stops first; but not
 * when this returns an error: CORDAGE_EINVAL (also for all members without the
 * GUILD_MEMBERS intent, whose answer would never come; the log says so),
 * CORDAGE_ENOTFOUND: that shard does not run here; CORDAGE_EFULL: 4096 questions are
 * open on it; CORDAGE_ENOMEM, CORDAGE_ECLOSED. `request` and what it points at is
 * borrowed for the call. [any thread] */
CORDAGE_EXPORT int cordage_request_guild_members(cordage_client *c,
                                                 const cordage_members_request *request,
                                                 cordage_result_fn done, void *user);

/* Shows `activity` ("with 4 shards", at most 128 characters; NULL: none) and `status`
 * ("online", "idle", "dnd", "invisible"; NULL: online) on every shard that runs here, now
 * and after every new IDENTIFY. Source: Discord, "Update Presence". `type`: 0 playing, 1
 * streaming, 2 listening, 3 watching, 4 custom, 5 competing. At most 5 in 20 s leave; of
 * those that wait, only the newest. CORDAGE_EINVAL, CORDAGE_ENOMEM, CORDAGE_ECLOSED. [any
 * thread] */
CORDAGE_EXPORT int cordage_update_presence(cordage_client *c, const char *status,
                                           int type, const char *activity);

#ifdef __cplusplus
}
#endif
#endif
