/* net_rig.h - a loop that talks to itself over loopback, for tests.
 *
 * Clients and accepted servers are `struct end`s on one loop, so that their wakes
 * interleave. Each sends a stream whose every byte follows from its place, and checks
 * that what it gets is such a stream, unless it keeps what it gets. Nothing sleeps: a
 * test runs the loop until something is so, and fails if it isn't within a minute. */
#ifndef NET_RIG_H
#define NET_RIG_H

#include <dirent.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cert.h"
#include "conn.h"
#include "server_cert.h"
#include "test.h"
#include "tls_inner.h"

enum { RIG_ENDS = 256, RIG_PATIENCE_MS = 60000 };

struct end {
    struct wire wire;
    struct rig *rig;
    size_t sent, got; /* bytes of the stream, each way */
    size_t to_send;   /* goes on sending until `sent` is this */
    size_t chunk;     /* bytes of one send; 0: 1000 */
    bool echoes;      /* sends back what it gets */
    bool keeps;       /* what it gets is no stream: `kept` has the last of it */
    char kept[4096];
    size_t n_kept;
    void (*on_bytes)(struct end *e, char *p, size_t n); /* instead of all that; NULL */
    void (*on_opened)(struct end *e);
    void (*on_drained)(struct end *e);
    int n_opened, n_closed, n_drained;
    bool in_call, is_paused;
    int err;
    char why[128];
};

struct rig {
    struct loop *loop;
    struct host *host;
    struct tls_client *client;
    struct tls_server *server;
    struct listener *listener;
    struct end model; /* what an accepted end starts as */
    struct end *accepted[RIG_ENDS];
    size_t n_accepted;
    bool refuses;
    struct timer patience, tick;
    bool (*done)(struct rig *r);
    void *user;
    char directory[64];
    struct server_cert files;
};

static inline unsigned char rig_byte(size_t place)
{
    return (unsigned char)((place * 2654435761u) >> 13);
}

/* Something has happened. */
static inline void rig_poke(struct rig *r)
{
    if (r->done && r->done(r))
        loop_stop(r->loop);
}

static inline void rig_on_patience(struct timer *t)
{
    (void)t;
    fail_msg("waited in vain for a minute");
}

/* Not all that happens tells us. */
static inline void rig_on_tick(struct timer *t)
{
    struct rig *r = CONTAINER_OF(t, struct rig, tick);

    rig_poke(r);
    r->host->arm(r->host, t, r->host->now(r->host) + 2);
}

static inline void rig_until(struct rig *r, bool (*done)(struct rig *r))
{
    r->done = done;
    r->patience.fire = rig_on_patience;
    r->tick.fire = rig_on_tick;
    r->host->arm(r->host, &r->tick, 0);
    r->host->arm(r->host, &r->patience, r->host->now(r->host) + RIG_PATIENCE_MS);
    if (!done(r))
        loop_run(r->loop);
    r->host->disarm(r->host, &r->patience);
    r->host->disarm(r->host, &r->tick);
    r->done = NULL;
}

/* Sends as much of what is still to be sent as is taken. */
static inline void end_send(struct end *e)
{
    struct host *h = e->rig->host;
    static char bytes[128 * 1024];

    while (e->wire.conn && e->sent < e->to_send) {
        size_t n = e->chunk ? e->chunk : 1000;
        bool was_in_call = e->in_call;
        int err;

        if (n > e->to_send - e->sent)
            n = e->to_send - e->sent;
        for (size_t i = 0; i < n; i++)
            bytes[i] = (char)rig_byte(e->sent + i);
        e->in_call = true;
        err = h->send(h, &e->wire, (struct str){ bytes, n });
        e->in_call = was_in_call;
        if (err == CORDAGE_ELIMIT || err == CORDAGE_ECLOSED)
            return;
        CHECK_INT(err, 0);
        e->sent += n;
    }
}

static inline void end_on_opened(struct wire *w)
{
    struct end *e = CONTAINER_OF(w, struct end, wire);

    CHECK(!e->in_call);
    e->n_opened++;
    if (e->on_opened)
        e->on_opened(e);
    end_send(e);
    rig_poke(e->rig);
}

static inline void end_check_stream(struct end *e, const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)p[i] != rig_byte(e->got + i))
            fail_msg("byte %zu of the stream is wrong", e->got + i);
    e->got += n;
}

static inline void end_on_bytes(struct wire *w, char *p, size_t n)
{
    struct end *e = CONTAINER_OF(w, struct end, wire);
    volatile char slack = 0;

    CHECK(n > 0 && !e->in_call && e->n_closed == 0);
    if (e->on_bytes) {
        e->on_bytes(e, p, n);
    } else if (e->keeps) {
        CHECK(e->n_kept + n <= sizeof e->kept);
        memcpy(e->kept + e->n_kept, p, n);
        e->n_kept += n;
        e->got += n;
    } else {
        end_check_stream(e, p, n);
        for (size_t i = 0; i < BUF_SLACK; i++)
            slack = (char)(slack + p[n + i]); /* readable, says the address sanitizer */
        memset(p, 0x55, n);                   /* and writable */
    }
    if (e->echoes) {
        e->to_send = e->got;
        end_send(e);
    }
    rig_poke(e->rig);
}

