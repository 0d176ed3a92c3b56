/* The network, and Discord at its other end.
 *
 * A connection has two sides: a client's, on a loop of the machine, and Discord's,
 * outside of all threads. What one sends is on its way in pieces, each with the time at
 * which it comes; a side has one timer, for the next thing that happens to it. A side
 * that doesn't read leaves the pieces where they are, and when WINDOW bytes of them are
 * there the other one's backlog grows. */
#include "net.h"

#include <stdlib.h>
#include <string.h>

#include "door_socket.h"
#include "error.h"
#include "limits.h"
#include "loop.h"
#include "machine_inner.h"
#include "net_inner.h"
#include "sim_model.h"

enum {
    WINDOW = 128 * 1024,   /* bytes that the kernels between two sides hold */
    READ_MAX = 64 * 1024,  /* what a side is given at one time */
    ENDING_MS = 2000,      /* an orderly end has so long, as in net/conn.h */
    DIAL_MS = 10000,       /* to be told that nobody answers */
    EXCUSE_MS = 70 * 1000, /* for a heartbeat, after what kept it from coming */
    AGAIN_MS = 1000,       /* what is repeated while nothing gets through */
    DISCORD_QUEUE = SIM_BACKLOG + 2 * LIMIT_PAYLOAD, /* as door_gateway.c */
};

struct piece {
    struct link link;
    uint64_t at, left; /* when it comes, when it was sent */
    size_t n, done;
    char bytes[];
};

enum side_state {
    SIDE_DIAL,  /* the client's: until it is told */
    SIDE_KNOCK, /* Discord's: until it has accepted */
    SIDE_OPEN,
    SIDE_ENDING, /* hung up: waits for the other's end */
    SIDE_OVER,   /* the owner is to be told */
    SIDE_GONE    /* there is no owner any more */
};

struct side {
    struct conn *conn;
    struct wire *wire;
    enum side_state state;
    struct timer wake;
    uint64_t due;   /* of DIAL, KNOCK and ENDING */
    uint64_t until; /* of DIAL: it fails then */
    struct link coming;
    size_t n_coming;
    uint64_t last_at; /* when the last of them comes */
    uint64_t end_at;  /* when the other's end is known here; UINT64_MAX: not on its way */
    bool is_reset;    /* that end overtakes what is coming */
    int end_err;
    const char *end_why;
    int err; /* of OVER */
    const char *why;
    bool is_paused, is_drain_due;
    size_t limit;
};

struct conn {
    struct link link;
    uint64_t id;
    struct loop *loop;
    struct vprocess *process;
    struct side client, discord;
    uint16_t port;
    bool is_frozen, is_closed; /* the watch was told */
    uint64_t left;             /* when what is being delivered was sent */
};

static struct net {
    struct sim *sim;
    struct routes *routes;
    struct host host;
    struct socket_door door;
    struct timer tick;
    struct net_weather weather;
    struct net_watch watch;
    struct rng rng;
    struct link conns;
    uint64_t last_id, hash;
    uint64_t held_until, down_last; /* after it was down; when it was */
    struct conn *delivering;
} net;

static void settle(struct side *s);

static struct side *other(struct side *s)
{
    return s == &s->conn->client ? &s->conn->discord : &s->conn->client;
}

static bool is_client(const struct side *s)
{
    return s == &s->conn->client;
}

/* ---- Chance ------------------------------------------------------------------------ */

uint64_t net_between(uint64_t min, uint64_t max)
{
    return max > min ? min + rng_below(&net.rng, max - min + 1) : min;
}

bool net_happens(double share)
{
    return share > 0 && (double)(rng_next(&net.rng) >> 11) * 0x1p-53 < share;
}

static uint64_t latency(void)
{
    return net_between(net.weather.latency_min, net.weather.latency_max);
}

void net_note(struct str bytes)
{
    uint64_t h = net.hash ^ machine_now(), word;
    size_t i = 0;

    for (; i + sizeof word <= bytes.n; i += sizeof word) {
        memcpy(&word, bytes.p + i, sizeof word);
        h = (h ^ word) * 0x9e3779b97f4a7c15ULL;
        h ^= h >> 32;
    }
    for (; i < bytes.n; i++)
        h = (h ^ (unsigned char)bytes.p[i]) * 0x100000001b3ULL;
    net.hash = h * 0x9e3779b97f4a7c15ULL + bytes.n;
}

