#include "vlink.h"

#include <assert.h>
#include <string.h>

#include "error.h"
#include "link.h"
#include "list.h"
#include "machine.h"

enum { LATENCY_MS = 3 };

/* A message on its way, or the end (no bytes). */
struct letter {
    struct link on_way;
    uint64_t at; /* it arrives */
    struct buf bytes;
};

struct link_peer {
    struct link on_all, on_door;
    struct link_door *door; /* it came through it; NULL: dialled, or let go */
    struct vprocess *process;
    struct loop *loop;
    const struct link_ops *ops;
    void *user;
    struct json_parser *parser;
    struct link_peer *other; /* NULL: it has gone */
    pid_t pid;               /* the other's */
    struct link letters;     /* to us */
    struct letter *opened;   /* the one that is being read */
    size_t n_bytes;          /* in them */
    uint64_t last_at;
    unsigned n_calls; /* of the loop's, that have not come */
    uint64_t next_call;
    const char *why; /* as in link_inner.h, like the following */
    bool broken, left, busy;
    bool waits; /* at a door, to be accepted */
};

struct link_door {
    struct link on_all;
    struct vprocess *process;
    struct loop *loop;
    const struct link_ops *ops;
    void (*accepted)(void *user, struct link_peer *p);
    void *user;
    struct link peers; /* those that wait, too */
    size_t n_peers, n_waiting;
    char *path;
};

static struct {
    struct link peers, doors;
    uint32_t latency_max;
    size_t queue;
    uint64_t hash, n_messages;
} all;

/* ---- The books ---- */

/* Eight bytes at a time: it is done for every message. */
static void mix(const void *bytes, size_t n)
{
    const char *p = bytes;

    while (n) {
        size_t part = n < 8 ? n : 8;
        uint64_t word = part;

        memcpy(&word, p, part);
        all.hash = (all.hash ^ word) * 0x9e3779b97f4a7c15;
        all.hash ^= all.hash >> 29;
        p += part;
        n -= part;
    }
}

static void note(const struct link_peer *from, struct str bytes)
{
    const uint64_t head[3] = { machine_now(), (uint64_t)vprocess_pid(from->process),
                               (uint64_t)from->pid };

    all.n_messages++;
    mix(head, sizeof head);
    mix(bytes.p, bytes.n);
}

/* ---- Letters ---- */

static void letter_free(struct letter *l)
{
    buf_release(&l->bytes);
    free(l);
}

static void drop_letters(struct link_peer *p)
{
    struct link *at;

    while ((at = list_pop(&p->letters)))
        letter_free(CONTAINER_OF(at, struct letter, on_way));
    if (p->opened)
        letter_free(p->opened);
    p->opened = NULL;
    p->n_bytes = 0;
}

static void on_call(void *user);

static void call(struct link_peer *p, uint64_t at)
{
    if (p->n_calls && p->next_call <= at)
        return; /* it looks again then */
    p->n_calls++;
    p->next_call = at;
    vloop_call(p->loop, at, on_call, p);
}

static void post(struct link_peer *to, struct letter *l)
{
    uint64_t at = machine_now();

    if (all.latency_max)
        at += machine_random() % (all.latency_max + 1);
    l->at = to->last_at = at > to->last_at ? at : to->last_at;
    to->n_bytes += l->bytes.n;
    list_insert(&to->letters, &l->on_way);
    call(to, l->at);
}

static void post_end(struct link_peer *to)
{
    struct letter *l = mem_zero(sizeof *l);

    assert(l);
    post(to, l);
}

/* What the dying had written, and the kernel had not taken. */
static void lose_the_last(struct link_peer *to)
{
    while (to->n_bytes > VLINK_KERNEL) {
        struct letter *l = CONTAINER_OF(to->letters.prev, struct letter, on_way);

        to->n_bytes -= l->bytes.n;
        list_remove(&l->on_way);
        letter_free(l);
    }
}

/* ---- Peers ---- */

static struct link_peer *peer_new(struct loop *loop, const struct link_ops *ops,
                                  void *user)
{
    struct link_peer *p = mem_zero(sizeof *p);

    assert(p);
    p->loop = loop;
    p->process = vloop_process(loop);
    p->ops = ops;
    p->user = user;
    p->parser = json_parser_new();
    assert(p->parser);
    list_init(&p->letters);
    list_init(&p->on_door);
    list_insert(&all.peers, &p->on_all);
    return p;
}

