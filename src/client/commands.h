/* commands.h - what a bot tells the gateway: voice states, member requests, presence.
 *
 * A command goes by mail to the loop of the shard that owns the guild, and waits there
 * for its send budget. Before it is known which shards run here, it waits on the control
 * loop. The presence is not a command: every shard shows the newest. */
#ifndef CLIENT_COMMANDS_H
#define CLIENT_COMMANDS_H

#include "client.h"

/* The crew stands: commands that waited go to their shards. [control] */
void commands_send_early(cordage_client *c);
/* There will be no crew: they are dropped. [control] */
void commands_drop_early(cordage_client *c);

/* Sets client.presence from options.activity. CORDAGE_ENOMEM. [before start] */
int commands_first_presence(cordage_client *c);

#endif
