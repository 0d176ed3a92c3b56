#include "check.h"

#include <stdlib.h>

#include "mem.h"

/* Numbers first..last are missing so far. */
struct gap {
    uint64_t first, last;
    uint64_t line; /* where a later one showed that they are */
};

struct check_guild {
    uint64_t id;
    uint64_t lowest, highest; /* seen so far; 0: none */
    struct gap *gaps;         /* owned; ascending, not touching */
    size_t n_gaps, gaps_size;
};

void check_release(struct check *c)
{
    for (size_t i = 0; i < c->n_guilds; i++) {
        free(c->guilds[i]->gaps);
        free(c->guilds[i]);
    }
    free(c->guilds);
    free(c->findings);
    map_release(&c->by_id);
    *c = (struct check){ 0 };
}

static int find(struct check *c, enum check_kind kind, const struct check_guild *g,
                uint64_t first, uint64_t last, uint64_t line)
{
    c->n[kind] += last - first + 1;
    if (c->n_findings == CHECK_FINDINGS_MAX)
        return 0;
    if (!c->findings) {
        c->findings = calloc(CHECK_FINDINGS_MAX, sizeof *c->findings);
        if (!c->findings)
            return CORDAGE_ENOMEM;
    }
    c->findings[c->n_findings++] =
        (struct check_finding){ kind, g->id, first, last, line };
    return 0;
}

static int guild_get(struct check *c, uint64_t id, struct check_guild **out)
{
    struct check_guild *g = map_get(&c->by_id, id);
    struct check_guild **guilds;

    *out = g;
    if (g)
        return 0;
    /* The list doubles at each power of two. */
    if ((c->n_guilds & (c->n_guilds - 1)) == 0) {
        size_t size = c->n_guilds ? c->n_guilds * 2 : 1;

        guilds = realloc(c->guilds, size * sizeof *guilds);
        if (!guilds)
            return CORDAGE_ENOMEM;
        c->guilds = guilds;
    }
    g = mem_zero(sizeof *g);
    if (!g)
        return CORDAGE_ENOMEM;
    g->id = id;
    if (map_put(&c->by_id, id, g)) {
        free(g);
        return CORDAGE_ENOMEM;
    }
    c->guilds[c->n_guilds++] = *out = g;
    return 0;
}

/* Puts a gap in at place `at`. */
static int gap_insert(struct check_guild *g, size_t at, struct gap gap)
{
    if (g->n_gaps == g->gaps_size) {
        size_t size = g->gaps_size ? g->gaps_size * 2 : 4;
        struct gap *gaps = realloc(g->gaps, size * sizeof *gaps);

        if (!gaps)
            return CORDAGE_ENOMEM;
        g->gaps = gaps;
        g->gaps_size = size;
    }
    memmove(g->gaps + at + 1, g->gaps + at, (g->n_gaps - at) * sizeof *g->gaps);
    g->gaps[at] = gap;
    g->n_gaps++;
    return 0;
}

