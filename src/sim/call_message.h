/* call_message.h - messages that a request creates, changes and deletes, with the events
 * that tell of it. Internal to the routes. */
#ifndef SIM_CALL_MESSAGE_H
#define SIM_CALL_MESSAGE_H

#include "call.h"

enum {
    FLAG_SUPPRESS_EMBEDS = 1 << 2,
    FLAG_EPHEMERAL = 1 << 6,
    FLAG_LOADING = 1 << 7,
    FLAG_SUPPRESS_NOTIFICATIONS = 1 << 12,
    FLAG_VOICE = 1 << 13,
    FLAG_COMPONENTS_V2 = 1 << 15,
    /* Those that a request may set. */
    FLAGS_GIVEN = FLAG_SUPPRESS_EMBEDS | FLAG_SUPPRESS_NOTIFICATIONS | FLAG_VOICE |
                  FLAG_COMPONENTS_V2,
};

/* Says what `body` has, in the place that `m` names, and keeps it; whatever else `m` has
 * goes with it, its `flags` are added. NULL, with the error answered, without memory. */
struct recent_message *call_say(struct call *c, cordage_json body, struct sim_message *m);
/* The message of the path, which everybody in the channel sees; what people said lately
 * is one, too. NULL, with the error answered: there is none. */
struct recent_message *call_find_message(struct call *c, uint64_t id);
/* Likewise, anywhere and whoever sees it; NULL, without an answer, is none. */
struct recent_message *call_recall(struct call *c, uint64_t id);
/* The message as it is answered, with its reactions. */
void call_put_message(struct call *c, const struct recent_message *m);
/* Members of `update`, a JSON object in a struct buf, replace those of the message, and
 * MESSAGE_UPDATE is told. False, with the error answered, without memory. */
bool call_rewrite_message(struct call *c, struct recent_message *m,
                          const struct buf *update);
/* What the body of a PATCH changes. It has been checked. False: as above. */
bool call_edit_message(struct call *c, struct recent_message *m, cordage_json body);
/* MESSAGE_DELETE. The message is gone then. */
void call_delete_message(struct call *c, struct recent_message *m);
/* A DM channel, as an object. */
void call_put_direct(struct call *c, const struct direct *d);
/* The guild of a channel or thread; NULL: none. */
struct world_guild *call_guild_of(struct call *c, uint64_t channel_id);

#endif
