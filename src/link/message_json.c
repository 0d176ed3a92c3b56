/* Each message as a JSON object, both ways. */
#include <limits.h>

#include "json_write.h"
#include "message.h"

enum {
    /* What was no UTF-8 grows to three times its size on its way. */
    TEXT_MAX = 3 * LIMIT_BROADCAST,
    RELEASE_MAX = 64
};

static const char *const roles[] = { "supervisor", "worker", "control" };
static const char *const verbs[] = { "status", "restart", "stop" };

/* ---- Writing ---- */

static void begin(struct json_writer *w, struct buf *out)
{
    json_begin(w, out);
    json_open(w, '{');
}

static int end(struct json_writer *w)
{
    json_shut(w, '}');
    return json_end(w);
}

static void put_u64(struct json_writer *w, const char *key, uint64_t n)
{
    json_key(w, key);
    json_put_u64(w, n);
}

static void put_i64(struct json_writer *w, const char *key, int64_t n)
{
    json_key(w, key);
    json_put_i64(w, n);
}

static void put_bool(struct json_writer *w, const char *key, bool b)
{
    json_key(w, key);
    json_put_bool(w, b);
}

static void put_str(struct json_writer *w, const char *key, struct str s)
{
    json_key(w, key);
    json_put_str(w, s);
}

static void put_ids(struct json_writer *w, const char *key, const uint32_t *ids,
                    uint32_t n)
{
    json_key(w, key);
    json_open(w, '[');
    for (uint32_t i = 0; i < n; i++)
        json_put_u64(w, ids[i]);
    json_shut(w, ']');
}

/* ---- Reading: what is wrong sticks, and is asked for once, at the end ---- */

struct fields {
    cordage_json body;
    bool ok;
};

static int verdict(const struct fields *f)
{
    return f->ok ? 0 : CORDAGE_EPARSE;
}

static uint64_t get_u64(struct fields *f, const char *key, uint64_t max)
{
    uint64_t n = 0;

    if (!json_u64(json_get(f->body, key), &n) || n > max) {
        f->ok = false;
        return 0;
    }
    return n;
}

/* From `min` to `max`. */
static uint32_t get_u32(struct fields *f, const char *key, uint32_t min, uint32_t max)
{
    uint32_t n = (uint32_t)get_u64(f, key, max);

    if (n < min)
        f->ok = false;
    return n;
}

static int64_t get_i64(struct fields *f, const char *key, int64_t min, int64_t max)
{
    int64_t n = 0;

    if (!json_i64(json_get(f->body, key), &n) || n < min || n > max) {
        f->ok = false;
        return 0;
    }
    return n;
}

static bool get_bool(struct fields *f, const char *key)
{
    bool b = false;

    if (!json_bool(json_get(f->body, key), &b))
        f->ok = false;
    return b;
}

static double get_rate(struct fields *f, const char *key)
{
    double d = 0;

    if (!json_double(json_get(f->body, key), &d) || d < 0)
        f->ok = false;
    return d > 0 ? d : 0; /* no -0, which would be written as an integer */
}

static struct str get_str(struct fields *f, const char *key, size_t max)
{
    struct str s = { "", 0 };

    if (!json_str(json_get(f->body, key), &s) || s.n > max) {
        f->ok = false;
        return (struct str){ "", 0 };
    }
    return s;
}

/* An index into `names`. */
static unsigned get_name(struct fields *f, const char *key, const char *const *names,
                         unsigned n)
{
    struct str s = get_str(f, key, SIZE_MAX);

    for (unsigned i = 0; i < n; i++)
        if (str_is(s, names[i]))
            return i;
    f->ok = false;
    return 0;
}

