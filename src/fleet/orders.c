/* What people at the command line ask for: `cordage status`, `restart`, `stop`. */
#include "supervisor_inner.h"

static void answer(struct caller *c, struct str text, bool is_last, int exit)
{
    struct link_answer m = { .text = text, .is_last = is_last, .exit = exit };

    buf_clear(&c->s->body);
    if (!link_put_answer(&c->s->body, &m))
        caller_send(c, LINK_ANSWER);
}

static void answer_line(struct caller *c, bool is_last, int exit, const char *line)
{
    answer(c, str_of(line), is_last, exit);
}

static void answer_status(struct caller *c, bool is_last)
{
    struct buf text = { 0 };

    if (!view_json(c->s->view, &text))
        answer(c, buf_str(&text), is_last, 0);
    buf_release(&text);
}

/* ---- Restart ---- */

/* Its workers live on; its successor in this process adopts them. */
static void restart_self(struct caller *c)
{
    struct supervisor *s = c->s;

    if (s->phase != FLEET_RUNNING || s->roll) {
        answer_line(c, true, 1,
                    s->roll ? "A restart of the workers is under way: wait for its end."
                            : "The fleet is only starting, or stops.");
        return;
    }
    answer_line(c, true, 0, "The supervisor begins anew; its workers live on.");
    log_line(&s->log, LOG_INFO, "begins anew: workers live on");
    notify_state(s->notify, "RELOADING=1", "begins anew");
    s->again = true;
    loop_stop(s->loop);
}

static const char *why_not(const struct supervisor *s, int err)
{
    if (err == CORDAGE_EBUSY)
        return "A restart is under way already.";
    if (err == CORDAGE_ESTATE && s->options.foreign)
        return "Workers that aren't built with libcordage can't hand over: stop the "
               "fleet "
               "and start it again.";
    if (err == CORDAGE_ESTATE)
        return "The fleet is only starting, or stops: wait until `cordage status` says "
               "that "
               "it runs.";
    if (err == CORDAGE_EINVAL)
        return "The program cannot be executed any more: see the supervisor's log.";
    return cordage_strerror(err);
}

static void restart(struct caller *c, const struct link_command *m)
{
    struct supervisor *s = c->s;
    int err;

    if (m->self) {
        restart_self(c);
        return;
    }
    if (m->one && m->worker >= s->n_workers) {
        answer_line(c, true, 2, "There is no worker of that number.");
        return;
    }
    err = rolling_begin(s, m->one ? m->worker : UINT32_MAX);
    if (err)
        answer_line(c, true, 1, why_not(s, err));
    else if (m->follow)
        c->wants_restart = true;
    else
        answer_line(c, true, 0, "The restart has begun: `cordage status` shows it.");
}

/* ---- All of them ---- */

void orders_command(struct caller *c, const struct link_command *m)
{
    switch (m->verb) {
    case LINK_VERB_STATUS:
        c->wants_status = m->follow;
        answer_status(c, !m->follow);
        break;
    case LINK_VERB_RESTART:
        restart(c, m);
        break;
    case LINK_VERB_STOP:
        c->wants_stop = m->follow;
        if (!m->follow)
            answer_line(c, true, 0, "The fleet stops.");
        stopping_begin(c->s, m->forget);
        break;
    }
}

void orders_second(struct supervisor *s)
{
    for (struct link *at = s->callers.next; at != &s->callers; at = at->next) {
        struct caller *c = CONTAINER_OF(at, struct caller, on_fleet);

        if (c->wants_status)
            answer_status(c, false);
    }
}

void orders_restart_line(struct supervisor *s, bool is_last, int exit, const char *line)
{
    for (struct link *at = s->callers.next; at != &s->callers; at = at->next) {
        struct caller *c = CONTAINER_OF(at, struct caller, on_fleet);

        if (!c->wants_restart)
            continue;
        answer_line(c, is_last, exit, line);
        c->wants_restart = !is_last;
    }
}

void orders_stopped(struct supervisor *s)
{
    for (struct link *at = s->callers.next; at != &s->callers; at = at->next) {
        struct caller *c = CONTAINER_OF(at, struct caller, on_fleet);

        if (c->wants_restart)
            answer_line(c, true, 1, "The fleet was stopped before the restart was done.");
        if (c->wants_stop)
            answer_line(c, true, 0, "Stopped.");
    }
}
