/* pace.h - how many payloads one connection may still send.
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

enum pace_kind {
    PACE_COMMAND,  /* what a bot asks for */
    PACE_VOICE,    /* a voice state: a command that goes before the others */
    PACE_PRESENCE, /* a presence update: a command with a second bound */
    PACE_ANSWER,   /* a heartbeat that Discord asked for: as often as Discord likes */
    PACE_URGENT    /* scheduled heartbeats, IDENTIFY, RESUME: the connection's life */
};

enum {
    /* Slots that commands never use; more when heartbeats are frequent. */
    PACE_RESERVE = 10,
    /* Our windows are this much longer than Discord's: it counts when a payload arrives,
     * and an early one may have been slow where a late one is quick. */
    PACE_MARGIN_MS = 1000
};

struct pace {
    uint64_t sent[GATEWAY_SENDS]; /* when recent sends left: a ring, oldest at `first` */
    unsigned first, used;
    uint64_t presences[GATEWAY_PRESENCES];
    unsigned presence_first, presence_used;
    unsigned beats; /* scheduled heartbeats that fall into one window */
};

/* HELLO was read: from now on that many slots are kept for the heartbeats it demands. */
void pace_set_interval(struct pace *p, uint64_t heartbeat_interval_ms);
/* Takes a slot at `now` if one is free. */
bool pace_take(struct pace *p, enum pace_kind kind, uint64_t now);
/* When one of this kind will next fit; `now` if it fits already. */
uint64_t pace_free_at(const struct pace *p, enum pace_kind kind, uint64_t now);

#endif
