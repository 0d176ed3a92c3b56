/* route.h - which queue a request belongs to. Pure.
 *
 * Discord counts requests per method, route template and major parameter: the first
 * guild, channel or webhook in the path. Everything else in a path is a detail:
 * PATCH /channels/1/messages/2 and .../3 share a queue, /channels/9/... does not. */
#ifndef REST_ROUTE_H
#define REST_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "str.h"

struct route {
    uint64_t key;   /* of its queue. Two routes of one key by chance would share it:
                       slower, not wrong */
    char name[160]; /* "POST /channels/:id/messages": for logs and errors, without ids and
                       without the tokens that some paths have */
    bool idempotent;  /* the method may be repeated */
    bool is_read;     /* GET: these may overtake each other */
    bool wants_token; /* the bot's; not where the path has one of its own: webhooks, and
                         answers to interactions... */
    bool exempt;      /* ...which the bot's global limit does not count */
};

/* `path` is what stands behind the base URL: "/channels/1/messages?limit=5". `wall` is
 * Unix time in ms: deleting a message older than two weeks is counted apart. */
struct route route_of(const char *method, struct str path, uint64_t wall);

/* Whether a request may be sent there: a path of printable characters that begins with
 * '/', and one of the methods that Discord knows. */
bool route_is_fine(const char *method, struct str path);

#endif
