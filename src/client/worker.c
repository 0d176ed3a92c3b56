/* The link's life: dialled at the start, HELLO, WELCOME; then messages until it is lost.
 * Then it is dialled again each second, for a minute; whoever answers, the same
 * supervisor or its successor, is told by HELLO what runs here. */
#include <string.h>
#include <unistd.h>

#include "broadcast.h"
#include "gate_link.h"
#include "keeper.h"
#include "worker_inner.h"

/* ---- Sending ----------------------------------------------------------------------- */

static uint64_t now_of(const struct worker *w)
{
    return w->client->host->now(w->client->host);
}

static void arm(struct worker *w, struct timer *t, uint64_t in_ms)
{
    w->client->host->arm(w->client->host, t, now_of(w) + in_ms);
}

static void disarm(struct worker *w, struct timer *t)
{
    w->client->host->disarm(w->client->host, t);
}

void worker_send(struct worker *w, enum link_type type, int err)
{
    if (!w->peer || w->broken)
        return;
    if (!err)
        err = link_send(w->peer, type, buf_str(&w->scratch));
    if (!err || err == CORDAGE_ECLOSED)
        return; /* `closed` follows */
    log_line(&w->client->log, LOG_ERROR, "worker=%u cannot tell the supervisor %s: %s",
             w->client->settings.worker, link_type_name(type), cordage_strerror(err));
    w->broken = true;
    arm(w, &w->redial, 0); /* the gate may be in the middle of something */
}

static struct buf *scratch(struct worker *w)
{
    buf_clear(&w->scratch);
    return &w->scratch;
}

static void send_hello(struct worker *w)
{
    const struct settings *s = &w->client->settings;
    struct link_hello hello = {
        .version = LINK_VERSION,
        .role = LINK_WORKER,
        .release = STR(CORDAGE_VERSION),
        .worker = s->worker,
        .generation = s->generation,
        .pid = getpid(),
        .token_print = s->token_print,
        .intents = s->intents,
        .held = w->room,
    };

    if (w->member) {
        hello.first = w->range.first;
        hello.last = w->range.last;
        hello.count = w->range.count;
        hello.n_held = worker_held(w);
    }
    worker_send(w, LINK_HELLO, link_put_hello(scratch(w), &hello));
}

/* ---- Found and lost ------------------------------------------------------------------
 */

static bool is_over(const struct worker *w)
{
    return w->client->phase >= CLIENT_STOPPING;
}

static void read_by(struct worker *w, pid_t pid)
{
    if (w->output)
        worker_output_read_by(w->output, pid);
}

static void lose(struct worker *w, const char *why)
{
    bool was_welcome = w->welcomed;

    w->peer = NULL;
    w->welcomed = w->broken = false;
    w->linked = false;
    disarm(w, &w->second);
    if (w->client->gate)
        gate_link_down(w->client->gate);
    read_by(w, 0);
    if (is_over(w))
        return;
    if (was_welcome) {
        log_line(&w->client->log, LOG_WARN,
                 "worker=%u the supervisor is away (%s): its shards go on, nobody "
                 "identifies; it is looked for, for %d s",
                 w->client->settings.worker, why, WORKER_ALONE_MS / 1000);
        arm(w, &w->alone, WORKER_ALONE_MS);
    }
    arm(w, &w->redial, WORKER_REDIAL_MS);
}

static void on_closed(void *user, struct link_peer *p, const char *why)
{
    (void)p;
    lose(user, why);
}

static void on_message(void *user, struct link_peer *p, enum link_type type,
                       cordage_json body);

static const struct link_ops ops = { .message = on_message, .closed = on_closed };

static int dial(struct worker *w, cordage_error *error)
{
    int err =
        link_dial(w->client->control, w->client->settings.link, &ops, w, &w->peer, error);

    if (!err)
        send_hello(w);
    return err;
}

