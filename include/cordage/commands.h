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
    long status;         /* the HTTP status; 0: there was no answer, or no HTTP */
    const char *message; /* what went wrong, "" if nothing did */
    cordage_json data;   /* the answer's body, absent if it had none */
} cordage_result;
/* All that take `done` and `user` call it exactly once, on a handler thread (a loop with
 * handler_threads 0), maybe at the same time as a handler of its guild, also when the
 * client stops first; NULL: nobody asks, and a failure is logged. They do not
 * when they return an error: CORDAGE_EINVAL (what Discord would refuse in any case: an id
 * of 0, a text that is too long), CORDAGE_EFULL, CORDAGE_ENOMEM, CORDAGE_ECLOSED (the
 * client has stopped). Before the start they wait for it. Strings are copied. [any
 * thread] */
typedef void (*cordage_result_fn)(cordage_client *c, const cordage_result *result,
                                  void *user);

/* Not to be called, but given as `done`, with the address of a `cordage_result *` as
 * `user`: then the function waits for the answer, and returns its `err`.
 *
 *     cordage_result *r;
 *
 *     if (cordage_get_member(c, guild_id, user_id, cordage_await, &r) == 0)
 *         use(r->data);
 *     cordage_unref(r);
 *
 * `r` is yours until cordage_unref, also where the answer is an error; NULL where there
 * is none: CORDAGE_EDEADLOCK on a thread that runs one of the library's loops (so in
 * every handler with handler_threads 0), CORDAGE_ESTATE before cordage_client_run, and
 * the errors above. In a handler it holds up its guild's events. [any thread, handler] */
CORDAGE_EXPORT void cordage_await(cordage_client *c, const cordage_result *result,
                                  void *user);

/* ---- Any route --------------------------------------------------------------- */

/* Sends any request of Discord's REST API, within all its rate limits: `method` "GET",
 * "POST", "PUT", "PATCH" or "DELETE", `path` what stands behind "/api/v10", with its
 * query, percent-encoded ("/guilds/123/roles"), `json` the body or NULL. What is not
 * idempotent (POST, PATCH) is not sent again after a lost connection. Files and audit-log
 * reasons cannot be sent. Source: Discord, "API Reference". [any thread] */
CORDAGE_EXPORT int cordage_rest(cordage_client *c, const char *method, const char *path,
                                const char *json, cordage_result_fn done, void *user);
/* `text` as a JSON string, quotes included, for a body that is put together by hand;
 * free() it. What is no UTF-8 becomes U+FFFD. NULL: out of memory. [any thread] */
CORDAGE_EXPORT char *cordage_json_quote(const char *text);

/* ---- Messages ------------------------------------------------------------------ */

/* Sends a message of at most 2,000 characters, once: with a nonce that Discord enforces.
 * Source: Discord, "Create Message". [any thread] */
CORDAGE_EXPORT int cordage_create_message(cordage_client *c, cordage_id channel_id,
                                          const char *content, cordage_result_fn done,
                                          void *user);
/* The same, as a reply to `message_id` in that channel. Source: Discord, "Create
 * Message", `message_reference`. [any thread] */
CORDAGE_EXPORT int cordage_reply(cordage_client *c, cordage_id channel_id,
                                 cordage_id message_id, const char *content,
                                 cordage_result_fn done, void *user);
/* Replaces the text of a message of the bot's own, at most 2,000 characters. Source:
 * Discord, "Edit Message". [any thread] */
CORDAGE_EXPORT int cordage_edit_message(cordage_client *c, cordage_id channel_id,
                                        cordage_id message_id, const char *content,
                                        cordage_result_fn done, void *user);
/* Source: Discord, "Delete Message". [any thread] */
CORDAGE_EXPORT int cordage_delete_message(cordage_client *c, cordage_id channel_id,
                                          cordage_id message_id, cordage_result_fn done,
                                          void *user);
