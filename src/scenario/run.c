/* One run: what is due is done, and the shards are watched meanwhile. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "json.h"
#include "mem.h"
#include "scenario_model.h"

enum { LOOK_MS = 250 }; /* between two looks at sessions and at the rate */

int scenario_run_new(const struct scenario *s, struct sim *sim, double hurry,
                     uint64_t now, struct scenario_run **out)
{
    struct scenario_run *r = mem_zero(sizeof *r);
    int err = r ? timetable_make(s, &r->timetable, &r->n_occurrences) : CORDAGE_ENOMEM;

    *out = NULL;
    if (!err && !(r->tallies = calloc(s->n_faults + 1, sizeof *r->tallies)))
        err = CORDAGE_ENOMEM;
    if (err) {
        scenario_run_free(r);
        return err;
    }
    r->s = s;
    r->sim = sim;
    r->hurry = hurry > 0 ? hurry : 1;
    r->created_at = r->look_at = r->last_fault_at = now;
    r->begun_at = r->ready_at = r->all_live_since = SCENARIO_NEVER;
    /* Whoever is there from the first message on can miss that one, too. */
    r->check.from_start = s->begin == BEGIN_ALL_READY;
    *out = r;
    return 0;
}

void scenario_run_free(struct scenario_run *r)
{
    if (!r)
        return;
    free(r->timetable);
    free(r->undos);
    free(r->tallies);
    free(r->seen);
    check_release(&r->check);
    free(r);
}

void scenario_run_watch(struct scenario_run *r,
                        void (*tell)(void *user, const char *what), void *user)
{
    r->tell = tell;
    r->user = user;
}

void run_tell(struct scenario_run *r, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(r->now, sizeof r->now, format, args);
    va_end(args);
    if (r->tell)
        r->tell(r->user, r->now);
}

/* ---- Watching the shards ------------------------------------------------------------
 */

static bool make_room(struct scenario_run *r, uint32_t shards)
{
    uint32_t *bigger;

    if (shards <= r->seen_size)
        return true;
    bigger = realloc(r->seen, shards * sizeof *bigger);
    if (!bigger)
        return false;
    memset(bigger + r->seen_size, 0, (shards - r->seen_size) * sizeof *bigger);
    r->seen = bigger;
    r->seen_size = shards;
    return true;
}

static void note_count(void *user, const struct sim_session_info *info)
{
    struct scenario_run *r = user;

    if (!info->bot && info->shard_count > r->shards && make_room(r, info->shard_count))
        r->shards = info->shard_count;
}

static void note_live(void *user, const struct sim_session_info *info)
{
    struct scenario_run *r = user;

    if (info->bot || !info->is_live || info->shard_count != r->shards ||
        r->seen[info->shard_id] == r->looks)
        return;
    r->seen[info->shard_id] = r->looks;
    r->live++;
}

static void look(struct scenario_run *r, uint64_t now)
{
    bool all;

    r->look_at = now + LOOK_MS;
    r->looks++;
    r->live = 0;
    sim_each_session(r->sim, note_count, r, now);
    if (r->shards)
        sim_each_session(r->sim, note_live, r, now);
    all = r->shards > 0 && r->live == r->shards;
    if (all && r->ready_at == SCENARIO_NEVER)
        r->ready_at = now;
    if (!all)
        r->all_live_since = SCENARIO_NEVER;
    else if (r->all_live_since == SCENARIO_NEVER)
        r->all_live_since = now;
}

/* ---- Time ---------------------------------------------------------------------------
 */

static bool has_begun(const struct scenario_run *r)
{
    return r->begun_at != SCENARIO_NEVER;
}

/* The scenario's own time. */
static uint64_t time_of(const struct scenario_run *r, uint64_t now)
{
    return (uint64_t)((double)(now - r->begun_at) * r->hurry);
}

static bool may_begin(const struct scenario_run *r)
{
    if (r->s->begin == BEGIN_AT_ONCE)
        return true;
    return r->s->begin == BEGIN_FIRST_READY ? r->live > 0 : r->ready_at != SCENARIO_NEVER;
}

static void set_traffic(struct scenario_run *r, uint64_t now)
{
    uint64_t at = time_of(r, now);
    double rate = at < r->s->duration ? traffic_rate(&r->s->traffic, at) : 0;

    if (rate == r->rate)
        return;
    r->rate = rate;
    sim_set_traffic(r->sim, rate, UINT64_MAX, now);
}

static void undo_due(struct scenario_run *r, uint64_t now)
{
    for (size_t i = 0; i < r->n_undos;) {
        struct undo u = r->undos[i];

        if (u.at > now) {
            i++;
            continue;
        }
        r->undos[i] = r->undos[--r->n_undos];
        deed_undo(r, &u, now);
    }
}

void scenario_tick(struct scenario_run *r, uint64_t now)
{
    size_t done = r->next;
    bool looks;

    if (r->finished)
        return;
    looks = now >= r->look_at;
    if (looks)
        look(r, now);
    if (!has_begun(r)) {
        if (!may_begin(r))
            return;
        r->begun_at = now;
        if (r->last_fault_at < now)
            r->last_fault_at = now;
        run_tell(r, "the scenario begins, with %u of %u shards", r->live, r->shards);
    }
    if (looks)
        set_traffic(r, now);
    undo_due(r, now);
    while (r->next < r->n_occurrences && r->timetable[r->next].at <= time_of(r, now))
        deed_do(r, &r->timetable[r->next++], now);
    if (r->next != done)
        look(r, now);
}

