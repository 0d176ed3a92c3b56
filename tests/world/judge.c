/* What the judge is told, and the verdict. */
#include "judge_private.h"

#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "machine.h"
#include "net.h"
#include "vdisk.h"
#include "world_compare.h"

enum { MEMORY_MS = 60 * 1000, DETOUR_MS = 3 * 60 * 1000, NEAR_MS = 15 * 1000 };

struct judge the_judge;

static const char *const names[PROMISES] = {
    [PROMISE_NONE] = "none",
    [PROMISE_IDENTIFY_APART] = "identify-apart",
    [PROMISE_BUDGET] = "budget",
    [PROMISE_NOT_CLOSED] = "not-closed",
    [PROMISE_SEND_LIMIT] = "send-limit",
    [PROMISE_ORDER] = "order",
    [PROMISE_SAVED_BEHIND] = "saved-behind",
    [PROMISE_ONE_SESSION] = "one-session",
    [PROMISE_BOUNDED] = "bounded",
    [PROMISE_RECOVERS] = "recovers",
    [PROMISE_SECRET] = "secret",
    [PROMISE_CACHE] = "cache",
    [PROMISE_NO_RULE] = "no-rule",
};

const char *promise_name(enum promise p)
{
    return (unsigned)p < PROMISES ? names[p] : "unknown";
}

/* ---- The verdict ------------------------------------------------------------------ */

uint64_t judge_time(void)
{
    return machine_now() - the_judge.began_at;
}

void judge_note(const void *bytes, size_t n)
{
    uint64_t hash = the_judge.verdict.hash;

    for (const unsigned char *p = bytes; n--; p++)
        hash = (hash ^ *p) * 0x100000001b3ULL; /* FNV-1a */
    the_judge.verdict.hash = hash;
}

void judge_note_number(uint64_t n)
{
    judge_note(&n, sizeof n);
}

void judge_accuse(enum promise p, const char *format, ...)
{
    struct world_verdict *v = &the_judge.verdict;
    va_list args;

    if (v->broken)
        return;
    v->broken = p;
    v->at = judge_time();
    va_start(args, format);
    vsnprintf(v->what, sizeof v->what, format, args);
    va_end(args);
    machine_pause();
}

bool judge_has_spoken(void)
{
    return the_judge.verdict.broken != PROMISE_NONE;
}

/* ---- Processes -------------------------------------------------------------------- */

struct judged_life *judge_life(int pid)
{
    struct judged_life *l = map_get(&the_judge.lives, (uint64_t)pid);

    if (l)
        return l;
    l = calloc(1, sizeof *l);
    if (!l)
        abort();
    *l = (struct judged_life){ .pid = pid, .disk_failed = the_judge.disk_fails };
    if (map_put(&the_judge.lives, (uint64_t)pid, l) < 0)
        abort();
    return l;
}

void judge_died(struct vprocess *p)
{
    int pid = vprocess_pid(p);

    judge_note_number((uint64_t)pid);
    judge_life(pid)->is_over = true;
    traffic_died(pid);
    wire_died(pid);
    the_judge.heap_at_begin = 0;
    the_judge.looked_at_memory = 0;
}

/* ---- Secrets ---------------------------------------------------------------------- */

void judge_no_token(struct str bytes, const char *where)
{
    struct str token = str_of(sim_token(net_sim()));

    if (token.n && str_find(bytes, token) != SIZE_MAX)
        judge_accuse(PROMISE_SECRET, "the token is in %s", where);
}

/* Documented, for a disk that fails when it starts. */
static void keep_nothing(struct judged_life *l)
{
    l->keeps_nothing = true;
    if (!l->disk_failed)
        judge_accuse(PROMISE_RECOVERS, "pid %d keeps nothing, and the disk is well",
                     l->pid);
}

void judge_logged(struct vprocess *p, const char *line)
{
    const char *at;

    judge_note(line, strlen(line));
    judge_note_number(judge_time());
    judge_no_token(str_of(line), "the log");
    if (p && (at = strstr(line, "shard=")) && strstr(at, " is handed over: "))
        traffic_handed_over((uint32_t)strtoul(at + 6, NULL, 10), vprocess_pid(p));
    if (p && strstr(line, "nothing of this process will be kept"))
        keep_nothing(judge_life(vprocess_pid(p)));
}

/* ---- What op 9 has ended ------------------------------------------------------------
 */

struct shard_book *shard_of_session(const char *id, uint32_t *shard)
{
    for (*shard = 0; *shard < the_judge.plan.shards; ++*shard)
        if (strcmp(the_judge.shards[*shard].session, id) == 0)
            return &the_judge.shards[*shard];
    return NULL;
}

void judge_disturbs(void)
{
    the_judge.acts[the_judge.n_acts++ % ACTS] = judge_time() + 1;
}

