/* Promise 11: what a bot remembers is what the world is, once all is quiet. */
#include "judge_private.h"

#include <stdlib.h>

#include "net.h"
#include "world_compare.h"

static const cordage_policy all_forever[CORDAGE_N_KINDS] = {
#define FOREVER(NAME, name, policy) { CORDAGE_KEEP_FOREVER, 0 },
    CORDAGE_KINDS(FOREVER)
};

static void on_difference(const char *what)
{
    judge_accuse(PROMISE_CACHE, "%s", what);
}

void cache_begin(void)
{
    struct world_compare *c = calloc(1, sizeof *c);

    if (!c)
        abort();
    *c = (struct world_compare){ .policies = all_forever,
                                 .self = sim_world(net_sim())->bot_id,
                                 .differs = on_difference };
    world_compare_init(c);
    the_judge.compare = c;
}

void cache_end(void)
{
    world_compare_release(the_judge.compare);
    free(the_judge.compare);
}

void judge_remembers(uint32_t shard, uint64_t guild, struct str json)
{
    struct guild_book *g = map_get(&the_judge.guild_by_id, guild);
    struct buf truth = { 0 }, cached = { 0 };
    struct json_writer w;

    if (!g || g->shard != shard) {
        judge_accuse(PROMISE_CACHE, "shard %u remembers guild %llu, which isn't its",
                     shard, (unsigned long long)guild);
        return;
    }
    json_begin(&w, &truth);
    if (sim_write_truth(net_sim(), guild, &w) < 0 || json_end(&w) < 0) {
        judge_accuse(PROMISE_CACHE, "shard %u remembers guild %llu, which it is not in",
                     shard, (unsigned long long)guild);
    } else if (buf_append_str(&cached, json) == 0 &&
               buf_reserve(&cached, BUF_SLACK) == 0 &&
               buf_reserve(&truth, BUF_SLACK) == 0) {
        world_compare_guild(the_judge.compare, buf_str(&truth), buf_str(&cached));
        g->was_remembered = true;
    }
    buf_release(&truth);
    buf_release(&cached);
}

void judge_memories_end(void)
{
    const struct world *w = sim_world(net_sim());

    for (uint32_t i = 0; i < the_judge.n_guilds; i++)
        if (!the_judge.guilds[i].was_remembered && !w->guilds[i].is_gone &&
            !w->guilds[i].unavailable)
            judge_accuse(PROMISE_CACHE, "shard %u remembers nothing of guild %llu",
                         the_judge.guilds[i].shard,
                         (unsigned long long)the_judge.guilds[i].id);
}