static inline void end_on_closed(struct wire *w, int err, const char *why)
{
    struct end *e = CONTAINER_OF(w, struct end, wire);

    CHECK(!e->in_call && w->conn == NULL);
    e->n_closed++;
    e->err = err;
    snprintf(e->why, sizeof e->why, "%s", why);
    rig_poke(e->rig);
}

static inline void end_on_drained(struct wire *w)
{
    struct end *e = CONTAINER_OF(w, struct end, wire);

    CHECK(!e->in_call);
    CHECK_INT(e->rig->host->backlog(e->rig->host, w), 0);
    e->n_drained++;
    if (e->on_drained)
        e->on_drained(e);
    end_send(e);
    rig_poke(e->rig);
}

static const struct wire_ops end_ops = { end_on_opened, end_on_bytes, end_on_closed,
                                         end_on_drained };

static inline void end_init(struct end *e, struct rig *r)
{
    *e = (struct end){ .rig = r, .wire.ops = &end_ops };
}

static inline void end_hangup(struct end *e, enum hangup how)
{
    bool was_in_call = e->in_call;

    e->in_call = true;
    e->rig->host->hangup(e->rig->host, &e->wire, how);
    e->in_call = was_in_call;
}

static inline struct wire *rig_accept(void *user, const char *peer)
{
    struct rig *r = user;
    struct end *e;

    CHECK(strchr(peer, ':'));
    if (r->refuses)
        return NULL;
    CHECK(r->n_accepted < RIG_ENDS);
    e = malloc(sizeof *e);
    CHECK(e);
    *e = r->model;
    e->rig = r;
    e->wire = (struct wire){ .ops = &end_ops };
    r->accepted[r->n_accepted++] = e;
    rig_poke(r);
    return &e->wire;
}

static inline size_t rig_count_fds(void)
{
    DIR *d = opendir("/proc/self/fd");
    size_t n = 0;

    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

static inline void rig_listen(struct rig *r, const char *address, bool tls, size_t max)
{
    cordage_error error;

    listener_free(r->listener);
    CHECK_INT(listener_new(r->loop, address, 0, tls ? r->server : NULL, max, rig_accept,
                           r, &r->listener, &error),
              0);
}

/* A loop, contexts with a CA of its own, and a TLS listener on 127.0.0.1. */
static inline struct rig *rig_new_with(const struct loop_options *with)
{
    struct loop_options options = *with;
    struct rig *r = calloc(1, sizeof *r);
    cordage_error error;

    CHECK(r);
    strcpy(r->directory, "/tmp/cordage-test-XXXXXX");
    CHECK(mkdtemp(r->directory));
    CHECK_INT(server_cert_ensure(r->directory, &r->files, &error), 0);
    CHECK_INT(tls_client_new(r->files.ca_file, &r->client, &error), 0);
    CHECK_INT(tls_server_new(r->files.cert_file, r->files.key_file, &r->server, &error),
              0);
    options.tls = r->client;
    CHECK_INT(loop_new(&options, &r->loop, &error), 0);
    r->host = loop_host(r->loop);
    rig_listen(r, "127.0.0.1", true, RIG_ENDS);
    return r;
}

static inline struct rig *rig_new(void)
{
    return rig_new_with(&(struct loop_options){ 0 });
}

/* Everyone has been told of the end exactly once, and nothing is left. */
static inline void rig_free(struct rig *r)
{
    char command[128];

    listener_free(r->listener);
    loop_free(r->loop);
    for (size_t i = 0; i < r->n_accepted; i++) {
        CHECK_INT(r->accepted[i]->n_closed, 1);
        CHECK_INT(r->accepted[i]->n_opened, 0);
        free(r->accepted[i]);
    }
    tls_client_free(r->client);
    tls_server_free(r->server);
    snprintf(command, sizeof command, "rm -rf '%s'", r->directory);
    CHECK_INT(system(command), 0);
    free(r);
}

static inline void rig_dial_to(struct rig *r, struct end *e, const char *host,
                               uint16_t port, bool tls)
{
    struct endpoint to = { host, port, tls };

    e->in_call = true;
    CHECK_INT(r->host->dial(r->host, &e->wire, &to), 0);
    e->in_call = false;
}

static inline void rig_dial(struct rig *r, struct end *e, bool tls)
{
    rig_dial_to(r, e, "127.0.0.1", listener_port(r->listener), tls);
}

#endif
