/* Faults on request: what goes wrong at Discord, when a test wants it. A table says which
 * there are and which fields each takes; what they do to a connection's stream is in
 * sim_mischief.c. */
#include "fault.h"

/* ---- To a connection ------------------------------------------------------------ */

static void do_reconnect(struct sim_conn *c, const struct fault *f, uint64_t now)
{
    (void)f;
    sim_conn_ask_reconnect(c, now);
}

static void do_invalid_session(struct sim_conn *c, const struct fault *f, uint64_t now)
{
    struct sim_session *ss = c->session;

    if (ss && f->resumable)
        sim_session_detach(ss, now);
    else if (ss)
        sim_session_end(ss, SIM_END_INVALID);
    sim_conn_send(c, OP_INVALID_SESSION, f->resumable ? "true" : "false");
}

static void do_close(struct sim_conn *c, const struct fault *f, uint64_t now)
{
    sim_conn_close(c, (int)f->code, NULL, now);
}

static void do_reset(struct sim_conn *c, const struct fault *f, uint64_t now)
{
    (void)f;
    sim_conn_reset(c, now);
}

static uint64_t end_of(const struct fault *f, uint64_t now)
{
    return f->for_ms ? now + f->for_ms : NEVER;
}

static void do_no_ack(struct sim_conn *c, const struct fault *f, uint64_t now)
{
    c->no_ack_until = end_of(f, now);
}

static void do_late_ack(struct sim_conn *c, const struct fault *f, uint64_t now)
{
    c->late_ack_until = end_of(f, now);
    c->late_ack_ms = f->by_ms;
}

static void do_silent(struct sim_conn *c, const struct fault *f, uint64_t now)
{
    c->silent_until = end_of(f, now);
}

static void do_half_open(struct sim_conn *c, const struct fault *f, uint64_t now)
{
    (void)f;
    (void)now;
    c->is_frozen = true;
    c->ops->freeze(c->user);
}

static void do_split(struct sim_conn *c, const struct fault *f, uint64_t now)
{
    (void)now;
    c->ops->split(c->user, rng_next(&c->sim->rng), f->messages);
}

static void do_heartbeat(struct sim_conn *c, const struct fault *f, uint64_t now)
{
    (void)f;
    (void)now;
    sim_conn_send(c, OP_HEARTBEAT, "null");
}

static void do_corrupt(struct sim_conn *c, const struct fault *f, uint64_t now)
{
    (void)f;
    (void)now;
    if (c->ops->corrupt)
        c->ops->corrupt(c->user, rng_next(&c->sim->rng));
}

static void do_slow(struct sim_conn *c, const struct fault *f, uint64_t now)
{
    (void)now;
    if (c->ops->slow)
        c->ops->slow(c->user, f->per_second);
}

static void do_duplicate(struct sim_conn *c, const struct fault *f, uint64_t now)
{
    (void)now;
    c->mischief.duplicates = f->count;
}

static void do_drop(struct sim_conn *c, const struct fault *f, uint64_t now)
{
    (void)now;
    if (f->gap)
        c->mischief.drops = f->count;
    else
        c->mischief.losses = f->count;
}

static void do_reshape(struct sim_conn *c, const struct fault *f, uint64_t now)
{
    (void)now;
    c->mischief.reshaped = f->count;
    if (str_is(f->kind, "integer_ids"))
        c->mischief.shape |= SIM_INTEGER_IDS;
    else if (str_is(f->kind, "missing_keys"))
        c->mischief.shape |= SIM_MISSING_KEYS;
    else
        c->mischief.shape |= SIM_UNKNOWN_KEYS;
}

static void do_unknown_op(struct sim_conn *c, const struct fault *f, uint64_t now)
{
    (void)f;
    (void)now;
    sim_conn_send(c, 77, "{\"of\":\"tomorrow\"}");
}

static void do_unknown_event(struct sim_conn *c, const struct fault *f, uint64_t now)
{
    (void)f;
    sim_mischief_event(c, "HARBOUR_MASTER_UPDATE",
                       STR("{\"id\":\"1\",\"tides\":[1,null]}"), now);
}

