/* broadcast.h - messages from the bot in some worker to the bot in all of them. */
#ifndef CLIENT_BROADCAST_H
#define CLIENT_BROADCAST_H

#include "cordage/cordage.h"
#include "str.h"

/* One has come for the bot's handlers: copied. When LIMIT_BROADCASTS wait for them it is
 * dropped, and the log hears of it. [control] */
void broadcast_take(cordage_client *c, uint32_t from, struct str message);

#endif
