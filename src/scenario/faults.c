/* A line of faults: when, what, to whom. What kinds there are, and what they take, the
 * simulator knows: it is asked. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "json_write.h"
#include "limits.h"
#include "mem.h"
#include "scenario_model.h"
#include "suggest.h"

/* What is ours in a line; all else are the simulator's parameters. */
struct raw {
    struct when when;
    const char *what;
    const struct node *shards, *guilds;
    uint64_t for_ms;
};

static const struct read_key keys[] = {
    { "at", READ_TIME, offsetof(struct raw, when.at) },
    { "every", READ_TIME, offsetof(struct raw, when.every), 100 },
    { "per_hour", READ_REAL, offsetof(struct raw, when.per_hour), 0.001, 100000 },
    { "jitter", READ_TIME, offsetof(struct raw, when.jitter) },
    { "from", READ_TIME, offsetof(struct raw, when.from) },
    { "until", READ_TIME, offsetof(struct raw, when.until) },
    { "do", READ_TEXT, offsetof(struct raw, what) },
    { "shards", READ_NODE, offsetof(struct raw, shards) },
    { "guilds", READ_NODE, offsetof(struct raw, guilds) },
    { "for", READ_TIME, offsetof(struct raw, for_ms), 1 },
    { NULL },
};

static const struct read_key *own_key(const char *name)
{
    for (const struct read_key *k = keys; k->name; k++)
        if (tree_key_is(name, k->name))
            return k;
    return NULL;
}

/* A key that is neither ours nor, it seems, the simulator's, but nearly one of ours;
 * NULL: there is none. */
static const struct node *misspelt(const struct node *v, const char *why,
                                   const char *names[READ_KEYS_MAX])
{
    for (size_t i = 0; keys[i].name; i++)
        names[i] = keys[i].name;
    for (const struct node *n = v->first; n; n = n->next)
        if (!own_key(n->key) && suggest(n->key, names) &&
            (!why || strstr(why, "is no field")))
            return n;
    return NULL;
}

static int out_of_memory(const struct reader *r)
{
    return error_set(r->error, CORDAGE_ENOMEM, "%s", cordage_strerror(CORDAGE_ENOMEM));
}

/* ---- When ---------------------------------------------------------------------------
 */

static int check_when(const struct reader *r, const struct node *v, struct when *w)
{
    bool at = tree_get(v, "at"), every = tree_get(v, "every");
    bool rate = tree_get(v, "per_hour");
    const char *names[READ_KEYS_MAX] = { NULL };

    if (at + every + rate == 0 && misspelt(v, NULL, names))
        return read_refuse_key(r, "a fault", misspelt(v, NULL, names), names);
    if (at + every + rate != 1)
        return read_refuse(
            r, v->line,
            "a fault comes `at` a time, `every` so often, or so many times "
            "`per_hour`: one of the three");
    if (w->jitter && rate)
        return read_refuse(
            r, v->line, "what comes so many times per_hour is random already: no jitter");
    if (at && (tree_get(v, "from") || tree_get(v, "until")))
        return read_refuse(r, v->line, "from and until are for `every` and `per_hour`");
    if (w->until < w->from)
        return read_refuse(r, v->line, "until is before from");
    w->kind = every ? WHEN_EVERY : rate ? WHEN_PER_HOUR : WHEN_AT;
    return 0;
}

double when_often(const struct when *w, uint64_t duration)
{
    uint64_t until = w->until < duration ? w->until : duration;
    double length = until > w->from ? (double)(until - w->from) : 0;

    if (w->kind == WHEN_AT)
        return 1;
    return w->kind == WHEN_EVERY ? length / (double)w->every
                                 : w->per_hour * length / 36e5;
}