uint64_t net_hash(void)
{
    return net.hash;
}

/* ---- A side, and what happens to it next --------------------------------------------
 */

static size_t backlog(struct side *s)
{
    size_t n = other(s)->n_coming;

    return n > WINDOW ? n - WINDOW : 0;
}

static bool is_cut_off(const struct conn *c)
{
    return c->is_frozen || net.weather.down;
}

static struct piece *first_piece(const struct side *s)
{
    return list_is_empty(&s->coming) ? NULL
                                     : CONTAINER_OF(s->coming.next, struct piece, link);
}

static uint64_t not_before(uint64_t at)
{
    return at < net.held_until ? net.held_until : at;
}

/* When the other's bytes, or its end, are there. */
static uint64_t next_from_other(struct side *s)
{
    struct piece *p = first_piece(s);
    uint64_t end = s->end_at;

    if (is_cut_off(s->conn))
        return UINT64_MAX;
    if (s->state == SIDE_ENDING || s->is_reset)
        return end == UINT64_MAX ? end : not_before(end);
    if (s->is_paused)
        return UINT64_MAX;
    if (p)
        return not_before(p->at);
    return end == UINT64_MAX ? end : not_before(end);
}

static uint64_t next_at(struct side *s)
{
    uint64_t at = UINT64_MAX, theirs;

    if (s->state == SIDE_GONE)
        return UINT64_MAX;
    if (s->state == SIDE_OVER)
        return machine_now();
    if (s->state == SIDE_OPEN && s->is_drain_due && backlog(s) == 0)
        return machine_now();
    if (s->state != SIDE_OPEN)
        at = s->due;
    if (s->state == SIDE_DIAL || s->state == SIDE_KNOCK)
        return at;
    theirs = next_from_other(s);
    return theirs < at ? theirs : at;
}

static void disarm(struct side *s)
{
    if (is_client(s))
        vloop_disarm(s->conn->loop, &s->wake);
    else
        machine_disarm(&s->wake);
}

/* Looks anew at what happens to it next. */
static void settle(struct side *s)
{
    uint64_t at = next_at(s);

    if (at == UINT64_MAX) {
        if (s->state != SIDE_GONE)
            disarm(s);
    } else if (s->wake.place && s->wake.at == at) {
        return;
    } else if (is_client(s)) {
        vloop_arm(s->conn->loop, &s->wake, at);
    } else {
        machine_arm(&s->wake, at);
    }
}

static void drop_coming(struct side *s)
{
    struct link *link;

    while ((link = list_pop(&s->coming)))
        free(CONTAINER_OF(link, struct piece, link));
    s->n_coming = 0;
    if (other(s)->state == SIDE_OPEN)
        settle(other(s));
}

static void conn_free_if_gone(struct conn *c)
{
    if (c->client.state != SIDE_GONE || c->discord.state != SIDE_GONE)
        return;
    drop_coming(&c->client);
    drop_coming(&c->discord);
    list_remove(&c->link);
    free(c);
}

static void tell_closed(struct conn *c)
{
    if (!c->is_closed && net.watch.closed)
        net.watch.closed(c->process, c->id);
    c->is_closed = true;
}

/* ---- Ends ---------------------------------------------------------------------------
 */

/* Its owner is told, in a moment. */
static void be_over(struct side *s, int err, const char *why)
{
    if (s->state >= SIDE_OVER)
        return;
    s->state = SIDE_OVER;
    s->err = err;
    s->why = why;
    drop_coming(s);
    if (is_client(s))
        tell_closed(s->conn);
    settle(s);
}

/* Its end is on its way to the other side. */
static void send_end(struct side *s, int err, const char *why, bool is_reset)
{
    struct side *o = other(s);
    uint64_t at = machine_now() + latency();

    if (o->end_at != UINT64_MAX && !is_reset)
        return;
    if (!is_reset && at < o->last_at)
        at = o->last_at;
    o->end_at = at;
    o->is_reset = is_reset;
    o->end_err = err;
    o->end_why = why;
    settle(o);
}

