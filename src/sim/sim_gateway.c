/* One connection's protocol: HELLO, heartbeats, who may say what, and the close codes for
 * those who may not. What IDENTIFY and the commands do is in files of their own. */
#include "sim_model.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "limits.h"
#include "mem.h"

/* ---- The query ------------------------------------------------------------------ */

/* The value of `key` in "a=1&b=2"; empty if it isn't there. */
static struct str query_get(const char *query, const char *key)
{
    size_t n = strlen(key);

    for (const char *p = query; *p; p += strcspn(p, "&"), p += *p == '&')
        if (strncmp(p, key, n) == 0 && p[n] == '=')
            return (struct str){ p + n + 1, strcspn(p + n + 1, "&") };
    return (struct str){ "", 0 };
}

enum compression sim_query_compression(const char *query)
{
    struct str value = query_get(query, "compress");

    if (str_is(value, "zlib-stream"))
        return COMPRESS_ZLIB;
    return str_is(value, "zstd-stream") ? COMPRESS_ZSTD : COMPRESS_NONE;
}

/* R2: the version, then encoding and compression. False: closed. */
static bool take_query(struct sim_conn *c, const char *query, uint64_t now)
{
    struct str v = query_get(query, "v"), encoding = query_get(query, "encoding");
    struct str compress = query_get(query, "compress");

    c->compression = sim_query_compression(query);
    if (str_is(v, "10") || str_is(v, "9"))
        c->version = v.n == 2 ? 10 : 9;
    if (!c->version) {
        sim_conn_broke(c, RULE_BAD_VERSION, now, "v=%.*s", (int)(v.n < 20 ? v.n : 20),
                       v.p);
        sim_conn_close(c, CLOSE_INVALID_VERSION, NULL, now);
        return false;
    }
    if ((encoding.n && !str_is(encoding, "json")) ||
        (compress.n && c->compression == COMPRESS_NONE)) {
        sim_conn_broke(c, RULE_BAD_ENCODING, now, "%.100s", query);
        sim_conn_close(c, CLOSE_DECODE_ERROR, "encoding or compression is not simulated",
                       now);
        return false;
    }
    return true;
}

/* ---- Connecting and ending ------------------------------------------------------ */

static void say_hello(struct sim_conn *c)
{
    char d[160];

    snprintf(d, sizeof d,
             "{\"heartbeat_interval\":%u,\"_trace\":[\"[\\\"gateway-sim\\\","
             "{\\\"micros\\\":0.0}]\"]}",
             (unsigned)c->sim->config.heartbeat_ms);
    c->hello_at = NEVER;
    sim_conn_send(c, OP_HELLO, d);
}

static uint64_t patience(const struct sim *s)
{
    return (uint64_t)s->config.heartbeat_ms * 3 / 2;
}

struct sim_conn *sim_connect(struct sim *s, const char *query, bool resume_door,
                             const struct sim_conn_ops *ops, void *user, uint64_t now)
{
    struct sim_conn *c = mem_zero(sizeof *c);

    if (!c)
        return NULL;
    c->sim = s;
    c->ops = ops;
    c->user = user;
    c->resume_door = resume_door;
    c->shard_id = REPORT_NO_SHARD;
    c->hello_at = c->reconnect_by = c->wrong_url_by = NEVER;
    c->heartbeat_by = now + s->config.hello_delay_ms + patience(s);
    list_insert(&s->conns, &c->link);
    s->report.connections++;
    if (!take_query(c, query, now))
        return c;
    if (s->refusals.hellos) {
        s->refusals.hellos--;
        sim_conn_ask_reconnect(c, now);
        sim_conn_tick(c, now);
        return c;
    }
    c->hello_at = now + s->config.hello_delay_ms;
    sim_conn_tick(c, now);
    return c;
}

bool sim_conn_deflates(const struct sim_conn *c)
{
    return c->deflates;
}

void sim_writable(struct sim_conn *c, uint64_t now)
{
    if (c->session)
        sim_session_pump(c->session, now);
}

