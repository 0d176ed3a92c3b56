#include "record_door.h"

#include <stdio.h>
#include <stdlib.h>

#include "authority.h"
#include "deflate.h"
#include "gateway.h"
#include "json_text.h"
#include "line.h"
#include "list.h"
#include "listen.h"
#include "mem.h"
#include "sim.h"

enum {
    DOORS_MAX = 64,         /* default URL and resume URLs: Discord has some per region */
    CONNECTIONS_MAX = 1024, /* of a bot */
    MESSAGE_MAX = 64 * 1024, /* Discord takes 4096 */
    BACKLOG = 1024 * 1024,   /* waits for a slow bot: no more is read from Discord */
    UPGRADE_MS = 10000,
};

/* One of Discord's URLs. */
struct door {
    struct doors *doors;
    struct listener *listener;
    char url[LIMIT_URL], ours[64];
};

struct doors {
    struct loop *loop;
    struct host *host;
    struct tls_server *tls;
    struct tapes *tapes;
    struct json_parser *parser;
    struct inflate_scratch *scratch;
    struct buf message, ready; /* one being compressed; a READY that was changed */
    struct link passages;
    struct door doors[DOORS_MAX];
    size_t n_doors;
    bool closed;
};

/* A connection of the bot's, and the one to Discord that it goes on with. */
struct passage {
    struct wire wire;
    struct link link; /* on doors.passages while it lives */
    struct door *door;
    struct ws ws;
    struct line line;
    enum compression compression;
    struct deflate *deflate; /* NULL: the bot asked for none */
    struct tape *tape;       /* NULL: not known yet, or not recorded */
    struct timer patience;   /* for the bot's upgrade */
    bool is_gone;            /* the bot's wire is */
    bool is_over;            /* it was told to hang up */
};

static struct host *host_of(const struct passage *p)
{
    return p->door->doors->host;
}

/* ---- To the bot -------------------------------------------------------------------- */

static void hang_up(struct passage *p, enum hangup how)
{
    if (!p->is_over && !p->is_gone)
        host_of(p)->hangup(host_of(p), &p->wire, how);
    p->is_over = true;
}

static void flush(struct passage *p)
{
    struct str bytes = buf_str(&p->ws.out);

    if (bytes.n && !p->is_over && !p->is_gone &&
        host_of(p)->send(host_of(p), &p->wire, bytes) < 0)
        hang_up(p, HANGUP_DROP);
    buf_clear(&p->ws.out);
}

static void send_to_bot(struct passage *p, struct str payload)
{
    struct buf *message = &p->door->doors->message;
    int err = 0;

    if (p->is_over || p->is_gone)
        return;
    buf_clear(message);
    if (p->deflate) {
        err = deflate_payload(p->deflate, payload, message);
        payload = buf_str(message);
    }
    err = err ? err : ws_send(&p->ws, p->deflate != NULL, payload);
    if (err)
        hang_up(p, HANGUP_DROP);
    else
        flush(p);
}

static void close_bot(struct passage *p, int code, const char *reason)
{
    if (p->is_over || p->is_gone)
        return;
    if (code == LINE_LOST || ws_close(&p->ws, code == 1005 ? 0 : code, str_of(reason))) {
        hang_up(p, HANGUP_DROP);
        return;
    }
    flush(p);
    hang_up(p, HANGUP_FLUSH);
}

/* ---- READY's resume URL -------------------------------------------------------------
 */

static struct door *door_for(struct doors *d, struct str url);

/* The payload with our URL in the place of Discord's; without memory for it as it is,
 * and the bot's next RESUME goes past us. */
static struct str lead_here(struct doors *d, struct str payload)
{
    struct str url = json_text(json_text(payload, "d"), "resume_gateway_url");
    struct buf *out = &d->ready;
    struct door *door;
    size_t before;

