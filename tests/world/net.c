/* Discord at the network's other end, and what becomes of the network. */
#include "net.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "side.h"
#include "sim_model.h"

enum { EXCUSE_MS = 70 * 1000 /* for a heartbeat, after what kept it from coming */ };

struct net the_net;

/* ---- Chance ------------------------------------------------------------------------ */

uint64_t net_between(uint64_t min, uint64_t max)
{
    return max > min ? min + rng_below(&the_net.rng, max - min + 1) : min;
}

bool net_happens(double share)
{
    return share > 0 && (double)(rng_next(&the_net.rng) >> 11) * 0x1p-53 < share;
}

void net_note(struct str bytes)
{
    uint64_t h = the_net.hash ^ machine_now(), word;
    size_t i = 0;

    for (; i + sizeof word <= bytes.n; i += sizeof word) {
        memcpy(&word, bytes.p + i, sizeof word);
        h = (h ^ word) * 0x9e3779b97f4a7c15ULL;
        h ^= h >> 32;
    }
    for (; i < bytes.n; i++)
        h = (h ^ (unsigned char)bytes.p[i]) * 0x100000001b3ULL;
    the_net.hash = h * 0x9e3779b97f4a7c15ULL + bytes.n;
}

uint64_t net_hash(void)
{
    return the_net.hash;
}

/* ---- Weather ------------------------------------------------------------------------
 */

const struct net_weather *net_weather(void)
{
    return &the_net.weather;
}

static void settle_all(void)
{
    struct link *at;

    for (at = the_net.conns.next; at != &the_net.conns; at = at->next) {
        struct conn *c = CONTAINER_OF(at, struct conn, link);

        side_settle(&c->client);
        side_settle(&c->discord);
    }
}

void net_set_weather(const struct net_weather *w)
{
    /* What TCP repeats comes a while after the way is free. */
    if (the_net.weather.down)
        the_net.down_last = machine_now();
    if (the_net.weather.down && !w->down)
        the_net.held_until = machine_now() + net_between(0, 3000);
    the_net.weather = *w;
    settle_all();
}

static struct conn *choose(struct vprocess *of, uint64_t chance)
{
    struct link *at;
    size_t n = 0;

    for (int pass = 0; pass < 2; pass++) {
        size_t wanted = n ? (size_t)(chance % n) : 0;

        n = 0;
        for (at = the_net.conns.next; at != &the_net.conns; at = at->next) {
            struct conn *c = CONTAINER_OF(at, struct conn, link);

            if ((of && c->process != of) || c->client.state != SIDE_OPEN || c->is_frozen)
                continue;
            if (pass == 1 && n == wanted)
                return c;
            n++;
        }
        if (n == 0)
            return NULL;
    }
    return NULL;
}

bool net_cut(struct vprocess *of, uint64_t chance)
{
    struct conn *c = choose(of, chance);

    if (!c)
        return false;
    side_be_over(&c->client, CORDAGE_ENET, "connection reset by peer");
    side_be_over(&c->discord, CORDAGE_ENET, "connection reset by peer");
    return true;
}

bool net_freeze(struct vprocess *of, uint64_t chance)
{
    struct conn *c = choose(of, chance);

    if (!c)
        return false;
    c->is_frozen = true;
    side_settle(&c->client);
    side_settle(&c->discord);
    return true;
}

size_t net_connections(void)
{
    struct link *at;
    size_t n = 0;

    for (at = the_net.conns.next; at != &the_net.conns; at = at->next)
        n += CONTAINER_OF(at, struct conn, link)->client.state == SIDE_OPEN;
    return n;
}

/* ---- Discord's host -----------------------------------------------------------------
 */

static uint64_t discord_now(struct host *h)
{
    (void)h;
    return machine_now();
}

static uint64_t discord_wall(struct host *h)
{
    (void)h;
    return machine_true_wall();
}

static uint64_t discord_random(struct host *h)
{
    (void)h;
    return rng_next(&the_net.rng);
}

static void discord_arm(struct host *h, struct timer *t, uint64_t at)
{
    (void)h;
    machine_arm(t, at);
}

static void discord_disarm(struct host *h, struct timer *t)
{
    (void)h;
    machine_disarm(t);
}

static void on_tick(struct timer *t)
{
    (void)t;
    sim_tick(the_net.sim, machine_now());
}