void sim_disconnected(struct sim_conn *c, int code, uint64_t now)
{
    struct sim_session *ss = c->session;

    /* R11: 1000 and 1001 say that the client is done with its session. */
    if (ss && (code == CLOSE_NORMAL || code == CLOSE_GOING_AWAY))
        sim_session_end(ss, SIM_END_CLIENT);
    else if (ss)
        sim_session_detach(ss, now);
    list_remove(&c->link);
    free(c);
}

bool sim_close_is_fatal(int code)
{
    return code == CLOSE_AUTHENTICATION_FAILED ||
           (code >= CLOSE_INVALID_SHARD && code <= CLOSE_DISALLOWED_INTENTS);
}

static const char *reason_of(int code)
{
    switch (code) {
    case CLOSE_UNKNOWN_OPCODE:
        return "Unknown opcode.";
    case CLOSE_DECODE_ERROR:
        return "Error while decoding payload.";
    case CLOSE_NOT_AUTHENTICATED:
        return "Not authenticated.";
    case CLOSE_AUTHENTICATION_FAILED:
        return "Authentication failed.";
    case CLOSE_ALREADY_AUTHENTICATED:
        return "Already authenticated.";
    case CLOSE_INVALID_SEQ:
        return "Invalid seq.";
    case CLOSE_RATE_LIMITED:
        return "Rate limited.";
    case CLOSE_SESSION_TIMED_OUT:
        return "Session timed out.";
    case CLOSE_INVALID_SHARD:
        return "Invalid shard.";
    case CLOSE_SHARDING_REQUIRED:
        return "Sharding required.";
    case CLOSE_INVALID_VERSION:
        return "Invalid API version.";
    case CLOSE_INVALID_INTENTS:
        return "Invalid intent(s).";
    case CLOSE_DISALLOWED_INTENTS:
        return "Disallowed intent(s).";
    default:
        return "";
    }
}

void sim_conn_close(struct sim_conn *c, int code, const char *reason, uint64_t now)
{
    struct sim_memory refused = { .why = SIM_END_FATAL, .fingerprint = c->fingerprint };

    if (c->has_ended)
        return;
    c->has_ended = true;
    if (c->session && sim_close_is_fatal(code))
        sim_session_end(c->session, SIM_END_FATAL);
    else if (c->session)
        sim_session_detach(c->session, now);
    else if (sim_close_is_fatal(code) && c->fingerprint)
        sim_remember(c->sim, &refused);
    c->ops->close(c->user, code, reason ? reason : reason_of(code));
}

void sim_conn_reset(struct sim_conn *c, uint64_t now)
{
    if (c->has_ended)
        return;
    c->has_ended = true;
    if (c->session)
        sim_session_detach(c->session, now);
    c->ops->reset(c->user);
}

void sim_conn_ask_reconnect(struct sim_conn *c, uint64_t now)
{
    sim_conn_send(c, OP_RECONNECT, "null");
    c->reconnect_by = now + SIM_RECONNECT_GRACE_MS;
    sim_wake(c->sim, c->reconnect_by);
}

void sim_conn_send(struct sim_conn *c, int op, const char *d)
{
    struct sim *s = c->sim;

    if (c->has_ended || c->is_frozen)
        return;
    buf_clear(&s->out);
    /* A client that misses one for want of our memory will time out and come again. */
    if (buf_printf(&s->out, "{\"t\":null,\"s\":null,\"op\":%d,\"d\":%s}", op, d) == 0)
        c->ops->send(c->user, buf_str(&s->out));
}

bool sim_conn_broke(struct sim_conn *c, enum sim_rule rule, uint64_t now,
                    const char *format, ...)
{
    char detail[REPORT_DETAIL];
    va_list args;

    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    report_break(&c->sim->report, rule, sim_wall(c->sim, now), c->app ? c->app->id : 0,
                 c->shard_id, c->shard_count, detail);
    return false;
}

void sim_conn_bad_body(struct sim_conn *c, uint64_t now, const char *what)
{
    sim_conn_broke(c, RULE_BAD_BODY, now, "%s", what);
    sim_conn_close(c, CLOSE_UNKNOWN_OPCODE, what, now);
}

