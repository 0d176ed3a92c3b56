/* Load: messages made in advance, to measure clients by.
 *
 * Some messages of a session's guilds are written, and compressed, before the first goes
 * out; then they go round and round, each time with a number of its own, as fast as the
 * reader takes them. Nothing of it is kept: a RESUME from within a blast is refused. */
#include "sim_model.h"

#include <stdio.h>
#include <stdlib.h>

#include "deflate.h"
#include "mem.h"

enum {
    GUILDS = 16, /* of a session, whose messages they are */
    EACH = 4,    /* of a guild */
    BURST = 64,  /* messages in one piece */
    TURNS = 32,  /* of these before others have their turn */
};

/* What one session is still to get. */
struct sim_volley {
    struct sim_piece pieces[GUILDS * EACH];
    struct sim_event *events[GUILDS * EACH]; /* whose text the pieces are */
    struct buf packed[GUILDS * EACH];
    struct str head;
    uint32_t n, next;
    uint64_t left;
};

/* ---- Making --------------------------------------------------------------------- */

static struct sim_event *make_message(struct sim *s, struct world_guild *g, uint32_t i,
                                      bool bare, uint64_t now)
{
    struct world_member author = world_member(&s->world, g, g->n_members > 1 ? 1 : 0);
    char text[120];
    struct sim_message m = { .guild = g,
                             .author = &author,
                             .channel_id = world_channel_id(g, 1 + i % g->n_text) };

    snprintf(text, sizeof text,
             "made in advance: %u of guild %llu, and about as long as "
             "what people say",
             i, (unsigned long long)g->id);
    m.content = str_of(text);
    return sim_message_event(s, &m, bare, now);
}

static int add_piece(struct sim_volley *v, struct sim_event *e)
{
    struct sim_piece *p = &v->pieces[v->n];
    struct buf *packed = &v->packed[v->n];
    int err;

    if (!e)
        return CORDAGE_ENOMEM;
    v->events[v->n++] = e;
    v->head = (struct str){ e->text, e->head };
    p->rest = (struct str){ e->text + e->head, e->n - e->head };
    err = deflate_piece(p->rest, packed);
    p->packed = buf_str(packed);
    return err;
}

static int make_pieces(struct sim_session *ss, struct sim_volley *v, uint64_t now)
{
    struct sim *s = ss->sim;
    bool bare = !(ss->wants.intents & INTENT_MESSAGE_CONTENT);
    int err = 0;

    for (uint32_t i = 0; i < s->world.n_guilds && v->n < GUILDS * EACH; i++) {
        struct world_guild *g = &s->world.guilds[i];

        if (g->unavailable || !sim_session_has_guild(ss, g))
            continue;
        for (uint32_t j = 0; j < EACH && !err; j++)
            err = add_piece(v, make_message(s, g, j, bare, now));
    }
    return err;
}

static void free_volley(struct sim *s, struct sim_volley *v)
{
    for (uint32_t i = 0; i < v->n; i++) {
        sim_event_unref(s, v->events[i]);
        buf_release(&v->packed[i]);
    }
    free(v);
}

static uint64_t cpu_us(const struct sim *s)
{
    return s->config.cpu_us ? s->config.cpu_us() : 0;
}

/* The CPU time counts from here: what was made before is not delivery. */
int sim_blast_session(struct sim_session *ss, uint64_t count, uint64_t now)
{
    struct sim *s = ss->sim;
    struct sim_volley *v;
    int err;

    if (!ss->conn || ss->volley || !(ss->wants.intents & INTENT_GUILD_MESSAGES))
        return CORDAGE_ENOTFOUND;
    v = mem_zero(sizeof *v);
    if (!v)
        return CORDAGE_ENOMEM;
    err = make_pieces(ss, v, now);
    if (err || v->n == 0) {
        free_volley(s, v);
        return err ? err : CORDAGE_ENOTFOUND;
    }
    v->left = count;
    ss->volley = v;
    if (s->blast.sessions++ == 0)
        s->blast.cpu_from = cpu_us(s);
    sim_wake(s, now);
    return 0;
}

void sim_blast_end(struct sim_session *ss)
{
    struct sim *s = ss->sim;

    if (!ss->volley)
        return;
    free_volley(s, ss->volley);
    ss->volley = NULL;
    if (--s->blast.sessions == 0)
        s->blast.cpu_us += cpu_us(s) - s->blast.cpu_from;
}

