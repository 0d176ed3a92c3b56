/* Bytes on connections: all of them, in order, whatever the sizes and the moments. */
#include "net_rig.h"

#include "limits.h"
#include "rng.h"

enum { MIB = 1024 * 1024 };

static bool is_echoed(struct rig *r)
{
    struct end *e = r->user;

    return e->got == e->to_send;
}

static bool is_closed(struct rig *r)
{
    struct end *e = r->user;

    return e->n_closed > 0;
}

static void echo(struct rig *r, bool tls, size_t n, size_t chunk)
{
    struct end e;

    end_init(&e, r);
    e.to_send = n;
    e.chunk = r->model.chunk = chunk;
    r->model.echoes = true;
    r->user = &e;
    rig_dial(r, &e, tls);
    rig_until(r, is_echoed);
    CHECK_INT(e.n_opened, 1);
    CHECK_INT(e.n_closed, 0);
    end_hangup(&e, HANGUP_FLUSH);
    rig_until(r, is_closed);
    CHECK_INT(e.err, CORDAGE_ECLOSED);
}

TEST(megabytes_are_echoed_over_tls)
{
    struct rig *r = rig_new();

    echo(r, true, 8 * MIB, 0);
    echo(r, true, 8 * MIB, 100000);
    rig_free(r);
}

TEST(megabytes_are_echoed_without_tls)
{
    struct rig *r = rig_new();

    rig_listen(r, "127.0.0.1", false, RIG_ENDS);
    echo(r, false, 8 * MIB, 0);
    rig_free(r);
}

TEST(a_peer_that_knows_only_tls_1_2_is_served)
{
    struct rig *r = rig_new();

    SSL_CTX_set_max_proto_version(tls_server_context(r->server), TLS1_2_VERSION);
    echo(r, true, 4 * MIB, 0);
    rig_free(r);
}

TEST(names_and_ipv6_reach_the_same_place)
{
    struct rig *r = rig_new();
    struct end e;

    r->model.echoes = true;
    end_init(&e, r);
    e.to_send = 100;
    r->user = &e;
    rig_dial_to(r, &e, "localhost", listener_port(r->listener), true);
    rig_until(r, is_echoed);
    end_hangup(&e, HANGUP_DROP);
    rig_until(r, is_closed);

    rig_listen(r, "::1", true, RIG_ENDS);
    end_init(&e, r);
    e.to_send = 100;
    rig_dial_to(r, &e, "::1", listener_port(r->listener), true);
    rig_until(r, is_echoed);
    end_hangup(&e, HANGUP_DROP);
    rig_until(r, is_closed);
    rig_free(r);
}

TEST(single_bytes_arrive)
{
    struct rig *r = rig_new();

    echo(r, true, 5000, 1);
    rig_listen(r, "127.0.0.1", false, RIG_ENDS);
    echo(r, false, 5000, 1);
    rig_free(r);
}

/* A byte per turn, so that records come in one by one. */
struct dripper {
    struct end e;
    struct timer timer;
};

static void drip(struct timer *t)
{
    struct dripper *d = CONTAINER_OF(t, struct dripper, timer);
    struct host *h = d->e.rig->host;

    d->e.to_send++;
    end_send(&d->e);
    if (d->e.to_send < 300)
        h->arm(h, t, h->now(h));
}

static bool has_dripped(struct rig *r)
{
    struct dripper *d = r->user;

    return d->e.got == 300;
}

TEST(a_byte_a_turn_arrives)
{
    struct rig *r = rig_new();
    struct dripper d = { .timer.fire = drip };

    end_init(&d.e, r);
    d.e.chunk = r->model.chunk = 1;
    r->model.echoes = true;
    r->user = &d;
    rig_dial(r, &d.e, true);
    r->host->arm(r->host, &d.timer, 0);
    rig_until(r, has_dripped);
    rig_free(r);
}

/* --- many at one time, writing inside each other's callbacks --- */

