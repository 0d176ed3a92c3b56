/* What each way of losing a connection means for the session: kept and resumed, forgotten
 * and identified anew, or refused for good. An unneeded RESUME costs nothing; an unneeded
 * IDENTIFY costs budget and events. So whatever isn't known to need one is resumed, and
 * Discord's op 9 decides. */
#include "session_private.h"

enum {
    QUICK_MS = 1000,            /* the first wait after an orderly goodbye: up to this */
    SLOW_MIN_MS = 1000,         /* and after a failure: from this … */
    SLOW_MAX_MS = 5 * 1000,     /* … to this */
    BACKOFF_MS = 1000,          /* then up to this, doubled each time … */
    BACKOFF_MAX_MS = 60 * 1000, /* … as far as this */
    RATE_LIMITED_MS = 10 * 1000,
    /* RESUMEs in a row that come to nothing before the session is given up: when Discord
     * closes with a code, and when the connection just fails, which may be the network.
     */
    RESUMES_REFUSED = 2,
    RESUMES_FAILED = 5,
    GATEWAY_FAILURES = 3, /* of the default URL in a row: time to ask for another */
    /* Losses in a row up to which an orderly goodbye in HELLO's place is just that: a
     * gateway that is being deployed says it, too, and its URL is right. */
    GOODBYES = 3,
    CLOSE_NO_STATUS = 1005,
    CLOSE_LOST = 1006
};

enum verdict { RESUMES, IDENTIFIES, IS_FATAL };

/* Discord, "Gateway Close Event Codes". Whatever isn't listed is resumed. */
static const struct close_policy {
    int code;
    enum verdict verdict;
    bool calm;
    uint32_t wait_ms;
} policies[] = {
    { CLOSE_NORMAL, RESUMES, .calm = true },     /* an edge or a load balancer */
    { CLOSE_GOING_AWAY, RESUMES, .calm = true }, /* likewise */
    { CLOSE_UNKNOWN_ERROR, RESUMES },
    { CLOSE_UNKNOWN_OPCODE, RESUMES },
    { CLOSE_DECODE_ERROR, RESUMES },         /* the command that caused it is gone */
    { CLOSE_NOT_AUTHENTICATED, IDENTIFIES }, /* the session was invalidated */
    { CLOSE_AUTHENTICATION_FAILED, IS_FATAL },
    { CLOSE_ALREADY_AUTHENTICATED, RESUMES },
    { CLOSE_INVALID_SEQ, IDENTIFIES },
    { CLOSE_RATE_LIMITED, RESUMES, .wait_ms = RATE_LIMITED_MS },
    { CLOSE_SESSION_TIMED_OUT, RESUMES }, /* or heartbeats were missed */
    { CLOSE_INVALID_SHARD, IS_FATAL },
    { CLOSE_SHARDING_REQUIRED, IS_FATAL },
    { CLOSE_INVALID_VERSION, IS_FATAL },
    { CLOSE_INVALID_INTENTS, IS_FATAL },
    { CLOSE_DISALLOWED_INTENTS, IS_FATAL },
};

static struct close_policy policy_of(int code)
{
    for (size_t i = 0; i < sizeof policies / sizeof *policies; i++)
        if (policies[i].code == code)
            return policies[i];
    return (struct close_policy){ code, RESUMES, false, 0 };
}

static uint64_t between(struct session *s, uint64_t low, uint64_t high)
{
    return low + rng_below(&s->rng, high - low + 1);
}

uint64_t session_invalid_wait_ms(struct session *s)
{
    return between(s, 1000, 5000);
}

/* Exponential with full jitter, so that a fleet which fell together doesn't return
 * together. Ends only with an ACK on a live session: one that is closed again at once has
 * not recovered. */
static uint64_t next_backoff_ms(struct session *s, bool calm)
{
    uint64_t most = BACKOFF_MAX_MS;

    if (s->losses++ == 0)
        return calm ? between(s, 0, QUICK_MS) : between(s, SLOW_MIN_MS, SLOW_MAX_MS);
    if (s->losses <= 6)
        most = (uint64_t)BACKOFF_MS << (s->losses - 1);
    return between(s, 0, most);
}

