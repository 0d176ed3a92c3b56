/* link_net_rig.h - a loop with a door and peers on both sides of it, for tests.
 *
 * Every peer has a `struct ear` as its user, which counts what it is told and checks that
 * it is told nothing from inside a call. A test runs the loop until something is so, and
 * fails if it isn't within a minute. */
#ifndef LINK_NET_RIG_H
#define LINK_NET_RIG_H

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "error.h"
#include "json_write.h"
#include "link.h"
#include "test.h"
#include "tmpdir.h"

enum { RIG_EARS = 1200, RIG_PATIENCE_MS = 60000 };

struct ear {
    struct rig *rig;
    struct link_peer *peer; /* NULL: none any more */
    uint32_t n_messages, n_closed;
    char why[64];
    bool in_call;
    void (*on_message)(struct ear *e, enum link_type type, cordage_json body);
    void (*on_closed)(struct ear *e);
    void *user;
};

struct rig {
    struct tmpdir dir;
    char path[800];
    struct loop *loop;
    struct host *host;
    struct link_door *door;
    struct ear model; /* what an accepted one's ear starts as */
    struct ear *ears[RIG_EARS];
    uint32_t n_accepted;
    void (*on_accepted)(struct ear *e);
    char log[1024]; /* the last line */
    unsigned n_lines;
    struct timer patience, tick;
    bool (*done)(struct rig *r);
    void *user;
};

static inline void ear_message(void *user, struct link_peer *p, enum link_type type,
                               cordage_json body)
{
    struct ear *e = user;

    CHECK(!e->in_call && e->peer == p && e->n_closed == 0);
    e->n_messages++;
    if (e->on_message)
        e->on_message(e, type, body);
}

static inline void ear_closed(void *user, struct link_peer *p, const char *why)
{
    struct ear *e = user;

    CHECK(!e->in_call && e->peer == p);
    e->n_closed++;
    snprintf(e->why, sizeof e->why, "%s", why);
    if (e->on_closed)
        e->on_closed(e);
    e->peer = NULL;
}

static const struct link_ops ear_ops = { ear_message, ear_closed };

static inline int ear_send(struct ear *e, enum link_type type, const char *body)
{
    bool was = e->in_call;
    int err;

    e->in_call = true;
    err = link_send(e->peer, type, str_of(body));
    e->in_call = was;
    return err;
}

static inline void ear_hangup(struct ear *e)
{
    bool was = e->in_call;

    e->in_call = true;
    link_hangup(e->peer);
    e->peer = NULL;
    e->in_call = was;
}

static inline void rig_accepted(void *user, struct link_peer *p)
{
    struct rig *r = user;
    struct ear *e = malloc(sizeof *e);

    CHECK(e && r->n_accepted < RIG_EARS);
    *e = r->model;
    e->rig = r;
    e->peer = p;
    r->ears[r->n_accepted++] = e;
    link_peer_set_user(p, e);
    if (r->on_accepted)
        r->on_accepted(e);
}

static inline void rig_log(void *user, enum log_level level, const char *line)
{
    struct rig *r = user;

    (void)level;
    snprintf(r->log, sizeof r->log, "%s", line);
    r->n_lines++;
}

static inline void rig_in_vain(struct timer *t)
{
    (void)t;
    fail_msg("waited in vain for a minute");
}

static inline void rig_tick(struct timer *t)
{
    struct rig *r = CONTAINER_OF(t, struct rig, tick);

    if (r->done(r))
        loop_stop(r->loop);
    r->host->arm(r->host, t, r->host->now(r->host) + 2);
}

static inline void rig_until(struct rig *r, bool (*done)(struct rig *r))
{
    r->done = done;
    r->patience.fire = rig_in_vain;
    r->tick.fire = rig_tick;
    r->host->arm(r->host, &r->tick, 0);
    r->host->arm(r->host, &r->patience, r->host->now(r->host) + RIG_PATIENCE_MS);
    if (!done(r))
        loop_run(r->loop);
    r->host->disarm(r->host, &r->patience);
    r->host->disarm(r->host, &r->tick);
}

/* `name`: of the socket, in a directory of its own. */
static inline struct rig *rig_new_at(const char *name)
{
    struct loop_options options = { 0 };
    struct rig *r = calloc(1, sizeof *r);
    cordage_error error;

    CHECK(r);
    r->dir = tmpdir_new();
    snprintf(r->path, sizeof r->path, "%s", tmpdir_path(&r->dir, name));
    options.log = (struct log){ rig_log, r, LOG_INFO };
    CHECK_INT(loop_new(&options, &r->loop, &error), 0);
    r->host = loop_host(r->loop);
    return r;
}

static inline int rig_listen(struct rig *r, cordage_error *error)
{
    return link_listen(r->loop, r->path, &ear_ops, rig_accepted, r, &r->door, error);
}

static inline struct rig *rig_new(void)
{
    struct rig *r = rig_new_at(LINK_SOCKET);
    cordage_error error;

    if (rig_listen(r, &error))
        fail_msg("%s", error.message);
    return r;
}

static inline void rig_shut(struct rig *r)
{
    link_door_free(r->door);
    r->door = NULL;
    for (uint32_t i = 0; i < r->n_accepted; i++) {
        CHECK(r->ears[i]->n_closed <= 1);
        free(r->ears[i]);
    }
    r->n_accepted = 0;
}

static inline void rig_free(struct rig *r)
{
    rig_shut(r);
    loop_free(r->loop);
    tmpdir_free(&r->dir);
    free(r);
}

static inline void rig_dial(struct rig *r, struct ear *e)
{
    cordage_error error;

    e->rig = r;
    if (link_dial(r->loop, r->path, &ear_ops, e, &e->peer, &error))
        fail_msg("%s", error.message);
}

/* A socket that knows nothing of messages; it blocks. */
static inline int raw_dial(struct rig *r)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CHECK(fd >= 0 && strlen(r->path) < sizeof at.sun_path);
    strcpy(at.sun_path, r->path);
    CHECK_INT(connect(fd, (const struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

#endif
