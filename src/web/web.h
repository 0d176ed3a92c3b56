/* web.h - the fleet in a browser and for monitoring: read-only pages over HTTP.
 *
 *     /            the dashboard (with /page.css, /page.js and /icon.svg)
 *     /metrics     for Prometheus
 *     /healthz     200 while the supervisor works
 *     /readyz      200 when every shard is ready, else 503 and what is missing
 *     /api/status  the document of `cordage status --json`
 *
 * Nothing here changes anything. Host and Origin are checked, so that no page elsewhere
 * can read it by DNS rebinding: Host must be a name of loopback, one of `hosts` or, where
 * other machines can reach us, an IP address; Origin, if there is one, must be the same.
 * Beyond loopback a secret is demanded (Authorization: Bearer SECRET, or a cookie that
 * /?secret=... sets), and TLS or `behind_proxy`. */
#ifndef WEB_WEB_H
#define WEB_WEB_H

#include "httpd.h"
#include "view.h"

struct web;

struct web_options {
    const char *address; /* numeric; "127.0.0.1" */
    uint16_t port;
    bool any_port;      /* when `port` is taken, the next free of ten */
    const char *secret; /* NULL: none, which is for loopback only */
    const char *hosts;  /* further names that Host may have, separated by commas */
    bool behind_proxy;  /* plain HTTP beyond loopback: somebody else does TLS */
    const char *cert_file, *key_file;
};

/* `view` is asked at each request. CORDAGE_EINVAL with a sentence that names the setting
 * and the fix, CORDAGE_ENET (the port), CORDAGE_ENOMEM. */
int web_new(struct loop *loop, const struct web_options *options,
            const struct view *(*view)(void *user), void *user, struct web **out,
            cordage_error *error);
/* "http://127.0.0.1:7430/" */
const char *web_url(const struct web *w);
void web_free(struct web *w);

/* metrics.c: appends the metrics in Prometheus' text format 0.0.4. CORDAGE_ENOMEM. */
int web_metrics(const struct view *v, struct buf *out);

#endif
