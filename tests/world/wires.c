/* Connections as their owners see them: the functions of struct host. */
#include <stdlib.h>

#include "error.h"
#include "limits.h"
#include "loop.h"
#include "side.h"

enum {
    ENDING_MS = 2000, /* an orderly end has so long, as in net/conn.h */
    DIAL_MS = 10000,  /* to be told that nobody answers */
    DISCORD_QUEUE = SIM_BACKLOG + 2 * LIMIT_PAYLOAD, /* as door_gateway.c */
};

/* ---- The beginning ------------------------------------------------------------------
 */

static void open_side(struct side *s, struct wire *w, size_t limit)
{
    s->wire = w;
    s->limit = limit;
    s->state = SIDE_OPEN;
    w->conn = s;
}

/* At Discord: somebody comes in. */
void side_on_knock(struct side *s)
{
    struct conn *c = s->conn;
    bool is_resume = c->port == NET_RESUME_PORT;
    struct socket *k = NULL;

    if (side_is_cut_off(c)) {
        s->due = machine_now() + SIDE_AGAIN_MS;
        side_settle(s);
        return;
    }
    /* As door_gateway.c. */
    if (sim_gateway_is_up(the_net.sim, machine_now()) &&
        (!is_resume || sim_resume_door_is_open(the_net.sim)))
        k = socket_new(&the_net.door, is_resume, c->port);
    c->client.due = side_not_before(machine_now() + side_latency());
    if (k) {
        open_side(s, &k->wire, DISCORD_QUEUE);
    } else {
        s->state = SIDE_GONE;
        side_send_end(s, CORDAGE_ECLOSED, "closed by the peer", false);
    }
    side_settle(s);
    side_settle(&c->client);
}

void side_on_dialled(struct side *s)
{
    bool is_refused = s->conn->discord.state == SIDE_GONE && s->end_at == UINT64_MAX;

    if (is_refused) {
        side_be_over(s, CORDAGE_ENET, "connection refused");
    } else if (machine_now() >= s->until) {
        side_be_over(s, CORDAGE_ETIMEOUT, "the connection timed out");
        side_send_end(s, CORDAGE_ENET, "the peer cut the connection off", false);
    } else if (s->conn->discord.state == SIDE_KNOCK || side_is_cut_off(s->conn)) {
        s->due = s->until;
        if (side_is_cut_off(s->conn) && machine_now() + SIDE_AGAIN_MS < s->until)
            s->due = machine_now() + SIDE_AGAIN_MS;
        side_settle(s);
    } else {
        s->state = SIDE_OPEN;
        s->wire->ops->opened(s->wire);
    }
}

/* ---- The functions of struct host ---------------------------------------------------
 */

static struct side *side_of(const struct wire *w)
{
    return w->conn;
}

static void side_init(struct side *s, struct conn *c, enum side_state state, uint64_t due)
{
    s->conn = c;
    s->state = state;
    s->due = due;
    s->end_at = UINT64_MAX;
    s->wake.fire = side_on_wake;
    list_init(&s->coming);
}

int net_dial(struct host *h, struct wire *w, const struct endpoint *to)
{
    struct conn *c = mem_zero(sizeof *c);
    uint64_t now = machine_now(),
             knock = now + side_latency() + side_latency() + side_latency();
    bool refused = net_happens(the_net.weather.dial_fails) ||
                   (to->port != NET_GATEWAY_PORT && to->port != NET_RESUME_PORT);

    if (!c)
        return CORDAGE_ENOMEM;
    if (loop_is_freeing((struct loop *)h)) {
        free(c);
        return CORDAGE_ESTATE;
    }
    c->id = ++the_net.last_id;
    c->loop = (struct loop *)h;
    c->process = vloop_process(c->loop);
    c->port = to->port;
    list_init(&c->link);
    list_insert(&the_net.conns, &c->link);
    side_init(&c->client, c, SIDE_DIAL, now + DIAL_MS);
    side_init(&c->discord, c, refused ? SIDE_GONE : SIDE_KNOCK, knock);
    c->client.until = now + DIAL_MS;
    c->client.wire = w;
    c->client.limit = LIMIT_WRITE_QUEUE;
    w->conn = &c->client;
    if (refused)
        c->client.due = the_net.weather.down ? now + DIAL_MS : knock;
    if (the_net.watch.dialled)
        the_net.watch.dialled(c->process, c->id);
    side_settle(&c->discord);
    side_settle(&c->client);
    return 0;
}