/* Discord has sent such ones: PRESENCES_REPLACE. */
static void do_array(struct sim_conn *c, const struct fault *f, uint64_t now)
{
    (void)f;
    sim_mischief_event(c, "PRESENCES_REPLACE", STR("[]"), now);
}

static void do_giant_guild(struct sim_conn *c, const struct fault *f, uint64_t now)
{
    sim_mischief_giant(c, f->bytes, now);
}

/* ---- To the whole --------------------------------------------------------------- */

static void do_resume_door(struct sim *s, const struct fault *f, uint64_t now)
{
    (void)now;
    s->resume_is_down = f->down;
}

static void do_gateway_down(struct sim *s, const struct fault *f, uint64_t now)
{
    struct link *next;

    s->gateway_down_until = f->down ? end_of(f, now) : now;
    if (!f->down)
        return;
    for (struct link *l = s->conns.next; l != &s->conns; l = next) {
        struct sim_conn *c = CONTAINER_OF(l, struct sim_conn, link);

        next = l->next;
        if (!c->has_ended)
            sim_conn_reset(c, now);
    }
}

static void do_rest_down(struct sim *s, const struct fault *f, uint64_t now)
{
    s->rest_down_until = f->down ? end_of(f, now) : now;
    s->rest_status = (int)f->status;
    s->rest_faults.as_cloudflare = f->cloudflare;
}

static void do_rest_headers(struct sim *s, const struct fault *f, uint64_t now)
{
    s->rest_faults.no_headers_until = f->on ? end_of(f, now) : 0;
}

static void do_rest_clock(struct sim *s, const struct fault *f, uint64_t now)
{
    s->rest_faults.skew_ms = f->behind ? -(int64_t)f->by_ms : (int64_t)f->by_ms;
    s->rest_faults.skewed_until = f->on ? end_of(f, now) : 0;
}

static void do_rest_buckets(struct sim *s, const struct fault *f, uint64_t now)
{
    (void)f;
    (void)now;
    s->rest_faults.renamed++;
}

static void do_rest_limited(struct sim *s, const struct fault *f, uint64_t now)
{
    (void)now;
    s->rest_faults.limited = f->count;
    s->rest_faults.retry_ms = f->by_ms;
    s->rest_faults.scope = f->scope;
}

static void do_rest_slow(struct sim *s, const struct fault *f, uint64_t now)
{
    s->rest_slow_until = f->down ? end_of(f, now) : now;
    s->rest_slow_ms = (uint32_t)f->by_ms;
}

static void do_reconnect_first(struct sim *s, const struct fault *f, uint64_t now)
{
    (void)now;
    s->refusals.hellos = f->count;
}

static void do_refuse_identify(struct sim *s, const struct fault *f, uint64_t now)
{
    (void)now;
    s->refusals.identifies = f->count;
    s->refusals.identify_code = (int)f->code;
    s->refusals.identify_resumable = f->resumable;
}

static void do_refuse_resume(struct sim *s, const struct fault *f, uint64_t now)
{
    (void)now;
    s->refusals.resumes = f->count;
    s->refusals.resume_code = (int)f->code;
}

static void do_ready_delay(struct sim *s, const struct fault *f, uint64_t now)
{
    (void)now;
    s->config.ready_delay_ms = f->by_ms;
}

static void do_early_events(struct sim *s, const struct fault *f, uint64_t now)
{
    (void)now;
    s->config.early_events = f->on;
}

static void do_wrong_url(struct sim *s, const struct fault *f, uint64_t now)
{
    (void)now;
    s->config.wrong_url_ms = f->by_ms;
}

static void do_watchdog(struct sim *s, const struct fault *f, uint64_t now)
{
    (void)now;
    s->config.watchdog_code = (int)f->code;
}

static void do_token_reset(struct sim *s, const struct fault *f, uint64_t now)
{
    sim_reset_token(s, f->app ? f->app : sim_app(s, 0), now);
}

static void do_budget(struct sim *s, const struct fault *f, uint64_t now)
{
    sim_set_remaining(s, f->app ? f->app : sim_app(s, 0), (uint32_t)f->remaining, now);
}

