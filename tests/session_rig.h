/* session_rig.h - a session in the hands of a test: virtual time, payloads as text, and
 * every action written down.
 *
 * A test moves time and feeds; each expect_* takes the oldest action that has not been
 * looked at and fails if it is another. rig_free fails if any is left. */
#ifndef SESSION_RIG_H
#define SESSION_RIG_H

#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "session.h"

enum { RIG_SEEN = 64, RIG_INTERVAL_MS = 40000, RIG_START = 1000 };

struct rig_seen {
    enum session_action_type type;
    uint64_t tag; /* SEND of a command, GAVE_UP */
    bool resuming, is_identify, has_d;
    int code;
    uint64_t seq;
    char name[64], bytes[LIMIT_COMMAND + 1], url[LIMIT_URL * 3];
};

struct rig {
    struct session s;
    struct secret token;
    struct json_parser *parser;
    uint64_t now;
    struct rig_seen seen[RIG_SEEN];
    unsigned first, n;
    char *fed; /* the last payload, gone with the next */
};

static const char *const rig_names[] = {
    [SESSION_WANT_DIAL] = "want dial", [SESSION_DIAL] = "dial",
    [SESSION_WANT_SLOT] = "want slot", [SESSION_DROP_SLOT] = "drop slot",
    [SESSION_SEND] = "send",           [SESSION_CLOSE] = "close",
    [SESSION_DELIVER] = "deliver",     [SESSION_GUILDS_IN] = "guilds in",
    [SESSION_LOST] = "lost",           [SESSION_NEW_URL] = "new url",
    [SESSION_GAVE_UP] = "gave up",     [SESSION_REFUSED] = "refused",
};

static inline void rig_copy(char *to, size_t size, struct str from)
{
    CHECK(from.n < size);
    memcpy(to, from.p, from.n);
    to[from.n] = '\0';
}

static inline void rig_note(struct rig *r, const struct session_action *a)
{
    struct rig_seen *seen = &r->seen[(r->first + r->n++) % RIG_SEEN];

    CHECK(r->n <= RIG_SEEN);
    memset(seen, 0, sizeof *seen);
    seen->type = a->type;
    switch (a->type) {
    case SESSION_WANT_DIAL:
        seen->resuming = a->resuming;
        break;
    case SESSION_DIAL:
        snprintf(seen->url, sizeof seen->url, "%s://%s:%u%s?%s",
                 a->url->tls ? "wss" : "ws", a->url->host, a->url->port, a->url->path,
                 a->url->query);
        break;
    case SESSION_SEND:
        seen->is_identify = a->is_identify;
        seen->tag = a->is_command ? a->label.tag : 0;
        rig_copy(seen->bytes, sizeof seen->bytes, a->bytes);
        break;
    case SESSION_GAVE_UP:
        seen->tag = a->label.tag;
        break;
    case SESSION_CLOSE:
    case SESSION_REFUSED:
        seen->code = a->code;
        break;
    case SESSION_DELIVER:
        rig_copy(seen->name, sizeof seen->name, a->name);
        seen->seq = a->seq;
        seen->has_d = !json_is_absent(a->d);
        break;
    default:
        break;
    }
}

static inline void rig_pull(struct rig *r)
{
    struct session_action a;

    while (session_next(&r->s, &a))
        rig_note(r, &a);
}

static inline struct rig_seen *rig_take(struct rig *r, enum session_action_type type)
{
    struct rig_seen *seen = &r->seen[r->first];

    if (!r->n)
        fail_msg("wanted \"%s\", but nothing came", rig_names[type]);
    if (seen->type != type)
        fail_msg("wanted \"%s\", but got \"%s\" %s%s", rig_names[type],
                 rig_names[seen->type], seen->name, seen->bytes);
    r->first = (r->first + 1) % RIG_SEEN;
    r->n--;
    return seen;
}

static inline void expect_nothing(struct rig *r)
{
    if (r->n)
        rig_take(r, r->seen[r->first].type == SESSION_LOST ? SESSION_SEND : SESSION_LOST);
}

static inline void expect(struct rig *r, enum session_action_type type)
{
    rig_take(r, type);
}

static inline void expect_want_dial(struct rig *r, bool resuming)
{
    CHECK_INT(rig_take(r, SESSION_WANT_DIAL)->resuming, resuming);
}