static void leave_door(struct link_peer *p)
{
    if (p->door) {
        p->door->n_peers--;
        p->door->n_waiting -= p->waits;
    }
    p->door = NULL;
    p->waits = false;
    list_remove(&p->on_door);
}

static void part(struct link_peer *p)
{
    if (p->other) {
        p->other->other = NULL;
        post_end(p->other);
    }
    p->other = NULL;
}

static void peer_free(struct link_peer *p)
{
    leave_door(p);
    drop_letters(p);
    json_parser_free(p->parser);
    list_remove(&p->on_all);
    free(p);
}

static void over(struct link_peer *p, const char *why)
{
    if (!p->why)
        p->why = why;
    if (!p->busy)
        call(p, machine_now());
}

/* ---- Reading ---- */

static bool is_listening(const struct link_peer *p)
{
    return !p->why && !p->left;
}

static void deliver(struct link_peer *p, struct str bytes)
{
    enum link_type type;
    struct str text;
    cordage_json body;
    size_t n;
    int err = link_read(bytes, &type, &text, &n);

    assert(!err && n == bytes.n);
    err = json_parse(p->parser, text, &body);
    if (err || cordage_json_type_of(body) != CORDAGE_JSON_OBJECT)
        over(p, "it sent what is no message");
    else
        p->ops->message(p->user, p, type, body);
}

static bool has_letter(const struct link_peer *p)
{
    return !list_is_empty(&p->letters) &&
           CONTAINER_OF(p->letters.next, struct letter, on_way)->at <= machine_now();
}

static void read_letters(struct link_peer *p)
{
    while (is_listening(p) && has_letter(p)) {
        p->opened = CONTAINER_OF(list_pop(&p->letters), struct letter, on_way);
        p->n_bytes -= p->opened->bytes.n;
        if (p->opened->bytes.n)
            deliver(p, buf_str(&p->opened->bytes));
        else
            over(p, "the other side has closed it");
        letter_free(p->opened);
        p->opened = NULL;
    }
}

static void accept_peer(struct link_peer *p)
{
    struct link_door *d = p->door;

    p->waits = false;
    d->n_waiting--;
    if (d->n_peers > LIMIT_LINK_PEERS)
        link_hangup(p);
    else
        d->accepted(d->user, p);
}

static void settle(struct link_peer *p)
{
    if (p->why && !p->left) {
        leave_door(p);
        part(p);
        p->busy = true;
        p->left = true;
        p->ops->closed(p->user, p, p->why);
        p->busy = false;
    }
    if (p->left && !p->n_calls)
        peer_free(p);
    else if (!p->left && !list_is_empty(&p->letters))
        call(p, CONTAINER_OF(p->letters.next, struct letter, on_way)->at);
}

static void on_call(void *user)
{
    struct link_peer *p = user;

    p->n_calls--;
    p->next_call = UINT64_MAX;
    p->busy = true;
    if (p->waits && is_listening(p))
        accept_peer(p);
    read_letters(p);
    p->busy = false;
    settle(p);
}

/* ---- link.h: both ends ---- */

static size_t queue_limit(void)
{
    return (all.queue ? all.queue : LIMIT_LINK_QUEUE) + VLINK_KERNEL;
}

int link_send(struct link_peer *p, enum link_type type, struct str body)
{
    struct letter *l;
    int err;

    assert(!p->left);
    if (p->why || p->broken)
        return CORDAGE_ECLOSED;
    if (!p->other) {
        p->broken = true; /* the kernel says so, and reading has still to find out */
        return 0;
    }
    if (body.n <= LIMIT_LINK_MESSAGE &&
        p->other->n_bytes + LINK_HEAD + body.n > queue_limit()) {
        over(p, "it does not read what it is sent");
        return CORDAGE_ECLOSED;
    }
    l = mem_zero(sizeof *l);
    err = l ? link_write(&l->bytes, type, body) : CORDAGE_ENOMEM;
    if (err) {
        free(l);
        return err;
    }
    note(p, buf_str(&l->bytes));
    post(p->other, l);
    return 0;
}

pid_t link_peer_pid(const struct link_peer *p)
{
    return p->pid;
}

void link_peer_set_user(struct link_peer *p, void *user)
{
    p->user = user;
}

