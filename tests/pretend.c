/* A worker that only pretends. Behaviours:
 *
 *     well      takes, gives, identifies when told to, says that its shards are ready
 *     mute      never says HELLO
 *     fatal     says FATAL once it was welcomed
 *     exit-N    exits with N once it was welcomed
 *     stubborn  as well, but ends neither at STOP nor at SIGTERM
 *     refuse    takes no shard
 *     slow      is on a new link when it says of the first shard that it can't take it
 *     foreign   says what its environment tells it, and knows no link
 *
 * "once-" before fatal or exit-N: only the worker 0, and only its first generation.
 * "next-" before any: not its first generation, which behaves well. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "fleet_rig.h"

enum { MOST = 256, TICK_MS = 20, REDIAL_MS = 50, ALONE_S = 30 };

struct shard {
    int lock; /* 0: it doesn't run here */
    uint32_t ask;
    bool ready;
};

struct worker {
    const char *link, *dir, *behaviour;
    uint32_t index, generation, first, last, count, asks;
    int fd;
    bool alone;
    struct buf in, out;
    struct json_parser *parser;
    struct shard shards[MOST];
    uint32_t late; /* "slow": the shard it is about to take; UINT32_MAX: none any more */
    bool is_late;
    uint32_t room[LIMIT_SHARDS];
};

static void send_body(struct worker *w, enum link_type type)
{
    struct buf message = { 0 };

    link_write(&message, type, buf_str(&w->out));
    if (send(w->fd, message.p, message.n, MSG_NOSIGNAL) != (ssize_t)message.n) {
        close(w->fd);
        w->fd = -1;
    }
    buf_release(&message);
    buf_clear(&w->out);
}

static void say_hello(struct worker *w)
{
    struct link_hello m = { .version = LINK_VERSION,
                            .role = LINK_WORKER,
                            .release = STR("test"),
                            .worker = w->index,
                            .generation = w->generation,
                            .pid = getpid(),
                            .first = w->first,
                            .last = w->last,
                            .count = w->count,
                            .held = w->room };

    for (uint32_t id = 0; id < MOST; id++)
        if (w->shards[id].lock || (w->is_late && w->late == id))
            w->room[m.n_held++] = id;
    link_put_hello(&w->out, &m);
    send_body(w, LINK_HELLO);
}

/* What came of a take that began on a link that is no more. */
static void say_late(struct worker *w)
{
    struct link_moved m = { .shard = w->late, .err = CORDAGE_EBUSY };

    w->late = UINT32_MAX;
    link_put_moved(&w->out, &m);
    send_body(w, LINK_TAKEN);
}

static void dial(struct worker *w)
{
    struct sockaddr_un to = { .sun_family = AF_UNIX };

    snprintf(to.sun_path, sizeof to.sun_path, "%s", w->link);
    w->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    buf_clear(&w->in);
    if (connect(w->fd, (struct sockaddr *)&to, sizeof to) < 0) {
        close(w->fd);
        w->fd = -1;
        poll(NULL, 0, REDIAL_MS);
        return;
    }
    alarm(0);
    w->alone = false;
    say_hello(w);
    if (w->is_late && w->late != UINT32_MAX)
        say_late(w);
}

/* ---- Shards ---- */

static void say_slot(struct worker *w, uint32_t id, enum link_type type)
{
    struct link_slot m = { .shard = id, .ask = w->shards[id].ask };

    link_put_slot(&w->out, &m);
    send_body(w, type);
}

static void session_path(const struct worker *w, uint32_t id, char out[256])
{
    snprintf(out, 256, "%s/session-%u-of-%u", w->dir, id, w->count);
}

/* What outlives it: a file, whose lock says who runs the shard. */
static void take(struct worker *w, uint32_t id)
{
    struct link_moved m = { .shard = id };
    struct shard *sh = &w->shards[id];
    struct stat st;
    char path[256];

    if (strcmp(w->behaviour, "slow") == 0 && !w->is_late) {
        w->late = id;
        w->is_late = true;
        close(w->fd);
        w->fd = -1;
        return;
    }
    session_path(w, id, path);
    sh->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    fstat(sh->lock, &st);
    if (flock(sh->lock, LOCK_EX | LOCK_NB) < 0) {
        close(sh->lock);
        sh->lock = 0;
        m.err = CORDAGE_EBUSY;
    } else if (strcmp(w->behaviour, "refuse") == 0) {
        close(sh->lock);
        sh->lock = 0;
        m.err = CORDAGE_EIO;
    }
    sh->ready = m.resumes = !m.err && st.st_size > 0;
    link_put_moved(&w->out, &m);
    send_body(w, LINK_TAKEN);
    if (m.err || m.resumes)
        return;
    sh->ask = ++w->asks;
    say_slot(w, id, LINK_ASK);
}

static void give(struct worker *w, uint32_t id)
{
    struct link_moved m = { .shard = id };

    if (w->shards[id].lock)
        close(w->shards[id].lock);
    w->shards[id] = (struct shard){ 0 };
    link_put_moved(&w->out, &m);
    send_body(w, LINK_GIVEN);
}

static void identify(struct worker *w, uint32_t id)
{
    say_slot(w, id, LINK_SENT);
    say_slot(w, id, LINK_PROVEN);
    if (write(w->shards[id].lock, "session", 7) != 7)
        _exit(98);
    w->shards[id].ready = true;
}