/* Ids from `first` to `last`, into `room`. How many. */
static uint32_t get_ids(struct fields *f, const char *key, uint32_t first, uint32_t last,
                        uint32_t *room)
{
    cordage_json list = json_get(f->body, key);
    struct json_iter it;
    uint32_t n = 0;

    if (cordage_json_type_of(list) != CORDAGE_JSON_ARRAY ||
        json_count(list) > LIMIT_SHARDS) {
        f->ok = false;
        return 0;
    }
    for (bool more = json_first(list, &it); more; more = json_next(&it)) {
        uint64_t id;

        if (!json_u64(it.value, &id) || id < first || id > last) {
            f->ok = false;
            return 0;
        }
        room[n++] = (uint32_t)id;
    }
    return n;
}

/* A range of shards, of `count`. */
static void get_range(struct fields *f, uint32_t *first, uint32_t *last, uint32_t *count)
{
    *count = get_u32(f, "count", 1, LIMIT_SHARDS);
    *last = get_u32(f, "last", 0, *count ? *count - 1 : 0);
    *first = get_u32(f, "first", 0, *last);
}

static int get_error(struct fields *f, const char *key)
{
    return (int)get_i64(f, key, INT_MIN, 0);
}

/* ---- HELLO, WELCOME, and the end ---- */

static void put_hello_worker(struct json_writer *w, const struct link_hello *m)
{
    put_u64(w, "worker", m->worker);
    put_u64(w, "generation", m->generation);
    put_i64(w, "pid", m->pid);
    put_u64(w, "token_print", m->token_print);
    put_u64(w, "intents", m->intents);
    put_bool(w, "welcomed", m->count != 0);
    if (m->count) {
        put_u64(w, "first", m->first);
        put_u64(w, "last", m->last);
        put_u64(w, "count", m->count);
    }
    put_ids(w, "held", m->held, m->n_held);
}

int link_put_hello(struct buf *out, const struct link_hello *m)
{
    struct json_writer w;

    begin(&w, out);
    put_u64(&w, "version", m->version);
    put_str(&w, "role", str_of(roles[m->role]));
    put_str(&w, "release", m->release);
    if (m->role == LINK_WORKER)
        put_hello_worker(&w, m);
    return end(&w);
}

static void get_hello_worker(struct fields *f, uint32_t *room, struct link_hello *out)
{
    out->worker = get_u32(f, "worker", 0, LIMIT_WORKERS - 1);
    out->generation = get_u32(f, "generation", 0, UINT32_MAX);
    out->pid = get_i64(f, "pid", 1, INT_MAX);
    out->token_print = get_u64(f, "token_print", UINT64_MAX);
    out->intents = get_u32(f, "intents", 0, UINT32_MAX);
    if (get_bool(f, "welcomed"))
        get_range(f, &out->first, &out->last, &out->count);
    out->n_held = get_ids(f, "held", out->first, out->last, room);
    out->held = room;
    if (!out->count && out->n_held)
        f->ok = false;
}

int link_get_hello(cordage_json body, uint32_t *room, struct link_hello *out)
{
    struct fields f = { body, true };

    *out = (struct link_hello){ 0 };
    out->version = get_u32(&f, "version", 0, UINT32_MAX);
    out->role = (enum link_role)get_name(&f, "role", roles, LINK_CONTROL + 1);
    out->release = get_str(&f, "release", RELEASE_MAX);
    if (f.ok && out->role == LINK_WORKER)
        get_hello_worker(&f, room, out);
    return verdict(&f);
}

int link_put_welcome(struct buf *out, const struct link_welcome *m)
{
    struct json_writer w;

    begin(&w, out);
    put_u64(&w, "version", m->version);
    put_u64(&w, "first", m->first);
    put_u64(&w, "last", m->last);
    put_u64(&w, "count", m->count);
    put_u64(&w, "workers", m->workers);
    put_u64(&w, "handshakes", m->handshakes);
    put_u64(&w, "requests_per_s", m->requests_per_s);
    put_u64(&w, "refused_max", m->refused_max);
    put_u64(&w, "recommended", m->recommended);
    put_str(&w, "gateway", m->gateway);
    return end(&w);
}