void link_hangup(struct link_peer *p)
{
    if (p->left)
        return;
    p->left = true;
    leave_door(p);
    part(p);
    if (!p->busy && !p->n_calls)
        peer_free(p);
}

/* ---- link.h: dialling and listening ---- */

static struct link_door *door_at(const char *path)
{
    for (struct link *at = all.doors.next; at != &all.doors; at = at->next) {
        struct link_door *d = CONTAINER_OF(at, struct link_door, on_all);

        if (strcmp(d->path, path) == 0)
            return d;
    }
    return NULL;
}

int link_dial(struct loop *loop, const char *path, const struct link_ops *ops, void *user,
              struct link_peer **out, cordage_error *error)
{
    struct link_door *d = door_at(path);
    struct link_peer *here, *there;

    *out = NULL;
    if (!d)
        return error_set(error, CORDAGE_ENET, "Nobody listens on %s.", path);
    if (d->n_waiting >= VLINK_ACCEPTS)
        return error_set(error, CORDAGE_ENET,
                         "The supervisor behind %s does not answer. Try again.", path);
    here = peer_new(loop, ops, user);
    there = peer_new(d->loop, d->ops, d->user);
    here->other = there;
    there->other = here;
    here->pid = vprocess_pid(d->process);
    there->pid = vprocess_pid(here->process);
    there->door = d;
    there->waits = true;
    list_insert(&d->peers, &there->on_door);
    d->n_peers++;
    d->n_waiting++;
    call(there, machine_now());
    *out = here;
    return 0;
}

int link_listen(struct loop *loop, const char *path, const struct link_ops *ops,
                void (*accepted)(void *user, struct link_peer *p), void *user,
                struct link_door **out, cordage_error *error)
{
    struct link_door *d;

    *out = NULL;
    if (door_at(path))
        return error_set(error, CORDAGE_EBUSY, "Somebody listens on %s already.", path);
    d = mem_zero(sizeof *d);
    assert(d);
    d->path = mem_copy(path, strlen(path));
    assert(d->path);
    d->loop = loop;
    d->process = vloop_process(loop);
    d->ops = ops;
    d->accepted = accepted;
    d->user = user;
    list_init(&d->peers);
    list_insert(&all.doors, &d->on_all);
    *out = d;
    return 0;
}

/* Nobody removes its file here. */
int link_door_look(struct link_door *d, cordage_error *error)
{
    (void)d;
    (void)error;
    return 0;
}

static void door_release(struct link_door *d)
{
    list_remove(&d->on_all);
    free(d->path);
    free(d);
}

void link_door_free(struct link_door *d)
{
    if (!d)
        return;
    while (!list_is_empty(&d->peers))
        link_hangup(CONTAINER_OF(d->peers.next, struct link_peer, on_door));
    door_release(d);
}

/* ---- The end of a process ---- */

static void kill_peer(struct link_peer *p)
{
    if (p->other)
        lose_the_last(p->other);
    part(p);
    peer_free(p);
}

static void died(struct vprocess *process)
{
    struct link *at, *next;

    for (at = all.peers.next; at != &all.peers; at = next) {
        struct link_peer *p = CONTAINER_OF(at, struct link_peer, on_all);

        next = at->next;
        if (p->process == process)
            kill_peer(p);
    }
    for (at = all.doors.next; at != &all.doors; at = next) {
        struct link_door *d = CONTAINER_OF(at, struct link_door, on_all);

        next = at->next;
        if (d->process == process)
            door_release(d);
    }
}

void vlink_open(void)
{
    memset(&all, 0, sizeof all);
    list_init(&all.peers);
    list_init(&all.doors);
    all.latency_max = LATENCY_MS;
    machine_on_death(died);
}

void vlink_close(void)
{
    while (!list_is_empty(&all.peers)) {
        struct link_peer *p = CONTAINER_OF(all.peers.next, struct link_peer, on_all);

        p->other = NULL;
        peer_free(p);
    }
    while (!list_is_empty(&all.doors))
        door_release(CONTAINER_OF(all.doors.next, struct link_door, on_all));
}

void vlink_set(uint32_t latency_max, size_t queue)
{
    all.latency_max = latency_max;
    all.queue = queue;
}

uint64_t vlink_hash(void)
{
    return all.hash;
}

uint64_t vlink_messages(void)
{
    return all.n_messages;
}
