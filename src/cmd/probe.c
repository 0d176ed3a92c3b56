#include "probe.h"

#include "envelope.h"
#include "gateway.h"
#include "loop.h"
#include "mem.h"
#include "user_agent.h"
#include "ws.h"

enum { TIMEOUT_MS = 10000 };

struct probe {
    struct wire wire;
    struct timer deadline;
    struct loop *loop;
    struct host *host;
    struct ws ws;
    struct url url;
    struct json_parser *parser;
    uint64_t began;
    struct probe_result result;
    bool over; /* the outcome is known: what follows does not change it */
    cordage_error error;
};

/* The first outcome counts. */
static void end(struct probe *p, int err, const char *why)
{
    if (!p->over)
        error_set(&p->error, err, "%s", err ? why : "");
    p->over = true;
}

static void flush(struct probe *p)
{
    if (p->ws.out.n > 0 && p->host->send(p->host, &p->wire, buf_str(&p->ws.out)) < 0)
        end(p, CORDAGE_ENET, "the connection takes no bytes");
    buf_clear(&p->ws.out);
}

static void on_opened(struct wire *w)
{
    struct probe *p = CONTAINER_OF(w, struct probe, wire);
    char target[2 * LIMIT_URL + 2];

    snprintf(target, sizeof target, "%s?%s", p->url.path, p->url.query);
    if (ws_request(&p->ws, p->url.host, p->url.port, p->url.tls, target, USER_AGENT) < 0)
        end(p, CORDAGE_ENOMEM, "out of memory");
    flush(p);
}

static void on_hello(struct probe *p, struct str payload)
{
    struct envelope envelope;
    cordage_json d;
    uint64_t interval;

    if (envelope_parse(p->parser, payload, &envelope, &d) < 0 ||
        envelope.op != OP_HELLO ||
        !json_u64(json_get(d, "heartbeat_interval"), &interval) ||
        interval > UINT32_MAX) {
        end(p, CORDAGE_EPROTO, "its first message is no HELLO");
        return;
    }
    p->result.took_ms = (uint32_t)(p->host->now(p->host) - p->began);
    p->result.interval_ms = (uint32_t)interval;
    end(p, 0, NULL);
    ws_close(&p->ws, CLOSE_NORMAL,
             (struct str){ "", 0 }); /* there is no session to keep */
}

static void on_event(struct probe *p, int event, const struct ws_message *m)
{
    char why[64];

    switch (event) {
    case WS_TEXT:
        on_hello(p, m->bytes);
        break;
    case WS_BINARY:
        end(p, CORDAGE_EPROTO, "its first message is no text");
        break;
    case WS_CLOSE:
        snprintf(why, sizeof why, "it closed at once with %d", m->code);
        end(p, CORDAGE_ECLOSED, why);
        break;
    case WS_REFUSED:
        snprintf(why, sizeof why, "it answered HTTP %d instead of opening a websocket",
                 m->code);
        end(p, CORDAGE_EPROTO, why);
        break;
    default:
        if (event < 0)
            end(p, event, "what it sends is no websocket");
    }
}

static void on_bytes(struct wire *w, char *bytes, size_t n)
{
    struct probe *p = CONTAINER_OF(w, struct probe, wire);
    struct ws_message message;
    int event = ws_feed(&p->ws, bytes, n);

    if (event < 0)
        end(p, event, "out of memory");
    while (!p->over && (event = ws_next(&p->ws, &message)) != WS_NONE)
        on_event(p, event, &message);
    if (!p->over && ws_settle(&p->ws) < 0)
        end(p, CORDAGE_ENOMEM, "out of memory");
    flush(p);
    if (p->over)
        p->host->hangup(p->host, w, HANGUP_FLUSH);
}

static void on_closed(struct wire *w, int err, const char *why)
{
    struct probe *p = CONTAINER_OF(w, struct probe, wire);

    end(p, err, why);
    p->host->disarm(p->host, &p->deadline);
    loop_stop(p->loop);
}

static void on_deadline(struct timer *t)
{
    struct probe *p = CONTAINER_OF(t, struct probe, deadline);

    end(p, CORDAGE_ETIMEOUT, "no HELLO in time");
    p->host->hangup(p->host, &p->wire, HANGUP_DROP);
}

static const struct wire_ops ops = {
    .opened = on_opened,
    .bytes = on_bytes,
    .closed = on_closed,
};

static int run(struct probe *p, unsigned timeout_ms)
{
    struct endpoint to = { .host = p->url.host, .port = p->url.port, .tls = p->url.tls };
    int err;

    p->host = loop_host(p->loop);
    p->wire.ops = &ops;
    p->deadline.fire = on_deadline;
    p->began = p->host->now(p->host);
    ws_init(&p->ws, WS_CLIENT, p->host->random(p->host));
    p->host->arm(p->host, &p->deadline,
                 p->began + (timeout_ms ? timeout_ms : TIMEOUT_MS));
    err = p->host->dial(p->host, &p->wire, &to);
    if (err) {
        p->host->disarm(p->host, &p->deadline);
        return error_set(&p->error, err, "it cannot be dialled");
    }
    loop_run(p->loop);
    return p->error.code;
}

int probe_gateway(const char *url, const struct probe_options *options,
                  struct probe_result *out, cordage_error *error)
{
    struct probe p = { 0 };
    struct tls_client *tls = NULL;
    int err = url_gateway(str_of(url), "v=10&encoding=json", &p.url, error);

    if (!err)
        err = tls_client_new(options->ca_file, &tls, error);
    if (!err)
        err = loop_new(&(struct loop_options){ .tls = tls, .proxy = options->proxy },
                       &p.loop, error);
    if (!err && !(p.parser = json_parser_new()))
        err = error_set(error, CORDAGE_ENOMEM, "out of memory");
    if (!err) {
        err = run(&p, options->timeout_ms);
        if (err)
            *error = p.error;
        *out = p.result;
    }
    ws_release(&p.ws);
    loop_free(p.loop);
    json_parser_free(p.parser);
    tls_client_free(tls);
    return err;
}
