/* door_http.h - the model's REST side on a real socket, by libmicrohttpd. */
#ifndef SIM_DOOR_HTTP_H
#define SIM_DOOR_HTTP_H

#include "loop.h"
#include "routes.h"

struct door_http;

/* `cert_file` NULL: plain HTTP. After each request `changed` is called. */
int door_http_new(struct loop *loop, struct sim *sim, const char *cert_file,
                  const char *key_file, const char *address, uint16_t port,
                  void (*changed)(void *user), void *user, struct door_http **out,
                  cordage_error *error);
uint16_t door_http_port(const struct door_http *d);
void door_http_free(struct door_http *d);

#endif