int sim_blast(struct sim *s, const struct sim_blast_wish *wish, uint64_t now, size_t *n)
{
    *n = 0;
    for (struct link *l = s->sessions.next, *next; l != &s->sessions; l = next) {
        struct sim_session *ss = CONTAINER_OF(l, struct sim_session, link);
        int err;

        next = l->next;
        if (!wish->all && (ss->wants.shard_id != wish->shard_id ||
                           ss->wants.shard_count != wish->shard_count))
            continue;
        err = sim_blast_session(ss, wish->count, now);
        if (err == CORDAGE_ENOMEM)
            return err;
        *n += err == 0;
    }
    return 0;
}

/* ---- Sending -------------------------------------------------------------------- */

static int send_singly(struct sim_session *ss, const struct sim_burst *b)
{
    struct sim *s = ss->sim;

    for (uint32_t i = 0; i < b->n && ss->conn; i++) {
        const struct sim_piece *p = &b->pieces[(b->next + i) % b->n_pieces];

        buf_clear(&s->out);
        if (buf_append_str(&s->out, b->head) ||
            buf_printf(&s->out, "%llu", (unsigned long long)(b->seq + i)) ||
            buf_append_str(&s->out, p->rest))
            return CORDAGE_ENOMEM;
        ss->conn->ops->send(ss->conn->user, buf_str(&s->out));
    }
    return 0;
}

/* False: it is over, with the session's connection. */
static bool fire(struct sim_session *ss, uint64_t now)
{
    struct sim_volley *v = ss->volley;
    struct sim_conn *c = ss->conn;
    struct sim_burst b = { .head = v->head,
                           .pieces = v->pieces,
                           .n_pieces = v->n,
                           .next = v->next,
                           .seq = ss->seq + 1,
                           .n = v->left < BURST ? (uint32_t)v->left : BURST };

    for (uint32_t i = 0; i < b.n; i++)
        ss->sim->blast.bytes +=
            v->head.n + 7 + v->pieces[(v->next + i) % v->n].rest.n; /* or so */
    sim_session_trim(ss, ss->seq);
    ss->seq += b.n;
    ss->sent = ss->seq;
    v->next = (v->next + b.n) % v->n;
    v->left -= b.n;
    ss->sim->report.dispatched += b.n;
    ss->sim->blast.events += b.n;
    if (c->ops->burst && c->ops->burst(c->user, &b))
        return true;
    if (send_singly(ss, &b) == 0)
        return true;
    sim_conn_close(c, CLOSE_UNKNOWN_ERROR, "out of memory", now);
    return false;
}

static bool may_fire(const struct sim_session *ss, uint64_t now)
{
    const struct sim_conn *c = ss->conn;

    return c && ss->volley && ss->volley->left && ss->sent == ss->seq && !c->is_frozen &&
           now >= c->silent_until &&
           (!c->ops->backlog || c->ops->backlog(c->user) < SIM_BACKLOG);
}

void sim_blast_pump(struct sim_session *ss, uint64_t now)
{
    for (int turn = 0; turn < TURNS && may_fire(ss, now); turn++)
        if (!fire(ss, now))
            return;
    if (ss->volley && ss->volley->left == 0)
        sim_blast_end(ss);
    else if (ss->volley)
        sim_wake(ss->sim, now + SIM_PUMP_MS);
}

uint64_t sim_blasted(const struct sim *s, uint64_t *us)
{
    const struct sim_blast_state *b = &s->blast;

    *us = b->cpu_us + (b->sessions ? cpu_us(s) - b->cpu_from : 0);
    return b->events;
}

void sim_blast_write(const struct sim *s, struct json_writer *w)
{
    const struct sim_blast_state *b = &s->blast;
    uint64_t us;

    sim_blasted(s, &us);

    json_key(w, "blast");
    json_open(w, '{');
    json_key(w, "events");
    json_put_u64(w, b->events);
    json_key(w, "bytes");
    json_put_u64(w, b->bytes);
    json_key(w, "sessions");
    json_put_u64(w, b->sessions);
    json_key(w, "cpu_ms");
    json_put_u64(w, us / 1000);
    json_key(w, "events_per_cpu_s");
    json_put_u64(w, us ? b->events * 1000000 / us : 0);
    json_shut(w, '}');
}