int when_check_end(const struct reader *r, const struct fault_line *f, uint64_t duration)
{
    const struct when *w = &f->when;
    uint64_t first = w->kind == WHEN_AT      ? w->at
                     : w->kind == WHEN_EVERY ? w->from + w->every
                                             : w->from;

    if (w->kind != WHEN_AT && w->from > duration)
        return read_refuse(r, f->line, "this would begin after the scenario's end");
    if (first > duration)
        return read_refuse(r, f->line, "this would come after the scenario's end");
    if (w->kind == WHEN_EVERY && first > w->until)
        return read_refuse(r, f->line, "this would first come after its `until`");
    if (first + w->jitter > duration)
        return read_refuse(
            r, f->line, "with its jitter this may come after the scenario's end: never");
    if (when_often(w, duration) > SCENARIO_OFTEN_MAX)
        return read_refuse(r, f->line, "this would happen more than %d times",
                           SCENARIO_OFTEN_MAX);
    return 0;
}

/* ---- Whom ---------------------------------------------------------------------------
 */

static int read_ids(const struct reader *r, const struct node *v, struct who *out)
{
    static const struct read_key id = { "a shard", READ_U32, 0, 0, LIMIT_SHARDS - 1 };
    int err = 0;

    out->kind = WHO_LIST;
    out->ids = calloc(v->n + 1, sizeof *out->ids);
    if (!out->ids)
        return out_of_memory(r);
    for (const struct node *n = v->first; n && !err; n = n->next)
        err = read_value(r, n, &id, &out->ids[out->n++]);
    return err;
}

int who_read(const struct reader *r, const struct node *v, struct who *out)
{
    uint64_t n;

    *out = (struct who){ .kind = WHO_ALL };
    if (!v)
        return 0;
    if (v->kind == TREE_LIST)
        return read_ids(r, v, out);
    if (v->kind == TREE_VALUE && strcmp(v->text, "all") == 0)
        return 0;
    out->kind = WHO_SHARE;
    if (v->kind == TREE_VALUE && read_percent(v->text, &out->share))
        return 0;
    out->kind = WHO_NUMBER;
    if (v->kind != TREE_VALUE || !str_u64(str_of(v->text), &n) || n == 0 ||
        n > LIMIT_SHARDS)
        return read_refuse(
            r, v->line,
            "%s takes all, a share like 25%%, how many (4), or which ([0, 3])", v->key);
    out->n = (uint32_t)n;
    return 0;
}

/* ---- What ---------------------------------------------------------------------------
 */

/* A value as JSON: a number, yes and no, a time with its unit in ms, else a string. `key`
 * gets "_ms" behind it for a time. */
static int put_parameter(const struct reader *r, const struct node *v, struct buf *out)
{
    struct json_writer w;
    struct buf text = { 0 };
    uint64_t whole, ms;
    bool is_time, yes = false;
    double real;
    int err;

    if (v->kind != TREE_VALUE)
        return read_refuse(r, v->line, "%s takes one value", v->key);
    is_time = !str_u64(str_of(v->text), &whole) && read_time(v->text, &ms);
    err = buf_printf(&text, "%s%s", v->key, is_time ? "_ms" : "");
    for (size_t i = 0; !err && i < text.n; i++)
        if (text.p[i] == ' ' || text.p[i] == '-')
            text.p[i] = '_';
    if (!err)
        err = buf_append_z(out, ",");
    json_begin(&w, out);
    json_put_str(&w, buf_str(&text));
    if (!err)
        err = json_end(&w);
    buf_release(&text);
    if (!err)
        err = buf_append_z(out, ":");
    if (err)
        return out_of_memory(r);
    if (!v->quoted && read_bool(v->text, &yes))
        err = buf_append_z(out, yes ? "true" : "false");
    else if (is_time)
        err = buf_printf(out, "%llu", (unsigned long long)ms);
    else if (!v->quoted && str_u64(str_of(v->text), &whole))
        err = buf_printf(out, "%llu", (unsigned long long)whole);
    else if (!v->quoted && read_number(v->text, &real))
        err = buf_printf(out, "%.10g", real);
    else {
        json_begin(&w, out);
        json_put_str(&w, str_of(v->text));
        err = json_end(&w);
    }
    return err ? out_of_memory(r) : 0;
}

/* {"kind":"close","code":4000 - the end is left open for "shard". */
static int put_fault(const struct reader *r, const struct node *v, const struct raw *raw,
                     struct buf *out)
{
    struct json_writer w;
    int err = buf_append_z(out, "{\"kind\":");

