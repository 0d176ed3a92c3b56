#include "door_gateway.h"

#include <stdlib.h>

#include "door_socket.h"
#include "limits.h"
#include "mem.h"

struct door_gateway {
    struct socket_door shared;
    struct listener *listener, *resume_listener;
    struct timer tick; /* when the model is due */
    uint64_t tick_at;  /* what it is armed for; UINT64_MAX: nothing */
};

void door_gateway_kick(struct door_gateway *d)
{
    struct host *h = d->shared.host;
    uint64_t at = sim_deadline(d->shared.sim);

    if (at == d->tick_at)
        return;
    d->tick_at = at;
    if (at == UINT64_MAX)
        h->disarm(h, &d->tick);
    else
        h->arm(h, &d->tick, at);
}

static void on_tick(struct timer *t)
{
    struct door_gateway *d = CONTAINER_OF(t, struct door_gateway, tick);
    struct host *h = d->shared.host;

    d->tick_at = UINT64_MAX;
    sim_tick(d->shared.sim, h->now(h));
    door_gateway_kick(d);
}

static void on_changed(void *user)
{
    door_gateway_kick(user);
}

static bool is_up(const struct door_gateway *d)
{
    return sim_gateway_is_up(d->shared.sim, d->shared.host->now(d->shared.host));
}

static struct wire *accept_new(void *user, const char *peer)
{
    struct door_gateway *d = user;
    struct socket *k = NULL;

    (void)peer;
    if (is_up(d))
        k = socket_new(&d->shared, false, door_gateway_port(d));
    return k ? &k->wire : NULL;
}

static struct wire *accept_resume(void *user, const char *peer)
{
    struct door_gateway *d = user;
    struct socket *k = NULL;

    (void)peer;
    if (is_up(d) && sim_resume_door_is_open(d->shared.sim))
        k = socket_new(&d->shared, true, door_gateway_resume_port(d));
    return k ? &k->wire : NULL;
}

int door_gateway_new(struct loop *loop, struct sim *sim, struct tls_server *tls,
                     const char *address, uint16_t port, uint16_t resume_port,
                     struct door_gateway **out, cordage_error *error)
{
    struct door_gateway *d = mem_zero(sizeof *d);
    int err;

    *out = NULL;
    if (!d)
        return error_set(error, CORDAGE_ENOMEM, "out of memory");
    d->shared.host = loop_host(loop);
    d->shared.sim = sim;
    d->shared.user = d;
    d->shared.changed = on_changed;
    d->tick.fire = on_tick;
    d->tick_at = UINT64_MAX;
    list_init(&d->shared.sockets);
    err = listener_new(loop, address, port, tls, DOOR_CONNECTIONS_MAX, accept_new, d,
                       &d->listener, error);
    if (!err)
        err = listener_new(loop, address, resume_port, tls, DOOR_CONNECTIONS_MAX,
                           accept_resume, d, &d->resume_listener, error);
    if (err) {
        door_gateway_free(d);
        return err;
    }
    /* One payload may be as large as payloads get; more than one waits in the model. */
    listener_set_write_limit(d->listener, SIM_BACKLOG + 2 * (size_t)LIMIT_PAYLOAD);
    listener_set_write_limit(d->resume_listener, SIM_BACKLOG + 2 * (size_t)LIMIT_PAYLOAD);
    door_gateway_kick(d);
    *out = d;
    return 0;
}

uint16_t door_gateway_port(const struct door_gateway *d)
{
    return listener_port(d->listener);
}

uint16_t door_gateway_resume_port(const struct door_gateway *d)
{
    return listener_port(d->resume_listener);
}

void door_gateway_free(struct door_gateway *d)
{
    if (!d)
        return;
    listener_free(d->listener);
    listener_free(d->resume_listener);
    while (!list_is_empty(&d->shared.sockets))
        socket_drop(CONTAINER_OF(d->shared.sockets.next, struct socket, link));
    d->shared.host->disarm(d->shared.host, &d->tick);
    buf_release(&d->shared.message);
    buf_release(&d->shared.burst);
    free(d);
}
