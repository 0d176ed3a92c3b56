/* record_client.h - one shard of a bot, recorded: the real session, its IDENTIFY booked
 * like any other's, resumed across losses. */
#ifndef CMD_RECORD_CLIENT_H
#define CMD_RECORD_CLIENT_H

#include "gateway_bot.h"
#include "settings.h"

struct record_wish {
    const char *path;
    struct settings *settings; /* borrowed */
    uint32_t shard_id, shard_count;
    uint64_t events; /* it ends after so many; 0: none */
    uint64_t ms;     /* or so long after READY; 0: never */
    bool progress;   /* a line on stderr that changes */
};

struct record_tally {
    uint64_t events, ms, bytes; /* in the file; ms: from the first event to the last */
    uint64_t identifies, resumed, lost;
};

/* Makes the file and records until it is enough, or SIGINT or SIGTERM comes. What was
 * recorded stays also when it fails; if that is nothing, no file stays, and it is
 * CORDAGE_ENOTFOUND. */
int record_client(const struct record_wish *wish, struct record_tally *tally,
                  cordage_error *error);

#endif
