/* fault_read.c - a fault in JSON: reading one, and saying which there are. */
#include "fault.h"

#include <stddef.h>
#include <stdio.h>

#include "field.h"
#include "limits.h"

/* ---- Which kind ------------------------------------------------------------------- */

static const struct fault_kind *find_kind(struct str name)
{
    for (const struct fault_kind *k = sim_fault_kinds; k->name; k++)
        if (str_is(name, k->name))
            return k;
    return NULL;
}

const char *sim_fault_kind(size_t i, bool *meets)
{
    size_t n = 0;

    while (sim_fault_kinds[n].name)
        n++;
    if (i >= n)
        return NULL;
    *meets = sim_fault_kinds[i].on_conn != NULL;
    return sim_fault_kinds[i].name;
}

/* "reconnect, invalid_session, ... or key_stolen" */
static int refuse_kind(cordage_error *error)
{
    const struct fault_kind *k = sim_fault_kinds;
    char names[800];
    size_t at = 0;

    for (; k->name; k++)
        at += (size_t)snprintf(names + at, sizeof names - at, "%s%s",
                               k == sim_fault_kinds ? ""
                               : k[1].name          ? ", "
                                                    : " or ",
                               k->name);
    return error_set(error, CORDAGE_EINVAL, "\"kind\" must be %s", names);
}

/* ---- Reading the request -------------------------------------------------------- */

/* The first is what is meant by a field that isn't there. */
static const char *const overs[] = { "frames", "messages", NULL };
static const char *const scopes[] = { "user", "global", "shared", NULL };

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
                                       .status = 503,
                                       .key = UINT64_MAX,
                                       .bytes = SIM_GIANT_BYTES,
                                       .per_second = 1000 };

static uint64_t most_of(const struct fault_kind *kind, const struct plain *p)
{
    bool is_by = p->offset == offsetof(struct fault, by_ms);

    return is_by && kind->by_most ? kind->by_most : p->max;
}

static int read_plain(const struct fault_kind *kind, cordage_json v,
                      const struct plain *p, struct fault *f, cordage_error *error)
{
    char *to = (char *)f + p->offset;
    uint64_t number, most = most_of(kind, p);

    if (p->is_bool)
        return json_bool(v, (bool *)to)
                   ? 0
                   : error_set(error, CORDAGE_EINVAL, "\"%s\" must be true or false",
                               p->name);
    if (!json_u64(v, &number) || number < p->min || number > most)
        return error_set(error, CORDAGE_EINVAL, "\"%s\" must be %llu to %llu", p->name,
                         (unsigned long long)p->min, (unsigned long long)most);
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
    if (!str_is(what, overs[0]) && !str_is(what, overs[1]))
        return error_set(error, CORDAGE_EINVAL,
                         "\"over\" must be \"frames\" or \"messages\"");
    f->messages = str_is(what, overs[1]);
    return 0;
}

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

static bool is_bot(struct str field)
{
    return str_is(field, "bot") || str_is(field, "bot_id");
}

static bool takes(const struct fault_kind *kind, struct str field)
{
    const char *p = kind->takes;

    if (is_bot(field))
        field = STR("bot");
    if (kind->on_conn && (str_is(field, "shard") || str_is(field, "bot")))
        return true;
    for (; *p; p += strcspn(p, " "), p += *p == ' ')
        if (str_eq(field, (struct str){ p, strcspn(p, " ") }))
            return true;
    return false;
}

/* "\"for\" is no field of late_ack, which takes shard, bot, by_ms, for_ms" */
static int refuse_field(const struct fault_kind *kind, struct str name,
                        cordage_error *error)
{
    char fields[80] = "none";
    size_t n = 0;

    for (const char *p = kind->takes; *p && n + 3 < sizeof fields; p++) {
        fields[n++] = *p == ' ' ? ',' : *p;
        if (*p == ' ')
            fields[n++] = ' ';
        fields[n] = '\0';
    }
    return error_set(error, CORDAGE_EINVAL,
                     "\"%.*s\" is no field of %s, which takes %s%s%s",
                     (int)(name.n < 40 ? name.n : 40), name.p, kind->name,
                     kind->on_conn ? "shard, bot" : "", kind->on_conn && n ? ", " : "",
                     n || !kind->on_conn ? fields : "");
}

/* A misspelt field would be a fault that never happens. */
static int read_field(struct sim *s, const struct fault_kind *kind,
                      const struct json_iter *it, struct fault *f, cordage_error *error)
{
    if (str_is(it->key, "kind"))
        return 0;
    if (!takes(kind, it->key))
        return refuse_field(kind, it->key, error);
    if (str_is(it->key, "shard"))
        return read_shard(it->value, f, error);
    if (is_bot(it->key))
        return read_bot(s, it->value, f, error);
    if (str_is(it->key, "code"))
        return read_code(it->value, f, error);
    if (str_is(it->key, "scope"))
        return read_scope(it->value, f, error);
    if (str_is(it->key, "over"))
        return read_over(it->value, f, error);
    for (size_t i = 0; i < sizeof plains / sizeof *plains; i++)
        if (str_is(it->key, plains[i].name))
            return read_plain(kind, it->value, &plains[i], f, error);
    return 0;
}

int sim_fault_read(struct sim *s, struct str json, struct fault *f,
                   const struct fault_kind **kind, cordage_error *error)
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
    f->code = (*kind)->code;
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

static void write_plain(struct json_writer *w, const struct fault_kind *kind,
                        const struct plain *p)
{
    const char *from = (const char *)&defaults + p->offset;
    uint64_t number;

    if (p->is_bool) {
        field_z(w, "type", "bool");
        field_bool(w, "default", *(const bool *)from);
        return;
    }
    write_bounds(w, p->min, most_of(kind, p));
    memcpy(&number, from, sizeof number);
    if (number >= p->min && number <= p->max)
        field_u64(w, "default", number);
}

static void write_choices(struct json_writer *w, const char *const *names)
{
    field_z(w, "type", "choice");
    field_z(w, "default", names[0]);
    field_open(w, "choices", '[');
    for (; *names; names++)
        json_put_z(w, *names);
    json_shut(w, ']');
}

static void write_field(struct json_writer *w, const struct fault_kind *kind,
                        struct str name)
{
    json_open(w, '{');
    field_str(w, "name", name);
    for (size_t i = 0; i < sizeof plains / sizeof *plains; i++)
        if (str_is(name, plains[i].name))
            write_plain(w, kind, &plains[i]);
    if (str_is(name, "code"))
        write_bounds(w, 1000, 4999);
    if (str_is(name, "code") && kind->code)
        field_u64(w, "default", kind->code);
    if (str_is(name, "bot"))
        field_z(w, "type", "bot");
    if (str_is(name, "over"))
        write_choices(w, overs);
    if (str_is(name, "scope"))
        write_choices(w, scopes);
    json_shut(w, '}');
}

void sim_write_faults(struct json_writer *w)
{
    json_open(w, '[');
    for (const struct fault_kind *k = sim_fault_kinds; k->name; k++) {
        const char *p = k->takes;

        json_open(w, '{');
        field_z(w, "kind", k->name);
        field_bool(w, "connection", k->on_conn != NULL);
        field_open(w, "fields", '[');
        for (; *p; p += strcspn(p, " "), p += *p == ' ')
            write_field(w, k, (struct str){ p, strcspn(p, " ") });
        json_shut(w, ']');
        json_shut(w, '}');
    }
    json_shut(w, ']');
}
