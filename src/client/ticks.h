/* ticks.h - cordage_every: handlers of the clock.
 *
 * A tick's timer is on the control loop, its handler runs like any other. A tick that is
 * still running when the next is due misses that one. */
#ifndef CLIENT_TICKS_H
#define CLIENT_TICKS_H

#include "client.h"

/* No tick fires any more. [control] */
void ticks_stop(cordage_client *c);
/* Frees all; none runs. [control] */
void ticks_release(cordage_client *c);

#endif
