/* rest.h - Discord's REST side: routes, in order, within their limits.
 *
 * Requests wait in one queue per route and major parameter (route.h), each behind a
 * bucket, all behind the global limit. What changes something goes one after another in
 * the order it came; reads of one queue may overtake each other. 429s are waited out and
 * sent again without the caller knowing; 5xx and lost connections are tried again, a few
 * times, for idempotent methods and for messages, which carry an enforced nonce. After a
 * 401 the token is not used again. All on the loop's thread; waits are the host's. */
#ifndef REST_REST_H
#define REST_REST_H

#include "http.h"
#include "limits.h"

struct rest;

struct rest_options {
    const char *api;            /* base URL, "https://discord.com/api/v10"; copied */
    const struct secret *token; /* borrowed until rest_free */
    struct http_options http;   /* user_agent NULL: ours */
};

struct rest_answer {
    int err; /* 0; CORDAGE_EHTTP: a status that is no success; CORDAGE_EAUTH: 401, now or
                earlier; CORDAGE_ECLOSED: rest_free; or what http.h has, after the last
                try */
    long status;         /* 0: there was no answer */
    int code;            /* Discord's own error code, 0 if none */
    const char *message; /* a sentence when err; "" otherwise. Borrowed for the call */
    struct str body;     /* borrowed for the call; BUF_SLACK bytes behind are readable */
};
typedef void (*rest_done)(void *user, const struct rest_answer *answer);

int rest_new(struct loop *loop, const struct rest_options *options, struct rest **out,
             cordage_error *error);
/* What has not been answered ends with CORDAGE_ECLOSED, each callback called once, from
 * inside this call. May be called from a callback. Before loop_free. NULL is fine. */
void rest_free(struct rest *r);
/* `route` is the path behind the base, "/channels/123/messages?x=y"; copied. `body` is
 * JSON, copied, empty: none. `retry_safe`: may be sent again after a lost connection
 * although its method is not idempotent (it has an enforced nonce). 0: `done` is called
 * exactly once, never from inside. CORDAGE_EFULL: LIMIT_REST_QUEUE requests wait;
 * CORDAGE_EINVAL: no such method or path, _ENOMEM, _ECLOSED: it is not called. */
int rest_send(struct rest *r, const char *method, const char *route, struct str body,
              bool retry_safe, rest_done done, void *user);
/* In a fleet: how many requests a second this process may send, of the bot's 50, and how
 * many may be refused in ten minutes, of the address's 9,000, before it sends none for a
 * while (global.h). Without it, all of them. */
void rest_set_share(struct rest *r, uint32_t per_s, uint32_t refused_max);
/* How many requests have not been answered. */
size_t rest_waiting(const struct rest *r);

#endif
