/* server.h - the whole simulator on real sockets: the model, and both doors to it.
 *
 * Three ports on one address: REST, the gateway, and the gateway for resumes. All on one
 * loop, whose thread must not do anything slow.
 *
 *     server_start -> loop_run ... -> server_close -> loop_free -> server_release */
#ifndef SIM_SERVER_H
#define SIM_SERVER_H

#include "door_gateway.h"
#include "door_http.h"
#include "limits.h"
#include "server_cert.h"

struct server_options {
    struct sim_config sim;
    struct routes_config routes;
    const char *address;      /* "127.0.0.1" or "::1" */
    uint16_t port;            /* of REST; the gateway's are the next two. 0: free ones */
    const char *certificates; /* where server_cert.h keeps them; NULL: http and ws */
};
/* 127.0.0.1, free ports, without TLS. */
void server_options_default(struct server_options *o);

/* A zeroed one is valid and not started. The strings are for printing. */
struct server {
    struct sim *sim;
    struct routes *routes;
    struct tls_server *tls;
    struct door_gateway *gateway;
    struct door_http *http;
    struct server_cert cert; /* empty without TLS */
    char api[LIMIT_URL];     /* "https://127.0.0.1:8443/api/v10" */
    char gateway_url[LIMIT_URL];
    char resume_url[LIMIT_URL];
};

/* Listens. `s` must not move until it is released. On failure all is taken back (it needs
 * neither close nor release) and *error has a sentence; CORDAGE_ENET: a port is taken. */
int server_start(struct server *s, struct loop *loop,
                 const struct server_options *options, cordage_error *error);
/* Stops listening and drops the connections. */
void server_close(struct server *s);
/* Once the loop is gone, or will not run any more: frees the model. */
void server_release(struct server *s);

#endif
