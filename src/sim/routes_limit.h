/* routes_limit.h - Discord's limits on requests, as the simulator has them. Internal to
 * routes.c; what a handler may want of it is call_limited (call.h). */
#ifndef SIM_ROUTES_LIMIT_H
#define SIM_ROUTES_LIMIT_H

#include "call.h"

/* What was asked for, as a report may have it: {text} may be a token. */
void limit_write_request(const struct call *c, char out[REPORT_DETAIL]);
/* The body of a 429. */
void limit_put(struct call *c, double retry_after_s, bool global);

/* False, with the error answered: it was too much. The bucket's headers are set. */
bool limit_pass_global(struct call *c);
bool limit_pass_bucket(struct call *c, const struct route *route);

/* Too many 401, 403 and 429: Cloudflare answers in Discord's place. */
bool limit_is_banned(const struct call *c);
/* Its own HTML, and no Via header. */
void limit_answer_banned(struct call *c);
/* Counts the answer, if it is one of these. */
void limit_count_invalid(struct call *c);

#endif
