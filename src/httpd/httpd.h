/* httpd.h - an HTTP server on the loop, by libmicrohttpd: requests in, answers out.
 *
 * No client can hold it up: connections are counted, bodies are bounded one by one and in
 * sum, and a connection that takes over `timeout_ms` for one step (its request's head,
 * its body, reading the answer, thinking of the next) is dropped. Everything on the loop.
 */
#ifndef HTTPD_HTTPD_H
#define HTTPD_HTTPD_H

#include "buf.h"
#include "cordage/error.h"
#include "loop.h"

struct httpd;
struct httpd_request;

enum { HTTPD_HEADERS_MAX = 16 };

struct httpd_answer {
    unsigned status;
    struct buf body; /* taken over */
    struct {
        char name[32], value[512];
    } headers[HTTPD_HEADERS_MAX];
    unsigned n_headers;
    bool later;        /* there is none yet: httpd_answer_later gives it */
    uint32_t delay_ms; /* it goes out so much later, on the loop's clock */
};

struct httpd_options {
    const char *address;   /* numeric: "127.0.0.1" */
    uint16_t port;         /* 0: a free one */
    const char *cert_file; /* PEM, the chain; NULL: plain HTTP */
    const char *key_file;
    uint32_t timeout_ms;      /* 0: 60000 */
    unsigned max_connections; /* 0: 1024; not under 16 */
    size_t all_bodies;        /* the sum of all bodies under way */
    /* The largest body that a request with this method and path may have. NULL: none. */
    size_t (*body_limit)(void *user, const char *method, struct str path);
    /* Answers one request, now, into a zeroed `out`; or sets `later`. */
    void (*answer)(void *user, const struct httpd_request *r, struct httpd_answer *out);
    /* The same for one whose body is too large, and isn't there. NULL: a bare 413. */
    void (*too_large)(void *user, const struct httpd_request *r,
                      struct httpd_answer *out);
    void *user;
};

/* CORDAGE_ENET with a sentence that names address and port, CORDAGE_EINVAL for unusable
 * certificate files, CORDAGE_ENOMEM. */
int httpd_new(struct loop *loop, const struct httpd_options *options, struct httpd **out,
              cordage_error *error);
uint16_t httpd_port(const struct httpd *h);
/* Not from inside `answer`. Its handles close within the loop's next turn or loop_free.
 * NULL is fine. */
void httpd_free(struct httpd *h);

/* Inside `answer`: all borrowed for the call. Of the body, BUF_SLACK bytes behind it are
 * readable; the path is percent-encoded, as it came; the query is what is behind the '?'.
 */
const char *httpd_method(const struct httpd_request *r);
struct str httpd_path(const struct httpd_request *r);
struct str httpd_query(const struct httpd_request *r);
struct str httpd_body(const struct httpd_request *r);
/* NULL: it has none. */
const char *httpd_header(const struct httpd_request *r, const char *name);
/* The answer to a request that was put off (whose body is gone by now, and perhaps its
 * connection). Takes the answer. Exactly once for each, before httpd_free, and not from
 * inside `answer`. */
void httpd_answer_later(struct httpd_request *r, struct httpd_answer *answer);
/* Cut to fit; asserts that there is room for one more. */
void httpd_add_header(struct httpd_answer *a, const char *name, const char *value);

#endif