/* 2 to 100 of one channel, none older than two weeks. Source: Discord, "Bulk Delete
 * Messages". [any thread] */
CORDAGE_EXPORT int cordage_bulk_delete_messages(cordage_client *c, cordage_id channel_id,
                                                const cordage_id *message_ids, size_t n,
                                                cordage_result_fn done, void *user);
/* `emoji`: itself, or "name:id" for a guild's own. Source: Discord, "Create Reaction".
 * [any thread] */
CORDAGE_EXPORT int cordage_add_reaction(cordage_client *c, cordage_id channel_id,
                                        cordage_id message_id, const char *emoji,
                                        cordage_result_fn done, void *user);
/* Shows for 10 s that the bot types. Source: Discord, "Trigger Typing Indicator". [any
 * thread] */
CORDAGE_EXPORT int cordage_trigger_typing(cordage_client *c, cordage_id channel_id,
                                          cordage_result_fn done, void *user);

/* ---- Interactions ---------------------------------------------------------------- */

typedef enum cordage_response_type {
    CORDAGE_RESPOND_MESSAGE = 4,      /* with `content` */
    CORDAGE_RESPOND_LATER = 5,        /* "is thinking", until a follow-up */
    CORDAGE_RESPOND_UPDATE_LATER = 6, /* components only */
    CORDAGE_RESPOND_UPDATE = 7        /* components only: `content` for its message */
} cordage_response_type;
/* The first answer to an interaction, within 3 s. `content`: at most 2,000 characters,
 * NULL where the type has none; `ephemeral`: only the user sees it. For anything else
 * (embeds, modals, choices) cordage_rest. Source: Discord, "Create Interaction Response".
 * [any thread] */
CORDAGE_EXPORT int cordage_respond(cordage_client *c, cordage_id interaction_id,
                                   cordage_str token, cordage_response_type type,
                                   const char *content, bool ephemeral,
                                   cordage_result_fn done, void *user);
/* One more message, within 15 minutes. Source: Discord, "Create Followup Message". [any
 * thread] */
CORDAGE_EXPORT int cordage_follow_up(cordage_client *c, cordage_id application_id,
                                     cordage_str token, const char *content,
                                     bool ephemeral, cordage_result_fn done, void *user);
/* Replaces all global commands of the application by those of the JSON array. Source:
 * Discord, "Bulk Overwrite Global Application Commands". [any thread] */
CORDAGE_EXPORT int cordage_set_commands(cordage_client *c, cordage_id application_id,
                                        const char *json, cordage_result_fn done,
                                        void *user);

/* ---- Guilds, channels, members ----------------------------------------------------- */

/* With approximate counts. Source: Discord, "Get Guild". [any thread] */
CORDAGE_EXPORT int cordage_get_guild(cordage_client *c, cordage_id guild_id,
                                     cordage_result_fn done, void *user);
/* Source: Discord, "Get Channel". [any thread] */
CORDAGE_EXPORT int cordage_get_channel(cordage_client *c, cordage_id channel_id,
                                       cordage_result_fn done, void *user);
/* Source: Discord, "Get Guild Member". [any thread] */
CORDAGE_EXPORT int cordage_get_member(cordage_client *c, cordage_id guild_id,
                                      cordage_id user_id, cordage_result_fn done,
                                      void *user);
/* Source: Discord, "Remove Guild Member". [any thread] */
CORDAGE_EXPORT int cordage_kick_member(cordage_client *c, cordage_id guild_id,
                                       cordage_id user_id, cordage_result_fn done,
                                       void *user);
/* Deletes what the user wrote in the last `delete_message_seconds` (at most 7 days), too.
 * Source: Discord, "Create Guild Ban". [any thread] */
CORDAGE_EXPORT int cordage_ban_user(cordage_client *c, cordage_id guild_id,
                                    cordage_id user_id, uint32_t delete_message_seconds,
                                    cordage_result_fn done, void *user);
