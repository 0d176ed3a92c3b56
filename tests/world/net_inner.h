/* net_inner.h - the network as vloop.c and vhttp.c see it. */
#ifndef WORLD_NET_INNER_H
#define WORLD_NET_INNER_H

#include "net.h"
#include "host.h"

struct loop;

/* The functions of struct host for a loop of the machine. */
int net_dial(struct host *h, struct wire *w, const struct endpoint *to);
int net_send(struct host *h, struct wire *w, struct str bytes);
size_t net_backlog(struct host *h, const struct wire *w);
void net_pause(struct host *h, struct wire *w, bool paused);
void net_hangup(struct host *h, struct wire *w, enum hangup how);
size_t net_wires(const struct loop *l);
void net_set_write_limit(struct wire *w, size_t limit);
/* Whether the loop is being freed: nobody dials any more. */
bool loop_is_freeing(const struct loop *l);
/* The loop is being freed: its wires are closed now. */
void net_loop_ended(struct loop *l);

const struct net_weather *net_weather(void);
/* From the network's own chance. */
uint64_t net_between(uint64_t min, uint64_t max);
bool net_happens(double share);
/* What it is all about, in one number: each byte that moves. */
void net_note(struct str bytes);
struct routes *net_routes(void);
void net_answered(struct vprocess *p, struct str path, int status, struct str body);

/* Where Discord is. */
enum { NET_API_PORT = 8443, NET_GATEWAY_PORT, NET_RESUME_PORT };

#endif
