/* The happy path: session_init asks to dial; the shard allows it, connects, and HELLO
 * starts the heart. Without a session it queues for an identify slot, sends IDENTIFY, and
 * READY makes it live. Lost, it waits a little, dials the resume URL, sends RESUME, and
 * is live again after RESUMED. What can go wrong is in session_close.c. */
#include "session_private.h"

#include <assert.h>
#include <string.h>

#include "error.h"
#include "payload.h"

enum {
    CONNECT_MS = 10 * 1000,
    HELLO_MS = 20 * 1000,
    READY_MS = 60 * 1000,
    RESUMED_MS = 60 * 1000,
    GUILDS_QUIET_MS = 5 * 1000
};

#define BIT(state) (1u << SESSION_##state)

/* From each state, where it may go. Every state with a connection can lose it. */
static const unsigned may_enter[] = {
    [SESSION_IDLE] = BIT(CONNECT) | BIT(DEAD),
    [SESSION_CONNECT] = BIT(HELLO) | BIT(IDLE) | BIT(DEAD),
    [SESSION_HELLO] = BIT(QUEUED) | BIT(RESUME) | BIT(IDLE) | BIT(DEAD),
    [SESSION_QUEUED] = BIT(IDENTIFY) | BIT(IDLE) | BIT(DEAD),
    [SESSION_IDENTIFY] = BIT(LIVE) | BIT(IDLE) | BIT(DEAD),
    [SESSION_RESUME] = BIT(LIVE) | BIT(IDLE) | BIT(DEAD),
    [SESSION_LIVE] = BIT(IDLE) | BIT(DEAD),
    [SESSION_DEAD] = 0,
};

/* How long each may last without the news it waits for; 0: for ever. */
static const uint64_t patience_ms[] = {
    [SESSION_CONNECT] = CONNECT_MS,
    [SESSION_HELLO] = HELLO_MS,
    [SESSION_IDENTIFY] = READY_MS,
    [SESSION_RESUME] = RESUMED_MS,
    [SESSION_DEAD] = 0,
};

const char *session_state_name(enum session_state state)
{
    static const char *const names[] = {
#define SESSION_STATE_NAME(name) #name,
        SESSION_STATES(SESSION_STATE_NAME)
#undef SESSION_STATE_NAME
    };

    return state < sizeof names / sizeof *names ? names[state] : "?";
}

void session_enter(struct session *s, enum session_state next, uint64_t now)
{
    assert(may_enter[s->state] & (1u << next));
    s->state = next;
    memset(&s->in, 0, sizeof s->in);
    s->deadline = UINT64_MAX;
    session_be_patient(s, 0, now);
}

void session_be_patient(struct session *s, uint64_t more_ms, uint64_t now)
{
    if (patience_ms[s->state])
        s->deadline = now + patience_ms[s->state] + more_ms;
}

void session_push(struct session *s, enum session_action_type type, int detail)
{
    unsigned at = (s->pending_first + s->pending_n) % SESSION_PENDING;

    assert(s->pending_n < SESSION_PENDING); /* the shard pulls after every call */
    s->pending[at] = (struct session_pending){ type, detail };
    s->pending_n++;
}

void session_push_send(struct session *s, enum gateway_op op)
{
    s->scratch_is_secret = op == OP_IDENTIFY || op == OP_RESUME;
    session_push(s, SESSION_SEND, op);
}

/* Writes IDENTIFY into `scratch`. */
static int write_identify(struct session *s, struct str presence)
{
    struct identify_fields fields = {
        .token = s->config.token,
        .shard_id = s->config.shard_id,
        .shard_count = s->config.shard_count,
        .intents = s->config.intents,
        .large_threshold = s->config.large_threshold,
        .presence = presence,
    };

    buf_clear(&s->scratch);
    return payload_identify(&s->scratch, &fields);
}

/* 0 when an IDENTIFY with this presence is one that Discord accepts. Nothing is left of
 * it. */
static int try_identify(struct session *s, struct str presence)
{
    int err = write_identify(s, presence);

    mem_wipe(s->scratch.p, s->scratch.n);
    buf_clear(&s->scratch);
    return err;
}

