/* rest_inner.h - a request's life, as the two files of rest.h see it.
 *
 * rest_send puts a request at the end of its queue and wakes the pump. The pump (rest.c)
 * sends what may go: the head of each queue, if its bucket and the global limit let it.
 * An answer (rest_answer.c) either ends the request or, with a 429 or a lost connection,
 * puts it back at the head of its queue with a time before which it does not go; the pump
 * runs again.
 *
 * A callback may call anything, rest_free too: so lists are not walked while one runs,
 * and the memory goes when the outermost of our own calls has returned (`depth`). */
#ifndef REST_REST_INNER_H
#define REST_REST_INNER_H

#include "global.h"
#include "json.h"
#include "list.h"
#include "map.h"
#include "bucket.h"
#include "rest.h"
#include "route.h"

struct request {
    struct link link; /* on its queue while it waits, on `failed`, or on none */
    struct rest *rest;
    struct queue *queue;
    struct route route;
    char *method, *path; /* owned, in one block with the request */
    struct buf body;
    bool retry_safe;
    unsigned tries;
    uint64_t not_before;
    int failed; /* on `failed`: why */
    rest_done done;
    void *user;
};

/* Requests of one route and major parameter. */
struct queue {
    struct link link; /* on `active` while requests wait, else on `idle`, by last use */
    uint64_t key;
    struct link waiting;
    struct bucket bucket;
    unsigned reads, writes; /* under way */
    uint64_t used_at;
};

struct rest {
    struct host *host;
    struct http *http;
    char *api;
    const struct secret *token;
    struct json_parser *parser;
    struct global global;
    struct map queues;
    struct link active, idle;
    struct link failed; /* requests that end without having been sent */
    struct timer timer;
    size_t n_requests;
    unsigned depth;
    bool token_refused;
    bool freed;
};

static inline void rest_enter(struct rest *r)
{
    r->depth++;
}

static inline void rest_leave(struct rest *r)
{
    if (--r->depth == 0 && r->freed)
        free(r);
}

/* Puts the queue on the list where it belongs now. */
void rest_queue_settle(struct rest *r, struct queue *q);
/* Sends what may go now, and sets the timer for what may go later. */
void rest_pump(struct rest *r);
/* An answer to the request `user`, or its loss: an http_done. */
void rest_on_answer(void *user, const struct http_answer *a);
/* Ends `q` without an answer of Discord's. `why` NULL: the code says it. Afterwards `q`
 * is gone, and perhaps all of `r` but itself. */
void rest_finish_failed(struct rest *r, struct request *q, int err, const char *why);
void rest_request_free(struct request *q);

#endif
