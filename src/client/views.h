/* views.h - typed views of the events that bots use most.
 *
 * Each reads the main fields out of event->data. What is absent, null or of another type
 * becomes 0, false or the empty string: Discord's payloads are taken as they come. The
 * strings live as long as the event. Pure. */
#ifndef CLIENT_VIEWS_H
#define CLIENT_VIEWS_H

#include "cordage/cordage.h"

void view_ready(const cordage_event *event, cordage_ready *out);
void view_resumed(const cordage_event *event, uint64_t replayed, cordage_resumed *out);
/* GUILD_CREATE and GUILD_UPDATE. */
void view_guild(const cordage_event *event, cordage_guild_why why, cordage_guild *out);
void view_guild_gone(const cordage_event *event, cordage_guild_gone *out);
/* `self` is the bot's user id, 0 if it isn't known. */
void view_message(const cordage_event *event, cordage_id self, cordage_message *out);

#endif
