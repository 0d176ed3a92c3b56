/* Discord's side of a session: its numbers, what it keeps for a RESUME, its guilds.
 *
 * READY is event 1. The guilds follow (sim_loading.c). Every event goes into the ring,
 * and from there to the connection as fast as that takes it. When the connection goes,
 * events pile up in the ring until a RESUME takes them or the session expires. */
#include "sim_model.h"

#include <stdio.h>
#include <stdlib.h>

#include "field.h"
#include "mem.h"

/* ---- The ring ------------------------------------------------------------------- */

static struct sim_event **slot(struct sim_session *ss, size_t i)
{
    return &ss->ring[(ss->ring_first + i) % ss->ring_size];
}

/* The number of the oldest event that is kept. */
static uint64_t first_kept(const struct sim_session *ss)
{
    return ss->seq - ss->n_kept + 1;
}

static void drop_oldest(struct sim_session *ss)
{
    struct sim_event *e = *slot(ss, 0);

    sim_event_unref(ss->sim, e);
    ss->ring_first = (ss->ring_first + 1) % ss->ring_size;
    ss->n_kept--;
}

static int grow_ring(struct sim_session *ss)
{
    size_t size = ss->ring_size ? ss->ring_size * 2 : 32;
    struct sim_event **bigger = calloc(size, sizeof *bigger);

    if (!bigger)
        return CORDAGE_ENOMEM;
    for (size_t i = 0; i < ss->n_kept; i++)
        bigger[i] = *slot(ss, i);
    free(ss->ring);
    ss->ring = bigger;
    ss->ring_size = size;
    ss->ring_first = 0;
    return 0;
}

/* The limits of what is kept. Events are shared, so that dropping one may free nothing:
 * only some at a time. What its connection has not got yet may stay up to twice as long;
 * then it is lost to it for good: it is closed, and its RESUME will find its number too
 * old. */
static void keep_within(struct sim_session *ss, uint64_t now)
{
    enum { DROPS = 8 };
    struct sim *s = ss->sim;
    size_t limit = s->config.session_buffer;
    bool is_too_much = s->buffered_bytes > s->config.buffer_bytes;

    for (int n = 0; n < DROPS && ss->n_kept && (is_too_much || ss->n_kept >= limit);
         n++) {
        bool is_unsent = ss->conn && ss->sent < first_kept(ss);

        if (is_unsent && !is_too_much && ss->n_kept < 2 * limit)
            break;
        if (is_unsent)
            sim_conn_close(ss->conn, CLOSE_UNKNOWN_ERROR, "reads too slowly", now);
        drop_oldest(ss);
    }
}

bool sim_session_can_replay(const struct sim_session *ss, uint64_t seq)
{
    return seq <= ss->seq && seq + 1 >= first_kept(ss);
}

void sim_session_trim(struct sim_session *ss, uint64_t seq)
{
    while (ss->n_kept && first_kept(ss) <= seq && first_kept(ss) <= ss->sent)
        drop_oldest(ss);
}

/* ---- Sending -------------------------------------------------------------------- */

static bool is_behind(const struct sim_session *ss)
{
    return ss->conn && ss->sent < ss->seq;
}

static bool is_withheld(const struct sim_session *ss, uint64_t now)
{
    return is_behind(ss) && now < ss->conn->silent_until;
}

static bool has_room(const struct sim_conn *c)
{
    return !c->ops->backlog || c->ops->backlog(c->user) < SIM_BACKLOG;
}

/* Sends the event behind `sent`. */
static void send_next(struct sim_session *ss, uint64_t now)
{
    struct sim *s = ss->sim;
    struct sim_conn *c = ss->conn;
    const struct sim_event *e = *slot(ss, (size_t)(++ss->sent - first_kept(ss)));

    ss->unsent_bytes -= e->n;
    /* What a half-open connection is sent vanishes on the way. */
    if (c->is_frozen || (e->is_resumed && ss->sent <= ss->replayed_to))
        return;
    buf_clear(&s->out);
    if (buf_append(&s->out, e->text, e->head) ||
        buf_printf(&s->out, "%llu", (unsigned long long)ss->sent) ||
        buf_append(&s->out, e->text + e->head, e->n - e->head)) {
        sim_conn_close(c, CLOSE_UNKNOWN_ERROR, "out of memory", now);
        return;
    }
    sim_mischief_send(c, buf_str(&s->out));
}

