/* fetch.h - one HTTP GET, waited for: for commands that have nothing else to do. */
#ifndef CMD_FETCH_H
#define CMD_FETCH_H

#include "buf.h"
#include "error.h"

/* The body of a 200 answer is appended to `body` (at most LIMIT_HTTP_BODY). `ca_file` is
 * trusted instead of the system's store; NULL: the system's. CORDAGE_ENET, _EHTTP and so
 * on, with a sentence that names the URL. */
int fetch(const char *url, const char *ca_file, struct buf *body, cordage_error *error);

#endif
