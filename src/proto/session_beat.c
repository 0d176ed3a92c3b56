/* Heartbeats. The first comes a random part of an interval after HELLO, so that a fleet
 * that connected at once doesn't beat as one; each further one an interval after the
 * deadline of the one before, so that late timers don't add up. Discord acknowledges
 * each: if the next is due and no ACK has come since the last, nobody listens any more,
 * and the connection is closed and resumed. */
#include "session_private.h"

#include "payload.h"

enum { INTERVAL_MIN_MS = 1000, INTERVAL_MAX_MS = 10 * 60 * 1000 };

void session_beat_start(struct session *s, uint64_t interval_ms, uint64_t now)
{
    struct session_beat *b = &s->conn.beat;

    if (interval_ms < INTERVAL_MIN_MS)
        interval_ms = INTERVAL_MIN_MS;
    if (interval_ms > INTERVAL_MAX_MS)
        interval_ms = INTERVAL_MAX_MS;
    b->interval_ms = interval_ms;
    b->next_at = now + rng_below(&s->rng, interval_ms);
    pace_set_interval(&s->conn.pace, interval_ms);
}

/* Discord: `d` is the last sequence received, or null before the first. Whoever resumes
 * with an older one says that. */
static void send_heartbeat(struct session *s, enum pace_kind kind, uint64_t now)
{
    struct session_beat *b = &s->conn.beat;

    if (!pace_take(&s->conn.pace, kind, now))
        return;
    buf_clear(&s->scratch);
    if (payload_heartbeat(&s->scratch, session_exists(s), session_acknowledges(s)))
        return; /* it always fits */
    if (b->unanswered++ == 0)
        b->timed_at = now;
    s->stats.heartbeats++;
    session_push_send(s, OP_HEARTBEAT);
}

/* Whether the missing ACK may be stuck behind the flood of events that follows READY and
 * RESUME. Believed once: a whole interval more is a long time for any network. */
static bool is_behind_traffic(const struct session *s)
{
    const struct session_beat *b = &s->conn.beat;

    return b->traffic && !b->excused &&
           (s->state == SESSION_RESUME || guilds_loading(&s->guilds));
}

void session_beat_tick(struct session *s, uint64_t now)
{
    struct session_beat *b = &s->conn.beat;
    bool slept;

    if (!b->interval_ms || now < b->next_at)
        return;
    /* The machine was suspended, or the loop stuck: the ACK may lie unread in the socket.
     */
    slept = now - b->next_at >= b->interval_ms;
    if (b->awaiting && !slept && !s->paused) {
        if (!is_behind_traffic(s)) {
            session_lose(s, (struct loss){ .close = true }, now);
            return;
        }
        b->excused = true;
    }
    b->awaiting = true;
    b->traffic = false;
    b->requested = 0;
    b->next_at = (slept ? now : b->next_at) + b->interval_ms;
    send_heartbeat(s, PACE_URGENT, now);
}

void session_beat_asked(struct session *s, uint64_t now)
{
    struct session_beat *b = &s->conn.beat;

    if (b->requested >= LIMIT_HEARTBEAT_REQUESTS) {
        s->stats.ignored++;
        return;
    }
    b->requested++;
    /* Outside the schedule: it doesn't move the next one, nor does that wait for its ACK.
     */
    send_heartbeat(s, PACE_ANSWER, now);
}

void session_beat_acknowledged(struct session *s, uint64_t now)
{
    struct session_beat *b = &s->conn.beat;

    if (!b->unanswered) {
        s->stats.ignored++;
        return;
    }
    b->unanswered--;
    b->awaiting = b->excused = false;
    if (b->timed_at) {
        s->stats.latency_ms = now - b->timed_at;
        b->timed_at = 0;
    }
    if (s->state == SESSION_LIVE)
        s->losses = 0;
    /* During an outage READY may take long. As long as ACKs arrive, hanging up would only
     * cost another IDENTIFY. */
    if (s->state == SESSION_IDENTIFY)
        session_be_patient(s, b->interval_ms, now);
}

void session_beat_excuse(struct session *s)
{
    s->conn.beat.awaiting = s->conn.beat.excused = false;
}
