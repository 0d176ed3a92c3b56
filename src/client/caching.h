/* caching.h - the client's cache: made from its policies, and rid of what is too old. */
#ifndef CLIENT_CACHING_H
#define CLIENT_CACHING_H

#include "cordage/cordage.h"

/* Fills in c->cache. CORDAGE_ENOMEM. */
int caching_new(cordage_client *c);
/* NULL is fine. No slice is left. */
void caching_free(cordage_client *c);
/* Looks for what is too old once a second, until caching_stop. [control] */
void caching_start(cordage_client *c);
void caching_stop(cordage_client *c);

#endif