/* The first gap that ends at `n` or beyond: the one with `n` in it, if any. */
static size_t gap_search(const struct check_guild *g, uint64_t n)
{
    size_t low = 0, high = g->n_gaps;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (g->gaps[middle].last < n)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Takes `n` out of the gap at `at`, in which it is. */
static int gap_fill(struct check_guild *g, size_t at, uint64_t n)
{
    struct gap *gap = &g->gaps[at];
    struct gap tail = { n + 1, gap->last, gap->line };

    if (gap->first == n && gap->last == n) {
        memmove(gap, gap + 1, (g->n_gaps - at - 1) * sizeof *gap);
        g->n_gaps--;
    } else if (gap->first == n) {
        gap->first++;
    } else if (gap->last == n) {
        gap->last--;
    } else {
        if (gap_insert(g, at + 1, tail))
            return CORDAGE_ENOMEM;
        g->gaps[at].last = n - 1;
    }
    return 0;
}

static int take(struct check *c, struct check_guild *g, uint64_t n)
{
    size_t at;
    int err;

    c->messages++;
    if (n > g->highest) {
        if (n > g->highest + 1) {
            err =
                gap_insert(g, g->n_gaps, (struct gap){ g->highest + 1, n - 1, c->lines });
            if (err)
                return err;
        }
        if (!g->lowest)
            g->lowest = n;
        g->highest = n;
        return 0;
    }
    at = gap_search(g, n);
    if (at == g->n_gaps || g->gaps[at].first > n)
        return find(c, CHECK_DOUBLED, g, n, n, c->lines);
    err = gap_fill(g, at, n);
    if (err)
        return err;
    if (n < g->lowest)
        g->lowest = n;
    return find(c, CHECK_OUT_OF_ORDER, g, n, n, c->lines);
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '_';
}

/* Finds `key` as a word of its own in *rest; *value gets the word behind it, and *rest
 * what follows. */
static bool next_value(struct str *rest, struct str key, struct str *value)
{
    const char *begin = rest->p;

    for (;;) {
        size_t at = str_find(*rest, key);
        const char *found = rest->p + at;
        size_t n = 0;

        if (at == SIZE_MAX)
            return false;
        rest->p += at + key.n;
        rest->n -= at + key.n;
        if (found > begin && is_word(found[-1]))
            continue;
        while (n < rest->n && is_word(rest->p[n]))
            n++;
        *value = (struct str){ rest->p, n };
        rest->p += n;
        rest->n -= n;
        return true;
    }
}

int check_line(struct check *c, struct str line, cordage_error *error)
{
    struct str id_text, n_text;
    struct check_guild *g;
    uint64_t id, n;
    int err;

    c->lines++;
    if (!next_value(&line, STR("guild="), &id_text) ||
        !next_value(&line, STR("n="), &n_text))
        return 0;
    if (!str_u64(id_text, &id) || id == 0)
        return error_set(error, CORDAGE_EPARSE, "'guild=%.*s' is not a guild's id",
                         STR_FMT(id_text));
    if (!str_u64(n_text, &n) || n == 0)
        return error_set(error, CORDAGE_EPARSE, "'n=%.*s' is not a number from 1",
                         STR_FMT(n_text));
    err = guild_get(c, id, &g);
    if (!err)
        err = take(c, g, n);
    return err ? error_set(error, err, "%s", cordage_strerror(err)) : 0;
}

static int apply_said(struct check *c, uint64_t id, uint64_t said)
{
    struct check_guild *g;
    int err = guild_get(c, id, &g);

    if (err)
        return err;
    if (g->highest > said)
        return find(c, CHECK_UNKNOWN, g, said + 1, g->highest, 0);
    if (g->highest < said) {
        err = gap_insert(g, g->n_gaps, (struct gap){ g->highest + 1, said, 0 });
        if (err)
            return err;
        /* Of a guild that was never seen, everything is missed. */
        if (!g->lowest)
            g->lowest = 1;
        g->highest = said;
    }
    return 0;
}

int check_report(struct check *c, cordage_json report, cordage_error *error)
{
    cordage_json traffic = json_get(report, "traffic");
    struct json_iter it = { 0 };

    if (cordage_json_type_of(traffic) != CORDAGE_JSON_OBJECT)
        return error_set(error, CORDAGE_EPARSE,
                         "the report has no \"traffic\"; ask for /_sim/report?traffic=1");
    for (bool more = json_first(traffic, &it); more; more = json_next(&it)) {
        uint64_t id, said;
        int err;

        if (!str_u64(it.key, &id) || id == 0 || !json_u64(it.value, &said))
            return error_set(error, CORDAGE_EPARSE,
                             "the report's traffic of guild '%.*s' is not a number",
                             STR_FMT(it.key));
        err = apply_said(c, id, said);
        if (err)
            return error_set(error, err, "%s", cordage_strerror(err));
    }
    return 0;
}

int check_finish(struct check *c)
{
    for (size_t i = 0; i < c->n_guilds; i++) {
        const struct check_guild *g = c->guilds[i];

        for (size_t j = 0; j < g->n_gaps; j++) {
            const struct gap *gap = &g->gaps[j];

            /* Gaps lie wholly below the lowest number seen or wholly above it. */
            if (gap->last < g->lowest && !c->from_start)
                continue;
            if (find(c, CHECK_LOST, g, gap->first, gap->last, gap->line))
                return CORDAGE_ENOMEM;
        }
    }
    return 0;
}

bool check_passed(const struct check *c)
{
    for (int kind = 0; kind <= CHECK_UNKNOWN; kind++)
        if (c->n[kind])
            return false;
    return c->messages > 0;
}

const char *check_kind_name(enum check_kind kind)
{
    switch (kind) {
    case CHECK_LOST:
        return "lost";
    case CHECK_DOUBLED:
        return "doubled";
    case CHECK_OUT_OF_ORDER:
        return "out of order";
    case CHECK_UNKNOWN:
        return "unknown";
    }
    return "?";
}

void check_write(const struct check *c, struct json_writer *w)
{
    json_open(w, '{');
    json_key(w, "passed");
    json_put_bool(w, check_passed(c));
    json_key(w, "guilds");
    json_put_u64(w, c->n_guilds);
    json_key(w, "messages");
    json_put_u64(w, c->messages);
    json_key(w, "lost");
    json_put_u64(w, c->n[CHECK_LOST]);
    json_key(w, "doubled");
    json_put_u64(w, c->n[CHECK_DOUBLED]);
    json_key(w, "out_of_order");
    json_put_u64(w, c->n[CHECK_OUT_OF_ORDER]);
    json_key(w, "unknown");
    json_put_u64(w, c->n[CHECK_UNKNOWN]);
    json_key(w, "findings");
    json_open(w, '[');
    for (size_t i = 0; i < c->n_findings; i++) {
        const struct check_finding *f = &c->findings[i];

        json_open(w, '{');
        json_key(w, "kind");
        json_put_z(w, check_kind_name(f->kind));
        json_key(w, "guild");
        json_put_id(w, f->guild_id);
        json_key(w, "first");
        json_put_u64(w, f->first);
        json_key(w, "last");
        json_put_u64(w, f->last);
        json_key(w, "line");
        json_put_u64(w, f->line);
        json_shut(w, '}');
    }
    json_shut(w, ']');
    json_shut(w, '}');
}