int link_get_welcome(cordage_json body, struct link_welcome *out)
{
    struct fields f = { body, true };

    *out = (struct link_welcome){ 0 };
    out->version = get_u32(&f, "version", 0, UINT32_MAX);
    get_range(&f, &out->first, &out->last, &out->count);
    out->workers = get_u32(&f, "workers", 1, LIMIT_WORKERS);
    out->handshakes = get_u32(&f, "handshakes", 1, LIMIT_HANDSHAKES);
    out->requests_per_s = get_u32(&f, "requests_per_s", 1, UINT32_MAX);
    out->refused_max = get_u32(&f, "refused_max", 0, UINT32_MAX);
    out->recommended = get_u32(&f, "recommended", 0, LIMIT_SHARDS);
    out->gateway = get_str(&f, "gateway", LIMIT_URL - 1);
    return verdict(&f);
}

int link_put_end(struct buf *out, const struct link_end *m)
{
    struct json_writer w;

    begin(&w, out);
    put_i64(&w, "exit", m->exit);
    put_i64(&w, "code", m->code);
    put_str(&w, "message", m->message);
    return end(&w);
}

int link_get_end(cordage_json body, struct link_end *out)
{
    struct fields f = { body, true };

    out->exit = (int)get_u32(&f, "exit", 0, 255);
    out->code = get_error(&f, "code");
    out->message = get_str(&f, "message", SIZE_MAX);
    return verdict(&f);
}

/* ---- Shards ---- */

int link_put_shards(struct buf *out, const struct link_shards *m)
{
    struct json_writer w;

    begin(&w, out);
    put_ids(&w, "shards", m->ids, m->n);
    put_u64(&w, "identifies", m->identifies);
    put_u64(&w, "patience_ms", m->patience_ms);
    return end(&w);
}

int link_get_shards(cordage_json body, uint32_t *room, struct link_shards *out)
{
    struct fields f = { body, true };

    out->n = get_ids(&f, "shards", 0, LIMIT_SHARDS - 1, room);
    out->ids = room;
    out->identifies = get_u32(&f, "identifies", 0, UINT32_MAX);
    out->patience_ms = get_u32(&f, "patience_ms", 0, UINT32_MAX);
    return verdict(&f);
}

int link_put_moved(struct buf *out, const struct link_moved *m)
{
    struct json_writer w;

    begin(&w, out);
    put_u64(&w, "shard", m->shard);
    put_i64(&w, "err", m->err);
    put_bool(&w, "resumes", m->resumes);
    put_bool(&w, "cached", m->cached);
    put_u64(&w, "open", m->open);
    put_u64(&w, "running", m->running);
    return end(&w);
}

int link_get_moved(cordage_json body, struct link_moved *out)
{
    struct fields f = { body, true };

    out->shard = get_u32(&f, "shard", 0, LIMIT_SHARDS - 1);
    out->err = get_error(&f, "err");
    out->resumes = get_bool(&f, "resumes");
    out->cached = get_bool(&f, "cached");
    out->open = get_u32(&f, "open", 0, UINT32_MAX);
    out->running = get_u32(&f, "running", 0, out->open);
    return verdict(&f);
}

int link_put_kick(struct buf *out, const struct link_kick *m)
{
    struct json_writer w;

    begin(&w, out);
    put_u64(&w, "shard", m->shard);
    put_bool(&w, "identify", m->identify);
    return end(&w);
}

int link_get_kick(cordage_json body, struct link_kick *out)
{
    struct fields f = { body, true };

    out->shard = get_u32(&f, "shard", 0, LIMIT_SHARDS - 1);
    out->identify = get_bool(&f, "identify");
    return verdict(&f);
}

int link_put_slot(struct buf *out, const struct link_slot *m)
{
    struct json_writer w;

    begin(&w, out);
    put_u64(&w, "shard", m->shard);
    put_u64(&w, "ask", m->ask);
    return end(&w);
}

