/* Promise 5: a guild's events in order, each once while its session lives, and after a
 * crash each at least once. */
#include "judge_private.h"

#include <stdio.h>
#include <stdlib.h>

#include "machine.h"
#include "net.h"
#include "shards.h"

enum { DEATHS_MAX = 3 }; /* as documented: then an event is passed over */

void traffic_begin(void)
{
    struct judge *j = &the_judge;
    const struct world *w = sim_world(net_sim());

    j->n_guilds = w->n_guilds;
    j->guilds = calloc(w->n_guilds ? w->n_guilds : 1, sizeof *j->guilds);
    if (!j->guilds)
        abort();
    for (uint32_t i = 0; i < w->n_guilds; i++) {
        j->guilds[i] = (struct guild_book){ .id = w->guilds[i].id,
                                            .shard = shard_for_guild(w->guilds[i].id,
                                                                     j->plan.shards),
                                            .low = 1 };
        if (map_put(&j->guild_by_id, w->guilds[i].id, &j->guilds[i]) < 0)
            abort();
    }
}

void traffic_end(void)
{
    for (uint32_t i = 0; i < the_judge.n_guilds; i++)
        free(the_judge.guilds[i].entries);
    free(the_judge.guilds);
    map_release(&the_judge.guild_by_id);
}

static struct entry *entry_of(struct guild_book *g, uint64_t n)
{
    if (n > g->size) {
        size_t size = g->size ? g->size * 2 : 64;

        while (size < n)
            size *= 2;
        g->entries = realloc(g->entries, size * sizeof *g->entries);
        if (!g->entries)
            abort();
        memset(g->entries + g->size, 0, (size - g->size) * sizeof *g->entries);
        g->size = size;
    }
    return &g->entries[n - 1];
}

static struct guild_book *find_guild(uint32_t shard, uint64_t guild, uint64_t n)
{
    struct guild_book *g = map_get(&the_judge.guild_by_id, guild);
    const struct world_guild *w;

    if (!g || shard != g->shard) {
        judge_accuse(PROMISE_ORDER,
                     "shard %u has an event of guild %llu, which isn't its", shard,
                     (unsigned long long)guild);
        return NULL;
    }
    w = &sim_world(net_sim())->guilds[g - the_judge.guilds];
    if (n == 0 || n > w->said) {
        judge_accuse(PROMISE_ORDER, "guild %llu: %llu, but only %llu were said",
                     (unsigned long long)guild, (unsigned long long)n,
                     (unsigned long long)w->said);
        return NULL;
    }
    return g;
}

/* Whether this one need not come any more. */
static bool is_over(struct guild_book *g, uint64_t n)
{
    const struct entry *e = entry_of(g, n);

    return e->state == HANDLED || e->deaths >= DEATHS_MAX || n <= g->lost_to;
}

/* Why it may be handled though somebody has begun it before. NULL: it may not. */
static const char *reason_to_repeat(const struct entry *e, int pid)
{
    const struct judge *j = &the_judge;
    const struct judged_life *before = judge_life(e->pid);

    if (e->state == BEGUN && (before->is_over || e->pid != pid))
        return "its handler was running";
    if (e->outlasted)
        return "its shard was handed over meanwhile";
    if (e->state == HANDLED && j->powers > e->powers)
        return "the power failed";
    /* A progress file that can't be opened leaves only the row, which is older. */
    if (e->state == HANDLED && e->pid != pid &&
        (before->disk_failed || judge_life(pid)->disk_failed || before->keeps_nothing))
        return "the disk failed";
    return NULL;
}

static void check_repeat(struct guild_book *g, uint64_t n, int pid)
{
    const struct entry *e = entry_of(g, n);

    if (e->state == NOT_BEGUN)
        return;
    the_judge.verdict.doubled++;
    if (!reason_to_repeat(e, pid))
        judge_accuse(PROMISE_ORDER,
                     "guild %llu: %llu comes again, which was %s by pid %d",
                     (unsigned long long)g->id, (unsigned long long)n,
                     e->state == HANDLED ? "handled" : "begun", e->pid);
}

