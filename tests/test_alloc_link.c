/* A door, a peer at each end and a message each way, with each of our allocations failing
 * in turn: what isn't said fails or is closed, and nothing is left behind. */
#include "alloc.h"
#include "link_net_rig.h"
#include "link_rig.h"

struct ends {
    struct ear near, far;
    bool answered;
};

static bool is_over(struct rig *r)
{
    struct ends *e = r->user;

    return e->answered || e->near.n_closed > 0;
}

static int say_hello(struct link_peer *p)
{
    struct buf body = { 0 };
    struct link_hello hello = { .version = LINK_VERSION,
                                .role = LINK_CONTROL,
                                .release = STR("0.1.0") };
    int err = link_put_hello(&body, &hello);

    if (!err)
        err = link_send(p, LINK_HELLO, buf_str(&body));
    buf_release(&body);
    return err;
}

/* Whoever can't answer hangs up. */
static void far_message(struct ear *e, enum link_type type, cordage_json body)
{
    struct link_hello hello;

    CHECK_INT(type, LINK_HELLO);
    CHECK_INT(link_get_hello(body, link_rig_room, &hello), 0);
    if (say_hello(e->peer))
        ear_hangup(e);
}

static void near_message(struct ear *e, enum link_type type, cordage_json body)
{
    struct ends *ends = e->rig->user;

    (void)type, (void)body;
    ends->answered = true;
}

/* Allocates nothing itself. */
static void accepted(void *user, struct link_peer *p)
{
    struct rig *r = user;
    struct ends *e = r->user;

    e->far = (struct ear){ .rig = r, .peer = p, .on_message = far_message };
    link_peer_set_user(p, &e->far);
}

static int talk(struct rig *r)
{
    struct ends *ends = r->user;
    cordage_error error;
    int err = link_listen(r->loop, r->path, &ear_ops, accepted, r, &r->door, &error);

    if (err)
        return err;
    ends->near = (struct ear){ .rig = r, .on_message = near_message };
    err = link_dial(r->loop, r->path, &ear_ops, &ends->near, &ends->near.peer, &error);
    if (!err)
        err = say_hello(ends->near.peer);
    if (!err) {
        rig_until(r, is_over);
        err = ends->answered ? 0 : CORDAGE_ENOMEM;
    }
    if (ends->near.peer)
        ear_hangup(&ends->near);
    return err;
}

static int run(void *user)
{
    struct rig *r = user;
    struct ends ends = { 0 };
    struct loop_options options = { 0 };
    cordage_error error;
    int err = loop_new(&options, &r->loop, &error);

    if (err)
        return err;
    r->host = loop_host(r->loop);
    r->user = &ends;
    err = talk(r);
    link_door_free(r->door);
    r->door = NULL;
    CHECK_INT(access(r->path, F_OK), -1);
    loop_free(r->loop);
    return err;
}

TEST(a_link_that_gets_no_memory_ends_in_order)
{
    static struct rig r;

    r.dir = tmpdir_new();
    snprintf(r.path, sizeof r.path, "%s", tmpdir_path(&r.dir, LINK_SOCKET));
    CHECK(alloc_each(run, &r) >= 20);
    tmpdir_free(&r.dir);
}

RUN_TESTS(T(a_link_that_gets_no_memory_ends_in_order))