int link_get_slot(cordage_json body, struct link_slot *out)
{
    struct fields f = { body, true };

    out->shard = get_u32(&f, "shard", 0, LIMIT_SHARDS - 1);
    out->ask = get_u32(&f, "ask", 0, UINT32_MAX);
    return verdict(&f);
}

/* ---- STATUS ---- */

static void put_row(struct json_writer *w, const struct link_row *row)
{
    const cordage_shard_info *i = &row->info;

    json_open(w, '{');
    put_u64(w, "id", i->id);
    put_u64(w, "state", i->state);
    put_u64(w, "guilds", i->guilds);
    put_u64(w, "available", i->guilds_available);
    put_bool(w, "loading", i->loading);
    put_bool(w, "paused", i->paused);
    put_u64(w, "latency_ms", i->latency_ms);
    put_u64(w, "last_event_ms", i->last_event_ms);
    json_key(w, "events_per_s");
    json_put_double(w, i->events_per_s);
    put_u64(w, "events", i->events);
    put_u64(w, "resumes", i->resumes);
    put_u64(w, "identifies", i->identifies);
    put_u64(w, "stalls", i->stalls);
    put_u64(w, "queued", i->queued);
    put_i64(w, "close_code", i->close_code);
    put_bool(w, "reported", row->reported);
    put_bool(w, "replaying", row->replaying);
    put_u64(w, "session", row->session);
    json_shut(w, '}');
}

int link_put_status(struct buf *out, const struct link_load *load,
                    const struct link_row *rows)
{
    struct json_writer w;

    begin(&w, out);
    put_u64(&w, "rss_bytes", load->rss_bytes);
    put_u64(&w, "cpu_ms", load->cpu_ms);
    put_u64(&w, "log_dropped", load->log_dropped);
    json_key(&w, "shards");
    json_open(&w, '[');
    for (uint32_t i = 0; i < load->n; i++)
        put_row(&w, &rows[i]);
    json_shut(&w, ']');
    return end(&w);
}

static int get_row(cordage_json body, uint32_t count, struct link_row *row)
{
    struct fields f = { body, true };
    cordage_shard_info *i = &row->info;

    i->id = get_u32(&f, "id", 0, count - 1);
    i->count = count;
    i->state = (cordage_shard_state)get_u32(&f, "state", 0, CORDAGE_SHARD_STOPPED);
    i->guilds = get_u64(&f, "guilds", SIZE_MAX);
    i->guilds_available = get_u64(&f, "available", SIZE_MAX);
    i->loading = get_bool(&f, "loading");
    i->paused = get_bool(&f, "paused");
    i->latency_ms = get_u32(&f, "latency_ms", 0, UINT32_MAX);
    i->last_event_ms = get_u64(&f, "last_event_ms", UINT64_MAX);
    i->events_per_s = get_rate(&f, "events_per_s");
    i->events = get_u64(&f, "events", UINT64_MAX);
    i->resumes = get_u64(&f, "resumes", UINT64_MAX);
    i->identifies = get_u64(&f, "identifies", UINT64_MAX);
    i->stalls = get_u64(&f, "stalls", UINT64_MAX);
    i->queued = get_u32(&f, "queued", 0, UINT32_MAX);
    i->close_code = (int)get_i64(&f, "close_code", INT_MIN, INT_MAX);
    row->reported = get_bool(&f, "reported");
    row->replaying = get_bool(&f, "replaying");
    row->session = get_u64(&f, "session", UINT64_MAX);
    return verdict(&f);
}

