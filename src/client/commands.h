/* commands.h - what a bot tells the gateway: voice states, questions, presence.
 *
 * A command goes as a parcel to the loop of the shard that owns the guild, and waits
 * there for its send budget. The presence is not a command: every shard shows the
 * newest. */
#ifndef CLIENT_COMMANDS_H
#define CLIENT_COMMANDS_H

#include "client.h"

/* Sets client.presence from options.activity. CORDAGE_ENOMEM. [before start] */
int commands_first_presence(cordage_client *c);

/* A shard's part in it. All on its loop, but the first two. */
void commands_init(struct crew_shard *s);
void commands_release(struct crew_shard *s);
/* Whether an event of this type matters to what was commanded: a load or two. */
bool commands_want(const struct crew_shard *s, cordage_event_type type);
/* Looks at such an event: `body` is its `d`, `payload` all of it. False: the shard's
 * share of the queue is full now. */
bool commands_take(struct crew_shard *s, cordage_event_type type, cordage_json body,
                   struct str payload);
/* shard_ops.command. */
void commands_sent(struct crew_shard *s, const struct outbox_label *label, bool sent);
/* The shard has stopped, or leaves. */
void commands_end(struct crew_shard *s);
/* It doesn't run here any more, and may again. */
void commands_rest(struct crew_shard *s);

#endif
