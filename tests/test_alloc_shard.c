/* A shard and a gate, each allocation failing in turn: whatever it is that fails, the
 * shard comes through, and delivers each event once. */
#include "alloc.h"

#include "gate_local.h"
#include "shard_rig.h"

static int make_and_free(void *user)
{
    struct rig r;
    int err;

    (void)user;
    alloc_held = true;
    rig_setup_bare(&r);
    alloc_held = false;
    err = rig_new_shard(&r, COMPRESS_ZLIB);
    CHECK((err != 0) == (r.shard == NULL));
    shard_free(r.shard);
    alloc_held = true;
    r.shard = NULL;
    r.stopped = true;
    rig_teardown(&r);
    alloc_held = false;
    return err;
}

TEST(a_shard_that_gets_no_memory_is_not_made)
{
    CHECK(alloc_each(make_and_free, NULL) >= 2);
}

static int make_gate(void *user)
{
    struct vhost v;
    struct gate *g;
    int err;

    (void)user;
    alloc_held = true;
    vhost_init(&v, 1);
    alloc_held = false;
    err = gate_new(&v.host, 16, &(struct gate_books){ 0 }, &g);
    CHECK((err != 0) == (g == NULL));
    if (!err)
        err = gate_limits(g, 32);
    gate_free(g);
    alloc_held = true;
    vhost_release(&v);
    alloc_held = false;
    return err;
}

TEST(a_gate_that_gets_no_memory_is_not_made)
{
    CHECK(alloc_each(make_gate, NULL) >= 3);
}

/* One turn of the shard's, in which memory may fail; what is not the shard's can't. */
static void turn(struct rig *r)
{
    alloc_held = false;
    vhost_turn(&r->v);
    alloc_held = true;
}

/* The server's side of whatever the shard says; true when the events were sent to it. */
static bool answer(struct rig *r)
{
    struct str heard = vserver_read(&r->g);
    struct str at = { heard.p, heard.n };
    unsigned seq;
    size_t found;

    if (str_starts(heard, STR("{\"op\":2,"))) {
        vserver_say(&r->g, RIG_READY);
        seq = 1;
    } else if (str_starts(heard, STR("{\"op\":6,"))) {
        found = str_find(heard, STR("\"seq\":"));
        CHECK(found != SIZE_MAX);
        at.p += found + 6;
        seq = (unsigned)strtoul(at.p, NULL, 10);
    } else {
        return false;
    }
    /* Some of it in a form that must be put together and kept. */
    while (++seq <= 10)
        rig_say_event(r, seq);
    return true;
}

static void serve(struct rig *r)
{
    enum compression compression = r->g.compression;
    unsigned i;

    for (i = 0; i < 2000 && !rig_has(&r->events, "MESSAGE_CREATE/10 "); i++) {
        struct link *last = r->v.wires.prev;
        struct vwire *w = CONTAINER_OF(last, struct vwire, link);

        if (last != &r->v.wires && !w->taken) {
            if (r->has_server)
                vserver_release(&r->g);
            r->has_server = true;
            r->g = (struct vserver){ .vhost = &r->v, .compression = compression };
            r->g.wire = vhost_dialled(&r->v);
            ws_init(&r->g.ws, WS_SERVER, 1);
            r->g.deflate = deflate_new(compression);
            r->g.wire->chunk = 100;
            vwire_open(r->g.wire);
            turn(r);
            vserver_read(&r->g); /* answers the upgrade */
            if (r->g.ws.state == WS_STREAMING)
                vserver_say(&r->g, "{\"t\":null,\"s\":null,\"op\":10,"
                                   "\"d\":{\"heartbeat_interval\":40000}}");
        } else if (r->has_server) {
            answer(r);
        }
        turn(r);
        r->room = 3;
        RIG_CALL(r, shard_go_on(r->shard));
        r->v.now += 100;
        turn(r);
    }
}

static int live_through(void *user)
{
    enum compression *compression = user;
    struct rig r;
    unsigned seq;

    alloc_held = true;
    rig_setup(&r, *compression);
    r.room = 3;
    RIG_CALL(&r, shard_start(r.shard));
    turn(&r);
    serve(&r);
    /* In order and once each, unless a second session had to begin: then the server tells
     * all of it again. */
    if (r.n_identified == 1)
        CHECK_STR(buf_str(&r.events),
                  "READY/1 MESSAGE_CREATE/2 MESSAGE_CREATE/3 "
                  "MESSAGE_CREATE/4 MESSAGE_CREATE/5 MESSAGE_CREATE/6 "
                  "MESSAGE_CREATE/7 MESSAGE_CREATE/8 MESSAGE_CREATE/9 "
                  "MESSAGE_CREATE/10 ");
    for (seq = 2; seq <= 10; seq++) {
        char name[32];

        snprintf(name, sizeof name, "MESSAGE_CREATE/%u ", seq);
        CHECK(rig_has(&r.events, name));
    }
    rig_teardown(&r);
    alloc_held = false;
    return 0;
}

TEST(whatever_allocation_fails_the_shard_comes_through)
{
    enum compression none = COMPRESS_NONE, zlib = COMPRESS_ZLIB;

    CHECK(alloc_each(live_through, &none) >= 20);
    CHECK(alloc_each(live_through, &zlib) >= 20);
}

RUN_TESTS(T(a_shard_that_gets_no_memory_is_not_made),
          T(a_gate_that_gets_no_memory_is_not_made),
          T(whatever_allocation_fails_the_shard_comes_through))
