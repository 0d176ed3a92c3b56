/* shard_rig.h - a shard in virtual time, with an owner that writes everything down.
 *
 * The owner's callbacks check what shard.h promises: none comes from inside a call of the
 * owner, and nothing comes after `stopped`. Calls from outside a callback go through
 * RIG_CALL, so that they are known as such. */
#ifndef SHARD_RIG_H
#define SHARD_RIG_H

#include "test.h"

#include <stdlib.h>

#include "error.h"
#include "gateway.h"
#include "shard.h"
#include "vserver.h"

enum { RIG_INTERVAL_MS = 40000 };
#define RIG_TOKEN "t0k3n.that-must-not.be-seen"

struct rig {
    struct vhost v;
    struct secret token;
    struct shard_loop loop;
    struct shard *shard;
    struct vserver g; /* of the present connection */
    bool has_server;

    /* What the owner does. */
    unsigned room;   /* events until the queue is full; UINT_MAX: endless */
    bool holds_dial; /* doesn't answer want_dial at once */
    bool holds_slot;
    void (*in_deliver)(struct rig *r, const struct dispatch *event);

    /* What it has seen. */
    struct buf events; /* "READY/1 MESSAGE_CREATE/2 …" */
    struct buf notes;  /* "dial state dialled slot …" since rig_notes */
    unsigned n_events;
    unsigned n_dial, n_slot, n_drop, n_identified, n_dialled, n_lost, n_url, n_guilds_in;
    bool resuming;
    int refused_code;
    unsigned n_sent, n_unsent; /* commands */
    uint64_t last_tag;
    bool stopped;

    bool in_call, in_callback;
};

#define RIG_CALL(r, call)         \
    do {                          \
        CHECK(!(r)->in_callback); \
        (r)->in_call = true;      \
        call;                     \
        (r)->in_call = false;     \
    } while (0)

static inline void rig_note(struct rig *r, const char *what)
{
    CHECK(!r->in_call);
    CHECK(!r->stopped);
    if (buf_printf(&r->notes, r->notes.n ? " %s" : "%s", what))
        assert_int_equal(buf_printf(&r->notes, r->notes.n ? " %s" : "%s", what), 0);
}

/* What was noted since the last time, as words; kept until the next. */
static inline struct str rig_notes(struct rig *r)
{
    static char text[1024];

    snprintf(text, sizeof text, "%.*s", STR_FMT(buf_str(&r->notes)));
    buf_clear(&r->notes);
    return str_of(text);
}

static inline bool rig_deliver(void *user, struct shard *s, const struct dispatch *event)
{
    struct rig *r = user;

    CHECK(!r->in_call && !r->in_callback && !r->stopped);
    CHECK(s == r->shard);
    /* The slack must be readable. */
    CHECK(event->payload.p[event->payload.n + BUF_SLACK - 1] ||
          !event->payload.p[event->payload.n + BUF_SLACK - 1]);
    if (buf_printf(&r->events, "%.*s/%d ", STR_FMT(event->name), (int)event->seq))
        assert_int_equal(buf_printf(&r->events, "%.*s/%d ", STR_FMT(event->name),
                                    (int)event->seq),
                         0);
    r->n_events++;
    r->in_callback = true;
    if (r->in_deliver)
        r->in_deliver(r, event);
    r->in_callback = false;
    if (r->room != UINT32_MAX && r->room > 0)
        r->room--;
    return r->room > 0;
}

static inline void rig_want_dial(void *user, struct shard *s, bool resuming)
{
    struct rig *r = user;

    rig_note(r, resuming ? "dial-resuming" : "dial");
    r->n_dial++;
    r->resuming = resuming;
    r->in_callback = true;
    if (!r->holds_dial)
        shard_dial(s);
    r->in_callback = false;
}

static inline void rig_want_slot(void *user, struct shard *s)
{
    struct rig *r = user;

    rig_note(r, "slot");
    r->n_slot++;
    r->in_callback = true;
    if (!r->holds_slot)
        shard_identify(s);
    r->in_callback = false;
}