static void on_redial(struct timer *t)
{
    struct worker *w = CONTAINER_OF(t, struct worker, redial);
    cordage_error error;

    if (w->broken) {
        link_hangup(w->peer);
        lose(w, "it doesn't read what it is told");
        return;
    }
    if (w->peer || is_over(w))
        return;
    if (dial(w, &error)) {
        log_line(&w->client->log, LOG_DEBUG, "worker=%u %s", w->client->settings.worker,
                 error.message);
        arm(w, &w->redial, WORKER_REDIAL_MS);
    }
}

static void on_alone(struct timer *t)
{
    struct worker *w = CONTAINER_OF(t, struct worker, alone);

    if (w->peer) { /* somebody is there, and will say WELCOME when it can */
        arm(w, t, WORKER_ALONE_MS);
        return;
    }
    log_line(&w->client->log, LOG_WARN,
             "worker=%u no supervisor came back within %d s: stopping, the sessions are "
             "kept",
             w->client->settings.worker, WORKER_ALONE_MS / 1000);
    client_begin_stop(w->client);
}

static void on_second(struct timer *t)
{
    struct worker *w = CONTAINER_OF(t, struct worker, second);

    worker_send_status(w);
    arm(w, t, WORKER_STATUS_MS);
}

/* ---- What the supervisor says --------------------------------------------------------
 */

static void take_url(struct worker *w, struct str url)
{
    cordage_client *c = w->client;

    if (url.n == 0 || url.n >= sizeof c->gateway_url)
        return;
    pthread_mutex_lock(&c->lock);
    memset(c->gateway_url, 0, sizeof c->gateway_url);
    memcpy(c->gateway_url, url.p, url.n);
    if (c->crew_up)
        crew_new_url(c);
    pthread_mutex_unlock(&c->lock);
}

/* What was said of us before is not true any more, so that we can't go on. */
static void refuse_range(struct worker *w, const struct link_welcome *m)
{
    cordage_error error;

    error_set(&error, CORDAGE_ESTATE,
              "The supervisor gives this worker shards %u-%u of %u, and it was started "
              "for %u-%u of %u: it has to be started again.",
              m->first, m->last, m->count, w->range.first, w->range.last, w->range.count);
    client_fail(w->client, &error);
}

static void on_welcome(struct worker *w, const struct link_welcome *m)
{
    cordage_client *c = w->client;
    const struct shard_range range = { m->first, m->last, m->count };
    bool is_first = !w->member;

    if (!is_first && memcmp(&range, &w->range, sizeof range) != 0) {
        refuse_range(w, m);
        return;
    }
    w->welcomed = true;
    w->n_workers = m->workers;
    c->recommended = m->recommended;
    w->range = range;
    disarm(w, &w->alone);
    read_by(w, link_peer_pid(w->peer));
    take_url(w, m->gateway);
    if (is_first)
        client_join(c, m);
    if (is_over(w) || !c->gate)
        return;
    rest_set_share(c->rest, m->requests_per_s, m->refused_max);
    w->linked = true;
    gate_link_up(c->gate, m->handshakes);
    worker_send_status(w);
    arm(w, &w->second, WORKER_STATUS_MS);
    if (!is_first)
        log_line(&c->log, LOG_INFO, "worker=%u a supervisor is there again: pid=%d",
                 c->settings.worker, (int)link_peer_pid(w->peer));
}

/* A supervisor that can't have us yet hangs up behind its HELLO: Discord doesn't answer
 * it, perhaps. It is there all the same. */
static void on_hello(struct worker *w)
{
    if (!w->welcomed)
        arm(w, &w->alone, WORKER_ALONE_MS);
}

static void on_refused(struct worker *w, const struct link_end *m)
{
    cordage_error error;

    error_set(&error, m->code ? m->code : CORDAGE_ESTATE, "%.*s", STR_FMT(m->message));
    client_fail(w->client, &error);
}

static void on_stop(struct worker *w, const struct link_stop *m)
{
    log_line(&w->client->log, LOG_INFO, "worker=%u the supervisor says stop, sessions=%s",
             w->client->settings.worker, m->forget ? "ended" : "kept");
    if (m->forget)
        cordage_client_end_sessions(w->client);
    client_begin_stop(w->client);
}

