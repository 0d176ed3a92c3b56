/* net.h - the machine's network, and Discord at the other end of it.
 *
 * Discord is the simulator's model behind its real websocket door (door_socket.h), on a
 * host of its own: masks, compression and closing are real. REST is its real routes,
 * behind this folder's http.h. A connection's bytes take time, in each direction, and
 * keep their order; those of different connections overtake each other. [outside, but
 * where said] */
#ifndef WORLD_NET_H
#define WORLD_NET_H

#include "routes.h"
#include "sim.h"

struct vprocess;

/* How things are. Times in ms; what is drawn is drawn for each piece of bytes. */
struct net_weather {
    uint32_t latency_min, latency_max;
    uint32_t rest_min, rest_max; /* until an answer comes */
    double dial_fails;           /* the share of dials that are refused */
    double rest_fails;           /* the share of requests that fail or get a 5xx */
    uint32_t chunk_max;          /* bytes come in pieces of at most so many; 0: whole */
    bool down;                   /* nothing gets through: dials time out, requests too */
};

/* Makes Discord. Its clock is the machine's. `config` as for sim_new. */
void net_start(const struct sim_config *config, const struct routes_config *routes);
void net_stop(void);
struct sim *net_sim(void);
/* Where its REST API is, for CORDAGE_API. */
#define NET_API "https://127.0.0.1:8443/api/v10"
/* A number that follows from each byte that has moved, and when. */
uint64_t net_hash(void);
/* At first: 5 to 60 ms, REST 20 to 300, and nothing fails. */
void net_set_weather(const struct net_weather *w);
/* A client that cannot be heard misses its heartbeat: that goes into no report. Not
 * while nothing gets through, its process is stopped, or its connection is half-open, nor
 * for a while after.
 *
 * A random open connection (NULL: of any process): cut (reset), or half-open (nothing
 * comes through any more, and nobody is told). False: there was none. */
bool net_cut(struct vprocess *of, uint64_t chance);
bool net_freeze(struct vprocess *of, uint64_t chance);
/* Open connections to the gateway. */
size_t net_connections(void);
/* For who watches, each called where it happens and outside of all threads or inside, as
 * it comes; NULL members are fine. Connections to the gateway are numbered from 1, and no
 * number comes twice. */
struct net_watch {
    /* A client dials. */
    void (*dialled)(struct vprocess *p, uint64_t conn);
    /* A payload comes to Discord, before the model gets it; the last of its bytes left
     * the client at `left`. `p` may have ended since. */
    void (*sent)(struct vprocess *p, uint64_t conn, uint64_t left, struct str payload);
    /* The client's end is no more: hung up (its close frame may be on the way), refused,
     * reset, or its process died. Once for each. */
    void (*closed)(struct vprocess *p, uint64_t conn);
    /* A REST answer that reaches the client; `status` 0: it failed. */
    void (*answered)(struct vprocess *p, struct str path, int status, struct str body);
};
void net_on(const struct net_watch *watch);

#endif