int session_init(struct session *s, const struct session_config *config, uint64_t now)
{
    int err;

    *s = (struct session){ .config = *config, .now = now, .deadline = UINT64_MAX };
    s->config.gateway_url = s->config.query = NULL;
    if (!s->config.guilds_quiet_ms)
        s->config.guilds_quiet_ms = GUILDS_QUIET_MS;
    s->rng = rng_seeded(config->seed);
    outbox_init(&s->outbox);
    session_forget(s);
    err = url_gateway(str_of(config->gateway_url), config->query, &s->gateway, NULL);
    if (err)
        goto fail;
    /* Room for any payload, so that sending never fails for want of memory. */
    s->scratch.limit = LIMIT_COMMAND;
    err = buf_reserve(&s->scratch, LIMIT_COMMAND);
    if (err)
        goto fail;
    err = try_identify(s, STR(""));
    if (err) {
        err = err == CORDAGE_ELIMIT ? CORDAGE_EINVAL : err;
        goto fail;
    }
    s->in.idle.dial_at = now;
    session_tick(s, now);
    return 0;
fail:
    session_release(s);
    return err;
}

void session_release(struct session *s)
{
    guilds_release(&s->guilds);
    outbox_release(&s->outbox);
    buf_release(&s->presence);
    buf_wipe(&s->scratch);
    mem_wipe(s->kept.id, sizeof s->kept.id);
}

void session_dial(struct session *s, uint64_t now)
{
    s->now = now;
    if (s->state != SESSION_IDLE || !s->in.idle.asked)
        return;
    session_enter(s, SESSION_CONNECT, now);
    session_push(s, SESSION_DIAL, 0);
}

void session_opened(struct session *s, uint64_t now)
{
    s->now = now;
    if (s->state == SESSION_CONNECT)
        session_enter(s, SESSION_HELLO, now);
}

void session_identify(struct session *s, uint64_t now)
{
    s->now = now;
    if (s->state != SESSION_QUEUED)
        return; /* the grant crossed with our SESSION_DROP_SLOT */
    if (write_identify(s, buf_str(&s->presence))) {
        session_broken(s, now); /* not even now: it has been tried before */
        return;
    }
    s->has_ticket = false;
    pace_take(&s->conn.pace, PACE_URGENT, now);
    session_enter(s, SESSION_IDENTIFY, now);
    s->in.identify.sent_at = now;
    s->stats.identifies++;
    session_push_send(s, OP_IDENTIFY);
}

void session_paused(struct session *s, bool paused, uint64_t now)
{
    s->now = now;
    if (s->paused == paused)
        return;
    s->paused = paused;
    if (paused)
        return;
    session_beat_excuse(s);
    session_be_patient(s, 0, now);
    session_guilds_moved(s, now);
}

int session_set_gateway(struct session *s, const char *url)
{
    struct url parsed;
    int err = url_gateway(str_of(url), s->gateway.query, &parsed, NULL);

    if (err)
        return err;
    s->gateway = parsed;
    return 0;
}

int session_set_presence(struct session *s, struct str presence)
{
    struct buf copy = { 0 };
    int err = buf_append_str(&copy, presence);

    if (!err)
        err = try_identify(s, buf_str(&copy));
    if (err) {
        buf_release(&copy);
        return err;
    }
    buf_release(&s->presence);
    s->presence = copy;
    return 0;
}

int session_command(struct session *s, enum pace_kind kind, uint64_t tag,
                    struct str payload, uint64_t now)
{
    s->now = now;
    if (s->state == SESSION_DEAD)
        return CORDAGE_ESTATE;
    return outbox_push(&s->outbox, kind, tag, payload, now + SESSION_COMMAND_MS, now);
}

void session_stop(struct session *s, bool keep, uint64_t now)
{
    s->now = now;
    if (s->state == SESSION_DEAD)
        return;
    if (s->state != SESSION_IDLE)
        session_push(s, SESSION_CLOSE, keep ? CLOSE_TO_RESUME : CLOSE_NORMAL);
    if (s->has_ticket)
        session_push(s, SESSION_DROP_SLOT, 0);
    s->has_ticket = false;
    s->conn = (struct session_connection){ 0 };
    session_enter(s, SESSION_DEAD, now);
}

