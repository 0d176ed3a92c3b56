/* record_bot.h - a command that is run with relays in front of Discord, so that what its
 * shards are sent is recorded. */
#ifndef CMD_RECORD_BOT_H
#define CMD_RECORD_BOT_H

#include <stdbool.h>

/* Runs `command`; what its shards are sent goes to `path`, or, of several shards, to
 * PATH-K-N for each. The exit status: the command's, or 1 if that is 0 and a
 * file could not be written. */
int record_bot(const char *path, char **command, bool json);

#endif
