/* direct.h - channels between a bot and a person. Internal to the routes. */
#ifndef SIM_DIRECT_H
#define SIM_DIRECT_H

#include "call.h"

/* The one that is open, or a new one; borrowed until the next. NULL without memory, or
 * when there are too many. */
struct direct *direct_open(struct routes *r, const struct sim_app *app, uint64_t user_id,
                           uint64_t now);

#endif
