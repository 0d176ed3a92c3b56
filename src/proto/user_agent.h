/* user_agent.h - how we introduce ourselves, over HTTP and websocket alike.
 *
 * Discord wants "DiscordBot ($url, $version)"; other forms may be blocked. Source:
 * Discord, "API Reference", "User Agent". */
#ifndef PROTO_USER_AGENT_H
#define PROTO_USER_AGENT_H

#include "cordage/version.h"

#define USER_AGENT "DiscordBot (https://cordage.invalid, " CORDAGE_VERSION ")"

#endif