static void on_totals(struct worker *w, const struct link_totals *m)
{
    pthread_mutex_lock(&w->lock);
    w->totals = *m;
    w->has_totals = true;
    pthread_mutex_unlock(&w->lock);
}

/* One message. CORDAGE_EPARSE: it lacks something. */
static int take_shards(struct worker *w, enum link_type type, cordage_json body)
{
    struct link_shards shards;
    struct link_kick kick;
    int err;

    if (type == LINK_KICK) {
        err = link_get_kick(body, &kick);
        if (!err)
            worker_on_kick(w, &kick);
        return err;
    }
    err = link_get_shards(body, w->room, &shards);
    if (err)
        return err;
    if (type == LINK_TAKE)
        worker_on_take(w, &shards);
    else
        worker_on_give(w, &shards);
    return 0;
}

static int take_slot(struct worker *w, enum link_type type, cordage_json body)
{
    struct link_slot slot;
    int err = link_get_slot(body, &slot);

    if (!err && w->client->gate)
        gate_link_answer(w->client->gate, type, &slot);
    return err;
}

static int take_text(struct worker *w, enum link_type type, cordage_json body)
{
    struct link_text text;
    int err = link_get_text(body, &text);

    if (!err && type == LINK_URL)
        take_url(w, text.text);
    else if (!err)
        broadcast_take(w->client, text.from, text.text);
    return err;
}

/* What counts before a WELCOME, and after it. */
static int take_any(struct worker *w, enum link_type type, cordage_json body)
{
    struct link_welcome welcome;
    struct link_totals totals;
    struct link_stop stop;
    struct link_end end;
    int err;

    switch (type) {
    case LINK_HELLO:
        on_hello(w);
        return 0;
    case LINK_WELCOME:
        err = link_get_welcome(body, &welcome);
        if (!err && !w->welcomed)
            on_welcome(w, &welcome);
        return err;
    case LINK_REFUSED:
        err = link_get_end(body, &end);
        if (!err)
            on_refused(w, &end);
        return err;
    case LINK_STOP:
        err = link_get_stop(body, &stop);
        if (!err)
            on_stop(w, &stop);
        return err;
    case LINK_TOTALS:
        err = link_get_totals(body, &totals);
        if (!err)
            on_totals(w, &totals);
        return err;
    default:
        return 0; /* of a newer supervisor, or for others */
    }
}

static int take(struct worker *w, enum link_type type, cordage_json body)
{
    switch (type) {
    case LINK_TAKE:
    case LINK_GIVE:
    case LINK_KICK:
        return w->welcomed ? take_shards(w, type, body) : 0;
    case LINK_MAY_DIAL:
    case LINK_MAY_IDENTIFY:
        return w->welcomed ? take_slot(w, type, body) : 0;
    case LINK_URL:
    case LINK_BROADCAST:
        return w->welcomed ? take_text(w, type, body) : 0;
    default:
        return take_any(w, type, body);
    }
}

static void on_message(void *user, struct link_peer *p, enum link_type type,
                       cordage_json body)
{
    struct worker *w = user;

    (void)p;
    if (w->broken || is_over(w))
        return;
    if (take(w, type, body) == 0)
        return;
    log_line(&w->client->log, LOG_ERROR, "worker=%u the supervisor said %s wrong",
             w->client->settings.worker, link_type_name(type));
    w->broken = true;
    arm(w, &w->redial, 0);
}

/* ---- What the client says ------------------------------------------------------------
 */

static void say_slot(void *user, enum link_type type, const struct link_slot *slot)
{
    struct worker *w = user;
    struct link_slot m = *slot;

    if (type == LINK_PROVEN)
        m.shard = w->range.first; /* true of all, but a shard must be ours */
    worker_send(w, type, link_put_slot(scratch(w), &m));
}

int worker_gate_new(struct worker *w, struct gate **out)
{
    const struct gate_mouth mouth = { say_slot, w };

    return gate_link_new(w->client->host, &mouth, out);
}

int worker_join(struct worker *w, const struct shard_range *range)
{
    int err;

    w->range = *range;
    err = worker_shards_make(w);
    w->member = !err;
    return err;
}

