/* How each expectation came out, or would if this were the end. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "scenario_model.h"

/* ---- What was seen ------------------------------------------------------------------
 */

/* The one that was broken first, as far as the report has each, is named. */
static void count_broken(const struct scenario_run *r, struct sight *out)
{
    const struct report *report = sim_report(r->sim);
    const bool *allowed = r->s->expect.allowed;
    int named = -1;

    for (int rule = 0; rule < SIM_RULES_COUNT; rule++) {
        if (allowed[rule] || !report->n_of[rule])
            continue;
        out->n_broken += report->n_of[rule];
        named = rule;
    }
    for (size_t i = report->n_entries; i-- > 0;)
        if (!allowed[report->entries[i].rule])
            named = (int)report->entries[i].rule;
    if (named >= 0)
        snprintf(out->broken, sizeof out->broken, "%s",
                 sim_rule_name((enum sim_rule)named));
}

void sight_take(const struct scenario_run *r, uint64_t now, struct sight *out)
{
    const struct report *report = sim_report(r->sim);

    (void)now;
    *out = (struct sight){
        .identifies = report->identifies,
        .resumes = report->resumes,
        .resumed = report->resumed,
        .connections = report->connections,
        .said = report->messages_created,
        .shards = r->shards,
        .live = r->live,
        .recovered_ms = SCENARIO_NEVER,
        .ready_ms = SCENARIO_NEVER,
        .began = r->begun_at != SCENARIO_NEVER,
        .hurry = r->hurry > 1 ? r->hurry : 1,
    };
    if (r->ready_at != SCENARIO_NEVER)
        out->ready_ms = r->ready_at - r->created_at;
    if (r->all_live_since != SCENARIO_NEVER)
        out->recovered_ms = r->all_live_since > r->last_fault_at
                                ? r->all_live_since - r->last_fault_at
                                : 0;
    count_broken(r, out);
}

/* ---- Judging ------------------------------------------------------------------------
 */

static bool is_within(const struct expectation *e, double found, double want)
{
    switch (e->bound) {
    case BOUND_AT_MOST:
        return found <= want;
    case BOUND_AT_LEAST:
        return found >= want;
    case BOUND_NOT:
        return found < want || found > want;
    default:
        return found >= want && found <= want;
    }
}

static void judge_count(const struct expectation *e, const struct sight *now,
                        uint64_t found, struct scenario_result *out)
{
    double want = e->per_shard ? e->value * now->shards : e->value;

    /* In a hurry less is said, and faults that overlap meet fewer. */
    if (e->bound == BOUND_AT_LEAST && !e->per_shard)
        want = ceil(want / now->hurry);
    out->held = is_within(e, (double)found, want);
    if (e->per_shard)
        snprintf(out->found, sizeof out->found, "%" PRIu64 " with %u shards", found,
                 now->shards);
    else if (want < e->value)
        snprintf(out->found, sizeof out->found,
                 "%" PRIu64 "; at --time-scale %g it takes %.0f", found, now->hurry,
                 want);
    else
        snprintf(out->found, sizeof out->found, "%" PRIu64, found);
}

static void judge_log(const struct scenario_run *r, const struct expectation *e,
                      const struct sight *now, struct scenario_result *out)
{
    static const enum check_kind kinds[] = { [EXPECT_LOST] = CHECK_LOST,
                                             [EXPECT_DOUBLED] = CHECK_DOUBLED,
                                             [EXPECT_OUT_OF_ORDER] = CHECK_OUT_OF_ORDER };
    const struct check *c = &r->check;

    if (e->kind == EXPECT_SEEN) {
        judge_count(e, now, c->messages, out);
    } else if (c->messages == 0) {
        out->held = false;
        snprintf(out->found, sizeof out->found, "%s: it can't be told",
                 now->said ? "no line with guild=ID n=NUMBER was logged "
                             "(examples/sharding: --log messages)"
                           : "nobody said anything");
    } else {
        judge_count(e, now, c->n[kinds[e->kind]], out);
        snprintf(out->found + strlen(out->found), sizeof out->found - strlen(out->found),
                 " of %" PRIu64 " seen", c->messages);
    }
}

static void judge_rules(const struct expectation *e, const struct sight *now,
                        struct scenario_result *out)
{
    judge_count(e, now, now->n_broken, out);
    if (now->broken[0])
        snprintf(out->found, sizeof out->found, "%zu, %s%s", now->n_broken, now->broken,
                 now->n_broken > 1 ? " first" : "");
}

static void judge_live(const struct expectation *e, const struct sight *now,
                       struct scenario_result *out)
{
    double share = now->shards ? (double)now->live / now->shards : 0;

