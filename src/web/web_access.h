/* web_access.h - who may read the pages: Host, Origin, and the secret. */
#ifndef WEB_ACCESS_H
#define WEB_ACCESS_H

#include "httpd.h"
#include "secret.h"
#include "web.h"

struct web_access {
    struct secret secret;
    char *hosts;    /* owned; NULL: none */
    bool is_remote; /* others than this machine can reach us */
    bool is_secure; /* it is https where the browser is */
};

/* Judges the options, and copies what it needs. CORDAGE_EINVAL with the fix,
 * CORDAGE_ENOMEM. */
int web_access_init(struct web_access *a, const struct web_options *options,
                    cordage_error *error);
void web_access_release(struct web_access *a);

/* True: the request may be answered. Else `out` is the refusal, or what sets the cookie
 * that /?secret=... asks for. `port` is ours. */
bool web_access_allows(const struct web_access *a, const struct httpd_request *r,
                       uint16_t port, struct httpd_answer *out);

#endif
