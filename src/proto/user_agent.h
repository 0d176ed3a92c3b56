/* user_agent.h - how we introduce ourselves, over HTTP and websocket alike.
 *
 * Discord wants "DiscordBot ($url, $version)"; other forms may be blocked. Source:
 * Discord, "API Reference", "User Agent". */
#ifndef PROTO_USER_AGENT_H
#define PROTO_USER_AGENT_H

#include "cordage/version.h"

/* The project's home page, which whoever packages Cordage can name. Until there is one,
 * an address that is reserved for examples: it is nobody else's and never will be. */
#ifndef CORDAGE_HOMEPAGE
#define CORDAGE_HOMEPAGE "https://example.org/cordage"
#endif

#define USER_AGENT "DiscordBot (" CORDAGE_HOMEPAGE ", " CORDAGE_VERSION ")"

#endif
