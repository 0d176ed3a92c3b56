/* threads_call.h - what requests to a channel do where that is a thread. Internal to
 * routes_change.c and routes_thread.c. */
#ifndef SIM_THREADS_CALL_H
#define SIM_THREADS_CALL_H

#include "call.h"

void patch_thread(struct call *c);
void delete_thread(struct call *c);

#endif
