/* What must hold: `identifies: at most 2 per shard`, `live_within: 30s`. */
#include <stdio.h>
#include <stdlib.h>

#include "report.h"
#include "scenario_model.h"
#include "suggest.h"

enum takes {
    TAKES_COUNT, /* 5, at most 5, at least 5, each with "per shard" */
    TAKES_TIME,  /* a time */
    TAKES_LIVE,  /* all, at least 95% */
    TAKES_FATE,  /* keeps running, ends */
    TAKES_STATUS /* 0, not 0 */
};

static const struct row {
    const char *name;
    enum takes takes;
} rows[EXPECT_N] = {
    [EXPECT_LOST] = { "lost_messages", TAKES_COUNT },
    [EXPECT_DOUBLED] = { "doubled_messages", TAKES_COUNT },
    [EXPECT_OUT_OF_ORDER] = { "messages_out_of_order", TAKES_COUNT },
    [EXPECT_SEEN] = { "messages_seen", TAKES_COUNT },
    [EXPECT_RULES_BROKEN] = { "rules_broken", TAKES_COUNT },
    [EXPECT_IDENTIFIES] = { "identifies", TAKES_COUNT },
    [EXPECT_RESUMES] = { "resumes", TAKES_COUNT },
    [EXPECT_RESUMED] = { "resumed", TAKES_COUNT },
    [EXPECT_CONNECTIONS] = { "connections", TAKES_COUNT },
    [EXPECT_SHARDS_LIVE] = { "shards_live", TAKES_LIVE },
    [EXPECT_RECOVERS_WITHIN] = { "recovers_within", TAKES_TIME },
    [EXPECT_READY_WITHIN] = { "ready_within", TAKES_TIME },
    [EXPECT_COMMAND] = { "command", TAKES_FATE },
    [EXPECT_EXIT_STATUS] = { "exit_status", TAKES_STATUS },
};

/* Whether `*text` begins with these words; goes behind them. */
static bool skip(const char **text, const char *words)
{
    size_t n = strlen(words);

    if (strncmp(*text, words, n) != 0)
        return false;
    *text += n;
    return true;
}

static void read_bound(const char **text, struct expectation *e)
{
    if (skip(text, "at most "))
        e->bound = BOUND_AT_MOST;
    else if (skip(text, "at least "))
        e->bound = BOUND_AT_LEAST;
}

/* "5", "at most 2 per shard" */
static bool read_count(const char *text, struct expectation *e)
{
    char number[16];
    uint64_t n;
    size_t length;

    read_bound(&text, e);
    length = strcspn(text, " ");
    if (length == 0 || length >= sizeof number)
        return false;
    memcpy(number, text, length);
    number[length] = '\0';
    text += length;
    e->per_shard = skip(&text, " per shard");
    e->value = str_u64(str_of(number), &n) ? (double)n : -1;
    return e->value >= 0 && !*text;
}

static bool read_live(const char *text, struct expectation *e)
{
    e->bound = BOUND_AT_LEAST;
    e->value = 1;
    if (strcmp(text, "all") == 0)
        return true;
    read_bound(&text, e);
    return read_percent(text, &e->value);
}

static bool read_status(const char *text, struct expectation *e)
{
    uint64_t n = 0;
    bool ok;

    if (skip(&text, "not "))
        e->bound = BOUND_NOT;
    ok = str_u64(str_of(text), &n) && n < 256;
    e->value = (double)n;
    return ok;
}

static bool read_fate(const char *text, struct expectation *e)
{
    e->ends = strcmp(text, "ends") == 0;
    return e->ends || strcmp(text, "keeps running") == 0;
}

static bool read_within(const char *text, struct expectation *e)
{
    uint64_t ms = 0;
    bool ok = read_time(text, &ms);

    e->bound = BOUND_AT_MOST;
    e->value = (double)ms;
    return ok;
}

static const struct {
    bool (*read)(const char *text, struct expectation *e);
    const char *takes;
} readers[] = {
    [TAKES_COUNT] = { read_count, "a number like 0, `at most 5`, `at least 5`, `at most "
                                  "2 per shard`" },
    [TAKES_TIME] = { read_within, "a time like 30s" },
    [TAKES_LIVE] = { read_live, "`all`, or a share like `at least 95%`" },
    [TAKES_FATE] = { read_fate, "`keeps running` or `ends`" },
    [TAKES_STATUS] = { read_status, "a status from 0 to 255, or `not 0`" },
};

static int read_one(const struct reader *r, const struct node *v, const struct row *row,
                    struct expectation *e)
{
    *e = (struct expectation){ .kind = (enum expect_kind)(row - rows), .line = v->line };
    if (v->kind != TREE_VALUE || !readers[row->takes].read(v->text, e))
        return read_refuse(r, v->line, "%s takes %s%s%.60s%s", row->name,
                           readers[row->takes].takes,
                           v->kind == TREE_VALUE ? ", not '" : "",
                           v->kind == TREE_VALUE ? v->text : "",
                           v->kind == TREE_VALUE ? "'" : "");
    snprintf(e->text, sizeof e->text, "%s: %.60s", row->name, v->text);
    return 0;
}

/* ---- rules_allowed ------------------------------------------------------------------
 */

static const char *const rules[] = {
#define RULE_NAME(name, text) #name,
    SIM_RULES(RULE_NAME)
#undef RULE_NAME
        NULL
};
_Static_assert(sizeof rules / sizeof *rules <= SCENARIO_RULES_MAX, "more rules");

static int allow(const struct reader *r, const struct node *v, struct expectations *out)
{
    const char *meant;

    if (v->kind != TREE_VALUE)
        return read_refuse(r, v->line, "rules_allowed has the names of rules");
    for (size_t i = 0; rules[i]; i++)
        if (strcmp(v->text, rules[i]) == 0) {
            out->allowed[i] = true;
            return 0;
        }
    meant = suggest(v->text, rules);
    return read_refuse(
        r, v->line, "there is no rule '%.40s'%s%s%s (docs/simulator-rules.md has them)",
        v->text, meant ? "; did you mean '" : "", meant ? meant : "", meant ? "'?" : "");
}

static int allow_all(const struct reader *r, const struct node *v,
                     struct expectations *out)
{
    int err = read_expect_kind(r, v, TREE_LIST, "[RATE_LIMIT]");

    for (const struct node *n = v->first; n && !err; n = n->next)
        err = allow(r, n, out);
    return err;
}

/* ---- All ----------------------------------------------------------------------------
 */

static const struct row *find_row(const char *key)
{
    for (size_t i = 0; i < EXPECT_N; i++)
        if (tree_key_is(key, rows[i].name))
            return &rows[i];
    return NULL;
}

static int read_line(const struct reader *r, const struct node *v,
                     struct expectations *out)
{
    const char *names[EXPECT_N + 2] = { NULL };
    const struct row *row = find_row(v->key);

    if (tree_key_is(v->key, "rules_allowed"))
        return allow_all(r, v, out);
    if (row)
        return read_one(r, v, row, &out->list[out->n++]);
    for (size_t i = 0; i < EXPECT_N; i++)
        names[i] = rows[i].name;
    names[EXPECT_N] = "rules_allowed";
    return read_refuse_key(r, "expect", v, names);
}

int expectations_read(const struct reader *r, const struct node *v,
                      struct expectations *out)
{
    int err;

    if (!v)
        return 0;
    err = read_expect_kind(r, v, TREE_MAP, "`lost_messages: 0`");
    for (const struct node *n = v->first; n && !err; n = n->next)
        err = read_line(r, n, out);
    return err;
}
