/* A session fed by a script: each line is a payload, or what the world does to it:
 *
 *     !open  !slot  !tick MS  !close CODE  !broken  !pause  !go  !command  !stop
 *
 * Wishes to dial are granted at once. Whatever comes, the session asks for nothing that
 * would end it, sends no more than Discord allows, and delivers in order. */
#include "fuzz.h"

#include <string.h>

#include "buf.h"
#include "session.h"

struct rig {
    struct session s;
    uint64_t now;
    uint64_t last_seq;
    uint64_t sent[GATEWAY_SENDS];
    unsigned n_sent;
    bool stopping;
};

static void on_send(struct rig *r, const struct session_action *a)
{
    uint64_t *oldest = &r->sent[r->n_sent++ % GATEWAY_SENDS];

    FUZZ_CHECK(a->bytes.n > 0 && a->bytes.n <= LIMIT_COMMAND);
    FUZZ_CHECK(a->bytes.p[0] == '{' && a->bytes.p[a->bytes.n - 1] == '}');
    if (r->n_sent > GATEWAY_SENDS)
        FUZZ_CHECK(r->now - *oldest >= GATEWAY_SENDS_MS);
    *oldest = r->now;
}

static void on_action(struct rig *r, const struct session_action *a)
{
    switch (a->type) {
    case SESSION_SEND:
        on_send(r, a);
        break;
    case SESSION_CLOSE:
        FUZZ_CHECK(r->stopping ||
                   (a->code != CLOSE_NORMAL && a->code != CLOSE_GOING_AWAY));
        break;
    case SESSION_DIAL:
        FUZZ_CHECK(a->url->websocket && a->url->host[0]);
        r->n_sent = 0; /* the budget is a connection's */
        break;
    case SESSION_DELIVER:
        if (str_eq(a->name, STR("READY")))
            r->last_seq = a->seq;
        else
            FUZZ_CHECK(a->seq > r->last_seq);
        r->last_seq = a->seq;
        break;
    default:
        break;
    }
}

static void pull(struct rig *r)
{
    struct session_action a;

    while (session_next(&r->s, &a)) {
        on_action(r, &a);
        if (a.type == SESSION_WANT_DIAL)
            session_dial(&r->s, r->now);
    }
}

static void pass(struct rig *r, uint64_t ms)
{
    uint64_t until = r->now + ms;

    /* At most so often: a small interval and a large step would take all day. */
    for (int i = 0; i < 1000 && session_deadline(&r->s) <= until; i++) {
        if (session_deadline(&r->s) > r->now)
            r->now = session_deadline(&r->s);
        session_tick(&r->s, r->now);
        pull(r);
    }
    r->now = until;
}

static void feed(struct rig *r, struct str payload)
{
    char *copy = malloc(payload.n + BUF_SLACK);

    if (!copy)
        abort();
    memcpy(copy, payload.p, payload.n);
    memset(copy + payload.n, '}', BUF_SLACK);
    session_feed(&r->s, (struct str){ copy, payload.n }, r->now);
    pull(r);
    free(copy);
}

/* The number at the end of a line; 0: none. */
static uint64_t number_of(struct str line)
{
    uint64_t n = 0;

    for (size_t i = 0; i < line.n; i++)
        if (line.p[i] >= '0' && line.p[i] <= '9')
            n = (n * 10 + (uint64_t)(line.p[i] - '0')) % 100000000;
    return n;
}

static void play(struct rig *r, struct str line)
{
    uint64_t n = number_of(line);

    if (str_eq(line, STR("!open"))) {
        session_opened(&r->s, r->now);
    } else if (str_eq(line, STR("!slot"))) {
        session_identify(&r->s, r->now);
    } else if (str_starts(line, STR("!tick"))) {
        pass(r, n);
    } else if (str_starts(line, STR("!close"))) {
        session_closed(&r->s, (int)n, r->now);
    } else if (str_eq(line, STR("!broken"))) {
        session_broken(&r->s, r->now);
    } else if (str_eq(line, STR("!pause")) || str_eq(line, STR("!go"))) {
        session_paused(&r->s, str_eq(line, STR("!pause")), r->now);
    } else if (str_eq(line, STR("!command"))) {
        session_command(&r->s, PACE_COMMAND, 0, STR("{\"op\":8}"), r->now);
    } else if (str_eq(line, STR("!stop"))) {
        r->stopping = true;
        session_stop(&r->s, false, r->now);
    } else {
        feed(r, line);
        return;
    }
    pull(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct json_parser *parser;
    struct secret token = { 0 };
    struct rig r = { .now = 1 };
    struct session_config config = {
        .shard_count = 1,
        .intents = 1,
        .token = &token,
        .seed = 1,
        .gateway_url = "wss://gateway.discord.gg",
        .query = "v=10&encoding=json",
    };
    struct str rest = { (const char *)data, size };

    if (!parser)
        parser = json_parser_new();
    config.parser = parser;
    if (!parser || secret_set(&token, STR("t")) || session_init(&r.s, &config, r.now))
        abort();
    pull(&r);
    while (rest.n) {
        const char *end = memchr(rest.p, '\n', rest.n);
        size_t n = end ? (size_t)(end - rest.p) : rest.n;

        play(&r, (struct str){ rest.p, n });
        n += end != NULL;
        rest = (struct str){ rest.p + n, rest.n - n };
    }
    session_release(&r.s);
    secret_release(&token);
    return 0;
}
