/* sim_rig.h - clients of the simulator's model, in virtual time.
 *
 * A rig is a model and the time. Its clients write down every payload they get; a test
 * takes them off one by one. When the model closes a connection its client only notes
 * it: client_gone says that the socket went. */
#ifndef SIM_RIG_H
#define SIM_RIG_H

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "mem.h"
#include "sim.h"
#include "test.h"

#define RIG_QUERY "v=10&encoding=json"

enum {
    RIG_GUILDS = 1 << 0,
    RIG_MEMBERS = 1 << 1,
    RIG_VOICE = 1 << 7,
    RIG_PRESENCES = 1 << 8,
    RIG_MESSAGES = 1 << 9,
    RIG_CONTENT = 1 << 15,
    RIG_USUAL = RIG_GUILDS | RIG_MESSAGES | RIG_CONTENT,
};

struct rig {
    struct sim *sim;
    uint64_t now;
};

struct client {
    struct rig *rig;
    struct sim_conn *conn;
    struct buf *payloads; /* those that came; owned */
    size_t n, size, taken;
    struct json_parser *parser;
    struct buf taken_text; /* the last payload taken, which `root` views */
    cordage_json root, d;
    int op;
    uint64_t seq; /* the last dispatch's */
    char name[64], session_id[64];
    int close_code; /* 0: open; -1: reset */
    bool frozen, split;
    size_t backlog; /* what it claims to have waiting */
};

static inline void rig_send(void *user, struct str payload)
{
    struct client *c = user;

    CHECK_INT(c->close_code, 0);
    if (c->n == c->size) {
        c->size = c->size ? c->size * 2 : 64;
        c->payloads = realloc(c->payloads, c->size * sizeof *c->payloads);
        assert_non_null(c->payloads);
    }
    c->payloads[c->n] = (struct buf){ 0 };
    CHECK_INT(buf_append_str(&c->payloads[c->n++], payload), 0);
}

static inline void rig_close(void *user, int code, const char *reason)
{
    struct client *c = user;

    assert_non_null(reason);
    CHECK_INT(c->close_code, 0);
    c->close_code = code;
}

static inline void rig_reset(void *user)
{
    ((struct client *)user)->close_code = -1;
}

static inline void rig_freeze(void *user)
{
    ((struct client *)user)->frozen = true;
}

static inline void rig_split(void *user, uint64_t seed, bool messages)
{
    (void)seed;
    (void)messages;
    ((struct client *)user)->split = true;
}

static inline size_t rig_backlog(void *user)
{
    return ((struct client *)user)->backlog;
}

static const struct sim_conn_ops rig_ops = { rig_send,   rig_close, rig_reset,
                                             rig_freeze, rig_split, rig_backlog };

/* ---- The rig -------------------------------------------------------------------- */

static inline void rig_start(struct rig *r, const struct sim_config *config)
{
    cordage_error error;

    r->now = 1000000;
    CHECK_INT(sim_new(config, r->now, 1767225600000ULL, &r->sim, &error), 0);
    CHECK_INT(sim_set_urls(r->sim, "wss://127.0.0.1:1", "wss://127.0.0.1:2"), 0);
}

static inline struct sim_config rig_config(void)
{
    struct sim_config c;

    sim_config_default(&c);
    return c;
}

/* Lets `ms` go by, with a tick whenever one is due. */
static inline void rig_wait(struct rig *r, uint64_t ms)
{
    uint64_t end = r->now + ms;

    for (int turns = 0;; turns++) {
        uint64_t at = sim_deadline(r->sim);

        CHECK(turns < 1000000);
        if (at > end)
            break;
        r->now = at > r->now ? at : r->now;
        sim_tick(r->sim, r->now);
    }
    r->now = end;
}

static inline void rig_stop(struct rig *r)
{
    sim_free(r->sim);
}

static inline size_t rig_broken(struct rig *r)
{
    return sim_report(r->sim)->n_broken;
}

/* Nobody broke a rule. */
static inline void rig_is_clean(struct rig *r)
{
    struct report *report = sim_report(r->sim);

    if (report->n_broken)
        fail_msg("rule broken: %s (%s)", sim_rule_name(report->entries[0].rule),
                 report->entries[0].detail);
}

/* Exactly one rule was broken, this one. */
static inline void rig_broke(struct rig *r, enum sim_rule rule)
{
    struct report *report = sim_report(r->sim);

    if (!report_has(report, rule))
        fail_msg("%s is not reported", sim_rule_name(rule));
    CHECK_INT(report->n_broken, 1);
}

/* ---- A client -------------------------------------------------------------------- */

static inline void client_connect_to(struct rig *r, struct client *c, const char *query,
                                     bool resume_door)
{
    *c = (struct client){ .rig = r };
    c->parser = json_parser_new();
    assert_non_null(c->parser);
    c->conn = sim_connect(r->sim, query, resume_door, &rig_ops, c, r->now);
    assert_non_null(c->conn);
}

