/* listen.h - accepting connections, with TLS or without. */
#ifndef NET_LISTEN_H
#define NET_LISTEN_H

#include "loop.h"

struct listener;

/* A connection has come (and its TLS handshake is done). `peer` is "127.0.0.1:50123",
 * borrowed for the call. Return the wire, with ops set, that it shall be; NULL refuses
 * it. The listener may be freed inside. */
typedef struct wire *(*listener_accept)(void *user, const char *peer);

/* `address` is numeric; port 0 takes a free one. `tls` (borrowed) NULL: plain.
 * CORDAGE_ENET with a sentence that names address and port. At most `max` connections at
 * one time: one more takes the place of the oldest whose handshake is unfinished, or is
 * closed at once where there is none. A handshake has 10 s. */
int listener_new(struct loop *l, const char *address, uint16_t port,
                 struct tls_server *tls, size_t max, listener_accept accept, void *user,
                 struct listener **out, cordage_error *error);
uint16_t listener_port(const struct listener *l);
/* What may wait to be written to each connection accepted from now on, in place of
 * LIMIT_WRITE_QUEUE. */
void listener_set_write_limit(struct listener *l, size_t limit);
/* Its connections live on, but for those in their handshake. NULL is fine. */
void listener_free(struct listener *l);

#endif
