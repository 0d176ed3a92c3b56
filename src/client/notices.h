/* notices.h - cordage_on_error: what a bot may care about, and nobody else is told of. */
#ifndef CLIENT_NOTICES_H
#define CLIENT_NOTICES_H

#include "cordage/cordage.h"

/* Logs a warning, and tells the bot: an event that could not be read, a command that was
 * dropped. [any thread] */
void client_warn(cordage_client *c, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Tells the bot of an error that is logged elsewhere. [any thread] */
void client_tell(cordage_client *c, const cordage_error *error);

#endif
