/* listen.h - accepting connections, with TLS or without. */
#ifndef NET_LISTEN_H
#define NET_LISTEN_H

#include "loop.h"

struct listener;

/* A connection has come (and its TLS handshake is done). Return the wire, with ops set,
 * that it shall be; NULL refuses it. */
typedef struct wire *(*listener_accept)(void *user, const char *peer);

/* `address` is numeric; port 0 takes a free one. `tls` NULL: plain. CORDAGE_ENET with a
 * sentence that names address and port. At most `max` connections at one time, the oldest
 * unfinished handshakes are dropped after 10 s. */
int listener_new(struct loop *l, const char *address, uint16_t port, struct tls_server *tls,
                 size_t max, listener_accept accept, void *user, struct listener **out,
                 cordage_error *error);
uint16_t listener_port(const struct listener *l);
/* Its connections live on. */
void listener_free(struct listener *l);

#endif
