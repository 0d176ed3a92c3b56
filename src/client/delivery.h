/* delivery.h - an event's way from its shard to its handlers. */
#ifndef CLIENT_DELIVERY_H
#define CLIENT_DELIVERY_H

#include "crew.h"

/* Takes an event that came on `s`. False: the shard's share of the queue is full now. On
 * the shard's loop. */
bool delivery_take(struct crew_shard *s, const struct dispatch *event);

#endif
