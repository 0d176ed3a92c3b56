#include "boss.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PATIENCE_S = 60 };

static void check(int err, const char *what)
{
    if (!err)
        return;
    fprintf(stderr, "boss: %s: %s\n", what, cordage_strerror(err));
    exit(1);
}

/* ---- What it says -------------------------------------------------------------------
 */

struct word {
    struct mail mail;
    struct boss *boss;
    enum link_type type;
    struct buf body;
};

static void send_word(struct mail *mail)
{
    struct word *w = CONTAINER_OF(mail, struct word, mail);

    if (w->boss->peer)
        link_send(w->boss->peer, w->type, buf_str(&w->body));
    buf_release(&w->body);
    free(w);
}

static struct word *word(struct boss *b, enum link_type type)
{
    struct word *w = calloc(1, sizeof *w);

    w->boss = b;
    w->type = type;
    list_init(&w->mail.link);
    w->mail.run = send_word;
    return w;
}

static void say(struct word *w, int err)
{
    struct host *host = loop_host(w->boss->loop);

    check(err, link_type_name(w->type));
    host->post(host, &w->mail);
}

void boss_take(struct boss *b, uint32_t first, uint32_t last)
{
    struct word *w = word(b, LINK_TAKE);
    uint32_t ids[BOSS_SHARDS];
    struct link_shards m = { .ids = ids, .identifies = 100 };

    for (uint32_t id = first; id <= last; id++)
        ids[m.n++] = id;
    say(w, link_put_shards(&w->body, &m));
}

void boss_give(struct boss *b, uint32_t shard)
{
    struct word *w = word(b, LINK_GIVE);
    const struct link_shards m = { .n = 1, .ids = &shard, .patience_ms = 30000 };

    say(w, link_put_shards(&w->body, &m));
}

void boss_kick(struct boss *b, uint32_t shard, bool identify)
{
    struct word *w = word(b, LINK_KICK);
    const struct link_kick m = { shard, identify };

    say(w, link_put_kick(&w->body, &m));
}

void boss_totals(struct boss *b, uint64_t guilds, uint32_t reported, uint32_t shards)
{
    struct word *w = word(b, LINK_TOTALS);
    const struct link_totals m = { guilds, reported, shards };

    say(w, link_put_totals(&w->body, &m));
}

void boss_text(struct boss *b, enum link_type type, uint32_t from, const char *text)
{
    struct word *w = word(b, type);
    const struct link_text m = { from, str_of(text) };

    say(w, link_put_text(&w->body, &m));
}

void boss_say_stop(struct boss *b, bool forget)
{
    struct word *w = word(b, LINK_STOP);
    const struct link_stop m = { forget };

    say(w, link_put_stop(&w->body, &m));
}

static void hang_up(struct mail *mail)
{
    struct word *w = CONTAINER_OF(mail, struct word, mail);

    if (w->boss->peer)
        link_hangup(w->boss->peer);
    w->boss->peer = NULL;
    free(w);
}

void boss_hang_up(struct boss *b)
{
    struct word *w = word(b, LINK_STOP);

    w->mail.run = hang_up;
    say(w, 0);
}

/* ---- What it hears ------------------------------------------------------------------
 */

static void answer(struct boss *b, enum link_type type, const struct link_slot *slot)
{
    struct buf body = { 0 };

    check(link_put_slot(&body, slot), "slot");
    if (b->grants)
        link_send(b->peer, type, buf_str(&body));
    buf_release(&body);
}

static void welcome(struct boss *b)
{
    const struct link_welcome m = { .version = LINK_VERSION,
                                    .first = b->first,
                                    .last = b->last,
                                    .count = b->count,
                                    .workers = 3,
                                    .handshakes = 4,
                                    .requests_per_s = 16,
                                    .refused_max = 3000,
                                    .recommended = b->count,
                                    .gateway = str_of(b->gateway) };
    const struct link_end no = { 2, CORDAGE_EBUSY, STR("Worker 1 runs already.") };
    struct buf body = { 0 };

    check(b->refuses ? link_put_end(&body, &no) : link_put_welcome(&body, &m), "welcome");
    link_send(b->peer, b->refuses ? LINK_REFUSED : LINK_WELCOME, buf_str(&body));
    buf_release(&body);
}