    if (url.n < 3 || url.p[0] != '"')
        return payload;
    door = door_for(d, (struct str){ url.p + 1, url.n - 2 });
    before = (size_t)(url.p - payload.p);
    buf_clear(out);
    if (!door || buf_append(out, payload.p, before) ||
        buf_printf(out, "\"%s\"", door->ours) ||
        buf_append(out, url.p + url.n, payload.n - before - url.n))
        return payload;
    return buf_str(out);
}

/* ---- From Discord --------------------------------------------------------------------
 */

static struct passage *passage_of(struct line *l)
{
    return CONTAINER_OF(l, struct passage, line);
}

static void pull(struct passage *p);

/* What the bot has said already goes on. */
static void on_line_opened(struct line *l)
{
    struct passage *p = passage_of(l);

    if (p->is_gone || p->is_over)
        return;
    host_of(p)->pause(host_of(p), &p->wire, false);
    pull(p);
}

static bool on_payload(struct line *l, struct str payload)
{
    struct passage *p = passage_of(l);
    struct doors *d = p->door->doors;
    struct envelope e;
    cordage_json body;

    if (!envelope_peek(payload, &e) && envelope_parse(d->parser, payload, &e, &body) < 0)
        e = (struct envelope){ .op = -1 };
    if (e.op == OP_DISPATCH && p->tape)
        tape_take(d->tapes, p->tape, &e, payload);
    if (e.op == OP_DISPATCH && str_is(e.name, "READY"))
        payload = lead_here(d, payload);
    send_to_bot(p, payload);
    return p->is_over || p->is_gone || d->host->backlog(d->host, &p->wire) < BACKLOG;
}

static void on_broken(struct line *l)
{
    close_bot(passage_of(l), CLOSE_UNKNOWN_ERROR, "");
}

static void on_lost(struct line *l, int code)
{
    close_bot(passage_of(l), code, "");
}

static void release(struct passage *p)
{
    host_of(p)->disarm(host_of(p), &p->patience);
    list_remove(&p->link);
    ws_release(&p->ws);
    deflate_free(p->deflate);
    free(p);
}

static void on_settled(struct line *l)
{
    struct passage *p = passage_of(l);

    if (p->is_gone && l->state == LINE_IDLE)
        release(p);
}

static const struct line_ops line_ops = { on_line_opened, on_payload, on_broken, on_lost,
                                          on_settled };

/* ---- From the bot ---------------------------------------------------------------------
 */

/* Which shard this is: an IDENTIFY says so, or the session of a RESUME. */
static void note_shard(struct passage *p, struct str message)
{
    struct doors *d = p->door->doors;
    cordage_json root, body, shard;
    uint64_t op = 0, id = 0, count = 1, intents = 0;
    struct str session;

    if (p->tape || json_parse(d->parser, message, &root) < 0 ||
        !json_u64(json_get(root, "op"), &op))
        return;
    body = json_get(root, "d");
    if (op == OP_RESUME && json_str(json_get(body, "session_id"), &session)) {
        p->tape = tapes_of_session(d->tapes, session);
        if (p->tape)
            p->line.shard_id = p->tape->shard_id;
        else
            fputs("cordage record: a session from before is resumed: nothing of it is "
                  "recorded\n",
                  stderr);
    }
    if (op != OP_IDENTIFY)
        return;
    shard = json_get(body, "shard");
    json_u64(json_get(body, "intents"), &intents);
    if (json_count(shard) == 2 && (!json_u64(cordage_json_at(shard, 0), &id) ||
                                   !json_u64(cordage_json_at(shard, 1), &count)))
        return;
    if (id >= count || count > LIMIT_SHARDS)
        return;
    p->line.shard_id = (uint32_t)id;
    p->tape = tapes_of_shard(d->tapes, (uint32_t)id, (uint32_t)count, (uint32_t)intents);
}

static void on_message(struct passage *p, struct str message)
{
    if (p->line.state != LINE_OPEN)
        return; /* it is ending, and so is the bot's */
    note_shard(p, message);
    if (line_send(&p->line, message) < 0) {
        line_close(&p->line, CLOSE_UNKNOWN_ERROR);
        hang_up(p, HANGUP_DROP);
    }
}