void session_guilds_moved(struct session *s, uint64_t now)
{
    if (s->guilds_expected && !guilds_loading(&s->guilds)) {
        s->guilds_expected = false;
        session_push(s, SESSION_GUILDS_IN, 0);
    }
    if (s->state == SESSION_LIVE)
        s->in.live.quiet_at = now + s->config.guilds_quiet_ms;
}

/* When waiting for guilds ends. Only counted while they could come. */
static uint64_t guilds_quiet_at(const struct session *s)
{
    bool waits = s->state == SESSION_LIVE && !s->paused && s->guilds_expected;

    return waits ? s->in.live.quiet_at : UINT64_MAX;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t session_deadline(const struct session *s)
{
    uint64_t at = earlier(guilds_quiet_at(s), outbox_late_at(&s->outbox));

    if (s->state == SESSION_DEAD)
        return UINT64_MAX;
    if (s->state == SESSION_IDLE && !s->in.idle.asked)
        at = s->in.idle.dial_at;
    if (!s->paused)
        at = earlier(at, s->deadline);
    if (s->conn.beat.interval_ms)
        at = earlier(at, s->conn.beat.next_at);
    if (s->state == SESSION_LIVE)
        at = earlier(at, outbox_at(&s->outbox, &s->conn.pace, s->now));
    return at;
}

void session_ask_to_dial(struct session *s)
{
    s->in.idle.asked = true;
    s->has_ticket = !session_exists(s);
    session_push(s, SESSION_WANT_DIAL, session_exists(s));
}

void session_tick(struct session *s, uint64_t now)
{
    s->now = now;
    if (s->state == SESSION_IDLE && !s->in.idle.asked && now >= s->in.idle.dial_at)
        session_ask_to_dial(s);
    if (!s->paused && now >= s->deadline) {
        session_lose(s, (struct loss){ .close = true }, now);
        return;
    }
    session_beat_tick(s, now);
    if (now >= guilds_quiet_at(s)) {
        guilds_stop_waiting(&s->guilds);
        session_guilds_moved(s, now);
    }
}

/* Fills `out` from the oldest that waits. */
static void pull_pending(struct session *s, struct session_action *out)
{
    struct session_pending p = s->pending[s->pending_first];

    s->pending_first = (s->pending_first + 1) % SESSION_PENDING;
    s->pending_n--;
    out->type = p.type;
    switch (p.type) {
    case SESSION_WANT_DIAL:
        out->resuming = p.detail;
        break;
    case SESSION_DIAL:
        out->url =
            s->kept.has_resume_url && !s->kept.detour ? &s->kept.resume_url : &s->gateway;
        break;
    case SESSION_SEND:
        out->is_identify = p.detail == OP_IDENTIFY;
        out->is_command = false;
        out->bytes = buf_str(&s->scratch);
        break;
    case SESSION_CLOSE:
    case SESSION_REFUSED:
        out->code = p.detail;
        break;
    case SESSION_DELIVER:
        out->name = s->event_name;
        out->seq = s->event_seq;
        out->d = s->event_d;
        break;
    case SESSION_WANT_SLOT:
    case SESSION_DROP_SLOT:
    case SESSION_GUILDS_IN:
    case SESSION_LOST:
    case SESSION_NEW_URL:
    case SESSION_GAVE_UP:
        break;
    }
}

bool session_next(struct session *s, struct session_action *out)
{
    bool sends = s->pending_n && s->pending[s->pending_first].type == SESSION_SEND;

    if (s->scratch_is_secret && !sends) {
        mem_wipe(s->scratch.p, s->scratch.n);
        s->scratch_is_secret = false;
    }
    if (s->pending_n) {
        pull_pending(s, out);
        return true;
    }
    if (s->state == SESSION_DEAD)
        return false;
    if (outbox_late(&s->outbox, s->now, &out->label)) {
        out->type = SESSION_GAVE_UP;
        return true;
    }
    if (s->state != SESSION_LIVE ||
        !outbox_next(&s->outbox, &s->conn.pace, s->now, &s->scratch, &out->label))
        return false;
    out->type = SESSION_SEND;
    out->is_identify = false;
    out->is_command = true;
    out->bytes = buf_str(&s->scratch);
    return true;
}