static void say_status(struct worker *w)
{
    struct link_load load = { .rss_bytes = 1024, .cpu_ms = 1 };
    struct link_row rows[MOST] = { 0 };

    for (uint32_t id = 0; id < MOST; id++) {
        struct link_row *row = &rows[load.n];

        if (!w->shards[id].lock)
            continue;
        load.n++;
        row->info.id = id;
        row->info.count = w->count;
        row->info.state =
            w->shards[id].ready ? CORDAGE_SHARD_READY : CORDAGE_SHARD_CONNECTING;
        row->info.guilds = row->info.guilds_available = 3;
        row->reported = w->shards[id].ready;
    }
    link_put_status(&w->out, &load, rows);
    send_body(w, LINK_STATUS);
}

/* ---- Messages ---- */

static void misbehave(struct worker *w)
{
    const char *what = w->behaviour;

    if (strncmp(what, "once-", 5) == 0) {
        if (w->index != 0 || w->generation != 1)
            return;
        what += 5;
    }
    if (strcmp(what, "fatal") == 0) {
        struct link_end m = { 3, CORDAGE_EFATAL, STR("Discord said no to this bot.") };

        link_put_end(&w->out, &m);
        send_body(w, LINK_FATAL);
    } else if (strncmp(what, "exit-", 5) == 0) {
        exit(atoi(what + 5));
    }
}

static void on_welcome(struct worker *w, cordage_json body)
{
    struct link_welcome m;

    if (link_get_welcome(body, &m))
        _exit(97);
    w->first = m.first;
    w->last = m.last;
    w->count = m.count;
    misbehave(w);
}

static void on_shards(struct worker *w, cordage_json body, bool is_take)
{
    struct link_shards m;

    if (link_get_shards(body, w->room, &m))
        _exit(97);
    for (uint32_t i = 0; i < m.n; i++) {
        if (is_take)
            take(w, m.ids[i]);
        else
            give(w, m.ids[i]);
    }
}

static void on_slot(struct worker *w, enum link_type type, cordage_json body)
{
    struct link_slot m;

    if (link_get_slot(body, &m) || m.ask != w->shards[m.shard].ask)
        return;
    if (type == LINK_MAY_DIAL)
        say_slot(w, m.shard, LINK_READY);
    else
        identify(w, m.shard);
}

static void on_message(struct worker *w, enum link_type type, cordage_json body)
{
    if (type == LINK_WELCOME)
        on_welcome(w, body);
    else if (type == LINK_TAKE || type == LINK_GIVE)
        on_shards(w, body, type == LINK_TAKE);
    else if (type == LINK_MAY_DIAL || type == LINK_MAY_IDENTIFY)
        on_slot(w, type, body);
    else if (type == LINK_REFUSED)
        exit(1);
    else if (type == LINK_STOP && strcmp(w->behaviour, "stubborn") != 0)
        exit(0);
}

static void read_messages(struct worker *w)
{
    ssize_t got;

    buf_reserve(&w->in, 65536);
    got = recv(w->fd, w->in.p + w->in.n, 65536, MSG_DONTWAIT);
    if (got <= 0) {
        close(w->fd);
        w->fd = -1;
        return;
    }
    w->in.n += (size_t)got;
    for (;;) {
        enum link_type type;
        struct str body;
        cordage_json json;
        size_t n;

        if (link_read(buf_str(&w->in), &type, &body, &n) || n == 0)
            return;
        if (json_parse(w->parser, body, &json))
            _exit(96);
        on_message(w, type, json);
        buf_consume(&w->in, n);
        if (w->fd < 0)
            return;
    }
}

static void be_foreign(void)
{
    const char *token = getenv("DISCORD_TOKEN");

    printf("foreign: shards %s of %s, %zu bytes of token, link %s\n", getenv("SHARDS"),
           getenv("SHARD_COUNT"), token ? strlen(token) : 0,
           getenv("CORDAGE_LINK") ? "set" : "not set");
    fflush(stdout);
    for (;;)
        pause();
}

int pretend(const char *behaviour)
{
    struct worker *w = calloc(1, sizeof *w);
    struct pollfd fd = { .events = POLLIN };

    if (strcmp(behaviour, "foreign") == 0)
        be_foreign();
    if (strncmp(behaviour, "next-", 5) == 0)
        behaviour = atoi(getenv("CORDAGE_GENERATION")) > 1 ? behaviour + 5 : "well";
    if (strcmp(behaviour, "mute") == 0)
        for (;;)
            pause();
    if (strcmp(behaviour, "stubborn") == 0)
        signal(SIGTERM, SIG_IGN);
    w->behaviour = behaviour;
    w->link = getenv("CORDAGE_LINK");
    w->dir = getenv("CORDAGE_STATE_DIR");
    w->index = (uint32_t)atoi(getenv("CORDAGE_WORKER"));
    w->generation = (uint32_t)atoi(getenv("CORDAGE_GENERATION"));
    w->parser = json_parser_new();
    w->fd = -1;
    printf("worker %u begins\n", w->index);
    fflush(stdout);
    for (;;) {
        if (w->fd < 0) {
            if (!w->alone) /* a test that failed may have left it behind */
                alarm(ALONE_S);
            w->alone = true;
            dial(w);
        }
        fd.fd = w->fd;
        if (w->fd < 0)
            continue;
        if (poll(&fd, 1, TICK_MS) > 0)
            read_messages(w);
        if (w->fd >= 0 && w->count)
            say_status(w);
    }
}
