/* http.h - one HTTPS request after another, by libcurl on a loop.
 *
 * Redirects are off, HTTP/2 where the peer speaks it (over one connection; else over a
 * few), TLS 1.2 at least, at most LIMIT_HTTP_BODY of answer. The system's certificates
 * are trusted, and a CA file besides. The environment's proxies are not asked. Knows
 * nothing of Discord. All calls on the loop's thread, but for http_fetch. */
#ifndef REST_HTTP_H
#define REST_HTTP_H

#include "buf.h"
#include "loop.h"
#include "secret.h"

struct http;

struct http_request {
    const char *method;
    const char *url;            /* copied */
    struct str body;            /* copied; empty: none */
    const char *content_type;   /* with a body */
    const struct secret *token; /* sent as "Authorization: Bot …"; NULL: none */
    const char *const *headers; /* more of them, "Name: value", NULL behind the last;
                                   copied. NULL: none */
    uint32_t timeout_ms;        /* of real time, for all of it; 0: 15000 */
    /* libcurl quietly repeats a request whose kept-alive connection turns out to be
     * dead. Not this one once its body has left: it fails with CORDAGE_ENET. */
    bool at_most_once;
};

struct http_answer {
    int err; /* 0, or CORDAGE_ENET, _ETLS, _ETIMEOUT, _ENOMEM, _ELIMIT, _EINVAL (the
                URL), _ECLOSED (http_free) */
    const char *why; /* a phrase for it; "" when err is 0 */
    bool unsent;     /* with err: nothing of the request has reached the peer */
    long status;     /* HTTP status, 0 with err */
    struct str body; /* borrowed for the call; BUF_SLACK bytes behind are readable */
    struct str head; /* header lines, for http_header; borrowed likewise */
};

/* The value of a header, its name in any case; empty if it is not there. */
struct str http_header(struct str head, const char *name);

typedef void (*http_done)(void *user, const struct http_answer *answer);

struct http_options {
    const char *ca_file;    /* added to the system's store; NULL: none */
    const char *proxy;      /* "http://host:port" to CONNECT through; NULL: none */
    const char *user_agent; /* NULL: none is sent */
};

/* Copies the options. CORDAGE_EINVAL when the CA file cannot be used, and says why. */
int http_new(struct loop *loop, const struct http_options *options, struct http **out,
             cordage_error *error);
/* What is under way ends with CORDAGE_ECLOSED, each callback called once, from inside
 * this call. May be called from a callback. The loop must turn once more before it is
 * freed (loop_free sees to it). NULL is fine. */
void http_free(struct http *h);
/* 0: `done` will be called once, never from inside. CORDAGE_ENOMEM: it will not. */
int http_send(struct http *h, const struct http_request *request, http_done done,
              void *user);

/* An answer that was waited for; a zeroed one is valid. */
struct http_got {
    long status;
    struct buf body, head;
};
void http_got_release(struct http_got *got);

/* The same, waiting, without a loop; the caller's thread blocks. 0 when an answer came,
 * whatever its status; *got is then to be released. Else *error has a phrase. */
int http_fetch(const struct http_options *options, const struct http_request *request,
               struct http_got *got, cordage_error *error);

#endif
