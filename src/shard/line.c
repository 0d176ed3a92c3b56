#include "line.h"

#include <assert.h>

#include "error.h"
#include "gateway.h"
#include "user_agent.h"

static struct line *line_of(struct wire *w)
{
    return CONTAINER_OF(w, struct line, wire);
}

static bool is_reading(const struct line *l)
{
    return l->state == LINE_UPGRADING || l->state == LINE_OPEN;
}

/* The wire is given up. The websocket stays until the wire has ended: the payload that
 * the owner may just be looking at is in it. */
static void end(struct line *l, enum hangup how)
{
    l->state = LINE_ENDING;
    l->host->hangup(l->host, &l->wire, how);
}

static void lose(struct line *l, enum hangup how, int code)
{
    end(l, how);
    l->ops->lost(l, code);
}

/* Sends what the websocket has to say, and wipes it: it may have been an IDENTIFY. */
static int flush(struct line *l)
{
    int err = 0;

    if (l->ws.out.n)
        err = l->host->send(l->host, &l->wire, buf_str(&l->ws.out));
    buf_wipe(&l->ws.out);
    return err;
}

static void release(struct line *l)
{
    ws_release(&l->ws);
    inflate_free(l->inflate);
    l->inflate = NULL;
}

/* What comes */

static void on_broken(struct line *l, int err, const char *what)
{
    log_line(&l->host->log, LOG_WARN, "shard=%u %s: %s", l->shard_id, what,
             cordage_strerror(err));
    if (l->state == LINE_UPGRADING) {
        lose(l, HANGUP_DROP, LINE_LOST);
        return;
    }
    l->ops->broken(l);
    if (is_reading(l))
        line_close(l, CLOSE_UNKNOWN_ERROR);
}

static void on_message(struct line *l, struct str message)
{
    struct str payload = message;
    int got = 1;

    if (l->inflate)
        got = inflate_feed(l->inflate, l->scratch, message, &payload);
    if (got < 0) {
        on_broken(l, got, "cannot inflate");
    } else if (got > 0 && !l->ops->payload(l, payload) && is_reading(l)) {
        l->stopped = true;
        l->host->pause(l->host, &l->wire, true);
    }
}

/* The reason is Discord's sentence about the code, as far as one should believe it. */
static void log_close(struct line *l, const struct ws_message *m)
{
    char reason[128];
    size_t n = m->bytes.n < sizeof reason ? m->bytes.n : sizeof reason - 1;

    for (size_t i = 0; i < n; i++)
        reason[i] = m->bytes.p[i] == '"' ? '\'' : m->bytes.p[i];
    log_line(&l->host->log, LOG_INFO,
             "shard=%u closed by the peer: code=%d reason=\"%.*s\"", l->shard_id, m->code,
             (int)n, reason);
}

static void on_event(struct line *l, int event, const struct ws_message *m)
{
    switch (event) {
    case WS_OPEN:
        l->state = LINE_OPEN;
        l->ops->opened(l);
        break;
    case WS_TEXT:
    case WS_BINARY:
        on_message(l, m->bytes);
        break;
    case WS_CLOSE:
        log_close(l, m);
        (void)flush(l); /* the answer to it; if it can't go, that's no news */
        lose(l, HANGUP_FLUSH, m->code);
        break;
    case WS_REFUSED:
        log_line(&l->host->log, LOG_WARN, "shard=%u websocket refused: HTTP status %d",
                 l->shard_id, m->code);
        lose(l, HANGUP_DROP, LINE_LOST);
        break;
    case WS_PING: /* the pong is in `out` */
    case WS_PONG:
        break;
    default:
        on_broken(l, event, "websocket error");
    }
}

/* Yields what lies there, as far as the owner wants it, and keeps the rest. */
static void pull(struct line *l)
{
    struct ws_message message;
    int event, err;

    while (is_reading(l) && !l->stopped) {
        event = ws_next(&l->ws, &message);
        if (event == WS_NONE)
            break;
        on_event(l, event, &message);
    }
    if (!is_reading(l))
        return;
    err = flush(l);
    if (err) {
        log_line(&l->host->log, LOG_WARN, "shard=%u cannot send: %s", l->shard_id,
                 cordage_strerror(err));
        lose(l, HANGUP_RESET, LINE_LOST);
        return;
    }
    err = ws_settle(&l->ws);
    if (err)
        on_broken(l, err, "cannot keep what came");
}

/* The wire's ops */

static void on_opened(struct wire *w)
{
    struct line *l = line_of(w);

    if (l->state == LINE_DIALLING) {
        l->state = LINE_UPGRADING;
        pull(l); /* nothing yet; it sends the request */
    }
    l->ops->settled(l);
}

static void on_bytes(struct wire *w, char *p, size_t n)
{
    struct line *l = line_of(w);

    if (is_reading(l)) {
        /* An error would be told by ws_next. */
        (void)ws_feed(&l->ws, p, n);
        pull(l);
    }
    l->ops->settled(l);
}

static void on_closed(struct wire *w, int err, const char *why)
{
    struct line *l = line_of(w);
    enum line_state was = l->state;

    release(l);
    l->state = LINE_IDLE;
    l->stopped = false;
    if (was != LINE_ENDING) {
        log_line(&l->host->log, err == CORDAGE_ECLOSED ? LOG_INFO : LOG_WARN,
                 "shard=%u %s: %s", l->shard_id,
                 was == LINE_OPEN ? "connection lost" : "cannot connect", why);
        l->ops->lost(l, LINE_LOST);
    }
    l->ops->settled(l);
}

static const struct wire_ops wire_ops = {
    .opened = on_opened,
    .bytes = on_bytes,
    .closed = on_closed,
};

/* The owner's calls */

/* All that the connection will need, so that nothing is missing once it stands. */
static int prepare(struct line *l, const struct url *url)
{
    char target[URL_TARGET];

    ws_init(&l->ws, WS_CLIENT, l->host->random(l->host));
    if (l->compression != COMPRESS_NONE) {
        l->inflate = inflate_new(l->compression);
        if (!l->inflate)
            return CORDAGE_ENOMEM;
    }
    url_target(url, target);
    return ws_request(&l->ws, url->host, url->port, url->tls, target, USER_AGENT);
}

int line_dial(struct line *l, const struct url *url)
{
    struct endpoint to = { .host = url->host, .port = url->port, .tls = url->tls };
    int err;

    assert(l->state == LINE_IDLE);
    err = prepare(l, url);
    l->wire = (struct wire){ .ops = &wire_ops };
    if (!err)
        err = l->host->dial(l->host, &l->wire, &to);
    if (err)
        release(l);
    else
        l->state = LINE_DIALLING;
    return err;
}

int line_send(struct line *l, struct str payload)
{
    int err;

    if (l->state != LINE_OPEN)
        return CORDAGE_ESTATE;
    err = ws_send(&l->ws, false, payload);
    return err ? err : flush(l);
}

void line_close(struct line *l, int code)
{
    enum hangup how = HANGUP_DROP;

    if (l->state == LINE_IDLE || l->state == LINE_ENDING)
        return;
    if (l->state == LINE_OPEN) {
        /* Where the websocket has failed, its own close is in `out` already. */
        (void)ws_close(&l->ws, code, STR(""));
        how = flush(l) ? HANGUP_DROP : HANGUP_FLUSH;
    }
    end(l, how);
}

void line_go_on(struct line *l)
{
    if (!l->stopped)
        return;
    l->stopped = false;
    if (!is_reading(l))
        return;
    pull(l);
    if (is_reading(l) && !l->stopped)
        l->host->pause(l->host, &l->wire, false);
}