static void do_key_stolen(struct sim *s, const struct fault *f, uint64_t now)
{
    sim_steal_keys(f->app ? f->app : sim_app(s, 0), f->key, now);
}

/* ---- Which there are ------------------------------------------------------------ */

const struct fault_kind sim_fault_kinds[] = {
    { "reconnect", do_reconnect, NULL, "" },
    { "invalid_session", do_invalid_session, NULL, "resumable" },
    { "close", do_close, NULL, "code", .code = CLOSE_UNKNOWN_ERROR },
    { "reset", do_reset, NULL, "" },
    { "no_ack", do_no_ack, NULL, "for_ms" },
    { "late_ack", do_late_ack, NULL, "by_ms for_ms" },
    { "silent", do_silent, NULL, "for_ms" },
    { "half_open", do_half_open, NULL, "" },
    { "split", do_split, NULL, "over" },
    { "corrupt", do_corrupt, NULL, "" },
    { "slow", do_slow, NULL, "bytes_per_s" },
    { "heartbeat", do_heartbeat, NULL, "" },
    { "duplicate", do_duplicate, NULL, "count" },
    { "drop", do_drop, NULL, "count gap" },
    { "integer_ids", do_reshape, NULL, "count" },
    { "missing_keys", do_reshape, NULL, "count" },
    { "unknown_keys", do_reshape, NULL, "count" },
    { "unknown_op", do_unknown_op, NULL, "" },
    { "unknown_event", do_unknown_event, NULL, "" },
    { "array", do_array, NULL, "" },
    { "giant_guild", do_giant_guild, NULL, "bytes" },
    { "resume_door", NULL, do_resume_door, "down" },
    { "gateway_down", NULL, do_gateway_down, "down for_ms" },
    { "rest_down", NULL, do_rest_down, "down for_ms status cloudflare" },
    { "rest_slow", NULL, do_rest_slow, "by_ms down for_ms",
      .by_most = SIM_REST_DELAY_MAX },
    { "rest_no_headers", NULL, do_rest_headers, "on for_ms" },
    { "rest_clock", NULL, do_rest_clock, "on by_ms behind for_ms" },
    { "rest_new_buckets", NULL, do_rest_buckets, "" },
    { "rest_limited", NULL, do_rest_limited, "count by_ms scope" },
    { "reconnect_first", NULL, do_reconnect_first, "count" },
    { "refuse_identify", NULL, do_refuse_identify, "count code resumable" },
    { "refuse_resume", NULL, do_refuse_resume, "count code" },
    { "ready_delay", NULL, do_ready_delay, "by_ms" },
    { "early_events", NULL, do_early_events, "on" },
    { "wrong_url", NULL, do_wrong_url, "by_ms" },
    { "watchdog", NULL, do_watchdog, "code", .code = CLOSE_SESSION_TIMED_OUT },
    { "token_reset", NULL, do_token_reset, "bot" },
    { "budget", NULL, do_budget, "remaining bot" },
    { "key_stolen", NULL, do_key_stolen, "key bot" },
    { NULL },
};

/* ---- Inflicting ----------------------------------------------------------------- */

static bool is_meant(const struct sim_conn *c, const struct fault *f)
{
    const struct sim_session *ss = c->session;

    return ss && !c->has_ended && (!f->app || ss->app == f->app) &&
           (f->all || (ss->wants.shard_id == f->shard_id &&
                       ss->wants.shard_count == f->shard_count));
}

int sim_fault(struct sim *s, struct str json, uint64_t now, size_t *n,
              cordage_error *error)
{
    const struct fault_kind *kind = NULL;
    struct fault f;
    int err = sim_fault_read(s, json, &f, &kind, error);

    *n = 0;
    if (err)
        return err;
    s->report.faults++;
    if (kind->on_sim)
        kind->on_sim(s, &f, now);
    for (struct link *l = s->conns.next; kind->on_conn && l != &s->conns; l = l->next) {
        struct sim_conn *c = CONTAINER_OF(l, struct sim_conn, link);

        if (!is_meant(c, &f))
            continue;
        (*n)++;
        kind->on_conn(c, &f, now);
    }
    return 0;
}
