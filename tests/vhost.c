#include "vhost.h"

#include <stdio.h>
#include <stdlib.h>

#include "error.h"
#include "limits.h"

/* A test without memory has nothing to say. */
static void must(int err)
{
    if (err)
        abort();
}

static struct vhost *vhost_of(struct host *h)
{
    return CONTAINER_OF(h, struct vhost, host);
}

static struct vwire *vwire_of(struct link *link)
{
    return CONTAINER_OF(link, struct vwire, link);
}

/* The functions of struct host */

static uint64_t on_now(struct host *h)
{
    return vhost_of(h)->now;
}

static uint64_t on_wall(struct host *h)
{
    return vhost_of(h)->wall + vhost_of(h)->now - VHOST_EPOCH;
}

static uint64_t on_random(struct host *h)
{
    return rng_next(&vhost_of(h)->rng);
}

static void on_arm(struct host *h, struct timer *t, uint64_t at)
{
    timers_arm(&vhost_of(h)->timers, t, at);
}

static void on_disarm(struct host *h, struct timer *t)
{
    timers_disarm(&vhost_of(h)->timers, t);
}

static int on_dial(struct host *h, struct wire *wire, const struct endpoint *to)
{
    struct vhost *v = vhost_of(h);
    struct vwire *w;

    if (v->refuse_dial)
        return v->refuse_dial;
    w = mem_zero(sizeof *w);
    if (!w)
        return CORDAGE_ENOMEM;
    w->vhost = v;
    w->wire = wire;
    w->port = to->port;
    w->tls = to->tls;
    snprintf(w->host, sizeof w->host, "%s", to->host);
    list_insert(&v->wires, &w->link);
    wire->conn = w;
    return 0;
}

static int on_send(struct host *h, struct wire *wire, struct str bytes)
{
    struct vwire *w = wire->conn;
    int err;

    (void)h;
    if (!w || w->state != VWIRE_OPEN || w->hung_up)
        return CORDAGE_ESTATE;
    if (w->refuse_send)
        return w->refuse_send;
    if (w->stuck && w->sent.n + bytes.n > LIMIT_WRITE_QUEUE)
        return CORDAGE_ELIMIT;
    err = buf_append_str(&w->sent, bytes);
    w->drained_due = !err;
    return err;
}

static size_t on_backlog(struct host *h, const struct wire *wire)
{
    const struct vwire *w = wire->conn;

    (void)h;
    return w && w->stuck ? w->sent.n : 0;
}

static void on_pause(struct host *h, struct wire *wire, bool paused)
{
    struct vwire *w = wire->conn;

    (void)h;
    if (w)
        w->paused = paused;
}

static void on_hangup(struct host *h, struct wire *wire, enum hangup how)
{
    struct vwire *w = wire->conn;
    uint64_t at;

    if (!w)
        return;
    at = vhost_of(h)->now + (how == HANGUP_FLUSH ? vhost_of(h)->hangup_ms : 0);
    if (!w->hung_up || how > w->how) {
        w->how = how;
        w->hangup_at = at;
    }
    w->hung_up = true;
}

static void on_post(struct host *h, struct mail *mail)
{
    list_insert(&vhost_of(h)->mail, &mail->link);
}

static void on_log(void *user, enum log_level level, const char *line)
{
    struct vhost *v = user;

    if (buf_printf(&v->log, "%s %s\n", log_level_name(level), line))
        must(buf_printf(&v->log, "%s %s\n", log_level_name(level), line));
}

/* Making time pass */

static bool run_mail(struct vhost *v)
{
    struct link now;
    struct link *link;
    bool any = false;

    list_init(&now);
    list_join(&now, &v->mail); /* mail posted meanwhile waits for the next round */
    while ((link = list_pop(&now))) {
        struct mail *mail = CONTAINER_OF(link, struct mail, link);

        mail->run(mail);
        any = true;
    }
    return any;
}

/* In memory of its own, so that a sanitizer sees who reads too far or too late. */
static void give_bytes(struct vwire *w)
{
    size_t n = w->chunk && w->chunk < w->coming.n ? w->chunk : w->coming.n;
    char *p = malloc(n + BUF_SLACK);

    if (!p)
        p = malloc(n +
                   BUF_SLACK); /* a test may fail one allocation, and means ours not */
    must(p ? 0 : CORDAGE_ENOMEM);
    memcpy(p, w->coming.p, n);
    memset(p + n, '"', BUF_SLACK);
    buf_consume(&w->coming, n);
    w->wire->ops->bytes(w->wire, p, n);
    free(p);
}

