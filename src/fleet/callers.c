/* The link's other ends: workers, who are welcomed or refused, and people's commands. */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "error.h"
#include "global.h"
#include "supervisor_inner.h"

enum {
    HELLO_MS = 10 * 1000, /* for a peer to say who it is */
    LOOK_S = 10           /* between two looks at the socket's file */
};

int caller_send(struct caller *c, enum link_type type)
{
    return link_send(c->peer, type, buf_str(&c->s->body));
}

int process_send(struct process *p, enum link_type type)
{
    return p->caller ? caller_send(p->caller, type) : CORDAGE_ECLOSED;
}

static void caller_free(struct caller *c)
{
    if (c->process)
        process_unlinked(c->process);
    c->s->host->disarm(c->s->host, &c->hello);
    list_remove(&c->on_fleet);
    free(c);
}

static void hang_up(struct caller *c)
{
    link_hangup(c->peer);
    caller_free(c);
}

/* ---- HELLO ---- */

static void say_hello(struct caller *c)
{
    const struct supervisor *s = c->s;
    struct link_hello m = {
        .version = LINK_VERSION,
        .role = LINK_SUPERVISOR,
        .release = str_of(s->view->release),
        .pid = getpid(),
    };

    buf_clear(&c->s->body);
    if (!link_put_hello(&c->s->body, &m))
        caller_send(c, LINK_HELLO);
}

static void refuse(struct caller *c, int code, const char *why)
{
    struct link_end m = { .exit = 1, .code = code, .message = str_of(why) };

    buf_clear(&c->s->body);
    if (!link_put_end(&c->s->body, &m))
        caller_send(c, LINK_REFUSED);
    hang_up(c);
}

static void welcome(struct process *p)
{
    struct supervisor *s = p->s;
    uint32_t n = s->plan.n_workers;
    struct link_welcome m = {
        .version = LINK_VERSION,
        .first = p->part.first,
        .last = p->part.last,
        .count = p->part.count,
        .workers = n,
        .handshakes = LIMIT_HANDSHAKES / n ? LIMIT_HANDSHAKES / n : 1,
        .requests_per_s = GLOBAL_PER_S / n ? GLOBAL_PER_S / n : 1,
        .refused_max = GLOBAL_REFUSED_MAX / n,
        .recommended = s->bot.shards,
        .gateway = str_of(s->bot.url),
    };

    buf_clear(&s->body);
    if (!link_put_welcome(&s->body, &m))
        process_send(p, LINK_WELCOME);
}

static bool has_our_token(const struct supervisor *s, const struct link_hello *m)
{
    return !m->token_print || m->token_print == s->options.token_print;
}

static bool has_its_part(const struct process *p, const struct link_hello *m)
{
    return !m->count || (m->count == p->part.count && m->first == p->part.first &&
                         m->last == p->part.last);
}

/* Started by our predecessor in its last moment, so that the plan doesn't know it; its
 * place is empty. */
static struct process *unknown(struct supervisor *s, struct caller *c,
                               const struct link_hello *m)
{
    struct fleet_worker *w = m->worker < s->n_workers ? &s->workers[m->worker] : NULL;

    if (!w || w->current || rolling_has(s, w))
        return NULL;
    if (process_adopt(s, w, m->worker, m->generation, &w->part, link_peer_pid(c->peer),
                      fleet_wall(s), &w->current))
        return NULL;
    s->host->disarm(s->host, &w->restart);
    return w->current;
}

/* It ends; what it holds is left alone until then. */
static void refuse_process(struct caller *c, struct process *p, int code, const char *why)
{
    struct supervisor *s = p->s;

    fleet_decide(s, LOG_WARN, "worker=%u pid=%lld is not taken over: %s", p->index,
                 (long long)child_pid(p->child), why);
    refuse(c, code, why);
    process_kill(p, SIGTERM);
    if (p->worker) {
        p->worker->current = p->worker->current == p ? NULL : p->worker->current;
        p->worker = NULL;
        s->n_misfits++;
    }
    workers_start(s);
}

