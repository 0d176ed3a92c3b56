/* Faults on request: what goes wrong at Discord, when a test wants it. A table says which
 * there are and which fields each takes; what they do to a connection's stream is in
 * sim_mischief.c. */
#include "sim_model.h"

#include <stddef.h>

#include "field.h"
#include "limits.h"
#include "mem.h"

/* A fault as it was asked for. */
struct fault {
    bool all; /* else one shard */
    uint32_t shard_id, shard_count;
    struct sim_app *app; /* NULL: of every bot */
    struct str kind;
    bool resumable, messages, down, on, gap, cloudflare, behind;
    int scope;
    uint64_t status, code, for_ms, by_ms, count, remaining, key, bytes, per_second;
};

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
    sim_conn_close(c, f->code ? (int)f->code : CLOSE_UNKNOWN_ERROR, NULL, now);
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
    s->rest_status = f->status ? (int)f->status : 503;
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
    s->rest_slow_ms =
        f->by_ms < SIM_REST_DELAY_MAX ? (uint32_t)f->by_ms : SIM_REST_DELAY_MAX;
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
    s->config.watchdog_code = f->code ? (int)f->code : CLOSE_SESSION_TIMED_OUT;
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

/* `on_conn` meets the connections that are meant; `on_sim` is of no connection. */
static const struct kind {
    const char *name;
    void (*on_conn)(struct sim_conn *c, const struct fault *f, uint64_t now);
    void (*on_sim)(struct sim *s, const struct fault *f, uint64_t now);
    const char *takes; /* fields beside kind, and shard and bot of a connection */
} kinds[] = {
    { "reconnect", do_reconnect, NULL, "" },
    { "invalid_session", do_invalid_session, NULL, "resumable" },
    { "close", do_close, NULL, "code" },
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
    { "rest_slow", NULL, do_rest_slow, "by_ms down for_ms" },
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
    { "watchdog", NULL, do_watchdog, "code" },
    { "token_reset", NULL, do_token_reset, "bot" },
    { "budget", NULL, do_budget, "remaining bot" },
    { "key_stolen", NULL, do_key_stolen, "key bot" },
};

static const struct kind *find_kind(struct str name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (str_is(name, kinds[i].name))
            return &kinds[i];
    return NULL;
}

/* "reconnect, invalid_session, ... or key_stolen" */
static int refuse_kind(cordage_error *error)
{
    const size_t n = sizeof kinds / sizeof *kinds;
    char names[800];
    size_t at = 0;

    for (size_t i = 0; i < n; i++)
        at += (size_t)snprintf(names + at, sizeof names - at, "%s%s",
                               i == 0       ? ""
                               : i == n - 1 ? " or "
                                            : ", ",
                               kinds[i].name);
    return error_set(error, CORDAGE_EINVAL, "\"kind\" must be %s", names);
}

/* ---- Reading the request -------------------------------------------------------- */

/* Plain fields: yes or no, or a number within bounds. */
static const struct plain {
    const char *name;
    size_t offset;
    bool is_bool;
    uint64_t min, max;
} plains[] = {
    { "resumable", offsetof(struct fault, resumable), true, 0, 0 },
    { "down", offsetof(struct fault, down), true, 0, 0 },
    { "on", offsetof(struct fault, on), true, 0, 0 },
    { "gap", offsetof(struct fault, gap), true, 0, 0 },
    { "cloudflare", offsetof(struct fault, cloudflare), true, 0, 0 },
    { "behind", offsetof(struct fault, behind), true, 0, 0 },
    { "for_ms", offsetof(struct fault, for_ms), false, 1, SIM_BUDGET_WINDOW_MS },
    { "by_ms", offsetof(struct fault, by_ms), false, 0, SIM_BUDGET_WINDOW_MS },
    { "status", offsetof(struct fault, status), false, 500, 599 },
    { "count", offsetof(struct fault, count), false, 0, 1000000000 },
    { "remaining", offsetof(struct fault, remaining), false, 0, 1000000 },
    { "key", offsetof(struct fault, key), false, 0, LIMIT_SHARDS },
    { "bytes", offsetof(struct fault, bytes), false, 1, SIM_GIANT_MAX },
    { "bytes_per_s", offsetof(struct fault, per_second), false, 0, 1000000000 },
};