/* A payload that contains all of `text`; its opcode alone is "\"op\":1,". */
static inline void expect_send(struct rig *r, const char *text)
{
    const struct rig_seen *seen = rig_take(r, SESSION_SEND);

    if (!strstr(seen->bytes, text))
        fail_msg("sent %s, which has no %s", seen->bytes, text);
    CHECK_INT(seen->is_identify, strstr(seen->bytes, "\"op\":2,") != NULL);
}

#define HEARTBEAT "\"op\":1,"
#define IDENTIFY  "\"op\":2,"
#define RESUME    "\"op\":6,"

static inline void expect_close(struct rig *r, int code)
{
    CHECK_INT(rig_take(r, SESSION_CLOSE)->code, code);
}

static inline void expect_deliver(struct rig *r, const char *name, uint64_t seq)
{
    const struct rig_seen *seen = rig_take(r, SESSION_DELIVER);

    assert_string_equal(seen->name, name);
    CHECK_INT(seen->seq, seq);
}

static inline void expect_dial(struct rig *r, const char *url)
{
    assert_string_equal(rig_take(r, SESSION_DIAL)->url, url);
}

static inline void expect_state(struct rig *r, enum session_state state)
{
    if (r->s.state != state)
        fail_msg("the state is %s, not %s", session_state_name(r->s.state),
                 session_state_name(state));
}

#define DEFAULT_URL "wss://gateway.discord.gg:443/?v=10&encoding=json"
#define RESUME_URL  "wss://resume.discord.gg:443/?v=10&encoding=json"

static inline struct rig *rig_new_with(struct session_config config)
{
    static struct rig r;

    r = (struct rig){ .now = RIG_START };
    r.parser = json_parser_new();
    assert_non_null(r.parser);
    CHECK_INT(secret_set(&r.token, STR("s3cret-t0ken")), 0);
    config.token = &r.token;
    config.parser = r.parser;
    config.shard_count = config.shard_count ? config.shard_count : 1;
    config.gateway_url =
        config.gateway_url ? config.gateway_url : "wss://gateway.discord.gg";
    config.intents = config.intents ? config.intents : 513;
    config.seed = config.seed ? config.seed : 1;
    CHECK_INT(session_init(&r.s, &config, r.now), 0);
    rig_pull(&r);
    return &r;
}
/* rig_new(.shard_id = 3, ...); what isn't given is as above. */
#define rig_new(...) \
    rig_new_with((struct session_config){ .query = "v=10&encoding=json", __VA_ARGS__ })

static inline void rig_free(struct rig *r)
{
    expect_nothing(r);
    session_release(&r->s);
    secret_release(&r->token);
    json_parser_free(r->parser);
    free(r->fed);
}

/* Feeds a copy with slack behind it, in memory of exactly that size. */
static inline int rig_feed(struct rig *r, const char *payload)
{
    size_t n = strlen(payload);
    int err;

    free(r->fed);
    r->fed = malloc(n + BUF_SLACK);
    assert_non_null(r->fed);
    memcpy(r->fed, payload, n);
    memset(r->fed + n, '}', BUF_SLACK);
    err = session_feed(&r->s, (struct str){ r->fed, n }, r->now);
    rig_pull(r);
    return err;
}

__attribute__((format(printf, 2, 3))) static inline int rig_feedf(struct rig *r,
                                                                  const char *format, ...)
{
    char text[4096];
    va_list args;

    va_start(args, format);
    CHECK(vsnprintf(text, sizeof text, format, args) < (int)sizeof text);
    va_end(args);
    return rig_feed(r, text);
}

/* Time goes on until `at`, with a tick at each deadline on the way. */
static inline void rig_at(struct rig *r, uint64_t at)
{
    for (int i = 0;; i++) {
        uint64_t deadline = session_deadline(&r->s);

        if (deadline > at)
            break;
        CHECK(i < 100000);
        if (deadline > r->now)
            r->now = deadline;
        session_tick(&r->s, r->now);
        rig_pull(r);
    }
    r->now = at;
}

static inline void rig_after(struct rig *r, uint64_t ms)
{
    rig_at(r, r->now + ms);
}