    json_begin(&w, out);
    json_put_str(&w, str_of(raw->what));
    if (!err)
        err = json_end(&w);
    if (!err && raw->for_ms)
        err = buf_printf(out, ",\"for_ms\":%llu", (unsigned long long)raw->for_ms);
    if (err)
        return out_of_memory(r);
    for (const struct node *n = v->first; n; n = n->next) {
        err = own_key(n->key) ? 0 : put_parameter(r, n, out);
        if (err)
            return err;
    }
    return 0;
}

/* Tries it on a simulator where nobody is: it knows what it takes. */
static int ask(const struct reader *r, const struct node *v, const struct raw *raw,
               struct sim *judge, const struct buf *json)
{
    const char *names[READ_KEYS_MAX] = { NULL };
    cordage_error why = { 0 };
    struct buf whole = { 0 };
    size_t n;
    int err = buf_printf(&whole, "%.*s%s}", STR_FMT(buf_str(json)),
                         raw->shards ? ",\"shard\":[0,1]" : "");

    if (!err)
        err = sim_fault(judge, buf_str(&whole), 0, &n, &why);
    buf_release(&whole);
    if (err == CORDAGE_EINVAL && misspelt(v, why.message, names))
        return read_refuse_key(r, "a fault", misspelt(v, why.message, names), names);
    if (err == CORDAGE_EINVAL)
        return read_refuse(r, v->line, "%.600s", why.message);
    return err ? out_of_memory(r) : 0;
}

static int read_sim_fault(const struct reader *r, const struct node *v,
                          const struct raw *raw, struct sim *judge,
                          struct fault_line *out)
{
    struct buf json = { 0 };
    int err = put_fault(r, v, raw, &json);

    if (!err && !buf_zero_end(&json))
        err = out_of_memory(r);
    if (!err)
        err = ask(r, v, raw, judge, &json);
    if (err)
        buf_release(&json);
    else
        out->json = json.p;
    return err;
}

static int check_guilds(const struct reader *r, const struct node *v,
                        const struct who *who, uint64_t guilds)
{
    for (uint32_t i = 0; v && who->kind == WHO_LIST && i < who->n; i++)
        if (who->ids[i] >= guilds)
            return read_refuse(r, v->line,
                               "there is no guild %u: the world has %llu, counted from 0",
                               who->ids[i], (unsigned long long)guilds);
    return 0;
}

/* What is the scenario's and not the simulator's. */
static const struct {
    const char *name;
    enum deed deed;
} ours[] = { { "outage", DEED_OUTAGE },
             { "kick", DEED_KICK },
             { "deploy", DEED_DEPLOY } };
enum { N_OURS = sizeof ours / sizeof *ours, NAMES_MAX = 80 };

/* False: it isn't. */
static bool is_ours(const char *what, enum deed *deed)
{
    for (size_t i = 0; i < N_OURS; i++)
        if (tree_key_is(what, ours[i].name)) {
            *deed = ours[i].deed;
            return true;
        }
    return false;
}

static bool known_kind(const char *what, bool *meets)
{
    const char *name;

    for (size_t i = 0; (name = sim_fault_kind(i, meets)); i++)
        if (strcmp(what, name) == 0)
            return true;
    return false;
}

static int refuse_kind(const struct reader *r, const struct node *v)
{
    const char *names[NAMES_MAX + 1] = { NULL }, *meant;
    char list[700] = "";
    size_t n = 0, at = 0;
    bool meets;

    for (; n < N_OURS; n++)
        names[n] = ours[n].name;
    for (const char *name; n < NAMES_MAX && (name = sim_fault_kind(n - N_OURS, &meets));
         n++)
        names[n] = name;
    meant = suggest(v->text, names);
    if (meant)
        return read_refuse(r, v->line, "do takes no '%.60s'; did you mean '%s'?", v->text,
                           meant);
    for (size_t i = 0; i < n && at < sizeof list; i++)
        at += (size_t)snprintf(list + at, sizeof list - at, "%s%s", i ? ", " : "",
                               names[i]);
    return read_refuse(r, v->line, "do takes no '%.60s'; it takes %s", v->text, list);
}