/* What the kernel has not taken is lost. */
static void lose_backlog(struct side *s)
{
    struct side *o = other(s);

    while (o->n_coming > WINDOW) {
        struct piece *last = CONTAINER_OF(o->coming.prev, struct piece, link);

        o->n_coming -= last->n - last->done;
        list_remove(&last->link);
        free(last);
    }
}

/* As a closed socket: what was read by nobody makes it a reset. */
static void drop(struct side *s)
{
    bool is_reset = s->n_coming > 0;

    lose_backlog(s);
    if (is_reset)
        send_end(s, CORDAGE_ENET, "connection reset by peer", true);
    else
        send_end(s, CORDAGE_ENET, "the peer cut the connection off", false);
}

static void on_end_of_other(struct side *s)
{
    if (s->state == SIDE_ENDING) {
        be_over(s, s->err, s->why);
        return;
    }
    if (s->end_err == CORDAGE_ECLOSED)
        send_end(s, CORDAGE_ECLOSED, "closed by the peer", false);
    be_over(s, s->end_err, s->end_why);
}

static void tell_over(struct side *s)
{
    struct wire *w = s->wire;
    int err = s->err;
    const char *why = s->why;
    struct conn *c = s->conn;

    disarm(s);
    s->state = SIDE_GONE;
    s->wire = NULL;
    conn_free_if_gone(c);
    if (w) {
        w->conn = NULL;
        w->ops->closed(w, err, why);
    }
}

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
static void on_knock(struct side *s)
{
    struct conn *c = s->conn;
    bool is_resume = c->port == NET_RESUME_PORT;
    struct socket *k = NULL;

    if (is_cut_off(c)) {
        s->due = machine_now() + AGAIN_MS;
        settle(s);
        return;
    }
    /* As door_gateway.c. */
    if (sim_gateway_is_up(net.sim, machine_now()) &&
        (!is_resume || sim_resume_door_is_open(net.sim)))
        k = socket_new(&net.door, is_resume, c->port);
    c->client.due = not_before(machine_now() + latency());
    if (k) {
        open_side(s, &k->wire, DISCORD_QUEUE);
    } else {
        s->state = SIDE_GONE;
        send_end(s, CORDAGE_ECLOSED, "closed by the peer", false);
    }
    settle(s);
    settle(&c->client);
}

static void on_dialled(struct side *s)
{
    bool is_refused = s->conn->discord.state == SIDE_GONE && s->end_at == UINT64_MAX;

    if (is_refused) {
        be_over(s, CORDAGE_ENET, "connection refused");
    } else if (machine_now() >= s->until) {
        be_over(s, CORDAGE_ETIMEOUT, "the connection timed out");
        send_end(s, CORDAGE_ENET, "the peer cut the connection off", false);
    } else if (s->conn->discord.state == SIDE_KNOCK || is_cut_off(s->conn)) {
        s->due = s->until;
        if (is_cut_off(s->conn) && machine_now() + AGAIN_MS < s->until)
            s->due = machine_now() + AGAIN_MS;
        settle(s);
    } else {
        s->state = SIDE_OPEN;
        s->wire->ops->opened(s->wire);
    }
}

/* ---- Bytes --------------------------------------------------------------------------
 */

/* What comes to Discord is looked at by when it was sent. */
static bool is_of_another_time(const struct side *s, const struct piece *piece)
{
    return s == &s->conn->discord && piece->left != s->conn->left;
}

/* Takes what has come, up to READ_MAX, into memory of its own, so that a sanitizer sees
 * who reads too far or too late. */
