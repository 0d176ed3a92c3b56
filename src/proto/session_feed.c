/* What Discord says. Most payloads are events that the session only numbers: their first
 * bytes tell, and nothing is parsed. */
#include "session_private.h"

#include "error.h"
#include "identify.h"
#include "payload.h"

static bool is_ready(const struct envelope *e)
{
    return str_eq(e->name, STR("READY"));
}

static bool is_resumed(const struct envelope *e)
{
    return str_eq(e->name, STR("RESUMED"));
}

static bool is_guild_create(const struct envelope *e)
{
    return str_eq(e->name, STR("GUILD_CREATE"));
}

static bool is_guild_delete(const struct envelope *e)
{
    return str_eq(e->name, STR("GUILD_DELETE"));
}

/* Whether the session itself must look into `d`. */
static bool needs_body(const struct envelope *e)
{
    if (e->op == OP_DISPATCH)
        return is_ready(e) || is_guild_create(e) || is_guild_delete(e);
    return e->op == OP_HELLO || e->op == OP_INVALID_SESSION;
}

static void send_resume(struct session *s, uint64_t now)
{
    struct str id = { s->kept.id, s->kept.n_id };

    session_enter(s, SESSION_RESUME, now);
    buf_clear(&s->scratch);
    if (payload_resume(&s->scratch, s->config.token, id, s->kept.seq)) {
        /* An id that no payload can hold was of no use from the start. */
        session_lose(s, (struct loss){ .close = true, .forget = true }, now);
        return;
    }
    pace_take(&s->conn.pace, PACE_URGENT, now);
    s->stats.resumes++;
    session_push_send(s, OP_RESUME);
}

static int on_hello(struct session *s, cordage_json d, uint64_t now)
{
    double interval_ms = 0;

    if (s->state != SESSION_HELLO) {
        s->stats.ignored++;
        return 0;
    }
    json_double(json_get(d, "heartbeat_interval"), &interval_ms);
    if (!(interval_ms > 0)) {
        session_broken(s, now);
        return CORDAGE_EPROTO;
    }
    session_beat_start(s, interval_ms < 1e9 ? (uint64_t)interval_ms : 1000000000, now);
    if (!s->kept.has_resume_url || s->kept.detour)
        s->gateway_failures = 0;
    if (session_exists(s)) {
        send_resume(s, now);
        return 0;
    }
    session_enter(s, SESSION_QUEUED, now);
    session_push(s, SESSION_WANT_SLOT, 0);
    return 0;
}

/* Discord: reconnect and resume. May come at any moment, even in HELLO's place. */
static void on_reconnect(struct session *s, uint64_t now)
{
    session_lose(s, (struct loss){ .close = true, .calm = true }, now);
}

/* Discord: `d` says whether the session may be resumable. */
static void on_invalid_session(struct session *s, cordage_json d, uint64_t now)
{
    struct loss how = { .close = true, .calm = true };
    bool resumable = false;

    json_bool(d, &resumable);
    how.forget = !resumable;
    how.wait_ms = session_invalid_wait_ms(s);
    /* Refused so soon after an IDENTIFY, another one on the same key may have been the
     * reason: let the whole window pass. */
    if (s->state == SESSION_IDENTIFY &&
        now - s->in.identify.sent_at < GATEWAY_IDENTIFY_MS + IDENTIFY_MARGIN_MS)
        how.wait_ms += GATEWAY_IDENTIFY_MS + IDENTIFY_MARGIN_MS;
    session_lose(s, how, now);
}

static void deliver(struct session *s, const struct envelope *e, cordage_json d,
                    uint64_t now)
{
    s->seq_before = s->kept.seq;
    s->kept.seq = e->seq;
    s->conn.beat.traffic = true;
    s->stats.last_event_at = now;
    s->event_name = e->name;
    s->event_seq = e->seq;
    s->event_d = d;
    session_push(s, SESSION_DELIVER, 0);
}