int link_get_status(cordage_json body, uint32_t count, struct link_load *load,
                    void (*each)(void *user, const struct link_row *row), void *user)
{
    struct fields f = { body, true };
    cordage_json rows = json_get(body, "shards");
    struct json_iter it;
    struct link_row row;

    load->rss_bytes = get_u64(&f, "rss_bytes", UINT64_MAX);
    load->cpu_ms = get_u64(&f, "cpu_ms", UINT64_MAX);
    load->log_dropped = get_u64(&f, "log_dropped", UINT64_MAX);
    if (!f.ok || cordage_json_type_of(rows) != CORDAGE_JSON_ARRAY ||
        json_count(rows) > count)
        return CORDAGE_EPARSE;
    load->n = (uint32_t)json_count(rows);
    for (bool more = json_first(rows, &it); more; more = json_next(&it)) {
        if (get_row(it.value, count, &row) < 0)
            return CORDAGE_EPARSE;
        each(user, &row);
    }
    return 0;
}

/* ---- The bot ---- */

int link_put_totals(struct buf *out, const struct link_totals *m)
{
    struct json_writer w;

    begin(&w, out);
    put_u64(&w, "guilds", m->guilds);
    put_u64(&w, "reported", m->reported);
    put_u64(&w, "shards", m->shards);
    return end(&w);
}

int link_get_totals(cordage_json body, struct link_totals *out)
{
    struct fields f = { body, true };

    out->guilds = get_u64(&f, "guilds", UINT64_MAX);
    out->shards = get_u32(&f, "shards", 0, LIMIT_SHARDS);
    out->reported = get_u32(&f, "reported", 0, out->shards);
    return verdict(&f);
}

int link_put_text(struct buf *out, const struct link_text *m)
{
    struct json_writer w;

    begin(&w, out);
    put_u64(&w, "from", m->from);
    put_str(&w, "text", m->text);
    return end(&w);
}

int link_get_text(cordage_json body, struct link_text *out)
{
    struct fields f = { body, true };

    out->from = get_u32(&f, "from", 0, UINT32_MAX);
    out->text = get_str(&f, "text", TEXT_MAX);
    return verdict(&f);
}

int link_put_stop(struct buf *out, const struct link_stop *m)
{
    struct json_writer w;

    begin(&w, out);
    put_bool(&w, "forget", m->forget);
    return end(&w);
}

int link_get_stop(cordage_json body, struct link_stop *out)
{
    struct fields f = { body, true };

    out->forget = get_bool(&f, "forget");
    return verdict(&f);
}

/* ---- The command line ---- */

int link_put_command(struct buf *out, const struct link_command *m)
{
    struct json_writer w;

    begin(&w, out);
    put_str(&w, "verb", str_of(verbs[m->verb]));
    put_bool(&w, "follow", m->follow);
    put_bool(&w, "one", m->one);
    put_u64(&w, "worker", m->worker);
    put_bool(&w, "self", m->self);
    put_bool(&w, "forget", m->forget);
    return end(&w);
}

int link_get_command(cordage_json body, struct link_command *out)
{
    struct fields f = { body, true };

    out->verb = (enum link_verb)get_name(&f, "verb", verbs, LINK_VERB_STOP + 1);
    out->follow = get_bool(&f, "follow");
    out->one = get_bool(&f, "one");
    out->worker = get_u32(&f, "worker", 0, LIMIT_WORKERS - 1);
    out->self = get_bool(&f, "self");
    out->forget = get_bool(&f, "forget");
    return verdict(&f);
}

int link_put_answer(struct buf *out, const struct link_answer *m)
{
    struct json_writer w;

    begin(&w, out);
    put_str(&w, "text", m->text);
    put_bool(&w, "is_last", m->is_last);
    put_i64(&w, "exit", m->exit);
    return end(&w);
}

int link_get_answer(cordage_json body, struct link_answer *out)
{
    struct fields f = { body, true };

    out->text = get_str(&f, "text", SIZE_MAX);
    out->is_last = get_bool(&f, "is_last");
    out->exit = (int)get_u32(&f, "exit", 0, 255);
    return verdict(&f);
}