static char *take_bytes(struct side *s, size_t *n)
{
    size_t size = 0;
    char *p;

    if (s == &s->conn->discord)
        s->conn->left = first_piece(s)->left;
    for (struct link *at = s->coming.next; at != &s->coming; at = at->next) {
        struct piece *piece = CONTAINER_OF(at, struct piece, link);

        if (not_before(piece->at) > machine_now() || size >= READ_MAX ||
            is_of_another_time(s, piece))
            break;
        size += piece->n - piece->done;
        if (net.weather.chunk_max)
            break;
    }
    *n = size < READ_MAX ? size : READ_MAX;
    p = malloc(*n + BUF_SLACK);
    if (!p)
        machine_die("out of memory");
    for (size_t at = 0; at < *n;) {
        struct piece *piece = first_piece(s);
        size_t part = piece->n - piece->done;

        part = part < *n - at ? part : *n - at;
        memcpy(p + at, piece->bytes + piece->done, part);
        at += part;
        piece->done += part;
        if (piece->done < piece->n)
            break;
        list_remove(&piece->link);
        free(piece);
    }
    memset(p + *n, '"', BUF_SLACK);
    s->n_coming -= *n;
    return p;
}

static void give_bytes(struct side *s)
{
    size_t n;
    char *p = take_bytes(s, &n);

    net_note((struct str){ p, n });
    if (other(s)->state == SIDE_OPEN)
        settle(other(s)); /* which may have waited for the room */
    net.delivering = s->conn;
    s->wire->ops->bytes(s->wire, p, n);
    net.delivering = NULL;
    free(p);
}

static void on_time(struct side *s)
{
    struct piece *p = first_piece(s);

    if (s->end_at != UINT64_MAX && next_from_other(s) <= machine_now() &&
        (s->state == SIDE_ENDING || s->is_reset || !p))
        on_end_of_other(s);
    else if (s->state == SIDE_ENDING && s->due <= machine_now())
        be_over(s, s->err, s->why);
    else if (s->state == SIDE_OPEN && s->is_drain_due && backlog(s) == 0) {
        s->is_drain_due = false;
        if (s->wire->ops->drained)
            s->wire->ops->drained(s->wire);
    } else if (s->state == SIDE_OPEN && p && next_from_other(s) <= machine_now()) {
        give_bytes(s);
    }
}

static void on_wake(struct timer *t)
{
    struct side *s = CONTAINER_OF(t, struct side, wake);

    switch (s->state) {
    case SIDE_DIAL:
        on_dialled(s);
        break;
    case SIDE_KNOCK:
        on_knock(s);
        break;
    case SIDE_OPEN:
    case SIDE_ENDING:
        on_time(s);
        break;
    case SIDE_OVER:
        tell_over(s);
        return;
    case SIDE_GONE:
        return;
    }
    settle(s);
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
    s->wake.fire = on_wake;
    list_init(&s->coming);
}

int net_dial(struct host *h, struct wire *w, const struct endpoint *to)
{
    struct conn *c = mem_zero(sizeof *c);
    uint64_t now = machine_now(), knock = now + latency() + latency() + latency();
    bool refused = net_happens(net.weather.dial_fails) ||
                   (to->port != NET_GATEWAY_PORT && to->port != NET_RESUME_PORT);

    if (!c)
        return CORDAGE_ENOMEM;
    if (loop_is_freeing((struct loop *)h)) {
        free(c);
        return CORDAGE_ESTATE;
    }
    c->id = ++net.last_id;
    c->loop = (struct loop *)h;
    c->process = vloop_process(c->loop);
    c->port = to->port;
    list_init(&c->link);
    list_insert(&net.conns, &c->link);
    side_init(&c->client, c, SIDE_DIAL, now + DIAL_MS);
    side_init(&c->discord, c, refused ? SIDE_GONE : SIDE_KNOCK, knock);
    c->client.until = now + DIAL_MS;
    c->client.wire = w;
    c->client.limit = LIMIT_WRITE_QUEUE;
    w->conn = &c->client;
    if (refused)
        c->client.due = net.weather.down ? now + DIAL_MS : knock;
    if (net.watch.dialled)
        net.watch.dialled(c->process, c->id);
    settle(&c->discord);
    settle(&c->client);
    return 0;
}

static void put_piece(struct side *to, struct str bytes)
{
    struct piece *p = malloc(sizeof *p + bytes.n);
    uint64_t at = machine_now() + latency();

    if (!p)
        machine_die("out of memory");
    if (at < to->last_at)
        at = to->last_at;
    to->last_at = at;
    p->at = at;
    p->left = machine_now();
    p->n = bytes.n;
    p->done = 0;
    memcpy(p->bytes, bytes.p, bytes.n);
    list_init(&p->link);
    list_insert(&to->coming, &p->link);
    to->n_coming += bytes.n;
}

