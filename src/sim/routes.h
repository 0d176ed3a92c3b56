/* routes.h - the simulator's REST side, pure: a request in, an answer out. */
#ifndef SIM_ROUTES_H
#define SIM_ROUTES_H

#include "sim.h"

struct sim_request {
    struct str method, path; /* path with "/api/v10" in front, as it came, without query */
    struct str query;
    struct str authorization; /* the header's value, or empty */
    struct str content_type;
    struct str host, origin;  /* headers, or empty */
    struct str body;
};

struct sim_header {
    const char *name;
    char value[128];
};

struct sim_answer {
    int status;
    struct buf body; /* JSON; owned by the caller */
    struct sim_header headers[12];
    size_t n_headers;
};

/* Always answers: errors have Discord's own bodies. */
void sim_rest(struct sim *s, const struct sim_request *request, uint64_t now,
              struct sim_answer *answer);

#endif
