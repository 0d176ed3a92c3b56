/* The line yields payloads, the session takes them; the session's actions are pulled
 * after every call to it and carried out. What the owner is to be told is noted, and told
 * only where the loop has called us. A call of the owner notes, and arms the timer for
 * this very moment. */
#include "shard_inner.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#include "error.h"

/* Telling the owner */

static void tell_one(struct shard *s, enum note note)
{
    switch (note) {
    case NOTE_IDENTIFIED:
        s->ops->identified(s->user, s);
        break;
    case NOTE_DIALLED:
        s->ops->dialled(s->user, s);
        break;
    case NOTE_DROP_SLOT:
        s->ops->drop_slot(s->user, s);
        break;
    case NOTE_SESSION_LOST:
        s->ops->session_lost(s->user, s);
        break;
    case NOTE_STATE:
        s->ops->state(s->user, s);
        break;
    case NOTE_GUILDS_IN:
        s->ops->guilds_in(s->user, s);
        break;
    case NOTE_NEW_URL:
        s->ops->new_url(s->user, s);
        break;
    case NOTE_REFUSED:
        s->ops->refused(s->user, s, s->refused_code);
        break;
    case NOTE_WANT_DIAL:
        s->ops->want_dial(s->user, s, s->resuming);
        break;
    case NOTE_WANT_SLOT:
        s->ops->want_slot(s->user, s);
        break;
    }
}

static void tell(struct shard *s)
{
    while (s->notes) {
        enum note first = s->notes & -s->notes;

        s->notes &= ~first;
        tell_one(s, first);
    }
}

static void note_state(struct shard *s)
{
    enum session_state from = s->told_state, to = s->session.state;

    if (from == to)
        return;
    if (s->lost_code)
        log_line(&s->host->log, LOG_INFO, "shard=%u session %s->%s code=%d", shard_id(s),
                 session_state_name(from), session_state_name(to), s->lost_code);
    else
        log_line(&s->host->log, LOG_INFO, "shard=%u session %s->%s", shard_id(s),
                 session_state_name(from), session_state_name(to));
    s->told_state = to;
    s->notes |= NOTE_STATE;
}

void shard_note_dialled(struct shard *s)
{
    if (s->handshaking)
        s->notes |= NOTE_DIALLED;
    s->handshaking = false;
}

/* What was asked of the owner is asked no more. */
void shard_note_drop(struct shard *s)
{
    s->asked = s->dial_waits = false;
    s->notes &= ~(unsigned)(NOTE_WANT_DIAL | NOTE_WANT_SLOT);
    s->notes |= NOTE_DROP_SLOT;
}

/* The session's actions */

/* The connection is gone or given up, and so is what was known of it. */
static void forget_connection(struct shard *s)
{
    shard_note_dialled(s);
    s->full = s->go_on = false;
    session_paused(&s->session, false, shard_now(s));
}

/* The session hears of it before anything else, so that it has nothing to send any more.
 */
static void lose_connection(struct shard *s, int code)
{
    s->lost_code = code;
    session_closed(&s->session, code, shard_now(s));
    note_state(s);
    s->lost_code = 0;
    forget_connection(s);
}

static void on_cannot(struct shard *s, const char *what, int err)
{
    log_line(&s->host->log, LOG_WARN, "shard=%u cannot %s: %s", shard_id(s), what,
             cordage_strerror(err));
    line_close(&s->line, CLOSE_UNKNOWN_ERROR);
    lose_connection(s, LINE_LOST);
}

/* A command that this connection did not take waits for the next one. */
static void tell_command(struct shard *s, const struct session_action *a, int err)
{
    if (err && session_command(&s->session, a->label.kind, a->label.tag, a->bytes,
                               shard_now(s)) == 0)
        return;
    if (s->ops->command && a->label.kind != PACE_PRESENCE)
        s->ops->command(s->user, s, &a->label, !err);
}

static void send_payload(struct shard *s, const struct session_action *a)
{
    int err = line_send(&s->line, a->bytes);

    /* Also of one that failed: its slot is used up, and whoever granted it waits to hear
     * so. */
    if (a->is_identify)
        s->notes |= NOTE_IDENTIFIED;
    if (a->is_command)
        tell_command(s, a, err);
    if (err)
        on_cannot(s, "send", err);
}

static void deliver(struct shard *s, const struct session_action *a)
{
    struct dispatch event = {
        .name = a->name, .seq = a->seq, .payload = s->payload, .body = a->d
    };

    s->events++;
    tell(s);
    if (!s->ops->deliver(s->user, s, &event))
        s->full = true;
}

static void carry_out(struct shard *s, const struct session_action *a)
{
    int err;

    switch (a->type) {
    case SESSION_WANT_DIAL:
        s->asked = true;
        s->resuming = a->resuming;
        s->notes |= NOTE_WANT_DIAL;
        break;
    case SESSION_DIAL:
        err = line_dial(&s->line, a->url);
        if (err)
            on_cannot(s, "dial", err);
        break;
    case SESSION_WANT_SLOT:
        s->notes |= NOTE_WANT_SLOT;
        break;
    case SESSION_DROP_SLOT:
        shard_note_drop(s);
        break;
    case SESSION_SEND:
        send_payload(s, a);
        break;
    case SESSION_CLOSE:
        line_close(&s->line, a->code);
        forget_connection(s);
        break;
    case SESSION_DELIVER:
        deliver(s, a);
        break;
    case SESSION_GAVE_UP:
        if (s->ops->command)
            s->ops->command(s->user, s, &a->label, false);
        break;
    case SESSION_GUILDS_IN:
        s->notes |= NOTE_GUILDS_IN;
        break;
    case SESSION_LOST:
        s->notes |= NOTE_SESSION_LOST;
        break;
    case SESSION_NEW_URL:
        s->notes |= NOTE_NEW_URL;
        break;
    case SESSION_REFUSED:
        s->refused_code = a->code;
        s->notes |= NOTE_REFUSED;
        break;
    }
}