/* What is meant by a field that isn't there. */
static const struct fault defaults = { .all = true,
                                       .down = true,
                                       .on = true,
                                       .gap = true,
                                       .count = 1,
                                       .by_ms = 1000,
                                       .key = UINT64_MAX,
                                       .bytes = SIM_GIANT_BYTES,
                                       .per_second = 1000 };

static int read_plain(cordage_json v, const struct plain *p, struct fault *f,
                      cordage_error *error)
{
    char *to = (char *)f + p->offset;
    uint64_t number;

    if (p->is_bool)
        return json_bool(v, (bool *)to)
                   ? 0
                   : error_set(error, CORDAGE_EINVAL, "\"%s\" must be true or false",
                               p->name);
    if (!json_u64(v, &number) || number < p->min || number > p->max)
        return error_set(error, CORDAGE_EINVAL, "\"%s\" must be %llu to %llu", p->name,
                         (unsigned long long)p->min, (unsigned long long)p->max);
    memcpy(to, &number, sizeof number);
    return 0;
}

static int read_shard(cordage_json v, struct fault *f, cordage_error *error)
{
    struct str all;
    uint64_t id, count;

    if (json_str(v, &all) && str_is(all, "all"))
        return 0;
    if (json_count(v) != 2 || !json_u64(cordage_json_at(v, 0), &id) ||
        !json_u64(cordage_json_at(v, 1), &count) || count > LIMIT_SHARDS || id >= count)
        return error_set(error, CORDAGE_EINVAL,
                         "\"shard\" must be \"all\" or [id, count] with id below count");
    f->all = false;
    f->shard_id = (uint32_t)id;
    f->shard_count = (uint32_t)count;
    return 0;
}

/* What a server may put into a close frame. */
static bool is_close_code(uint64_t code)
{
    return (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 &&
            code != 1006) ||
           (code >= 3000 && code <= 4999);
}

static int read_code(cordage_json v, struct fault *f, cordage_error *error)
{
    if (json_u64(v, &f->code) && is_close_code(f->code))
        return 0;
    return error_set(error, CORDAGE_EINVAL,
                     "\"code\" must be a close code: 1000 to 1014 without 1004, 1005 and "
                     "1006, or 3000 to 4999");
}

static int read_over(cordage_json v, struct fault *f, cordage_error *error)
{
    struct str what = STR("");

    json_str(v, &what);
    if (!str_is(what, "frames") && !str_is(what, "messages"))
        return error_set(error, CORDAGE_EINVAL,
                         "\"over\" must be \"frames\" or \"messages\"");
    f->messages = str_is(what, "messages");
    return 0;
}

static const char *const scopes[] = { "user", "global", "shared", NULL };

static int read_scope(cordage_json v, struct fault *f, cordage_error *error)
{
    struct str what;

    for (int i = 0; json_str(v, &what) && scopes[i]; i++) {
        if (str_is(what, scopes[i])) {
            f->scope = i;
            return 0;
        }
    }
    return error_set(error, CORDAGE_EINVAL,
                     "\"scope\" must be \"user\", \"global\" or \"shared\"");
}

static int read_bot(struct sim *s, cordage_json v, struct fault *f, cordage_error *error)
{
    uint64_t id;

    f->app = json_id(v, &id) ? sim_app_of_id(s, id) : NULL;
    return f->app ? 0 : error_set(error, CORDAGE_EINVAL, "\"bot\" must be a bot's id");
}

static bool takes(const struct kind *kind, struct str field)
{
    const char *p = kind->takes;

    if (kind->on_conn && (str_is(field, "shard") || str_is(field, "bot")))
        return true;
    for (; *p; p += strcspn(p, " "), p += *p == ' ')
        if (str_eq(field, (struct str){ p, strcspn(p, " ") }))
            return true;
    return false;
}