/* The socket went: `code` as in sim_disconnected. What came can still be taken. */
static inline void client_gone(struct client *c, int code)
{
    if (c->conn)
        sim_disconnected(c->conn, code, c->rig->now);
    c->conn = NULL;
}

static inline void client_release(struct client *c)
{
    client_gone(c, 1006);
    for (size_t i = 0; i < c->n; i++)
        buf_release(&c->payloads[i]);
    free(c->payloads);
    buf_release(&c->taken_text);
    json_parser_free(c->parser);
}

static inline void client_say(struct client *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static inline void client_say(struct client *c, const char *format, ...)
{
    char text[8192];
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    CHECK(n >= 0 && (size_t)n < sizeof text);
    sim_receive(c->conn, (struct str){ text, (size_t)n }, false, c->rig->now);
}

/* Takes the next payload off: false if there is none. */
static inline bool client_next(struct client *c)
{
    struct str name = { "", 0 };
    int64_t op = -1;

    if (c->taken == c->n)
        return false;
    buf_release(&c->taken_text);
    c->taken_text = c->payloads[c->taken];
    c->payloads[c->taken++] = (struct buf){ 0 };
    CHECK_INT(json_parse(c->parser, buf_str(&c->taken_text), &c->root), 0);
    c->d = json_get(c->root, "d");
    CHECK(!json_is_absent(c->d));
    CHECK(!json_is_absent(json_get(c->root, "t")) &&
          !json_is_absent(json_get(c->root, "s")));
    CHECK(json_i64(json_get(c->root, "op"), &op));
    c->op = (int)op;
    json_str(json_get(c->root, "t"), &name);
    snprintf(c->name, sizeof c->name, "%.*s", STR_FMT(name));
    if (op == 0)
        CHECK(json_u64(json_get(c->root, "s"), &c->seq));
    return true;
}

/* The next payload is of this op. */
static inline void client_gets_op(struct client *c, int op)
{
    if (!client_next(c))
        fail_msg("nothing came instead of op %d", op);
    CHECK_INT(c->op, op);
}

/* The next payload is this event. */
static inline void client_gets(struct client *c, const char *name)
{
    if (!client_next(c))
        fail_msg("nothing came instead of %s", name);
    if (strcmp(c->name, name) != 0)
        fail_msg("op %d %s came instead of %s", c->op, c->name, name);
}

static inline bool client_has_more(const struct client *c)
{
    return c->taken < c->n;
}

/* Takes all there is; how many of this name were among it. */
static inline size_t client_count(struct client *c, const char *name)
{
    size_t n = 0;

    while (client_next(c))
        n += strcmp(c->name, name) == 0;
    return n;
}

static inline void client_connect(struct rig *r, struct client *c)
{
    client_connect_to(r, c, RIG_QUERY, false);
    client_gets_op(c, 10);
}

/* As the bot number `bot`. */
static inline void client_identify_as(struct client *c, unsigned bot, unsigned shard,
                                      unsigned count, unsigned intents)
{
    client_say(c,
               "{\"op\":2,\"d\":{\"token\":\"%s\",\"properties\":{},\"intents\":%u,"
               "\"shard\":[%u,%u]}}",
               sim_app(c->rig->sim, bot)->token, intents, shard, count);
}

static inline void client_identify(struct client *c, unsigned shard, unsigned count,
                                   unsigned intents)
{
    client_identify_as(c, 0, shard, count, intents);
}

static inline void client_note_session(struct client *c)
{
    struct str id = { "", 0 };

    CHECK(json_str(json_get(c->d, "session_id"), &id));
    snprintf(c->session_id, sizeof c->session_id, "%.*s", STR_FMT(id));
}

/* Connects and identifies up to READY, which is taken. */
static inline void client_ready_as(struct rig *r, struct client *c, unsigned bot,
                                   unsigned shard, unsigned count, unsigned intents)
{
    client_connect(r, c);
    client_identify_as(c, bot, shard, count, intents);
    client_gets(c, "READY");
    client_note_session(c);
}

static inline void client_ready(struct rig *r, struct client *c, unsigned shard,
                                unsigned count, unsigned intents)
{
    client_ready_as(r, c, 0, shard, count, intents);
}

/* The same, and all guilds are in and taken. */
static inline void client_live(struct rig *r, struct client *c, unsigned shard,
                               unsigned count, unsigned intents)
{
    client_ready(r, c, shard, count, intents);
    rig_wait(r, 1000);
    while (client_next(c))
        ;
}

static inline void client_resume(struct client *c, const char *session_id, uint64_t seq)
{
    client_say(c,
               "{\"op\":6,\"d\":{\"token\":\"%s\",\"session_id\":\"%s\",\"seq\":%llu}}",
               sim_token(c->rig->sim), session_id, (unsigned long long)seq);
}

/* Connects to the resume door and asks for the session of another client. */
static inline void client_resumes(struct rig *r, struct client *c,
                                  const struct client *old, uint64_t seq)
{
    client_connect_to(r, c, RIG_QUERY, true);
    client_gets_op(c, 10);
    client_resume(c, old->session_id, seq);
}

#endif