/* After every call to the session. It may be entered again from `deliver`, whose action
 * is done with by then. */
static void pump(struct shard *s)
{
    struct session_action action;

    note_state(s);
    while (session_next(&s->session, &action)) {
        carry_out(s, &action);
        note_state(s);
    }
}

/* Where we are called */

static void arm(struct shard *s)
{
    uint64_t at = session_deadline(&s->session);

    if (s->notes || s->go_on || (s->stopping && s->line.state == LINE_IDLE))
        at = shard_now(s);
    if (!s->started || at == s->armed_at)
        return;
    s->armed_at = at;
    if (at == UINT64_MAX)
        s->host->disarm(s->host, &s->timer);
    else
        s->host->arm(s->host, &s->timer, at);
}

/* The end of each call of the loop: the shard may be gone behind it. */
static void leave_loop(struct shard *s)
{
    tell(s);
    s->from_loop = false;
    if (s->stopping && s->line.state == LINE_IDLE) {
        s->host->disarm(s->host, &s->timer);
        s->started = false;
        s->ops->stopped(s->user, s);
        return;
    }
    arm(s);
}

void shard_leave_call(struct shard *s)
{
    pump(s);
    if (!s->from_loop)
        arm(s);
}

static struct shard *shard_of(struct line *l)
{
    return CONTAINER_OF(l, struct shard, line);
}

static void on_opened(struct line *l)
{
    struct shard *s = shard_of(l);

    s->from_loop = true;
    shard_note_dialled(s);
    session_opened(&s->session, shard_now(s));
    pump(s);
}

/* Said of the first, and then ever more rarely: who sends much of it shall not fill a
 * log. */
static void log_unreadable(struct shard *s, struct str payload, int err)
{
    uint64_t n = s->session.stats.unreadable;

    if ((n & (n - 1)) == 0)
        log_line(&s->host->log, LOG_WARN,
                 "shard=%u unreadable payload: %s, bytes=%zu so_far=%" PRIu64,
                 shard_id(s), cordage_strerror(err), payload.n, n);
}

static bool on_payload(struct line *l, struct str payload)
{
    struct shard *s = shard_of(l);
    bool was_full = s->full;
    int err;

    s->from_loop = true;
    s->payload = payload;
    err = session_feed(&s->session, payload, shard_now(s));
    if (err)
        log_unreadable(s, payload, err);
    pump(s);
    tell(s);
    if (s->line.state != LINE_OPEN)
        s->full = false; /* the owner has stopped it meanwhile, or sending failed */
    if (s->full && !was_full) {
        s->stalls++;
        session_paused(&s->session, true, shard_now(s));
        pump(s);
    }
    return !s->full;
}

static void on_broken(struct line *l)
{
    struct shard *s = shard_of(l);

    s->from_loop = true;
    session_broken(&s->session, shard_now(s));
    pump(s);
}

static void on_lost(struct line *l, int code)
{
    struct shard *s = shard_of(l);

    s->from_loop = true;
    lose_connection(s, code);
    pump(s);
}

void shard_dial_now(struct shard *s)
{
    s->dial_waits = false;
    session_dial(&s->session, shard_now(s));
    pump(s);
}

static void on_settled(struct line *l)
{
    struct shard *s = shard_of(l);

    s->from_loop = true;
    if (s->dial_waits && l->state == LINE_IDLE)
        shard_dial_now(s);
    leave_loop(s);
}

static const struct line_ops line_ops = {
    .opened = on_opened,
    .payload = on_payload,
    .broken = on_broken,
    .lost = on_lost,
    .settled = on_settled,
};

static void go_on(struct shard *s)
{
    s->go_on = s->full = false;
    line_go_on(&s->line);
    if (s->full)
        return;
    session_paused(&s->session, false, shard_now(s));
    pump(s);
}

static void on_timer(struct timer *t)
{
    struct shard *s = CONTAINER_OF(t, struct shard, timer);

    s->from_loop = true;
    s->armed_at = UINT64_MAX;
    tell(s);
    if (s->go_on)
        go_on(s);
    if (shard_now(s) >= session_deadline(&s->session)) {
        session_tick(&s->session, shard_now(s));
        pump(s);
    }
    leave_loop(s);
}

/* The owner's calls */

int shard_new(const struct shard_loop *loop, const struct shard_config *config,
              struct shard **out)
{
    struct session_config session = config->session;
    struct shard *s = mem_zero(sizeof *s);
    int err;

    *out = NULL;
    if (!s)
        return CORDAGE_ENOMEM;
    s->host = loop->host;
    s->ops = config->ops;
    s->user = config->user;
    s->timer.fire = on_timer;
    s->armed_at = UINT64_MAX;
    s->line = (struct line){
        .host = loop->host,
        .scratch = loop->scratch,
        .compression = config->compression,
        .shard_id = session.shard_id,
        .ops = &line_ops,
    };
    session.parser = loop->parser;
    session.seed = s->host->random(s->host);
    err = session_init(&s->session, &session, shard_now(s));
    if (err) {
        free(s);
        return err;
    }
    *out = s;
    return 0;
}

void shard_free(struct shard *s)
{
    if (!s)
        return;
    assert(s->line.state == LINE_IDLE);
    s->host->disarm(s->host, &s->timer);
    session_release(&s->session);
    free(s);
}