static void note_invalid(const struct sim_memory *m)
{
    struct judge *j = &the_judge;
    struct invalid *i = &j->invalids[j->n_invalids++ % INVALIDS];
    uint32_t shard;
    struct shard_book *b = shard_of_session(m->session_id, &shard);

    *i = (struct invalid){ .pid = b ? b->pid : 0, .at = judge_time() };
    memcpy(i->session, m->session_id, sizeof i->session);
}

/* Whether op 9 may never have come to whoever would know of it. */
static bool may_be_unknown(const struct invalid *i)
{
    unsigned n = 0;

    for (size_t k = 0; k < ACTS; k++)
        n += the_judge.acts[k] && the_judge.acts[k] + NEAR_MS > i->at &&
             the_judge.acts[k] < i->at + NEAR_MS;
    return n > 1 || i->at < the_judge.suspended_until || judge_life(i->pid)->is_over;
}

static bool is_told_of_its_end(const char *detail)
{
    for (size_t i = 0; i < INVALIDS; i++)
        if (the_judge.invalids[i].session[0] &&
            strstr(detail, the_judge.invalids[i].session))
            return !may_be_unknown(&the_judge.invalids[i]);
    return false;
}

/* ---- What is done to it ------------------------------------------------------------ */

void judge_power_fails(void)
{
    struct judge *j = &the_judge;

    j->powers++;
    for (uint32_t i = 0; i < j->plan.shards; i++)
        j->shards[i].row_saved = j->shards[i].snapshot_saved = false;
    if (vdisk_contains(str_of(sim_token(net_sim()))))
        judge_accuse(PROMISE_SECRET, "the token is on the disk");
}

void judge_disk_fails(bool now)
{
    struct judge *j = &the_judge;
    struct judged_life *l;
    size_t at = 0;

    j->disk_fails = now;
    for (uint32_t i = 0; now && i < j->plan.shards; i++)
        j->shards[i].row_saved = j->shards[i].snapshot_saved = false;
    while (now && (l = map_next(&j->lives, &at, NULL)))
        l->disk_failed |= !l->is_over;
}

void judge_suspended(uint64_t until)
{
    if (until > the_judge.suspended_until)
        the_judge.suspended_until = until;
}

void judge_clock_jumps(void)
{
    the_judge.clock_jumped = true;
    the_judge.clock_jumped_at = machine_now();
}

void judge_forgets(uint32_t shard)
{
    the_judge.shards[shard].may_be_given_up = true;
}

void judge_silences(uint32_t shard)
{
    the_judge.shards[shard].silenced_at = judge_time() + 1;
}

void judge_budget_shrinks(void)
{
    the_judge.told.known = false;
}

void judge_refused(void)
{
    the_judge.refused = true;
    the_judge.refused_at = judge_time();
}

/* ---- Looking ----------------------------------------------------------------------- */

/* Rules about when something came are judged by when it left: on the way anything may be
 * late, or meet what was sent before it. */
static bool is_ours_to_judge(const struct report_entry *e)
{
    switch (e->rule) {
    case RULE_RESUME_AFTER_INVALID:
        return !is_told_of_its_end(e->detail);
    case RULE_IDENTIFY_TOO_EARLY:
    case RULE_NOT_AUTHENTICATED: /* op 9 may have met it on the way */
    case RULE_TOO_MANY_SENDS:
    case RULE_TOO_MANY_PRESENCES:
        return true;
    case RULE_RESUME_WRONG_URL: /* it could not be reached, for all that one knew */
        return the_judge.dial_failed &&
               judge_time() - the_judge.dial_failed_at < DETOUR_MS;
    case RULE_HEARTBEAT_MISSED:
        return judge_time() < the_judge.suspended_until;
    default:
        return false;
    }
}

static enum promise promise_of(enum sim_rule rule)
{
    switch (rule) {
    case RULE_BUDGET_EXCEEDED:
        return PROMISE_BUDGET;
    case RULE_HEARTBEAT_MISSED:
        return PROMISE_SEND_LIMIT;
    case RULE_RESUME_AFTER_NORMAL_CLOSE:
        return PROMISE_NOT_CLOSED;
    case RULE_SEQ_AHEAD:
        return PROMISE_SAVED_BEHIND;
    case RULE_CONNECTED_WHILE_FATAL:
        return PROMISE_RECOVERS;
    default:
        return PROMISE_NO_RULE;
    }
}

static void look_at_report(void)
{
    struct judge *j = &the_judge;
    const struct report *r = sim_report(net_sim());

    for (; j->seen_rules < r->n_entries; j->seen_rules++) {
        const struct report_entry *e = &r->entries[j->seen_rules];

        if (!is_ours_to_judge(e))
            judge_accuse(promise_of(e->rule), "Discord says of shard %d: %s (%s)",
                         e->shard_id == REPORT_NO_SHARD ? -1 : (int)e->shard_id,
                         sim_rule_text(e->rule), e->detail);
    }
}

/* Sessions that their client has closed for good. The last one of its shard is wanted
 * again, unless the watchdog had a reason. */