static void close_wire(struct vwire *w, int err, const char *why)
{
    struct wire *wire = w->wire;

    w->state = VWIRE_CLOSED;
    w->wire = NULL;
    wire->conn = NULL;
    wire->ops->closed(wire, err, why);
}

/* The one thing that happens next on this wire. False: nothing does. */
static bool run_wire(struct vwire *w)
{
    if (w->state == VWIRE_CLOSED)
        return false;
    if (w->break_due) {
        close_wire(w, w->break_err, w->break_why);
    } else if (w->hung_up && w->hangup_at <= w->vhost->now) {
        close_wire(w, CORDAGE_ECLOSED, "closed by us");
    } else if (w->open_due) {
        w->open_due = false;
        w->wire->ops->opened(w->wire);
    } else if (w->drained_due && !w->stuck) {
        w->drained_due = false;
        if (w->wire->ops->drained)
            w->wire->ops->drained(w->wire);
    } else if (w->coming.n && !w->paused && (!w->hung_up || w->how == HANGUP_FLUSH)) {
        give_bytes(w);
    } else if (w->end_due && (w->hung_up || (!w->paused && !w->coming.n))) {
        close_wire(w, CORDAGE_ECLOSED, "closed by the peer");
    } else {
        return false;
    }
    return true;
}

static bool run_wires(struct vhost *v)
{
    struct link *at;
    bool any = false;

    for (at = v->wires.next; at != &v->wires; at = at->next)
        any |= run_wire(vwire_of(at));
    return any;
}

static bool run_timers(struct vhost *v)
{
    if (timers_next(&v->timers) > v->now)
        return false;
    timers_fire(&v->timers, v->now);
    return true;
}

void vhost_turn(struct vhost *v)
{
    bool any = true;

    while (any) {
        any = run_mail(v);
        any |= run_wires(v);
        any |= run_timers(v);
    }
}

uint64_t vhost_next_at(const struct vhost *v)
{
    uint64_t next = timers_next(&v->timers);
    struct link *at;

    for (at = v->wires.next; at != &v->wires; at = at->next) {
        const struct vwire *w = vwire_of(at);

        if (w->state != VWIRE_CLOSED && w->hung_up && w->hangup_at < next)
            next = w->hangup_at;
    }
    return next;
}

void vhost_run(struct vhost *v, uint64_t ms)
{
    uint64_t until = v->now + ms;

    vhost_turn(v);
    while (vhost_next_at(v) <= until) {
        v->now = vhost_next_at(v);
        vhost_turn(v);
    }
    v->now = until;
}

void vhost_init(struct vhost *v, uint64_t seed)
{
    *v = (struct vhost){
        .host = { .now = on_now,
                  .wall = on_wall,
                  .random = on_random,
                  .arm = on_arm,
                  .disarm = on_disarm,
                  .dial = on_dial,
                  .send = on_send,
                  .backlog = on_backlog,
                  .pause = on_pause,
                  .hangup = on_hangup,
                  .post = on_post,
                  .log = { .write = on_log, .level = LOG_TRACE } },
        .now = VHOST_EPOCH,
        .wall = 1767225600000, /* 2026-01-01 */
        .rng = rng_seeded(seed),
    };
    v->host.log.user = v;
    must(timers_init(&v->timers));
    list_init(&v->mail);
    list_init(&v->wires);
}

void vhost_release(struct vhost *v)
{
    struct link *link;

    while ((link = list_pop(&v->wires))) {
        struct vwire *w = vwire_of(link);

        buf_release(&w->sent);
        buf_release(&w->coming);
        free(w);
    }
    timers_release(&v->timers);
    buf_release(&v->log);
}

/* The far end */

struct vwire *vhost_dialled(struct vhost *v)
{
    struct link *at;

    for (at = v->wires.next; at != &v->wires; at = at->next)
        if (!vwire_of(at)->taken) {
            vwire_of(at)->taken = true;
            return vwire_of(at);
        }
    return NULL;
}

void vwire_open(struct vwire *w)
{
    if (w->state != VWIRE_DIALLED)
        return;
    w->state = VWIRE_OPEN;
    w->open_due = true;
}

static void break_wire(struct vwire *w, int err, const char *why)
{
    w->break_due = true;
    w->break_err = err;
    w->break_why = why;
}

void vwire_refuse(struct vwire *w, int err, const char *why)
{
    break_wire(w, err, why);
}

void vwire_write(struct vwire *w, struct str bytes)
{
    must(buf_append_str(&w->coming, bytes));
}

void vwire_end(struct vwire *w)
{
    w->end_due = true;
}

void vwire_break(struct vwire *w)
{
    break_wire(w, CORDAGE_ENET, "connection reset");
}