void sim_session_pump(struct sim_session *ss, uint64_t now)
{
    if (is_withheld(ss, now)) {
        sim_wake(ss->sim, ss->conn->silent_until);
        return;
    }
    for (int n = 0; n < SIM_PUMP_EVENTS && is_behind(ss) && has_room(ss->conn); n++)
        send_next(ss, now);
    if (is_behind(ss))
        sim_wake(ss->sim, now + SIM_PUMP_MS);
    else
        ss->replay_bytes = 0;
    if (ss->volley)
        sim_blast_pump(ss, now);
}

/* There is no memory for what it must know: better gone than wrong. Returns false. */
bool sim_session_lose(struct sim_session *ss, uint64_t now)
{
    if (ss->conn)
        sim_conn_close(ss->conn, CLOSE_UNKNOWN_ERROR, "out of memory", now);
    sim_session_end(ss, SIM_END_LOST);
    return false;
}

bool sim_session_push(struct sim_session *ss, struct sim_event *e, uint64_t now)
{
    bool was_behind = is_behind(ss);

    if (ss->conn && !e->is_resumed && sim_mischief_loses(ss->conn))
        return true;
    keep_within(ss, now);
    if (ss->n_kept == ss->ring_size && grow_ring(ss) < 0)
        return sim_session_lose(ss, now);
    ss->n_kept++;
    ss->seq++;
    *slot(ss, ss->n_kept - 1) = sim_event_ref(e);
    ss->sim->report.dispatched++;
    if (!ss->conn)
        return true;
    ss->unsent_bytes += e->n;
    if (!was_behind)
        sim_session_pump(ss, now);
    if (is_withheld(ss, now)) /* it isn't the reader who is slow */
        ss->replay_bytes = ss->unsent_bytes;
    if (is_behind(ss) && ss->unsent_bytes > SIM_SLOW_READER + ss->replay_bytes)
        sim_conn_close(ss->conn, CLOSE_UNKNOWN_ERROR, "reads too slowly", now);
    return true;
}

/* ---- Life and death ------------------------------------------------------------- */

static void write_ready(const struct sim_session *ss, struct json_writer *w)
{
    const struct sim *s = ss->sim;

    json_open(w, '{');
    field_u64(w, "v", (uint64_t)ss->version);
    json_key(w, "user");
    world_write_self(&s->world, ss->app->index, w);
    field_z(w, "session_id", ss->id);
    field_z(w, "session_type", "normal");
    field_z(w, "resume_gateway_url", s->resume_url ? s->resume_url : "");
    if (ss->wants.has_shard) {
        field_open(w, "shard", '[');
        json_put_u64(w, ss->wants.shard_id);
        json_put_u64(w, ss->wants.shard_count);
        json_shut(w, ']');
    }
    field_open(w, "application", '{');
    field_id(w, "id", ss->app->id);
    field_u64(w, "flags", sim_application_flags(ss->app));
    json_shut(w, '}');
    field_open(w, "guilds", '[');
    for (uint32_t i = 0; i < s->world.n_guilds; i++) {
        if (!sim_session_has_guild(ss, &s->world.guilds[i]))
            continue;
        json_open(w, '{');
        field_id(w, "id", s->world.guilds[i].id);
        field_bool(w, "unavailable", true);
        json_shut(w, '}');
    }
    json_shut(w, ']');
    /* Undocumented, and read by client libraries all the same. */
    field_empty(w, "private_channels", '[');
    field_empty(w, "presences", '[');
    field_empty(w, "relationships", '[');
    field_empty(w, "game_relationships", '[');
    field_empty(w, "guild_join_requests", '[');
    field_empty(w, "geo_ordered_rtc_regions", '[');
    field_empty(w, "user_settings", '{');
    field_empty(w, "auth", '{');
    field_open(w, "_trace", '[');
    json_put_z(w, "[\"gateway-sim\",{\"micros\":0}]");
    json_shut(w, ']');
    json_shut(w, '}');
}

static struct sim_event *ready_event(struct sim_session *ss)
{
    struct sim *s = ss->sim;
    struct str recorded =
        s->source
            ? s->source->ready(s->source->user, ss->wants.shard_id, ss->wants.shard_count)
            : STR("");
    struct json_writer w;

    buf_clear(&s->body);
    json_begin(&w, &s->body);
    if (!recorded.n || sim_write_recorded_ready(ss, recorded, &w) < 0)
        write_ready(ss, &w);
    return json_end(&w) < 0 ? NULL : sim_event_new(s, "READY", buf_str(&s->body));
}

