/* door_gateway.h - the model's websockets on real sockets.
 *
 * Listens on two ports: for new sessions, and for resumes. What waits for a slow
 * reader waits in the model, which drops it when that is too much; nobody delays
 * anybody. Runs sim_tick when it is due. */
#ifndef SIM_DOOR_GATEWAY_H
#define SIM_DOOR_GATEWAY_H

#include "listen.h"
#include "sim.h"

struct door_gateway;

enum { DOOR_CONNECTIONS_MAX = 8192 }; /* per port: more are refused */

/* Ports 0: free ones. `tls` NULL: plain. `loop`, `sim` and `tls` are borrowed for its
 * life. */
int door_gateway_new(struct loop *loop, struct sim *sim, struct tls_server *tls,
                     const char *address, uint16_t port, uint16_t resume_port,
                     struct door_gateway **out, cordage_error *error);
uint16_t door_gateway_port(const struct door_gateway *d);
uint16_t door_gateway_resume_port(const struct door_gateway *d);
/* The model was changed from outside (a REST request): looks at its deadline again. */
void door_gateway_kick(struct door_gateway *d);
/* Drops the connections; their sessions are as after any loss. Memory goes when the loop
 * has let go of every socket: before loop_free returns. */
void door_gateway_free(struct door_gateway *d);

#endif