/* As a supervisor that doesn't know yet what to do with it. */
static void put_off(struct boss *b)
{
    const struct link_hello m = { .version = LINK_VERSION,
                                  .role = LINK_SUPERVISOR,
                                  .release = STR(CORDAGE_VERSION) };
    struct buf body = { 0 };

    check(link_put_hello(&body, &m), "hello");
    link_send(b->peer, LINK_HELLO, buf_str(&body));
    buf_release(&body);
    link_hangup(b->peer);
    b->peer = NULL;
}

static void note_row(void *user, const struct link_row *row)
{
    struct boss *b = user;

    b->seen.rows[row->info.id % BOSS_SHARDS] = *row;
    b->seen.n_rows++;
}

static int note_hello(struct boss *b, cordage_json body)
{
    static uint32_t room[LIMIT_SHARDS];
    struct link_hello m;
    int err = link_get_hello(body, room, &m);

    if (err || m.role != LINK_WORKER)
        return CORDAGE_EPARSE;
    b->seen.worker = m.worker;
    b->seen.generation = m.generation;
    b->seen.hello_count = m.count;
    b->seen.token_print = m.token_print;
    b->seen.n_held = m.n_held;
    for (uint32_t i = 0; i < m.n_held && i < BOSS_SHARDS; i++)
        b->seen.held[i] = m.held[i];
    return 0;
}

static int note_moved(struct link_moved *moved, cordage_json body)
{
    struct link_moved m;
    int err = link_get_moved(body, &m);

    if (!err)
        moved[m.shard % BOSS_SHARDS] = m;
    return err;
}

static int note_text(struct boss *b, cordage_json body)
{
    struct link_text m;
    int err = link_get_text(body, &m);

    if (!err)
        snprintf(b->seen.text, sizeof b->seen.text, "%u %.*s", m.from, STR_FMT(m.text));
    return err;
}

static int note_end(struct boss *b, cordage_json body)
{
    int err = link_get_end(body, &b->seen.end);

    if (!err)
        snprintf(b->seen.end_message, sizeof b->seen.end_message, "%.*s",
                 STR_FMT(b->seen.end.message));
    return err;
}

static int note_slot(struct boss *b, cordage_json body)
{
    struct link_slot m;
    int err = link_get_slot(body, &m);

    return !err && (m.shard < b->first || m.shard > b->last) ? CORDAGE_EPROTO : err;
}

static int note(struct boss *b, enum link_type type, cordage_json body)
{
    switch (type) {
    case LINK_HELLO:
        return note_hello(b, body);
    case LINK_TAKEN:
        return note_moved(b->seen.taken, body);
    case LINK_GIVEN:
        return note_moved(b->seen.given, body);
    case LINK_STATUS:
        b->seen.n_rows = 0;
        return link_get_status(body, b->count, &b->seen.load, note_row, b);
    case LINK_BROADCAST:
    case LINK_URL:
        return note_text(b, body);
    case LINK_FATAL:
        return note_end(b, body);
    case LINK_ASK:
    case LINK_READY:
    case LINK_SENT:
    case LINK_CANCEL:
    case LINK_PROVEN:
        return note_slot(b, body);
    default:
        return 0;
    }
}

