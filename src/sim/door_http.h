/* door_http.h - the model's REST side on a real socket.
 *
 * Runs on the loop, so that it shares the model with the gateway's door and needs no
 * lock. */
#ifndef SIM_DOOR_HTTP_H
#define SIM_DOOR_HTTP_H

#include "loop.h"
#include "routes.h"

struct door_http;

struct door_http_options {
    const char *address;   /* numeric: "127.0.0.1" */
    uint16_t port;         /* 0: a free one */
    const char *cert_file; /* PEM, the chain; NULL: plain HTTP */
    const char *key_file;
    uint32_t timeout_ms; /* 0: 60000 */
    /* After each request: the model may have changed. May be NULL. */
    void (*changed)(void *user);
    void *user;
};

/* `loop` and `routes` are borrowed for its life. CORDAGE_ENET with a sentence that names
 * address and port, CORDAGE_EINVAL for unusable certificate files, CORDAGE_ENOMEM. */
int door_http_new(struct loop *loop, struct routes *routes,
                  const struct door_http_options *options, struct door_http **out,
                  cordage_error *error);
uint16_t door_http_port(const struct door_http *d);
/* Not from inside `changed`. Its handles close within the loop's next turn or loop_free.
 */
void door_http_free(struct door_http *d);

#endif