enum { CROWD = 60 };

struct crowd {
    struct end e[CROWD];
    struct rng rng;
    size_t each;
};

/* Whoever gets bytes makes some others send. */
static void on_crowd_bytes(struct end *e, char *p, size_t n)
{
    struct crowd *c = e->rig->user;

    end_check_stream(e, p, n);
    for (int i = 0; i < 3; i++) {
        struct end *other = &c->e[rng_below(&c->rng, CROWD)];

        if (other->n_opened && other->to_send < c->each) {
            other->to_send += 1 + rng_below(&c->rng, 20000);
            other->chunk = 1 + rng_below(&c->rng, 5000);
            end_send(other);
        }
    }
}

static bool is_crowd_done(struct rig *r)
{
    struct crowd *c = r->user;

    for (int i = 0; i < CROWD; i++) {
        if (c->e[i].got < c->each || c->e[i].got < c->e[i].to_send)
            return false;
    }
    return true;
}

struct nudger {
    struct timer timer;
    struct rig *rig;
};

/* Those whom chance forgets are made to send here. */
static void nudge(struct timer *t)
{
    struct nudger *n = CONTAINER_OF(t, struct nudger, timer);
    struct crowd *c = n->rig->user;
    struct host *h = n->rig->host;

    for (int i = 0; i < CROWD; i++) {
        if (c->e[i].n_opened && c->e[i].to_send < c->each) {
            c->e[i].to_send += 500;
            end_send(&c->e[i]);
        }
    }
    h->arm(h, t, h->now(h) + 1);
}

static void run_crowd(struct rig *r, bool tls)
{
    static struct crowd c;
    struct nudger n = { .timer.fire = nudge, .rig = r };

    c.rng = rng_seeded(3);
    c.each = 100000;
    r->model.echoes = true;
    r->model.chunk = 3000;
    r->user = &c;
    for (int i = 0; i < CROWD; i++) {
        end_init(&c.e[i], r);
        c.e[i].on_bytes = on_crowd_bytes;
        rig_dial(r, &c.e[i], tls);
    }
    r->host->arm(r->host, &n.timer, 0);
    rig_until(r, is_crowd_done);
    CHECK_INT(loop_wires(r->loop), 2 * CROWD);
    r->host->disarm(r->host, &n.timer);
}

TEST(many_connections_keep_their_bytes_apart)
{
    struct rig *r = rig_new();

    run_crowd(r, true);
    rig_free(r);
}

TEST(many_connections_keep_their_bytes_apart_with_tls_1_2)
{
    struct rig *r = rig_new();

    SSL_CTX_set_max_proto_version(tls_server_context(r->server), TLS1_2_VERSION);
    run_crowd(r, true);
    rig_free(r);
}

