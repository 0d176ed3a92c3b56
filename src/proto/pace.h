/* pace.h - how many commands one connection may still send.
 *
 * Discord closes a connection that sends more than 120 payloads in 60 s. A pace
 * remembers recent sends and says whether another fits, keeping some slots back
 * so that a heartbeat, an identify or a resume is not refused. Presence updates
 * have a second bound, 5 in 20 s. It allocates nothing, reads no clock and cannot
 * fail. A new connection starts with a zeroed one. */
#ifndef PROTO_PACE_H
#define PROTO_PACE_H

#include <stdbool.h>
#include <stdint.h>

#include "gateway.h"

enum pace_kind { PACE_COMMAND, PACE_PRESENCE, PACE_URGENT };

enum { PACE_RESERVE = 10 }; /* slots only PACE_URGENT may use */

struct pace {
    uint64_t sent[GATEWAY_SENDS]; /* when recent sends left: a ring, oldest at `first` */
    unsigned first, used;
    uint64_t presences[GATEWAY_PRESENCES];
    unsigned presence_first, presence_used;
};

/* Takes a slot at `now` if one is free. */
bool pace_take(struct pace *p, enum pace_kind kind, uint64_t now);
/* When one of this kind will next fit; `now` if it fits already. */
uint64_t pace_free_at(const struct pace *p, enum pace_kind kind, uint64_t now);

#endif