/* Whatever has been done to the model, by whomever, since time last moved. */
static void look_at_deadline(void)
{
    uint64_t at = the_net.sim ? sim_deadline(the_net.sim) : UINT64_MAX;

    if (at == UINT64_MAX)
        machine_disarm(&the_net.tick);
    else if (!the_net.tick.place || the_net.tick.at != at)
        machine_arm(&the_net.tick, at);
}

static void on_changed(void *user)
{
    (void)user; /* look_at_deadline sees it */
}

__typeof__(sim_receive) __real_sim_receive, __wrap_sim_receive;
void __wrap_sim_receive(struct sim_conn *c, struct str payload, bool binary, uint64_t now)
{
    struct conn *from = the_net.delivering;

    if (from && the_net.watch.sent)
        the_net.watch.sent(from->process, from->id, from->left, payload);
    __real_sim_receive(c, payload, binary, now);
}

/* A heartbeat that couldn't come is nobody's fault. */
static bool is_excused(const struct conn *c)
{
    uint64_t now = machine_now();

    return c->is_frozen || the_net.weather.down || now - the_net.down_last < EXCUSE_MS ||
           c->process->is_stopped || now - c->process->stopped_last < EXCUSE_MS ||
           c->process->has_ended;
}

static bool is_shard_excused(uint32_t shard_id, uint32_t shard_count)
{
    struct link *at;

    for (at = the_net.conns.next; at != &the_net.conns; at = at->next) {
        const struct conn *c = CONTAINER_OF(at, struct conn, link);
        const struct socket *k = CONTAINER_OF(c->discord.wire, struct socket, wire);

        if (c->discord.wire && k->conn && k->conn->shard_id == shard_id &&
            k->conn->shard_count == shard_count && is_excused(c))
            return true;
    }
    return false;
}

__typeof__(report_break) __real_report_break, __wrap_report_break;
void __wrap_report_break(struct report *r, enum sim_rule rule, uint64_t wall_ms,
                         uint64_t bot, uint32_t shard_id, uint32_t shard_count,
                         const char *detail)
{
    if (rule != RULE_HEARTBEAT_MISSED || !is_shard_excused(shard_id, shard_count))
        __real_report_break(r, rule, wall_ms, bot, shard_id, shard_count, detail);
}

void net_answered(struct vprocess *p, struct str path, int status, struct str body)
{
    if (the_net.watch.answered)
        the_net.watch.answered(p, path, status, body);
}

void net_on(const struct net_watch *watch)
{
    the_net.watch = *watch;
}

struct sim *net_sim(void)
{
    return the_net.sim;
}

struct routes *net_routes(void)
{
    return the_net.routes;
}

static void make_discord(const struct sim_config *config,
                         const struct routes_config *routes)
{
    cordage_error error;

    if (sim_new(config, machine_now(), machine_true_wall(), &the_net.sim, &error))
        machine_die("%s", error.message);
    if (routes_new(the_net.sim, routes, &the_net.routes) ||
        sim_set_urls(the_net.sim, "wss://127.0.0.1:8444", "wss://127.0.0.1:8445"))
        machine_die("out of memory");
}

void net_start(const struct sim_config *config, const struct routes_config *routes)
{
    the_net = (struct net){ .host = { .now = discord_now,
                                      .wall = discord_wall,
                                      .random = discord_random,
                                      .arm = discord_arm,
                                      .disarm = discord_disarm,
                                      .send = net_send,
                                      .backlog = net_backlog,
                                      .pause = net_pause,
                                      .hangup = net_hangup },
                            .tick = { .fire = on_tick },
                            .weather = { .latency_min = 5,
                                         .latency_max = 60,
                                         .rest_min = 20,
                                         .rest_max = 300 },
                            .rng = rng_seeded(machine_random()) };
    list_init(&the_net.conns);
    make_discord(config, routes);
    the_net.door = (struct socket_door){ .host = &the_net.host,
                                         .sim = the_net.sim,
                                         .changed = on_changed };
    list_init(&the_net.door.sockets);
    machine_on_death(wires_died);
    machine_before_time(look_at_deadline);
}

void net_stop(void)
{
    while (!list_is_empty(&the_net.door.sockets))
        socket_drop(CONTAINER_OF(the_net.door.sockets.next, struct socket, link));
    wires_end();
    buf_release(&the_net.door.message);
    buf_release(&the_net.door.burst);
    routes_free(the_net.routes);
    sim_free(the_net.sim);
    the_net.sim = NULL;
    the_net.routes = NULL;
}