/* The connection ended before HELLO: that URL may be the cause. The resume URL and the
 * default one take turns until one works; the session stays. */
static void blame_url(struct session *s)
{
    if (s->kept.has_resume_url && !s->kept.detour) {
        s->kept.detour = true;
        return;
    }
    s->kept.detour = false;
    if (++s->gateway_failures >= GATEWAY_FAILURES) {
        s->gateway_failures = 0;
        session_push(s, SESSION_NEW_URL, 0);
    }
}

/* A RESUME that ended without an event must not be repeated for ever. */
static bool has_resumed_in_vain(struct session *s, bool refused)
{
    if (s->state != SESSION_RESUME)
        return false;
    s->kept.fruitless = s->in.resume.fruitful ? 0 : s->kept.fruitless + 1;
    return s->kept.fruitless >= (refused ? RESUMES_REFUSED : RESUMES_FAILED);
}

void session_lose(struct session *s, struct loss how, uint64_t now)
{
    uint64_t wait_ms = next_backoff_ms(s, how.calm);

    if (how.close)
        session_push(s, SESSION_CLOSE, how.end ? CLOSE_NORMAL : CLOSE_TO_RESUME);
    if (s->has_ticket)
        session_push(s, SESSION_DROP_SLOT, 0);
    s->has_ticket = false;
    if ((s->state == SESSION_CONNECT || s->state == SESSION_HELLO) &&
        !(how.calm && s->losses <= GOODBYES))
        blame_url(s);
    if ((has_resumed_in_vain(s, how.refused) || how.forget) && session_exists(s)) {
        session_forget(s);
        session_push(s, SESSION_LOST, 0);
    }
    s->conn = (struct session_connection){ 0 };
    session_enter(s, SESSION_IDLE, now);
    s->in.idle.dial_at = now + (wait_ms > how.wait_ms ? wait_ms : how.wait_ms);
}

void session_closed(struct session *s, int code, uint64_t now)
{
    struct close_policy policy = policy_of(code);

    s->now = now;
    if (s->state == SESSION_IDLE || s->state == SESSION_DEAD)
        return;
    s->stats.last_close_code = code;
    if (policy.verdict == IS_FATAL) {
        if (s->has_ticket)
            session_push(s, SESSION_DROP_SLOT, 0);
        s->has_ticket = false;
        s->conn = (struct session_connection){ 0 };
        session_enter(s, SESSION_DEAD, now);
        session_push(s, SESSION_REFUSED, code);
        return;
    }
    session_lose(s,
                 (struct loss){
                     .calm = policy.calm,
                     .refused = code != CLOSE_LOST && code != CLOSE_NO_STATUS,
                     .forget = policy.verdict == IDENTIFIES,
                     .wait_ms = policy.wait_ms,
                 },
                 now);
}

void session_undeliver(struct session *s, uint64_t now)
{
    bool began = s->seq_before == s->event_seq;

    s->now = now;
    if (s->state != SESSION_LIVE && s->state != SESSION_RESUME)
        return;
    s->kept.seq = s->seq_before;
    session_lose(s, (struct loss){ .close = true, .forget = began }, now);
}

void session_broken(struct session *s, uint64_t now)
{
    s->now = now;
    if (s->state != SESSION_IDLE && s->state != SESSION_DEAD)
        session_lose(s, (struct loss){ .close = true }, now);
}

/* It may be waiting for its turn to resume: that turn is given back. */
static void end_kept(struct session *s)
{
    if (!session_exists(s))
        return;
    session_forget(s);
    session_push(s, SESSION_LOST, 0);
    if (!s->in.idle.asked)
        return;
    session_push(s, SESSION_DROP_SLOT, 0);
    session_ask_to_dial(s);
}

void session_kick(struct session *s, bool identify, uint64_t now)
{
    const struct loss how = {
        .close = true, .end = identify, .forget = identify, .calm = true
    };

    s->now = now;
    if (s->state == SESSION_DEAD)
        return;
    if (s->state != SESSION_IDLE)
        session_lose(s, how, now);
    else if (identify)
        end_kept(s);
}