/* What follows once it is one of ours. */
static void begin(struct process *p, const struct link_hello *m)
{
    struct supervisor *s = p->s;
    struct fleet_worker *w = p->worker;

    welcome(p);
    hands_claim(p, m->held, m->n_held);
    if (p->adopted && !p->is_up) {
        fleet_decide(s, LOG_INFO, "worker=%u pid=%lld taken over with %u shards",
                     p->index, (long long)child_pid(p->child), m->n_held);
        gate_remember_all(s->gate); /* it may have used any slot until now */
        executable_adopt(&s->exe, child_pid(p->child));
        s->is_proven = true;
    }
    p->is_up = true;
    s->totals = (cordage_guild_total){ 0 }; /* so that it is told, too */
    if (p == w->next) {
        rolling_hello(p);
    } else if (p != w->current) {
        process_stop(p, false); /* of a restart that was broken off */
    } else {
        hands_assign(w);
    }
    hands_settle(s);
    opening_look(s);
}

/* Its end rolls the restart back. */
static void give_up_new(struct process *p, const char *why)
{
    fleet_decide(p->s, LOG_ERROR, "worker=%u pid=%lld the new process can't go on: %s",
                 p->index, (long long)child_pid(p->child), why);
    process_stop(p, false);
}

static void refuse_token(struct caller *c, struct process *p)
{
    static const char why[] =
        "The bot has a token of its own (options.token) that isn't the supervisor's. "
        "Leave options.token empty: a worker gets the token from `cordage run`.";

    if (rolling_tries(p)) {
        refuse(c, CORDAGE_ESTATE, why);
        give_up_new(p, why);
    } else {
        fleet_fail(p->s, 2, why);
    }
}

static void worker_hello(struct caller *c, const struct link_hello *m)
{
    struct supervisor *s = c->s;
    struct process *p;

    if (s->phase == FLEET_ASKING || s->phase >= FLEET_STOPPING) {
        hang_up(c); /* it dials again */
        return;
    }
    p = process_find(s, m->worker, m->generation);
    if (!p)
        p = unknown(s, c, m);
    if (!p || (p->caller && link_peer_pid(p->caller->peer) != link_peer_pid(c->peer))) {
        refuse(c, CORDAGE_ESTATE,
               "Another process is this worker of the fleet. Start the bot with `cordage "
               "run`, and let it run one client.");
        return;
    }
    if (!has_our_token(s, m) && p->state == PROCESS_STARTING) {
        refuse_token(c, p);
        return;
    }
    if (!p->worker || !has_its_part(p, m) || !has_our_token(s, m)) {
        refuse_process(c, p, CORDAGE_ESTATE,
                       "The fleet has another plan, or another token, than this worker.");
        return;
    }
    if (p->caller)
        hang_up(p->caller);
    process_linked(p, c);
    if (p->state == PROCESS_LEAVING) {
        p->state = PROCESS_RUNNING; /* to be told again */
        process_stop(p, s->forget);
        return;
    }
    begin(p, m);
}

static int on_hello(struct caller *c, cordage_json body)
{
    struct link_hello m;
    int err = link_get_hello(body, c->s->room, &m);

    if (err || c->process || c->is_control)
        return CORDAGE_EPROTO;
    c->s->host->disarm(c->s->host, &c->hello);
    if (m.version != LINK_VERSION) {
        refuse(c, CORDAGE_EPROTO,
               "The supervisor is of another version of Cordage, which this one can't "
               "speak with: restart it (`cordage restart --self`).");
        return 0;
    }
    c->is_control = m.role == LINK_CONTROL;
    if (m.role == LINK_WORKER)
        worker_hello(c, &m);
    return m.role == LINK_SUPERVISOR ? CORDAGE_EPROTO : 0;
}

/* ---- What workers say ---- */

static int on_moved(struct process *p, enum link_type type, cordage_json body)
{
    struct link_moved m;
    int err = link_get_moved(body, &m);

    if (!err && type == LINK_TAKEN)
        hands_taken(p, &m);
    else if (!err)
        hands_given(p, &m);
    return err;
}

static void on_row(void *user, const struct link_row *row)
{
    struct process *p = user;

    picture_row(p, row);
    rolling_row(p, row);
}

static int on_status(struct process *p, cordage_json body)
{
    process_heard(p);
    return link_get_status(body, p->part.count, &p->load, on_row, p);
}

static int on_slot(struct process *p, enum link_type type, cordage_json body)
{
    struct link_slot m;
    int err = link_get_slot(body, &m);

    if (!err)
        slots_message(p, type, &m);
    return err;
}

