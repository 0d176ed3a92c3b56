/* transfer.h - one request as libcurl carries it: set up, filled, told.
 *
 * What http.c (many on a loop) and http_fetch (one, waiting) have in common. */
#ifndef REST_TRANSFER_H
#define REST_TRANSFER_H

#include <curl/curl.h>
#include <openssl/types.h>

#include "http.h"

/* What all transfers share. */
struct transfer_config {
    X509_STORE *trusted; /* read once: a hundred certificates are slow to read */
    char *proxy;         /* NULL: none */
    char *user_agent;
    bool curl_started;
};

int transfer_config_init(struct transfer_config *c, const struct http_options *options,
                         cordage_error *error);
void transfer_config_release(struct transfer_config *c);

struct transfer {
    CURL *easy;
    struct curl_slist *headers;
    struct buf upload; /* the request's body */
    size_t uploaded;
    struct buf head, body; /* of the answer */
    int err;               /* why a callback of ours stopped it */
    char why[CURL_ERROR_SIZE];
};

/* Borrows `c` until the release. On failure nothing is left to release. */
int transfer_init(struct transfer *t, const struct transfer_config *c,
                  const struct http_request *request);
void transfer_release(struct transfer *t);
/* What came of it; borrows from `t`. */
struct http_answer transfer_answer(const struct transfer *t, CURLcode code);

#endif