/* All before it are done, or lost with a session. */
static void check_gap(struct guild_book *g, uint64_t n)
{
    while (g->low < n && is_over(g, g->low))
        g->low++;
    if (g->low < n)
        judge_accuse(PROMISE_ORDER, "guild %llu: %llu comes before %llu",
                     (unsigned long long)g->id, (unsigned long long)n,
                     (unsigned long long)g->low);
}

void judge_begun(struct vprocess *p, uint32_t shard, uint64_t guild, uint64_t n)
{
    struct guild_book *g = find_guild(shard, guild, n);
    int pid = vprocess_pid(p);
    struct entry *e;

    if (!g)
        return;
    judge_note_number(guild);
    judge_note_number(n);
    judge_note_number(judge_time());
    (void)judge_life(pid);
    if (g->running && g->running_pid == pid)
        judge_accuse(PROMISE_ORDER, "guild %llu: %llu begins while %llu is handled",
                     (unsigned long long)guild, (unsigned long long)n,
                     (unsigned long long)g->running);
    check_repeat(g, n, pid);
    check_gap(g, n);
    e = entry_of(g, n);
    e->state = BEGUN;
    e->outlasted = false;
    e->pid = pid;
    g->running = n;
    g->running_pid = pid;
    the_judge.n_events++;
}

void judge_handled(struct vprocess *p, uint32_t shard, uint64_t guild, uint64_t n)
{
    struct guild_book *g = find_guild(shard, guild, n);
    int pid = vprocess_pid(p);
    struct entry *e;

    if (!g)
        return;
    e = entry_of(g, n);
    if (g->running == n && g->running_pid == pid)
        g->running = 0;
    /* Handed over meanwhile: another process has it, too. */
    if (e->pid != pid)
        return;
    e->state = HANDLED;
    e->powers = the_judge.powers;
    the_judge.verdict.handled++;
}

void traffic_died(int pid)
{
    for (uint32_t i = 0; i < the_judge.n_guilds; i++) {
        struct guild_book *g = &the_judge.guilds[i];

        if (!g->running || g->running_pid != pid)
            continue;
        entry_of(g, g->running)->deaths++;
        g->running = 0;
    }
}

void traffic_handed_over(uint32_t shard, int pid)
{
    for (uint32_t i = 0; i < the_judge.n_guilds; i++) {
        struct guild_book *g = &the_judge.guilds[i];

        if (g->shard == shard && g->running && g->running_pid == pid)
            entry_of(g, g->running)->outlasted = true;
    }
}

void traffic_session_begins(uint32_t shard)
{
    const struct world *w = sim_world(net_sim());

    for (uint32_t i = 0; i < the_judge.n_guilds; i++)
        if (the_judge.guilds[i].shard == shard)
            the_judge.guilds[i].lost_to = w->guilds[i].said;
}

bool traffic_is_done(uint64_t guild, uint64_t n)
{
    struct guild_book *g = map_get(&the_judge.guild_by_id, guild);

    return !g || n == 0 || is_over(g, n);
}

bool traffic_is_settled(char *why, size_t size)
{
    const struct world *w = sim_world(net_sim());

    for (uint32_t i = 0; i < the_judge.n_guilds; i++) {
        struct guild_book *g = &the_judge.guilds[i];

        while (g->low <= w->guilds[i].said && is_over(g, g->low))
            g->low++;
        if (g->low > w->guilds[i].said || w->guilds[i].is_gone)
            continue;
        snprintf(why, size, "guild %llu on shard %u: %llu of %llu was never handled",
                 (unsigned long long)g->id, g->shard, (unsigned long long)g->low,
                 (unsigned long long)w->guilds[i].said);
        return false;
    }
    return true;
}