void worker_fatal(struct worker *w, const cordage_error *error)
{
    const struct link_end end = { .exit = cordage_exit_status(error->code),
                                  .code = error->code,
                                  .message = str_of(error->message) };

    worker_send(w, LINK_FATAL, link_put_end(scratch(w), &end));
}

static int send_text(struct worker *w, enum link_type type, struct str text)
{
    const struct link_text m = { .from = w->client->settings.worker, .text = text };

    if (!w->linked)
        return CORDAGE_ECLOSED;
    worker_send(w, type, link_put_text(scratch(w), &m));
    return 0;
}

void worker_want_url(struct worker *w)
{
    (void)send_text(w, LINK_URL, STR("")); /* while it is away there is nobody to ask */
}

int worker_broadcast(struct worker *w, struct str text)
{
    return send_text(w, LINK_BROADCAST, text);
}

/* ---- [any thread] --------------------------------------------------------------------
 */

bool worker_has_link(const struct worker *w)
{
    return w->linked;
}

cordage_guild_total worker_totals(struct worker *w, uint32_t shards)
{
    cordage_guild_total total = { .shards = shards };

    pthread_mutex_lock(&w->lock);
    if (w->has_totals)
        total = (cordage_guild_total){ .guilds = w->totals.guilds,
                                       .shards_reported = w->totals.reported,
                                       .shards = w->totals.shards };
    pthread_mutex_unlock(&w->lock);
    return total;
}

uint32_t worker_count(const struct worker *w)
{
    uint32_t n = w->n_workers, least = w->client->settings.worker + 1;

    return n > least ? n : least;
}

/* ---- The beginning and the end --------------------------------------------------------
 */

int worker_new(cordage_client *c, struct worker **out, cordage_error *error)
{
    struct worker *w = mem_zero(sizeof *w);

    *out = w;
    if (w)
        w->room = mem_zero(LIMIT_SHARDS * sizeof w->room[0]);
    if (!w || !w->room) {
        free(w);
        *out = NULL;
        return error_set(error, CORDAGE_ENOMEM, "Out of memory.");
    }
    w->client = c;
    w->scratch.limit = LIMIT_LINK_MESSAGE;
    w->redial.fire = on_redial;
    w->alone.fire = on_alone;
    w->second.fire = on_second;
    pthread_mutex_init(&w->lock, NULL);
    return 0;
}

void worker_free(struct worker *w)
{
    if (!w)
        return;
    worker_shards_free(w);
    buf_release(&w->scratch);
    pthread_mutex_destroy(&w->lock);
    free(w->room);
    free(w);
}

static void say_what_counts(const struct worker *w)
{
    const struct settings *s = &w->client->settings;

    if (s->other_shards)
        log_line(&w->client->log, LOG_INFO,
                 "worker=%u the options' shards don't count: the supervisor has them",
                 s->worker);
    if (s->other_state)
        log_line(&w->client->log, LOG_INFO,
                 "worker=%u options.state_dir doesn't count: the fleet's is %s",
                 s->worker, s->state_dir);
}

static int open_output(struct worker *w, cordage_error *error)
{
    const struct settings *s = &w->client->settings;
    char path[4096 + 64];
    int err;

    snprintf(path, sizeof path, "%s/out-%u-%u", s->state_dir, s->worker, s->generation);
    err = worker_output_new(path, &w->output);
    return err ? error_set(error, err, "The worker's output cannot be minded: %s.",
                           cordage_strerror(err))
               : 0;
}

int worker_open(struct worker *w, cordage_error *error)
{
    int err = open_output(w, error);

    say_what_counts(w);
    arm(w, &w->alone, WORKER_ALONE_MS);
    return err ? err : dial(w, error);
}

void worker_close(struct worker *w)
{
    if (!w)
        return;
    disarm(w, &w->redial);
    disarm(w, &w->alone);
    disarm(w, &w->second);
    w->linked = false;
    if (w->peer)
        link_hangup(w->peer);
    w->peer = NULL;
    worker_output_free(w->output);
    w->output = NULL;
}
