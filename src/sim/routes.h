/* routes.h - the simulator's REST side, pure: a request in, an answer out.
 *
 * Knows Discord's routes that a sharded bot needs, its error bodies and its rate limits,
 * and the simulator's own control routes below /_sim/. The path is judged first, then the
 * caller: an unknown one is a 404, a wrong method a 405, a wrong token a 401, and only
 * then do limits count. Requests must be named to our own address, and come from no
 * foreign web page: the control routes need no secret.
 *
 * Limits: one bucket per method, route and major parameter, a window of `limit` requests
 * that begins with its first; a global window of a second; and a count of 401, 403 and
 * 429 answers, 10,000 of which in 10 minutes bring Cloudflare's HTML instead of Discord's
 * JSON. Each 429 is a broken rule in the report. */
#ifndef SIM_ROUTES_H
#define SIM_ROUTES_H

#include "sim.h"

struct routes;

struct routes_config {
    uint32_t message_limit; /* messages per channel and 5 s, default 5; 0: no bucket */
    uint32_t global_limit;  /* requests per second, default 50; 0: none */
};
void routes_config_default(struct routes_config *c);

struct sim_request {
    struct str method, path;  /* as they came; the path percent-encoded, without query */
    struct str query;         /* behind the '?', or empty */
    struct str authorization; /* headers, or empty */
    struct str content_type;
    struct str host, origin;
    struct str reason; /* X-Audit-Log-Reason, percent-encoded */
    struct str body;   /* BUF_SLACK bytes behind it are readable */
    uint16_t port;     /* the one it came to */
};

struct sim_header {
    const char *name; /* a literal */
    char value[64];
};

struct sim_answer {
    int status;
    const char *content_type; /* NULL: there is no body */
    struct buf body;          /* owned by the caller */
    struct sim_header headers[10];
    size_t n_headers;
    uint32_t delay_ms; /* a fault: it goes out so much later */
};
void sim_answer_release(struct sim_answer *a);
/* The value of a header, or empty. */
struct str sim_answer_header(const struct sim_answer *a, const char *name);

/* `sim` is borrowed for its life. CORDAGE_ENOMEM. */
int routes_new(struct sim *sim, const struct routes_config *config, struct routes **out);
void routes_free(struct routes *r);

/* Always answers, into a zeroed `answer`: errors have Discord's own bodies, and without
 * memory it is a 500. */
void routes_answer(struct routes *r, const struct sim_request *request, uint64_t now,
                   struct sim_answer *answer);

/* How many bytes of body a path may take: beyond, it is routes_too_large's answer. */
size_t routes_body_limit(struct str path);
void routes_too_large(struct str path, struct sim_answer *answer);

#endif
