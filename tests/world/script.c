/* Scripts as text. One line each: what runs, then what is done to it.
 *
 *     kind fleet
 *     shards 4
 *     …
 *     at 61000 kill 1 0 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "world.h"

enum { STEPS_MAX = 100000, SHARDS_MAX = 1024, GUILDS_MAX = 10000 };

static const char *const act_names[] = {
#define ACT(NAME, word) [ACT_##NAME] = word,
    WORLD_ACTS(ACT)
#undef ACT
};

static const char *const kind_names[] = { "alone", "fleet" };

/* ---- Writing ---------------------------------------------------------------------- */

static int write_plan(const struct world_plan *p, struct buf *out)
{
    return buf_printf(out,
                      "seed %" PRIu64 "\nkind %s\nshards %u\nworkers %u\nguilds %u\n"
                      "max_concurrency %u\nsession_limit %u\nhandlers %u\n"
                      "compression %u\ncaches %u\ntraffic %.17g\nlive %.17g\n"
                      "duration %" PRIu64 "\n",
                      p->seed, kind_names[p->kind], p->shards, p->workers, p->guilds,
                      p->max_concurrency, p->session_limit, p->handlers, p->compression,
                      (unsigned)p->caches, p->traffic, p->live, p->duration_ms);
}

int world_script_write(const struct world_script *s, struct buf *out)
{
    int err = write_plan(&s->plan, out);

    for (size_t i = 0; !err && i < s->n; i++)
        err = buf_printf(out, "at %" PRIu64 " %s %u %" PRIu64 "\n", s->steps[i].at,
                         act_names[s->steps[i].act], s->steps[i].who, s->steps[i].arg);
    return err;
}

/* ---- Reading ---------------------------------------------------------------------- */

static bool next_word(struct str *rest, struct str *word)
{
    size_t n = 0;

    *rest = str_trim(*rest);
    while (n < rest->n && rest->p[n] != ' ' && rest->p[n] != '\t')
        n++;
    *word = (struct str){ rest->p, n };
    *rest = (struct str){ rest->p + n, rest->n - n };
    return n > 0;
}

static bool next_number(struct str *rest, uint64_t most, uint64_t *out)
{
    struct str word;

    return next_word(rest, &word) && str_u64(word, out) && *out <= most;
}

static bool next_rate(struct str *rest, double *out)
{
    char text[64], *end;
    struct str word;

    if (!next_word(rest, &word) || word.n >= sizeof text)
        return false;
    memcpy(text, word.p, word.n);
    text[word.n] = 0;
    *out = strtod(text, &end);
    return *end == 0 && *out >= 0 && *out <= 1e6;
}

static bool name_among(struct str word, const char *const *names, size_t n, unsigned *out)
{
    for (*out = 0; *out < n; ++*out)
        if (str_is(word, names[*out]))
            return true;
    return false;
}

static bool read_step(struct str rest, struct world_script *s)
{
    struct world_step step = { 0 };
    struct world_step *bigger;
    struct str word;
    unsigned act;
    uint64_t who;

    if (!next_number(&rest, UINT64_MAX, &step.at) || !next_word(&rest, &word) ||
        !name_among(word, act_names, WORLD_N_ACTS, &act) ||
        !next_number(&rest, UINT32_MAX, &who) ||
        !next_number(&rest, UINT64_MAX, &step.arg) || s->n >= STEPS_MAX ||
        (s->n && step.at < s->steps[s->n - 1].at))
        return false;
    bigger = realloc(s->steps, (s->n + 1) * sizeof *bigger);
    if (!bigger)
        return false;
    step.act = (enum world_act)act;
    step.who = (uint32_t)who;
    s->steps = bigger;
    s->steps[s->n++] = step;
    return true;
}

/* A number of the plan: its name, where it goes, and from what to what it may be. */
static bool read_field(struct str name, struct str *rest, struct world_plan *p)
{
    const struct {
        const char *name;
        uint32_t *at;
        uint32_t least, most;
    } fields[] = {
        { "shards", &p->shards, 1, SHARDS_MAX },
        { "workers", &p->workers, 0, 64 },
        { "guilds", &p->guilds, 0, GUILDS_MAX },
        { "max_concurrency", &p->max_concurrency, 1, 1024 },
        { "session_limit", &p->session_limit, 1, 1000000 },
        { "handlers", &p->handlers, 0, 64 },
        { "compression", &p->compression, 0, 2 },
    };
    uint64_t n;

    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (str_is(name, fields[i].name)) {
            if (!next_number(rest, fields[i].most, &n) || n < fields[i].least)
                return false;
            *fields[i].at = (uint32_t)n;
            return true;
        }
    if (str_is(name, "caches") && next_number(rest, 1, &n)) {
        p->caches = n;
        return true;
    }
    return false;
}

static bool read_line(struct str line, struct world_script *s)
{
    struct world_plan *p = &s->plan;
    struct str rest = line, word;
    unsigned kind;

    if (!next_word(&rest, &word) || *word.p == '#')
        return true;
    if (str_is(word, "at"))
        return read_step(rest, s);
    if (str_is(word, "seed"))
        return next_number(&rest, UINT64_MAX, &p->seed);
    if (str_is(word, "duration"))
        return next_number(&rest, UINT64_MAX / 4, &p->duration_ms);
    if (str_is(word, "traffic"))
        return next_rate(&rest, &p->traffic);
    if (str_is(word, "live"))
        return next_rate(&rest, &p->live);
    if (!str_is(word, "kind"))
        return read_field(word, &rest, p);
    if (!next_word(&rest, &word) || !name_among(word, kind_names, 2, &kind))
        return false;
    p->kind = (enum world_kind)kind;
    return true;
}

int world_script_read(struct str text, struct world_script *out, cordage_error *error)
{
    unsigned number = 0;

    *out = (struct world_script){ 0 };
    out->plan = (struct world_plan){ .seed = 1,
                                     .shards = 1,
                                     .workers = 2,
                                     .guilds = 4,
                                     .max_concurrency = 1,
                                     .session_limit = 1000,
                                     .handlers = 1,
                                     .duration_ms = 3600 * 1000 };
    while (text.n) {
        const char *end = memchr(text.p, '\n', text.n);
        struct str line = { text.p, end ? (size_t)(end - text.p) : text.n };

        number++;
        text = (struct str){ line.p + line.n, text.n - line.n };
        if (text.n)
            text = (struct str){ text.p + 1, text.n - 1 };
        if (!read_line(line, out)) {
            world_script_release(out);
            return error_set(error, CORDAGE_EPARSE, "line %u: \"%.*s\"", number,
                             (int)(line.n < 100 ? line.n : 100), line.p);
        }
    }
    return 0;
}

void world_script_release(struct world_script *s)
{
    free(s->steps);
    *s = (struct world_script){ 0 };
}
