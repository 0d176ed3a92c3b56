/* Faults on request: what goes wrong at Discord, when a test wants it. */
#include "sim_model.h"

#include "limits.h"
#include "mem.h"

/* A fault as it was asked for. */
struct fault {
    bool all; /* else one shard */
    uint32_t shard_id, shard_count;
    bool resumable;        /* invalid_session */
    bool messages;         /* split */
    bool down;             /* resume_door */
    uint64_t code, for_ms; /* close; no_ack and silent */
};

/* ---- What they do --------------------------------------------------------------- */

static void do_reconnect(struct sim_conn *c, const struct fault *f, uint64_t now)
{
    (void)f;
    sim_conn_send(c, OP_RECONNECT, "null");
    c->reconnect_by = now + SIM_RECONNECT_GRACE_MS;
    sim_wake(c->sim, c->reconnect_by);
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

static void do_no_ack(struct sim_conn *c, const struct fault *f, uint64_t now)
{
    c->no_ack_until = f->for_ms ? now + f->for_ms : NEVER;
}

static void do_silent(struct sim_conn *c, const struct fault *f, uint64_t now)
{
    c->silent_until = f->for_ms ? now + f->for_ms : NEVER;
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

/* ---- Which there are ------------------------------------------------------------ */

#define KINDS                                                                      \
    "reconnect, invalid_session, close, reset, no_ack, silent, half_open, split, " \
    "heartbeat or resume_door"

static const struct kind {
    const char *name;
    void (*inflict)(struct sim_conn *c, const struct fault *f, uint64_t now);
} kinds[] = {
    { "reconnect", do_reconnect },
    { "invalid_session", do_invalid_session },
    { "close", do_close },
    { "reset", do_reset },
    { "no_ack", do_no_ack },
    { "silent", do_silent },
    { "half_open", do_half_open },
    { "split", do_split },
    { "heartbeat", do_heartbeat },
    { "resume_door", NULL }, /* has no connection: see sim_fault */
};

static const struct kind *find_kind(struct str name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (str_is(name, kinds[i].name))
            return &kinds[i];
    return NULL;
}

/* ---- Reading the request -------------------------------------------------------- */

static int read_shard(cordage_json v, struct fault *f, cordage_error *error)
{
    struct str all;
    uint64_t id, count;

    if (json_is_absent(v) || (json_str(v, &all) && str_is(all, "all"))) {
        f->all = true;
        return 0;
    }
    if (json_count(v) != 2 || !json_u64(cordage_json_at(v, 0), &id) ||
        !json_u64(cordage_json_at(v, 1), &count) || count > LIMIT_SHARDS || id >= count)
        return error_set(error, CORDAGE_EINVAL,
                         "\"shard\" must be \"all\" or [id, count] with id below count");
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

static int read_close(cordage_json root, struct fault *f, cordage_error *error)
{
    cordage_json code = json_get(root, "code");

    f->code = CLOSE_UNKNOWN_ERROR;
    if (!json_is_absent(code) && (!json_u64(code, &f->code) || !is_close_code(f->code)))
        return error_set(error, CORDAGE_EINVAL,
                         "\"code\" must be a close code: 1000 to 1014 without 1004, 1005 "
                         "and 1006, or 3000 to 4999");
    return 0;
}

static int read_split(cordage_json root, struct fault *f, cordage_error *error)
{
    cordage_json over = json_get(root, "over");
    struct str what = STR("frames");

    if ((!json_is_absent(over) && !json_str(over, &what)) ||
        (!str_is(what, "frames") && !str_is(what, "messages")))
        return error_set(error, CORDAGE_EINVAL,
                         "\"over\" must be \"frames\" or \"messages\"");
    f->messages = str_is(what, "messages");
    return 0;
}

static int read_fields(const char *kind, cordage_json root, struct fault *f,
                       cordage_error *error)
{
    cordage_json resumable = json_get(root, "resumable");
    cordage_json for_ms = json_get(root, "for_ms"), down = json_get(root, "down");

    f->down = true;
    if (strcmp(kind, "close") == 0)
        return read_close(root, f, error);
    if (strcmp(kind, "split") == 0)
        return read_split(root, f, error);
    if (!json_is_absent(resumable) && !json_bool(resumable, &f->resumable))
        return error_set(error, CORDAGE_EINVAL, "\"resumable\" must be true or false");
    if (!json_is_absent(down) && !json_bool(down, &f->down))
        return error_set(error, CORDAGE_EINVAL, "\"down\" must be true or false");
    if (!json_is_absent(for_ms) && (!json_u64(for_ms, &f->for_ms) || f->for_ms == 0 ||
                                    f->for_ms > SIM_BUDGET_WINDOW_MS))
        return error_set(error, CORDAGE_EINVAL, "\"for_ms\" must be 1 to %d",
                         SIM_BUDGET_WINDOW_MS);
    return 0;
}

/* A misspelt field would be a fault that never happens. */
static int check_names(cordage_json root, cordage_error *error)
{
    static const char *const names[] = { "kind", "shard",  "resumable", "down",
                                         "code", "for_ms", "over" };
    struct json_iter it;

    for (bool more = json_first(root, &it); more; more = json_next(&it)) {
        bool known = false;

        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            known |= str_is(it.key, names[i]);
        if (!known)
            return error_set(error, CORDAGE_EINVAL,
                             "\"%.*s\" is no field of a fault: they are kind, shard, "
                             "resumable, down, code, for_ms and over",
                             (int)(it.key.n < 40 ? it.key.n : 40), it.key.p);
    }
    return 0;
}

static int read_fault(struct sim *s, struct str json, struct fault *f,
                      const struct kind **kind, cordage_error *error)
{
    cordage_json root;
    struct str name = { "", 0 };
    int err;

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
    err = check_names(root, error);
    if (err)
        return err;
    json_str(json_get(root, "kind"), &name);
    *kind = find_kind(name);
    if (!*kind)
        return error_set(error, CORDAGE_EINVAL, "\"kind\" must be " KINDS);
    err = read_shard(json_get(root, "shard"), f, error);
    return err ? err : read_fields((*kind)->name, root, f, error);
}

/* ---- Inflicting ----------------------------------------------------------------- */

static bool is_meant(const struct sim_conn *c, const struct fault *f)
{
    const struct sim_session *ss = c->session;

    return ss && !c->has_ended &&
           (f->all || (ss->wants.shard_id == f->shard_id &&
                       ss->wants.shard_count == f->shard_count));
}

int sim_fault(struct sim *s, struct str json, uint64_t now, size_t *n,
              cordage_error *error)
{
    struct fault f = { 0 };
    const struct kind *kind = NULL;
    int err = read_fault(s, json, &f, &kind, error);

    *n = 0;
    if (err)
        return err;
    s->report.faults++;
    if (!kind->inflict) {
        s->resume_is_down = f.down;
        return 0;
    }
    for (struct link *l = s->conns.next; l != &s->conns; l = l->next) {
        struct sim_conn *c = CONTAINER_OF(l, struct sim_conn, link);

        if (!is_meant(c, &f))
            continue;
        (*n)++;
        kind->inflict(c, &f, now);
    }
    return 0;
}