/* A misspelt field would be a fault that never happens. */
static int read_field(struct sim *s, const struct kind *kind, const struct json_iter *it,
                      struct fault *f, cordage_error *error)
{
    if (str_is(it->key, "kind"))
        return 0;
    if (!takes(kind, it->key))
        return error_set(error, CORDAGE_EINVAL,
                         "\"%.*s\" is no field of %s, which takes %s%s",
                         (int)(it->key.n < 40 ? it->key.n : 40), it->key.p, kind->name,
                         kind->on_conn ? "shard bot " : "",
                         *kind->takes    ? kind->takes
                         : kind->on_conn ? ""
                                         : "none");
    if (str_is(it->key, "shard"))
        return read_shard(it->value, f, error);
    if (str_is(it->key, "bot"))
        return read_bot(s, it->value, f, error);
    if (str_is(it->key, "code"))
        return read_code(it->value, f, error);
    if (str_is(it->key, "scope"))
        return read_scope(it->value, f, error);
    if (str_is(it->key, "over"))
        return read_over(it->value, f, error);
    for (size_t i = 0; i < sizeof plains / sizeof *plains; i++)
        if (str_is(it->key, plains[i].name))
            return read_plain(it->value, &plains[i], f, error);
    return 0;
}

static int read_fault(struct sim *s, struct str json, struct fault *f,
                      const struct kind **kind, cordage_error *error)
{
    cordage_json root;
    struct json_iter it;
    int err;

    *f = defaults;
    buf_clear(&s->in);
    err = buf_append_str(&s->in, json);
    if (err)
        return error_set(error, err, "%s", cordage_strerror(err));
    err = json_parse(s->parser, buf_str(&s->in), &root);
    if (err == CORDAGE_ENOMEM)
        return error_set(error, err, "%s", cordage_strerror(err));
    if (err || cordage_json_type_of(root) != CORDAGE_JSON_OBJECT)
        return error_set(error, CORDAGE_EINVAL,
                         "a fault is a JSON object like {\"kind\":\"reconnect\"}");
    json_str(json_get(root, "kind"), &f->kind);
    *kind = find_kind(f->kind);
    if (!*kind)
        return refuse_kind(error);
    for (bool more = json_first(root, &it); more && !err; more = json_next(&it))
        err = read_field(s, *kind, &it, f, error);
    return err;
}

/* ---- Saying which there are ------------------------------------------------------- */

static void write_bounds(struct json_writer *w, uint64_t min, uint64_t max)
{
    field_z(w, "type", "number");
    field_u64(w, "min", min);
    field_u64(w, "max", max);
}

static void write_plain(struct json_writer *w, const struct plain *p)
{
    const char *from = (const char *)&defaults + p->offset;
    uint64_t number;

    if (p->is_bool) {
        field_z(w, "type", "bool");
        field_bool(w, "default", *(const bool *)from);
        return;
    }
    write_bounds(w, p->min, p->max);
    memcpy(&number, from, sizeof number);
    if (number >= p->min && number <= p->max)
        field_u64(w, "default", number);
}

static void write_choices(struct json_writer *w, const char *const *names)
{
    field_z(w, "type", "choice");
    field_open(w, "choices", '[');
    for (; *names; names++)
        json_put_z(w, *names);
    json_shut(w, ']');
}

static void write_field(struct json_writer *w, struct str name)
{
    static const char *const over[] = { "frames", "messages", NULL };

    json_open(w, '{');
    field_str(w, "name", name);
    for (size_t i = 0; i < sizeof plains / sizeof *plains; i++)
        if (str_is(name, plains[i].name))
            write_plain(w, &plains[i]);
    if (str_is(name, "code"))
        write_bounds(w, 1000, 4999);
    if (str_is(name, "bot"))
        field_z(w, "type", "bot");
    if (str_is(name, "over"))
        write_choices(w, over);
    if (str_is(name, "scope"))
        write_choices(w, scopes);
    json_shut(w, '}');
}

void sim_write_faults(struct json_writer *w)
{
    json_open(w, '[');
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const char *p = kinds[i].takes;

        json_open(w, '{');
        field_z(w, "kind", kinds[i].name);
        field_bool(w, "connection", kinds[i].on_conn != NULL);
        field_open(w, "fields", '[');
        for (; *p; p += strcspn(p, " "), p += *p == ' ')
            write_field(w, (struct str){ p, strcspn(p, " ") });
        json_shut(w, ']');
        json_shut(w, '}');
    }
    json_shut(w, ']');
}

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
    const struct kind *kind = NULL;
    struct fault f;
    int err = read_fault(s, json, &f, &kind, error);

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