/* ---- Time ----------------------------------------------------------------------- */

static void send_late_acks(struct sim_conn *c, uint64_t now)
{
    while (c->n_acks && c->acks_at[0] <= now) {
        memmove(c->acks_at, c->acks_at + 1, --c->n_acks * sizeof *c->acks_at);
        sim_conn_send(c, OP_HEARTBEAT_ACK, "null");
    }
    if (c->n_acks)
        sim_wake(c->sim, c->acks_at[0]);
}

/* Now, later, or never, as the connection's faults want it. */
static void acknowledge(struct sim_conn *c, uint64_t now)
{
    if (now < c->no_ack_until)
        return;
    if (now >= c->late_ack_until) {
        sim_conn_send(c, OP_HEARTBEAT_ACK, "null");
        return;
    }
    if (c->n_acks == SIM_LATE_ACKS)
        c->acks_at[0] = now;
    send_late_acks(c, now);
    c->acks_at[c->n_acks++] = now + c->late_ack_ms;
    sim_wake(c->sim, c->acks_at[0]);
}

void sim_conn_tick(struct sim_conn *c, uint64_t now)
{
    if (c->has_ended)
        return;
    if (c->hello_at <= now)
        say_hello(c);
    send_late_acks(c, now);
    if (c->wrong_url_by <= now) {
        sim_conn_close(c, CLOSE_UNKNOWN_ERROR, "not the resume URL", now);
    } else if (c->reconnect_by <= now) {
        sim_conn_close(c, CLOSE_UNKNOWN_ERROR, "asked to reconnect", now);
    } else if (c->heartbeat_by <= now && c->is_frozen) {
        /* The client can't be heard; nobody's rule is broken. */
        sim_conn_reset(c, now);
    } else if (c->heartbeat_by <= now) {
        sim_conn_broke(c, RULE_HEARTBEAT_MISSED, now, "none for %llu ms",
                       (unsigned long long)patience(c->sim));
        sim_conn_close(c, c->sim->config.watchdog_code, NULL, now);
    } else {
        sim_wake(c->sim, c->wrong_url_by);
        sim_wake(c->sim, c->hello_at);
        sim_wake(c->sim, c->reconnect_by);
        sim_wake(c->sim, c->heartbeat_by);
    }
}

/* ---- What the client says ------------------------------------------------------- */

/* Whether this payload is still within `limit` in `window_ms`; `times` is a ring. */
static bool count_in(uint64_t *times, uint32_t limit, uint32_t *n, uint64_t window_ms,
                     uint64_t now)
{
    uint64_t *oldest = &times[*n % limit];
    bool fits = *n < limit || now - *oldest >= window_ms;

    *oldest = now;
    (*n)++;
    return fits;
}

static void on_heartbeat(struct sim_conn *c, cordage_json d, uint64_t now)
{
    struct sim_session *ss = c->session;
    bool has_seq = !json_is_absent(d) && !json_is_null(d);
    uint64_t seq = 0;

    if (has_seq && !json_u64(d, &seq)) {
        sim_conn_bad_body(c, now, "a heartbeat's d is a number or null");
        return;
    }
    if (c->hello_at != NEVER)
        sim_conn_broke(c, RULE_HEARTBEAT_BEFORE_HELLO, now, "HELLO was not sent yet");
    if (ss)
        ss->heartbeats++;
    if (ss && has_seq)
        ss->acked = seq;
    if (ss && has_seq && seq > ss->sent)
        sim_conn_broke(c, RULE_SEQ_AHEAD, now, "heartbeat with %llu after %llu",
                       (unsigned long long)seq, (unsigned long long)ss->sent);
    else if (ss && has_seq && c->sim->config.trim_acked)
        sim_session_trim(ss, seq);
    c->sim->report.heartbeats++;
    c->heartbeat_by = now + patience(c->sim);
    sim_wake(c->sim, c->heartbeat_by);
    acknowledge(c, now);
}