/* May come from inside a call, unlike the others. */
static inline void rig_command(void *user, struct shard *s,
                               const struct outbox_label *label, bool sent)
{
    struct rig *r = user;

    (void)s;
    r->last_tag = label->tag;
    r->n_sent += sent;
    r->n_unsent += !sent;
}

static inline void rig_drop_slot(void *user, struct shard *s)
{
    struct rig *r = user;

    (void)s;
    rig_note(r, "drop");
    r->n_drop++;
}

static inline void rig_identified(void *user, struct shard *s)
{
    struct rig *r = user;

    (void)s;
    rig_note(r, "identified");
    r->n_identified++;
}

static inline void rig_dialled(void *user, struct shard *s)
{
    struct rig *r = user;

    (void)s;
    rig_note(r, "dialled");
    r->n_dialled++;
}

static inline void rig_state(void *user, struct shard *s)
{
    struct rig *r = user;
    struct shard_status status;

    shard_status(s, &status);
    rig_note(r, session_state_name(status.state));
}

static inline void rig_guilds_in(void *user, struct shard *s)
{
    struct rig *r = user;

    (void)s;
    rig_note(r, "guilds");
    r->n_guilds_in++;
}

static inline void rig_session_lost(void *user, struct shard *s)
{
    struct rig *r = user;

    (void)s;
    rig_note(r, "lost");
    r->n_lost++;
}

static inline void rig_new_url(void *user, struct shard *s)
{
    struct rig *r = user;

    (void)s;
    rig_note(r, "url");
    r->n_url++;
}

static inline void rig_refused(void *user, struct shard *s, int code)
{
    struct rig *r = user;

    (void)s;
    rig_note(r, "refused");
    r->refused_code = code;
}

static inline void rig_stopped(void *user, struct shard *s)
{
    struct rig *r = user;

    rig_note(r, "stopped");
    r->stopped = true;
    shard_free(s);
    r->shard = NULL;
}

static const struct shard_ops rig_ops = {
    .deliver = rig_deliver,
    .want_dial = rig_want_dial,
    .want_slot = rig_want_slot,
    .drop_slot = rig_drop_slot,
    .identified = rig_identified,
    .dialled = rig_dialled,
    .state = rig_state,
    .guilds_in = rig_guilds_in,
    .session_lost = rig_session_lost,
    .new_url = rig_new_url,
    .refused = rig_refused,
    .stopped = rig_stopped,
    .command = rig_command,
};

/* The world without a shard. */
static inline void rig_setup_bare(struct rig *r)
{
    *r = (struct rig){ .room = UINT32_MAX };
    vhost_init(&r->v, 7);
    assert_int_equal(secret_set(&r->token, STR(RIG_TOKEN)), 0);
    r->loop = (struct shard_loop){ .host = &r->v.host,
                                   .parser = json_parser_new(),
                                   .scratch = inflate_scratch_new() };
    assert_non_null(r->loop.parser);
    assert_non_null(r->loop.scratch);
}

static inline int rig_new_shard(struct rig *r, enum compression compression)
{
    struct shard_config config = {
        .session = { .shard_id = 3,
                     .shard_count = 16,
                     .intents = 1,
                     .token = &r->token,
                     .gateway_url = "wss://gateway.test",
                     .query = "v=10&encoding=json" },
        .compression = compression,
        .ops = &rig_ops,
        .user = r,
    };

    r->g.compression = compression;
    return shard_new(&r->loop, &config, &r->shard);
}

static inline void rig_setup(struct rig *r, enum compression compression)
{
    rig_setup_bare(r);
    assert_int_equal(rig_new_shard(r, compression), 0);
}

static inline bool rig_has(const struct buf *where, const char *text)
{
    return str_find(buf_str(where), str_of(text)) != SIZE_MAX;
}