int net_send(struct host *h, struct wire *w, struct str bytes)
{
    struct side *s = side_of(w), *to;

    (void)h;
    if (!s || s->state != SIDE_OPEN)
        return CORDAGE_ECLOSED;
    if (bytes.n == 0)
        return 0;
    if (backlog(s) + bytes.n > s->limit)
        return CORDAGE_ELIMIT;
    to = other(s);
    s->is_drain_due = true;
    if (to->state != SIDE_OPEN && to->state != SIDE_DIAL)
        return 0; /* to nobody */
    while (bytes.n) {
        uint32_t most = net.weather.chunk_max;
        size_t n = most && bytes.n > 1 ? net_between(1, most) : bytes.n;

        n = n < bytes.n ? n : bytes.n;
        put_piece(to, (struct str){ bytes.p, n });
        bytes.p += n;
        bytes.n -= n;
    }
    settle(to);
    settle(s);
    return 0;
}

size_t net_backlog(struct host *h, const struct wire *w)
{
    (void)h;
    return side_of(w) ? backlog(side_of(w)) : 0;
}

void net_pause(struct host *h, struct wire *w, bool paused)
{
    (void)h;
    if (!side_of(w))
        return;
    side_of(w)->is_paused = paused;
    settle(side_of(w));
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
        send_end(s, CORDAGE_ECLOSED, "closed by the peer", false);
        drop_coming(s);
        if (is_client(s))
            tell_closed(s->conn);
        settle(s);
        return;
    }
    if (how == HANGUP_RESET)
        send_end(s, CORDAGE_ENET, "connection reset by peer", true);
    else
        drop(s);
    be_over(s, CORDAGE_ECLOSED, "closed");
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
        drop(s);
    tell_closed(c);
    vloop_disarm(c->loop, &s->wake);
    s->state = SIDE_GONE;
    if (c->discord.state == SIDE_KNOCK) {
        machine_disarm(&c->discord.wake);
        c->discord.state = SIDE_GONE;
    }
    drop_coming(s);
    conn_free_if_gone(c);
}

