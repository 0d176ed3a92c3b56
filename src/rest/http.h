/* http.h - one HTTPS request after another, by libcurl on a loop.
 *
 * Redirects are off, HTTP/2 where the peer speaks it, at most LIMIT_HTTP_BODY of
 * answer. Knows nothing of Discord. All calls on the loop's thread. */
#ifndef REST_HTTP_H
#define REST_HTTP_H

#include "buf.h"
#include "list.h"
#include "loop.h"
#include "secret.h"

struct http;

struct http_request {
    const char *method;
    const char *url;            /* copied */
    struct str body;            /* copied; empty: none */
    const char *content_type;   /* with a body */
    const struct secret *token; /* sent as "Authorization: Bot …"; NULL: none */
    uint32_t timeout_ms;        /* 0: 15000 */
};

struct http_answer {
    int err;         /* 0, or CORDAGE_ENET, _ETLS, _ETIMEOUT, _ENOMEM, _ELIMIT */
    const char *why; /* a phrase for it; "" when err is 0 */
    long status;     /* HTTP status, 0 with err */
    struct str body; /* borrowed for the call; BUF_SLACK bytes behind are readable */
    struct str (*header)(const struct http_answer *a,
                         const char *name); /* "" if absent */
    const void *own;
};

typedef void (*http_done)(void *user, const struct http_answer *answer);

struct http_options {
    const char *ca_file; /* added to the system's store; NULL: none */
    const char *proxy;   /* NULL: none (the environment is not asked) */
    const char *user_agent;
};

int http_new(struct loop *loop, const struct http_options *options, struct http **out,
             cordage_error *error);
/* What is under way ends with CORDAGE_ECLOSED, each callback called once. */
void http_free(struct http *h);
/* 0: `done` will be called once, never from inside. */
int http_send(struct http *h, const struct http_request *request, http_done done,
              void *user);

/* The same, waiting, without a loop; the caller's thread blocks. The body is appended to
 * `body`. 0 when an answer came, whatever its status. */
int http_fetch(const struct http_options *options, const struct http_request *request,
               long *status, struct buf *body, cordage_error *error);

#endif