struct sim_session *sim_session_new(struct sim_conn *c, const struct sim_identify *wants,
                                    uint64_t now)
{
    struct sim *s = c->sim;
    struct sim_session *ss = mem_zero(sizeof *ss);
    struct sim_event *ready;

    if (!ss)
        return NULL;
    ss->sim = s;
    ss->app = wants->app;
    ss->wants = *wants;
    ss->wants.token = (struct str){ 0 };
    ss->version = c->version;
    ss->compression = c->compression;
    ss->ready_at = now;
    ss->expires_at = NEVER;
    snprintf(ss->id, sizeof ss->id, "%016llx%016llx",
             (unsigned long long)rng_next(&s->rng),
             (unsigned long long)rng_next(&s->rng));
    for (uint32_t i = 0; i < s->world.n_guilds; i++)
        ss->n_guilds += sim_session_has_guild(ss, &s->world.guilds[i]);
    /* Without the intent GUILD_CREATE never comes, and nothing waits for it. */
    if (!(wants->intents & INTENT_GUILDS))
        ss->next_guild = s->world.n_guilds;
    ready = ready_event(ss);
    if (!ready || sim_route_add(s, ss) < 0) {
        sim_event_unref(s, ready);
        free(ss);
        return NULL;
    }
    list_insert(&s->sessions, &ss->link);
    ss->conn = c;
    c->session = ss;
    if (s->config.ready_delay_ms)
        c->silent_until = now + s->config.ready_delay_ms;
    if (!sim_session_push(ss, ready, now))
        ss = NULL;
    sim_event_unref(s, ready);
    sim_wake(s, now);
    return ss;
}

void sim_session_end(struct sim_session *ss, enum sim_end why)
{
    struct sim *s = ss->sim;
    struct sim_memory memory = { .why = why, .fingerprint = ss->wants.fingerprint };

    memcpy(memory.session_id, ss->id, sizeof ss->id);
    sim_remember(s, &memory);
    if (ss->conn)
        ss->conn->session = NULL;
    sim_blast_end(ss);
    sim_session_drop_held(ss);
    while (ss->n_kept)
        drop_oldest(ss);
    free(ss->ring);
    sim_route_remove(s, ss);
    list_remove(&ss->link);
    free(ss);
}

void sim_session_detach(struct sim_session *ss, uint64_t now)
{
    if (ss->conn)
        ss->conn->session = NULL;
    sim_blast_end(ss);
    ss->conn = NULL;
    ss->expires_at = now + ss->sim->config.session_ttl_ms;
    sim_wake(ss->sim, ss->expires_at);
}

void sim_session_resume(struct sim_session *ss, struct sim_conn *c, uint64_t seq,
                        uint64_t now)
{
    struct sim *s = ss->sim;
    struct sim_event *e =
        sim_event_new(s, "RESUMED", STR("{\"_trace\":[\"gateway-sim\"]}"));

    ss->conn = c;
    c->session = ss;
    if (s->config.wrong_url_ms && !c->resume_door && sim_has_resume_url(s)) {
        c->wrong_url_by = now + s->config.wrong_url_ms;
        sim_wake(s, c->wrong_url_by);
    }
    ss->expires_at = NEVER;
    ss->sent = seq;
    ss->replayed_to = ss->seq;
    ss->unsent_bytes = 0;
    for (uint64_t i = seq + 1; i <= ss->seq; i++)
        ss->unsent_bytes += (*slot(ss, (size_t)(i - first_kept(ss))))->n;
    ss->replay_bytes = ss->unsent_bytes;
    if (!e)
        sim_session_lose(ss, now);
    else if (sim_session_push(ss, e, now))
        sim_session_pump(ss, now);
    sim_event_unref(s, e);
}

struct sim_session *sim_session_find(struct sim *s, struct str id)
{
    for (struct link *l = s->sessions.next; l != &s->sessions; l = l->next) {
        struct sim_session *ss = CONTAINER_OF(l, struct sim_session, link);

        if (str_is(id, ss->id))
            return ss;
    }
    return NULL;
}

void sim_session_tick(struct sim_session *ss, uint64_t now)
{
    if (ss->expires_at <= now) {
        sim_session_end(ss, SIM_END_LOST);
        return;
    }
    if (sim_session_is_loading(ss) && !sim_session_load(ss, now))
        return;
    if (is_behind(ss) || ss->volley)
        sim_session_pump(ss, now);
}

uint64_t sim_session_deadline(const struct sim_session *ss)
{
    uint64_t due = sim_session_is_loading(ss) ? sim_session_guild_due_at(ss) : NEVER;

    return due < ss->expires_at ? due : ss->expires_at;
}