/* Remembers what RESUME needs; false if READY doesn't have it. */
static bool keep(struct session *s, const struct envelope *e, cordage_json d)
{
    struct str id = { "", 0 }, url = { "", 0 };

    json_str(json_get(d, "session_id"), &id);
    json_str(json_get(d, "resume_gateway_url"), &url);
    return e->has_seq && session_keep(s, id, url, e->seq);
}

static int on_ready(struct session *s, const struct envelope *e, cordage_json d,
                    uint64_t now)
{
    int err;

    if (!keep(s, e, d)) {
        session_broken(s, now);
        return CORDAGE_EPROTO;
    }
    session_enter(s, SESSION_LIVE, now);
    deliver(s, e, d, now);
    err = guilds_ready(&s->guilds, json_get(d, "guilds"));
    if (!(s->config.intents & GATEWAY_INTENT_GUILDS))
        guilds_stop_waiting(&s->guilds); /* none of them will ever answer */
    s->guilds_expected = true;
    session_guilds_moved(s, now);
    return err;
}

static int note_guild(struct session *s, const struct envelope *e, cordage_json d,
                      uint64_t now)
{
    bool unavailable = false;
    uint64_t id;
    int err;

    if (!json_id(json_get(d, "id"), &id))
        return 0;
    json_bool(json_get(d, "unavailable"), &unavailable);
    err = is_guild_create(e) ? guilds_created(&s->guilds, id, unavailable)
                             : guilds_deleted(&s->guilds, id, unavailable);
    session_guilds_moved(s, now);
    return err == CORDAGE_ENOMEM ? err : 0;
}

/* The replay is over, and so is waiting for it. */
static void on_resumed(struct session *s, uint64_t now)
{
    s->stats.resumed++;
    s->kept.fruitless = 0;
    s->kept.detour =
        false; /* it was for this time: sessions last longer on their own URL */
    session_enter(s, SESSION_LIVE, now);
    session_guilds_moved(s, now);
}

/* READY sets the sequence anew; otherwise only what is above it is news. An event without
 * one can neither be told from its replay nor be resumed from: it's none of Discord's. */
static int on_dispatch(struct session *s, const struct envelope *e, cordage_json d,
                       uint64_t now)
{
    bool is_replaying = s->state == SESSION_RESUME;

    if (s->state == SESSION_IDENTIFY && is_ready(e))
        return on_ready(s, e, d, now);
    if ((!is_replaying && s->state != SESSION_LIVE) || is_ready(e)) {
        s->stats.ignored++;
        return 0;
    }
    if (is_replaying && is_resumed(e))
        on_resumed(s, now);
    if (!e->has_seq || e->seq <= s->kept.seq) {
        s->stats.ignored++;
        return 0;
    }
    deliver(s, e, d, now);
    if (s->state == SESSION_RESUME) {
        s->in.resume.fruitful = true;
        session_be_patient(s, 0, now);
    }
    if (is_guild_create(e) || is_guild_delete(e))
        return note_guild(s, e, d, now);
    return 0;
}

static int on_unreadable(struct session *s, int err, uint64_t now)
{
    s->stats.unreadable++;
    if (err == CORDAGE_ENOMEM || (s->state != SESSION_LIVE && s->state != SESSION_RESUME))
        session_broken(s, now);
    return err;
}

int session_feed(struct session *s, struct str payload, uint64_t now)
{
    cordage_json d = { 0 };
    struct envelope e;

    s->now = now;
    if (!session_is_open(s))
        return 0;
    if (!envelope_peek(payload, &e) || needs_body(&e)) {
        int err = envelope_parse(s->config.parser, payload, &e, &d);

        if (err)
            return on_unreadable(s, err, now);
    }
    switch (e.op) {
    case OP_DISPATCH:
        return on_dispatch(s, &e, d, now);
    case OP_HEARTBEAT:
        session_beat_asked(s, now);
        return 0;
    case OP_RECONNECT:
        on_reconnect(s, now);
        return 0;
    case OP_INVALID_SESSION:
        on_invalid_session(s, d, now);
        return 0;
    case OP_HELLO:
        return on_hello(s, d, now);
    case OP_HEARTBEAT_ACK:
        session_beat_acknowledged(s, now);
        return 0;
    default:
        s->stats.ignored++;
        return 0;
    }
}