static inline void rig_teardown(struct rig *r)
{
    if (r->shard) {
        r->v.hangup_ms = 0;
        RIG_CALL(r, shard_stop(r->shard, true));
        vhost_run(&r->v, 60000);
    }
    CHECK(r->stopped);
    CHECK(!rig_has(&r->v.log, RIG_TOKEN));
    if (r->has_server)
        vserver_release(&r->g);
    buf_release(&r->events);
    buf_release(&r->notes);
    json_parser_free(r->loop.parser);
    inflate_scratch_free(r->loop.scratch);
    secret_release(&r->token);
    vhost_release(&r->v);
}

/* Plays the server of the connection that is being dialled, up to HELLO. */
static inline void rig_hello(struct rig *r)
{
    enum compression compression = r->g.compression;

    if (r->has_server)
        vserver_release(&r->g);
    vserver_accept(&r->g, &r->v, compression);
    r->has_server = true;
    vserver_say(&r->g,
                "{\"t\":null,\"s\":null,\"op\":10,\"d\":{\"heartbeat_interval\":40000}}");
    vhost_turn(&r->v);
}

#define RIG_READY                                                                \
    "{\"t\":\"READY\",\"s\":1,\"op\":0,\"d\":{\"v\":10,\"session_id\":\"sess\"," \
    "\"resume_gateway_url\":\"wss://resume.test\",\"guilds\":[]}}"

/* From the start to the first READY. */
static inline void rig_go_live(struct rig *r)
{
    RIG_CALL(r, shard_start(r->shard));
    vhost_turn(&r->v);
    rig_hello(r);
    vserver_expect(&r->g, OP_IDENTIFY);
    vserver_say(&r->g, RIG_READY);
    vhost_turn(&r->v);
    CHECK_INT(r->n_events, 1);
    rig_notes(r);
    buf_clear(&r->events);
    r->n_events = 0;
}

/* The server sends an event with this sequence; it comes with the next turn. */
static inline void rig_say_event(struct rig *r, unsigned seq)
{
    char text[128];

    snprintf(text, sizeof text,
             "{\"t\":\"MESSAGE_CREATE\",\"s\":%u,\"op\":0,\"d\":{\"content\":\"n%u\"}}",
             seq, seq);
    vserver_say(&r->g, text);
}

static inline void rig_say_resumed(struct rig *r, unsigned seq)
{
    char text[128];

    snprintf(text, sizeof text, "{\"t\":\"RESUMED\",\"s\":%u,\"op\":0,\"d\":{}}", seq);
    vserver_say(&r->g, text);
    vhost_turn(&r->v);
}

/* Lets time pass until somebody dials, at most `ms`. False: nobody has. */
static inline bool rig_run_to_dial(struct rig *r, uint64_t ms)
{
    unsigned before = r->n_dial;
    uint64_t until = r->v.now + ms;

    vhost_turn(&r->v);
    while (r->n_dial == before && r->v.now < until)
        vhost_run(&r->v, 10);
    return r->n_dial != before;
}

/* The server acknowledges heartbeats for that long. Returns how many there were. */
static inline unsigned rig_beat(struct rig *r, uint64_t ms)
{
    uint64_t until = r->v.now + ms;
    unsigned n = 0;

    for (; r->v.now < until; vhost_run(&r->v, 100)) {
        struct str heard = vserver_read(&r->g);

        if (!str_starts(heard, STR("{\"op\":1,")))
            continue;
        vserver_say(&r->g, "{\"t\":null,\"s\":null,\"op\":11,\"d\":null}");
        n++;
    }
    return n;
}

/* After a loss: the next connection resumes from `seq`, and is told so far to HELLO. */
static inline void rig_expect_resume(struct rig *r, unsigned seq)
{
    char want[256];

    CHECK(rig_run_to_dial(r, 120000));
    CHECK(r->resuming);
    rig_hello(r);
    snprintf(want, sizeof want,
             "{\"op\":6,\"d\":{\"token\":\"" RIG_TOKEN
             "\",\"session_id\":\"sess\",\"seq\":%u}}",
             seq);
    CHECK_STR(vserver_expect(&r->g, OP_RESUME), want);
}

#endif
