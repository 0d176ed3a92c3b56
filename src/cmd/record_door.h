/* record_door.h - websockets on loopback that go on to Discord, message by message.
 *
 * A bot connects here as to the gateway; for each of its connections there is one to
 * Discord, with zlib-stream whatever the bot asked for, which is answered in the form it
 * did ask for. The resume URL in READY is replaced by one of ours: each of Discord's has
 * a port of its own here, so that a RESUME goes where it should. */
#ifndef CMD_RECORD_DOOR_H
#define CMD_RECORD_DOOR_H

#include "json.h"
#include "loop.h"
#include "record_tapes.h"

struct doors;

struct doors_options {
    struct loop *loop;
    struct tls_server *tls; /* what is shown to the bot; borrowed, like all here */
    struct tapes *tapes;
    const char *gateway_url; /* Discord's */
};

int doors_new(const struct doors_options *options, struct doors **out,
              cordage_error *error);
/* What stands for Discord's gateway URL. */
const char *doors_url(const struct doors *d);
/* Drops all connections. The loop must turn once more. NULL is fine. */
void doors_close(struct doors *d);
/* Once the loop is gone. */
void doors_free(struct doors *d);

#endif