int net_send(struct host *h, struct wire *w, struct str bytes)
{
    struct side *s = side_of(w), *to;

    (void)h;
    if (!s || s->state != SIDE_OPEN)
        return CORDAGE_ECLOSED;
    if (bytes.n == 0)
        return 0;
    if (side_backlog(s) + bytes.n > s->limit)
        return CORDAGE_ELIMIT;
    to = side_other(s);
    s->is_drain_due = true;
    if (to->state != SIDE_OPEN && to->state != SIDE_DIAL)
        return 0; /* to nobody */
    while (bytes.n) {
        uint32_t most = the_net.weather.chunk_max;
        size_t n = most && bytes.n > 1 ? net_between(1, most) : bytes.n;

        n = n < bytes.n ? n : bytes.n;
        side_put(to, (struct str){ bytes.p, n });
        bytes.p += n;
        bytes.n -= n;
    }
    side_settle(to);
    side_settle(s);
    return 0;
}

size_t net_backlog(struct host *h, const struct wire *w)
{
    (void)h;
    return side_of(w) ? side_backlog(side_of(w)) : 0;
}

void net_pause(struct host *h, struct wire *w, bool paused)
{
    (void)h;
    if (!side_of(w))
        return;
    side_of(w)->is_paused = paused;
    side_settle(side_of(w));
}

void net_hangup(struct host *h, struct wire *w, enum hangup how)
{
    struct side *s = side_of(w);
    enum side_state was;

    (void)h;
    if (!s || s->state >= SIDE_OVER || (how == HANGUP_FLUSH && s->state == SIDE_ENDING))
        return;
    was = s->state;
    if (how == HANGUP_FLUSH && was == SIDE_OPEN) {
        s->state = SIDE_ENDING;
        s->err = CORDAGE_ECLOSED;
        s->why = "closed";
        s->due = machine_now() + ENDING_MS;
        side_send_end(s, CORDAGE_ECLOSED, "closed by the peer", false);
        side_drop_coming(s);
        if (side_is_client(s))
            side_tell_closed(s->conn);
        side_settle(s);
        return;
    }
    if (how == HANGUP_RESET)
        side_send_end(s, CORDAGE_ENET, "connection reset by peer", true);
    else
        side_drop(s);
    side_be_over(s, CORDAGE_ECLOSED, "closed");
}

void net_set_write_limit(struct wire *w, size_t limit)
{
    if (side_of(w))
        side_of(w)->limit = limit;
}

/* The client's end goes without a word to its owner, as when the kernel closes it. */
static void abandon(struct conn *c)
{
    struct side *s = &c->client;

    if (s->state < SIDE_OVER)
        side_drop(s);
    side_tell_closed(c);
    vloop_disarm(c->loop, &s->wake);
    s->state = SIDE_GONE;
    if (c->discord.state == SIDE_KNOCK) {
        machine_disarm(&c->discord.wake);
        c->discord.state = SIDE_GONE;
    }
    side_drop_coming(s);
    side_free_if_gone(c);
}

void net_loop_ended(struct loop *l)
{
    struct link *at, *next;

    for (at = the_net.conns.next; at && at != &the_net.conns; at = next) {
        struct conn *c = CONTAINER_OF(at, struct conn, link);
        struct wire *w = c->client.wire;

        next = at->next;
        if (c->loop != l || c->client.state == SIDE_GONE)
            continue;
        c->client.wire = NULL;
        abandon(c);
        w->conn = NULL;
        w->ops->closed(w, CORDAGE_ECLOSED, "the loop has ended");
    }
}

size_t net_wires(const struct loop *l)
{
    struct link *at;
    size_t n = 0;

    for (at = the_net.conns.next; at && at != &the_net.conns; at = at->next) {
        const struct conn *c = CONTAINER_OF(at, struct conn, link);

        n += c->loop == l && c->client.state != SIDE_GONE;
    }
    return n;
}

void wires_died(struct vprocess *p)
{
    struct link *at, *next;

    for (at = the_net.conns.next; at != &the_net.conns; at = next) {
        struct conn *c = CONTAINER_OF(at, struct conn, link);

        next = at->next;
        if (c->process == p && c->client.state != SIDE_GONE)
            abandon(c);
    }
}

void wires_end(void)
{
    struct link *at, *next;

    for (at = the_net.conns.next; at != &the_net.conns; at = next) {
        struct conn *c = CONTAINER_OF(at, struct conn, link);

        next = at->next;
        if (c->client.state != SIDE_GONE)
            abandon(c);
    }
    while (!list_is_empty(&the_net.conns)) {
        struct conn *c = CONTAINER_OF(the_net.conns.next, struct conn, link);

        if (c->discord.state == SIDE_OVER) {
            side_tell_over(&c->discord);
            continue;
        }
        machine_disarm(&c->discord.wake);
        c->discord.state = SIDE_GONE;
        side_free_if_gone(c);
    }
}