/* The bot's websocket stands: dials Discord with the version that it asked for. */
static int go_on(struct passage *p)
{
    const char *query = strchr(p->ws.target, '?');
    const char *version = query ? strstr(query, "v=") : NULL;
    char asked[64];
    struct url url;

    p->compression = query ? sim_query_compression(query + 1) : COMPRESS_NONE;
    if (p->compression != COMPRESS_NONE && !(p->deflate = deflate_new(p->compression)))
        return CORDAGE_ENOMEM;
    snprintf(asked, sizeof asked, "v=%d&encoding=json&compress=zlib-stream",
             version ? atoi(version + 2) : GATEWAY_VERSION);
    if (url_gateway(str_of(p->door->url), asked, &url, NULL))
        return CORDAGE_EINVAL;
    return line_dial(&p->line, &url);
}

static void on_open(struct passage *p)
{
    const char *query = strchr(p->ws.target, '?');

    host_of(p)->disarm(host_of(p), &p->patience);
    flush(p);
    if (!authority_is_own(str_of(p->ws.host), str_of(p->ws.origin),
                          listener_port(p->door->listener)))
        hang_up(p, HANGUP_DROP);
    else if (query && strstr(query, "encoding=etf"))
        close_bot(p, CLOSE_DECODE_ERROR, "cordage record speaks JSON: set encoding=json");
    else if (go_on(p))
        hang_up(p, HANGUP_DROP);
    else
        host_of(p)->pause(host_of(p), &p->wire, true);
}

static void on_event(struct passage *p, enum ws_event event, const struct ws_message *m)
{
    switch (event) {
    case WS_OPEN:
        on_open(p);
        break;
    case WS_TEXT:
        on_message(p, m->bytes);
        break;
    case WS_BINARY:
        line_close(&p->line, CLOSE_UNKNOWN_ERROR);
        close_bot(p, CLOSE_DECODE_ERROR, "cordage record speaks JSON");
        break;
    case WS_CLOSE:
        line_close(&p->line, m->code == 1005 ? CLOSE_NORMAL : m->code);
        flush(p);
        hang_up(p, HANGUP_FLUSH);
        break;
    case WS_REFUSED:
        flush(p);
        hang_up(p, HANGUP_FLUSH);
        break;
    case WS_NONE:
    case WS_PING:
    case WS_PONG:
        break;
    }
}

/* A bot may speak at once, without waiting for HELLO: it is heard once Discord can be. */
static bool is_heard(const struct passage *p)
{
    return !p->is_over && p->line.state != LINE_DIALLING &&
           p->line.state != LINE_UPGRADING;
}

static void pull(struct passage *p)
{
    struct ws_message m;
    int event = 0;

    while (is_heard(p) && (event = ws_next(&p->ws, &m)) > 0)
        on_event(p, event, &m);
    flush(p);
    if (event < 0 || ws_settle(&p->ws) < 0) {
        line_close(&p->line, CLOSE_UNKNOWN_ERROR);
        hang_up(p, HANGUP_FLUSH);
    }
}

static void on_bytes(struct wire *w, char *bytes, size_t n)
{
    struct passage *p = CONTAINER_OF(w, struct passage, wire);

    if (p->is_over)
        return;
    /* An error would be told by ws_next. */
    (void)ws_feed(&p->ws, bytes, n);
    pull(p);
}

static void on_closed(struct wire *w, int err, const char *why)
{
    struct passage *p = CONTAINER_OF(w, struct passage, wire);

    (void)err;
    (void)why;
    p->is_gone = true;
    /* The bot may resume: not with 1000. */
    line_close(&p->line, CLOSE_UNKNOWN_ERROR);
    if (p->line.state == LINE_IDLE)
        release(p);
}

static void on_drained(struct wire *w)
{
    struct passage *p = CONTAINER_OF(w, struct passage, wire);

    if (p->line.stopped)
        line_go_on(&p->line);
}