/* To the next deadline, and one tick there. */
static inline void rig_wait(struct rig *r)
{
    CHECK(session_deadline(&r->s) != UINT64_MAX);
    if (session_deadline(&r->s) > r->now)
        r->now = session_deadline(&r->s);
    session_tick(&r->s, r->now);
    rig_pull(r);
}

static inline void rig_closed(struct rig *r, int code)
{
    session_closed(&r->s, code, r->now);
    rig_pull(r);
}

/* Allows the dial that was asked for. */
static inline void rig_dial(struct rig *r)
{
    session_dial(&r->s, r->now);
    rig_pull(r);
}

static inline void rig_opened(struct rig *r)
{
    session_opened(&r->s, r->now);
    rig_pull(r);
}

/* From the wish to dial to an open socket that waits for HELLO. */
static inline void rig_connect(struct rig *r, bool resuming)
{
    if (!r->n)
        rig_wait(r);
    expect_want_dial(r, resuming);
    rig_dial(r);
    expect(r, SESSION_DIAL);
    rig_opened(r);
    expect_state(r, SESSION_HELLO);
}

static inline void rig_hello(struct rig *r)
{
    CHECK_INT(rig_feedf(r,
                        "{\"t\":null,\"s\":null,\"op\":10,\"d\":{"
                        "\"heartbeat_interval\":%d,\"_trace\":[\"x\"]}}",
                        RIG_INTERVAL_MS),
              0);
}

static inline void rig_ack(struct rig *r)
{
    CHECK_INT(rig_feed(r, "{\"t\":null,\"s\":null,\"op\":11,\"d\":null}"), 0);
}

/* Until the next heartbeat, which is expected and acknowledged. */
static inline void rig_beat(struct rig *r)
{
    rig_wait(r);
    expect_send(r, HEARTBEAT);
    rig_ack(r);
}

static inline int rig_ready(struct rig *r, uint64_t seq, const char *guilds)
{
    return rig_feedf(r,
                     "{\"t\":\"READY\",\"s\":%llu,\"op\":0,\"d\":{\"v\":10,"
                     "\"session_id\":\"abc\",\"resume_gateway_url\":"
                     "\"wss://resume.discord.gg/?v=10&encoding=json\","
                     "\"guilds\":%s}}",
                     (unsigned long long)seq, guilds);
}

static inline void rig_event(struct rig *r, const char *name, uint64_t seq)
{
    CHECK_INT(rig_feedf(r, "{\"t\":\"%s\",\"s\":%llu,\"op\":0,\"d\":{\"x\":1}}", name,
                        (unsigned long long)seq),
              0);
}

/* From a connection that waits for HELLO to IDENTIFY sent. */
static inline void rig_identify(struct rig *r)
{
    rig_hello(r);
    expect(r, SESSION_WANT_SLOT);
    session_identify(&r->s, r->now);
    rig_pull(r);
    expect_send(r, IDENTIFY);
    expect_state(r, SESSION_IDENTIFY);
}

/* From a wish to dial to a live session without guilds, READY having `seq`. */
static inline void rig_become_live(struct rig *r, uint64_t seq)
{
    rig_connect(r, false);
    rig_identify(r);
    CHECK_INT(rig_ready(r, seq, "[]"), 0);
    expect_deliver(r, "READY", seq);
    expect(r, SESSION_GUILDS_IN);
    expect_state(r, SESSION_LIVE);
    expect_nothing(r);
}

static inline struct rig *rig_live(void)
{
    struct rig *r = rig_new();

    rig_become_live(r, 1);
    return r;
}

/* From a wish to dial to RESUME sent. */
static inline void rig_resume(struct rig *r)
{
    rig_connect(r, true);
    rig_hello(r);
    expect_send(r, RESUME);
    expect_state(r, SESSION_RESUME);
    expect_nothing(r);
}

/* How long the session stays away before it asks to dial. */
static inline uint64_t rig_wait_of(struct rig *r)
{
    uint64_t lost_at = r->now;

    rig_wait(r);
    CHECK(r->n > 0);
    return r->now - lost_at;
}

static inline void expect_between(uint64_t ms, uint64_t low, uint64_t high)
{
    if (ms < low || ms > high)
        fail_msg("waited %llu ms, not %llu to %llu", (unsigned long long)ms,
                 (unsigned long long)low, (unsigned long long)high);
}

#endif