uint64_t scenario_deadline(const struct scenario_run *r)
{
    uint64_t at = r->look_at;

    if (r->finished)
        return SCENARIO_NEVER;
    for (size_t i = 0; i < r->n_undos; i++)
        at = r->undos[i].at < at ? r->undos[i].at : at;
    if (has_begun(r) && r->next < r->n_occurrences) {
        /* A millisecond more than rounding may have taken away. */
        uint64_t due =
            r->begun_at + (uint64_t)((double)r->timetable[r->next].at / r->hurry);

        due += time_of(r, due) < r->timetable[r->next].at;
        at = due < at ? due : at;
    }
    return at;
}

/* ---- The end ------------------------------------------------------------------------
 */

/* What the file allows; 0: nothing. */
static uint64_t allowed_ms(const struct scenario *s, enum expect_kind kind)
{
    for (size_t i = 0; i < s->expect.n; i++)
        if (s->expect.list[i].kind == kind)
            return (uint64_t)s->expect.list[i].value;
    return 0;
}

/* Who may still recover is waited for, and for what a RESUME brings then. */
static bool has_settled(const struct scenario_run *r, uint64_t now)
{
    uint64_t end = r->begun_at + (uint64_t)((double)r->s->duration / r->hurry);
    uint64_t least;

    if (r->last_fault_at > end)
        end = r->last_fault_at;
    least = end + r->s->settle;
    if (now < least)
        return false;
    if (r->ready_at == SCENARIO_NEVER &&
        now < r->created_at + allowed_ms(r->s, EXPECT_READY_WITHIN))
        return false;
    return now >= least + allowed_ms(r->s, EXPECT_RECOVERS_WITHIN) ||
           (r->all_live_since != SCENARIO_NEVER &&
            now >= r->all_live_since + r->s->settle);
}

bool scenario_is_over(const struct scenario_run *r, uint64_t now)
{
    if (r->finished || r->has_ended)
        return true;
    if (!has_begun(r))
        return now - r->created_at >= r->s->begin_within;
    return time_of(r, now) >= r->s->duration && !r->n_undos && !r->deploys_open &&
           has_settled(r, now);
}

void scenario_finish(struct scenario_run *r, uint64_t now)
{
    if (r->finished)
        return;
    look(r, now);
    sim_set_traffic(r->sim, 0, 0, now);
    sight_take(r, now, &r->sight);
    r->finished = true;
}

bool scenario_wants_deploy(struct scenario_run *r)
{
    if (!r->deploys_wanted)
        return false;
    r->deploys_wanted--;
    return true;
}

void scenario_deployed(struct scenario_run *r, uint64_t now)
{
    if (r->deploys_open)
        r->deploys_open--;
    if (now > r->last_fault_at)
        r->last_fault_at = now;
}

void scenario_command_ended(struct scenario_run *r, int status, bool by_itself,
                            uint64_t now)
{
    if (r->has_ended)
        return;
    scenario_finish(r, now);
    r->has_ended = true;
    r->by_itself = by_itself;
    r->status = status;
}

/* ---- The log ------------------------------------------------------------------------
 */

int scenario_log_line(struct scenario_run *r, struct str line, cordage_error *error)
{
    return check_line(&r->check, line, error);
}

/* How far each guild got, from the simulator. */
static int compare_with_sim(struct scenario_run *r)
{
    struct json_parser *parser = json_parser_new();
    struct json_writer w;
    struct buf text = { 0 };
    cordage_json report;
    int err;

    json_begin(&w, &text);
    sim_write_report(r->sim, &w, true, 0);
    err = json_end(&w);
    if (!err)
        err = buf_reserve(&text, BUF_SLACK);
    if (!err && !parser)
        err = CORDAGE_ENOMEM;
    if (!err)
        err = json_parse(parser, buf_str(&text), &report);
    if (!err)
        err = check_report(&r->check, report, NULL);
    json_parser_free(parser);
    buf_release(&text);
    return err;
}

int scenario_log_end(struct scenario_run *r)
{
    int err;

    if (r->log_ended)
        return 0;
    /* Without a single line nothing is lost: there is no log. */
    err = r->check.messages ? compare_with_sim(r) : 0;
    if (!err)
        err = check_finish(&r->check);
    r->log_ended = !err;
    return err;
}

/* Those that can be told before the end. */
static unsigned count_failing(const struct scenario_run *r, uint64_t now)
{
    struct scenario_result result;
    unsigned n = 0;

    for (size_t i = 0; i < r->s->expect.n; i++) {
        enum expect_kind kind = r->s->expect.list[i].kind;

        if (kind == EXPECT_COMMAND || kind == EXPECT_EXIT_STATUS || kind <= EXPECT_SEEN)
            continue;
        n += scenario_result(r, i, now, &result) && !result.held;
    }
    return n;
}

void scenario_progress(const struct scenario_run *r, uint64_t now,
                       struct scenario_progress *out)
{
    uint64_t total = (uint64_t)((double)r->s->duration / r->hurry);

    *out = (struct scenario_progress){
        .total_ms = total, .now = r->now, .shards = r->shards, .live = r->live
    };
    if (has_begun(r))
        out->done_ms = now - r->begun_at < total ? now - r->begun_at : total;
    out->n_failing = count_failing(r, now);
}