    out->held = now->shards && is_within(e, share, e->value);
    snprintf(out->found, sizeof out->found, "%u of %u shards are live", now->live,
             now->shards);
}

static void judge_time(const struct expectation *e, const struct sight *now, uint64_t ms,
                       const char *since, struct scenario_result *out)
{
    out->held = ms != SCENARIO_NEVER && is_within(e, (double)ms, e->value);
    if (ms == SCENARIO_NEVER)
        snprintf(out->found, sizeof out->found, "never: %u of %u shards are live",
                 now->live, now->shards);
    else
        snprintf(out->found, sizeof out->found, "%.1f s after %s", (double)ms / 1000,
                 since);
}

static void judge_command(const struct scenario_run *r, bool ends,
                          struct scenario_result *out)
{
    bool ended = r->has_ended && r->by_itself;

    out->held = ended == ends;
    if (ended)
        snprintf(out->found, sizeof out->found, "it ended by itself, with status %d",
                 r->status);
    else
        snprintf(out->found, sizeof out->found, "it ran until it was stopped");
}

static void judge_status(const struct scenario_run *r, const struct expectation *e,
                         struct scenario_result *out)
{
    out->held = r->has_ended && is_within(e, r->status, e->value);
    if (r->has_ended)
        snprintf(out->found, sizeof out->found, "%d", r->status);
    else
        snprintf(out->found, sizeof out->found, "there is no command that ended");
}

static void judge(const struct scenario_run *r, const struct expectation *e,
                  const struct sight *now, struct scenario_result *out)
{
    switch (e->kind) {
    case EXPECT_RULES_BROKEN:
        judge_rules(e, now, out);
        break;
    case EXPECT_IDENTIFIES:
        judge_count(e, now, now->identifies, out);
        break;
    case EXPECT_RESUMES:
        judge_count(e, now, now->resumes, out);
        break;
    case EXPECT_RESUMED:
        judge_count(e, now, now->resumed, out);
        break;
    case EXPECT_CONNECTIONS:
        judge_count(e, now, now->connections, out);
        break;
    case EXPECT_SHARDS_LIVE:
        judge_live(e, now, out);
        break;
    case EXPECT_RECOVERS_WITHIN:
        judge_time(e, now, now->recovered_ms, "the last fault", out);
        break;
    case EXPECT_READY_WITHIN:
        judge_time(e, now, now->ready_ms, "the start", out);
        break;
    case EXPECT_COMMAND:
        judge_command(r, e->ends, out);
        break;
    case EXPECT_EXIT_STATUS:
        judge_status(r, e, out);
        break;
    default:
        judge_log(r, e, now, out);
    }
}

/* What nobody needs to write: a command that ends by itself has failed. */
static bool judge_unsaid(const struct scenario_run *r, struct scenario_result *out)
{
    const struct expectations *all = &r->s->expect;

    for (size_t i = 0; i < all->n; i++)
        if (all->list[i].kind == EXPECT_COMMAND)
            return false;
    if (!r->has_ended)
        return false;
    *out = (struct scenario_result){ .text = "command: keeps running" };
    judge_command(r, false, out);
    return true;
}

/* Nor this: a fault whose list names what there isn't is no test of anything. */
static bool judge_lists(const struct scenario_run *r, struct scenario_result *out)
{
    for (size_t i = 0; i < r->s->n_faults; i++) {
        const struct tally *t = &r->tallies[i];
        bool guilds = r->s->faults[i].deed != DEED_FAULT;

        if (!t->missing)
            continue;
        *out = (struct scenario_result){ .text = "faults: their shards and guilds exist",
                                         .line = r->s->faults[i].line };
        snprintf(out->found, sizeof out->found,
                 "line %u: there is no %s %u, only %u, counted from 0", out->line,
                 guilds ? "guild" : "shard", t->absent, t->of);
        return true;
    }
    return false;
}

bool scenario_result(const struct scenario_run *r, size_t i, uint64_t now,
                     struct scenario_result *out)
{
    const struct expectations *all = &r->s->expect;
    struct sight sight = r->sight;

    if (i == all->n && judge_unsaid(r, out))
        return true;
    if (i >= all->n)
        return i <= all->n + judge_unsaid(r, out) && judge_lists(r, out);
    if (!r->finished)
        sight_take(r, now, &sight);
    *out =
        (struct scenario_result){ .text = all->list[i].text, .line = all->list[i].line };
    judge(r, &all->list[i], &sight, out);
    if (!sight.began && all->list[i].kind != EXPECT_COMMAND &&
        all->list[i].kind != EXPECT_EXIT_STATUS) {
        out->held = false;
        snprintf(out->found, sizeof out->found,
                 "the scenario never began: %u of %u shards were live", sight.live,
                 sight.shards);
    }
    return true;
}
