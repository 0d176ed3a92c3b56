/* authority.h - who may talk to an HTTP server: those who call it by its own name.
 *
 * A page in a browser can be made to ask any address, and a name can be made to resolve
 * to this machine; both give themselves away in the headers Host and Origin. */
#ifndef HTTPD_AUTHORITY_H
#define HTTPD_AUTHORITY_H

#include "str.h"

/* `host` is localhost, 127.0.0.1 or [::1] with `port`, and `origin`, if there is one, is
 * a page of the same. */
bool authority_is_own(struct str host, struct str origin, uint16_t port);
/* `host` is one of `names` (separated by commas; NULL: none) with any port or none, or,
 * with `numeric`, an IP address; and `origin`, if there is one, is a page of that very
 * host. */
bool authority_is_named(struct str host, struct str origin, const char *names,
                        bool numeric);

#endif
