/* authority.h - who may talk to a door: programs on this machine, under its own name.
 *
 * A page in a browser can be made to ask any address, and a name can be made to resolve
 * to this machine; both give themselves away in the headers Host and Origin. */
#ifndef SIM_AUTHORITY_H
#define SIM_AUTHORITY_H

#include "str.h"

/* `host` is localhost, 127.0.0.1 or [::1] with `port`, and `origin`, if there is one, is
 * a page of the same. */
bool authority_is_own(struct str host, struct str origin, uint16_t port);

#endif