static void on_message(void *user, struct link_peer *p, enum link_type type,
                       cordage_json body)
{
    struct boss *b = user;
    struct link_slot slot;

    (void)p;
    pthread_mutex_lock(&b->lock);
    check(note(b, type, body), link_type_name(type));
    pthread_mutex_unlock(&b->lock);
    if (type == LINK_HELLO && b->not_yet)
        put_off(b);
    else if (type == LINK_HELLO)
        welcome(b);
    if ((type == LINK_ASK || type == LINK_READY) && link_get_slot(body, &slot) == 0)
        answer(b, type == LINK_ASK ? LINK_MAY_DIAL : LINK_MAY_IDENTIFY, &slot);
    pthread_mutex_lock(&b->lock);
    b->seen.heard[type]++;
    pthread_cond_broadcast(&b->changed);
    pthread_mutex_unlock(&b->lock);
}

static void on_closed(void *user, struct link_peer *p, const char *why)
{
    struct boss *b = user;

    (void)why;
    if (b->peer == p)
        b->peer = NULL;
    pthread_mutex_lock(&b->lock);
    b->seen.closed++;
    pthread_cond_broadcast(&b->changed);
    pthread_mutex_unlock(&b->lock);
}

static void on_accepted(void *user, struct link_peer *p)
{
    struct boss *b = user;

    b->peer = p;
    link_peer_set_user(p, b);
}

static const struct link_ops ops = { .message = on_message, .closed = on_closed };

/* ---- Its life ------------------------------------------------------------------------
 */

static void *run(void *user)
{
    loop_run(((struct boss *)user)->loop);
    return NULL;
}

void boss_start(struct boss *b)
{
    const struct loop_options options = { .speed = 1 };
    cordage_error error;

    pthread_mutex_init(&b->lock, NULL);
    pthread_cond_init(&b->changed, NULL);
    check(loop_new(&options, &b->loop, &error), "loop");
    check(link_listen(b->loop, b->path, &ops, on_accepted, b, &b->door, &error),
          error.message);
    check(pthread_create(&b->thread, NULL, run, b), "thread");
}

void boss_stop(struct boss *b)
{
    loop_stop(b->loop);
    pthread_join(b->thread, NULL);
    link_door_free(b->door);
    loop_free(b->loop);
    b->loop = NULL;
    b->peer = NULL;
}

void boss_release(struct boss *b)
{
    pthread_cond_destroy(&b->changed);
    pthread_mutex_destroy(&b->lock);
}

/* With the lock held: until `is` is true. */
static bool wait(struct boss *b, bool (*is)(const struct boss *b, const void *what),
                 const void *what)
{
    struct timespec until;
    bool good;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_S;
    pthread_mutex_lock(&b->lock);
    while (!is(b, what) && !pthread_cond_timedwait(&b->changed, &b->lock, &until)) {
    }
    good = is(b, what);
    pthread_mutex_unlock(&b->lock);
    return good;
}

const struct boss_seen *boss_look(struct boss *b)
{
    pthread_mutex_lock(&b->lock);
    b->copy = b->seen;
    pthread_mutex_unlock(&b->lock);
    return &b->copy;
}

struct wanted {
    enum link_type type;
    unsigned n;
};

static bool has_heard(const struct boss *b, const void *what)
{
    const struct wanted *w = what;

    return b->seen.heard[w->type] >= w->n;
}

bool boss_wait(struct boss *b, enum link_type type, unsigned n)
{
    const struct wanted w = { type, n };
    bool good = wait(b, has_heard, &w);

    if (!good)
        printf("waited for %u times %s, heard %u\n", n, link_type_name(type),
               b->seen.heard[type]);
    return good;
}

static bool has_closed(const struct boss *b, const void *what)
{
    (void)what;
    return b->seen.closed > 0;
}

bool boss_wait_closed(struct boss *b)
{
    return wait(b, has_closed, NULL);
}

struct question {
    bool (*is)(const struct boss_seen *seen);
};

static bool asks(const struct boss *b, const void *what)
{
    return ((const struct question *)what)->is(&b->seen);
}

bool boss_wait_status(struct boss *b, bool (*is)(const struct boss_seen *seen))
{
    const struct question q = { is };

    return wait(b, asks, &q);
}