void net_loop_ended(struct loop *l)
{
    struct link *at, *next;

    for (at = net.conns.next; at && at != &net.conns; at = next) {
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

    for (at = net.conns.next; at && at != &net.conns; at = at->next) {
        const struct conn *c = CONTAINER_OF(at, struct conn, link);

        n += c->loop == l && c->client.state != SIDE_GONE;
    }
    return n;
}

static void on_death(struct vprocess *p)
{
    struct link *at, *next;

    for (at = net.conns.next; at != &net.conns; at = next) {
        struct conn *c = CONTAINER_OF(at, struct conn, link);

        next = at->next;
        if (c->process == p && c->client.state != SIDE_GONE)
            abandon(c);
    }
}

/* ---- Weather ------------------------------------------------------------------------
 */

const struct net_weather *net_weather(void)
{
    return &net.weather;
}

static void settle_all(void)
{
    struct link *at;

    for (at = net.conns.next; at != &net.conns; at = at->next) {
        struct conn *c = CONTAINER_OF(at, struct conn, link);

        settle(&c->client);
        settle(&c->discord);
    }
}

void net_set_weather(const struct net_weather *w)
{
    /* What TCP repeats comes a while after the way is free. */
    if (net.weather.down)
        net.down_last = machine_now();
    if (net.weather.down && !w->down)
        net.held_until = machine_now() + net_between(0, 3000);
    net.weather = *w;
    settle_all();
}

static struct conn *choose(struct vprocess *of, uint64_t chance)
{
    struct link *at;
    size_t n = 0;

    for (int pass = 0; pass < 2; pass++) {
        size_t wanted = n ? (size_t)(chance % n) : 0;

        n = 0;
        for (at = net.conns.next; at != &net.conns; at = at->next) {
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
    be_over(&c->client, CORDAGE_ENET, "connection reset by peer");
    be_over(&c->discord, CORDAGE_ENET, "connection reset by peer");
    return true;
}

bool net_freeze(struct vprocess *of, uint64_t chance)
{
    struct conn *c = choose(of, chance);

    if (!c)
        return false;
    c->is_frozen = true;
    settle(&c->client);
    settle(&c->discord);
    return true;
}

size_t net_connections(void)
{
    struct link *at;
    size_t n = 0;

    for (at = net.conns.next; at != &net.conns; at = at->next)
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
    return rng_next(&net.rng);
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
    sim_tick(net.sim, machine_now());
}

/* Whatever has been done to the model, by whomever, since time last moved. */
static void look_at_deadline(void)
{
    uint64_t at = net.sim ? sim_deadline(net.sim) : UINT64_MAX;

    if (at == UINT64_MAX)
        machine_disarm(&net.tick);
    else if (!net.tick.place || net.tick.at != at)
        machine_arm(&net.tick, at);
}

static void on_changed(void *user)
{
    (void)user; /* look_at_deadline sees it */
}

__typeof__(sim_receive) __real_sim_receive, __wrap_sim_receive;
void __wrap_sim_receive(struct sim_conn *c, struct str payload, bool binary, uint64_t now)
{
    struct conn *from = net.delivering;

    if (from && net.watch.sent)
        net.watch.sent(from->process, from->id, from->left, payload);
    __real_sim_receive(c, payload, binary, now);
}

/* A heartbeat that couldn't come is nobody's fault. */
static bool is_excused(const struct conn *c)
{
    uint64_t now = machine_now();

    return c->is_frozen || net.weather.down || now - net.down_last < EXCUSE_MS ||
           c->process->is_stopped || now - c->process->stopped_last < EXCUSE_MS ||
           c->process->has_ended;
}

static bool is_shard_excused(uint32_t shard_id, uint32_t shard_count)
{
    struct link *at;

    for (at = net.conns.next; at != &net.conns; at = at->next) {
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
    if (net.watch.answered)
        net.watch.answered(p, path, status, body);
}

void net_on(const struct net_watch *watch)
{
    net.watch = *watch;
}

struct sim *net_sim(void)
{
    return net.sim;
}

struct routes *net_routes(void)
{
    return net.routes;
}

static void make_discord(const struct sim_config *config,
                         const struct routes_config *routes)
{
    cordage_error error;

    if (sim_new(config, machine_now(), machine_true_wall(), &net.sim, &error))
        machine_die("%s", error.message);
    if (routes_new(net.sim, routes, &net.routes) ||
        sim_set_urls(net.sim, "wss://127.0.0.1:8444", "wss://127.0.0.1:8445"))
        machine_die("out of memory");
}

void net_start(const struct sim_config *config, const struct routes_config *routes)
{
    net = (struct net){ .host = { .now = discord_now,
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
    list_init(&net.conns);
    make_discord(config, routes);
    net.door =
        (struct socket_door){ .host = &net.host, .sim = net.sim, .changed = on_changed };
    list_init(&net.door.sockets);
    machine_on_death(on_death);
    machine_before_time(look_at_deadline);
}

void net_stop(void)
{
    struct link *at, *next;

    while (!list_is_empty(&net.door.sockets))
        socket_drop(CONTAINER_OF(net.door.sockets.next, struct socket, link));
    for (at = net.conns.next; at != &net.conns; at = next) {
        struct conn *c = CONTAINER_OF(at, struct conn, link);

        next = at->next;
        if (c->client.state != SIDE_GONE)
            abandon(c);
    }
    while (!list_is_empty(&net.conns)) {
        struct conn *c = CONTAINER_OF(net.conns.next, struct conn, link);

        if (c->discord.state == SIDE_OVER) {
            tell_over(&c->discord);
            continue;
        }
        machine_disarm(&c->discord.wake);
        c->discord.state = SIDE_GONE;
        conn_free_if_gone(c);
    }
    buf_release(&net.door.message);
    buf_release(&net.door.burst);
    routes_free(net.routes);
    sim_free(net.sim);
    net.sim = NULL;
    net.routes = NULL;
}