/* Source: Discord, "Remove Guild Ban". [any thread] */
CORDAGE_EXPORT int cordage_unban_user(cordage_client *c, cordage_id guild_id,
                                      cordage_id user_id, cordage_result_fn done,
                                      void *user);
/* Source: Discord, "Add Guild Member Role". [any thread] */
CORDAGE_EXPORT int cordage_add_role(cordage_client *c, cordage_id guild_id,
                                    cordage_id user_id, cordage_id role_id,
                                    cordage_result_fn done, void *user);
/* Source: Discord, "Remove Guild Member Role". [any thread] */
CORDAGE_EXPORT int cordage_remove_role(cordage_client *c, cordage_id guild_id,
                                       cordage_id user_id, cordage_id role_id,
                                       cordage_result_fn done, void *user);

/* ---- Over the gateway ------------------------------------------------------- */

/* Joins, moves to or (channel_id 0) leaves a voice channel, on the guild's shard. Source:
 * Discord, "Update Voice State". Waits until that shard is ready, also across a
 * reconnect, up to 10 minutes; then it is dropped, which the log says. After a new
 * IDENTIFY, which takes the bot out of all channels, it is sent again (not by the next
 * process, which knows nothing of it). CORDAGE_ENOTFOUND: that shard does not run here;
 * CORDAGE_EINVAL, CORDAGE_EFULL, CORDAGE_ENOMEM, CORDAGE_ECLOSED. [any thread] */
CORDAGE_EXPORT int cordage_update_voice_state(cordage_client *c, cordage_id guild_id,
                                              cordage_id channel_id, bool self_mute,
                                              bool self_deaf);

typedef struct cordage_members_request {
    cordage_id guild_id;
    const char *query; /* a prefix of the username, "" for all; NULL: by ids */
    uint32_t limit;    /* with query: 1 to 100; 0 (all) only with "" */
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

/* Asks for the soundboard sounds of `n` guilds, on all their shards. `data` is an array,
 * for each guild {"guild_id", "soundboard_sounds"}. Discord is silent about guilds that
 * the bot is not in: asked twice, that ends with CORDAGE_ETIMEOUT after a minute,
 * `message` names them, and `data` has the others. Source: Discord, "Request Soundboard
 * Sounds". Also CORDAGE_ENOTFOUND: a guild's shard does not run here; CORDAGE_ESTATE: it
 * is not yet known which shards do. [any thread] */
CORDAGE_EXPORT int cordage_request_soundboard_sounds(cordage_client *c,
                                                     const cordage_id *guild_ids,
                                                     size_t n, cordage_result_fn done,
                                                     void *user);
/* Asks for what a guild's voice channels show besides: `data` is {"guild_id", "channels":
 * [{"id", "status", "voice_start_time"}]}. Source: Discord, "Request Channel Info". Also
 * CORDAGE_ENOTFOUND: its shard does not run here. [any thread] */
CORDAGE_EXPORT int cordage_request_channel_info(cordage_client *c, cordage_id guild_id,
                                                cordage_result_fn done, void *user);

/* Shows `activity` ("with 4 shards", at most 128 characters; NULL: none) and `status`
 * ("online", "idle", "dnd", "invisible"; NULL: online) on every shard that runs here, now
 * and after every new IDENTIFY of this process: the next one knows nothing of it. It may
 * be called before cordage_client_run. Source: Discord, "Update Presence". `type`: 0
 * playing, 1 streaming, 2 listening, 3 watching, 4 custom, 5 competing. At most 5 in 20 s
 * leave; of those that wait, only the newest. CORDAGE_EINVAL, CORDAGE_ENOMEM,
 * CORDAGE_ECLOSED. [any thread] */
CORDAGE_EXPORT int cordage_update_presence(cordage_client *c, const char *status,
                                           int type, const char *activity);

#ifdef __cplusplus
}
#endif
#endif
