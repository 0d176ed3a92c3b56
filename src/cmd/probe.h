/* probe.h - is the gateway there? Connects, reads HELLO, and leaves without IDENTIFY. */
#ifndef CMD_PROBE_H
#define CMD_PROBE_H

#include "error.h"
#include "url.h"

struct probe_options {
    const char *ca_file; /* besides the system's store; NULL: none */
    const char *proxy;   /* NULL: none */
    unsigned timeout_ms; /* 0: 10000 */
};

struct probe_result {
    uint32_t took_ms;     /* until HELLO: TCP, TLS, websocket and all */
    uint32_t interval_ms; /* of the heartbeat, as HELLO says */
};

/* Waits. `url` is the gateway's own, without a query. 0, or CORDAGE_ENET, _ETLS,
 * _ETIMEOUT, _EPROTO and so on, with a phrase. */
int probe_gateway(const char *url, const struct probe_options *options,
                  struct probe_result *out, cordage_error *error);

#endif
