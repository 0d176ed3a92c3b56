/* rest.h - Discord's REST side: routes, in order, within their limits.
 *
 * Requests wait in one queue per route and major parameter, each behind a bucket,
 * all behind the global limit. 429s are waited out and sent again without the
 * caller knowing; 5xx and lost connections are tried again for idempotent methods,
 * and for messages, which carry an enforced nonce. After a 401 the token is not
 * used again. All on the loop's thread. */
#ifndef REST_REST_H
#define REST_REST_H

#include "http.h"
#include "json.h"
#include "limits.h"

struct rest;

struct rest_options {
    const char *api;            /* base URL, "https://discord.com/api/v10"; copied */
    const struct secret *token; /* borrowed */
    struct http_options http;
};

struct rest_answer {
    int err; /* 0; CORDAGE_EHTTP for a status of 400 and over, CORDAGE_EAUTH for 401 */
    long status;
    int code;            /* Discord's own error code, 0 if none */
    const char *message; /* a sentence when err; "" otherwise. Borrowed for the call */
    struct str body;     /* borrowed for the call */
};
typedef void (*rest_done)(void *user, const struct rest_answer *answer);

int rest_new(struct loop *loop, const struct rest_options *options, struct rest **out,
             cordage_error *error);
void rest_free(struct rest *r);
/* `route` is the path behind the base, "/channels/123/messages". `body` is JSON, copied,
 * empty: none. `retry_safe`: may be sent again after a lost connection although its
 * method is not idempotent (it has an enforced nonce). CORDAGE_EFULL, _ENOMEM: nothing
 * follows. */
int rest_send(struct rest *r, const char *method, const char *route, struct str body,
              bool retry_safe, rest_done done, void *user);

#endif
