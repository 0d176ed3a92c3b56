/* door_gateway.h - the model's websockets on real sockets.
 *
 * Listens on two ports: for new sessions, and for resumes. Slow readers are dropped
 * when too much waits for them; nobody delays anybody. */
#ifndef SIM_DOOR_GATEWAY_H
#define SIM_DOOR_GATEWAY_H

#include "listen.h"
#include "sim.h"

struct door_gateway;

/* Ports 0: free ones. `tls` NULL: plain. Also runs sim_tick when it is due. */
int door_gateway_new(struct loop *loop, struct sim *sim, struct tls_server *tls,
                     const char *address, uint16_t port, uint16_t resume_port,
                     struct door_gateway **out, cordage_error *error);
uint16_t door_gateway_port(const struct door_gateway *d);
uint16_t door_gateway_resume_port(const struct door_gateway *d);
/* The model was changed from outside (a REST request): looks at its deadline again. */
void door_gateway_kick(struct door_gateway *d);
void door_gateway_free(struct door_gateway *d);

#endif