/* To every worker, the sender too, in the order in which they came in. */
static int on_broadcast(struct process *p, cordage_json body)
{
    struct supervisor *s = p->s;
    struct link_text m;
    int err = link_get_text(body, &m);

    if (err)
        return err;
    m.from = p->index;
    buf_clear(&s->body);
    if (link_put_text(&s->body, &m))
        return 0;
    for (struct link *at = s->processes.next; at != &s->processes; at = at->next) {
        struct process *to = CONTAINER_OF(at, struct process, on_fleet);

        if (to->state != PROCESS_LEAVING)
            process_send(to, LINK_BROADCAST);
    }
    return 0;
}

static int on_fatal(struct process *p, cordage_json body)
{
    struct link_end m;
    char why[sizeof((cordage_error *)0)->message];
    int err = link_get_end(body, &m);

    if (err)
        return err;
    snprintf(why, sizeof why, "%.*s", STR_FMT(m.message));
    if (rolling_tries(p))
        give_up_new(p, why);
    else
        fleet_fail(p->s, m.exit, why);
    return 0;
}

static int on_worker_message(struct process *p, enum link_type type, cordage_json body)
{
    switch (type) {
    case LINK_TAKEN:
    case LINK_GIVEN:
        return on_moved(p, type, body);
    case LINK_STATUS:
        return on_status(p, body);
    case LINK_URL:
        bot_ask(p->s);
        return 0;
    case LINK_ASK:
    case LINK_READY:
    case LINK_SENT:
    case LINK_CANCEL:
    case LINK_PROVEN:
        return on_slot(p, type, body);
    case LINK_BROADCAST:
        return on_broadcast(p, body);
    case LINK_FATAL:
        return on_fatal(p, body);
    default:
        return CORDAGE_EPROTO;
    }
}

static int on_command(struct caller *c, cordage_json body)
{
    struct link_command m;
    int err = link_get_command(body, &m);

    if (!err)
        orders_command(c, &m);
    return err;
}

/* ---- The door ---- */

static void on_message(void *user, struct link_peer *peer, enum link_type type,
                       cordage_json body)
{
    struct caller *c = user;
    struct supervisor *s = c->s;
    int err = CORDAGE_EPROTO;

    if (type == LINK_HELLO)
        err = on_hello(c, body);
    else if (c->process)
        err = on_worker_message(c->process, type, body);
    else if (c->is_control && type == LINK_COMMAND)
        err = on_command(c, body);
    if (!err)
        return;
    log_line(&s->log, LOG_WARN, "link: pid=%ld said %s: %s", (long)link_peer_pid(peer),
             link_type_name(type), cordage_strerror(err));
    hang_up(c);
}

static void on_closed(void *user, struct link_peer *peer, const char *why)
{
    struct caller *c = user;

    (void)peer;
    if (c->process)
        log_line(&c->s->log, LOG_DEBUG, "worker=%u link lost: %s", c->process->index,
                 why);
    caller_free(c);
}

static const struct link_ops link_ops = { on_message, on_closed };

static void on_no_hello(struct timer *t)
{
    struct caller *c = CONTAINER_OF(t, struct caller, hello);

    log_line(&c->s->log, LOG_WARN, "link: pid=%ld has not said who it is",
             (long)link_peer_pid(c->peer));
    hang_up(c);
}

static void on_accepted(void *user, struct link_peer *peer)
{
    struct supervisor *s = user;
    struct caller *c = mem_zero(sizeof *c);

    if (!c) {
        link_hangup(peer);
        return;
    }
    c->s = s;
    c->peer = peer;
    c->hello.fire = on_no_hello;
    fleet_arm(s, &c->hello, HELLO_MS);
    link_peer_set_user(peer, c);
    list_insert(&s->callers, &c->on_fleet);
    say_hello(c);
}

int callers_open(struct supervisor *s, cordage_error *error)
{
    return link_listen(s->loop, s->link_path, &link_ops, on_accepted, s, &s->door, error);
}

void callers_second(struct supervisor *s)
{
    cordage_error error;

    if (s->door && s->n_seconds % LOOK_S == 0 && link_door_look(s->door, &error))
        log_line(&s->log, LOG_ERROR, "%s", error.message);
}

void callers_close(struct supervisor *s)
{
    struct link *at;

    link_door_free(s->door);
    s->door = NULL;
    while ((at = list_pop(&s->callers)))
        caller_free(CONTAINER_OF(at, struct caller, on_fleet));
}
