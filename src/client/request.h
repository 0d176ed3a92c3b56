/* request.h - a REST request: from any thread to the control loop, from there to Discord,
 * and the answer to whoever asked. */
#ifndef CLIENT_REQUEST_H
#define CLIENT_REQUEST_H

#include "answer.h"
#include "json_write.h"

struct request {
    struct mail mail;
    struct answer answer; /* its body is the request's first */
    struct json_writer body;
    const char *method; /* one of Discord's, a literal */
    bool retry_safe;    /* may be sent again after a lost connection */
    char path[];        /* behind the API's base */
};

/* A request without a body; NULL without memory. A printf format for the path. It is
 * freed by request_send. */
struct request *request_new(cordage_client *c, const char *method, cordage_result_fn done,
                            void *user, const char *path, ...)
    __attribute__((format(printf, 5, 6)));
/* Its JSON body: between these two, put it into request.body. */
void request_open(struct request *r);
void request_shut(struct request *r);
/* Asks, as answer_ask: takes it whatever comes of it. `r` NULL: CORDAGE_ENOMEM.
 * CORDAGE_EINVAL: no such method, or no path. CORDAGE_ENOMEM: also where the body could
 * not be written. CORDAGE_EFULL, CORDAGE_ECLOSED. [any thread] */
int request_send(struct request *r);

/* 16 hexadecimal digits, never the same again. */
enum { REQUEST_NONCE_SIZE = 17 };
void request_nonce(cordage_client *c, char nonce[REQUEST_NONCE_SIZE]);

#endif