static int read_ours(const struct reader *r, const struct node *v, const struct raw *raw,
                     enum deed deed, struct fault_line *out)
{
    static const char *const names[] = { "at",    "every", "per_hour", "jitter", "from",
                                         "until", "do",    "guilds",   "for",    NULL };
    const struct node *no = deed == DEED_DEPLOY ? raw->guilds : raw->shards;

    out->deed = deed;
    for (const struct node *n = v->first; n; n = n->next)
        if (!own_key(n->key))
            return read_refuse_key(r, "this fault", n, names);
    if (deed == DEED_DEPLOY && !no)
        no = raw->shards ? raw->shards : tree_get(v, "for");
    if (no)
        return read_refuse(r, no->key_line, "%s takes no `%s`", raw->what, no->key);
    out->meets = deed != DEED_DEPLOY;
    return deed == DEED_DEPLOY ? 0 : who_read(r, raw->guilds, &out->who);
}

/* ---- The line -----------------------------------------------------------------------
 */

static void say_who(const struct raw *raw, char *out, size_t size)
{
    const struct node *v = raw->shards ? raw->shards : raw->guilds;

    out[0] = '\0';
    if (v && v->kind == TREE_VALUE)
        snprintf(out, size, ", %.20s of the %s", v->text,
                 raw->shards ? "shards" : "guilds");
    else if (v)
        snprintf(out, size, ", %zu %s%s", v->n, raw->shards ? "shard" : "guild",
                 v->n == 1 ? "" : "s");
}

/* "close, code 4000, 25% of the shards, for 30s" */
static void describe(const struct node *v, const struct raw *raw, struct fault_line *out)
{
    const struct node *length = tree_get(v, "for");
    char who[60];
    int n = snprintf(out->text, sizeof out->text, "%.40s", raw->what);

    for (const struct node *p = v->first; p && n < (int)sizeof out->text; p = p->next)
        if (!own_key(p->key))
            n += snprintf(out->text + n, sizeof out->text - (size_t)n, ", %.20s %.30s",
                          p->key, p->text);
    say_who(raw, who, sizeof who);
    if (n < (int)sizeof out->text)
        n += snprintf(out->text + n, sizeof out->text - (size_t)n, "%s%s%.20s", who,
                      length ? ", for " : "", length ? length->text : "");
    str_make_printable(out->text, strlen(out->text));
}

int fault_read(const struct reader *r, const struct node *v, struct sim *judge,
               uint64_t guilds, struct fault_line *out)
{
    struct raw raw = { .when.until = SCENARIO_NEVER };
    enum deed deed = DEED_FAULT;
    int err = read_expect_kind(r, v, TREE_MAP, "`{at: 2m, do: reset}`");

    *out = (struct fault_line){ .line = v->line };
    for (const struct node *n = v->first; n && !err; n = n->next)
        if (own_key(n->key))
            err = read_value(r, n, own_key(n->key), &raw);
    if (err)
        return err;
    if (!raw.what)
        return read_refuse(r, v->line, "a fault says what happens: `do: reset`");
    err = check_when(r, v, &raw.when);
    if (err)
        return err;
    out->when = raw.when;
    out->for_ms = raw.for_ms;
    if (is_ours(raw.what, &deed))
        err = read_ours(r, v, &raw, deed, out);
    else if (!known_kind(raw.what, &out->meets))
        err = refuse_kind(r, tree_get(v, "do"));
    else if (raw.guilds)
        err = read_refuse(r, raw.guilds->key_line, "guilds are for outage and kick");
    else
        err = read_sim_fault(r, v, &raw, judge, out);
    if (!err && deed != DEED_DEPLOY && !out->who.kind && raw.shards)
        err = who_read(r, raw.shards, &out->who);
    if (!err)
        err = check_guilds(r, raw.guilds, &out->who, guilds);
    if (!err)
        describe(v, &raw, out);
    return err;
}

void fault_release(struct fault_line *f)
{
    free(f->json);
    free(f->who.ids);
}