static const struct wire_ops wire_ops = { .bytes = on_bytes,
                                          .closed = on_closed,
                                          .drained = on_drained };

static void on_patience(struct timer *t)
{
    hang_up(CONTAINER_OF(t, struct passage, patience), HANGUP_DROP);
}

static struct wire *on_accept(void *user, const char *peer)
{
    struct door *door = user;
    struct doors *d = door->doors;
    struct passage *p = d->closed ? NULL : mem_zero(sizeof *p);

    (void)peer;
    if (!p)
        return NULL;
    p->wire.ops = &wire_ops;
    p->door = door;
    p->line = (struct line){ .host = d->host,
                             .scratch = d->scratch,
                             .compression = COMPRESS_ZLIB,
                             .ops = &line_ops };
    p->patience.fire = on_patience;
    ws_init(&p->ws, WS_SERVER, d->host->random(d->host));
    p->ws.message_limit = MESSAGE_MAX;
    list_insert(&d->passages, &p->link);
    d->host->arm(d->host, &p->patience, d->host->now(d->host) + UPGRADE_MS);
    return &p->wire;
}

/* ---- Doors ----------------------------------------------------------------------------
 */

/* The door to that URL, made at its first time; beyond DOORS_MAX the default one. NULL:
 * it cannot be made. */
static struct door *door_for(struct doors *d, struct str url)
{
    struct door *door;
    cordage_error error;

    for (size_t i = 0; i < d->n_doors; i++)
        if (str_is(url, d->doors[i].url))
            return &d->doors[i];
    if (d->n_doors == DOORS_MAX || url.n >= sizeof door->url)
        return &d->doors[0];
    door = &d->doors[d->n_doors];
    door->doors = d;
    memcpy(door->url, url.p, url.n);
    door->url[url.n] = '\0';
    if (listener_new(d->loop, "127.0.0.1", 0, d->tls, CONNECTIONS_MAX, on_accept, door,
                     &door->listener, &error)) {
        fprintf(stderr, "cordage record: %s\n", error.message);
        return d->n_doors ? &d->doors[0] : NULL;
    }
    listener_set_write_limit(door->listener, BACKLOG + 2 * (size_t)LIMIT_PAYLOAD);
    snprintf(door->ours, sizeof door->ours, "wss://127.0.0.1:%u",
             listener_port(door->listener));
    d->n_doors++;
    return door;
}

int doors_new(const struct doors_options *options, struct doors **out,
              cordage_error *error)
{
    struct doors *d = mem_zero(sizeof *d);

    *out = NULL;
    if (!d)
        return error_set(error, CORDAGE_ENOMEM, "Out of memory.");
    d->loop = options->loop;
    d->host = loop_host(options->loop);
    d->tls = options->tls;
    d->tapes = options->tapes;
    d->parser = json_parser_new();
    d->scratch = inflate_scratch_new();
    list_init(&d->passages);
    *out = d;
    if (!d->parser || !d->scratch)
        return error_set(error, CORDAGE_ENOMEM, "Out of memory.");
    if (!door_for(d, str_of(options->gateway_url)))
        return error_set(error, CORDAGE_ENET, "no port can be opened on 127.0.0.1");
    return 0;
}

const char *doors_url(const struct doors *d)
{
    return d->doors[0].ours;
}

void doors_close(struct doors *d)
{
    if (!d)
        return;
    d->closed = true;
    for (size_t i = 0; i < d->n_doors; i++)
        listener_free(d->doors[i].listener);
    for (struct link *l = d->passages.next; l != &d->passages; l = l->next)
        hang_up(CONTAINER_OF(l, struct passage, link), HANGUP_DROP);
}

void doors_free(struct doors *d)
{
    if (!d)
        return;
    json_parser_free(d->parser);
    inflate_scratch_free(d->scratch);
    buf_release(&d->message);
    buf_release(&d->ready);
    free(d);
}