static void look_at_ends(void)
{
    struct judge *j = &the_judge;
    const struct sim *s = net_sim();

    for (; j->seen_memories < s->n_memories; j->seen_memories++) {
        const struct sim_memory *m = &s->memories[j->seen_memories % SIM_MEMORIES];
        uint32_t shard;
        struct shard_book *b;

        if (m->why == SIM_END_INVALID)
            note_invalid(m);
        if (m->why != SIM_END_CLIENT || !(b = shard_of_session(m->session_id, &shard)))
            continue;
        if (judge_life(b->pid)->keeps_nothing)
            continue;
        if (!b->silenced_at || judge_time() - b->silenced_at > 8 * HOUR_MS)
            judge_accuse(PROMISE_NOT_CLOSED,
                         "shard %u closed its session %s with 1000 or 1001", shard,
                         b->session);
    }
}

/* The last session of a shard is the newest. */
static void look_at_sessions(void)
{
    struct judge *j = &the_judge;
    struct sim *s = net_sim();

    for (struct link *l = s->sessions.next; l != &s->sessions; l = l->next) {
        struct sim_session *ss = CONTAINER_OF(l, struct sim_session, link);
        struct shard_book *b;

        if (ss->wants.shard_count != j->plan.shards ||
            ss->wants.shard_id >= j->plan.shards)
            continue;
        b = &j->shards[ss->wants.shard_id];
        if (strcmp(b->session, ss->id) != 0 && ss->ready_at - j->began_at >= b->began_at)
            saved_session_begins(b, ss);
    }
}

/* What the process of the system has, less what it had when the last of its processes
 * died, whose memory is nobody's: bots, disk, Discord and all. Not each time: it takes a
 * while to count. */
static void look_at_memory(void)
{
    const struct world_plan *p = &the_judge.plan;
    struct mallinfo2 info = mallinfo2();
    size_t now = info.uordblks + info.hblkhd;
    size_t limit = (64 + 8 * (size_t)p->shards + (size_t)p->guilds / 2) << 20;

    if (!the_judge.heap_at_begin)
        the_judge.heap_at_begin = now;
    the_judge.looked_at_memory = judge_time();
    if (now > the_judge.heap_at_begin + limit)
        judge_accuse(PROMISE_BOUNDED, "%zu MiB are in use",
                     (now - the_judge.heap_at_begin) >> 20);
}

void judge_look(void)
{
    look_at_sessions();
    look_at_report();
    look_at_ends();
    if (judge_time() - the_judge.looked_at_memory >= MEMORY_MS)
        look_at_memory();
}

void judge_queued(struct vprocess *p, uint32_t shard, uint64_t n)
{
    enum { MOST = WORLD_EVENT_QUEUE + 1024 }; /* and what is under way */

    (void)p;
    if (n > MOST)
        judge_accuse(PROMISE_BOUNDED, "%llu events of shard %u wait for handlers",
                     (unsigned long long)n, shard);
}

bool judge_is_settled(enum promise *p, char *why, size_t size)
{
    judge_look();
    *p = PROMISE_RECOVERS;
    if (!wire_is_settled(why, size))
        return false;
    *p = PROMISE_ORDER;
    return traffic_is_settled(why, size);
}

/* ---- Beginning and end ------------------------------------------------------------- */

static void *zeroed(size_t n, size_t size)
{
    void *p = calloc(n ? n : 1, size);

    if (!p)
        abort();
    return p;
}

void judge_begin(const struct world_plan *plan)
{
    struct judge *j = &the_judge;

    *j = (struct judge){ .plan = *plan, .began_at = machine_now() };
    j->verdict.hash = 0xcbf29ce484222325ULL;
    j->shards = zeroed(plan->shards, sizeof *j->shards);
    j->keys = zeroed(plan->max_concurrency, sizeof *j->keys);
    j->parser = json_parser_new();
    if (!j->parser)
        abort();
    traffic_begin();
    cache_begin();
}

static void free_all(struct map *m)
{
    size_t at = 0;
    void *p;

    while ((p = map_next(m, &at, NULL)))
        free(p);
    map_release(m);
}

void judge_end(struct world_verdict *v)
{
    struct judge *j = &the_judge;
    const struct report *r = sim_report(net_sim());

    judge_look();
    if (vdisk_contains(str_of(sim_token(net_sim()))))
        judge_accuse(PROMISE_SECRET, "the token is on the disk");
    j->verdict.identifies = r->identifies;
    j->verdict.resumes = r->resumes;
    j->verdict.faults = r->faults;
    j->verdict.shard_days = (double)judge_time() * j->plan.shards / DAY_MS;
    *v = j->verdict;
    traffic_end();
    cache_end();
    free_all(&j->conns);
    free_all(&j->lives);
    free(j->shards);
    free(j->keys);
    free(j->identified);
    buf_release(&j->in);
    json_parser_free(j->parser);
    *j = (struct judge){ 0 };
}