static void on_presence(struct sim_conn *c, cordage_json d, uint64_t now)
{
    /* R14: excess is dropped without a word, as it is by Discord. */
    if (count_in(c->presences, GATEWAY_PRESENCES, &c->n_presences, GATEWAY_PRESENCES_MS,
                 now))
        sim_on_presence(c, d, now);
    else
        sim_conn_broke(c, RULE_TOO_MANY_PRESENCES, now, "the 6th within %d s",
                       GATEWAY_PRESENCES_MS / 1000);
}

static const struct command {
    int op;
    bool needs_session;
    void (*on)(struct sim_conn *c, cordage_json d, uint64_t now);
} commands[] = {
    { OP_HEARTBEAT, false, on_heartbeat },
    { OP_IDENTIFY, false, sim_on_identify },
    { OP_PRESENCE_UPDATE, true, on_presence },
    { OP_VOICE_STATE_UPDATE, true, sim_on_voice_state },
    { OP_RESUME, false, sim_on_resume },
    { OP_REQUEST_GUILD_MEMBERS, true, sim_on_request_members },
    { OP_REQUEST_SOUNDBOARD_SOUNDS, true, sim_on_soundboard },
    { OP_REQUEST_CHANNEL_INFO, true, sim_on_channel_info },
};

static const struct command *find_command(int64_t op)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (commands[i].op == op)
            return &commands[i];
    return NULL;
}

static void on_payload(struct sim_conn *c, cordage_json root, uint64_t now)
{
    cordage_json d = json_get(root, "d");
    const struct command *command;
    int64_t op = -1;

    json_i64(json_get(root, "op"), &op);
    command = find_command(op);
    if (!command) {
        sim_conn_broke(c, RULE_UNKNOWN_OPCODE, now, "op %lld", (long long)op);
        sim_conn_close(c, CLOSE_UNKNOWN_OPCODE, NULL, now);
    } else if (command->needs_session && !c->session) {
        sim_conn_broke(c, RULE_NOT_AUTHENTICATED, now, "op %lld", (long long)op);
        sim_conn_close(c, CLOSE_NOT_AUTHENTICATED, NULL, now);
    } else if (op != OP_HEARTBEAT && cordage_json_type_of(d) != CORDAGE_JSON_OBJECT) {
        sim_conn_bad_body(c, now, "d is not an object");
    } else {
        command->on(c, d, now);
    }
}

void sim_receive(struct sim_conn *c, struct str payload, bool binary, uint64_t now)
{
    struct sim *s = c->sim;
    cordage_json root = { 0 };

    if (c->has_ended || c->is_frozen)
        return;
    /* R3: every payload counts, whatever it is. */
    if (!count_in(c->received, GATEWAY_SENDS, &c->n_received, GATEWAY_SENDS_MS, now)) {
        sim_conn_broke(c, RULE_TOO_MANY_SENDS, now, "payload %u of this connection",
                       (unsigned)c->n_received);
        sim_conn_close(c, CLOSE_RATE_LIMITED, NULL, now);
        return;
    }
    if (payload.n > LIMIT_COMMAND) {
        sim_conn_broke(c, RULE_PAYLOAD_TOO_LARGE, now, "%zu bytes", payload.n);
        sim_conn_close(c, CLOSE_DECODE_ERROR, NULL, now);
        return;
    }
    /* The parser wants readable bytes behind, which the caller need not have. */
    buf_clear(&s->in);
    if (buf_append_str(&s->in, payload) < 0) {
        sim_conn_close(c, CLOSE_UNKNOWN_ERROR, "out of memory", now);
        return;
    }
    if (binary || json_parse(s->parser, buf_str(&s->in), &root) < 0 ||
        cordage_json_type_of(root) != CORDAGE_JSON_OBJECT) {
        sim_conn_broke(c, RULE_NOT_JSON, now, "%s",
                       binary ? "a binary message" : "not one JSON object");
        sim_conn_close(c, CLOSE_DECODE_ERROR, NULL, now);
        return;
    }
    on_payload(c, root, now);
}