static void on_bytes_update_keys(struct end *e, char *p, size_t n)
{
    struct conn *c = e->wire.conn;

    end_check_stream(e, p, n);
    CHECK_INT(SSL_key_update(c->tls.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
}

TEST(keys_can_be_changed_in_the_middle)
{
    struct rig *r = rig_new();
    struct end e;

    r->model.echoes = true;
    r->model.on_bytes = on_bytes_update_keys;
    end_init(&e, r);
    e.to_send = 2 * MIB;
    e.on_bytes = on_bytes_update_keys;
    r->user = &e;
    rig_dial(r, &e, true);
    rig_until(r, is_echoed);
    rig_free(r);
}

/* --- pausing, and queues that fill --- */

enum { SPEECH = 3 * MIB };

/* An accepted end speaks when it is spoken to. */
static void on_bytes_speak(struct end *e, char *p, size_t n)
{
    (void)p, (void)n;
    e->to_send = SPEECH;
    end_send(e);
}

/* Pauses whenever it hears something, and goes on a moment later. */
struct pauser {
    struct end e;
    struct timer timer;
    int times;
};

static void on_pauser_bytes(struct end *e, char *p, size_t n)
{
    struct pauser *u = CONTAINER_OF(e, struct pauser, e);
    struct host *h = e->rig->host;

    CHECK(!e->is_paused);
    end_check_stream(e, p, n);
    h->pause(h, &e->wire, true);
    e->is_paused = true;
    u->times++;
    h->arm(h, &u->timer, h->now(h) + 1);
}

static void unpause(struct timer *t)
{
    struct pauser *u = CONTAINER_OF(t, struct pauser, timer);
    struct host *h = u->e.rig->host;

    u->e.is_paused = false;
    h->pause(h, &u->e.wire, false);
}

static bool has_heard_the_speech(struct rig *r)
{
    struct end *e = r->user;

    return e->got == SPEECH;
}

static void hear_with_pauses(struct rig *r, bool tls)
{
    struct pauser u = { .timer.fire = unpause };

    r->model.on_bytes = on_bytes_speak;
    end_init(&u.e, r);
    u.e.on_bytes = on_pauser_bytes;
    u.e.to_send = 1;
    r->user = &u.e;
    rig_dial(r, &u.e, tls);
    rig_until(r, has_heard_the_speech);
    CHECK(u.times > 10);
    r->host->disarm(r->host, &u.timer);
    end_hangup(&u.e, HANGUP_DROP);
    rig_until(r, is_closed);
}

TEST(pausing_loses_nothing)
{
    struct rig *r = rig_new();

    hear_with_pauses(r, true);
    rig_listen(r, "127.0.0.1", false, RIG_ENDS);
    hear_with_pauses(r, false);
    rig_free(r);
}

/* Takes its peer's breath: reads nothing until the test says so. */
static void on_opened_pause(struct end *e)
{
    e->is_paused = true;
    e->rig->host->pause(e->rig->host, &e->wire, true);
}

static void on_bytes_flood(struct end *e, char *p, size_t n)
{
    (void)p, (void)n;
    e->to_send = SIZE_MAX;
    end_send(e);
}

static bool is_flooded(struct rig *r)
{
    return r->n_accepted && r->accepted[0]->sent && r->accepted[0]->wire.conn &&
           r->host->backlog(r->host, &r->accepted[0]->wire) > LIMIT_WRITE_QUEUE - 2000;
}

static bool has_got_all_that_was_taken(struct rig *r)
{
    struct end *e = r->user;

    return e->got == r->accepted[0]->sent;
}

TEST(a_slow_reader_fills_the_queue_up_to_its_limit)
{
    struct rig *r = rig_new();
    struct wire *w;
    struct end e;
    size_t backlog;

    r->model.on_bytes = on_bytes_flood;
    end_init(&e, r);
    e.on_opened = on_opened_pause;
    e.to_send = 1;
    r->user = &e;
    rig_dial(r, &e, true);
    rig_until(r, is_flooded);
    w = &r->accepted[0]->wire;
    backlog = r->host->backlog(r->host, w);
    CHECK(backlog <= LIMIT_WRITE_QUEUE + TLS_OVERHEAD);
    CHECK_INT(r->host->send(r->host, w, (struct str){ r->directory, LIMIT_WRITE_QUEUE }),
              CORDAGE_ELIMIT);
    CHECK_INT(r->host->backlog(r->host, w), backlog);
    CHECK_INT(e.got, 0);
    r->accepted[0]->to_send = 0; /* enough */
    r->host->pause(r->host, &e.wire, false);
    rig_until(r, has_got_all_that_was_taken);
    CHECK_INT(r->host->backlog(r->host, w), 0);
    rig_free(r);
}

static bool has_taken_a_lot(struct rig *r)
{
    return r->n_accepted && r->accepted[0]->sent > 30 * (size_t)MIB;
}

static bool is_accepted(struct rig *r)
{
    return r->n_accepted > 0;
}

TEST(a_listener_can_allow_its_connections_a_longer_queue)
{
    struct rig *r = rig_new();
    struct end e;

    listener_set_write_limit(r->listener, 40 * (size_t)MIB);
    r->model.on_bytes = on_bytes_flood;
    r->model.chunk = 100000;
    end_init(&e, r);
    e.on_opened = on_opened_pause;
    e.to_send = 1;
    r->user = &e;
    rig_dial(r, &e, true);
    rig_until(r, has_taken_a_lot);
    CHECK(r->host->backlog(r->host, &r->accepted[0]->wire) > 20 * (size_t)MIB);
    loop_set_write_limit(r->host, &r->accepted[0]->wire, 1);
    CHECK_INT(r->host->send(r->host, &r->accepted[0]->wire, STR("x")), CORDAGE_ELIMIT);
    r->accepted[0]->to_send = 0;
    r->host->pause(r->host, &e.wire, false);
    rig_until(r, has_got_all_that_was_taken);
    rig_free(r);
}

/* --- small promises --- */

TEST(an_idle_connection_has_no_buffers)
{
    struct rig *r = rig_new();
    struct conn *c;
    struct end e;

    r->model.echoes = true;
    end_init(&e, r);
    e.to_send = 100000;
    r->user = &e;
    rig_dial(r, &e, true);
    rig_until(r, is_echoed);
    c = e.wire.conn;
    assert_null(c->out.p);
    c = r->accepted[0]->wire.conn;
    assert_null(c->out.p);
    rig_free(r);
}

TEST(a_wire_without_a_connection_takes_nothing)
{
    struct rig *r = rig_new();
    struct end e;

    end_init(&e, r);
    CHECK_INT(r->host->send(r->host, &e.wire, STR("x")), CORDAGE_ECLOSED);
    CHECK_INT(r->host->backlog(r->host, &e.wire), 0);
    r->host->pause(r->host, &e.wire, true);
    r->host->hangup(r->host, &e.wire, HANGUP_DROP);
    r->user = &e;
    rig_dial(r, &e, true);
    CHECK_INT(r->host->send(r->host, &e.wire, STR("x")), CORDAGE_ECLOSED);
    rig_until(r, is_accepted);
    end_hangup(&e, HANGUP_DROP);
    rig_until(r, is_closed);
    rig_free(r);
}

TEST(a_freed_loop_tells_everyone_and_leaves_no_descriptor)
{
    size_t before;
    struct end e, dialling;
    struct rig *r = rig_new();

    rig_free(r); /* libuv and OpenSSL keep what they opened first */
    before = rig_count_fds();
    r = rig_new();
    r->model.echoes = true;
    end_init(&e, r);
    end_init(&dialling, r);
    e.to_send = 1000;
    r->user = &e;
    rig_dial(r, &e, true);
    rig_until(r, is_echoed);
    rig_dial(r, &dialling, true);
    CHECK_INT(loop_wires(r->loop), 3);
    rig_free(r);
    CHECK_INT(e.n_closed, 1);
    CHECK_INT(dialling.n_closed, 1);
    CHECK_INT(rig_count_fds(), before);
}

RUN_TESTS(T(megabytes_are_echoed_over_tls), T(megabytes_are_echoed_without_tls),
          T(a_peer_that_knows_only_tls_1_2_is_served),
          T(names_and_ipv6_reach_the_same_place), T(single_bytes_arrive),
          T(a_byte_a_turn_arrives), T(many_connections_keep_their_bytes_apart),
          T(many_connections_keep_their_bytes_apart_with_tls_1_2),
          T(keys_can_be_changed_in_the_middle), T(pausing_loses_nothing),
          T(a_slow_reader_fills_the_queue_up_to_its_limit),
          T(a_listener_can_allow_its_connections_a_longer_queue),
          T(an_idle_connection_has_no_buffers),
          T(a_wire_without_a_connection_takes_nothing),
          T(a_freed_loop_tells_everyone_and_leaves_no_descriptor))
